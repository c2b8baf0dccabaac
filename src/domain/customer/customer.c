/*
 * What a customer does beyond being stored: the contact registered with it, who owned it before, since
 * when it has its status, how complete it is, and its contact points.
 */
#include <string.h>

#include "base/json_read.h"
#include "domain/customer/completeness.h"
#include "domain/customer/contact_point.h"
#include "domain/customer/customer_ask.h"
#include "domain/customer/main_contact.h"
#include "domain/customer/rollup.h"
#include "entity_ids.h"

typedef struct Memo {
    SaveWork *contact; /* primary_contact, prepared; or NULL */
    Points *points;
} Memo;

static const PointSource point_sources[] = {
    {CUSTOMER_PHONE, POINT_PHONE}, {CUSTOMER_EMAIL, POINT_EMAIL}, {CUSTOMER_WECHAT, POINT_WECHAT}};
enum { N_POINT_SOURCES = sizeof point_sources / sizeof *point_sources };

static bool is_set(const Save *s, int field)
{
    const DbVal *v = &s->after[field];
    return v->kind != DB_NULL && !(v->kind == DB_TEXT && v->n == 0);
}

static bool is_text(const DbVal *v, const char *text)
{
    return v->kind == DB_TEXT && strlen(text) == v->n && memcmp(v->s, text, v->n) == 0;
}

/* primary_contact {name, mobile, title}, and what a pasted block may hold: prepared as a contact, written behind the customer. */
static void prepare_contact(Ctx *c, Save *s, Memo *memo)
{
    static const char *const parts[] = {"name",  "mobile", "title",  "salutation", "department",
                                        "phone", "email",  "wechat", "remark"};
    json_object *given = s->in ? json_member(s->in, "primary_contact") : NULL;
    const Entity *contact = model_entity(c->model, "contact");
    if (!given || !json_object_is_type(given, json_type_object) || !contact)
        return;
    json_object *in = rec_input(c);
    json_object_object_foreach(given, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            known |= strcmp(key, parts[i]) == 0;
        if (known)
            json_object_object_add(in, key, json_object_get(value));
        else
            ctx_fail(c, ERR_UNKNOWN_FIELD, arena_printf(c->a, "primary_contact.%s", key),
                     "err.unknown_field", key);
    }
    json_object_object_add(in, "customer", json_object_new_int64(s->id));
    if (s->after[STD_OWNER].kind == DB_INT)
        json_object_object_add(in, "owner", json_object_new_int64(s->after[STD_OWNER].i));
    SaveOptions o = rec_own(s);
    o.no_duplicates = true; /* the customer's rules decide; the same person may work for two */
    if (rec_prepare(c, contact, in, &o, "primary_contact", &memo->contact))
        save_set(s, CUSTOMER_MAIN_CONTACT, db_of_int(rec_prepared_id(memo->contact)));
    else
        memo->contact = NULL;
    if (memo->contact)
        save_set(s, CUSTOMER_CONTACT_COUNT,
                 db_of_int(1)); /* it finds no customer to count at yet */
}

/* Somebody must be reachable: a phone, or a contact. */
static void need_a_way(Ctx *c, const Save *s)
{
    bool contact_given = s->is_new && s->in && json_member(s->in, "primary_contact") != NULL;
    bool phone_given = s->in && json_member(s->in, "phone") != NULL; /* refused already, perhaps */
    if (contact_given || phone_given || is_set(s, CUSTOMER_PHONE) ||
        is_set(s, CUSTOMER_MAIN_CONTACT))
        return;
    if (s->is_new || save_changed(s, CUSTOMER_PHONE))
        ctx_fail(c, ERR_REQUIRED, "phone", "err.phone_or_contact");
}

static bool customer_before_save(Ctx *c, Save *s)
{
    Memo *memo = ARENA_NEW(c->a, Memo);
    s->memo = memo;
    if (s->is_new)
        prepare_contact(c, s, memo);
    need_a_way(c, s);
    if (s->is_new ? !is_set(s, CUSTOMER_LIFECYCLE_CHANGED_AT) : save_changed(s, CUSTOMER_LIFECYCLE))
        save_set(s, CUSTOMER_LIFECYCLE_CHANGED_AT, db_of_int(c->now_ms));
    if (!s->is_new && save_changed(s, CUSTOMER_LIFECYCLE) &&
        !is_text(&s->after[CUSTOMER_LIFECYCLE], "invalid"))
        save_set(s, CUSTOMER_INVALID_REASON, db_null());
    if (s->is_new || save_changed(s, STD_OWNER))
        save_set(s, CUSTOMER_OWNED_AT, db_of_int(c->now_ms));
    if (!s->is_new && save_changed(s, STD_OWNER))
        save_set(s, CUSTOMER_PREVIOUS_OWNER, s->before[STD_OWNER]);
    save_set(s, CUSTOMER_COMPLETENESS, customer_completeness(s->after));
    memo->points = points_prepare(c, s, "customer", point_sources, N_POINT_SOURCES);
    return c->n_err == 0;
}

static bool customer_after_save(Ctx *c, Save *s)
{
    Memo *memo = s->memo;
    if (memo->contact && !rec_commit(c, memo->contact))
        return false;
    return points_write(c, s, "customer", memo->points);
}

static bool customer_after_merge(Ctx *c, int64_t merge, const Record *s, const Record *others,
                                 int n)
{
    Record now;
    return follow_up_roll(c, s->id) && main_contact_find(c, s, others, n) &&
           rec_load(c, s->e, s->id, &now) && main_contact_pairs(c, merge, &now);
}

/* Its pair with who was its main contact, and went elsewhere while it was merged, does not say "main" any more. */
static bool lost_main_pair(Ctx *c, const Record *r)
{
    const DbVal *was = &r->v[CUSTOMER_MAIN_CONTACT];
    Record now;
    if (was->kind != DB_INT)
        return true;
    if (!rec_load(c, r->e, r->id, &now))
        return false;
    const DbVal *is = &now.v[CUSTOMER_MAIN_CONTACT];
    return (is->kind == DB_INT && is->i == was->i) || main_contact_unpair(c, r, was->i);
}

static bool customer_after_unmerge(Ctx *c, const Record *r)
{
    return follow_up_roll(c, r->id) && main_contact_find(c, r, NULL, 0) && lost_main_pair(c, r) &&
           points_anew(c, r, "customer", point_sources, N_POINT_SOURCES);
}

static bool customer_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                            json_object *in, Buf *out, bool *handled)
{
    (void)r;
    if (strcmp(name, "ask_owner") != 0)
        return true;
    *handled = true;
    return customer_ask_owner(c, e, in, out);
}

extern const RecordHooks customer_hooks;
const RecordHooks customer_hooks = {.before_save = customer_before_save,
                                    .after_save = customer_after_save,
                                    .after_merge = customer_after_merge,
                                    .after_unmerge = customer_after_unmerge,
                                    .action = customer_action};
