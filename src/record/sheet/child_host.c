/* The side of the program: starts the child, asks, takes rows apart, and says what became of it. See child.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/spawn.h"
#include "record/sheet/child.h"
#include "record/sheet/wire.h"

enum { PIPE = 256 * 1024, FIRST = 128 * 1024 };

typedef struct Host {
    SheetBook *b;
    pid_t pid; /* 0: it is gone */
    int to, from;
    bool room;
    char *data; /* what came and was not taken: [at, n) of cap bytes */
    size_t at, n, cap;
    Arena *texts; /* mended ones of the frame at hand */
    WireCells cells;
} Host;

static const char *program; /* set once at the start */

void sheet_confine(const char *path)
{
    program = path;
}

bool child_wanted(void)
{
    return program != NULL;
}

/* ---- how it ended -------------------------------------------------------------------------- */

static void end(Host *h, int *status)
{
    *status = 0;
    if (!h->pid)
        return;
    (void)kill(h->pid, SIGKILL); /* one that ended by itself keeps its status */
    while (waitpid(h->pid, status, 0) < 0 && errno == EINTR) {
    }
    h->pid = 0;
}

static bool failed(Host *h, ErrCode code, const char *key, const char *more)
{
    return ctx_fail(h->b->c, code, "file", key, h->b->name, more);
}

/* Ends it and says why in one sentence; always false. */
static bool ended(Host *h, bool late)
{
    Ctx *c = h->b->c;
    int status;
    end(h, &status);
    if (late)
        return failed(h, ERR_TOO_LARGE, "err.sheet.child_slow",
                      ctx_num(c, conf_duration_ms("import.reader_wait") / 1000));
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (sig == SIGABRT || sig == SIGKILL || (!sig && WEXITSTATUS(status) == CHILD_NO_MEMORY))
        return failed(h, ERR_TOO_LARGE, "err.sheet.child_memory",
                      ctx_num(c, conf_size("import.reader_memory") >> 20));
    if (sig == SIGXCPU)
        return failed(h, ERR_TOO_LARGE, "err.sheet.child_slow",
                      ctx_num(c, conf_duration_ms("import.reader_cpu") / 1000));
    log_write(LOG_ERROR, "sheet.reader", LOG_I("signal", sig),
              LOG_I("code", sig ? 0 : WEXITSTATUS(status)));
    return failed(h, ERR_INVALID, "err.sheet.child_crash", NULL);
}

static bool nonsense(Host *h)
{
    int status;
    end(h, &status);
    log_write(LOG_ERROR, "sheet.reader", LOG_S("why", "nonsense"));
    return failed(h, ERR_INVALID, "err.sheet.child_crash", NULL);
}

static void close_host(SheetBook *b)
{
    Host *h = b->more;
    int status;
    end(h, &status);
    if (h->to >= 0)
        close(h->to);
    if (h->from >= 0)
        close(h->from);
    h->to = h->from = -1;
}

/* ---- frames -------------------------------------------------------------------------------- */

static void make_room(Host *h, size_t want)
{
    size_t left = h->n - h->at;
    if (want > h->cap) {
        size_t cap = h->cap ? h->cap : FIRST;
        while (cap < want)
            cap *= 2;
        char *more = arena_alloc(h->b->a, cap);
        if (left)
            memcpy(more, h->data + h->at, left);
        h->data = more;
        h->cap = cap;
    } else if (h->at) {
        memmove(h->data, h->data + h->at, left);
    }
    h->at = 0;
    h->n = left;
}

/* Until n bytes are there. */
static bool need(Host *h, size_t n)
{
    if (h->n - h->at >= n)
        return true;
    make_room(h, n);
    while (h->n < n) {
        struct pollfd p = {.fd = h->from, .events = POLLIN};
        int ready = poll(&p, 1, (int)conf_duration_ms("import.reader_wait"));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return ended(h, true);
        ssize_t got = read(h->from, h->data + h->n, h->cap - h->n);
        if (got == 0 || (got < 0 && errno != EINTR))
            return ended(h, false);
        h->n += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool next_frame(Host *h, unsigned *kind, WireIn *in)
{
    size_t n;
    if (!need(h, WIRE_HEAD))
        return false;
    if (!wire_head(h->data + h->at, kind, &n))
        return nonsense(h);
    if (!need(h, WIRE_HEAD + n))
        return false;
    *in = (WireIn){.at = h->data + h->at + WIRE_HEAD};
    in->end = in->at + n;
    h->at += WIRE_HEAD + n;
    return true;
}

static bool command(Host *h, Buf *frame)
{
    for (size_t done = 0; done < frame->len;) {
        ssize_t n = h->to < 0 ? -1 : write(h->to, frame->data + done, frame->len - done);
        if (n < 0 && errno != EINTR)
            return ended(h, false);
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool command_for(Host *h, unsigned kind, int index)
{
    Buf frame;
    buf_init(&frame, h->texts);
    size_t at = wire_begin(&frame, kind);
    wire_put_u32(&frame, (uint32_t)index);
    wire_end(&frame, at);
    return command(h, &frame);
}

/* ---- what sheet.h asks for ----------------------------------------------------------------- */

/* Takes frames until the command is done. fn NULL: no row is wanted any more. */
static bool take_rows(Host *h, int index, SheetRowFn fn, void *user)
{
    unsigned kind;
    WireIn in;
    bool whole, stopped = false;
    while (next_frame(h, &kind, &in)) {
        SheetRow row;
        if (kind == WIRE_DONE)
            return (wire_done(&in, h->b, index, &whole) || nonsense(h)) && whole && !stopped;
        if (kind == WIRE_COLUMNS) {
            if (!wire_columns(&in, h->b))
                return nonsense(h);
            continue;
        }
        if (kind != WIRE_ROW)
            return nonsense(h);
        if (stopped || !fn)
            continue;
        arena_reset(h->texts);
        if (!wire_row(&in, h->b->a, h->texts, &h->cells, &row))
            return nonsense(h);
        stopped = !fn(user, &row);
        if (stopped && !command_for(h, WIRE_STOP, 0))
            return false;
    }
    return false;
}

static bool gone(Host *h)
{
    return !h->pid;
}

static bool host_read(SheetBook *b, int index, SheetRowFn fn, void *user)
{
    Host *h = b->more;
    if (gone(h))
        return failed(h, ERR_INVALID, "err.sheet.child_crash", NULL);
    return command_for(h, WIRE_READ, index) && take_rows(h, index, fn, user);
}

static bool host_merges(SheetBook *b, int index)
{
    Host *h = b->more;
    if (gone(h))
        return failed(h, ERR_INVALID, "err.sheet.child_crash", NULL);
    return command_for(h, WIRE_MERGES, index) && take_rows(h, index, NULL, NULL);
}

/* ---- starting ------------------------------------------------------------------------------ */

/* A file without a name beside the one that is read, or where temporary files go; -1 where there is none. */
static int room_on_disk(Arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dir = slash ? arena_dup(a, path, (size_t)(slash - path) + 1) : ".";
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static bool spawn(Host *h, int file, const char *path)
{
    char *const args[] = {(char[]){"zhike"}, (char[]){"read-sheet"}, NULL};
    int to[2] = {-1, -1}, from[2] = {-1, -1}, room = room_on_disk(h->texts, path);
    int err = pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 ? errno : 0;
    int fds[CHILD_END] = {err ? -1 : spawn_lift(to[0]), err ? -1 : spawn_lift(from[1]), -1,
                          spawn_lift(file), spawn_lift(room)};
    h->to = to[1];
    h->room = room >= 0;
    h->from = from[0];
    if (!err) {
        (void)fcntl(h->from, F_SETPIPE_SZ, PIPE);
        err = spawn_child(program, args, fds, CHILD_END, &h->pid);
    }
    for (int i = 0; i < CHILD_END; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (!err)
        return true;
    h->pid = 0;
    return file_fail(h->b->c, program, err);
}

static bool ask_to_open(Host *h, const SheetOptions *o)
{
    Buf frame;
    buf_init(&frame, h->texts);
    size_t at = wire_begin(&frame, WIRE_OPEN);
    wire_put_text(&frame, h->b->c->lang);
    wire_put_text(&frame, o ? o->encoding : NULL);
    wire_put_u32(&frame, o ? (unsigned char)o->delimiter : 0);
    wire_put_u32(&frame, h->room);
    wire_put_i64(&frame, conf_size("import.reader_memory"));
    wire_put_i64(&frame, (conf_duration_ms("import.reader_cpu") + 999) / 1000);
    wire_end(&frame, at);
    return command(h, &frame);
}

static bool take_book(Host *h)
{
    unsigned kind;
    WireIn in;
    bool whole;
    if (!next_frame(h, &kind, &in))
        return false;
    if (kind == WIRE_BOOK)
        return wire_book(&in, h->b) || nonsense(h);
    if (kind == WIRE_LOCK)
        return failed(h, ERR_INTERNAL, "err.sheet.child_lock", wire_text(&in, h->texts, 100));
    int before = h->b->c->n_err;
    if (kind == WIRE_DONE && wire_done(&in, h->b, -1, &whole) && h->b->c->n_err > before)
        return false;
    return nonsense(h);
}

static void closing(void *book)
{
    sheet_close(book);
}

static const char *shown_name(Arena *a, const char *path, const SheetOptions *o)
{
    const char *slash = strrchr(path, '/');
    return arena_str(a, o && o->name && *o->name ? o->name : slash ? slash + 1 : path);
}

bool child_open(Ctx *c, int fd, const char *path, const SheetOptions *opts, SheetBook **out)
{
    Arena *a = arena_child(c->a);
    SheetBook *b = ARENA_NEW(a, SheetBook);
    Host *h = ARENA_NEW(a, Host);
    *b = (SheetBook){.c = c,
                     .a = a,
                     .fd = -1,
                     .name = shown_name(a, path, opts),
                     .more = h,
                     .read = host_read,
                     .find = host_merges,
                     .closing = close_host};
    *h = (Host){.b = b, .to = -1, .from = -1, .texts = arena_child(a)};
    arena_defer(a, closing, b);
    bool ok = spawn(h, fd, path) && ask_to_open(h, opts) && take_book(h);
    if (ok)
        *out = b;
    else
        sheet_close(b);
    return ok;
}
