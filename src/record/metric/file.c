/*
 * The figures of a metric as a file: one row a figure, numbers as numbers, the whole in the last row; or as a chart, or both
 * on paper (draw.c). Who may export the entity may have it; the audit log says who did.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xlsxwriter.h>

#include "auth/audit.h"
#include "base/conf.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/msg.h"
#include "record/attach.h"
#include "record/metric/impl.h"
#include "record/print/page.h"
#include "record/sheet_text.h"

enum { CELLS = 4 };

const char *metric_label(const Ctx *c, const MetricDef *def)
{
    return strcmp(c->lang, "en") == 0 && def->label_en ? def->label_en : def->label_zh;
}

typedef struct Sheet {
    Ctx *c;
    lxw_workbook *book; /* or NULL: */
    lxw_worksheet *sheet;
    lxw_format *head, *text;
    lxw_row_t line;
    Buf b;
    CsvWriter csv;
    Report *paper; /* or NULL */
    ReportTable *table;
    const char *row[CELLS];
    int n;
} Sheet;

static void cell(Sheet *s, int col, const char *text, bool number)
{
    if (s->paper) {
        s->row[s->n++] = text ? text : "";
        return;
    }
    if (!s->book) {
        csv_cell(&s->csv, text ? text : "");
        return;
    }
    if (!text)
        return;
    if (number && s->line > 0)
        worksheet_write_number(s->sheet, s->line, (lxw_col_t)col, strtod(text, NULL), NULL);
    else
        worksheet_write_string(s->sheet, s->line, (lxw_col_t)col, sheet_text(s->c->a, text),
                               s->line > 0 ? s->text : s->head);
}

/* The first row has the names of the columns; figures stand in the last two. */
static void paper_row(Sheet *s)
{
    ReportColumn columns[CELLS] = {{0}};
    if (s->line == 0) {
        for (int i = 0; i < s->n; i++)
            columns[i] = (ReportColumn){.label = s->row[i],
                                        .align = i >= s->n - 2 ? REPORT_RIGHT : REPORT_LEFT};
        s->table = report_table(s->paper, columns, s->n);
    } else {
        report_row(s->table, REPORT_PLAIN, s->row);
    }
    s->n = 0;
}

static void row_end(Sheet *s)
{
    if (s->paper)
        paper_row(s);
    else if (!s->book)
        csv_row_end(&s->csv);
    s->line++;
}

static void head(Sheet *s, const MetricTable *t)
{
    const char *unit = metric_unit(t->m), *lang = s->c->lang;
    int col = 0;
    if (t->f->range.starts)
        cell(s, col++, msg_text(lang, "metric.period"), false);
    if (t->f->by)
        cell(s, col++, label_in(t->f->by->label, lang), false);
    cell(s, col++, unit ? arena_printf(s->c->a, "%s (%s)", t->label, unit) : t->label, false);
    cell(s, col, msg_text(lang, "metric.records"), false);
    row_end(s);
}

static void figure(Sheet *s, const MetricTable *t, const char *period, const char *group,
                   const TallyCell *x, bool known)
{
    int col = 0;
    if (t->f->range.starts)
        cell(s, col++, period, false);
    if (t->f->by)
        cell(s, col++, group, false);
    const char *value = !known     ? NULL
                        : s->paper ? metric_value_shown(s->c, t->m, x)
                                   : metric_value_text(s->c, t->m, x);
    cell(s, col++, value, true);
    cell(s, col, known ? ctx_num(s->c, x->n) : NULL, true);
    row_end(s);
}

static void body(Sheet *s, const MetricTable *t)
{
    static const TallyCell nothing;
    const MetricFound *f = t->f;
    const MetricRange *r = &f->range;
    if (f->by) {
        const TallyCell *list = r->starts ? f->cells : f->groups;
        int n = r->starts ? f->n_cells : f->n_groups;
        for (int i = 0; i < n; i++)
            figure(s, t,
                   r->starts ? period_name(s->c->a, r->period, r->starts[list[i].period]) : NULL,
                   metric_group_label(t, &list[i].group), &list[i], true);
    } else {
        for (int i = 0, at = 0; i < r->n; i++) {
            bool here = at < f->n_cells && f->cells[at].period == i;
            figure(s, t, period_name(s->c->a, r->period, r->starts[i]), NULL,
                   here ? &f->cells[at] : &nothing, !f->known || f->known[i]);
            at += here;
        }
    }
    const char *whole = msg_text(s->c->lang, f->sampled ? "metric.now" : "metric.total");
    figure(s, t, whole, r->starts ? NULL : whole, &f->total, true);
}

/* Labels of groups by the one writer of them, so that a label cannot differ from the page. */
bool metric_label_groups(Ctx *c, MetricTable *t)
{
    LinkLabels *labels;
    const MetricFound *f = t->f;
    t->groups = ARENA_ARRAY(c->a, f->n_groups + 1, const char *);
    if (!tally_labels(c, f->by, f->groups, f->n_groups, &labels))
        return false;
    for (int i = 0; i < f->n_groups; i++) {
        Buf b;
        Jw w;
        json_object *o = NULL;
        buf_init(&b, c->a);
        jw_init(&w, &b);
        jw_obj(&w);
        tally_write_group(c, f->by, labels, &f->groups[i].group, &w);
        jw_end(&w);
        if (!json_read(c, b.data, b.len, &o))
            return false;
        t->groups[i] = arena_str(c->a, json_str(o, "label", msg_text(c->lang, "metric.blank")));
    }
    return true;
}

static bool write_xlsx(Ctx *c, const MetricTable *t, const char *path)
{
    char *tmp = arena_printf(c->a, "%s/tmp", attach_dir());
    lxw_workbook_options opts = {.tmpdir = tmp};
    Sheet s = {.c = c, .book = workbook_new_opt(path, &opts)};
    if (!s.book)
        return file_fail(c, path, ENOMEM);
    s.sheet = workbook_add_worksheet(s.book, sheet_text_name(c->a, t->label));
    s.head = workbook_add_format(s.book);
    s.text = workbook_add_format(s.book);
    format_set_bold(s.head);
    format_set_num_format(s.text, "@");
    worksheet_set_column(s.sheet, 0, 2, 18, NULL);
    worksheet_freeze_panes(s.sheet, 1, 0);
    head(&s, t);
    body(&s, t);
    return workbook_close(s.book) == LXW_NO_ERROR || file_fail(c, path, ENOSPC);
}

static bool write_csv(Ctx *c, const MetricTable *t, const char *path)
{
    Sheet s = {.c = c};
    buf_init(&s.b, c->a);
    csv_writer_init(&s.csv, &s.b);
    csv_bom(&s.csv);
    head(&s, t);
    body(&s, t);
    return file_write(c, path, s.b.data, s.b.len, 0600);
}

void metric_rows_on(Ctx *c, const MetricTable *t, Report *paper)
{
    Sheet s = {.c = c, .paper = paper};
    head(&s, t);
    body(&s, t);
}

static bool write_paper(Ctx *c, const MetricTable *t, const MetricQuery *q, const char **path)
{
    ReportPage page = print_page(c, t->label);
    Report *r = report_new(c, &page);
    const Chart *chart = metric_chart(c, t, q);
    if (!chart)
        return false;
    report_heading(r, 1, t->label);
    if (t->m->def->explanation)
        report_text_as(r, REPORT_MUTED, REPORT_LEFT, t->m->def->explanation);
    report_chart(r, chart, 80);
    metric_rows_on(c, t, r);
    return print_file(c, r, "pdf", path);
}

static bool write_picture(Ctx *c, const MetricTable *t, const MetricQuery *q, bool png,
                          const char *path)
{
    enum { WIDE = 640, HIGH = 320, SHARP = 2 };
    Buf b;
    const Chart *chart = metric_chart(c, t, q);
    buf_init(&b, c->a);
    if (!chart)
        return false;
    return (png ? chart_png(c, chart, WIDE, HIGH, SHARP, &b)
                : chart_svg(c, chart, WIDE, HIGH, &b)) &&
           file_write(c, path, b.data, b.len, 0600);
}

static bool write_as(Ctx *c, const MetricTable *t, const MetricQuery *q, const char *format,
                     const char **path)
{
    *path = attach_tmp(c, arena_printf(c->a, ".%s", format));
    switch (*format) {
    case 'x': return write_xlsx(c, t, *path);
    case 'c': return write_csv(c, t, *path);
    case 'p':
        if (format[1] == 'd')
            return write_paper(c, t, q, path);
        return write_picture(c, t, q, true, *path);
    default: return write_picture(c, t, q, false, *path);
    }
}

static bool write_file(Ctx *c, const MetricDef *def, const MetricQuery *q, const char *format,
                       const char **path)
{
    Metric m;
    MetricFound f;
    if (!metric_open(c, def, &m) || !access_need(c, m.e, ACT_EXPORT) ||
        !metric_compute(c, &m, q, &f))
        return false;
    MetricTable t = {.m = &m, .f = &f, .label = metric_label(c, def)};
    if (!metric_label_groups(c, &t) || !write_as(c, &t, q, format, path))
        return false;
    AuditEntry entry = {
        .action = "export", .entity = "metric_def", .record = def->id, .record_name = def->name};
    return audit_note(c, &entry);
}

bool metric_file(Ctx *c, const char *name, const MetricQuery *q, const char *format,
                 const char **out_path, const char **out_label)
{
    MetricDef def;
    const char *zone = c->zone;
    c->zone = conf_text("company.zone");
    bool ok = metric_find(c, name, &def) && write_file(c, &def, q, format, out_path);
    c->zone = zone;
    *out_label = ok ? metric_label(c, &def) : NULL;
    return ok;
}
