/* db/turn.c: while short questions are asked, long reads leave a core; each of them comes to its end. */
#include <pthread.h>
#include <sys/sysinfo.h>

#include "helper.h"

enum { MOST = 66, ASKED_MS = 1000 };

static _Atomic bool stop;
static _Atomic int answered;

static void *read_long(void *arg)
{
    (void)arg;
    while (!stop) {
        T *t = t_new();
        int64_t n = t_int(&t->c, "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s "
                                 "WHERE i < 3000000) SELECT sum(i) FROM s");
        if (n == INT64_C(4500001500000))
            answered++;
        t_end(t);
    }
    return NULL;
}

static int64_t computed_us(pthread_t thread)
{
    clockid_t clock;
    struct timespec t;
    assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
    assert_int_equal(clock_gettime(clock, &t), 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void test_core_left(void **state)
{
    (void)state;
    if (pg_url)
        return; /* its processes are its own */
    int turns = get_nprocs() > 2 ? get_nprocs() - 1 : 1, n = turns + 2;
    if (n > MOST)
        return; /* more readers than this test has, and than turns are kept for */
    pthread_t th[MOST];
    for (int i = 0; i < n; i++)
        assert_int_equal(pthread_create(&th[i], NULL, read_long, NULL), 0);
    int64_t began = 0, computed = 0, asked = 0;
    for (int64_t end = clock_mono_ms() + ASKED_MS + 200; clock_mono_ms() < end;) {
        T *t = t_new();
        assert_int_equal(t_int(&t->c, "SELECT 1"), 1);
        t_end(t);
        if (!began && clock_mono_ms() > end - ASKED_MS) { /* from now on all of them are long */
            began = clock_mono_us();
            for (int i = 0; i < n; i++)
                computed -= computed_us(th[i]);
        }
        asked++;
        clock_sleep_ms(2);
    }
    int64_t took = clock_mono_us() - began;
    for (int i = 0; i < n; i++)
        computed += computed_us(th[i]);
    stop = true;
    for (int i = 0; i < n; i++)
        pthread_join(th[i], NULL);
    print_message("%d readers, %d turns: %.2f cores of them, %lld short questions, %d answers\n", n,
                  turns, (double)computed / (double)took, (long long)asked, answered);
    assert_true(computed < took * turns + took / 5);
    assert_true(answered >= n); /* nobody is left out */
}

int main(void)
{
    const struct CMUnitTest tests[] = {DB_TEST(test_core_left)};
    return db_tests(tests);
}
