/*
 * Rules: when something happens to records of an entity (event) and a filter holds, actions are carried
 * out, with the rights of the rule's owner. Rows of `rule` say which; rows of `rule_run` what became of each
 * record. Rules of an event run in order inside the transaction of the change; timed ones from the clock, as a job.
 * One cause never fires twice: rule, record and cause are unique in rule_run, written where the actions are.
 */
#ifndef RECORD_RULE_RULE_H
#define RECORD_RULE_RULE_H

#include "record/hooks.h"
#include "record/job.h"
#include "record/rule/action.h"

/* The kinds of actions there are; handed in once at start by app. Closed by a NULL. */
void rules_register(const RuleActionKind *const *kinds);

/*
 * In the transaction of a save, behind the hooks: carries out the rules of the event. A rule that fails is logged and
 * undone by itself; false only where the transaction cannot go on. *version: of the record, moved on where rules changed it.
 */
bool rules_saved(Ctx *c, const Save *s, int64_t *version);
/*
 * Before own code touches fields of a row beside a save (record/touch.c): true where a rule looks at one of them, and
 * then *before is the row as it was. Afterwards rules_touched with it. In a write.
 */
bool rules_watch(Ctx *c, const Entity *e, int64_t id, const int *fields, int n,
                 const RecBump *bumps, int n_bumps, Record *before);
bool rules_touched(Ctx *c, const Entity *e, const Record *before);

/* The rows of rule changed, or rights: compiled rules are made anew at their next use (each process hears of it). */
void rules_forget(void);

/* ---- for the hooks of rule (domain/upkeep/rule.c) ----------------------------------------------- */

/* Are the values of a rule fit to be stored? Mistakes by field. Sets what follows: next_at, enabled_at, and enabled to
   off where somebody else than its owner changed what it does. */
bool rule_check(Ctx *c, Save *s);
/* {"actions": […], "templates": […], "entities": […]}: what a rule can be made of, for the page. */
bool rule_kinds(Ctx *c, Buf *out);
/* What a rule (as its JSON) would have done to the records from one day to another, with the caller's rights; nothing is written. */
bool rule_dry_run(Ctx *c, json_object *in, Buf *out);
/* How often it fired, failed, and how often the wanted state came about. */
bool rule_effect(Ctx *c, const Record *rule, Buf *out);
/* Queues a timed rule at once: {"job": {"id"}}. */
bool rule_run_now(Ctx *c, const Record *rule, Buf *out);

/* ---- for the work floor ------------------------------------------------------------------------- */

/* Queues a job for each timed rule whose moment has come, by whichever process is first; switches rules off whose owner
   may not sign in any more. */
bool rules_due(Ctx *c);
/* Notes in rule_run where the wanted state has come about. */
bool rules_measure(Ctx *c);
/* In a write: runs older than rule.log_keep go. */
bool rules_purge(Ctx *c);
/* The kind of job "rule": a timed rule over all records. */
bool rule_job(Ctx *c, Job *job);

#endif
