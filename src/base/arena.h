/*
 * Memory by lifetime. Everything a request allocates lives in its arena and goes with it; nobody
 * above the floors base and db calls free(). What is not memory (a statement, a file, a lock) is
 * handed to arena_defer and undone in reverse order when the arena ends.
 *
 * An arena belongs to one thread at a time. arena_alloc never returns NULL: true exhaustion of the
 * machine aborts (nothing acknowledged is lost by that), and an arena over its cap sets a flag that
 * the gate answers with 503 (arena_over_cap).
 *
 * With -DARENA_DEBUG each allocation is its own malloc, so ASan and valgrind see every overrun.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define ZK_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define ZK_UNUSED __attribute__((unused))
#define ZK_NEVER_NULL __attribute__((returns_nonnull))
#else
#define ZK_PRINTF(f, a)
#define ZK_UNUSED
#define ZK_NEVER_NULL
#endif

typedef struct Arena Arena;

/* A new arena. cap: bytes after which arena_over_cap turns true (0: no cap). */
Arena *arena_new(size_t cap) ZK_NEVER_NULL;
/* An arena inside another: ends at the latest with its parent. For the step of a loop. */
Arena *arena_child(Arena *parent) ZK_NEVER_NULL;
/* Runs the deferred calls in reverse order and keeps one block for reuse. */
void arena_reset(Arena *a);
/* Runs the deferred calls in reverse order and gives all memory back. */
void arena_free(Arena *a);

/* n zeroed bytes, aligned for any type. Never NULL. n = 0 gives a valid pointer. */
void *arena_alloc(Arena *a, size_t n) ZK_NEVER_NULL;
/* n * size zeroed bytes; the product is checked for overflow (abort). */
void *arena_array(Arena *a, size_t n, size_t size) ZK_NEVER_NULL;
/* A copy of n bytes plus a closing NUL. */
char *arena_dup(Arena *a, const char *s, size_t n) ZK_NEVER_NULL;
/* A copy of a string; NULL stays NULL. */
char *arena_str(Arena *a, const char *s);
char *arena_printf(Arena *a, const char *fmt, ...) ZK_PRINTF(2, 3) ZK_NEVER_NULL;
char *arena_vprintf(Arena *a, const char *fmt, va_list ap) ZK_PRINTF(2, 0) ZK_NEVER_NULL;

/* fn(ptr) runs when the arena is reset or freed, last deferred first. */
void arena_defer(Arena *a, void (*fn)(void *ptr), void *ptr);
/* Runs such a call now, and not again; nothing where there is none. */
void arena_settle(Arena *a, void (*fn)(void *ptr), void *ptr);

/* Bytes handed out since the last reset, and whether that passed the cap. */
size_t arena_used(const Arena *a);
bool arena_over_cap(const Arena *a);
/* All arenas with a cap together: beyond so many bytes those larger than 64 KiB are over theirs. 0: no limit. */
void arena_limit_all(size_t bytes);

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, n, T) ((T *)arena_array((a), (size_t)(n), sizeof(T)))

#endif
