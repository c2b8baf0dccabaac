/* The keeper's duties, one tick at a time. */
#ifndef WORK_KEEPER_H
#define WORK_KEEPER_H

#include "db/sql.h"

typedef struct Keeper {
    Db *db;
    const char *dir;
    void (*heard)(int64_t id, const char *topic, int64_t ref); /* or NULL; see work.h */
    int64_t seen;                                              /* newest change_log id followed */
    bool
        merge_again; /* what was merged is to be read as a whole at the next tick: it could not be, or not for long */
    int64_t head; /* of the audit chain, when last looked */
    int64_t next_lease, next_seal, next_sweep, next_bin, next_remind, next_sample, next_rules,
        next_measure, next_tend, next_give_back; /* monotonic ms */
    int64_t sealed;      /* when the audit log was last looked at, monotonic ms */
    int tended;          /* the entity whose search table is cared for … */
    SearchTend tend;     /* … where its last step stands */
    int64_t words_since; /* … and since when words of erased records are to go from it, or 0 */
    int64_t ahead;       /* the wall clock of the monotonic, at the last tick */
} Keeper;

/* Follows the change log and runs what is due. written: this process has committed something since the last tick. Returns
   in how many ms it wants to be called again, if nothing is committed before; less than a second. */
int64_t keeper_tick(Keeper *k, bool written);

#endif
