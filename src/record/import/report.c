/*
 * 《数据校验报告》: each sheet with its header and the rows that were not taken, as they stood; the wrong cells
 * marked and commented, the reasons in a column of their own in front; behind them the figures. Mended, it can be
 * sent again as it is: _meta says which column was which, the reasons are passed over. Rows are read from the
 * file anew, so nothing of it is kept twice; at most ROWS_MOST of them are shown, whatever the file holds.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xlsxwriter.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/msg.h"
#include "record/attach.h"
#include "record/import/meta.h"
#include "record/import/summary.h"
#include "record/sheet_text.h"

enum {
    COMMENTS_MOST = 5000 /* the library keeps them in memory until the end */,
    PAGE = 2000,
    ROWS_MOST = 100000,
    SHEETS_MOST = 64
};

typedef struct Wrong {
    int64_t row, col; /* col -1: the row */
    const char *message;
} Wrong;

typedef struct ErrorBook {
    Ctx *c;
    Arena *step;
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *head, *bad, *reason, *text, *bold;
    const ImpSheet *s;
    DbRows *rows;               /* the mistakes of this sheet by row */
    bool more;                  /* rows stands on one */
    int64_t imp, at_row, at_id; /* the one it stands on; the next page begins behind it */
    int in_page;
    lxw_row_t line;
    int comments;
    int64_t shown; /* rows, of all sheets */
    const Entity *e;
    bool *code; /* by column: text, whatever is typed into it */
    ImpMetaSheet meta[SHEETS_MOST];
    int n_meta;
} ErrorBook;

/* In pages: PostgreSQL would hand over all mistakes at once. */
static bool open_page(ErrorBook *r)
{
    DbVal p[] = {db_of_int(r->imp), db_of_int(r->s->index), db_of_int(r->at_row),
                 db_of_int(r->at_id), db_of_int(PAGE)};
    r->in_page = 0;
    r->rows = db_query(r->c,
                       SQL("SELECT \"row\", \"col\", \"message\", \"id\" FROM "
                           "\"import_row_error\" WHERE \"import_id\" = $1 AND \"sheet\" = $2 AND "
                           "(\"row\", \"id\") > ($3, $4) AND \"kind\" IS NULL ORDER BY \"row\", "
                           "\"id\" LIMIT $5"),
                       p, 5);
    return r->rows != NULL;
}

static bool advance(ErrorBook *r)
{
    if (!db_step(r->rows)) {
        db_done(r->rows);
        if (r->in_page < PAGE || !open_page(r) || !db_step(r->rows))
            return false;
    }
    r->in_page++;
    r->at_row = db_int(r->rows, 0);
    r->at_id = db_int(r->rows, 3);
    return true;
}

static void put(ErrorBook *r, int col, const SheetCell *x, lxw_format *fmt)
{
    lxw_col_t at = (lxw_col_t)(col + 1);
    if (x->kind == SHEET_NUMBER && fabs(x->number) < 1e15)
        worksheet_write_number(r->sheet, r->line, at, x->number, fmt);
    else if (x->kind != SHEET_BLANK)
        worksheet_write_string(r->sheet, r->line, at, sheet_text(r->step, x->text),
                               fmt            ? fmt
                               : r->code[col] ? r->text
                                              : NULL);
    else if (fmt)
        worksheet_write_blank(r->sheet, r->line, at, fmt);
}

static void put_header(ErrorBook *r)
{
    worksheet_write_string(r->sheet, 0, 0, msg_text(r->c->lang, "import.error_column"), r->head);
    worksheet_set_column(r->sheet, 0, 0, 44, NULL);
    for (int i = 0; i < r->s->n_columns; i++) {
        const ImpColumn *col = &r->s->columns[i];
        const Field *f = col->field ? imp_field(r->c, r->e, col->field, NULL) : NULL;
        r->code[i] = f && imp_is_code(f);
        worksheet_set_column(r->sheet, (lxw_col_t)(i + 1), (lxw_col_t)(i + 1), 18,
                             r->code[i] ? r->text : NULL);
        if (*col->header)
            worksheet_write_string(r->sheet, 0, (lxw_col_t)(i + 1),
                                   sheet_text(r->c->a, col->header), r->head);
    }
    worksheet_freeze_panes(r->sheet, 1, 0);
    r->line = 1;
}

static void put_row(ErrorBook *r, const SheetRow *row, const Wrong *wrong, size_t n)
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
    worksheet_write_string(r->sheet, r->line, 0, sheet_text(r->step, why.data), r->reason);
    r->shown++;
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
    ErrorBook *r = user;
    VEC(Wrong) wrong = {0};
    if (!r->more || r->shown >= ROWS_MOST)
        return false; /* no more mistakes: the rest of the sheet is of no interest */
    arena_reset(r->step);
    while (r->more && db_int(r->rows, 0) < row->row)
        r->more = advance(r);
    while (r->more && db_int(r->rows, 0) == row->row) {
        vec_push(r->step, &wrong,
                 (Wrong){row->row, db_is_null(r->rows, 1) ? -1 : db_int(r->rows, 1),
                         arena_str(r->step, db_text(r->rows, 2))});
        r->more = advance(r);
    }
    if (wrong.n)
        put_row(r, row, wrong.items, wrong.n);
    return true;
}

/* Under the name it had; a text file has none, and a program may have written one no workbook takes. */
static void add_sheet(ErrorBook *r)
{
    const Entity *e = r->e;
    const char *name = *r->s->name ? r->s->name : e ? label_in(e->label, r->c->lang) : "";
    name = sheet_text_name(r->c->a, name);
    r->sheet = workbook_add_worksheet(r->book, name);
    if (!r->sheet) {
        name = sheet_text_name(r->c->a, arena_printf(r->c->a, "%d %s", r->s->index + 1, name));
        r->sheet = workbook_add_worksheet(r->book, name);
    }
    if (r->sheet && r->n_meta < SHEETS_MOST)
        r->meta[r->n_meta++] = (ImpMetaSheet){.entity = r->s->entity, .name = name};
}

/* The mapping as it was chosen, one to the right of where it was. */
static void note_meta(ErrorBook *r)
{
    ImpMetaColumn *cols = ARENA_ARRAY(r->c->a, r->s->n_columns + 1, ImpMetaColumn);
    cols[0] = (ImpMetaColumn){"", msg_text(r->c->lang, "import.error_column")};
    for (int i = 0; i < r->s->n_columns; i++) {
        const ImpColumn *col = &r->s->columns[i];
        cols[i + 1] = (ImpMetaColumn){col->field ? col->field : "", col->header};
    }
    r->meta[r->n_meta - 1].columns = cols;
    r->meta[r->n_meta - 1].n = r->s->n_columns + 1;
}

static bool write_sheet(ErrorBook *r, const Imp *imp, SheetBook *b)
{
    Ctx *c = r->c;
    int before = c->n_err;
    r->imp = imp->id;
    r->at_row = r->at_id = -1;
    if (!open_page(r))
        return false;
    r->more = advance(r);
    r->e = model_entity(c->model, r->s->entity);
    r->code = ARENA_ARRAY(c->a, r->s->n_columns + 1, bool);
    add_sheet(r);
    if (r->sheet && r->e) {
        put_header(r);
        note_meta(r);
        if (r->more)
            (void)imp_read(c, b, r->s, on_row, r);
    }
    db_done(r->rows);
    return c->n_err == before && r->sheet;
}

static void formats(ErrorBook *r)
{
    r->head = workbook_add_format(r->book);
    format_set_bold(r->head);
    format_set_bg_color(r->head, 0xEEF2F7);
    r->bad = workbook_add_format(r->book);
    format_set_bg_color(r->bad, 0xFFC7CE);
    format_set_font_color(r->bad, 0x9C0006);
    r->reason = workbook_add_format(r->book);
    format_set_font_color(r->reason, 0x9C0006);
    r->text = workbook_add_format(r->book);
    format_set_num_format(r->text, "@");
    r->bold = workbook_add_format(r->book);
    format_set_bold(r->bold);
}

/* ---- the figures --------------------------------------------------------------------------- */

static void pair(ErrorBook *r, const char *key, const char *value)
{
    worksheet_write_string(r->sheet, r->line, 0, msg_text(r->c->lang, key), r->bold);
    worksheet_write_string(r->sheet, r->line++, 1, sheet_text(r->c->a, value), NULL);
}

static void put_counts(ErrorBook *r, const Imp *imp)
{
    Ctx *c = r->c;
    json_object *counts = NULL;
    int before = c->n_err;
    if (!imp->counts || !json_read(c, imp->counts, strlen(imp->counts), &counts)) {
        ctx_errors_back_to(c, before);
        return;
    }
    r->line++;
    for (int i = 0; i < OUT__COUNT; i++) {
        const char *key = arena_printf(c->a, "import.outcome.%s", outcome_names[i]);
        worksheet_write_string(r->sheet, r->line, 0, msg_text(c->lang, key), r->bold);
        worksheet_write_number(r->sheet, r->line++, 1,
                               (double)json_int(counts, outcome_names[i], 0), NULL);
    }
}

static void put_faults(ErrorBook *r, const Imp *imp, const ImpSummary *sum)
{
    static const char *const heads[] = {"import.report.sheet", "import.report.column",
                                        "import.report.code",  "import.report.count",
                                        "import.report.first", "import.report.message"};
    r->line++;
    for (int i = 0; i < 6; i++)
        worksheet_write_string(r->sheet, r->line, (lxw_col_t)i, msg_text(r->c->lang, heads[i]),
                               r->head);
    r->line++;
    for (int i = 0; i < sum->n; i++, r->line++) {
        const ImpFault *f = &sum->faults[i];
        const char *const texts[] = {
            imp_sheet_name(imp, f->sheet), f->header, f->code, NULL, NULL, f->message};
        for (int k = 0; k < 6; k++)
            if (texts[k] && *texts[k])
                worksheet_write_string(r->sheet, r->line, (lxw_col_t)k,
                                       sheet_text(r->c->a, texts[k]), NULL);
        worksheet_write_number(r->sheet, r->line, 3, (double)f->count, NULL);
        worksheet_write_number(r->sheet, r->line, 4, (double)f->first_row, NULL);
    }
}

static bool write_figures(ErrorBook *r, const Imp *imp)
{
    static const double widths[] = {20, 28, 20, 10, 12, 60};
    Ctx *c = r->c;
    ImpSummary sum;
    char *at = arena_alloc(c->a, 32);
    if (!imp_summary(c, imp, &sum))
        return false;
    r->sheet = workbook_add_worksheet(r->book, msg_text(c->lang, "import.report.name"));
    if (!r->sheet)
        return false;
    for (int i = 0; i < 6; i++)
        worksheet_set_column(r->sheet, (lxw_col_t)i, (lxw_col_t)i, widths[i], NULL);
    ClockParts t = clock_parts(c->now_ms, c->zone);
    (void)snprintf(at, 32, "%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
    r->line = 0;
    pair(r, "import.report.file", imp->file_name);
    pair(r, "import.report.at", at);
    pair(r, "import.report.person", sum.person ? sum.person : "");
    pair(r, "import.report.refused", ctx_num(c, sum.refused));
    if (sum.refused > ROWS_MOST) {
        const char *args[] = {ctx_num(c, ROWS_MOST), NULL};
        worksheet_write_string(r->sheet, r->line++, 0,
                               msg_format(c->a, c->lang, "import.report.capped", args), r->reason);
    }
    put_counts(r, imp);
    put_faults(r, imp, &sum);
    return true;
}

bool import_errors_xlsx(Ctx *c, int64_t id, const char **out_path)
{
    Imp imp;
    SheetBook *b;
    if (!imp_load(c, id, &imp) || !imp_open(c, &imp, &b))
        return false;
    char *path = attach_tmp(c, ".xlsx"), *tmp = arena_printf(c->a, "%s/tmp", attach_dir());
    lxw_workbook_options opts = {.constant_memory = LXW_TRUE, .tmpdir = tmp};
    ErrorBook r = {.c = c, .step = arena_child(c->a), .book = workbook_new_opt(path, &opts)};
    if (!r.book)
        return file_fail(c, path, ENOMEM);
    formats(&r);
    bool ok = true;
    for (int i = 0; ok && i < imp.n; i++) {
        r.s = &imp.sheets[i];
        if (!r.s->entity)
            continue;
        ok = write_sheet(&r, &imp, b);
    }
    ok = ok && write_figures(&r, &imp) && imp_meta_write(c, r.book, "report", r.meta, r.n_meta);
    lxw_error err = workbook_close(r.book);
    sheet_close(b);
    if (!ok)
        return c->n_err ? false : file_fail(c, path, EIO);
    if (err != LXW_NO_ERROR)
        return file_fail(c, path, EIO);
    *out_path = path;
    return true;
}
