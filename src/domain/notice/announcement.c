/* What an announcement must keep to: an end behind its start, and somebody it is for; those are told when it starts. */
#include <string.h>

#include "entity_ids.h"
#include "record/announce.h"
#include "record/hooks.h"

static bool is_audience(const DbVal *v, const char *what)
{
    return v->kind == DB_TEXT && v->n == strlen(what) && memcmp(v->s, what, v->n) == 0;
}

/* The list was given empty, or is not there for a new one. */
static bool nobody(const Save *s, int field)
{
    int n = 0;
    const int64_t *ids = save_many(s, field, &n);
    return ids ? n == 0 : s->is_new;
}

static bool announcement_before_save(Ctx *c, Save *s)
{
    const DbVal *v = s->after;
    const DbVal *start = &v[ANNOUNCEMENT_START_AT], *end = &v[ANNOUNCEMENT_END_AT],
                *audience = &v[ANNOUNCEMENT_AUDIENCE];
    if (start->kind == DB_INT && end->kind == DB_INT && end->i <= start->i)
        ctx_fail(c, ERR_INVALID, "end_at", "err.end_before_start");
    if (is_audience(audience, "departments") && nobody(s, ANNOUNCEMENT_DEPARTMENTS))
        ctx_fail(c, ERR_REQUIRED, "departments", "err.required");
    if (is_audience(audience, "roles") && nobody(s, ANNOUNCEMENT_FOR_ROLES))
        ctx_fail(c, ERR_REQUIRED, "for_roles", "err.required");
    if (c->n_err)
        return false;
    bool now = start->kind != DB_INT || start->i <= c->now_ms;
    bool told = s->before && s->before[ANNOUNCEMENT_TOLD_AT].kind != DB_NULL;
    if (now && !told && (end->kind != DB_INT || end->i > c->now_ms))
        save_set(s, ANNOUNCEMENT_TOLD_AT, db_of_int(c->now_ms));
    if (told && !now && save_changed(s, ANNOUNCEMENT_START_AT)) /* put off: told anew then */
        save_set(s, ANNOUNCEMENT_TOLD_AT, db_null());
    return true;
}

/* One that is current from the start is told with the save; others by the keeper when their time comes. */
static bool announcement_after_save(Ctx *c, Save *s)
{
    return !save_changed(s, ANNOUNCEMENT_TOLD_AT) ||
           s->after[ANNOUNCEMENT_TOLD_AT].kind == DB_NULL ||
           announce_tell(c, s->id, save_text(c, s, ANNOUNCEMENT_TITLE),
                         save_text(c, s, ANNOUNCEMENT_BODY));
}

static bool announcement_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                                json_object *in, Buf *out, bool *handled)
{
    (void)e;
    (void)in;
    *handled = r && strcmp(name, "receipts") == 0;
    return *handled && announce_receipts(c, r->id, out);
}

extern const RecordHooks announcement_hooks;
const RecordHooks announcement_hooks = {.before_save = announcement_before_save,
                                        .after_save = announcement_after_save,
                                        .action = announcement_action};
