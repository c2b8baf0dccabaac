/*
 * What can be done to a record beyond fields: the actions of the entity file, carried out by its hooks,
 * and the generic ones: transfer, share, unshare, reveal. One gate for all: declared, right held, record
 * in the scope of that right, step-up fresh where asked, version as expected.
 */
#include <string.h>

#include "auth/session.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/id.h"
#include "base/json_read.h"
#include "meta/types.h"
#include "record/history.h"
#include "record/link_resolve.h"
#include "record/notify.h"
#include "record/save.h"

enum { REVEAL_FREE = 20, REASON_MAX = 200 };
#define HOUR_MS (60LL * 60 * 1000)

typedef struct Call {
    const Entity *e;
    Record *r; /* NULL for entity actions */
    const char *name;
    json_object *in;
    int64_t if_version;
    Buf *out;
} Call;

static const EntityAction *declared(const Entity *e, const char *name)
{
    for (int i = 0; i < e->n_actions; i++)
        if (strcmp(e->actions[i].name, name) == 0)
            return &e->actions[i];
    return NULL;
}

/* The action of a name: declared, or generic where the entity is made for it. */
static bool find_action(const Entity *e, const char *name, EntityAction *out)
{
    const EntityAction *a = declared(e, name);
    if (a) {
        *out = *a;
        return true;
    }
    *out = (EntityAction){.name = name};
    if (strcmp(name, "transfer") == 0 && e->standard)
        out->right = "transfer";
    else if ((strcmp(name, "share") == 0 || strcmp(name, "unshare") == 0) && (e->gets & GETS_SHARE))
        out->right = "share";
    else if (strcmp(name, "reveal") == 0)
        out->right = "read";
    return out->right != NULL;
}

/* ---- input --------------------------------------------------------------------------------- */

static json_object *need(Ctx *c, json_object *in, const char *name)
{
    json_object *o = in ? json_member(in, name) : NULL;
    if (!o || json_object_is_type(o, json_type_null)) {
        ctx_fail(c, ERR_REQUIRED, name, "err.required");
        return NULL;
    }
    return o;
}

/* A user named in the input: id, {"id"}, or {"login"}, {"name"}; active. */
static bool need_user(Ctx *c, const Call *k, const char *name, int64_t *out)
{
    json_object *o = need(c, k->in, name);
    const Entity *user = model_entity(k->e->model, "user");
    if (!o || !user)
        return false;
    Field f = {.name = name, .type = FT_LINK, .to = "user", .entity = k->e};
    return link_from_json(c, &f, user, o, false, out);
}

/* The members an action takes and their types; links are read by need_user. An action without a body has none. */
static bool only(Ctx *c, json_object *in, const JsonWant *want)
{
    return !in || json_want(c, in, want);
}
#define WANT_END                                                                                   \
    {                                                                                              \
        NULL, json_type_null, false                                                                \
    }

static bool audit(Ctx *c, const Call *k, const char *action, const char *changes)
{
    AuditEntry a = {.action = action,
                    .entity = k->e->name,
                    .record = k->r->id,
                    .record_name = history_record_name(c, k->e, k->r->v),
                    .changes = changes};
    return audit_add(c, &a);
}

/* ---- transfer ------------------------------------------------------------------------------ */

static bool act_transfer(Ctx *c, Call *k)
{
    int64_t owner = 0;
    const char *reason = k->in ? json_str(k->in, "reason", NULL) : NULL;
    bool ok =
        only(c, k->in,
             (const JsonWant[]){
                 {"owner", json_type_null, false}, {"reason", json_type_string, false}, WANT_END});
    if (reason && strlen(reason) > REASON_MAX * 4)
        ok = ctx_fail(c, ERR_TOO_LONG, "reason", "err.too_long", ctx_num(c, REASON_MAX),
                      ctx_num(c, (int64_t)strlen(reason) / 3));
    if (!need_user(c, k, "owner", &owner) || !ok)
        return false;
    json_object *in = rec_input(c);
    json_object_object_add(in, "owner", json_object_new_int64(owner));
    SaveOptions o = {.if_version = k->if_version >= 0 ? k->if_version : k->r->version,
                     .trusted = true,
                     .held = true};
    SaveWork *w = save_new(c, k->e, k->r->id, in, &o, "transfer");
    w->reason = reason && *reason ? arena_str(c->a, reason) : NULL;
    if (!save_run(c, w))
        return false;
    Jw j;
    jw_init(&j, k->out);
    jw_obj(&j);
    jw_kint(&j, "id", k->r->id);
    jw_kint(&j, "version", w->new_version);
    jw_end(&j);
    return true;
}

/* ---- share --------------------------------------------------------------------------------- */

typedef struct Share {
    const Call *k;
    int64_t with, until; /* until 0: for ever */
    bool write;
} Share;

static bool notify_shared(Ctx *c, const Share *s)
{
    const Entity *e = s->k->e;
    Notice n = {s->with, "shared", e->name, s->k->r->id, notify_name(c, e, s->k->r->v), &e->label};
    return !notify_by_hand(c) ||
           notify(c, &n, s->write ? "notify.shared_edit" : "notify.shared", c->actor->name);
}

static bool let_in(Ctx *c, const Entity *e, int64_t id, int64_t with, bool write, int64_t until)
{
    DbVal p[] = {db_of_int(id_new()),  db_of_text(e->name),
                 db_of_int(id),        db_of_int(with),
                 db_of_int(write),     until ? db_of_int(until) : db_null(),
                 db_of_int(c->now_ms), c->actor->user ? db_of_int(c->actor->user) : db_null()};
    return db_exec(c,
                   SQL("INSERT INTO \"record_share\" (\"id\", \"entity\", \"record_id\", "
                       "\"user_id\", \"can_write\", "
                       "\"until\", \"at\", \"by_id\") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                       "ON CONFLICT (\"entity\", \"record_id\", \"user_id\") DO UPDATE SET "
                       "\"can_write\" = excluded.\"can_write\", \"until\" = excluded.\"until\", "
                       "\"at\" = excluded.\"at\", \"by_id\" = excluded.\"by_id\""),
                   p, 8);
}

bool rec_let_read(Ctx *c, const Entity *e, int64_t id, int64_t user)
{
    return let_in(c, e, id, user, false, 0);
}

static bool share_in_write(Ctx *c, void *arg)
{
    const Share *s = arg;
    const Call *k = s->k;
    return let_in(c, k->e, k->r->id, s->with, s->write, s->until) &&
           audit(c, k, "share",
                 arena_printf(c->a, "{\"with\":%s,\"right\":\"%s\"}", ctx_num(c, s->with),
                              s->write ? "edit" : "read")) &&
           notify_shared(c, s) && db_change(c, k->e->name, k->r->id);
}

static bool act_share(Ctx *c, Call *k)
{
    Share s = {.k = k};
    bool ok = only(c, k->in,
                   (const JsonWant[]){{"with", json_type_null, false},
                                      {"right", json_type_string, false},
                                      {"until", json_type_string, false},
                                      WANT_END});
    const char *right = k->in ? json_str(k->in, "right", "read") : "read";
    const char *until = k->in ? json_str(k->in, "until", NULL) : NULL;
    s.write = strcmp(right, "write") == 0 || strcmp(right, "edit") == 0;
    if (!s.write && strcmp(right, "read") != 0)
        ok = ctx_fail(c, ERR_ENUM_UNKNOWN, "right", "err.enum.unknown", right, "read, write");
    if (until && *until) {
        if (!clock_parse_rfc3339(until, &s.until))
            ok = ctx_fail(c, ERR_FORMAT_DATE, "until", "err.format.date");
        else if (s.until <= c->now_ms)
            ok = ctx_fail(c, ERR_INVALID, "until", "err.until_past");
    }
    if (!need_user(c, k, "with", &s.with) || !ok)
        return false;
    /* a share with oneself would outlive the loss of the record: it is not for keeping a foot in the door */
    bool own =
        k->e->standard && k->r->v[STD_OWNER].kind == DB_INT && k->r->v[STD_OWNER].i == s.with;
    if (own || s.with == c->actor->user)
        return ctx_fail(c, ERR_INVALID, "with", "err.share_self");
    if (!db_write(c, share_in_write, &s))
        return false;
    buf_puts(k->out, "{\"ok\":true}");
    return true;
}

static bool unshare_in_write(Ctx *c, void *arg)
{
    const Share *s = arg;
    DbVal p[] = {db_of_text(s->k->e->name), db_of_int(s->k->r->id), db_of_int(s->with)};
    return db_exec(c,
                   SQL("DELETE FROM \"record_share\" WHERE \"entity\" = $1 AND \"record_id\" = $2 "
                       "AND \"user_id\" = $3"),
                   p, 3) &&
           audit(c, s->k, "unshare", arena_printf(c->a, "{\"with\":%s}", ctx_num(c, s->with))) &&
           db_change(c, s->k->e->name, s->k->r->id);
}

static bool act_unshare(Ctx *c, Call *k)
{
    Share s = {.k = k};
    json_object *with = need(c, k->in, "with");
    if (!with || !only(c, k->in, (const JsonWant[]){{"with", json_type_null, false}, WANT_END}))
        return false;
    if (json_object_is_type(with, json_type_int)) /* also somebody who has left */
        s.with = json_object_get_int64(with);
    else if (!need_user(c, k, "with", &s.with))
        return false;
    if (!db_write(c, unshare_in_write, &s))
        return false;
    buf_puts(k->out, "{\"ok\":true}");
    return true;
}

/* ---- reveal -------------------------------------------------------------------------------- */

static bool reveal_in_write(Ctx *c, void *arg)
{
    const Call *k = arg;
    const char *field = json_str(k->in, "field", "");
    return audit(c, k, "reveal", arena_printf(c->a, "{\"fields\":[\"%s\"]}", field));
}

static bool act_reveal(Ctx *c, Call *k)
{
    json_object *name = need(c, k->in, "field");
    if (!name || !only(c, k->in, (const JsonWant[]){{"field", json_type_string, false}, WANT_END}))
        return false;
    const Field *f = entity_field(k->e, json_object_get_string(name));
    bool masked = false;
    if (!f || !f->personal || !f->column || f->hidden || f->write_only ||
        access_field(c, f, &masked) == FR_NONE)
        return ctx_fail(c, ERR_INVALID, "field", "err.reveal_field");
    const char *user = ctx_num(c, c->actor->user);
    ConfRate limit = conf_rate("limit.reveal");
    if (!rate_take(c, arena_printf(c->a, "reveal:%s", user), (int)limit.n, limit.per_ms, 1))
        return false;
    int before = c->n_err;
    if (!rate_take(c, arena_printf(c->a, "reveal-free:%s", user), REVEAL_FREE, HOUR_MS, 1)) {
        if (c->err_last->code != ERR_LIMIT)
            return false;
        ctx_errors_back_to(c, before);
        c->retry_after_s = 0;
        if (!access_need_step_up(c))
            return false;
    }
    if (!db_write(c, reveal_in_write, k)) /* told before it is shown */
        return false;
    Jw j;
    jw_init(&j, k->out);
    jw_obj(&j);
    jw_kstr(&j, "field", f->name);
    jw_key(&j, "value");
    if (k->r->v[f->index].kind == DB_NULL)
        jw_null(&j);
    else
        type_ops(f->type)->to_json(f, &k->r->v[f->index], &j);
    jw_end(&j);
    return true;
}

/* ---- the gate ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool (*fn)(Ctx *c, Call *k);
} generic[] = {{"transfer", act_transfer},
               {"share", act_share},
               {"unshare", act_unshare},
               {"reveal", act_reveal}};

/* The right an action asks: one of the entity (then *act), or a general one. */
static bool need_right(Ctx *c, const Entity *e, const char *right, Action *act)
{
    *act = ACT_EDIT;
    if (!right || action_parse(right, act))
        return access_need(c, e, *act);
    for (int r = RIGHT_NONE + 1; r < RIGHT__COUNT; r++)
        if (strcmp(right_name((Right)r), right) == 0) {
            *act = ACT_READ;
            return access_need_right(c, (Right)r);
        }
    return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
}

/* An action declared takes the members it declares: texts where they are one, whatever a link may be; those that are
   required must be there unless the declaration says what stands instead. */
static bool known_members(Ctx *c, const EntityAction *a, json_object *in)
{
    enum { MOST = 20 };
    json_object *fields = NULL;
    JsonWant want[MOST + 1] = {WANT_END};
    int n = 0;
    if (!a->label.zh || !in)
        return true;
    if (a->fields_json && !json_read(c, a->fields_json, strlen(a->fields_json), &fields))
        return false;
    if (fields) {
        json_object_object_foreach(fields, key, field)
        {
            FieldType t = FT_TEXT;
            (void)type_parse(json_str(field, "type", "text"), &t);
            bool text = t != FT_JSON && (type_ops(t)->column == COL_TEXT || t == FT_DATETIME);
            if (n < MOST)
                want[n++] = (JsonWant){
                    key, t != FT_LINK && text ? json_type_string : json_type_null,
                    json_flag(field, "required", false) && !json_member(field, "default")};
        }
        want[n] = (JsonWant)WANT_END;
    }
    return json_want(c, in, want);
}

bool rec_action(Ctx *c, const Entity *e, int64_t id, const char *name, json_object *in,
                int64_t if_version, Buf *out)
{
    EntityAction a;
    Action act;
    Record r;
    Call k = {.e = e, .name = name, .in = in, .if_version = if_version, .out = out};
    if (!find_action(e, name, &a) || a.on_entity != (id == 0))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!need_right(c, e, a.right, &act))
        return false;
    if (a.step_up && !access_need_step_up(c))
        return false;
    if (id) {
        bool ok = act == ACT_READ ? rec_get(c, e, id, false, &r) : rec_get_for(c, e, id, act, &r);
        if (!ok)
            return false;
        if (e->standard && r.v[STD_DELETED_AT].kind != DB_NULL)
            return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
        if (if_version >= 0 && e->standard && r.version != if_version)
            return ctx_fail(c, ERR_STALE, NULL, "err.stale");
        k.r = &r;
    }
    if (!known_members(c, &a, in))
        return false;
    const RecordHooks *h = hooks_of(e);
    if (h && h->action) {
        bool handled = false;
        bool ok = h->action(c, e, k.r, name, in, out, &handled);
        if (handled)
            return ok;
    }
    for (size_t i = 0; i < sizeof generic / sizeof *generic && k.r; i++)
        if (strcmp(generic[i].name, name) == 0)
            return generic[i].fn(c, &k);
    return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
}
