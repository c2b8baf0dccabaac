/* What a child that reads files could send if it were taken over: frames of rows, books and ends of commands. The first
   byte chooses. Whatever comes is refused or is within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "record/sheet/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s)
{
    if (!s || !utf8_valid(s, strlen(s)))
        abort();
}

static void row(SheetBook *b, WireIn in)
{
    WireCells cells = {0};
    SheetRow r;
    if (!wire_row(&in, b->a, b->a, &cells, &r))
        return;
    if (r.row < 1 || r.n > BOOK_COLUMNS)
        abort();
    for (int i = 0; i < r.n; i++) {
        if (r.cells[i].kind > SHEET_ERROR)
            abort();
        check_text(r.cells[i].text);
    }
    Buf again;
    buf_init(&again, b->a);
    if (!wire_put_row(&again, &r))
        abort();
}

static void book(SheetBook *b, WireIn in)
{
    if (!wire_book(&in, b))
        return;
    for (int i = 0; i < sheet_count(b); i++)
        check_text(sheet_info(b, i)->name);
    check_text(sheet_format(b));
}

static void done(SheetBook *b, WireIn in)
{
    bool whole;
    int n;
    if (!wire_done(&in, b, 0, &whole))
        return;
    const SheetMerge *m = sheet_merges(b, &n);
    for (int i = 0; i < n; i++)
        if (m[i].first_row < 1 || m[i].last_row < m[i].first_row || m[i].first_col < 0 ||
            m[i].last_col < m[i].first_col)
            abort();
    for (const ErrItem *e = b->c->err; e; e = e->next)
        check_text(e->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    SheetBook b = {.c = &c, .a = a, .fd = -1, .room = -1};
    b.sheets = ARENA_NEW(a, BookSheet);
    b.n = 1;
    WireIn in = {.at = arena_dup(a, (const char *)data + 1, size - 1)};
    in.end = in.at + size - 1;
    switch (data[0] & 3) {
    case 0: row(&b, in); break;
    case 1: book(&b, in); break;
    case 2: done(&b, in); break;
    default: {
        unsigned kind;
        size_t n;
        if (size > WIRE_HEAD && wire_head((const char *)data + 1, &kind, &n) && n > WIRE_MOST)
            abort();
        (void)wire_columns(&in, &b);
    }
    }
    arena_free(a);
    return 0;
}
