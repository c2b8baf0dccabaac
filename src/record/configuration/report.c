/* A difference as members of an answer: by part, what comes, what changes from what to what, what goes, what stays. */
#include <string.h>

#include "base/conf.h"
#include "record/configuration/impl.h"

static void values_of(Ctx *c, Jw *w, const Entity *e, const CfgItem *it)
{
    jw_key(w, "values");
    jw_arr(w);
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        json_object *v = json_member(it->body, f->name);
        if (!v || f->write_only || !configuration_carries(e, f))
            continue;
        jw_obj(w);
        jw_kstr(w, "field", f->name);
        jw_kstr(w, "label", label_in(f->label, c->lang));
        jw_kraw(w, "to", cfg_text(c, v));
        jw_end(w);
    }
    jw_end(w);
}

static void fields_of(Ctx *c, Jw *w, const CfgChange *x)
{
    jw_key(w, "changes");
    jw_arr(w);
    for (int i = 0; i < x->n_fields; i++) {
        const CfgField *d = &x->fields[i];
        jw_obj(w);
        jw_kstr(w, "field", d->f->name);
        jw_kstr(w, "label", label_in(d->f->label, c->lang));
        jw_kraw(w, "from", cfg_text(c, d->was));
        jw_kraw(w, "to", cfg_text(c, d->is));
        jw_end(w);
    }
    jw_end(w);
}

static const char *title_of(const Entity *e, const CfgItem *it)
{
    json_object *v = json_member(it->body, e->title->name);
    return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : it->key;
}

static void list(Ctx *c, Jw *w, const char *name, const CfgChange *all, size_t n, const Entity *e,
                 CfgKind kind)
{
    jw_key(w, name);
    jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        const CfgChange *x = &all[i];
        if (strcmp(x->e->name, e->name) != 0 || x->kind != kind)
            continue;
        const CfgItem *it = x->is ? x->is : x->was;
        jw_obj(w);
        jw_kstr(w, "key", it->key);
        jw_kstr(w, "title", title_of(e, it));
        if (kind == CFG_ADD)
            values_of(c, w, e, it);
        if (kind == CFG_CHANGE)
            fields_of(c, w, x);
        jw_end(w);
    }
    jw_end(w);
}

static bool has(const CfgDiff *d, const Entity *e)
{
    for (size_t i = 0; i < d->changes.n; i++)
        if (strcmp(d->changes.items[i].e->name, e->name) == 0)
            return true;
    for (size_t i = 0; i < d->unlisted.n; i++)
        if (strcmp(d->unlisted.items[i].e->name, e->name) == 0)
            return true;
    return false;
}

static void settings(Ctx *c, Jw *w, const CfgDiff *d)
{
    jw_key(w, "settings");
    jw_arr(w);
    for (size_t i = 0; i < d->settings.n; i++) {
        const CfgSetting *s = &d->settings.items[i];
        const ConfDef *def = conf_find(s->name);
        jw_obj(w);
        jw_kstr(w, "name", s->name);
        jw_kstr(w, "label",
                !def                         ? s->name
                : strcmp(c->lang, "zh") == 0 ? def->help_zh
                                             : def->help_en);
        jw_kstr(w, "from", s->was);
        jw_kstr(w, "to", s->is);
        jw_end(w);
    }
    jw_end(w);
}

void cfg_report_diff(Ctx *c, Jw *w, const CfgDiff *d)
{
    const Entity *const *order, *stuck;
    int n = configuration_entities(c->a, c->model, &order, &stuck);
    jw_key(w, "parts");
    jw_arr(w);
    for (int i = 0; i < n; i++) {
        const Entity *e = order[i];
        if (!has(d, e))
            continue;
        jw_obj(w);
        jw_kstr(w, "entity", e->name);
        jw_kstr(w, "label", label_in(e->label, c->lang));
        list(c, w, "added", d->changes.items, d->changes.n, e, CFG_ADD);
        list(c, w, "changed", d->changes.items, d->changes.n, e, CFG_CHANGE);
        list(c, w, "removed", d->changes.items, d->changes.n, e, CFG_GONE);
        list(c, w, "unlisted", d->unlisted.items, d->unlisted.n, e, CFG_GONE);
        jw_end(w);
    }
    jw_end(w);
    settings(c, w, d);
}

void cfg_report_secrets(Ctx *c, Jw *w, const CfgRun *r)
{
    jw_key(w, "secrets");
    jw_arr(w);
    for (size_t i = 0; i < r->diff.changes.n; i++) {
        const CfgChange *x = &r->diff.changes.items[i];
        for (int k = 0; x->kind == CFG_ADD && k < x->e->n_fields; k++) {
            const Field *f = &x->e->fields[k];
            if (!f->write_only || !json_member(x->is->body, f->name))
                continue;
            jw_obj(w);
            jw_kstr(w, "entity", x->e->name);
            jw_kstr(w, "label", label_in(x->e->label, c->lang));
            jw_kstr(w, "key", x->is->key);
            jw_kstr(w, "field", f->name);
            jw_kstr(w, "field_label", label_in(f->label, c->lang));
            jw_end(w);
        }
    }
    jw_end(w);
}
