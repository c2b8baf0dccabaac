/*
 * Word templates: tags cut into runs, rows and paragraphs that repeat, broken tags with their words, values that look like
 * XML, pictures, what is refused, and ten thousand rows in little memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "record/print/docx_impl.h"

#define W "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""
#define MAIN "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
#define TYPES(more)                                                                                \
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"               \
    "<Override PartName=\"/word/document.xml\" ContentType=\"" MAIN "\"/>" more "</Types>"
#define RELS(x)                                                                                    \
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">" x     \
    "</Relationships>"
#define R(t) "<w:r><w:t>" t "</w:t></w:r>"
#define P(x) "<w:p>" x "</w:p>"
#define CELL(x) "<w:tc>" x "</w:tc>"
#define ROW(x) "<w:tr>" x "</w:tr>"
#define TABLE(x) "<w:tbl>" x "</w:tbl>"

static Ctx c;

static int set_up(void **state)
{
    (void)state;
    ctx_init(&c, arena_new(0));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(c.a);
    return 0;
}

static bool into(void *arg, const char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return true;
}

typedef struct Made {
    const char *name, *xml;
} Made;

/* A package of the body and what is given beside it (closed by NULL); types or main by these names take the usual ones' place. */
static Buf package(const char *body, const Made *more)
{
    Buf out;
    buf_init(&out, c.a);
    DocxOut *o = docx_out_new(c.a, 0x00210000, into, &out);
    const char *types = TYPES("");
    for (const Made *m = more; m && m->name; m++)
        if (strcmp(m->name, "[Content_Types].xml") == 0)
            types = m->xml;
    const char *xml = arena_printf(
        c.a, "<?xml version=\"1.0\"?><w:document " W "><w:body>%s</w:body></w:document>", body);
    assert_true(docx_out_whole(o, "[Content_Types].xml", types, strlen(types)));
    assert_true(docx_out_whole(o, "word/document.xml", xml, strlen(xml)));
    for (const Made *m = more; m && m->name; m++)
        if (m->name[0] != '[')
            assert_true(docx_out_whole(o, m->name, m->xml, strlen(m->xml)));
    assert_true(docx_out_close(o));
    return out;
}

static const char *part_of(const Buf *file, const char *name)
{
    DocxPackage p;
    const char *xml;
    size_t n;
    assert_true(docx_open(&c, file->data, file->len, &p));
    int at = docx_find(&p, name);
    if (at < 0)
        return NULL;
    assert_true(docx_part(&p, at, &xml, &n));
    assert_int_equal((int64_t)n, p.parts[at].size);
    return arena_dup(c.a, xml, n);
}

static FillData *data(int rows)
{
    static const char *const paths[] = {"name", "phone"};
    FillData *d = ARENA_NEW(c.a, FillData);
    fill_data_init(d, c.a);
    fill_data_put(d, "客户名称", "云帆 <&> \"信息\"", FILL_YES);
    fill_data_put(d, "address", "一\n二\t三\x01", FILL_YES);
    fill_data_put(d, "tag", "{{客户名称}}", FILL_YES);
    fill_data_put(d, "empty", "", FILL_YES);
    fill_data_put(d, "@user", "张三", FILL_YES);
    fill_data_put(d, "@title", "云帆", FILL_YES);
    FillList *l = fill_data_list(d, "contacts", paths, 2);
    for (int i = 0; i < rows; i++) {
        FillCell *cells = fill_list_row(d, l);
        cells[0] = (FillCell){arena_printf(c.a, "人%d", i), FILL_YES};
        cells[1] = (FillCell){i % 2 ? NULL : "138****0000", FILL_YES};
    }
    fill_data_list(d, "none", paths, 2);
    return d;
}

/* The body of document.xml, filled. */
static const char *filled(const char *body, int rows)
{
    Buf in = package(body, NULL), out;
    buf_init(&out, c.a);
    bool ok = docx_fill(&c, in.data, in.len, data(rows), (DocxMost){1 << 30, 1 << 20}, into, &out);
    if (!ok)
        print_error("%s\n", c.err ? c.err->message : "?");
    assert_true(ok);
    const char *xml = part_of(&out, "word/document.xml");
    const char *from = strstr(xml, "<w:body>") + 8;
    return arena_dup(c.a, from, (size_t)(strstr(from, "</w:body>") - from));
}

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

static void refuse(const char *body, const Made *more, ErrCode code, const char *said)
{
    Buf in = package(body, more), tags;
    buf_init(&tags, c.a);
    assert_false(docx_tags(&c, in.data, in.len, &tags));
    if (c.err->code != code || !strstr(c.err->message, said))
        print_error("%s: %s\n", more ? more->name : "", c.err->message);
    assert_int_equal(c.err->code, code);
    assert_string_equal(c.err->field, "file");
    assert_non_null(strstr(c.err->message, said));
    ctx_errors_back_to(&c, 0);
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
    /* each mistake of the document is told */
    Buf in = package(P(R("{{a")) P(R("b}}")) P(R("{{}}")), NULL), tags;
    buf_init(&tags, c.a);
    assert_false(docx_tags(&c, in.data, in.len, &tags));
    assert_int_equal(c.n_err, 3);
}

static void hostile(void **state)
{
    (void)state;
#define REL "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    static const Made macro[] = {{"word/vbaProject.bin", "x"}, {NULL, NULL}};
    static const Made typed[] = {
        {"[Content_Types].xml",
         "<Types><Override PartName=\"/word/document.xml\" "
         "ContentType=\"application/vnd.ms-word.document.macroEnabled.main+xml\"/></Types>"},
        {NULL, NULL}};
    static const Made outside[] = {
        {"word/_rels/document.xml.rels",
         RELS("<Relationship Id=\"a\" Type=\"" REL "image\" Target=\"file://evil/x.png\" "
              "TargetMode=\"External\"/>")},
        {NULL, NULL}};
    static const Made tied[] = {{"word/_rels/settings.xml.rels",
                                 RELS("<Relationship Id=\"a\" Type=\"" REL "attachedTemplate\" "
                                      "Target=\"http://evil/t.dotm\" TargetMode=\"External\"/>")},
                                {NULL, NULL}};
    static const Made link[] = {
        {"word/_rels/document.xml.rels",
         RELS("<Relationship Id=\"a\" Type=\"" REL "hyperlink\" Target=\"https://example.com/\" "
              "TargetMode=\"External\"/>")},
        {NULL, NULL}};
    static const Made other[] = {{"[Content_Types].xml", "<Types/>"}, {NULL, NULL}};
    static const Made dtd[] = {
        {"word/_rels/document.xml.rels", "<!DOCTYPE a [<!ENTITY b \"c\">]>" RELS("")},
        {NULL, NULL}};
    Buf tags, ok = package(P(R("x")), link);
    buf_init(&tags, c.a);
    assert_true(docx_tags(&c, ok.data, ok.len, &tags));
    refuse("", macro, ERR_UNSUPPORTED_TYPE, "vbaProject");
    refuse("", typed, ERR_UNSUPPORTED_TYPE, "宏");
    refuse("", outside, ERR_UNSUPPORTED_TYPE, "evil");
    refuse("", tied, ERR_UNSUPPORTED_TYPE, "t.dotm");
    refuse("", other, ERR_UNSUPPORTED_TYPE, ".docx");
    refuse("", dtd, ERR_UNSUPPORTED_TYPE, "DTD");
    refuse(P("<w:r><w:instrText>DDE</w:instrText></w:r><w:r><w:instrText>AUTO c:\\x</w:instrText>"
             "</w:r>"),
           NULL, ERR_UNSUPPORTED_TYPE, "DDEAUTO");
    refuse(P("<w:fldSimple w:instr=\" IncludePicture x \"/>"), NULL, ERR_UNSUPPORTED_TYPE,
           "INCLUDEPICTURE");
    refuse("</w:body><w:body>&nbsp;", NULL, ERR_INVALID, "损坏");
    static const struct {
        const char *bytes;
        size_t n;
        const char *said;
    } files[] = {{"", 0, ".docx"},
                 {"hello", 5, ".docx"},
                 {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1zzzz", 12, ".doc"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_false(docx_tags(&c, files[i].bytes, files[i].n, &tags));
        assert_int_equal(c.err->code, ERR_UNSUPPORTED_TYPE);
        assert_non_null(strstr(c.err->message, files[i].said));
        ctx_errors_back_to(&c, 0);
    }
    /* deep, and a part that unpacks to much more than it is */
    Buf deep, bomb;
    buf_init(&deep, c.a);
    for (int i = 0; i < 300; i++)
        buf_puts(&deep, "<w:x>");
    for (int i = 0; i < 300; i++)
        buf_puts(&deep, "</w:x>");
    refuse(deep.data, NULL, ERR_TOO_LARGE, "过深");
    buf_init(&bomb, c.a);
    for (int i = 0; i < 17 << 16; i++)
        buf_puts(&bomb, "                ");
    refuse(bomb.data, NULL, ERR_TOO_LARGE, "允许的大小");
}

/* The archive itself: an entry is changed after the file was made, in its own header and in the directory at the end. */
enum {
    FLAGS = 6,
    METHOD = 8,
    CRC = 14
}; /* of the own header; the directory's are two further on */

static void patch(Buf *file, const char *name, int at, unsigned set)
{
    size_t len = strlen(name);
    int n = 0;
    for (size_t i = 0; i + 46 + len <= file->len; i++) {
        char *p = file->data + i;
        bool own = memcmp(p, "PK\3\4", 4) == 0 && memcmp(p + 30, name, len) == 0,
             listed = memcmp(p, "PK\1\2", 4) == 0 && memcmp(p + 46, name, len) == 0;
        if (!own && !listed)
            continue;
        p[at + (listed ? 2 : 0)] = (char)set;
        n++;
    }
    assert_int_equal(n, 2);
}

static void archives(void **state)
{
    (void)state;
    static const Made picture[] = {{"word/media/a.png", "x"}, {NULL, NULL}};
    static const struct {
        int at;
        unsigned set;
        ErrCode code;
        const char *said;
    } changed[] = {
        {FLAGS, 1, ERR_UNSUPPORTED_TYPE, "密码"},
        {METHOD, 12, ERR_INVALID, "word/media/a.png"}, /* bzip2 */
        {METHOD, 99, ERR_UNSUPPORTED_TYPE, ".docx"},   /* stands for AES */
    };
    Buf tags;
    buf_init(&tags, c.a);
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        Buf in = package(P(R("x")), picture);
        assert_true(docx_tags(&c, in.data, in.len, &tags));
        patch(&in, "word/media/a.png", changed[i].at, changed[i].set);
        assert_false(docx_tags(&c, in.data, in.len, &tags));
        if (c.err->code != changed[i].code || !strstr(c.err->message, changed[i].said))
            fail_msg("%zu: %s", i, c.err->message);
        ctx_errors_back_to(&c, 0);
    }
    /* bytes that are not those the sum was made of: seen where they are read */
    Buf in = package(P(R("x")), NULL);
    patch(&in, "word/document.xml", CRC, 7);
    assert_false(docx_tags(&c, in.data, in.len, &tags));
    assert_int_equal(c.err->code, ERR_INVALID);
    ctx_errors_back_to(&c, 0);
    /* cut anywhere, it is refused and never read beyond its end */
    Buf whole = package(P(R("{{客户名称}}")), picture);
    for (size_t n = 0; n < whole.len; n += 7) {
        char *part = malloc(n + 1);
        assert_non_null(part);
        memcpy(part, whole.data, n);
        assert_false(docx_tags(&c, part, n, &tags));
        assert_true(c.err->code == ERR_INVALID || c.err->code == ERR_UNSUPPORTED_TYPE);
        ctx_errors_back_to(&c, 0);
        free(part);
    }
}

/* Names that would leave the folder where the result is unpacked, or that two entries share. */
static void names_of_entries(void **state)
{
    (void)state;
    static const char *const bad[] = {"/word/x.xml", "word/../../x.xml", "..", "word\\x.xml",
                                      "WORD/document.XML"};
    enum { N = sizeof bad / sizeof *bad };
    char longest[202];
    memset(longest, 'a', 201);
    longest[201] = 0;
    for (int i = 0; i <= N; i++) {
        const Made more[] = {{i < N ? bad[i] : longest, "x"}, {NULL, NULL}};
        refuse(P(R("x")), more, ERR_INVALID, "损坏");
    }
    /* said to be UTF-8 and are none: the archive is not opened */
    static const Made odd[][2] = {{{"word/\x01.xml", "x"}, {NULL, NULL}},
                                  {{"word/\xff\xfe.xml", "x"}, {NULL, NULL}}};
    for (int i = 0; i < 2; i++)
        refuse(P(R("x")), odd[i], ERR_UNSUPPORTED_TYPE, ".docx");
    longest[200] = 0;
    const Made fits[] = {{longest, "x"}, {"word/a..b", "x"}, {NULL, NULL}};
    Buf in = package(P(R("x")), (const Made[]){fits[0], {NULL, NULL}}), tags;
    buf_init(&tags, c.a);
    assert_true(docx_tags(&c, in.data, in.len, &tags));
    refuse(P(R("x")), fits, ERR_INVALID, "损坏"); /* two dots are not looked into */
}

/* What runs or is fetched by itself, by whatever part names it. */
static void lively(void **state)
{
    (void)state;
    static const char *const relations[] = {"oleObject", "control", "aFChunk", "frame",
                                            "subDocument"};
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
        const Made more[] = {
            {"word/_rels/document.xml.rels",
             arena_printf(c.a, RELS("<Relationship Id=\"a\" Type=\"" REL "%s\"%s/>"), relations[i],
                          i % 2 ? "" : " Target=\"x/y.z\"")},
            {NULL, NULL}};
        refuse("", more, ERR_UNSUPPORTED_TYPE, i % 2 ? relations[i] : "x/y.z");
    }
    static const Made embedded[] = {{"word/embeddings/oleObject1.bin", "x"}, {NULL, NULL}},
                      other[] = {{"word/Embeddings/a1.bin", "x"}, {NULL, NULL}},
                      by_type[] = {{"[Content_Types].xml",
                                    "<Types><Default Extension=\"bin\" ContentType=\"application/"
                                    "vnd.ms-office.activeX\"/></Types>"},
                                   {NULL, NULL}},
                      outside[] = {{"word/_rels/document.xml.rels",
                                    RELS("<Relationship Id=\"a\" Type=\"image\" "
                                         "TargetMode=\"external\"/>")},
                                   {NULL, NULL}},
                      twice[] = {{"[Content_Types].xml", TYPES("<Override PartName=\"word/b.xml\" "
                                                               "ContentType=\"" MAIN "\"/>")},
                                 {"word/b.xml", "<x/>"},
                                 {NULL, NULL}},
                      harmless[] = {
                          {"word/_rels/document.xml.rels",
                           RELS("<Relationship Id=\"a\"/><Other Type=\"" REL "frame\"/>")},
                          {"word/embeddings/a.xlsx", "x"},
                          {NULL, NULL}};
    refuse("", embedded, ERR_UNSUPPORTED_TYPE, "oleObject1.bin");
    refuse("", other, ERR_UNSUPPORTED_TYPE, "a1.bin");
    refuse("", by_type, ERR_UNSUPPORTED_TYPE, "activeX");
    refuse("", outside, ERR_UNSUPPORTED_TYPE, "");
    refuse("", twice, ERR_UNSUPPORTED_TYPE, ".docx");
    Buf in = package(P(R("x")), harmless), tags;
    buf_init(&tags, c.a);
    assert_true(docx_tags(&c, in.data, in.len, &tags));
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
    /* filled again, as one that was a template once: one picture of a name */
    Buf again;
    buf_init(&again, c.a);
    assert_true(docx_fill(&c, out.data, out.len, d, (DocxMost){1 << 30, 1 << 20}, into, &again));
    assert_non_null(part_of(&again, "word/document.xml"));
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

/* A document.xml of any form: its tags, or "!" and why it is none. */
static const char *tags_of(const char *xml, size_t n)
{
    Buf in, out;
    buf_init(&in, c.a);
    buf_init(&out, c.a);
    DocxOut *o = docx_out_new(c.a, 0x00210000, into, &in);
    assert_true(docx_out_whole(o, "[Content_Types].xml", TYPES(""), strlen(TYPES(""))));
    assert_true(docx_out_whole(o, "word/document.xml", xml, n));
    assert_true(docx_out_close(o));
    ctx_errors_back_to(&c, 0);
    if (docx_tags(&c, in.data, in.len, &out))
        return out.len ? out.data : "";
    return arena_printf(c.a, "!%s", err_name(c.err->code));
}

static void forms_of_xml(void **state)
{
    (void)state;
#define DOC(attrs, w)                                                                              \
    "<" w "document " attrs "><" w "body><" w "p><" w "r><" w "t>{{a}}</" w "t></" w "r></" w      \
    "p></" w "body></" w "document>"
#define NS "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    static const char *const rows[][2] = {
        {DOC(W, "w:"), "{{a}}"},
        {DOC("xmlns:x=\"http://x\" xmlns:any=\"" NS "\"", "any:"), "{{a}}"},
        {DOC("xmlns=\"" NS "\"", ""), "{{a}}"},
        {DOC("xmlns=\"http://purl.oclc.org/ooxml/wordprocessingml/main\"", ""), "{{a}}"},
        {DOC("", "w:"), "!invalid"}, /* words of nobody */
        {DOC("xmlns:w=\"http://x\"", "w:"), "!invalid"},
        {DOC("other=\"" NS "\"", "w:"), "!invalid"}, /* no prefix at all */
        {"<?xml version=\"1.0\" encoding=\"utf-8\"?>" DOC(W, "w:"), "{{a}}"},
        {"<?xml version=\"1.0\" encoding=\"GBK\"?>" DOC(W, "w:"), "!invalid"},
        {"\xef\xbb\xbf" DOC(W, "w:"), "{{a}}"},
        {"", "!invalid"},
        {"<", "!invalid"},
        {"<w:document " W ">", "!invalid"},
        /* what stands in a text outside any paragraph, or within a text, is none of it */
        {"<w:document " W "><w:t>{{a}}</w:t></w:document>", ""},
        {"<w:p " W "><w:r><w:t>{{a}}<w:t>{{b}}</w:t></w:t></w:r></w:p>", "{{a}}{{b}}"},
        /* fields: what is fetched or run is refused, what only sounds like it is not */
        {"<w:p " W "><w:fldSimple/></w:p>", ""},
        {"<w:p " W "><w:fldSimple w:instr=\"PAGE\"/></w:p>", ""},
        {"<w:p " W "><w:fldSimple w:instr=\"LINK\"/></w:p>", "!unsupported_type"},
        {"<w:p " W "><w:fldSimple w:instr=\"HYPERLINK LINKS LINK_ LINK2\"/></w:p>", ""},
        {"<w:p " W "><w:fldSimple w:instr=\" \\* macrobutton \"/></w:p>", "!unsupported_type"},
        {"<w:p " W "><w:altChunk/></w:p>", "!unsupported_type"},
        {"<w:p " W "><w:subDoc/></w:p>", "!unsupported_type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = tags_of(rows[i][0], strlen(rows[i][0]));
        if (strcmp(got, rows[i][1]) != 0)
            fail_msg("%s: %s", rows[i][0], got);
    }
    static const char *const wide[] = {"\xff\xfe<\0", "\xfe\xff\0<", "\0<", "<\0"};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        assert_string_equal(tags_of(wide[i], i < 2 ? 4 : 2), "!invalid");
    ctx_errors_back_to(&c, 0);
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
    const struct CMUnitTest all[] = {
        TEST(runs),     TEST(repeats),          TEST(broken), TEST(hostile),
        TEST(tags),     TEST(pictures),         TEST(many),   TEST(too_many_rows),
        TEST(archives), TEST(names_of_entries), TEST(lively), TEST(pictures_that_are_none),
        TEST(escaping), TEST(forms_of_xml)};
    return cmocka_run_group_tests(all, NULL, NULL);
}
