/* Readers of table files: real files with quirks, and small ones made here for each rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "base/buf.h"
#include "base/msg.h"
#include "record/sheet/sheet.h"

#define DATA ZK_SOURCE_DIR "/test/data/"

static char folder[] = "/tmp/zhike-sheet-XXXXXX";

typedef struct Got {
    Buf text; /* cells as kind:text|…, rows by ; */
} Got;

static const char kinds[] = "_tndbe";

static bool take(void *user, const SheetRow *row)
{
    Got *g = user;
    buf_printf(&g->text, "%lld=", (long long)row->row);
    for (int i = 0; i < row->n; i++) {
        const SheetCell *c = &row->cells[i];
        buf_printf(&g->text, "%s%c%s%s", i ? "|" : "", kinds[c->kind], c->uncached ? "?" : "",
                   c->text);
    }
    buf_putc(&g->text, ';');
    return true;
}

static const char *read_sheet(Ctx *c, SheetBook *b, int index)
{
    Got g;
    buf_init(&g.text, c->a);
    if (!sheet_read(b, index, take, &g) && c->n_err)
        return arena_printf(c->a, "! %s", c->err->message);
    return g.text.data;
}

static Ctx *fresh(Arena *a)
{
    Ctx *c = ARENA_NEW(a, Ctx);
    ctx_init(c, a);
    return c;
}

static SheetBook *book(Ctx *c, const char *path)
{
    SheetBook *b = NULL;
    if (!sheet_open(c, path, NULL, &b))
        fail_msg("%s: %s", path, c->err ? c->err->message : "?");
    return b;
}

static const char *file_text(Ctx *c, const char *name, int index)
{
    return read_sheet(c, book(c, arena_printf(c->a, DATA "%s", name)), index);
}

/* ---- real files ---------------------------------------------------------------------------- */

static void real_files(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    assert_string_equal(
        file_text(c, "workbooks/date_1904.xlsx", 0),
        /* the last is a span of time, [h]:mm:ss; no field takes spans, so it stands as an instant */
        "1=d2021-01-01|n15;2=d2021-01-02|n16;3=d1904-01-11 15:10:10|n17;");
    arena_free(a);
}

static void sheets_and_hidden(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b = book(c, DATA "workbooks/any_sheets.xlsx");
    assert_int_equal(sheet_count(b), 3); /* the chart is none */
    assert_string_equal(sheet_info(b, 0)->name, "Visible");
    assert_false(sheet_info(b, 0)->hidden);
    assert_true(sheet_info(b, 1)->hidden);
    assert_true(sheet_info(b, 2)->hidden);
    assert_string_equal(read_sheet(c, b, 0), "1=n1|n2;2=n3|n4;3=n5|n6;5=tThis workbook contains 4 "
                                             "sheets: Visible, Hidden, VeryHidden and Chart;");
    assert_string_equal(read_sheet(c, b, 1), "");
    assert_string_equal(file_text(c, "workbooks/inlineStr_cdata.xlsx", 0),
                        "1=tHello CDATA|tWorld;2=t12345|tNormalText;");
    assert_string_equal(file_text(c, "workbooks/phonetic_text.xlsx", 0),
                        "1=t漢字;2=t漢字withColor;");
    assert_string_equal(file_text(c, "workbooks/Test_FullWidthSpace.xlsx", 0),
                        "1=t　　text　　;2=ttext　;3=t　text;");
    const char *wps = file_text(c, "workbooks/wps-fn.xlsx", 0);
    assert_non_null(strstr(wps, "1=tName|tExample|tResult;2=tEVALUATE|t=EVALUATE(\"1+1\")|n2;"));
    assert_non_null(strstr(wps, "e#VALUE!"));
    b = book(c, DATA "workbooks/issue_530.xlsx"); /* backslashes in the zip */
    assert_true(sheet_count(b) >= 1);
    assert_true(strlen(read_sheet(c, b, 0)) > 100);
    b = book(c, DATA "workbooks/merged_range.xlsx");
    assert_string_equal(read_sheet(c, b, 0), "1=tA1|tB1|tC1|_|tE1|tF1|tG1|tH1;3=tA3|tB3|tC3|_|tE3|"
                                             "tF3|tG3|tH3;4=tA4|tB4|tC4|_|tE4|tF4|tG4|tH4;");
    int n;
    const SheetMerge *m = sheet_merges(b, &n);
    assert_int_equal(n, 9);
    assert_int_equal(m[0].first_col, 7);
    assert_int_equal(m[0].last_row, 2);
    const char *blank = file_text(c, "workbooks/Test_BlankHeader.xlsx", 0);
    assert_non_null(
        strstr(blank, "=n44.99|t2009 Samsara \"La Vina\" Pinot Noir|t2012 to 2018|n91;"));
    const char *dirty = file_text(c, "workbooks/13_dirty_numbers.xlsx", 0);
    assert_non_null(strstr(
        dirty, "3=t甲公司|n13800138000|n110105194912310000|t91110000600037341L|d2024-05-01;"));
    assert_non_null(strstr(dirty, "|t1.38E+10|"));
    assert_int_equal(c->n_err, 0);
    arena_free(a);
}

static void refused(const char *path, const char *needle)
{
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b = NULL;
    assert_false(sheet_open(c, path, NULL, &b));
    assert_int_equal(c->n_err, 1);
    if (!strstr(c->err->message, needle))
        fail_msg("%s: %s", path, c->err->message);
    arena_free(a);
}

static const char *write_text(Arena *a, const char *name, const char *text, size_t n)
{
    char *path = arena_printf(a, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

static void named_refusals(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    refused(DATA "workbooks/pass_protected.xlsx", "加密");
    refused(write_text(a, "web.xls", "\xef\xbb\xbf  <?xml version='1.0'?><a/>", 30), "网页");
    refused(write_text(a, "none.csv", "", 0), "空");
    refused(write_text(a, "broken.xlsx", "PK\3\4abcdefgh", 12), "损坏");
    arena_free(a);
}

/* ---- text files ---------------------------------------------------------------------------- */

static void text_files(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b = book(c, DATA "01_gb18030.csv");
    assert_string_equal(sheet_encoding(b), "GB18030");
    assert_int_equal(sheet_delimiter(b), ',');
    const char *text = read_sheet(c, b, 0);
    assert_non_null(strstr(text, "2=t北京华科信息技术有限公司|t信息技术|t张三|t13800138000|"));
    assert_non_null(strstr(text, "t上海𠮷野餐饮管理有限公司|t餐饮|t曾䶮|"));
    assert_non_null(strstr(file_text(c, "05_liantong_gbk.csv", 0), "t联通"));
    static const char made[] = "a;b\r\n'=1+1;\"x;\n\"\"y\"\n\n;\n3;4";
    b = book(c, write_text(a, "a.csv", made, sizeof made - 1));
    assert_string_equal(read_sheet(c, b, 0), "1=ta|tb;2=t=1+1|tx;\n\"y;5=t3|t4;");
    arena_free(a);
}

/* ---- made files ---------------------------------------------------------------------------- */

typedef struct Entry {
    const char *name, *text;
} Entry;

static const char *make(Arena *a, const char *name, const Entry *entries)
{
    char *path = arena_printf(a, "%s/%s", folder, name);
    int err;
    (void)unlink(path);
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_EXCL, &err);
    assert_non_null(z);
    for (; entries->name; entries++) {
        zip_source_t *s = zip_source_buffer(z, entries->text, strlen(entries->text), 0);
        assert_true(zip_file_add(z, entries->name, s, ZIP_FL_ENC_UTF_8) >= 0);
    }
    assert_int_equal(zip_close(z), 0);
    return path;
}

#define TOP                                                                                        \
    "_rels/.rels", "<Relationships><Relationship Id='a' Type='http://x/officeDocument' "           \
                   "Target='/XL/WorkBook.xml'/></Relationships>"
#define RELS                                                                                       \
    "xl/_rels/workbook.xml.rels",                                                                  \
        "<Relationships xmlns='http://purl.oclc.org/x'><Relationship Id='r1' "                     \
        "Type='http://x/worksheet' Target='wtf/../s.xml'/>"                                        \
        "<Relationship Id='r2' Type='http://x/chartsheet' Target='c.xml'/><Relationship Id='r3' "  \
        "Type='http://x/styles' Target='st.xml'/>"                                                 \
        "<Relationship Id='r4' Type='http://x/sharedStrings' Target='ss.xml'/></Relationships>"
#define BOOK                                                                                       \
    "xl/workbook.xml", "<x:workbook xmlns:x='http://purl.oclc.org/ooxml/spreadsheetml/main' "      \
                       "xmlns:q='http://purl.oclc.org/r'>"                                         \
                       "<x:workbookPr/><x:sheets><x:sheet name='一' sheetId='9' "                 \
                       "q:id='r1'/><x:sheet name='图' sheetId='2' q:id='r2'/>"                    \
                       "</x:sheets></x:workbook>"
#define STYLES                                                                                     \
    "xl/st.xml",                                                                                   \
        "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='[Red]0.00\"days\"'/><numFmt "     \
        "numFmtId='165' formatCode='[$-804]yyyy\"年\"m\"月\"'/></numFmts>"                       \
        "<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"                                         \
        "<cellXfs><xf numFmtId='0'/><xf numFmtId='31'/><xf numFmtId='164'/><xf "                   \
        "numFmtId='165'/><xf numFmtId='22'/></cellXfs></styleSheet>"
#define STRINGS                                                                                    \
    "xl/ss.xml", "<sst count='4294967295'><si><r><t>甲</t></r><r><t xml:space='preserve'> "       \
                 "乙</t></r><rPh><t>ka</t></rPh></si><si/>"                                       \
                 "<si><t>a_x000D_b_x005F_c_xZZZZ_</t></si></sst>"

static const char *rows_of(const char *rows)
{
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    char *sheet = arena_printf(a,
                               "<p:worksheet xmlns:p='u'><p:dimension "
                               "ref='A1:XFD1048576'/><p:sheetData>%s</p:sheetData></p:worksheet>",
                               rows);
    /* the rows use the prefix as well */
    Entry e[] = {{TOP}, {RELS}, {BOOK}, {STYLES}, {STRINGS}, {"xl\\S.xml", sheet}, {NULL, NULL}};
    static char out[4096];
    SheetBook *b = book(c, make(a, "made.xlsx", e));
    assert_int_equal(sheet_count(b), 1);
    (void)snprintf(out, sizeof out, "%s", read_sheet(c, b, 0));
    assert_int_equal(sheet_info(b, 0)->rows, 1048576); /* as the sheet says of itself */
    assert_int_equal(sheet_info(b, 0)->columns, 16384);
    arena_free(a);
    return out;
}

static void quirks(void **state)
{
    (void)state;
    /* shared strings, rich and phonetic, escapes, one that does not exist */
    assert_string_equal(
        rows_of("<p:row r='3'><p:c r='a3' t='s'><p:v>0</p:v></p:c><p:c t='s'><p:v>1</p:v></p:c>"
                "<p:c t='s' s=''><p:v>2</p:v></p:c><p:c t='s'><p:v>7</p:v></p:c></p:row>"),
        "3=t甲 乙|_|ta\rb_c_xZZZZ_|e#REF!;");
    /* no places at all; row behind row */
    assert_string_equal(rows_of("<p:row><p:c><p:v>1</p:v></p:c><p:c><p:v>2</p:v></p:c></"
                                "p:row><p:row/><p:row><p:c r='C9'><p:v>3</p:v></p:c></p:row>"),
                        "1=n1|n2;3=_|_|n3;");
    /* dates by style; text in quotes is no date; the day that never was; absurd and negative ones */
    assert_string_equal(
        rows_of("<p:row><p:c s='1'><p:v>45413</p:v></p:c><p:c s='2'><p:v>45413</p:v></p:c><p:c "
                "s='3'><p:v>45413</p:v></p:c>"
                "<p:c s='4'><p:v>45413.3958333333</p:v></p:c><p:c s='1'><p:v>59</p:v></p:c><p:c "
                "s='1'><p:v>61</p:v></p:c>"
                "<p:c s='1'><p:v>-5</p:v></p:c><p:c s='1'><p:v>1e300</p:v></p:c><p:c "
                "s='99'><p:v>1</p:v></p:c></p:row>"),
        "1=d2024-05-01|n45413|d2024-05-01|d2024-05-01 "
        "09:30:00|d1900-02-28|d1900-03-01|e#NUM!|e#NUM!|n1;");
    /* numbers */
    assert_string_equal(rows_of("<p:row><p:c><p:v>1.38E+10</p:v></p:c><p:c><p:v>13800138000.0</"
                                "p:v></p:c><p:c><p:v>0.1</p:v></p:c>"
                                "<p:c><p:v>1.1010519491231e+17</p:v></p:c><p:c><p:v>-0</p:v></"
                                "p:c><p:c><p:v>nan</p:v></p:c></p:row>"),
                        "1=n13800000000|n13800138000|n0.1|n110105194912310000|n0|tnan;");
    /* formulas with and without result, errors, booleans, ISO dates, inline strings with a value beside */
    assert_string_equal(
        rows_of("<p:row><p:c><p:f>A1</p:f><p:v>5</p:v></p:c><p:c><p:f>A1</p:f></p:c><p:c "
                "t='e'><p:v>#N/A</p:v></p:c>"
                "<p:c t='b'><p:v>1</p:v></p:c><p:c t='d'><p:v>2024-05-01T09:30:00.000Z</p:v></p:c>"
                "<p:c t='inlineStr'><p:v>9</p:v><p:is><p:t><![CDATA[x&y]]></p:t></p:is></p:c><p:c "
                "t='str'><p:f>1</p:f><p:v></p:v></p:c></p:row>"),
        "1=n5|e?|e#N/A|bTRUE|d2024-05-01 09:30:00|tx&y|_;");
}

/* → whether the one cell of a sheet of this type and text says that it was cut; *n: how long it is. */
static bool take_cut(void *user, const SheetRow *row)
{
    size_t *got = user;
    assert_int_equal(row->n, 1);
    got[0] = row->cells[0].cut;
    got[1] = strlen(row->cells[0].text);
    return true;
}

static bool is_cut(const char *open, const char *piece, size_t times, const char *close, size_t *n)
{
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    Buf sheet;
    size_t got[2] = {2, 0};
    buf_init(&sheet, a);
    buf_printf(&sheet, "<worksheet><sheetData><row>%s", open);
    for (size_t i = 0; i < times; i++)
        buf_puts(&sheet, piece);
    buf_printf(&sheet, "%s</row></sheetData></worksheet>", close);
    Entry e[] = {{TOP},       {RELS}, {BOOK}, {STYLES}, {STRINGS}, {"xl\\S.xml", sheet.data},
                 {NULL, NULL}};
    assert_true(sheet_read(book(c, make(a, "long.xlsx", e)), 0, take_cut, got));
    arena_free(a);
    assert_true(got[0] < 2);
    *n = got[1];
    return got[0];
}

/* A cell is read up to 1 MiB, and what was longer says so, also where its escapes made it short again. */
static void long_cells(void **state)
{
    (void)state;
    static const struct {
        const char *open, *close;
    } kinds_of_text[] = {{"<c t='inlineStr'><is><t>", "</t></is></c>"},
                         {"<c t='inlineStr'><v>", "</v></c>"},
                         {"<c t='str'><v>", "</v></c>"}};
    enum { MOST = 1 << 20 };
    for (int i = 0; i < 3; i++) {
        const char *open = kinds_of_text[i].open, *close = kinds_of_text[i].close;
        size_t n;
        assert_false(is_cut(open, "x", MOST - 1, close, &n));
        assert_int_equal(n, MOST - 1);
        assert_true(is_cut(open, "x", MOST + (1 << 18), close, &n));
        assert_true(n >= MOST);
        assert_false(is_cut(open, "_x0041_", 1000, close, &n));
        assert_int_equal(n, 1000);
        assert_true(is_cut(open, "_x0041_", MOST / 7 + 1, close, &n));
        assert_true(n < MOST / 4);
    }
}

static void hostile(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Entry dtd[] = {
        {TOP}, {"xl/workbook.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><workbook/>"}, {NULL, NULL}};
    refused(make(a, "dtd.xlsx", dtd), "DTD");
    Entry nothing[] = {{"word/document.xml", "<x/>"}, {NULL, NULL}};
    refused(make(a, "word.xlsx", nothing), "工作表");
    Entry cut[] = {{TOP}, {"xl/workbook.xml", "<workbook><sheets>"}, {NULL, NULL}};
    refused(make(a, "cut.xlsx", cut), "损坏");
    Buf deep;
    buf_init(&deep, a);
    for (int i = 0; i < 70; i++)
        buf_puts(&deep, "<a>");
    Entry depth[] = {{TOP}, {"xl/workbook.xml", deep.data}, {NULL, NULL}};
    refused(make(a, "deep.xlsx", depth), "层");
    /* 300 MB of one letter in some hundred kilobytes */
    Buf bomb;
    buf_init(&bomb, a);
    buf_puts(&bomb, "<workbook><!--");
    char *block = arena_alloc(a, 1 << 20);
    memset(block, 'x', 1 << 20);
    for (int i = 0; i < 100; i++)
        buf_add(&bomb, block, 1 << 20);
    buf_puts(&bomb, "--></workbook>");
    Entry big[] = {{TOP}, {"xl/workbook.xml", bomb.data}, {NULL, NULL}};
    refused(make(a, "bomb.xlsx", big), "压缩");
    arena_free(a);
}

static void formats(void **state)
{
    (void)state;
    for (int id = 0; id < 60; id++) {
        bool want = (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) ||
                    (id >= 50 && id <= 58);
        assert_int_equal(sheet_format_is_date(id, NULL), want);
    }
    assert_true(sheet_format_is_date(0, "yyyy/m/d"));
    assert_true(sheet_format_is_date(0, "[h]:mm"));
    assert_true(sheet_format_is_date(0, "\"第\"d\"天\""));
    assert_false(sheet_format_is_date(0, "General"));
    assert_false(sheet_format_is_date(0, "0.00E+00"));
    assert_false(sheet_format_is_date(0, "[Red]0\"days\""));
    assert_false(sheet_format_is_date(0, "0\\d"));
    assert_false(sheet_format_is_date(0, "[$-804]0.00"));
    assert_false(sheet_format_is_date(0, "\"unclosed d"));
    assert_false(sheet_format_is_date(0, "[unclosed d"));
    assert_false(sheet_format_is_date(0, "0;yyyy")); /* the first section tells */
    assert_true(sheet_format_is_date(0, "[hex]d"));
    assert_true(sheet_format_is_date(0, "_d*d\\dD"));
    assert_false(sheet_format_is_date(0, "0\\"));
    assert_false(sheet_format_is_date(0, "0_"));
    assert_false(sheet_format_is_date(0, "0*"));
}

/* What the spreadsheet shows of a number, as text. */
static void values(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } numbers[] = {{-0.0, "0"},
                   {-7, "-7"},
                   {1.5, "1.5"},
                   {999999999999999872.0, "999999999999999872"},
                   {1e18, "1e+18"},
                   {-1e18, "-1e+18"},
                   {123456789012345.6, "123456789012346"}};
    char out[40];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sheet_number_text(numbers[i].v, out);
        assert_string_equal(out, numbers[i].text);
    }
    static const struct {
        double v;
        const char *text; /* NULL: shown by no spreadsheet */
    } serials[] = {{NAN, NULL},
                   {-0.5, NULL},
                   {2958466, NULL},
                   {0, "1899-12-31"},
                   {0.25, "06:00:00"},
                   {0.999999, "1900-01-01"}, /* a second of rounding is the next day */
                   {1, "1900-01-01"},
                   {59, "1900-02-28"},
                   {61, "1900-03-01"},
                   {45413.999999, "2024-05-02"},
                   {45413.3958333, "2024-05-01 09:30:00"},
                   {2958465.9999999, "9999-12-31"}};
    for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
        bool ok = sheet_serial_text(serials[i].v, out);
        assert_int_equal(ok, serials[i].text != NULL);
        if (ok)
            assert_string_equal(out, serials[i].text);
    }
}

/* What is asked of a book that is not there, and what a kind of file does not have. */
static void questions(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b = book(c, DATA "workbooks/any_sheets.xlsx");
    assert_string_equal(sheet_format(b), "xlsx");
    assert_null(sheet_encoding(b));
    assert_null(sheet_rule(b));
    assert_int_equal(sheet_delimiter(b), 0);
    assert_null(sheet_info(b, -1));
    assert_null(sheet_info(b, 3));
    assert_non_null(sheet_info(b, 2));
    for (int i = -1; i < 4; i += 4) {
        assert_false(sheet_read(b, i, take, NULL));
        assert_string_equal(c->err->field, "sheet");
        ctx_errors_back_to(c, 0);
    }
    sheet_close(b);
    sheet_close(b); /* and once more with the arena */
    arena_free(a);
}

/* Text files: what the caller says of them, what cannot be read, rows wider than those before, who wants no more rows. */
static bool until_two(void *user, const SheetRow *row)
{
    (void)row;
    return ++*(int *)user < 2;
}

static void chosen(void **state)
{
    (void)state;
    static const struct {
        const char *text, *encoding;
        char delimiter;
        const char *want; /* the rows, or "! " and words of the sentence */
    } rows[] = {
        {"a,b;c\n1;2\n", NULL, ';', "1=ta,b|tc;2=t1|t2;"},
        {"a,b;c\n1;2\n", "", 0, "1=ta,b|tc;2=t1|t2;"},
        {"\xbf\xcd,x\n", "GB18030", 0, "1=t客|tx;"},
        {"\xbf\xcd,x\n", "UTF-8", 0, "! UTF-8"},
        {"a\n", "klingon", 0, "! klingon"},
        {"a\n", "an-encoding-with-a-name-that-is-longer-than-any-other-name", 0,
         "! an-encoding-with"},
        {"ab,c\n1\xbf", "GB18030", 0, "! GB18030"}, /* it ends inside a character */
        {"a\n1,2,3,4,5\n\n1,2,3,4,5,6,7,8,9,10,11,12,13,14\n", NULL, ',',
         "1=ta;2=t1|t2|t3|t4|t5;4=t1|t2|t3|t4|t5|t6|t7|t8|t9|t10|t11|t12|t13|t14;"},
        {"a\n\"b", NULL, 0, "! "}, /* a quote that nobody closes */
    };
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Ctx *c = fresh(a);
        SheetOptions o = {.encoding = rows[i].encoding, .delimiter = rows[i].delimiter};
        size_t n = strlen(rows[i].text);
        SheetBook *b = NULL;
        const char *got;
        if (sheet_open(c, write_text(a, "chosen.csv", rows[i].text, n), &o, &b))
            got = read_sheet(c, b, 0);
        else
            got = arena_printf(a, "! %s", c->err->message);
        if (rows[i].want[0] == '!' ? got[0] != '!' || !strstr(got, rows[i].want + 2)
                                   : strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s, not %s", rows[i].text, got, rows[i].want);
        if (b && rows[i].encoding && *rows[i].encoding)
            assert_string_equal(sheet_rule(b), "chosen");
    }
    Ctx *c = fresh(a);
    SheetOptions utf8 = {.encoding = "UTF-8", .delimiter = ','};
    SheetBook *none = NULL;
    refused(write_text(a, "nul.csv", "\1\0\2\0\3", 5), ""); /* no text in any encoding */
    assert_false(sheet_open(fresh(a), write_text(a, "nul.csv", "a\0b", 3), &utf8, &none));
    SheetBook *b = book(c, write_text(a, "four.csv", "1\n2\n3\n4\n", 8));
    int seen = 0;
    assert_int_equal(sheet_info(b, 0)->bytes, 8);
    assert_false(sheet_read(b, 0, until_two, &seen));
    assert_int_equal(seen, 2);
    seen =
        1; /* of a text too short to have a mark of its encoding, which comes as one piece at its end */
    b = book(c, write_text(a, "two.csv", "1\n2", 3));
    assert_false(sheet_read(b, 0, until_two, &seen));
    assert_int_equal(seen, 2);
    assert_int_equal(c->n_err, 0);
    arena_free(a);
}

/* Files that are none, and files of other kinds, by name. */
static void other_files(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *name;
    } kinds_of_files[] = {{"%PDF-1.7", 8, "PDF"},    {"{\\rtf1}", 7, "RTF"},
                          {"\x89PNG\r\n", 6, "PNG"}, {"\xff\xd8\xff\xe0", 4, "JPEG"},
                          {"GIF89a", 6, "GIF"},      {"7z\xbc\xaf\x27\x1c\0", 7, "7z"},
                          {"Rar!\x1a", 5, "RAR"},    {"\x1f\x8b\x08", 3, "gzip"}};
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof kinds_of_files / sizeof *kinds_of_files; i++)
        refused(write_text(a, "other.xls", kinds_of_files[i].bytes, kinds_of_files[i].n),
                kinds_of_files[i].name);
    refused(write_text(a, "empty.zip", "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22), "工作表");
    refused(folder, "directory"); /* a folder opens, but cannot be read */
    refused(arena_printf(a, "%s/nowhere.csv", folder), "nowhere.csv");
    static const char *const texts[] = {"PK", "PK\5", "7",
                                        "\xd0\xcf"}; /* too short to be what they begin like */
    static const char *const want[] = {"1=tPK;", "1=tPK\5;", "1=t7;", "1=t邢;"};
    for (size_t i = 0; i < 4; i++) {
        Ctx *c = fresh(a);
        SheetBook *b = NULL;
        const char *path = write_text(a, "short.csv", texts[i], strlen(texts[i]));
        bool ok = sheet_open(c, path, NULL, &b);
        const char *got = ok ? read_sheet(c, b, 0) : "! ";
        assert_string_equal(got, want[i]);
        assert_int_equal(c->n_err, ok ? 0 : 1);
    }
    arena_free(a);
}

static int set_up(void **state)
{
    (void)state;
    return msg_load() && mkdtemp(folder) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    char cmd[96];
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", folder);
    return system(cmd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_files),     cmocka_unit_test(sheets_and_hidden),
        cmocka_unit_test(named_refusals), cmocka_unit_test(text_files),
        cmocka_unit_test(quirks),         cmocka_unit_test(long_cells),
        cmocka_unit_test(hostile),        cmocka_unit_test(formats),
        cmocka_unit_test(values),         cmocka_unit_test(questions),
        cmocka_unit_test(chosen),         cmocka_unit_test(other_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
