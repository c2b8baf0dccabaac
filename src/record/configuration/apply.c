/*
 * Carrying a file out: one write, part by part, each row by the very stages a form goes through (record/save.h), with the
 * caller's rights. Custom fields come first and all at once: they are prepared, one model is built with all of them, their
 * columns are added, and everything behind them is read and checked with that model.
 */
#include <string.h>

#include "base/msg.h"
#include "entity_ids.h"
#include "record/configuration/impl.h"
#include "record/customs.h"
#include "record/logo.h"
#include "record/save.h"
#include "record/setting.h"

typedef struct Wrong {
    ErrCode code;
    const char *field, *message;
} Wrong;

typedef struct Apply {
    CfgRun *r;
    CfgNames *names;  /* of all rows the file refers to, and of the configuration itself */
    VEC(Wrong) wrong; /* put aside, so that the next row is judged alone */
} Apply;

static void put_aside(Ctx *c, Apply *a, int before, const CfgChange *x)
{
    int i = 0;
    for (ErrItem *e = c->err; e; e = e->next)
        if (i++ >= before) {
            vec_push(c->a, &a->wrong,
                     (Wrong){e->code, cfg_place(c, x, e->field), arena_str(c->a, e->message)});
        }
    ctx_errors_back_to(c, before);
}

static bool all_told(Ctx *c, const Apply *a)
{
    for (size_t i = 0; i < a->wrong.n; i++)
        ctx_fail(c, a->wrong.items[i].code, a->wrong.items[i].field, "meta.plain",
                 a->wrong.items[i].message);
    return a->wrong.n == 0;
}

/* ---- the input of a save ---------------------------------------------------------------------------- */

static json_object *id_of(Apply *a, const Entity *to, const char *key)
{
    int64_t id = cfg_id_of(a->names, to, key);
    return id > 0 ? json_object_new_int64(id) : NULL;
}

static json_object *ref_id(void *arg, const Entity *to, json_object *v)
{
    const char *key = cfg_ref_key(v, to);
    json_object *id = key ? id_of(arg, to, key) : NULL;
    return id ? id : v;
}

/* The value with ids in place of names; the caller owns it. */
static json_object *with_ids(Ctx *c, Apply *a, const CfgChange *x, const Field *f, json_object *v)
{
    const Entity *to = f->to ? model_entity(c->model, f->to) : NULL;
    json_object *out = NULL;
    if (!v)
        return NULL;
    if (f->type == FT_LINK && to)
        return id_of(a, to, json_object_get_string(v));
    if (f->type == FT_LINK_MANY && to) {
        out = json_object_new_array();
        for (size_t i = 0; i < json_object_array_length(v); i++)
            json_object_array_add(
                out, id_of(a, to, json_object_get_string(json_object_array_get_idx(v, i))));
        return out;
    }
    if (json_object_deep_copy(v, &out, NULL) != 0)
        return NULL;
    if (f->n_refs) {
        json_object *now = cfg_refs(f, cfg_about(c, x->e, x->is->body), out, ref_id, a);
        if (now != out)
            json_object_put(out);
        return now;
    }
    return out;
}

static bool by_save(const Entity *e, const Field *f)
{
    return configuration_carries(e, f) && !f->write_only && f->type != FT_FILES &&
           !configuration_state(e, f);
}

static json_object *input_of(Ctx *c, Apply *a, const CfgChange *x)
{
    json_object *in = rec_input(c);
    if (x->kind == CFG_ADD) {
        for (int i = 0; i < x->e->n_fields; i++) {
            const Field *f = &x->e->fields[i];
            json_object *v = NULL;
            if (by_save(x->e, f) && json_object_object_get_ex(x->is->body, f->name, &v))
                json_object_object_add(in, f->name, with_ids(c, a, x, f, v));
        }
        return in;
    }
    for (int i = 0; i < x->n_fields; i++)
        if (by_save(x->e, x->fields[i].f) && x->fields[i].f->index != STD_OWNER)
            json_object_object_add(in, x->fields[i].f->name,
                                   with_ids(c, a, x, x->fields[i].f, x->fields[i].is));
    return in;
}

static SaveOptions options(void)
{
    /* keep: an owner named in the file is the owner, as in any import that is allowed to say so */
    return (SaveOptions){.if_version = -1, .origin = "import", .keep = true};
}

static void saved(Ctx *c, Apply *a, const Entity *e)
{
    for (size_t i = 0; i < a->r->touched.n; i++)
        if (strcmp(a->r->touched.items[i], e->name) == 0)
            return;
    vec_push(c->a, &a->r->touched, e->name);
}

static SaveWork *prepare(Ctx *c, Apply *a, const CfgChange *x, bool laid)
{
    const Entity *e = model_entity(c->model, x->e->name);
    SaveOptions o = options();
    int before = c->n_err;
    o.laid = laid;
    SaveWork *w = save_new(c, e, x->was ? x->was->id : 0, input_of(c, a, x), &o, NULL);
    bool ok = save_prepare(c, w);
    if (ok && c->n_err == before)
        return w;
    put_aside(c, a, before, x);
    return NULL;
}

/* ---- actions: states, owners ------------------------------------------------------------------------ */

static bool act(Ctx *c, Apply *a, const CfgChange *x, int64_t id, const char *name, json_object *in)
{
    int before = c->n_err;
    Buf ignored;
    buf_init(&ignored, c->a);
    if (rec_action(c, model_entity(c->model, x->e->name), id, name, in, -1, &ignored))
        return true;
    put_aside(c, a, before, x);
    return false;
}

static bool states(Ctx *c, Apply *a, const CfgChange *x, int64_t id)
{
    const Configuration *of = x->e->configuration;
    for (int i = 0; i < of->n_states; i++) {
        bool was = x->was && json_flag(x->was->body, of->states[i].field, false),
             is = json_flag(x->is->body, of->states[i].field, false);
        if (was != is && !act(c, a, x, id, is ? of->states[i].on : of->states[i].off, NULL))
            return false;
    }
    for (int i = 0; i < x->n_fields; i++) {
        const CfgField *d = &x->fields[i];
        if (d->f->index != STD_OWNER || !x->e->standard || !d->is)
            continue;
        json_object *in = rec_input(c);
        json_object_object_add(in, "owner", with_ids(c, a, x, d->f, d->is));
        if (!act(c, a, x, id, "transfer", in))
            return false;
    }
    return true;
}

static bool commit(Ctx *c, Apply *a, const CfgChange *x, SaveWork *w)
{
    int before = c->n_err;
    if (!save_commit(c, w) || !cfg_file_put(c, &a->r->file, x, w->s.e, w->s.id)) {
        put_aside(c, a, before, x);
        return false;
    }
    cfg_names_put(a->names, w->s.e, w->s.id, x->is->key);
    saved(c, a, w->s.e);
    return true;
}

/* ---- custom fields ---------------------------------------------------------------------------------- */

typedef struct Fields {
    const CfgChange **x;
    SaveWork **w;
    CustomRow *rows;
    int n;
} Fields;

/* Which of them the model does not take: each by itself. before: mistakes recorded before it was tried with all. */
static void blame(Ctx *c, Apply *a, const Fields *f, int before)
{
    enum { TRIES = 50 };
    size_t had = a->wrong.n;
    ErrItem all = {.code = ERR_INVALID, .message = ""};
    if (c->n_err > before)
        all = *c->err_last;
    ctx_errors_back_to(c, before);
    for (int i = 0; i < f->n && i < TRIES; i++) {
        Model *m = NULL;
        if (customs_model_of(c, &f->rows[i], 1, &m))
            model_release(m);
        else
            put_aside(c, a, before, f->x[i]);
    }
    if (a->wrong.n == had)
        vec_push(c->a, &a->wrong, (Wrong){all.code, "custom_field", arena_str(c->a, all.message)});
}

static bool new_model(Ctx *c, Apply *a, const Fields *f)
{
    Model *m = NULL;
    int before = c->n_err;
    if (!customs_model_of(c, f->rows, f->n, &m)) {
        blame(c, a, f, before);
        return false;
    }
    arena_defer(c->a, model_release, m);
    for (int i = 0; i < m->n; i++) {
        const Entity *e = &m->entities[i];
        const char **fresh = ARENA_ARRAY(c->a, f->n + 1, const char *);
        int n = 0, any = 0;
        for (int k = 0; k < f->n; k++) {
            if (strcmp(json_str(f->x[k]->is->body, "entity", ""), e->name) != 0)
                continue;
            any++;
            if (f->x[k]->kind == CFG_ADD)
                fresh[n++] = json_str(f->x[k]->is->body, "code", "");
        }
        if (any && !customs_tables(c, m, e->name, fresh))
            return false;
    }
    c->model = m;
    return true;
}

static bool apply_fields(Ctx *c, Apply *a)
{
    const CfgDiff *d = &a->r->diff;
    Fields f = {.x = ARENA_ARRAY(c->a, d->changes.n + 1, const CfgChange *),
                .w = ARENA_ARRAY(c->a, d->changes.n + 1, SaveWork *),
                .rows = ARENA_ARRAY(c->a, d->changes.n + 1, CustomRow)};
    bool acted = false;
    for (size_t i = 0; i < d->changes.n; i++) {
        const CfgChange *x = &d->changes.items[i];
        if (strcmp(x->e->name, "custom_field") != 0 || x->kind == CFG_GONE)
            continue;
        SaveWork *w = prepare(c, a, x, true);
        if (!w)
            continue;
        f.x[f.n] = x;
        f.w[f.n] = w;
        f.rows[f.n++] = (CustomRow){w->s.id, w->s.after};
    }
    if (a->wrong.n)
        return false;
    if (!f.n)
        return true;
    if (!new_model(c, a, &f))
        return false;
    for (int i = 0; i < f.n; i++) {
        if (!commit(c, a, f.x[i], f.w[i]) || !states(c, a, f.x[i], f.w[i]->s.id))
            return false;
        acted =
            acted || f.x[i]->kind == CFG_CHANGE || json_flag(f.x[i]->is->body, "retired", false);
    }
    Model *m = NULL;
    if (acted) {
        if (!customs_model_of(c, NULL, 0, &m))
            return false;
        arena_defer(c->a, model_release, m);
        c->model = m;
    }
    return db_change(c, "model", 0);
}

/* ---- the other parts --------------------------------------------------------------------------------- */

static bool apply_part(Ctx *c, Apply *a, const Entity *e)
{
    const CfgDiff *d = &a->r->diff;
    for (size_t i = 0; i < d->changes.n; i++) {
        const CfgChange *x = &d->changes.items[i];
        if (x->e != e || x->kind == CFG_GONE)
            continue;
        SaveWork *w = prepare(c, a, x, false);
        if (!w ||
            a->wrong.n) /* what is wrong with the others is told, too; nothing more is written */
            continue;
        if (!commit(c, a, x, w) || !states(c, a, x, w->s.id))
            return false;
    }
    return true;
}

static bool remove_rows(Ctx *c, Apply *a, const Entity *e)
{
    const CfgDiff *d = &a->r->diff;
    const SaveOptions o = options();
    for (size_t i = 0; i < d->changes.n; i++) {
        const CfgChange *x = &d->changes.items[i];
        if (x->e != e || x->kind != CFG_GONE)
            continue;
        int before = c->n_err;
        const Entity *now = model_entity(c->model, e->name);
        if (e->configuration->n_states) {
            if (!act(c, a, x, x->was->id, e->configuration->states[0].on, NULL))
                return false;
        } else if (!rec_delete(c, now, x->was->id, &o)) {
            put_aside(c, a, before, x);
            continue;
        }
        saved(c, a, now);
    }
    return true;
}

/* ---- settings ---------------------------------------------------------------------------------------- */

static bool apply_settings(Ctx *c, Apply *a)
{
    const CfgDiff *d = &a->r->diff;
    int before = c->n_err;
    json_object *in = rec_input(c);
    for (size_t i = 0; i < d->settings.n; i++) {
        const CfgSetting *s = &d->settings.items[i];
        const char *is = s->is;
        if (strcmp(s->name, LOGO_SETTING) == 0 && !cfg_logo_put(c, &a->r->file, s->is, &is))
            return false;
        json_object_object_add(in, s->name, is ? json_object_new_string(is) : NULL);
    }
    if (!d->settings.n)
        return true;
    if (!access_need_right(c, RIGHT_SETTINGS) || !setting_check(c, in)) {
        int n = 0;
        for (ErrItem *e = c->err; e; e = e->next)
            if (n++ >= before)
                vec_push(c->a, &a->wrong,
                         (Wrong){e->code,
                                 arena_printf(c->a, "settings.%s", e->field ? e->field : ""),
                                 arena_str(c->a, e->message)});
        ctx_errors_back_to(c, before);
        return true;
    }
    return setting_write(c, in);
}

/* ---- who may ----------------------------------------------------------------------------------------- */

/* One mistake for each part and act, not one for each row. */
static void check_rights(Ctx *c, Apply *a, const Entity *e)
{
    static const Action acts[] = {ACT_CREATE, ACT_EDIT, ACT_DELETE};
    const CfgDiff *d = &a->r->diff;
    bool need[3] = {false};
    for (size_t i = 0; i < d->changes.n; i++)
        if (d->changes.items[i].e == e)
            need[d->changes.items[i].kind] = true;
    for (int k = 0; k < 3; k++)
        if (need[k] && !access_may(c, e, k == 2 && e->configuration->n_states ? ACT_EDIT : acts[k]))
            vec_push(c->a, &a->wrong,
                     (Wrong){ERR_FORBIDDEN, e->name,
                             msg_format(c->a, c->lang, "cfg.may_not",
                                        (const char *const[]){label_in(e->label, c->lang), NULL})});
}

/* ---- all of it ---------------------------------------------------------------------------------------- */

static json_object *ask(void *arg, const Entity *to, json_object *v)
{
    const char *key = cfg_ref_key(v, to);
    if (key)
        cfg_names_want_key(arg, to, key);
    return v;
}

/* Who and what the file refers to, asked once for all of it. */
static bool know_names(Ctx *c, Apply *a)
{
    const CfgRun *r = a->r;
    a->names = cfg_names_new(c);
    for (int i = 0; i < r->house.n; i++)
        for (int k = 0; k < r->house.parts[i].n; k++)
            cfg_names_put(a->names, r->house.parts[i].e, r->house.parts[i].items[k].id,
                          r->house.parts[i].items[k].key);
    for (size_t i = 0; i < r->diff.changes.n; i++) {
        const CfgChange *x = &r->diff.changes.items[i];
        for (int k = 0; x->is && k < x->e->n_fields; k++) {
            const Field *f = &x->e->fields[k];
            const Entity *to = f->to ? model_entity(c->model, f->to) : NULL;
            json_object *v = by_save(x->e, f) ? json_member(x->is->body, f->name) : NULL;
            if (!v || (to && to->configuration))
                continue;
            if (f->type == FT_LINK && to)
                cfg_names_want_key(a->names, to, json_object_get_string(v));
            else if (f->type == FT_LINK_MANY && to)
                for (size_t n = 0; n < json_object_array_length(v); n++)
                    cfg_names_want_key(a->names, to,
                                       json_object_get_string(json_object_array_get_idx(v, n)));
            else if (f->n_refs)
                cfg_refs(f, cfg_about(c, x->e, x->is->body), v, ask, a->names);
        }
    }
    return cfg_names_fetch(a->names);
}

static bool steps(Ctx *c, Apply *a)
{
    CfgRun *r = a->r;
    if (!know_names(c, a))
        return false;
    for (int i = 0; i < r->house.n; i++)
        check_rights(c, a, r->house.parts[i].e);
    if (a->wrong.n || !apply_settings(c, a) || !apply_fields(c, a))
        return false;
    for (int i = 0; i < r->house.n; i++)
        if (strcmp(r->house.parts[i].e->name, "custom_field") != 0 &&
            !apply_part(c, a, r->house.parts[i].e))
            return false;
    if (a->wrong.n)
        return false;
    for (int i = r->house.n - 1; i >= 0; i--)
        if (!remove_rows(c, a, r->house.parts[i].e))
            return false;
    return a->wrong.n == 0;
}

/* What is different still: a rule of somebody else comes switched off, a row of the file is none of the configuration. */
static bool look_again(Ctx *c, CfgRun *r, CfgDoc *after)
{
    int before = c->n_err;
    if (!cfg_house(c, after))
        return false;
    cfg_compare(c, after, &r->file, r->ask->remove, &r->left);
    r->left.unlisted.n = 0;
    for (size_t i = 0; i < r->left.changes.n; i++)
        if (r->left.changes.items[i].kind == CFG_ADD)
            ctx_fail(c, ERR_INVALID, cfg_place(c, &r->left.changes.items[i], NULL),
                     "cfg.not_configuration", label_in(r->left.changes.items[i].e->label, c->lang));
    return c->n_err == before;
}

bool cfg_apply(Ctx *c, CfgRun *r, CfgDoc *after)
{
    Apply a = {.r = r};
    r->touched.n = 0;
    bool ok = steps(c, &a);
    return all_told(c, &a) && ok && look_again(c, r, after);
}
