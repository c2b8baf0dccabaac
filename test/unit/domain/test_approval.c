/* Time in approvals: limits in working days, leave that begins and ends at midnight, who answers instead. */
#include "../record/house.h"

#include "record/approval/impl.h"
#include "record/approval/link.h"

extern const RecordHooks user_hooks, approval_flow_hooks, change_request_hooks;

static const HookEntry table[] = {{"user", &user_hooks},
                                  {"approval_flow", &approval_flow_hooks},
                                  {"change_request", &change_request_hooks},
                                  {NULL, NULL}};

static int64_t at(const char *rfc3339)
{
    int64_t ms = 0;
    assert_true(clock_parse_rfc3339(rfc3339, &ms));
    return ms;
}

static const char *due(T *t, const char *now, int hours, int days)
{
    const ApprovalStep step = {.who = "manager", .hours = hours, .days = days};
    char *out = arena_alloc(t->a, 25);
    t->c.now_ms = at(now);
    int64_t ms = approval_due(&t->c, &step);
    if (!ms)
        return "none";
    clock_rfc3339(ms, out);
    return out;
}

/* 2026: 春节 is off from 15 to 23 February, worked are Saturday 14 and Saturday 28; 国庆 1 to 7 October, worked are
   Sunday 20 September and Saturday 10 October. */
static void test_working_days(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    const struct {
        const char *now;
        int days;
        const char *due;
    } cases[] = {
        {"2026-01-14T10:00:00+08:00", 1, "2026-01-15T15:59:59Z"},
        {"2026-01-16T10:00:00+08:00", 1, "2026-01-19T15:59:59Z"},
        {"2026-02-13T10:00:00+08:00", 1, "2026-02-14T15:59:59Z"},
        {"2026-02-13T10:00:00+08:00", 2, "2026-02-24T15:59:59Z"},
        {"2026-02-13T23:59:59+08:00", 1, "2026-02-14T15:59:59Z"},
        {"2026-02-14T00:00:00+08:00", 1, "2026-02-24T15:59:59Z"},
        {"2026-02-17T09:00:00+08:00", 1, "2026-02-24T15:59:59Z"},
        {"2026-02-27T18:00:00+08:00", 1, "2026-02-28T15:59:59Z"},
        {"2026-09-30T12:00:00+08:00", 1, "2026-10-08T15:59:59Z"},
        {"2026-09-30T12:00:00+08:00", 3, "2026-10-10T15:59:59Z"},
        {"2026-09-18T12:00:00+08:00", 1, "2026-09-20T15:59:59Z"},
        {"2026-09-17T16:30:00Z", 1, "2026-09-20T15:59:59Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(due(t, cases[i].now, 0, cases[i].days), cases[i].due);
    assert_string_equal(due(t, "2026-02-13T10:00:00+08:00", 24, 0), "2026-02-14T02:00:00Z");
    assert_string_equal(due(t, "2026-02-13T10:00:00+08:00", 0, 0), "none");
    t_end(t);
}

static void test_steps(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    ApprovalStep steps[APPROVAL_STEPS_MOST];
    int n;
    OK(t, approval_steps(&t->c, "[{\"who\": \"manager\", \"days\": 3}]", false, steps, &n));
    assert_int_equal(steps[0].days, 3);
    const char *const bad[] = {"[{\"who\": \"manager\", \"days\": 3, \"hours\": 1}]",
                               "[{\"who\": \"manager\", \"days\": -1}]",
                               "[{\"who\": \"manager\", \"days\": 251}]",
                               "[{\"who\": \"manager\", \"days\": \"3\"}]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(approval_steps(&t->c, bad[i], false, steps, &n));
        ctx_errors_back_to(&t->c, 0);
    }
    t_end(t);
}

static void away(T *t, const char *login, const char *from, const char *to, const char *deputy)
{
    const SaveOptions o = {.if_version = -1, .trusted = true};
    OK(t, rec_update(&t->c, ent(t, "user"), user_id(t, login),
                     js(t, "{\"away_from\": \"%s\", \"away_to\": \"%s\", \"deputy\": %lld}", from,
                        to, (long long)user_id(t, deputy)),
                     &o, NULL));
}

/* Who answers for him now, where this person asks. */
static const char *seat(T *t, const char *person, const char *requester)
{
    ApprovalAways all;
    int64_t who;
    DbVal p;
    const char *login = NULL;
    OK(t, approval_aways(&t->c, &all));
    ApprovalPart part = {.requester = user_id(t, requester)};
    OK(t, approval_seat(&t->c, &all, &part, user_id(t, person), &who));
    p = db_of_int(who);
    OK(t, db_one_text(&t->c, SQL("SELECT login FROM \"user\" WHERE id = $1"), &p, 1, &login, NULL));
    return login;
}

static void test_leave(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    t->c.now_ms = at("2026-02-10T10:00:00+08:00");
    away(t, "lead", "2026-02-12", "2026-02-14", "rep2");
    assert_string_equal(seat(t, "lead", "rep"), "lead");
    t->c.now_ms = at("2026-02-11T23:59:59+08:00");
    assert_string_equal(seat(t, "lead", "rep"), "lead");
    t->c.now_ms = at("2026-02-12T00:00:00+08:00"); /* midnight of the house, 16:00 of UTC */
    assert_string_equal(seat(t, "lead", "rep"), "rep2");
    t->c.now_ms = at("2026-02-14T23:59:59+08:00"); /* the last day is whole */
    assert_string_equal(seat(t, "lead", "rep"), "rep2");
    t->c.now_ms = at("2026-02-15T00:00:00+08:00");
    assert_string_equal(seat(t, "lead", "rep"), "lead");
    t_end(t);
}

static void test_deputies(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    t->c.now_ms = at("2026-02-12T10:00:00+08:00");
    /* a chain */
    away(t, "lead", "2026-02-12", "2026-02-20", "rep2");
    away(t, "rep2", "2026-02-12", "2026-02-13", "sec");
    assert_string_equal(seat(t, "lead", "rep"), "sec");
    /* that ends in the requester: whoever stands above, here the management */
    assert_string_equal(seat(t, "lead", "sec"), "boss");
    assert_string_equal(seat(t, "lead", "rep2"), "boss");
    /* of a circle, too */
    away(t, "sec", "2026-02-12", "2026-02-13", "lead");
    assert_string_equal(seat(t, "lead", "rep"), "boss");
    assert_string_equal(seat(t, "rep2", "rep"), "boss");
    /* where the management is away as well: the administrators; where they are: he himself */
    away(t, "boss", "2026-02-12", "2026-02-13", "lead");
    assert_string_equal(seat(t, "boss", "rep"), "sys");
    assert_string_equal(seat(t, "lead", "sys"), "lead");
    /* the chain gets shorter when one comes back */
    t->c.now_ms = at("2026-02-14T08:00:00+08:00");
    assert_string_equal(seat(t, "lead", "rep"), "rep2");
    /* a deputy who left is none */
    const SaveOptions o = {.if_version = -1, .trusted = true};
    OK(t, rec_update(&t->c, ent(t, "user"), user_id(t, "rep2"), js(t, "{\"status\": \"disabled\"}"),
                     &o, NULL));
    assert_string_equal(seat(t, "lead", "rep"), "boss");
    t_end(t);
}

static void test_heirs(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    ApprovalAways none = {0};
    int64_t who, lead = user_id(t, "lead"), rep = user_id(t, "rep"), boss = user_id(t, "boss"),
                 sys = user_id(t, "sys"), rep2 = user_id(t, "rep2");
    const SaveOptions o = {.if_version = -1, .trusted = true};
    OK(t, approval_heir(&t->c, &none, &(ApprovalPart){.requester = rep}, lead, &who));
    assert_int_equal(who, boss);
    OK(t, approval_heir(&t->c, &none, &(ApprovalPart){.requester = boss}, lead, &who));
    assert_int_equal(who, sys);
    OK(t, rec_update(&t->c, ent(t, "user"), lead, js(t, "{\"handover_to\": %lld}", (long long)rep2),
                     &o, NULL));
    OK(t, approval_heir(&t->c, &none, &(ApprovalPart){.requester = rep}, lead, &who));
    assert_int_equal(who, rep2);
    OK(t, approval_heir(&t->c, &none, &(ApprovalPart){.requester = rep2}, lead,
                        &who)); /* who asks is nobody's heir */
    assert_int_equal(who, boss);
    OK(t, rec_update(&t->c, ent(t, "user"), boss, js(t, "{\"status\": \"disabled\"}"), &o, NULL));
    OK(t, approval_heir(&t->c, &none, &(ApprovalPart){.requester = rep2}, lead, &who));
    assert_int_equal(who, sys);
    assert_false(approval_heir(&t->c, &none, &(ApprovalPart){.requester = sys}, boss, &who));
    ERR_IS(t, ERR_CONFLICT, NULL);
    t_end(t);
}

/* A link holds for its time and not a moment longer. */
static void test_link_ends(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    const char *url = NULL, *token;
    int64_t now = at("2026-02-13T10:00:00+08:00"), lead = user_id(t, "lead"), life;
    Buf out;
    make(t, "approval_flow",
         js(t,
            "{\"name\": \"改名\", \"entity\": \"customer\", \"on_edit\": true, \"fields\": "
            "[\"name\"], \"steps\": [{\"who\": \"user\", \"user\": %lld}]}",
            (long long)lead));
    OK(t, approval_load(&t->c));
    t_end(t);
    t = t_as("rep");
    t->c.now_ms = now;
    int64_t cu = make_customer(t, "庚有限公司", "13800138009");
    int64_t request =
        make(t, "change_request",
             js(t,
                "{\"entity\": \"customer\", \"operation\": \"edit\", \"record\": %lld, \"input\": "
                "{\"name\": \"辛有限公司\"}, \"reason\": \"更名\"}",
                (long long)cu));
    OK(t, approval_link_make(&t->c, lead, request, &url));
    assert_non_null(url);
    token = strchr(url, '#') + 1;
    const char *none = NULL;
    OK(t, approval_link_make(&t->c, user_id(t, "boss"), request, &none));
    assert_null(none); /* who is not asked gets none */
    life = conf_duration_ms("approval.link_life");
    const struct {
        int64_t after;
        bool good;
    } cases[] = {{0, true}, {life - 1, true}, {life, false}, {life + 86400000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_init(&out, t->a);
        t->c.now_ms = now + cases[i].after;
        if (cases[i].good) {
            OK(t, approval_link_look(&t->c, token, &out));
            continue;
        }
        assert_false(approval_link_look(&t->c, token, &out));
        ERR_IS(t, ERR_NOT_FOUND, "token");
        assert_non_null(strstr(t->c.err_last->message, "过期")); /* and that it waits, and where */
        ctx_errors_back_to(&t->c, 0);
        assert_false(approval_link_answer(&t->c, token, "agree", NULL));
        ERR_IS(t, ERR_NOT_FOUND, "token");
        ctx_errors_back_to(&t->c, 0);
    }
    t->c.now_ms = now + life - 1;
    OK(t, approval_link_answer(&t->c, token, "agree", NULL));
    Record r = load(t, "customer", cu);
    assert_string_equal(r.v[CUSTOMER_NAME].s, "辛有限公司");
    t_end(t);
}

static int64_t notices_of(T *t, const char *login)
{
    return t_int(t, SQL("SELECT count(*) FROM \"notification\" WHERE \"user_id\" = $1"),
                 user_id(t, login));
}

/* Who lets his time go by is told once more, and never again. */
static void test_late(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    int64_t now = at("2026-03-10T10:00:00+08:00");
    make(t, "approval_flow",
         js(t,
            "{\"name\": \"改名\", \"entity\": \"customer\", \"on_edit\": true, \"fields\": "
            "[\"name\"], \"steps\": [{\"who\": \"user\", \"user\": %lld, \"hours\": 2}]}",
            (long long)user_id(t, "lead")));
    OK(t, approval_load(&t->c));
    t_end(t);
    t = t_as("rep");
    t->c.now_ms = now;
    int64_t cu = make_customer(t, "庚有限公司", "13800138009");
    make(t, "change_request",
         js(t,
            "{\"entity\": \"customer\", \"operation\": \"edit\", \"record\": %lld, \"input\": "
            "{\"name\": \"辛有限公司\"}, \"reason\": \"更名\"}",
            (long long)cu));
    t_end(t);
    const struct {
        int hours, more;
    } looks[] = {{1, 0}, {3, 1}, {4, 1}};
    t = t_as(NULL);
    int64_t before = notices_of(t, "lead");
    assert_true(before >= 1); /* the request itself */
    t_end(t);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        t = t_as(NULL);
        t->c.now_ms = now + looks[i].hours * 3600000LL;
        OK(t, approval_upkeep(&t->c));
        assert_int_equal(notices_of(t, "lead"), before + looks[i].more);
        t_end(t);
    }
}

/* Is the deletion or the return of a customer with its contacts held; *n: by how many statements that is seen. */
static bool whole_held(T *t, int64_t customer, ApprovalOp op, int *n)
{
    Record r = load(t, "customer", customer);
    ApprovalAsk what = {.op = op, .e = r.e, .id = customer, .before = r.v};
    int before = t->c.n_sql;
    bool held = !approval_holds_whole(&t->c, &what);
    *n = t->c.n_sql - before;
    if (held)
        ERR_IS(t, ERR_APPROVAL_REQUIRED, NULL);
    ctx_errors_back_to(&t->c, 0);
    return held;
}

static int64_t with_contacts(T *t, int i, const char *level, int n)
{
    int64_t cu =
        make(t, "customer",
             js(t,
                "{\"name\": \"随行%d有限公司\", \"phone\": \"1380013900%d\", \"industry\": "
                "\"it\", \"source\": \"website\", \"level\": \"%s\"}",
                i, i, level));
    for (int k = 0; k < n; k++)
        make(t, "contact", js(t, "{\"name\": \"联系人%d\", \"customer\": %lld}", k, (long long)cu));
    return cu;
}

/* What goes along is asked by set: as many statements for one contact as for forty. */
static void test_along(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    make(t, "approval_flow",
         js(t,
            "{\"name\": \"联系人\", \"entity\": \"contact\", \"on_edit\": false, "
            "\"on_delete\": true, \"filter\": [\"customer.level\", \"=\", \"key\"], \"steps\": "
            "[{\"who\": \"user\", \"user\": %lld}]}",
            (long long)user_id(t, "lead")));
    OK(t, approval_load(&t->c));
    t_end(t);
    t = t_as("boss");
    int64_t one = with_contacts(t, 1, "normal", 1), many = with_contacts(t, 2, "normal", 40),
            key = with_contacts(t, 3, "key", 40), none = with_contacts(t, 4, "key", 0);
    int n, first;
    assert_false(whole_held(t, none, APPROVE_DELETE, &first));
    assert_int_equal(first, 1); /* the contacts, of which there are none */
    assert_false(whole_held(t, one, APPROVE_DELETE, &first));
    assert_int_equal(first, 2); /* and whether the flow holds any */
    assert_false(whole_held(t, many, APPROVE_DELETE, &n));
    assert_int_equal(n, first);
    assert_true(whole_held(t, key, APPROVE_DELETE, &n));
    assert_int_equal(n, first);
    SaveOptions o = {.if_version = -1}, agreed = {.if_version = -1, .agreed = true};
    assert_false(rec_delete(&t->c, ent(t, "customer"), key, &o));
    ERR_IS(t, ERR_APPROVAL_REQUIRED, NULL);
    ctx_errors_back_to(&t->c, 0);
    assert_int_equal(load(t, "customer", key).v[STD_DELETED_AT].kind, DB_NULL);
    OK(t, rec_delete(&t->c, ent(t, "customer"), one, &o));
    OK(t, rec_delete(&t->c, ent(t, "customer"), many, &o));
    OK(t, rec_delete(&t->c, ent(t, "customer"), none, &o));
    OK(t, rec_delete(&t->c, ent(t, "customer"), key, &agreed));
    const int64_t back[] = {one, many, key};
    for (int i = 0; i < 3; i++) { /* in the bin the level of the whole is not to be asked */
        assert_true(whole_held(t, back[i], APPROVE_RESTORE, &n));
        assert_int_equal(n, 2);
    }
    assert_false(whole_held(t, none, APPROVE_RESTORE, &n));
    assert_int_equal(n, 1);
    t_end(t);
}

int main(void)
{
    setenv("ZHIKE_HTTP_BASE_URL", "https://crm.example.com/", 1);
    house_hooks = table;
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(test_working_days), HOUSE_TEST(test_steps), HOUSE_TEST(test_leave),
        HOUSE_TEST(test_deputies),     HOUSE_TEST(test_heirs), HOUSE_TEST(test_link_ends),
        HOUSE_TEST(test_late),         HOUSE_TEST(test_along),
    };
    return house_run(tests);
}
