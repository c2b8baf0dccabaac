/*
 * Records that are one thing twice become one: the survivor takes what leads to the others, and the values chosen from
 * them; the others go to the recycle bin with `merged_into`. One write; its undo needs merge_log and merge_row and is
 * open for merge.undo_days. Any entity that gets "merge". Why it is so: docs/adr/0024.
 */
#ifndef RECORD_MERGE_MERGE_H
#define RECORD_MERGE_MERGE_H

#include "record/approval/approval.h"
#include "record/hooks.h"
#include "record/idempotency.h"

enum { MERGE_MOST = 20 };

typedef struct Merge {
    const Entity *e;
    int64_t survivor, version; /* version -1: not asked */
    int64_t merged[MERGE_MOST], versions[MERGE_MOST];
    int n;
    json_object *choose; /* {field: id of one of them}, or NULL */
    bool preview;        /* all but the moving, and undone */
    SaveOptions
        o; /* trusted: no rights are asked; agreed: flows are not asked by approval_holds_merge */
    IdemKey
        key; /* of the request: one that comes again gets the answer of the first; not of a preview */
    /* what is done with the flows that hold it, before anything is marked; NULL: approval_holds_merge */
    bool (*flows)(Ctx *c, const ApprovalMerge *what, void *arg);
    void *arg;
    /* the outcome */
    bool seen; /* a preview came to its end */
    int64_t id;
    Record s, r[MERGE_MOST]; /* as they were */
    const char *changes;     /* of the survivor, as history keeps them; "{}" where none */
    const char *moved;       /* {"contact": 3}, of what the caller may read */
} Merge;

/* {"survivor", "merged": [1–20 ids], "choose", "versions": {id: version}, "preview"} of a body. Mistakes by field. */
bool merge_read(Ctx *c, const Entity *e, json_object *in, Merge *out);
/*
 * ERR_NOT_FOUND for the whole where the caller may not read one of them; ERR_FORBIDDEN where he may not merge one, change the
 * survivor or delete another; ERR_STALE; ERR_APPROVAL_REQUIRED; what a save of the survivor may say, on its fields.
 */
bool merge_run(Ctx *c, Merge *m);
/* {"contact": 3}: what a merge of these would move now, of what the caller may read. */
bool merge_would_move(Ctx *c, const Entity *e, int64_t survivor, const int64_t *ids, int n,
                      const char **out);
/* {"merge": {"id"}, "moved": {…}} or, of a preview, {"preview": true, "moved"}; left open, for what stands behind. */
void merge_write(const Merge *m, Jw *w);

/* Takes it back. ERR_UNDO_REFUSED with the reason. {"merge": {"id"}, "entity", "survivor", "restored": [ids], "left": {…}}. */
bool merge_undo(Ctx *c, int64_t merge, Buf *out);

/* Where a record went that was merged away, at the end of the way, if the caller may read that. *to 0: nowhere he may know of. */
bool merge_went(Ctx *c, const Entity *e, int64_t id, int64_t *to, const char **label);
/* The merge by which it went, as long as what its undo needs is kept; 0: there is none. Whoever may know where it went. */
bool merge_that_took(Ctx *c, const Entity *e, int64_t id, int64_t *merge);
/* Of these merges the change log told, of another process or this one: what a process keeps of merged records follows (former.h).
   false: it does not yet, and is to be loaded as a whole. */
bool merge_heard(Ctx *c, const int64_t *merges, int n);
/* Was this row merged away, as it was read? */
bool merge_is_gone(const Record *r);

/* For hooks after_merge: a whole number or yes/no of another row set with the merge, and back by its undo where it still is so. */
bool merge_set(Ctx *c, int64_t merge, const Entity *e, int64_t id, int field, int64_t was,
               int64_t value);

/* For hooks after_merge: the rows of e whose link `field` led to one that was merged and leads to the survivor now. */
bool merge_moved(Ctx *c, int64_t merge, const Entity *e, int field, DbIds *out);
/* The hook led such a row to `to` (0: nowhere): the undo leaves it to the hook after_unmerge. */
bool merge_see_to(Ctx *c, int64_t merge, const Entity *e, int field, int64_t id, int64_t to);
/* For hooks after_unmerge of a record that came back: rows of e left to them whose `field` led to it before. */
bool merge_led(Ctx *c, const Entity *e, int field, int64_t was, DbIds *out);
/* Is it only by such hooks and by merges, step by step, that this link of row id leads to `now` (0: nowhere) and not to `was`? */
bool merge_led_on(Ctx *c, const Entity *e, int field, int64_t id, int64_t was, int64_t now,
                  bool *only);

/* What undo needs is forgotten behind merge.undo_days, in short writes. */
bool merge_forget(Ctx *c);

#endif
