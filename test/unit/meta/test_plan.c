/* The plan of the built-in model (names, columns, indexes) and its description for the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "meta/describe.h"
#include "meta/plan.h"
#include "meta_model.h"

static Arena *arena;
static Ctx c;
static Model *model;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(0);
    ctx_init(&c, arena);
    return msg_load() && (model = probe_model(&c)) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    model_release(model);
    arena_free(arena);
    return 0;
}

static const PlanTable *table(const Plan *p, const char *name)
{
    for (int i = 0; i < p->n; i++)
        if (strcmp(p->tables[i].name, name) == 0)
            return &p->tables[i];
    return NULL;
}

static const PlanColumn *column(const PlanTable *t, const char *name)
{
    for (int i = 0; i < t->n_columns; i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return &t->columns[i];
    return NULL;
}

static const PlanIndex *find_index(const PlanTable *t, const char *name)
{
    for (int i = 0; i < t->n_indexes; i++)
        if (strcmp(t->indexes[i].name, name) == 0)
            return &t->indexes[i];
    return NULL;
}

static void test_tables(void **state)
{
    (void)state;
    Plan *p = plan_of_model(arena, model);
    static const char *const want[] = {
        "customer",    "contact",      "user",        "rel_user_roles", "rel_follow_up_contacts",
        "history",     "record_share", "idempotency", "number_counter", "rate_hit",
        "reset_token", "audit_log",    "rel_probe_lm"};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_non_null(table(p, want[i]));
    assert_int_equal(p->format, SCHEMA_FORMAT);
    Map names;
    map_init(&names, arena);
    for (int i = 0; i < p->n; i++) {
        const PlanTable *t = &p->tables[i];
        assert_null(map_put(&names, t->name, (void *)(uintptr_t)t));
        Map cols;
        map_init(&cols, arena);
        for (int j = 0; j < t->n_columns; j++)
            assert_null(map_put(&cols, t->columns[j].name, (void *)(uintptr_t)t));
        for (int j = 0; j < t->n_indexes; j++) {
            const PlanIndex *ix = &t->indexes[j];
            assert_true(strlen(ix->name) <= 63);
            assert_null(map_put(&names, ix->name, (void *)(uintptr_t)t));
            for (int k = 0; ix->columns[k]; k++)
                assert_true(map_has(&cols, ix->columns[k] + (ix->columns[k][0] == '-')));
        }
    }
}

static void test_columns(void **state)
{
    (void)state;
    Plan *p = plan_of_model(arena, model);
    const PlanTable *t = table(p, "probe");
    assert_true(t->search);
    assert_string_equal(t->columns[0].name, "id");
    assert_non_null(column(t, "s_f"));
    assert_non_null(column(t, "s_s"));
    assert_non_null(column(t, "s_k"));
    assert_null(column(t, "raw_f"));
    assert_null(column(t, "lm"));
    assert_null(column(t, "p"));
    assert_int_equal(column(t, "l_id")->type, COL_INT);
    assert_int_equal(column(t, "f")->type, COL_REAL);
    const PlanIndex *ix = find_index(t, "ix_probe_s_s");
    assert_string_equal(ix->columns[1], "id");
    assert_string_equal(ix->where_null, "deleted_at");
    ix = find_index(t, "ux_probe_raw");
    assert_true(ix->unique && !ix->where_null);
    assert_string_equal(find_index(t, "ix_probe_s_k")->where_not_null, "s_k");
    assert_true(find_index(t, "ux_probe_l_o")->unique);
    assert_string_equal(find_index(t, "ix_probe_owner")->columns[1], "-created_at");
    assert_string_equal(find_index(t, "ix_probe_o_at_x")->columns[2], "-id");
    assert_true(find_index(table(p, "user"), "ux_user_login")->unique);
    assert_string_equal(find_index(table(p, "user"), "ux_user_login")->columns[0], "login_f");
}

static FieldRight field_right(const void *arg, const Field *f, bool *masked)
{
    (void)arg;
    *masked = f->personal;
    return strcmp(f->name, "m") == 0 ? FR_NONE : FR_EDIT;
}

static FieldRight without_phone(const void *arg, const Field *f, bool *masked)
{
    (void)arg;
    *masked = false;
    return strcmp(f->name, "phone") == 0 ? FR_NONE : FR_EDIT;
}

static bool may(const void *arg, const Entity *e, const char *action)
{
    (void)arg;
    (void)e;
    return strcmp(action, "delete") != 0 && strcmp(action, "transfer") != 0;
}

static json_object *described(const char *entity, const DescribeRights *r)
{
    Buf b;
    Jw w;
    buf_init(&b, arena);
    jw_init(&w, &b);
    describe_entity(&w, model_entity(model, entity), r, NULL);
    json_object *o = NULL;
    if (!json_read(&c, b.data, b.len, &o))
        fail_msg("%s\n%s", c.err->message, b.data);
    return o;
}

static json_object *field_of(json_object *o, const char *name)
{
    json_object *list = json_member(o, "fields");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *f = json_object_array_get_idx(list, i);
        if (strcmp(json_str(f, "name", ""), name) == 0)
            return f;
    }
    return NULL;
}

static void test_describe(void **state)
{
    (void)state;
    const DescribeRights r = {field_right, may, NULL};
    json_object *o = described("probe", &r);
    assert_string_equal(json_str(o, "plural", ""), "probes");
    assert_null(field_of(o, "m")); /* he may not see it */
    assert_null(field_of(o, "nope"));
    assert_true(json_flag(field_of(o, "ph"), "masked", false));
    assert_string_equal(json_str(field_of(o, "number"), "right", ""), "read");
    assert_string_equal(json_str(field_of(o, "d"), "max", ""), "99.500");
    assert_true(json_flag(field_of(o, "b"), "default", false));
    assert_false(json_flag(json_member(o, "can"), "delete", true));
    assert_true(json_flag(json_member(o, "can"), "create", false));
    json_object *form = json_member(o, "form");
    assert_int_equal(json_object_array_length(form), 1);
    o = described("customer", &r);
    assert_int_equal(json_object_array_length(json_member(o, "form")), 5);
    /* a new entity may hang on it, too: looked for is one that does */
    bool contact = false;
    json_object *children = json_member(o, "children");
    for (size_t i = 0; i < json_object_array_length(children); i++)
        contact |= strstr(json_object_to_json_string(json_object_array_get_idx(children, i)),
                          "\"contact\"") != NULL;
    assert_true(contact);
    json_object *actions = json_member(o, "actions");
    for (size_t i = 0; i < json_object_array_length(actions); i++)
        assert_string_not_equal(json_str(json_object_array_get_idx(actions, i), "name", ""),
                                "transfer");
    /* Rules for duplicates: those that compare what is not his to see are not there. */
    const DescribeRights blind = {without_phone, may, NULL};
    o = json_member(described("customer", &blind), "dups");
    assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                        "[{\"name\":\"credit_code\",\"fields\":[\"uscc\"]},"
                        "{\"name\":\"name\",\"fields\":[\"name\"]}]");
    o = json_member(described("customer", &r), "dups");
    assert_int_equal(json_object_array_length(o), 4);
    assert_null(field_of(described("user", NULL), "password_hash"));
    assert_non_null(field_of(described("user", NULL), "password"));
    o = described("audit_log", &r);
    assert_false(json_flag(json_member(o, "can"), "create", true));
    /* Each entity can be described. */
    for (int i = 0; i < model->n; i++)
        described(model->entities[i].name, NULL);
}

static void test_dictionary(void **state)
{
    (void)state;
    /* The data dictionary: all of customer and contact says what it means and gives an example. */
    static const char *const names[] = {"customer", "contact"};
    for (int k = 0; k < 2; k++) {
        const Entity *e = model_entity(model, names[k]);
        for (int i = STD__COUNT; i < e->n_fields; i++)
            assert_true(e->fields[i].definition.zh && e->fields[i].example.zh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables), cmocka_unit_test(test_columns),
        cmocka_unit_test(test_describe), cmocka_unit_test(test_dictionary)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
