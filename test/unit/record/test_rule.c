/*
 * Rules without a server: which days a timed rule is for (holidays and make-up days included), that a thousand rules cost a
 * create no statement, and that the rows of a write of a timed rule are told and logged in sets.
 */
#include "house.h"

#include "record/rule/impl.h"

typedef struct DayCase {
    const char *event, *at; /* when the rule looks, in Shanghai */
    int days;
    bool workdays;
    const char *base; /* the instant it counts from; NULL: none, and made on 2026-02-13 */
    bool due;
} DayCase;

/* 春节 2026: free from 15 to 23 February, worked on Saturday 14 and Saturday 28. */
static const DayCase day_cases[] = {
    {"idle", "2026-03-05T01:00:00Z", 3, false, "2026-03-02T15:59:59Z", true},  /* Monday 23:59 */
    {"idle", "2026-03-05T01:00:00Z", 3, false, "2026-03-02T16:00:00Z", false}, /* Tuesday 00:00 */
    {"idle", "2026-03-04T15:59:00Z", 3, false, "2026-03-02T10:00:00Z", false}, /* still Wednesday */
    {"idle", "2026-03-04T16:00:00Z", 3, false, "2026-03-02T10:00:00Z", true},
    {"idle", "2026-02-24T01:00:00Z", 3, true, "2026-02-13T02:00:00Z", false}, /* 14 and 24 */
    {"idle", "2026-02-25T01:00:00Z", 3, true, "2026-02-13T02:00:00Z", true},
    {"idle", "2026-02-25T01:00:00Z", 3, true, "2026-02-14T02:00:00Z", false},
    {"idle", "2026-03-02T01:00:00Z", 1, true, "2026-02-28T02:00:00Z", true}, /* a Saturday worked */
    {"idle", "2026-03-01T01:00:00Z", 1, true, "2026-02-28T02:00:00Z", false},
    {"idle", "2026-03-05T01:00:00Z", 3, false, NULL, true}, /* nobody ever talked to it */
    {"idle", "2026-02-15T01:00:00Z", 3, false, NULL, false},
    {"idle", "2029-03-05T01:00:00Z", 3, false, "2026-03-02T10:00:00Z",
     false}, /* older than the log */
    {"idle", "2024-03-03T01:00:00Z", 3, false, "2024-02-29T10:00:00Z", true},
    {"due", "2026-03-05T01:00:00Z", 0, false, "2026-03-05T10:00:00Z", true},
    {"due", "2026-03-05T01:00:00Z", 0, false, "2026-03-05T16:00:00Z", false},
    {"due", "2026-03-05T01:00:00Z", -1, false, "2026-03-06T10:00:00Z", true},
    {"due", "2026-03-05T01:00:00Z", -1, false, "2026-03-07T10:00:00Z", false},
    {"due", "2026-03-05T01:00:00Z", 0, false, "2026-02-20T10:00:00Z", false}, /* long past */
    {"due", "2026-03-05T01:00:00Z", 2, false, "2026-03-03T10:00:00Z", true},
    {"due", "2026-02-13T01:00:00Z", -2, true, "2026-02-24T10:00:00Z", true}, /* 14 and 24 */
    {"due", "2026-02-13T01:00:00Z", -1, true, "2026-02-24T10:00:00Z", false},
    {"due", "2026-02-13T01:00:00Z", -1, true, "2026-02-20T10:00:00Z",
     true}, /* before any other day of work */
    {"due", "2026-03-05T01:00:00Z", 0, false, NULL, false},
};

static void test_days(void **state)
{
    (void)state;
    T *t = t_as("boss");
    const Entity *e = ent(t, "customer");
    DbVal *v = ARENA_ARRAY(t->a, e->n_fields, DbVal);
    int64_t born, at, base;
    assert_true(clock_parse_rfc3339("2026-02-13T02:00:00Z", &born));
    for (size_t i = 0; i < sizeof day_cases / sizeof *day_cases; i++) {
        const DayCase *k = &day_cases[i];
        Rule r = {.e = e,
                  .zone = "Asia/Shanghai",
                  .when = filter_true(t->a),
                  .days = k->days,
                  .workdays = k->workdays};
        assert_true(rule_event(k->event, &r.event));
        r.date =
            entity_field(e, r.event == RULE_ON_DUE ? "next_follow_up_at" : "last_follow_up_at");
        assert_true(clock_parse_rfc3339(k->at, &at));
        v[STD_CREATED_AT] = db_of_int(born);
        v[r.date->index] = db_null();
        if (k->base) {
            assert_true(clock_parse_rfc3339(k->base, &base));
            v[r.date->index] = db_of_int(base);
        }
        FilterKnown known = filter_known(t->a, rule_timed_filter(&t->c, &r, at), v);
        if (known != (k->due ? FILTER_YES : FILTER_NO))
            fail_msg("%s at %s, %d days, from %s: %d", k->event, k->at, k->days,
                     k->base ? k->base : "its beginning", (int)known);
        v[r.date->index] = db_null();
    }
    t_end(t);
}

static bool pick(Ctx *c, const RuleFire *f, json_object *in)
{
    (void)in;
    const DbVal *name = &f->r->v[f->e->title->index];
    return !memmem(name->s, name->n, "坏", strlen("坏")) ||
           ctx_fail(c, ERR_INVALID, NULL, "rule.group_channel");
}

static const RuleActionKind picky = {.name = "picky", .run = pick};
static const RuleActionKind *const kinds[] = {&rule_assign, &rule_set, &rule_notify, &picky, NULL};

/* Statements of a create, with what the process has learnt already. */
static int statements(int n)
{
    T *t = t_as("rep");
    int before = t->c.n_sql;
    make_customer(t, arena_printf(t->a, "计数%d有限公司", n), arena_printf(t->a, "1350000%04d", n));
    int used = t->c.n_sql - before;
    t_end(t);
    return used;
}

/* Of several: numbers are drawn in blocks, and the first has actors to read. */
static int fewest(int from)
{
    int least = statements(from);
    for (int i = 1; i < 6; i++) {
        int n = statements(from + i);
        least = n < least ? n : least;
    }
    return least;
}

/* A third on the region, a third on the name, a third on the level; none holds for the customers of this test. */
static bool add_rules(Ctx *c, void *arg)
{
    static const char *const filters[] = {
        "[\"and\", [\"region\", \"under\", 440000], [\"industry\", \"=\", \"it\"]]",
        "[\"name\", \"contains\", \"第二\"]", "[\"level\", \"in\", [\"key\"]]"};
    (void)arg;
    for (int i = 0; i < 1000; i++) {
        DbVal p[] = {db_of_int(id_new()), db_of_int(c->actor->user), db_of_text(filters[i % 3]),
                     db_of_text("[{\"do\": \"set\", \"values\": {\"level\": \"key\"}}]"),
                     db_of_int(c->now_ms)};
        if (!db_exec(c,
                     SQL("INSERT INTO \"rule\" (\"id\", \"version\", \"name\", \"owner_id\", "
                         "\"entity\", \"event\", \"filter\", \"actions\", \"enabled\", "
                         "\"position\", \"created_at\", \"updated_at\") VALUES ($1, 1, '规则', $2, "
                         "'customer', 'created', $3, $4, 1, 100, $5, $5)"),
                     p, 5))
            return false;
    }
    return true;
}

static void test_thousand(void **state)
{
    (void)state;
    rules_register(kinds);
    rules_forget();
    T *t = t_as("boss");
    assert_non_null(rules_hold(&t->c));
    t_end(t);
    int without = fewest(0);
    t = t_as("boss");
    OK(t, db_write(&t->c, add_rules, NULL));
    rules_forget();
    assert_non_null(rules_hold(&t->c)); /* as the keeper does once a second */
    t_end(t);
    assert_int_equal(fewest(10), without);
    t = t_as("boss");
    assert_int_equal(t_int(t, SQL("SELECT count(*) FROM rule_run WHERE record_id <> $1"), 0), 0);
    t_end(t);
    rules_forget();
}

/* ---- the rows of a write ---------------------------------------------------------------------- */

typedef struct Rows {
    Rule rule;
    RuleRow *rows;
    int n, done, fired, statements;
    int taken; /* the nth was answered for by somebody else, after it was read; 0: none */
} Rows;

static bool claim(Ctx *c, const Rule *rule, int64_t record, const char *cause)
{
    DbVal p[] = {db_of_int(id_new()), db_of_int(rule->id), db_of_int(record), db_of_text(cause),
                 db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("INSERT INTO rule_run (id, rule_id, entity, record_id, cause, outcome, "
                       "reason, at) VALUES ($1, $2, 'customer', $3, $4, 'done', '', $5)"),
                   p, 5);
}

static bool fire_rows(Ctx *c, void *arg)
{
    Rows *s = arg;
    const RuleRow *taken = s->taken ? &s->rows[s->taken - 1] : NULL;
    if (taken && !claim(c, &s->rule, taken->r.id, taken->cause))
        return false;
    int before = c->n_sql;
    bool ok = rule_fire_rows(c, &s->rule, rule_known_new(c, &s->rule, NULL, 0), s->rows, s->n,
                             &s->done, &s->fired);
    s->statements = c->n_sql - before;
    return ok;
}

/* n new customers of the representative, every bad-th (0: none) one on which the rule fails. */
static Rows rows_of(T *t, int64_t rule, int n, int bad)
{
    static int number;
    Rows s = {.rule = {.id = rule,
                       .owner = user_id(t, "boss"),
                       .name = "定时",
                       .e = ent(t, "customer"),
                       .event = RULE_ON_SCHEDULED,
                       .actions_json = "[{\"do\": \"picky\"}, {\"do\": \"notify\", \"to\": "
                                       "[\"owner\", \"manager\"], \"title\": \"{name} {owner}\"}]"},
              .rows = ARENA_ARRAY(t->a, n, RuleRow),
              .n = n};
    for (int i = 0; i < n; i++, number++) {
        T *rep = t_as("rep");
        int64_t id = make_customer(
            rep, arena_printf(t->a, "%s的%d号", bad && i % bad == 1 ? "坏" : "好", number),
            arena_printf(t->a, "1360000%04d", number));
        t_end(rep);
        s.rows[i] = (RuleRow){load(t, "customer", id), "s1"};
    }
    return s;
}

static int64_t told(T *t, int64_t record)
{
    return t_int(t, SQL("SELECT count(*) FROM notification WHERE kind = 'rule' AND record = $1"),
                 record);
}

static int64_t logged(T *t, SqlText sql, int64_t rule)
{
    return t_int(t, sql, rule);
}

static bool led(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c,
                   SQL("UPDATE \"user\" SET manager_id = (SELECT id FROM \"user\" WHERE login = "
                       "'lead') WHERE login = 'rep'"),
                   NULL, 0);
}

static void test_rows(void **state)
{
    (void)state;
    enum { RULE = 4711 };
    const SqlText done =
                      SQL("SELECT count(*) FROM rule_run WHERE rule_id = $1 AND outcome = 'done'"),
                  failed = SQL(
                      "SELECT count(*) FROM rule_run WHERE rule_id = $1 AND outcome = 'failed'");
    rules_register(kinds);
    T *t = t_as("boss");
    OK(t, db_write(&t->c, led, NULL));
    Rows few = rows_of(t, RULE, 5, 0), many = rows_of(t, RULE, 60, 0);
    OK(t, db_write(&t->c, fire_rows, &few));
    OK(t, db_write(&t->c, fire_rows, &many));
    assert_int_equal(few.fired, 5);
    assert_int_equal(many.fired, 60);
    assert_int_equal(many.statements, few.statements); /* whatever their number */
    assert_int_equal(logged(t, done, RULE), 65);
    for (int i = 0; i < many.n; i++)
        assert_int_equal(told(t, many.rows[i].r.id), 2); /* the owner and his manager */

    /* once for a cause: nothing more is told */
    OK(t, db_write(&t->c, fire_rows, &few));
    assert_int_equal(few.done, 5);
    assert_int_equal(few.fired, 0);
    assert_int_equal(told(t, few.rows[0].r.id), 2);

    /* one that fails, and one that another process answered for meanwhile, go by themselves */
    Rows mixed = rows_of(t, RULE + 1, 9, 4);
    mixed.taken = 4;
    OK(t, db_write(&t->c, fire_rows, &mixed));
    assert_int_equal(mixed.done, 9);
    assert_int_equal(mixed.fired, 6);
    assert_int_equal(logged(t, done, RULE + 1), 7);
    assert_int_equal(logged(t, failed, RULE + 1), 2);
    for (int i = 0; i < mixed.n; i++)
        assert_int_equal(told(t, mixed.rows[i].r.id), i % 4 == 1 || i == 3 ? 0 : 2);

    /* a mistake alone: the set is undone, the others are done */
    Rows bad = rows_of(t, RULE + 2, 3, 3);
    OK(t, db_write(&t->c, fire_rows, &bad));
    assert_int_equal(bad.fired, 2);
    assert_int_equal(told(t, bad.rows[1].r.id), 0);
    assert_int_equal(told(t, bad.rows[2].r.id), 2);
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_days), HOUSE_TEST(test_rows),
                                       HOUSE_TEST(test_thousand)};
    return house_run(tests);
}
