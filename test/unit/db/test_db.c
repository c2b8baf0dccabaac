/* db/db.h: values, cursors, one-value calls, mistakes, transactions, the pool. */
#include "helper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

static bool make_item(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c,
                   SQL("CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT, amount DOUBLE "
                       "PRECISION, flag SMALLINT, need BIGINT NOT NULL)"),
                   NULL, 0) &&
           db_exec(c, SQL("CREATE UNIQUE INDEX ux_item_name ON item (name)"), NULL, 0) &&
           db_exec(c, SQL("CREATE UNIQUE INDEX ux_item_pair ON item (flag, need)"), NULL, 0);
}

static bool add_item(Ctx *c, void *arg)
{
    DbVal v[] = {db_of_int(*(int *)arg), db_null(), db_of_real(1.5), db_null(), db_of_int(7)};
    return db_exec(
        c, SQL("INSERT INTO item (id, name, amount, flag, need) VALUES ($1, $2, $3, $4, $5)"), v,
        5);
}

/* The number in $n decides, not the place of its first appearance. */
static void test_numbers(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    DbVal v[] = {db_of_text("一"), db_of_text("two"), db_of_int(3)};
    DbRows *r = db_query(c,
                         SQL("SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($3 AS BIGINT), "
                             "CAST($2 AS TEXT)"),
                         v, 3);
    OK(c, r && db_step(r));
    assert_int_equal(db_columns(r), 4);
    assert_string_equal(db_text(r, 0), "two");
    assert_string_equal(db_text(r, 1), "一");
    assert_int_equal(db_int(r, 2), 3);
    assert_int_equal(db_bytes(r, 1), 3);
    assert_string_equal(db_text(r, 3), "two");
    assert_false(db_step(r));
    assert_int_equal(c->n_err, 0);
    assert_int_equal(c->n_sql, 1);
    t_end(t);
}

static bool blob_table(Ctx *c, void *arg)
{
    (void)arg;
    bool pg = db_is_pg(c->db);
    const char *text = pg ? "CREATE TABLE b (id BIGINT PRIMARY KEY, v BYTEA, n BIGINT, s SMALLINT, "
                            "d DOUBLE PRECISION, x TEXT)"
                          : "CREATE TABLE b (id INTEGER PRIMARY KEY, v BLOB, n INTEGER, s INTEGER, "
                            "d REAL, x TEXT) STRICT";
    SqlText ins = SQL("INSERT INTO b (id, v, n, s, d, x) VALUES ($1, $2, $3, $4, $5, $6)");
    unsigned char bytes[] = {0, 1, 255, 0, '\\', 'x', 128};
    /* nulls first: the statement prepared for them must serve the values that follow */
    DbVal nulls[] = {db_of_int(1), db_null(), db_null(), db_null(), db_null(), db_null()};
    DbVal full[] = {db_of_int(2), db_of_blob(bytes, 7), db_of_int(INT64_MAX),
                    db_of_int(1), db_of_real(0.1),      db_of_text("华为 'O''Neil' \\ \"")};
    DbVal low[] = {db_of_int(3), db_of_blob("", 0),  db_of_int(INT64_MIN),
                   db_of_int(0), db_of_real(-1e300), db_of_text("")};
    return db_exec(c, (SqlText){text}, NULL, 0) && db_exec(c, ins, nulls, 6) &&
           db_changes(c) == 1 && db_exec(c, ins, full, 6) && db_exec(c, ins, low, 6);
}

static void test_values(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, db_write(c, blob_table, NULL));
    DbRows *r = db_query(c, SQL("SELECT id, v, n, s, d, x FROM b ORDER BY id"), NULL, 0);
    OK(c, r && db_step(r));
    for (int i = 1; i < 6; i++) {
        assert_true(db_is_null(r, i));
        assert_null(db_text(r, i));
    }
    OK(c, db_step(r));
    assert_int_equal(db_bytes(r, 1), 7);
    assert_memory_equal(db_blob(r, 1), "\0\1\377\0\\x\200", 7);
    assert_true(db_int(r, 2) == INT64_MAX);
    assert_int_equal(db_int(r, 3), 1);
    assert_true(db_real(r, 4) == 0.1);
    assert_string_equal(db_text(r, 5), "华为 'O''Neil' \\ \"");
    OK(c, db_step(r));
    assert_false(db_is_null(r, 1));
    assert_int_equal(db_bytes(r, 1), 0);
    assert_true(db_int(r, 2) == INT64_MIN);
    assert_true(db_real(r, 4) == -1e300);
    assert_string_equal(db_text(r, 5), "");
    assert_false(db_step(r));

    int64_t n;
    const char *s;
    bool found;
    DbVal none[] = {db_of_int(99)};
    OK(c, db_one_int(c, SQL("SELECT n FROM b WHERE id = $1"), none, 1, &n, &found));
    assert_false(found);
    assert_int_equal(n, 0);
    OK(c, db_one_text(c, SQL("SELECT x FROM b WHERE id = 2"), NULL, 0, &s, &found));
    assert_true(found);
    assert_string_equal(s, "华为 'O''Neil' \\ \"");
    OK(c, db_one_int(c, SQL("SELECT sum(n) FROM b WHERE id = 1"), NULL, 0, &n, &found));
    assert_false(found);
    t_end(t);
}

static bool dup_name(Ctx *c, void *arg)
{
    DbVal v[] = {db_of_int(*(int *)arg), db_of_text("甲")};
    return db_exec(c, SQL("INSERT INTO item (id, name, need) VALUES ($1, $2, 1)"), v, 2);
}

static bool dup_pair(Ctx *c, void *arg)
{
    DbVal v[] = {db_of_int(*(int *)arg)};
    return db_exec(c, SQL("INSERT INTO item (id, flag, need) VALUES ($1, 1, 5)"), v, 1);
}

static bool no_need(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("INSERT INTO item (id, need) VALUES (50, NULL)"), NULL, 0);
}

static bool with_nul(Ctx *c, void *arg)
{
    (void)arg;
    DbVal v[] = {{.kind = DB_TEXT, .s = "a\0b", .n = 3}};
    return db_exec(c, SQL("INSERT INTO item (id, name, need) VALUES (51, $1, 1)"), v, 1);
}

static void expect(Ctx *c, bool ok, ErrCode code, const char *field)
{
    if (ok || c->n_err != 1 || c->err->code != code)
        t_show(c);
    assert_false(ok);
    assert_int_equal(c->n_err, 1);
    assert_int_equal(c->err->code, code);
    if (field)
        assert_string_equal(c->err->field, field);
    ctx_errors_back_to(c, 0);
}

static void test_mistakes(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, db_write(c, make_item, NULL));
    int one = 1, two = 2, ten = 10, eleven = 11;
    OK(c, db_write(c, dup_name, &one));
    expect(c, db_write(c, dup_name, &two), ERR_DUPLICATE, "name");
    expect(c, db_write(c, dup_name, &one), ERR_DUPLICATE, NULL);
    OK(c, db_write(c, dup_pair, &ten));
    expect(c, db_write(c, dup_pair, &eleven), ERR_DUPLICATE, "pair");
    expect(c, db_write(c, no_need, NULL), ERR_REQUIRED, "need");
    expect(c, db_write(c, with_nul, NULL), ERR_INVALID, NULL);
    /* a write outside db_write is refused by both */
    expect(c, db_exec(c, SQL("DELETE FROM item"), NULL, 0), ERR_INTERNAL, NULL);
    assert_int_equal(t_int(c, "SELECT count(*) FROM item"), 2);
    expect(c, db_query(c, SQL("SELECT nothing FROM item"), NULL, 0) != NULL, ERR_INTERNAL, NULL);
    t_end(t);
}

static bool says_no(Ctx *c, void *arg)
{
    int id = 20;
    (void)arg;
    return add_item(c, &id) && ctx_fail(c, ERR_INVALID, "x", "err.required");
}

static bool says_nothing(Ctx *c, void *arg)
{
    int id = 21;
    (void)arg;
    add_item(c, &id);
    return false;
}

/* PostgreSQL could not commit this, so SQLite must not. */
static bool passes_over(Ctx *c, void *arg)
{
    int id = 22;
    (void)arg;
    if (!add_item(c, &id))
        return false;
    if (!add_item(c, &id))
        ctx_errors_back_to(c, 0);
    return true;
}

static bool inner(Ctx *c, void *arg)
{
    assert_true(db_in_write(c));
    return add_item(c, arg);
}

static bool outer(Ctx *c, void *arg)
{
    int a = 31, b = 32, dup = 31, d = 33;
    (void)arg;
    if (!add_item(c, &a) || !db_write(c, inner, &b))
        return false;
    int n_err = c->n_err;
    assert_false(db_try(c, inner, &dup));
    assert_int_equal(c->n_err, n_err + 1); /* stays recorded */
    ctx_errors_back_to(c, n_err);
    int64_t n = 0;
    return db_try(c, inner, &d) &&
           db_one_int(c, SQL("SELECT count(*) FROM item"), NULL, 0, &n, NULL) && n == 3;
}

static void test_write(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, db_write(c, make_item, NULL));
    expect(c, db_write(c, says_no, NULL), ERR_INVALID, "x");
    expect(c, db_write(c, says_nothing, NULL), ERR_INTERNAL, NULL);
    expect(c, db_write(c, passes_over, NULL), ERR_INTERNAL, NULL);
    assert_int_equal(t_int(c, "SELECT count(*) FROM item"), 0);
    OK(c, db_write(c, outer, NULL));
    assert_false(db_in_write(c));
    assert_int_equal(t_int(c, "SELECT count(*) FROM item"), 3);
    t_end(t);
}

static bool clear_items(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("DELETE FROM item"), NULL, 0);
}

static bool send_item(Ctx *c, int id)
{
    DbVal v[] = {db_of_int(id), db_of_text(arena_printf(c->a, "sent %d", id)), db_of_int(7)};
    return db_send(c, SQL("INSERT INTO item (id, name, need) VALUES ($1, $2, $3)"), v, 3);
}

typedef struct Sent {
    int first, last, again; /* again: an id that is sent a second time; 0 for none */
    bool read;              /* and the rows are counted before the end */
} Sent;

static bool send_many(Ctx *c, void *arg)
{
    const Sent *s = arg;
    for (int i = s->first; i <= s->last; i++)
        if (!send_item(c, i))
            return false;
    if (s->again && !send_item(c, s->again))
        return false;
    int64_t n = 0;
    return !s->read || (db_one_int(c, SQL("SELECT count(*) FROM item"), NULL, 0, &n, NULL) &&
                        n >= s->last - s->first + 1);
}

static bool send_in_steps(Ctx *c, void *arg)
{
    Sent good = {201, 210, 0, false}, bad = {211, 220, 205, false}, more = {221, 230, 0, true};
    (void)arg;
    if (!db_try(c, send_many, &good))
        return false;
    assert_false(db_try(c, send_many, &bad)); /* where the step ends, not where the write does */
    assert_int_equal(c->err_last->code, ERR_DUPLICATE);
    ctx_errors_back_to(c, 0);
    return db_try(c, send_many, &more);
}

/* What is sent without waiting is there like what was waited for, and its failure undoes the write. */
static void test_send(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    Sent many = {1, 150, 0, true}, last = {151, 160, 155, false}, seen = {161, 170, 165, true};
    OK(c, db_write(c, make_item, NULL));
    for (int round = 0; round < 2; round++) { /* the second time the statement is prepared */
        OK(c, db_write(c, send_many, &many));
        assert_int_equal(t_int(c, "SELECT count(*) FROM item"), 150);
        expect(c, db_write(c, send_many, &last), ERR_DUPLICATE, NULL);
        expect(c, db_write(c, send_many, &seen), ERR_DUPLICATE, NULL);
        assert_int_equal(t_int(c, "SELECT count(*) FROM item"), 150);
        OK(c, db_write(c, send_in_steps, NULL));
        assert_int_equal(t_int(c, "SELECT count(*) FROM item"), 170);
        OK(c, db_write(c, clear_items, NULL));
    }
    t_end(t);
}

/* A cursor open across a write goes on, and reads after the write see it. */
static void test_cursor_across_write(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, db_write(c, make_item, NULL));
    for (int i = 1; i <= 5; i++)
        OK(c, db_write(c, add_item, &(int){i}));
    DbRows *r = db_query(c, SQL("SELECT id FROM item ORDER BY id"), NULL, 0);
    int seen = 0;
    while (db_step(r)) {
        seen++;
        OK(c, db_write(c, add_item, &(int){100 + (int)db_int(r, 0)}));
        assert_int_equal(t_int(c, "SELECT count(*) FROM item"), 5 + seen);
    }
    assert_int_equal(c->n_err, 0);
    assert_int_equal(seen, 5);

    r = db_query(c, SQL("SELECT id FROM item"), NULL, 0);
    OK(c, db_step(r));
    db_release(c);
    assert_false(db_step(r)); /* ended by us: said, not passed over */
    assert_int_equal(c->n_err, 1);
    t_end(t);
}

/* The same text while its cursor is open; cursors in a child arena. */
static void test_cursors(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, db_write(c, make_item, NULL));
    for (int i = 1; i <= 3; i++)
        OK(c, db_write(c, add_item, &(int){i}));
    int n = 0;
    DbRows *a = db_query(c, SQL("SELECT id FROM item ORDER BY id"), NULL, 0);
    while (db_step(a)) {
        Arena *step = arena_child(t->a);
        c->a = step;
        DbRows *b = db_query(c, SQL("SELECT id FROM item ORDER BY id"), NULL, 0);
        OK(c, db_step(b));
        assert_int_equal(db_int(b, 0), 1);
        c->a = t->a;
        arena_free(step);
        n++;
    }
    assert_int_equal(n, 3);
    int64_t ids[2];
    OK(c, db_ids_most(c, db_query(c, SQL("SELECT id FROM item ORDER BY id"), NULL, 0), ids, 2, &n));
    assert_int_equal(n, 2);
    assert_int_equal(ids[1], 2);
    assert_false(db_ids_most(c, NULL, ids, 2, &n)); /* a query that failed */
    assert_int_equal(n, 0);
    t_end(t);
}

static void *hold(void *arg)
{
    pthread_barrier_t *b = arg;
    T *t = t_new();
    t_int(&t->c, "SELECT 1");
    pthread_barrier_wait(b);
    pthread_barrier_wait(b); /* until it was seen that there is none left */
    t_end(t);
    return NULL;
}

/* All connections lent: wait for one; a deadline ends the wait. */
static void test_pool(void **state)
{
    (void)state;
    pthread_t th[6];
    pthread_barrier_t b;
    pthread_barrier_init(&b, NULL, 7);
    for (int i = 0; i < 6; i++)
        pthread_create(&th[i], NULL, hold, &b);
    pthread_barrier_wait(&b);
    T *t = t_new();
    Ctx *c = &t->c;
    c->deadline_ms = clock_mono_ms() + 20;
    int64_t n;
    bool ok = db_one_int(c, SQL("SELECT 1"), NULL, 0, &n, NULL);
    expect(c, ok, ERR_BUSY, NULL);
    c->deadline_ms = 0;
    pthread_barrier_wait(&b);
    assert_int_equal(t_int(c, "SELECT 1"), 1);
    for (int i = 0; i < 6; i++)
        pthread_join(th[i], NULL);
    pthread_barrier_destroy(&b);
    t_end(t);
}

static void test_deadline(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    int64_t start = clock_mono_ms(), n;
    c->deadline_ms = start + 200;
    bool ok = db_one_int(c,
                         SQL("WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k "
                             "WHERE n < 2000000000) SELECT count(*) FROM k"),
                         NULL, 0, &n, NULL);
    expect(c, ok, ERR_BUSY, NULL);
    assert_true(clock_mono_ms() - start < 60000); /* it would count for minutes */
    c->deadline_ms = 0;
    assert_int_equal(t_int(c, "SELECT 1"), 1);
    t_end(t);
}

/* Pages of one moment: what is written meanwhile, by others and by the reader himself, is seen behind it. */
static void test_snapshot(void **state)
{
    (void)state;
    T *t = t_new(), *u = t_new();
    Ctx *c = &t->c;
    int first = 1, mine = 2, other = 3;
    OK(c, db_write(c, make_item, NULL));
    OK(c, db_write(c, add_item, &first));
    OK(c, db_snapshot(c));
    assert_int_equal(t_int(c, "SELECT COUNT(*) FROM item"), 1);
    OK(&u->c, db_write(&u->c, add_item, &other));
    OK(c, db_write(c, add_item, &mine));
    assert_int_equal(t_int(c, "SELECT COUNT(*) FROM item"), 1);
    db_release(c); /* keeps it */
    assert_int_equal(t_int(c, "SELECT COUNT(*) FROM item"), 1);
    assert_int_equal(t_int(&u->c, "SELECT COUNT(*) FROM item"), 3);
    db_snapshot_end(c);
    assert_int_equal(t_int(c, "SELECT COUNT(*) FROM item"), 3);
    db_snapshot_end(c);    /* twice is nothing */
    OK(c, db_snapshot(c)); /* left to the arena */
    assert_int_equal(t_int(c, "SELECT COUNT(*) FROM item"), 3);
    t_end(u);
    t_end(t);
}

/* Work that must not wait gives up instead, says so even to who swallows mistakes, and leaves the connection good. */
static void test_brief(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    int64_t n = 0;
    assert_int_equal(t_int(c, "SELECT 1"), 1); /* one connection is open */
    db_release(c);
    ctx_brief_begin(c, 60000);
    OK(c, db_one_int(c, SQL("SELECT 7"), NULL, 0, &n, NULL));
    assert_int_equal(n, 7);
    assert_false(c->ran_over);
    assert_false(db_write(c, make_item, NULL));
    ctx_errors_back_to(c, 0);
    assert_true(c->ran_over && !c->ran_long);
    db_release(c);
    T *u = t_new(); /* it has the only open connection: no other is opened, nothing is waited for */
    assert_int_equal(t_int(&u->c, "SELECT 1"), 1);
    c->ran_over = false;
    int64_t start = clock_mono_ms();
    assert_false(db_one_int(c, SQL("SELECT 7"), NULL, 0, &n, NULL));
    assert_true(c->ran_over && !c->ran_long && clock_mono_ms() - start < 60000);
    t_end(u);
    c->ran_over = false;
    ctx_errors_back_to(c, 0);
    if (!pg_url) { /* where a statement runs in this thread */
        c->deadline_ms = 0;
        ctx_brief_begin(c, 5);
        assert_false(db_one_int(c,
                                SQL("WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM "
                                    "k WHERE n < 2000000000) SELECT count(*) FROM k"),
                                NULL, 0, &n, NULL));
        assert_true(c->ran_over && c->ran_long);
        assert_int_equal(c->n_err, 1);
        assert_false(db_one_int(c, SQL("SELECT 7"), NULL, 0, &n, NULL)); /* its time stays over */
    }
    t_end(t);
    t = t_new();
    assert_int_equal(t_int(&t->c, "SELECT 1"), 1);
    OK(&t->c, db_write(&t->c, make_item, NULL));
    t_end(t);
}

/* Again and again: one that comes before the statement has begun is lost. */
static atomic_bool interrupted;
static void *interrupter(void *arg)
{
    do {
        usleep(200 * 1000);
        if (!atomic_load(&interrupted))
            db_interrupt(arg);
    } while (!atomic_load(&interrupted));
    return NULL;
}

static void test_interrupt(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    int64_t n = t_int(c, "SELECT 1");
    pthread_t th;
    atomic_store(&interrupted, false);
    pthread_create(&th, NULL, interrupter, c->conn);
    bool ok = db_one_int(c,
                         SQL("WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k "
                             "WHERE n < 2000000000) SELECT count(*) FROM k"),
                         NULL, 0, &n, NULL);
    atomic_store(&interrupted, true);
    pthread_join(th, NULL);
    expect(c, ok, ERR_BUSY, NULL);
    t_end(t);
}

/* Many distinct texts: the statement cache turns over. */
static void test_cache(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 400; i++) {
            Sql q;
            sql_init(&q, c->a);
            sql_add(&q, SQL("SELECT "));
            sql_number(&q, i);
            DbRows *r = sql_query(c, &q);
            OK(c, r && db_step(r));
            assert_int_equal(db_int(r, 0), i);
            db_done(r);
        }
    }
    t_end(t);
}

/* A second process on the same data (here a second Db), and the file's mode and settings. */
static void test_second(void **state)
{
    (void)state;
    T *t = t_new(), *u = t_new();
    Db *second;
    DbOptions o = t_options();
    OK(&u->c, db_open(&u->c, &o, &second));
    OK(&t->c, db_write(&t->c, make_item, NULL));
    OK(&u->c, db_write(&u->c, add_item, &(int){1}));
    OK(&t->c, db_write(&t->c, add_item, &(int){2}));
    assert_int_equal(t_int(&u->c, "SELECT count(*) FROM item"), 2);
    t_end(u);
    db_close(second);
    if (!pg_url) {
        struct stat st;
        char path[512];
        const char *const files[] = {"zhike.db", "zhike.db-wal"};
        for (int i = 0; i < 2; i++) {
            snprintf(path, sizeof(path), "%s/%s", test_dir, files[i]);
            assert_int_equal(stat(path, &st), 0);
            assert_int_equal(st.st_mode & 0777, 0600);
        }
        assert_int_equal(t_int(&t->c, "PRAGMA synchronous"), 2);
    }
    t_end(t);
}

static void test_missing(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    Db *db;
    DbOptions o = {.dir = "/tmp/zk_no_such_folder"};
    expect(c, db_open(c, &o, &db), ERR_NOT_FOUND, NULL);
    o = (DbOptions){.url = "postgresql://localhost:1/none?connect_timeout=2"};
    expect(c, db_open(c, &o, &db), ERR_BUSY, NULL);
    o = (DbOptions){.url = "nonsense://x"};
    expect(c, db_open(c, &o, &db), ERR_INVALID, "database.url");
    assert_ptr_equal(c->db, test_db);
    t_end(t);
}

static int64_t items(Ctx *c)
{
    int64_t n = -1;
    OK(c, db_one_int(c, SQL("SELECT COUNT(*) FROM item"), NULL, 0, &n, NULL));
    return n;
}

/* Reads that belong together see one state on SQLite; the next pair, or a write of their own, sees the newest. */
static void test_read_together(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, db_write(c, make_item, NULL));
    Arena *a = arena_new(0);
    Ctx other;
    ctx_init(&other, a);
    other.db = c->db;
    bool sqlite = !db_is_pg(c->db), begun = db_read_begin(c);
    assert_int_equal(begun, sqlite);
    assert_false(db_read_begin(c)); /* the inner of two does nothing, and ends nothing */
    db_read_end(c, false);
    assert_int_equal(items(c), 0);
    int one = 1, two = 2, three = 3;
    OK(&other, db_write(&other, add_item, &one));
    assert_int_equal(items(c), sqlite ? 0 : 1);
    db_read_end(c, begun);
    assert_int_equal(items(c), 1);
    begun = db_read_begin(c);
    assert_int_equal(items(c), 1);
    DbRows *r = db_query(c, SQL("SELECT id FROM item ORDER BY id"), NULL, 0);
    OK(c, r && db_step(r));
    OK(c, db_write(c, add_item, &two)); /* the open cursor keeps its state */
    assert_int_equal(items(c), 2);
    assert_false(db_step(r));
    OK(&other, db_write(&other, add_item, &three));
    assert_int_equal(items(c), 3);
    db_read_end(c, begun);
    begun = db_read_begin(c);
    assert_int_equal(items(c), 3);
    db_release(c); /* giving it back ends it, too */
    db_read_end(c, begun);
    db_release(&other);
    arena_free(a);
    assert_int_equal(items(c), 3);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(test_numbers),
        DB_TEST(test_read_together),
        DB_TEST(test_values),
        DB_TEST(test_mistakes),
        DB_TEST(test_write),
        DB_TEST(test_send),
        DB_TEST(test_cursor_across_write),
        DB_TEST(test_cursors),
        DB_TEST(test_pool),
        DB_TEST(test_deadline),
        DB_TEST(test_snapshot),
        DB_TEST(test_brief),
        DB_TEST(test_interrupt),
        DB_TEST(test_cache),
        DB_TEST(test_second),
        DB_TEST(test_missing),
    };
    return db_tests(tests);
}
