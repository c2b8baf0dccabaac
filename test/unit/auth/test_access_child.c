/*
 * The gate where a role opens a child and not its parent, or the other way round: rows, personal fields in clear, and what
 * one field gives to whom. Default deny: what no role names stays shut, whatever hangs on it. Some entities here are made
 * of real ones as no file declares them: what the build refuses today is denied all the same.
 */
#include "access_rows.h"

static int64_t cust_rep, at_rep, own;

static int rows_made(void **state)
{
    if (house_open(state))
        return 1;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    cust_rep = customer(&c, "rep");
    at_rep = child(&c, "contact", cust_rep, "rep");
    own = child(&c, "contact", cust_rep, "market");
    house_end(a);
    return 0;
}

static bool set_rights(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg)};
    return db_exec(c, SQL("UPDATE \"role\" SET rights = $1 WHERE code = 'marketing'"), p, 1) &&
           db_change(c, "access", 0);
}

static void as_market(Ctx *c, Arena *a, char *rights)
{
    house_ctx(c, a);
    OK(c, db_write(c, set_rights, rights));
    actor_cache_clear();
    house_as(c, a, "market");
}

static void child_and_parent(void **state)
{
    (void)state;
    static const struct {
        const char *contact, *customer;
        bool reads_customer, reads_own, reads_other, edits_own, edits_other, masked, clear_own,
            clear_other;
    } cases[] = {
        /* the child alone: own rows, whatever they hang on, in clear; nothing by the parent */
        {"\"scope\": \"own\", \"actions\": \"read edit\"", "\"scope\": \"none\", \"actions\": \"\"",
         false, true, false, true, false, false, true, false},
        {"\"scope\": \"own\", \"actions\": \"read edit\", \"clear\": true",
         "\"scope\": \"none\", \"actions\": \"\"", false, true, false, true, false, false, true,
         false},
        /* with the parent for reading: its children are read, and not edited */
        {"\"scope\": \"own\", \"actions\": \"read edit\"",
         "\"scope\": \"all\", \"actions\": \"read\"", true, true, true, true, false, true, true,
         false},
        /* clear of the child's own rows is not clear of those that come by the parent */
        {"\"scope\": \"own\", \"actions\": \"read edit\", \"clear\": true",
         "\"scope\": \"all\", \"actions\": \"read\"", true, true, true, true, false, true, true,
         false},
        {"\"scope\": \"own\", \"actions\": \"read\", \"clear\": true",
         "\"scope\": \"all\", \"actions\": \"read edit\", \"clear\": true", true, true, true, false,
         false, false, true, true},
        /* the child is shut: the parent does not open it, since a role says so */
        {"\"scope\": \"none\", \"actions\": \"\"", "\"scope\": \"all\", \"actions\": \"read edit\"",
         true, false, false, false, false, false, false, false},
    };
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        as_market(&c, a,
                  arena_printf(a, "{\"entities\": {\"contact\": {%s}, \"customer\": {%s}}}",
                               cases[i].contact, cases[i].customer));
        const Entity *contact = model_entity(c.model, "contact"),
                     *cust = model_entity(c.model, "customer");
        const Filter *read = access_scope(&c, contact, ACT_READ),
                     *edit = access_scope(&c, contact, ACT_EDIT),
                     *clear = access_clear_scope(&c, contact);
        bool masked;
        (void)access_field(&c, entity_field(contact, "mobile"), &masked);
        const bool got[] = {house_in(&c, cust, cust_rep, access_scope(&c, cust, ACT_READ)),
                            house_in(&c, contact, own, read),
                            house_in(&c, contact, at_rep, read),
                            house_in(&c, contact, own, edit),
                            house_in(&c, contact, at_rep, edit),
                            masked,
                            house_in(&c, contact, own, read) && house_in(&c, contact, own, clear),
                            house_in(&c, contact, at_rep, read) &&
                                house_in(&c, contact, at_rep, clear)};
        const bool want[] = {cases[i].reads_customer, cases[i].reads_own,   cases[i].reads_other,
                             cases[i].edits_own,      cases[i].edits_other, cases[i].masked,
                             cases[i].clear_own,      cases[i].clear_other};
        for (size_t k = 0; k < sizeof want / sizeof *want; k++)
            if (got[k] != want[k])
                fail_msg("case %zu, %zu: %d", i, k, got[k]);
    }
    as_market(&c, a, NULL);
    house_end(a);
}

/* The flags of one field, for whoever may all with the entity and for the program itself. */
static void flags_of_a_field(void **state)
{
    (void)state;
    static const struct {
        bool hidden, retired, readonly, write_only;
        FieldRight boss, sys;
    } cases[] = {
        {false, false, false, false, FR_EDIT, FR_EDIT},
        {true, false, false, false, FR_NONE, FR_NONE},
        {false, true, false, false, FR_NONE, FR_NONE},
        {false, false, true, false, FR_READ, FR_READ},
        {false, false, false, true, FR_EDIT, FR_EDIT}, /* written, never read back */
        {false, false, true, true, FR_NONE, FR_NONE},
    };
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int system = 0; system < 2; system++) {
            if (system)
                house_ctx(&c, a); /* begins as the program */
            else
                house_as(&c, a, "boss");
            const Entity *e = model_entity(c.model, "customer");
            Field f = *entity_field(e, "remark");
            f.hidden = cases[i].hidden;
            f.retired = cases[i].retired;
            f.readonly = cases[i].readonly;
            f.write_only = cases[i].write_only;
            bool masked = true;
            FieldRight got = access_field(&c, &f, &masked),
                       want = system ? cases[i].sys : cases[i].boss;
            if (got != want || masked)
                fail_msg("case %zu, system %d: %d", i, system, (int)got);
            c.actor = NULL;
            assert_int_equal(access_field(&c, &f, NULL), FR_NONE);
        }
    house_end(a);
}

/* --- chains of parents ----------------------------------------------------------------------------- */

/* n children without role rows, each the parent of the one before, and `end` on top of them. */
static const Entity *chain(Ctx *c, int n, const char *end)
{
    Model *m = ARENA_NEW(c->a, Model);
    map_init(&m->by_name, c->a);
    map_put(&m->by_name, end, &c->model->entities[model_entity(c->model, end)->index]);
    Entity *first = NULL;
    for (int i = n - 1; i >= 0; i--) {
        Entity *e = ARENA_NEW(c->a, Entity);
        Field *link = ARENA_NEW(c->a, Field);
        *e = *model_entity(c->model, "follow_up");
        *link = *entity_field(e, "customer");
        link->to = i == n - 1 ? end : arena_printf(c->a, "link%d", i + 1);
        map_init(&e->by_name, c->a);
        map_put(&e->by_name, "customer", link);
        e->model = m;
        e->n_roles = 0;
        map_put(&m->by_name, arena_printf(c->a, "link%d", i), e);
        first = e;
    }
    return first;
}

/* How many links one behind the other the filter follows. */
static int followed(const Filter *f)
{
    int most = 0;
    for (int i = 0; i < f->n_kids; i++) {
        int n = followed(f->kids[i]);
        most = n > most ? n : most;
    }
    return most + (f->kind == FILTER_VIA);
}

/* Four links up and no further: what hangs deeper is shut, in rows, actions and numbers in clear alike. */
static void chains(void **state)
{
    (void)state;
    enum { MOST = 4 };
    Ctx c;
    Arena *a = arena_new(0);
    static char all[] = "{\"entities\": {\"follow_up\": {\"scope\": \"none\", \"actions\": \"\"}, "
                        "\"customer\": {\"scope\": \"all\", \"actions\": \"read edit\"}}}";
    as_market(&c, a, all);
    for (int n = 1; n <= 6; n++) {
        const Entity *e = chain(&c, n, "customer");
        bool may = n <= MOST;
        assert_int_equal(access_may(&c, e, ACT_READ), may);
        assert_int_equal(access_may(&c, e, ACT_DELETE), may);
        assert_false(access_may(&c, e, ACT_TRANSFER));
        assert_int_equal(followed(access_scope(&c, e, ACT_EDIT)), may ? n : 0);
        assert_int_equal(access_scope(&c, e, ACT_READ)->kind, may ? FILTER_VIA : FILTER_FALSE);
        assert_int_equal(followed(access_clear_scope(&c, e)), may ? n : 0);
    }
    static const struct {
        const char *scope;
        bool
            clear; /* is all that is read at the far end in clear? there only the scope of the contacts counts */
    } ends[] = {{"own", true}, {"below", false}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        as_market(&c, a,
                  arena_printf(a,
                               "{\"entities\": {\"follow_up\": {\"scope\": \"none\", \"actions\": "
                               "\"\"}, \"contact\": {\"scope\": \"%s\", \"actions\": \"read\"}, "
                               "\"customer\": {\"scope\": \"all\", \"actions\": \"read\"}}}",
                               ends[i].scope));
        for (int n = 1; n <= MOST;
             n++) { /* the contacts have a parent, too, where that is not too far */
            const Entity *e = chain(&c, n, "contact");
            assert_int_equal(followed(access_scope(&c, e, ACT_READ)), n < MOST ? n + 1 : n);
            const Filter *clear = access_clear_scope(&c, e);
            if (n == MOST && ends[i].clear)
                assert_int_equal(clear->kind, FILTER_TRUE);
            else
                assert_int_equal(followed(clear), n < MOST ? n + 1 : n);
        }
    }
    as_market(&c, a, NULL);
    house_end(a);
}

/* Without role rows of its own a child is masked as its parent is. */
static void masked_by_parent(void **state)
{
    (void)state;
    static const struct {
        const char *customer;
        bool masked;
    } cases[] = {{"\"scope\": \"all\", \"actions\": \"read\"", true},
                 {"\"scope\": \"all\", \"actions\": \"read\", \"clear\": true", false},
                 {"\"scope\": \"own\", \"actions\": \"read\"", false}};
    Ctx c;
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        as_market(&c, a,
                  arena_printf(a,
                               "{\"entities\": {\"contact\": {\"scope\": \"none\", \"actions\": "
                               "\"\"}, \"customer\": {%s}}}",
                               cases[i].customer));
        Entity e = *model_entity(c.model, "contact");
        Field f = *entity_field(&e, "mobile");
        bool masked;
        f.entity = &e;
        assert_int_equal(access_field(&c, &f, &masked), FR_NONE);
        e.n_roles = 0;
        assert_int_equal(access_field(&c, &f, &masked), FR_READ);
        assert_int_equal(masked, cases[i].masked);
        assert_int_equal(access_field(&c, &f, NULL), FR_READ);
    }
    as_market(&c, a, NULL);
    house_end(a);
}

/* --- entity files the build would refuse, and rules that meet no entity of today --------------------------- */

/* A right nobody knows is held by nobody; role rows open such an entity for reading only. */
static void unknown_right(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_as(&c, a, "boss");
    Entity e = *model_entity(c.model, "customer");
    assert_true(access_may(&c, &e, ACT_EDIT));
    e.right = "everything";
    for (int act = 0; act < ACT__COUNT; act++) {
        assert_int_equal(access_may(&c, &e, (Action)act), act == ACT_READ);
        assert_int_equal(access_scope(&c, &e, (Action)act)->kind,
                         act == ACT_READ ? FILTER_TRUE : FILTER_FALSE);
    }
    Field f = *entity_field(&e, "remark");
    f.entity = &e;
    assert_int_equal(access_field(&c, &f, NULL), FR_NONE);
    house_end(a);
}

/* What an entity file opens and cannot be read opens nothing, and is no mistake of the caller's. */
static void damaged_open(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_as(&c, a, "rep2");
    Entity e = *model_entity(c.model, "phrase");
    assert_true(followed(access_scope(&c, &e, ACT_READ)) == 0);
    assert_int_equal(access_scope(&c, &e, ACT_READ)->kind, FILTER_OR);
    e.open = "[\"nothing\", \"=\", 1]";
    assert_int_equal(access_scope(&c, &e, ACT_READ)->kind,
                     FILTER_LEAF); /* his own, and that is all */
    assert_int_equal(c.n_err, 0);
    house_end(a);
}

/* Rows that are his because they name him are those and no more, though the entity had a parent he may read. */
static void his_and_no_more(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Actor *me = house_as(&c, a, "rep");
    Entity e = *model_entity(c.model, "notification");
    EntityRight *all = ARENA_ARRAY(a, me->n_entities, EntityRight);
    memcpy(all, me->entities, (size_t)me->n_entities * sizeof *all);
    all[e.index] = (EntityRight){0};
    me->entities = all;
    e.parent = "user";
    for (int rows = 0; rows < 2; rows++) {
        e.n_roles = rows;
        const Filter *f = access_scope(&c, &e, ACT_READ);
        assert_int_equal(f->kind, rows ? FILTER_LEAF : FILTER_OR);
        assert_int_equal(followed(f), !rows);
        const Filter *his = rows ? f : f->kids[0];
        assert_string_equal(his->field->name, "user");
        assert_int_equal(his->vals[0].i, me->user);
        assert_false(access_may(&c, &e, ACT_TRANSFER));
    }
    /* an action that a parent does not hand on stays with the child's own scope */
    house_as(&c, a, "lead");
    const Entity *contact = model_entity(c.model, "contact");
    assert_true(access_may(&c, contact, ACT_TRANSFER));
    assert_int_equal(followed(access_scope(&c, contact, ACT_TRANSFER)), 0);
    assert_int_equal(followed(access_scope(&c, contact, ACT_EDIT)), 1);
    house_end(a);
}

/* --- fields of the house's own entities -------------------------------------------------------------------- */

/* Beside the card only what the rule names letter by letter; a field that begins or ends like one named is another. */
static void fields_of_the_house(void **state)
{
    (void)state;
    static const struct {
        const char *entity, *as, *name; /* the field `as`, under another name */
        FieldRight right;
    } cases[] = {
        {"role", "code", "code", FR_READ},
        {"role", "name_en", "name_en", FR_READ},
        {"role", "description", "name", FR_NONE},
        {"role", "description", "en", FR_NONE},
        {"role", "description", "ode", FR_NONE},
        {"role", "description", "description", FR_NONE},
        {"role", "id", "id", FR_READ},
        {"role", "version", "version", FR_READ},
        {"user", "version", "version", FR_READ},
        {"user", "status", "status", FR_READ},
        {"user", "staff_no", "statu", FR_NONE},
        {"department", "code", "anything", FR_READ},
        {"setting", "value", "value", FR_NONE},
    };
    Ctx c;
    Arena *a = arena_new(0);
    house_as(&c, a, "rep");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Field f = *entity_field(model_entity(c.model, cases[i].entity), cases[i].as);
        f.name = cases[i].name;
        FieldRight got = access_field(&c, &f, NULL);
        if (got != cases[i].right)
            fail_msg("%s.%s: %d", cases[i].entity, cases[i].name, (int)got);
    }
    /* an entity of a right whose rule names no fields: the title, the card, and no more */
    Entity e = *model_entity(c.model, "session");
    const char *title = e.title->name;
    e.right = "sessions";
    for (int i = 0; i < e.n_fields; i++) {
        Field f = e.fields[i];
        bool named = strcmp(f.name, title) == 0 || strcmp(f.name, "id") == 0;
        f.entity = &e;
        if (strcmp(f.name, title) == 0) {
            f.in_card = false; /* it need not stand on the card */
            e.title = &f;
        }
        if (!f.hidden)
            assert_int_equal(access_field(&c, &f, NULL), named || f.in_card ? FR_READ : FR_NONE);
        e.title = e.fields;
    }
    house_end(a);
}

/* What is only written is no part of a question, asked of the gate itself; what is masked adds the rows read in clear. */
static void guard(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    Filter *also;
    house_as(&c, a, "sys");
    const Entity *user = model_entity(c.model, "user"), *cust = model_entity(c.model, "customer");
    assert_false(access_filter_guard.field(&c, entity_field(user, "password"), &also));
    assert_int_equal(c.err->code, ERR_BAD_FILTER);
    house_as(&c, a, "sys");
    assert_true(access_filter_guard.field(&c, entity_field(user, "mobile"), &also));
    assert_null(also);
    house_as(&c, a, "agent");
    assert_true(access_filter_guard.field(&c, entity_field(cust, "name"), &also));
    assert_null(also);
    assert_true(access_filter_guard.field(&c, entity_field(cust, "phone"), &also));
    assert_non_null(also);
    assert_int_not_equal(also->kind, FILTER_TRUE);
    assert_false(house_in(&c, cust, cust_rep, also));
    house_end(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_and_parent),
        cmocka_unit_test(flags_of_a_field),
        cmocka_unit_test(chains),
        cmocka_unit_test(masked_by_parent),
        cmocka_unit_test(unknown_right),
        cmocka_unit_test(damaged_open),
        cmocka_unit_test(his_and_no_more),
        cmocka_unit_test(fields_of_the_house),
        cmocka_unit_test(guard),
    };
    return house_run(tests, rows_made);
}
