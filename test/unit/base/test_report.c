/* Printed documents: pages, repeated header rows, texts that come out of the PDF as they went in, HTML, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_come_out_as_they_went_in, begin, end),
        cmocka_unit_test_setup_teardown(a_header_row_stands_on_every_page_and_no_row_is_lost, begin,
                                        end),
    };
    return msg_load() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
