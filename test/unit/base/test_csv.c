/* CSV: dialects, quotes, line breaks, limits, any pieces; writer and formula guard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/csv.h"
#include "base/msg.h"

static Arena *a;
static Ctx c;
static Buf seen; /* cells as [..], records end with their line: [a][b]1; */

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    c.lang = "en";
    buf_init(&seen, a);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static bool take(void *user, const CsvRecord *r)
{
    (void)user;
    for (size_t i = 0; i < r->n; i++) {
        assert_int_equal(strlen(r->cells[i]), r->lens[i]);
        buf_printf(&seen, "[%s]", r->cells[i]);
    }
    buf_printf(&seen, "%d;", (int)r->line);
    return true;
}

static bool read_by(const char *text, size_t n, size_t step, const CsvOpts *o)
{
    buf_clear(&seen);
    ctx_errors_back_to(&c, 0);
    CsvReader *r = csv_new(&c, o, take, NULL);
    for (size_t i = 0; i < n; i += step)
        if (!csv_feed(r, text + i, n - i < step ? n - i : step))
            return false;
    return csv_end(r);
}

static void reads(const char *text, const char *want)
{
    for (size_t step = 1; step < 10; step++) {
        if (!read_by(text, strlen(text), step, NULL))
            fail_msg("%s: %s", text, c.err->message);
        assert_string_equal(seen.data, want);
    }
}

static void fails(const char *text, size_t n, const CsvOpts *o, const char *want)
{
    assert_false(read_by(text, n, 3, o));
    assert_int_equal(c.n_err, 1);
    if (!strstr(c.err->message, want))
        fail_msg("\"%s\" lacks \"%s\"", c.err->message, want);
}

static void dialects(void **state)
{
    (void)state;
    reads("a,b\n1,2\n", "[a][b]1;[1][2]2;");
    reads("a;b\r\n1;2", "[a][b]1;[1][2]2;");
    reads("a\tb\r1\t2\r", "[a][b]1;[1][2]2;");
    reads("a|b\n1|2", "[a][b]1;[1][2]2;");
    reads("\xEF\xBB\xBF客户,电话\n华为,1\n", "[客户][电话]1;[华为][1]2;");
    reads("sep=;\r\na;b,c\n1;2", "[a][b,c]2;[1][2]3;");
    reads("sep=|\na|b;c;d\n", "[a][b;c;d]2;");
    reads("\"sep=;\"\na;b\n", "[a][b]2;");
    reads("a\n1\n2\n", "[a]1;[1]2;[2]3;");
    reads("a;b;c\n1,5;2,5;3,5\n2,0;1,1;4,2\n", "[a][b][c]1;[1,5][2,5][3,5]2;[2,0][1,1][4,2]3;");
    reads("\"x,y,z\";b\n\"q,\"\"r\";c\n", "[x,y,z][b]1;[q,\"r][c]2;");
    reads("", "");
    assert_int_equal(csv_sniff("a,b;c\n\"x\"\";,,\";2\n", 17),
                     ';'); /* a doubled quote ends nothing */
    CsvOpts o = {.delimiter = ';'};
    assert_true(read_by("a,b;c\n", 6, 2, &o));
    assert_string_equal(seen.data, "[a,b][c]1;");
    assert_true(
        read_by("sep=,\na,b;c\n", 12, 2, &o)); /* what the person chose wins over the file */
    assert_string_equal(seen.data, "[a,b][c]2;");
}

/* A first line that looks like "sep=" and is none is a row. */
static void first_lines(void **state)
{
    (void)state;
    reads("sep=;", "");
    reads("\"sep=;", "");
    reads("sep=;\ra;b\r", "[a][b]2;");
    reads("sep=;a\n1;2", "[sep=][a]1;[1][2]2;");
    reads("sep=\"\n", "[sep=\"]1;");
    reads("sep=\r\n", "[sep=]1;");
    reads("sep=\n\n", "[sep=]1;2;");
    reads("sep=\xC2\n", "[sep=\xC2]1;");
    fails("sep=\0\n", 6, NULL, "Line 1 has a NUL");
    fails("\"sep=;x\n", 8, NULL, "opened in line 1");
}

/* The unfinished last of the first records is counted only where the whole file was seen; 50 decide. */
static void sniffing(void **state)
{
    (void)state;
    static const size_t sizes[] = {65535, 65536};
    for (int i = 0; i < 2; i++) {
        char *text = arena_alloc(a, sizes[i]);
        memset(text, 'x', sizes[i]);
        memcpy(text, "a,b;c\nd;", 8);
        assert_int_equal(csv_sniff(text, sizes[i]), i ? ',' : ';');
    }
    Buf b;
    buf_init(&b, a);
    for (int i = 0; i < 50; i++)
        buf_puts(&b, "a;b,c\n");
    assert_int_equal(csv_sniff(b.data, b.len), ',');
    for (int i = 0; i < 50; i++)
        buf_puts(&b, "a;b\n"); /* behind the 50 */
    assert_int_equal(csv_sniff(b.data, b.len), ',');
}

static void quotes_and_breaks(void **state)
{
    (void)state;
    reads("\"a\"\"b\",\"c,d\",\"e\nf\r\ng\rh\"\nx", "[a\"b][c,d][e\nf\r\ng\rh]1;[x]5;");
    reads("a\"b,\"c\"d,\"\"\n", "[a\"b][cd][]1;");
    reads("a,b\r\r\nc\n\nd", "[a][b]1;2;[c]3;4;[d]5;");
    reads("\"a\r\"\nb\n", "[a\r]1;[b]3;");
    reads("a,\n,b\n,\n\"\"\n", "[a][]1;[][b]2;[][]3;[]4;");
    reads("a,b,c\n1\n1,2,3,4\n",
          "[a][b][c]1;[1]2;[1][2][3][4]3;"); /* ragged is the caller's matter */
    fails("a,b\n\"x,\n\n", 9, NULL, "opened in line 2");
    fails("a,b\nx\0y\n", 8, NULL, "Line 2 has a NUL");
}

static void limits(void **state)
{
    (void)state;
    CsvOpts o = {.delimiter = ',', .max_columns = 3, .max_cell = 5};
    assert_true(read_by("12345,2,3\n", 10, 1, &o));
    fails("1,2,3\n1,2,3,4\n", 14, &o, "Line 2 has more than 3");
    fails("x\n123456,2\n", 11, &o, "line 2 is longer than 5");
    fails("x\n\n\"12\n34\n56", 12, &o, "line 3 is longer than 5");
    assert_true(read_by("\"1234\"5,2\n", 10, 1, &o));
    fails("\"12345\"6,2\n", 11, &o, "line 1 is longer than 5");
    /* a record of 16 MiB, and one more */
    static char cell[1 << 20];
    memset(cell, 'x', sizeof cell);
    for (int more = 0; more < 2; more++) {
        ctx_errors_back_to(&c, 0);
        buf_clear(&seen);
        CsvReader *r = csv_new(&c, &(CsvOpts){.delimiter = ','}, take, NULL);
        bool ok = true;
        for (int i = 0; i < 15; i++)
            ok = ok && csv_feed(r, cell, sizeof cell) && csv_feed(r, ",", 1);
        ok = ok && csv_feed(r, cell, sizeof cell - 16 + (size_t)more) && csv_feed(r, ",", 1);
        ok = ok && csv_feed(r, "\n", 1) && csv_end(r);
        assert_int_equal(ok, !more);
        if (more)
            assert_non_null(strstr(c.err->message, "16777216"));
    }
    /* a mistake in the beginning of a long file ends it at once */
    memset(cell, 0, 1);
    ctx_errors_back_to(&c, 0);
    CsvReader *r = csv_new(&c, NULL, take, NULL);
    assert_false(csv_feed(r, cell, 70000));
    assert_false(csv_end(r));
    assert_int_equal(c.n_err, 1);
}

static bool stop_at_two(void *user, const CsvRecord *r)
{
    int *n = user;
    (void)r;
    return ++*n < 2;
}

static void stops(void **state)
{
    (void)state;
    int n = 0;
    CsvReader *r = csv_new(&c, &(CsvOpts){.delimiter = ','}, stop_at_two, &n);
    assert_true(csv_feed(r, "a\n", 2));
    assert_false(csv_feed(r, "b\nc\n", 4) && csv_end(r));
    assert_int_equal(n, 2);
    assert_false(csv_feed(r, "d\n", 2));
    assert_int_equal(c.n_err, 0);
    assert_int_equal(csv_delimiter(r), ',');
    n = 0;
    r = csv_new(&c, &(CsvOpts){.delimiter = ','}, stop_at_two, &n);
    assert_true(csv_feed(r, "a\nb", 3));
    assert_false(csv_end(r)); /* the last line, which has no end of its own, is where it stops */
    assert_int_equal(n, 2);
    assert_int_equal(c.n_err, 0);
}

static void large(void **state)
{
    (void)state;
    Buf b;
    buf_init(&b, a);
    buf_puts(&b, "编号;名称\r\n");
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, "%d;\"名称, %d\"\r\n", i, i);
    CsvReader *r = csv_new(&c, NULL, take, NULL);
    for (size_t i = 0; i < b.len; i += 1000)
        assert_true(csv_feed(r, b.data + i, b.len - i < 1000 ? b.len - i : 1000));
    assert_true(csv_end(r));
    assert_int_equal(csv_delimiter(r), ';');
    assert_non_null(strstr(seen.data, "[19999][名称, 19999]20001;"));
}

static void writes(void **state)
{
    (void)state;
    Buf b;
    CsvWriter w;
    buf_init(&b, a);
    csv_writer_init(&w, &b);
    csv_bom(&w);
    csv_cell(&w, "a");
    csv_cell(&w, "b,\"c\"\n");
    csv_cell(&w, NULL);
    csv_cell(&w, "=1+1");
    csv_cell(&w, "x;y");
    csv_cell_raw(&w, "-5");
    csv_row_end(&w);
    csv_cell(&w, "x ");
    csv_cell(&w, " y");
    csv_cell_raw(&w, NULL);
    csv_row_end(&w);
    csv_cell(&w, "");
    csv_row_end(&w);
    assert_string_equal(b.data,
                        "\xEF\xBB\xBF"
                        "a,\"b,\"\"c\"\"\n\",,'=1+1,\"x;y\",-5\r\n\"x \",\" y\",\r\n\"\"\r\n");
}

static void guard(void **state)
{
    (void)state;
    const char *run[] = {"=1+1",
                         "+cmd|' /C calc'!A0",
                         "-2+3",
                         "@SUM(A1)",
                         " =1",
                         "\t=1",
                         "\r=1",
                         "\tabc",
                         "\nabc",
                         "\xE3\x80\x80=1",
                         "\xC2\xA0=1",
                         "\xEF\xBB\xBF=1",
                         "\xE2\x80\x8B=1",
                         "\x01=1",
                         "＝1",
                         "＋1",
                         "－1+1",
                         "＠x",
                         " \t＝1",
                         "﹦1",
                         "-",
                         "+",
                         "=",
                         "-1-1",
                         "+86 138",
                         "--1",
                         "\xC2\x85=1",
                         "\xE2\x80\xAE=1",
                         "-1e5x",
                         "-1.5x",
                         "-1./2",
                         "\xFF=1",
                         "\x7F=1"};
    const char *plain[] = {"-1.",  "",    "a",   "12",  "-12.50", "+8613800138000",
                           "+1",   "-0",  "-.5", "a=b", "'x",     "华为",
                           "\"=1", "1=1", "(=1)"};
    for (size_t i = 0; i < sizeof run / sizeof *run; i++)
        if (!csv_is_formula(run[i]))
            fail_msg("\"%s\" would run", run[i]);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (csv_is_formula(plain[i]))
            fail_msg("\"%s\" is no formula", plain[i]);
    const char *all[] = {"=1", "'=1", "''=1", "'x", "x", "", "'", "-5", "'-5", " =1", "it's"};
    for (size_t i = 0; i < sizeof all / sizeof *all;
         i++) { /* writing, reading, unguarding: the same text */
        Buf b;
        CsvWriter w;
        buf_init(&b, a);
        csv_writer_init(&w, &b);
        csv_cell(&w, all[i]);
        const char *cell = b.data;
        size_t n = strlen(cell);
        if (n && cell[0] == '"')
            cell = arena_dup(a, cell + 1, n - 2);
        assert_false(csv_is_formula(cell));
        assert_string_equal(csv_unguard(cell), all[i]);
    }
}

static int load(void **state)
{
    (void)state;
    return msg_load() ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dialects, begin, end),
        cmocka_unit_test_setup_teardown(first_lines, begin, end),
        cmocka_unit_test_setup_teardown(sniffing, begin, end),
        cmocka_unit_test_setup_teardown(quotes_and_breaks, begin, end),
        cmocka_unit_test_setup_teardown(limits, begin, end),
        cmocka_unit_test_setup_teardown(stops, begin, end),
        cmocka_unit_test_setup_teardown(large, begin, end),
        cmocka_unit_test_setup_teardown(writes, begin, end),
        cmocka_unit_test_setup_teardown(guard, begin, end),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
