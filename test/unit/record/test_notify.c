/* When a letter of a notice goes: the edges of quiet hours and digests, over midnight, the year, and the days on which a clock is set;
   and what channels show of the letters that went. */
#include "house.h"
#include "record/notify.h"
#include "record/notify_run.h"
#include "record/outbox.h"

static int64_t at(const char *text)
{
    int64_t ms;
    assert_true(clock_parse_rfc3339(text, &ms));
    return ms;
}

typedef struct Say {
    int64_t user;
} Say;

static bool say(Ctx *c, void *arg)
{
    const Say *s = arg;
    Notice n = {s->user, "job", NULL, 0, "text", NULL};
    return notify(c, &n, "post.test_subject");
}

static bool set_prefs(Ctx *c, void *arg)
{
    const char *const *p = arg;
    DbVal v[] = {db_of_text(p[0]), db_of_text(p[1])};
    return db_exec(c,
                   SQL("UPDATE \"user\" SET \"notify_prefs\" = $1, \"timezone\" = $2, \"email\" = "
                       "'rep@example.com' WHERE \"login_f\" = 'rep'"),
                   v, 2);
}

/* When the letter of a notice told at `now` is due. */
static int64_t due(T *t, int64_t now)
{
    Say s = {user_id(t, "rep")};
    t->c.now_ms = now;
    OK(t, db_write(&t->c, say, &s));
    return t_int(
        t, SQL("SELECT \"next_at\" FROM \"delivery\" WHERE $1 = $1 ORDER BY \"id\" DESC LIMIT 1"),
        1);
}

static void with(T *t, const char *prefs, const char *zone)
{
    const char *p[] = {prefs, zone};
    OK(t, db_write(&t->c, set_prefs, p));
}

#define DUE(now, then) assert_int_equal(due(t, at(now)), at(then))

static void open_mail(T *t)
{
    make(t, "channel",
         js(t, "{\"name\": \"m\", \"kind\": \"mail\", \"url\": \"smtp://127.0.0.1\", \"sender\": "
               "\"a@example.com\"}"));
}

static void test_quiet(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    open_mail(t);
    with(t, "{\"kinds\":{\"job\":[\"mail\"]},\"quiet\":{\"from\":\"22:00\",\"to\":\"07:30\"}}",
         "Asia/Shanghai");
    DUE("2026-11-22T21:59:59.999+08:00", "2026-11-22T21:59:59.999+08:00");
    DUE("2026-11-22T22:00:00+08:00", "2026-11-23T07:30:00+08:00");
    DUE("2026-12-31T23:59:59.999+08:00", "2027-01-01T07:30:00+08:00");
    DUE("2027-01-01T00:00:00+08:00", "2027-01-01T07:30:00+08:00");
    DUE("2027-01-01T07:29:59.999+08:00", "2027-01-01T07:30:00+08:00");
    DUE("2027-01-01T07:30:00+08:00", "2027-01-01T07:30:00+08:00");
    /* within one day, and the clock of the person, not of the house */
    with(t, "{\"kinds\":{\"job\":[\"mail\"]},\"quiet\":{\"from\":\"12:00\",\"to\":\"13:00\"}}",
         "Europe/Berlin");
    DUE("2026-11-22T11:30:00Z", "2026-11-22T12:00:00Z");
    DUE("2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z");
    /* a day of 23 hours and one of 25 */
    with(t, "{\"kinds\":{\"job\":[\"mail\"]},\"quiet\":{\"from\":\"22:00\",\"to\":\"07:30\"}}",
         "Europe/Berlin");
    DUE("2026-03-28T22:00:00+01:00", "2026-03-29T07:30:00+02:00");
    DUE("2026-10-24T23:00:00+02:00", "2026-10-25T07:30:00+01:00");
    DUE("2026-10-25T02:30:00+01:00", "2026-10-25T07:30:00+01:00");
    t_end(t);
}

static void test_digest(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    open_mail(t);
    with(t, "{\"kinds\":{\"job\":[\"mail\"]},\"digest\":{\"at\":\"00:00\"}}", "Asia/Shanghai");
    DUE("2026-12-31T23:59:59.999+08:00", "2027-01-01T00:00:00+08:00");
    DUE("2027-01-01T00:00:00+08:00",
        "2027-01-02T00:00:00+08:00"); /* the one of this midnight has gone */
    with(t, "{\"kinds\":{\"job\":[\"mail\"]},\"digest\":{\"at\":\"18:00\"}}", "Asia/Shanghai");
    DUE("2026-10-10T17:59:59.999+08:00",
        "2026-10-10T18:00:00+08:00"); /* a Saturday worked in place of another day: days are alike */
    DUE("2026-10-10T18:00:00+08:00", "2026-10-11T18:00:00+08:00");
    with(t, "{\"kinds\":{\"job\":[\"mail\"]},\"digest\":{\"at\":\"02:30\"}}", "Europe/Berlin");
    DUE("2026-03-28T12:00:00+01:00",
        "2026-03-29T03:30:00+02:00"); /* 02:30 is left out that night */
    DUE("2026-03-29T12:00:00+02:00", "2026-03-30T02:30:00+02:00");
    /* an hour within the quiet ones: nothing comes before they end */
    with(t,
         "{\"kinds\":{\"job\":[\"mail\"]},\"quiet\":{\"from\":\"22:00\",\"to\":\"07:30\"},"
         "\"digest\":{\"at\":\"23:00\"}}",
         "Asia/Shanghai");
    DUE("2026-11-22T22:30:00+08:00", "2026-11-23T07:30:00+08:00");
    DUE("2026-11-22T23:30:00+08:00", "2026-11-23T07:30:00+08:00");
    DUE("2026-11-23T07:29:00+08:00", "2026-11-23T07:30:00+08:00");
    DUE("2026-11-23T07:30:00+08:00", "2026-11-24T07:30:00+08:00");
    with(t,
         "{\"kinds\":{\"job\":[\"mail\"]},\"quiet\":{\"from\":\"12:00\",\"to\":\"14:00\"},"
         "\"digest\":{\"at\":\"14:00\"}}",
         "Asia/Shanghai");
    DUE("2026-11-22T12:30:00+08:00",
        "2026-11-22T14:00:00+08:00"); /* their end is no part of them */
    t_end(t);
}

static int64_t mailbox(T *t, const char *name)
{
    return make(t, "channel",
                js(t,
                   "{\"name\": \"%s\", \"kind\": \"mail\", \"url\": \"smtp://127.0.0.1\", "
                   "\"sender\": \"a@example.com\"}",
                   name));
}

static int64_t last_sent(T *t, int64_t channel)
{
    return t_int(t, SQL("SELECT coalesce(\"last_sent_at\", 0) FROM \"channel\" WHERE \"id\" = $1"),
                 channel);
}

/* What the page of a channel shows of a block of letters: the last of its own, beside those of other channels, and not
   one that was only put off. */
static void test_channels_of_a_block(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    int64_t a = mailbox(t, "甲"), b = mailbox(t, "乙"), c = mailbox(t, "丙"), d = mailbox(t, "丁");
    const Posted all[] = {{.id = 1, .channel = a, .what = POST_SENT},
                          {.id = 2, .channel = b, .what = POST_SENT},
                          {.id = 3, .channel = b, .what = POST_LATER, .again_at = 1},
                          {.id = 4, .channel = c, .what = POST_SENT},
                          {.id = 5, .channel = c, .what = POST_DROPPED},
                          {.id = 6, .channel = d, .what = POST_SENT},
                          {.id = 7, .channel = d, .what = POST_AGAIN, .again_at = 1, .error = "e"}};
    t->c.now_ms = at("2026-11-22T12:00:00Z");
    OK(t, outbox_settle(&t->c, all, 7));
    assert_int_equal(last_sent(t, a), t->c.now_ms);
    assert_int_equal(last_sent(t, b), t->c.now_ms);
    assert_int_equal(last_sent(t, c), t->c.now_ms);
    assert_int_equal(last_sent(t, d), 0); /* it failed last */
    assert_int_equal(
        t_int(t, SQL("SELECT \"failing_since\" FROM \"channel\" WHERE \"id\" = $1"), d),
        t->c.now_ms);
    t_end(t);
}

typedef struct Tell {
    int64_t record;
    const char *title;
} Tell;

static bool tell(Ctx *c, void *arg)
{
    const Tell *x = arg;
    DbVal p[] = {db_of_text("rep")};
    NoticeReader to;
    bool found = false;
    NoticeRun run = {
        .key = "run:1", .name = "三天没有联系", .e = model_entity(c->model, "customer")};
    Notice n = {.kind = "rule", .entity = "customer", .id = x->record};
    if (!db_one_int(c, SQL("SELECT \"id\" FROM \"user\" WHERE \"login\" = $1"), p, 1, &n.user,
                    NULL) ||
        !notify_reader(c, n.user, &to, &found) || !found)
        return false;
    notify_run_gather(c, &run, &to, &n, (const char *const[]){"rule.notice", x->title, NULL});
    return notify_run_send(c, &run);
}

/* A run of several writes: what its first write told alone is quoted by the head that comes with the second. */
static void test_run_of_two_writes(void **state)
{
    (void)state;
    T *t = t_as(NULL);
    Tell both[] = {{101, "甲公司"}, {102, "乙公司"}};
    for (int i = 0; i < 2; i++)
        OK(t, db_write(&t->c, tell, &both[i]));
    const char *text = NULL;
    OK(t, db_one_text(&t->c, SQL("SELECT \"text\" FROM \"notification\" WHERE \"members\" = 2"),
                      NULL, 0, &text, NULL));
    assert_non_null(text);
    assert_non_null(strstr(text, "甲公司"));
    assert_non_null(strstr(text, "乙公司"));
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_quiet), HOUSE_TEST(test_digest),
                                       HOUSE_TEST(test_channels_of_a_block),
                                       HOUSE_TEST(test_run_of_two_writes)};
    return house_run(tests);
}
