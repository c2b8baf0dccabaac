/* The side of the program: starts the child, asks, takes rows apart, and says what became of it. See child.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "record/sheet/child.h"
#include "record/sheet/wire.h"

enum { PIPE = 256 * 1024, FIRST = 128 * 1024 };

typedef struct Host {
    SheetBook *b;
    Child child;
    bool room;
    char *data; /* what came and was not taken: [at, n) of cap bytes */
    size_t at, n, cap;
    Arena *texts; /* mended ones of the frame at hand */
    WireCells cells;
} Host;

/* ---- how it ended -------------------------------------------------------------------------- */

static bool failed(Host *h, ErrCode code, const char *key, const char *more)
{
    return ctx_fail(h->b->c, code, "file", key, h->b->name, more);
}

/* Ends it and says why in one sentence; always false. */
static bool ended(Host *h, bool late)
{
    Ctx *c = h->b->c;
    ChildEnd end = child_end(&h->child);
    if (late)
        return failed(h, ERR_TOO_LARGE, "err.sheet.child_slow",
                      ctx_num(c, conf_duration_ms("import.reader_wait") / 1000));
    int sig = end.signal;
    if (sig == SIGABRT || sig == SIGKILL || (!sig && end.code == CHILD_NO_MEMORY))
        return failed(h, ERR_TOO_LARGE, "err.sheet.child_memory",
                      ctx_num(c, conf_size("import.reader_memory") >> 20));
    if (sig == SIGXCPU)
        return failed(h, ERR_TOO_LARGE, "err.sheet.child_slow",
                      ctx_num(c, conf_duration_ms("import.reader_cpu") / 1000));
    log_write(LOG_ERROR, "sheet.reader", LOG_I("signal", sig), LOG_I("code", end.code));
    return failed(h, ERR_INVALID, "err.sheet.child_crash", NULL);
}

static bool nonsense(Host *h)
{
    (void)child_end(&h->child);
    log_write(LOG_ERROR, "sheet.reader", LOG_S("why", "nonsense"));
    return failed(h, ERR_INVALID, "err.sheet.child_crash", NULL);
}

static void close_host(SheetBook *b)
{
    Host *h = b->more;
    (void)child_end(&h->child);
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
        int64_t until = clock_mono_ms() + conf_duration_ms("import.reader_wait");
        ssize_t got = child_take(&h->child, h->data + h->n, h->cap - h->n, until);
        if (got <= 0)
            return ended(h, got < 0 && errno == ETIMEDOUT);
        h->n += (size_t)got;
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
    return file_write_open(h->child.to, frame->data, frame->len) == 0 || ended(h, false);
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
    return !h->child.pid;
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
    static const char *const words[] = {"read-sheet", NULL};
    int files[CHILD_HAS] = {file, room_on_disk(h->texts, path)};
    h->room = files[1] >= 0;
    int err = child_start(&h->child, words, true, files, CHILD_HAS);
    if (err)
        return file_fail(h->b->c, child_wanted(), err);
    (void)fcntl(h->child.from, F_SETPIPE_SZ, PIPE);
    return true;
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

bool sheet_child_open(Ctx *c, int fd, const char *path, const SheetOptions *opts, SheetBook **out)
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
    *h = (Host){.b = b, .child = {.to = -1, .from = -1}, .texts = arena_child(a)};
    arena_defer(a, closing, b);
    bool ok = spawn(h, fd, path) && ask_to_open(h, opts) && take_book(h);
    if (ok)
        *out = b;
    else
        sheet_close(b);
    return ok;
}
