/*
 * A picture made small in a process that can do nothing else, and the side that starts it. See picture.h.
 *     1 the JPEG   2 nowhere   3 the file
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/log.h"
#include "base/spawn.h"
#include "record/picture/picture.h"

enum { FILE_FD = 3, FDS = 4, AT_ONCE = 2, MOST_OUT = 8 << 20 };
enum { SAYS_BAD = 10, SAYS_LARGE = 11, SAYS_NO_LOCK = 12 };
#define MOST_IN ((int64_t)256 << 20)

static const char *program;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
static int running;

void picture_confine(const char *path)
{
    program = path;
}

/* ---- the child ----------------------------------------------------------------------------- */

static bool read_whole(Arena *a, int fd, unsigned char **out, size_t *n)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > MOST_IN)
        return false;
    *out = arena_alloc(a, (size_t)st.st_size);
    for (*n = 0; *n < (size_t)st.st_size;) {
        ssize_t r = pread(fd, *out + *n, (size_t)st.st_size - *n, (off_t)*n);
        if (r == 0 || (r < 0 && errno != EINTR))
            return false;
        *n += r > 0 ? (size_t)r : 0;
    }
    return true;
}

static bool write_whole(int fd, const char *data, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t w = write(fd, data + done, n - done);
        if (w < 0 && errno != EINTR)
            return false;
        done += w > 0 ? (size_t)w : 0;
    }
    return true;
}

_Noreturn void picture_child(int argc, char **argv)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc != 4)
        _exit(SAYS_BAD);
    int size = (int)strtol(argv[0], NULL, 10);
    int64_t pixels = strtoll(argv[1], NULL, 10);
    ConfineLimits l = {.memory = strtoll(argv[2], NULL, 10),
                       .cpu_s = strtoll(argv[3], NULL, 10),
                       .file = 0,
                       .descriptors = FDS};
    const char *why;
    if (!confine_self(&l, &why))
        _exit(SAYS_NO_LOCK);
    Arena *a = arena_new(0);
    unsigned char *in;
    size_t n;
    Buf out;
    buf_init(&out, a);
    if (!read_whole(a, FILE_FD, &in, &n))
        _exit(SAYS_BAD);
    PictureVerdict v = picture_shrink(a, in, n, size, pixels, &out);
    if (v != PICTURE_OK)
        _exit(v == PICTURE_LARGE ? SAYS_LARGE : SAYS_BAD);
    _exit(write_whole(STDOUT_FILENO, out.data, out.len) ? 0 : SAYS_BAD);
}

/* ---- the side of the program --------------------------------------------------------------- */

static bool bad(Ctx *c)
{
    return ctx_fail(c, ERR_INVALID, NULL, "err.picture");
}

static bool large(Ctx *c)
{
    return ctx_fail(c, ERR_TOO_LARGE, NULL, "err.picture_large",
                    ctx_num(c, conf_int("picture.pixels") / 1000000));
}

static bool begin(Ctx *c, int file, int size, pid_t *pid, int *from)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return file_fail(c, program, errno);
    int64_t cpu = (conf_duration_ms("picture.cpu") + 999) / 1000;
    char *const args[] = {(char[]){"zhike"},
                          (char[]){"shrink-picture"},
                          arena_str(c->a, ctx_num(c, size)),
                          arena_str(c->a, ctx_num(c, conf_int("picture.pixels"))),
                          arena_str(c->a, ctx_num(c, conf_size("picture.memory"))),
                          arena_str(c->a, ctx_num(c, cpu)),
                          NULL};
    int fds[FDS] = {-1, spawn_lift(pipes[1]), -1, spawn_lift(file)};
    int err = spawn_child(program, args, fds, FDS, pid);
    close(fds[1]);
    close(fds[3]);
    *from = pipes[0];
    if (!err)
        return true;
    close(pipes[0]);
    return file_fail(c, program, err);
}

/* What it writes, until it ends; what takes too long or is too much is ended. */
static void take(Buf *out, int from, pid_t pid)
{
    int64_t until = clock_mono_ms() + 3 * conf_duration_ms("picture.cpu");
    for (;;) {
        struct pollfd p = {.fd = from, .events = POLLIN};
        int64_t left = until - clock_mono_ms();
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        char *to = buf_room(out, 65536);
        ssize_t n = ready > 0 ? read(from, to, 65536) : -1;
        if (n < 0 && ready > 0 && errno == EINTR)
            continue;
        if (n == 0)
            return;
        if (n < 0 || out->len + (size_t)n > MOST_OUT) {
            (void)kill(pid, SIGKILL);
            return;
        }
        buf_grew(out, (size_t)n);
    }
}

static bool verdict(Ctx *c, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == SAYS_LARGE)
        return large(c);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SAYS_BAD)
        return bad(c);
    log_write(LOG_ERROR, "picture.child",
              LOG_I("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
              LOG_I("code", WIFEXITED(status) ? WEXITSTATUS(status) : 0));
    return bad(c);
}

static bool in_child(Ctx *c, int file, int size, Buf *out)
{
    pid_t pid;
    int from, status = 0;
    if (!begin(c, file, size, &pid, &from))
        return false;
    take(out, from, pid);
    close(from);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return verdict(c, status);
}

static bool in_place(Ctx *c, int file, int size, Buf *out)
{
    unsigned char *in;
    size_t n;
    bool ok = read_whole(c->a, file, &in, &n);
    close(file);
    if (!ok)
        return bad(c);
    PictureVerdict v = picture_shrink(c->a, in, n, size, conf_int("picture.pixels"), out);
    return v == PICTURE_OK || (v == PICTURE_LARGE ? large(c) : bad(c));
}

bool picture_make(Ctx *c, const char *from, const char *to, int size)
{
    int file = open(from, O_RDONLY | O_CLOEXEC);
    Buf out;
    if (file < 0)
        return file_fail(c, from, errno);
    buf_init(&out, c->a);
    pthread_mutex_lock(&lock);
    while (running >= AT_ONCE)
        pthread_cond_wait(&room, &lock);
    running++;
    pthread_mutex_unlock(&lock);
    bool ok = program ? in_child(c, file, size, &out) : in_place(c, file, size, &out);
    pthread_mutex_lock(&lock);
    running--;
    pthread_cond_signal(&room);
    pthread_mutex_unlock(&lock);
    return ok && file_write(c, to, out.data, out.len, 0600);
}
