/* Writing letters, and what an administrator does with them. Delivering is outbox_post.c. See outbox.h. */
#include "record/outbox.h"

#include <inttypes.h>
#include <string.h>

#include "base/conf.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/vec.h"
#include "db/pace.h"
#include "record/kept.h"

bool outbox_add(Ctx *c, const Letter *l, int64_t *out_id)
{
    int64_t id = id_new();
    const char *text =
        l->secret ? arena_printf(c->a, OUTBOX_SEALED "%s", secret_seal(c->a, "letter", l->text))
                  : l->text;
    DbVal p[] = {db_of_int(id),
                 db_of_int(c->now_ms),
                 db_of_int(l->channel),
                 db_of_text(l->kind),
                 l->user ? db_of_int(l->user) : db_null(),
                 db_of_text(l->address),
                 db_of_text(l->subject),
                 db_of_text(text),
                 db_of_text(l->link),
                 db_of_int(l->not_before > c->now_ms ? l->not_before : c->now_ms),
                 db_of_text(l->entity),
                 l->record ? db_of_int(l->record) : db_null(),
                 db_of_int(l->digest),
                 db_of_text(l->dedupe)};
    if (!db_exec(c,
                 SQL("INSERT INTO \"delivery\" (\"id\", \"at\", \"channel_id\", \"kind\", "
                     "\"user_id\", \"address\", \"subject\", \"text\", \"link\", \"state\", "
                     "\"attempts\", \"next_at\", \"entity\", \"record\", \"digest\", \"dedupe\") "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', 0, $10, $11, $12, "
                     "$13, $14) ON CONFLICT (\"dedupe\") DO NOTHING"),
                 p, 14))
        return false;
    if (out_id)
        *out_id = db_changes(c) ? id : 0;
    return true;
}

bool outbox_channel_of(Ctx *c, const char *medium, int64_t *out)
{
    bool found = false;
    /* mail, or sms_aliyun for sms, or wecom_app for wecom: robots belong to groups, not to people */
    DbVal p[] = {db_of_text(medium), db_of_text(arena_printf(c->a, "%s_app", medium)),
                 db_of_text(arena_printf(c->a, "%s_aliyun", medium)),
                 db_of_text(arena_printf(c->a, "%s_tencent", medium)),
                 db_of_text(arena_printf(c->a, "%s_http", medium))};
    *out = 0;
    return db_one_int(c,
                      SQL("SELECT \"id\" FROM \"channel\" WHERE \"kind\" IN ($1, $2, $3, $4, $5) "
                          "AND \"enabled\" = 1 AND \"deleted_at\" IS NULL ORDER BY \"id\" LIMIT 1"),
                      p, 5, out, &found);
}

bool outbox_code_channel(Ctx *c, int64_t *out, bool *failing)
{
    int mark = c->n_err;
    *out = 0;
    *failing = false;
    DbRows *r = db_query(c,
                         SQL("SELECT \"id\", \"failing_since\" FROM \"channel\" WHERE (\"kind\" "
                             "= 'sms_http' OR (\"kind\" IN ('sms_aliyun', 'sms_tencent') AND "
                             "coalesce(\"code_template\", '') <> '')) AND \"enabled\" = 1 AND "
                             "\"deleted_at\" IS NULL ORDER BY CASE WHEN \"failing_since\" IS NULL "
                             "THEN 0 ELSE 1 END, \"id\" LIMIT 1"),
                         NULL, 0);
    if (!r)
        return false;
    if (db_step(r)) {
        *out = db_int(r, 0);
        *failing = !db_is_null(r, 1);
    }
    db_done(r);
    return c->n_err == mark;
}

bool outbox_state_of(Ctx *c, const char *dedupe, const char **out)
{
    DbVal p[] = {db_of_text(dedupe)};
    bool found,
        ok = db_one_text(c,
                         SQL("SELECT CASE WHEN \"state\" = 'waiting' AND \"error\" IS NOT NULL "
                             "THEN 'again' ELSE \"state\" END FROM \"delivery\" WHERE \"dedupe\" = "
                             "$1"),
                         p, 1, out, &found);
    if (!*out)
        *out = "none";
    return ok;
}

/* ---- who asks for events --------------------------------------------------------------------- */

typedef struct Asker {
    int64_t channel;
    const char *events; /* "customer.created, follow_up.*" */
} Asker;

typedef struct Askers {
    Asker *items;
    int n;
} Askers;

static Kept kept = KEPT_NOTHING; /* Askers */

bool outbox_events_load(Ctx *c)
{
    KeptSet *set = kept_begin(&kept);
    VEC(Asker) all = {0};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT \"id\", \"events\" FROM \"channel\" WHERE \"kind\" = "
                             "'webhook' AND \"enabled\" = 1 AND \"deleted_at\" IS NULL AND "
                             "\"events\" IS NOT NULL"),
                         NULL, 0);
    while (r && db_step(r))
        vec_push(set->a, &all, (Asker){db_int(r, 0), db_text_copy(set->a, r, 1)});
    if (r)
        db_done(r);
    if (c->n_err != mark) {
        kept_drop(set);
        return false;
    }
    Askers *k = ARENA_NEW(set->a, Askers);
    *k = (Askers){all.items, (int)all.n};
    set->data = k;
    kept_put(&kept, set, k->n);
    return true;
}

/* Is the event among "customer.created, follow_up.*, *"? */
static bool asks(const char *events, const char *entity, const char *event)
{
    size_t n_entity = strlen(entity), n_event = strlen(event);
    for (const char *p = events; *p;) {
        size_t skip = strspn(p, ", \t\n;"), n = strcspn(p + skip, ", \t\n;");
        const char *w = p + skip;
        p = w + n;
        if (n == 1 && *w == '*')
            return true;
        if (n <= n_entity + 1 || memcmp(w, entity, n_entity) != 0 || w[n_entity] != '.')
            continue;
        const char *tail = w + n_entity + 1;
        size_t n_tail = n - n_entity - 1;
        if ((n_tail == 1 && *tail == '*') || (n_tail == n_event && !memcmp(tail, event, n_tail)))
            return true;
    }
    return false;
}

bool outbox_event(Ctx *c, const Entity *e, int64_t id, const char *event)
{
    const Askers *all = kept_count(&kept) ? kept_hold(c, &kept, NULL) : NULL;
    const char *kind = all ? arena_printf(c->a, "%s.%s", e->name, event) : NULL;
    for (int i = 0; all && i < all->n; i++) {
        if (!asks(all->items[i].events, e->name, event))
            continue;
        Letter l = {.channel = all->items[i].channel,
                    .kind = kind,
                    .subject = kind,
                    .text =
                        arena_printf(c->a, "{\"entity\":\"%s\",\"id\":%" PRId64 "}", e->name, id),
                    .entity = e->name,
                    .record = id};
        if (!outbox_add(c, &l, NULL))
            return false;
    }
    return true;
}

/* ---- an administrator ------------------------------------------------------------------------- */

typedef struct Again {
    int64_t id, n;
} Again;

static bool retry_in_write(Ctx *c, void *arg)
{
    Again *a = arg;
    DbVal p[] = {db_of_int(a->id), db_of_int(c->now_ms)};
    if (!db_exec(c,
                 SQL("UPDATE \"delivery\" SET \"state\" = 'waiting', \"attempts\" = 0, \"next_at\" "
                     "= $2 WHERE (\"id\" = $1 OR $1 = 0) AND (\"state\" = 'dead' OR (\"state\" = "
                     "'dropped' AND $1 <> 0)) AND \"text\" IS NOT NULL"),
                 p, 2))
        return false;
    a->n = db_changes(c);
    return true;
}

bool outbox_retry(Ctx *c, int64_t id, int64_t *n)
{
    Again a = {.id = id};
    if (!db_write(c, retry_in_write, &a))
        return false;
    *n = a.n;
    return !id || a.n == 1 || ctx_fail(c, ERR_CONFLICT, NULL, "err.delivery_retry");
}

static bool drop_in_write(Ctx *c, void *arg)
{
    Again *a = arg;
    DbVal p[] = {db_of_int(a->id)};
    if (!db_exec(c,
                 SQL("UPDATE \"delivery\" SET \"state\" = 'dropped', \"next_at\" = NULL WHERE "
                     "\"id\" = $1 AND \"state\" IN ('waiting', 'dead')"),
                 p, 1))
        return false;
    a->n = db_changes(c);
    return true;
}

bool outbox_drop(Ctx *c, int64_t id)
{
    Again a = {.id = id};
    return db_write(c, drop_in_write, &a) &&
           (a.n == 1 || ctx_fail(c, ERR_CONFLICT, NULL, "err.delivery_drop"));
}

bool outbox_purge(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms - conf_duration_ms("delivery.keep"))};
    return pace_delete(c,
                       SQL("DELETE FROM \"delivery\" WHERE \"id\" IN (SELECT \"id\" FROM "
                           "\"delivery\" WHERE \"at\" < $1 AND \"state\" IN ('sent', 'dead', "
                           "'dropped') LIMIT $2)"),
                       p, 1);
}
