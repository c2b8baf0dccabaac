/*
 * What a contact does beyond being stored: its pair with the customer in customer_contact, the
 * customer's main contact, and its contact points.
 */
#include <string.h>

#include "domain/customer/completeness.h"
#include "domain/customer/contact_paste.h"
#include "domain/customer/contact_point.h"
#include "domain/customer/main_contact.h"
#include "entity_ids.h"

typedef struct Memo {
    SaveWork *pair; /* the row of customer_contact of a new contact, prepared; or NULL */
    bool joins;     /* a customer that is there already, whose count is to follow */
    bool main;      /* the customer has no main contact yet: this one is it */
    Points *points;
} Memo;

static const PointSource point_sources[] = {{CONTACT_MOBILE, POINT_PHONE},
                                            {CONTACT_PHONE, POINT_PHONE},
                                            {CONTACT_EMAIL, POINT_EMAIL},
                                            {CONTACT_WECHAT, POINT_WECHAT}};
enum { N_POINT_SOURCES = sizeof point_sources / sizeof *point_sources };

static json_object *pair_input(Ctx *c, int64_t customer, int64_t contact, bool primary)
{
    json_object *in = rec_input(c);
    json_object_object_add(in, "customer", json_object_new_int64(customer));
    json_object_object_add(in, "contact", json_object_new_int64(contact));
    json_object_object_add(in, "is_primary", json_object_new_boolean(primary));
    return in;
}

static bool contact_before_save(Ctx *c, Save *s)
{
    Memo *memo = ARENA_NEW(c->a, Memo);
    s->memo = memo;
    const DbVal *customer = &s->after[CONTACT_CUSTOMER];
    const Entity *e = model_entity(c->model, "customer"),
                 *pair = model_entity(c->model, "customer_contact");
    if (s->is_new && customer->kind == DB_INT && e && pair && !s->o->dry) {
        Record r;
        /* a customer that is not there yet follows in this very save and names this contact itself */
        bool there = rec_load(c, e, customer->i, &r);
        memo->joins = there;
        memo->main = there && r.v[CUSTOMER_MAIN_CONTACT].kind == DB_NULL;
        SaveOptions o = rec_own(s);
        if (c->n_err == 0 &&
            !rec_prepare(c, pair, pair_input(c, customer->i, s->id, memo->main || !there), &o, NULL,
                         &memo->pair))
            memo->pair = NULL;
    }
    memo->points = points_prepare(c, s, "contact", point_sources, N_POINT_SOURCES);
    return c->n_err == 0;
}

static bool count(Ctx *c, int64_t customer, int more)
{
    const RecBump bump = {CUSTOMER_CONTACT_COUNT, more};
    return rec_roll(c, model_entity(c->model, "customer"), customer, NULL, NULL, 0, &bump, 1);
}

static bool set_main(Ctx *c, int64_t customer, DbVal contact, int more)
{
    const Entity *e = model_entity(c->model, "customer");
    const int fields[] = {CUSTOMER_MAIN_CONTACT, CUSTOMER_COMPLETENESS};
    Record r;
    if (!rec_load(c, e, customer, &r))
        return c->n_err == 0;
    r.v[CUSTOMER_MAIN_CONTACT] = contact;
    const DbVal values[] = {contact, customer_completeness(r.v)};
    const RecBump bump = {CUSTOMER_CONTACT_COUNT, more};
    return rec_roll(c, e, customer, fields, values, 2, &bump, more != 0);
}

/* The customer loses this contact: another active one becomes the main contact, or none. */
static bool leave_customer(Ctx *c, int64_t contact, int64_t customer)
{
    const Entity *ce = model_entity(c->model, "customer"), *e = model_entity(c->model, "contact");
    Record r, other;
    if (!rec_load(c, ce, customer, &r))
        return c->n_err == 0;
    const DbVal *main = &r.v[CUSTOMER_MAIN_CONTACT];
    if (main->kind != DB_INT || main->i != contact)
        return count(c, customer, -1);
    Filter *f = filter_and(c->a, rec_is(c, e, CONTACT_CUSTOMER, db_of_int(customer)),
                           filter_not(c->a, filter_ids(c->a, &contact, 1)));
    bool found;
    if (!rec_find_one(c, e, f, NULL, &other, &found))
        return false;
    return set_main(c, customer, found ? db_of_int(other.id) : db_null(), -1);
}

/* Marks the pair as left or as there again; makes it where it is missing and wanted. */
static bool set_pair(Ctx *c, const Save *s, int64_t contact, int64_t customer, bool left)
{
    const Entity *e = model_entity(c->model, "customer_contact");
    Filter *f = filter_and(c->a, rec_is(c, e, CUSTOMER_CONTACT_CUSTOMER, db_of_int(customer)),
                           rec_is(c, e, CUSTOMER_CONTACT_CONTACT, db_of_int(contact)));
    SaveOptions o = rec_own(s);
    Record r;
    bool found;
    int64_t id;
    if (!rec_find_one(c, e, f, NULL, &r, &found))
        return false;
    if (!found)
        return left || rec_create(c, e, pair_input(c, customer, contact, false), &o, &id);
    json_object *in = rec_input(c);
    json_object_object_add(in, "is_inactive", json_object_new_boolean(left));
    return rec_update(c, e, r.id, in, &o, NULL);
}

static bool contact_after_save(Ctx *c, Save *s)
{
    Memo *memo = s->memo;
    const DbVal *customer = &s->after[CONTACT_CUSTOMER];
    if (s->is_new) {
        if (memo->pair && !rec_commit(c, memo->pair))
            return false;
        if (memo->main ? !set_main(c, customer->i, db_of_int(s->id), 1)
                       : memo->joins && !count(c, customer->i, 1))
            return false;
    } else if (save_changed(s, CONTACT_CUSTOMER)) {
        const DbVal *was = &s->before[CONTACT_CUSTOMER];
        if (was->kind == DB_INT &&
            (!leave_customer(c, s->id, was->i) || !set_pair(c, s, s->id, was->i, true)))
            return false;
        if (customer->kind == DB_INT &&
            (!set_pair(c, s, s->id, customer->i, false) || !count(c, customer->i, 1)))
            return false;
    }
    return points_write(c, s, "contact", memo->points);
}

static bool contact_before_delete(Ctx *c, const Record *r)
{
    const DbVal *customer = &r->v[CONTACT_CUSTOMER];
    return customer->kind != DB_INT ||
           (leave_customer(c, r->id, customer->i) && set_pair(c, NULL, r->id, customer->i, true));
}

static bool contact_after_restore(Ctx *c, const Record *r)
{
    const DbVal *customer = &r->v[CONTACT_CUSTOMER];
    Record owner;
    if (customer->kind != DB_INT)
        return true;
    if (!set_pair(c, NULL, r->id, customer->i, false))
        return false;
    if (!rec_load(c, model_entity(c->model, "customer"), customer->i, &owner))
        return c->n_err == 0;
    return owner.v[CUSTOMER_MAIN_CONTACT].kind != DB_NULL
               ? count(c, customer->i, 1)
               : set_main(c, customer->i, db_of_int(r->id), 1);
}

/* Talked with last, and next, is whoever of them it was. Customers of those that went have a main contact of their own. */
static bool contact_after_merge(Ctx *c, int64_t merge, const Record *s, const Record *others, int n)
{
    const int fields[] = {CONTACT_LAST_FOLLOW_UP_AT, CONTACT_NEXT_FOLLOW_UP_AT};
    const Record *last = s;
    if (!main_contact_moved(c, merge, s->id))
        return false;
    for (int i = 0; i < n; i++) {
        const DbVal *at = &others[i].v[CONTACT_LAST_FOLLOW_UP_AT],
                    *best = &last->v[CONTACT_LAST_FOLLOW_UP_AT];
        if (at->kind == DB_INT && (best->kind != DB_INT || best->i < at->i))
            last = &others[i];
    }
    const DbVal values[] = {last->v[CONTACT_LAST_FOLLOW_UP_AT], last->v[CONTACT_NEXT_FOLLOW_UP_AT]};
    return last == s || rec_touch(c, s->e, s->id, fields, values, 2);
}

static bool contact_after_unmerge(Ctx *c, const Record *r)
{
    return main_contact_back(c, r) && points_anew(c, r, "contact", point_sources, N_POINT_SOURCES);
}

static bool contact_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                           json_object *in, Buf *out, bool *handled)
{
    *handled = true;
    if (strcmp(name, "parse") == 0)
        return contact_paste(c, in, out);
    if (strcmp(name, "vcard") == 0)
        return contact_card(c, e, r->id, out);
    *handled = false;
    return true;
}

extern const RecordHooks contact_hooks;
const RecordHooks contact_hooks = {.before_save = contact_before_save,
                                   .after_save = contact_after_save,
                                   .after_merge = contact_after_merge,
                                   .after_unmerge = contact_after_unmerge,
                                   .before_delete = contact_before_delete,
                                   .after_restore = contact_after_restore,
                                   .action = contact_action};
