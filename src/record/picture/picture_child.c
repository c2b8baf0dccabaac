/*
 * A picture made small in a process that can do nothing else, and the side that starts it. See picture.h.
 *     1 the JPEG   2 nowhere   3 the file
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "record/picture/picture.h"

enum { MOST_IN = 256 << 20, MOST_OUT = 8 << 20 };
enum { SAYS_BAD = 10, SAYS_LARGE = 11 };

static ChildSlots slots = CHILD_SLOTS(2);

/* ---- the child ----------------------------------------------------------------------------- */

/* A size below 0: no side longer than that, and nothing of the picture is changed. */
static PictureVerdict shrink(Arena *a, int file, int size, int64_t pixels, Buf *out)
{
    char *in;
    size_t n;
    if (!file_read_open(a, file, MOST_IN, &in, &n) || n == 0)
        return PICTURE_BAD;
    const unsigned char *bytes = (const unsigned char *)in;
    return size < 0 ? picture_rewrite(a, bytes, n, -size, out)
                    : picture_shrink(a, bytes, n, size, pixels, out);
}

_Noreturn void picture_child(int argc, char **argv)
{
    child_begin();
    if (argc != 4)
        _exit(SAYS_BAD);
    int size = (int)strtol(argv[0], NULL, 10);
    int64_t pixels = strtoll(argv[1], NULL, 10);
    child_lock(argv[2], argv[3], 1);
    Arena *a = arena_new(0);
    Buf out;
    buf_init(&out, a);
    PictureVerdict v = shrink(a, CHILD_FILE, size, pixels, &out);
    if (v != PICTURE_OK)
        _exit(v == PICTURE_LARGE ? SAYS_LARGE : SAYS_BAD);
    _exit(file_write_open(STDOUT_FILENO, out.data, out.len) == 0 ? 0 : SAYS_BAD);
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

static bool into_buf(void *arg, const char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return true;
}

static bool in_child(Ctx *c, int file, int size, Buf *out)
{
    int64_t cpu = conf_duration_ms("picture.cpu");
    const char *const words[] = {"shrink-picture",
                                 ctx_num(c, size),
                                 ctx_num(c, conf_int("picture.pixels")),
                                 ctx_num(c, conf_size("picture.memory")),
                                 ctx_num(c, (cpu + 999) / 1000),
                                 NULL};
    Child child;
    int err = child_start(&child, words, false, &file, 1);
    if (err)
        return file_fail(c, child_wanted(), err);
    ChildEnd end = child_hear(&child, 3 * cpu, MOST_OUT, into_buf, out);
    if (!end.signal && end.code == 0)
        return true;
    if (!end.signal && end.code == SAYS_LARGE)
        return large(c);
    if (end.signal || end.code != SAYS_BAD)
        log_write(LOG_ERROR, "picture.child", LOG_I("signal", end.signal), LOG_I("code", end.code));
    return bad(c);
}

static bool in_place(Ctx *c, int file, int size, Buf *out)
{
    PictureVerdict v = shrink(c->a, file, size, conf_int("picture.pixels"), out);
    close(file);
    return v == PICTURE_OK || (v == PICTURE_LARGE ? large(c) : bad(c));
}

static bool run(Ctx *c, const char *from, int size, Buf *out)
{
    buf_init(out, c->a);
    int file = open(from, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return file_fail(c, from, errno);
    (void)child_enter(&slots, CHILD_ANY_TIME);
    bool ok = child_wanted() ? in_child(c, file, size, out) : in_place(c, file, size, out);
    child_leave(&slots);
    return ok;
}

bool picture_make(Ctx *c, const char *from, const char *to, int size)
{
    Buf out;
    return run(c, from, size, &out) && file_write(c, to, out.data, out.len, 0600);
}

bool picture_is_made(Ctx *c, const char *path, int size)
{
    Buf out;
    char *was;
    size_t n;
    if (!run(c, path, -size, &out) || !file_read(c, path, MOST_OUT, &was, &n))
        return false;
    return (n == out.len && memcmp(was, out.data, n) == 0) || bad(c);
}
