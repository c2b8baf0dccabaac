/* Ids: unique and rising from eight threads, a clock that goes back, nodes. id.c is compiled in with a clock of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"

static _Atomic int64_t fake_ms;

static int64_t fake_now(void)
{
    return atomic_load(&fake_ms);
}

#define clock_now_ms fake_now
#include "base/id.c"
#undef clock_now_ms

enum { THREADS = 8, EACH = 100000 };
static int64_t made[THREADS][EACH];

static void *make(void *p)
{
    int64_t *out = p;
    for (int i = 0; i < EACH; i++) {
        out[i] = id_new();
        if (i % 100 == 0)
            atomic_fetch_add(&fake_ms, i % 3 ? 1 : -1); /* a clock that also steps back */
    }
    return NULL;
}

static int by_value(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static void threads(void **state)
{
    (void)state;
    atomic_store(&fake_ms, EPOCH_MS + 1000);
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, make, made[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < THREADS; i++)
        for (int k = 1; k < EACH; k++)
            if (made[i][k] <= made[i][k - 1])
                fail_msg("thread %d: id %d does not rise", i, k);
    int64_t *all = &made[0][0];
    qsort(all, (size_t)THREADS * EACH, sizeof *all, by_value);
    for (size_t i = 1; i < (size_t)THREADS * EACH; i++)
        if (all[i] == all[i - 1])
            fail_msg("id %lld twice", (long long)all[i]);
}

static void clock_back(void **state)
{
    (void)state;
    atomic_store(&fake_ms, EPOCH_MS + 50000000);
    int64_t first = id_new();
    assert_int_equal(id_ms(first), EPOCH_MS + 50000000);
    atomic_store(&fake_ms, EPOCH_MS + 10);
    int64_t last = first;
    for (int i = 0; i < 1000; i++) { /* more than a ms has room for */
        int64_t id = id_new();
        assert_true(id > last);
        last = id;
    }
    assert_true(id_ms(last) >= EPOCH_MS + 50000007);
    atomic_store(&fake_ms, 0); /* before 2026 */
    assert_true(id_new() > last);
}

static void nodes_and_floor(void **state)
{
    (void)state;
    atomic_store(&fake_ms, EPOCH_MS + 60000000);
    id_set_node(5);
    int64_t id = id_new();
    assert_int_equal(id >> 7 & 15, 5);
    int64_t foreign = ((INT64_C(70000000)) << 11) | 15 << 7 | 3; /* node 15, later than our clock */
    id_not_before(foreign);
    assert_true(id_new() > foreign);
    id_not_before(1);
    assert_true(id_new() > foreign);
    id_not_before(0);
    id_not_before(-5);
    assert_true(id_new() < INT64_C(1) << 53);
    id_set_node(0);
}

/* Names of work: 32 hex digits, none twice. */
static void traces_differ(void **state)
{
    (void)state;
    enum { N = 2000 };
    static char names[N][33];
    for (int i = 0; i < N; i++) {
        id_trace(names[i]);
        assert_int_equal(strspn(names[i], "0123456789abcdef"), 32);
        assert_int_equal(names[i][32], 0);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads), cmocka_unit_test(clock_back),
                                       cmocka_unit_test(nodes_and_floor),
                                       cmocka_unit_test(traces_differ)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
