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
    };
    return house_run(tests, house_open);
}
