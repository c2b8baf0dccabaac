/*
 * What a record was called before it was merged means the survivor: by its keys, its name and number, its words. Nothing is
 * kept for that beside the merged record itself, which lies in the bin and says where it went (`merged_into`), along the
 * whole way. So the undo of a merge, and the erasing of what was merged, need no second thought here.
 */
#ifndef RECORD_FORMER_H
#define RECORD_FORMER_H

#include "base/vec.h"
#include "db/sql.h"
#include "meta/filter.h"
#include "record/record.h"

enum { FORMER_KEYS = 8 };

/* The link that says what a record was merged into; NULL where records of e are not merged. */
const Field *former_link(const Entity *e);

/*
 * Writes "WITH RECURSIVE f(id, was, k0, …) AS (…": the records that those went into for which a condition on t1 holds, at
 * each step of the way, with the one that was called so (was) and the given columns of it (at most FORMER_KEYS). Between
 * the two stands the condition, behind them the SELECT … FROM f. An f.id may lie in the bin.
 */
void former_begin(Sql *q, const Entity *e, const char *const *columns, int n);
void former_end(Sql *q, const Entity *e, int n);
/* f.k0, f.k1 … by its number. */
void former_column(Sql *q, int i);

/* Was any record of e ever merged away, so that it is worth asking? */
bool former_any(Ctx *c, const Entity *e, bool *any);
/* The records that were merged into this one, and into these, with their values, the newest first; at most so many (0: all).
   FORMER_MOST: who looks for what a record was called need not look further. */
enum { FORMER_MOST = 200 };
typedef VEC(Record) Records;
bool former_records(Ctx *c, const Entity *e, int64_t id, int most, Records *out);
/* The same for several, ids only, without these themselves. */
bool former_ids(Ctx *c, const Entity *e, const int64_t *ids, int n, DbIds *out);
/* The ends of the ways from these that are alive. */
bool former_ends(Ctx *c, const Entity *e, const int64_t *ids, int n, DbIds *out);

/* What the records merged into these were called: of[i] was is[i]. The title only. */
typedef struct FormerName {
    int64_t of;
    const char *is;
} FormerName;
typedef VEC(FormerName) FormerNames;
bool former_names(Ctx *c, const Entity *e, const int64_t *ids, int n, FormerNames *out);

/*
 * Filters of views, rules, flows and figures are kept as written and may name a record that was merged away since: after
 * former_means its links mean the one it went into. Each process keeps which these are (former_load: all, at its start;
 * former_learn: of these ids, after a merge or an undo), so that it costs no statement; where nothing was merged, nothing.
 * false: as before; without an error where others learnt too much meanwhile.
 */
bool former_load(Ctx *c);
bool former_learn(Ctx *c, const Entity *e, const int64_t *ids, int n);
void former_means(Ctx *c, Filter *f);

#endif
