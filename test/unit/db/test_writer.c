/*
 * db/writer.c: many callers, one commit; each job alone in what it undoes; rivals on one row;
 * leases and the change log, which live on it. ZHIKE_TEST_KILL is for a person: see kill_writer.
 */
#include "base/id.h"
#include "helper.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 16, EACH = 40 };

static bool make(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("CREATE TABLE w (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)"), NULL, 0) &&
           db_exec(c, SQL("INSERT INTO w (id, n) VALUES (0, 0)"), NULL, 0);
}

static bool count_up(Ctx *c, void *arg)
{
    int64_t n;
    DbVal v[] = {db_of_int(*(int64_t *)arg)};
    return db_one_int(c, SQL("UPDATE w SET n = n + 1 WHERE id = 0 RETURNING n"), NULL, 0, &n,
                      NULL) &&
           db_exec(c, SQL("INSERT INTO w (id, n) VALUES ($1, 1)"), v, 1);
}

static void *worker(void *arg)
{
    int me = *(int *)arg;
    intptr_t bad = 0;
    for (int i = 0; i < EACH; i++) {
        T *t = t_new();
        int64_t id = 1 + me * 1000 + i;
        if (!db_write(&t->c, count_up, &id)) {
            t_show(&t->c);
            bad++;
        } else if (i % 4 == 0) { /* the same id again: refused, alone */
            if (db_write(&t->c, count_up, &id) || t->c.err->code != ERR_DUPLICATE)
                bad++;
        }
        t_end(t);
    }
    return (void *)bad;
}

static void test_many(void **state)
{
    (void)state;
    T *t = t_new();
    OK(&t->c, db_write(&t->c, make, NULL));
    pthread_t th[THREADS];
    int me[THREADS];
    for (int i = 0; i < THREADS; i++) {
        me[i] = i;
        pthread_create(&th[i], NULL, worker, &me[i]);
    }
    intptr_t bad = 0;
    for (int i = 0; i < THREADS; i++) {
        void *r;
        pthread_join(th[i], &r);
        bad += (intptr_t)r;
    }
    assert_int_equal(bad, 0);
    assert_int_equal(t_int(&t->c, "SELECT n FROM w WHERE id = 0"), THREADS * EACH);
    assert_int_equal(t_int(&t->c, "SELECT count(*) FROM w"), THREADS * EACH + 1);
    t_end(t);
}

/* A write that stands in the writer until it is told to go on: what is to happen meanwhile waits for it, not for a time. */
static atomic_bool stands, go_on;

static bool slow_step(Ctx *c, void *arg)
{
    (void)c, (void)arg;
    atomic_store(&stands, true);
    while (!atomic_load(&go_on))
        usleep(1000);
    return true;
}

static void *slow_writer(void *arg)
{
    (void)arg;
    T *t = t_new();
    bool ok = db_write(&t->c, slow_step, NULL);
    t_end(t);
    return (void *)(intptr_t)ok;
}

static pthread_t slow_begin(void)
{
    pthread_t th;
    atomic_store(&stands, false);
    atomic_store(&go_on, false);
    pthread_create(&th, NULL, slow_writer, NULL);
    while (!atomic_load(&stands))
        usleep(1000);
    return th;
}

static bool slow_end(pthread_t th)
{
    void *r;
    atomic_store(&go_on, true);
    pthread_join(th, &r);
    return (intptr_t)r != 0;
}

/* Until so many writes wait behind it (SQLite; PostgreSQL has no queue of ours). */
static void wait_queued(int n)
{
    DbFigures f = {.queued = pg_url ? n : 0};
    while (f.queued < n) {
        db_figures(test_db, &f);
        usleep(1000);
    }
}

/* A caller with a deadline does not wait behind a long job (SQLite: one writer). */
/* What was committed is known to the work, but for notes beside it. */
static void test_saved(void **state)
{
    (void)state;
    T *t = t_new();
    int64_t id = 1;
    assert_false(t->c.saved);
    OK(&t->c, db_write_aside(&t->c, make, NULL));
    assert_false(t->c.saved);
    OK(&t->c, db_write(&t->c, count_up, &id));
    assert_true(t->c.saved);
    t->c.saved = false;
    assert_false(db_write(&t->c, count_up, &id)); /* the same id again */
    assert_false(t->c.saved);
    ctx_errors_back_to(&t->c, 0);
    t->c.saved = true;
    id = 2;
    OK(&t->c, db_write_aside(&t->c, count_up, &id));
    assert_true(t->c.saved);
    t_end(t);
}

static void test_deadline_in_queue(void **state)
{
    (void)state;
    T *t = t_new();
    OK(&t->c, db_write(&t->c, make, NULL));
    if (!pg_url) {
        pthread_t th = slow_begin();
        t->c.deadline_ms = clock_mono_ms() + 50;
        int64_t id = 5;
        assert_false(db_write(&t->c, count_up, &id));
        assert_int_equal(t->c.err->code, ERR_BUSY);
        assert_true(t->c.retry_after_s > 0);
        assert_true(slow_end(th));
        ctx_errors_back_to(&t->c, 0);
        t->c.deadline_ms = 0;
    }
    assert_int_equal(t_int(&t->c, "SELECT count(*) FROM w"), 1);
    t_end(t);
}

/* An UPDATE stopped by its deadline drops the whole transaction; the others of the batch live. */
static bool endless(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c,
                   SQL("UPDATE w SET n = (WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                       "FROM k WHERE i < 2000000000) SELECT count(*) FROM k)"),
                   NULL, 0);
}

static void *endless_writer(void *arg)
{
    (void)arg;
    T *t = t_new();
    t->c.deadline_ms = clock_mono_ms() + 2000;
    bool ok = db_write(&t->c, endless, NULL);
    intptr_t right = !ok && t->c.n_err == 1 && t->c.err->code == ERR_BUSY;
    if (!right)
        t_show(&t->c);
    t_end(t);
    return (void *)right;
}

/* --- people and jobs in turns ----------------------------------------------------------------- */

/* Batches are told apart by what the reader of a batch sees: nothing of it before its commit. */
typedef struct Turn {
    bool patient;
    int64_t id, seen; /* seen: rows that were there when it ran */
} Turn;

static bool take_turn(Ctx *c, void *arg)
{
    Turn *u = arg;
    DbVal v[] = {db_of_int(u->id)};
    return db_one_int(c, SQL("SELECT count(*) FROM w"), NULL, 0, &u->seen, NULL) &&
           db_exec(c, SQL("INSERT INTO w (id, n) VALUES ($1, 1)"), v, 1);
}

static void *turn_of(void *arg)
{
    Turn *u = arg;
    T *t = t_new();
    t->c.patient = u->patient;
    bool ok = db_write(&t->c, take_turn, u);
    t_end(t);
    return (void *)(intptr_t)ok;
}

/* A step of a job that came first waits for the person behind it; the next time it is the job's turn (SQLite). */
static void test_turns(void **state)
{
    (void)state;
    T *t = t_new();
    OK(&t->c, db_write(&t->c, make, NULL));
    if (!pg_url) {
        Turn turns[] = {{true, 11, 0}, {false, 12, 0}};
        pthread_t slow = slow_begin(), th[2];
        for (int i = 0; i < 2; i++) {
            pthread_create(&th[i], NULL, turn_of, &turns[i]);
            wait_queued(i + 1);
        }
        void *r;
        assert_true(slow_end(slow));
        for (int i = 0; i < 2; i++) {
            pthread_join(th[i], &r);
            assert_int_equal((intptr_t)r, 1);
        }
        assert_int_equal(turns[0].seen, turns[1].seen + 1);
    }
    t_end(t);
}

static void test_dropped_batch(void **state)
{
    (void)state;
    T *t = t_new();
    OK(&t->c, db_write(&t->c, make, NULL));
    pthread_t slow = slow_begin(), stopped, th[4];
    int me[4];
    for (int i = 0; i < 4; i++) {
        me[i] = i;
        pthread_create(&th[i], NULL, worker, &me[i]);
        if (i == 1)
            pthread_create(&stopped, NULL, endless_writer, NULL);
    }
    void *r;
    wait_queued(5);
    assert_true(slow_end(slow));
    pthread_join(stopped, &r);
    assert_true((intptr_t)r);
    for (int i = 0; i < 4; i++) {
        pthread_join(th[i], &r);
        assert_int_equal((intptr_t)r, 0);
    }
    assert_int_equal(t_int(&t->c, "SELECT n FROM w WHERE id = 0"), 4 * EACH);
    t_end(t);
}

static bool limit_pages(Ctx *c, void *arg)
{
    char text[64];
    int64_t pages;
    if (!db_one_int(c, (SqlText){"PRAGMA page_count"}, NULL, 0, &pages, NULL))
        return false;
    snprintf(text, sizeof(text), "PRAGMA max_page_count = %" PRId64, pages + *(int *)arg);
    int64_t now;
    return db_one_int(c, (SqlText){text}, NULL, 0, &now, NULL);
}

static bool add_much(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c,
                   SQL("INSERT INTO w (id, n) WITH RECURSIVE k (i) AS (SELECT 1000000 UNION ALL "
                       "SELECT i + 1 FROM k WHERE i < 1100000) SELECT i, i FROM k"),
                   NULL, 0);
}

static void *much_writer(void *arg)
{
    (void)arg;
    T *t = t_new();
    bool ok = db_write(&t->c, add_much, NULL);
    intptr_t right = !ok && t->c.n_err == 1 && t->c.err->code == ERR_DISK_FULL;
    if (!right)
        t_show(&t->c);
    t_end(t);
    return (void *)right;
}

/* No room: that write is refused as such, those beside it are kept, and with room all is well. */
static void test_full(void **state)
{
    (void)state;
    if (pg_url)
        return;
    T *t = t_new();
    OK(&t->c, db_write(&t->c, make, NULL));
    int few = 60, many = 1000000, me[3] = {0, 1, 2};
    OK(&t->c, db_write(&t->c, limit_pages, &few));
    pthread_t slow = slow_begin(), th[3], full;
    for (int i = 0; i < 3; i++) {
        pthread_create(&th[i], NULL, worker, &me[i]);
        if (i == 0)
            pthread_create(&full, NULL, much_writer, NULL);
    }
    void *r;
    wait_queued(4);
    assert_true(slow_end(slow));
    pthread_join(full, &r);
    assert_true((intptr_t)r);
    for (int i = 0; i < 3; i++) {
        pthread_join(th[i], &r);
        assert_int_equal((intptr_t)r, 0);
    }
    assert_int_equal(t_int(&t->c, "SELECT count(*) FROM w"), 3 * EACH + 1);
    OK(&t->c, db_write(&t->c, limit_pages, &many));
    OK(&t->c, db_write(&t->c, add_much, NULL));
    t_end(t);
}

/* --- leases ---------------------------------------------------------------------------------- */

static const Plan no_plan = {.n = 0, .format = 1, .program = "test"};

static void test_lease(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    Db *db[15];
    T *u[15];
    int node, seen = 0;
    OK(c, db_lease_take(c, &node));
    seen |= 1 << node;
    DbOptions o = t_options();
    for (int i = 0; i < 15; i++) {
        u[i] = t_new();
        OK(&u[i]->c, db_open(&u[i]->c, &o, &db[i]));
        OK(&u[i]->c, db_lease_take(&u[i]->c, &node));
        assert_false(seen & 1 << node);
        seen |= 1 << node;
        OK(&u[i]->c, db_lease_renew(&u[i]->c));
        db_release(&u[i]->c);
    }
    assert_int_equal(seen, 0xffff);
    T *v = t_new();
    Db *one_more;
    OK(&v->c, db_open(&v->c, &o, &one_more));
    assert_false(db_lease_take(&v->c, &node));
    assert_int_equal(v->c.err->code, ERR_BUSY);
    ctx_errors_back_to(&v->c, 0);
    db_lease_drop(&u[3]->c);
    OK(&v->c, db_lease_take(&v->c, &node));
    OK(&v->c, db_lease_renew(&v->c));
    /* somebody took it from us: said at the next renewal */
    OK(c, t_do(c, "UPDATE node_lease SET holder = 'thief'"));
    assert_false(db_lease_renew(&v->c));
    t_end(v);
    db_close(one_more);
    for (int i = 0; i < 15; i++) {
        t_end(u[i]);
        db_close(db[i]);
    }
    /* a dead process of this machine is not waited for; another machine's is */
    OK(c, t_do(c, "UPDATE node_lease SET pid = 999999999"));
    db_lease_drop(c);
    OK(c, db_lease_take(c, &node));
    t_end(t);
}

/* What another process gave is never undercut, though our clock is behind it; a lease that ends later than any can, is none. */
static void test_lease_clock(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    int node, again;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    OK(c, db_lease_take(c, &node));
    int64_t ahead = id_new() + ((int64_t)3600000 << 11); /* an hour */
    OK(c,
       t_do(c, arena_printf(t->a,
                            "INSERT INTO node_lease (id, holder, host, pid, expires_at, last_id) "
                            "VALUES (%d, 'other', 'elsewhere', 1, %" PRId64 ", %" PRId64 ")",
                            (node + 1) % 16, clock_now_ms() + 20000, ahead)));
    assert_true(id_new() < ahead);
    OK(c, db_lease_renew(c));
    assert_true(id_new() > ahead);
    /* all sixteen taken, one of them until ten years from now */
    for (int i = 0; i < 16; i++)
        OK(c, t_do(c, arena_printf(t->a,
                                   "INSERT INTO node_lease (id, holder, host, pid, expires_at, "
                                   "last_id) VALUES (%d, 'x', 'elsewhere', 1, %" PRId64 ", 0) ON "
                                   "CONFLICT (id) DO UPDATE SET holder = 'x', host = 'elsewhere', "
                                   "expires_at = excluded.expires_at",
                                   i, clock_now_ms() + (i == 7 ? INT64_C(315360000000) : 20000))));
    assert_true(db_lease_held(c->db));
    assert_false(db_lease_renew(c));
    assert_false(db_lease_held(c->db));
    ctx_errors_back_to(c, 0);
    OK(c, db_lease_take(c, &again));
    assert_int_equal(again, 7);
    assert_true(db_lease_held(c->db));
    t_end(t);
}

/* --- the change log -------------------------------------------------------------------------- */

typedef struct Seen {
    int n;
    char last[64];
    int64_t newest, ref;
} Seen;

static void see(void *arg, int64_t id, const char *topic, int64_t ref)
{
    Seen *s = arg;
    s->n++;
    snprintf(s->last, sizeof(s->last), "%s", topic);
    s->ref = ref;
    if (id > s->newest)
        s->newest = id;
}

static bool change_fails(Ctx *c, void *arg)
{
    (void)arg;
    return db_change(c, "lost", 3) && ctx_fail(c, ERR_INVALID, NULL, "err.required");
}

static bool change(Ctx *c, void *arg)
{
    int n_err = c->n_err;
    if (!db_change(c, "customer", *(int64_t *)arg) || !db_change(c, "customer", *(int64_t *)arg))
        return false;
    db_try(c, change_fails, NULL);
    ctx_errors_back_to(c, n_err);
    return true;
}

static void test_change(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    Seen s = {0};
    OK(c, db_change_last(c, &s.newest));
    assert_int_equal(s.newest, 0);
    int64_t ref = 41;
    OK(c, db_write(c, change, &ref));
    OK(c, db_changes_since(c, s.newest, see, &s));
    assert_int_equal(s.n, 1);
    assert_string_equal(s.last, "customer");
    assert_int_equal(s.ref, 41);
    OK(c, db_changes_since(c, s.newest, see, &s));
    assert_int_equal(s.n, 1);
    ref = 42;
    OK(c, db_write(c, change, &ref));
    OK(c, db_changes_since(c, s.newest, see, &s));
    assert_int_equal(s.n, 2);
    assert_false(db_write(c, change_fails, NULL));
    ctx_errors_back_to(c, 0);
    OK(c, db_changes_since(c, s.newest, see, &s));
    assert_int_equal(s.n, 2);
    if (pg_url) { /* a transaction that committed late with an older id */
        char text[160];
        snprintf(text, sizeof(text),
                 "INSERT INTO change_log (id, topic, ref, at) VALUES (%" PRId64 ", 'late', 9, 0)",
                 s.newest - 3000);
        OK(c, t_do(c, text));
        int64_t newest = s.newest;
        OK(c, db_changes_since(c, s.newest, see, &s));
        assert_int_equal(s.n, 3);
        assert_string_equal(s.last, "late");
        assert_true(s.newest == newest);
        OK(c, db_changes_since(c, s.newest, see, &s));
        assert_int_equal(s.n, 3);
    }
    t_end(t);
}

/*
 * For a person and for the crash test: ZHIKE_TEST_KILL=<dir or PostgreSQL address> writes for ever with 16 threads and
 * prints each id after its write was acknowledged. Kill it with -9, then compare what it printed
 * with what the file holds.
 */
static void *kill_writer(void *arg)
{
    for (int64_t i = 0;; i++) {
        T *t = t_new();
        int64_t id = 1 + *(int *)arg + i * THREADS + (int64_t)getpid() * 10000000;
        if (db_write(&t->c, count_up, &id)) {
            printf("%" PRId64 "\n", id);
            fflush(stdout);
        } else {
            fprintf(stderr, "%s [%s]\n", t->c.err->message,
                    t->c.err->detail ? t->c.err->detail : "");
            usleep(50000);
        }
        t_end(t);
    }
    return NULL;
}

static int kill_test(const char *dir)
{
    T *t = t_new();
    bool url = strstr(dir, "://") != NULL;
    DbOptions o = {.dir = dir, .create = true, .url = url ? dir : NULL};
    if (!db_open(&t->c, &o, &test_db))
        return 1;
    t->c.db = test_db;
    db_write(&t->c, make, NULL);
    pthread_t th[THREADS];
    int me[THREADS];
    for (int i = 0; i < THREADS; i++) {
        me[i] = i;
        pthread_create(&th[i], NULL, kill_writer, &me[i]);
    }
    pthread_join(th[0], NULL);
    return 0;
}

int main(void)
{
    if (getenv("ZHIKE_TEST_KILL")) {
        msg_load();
        return kill_test(getenv("ZHIKE_TEST_KILL"));
    }
    const struct CMUnitTest tests[] = {
        DB_TEST(test_many),          DB_TEST(test_deadline_in_queue),
        DB_TEST(test_dropped_batch), DB_TEST(test_full),
        DB_TEST(test_lease),         DB_TEST(test_lease_clock),
        DB_TEST(test_change),        DB_TEST(test_turns),
        DB_TEST(test_saved),
    };
    return db_tests(tests);
}
