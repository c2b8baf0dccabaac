/*
 * Word templates: tags cut into runs, rows and paragraphs that repeat, broken tags with their words, values that look like
 * XML, pictures, and ten thousand rows in little memory.
 */
#include "docx.h"

#define T(t) "<w:r><w:t xml:space=\"preserve\">" t "</w:t></w:r>"

static void runs(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {P(R("客户：{{客户名称}}。")), P(T("客户：云帆 &lt;&amp;&gt; \"信息\"。"))},
        /* as Word cuts it, with a mark of the spelling checker between */
        {P(R("a{") R("{客户") "<w:proofErr w:type=\"spellEnd\"/>" R("名称") R("}") R("}b")),
         P(T("a云帆 &lt;&amp;&gt; \"信息\"") T("") "<w:proofErr w:type=\"spellEnd\"/>" T("") T("")
               T("b"))},
        {P(R("{{tag}}") R("plain &amp; kept")), P(T("{{客户名称}}") R("plain &amp; kept"))},
        {P(R("{{address}}")),
         P("<w:r><w:t xml:space=\"preserve\">一</w:t><w:br/><w:t xml:space=\"preserve\">二</w:t>"
           "<w:tab/><w:t xml:space=\"preserve\">三</w:t></w:r>")},
        {P(R("x{{nobody}}{{empty}}y")), P(T("xy"))},
        {P(R("{{#contacts}}{{name}},") R("{{/contacts}}!")),
         P("<w:r><w:t xml:space=\"preserve\">人0,</w:t></w:r><w:r><w:t xml:space=\"preserve\">人1,"
           "</w:t></w:r><w:r><w:t xml:space=\"preserve\">!</w:t></w:r>")},
        {P(R("{{#empty}}a{{/empty}}{{^empty}}b{{/empty}}")), P(T("b"))},
        {P("<w:r><w:instrText>PAGE</w:instrText></w:r>" R("1")),
         P("<w:r><w:instrText>PAGE</w:instrText></w:r>" R("1"))},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(filled(cases[i][0], 2), cases[i][1]);
}

static void repeats(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int rows;
        const char *want;
    } cases[] = {
        {TABLE(ROW(CELL(P(R("姓名"))))
                   ROW(CELL(P(R("{{#contacts}}{{name}}"))) CELL(P(R("{{phone}}{{/contacts}}"))))),
         2,
         TABLE(ROW(CELL(P(R("姓名")))) ROW(CELL(P(T("人0"))) CELL(P(T("138****0000"))))
                   ROW(CELL(P(T("人1"))) CELL(P(T("")))))},
        /* tags in rows of their own are no rows of the result */
        {TABLE(ROW(CELL(P(R("{{#contacts}}")))) ROW(CELL(P(R("{{@no}}{{name}}"))))
                   ROW(CELL(P(R("{{/contacts}}"))))),
         2, TABLE(ROW(CELL(P(T("1人0")))) ROW(CELL(P(T("2人1")))))},
        {TABLE(ROW(CELL(P(R("h")))) ROW(CELL(P(R("{{#contacts}}"))) CELL(P(R("{{/contacts}}"))))),
         0, TABLE(ROW(CELL(P(R("h")))))},
        /* whole paragraphs, those of the tags gone */
        {P(R("{{#contacts}}")) P(R("{{name}}")) P(R("-")) P(R("{{/contacts}}")) P(R("z")), 2,
         P(T("人0")) P(R("-")) P(T("人1")) P(R("-")) P(R("z"))},
        {P(R("{{#contacts}}{{name}}")) P(R("x{{/contacts}}")), 2,
         P(T("人0")) P(T("x")) P(T("人1")) P(T("x"))},
        {P(R("{{#none}}")) P(R("a")) P(R("{{/none}}")) P(R("{{^none}}")) P(R("没有"))
             P(R("{{/none}}")),
         0, P(R("没有"))},
        /* a cell keeps a paragraph, whatever becomes of those in it */
        {TABLE(ROW(CELL(P(R("{{#none}}{{name}}")) P(R("b{{/none}}"))))), 0,
         TABLE(ROW(CELL("<w:p/>")))},
        {TABLE(ROW(CELL(P(R("{{^contacts}}a")) P(R("b{{/contacts}}"))))), 1,
         TABLE(ROW(CELL("<w:p/>")))},
        {TABLE(ROW(CELL(P(R("{{#contacts}}")) P(R("{{name}}")) P(R("{{/contacts}}"))))), 2,
         TABLE(ROW(CELL(P(T("人0")) P(T("人1")) P(T("")))))},
        /* a section within a row that repeats */
        {TABLE(ROW(CELL(P(R("{{#contacts}}{{name}}"))) CELL(P(R("{{#phone}}({{phone}}){{/phone}}")))
                       CELL(P(R("{{/contacts}}"))))),
         2,
         TABLE(ROW(CELL(P(T("人0"))) CELL(P(T("(138****0000)"))) CELL(P(T(""))))
                   ROW(CELL(P(T("人1"))) CELL(P(T(""))) CELL(P(T("")))))},
        /* two that begin in one row: the one that ends later holds the other */
        {TABLE(ROW(CELL(P(R("{{#contacts}}{{#none}}a")))) ROW(CELL(P(R("b{{/none}}"))))
                   ROW(CELL(P(R("c{{name}}{{/contacts}}"))))),
         2, TABLE(ROW(CELL(P(T("c人0")))) ROW(CELL(P(T("c人1")))))},
        {TABLE(ROW(CELL(P(R("{{#contacts}}{{^none}}a")))) ROW(CELL(P(R("b{{/none}}"))))
                   ROW(CELL(P(R("c{{name}}{{/contacts}}"))))),
         1, TABLE(ROW(CELL(P(T("a")))) ROW(CELL(P(T("b")))) ROW(CELL(P(T("c人0")))))},
        /* two that begin in one row and end in one: the one begun first holds the other */
        {TABLE(ROW(CELL(P(R("{{#contacts}}{{^none}}a{{name}}"))))
                   ROW(CELL(P(R("b{{/none}}{{/contacts}}"))))),
         2,
         TABLE(ROW(CELL(P(T("a人0")))) ROW(CELL(P(T("b")))) ROW(CELL(P(T("a人1"))))
                   ROW(CELL(P(T("b")))))},
        /* two that end in one row: the one begun later ends first */
        {TABLE(ROW(CELL(P(R("{{#contacts}}a{{name}}"))))
                   ROW(CELL(P(R("{{^none}}b"))) CELL(P(R("c{{/none}}{{/contacts}}"))))),
         2,
         TABLE(ROW(CELL(P(T("a人0")))) ROW(CELL(P(T("b"))) CELL(P(T("c")))) ROW(CELL(P(T("a人1"))))
                   ROW(CELL(P(T("b"))) CELL(P(T("c")))))},
        /* a row with words beside the tags stays one of the result */
        {TABLE(ROW(CELL(P(R("{{#contacts}}"))) CELL(P(R("w")))) ROW(
             CELL(P(R("{{name}}"))) CELL(P(""))) ROW(CELL(P(R("{{/contacts}}"))) CELL(P("")))),
         1, TABLE(ROW(CELL(P(T(""))) CELL(P(R("w")))) ROW(CELL(P(T("人0"))) CELL(P(""))))},
        /* a picture's paragraph stays though it says nothing but a tag */
        {P(R("{{#contacts}}") "<w:r><w:drawing/></w:r>") P(R("{{name}}")) P(R("{{/contacts}}")), 1,
         P(T("") "<w:r><w:drawing/></w:r>") P(T("人0"))},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(filled(cases[i].body, cases[i].rows), cases[i].want);
}

#define BOX(x) "<w:r><w:pict><w:txbxContent>" x "</w:txbxContent></w:pict></w:r>"
#define SDT(x) "<w:sdt><w:sdtContent>" x "</w:sdtContent></w:sdt>"

/* Text boxes, whose paragraphs stand within one, and controls, which hold paragraphs. */
static void boxes(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int rows;
        const char *want;
    } cases[] = {
        /* the text around a box is one text, that in it another */
        {P(R("{{客户") BOX(P(R("{{tag}}"))) R("名称}}")), 0,
         P(T("云帆 &lt;&amp;&gt; \"信息\"") BOX(P(T("{{客户名称}}"))) T(""))},
        {P(R("{{#contacts}}a") BOX(P(R("{{name}}"))) R("b{{/contacts}}")), 2,
         P(T("a") BOX(P(T("人0"))) T("ba") BOX(P(T("人1"))) T("b"))},
        /* a box keeps a paragraph, as a cell does */
        {P(BOX(P(R("{{#contacts}}")) P(R("{{name}}")) P(R("{{/contacts}}")))), 2,
         P(BOX(P(T("人0")) P(T("人1")) P(T(""))))},
        {P(BOX(P(R("{{#none}}a")) P(R("b{{/none}}")))), 0, P(BOX("<w:p/>"))},
        {P(BOX(P(R("{{#none}}a")) P(R("b{{/none}}")) P(R("c")))), 0, P(BOX(P(R("c"))))},
        {SDT(P(R("{{#contacts}}{{name}}"))) P(R("x{{/contacts}}")), 2,
         SDT(P(T("人0"))) P(T("x")) SDT(P(T("人1"))) P(T("x"))},
        {TABLE(ROW(CELL(SDT(P(R("{{#none}}{{name}}"))) SDT(P(R("x{{/none}}")))))), 0,
         TABLE(ROW(CELL("<w:p/>")))},
        /* one section ends where the next begins; one with nothing in it */
        {P(R("{{#contacts}}")) P(R("a")) P(R("{{/contacts}}{{^contacts}}")) P(R("b"))
             P(R("{{/contacts}}")),
         0, P(R("b"))},
        {P(R("a")) P(R("{{#contacts}}")) P(R("{{/contacts}}")) P(R("b")), 2, P(R("a")) P(R("b"))},
        /* the sections of one paragraph close in it, the larger one behind it */
        {P(R("{{#contacts}}{{#none}}x{{/none}}{{name}}")) P(R("{{^none}}y{{/none}}{{/contacts}}")),
         2, P(T("人0")) P(T("y")) P(T("人1")) P(T("y"))},
        /* blank words beside a tag are none, and a row of blank cells is no row */
        {TABLE(ROW(CELL(P(R(" {{#contacts}}\xe3\x80\x80"))) CELL(P(R(" "))))
                   ROW(CELL(P(R("{{name}}")))) ROW(CELL(P(R("{{/contacts}} "))))),
         1, TABLE(ROW(CELL(P(T("人0")))))},
        /* a row whose cells hold sections of their own beside the one it begins */
        {TABLE(ROW(CELL(P(R("{{#none}}"))) CELL(P(R("{{/none}}"))) CELL(P(R("{{#contacts}}"))))
                   ROW(CELL(P(R("{{name}}")))) ROW(CELL(P(R("{{/contacts}}"))))),
         1, TABLE(ROW(CELL(P(T("人0")))))},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = filled(cases[i].body, cases[i].rows);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%zu: %s", i, got);
    }
}

static void broken(void **state)
{
    (void)state;
    refuse(P(R("合同编号：{{numb")), NULL, ERR_INVALID,
           "正文中的“合同编号：{{numb”：“{{numb”没有用");
    refuse(P(R("{{a")) P(R("}}")), NULL, ERR_INVALID, "{{a");
    refuse(P(R("{{#contacts}}x")), NULL, ERR_INVALID, "{{#contacts}}");
    refuse(P(R("x{{/contacts}}")), NULL, ERR_INVALID, "{{/contacts}}");
    refuse(P(R("{{#a}}{{/b}}")), NULL, ERR_INVALID, "{{/b}}");
    refuse(P(R("{{/a}}")) P(R("x")), NULL, ERR_INVALID, "{{/a}}");
    refuse(P(R("{{#a}}")) P(R("{{/b}}")), NULL, ERR_INVALID, "{{/b}}");
    /* a text longer than what is shown of it is cut there */
    refuse(
        P(R("一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九{{a")),
        NULL, ERR_INVALID, "七八九{…");
    refuse(P(R("｛｛a｝｝")), NULL, ERR_INVALID, "全角");
    refuse(TABLE(ROW(CELL(P(R("{{#a}}"))))) P(R("{{/a}}")), NULL, ERR_INVALID, "不在同一层");
    refuse(P(R("y{{#a}}")) P(R("x{{/a}}{{#b}}")) P(R("z{{/b}}")), NULL, ERR_INVALID, "不在同一层");
    /* a text box is a level of its own */
    refuse(P(R("{{#a}}x") BOX(P(R("{{/a}}")))), NULL, ERR_INVALID, "不在同一层");
    refuse(P(R("x") BOX(P(R("{{#a}}")))) P(R("{{/a}}")), NULL, ERR_INVALID, "不在同一层");
    refuse(P(R("{{#a}}")) P(R("x") BOX(P(R("{{/a}}")))), NULL, ERR_INVALID, "不在同一层");
    refuse(P("<w:r><w:pict><w:txbxContent>" P(R("{{#a}}")) "</w:txbxContent><w:txbxContent>" P(
               R("{{/a}}")) "</w:txbxContent></w:pict></w:r>"),
           NULL, ERR_INVALID, "不在同一层");
    refuse(P(R("{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}"
               "{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}")),
           NULL, ERR_INVALID, "最多 8 层");
    /* each mistake of the document is told */
    Buf in = package(P(R("{{a")) P(R("b}}")) P(R("{{}}")), NULL), tags;
    buf_init(&tags, c.a);
    assert_false(docx_tags(&c, in.data, in.len, &tags));
    assert_int_equal(c.n_err, 3);
}

/* The part a mistake stands in is named. */
static void where_it_is_broken(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"header+xml", "页眉中的“x{{”"},
                                          {"Footer+xml", "页脚中的“x{{”"},
                                          {"footnotes+xml", "脚注中的“x{{”"},
                                          {"endnotes+xml", "脚注中的“x{{”"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const Made more[] = {
            {"[Content_Types].xml",
             arena_printf(c.a,
                          TYPES("<Override PartName=\"/word/x.xml\" ContentType=\"" WORD "%s\"/>"),
                          rows[i][0])},
            {"word/x.xml", "<w:hdr " W "><w:p><w:r><w:t>x{{</w:t></w:r></w:p></w:hdr>"},
            {NULL, NULL}};
        refuse(P(R("{{a}}")), more, ERR_INVALID, rows[i][1]);
    }
}

/* Ten mistakes are told of a part, whichever of its kinds they are. */
static void ten_mistakes(void **state)
{
    (void)state;
    static const char *const ones[] = {"{{}}", "{{#a}}", "{{/a}}",
                                       "{{}}</w:t></w:r></w:p><w:p><w:r><w:t>",
                                       "{{#a}}</w:t></w:r></w:p><w:p><w:r><w:t>"};
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        Buf body, tags;
        buf_init(&body, c.a);
        buf_init(&tags, c.a);
        buf_puts(&body, "<w:p><w:r><w:t>");
        for (int k = 0; k < 12; k++)
            buf_puts(&body, ones[i]);
        buf_puts(&body, "</w:t></w:r></w:p>");
        Buf in = package(body.data, NULL);
        assert_false(docx_tags(&c, in.data, in.len, &tags));
        assert_int_equal(c.n_err, 10);
        ctx_errors_back_to(&c, 0);
    }
}

/* The most places a template has, whichever tag is one too many. */
static void too_many_places(void **state)
{
    (void)state;
    static const char behind[] =
        "</w:t></w:r></w:p>" TABLE(ROW(CELL(P(R("{{#none}}a")) P(R("b{{/none}}{{a}}")))));
    int fits = 0, told[2] = {0, 0};
    for (int places = FILL_NODES - 20; places <= FILL_NODES + 1; places++) {
        Buf body, tags;
        buf_init(&body, c.a);
        buf_init(&tags, c.a);
        buf_puts(&body, "<w:p><w:r><w:t>");
        for (int k = 0; k < places; k++)
            buf_puts(&body, "{{a}}");
        buf_puts(&body, behind);
        Buf in = package(body.data, NULL);
        if (docx_tags(&c, in.data, in.len, &tags)) {
            assert_int_equal(told[0] + told[1], 0);
            fits = places;
            continue;
        }
        assert_int_equal(c.n_err, 1);
        assert_non_null(strstr(c.err->message, "最多 20000 处"));
        told[strstr(c.err->message, "{{#none}}") == NULL]++;
        ctx_errors_back_to(&c, 0);
    }
    assert_in_range(fits, FILL_NODES - 20, FILL_NODES - 10);
    assert_true(told[0] > 3 && told[1] > 1);
}

static void pictures(void **state)
{
    (void)state;
    static const Made more[] = {{"docProps/core.xml", "<x/>"}, {NULL, NULL}};
    static const unsigned char png[] = "\x89PNG\r\n\x1a\nrest";
    Buf in = package(P(R("{{@qr}}")), more), out;
    FillData *d = data(0);
    fill_data_put(d, "@qr", docx_picture_text(c.a, png, sizeof png - 1, 250, 250), FILL_PICTURE);
    buf_init(&out, c.a);
    assert_true(docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &out));
    assert_memory_equal(part_of(&out, "word/media/zhike1.png"), png, sizeof png - 1);
    assert_non_null(strstr(part_of(&out, "word/_rels/document.xml.rels"), "rIdZhike1"));
    assert_non_null(strstr(part_of(&out, "[Content_Types].xml"), "image/png"));
    assert_non_null(strstr(part_of(&out, "word/document.xml"), "r:embed=\"rIdZhike1\""));
    assert_non_null(strstr(part_of(&out, "docProps/core.xml"), "<dc:creator>张三</dc:creator>"));
    /* that one, with a place put in again, as a template: each picture keeps a name of its own */
    const Made once[] = {
        {"word/_rels/document.xml.rels", part_of(&out, "word/_rels/document.xml.rels")},
        {"word/media/zhike1.png", "the first"},
        {"word/media/zhike3.jpeg", "the third"},
        {"[Content_Types].xml", part_of(&out, "[Content_Types].xml")},
        {NULL, NULL}};
    Buf again;
    in = package(P(R("{{@qr}}{{second}}")), once);
    fill_data_put(d, "second", docx_picture_text(c.a, png, sizeof png - 1, 10, 10), FILL_PICTURE);
    buf_init(&again, c.a);
    assert_true(docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &again));
    const char *rels = part_of(&again, "word/_rels/document.xml.rels"),
               *xml = part_of(&again, "word/document.xml");
    assert_string_equal(part_of(&again, "word/media/zhike1.png"), "the first");
    assert_string_equal(part_of(&again, "word/media/zhike3.jpeg"), "the third");
    static const char *const numbers[] = {"1", "2", "4"};
    for (size_t i = 0; i < 3; i++) {
        const char *one = strstr(rels, arena_printf(c.a, "Id=\"rIdZhike%s\"", numbers[i]));
        assert_non_null(one);
        assert_null(strstr(one + 1, arena_printf(c.a, "Id=\"rIdZhike%s\"", numbers[i])));
        if (i == 0)
            continue;
        assert_memory_equal(
            part_of(&again, arena_printf(c.a, "word/media/zhike%s.png", numbers[i])), png,
            sizeof png - 1);
        assert_non_null(strstr(xml, arena_printf(c.a, "r:embed=\"rIdZhike%s\"", numbers[i])));
    }
}

/* Lists of types and relations in every form XML allows: what they had is there, and the picture as well. */
static void lists_that_grow(void **state)
{
    (void)state;
#define PACKAGE_NS "http://schemas.openxmlformats.org/package/2006/"
    static const unsigned char png[] = "\x89PNG\r\n\x1a\nrest";
    static const struct {
        const char *document, *types, *rels, *rels_name;
        const char *has_type, *has_line;
    } rows[] = {
        {"word/document.xml", TYPES(""), "<Relationships xmlns=\"" PACKAGE_NS "relationships\"/>",
         "word/_rels/document.xml.rels", "Extension=\"jpeg\"", "<Relationship Id=\"rIdZhike1\""},
        {"word/document.xml",
         "<x:Types xmlns:x=\"" PACKAGE_NS "content-types\"><x:Default Extension=\"PNG\" "
         "ContentType=\"image/x-png\"></x:Default><x:Override PartName=\"/word/document.xml\" "
         "ContentType=\"" MAIN "\"/></x:Types><!-- </Types> -->",
         "<x:Relationships xmlns:x=\"" PACKAGE_NS "relationships\" xmlns:y=\"y\">"
         "<x:Relationship xmlns='z' Id='&quot;&amp;a\"' Type='t/hyperlink' y:z='1' Target='u'/>"
         "</x:Relationships>",
         "WORD/_RELS/document.XML.rels", "<Default Extension=\"PNG\" ContentType=\"image/x-png\"/>",
         "<Relationship Id=\"&quot;&amp;a&quot;\" Type=\"t/hyperlink\" Target=\"u\"/>"},
        /* a document in the root of the package, and one without relations */
        {"document.xml",
         "<Types><Override PartName=\"document.xml\" ContentType=\"" MAIN "\"/>"
         "<Default Extension=\"JPEG\" ContentType=\"j\"/></Types>",
         "<Relationships/>", "_rels/document.xml.rels",
         "<Default Extension=\"JPEG\" ContentType=\"j\"/>", "rIdZhike1"},
        {"word/document.xml", TYPES("<Default Extension=\"png\" ContentType=\"p\"/>"),
         "<Relationships/>", "_rels/.rels", "ContentType=\"p\"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const Made parts[] = {
            {i == 1 ? "[CONTENT_types].xml" : "[Content_Types].xml", rows[i].types},
            {rows[i].document, "<w:document " W "><w:body><w:p><w:r><w:t>{{@qr}}</w:t></w:r></w:p>"
                               "</w:body></w:document>"},
            {rows[i].rels_name, rows[i].rels},
            {NULL, NULL}};
        Buf in = archive(parts), out;
        FillData *d = data(0);
        fill_data_put(d, "@qr", docx_picture_text(c.a, png, sizeof png - 1, 10, 10), FILL_PICTURE);
        buf_init(&out, c.a);
        if (!docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &out))
            fail_msg("%zu: %s", i, c.err->message);
        const char *types = part_of(&out, parts[0].name), *rels = part_of(&out, rows[i].rels_name);
        assert_non_null(strstr(types, rows[i].has_type));
        int png_types = 0;
        for (const char *p = types; (p = strcasestr(p, "Extension=\"png\"")); p++)
            png_types++;
        assert_int_equal(png_types, 1);
        if (rows[i].has_line) {
            assert_non_null(strstr(rels, rows[i].has_line));
        } else {
            assert_string_equal(rels, rows[i].rels);
            rels = part_of(&out, "word/_rels/document.xml.rels");
        }
        assert_non_null(strstr(rels, "Target=\"/word/media/zhike1.png\""));
        assert_string_equal(tags_in(&out), "");
    }
}

static bool stops(void *arg, const char *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    return (*(int *)arg)-- > 0;
}

/* Wherever whoever takes the file has enough of it: ended, and no mistake of the document's. */
static void nobody_takes_it(void **state)
{
    (void)state;
    static const unsigned char png[] = "\x89PNG\r\n\x1a\nrest";
    static const Made more[] = {
        {"word/media/a.png", "x"},
        {"docProps/core.xml", "<x/>"},
        {"word/_rels/document.xml.rels", "<Relationships/>"},
        {"word/header1.xml", "<w:hdr " W "><w:p><w:r><w:t>{{@logo}}</w:t></w:r>"
                             "</w:p></w:hdr>"},
        {"[Content_Types].xml", TYPES("<Override PartName=\"/word/header1.xml\" "
                                      "ContentType=\"application/vnd.openxmlformats-officedocument."
                                      "wordprocessingml.header+xml\"/>")},
        {NULL, NULL}};
    /* texts that do not pack: larger than what is packed at once, and several that are not */
    char *noise = arena_alloc(c.a, 100001);
    uint32_t seed = 1;
    for (int i = 0; i <= 100000; i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (char)(i % 20000 ? '0' + (seed >> 24) % 75 : 0);
    }
    noise[20000] = 'x';
    FillData *d = data(0);
    fill_data_put(d, "large", noise + 1, FILL_YES);
    for (int i = 2; i < 5; i++)
        fill_data_put(d, arena_printf(c.a, "half%d", i), noise + i * 20000 + 1, FILL_YES);
    fill_data_put(d, "@logo", docx_picture_text(c.a, png, sizeof png - 1, 5, 5), FILL_PICTURE);
    fill_data_put(d, "@qr", docx_picture_text(c.a, png, sizeof png - 1, 10, 10), FILL_PICTURE);
    fill_data_put(d, "@utc", "2026-11-23T00:00:00Z", FILL_YES);
    fill_data_put(d, "@title", NULL, FILL_YES);
    Buf in = package(P(R("{{@qr}}{{large}}{{half2}}{{half3}}{{half4}}")), more), out;
    buf_init(&out, c.a);
    assert_true(docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &out));
    const char *core = part_of(&out, "docProps/core.xml");
    assert_non_null(strstr(core, "W3CDTF\">2026-11-23T00:00:00Z</dcterms:created>"));
    assert_non_null(strstr(core, "<dc:title></dc:title>"));
    /* each part names the pictures that stand in it */
    const char *of_header = part_of(&out, "word/_rels/header1.xml.rels"),
               *of_body = part_of(&out, "word/_rels/document.xml.rels");
    assert_true(strstr(of_header, "rIdZhike1") && !strstr(of_header, "rIdZhike2"));
    assert_true(strstr(of_body, "rIdZhike2") && !strstr(of_body, "rIdZhike1"));
    int pieces = 0;
    for (bool whole = false; !whole; pieces++) {
        int left = pieces;
        assert_in_range(pieces, 0, 1000);
        whole = docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, stops, &left);
        assert_int_equal(c.n_err, 0);
        assert_int_equal(left, whole ? 0 : -1);
    }
    assert_true(pieces > 20);
}

/* Texts that are no picture leave nothing in their place; eight are the most a document takes. */
static void pictures_that_are_none(void **state)
{
    (void)state;
    static const unsigned char jpeg[] = "\xff\xd8\xff\xe0rest";
    const char *bytes = strrchr(docx_picture_text(c.a, jpeg, sizeof jpeg - 1, 1, 1), ' ');
    const struct {
        const char *size;
        bool drawn;
    } rows[] = {{"1 1", true},       {"3000 3000", true}, {"0 1", false}, {"1 0", false},
                {"3001 1", false},   {"1 3001", false},   {"x 1", false}, {"1", false},
                {"-250 250", false}, {"250 250x", false}};
    Buf in = package(P(R("{{@qr}}.")), NULL), out;
    buf_init(&out, c.a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FillData *d = data(0);
        fill_data_put(d, "@qr", arena_printf(c.a, "%s%s", rows[i].size, bytes), FILL_PICTURE);
        buf_clear(&out);
        assert_true(docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &out));
        if ((part_of(&out, "word/media/zhike1.jpeg") != NULL) != rows[i].drawn)
            fail_msg("%s", rows[i].size);
    }
    static const char *const none[] = {"250 250", "250 250 ", "250 250 ***", "250 250 AAAA", ""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) { /* no bytes, no base64, three bytes */
        FillData *d = data(0);
        fill_data_put(d, "@qr", none[i], FILL_PICTURE);
        buf_clear(&out);
        assert_true(docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &out));
        assert_null(part_of(&out, "word/media/zhike1.jpeg"));
        assert_non_null(strstr(part_of(&out, "word/document.xml"), "preserve\">.</w:t>"));
    }
    Buf body;
    FillData *d = data(0);
    buf_init(&body, c.a);
    for (int i = 1; i <= 9; i++) {
        buf_printf(&body, P(R("{{p%d}}")), i);
        fill_data_put(d, arena_printf(c.a, "p%d", i), arena_printf(c.a, "1 1%s", bytes),
                      FILL_PICTURE);
    }
    in = package(body.data, NULL);
    buf_clear(&out);
    assert_true(docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &out));
    assert_non_null(part_of(&out, "word/media/zhike8.jpeg"));
    assert_null(part_of(&out, "word/media/zhike9.jpeg"));
}

static void escaping(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {{"a&<>\"'", "a&amp;&lt;&gt;\"'"},     {"\t\n\r", "\t\n\r"},
                {"a\x01\x1f\x7f", "a\x7f"},           {"\xef\xbf\xbd", "\xef\xbf\xbd"},
                {"a\xef\xbf\xbe\xef\xbf\xbf.", "a."}, /* no characters at all */
                {"\xef\xbe\xbf", "\xef\xbe\xbf"},     {"a\xef\xbf", "a\xef\xbf"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Buf out;
        buf_init(&out, c.a);
        docx_escape(&out, rows[i].text, strlen(rows[i].text));
        assert_string_equal(out.data, rows[i].want);
    }
    FillData *d = data(0);
    fill_data_put(d, "lines", "a\r\nb\rc\r", FILL_YES); /* one line each, whoever wrote them */
    Buf in = package(P(R("{{lines}}")), NULL), out;
    buf_init(&out, c.a);
    assert_true(docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &out));
#define BR "</w:t><w:br/><w:t xml:space=\"preserve\">"
    assert_non_null(
        strstr(part_of(&out, "word/document.xml"), "preserve\">a" BR "b" BR "c" BR "</w:t>"));
}

static void tags(void **state)
{
    (void)state;
    Buf in = package(P(R("{{#contacts}}")) P(R("{{na") R("me}}{{^phone}}x{{/phone}}"))
                         P(R("{{/contacts}}{{@date}}")),
                     NULL),
        out;
    buf_init(&out, c.a);
    assert_true(docx_tags(&c, in.data, in.len, &out));
    assert_string_equal(out.data,
                        "{{#contacts}}{{name}}{{^phone}}{{/phone}}{{@date}}{{/contacts}}");
}

/* Ten thousand rows: nothing but the values grows with them. */
static void many(void **state)
{
    (void)state;
    const char *body = TABLE(ROW(CELL(P(R("{{#contacts}}{{@no}}"))) CELL(P(R("{{name}}")))
                                     CELL(P(R("{{phone}}{{/contacts}}")))));
    size_t used[2];
    for (int i = 0; i < 2; i++) {
        Buf in = package(body, NULL), out;
        FillData *d = data(i ? 10000 : 1000);
        buf_init(&out, c.a);
        (void)buf_room(&out, 1 << 20);
        size_t before = arena_used(c.a);
        assert_true(docx_fill(&c, in.data, in.len, d, (DocxMost){1 << 30, 1 << 20}, into, &out));
        used[i] = arena_used(c.a) - before;
        if (i == 0)
            continue;
        const char *xml = part_of(&out, "word/document.xml");
        int rows = 0;
        for (const char *p = xml; (p = strstr(p, "<w:tr>")); p++)
            rows++;
        assert_int_equal(rows, 10000);
        assert_non_null(strstr(xml, "人9999"));
    }
    assert_true(used[1] < used[0] + (1 << 17));
    /* and an end to what it may become */
    Buf in = package(body, NULL), out;
    buf_init(&out, c.a);
    assert_false(
        docx_fill(&c, in.data, in.len, data(10000), (DocxMost){1 << 18, 1 << 20}, into, &out));
    assert_int_equal(c.err->code, ERR_TOO_LARGE);
    assert_null(c.err->field);
}

/* Rows are counted wherever they stand, those without a text as well. */
static void too_many_rows(void **state)
{
    (void)state;
    Buf in = package(P(R("{{#contacts}}{{/contacts}}")) P(R("{{#contacts}}{{/contacts}}")), NULL),
        out;
    buf_init(&out, c.a);
    assert_true(docx_fill(&c, in.data, in.len, data(500), (DocxMost){1 << 30, 1000}, into, &out));
    buf_clear(&out);
    assert_false(docx_fill(&c, in.data, in.len, data(501), (DocxMost){1 << 30, 1000}, into, &out));
    assert_int_equal(c.err->code, ERR_TOO_LARGE);
    assert_string_equal(c.err->field, "rows");
}

int main(void)
{
    msg_load();
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest all[] = {TEST(runs),
                                     TEST(repeats),
                                     TEST(broken),
                                     TEST(tags),
                                     TEST(pictures),
                                     TEST(many),
                                     TEST(too_many_rows),
                                     TEST(pictures_that_are_none),
                                     TEST(escaping),
                                     TEST(boxes),
                                     TEST(where_it_is_broken),
                                     TEST(ten_mistakes),
                                     TEST(too_many_places),
                                     TEST(lists_that_grow),
                                     TEST(nobody_takes_it)};
    return cmocka_run_group_tests(all, NULL, NULL);
}
