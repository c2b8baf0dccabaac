/* Arena: order of deferred calls, children, cap, sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static char order[16];
static size_t n_order;

static void note(void *p)
{
    order[n_order++] = *(const char *)p;
}

static void deferred_runs_backwards(void **state)
{
    (void)state;
    n_order = 0;
    Arena *a = arena_new(0);
    arena_defer(a, note, (void *)(size_t) "a");
    arena_defer(a, note, (void *)(size_t) "b");
    arena_reset(a);
    assert_int_equal(n_order, 2);
    assert_memory_equal(order, "ba", 2);
    arena_free(a); /* not a second time */
    assert_int_equal(n_order, 2);
}

static void child_ends_with_parent(void **state)
{
    (void)state;
    n_order = 0;
    Arena *a = arena_new(0);
    arena_defer(a, note, (void *)(size_t) "p");
    Arena *b = arena_child(a), *c = arena_child(a), *d = arena_child(a);
    arena_defer(b, note, (void *)(size_t) "b");
    arena_defer(c, note, (void *)(size_t) "c");
    arena_defer(d, note, (void *)(size_t) "d");
    arena_free(c); /* the one in the middle leaves the chain */
    assert_memory_equal(order, "c", 1);
    arena_free(a);
    assert_int_equal(n_order, 4);
    assert_int_equal(order[3], 'p');
}

static void child_reset_is_its_own(void **state)
{
    (void)state;
    Arena *a = arena_new(0), *b = arena_child(a);
    char *keep = arena_str(a, "stays");
    for (int i = 0; i < 1000; i++) {
        arena_alloc(b, 500);
        arena_reset(b);
    }
    assert_int_equal(arena_used(b), 0);
    assert_string_equal(keep, "stays");
    arena_free(a);
}

static void memory_is_zero_aligned_and_apart(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    for (int round = 0; round < 2; round++) { /* also after a reset that keeps a block */
        unsigned char *last = NULL;
        for (size_t n = 0; n < 3000; n += 7) {
            unsigned char *p = arena_alloc(a, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xAA, n);
            assert_ptr_not_equal(p, last);
            last = p;
        }
        char *big = arena_alloc(a, 1 << 20);
        memset(big, 1, 1 << 20);
        arena_reset(a);
    }
    arena_free(a);
}

static void cap_is_told(void **state)
{
    (void)state;
    Arena *a = arena_new(1000);
    arena_alloc(a, 900);
    assert_false(arena_over_cap(a));
    assert_non_null(arena_alloc(a, 200));
    assert_true(arena_over_cap(a));
    assert_true(arena_used(a) >= 1100);
    arena_reset(a);
    assert_false(arena_over_cap(a));
    arena_free(a);
}

static void texts(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    assert_null(arena_str(a, NULL));
    assert_string_equal(arena_dup(a, "abcdef", 3), "abc");
    assert_string_equal(arena_dup(a, NULL, 0), "");
    assert_string_equal(arena_printf(a, "%s-%d", "客户", 7), "客户-7");
    arena_free(a);
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_runs_backwards),
        cmocka_unit_test(child_ends_with_parent),
        cmocka_unit_test(child_reset_is_its_own),
        cmocka_unit_test(memory_is_zero_aligned_and_apart),
        cmocka_unit_test(cap_is_told),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
