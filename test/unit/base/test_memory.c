/*
 * What is freed between what stays goes back to the system when it is asked for, and what stays is whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/memory.h"

enum { THREADS = 8, PIECES = 8000, SIZE = 1000, STAY = 100 }; /* one of STAY stays */

static char *pieces[THREADS][PIECES];
static pthread_barrier_t all_full;

static void *fill(void *arg)
{
    char **mine = arg;
    for (int i = 0; i < PIECES; i++) {
        mine[i] = malloc(SIZE);
        if (!mine[i])
            abort();
        memset(mine[i], i % 127, SIZE);
    }
    pthread_barrier_wait(&all_full); /* who begins later does not take what another has freed */
    for (int i = 0; i < PIECES; i++)
        if (i % STAY != 0) {
            free(mine[i]);
            mine[i] = NULL;
        }
    return NULL;
}

/* Wherever its pages are. */
static long own_kb(void)
{
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "RssAnon:", 8) == 0 || strncmp(line, "VmSwap:", 7) == 0)
            kb += strtol(strchr(line, ':') + 1, NULL, 10);
    if (f)
        fclose(f);
    return kb;
}

static void free_pieces_go_back(void **state)
{
    (void)state;
    pthread_t t[THREADS];
    int64_t used, rest, used_then, rest_then;
    memory_begin();
    pthread_barrier_init(&all_full, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, fill, pieces[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    memory_heap(&used, &rest);
    if (used + rest < (int64_t)THREADS * PIECES * SIZE / 2)
        skip(); /* a sanitizer has a heap of its own */
    long before = own_kb();
    memory_give_back();
    long after = own_kb();
    memory_heap(&used_then, &rest_then);
    /* 64 MB were taken and nearly all of it freed, what stays keeps a page in twenty-five */
    assert_true(before - after > (long)THREADS * PIECES * SIZE / 1024 / 2);
    assert_true(used_then < used + (1 << 20)); /* nothing of what stays is counted twice, or lost */
    assert_true(used_then > (int64_t)THREADS * PIECES / STAY * SIZE);
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < PIECES; k += STAY) {
            assert_int_equal(pieces[i][k][0], k % 127);
            assert_int_equal(pieces[i][k][SIZE - 1], k % 127);
            free(pieces[i][k]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(free_pieces_go_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
