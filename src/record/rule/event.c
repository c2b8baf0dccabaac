/*
 * Rules that answer a change, in its transaction. What a rule asks is first tried on the saved row in memory; only
 * those that hang on other rows are asked of the database, all in one statement.
 */
#include <inttypes.h>
#include <string.h>

#include "base/conf.h"
#include "base/id.h"
#include "record/notify.h"
#include "record/rule/impl.h"
#include "record/value.h"

enum { ASK_MOST = 40 };

/* One change of one record. */
typedef struct Change {
    const Entity *e;
    Record now;
    const DbVal *before;          /* NULL when new */
    const unsigned char *changed; /* by Field.index */
    const char *cause;
} Change;

/* Records a rule can be about: what its field `entity` offers. */
static bool is_subject(const Ctx *c, const Entity *e)
{
    const Entity *rule = model_entity(c->model, "rule");
    const Field *of = rule ? entity_field(rule, "entity") : NULL;
    return of && e->standard && field_option(of, e->name);
}

static bool touches(const Entity *e, const unsigned char *watched, const unsigned char *changed)
{
    for (int i = 0; watched && i < e->n_fields; i++)
        if (watched[i] && changed[i])
            return true;
    return !watched;
}

/* May the rule answer this change, as far as the record alone tells? */
static FilterKnown first_look(Ctx *c, const Rule *r, const Change *g, const FilterSubject *now)
{
    if (!r->in_bulk && !c->rules->by_hand)
        return FILTER_NO;
    if (g->before && !touches(r->e, r->watched, g->changed))
        return FILTER_NO;
    if (r->event == RULE_ON_ENTERED && g->before && r->state &&
        filter_known(c->a, r->state, g->before) == FILTER_YES)
        return FILTER_NO; /* it was in that state already */
    return filter_known_of(now, r->when);
}

/* Asks the database for up to ASK_MOST rules at once. yes: beside rules. */
static bool ask(Ctx *c, const Change *g, Rule *const *rules, int n, bool *yes)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    for (int i = 0; i < n; i++) {
        if (i)
            sql_add(&q, SQL(", "));
        sql_add(&q, SQL("CASE WHEN "));
        filter_sql_each(c, &q, g->e, "t0", rules[i]->when);
        sql_add(&q, SQL(" THEN 1 ELSE 0 END"));
    }
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, g->e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\" = "));
    sql_bind(&q, db_of_int(g->now.id));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    bool there = db_step(r);
    for (int i = 0; i < n; i++)
        yes[i] = there && db_int(r, i) == 1;
    int mark = c->n_err;
    db_done(r);
    return c->n_err == mark;
}

/* The rules among `all` that hang on other rows (unsure): those that do not hold become NULL. */
static bool settle(Ctx *c, const Change *g, Rule **all, const int *unsure, int n)
{
    Rule *rules[ASK_MOST];
    bool yes[ASK_MOST];
    for (int i = 0; i < n; i++)
        rules[i] = all[unsure[i]];
    if (n && !ask(c, g, rules, n, yes))
        return false;
    for (int i = 0; i < n; i++)
        if (!yes[i])
            all[unsure[i]] = NULL;
    return true;
}

/* Which rules of a list hold: all[i] is list.items[i] or NULL. */
static bool find(Ctx *c, const Change *g, RuleList list, Rule **all)
{
    FilterSubject now = filter_subject(c->a, g->e, g->now.v);
    int unsure[ASK_MOST], n = 0;
    for (int i = 0; i < list.n; i++) {
        FilterKnown k = first_look(c, list.items[i], g, &now);
        all[i] = k == FILTER_NO ? NULL : list.items[i];
        if (k == FILTER_UNSURE)
            unsure[n++] = i;
        if (n == ASK_MOST) {
            if (!settle(c, g, all, unsure, n))
                return false;
            n = 0;
        }
    }
    return settle(c, g, all, unsure, n);
}

/* The record as a rule left it. *there: it still is. */
static bool look_again(Ctx *c, Change *g, bool *changed, bool *there)
{
    Record now;
    int mark = c->n_err;
    *there = rec_load(c, g->e, g->now.id, &now) && now.v[STD_DELETED_AT].kind == DB_NULL;
    if (!*there)
        return c->n_err == mark;
    *changed = now.version != g->now.version;
    g->now = now;
    return true;
}

/*
 * Behind a rule that changed the record: what holds no more is left out. A rule for new records may hold only now; one for
 * changes has been asked by that change itself.
 */
static bool find_again(Ctx *c, const Change *g, RuleList later, Rule **all)
{
    Rule **now = ARENA_ARRAY(c->a, later.n + 1, Rule *);
    if (!find(c, g, later, now))
        return false;
    for (int i = 0; i < later.n; i++)
        if (!now[i] || later.items[i]->event == RULE_ON_CREATED)
            all[i] = now[i];
    return true;
}

/* One by one in order; behind a rule that changed the record the later ones answer what it is by then. */
static bool carry_out(Ctx *c, Change *g, RuleList list, Rule **all)
{
    for (int i = 0; i < list.n; i++) {
        bool fired, changed, there;
        if (!all[i])
            continue;
        if (!rule_fire(c, all[i], &g->now, g->cause, &fired))
            return false;
        if (!fired)
            continue;
        if (!look_again(c, g, &changed, &there))
            return false;
        if (!there || all[i]->stop)
            break;
        RuleList later = {list.items + i + 1, list.n - i - 1};
        if (changed && !find_again(c, g, later, all + i + 1))
            return false;
    }
    return true;
}

static bool answer(Ctx *c, Change *g, bool is_new)
{
    const RuleSet *set = rules_hold(c);
    if (!set)
        return c->n_err == 0;
    RuleList list = rules_of(set, g->e, is_new);
    if (list.n == 0)
        return true;
    struct RuleChain place;
    RuleChainMark mark = rule_chain_begin(c, &place, notify_by_hand(c));
    Rule **all = ARENA_ARRAY(c->a, list.n, Rule *);
    int before = c->n_err;
    bool ok = find(c, g, list, all) && carry_out(c, g, list, all);
    rule_chain_end(c, mark);
    return ok && c->n_err == before;
}

bool rules_saved(Ctx *c, const Save *s, int64_t *version)
{
    if (!is_subject(c, s->e) || !conf_bool("rule.on"))
        return true;
    Change g = {.e = s->e,
                .now = {.e = s->e, .v = s->after, .id = s->id, .version = *version},
                .before = s->is_new ? NULL : s->before,
                .changed = s->changed,
                .cause = arena_printf(c->a, "v%" PRId64, *version)};
    if (!answer(c, &g, s->is_new))
        return false;
    *version = g.now.version;
    return true;
}

/* ---- rollups -------------------------------------------------------------------------------- */

bool rules_watch(Ctx *c, const Entity *e, int64_t id, const int *fields, int n,
                 const RecBump *bumps, int n_bumps, Record *before)
{
    const RuleSet *set;
    if (!is_subject(c, e) || !conf_bool("rule.on") || !(set = rules_hold(c)))
        return false;
    RuleList list = rules_of(set, e, false);
    unsigned char *moved = NULL;
    if (list.n == 0)
        return false;
    moved = ARENA_ARRAY(c->a, e->n_fields, unsigned char);
    for (int i = 0; i < n; i++)
        moved[fields[i]] = 1;
    for (int i = 0; i < n_bumps; i++)
        moved[bumps[i].field] = 1;
    for (int i = 0; i < list.n; i++)
        if (list.items[i]->watched && touches(e, list.items[i]->watched, moved))
            return rec_load(c, e, id, before);
    return false;
}

bool rules_touched(Ctx *c, const Entity *e, const Record *before)
{
    Record now;
    unsigned char *changed = ARENA_ARRAY(c->a, e->n_fields, unsigned char);
    bool any = false;
    if (!rec_load(c, e, before->id, &now))
        return c->n_err == 0;
    for (int i = 0; i < e->n_fields; i++)
        any |= changed[i] = !value_same(&before->v[i], &now.v[i]);
    if (!any || now.v[STD_DELETED_AT].kind != DB_NULL)
        return true;
    Change g = {.e = e,
                .now = now,
                .before = before->v,
                .changed = changed,
                /* no version of its own; one transaction writes both, so any new word does */
                .cause = arena_printf(c->a, "t%" PRId64, id_new())};
    return answer(c, &g, false);
}
