/* What the tests of the sheet readers share: reading a sheet as one line of text, and .xls files made here
   record by record. */
#ifndef TEST_SHEETS_H
#define TEST_SHEETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/msg.h"
#include "record/sheet/sheet.h"

#define BOOKS ZK_SOURCE_DIR "/test/data/workbooks/"

static char folder[] = "/tmp/zhike-sheets-XXXXXX";

static bool take_row(void *user, const SheetRow *row)
{
    Buf *out = user;
    buf_printf(out, "%lld%s=", (long long)row->row, row->hidden ? "h" : "");
    for (int i = 0; i < row->n; i++)
        buf_printf(out, "%s%c%s%s", i ? "|" : "", "_tndbe"[row->cells[i].kind],
                   row -> cells[i].uncached ? "?" : "", row->cells[i].text);
    buf_putc(out, ';');
    return true;
}

static inline Ctx *fresh(Arena *a)
{
    Ctx *c = ARENA_NEW(a, Ctx);
    ctx_init(c, a);
    return c;
}

/* "1=tname|n5;2h=…": kinds _ blank, t text, n number, d date, b bool, e error; h hidden. "! …" for a mistake. */
static inline const char *read_sheet(Ctx *c, SheetBook *b, int index)
{
    Buf out;
    buf_init(&out, c->a);
    if (!sheet_read(b, index, take_row, &out))
        return arena_printf(c->a, "! %s", c->err ? c->err->message : "stopped");
    return out.data;
}

static inline const char *read_file(Ctx *c, const char *path, const SheetOptions *o,
                                    SheetBook **out)
{
    SheetBook *b = NULL;
    if (!sheet_open(c, path, o, &b))
        return arena_printf(c->a, "! %s", c->err ? c->err->message : "?");
    if (out)
        *out = b;
    return read_sheet(c, b, 0);
}

static inline const char *write_file(Arena *a, const char *name, const char *data, size_t n)
{
    char *path = arena_printf(a, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

/* Head, so many times a piece, tail. */
static inline const char *repeated(Arena *a, const char *head, const char *piece, int times,
                                   const char *tail)
{
    Buf out;
    buf_init(&out, a);
    buf_puts(&out, head);
    for (int i = 0; i < times; i++)
        buf_puts(&out, piece);
    buf_puts(&out, tail);
    return out.data;
}

static inline int set_up(void **state)
{
    (void)state;
    return msg_load() && mkdtemp(folder) ? 0 : 1;
}

static inline int tear_down(void **state)
{
    (void)state;
    char cmd[96];
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", folder);
    return system(cmd);
}

#endif
