/*
 * Taking an import back: what it wrote into a row is as it was, under a new version, and what it wrote into the history of these
 * rows is gone; the row of the import and the audit log keep what happened. First it is seen that nobody touched the rows since, and
 * that nothing would be lost by it, by the very questions an import asks (loss.c): a field that was filled in, a role that was
 * given to somebody; and that no flow wants people to agree to it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auth/sealing.h"
#include "base/id.h"
#include "entity_ids.h"
#include "record/approval/approval.h"
#include "record/configuration/impl.h"
#include "record/configuration/images.h"
#include "record/logo.h"
#include "record/save.h"
#include "record/search.h"
#include "record/setting.h"
#include "record/value.h"
#include "record/write_row.h"

typedef struct Back {
    const Entity *e;
    int64_t id;
    const char *key;
    bool was, is; /* was there before, is there after */
    CfgItem before, after;
    const CfgItem *now; /* as it stands in the configuration; NULL where it does not */
} Back;

typedef struct Undo {
    int64_t id; /* of the import */
    Record import;
    VEC(Back) rows; /* in the order of writing */
    json_object *settings, *history;
    CfgDoc house;
} Undo;

static bool refuse(Ctx *c, const Back *b, const char *key)
{
    return ctx_fail(c, ERR_UNDO_REFUSED, arena_printf(c->a, "%s[%s]", b->e->name, b->key), key,
                    label_in(b->e->label, c->lang), b->key);
}

/* ---- what there is to take back --------------------------------------------------------------------- */

static bool read_rows(Ctx *c, Undo *u, json_object *rows)
{
    for (int i = 0; i < u->house.n; i++) {
        const Entity *e = u->house.parts[i].e;
        json_object *list = json_member(rows, e->name);
        Map now;
        cfg_by_id(c, &u->house.parts[i], &now);
        for (size_t k = 0; list && k < json_object_array_length(list); k++) {
            json_object *o = json_object_array_get_idx(list, k);
            Back b = {.e = e, .id = json_int(o, "id", 0), .key = json_str(o, "key", "")};
            b.was = cfg_row_read(c, e, json_member(o, "before"), &b.before);
            b.is = cfg_row_read(c, e, json_member(o, "after"), &b.after);
            b.now = map_get(&now, arena_printf(c->a, "%" PRId64, b.id));
            vec_push(c->a, &u->rows, b);
        }
    }
    return true;
}

static bool read_images(Ctx *c, Undo *u)
{
    const DbVal *v = &u->import.v[CONFIGURATION_IMPORT_IMAGES];
    json_object *o;
    if (v->kind != DB_TEXT)
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "cfg.undo_over");
    if (!json_read(c, v->s, v->n, &o))
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "cfg.undo_nothing");
    u->settings = json_member(o, "settings");
    u->history = json_member(o, "history");
    return cfg_house(c, &u->house) && read_rows(c, u, json_member(o, "rows"));
}

/* ---- may it be taken back ---------------------------------------------------------------------------- */

static const char *many_of(const CfgItem *x, int i)
{
    return x->many && x->many[i] ? x->many[i] : "";
}

/* Has it a secret somebody may have entered since, which would go with a row that goes? */
static bool has_secret(const Entity *e)
{
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].write_only)
            return true;
    return false;
}

/* The program's own notes on a row (last sent, next due) do not count; nor does a later version that holds the same: a later
   import that was taken back leaves one. */
static bool untouched(const Back *b)
{
    if (!b->is)
        return true;
    if (!b->now)
        return false;
    if (b->e->standard && b->now->v[STD_VERSION].i == b->after.v[STD_VERSION].i)
        return cfg_files_same(b->e, b->now, &b->after);
    return (b->was || !has_secret(b->e)) && cfg_row_same(b->e, b->now, &b->after);
}

static bool stamped(const Entity *e, int i)
{
    return e->standard && (i == STD_VERSION || i == STD_UPDATED_AT || i == STD_UPDATED_BY);
}

/* Is the field one the import wrote and nobody wrote since? now: the row as it is. Secrets are in no image (images.c). */
static bool goes_back(const Ctx *c, const Back *b, const DbVal *now, int i)
{
    const Entity *e = b->e;
    const Field *f = &e->fields[i];
    const DbVal *was = &b->before.v[i], *is = &b->after.v[i];
    if (!f->column || i == STD_ID || stamped(e, i))
        return false;
    if (!b->is) /* it lies in the bin, and nothing but that became of it */
        return e->standard && (i == STD_DELETED_AT || i == STD_DELETED_BY);
    if (e->standard && i == STD_OWNER_DEPARTMENT) /* goes with the owner */
        return !value_same(&b->before.v[STD_OWNER], &b->after.v[STD_OWNER]);
    if (value_same(was, is) || !value_same(is, &now[i]))
        return false;
    /* an instant to come must not become one that is over: what is due would be done at once */
    return configuration_carries(e, f) || f->type != FT_DATETIME || was->kind != DB_INT ||
           is->kind != DB_INT || is->i <= c->now_ms || was->i > c->now_ms;
}

/* A row that was removed lies where the import put it, or is gone for good as it left it. */
static bool still_gone(Ctx *c, const Back *b)
{
    Record r;
    if (b->is || !b->was || !rec_load(c, b->e, b->id, &r))
        return c->n_err == 0;
    return b->e->standard && r.v[STD_DELETED_AT].kind != DB_NULL &&
           r.version == b->before.v[STD_VERSION].i + 1;
}

/* What a setting that names a file held, before or after; 0: none. */
static int64_t logo_in(json_object *pair, const char *when)
{
    json_object *row = json_member(pair, when);
    return row ? strtoll(json_str(row, "value", "0"), NULL, 10) : 0;
}

static bool logo_lost(Ctx *c)
{
    return ctx_fail(c, ERR_UNDO_REFUSED, "settings." LOGO_SETTING, "cfg.undo_logo");
}

/* Files that were removed are swept some day: their rows and bytes must be there to come back. */
static bool check_files(Ctx *c, const Undo *u)
{
    json_object *logo = u->settings ? json_member(u->settings, LOGO_SETTING) : NULL;
    int64_t was = logo_in(logo, "before");
    bool lost = false, there = true;
    for (size_t i = 0; i < u->rows.n; i++) {
        const Back *b = &u->rows.items[i];
        const Field *f = cfg_file_field(b->e);
        if (f && b->was &&
            !cfg_files_lost(c, many_of(&b->before, f->index),
                            b->is ? many_of(&b->after, f->index) : "", &lost))
            return false;
        if (f && b->was && lost)
            refuse(c, b, "cfg.undo_file");
    }
    if (was && !cfg_file_there(c, was, &there))
        return false;
    return there || logo_lost(c);
}

static void check_settings(Ctx *c, const Undo *u, json_object *now)
{
    if (!u->settings)
        return;
    json_object_object_foreach(u->settings, name, pair)
    {
        json_object *after = json_member(pair, "after"), *is = json_member(now, name);
        if (strcmp(cfg_text(c, after), cfg_text(c, is)) != 0)
            ctx_fail(c, ERR_UNDO_REFUSED, arena_printf(c->a, "settings.%s", name),
                     "cfg.undo_setting", name);
    }
}

/* The undo as a difference: rows made go, rows changed change back. */
static void reversed(Ctx *c, const Undo *u, CfgDiff *out)
{
    *out = (CfgDiff){0};
    for (size_t i = 0; i < u->rows.n; i++) {
        Back *b = &u->rows.items[i];
        CfgChange x = {.e = b->e, .was = b->now, .kind = b->was ? CFG_CHANGE : CFG_GONE};
        if (!b->is || !b->now)
            continue;
        if (b->was) {
            b->before.body = cfg_body(c, b->e, &b->before);
            b->before.key = b->key;
            CfgItem *now = ARENA_NEW(c->a, CfgItem);
            *now = *b->now;
            now->body = cfg_body(c, b->e, b->now); /* links by id on both sides */
            x.was = now;
            x.is = &b->before;
            cfg_fields(c, &x);
        }
        vec_push(c->a, &out->changes, x);
    }
}

/* What a row needs: as an import that removes it (apply.c), a row with states goes by an edit. */
static Action act_of(const Back *b)
{
    return b->was || b->e->configuration->n_states ? ACT_EDIT : ACT_DELETE;
}

static bool may(Ctx *c, const Undo *u)
{
    int before = c->n_err;
    const Entity *last = NULL;
    for (size_t i = 0; i < u->rows.n; i++) {
        const Back *b = &u->rows.items[i];
        if (b->e == last || (access_may(c, b->e, ACT_EDIT) && access_may(c, b->e, act_of(b))))
            continue;
        ctx_fail(c, ERR_FORBIDDEN, b->e->name, "cfg.may_not", label_in(b->e->label, c->lang));
        last = b->e;
    }
    return c->n_err == before;
}

/* What people have to agree to does not happen by itself, taken back or not (record/approval). */
static void check_flows(Ctx *c, const Back *b)
{
    ErrItem *last = c->err_last;
    int mark = c->n_err;
    CfgItem named = {.key = b->key};
    CfgChange x = {.kind = b->was ? CFG_CHANGE : CFG_GONE, .e = b->e, .was = &named};
    bool returns = b->was && !b->is;
    if ((!returns && (!b->is || !b->now)) || !approval_any(c, b->e))
        return;
    ApprovalAsk what = {.op = returns ? APPROVE_RESTORE : APPROVE_DELETE,
                        .e = b->e,
                        .id = b->id,
                        .before = returns ? b->before.v : b->now->v};
    if (b->was && !returns) {
        unsigned char *changed = ARENA_ARRAY(c->a, b->e->n_fields, unsigned char);
        for (int i = 0; i < b->e->n_fields; i++)
            changed[i] = b->e->fields[i].type == FT_LINK_MANY
                             ? strcmp(many_of(&b->before, i), many_of(b->now, i)) != 0
                             : goes_back(c, b, b->now->v, i);
        what.op = APPROVE_TRANSFER;
        if (b->e->standard && changed[STD_OWNER])
            (void)approval_holds_transfer(c, &what, NULL);
        what.op = APPROVE_EDIT;
        what.changed = changed;
    }
    if (c->n_err == mark)
        (void)approval_holds(c, &what);
    if (c->n_err > mark)
        cfg_placed(c, last, &x);
}

static bool check(Ctx *c, const Undo *u)
{
    int before = c->n_err;
    json_object *settings;
    CfgDiff back;
    if (!may(c, u) || !cfg_setting_rows(c, &settings))
        return false;
    for (size_t i = 0; i < u->rows.n; i++)
        if (!untouched(&u->rows.items[i]) || !still_gone(c, &u->rows.items[i]))
            refuse(c, &u->rows.items[i], "cfg.undo_changed");
    for (size_t i = 0; i < u->rows.n; i++)
        check_flows(c, &u->rows.items[i]);
    check_settings(c, u, settings);
    (void)check_files(c, u);
    reversed(c, u, &back);
    (void)cfg_losses(c, &u->house, &back);
    return c->n_err == before;
}

/* ---- taking it back ---------------------------------------------------------------------------------- */

static int ids_of(Ctx *c, const char *list, int64_t **out)
{
    int n = 0;
    *out = ARENA_ARRAY(c->a, (list ? strlen(list) : 0) + 1, int64_t);
    for (const char *p = list; p && *p;) {
        (*out)[n++] = strtoll(p, NULL, 10);
        p += strcspn(p, ",");
        p += *p == ',';
    }
    return n;
}

static bool links_back(Ctx *c, const Back *b)
{
    for (int i = 0; i < b->e->n_fields; i++) {
        const Field *f = &b->e->fields[i];
        int64_t *is, *was;
        int n_is;
        bool lost = false;
        if (f->type == FT_FILES && configuration_carries(b->e, f) &&
            !cfg_files_back(c, b->was ? b->before.many[i] : NULL, b->is ? b->after.many[i] : NULL,
                            &lost))
            return false;
        if (lost)
            return refuse(c, b, "cfg.undo_file");
        if (f->type != FT_LINK_MANY)
            continue;
        int n_was = ids_of(c, b->was ? b->before.many[i] : NULL, &was);
        if (!write_row_read_many(c, b->e, f, b->id, &is, &n_is) ||
            !write_row_many(c, b->e, f, b->id, is, n_is, was, n_was))
            return false;
    }
    return true;
}

/* A version of its own: who has seen the row as the import left it must not overwrite it unseen (If-Match). */
static void stamp(Ctx *c, const Back *b, int64_t version, DbVal *v)
{
    if (!b->e->standard)
        return;
    v[STD_VERSION] = db_of_int(version + 1);
    v[STD_UPDATED_AT] = db_of_int(c->now_ms);
    v[STD_UPDATED_BY] = c->actor->user ? db_of_int(c->actor->user) : db_null();
}

static bool row_back(Ctx *c, const Back *b)
{
    Sql q;
    Record r;
    int *fields = ARENA_ARRAY(c->a, b->e->n_fields, int), n = 0;
    DbVal *values = ARENA_ARRAY(c->a, b->e->n_fields, DbVal);
    DbVal *v = ARENA_ARRAY(c->a, b->e->n_fields, DbVal);
    bool there = rec_load(c, b->e, b->id, &r);
    if (c->n_err)
        return false;
    memcpy(v, b->before.v, (size_t)b->e->n_fields * sizeof *v);
    stamp(c, b, there ? r.version : b->before.v[STD_VERSION].i, v);
    if (!there) {
        write_row_insert(c, b->e, v, &q);
        return sql_exec(c, &q);
    }
    for (int i = 0; i < b->e->n_fields; i++)
        if (stamped(b->e, i) || goes_back(c, b, r.v, i)) {
            fields[n] = i;
            values[n++] = v[i];
        }
    if (!n)
        return true;
    write_row_set(c, b->e, fields, values, n, &q);
    sql_add(&q, SQL(" WHERE t0.\"id\" = "));
    sql_bind(&q, db_of_int(b->id));
    return sql_exec(c, &q);
}

static bool search_back(Ctx *c, const Back *b)
{
    if (!(b->e->gets & GETS_SEARCH))
        return true;
    return b->was ? sql_search_put(c, b->e->name, b->id, search_tokens(c->a, b->e, b->before.v),
                                   !b->is)
                  : sql_search_remove(c, b->e->name, b->id);
}

/* Rows the import made, by set, with what belongs to them (runs of a rule). */
static bool erase_made(Ctx *c, const Undo *u, const Entity *e)
{
    VEC(int64_t) ids = {0};
    for (size_t i = 0; i < u->rows.n; i++)
        if (u->rows.items[i].e == e && !u->rows.items[i].was)
            vec_push(c->a, &ids, u->rows.items[i].id);
    if (!ids.n)
        return true;
    for (int i = 0; i < c->model->n; i++) {
        const Entity *kid = &c->model->entities[i];
        const Field *f = kid->parent ? entity_field(kid, kid->parent) : NULL;
        if (!f || f->type != FT_LINK || !f->to || strcmp(f->to, e->name) != 0)
            continue;
        DbVal *vals = ARENA_ARRAY(c->a, ids.n, DbVal);
        for (size_t k = 0; k < ids.n; k++)
            vals[k] = db_of_int(ids.items[k]);
        if (!rec_erase(c, kid, filter_leaf(c->a, f, OP_IN, vals, (int)ids.n)))
            return false;
    }
    return rec_erase(c, e, filter_ids(c->a, ids.items, (int)ids.n));
}

static bool settings_back(Ctx *c, const Undo *u)
{
    if (!u->settings)
        return true;
    json_object_object_foreach(u->settings, name, pair)
    {
        json_object *o = json_member(pair, "before");
        const DbVal gone[] = {db_of_text(name)};
        bool lost = false;
        if (strcmp(name, LOGO_SETTING) == 0 &&
            !cfg_file_back(c, logo_in(pair, "after"), logo_in(pair, "before"), &lost))
            return false;
        if (lost)
            return logo_lost(c);
        if (!db_exec(c, SQL("DELETE FROM \"setting\" WHERE \"name\" = $1"), gone, 1))
            return false;
        if (!o)
            continue;
        json_object *at = json_member(o, "updated_at"), *by = json_member(o, "updated_by");
        const DbVal p[] = {db_of_int(json_int(o, "id", 0)), db_of_text(name),
                           db_of_text(json_str(o, "value", NULL)),
                           at ? db_of_int(json_object_get_int64(at)) : db_null(),
                           by ? db_of_int(json_object_get_int64(by)) : db_null()};
        if (!db_exec(c,
                     SQL("INSERT INTO \"setting\" (\"id\", \"name\", \"value\", \"updated_at\", "
                         "\"updated_by_id\") VALUES ($1, $2, $3, $4, $5)"),
                     p, 5))
            return false;
    }
    return true;
}

static bool history_back(Ctx *c, const Undo *u)
{
    size_t n = u->history ? json_object_array_length(u->history) : 0;
    int64_t *ids = ARENA_ARRAY(c->a, n + 1, int64_t);
    Sql q;
    for (size_t i = 0; i < n; i++)
        ids[i] = json_object_get_int64(json_object_array_get_idx(u->history, i));
    if (!n)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM \"history\" WHERE \"id\""));
    sql_among(c, &q, ids, (int)n);
    return sql_exec(c, &q);
}

static bool tell(Ctx *c, const Undo *u)
{
    /* what was there is there again: nothing has to be kept of it */
    const int fields[] = {CONFIGURATION_IMPORT_STATE, CONFIGURATION_IMPORT_UNDONE_AT,
                          CONFIGURATION_IMPORT_UNDONE_BY, CONFIGURATION_IMPORT_IMAGES};
    const DbVal values[] = {db_of_text("undone"), db_of_int(c->now_ms),
                            c->actor->user ? db_of_int(c->actor->user) : db_null(), db_null()};
    const AuditEntry a = {.action = "configuration_undo",
                          .entity = "configuration_import",
                          .record = u->id,
                          .record_name = u->import.v[CONFIGURATION_IMPORT_NAME].s};
    for (size_t i = 0; i < u->rows.n; i++)
        if (!db_change(c, u->rows.items[i].e->name, u->rows.items[i].id))
            return false;
    return rec_touch(c, u->import.e, u->id, fields, values, 4) && audit_add(c, &a) &&
           db_change(c, "model", 0) && db_change(c, "access", 0) && db_change(c, "setting", 0);
}

static bool in_write(Ctx *c, void *arg)
{
    Undo *u = arg;
    u->rows.n = 0;
    const Entity *e = model_entity(c->model, "configuration_import");
    if (!db_alone(c, "configuration") || !db_beside(c, SEALING_LOCK) ||
        !rec_load(c, e, u->id, &u->import))
        return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    const DbVal *state = &u->import.v[CONFIGURATION_IMPORT_STATE];
    if (state->kind != DB_TEXT || strcmp(state->s, "done") != 0)
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "cfg.undone_already");
    if (u->import.v[CONFIGURATION_IMPORT_AT].i < cfg_oldest(c)) /* swept or not */
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "cfg.undo_over");
    if (!read_images(c, u) || !check(c, u))
        return false;
    for (size_t i = 0; i < u->rows.n; i++) {
        const Back *b = &u->rows.items[i];
        if ((b->was && !row_back(c, b)) || !links_back(c, b) || !search_back(c, b))
            return false;
    }
    for (int i = u->house.n - 1; i >= 0; i--)
        if (!erase_made(c, u, u->house.parts[i].e))
            return false;
    return settings_back(c, u) && history_back(c, u) && tell(c, u);
}

bool configuration_undo(Ctx *c, int64_t id)
{
    Undo u = {.id = id};
    if (!access_need_right(c, RIGHT_SETTINGS) || !access_need_step_up(c) ||
        !cfg_write_all(c, in_write, &u))
        return false;
    const char **names = ARENA_ARRAY(c->a, u.rows.n + 1, const char *);
    size_t n = 0;
    for (size_t i = 0; i < u.rows.n; i++)
        if (!n || strcmp(names[n - 1], u.rows.items[i].e->name) != 0)
            names[n++] = u.rows.items[i].e->name;
    cfg_follow(c, names, n, true);
    return true;
}
