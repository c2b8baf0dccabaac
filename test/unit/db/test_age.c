/* db/search_age.c: the spans named hold every id of the way and no other. */
#include "helper.h"

#include "db/driver.h"

enum { SIZES = 10, KEYS_MOST = 400 };

/* As the index makes them of an id. */
static void keys_of(int64_t id, int64_t out[SIZES])
{
    for (int i = 0; i < SIZES; i++)
        out[i] = id >> (20 + 3 * i) << 4 | i;
}

static int read_keys(const char *text, int64_t *out)
{
    int n = 0;
    assert_int_equal(*text, '{');
    for (const char *p = text + 1; *p && *p != '}'; n++) {
        char *end;
        assert_true(n < KEYS_MOST);
        out[n] = strtoll(p, &end, 10);
        assert_ptr_not_equal(end, p);
        p = *end == ',' ? end + 1 : end;
    }
    return n;
}

static int held(const int64_t *keys, int n, int64_t id)
{
    int64_t own[SIZES];
    int times = 0;
    keys_of(id, own);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < SIZES; k++)
            times += keys[i] == own[k];
    return times;
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void test_spans(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    uint64_t s = 88172645463325252u;
    static int64_t keys[KEYS_MOST];
    for (int round = 0; round < 3000; round++) {
        int64_t now = (int64_t)(next_random(&s) >> (12 + next_random(&s) % 20));
        int64_t id = (int64_t)(next_random(&s) % (uint64_t)(now + 1));
        int64_t room = (int64_t)(next_random(&s) >> (20 + next_random(&s) % 30));
        int64_t from = age_even(id, room);
        assert_true(from <= id && id - from < (room > 1 << 20 ? room : 1 << 20));
        int64_t before = round % 2 ? from + 1 + (int64_t)(next_random(&s) % (uint64_t)(now + 1)) : 0;
        int n = read_keys(age_spans(a, from, before, now), keys);
        int64_t last = before ? before - 1 : now + (INT64_C(1) << 46);
        int64_t inside[] = {from, last, from + (last - from) / 2, from + (last - from) / 1000,
                            from + (int64_t)(next_random(&s) % (uint64_t)(last - from + 1))};
        for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
            assert_int_equal(held(keys, n, inside[i]), 1);
        if (from)
            assert_int_equal(held(keys, n, from - 1), 0);
        if (before) /* the last half second may reach over it */
            assert_int_equal(held(keys, n, before + (1 << 20)), 0);
        if (round % 100 == 99)
            arena_reset(a);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spans)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
