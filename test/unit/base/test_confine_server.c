/* The lock-up of the server: what a stranger who has taken it over would do is tried in a child that is locked up and, as
   the counter-check, in one that is not; what a server does goes on. And the helper that starts readers for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/spawn.h"

enum { LOCK_FAILED = 90 };

static char home[] = "/tmp/zhike-guard-XXXXXX", inside[64], outside[64], secret[80];
static int port; /* somebody listens there */

static int gave(long rc)
{
    return rc < 0 ? errno : 0;
}

/* ---- what must fail ------------------------------------------------------------------------ */

static int try_read(void)
{
    return gave(open(secret, O_RDONLY));
}
static int try_write(void)
{
    return gave(open(secret, O_WRONLY));
}
static int try_create(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/new", outside);
    return gave(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)) || (unlink(path), false) ? errno : 0;
}
static int try_list(void)
{
    return gave(open(outside, O_RDONLY | O_DIRECTORY));
}
static int try_remove(void)
{
    return gave(unlink(secret));
}
static int try_shadow(void)
{
    return gave(open("/etc/shadow", O_RDONLY));
}
static int try_passwd(void)
{
    return gave(open("/etc/passwd", O_WRONLY | O_APPEND));
}
static int try_shell(void)
{
    char *const args[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"exit 0"}, NULL};
    execv("/bin/sh", args);
    return errno;
}
static int try_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return gave(pid);
}
static int try_trace(void)
{
    return gave(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}
static int try_look_into(void)
{
    char one;
    struct iovec here = {&one, 1}, there = {&one, 1};
    return gave(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}
static int try_mount(void)
{
    return gave(mount("none", outside, "tmpfs", 0, NULL));
}
static int try_unshare(void)
{
    return gave(unshare(CLONE_FS));
}
static int try_become(void)
{
    return gave(setuid(getuid()));
}
static int try_signal(void)
{
    return gave(kill(getppid(), SIGCONT));
}
static int try_code(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}
static int try_turn_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? 1 : gave(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int try_memory_file(void)
{
    return gave(memfd_create("x", 0));
}
static int try_limits(void)
{
    struct rlimit r;
    return getrlimit(RLIMIT_NOFILE, &r) != 0 ? 1 : gave(setrlimit(RLIMIT_NOFILE, &r));
}
static int try_connect(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? errno : gave(connect(fd, (struct sockaddr *)&to, sizeof to));
}
static int try_raw(void)
{
    return gave(socket(AF_PACKET, SOCK_RAW, 0));
}

/* ---- what must work ------------------------------------------------------------------------ */

static void *say_seven(void *arg)
{
    *(int *)arg = 7;
    return NULL;
}

static int try_work(void)
{
    char a[128], b[128], dir[128], one[8] = "";
    snprintf(a, sizeof a, "%s/a", inside);
    snprintf(dir, sizeof dir, "%s/sub", inside);
    snprintf(b, sizeof b, "%s/sub/b", inside);
    int fd = open(a, O_CREAT | O_RDWR, 0600), said = 0, two[2];
    pthread_t t;
    bool ok = fd >= 0 && write(fd, "hello", 5) == 5 && fsync(fd) == 0 && ftruncate(fd, 3) == 0 &&
              mkdir(dir, 0700) == 0 && rename(a, b) == 0 && pread(fd, one, 8, 0) == 3 &&
              unlink(b) == 0 && rmdir(dir) == 0;
    ok = ok && pthread_create(&t, NULL, say_seven, &said) == 0 && pthread_join(t, NULL) == 0 &&
         said == 7;
    ok = ok && pipe2(two, O_CLOEXEC) == 0 && kill(getpid(), 0) == 0;
    void *p = malloc(64 << 20);
    ok = ok && p && open("/proc/self/stat", O_RDONLY) >= 0 && open("/dev/null", O_WRONLY) >= 0;
    free(p);
    return ok ? 0 : EIO;
}
static int try_own_port(void)
{
    return try_connect();
}
static int try_abort(void)
{
    abort();
}
/* a thread that began before the lock is locked up, too */
static pthread_barrier_t begun, locked_now;
static void *late(void *arg)
{
    pthread_barrier_wait(&begun);
    pthread_barrier_wait(&locked_now);
    *(int *)arg = try_memory_file();
    return NULL;
}

/* ---- running them -------------------------------------------------------------------------- */

typedef enum Lock { FREE, CLOSED, CONNECTS, CONNECTS_ELSEWHERE } Lock;

static bool lock_up(Lock how)
{
    ConfineFiles f = {.write = {inside}, .n_write = 1};
    if (how == CONNECTS || how == CONNECTS_ELSEWHERE)
        f.ports[f.n_ports++] = how == CONNECTS ? port : port ^ 1;
    return confine_files(&f) && confine_calls(how != CLOSED);
}

/* The exit code, or 1000 + the signal that ended it. */
static int run(int (*try)(void), Lock how)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(how != FREE && !lock_up(how) ? LOCK_FAILED : try());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Neither the kernel of an old system nor a container need have it; then there is nothing to try. */
static bool can(void)
{
    static int known = -1;
    if (known < 0)
        known = confine_can() && run(try_work, CLOSED) != LOCK_FAILED;
    if (!known)
        print_message("no landlock or seccomp here, or a sanitizer: nothing tried\n");
    return known != 0;
}

static void refused(void **state)
{
    (void)state;
    enum { ENDED = 1000 + SIGSYS, ROOT = 1, NONE = 2 };
    static const struct {
        const char *what;
        int (*fn)(void);
        int want, control; /* ROOT: works without the lock for root only; NONE: need not */
    } tries[] = {{"read", try_read, EACCES, 0},
                 {"write", try_write, EACCES, 0},
                 {"create", try_create, EACCES, 0},
                 {"list", try_list, EACCES, 0},
                 {"remove", try_remove, EACCES, NONE},
                 {"/etc/shadow", try_shadow, EACCES, ROOT},
                 {"/etc/passwd", try_passwd, EACCES, ROOT},
                 {"shell", try_shell, ENDED, 0},
                 {"fork", try_fork, ENDED, 0},
                 {"ptrace", try_trace, ENDED, 0},
                 {"process_vm_readv", try_look_into, ENDED, 0},
                 {"mount", try_mount, ENDED, NONE},
                 {"unshare", try_unshare, ENDED, 0},
                 {"setuid", try_become, ENDED, 0},
                 {"signal", try_signal, EPERM, 0},
                 {"code", try_code, ENDED, 0},
                 {"memory made code", try_turn_code, ENDED, 0},
                 {"memfd", try_memory_file, ENOSYS, 0},
                 {"limits", try_limits, EPERM, 0},
                 {"connect", try_connect, EPERM, 0},
                 {"raw socket", try_raw, EPERM, ROOT}};
    for (size_t i = 0; can() && i < sizeof tries / sizeof *tries; i++) {
        int got = run(tries[i].fn, CLOSED);
        if (got != tries[i].want)
            fail_msg("%s: %d, not %d", tries[i].what, got, tries[i].want);
        bool counts = tries[i].control == 0 || (tries[i].control == ROOT && geteuid() == 0);
        got = counts ? run(tries[i].fn, FREE) : 0;
        if (got != 0 && got != EAFNOSUPPORT) /* else the try proves nothing */
            fail_msg("%s without the lock: %d", tries[i].what, got);
    }
}

static void works(void **state)
{
    (void)state;
    if (!can())
        return;
    assert_int_equal(run(try_work, CLOSED), 0);
    assert_int_equal(run(try_abort, CLOSED), 1000 + SIGABRT);
    assert_int_equal(run(try_own_port, CONNECTS), 0);
}

/* asked before anything is locked up */
static int landlock_abi(void)
{
    static long abi = -2;
    if (abi == -2)
        abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    return (int)abi;
}

static void other_ports(void **state)
{
    (void)state;
    if (can() && landlock_abi() >= 4)
        assert_int_equal(run(try_connect, CONNECTS_ELSEWHERE), EACCES);
}

static int try_threads(void)
{
    int said = -1;
    pthread_t t;
    pthread_barrier_init(&begun, NULL, 2);
    pthread_barrier_init(&locked_now, NULL, 2);
    if (pthread_create(&t, NULL, late, &said) != 0)
        return 1;
    pthread_barrier_wait(&begun);
    if (!confine_calls(false))
        return LOCK_FAILED;
    pthread_barrier_wait(&locked_now);
    pthread_join(t, NULL);
    return said;
}

static void threads(void **state)
{
    (void)state;
    if (can())
        assert_int_equal(run(try_threads, FREE), ENOSYS);
}

static int try_state(void)
{
    ConfineState s = confine_state();
    struct rlimit core;
    getrlimit(RLIMIT_CORE, &core);
    return s.landlock == landlock_abi() && s.seccomp && !s.missing && core.rlim_cur == 0 ? 0 : 1;
}

static void says_what_holds(void **state)
{
    (void)state;
    ConfineState s = confine_state();
    assert_false(s.seccomp || s.landlock);
    if (can())
        assert_int_equal(run(try_state, CLOSED), 0);
}

/* ---- the helper ---------------------------------------------------------------------------- */

/* This program is the child, too: "child N" answers on descriptor 1 with what it was given. */
static int be_child(int argc, char **argv)
{
    char in[8] = "", out[128];
    ssize_t n = read(3, in, sizeof in - 1);
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600), extra = 0;
    for (int i = 4; i < 256; i++)
        extra += i != fd && fcntl(i, F_GETFD) >= 0;
    int len = snprintf(out, sizeof out, "%d %s %s %d %d %d %d", argc, argv[2], in, (int)n, extra,
                       (int)getppid(), getenv("HOME") != NULL);
    return write(1, out, (size_t)len) == len ? 42 : 1;
}

static int ask_child(const char *program, const char *word, char *out, size_t room, int *status)
{
    int from[2], given[2];
    pid_t pid;
    char *const args[] = {(char[]){"test"}, (char[]){"child"}, (char *)(uintptr_t)word, NULL};
    if (pipe2(from, O_CLOEXEC) != 0 || pipe2(given, O_CLOEXEC) != 0 ||
        write(given[1], "abc", 3) != 3)
        return -1;
    close(given[1]);
    int fds[] = {-1, spawn_lift(from[1]), -1, spawn_lift(given[0])};
    int err = spawn_child(program, args, fds, 4, &pid);
    close(fds[1]);
    close(fds[3]);
    ssize_t n = err ? 0 : read(from[0], out, room - 1);
    out[n > 0 ? n : 0] = 0;
    close(from[0]);
    if (!err && waitpid(pid, status, 0) != pid) /* a child of ours, or this fails */
        return -2;
    return err;
}

static int try_helper(void)
{
    char out[128], want[128], much[500];
    int status;
    if (!spawn_helper_start() || spawn_helper_start())
        return 1;
    if (confine_can() && landlock_abi() >= 2 && !lock_up(CLOSED))
        return LOCK_FAILED;
    snprintf(want, sizeof want, "3 word abc 3 0 %d 0", (int)getpid());
    for (int i = 0; i < 50; i++)
        if (ask_child("/proc/self/exe", "word", out, sizeof out, &status) != 0 ||
            !WIFEXITED(status) || WEXITSTATUS(status) != 42 || strcmp(out, want) != 0)
            return 2;
    if (ask_child("/bin/sh", "word", out, sizeof out, &status) != EPERM)
        return 3;
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = 0;
    if (ask_child("/proc/self/exe", much, out, sizeof out, &status) != E2BIG)
        return 4;
    spawn_helper_stop();
    return 0;
}

static void helper(void **state)
{
    (void)state;
    int got = run(try_helper, FREE);
    if (got == LOCK_FAILED)
        print_message("no seccomp here: the helper was not tried\n");
    else
        assert_int_equal(got, 0);
}

/* The server is killed: nobody stays behind. */
static void helper_goes_along(void **state)
{
    (void)state;
    int tell[2], helper_pid = 0, word[2];
    assert_int_equal(pipe(tell), 0);
    assert_int_equal(pipe(word), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(word[0]);
        if (!spawn_helper_start())
            _exit(1);
        /* the helper holds none of ours: word[1] is closed with this process alone */
        (void)!write(tell[1], &helper_pid, sizeof helper_pid);
        for (;;)
            pause();
    }
    close(word[1]);
    assert_int_equal(read(tell[0], &helper_pid, sizeof helper_pid), sizeof helper_pid);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    char one;
    assert_int_equal(read(word[0], &one, 1), 0); /* ends: nobody holds the other side */
    close(word[0]);
    close(tell[0]);
    close(tell[1]);
}

/* ---- the stage ----------------------------------------------------------------------------- */

static int listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return -1;
    port = ntohs(at.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "child") == 0)
        return be_child(argc, argv);
    (void)landlock_abi();
    if (!mkdtemp(home) || listen_somewhere() < 0)
        return 1;
    snprintf(inside, sizeof inside, "%s/inside", home);
    snprintf(outside, sizeof outside, "%s/outside", home);
    snprintf(secret, sizeof secret, "%s/secret", outside);
    if (mkdir(inside, 0700) != 0 || mkdir(outside, 0700) != 0)
        return 1;
    close(open(secret, O_CREAT | O_WRONLY, 0600));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),           cmocka_unit_test(works),
        cmocka_unit_test(other_ports),       cmocka_unit_test(threads),
        cmocka_unit_test(says_what_holds),   cmocka_unit_test(helper),
        cmocka_unit_test(helper_goes_along),
    };
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(secret);
    rmdir(inside);
    rmdir(outside);
    rmdir(home);
    return bad;
}
