/*
 * Children that have nothing. See spawn.h.
 *
 * The helper is asked over a socket pair, one packet a child: the words, and the descriptors beside them. It makes the
 * child with CLONE_PARENT, so that it is the server's own: waiting for it, ending it, and its end with the server's
 * work as if the server had made it. The socket's end is the helper's end.
 */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/meter.h"

#define SELF "/proc/self/exe"
enum { MOST_FDS = 8, MOST_WORDS = 8, WORDS_ROOM = 400, HIGH = 64 };

typedef struct Order {
    int32_t n;     /* descriptors of the child */
    uint32_t sent; /* bit i: fds[i] comes along */
    int32_t n_words;
    char words[WORDS_ROOM]; /* each with its NUL */
} Order;

typedef struct Outcome {
    int32_t err, pid;
} Outcome;

static struct {
    pthread_mutex_t lock;
    int fd; /* -1: none */
    pid_t pid;
} helper = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

int spawn_lift(int fd)
{
    if (fd < 0)
        return -1;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
    close(fd);
    return high;
}

/* Signals as a new program expects them. */
static void plain_signals(sigset_t *none, sigset_t *dflt)
{
    sigemptyset(none);
    sigemptyset(dflt);
    for (int sig = 1; sig < 32; sig++)
        if (sig != SIGKILL && sig != SIGSTOP && sig != SIGPIPE)
            sigaddset(dflt, sig);
}

/* ---- the helper ---------------------------------------------------------------------------- */

/* The child, up to the program; nothing here may allocate. */
static _Noreturn void become(const Order *o, const int *fds, int nowhere)
{
    char *words[MOST_WORDS + 1] = {0}, *env[] = {NULL};
    char room[WORDS_ROOM];
    sigset_t none, dflt;
    plain_signals(&none, &dflt);
    for (int sig = 1; sig < 32; sig++)
        if (sigismember(&dflt, sig) == 1)
            (void)signal(sig, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    memcpy(room, o->words, sizeof room);
    for (int i = 0, at = 0; i < o->n_words; i++) {
        words[i] = room + at;
        at += (int)strlen(room + at) + 1;
    }
    for (int i = 0; i < o->n || i <= STDERR_FILENO; i++) {
        bool given = i < o->n && fds[i] >= 0 && i != STDERR_FILENO;
        if ((given || i <= STDERR_FILENO) && dup2(given ? fds[i] : nowhere, i) < 0)
            _exit(127);
        if (!given && i > STDERR_FILENO)
            (void)close(i);
    }
    execve(SELF, words, env);
    _exit(127);
}

static Outcome carry_out(const Order *o, const int *fds, int nowhere)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);
    if (pid == 0)
        become(o, fds, nowhere);
    return (Outcome){.err = pid < 0 ? errno : 0, .pid = pid};
}

static bool well_formed(const Order *o, size_t got, int n_fds)
{
    int words = 0, bits = 0;
    if (got != sizeof *o || o->n < 0 || o->n > MOST_FDS || o->n_words < 1 ||
        o->n_words > MOST_WORDS || o->words[WORDS_ROOM - 1] || o->sent >> o->n)
        return false;
    for (size_t i = 0; i < WORDS_ROOM; i++)
        words += o->words[i] == 0;
    for (uint32_t b = o->sent; b; b &= b - 1)
        bits++;
    return words >= o->n_words && bits == n_fds;
}

/* One order; false at the end of the server. */
static bool serve_one(int sock, int nowhere)
{
    Order o;
    int came[MOST_FDS], n_came = 0, fds[MOST_FDS];
    union {
        char room[CMSG_SPACE(sizeof came)];
        struct cmsghdr align;
    } beside;
    struct iovec part = {.iov_base = &o, .iov_len = sizeof o};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = beside.room,
                       .msg_controllen = sizeof beside.room};
    ssize_t got = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
            n_came = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            memcpy(came, CMSG_DATA(h), (size_t)n_came * sizeof(int));
        }
    for (int i = 0; i < n_came; i++)
        came[i] = spawn_lift(came[i]);
    Outcome out = {.err = EBADMSG};
    if (well_formed(&o, (size_t)got, n_came)) {
        for (int i = 0, k = 0; i < o.n; i++)
            fds[i] = (o.sent >> i) & 1 ? came[k++] : -1;
        out = carry_out(&o, fds, nowhere);
    }
    for (int i = 0; i < n_came; i++)
        if (came[i] >= 0)
            close(came[i]);
    return send(sock, &out, sizeof out, MSG_NOSIGNAL) == (ssize_t)sizeof out;
}

static _Noreturn void be_helper(int sock)
{
    (void)prctl(PR_SET_NAME, "zhike-starter");
    /* the server's end ends it, not what a terminal or a service manager sends to all */
    for (int sig = 1; sig < 32; sig++)
        if (sig != SIGKILL && sig != SIGSTOP && sig != SIGCHLD)
            (void)signal(sig, SIG_IGN);
    int nowhere = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= STDERR_FILENO && nowhere >= 0; fd++)
        (void)dup2(nowhere, fd);
    int keep = fcntl(sock, F_DUPFD_CLOEXEC, HIGH), null = fcntl(nowhere, F_DUPFD_CLOEXEC, HIGH);
    if (keep < 0 || null < 0)
        _exit(1);
    (void)syscall(SYS_close_range, STDERR_FILENO + 1, HIGH - 1, 0);
    (void)syscall(SYS_close_range, (keep > null ? keep : null) + 1, ~0u, 0);
    confine_helper();
    while (serve_one(keep, null))
        continue;
    _exit(0);
}

bool spawn_helper_start(void)
{
    int two[2];
    if (helper.fd >= 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, two) != 0)
        return false;
    helper.pid = fork();
    if (helper.pid == 0) {
        close(two[0]);
        be_helper(two[1]);
    }
    close(two[1]);
    if (helper.pid < 0) {
        close(two[0]);
        return false;
    }
    helper.fd = two[0];
    return true;
}

void spawn_helper_stop(void)
{
    if (helper.fd < 0)
        return;
    close(helper.fd);
    helper.fd = -1;
    while (waitpid(helper.pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* ---- the side that asks -------------------------------------------------------------------- */

static int write_order(Order *o, char *const args[], const int *fds, int n, int *with, int *n_with)
{
    size_t at = 0;
    *o = (Order){.n = n};
    if (n > MOST_FDS)
        return E2BIG;
    for (; args[o->n_words]; o->n_words++) {
        size_t len = strlen(args[o->n_words]) + 1;
        if (o->n_words == MOST_WORDS || at + len > WORDS_ROOM)
            return E2BIG;
        memcpy(o->words + at, args[o->n_words], len);
        at += len;
    }
    *n_with = 0;
    for (int i = 0; i < n; i++)
        if (fds[i] >= 0) {
            o->sent |= 1u << i;
            with[(*n_with)++] = fds[i];
        }
    return 0;
}

static int ask(const Order *o, const int *with, int n_with, pid_t *pid)
{
    union {
        char room[CMSG_SPACE(MOST_FDS * sizeof(int))];
        struct cmsghdr align;
    } beside = {{0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)o, .iov_len = sizeof *o};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (n_with > 0) {
        m.msg_control = beside.room;
        m.msg_controllen = CMSG_SPACE((size_t)n_with * sizeof(int));
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN((size_t)n_with * sizeof(int));
        memcpy(CMSG_DATA(h), with, (size_t)n_with * sizeof(int));
    }
    Outcome out = {.err = EPIPE};
    ssize_t got;
    pthread_mutex_lock(&helper.lock);
    do
        got = sendmsg(helper.fd, &m, MSG_NOSIGNAL);
    while (got < 0 && errno == EINTR);
    if (got >= 0) {
        do
            got = recv(helper.fd, &out, sizeof out, 0);
        while (got < 0 && errno == EINTR);
        if (got != (ssize_t)sizeof out)
            out.err = EPIPE;
    }
    pthread_mutex_unlock(&helper.lock);
    *pid = out.pid;
    return out.err;
}

static int directly(const char *program, char *const args[], const int *fds, int n, pid_t *pid)
{
    posix_spawn_file_actions_t acts;
    posix_spawnattr_t attr;
    sigset_t none, dflt;
    char *const env[] = {NULL};
    plain_signals(&none, &dflt);
    posix_spawn_file_actions_init(&acts);
    posix_spawnattr_init(&attr);
    for (int i = 0; i < n; i++)
        if (fds[i] >= 0)
            posix_spawn_file_actions_adddup2(&acts, fds[i], i);
    posix_spawn_file_actions_addopen(&acts, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &dflt);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int err = posix_spawn(pid, program, &acts, &attr, args, env);
    posix_spawn_file_actions_destroy(&acts);
    posix_spawnattr_destroy(&attr);
    return err;
}

int spawn_child(const char *program, char *const args[], const int *fds, int n, pid_t *pid)
{
    Order o;
    int with[MOST_FDS], n_with;
    meter_add(METER_CHILDREN, 1);
    if (helper.fd < 0)
        return directly(program, args, fds, n, pid);
    if (strcmp(program, SELF) != 0)
        return EPERM;
    int err = write_order(&o, args, fds, n, with, &n_with);
    return err ? err : ask(&o, with, n_with, pid);
}
