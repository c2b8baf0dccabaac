/* Opening a table file by its first bytes; text files. See sheet.h. */
#include "record/sheet/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/utf8.h"
#include "record/sheet/biff.h"
#include "record/sheet/book.h"
#include "record/sheet/child.h"
#include "record/sheet/markup.h"

enum { STEP = 64 * 1024, LOOK = 8192, LONGEST_NAME = 40 /* of an encoding */ };

int sheet_count(const SheetBook *b)
{
    return b->n;
}

const SheetInfo *sheet_info(const SheetBook *b, int index)
{
    return index >= 0 && index < b->n ? &b->sheets[index].info : NULL;
}

const char *sheet_format(const SheetBook *b)
{
    return b->format;
}

const char *sheet_encoding(const SheetBook *b)
{
    return b->encoding == ENC_UNKNOWN ? NULL : text_encoding_name(b->encoding);
}

char sheet_delimiter(const SheetBook *b)
{
    return b->delimiter;
}

const char *sheet_rule(const SheetBook *b)
{
    return b->rule;
}

const SheetMerge *sheet_merges(const SheetBook *b, int *out_n)
{
    *out_n = (int)b->merges.n;
    return b->merges.items;
}

bool sheet_column_hidden(const SheetBook *b, int col)
{
    return col >= 0 && col < BOOK_COLUMNS && (b->hidden_columns[col / 8] >> (col % 8) & 1);
}

void book_hide_columns(SheetBook *b, int64_t first, int64_t last)
{
    for (int64_t i = first < 0 ? 0 : first; i <= last && i < BOOK_COLUMNS; i++)
        b->hidden_columns[i / 8] |= (unsigned char)(1u << (i % 8));
}

void sheet_close(SheetBook *b)
{
    if (b->closing)
        b->closing(b);
    b->closing = NULL;
    book_strings_end(b);
    if (b->zip)
        zip_discard(b->zip);
    b->zip = NULL;
    if (b->fd >= 0)
        close(b->fd);
    b->fd = -1;
}

bool book_rewind(SheetBook *b)
{
    if (lseek(b->fd, 0, SEEK_SET) != 0)
        return file_fail(b->c, b->name, errno);
    return true;
}

static void closing(void *book)
{
    sheet_close(book);
}

/* ---- values as texts ----------------------------------------------------------------------- */

void sheet_number_text(double v, char out[40])
{
    if (v == floor(v) && fabs(v) < 1e18)
        (void)snprintf(out, 40, "%.0f", v == 0 ? 0.0 : v);
    else
        (void)snprintf(out, 40, "%.15g", v);
}

bool sheet_serial_text(double serial, char out[32])
{
    if (!(serial >= 0) || serial >= 2958466) /* 10000-01-01 */
        return false;
    double whole = floor(serial);
    int64_t ms = llround((serial - whole) * 86400000.0);
    /* what is shown in whole seconds is meant so: 0.1 s of noise would make 09:29:59 of 09:30 */
    int64_t s = (ms + 500) / 1000;
    int64_t day = (int64_t)whole;
    if (s >= 86400) {
        s -= 86400;
        day++;
    }
    int hour = (int)(s / 3600), minute = (int)(s / 60 % 60), second = (int)(s % 60);
    if (day == 0 && s) {
        (void)snprintf(out, 32, "%02d:%02d:%02d", hour, minute, second);
        return true;
    }
    char text[11];
    /* serial 60 is a day that never was (1900-02-29); before it all days are one off */
    clock_day_text(day - 25569 + (day < 60 ? 1 : 0), text);
    if (s)
        (void)snprintf(out, 32, "%s %02d:%02d:%02d", text, hour, minute, second);
    else
        (void)snprintf(out, 32, "%s", text);
    return true;
}

bool sheet_format_is_date(int id, const char *code)
{
    if (!code)
        return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) ||
               (id >= 50 && id <= 58);
    for (const char *p = code; *p; p++) {
        if (*p == '"') {
            const char *end = strchr(p + 1, '"');
            if (!end)
                return false;
            p = end;
        } else if (*p == '[') {
            const char *end = strchr(p, ']');
            if (!end)
                return false;
            /* [h] [mm] [ss] are spans of time; colours, conditions and [$-804] are not */
            size_t n = strspn(p + 1, "hHmMsS");
            if (n && p + 1 + n == end)
                return true;
            p = end;
        } else if (*p == '\\' || *p == '_' || *p == '*') {
            if (!p[1])
                return false;
            p++;
        } else if (strchr("ymdhsYMDHS", *p)) {
            return true;
        } else if (*p == ';') {
            return false; /* the first section tells */
        }
    }
    return false;
}

/* ---- text files ---------------------------------------------------------------------------- */

typedef struct Text {
    SheetBook *b;
    SheetRowFn fn;
    void *user;
    SheetCell *cells;
    size_t cap;
    int64_t row;
} Text;

static bool text_record(void *user, const CsvRecord *rec)
{
    Text *t = user;
    t->row++;
    if (rec->n > t->cap) {
        t->cap = rec->n * 2;
        t->cells = ARENA_ARRAY(t->b->a, t->cap, SheetCell);
    }
    bool any = false;
    for (size_t i = 0; i < rec->n; i++) {
        const char *text = csv_unguard(rec->cells[i]);
        t->cells[i] = (SheetCell){.kind = *text ? SHEET_TEXT : SHEET_BLANK, .text = text};
        any |= *text != 0;
    }
    if (!any)
        return true;
    SheetRow row = {.row = t->row, .n = (int)rec->n, .cells = t->cells};
    return t->fn(t->user, &row);
}

static bool text_detect_file(SheetBook *b)
{
    Ctx *c = b->c;
    TextDetect *d = text_detect_new(b->a);
    char *step = arena_alloc(b->a, STEP);
    ssize_t n;
    TextGuess guess;
    while ((n = read(b->fd, step, STEP)) > 0)
        text_detect_feed(d, step, (size_t)n);
    if (n < 0)
        return file_fail(c, b->name, errno);
    if (!text_detect_end(c, d, &guess))
        return false;
    b->encoding = guess.encoding;
    b->rule = text_rule_name(guess.rule);
    return true;
}

static bool text_read(SheetBook *b, SheetRowFn fn, void *user)
{
    Ctx *c = b->c;
    if (!book_rewind(b))
        return false;
    Arena *keep = c->a, *a = arena_child(b->a), *step_arena = arena_child(a);
    Text t = {.b = b, .fn = fn, .user = user};
    CsvOpts opts = {.delimiter = b->delimiter};
    c->a = a; /* reader and decoder live as long as this reading */
    TextConv *conv = text_conv_new(c, b->encoding);
    CsvReader *csv = csv_new(c, &opts, text_record, &t);
    c->a = keep;
    char *step = arena_alloc(a, STEP);
    ssize_t n = 0;
    bool ok = true;
    while (ok && (n = read(b->fd, step, STEP)) > 0) {
        Buf out;
        arena_reset(step_arena);
        buf_init(&out, step_arena);
        ok = text_conv_feed(conv, step, (size_t)n, &out) && csv_feed(csv, out.data, out.len);
    }
    if (ok && n < 0)
        ok = file_fail(c, b->name, errno);
    if (ok) {
        Buf out;
        arena_reset(step_arena);
        buf_init(&out, step_arena);
        ok = text_conv_end(conv, &out);
        (void)csv_feed(csv, out.data, out.len); /* three bytes at most, which wait for the end */
    }
    ok = ok && csv_end(csv);
    if (!b->delimiter)
        b->delimiter = csv_delimiter(csv);
    if (!c->n_err) /* else the mistakes may lie on it; it goes with the book */
        arena_free(a);
    return ok;
}

static bool first_rows(void *user, const SheetRow *row)
{
    (void)row;
    return --*(int *)user > 0;
}

static bool open_text(SheetBook *b, const SheetOptions *o)
{
    Ctx *c = b->c;
    b->format = "csv";
    if (o && o->encoding && *o->encoding) {
        b->encoding = text_encoding_by_name(o->encoding);
        if (b->encoding == ENC_UNKNOWN)
            return ctx_fail(c, ERR_INVALID, "encoding", "err.sheet.encoding", o->encoding);
        b->rule = "chosen";
    } else if (!text_detect_file(b)) {
        return false;
    }
    b->delimiter = o ? o->delimiter : 0;
    b->n = 1;
    b->sheets = ARENA_NEW(b->a, BookSheet);
    b->sheets[0].info = (SheetInfo){.name = "", .bytes = lseek(b->fd, 0, SEEK_END)};
    int rows = 60, before = c->n_err; /* enough to know the delimiter */
    (void)text_read(b, first_rows, &rows);
    return c->n_err == before;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Files people take for tables, by their first bytes; a text file could begin with none of them. */
static const char *other_kind(const char *head, size_t n)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *name;
    } kinds[] = {{"%PDF-", 5, "PDF"},   {"{\\rtf", 5, "RTF"},
                 {"\x89PNG", 4, "PNG"}, {"\xff\xd8\xff", 3, "JPEG"},
                 {"GIF8", 4, "GIF"},    {"7z\xbc\xaf\x27\x1c", 6, "7z"},
                 {"Rar!", 4, "RAR"},    {"\x1f\x8b", 2, "gzip"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (n >= kinds[i].len && memcmp(head, kinds[i].magic, kinds[i].len) == 0)
            return kinds[i].name;
    return NULL;
}

static bool open_by_kind(SheetBook *b, const SheetOptions *o)
{
    Ctx *c = b->c;
    char *head = arena_alloc(b->a, LOOK);
    ssize_t n = read(b->fd, head, LOOK);
    if (n < 0)
        return file_fail(c, b->name, errno);
    if (n == 0)
        return ctx_fail(c, ERR_INVALID, "file", "err.sheet.empty");
    const char *other = other_kind(head, (size_t)n);
    if (other)
        return ctx_fail(c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.other", other);
    bool ole = n >= 8 && memcmp(head, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0;
    if (ole || xls_is_raw(head, (size_t)n))
        return xls_open(b, ole, o ? o->encoding : NULL);
    if (n >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0)) {
        b->format = "xlsx";
        return book_open_xlsx(b);
    }
    MarkupKind markup = markup_kind(head, (size_t)n);
    if (markup == MARKUP_OTHER)
        return ctx_fail(c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.markup");
    if (markup != MARKUP_NONE)
        return markup_encoding(b, head, (size_t)n, o ? o->encoding : NULL) &&
               (markup == MARKUP_HTML ? html_open(b) : spreadsheetml_open(b));
    return book_rewind(b) && open_text(b, o);
}

bool book_open(Ctx *c, int fd, int room, const char *name, const SheetOptions *opts,
               SheetBook **out)
{
    Arena *a = arena_child(c->a);
    SheetBook *b = ARENA_NEW(a, SheetBook);
    *b = (SheetBook){.c = c, .a = a, .fd = fd, .room = room, .name = arena_str(a, name)};
    map_init(&b->names, a);
    arena_defer(a, closing, b);
    bool ok = open_by_kind(b, opts);
    if (ok)
        *out = b;
    else
        sheet_close(b);
    return ok;
}

bool sheet_open(Ctx *c, const char *path, const SheetOptions *opts, SheetBook **out)
{
    if (opts && opts->encoding && strlen(opts->encoding) > LONGEST_NAME)
        return ctx_fail(c, ERR_INVALID, "encoding", "err.sheet.encoding",
                        arena_dup(c->a, opts->encoding, utf8_clip(opts->encoding, LONGEST_NAME)));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file_fail(c, path, errno);
    return child_wanted() ? sheet_child_open(c, fd, path, opts, out)
                          : book_open(c, fd, -1, path, opts, out);
}

bool sheet_read(SheetBook *b, int index, SheetRowFn fn, void *user)
{
    if (index < 0 || index >= b->n)
        return ctx_fail(b->c, ERR_INVALID, "sheet", "err.sheet.none");
    b->merges.n = 0;
    memset(b->hidden_columns, 0, sizeof b->hidden_columns);
    if (b->read)
        return b->read(b, index, fn, user);
    return b->zip ? book_read_xlsx(b, index, fn, user) : text_read(b, fn, user);
}
