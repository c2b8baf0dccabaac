/* Merged ranges before the rows are read, and rows whose merged cells are filled down. See sheet.h. */
#include <stdlib.h>

#include "record/sheet/book.h"

/* Texts of the ranges that are open at one time: nobody merges this much. */
static const size_t most_text = (size_t)16 << 20;

static int by_place(const void *l, const void *r)
{
    const SheetMerge *a = l, *b = r;
    return a->first_row != b->first_row ? (a->first_row < b->first_row ? -1 : 1)
                                        : a->first_col - b->first_col;
}

static bool go_on(void *user, const SheetRow *row)
{
    (void)row;
    return *(bool *)user;
}

/* Fills b->merges. */
static bool look(SheetBook *b, int index)
{
    if (b->find) {
        b->merges.n = 0;
        return b->find(b, index);
    }
    /* the reader of .xls knows them before its first row */
    bool all = strcmp(b->format, "xls") != 0;
    int before = b->c->n_err;
    return sheet_read(b, index, go_on, &all) || b->c->n_err == before;
}

bool sheet_find_merges(SheetBook *b, int index, int64_t most, const SheetMerge **out, int *out_n)
{
    *out = NULL;
    *out_n = -1;
    if (index < 0 || index >= b->n)
        return ctx_fail(b->c, ERR_INVALID, "sheet", "err.sheet.none");
    if (b->sheets[index].info.bytes > most)
        return true;
    if (b->found_of != index + 1) {
        b->found_of = 0;
        b->found.n = 0;
        if (strcmp(b->format, "csv") != 0 && !look(b, index))
            return false;
        for (size_t i = 0; i < b->merges.n; i++)
            vec_push(b->a, &b->found, b->merges.items[i]);
        if (b->found.n)
            qsort(b->found.items, b->found.n, sizeof *b->found.items, by_place);
        b->found_of = index + 1;
    }
    *out = b->found.items;
    *out_n = (int)b->found.n;
    return true;
}

/* ---- filling down ---------------------------------------------------------------------------- */

typedef struct Open {
    int64_t last_row;
    int col;
    SheetCell value;
} Open;

typedef struct Fill {
    SheetBook *b;
    Arena *a, *texts;
    SheetRowFn fn;
    void *user;
    int64_t from;
    const SheetMerge *ranges;
    int n, next; /* next: the first one that does not begin at or above the row at hand */
    VEC(Open) open;
    SheetCell *cells;
    int cap;
} Fill;

static SheetCell *room(Fill *f, int n)
{
    if (n > f->cap) {
        f->cap = n * 2;
        f->cells = ARENA_ARRAY(f->a, f->cap, SheetCell);
    }
    return f->cells;
}

/* The row with the values of the open ranges in its blank cells; the row itself where there are none. */
static SheetRow filled(Fill *f, const SheetRow *row)
{
    SheetRow out = *row;
    for (size_t i = 0; i < f->open.n; i++) {
        const Open *one = &f->open.items[i];
        if (one->col < out.n && out.cells[one->col].kind != SHEET_BLANK)
            continue;
        if (out.cells != f->cells || out.n <= one->col) {
            int n = out.n > one->col ? out.n : one->col + 1;
            SheetCell *was = out.cells == f->cells ? f->cells : NULL, *cells = room(f, n);
            if (out.n && cells != was)
                memcpy(cells, out.cells, (size_t)out.n * sizeof *cells);
            for (; out.n < n; out.n++)
                cells[out.n] = (SheetCell){.text = ""};
            out.cells = cells;
        }
        f->cells[one->col] = one->value;
    }
    return out;
}

static void close_ranges(Fill *f, int64_t row)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->open.n; i++)
        if (f->open.items[i].last_row >= row)
            f->open.items[kept++] = f->open.items[i];
    f->open.n = kept;
    if (!kept)
        arena_reset(f->texts);
}

static bool open_ranges(Fill *f, const SheetRow *row)
{
    for (; f->next < f->n && f->ranges[f->next].first_row <= row->row; f->next++) {
        const SheetMerge *m = &f->ranges[f->next];
        /* one that began in a row that is wholly blank has no value */
        if (m->first_row != row->row || m->first_row < f->from || m->last_row == m->first_row ||
            m->first_col >= row->n || row->cells[m->first_col].kind == SHEET_BLANK)
            continue;
        SheetCell value = row->cells[m->first_col];
        value.text = arena_str(f->texts, value.text);
        value.filled = true;
        if (arena_used(f->texts) > most_text)
            return ctx_fail(f->b->c, ERR_TOO_LARGE, "file", "err.sheet.merged_text");
        vec_push(f->a, &f->open, (Open){m->last_row, m->first_col, value});
    }
    return true;
}

static bool on_row(void *user, const SheetRow *row)
{
    Fill *f = user;
    close_ranges(f, row->row);
    SheetRow out = filled(f, row);
    return open_ranges(f, row) && f->fn(f->user, &out);
}

bool sheet_read_filled(SheetBook *b, int index, int64_t from, SheetRowFn fn, void *user)
{
    Fill f = {.b = b, .fn = fn, .user = user, .from = from};
    if (!sheet_find_merges(b, index, INT64_MAX, &f.ranges, &f.n))
        return false;
    f.a = arena_child(b->a);
    f.texts = arena_child(b->a);
    bool ok = sheet_read(b, index, on_row, &f);
    arena_free(f.texts);
    arena_free(f.a);
    return ok;
}
