/* Merged ranges of every format before the rows are read, filling down, hidden columns and sheets. */
#include "sheets.h"
#include "sheets_zip.h"

static bool take_filled(void *user, const SheetRow *row)
{
    Buf *out = user;
    buf_printf(out, "%lld=", (long long)row->row);
    for (int i = 0; i < row->n; i++)
        buf_printf(out, "%s%s%s", i ? "|" : "", row->cells[i].filled ? "^" : "",
                   row->cells[i].text);
    buf_putc(out, ';');
    return true;
}

static const char *filled(Ctx *c, SheetBook *b, int64_t from)
{
    Buf out;
    buf_init(&out, c->a);
    assert_true(sheet_read_filled(b, 0, from, take_filled, &out));
    return out.data;
}

static const char *ranges(Ctx *c, SheetBook *b, int64_t most)
{
    Buf out;
    const SheetMerge *m;
    int n;
    buf_init(&out, c->a);
    assert_true(sheet_find_merges(b, 0, most, &m, &n));
    if (n < 0)
        return "unknown";
    for (int i = 0; i < n; i++)
        buf_printf(&out, "%lld-%lld %d-%d;", (long long)m[i].first_row, (long long)m[i].last_row,
                   m[i].first_col, m[i].last_col);
    return out.data;
}

static const char *columns(Ctx *c, const SheetBook *b)
{
    Buf out;
    buf_init(&out, c->a);
    for (int i = -1; i < 16390; i++)
        if (sheet_column_hidden(b, i))
            buf_printf(&out, "%d,", i);
    return out.data;
}

static SheetBook *made(Ctx *c, const char *sheet)
{
    Entry e[] = {{TOP_PART}, {BOOK_PART}, {RELS_PART}, {"xl/s.xml", sheet}, {NULL, NULL}};
    SheetBook *b = NULL;
    assert_true(sheet_open(c, make_zip(c->a, "merged.xlsx", e), NULL, &b));
    return b;
}

#define S(ref, text) "<c r='" ref "' t='inlineStr'><is><t>" text "</t></is></c>"

static void xlsx(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b = made(
        c,
        "<worksheet><cols><col min='2' max='3' hidden='1'/><col min='5' max='5'/>"
        "<col min='16384' max='99999999999' hidden='true'/></cols><sheetData>"
        "<row r='1'>" S("A1", "客户")
            S("B1",
              "联系人") "</row>"
                        "<row r='2'>" S("B2", "姓名")
                            S("C2",
                              "电话") "</row>"
                                      "<row r='3'>" S("A3", "甲")
                                          S("B3",
                                            "张") "</row>"
                                                  "<row r='4'>" S("B4", "李") S(
                                                      "C4",
                                                      "1") "</row>"
                                                           "<row r='6'>" S(
                                                               "B6",
                                                               "王 &lt;mergeCell "
                                                               "ref=\"A9:A10\"&gt;") "</row>"
                                                                                     "<row "
                                                                                     "r='7'>" S(
                                                                                         "B7",
                                                                                         "赵") "</"
                                                                                               "row"
                                                                                               "></"
                                                                                               "she"
                                                                                               "etD"
                                                                                               "ata"
                                                                                               "><"
                                                                                               "mer"
                                                                                               "geC"
                                                                                               "ell"
                                                                                               "s "
                                                                                               "cou"
                                                                                               "nt="
                                                                                               "'5'"
                                                                                               ">"
                                                                                               "<me"
                                                                                               "rge"
                                                                                               "Cel"
                                                                                               "l "
                                                                                               "ref"
                                                                                               "='"
                                                                                               "C4:"
                                                                                               "C7'"
                                                                                               "/><"
                                                                                               "mer"
                                                                                               "geC"
                                                                                               "ell"
                                                                                               " re"
                                                                                               "f="
                                                                                               "\"A"
                                                                                               "3:"
                                                                                               "A6"
                                                                                               "\"/"
                                                                                               "><"
                                                                                               "mer"
                                                                                               "geC"
                                                                                               "ell"
                                                                                               " re"
                                                                                               "f='"
                                                                                               "A1:"
                                                                                               "A2'"
                                                                                               "/>"
                                                                                               "<me"
                                                                                               "rge"
                                                                                               "Cel"
                                                                                               "l "
                                                                                               "ref"
                                                                                               "='"
                                                                                               "B1:"
                                                                                               "C1'"
                                                                                               "/><"
                                                                                               "mer"
                                                                                               "geC"
                                                                                               "ell"
                                                                                               " re"
                                                                                               "f='"
                                                                                               "A99"
                                                                                               "999"
                                                                                               "999"
                                                                                               "999"
                                                                                               "999"
                                                                                               "999"
                                                                                               "999"
                                                                                               ":B1"
                                                                                               "'/>"
                                                                                               "<me"
                                                                                               "rge"
                                                                                               "Cel"
                                                                                               "lis"
                                                                                               "h "
                                                                                               "ref"
                                                                                               "='"
                                                                                               "A1:"
                                                                                               "B5'"
                                                                                               "/><"
                                                                                               "mer"
                                                                                               "geC"
                                                                                               "ell"
                                                                                               "/><"
                                                                                               "/me"
                                                                                               "rge"
                                                                                               "Cel"
                                                                                               "ls>"
                                                                                               "</"
                                                                                               "wor"
                                                                                               "ksh"
                                                                                               "eet"
                                                                                               ">");
    assert_string_equal(ranges(c, b, 10), "unknown");
    assert_string_equal(ranges(c, b, 1 << 20), "1-2 0-0;1-1 1-2;3-6 0-0;4-7 2-2;");
    assert_string_equal(filled(c, b, 3), "1=客户|联系人;2=|姓名|电话;3=甲|张;4=^甲|李|1;"
                                         "6=^甲|王 <mergeCell ref=\"A9:A10\">|^1;7=|赵|^1;");
    assert_string_equal(filled(c, b, 1), "1=客户|联系人;2=^客户|姓名|电话;3=甲|张;4=^甲|李|1;"
                                         "6=^甲|王 <mergeCell ref=\"A9:A10\">|^1;7=|赵|^1;");
    assert_string_equal(columns(c, b), "1,2,16383,");
    arena_free(a);
}

/* Tags at every place of the pieces that come out of the zip, whatever prefix they have. */
static void xlsx_pieces(void **state)
{
    (void)state;
    for (int shift = 0; shift < 64; shift++) {
        Arena *a = arena_new(0);
        Ctx *c = fresh(a);
        Buf sheet, want;
        buf_init(&sheet, a);
        buf_init(&want, a);
        buf_puts(&sheet, "<q:worksheet xmlns:q='u'><q:sheetData/><!--");
        for (int i = 0; i < 65536 - 1500 + shift; i++)
            buf_putc(&sheet, 'x');
        buf_puts(&sheet, "--><q:mergeCells>");
        for (int i = 1; i <= 100; i++) {
            buf_printf(&sheet, "<q:mergeCell\n ref = \"B%d:C%d\" />", i * 2, i * 2 + 1);
            buf_printf(&want, "%d-%d 1-2;", i * 2, i * 2 + 1);
        }
        buf_puts(&sheet, "</q:mergeCells></q:worksheet>");
        assert_string_equal(ranges(c, made(c, sheet.data), 1 << 20), want.data);
        arena_free(a);
    }
}

static void others(void **state)
{
    (void)state;
    static const char html[] =
        "<table><tr><td rowspan=2>甲<td>1</tr><tr><td>2</tr><tr><td>3</table>";
    static const char xml[] =
        "<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet' "
        "xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet ss:Name='a'><Table>"
        "<Column/><Column ss:Hidden='1' ss:Span='1'/><Column ss:Index='9' ss:Hidden='1'/>"
        "<Row><Cell ss:MergeDown='1'><Data ss:Type='String'>甲</Data></Cell></Row>"
        "<Row><Cell ss:Index='2'><Data ss:Type='Number'>2</Data></Cell></Row></Table>"
        "<WorksheetOptions xmlns='urn:schemas-microsoft-com:office:excel'><Visible>SheetVeryHidden"
        "</Visible></WorksheetOptions></Worksheet></Workbook>";
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b = NULL;
    assert_true(sheet_open(c, write_file(a, "m.xls", html, sizeof html - 1), NULL, &b));
    assert_string_equal(ranges(c, b, 1 << 20), "1-2 0-0;");
    assert_string_equal(filled(c, b, 1), "1=甲|1;2=^甲|2;3=3;");
    assert_true(sheet_open(c, write_file(a, "m.xml", xml, sizeof xml - 1), NULL, &b));
    assert_true(sheet_info(b, 0)->very_hidden);
    assert_string_equal(filled(c, b, 1), "1=甲;2=^甲|2;");
    assert_string_equal(columns(c, b), "1,2,8,");
    assert_true(sheet_open(c, BOOKS "merged_range.xlsx", NULL, &b));
    const char *same = ranges(c, b, 1 << 20);
    assert_non_null(strstr(same, "1-2 7-7;"));
    assert_true(sheet_open(c, BOOKS "merged_range.html.xls", NULL, &b));
    assert_string_equal(ranges(c, b, 1 << 20), same);
    assert_true(sheet_open(c, write_file(a, "m.csv", "a,b\n1,2\n", 8), NULL, &b));
    assert_string_equal(ranges(c, b, 1 << 20), "");
    assert_string_equal(filled(c, b, 1), "1=a|b;2=1|2;");
    assert_true(sheet_open(c, BOOKS "any_sheets.xlsx", NULL, &b));
    assert_false(sheet_info(b, 1)->very_hidden);
    assert_true(sheet_info(b, 2)->very_hidden);
    assert_int_equal(c->n_err, 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(xlsx), cmocka_unit_test(xlsx_pieces),
                                       cmocka_unit_test(others)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
