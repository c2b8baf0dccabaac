/*
 * The gate where tables of roles do not reach: what a token's list opens, what nobody may though a role says so, rows that
 * a person has because they are his (sessions, jobs), rows an entity file opens, children without role rows of their own,
 * personal fields in clear by way of the parent, and what a filter may not ask.
 */
#include "auth/scope.h"
#include "access_rows.h"

static int64_t cust_rep, cust_rep2, cust_boss, contact_of_rep2_by_rep, follow_by_rep2;

static int rows_made(void **state)
{
    if (house_open(state))
        return 1;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    cust_rep = customer(&c, "rep");
    cust_rep2 = customer(&c, "rep2");
    cust_boss = customer(&c, "boss");
    contact_of_rep2_by_rep = child(&c, "contact", cust_rep2, "rep");
    follow_by_rep2 = child(&c, "follow_up", cust_rep2, "rep2");
    house_end(a);
    return 0;
}

/* --- tokens -------------------------------------------------------------------------------------- */

/* boss may everything with customers and contacts; the list of the token is what is left of it. */
static void lists_of_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *scopes[4];
        bool read_customer, edit_customer, read_contact, edit_contact, read_link;
    } cases[] = {
        {{"contact:read", "customer:edit", NULL}, false, true, true, false, false},
        {{"customer:read", "customer:edit", "contact", NULL}, true, true, true, true, false},
        {{"follow_up", "customer:export", "customer", NULL}, true, true, false, false, false},
        {{"customer_contact", NULL}, false, false, false, false, true},
        {{"customer_contact:read", NULL}, false, false, false, false, true},
        {{"customer_contact:edit", NULL}, false, false, false, false, false},
        {{"custom", "customers", "customer:", NULL}, false, false, false, false, false},
        {{"customer:rea", "customer:reader", "customer.read", NULL},
         false,
         false,
         false,
         false,
         false},
        {{"right:audit", NULL}, false, false, false, false, false},
        {{NULL}, false, false, false, false, false},
    };
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Actor *me = house_as(&c, a, "boss");
        me->token_scopes = cases[i].scopes;
        const Entity *customers = model_entity(c.model, "customer"),
                     *contacts = model_entity(c.model, "contact"),
                     *links = model_entity(c.model, "customer_contact");
        if (access_may(&c, customers, ACT_READ) != cases[i].read_customer ||
            access_may(&c, customers, ACT_EDIT) != cases[i].edit_customer ||
            access_may(&c, contacts, ACT_READ) != cases[i].read_contact ||
            access_may(&c, contacts, ACT_EDIT) != cases[i].edit_contact ||
            access_may(&c, links, ACT_READ) != cases[i].read_link)
            fail_msg("list %zu", i);
        /* rows and fields follow */
        assert_int_equal(house_in(&c, customers, cust_rep, access_scope(&c, customers, ACT_READ)),
                         cases[i].read_customer);
        if (!cases[i].read_customer && !cases[i].edit_customer)
            assert_int_equal(access_field(&c, entity_field(customers, "name"), NULL), FR_NONE);
        if (cases[i].read_customer && !cases[i].edit_customer)
            assert_int_equal(access_field(&c, entity_field(customers, "name"), NULL), FR_READ);
    }
    house_end(a);
}

static void rights_of_tokens(void **state)
{
    (void)state;
    static const char *const second[] = {"audit_log", "right:settings", "right:audit", NULL},
                             *const other[] = {"right:settings", "audit", "right:audi", NULL};
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me = house_as(&c, a, "audit");
    assert_true(access_need_right(&c, RIGHT_AUDIT));
    me->token_scopes = second;
    assert_true(actor_has(me, RIGHT_AUDIT));
    assert_false(actor_has(me, RIGHT_SETTINGS)); /* named, but he has it not */
    me->token_scopes = other;
    assert_false(actor_has(me, RIGHT_AUDIT));
    assert_false(access_need_right(&c, RIGHT_AUDIT));
    assert_int_equal(c.err->code, ERR_FORBIDDEN);
    assert_false(actor_has(NULL, RIGHT_AUDIT));
    assert_false(actor_has(actor_system(a, CH_SYSTEM), RIGHT_NONE));
    assert_true(actor_has(actor_system(a, CH_SYSTEM), RIGHT_AUDIT));
    house_end(a);
}

/* --- what nobody may ------------------------------------------------------------------------------ */

/* Rows the program keeps are changed by nobody through the gate, not by the system itself; everything else is its own. */
static void kept_by_the_program(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    for (int i = 0; i < c.model->n; i++) {
        const Entity *e = &c.model->entities[i];
        for (int act = 0; act < ACT__COUNT; act++) {
            bool want = !e->readonly || act == ACT_READ || act == ACT_EXPORT;
            if (access_may(&c, e, (Action)act) != want)
                fail_msg("the system: %s %s", action_name((Action)act), e->name);
            assert_int_equal(access_scope(&c, e, (Action)act)->kind,
                             want ? FILTER_TRUE : FILTER_FALSE);
        }
        assert_int_equal(access_clear_scope(&c, e)->kind, FILTER_TRUE);
        for (int k = 0; k < e->n_fields; k++) {
            const Field *f = &e->fields[k];
            bool masked;
            FieldRight r = access_field(&c, f, &masked);
            assert_false(masked);
            if (f->hidden || f->retired || (f->write_only && (e->readonly || f->readonly)))
                assert_int_equal(r, FR_NONE);
            else
                assert_int_equal(r, e->readonly || f->readonly ? FR_READ : FR_EDIT);
        }
    }
    house_end(a);
}

/* The codes of a refusal: who is known is forbidden, who is not is asked to sign in. */
static void refusals(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me = house_as(&c, a, "rep");
    const Entity *e = model_entity(c.model, "customer");
    assert_true(access_need(&c, e, ACT_READ));
    assert_int_equal(c.n_err, 0);
    assert_false(access_need(&c, e, ACT_DELETE));
    assert_int_equal(c.err->code, ERR_FORBIDDEN);
    me = house_as(&c, a, "rep");
    assert_false(actor_stepped_up(&c));
    me->verified = true;
    assert_true(access_need_step_up(&c));
    me->verified = false;
    me->step_up_until = c.now_ms + 60000;
    assert_false(actor_stepped_up(&c)); /* of no session */
    me->session = 1;
    assert_true(access_need_step_up(&c));
    me->step_up_until = c.now_ms - 1;
    assert_false(actor_stepped_up(&c)); /* too long ago */
    c.actor = NULL;
    assert_false(actor_stepped_up(&c));
    c.actor = actor_system(a, CH_SYSTEM);
    assert_true(access_need_step_up(&c));
    house_end(a);
}

/* --- rows that are somebody's ------------------------------------------------------------------------ */

/* A person's jobs, sessions and notices are read by himself and, the former two, by those with the right; changed by none. */
static void own_by_link(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    const RowSet job[] = {{"kind", db_of_text("export")},
                          {"owner", db_of_int(house_user(&c, "rep"))},
                          {"state", db_of_text("queued")},
                          {"created_at", db_of_int(c.now_ms)}},
                 session[] = {{"user", db_of_int(house_user(&c, "rep"))},
                              {"hash", db_of_text("0123")},
                              {"created_at", db_of_int(c.now_ms)},
                              {"seen_at", db_of_int(c.now_ms)}},
                 notice[] = {{"user", db_of_int(house_user(&c, "rep"))},
                             {"kind", db_of_text("job")},
                             {"title", db_of_text("好了")},
                             {"created_at", db_of_int(c.now_ms)}};
    int64_t rows[] = {house_insert(&c, "job", job, 4), house_insert(&c, "session", session, 4),
                      house_insert(&c, "notification", notice, 4)};
    static const struct {
        const char *login;
        bool sees[3];
    } cases[] = {{"rep", {true, true, true}},      {"rep2", {false, false, false}},
                 {"lead", {false, false, false}},  {"boss", {false, false, false}},
                 {"audit", {false, false, false}}, {"nobody", {false, false, false}}};
    static const char *const entities[] = {"job", "session", "notification"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int k = 0; k < 3; k++) {
            Actor *me = house_as(&c, a, cases[i].login);
            const Entity *e = model_entity(c.model, entities[k]);
            bool all =
                (k == 0 && actor_has(me, RIGHT_JOBS)) || (k == 1 && actor_has(me, RIGHT_SESSIONS));
            if (house_in(&c, e, rows[k], access_scope(&c, e, ACT_READ)) !=
                (cases[i].sees[k] || all))
                fail_msg("%s and %s of rep", cases[i].login, entities[k]);
            for (int act = 0; act < ACT__COUNT; act++)
                if (act != ACT_READ)
                    assert_false(access_may(&c, e, (Action)act));
        }
    /* whoever ends the sessions of others sees them, and that alone */
    bool found = false;
    const char *const people[] = {"sys", "sec", "boss"};
    for (int i = 0; i < 3; i++) {
        Actor *me = house_as(&c, a, people[i]);
        if (!actor_has(me, RIGHT_SESSIONS))
            continue;
        found = true;
        const Entity *e = model_entity(c.model, "session");
        assert_int_equal(access_scope(&c, e, ACT_READ)->kind, FILTER_TRUE);
        assert_int_equal(access_field(&c, entity_field(e, "hash"), NULL), FR_NONE);
        assert_false(access_may(&c, e, ACT_EXPORT));
    }
    assert_true(found);
    /* accounts are edited by those who keep them and by those who give roles, all of them; by nobody else */
    static const struct {
        const char *login;
        bool edits;
    } keepers[] = {{"sys", true}, {"sec", true}, {"audit", false}, {"boss", false}, {"rep", false}};
    for (size_t i = 0; i < sizeof keepers / sizeof keepers[0]; i++) {
        house_as(&c, a, keepers[i].login);
        const Entity *e = model_entity(c.model, "user");
        int64_t rep = house_user(&c, "rep");
        assert_int_equal(house_in(&c, e, rep, access_scope(&c, e, ACT_EDIT)), keepers[i].edits);
        assert_true(house_in(&c, e, rep, access_scope(&c, e, ACT_READ)));
    }
    house_end(a);
}

/* What the entity file opens: read by those it names, changed by the owner alone. */
static void opened(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    static const char *const shared[] = {"private", "department", "everyone"};
    int64_t rows[3];
    for (int i = 0; i < 3; i++) {
        house_ctx(&c, a);
        int64_t user = house_user(&c, "rep");
        const RowSet set[] = {
            {"name", db_of_text(shared[i])}, {"kind", db_of_text("phrase")},
            {"text", db_of_text("您好")},    {"shared", db_of_text(shared[i])},
            {"owner", db_of_int(user)},      {"owner_department", db_of_int(dept_of(&c, user))}};
        rows[i] = house_insert(&c, "phrase", set, sizeof set / sizeof set[0]);
    }
    static const struct {
        const char *login;
        bool reads[3], edits;
    } cases[] = {{"rep", {true, true, true}, true},
                 {"rep2", {false, true, true}, false},  /* of the same department */
                 {"lead", {false, false, true}, false}, /* of the one above it */
                 {"nobody", {false, false, true}, false},
                 {"boss", {true, true, true}, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int k = 0; k < 3; k++) {
            house_as(&c, a, cases[i].login);
            const Entity *e = model_entity(c.model, "phrase");
            if (house_in(&c, e, rows[k], access_scope(&c, e, ACT_READ)) != cases[i].reads[k])
                fail_msg("%s reads what is for %s", cases[i].login, shared[k]);
            if (house_in(&c, e, rows[k], access_scope(&c, e, ACT_EDIT)) != cases[i].edits)
                fail_msg("%s edits what is for %s", cases[i].login, shared[k]);
            if (access_may(&c, e, ACT_EXPORT) && strcmp(cases[i].login, "boss") != 0)
                fail_msg("%s exports", cases[i].login);
        }
    house_end(a);
}

/* --- children ---------------------------------------------------------------------------------------- */

/* The entity as if its file said nothing of roles, and the actor as if he had none there. */
static Entity bare_child(Ctx *c, Actor *me, const char *name)
{
    Entity e = *model_entity(c->model, name);
    EntityRight *all = ARENA_ARRAY(c->a, me->n_entities, EntityRight);
    memcpy(all, me->entities, (size_t)me->n_entities * sizeof *all);
    all[e.index] = (EntityRight){0};
    me->entities = all;
    e.n_roles = 0;
    return e;
}

/* A child without role rows follows its parent: reading with reading, changing with editing, the rest with nothing. */
static void children_follow(void **state)
{
    (void)state;
    static const struct {
        const char *login, *may;
        bool reads, edits; /* a row at rep2's customer */
    } cases[] = {{"rep2", " read create edit delete import ", true, true},
                 {"rep", " read create edit delete import ", false, false},
                 {"lead", " read create edit delete import export ", true, true},
                 {"head", " read export ", true, false},
                 {"agent", " read ", true, false},
                 {"sys", " ", false, false},
                 {"nobody", " ", false, false}};
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Actor *me = house_as(&c, a, cases[i].login);
        Entity e = bare_child(&c, me, "follow_up");
        for (int act = 0; act < ACT__COUNT; act++) {
            const char *word = arena_printf(a, " %s ", action_name((Action)act));
            bool want = strstr(cases[i].may, word) != NULL;
            if (access_may(&c, &e, (Action)act) != want)
                fail_msg("%s:%s%d", cases[i].login, word, !want);
            if (!want)
                assert_int_equal(access_scope(&c, &e, (Action)act)->kind, FILTER_FALSE);
        }
        assert_int_equal(house_in(&c, &e, follow_by_rep2, access_scope(&c, &e, ACT_READ)),
                         cases[i].reads);
        assert_int_equal(house_in(&c, &e, follow_by_rep2, access_scope(&c, &e, ACT_EDIT)),
                         cases[i].edits);
        assert_int_equal(house_in(&c, &e, follow_by_rep2, access_scope(&c, &e, ACT_DELETE)),
                         cases[i].edits);
        /* one that belongs to the holders of a right follows nobody */
        e.right = "audit";
        assert_false(access_may(&c, &e, ACT_READ));
    }
    house_end(a);
}

/* A child that can belong to one of several entities: its rows are those whose parent, of the kind that stands in the row, is
   within reach. */
static void several_parents(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    Entity e = *model_entity(c.model, "follow_up");
    const Entity *up[SCOPE_PARENTS_MAX];
    e.parent = "parent";
    const Field *kind = entity_field(&e, "parent_type");
    int n = scope_parents(&e, up, SCOPE_PARENTS_MAX), known = 0;
    for (int i = 0; i < kind->n_options; i++)
        if (model_entity(c.model, kind->options[i].code))
            assert_string_equal(up[known++]->name, kind->options[i].code);
    assert_true(n >= 1 && n == known);
    assert_int_equal(scope_parents(&e, up, n - 1), n - 1);
    assert_int_equal(scope_parents(&e, up, 0), 0);
    static const char *const none[] = {NULL, "content", "nothing"}; /* no link, no field */
    for (int i = 0; i < 3; i++) {
        e.parent = none[i];
        assert_int_equal(scope_parents(&e, up, SCOPE_PARENTS_MAX), 0);
    }
    e.parent = "customer";
    assert_int_equal(scope_parents(&e, up, 0), 0);
    assert_int_equal(scope_parents(&e, up, 1), 1);

    int64_t boss = house_user(&c, "boss");
    const RowSet at_rep2[] = {
        {"content", db_of_text("电话")},    {"owner", db_of_int(boss)},
        {"owner_department", db_of_int(1)}, {"parent_type", db_of_text("customer")},
        {"parent", db_of_int(cust_rep2)},   {"happened_at", db_of_int(c.now_ms)},
        {"method", db_of_text("phone")}};
    int64_t row = house_insert(&c, "follow_up", at_rep2, sizeof at_rep2 / sizeof at_rep2[0]);
    static const struct {
        const char *login;
        bool reads, edits;
    } cases[] = {{"rep2", true, true},
                 {"rep", false, false},
                 {"lead", true, true},
                 {"head", true, false},
                 {"sec", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Actor *me = house_as(&c, a, cases[i].login);
        Entity bare = bare_child(&c, me, "follow_up");
        bare.parent = "parent";
        if (house_in(&c, &bare, row, access_scope(&c, &bare, ACT_READ)) != cases[i].reads ||
            house_in(&c, &bare, row, access_scope(&c, &bare, ACT_EDIT)) != cases[i].edits)
            fail_msg("%s", cases[i].login);
    }
    house_end(a);
}

/* Where a row has neither owner nor department, no scope but "all" reaches it, for whomever. */
static void without_owner(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    int64_t rep = house_user(&c, "rep");
    const RowSet set[] = {{"user", db_of_int(rep)},
                          {"kind", db_of_text("job")},
                          {"title", db_of_text("还有一条")},
                          {"created_at", db_of_int(c.now_ms)}};
    int64_t row = house_insert(&c, "notification", set, sizeof set / sizeof set[0]);
    static const unsigned wide =
        1u << SCOPE_OWN | 1u << SCOPE_BELOW | 1u << SCOPE_REPORTS | 1u << SCOPE_DEPARTMENT;
    house_as(&c, a, "rep");
    const Entity *e = model_entity(c.model, "notification");
    assert_false(house_in(&c, e, row, scope_filter(&c, e, wide, OWN_STRICT)));
    assert_int_equal(scope_filter(&c, e, 0, OWN_STRICT)->kind, FILTER_FALSE);
    assert_int_equal(scope_filter(&c, e, 1u << SCOPE_ALL, OWN_STRICT)->kind, FILTER_TRUE);
    house_as(&c, a, "lead"); /* rep reports to him, but nothing here says whose the row is */
    assert_false(house_in(&c, e, row, scope_filter(&c, e, wide, OWN_STRICT)));
    house_as(&c, a, "rep")->user = 0;
    assert_int_equal(scope_filter(&c, e, wide, OWN_STRICT)->kind, FILTER_FALSE);
    house_end(a);
}

/* An actor of another model, which had fewer entities, has no rights in those behind. */
static void beyond_the_actor(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me = house_as(&c, a, "boss");
    const Entity *e = model_entity(c.model, "customer");
    me->n_entities = (int)e->index;
    assert_false(access_may(&c, e, ACT_READ));
    me->n_entities++;
    assert_true(access_may(&c, e, ACT_READ));
    me->entities = NULL;
    assert_false(access_may(&c, e, ACT_READ));
    house_end(a);
}

/* --- personal fields ------------------------------------------------------------------------------- */

static void clear_by_parent(void **state)
{
    (void)state;
    static const struct {
        const char *login;
        bool in, masked;
    } cases[] = {{"rep", true, false}, /* own rows and rows of own customers: all in clear */
                 {"rep2", true, false}, {"lead", false, true},   {"agent", false, true},
                 {"boss", true, false}, {"market", false, false}}; /* reads no contacts at all */
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        house_as(&c, a, cases[i].login);
        const Entity *e = model_entity(c.model, "contact");
        bool masked;
        (void)access_field(&c, entity_field(e, "mobile"), &masked);
        if (house_in(&c, e, contact_of_rep2_by_rep, access_clear_scope(&c, e)) != cases[i].in ||
            masked != cases[i].masked)
            fail_msg("%s: masked %d", cases[i].login, masked);
    }
    /* a number of one's own */
    house_as(&c, a, "rep");
    const Entity *user = model_entity(c.model, "user");
    int64_t rep = house_user(&c, "rep"), rep2 = house_user(&c, "rep2");
    const Filter *f = access_clear_scope(&c, user);
    assert_true(house_in(&c, user, rep, f));
    assert_false(house_in(&c, user, rep2, f));
    house_as(&c, a, "sys");
    assert_true(house_in(&c, user, rep2, access_clear_scope(&c, user)));
    house_end(a);
}

/* --- filters and descriptions ---------------------------------------------------------------------- */

static bool asks(Ctx *c, const char *entity, const char *filter, Filter **out)
{
    return filter_parse_text(c, model_entity(c->model, entity), filter, &access_filter_guard,
                             access_me(c), out);
}

/* What is only ever written is not asked for either, nor what lies behind a link to a row out of reach. */
static void guarded_filters(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Filter *f;
    house_as(&c, a, "sys");
    assert_int_equal(
        access_field(&c, entity_field(model_entity(c.model, "user"), "password"), NULL), FR_EDIT);
    assert_false(asks(&c, "user", "[\"password\", \"=\", \"x\"]", &f));
    assert_int_equal(c.err->code, ERR_BAD_FILTER);
    house_as(&c, a, "sys");
    assert_false(asks(&c, "user", "[\"password_hash\", \"empty\"]", &f));
    const char *of_rep2 = "[\"customer.name\", \"=\", \"rep2\"]";
    const Entity *contact = model_entity(c.model, "contact");
    house_as(&c, a, "rep"); /* his contact, at a customer he may not read */
    OK(&c, asks(&c, "contact", of_rep2, &f));
    assert_false(house_in(&c, contact, contact_of_rep2_by_rep, f));
    house_as(&c, a, "rep2");
    OK(&c, asks(&c, "contact", of_rep2, &f));
    assert_true(house_in(&c, contact, contact_of_rep2_by_rep, f));
    /* masked: by the number, no row is found in which it is not read in clear */
    const char *by_number = "[\"mobile\", \"=\", \"13900139000\"]";
    house_as(&c, a, "lead");
    OK(&c, asks(&c, "contact", by_number, &f));
    assert_false(house_in(&c, contact, contact_of_rep2_by_rep, f));
    house_as(&c, a, "boss");
    OK(&c, asks(&c, "contact", by_number, &f));
    assert_true(house_in(&c, contact, contact_of_rep2_by_rep, f));
    house_end(a);
}

static void described(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_as(&c, a, "lead");
    DescribeRights d = access_describe(&c);
    const Entity *e = model_entity(c.model, "customer");
    bool masked;
    assert_true(d.can(d.arg, e, "read"));
    assert_true(d.can(d.arg, e, "delete"));
    assert_false(d.can(d.arg, e, "erase"));
    assert_false(d.can(d.arg, e, "fly"));
    assert_int_equal(d.field(d.arg, entity_field(e, "phone"), &masked), FR_EDIT);
    assert_true(masked);
    FilterMe me = access_me(&c);
    assert_int_equal(me.user, house_user(&c, "lead"));
    assert_string_equal(me.roles[0], "sales_manager");
    house_end(a);
}

/* A secret of a channel is set by whoever keeps settings and read by nobody; wishes for a change are written, then not read. */
static void written_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *login, *entity, *field;
        FieldRight right;
    } cases[] = {{"sys", "channel", "secret", FR_EDIT},
                 {"boss", "channel", "secret", FR_NONE},
                 {"sys", "channel", "name", FR_EDIT},
                 {"rep", "change_request", "input", FR_EDIT},
                 {"audit", "change_request", "input", FR_EDIT}, /* everybody may ask for a change */
                 {"sys", "setting", "value", FR_EDIT},
                 {"boss", "setting", "value", FR_NONE},
                 {"boss", "approval_flow", "name", FR_READ},
                 {"rep", "approval_flow", "name", FR_NONE},
                 {"rep", "department", "code", FR_READ},
                 {"audit", "user", "login", FR_READ},
                 {"sec", "user", "mobile", FR_READ}};
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        house_as(&c, a, cases[i].login);
        const Field *f = entity_field(model_entity(c.model, cases[i].entity), cases[i].field);
        if (!f)
            fail_msg("no field %s.%s", cases[i].entity, cases[i].field);
        FieldRight r = access_field(&c, f, NULL);
        if (r != cases[i].right)
            fail_msg("%s %s.%s: %d", cases[i].login, cases[i].entity, cases[i].field, r);
    }
    house_end(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_tokens),     cmocka_unit_test(rights_of_tokens),
        cmocka_unit_test(kept_by_the_program), cmocka_unit_test(refusals),
        cmocka_unit_test(own_by_link),         cmocka_unit_test(opened),
        cmocka_unit_test(children_follow),     cmocka_unit_test(several_parents),
        cmocka_unit_test(without_owner),       cmocka_unit_test(beyond_the_actor),
        cmocka_unit_test(clear_by_parent),     cmocka_unit_test(guarded_filters),
        cmocka_unit_test(described),           cmocka_unit_test(written_not_read),
    };
    return house_run(tests, rows_made);
}
