/* What texts with sections are filled with. See fill_data.h. */
#include "base/fill_data.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_ROWS = 16, BARE_ROWS = 1 << 20, NONE = 0xffffffff };

void fill_data_init(FillData *d, Arena *a)
{
    d->a = a;
    map_init(&d->values, a);
    map_init(&d->lists, a);
}

void fill_data_put(FillData *d, const char *path, const char *text, FillIs is)
{
    FillCell *cell = ARENA_NEW(d->a, FillCell);
    *cell = (FillCell){text, text && *text ? is : FILL_NOTHING};
    map_put(&d->values, path, cell);
}

FillList *fill_data_list(FillData *d, const char *name, const char *const *paths, int n_paths)
{
    FillList *l = ARENA_NEW(d->a, FillList);
    *l = (FillList){.paths = paths, .n_paths = n_paths};
    map_put(&d->lists, name, l);
    return l;
}

FillCell *fill_list_row(FillData *d, FillList *l)
{
    size_t width = (size_t)(l->n_paths ? l->n_paths : 1);
    if (l->n == l->cap) {
        int cap = l->cap ? l->cap * 2 : FIRST_ROWS;
        FillCell *cells = ARENA_ARRAY(d->a, (size_t)cap * width, FillCell);
        if (l->n)
            memcpy(cells, l->cells, (size_t)l->n * width * sizeof *cells);
        l->cells = cells;
        l->cap = cap;
    }
    return l->cells + (size_t)l->n++ * width;
}

/* ---- walking ------------------------------------------------------------------------------- */

static const FillCell *in_row(const FillAt *at, const char *path)
{
    for (int i = 0; i < at->list->n_paths; i++)
        if (strcmp(at->list->paths[i], path) == 0)
            return &at->list->cells[(size_t)at->row * (size_t)at->list->n_paths + (size_t)i];
    return NULL;
}

const FillCell *fill_data_get(const FillData *d, const FillAt *at, const char *path, FillCell *room,
                              char no[12])
{
    if (at && strcmp(path, "@no") == 0) {
        snprintf(no, 12, "%d", at->row + 1);
        *room = (FillCell){no, FILL_YES};
        return room;
    }
    for (; at; at = at->up) {
        const FillCell *cell = in_row(at, path);
        if (cell)
            return cell;
    }
    return map_get(&d->values, path);
}

bool fill_walk(const FillNode *nodes, const FillData *d, const FillAt *at, const FillSink *sink)
{
    for (const FillNode *n = nodes; n; n = n->next) {
        char no[12];
        FillCell room;
        if (n->kind == FILL_TEXT) {
            if (!sink->text(sink->arg, n->text, n->n))
                return false;
            continue;
        }
        const FillList *list = n->kind == FILL_PLACE ? NULL : map_get(&d->lists, n->text);
        const FillCell *cell = list ? NULL : fill_data_get(d, at, n->text, &room, no);
        if (n->kind == FILL_PLACE) {
            if (!sink->place(sink->arg, n->text, cell))
                return false;
            continue;
        }
        bool yes = list ? list->n > 0 : cell && cell->text && *cell->text && cell->is >= FILL_YES;
        if (n->kind == FILL_UNLESS || !list) {
            if (yes == (n->kind == FILL_EACH) && !fill_walk(n->kids, d, at, sink))
                return false;
            continue;
        }
        FillAt row = {.list = list, .up = at};
        for (; row.row < list->n; row.row++)
            if ((sink->row && !sink->row(sink->arg)) || !fill_walk(n->kids, d, &row, sink))
                return false;
    }
    return true;
}

/* ---- between processes --------------------------------------------------------------------- */

static void put_number(Buf *b, uint32_t n)
{
    buf_add(b, (const char *)&n, sizeof n);
}

static void put_text(Buf *b, const char *s)
{
    size_t n = s ? strlen(s) : 0;
    put_number(b, s ? (uint32_t)n : NONE);
    if (s)
        buf_add(b, s, n + 1); /* read in place */
}

static void put_cell(Buf *b, const FillCell *cell)
{
    put_number(b, (uint32_t)cell->is);
    put_text(b, cell->text);
}

void fill_data_write(const FillData *d, Buf *out)
{
    put_number(out, (uint32_t)d->values.n);
    for (size_t i = 0; i < d->values.n; i++) {
        put_text(out, d->values.items[i].key);
        put_cell(out, d->values.items[i].value);
    }
    put_number(out, (uint32_t)d->lists.n);
    for (size_t i = 0; i < d->lists.n; i++) {
        const FillList *l = d->lists.items[i].value;
        put_text(out, d->lists.items[i].key);
        put_number(out, (uint32_t)l->n_paths);
        for (int k = 0; k < l->n_paths; k++)
            put_text(out, l->paths[k]);
        put_number(out, (uint32_t)l->n);
        for (int k = 0; k < l->n * l->n_paths; k++)
            put_cell(out, &l->cells[k]);
    }
}

typedef struct In {
    const char *at, *end;
    bool bad;
} In;

static uint32_t get_number(In *in)
{
    uint32_t n = 0;
    if (in->end - in->at < (ptrdiff_t)sizeof n) {
        in->bad = true;
        return 0;
    }
    memcpy(&n, in->at, sizeof n);
    in->at += sizeof n;
    return n;
}

static const char *get_text(In *in)
{
    uint32_t n = get_number(in);
    const char *s = in->at;
    if (in->bad || n == NONE)
        return NULL;
    if (in->end - in->at <= (ptrdiff_t)n || s[n] != 0 || memchr(s, 0, n)) {
        in->bad = true;
        return NULL;
    }
    in->at += (size_t)n + 1;
    return s;
}

static FillCell get_cell(In *in)
{
    uint32_t is = get_number(in);
    in->bad |= is > FILL_PICTURE;
    return (FillCell){.text = get_text(in), .is = is > FILL_PICTURE ? FILL_NOTHING : (FillIs)is};
}

/* A count of things that take at least `each` bytes: more than fit are none. */
static int get_count(In *in, size_t each)
{
    uint32_t n = get_number(in);
    in->bad |= n > (size_t)(in->end - in->at) / each;
    return in->bad ? 0 : (int)n;
}

/* Rows of which no value is wanted take no room: only how many they are. */
static int get_bare(In *in)
{
    uint32_t n = get_number(in);
    in->bad |= n > BARE_ROWS;
    return in->bad ? 0 : (int)n;
}

static void get_list(In *in, FillData *d)
{
    const char *name = get_text(in);
    int width = get_count(in, 4);
    const char **paths = ARENA_ARRAY(d->a, width + 1, const char *);
    for (int i = 0; i < width; i++) {
        paths[i] = get_text(in);
        in->bad |= !paths[i];
    }
    int rows = width ? get_count(in, 8 * (size_t)width) : get_bare(in);
    if (in->bad || !name)
        return;
    FillList *l = fill_data_list(d, name, paths, width);
    if (!width)
        l->n = rows;
    for (int i = 0; width && i < rows && !in->bad; i++) {
        FillCell *cells = fill_list_row(d, l);
        for (int k = 0; k < width; k++)
            cells[k] = get_cell(in);
    }
}

bool fill_data_read(Arena *a, const char *bytes, size_t n, FillData *out)
{
    In in = {.at = bytes, .end = bytes + n};
    fill_data_init(out, a);
    for (int left = get_count(&in, 12); left > 0 && !in.bad; left--) {
        const char *path = get_text(&in);
        FillCell cell = get_cell(&in);
        if (path)
            fill_data_put(out, path, cell.text, cell.is);
    }
    for (int left = get_count(&in, 12); left > 0 && !in.bad; left--)
        get_list(&in, out);
    return !in.bad && in.at == in.end;
}
