/* A list on paper. See export_pdf.h. */
#include "record/export_pdf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/file.h"
#include "base/msg.h"
#include "record/attach.h"
#include "record/print/page.h"

enum { UPRIGHT_MOST = 5 /* columns; more lie across */ };

struct ExportPdf {
    const char *path, *spool;
    FILE *rows; /* each cell: its length, its bytes */
    const Entity *e;
    ReportColumn *columns;
    int n;
    bool with_id;
    int64_t count;
    Arena *row; /* the row that is read */
    const char **cells;
};

static ReportPage page_of(Ctx *c, const Entity *e, int columns)
{
    ReportPage page = print_page(c, label_in(e->label, c->lang));
    page.landscape = columns > UPRIGHT_MOST;
    return page;
}

bool export_pdf_fits(Ctx *c, int64_t rows, int columns)
{
    int most = report_columns_most(&(ReportPage){.landscape = true});
    if (rows > conf_int("print.rows"))
        ctx_fail(c, ERR_TOO_LARGE, NULL, "err.report.rows", ctx_num(c, conf_int("print.rows")));
    if (columns > most)
        ctx_fail(c, ERR_TOO_LARGE, "fields", "err.report.columns", ctx_num(c, columns),
                 ctx_num(c, most));
    return c->n_err == 0;
}

static bool is_number(FieldType t)
{
    return t == FT_INT || t == FT_FLOAT || t == FT_DECIMAL || t == FT_MONEY;
}

bool export_pdf_open(Ctx *c, const char *path, const RowSet *s, bool with_id, ExportPdf **out)
{
    ExportPdf *p = *out = ARENA_NEW(c->a, ExportPdf);
    *p = (ExportPdf){.path = path,
                     .spool = attach_tmp(c, ".rows"),
                     .e = s->e,
                     .n = s->n_fields + with_id,
                     .with_id = with_id,
                     .row = arena_child(c->a)};
    p->columns = ARENA_ARRAY(c->a, p->n + 1, ReportColumn);
    p->cells = ARENA_ARRAY(c->a, p->n + 1, const char *);
    if (with_id)
        p->columns[0] = (ReportColumn){.label = msg_text(c->lang, "export.id")};
    for (int i = 0; i < s->n_fields; i++)
        p->columns[i + with_id] =
            (ReportColumn){.label = label_in(s->fields[i]->label, c->lang),
                           .align = is_number(s->fields[i]->type) ? REPORT_RIGHT : REPORT_LEFT};
    p->rows = fopen(p->spool, "w+bxe");
    if (!p->rows)
        return file_fail(c, p->spool, errno);
    (void)unlink(p->spool); /* goes with the process, however that ends */
    return true;
}

static bool put_cell(ExportPdf *p, const char *text)
{
    uint32_t n = (uint32_t)strlen(text);
    return fwrite(&n, sizeof n, 1, p->rows) == 1 && fwrite(text, 1, n, p->rows) == n;
}

static const char *text_of(Ctx *c, const RowSet *s, const Row *row, int i)
{
    const DbVal *v = &row->rec.v[s->fields[i]->index];
    bool masked = s->masked[i] && !row->clear;
    if (s->fields[i]->type == FT_DATETIME && !masked)
        return print_time_of(c, v);
    if (v->kind == DB_NULL && s->fields[i]->type != FT_LINK_MANY)
        return "";
    return rows_text(c, s, row, i);
}

bool export_pdf_rows(Ctx *c, ExportPdf *p, const RowSet *s)
{
    for (int k = 0; k < s->n; k++, p->count++) {
        if (p->with_id && !put_cell(p, ctx_num(c, s->rows[k].rec.id)))
            return file_fail(c, p->spool, errno);
        for (int i = 0; i < s->n_fields; i++)
            if (!put_cell(p, text_of(c, s, &s->rows[k], i)))
                return file_fail(c, p->spool, errno);
    }
    return true;
}

/* ---- the document -------------------------------------------------------------------------- */

static bool spool_rewind(Ctx *c, void *arg)
{
    ExportPdf *p = arg;
    return fseek(p->rows, 0, SEEK_SET) == 0 || file_fail(c, p->spool, errno);
}

static int spool_next(Ctx *c, void *arg, const char **cells, ReportTone *tone)
{
    ExportPdf *p = arg;
    *tone = REPORT_PLAIN;
    arena_reset(p->row);
    for (int i = 0; i < p->n; i++) {
        uint32_t n;
        if (fread(&n, sizeof n, 1, p->rows) != 1) {
            if (i == 0 && feof(p->rows))
                return 0;
            file_fail(c, p->spool, errno ? errno : EIO);
            return -1;
        }
        char *text = arena_alloc(p->row, (size_t)n + 1);
        if (fread(text, 1, n, p->rows) != n) {
            file_fail(c, p->spool, errno ? errno : EIO);
            return -1;
        }
        cells[i] = text;
    }
    return 1;
}

static bool draw(Ctx *c, ExportPdf *p)
{
    ReportSource source = {spool_rewind, spool_next, p};
    ReportPage page = page_of(c, p->e, p->n);
    Report *r = report_new(c, &page);
    const char *args[] = {ctx_num(c, p->count), NULL};
    report_heading(r, 1, page.title);
    report_text_as(r, REPORT_MUTED, REPORT_RIGHT,
                   msg_format(c->a, c->lang, "export.pdf.count", args));
    report_table_source(report_table(r, p->columns, p->n), &source);
    FILE *f = fopen(p->path, "wbe");
    if (!f)
        return file_fail(c, p->path, errno);
    bool ok = report_pdf(c, r, report_into_file(f));
    return (fclose(f) == 0 || file_fail(c, p->path, errno)) && ok;
}

bool export_pdf_close(Ctx *c, ExportPdf *p, bool whole)
{
    FILE *rows = p->rows;
    if (!rows)
        return true;
    bool ok = !whole || ((fflush(rows) == 0 || file_fail(c, p->spool, errno)) && draw(c, p));
    p->rows = NULL;
    (void)fclose(rows);
    return ok;
}
