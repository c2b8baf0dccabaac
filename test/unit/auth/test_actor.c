/* Actors: what is read of a person, and that the cache neither asks twice nor keeps old rights. */
#include "house.h"

static bool run_sql(Ctx *c, void *arg)
{
    int64_t *v = arg;
    DbVal p[] = {v[1] ? db_of_int(v[1]) : db_null(), db_of_int(v[0])};
    return db_exec(c, SQL("UPDATE \"user\" SET manager_id = $1 WHERE id = $2"), p, 2);
}

static bool set_status(Ctx *c, void *arg)
{
    const char *const *v = arg;
    DbVal p[] = {db_of_text(v[1]), db_of_text(v[0])};
    return db_exec(c, SQL("UPDATE \"user\" SET status = $1 WHERE login = $2"), p, 2);
}

static void person(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me = house_as(&c, a, "lead");
    assert_string_equal(me->name, "王五");
    assert_string_equal(me->roles[0], "sales_manager");
    assert_null(me->roles[1]);
    assert_true(actor_has(me, RIGHT_IMPORT_KEEP));
    assert_false(actor_has(me, RIGHT_SETTINGS));
    assert_int_equal(me->n_below, 2);   /* sales, east */
    assert_int_equal(me->n_reports, 2); /* rep, rep2 */
    assert_int_equal(me->channel, CH_WEB);
    me = house_as(&c, a, "boss");
    assert_int_equal(me->n_below, 4);
    assert_int_equal(me->n_reports, 3); /* at any depth */
    house_end(a);
}

static void cached(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    actor_cache_clear();
    house_ctx(&c, a);
    int64_t id = house_user(&c, "rep");
    Actor *me;
    int before = c.n_sql;
    OK(&c, actor_of_user(&c, id, CH_WEB, &me));
    assert_int_equal(c.n_sql - before, 4);
    before = c.n_sql;
    OK(&c, actor_of_user(&c, id, CH_API, &me));
    assert_int_equal(c.n_sql, before);
    assert_int_equal(me->channel, CH_API);
    house_end(a);
}

/* A ring of managers ends, and disabled people still report. */
static void ring(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t boss = house_user(&c, "boss"), rep = house_user(&c, "rep");
    int64_t v[] = {boss, rep};
    const char *off[] = {"rep2", "disabled"}, *on[] = {"rep2", "active"};
    OK(&c, db_write(&c, run_sql, v));
    OK(&c, db_write(&c, set_status, off));
    actor_cache_clear();
    assert_int_equal(house_as(&c, a, "boss")->n_reports, 3);
    assert_int_equal(house_as(&c, a, "rep")->n_reports, 3);
    v[1] = 0;
    OK(&c, db_write(&c, run_sql, v));
    OK(&c, db_write(&c, set_status, on));
    actor_cache_clear();
    house_end(a);
}

static void not_active(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me;
    const char *off[] = {"head", "disabled"}, *on[] = {"head", "active"};
    house_ctx(&c, a);
    OK(&c, db_write(&c, set_status, off));
    actor_cache_clear();
    assert_false(actor_of_login(&c, "head", CH_CLI, &me));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    house_ctx(&c, a);
    assert_false(actor_of_login(&c, "who", CH_CLI, &me));
    house_ctx(&c, a);
    OK(&c, db_write(&c, set_status, on));
    house_end(a);
}

/* An actor in use outlives the drop of the cache. */
static void outlives(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me = house_as(&c, a, "rep");
    actor_cache_clear();
    assert_string_equal(me->login, "rep");
    assert_true(access_may(&c, model_entity(c.model, "customer"), ACT_READ));
    house_end(a);
}

static bool set_hidden(Ctx *c, void *arg)
{
    const char *const *v = arg;
    DbVal p[] = {v[1] ? db_of_text(v[1]) : db_null(), db_of_text(v[0])};
    return db_exec(c, SQL("UPDATE \"role\" SET hidden_menus = $1 WHERE code = $2"), p, 2);
}

/* A menu is hidden where each of a person's roles hides it; what cannot be read hides nothing. */
static void menus(void **state)
{
    (void)state;
    static const struct {
        const char *rep_role, *agent_role; /* sales_rep, service_agent */
        bool rep, both;                    /* is the list of customers hidden for them? */
    } cases[] = {{NULL, NULL, false, false},
                 {"[\"customer\"]", NULL, true, false},
                 {"[\"task\", \"customer\"]", "[\"customer\"]", true, true},
                 {"[\"task\"]", "[\"customer\"]", false, false},
                 {"[\"nothing\", null, 5, \"customer\"]", "[\"customer\"]", true, true},
                 {"{\"customer\": true}", "[\"customer\"]", false, false},
                 {"[\"customer\"", "[\"customer\"]", false, false}};
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *rep[] = {"sales_rep", cases[i].rep_role},
                   *agent[] = {"service_agent", cases[i].agent_role};
        house_ctx(&c, a);
        OK(&c, db_write(&c, set_hidden, rep));
        OK(&c, db_write(&c, set_hidden, agent));
        actor_cache_clear();
        unsigned at = (unsigned)model_entity(c.model, "customer")->index;
        if (house_as(&c, a, "rep")->menu_hidden[at] != cases[i].rep ||
            house_as(&c, a, "both")->menu_hidden[at] != cases[i].both)
            fail_msg("case %zu", i);
        assert_int_equal(c.n_err, 0);
        assert_false(house_as(&c, a, "nobody")->menu_hidden[at]);
    }
    const char *rep[] = {"sales_rep", NULL}, *agent[] = {"service_agent", NULL};
    house_ctx(&c, a);
    OK(&c, db_write(&c, set_hidden, rep));
    OK(&c, db_write(&c, set_hidden, agent));
    actor_cache_clear();
    house_end(a);
}

static bool set_path(Ctx *c, void *arg)
{
    const char *const *v = arg;
    DbVal p[] = {v[1] ? db_of_text(v[1]) : db_null(), db_of_text(v[0])};
    return db_exec(c, SQL("UPDATE \"department\" SET path = $1 WHERE code = $2"), p, 2);
}

static bool set_department(Ctx *c, void *arg)
{
    const int64_t *v = arg;
    DbVal p[] = {v[1] ? db_of_int(v[1]) : db_null(), db_of_int(v[0])};
    return db_exec(c, SQL("UPDATE \"user\" SET department_id = $1 WHERE id = $2"), p, 2);
}

/* Where no path is kept, or a damaged one, a person has his own department and no more; without a department none. */
static void below(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int n;
    } cases[] = {{NULL, 1}, {"", 1}, {"/", 1}, {"/7", 1}};
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    DbVal p[] = {db_of_text("sales")};
    const char *was = NULL;
    bool found = false;
    OK(&c,
       db_one_text(&c, SQL("SELECT path FROM \"department\" WHERE code = $1"), p, 1, &was, &found));
    int64_t sales = house_as(&c, a, "lead")->department;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *set[] = {"sales", cases[i].path};
        house_ctx(&c, a);
        OK(&c, db_write(&c, set_path, set));
        actor_cache_clear();
        Actor *me = house_as(&c, a, "lead");
        assert_int_equal(me->n_below, cases[i].n);
        assert_int_equal(me->below[0], sales);
    }
    const char *back[] = {"sales", was};
    house_ctx(&c, a);
    OK(&c, db_write(&c, set_path, back));
    int64_t gone[] = {house_user(&c, "lead"), 0}, home[] = {gone[0], sales};
    OK(&c, db_write(&c, set_department, gone));
    actor_cache_clear();
    Actor *me = house_as(&c, a, "lead");
    assert_int_equal(me->department, 0);
    assert_int_equal(me->n_below, 0);
    const Entity *e = model_entity(c.model, "customer");
    assert_true(access_may(&c, e, ACT_READ)); /* his own, and those shared with him */
    house_ctx(&c, a);
    OK(&c, db_write(&c, set_department, home));
    actor_cache_clear();
    assert_int_equal(house_as(&c, a, "lead")->n_below, 2);
    house_end(a);
}

/* What is loaded inside a write is for that write: it is not kept, for the write may be undone. */
static bool in_write(Ctx *c, void *arg)
{
    const char *off[] = {"rep", "disabled"};
    Actor *me;
    int before = c->n_err;
    if (!set_status(c, off) || actor_of_user(c, *(const int64_t *)arg, CH_WEB, &me))
        return true; /* seen below: the write succeeded */
    ctx_errors_back_to(c, before);
    return ctx_fail(c, ERR_CONFLICT, NULL, "err.internal"); /* undone */
}

static void undone(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t rep = house_user(&c, "rep");
    actor_cache_clear();
    assert_false(db_write(&c, in_write, &rep));
    assert_string_equal(house_as(&c, a, "rep")->login, "rep");
    house_end(a);
}

/* What cannot be read gives nobody, never somebody with less or more: neither roles, nor departments, nor people. */
static void unreadable(void **state)
{
    (void)state;
    static const char *const tables[] = {"rel_user_roles", "role", "department"};
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        Actor *me = NULL;
        house_ctx(&c, a);
        OK(&c, db_write(&c, house_ddl,
                        arena_printf(a, "ALTER TABLE \"%s\" RENAME TO \"away\"", tables[i])));
        actor_cache_clear();
        house_ctx(&c, a);
        assert_false(actor_of_login(&c, "rep", CH_WEB, &me));
        assert_true(c.n_err > 0);
        assert_null(me);
        house_ctx(&c, a);
        OK(&c, db_write(&c, house_ddl,
                        arena_printf(a, "ALTER TABLE \"away\" RENAME TO \"%s\"", tables[i])));
        assert_int_equal(house_as(&c, a, "boss")->n_below, 4); /* and nothing of it was kept */
        assert_true(access_may(&c, model_entity(c.model, "customer"), ACT_ERASE));
    }
    house_end(a);
}

static void names(void **state)
{
    (void)state;
    for (int i = 0; i < ACT__COUNT; i++) {
        Action act;
        assert_true(action_parse(action_name((Action)i), &act));
        assert_int_equal(act, i);
    }
    for (int i = 0; i < SCOPE__COUNT; i++) {
        Scope s;
        assert_true(scope_parse(scope_name((Scope)i), &s));
        assert_int_equal(s, i);
    }
    for (int i = RIGHT_NONE + 1; i < RIGHT__COUNT; i++) {
        Right r;
        assert_true(right_parse(right_name((Right)i), &r));
        assert_int_equal(r, i);
    }
    Right r;
    assert_false(right_parse("none", &r));
    assert_false(right_parse(NULL, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(person),     cmocka_unit_test(cached),   cmocka_unit_test(ring),
        cmocka_unit_test(not_active), cmocka_unit_test(outlives), cmocka_unit_test(names),
        cmocka_unit_test(menus),      cmocka_unit_test(below),    cmocka_unit_test(undone),
        cmocka_unit_test(unreadable),
    };
    return house_run(tests, house_open);
}
