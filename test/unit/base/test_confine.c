/* The lock-up: each call that a hostile reader would make is tried in a child that is locked up, and, as the
   counter-check, in one that is not. */
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
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"

enum { LOCK_FAILED = 90, MEMORY = 64 << 20 };

/* What each try gives: 0 it worked, otherwise errno. */
static int gave(long rc)
{
    return rc < 0 ? errno : 0;
}

static int try_open(void)
{
    return gave(open("/etc/passwd", O_RDONLY));
}
static int try_create(void)
{
    return gave(open("/tmp", O_TMPFILE | O_RDWR, 0600));
}
static int try_stat(void)
{
    struct stat st;
    return gave(stat("/etc/passwd", &st));
}
static int try_socket(void)
{
    return gave(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_unix(void)
{
    int two[2];
    return gave(socketpair(AF_UNIX, SOCK_STREAM, 0, two));
}
static int try_exec(void)
{
    char *const args[] = {(char[]){"true"}, NULL};
    execv("/bin/true", args);
    return errno;
}
static int try_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return gave(pid);
}
static int try_kill(void)
{
    return gave(kill(getppid(), 0));
}
static int try_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? errno
               : 0;
}
static int try_unlink(void)
{
    return gave(unlink("/nonexistent/a")) == ENOENT ? 0 : errno;
}
static int try_memory(void)
{
    char *p = malloc(MEMORY + (16 << 20));
    if (!p)
        return errno;
    memset(p, 1, 4096);
    free(p);
    return 0;
}
static int try_descriptor(void)
{
    char one; /* one that was open and not meant for it */
    return gave(pread(9, &one, 1, 0));
}
static int try_work(void)
{
    struct stat st;
    char one, *p = malloc(1 << 20);
    int fd = dup(5);
    bool ok = p && fd >= 0 && fstat(5, &st) == 0 && st.st_size == 5 && pread(5, &one, 1, 1) == 1 &&
              one == 'e' && lseek(5, 0, SEEK_SET) == 0 && read(fd, &one, 1) == 1 && one == 'h' &&
              close(fd) == 0;
    free(p);
    return ok ? 0 : EIO;
}
static int try_spin(void)
{
    for (volatile unsigned long i = 0; i < 1ul << 40; i++) {
    }
    return 0;
}
static int try_abort(void)
{
    abort();
}

/* The exit code, or 1000 + the signal that ended it. */
static int run(int (*try)(void), bool locked)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const char *why;
        int fd = memfd_create("book", 0);
        if (write(fd, "hello", 5) != 5 || dup2(fd, 5) < 0 || dup2(fd, 9) < 0)
            _exit(LOCK_FAILED);
        ConfineLimits l = {
            .memory = MEMORY, .cpu_s = locked ? 1 : 60, .file = 1 << 20, .descriptors = 6};
        if (locked && !confine_self(&l, &why))
            _exit(LOCK_FAILED);
        _exit(try());
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ENDED EPERM /* a sanitizer has calls of its own, so nothing is killed for one */
#define LIMITED 0
#else
#define ENDED (1000 + SIGSYS)
#define LIMITED ENOMEM
#endif

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int (*fn)(void);
        int want;
    } tries[] = {{"open", try_open, EACCES},      {"create", try_create, EACCES},
                 {"stat", try_stat, EACCES},      {"socket", try_socket, ENDED},
                 {"socketpair", try_unix, ENDED}, {"exec", try_exec, ENDED},
                 {"fork", try_fork, ENDED},       {"kill", try_kill, ENDED},
                 {"code", try_code, ENDED},       {"unlink", try_unlink, ENDED},
                 {"memory", try_memory, LIMITED}, {"descriptor", try_descriptor, EBADF}};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        int got = run(tries[i].fn, true), free_got = run(tries[i].fn, false);
        if (got != tries[i].want)
            fail_msg("%s: %d, not %d", tries[i].what, got, tries[i].want);
        if (free_got != 0) /* else the try proves nothing */
            fail_msg("%s without the lock: %d", tries[i].what, free_got);
    }
}

static void works(void **state)
{
    (void)state;
    assert_int_equal(run(try_work, true), 0);
    assert_int_equal(run(try_spin, true), 1000 + SIGXCPU);
    assert_int_equal(run(try_abort, true), 1000 + SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refused), cmocka_unit_test(works)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
