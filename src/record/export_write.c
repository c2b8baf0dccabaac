/*
 * Rows as a spreadsheet wants them. A workbook: phones, codes, options and links are text (format "@"),
 * days and instants real dates in the reader's zone, amounts and numbers numbers; what a number cell
 * would round (more than 15 digits) and an instant the wall clock shows twice are text. A text file: BOM,
 * CRLF, texts guarded against formulas (base/csv). Both come back unchanged through our own importer: the
 * hidden sheet _meta says which column is which field.
 *
 * The workbook is written in "constant memory": each row goes to a file under tmp as the next begins.
 */
#include "record/export_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xlsxwriter.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "meta/types.h"
#include "record/attach.h"
#include "record/export_pdf.h"
#include "record/import/meta.h"
#include "record/sheet_text.h"

enum {
    SHEETS_MOST = 255,
    DAY_MS = 86400000,
    DAY_ZERO = 25569 /* 1970-01-01 as days since 1899-12-30 */
};
static const int64_t EXACT = 1000000000000000; /* a number cell keeps 15 digits */

struct ExportOut {
    ExportKind kind;
    Arena *arena;
    /* .xlsx */
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *head, *text, *day, *instant, *money;
    lxw_row_t line;
    const char *names[SHEETS_MOST];
    int sheets;
    ImpMetaColumn *columns; /* what _meta says, or NULL: no list that can be imported */
    const char *entity;
    int n_columns;
    /* .csv */
    FILE *file;
    ExportPdf *pdf;
};

/* ---- opening ------------------------------------------------------------------------------- */

static double column_width(const Field *f)
{
    switch (f->type) {
    case FT_TEXT: return 40;
    case FT_DATETIME: return 18;
    case FT_DATE:
    case FT_OPTION:
    case FT_BOOL:
    case FT_INT: return 12;
    default: return f == f->entity->title ? 32 : 18;
    }
}

static const char *header_of(Ctx *c, const Field *f)
{
    return label_in(f->label, c->lang);
}

static bool is_text(FieldType t)
{
    return t != FT_INT && t != FT_FLOAT && t != FT_DECIMAL && t != FT_MONEY && t != FT_DATE &&
           t != FT_DATETIME;
}

static const char *sheet_name(Ctx *c, const Entity *e, int n)
{
    const char *label = label_in(e->label, c->lang);
    return sheet_text_name(c->a, n ? arena_printf(c->a, "%s %d", label, n + 1) : label);
}

static bool sheet_begin(Ctx *c, ExportOut *o, const RowSet *s)
{
    int first = o->kind.with_id;
    if (o->sheets == SHEETS_MOST)
        return ctx_fail(c, ERR_TOO_LARGE, NULL, "err.export.sheets");
    Arena *step = c->a;
    c->a = o->arena;
    const char *name = sheet_name(c, s->e, o->sheets);
    c->a = step;
    o->sheet = workbook_add_worksheet(o->book, name);
    if (!o->sheet)
        return file_fail(c, o->kind.path, ENOSPC);
    o->names[o->sheets++] = name;
    if (first) {
        worksheet_set_column(o->sheet, 0, 0, 12, o->text);
        worksheet_write_string(o->sheet, 0, 0, msg_text(c->lang, "export.id"), o->head);
    }
    for (int i = 0; i < s->n_fields; i++) {
        lxw_col_t col = (lxw_col_t)(i + first);
        worksheet_set_column(o->sheet, col, col, column_width(s->fields[i]),
                             is_text(s->fields[i]->type) ? o->text : NULL);
        worksheet_write_string(o->sheet, 0, col, header_of(c, s->fields[i]), o->head);
    }
    worksheet_freeze_panes(o->sheet, 1, 0);
    o->line = 1;
    return true;
}

static void note_columns(Ctx *c, ExportOut *o, const RowSet *s)
{
    int first = o->kind.with_id;
    if (!(s->e->gets & GETS_IMPORT))
        return;
    o->entity = s->e->name;
    o->n_columns = s->n_fields + first;
    o->columns = ARENA_ARRAY(c->a, o->n_columns + 1, ImpMetaColumn);
    if (first)
        o->columns[0] = (ImpMetaColumn){"id", msg_text(c->lang, "export.id")};
    for (int i = 0; i < s->n_fields; i++)
        o->columns[i + first] = (ImpMetaColumn){s->fields[i]->name, header_of(c, s->fields[i])};
}

/* The last sheet of all, when the others are known. */
static bool write_meta(Ctx *c, ExportOut *o)
{
    ImpMetaSheet *sheets = ARENA_ARRAY(c->a, o->sheets + 1, ImpMetaSheet);
    for (int i = 0; i < o->sheets; i++)
        sheets[i] = (ImpMetaSheet){o->entity, o->names[i], o->columns, o->n_columns};
    return !o->columns || imp_meta_write(c, o->book, "export", sheets, o->sheets);
}

static bool open_xlsx(Ctx *c, ExportOut *o, const RowSet *s)
{
    char *tmp = arena_printf(c->a, "%s/tmp", attach_dir());
    lxw_workbook_options opts = {.constant_memory = LXW_TRUE, .tmpdir = tmp, .use_zip64 = LXW_TRUE};
    o->book = workbook_new_opt(o->kind.path, &opts);
    if (!o->book)
        return file_fail(c, o->kind.path, ENOMEM);
    o->head = workbook_add_format(o->book);
    format_set_bold(o->head);
    format_set_bg_color(o->head, 0xEEF2F7);
    o->text = workbook_add_format(o->book);
    format_set_num_format(o->text, "@");
    o->day = workbook_add_format(o->book);
    format_set_num_format(o->day, "yyyy-mm-dd");
    o->instant = workbook_add_format(o->book);
    format_set_num_format(o->instant, "yyyy-mm-dd hh:mm");
    o->money = workbook_add_format(o->book);
    format_set_num_format(o->money, "#,##0.00");
    note_columns(c, o, s);
    return sheet_begin(c, o, s);
}

static bool put_bytes(Ctx *c, ExportOut *o, const Buf *b)
{
    return fwrite(b->data, 1, b->len, o->file) == b->len || file_fail(c, o->kind.path, errno);
}

static bool open_csv(Ctx *c, ExportOut *o, const RowSet *s)
{
    Buf b;
    CsvWriter w;
    o->file = fopen(o->kind.path, "wbe");
    if (!o->file)
        return file_fail(c, o->kind.path, errno);
    buf_init(&b, c->a);
    csv_writer_init(&w, &b);
    csv_bom(&w);
    if (o->kind.with_id)
        csv_cell(&w, msg_text(c->lang, "export.id"));
    for (int i = 0; i < s->n_fields; i++)
        csv_cell(&w, header_of(c, s->fields[i]));
    csv_row_end(&w);
    return put_bytes(c, o, &b);
}

bool export_out_open(Ctx *c, const ExportKind *kind, const RowSet *s, ExportOut **out)
{
    ExportOut *o = ARENA_NEW(c->a, ExportOut);
    *o = (ExportOut){.kind = *kind, .arena = c->a};
    if (!o->kind.sheet_rows)
        o->kind.sheet_rows = EXPORT_SHEET_ROWS;
    *out = o;
    if (kind->form == EXPORT_PDF)
        return export_pdf_open(c, kind->path, s, kind->with_id, &o->pdf);
    return kind->form == EXPORT_XLSX ? open_xlsx(c, o, s) : open_csv(c, o, s);
}

/* ---- values -------------------------------------------------------------------------------- */

/* The wall reading of an instant as ms since 1970 of the zone; false where the reading means another instant, too (the
   hour that comes twice at the end of summer time). */
static bool wall_of(Ctx *c, int64_t at, int64_t *out)
{
    *out = at + clock_zone_offset_ms(c->zone, at);
    ClockParts p = clock_parts(at, c->zone);
    return clock_from_parts(&p, c->zone) == at;
}

static const char *instant_text(Ctx *c, int64_t at)
{
    int64_t wall;
    char *text = arena_alloc(c->a, 32);
    if (!wall_of(c, at, &wall)) {
        clock_rfc3339(at, text);
        return text;
    }
    ClockParts t = clock_parts(at, c->zone);
    (void)snprintf(text, 32, "%04d-%02d-%02d %02d:%02d:%02d", t.year, t.month, t.day, t.hour,
                   t.minute, t.second);
    if (t.ms)
        (void)snprintf(text + 19, 13, ".%03d", t.ms);
    return text;
}

/* ---- a workbook ---------------------------------------------------------------------------- */

static void put_text(Ctx *c, ExportOut *o, lxw_col_t col, const char *text)
{
    if (*text)
        worksheet_write_string(o->sheet, o->line, col, sheet_text(c->a, text), o->text);
}

static void put_instant(Ctx *c, ExportOut *o, lxw_col_t col, int64_t at)
{
    int64_t wall;
    double serial;
    bool once = wall_of(c, at, &wall);
    serial = (double)wall / DAY_MS + DAY_ZERO;
    if (once && serial >= 61) /* Excel has a 29th of February 1900 */
        worksheet_write_number(o->sheet, o->line, col, serial, o->instant);
    else
        put_text(c, o, col, instant_text(c, at));
}

static double scaled(int64_t v, int scale)
{
    double by = 1;
    for (int i = 0; i < scale; i++)
        by *= 10;
    return (double)v / by;
}

static bool is_exact(int64_t v)
{
    return v > -EXACT && v < EXACT;
}

/* false: it is to be written as text */
static bool put_number(Ctx *c, ExportOut *o, lxw_col_t col, const Field *f, const DbVal *v)
{
    int64_t day;
    switch (f->type) {
    case FT_INT:
        if (!is_exact(v->i))
            return false;
        worksheet_write_number(o->sheet, o->line, col, (double)v->i, NULL);
        return true;
    case FT_FLOAT:
        worksheet_write_number(o->sheet, o->line, col, v->kind == DB_INT ? (double)v->i : v->d,
                               NULL);
        return true;
    case FT_DECIMAL:
    case FT_MONEY:
        if (!is_exact(v->i))
            return false;
        worksheet_write_number(o->sheet, o->line, col,
                               scaled(v->i, f->type == FT_MONEY ? 2 : f->scale),
                               f->type == FT_MONEY ? o->money : NULL);
        return true;
    case FT_DATETIME: put_instant(c, o, col, v->i); return true;
    case FT_DATE:
        day = clock_day_valid(v->s) ? clock_day_number(v->s) + DAY_ZERO : 0;
        if (day < 61)
            return false;
        worksheet_write_number(o->sheet, o->line, col, (double)day, o->day);
        return true;
    default: return false;
    }
}

/* A workbook cannot hold it: said with its place, never cut. */
static bool refuse_long(Ctx *c, const RowSet *s, const Row *row, const Field *f)
{
    const Field *t = s->e->title;
    const char *name =
        t->column ? type_ops(t->type)->to_text(c->a, t, &row->rec.v[t->index], c->lang) : "";
    char *title = arena_str(c->a, name);
    title[utf8_clip(title, 120)] = 0;
    return ctx_fail(c, ERR_TOO_LONG, f->name, "err.export.cell_long", ctx_num(c, row->rec.id),
                    title, header_of(c, f));
}

static bool xlsx_row(Ctx *c, ExportOut *o, const RowSet *s, const Row *row)
{
    int first = o->kind.with_id;
    if (first)
        put_text(c, o, 0, ctx_num(c, row->rec.id));
    for (int i = 0; i < s->n_fields; i++) {
        const Field *f = s->fields[i];
        const DbVal *v = &row->rec.v[f->index];
        bool masked = s->masked[i] && !row->clear;
        lxw_col_t col = (lxw_col_t)(i + first);
        if (v->kind == DB_NULL && f->type != FT_LINK_MANY)
            continue;
        if (masked || !put_number(c, o, col, f, v)) {
            const char *text = rows_text(c, s, row, i);
            if (!sheet_text_fits(text))
                return refuse_long(c, s, row, f);
            put_text(c, o, col, text);
        }
    }
    o->line++;
    return true;
}

/* ---- a text file --------------------------------------------------------------------------- */

static void csv_line(Ctx *c, ExportOut *o, CsvWriter *w, const RowSet *s, const Row *row)
{
    if (o->kind.with_id)
        csv_cell_raw(w, ctx_num(c, row->rec.id));
    for (int i = 0; i < s->n_fields; i++) {
        const Field *f = s->fields[i];
        const DbVal *v = &row->rec.v[f->index];
        bool masked = s->masked[i] && !row->clear;
        if (masked || is_text(f->type))
            csv_cell(w, rows_text(c, s, row, i));
        else if (v->kind == DB_NULL)
            csv_cell_raw(w, "");
        else
            csv_cell_raw(w,
                         f->type == FT_DATETIME ? instant_text(c, v->i) : rows_text(c, s, row, i));
    }
    csv_row_end(w);
}

bool export_out_rows(Ctx *c, ExportOut *o, const RowSet *s)
{
    Buf b;
    CsvWriter w;
    if (o->pdf)
        return export_pdf_rows(c, o->pdf, s);
    if (o->book) {
        for (int i = 0; i < s->n; i++) {
            if (o->line > o->kind.sheet_rows && !sheet_begin(c, o, s))
                return false;
            if (!xlsx_row(c, o, s, &s->rows[i]))
                return false;
        }
        return true;
    }
    buf_init(&b, c->a);
    csv_writer_init(&w, &b);
    for (int i = 0; i < s->n; i++)
        csv_line(c, o, &w, s, &s->rows[i]);
    return put_bytes(c, o, &b);
}

bool export_out_close(Ctx *c, ExportOut *o, bool whole)
{
    if (o->pdf)
        return export_pdf_close(c, o->pdf, whole);
    if (o->book) {
        (void)write_meta(c, o); /* without it the headers tell as much */
        lxw_error err = workbook_close(o->book);
        o->book = NULL;
        return err == LXW_NO_ERROR ||
               file_fail(c, o->kind.path, err == LXW_ERROR_CREATING_TMPFILE ? ENOSPC : EIO);
    }
    FILE *f = o->file;
    o->file = NULL;
    return !f || fclose(f) == 0 || file_fail(c, o->kind.path, errno);
}
