/* Sets of rows kept per process: the later reading stays, who holds one keeps it, what is forgotten does not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/kept.h"

static int ended;

static void note_end(void *p)
{
    (void)p;
    ended++;
}

static KeptSet *set_of(Kept *k, int *value)
{
    KeptSet *s = kept_begin(k);
    s->data = value;
    arena_defer(s->a, note_end, NULL);
    return s;
}

static bool odd(const Ctx *c, const void *data)
{
    (void)c;
    return *(const int *)data % 2 == 1;
}

static void test_exchange(void **state)
{
    (void)state;
    Kept k = KEPT_NOTHING;
    int one = 1, two = 2, three = 3;
    Ctx c = {.a = arena_new(0)};
    ended = 0;
    assert_null(kept_hold(&c, &k, NULL));
    assert_int_equal(kept_count(&k), 0);
    kept_put(&k, set_of(&k, &one), 5);
    assert_ptr_equal(kept_hold(&c, &k, NULL), &one);
    assert_int_equal(kept_count(&k), 5);
    /* two readings at a time: the one that began later stays, whichever ends last */
    KeptSet *early = set_of(&k, &two), *late = set_of(&k, &three);
    kept_put(&k, late, 7);
    kept_put(&k, early, 6);
    assert_ptr_equal(kept_hold(&c, &k, NULL), &three);
    assert_int_equal(kept_count(&k), 7);
    assert_int_equal(ended, 1); /* the early one; the first is still held */
    arena_free(c.a);
    assert_int_equal(ended, 2);
    c.a = arena_new(0);
    assert_ptr_equal(kept_hold(&c, &k, odd), &three);
    /* what began before it was forgotten is old when it comes */
    early = set_of(&k, &two);
    kept_forget(&k);
    assert_null(kept_hold(&c, &k, NULL));
    assert_int_equal(kept_count(&k), 0);
    kept_put(&k, early, 6);
    assert_null(kept_hold(&c, &k, NULL));
    kept_put(&k, set_of(&k, &two), 2);
    assert_null(kept_hold(&c, &k, odd));
    assert_ptr_equal(kept_hold(&c, &k, NULL), &two);
    KeptSet *own = set_of(&k, &one);
    kept_hold_this(&c, own);
    kept_drop(own);
    assert_int_equal(ended, 3);
    arena_free(c.a);
    assert_int_equal(ended, 5);
    kept_forget(&k);
    assert_int_equal(ended, 6);
}

typedef struct Many {
    Kept k;
    atomic_bool stop;
} Many;

static void *exchange(void *arg)
{
    Many *m = arg;
    for (int i = 0; i < 20000; i++) {
        KeptSet *s = kept_begin(&m->k);
        int *v = ARENA_NEW(s->a, int);
        *v = 41;
        s->data = v;
        kept_put(&m->k, s, 1);
        if (i % 7 == 0)
            kept_forget(&m->k);
    }
    m->stop = true;
    return NULL;
}

static void *look(void *arg)
{
    Many *m = arg;
    intptr_t wrong = 0;
    while (!m->stop) {
        Ctx c = {.a = arena_new(0)};
        const int *v = kept_hold(&c, &m->k, NULL);
        wrong += v && *v != 41;
        arena_free(c.a);
    }
    return (void *)wrong;
}

static void test_threads(void **state)
{
    (void)state;
    Many m = {.k = KEPT_NOTHING};
    pthread_t t[3];
    void *wrong;
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, i ? look : exchange, &m);
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], &wrong);
        assert_null(wrong);
    }
    kept_forget(&m.k);
}

/* A set made from the one that is kept takes its place only where that is still the one. */
static void test_swap(void **state)
{
    (void)state;
    Kept k = KEPT_NOTHING;
    int one = 1, two = 2, three = 3;
    Ctx c = {.a = arena_new(0)};
    assert_false(kept_swap(&k, &two, set_of(&k, &one), 1)); /* there is none */
    assert_true(kept_swap(&k, NULL, set_of(&k, &one), 1));
    assert_false(kept_swap(&k, NULL, set_of(&k, &two), 2));
    assert_true(kept_swap(&k, &one, set_of(&k, &two), 2));
    assert_false(kept_swap(&k, &one, set_of(&k, &three), 3));
    assert_ptr_equal(kept_hold(&c, &k, NULL), &two);
    assert_int_equal(kept_count(&k), 2);
    KeptSet *late = set_of(&k, &three);
    kept_forget(&k);
    assert_false(kept_swap(&k, NULL, late, 3)); /* begun before it was forgotten */
    assert_null(kept_hold(&c, &k, NULL));
    arena_free(c.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exchange), cmocka_unit_test(test_swap),
                                       cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
