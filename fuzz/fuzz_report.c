/* Fuzzes printed documents. Each line of the input is a block (its first byte says which) with the rest as its text: both
   outputs must come, and the HTML must hold no tag that is not ours. */
#include <stdlib.h>
#include <string.h>

#include "base/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(Arena *a, Report *r, char kind, const char *text)
{
    ReportColumn columns[3] = {{.label = text}, {.label = "b"}, {.label = text}};
    const char *cells[3] = {text, "x", text};
    double *values = arena_alloc(a, 3 * sizeof *values);
    Chart *chart = ARENA_NEW(a, Chart);
    ChartSeries *series = ARENA_NEW(a, ChartSeries);
    switch (kind & 15) {
    case 0: report_heading(r, kind >> 4, text); break;
    case 1:
        report_grid(r, kind >> 4, (ReportPair[]){{text, text, false}, {"a", text, true}}, 2);
        break;
    case 2: {
        ReportTable *t = report_table(r, columns, 1 + (kind >> 5 & 1) * 2);
        report_row(t, REPORT_PLAIN, cells);
        report_row(t, REPORT_STRONG, cells);
        break;
    }
    case 3: report_qr(r, text, 20, text); break;
    case 4: report_signatures(r, cells, 3); break;
    case 5: report_page_break(r); break;
    case 6:
        report_image(r, (ReportImage){(const unsigned char *)text, strlen(text)}, 20, REPORT_LEFT);
        break;
    case 7:
        values[0] = strtod(text, NULL);
        values[2] = 3;
        char **labels = arena_alloc(a, 3 * sizeof *labels);
        for (int i = 0; i < 3; i++)
            labels[i] = arena_str(a, text);
        *series = (ChartSeries){.name = text, .values = values};
        *chart = (Chart){
            .kind = (ChartKind)(kind >> 4 & 3), .title = text, .series = series, .n_series = 1};
        chart->labels = (const char *const *)labels;
        chart->n_labels = 3;
        report_chart(r, chart, 40);
        break;
    default: report_text_as(r, (ReportTone)((kind >> 4 & 3) % 3), REPORT_RIGHT, text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 4000 };
    if (size > MOST)
        return 0;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    char *text = arena_dup(a, (const char *)data, size), *end = text + size;
    ReportPage page = {.title = text, .watermark = size % 2 ? text : NULL, .page_numbers = true};
    Report *r = report_new(&c, &page);
    for (char *line = text, *next; line < end; line = next) {
        next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next : end;
        *next++ = 0;
        if (*line)
            add(a, r, *line, arena_str(a, line + 1));
    }
    Buf out;
    buf_init(&out, a);
    if (!report_pdf(&c, r, report_into(&out)) || strncmp(out.data, "%PDF", 4) != 0)
        abort();
    buf_clear(&out);
    if (!report_html(&c, r, report_into(&out)) || strstr(out.data, "<script"))
        abort();
    arena_free(a);
    return 0;
}
