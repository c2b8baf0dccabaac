/*
 * One rule on one record: the guard against loops, the claim of the cause, the actions with the rights of the
 * owner, the line of the log. A rule that fails is undone by itself (a savepoint) and logged; failing again and
 * again switches it off and tells its owner.
 */
#include <inttypes.h>
#include <string.h>

#include "base/conf.h"
#include "base/id.h"
#include "base/json_read.h"
#include "base/msg.h"
#include "base/vec.h"
#include "db/pace.h"
#include "db/sql.h"
#include "entity_ids.h"
#include "record/notify.h"
#include "record/rule/impl.h"
#include "record/save.h"

enum { REASON_MAX = 2000 };

static const RuleActionKind *const *registered;

void rules_register(const RuleActionKind *const *kinds)
{
    registered = kinds;
}

const RuleActionKind *rule_action_kind(const char *name)
{
    for (int i = 0; name && registered && registered[i]; i++)
        if (strcmp(registered[i]->name, name) == 0)
            return registered[i];
    return NULL;
}

const RuleActionKind *rule_action_at(int i)
{
    return registered ? registered[i] : NULL;
}

/* ---- what one change sets off --------------------------------------------------------------- */

RuleChainMark rule_chain_begin(Ctx *c, struct RuleChain *place, bool by_hand)
{
    if (c->rules) {
        c->rules->depth++;
        return (RuleChainMark){false};
    }
    *place =
        (struct RuleChain){.depth = 1, .by_hand = by_hand, .by = c->actor ? c->actor->user : 0};
    c->rules = place;
    return (RuleChainMark){true};
}

void rule_chain_end(Ctx *c, RuleChainMark m)
{
    if (m.began)
        c->rules = NULL;
    else
        c->rules->depth--;
}

/* At which depth the rule answered for this record already; 0 for not yet. */
static int fired_before(const struct RuleChain *chain, int64_t rule, int64_t record)
{
    for (int i = 0; i < chain->n; i++)
        if (chain->items[i].rule == rule && chain->items[i].record == record)
            return chain->items[i].depth;
    return 0;
}

static void remember(Ctx *c, struct RuleChain *chain, int64_t rule, int64_t record)
{
    chain->items =
        vec_room(c->a, chain->items, (size_t)chain->n, &chain->cap, sizeof *chain->items);
    chain->items[chain->n++] = (RuleFired){rule, record, chain->depth};
}

/* ---- the log -------------------------------------------------------------------------------- */

typedef struct Fire {
    const Rule *rule;
    const Record *r;
    const char *cause;
    int64_t run; /* id of the row of rule_run */
    bool claimed;
} Fire;

static bool log_row(Ctx *c, Fire *f, const char *outcome, const char *reason)
{
    int64_t by = c->rules ? c->rules->by : 0;
    f->run = id_new();
    DbVal p[] = {db_of_int(f->run),   db_of_int(f->rule->id),         db_of_text(f->rule->e->name),
                 db_of_int(f->r->id), db_of_text(f->cause),           db_of_text(outcome),
                 db_of_text(reason),  by ? db_of_int(by) : db_null(), db_of_int(c->now_ms)};
    f->claimed = false;
    if (!db_exec(c,
                 SQL("INSERT INTO \"rule_run\" (\"id\", \"rule_id\", \"entity\", \"record_id\", "
                     "\"cause\", \"outcome\", \"reason\", \"by_id\", \"at\") VALUES ($1, $2, $3, "
                     "$4, $5, $6, $7, $8, $9) ON CONFLICT (\"rule_id\", \"record_id\", \"cause\") "
                     "DO NOTHING"),
                 p, 9))
        return false;
    f->claimed = db_changes(c) == 1;
    return true;
}

static bool log_reason(Ctx *c, const Fire *f, const char *reason)
{
    DbVal p[] = {db_of_int(f->run), db_of_text(reason)};
    return db_send(c, SQL("UPDATE \"rule_run\" SET \"reason\" = $2 WHERE \"id\" = $1"), p, 2);
}

/* ---- switching off -------------------------------------------------------------------------- */

/* In a write, by the program itself: the rule goes off, and its owner is told why. */
bool rule_switch_off(Ctx *c, int64_t rule, int64_t tell, const char *name, const char *key,
                     const char *arg)
{
    const Entity *e = model_entity(c->model, "rule");
    RuleActor was = {c->actor, c->lang, c->zone};
    const char *why = msg_format(c->a, c->lang, key, (const char *const[]){arg ? arg : "", NULL});
    json_object *in = rec_input(c);
    SaveOptions o = rec_own(NULL);
    json_object_object_add(in, "enabled", json_object_new_boolean(false));
    json_object_object_add(in, "off_reason", json_object_new_string(why));
    c->actor = actor_system(c->a, CH_SYSTEM);
    bool ok = rec_update(c, e, rule, in, &o, NULL);
    rule_act_back(c, &was);
    Notice n = {tell, "rule", "rule", rule, why, NULL};
    return ok && notify(c, &n, "rule.switched_off", name);
}

/* Have the last runs of the rule since it was switched on all failed? */
static bool fails_again(Ctx *c, const Rule *rule, bool *out)
{
    int64_t most = conf_int("rule.fail_limit"), failed = 0;
    DbVal p[] = {db_of_int(rule->id), db_of_int(most)};
    *out = false;
    if (!db_one_int(c,
                    SQL("SELECT count(*) FROM (SELECT t.\"outcome\" FROM \"rule_run\" t WHERE "
                        "t.\"rule_id\" = $1 AND t.\"at\" >= (SELECT coalesce(r.\"enabled_at\", 0) "
                        "FROM \"rule\" r WHERE r.\"id\" = $1) ORDER BY t.\"at\" DESC, t.\"id\" "
                        "DESC LIMIT $2) AS l WHERE l.\"outcome\" = 'failed'"),
                    p, 2, &failed, NULL))
        return false;
    *out = failed >= most;
    return true;
}

static bool log_failure(Ctx *c, Fire *f, const char *why)
{
    bool again;
    if (!log_row(c, f, "failed", why))
        return false;
    if (!f->claimed)
        return true;
    return fails_again(c, f->rule, &again) &&
           (!again ||
            rule_switch_off(c, f->rule->id, f->rule->owner, f->rule->name, "rule.off_failed", why));
}

/* ---- acting --------------------------------------------------------------------------------- */

json_object *rule_actions_read(Ctx *c, const char *text)
{
    json_object *list = NULL;
    if (!text || !json_read(c, text, strlen(text), &list))
        return NULL;
    if (json_object_is_type(list, json_type_array))
        return list;
    ctx_fail(c, ERR_INVALID, "actions", "rule.actions_shape");
    return NULL;
}

bool rule_act(Ctx *c, const RuleFire *f, json_object *actions)
{
    for (size_t i = 0; i < json_object_array_length(actions); i++) {
        json_object *in = json_object_array_get_idx(actions, i);
        const char *name = json_str(in, "do", NULL);
        const RuleActionKind *k = rule_action_kind(name);
        if (!k)
            return ctx_fail(c, ERR_INVALID, "actions", "rule.no_action", name ? name : "?");
        if (!k->run(c, f, in))
            return false;
    }
    return true;
}

/* The actions on a record, as the owner of the rule; what was done is added to reason. */
static bool act_on(Ctx *c, const Fire *f, RuleKnown *known, json_object *actions, Buf *reason)
{
    RuleFire fire = {.rule = f->rule->id,
                     .name = f->rule->name,
                     .e = f->rule->e,
                     .r = f->r,
                     .reason = reason,
                     .known = known};
    return rule_act(c, &fire, actions);
}

/* In a savepoint: claim, act, log. */
static bool carry_out(Ctx *c, void *arg)
{
    Fire *f = arg;
    RuleActor was;
    Buf reason;
    if (!log_row(c, f, "done", NULL))
        return false;
    if (!f->claimed)
        return true; /* answered before */
    if (!rule_act_as(c, f->rule->owner, f->rule->zone, &was))
        return false;
    buf_init(&reason, c->a);
    RuleKnown *known = rule_known_new(c, f->rule, NULL, 0);
    json_object *actions = rule_actions_read(c, f->rule->actions_json);
    bool ok = actions && act_on(c, f, known, actions, &reason) && rule_known_send(c, known);
    rule_act_back(c, &was);
    return ok && log_reason(c, f, reason.data ? reason.data : "");
}

/* Why the last try failed, forgotten again; NULL where the transaction cannot go on. */
static const char *mistake(Ctx *c, int before)
{
    const ErrItem *e = c->err;
    for (int i = 0; e && i < before; i++)
        e = e->next;
    if (!e || err_status(e->code) >= 500)
        return NULL;
    const char *why =
        e->field ? arena_printf(c->a, "%s: %s", e->field, e->message) : arena_str(c->a, e->message);
    ctx_errors_back_to(c, before);
    return why;
}

/*
 * Once for a record in all that one change sets off. A rule does not answer its own work; where a rule that it set off
 * leads back to it, that is a loop, and is logged; where it answered further down already, nothing is left to do.
 */
static bool guard(Ctx *c, Fire *f, bool *go)
{
    const struct RuleChain *chain = c->rules;
    int depth = fired_before(chain, f->rule->id, f->r->id);
    *go = false;
    if (depth && (depth >= chain->depth || chain->acting == f->rule->id))
        return true;
    if (depth)
        return log_row(c, f, "loop", msg_text(c->lang, "rule.loop_same"));
    if (chain->depth > conf_int("rule.depth"))
        return log_row(c, f, "loop", msg_text(c->lang, "rule.loop_deep"));
    *go = true;
    return true;
}

bool rule_fire(Ctx *c, const Rule *rule, const Record *r, const char *cause, bool *fired)
{
    Fire f = {.rule = rule, .r = r, .cause = cause};
    struct RuleChain *chain = c->rules;
    int before = c->n_err, depth = chain->depth;
    int64_t acting = chain->acting;
    bool go;
    *fired = false;
    if (!guard(c, &f, &go) || !go)
        return c->n_err == before;
    remember(c, chain, rule->id, r->id);
    chain->acting = rule->id;
    bool ok = db_try(c, carry_out, &f);
    c->rules = chain; /* whatever it was doing */
    chain->depth = depth;
    chain->acting = acting;
    if (ok) {
        *fired = f.claimed;
        return true;
    }
    const char *why = mistake(c, before);
    return why && log_failure(c, &f, why);
}

/* ---- the rows of a write ---------------------------------------------------------------------- */

typedef struct Set {
    const Rule *rule;
    RuleKnown *known;
    const RuleRow *rows;
    Buf *reasons;
    int n, done;
} Set;

static bool log_set(Ctx *c, const Set *s)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("INSERT INTO \"rule_run\" (\"id\", \"rule_id\", \"entity\", \"record_id\", "
                    "\"cause\", \"outcome\", \"reason\", \"by_id\", \"at\") VALUES "));
    for (int i = 0; i < s->done; i++) {
        DbVal v[] = {db_of_int(id_new()),
                     db_of_int(s->rule->id),
                     db_of_text(s->rule->e->name),
                     db_of_int(s->rows[i].r.id),
                     db_of_text(s->rows[i].cause),
                     db_of_text("done"),
                     db_of_text(s->reasons[i].data ? s->reasons[i].data : ""),
                     s->rule->by ? db_of_int(s->rule->by) : db_null(),
                     db_of_int(c->now_ms)};
        sql_add(&q, i ? SQL(", (") : SQL("("));
        for (size_t k = 0; k < sizeof v / sizeof *v; k++) {
            if (k)
                sql_add(&q, SQL(", "));
            sql_bind(&q, v[k]);
        }
        sql_add(&q, SQL(")"));
    }
    sql_add(&q, SQL(" ON CONFLICT (\"rule_id\", \"record_id\", \"cause\") DO NOTHING"));
    if (!sql_exec(c, &q))
        return false;
    /* answered by another process since it was read: what was done to it here is to be undone */
    return db_changes(c) == s->done ||
           ctx_fail(c, ERR_CONFLICT, NULL, "err.conflict", s->rule->name);
}

/* In one savepoint: act on each, a chain of its own; then tell and log all of them. */
static bool carry_out_set(Ctx *c, void *arg)
{
    Set *s = arg;
    RuleActor was;
    json_object *actions = rule_actions_read(c, s->rule->actions_json);
    if (!actions || !rule_act_as(c, s->rule->owner, s->rule->zone, &was))
        return false;
    bool ok = true;
    for (s->done = 0; ok && s->done < s->n && (s->done == 0 || !pace_over(c)); s->done++) {
        struct RuleChain place;
        Fire f = {.rule = s->rule, .r = &s->rows[s->done].r, .cause = s->rows[s->done].cause};
        RuleChainMark mark = rule_chain_begin(c, &place, true);
        struct RuleChain *chain = c->rules;
        chain->by = s->rule->by;
        chain->acting = s->rule->id;
        remember(c, chain, s->rule->id, f.r->id);
        buf_init(&s->reasons[s->done], c->a);
        ok = act_on(c, &f, s->known, actions, &s->reasons[s->done]);
        c->rules = chain; /* whatever it was doing */
        rule_chain_end(c, mark);
    }
    rule_act_back(c, &was);
    return ok && rule_known_send(c, s->known) && log_set(c, s);
}

/* Each in a savepoint of its own. */
static bool fire_each(Ctx *c, const Rule *rule, const RuleRow *rows, int n, int *done, int *fired)
{
    *fired = 0;
    for (*done = 0; *done < n && (*done == 0 || !pace_over(c)); (*done)++) {
        struct RuleChain place;
        bool acted;
        RuleChainMark mark = rule_chain_begin(c, &place, true);
        c->rules->by = rule->by;
        bool ok = rule_fire(c, rule, &rows[*done].r, rows[*done].cause, &acted);
        rule_chain_end(c, mark);
        if (!ok)
            return false;
        *fired += acted;
    }
    return true;
}

bool rule_fire_rows(Ctx *c, const Rule *rule, RuleKnown *known, const RuleRow *rows, int n,
                    int *done, int *fired)
{
    Set s = {.rule = rule, .known = known, .rows = rows, .n = n};
    RuleActor was = {c->actor, c->lang, c->zone};
    int before = c->n_err;
    *done = *fired = 0;
    if (n == 0)
        return true;
    s.reasons = ARENA_ARRAY(c->a, n, Buf);
    if (db_try(c, carry_out_set, &s)) {
        *done = *fired = s.done;
        return true;
    }
    rule_act_back(c, &was);
    return mistake(c, before) && fire_each(c, rule, rows, n, done, fired);
}
