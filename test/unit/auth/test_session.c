/* Signing in and out, lockout, step-up, tokens, limits, the clock. */
#include "house.h"

static const char pw[] = "Plum-Tree-Window-7";
static int64_t later; /* added to the clock: it may not go back between tests */

static void ctx_now(Ctx *c, Arena *a)
{
    house_ctx(c, a);
    c->now_ms += later;
}

static bool open_as(Ctx *c, const char *login, const char *password, const char *ip,
                    SessionOpened *out)
{
    return session_open(c, login, password, ip, "test", out);
}

static ErrCode refused(const char *login, const char *password, const char *ip)
{
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    ctx_now(&c, a);
    assert_false(open_as(&c, login, password, ip, &s));
    assert_int_equal(c.n_err, 1);
    ErrCode code = c.err->code;
    house_end(a);
    return code;
}

static bool found(const char *token, Actor **out, Ctx *c, Arena *a)
{
    ctx_now(c, a);
    c->actor = NULL;
    bool ok = session_find(c, token, "10.0.0.1", "test", out);
    if (ok)
        c->actor = *out;
    else
        assert_int_equal(c->err->code, ERR_NOT_SIGNED_IN);
    return ok;
}

static bool set_status(Ctx *c, void *arg)
{
    DbVal p[] = {db_of_text(arg)};
    return db_exec(c, SQL("UPDATE \"user\" SET status = $1 WHERE login = 'rep'"), p, 1);
}

/* The time of statements does not run while a password waits for its turn or is hashed. */
static void hashing_costs_no_time(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    const char *hash;
    ctx_now(&c, a);
    int64_t began = clock_mono_ms(), given = c.deadline_ms = began + 600000;
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    int64_t after = c.deadline_ms;
    assert_true(after > given);
    OK(&c, password_hash_text(&c, pw, &hash));
    assert_true(c.deadline_ms > after);
    assert_true(c.deadline_ms - given <= clock_mono_ms() - began);
    c.deadline_ms = 0;
    OK(&c, password_hash_text(&c, pw, &hash));
    assert_int_equal(c.deadline_ms, 0); /* none stays none */
    house_end(a);
}

static void open_find_close(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s, t;
    Actor *me;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &t));
    assert_int_equal(strlen(s.token), 43);
    assert_int_equal(strlen(s.csrf), 22);
    assert_string_not_equal(s.token, t.token); /* never a session id that was there before */
    int before = c.n_sql;
    OK(&c, session_find(&c, s.token, "10.0.0.1", "test", &me));
    assert_int_equal(c.n_sql - before, 5); /* the session, and four of a cold cache */
    before = c.n_sql;
    OK(&c, session_find(&c, s.token, "10.0.0.1", "test", &me));
    assert_int_equal(c.n_sql - before, 1);
    assert_string_equal(session_csrf(a, s.token), s.csrf);
    assert_int_equal(me->user, s.user);
    /* neither token nor csrf stands in the database */
    int64_t n = 0;
    DbVal p[] = {db_of_text(s.token)};
    OK(&c, db_one_int(&c, SQL("SELECT COUNT(*) FROM \"session\" WHERE hash = $1"), p, 1, &n, NULL));
    assert_int_equal(n, 0);
    c.actor = me;
    OK(&c, session_close(&c, me->session));
    assert_false(found(s.token, &me, &c, a));
    assert_true(found(t.token, &me, &c, a));
    assert_false(found("", &me, &c, a));
    assert_false(found("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &me, &c, a));
    house_end(a);
}

static void disabled_at_once(void **state)
{
    (void)state;
    static char off[] = "disabled", on[] = "active";
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    Actor *me;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    assert_true(found(s.token, &me, &c, a));
    OK(&c, db_write(&c, set_status, off));
    assert_false(found(s.token, &me, &c, a));
    assert_int_equal(refused("rep", pw, "10.0.0.1"), ERR_BAD_CREDENTIALS);
    ctx_now(&c, a);
    OK(&c, db_write(&c, set_status, on));
    assert_true(found(s.token, &me, &c, a));
    house_end(a);
}

static void wrong_and_unknown(void **state)
{
    (void)state;
    assert_int_equal(refused("rep", "wrong", "10.0.0.9"), ERR_BAD_CREDENTIALS);
    assert_int_equal(refused("who", "wrong", "10.0.0.9"), ERR_BAD_CREDENTIALS);
    assert_int_equal(refused("rep2", "wrong", "10.0.0.9"),
                     ERR_BAD_CREDENTIALS); /* has no password */
    assert_int_equal(refused("rep2", "", "10.0.0.9"), ERR_BAD_CREDENTIALS);
    Ctx c;
    Arena *a = arena_new(0);
    ctx_now(&c, a);
    int64_t n = 0;
    /* the login nobody has is not written down */
    OK(&c, db_one_int(&c, SQL("SELECT COUNT(*) FROM \"login_log\" WHERE login = 'who'"), NULL, 0,
                      &n, NULL));
    assert_int_equal(n, 0);
    OK(&c, db_one_int(&c, SQL("SELECT COUNT(*) FROM \"login_log\" WHERE result = 'denied'"), NULL,
                      0, &n, NULL));
    assert_true(n >= 4);
    house_end(a);
}

/* Five wrong ones lock, and a lock answers a right and a wrong password alike, whoever it is; a known address is counted apart. */
static void lockout(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    later += 3600000;
    for (int i = 0; i < 5; i++)
        assert_int_equal(refused("rep", "wrong", "10.9.9.9"), ERR_BAD_CREDENTIALS);
    for (int i = 0; i < 5; i++)
        assert_int_equal(refused("nobody", "wrong", "10.9.9.9"), ERR_BAD_CREDENTIALS);
    assert_int_equal(refused("rep", "wrong", "10.9.9.9"), ERR_LOCKED_OUT);
    assert_int_equal(refused("nobody", "wrong", "10.9.9.9"), ERR_LOCKED_OUT);
    assert_int_equal(refused("rep", pw, "10.9.9.9"), ERR_LOCKED_OUT);
    assert_int_equal(refused("rep", pw, "10.9.9.8"), ERR_LOCKED_OUT);
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s)); /* signed in from here before */
    later += 14 * 60000;
    assert_int_equal(refused("rep", pw, "10.9.9.9"), ERR_LOCKED_OUT);
    later += 2 * 60000; /* failures while locked did not prolong it */
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.9.9.9", &s));
    house_end(a);
}

/* The address waits longer and longer, without any work being done for it. */
static void address_delay(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    later += 3600000;
    ctx_now(&c, a);
    const int free_failures = (int)conf_int("login.address_failures");
    RateState r;
    for (int i = 0; i < free_failures; i++)
        assert_int_equal(refused("who", "x", "10.7.7.7"),
                         i < 5 ? ERR_BAD_CREDENTIALS : ERR_LOCKED_OUT);
    OK(&c, rate_look(&c, "address:10.7.7.7", 900000, c.now_ms + 60000, &r));
    assert_int_equal(r.n, free_failures);
    ctx_now(&c, a);
    session_clock_reset();      /* it would not go back */
    c.now_ms = r.last_at + 500; /* within the second to wait, however long a hash takes here */
    assert_false(open_as(&c, "rep", pw, "10.7.7.7", &s));
    assert_int_equal(c.err->code, ERR_LIMIT);
    assert_true(c.retry_after_s >= 1);
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.7.7.8", &s)); /* another address is free */
    later += 2000;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.7.7.7", &s));
    house_end(a);
}

static void idle_and_absolute(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    Actor *me;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    later += 29 * 60000;
    assert_true(found(s.token, &me, &c, a));
    later += 29 * 60000; /* seen meanwhile */
    assert_true(found(s.token, &me, &c, a));
    later += 31 * 60000;
    assert_false(found(s.token, &me, &c, a));
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    for (int i = 0; i < 24 * 12 / 6 - 1; i++) { /* every 15 minutes for 11 h 45 */
        later += 15 * 60000;
        assert_true(found(s.token, &me, &c, a));
    }
    later += 16 * 60000;
    assert_false(found(s.token, &me, &c, a));
    house_end(a);
}

/* Setting the clock back a day prolongs nothing. */
static void clock_back(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    ctx_now(&c, a);
    int64_t now = session_now(&c);
    c.now_ms -= 86400000;
    assert_true(session_now(&c) >= now);
    c.now_ms += 2 * 86400000;
    assert_true(session_now(&c) >= c.now_ms); /* forward it follows */
    later += 2 * 86400000;
    house_end(a);
}

static void step_up(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s, other;
    Actor *me;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &other));
    assert_true(found(s.token, &me, &c, a));
    assert_false(actor_stepped_up(&c));
    assert_false(session_step_up(&c, "password", "wrong"));
    assert_int_equal(c.err->code, ERR_BAD_CREDENTIALS);
    assert_true(found(s.token, &me, &c, a));
    assert_false(session_step_up(&c, "totp", "000000"));
    assert_true(found(s.token, &me, &c, a));
    OK(&c, session_step_up(&c, "password", pw));
    assert_true(found(s.token, &me, &c, a));
    assert_true(actor_stepped_up(&c));
    assert_true(found(other.token, &me, &c, a));
    assert_false(actor_stepped_up(&c)); /* bound to its session */
    later += 5 * 60000 + 1;
    assert_true(found(s.token, &me, &c, a));
    assert_false(actor_stepped_up(&c));
    int n;
    assert_string_equal(session_step_up_methods(&c, &n)[0], "password");
    house_end(a);
}

static void bearer(void **state)
{
    (void)state;
    static const char *const scopes[] = {"customer:read", NULL}, *const bad[] = {"costumer", NULL};
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    Actor *me;
    int64_t id;
    const char *token;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    assert_true(found(s.token, &me, &c, a));
    assert_false(token_create(&c, "erp", scopes, 0, &id, &token));
    assert_int_equal(c.err->code, ERR_STEP_UP_REQUIRED);
    assert_true(found(s.token, &me, &c, a));
    OK(&c, session_step_up(&c, "password", pw));
    assert_true(found(s.token, &me, &c, a));
    assert_false(token_create(&c, "erp", bad, 0, &id, &token));
    assert_true(found(s.token, &me, &c, a));
    OK(&c, token_create(&c, "erp", scopes, c.now_ms + 60000, &id, &token));
    Buf out;
    buf_init(&out, a);
    OK(&c, token_list(&c, &out));
    assert_non_null(strstr(out.data, "\"erp\""));
    assert_null(strstr(out.data, token));

    ctx_now(&c, a);
    OK(&c, token_find(&c, token, "10.0.0.2", "erp", &me));
    c.actor = me;
    assert_int_equal(me->channel, CH_API);
    assert_true(access_may(&c, model_entity(c.model, "customer"), ACT_READ));
    assert_false(access_may(&c, model_entity(c.model, "customer"), ACT_EDIT));
    assert_false(session_step_up(&c, "password", pw)); /* never by a token */
    assert_int_equal(c.err->code, ERR_FORBIDDEN);
    ctx_now(&c, a);
    c.actor = me;
    assert_false(token_create(&c, "more", NULL, 0, &id, &token));
    assert_false(password_change(&c, pw, "Another-Plum-Tree-7"));

    later += 61000;
    ctx_now(&c, a);
    assert_false(token_find(&c, token, "10.0.0.2", "erp", &me));
    assert_false(token_find(&c, "zk_", "10.0.0.2", "erp", &me));
    later += 6 * 60000;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    assert_true(found(s.token, &me, &c, a));
    OK(&c, token_delete(&c, id));
    assert_false(token_delete(&c, id));
    assert_int_equal(c.err->code, ERR_NOT_FOUND);
    house_end(a);
}

/* What a token may be asked for: names, scopes, their number, an end that is still to come. */
static void bearer_asked(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    Actor *me;
    int64_t id;
    const char *token, *many[102];
    ctx_now(&c, a);
    c.actor = NULL;
    assert_false(token_create(&c, "erp", NULL, 0, &id, &token));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    ctx_now(&c, a);
    c.actor = NULL;
    assert_false(token_delete(&c, 1));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    Buf out;
    buf_init(&out, a);
    ctx_now(&c, a);
    c.actor = NULL;
    assert_false(token_list(&c, &out));
    assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    assert_true(found(s.token, &me, &c, a));
    OK(&c, session_step_up(&c, "password", pw));
    const struct {
        const char *name, *scope;
        int64_t end;
        const char *field; /* of the mistake; NULL: none */
    } rows[] = {
        {"", "customer", 0, "name"},
        {NULL, "customer", 0, "name"},
        {"erp", "customer", 0, NULL},
        {"erp", "customer:edit", 0, NULL},
        {"erp", "customer:fly", 0, "scopes"},
        {"erp", "customer:", 0, "scopes"},
        {"erp", ":read", 0, "scopes"},
        {"erp", "", 0, "scopes"},
        {"erp", "right:audit", 0, NULL},
        {"erp", "right:fly", 0, "scopes"},
        {"erp", "right:", 0, "scopes"},
        {"erp", "customer", 1, "expires_at"},
        {"erp", "customer", c.now_ms + 600000, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const scopes[] = {rows[i].scope, NULL};
        assert_true(found(s.token, &me, &c, a));
        bool ok = token_create(&c, rows[i].name, scopes, rows[i].end, &id, &token);
        if (ok != !rows[i].field)
            fail_msg("row %zu: %s", i, c.err ? c.err->message : "taken");
        if (!ok)
            assert_string_equal(c.err->field, rows[i].field);
        else
            assert_int_equal(strlen(token), 46);
    }
    for (int n = 100; n <= 101; n++) { /* the most, and one more */
        for (int i = 0; i < n; i++)
            many[i] = "customer";
        many[n] = NULL;
        assert_true(found(s.token, &me, &c, a));
        assert_int_equal(token_create(&c, "erp", many, 0, &id, &token), n == 100);
    }
    assert_int_equal(c.err->code, ERR_RANGE);
    house_end(a);
}

static bool put_scopes(Ctx *c, void *arg)
{
    const char *text = arg;
    DbVal p[] = {text ? db_of_text(text) : db_null()};
    return db_exec(c, SQL("UPDATE \"api_key\" SET scopes = $1 WHERE name = 'damaged'"), p, 1);
}

/* A token is 46 signs; a list of scopes that cannot be read lets nobody in, one without a word narrows nothing. */
static void bearer_damaged(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s;
    Actor *me;
    int64_t id;
    const char *token;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    assert_true(found(s.token, &me, &c, a));
    OK(&c, session_step_up(&c, "password", pw));
    assert_true(found(s.token, &me, &c, a));
    OK(&c, token_create(&c, "damaged", NULL, 0, &id, &token));
    char *other_mark = arena_str(a, token), *other_end = arena_str(a, token);
    other_mark[0] = 'x';
    other_end[45] = other_end[45] == 'A' ? 'B' : 'A';
    const char *const none[] = {
        NULL, "", other_mark, other_end, arena_printf(a, "%sA", token), arena_dup(a, token, 45)};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ctx_now(&c, a);
        assert_false(token_find(&c, none[i], "10.0.0.2", "erp", &me));
        assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
    }
    static const struct {
        const char *scopes;
        bool in, reads, edits;
    } rows[] = {{NULL, true, true, true},
                {"", true, true, true},
                {"[]", true, true, true},
                {"[\"customer\"]", true, true, true},
                {"[\"customer:read\"]", true, true, false},
                {"[5]", true, false, false},
                {"[\"user:read\",5]", true, false, false},
                {"{", false, false, false},
                {"{}", false, false, false},
                {"5", false, false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ctx_now(&c, a);
        OK(&c, db_write(&c, put_scopes, (void *)(uintptr_t)rows[i].scopes));
        ctx_now(&c, a);
        bool in = token_find(&c, token, "10.0.0.2", "erp", &me);
        if (in != rows[i].in)
            fail_msg("%s: %d", rows[i].scopes, in);
        if (!in) {
            assert_int_equal(c.n_err, 1);
            assert_int_equal(c.err->code, ERR_NOT_SIGNED_IN);
            continue;
        }
        c.actor = me;
        assert_int_equal(access_may(&c, model_entity(c.model, "customer"), ACT_READ),
                         rows[i].reads);
        assert_int_equal(access_may(&c, model_entity(c.model, "customer"), ACT_EDIT),
                         rows[i].edits);
    }
    house_end(a);
}

/* A clock on the wall that stands still: a limit opens again all the same. */
static void limit_opens(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    ctx_now(&c, a);
    int64_t begun = clock_mono_ms(), still = c.now_ms, window = 300;
    OK(&c, rate_take(&c, "still:1", 1, window, 1));
    bool again = rate_take(&c, "still:1", 1, window, 1);
    if (clock_mono_ms() - begun < window)
        assert_false(again);
    for (int i = 0; !again && i < 2000; i++) {
        clock_sleep_ms(10);
        ctx_now(&c, a);
        c.now_ms = still;
        again = rate_take(&c, "still:1", 1, window, 1);
    }
    assert_true(again);
    house_end(a);
}

static void limits(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    ctx_now(&c, a);
    for (int i = 0; i < 5; i++)
        OK(&c, rate_take(&c, "reset:1", 5, 3600000, 1));
    assert_false(rate_take(&c, "reset:1", 5, 3600000, 1));
    assert_int_equal(c.err->code, ERR_LIMIT);
    assert_in_range(c.retry_after_s, 3500, 3600);
    /* a request that began a moment before the first one empties no counter */
    ctx_now(&c, a);
    c.now_ms -= 5000;
    assert_false(rate_take(&c, "reset:1", 5, 3600000, 1));
    ctx_now(&c, a);
    OK(&c, rate_take(&c, "reset:2", 5, 3600000, 1));
    /* what is given back may be taken again, and no more than was taken */
    OK(&c, rate_give_back(&c, "reset:1"));
    OK(&c, rate_take(&c, "reset:1", 5, 3600000, 1));
    assert_false(rate_take(&c, "reset:1", 5, 3600000, 1));
    ctx_now(&c, a);
    for (int i = 0; i < 3; i++)
        OK(&c, rate_give_back(&c, "reset:2"));
    for (int i = 0; i < 5; i++)
        OK(&c, rate_take(&c, "reset:2", 5, 3600000, 1));
    assert_false(rate_take(&c, "reset:2", 5, 3600000, 1));
    ctx_now(&c, a);
    /* a refused amount is not counted */
    OK(&c, rate_take(&c, "export:1", 50000, 86400000, 40000));
    assert_false(rate_take(&c, "export:1", 50000, 86400000, 20000));
    ctx_now(&c, a);
    OK(&c, rate_take(&c, "export:1", 50000, 86400000, 10000));
    later += 3600001;
    ctx_now(&c, a);
    OK(&c, rate_take(&c, "reset:1", 5, 3600000, 1));
    OK(&c, rate_sweep(&c, 0));
    house_end(a);
}

/* Changing the password ends the other sessions, asks for the old one, and knows the policy. */
static void change(void **state)
{
    (void)state;
    static const char next[] = "Orange-Garden-Gate-9";
    Ctx c;
    Arena *a = arena_new(0);
    SessionOpened s, other;
    Actor *me;
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &s));
    OK(&c, open_as(&c, "rep", pw, "10.0.0.1", &other));
    const struct {
        const char *old, *new;
        ErrCode code;
    } bad[] = {{"wrong", next, ERR_INVALID},
               {pw, "short", ERR_WEAK_PASSWORD},
               {pw, pw, ERR_WEAK_PASSWORD},
               {pw, "password1234", ERR_WEAK_PASSWORD}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(found(s.token, &me, &c, a));
        assert_false(password_change(&c, bad[i].old, bad[i].new));
        assert_int_equal(c.err->code, bad[i].code);
    }
    assert_true(found(s.token, &me, &c, a));
    OK(&c, password_change(&c, pw, next));
    assert_true(found(s.token, &me, &c, a));
    assert_false(found(other.token, &me, &c, a));
    assert_int_equal(refused("rep", pw, "10.0.0.1"), ERR_BAD_CREDENTIALS);
    ctx_now(&c, a);
    OK(&c, open_as(&c, "rep", next, "10.0.0.1", &s));
    house_end(a);
}

/* The clock of the round before ran far ahead. */
static int start(void **state)
{
    session_clock_reset();
    later = 0;
    return house_open(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashing_costs_no_time),
        cmocka_unit_test(open_find_close),
        cmocka_unit_test(disabled_at_once),
        cmocka_unit_test(wrong_and_unknown),
        cmocka_unit_test(lockout),
        cmocka_unit_test(address_delay),
        cmocka_unit_test(idle_and_absolute),
        cmocka_unit_test(clock_back),
        cmocka_unit_test(step_up),
        cmocka_unit_test(bearer),
        cmocka_unit_test(bearer_asked),
        cmocka_unit_test(bearer_damaged),
        cmocka_unit_test(limits),
        cmocka_unit_test(limit_opens),
        cmocka_unit_test(change),
    };
    return house_run(tests, start);
}
