/*
 * The rows of a sheet with blank cells filled down, where the person wants it. Where the file tells what is
 * merged, exactly that is filled; a text file cannot tell, there a blank cell of a column that names the parent
 * (客户名称 above several contacts) takes the value above it. See impl.h.
 */
#include <string.h>

#include "record/import/impl.h"

enum { FILL_COLUMNS = 8 };

typedef struct Above {
    int col;
    SheetCell cell; /* BLANK: nothing stood there yet */
    char *text;     /* of cell, with room for cap bytes */
    size_t cap;
} Above;

typedef struct Fill {
    Arena *a;
    SheetRowFn fn;
    void *user;
    int64_t header_row;
    Above cols[FILL_COLUMNS];
    int n, widest;
    SheetCell *cells;
    int room;
} Fill;

static void keep(Fill *f, Above *x, const SheetCell *cell)
{
    size_t n = strlen(cell->text) + 1;
    if (n > x->cap) {
        x->cap = n * 2;
        x->text = arena_alloc(f->a, x->cap);
    }
    memcpy(x->text, cell->text, n);
    x->cell = *cell;
    x->cell.text = x->text;
    x->cell.filled = true;
}

static bool fill_row(void *user, const SheetRow *row)
{
    static const SheetCell blank = {.text = ""};
    Fill *f = user;
    int n = row->n > f->widest + 1 ? row->n : f->widest + 1;
    if (row->row <= f->header_row)
        return f->fn(f->user, row);
    if (n > f->room) {
        f->room = n * 2;
        f->cells = ARENA_ARRAY(f->a, f->room, SheetCell);
    }
    for (int i = 0; i < n; i++)
        f->cells[i] = i < row->n ? row->cells[i] : blank;
    for (int i = 0; i < f->n; i++) {
        Above *x = &f->cols[i];
        if (f->cells[x->col].kind != SHEET_BLANK)
            keep(f, x, &f->cells[x->col]);
        else if (x->cell.kind != SHEET_BLANK)
            f->cells[x->col] = x->cell;
    }
    SheetRow full = *row;
    full.n = n;
    full.cells = f->cells;
    return f->fn(f->user, &full);
}

/* Columns of links a row cannot be without. */
static void parents(Ctx *c, const ImpSheet *s, Fill *f)
{
    const Entity *e = s->entity ? model_entity(c->model, s->entity) : NULL;
    for (int i = 0; e && i < s->n_columns && f->n < FILL_COLUMNS; i++) {
        const Field *field = s->columns[i].field ? entity_field(e, s->columns[i].field) : NULL;
        if (!field || field->type != FT_LINK || !field->required)
            continue;
        f->cols[f->n++] = (Above){.col = i};
        f->widest = i > f->widest ? i : f->widest;
    }
}

bool imp_read(Ctx *c, SheetBook *b, const ImpSheet *s, SheetRowFn fn, void *user)
{
    const SheetMerge *m;
    int n = 0;
    if (!s->fill_down)
        return sheet_read(b, s->index, fn, user);
    if (!sheet_find_merges(b, s->index, INT64_MAX, &m, &n))
        return false;
    for (int i = 0; i < n; i++)
        if (m[i].first_row > s->header_row && m[i].last_row > m[i].first_row)
            return sheet_read_filled(b, s->index, s->header_row + 1, fn, user);
    Fill f = {.a = arena_child(c->a), .fn = fn, .user = user, .header_row = s->header_row};
    parents(c, s, &f);
    return f.n ? sheet_read(b, s->index, fill_row, &f) : sheet_read(b, s->index, fn, user);
}
