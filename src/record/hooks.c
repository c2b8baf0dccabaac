/* The registry of hooks, and what hooks use of a save. See hooks.h. */
#include "record/hooks.h"

#include <stdlib.h>
#include <string.h>

#include "record/save.h"

static const HookEntry *hook_entries;

void hooks_register(const HookEntry *table)
{
    hook_entries = table;
}

const RecordHooks *hooks_of(const Entity *e)
{
    if (!e->hooks)
        return NULL;
    for (const HookEntry *h = hook_entries; h && h->name; h++)
        if (strcmp(h->name, e->hooks) == 0)
            return h->hooks;
    return NULL;
}

void save_set(Save *s, int field, DbVal v)
{
    s->after[field] = v;
    s->changed[field] = 1;
}

bool save_changed(const Save *s, int field)
{
    return s->changed[field] != 0;
}

const char *save_text(const Ctx *c, const Save *s, int field)
{
    const DbVal *v = &s->after[field];
    return v->kind == DB_TEXT && v->n ? arena_dup(c->a, v->s, v->n) : NULL;
}

const int64_t *save_many(const Save *s, int field, int *out_n)
{
    const SaveWork *w = (const SaveWork *)(const void *)s;
    for (int i = 0; i < w->n_many; i++) {
        if (w->many[i].f->index == field) {
            *out_n = w->many[i].n;
            return w->many[i].ids;
        }
    }
    return NULL;
}

const int64_t *save_many_before(const Save *s, int field, int *out_n)
{
    const SaveWork *w = (const SaveWork *)(const void *)s;
    *out_n = 0;
    for (int i = 0; i < w->n_many; i++) {
        if (w->many[i].f->index == field) {
            *out_n = w->many[i].n_old;
            return w->many[i].old;
        }
    }
    return NULL;
}

void save_set_many(Ctx *c, Save *s, int field, const int64_t *ids, int n)
{
    SaveWork *w = (SaveWork *)(void *)s;
    SaveMany *m = NULL;
    for (int i = 0; i < w->n_many; i++)
        if (w->many[i].f->index == field)
            m = &w->many[i];
    if (!m) {
        m = &w->many[w->n_many++];
        *m = (SaveMany){.f = &s->e->fields[field]};
    }
    m->ids = ARENA_ARRAY(c->a, n + 1, int64_t);
    if (n)
        memcpy(m->ids, ids, (size_t)n * sizeof *ids);
    m->n = n;
    s->changed[field] = 1;
}

static void put_json(void *o)
{
    json_object_put(o);
}

json_object *rec_input(Ctx *c)
{
    json_object *o = json_object_new_object();
    if (!o)
        abort();
    arena_defer(c->a, put_json, o);
    return o;
}

SaveOptions rec_own(const Save *s)
{
    SaveOptions o = {.if_version = -1, .trusted = true};
    if (s) {
        o.origin = s->o->origin;
        o.import_job = s->o->import_job;
        o.dry = s->o->dry;
    }
    return o;
}

bool rec_prepare(Ctx *c, const Entity *e, json_object *in, const SaveOptions *o, const char *prefix,
                 SaveWork **out)
{
    SaveWork *w = save_new(c, e, 0, in, o, NULL);
    ErrItem *last = c->err_last;
    bool ok = save_prepare(c, w);
    for (ErrItem *e_new = last ? last->next : c->err; prefix && e_new; e_new = e_new->next)
        e_new->field = e_new->field ? arena_printf(c->a, "%s.%s", prefix, e_new->field)
                                    : arena_str(c->a, prefix);
    *out = w;
    return ok;
}

int64_t rec_prepared_id(const SaveWork *w)
{
    return w->s.id;
}

bool rec_commit(Ctx *c, SaveWork *w)
{
    return save_commit(c, w);
}
