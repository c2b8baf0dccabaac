/* Printed documents: pages, repeated header rows, texts that come out of the PDF as they went in, HTML, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/report/report.h"

static Arena *a;
static Ctx c;
static Buf out;

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    buf_init(&out, a);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

/* What a program of poppler says of the document in out. */
static char *poppler(const char *command)
{
    char path[] = "/tmp/zk_report_XXXXXX.pdf";
    int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, out.data, out.len), (ssize_t)out.len);
    close(fd);
    FILE *p = popen(arena_printf(a, command, path), "re");
    Buf text;
    buf_init(&text, a);
    assert_non_null(p);
    for (size_t n; (n = fread(buf_room(&text, 4096), 1, 4096, p)) > 0;)
        buf_grew(&text, n);
    assert_int_equal(pclose(p), 0);
    unlink(path);
    return text.data;
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
        n++;
    return n;
}

/* pdftotext leaves narrow blanks out. */
static const char *without_blanks(const char *s)
{
    Buf b;
    buf_init(&b, a);
    for (; *s; s++)
        if (*s != ' ')
            buf_putc(&b, *s);
    return b.data;
}

static int pages(void)
{
    const char *said = strstr(poppler("pdfinfo %s"), "Pages:");
    assert_non_null(said);
    return (int)strtol(said + 6, NULL, 10);
}

static void drawn(const Report *r)
{
    buf_clear(&out);
    bool ok = report_pdf(&c, r, report_into(&out));
    if (!ok)
        print_error("%s\n", c.err->message);
    assert_true(ok);
}

static void texts_come_out_as_they_went_in(void **state)
{
    (void)state;
    ReportPage page = {.title = "客户资料 \u4dae", .author = "张三", .page_numbers = true};
    Report *r = report_new(&c, &page);
    report_heading(r, 1, "客户资料");
    report_text(r, "䶮 𠮷 镕 喆，朱镕基、李喆。¥1,234.00");
    drawn(r);
    const char *text = poppler("pdftotext %s -");
    assert_non_null(strstr(text, "客户资料"));
    assert_non_null(strstr(text, "䶮 𠮷 镕 喆，朱镕基、李喆。¥1,234.00"));
    assert_non_null(strstr(without_blanks(text), "第1页/共1页"));
    const char *fonts = poppler("pdffonts %s");
    assert_null(strstr(fonts, "Type 3"));
    assert_int_equal(pages(), 1);
    assert_non_null(strstr(poppler("pdfinfo %s"), "张三"));
}

/* ---- tables -------------------------------------------------------------------------------- */

static const ReportColumn columns[] = {{.label = "编号"},
                                       {.label = "客户名称"},
                                       {.label = "备注"},
                                       {.label = "金额", .align = REPORT_RIGHT}};

static ReportTable *table_of(Report *r, int rows)
{
    ReportTable *t = report_table(r, columns, 4);
    for (int i = 0; i < rows; i++) {
        const char *cells[] = {arena_printf(a, "R%05d", i),
                               arena_printf(a, "上海第%d贸易有限公司", i),
                               i % 7 ? "短"
                                     : "这一行的备注很长，要折成好几行才放得下；“引号”与（括号）都"
                                       "在其中，句号不在行首。",
                               arena_printf(a, "%d.00", i * 37)};
        report_row(t, i % 50 == 49 ? REPORT_STRONG : REPORT_PLAIN, cells);
    }
    return t;
}

static void a_header_row_stands_on_every_page_and_no_row_is_lost(void **state)
{
    (void)state;
    ReportPage page = {
        .title = "表", .page_numbers = true, .header = "知客科技", .footer = "内部资料"};
    Report *r = report_new(&c, &page);
    report_heading(r, 1, "清单");
    table_of(r, 400);
    drawn(r);
    int n = pages();
    const char *text = poppler("pdftotext -layout %s -");
    assert_true(n >= 8);
    assert_int_equal(count(text, "客户名称"), n);
    assert_int_equal(count(text, "知客科技"), n);
    assert_int_equal(count(text, "内部资料"), n);
    assert_int_equal(count(without_blanks(text), arena_printf(a, "页/共%d页", n)), n);
    for (int i = 0; i < 400; i++)
        assert_int_equal(count(text, arena_printf(a, "R%05d", i)), 1);
}

static void a_row_taller_than_a_page_goes_on_and_others_are_not_cut(void **state)
{
    (void)state;
    ReportPage page = {.title = "表", .page_numbers = true};
    Report *r = report_new(&c, &page);
    ReportTable *t = report_table(r, columns, 4);
    Buf tall;
    buf_init(&tall, a);
    for (int i = 0; i < 150; i++)
        buf_printf(&tall, "%s第%d行", i ? "\n" : "", i);
    report_row(t, REPORT_PLAIN, (const char *[]){"1", "甲", "前", "1"});
    report_row(t, REPORT_PLAIN, (const char *[]){"2", "乙", tall.data, "2"});
    report_row(t, REPORT_PLAIN, (const char *[]){"3", "丙", "后", "3"});
    drawn(r);
    const char *text = poppler("pdftotext -layout %s -");
    int n = pages();
    assert_int_equal(n, 3);
    assert_int_equal(count(text, "客户名称"), 3);
    for (int i = 0; i < 150; i++)
        assert_int_equal(count(text, arena_printf(a, "第%d行", i)), 1);
    assert_int_equal(count(text, "丙"), 1);
}

typedef struct Made {
    int at, n;
    char cells[4][40];
} Made;

static bool made_rewind(Ctx *ctx, void *arg)
{
    (void)ctx;
    ((Made *)arg)->at = 0;
    return true;
}

static int made_next(Ctx *ctx, void *arg, const char **cells, ReportTone *tone)
{
    Made *m = arg;
    (void)ctx;
    *tone = REPORT_PLAIN;
    if (m->at == m->n)
        return 0;
    for (int i = 0; i < 4; i++) {
        (void)snprintf(m->cells[i], sizeof m->cells[i], "V%d.%05d", i, m->at);
        cells[i] = m->cells[i];
    }
    m->at++;
    return 1;
}

static void ten_thousand_rows_come_from_a_source_in_the_memory_of_few(void **state)
{
    (void)state;
    Made made = {.n = 10000};
    ReportSource source = {made_rewind, made_next, &made};
    ReportPage page = {.title = "表", .page_numbers = true};
    Report *r = report_new(&c, &page);
    report_table_source(report_table(r, columns, 4), &source);
    size_t before = arena_used(a);
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_true(report_pdf(&c, r, report_into_file(f)));
    assert_true(arena_used(a) - before < 512 * 1024);
    assert_true(ftell(f) > 100000);
    rewind(f);
    for (size_t n; (n = fread(buf_room(&out, 65536), 1, 65536, f)) > 0;)
        buf_grew(&out, n);
    (void)fclose(f);
    const char *text = poppler("pdftotext -layout %s -");
    assert_non_null(strstr(text, "V0.00000"));
    assert_int_equal(count(text, "V1."), 10000);
    assert_int_equal(count(text, "客户名称"), pages());
}

static void too_many_rows_or_columns_are_a_mistake_with_its_number(void **state)
{
    (void)state;
    Made made = {.n = 20001};
    ReportSource source = {made_rewind, made_next, &made};
    ReportPage page = {.title = "表"};
    Report *r = report_new(&c, &page);
    report_table_source(report_table(r, columns, 4), &source);
    assert_false(report_pdf(&c, r, report_into(&out)));
    assert_int_equal(c.err->code, ERR_TOO_LARGE);
    assert_non_null(strstr(c.err->message, "20000"));
    ctx_errors_back_to(&c, 0);
    assert_false(report_html(&c, r, report_into(&out)));
    assert_int_equal(c.err->code, ERR_TOO_LARGE);
    ctx_errors_back_to(&c, 0);
    ReportColumn wide[60];
    const char *cells[60];
    for (int i = 0; i < 60; i++) {
        wide[i] = (ReportColumn){.label = "列"};
        cells[i] = "值";
    }
    int most = report_columns_most(&page);
    assert_in_range(most, 15, 30);
    r = report_new(&c, &page);
    report_row(report_table(r, wide, 60), REPORT_PLAIN, cells);
    assert_false(report_pdf(&c, r, report_into(&out)));
    assert_int_equal(c.err->code, ERR_TOO_LARGE);
    assert_non_null(strstr(c.err->message, ctx_num(&c, most)));
    ctx_errors_back_to(&c, 0);
    assert_false(report_html(&c, r, report_into(&out)));
    assert_int_equal(c.err->code, ERR_TOO_LARGE);
    assert_non_null(strstr(c.err->message, ctx_num(&c, most)));
    ctx_errors_back_to(&c, 0);
    r = report_new(&c, &page);
    report_row(report_table(r, wide, most), REPORT_PLAIN, cells);
    drawn(r);
}

/* ---- texts --------------------------------------------------------------------------------- */

static void no_line_begins_with_a_closing_mark(void **state)
{
    (void)state;
    static const char *const never[] = {"，", "。", "）", "；", "！", "、", "”", "》"};
    Buf b;
    ReportPage page = {.title = "禁则", .paper = REPORT_A5};
    buf_init(&b, a);
    for (int i = 0; i < 300; i++)
        buf_printf(&b, "%.*s%s", 3 * (1 + i * 7 % 5), "客户资料变更申请", never[i % 7]);
    Report *r = report_new(&c, &page);
    report_text(r, b.data);
    drawn(r);
    char *text = poppler("pdftotext %s -");
    int lines = 0;
    for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text)) {
        lines++;
        for (size_t i = 0; i < sizeof never / sizeof *never; i++)
            assert_int_not_equal(strncmp(line, never[i], strlen(never[i])), 0);
    }
    assert_true(lines > 30);
}

static void what_no_font_shows_is_named_at_the_foot(void **state)
{
    (void)state;
    ReportPage page = {.title = "字"};
    Report *r = report_new(&c, &page);
    report_text(r, "未收录：\U000f1234 完");
    drawn(r);
    assert_non_null(strstr(poppler("pdftotext %s -"), "U+F1234"));
    r = report_new(&c, &page);
    report_text(r, "都收录");
    drawn(r);
    assert_null(strstr(poppler("pdftotext %s -"), "U+"));
}

static void broken_texts_and_controls_do_no_harm(void **state)
{
    (void)state;
    ReportPage page = {.title = "a\x01"
                                "b",
                       .watermark = "张三\x02 2026-05-01"};
    Report *r = report_new(&c, &page);
    report_text(r, "坏\xff字\x07节\r\n第二行");
    report_text(r, NULL);
    report_grid(r, 3, (ReportPair[]){{"甲", NULL, false}, {NULL, "值", true}, {"乙", "", false}},
                3);
    drawn(r);
    const char *text = poppler("pdftotext %s -");
    assert_non_null(strstr(text, "坏\uFFFD字节"));
    assert_non_null(strstr(text, "第二行"));
    buf_clear(&out);
    assert_true(report_html(&c, r, report_into(&out)));
    assert_null(strchr(out.data, 0x07));
}

/* ---- HTML ---------------------------------------------------------------------------------- */

static const char *html(const Report *r)
{
    buf_clear(&out);
    assert_true(report_html(&c, r, report_into(&out)));
    return out.data;
}

static void html_is_escaped_everywhere(void **state)
{
    (void)state;
    const char *bad = "<script>x('1')</script>\"&</style>";
    ReportPage page = {.title = bad,
                       .author = bad,
                       .header = bad,
                       .footer = bad,
                       .watermark = bad,
                       .page_numbers = true};
    Report *r = report_new(&c, &page);
    report_heading(r, 1, bad);
    report_text(r, bad);
    report_grid(r, 2, (ReportPair[]){{bad, bad, false}}, 1);
    ReportTable *t = report_table(r, (ReportColumn[]){{.label = bad}}, 1);
    report_row(t, REPORT_STRONG, &bad);
    report_table_empty(report_table(r, (ReportColumn[]){{.label = bad}}, 1), bad);
    report_qr(r, bad, 20, bad);
    report_signatures(r, &bad, 1);
    Chart chart = {.title = bad, .empty = bad};
    report_chart(r, &chart, 30);
    const char *text = html(r);
    assert_null(strstr(text, "<script"));
    assert_int_equal(count(text, "</style>"), 1);
    assert_null(strstr(text, "'1'"));
    assert_true(count(text, "&lt;script&gt;x(&#39;1&#39;)") >= 12);
    assert_non_null(strstr(text, "counter(pages)"));
    assert_non_null(strstr(text, "@page{size:A4 portrait"));
    assert_null(strstr(text, "http")); /* nothing from elsewhere */
}

/* ---- charts -------------------------------------------------------------------------------- */

static void charts_are_one_drawing_as_svg_png_and_in_a_pdf(void **state)
{
    (void)state;
    static const char *const labels[] = {"一月", "二月", "三月"};
    static const double values[] = {3, 0.0 / 0.0, -5}, others[] = {1, 2, 3};
    ChartSeries series[] = {{.name = "今年", .values = values}, {.name = "去年", .values = others}};
    ReportPage page = {.title = "图"};
    for (int kind = CHART_BAR; kind <= CHART_PIE; kind++) {
        Chart chart = {.kind = (ChartKind)kind,
                       .title = "新增客户",
                       .unit = "个",
                       .labels = labels,
                       .n_labels = 3,
                       .series = series,
                       .n_series = 2};
        Report *r = report_new(&c, &page);
        report_chart(r, &chart, 60);
        drawn(r);
        const char *text = poppler("pdftotext %s -");
        assert_non_null(strstr(text, "新增客户"));
        assert_non_null(strstr(text, "三月"));
        buf_clear(&out);
        assert_true(chart_svg(&c, &chart, 400, 200, &out));
        assert_non_null(strstr(out.data, "<svg"));
        buf_clear(&out);
        assert_true(chart_png(&c, &chart, 400, 200, 2, &out));
        assert_memory_equal(out.data, "\x89PNG", 4);
        assert_memory_equal(out.data + 16, "\0\0\x03\x20\0\0\x01\x90", 8); /* 800 by 400 */
    }
}

/* Where a word stands on the page: its upper and its lower edge. */
static void edges(const char *boxes, const char *word, double *top, double *bottom)
{
    const char *at = strstr(boxes, arena_printf(a, ">%s</word>", word));
    assert_non_null(at);
    while (at > boxes && strncmp(at, "yMin=", 5) != 0)
        at--;
    *top = strtod(at + 6, NULL);
    at = strstr(at, "yMax=");
    assert_non_null(at);
    *bottom = strtod(at + 6, NULL);
}

/* Rows and the words beside a chart stand below each other and within what they belong to. */
static void nothing_stands_on_another(void **state)
{
    (void)state;
    static const char *const labels[] = {"L0", "L1", "L2", "L3", "L4", "L5", "L6", "L7"};
    static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8};
    ChartSeries series = {.values = values};
    Chart chart = {
        .kind = CHART_PIE, .labels = labels, .n_labels = 8, .series = &series, .n_series = 1};
    ReportPage page = {.title = "T"};
    Report *r = report_new(&c, &page);
    report_text(r, "BEFORE");
    report_chart(r, &chart, 60);
    report_text(r, "BEHIND");
    table_of(r, 8);
    drawn(r);
    const char *boxes = poppler("pdftotext -bbox %s -");
    double top, bottom, last;
    edges(boxes, "BEFORE", &top, &last);
    for (int i = 0; i < 8; i++) {
        edges(boxes, labels[i], &top, &bottom);
        assert_true(top >= last - 1);
        last = bottom;
    }
    edges(boxes, "BEHIND", &top, &bottom);
    assert_true(top >= last);
    last = bottom;
    for (int i = 0; i < 8; i++) {
        edges(boxes, arena_printf(a, "R%05d", i), &top, &bottom);
        assert_true(top >= last);
        last = bottom;
    }
}

/* Beside bars and lines stands how much they are: steps that nobody's value is. */
static void a_scale_stands_beside_bars_and_lines(void **state)
{
    (void)state;
    static const char *const labels[] = {"L0", "L1"};
    static const double values[] = {30, 70};
    ChartSeries series = {.values = values};
    ReportPage page = {.title = "T"};
    for (int kind = CHART_BAR; kind <= CHART_LINE; kind++) {
        Chart chart = {.kind = (ChartKind)kind,
                       .labels = labels,
                       .n_labels = 2,
                       .series = &series,
                       .n_series = 1};
        Report *r = report_new(&c, &page);
        report_chart(r, &chart, 60);
        drawn(r);
        const char *boxes = poppler("pdftotext -bbox %s -");
        double top, bottom, above = 0;
        for (int step = 80; step >= 0; step -= 20) {
            edges(boxes, arena_printf(a, "%d", step), &top, &bottom);
            assert_true(top >= above);
            above = top;
        }
    }
}

/* How grey the page is, 0 black to 255 white: two dots of a picture to a point of the page. */
typedef struct Picture {
    const unsigned char *dots;
    long wide, high;
} Picture;

static Picture picture_of_page(void)
{
    Picture p;
    char *text = poppler("pdftoppm -r 144 -gray %s"), *end;
    assert_memory_equal(text, "P5", 2);
    p.wide = strtol(text + 2, &end, 10);
    p.high = strtol(end, &end, 10);
    assert_int_equal(strtol(end, &end, 10), 255);
    p.dots = (unsigned char *)end + 1;
    return p;
}

/* Does a line cross x between two heights? In points, like the edges of words. */
static bool crossed(const Picture *p, double x, double from, double to)
{
    for (long y = (long)(from * 2); y <= (long)(to * 2) && y < p->high; y++)
        if (p->dots[y * p->wide + (long)(x * 2)] < 240)
            return true;
    return false;
}

/* The frame of a row goes around its words: there is a line below them, and none through them. */
static void a_row_stands_within_its_frame(void **state)
{
    (void)state;
    ReportPage page = {.title = "表"};
    Report *r = report_new(&c, &page);
    ReportTable *t = report_table(r, columns, 4);
    for (int i = 0; i < 3; i++) {
        const char *cells[] = {arena_printf(a, "R%05d", i), "甲", "短", "1.00"};
        report_row(t, REPORT_PLAIN, cells);
    }
    drawn(r);
    const char *boxes = poppler("pdftotext -bbox %s -"), *at = strstr(boxes, ">R00000</word>");
    assert_non_null(at);
    while (at > boxes && strncmp(at, "xMin=", 5) != 0)
        at--;
    double x = strtod(at + 6, NULL) - 2, top, bottom; /* left of the words, within the frame */
    Picture p = picture_of_page();
    for (int i = 0; i < 3; i++) {
        edges(boxes, arena_printf(a, "R%05d", i), &top, &bottom);
        assert_false(crossed(&p, x, top + 1, bottom - 1));
        assert_true(crossed(&p, x, bottom - 1, bottom + 8));
    }
}

static void charts_of_nothing_and_of_too_much_are_drawn(void **state)
{
    (void)state;
    const char *labels[200];
    double values[200];
    for (int i = 0; i < 200; i++) {
        labels[i] = "很长很长的标签";
        values[i] = i % 3 ? 1e14 * i : -0.001;
    }
    ChartSeries series = {.values = values};
    ReportPage page = {.title = "图"};
    Report *r = report_new(&c, &page);
    Chart charts[8];
    for (int kind = CHART_BAR; kind <= CHART_PIE; kind++) {
        charts[kind] = (Chart){.kind = (ChartKind)kind,
                               .title = "多",
                               .labels = labels,
                               .n_labels = 200,
                               .series = &series,
                               .n_series = 1};
        report_chart(r, &charts[kind], 50);
        charts[kind + 4] = (Chart){.kind = (ChartKind)kind, .empty = "没有数据"};
        report_chart(r, &charts[kind + 4], 20);
    }
    drawn(r);
    const char *text = poppler("pdftotext %s -");
    assert_int_equal(count(text, "没有数据"), 4);
    assert_int_equal(count(without_blanks(text), "(60/200)"), 4);
}

/* ---- fonts --------------------------------------------------------------------------------- */

static void fonts_without_chinese(const char *conf)
{
    char path[] = "/tmp/zk_fonts_XXXXXX";
    int fd = mkstemp(path), status;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, conf, strlen(conf)), (ssize_t)strlen(conf));
    close(fd);
    pid_t pid = fork(); /* fontconfig is read once a process */
    if (pid == 0) {
        (void)setenv("FONTCONFIG_FILE", path, 1);
        ReportPage page = {.title = "字"};
        Report *r = report_new(&c, &page);
        report_text(r, "客户");
        bool ok = !report_pdf(&c, r, report_into(&out)) && out.len == 0 &&
                  c.err->code == ERR_REPORT_FONT && strstr(c.err->message, "fonts-noto-cjk");
        ctx_errors_back_to(&c, 0);
        ok = ok && !report_fonts(&c) && c.err->code == ERR_REPORT_FONT;
        ctx_errors_back_to(&c, 0);
        report_text(r, "Nothing");
        _exit(ok && report_html(&c, r, report_into(&out)) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    unlink(path);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_machine_without_chinese_fonts_is_told_what_to_install(void **state)
{
    (void)state;
    fonts_without_chinese("<?xml version=\"1.0\"?><fontconfig></fontconfig>");
    if (access("/usr/share/fonts/truetype/dejavu", R_OK) == 0)
        fonts_without_chinese("<?xml version=\"1.0\"?><fontconfig>"
                              "<dir>/usr/share/fonts/truetype/dejavu</dir></fontconfig>");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_machine_without_chinese_fonts_is_told_what_to_install), /* before fonts are read */
        TEST(texts_come_out_as_they_went_in),
        TEST(a_header_row_stands_on_every_page_and_no_row_is_lost),
        TEST(a_row_taller_than_a_page_goes_on_and_others_are_not_cut),
        TEST(ten_thousand_rows_come_from_a_source_in_the_memory_of_few),
        TEST(too_many_rows_or_columns_are_a_mistake_with_its_number),
        TEST(no_line_begins_with_a_closing_mark),
        TEST(what_no_font_shows_is_named_at_the_foot),
        TEST(broken_texts_and_controls_do_no_harm),
        TEST(html_is_escaped_everywhere),
        TEST(a_scale_stands_beside_bars_and_lines),
        TEST(a_row_stands_within_its_frame),
        TEST(charts_are_one_drawing_as_svg_png_and_in_a_pdf),
        TEST(charts_of_nothing_and_of_too_much_are_drawn),
        TEST(nothing_stands_on_another),
    };
    return msg_load() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
