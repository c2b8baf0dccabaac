/*
 * One approval mechanism: a change request holds an intended operation until the people of a flow's steps agree, then the
 * engine carries it out as if the requester had done it then (his rights and the version are asked anew), or an
 * administrator does with one click.
 *
 * Rows: approval_flow (what is held, who agrees), change_request (one operation), approval_task (one person's part).
 */
#ifndef RECORD_APPROVAL_APPROVAL_H
#define RECORD_APPROVAL_APPROVAL_H

#include "record/hooks.h"

/* The enabled flows, read anew (start, topic "approval_flow" of the change log). */
bool approval_load(Ctx *c);

/* In the order of the words in flow.c, which are the options of change_request.operation. */
typedef enum ApprovalOp {
    APPROVE_EDIT,
    APPROVE_DELETE,
    APPROVE_BULK_DELETE,
    APPROVE_TRANSFER,
    APPROVE_BULK_TRANSFER,
    APPROVE_RESTORE, /* out of the recycle bin */
    APPROVE_BULK_RESTORE,
    APPROVE_MERGE
} ApprovalOp;

/* What somebody is about to do to one record. changed: by Field.index, of an edit; else NULL. */
typedef struct ApprovalAsk {
    ApprovalOp op;
    const Entity *e;
    int64_t id;
    const DbVal *before;
    const unsigned char *changed;
    const char *
        words; /* what is said where it is held: a key with the name of the flow; NULL: to file a request */
} ApprovalAsk;

/*
 * Is it held? ERR_APPROVAL_REQUIRED is recorded then, on the first protected field that changes. Costs nothing where
 * the entity has no flow. What lies in the bin, or whose whole does, is held where the condition would have to ask other
 * rows: they may lie there too, or be gone.
 */
bool approval_holds(Ctx *c, const ApprovalAsk *what);
/* The same for deleting or restoring a record with all that goes along (record/children.h), each part by its own flows. In the
   write, before anything is marked. */
bool approval_holds_whole(Ctx *c, const ApprovalAsk *what);
/*
 * The same for handing a record over. *exempt (may be NULL): a flow would hold it, but its owner is no longer active, so
 * that what a leaver had can be handed on; whoever writes the change says so in its history.
 */
bool approval_holds_transfer(Ctx *c, const ApprovalAsk *what, bool *exempt);

/* A merge: the survivor with the fields that change (by Field.index; lists that gain something, too), and those that go. */
typedef struct ApprovalMerge {
    const Entity *e;
    const Record *survivor;
    const unsigned char *changed;
    const Record *merged;
    int n;
} ApprovalMerge;
/*
 * Is it held? By flows on merging any of them, on deleting those that go and what belongs to them, on handing over those
 * whose owner is another than the survivor's, on the fields of the survivor that change, and on the links and lists of the rows that move.
 */
bool approval_holds_merge(Ctx *c, const ApprovalMerge *what);

/* Is there any flow for the entity? To spare the reading of a row. */
bool approval_any(Ctx *c, const Entity *e);

/* Is it a flow the engine can follow? Mistakes by field. */
bool approval_flow_check(Ctx *c, const Save *s);

/* A new request: checked as the operation itself would be, filled with what it changes; then its first tasks. */
bool approval_file(Ctx *c, Save *s);
bool approval_filed(Ctx *c, Save *s);

/* The actions of change_request. *handled false: none of ours. */
bool approval_act(Ctx *c, const Record *request, const char *name, json_object *in, Buf *out,
                  bool *handled);

/* 《数据变更申请》 as blocks of a document: what is asked, what changes as the reader may see it, who said what. */
bool approval_print(Ctx *c, const Record *request, struct Report *out);

/* Late tasks are told once more, to the person and his manager; those of people who have left go on to others. */
bool approval_upkeep(Ctx *c);

#endif
