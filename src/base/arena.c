/*
 * The arena: blocks that double up to 64 KiB, and a list of deferred calls. See arena.h.
 * malloc and free appear here and in db drivers only.
 */
#include "base/arena.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, MAX_BLOCK = 65536, ALIGN = 16, SMALL = 65536 };

typedef struct Block Block;
struct Block {
    Block *next;
    size_t size, used;
    _Alignas(16) unsigned char data[];
};

typedef struct Deferred Deferred;
struct Deferred {
    Deferred *next;
    void (*fn)(void *);
    void *ptr;
};

struct Arena {
    Block *block; /* the newest, the one being filled */
    Deferred *deferred;
    size_t cap, total;
    size_t held; /* bytes of its blocks, where it has a cap */
    size_t next_size;
    Arena *parent;                      /* NULL for a root */
    Arena *child, *sib_next, *sib_prev; /* children end with their parent */
};

/* Of all arenas with a cap together; see arena_limit_all. */
static atomic_size_t all_held, all_most;

static void *must_malloc(size_t n)
{
    void *p = malloc(n);
    if (!p) {
        fputs("zhike: the machine has no memory left\n", stderr);
        abort();
    }
    return p;
}

#ifndef ARENA_DEBUG
/*
 * Blocks go from the arena that ends to the one that begins, on whatever thread: else each request faults its
 * memory in anew, and gives back to one thread's heap what another took. A pile for each size, 4 MiB in all.
 * Nobody waits for the piles: who finds them locked asks the heap.
 */
enum { PILES = 5, KEPT_BYTES = 4 << 20 };
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static Block *kept[PILES];
static size_t kept_bytes;

/* FIRST_BLOCK << pile == size, or PILES where no pile holds such blocks. */
static int pile_of(size_t size)
{
    int pile = 0;
    while (pile < PILES && (size_t)FIRST_BLOCK << pile != size)
        pile++;
    return pile;
}

static Block *block_take(size_t size)
{
    int pile = pile_of(size);
    if (pile == PILES || pthread_mutex_trylock(&kept_lock))
        return NULL;
    Block *b = kept[pile];
    if (b) {
        kept[pile] = b->next;
        kept_bytes -= size;
    }
    pthread_mutex_unlock(&kept_lock);
    return b;
}

/* Puts what there is room for onto the piles, under the lock; returns the rest. */
static Block *blocks_keep(Block *list)
{
    Block *rest = NULL;
    for (Block *b = list, *next; b; b = next) {
        next = b->next;
        int pile = pile_of(b->size);
        bool room = pile < PILES && kept_bytes + b->size <= KEPT_BYTES;
        Block **to = room ? &kept[pile] : &rest;
        kept_bytes += room ? b->size : 0;
        b->next = *to;
        *to = b;
    }
    return rest;
}

/* Keeps what it can of the list, and frees the rest; one turn of the lock for all. */
static void blocks_give(Block *list)
{
    Block *rest = list;
    if (!list)
        return;
    if (pthread_mutex_trylock(&kept_lock) == 0) {
        rest = blocks_keep(list);
        pthread_mutex_unlock(&kept_lock);
    }
    for (Block *b = rest, *next; b; b = next) {
        next = b->next;
        free(b);
    }
}
#else
static void blocks_give(Block *list)
{
    for (Block *b = list, *next; b; b = next) {
        next = b->next;
        free(b);
    }
}
#endif

static Block *block_new(size_t size)
{
#ifndef ARENA_DEBUG
    Block *b = block_take(size);
    if (!b)
        b = must_malloc(sizeof(Block) + size);
#else
    Block *b = must_malloc(sizeof(Block) + size);
#endif
    b->next = NULL;
    b->size = size;
    b->used = 0;
    return b;
}

Arena *arena_new(size_t cap)
{
    Arena *a = must_malloc(sizeof(Arena));
    memset(a, 0, sizeof(*a));
    a->cap = cap;
    a->next_size = FIRST_BLOCK;
    return a;
}

Arena *arena_child(Arena *parent)
{
    Arena *a = arena_new(0);
    a->parent = parent;
    a->sib_next = parent->child;
    if (parent->child)
        parent->child->sib_prev = a;
    parent->child = a;
    return a;
}

static void run_deferred(Arena *a)
{
    while (a->child)
        arena_free(a->child);
    while (a->deferred) {
        Deferred *d = a->deferred;
        a->deferred = d->next; /* unlinked first: fn may defer again */
        d->fn(d->ptr);
    }
}

static void hold(Arena *a, size_t n)
{
    if (!a->cap)
        return;
    a->held += n;
    atomic_fetch_add_explicit(&all_held, n, memory_order_relaxed);
}

/* It holds `but` bytes from now on, no more. */
static void let_go(Arena *a, size_t but)
{
    if (a->held > but) {
        atomic_fetch_sub_explicit(&all_held, a->held - but, memory_order_relaxed);
        a->held = but;
    }
}

void arena_reset(Arena *a)
{
    run_deferred(a);
    Block *keep = NULL;
#ifndef ARENA_DEBUG
    Block **at = &a->block;
    while (*at && (*at)->size > MAX_BLOCK)
        at = &(*at)->next;
    if (*at) {
        keep = *at;
        *at = keep->next;
        keep->next = NULL;
        keep->used = 0;
    }
#endif
    blocks_give(a->block);
    a->block = keep;
    a->total = 0;
    let_go(a, keep ? keep->size : 0);
}

void arena_free(Arena *a)
{
    if (!a)
        return;
    run_deferred(a);
    blocks_give(a->block);
    let_go(a, 0);
    if (a->parent) {
        if (a->sib_prev)
            a->sib_prev->sib_next = a->sib_next;
        else
            a->parent->child = a->sib_next;
        if (a->sib_next)
            a->sib_next->sib_prev = a->sib_prev;
    }
    free(a);
}

/* arena_alloc without the zeros. */
static void *take(Arena *a, size_t n)
{
    if (n > (size_t)1 << 40)
        abort(); /* a size computed wrongly; see arena_array */
    size_t need = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (need == 0)
        need = ALIGN;
    a->total += need;
#ifdef ARENA_DEBUG
    Block *d = block_new(n ? n : 1); /* exact size, so that overruns are seen */
    hold(a, n ? n : 1);
    d->next = a->block;
    a->block = d;
    return d->data;
#else
    Block *b = a->block;
    if (!b || b->size - b->used < need) {
        if (need > MAX_BLOCK / 2 && b) { /* a large one gets its own block behind the current */
            Block *big = block_new(need);
            hold(a, need);
            big->used = need;
            big->next = b->next;
            b->next = big;
            return big->data;
        }
        size_t size = a->next_size;
        if (a->next_size < MAX_BLOCK)
            a->next_size *= 2;
        if (size < need)
            size = need;
        b = block_new(size);
        hold(a, size);
        b->next = a->block;
        a->block = b;
    }
    void *p = b->data + b->used;
    b->used += need;
    return p;
#endif
}

void *arena_alloc(Arena *a, size_t n)
{
    return memset(take(a, n), 0, n ? n : 1);
}

void *arena_array(Arena *a, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        abort();
    return arena_alloc(a, n * size);
}

char *arena_dup(Arena *a, const char *s, size_t n)
{
    char *p = take(a, n + 1);
    if (n)
        memcpy(p, s, n);
    p[n] = 0;
    return p;
}

char *arena_str(Arena *a, const char *s)
{
    return s ? arena_dup(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(Arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    char *room = NULL;
    size_t left = 0;
#ifndef ARENA_DEBUG
    if (a->block) { /* most texts fit into what the block has left: written once */
        room = (char *)a->block->data + a->block->used;
        left = a->block->size - a->block->used;
    }
#endif
    int n = vsnprintf(room, left, fmt, ap);
    if (n >= 0 && (size_t)n < left) {
        va_end(again);
        return take(a, (size_t)n + 1);
    }
    char *p = arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
    vsnprintf(p, (size_t)(n < 0 ? 0 : n) + 1, fmt, again);
    va_end(again);
    return p;
}

char *arena_printf(Arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *p = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

void arena_defer(Arena *a, void (*fn)(void *), void *ptr)
{
    Deferred *d = arena_alloc(a, sizeof(*d));
    d->fn = fn;
    d->ptr = ptr;
    d->next = a->deferred;
    a->deferred = d;
}

void arena_settle(Arena *a, void (*fn)(void *), void *ptr)
{
    for (Deferred **at = &a->deferred; *at; at = &(*at)->next)
        if ((*at)->fn == fn && (*at)->ptr == ptr) {
            *at = (*at)->next;
            fn(ptr);
            return;
        }
}

size_t arena_used(const Arena *a)
{
    return a->total;
}

void arena_limit_all(size_t bytes)
{
    atomic_store(&all_most, bytes);
}

bool arena_over_cap(const Arena *a)
{
    if (!a->cap || a->total <= SMALL)
        return a->cap && a->total > a->cap;
    size_t most = atomic_load_explicit(&all_most, memory_order_relaxed);
    return a->total > a->cap ||
           (most && atomic_load_explicit(&all_held, memory_order_relaxed) > most);
}
