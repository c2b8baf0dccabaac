/*
 * The figures of a metric as a file: one row a figure, numbers as numbers, the whole in the last row. Who may export the
 * entity may have it; the audit log says who did.
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
#include "record/sheet_text.h"

typedef struct Sheet {
    Ctx *c;
    lxw_workbook *book; /* or NULL: */
    lxw_worksheet *sheet;
    lxw_format *head, *text;
    lxw_row_t line;
    Buf b;
    CsvWriter csv;
} Sheet;

static void cell(Sheet *s, int col, const char *text, bool number)
{
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

static void row_end(Sheet *s)
{
    if (!s->book)
        csv_row_end(&s->csv);
    s->line++;
}

typedef struct Table {
    const Metric *m;
    const MetricFound *f;
    const char *label;
    const char **groups; /* labels, beside f->groups */
} Table;

static void head(Sheet *s, const Table *t)
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

static void figure(Sheet *s, const Table *t, const char *period, const char *group,
                   const TallyCell *x, bool known)
{
    int col = 0;
    if (t->f->range.starts)
        cell(s, col++, period, false);
    if (t->f->by)
        cell(s, col++, group, false);
    cell(s, col++, known ? metric_value_text(s->c, t->m, x) : NULL, true);
    cell(s, col, known ? ctx_num(s->c, x->n) : NULL, true);
    row_end(s);
}

static const char *group_label(const Table *t, const DbVal *g)
{
    for (int i = 0; i < t->f->n_groups; i++) {
        const DbVal *x = &t->f->groups[i].group;
        if (x->kind == g->kind &&
            (x->kind == DB_NULL || (x->kind == DB_TEXT ? strcmp(x->s, g->s) == 0 : x->i == g->i)))
            return t->groups[i];
    }
    return "";
}

static void body(Sheet *s, const Table *t)
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
                   group_label(t, &list[i].group), &list[i], true);
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
static bool label_groups(Ctx *c, Table *t)
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

static bool write_xlsx(Ctx *c, const Table *t, const char *path)
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

static bool write_csv(Ctx *c, const Table *t, const char *path)
{
    Sheet s = {.c = c};
    buf_init(&s.b, c->a);
    csv_writer_init(&s.csv, &s.b);
    csv_bom(&s.csv);
    head(&s, t);
    body(&s, t);
    return file_write(c, path, s.b.data, s.b.len, 0600);
}

static bool write_file(Ctx *c, const MetricDef *def, const MetricQuery *q, const char *format,
                       const char **path)
{
    Metric m;
    MetricFound f;
    bool xlsx = strcmp(format, "xlsx") == 0;
    if (!metric_open(c, def, &m) || !access_need(c, m.e, ACT_EXPORT) ||
        !metric_compute(c, &m, q, &f))
        return false;
    Table t = {.m = &m, .f = &f, .label = def->label_zh};
    if (strcmp(c->lang, "en") == 0 && def->label_en)
        t.label = def->label_en;
    *path = attach_tmp(c, xlsx ? ".xlsx" : ".csv");
    if (!label_groups(c, &t) || !(xlsx ? write_xlsx(c, &t, *path) : write_csv(c, &t, *path)))
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
    *out_label =
        ok ? (strcmp(c->lang, "en") == 0 && def.label_en ? def.label_en : def.label_zh) : NULL;
    return ok;
}
