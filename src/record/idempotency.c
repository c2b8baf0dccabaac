/*
 * Repeated requests. See idempotency.h. Their day is one of the steady clock: a clock set ahead must not make a key
 * forgotten, or the same request would make a second record.
 */
#include "record/idempotency.h"

#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "db/pace.h"
#include "record/history.h"

#define DAY_MS (24LL * 60 * 60 * 1000)

static const char *digest_of(Ctx *c, SaveWork *w)
{
    if (!w->digest) {
        const char *body =
            w->s.in ? json_object_to_json_string_ext(w->s.in, JSON_C_TO_STRING_PLAIN) : "";
        char *both =
            arena_printf(c->a, "%s\n%s", w->s.o->route ? w->s.o->route : w->s.e->name, body);
        w->digest = history_digest(c->a, both, strlen(both));
    }
    return w->digest;
}

static bool look(Ctx *c, SaveWork *w, bool *found)
{
    DbVal p[] = {db_of_text(w->s.o->idempotency_key), db_of_int(c->actor->user),
                 db_of_int(clock_steady_ms() - DAY_MS)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT \"digest\", \"record_id\" FROM \"idempotency\" WHERE \"key\" = $1 AND "
                     "\"user_id\" = $2 AND \"at\" > $3"),
                 p, 3);
    if (!r)
        return false;
    *found = db_step(r);
    bool same = true;
    if (*found) {
        const char *digest = db_text(r, 0);
        same = digest && strcmp(digest, digest_of(c, w)) == 0;
        w->answered = same ? db_int(r, 1) : 0;
    }
    db_done(r);
    if (c->n_err)
        return false;
    return same || ctx_fail(c, ERR_KEY_IN_USE, NULL, "err.key_in_use");
}

bool idempotency_seen(Ctx *c, SaveWork *w)
{
    bool found;
    if (!w->s.o->idempotency_key || !w->s.is_new)
        return true;
    return look(c, w, &found);
}

bool idempotency_take(Ctx *c, SaveWork *w)
{
    if (!w->s.o->idempotency_key || !w->s.is_new)
        return true;
    /* a row past its day gives way */
    DbVal p[] = {db_of_text(w->s.o->idempotency_key),
                 db_of_int(c->actor->user),
                 db_of_text(digest_of(c, w)),
                 db_of_text(w->s.e->name),
                 db_of_int(w->s.id),
                 db_of_int(clock_steady_ms()),
                 db_of_int(clock_steady_ms() - DAY_MS)};
    if (!db_exec(
            c,
            SQL("INSERT INTO \"idempotency\" (\"key\", \"user_id\", \"digest\", \"entity\", "
                "\"record_id\", \"at\") "
                "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (\"key\", \"user_id\") DO UPDATE SET "
                "\"digest\" = excluded.\"digest\", \"entity\" = excluded.\"entity\", "
                "\"record_id\" = excluded.\"record_id\", \"at\" = excluded.\"at\" "
                "WHERE \"idempotency\".\"at\" <= $7"),
            p, 7))
        return false;
    if (db_changes(c) == 1)
        return true;
    bool found;
    return look(c, w, &found) && (found || ctx_fail(c, ERR_KEY_IN_USE, NULL, "err.key_in_use"));
}

static SaveWork work_of(const IdemKey *k, const Entity *e, SaveOptions *o, int64_t id)
{
    *o = (SaveOptions){.idempotency_key = k->key, .route = k->route};
    return (SaveWork){.s = {.e = e, .id = id, .in = k->body, .o = o, .is_new = true}};
}

bool idempotency_given(Ctx *c, const IdemKey *k, const Entity *e, int64_t *answered)
{
    SaveOptions o;
    SaveWork w = work_of(k, e, &o, 0);
    bool ok = idempotency_seen(c, &w);
    *answered = w.answered;
    return ok;
}

bool idempotency_keep(Ctx *c, const IdemKey *k, const Entity *e, int64_t id)
{
    SaveOptions o;
    SaveWork w = work_of(k, e, &o, id);
    return idempotency_take(c, &w) &&
           (w.answered == 0 || ctx_fail(c, ERR_KEY_IN_USE, NULL, "err.key_in_use"));
}

bool idempotency_purge(Ctx *c)
{
    DbVal p = db_of_int(clock_steady_ms() - DAY_MS);
    return pace_delete(
        c,
        SQL("DELETE FROM \"idempotency\" WHERE (\"key\", \"user_id\") IN (SELECT "
            "\"key\", \"user_id\" FROM \"idempotency\" WHERE \"at\" <= $1 LIMIT $2)"),
        &p, 1);
}
