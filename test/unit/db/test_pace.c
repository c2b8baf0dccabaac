/* db/pace.h: long work is cut by time, whatever a row costs; what is deleted in blocks is deleted whole. */
#include "base/clock.h"
#include "base/meter.h"
#include "db/pace.h"
#include "helper.h"

static const Plan no_plan = {.n = 0, .format = 1, .program = "test"};

static bool make(Ctx *c, void *arg)
{
    static const PlanColumn cols[] = {{.name = "id", .type = COL_INT},
                                      {.name = "at", .type = COL_INT}};
    static const PlanTable table = {.name = "thing", .columns = cols, .n_columns = 2};
    (void)arg;
    if (!migrate_table(c, &table))
        return false;
    for (int64_t i = 1; i <= 1000; i++) {
        DbVal p[] = {db_of_int(i), db_of_int(i % 10)};
        if (!db_exec(c, SQL("INSERT INTO \"thing\" (\"id\", \"at\") VALUES ($1, $2)"), p, 2))
            return false;
    }
    return true;
}

typedef struct Work {
    int asked, done;
    int64_t row_us; /* a row keeps a core busy for so long */
    bool over_after;
} Work;

static void burn(int64_t us)
{
    int64_t until = clock_thread_us() + us;
    while (clock_thread_us() < until)
        continue;
}

static bool rows(Ctx *c, void *arg)
{
    Work *w = arg;
    assert_true(c->patient);
    for (w->done = 0; w->done < w->asked && (w->done == 0 || !pace_over(c)); w->done++)
        burn(w->row_us);
    return true;
}

/* A row of 2 ms and a thousand of them: a write ends by itself, and the next is handed fewer; a row that is longer than
   all the time there is still goes, one a write. */
static void test_cut(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    Pace p;
    pace_init(&p, 1000, 1000);
    Work w = {.asked = pace_size(&p, 5000), .row_us = 2000};
    assert_int_equal(w.asked, 1000);
    OK(c, pace_write(c, &p, rows, &w));
    assert_true(p.cut && w.done >= 1 && w.done <= 1 + pace_hold_us() / 2000);
    assert_true(p.longest_us >= w.done * 2000 && c->held_us == p.longest_us);
    assert_int_equal(p.size, 750);
    assert_false(c->patient);
    assert_null(c->pace);
    assert_false(pace_over(c)); /* of nothing */
    w = (Work){.asked = 3, .row_us = pace_hold_us() * 2};
    OK(c, pace_write(c, &p, rows, &w));
    assert_int_equal(w.done, 1);
    int before = p.size;
    w = (Work){.asked = 1, .row_us = pace_hold_us() * 2};
    OK(c, pace_write(c, &p, rows, &w)); /* a set at once, too long: half of it */
    assert_false(p.cut);
    assert_int_equal(p.size, before / 2);
    assert_int_equal(pace_size(&p, 7), 7);
    assert_int_equal(pace_size(&p, 0), 0);
    t_end(t);
}

/* What takes no time may grow up to its most; how soon depends on the disk, that it does not. */
static void test_grow(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    Pace p;
    pace_init(&p, 1, 64);
    for (int i = 0; p.size < 64; i++) {
        assert_true(i < 5000);
        Work w = {.asked = 1};
        OK(c, pace_write(c, &p, rows, &w));
    }
    Work w = {.asked = 1};
    OK(c, pace_write(c, &p, rows, &w));
    assert_true(p.size <= 64);
    t_end(t);
}

typedef struct Inner {
    Pace *p;
    Work w;
} Inner;

static bool outer(Ctx *c, void *arg)
{
    Inner *in = arg;
    c->patient = true; /* what rows() looks at */
    bool ok = pace_write(c, in->p, rows, &in->w);
    c->patient = false;
    return ok;
}

/* Inside another write nothing is cut or learnt: the whole is one transaction. */
static void test_nested(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    Pace p;
    pace_init(&p, 5, 5);
    Inner in = {.p = &p, .w = {.asked = 20, .row_us = 2000}};
    OK(c, db_write(c, outer, &in));
    assert_int_equal(in.w.done, 20);
    assert_int_equal(p.writes, 0);
    t_end(t);
}

static void test_delete(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    int64_t n;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    OK(c, db_write(c, make, NULL));
    int64_t before = meter_value(METER_COMMITS);
    DbVal v[] = {db_of_int(5)};
    OK(c, pace_delete(c,
                      SQL("DELETE FROM \"thing\" WHERE \"id\" IN (SELECT \"id\" FROM \"thing\" "
                          "WHERE \"at\" < $1 LIMIT $2)"),
                      v, 1));
    assert_true(meter_value(METER_COMMITS) - before >= 3); /* 100, at most 200, the rest */
    OK(c, db_one_int(c, SQL("SELECT count(*) FROM \"thing\""), NULL, 0, &n, NULL));
    assert_int_equal(n, 500);
    OK(c, db_one_int(c, SQL("SELECT count(*) FROM \"thing\" WHERE \"at\" < 5"), NULL, 0, &n, NULL));
    assert_int_equal(n, 0);
    t_end(t);
}

/* A block that takes one row is no end either: what is left is looked for until there is nothing. */
static void test_delete_one_by_one(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    int64_t n;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    OK(c, db_write(c, make, NULL));
    OK(c, pace_delete(c,
                      SQL("DELETE FROM \"thing\" WHERE \"id\" IN (SELECT min(\"id\") FROM "
                          "\"thing\" WHERE \"id\" <= 5 AND $1 > 0)"),
                      NULL, 0));
    OK(c, db_one_int(c, SQL("SELECT count(*) FROM \"thing\""), NULL, 0, &n, NULL));
    assert_int_equal(n, 995);
    t_end(t);
}

/* The figures of the operator: each write is one, the longest is no shorter than any. */
static void test_figures(void **state)
{
    (void)state;
    T *t = t_new();
    Ctx *c = &t->c;
    DbFigures before, now;
    OK(c, migrate_run(c, &no_plan, false, NULL));
    db_figures(c->db, &before);
    Pace p;
    pace_init(&p, 1, 1);
    Work w = {.asked = 1, .row_us = 30000};
    OK(c, pace_write(c, &p, rows, &w));
    db_figures(c->db, &now);
    assert_int_equal(now.hold[1].n - before.hold[1].n, 1);
    assert_true(now.hold[1].longest_us >= 30000 && now.hold[1].rows_us >= 30000 &&
                now.hold[1].core_us >= 30000);
    assert_int_equal(now.hold[1].under[3], before.hold[1].under[3]); /* 20 ms */
    assert_true(now.hold[1].sum_us - before.hold[1].sum_us >= 30000);
    assert_int_equal(now.hold[0].n, before.hold[0].n);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {DB_TEST(test_cut),
                                       DB_TEST(test_grow),
                                       DB_TEST(test_nested),
                                       DB_TEST(test_delete),
                                       DB_TEST(test_delete_one_by_one),
                                       DB_TEST(test_figures)};
    return db_tests(tests);
}
