/*
 * 《数据校验报告》 on paper: the figures of a check or run with a chart of the outcomes, the mistakes by column and kind, and
 * the first of the places; to be mended, all of them stand in the workbook (report.c). Whose import it is may have it.
 */
#include <string.h>

#include "base/msg.h"
#include "record/import/import.h"
#include "record/import/summary.h"
#include "record/print/page.h"

enum { PLACES_MOST = 1000 };

static const char *said(Ctx *c, const char *key, const char *a, const char *b)
{
    return msg_format(c->a, c->lang, key, (const char *[]){a, b, NULL});
}

/* ---- the figures --------------------------------------------------------------------------- */

static void figures(Ctx *c, Report *r, const Imp *imp, const ImpSummary *sum)
{
    ReportPair pairs[] = {
        {msg_text(c->lang, "import.report.file"), imp->file_name, true},
        {msg_text(c->lang, "import.report.at"),
         print_time(c, imp->finished_at ? imp->finished_at : imp->created_at), false},
        {msg_text(c->lang, "import.report.person"), sum->person, false},
        {msg_text(c->lang, "import.report.state"),
         msg_text(c->lang, arena_printf(c->a, "ui.import.state.%s", imp->state)), false},
        {msg_text(c->lang, "import.report.refused"), ctx_num(c, sum->refused), false},
    };
    report_grid(r, 2, pairs, sizeof pairs / sizeof *pairs);
}

static bool outcomes(Ctx *c, Report *r, const Imp *imp)
{
    json_object *counts = NULL;
    const char **labels = ARENA_ARRAY(c->a, OUT__COUNT, const char *);
    double *values = ARENA_ARRAY(c->a, OUT__COUNT, double);
    Chart *chart = ARENA_NEW(c->a, Chart);
    ChartSeries *series = ARENA_NEW(c->a, ChartSeries);
    if (!imp->counts)
        return true;
    if (!json_read(c, imp->counts, strlen(imp->counts), &counts))
        return false;
    for (int i = 0; i < OUT__COUNT; i++) {
        labels[i] = msg_text(c->lang, arena_printf(c->a, "import.outcome.%s", outcome_names[i]));
        values[i] = (double)json_int(counts, outcome_names[i], 0);
    }
    *series = (ChartSeries){.values = values};
    *chart = (Chart){.kind = CHART_BAR,
                     .title = msg_text(c->lang, "import.report.outcomes"),
                     .labels = labels,
                     .n_labels = OUT__COUNT,
                     .series = series,
                     .n_series = 1};
    report_chart(r, chart, 50);
    return true;
}

static void faults(Ctx *c, Report *r, const Imp *imp, const ImpSummary *sum)
{
    ReportColumn columns[] = {
        {.label = msg_text(c->lang, "import.report.sheet")},
        {.label = msg_text(c->lang, "import.report.column")},
        {.label = msg_text(c->lang, "import.report.message")},
        {.label = msg_text(c->lang, "import.report.count"), .align = REPORT_RIGHT},
        {.label = msg_text(c->lang, "import.report.first"), .align = REPORT_RIGHT},
    };
    report_heading(r, 2, msg_text(c->lang, "import.report.faults"));
    ReportTable *t = report_table(r, columns, sizeof columns / sizeof *columns);
    report_table_empty(t, msg_text(c->lang, "import.report.none"));
    for (int i = 0; i < sum->n; i++) {
        const ImpFault *f = &sum->faults[i];
        const char *cells[] = {imp_sheet_name(imp, f->sheet), f->header, f->message,
                               ctx_num(c, f->count), ctx_num(c, f->first_row)};
        report_row(t, REPORT_PLAIN, cells);
    }
}

/* ---- the places ---------------------------------------------------------------------------- */

static bool places(Ctx *c, Report *r, const Imp *imp, const ImpSummary *sum)
{
    ReportColumn columns[] = {
        {.label = msg_text(c->lang, "import.report.sheet")},
        {.label = msg_text(c->lang, "import.report.row"), .align = REPORT_RIGHT},
        {.label = msg_text(c->lang, "import.report.column")},
        {.label = msg_text(c->lang, "import.report.why")},
    };
    int64_t all = 0;
    for (int i = 0; i < sum->n; i++)
        all += sum->faults[i].count;
    if (!all)
        return true;
    DbVal p[] = {db_of_int(imp->id), db_of_int(PLACES_MOST)};
    DbRows *rows =
        db_query(c,
                 SQL("SELECT \"sheet\", \"row\", coalesce(\"header\", ''), \"message\" FROM "
                     "\"import_row_error\" WHERE \"import_id\" = $1 AND \"kind\" IS NULL ORDER BY "
                     "\"sheet\", \"row\", \"id\" LIMIT $2"),
                 p, 2);
    if (!rows)
        return false;
    report_heading(r, 2, msg_text(c->lang, "import.report.places"));
    if (all > PLACES_MOST)
        report_text_as(r, REPORT_MUTED, REPORT_LEFT,
                       said(c, "import.report.more", ctx_num(c, all), ctx_num(c, PLACES_MOST)));
    ReportTable *t = report_table(r, columns, sizeof columns / sizeof *columns);
    while (db_step(rows)) {
        const char *cells[] = {imp_sheet_name(imp, (int)db_int(rows, 0)),
                               ctx_num(c, db_int(rows, 1)), db_text(rows, 2), db_text(rows, 3)};
        report_row(t, REPORT_PLAIN, cells);
    }
    db_done(rows);
    return c->n_err == 0;
}

bool import_print(Ctx *c, int64_t id, const char *format, Report **out, const char **out_title)
{
    Imp imp;
    ImpSummary sum;
    if (!imp_load(c, id, &imp) || !imp_summary(c, &imp, &sum))
        return false;
    *out_title = msg_text(c->lang, "import.report.title");
    ReportPage page = print_page(c, *out_title);
    Report *r = *out = report_new(c, &page);
    report_heading(r, 1, *out_title);
    figures(c, r, &imp, &sum);
    if (!outcomes(c, r, &imp))
        return false;
    faults(c, r, &imp, &sum);
    if (!places(c, r, &imp, &sum))
        return false;
    const char *signs[] = {msg_text(c->lang, "import.report.sign_person"),
                           msg_text(c->lang, "import.report.sign_checker")};
    report_signatures(r, signs, 2);
    return print_audit(c, "import_job", id, NULL, format);
}
