/*
 * The keeper: follows the change log (so that caches of this process see what another one changed
 * within a second), renews the node lease, seals the audit log and anchors its head in a file, empties the bin and
 * cares for the search tables.
 */
#include "work/keeper.h"

#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/rate.h"
#include "auth/reset.h"
#include "auth/second.h"
#include "auth/session.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/vec.h"
#include "meta/model.h"
#include "record/announce.h"
#include "record/approval/approval.h"
#include "record/bin.h"
#include "record/configuration/configuration.h"
#include "record/customs.h"
#include "record/former.h"
#include "record/idempotency.h"
#include "record/merge/merge.h"
#include "record/metric/metric.h"
#include "record/notify.h"
#include "record/outbox.h"
#include "record/rule/rule.h"
#include "record/secret_key.h"
#include "record/setting.h"
#include "record/traces.h"
#include "work/ground.h"
#include "work/work.h"

enum {
    FOLLOW_EVERY =
        400, /* others' changes are known within a second, also on a busy machine; our own at once */
    NEARLY = 100,
    LEASE_EVERY = 5000,
    JUMP_MS = 2000,
    SEAL_EVERY = 400, /* while this process writes; rows of others … */
    SEAL_IDLE = 800,  /* … are sealed by themselves, or when they are gone */
    REMIND_EVERY = 2000,
    RULES_EVERY = 1000,
    MEASURE_EVERY = 600000,
    SWEEP_EVERY = 600000,
    SAMPLE_EVERY = 60000,
    GIVE_BACK_EVERY = 60000,
    BIN_EVERY = 3600000,
    BIN_AGAIN = 2000, /* while much is left: a pause for everybody else */
    BIN_BLOCKS = 10,
    TEND_EVERY = 10000,
    TEND_AGAIN = 200, /* between two steps: people's writes in between */
    SEAL_ROWS = 2000,
    DAY_MS = 86400000
};

typedef struct HeardRow {
    int64_t id, ref;
    const char *topic;
} HeardRow;

typedef struct Heard {
    Arena *a;
    VEC(HeardRow) rows;
    VEC(int64_t) merges;
    bool model, access, setting, channel, outbox, job, rule, flow, key;
    int64_t last;
} Heard;

static void hear(void *arg, int64_t id, const char *topic, int64_t ref)
{
    Heard *h = arg;
    h->last = id > h->last ? id : h->last;
    vec_push(h->a, &h->rows, (HeardRow){id, ref, arena_str(h->a, topic)});
    h->model |= strcmp(topic, "model") == 0;
    h->access |= strcmp(topic, "access") == 0;
    h->setting |= strcmp(topic, "setting") == 0;
    h->channel |= strcmp(topic, "channel") == 0;
    h->outbox |= strcmp(topic, "outbox") == 0;
    h->job |= strcmp(topic, "job") == 0;
    h->rule |= strcmp(topic, "rule") == 0;
    h->flow |= strcmp(topic, "approval_flow") == 0;
    h->key |= strcmp(topic, "key") == 0;
    if (strcmp(topic, "merge") == 0)
        vec_push(h->a, &h->merges, ref);
}

/* The key of the data folder is exchanged: what others wait for is noted when it holds here. */
static void follow_key(Ctx *c)
{
    const char *missing;
    if (secret_key_follow(c, &missing) && missing)
        log_write(LOG_ERROR, "key_missing", LOG_S("key", missing));
    secret_key_hold(c);
}

static void follow(Keeper *k, Ctx *c)
{
    Heard h = {.a = c->a, .last = k->seen};
    if (!db_changes_since(c, k->seen, hear, &h))
        return;
    k->seen = h.last;
    if (h.key)
        follow_key(c);
    if (h.setting)
        setting_load(c);
    if (h.model)
        customs_reload(c);
    work_ring((h.outbox ? WORK_POST : 0) | (h.job ? WORK_JOB : 0));
    if (h.channel)
        outbox_events_load(c);
    if (h.flow)
        approval_load(c);
    if (h.model || h.access)
        actor_cache_clear();
    bool merge = h.merges.n || k->merge_again;
    if (merge)
        k->merge_again =
            !(k->merge_again ? former_load(c) : merge_heard(c, h.merges.items, (int)h.merges.n));
    if (h.rule || h.model || h.access || h.setting || merge)
        rules_forget();
    for (size_t i = 0; k->heard && i < h.rows.n; i++)
        k->heard(h.rows.items[i].id, h.rows.items[i].topic, h.rows.items[i].ref);
}

static void seal(Keeper *k, Ctx *c)
{
    c->vital = true;
    k->sealed = clock_mono_ms();
    bool left = true;
    int sealed = 0;
    int64_t head;
    while (left && audit_seal(c, SEAL_ROWS, &sealed, &left))
        continue;
    if (!audit_head_seq(c, &head) || head == k->head)
        return;
    k->head = head;
    audit_anchor_update(c, arena_printf(c->a, "%s/audit.head", k->dir));
}

static void complain(Ctx *c, const char *what)
{
    for (const ErrItem *e = c->err; e; e = e->next)
        log_write(LOG_WARN, what, LOG_S("code", err_name(e->code)), LOG_S("detail", e->detail));
}

static void duty(Keeper *k, void (*fn)(Keeper *, Ctx *), const char *what)
{
    Ctx c;
    work_ground(&c, k->db, CH_SYSTEM);
    fn(k, &c);
    complain(&c, what);
    work_ground_end(&c);
}

/* A lease that was lost (the clock jumped, the process stood still, and another took the number) is taken anew. */
static void lease(Keeper *k, Ctx *c)
{
    int node, n_err = c->n_err;
    (void)k;
    c->vital = true;
    if (db_lease_renew(c) || db_lease_held(c->db))
        return;
    ctx_errors_back_to(c, n_err);
    if (db_lease_take(c, &node))
        log_write(LOG_WARN, "lease_taken_anew", LOG_I("node", node));
}

/* After a jump of the clock the lease looks far too old, or too long, to others: it is renewed at once. */
static bool clock_jumped(Keeper *k, int64_t mono)
{
    int64_t ahead = clock_now_ms() - mono, by = ahead - k->ahead;
    bool first = k->ahead == 0, far = by > JUMP_MS || by < -JUMP_MS;
    k->ahead = ahead;
    (void)clock_steady_ms(); /* it must be asked now and then */
    if (!far || first)
        return false;
    log_write(LOG_WARN, "clock_jumped", LOG_I("ms", by));
    return true;
}

/* One that cannot go on keeps no other from its turn. */
static void swept(Ctx *c, bool ok)
{
    if (ok)
        return;
    complain(c, "keeper_sweep");
    ctx_errors_back_to(c, 0);
}

/* What has had its time: old sessions, idempotency keys, rate windows. By the steady clock, as all that destroys by age:
   a clock set ahead by mistake takes nothing away. */
static void sweep(Keeper *k, Ctx *c)
{
    k->merge_again =
        true; /* a merged record that was erased tells nobody, and a merge may have been missed */
    swept(c, session_sweep(c));
    c->now_ms = clock_steady_ms();
    swept(c, rate_sweep(c, DAY_MS));
    swept(c, db_change_prune(c, c->now_ms - DAY_MS));
    static bool (*const purges[])(Ctx *) = {
        idempotency_purge, notify_purge,        outbox_purge, reset_sweep, second_sweep,
        rules_purge,       configuration_purge, merge_forget}; /* each in short writes */
    for (size_t i = 0; i < sizeof purges / sizeof *purges; i++)
        swept(c, purges[i](c));
}

static void bin(Keeper *k, Ctx *c)
{
    bool more = false;
    c->now_ms = clock_steady_ms();
    bool ok = bin_sweep(c, BIN_BLOCKS, &more);
    k->next_bin = clock_mono_ms() + (ok && more ? BIN_AGAIN : BIN_EVERY);
}

/* Of several processes each looks; the rows are claimed. */
static void remind(Keeper *k, Ctx *c)
{
    (void)k;
    remind_tasks(c);
    announce_start(c);
    outbox_free_claims(c);
    approval_upkeep(c);
}

/* Samples of metrics once a day of the house: the first process that looks after midnight queues them. */
static void sample(Keeper *k, Ctx *c)
{
    k->next_sample = clock_mono_ms() + SAMPLE_EVERY;
    metric_daily_due(c);
}

/* Of several processes one moves a rule on. By the steady clock: one set years ahead by mistake must not let every record
   lie idle at once, for what the rules then do nobody takes back. */
static void rules(Keeper *k, Ctx *c)
{
    (void)k;
    c->now_ms = clock_steady_ms();
    rules_due(c);
}

static void measure(Keeper *k, Ctx *c)
{
    (void)k;
    rules_measure(c);
}

/* Of the search tables one after the other; at most one step that does something a tick. */
static void tend(Keeper *k, Ctx *c)
{
    const Model *m = c->model;
    k->next_tend = clock_mono_ms() + TEND_EVERY;
    for (int looked = 0; looked < m->n; looked++) {
        const Entity *e = &m->entities[k->tended % m->n];
        bool begun = k->tend.more, ok = true;
        if (!begun && (e->gets & GETS_SEARCH)) {
            ok = traces_words_due(c, e, &k->words_since);
            k->tend.whole = k->words_since != 0;
        }
        if (ok && (e->gets & GETS_SEARCH))
            ok = sql_search_tend(c, e->name, begun, &k->tend);
        if (ok && k->tend.more) {
            k->next_tend = clock_mono_ms() + TEND_AGAIN;
            return;
        }
        if (k->tend.pace.writes)
            log_write(LOG_INFO, "search_tended", LOG_S("entity", e->name),
                      LOG_I("steps", k->tend.pace.writes),
                      LOG_I("longest_us", k->tend.pace.longest_us));
        if (ok && k->tend.whole)
            ok = traces_words_done(c, e, k->words_since);
        k->tend = (SearchTend){0};
        k->tended = (k->tended + 1) % m->n;
        if (!ok)
            return;
    }
}

static void give_back(Keeper *k, Ctx *c)
{
    (void)k;
    (void)c;
    memory_give_back();
}

typedef struct Duty {
    void (*fn)(Keeper *, Ctx *);
    const char *what;
    int64_t *next; /* when it is due */
    int every;     /* 0: it says itself when it is due again */
} Duty;

/* The duties that are due, or nearly so: one tick for several. Returns when the next one is. */
static int64_t do_due(Keeper *k, int64_t now)
{
    const Duty all[] = {{lease, "keeper_lease", &k->next_lease, LEASE_EVERY},
                        {seal, "keeper_seal", &k->next_seal, SEAL_IDLE},
                        {remind, "keeper_remind", &k->next_remind, REMIND_EVERY},
                        {rules, "keeper_rules", &k->next_rules, RULES_EVERY},
                        {measure, "keeper_measure", &k->next_measure, MEASURE_EVERY},
                        {sweep, "keeper_sweep", &k->next_sweep, SWEEP_EVERY},
                        {give_back, "keeper_give_back", &k->next_give_back, GIVE_BACK_EVERY},
                        {sample, "keeper_sample", &k->next_sample, 0},
                        {bin, "keeper_bin", &k->next_bin, 0},
                        {tend, "keeper_tend", &k->next_tend, 0}};
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const Duty *d = &all[i];
        if (now + NEARLY >= *d->next) {
            duty(k, d->fn, d->what);
            if (d->every)
                *d->next = now + d->every;
        }
        next = *d->next < next ? *d->next : next;
    }
    return next;
}

int64_t keeper_tick(Keeper *k, bool written)
{
    int64_t now = clock_mono_ms();
    duty(k, follow, "keeper_follow");
    db_disk_look(k->db);
    if (clock_jumped(k, now) && k->next_lease != INT64_MAX)
        k->next_lease = now;
    int64_t soon = k->sealed + SEAL_EVERY;
    if (written && k->next_seal > soon)
        k->next_seal = soon;
    int64_t next = do_due(k, now) - clock_mono_ms();
    return next < FOLLOW_EVERY ? next : FOLLOW_EVERY;
}
