/* Actors: what is read of a person, and that the cache neither asks twice nor keeps old rights. */
#include "faults.h"

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

/* Forty departments below the boss and forty people who report to him, and sixty-six roles of rep. */
typedef struct Many {
    const char *path;
    int64_t boss, rep, last_department, last_person;
} Many;

static bool more(Ctx *c, void *arg)
{
    Many *m = arg;
    for (int i = 0; i < 40; i++) {
        const char *name = arena_printf(c->a, "many%02d", i);
        const RowSet department[] = {{"code", db_of_text(name)},
                                     {"name", db_of_text(name)},
                                     {"path",
                                      db_of_text(arena_printf(c->a, "%sm%02d/", m->path, i))}},
                     person[] = {{"login", db_of_text(name)},
                                 {"name", db_of_text(name)},
                                 {"manager", db_of_int(m->boss)}};
        m->last_department = id_new();
        m->last_person = id_new();
        if (!row_insert(c, model_entity(c->model, "department"), m->last_department, department,
                        3) ||
            !row_insert(c, model_entity(c->model, "user"), m->last_person, person, 3))
            return false;
    }
    for (int i = 0; i < 66; i++) {
        const RowSet set[] = {{"code", db_of_text(arena_printf(c->a, "many_%02d", i))},
                              {"name", db_of_text("多")},
                              {"rights", db_of_text(i < 64 ? "{}" : "{\"rights\": [\"audit\"]}")}};
        int64_t id = id_new();
        DbVal p[] = {db_of_int(m->rep), db_of_int(id)};
        if (!row_insert(c, model_entity(c->model, "role"), id, set, 3) ||
            !db_exec(c, SQL("INSERT INTO \"rel_user_roles\" (id, target) VALUES ($1, $2)"), p, 2))
            return false;
    }
    return true;
}

static bool fewer(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("DELETE FROM \"department\" WHERE code LIKE 'many%'"), NULL, 0) &&
           db_exec(c, SQL("DELETE FROM \"user\" WHERE login LIKE 'many%'"), NULL, 0) &&
           db_exec(c,
                   SQL("DELETE FROM \"rel_user_roles\" WHERE target IN (SELECT id FROM \"role\" "
                       "WHERE code LIKE 'many%')"),
                   NULL, 0) &&
           db_exec(c, SQL("DELETE FROM \"role\" WHERE code LIKE 'many%'"), NULL, 0);
}

/* Whoever has more departments below him and people than fit at first has them all; of roles 64 and no more. */
static void many(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me = house_as(&c, a, "boss");
    Many m = {.path = me->department_path, .boss = me->user, .rep = house_user(&c, "rep")};
    OK(&c, db_write(&c, more, &m));
    actor_cache_clear();
    me = house_as(&c, a, "boss");
    assert_int_equal(me->n_below, 44);
    assert_int_equal(me->below[43], m.last_department);
    assert_int_equal(me->n_reports, 43);
    assert_int_equal(me->reports[42], m.last_person);
    for (int i = 1; i < 43; i++)
        assert_true(me->reports[i] > me->reports[i - 1]); /* none lost where the list grew */
    me = house_as(&c, a, "rep");
    int n = 0;
    while (me->roles[n])
        n++;
    assert_int_equal(n, 64);
    assert_string_equal(me->roles[63], "many_63");
    assert_false(actor_has(me, RIGHT_AUDIT));
    house_ctx(&c, a);
    OK(&c, db_write(&c, fewer, NULL));
    actor_cache_clear();
    assert_int_equal(house_as(&c, a, "boss")->n_below, 4);
    house_end(a);
}

static bool set_looks(Ctx *c, void *arg)
{
    const char *const *v = arg;
    DbVal p[] = {v[0] ? db_of_text(v[0]) : db_null(), v[1] ? db_of_text(v[1]) : db_null(),
                 v[2] ? db_of_text(v[2]) : db_null()};
    return db_exec(c,
                   SQL("UPDATE \"user\" SET status = $1, locale = $2, timezone = $3 WHERE login = "
                       "'rep2'"),
                   p, 3);
}

/* A person without a language has Chinese, without a time zone the company's; without a state, or not there, he is nobody. */
static void without_values(void **state)
{
    (void)state;
    static const struct {
        const char *set[3], *locale, *zone; /* NULL: not signed in */
    } cases[] = {{{"active", NULL, NULL}, "zh-CN", ""},
                 {{"active", "en", "Asia/Tokyo"}, "en", "Asia/Tokyo"},
                 {{NULL, "en", NULL}, NULL, NULL},
                 {{"active", "zh-CN", NULL}, "zh-CN", ""}};
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        house_ctx(&c, a);
        const char *set[] = {cases[i].set[0], cases[i].set[1], cases[i].set[2]};
        OK(&c, db_write(&c, set_looks, set));
        actor_cache_clear();
        Actor *me = NULL;
        bool in = actor_of_login(&c, "rep2", CH_WEB, &me);
        assert_int_equal(in, cases[i].locale != NULL);
        if (in) {
            assert_string_equal(me->locale, cases[i].locale);
            assert_string_equal(me->zone, cases[i].zone);
        } else {
            assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
        }
    }
    Actor *me = NULL;
    house_ctx(&c, a);
    assert_false(actor_of_user(&c, id_new(), CH_WEB, &me));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    assert_null(me);
    house_end(a);
}

/* --- a database that fails, and what happens meanwhile ----------------------------------------------- */

static bool signs_in(Ctx *c, void *arg)
{
    Actor *me = NULL;
    bool ok = actor_of_login(c, arg, CH_WEB, &me);
    assert_int_equal(ok, me != NULL);
    if (ok) { /* and all of it */
        assert_int_equal(me->n_below, 4);
        assert_int_equal(me->n_reports, 3);
        assert_true(access_may(&(Ctx){.actor = me}, model_entity(c->model, "customer"), ACT_ERASE));
    }
    return ok;
}

/* Whichever statement or row cannot be had: nobody, never somebody with a part of his rights; and nothing of it is kept. */
static void each_fails(void **state)
{
    (void)state;
    static char boss[] = "boss";
    assert_true(faults_each(signs_in, boss) >= 14);
}

static void forget(void *arg)
{
    (void)arg;
    actor_cache_clear();
}

static void loads_too(void *arg)
{
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me;
    house_ctx(&c, a);
    OK(&c, actor_of_user(&c, *(const int64_t *)arg, CH_WEB, &me));
    house_end(a);
}

/* In front of each statement of a load the rights change: what was read is for this request, and not kept. */
static void changed_meanwhile(void **state)
{
    (void)state;
    static const char *const statements[] = {"SELECT u.login", "SELECT r.code", "SELECT id FROM",
                                             "WITH RECURSIVE"};
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t rep = house_user(&c, "rep");
    for (int same = 0; same < 2; same++)
        for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
            Actor *me;
            house_ctx(&c, a);
            actor_cache_clear();
            faults_begin();
            faults.before = statements[i];
            faults.hook = same ? loads_too : forget; /* somebody else loads the same person */
            faults.arg = &rep;
            bool ok = actor_of_user(&c, rep, CH_WEB, &me);
            assert_null(faults.hook); /* it was called */
            faults_end();
            OK(&c, ok);
            assert_string_equal(me->login, "rep");
            int before = c.n_sql;
            OK(&c, actor_of_user(&c, rep, CH_WEB, &me));
            assert_int_equal(c.n_sql > before, !same);
        }
    house_end(a);
}

/* An actor of another model is another one: a process meets both while the fields change. */
static void other_model(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    actor_cache_clear();
    house_ctx(&c, a);
    int64_t rep = house_user(&c, "rep");
    Model other = *house_model;
    memcpy(other.version, "0123456789abcdef", sizeof other.version);
    const Model *const models[] = {house_model, &other, house_model, &other};
    for (int i = 0; i < 4; i++) {
        Actor *me;
        c.model = models[i];
        int before = c.n_sql;
        OK(&c, actor_of_user(&c, rep, CH_WEB, &me));
        assert_int_equal(c.n_sql - before, i < 2 ? 4 : 0);
    }
    house_end(a);
}

/* More people than the cache holds, or has places for: it is emptied rather than grown beyond, and each gets himself. */
enum { MAX_ENTRIES = 4096 };

static bool people(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_int(MAX_ENTRIES + 1)};
    return *(const bool *)arg
               ? db_exec(c,
                         SQL("INSERT INTO \"user\" (id, login, name, status, version) WITH "
                             "RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                             "$1) SELECT i, 'full' || i, 'full', 'active', 1 FROM n"),
                         p, 1)
               : db_exec(c, SQL("DELETE FROM \"user\" WHERE id <= $1"), p, 1);
}

static void full(void **state)
{
    (void)state;
    if (house_pg)
        return; /* the cache knows no engine, and four thousand people take their time */
    bool come = true, go = false;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    OK(&c, db_write(&c, people, &come));
    actor_cache_clear();
    for (int64_t id = 1; id <= MAX_ENTRIES + 1; id++) {
        Actor *me;
        if (id % 64 == 0) { /* it gives back the actors, too */
            house_end(a);
            a = arena_new(0);
            house_ctx(&c, a);
        }
        OK(&c, actor_of_user(&c, id, CH_WEB, &me));
        assert_int_equal(me->user, id);
        if (id < MAX_ENTRIES)
            continue;
        int before = c.n_sql; /* full, and the first is still there; one more, and it is not */
        OK(&c, actor_of_user(&c, 1, CH_WEB, &me));
        assert_int_equal(me->user, 1);
        assert_int_equal(c.n_sql > before, id > MAX_ENTRIES);
    }
    house_ctx(&c, a);
    OK(&c, db_write(&c, people, &go));
    actor_cache_clear();
    house_end(a);
}

static bool loads_in_write(Ctx *c, void *arg)
{
    Actor *me;
    return actor_of_user(c, *(const int64_t *)arg, CH_WEB, &me);
}

static void in_a_write(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me;
    house_ctx(&c, a);
    int64_t rep = house_user(&c, "rep");
    actor_cache_clear();
    OK(&c, db_write(&c, loads_in_write, &rep));
    int before = c.n_sql;
    OK(&c, actor_of_user(&c, rep, CH_WEB, &me));
    assert_true(c.n_sql > before);
    house_end(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(person),      cmocka_unit_test(cached),
        cmocka_unit_test(ring),        cmocka_unit_test(not_active),
        cmocka_unit_test(outlives),    cmocka_unit_test(names),
        cmocka_unit_test(menus),       cmocka_unit_test(below),
        cmocka_unit_test(undone),      cmocka_unit_test(unreadable),
        cmocka_unit_test(many),        cmocka_unit_test(without_values),
        cmocka_unit_test(each_fails),  cmocka_unit_test(changed_meanwhile),
        cmocka_unit_test(other_model), cmocka_unit_test(full),
        cmocka_unit_test(in_a_write),
    };
    return house_run(tests, house_open);
}
