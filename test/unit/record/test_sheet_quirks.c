/* What real and hostile .xlsx files do, one by one: each line of the table is a workbook of the smallest kind with some
   parts put in place of the ordinary ones, and what must be read of it. The comments are the points of the list that
   was collected from real files. */
#include "sheets_quirk.h"

enum { PARTS = 8 };

typedef struct Quirk {
    const char *what;
    Entry parts[PARTS]; /* in place of the part with this name; text NULL: without it */
    const char *
        want; /* "name:rows" of each sheet, h hidden, H very hidden; "! …" a sentence that has this */
} Quirk;

/* ---- the list -------------------------------------------------------------------------------- */

static const Quirk quirks[] = {
    {"nothing special", {{NULL}}, "S:1=t甲|n1;"},

    /* 1. where parts are */
    {"absolute target",
     {{BOOK_RELS, RELS(REL("r1", "worksheet", "/xl/worksheets/sheet1.xml"))}, {SHEET, ONE}},
     "S:1=n1;"},
    {"other folder",
     {{TOP, RELS(REL("a", "officeDocument", "wtf/workbook.xml"))},
      {BOOK, NULL},
      {BOOK_RELS, NULL},
      {"wtf/workbook.xml", SHEETS("<sheet name='W' r:id='x'/>")},
      {"wtf/_rels/workbook.xml.rels", RELS(REL("x", "worksheet", "../xl/worksheets/sheet1.xml"))},
      {SHEET, ONE}},
     "W:1=n1;"},
    {"book in the root",
     {{TOP, RELS(REL("a", "officeDocument", "book.xml"))},
      {BOOK, NULL},
      {BOOK_RELS, NULL},
      {"book.xml", SHEETS("<sheet name='W' r:id='x'/>")},
      {"_rels/book.xml.rels", RELS(REL("x", "worksheet", "./xl//worksheets/sheet1.xml"))},
      {SHEET, ONE}},
     "W:1=n1;"},
    {"other case",
     {{TOP, RELS(REL("a", "officeDocument", "XL/WorkBook.XML"))},
      {SHEET, NULL},
      {"XL/WORKSHEETS/Sheet1.xml", ONE}},
     "S:1=n1;"},
    {"backslashes in the zip",
     {{SHEET, NULL},
      {BOOK, NULL},
      {"xl\\worksheets\\sheet1.xml", ONE},
      {"xl\\workbook.xml", SHEETS("<sheet name='B' r:id='r1'/>")}},
     "B:1=n1;"},
    {"backslashes in the target",
     {{BOOK_RELS, RELS(REL("r1", "worksheet", "worksheets\\sheet1.xml"))}, {SHEET, ONE}},
     "S:1=n1;"},
    {"no _rels/.rels", {{TOP, NULL}, {SHEET, ONE}}, "S:1=n1;"},
    {"_rels that name nothing that is there",
     {{TOP, RELS(REL("a", "officeDocument", "none.xml"))}, {SHEET, ONE}},
     "S:1=n1;"},
    {"target outside the file",
     {{BOOK_RELS, RELS("<Relationship Id='r1' TargetMode='External' Type='x/worksheet' "
                       "Target='file:///etc/passwd'/>")}},
     "! 工作表"},
    {"path out of the file",
     {{BOOK_RELS, RELS(REL("r1", "worksheet", "../../../../etc/passwd"))}},
     "! 工作表"},
    {"a path out of the file as the name of an entry",
     {{"../../../../tmp/zhike-was-here", "x"}, {SHEET, ONE}},
     "S:1=n1;"},

    /* 2. strict OOXML, prefixes */
    {"strict",
     {{TOP,
       "<Relationships xmlns='http://purl.oclc.org/x'><Relationship Id='a' "
       "Type='http://purl.oclc.org/ooxml/"
       "officeDocument/relationships/officeDocument' Target='xl/workbook.xml'/></Relationships>"},
      {BOOK, "<workbook xmlns='http://purl.oclc.org/ooxml/spreadsheetml/main' "
             "xmlns:r='http://purl.oclc.org/ooxml/"
             "officeDocument/relationships' conformance='strict'><sheets><sheet name='S' "
             "sheetId='1' r:id='r1'/>"
             "</sheets></workbook>"},
      {SHEET, "<worksheet xmlns='http://purl.oclc.org/ooxml/spreadsheetml/main'><sheetData><row "
              "r='1'><c r='A1' "
              "s='1' t='d'><v>2024-05-01</v></c><c r='B1' "
              "t='d'><v>2024-05-01T09:30:00</v></c></row></sheetData>"
              "</worksheet>"}},
     "S:1=d2024-05-01|d2024-05-01 09:30:00;"},
    {"prefixes",
     {{BOOK, "<x:workbook xmlns:x='m' xmlns:any='r'><x:sheets><x:sheet name='P' "
             "any:id='r1'/></x:sheets></x:workbook>"},
      {SHEET,
       "<longer:worksheet xmlns:longer='m'><longer:sheetData><longer:row r='2'><longer:c r='B2' "
       "t='s'>"
       "<longer:v>1</longer:v></longer:c></longer:row></longer:sheetData></longer:worksheet>"},
      {STRINGS,
       "<q:sst xmlns:q='m'><q:si><q:t>x</q:t></q:si><q:si><q:r><q:t>y</q:t></q:r></q:si></q:sst>"}},
     "P:2=_|ty;"},
    {"a prefix named like an attribute",
     {{SHEET, "<worksheet><sheetData><row xmlns:r='http://r' r='3'><c xmlns:t='s' "
              "xmlns:r='u' r='B3'><v>4</v></c></row></sheetData></worksheet>"}},
     "S:3=_|n4;"},
    {"unknown elements and attributes",
     {{SHEET, "<worksheet xmlns:mc='m' xmlns:x14ac='x'><sheetViews><sheetView/></sheetViews>"
              "<sheetData><row x14ac:dyDescent='0.2' spans='1:2'><c><v>1</v><extLst><ext>"
              "<v>9</v></ext></extLst></c></row></sheetData><legacyDrawing/></worksheet>"}},
     "S:1=n1;"},

    /* 3. cells */
    {"types",
     {{SHEET, C("<c t='inlineStr'><is><t>a</t></is></c><c "
                "t='inlineStr'><is><t><![CDATA[<b>]]></t></is></c>"
                "<c t='str'><v>c</v></c><c t='b'><v>0</v></c><c t='e'><v>#DIV/0!</v></c><c "
                "t='n'><v>2</v></c>"
                "<c t='unheard'><v>3</v></c>")}},
     "S:1=ta|t<b>|tc|bFALSE|e#DIV/0!|n2|n3;"},
    {"inlineStr with a v beside",
     {{SHEET, C("<c t='inlineStr'><is><t>a</t></is><v>7</v></c><c t='inlineStr'><v>b</v></c>")}},
     "S:1=ta|tb;"},
    {"inline rich text",
     {{SHEET, C("<c t='inlineStr'><is><r><rPr><b/></rPr><t>a</t></r><r><t> "
                "b</t></r><rPh><t>no</t></rPh></is></c>")}},
     "S:1=ta b;"},
    {"no places",
     {{SHEET,
       ROWS("<row><c><v>1</v></c><c/><c><v>2</v></c></row><row/><row><c><v>3</v></c></row>")}},
     "S:1=n1|_|n2;3=n3;"},
    {"a place in the middle",
     {{SHEET,
       ROWS("<row r='2'><c r='C2'><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>")}},
     "S:2=_|_|n1|n2;3=n3;"},
    {"empty s, small letters",
     {{SHEET, C("<c r='a1' s=''><v>1</v></c><c r='$c$1' s=' '><v>2</v></c>")}},
     "S:1=n1|_|n2;"},
    {"cells out of order",
     {{SHEET, C("<c r='C1'><v>3</v></c><c r='A1'><v>1</v></c>")}},
     "S:1=n1|_|n3;"},
    {"blanks around a number",
     {{SHEET, C("<c><v> 5 </v></c><c><v>\n6\n</v></c><c t='s'><v> 1 </v></c>")}},
     "S:1=n5|n6|t乙;"},

    /* 4. shared strings */
    {"rich, phonetic, blank, escapes",
     {{STRINGS, "<sst><si><r><t>a</t></r><r><t xml:space='preserve'> b</t></r>"
                "<rPh sb='0' eb='1'><t>no</t></rPh><phoneticPr/></si><si/><si><t/></si>"
                "<si><t>x_x000D__x000A_y</t></si><si><t>_x005F_x0041_</t></si>"
                "<si><t>_x00zz_ _x0041</t></si></sst>"},
      {SHEET, C("<c t='s'><v>0</v></c><c t='s'><v>1</v></c><c t='s'><v>2</v></c><c t='s'><v>3</v>"
                "</c><c t='s'><v>4</v></c><c t='s'><v>5</v></c>")}},
     "S:1=ta b|_|_|tx\r\ny|t_x0041_|t_x00zz_ _x0041;"},
    {"digits of an escape, small and large",
     {{STRINGS, "<sst><si><t>_x00e9_</t></si><si><t>_x00E9_</t></si></sst>"},
      {SHEET, C("<c t='s'><v>0</v></c><c t='s'><v>1</v></c>")}},
     "S:1=té|té;"},
    {"styles of cells end with their list",
     {{STYLES, "<styleSheet " MAIN "><cellXfs><xf numFmtId='0'/></cellXfs><cellStyleXfs>"
               "<xf numFmtId='14'/></cellStyleXfs></styleSheet>"},
      {SHEET, C("<c s='0'><v>45000</v></c><c s='1'><v>45000</v></c>")}},
     "S:1=n45000|n45000;"},
    {"only what stands between <t> and </t>",
     {{SHEET, C("<c t='inlineStr'><is> no <r> no <t>a</t> no </r><r><t>b</t> no </r> no </is>"
                "</c>")}},
     "S:1=tab;"},
    {"no strings at all", {{STRINGS, NULL}}, "S:1=e#REF!|n1;"},
    {"a wrong count",
     {{STRINGS, "<sst count='4294967295' uniqueCount='99999999999999'><si><t>甲</t></si></sst>"}},
     "S:1=t甲|n1;"},
    {"a string that is not there",
     {{SHEET,
       C("<c t='s'><v>2</v></c><c t='s'><v>-1</v></c><c t='s'><v>99999999999999999999</v></c>"
         "<c t='s'><v>x</v></c><c><v>1</v></c>")}},
     "S:1=e#REF!|e#REF!|e#REF!|e#REF!|n1;"},

    /* 5. dates */
    {"formats",
     {{SHEET, C("<c s='1'><v>45413</v></c><c s='2'><v>45413</v></c><c s='3'><v>45413</v></c><c "
                "s='4'><v>45413</v></c>"
                "<c s='5'><v>45413</v></c><c s='6'><v>45413</v></c><c s='7'><v>45413.5</v></c>")}},
     "S:1=d2024-05-01|n45413|d2024-05-01|n45413|d2024-05-01|d2024-05-01|d2024-05-01 12:00:00;"},
    {"1904",
     {{BOOK, "<workbook xmlns:r='r'><workbookPr date1904='1'/><sheets><sheet name='S' "
             "r:id='r1'/></sheets></workbook>"},
      {SHEET, C("<c s='1'><v>43951</v></c><c><v>43951</v></c>")}},
     "S:1=d2024-05-01|n43951;"},
    {"1904 said in words",
     {{BOOK,
       "<workbook xmlns:r='r'><workbookPr date1904='true'/><sheets><sheet name='S' r:id='r1'/>"
       "</sheets></workbook>"},
      {SHEET, C("<c s='1'><v>43951</v></c>")}},
     "S:1=d2024-05-01;"},
    {"around the day that never was",
     {{SHEET, C("<c s='1'><v>1</v></c><c s='1'><v>59</v></c><c s='1'><v>61</v></c>")}},
     "S:1=d1900-01-01|d1900-02-28|d1900-03-01;"},
    {"rounding",
     {{SHEET, C("<c s='7'><v>45413.3958333333</v></c><c s='7'><v>45413.999999999</v></c><c "
                "s='8'><v>0.5</v></c>")}},
     "S:1=d2024-05-01 09:30:00|d2024-05-02|d12:00:00;"},
    {"absurd",
     {{SHEET, C("<c s='1'><v>-1</v></c><c s='1'><v>2958466</v></c><c s='1'><v>1E+300</v></c>")}},
     "S:1=e#NUM!|e#NUM!|e#NUM!;"},
    {"no styles", {{STYLES, NULL}, {SHEET, C("<c s='1'><v>45413</v></c>")}}, "S:1=n45413;"},

    /* 6. numbers that are codes */
    {"codes",
     {{SHEET,
       C("<c><v>13800138000</v></c><c><v>1.38E+10</v></c><c "
         "t='str'><v>1.38E+10</v></c><c><v>110105194912310021</v>"
         "</c><c><v>13800138000.0</v></c><c s='9'><v>007</v></c><c t='str'><v>007</v></c>")}},
     "S:1=n13800138000|n13800000000|t1.38E+10|n110105194912310016|n13800138000|n7|t007;"},

    /* 7. letters and blanks: as they stand; the columns fold them */
    {"full width",
     {{STRINGS, "<sst><si><t>　１３８ \xc2\xa0\xe2\x80\x8b</t></si></sst>"}},
     "S:1=t　１３８ \xc2\xa0\xe2\x80\x8b|n1;"},

    /* 9. sheets and rows that are hidden, sheets that are none */
    {"hidden sheets",
     {{BOOK,
       SHEETS(
           "<sheet name='a' r:id='r1'/><sheet name='b' state='hidden' r:id='r1'/><sheet name='c' "
           "state='veryHidden' r:id='r1'/><sheet name='d' state='visible' r:id='r1'/>")},
      {SHEET, ONE}},
     "a:1=n1;bh:1=n1;cH:1=n1;d:1=n1;"},
    {"charts and missing parts",
     {{BOOK,
       SHEETS(
           "<sheet name='chart' r:id='c'/><sheet name='none' r:id='n'/><sheet name='S' r:id='r1'/>"
           "<sheet name='no id'/>")},
      {BOOK_RELS, RELS(REL("c", "chartsheet", "chart.xml") REL("n", "worksheet", "gone.xml")
                           REL("r1", "worksheet", "worksheets/sheet1.xml"))},
      {"xl/chart.xml", "<chartsheet/>"},
      {SHEET, ONE}},
     "S:1=n1;"},
    {"hidden rows",
     {{SHEET, ROWS("<row r='1' hidden='1'><c><v>1</v></c></row><row r='2' "
                   "hidden='0'><c><v>2</v></c></row><row r='3' "
                   "hidden='true'><c><v>3</v></c></row>")}},
     "S:1h=n1;2=n2;3h=n3;"},
    {"wrong dimension",
     {{SHEET, "<worksheet><dimension "
              "ref='A1:XFD1048576'/><sheetData><row><c><v>1</v></c></row></sheetData>"
              "</worksheet>"}},
     "S:1=n1;"},
    {"no dimension, no data", {{SHEET, "<worksheet/>"}}, "S:"},
    {"rows that have only a format",
     {{SHEET, ROWS("<row><c><v>1</v></c></row><row s='1' customFormat='1'><c s='1'/></row>"
                   "<row r='1048576'><c s='2'/></row>")}},
     "S:1=n1;"},

    /* 10. formulas */
    {"formulas",
     {{SHEET, C("<c><f>B1</f><v>5</v></c><c t='str'><f>B1</f><v>x</v></c><c><f>B1</f></c><c "
                "t='str'><f>B1</f></c>"
                "<c t='e'><f>B1</f><v>#N/A</v></c><c t='e'><v>#REF!</v></c><c "
                "t='str'><f>B1</f><v></v></c>")}},
     "S:1=n5|tx|e?|e?|e#N/A|e#REF!|_;"},

    /* 11. hostility */
    {"entities",
     {{SHEET, "<!DOCTYPE a [<!ENTITY b 'cccc'><!ENTITY d "
              "'&b;&b;&b;&b;'>]><worksheet><sheetData/></worksheet>"}},
     "! DTD"},
    {"entities in the strings",
     {{STRINGS, "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><sst/>"}},
     "! DTD"},
    {"too many columns", {{SHEET, C("<c r='XFD1'><v>1</v></c><c><v>2</v></c>")}}, "! 16384"},
    {"a column that cannot be", {{SHEET, C("<c r='ZZZZZZ1'><v>1</v></c>")}}, "S:1=n1;"},
    {"a row that cannot be",
     {{SHEET, ROWS("<row r='99999999999999999999'><c><v>1</v></c></row><row "
                   "r='-4'><c><v>2</v></c></row>")}},
     "S:1=n1;2=n2;"},
    {"no workbook", {{TOP, NULL}, {BOOK, NULL}, {"word/document.xml", "<x/>"}}, "! 工作表"},
    {"a sheet that is cut off",
     {{SHEET, "<worksheet><sheetData><row><c><v>1</v></c></row>"}},
     "! 损坏"},
    {"a sheet that is no XML", {{SHEET, "PK nonsense"}}, "! 损坏"},
    /* each way a part, a place or a cell may be written wrongly */
    {"slashes before the names in the zip",
     {{SHEET, NULL},
      {BOOK, NULL},
      {"/xl/worksheets/sheet1.xml", ONE},
      {"\\xl\\workbook.xml", SHEETS("<sheet name='B' r:id='r1'/>")}},
     "B:1=n1;"},
    {"two of one name: the first", {{"XL/WORKSHEETS/SHEET1.XML", ONE}}, "S:1=t甲|n1;"},
    {"absolute, with backslashes",
     {{BOOK_RELS, RELS(REL("r1", "worksheet", "\\xl\\worksheets\\sheet1.xml"))}, {SHEET, ONE}},
     "S:1=n1;"},
    {"up and down again, folders of one letter",
     {{BOOK_RELS, RELS(REL("r1", "worksheet", "x/../w/sheet1.xml"))}, {"xl/w/sheet1.xml", ONE}},
     "S:1=n1;"},
    {"a target that is a folder",
     {{BOOK_RELS, RELS(REL("r1", "worksheet", "worksheets/"))}},
     "! 工作表"},
    {"relations that lack something, or are no relations",
     {{BOOK_RELS, RELS("<Relationship Type='x/styles' Target='styles.xml'/><Relationship Id='r3' "
                       "Target='s.xml'/>"
                       "<Relationship Id='r1' Type='x/worksheet'/><Other Id='r1' "
                       "Type='x/worksheet' Target='no.xml'/>"
                       "<Relationship Id='r1' Type='worksheet' Target='worksheets/sheet1.xml' "
                       "TargetMode='Internal'/>")},
      {SHEET, C("<c s='1'><v>45413</v></c>")}},
     "S:1=n45413;"},
    {"a sheet without a name, formats no number can have",
     {{BOOK, SHEETS("<sheet r:id='r1'/>")},
      {STYLES,
       "<styleSheet><numFmts><numFmt numFmtId='164'/><numFmt formatCode='yyyy'/></numFmts><cellXfs>"
       "<xf numFmtId='-14'/><xf numFmtId='99999999'/><xf/><xf "
       "numFmtId='14'/></cellXfs></styleSheet>"},
      {SHEET,
       C("<c s='0'><v>45413</v></c><c s='1'><v>45413</v></c><c s='2'><v>45413</v></c><c s='3'>"
         "<v>45413</v></c><c s='4'><v>45413</v></c><c s='-1'><v>45413</v></c>")}},
     ":1=n45413|n45413|n45413|d2024-05-01|n45413|n45413;"},
    {"places that are none: the next cell",
     {{SHEET,
       C("<c r='_1'><v>1</v></c><c r='{1'><v>2</v></c><c r='9'><v>3</v></c><c r='@1'><v>4</v></c>"
         "<c r='XFE1'><v>5</v></c><c r='G_'><v>6</v></c><c r='h{'><v>7</v></c>")}},
     "S:1=n1|n2|n3|n4|n5|_|n6|n7;"},
    {"a cell outside a row, a kind of cell nobody has",
     {{SHEET, "<worksheet><sheetData><c><v>1</v></c><row><c "
              "t='a-kind-of-cell-as-long-as-this'><v>2</v></c></row>"
              "</sheetData></worksheet>"}},
     "S:1=n2;"},
    {"words of booleans, inline texts without their kind",
     {{SHEET, C("<c t='b'><v>true</v></c><c t='b'><v>1</v></c><c "
                "t='b'><v>TRUE</v></c><c><is><t>a</t></is></c>"
                "<c><is><t>a</t></is><v>5</v></c>")}},
     "S:1=bTRUE|bTRUE|bFALSE|ta|n5;"},
    {"days of ISO, with and without a time",
     {{SHEET, C("<c t='d'><v>2024-05-01T00:00:00</v></c><c t='d'><v>2024-05-01T</v></c><c "
                "t='d'><v>2024-05-01T09:30:00.000Z</v></c><c "
                "t='d'><v>2024-05-01T00:00:01+08:00</v></c>")}},
     "S:1=d2024-05-01|d2024-05-01|d2024-05-01 09:30:00|d2024-05-01 00:00:01;"},
    {"what is no number",
     {{SHEET, C("<c><v>5&#13;&#9;</v></c><c><v>5x</v></c><c><v>inf</v></c><c><v>-</v></c><c><v>0x</"
                "v></c>")}},
     "S:1=n5|t5x|tinf|t-|t0x;"},
    {"escapes that are none",
     {{STRINGS, "<sst><si><t>a_x000a_b_x00G0__x00g0__x00@0__xD800__x0000_</t></"
                "si><si><t>_xd7FF__xE000_</t></si></sst>"},
      {SHEET, C("<c t='s'><v>0</v></c><c t='s'><v>1</v></c>")}},
     "S:1=ta\nb_x00G0__x00g0__x00@0__xD800__x0000_|t\xed\x9f\xbf\xee\x80\x80;"},
    {"a NUL character", {{SHEET, C("<c><v>&#0;</v></c>")}}, "! 损坏"},
    {"cells that say their kind and nothing else",
     {{SHEET, C("<c t='inlineStr'/><c t='s'/><c t='s'><v></v></c><c t='inlineStr'><is/></c>"
                "<c><v></v></c><c><v>1</v></c>")}},
     "S:1=_|_|e#REF!|_|_|n1;"},
    {"1904 in the third way to say yes; a time of day has no day to move",
     {{BOOK, "<workbook xmlns:r='r'><workbookPr date1904='on'/><sheets><sheet name='S' r:id='r1'/>"
             "</sheets></workbook>"},
      {SHEET, C("<c s='8'><v>0.5</v></c><c s='1'><v>43951</v></c>")}},
     "S:1=d12:00:00|d2024-05-01;"},
    {"blanks where a number should be",
     {{SHEET, C("<c><v> </v></c><c><v>1</v></c>")}},
     "S:1=t |n1;"},
    {"too many columns, and nothing in them", {{SHEET, C("<c r='XFD1'/><c/>")}}, "! 16384"},
    {"blanks around a shared string, and what ends like no escape",
     {{STRINGS, "<sst>\n<si>\n<t>a_x0041x__x00-1_</t>\n</si> <si><t>乙</t></si></sst>"}},
     "S:1=ta_x0041x__x00-1_|n1;"},
    {"no 1904",
     {{BOOK, "<workbook xmlns:r='r'><workbookPr date1904='0'/><sheets><sheet name='S' r:id='r1'/>"
             "</sheets></workbook>"},
      {SHEET, C("<c s='1'><v>45413</v></c>")}},
     "S:1=d2024-05-01;"},
    {"lines between the relations",
     {{TOP, RELS("\n" REL("a", "officeDocument", "xl/workbook.xml") "\n")}, {SHEET, ONE}},
     "S:1=n1;"},
    /* a part that ends in the middle, wherever it is read */
    {"relations of the file that are cut off", {{TOP, "<Relationships>"}}, "! 损坏"},
    {"relations of the book that are cut off", {{BOOK_RELS, "<Relationships>"}}, "! 损坏"},
    {"styles that are cut off", {{STYLES, "<styleSheet><cellXfs>"}}, "! 损坏"},
    {"strings that are cut off", {{STRINGS, "<sst><si><t>甲"}}, "! 损坏"},
};

/* ---- running it -------------------------------------------------------------------------------- */

static void each(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof quirks / sizeof *quirks; i++) {
        Arena *a = arena_new(0);
        const Quirk *q = &quirks[i];
        const char *got = all_sheets(fresh(a), make_quirk(a, q->parts, PARTS));
        bool ok = q->want[0] == '!' ? got[0] == '!' && strstr(got, q->want + 2)
                                    : strcmp(got, q->want) == 0;
        if (!ok) {
            print_error("%s:\n  got  %s\n  want %s\n", q->what, got, q->want);
            wrong++;
        }
        arena_free(a);
    }
    assert_int_equal(wrong, 0);
    assert_int_not_equal(access("/tmp/zhike-was-here", F_OK), 0);
}

/* Two entries of one name: the first counts, as in Excel. libzip cannot make such a file, so a name is overwritten. */
static void twice(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Entry parts[] = {{SHEET, ONE}, {"xl/worksheets/sheet2.xml", C("<c><v>2</v></c>")}};
    const char *path = make_quirk(a, parts, 2);
    char data[32768];
    FILE *f = fopen(path, "rb+");
    assert_non_null(f);
    size_t n = fread(data, 1, sizeof data, f);
    int found = 0;
    for (char *p = data; (p = memmem(p, n - (size_t)(p - data), "sheet2.xml", 10)) != NULL; found++)
        p[5] = '1';
    assert_int_equal(found, 2); /* before its data, and in the list at the end */
    rewind(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    (void)fclose(f);
    assert_string_equal(all_sheets(fresh(a), path), "S:1=n1;");
    arena_free(a);
}

/* A sheet in UTF-16, which XML allows: rows, and merged ranges where bytes cannot be scanned. */
static void wide(void **state)
{
    (void)state;
    static const char text[] = "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData>"
                               "<mergeCells><mergeCell ref='A1:B1'/></mergeCells></worksheet>";
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    char data[2 * sizeof text] = "\xff\xfe";
    for (size_t i = 0; i + 1 < sizeof text; i++)
        data[2 + 2 * i] = text[i];
    Entry none[] = {{SHEET, NULL}};
    const char *path = make_quirk(a, none, 1);
    int err, n;
    zip_t *z = zip_open(path, 0, &err);
    assert_non_null(z);
    assert_true(zip_file_add(z, SHEET, zip_source_buffer(z, data, sizeof data, 0), 0) >= 0);
    assert_int_equal(zip_close(z), 0);
    assert_string_equal(all_sheets(c, path), "S:1=n1;");
    SheetBook *b = NULL;
    const SheetMerge *m;
    assert_true(sheet_open(c, path, NULL, &b));
    assert_true(sheet_find_merges(b, 0, INT64_MAX, &m, &n));
    assert_int_equal(n, 1);
    assert_int_equal(m[0].last_col, 1);
    arena_free(a);
}

/* Limits of SECURITY C31: parts, depth, what a part may grow to. */
static void bombs(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Entry *many = ARENA_ARRAY(a, 10010, Entry);
    for (int i = 0; i < 10001; i++)
        many[i] = (Entry){arena_printf(a, "x%d", i), ""};
    assert_non_null(strstr(all_sheets(fresh(a), make_zip(a, "many.xlsx", many)), "10000"));
    Buf deep, rich;
    buf_init(&deep, a);
    buf_init(&rich, a);
    for (int i = 0; i < 100; i++)
        buf_puts(&deep, "<r>");
    buf_printf(&rich, "<sst><si>%s<t>x</t>", deep.data);
    Entry nested[] = {{STRINGS, rich.data}};
    assert_non_null(strstr(all_sheets(fresh(a), make_quirk(a, nested, 1)), "层"));
    /* rows of one cell: 100 MB of XML in some hundred kilobytes */
    Buf bomb;
    buf_init(&bomb, a);
    buf_puts(&bomb, "<worksheet><sheetData>");
    while (bomb.len < (100 << 20))
        buf_puts(&bomb, "<row><c><v>1</v></c></row>");
    buf_puts(&bomb, "</sheetData></worksheet>");
    Entry big[] = {{SHEET, bomb.data}};
    const char *path = make_quirk(a, big, 1);
    const char *says = all_sheets(fresh(a), path);
    assert_non_null(strstr(says, "压缩"));
    assert_int_equal(merges_refused(a, path)->code, ERR_TOO_LARGE);
    arena_free(a);
}

/* A csv row longer than a row can be. */
static void long_csv(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf text;
    buf_init(&text, a);
    for (int i = 0; i < 16385; i++)
        buf_puts(&text, "x,");
    Ctx *c = fresh(a);
    const char *got = read_file(c, write_file(a, "long.csv", text.data, text.len), NULL, NULL);
    assert_int_equal(got[0], '!');
    assert_int_equal(c->n_err, 1);
    if (c->err->code != ERR_COLUMNS && c->err->code != ERR_TOO_LARGE)
        fail_msg("%d %s", (int)c->err->code, got);
    assert_non_null(strstr(got, "16384"));
    arena_free(a);
}

/* What stands around the rows: the size the sheet claims, hidden columns, merged ranges; each way to write them wrongly. */
static void around(void **state)
{
    (void)state;
    static const char sheet[] =
        "<worksheet><dimension ref='B2:C7'/><dimension/><dimension ref='A1'/><dimension "
        "ref='A1:B0'/><dimension ref='A1:1'/><dimension ref='A1:B1048577'/><cols><col/><col "
        "min='8'/><col min='8' max='8'/><col min='8' max='8' hidden='0'/><col min='-5' max='2' "
        "hidden='true'/><col min='16384' max='99999' hidden='1'/></cols><sheetData/><mergeCells>"
        "<mergeCell/><mergeCell ref='A1'/><mergeCell ref='B2:A3'/><mergeCell ref='A0:B2'/>"
        "<mergeCell ref='A3:B2'/><mergeCell ref='1:2'/><mergeCell ref='A1:2'/><mergeCell "
        "ref='$c$4:d5'/></mergeCells></worksheet>";
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b = NULL;
    Entry parts[] = {{SHEET, sheet}};
    assert_true(sheet_open(c, make_quirk(a, parts, 1), NULL, &b));
    assert_string_equal(read_sheet(c, b, 0), "");
    assert_int_equal(sheet_info(b, 0)->rows, 7);
    assert_int_equal(sheet_info(b, 0)->columns, 3);
    for (int i = -1; i < 16386; i++)
        assert_int_equal(sheet_column_hidden(b, i), i == 0 || i == 1 || i == 16383);
    int n;
    const SheetMerge *m = sheet_merges(b, &n);
    assert_int_equal(n, 1);
    assert_int_equal(m[0].first_row, 4);
    assert_int_equal(m[0].first_col, 2);
    assert_int_equal(m[0].last_row, 5);
    assert_int_equal(m[0].last_col, 3);
    arena_free(a);
}

/* More of everything than anybody has: what is behind the last one that is kept counts no more. */
static void many(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    const struct {
        Entry parts[2];
        const char *want;
    } rows[] = {
        {{{BOOK_RELS,
           repeated(a, "<Relationships>", "<Relationship Id='x' Type='x' Target='x'/>", 10000,
                    REL("r1", "worksheet", "worksheets/sheet1.xml") "</Relationships>")},
          {SHEET, ONE}},
         "! 工作表"},
        {{{BOOK_RELS,
           repeated(a, "<Relationships>", "<Relationship Id='x' Type='x' Target='x'/>", 9999,
                    REL("r1", "worksheet", "worksheets/sheet1.xml") "</Relationships>")},
          {SHEET, ONE}},
         "S:1=n1;"},
        {{{STYLES,
           repeated(a, "<styleSheet><numFmts>", "<numFmt numFmtId='999' formatCode='0'/>", 65536,
                    "<numFmt numFmtId='165' formatCode='yyyy'/></numFmts><cellXfs><xf "
                    "numFmtId='165'/></cellXfs></styleSheet>")},
          {SHEET, C("<c s='0'><v>45413</v></c>")}},
         "S:1=d2024-05-01;"},
        {{{STYLES, repeated(a, "<styleSheet><cellXfs>", "<xf/>", 65535,
                            "<xf numFmtId='14'/><xf numFmtId='14'/></cellXfs></styleSheet>")},
          {SHEET, C("<c s='65535'><v>45413</v></c><c s='65536'><v>45413</v></c>")}},
         "S:1=d2024-05-01|n45413;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = all_sheets(fresh(a), make_quirk(a, rows[i].parts, 2));
        if (rows[i].want[0] == '!' ? got[0] != '!' || !strstr(got, rows[i].want + 2)
                                   : strcmp(got, rows[i].want) != 0)
            fail_msg("%d: %s, not %s", (int)i, got, rows[i].want);
    }
    SheetBook *b = NULL;
    Ctx *c = fresh(a);
    Entry sheets[] = {
        {BOOK, repeated(a, "<workbook xmlns:r='r'><sheets>", "<sheet name='S' r:id='r1'/>", 1001,
                        "</sheets></workbook>")},
        {SHEET, repeated(a, "<worksheet><sheetData/><mergeCells>", "<mergeCell ref='A1:A2'/>",
                         10001, "</mergeCells></worksheet>")}};
    assert_true(sheet_open(c, make_quirk(a, sheets, 2), NULL, &b));
    assert_int_equal(sheet_count(b), 1000);
    assert_string_equal(read_sheet(c, b, 999), "");
    int n;
    (void)sheet_merges(b, &n);
    assert_int_equal(n, 10000);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each),     cmocka_unit_test(twice),
                                       cmocka_unit_test(wide),     cmocka_unit_test(bombs),
                                       cmocka_unit_test(long_csv), cmocka_unit_test(around),
                                       cmocka_unit_test(many)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
