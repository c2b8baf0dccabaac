/* Rows of the house's own entities: who made them, which words find them, and nothing of a row that failed. */
#include "access_rows.h"
#include "faults.h"

typedef struct Work {
    const Entity *e;
    int64_t id;
    const RowSet *set;
    size_t n;
    bool (*how)(Ctx *c, const Entity *e, int64_t id, const RowSet *set, size_t n);
} Work;

static bool work(Ctx *c, void *arg)
{
    const Work *w = arg;
    return w->how(c, w->e, w->id, w->set, w->n);
}

static bool write_it(Ctx *c, void *arg)
{
    return db_write(c, work, arg);
}

static int64_t one(Ctx *c, SqlText sql, int64_t id)
{
    DbVal p[] = {db_of_int(id)};
    int64_t n = -1;
    OK(c, db_one_int(c, sql, p, 1, &n, NULL));
    return n;
}

static bool has_word(Ctx *c, const char *entity, int64_t id, const char *word)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT COUNT(*) FROM "));
    sql_name(&q, entity);
    sql_add(&q, SQL(" AS t WHERE t.id = "));
    sql_bind(&q, db_of_int(id));
    sql_add(&q, SQL(" AND "));
    sql_search_has(c, &q, entity, "t", &word, 1);
    DbRows *r = sql_query(c, &q);
    assert_non_null(r);
    bool has = db_step(r) && db_int(r, 0) > 0;
    db_done(r);
    return has;
}

/* The program and whoever is not known yet leave no name; a person does, with the way he came by. */
static void who_made_it(void **state)
{
    (void)state;
    static const struct {
        const char *login, *origin;
    } cases[] = {{NULL, "system"}, {"", "system"}, {"boss", "web"}};
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t by = 0;
        if (cases[i].login && *cases[i].login) {
            by = house_as(&c, a, cases[i].login)->user;
        } else {
            house_ctx(&c, a);
            c.actor = cases[i].login ? c.actor : NULL;
        }
        const RowSet set[] = {
            {"login", db_of_text(arena_printf(a, "made%zu", i))},
            {"name", db_of_text("新人")},
            {"roles", db_of_int(1)}, /* a field without a column, and one there is not */
            {"nothing", db_of_int(1)}};
        Work w = {model_entity(c.model, "user"), id_new(), set, 4, row_insert};
        OK(&c, db_write(&c, work, &w));
        DbVal p[] = {db_of_int(w.id)};
        const char *origin = NULL;
        bool found;
        OK(&c, db_one_text(&c, SQL("SELECT origin FROM \"user\" WHERE id = $1"), p, 1, &origin,
                           &found));
        assert_string_equal(origin, cases[i].origin);
        assert_int_equal(
            one(&c, SQL("SELECT COALESCE(created_by_id, 0) FROM \"user\" WHERE id = $1"), w.id),
            by);
        assert_true(has_word(&c, "user", w.id, arena_printf(a, "made%zu", i)));
    }
    house_end(a);
}

/* Words of personal fields are marked, so that they are found apart; fields that are no longer in use give none. */
static void words(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t cust = customer(&c, "rep");
    const RowSet set[] = {{"name", db_of_text("王芳")},
                          {"email", db_of_text("wf77b@example.cn")},
                          {"mobile", db_of_text("13900139000")},
                          {"customer", db_of_int(cust)}};
    int64_t id = house_insert(&c, "contact", set, 4);
    assert_true(has_word(&c, "contact", id, "#wf77b"));
    assert_false(has_word(&c, "contact", id, "wf77b"));
    assert_true(has_word(&c, "contact", id, "#13900139000"));
    Entity e = *model_entity(c.model, "user");
    Field *fields = ARENA_ARRAY(a, e.n_fields, Field);
    memcpy(fields, e.fields, (size_t)e.n_fields * sizeof *fields);
    e.fields = fields;
    const RowSet person[] = {{"login", db_of_text("wd1y")},
                             {"name", db_of_text("词语")},
                             {"staff_no", db_of_text("zk4711")}};
    for (int off = 0; off < 3; off++) {
        for (int i = 0; i < e.n_fields; i++)
            if (strcmp(fields[i].name, "staff_no") == 0) {
                fields[i].retired = off == 1;
                fields[i].column = off == 2 ? NULL : "staff_no";
            }
        Work w = {&e, id_new(), person, 3, row_insert};
        OK(&c, db_write(&c, work, &w));
        assert_int_equal(has_word(&c, "user", w.id, "zk4711"), off == 0);
        assert_true(has_word(&c, "user", w.id, "wd1y"));
        const RowSet other[] = {{"login", db_of_text(arena_printf(a, "was%d", off))},
                                {"staff_no", db_null()}};
        Work rename = {model_entity(c.model, "user"), w.id, other, 2, row_update};
        OK(&c, db_write(&c, work, &rename));
        assert_false(has_word(&c, "user", w.id, "wd1y"));
        assert_int_equal(one(&c, SQL("SELECT version FROM \"user\" WHERE id = $1"), w.id), 2);
    }
    house_end(a);
}

/* Whichever statement fails, there is neither a row nor half of a change. */
static void each_fails(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    const RowSet set[] = {{"login", db_of_text("failing")}, {"name", db_of_text("失败")}},
                 renamed[] = {{"name", db_of_text("改名")}};
    Work insert = {model_entity(c.model, "user"), id_new(), set, 2, row_insert},
         update = {insert.e, insert.id, renamed, 1, row_update},
         touch = {insert.e, insert.id, renamed, 1, row_touch};
    assert_true(faults_each(write_it, &insert) >= 4);
    assert_int_equal(one(&c, SQL("SELECT version FROM \"user\" WHERE id = $1"), insert.id), 1);
    assert_false(db_write(&c, work, &insert)); /* its login is taken */
    house_ctx(&c, a);
    assert_true(faults_each(write_it, &update) >= 4);
    assert_int_equal(one(&c, SQL("SELECT version FROM \"user\" WHERE id = $1"), insert.id), 2);
    assert_true(faults_each(write_it, &touch) >= 4);
    assert_int_equal(one(&c, SQL("SELECT version FROM \"user\" WHERE id = $1"), insert.id), 2);
    house_end(a);
}

static void folded(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    assert_string_equal(row_fold(&c, "user", "login", "Ｂoss"), "boss");
    assert_string_equal(row_fold(&c, "user", "login", NULL), "");
    house_end(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_made_it),
        cmocka_unit_test(words),
        cmocka_unit_test(each_fails),
        cmocka_unit_test(folded),
    };
    return house_run(tests, house_open);
}
