/* Letters on their way: claimed, settled, given back. See outbox.h. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/vec.h"
#include "record/announce.h"
#include "record/notify_run.h"
#include "record/outbox.h"

bool outbox_next_due(Ctx *c, int64_t *out)
{
    bool found;
    if (!db_one_int(c,
                    SQL("SELECT \"next_at\" FROM \"delivery\" WHERE \"state\" = 'waiting' ORDER BY "
                        "\"next_at\" LIMIT 1"),
                    NULL, 0, out, &found))
        return false;
    if (!found)
        *out = INT64_MAX;
    return true;
}

/* Letters of one digest at most, and how much later than the first they may be due: those that were put off together came
   back within a minute of each other. */
enum { DIGEST_MOST = 2000, DIGEST_SPREAD_MS = 60000 };

typedef struct Claim {
    int64_t until;
    VEC(Posting) out;
    int max;
} Claim;

/* NULL where the key of the house is another one now. */
static const char *open_text(Ctx *c, const char *text)
{
    size_t n = sizeof OUTBOX_SEALED - 1;
    if (strncmp(text, OUTBOX_SEALED, n) != 0)
        return arena_str(c->a, text);
    return secret_open(c->a, "letter", text + n);
}

/* Claims are made one after the other, so that of two postmen the second counts what the first has taken, sent or not. */
static bool count_used(Ctx *c, Posting *p, int64_t own)
{
    DbVal v[] = {db_of_int(p->channel), db_of_int(c->now_ms - 60000), db_of_int(own)};
    bool found;
    return db_one_int(
        c,
        SQL("SELECT (SELECT COUNT(*) FROM \"delivery\" WHERE \"channel_id\" = h.\"id\" "
            "AND \"sent_at\" > $2) + (SELECT COUNT(*) FROM \"delivery\" WHERE \"state\" = "
            "'sending' AND \"channel_id\" = h.\"id\") - $3 FROM "
            "\"channel\" h WHERE h.\"id\" = $1 AND (h.\"per_minute\" IS NOT NULL OR "
            "h.\"kind\" LIKE '%robot')"),
        v, 3, &p->used, &found);
}

static bool count_all(Ctx *c, Claim *k)
{
    Posting *all = k->out.items;
    size_t n = k->out.n;
    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        int64_t own = 0;
        while (all[same].channel != all[i].channel)
            same++;
        if (same < i) {
            all[i].used = all[same].used;
            continue;
        }
        for (size_t j = i; j < n; j++)
            own += all[j].channel == all[i].channel;
        if (!count_used(c, &all[i], own))
            return false;
    }
    return true;
}

/* The letters that an UPDATE of a claim gave back. */
static bool take(Ctx *c, Claim *k, DbRows *r)
{
    int mark = c->n_err;
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, &k->out,
                 (Posting){.id = db_int(r, 0),
                           .at = db_int(r, 1),
                           .channel = db_int(r, 2),
                           .user = db_int(r, 3),
                           .record = db_int(r, 4),
                           .kind = db_text_copy(c->a, r, 5),
                           .address = db_text_copy(c->a, r, 6),
                           .subject = db_text_copy(c->a, r, 7),
                           .text = open_text(c, db_text_copy(c->a, r, 8)),
                           .link = db_text_copy(c->a, r, 9),
                           .entity = db_text_copy(c->a, r, 10),
                           .attempts = (int)db_int(r, 11),
                           .digest = db_int(r, 12) == 1});
    db_done(r);
    return c->n_err == mark;
}

#define CLAIM_SET                                                                                  \
    "UPDATE \"delivery\" SET \"state\" = 'sending', \"next_at\" = $2, \"attempts\" = "             \
    "\"attempts\" + 1 WHERE \"state\" = 'waiting' AND \"next_at\" <= $1 AND "
#define CLAIM_GIVES                                                                                \
    " RETURNING \"id\", \"at\", \"channel_id\", \"user_id\", \"record\", \"kind\", "               \
    "\"address\", \"subject\", \"text\", \"link\", \"entity\", \"attempts\", \"digest\""

/* What else waits for the same person and channel as a letter of a digest. */
static bool claim_digest(Ctx *c, Claim *k, const Posting *first)
{
    DbVal p[] = {db_of_int(c->now_ms + DIGEST_SPREAD_MS), db_of_int(k->until),
                 db_of_int(first->user), db_of_int(first->channel), db_of_int(DIGEST_MOST)};
    return take(
        c, k,
        db_query(c,
                 SQL(CLAIM_SET "\"id\" IN (SELECT \"id\" FROM \"delivery\" WHERE \"state\" = "
                               "'waiting' AND \"next_at\" <= $1 AND \"digest\" = 1 AND "
                               "\"user_id\" = $3 AND \"channel_id\" = $4 ORDER BY \"next_at\" "
                               "LIMIT $5)" CLAIM_GIVES),
                 p, 5));
}

static int by_id(const void *a, const void *b)
{
    const Posting *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static bool claim_in_write(Ctx *c, void *arg)
{
    Claim *k = arg;
    k->out.n = 0;
    if (!db_alone(c, "outbox"))
        return false;
    DbVal p[] = {db_of_int(c->now_ms), db_of_int(k->until), db_of_int(k->max)};
    if (!take(c, k,
              db_query(c,
                       SQL(CLAIM_SET "\"id\" IN (SELECT \"id\" FROM \"delivery\" WHERE \"state\" "
                                     "= 'waiting' AND \"next_at\" <= $1 ORDER BY \"next_at\" "
                                     "LIMIT $3)" CLAIM_GIVES),
                       p, 3)))
        return false;
    for (size_t i = 0, n = k->out.n; i < n; i++) {
        const Posting first = k->out.items[i];
        bool again = !first.digest;
        for (size_t j = 0; j < i && !again; j++)
            again = k->out.items[j].digest && k->out.items[j].user == first.user &&
                    k->out.items[j].channel == first.channel;
        if (!again && !claim_digest(c, k, &first))
            return false;
    }
    if (k->out.n)
        qsort(k->out.items, k->out.n, sizeof *k->out.items, by_id);
    return count_all(c, k);
}

bool outbox_claim(Ctx *c, int64_t hold_ms, int max, Posting **out, int *n)
{
    Claim k = {.until = c->now_ms + hold_ms, .max = max};
    bool ok = db_write(c, claim_in_write, &k);
    *out = k.out.items;
    *n = ok ? (int)k.out.n : 0;
    return ok;
}

typedef struct Settle {
    const Posted *all;
    int n;
} Settle;

static bool settle_one(Ctx *c, const Posted *p)
{
    static const char *const states[] = {"sent", "waiting", "waiting", "dead", "dropped"};
    bool again = p->what == POST_AGAIN || p->what == POST_LATER;
    DbVal v[] = {db_of_int(p->id),
                 db_of_text(states[p->what]),
                 again ? db_of_int(p->again_at) : db_null(),
                 p->what == POST_SENT ? db_of_int(c->now_ms) : db_null(),
                 db_of_text(p->code),
                 db_of_text(p->error),
                 db_of_text(p->provider),
                 db_of_int(p->what == POST_LATER)};
    return db_send(c,
                   SQL("UPDATE \"delivery\" SET \"state\" = $2, \"next_at\" = $3, \"sent_at\" = "
                       "$4, \"code\" = $5, \"error\" = $6, \"provider\" = $7, \"attempts\" = "
                       "\"attempts\" - $8 WHERE \"id\" = $1 AND \"state\" = 'sending'"),
                   v, 8);
}

static bool settle_sent(Ctx *c, const int64_t *ids, int n)
{
    Sql q;
    if (!n)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE \"delivery\" SET \"state\" = 'sent', \"next_at\" = NULL, \"code\" = "
                    "NULL, \"error\" = NULL, \"text\" = CASE WHEN substr(\"text\", 1, 1) = "));
    sql_bind(&q, db_of_text("\x01"));
    sql_add(&q, SQL(" THEN NULL ELSE \"text\" END, \"sent_at\" = "));
    sql_bind(&q, db_of_int(c->now_ms));
    sql_add(&q, SQL(" WHERE \"state\" = 'sending' AND \"id\" IN "));
    sql_bind_ids(&q, ids, n);
    return sql_exec(c, &q);
}

/* What the channel's page shows: the last of the block speaks for it. */
static bool settle_channel(Ctx *c, const Posted *p)
{
    DbVal v[] = {db_of_int(p->channel), db_of_int(c->now_ms), db_of_text(p->error)};
    if (p->what == POST_SENT)
        return db_exec(c,
                       SQL("UPDATE \"channel\" SET \"last_sent_at\" = $2, \"failing_since\" = NULL "
                           "WHERE \"id\" = $1"),
                       v, 2);
    return db_exec(c,
                   SQL("UPDATE \"channel\" SET \"last_error\" = $3, \"last_error_at\" = $2, "
                       "\"failing_since\" = coalesce(\"failing_since\", $2) WHERE \"id\" = $1"),
                   v, 3);
}

static bool settle_in_write(Ctx *c, void *arg)
{
    const Settle *s = arg;
    int64_t *plain = ARENA_ARRAY(c->a, s->n, int64_t);
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const Posted *p = &s->all[i];
        if (p->what == POST_SENT && !p->provider)
            plain[n++] = p->id;
        else if (!settle_one(c, p))
            return false;
    }
    if (!settle_sent(c, plain, n))
        return false;
    for (int i = 0; i < s->n; i++) {
        const Posted *p = &s->all[i];
        bool last = p->what != POST_LATER && p->what != POST_DROPPED;
        for (int k = i + 1; last && k < s->n; k++)
            last = s->all[k].channel != p->channel || s->all[k].what == POST_LATER ||
                   s->all[k].what == POST_DROPPED;
        if (last && !settle_channel(c, p))
            return false;
    }
    return true;
}

bool outbox_settle(Ctx *c, const Posted *all, int n)
{
    Settle s = {all, n};
    return n == 0 || db_write(c, settle_in_write, &s);
}

static bool free_in_write(Ctx *c, void *arg)
{
    (void)arg;
    DbVal p[] = {db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("UPDATE \"delivery\" SET \"state\" = 'waiting' WHERE \"state\" = 'sending' "
                       "AND \"next_at\" <= $1"),
                   p, 1) &&
           db_change(c, "outbox", 0);
}

bool outbox_free_claims(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms)};
    int64_t one;
    bool any = false;
    if (!db_one_int(c,
                    SQL("SELECT 1 FROM \"delivery\" WHERE \"state\" = 'sending' AND \"next_at\" <= "
                        "$1 LIMIT 1"),
                    p, 1, &one, &any))
        return false;
    return !any || db_write(c, free_in_write, NULL);
}

/* What lies in the bin is read by nobody who is told of it. */
static bool reads(Ctx *c, const char *entity, int64_t id, bool *out)
{
    const Entity *e = model_entity(c->model, entity);
    int mark = c->n_err;
    Record r;
    *out = !e || rec_get(c, e, id, false, &r);
    if (!*out && c->n_err > mark && err_status(c->err_last->code) < 500)
        ctx_errors_back_to(c, mark);
    return c->n_err == mark;
}

/* As who he is. */
static bool still_reads(Ctx *c, Posting *p, bool *out)
{
    *out = true;
    if (!p->entity || !*p->entity || !p->record)
        return true;
    if (strcmp(p->entity, "notification") == 0)
        return notify_run_letter(c, p->record, &p->subject, &p->text, out);
    if (!reads(c, p->entity, p->record, out))
        return false;
    /* an announcement is read by whom it is for, not by a right to the entity */
    return *out || strcmp(p->entity, "announcement") != 0 || announce_is_mine(c, p->record, out);
}

bool outbox_still_his(Ctx *c, Posting *p, bool *out)
{
    *out = true;
    if (!p->user)
        return true;
    const Actor *before = c->actor;
    Actor *his;
    int mark = c->n_err;
    if (!actor_of_user(c, p->user, CH_JOB, &his)) {
        bool gone = err_status(c->err_last->code) < 500;
        if (gone)
            ctx_errors_back_to(c, mark);
        *out = false;
        return gone;
    }
    c->actor = his;
    bool ok = still_reads(c, p, out);
    c->actor = before;
    *out = *out && ok;
    return ok && c->n_err == mark;
}

bool outbox_channel(Ctx *c, int64_t id, ChannelRow *out, bool *found)
{
    DbVal p[] = {db_of_int(id)};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT \"name\", \"kind\", \"url\", \"account\", \"secret_sealed\", "
                             "\"sender\", \"template\", \"body\", \"per_minute\", \"enabled\", "
                             "\"code_template\" FROM "
                             "\"channel\" WHERE \"id\" = $1 AND \"deleted_at\" IS NULL"),
                         p, 1);
    if (!r)
        return false;
    *found = db_step(r);
    if (*found)
        *out = (ChannelRow){.id = id,
                            .name = db_text_copy(c->a, r, 0),
                            .kind = db_text_copy(c->a, r, 1),
                            .url = db_text_copy(c->a, r, 2),
                            .account = db_text_copy(c->a, r, 3),
                            .secret = secret_open(c->a, "channel", db_text_copy(c->a, r, 4)),
                            .sender = db_text_copy(c->a, r, 5),
                            .template = db_text_copy(c->a, r, 6),
                            .body = db_text_copy(c->a, r, 7),
                            .per_minute = db_int(r, 8),
                            .enabled = db_int(r, 9) == 1,
                            .code_template = db_text_copy(c->a, r, 10)};
    db_done(r);
    return c->n_err == mark;
}

typedef struct Off {
    int64_t id;
    const char *why;
} Off;

static bool off_in_write(Ctx *c, void *arg)
{
    const Off *o = arg;
    DbVal p[] = {db_of_int(o->id), db_of_text(o->why), db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("UPDATE \"channel\" SET \"enabled\" = 0, \"last_error\" = $2, "
                       "\"last_error_at\" = $3 WHERE \"id\" = $1"),
                   p, 3) &&
           db_change(c, "channel", o->id);
}

bool outbox_channel_off(Ctx *c, int64_t id, const char *why)
{
    Off o = {id, why};
    return db_write(c, off_in_write, &o) && outbox_events_load(c);
}
