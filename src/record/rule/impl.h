/* Between the files of this folder only. */
#ifndef RECORD_RULE_IMPL_H
#define RECORD_RULE_IMPL_H

#include "record/notify_run.h"
#include "record/rule/rule.h"

typedef enum RuleEvent {
    RULE_ON_CREATED,
    RULE_ON_UPDATED,
    RULE_ON_ENTERED,
    RULE_ON_IDLE,
    RULE_ON_DUE,
    RULE_ON_SCHEDULED,
    RULE_ON__COUNT
} RuleEvent;
bool rule_event(const char *name, RuleEvent *out);

/* A rule as it is carried out. */
typedef struct Rule {
    int64_t id, owner;
    const char *name;
    const Entity *e;
    RuleEvent event;
    const char *zone;
    const char *filter_json;  /* or NULL */
    const char *actions_json; /* an array */
    /* The filter AND the rows its owner may read, ready for filter_known. */
    Filter *when;
    Filter *state; /* entered: the filter alone, which the record itself always decides (check.c) */
    const unsigned char *watched; /* by Field.index: one of these must have changed; NULL: any */
    bool stop, in_bulk, workdays;
    const Field *date; /* idle, due */
    int days;
    const char *cron;
    const char *run;    /* of a timed rule at work: this run (NoticeRun.key); else NULL */
    int64_t by;         /* who set the run off by hand; 0 for the clock */
    const char *broken; /* why it cannot be carried out, in its owner's language; or NULL */
} Rule;

/* Rules of one entity and one kind of change, in order. */
typedef struct RuleList {
    Rule **items;
    int n;
} RuleList;

typedef struct RuleSet RuleSet;

/* The enabled rules of the model of c, compiled; with one more reference until the arena of c ends. NULL on failure. */
const RuleSet *rules_hold(Ctx *c);
RuleList rules_of(const RuleSet *s, const Entity *e, bool is_new);

/* One rule from the values of its row (of entity rule), compiled onto c->a; with the rights of `who`. Never fails but for
   the database: what is wrong with it stands in broken. */
bool rule_compile(Ctx *c, const DbVal *v, int64_t who, Rule *out);

/* Swaps who acts: the owner of a rule, with his language and the zone of the rule. */
typedef struct RuleActor {
    const struct Actor *actor;
    const char *lang, *zone;
} RuleActor;
bool rule_act_as(Ctx *c, int64_t owner, const char *zone, RuleActor *was);
void rule_become(Ctx *c, const struct Actor *me, const char *zone, RuleActor *was);
void rule_act_back(Ctx *c, const RuleActor *was);

/* ---- what the records of one write share ------------------------------------------------------ */

typedef struct RulePerson {
    int64_t id, manager;
    const NoticeReader *reader; /* once asked: NULL where he is not active */
    const struct Actor *actor;
    bool asked, led; /* reader, manager are known */
} RulePerson;
typedef struct RuleKnown {
    VEC(RulePerson *) people;
    NoticeBatch out;           /* to be told */
    NoticeRun run;             /* of a timed rule: to be told as one, where its key is set */
    struct LinkLabels *labels; /* of links, as the owner of the rule reads them */
    const int64_t *also;       /* people likely to be asked for: read together with the first */
    int n_also;
} RuleKnown;
/* On c->a, empty; for one write of this rule (NULL for none), as what it knows is not read again. also is borrowed. */
RuleKnown *rule_known_new(Ctx *c, const Rule *rule, const int64_t *also, int n_also);
bool rule_known_people(Ctx *c, RuleKnown *k, const int64_t *ids, int n);
/* How he is told; NULL where he is not active. */
bool rule_known_reader(Ctx *c, RuleKnown *k, int64_t user, const NoticeReader **out);
/* His manager, else the head of his department; 0 for none. */
bool rule_known_manager(Ctx *c, RuleKnown *k, int64_t user, int64_t *out);
bool rule_act_as_known(Ctx *c, RuleKnown *k, int64_t user, RuleActor *was);
/* Writes what was gathered. In a write. */
bool rule_known_send(Ctx *c, RuleKnown *k);

/* Who was met so far: the writes behind it find him at hand. */
enum { RULE_MET_MOST = 500 };
typedef struct RuleMet {
    int64_t ids[RULE_MET_MOST];
    int n;
} RuleMet;
void rule_known_met(const RuleKnown *k, RuleMet *met);

/* ---- firing --------------------------------------------------------------------------------- */

/* What one change set off, so that no rule answers it twice for a record: hangs on Ctx.rules. */
typedef struct RuleFired {
    int64_t rule, record;
    int depth;
} RuleFired;
struct RuleChain {
    RuleFired *items;
    int n, depth;
    size_t cap;
    bool by_hand;
    int64_t acting; /* the rule at work, 0 for none */
    int64_t by;     /* who began it; 0 for the clock */
};
/* Begins a chain, or goes one deeper; rule_chain_end takes it back. by_hand counts where it begins. */
typedef struct RuleChainMark {
    bool began;
} RuleChainMark;
RuleChainMark rule_chain_begin(Ctx *c, struct RuleChain *place, bool by_hand);
void rule_chain_end(Ctx *c, RuleChainMark m);

/*
 * Carries a rule out on a record for a cause, in a write: claims the cause, acts, logs. *fired: it acted (not where the
 * cause was answered before, the guard stopped it, or it failed). false only where the transaction cannot go on.
 */
bool rule_fire(Ctx *c, const Rule *rule, const Record *r, const char *cause, bool *fired);

/* A record a timed rule is for, and the cause. */
typedef struct RuleRow {
    Record r;
    const char *cause;
} RuleRow;
/*
 * A timed rule on rows, in a write that pace_over may cut: *done of them were answered for, 1 at least, and it acted on *fired.
 * What they have in common is written in sets; where one fails, or was answered by another process, each goes by itself.
 */
bool rule_fire_rows(Ctx *c, const Rule *rule, RuleKnown *known, const RuleRow *rows, int n,
                    int *done, int *fired);

/* ---- timed ---------------------------------------------------------------------------------- */

/* The rows a timed rule is for at a moment, and " the cause of row t0" as SQL. */
Filter *rule_timed_filter(Ctx *c, const Rule *rule, int64_t at);
void rule_timed_cause(Sql *q, const Rule *rule, int64_t at);
/* When a line of cron is next due behind a moment; 0 for never. */
int64_t rule_next_at(const char *cron, const char *zone, int64_t after);

const RuleActionKind *rule_action_kind(const char *name);
const RuleActionKind *rule_action_at(int i); /* NULL behind the last */
/* In a write, by the program itself: the rule goes off with the sentence of key and arg, and somebody is told. */
bool rule_switch_off(Ctx *c, int64_t rule, int64_t tell, const char *name, const char *key,
                     const char *arg);
/* Writes "webhooks": [{id, name}], those the caller may hand to a rule. */
bool rule_channels(Ctx *c, Jw *w);
/* The actions of a text (an array), or NULL with a mistake. */
json_object *rule_actions_read(Ctx *c, const char *text);
/* Runs the actions in order. */
bool rule_act(Ctx *c, const RuleFire *f, json_object *actions);
extern const char rule_default_cron[];

#endif
