/*
 * What a follow-up does beyond being stored: it must say something, it finds its customer, keeps the
 * customer's (and the contacts') counts, last and next contact times, makes a task of the next one and
 * completes the one planned before.
 */
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "domain/customer/follow_text.h"
#include "domain/customer/rollup.h"
#include "entity_ids.h"
#include "record/hooks.h"

enum { SUMMARY_MAX = 500, TITLE_MAX = 200 };

static bool is_text(const DbVal *v, const char *text)
{
    return v->kind == DB_TEXT && strlen(text) == v->n && memcmp(v->s, text, v->n) == 0;
}

/* Sent with a parent, the customer follows from it; sent alone, the customer is the parent. */
static bool find_customer(Ctx *c, Save *s)
{
    DbVal *v = s->after;
    DbVal customer = v[FOLLOW_UP_CUSTOMER];
    if (v[FOLLOW_UP_PARENT].kind != DB_INT) {
        if (customer.kind == DB_INT) {
            save_set(s, FOLLOW_UP_PARENT_TYPE, db_of_text("customer"));
            save_set(s, FOLLOW_UP_PARENT, customer);
        }
        return true;
    }
    DbVal found = v[FOLLOW_UP_PARENT];
    if (is_text(&v[FOLLOW_UP_PARENT_TYPE], "contact")) {
        Record r;
        const int64_t contact = found.i;
        int n;
        if (!rec_load(c, model_entity(c->model, "contact"), contact, &r))
            return c->n_err == 0;
        found = r.v[CONTACT_CUSTOMER];
        if (!save_many(s, FOLLOW_UP_CONTACTS, &n))
            save_set_many(c, s, FOLLOW_UP_CONTACTS, &contact, 1);
    }
    if (customer.kind == DB_INT && found.kind == DB_INT && customer.i != found.i)
        return ctx_fail(c, ERR_INVALID, "customer", "err.parent_other_customer");
    save_set(s, FOLLOW_UP_CUSTOMER, found);
    return true;
}

static bool is_blank(const DbVal *v)
{
    return v->kind != DB_TEXT || v->n == 0;
}

/* What says nothing is refused with a word on what to write, or kept and flagged. Old ones come in by an import as they
   are. */
static bool judge(Ctx *c, Save *s)
{
    const DbVal *v = s->after;
    const char *text = save_text(c, s, FOLLOW_UP_CONTENT), *stop, *origin = s->o->origin;
    int64_t min = conf_int("follow_up.min_length");
    if (!text || !*text)
        return true; /* required: said by the engine */
    FollowText found = follow_text(c->a, text, conf_list("follow_up.stop_phrases"), min, &stop);
    bool weak = found != FOLLOW_SAYS ||
                (is_blank(&v[FOLLOW_UP_CUSTOMER_NEED]) && is_blank(&v[FOLLOW_UP_NEXT_PLAN]));
    bool own = s->o->trusted || (origin && strcmp(origin, "import") == 0);
    if (found != FOLLOW_SAYS && !own && (s->is_new || save_changed(s, FOLLOW_UP_CONTENT)) &&
        strcmp(conf_text("follow_up.weak"), "refuse") == 0)
        return found == FOLLOW_STOP
                   ? ctx_fail(c, ERR_INVALID, "content", "err.follow_up_stop", stop)
                   : ctx_fail(c, ERR_INVALID, "content", "err.follow_up_short", ctx_num(c, min));
    const DbVal *was = &v[FOLLOW_UP_IS_WEAK];
    if (was->kind != DB_INT || (was->i != 0) != weak)
        save_set(s, FOLLOW_UP_IS_WEAK, db_of_int(weak));
    return true;
}

static bool follow_up_before_save(Ctx *c, Save *s)
{
    const DbVal *at = &s->after[FOLLOW_UP_HAPPENED_AT], *next = &s->after[FOLLOW_UP_NEXT_TIME];
    if (s->is_new && !find_customer(c, s))
        return false;
    if (!judge(c, s))
        return false;
    if (next->kind == DB_INT && at->kind == DB_INT && next->i < at->i &&
        (s->is_new || save_changed(s, FOLLOW_UP_NEXT_TIME)))
        return ctx_fail(c, ERR_INVALID, "next_time", "err.next_before");
    return true;
}

static Filter *next_after_now(Ctx *c, const Entity *e, Filter *mine)
{
    DbVal *now = ARENA_NEW(c->a, DbVal);
    *now = db_of_int(c->now_ms);
    return filter_and(c->a, mine,
                      filter_leaf(c->a, &e->fields[FOLLOW_UP_NEXT_TIME], OP_GT, now, 1));
}

static DbVal clip(Ctx *c, const DbVal *v, size_t max)
{
    if (v->kind != DB_TEXT)
        return db_null();
    const char *text = arena_dup(c->a, v->s, v->n);
    return db_of_text(arena_dup(c->a, text, utf8_clip(text, max)));
}

/* Last and next contact of a customer from its live follow-ups but `without` (about to be deleted; 0: none); and how many
   there are, by `more`. */
static bool roll_customer(Ctx *c, int64_t customer, int64_t without, int more)
{
    const Entity *e = model_entity(c->model, "follow_up");
    Filter *mine = rec_is(c, e, FOLLOW_UP_CUSTOMER, db_of_int(customer));
    Record last, next;
    bool has_last, has_next;
    if (without)
        mine = filter_and(c->a, mine, filter_not(c->a, filter_ids(c->a, &without, 1)));
    if (!rec_find_one(c, e, mine, "-happened_at", &last, &has_last) ||
        !rec_find_one(c, e, next_after_now(c, e, mine), "next_time", &next, &has_next))
        return false;
    const int fields[] = {CUSTOMER_LAST_FOLLOW_UP_AT, CUSTOMER_LAST_FOLLOW_UP_SUMMARY,
                          CUSTOMER_NEXT_FOLLOW_UP_AT};
    const DbVal values[] = {has_last ? last.v[FOLLOW_UP_HAPPENED_AT] : db_null(),
                            has_last ? clip(c, &last.v[FOLLOW_UP_CONTENT], SUMMARY_MAX) : db_null(),
                            has_next ? next.v[FOLLOW_UP_NEXT_TIME] : db_null()};
    const RecBump bump = {CUSTOMER_FOLLOW_UP_COUNT, more};
    return rec_roll(c, model_entity(c->model, "customer"), customer, fields, values, 3, &bump,
                    more != 0);
}

bool follow_up_roll(Ctx *c, int64_t customer)
{
    return roll_customer(c, customer, 0, 0);
}

/* Follow-ups written on the contact itself, as its timeline shows them. */
static bool count_contact(Ctx *c, const DbVal *v, int more)
{
    const RecBump bump = {CONTACT_FOLLOW_UP_COUNT, more};
    if (!is_text(&v[FOLLOW_UP_PARENT_TYPE], "contact") || v[FOLLOW_UP_PARENT].kind != DB_INT)
        return true;
    return rec_roll(c, model_entity(c->model, "contact"), v[FOLLOW_UP_PARENT].i, NULL, NULL, 0,
                    &bump, 1);
}

/* A contact talked with: its last time moves forward, its next time is what was agreed. */
static bool roll_contact(Ctx *c, const Save *s, int64_t contact)
{
    const Entity *e = model_entity(c->model, "contact");
    const DbVal *at = &s->after[FOLLOW_UP_HAPPENED_AT], *next = &s->after[FOLLOW_UP_NEXT_TIME];
    const int fields[] = {CONTACT_LAST_FOLLOW_UP_AT, CONTACT_NEXT_FOLLOW_UP_AT};
    Record r;
    if (!rec_load(c, e, contact, &r))
        return c->n_err == 0;
    const DbVal *last = &r.v[CONTACT_LAST_FOLLOW_UP_AT];
    if (at->kind != DB_INT || (last->kind == DB_INT && last->i > at->i))
        return true;
    const DbVal values[] = {*at, next->kind == DB_INT && next->i > c->now_ms ? *next : db_null()};
    return rec_touch(c, e, contact, fields, values, 2);
}

/* The next contact as a task of the owner; a task made for the former time moves along. */
static bool plan_task(Ctx *c, const Save *s)
{
    const DbVal *v = s->after, *next = &v[FOLLOW_UP_NEXT_TIME];
    const Entity *e = model_entity(c->model, "task"), *ce = model_entity(c->model, "customer");
    SaveOptions o = rec_own(s);
    json_object *in = rec_input(c);
    char due[25];
    Record customer, old;
    int64_t id;
    int n;
    if (!e || next->kind != DB_INT || next->i <= c->now_ms || !save_changed(s, FOLLOW_UP_NEXT_TIME))
        return true;
    clock_rfc3339(next->i, due);
    json_object_object_add(in, "due_at", json_object_new_string(due));
    if (!s->is_new && s->before[FOLLOW_UP_NEXT_TIME].kind == DB_INT) {
        Filter *f =
            filter_and(c->a, rec_is(c, e, TASK_CUSTOMER, v[FOLLOW_UP_CUSTOMER]),
                       filter_and(c->a, rec_is(c, e, TASK_DUE_AT, s->before[FOLLOW_UP_NEXT_TIME]),
                                  filter_and(c->a, rec_is(c, e, TASK_KIND, db_of_text("follow_up")),
                                             rec_is(c, e, TASK_STATUS, db_of_text("open")))));
        bool found;
        if (!rec_find_one(c, e, f, NULL, &old, &found))
            return false;
        if (found)
            return rec_update(c, e, old.id, in, &o, NULL);
    }
    if (!rec_load(c, ce, v[FOLLOW_UP_CUSTOMER].i, &customer))
        return c->n_err == 0;
    DbVal name = clip(c, &customer.v[CUSTOMER_NAME], TITLE_MAX);
    const char *title = msg_format(c->a, c->lang, "task.follow_up_of",
                                   (const char *const[]){name.s ? name.s : "", NULL});
    json_object_object_add(in, "title", json_object_new_string(title));
    json_object_object_add(in, "kind", json_object_new_string("follow_up"));
    json_object_object_add(in, "customer", json_object_new_int64(v[FOLLOW_UP_CUSTOMER].i));
    const char *plan = save_text(c, s, FOLLOW_UP_NEXT_PLAN);
    if (plan)
        json_object_object_add(in, "description", json_object_new_string(plan));
    const int64_t *contacts = save_many(s, FOLLOW_UP_CONTACTS, &n);
    if (contacts && n == 1)
        json_object_object_add(in, "contact", json_object_new_int64(contacts[0]));
    if (v[STD_OWNER].kind == DB_INT)
        json_object_object_add(in, "owner", json_object_new_int64(v[STD_OWNER].i));
    json_object_object_add(in, "follow_up", json_object_new_int64(s->id));
    return rec_create(c, e, in, &o, &id);
}

/* What was planned by an earlier talk with this customer is done by this one: open tasks of its owner that such a talk
   made. As a rule there is one. */
static bool finish_planned(Ctx *c, const Save *s)
{
    const DbVal *v = s->after;
    const Entity *e = model_entity(c->model, "task");
    if (!e || !s->is_new || v[STD_OWNER].kind != DB_INT || !conf_bool("follow_up.done_task"))
        return true;
    enum { MOST = 20 };
    int64_t seen[MOST] = {0};
    for (int n = 0; n < MOST; n++) {
        Filter *f = filter_and(c->a, rec_is(c, e, TASK_CUSTOMER, v[FOLLOW_UP_CUSTOMER]),
                               filter_and(c->a, rec_is(c, e, STD_OWNER, v[STD_OWNER]),
                                          rec_is(c, e, TASK_KIND, db_of_text("follow_up"))));
        f = filter_and(c->a, f, rollup_open_task(c, e));
        f = filter_and(c->a, f,
                       filter_leaf(c->a, &e->fields[TASK_FOLLOW_UP], OP_NOT_NULL, NULL, 0));
        if (n)
            f = filter_and(c->a, f, filter_not(c->a, filter_ids(c->a, seen, n)));
        Record task, planned;
        bool found;
        if (!rec_find_one(c, e, f, NULL, &task, &found))
            return false;
        if (!found)
            return true;
        seen[n] = task.id;
        if (!rec_load(c, s->e, task.v[TASK_FOLLOW_UP].i, &planned)) {
            if (c->n_err)
                return false;
            continue;
        }
        const DbVal *then = &planned.v[FOLLOW_UP_HAPPENED_AT], *now = &v[FOLLOW_UP_HAPPENED_AT];
        if (planned.id == s->id || then->kind != DB_INT || now->kind != DB_INT || then->i > now->i)
            continue;
        SaveOptions o = rec_own(s);
        json_object *in = rec_input(c);
        json_object_object_add(in, "status", json_object_new_string("done"));
        if (!rec_update(c, e, task.id, in, &o, NULL))
            return false;
    }
    return true;
}

static bool follow_up_after_save(Ctx *c, Save *s)
{
    const DbVal *customer = &s->after[FOLLOW_UP_CUSTOMER];
    if (customer->kind != DB_INT)
        return true;
    bool told = s->is_new || save_changed(s, FOLLOW_UP_HAPPENED_AT) ||
                save_changed(s, FOLLOW_UP_CONTENT) || save_changed(s, FOLLOW_UP_NEXT_TIME);
    if (told && !roll_customer(c, customer->i, 0, s->is_new))
        return false;
    if (s->is_new && !count_contact(c, s->after, 1))
        return false;
    int n = 0;
    const int64_t *contacts = save_many(s, FOLLOW_UP_CONTACTS, &n);
    for (int i = 0; i < n; i++)
        if (!roll_contact(c, s, contacts[i]))
            return false;
    return finish_planned(c, s) && plan_task(c, s);
}

static bool follow_up_before_delete(Ctx *c, const Record *r)
{
    const DbVal *customer = &r->v[FOLLOW_UP_CUSTOMER];
    return customer->kind != DB_INT ||
           (roll_customer(c, customer->i, r->id, -1) && count_contact(c, r->v, -1));
}

static bool follow_up_after_restore(Ctx *c, const Record *r)
{
    const DbVal *customer = &r->v[FOLLOW_UP_CUSTOMER];
    return customer->kind != DB_INT ||
           (roll_customer(c, customer->i, 0, 1) && count_contact(c, r->v, 1));
}

extern const RecordHooks follow_up_hooks;
const RecordHooks follow_up_hooks = {.before_save = follow_up_before_save,
                                     .after_save = follow_up_after_save,
                                     .before_delete = follow_up_before_delete,
                                     .after_restore = follow_up_after_restore};
