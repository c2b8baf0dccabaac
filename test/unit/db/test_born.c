/* db/born.c: the time a record was made, read the second time it is asked for, then kept; also of more than fit. */
#include "helper.h"

enum { N = 70000, STEP = 7 };

static const Plan no_plan = {.n = 0, .format = 1, .program = "test"};

static bool make(Ctx *c, void *arg)
{
    static const PlanColumn cols[] = {{.name = "id", .type = COL_INT},
                                      {.name = "created_at", .type = COL_INT}};
    const PlanTable table = {.name = arg, .columns = cols, .n_columns = 2};
    return migrate_table(c, &table);
}

static bool fill(Ctx *c, void *arg)
{
    return db_exec(c, *(const SqlText *)arg, NULL, 0);
}

/* Every STEP-th id from first on; at is the id times ten and add. */
static void asked(T *t, const char *table, int64_t first, int n, int64_t add, bool known)
{
    BornAt *of = ARENA_ARRAY(t->a, n, BornAt);
    bool is_known = !known;
    for (int i = 0; i < n; i++)
        of[i].id = first + (int64_t)i * STEP;
    OK(&t->c, sql_born(&t->c, table, of, n, &is_known));
    assert_int_equal(is_known, known);
    for (int i = 0; known && i < n; i++)
        assert_int_equal(of[i].at, of[i].id > N ? INT64_MIN : of[i].id * 10 + add);
}

static void write_all(T *t, SqlText text)
{
    OK(&t->c, db_write(&t->c, fill, &text));
}

static void test_born(void **state)
{
    (void)state;
    T *t = t_new();
    OK(&t->c, migrate_run(&t->c, &no_plan, false, NULL));
    OK(&t->c, db_write(&t->c, make, "thing"));
    OK(&t->c, db_write(&t->c, make, "other"));
    write_all(t,
              SQL("WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 70000) "
                  "INSERT INTO thing (id, created_at) SELECT i, i * 10 FROM s"));
    write_all(t, SQL("INSERT INTO other (id, created_at) SELECT id, created_at + 3 FROM thing"));
    asked(t, "thing", 1, 400, 0, false);
    asked(t, "thing", 1, 400, 0, true);
    asked(t, "other", 1, 400, 3, false);
    asked(t, "other", 1, 400, 3, true);
    /* a few new ones among them are read at once */
    asked(t, "thing", 1, 500, 0, true);
    /* from memory: nobody changes it, and here one sees that it is not read */
    write_all(t, SQL("UPDATE thing SET created_at = created_at + 1"));
    asked(t, "thing", 1, 500, 0, true);
    write_all(t, SQL("UPDATE thing SET created_at = created_at - 1"));
    /* what has no row, each time */
    asked(t, "thing", N - 70, 20, 0, false);
    asked(t, "thing", N - 70, 20, 0, true);
    asked(t, "thing", N - 70, 20, 0, true);
    /* more than fit: some go, none is wrong */
    for (int round = 0; round < 2; round++)
        for (int first = 1; first <= STEP; first++) {
            BornAt *of = ARENA_ARRAY(t->a, N / STEP, BornAt);
            bool known = false;
            for (int i = 0; i < N / STEP; i++)
                of[i].id = first + i * STEP;
            OK(&t->c, sql_born(&t->c, "thing", of, N / STEP, &known));
            for (int i = 0; known && i < N / STEP; i++)
                assert_int_equal(of[i].at, of[i].id * 10);
        }
    /* what cannot be read is said, and not taken for known */
    BornAt of[] = {{.id = 1}};
    bool known = false, ok = true;
    for (int i = 0; i < 2 && ok; i++)
        ok = sql_born(&t->c, "no_such_table", of, 1, &known);
    assert_false(ok);
    assert_true(t->c.n_err > 0);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {DB_TEST(test_born)};
    return db_tests(tests);
}
