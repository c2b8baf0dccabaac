/* Who of a customer's contacts is the main one, after merges. See main_contact.h. */
#include "domain/customer/main_contact.h"

#include <string.h>

#include "domain/customer/completeness.h"
#include "entity_ids.h"
#include "record/former.h"
#include "record/merge/merge.h"

bool main_contact_pairs(Ctx *c, int64_t merge, const Record *r)
{
    enum { MOST = 200 };
    const Entity *pair = model_entity(c->model, "customer_contact");
    const DbVal *main = &r->v[CUSTOMER_MAIN_CONTACT];
    Filter *f = filter_and(c->a, rec_is(c, pair, CUSTOMER_CONTACT_CUSTOMER, db_of_int(r->id)),
                           rec_is(c, pair, CUSTOMER_CONTACT_IS_PRIMARY, db_of_int(1)));
    if (main->kind == DB_INT)
        f = filter_and(c->a, f, filter_not(c->a, rec_is(c, pair, CUSTOMER_CONTACT_CONTACT, *main)));
    for (int i = 0; i < MOST; i++) {
        Record other;
        bool found;
        if (!rec_find_one(c, pair, f, NULL, &other, &found))
            return false;
        if (!found)
            return true;
        if (!merge_set(c, merge, pair, other.id, CUSTOMER_CONTACT_IS_PRIMARY, 1, 0))
            return false;
    }
    return true;
}

/* Does the contact work for it? */
static bool main_is_there(Ctx *c, const Record *r, bool *there)
{
    const Entity *contact = model_entity(c->model, "contact");
    Record main;
    *there = r->v[CUSTOMER_MAIN_CONTACT].kind == DB_INT &&
             rec_load(c, contact, r->v[CUSTOMER_MAIN_CONTACT].i, &main) &&
             main.v[STD_DELETED_AT].kind == DB_NULL && main.v[CONTACT_CUSTOMER].kind == DB_INT &&
             main.v[CONTACT_CUSTOMER].i == r->id;
    return c->n_err == 0;
}

static bool set(Ctx *c, const Record *r, DbVal contact)
{
    const int fields[] = {CUSTOMER_MAIN_CONTACT, CUSTOMER_COMPLETENESS};
    DbVal *v = ARENA_ARRAY(c->a, r->e->n_fields, DbVal);
    memcpy(v, r->v, (size_t)r->e->n_fields * sizeof *v);
    v[CUSTOMER_MAIN_CONTACT] = contact;
    const DbVal values[] = {contact, customer_completeness(v)};
    return rec_touch(c, r->e, r->id, fields, values, 2);
}

bool main_contact_find(Ctx *c, const Record *r, const Record *others, int n)
{
    const Entity *contact = model_entity(c->model, "contact");
    bool there, found = false;
    Record first;
    Filter *mine = rec_is(c, contact, CONTACT_CUSTOMER, db_of_int(r->id));
    if (!main_is_there(c, r, &there) || there)
        return c->n_err == 0;
    for (int i = 0; i < n && !found; i++) {
        const DbVal *main = &others[i].v[CUSTOMER_MAIN_CONTACT];
        if (main->kind == DB_INT &&
            !rec_find_one(c, contact, filter_and(c->a, mine, rec_is(c, contact, STD_ID, *main)),
                          NULL, &first, &found))
            return false;
    }
    if (!found && !rec_find_one(c, contact, mine, NULL, &first, &found))
        return false;
    if (!found && r->v[CUSTOMER_MAIN_CONTACT].kind == DB_NULL)
        return true;
    return set(c, r, found ? db_of_int(first.id) : db_null());
}

bool main_contact_moved(Ctx *c, int64_t merge, int64_t survivor)
{
    const Entity *e = model_entity(c->model, "customer");
    DbIds ids = {0};
    if (!e)
        return true;
    if (!merge_moved(c, merge, e, CUSTOMER_MAIN_CONTACT, &ids))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        Record r;
        if (!rec_load(c, e, ids.items[i], &r) || !main_contact_find(c, &r, NULL, 0) ||
            !rec_load(c, e, r.id, &r))
            return false;
        const DbVal *main = &r.v[CUSTOMER_MAIN_CONTACT];
        if (main->kind == DB_INT && main->i == survivor)
            continue;
        if (!merge_see_to(c, merge, e, CUSTOMER_MAIN_CONTACT, r.id,
                          main->kind == DB_INT ? main->i : 0) ||
            !main_contact_pairs(c, merge, &r))
            return false;
    }
    return true;
}

bool main_contact_unpair(Ctx *c, const Record *r, int64_t contact)
{
    const Entity *pair = model_entity(c->model, "customer_contact");
    const int field = CUSTOMER_CONTACT_IS_PRIMARY;
    const DbVal no = db_of_int(0);
    Record of;
    bool found;
    Filter *f = filter_and(c->a, rec_is(c, pair, CUSTOMER_CONTACT_CUSTOMER, db_of_int(r->id)),
                           rec_is(c, pair, CUSTOMER_CONTACT_CONTACT, db_of_int(contact)));
    f = filter_and(c->a, f, rec_is(c, pair, CUSTOMER_CONTACT_IS_PRIMARY, db_of_int(1)));
    return rec_find_one(c, pair, f, NULL, &of, &found) &&
           (!found || rec_touch(c, pair, of.id, &field, &no, 1));
}

/* Of r, whose main contact it was before the merge. */
static bool main_again(Ctx *c, const Record *r, const Record *contact)
{
    const DbVal *main = &r->v[CUSTOMER_MAIN_CONTACT];
    bool there, mine;
    if (main->kind == DB_INT && main->i == contact->id)
        return true;
    if (!main_is_there(c, r, &there) ||
        !merge_led_on(c, r->e, CUSTOMER_MAIN_CONTACT, r->id, contact->id,
                      main->kind == DB_INT ? main->i : 0, &mine))
        return false;
    return mine || !there ? set(c, r, db_of_int(contact->id))
                          : main_contact_unpair(c, r, contact->id);
}

bool main_contact_back(Ctx *c, const Record *contact)
{
    const Entity *e = model_entity(c->model, "customer");
    const DbVal *whose = &contact->v[CONTACT_CUSTOMER];
    DbIds ids = {0};
    if (!e || whose->kind != DB_INT)
        return true;
    if (!merge_led(c, e, CUSTOMER_MAIN_CONTACT, contact->id, &ids))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        int64_t end = ids.items[i];
        DbIds ends = {0};
        Record r, now;
        if (!rec_load(c, e, end, &r) || (merge_is_gone(&r) && !former_ends(c, e, &r.id, 1, &ends)))
            return false;
        if (ends.n)
            end = ends.items[0];
        else if (r.v[STD_DELETED_AT].kind != DB_NULL)
            continue;
        if (whose->i != end)
            continue;
        if (!main_again(c, &r, contact))
            return false;
        if (end != r.id && (!rec_load(c, e, end, &now) || !rec_load(c, e, r.id, &r) ||
                            !main_contact_find(c, &now, &r, 1)))
            return false;
    }
    return true;
}
