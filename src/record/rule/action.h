/*
 * What a rule can do, one RuleActionKind each: the table in app/open.c names them, and a later module adds its
 * own (move stage, pool, skill) from its own floor without touching the engine.
 */
#ifndef RECORD_RULE_ACTION_H
#define RECORD_RULE_ACTION_H

#include "record/notify.h"
#include "record/outbox.h"

/* A rule at work on one record. c->actor is the owner of the rule, c->lang his language, in a write (but not in a dry run). */
typedef struct RuleFire {
    int64_t rule;
    const char *name; /* of the rule */
    const Entity *e;
    const Record *r; /* as it is now */
    bool dry;        /* say what would be done, and do nothing */
    int nth;         /* in a dry run: how many records came before, for what goes in turns */
    Buf *reason;     /* what was done, in words; the engine puts "; " between actions */
    struct RuleKnown *known; /* of the records of one write: who people are, what they are told */
} RuleFire;

typedef struct RuleActionKind {
    const char *name; /* "assign"; its label is the message rule.do.<name> */
    /* Inputs for the page, a JSON object in the form of fields of an entity file (docs/api.md). */
    const char *fields_json;
    /* Entities it is for: NULL for all. */
    bool (*fits)(const Entity *e);
    /* Are the inputs right? Mistakes under field "actions". */
    bool (*check)(Ctx *c, const Entity *e, json_object *in);
    /* Does it. false with a mistake recorded: the whole rule is undone for this record, and the mistake is its reason. */
    bool (*run)(Ctx *c, const RuleFire *f, json_object *in);
} RuleActionKind;

/* ---- for the actions ------------------------------------------------------------------------ */

/* Adds a sentence of the catalogue to the reason. */
#define rule_say(c, f, ...) rule_say_args((c), (f), (const char *const[]){__VA_ARGS__, NULL})
void rule_say_args(Ctx *c, const RuleFire *f, const char *const *key_and_args);

/* A text with places: "{name}" is the field of the record as the owner of the rule reads it (personal fields are
   masked). */
const char *rule_text(Ctx *c, const RuleFire *f, const char *text);
/* Does every place name a field that may stand in a text? */
bool rule_text_check(Ctx *c, const Entity *e, const char *text);

/*
 * People named by a list of words: an id, "owner", "manager" (of the owner: his manager, else the head of his
 * department), "creator", "rule_owner". Each once, active ones only, at most max; the number is returned, -1 on failure.
 */
int rule_people(Ctx *c, const RuleFire *f, json_object *words, int64_t *out, int max);
bool rule_people_check(Ctx *c, json_object *words);
/* The name of a user, for a reason; never NULL. */
const char *rule_user_name(Ctx *c, const RuleFire *f, int64_t user);
/* As notify and outbox_add, but written with those of the other records of this write, in sets. key and args: the sentence. */
#define rule_tell(c, f, n, ...)                                                                    \
    rule_tell_args((c), (f), (n), (const char *const[]){__VA_ARGS__, NULL})
bool rule_tell_args(Ctx *c, const RuleFire *f, const Notice *n, const char *const *key_and_args);
/* The same, but what the runs of a timed rule tell a person is one notice for all their records. */
#define rule_remind(c, f, n, ...)                                                                  \
    rule_remind_args((c), (f), (n), (const char *const[]){__VA_ARGS__, NULL})
bool rule_remind_args(Ctx *c, const RuleFire *f, const Notice *n, const char *const *key_and_args);
void rule_send_letter(Ctx *c, const RuleFire *f, const Letter *l);
/* The next number of the rule, from 0 on, for what goes in turns. In a write; no other write has the same. */
bool rule_turn(Ctx *c, const RuleFire *f, int64_t *out);

/* The actions of this floor. */
extern const RuleActionKind rule_assign, rule_set, rule_request, rule_notify, rule_webhook,
    rule_group;

#endif
