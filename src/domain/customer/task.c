/* What a task does beyond being stored: when it was done, whose customer it is for, and that customer's open tasks. */
#include "domain/customer/rollup.h"

#include <string.h>

#include "base/when.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/notify.h"

static bool is_done(const DbVal *v)
{
    return v->kind == DB_TEXT && v->n == 4 && memcmp(v->s, "done", 4) == 0;
}

/* Who puts a task off means its reminder, too: it stays as far ahead of the new time as it was of the old one. */
static void move_reminder(Save *s)
{
    const DbVal *due = &s->after[TASK_DUE_AT], *remind = &s->after[TASK_REMIND_AT];
    if (s->is_new || !save_changed(s, TASK_DUE_AT) || save_changed(s, TASK_REMIND_AT) ||
        remind->kind != DB_INT || due->kind != DB_INT || s->before[TASK_DUE_AT].kind != DB_INT)
        return;
    int64_t by = due->i - s->before[TASK_DUE_AT].i;
    if (by)
        save_set(s, TASK_REMIND_AT, db_of_int(remind->i + by));
}

static bool task_before_save(Ctx *c, Save *s)
{
    DbVal *v = s->after;
    bool done = is_done(&v[TASK_STATUS]), was = s->before && is_done(&s->before[TASK_STATUS]);
    if (done && !was && v[TASK_COMPLETED_AT].kind == DB_NULL)
        save_set(s, TASK_COMPLETED_AT, db_of_int(c->now_ms));
    if (!done && was)
        save_set(s, TASK_COMPLETED_AT, db_null());
    if (v[TASK_CONTACT].kind == DB_INT && v[TASK_CUSTOMER].kind != DB_INT) {
        Record r;
        if (rec_load(c, model_entity(c->model, "contact"), v[TASK_CONTACT].i, &r))
            save_set(s, TASK_CUSTOMER, r.v[CONTACT_CUSTOMER]);
    }
    if (v[TASK_START_AT].kind == DB_INT && v[TASK_DUE_AT].kind == DB_INT &&
        v[TASK_DUE_AT].i < v[TASK_START_AT].i &&
        (s->is_new || save_changed(s, TASK_START_AT) || save_changed(s, TASK_DUE_AT)))
        return ctx_fail(c, ERR_INVALID, "due_at", "err.due_before_start");
    move_reminder(s);
    /* another moment, or somebody else who has to be told: it is told anew */
    if (!s->is_new && s->before[TASK_REMINDED_AT].kind != DB_NULL &&
        (save_changed(s, TASK_DUE_AT) || save_changed(s, TASK_REMIND_AT) ||
         save_changed(s, STD_OWNER)))
        save_set(s, TASK_REMINDED_AT, db_null());
    return c->n_err == 0;
}

/* Somebody else gave it to its owner. */
static bool tell_owner(Ctx *c, Save *s)
{
    const DbVal *owner = &s->after[STD_OWNER];
    bool given =
        owner->kind == DB_INT && owner->i != c->actor->user &&
        (s->is_new || (save_changed(s, STD_OWNER) && (s->before[STD_OWNER].kind != DB_INT ||
                                                      s->before[STD_OWNER].i != owner->i)));
    if (!given || !notify_by_hand(c))
        return true;
    Notice n = {owner->i, "task_assigned", "task", s->id, save_text(c, s, TASK_TITLE), NULL};
    return notify(c, &n, "notify.task_assigned", c->actor->name);
}

/* A line as it is typed, "明天下午3点 打电话": what to do and until when. Nothing is stored. */
static bool parse_line(Ctx *c, json_object *in, Buf *out)
{
    enum { MAX_LINE = 2000 };
    const char *text = json_str(in, "text", NULL);
    if (!text || !*text)
        return ctx_fail(c, ERR_REQUIRED, "text", "err.required");
    if (strlen(text) > MAX_LINE)
        return ctx_fail(c, ERR_TOO_LONG, "text", "err.text_length", "text", "2000");
    When w;
    when_parse(c->a, text, c->now_ms, c->zone, &w);
    Jw j;
    jw_init(&j, out);
    jw_obj(&j);
    jw_kstr(&j, "title", *w.rest ? w.rest : text);
    jw_kinstant(&j, "due_at", w.found ? w.at_ms : 0);
    jw_kbool(&j, "timed", w.timed);
    jw_end(&j);
    return true;
}

static bool task_action(Ctx *c, const Entity *e, const Record *r, const char *name, json_object *in,
                        Buf *out, bool *handled)
{
    (void)e;
    (void)r;
    *handled = strcmp(name, "parse") == 0;
    return !*handled || parse_line(c, in, out);
}

/* Whose count it adds to; 0: nobody's. */
static int64_t counted_at(const DbVal *v)
{
    return v && rollup_task_is_open(&v[TASK_STATUS]) && v[TASK_CUSTOMER].kind == DB_INT
               ? v[TASK_CUSTOMER].i
               : 0;
}

static bool count(Ctx *c, int64_t customer, int more)
{
    const RecBump bump = {CUSTOMER_OPEN_TASK_COUNT, more};
    return !customer ||
           rec_roll(c, model_entity(c->model, "customer"), customer, NULL, NULL, 0, &bump, 1);
}

static bool task_after_save(Ctx *c, Save *s)
{
    int64_t now = counted_at(s->after), was = s->is_new ? 0 : counted_at(s->before);
    return (now == was || (count(c, was, -1) && count(c, now, 1))) && tell_owner(c, s);
}

static bool task_before_delete(Ctx *c, const Record *r)
{
    return count(c, counted_at(r->v), -1);
}

static bool task_after_restore(Ctx *c, const Record *r)
{
    return count(c, counted_at(r->v), 1);
}

extern const RecordHooks task_hooks;
const RecordHooks task_hooks = {.before_save = task_before_save,
                                .after_save = task_after_save,
                                .before_delete = task_before_delete,
                                .after_restore = task_after_restore,
                                .action = task_action};
