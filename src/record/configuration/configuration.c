/* The calls: export, difference, import. See configuration.h. */
#include "record/configuration/configuration.h"

#include <stdlib.h>
#include <string.h>

#include "auth/sealing.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/msg.h"
#include "entity_ids.h"
#include "record/configuration/impl.h"
#include "record/hooks.h"
#include "record/setting.h"

/* May he read all of it, not only cards? */
static bool readable(Ctx *c, const Entity *e)
{
    Right r;
    if (c->actor->is_system)
        return true;
    if (e->right)
        return right_parse(e->right, &r) && actor_has(c->actor, r);
    if (!access_may(c, e, ACT_READ))
        return false;
    const char *where =
        e->configuration->where; /* what everybody reads (tags for all) he reads, too */
    return access_scope(c, e, ACT_READ)->kind == FILTER_TRUE ||
           (e->open && where && strcmp(e->open, where) == 0);
}

bool configuration_parts(Ctx *c, Buf *out)
{
    CfgDoc d;
    Jw w;
    if (!cfg_house(c, &d))
        return false;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "parts");
    jw_arr(&w);
    for (int i = 0; i < d.n; i++) {
        const Entity *e = d.parts[i].e;
        jw_obj(&w);
        jw_kstr(&w, "entity", e->name);
        jw_kstr(&w, "label", label_in(e->label, c->lang));
        jw_kint(&w, "count", d.parts[i].n);
        jw_kbool(&w, "readable", readable(c, e));
        jw_end(&w);
    }
    jw_end(&w);
    jw_kint(&w, "settings", json_object_object_length(d.settings));
    jw_end(&w);
    return true;
}

/* Takes parts out that are not his to read. */
static void only_readable(Ctx *c, json_object *diff)
{
    json_object *parts = diff ? json_member(diff, "parts") : NULL;
    for (size_t i = parts ? json_object_array_length(parts) : 0; i-- > 0;) {
        json_object *p = json_object_array_get_idx(parts, i);
        const Entity *e = model_entity(c->model, json_str(p, "entity", ""));
        if (!e || !e->configuration || !readable(c, e))
            json_object_array_del_idx(parts, i, 1);
    }
}

bool configuration_look(Ctx *c, const Record *import, Buf *out)
{
    const DbVal *v = &import->v[CONFIGURATION_IMPORT_DIFFERENCE];
    json_object *o;
    Jw w;
    if (!access_need_right(c, RIGHT_SETTINGS))
        return false;
    if (v->kind != DB_TEXT || !json_read(c, v->s, v->n, &o))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    only_readable(c, o);
    only_readable(c, json_member(o, "left"));
    jw_init(&w, out);
    jw_raw(&w, cfg_text(c, o));
    return true;
}

/* Is the word one of the list "a,b"? */
static bool named(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        if (n == len && strncmp(p, word, n) == 0)
            return true;
        p += n + (p[n] == ',');
    }
    return false;
}

static bool check_only(Ctx *c, const CfgDoc *d, const char *only)
{
    for (const char *p = only; *p;) {
        size_t n = strcspn(p, ",");
        const char *word = arena_dup(c->a, p, n);
        if (strcmp(word, "settings") != 0 && !cfg_part(d, word))
            return ctx_fail(c, ERR_BAD_REQUEST, "only", "cfg.part_unknown", word, "settings");
        p += n + (p[n] == ',');
    }
    return true;
}

bool configuration_export(Ctx *c, const char *only, Buf *out)
{
    CfgDoc d;
    if (only && !*only)
        only = NULL;
    if (!cfg_house(c, &d) || (only && !check_only(c, &d, only)))
        return false;
    if (only)
        d.settings_given = named(only, "settings");
    for (int i = 0; i < d.n; i++)
        d.parts[i].given = readable(c, d.parts[i].e) && (!only || named(only, d.parts[i].e->name));
    return cfg_write(c, &d, true, out);
}

/* ---- running ------------------------------------------------------------------------------------- */

static const char *text_of_diff(Ctx *c, const CfgRun *r)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    cfg_report_diff(c, &w, &r->diff);
    cfg_report_secrets(c, &w, r);
    jw_key(&w, "left");
    jw_obj(&w);
    cfg_report_diff(c, &w, &r->left);
    jw_end(&w);
    jw_end(&w);
    return b.data;
}

static const char *text_of_counts(Ctx *c, const CfgDiff *d)
{
    int n[3] = {0};
    for (size_t i = 0; i < d->changes.n; i++)
        n[d->changes.items[i].kind]++;
    return arena_printf(c->a, "{\"added\":%d,\"changed\":%d,\"removed\":%d,\"settings\":%d}",
                        n[CFG_ADD], n[CFG_CHANGE], n[CFG_GONE], (int)d->settings.n);
}

/* The row somebody can look at later, in the same write. */
static bool note(Ctx *c, CfgRun *r, const char *images)
{
    const Entity *e = model_entity(c->model, "configuration_import");
    DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    const char *name = r->ask->name && *r->ask->name ? r->ask->name : "configuration.json";
    r->id = id_new();
    v[STD_ID] = db_of_int(r->id);
    v[CONFIGURATION_IMPORT_NAME] = db_of_text(name);
    v[CONFIGURATION_IMPORT_AT] = db_of_int(c->now_ms);
    if (c->actor->user)
        v[CONFIGURATION_IMPORT_BY] = db_of_int(c->actor->user);
    v[CONFIGURATION_IMPORT_UNLISTED] = db_of_text(r->ask->remove ? "remove" : "keep");
    v[CONFIGURATION_IMPORT_STATE] = db_of_text("done");
    v[CONFIGURATION_IMPORT_COUNTS] = db_of_text(text_of_counts(c, &r->diff));
    v[CONFIGURATION_IMPORT_DIFFERENCE] = db_of_text(text_of_diff(c, r));
    v[CONFIGURATION_IMPORT_IMAGES] = db_of_text(images);
    const AuditEntry a = {.action = "configuration_import",
                          .entity = "configuration_import",
                          .record = r->id,
                          .record_name = name,
                          .changes = text_of_counts(c, &r->diff)};
    return rec_insert_bare(c, e, v) && audit_add(c, &a) && db_change(c, e->name, r->id);
}

static bool look(Ctx *c, CfgRun *r)
{
    r->diff = r->left = (CfgDiff){0};
    r->missing = cfg_keep(c, json_object_new_array());
    r->tried = false;
    if (!cfg_house(c, &r->house))
        return false;
    r->state = cfg_state(c, &r->house);
    if (r->ask->expect && strcmp(r->ask->expect, r->state) != 0)
        return ctx_fail(c, ERR_STALE, NULL, "cfg.stale");
    int before = c->n_err;
    for (int i = 0; i < r->file.n; i++) {
        CfgPart *p = &r->file.parts[i];
        if (p->given && !readable(c, p->e)) { /* a comparison would tell him what is there */
            ctx_fail(c, ERR_FORBIDDEN, p->e->name, "cfg.may_not", label_in(p->e->label, c->lang));
            p->foreign = true;
        }
    }
    cfg_compare(c, &r->house, &r->file, r->ask->remove, &r->diff);
    bool stays = cfg_losses(c, &r->house, &r->diff),
         there = cfg_missing(c, &r->house, &r->file, &r->diff, r->missing);
    return stays && there && c->n_err == before;
}

static bool carry_out(Ctx *c, CfgRun *r)
{
    CfgDoc after;
    json_object *rows, *rows_after;
    const char *images;
    int64_t first = id_new();
    if (cfg_same(&r->diff))
        return r->trial || note(c, r, "{}");
    if (!cfg_setting_rows(c, &rows) || !cfg_apply(c, r, &after))
        return false;
    r->tried = true;
    return r->trial || (cfg_setting_rows(c, &rows_after) &&
                        cfg_images(c, &r->house, &after, rows, rows_after, first, &images) &&
                        note(c, r, images) && cfg_files_keep(c, &r->file));
}

static bool in_write(Ctx *c, void *arg)
{
    CfgRun *r = arg;
    const Model *keep = c->model;
    /* what is kept for the undo was sealed by a key that is not dropped before this ends */
    bool ok =
        db_alone(c, "configuration") && db_beside(c, SEALING_LOCK) && look(c, r) && carry_out(c, r);
    c->model = keep;
    r->fits = ok;
    /* a write is undone by a mistake; this one is taken off again below */
    return r->trial && ok ? ctx_fail(c, ERR_CONFLICT, NULL, "cfg.tried") : ok;
}

bool cfg_write_all(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg)
{
    enum { LONGEST_MS = 600000 };
    int64_t keep = c->deadline_ms;
    c->deadline_ms = clock_mono_ms() + LONGEST_MS;
    bool ok = db_write(c, fn, arg);
    c->deadline_ms = keep;
    return ok;
}

void cfg_follow(Ctx *c, const char *const *entities, size_t n, bool settings)
{
    int before = c->n_err;
    for (size_t i = 0; i < n; i++) {
        const Entity *e = model_entity(c->model, entities[i]);
        const RecordHooks *h = e ? hooks_of(e) : NULL;
        Save s = {.e = e};
        if (!h || !h->after_commit)
            continue;
        const SaveOptions o = {.if_version = -1};
        s.after = ARENA_ARRAY(c->a, e->n_fields, DbVal);
        s.changed = ARENA_ARRAY(c->a, e->n_fields, unsigned char);
        s.o = &o;
        h->after_commit(c, &s);
    }
    if (settings)
        setting_load(c);
    ctx_errors_back_to(c, before); /* the follower of the change log tries again */
}

/* ---- the answer ---------------------------------------------------------------------------------- */

static void problems(Ctx *c, Jw *w)
{
    jw_key(w, "problems");
    jw_arr(w);
    for (const ErrItem *e = c->err; e; e = e->next) {
        jw_obj(w);
        jw_kstr(w, "place", e->field);
        jw_kstr(w, "code", err_name(e->code));
        jw_kstr(w, "message", e->message);
        jw_end(w);
    }
    jw_end(w);
}

static void missing(Ctx *c, Jw *w, json_object *list)
{
    jw_key(w, "missing");
    jw_arr(w);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *o = json_object_array_get_idx(list, i);
        const Entity *e = model_entity(c->model, json_str(o, "entity", ""));
        jw_obj(w);
        jw_kstr(w, "entity", e->name);
        jw_kstr(w, "plural", e->plural);
        jw_kstr(w, "label", label_in(e->label, c->lang));
        jw_kstr(w, "key", json_str(o, "key", ""));
        jw_end(w);
    }
    jw_end(w);
}

static void answer(Ctx *c, const CfgRun *r, Buf *out)
{
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    if (r->id)
        jw_kint(&w, "id", r->id);
    jw_kstr(&w, "state", r->state);
    jw_kstr(&w, "unlisted", r->ask->remove ? "remove" : "keep");
    jw_kbool(&w, "same", cfg_same(&r->diff));
    jw_kraw(&w, "counts", text_of_counts(c, &r->diff));
    cfg_report_diff(c, &w, &r->diff);
    problems(c, &w);
    missing(c, &w, r->missing);
    cfg_report_secrets(c, &w, r);
    jw_key(&w, "left");
    jw_obj(&w);
    cfg_report_diff(c, &w, &r->left);
    jw_end(&w);
    jw_end(&w);
}

/* Problems belong to the answer, not to the call: but what kept us from looking at all. */
static bool broken(const Ctx *c)
{
    for (const ErrItem *e = c->err; e; e = e->next)
        if (err_status(e->code) >= 500 || e->code == ERR_STALE)
            return true;
    return false;
}

bool configuration_difference(Ctx *c, const ConfigurationAsk *ask, Buf *out)
{
    CfgRun r = {.ask = ask, .trial = true};
    const Actor *me = c->actor;
    Actor trier = *me;
    int before = c->n_err;
    if (!cfg_file(c, ask, &r.file))
        return false;
    trier.verified =
        true; /* nothing is written: the second verification is asked for at the import */
    c->actor = &trier;
    (void)cfg_write_all(c, in_write, &r); /* false by intention: its write is undone */
    c->actor = me;
    if (r.fits)
        ctx_errors_back_to(c, before);
    if (!r.state || broken(c))
        return false;
    answer(c, &r, out);
    ctx_errors_back_to(c, before);
    return true;
}

bool configuration_import(Ctx *c, const ConfigurationAsk *ask, Buf *out)
{
    CfgRun r = {.ask = ask};
    if (!access_need_step_up(c) || !cfg_file(c, ask, &r.file) || !cfg_write_all(c, in_write, &r))
        return false;
    cfg_follow(c, r.touched.items, r.touched.n, r.diff.settings.n > 0);
    answer(c, &r, out);
    return true;
}
