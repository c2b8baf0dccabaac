/* Writing letters, and what an administrator does with them. Delivering is outbox_post.c. See outbox.h. */
#include "record/outbox.h"

#include <inttypes.h>
#include <string.h>

#include "auth/sealing.h"
#include "base/conf.h"
#include "base/id.h"
#include "base/msg.h"
#include "base/secret.h"
#include "base/vec.h"
#include "db/pace.h"
#include "entity_ids.h"
#include "record/kept.h"
#include "record/write_row.h"

/* Where secret.key lacks the key in use the letter still leaves from here, with the key that this process has. */
static bool seal_letter(Ctx *c, const char *text, const char **out)
{
    Sealing how;
    const char *use, *sealed = secret_seal(c->a, "letter", text);
    if (!sealing_look(c, secret_id_of(c->a, sealed), &how, &use))
        return false;
    if (how == SEALING_ANEW)
        sealed = secret_seal(c->a, "letter", text);
    *out = arena_printf(c->a, OUTBOX_SEALED "%s", sealed);
    return true;
}

static bool letter_values(Ctx *c, const Letter *l, int64_t id, DbVal *v)
{
    const char *text = l->text;
    if (l->secret && !seal_letter(c, l->text, &text))
        return false;
    for (int i = 0; i < DELIVERY__N; i++)
        v[i] = db_null();
    v[DELIVERY_ID] = db_of_int(id);
    v[DELIVERY_AT] = db_of_int(c->now_ms);
    v[DELIVERY_STATE] = db_of_text("waiting");
    v[DELIVERY_CHANNEL] = db_of_int(l->channel);
    v[DELIVERY_KIND] = db_of_text(l->kind);
    v[DELIVERY_ADDRESS] = db_of_text(l->address);
    v[DELIVERY_SUBJECT] = db_of_text(l->subject);
    v[DELIVERY_TEXT] = db_of_text(text);
    v[DELIVERY_LINK] = db_of_text(l->link);
    v[DELIVERY_ATTEMPTS] = db_of_int(0);
    v[DELIVERY_NEXT_AT] = db_of_int(l->not_before > c->now_ms ? l->not_before : c->now_ms);
    v[DELIVERY_ENTITY] = db_of_text(l->entity);
    v[DELIVERY_DIGEST] = db_of_int(l->digest);
    v[DELIVERY_DEDUPE] = db_of_text(l->dedupe);
    if (l->user)
        v[DELIVERY_USER] = db_of_int(l->user);
    if (l->record)
        v[DELIVERY_RECORD] = db_of_int(l->record);
    return true;
}

bool outbox_add(Ctx *c, const Letter *l, int64_t *out_id)
{
    const Entity *e = model_entity(c->model, "delivery");
    int64_t id = id_new();
    DbVal v[DELIVERY__N];
    const DbVal *rows[] = {v};
    if (!letter_values(c, l, id, v) || !write_row_insert_many(c, e, rows, 1, "dedupe"))
        return false;
    if (out_id)
        *out_id = db_changes(c) ? id : 0;
    return db_change(c, "outbox", 0); /* postmen of every process wake */
}

bool outbox_add_many(Ctx *c, const Letter *all, int n)
{
    const Entity *e = model_entity(c->model, "delivery");
    const DbVal **rows = ARENA_ARRAY(c->a, n + 1, const DbVal *);
    for (int i = 0; i < n; i++) {
        DbVal *v = ARENA_ARRAY(c->a, DELIVERY__N, DbVal);
        if (!letter_values(c, &all[i], id_new(), v))
            return false;
        rows[i] = v;
    }
    return n == 0 || (write_row_insert_many(c, e, rows, n, "dedupe") && db_change(c, "outbox", 0));
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
    bool robot;         /* of a group: it is told in words */
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
                         SQL("SELECT \"id\", \"events\", CASE WHEN \"kind\" = 'webhook' THEN 0 "
                             "ELSE 1 END FROM \"channel\" WHERE \"kind\" IN ('webhook', "
                             "'wecom_robot', 'dingtalk_robot', 'feishu_robot') AND \"enabled\" = 1 "
                             "AND \"deleted_at\" IS NULL AND coalesce(\"events\", '') <> ''"),
                         NULL, 0);
    while (r && db_step(r))
        vec_push(set->a, &all,
                 (Asker){db_int(r, 0), db_int(r, 2) == 1, db_text_copy(set->a, r, 1)});
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

/* A group is told who did what to which kind of record, and where it stands: what is in it, each reads with his own rights. */
static bool tell_robot(Ctx *c, int64_t channel, const Entity *e, int64_t id, const char *event,
                       const char *kind)
{
    const char *who = c->actor && c->actor->user && c->actor->name
                          ? c->actor->name
                          : msg_text(c->lang, "post.nobody");
    const char *args[] = {who, label_in(e->label, c->lang), NULL};
    Letter l = {.channel = channel,
                .kind = kind,
                .subject =
                    msg_format(c->a, c->lang, arena_printf(c->a, "post.event_%s", event), args),
                .text = "",
                .link = outbox_link(c, e, id),
                .entity = e->name,
                .record = id};
    return outbox_add(c, &l, NULL);
}

const char *outbox_link(Ctx *c, const Entity *e, int64_t id)
{
    const char *base = conf_text("http.base_url");
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    if (!len)
        return NULL;
    if (!e || !e->routes || !id)
        return arena_printf(c->a, "%.*s/notifications", (int)len, base);
    if (strcmp(e->name, "change_request") == 0) /* has a page of its own, as the bell knows, too */
        return arena_printf(c->a, "%.*s/approvals?open=%" PRId64, (int)len, base, id);
    return arena_printf(c->a, "%.*s/e/%s/%" PRId64, (int)len, base, e->plural, id);
}

bool outbox_event(Ctx *c, const Entity *e, int64_t id, const char *event)
{
    const Askers *all = kept_count(&kept) ? kept_hold(c, &kept, NULL) : NULL;
    const char *kind = all ? arena_printf(c->a, "%s.%s", e->name, event) : NULL;
    for (int i = 0; all && i < all->n; i++) {
        if (!asks(all->items[i].events, e->name, event))
            continue;
        if (all->items[i].robot) {
            if (!tell_robot(c, all->items[i].channel, e, id, event, kind))
                return false;
            continue;
        }
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
    return db_change(c, "outbox", 0);
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
