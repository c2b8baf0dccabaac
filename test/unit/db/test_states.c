/*
 * What PostgreSQL says no with, and what becomes of it: each SQLSTATE is one kind of mistake; what may go well the next
 * time is asked again, and what was lost with its connection is not taken for done. On PostgreSQL alone.
 */
#include "helper.h"

static const char *const made[] = {
    "CREATE FUNCTION fail_with(state TEXT, said TEXT) RETURNS BIGINT LANGUAGE plpgsql AS "
    "'BEGIN RAISE EXCEPTION USING ERRCODE = state, MESSAGE = said; END'",
    "CREATE FUNCTION at_commit() RETURNS TRIGGER LANGUAGE plpgsql AS "
    "'BEGIN IF NEW.how = ''lost'' THEN PERFORM pg_terminate_backend(pg_backend_pid()); "
    "PERFORM pg_sleep(60); ELSE PERFORM fail_with(NEW.how, ''no''); END IF; RETURN NEW; END'",
    "CREATE SEQUENCE tries",
    "CREATE TABLE late (id BIGINT PRIMARY KEY, how TEXT)",
    "CREATE CONSTRAINT TRIGGER late_no AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION at_commit()",
    "CREATE TABLE thing (id BIGINT PRIMARY KEY CONSTRAINT ck_thing_id CHECK (id < 100), "
    "of_id BIGINT REFERENCES late (id))",
};

static T *t_pg(void)
{
    T *t = t_new();
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        OK(&t->c, t_do(&t->c, made[i]));
    return t;
}

static bool raise(Ctx *c, void *arg)
{
    int64_t n;
    DbVal v[] = {db_of_text(arg), db_of_text("said of it: \"a value\"")};
    return db_one_int(c, SQL("SELECT fail_with($1, $2)"), v, 2, &n, NULL);
}

static void test_states(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        ErrCode code;
        bool later; /* Retry-After is said */
    } cases[] = {
        {"23503", ERR_IN_USE, false},    {"23502", ERR_REQUIRED, false},
        {"23514", ERR_INVALID, false},   {"23505", ERR_DUPLICATE, false},
        {"53100", ERR_DISK_FULL, false}, {"53200", ERR_BUSY, true},
        {"53300", ERR_BUSY, true},       {"40001", ERR_BUSY, true},
        {"40P01", ERR_BUSY, true},       {"55P03", ERR_BUSY, true},
        {"57014", ERR_BUSY, true},       {"58030", ERR_BUSY, true},
        {"58P01", ERR_BUSY, true},       {"57P01", ERR_BUSY, true},
        {"57P03", ERR_BUSY, true},       {"08006", ERR_BUSY, true},
        {"25006", ERR_INTERNAL, false},  {"22P02", ERR_INTERNAL, false},
        {"XX000", ERR_INTERNAL, false},  {"0A000", ERR_INTERNAL, false},
        {"26000", ERR_INTERNAL, false},
    };
    t_end(t_pg());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int write = 0; write < 2; write++) {
            T *t = t_new();
            char text[8];
            snprintf(text, sizeof text, "%s", cases[i].state);
            bool ok = write ? db_write(&t->c, raise, text) : raise(&t->c, text);
            assert_false(ok);
            if (t->c.n_err != 1 || t->c.err->code != cases[i].code) {
                t_show(&t->c);
                fail_msg("%s", text);
            }
            assert_int_equal(t->c.retry_after_s > 0, cases[i].later);
            /* what follows is not hurt by it */
            OK(&t->c, t_do(&t->c, "INSERT INTO thing (id) VALUES (1)"));
            assert_int_equal(t_int(&t->c, "SELECT count(*) FROM thing"), 1);
            OK(&t->c, t_do(&t->c, "DELETE FROM thing"));
            t_end(t);
        }
}

/* Input that the engine cannot read comes with the input, which no log may hold. */
static void test_values_are_not_told(void **state)
{
    (void)state;
    T *t = t_pg();
    char text[] = "22P02", other[] = "XX000";
    assert_false(raise(&t->c, text));
    assert_null(strstr(t->c.err->detail, "a value"));
    assert_non_null(strstr(t->c.err->detail, "said of it"));
    assert_false(raise(&t->c, other));
    assert_non_null(strstr(t->c.err_last->detail, "a value"));
    t_end(t);
}

typedef struct Again {
    const char *state;
    int64_t fails; /* so many tries fail */
    int runs;
} Again;

/* Sequences are not undone, so they count the tries. */
static bool fail_at_first(Ctx *c, void *arg)
{
    Again *a = arg;
    int64_t n;
    DbVal v[] = {db_of_text(a->state), db_of_text("no"), db_of_int(a->fails)};
    a->runs++;
    return db_exec(c, SQL("INSERT INTO thing (id) VALUES (7)"), NULL, 0) &&
           db_one_int(
               c, SQL("SELECT CASE WHEN nextval('tries') <= $3 THEN fail_with($1, $2) ELSE 0 END"),
               v, 3, &n, NULL);
}

/* A rival, a schema or a server that goes: the write is run again, and done once. Other mistakes are final. */
static void test_again(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        int64_t fails;
        int runs;
        bool ok;
    } cases[] = {
        {"40001", 2, 3, true},  {"40P01", 1, 2, true},  {"55P03", 4, 5, true},
        {"40001", 5, 5, false}, {"57P01", 1, 2, true},  {"25006", 1, 2, true},
        {"08003", 1, 2, true},  {"23514", 1, 1, false}, {"53100", 1, 1, false},
        {"XX000", 1, 1, false}, {"57014", 1, 1, false},
    };
    t_end(t_pg());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        T *t = t_new();
        Again a = {.state = cases[i].state, .fails = cases[i].fails};
        OK(&t->c, t_do(&t->c, "ALTER SEQUENCE tries RESTART"));
        bool ok = db_write(&t->c, fail_at_first, &a);
        if (ok != cases[i].ok || a.runs != cases[i].runs) {
            t_show(&t->c);
            fail_msg("%s: %d runs, %s", a.state, a.runs, ok ? "done" : "not done");
        }
        assert_int_equal(t->c.n_err, ok ? 0 : 1);
        assert_int_equal(t_int(&t->c, "SELECT count(*) FROM thing"), ok);
        OK(&t->c, t_do(&t->c, "DELETE FROM thing"));
        t_end(t);
    }
}

/* The server ends this very connection; pg_terminate_backend says no of another user's only. */
static void cut(T *other, int64_t pid)
{
    char text[80];
    snprintf(text, sizeof text, "SELECT pg_terminate_backend(%" PRId64 ", 20000)", pid);
    assert_int_equal(t_int(&other->c, text), 1);
}

/* Between two statements of somebody who only reads: asked again over a new connection, unseen. */
static void test_cut_while_reading(void **state)
{
    (void)state;
    T *t = t_pg(), *other = t_new();
    int64_t pid = t_int(&t->c, "SELECT pg_backend_pid()");
    cut(other, pid);
    int64_t now = t_int(&t->c, "SELECT pg_backend_pid()");
    assert_int_not_equal(now, pid);
    assert_int_equal(t->c.n_err, 0);
    /* and where it was given back in between */
    db_release(&t->c);
    cut(other, now);
    assert_int_equal(t_int(&t->c, "SELECT count(*) FROM thing"), 0);
    t_end(other);
    t_end(t);
}

typedef struct Cut {
    T *other;
    int runs, cuts;
    bool sent; /* the last words of it are not waited for */
} Cut;

static bool be_cut(Ctx *c, void *arg)
{
    Cut *k = arg;
    int64_t pid = 0;
    if (!db_exec(c, SQL("INSERT INTO thing (id) VALUES (8)"), NULL, 0) ||
        !db_one_int(c, SQL("SELECT pg_backend_pid()"), NULL, 0, &pid, NULL))
        return false;
    if (k->runs++ < k->cuts)
        cut(k->other, pid);
    return k->sent ? db_send(c, SQL("INSERT INTO thing (id) VALUES (9)"), NULL, 0)
                   : db_exec(c, SQL("INSERT INTO thing (id) VALUES (9)"), NULL, 0);
}

/* In the midst of a write: nothing of the first try is left, the second is the one that counts. */
static void test_cut_while_writing(void **state)
{
    (void)state;
    t_end(t_pg());
    for (int sent = 0; sent < 2; sent++) {
        T *t = t_new(), *other = t_new();
        Cut k = {.other = other, .cuts = 1, .sent = sent};
        OK(&t->c, db_write(&t->c, be_cut, &k));
        assert_int_equal(k.runs, 2);
        assert_int_equal(t_int(&t->c, "SELECT count(*) FROM thing"), 2);
        OK(&t->c, t_do(&t->c, "DELETE FROM thing"));
        k = (Cut){.other = other, .cuts = 99, .sent = sent};
        assert_false(db_write(&t->c, be_cut, &k));
        assert_int_equal(t->c.n_err, 1);
        assert_int_equal(t->c.err->code, ERR_BUSY);
        assert_int_equal(t_int(&t->c, "SELECT count(*) FROM thing"), 0);
        t_end(other);
        t_end(t);
    }
}

static bool put_late(Ctx *c, void *arg)
{
    DbVal v[] = {db_of_text(arg)};
    return db_exec(c, SQL("INSERT INTO late (id, how) VALUES (1, $1)"), v, 1);
}

/* COMMIT itself is refused: that is an answer. Where the connection goes in its midst there is none. */
static void test_at_commit(void **state)
{
    (void)state;
    static const struct {
        const char *how;
        ErrCode code;
    } cases[] = {{"23503", ERR_IN_USE},         {"53100", ERR_DISK_FULL},
                 {"40001", ERR_BUSY},           {"58030", ERR_BUSY},
                 {"57P01", ERR_COMMIT_UNKNOWN}, {"08006", ERR_COMMIT_UNKNOWN},
                 {"lost", ERR_COMMIT_UNKNOWN}};
    t_end(t_pg());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        T *t = t_new();
        char how[8];
        snprintf(how, sizeof how, "%s", cases[i].how);
        assert_false(db_write(&t->c, put_late, how));
        if (t->c.n_err != 1 || t->c.err->code != cases[i].code) {
            t_show(&t->c);
            fail_msg("%s", how);
        }
        assert_false(t->c.saved);
        assert_int_equal(t_int(&t->c, "SELECT count(*) FROM late"), 0);
        t_end(t);
    }
}

/* Prepared statements that go stale under us: a pooler that dropped them, a table that got a column. */
static void test_stale_plans(void **state)
{
    (void)state;
    T *t = t_pg();
    Ctx *c = &t->c;
    OK(c, t_do(c, "INSERT INTO thing (id) VALUES (5)"));
    for (int round = 0; round < 3; round++) {
        DbRows *r = db_query(c, SQL("SELECT * FROM thing"), NULL, 0);
        OK(c, r && db_step(r));
        assert_int_equal(db_columns(r), round < 2 ? 2 : 3);
        assert_int_equal(db_int(r, 0), 5);
        db_done(r);
        if (round == 0)
            OK(c, db_exec(c, SQL("DEALLOCATE ALL"), NULL, 0));
        else if (round == 1)
            OK(c, t_do(c, "ALTER TABLE thing ADD COLUMN more TEXT"));
    }
    assert_int_equal(c->n_err, 0);
    t_end(t);
}

/* Which field a constraint is about. */
static void test_fields(void **state)
{
    (void)state;
    T *t = t_pg();
    Ctx *c = &t->c;
    static const struct {
        const char *text, *field;
        ErrCode code;
    } cases[] = {
        {"INSERT INTO thing (id) VALUES (100)", "id", ERR_INVALID},
        {"INSERT INTO thing (id) VALUES (1), (1)", "id", ERR_DUPLICATE},
        {"INSERT INTO thing (id) VALUES (NULL)", "id", ERR_REQUIRED},
        {"INSERT INTO thing (id, of_id) VALUES (1, 2)", NULL, ERR_IN_USE},
        {"ALTER TABLE thing ADD CONSTRAINT odd CHECK (id > 1000); ", NULL, ERR_INVALID},
    };
    OK(c, t_do(c, "INSERT INTO thing (id) VALUES (50)"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int before = c->n_err;
        assert_false(t_do(c, cases[i].text));
        assert_int_equal(c->n_err, before + 1);
        assert_int_equal(c->err_last->code, cases[i].code);
        if (cases[i].field)
            assert_string_equal(c->err_last->field, cases[i].field);
        else
            assert_null(c->err_last->field);
    }
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(test_states),
        DB_TEST(test_values_are_not_told),
        DB_TEST(test_again),
        DB_TEST(test_cut_while_reading),
        DB_TEST(test_cut_while_writing),
        DB_TEST(test_at_commit),
        DB_TEST(test_stale_plans),
        DB_TEST(test_fields),
    };
    msg_load();
    pg_url = getenv("ZHIKE_TEST_PG_URL");
    return pg_url && *pg_url ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
