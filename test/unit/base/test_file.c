/* Files and log: limits, replacing, names from outside, lines of the log and their bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/msg.h"

#include "../descriptors.h"

static Arena *a;
static Ctx c;
static char dir[64];

static const char *in_dir(const char *name)
{
    return arena_printf(a, "%s/%s", dir, name);
}

static void write_and_read(void **state)
{
    (void)state;
    char *text;
    size_t n;
    struct stat st;
    int before = descriptors();
    assert_true(file_write(&c, in_dir("x"), "hello\0z", 7, 0600));
    assert_true(file_write(&c, in_dir("x"), "second", 6, 0640));
    assert_true(file_read(&c, in_dir("x"), 6, &text, &n));
    assert_int_equal(n, 6);
    assert_string_equal(text, "second");
    assert_int_equal(stat(in_dir("x"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(file_size(in_dir("x")), 6);
    assert_int_equal(file_size(dir), -1);
    assert_false(file_read(&c, in_dir("x"), 5, &text, &n));
    assert_int_equal(c.err_last->code, ERR_TOO_LARGE);
    assert_false(file_read(&c, in_dir("nope"), 5, &text, &n));
    assert_int_equal(c.err_last->code, ERR_NOT_FOUND);
    assert_null(strstr(c.err_last->message, dir)); /* the folder is for the log only */
    assert_non_null(strstr(c.err_last->detail, dir));
    assert_false(file_read(&c, dir, 5, &text, &n));
    assert_false(file_write(&c, in_dir("no/such/x"), "", 0, 0600));
    char **names;
    assert_true(file_list(&c, dir, &names, &n)); /* no temporary file is left */
    assert_int_equal(n, 1);
    assert_string_equal(names[0], "x");
    assert_null(names[1]);
    assert_true(file_sync_dir(&c, dir));
    assert_int_equal(descriptors(),
                     before); /* neither what went well nor what did not is left open */
}

/* An open file from its beginning, wherever it stands; what is no regular file or larger is refused without a word. */
static void open_files(void **state)
{
    (void)state;
    char *text;
    size_t n;
    int n_err = c.n_err, two[2];
    int fd = open(in_dir("f"), O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_true(file_read_open(a, fd, 0, &text, &n));
    assert_int_equal(n, 0);
    assert_string_equal(text, "");
    assert_int_equal(file_write_open(fd, "one\0two", 7), 0);
    assert_true(file_read_open(a, fd, 7, &text, &n)); /* though it stands at its end */
    assert_int_equal(n, 7);
    assert_memory_equal(text, "one\0two", 8);
    assert_false(file_read_open(a, fd, 6, &text, &n));
    close(fd);
    assert_false(file_read_open(a, fd, 7, &text, &n));
    assert_int_equal(file_write_open(fd, "x", 1), EBADF);
    assert_int_equal(pipe(two), 0);
    assert_false(file_read_open(a, two[0], 7, &text, &n));
    close(two[0]);
    assert_int_equal(signal(SIGPIPE, SIG_IGN) == SIG_ERR, 0);
    assert_int_equal(file_write_open(two[1], "x", 1), EPIPE);
    close(two[1]);
    remove(in_dir("f"));
    assert_int_equal(c.n_err, n_err);
}

static void folders(void **state)
{
    (void)state;
    char *p;
    assert_true(file_make_dirs(&c, in_dir("a/b/c"), 0700));
    assert_true(file_make_dirs(&c, in_dir("a/b/c/"), 0700));
    assert_true(file_exists(in_dir("a/b/c")));
    assert_true(file_write(&c, in_dir("f"), "", 0, 0600));
    assert_false(file_make_dirs(&c, in_dir("f/g"), 0700));
    const char *good[] = {"a", "a/b", "a.b", "...", "..a", "客户.xlsx"};
    const char *bad[] = {"",       "..",   ".",    "/a",   "a/",   "a//b",
                         "a/../b", "../a", "a/..", "a\\b", "a\nb", "a/./b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(file_join(&c, dir, good[i], &p));
        assert_string_equal(p, in_dir(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (file_join(&c, dir, bad[i], &p))
            fail_msg("%s was taken", bad[i]);
}

static void log_lines(void **state)
{
    (void)state;
    char *text;
    size_t n;
    assert_true(log_open(in_dir("log"), "info", 0));
    assert_false(log_wants(LOG_DEBUG));
    log_event(LOG_DEBUG, "not.written");
    log_write(LOG_WARN, "import.row", LOG_S("why", "a\"b\n\xFF中"), LOG_I("row", -7),
              LOG_S("user_password", "hunter2"), LOG_S("nothing", NULL));
    log_set_level("error");
    log_event(LOG_WARN, "not.written");
    log_close();
    assert_true(file_read(&c, in_dir("log"), 10000, &text, &n));
    assert_null(strstr(text, "hunter2"));
    assert_ptr_equal(strchr(text, '\n'), text + n - 1); /* one line */
    json_object *o;
    assert_true(json_read(&c, text, n, &o));
    assert_string_equal(json_str(o, "level", ""), "warn");
    assert_string_equal(json_str(o, "event", ""), "import.row");
    assert_string_equal(json_str(o, "why", ""), "a\"b\n�中");
    assert_int_equal(json_int(o, "row", 0), -7);
    assert_string_equal(json_str(o, "user_password", ""), "[removed]");
}

static void log_is_bounded(void **state)
{
    (void)state;
    char *text;
    size_t n, lines = 0;
    assert_true(log_open(in_dir("log2"), "info", 10));
    int64_t before = log_dropped();
    for (int i = 0; i < 1000; i++)
        log_write(LOG_INFO, "flood", LOG_I("i", i));
    assert_true(log_dropped() - before >= 900);
    usleep(1100000); /* the next second tells */
    log_event(LOG_INFO, "after");
    log_close();
    assert_true(file_read(&c, in_dir("log2"), 100000, &text, &n));
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    assert_true(lines <= 120); /* ten a second, and a busy machine needs some for the flood */
    assert_non_null(strstr(text, "\"event\":\"log.dropped\""));
    assert_false(log_open(in_dir("no/such/log"), "info", 0));
}

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    snprintf(dir, sizeof dir, "/tmp/zhike-test-XXXXXX");
    return mkdtemp(dir) && msg_load() && crypt_init(0, 0) ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    const char *names[] = {"x", "f", "log", "log2", "a/b/c", "a/b", "a", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove(in_dir(names[i]));
    bool gone = !file_exists(dir);
    arena_free(a);
    return gone ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_and_read), cmocka_unit_test(open_files), cmocka_unit_test(folders),
        cmocka_unit_test(log_lines), cmocka_unit_test(log_is_bounded)};
    return cmocka_run_group_tests(tests, begin, end);
}
