/*
 * A .docx looked through or filled in a process that can do nothing else, and the side that starts it. See docx.h.
 *     1 'O' and what was made, or 'E' and the mistakes   2 nowhere   3 the file   4 the values
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "record/attach.h"
#include "record/print/docx.h"

enum { DATA_FD = CHILD_FILE + 1, WAIT_MS = 30000, SAID = 64 * 1024, MISTAKES = 20 };
enum { SAYS_BROKEN = 10, SAYS_LARGE, SAYS_ROWS };

static ChildSlots slots = CHILD_SLOTS(2);

/* ---- the child ----------------------------------------------------------------------------- */

typedef struct Out {
    int fd;
    bool begun;
} Out;

static bool put(void *arg, const char *bytes, size_t n)
{
    Out *o = arg;
    if (!o->begun && file_write_open(o->fd, "O", 1) != 0)
        return false;
    o->begun = true;
    return file_write_open(o->fd, bytes, n) == 0;
}

/* Whole mistakes go back only where nothing else went before them. */
static int say_mistakes(const Ctx *c, const Out *o)
{
    Buf b;
    if (o->begun && c->err && c->err->code == ERR_TOO_LARGE)
        return c->err->field ? SAYS_ROWS : SAYS_LARGE;
    if (o->begun)
        return SAYS_BROKEN;
    buf_init(&b, c->a);
    buf_putc(&b, 'E');
    for (const ErrItem *e = c->err; e; e = e->next)
        buf_printf(&b, "%c%s\n",
                   e->code == ERR_TOO_LARGE          ? 'L'
                   : e->code == ERR_UNSUPPORTED_TYPE ? 'U'
                                                     : 'I',
                   e->message);
    return file_write_open(o->fd, b.data, b.len) == 0 ? 0 : SAYS_BROKEN;
}

_Noreturn void docx_child(int argc, char **argv)
{
    child_begin();
    if (argc != 6 || !msg_load())
        _exit(SAYS_BROKEN);
    bool fill = strcmp(argv[0], "fill") == 0;
    size_t values_most = (size_t)strtoull(argv[2], NULL, 10);
    DocxMost most = {strtoll(argv[4], NULL, 10), strtoll(argv[5], NULL, 10)};
    child_lock(argv[2], argv[3], 2);
    Ctx c;
    ctx_init(&c, arena_new(0));
    c.lang = argv[1][0] == 'e' ? "en" : "zh";
    char *file, *values;
    size_t n, n_values;
    Out out = {.fd = STDOUT_FILENO};
    FillData d;
    Buf tags;
    bool ok;
    if (!file_read_open(c.a, CHILD_FILE, DOCX_BYTES, &file, &n))
        _exit(SAYS_BROKEN);
    if (fill) {
        if (!file_read_open(c.a, DATA_FD, values_most, &values, &n_values) ||
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

typedef struct Heard {
    DocxWrite *write;
    void *arg;
    char first; /* 'O', 'E', or 0 as long as nothing came */
    Buf said;
} Heard;

static bool failed(Ctx *c, ChildEnd end)
{
    if (!end.signal && end.code == SAYS_ROWS)
        return ctx_fail(c, ERR_TOO_LARGE, NULL, "print.rows_all",
                        ctx_num(c, conf_int("print.rows")));
    if (!end.signal && end.code == SAYS_LARGE)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.too_large",
                        ctx_num(c, conf_size("print.docx_out") >> 20));
    if (end.signal == SIGABRT || end.signal == SIGKILL || end.signal == SIGXCPU)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.heavy",
                        ctx_num(c, conf_size("print.docx_memory") >> 20),
                        ctx_num(c, conf_duration_ms("print.docx_cpu") / 1000));
    log_write(LOG_ERROR, "print.docx", LOG_I("signal", end.signal), LOG_I("code", end.code));
    return ctx_fail(c, ERR_INVALID, "file", "print.docx.crash");
}

/* What it writes, without the first letter. */
static bool hear(void *arg, const char *bytes, size_t n)
{
    Heard *h = arg;
    if (!h->first) {
        h->first = *bytes++;
        n--;
    }
    if (n && h->first == 'O')
        return h->write(h->arg, bytes, n);
    buf_add(&h->said, bytes, n);
    return h->said.len <= SAID;
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

static bool in_child(Ctx *c, const char *what, const int *files, DocxWrite *write, void *arg)
{
    int64_t cpu = conf_duration_ms("print.docx_cpu"), most = conf_size("print.docx_out");
    const char *const words[] = {"merge-docx",
                                 what,
                                 c->lang,
                                 ctx_num(c, conf_size("print.docx_memory")),
                                 ctx_num(c, (cpu + 999) / 1000),
                                 ctx_num(c, most),
                                 ctx_num(c, conf_int("print.rows")),
                                 NULL};
    Heard h = {.write = write, .arg = arg};
    Child child;
    buf_init(&h.said, c->a);
    int err = child_start(&child, words, false, files, 2);
    if (err)
        return file_fail(c, child_wanted(), err);
    ChildEnd end = child_hear(&child, 3 * cpu, most + 1, hear, &h);
    if (c->n_err)
        return false;
    if (end.signal || end.code != 0)
        return failed(c, end);
    return h.first == 'O' || (h.first == 'E' ? pass_on(c, &h.said) : failed(c, end));
}

static bool in_place(Ctx *c, int file, const FillData *d, DocxWrite *write, void *arg)
{
    char *bytes;
    size_t n;
    Buf tags;
    bool ok = file_read_open(c->a, file, DOCX_BYTES, &bytes, &n);
    close(file);
    if (!ok)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.large", ctx_num(c, DOCX_BYTES >> 20));
    if (d)
        return docx_fill(c, bytes, n, d,
                         (DocxMost){conf_size("print.docx_out"), conf_int("print.rows")}, write,
                         arg);
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
    int err = file_write_open(fd, b.data, b.len);
    if (!err)
        return fd;
    file_fail(c, path, err);
    close(fd);
    return -1;
}

static bool run(Ctx *c, const char *path, const FillData *d, DocxWrite *write, void *arg)
{
    struct stat st;
    int files[2] = {open(path, O_RDONLY | O_CLOEXEC), -1};
    if (files[0] < 0)
        return file_fail(c, path, errno);
    if (fstat(files[0], &st) == 0 && st.st_size > DOCX_BYTES) {
        close(files[0]);
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.large", ctx_num(c, DOCX_BYTES >> 20));
    }
    if (child_wanted() && d && (files[1] = values_file(c, d)) < 0) {
        close(files[0]);
        return false;
    }
    if (!child_enter(&slots, WAIT_MS)) {
        close(files[0]);
        if (files[1] >= 0)
            close(files[1]);
        return ctx_fail(c, ERR_BUSY, NULL, "err.busy");
    }
    bool ok = child_wanted() ? in_child(c, d ? "fill" : "look", files, write, arg)
                             : in_place(c, files[0], d, write, arg);
    child_leave(&slots);
    return ok;
}

static bool into_buf(void *arg, const char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return true;
}

static bool into_file(void *arg, const char *bytes, size_t n)
{
    return file_write_open(*(int *)arg, bytes, n) == 0;
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
