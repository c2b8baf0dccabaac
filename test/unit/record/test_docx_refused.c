/* Word templates as strangers make them: what is refused, whatever part of the archive it lies in, and what only looks like it. */
#include "docx.h"

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
        assert_false(
            docx_fill(&c, files[i].bytes, files[i].n, data(0), (DocxMost){1, 1}, into, &tags));
        assert_int_equal(c.err->code, ERR_UNSUPPORTED_TYPE);
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
    CRC = 14,
    PACKED = 18,
    SIZE = 22,
    PLACE = 40 /* of the directory alone; the own header has its name there, which nobody reads */
};             /* of the own header; the directory's are two further on */

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
        {SIZE + 3, 0x7f, ERR_TOO_LARGE,
         "200 MB"}, /* says that it is 2 GB, and 5 MB of a few bytes */
        {SIZE + 2, 0x50, ERR_TOO_LARGE, "200 MB"},
        {SIZE + 3, 0xff, ERR_TOO_LARGE, "200 MB"},
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
    /* laid in as it is, not packed: as good as packed */
    Buf plain = package(P(R("{{a}}")), picture);
    patch(&plain, "word/media/a.png", METHOD, 0);
    assert_string_equal(tags_in(&plain), "{{a}}");
    /* 5 MB of no bytes at all */
    Buf none = package(P(R("x")), picture);
    patch(&none, "word/media/a.png", PACKED, 0);
    patch(&none, "word/media/a.png", SIZE + 2, 0x50);
    assert_string_equal(tags_in(&none), "!too_large");
    /* bytes that are not those the sum was made of, or that lie nowhere: seen where they are read */
    static const char *const parts[] = {"[Content_Types].xml", "word/document.xml",
                                        "word/_rels/document.xml.rels"};
    static const Made linked[] = {{"word/_rels/document.xml.rels", RELS("")}, {NULL, NULL}};
    for (size_t i = 0; i < 2 * sizeof parts / sizeof *parts; i++) {
        Buf in = package(P(R("x")), linked);
        patch(&in, parts[i / 2], i % 2 ? PLACE + 3 : CRC, 0x77);
        assert_string_equal(tags_in(&in), "!invalid");
        assert_non_null(strstr(c.err->message, parts[i / 2]));
    }
    /* a part that is copied is read as it is filled */
    static const int nowhere[] = {PLACE + 3, PACKED + 2};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        Buf in = package(P(R("x")), picture), out;
        patch(&in, "word/media/a.png", nowhere[i], 0x70);
        assert_string_equal(tags_in(&in), "");
        buf_init(&out, c.a);
        assert_false(
            docx_fill(&c, in.data, in.len, data(0), (DocxMost){1 << 30, 1 << 20}, into, &out));
        assert_int_equal(c.err->code, ERR_INVALID);
        assert_non_null(strstr(c.err->message, "word/media/a.png"));
        ctx_errors_back_to(&c, 0);
    }
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

/* What is larger than anybody's template, in bytes, entries, elements and what a part unpacks to; and what is merely long. */
static void large(void **state)
{
    (void)state;
    Buf in, tags, body;
    buf_init(&tags, c.a);
    char *bytes = calloc(1, DOCX_BYTES + 1);
    assert_non_null(bytes);
    assert_false(docx_tags(&c, bytes, DOCX_BYTES + 1, &tags));
    assert_int_equal(c.err->code, ERR_TOO_LARGE);
    assert_non_null(strstr(c.err->message, "20 MB"));
    assert_string_equal(tags_in(&(Buf){.data = bytes, .len = DOCX_BYTES}), "!unsupported_type");
    ctx_errors_back_to(&c, 0);
    free(bytes);

    Made *many = ARENA_ARRAY(c.a, DOCX_ENTRIES + 2, Made);
    for (int i = 0; i < DOCX_ENTRIES - 1; i++)
        many[i] = (Made){arena_printf(c.a, "word/media/%d.bin", i), "x"};
    many[DOCX_ENTRIES - 1] = (Made){NULL, NULL};
    refuse(P(R("{{a}}")), many, ERR_TOO_LARGE, "部件过多");
    many[DOCX_ENTRIES - 2] = (Made){NULL, NULL};
    in = package(P(R("{{a}}")), many);
    assert_string_equal(tags_in(&in), "{{a}}");

    buf_init(&body, c.a);
    for (int i = 0; i < DOCX_ELEMENTS; i++)
        buf_puts(&body, "<w:x/>");
    refuse(body.data, NULL, ERR_TOO_LARGE, "过深");

    buf_clear(&body); /* packs well, but not so well that it must be a trap */
    for (int i = 0; body.len <= DOCX_XML; i++)
        buf_printf(&body, "<!-- %08x%08x -->\n", (unsigned)i * 2654435761u, (unsigned)i * 40503u);
    refuse(body.data, NULL, ERR_TOO_LARGE, "允许的大小");

    buf_clear(&body);
    for (int i = 0; i < 6000; i++)
        buf_printf(&body, "<w:p><w:r><w:t>%s %d</w:t></w:r></w:p>", i % 5999 ? "" : "{{a}}", i);
    in = package(body.data, NULL);
    assert_string_equal(tags_in(&in), "{{a}}{{a}}");
    memcpy(strstr(body.data, "</w:p>"), "<<", 2); /* broken long before its end */
    in = package(body.data, NULL);
    assert_string_equal(tags_in(&in), "!invalid");
    /* a large part that is copied, byte by byte */
    buf_clear(&body);
    for (uint32_t i = 1; body.len < 300000; i = i * 1664525 + 1013904223)
        buf_putc(&body, (char)('0' + (i >> 24) % 75));
    const Made copied[] = {{"word/media/a.png", body.data}, {NULL, NULL}};
    Buf out;
    buf_init(&out, c.a);
    in = package(P(R("x")), copied);
    assert_true(docx_fill(&c, in.data, in.len, data(0), (DocxMost){1 << 30, 1 << 20}, into, &out));
    assert_string_equal(part_of(&out, "word/media/a.png"), body.data);
}

/* What a part is: what its own name says, else its ending, in capitals or not. */
static void types_of_parts(void **state)
{
    (void)state;
#define NAMED(part, type) "<Override PartName=\"/" part "\" ContentType=\"" type "\"/>"
#define ENDING(ext, type) "<Default Extension=\"" ext "\" ContentType=\"" type "\"/>"
#define HEADER WORD "header+xml"
    static const struct {
        const char *types, *want;
    } rows[] = {
        {"<Types>" ENDING("xml", MAIN) ENDING("Hdr", HEADER) "</Types>", "{{a}}{{h}}"},
        {"<Types>" NAMED("word/document.xml", MAIN) ENDING("HDR", HEADER) "</Types>", "{{a}}{{h}}"},
        {"<Types>" ENDING("xml", HEADER) NAMED("WORD/document.xml", MAIN) "</Types>", "{{a}}"},
        {"<Types>" NAMED("word/document.xml", MAIN) ENDING("xml", "x/y") "</Types>", "{{a}}"},
        {"<Types>" NAMED("word/document.xml", MAIN)
             NAMED("word/h.hdr", "APPLICATION/vnd."
                                 "openxmlformats-officedocument."
                                 "wordprocessingml.HEADER+xml") "</Types>",
         "{{a}}{{h}}"},
        {"<Types>" NAMED("word/document.xml", MAIN)
             NAMED("word/h.hdr", WORD "settings+xml") "</Types>",
         "{{a}}"},
        {"<Types>" NAMED("word/document.xml", MAIN) NAMED("word/h.hdr", "image/png") "</Types>",
         "{{a}}"},
        {"<Types>" NAMED("word/document.xml", MAIN)
             NAMED("word/gone.xml", HEADER) "<Default ContentType=\"x/y\"/></Types>",
         "{{a}}"},
        {"<Types><Override PartName=\"/word/document.xml\"/></Types>", "!unsupported_type"},
        {"<Types><Override ContentType=\"" MAIN "\"/></Types>", "!unsupported_type"},
        {"<Types><Other PartName=\"/word/document.xml\" Extension=\"xml\" "
         "ContentType=\"" MAIN "\"/></Types>",
         "!unsupported_type"},
        {"<Types>" NAMED("word/document.xml", MAIN), "!invalid"},
        {NULL, "!unsupported_type"}, /* nothing says what is what */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Made parts[] = {
            {"word/document.xml",
             "<w:document " W "><w:p><w:r><w:t>{{a}}</w:t></w:r></w:p></w:document>"},
            {"word/h.hdr", "<w:hdr " W "><w:p><w:r><w:t>{{h}}</w:t></w:r></w:p></w:hdr>"},
            {"word/no_ending", "x"},
            {"word/media/", ""}, /* a folder */
            {"[Content_Types].xml", rows[i].types},
            {NULL, NULL}};
        if (!rows[i].types)
            parts[4].name = NULL;
        Buf in = archive(parts);
        const char *got = tags_in(&in);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%zu: %s", i, got);
    }
    ctx_errors_back_to(&c, 0);
}

/* Names that would leave the folder where the result is unpacked, or that two entries share. */
static void names_of_entries(void **state)
{
    (void)state;
    static const char *const bad[] = {"/word/x.xml",   "word/../../x.xml",  "..",
                                      "word\\x.xml",   "WORD/document.XML", "",
                                      "word/a\nb.xml", "word/\xc0\xafx.xml"};
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
    static const Made inside[] = {
        {"word/_rels/document.xml.rels",
         RELS("<Relationship Id=\"a\" Type=\"" REL "image\" Target=\"media/a.png\" "
              "TargetMode=\"Internal\"/>")},
        {NULL, NULL}};
    in = package(P(R("{{a}}")), inside);
    assert_string_equal(tags_in(&in), "{{a}}");
    /* a field of a header that only the ending of its name makes one */
    static const Made header[] = {
        {"[Content_Types].xml",
         TYPES("<Default Extension=\"hdr\" ContentType=\"" WORD "header+xml\"/>")},
        {"word/h.hdr", "<w:hdr " W "><w:p><w:fldSimple w:instr=\"DDE\"/></w:p></w:hdr>"},
        {NULL, NULL}};
    refuse(P(R("x")), header, ERR_UNSUPPORTED_TYPE, "DDE");
    /* a field whose first word stands behind thousands of blanks */
    Buf far;
    buf_init(&far, c.a);
    buf_puts(&far, "<w:p><w:r><w:instrText>");
    for (int i = 0; i < 5000; i++)
        buf_puts(&far, i % 100 ? " " : "\n");
    buf_puts(&far, "</w:instrText></w:r><w:r><w:instrText>DDEAUTO c:\\x</w:instrText></w:r></w:p>");
    refuse(far.data, NULL, ERR_UNSUPPORTED_TYPE, "DDEAUTO");
}

/* A document.xml of any form: its tags, or why it is none. */
static const char *tags_of(const char *xml, size_t n)
{
    Buf in;
    buf_init(&in, c.a);
    DocxOut *o = docx_out_new(c.a, 0x00210000, into, &in);
    assert_true(docx_out_whole(o, "[Content_Types].xml", TYPES(""), strlen(TYPES(""))));
    assert_true(docx_out_whole(o, "word/document.xml", xml, n));
    assert_true(docx_out_close(o));
    return tags_in(&in);
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
        {"<w:p " W "><w:fldSimple w:instr=\"[LINK2]{A_LINK}`3LINK:\"/></w:p>", ""},
        {"<w:p " W "><w:fldSimple w:instr=\"LINK DDE\"/></w:p>", "!unsupported_type"},
        {"<!DOCTYPE x><w:p " W "/>", "!unsupported_type"},
        /* the same words under a second name would be looked at by nobody */
        {"<w:p " W "><w:r " W "><w:t>{{a}}</w:t></w:r></w:p>", "{{a}}"},
        {"<w:p " W "><y:r xmlns:y=\"" NS "\"><y:instrText>DDE</y:instrText></y:r></w:p>",
         "!invalid"},
        {"<w:p " W "><r xmlns=\"http://purl.oclc.org/ooxml/wordprocessingml/main\"/></w:p>",
         "!invalid"},
        {"<w:p " W " xmlns:y=\"" NS "\"><y:altChunk/></w:p>", "!invalid"},
        {"<x><w:p " W "/></x>", "!invalid"},
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

int main(void)
{
    msg_load();
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest all[] = {
        TEST(hostile),      TEST(archives), TEST(names_of_entries), TEST(lively),
        TEST(forms_of_xml), TEST(large),    TEST(types_of_parts)};
    return cmocka_run_group_tests(all, NULL, NULL);
}
