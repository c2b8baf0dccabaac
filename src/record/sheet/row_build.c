/* One row in the making. See row_build.h. */
#include "record/sheet/row_build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void row_init(RowBuild *r, SheetBook *b, SheetRowFn fn, void *user)
{
    *r = (RowBuild){.b = b, .texts = arena_child(b->a), .fn = fn, .user = user};
}

void row_free(RowBuild *r)
{
    arena_free(r->texts);
    r->texts = NULL;
}

void row_begin(RowBuild *r, int64_t row, bool hidden)
{
    arena_reset(r->texts);
    r->row = row;
    r->hidden = hidden;
    r->n = 0;
    r->any = false;
}

bool row_end(RowBuild *r)
{
    if (!r->any)
        return true;
    while (r->n && r->cells[r->n - 1].kind == SHEET_BLANK)
        r->n--;
    SheetRow row = {.row = r->row, .n = r->n, .hidden = r->hidden, .cells = r->cells};
    r->stopped = r->n > 0 && !r->fn(r->user, &row);
    return !r->stopped;
}

SheetCell *row_cell(Arena *a, SheetCell **cells, int *n, int *cap, int col)
{
    if (col >= *cap) {
        int room = *cap ? *cap : 64;
        while (room <= col)
            room *= 2;
        SheetCell *more = ARENA_ARRAY(a, room, SheetCell);
        if (*n)
            memcpy(more, *cells, (size_t)*n * sizeof *more);
        *cells = more;
        *cap = room;
    }
    while (*n <= col)
        (*cells)[(*n)++] = (SheetCell){.text = ""};
    return &(*cells)[col];
}

SheetCell *row_set(RowBuild *r, int col, SheetKind kind, const char *text)
{
    SheetCell *c = row_cell(r->b->a, &r->cells, &r->n, &r->cap, col);
    *c = (SheetCell){.kind = *text || kind == SHEET_ERROR ? kind : SHEET_BLANK, .text = text};
    c->cut = strnlen(text, BOOK_CELL) == BOOK_CELL;
    r->any |= c->kind != SHEET_BLANK;
    return c;
}

void row_number(RowBuild *r, int col, double v, bool is_date)
{
    char out[40];
    if (!isfinite(v)) {
        row_set(r, col, SHEET_ERROR, "#NUM!");
        return;
    }
    if (is_date && r->b->date1904 && v >= 1)
        v += 1462;
    if (!is_date)
        sheet_number_text(v, out);
    else if (!sheet_serial_text(v, out)) {
        row_set(r, col, SHEET_ERROR, "#NUM!")->number = v;
        return;
    }
    row_set(r, col, is_date ? SHEET_DATE : SHEET_NUMBER, arena_str(r->texts, out))->number = v;
}

void row_bool(RowBuild *r, int col, bool v)
{
    row_set(r, col, SHEET_BOOL, v ? "TRUE" : "FALSE")->number = v ? 1 : 0;
}

static int two_digits(const char *s)
{
    return s[0] >= '0' && s[0] <= '9' && s[1] >= '0' && s[1] <= '9' ? (s[0] - '0') * 10 + s[1] - '0'
                                                                    : -1;
}

void row_iso(RowBuild *r, int col, const char *text)
{
    char day[11] = {0}, out[40];
    size_t n = strlen(text);
    bool ok = n >= 10 && n < 40;
    if (ok)
        memcpy(day, text, 10);
    int h = 0, m = 0, s = 0;
    if (ok && n > 10) {
        ok = n >= 16 && (text[10] == 'T' || text[10] == ' ') && text[13] == ':';
        h = ok ? two_digits(text + 11) : 0;
        m = ok ? two_digits(text + 14) : 0;
        s = ok && n >= 19 && text[16] == ':' ? two_digits(text + 17) : 0;
        ok = ok && h >= 0 && h < 24 && m >= 0 && m < 60 && s >= 0 && s < 60;
    }
    if (!ok || !clock_day_valid(day)) {
        row_set(r, col, SHEET_TEXT, arena_str(r->texts, text));
        return;
    }
    int64_t serial = clock_day_number(day) + 25569;
    double number = (double)serial + (h * 3600 + m * 60 + s) / 86400.0;
    if (serial <= 1) /* a time of day: it stands on the day before all days */
        (void)sheet_serial_text(number - (double)serial, out);
    else if (h || m || s)
        (void)snprintf(out, sizeof out, "%s %02d:%02d:%02d", day, h, m, s);
    else
        memcpy(out, day, sizeof day);
    if (serial <= 1 && !(h || m || s))
        memcpy(out, "00:00:00", 9);
    row_set(r, col, SHEET_DATE, arena_str(r->texts, out))->number = number;
}
