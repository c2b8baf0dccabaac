/*
 * What the records of one write share while a rule acts on them: who people are (their managers, names and rights, where and how
 * they want to be told), and what is to be told, so that it is written in sets. A rule of the clock that tells ten thousand owners
 * would ask for the same dozen people ten thousand times.
 */
#include <string.h>

#include "record/link_resolve.h"
#include "record/rule/impl.h"

enum { AT_ONCE = 500 };

RuleKnown *rule_known_new(Ctx *c, const Rule *rule, const int64_t *also, int n_also)
{
    RuleKnown *k = ARENA_NEW(c->a, RuleKnown);
    if (rule)
        k->run = (NoticeRun){.key = rule->run, .name = rule->name, .e = rule->e};
    k->labels = link_labels_new(c);
    k->also = also;
    k->n_also = n_also;
    return k;
}

static RulePerson *entry(Ctx *c, RuleKnown *k, int64_t id)
{
    for (size_t i = 0; i < k->people.n; i++)
        if (k->people.items[i]->id == id)
            return k->people.items[i];
    RulePerson *p = ARENA_NEW(c->a, RulePerson);
    p->id = id;
    vec_push(c->a, &k->people, p);
    return p;
}

/* Those of ids whose part is not known yet, each once. */
static int missing(Ctx *c, RuleKnown *k, const int64_t *ids, int n, int64_t *out, int n_out)
{
    for (int i = 0; i < n && n_out < AT_ONCE; i++) {
        bool has = ids[i] == 0 || entry(c, k, ids[i])->asked;
        for (int j = 0; j < n_out && !has; j++)
            has = out[j] == ids[i];
        if (!has)
            out[n_out++] = ids[i];
    }
    return n_out;
}

bool rule_known_people(Ctx *c, RuleKnown *k, const int64_t *ids, int n)
{
    int64_t *ask = ARENA_ARRAY(c->a, AT_ONCE, int64_t);
    NoticeReader *there = ARENA_ARRAY(c->a, AT_ONCE, NoticeReader);
    int n_ask = missing(c, k, ids, n, ask, 0), n_there;
    if (n_ask == 0)
        return true;
    n_ask = missing(c, k, k->also, k->n_also, ask, n_ask);
    if (!notify_readers(c, ask, n_ask, there, &n_there))
        return false;
    for (int i = 0; i < n_ask; i++)
        entry(c, k, ask[i])->asked = true;
    for (int i = 0; i < n_there; i++)
        entry(c, k, there[i].user)->reader = &there[i];
    return true;
}

bool rule_known_reader(Ctx *c, RuleKnown *k, int64_t user, const NoticeReader **out)
{
    *out = NULL;
    if (!rule_known_people(c, k, &user, 1))
        return false;
    *out = entry(c, k, user)->reader;
    return true;
}

/* His manager, else the head of his department; 0 for none. Asked for everybody met so far. */
bool rule_known_manager(Ctx *c, RuleKnown *k, int64_t user, int64_t *out)
{
    RulePerson *me = entry(c, k, user);
    int64_t *ask = ARENA_ARRAY(c->a, AT_ONCE, int64_t);
    int n = 0, mark = c->n_err;
    if (!me->led) {
        ask[n++] = user;
        for (int i = 0; i < k->n_also; i++)
            entry(c, k, k->also[i]);
        for (size_t i = 0; i < k->people.n && n < AT_ONCE; i++)
            if (!k->people.items[i]->led && k->people.items[i] != me)
                ask[n++] = k->people.items[i]->id;
        Sql q;
        sql_init(&q, c->a);
        sql_add(
            &q,
            SQL("SELECT u.\"id\", coalesce(u.\"manager_id\", d.\"manager_id\") FROM \"user\" u "
                "LEFT JOIN \"department\" d ON d.\"id\" = u.\"department_id\" AND "
                "d.\"deleted_at\" IS NULL AND d.\"manager_id\" <> u.\"id\" WHERE u.\"id\" IN "));
        sql_bind_ids(&q, ask, n);
        DbRows *r = sql_query(c, &q);
        if (!r)
            return false;
        while (db_step(r))
            entry(c, k, db_int(r, 0))->manager = db_int(r, 1);
        db_done(r);
        for (int i = 0; i < n; i++)
            entry(c, k, ask[i])->led = true;
    }
    *out = me->manager;
    return c->n_err == mark;
}

bool rule_act_as_known(Ctx *c, RuleKnown *k, int64_t user, RuleActor *was)
{
    RulePerson *p = entry(c, k, user);
    if (!p->actor && !rule_act_as(c, user, c->zone, was))
        return false;
    if (p->actor)
        rule_become(c, p->actor, c->zone, was);
    else
        p->actor = c->actor;
    return true;
}

void rule_known_met(const RuleKnown *k, RuleMet *met)
{
    met->n = 0;
    for (size_t i = 0; i < k->people.n && met->n < RULE_MET_MOST; i++)
        met->ids[met->n++] = k->people.items[i]->id;
}

bool rule_known_send(Ctx *c, RuleKnown *k)
{
    NoticeBatch batch = k->out;
    k->out = (NoticeBatch){0};
    return notify_send(c, &batch) && (!k->run.key || notify_run_send(c, &k->run));
}

/* ---- for the actions -------------------------------------------------------------------------- */

const char *rule_user_name(Ctx *c, const RuleFire *f, int64_t user)
{
    const NoticeReader *reader;
    DbVal p[] = {db_of_int(user)};
    const char *name = NULL;
    if (rule_known_reader(c, f->known, user, &reader) && reader)
        return reader->name;
    if (!db_one_text(c, SQL("SELECT \"name\" FROM \"user\" WHERE \"id\" = $1"), p, 1, &name,
                     NULL) ||
        !name)
        return "?";
    return name;
}

bool rule_tell_args(Ctx *c, const RuleFire *f, const Notice *n, const char *const *key_and_args)
{
    const NoticeReader *to;
    if (!n->user)
        return true;
    if (!rule_known_reader(c, f->known, n->user, &to))
        return false;
    return !to || notify_gather(c, &f->known->out, to, n, key_and_args);
}

bool rule_remind_args(Ctx *c, const RuleFire *f, const Notice *n, const char *const *key_and_args)
{
    const NoticeReader *to;
    if (!f->known->run.key)
        return rule_tell_args(c, f, n, key_and_args);
    if (!rule_known_reader(c, f->known, n->user, &to))
        return false;
    if (to)
        notify_run_gather(c, &f->known->run, to, n, key_and_args);
    return true;
}

void rule_send_letter(Ctx *c, const RuleFire *f, const Letter *l)
{
    vec_push(c->a, &f->known->out.out.letters, *l);
}
