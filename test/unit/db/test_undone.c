/*
 * What db refuses, and that nothing is left of it: calls outside a write, functions that fail without a reason or say
 * that all is well beside a mistake, steps within steps, statements behind one that failed, an engine's damaged file.
 */
#include "helper.h"

#include <fcntl.h>

static void make(Ctx *c)
{
    OK(c, t_do(c, "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT NOT NULL)"));
}

static bool put(Ctx *c, int64_t id, const char *name)
{
    DbVal v[] = {db_of_int(id), name ? db_of_text(name) : db_null()};
    return db_exec(c, SQL("INSERT INTO thing (id, name) VALUES ($1, $2)"), v, 2);
}

static int64_t things(Ctx *c)
{
    return t_int(c, "SELECT count(*) FROM thing");
}

static bool nothing(Ctx *c, void *arg)
{
    (void)c;
    (void)arg;
    return true;
}

static void test_outside_a_write(void **state)
{
    (void)state;
    static const char *const columns[] = {"name", NULL};
    const PlanTable table = {.name = "thing"};
    T *t = t_new();
    make(&t->c);
    assert_false(db_try(&t->c, nothing, NULL));
    assert_false(db_alone(&t->c, "thing"));
    assert_false(db_change(&t->c, "thing", 1));
    assert_false(migrate_table(&t->c, &table));
    assert_false(migrate_clear(&t->c, &table, columns));
    assert_int_equal(t->c.n_err, 5);
    for (const ErrItem *e = t->c.err; e; e = e->next) {
        assert_int_equal(e->code, ERR_INTERNAL);
        assert_non_null(strstr(e->detail, "outside db_write"));
    }
    assert_int_equal(db_write_epoch(&t->c), 0);
    t_end(t);
}

static void test_too_many_parameters(void **state)
{
    (void)state;
    T *t = t_new();
    int n = 30001;
    DbVal *v = ARENA_ARRAY(t->a, n, DbVal);
    for (int i = 0; i < n; i++)
        v[i] = db_of_int(i);
    assert_false(db_exec(&t->c, SQL("SELECT 1"), v, n));
    assert_null(db_query(&t->c, SQL("SELECT 1"), v, n));
    assert_int_equal(t->c.n_err, 2);
    assert_int_equal(t->c.err->code, ERR_INTERNAL);
    t_end(t);
}

static bool put_and_say_no(Ctx *c, void *arg)
{
    (void)arg;
    put(c, 1, "a");
    return false;
}

static bool put_and_forget_a_mistake(Ctx *c, void *arg)
{
    (void)arg;
    put(c, 2, "b");
    ctx_fail(c, ERR_INVALID, "name", "err.required");
    return true;
}

static bool within(Ctx *c, void *arg)
{
    bool (*const *fn)(Ctx *, void *) = arg;
    return db_write(c, *fn, NULL);
}

/* Alone and inside another write: nothing is kept, and there is always a reason. */
static void test_no_reason(void **state)
{
    (void)state;
    T *t = t_new();
    make(&t->c);
    bool (*bad[])(Ctx *, void *) = {put_and_say_no, put_and_forget_a_mistake};
    for (int i = 0; i < 2; i++) {
        T *u = t_new();
        assert_false(db_write(&u->c, bad[i], NULL));
        assert_int_equal(u->c.n_err, 1);
        assert_int_equal(u->c.err->code, i ? ERR_INVALID : ERR_INTERNAL);
        t_end(u);
        u = t_new();
        assert_false(db_write(&u->c, within, &bad[i]));
        assert_int_equal(u->c.n_err, 1);
        t_end(u);
        assert_int_equal(things(&t->c), 0);
    }
    t_end(t);
}

/* Each step that fails is undone alone, also one within another; what stands around it is kept. */
static bool steps(Ctx *c, void *arg)
{
    int *failed = arg;
    int errs = c->n_err;
    if (!put(c, 10, "around"))
        return false;
    *failed = !db_try(c, put_and_say_no, NULL);
    *failed += !db_try(c, put_and_forget_a_mistake, NULL);
    ctx_errors_back_to(c, errs);
    return put(c, 11, "behind");
}

static bool fails_inside(Ctx *c, void *arg)
{
    (void)arg;
    return put(c, 20, "kept?") && put(c, 21, NULL);
}

static bool step_in_step(Ctx *c, void *arg)
{
    int errs = c->n_err;
    bool ok = db_try(c, fails_inside, arg);
    ctx_errors_back_to(c, errs);
    return !ok && put(c, 22, "after it");
}

static bool nested(Ctx *c, void *arg)
{
    return db_try(c, step_in_step, arg);
}

static void test_steps(void **state)
{
    (void)state;
    T *t = t_new();
    int failed = 0;
    make(&t->c);
    OK(&t->c, db_write(&t->c, steps, &failed));
    assert_int_equal(failed, 2);
    assert_int_equal(things(&t->c), 2);
    OK(&t->c, db_write(&t->c, nested, NULL));
    assert_int_equal(things(&t->c), 3);
    assert_int_equal(t_int(&t->c, "SELECT count(*) FROM thing WHERE id IN (20, 21)"), 0);
    t_end(t);
}

/* Behind a statement that failed outside a step nothing runs any more, not even a step. */
static bool goes_on(Ctx *c, void *arg)
{
    int *ran = arg;
    put(c, 1, NULL);
    ctx_errors_back_to(c, 0);
    *ran += put(c, 2, "b");
    *ran += db_query(c, SQL("SELECT 1"), NULL, 0) != NULL;
    *ran += db_try(c, nothing, NULL);
    ctx_errors_back_to(c, 0);
    return true;
}

static void test_behind_a_failure(void **state)
{
    (void)state;
    T *t = t_new();
    int ran = 0;
    make(&t->c);
    assert_false(db_write(&t->c, goes_on, &ran));
    assert_int_equal(ran, 0);
    assert_true(t->c.n_err > 0);
    T *u = t_new();
    assert_int_equal(things(&u->c), 0);
    t_end(u);
    t_end(t);
}

static bool many(Ctx *c, void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < 4000; i++)
        if (!put(c, i, "a row long enough that the file has pages of rows to damage"))
            return false;
    return true;
}

/* A page of the file written over: integrity says what is wrong. PostgreSQL looks after its own. */
static void test_integrity(void **state)
{
    (void)state;
    T *t = t_new();
    const char *wrong = "?";
    make(&t->c);
    OK(&t->c, db_write(&t->c, many, NULL));
    OK(&t->c, db_integrity(&t->c, &wrong));
    assert_null(wrong);
    t_end(t);
    if (pg_url)
        return;
    db_close(test_db); /* the log is in the file now */
    char path[512], junk[4096];
    snprintf(path, sizeof path, "%s/zhike.db", test_dir);
    memset(junk, 0x5a, sizeof junk);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 20 * 4096), (int)sizeof junk);
    close(fd);
    T *u = t_new();
    DbOptions o = t_options();
    OK(&u->c, db_open(&u->c, &o, &test_db));
    u->c.db = test_db;
    bool ok = db_integrity(&u->c, &wrong);
    assert_true(!ok || wrong != NULL);
    t_end(u);
}

/* More statements than are kept ready, and on PostgreSQL those to be forgotten are gone already, the first time. */
static bool many_texts(Ctx *c, void *arg)
{
    int *tries = arg;
    if (++*tries == 1 && pg_url && !db_exec(c, SQL("DEALLOCATE ALL"), NULL, 0))
        return false;
    for (int i = 0; i < 300; i++) {
        SqlText text = {arena_printf(c->a, "UPDATE thing SET name = 'n%d' WHERE id = 1", i)};
        if (!db_exec(c, text, NULL, 0))
            return false;
    }
    return put(c, 2, "b");
}

/* A statement that cannot be forgotten spoils the transaction: it begins again elsewhere, and is no mistake of the caller's. */
static void test_forgotten(void **state)
{
    (void)state;
    int tries = 0;
    T *t = t_new();
    make(&t->c);
    OK(&t->c, t_do(&t->c, "INSERT INTO thing (id, name) VALUES (1, 'a')"));
    OK(&t->c, db_write(&t->c, many_texts, &tries));
    assert_int_equal(tries, pg_url ? 2 : 1);
    assert_int_equal(things(&t->c), 2);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(test_outside_a_write), DB_TEST(test_too_many_parameters), DB_TEST(test_no_reason),
        DB_TEST(test_steps),           DB_TEST(test_behind_a_failure),    DB_TEST(test_integrity),
        DB_TEST(test_forgotten),
    };
    return db_tests(tests);
}
