/* The keeper, a tick at a time: what it could not read of a change it reads again. */
#include "../record/house.h"

#include "db/driver.h"
#include "meta/filter.h"
#include "record/former.h"
#include "work/keeper.h"

/* A driver in front of the house's own, that fails each statement which begins so. */
static struct {
    const Driver *real;
    Driver driver;
    DriverAsk ask;
    const char *fails; /* NULL: none */
    int n;
} shut;

static bool shut_query(Ctx *c, DbRows *r, const char *text, const DbVal *p, int n)
{
    if (shut.fails && strncmp(text, shut.fails, strlen(shut.fails)) == 0) {
        shut.n++;
        return ctx_fail_detail(c, ERR_INTERNAL, "made to fail", "err.internal");
    }
    return shut.real->ask->query(c, r, text, p, n);
}

static void shut_begin(const char *fails)
{
    shut.real = house_db->drv;
    shut.driver = *shut.real;
    shut.ask = *shut.real->ask;
    shut.ask.query = shut_query;
    shut.driver.ask = &shut.ask;
    shut.fails = fails;
    shut.n = 0;
    house_db->drv = &shut.driver;
}

static void shut_end(void)
{
    house_db->drv = shut.real;
}

static Keeper only_follows(void)
{
    return (Keeper){.db = house_db,
                    .dir = house_dir,
                    .next_lease = INT64_MAX,
                    .next_seal = INT64_MAX,
                    .next_sweep = INT64_MAX,
                    .next_bin = INT64_MAX,
                    .next_remind = INT64_MAX,
                    .next_sample = INT64_MAX,
                    .next_rules = INT64_MAX,
                    .next_measure = INT64_MAX,
                    .next_tend = INT64_MAX,
                    .next_give_back = INT64_MAX};
}

/* As another process merges one into the other. */
static bool merge_elsewhere(Ctx *c, void *arg)
{
    return merge_them(c, arg) && db_change(c, "merge", 1);
}

/* What a kept filter that names the record means now. */
static int64_t means(int64_t id)
{
    T *t = t_as(NULL);
    const Field *f = entity_field(ent(t, "contact"), "customer");
    DbVal v = db_of_int(id);
    Filter *x = filter_leaf(t->a, f, OP_EQ, &v, 1);
    former_means(&t->c, x);
    int64_t out = x->vals[0].i;
    t_end(t);
    return out;
}

static void what_was_merged_is_read_again_where_it_could_not_be_read(void **state)
{
    (void)state;
    Keeper k = only_follows();
    T *t = t_as("boss");
    Pair m = {.from = make_customer(t, "去了有限公司", "13900000001"),
              .into = make_customer(t, "留下有限公司", "13900000002")};
    (void)keeper_tick(&k, false);
    OK(t, db_write(&t->c, merge_elsewhere, &m));
    db_release(&t->c);
    t_end(t);
    shut_begin("SELECT t1.\"id\"");
    (void)keeper_tick(&k, false);
    int failed = shut.n;
    int64_t then = means(m.from);
    (void)keeper_tick(&k, false);
    int again = shut.n;
    shut_end();
    assert_int_equal(failed, 1);
    assert_int_equal(then, m.from);
    assert_int_equal(again,
                     2); /* tried anew while it cannot be read, and nothing else was merged */
    (void)keeper_tick(&k, false);
    assert_int_equal(means(m.from), m.into);
    shut_begin("SELECT t1.\"id\"");
    (void)keeper_tick(&k, false);
    shut_end();
    assert_int_equal(shut.n, 0); /* known: not read at every tick */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(what_was_merged_is_read_again_where_it_could_not_be_read),
    };
    return house_run(tests);
}
