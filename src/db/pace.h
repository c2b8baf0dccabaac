/*
 * Long work in short writes. A job that changes many rows (a rule of the clock, a bulk change, an import, the sweeping of
 * what has had its time, the merging of search segments) hands each piece of it to pace_write; nobody else waits for it
 * longer than about db.hold, whatever a row costs and however the machine is loaded. How much fits is measured, not
 * guessed: by how long the last transaction held others up, its search documents and its commit included.
 *
 * Two ways, which go together: a function that goes row by row asks pace_over behind each row and stops when it is true
 * (it must then leave how far it came with its work); one that does a set at once takes pace_size rows.
 */
#ifndef DB_PACE_H
#define DB_PACE_H

#include "db/db.h"

typedef struct Pace {
    int most;           /* rows of a write at most */
    int size;           /* of the next one */
    int64_t budget_us;  /* of the next one, for its rows: what is left of db.hold for them */
    int64_t commit_us;  /* what the commit takes, as last seen */
    int64_t words;      /* what search documents take, in hundredths of what their rows do */
    int64_t longest_us; /* so far … */
    int64_t writes;     /* … of so many writes */
    bool cut;           /* pace_over has ended the write before all its rows were done */
} Pace;

/* The first write takes `first` rows, none takes more than `most`. */
void pace_init(Pace *p, int first, int most);
/* db_write, as the work of a job (Ctx.patient); inside another write it just runs fn. */
bool pace_write(Ctx *c, Pace *p, bool (*fn)(Ctx *c, void *arg), void *arg);
/* How many of the n left to hand to the next write: 1 at least where n > 0. */
int pace_size(const Pace *p, int64_t n);
/* Inside fn, behind each row: is the time of this write over? Outside pace_write: false. */
bool pace_over(const Ctx *c);
/* Deletes what has had its time, some rows a write, until none went. sql: DELETE … IN (SELECT … LIMIT $n+1),
   with params for the n before. Not inside a write. */
bool pace_delete(Ctx *c, SqlText sql, const DbVal *params, int n);
/* db.hold in µs: of SQLite, where all writes wait; on PostgreSQL, where those of the same rows do, a write may take twice
   as long. */
int64_t pace_hold_us(void);

#endif
