/* Filters on both engines: the plan of the whole model is carried out, rows are written with their companion
   columns, and each filter must give the rows named, its "not" all others; and the same in memory. */
#include "../db/helper.h"

#include "meta/filter.h"
#include "meta/plan.h"
#include "meta_model.h"

static const char *const rows[] = {
    "{\"id\": 1, \"s\": \"华为\", \"raw\": \"abc\", \"i\": 5, \"d\": \"1.500\", \"f\": 1.5, \"m\": "
    "\"100.00\", \"day\": \"2026-11-21\", \"at\": \"2026-11-21T08:00:00Z\", \"b\": true, \"o\": "
    "\"a\", \"mo\": [\"a\"], \"ph\": \"13800138000\", \"l\": 11, \"r\": 330106, \"owner\": 7}",
    "{\"id\": 2, \"s\": \"Huawei\", \"raw\": \"xyz\", \"i\": 10, \"day\": \"2026-11-20\", \"at\": "
    "\"2026-11-20T16:00:00Z\", \"b\": false, \"o\": \"b_c\", \"mo\": [\"a\", \"b_c\"], \"ph\": "
    "\"010-62345678\", \"l\": 12, \"up\": 1, \"r\": 330100, \"owner\": 8}",
    "{\"id\": 3, \"s\": \"50%_\\\\x\", \"i\": 0, \"m\": \"0.01\", \"day\": \"2026-10-31\", \"at\": "
    "\"2026-11-20T15:59:59Z\", \"up\": 2, \"r\": 440305}",
    "{\"id\": 4}",
    "{\"id\": 5, \"s\": \"ZOË\", \"t\": \"第一行\\n第二行\", \"day\": \"2025-11-21\", \"at\": "
    "\"2026-01-01T00:00:00Z\", \"j\": {\"a\": 1}, \"up\": 4, \"kind\": \"customer\", \"what\": 11}",
};
enum { N_ROWS = sizeof rows / sizeof *rows };

typedef struct Box {
    const Model *m;
    DbVal *values[N_ROWS];
} Box;

static void parse_row(Ctx *c, const Entity *e, const char *text, DbVal *v)
{
    json_object *o;
    OK(c, json_read(c, text, strlen(text), &o));
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        json_object *in;
        v[i] = db_null();
        if (f->column && json_object_object_get_ex(o, f->name, &in))
            OK(c, type_ops(f->type)->from_json(c, f, in, &v[i]));
    }
}

static void put(Sql *q, Sql *vals, const char *col, DbVal v)
{
    if (v.kind == DB_NULL)
        return;
    sql_add(q, SQL(", "));
    sql_col(q, NULL, col);
    sql_add(vals, SQL(", "));
    sql_bind(vals, v);
}

static bool insert(Ctx *c, const Entity *e, const DbVal *v)
{
    Sql q, vals;
    sql_init(&q, c->a);
    sql_init(&vals, c->a);
    for (int i = 1; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!f->column)
            continue;
        put(&q, &vals, f->column, v[i]);
        if (f->fold)
            put(&q, &vals, arena_printf(c->a, "%s_f", f->column), type_fold(c->a, f, &v[i]));
    }
    char *text = arena_printf(c->a, "INSERT INTO \"%s\" (\"id\"%s) VALUES (%lld%s)", e->name,
                              q.text.data, (long long)v[0].i, vals.text.data);
    return db_exec(c, (SqlText){text}, vals.params, vals.n);
}

static bool fill(Ctx *c, void *arg)
{
    Box *b = arg;
    const Entity *e = model_entity(b->m, "probe");
    for (int i = 0; i < N_ROWS; i++)
        if (!insert(c, e, b->values[i]))
            return false;
    static const char *const more[] = {
        "INSERT INTO \"rel_probe_lm\" (\"id\", \"target\") VALUES (1, 7), (1, 8), (2, 8)",
        "INSERT INTO \"customer\" (\"id\", \"name\", \"name_f\", \"industry\") VALUES (11, 'A', "
        "'a', 'it'), (12, 'B', 'b', 'retail')",
        "INSERT INTO \"customer\" (\"id\", \"name\", \"name_f\", \"industry\", \"deleted_at\") "
        "VALUES (13, 'C', 'c', 'it', 1)",
        "INSERT INTO \"department\" (\"id\", \"name\", \"path\") VALUES (1, 'root', '/1/'), (2, "
        "'kid', '/1/2/'), (12, 'no kid', '/12/')",
        "INSERT INTO \"record_share\" (\"id\", \"entity\", \"record_id\", \"user_id\", "
        "\"can_write\", \"at\") VALUES (1, 'probe', 4, 7, 0, 1)",
        "UPDATE \"probe\" SET \"owner_department_id\" = 2 WHERE \"id\" = 1",
        "UPDATE \"probe\" SET \"owner_department_id\" = 12 WHERE \"id\" = 2",
    };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (!db_exec(c, (SqlText){more[i]}, NULL, 0))
            return false;
    return true;
}

static const char *ids_of(Ctx *c, const Entity *e, const Filter *f)
{
    Sql q;
    Buf b;
    sql_init(&q, c->a);
    buf_init(&b, c->a);
    sql_add(&q, SQL("SELECT t.\"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t WHERE "));
    filter_sql(c, &q, e, "t", f);
    sql_add(&q, SQL(" ORDER BY t.\"id\""));
    DbRows *r = sql_query(c, &q);
    if (!r)
        fail_msg("%s", q.text.data);
    while (db_step(r))
        buf_printf(&b, "%s%lld", b.len ? " " : "", (long long)db_int(r, 0));
    db_done(r);
    if (c->n_err) {
        t_show(c);
        fail_msg("%s", q.text.data);
    }
    return b.data;
}

static bool in_memory(const Filter *f)
{
    if (f->kind == FILTER_VIA || f->kind == FILTER_SHARED ||
        (f->kind == FILTER_LEAF && (f->op == OP_UNDER || f->field->type == FT_LINK_MANY)))
        return false;
    for (int i = 0; i < f->n_kids; i++)
        if (!in_memory(f->kids[i]))
            return false;
    return true;
}

static void test_rows(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    c->zone = "Asia/Shanghai";
    OK(c, clock_parse_rfc3339("2026-11-21T10:00:00Z", &c->now_ms));
    Box b = {.m = probe_model(c)};
    if (!b.m)
        fail_msg("%s", c->err->message);
    c->model = b.m;
    const Entity *e = model_entity(b.m, "probe");
    Plan *plan = plan_of_model(c->a, b.m);
    const char *const *steps;
    OK(c, migrate_run(c, plan, false, &steps));
    OK(c, migrate_run(c, plan, false, &steps));
    assert_null(steps[0]); /* carried out once, there is nothing left to do */
    for (int i = 0; i < N_ROWS; i++) {
        b.values[i] = ARENA_ARRAY(c->a, e->n_fields, DbVal);
        parse_row(c, e, rows[i], b.values[i]);
    }
    OK(c, db_write(c, fill, &b));
    static const struct {
        const char *filter, *want;
    } cases[] = {
        {"[]", "1 2 3 4 5"},
        {"null", "1 2 3 4 5"},
        {"[\"s\", \"=\", \"ＨＵＡＷＥＩ\"]", "2"},
        {"[\"s\", \"!=\", \"huawei\"]", "1 3 4 5"},
        {"[\"s\", \"contains\", \"为\"]", "1"},
        {"[\"s\", \"contains\", \"AWE\"]", "2"},
        {"[\"s\", \"contains\", \"%\"]", "3"},
        {"[\"s\", \"contains\", \"_\\\\\"]", "3"},
        {"[\"s\", \"starts\", \"hu\"]", "2"},
        {"[\"s\", \"=\", \"zoë\"]", "5"},
        {"[\"s\", \"in\", [\"华为\", \"HUAWEI\"]]", "1 2"},
        {"[\"s\", \"not_in\", [\"华为\", \"HUAWEI\"]]", "3 4 5"},
        {"[\"s\", \"is_null\"]", "4"},
        {"[\"s\", \"not_null\"]", "1 2 3 5"},
        {"[\"s\", \"=\", null]", "4"},
        {"[\"s\", \"!=\", null]", "1 2 3 5"},
        {"[\"s\", \"in\", [\"华为\", null]]", "1 4"},
        {"[\"s\", \"not_in\", [\"华为\", null]]", "2 3 5"},
        {"[\"s\", \"in\", []]", ""},
        {"[\"s\", \"not_in\", []]", "1 2 3 4 5"},
        {"[\"raw\", \"=\", \"abc\"]", "1"},
        {"[\"t\", \"contains\", \"第二\"]", "5"},
        {"[\"i\", \">\", 0]", "1 2"},
        {"[\"i\", \">=\", 0]", "1 2 3"},
        {"[\"i\", \"<\", 5]", "3"},
        {"[\"i\", \"<=\", 5]", "1 3"},
        {"[\"i\", \"between\", [1, 9]]", "1"},
        {"[\"i\", \"!=\", 5]", "2 3 4 5"},
        {"[\"d\", \"=\", \"1.5\"]", "1"},
        {"[\"m\", \"<\", \"1\"]", "3"},
        {"[\"f\", \">\", 1]", "1"},
        {"[\"b\", \"=\", true]", "1"},
        {"[\"b\", \"!=\", true]", "2 3 4 5"},
        {"[\"o\", \"=\", \"a\"]", "1"},
        {"[\"o\", \"in\", [\"a\", \"b_c\"]]", "1 2"},
        {"[\"mo\", \"contains\", \"b_c\"]", "2"},
        {"[\"mo\", \"in\", [\"a\", \"b_c\"]]", "1 2"},
        {"[\"mo\", \"not_in\", [\"b_c\"]]", "1 3 4 5"},
        {"[\"mo\", \"is_null\"]", "3 4 5"},
        {"[\"ph\", \"contains\", \"8000\"]", "1"},
        {"[\"ph\", \"=\", \"138-0013-8000\"]", "1"},
        {"[\"ph\", \"starts\", \"010 6234\"]", "2"},
        {"[\"day\", \"=\", \"2026-11-21\"]", "1"},
        {"[\"day\", \"=\", \"today\"]", "1"},
        {"[\"day\", \"=\", \"yesterday\"]", "2"},
        {"[\"day\", \"=\", \"this_month\"]", "1 2"},
        {"[\"day\", \"=\", \"last_month\"]", "3"},
        {"[\"day\", \"=\", \"this_year\"]", "1 2 3"},
        {"[\"day\", \"<\", \"this_year\"]", "5"},
        {"[\"day\", \">\", \"last_month\"]", "1 2"},
        {"[\"day\", \"=\", \"-1y\"]", "5"},
        {"[\"day\", \">=\", \"-1d\"]", "1 2"},
        {"[\"day\", \"between\", [\"last_month\", \"yesterday\"]]", "2 3"},
        {"[\"day\", \"!=\", \"today\"]", "2 3 4 5"},
        {"[\"day\", \"=\", \"this_week\"]", "1 2"},
        {"[\"day\", \"in\", [\"today\", \"2025-11-21\"]]", "1 5"},
        {"[\"day\", \"in\", []]", ""},
        {"[\"day\", \"not_in\", []]", "1 2 3 4 5"},
        {"[\"at\", \"=\", \"2026-11-21\"]", "1 2"},
        {"[\"at\", \"<\", \"2026-11-21\"]", "3 5"},
        {"[\"at\", \"=\", \"today\"]", "1 2"},
        {"[\"at\", \">\", \"2026-11-20T16:00:00Z\"]", "1"},
        {"[\"at\", \">=\", \"-2h\"]", "1"},
        {"[\"at\", \"=\", \"yesterday\"]", "3"},
        {"[\"at\", \"=\", \"this_quarter\"]", "1 2 3"},
        {"[\"at\", \"<=\", \"now\"]", "1 2 3 5"},
        {"[\"at\", \"not_in\", [\"today\"]]", "3 4 5"},
        {"[\"owner\", \"=\", \"me\"]", "1"},
        {"[\"owner\", \"!=\", \"me\"]", "2 3 4 5"},
        {"[\"owner_department\", \"under\", 1]", "1"},
        {"[\"owner_department\", \"under\", \"my_department\"]", "1"},
        {"[\"owner_department\", \"under\", [2, 12]]", "1 2"},
        {"[\"up\", \"under\", 1]", "2 3"},
        {"[\"up\", \"under\", 4]", "5"},
        {"[\"r\", \"under\", 330000]", "1 2"},
        {"[\"r\", \"under\", 330100]", "1 2"},
        {"[\"r\", \"under\", 330106]", "1"},
        {"[\"r\", \"=\", 330100]", "2"},
        {"[\"r\", \"in\", [330106, 440305]]", "1 3"},
        {"[\"lm\", \"contains\", 8]", "1 2"},
        {"[\"lm\", \"contains\", \"me\"]", "1"},
        {"[\"lm\", \"in\", [7]]", "1"},
        {"[\"lm\", \"not_in\", [7]]", "2 3 4 5"},
        {"[\"lm\", \"is_null\"]", "3 4 5"},
        {"[\"lm\", \"not_null\"]", "1 2"},
        {"[\"l.industry\", \"=\", \"it\"]", "1"},
        {"[\"l.name\", \"contains\", \"B\"]", "2"},
        {"[\"up.l.industry\", \"=\", \"it\"]", "2"},
        {"[\"l\", \"in\", [11, 12]]", "1 2"},
        {"[\"j\", \"not_null\"]", "5"},
        {"[\"and\", [\"i\", \">\", 0], [\"o\", \"=\", \"a\"]]", "1"},
        {"[\"or\", [\"i\", \"=\", 0], [\"o\", \"=\", \"a\"]]", "1 3"},
        {"[\"not\", [\"or\", [\"i\", \"=\", 0], [\"o\", \"=\", \"a\"]]]", "2 4 5"},
        {"[\"id\", \"in\", [2, 4]]", "2 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Filter *f, *all = filter_true(c->a);
        if (!filter_parse_text(c, e, cases[i].filter, NULL, (FilterMe){.user = 7, .department = 1},
                               &f))
            fail_msg("%s: %s", cases[i].filter, c->err->message);
        const char *got = ids_of(c, e, f);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: wanted %s, got %s", cases[i].filter, cases[i].want, got);
        size_t both = strlen(ids_of(c, e, filter_not(c->a, f))) + strlen(got);
        size_t whole = strlen(ids_of(c, e, all));
        assert_true(both == whole || both + 1 == whole); /* the blank between them */
        filter_ready(c->a, f);                           /* changes nothing about the outcome */
        for (int k = 0; k < N_ROWS; k++) { /* what the record tells alone is never wrong */
            const char *id = arena_printf(c->a, "%d", k + 1);
            FilterKnown known = filter_known(c->a, f, b.values[k]);
            if (known != FILTER_UNSURE && (known == FILTER_YES) != (strstr(got, id) != NULL))
                fail_msg("%s: known of row %s is wrong", cases[i].filter, id);
            if (known == FILTER_UNSURE && in_memory(f))
                fail_msg("%s: unsure of row %s", cases[i].filter, id);
        }
        const char *may = ids_of(c, e, filter_possible(c->a, f));
        for (int k = 0; k < N_ROWS; k++)
            if ((filter_known(c->a, f, b.values[k]) != FILTER_NO) !=
                (strstr(may, arena_printf(c->a, "%d", k + 1)) != NULL))
                fail_msg("%s: possible of row %d is wrong: %s", cases[i].filter, k + 1, may);
        if (!in_memory(f))
            continue;
        Buf m;
        buf_init(&m, c->a);
        for (int k = 0; k < N_ROWS; k++)
            if (filter_holds(f, b.values[k]))
                buf_printf(&m, "%s%d", m.len ? " " : "", k + 1);
        if (strcmp(m.data, cases[i].want) != 0)
            fail_msg("in memory %s: wanted %s, got %s", cases[i].filter, cases[i].want, m.data);
    }
    int64_t two[] = {1, 5};
    assert_string_equal(ids_of(c, e, filter_ids(c->a, two, 2)), "1 5");
    assert_string_equal(ids_of(c, e, filter_shared(c->a, 7, c->now_ms, false)), "4");
    assert_string_equal(ids_of(c, e, filter_shared(c->a, 7, c->now_ms, true)), "");
    const Field *what = entity_field(e, "what");
    assert_string_equal(ids_of(c, e, filter_via(c->a, what, model_entity(b.m, "customer"), NULL)),
                        "5");
    assert_string_equal(ids_of(c, e, filter_via(c->a, what, model_entity(b.m, "contact"), NULL)),
                        "");
    db_release(c);
    model_release((void *)(uintptr_t)b.m);
    t_end(t);
}

static bool guard_field(Ctx *c, const Field *f, Filter **also)
{
    if (strcmp(f->name, "m") == 0)
        return ctx_fail(c, ERR_BAD_FILTER, f->name, "filter.no_field", f->name);
    if (strcmp(f->name, "ph") == 0) {
        DbVal v = db_of_int(7);
        *also = filter_leaf(c->a, entity_field(f->entity, "owner"), OP_EQ, &v, 1);
    }
    return true;
}

static bool guard_scope(Ctx *c, const Entity *e, Filter **out)
{
    *out = strcmp(e->name, "customer") == 0 ? filter_false(c->a) : filter_true(c->a);
    return true;
}

static void test_refused(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    c->lang = "en";
    Model *m = probe_model(c);
    const Entity *e = model_entity(m, "probe");
    const FilterGuard guard = {guard_field, guard_scope};
    static const struct {
        const char *filter, *want;
    } cases[] = {
        {"{}", "a filter is"},
        {"[5]", "a filter is"},
        {"[\"s\"]", "a filter is"},
        {"[\"s\", \"=\", \"a\", 5]", "a filter is"},
        {"[", "no valid JSON"},
        {"[\"nope\", \"=\", 1]", "there is no field \"nope\""},
        {"[\"s\", \"~\", 1]", "there is no operator \"~\""},
        {"[\"s\", \"<\", \"a\"]", "operator \"<\" is not for field \"s\""},
        {"[\"raw\", \"contains\", \"a\"]", "is not for field"},
        {"[\"pw\", \"=\", \"a\"]", "there is no field"},
        {"[\"m\", \">\", \"1\"]", "there is no field \"m\""},
        {"[\"i\", \"=\", \"x\"]", "the value for \"i\" is wrong"},
        {"[\"i\", \"in\", 5]", "needs a list"},
        {"[\"i\", \"between\", [1]]", "needs two values"},
        {"[\"i\", \">\"]", "has no value"},
        {"[\"i\", \">\", null]", "has no value"},
        {"[\"o\", \"=\", \"zzz\"]", "the value for \"o\" is wrong"},
        {"[\"day\", \"=\", \"someday\"]", "the value for \"day\" is wrong"},
        {"[\"s.x\", \"=\", 1]", "is no link"},
        {"[\"what.name\", \"=\", \"a\"]", "is no link"},
        {"[\"up.up.up.up.s\", \"=\", \"aa\"]", "at most 3 links"},
        {"[\"and\", [\"and\", [\"and\", [\"and\", [\"and\", [\"i\", \"=\", 1]]]]]]",
         "deeper than 5"},
        {"[\"l\", \"under\", 5]", "is not for field"},
        {"[\"s\", \"contains\", \"\"]", "has no value"},
        {"[\"l\", \"=\", \"x\"]", "the value for \"l\" is wrong"},
        {"5", "a filter is"},
        {"[null]", "a filter is"},
        {"[\"s\", 5, \"a\"]", "a filter is"},
        {"[\"not\"]", "a filter is"},
        {"[\"not\", [\"i\", \"=\", 1], 2]", "a filter is"},
        {"[\"not\", [\"i\", \"=\", \"x\"]]", "the value for \"i\" is wrong"},
        {"[\"or\", [\"i\", \"=\", 1], 5]", "a filter is"},
        {"[\"i\", \"in\", [1, \"x\"]]", "the value for \"i\" is wrong"},
        {"[\"i\", \"between\", [1, \"x\"]]", "the value for \"i\" is wrong"},
        {"[\"i\", \"between\", [1, null]]", "has no value"},
        {"[\"i\", \"between\", [null, 1]]", "has no value"},
        {"[\"i\", \"between\", [1, 2, 3]]", "needs two values"},
        {"[\"r\", \"under\", null]", "has no value"},
        {"[\"r\", \"under\", [330100, 5]]", "the value for \"r\" is wrong"},
        {"[\"up\", \"under\", [null]]", "has no value"},
        {"[\"day\", \"=\", [\"today\"]]", "has no value"},
        {"[\"up.m\", \"=\", \"1\"]", "there is no field \"m\""},
        {"[\"up.nope\", \"=\", \"1\"]", "there is no field"},
        {"[\"id\", \"duplicate\", \"x\"]", "is not for field"},
        {"[\"id\", \"told\", \"12\"]", "has no value"},
        {"[\"s\", \"=\", 5]", "the value for \"s\" is wrong"},
        {"[\"s\", \"in\", \"my_roles\"]", "needs a list"}, /* roles are no part of it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Filter *f = NULL;
        ctx_errors_back_to(c, 0);
        if (filter_parse_text(c, e, cases[i].filter, &guard, (FilterMe){.user = 7, .department = 1},
                              &f))
            fail_msg("%s was taken", cases[i].filter);
        assert_int_equal(c->n_err, 1);
        assert_int_equal(c->err->code, ERR_BAD_FILTER);
        if (!strstr(c->err->message, cases[i].want))
            fail_msg("%s: wanted %s, got %s", cases[i].filter, cases[i].want, c->err->message);
    }
    /* a text and a path at the limit, and one sign more; our own filters know no such limit */
    Filter *f;
    for (int more = 0; more < 2; more++) {
        char *word = arena_printf(c->a, "%0*d", 1000 + more, 7);
        const char *text = arena_printf(c->a, "[\"t\", \"contains\", \"%s\"]", word);
        ctx_errors_back_to(c, 0);
        assert_int_equal(filter_parse_text(c, e, text, &guard, (FilterMe){.user = 7}, &f), !more);
        assert_true(filter_parse_text(c, e, text, NULL, (FilterMe){.user = 7}, &f));
        const char *path = arena_printf(c->a, "%0*d", 200 + more, 7);
        text = arena_printf(c->a, "[\"%s\", \"is_null\"]", path);
        ctx_errors_back_to(c, 0);
        assert_false(filter_parse_text(c, e, text, &guard, (FilterMe){.user = 7}, &f));
        assert_string_equal(c->err->field, more ? "filter" : path);
    }
    ctx_errors_back_to(c, 0);
    assert_true(filter_parse_text(c, e, "[\"ph\", \"contains\", \"8000\"]", &guard,
                                  (FilterMe){.user = 7, .department = 1}, &f));
    assert_int_equal(f->kind, FILTER_AND); /* masked rows are left out */
    assert_true(filter_parse_text(c, e, "[\"l.name\", \"=\", \"a\"]", &guard,
                                  (FilterMe){.user = 7, .department = 1}, &f));
    assert_int_equal(f->kind, FILTER_FALSE); /* no customer is his */
    Buf b;
    buf_init(&b, c->a);
    buf_puts(&b, "[\"or\"");
    for (int i = 0; i < 101; i++)
        buf_puts(&b, ",[\"i\",\"=\",1]");
    buf_puts(&b, "]");
    assert_false(
        filter_parse_text(c, e, b.data, &guard, (FilterMe){.user = 7, .department = 1}, &f));
    buf_clear(&b);
    buf_puts(&b, "[\"i\",\"in\",[0");
    for (int i = 0; i < 500; i++)
        buf_puts(&b, ",1");
    buf_puts(&b, "]]");
    assert_false(
        filter_parse_text(c, e, b.data, &guard, (FilterMe){.user = 7, .department = 1}, &f));
    assert_true(filter_parse_text(c, e, b.data, NULL, (FilterMe){.user = 7, .department = 1}, &f));
    model_release(m);
    t_end(t);
}

/* What is made of two, where one of them says all or nothing. */
static void test_simplified(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    int64_t id = 1;
    Filter *yes = filter_true(a), *no = filter_false(a), *some = filter_ids(a, &id, 1);
    const struct {
        Filter *got;
        int kind;
        Filter *same; /* which of them it is, or NULL */
    } pairs[] = {
        {filter_or(a, NULL, NULL), FILTER_FALSE, NULL},
        {filter_or(a, no, NULL), FILTER_FALSE, NULL},
        {filter_or(a, NULL, some), FILTER_IDS, some},
        {filter_or(a, no, some), FILTER_IDS, some},
        {filter_or(a, some, NULL), FILTER_IDS, some},
        {filter_or(a, some, no), FILTER_IDS, some},
        {filter_or(a, yes, some), FILTER_TRUE, yes},
        {filter_or(a, some, yes), FILTER_TRUE, yes},
        {filter_or(a, some, some), FILTER_OR, NULL},
        {filter_and(a, NULL, NULL), FILTER_TRUE, NULL},
        {filter_and(a, NULL, some), FILTER_IDS, some},
        {filter_and(a, some, NULL), FILTER_IDS, some},
        {filter_and(a, yes, some), FILTER_IDS, some},
        {filter_and(a, some, yes), FILTER_IDS, some},
        {filter_and(a, no, some), FILTER_FALSE, no},
        {filter_and(a, some, no), FILTER_FALSE, no},
        {filter_and(a, some, some), FILTER_AND, NULL},
        {filter_not(a, NULL), FILTER_FALSE, NULL},
        {filter_not(a, yes), FILTER_FALSE, NULL},
        {filter_not(a, no), FILTER_TRUE, NULL},
        {filter_not(a, some), FILTER_NOT, NULL},
        {filter_not(a, filter_not(a, some)), FILTER_IDS, some},
        {filter_ids(a, &id, 0), FILTER_FALSE, NULL},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if ((int)pairs[i].got->kind != pairs[i].kind)
            fail_msg("row %zu: kind %d", i, (int)pairs[i].got->kind);
        if (pairs[i].same)
            assert_ptr_equal(pairs[i].got, pairs[i].same);
    }
    arena_free(a);
}

static bool guard_no_field(Ctx *c, const Field *f, Filter **also)
{
    (void)also;
    return f->index == STD_ID || ctx_fail(c, ERR_FORBIDDEN, f->name, "err.forbidden");
}

static bool guard_no_scope(Ctx *c, const Entity *e, Filter **out)
{
    (void)out;
    return ctx_fail(c, ERR_FORBIDDEN, e->name, "err.forbidden");
}

/* A guard with no question of rows, one with no question of fields, one that lets nobody look there. */
static void test_guards(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    Model *m = probe_model(c);
    const Entity *e = model_entity(m, "probe"), *role = model_entity(m, "role"),
                 *customer = model_entity(m, "customer");
    const FilterGuard guards[] = {
        {NULL, NULL}, {guard_field, NULL}, {NULL, guard_scope}, {NULL, guard_no_scope}};
    static const char *const roles[] = {"sales", "manager", NULL};
    const FilterMe me = {.user = 7, .department = 1, .roles = roles};
    Filter *f;
    static const char path[] = "[\"l.name\", \"=\", \"a\"]";
    static const int kinds[] = {FILTER_VIA, FILTER_VIA, FILTER_FALSE, -1};
    for (int i = 0; i < 4; i++) {
        ctx_errors_back_to(c, 0);
        bool ok = filter_parse_text(c, e, path, &guards[i], me, &f);
        assert_int_equal(ok, kinds[i] >= 0);
        if (ok)
            assert_int_equal((int)f->kind, kinds[i]);
        else
            assert_int_equal(c->err->code, ERR_FORBIDDEN);
    }
    ctx_errors_back_to(c, 0);
    /* my roles are a list of codes; a reader without any has none of them */
    assert_true(filter_parse_text(c, role, "[\"code\", \"in\", \"my_roles\"]", NULL, me, &f));
    assert_int_equal((int)f->kind, FILTER_OR);
    assert_int_equal(f->n_kids, 2);
    assert_true(filter_parse_text(c, role, "[\"code\", \"not_in\", \"my_roles\"]", NULL, me, &f));
    assert_int_equal((int)f->kind, FILTER_NOT);
    assert_true(filter_parse_text(c, role, "[\"code\", \"in\", \"my_roles\"]", NULL,
                                  (FilterMe){.user = 7}, &f));
    assert_int_equal((int)f->kind, FILTER_FALSE);
    static const char *const lists[] = {"[\"name\", \"in\", \"my_roles\"]",
                                        "[\"code\", \"in\", \"my_role\"]", "[\"code\", \"in\", 5]"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        ctx_errors_back_to(c, 0);
        assert_false(filter_parse_text(c, role, lists[i], NULL, me, &f));
        assert_int_equal(c->err->code, ERR_BAD_FILTER);
    }
    /* twins by a rule of the entity */
    ctx_errors_back_to(c, 0);
    const char *twin = arena_printf(c->a, "[\"id\", \"duplicate\", \"%s\"]",
                                    customer->dups[customer->n_dups - 1].name);
    assert_true(filter_parse_text(c, customer, twin, NULL, me, &f));
    assert_int_equal((int)f->kind, FILTER_TWIN);
    assert_ptr_equal(f->dup, &customer->dups[customer->n_dups - 1]);
    const char *first =
        arena_printf(c->a, "[\"id\", \"duplicate\", \"%s\"]", customer->dups[0].name);
    assert_true(customer->n_dups > 1 && filter_parse_text(c, customer, first, NULL, me, &f));
    assert_ptr_equal(f->dup, &customer->dups[0]);
    static const char *const no_rules[] = {"[\"id\", \"duplicate\", \"nope\"]",
                                           "[\"id\", \"duplicate\", 5]",
                                           "[\"id\", \"duplicate\", null]"};
    for (size_t i = 0; i < sizeof no_rules / sizeof *no_rules; i++) {
        ctx_errors_back_to(c, 0);
        assert_false(filter_parse_text(c, customer, no_rules[i], &guards[0], me, &f));
        assert_int_equal(c->err->code, ERR_BAD_FILTER);
    }
    /* what a rule compares must be his to read, and so must the other row */
    const FilterGuard fields[] = {{guard_no_field, NULL}, {guard_field, guard_no_scope}};
    const FilterGuard *const all[] = {&guards[1], &guards[2], &guards[3], &fields[0], &fields[1]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ctx_errors_back_to(c, 0);
        assert_int_equal(filter_parse_text(c, customer, twin, all[i], me, &f), i < 2);
        if (i < 2)
            assert_int_equal((int)f->kids[0]->kind, i ? FILTER_FALSE : FILTER_TRUE);
        else
            assert_int_equal(c->err->code, ERR_FORBIDDEN);
    }
    ctx_errors_back_to(c, 0);
    assert_true(filter_parse_text(c, customer, "[\"id\", \"told\", 12]", &guards[0], me, &f));
    assert_int_equal((int)f->kind, FILTER_TOLD);
    assert_true(f->vals[0].i == 7 && f->vals[1].i == 12);
    model_release(m);
    t_end(t);
}

/* What nobody may ask for: hidden, retired, given out to nobody. Names that are near are told only where there is no reader. */
static void test_no_field(void **state)
{
    (void)state;
    static const CustomField gone = {
        "probe", "former_name",
        "{\"type\": \"string\", \"label\": {\"zh\": \"旧\"}, \"retired\": true}", 1};
    static const struct {
        const char *path, *want, *with_guard;
    } cases[] = {
        {"former_name", "there is no field \"former_name\"", NULL},
        {"former_names", "there is no field \"former_names\"", NULL},
        {"pw", "did you mean \"ph\"?", "there is no field \"pw\""},
        {"nope_at_all_here", "there is no field \"nope_at_all_here\"", NULL},
        {"nee", "did you mean \"need\"?", "there is no field \"nee\""},
        {"owner.password_hash", "there is no field \"owner.password_hash\"", NULL},
    };
    T *t = t_new();
    Ctx *c = &t->c;
    Model *m;
    c->lang = "en";
    assert_true(build_with(c, "entities/test/probe.json", probe_json, &gone, 1, &m));
    const Entity *e = model_entity(m, "probe");
    const FilterGuard guard = {NULL, NULL};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        bool guarded = i % 2;
        Filter *f;
        const char *text = arena_printf(c->a, "[\"%s\", \"is_null\"]", cases[i / 2].path),
                   *want = guarded && cases[i / 2].with_guard ? cases[i / 2].with_guard
                                                              : cases[i / 2].want;
        ctx_errors_back_to(c, 0);
        assert_false(filter_parse_text(c, e, text, guarded ? &guard : NULL, (FilterMe){0}, &f));
        const char *got = c->err->message, *at = strstr(got, want);
        if (!at || (*want == 't' && at[strlen(want)]))
            fail_msg("%s: wanted %s, got %s", cases[i / 2].path, want, got);
    }
    model_release(m);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DB_TEST(test_rows), cmocka_unit_test(test_refused), cmocka_unit_test(test_simplified),
        cmocka_unit_test(test_guards), cmocka_unit_test(test_no_field)};
    return db_tests(tests);
}
