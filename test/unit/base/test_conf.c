/* Settings: every default holds, order of the sources, mistakes with their place, values from the database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/msg.h"

static Arena *a;
static Ctx c;
static char dir[64];

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    c.lang = "en";
    snprintf(dir, sizeof dir, "/tmp/zhike-test-XXXXXX");
    return mkdtemp(dir) ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    conf_free();
    remove(arena_printf(a, "%s/zhike.conf", dir));
    remove(dir);
    arena_free(a);
    return 0;
}

static void file_is(const char *text)
{
    assert_true(file_write(&c, arena_printf(a, "%s/zhike.conf", dir), text, strlen(text), 0600));
}

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(conf_int("http.workers"), 64); /* also before conf_load */
    assert_string_equal(conf_text("http.listen"), "127.0.0.1:8080");
    assert_int_equal(conf_size("http.max_body"), 20 << 20);
    assert_int_equal(conf_size("db.mmap"), INT64_C(2) << 30);
    assert_int_equal(conf_duration_ms("session.idle"), 30 * 60000);
    assert_int_equal(conf_rate("limit.search").n, 120);
    assert_int_equal(conf_rate("limit.search").per_ms, 60000);
    assert_int_equal(conf_rate("limit.export_rows").per_ms, 86400000);
    assert_null(conf_list("http.trusted_proxies")[0]);
    assert_string_equal(conf_text("company.zone"), "Asia/Shanghai");
    for (size_t i = 0; i < conf_count();
         i++) { /* the table itself: each default passes its range */
        const ConfDef *d = conf_def(i);
        ConfFlag f[] = {{d->name, d->dflt}, {NULL, NULL}};
        if (!conf_load(&c, NULL, f))
            fail_msg("%s", c.err_last->message);
        assert_int_equal(strncmp(d->env, "ZHIKE_", 6), 0);
    }
}

/* What the database says may come before anything was read. */
static void database_first(void **state)
{
    (void)state;
    assert_true(conf_set_db(&c, "company.name", "智客"));
    assert_string_equal(conf_text("company.name"), "智客");
    assert_int_equal(conf_int("http.workers"), 64);
}

static void order(void **state)
{
    (void)state;
    ConfSource from;
    file_is(
        "\xEF\xBB\xBF# settings\n\n http.workers = 4 \r\nhttp.idle_timeout=2m\nlogin.lock = 1h\n"
        "http.trusted_proxies = 10.0.0.1, 10.0.0.2,\nhttp.base_url = http://a/?x=1#y\n");
    setenv("ZHIKE_HTTP_IDLE_TIMEOUT", "90s", 1);
    setenv("ZHIKE_LOGIN_LOCK", "2h", 1);
    ConfFlag flags[] = {{"login.lock", "3h"}, {NULL, NULL}};
    bool ok = conf_load(&c, dir, flags);
    unsetenv("ZHIKE_HTTP_IDLE_TIMEOUT");
    unsetenv("ZHIKE_LOGIN_LOCK");
    if (!ok)
        fail_msg("%s", c.err->message);
    assert_int_equal(conf_int("http.workers"), 4);
    assert_int_equal(conf_duration_ms("http.idle_timeout"), 90000);
    assert_int_equal(conf_duration_ms("login.lock"), 3 * 3600000);
    assert_string_equal(conf_list("http.trusted_proxies")[1], "10.0.0.2");
    assert_null(conf_list("http.trusted_proxies")[2]);
    assert_string_equal(conf_text("http.base_url"), "http://a/?x=1#y");
    assert_string_equal(conf_value(conf_find("login.lock"), &from), "3h");
    assert_int_equal(from, CONF_FROM_FLAG);
    conf_value(conf_find("http.workers"), &from);
    assert_int_equal(from, CONF_FROM_FILE);
    conf_value(conf_find("count.cap"), &from);
    assert_int_equal(from, CONF_FROM_DEFAULT);

    file_is("http.workers = 8\nlogin.lock = 5m\n"); /* read anew: only live settings change */
    assert_true(conf_load(&c, dir, NULL));
    assert_int_equal(conf_int("http.workers"), 4);
    assert_int_equal(conf_duration_ms("login.lock"), 5 * 60000);
    /* read again without a change, as at every turn of the log: nothing new is kept, so nothing adds up */
    const char *held = conf_text("http.base_url");
    const char *const *list = conf_list("http.trusted_proxies");
    assert_true(conf_load(&c, dir, NULL));
    assert_ptr_equal(conf_text("http.base_url"), held);
    assert_ptr_equal(conf_list("http.trusted_proxies"), list);
    file_is("http.workers = 8\nlogin.lock = 6m\n");
    assert_true(conf_load(&c, dir, NULL));
    assert_int_equal(conf_duration_ms("login.lock"), 6 * 60000);
}

static void mistakes(void **state)
{
    (void)state;
    file_is("http.workers = 0\nnonsense\nhttp.wrokers = 3\ncount.cap = 20x\ncount.cap = 20\n"
            "http.max_body = 20\nlogin.lock = 1w\nlog.level = loud\nlimit.search = 5\nhttp.listen "
            "= a\x01\n"
            "import.block = 99999999999999999999\nhttp.import_max = "
            "9999999999GB\npassword.min_length = -12\n");
    assert_false(conf_load(&c, dir, NULL));
    const char *want[] = {
        "zhike.conf:1: http.workers must be between 1 and 512, not \"0\"",
        "zhike.conf:2: expected name = value",
        "zhike.conf:3: there is no setting http.wrokers",
        "zhike.conf:4: count.cap must be a whole number",
        "zhike.conf:5: the setting count.cap is given twice",
        "zhike.conf:6: http.max_body must be a size",
        "zhike.conf:7: login.lock must be a time",
        "zhike.conf:8: log.level must be one of debug info warn error, not \"loud\"",
        "zhike.conf:9: limit.search must be a rate",
        "zhike.conf:10: the value of http.listen has a control character",
        "zhike.conf:11: import.block must be a whole number",
        "zhike.conf:12: http.import_max must be a size",
        "zhike.conf:13: password.min_length must be between 8 and 128"};
    const ErrItem *e = c.err;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++, e = e->next) {
        assert_non_null(e);
        if (!strstr(e->message, want[i]))
            fail_msg("\"%s\" lacks \"%s\"", e->message, want[i]);
    }
    assert_null(e);
    assert_int_equal(conf_int("http.workers"), 64); /* nothing changed */
    setenv("ZHIKE_HTTP_WORKERS", "many", 1);
    assert_false(conf_load(&c, NULL, NULL));
    unsetenv("ZHIKE_HTTP_WORKERS");
    assert_non_null(strstr(c.err_last->message, "environment ZHIKE_HTTP_WORKERS: http.workers"));
}

/* One value a flag: what it counts, or what is wrong with it. */
static void values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        int64_t n;
        const char *wrong; /* NULL: it is taken */
    } rows[] = {
        {"login.lock", "5 min", 300000, NULL},
        {"login.lock", "90S", 90000, NULL},
        {"login.lock", "-5m", 0, "must be a time"},
        {"login.lock", "m", 0, "must be a time"},
        {"login.lock", "5", 0, "must be a time"},
        {"login.lock", "999999999999d", 0, "must be a time"}, /* more than a number holds */
        {"login.lock", "0", 0, "must be between"},
        {"http.max_body", "64kb", 65536, NULL},
        {"http.max_body", "/4MB", 0, "must be a size"},
        {"count.cap", ":", 0, "must be a whole number"},
        {"count.cap", "-", 0, "must be a whole number"},
        {"http.workers", "513", 0, "must be between 1 and 512"},
        {"limit.search", "5/h", 5, NULL},
        {"limit.search", "5 /h", 0, "must be a rate"},
        {"limit.search", "5/week", 0, "must be a rate"},
        {"limit.search", "many/h", 0, "must be a rate"},
        {"limit.search", "0/h", 0, "must be between"},
        {"step_up.password", "maybe", 0, "must be true or false"},
        {"http.listen", "a\x7f", 0, "control character"},
        {"http.listen", "a\xff", 0, "no valid UTF-8"},
        {"no.such", "1", 0, "there is no setting no.such"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ConfFlag f[] = {{rows[i].name, rows[i].text}, {NULL, NULL}};
        conf_free();
        if (conf_load(&c, NULL, f) != !rows[i].wrong)
            fail_msg("%s = %s", rows[i].name, rows[i].text);
        if (rows[i].wrong && !strstr(c.err_last->message, rows[i].wrong))
            fail_msg("\"%s\" lacks \"%s\"", c.err_last->message, rows[i].wrong);
        if (!rows[i].wrong)
            switch (conf_find(rows[i].name)->type) {
            case CONF_DURATION: assert_int_equal(conf_duration_ms(rows[i].name), rows[i].n); break;
            case CONF_SIZE: assert_int_equal(conf_size(rows[i].name), rows[i].n); break;
            default: assert_int_equal(conf_rate(rows[i].name).n, rows[i].n);
            }
    }
    static const char *const yes_no[] = {"true", "Yes", "on", "1", "false", "NO", "off", "0"};
    for (int i = 0; i < 8; i++) {
        assert_true(conf_set_db(&c, "step_up.password", yes_no[i]));
        assert_int_equal(conf_bool("step_up.password"), i < 4);
    }
    assert_true(conf_set_db(&c, "task.remind_before", "0")); /* nothing needs no unit */
    assert_int_equal(conf_duration_ms("task.remind_before"), 0);
    char *text = arena_alloc(a, 4002);
    memset(text, 'x', 4001);
    text[4001] = 0;
    assert_false(conf_check(&c, "company.name", text));
    assert_int_equal(c.err_last->code, ERR_TOO_LONG);
    assert_true(conf_check(&c, "company.name", text + 1));
}

/* Files that are odd, or none. */
static void files(void **state)
{
    (void)state;
    ConfSource from;
    assert_true(conf_load(&c, dir, NULL)); /* there need be none */
    conf_free();
    /* nothing behind the sign: the default of a number, an empty text or list */
    file_is("http.workers =\nhttp.trusted_proxies =\nhttp.base_url=\t \n\tcount.cap\t=\t7000\t\n");
    setenv("ZHIKE_HTTP_IDLE_TIMEOUT", "", 1); /* nor does an empty variable say anything */
    bool ok = conf_load(&c, dir, NULL);
    unsetenv("ZHIKE_HTTP_IDLE_TIMEOUT");
    assert_true(ok);
    assert_int_equal(conf_int("http.workers"), 64);
    assert_int_equal(conf_int("count.cap"), 7000);
    assert_null(conf_list("http.trusted_proxies")[0]);
    assert_string_equal(conf_value(conf_find("http.base_url"), &from), "");
    assert_int_equal(from, CONF_FROM_FILE);
    assert_string_equal(conf_value(conf_find("http.workers"), NULL), "64");
    /* the same said by another: who says it is kept */
    file_is("");
    ConfFlag same[] = {{"count.cap", conf_find("count.cap")->dflt}, {NULL, NULL}};
    assert_true(conf_load(&c, dir, NULL));
    assert_true(conf_load(&c, dir, same));
    conf_value(conf_find("count.cap"), &from);
    assert_int_equal(from, CONF_FROM_FLAG);

    file_is("= 5\n");
    assert_false(conf_load(&c, dir, NULL));
    assert_non_null(strstr(c.err_last->message, "zhike.conf:1: expected name = value"));
    char *path = arena_printf(a, "%s/zhike.conf", dir);
    assert_true(file_write(&c, path, "count.cap = 5\0\n", 15, 0600));
    assert_false(conf_load(&c, dir, NULL));
    assert_non_null(strstr(c.err_last->message, "expected name = value"));
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(conf_load(&c, dir, NULL));
    assert_non_null(strstr(c.err_last->message, "zhike.conf: cannot be read ("));
    assert_int_equal(conf_int("count.cap"), 10000); /* what held goes on */
}

/* To people a secret is only there or not. */
static void shown(void **state)
{
    (void)state;
    ConfSource from;
    static const ConfFlag flags[] = {{"db.url", "postgresql://crm:secret@db/crm"},
                                     {"metrics.token", "secret"},
                                     {"http.base_url", "https://crm.example.com"},
                                     {NULL, NULL}};
    static const char *const want[] = {"postgresql://…", "…", "https://crm.example.com"};
    for (int i = 0; i < 3; i++)
        assert_string_equal(conf_shown(conf_find(flags[i].name), &from), "");
    assert_true(conf_load(&c, NULL, flags));
    for (int i = 0; i < 3; i++)
        assert_string_equal(conf_shown(conf_find(flags[i].name), &from), want[i]);
    assert_string_equal(conf_source_name(from), "flag");
    assert_string_equal(conf_type_name(conf_find("db.url")->type), "text");
    assert_string_equal(conf_scope_name(conf_find("db.url")->scope), "restart");
    assert_null(conf_find("no.such"));
}

enum { ASKERS = 8 };
static pthread_barrier_t together;

static void *ask(void *arg)
{
    pthread_barrier_wait(&together);
    *(const char **)arg = conf_text("http.listen");
    return NULL;
}

/* Nothing was read yet, and many ask: the defaults are made once. */
static void many_ask_first(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        const char *said[ASKERS];
        pthread_t t[ASKERS];
        conf_free();
        pthread_barrier_init(&together, NULL, ASKERS);
        for (int i = 0; i < ASKERS; i++)
            assert_int_equal(pthread_create(&t[i], NULL, ask, &said[i]), 0);
        for (int i = 0; i < ASKERS; i++)
            pthread_join(t[i], NULL);
        for (int i = 0; i < ASKERS; i++)
            assert_ptr_equal(said[i], said[0]);
        pthread_barrier_destroy(&together);
    }
}

static void database(void **state)
{
    (void)state;
    ConfSource from;
    const char *old = conf_text("company.name");
    assert_true(conf_set_db(&c, "company.name", "智客科技"));
    assert_string_equal(conf_text("company.name"), "智客科技");
    assert_string_equal(old, ""); /* what was handed out stays */
    old = conf_text("company.name");
    assert_true(conf_set_db(&c, "company.name", "智客科技")); /* the same: nothing new is kept */
    assert_ptr_equal(conf_text("company.name"), old);
    assert_true(conf_set_db(&c, "company.phone", NULL)); /* it was not there */
    assert_true(conf_set_db(&c, "company.name", "智客软件"));
    assert_string_equal(conf_text("company.name"), "智客软件");
    conf_value(conf_find("company.name"), &from);
    assert_int_equal(from, CONF_FROM_DB);
    assert_false(conf_set_db(&c, "http.workers", "3"));
    assert_false(conf_set_db(&c, "no.such", "3"));
    assert_false(conf_set_db(&c, "no.such", NULL));
    assert_false(conf_set_db(&c, "format.date", "pink"));
    assert_int_equal(c.err_last->code, ERR_ENUM_UNKNOWN);
    assert_false(conf_set_db(&c, "format.date", "")); /* one of the words, not none */
    assert_int_equal(c.err_last->code, ERR_ENUM_UNKNOWN);
    assert_true(conf_set_db(&c, "follow_up.required", ""));
    assert_null(conf_list("follow_up.required")[0]);
    assert_false(conf_set_db(&c, "bin.days", ""));
    assert_int_equal(c.err_last->code, ERR_INVALID);
    assert_true(conf_set_db(&c, "format.date", "YYYY/MM/DD"));
    assert_true(conf_load(&c, NULL, NULL)); /* a new reading keeps it */
    assert_string_equal(conf_text("format.date"), "YYYY/MM/DD");
    assert_true(conf_set_db(&c, "format.date", NULL));
    assert_string_equal(conf_text("format.date"), "YYYY-MM-DD");
    assert_true(conf_set_db(&c, "company.name", ""));
    assert_string_equal(conf_text("company.name"), "");
    assert_true(conf_check(&c, "format.date", "YYYY年M月D日"));
    assert_false(conf_check(&c, "format.date", "DD.MM"));
    assert_string_equal(conf_text("format.date"), "YYYY-MM-DD");
}

static int load(void **state)
{
    (void)state;
    return msg_load() && crypt_init(0, 0) ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, begin, end),
        cmocka_unit_test_setup_teardown(database_first, begin, end),
        cmocka_unit_test_setup_teardown(order, begin, end),
        cmocka_unit_test_setup_teardown(mistakes, begin, end),
        cmocka_unit_test_setup_teardown(database, begin, end),
        cmocka_unit_test_setup_teardown(values, begin, end),
        cmocka_unit_test_setup_teardown(files, begin, end),
        cmocka_unit_test_setup_teardown(shown, begin, end),
        cmocka_unit_test_setup_teardown(many_ask_first, begin, end),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
