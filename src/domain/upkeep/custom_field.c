/*
 * Custom fields. A new one is checked by building the whole model with it (names, types, options,
 * defaults: the rules of meta/check.h), its column is added in the very transaction that stores the
 * row, and the model is replaced once that is on disk; other processes hear of it by topic "model".
 */
#include <string.h>

#include "base/json_read.h"
#include "entity_ids.h"
#include "record/customs.h"
#include "record/hooks.h"

typedef struct Memo {
    Model *model; /* with the row as it shall be; released with the arena */
} Memo;

static const char *text_of(Arena *a, const DbVal *v)
{
    return v->kind == DB_TEXT && v->n ? arena_dup(a, v->s, v->n) : NULL;
}

/* ---- hooks --------------------------------------------------------------------------------- */

static void release(void *memo)
{
    Memo *m = memo;
    if (m->model)
        model_release(m->model);
}

/* An option that rows may carry must stay; it can be disabled. */
static bool options_stay(Ctx *c, const Save *s)
{
    const char *was = s->before ? text_of(c->a, &s->before[CUSTOM_FIELD_OPTIONS]) : NULL;
    const char *is = save_text(c, s, CUSTOM_FIELD_OPTIONS);
    json_object *old, *now = NULL;
    if (!was || !json_read(c, was, strlen(was), &old) ||
        !json_object_is_type(old, json_type_object))
        return c->n_err == 0;
    if (is && !json_read(c, is, strlen(is), &now))
        return false;
    bool ok = true;
    json_object_object_foreach(old, code, value)
    {
        (void)value;
        if (!now || !json_object_is_type(now, json_type_object) ||
            !json_object_object_get_ex(now, code, NULL))
            ok = ctx_fail(c, ERR_INVALID, "options", "err.custom_option_gone", code);
    }
    return ok;
}

/* The checks of the model speak of a whole entity file; the person filled in this form. */
static void under_field(Ctx *c, ErrItem *last)
{
    for (ErrItem *e = last ? last->next : c->err; e; e = e->next)
        if (!e->field)
            e->field =
                strstr(e->message, "option") || strstr(e->message, "选项") ? "options" : "code";
}

static bool custom_field_before_save(Ctx *c, Save *s)
{
    Memo *memo = ARENA_NEW(c->a, Memo);
    s->memo = memo;
    arena_defer(c->a, release, memo);
    const DbVal *v = s->after;
    if (v[CUSTOM_FIELD_ENTITY].kind != DB_TEXT || v[CUSTOM_FIELD_CODE].kind != DB_TEXT ||
        v[CUSTOM_FIELD_TYPE].kind != DB_TEXT || v[CUSTOM_FIELD_LABEL_ZH].kind != DB_TEXT)
        return true; /* required: said by the engine */
    ErrItem *last = c->err_last;
    int before = c->n_err;
    if (!s->is_new && save_changed(s, CUSTOM_FIELD_OPTIONS) && !options_stay(c, s))
        return false;
    if (s->o->laid)
        return true;
    if (!customs_model(c, s->id, v, &memo->model)) {
        if (c->n_err == before)
            ctx_fail(c, ERR_INVALID, "code", "err.custom_field");
        under_field(c, last);
        return false;
    }
    return true;
}

static bool custom_field_after_save(Ctx *c, Save *s)
{
    Memo *memo = s->memo;
    const char *name = save_text(c, s, CUSTOM_FIELD_ENTITY),
               *fresh[] = {s->is_new ? save_text(c, s, CUSTOM_FIELD_CODE) : NULL, NULL};
    if (s->o->laid)
        return true;
    if (!memo->model || !name)
        return ctx_fail(c, ERR_INVALID, "entity", "err.custom_field");
    return customs_tables(c, memo->model, name, fresh) && db_change(c, "model", s->id);
}

/* On disk: from now on new requests know the field. Read again, for another may have been added beside it. */
static void custom_field_after_commit(Ctx *c, Save *s)
{
    (void)s;
    int before = c->n_err;
    if (!customs_reload(c))
        ctx_errors_back_to(c, before); /* the follower of "model" tries again */
}

static bool custom_field_before_delete(Ctx *c, const Record *r)
{
    (void)r;
    return ctx_fail(c, ERR_IN_USE, NULL, "err.custom_retire");
}

static bool custom_field_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                                json_object *in, Buf *out, bool *handled)
{
    bool retire = strcmp(name, "retire") == 0;
    (void)in;
    if (!r || (!retire && strcmp(name, "revive") != 0))
        return true;
    *handled = true;
    SaveOptions o = {.if_version = r->version, .trusted = true};
    json_object *change = rec_input(c);
    int64_t version = r->version;
    json_object_object_add(change, "retired", json_object_new_boolean(retire));
    if (!rec_update(c, e, r->id, change, &o, &version))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kint(&w, "id", r->id);
    jw_kint(&w, "version", version);
    jw_kbool(&w, "retired", retire);
    jw_end(&w);
    return true;
}

extern const RecordHooks custom_field_hooks;
const RecordHooks custom_field_hooks = {.before_save = custom_field_before_save,
                                        .after_save = custom_field_after_save,
                                        .after_commit = custom_field_after_commit,
                                        .before_delete = custom_field_before_delete,
                                        .action = custom_field_action};
