/* What the files of the approvals share. */
#ifndef RECORD_APPROVAL_IMPL_H
#define RECORD_APPROVAL_IMPL_H

#include "base/json_read.h"
#include "record/approval/approval.h"

enum {
    APPROVAL_FLOW_STEPS_MOST = 10,
    APPROVAL_FLOWS_MOST = 8, /* that one request may concern */
    APPROVAL_STEPS_MOST = APPROVAL_FLOW_STEPS_MOST * APPROVAL_FLOWS_MOST,
    APPROVAL_PEOPLE_MOST = 50,
    APPROVAL_IDS_MOST = 200
};

bool approval_op(const char *name, ApprovalOp *out);
/* Is it one on many records (ids), one that gives them to somebody? */
bool approval_op_many(ApprovalOp op);
bool approval_op_transfers(ApprovalOp op);
bool approval_op_restores(ApprovalOp op);

/* A flow that holds an operation; texts are the arena's. */
typedef struct ApprovalFlow {
    int64_t id;
    const char *entity, *name, *fields, *filter, *steps;
    bool on_edit, on_delete, on_bulk_delete, on_transfer, on_restore, on_merge, by_admin;
} ApprovalFlow;

/* What the flows that hold it ask for together: the steps of each in turn, an administrator where one wants him. */
typedef struct ApprovalAsked {
    ApprovalFlow flows[APPROVAL_FLOWS_MOST];
    int n;
    bool first;        /* the first is enough */
    const char *field; /* the first protected field that changes (edit), or NULL */
} ApprovalAsked;

/* Adds the flows that hold it. ERR_CONFLICT where there are too many for one request: none is left out unasked. */
bool approval_flows_of(Ctx *c, const ApprovalAsk *what, ApprovalAsked *out);
/* Adds those that hold any of these records of e. One statement for each flow with a condition. Not for edits. */
bool approval_flows_among(Ctx *c, ApprovalOp op, const Entity *e, const DbIds *ids,
                          ApprovalAsked *out);
/* The same for a change of these fields (by Field.index) of all of them. */
bool approval_flows_edited(Ctx *c, const Entity *e, const DbIds *ids, const unsigned char *changed,
                           ApprovalAsked *out);
/* By the place of an entity in its model: has it a flow for op? */
void approval_flows_where(Ctx *c, ApprovalOp op, const Model *m, unsigned char *out);

/* ---- along.c --------------------------------------------------------------------------------- */

/* Adds the flows that hold what goes along with these records when they are deleted or restored (not their own). */
bool approval_flows_along(Ctx *c, ApprovalOp op, const Entity *e, const DbIds *ids,
                          ApprovalAsked *out);
/* Do the steps of a request hold all that the flows of what goes along with a record ask for now? ERR_APPROVAL_REQUIRED where
   something has come under it since, whose people were not asked. */
bool approval_along_asked(Ctx *c, ApprovalOp op, const Entity *e, int64_t id, const char *steps);
/* Do the steps hold all of these? */
bool approval_asked_all(Ctx *c, const ApprovalAsked *a, const char *steps);
/* What is between the brackets of the steps of a flow; *n bytes of it, 0 where there is nothing. */
const char *approval_steps_inner(const char *steps, int *n);

/* ---- merge.c --------------------------------------------------------------------------------- */

/* Adds the flows that hold a merge (approval_holds_merge). */
bool approval_flows_merge(Ctx *c, const ApprovalMerge *what, ApprovalAsked *asked);
/* A request for a merge: tried as a preview, by the requester; filled with its records, their versions, and what changes. */
bool approval_look_at_merge(Ctx *c, Save *s, const Entity *e, int64_t id, ApprovalAsked *asked);
/* It is done. pairs: [[id, version]] of those that go. */
bool approval_do_merge(Ctx *c, const Entity *e, int64_t survivor, json_object *pairs,
                       json_object *choose, const SaveOptions *o, const char *steps);

/* ---- people.c -------------------------------------------------------------------------------- */

typedef struct ApprovalStep {
    const char *who, *role;
    int64_t user;
    bool all;        /* everybody has to agree, else one is enough */
    int hours, days; /* the limit, days being working days; 0: none */
} ApprovalStep;

/* steps: JSON of a flow. *n: how many. Mistakes under field "steps". kept: of a request under way, whose roles may be
   gone meanwhile (then the management is asked). */
bool approval_steps(Ctx *c, const char *steps, bool kept, ApprovalStep *out, int *n);
/* Who has to answer a step of a request by this person: active people but himself; where the step names nobody, the
   management, then the administrators. ERR_CONFLICT where nobody is left. */
bool approval_people(Ctx *c, const ApprovalStep *step, int64_t requester, int64_t *out, int *n);
/* Active holders of a role but one person. */
bool approval_holders(Ctx *c, const char *role, int64_t but, int64_t *out, int *n);
/* The first active head of a department (heads), or manager, above a person; *n 0 or 1. */
bool approval_upwards(Ctx *c, int64_t person, bool heads, int64_t *out, int *n);
bool approval_active(Ctx *c, int64_t user, bool *out);
/* Until when a step has to be answered, ms UTC; 0 for no limit. Working days are those of mainland China, the day of the
   asking is none of them, and the last one is whole, in the zone of the house. */
int64_t approval_due(const Ctx *c, const ApprovalStep *step);

/* ---- away.c ---------------------------------------------------------------------------------- */

/* Who is on leave today, by the calendar of the house, and has a deputy. */
typedef struct ApprovalAway {
    int64_t user, deputy;
} ApprovalAway;
typedef struct ApprovalAways {
    ApprovalAway *all;
    int n;
} ApprovalAways;
bool approval_aways(Ctx *c, ApprovalAways *out);
bool approval_is_away(const ApprovalAways *away, int64_t person);

/* ---- task.c ---------------------------------------------------------------------------------- */

/* What the tasks of some people have in common. */
typedef struct ApprovalPart {
    int64_t request, requester;
    const char *title, *kind;
    int step;
    int64_t due; /* ms UTC, 0 for none */
    const char *
        key; /* sentence of the notice; NULL: as the kind asks. A deputy is told for whom instead. */
} ApprovalPart;
/*
 * Who answers in the place of this person now: himself where he is here; else along the deputies to the first who is here.
 * Never the requester, nobody who left, and where all have to agree nobody who has or had another part in this step (two
 * votes are two people); where the deputies end in such a one or in a circle, whoever stands above, and where nobody does, the
 * person himself. Of the part: request, requester, step.
 */
bool approval_seat(Ctx *c, const ApprovalAways *away, const ApprovalPart *part, int64_t person,
                   int64_t *out);
/* Somebody in the place of a person who left: to whom he handed over, whoever stands above him, the management, the
   administrators; never the requester, nor who is none for a seat. ERR_CONFLICT where nobody is left. */
bool approval_heir(Ctx *c, const ApprovalAways *away, const ApprovalPart *part, int64_t person,
                   int64_t *out);
/* Did he agree in this step, since the request was sent back last? */
bool approval_agreed(Ctx *c, int64_t request, int step, int64_t user, bool *out);
/*
 * In a write: a task for each of the people, who may read the request from now on and are told. Who is on leave is
 * represented (kind "agree"); whoever has a task already gets no second one. *n_out (may be NULL): how many were made.
 */
bool approval_tasks(Ctx *c, const ApprovalPart *part, const int64_t *people, int n, int *n_out);
/* The same for one who answers for somebody else (0: for himself), nobody represented. */
bool approval_task_to(Ctx *c, const ApprovalPart *part, int64_t person, int64_t deputy_for);
/* The caller's waiting task of this kind; 0 where he has none. */
bool approval_task_of(Ctx *c, int64_t request, const char *kind, int64_t user, int64_t *out);
/* ERR_CONFLICT where it does not wait any more. */
bool approval_task_end(Ctx *c, int64_t task, const char *state, const char *comment);
bool approval_task_due(Ctx *c, int64_t task, int64_t *out);
/* The other waiting ones of a request end without an answer. */
bool approval_tasks_void(Ctx *c, int64_t request);
bool approval_tasks_waiting(Ctx *c, int64_t request, int64_t *out);
/* Tells one person; key: a sentence of the catalogue with the title behind. */
bool approval_tell(Ctx *c, int64_t user, int64_t request, const char *title, const char *key);
/* In a write: until its end nobody else does anything to this request. */
bool approval_alone(Ctx *c, int64_t request);

/* ---- act.c, look.c ---------------------------------------------------------------------------- */

/* Who may what, when. Closed by a NULL name. */
typedef struct ApprovalAct {
    const char *name;
    const char *states; /* of the request, each between blanks */
    const char *task;   /* the caller has a waiting task of this kind; NULL: he is the requester */
} ApprovalAct;
extern const ApprovalAct approval_rules[];

/* agree or refuse as c->actor, by this task and where the request still has this version only. Outside a write. */
bool approval_answer(Ctx *c, const Record *request, const char *answer, const char *comment,
                     int64_t task, int64_t version);

/* {"changes", "records", "steps", "readable", "plural", "changed_since", "may"} as c->actor may see it. */
bool approval_look(Ctx *c, const Record *request, Buf *out);

/* ---- carry_out.c ----------------------------------------------------------------------------- */

/* In a write: does what was asked for. A refusal of the engine is no failure: *why says it, NULL for done. */
bool approval_carry_out(Ctx *c, const Record *request, const char **why);

#endif
