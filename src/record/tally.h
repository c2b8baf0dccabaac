/*
 * Counting rows: how many, by the values of a field and by spans of time, with sums over numbers. The one
 * mechanism behind groups of a list, its foot, and every metric. The statement groups where the engine does that well; on
 * SQLite, which would sort every row for it, the rows of a small number of groups are counted here as they come.
 */
#ifndef RECORD_TALLY_H
#define RECORD_TALLY_H

#include "record/record.h"

enum { TALLY_SUMS = 6, TALLY_PERIODS = 400, TALLY_CELLS = 60000 };

typedef struct TallyAsk {
    const Entity *e;
    const Filter *f;     /* with the scope of whoever reads */
    const ListQuery *lq; /* deleted, archived, q */
    const Field *by;     /* tally_may_group; or NULL */
    /* A date or datetime field, and where its spans begin: n_periods + 1 ascending ends, ms or (date) days since 1970.
       f must hold for no row outside of them. */
    const Field *time;
    const int64_t *ends;
    int n_periods;
    const Field *sums[TALLY_SUMS]; /* tally_may_sum */
    int n_sums;
    bool spread;           /* of the sums also how many have a value, least and most */
    const Filter *hit;     /* how many of them also fit this; or NULL */
    const Field *distinct; /* how many values it has; or NULL */
    int most; /* the largest groups at most (without time only), 0: all; more than TALLY_CELLS cells are an error */
} TallyAsk;

typedef struct TallySum {
    int64_t filled; /* rows with a value; without spread only 0 or more than 0 */
    DbVal total, least,
        most; /* as stored; DB_NULL where nothing is filled (least, most: without spread, too) */
} TallySum;

typedef struct TallyCell {
    DbVal group; /* DB_NULL: no value */
    int period;  /* index into ends, 0 without time */
    int64_t n, hits, distinct;
    TallySum sums[TALLY_SUMS];
} TallyCell;

/* *out, *out_n: the cells that have rows, in no order (with most: the largest first); one cell where nothing is
   grouped, also where no row is. */
bool tally_read(Ctx *c, const TallyAsk *ask, TallyCell **out, int *out_n);
/* Adds the figures of b to a (not distinct: values may be in both). false: too large for a number. */
bool tally_join(Ctx *c, TallyCell *a, const TallyCell *b, int n_sums);

/* May rows be grouped by it, summed over it? */
bool tally_may_group(const Field *f);
bool tally_may_sum(const Field *f);
/* A field the caller reads in clear everywhere: ERR_UNKNOWN_FIELD under param, or ERR_BAD_REQUEST where masked. */
const Field *tally_field(Ctx *c, const Entity *e, const char *name, const char *param);

/* Labels of the groups of cells, and one group inside an object: "value", "label" and "color" where it has one. */
bool tally_labels(Ctx *c, const Field *by, const TallyCell *cells, int n, LinkLabels **out);
void tally_write_group(Ctx *c, const Field *by, const LinkLabels *labels, const DbVal *v, Jw *w);

#endif
