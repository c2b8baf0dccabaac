/* The gate as tables: who may do what, to which rows, with which fields. CONTRACT 4 is the source. */
#include "access_rows.h"

/* Rows made once: customers of rep (east), rep2 (east), agent (service), boss (hq). */
static int64_t cust_rep, cust_rep2, cust_agent, cust_boss, contact_of_rep2_by_rep,
    follow_of_rep2_by_rep, follow_by_rep2;

static int rows_made(void **state)
{
    if (house_open(state))
        return 1;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    cust_rep = customer(&c, "rep");
    cust_rep2 = customer(&c, "rep2");
    cust_agent = customer(&c, "agent");
    cust_boss = customer(&c, "boss");
    contact_of_rep2_by_rep = child(&c, "contact", cust_rep2, "rep");
    follow_of_rep2_by_rep = child(&c, "follow_up", cust_rep2, "rep");
    follow_by_rep2 = child(&c, "follow_up", cust_rep2, "rep2");
    house_end(a);
    return 0;
}

/* --- actions ----------------------------------------------------------------------------------- */

typedef struct MayCase {
    const char *login, *entity, *may; /* the actions allowed, all others are denied */
} MayCase;

static const MayCase may_cases[] = {
    {"rep", "customer", "read create edit import share"},
    {"lead", "customer", "read create edit delete import export transfer share approve bulk merge"},
    {"head", "customer", "read export approve"},
    {"agent", "customer", "read"},
    {"market", "customer", "read"},
    {"boss", "customer",
     "read create edit delete import export transfer share approve bulk merge erase"},
    {"sys", "customer", ""},
    {"sec", "customer", ""},
    {"audit", "customer", ""},
    {"nobody", "customer", ""},
    {"both", "customer", "read create edit import share"},
    {"sys", "contact", ""},
    {"sec", "follow_up", ""},
    {"audit", "task", ""},
    {"rep", "follow_up", "read create edit import"},
    {"rep", "task", "read create edit import"},
    /* the house itself */
    {"rep", "user", "read"},
    {"nobody", "user", "read"},
    {"sys", "user",
     "read create edit delete import export transfer share approve bulk merge erase"},
    {"sec", "user", "read edit"},
    {"audit", "user", "read"},
    {"rep", "department", "read"},
    {"rep", "region", "read"},
    {"sys", "region", "read"},
    {"rep", "role", "read"},
    {"sec", "role",
     "read create edit delete import export transfer share approve bulk merge erase"},
    {"sys", "role", "read"},
    {"audit", "audit_log", "read export"},
    {"boss", "audit_log", ""},
    {"sys", "audit_log", ""},
    {"rep", "audit_log", ""},
    {"audit", "login_log", "read export"},
    {"rep", "setting", ""},
    {"boss", "setting", ""},
    {"boss", "custom_field", ""},
    {"rep", "session", "read"},
    {"rep", "job", "read"},
    {"rep", "contact_point", ""},
};

static bool listed(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

static void actions(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof may_cases / sizeof may_cases[0]; i++) {
        const MayCase *k = &may_cases[i];
        Ctx c;
        Arena *a = arena_new(0);
        house_as(&c, a, k->login);
        const Entity *e = model_entity(c.model, k->entity);
        assert_non_null(e);
        for (int act = 0; act < ACT__COUNT; act++) {
            bool may = access_may(&c, e, (Action)act),
                 want = listed(k->may, action_name((Action)act));
            if (may != want) {
                fprintf(stderr, "%s %s %s: %d, wanted %d\n", k->login, action_name((Action)act),
                        k->entity, may, want);
                wrong++;
            }
            /* what is denied as a whole has no rows either */
            if (!may)
                assert_int_equal(access_scope(&c, e, (Action)act)->kind, FILTER_FALSE);
        }
        house_end(a);
    }
    assert_int_equal(wrong, 0);
}

static void without_actor(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    c.actor = NULL;
    for (int i = 0; i < c.model->n; i++)
        for (int act = 0; act < ACT__COUNT; act++) {
            assert_false(access_may(&c, &c.model->entities[i], (Action)act));
            assert_int_equal(access_scope(&c, &c.model->entities[i], (Action)act)->kind,
                             FILTER_FALSE);
        }
    for (int i = 0; i < c.model->n; i++) {
        const Entity *e = &c.model->entities[i];
        bool masked = true;
        assert_int_equal(access_clear_scope(&c, e)->kind, FILTER_FALSE);
        for (int k = 0; k < e->n_fields; k++)
            assert_int_equal(access_field(&c, &e->fields[k], &masked), FR_NONE);
        assert_false(masked);
    }
    assert_int_equal(access_me(&c).user, 0);
    assert_false(access_need(&c, &c.model->entities[0], ACT_READ));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    house_ctx(&c, a);
    c.actor = NULL;
    assert_false(access_need_right(&c, RIGHT_AUDIT));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    house_end(a);
}

/* --- rows -------------------------------------------------------------------------------------- */

typedef struct RowCase {
    const char *login, *entity;
    Action act;
    const int64_t *row;
    bool in;
} RowCase;

static const RowCase row_cases[] = {
    {"rep", "customer", ACT_READ, &cust_rep, true},
    {"rep", "customer", ACT_READ, &cust_rep2, false},
    {"rep", "customer", ACT_EDIT, &cust_rep, true},
    {"rep", "customer", ACT_EDIT, &cust_rep2, false},
    {"rep", "customer", ACT_DELETE, &cust_rep, false},
    {"lead", "customer", ACT_READ, &cust_rep, true},
    {"lead", "customer", ACT_READ, &cust_rep2, true},
    {"lead", "customer", ACT_DELETE, &cust_rep2, true},
    {"lead", "customer", ACT_READ, &cust_agent, false},
    {"lead", "customer", ACT_READ, &cust_boss, false},
    {"head", "customer", ACT_READ, &cust_rep, true},
    {"head", "customer", ACT_EDIT, &cust_rep, false},
    {"agent", "customer", ACT_READ, &cust_boss, true},
    {"agent", "customer", ACT_EDIT, &cust_agent, false},
    {"boss", "customer", ACT_DELETE, &cust_agent, true},
    {"sys", "customer", ACT_READ, &cust_boss, false},
    /* two roles: reading all comes from one, editing own from the other */
    {"both", "customer", ACT_READ, &cust_boss, true},
    {"both", "customer", ACT_EDIT, &cust_boss, false},
    /* children: own although the parent is another's; all of a readable parent; nothing else */
    {"rep", "contact", ACT_READ, &contact_of_rep2_by_rep, true},
    {"rep2", "contact", ACT_READ, &contact_of_rep2_by_rep, true},
    {"rep2", "contact", ACT_EDIT, &contact_of_rep2_by_rep, true},
    {"rep2", "follow_up", ACT_READ, &follow_of_rep2_by_rep, true},
    {"rep", "follow_up", ACT_READ, &follow_by_rep2, false},
    {"rep", "follow_up", ACT_EDIT, &follow_by_rep2, false},
    {"lead", "follow_up", ACT_READ, &follow_by_rep2, true},
    {"agent", "follow_up", ACT_READ, &follow_by_rep2, false},
};

static void rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof row_cases / sizeof row_cases[0]; i++) {
        const RowCase *k = &row_cases[i];
        Ctx c;
        Arena *a = arena_new(0);
        house_as(&c, a, k->login);
        const Entity *e = model_entity(c.model, k->entity);
        if (house_in(&c, e, *k->row, access_scope(&c, e, k->act)) != k->in) {
            fprintf(stderr, "case %zu: %s %s %s\n", i, k->login, action_name(k->act), k->entity);
            wrong++;
        }
        house_end(a);
    }
    assert_int_equal(wrong, 0);
}

/* --- fields ------------------------------------------------------------------------------------ */

typedef struct FieldCase {
    const char *login, *entity, *field;
    FieldRight right;
    bool masked;
} FieldCase;

static const FieldCase field_cases[] = {
    {"rep", "customer", "name", FR_EDIT, false},
    {"rep", "customer", "phone", FR_EDIT, false}, /* he reads own rows only, all in clear */
    {"lead", "customer", "phone", FR_EDIT, true},
    {"head", "customer", "phone", FR_READ, true},
    {"agent", "customer", "phone", FR_READ, true},
    {"boss", "customer", "phone", FR_EDIT, false},
    {"both", "customer", "phone", FR_EDIT, true},
    {"rep", "customer", "created_at", FR_READ, false},
    {"rep", "customer", "last_follow_up_at", FR_READ, false},
    {"sys", "customer", "name", FR_NONE, false},
    {"rep", "user", "name", FR_READ, false},
    {"rep", "user", "department", FR_READ, false},
    {"rep", "user", "position", FR_READ, false},
    {"rep", "user", "status", FR_READ, false},
    {"rep", "user", "login", FR_NONE, false},
    {"rep", "user", "mobile", FR_NONE, false},
    {"rep", "user", "roles", FR_NONE, false},
    {"rep", "user", "password", FR_NONE, false},
    {"sys", "user", "login", FR_EDIT, false},
    {"sys", "user", "password", FR_EDIT, false},
    {"sys", "user", "password_hash", FR_NONE, false},
    {"sys", "user", "roles", FR_READ, false},
    {"sec", "user", "roles", FR_EDIT, false},
    {"sec", "user", "login", FR_READ, false},
    {"sec", "user", "password", FR_NONE, false},
    {"audit", "user", "roles", FR_READ, false},
    {"rep", "role", "code", FR_READ, false},
    {"rep", "role", "rights", FR_NONE, false},
    {"sec", "role", "rights", FR_EDIT, false},
    {"audit", "role", "rights", FR_READ, false},
    {"rep", "department", "name", FR_READ, false},
    {"rep", "department", "code", FR_READ, false},
    {"sys", "department", "name", FR_EDIT, false},
};

static void fields(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof field_cases / sizeof field_cases[0]; i++) {
        const FieldCase *k = &field_cases[i];
        Ctx c;
        Arena *a = arena_new(0);
        house_as(&c, a, k->login);
        const Field *f = entity_field(model_entity(c.model, k->entity), k->field);
        assert_non_null(f);
        bool masked;
        FieldRight r = access_field(&c, f, &masked);
        if (r != k->right || masked != k->masked) {
            fprintf(stderr, "%s %s.%s: right %d masked %d\n", k->login, k->entity, k->field, r,
                    masked);
            wrong++;
        }
        house_end(a);
    }
    assert_int_equal(wrong, 0);
}

static void clear_rows(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    const struct {
        const char *login;
        const int64_t *row;
        bool clear;
    } cases[] = {{"rep", &cust_rep, true},     {"lead", &cust_rep, false},
                 {"agent", &cust_agent, true}, {"agent", &cust_boss, false},
                 {"boss", &cust_rep, true},    {"sys", &cust_rep, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        house_as(&c, a, cases[i].login);
        const Entity *e = model_entity(c.model, "customer");
        assert_int_equal(house_in(&c, e, *cases[i].row, access_clear_scope(&c, e)), cases[i].clear);
    }
    house_end(a);
}

/* A filter on a field read masked meets rows in clear only; on one not read at all it is refused. */
static void filters(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_as(&c, a, "agent");
    const Entity *e = model_entity(c.model, "customer");
    Filter *f;
    OK(&c, filter_parse_text(&c, e, "[\"phone\", \"=\", \"13800138000\"]", &access_filter_guard,
                             access_me(&c), &f));
    assert_true(house_in(&c, e, cust_agent, f));
    assert_false(house_in(&c, e, cust_rep, f));
    house_as(&c, a, "rep");
    assert_false(filter_parse_text(&c, model_entity(c.model, "user"),
                                   "[\"login\", \"=\", \"boss\"]", &access_filter_guard,
                                   access_me(&c), &f));
    assert_int_equal(c.err->code, ERR_BAD_FILTER);
    house_end(a);
}

static bool share_row(Ctx *c, void *arg)
{
    const int64_t *p = arg;
    DbVal v[] = {
        db_of_text("customer"),         db_of_int(p[0]),      db_of_int(p[1]),    db_of_int(p[2]),
        db_of_int(c->now_ms + 3600000), db_of_int(c->now_ms), db_of_int(id_new())};
    return db_exec(c, SQL("DELETE FROM \"record_share\""), NULL, 0) &&
           db_exec(c,
                   SQL("INSERT INTO \"record_share\" (id, entity, record_id, user_id, can_write, "
                       "until, at) "
                       "VALUES ($7, $1, $2, $3, $4, $5, $6)"),
                   v, 7);
}

/* Shared for reading, then for editing; never for deleting; until it runs out. */
static void shared(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t grant[] = {cust_boss, house_user(&c, "rep"), 0};
    for (int edit = 0; edit < 2; edit++) {
        house_ctx(&c, a);
        grant[2] = edit;
        OK(&c, db_write(&c, share_row, grant));
        house_as(&c, a, "rep");
        const Entity *e = model_entity(c.model, "customer");
        assert_true(house_in(&c, e, cust_boss, access_scope(&c, e, ACT_READ)));
        assert_int_equal(house_in(&c, e, cust_boss, access_scope(&c, e, ACT_EDIT)), edit);
        assert_true(house_in(&c, e, cust_boss, access_clear_scope(&c, e)));
        assert_false(house_in(&c, e, cust_boss, access_scope(&c, e, ACT_SHARE)));
        c.now_ms += 3600001;
        assert_false(house_in(&c, e, cust_boss, access_scope(&c, e, ACT_READ)));
    }
    house_end(a);
}

/* A token narrows, and carries no general right unless it says so. */
static void tokens(void **state)
{
    (void)state;
    static const char *const narrow[] = {"customer:read", NULL};
    static const char *const audit[] = {"audit_log", "right:audit", NULL};
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me = house_as(&c, a, "boss");
    me->token_scopes = narrow;
    assert_true(access_may(&c, model_entity(c.model, "customer"), ACT_READ));
    assert_false(access_may(&c, model_entity(c.model, "customer"), ACT_EDIT));
    assert_false(access_may(&c, model_entity(c.model, "contact"), ACT_READ));
    assert_false(actor_has(me, RIGHT_IMPORT_KEEP));
    me = house_as(&c, a, "audit");
    assert_true(actor_has(me, RIGHT_AUDIT));
    me->token_scopes = audit;
    assert_true(actor_has(me, RIGHT_AUDIT));
    assert_true(access_may(&c, model_entity(c.model, "audit_log"), ACT_READ));
    assert_false(access_need_step_up(&c));
    assert_int_equal(c.err->code, ERR_STEP_UP_REQUIRED);
    house_end(a);
}

static bool set_rights(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg)};
    return db_exec(c, SQL("UPDATE \"role\" SET rights = $1 WHERE code = 'marketing'"), p, 1) &&
           db_change(c, "access", 0);
}

/* Stored rights lie over the default, entity by entity; damaged ones deny. */
static void stored_rights(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    const struct {
        const char *json;
        bool read, edit, settings, follow;
    } cases[] = {
        {"{\"rights\": [\"settings\"], \"entities\": {\"follow_up\": {\"scope\": \"all\", "
         "\"actions\": \"read\"}}}",
         true, false, true, true},
        {"{\"entities\": {\"customer\": {\"scope\": \"below\", \"actions\": \"read edit\"}}}", true,
         true, false, false},
        {"{\"entities\": {\"customer\": {\"scope\": \"none\", \"actions\": \"read\"}}}", false,
         false, false, false},
        {"{\"entities\": ", false, false, false, false},
        {"[\"settings\"]", false, false, false, false},
        {"\"all\"", false, false, false, false},
        {"", true, false, false, false},
        {"null", true, false, false, false},
        {"{\"general\": [\"settings\", 7, \"nothing\"]}", true, false, true, false},
        {"{\"rights\": \"settings\"}", true, false, false, false},
        /* a scope without an action, an action without a scope, words nobody knows: nothing at all */
        {"{\"entities\": {\"customer\": {\"scope\": \"all\"}}}", false, false, false, false},
        {"{\"entities\": {\"customer\": {\"actions\": \"read edit\"}}}", false, false, false,
         false},
        {"{\"entities\": {\"customer\": {\"scope\": \"world\", \"actions\": \"read\"}}}", false,
         false, false, false},
        {"{\"entities\": {\"customer\": {\"scope\": \"all\", \"actions\": \"fly,edit\"}}}", false,
         true, false, false},
        {"{\"entities\": {\"customer\": [\"all\"]}}", false, false, false, false},
        {NULL, true, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        house_ctx(&c, a);
        union {
            const char *in;
            void *out;
        } json = {.in = cases[i].json};
        OK(&c, db_write(&c, set_rights, json.out));
        actor_cache_clear();
        Actor *me = house_as(&c, a, "market");
        const Entity *e = model_entity(c.model, "customer");
        assert_int_equal(access_may(&c, e, ACT_READ), cases[i].read);
        assert_int_equal(access_may(&c, e, ACT_EDIT), cases[i].edit);
        assert_int_equal(actor_has(me, RIGHT_SETTINGS), cases[i].settings);
        assert_int_equal(access_may(&c, model_entity(c.model, "follow_up"), ACT_READ),
                         cases[i].follow);
    }
    house_end(a);
}

/* The scopes no built-in role has for customers: the department alone, the direct reports. */
static void narrow_scopes(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        bool boss, rep; /* market sits in hq with boss; nobody reports to it */
    } cases[] = {{"department", true, false}, {"reports", false, false},
                 {"own", false, false},       {"below", true, true},
                 {"all", true, true},         {"own,department", true, false}};
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        house_ctx(&c, a);
        OK(&c, db_write(&c, set_rights,
                        arena_printf(a,
                                     "{\"entities\": {\"customer\": {\"scope\": \"%s\", "
                                     "\"actions\": \"read edit\"}}}",
                                     cases[i].scope)));
        actor_cache_clear();
        Actor *me = house_as(&c, a, "market");
        const Entity *e = model_entity(c.model, "customer");
        for (int act = ACT_READ; act <= ACT_EDIT; act++) {
            if (act != ACT_READ && act != ACT_EDIT)
                continue;
            const Filter *f = access_scope(&c, e, (Action)act);
            if (house_in(&c, e, cust_boss, f) != cases[i].boss ||
                house_in(&c, e, cust_rep, f) != cases[i].rep)
                fail_msg("%s, %s: not the rows wanted", cases[i].scope, action_name((Action)act));
        }
        /* whoever sits in no department sees none by it */
        me->department = 0;
        if (strcmp(cases[i].scope, "department") == 0)
            assert_false(house_in(&c, e, cust_boss, access_scope(&c, e, ACT_READ)));
        /* and nobody's own rows are those without a person */
        me->user = 0;
        if (strcmp(cases[i].scope, "own") == 0)
            assert_int_equal(access_scope(&c, e, ACT_READ)->kind, FILTER_FALSE);
    }
    /* two report to the lead, who asks with the roles of marketing */
    house_ctx(&c, a);
    static char rights[] =
        "{\"entities\": {\"customer\": {\"scope\": \"reports\", \"actions\": \"read\"}}}";
    OK(&c, db_write(&c, set_rights, rights));
    actor_cache_clear();
    Actor *lead = house_as(&c, a, "lead"), *market = NULL;
    OK(&c, actor_of_login(&c, "market", CH_WEB, &market));
    lead->entities = market->entities;
    lead->n_entities = market->n_entities;
    const Entity *e = model_entity(c.model, "customer");
    const Filter *f = access_scope(&c, e, ACT_READ);
    assert_true(house_in(&c, e, cust_rep, f));
    assert_true(house_in(&c, e, cust_rep2, f));
    assert_false(house_in(&c, e, cust_boss, f));
    house_ctx(&c, a);
    OK(&c, db_write(&c, set_rights, NULL));
    actor_cache_clear();
    house_end(a);
}

/* What holds for a role, in words: the default, and what is stored laid over it. */
static void effective(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Buf b;
    json_object *o, *x;
    house_ctx(&c, a);
    buf_init(&b, a);
    OK(&c,
       role_rights_effective(&c, "sales_rep",
                             "{\"rights\": [\"audit\"], \"entities\": {\"customer\": {\"scope\": "
                             "\"own,below\", \"actions\": \"read edit\", \"clear\": true}, "
                             "\"contact\": {\"scope\": \"none\", \"actions\": \"read\"}}}",
                             &b));
    OK(&c, json_read(&c, b.data, b.len, &o));
    assert_string_equal(json_object_to_json_string_ext(json_member(o, "rights"), 0), "[\"audit\"]");
    x = json_member(json_member(o, "entities"), "customer");
    assert_string_equal(json_str(x, "scope", ""), "own,below");
    assert_string_equal(json_str(x, "actions", ""), "read edit");
    assert_true(json_object_get_boolean(json_member(x, "clear")));
    x = json_member(json_member(o, "entities"), "contact");
    assert_string_equal(json_str(x, "scope", ""), "none");
    assert_string_equal(json_str(x, "actions", ""), "none");
    x = json_member(json_member(o, "entities"), "follow_up");
    assert_string_equal(json_str(x, "scope", ""), "own");
    assert_false(json_object_get_boolean(json_member(x, "clear")));
    /* every entity is told, with what was given for it and nothing else */
    Buf given;
    buf_init(&given, a);
    for (int i = 0; i < house_model->n; i++)
        buf_printf(&given, "%s\"%s\": {\"scope\": \"all\", \"actions\": \"export\"}",
                   i ? ", " : "{\"rights\": [], \"entities\": {", house_model->entities[i].name);
    buf_puts(&given, "}}");
    buf_clear(&b);
    OK(&c, role_rights_effective(&c, "sales_rep", given.data, &b));
    OK(&c, json_read(&c, b.data, b.len, &o));
    for (int i = 0; i < house_model->n; i++) {
        const char *name = house_model->entities[i].name;
        if (strcmp(json_str(json_member(json_member(o, "entities"), name), "actions", "?"),
                   "export"))
            fail_msg("%s: %s", name, b.data);
    }
    house_end(a);
}

static void checked_rights(void **state)
{
    (void)state;
    const struct {
        const char *json;
        bool ok;
    } cases[] = {
        {"{\"rights\": [\"audit\"], \"entities\": {\"customer\": {\"scope\": \"own,below\", "
         "\"actions\": \"read edit\", \"clear\": true}}}",
         true},
        {"{}", true},
        {"{\"rights\": [\"everything\"]}", false},
        {"{\"entities\": {\"costumer\": {\"scope\": \"own\"}}}", false},
        {"{\"entities\": {\"customer\": {\"scope\": \"world\"}}}", false},
        {"{\"entities\": {\"customer\": {\"actions\": \"read fly\"}}}", false},
        {"{\"entities\": {\"customer\": {\"clear\": 1}}}", false},
        {"{\"more\": 1}", false},
        {"[]", false},
        {"null", true},
        {"{\"general\": [\"audit\", \"settings\"]}", true},
        {"{\"general\": [\"audit\", \"everything\"]}", false},
        {"{\"general\": \"audit\"}", false},
        {"{\"rights\": [\"audit\", null]}", false},
        {"{\"rights\": {\"audit\": true}}", false},
        {"{\"entities\": [\"customer\"]}", false},
        {"{\"entities\": {\"customer\": \"all\"}}", false},
        {"{\"entities\": {\"customer\": null}}", false},
        {"{\"entities\": {\"customer\": {\"scope\": 1}}}", false},
        {"{\"entities\": {\"customer\": {\"actions\": [\"read\"]}}}", false},
        {"{\"entities\": {\"customer\": {\"scope\": \"none\", \"actions\": \"\"}}}", true},
        {"{\"entities\": {\"customer\": {\"scope\": \" own, below \", \"clear\": false}}}", true},
        {"{\"entities\": {\"customer\": {\"scope\": \"own\"}, \"contact\": {\"fields\": \"all\"}}}",
         false},
        /* a word of forty letters that begins like a right one */
        {"{\"entities\": {\"customer\": {\"actions\": "
         "\"readreadreadreadreadreadreadreadreadread\"}}}",
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Ctx c;
        Arena *a = arena_new(0);
        house_ctx(&c, a);
        json_object *json;
        OK(&c, json_read(&c, cases[i].json, strlen(cases[i].json), &json));
        assert_int_equal(role_rights_check(&c, "rights", json), cases[i].ok);
        assert_int_equal(c.n_err == 0, cases[i].ok);
        house_end(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions),       cmocka_unit_test(without_actor),
        cmocka_unit_test(rows),          cmocka_unit_test(fields),
        cmocka_unit_test(clear_rows),    cmocka_unit_test(filters),
        cmocka_unit_test(shared),        cmocka_unit_test(tokens),
        cmocka_unit_test(stored_rights), cmocka_unit_test(narrow_scopes),
        cmocka_unit_test(effective),     cmocka_unit_test(checked_rights),
    };
    return house_run(tests, rows_made);
}
