/* Sets of rows, counted by who holds them. See kept.h. */
#include "record/kept.h"

#include <stdatomic.h>

KeptSet *kept_begin(Kept *k)
{
    Arena *a = arena_new(0);
    KeptSet *s = ARENA_NEW(a, KeptSet);
    *s = (KeptSet){.a = a, .refs = 1};
    pthread_mutex_lock(&k->lock);
    s->began = ++k->tickets;
    pthread_mutex_unlock(&k->lock);
    return s;
}

static void let_go(void *arg)
{
    KeptSet *s = arg;
    if (atomic_fetch_sub(&s->refs, 1) == 1)
        arena_free(s->a);
}

void kept_drop(KeptSet *s)
{
    if (s)
        let_go(s);
}

void kept_put(Kept *k, KeptSet *s, int n)
{
    pthread_mutex_lock(&k->lock);
    bool late = s->began <= k->forgotten || (k->now && k->now->began > s->began);
    KeptSet *old = late ? s : k->now;
    if (!late) {
        k->now = s;
        atomic_store_explicit(&k->n, n, memory_order_relaxed);
    }
    pthread_mutex_unlock(&k->lock);
    kept_drop(old);
}

bool kept_swap(Kept *k, const void *was, KeptSet *s, int n)
{
    pthread_mutex_lock(&k->lock);
    bool fits = s->began > k->forgotten && (k->now ? k->now->data : NULL) == was;
    KeptSet *old = fits ? k->now : s;
    if (fits) {
        k->now = s;
        atomic_store_explicit(&k->n, n, memory_order_relaxed);
    }
    pthread_mutex_unlock(&k->lock);
    kept_drop(old);
    return fits;
}

void kept_forget(Kept *k)
{
    pthread_mutex_lock(&k->lock);
    KeptSet *old = k->now;
    k->now = NULL;
    k->forgotten = k->tickets;
    atomic_store_explicit(&k->n, 0, memory_order_relaxed);
    pthread_mutex_unlock(&k->lock);
    kept_drop(old);
}

void kept_hold_this(Ctx *c, KeptSet *s)
{
    atomic_fetch_add(&s->refs, 1);
    arena_defer(c->a, let_go, s);
}

const void *kept_hold(Ctx *c, Kept *k, bool (*fits)(const Ctx *c, const void *data))
{
    pthread_mutex_lock(&k->lock);
    KeptSet *s = k->now && (!fits || fits(c, k->now->data)) ? k->now : NULL;
    if (s)
        atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&k->lock);
    if (s)
        arena_defer(c->a, let_go, s);
    return s ? s->data : NULL;
}

int kept_count(const Kept *k)
{
    return atomic_load_explicit(&k->n, memory_order_relaxed);
}
