/* The keeper, a tick at a time: what it could not read of a change it reads again. */
#include "../record/house.h"

#include "db/driver.h"
#include "meta/filter.h"
#include "record/former.h"
#include "record/merge/merge.h"
#include "work/keeper.h"

/* A driver in front of the house's own, that counts each statement which begins so, and fails it or keeps its text. */
static struct {
    const Driver *real;
    Driver driver;
    DriverAsk ask;
    const char *begins; /* NULL: none */
    bool lets;
    char text[1024]; /* of the last one */
    int n;
} shut;

static bool shut_query(Ctx *c, DbRows *r, const char *text, const DbVal *p, int n)
{
    if (shut.begins && strncmp(text, shut.begins, strlen(shut.begins)) == 0) {
        shut.n++;
        snprintf(shut.text, sizeof shut.text, "%s", text);
        if (shut.lets)
            return shut.real->ask->query(c, r, text, p, n);
        return ctx_fail_detail(c, ERR_INTERNAL, "made to fail", "err.internal");
    }
    return shut.real->ask->query(c, r, text, p, n);
}

#define READ_GONE "SELECT t1.\"id\", t1.\"merged_into_id\" FROM "

static void shut_begin(const char *begins, bool lets)
{
    shut.real = house_db->drv;
    shut.driver = *shut.real;
    shut.ask = *shut.real->ask;
    shut.ask.query = shut_query;
    shut.driver.ask = &shut.ask;
    shut.begins = begins;
    shut.lets = lets;
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

static bool told_of_nothing(Ctx *c, void *arg)
{
    (void)arg;
    return db_change(c, "merge", 1);
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
    shut_begin(READ_GONE, false);
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
    shut_begin(READ_GONE, false);
    (void)keeper_tick(&k, false);
    shut_end();
    assert_int_equal(shut.n, 0); /* known: not read at every tick */
}

static Merge to_merge(T *t, int64_t from, int64_t into)
{
    Merge m = {.e = ent(t, "customer"), .survivor = into, .version = -1, .merged = {from}, .n = 1};
    m.versions[0] = -1;
    m.o = (SaveOptions){.if_version = -1, .origin = "web"};
    return m;
}

/* Inside a write this process does not learn of it. */
static bool merge_here(Ctx *c, void *arg)
{
    return merge_run(c, arg);
}

static Merge merged(T *t, int64_t from, int64_t into)
{
    Merge m = to_merge(t, from, into);
    OK(t, merge_run(&t->c, &m));
    return m;
}

/* However many were merged before, of a merge and its undo only their own records are read: here, and where others hear of it. */
static void a_merge_is_learnt_by_its_own_records(void **state)
{
    (void)state;
    Keeper k = only_follows();
    T *t = t_as("boss");
    int64_t id[6];
    for (int i = 0; i < 6; i++)
        id[i] = make_customer(t, arena_printf(t->a, "第%d有限公司", i),
                              arena_printf(t->a, "1390001000%d", i));
    merged(t, id[2], id[3]); /* in the middle of the ids, so that there are others on both sides */
    (void)keeper_tick(&k, false);
    shut_begin(READ_GONE, true);
    Merge first = merged(t, id[0], id[1]);
    assert_int_equal(shut.n, 1);
    assert_non_null(strstr(shut.text, " IN "));
    merged(t, id[4], id[5]);
    Buf out;
    buf_init(&out, t->a);
    assert_int_equal(means(id[0]), id[1]);
    OK(t, merge_undo(&t->c, first.id, &out));
    assert_int_equal(means(id[0]), id[0]);
    assert_int_equal(shut.n, 3);
    (void)keeper_tick(&k, false);
    assert_int_equal(shut.n, 4); /* two merges and an undo by one statement */
    assert_non_null(strstr(shut.text, " IN "));
    shut_end();
    assert_int_equal(means(id[0]), id[0]);
    assert_int_equal(means(id[2]), id[3]);
    assert_int_equal(means(id[4]), id[5]);
    /* as another process merges: heard of, which fails, so that all is read at the next tick */
    Merge other = to_merge(t, id[1], id[3]);
    OK(t, db_write(&t->c, merge_here, &other));
    shut_begin(READ_GONE, false);
    (void)keeper_tick(&k, false);
    shut_end();
    assert_int_equal(shut.n, 1);
    assert_int_equal(means(id[1]), id[1]);
    (void)keeper_tick(&k, false);
    assert_int_equal(means(id[1]), id[3]);
    /* and heard of at once */
    other = to_merge(t, id[3], id[5]);
    OK(t, db_write(&t->c, merge_here, &other));
    shut_begin(READ_GONE, true);
    (void)keeper_tick(&k, false);
    shut_end();
    assert_int_equal(shut.n, 1);
    assert_int_equal(means(id[2]), id[5]);
    assert_int_equal(means(id[4]), id[5]);
    /* what the log does not know of is looked for as a whole */
    shut_begin(READ_GONE, true);
    OK(t, db_write(&t->c, told_of_nothing, NULL));
    (void)keeper_tick(&k, false);
    shut_end();
    assert_int_equal(shut.n, 2); /* customers, contacts */
    assert_null(strstr(shut.text, " IN "));
    assert_int_equal(means(id[4]), id[5]);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_merge_is_learnt_by_its_own_records),
        HOUSE_TEST(what_was_merged_is_read_again_where_it_could_not_be_read),
    };
    return house_run(tests);
}
