/*
 * Printed documents, measured: `bench_print report ROWS` draws a table of six columns through base/report, `bench_print bare
 * ROWS PER_PAGE` draws the very same texts with cairo and pango alone (a layout a cell, lines around it, nothing measured, no page
 * numbers). Each twice in one process; the second is told, as a server has its fonts open. One JSON line: processor time
 * in ms, most memory of the process in MB, bytes of the file.
 */
#include <cairo-pdf.h>
#include <inttypes.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/msg.h"
#include "base/report/report.h"

enum { COLUMNS = 6 };

typedef struct Made {
    int at, n;
    char cells[COLUMNS][120];
} Made;

/* Every row is another one, so nothing can be kept from a row before. */
static void make(Made *m)
{
    static const char places[] = "上海北京广州深圳杭州南京苏州成都重庆武汉西安天津青岛大连宁波厦门";
    const char *a = places + m->at * 7 % 16 * 6, *b = places + m->at * 3 % 16 * 6;
    (void)snprintf(m->cells[0], sizeof m->cells[0], "C%06d", m->at);
    (void)snprintf(m->cells[1], sizeof m->cells[1], "%.6s%.6s%d号贸易有限公司", a, b, m->at);
    (void)snprintf(m->cells[2], sizeof m->cells[2], "138%08d", m->at * 7919 % 100000000);
    (void)snprintf(m->cells[3], sizeof m->cells[3], "%.6s市%.6s区", b, a);
    (void)snprintf(m->cells[4], sizeof m->cells[4], "2026-%02d-%02d", m->at % 12 + 1,
                   m->at % 28 + 1);
    (void)snprintf(m->cells[5], sizeof m->cells[5], "%d.00", m->at * 37 % 1000000);
    m->at++;
}

static bool made_rewind(Ctx *c, void *arg)
{
    (void)c;
    ((Made *)arg)->at = 0;
    return true;
}

static int made_next(Ctx *c, void *arg, const char **cells, ReportTone *tone)
{
    Made *m = arg;
    (void)c;
    *tone = REPORT_PLAIN;
    if (m->at == m->n)
        return 0;
    make(m);
    for (int i = 0; i < COLUMNS; i++)
        cells[i] = m->cells[i];
    return 1;
}

typedef struct Count {
    int64_t bytes;
} Count;

static bool count_bytes(Ctx *c, void *arg, const char *bytes, size_t n)
{
    (void)c;
    (void)bytes;
    ((Count *)arg)->bytes += (int64_t)n;
    return true;
}

static int64_t by_report(int rows)
{
    static const ReportColumn columns[COLUMNS] = {
        {.label = "编号"},     {.label = "客户名称"}, {.label = "联系方式"},
        {.label = "所在地区"}, {.label = "创建日期"}, {.label = "金额", .align = REPORT_RIGHT}};
    Arena *a = arena_new(0);
    Ctx c;
    Made made = {.n = rows};
    Count count = {0};
    ReportSource source = {made_rewind, made_next, &made};
    ReportPage page = {.title = "客户", .page_numbers = true, .watermark = "张三 2026-05-01 10:00"};
    ctx_init(&c, a);
    Report *r = report_new(&c, &page);
    report_table_source(report_table(r, columns, COLUMNS), &source);
    if (!report_pdf(&c, r, (ReportSink){count_bytes, &count})) {
        fprintf(stderr, "%s\n", c.err->message);
        exit(1);
    }
    arena_free(a);
    return count.bytes;
}

static cairo_status_t bare_bytes(void *closure, const unsigned char *data, unsigned n)
{
    (void)data;
    ((Count *)closure)->bytes += n;
    return CAIRO_STATUS_SUCCESS;
}

static int64_t by_hand(int rows, int per_page)
{
    static const double x[COLUMNS + 1] = {42, 100, 240, 320, 410, 480, 553};
    enum { ROW = 19, TOP = 60 };
    Count count = {0};
    Made made = {.n = rows};
    cairo_surface_t *s = cairo_pdf_surface_create_for_stream(bare_bytes, &count, 595, 842);
    cairo_t *cr = cairo_create(s);
    PangoLayout *l = pango_cairo_create_layout(cr);
    PangoFontDescription *d = pango_font_description_from_string("Noto Sans CJK SC 6.75");
    pango_layout_set_font_description(l, d);
    for (int i = 0; i < rows; i++) {
        double y = TOP + (double)(i % per_page) * ROW;
        make(&made);
        for (int k = 0; k < COLUMNS; k++) {
            cairo_rectangle(cr, x[k], y, x[k + 1] - x[k], ROW);
            cairo_stroke(cr);
            cairo_move_to(cr, x[k] + 4, y + 3);
            pango_layout_set_text(l, made.cells[k], -1);
            pango_cairo_show_layout(cr, l);
        }
        if (i % per_page == per_page - 1 || i + 1 == rows)
            cairo_show_page(cr);
    }
    pango_font_description_free(d);
    g_object_unref(l);
    cairo_destroy(cr);
    cairo_surface_finish(s);
    cairo_surface_destroy(s);
    return count.bytes;
}

static double cpu_ms(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
    struct rusage before, after;
    bool report = argc == 3 && strcmp(argv[1], "report") == 0;
    bool bare = argc == 4 && strcmp(argv[1], "bare") == 0;
    long rows = argc > 2 ? strtol(argv[2], NULL, 10) : 0,
         per_page = bare ? strtol(argv[3], NULL, 10) : 1;
    if ((!report && !bare) || rows < 1 || rows > 20000 || per_page < 1 || !msg_load()) {
        fprintf(stderr, "bench_print report ROWS | bare ROWS PER_PAGE\n");
        return 2;
    }
    int64_t bytes = 0;
    double first = 0, second = 0;
    for (int i = 0; i < 2; i++) {
        (void)getrusage(RUSAGE_SELF, &before);
        bytes = report ? by_report((int)rows) : by_hand((int)rows, (int)per_page);
        (void)getrusage(RUSAGE_SELF, &after);
        *(i ? &second : &first) = cpu_ms(&after) - (i ? cpu_ms(&before) : 0);
    }
    printf("{\"cold_ms\":%.1f,\"ms\":%.1f,\"rss_mb\":%.1f,\"bytes\":%" PRId64 "}\n", first, second,
           (double)after.ru_maxrss / 1024, bytes);
    return 0;
}
