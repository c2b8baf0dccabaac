/* Merging: statements do not grow with rows, rights and refusals inside the engine, and the undo. */
#include "../record/house.h"

#include "record/former.h"
#include "record/merge/impl.h"
#include "record/recount.h"

extern const RecordHooks customer_hooks, contact_hooks, follow_up_hooks, task_hooks;

static const HookEntry table[] = {{"customer", &customer_hooks},
                                  {"contact", &contact_hooks},
                                  {"follow_up", &follow_up_hooks},
                                  {"task", &task_hooks},
                                  {NULL, NULL}};

static Merge two(T *t, int64_t survivor, int64_t other, const char *more)
{
    Merge m;
    OK(t, merge_read(&t->c, ent(t, "customer"),
                     js(t, "{\"survivor\": %lld, \"merged\": [%lld]%s}", (long long)survivor,
                        (long long)other, more),
                     &m));
    return m;
}

static void talks(T *t, int64_t customer, int n)
{
    for (int i = 0; i < n; i++)
        make(t, "follow_up",
             js(t,
                "{\"customer\": %lld, \"method\": \"phone\", \"customer_need\": \"报价\", "
                "\"next_plan\": \"再联系\", \"content\": \"电话沟通第 %d 次\"}",
                (long long)customer, i));
}

/* The statements of a merge and of its undo, of a customer with n follow-ups. */
static void cost(T *t, int n, const char *name, const char *phone, int64_t *merge, int64_t *undo)
{
    int64_t a = make_customer(t, arena_printf(t->a, "%s甲有限公司", name), phone),
            b = make_customer(t, arena_printf(t->a, "%s乙有限公司", name),
                              arena_printf(t->a, "%.10s9", phone));
    talks(t, b, n);
    Merge m = two(t, a, b, "");
    int64_t before = t->c.n_sql;
    OK(t, merge_run(&t->c, &m));
    *merge = t->c.n_sql - before;
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM follow_up WHERE customer_id = $1"), a), n);
    assert_int_equal(load(t, "customer", a).v[CUSTOMER_FOLLOW_UP_COUNT].i, n);
    assert_int_equal(t_int(t,
                           SQL("SELECT COUNT(*) FROM history WHERE action = 'merge' AND entity = "
                               "'follow_up' AND record_id IN (SELECT id FROM follow_up WHERE "
                               "customer_id = $1)"),
                           a),
                     n);
    Buf out;
    buf_init(&out, t->a);
    before = t->c.n_sql;
    OK(t, merge_undo(&t->c, m.id, &out));
    *undo = t->c.n_sql - before;
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM follow_up WHERE customer_id = $1"), b), n);
    assert_int_equal(load(t, "customer", a).v[CUSTOMER_FOLLOW_UP_COUNT].i, 0);
    assert_int_equal(load(t, "customer", b).v[CUSTOMER_FOLLOW_UP_COUNT].i, n);
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM merge_row WHERE merge_id = $1"), m.id), 0);
}

static void test_statements(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t few, many, few_back, many_back;
    OK(t,
       former_load(
           &t->c)); /* as at the start of the program: from there on each merge is learnt alone */
    cost(t, 2, "临安", "13700137000", &few, &few_back);
    cost(t, 60, "余杭", "13700137010", &many, &many_back);
    assert_int_equal(few, many);
    assert_int_equal(few_back, many_back);
    t_end(t);
}

static void test_gate(void **state)
{
    (void)state;
    T *t = t_as("rep");
    int64_t a = make_customer(t, "萧山甲有限公司", "13700137101"),
            b = make_customer(t, "萧山乙有限公司", "13700137102");
    Merge m = two(t, a, b, "");
    assert_false(merge_run(&t->c, &m));
    ERR_IS(t, ERR_FORBIDDEN, NULL);
    t_end(t);
    t = t_as("lead");
    m = two(t, a, b, ", \"choose\": {\"phone\": 0}");
    assert_false(merge_run(&t->c, &m));
    ERR_IS(t, ERR_INVALID, "choose.phone");
    ctx_errors_back_to(&t->c, 0);
    m = two(t, a, b, "");
    m.version = 7;
    assert_false(merge_run(&t->c, &m));
    ERR_IS(t, ERR_STALE, NULL);
    ctx_errors_back_to(&t->c, 0);
    m = two(t, a, b, ", \"preview\": true");
    OK(t, merge_run(&t->c, &m));
    assert_true(m.seen);
    assert_int_equal(load(t, "customer", b).v[STD_DELETED_AT].kind, DB_NULL);
    assert_int_equal(load(t, "customer", a).version, 1);
    m = two(t, a, b, "");
    OK(t, merge_run(&t->c, &m));
    Record gone = load(t, "customer", b);
    assert_true(merge_is_gone(&gone));
    int64_t to;
    const char *label = NULL;
    OK(t, merge_went(&t->c, ent(t, "customer"), b, &to, &label));
    assert_int_equal(to, a);
    assert_string_equal(label, "萧山甲有限公司");
    assert_false(rec_restore(&t->c, ent(t, "customer"), b, NULL));
    ERR_IS(t, ERR_CONFLICT, NULL);
    ctx_errors_back_to(&t->c, 0);
    /* an entity that is not declared for it */
    m.e = ent(t, "task");
    assert_false(merge_run(&t->c, &m));
    ERR_IS(t, ERR_NOT_FOUND, NULL);
    t_end(t);
    t = t_as("rep2"); /* of another department: nothing of it, not even where it went */
    OK(t, merge_went(&t->c, ent(t, "customer"), b, &to, &label));
    assert_int_equal(to, 0);
    t_end(t);
}

/* What is older than the setting is forgotten, and then refused by its age. */
static void test_forget(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t a = make_customer(t, "富阳甲有限公司", "13700137201"),
            b = make_customer(t, "富阳乙有限公司", "13700137202");
    Merge m = two(t, a, b, "");
    OK(t, merge_run(&t->c, &m));
    OK(t, merge_forget(&t->c));
    assert_true(t_int(t, SQL("SELECT COUNT(*) FROM merge_row WHERE merge_id = $1"), m.id) > 0);
    t->c.now_ms += 31LL * 24 * 3600 * 1000;
    OK(t, merge_forget(&t->c));
    assert_int_equal(t_int(t, SQL("SELECT COUNT(*) FROM merge_row WHERE merge_id = $1"), m.id), 0);
    assert_int_equal(t_int(t,
                           SQL("SELECT COUNT(*) FROM merge_log WHERE id = $1 AND undo_payload IS "
                               "NOT NULL"),
                           m.id),
                     0);
    Buf out;
    buf_init(&out, t->a);
    assert_false(merge_undo(&t->c, m.id, &out));
    ERR_IS(t, ERR_UNDO_REFUSED, NULL);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_statements), HOUSE_TEST(test_gate),
                                       HOUSE_TEST(test_forget)};
    house_hooks = table;
    return house_run(tests);
}
