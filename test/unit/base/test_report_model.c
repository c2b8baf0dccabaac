/* The model of a document: what becomes of texts, levels and columns that are none, and rows that come from elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/report/impl.h"

static Arena *a;
static Ctx c;

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static void texts_are_cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {NULL, ""},
        {"客户\tA\nB", "客户\tA\nB"},
        {"a\rb", "a\nb"}, /* a line of an old Mac */
        {"a\r\nb", "a\nb"},
        {"a\x01"
         "b\x1f\x7f",
         "ab"},
        {"a\xff", "a\uFFFD"},
        {"\xff\x07"
         "b",
         "\uFFFDb"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(report_clean(a, rows[i].text), rows[i].want);
    assert_ptr_equal(report_clean(a, rows[1].text), rows[1].text); /* nothing had to go */
}

static Report *fresh(void)
{
    ReportPage page = {.title = "T", .author = "", .header = "H"};
    Report *r = report_new(&c, &page);
    assert_null(r->page.author);
    assert_string_equal(r->page.header, "H");
    assert_null(r->page.footer);
    return r;
}

static void levels_and_columns_have_their_bounds(void **state)
{
    (void)state;
    for (int i = -1; i <= 6; i++) {
        Report *r = fresh();
        report_heading(r, i, "x");
        report_grid(r, i, NULL, 0);
        assert_int_equal(r->first->level, i < 1 ? 1 : i > 3 ? 3 : i);
        assert_int_equal(r->last->across, i < 1 ? 1 : i > 4 ? 4 : i);
    }
}

static void a_code_of_nothing_or_too_much_is_none(void **state)
{
    (void)state;
    Report *r = fresh();
    char much[QR_BYTES_MOST + 2];
    memset(much, 'x', sizeof much);
    much[QR_BYTES_MOST + 1] = 0;
    report_qr(r, NULL, 20, NULL);
    report_qr(r, "", 20, NULL);
    report_qr(r, much, 20, NULL);
    assert_null(r->first);
    report_qr(r, much + 1, 20, NULL);
    assert_int_equal(r->first->kind, BLOCK_QR);
    assert_null(r->first->caption);
}

static void paper_is_turned(void **state)
{
    (void)state;
    double w, h;
    report_paper_size(&(ReportPage){.paper = REPORT_A4}, &w, &h);
    assert_true(w < 596 && w > 595 && h < 842 && h > 841);
    report_paper_size(&(ReportPage){.paper = REPORT_A4, .landscape = true}, &w, &h);
    assert_true(h < 596 && h > 595 && w < 842 && w > 841);
}

/* A source of rows: how many there are, and where it fails. */
typedef struct Source {
    int at, n, fails_at;
    bool no_rewind;
    char cell[4096];
} Source;

static bool from_the_start(Ctx *ctx, void *arg)
{
    Source *s = arg;
    (void)ctx;
    s->at = 0;
    return !s->no_rewind;
}

static int one_more(Ctx *ctx, void *arg, const char **cells, ReportTone *tone)
{
    Source *s = arg;
    (void)ctx;
    (void)tone;
    if (s->at == s->fails_at)
        return -1;
    cells[0] = s->cell;
    cells[1] = NULL;
    return s->at++ < s->n;
}

static ReportTable *table_of(Source *s)
{
    static const ReportColumn columns[] = {{.label = "a"}, {.label = "b"}};
    ReportTable *t = report_table(fresh(), columns, 2);
    report_table_source(t, &(ReportSource){from_the_start, one_more, s});
    return t;
}

/* Cells that must be cleaned take new memory, and that is given back on the way. */
static void rows_of_a_source_are_cleaned_in_little_memory(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    Source s = {.n = MANY, .fails_at = -1};
    RowWalk w;
    memset(s.cell, 'x', sizeof s.cell - 1);
    s.cell[0] = '\x07';
    assert_true(row_walk_begin(&c, &w, table_of(&s)));
    int n = 0;
    for (; row_walk_next(&c, &w) == 1; n++) {
        assert_int_equal(strlen(w.cells[0]), sizeof s.cell - 2);
        assert_string_equal(w.cells[1], "");
        assert_true(arena_used(w.step) < 512 * 1024);
    }
    assert_int_equal(n, MANY);
    row_walk_end(&w);
    row_walk_end(&w); /* once is enough */
}

static void a_source_may_fail(void **state)
{
    (void)state;
    Source s = {.n = 5, .fails_at = 3}, none = {.no_rewind = true};
    RowWalk w;
    assert_true(row_walk_begin(&c, &w, table_of(&s)));
    for (int i = 0; i < 3; i++)
        assert_int_equal(row_walk_next(&c, &w), 1);
    assert_int_equal(row_walk_next(&c, &w), -1);
    row_walk_end(&w);
    assert_false(row_walk_begin(&c, &w, table_of(&none)));
    row_walk_end(&w);
}

static void rows_at_hand_are_walked(void **state)
{
    (void)state;
    static const ReportColumn columns[] = {{.label = "a"}};
    static const char *const cells[][1] = {{"1"}, {"2"}};
    RowWalk w;
    ReportTable *t = report_table(fresh(), columns, 1);
    report_row(t, REPORT_PLAIN, cells[0]);
    report_row(t, REPORT_STRONG, cells[1]);
    report_table_empty(t, "");
    assert_null(t->empty);
    assert_true(row_walk_begin(&c, &w, t));
    assert_int_equal(row_walk_next(&c, &w), 1);
    assert_string_equal(w.cells[0], "1");
    assert_int_equal(row_walk_next(&c, &w), 1);
    assert_int_equal(w.tone, REPORT_STRONG);
    assert_int_equal(row_walk_next(&c, &w), 0);
    row_walk_end(&w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(texts_are_cleaned),
                                       TEST(levels_and_columns_have_their_bounds),
                                       TEST(a_code_of_nothing_or_too_much_is_none),
                                       TEST(rows_of_a_source_are_cleaned_in_little_memory),
                                       TEST(a_source_may_fail),
                                       TEST(paper_is_turned),
                                       TEST(rows_at_hand_are_walked)};
    return msg_load() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
