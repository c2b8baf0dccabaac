/*
 * What a process keeps of a table that is asked at every write (enabled rules, flows, channels that ask for events): one set
 * of rows on an arena of its own, exchanged as a whole. Readers hold a set as long as their context lives, so nobody copies
 * and nobody waits; of two readings at the same time the one that began later stays.
 */
#ifndef RECORD_KEPT_H
#define RECORD_KEPT_H

#include <pthread.h>

#include "base/ctx.h"

typedef struct KeptSet {
    Arena *a;   /* data lies here; what else must be undone with it: arena_defer */
    void *data; /* set by who reads, between kept_begin and kept_put */
    uint64_t began;
    _Atomic int refs;
} KeptSet;

typedef struct Kept {
    pthread_mutex_t lock;
    KeptSet *now;       /* under lock; NULL: nothing is kept */
    uint64_t tickets;   /* under lock */
    uint64_t forgotten; /* under lock: sets begun until then are old */
    _Atomic int n;      /* rows of the set, for who only asks whether there are any */
} Kept;

#define KEPT_NOTHING ((Kept){.lock = PTHREAD_MUTEX_INITIALIZER})

/* Before the reading begins. */
KeptSet *kept_begin(Kept *k);
/* The reading failed, or what it read must not be kept: its arena ends once nobody holds it. */
void kept_drop(KeptSet *s);
/* The set (n rows) takes the place of the former one, unless a later reading or kept_forget came first. */
void kept_put(Kept *k, KeptSet *s, int n);
/* The same for a set that was made from the one that was kept (`was`, its data, held since before the reading; NULL: none). false
   where another one is kept by now, or was forgotten: the set is dropped, and it is to be made anew. */
bool kept_swap(Kept *k, const void *was, KeptSet *s, int n);
void kept_forget(Kept *k);

/* The data that is kept, good as long as c->a lives; NULL where there is none, or where fits (or NULL) says no. */
const void *kept_hold(Ctx *c, Kept *k, bool (*fits)(const Ctx *c, const void *data));
/* The same of a set of one's own, before it is put or dropped. */
void kept_hold_this(Ctx *c, KeptSet *s);
/* Rows of the set; 0 also where nothing is kept. Takes no lock. */
int kept_count(const Kept *k);

#endif
