/*
 * The workbook of refused rows: each sheet with its header and the rows that were not taken, as they stood;
 * the wrong cells marked and commented, the reasons in a column of their own in front. Mended, it can be
 * sent again as it is. Rows are read from the file anew, so nothing of it is kept twice.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <xlsxwriter.h>

#include "base/file.h"
#include "base/msg.h"
#include "record/attach.h"
#include "record/import_impl.h"

enum { COMMENTS_MOST = 20000, TEXT_MOST = 10000 };

typedef struct Wrong {
    int64_t row, col; /* col -1: the row */
    const char *message;
} Wrong;

typedef struct Report {
    Ctx *c;
    Arena *step;
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *head, *bad, *reason;
    const ImpSheet *s;
    DbRows *rows; /* the mistakes of this sheet by row */
    bool more;    /* rows stands on one */
    lxw_row_t line;
    int comments;
} Report;

static void put(Report *r, int col, const SheetCell *x, lxw_format *fmt)
{
    lxw_col_t at = (lxw_col_t)(col + 1);
    if (x->kind == SHEET_NUMBER && fabs(x->number) < 1e15)
        worksheet_write_number(r->sheet, r->line, at, x->number, fmt);
    else if (x->kind != SHEET_BLANK)
        worksheet_write_string(r->sheet, r->line, at, x->text, fmt);
    else if (fmt)
        worksheet_write_blank(r->sheet, r->line, at, fmt);
}

static void put_header(Report *r)
{
    worksheet_write_string(r->sheet, 0, 0, msg_text(r->c->lang, "import.error_column"), r->head);
    worksheet_set_column(r->sheet, 0, 0, 44, NULL);
    for (int i = 0; i < r->s->n_columns; i++) {
        worksheet_set_column(r->sheet, (lxw_col_t)(i + 1), (lxw_col_t)(i + 1), 18, NULL);
        worksheet_write_string(r->sheet, 0, (lxw_col_t)(i + 1), r->s->columns[i].header, r->head);
    }
    worksheet_freeze_panes(r->sheet, 1, 0);
    r->line = 1;
}

static void put_row(Report *r, const SheetRow *row, const Wrong *wrong, size_t n)
{
    Buf why;
    buf_init(&why, r->step);
    for (size_t i = 0; i < n; i++) {
        const char *header = wrong[i].col >= 0 && wrong[i].col < r->s->n_columns
                                 ? r->s->columns[wrong[i].col].header
                                 : "";
        buf_printf(&why, "%s%s%s%s", why.len ? "；" : "", header, *header ? "：" : "",
                   wrong[i].message);
    }
    worksheet_write_string(r->sheet, r->line, 0, why.data, r->reason);
    for (int i = 0; i < r->s->n_columns; i++) {
        static const SheetCell blank = {.text = ""};
        bool bad = false;
        for (size_t k = 0; k < n; k++)
            bad |= wrong[k].col == i;
        put(r, i, i < row->n ? &row->cells[i] : &blank, bad ? r->bad : NULL);
    }
    for (size_t i = 0; i < n; i++)
        if (wrong[i].col >= 0 && r->comments++ < COMMENTS_MOST)
            worksheet_write_comment(r->sheet, r->line, (lxw_col_t)(wrong[i].col + 1),
                                    wrong[i].message);
    r->line++;
}

static bool on_row(void *user, const SheetRow *row)
{
    Report *r = user;
    VEC(Wrong) wrong = {0};
    if (!r->more)
        return false; /* no more mistakes: the rest of the sheet is of no interest */
    arena_reset(r->step);
    while (r->more && db_int(r->rows, 0) < row->row)
        r->more = db_step(r->rows);
    while (r->more && db_int(r->rows, 0) == row->row) {
        vec_push(r->step, &wrong,
                 (Wrong){row->row, db_is_null(r->rows, 1) ? -1 : db_int(r->rows, 1),
                         arena_str(r->step, db_text(r->rows, 2))});
        r->more = db_step(r->rows);
    }
    if (wrong.n)
        put_row(r, row, wrong.items, wrong.n);
    return true;
}

static bool write_sheet(Report *r, const Imp *imp, SheetBook *b)
{
    Ctx *c = r->c;
    DbVal p[] = {db_of_int(imp->id), db_of_int(r->s->index)};
    int before = c->n_err;
    r->rows = db_query(c,
                       SQL("SELECT \"row\", \"col\", \"message\" FROM \"import_row_error\" WHERE "
                           "\"import_id\" = $1 AND \"sheet\" = $2 AND \"kind\" IS NULL ORDER BY "
                           "\"row\", \"id\""),
                       p, 2);
    if (!r->rows)
        return false;
    r->more = db_step(r->rows);
    r->sheet = workbook_add_worksheet(r->book, *r->s->name ? r->s->name : NULL);
    if (!r->sheet) /* a name no workbook takes */
        r->sheet = workbook_add_worksheet(r->book, NULL);
    if (r->sheet) {
        put_header(r);
        if (r->more)
            (void)sheet_read(b, r->s->index, on_row, r);
    }
    db_done(r->rows);
    return c->n_err == before && r->sheet;
}

static void formats(Report *r)
{
    r->head = workbook_add_format(r->book);
    format_set_bold(r->head);
    format_set_bg_color(r->head, 0xEEF2F7);
    r->bad = workbook_add_format(r->book);
    format_set_bg_color(r->bad, 0xFFC7CE);
    format_set_font_color(r->bad, 0x9C0006);
    r->reason = workbook_add_format(r->book);
    format_set_font_color(r->reason, 0x9C0006);
}

bool import_errors_xlsx(Ctx *c, int64_t id, const char **out_path)
{
    Imp imp;
    SheetBook *b;
    if (!imp_load(c, id, &imp) || !imp_open(c, &imp, &b))
        return false;
    char *path = attach_tmp(c, ".xlsx"), *tmp = arena_printf(c->a, "%s/tmp", attach_dir());
    lxw_workbook_options opts = {.constant_memory = LXW_TRUE, .tmpdir = tmp};
    Report r = {.c = c, .step = arena_child(c->a), .book = workbook_new_opt(path, &opts)};
    if (!r.book)
        return file_fail(c, path, ENOMEM);
    formats(&r);
    bool ok = true, any = false;
    for (int i = 0; ok && i < imp.n; i++) {
        r.s = &imp.sheets[i];
        if (!r.s->entity)
            continue;
        ok = write_sheet(&r, &imp, b);
        any = true;
    }
    if (!any)
        (void)workbook_add_worksheet(r.book, NULL);
    lxw_error err = workbook_close(r.book);
    sheet_close(b);
    if (!ok)
        return c->n_err ? false : file_fail(c, path, EIO);
    if (err != LXW_NO_ERROR)
        return file_fail(c, path, EIO);
    *out_path = path;
    return true;
}
