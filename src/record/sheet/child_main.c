/* The locked-up child: takes commands, sends what the readers say. See child.h. */
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <libxml/parser.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/msg.h"
#include "record/sheet/child.h"
#include "record/sheet/wire.h"

enum { COMMAND = 64 * 1024, FULL = 64 * 1024 };

typedef struct Reader {
    Ctx c;
    Arena *a; /* of a command */
    SheetBook *book;
    Buf out;
    bool told_columns, stopped;
} Reader;

/* ---- pipes --------------------------------------------------------------------------------- */

static bool take_bytes(char *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = read(STDIN_FILENO, to + got, n - got);
        if (r == 0 || (r < 0 && errno != EINTR))
            return false;
        got += r > 0 ? (size_t)r : 0;
    }
    return true;
}

/* The next command; the whole process ends where nobody is there any more. */
static unsigned next_command(Arena *a, WireIn *in)
{
    char head[WIRE_HEAD];
    unsigned kind;
    size_t n;
    if (!take_bytes(head, sizeof head))
        _exit(CHILD_OK);
    if (!wire_head(head, &kind, &n) || n > COMMAND)
        _exit(CHILD_PROTOCOL);
    *in = (WireIn){.at = arena_alloc(a, n + 1)};
    in->end = in->at + n;
    if (!take_bytes(in->at, n))
        _exit(CHILD_OK);
    return kind;
}

static void send_out(Reader *me)
{
    if (file_write_open(STDOUT_FILENO, me->out.data, me->out.len) != 0)
        _exit(CHILD_OK); /* the program has gone or closed the book */
    buf_clear(&me->out);
}

/* Does the program want no more of these rows? */
static bool told_to_stop(Reader *me)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    WireIn in;
    if (!me->stopped && poll(&p, 1, 0) > 0) {
        (void)next_command(me->a, &in); /* only WIRE_STOP can come now */
        me->stopped = true;
    }
    return me->stopped;
}

/* ---- commands ------------------------------------------------------------------------------ */

static bool on_row(void *user, const SheetRow *row)
{
    Reader *me = user;
    if (!me->told_columns)
        wire_put_columns(&me->out, me->book);
    me->told_columns = true;
    if (!wire_put_row(&me->out, row))
        return ctx_fail(&me->c, ERR_TOO_LARGE, "file", "err.sheet.row_long",
                        ctx_num(&me->c, row->row), ctx_num(&me->c, WIRE_MOST >> 20));
    if (me->out.len >= FULL) {
        send_out(me);
        return !told_to_stop(me);
    }
    return true;
}

static void done(Reader *me, int index, const SheetMerge *m, int n, bool whole)
{
    wire_put_done(&me->out, me->book, index, m, n, &me->c, whole);
    send_out(me);
    ctx_errors_back_to(&me->c, 0);
    me->stopped = false;
}

static void read_rows(Reader *me, int index)
{
    int n;
    me->told_columns = false;
    bool whole = sheet_read(me->book, index, on_row, me);
    const SheetMerge *m = sheet_merges(me->book, &n);
    if (!me->told_columns)
        wire_put_columns(&me->out, me->book);
    done(me, index, m, n, whole);
}

static void find_merges(Reader *me, int index)
{
    const SheetMerge *m;
    int n;
    bool ok = sheet_find_merges(me->book, index, INT64_MAX, &m, &n);
    done(me, index, m, n < 0 ? 0 : n, ok);
}

/* ---- the beginning ------------------------------------------------------------------------- */

/* What is loaded from files later otherwise: converters of texts. Whatever is not here, no book can use. */
static void load_converters(void)
{
    static const char *const names[] = {
        "GB18030",   "CP950",  "CP1252", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE", "UTF-8",
        "MACINTOSH", "CP437",  "CP850",  "CP852",    "CP866",    "CP874",    "CP932",    "CP949",
        "CP1250",    "CP1251", "CP1253", "CP1254",   "CP1255",   "CP1256",   "CP1257",   "CP1258"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)iconv_open("UTF-8", names[i]); /* never closed: that would unload it */
}

static bool is_zip(void)
{
    char head[4];
    return pread(CHILD_FILE, head, sizeof head, 0) == 4 && memcmp(head, "PK\3\4", 4) == 0;
}

static void lock_up(Reader *me, int64_t memory, int64_t cpu_s)
{
    ConfineLimits l = {.memory = memory,
                       .cpu_s = cpu_s,
                       .file = CHILD_ROOM_BYTES,
                       .descriptors = CHILD_FILE + CHILD_HAS};
    const char *why;
    if (confine_self(&l, &why))
        return;
    size_t at = wire_begin(&me->out, WIRE_LOCK);
    wire_put_text(&me->out, why);
    wire_end(&me->out, at);
    send_out(me);
    _exit(CHILD_NO_LOCK);
}

static bool open_book(Reader *me)
{
    WireIn in;
    if (next_command(me->a, &in) != WIRE_OPEN)
        _exit(CHILD_PROTOCOL);
    const char *lang = wire_text(&in, me->a, 16);
    SheetOptions o = {.encoding = wire_text(&in, me->a, 256)};
    o.delimiter = (char)wire_u32(&in);
    bool room = wire_u32(&in) == 1;
    int64_t memory = wire_i64(&in);
    int64_t cpu_s = wire_i64(&in);
    if (in.bad || !lang || !msg_load())
        _exit(CHILD_PROTOCOL);
    me->c.lang = strcmp(lang, "en") == 0 ? "en" : "zh";
    if (!is_zip()) {
        load_converters();
        xmlInitParser();
    }
    if (!room)
        (void)close(CHILD_ROOM); /* whatever came there by chance */
    lock_up(me, memory, cpu_s);
    if (book_open(&me->c, CHILD_FILE, room ? CHILD_ROOM : -1, "file", &o, &me->book)) {
        wire_put_book(&me->out, me->book);
        send_out(me);
        return true;
    }
    me->book = NULL;
    done(me, -1, NULL, 0, false);
    return false;
}

_Noreturn void sheet_child(void)
{
    child_begin();
    Arena *a = arena_new(0);
    Reader *me = ARENA_NEW(a, Reader);
    WireIn in;
    ctx_init(&me->c, a);
    me->a = arena_child(a);
    buf_init(&me->out, a);
    if (!open_book(me))
        _exit(CHILD_OK);
    for (;;) {
        arena_reset(me->a);
        unsigned kind = next_command(me->a, &in);
        int index = (int)wire_u32(&in);
        if (in.bad && kind != WIRE_STOP)
            _exit(CHILD_PROTOCOL);
        if (kind == WIRE_READ)
            read_rows(me, index);
        else if (kind == WIRE_MERGES)
            find_merges(me, index);
        else if (kind != WIRE_STOP) /* one that came when the rows were through already */
            _exit(CHILD_PROTOCOL);
    }
}
