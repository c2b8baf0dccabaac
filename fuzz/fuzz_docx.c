/*
 * Word templates: the input is the body of the document, then behind NULs the header, the relations and the types (ordinary
 * ones where they are missing), put into a package; an input that begins as a zip is taken as it is. Whatever it is: refused
 * with a reason, or filled into a package that opens, whose parts are XML again and hold no more than was allowed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "record/print/docx_impl.h"

enum { PARTS = 4, MOST = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORD "application/vnd.openxmlformats-officedocument.wordprocessingml."
#define NS " xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""

static const char *const names[PARTS] = {"word/document.xml", "word/header1.xml",
                                         "word/_rels/document.xml.rels", "[Content_Types].xml"};
static const char *const ordinary[PARTS] = {
    "", "<w:p/>", "<Relationships/>",
    "<Types><Override PartName='/word/document.xml' ContentType='" WORD
    "document.main+xml'/><Override PartName='/word/header1.xml' ContentType='" WORD
    "header+xml'/></Types>"};
static const char *const around[PARTS][2] = {
    {"<w:document" NS "><w:body>", "</w:body></w:document>"},
    {"<w:hdr" NS ">", "</w:hdr>"},
    {"", ""},
    {"", ""}};

static bool into(void *arg, const char *bytes, size_t n)
{
    buf_add(arg, bytes, n);
    return true;
}

static Buf package(Arena *a, const char *data, size_t size)
{
    Buf out;
    buf_init(&out, a);
    if (size > 4 && memcmp(data, "PK\x03\x04", 4) == 0) {
        buf_add(&out, data, size);
        return out;
    }
    DocxOut *o = docx_out_new(a, 0, into, &out);
    const char *at = data, *end = data + size;
    for (int i = 0; i < PARTS; i++) {
        const char *nul = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
        size_t n = at < end ? (size_t)((nul ? nul : end) - at) : 0;
        const char *xml =
            arena_printf(a, "%s%.*s%s", around[i][0], n ? (int)n : (int)strlen(ordinary[i]),
                         n ? at : ordinary[i], around[i][1]);
        docx_out_whole(o, names[i], xml, strlen(xml));
        at = nul ? nul + 1 : end;
    }
    docx_out_close(o);
    return out;
}

static FillData *values(Arena *a)
{
    static const char *const paths[] = {"name", "b"};
    static const unsigned char png[] = "\x89PNG";
    FillData *d = ARENA_NEW(a, FillData);
    fill_data_init(d, a);
    fill_data_put(d, "x", "<&]]>\n\t{{b}}\x02", FILL_YES);
    fill_data_put(d, "@qr", docx_picture_text(a, png, 4, 100, 100), FILL_PICTURE);
    FillList *l = fill_data_list(d, "a", paths, 2);
    for (int i = 0; i < 3; i++)
        fill_list_row(d, l)[0] = (FillCell){"\xef\xbf\xbfz", FILL_YES};
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    ready = ready || msg_load();
    Ctx c;
    ctx_init(&c, arena_new(0));
    Buf in = package(c.a, (const char *)data, size), out, tags;
    buf_init(&out, c.a);
    buf_init(&tags, c.a);
    bool ok = docx_tags(&c, in.data, in.len, &tags);
    if (ok == (c.n_err > 0))
        abort();
    if (ok && docx_fill(&c, in.data, in.len, values(c.a), (DocxMost){MOST, MOST}, into, &out)) {
        DocxPackage p;
        if (!docx_open(&c, out.data, out.len, &p))
            abort();
        for (int i = 0; i < p.n; i++) {
            const char *xml;
            size_t n;
            DocxDoc doc;
            if (p.parts[i].filled &&
                (!docx_part(&p, i, &xml, &n) || !docx_parse(&c, &p.parts[i], xml, n, &doc)))
                abort();
        }
    } else if (!c.n_err) {
        abort(); /* refused without a reason */
    }
    arena_free(c.a);
    return 0;
}
