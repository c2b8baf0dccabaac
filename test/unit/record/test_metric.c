/* Metrics: spans of the calendar, the two ways of counting agree, samples once a day and within a scope, no sum wraps. */
#include "house.h"
#include "record/metric/impl.h"

static int64_t day(const char *text)
{
    return clock_day_number(text);
}

static void is_day(int64_t number, const char *text)
{
    char out[11];
    clock_day_text(number, out);
    assert_string_equal(out, text);
}

static void test_spans(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    static const struct {
        Period p;
        const char *day, *start, *next, *name;
    } cases[] = {
        {PERIOD_DAY, "2024-02-29", "2024-02-29", "2024-03-01", "2024-02-29"},
        {PERIOD_WEEK, "2024-12-31", "2024-12-30", "2025-01-06", "2025-W01"},
        {PERIOD_WEEK, "2021-01-03", "2020-12-28", "2021-01-04", "2020-W53"},
        {PERIOD_WEEK, "1969-12-31", "1969-12-29", "1970-01-05", "1970-W01"},
        {PERIOD_MONTH, "2024-02-29", "2024-02-01", "2024-03-01", "2024-02"},
        {PERIOD_MONTH, "2026-12-31", "2026-12-01", "2027-01-01", "2026-12"},
        {PERIOD_QUARTER, "2026-11-22", "2026-10-01", "2027-01-01", "2026-Q4"},
        {PERIOD_QUARTER, "2026-03-31", "2026-01-01", "2026-04-01", "2026-Q1"},
        {PERIOD_YEAR, "2024-02-29", "2024-01-01", "2025-01-01", "2024"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t start = period_start(cases[i].p, day(cases[i].day));
        is_day(start, cases[i].start);
        is_day(period_shift(cases[i].p, start, 1), cases[i].next);
        assert_int_equal(period_shift(cases[i].p, period_shift(cases[i].p, start, 5), -5), start);
        assert_string_equal(period_name(a, cases[i].p, start), cases[i].name);
    }
    is_day(period_year_before(PERIOD_DAY, day("2024-02-29")), "2023-02-28");
    is_day(period_year_before(PERIOD_MONTH, day("2025-03-01")), "2024-03-01");
    is_day(period_year_before(PERIOD_WEEK, day("2025-01-06")), "2024-01-08");
    Period p;
    assert_false(period_parse("", &p));
    assert_false(period_parse("hour", &p));
    assert_true(period_parse("quarter", &p));
    /* every day lies in its span, and spans follow each other without a gap, up to the ends of the calendar */
    for (int64_t d = day("2019-12-20"); d < day("2029-01-10"); d++)
        for (p = PERIOD_DAY; p <= PERIOD_YEAR; p++) {
            int64_t start = period_start(p, d), next = period_shift(p, start, 1);
            assert_true(start <= d && d < next);
            assert_int_equal(period_start(p, next - 1), start);
        }
    is_day(period_start(PERIOD_YEAR, day("0001-06-01")), "0001-01-01");
    is_day(period_shift(PERIOD_DAY, day("9999-12-31"), 7), "9999-12-31");
    is_day(period_shift(PERIOD_MONTH, day("0001-01-01"), -1), "0001-01-01");
    arena_free(a);
}

static bool set_row(Ctx *c, void *arg)
{
    const DbVal *p = arg;
    return db_exec(c,
                   SQL("UPDATE customer SET created_at = $2, annual_revenue = $3, level = $4 "
                       "WHERE id = $1"),
                   p, 4);
}

static const TallyCell *cell_at(const TallyCell *list, int n, int period, const char *group)
{
    for (int i = 0; i < n; i++)
        if (list[i].period == period &&
            (group ? list[i].group.kind == DB_TEXT && strcmp(list[i].group.s, group) == 0
                   : list[i].group.kind == DB_NULL))
            return &list[i];
    return NULL;
}

/* With distinct the engine groups (tree of spans), without it SQLite counts row by row: the same cells. */
static void test_two_ways(void **state)
{
    (void)state;
    T *t = t_as("boss");
    const Entity *e = ent(t, "customer");
    static const char *const levels[] = {"key", "normal", NULL};
    enum { N = 90, SPANS = 7 };
    int64_t ends[SPANS + 1];
    for (int i = 0; i <= SPANS; i++)
        ends[i] = 1000 * (int64_t)i;
    for (int i = 0; i < N; i++) {
        int64_t id = make_customer(t, arena_printf(t->a, "两路%d有限公司", i),
                                   arena_printf(t->a, "137%08d", i));
        DbVal p[] = {db_of_int(id), db_of_int((i * 37) % 7000),
                     i % 5 ? db_of_int(i * 100) : db_null(), db_of_text(levels[i % 3])};
        OK(t, db_write(&t->c, set_row, p));
    }
    static const ListQuery live;
    DbVal lo = db_of_int(0), hi = db_of_int(7000);
    const Field *time = entity_field(e, "created_at");
    Filter *f = filter_and(t->a, filter_leaf(t->a, time, OP_GE, &lo, 1),
                           filter_leaf(t->a, time, OP_LT, &hi, 1));
    DbVal key = db_of_text("key");
    TallyAsk ask = {.e = e,
                    .f = f,
                    .lq = &live,
                    .by = entity_field(e, "level"),
                    .time = time,
                    .ends = ends,
                    .n_periods = SPANS,
                    .sums = {entity_field(e, "annual_revenue")},
                    .n_sums = 1,
                    .spread = true,
                    .hit = filter_leaf(t->a, entity_field(e, "level"), OP_EQ, &key, 1)};
    TallyCell *one, *two;
    int n_one, n_two;
    OK(t, tally_read(&t->c, &ask, &one, &n_one));
    ask.distinct = entity_field(e, "industry");
    OK(t, tally_read(&t->c, &ask, &two, &n_two));
    assert_int_equal(n_one, n_two);
    int64_t all = 0;
    for (int i = 0; i < n_one; i++) {
        const TallyCell *x = &one[i];
        const char *group = x->group.kind == DB_TEXT ? x->group.s : NULL;
        const TallyCell *y = cell_at(two, n_two, x->period, group);
        assert_non_null(y);
        assert_int_equal(x->n, y->n);
        assert_int_equal(x->hits, y->hits);
        assert_int_equal(x->hits, group && strcmp(group, "key") == 0 ? x->n : 0);
        assert_int_equal(x->sums[0].filled, y->sums[0].filled);
        assert_int_equal(x->sums[0].total.i, y->sums[0].total.i);
        assert_int_equal(x->sums[0].least.i, y->sums[0].least.i);
        assert_int_equal(x->sums[0].most.i, y->sums[0].most.i);
        assert_int_equal(y->distinct, 1);
        all += x->n;
    }
    assert_int_equal(all, N);
    t_end(t);
}

static void test_no_wrap(void **state)
{
    (void)state;
    T *t = t_as("boss");
    TallyCell a = {.sums = {{.filled = 1, .total = db_of_int(INT64_MAX)}}};
    TallyCell b = {.sums = {{.filled = 1, .total = db_of_int(1)}}};
    assert_false(tally_join(&t->c, &a, &b, 1));
    ERR_IS(t, ERR_BAD_REQUEST, NULL);
    t_end(t);
}

static const JobKind kinds[] = {{"metric_daily", metric_daily_job}, {NULL, NULL}};

static void test_daily(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    job_register(kinds);
    OK(t, metric_seed(&t->c));
    OK(t, metric_seed(&t->c));
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM metric_def WHERE name = 'customers' AND $1 = 0"), 0), 1);
    T *rep = t_as("rep"), *other = t_as("rep2");
    make_customer(rep, "采样一有限公司", "13700137001");
    make_customer(rep, "采样二有限公司", "13700137002");
    make_customer(other, "采样三有限公司", "13700137003");
    for (int i = 0; i < 3; i++) /* of several processes, or several looks */
        OK(t, metric_daily_due(&t->c));
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM job WHERE kind = 'metric_daily' AND $1 = 0"), 0), 1);
    Job job = {0};
    bool found = false;
    OK(t, job_claim(&t->c, "test", 30000, &job, &found));
    assert_true(found);
    for (int i = 0; i < 2; i++) /* killed behind a metric, run again: a sample stands once */
        OK(t, metric_daily_job(&t->c, &job));
    assert_int_equal(
        t_int(t,
              SQL("SELECT SUM(d.records) FROM metric_daily d JOIN metric_def m ON m.id = "
                  "d.metric_id WHERE m.name = 'customers' AND $1 = 0"),
              0),
        3);
    /* each reads his part of it; the next day is another sample */
    MetricDef def;
    Metric m;
    TallyCell cell;
    bool known = false;
    int64_t today = house_day(t->c.now_ms), ends[] = {today - 1, today};
    static const struct {
        const char *login;
        int64_t n;
    } readers[] = {{"rep", 2}, {"rep2", 1}, {"lead", 2}, {"boss", 3}};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        T *r = t_as(readers[i].login);
        OK(r, metric_find(&r->c, "customers", &def));
        OK(r, metric_open(&r->c, &def, &m));
        OK(r, daily_read(&r->c, &m, ends, 1, &cell, &known));
        assert_true(known);
        assert_int_equal(cell.n, readers[i].n);
        t_end(r);
    }
    T *sys = t_as("sys");
    OK(sys, metric_find(&sys->c, "customers", &def));
    assert_false(metric_open(&sys->c, &def, &m));
    ERR_IS(sys, ERR_FORBIDDEN, NULL);
    t->c.now_ms += 86400000;
    OK(t, metric_daily_due(&t->c));
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM job WHERE kind = 'metric_daily' AND $1 = 0"), 0), 2);
    t_end(sys);
    t_end(other);
    t_end(rep);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_spans),
        HOUSE_TEST(test_two_ways),
        HOUSE_TEST(test_no_wrap),
        HOUSE_TEST(test_daily),
    };
    return house_run(tests);
}
