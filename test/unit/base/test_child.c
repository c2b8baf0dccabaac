/* Readers as children: what they are given, how many at once, and children that die, hang, say too much or never read.
   This program is the child, too: its first word says what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../descriptors.h"

#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"

enum { LONG_MS = 60000, SHORT_MS = 50, MUCH = 4 << 20 };
#define MEMORY "67108864"

static Arena *a;
static int before;

static int set_up(void **state)
{
    (void)state;
    a = arena_new(0);
    before = descriptors();
    child_program("/proc/self/exe");
    return 0;
}

/* Whatever the test did: nobody and nothing is left of it. */
static int tear_down(void **state)
{
    (void)state;
    arena_free(a);
    assert_int_equal(descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return 0;
}

/* ---- the children ---------------------------------------------------------------------------- */

static void say(const char *text)
{
    if (file_write_open(STDOUT_FILENO, text, strlen(text)) != 0)
        _exit(9);
}

static _Noreturn void flood(void)
{
    static const char zeros[65536];
    while (file_write_open(STDOUT_FILENO, zeros, sizeof zeros) == 0)
        continue;
    _exit(9);
}

/* Says back the files it has, in the order of their descriptors, and what else is open. */
static _Noreturn void be_reader(int argc, char **argv)
{
    Arena *mine = arena_new(0);
    char *text;
    size_t n;
    child_lock(argv[2], argv[3], 2);
    for (int fd = CHILD_FILE; fd < CHILD_FILE + 2; fd++)
        say(file_read_open(mine, fd, 100, &text, &n) ? text : "-");
    say(argc == 5 ? argv[4] : "?");
    say(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? " locked" : " open");
    for (int fd = CHILD_FILE + 2; fd < 30; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            say(" more");
    _exit(7);
}

static _Noreturn void be_echo(void)
{
    char step[100];
    ssize_t n;
    while ((n = read(STDIN_FILENO, step, sizeof step)) > 0)
        if (file_write_open(STDOUT_FILENO, step, (size_t)n) != 0)
            _exit(9);
    _exit(0);
}

static _Noreturn void be_child(int argc, char **argv)
{
    const char *how = argv[1];
    child_begin();
    if (strcmp(how, "read") == 0)
        be_reader(argc, argv);
    else if (strcmp(how, "echo") == 0)
        be_echo();
    else if (strcmp(how, "flood") == 0)
        flood();
    else if (strcmp(how, "segv") == 0)
        (void)signal(SIGSEGV, SIG_DFL), (void)raise(SIGSEGV);
    else if (strcmp(how, "killed") == 0)
        (void)raise(SIGKILL);
    else if (strcmp(how, "hang") == 0)
        for (;;)
            pause();
    else if (strcmp(how, "shut") == 0) {
        say("done");
        (void)close(STDOUT_FILENO);
        for (;;)
            pause();
    } else if (strcmp(how, "half") == 0) {
        say("half");
        for (;;)
            pause();
    } else if (strcmp(how, "no_lock") == 0)
        child_lock("nonsense", "1", 0);
    _exit(5);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static bool into_buf(void *arg, const char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return true;
}

static bool enough(void *arg, const char *bytes, size_t n)
{
    (void)bytes;
    *(size_t *)arg += n;
    return false;
}

static ChildEnd run(const char *how, int64_t wait_ms, int64_t most, Buf *out)
{
    const char *const words[] = {how, NULL};
    Child ch;
    buf_init(out, a);
    assert_int_equal(child_start(&ch, words, false, NULL, 0), 0);
    ChildEnd end = child_hear(&ch, wait_ms, most, into_buf, out);
    assert_int_equal(ch.pid, 0);
    assert_int_equal(ch.from, -1);
    return end;
}

static int file_of(const char *text)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_open(fd, text, strlen(text)), 0);
    return fd;
}

static void has_what_it_is_given(void **state)
{
    (void)state;
    const char *const words[] = {"read", MEMORY, "10", "a word", NULL};
    int files[2] = {file_of("first "), file_of("second ")};
    Child ch;
    Buf out;
    buf_init(&out, a);
    assert_int_equal(child_start(&ch, words, false, files, 2), 0);
    ChildEnd end = child_hear(&ch, LONG_MS, 1000, into_buf, &out);
    assert_string_equal(out.data, "first second a word locked");
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 7);
}

static void one_file_is_none(void **state)
{
    (void)state;
    const char *const words[] = {"read", MEMORY, "10", "x", NULL};
    int files[2] = {file_of("first "), -1};
    Child ch;
    Buf out;
    buf_init(&out, a);
    assert_int_equal(child_start(&ch, words, false, files, 2), 0);
    (void)child_hear(&ch, LONG_MS, 1000, into_buf, &out);
    assert_string_equal(out.data, "first -x locked");
}

static void commands_and_answers(void **state)
{
    (void)state;
    static const char *const words[] = {"echo", NULL};
    Child ch;
    char back[10];
    assert_int_equal(child_start(&ch, words, true, NULL, 0), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(file_write_open(ch.to, "hello", 5), 0);
        for (ssize_t got = 0; got < 5;) {
            ssize_t n = child_take(&ch, back + got, (size_t)(5 - got), clock_mono_ms() + LONG_MS);
            assert_true(n > 0);
            got += n;
        }
        assert_memory_equal(back, "hello", 5);
    }
    assert_int_equal(child_take(&ch, back, 1, clock_mono_ms() + SHORT_MS), -1);
    assert_int_equal(errno, ETIMEDOUT);
    close(ch.to);
    ch.to = -1;
    assert_int_equal(child_take(&ch, back, 1, clock_mono_ms() + LONG_MS), 0);
    ChildEnd end = child_end(&ch);
    assert_int_equal(end.signal, 0); /* it had ended by itself: that is kept */
    assert_int_equal(end.code, 0);
    end = child_end(&ch);
    assert_int_equal(end.signal + end.code, 0);
}

static void dies(void **state)
{
    (void)state;
    Buf out;
    assert_int_equal(run("segv", LONG_MS, 10, &out).signal, SIGSEGV);
    assert_int_equal(run("killed", LONG_MS, 10, &out).signal, SIGKILL);
    ChildEnd end = run("what?", LONG_MS, 10, &out);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 5);
    assert_int_equal(run("no_lock", LONG_MS, 10, &out).code, CHILD_NO_LOCK);
}

static void hangs(void **state)
{
    (void)state;
    Buf out;
    assert_int_equal(run("hang", SHORT_MS, 10, &out).signal, SIGKILL);
    assert_int_equal(out.len, 0);
    /* what it had said may come or not, the end is the same */
    assert_int_equal(run("half", SHORT_MS, 10, &out).signal, SIGKILL);
    /* it says that there is no more and stays: nobody waits for that */
    assert_int_equal(run("shut", LONG_MS, 10, &out).signal, SIGKILL);
    assert_string_equal(out.data, "done");
}

static void says_too_much(void **state)
{
    (void)state;
    static const char *const words[] = {"flood", NULL};
    Buf out;
    assert_int_equal(run("flood", LONG_MS, MUCH, &out).signal, SIGKILL);
    assert_true(out.len <= MUCH);
    Child ch;
    size_t got = 0;
    assert_int_equal(child_start(&ch, words, false, NULL, 0), 0);
    assert_int_equal(child_hear(&ch, LONG_MS, MUCH, enough, &got).signal, SIGKILL);
    assert_true(got > 0); /* one piece, and its taker had enough */
}

/* Nobody reads: the child stands with its pipe full, and is ended all the same. */
static void pipe_full(void **state)
{
    (void)state;
    static const char *const words[] = {"flood", NULL};
    Child ch;
    int there = 0, was = -1;
    assert_int_equal(child_start(&ch, words, false, NULL, 0), 0);
    int size = fcntl(ch.from, F_GETPIPE_SZ);
    while (there < size) { /* until it is full; a child that died would never fill it */
        was = there;
        assert_int_equal(ioctl(ch.from, FIONREAD, &there), 0);
        assert_true(there >= was);
        clock_sleep_ms(1);
    }
    assert_int_equal(child_end(&ch).signal, SIGKILL);
}

static void cannot_start(void **state)
{
    (void)state;
    static const char *const none[] = {"read", NULL};
    static const char *const many[] = {"1", "2", "3", "4", "5", "6", "7", "8", NULL};
    char word[500];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = 0;
    const char *const huge[] = {word, NULL};
    int file = file_of("x");
    Child ch;
    child_program("/nonexistent");
    assert_int_equal(child_start(&ch, none, true, &file, 1), ENOENT);
    assert_int_equal(ch.to, -1);
    assert_int_equal(ch.pid, 0);
    assert_int_equal(child_end(&ch).signal, 0);
    child_program(NULL);
    assert_null(child_wanted());
    assert_int_equal(child_start(&ch, none, true, NULL, 0), ENOENT);
    child_program("/proc/self/exe");
    assert_int_equal(child_start(&ch, many, false, NULL, 0), E2BIG);
    assert_int_equal(child_start(&ch, huge, false, NULL, 0), E2BIG);
}

/* ---- slots ----------------------------------------------------------------------------------- */

static ChildSlots slots = CHILD_SLOTS(2);

static void *come_and_go(void *arg)
{
    bool in = child_enter(&slots, CHILD_ANY_TIME);
    *(bool *)arg = in;
    child_leave(&slots);
    return NULL;
}

static void two_at_once(void **state)
{
    (void)state;
    pthread_t other;
    bool in = false;
    assert_true(child_enter(&slots, 0));
    assert_true(child_enter(&slots, LONG_MS));
    assert_false(child_enter(&slots, 0));
    assert_false(child_enter(&slots, SHORT_MS));
    assert_int_equal(pthread_create(&other, NULL, come_and_go, &in), 0);
    child_leave(&slots); /* whether it waits already or not: it comes in */
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_true(in);
    assert_true(child_enter(&slots, 0));
    child_leave(&slots);
    child_leave(&slots);
    assert_int_equal(slots.running, 0);
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc > 1)
        be_child(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(has_what_it_is_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_file_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(commands_and_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hangs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_too_much, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pipe_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cannot_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_at_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
