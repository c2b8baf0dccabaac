/*
 * malloc, calloc, realloc of the whole process, libraries included: memory that is refused ends the process with a
 * sentence, as in arena.c. Libraries that go on without it go on wrongly: json-c leaves out the member, and a record
 * would be saved without a field that its author filled in. What was acknowledged is on disk; a restart is safe.
 *
 * Only for what any request needs. Who asks for more than LARGE at once may be refused and has to look at the answer,
 * as the readers of foreign files do: a file that claims to be huge must not end the server.
 * The sanitizers bring their own functions of these names.
 */
#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

/* Free memory at the top of the heap that malloc keeps: else requests fault it in again and again. */
enum { KEEP_FREE = 4 << 20 };

void memory_begin(void)
{
    /* A heap for each core, not eight: our hundred threads would else hold what is free in each of sixteen and more, and it
       grew for hours. Two where there is one core, so that who computes long does not keep the lock of the others. */
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    mallopt(M_ARENA_MAX, cores > 2 ? (int)cores : 2);
    mallopt(M_TRIM_THRESHOLD, KEEP_FREE);
}

void memory_give_back(void)
{
    malloc_trim(KEEP_FREE);
}

void memory_heap(int64_t *out_used, int64_t *out_free)
{
    struct mallinfo2 m = mallinfo2();
    *out_used = (int64_t)(m.uordblks + m.hblkhd);
    *out_free = (int64_t)m.fordblks;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_OWN_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_MALLOC 1
#endif
#endif

#ifndef HAS_OWN_MALLOC
enum { LARGE = 1 << 20 };

/* glibc's own, under the names it gives those who stand in front of them */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static void *checked(void *p, size_t n)
{
    static const char words[] = "zhike: the machine has no memory left\n";
    if (p || n == 0 || n > LARGE)
        return p;
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    abort();
}

void *malloc(size_t n)
{
    return checked(__libc_malloc(n), n);
}

void *calloc(size_t n, size_t size)
{
    size_t all;
    return checked(__libc_calloc(n, size), __builtin_mul_overflow(n, size, &all) ? SIZE_MAX : all);
}

void *realloc(void *p, size_t n)
{
    return checked(__libc_realloc(p, n), n);
}
#endif
