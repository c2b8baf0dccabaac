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
        int64_t before =
            round % 2 ? from + 1 +
                            (int64_t)(next_random(&s) % (uint64_t)(now - from + (INT64_C(1) << 46)))
                      : 0;
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

/* Whoever makes up a cursor names any id: what no id comes close to is not named. */
static void test_far(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    static int64_t keys[KEYS_MOST];
    int64_t now = INT64_C(7) << 48, all[] = {INT64_MAX, INT64_C(1) << 62, (INT64_C(1) << 53) - 1};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int n = read_keys(age_spans(a, now - 5, all[i], now), keys);
        assert_int_equal(held(keys, n, now), 1);
        assert_true(n < 100);
    }
    arena_free(a);
}

/* So many documents back, and how many lie there: whatever the ids are, at least as many as were asked for and, but for the
   half second that an id is made even by, no more than a part of the statistics on top. */
static void test_depth(void **state)
{
    enum { PARTS = 1000 };
    (void)state;
    uint64_t s = 362436069;
    static int64_t ids[PARTS + 1];
    for (int round = 0; round < 200; round++) {
        int64_t at = 1 << 21;
        for (int i = 0; i <= PARTS; i++) { /* half a minute to months */
            ids[i] = at;
            at += (INT64_C(1) << 26) + (int64_t)(next_random(&s) >> (24 + next_random(&s) % 13));
        }
        SearchDepth d = {.rows = PARTS * 1000, .n = PARTS + 1, .ids = ids};
        int64_t rows = 1 + (int64_t)(next_random(&s) % 900000), reached = 0;
        int64_t before = round % 2 ? ids[500 + next_random(&s) % 500] + 7 : 0;
        int64_t from = sql_search_from(&d, before, rows, &reached);
        int64_t there = before ? sql_search_between(&d, ids[0], before) : d.rows;
        if (from == SEARCH_ALL) {
            assert_true(rows > there - 1010);
            continue;
        }
        int64_t between = sql_search_between(&d, from, before);
        assert_true(between >= rows - 1 && between <= rows + rows / 4 + 1010);
        assert_true(reached >= rows && reached <= rows + rows / 8);
        assert_int_equal(from & ((1 << 20) - 1), 0);
        /* nothing is younger than the youngest counted, nothing older than the oldest */
        assert_int_equal(sql_search_between(&d, ids[PARTS] + 5, 0), 0);
        assert_int_equal(sql_search_between(&d, 0, 0), d.rows);
    }
    SearchDepth none = {0};
    int64_t reached = 3;
    assert_true(sql_search_from(&none, 0, 10, &reached) == SEARCH_ALL);
    assert_int_equal(sql_search_between(&none, 1, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spans), cmocka_unit_test(test_far),
                                       cmocka_unit_test(test_depth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
