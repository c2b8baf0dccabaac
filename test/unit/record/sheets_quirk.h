/* .xlsx files of the smallest kind, with some parts put in place of the ordinary ones. */
#ifndef TEST_SHEETS_QUIRK_H
#define TEST_SHEETS_QUIRK_H

#include "sheets_zip.h"

#define REL(id, type, target)                                                                      \
    "<Relationship Id='" id                                                                        \
    "' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/" type            \
    "' Target='" target "'/>"
#define RELS(x)                                                                                    \
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>" x       \
    "</Relationships>"
#define MAIN "xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'"
#define TOP "_rels/.rels"
#define BOOK "xl/workbook.xml"
#define BOOK_RELS "xl/_rels/workbook.xml.rels"
#define SHEET "xl/worksheets/sheet1.xml"
#define STYLES "xl/styles.xml"
#define STRINGS "xl/sharedStrings.xml"
#define SHEETS(x)                                                                                  \
    "<workbook " MAIN " xmlns:r='http://r'><workbookPr/><sheets>" x "</sheets></workbook>"
#define ROWS(x) "<worksheet " MAIN "><sheetData>" x "</sheetData></worksheet>"
#define C(x) ROWS("<row>" x "</row>")
#define ONE C("<c><v>1</v></c>")

static const Entry ordinary[] = {
    {TOP, RELS(REL("a", "officeDocument", "xl/workbook.xml"))},
    {BOOK, SHEETS("<sheet name='S' sheetId='1' r:id='r1'/>")},
    {BOOK_RELS, RELS(REL("r1", "worksheet", "worksheets/sheet1.xml") REL(
                    "r2", "styles", "styles.xml") REL("r3", "sharedStrings", "sharedStrings.xml"))},
    {STYLES, "<styleSheet " MAIN "><numFmts><numFmt numFmtId='164' formatCode='[Red]0\"days\"'/>"
             "<numFmt numFmtId='165' formatCode='[$-804]yyyy\"年\"m\"月\"'/><numFmt numFmtId='166' "
             "formatCode='0\\d'/></numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf "
             "numFmtId='164'/>"
             "<xf numFmtId='165'/><xf numFmtId='166'/><xf numFmtId='27'/><xf numFmtId='58'/><xf "
             "numFmtId='22'/>"
             "<xf numFmtId='46'/><xf numFmtId='49'/></cellXfs></styleSheet>"},
    {STRINGS, "<sst " MAIN "><si><t>甲</t></si><si><t>乙</t></si></sst>"},
    {SHEET, C("<c t='s'><v>0</v></c><c><v>1</v></c>")},
    {NULL, NULL}};

static inline const char *make_quirk(Arena *a, const Entry *parts, int n)
{
    Entry all[32];
    size_t k = 0;
    for (const Entry *o = ordinary; o->name; o++) {
        bool other = false;
        for (int i = 0; i < n; i++)
            other |= parts[i].name && strcmp(parts[i].name, o->name) == 0;
        if (!other)
            all[k++] = *o;
    }
    for (int i = 0; i < n; i++)
        if (parts[i].name && parts[i].text)
            all[k++] = parts[i];
    all[k] = (Entry){NULL, NULL};
    return make_zip(a, "quirk.xlsx", all);
}

static inline const char *all_sheets(Ctx *c, const char *path)
{
    SheetBook *b = NULL;
    Buf out;
    buf_init(&out, c->a);
    if (!sheet_open(c, path, NULL, &b))
        return arena_printf(c->a, "! %s", c->err->message);
    for (int i = 0; i < sheet_count(b); i++) {
        const SheetInfo *s = sheet_info(b, i);
        const char *rows = read_sheet(c, b, i);
        if (rows[0] == '!')
            return rows;
        buf_printf(&out, "%s%s:%s", s->name, s->very_hidden ? "H" : s->hidden ? "h" : "", rows);
    }
    return out.data;
}

/* Who only looks for merged ranges is told the same. */
static inline const ErrItem *merges_refused(Arena *a, const char *path)
{
    Ctx *c = fresh(a);
    SheetBook *b = NULL;
    const SheetMerge *m;
    int n;
    assert_true(sheet_open(c, path, NULL, &b));
    assert_false(sheet_find_merges(b, 0, INT64_MAX, &m, &n));
    assert_int_equal(c->n_err, 1);
    return c->err;
}

#endif
