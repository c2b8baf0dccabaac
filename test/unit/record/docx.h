/* Word documents made here part by part, for the tests of the filler and of what it refuses. */
#ifndef TEST_RECORD_DOCX_H
#define TEST_RECORD_DOCX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static ZK_UNUSED int set_up(void **state)
{
    (void)state;
    ctx_init(&c, arena_new(0));
    return 0;
}

static ZK_UNUSED int tear_down(void **state)
{
    (void)state;
    arena_free(c.a);
    return 0;
}

static ZK_UNUSED bool into(void *arg, const char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return true;
}

typedef struct Made {
    const char *name, *xml;
} Made;

/* A package of the body and what is given beside it (closed by NULL); types or main by these names take the usual ones' place. */
static ZK_UNUSED Buf package(const char *body, const Made *more)
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

/* An archive of these parts (closed by NULL) and no others. */
static ZK_UNUSED Buf archive(const Made *parts)
{
    Buf out;
    buf_init(&out, c.a);
    DocxOut *o = docx_out_new(c.a, 0x00210000, into, &out);
    for (; parts->name; parts++)
        assert_true(docx_out_whole(o, parts->name, parts->xml, strlen(parts->xml)));
    assert_true(docx_out_close(o));
    return out;
}

/* Its tags, or "!" and why it is none. */
static ZK_UNUSED const char *tags_in(const Buf *file)
{
    Buf out;
    buf_init(&out, c.a);
    ctx_errors_back_to(&c, 0);
    if (docx_tags(&c, file->data, file->len, &out))
        return out.data;
    assert_string_equal(c.err->field, "file");
    return arena_printf(c.a, "!%s", err_name(c.err->code));
}

static ZK_UNUSED const char *part_of(const Buf *file, const char *name)
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

static ZK_UNUSED FillData *data(int rows)
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
static ZK_UNUSED const char *filled(const char *body, int rows)
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

#define WORD "application/vnd.openxmlformats-officedocument.wordprocessingml."

static ZK_UNUSED void refuse(const char *body, const Made *more, ErrCode code, const char *said)
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

#endif
