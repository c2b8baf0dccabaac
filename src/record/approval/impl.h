/* What the files of the approvals share. */
#ifndef RECORD_APPROVAL_IMPL_H
#define RECORD_APPROVAL_IMPL_H

#include "base/json_read.h"
#include "record/approval/approval.h"

enum {
    APPROVAL_STEPS_MOST = 10,
    APPROVAL_FLOWS_MOST = 8,
    APPROVAL_PEOPLE_MOST = 50,
    APPROVAL_IDS_MOST = 200
};

bool approval_op(const char *name, ApprovalOp *out);
/* Is it one on many records (ids), one that gives them to somebody? */
bool approval_op_many(ApprovalOp op);
bool approval_op_transfers(ApprovalOp op);

/* A flow that holds an operation; texts are the arena's. */
typedef struct ApprovalFlow {
    int64_t id;
    const char *entity, *name, *fields, *filter, *steps;
    bool on_edit, on_delete, on_bulk_delete, on_transfer, by_admin;
} ApprovalFlow;

/* The flows that hold it, at most max of them; *field: the first protected field that changes (edit), or NULL. */
bool approval_flows_of(Ctx *c, const ApprovalAsk *what, ApprovalFlow *out, int max,
                       const char **field, int *n);

/* ---- people.c -------------------------------------------------------------------------------- */

typedef struct ApprovalStep {
    const char *who, *role;
    int64_t user;
    bool all;  /* everybody has to agree, else one is enough */
    int hours; /* 0: no limit */
} ApprovalStep;

/* steps: JSON of a flow. *n: how many. Mistakes under field "steps". kept: of a request under way, whose roles may be
   gone meanwhile (then the management is asked). */
bool approval_steps(Ctx *c, const char *steps, bool kept, ApprovalStep *out, int *n);
/* Who has to answer a step of a request by this person: active people but himself; where the step names nobody, the
   management, then the administrators. ERR_CONFLICT where nobody is left. */
bool approval_people(Ctx *c, const ApprovalStep *step, int64_t requester, int64_t *out, int *n);
/* Active holders of a role but one person. */
bool approval_holders(Ctx *c, const char *role, int64_t but, int64_t *out, int *n);

/* ---- task.c ---------------------------------------------------------------------------------- */

/* In a write: a task for each of the people, who may read the request from now on and are told. */
bool approval_tasks(Ctx *c, int64_t request, const char *title, const char *kind, int step,
                    int hours, const int64_t *people, int n);
/* The caller's waiting task of this kind; 0 where he has none. */
bool approval_task_of(Ctx *c, int64_t request, const char *kind, int64_t user, int64_t *out);
bool approval_task_end(Ctx *c, int64_t task, const char *state, const char *comment);
/* The other waiting ones of a request end without an answer. */
bool approval_tasks_void(Ctx *c, int64_t request);
bool approval_tasks_waiting(Ctx *c, int64_t request, int64_t *out);
/* Tells one person; key: a sentence of the catalogue with the title behind. */
bool approval_tell(Ctx *c, int64_t user, int64_t request, const char *title, const char *key);

/* ---- act.c, look.c ---------------------------------------------------------------------------- */

/* Who may what, when. Closed by a NULL name. */
typedef struct ApprovalAct {
    const char *name;
    const char *states; /* of the request, each between blanks */
    const char *task;   /* the caller has a waiting task of this kind; NULL: he is the requester */
} ApprovalAct;
extern const ApprovalAct approval_rules[];

/* {"changes", "records", "readable", "plural", "changed_since", "may"} as c->actor may see it. */
bool approval_look(Ctx *c, const Record *request, Buf *out);

/* ---- carry_out.c ----------------------------------------------------------------------------- */

/* In a write: does what was asked for. A refusal of the engine is no failure: *why says it, NULL for done. */
bool approval_carry_out(Ctx *c, const Record *request, const char **why);

#endif
