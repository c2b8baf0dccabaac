/*
 * Bearer tokens of integrations: "zk_" and 256 random bits, stored as SHA-256 and shown once. A token
 * acts as the person who made it, with at most his rights of the moment, narrowed to its scopes:
 *     customer            every action on customers that he may do
 *     customer:read       this action only
 *     right:audit         a general right, which a token never carries unless named
 * It never steps up, never changes a password and never makes another token.
 */
#include <string.h>

#include "auth/access.h"
#include "auth/audit.h"
#include "auth/row.h"
#include "auth/session.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "db/list.h"

enum { TOKEN_BYTES = 32, TOKEN_CHARS = 43, MAX_SCOPES = 100, MINUTE = 60000 };
static const char mark[] = "zk_";

static bool scope_known(Ctx *c, const char *scope)
{
    Right r;
    Action act;
    if (strncmp(scope, "right:", 6) == 0)
        return right_parse(scope + 6, &r);
    const char *colon = strchr(scope, ':');
    const char *name = colon ? arena_dup(c->a, scope, (size_t)(colon - scope)) : scope;
    return model_entity(c->model, name) && (!colon || action_parse(colon + 1, &act));
}

static const char *scopes_json(Ctx *c, const char *const *scopes)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_arr(&w);
    for (; scopes && *scopes; scopes++)
        jw_str(&w, *scopes);
    jw_end(&w);
    return b.data;
}

typedef struct NewToken {
    const char *name, *scopes, *token;
    int64_t id, expires_at;
} NewToken;

static bool write_token(Ctx *c, void *arg)
{
    const NewToken *t = arg;
    const Entity *e = model_entity(c->model, "api_key");
    char hash[65];
    crypt_sha256_hex(t->token, strlen(t->token), hash);
    const RowSet set[] = {
        {"name", db_of_text(t->name)},
        {"user", db_of_int(c->actor->user)},
        {"scopes", db_of_text(t->scopes)},
        {"prefix", db_of_text(arena_dup(c->a, t->token, 9))},
        {"hash", db_of_text(hash)},
        {"created_at", db_of_int(c->now_ms)},
        {"expires_at", t->expires_at ? db_of_int(t->expires_at) : db_null()},
    };
    AuditEntry a = {
        .action = "token_create", .entity = "api_key", .record = t->id, .record_name = t->name};
    return row_insert(c, e, t->id, set, sizeof set / sizeof set[0]) && audit_add(c, &a);
}

bool token_create(Ctx *c, const char *name, const char *const *scopes, int64_t expires_at_ms,
                  int64_t *out_id, const char **out_token)
{
    const Actor *me = c->actor;
    if (!me || me->user == 0)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    if (me->api_key != 0)
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
    if (me->channel != CH_CLI && !access_need_step_up(c))
        return false;
    bool ok = true;
    int n = 0;
    if (!name || !*name)
        ok = ctx_fail(c, ERR_REQUIRED, "name", "err.required");
    for (const char *const *s = scopes; s && *s; s++, n++)
        if (!scope_known(c, *s))
            ok = ctx_fail(c, ERR_INVALID, "scopes", "auth.unknown_scope", *s);
    if (n > MAX_SCOPES)
        ok = ctx_fail(c, ERR_RANGE, "scopes", "err.range", "0", ctx_num(c, MAX_SCOPES),
                      ctx_num(c, n));
    if (expires_at_ms != 0 && expires_at_ms <= c->now_ms)
        ok = ctx_fail(c, ERR_INVALID, "expires_at", "auth.expires_past");
    if (!ok)
        return false;
    NewToken t = {.name = name,
                  .scopes = scopes_json(c, scopes),
                  .id = id_new(),
                  .expires_at = expires_at_ms,
                  .token = arena_printf(c->a, "%s%s", mark, crypt_token(c->a, TOKEN_BYTES))};
    if (!db_write(c, write_token, &t))
        return false;
    *out_id = t.id;
    *out_token = t.token;
    return true;
}

/* The stored list as texts; NULL for an empty one (no narrowing). *ok false: damaged, deny. */
static const char *const *read_scopes(Ctx *c, const char *text, bool *ok)
{
    json_object *list;
    int errs = c->n_err;
    *ok = true;
    if (!text || !*text)
        return NULL;
    if (!json_read(c, text, strlen(text), &list) || !json_object_is_type(list, json_type_array)) {
        ctx_errors_back_to(c, errs);
        *ok = false;
        return NULL;
    }
    size_t n = json_object_array_length(list);
    if (n == 0)
        return NULL;
    const char **out = ARENA_ARRAY(c->a, n + 1, const char *);
    for (size_t i = 0; i < n; i++) {
        json_object *item = json_object_array_get_idx(list, i);
        out[i] = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";
    }
    return out;
}

typedef struct Use {
    int64_t id;
    const char *ip;
} Use;

static bool write_use(Ctx *c, void *arg)
{
    const Use *u = arg;
    DbVal p[] = {db_of_int(c->now_ms), db_of_text(u->ip), db_of_int(u->id)};
    return db_exec(
        c, SQL("UPDATE \"api_key\" SET last_used_at = $1, last_used_ip = $2 WHERE id = $3"), p, 3);
}

bool token_find(Ctx *c, const char *token, const char *ip, const char *agent, Actor **out)
{
    if (!token || strlen(token) != sizeof mark - 1 + TOKEN_CHARS ||
        strncmp(token, mark, sizeof mark - 1) != 0)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    char hash[65];
    crypt_sha256_hex(token, strlen(token), hash);
    DbVal p[] = {db_of_text(hash), db_of_int(session_now(c))};
    int errs = c->n_err;
    /* an account that is not active is refused by actor_of_user's own statement or by its cache, which
       a change of the account drops; the join makes it hold at once on every node */
    DbRows *r = db_query(
        c,
        SQL("SELECT k.id, k.user_id, k.scopes, k.last_used_at FROM \"api_key\" k "
            "JOIN \"user\" u ON u.id = k.user_id WHERE k.hash = $1 AND k.revoked_at IS NULL "
            "AND (k.expires_at IS NULL OR k.expires_at > $2) "
            "AND u.status = 'active' AND u.deleted_at IS NULL"),
        p, 2);
    if (!r)
        return false;
    int64_t id = 0, user = 0, used = 0;
    const char *scopes = NULL;
    if (db_step(r)) {
        id = db_int(r, 0);
        user = db_int(r, 1);
        scopes = arena_str(c->a, db_text(r, 2));
        used = db_int(r, 3);
    }
    db_done(r);
    if (c->n_err > errs)
        return false;
    bool ok = id != 0;
    const char *const *list = ok ? read_scopes(c, scopes, &ok) : NULL;
    Actor *me;
    if (!ok)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    if (!actor_of_user(c, user, CH_API, &me))
        return false;
    if (c->now_ms - used >= MINUTE) {
        Use u = {.id = id, .ip = ip};
        if (!db_write_aside(c, write_use, &u)) /* reading goes on where nothing can be written */
            ctx_errors_forget(c, errs);
    }
    me->api_key = id;
    me->ip = ip;
    me->agent = agent;
    me->token_scopes = list;
    *out = me;
    return true;
}

static bool write_delete(Ctx *c, void *arg)
{
    const int64_t *id = arg;
    bool any = actor_has(c->actor, RIGHT_SESSIONS);
    DbVal p[] = {db_of_int(c->now_ms), db_of_int(*id), db_of_int(c->actor->user),
                 db_of_int(any ? 1 : 0)};
    if (!db_exec(c,
                 SQL("UPDATE \"api_key\" SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL "
                     "AND (user_id = $3 OR $4 = 1)"),
                 p, 4))
        return false;
    if (db_changes(c) == 0)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    AuditEntry a = {.action = "token_delete", .entity = "api_key", .record = *id};
    return audit_add(c, &a);
}

bool token_delete(Ctx *c, int64_t id)
{
    if (!c->actor)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    return db_write(c, write_delete, &id);
}

static bool show_token(Ctx *c, Jw *w, DbRows *r)
{
    (void)c;
    jw_obj(w);
    jw_kint(w, "id", db_int(r, 0));
    jw_kstr(w, "name", db_text(r, 1));
    jw_kraw(w, "scopes", db_is_null(r, 2) ? "[]" : db_text(r, 2));
    jw_kstr(w, "prefix", db_text(r, 3));
    jw_kinstant(w, "created_at", db_int(r, 4));
    jw_kinstant(w, "expires_at", db_int(r, 5));
    jw_kinstant(w, "last_used_at", db_int(r, 6));
    jw_end(w);
    return true;
}

bool token_list(Ctx *c, Buf *out)
{
    if (!c->actor)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    DbVal p[] = {db_of_int(c->actor->user)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT id, name, scopes, prefix, created_at, expires_at, last_used_at "
                     "FROM \"api_key\" WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id DESC"),
                 p, 1);
    return db_list_json(c, r, 0, show_token, out);
}
