/* db/sql.h: the builder; search that finds the same on both engines. */
#include "helper.h"

static bool make(Ctx *c, void *arg)
{
    (void)arg;
    static const PlanColumn cols[] = {{.name = "id", .type = COL_INT},
                                      {.name = "name", .type = COL_TEXT},
                                      {.name = "flag", .type = COL_BOOL}};
    static const PlanTable table = {
        .name = "thing", .columns = cols, .n_columns = 3, .search = true};
    return migrate_table(c, &table);
}

typedef struct Words {
    int64_t id;
    const char *tokens;
    bool is_new;
} Words;

static bool put(Ctx *c, void *arg)
{
    const Words *w = arg;
    return w->tokens ? sql_search_put(c, "thing", w->id, w->tokens, w->is_new)
                     : sql_search_remove(c, "thing", w->id);
}

static bool put_row(Ctx *c, void *arg)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("INSERT INTO "));
    sql_name(&q, "thing");
    sql_add(&q, SQL(" (id, name, flag) VALUES ("));
    sql_bind(&q, db_of_int(*(int *)arg));
    sql_add(&q, SQL(", "));
    sql_bind(&q, db_of_text(*(int *)arg % 2 ? "奇" : "偶"));
    sql_add(&q, SQL(", "));
    sql_bind(&q, db_of_int(*(int *)arg % 2));
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q);
}

static const Plan no_plan = {.n = 0, .format = 1, .program = "test"};

static void test_builder(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    OK(c, db_write(c, make, NULL));
    for (int i = 1; i <= 30; i++)
        OK(c, db_write(c, put_row, &i));
    int64_t ids[40];
    for (int i = 0; i < 40; i++)
        ids[i] = i;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT count(*) FROM "));
    sql_name(&q, "thing");
    sql_add(&q, SQL(" AS t WHERE "));
    sql_col(&q, "t", "id");
    sql_add(&q, SQL(" IN "));
    sql_bind_ids(&q, ids, 21);
    sql_add(&q, SQL(" AND "));
    sql_col(&q, NULL, "flag");
    sql_add(&q, SQL(" = "));
    sql_bind(&q, db_of_int(1));
    sql_add(&q, SQL(" LIMIT "));
    sql_number(&q, 5);
    assert_string_equal(strstr(sql_text(&q).text, " AND "), " AND \"flag\" = $22 LIMIT 5");
    DbRows *r = sql_query(c, &q);
    OK(c, r && db_step(r));
    assert_int_equal(db_int(r, 0), 10);
    db_done(r);
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT count(*) FROM thing WHERE id IN "));
    sql_bind_ids(&q, NULL, 0);
    r = sql_query(c, &q);
    OK(c, r && db_step(r));
    assert_int_equal(db_int(r, 0), 0);
    t_end(t);
}

/* The ids found, joined: "9,7,". */
static const char *found(Ctx *c, int limit, int n, const char *const *words)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT id FROM thing WHERE id IN "));
    SearchSpan span = {.from = SEARCH_ALL, .limit = limit};
    sql_search_match(c, &q, "thing", words, n, &span);
    sql_add(&q, SQL(" ORDER BY id DESC"));
    DbRows *r = sql_query(c, &q);
    OK(c, r != NULL);
    Buf b;
    buf_init(&b, c->a);
    while (db_step(r)) {
        buf_i64(&b, db_int(r, 0));
        buf_putc(&b, ',');
    }
    OK(c, c->n_err == 0);
    return b.data;
}

#define FIND(limit, ...)                                                                           \
    found(c, limit, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                 \
          (const char *const[]){__VA_ARGS__})

static void test_search(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    OK(c, db_write(c, make, NULL));
    for (int i = 1; i <= 11; i++)
        OK(c, db_write(c, put_row, &i));
    const Words all[] = {
        {1, "华 华为 为 为技 ~hua ~huawei ~hw #8000 CUS20261121001", true},
        {2, "华 华润 ~hua ~huarun ~hr #8001 cus20261121002", true},
        {3, "a&b a.b@c.com c++ back\\slash semi;colon (x) [y] {z} :* p:q !no |or <lt>", true},
        {4, "naïve 𠮷野家 ☃ emoji😀 café ÀÉ @~huan @~hu ~abc ~~xy", true},
        {5, "it's \"quoted\" tab\tbed\nnew  double", true},
        {6, "", true},
        {7, "~ # * ^caret -minus +plus x^2 100% a_b", true},
        {10, "bel\x01oud", true}, /* nothing else to be cleaned away */
        {11, "was\x7fhed", true},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        OK(c, db_write(c, put, (void *)(uintptr_t)&all[i]));
    assert_string_equal(FIND(10, "华为"), "1,");
    assert_string_equal(FIND(10, "华"), "2,1,");
    assert_string_equal(FIND(1, "华"), "2,");
    assert_string_equal(FIND(10, "华", "~hr"), "2,");
    assert_string_equal(FIND(10, "~hua"), "2,1,");
    assert_string_equal(FIND(10, "~huaw*"), "1,");
    assert_string_equal(FIND(10, "~hu*"),
                        "2,1,"); /* beginnings of two letters: a word of its own on PostgreSQL */
    assert_string_equal(FIND(10, "~hr*"), "2,");
    assert_string_equal(FIND(10, "~hx*"), "");
    assert_string_equal(FIND(10, "@~hu*"), "4,");
    assert_string_equal(FIND(10, "@~hu*", "~ab*"), "4,");
    assert_string_equal(FIND(10, "@~ab*"), "");
    assert_string_equal(FIND(10, "hua"), "");
    assert_string_equal(FIND(10, "hua*"), "");
    assert_string_equal(FIND(10, "#80*"), "2,1,");
    assert_string_equal(FIND(10, "#8000"), "1,");
    assert_string_equal(FIND(10, "8000"), "");
    assert_string_equal(FIND(10, "cus20261121001"), "1,");
    assert_string_equal(FIND(10, "CUS2026*"), "2,1,");
    assert_string_equal(FIND(10, "a&b"), "3,");
    assert_string_equal(FIND(10, "a.b@c.com", "c++", "back\\slash", "semi;colon", "(x)"), "3,");
    assert_string_equal(FIND(10, "[y]", "{z}", "p:q", "!no", "|or", "<lt>"), "3,");
    assert_string_equal(FIND(10, "a"), "");
    assert_string_equal(FIND(10, "back\\*"), "3,");
    assert_string_equal(FIND(10, "naïve"), "4,");
    assert_string_equal(FIND(10, "naive"), "");
    assert_string_equal(FIND(10, "cafe"), "");
    assert_string_equal(FIND(10, "ÀÉ"), "4,");
    assert_string_equal(FIND(10, "àé"), "");
    assert_string_equal(FIND(10, "𠮷*"), "4,");
    assert_string_equal(FIND(10, "emoji😀"), "4,");
    assert_string_equal(FIND(10, "☃"), "4,");
    assert_string_equal(FIND(10, "its", "quoted", "tabbednew", "double"), "5,");
    assert_string_equal(FIND(10, "it's"), "5,");
    assert_string_equal(FIND(10, "beloud"), "10,");
    assert_string_equal(FIND(10, "washed"), "11,");
    assert_string_equal(FIND(10, "^caret", "-minus", "+plus", "x^2", "100%", "a_b", "~"), "7,");
    assert_string_equal(FIND(10, "*"), "");
    assert_string_equal(FIND(10, ""), "");
    assert_string_equal(FIND(10, "' OR 1=1"), "");
    assert_string_equal(FIND(10, "\" OR tokens:\""), "");
    assert_string_equal(FIND(10, "AND"), "");
    assert_string_equal(found(c, 10, 0, NULL), "");

    char *longer = arena_alloc(t->a, 400);
    memset(longer, 'x', 253);
    memcpy(longer + 253, "华华 tail", strlen("华华 tail") + 1);
    Words w = {8, longer, true};
    OK(c, db_write(c, put, &w));
    assert_string_equal(FIND(10, "tail"), "8,");
    longer[259] = 0;
    assert_string_equal(FIND(10, longer), "8,");

    w = (Words){1, "联想 lenovo", false};
    OK(c, db_write(c, put, &w));
    assert_string_equal(FIND(10, "华为"), "");
    assert_string_equal(FIND(10, "lenovo"), "1,");
    OK(c, db_write(c, put, &w));
    w = (Words){9, "fresh", false}; /* not new by word, absent in fact */
    OK(c, db_write(c, put, &w));
    assert_string_equal(FIND(10, "fresh"), "9,");
    w = (Words){2, NULL, false};
    OK(c, db_write(c, put, &w));
    assert_string_equal(FIND(10, "华"), "");
    t_end(t);
}

/* Segments of the search table: what search_tend.c reads, by another way. */
static int64_t segments(Ctx *c)
{
    int64_t n = 0;
    db_release(c);
    OK(c, db_one_int(c, (SqlText){"SELECT count(DISTINCT segid) FROM search_thing_idx"}, NULL, 0,
                     &n, NULL));
    return n;
}

/* Each commit leaves a segment; care merges them in small steps, and whatever was found is found afterwards. */
static void test_tend(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    SearchTend tend = {0};
    OK(c, migrate_run(c, &no_plan, false, NULL));
    OK(c, db_write(c, make, NULL));
    OK(c, sql_search_tend(c, "thing", false, &tend)); /* nothing is there yet */
    assert_false(tend.more);
    for (int i = 1; i <= 9; i++)
        OK(c, db_write(c, put_row, &i));
    for (int64_t i = 1; i <= 150; i++) {
        char *words = arena_printf(c->a, "all each%" PRId64, i % 10);
        Words w = {100 + i, words, true};
        OK(c, db_write(c, put, &w));
        for (int64_t k = 0; k < 40;
             k++) { /* a commit of one page leaves no room for a segment's worth */
            Words more = {1000 + i * 40 + k, arena_printf(c->a, "w%" PRId64 " v%" PRId64, i, k),
                          true};
            if (k % 8 == 0)
                OK(c, db_write(c, put, &more));
        }
    }
    for (int64_t i = 1; i <= 100; i++) {
        Words gone = {100 + i, NULL, false};
        OK(c, db_write(c, put, &gone));
    }
    int64_t before = db_is_pg(c->db) ? 0 : segments(c), steps = 0;
    OK(c, sql_search_tend(c, "thing", false, &tend));
    for (; tend.more; steps++) {
        assert_true(steps < 10000);
        OK(c, sql_search_tend(c, "thing", true, &tend));
        assert_true(tend.pace.size >= 1 && tend.pace.size <= 1000);
    }
    if (!db_is_pg(c->db)) {
        assert_true(before >= 10);
        assert_true(segments(c) < 10);
    }
    const char *const all[] = {"all"}, *const each[] = {"each*"};
    Sql q;
    for (int i = 0; i < 2; i++) {
        SearchSpan span = {.from = SEARCH_ALL, .limit = 1000};
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT count(*), min(id), max(id) FROM "));
        sql_search_match(c, &q, "thing", i ? each : all, 1, &span);
        sql_add(&q, SQL(" AS s"));
        DbRows *r = sql_query(c, &q);
        OK(c, r && db_step(r));
        assert_int_equal(db_int(r, 0), 50);
        assert_int_equal(db_int(r, 1), 201);
        assert_int_equal(db_int(r, 2), 250);
        db_done(r);
    }
    OK(c, sql_search_tend(c, "thing", false, &tend)); /* done is done */
    assert_false(tend.more);
    t_end(t);
}

/* Ids of a cursor: all of them behind those that are there, or as many as are wanted; a failed query is none. */
static void test_ids(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    DbIds ids = {0};
    int64_t some[3] = {0};
    int n = 7;
    OK(c, migrate_run(c, &no_plan, false, NULL) && db_write(c, make, NULL));
    for (int i = 1; i <= 20; i++)
        OK(c, db_write(c, put_row, &i));
    const SqlText all = SQL("SELECT \"id\" FROM \"thing\" ORDER BY \"id\""),
                  none = SQL("SELECT \"id\" FROM \"thing\" WHERE \"id\" > 90"),
                  wrong = SQL("SELECT \"id\" FROM \"nothing\"");
    OK(c, db_ids(c, db_query(c, none, NULL, 0), &ids));
    assert_int_equal(ids.n, 0);
    OK(c, db_ids(c, db_query(c, all, NULL, 0), &ids));
    OK(c, db_ids(c, db_query(c, all, NULL, 0), &ids));
    assert_int_equal(ids.n, 40);
    assert_int_equal(ids.items[19], 20);
    assert_int_equal(ids.items[20], 1);
    OK(c, db_ids_most(c, db_query(c, all, NULL, 0), some, 3, &n));
    assert_int_equal(n, 3);
    assert_int_equal(some[2], 3);
    OK(c, db_ids_most(c, db_query(c, none, NULL, 0), some, 3, &n));
    assert_int_equal(n, 0);
    assert_false(db_ids(c, db_query(c, wrong, NULL, 0), &ids));
    assert_int_equal(ids.n, 40);
    assert_int_equal(c->n_err, 1);
    ctx_errors_back_to(c, 0);
    assert_false(db_ids_most(c, db_query(c, wrong, NULL, 0), some, 3, &n));
    assert_int_equal(n, 0);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {DB_TEST(test_builder), DB_TEST(test_search),
                                       DB_TEST(test_tend), DB_TEST(test_ids)};
    return db_tests(tests);
}
