/* db/migrate.h: from nothing, again, with additions and renames, from a newer format, two at once. */
#include "helper.h"

#include <pthread.h>

#define COLS(a) .columns = (a), .n_columns = (int)(sizeof(a) / sizeof(*(a)))

static const PlanColumn v1_cols[] = {
    {.name = "id", .type = COL_INT},
    {.name = "name", .type = COL_TEXT, .not_null = true},
    {.name = "budget", .type = COL_INT},
    {.name = "deleted_at", .type = COL_INT},
};
static const PlanIndex v1_ix[] = {
    {.name = "ix_lead_name", .columns = (const char *const[]){"name", "-id", NULL}},
};
static const PlanColumn pair_cols[] = {{.name = "a", .type = COL_TEXT},
                                       {.name = "b", .type = COL_INT},
                                       {.name = "x", .type = COL_BLOB}};
static const PlanTable v1_tables[] = {
    {.name = "lead", COLS(v1_cols), .indexes = v1_ix, .n_indexes = 1, .search = true},
    {.name = "pair", COLS(pair_cols), .key = (const char *const[]){"a", "b", NULL}},
};
static const Plan v1 = {.tables = v1_tables, .n = 2, .format = 1, .program = "0.1"};

static const PlanColumn v2_cols[] = {
    {.name = "id", .type = COL_INT},
    {.name = "title", .type = COL_TEXT, .not_null = true, .was = "name"},
    {.name = "budget", .type = COL_INT},
    {.name = "deleted_at", .type = COL_INT},
    {.name = "flag", .type = COL_BOOL, .not_null = true, .dflt = "0"},
    {.name = "rate", .type = COL_REAL, .dflt = "-1.5"},
    {.name = "number", .type = COL_TEXT, .not_null = true},
};
static const PlanIndex v2_ix[] = {
    {.name = "ix_lead_name", .columns = (const char *const[]){"title", "-id", NULL}},
    {.name = "ux_lead_number",
     .columns = (const char *const[]){"number", NULL},
     .unique = true,
     .where_not_null = "number",
     .where_null = "deleted_at"},
};
static const PlanTable v2_tables[] = {
    {.name = "lead", COLS(v2_cols), .indexes = v2_ix, .n_indexes = 2, .search = true},
    {.name = "pair", COLS(pair_cols), .key = (const char *const[]){"a", "b", NULL}},
};
static const Plan v2 = {.tables = v2_tables, .n = 2, .format = 2, .program = "0.2"};

static int count(const char *const *steps)
{
    int n = 0;
    while (steps[n])
        n++;
    return n;
}

/* A search table of an older program, more documents than one block, and one of a plan without search beside it. */
static bool make_old_search(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("DROP TABLE search_lead"), NULL, 0) &&
           db_exec(c, SQL("CREATE VIRTUAL TABLE search_lead USING fts5(tokens, detail=none)"), NULL,
                   0) &&
           db_exec(c,
                   SQL("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                       "20500) INSERT INTO search_lead (rowid, tokens) SELECT i * 3, 'all word' || "
                       "(i % 100) FROM n"),
                   NULL, 0);
}

static bool leave_half(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("CREATE VIRTUAL TABLE search_rebuilt USING fts5(tokens)"), NULL, 0) &&
           db_exec(c, SQL("INSERT INTO search_rebuilt (rowid, tokens) VALUES (1, 'wrong')"), NULL,
                   0);
}

static int64_t one_int(Ctx *c, SqlText sql)
{
    int64_t n = -1;
    OK(c, db_one_int(c, sql, NULL, 0, &n, NULL));
    return n;
}

/* As the two programs before this one left it: without beginnings (1000), with them (1001), both without age in the index. */
static bool make_old_words(Ctx *c, void *arg)
{
    const SqlText *statistics = arg;
    return db_exec(c, *statistics, NULL, 0) &&
           db_exec(c, SQL("DROP INDEX ix_search_lead"), NULL, 0) &&
           db_exec(c, SQL("CREATE INDEX ix_search_lead ON search_lead USING gin (tokens)"), NULL,
                   0) &&
           db_exec(c, SQL("DELETE FROM search_lead"), NULL, 0) &&
           db_exec(c,
                   SQL("INSERT INTO search_lead (id, tokens) VALUES (1, CAST('''~hwk'' ''~hua'' "
                       "''@~bo'' ''华'' ''x\\\\y''' AS tsvector)), (2, CAST('''~h'' ''~~hwei'' "
                       "''#12''' AS tsvector)), (3, CAST('' AS tsvector))"),
                   NULL, 0);
}

/* The ids that a word finds, as one number: 13 for 1 and 3. */
static int64_t found_by(Ctx *c, const char *word)
{
    const SearchSpan span = {.from = SEARCH_ALL, .limit = 10};
    Sql q;
    int64_t all = 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT id FROM "));
    sql_search_match(c, &q, "lead", &word, 1, &span);
    sql_add(&q, SQL(" AS s ORDER BY id"));
    DbRows *r = sql_query(c, &q);
    OK(c, r != NULL);
    while (db_step(r))
        all = all * 10 + db_int(r, 0);
    OK(c, c->n_err == 0);
    return all;
}

/* Documents of an older program get their beginnings of two letters, and the index their age, once. */
static void old_words(Ctx *c, SqlText statistics)
{
    const char *const *steps;
    OK(c, db_write(c, make_old_words, &statistics));
    assert_int_equal(found_by(c, "~hw*"), 0);
    OK(c, migrate_run(c, &v1, true, &steps));
    assert_int_equal(count(steps), 5);
    OK(c, migrate_run(c, &v1, false, NULL));
    static const struct {
        const char *word;
        int64_t ids;
    } rows[] = {{"~hw*", 1}, {"~hu*", 1}, {"@~bo*", 1}, {"~bo*", 0}, {"~h", 2},
                {"~hwk", 1}, {"华", 1},   {"#12", 2},   {"x\\y", 1}, {"~~hw*", 2}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(found_by(c, rows[i].word), rows[i].ids);
    assert_int_equal(one_int(c, SQL("SELECT indnatts FROM pg_index WHERE indexrelid = "
                                    "CAST('ix_search_lead' AS regclass)")),
                     2);
    OK(c, migrate_run(c, &v1, true, &steps));
    assert_int_equal(count(steps), 0);
}

static void test_search_made_anew(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    const char *const *steps;
    OK(c, migrate_run(c, &v1, false, NULL));
    if (db_is_pg(c->db)) {
        old_words(c, SQL("ALTER TABLE search_lead ALTER COLUMN tokens SET STATISTICS 1000"));
        old_words(c, SQL("ALTER TABLE search_lead ALTER COLUMN tokens SET STATISTICS 1001"));
        t_end(t);
        return;
    }
    OK(c, db_write(c, make_old_search, NULL));
    OK(c, db_write(c, leave_half, NULL)); /* as a kill leaves it */
    OK(c, migrate_run(c, &v1, true, &steps));
    assert_int_equal(count(steps), 1);
    assert_non_null(strstr(steps[0], "search_lead"));
    OK(c, migrate_run(c, &v1, false, NULL));
    assert_int_equal(one_int(c, SQL("SELECT count(*) FROM search_lead")), 20500);
    assert_int_equal(
        one_int(c, SQL("SELECT count(*) FROM search_lead WHERE search_lead MATCH '\"wor\" *'")),
        20500);
    assert_int_equal(
        one_int(c, SQL("SELECT max(rowid) FROM search_lead WHERE search_lead MATCH 'word7'")),
        20407 * 3);
    assert_int_equal(one_int(c, SQL("SELECT count(*) FROM sqlite_schema WHERE name LIKE "
                                    "'search_rebuilt%'")),
                     0);
    assert_int_equal(one_int(c, SQL("SELECT count(*) FROM schema_ledger WHERE what = 'search_lead "
                                    "made anew'")),
                     1);
    OK(c, migrate_run(c, &v1, true, &steps));
    assert_int_equal(count(steps), 0);
    t_end(t);
}

static void test_migrate(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    const char *const *steps;
    OK(c, migrate_check(c, 1));
    OK(c, migrate_run(c, &v1, true, &steps));
    int planned = count(steps);
    assert_true(planned >= 9);
    OK(c, migrate_run(c, &v1, true, &steps)); /* dry: nothing happened */
    assert_int_equal(count(steps), planned);
    OK(c, migrate_run(c, &v1, false, &steps));
    assert_int_equal(count(steps), planned);
    int n_sql = c->n_sql;
    OK(c, migrate_run(c, &v1, false, &steps));
    assert_int_equal(count(steps), 0);
    assert_true(c->n_sql - n_sql <= 3); /* a start of an up-to-date database costs three reads */
    assert_int_equal(t_int(c, "SELECT count(*) FROM schema_ledger"), planned + 1);

    OK(c, t_do(c, "INSERT INTO lead (id, name, budget) VALUES (1, '甲', 5)"));
    OK(c, t_do(c, "INSERT INTO pair (a, b) VALUES ('k', 1)"));
    assert_false(t_do(c, "INSERT INTO pair (a, b) VALUES (NULL, 2)"));
    assert_int_equal(c->err->code, ERR_REQUIRED);
    assert_false(t_do(c, "INSERT INTO lead (id) VALUES (2)"));
    ctx_errors_back_to(c, 0);

    OK(c, migrate_run(c, &v2, false, &steps));
    assert_int_equal(count(steps), 5);
    int64_t n;
    OK(c, db_one_int(c,
                     SQL("SELECT count(*) FROM lead WHERE title = '甲' AND flag = 0 AND rate < 0 "
                         "AND number IS NULL"),
                     NULL, 0, &n, NULL));
    assert_int_equal(n, 1);
    OK(c, t_do(c, "UPDATE lead SET number = 'L1'"));
    OK(c, t_do(c, "INSERT INTO lead (id, title, number, deleted_at) VALUES (2, 'b', 'L1', 9)"));
    assert_false(t_do(c, "UPDATE lead SET deleted_at = NULL"));
    assert_int_equal(c->err->code, ERR_DUPLICATE);
    assert_string_equal(c->err->field, "number");
    ctx_errors_back_to(c, 0);

    /* the older program refuses, by name, and changes nothing */
    assert_false(migrate_check(c, 1));
    assert_int_equal(c->err->code, ERR_CONFLICT);
    ctx_errors_back_to(c, 0);
    assert_false(migrate_run(c, &v1, false, NULL));
    ctx_errors_back_to(c, 0);
    OK(c, migrate_check(c, 2));
    t_end(t);
}

static bool types_hold(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("INSERT INTO lead (id, name, budget) VALUES (3, 'x', 'abc')"), NULL, 0);
}

static void test_strict(void **state)
{
    (void)state;
    T *t = t_new();
    OK(&t->c, migrate_run(&t->c, &v1, false, NULL));
    assert_false(db_write(&t->c, types_hold, NULL));
    t_end(t);
}

static pthread_barrier_t at_once;

static void *starter(void *arg)
{
    T *t = t_new();
    Db *db;
    DbOptions o = t_options();
    bool ok = db_open(&t->c, &o, &db);
    pthread_barrier_wait(&at_once);
    ok = ok && migrate_run(&t->c, arg, false, NULL);
    if (!ok)
        t_show(&t->c);
    t_end(t);
    db_close(db);
    return (void *)(intptr_t)ok;
}

/* Several processes start at the same moment. */
static void test_together(void **state)
{
    (void)state;
    pthread_t th[4];
    pthread_barrier_init(&at_once, NULL, 4);
    for (int i = 0; i < 4; i++)
        pthread_create(&th[i], NULL, starter, (void *)(uintptr_t)&v2);
    for (int i = 0; i < 4; i++) {
        void *ok;
        pthread_join(th[i], &ok);
        assert_true((intptr_t)ok);
    }
    pthread_barrier_destroy(&at_once);
    T *t = t_new();
    assert_int_equal(t_int(&t->c, "SELECT count(*) FROM (SELECT what FROM schema_ledger WHERE what "
                                  "NOT LIKE 'format%' GROUP BY what HAVING count(*) > 1) AS d"),
                     0);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {DB_TEST(test_migrate), DB_TEST(test_search_made_anew),
                                       DB_TEST(test_strict), DB_TEST(test_together)};
    return db_tests(tests);
}
