/*
 * The gate where a role opens a child and not its parent, or the other way round: rows, personal fields in clear, and what
 * one field gives to whom. Default deny: what no role names stays shut, whatever hangs on it.
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_and_parent),
        cmocka_unit_test(flags_of_a_field),
    };
    return house_run(tests, rows_made);
}
