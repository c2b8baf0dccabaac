/*
 * A .docx looked through or filled in a process that can do nothing else, and the side that starts it. See docx.h.
 *     1 'O' and what was made, or 'E' and the mistakes   2 nowhere   3 the file   4 the values
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "record/attach.h"
#include "record/print/docx.h"

enum { FILE_FD = 3, DATA_FD = 4, FDS = 5, AT_ONCE = 2, STEP = 64 * 1024, MISTAKES = 20 };
enum { SAYS_BROKEN = 10, SAYS_NO_LOCK = 12 };

static const char *program;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
static int running;

void docx_confine(const char *path)
{
    program = path;
}

static bool read_whole(Arena *a, int fd, int64_t most, char **out, size_t *n)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size < 0 || st.st_size > most)
        return false;
    *out = arena_alloc(a, (size_t)st.st_size + 1);
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

/* ---- the child ----------------------------------------------------------------------------- */

typedef struct Out {
    int fd;
    bool begun;
} Out;

static bool put(void *arg, const char *bytes, size_t n)
{
    Out *o = arg;
    if (!o->begun && !write_whole(o->fd, "O", 1))
        return false;
    o->begun = true;
    return write_whole(o->fd, bytes, n);
}

/* Whole mistakes go back only where nothing else went before them. */
static int say_mistakes(const Ctx *c, const Out *o)
{
    Buf b;
    if (o->begun)
        return c->err && c->err->code == ERR_TOO_LARGE ? SAYS_BROKEN + 1 : SAYS_BROKEN;
    buf_init(&b, c->a);
    buf_putc(&b, 'E');
    for (const ErrItem *e = c->err; e; e = e->next)
        buf_printf(&b, "%c%s\n",
                   e->code == ERR_TOO_LARGE          ? 'L'
                   : e->code == ERR_UNSUPPORTED_TYPE ? 'U'
                                                     : 'I',
                   e->message);
    return write_whole(o->fd, b.data, b.len) ? 0 : SAYS_BROKEN;
}

_Noreturn void docx_child(int argc, char **argv)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc != 5 || !msg_load())
        _exit(SAYS_BROKEN);
    bool fill = strcmp(argv[0], "fill") == 0;
    int64_t most = strtoll(argv[4], NULL, 10);
    ConfineLimits l = {.memory = strtoll(argv[2], NULL, 10),
                       .cpu_s = strtoll(argv[3], NULL, 10),
                       .file = 0,
                       .descriptors = FDS};
    const char *why;
    if (!confine_self(&l, &why))
        _exit(SAYS_NO_LOCK);
    Ctx c;
    ctx_init(&c, arena_new(0));
    c.lang = argv[1][0] == 'e' ? "en" : "zh";
    char *file, *values;
    size_t n, n_values;
    Out out = {.fd = STDOUT_FILENO};
    FillData d;
    Buf tags;
    bool ok;
    if (!read_whole(c.a, FILE_FD, DOCX_BYTES, &file, &n))
        _exit(SAYS_BROKEN);
    if (fill) {
        if (!read_whole(c.a, DATA_FD, l.memory, &values, &n_values) ||
            !fill_data_read(c.a, values, n_values, &d))
            _exit(SAYS_BROKEN);
        ok = docx_fill(&c, file, n, &d, most, put, &out);
    } else {
        buf_init(&tags, c.a);
        ok = docx_tags(&c, file, n, &tags) && put(&out, tags.data, tags.len);
    }
    _exit(ok ? 0 : c.n_err ? say_mistakes(&c, &out) : SAYS_BROKEN);
}

/* ---- the side of the program --------------------------------------------------------------- */

typedef struct Run {
    Ctx *c;
    pid_t pid;
    int from;
    int64_t until;
    char first; /* 'O', 'E', or 0 as long as nothing came */
} Run;

static bool failed(Ctx *c, int status)
{
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (!sig && WEXITSTATUS(status) == SAYS_BROKEN + 1)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.too_large",
                        ctx_num(c, conf_size("print.docx_out") >> 20));
    if (sig == SIGABRT || sig == SIGKILL || sig == SIGXCPU)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.heavy",
                        ctx_num(c, conf_size("print.docx_memory") >> 20),
                        ctx_num(c, conf_duration_ms("print.docx_cpu") / 1000));
    log_write(LOG_ERROR, "print.docx", LOG_I("signal", sig),
              LOG_I("code", sig ? 0 : WEXITSTATUS(status)));
    return ctx_fail(c, ERR_INVALID, "file", "print.docx.crash");
}

static bool begin(Run *r, const char *what, int file, int data)
{
    Ctx *c = r->c;
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return file_fail(c, program, errno);
    int64_t cpu = (conf_duration_ms("print.docx_cpu") + 999) / 1000;
    char *const args[] = {(char[]){"zhike"},
                          (char[]){"merge-docx"},
                          arena_str(c->a, what),
                          arena_str(c->a, c->lang),
                          arena_str(c->a, ctx_num(c, conf_size("print.docx_memory"))),
                          arena_str(c->a, ctx_num(c, cpu)),
                          arena_str(c->a, ctx_num(c, conf_size("print.docx_out"))),
                          NULL};
    int fds[FDS] = {-1, spawn_lift(pipes[1]), -1, spawn_lift(file), spawn_lift(data)};
    int err = spawn_child(program, args, fds, FDS, &r->pid);
    for (int i = 0; i < FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    r->from = pipes[0];
    r->until = clock_mono_ms() + 3 * conf_duration_ms("print.docx_cpu");
    if (!err)
        return true;
    close(pipes[0]);
    return file_fail(c, program, err);
}

/* What it writes behind the first letter, until it ends; what takes too long or is too much is ended. */
static void take(Run *r, DocxWrite *write, void *arg, Buf *said)
{
    char *step = arena_alloc(r->c->a, STEP);
    int64_t all = 0, most = conf_size("print.docx_out");
    for (;;) {
        struct pollfd p = {.fd = r->from, .events = POLLIN};
        int64_t left = r->until - clock_mono_ms();
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t n = ready > 0 ? read(r->from, step, STEP) : -1;
        if (n < 0 && ready > 0 && errno == EINTR)
            continue;
        if (n == 0)
            return;
        char *at = step;
        if (n > 0 && !r->first) {
            r->first = *at++;
            n--;
        }
        all += n;
        bool ok = n >= 0 && all <= most && (r->first == 'O' || all <= STEP);
        if (ok && r->first == 'O' && n > 0)
            ok = write(arg, at, (size_t)n);
        else if (ok && n > 0)
            buf_add(said, at, (size_t)n);
        if (!ok) {
            (void)kill(r->pid, SIGKILL);
            return;
        }
    }
}

/* The child's own sentences, about a file of whoever reads them. */
static bool pass_on(Ctx *c, const Buf *said)
{
    int before = c->n_err;
    const char *text = utf8_clean(c->a, said->data, said->len);
    for (const char *p = text; *p && c->n_err - before < MISTAKES;) {
        size_t n = strcspn(p, "\n");
        ErrCode code = *p == 'L' ? ERR_TOO_LARGE : *p == 'U' ? ERR_UNSUPPORTED_TYPE : ERR_INVALID;
        if (n > 1)
            ctx_fail(c, code, "file", "print.said", arena_dup(c->a, p + 1, n - 1));
        p += n + (p[n] == '\n');
    }
    return c->n_err > before ? false : ctx_fail(c, ERR_INVALID, "file", "print.docx.crash");
}

static bool in_child(Ctx *c, const char *what, int file, int data, DocxWrite *write, void *arg)
{
    Run r = {.c = c};
    int status = 0;
    Buf said;
    buf_init(&said, c->a);
    if (!begin(&r, what, file, data))
        return false;
    take(&r, write, arg, &said);
    close(r.from);
    while (waitpid(r.pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (c->n_err)
        return false;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return failed(c, status);
    return r.first == 'O' || (r.first == 'E' ? pass_on(c, &said) : failed(c, status));
}

static bool in_place(Ctx *c, int file, const FillData *d, DocxWrite *write, void *arg)
{
    char *bytes;
    size_t n;
    Buf tags;
    bool ok = read_whole(c->a, file, DOCX_BYTES, &bytes, &n);
    close(file);
    if (!ok)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.large", ctx_num(c, DOCX_BYTES >> 20));
    if (d)
        return docx_fill(c, bytes, n, d, conf_size("print.docx_out"), write, arg);
    buf_init(&tags, c->a);
    return docx_tags(c, bytes, n, &tags) && write(arg, tags.data, tags.len);
}

/* The values as a file without a name; -1 with the mistake. */
static int values_file(Ctx *c, const FillData *d)
{
    const char *path = attach_tmp(c, ".values");
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    Buf b;
    if (fd < 0) {
        file_fail(c, path, errno);
        return -1;
    }
    (void)unlink(path);
    buf_init(&b, c->a);
    fill_data_write(d, &b);
    if (write_whole(fd, b.data, b.len))
        return fd;
    file_fail(c, path, errno);
    close(fd);
    return -1;
}

/* Waits for others to end where too many work. false after 30 s. */
static bool come_in(void)
{
    enum { WAIT_S = 30 };
    struct timespec until;
    int rc = 0;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&lock);
    while (running >= AT_ONCE && rc == 0)
        rc = pthread_cond_timedwait(&room, &lock, &until);
    bool in = running < AT_ONCE;
    running += in;
    pthread_mutex_unlock(&lock);
    return in;
}

static bool run(Ctx *c, const char *path, const FillData *d, DocxWrite *write, void *arg)
{
    struct stat st;
    int file = open(path, O_RDONLY | O_CLOEXEC), data = -1;
    if (file < 0)
        return file_fail(c, path, errno);
    if (fstat(file, &st) == 0 && st.st_size > DOCX_BYTES) {
        close(file);
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.large", ctx_num(c, DOCX_BYTES >> 20));
    }
    if (program && d && (data = values_file(c, d)) < 0) {
        close(file);
        return false;
    }
    if (!come_in()) {
        close(file);
        if (data >= 0)
            close(data);
        return ctx_fail(c, ERR_BUSY, NULL, "err.busy");
    }
    bool ok = program ? in_child(c, d ? "fill" : "look", file, data, write, arg)
                      : in_place(c, file, d, write, arg);
    pthread_mutex_lock(&lock);
    running--;
    pthread_cond_signal(&room);
    pthread_mutex_unlock(&lock);
    return ok;
}

static bool into_buf(void *arg, const char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return true;
}

static bool into_file(void *arg, const char *bytes, size_t n)
{
    return write_whole(*(int *)arg, bytes, n);
}

bool docx_look(Ctx *c, const char *path, const char **out_tags)
{
    Buf tags;
    buf_init(&tags, c->a);
    if (!run(c, path, NULL, into_buf, &tags))
        return false;
    *out_tags = utf8_clean(c->a, tags.data, tags.len);
    return true;
}

bool docx_make(Ctx *c, const char *path, const FillData *d, const char *to)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return file_fail(c, to, errno);
    bool ok = run(c, path, d, into_file, &fd);
    if (close(fd) != 0 && ok)
        ok = file_fail(c, to, errno);
    if (!ok)
        (void)unlink(to);
    return ok;
}
