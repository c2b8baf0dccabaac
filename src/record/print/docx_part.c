/*
 * One XML part of a document as a list of elements with their places in the bytes, so that what is not touched leaves the
 * program byte by byte as it came. See docx_impl.h.
 */
#include <string.h>
#include <strings.h>

#include <expat.h>

#include "record/print/docx_impl.h"

enum { STEP = 64 * 1024 };

#define MAIN_NS "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
#define STRICT_NS "http://purl.oclc.org/ooxml/wordprocessingml/main"

typedef struct Parse {
    Ctx *c;
    const DocxPart *part;
    DocxDoc *doc;
    XML_Parser parser;
    int at; /* the element that is open */
    int depth;
    int text;    /* the DX_T that is open, or -1 */
    Buf said;    /* of it */
    bool instr;  /* the text of a field's instruction comes */
    Buf command; /* of the field at hand */
    int before;
} Parse;

static void stop(Parse *p)
{
    XML_StopParser(p->parser, XML_FALSE);
}

static void fail(Parse *p, ErrCode code, const char *key, const char *what)
{
    if (p->c->n_err == p->before)
        ctx_fail(p->c, code, "file", key, what);
    stop(p);
}

/* "w:" where this attribute calls the words of Word so; NULL where it does not. */
static const char *prefix_in(Arena *a, const XML_Char **attr)
{
    if (strcmp(attr[1], MAIN_NS) != 0 && strcmp(attr[1], STRICT_NS) != 0)
        return NULL;
    if (strcmp(attr[0], "xmlns") == 0)
        return "";
    return strncmp(attr[0], "xmlns:", 6) == 0 ? arena_printf(a, "%s:", attr[0] + 6) : NULL;
}

/* The root says it. A second name for the same words is refused: under it nobody would see a tag, or a field that runs something. */
static void take_prefix(Parse *p, const XML_Char **attrs)
{
    DocxDoc *d = p->doc;
    for (int i = 0; attrs[i]; i += 2) {
        const char *is = prefix_in(p->c->a, attrs + i);
        if (is && !d->prefix && p->depth == 0)
            d->prefix = is;
        else if (is && (!d->prefix || strcmp(d->prefix, is) != 0))
            fail(p, ERR_INVALID, "print.docx.broken", p->part->name);
    }
}

static const char *own_name(const DocxDoc *d, const char *name)
{
    size_t n = d->prefix ? strlen(d->prefix) : 0;
    return d->prefix && strncmp(name, d->prefix, n) == 0 ? name + n : NULL;
}

static DocxKind kind_of(const char *own)
{
    static const struct {
        const char *name;
        DocxKind kind;
    } kinds[] = {{"p", DX_P},
                 {"tbl", DX_TBL},
                 {"tr", DX_TR},
                 {"tc", DX_TC},
                 {"t", DX_T},
                 {"hdr", DX_HOLDER},
                 {"ftr", DX_HOLDER},
                 {"txbxContent", DX_HOLDER},
                 {"footnote", DX_HOLDER},
                 {"endnote", DX_HOLDER}};
    for (size_t i = 0; own && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(own, kinds[i].name) == 0)
            return kinds[i].kind;
    return DX_OTHER;
}

static int add_elem(Parse *p)
{
    DocxDoc *d = p->doc;
    if (d->n_elems == d->cap) {
        int cap = d->cap ? d->cap * 2 : 256;
        DocxElem *more = ARENA_ARRAY(p->c->a, cap, DocxElem);
        if (d->n_elems)
            memcpy(more, d->elems, (size_t)d->n_elems * sizeof *more);
        d->elems = more;
        d->cap = cap;
    }
    return d->n_elems++;
}

/* ---- fields that fetch or run something ---------------------------------------------------- */

static bool is_word(char ch)
{
    return (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') ||
           ch == '_';
}

static void check_command(Parse *p, const char *text)
{
    static const char *const bad[] = {"DDE",  "DDEAUTO", "INCLUDETEXT", "INCLUDEPICTURE",
                                      "LINK", "IMPORT",  "INCLUDE",     "MACROBUTTON"};
    for (const char *at = text; *at;) {
        size_t n = 0;
        while (is_word(at[n]))
            n++;
        for (size_t i = 0; n && i < sizeof bad / sizeof *bad; i++)
            if (strlen(bad[i]) == n && strncasecmp(at, bad[i], n) == 0)
                fail(p, ERR_UNSUPPORTED_TYPE, "print.docx.field", bad[i]);
        at += n ? n : 1;
    }
}

static void end_command(Parse *p)
{
    check_command(p, p->command.data);
    buf_clear(&p->command);
}

/* ---- the handlers -------------------------------------------------------------------------- */

static void watch(Parse *p, const char *own, const XML_Char **attrs)
{
    static const char *const more[] = {"sectPr", "drawing", "pict", "object", "br", "fldChar"};
    for (size_t k = 0; k < sizeof more / sizeof *more; k++)
        for (int i = strcmp(own, more[k]) == 0 ? p->at : -1; i >= 0; i = p->doc->elems[i].parent)
            if (p->doc->elems[i].kind == DX_P)
                p->doc->elems[i].kept = true;
    if (strcmp(own, "instrText") == 0) {
        p->instr = true;
    } else if (strcmp(own, "fldChar") == 0 || strcmp(own, "p") == 0) {
        end_command(p);
    } else if (strcmp(own, "fldSimple") == 0) {
        const char *instr = docx_attr(attrs, "instr");
        check_command(p, instr ? instr : "");
    } else if (strcmp(own, "altChunk") == 0 || strcmp(own, "subDoc") == 0) {
        fail(p, ERR_UNSUPPORTED_TYPE, "print.docx.outside", own);
    }
}

static int paragraph_of(const DocxDoc *d, int at)
{
    while (at >= 0 && d->elems[at].kind != DX_P)
        at = d->elems[at].parent;
    return at;
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attrs)
{
    Parse *p = user;
    DocxDoc *d = p->doc;
    take_prefix(p, attrs);
    if (++p->depth > DOCX_XML_DEPTH || d->n_elems >= DOCX_ELEMENTS) {
        fail(p, ERR_TOO_LARGE, "print.docx.deep", p->part->name);
        return;
    }
    const char *own = own_name(d, name);
    int i = add_elem(p);
    d->elems[i] = (DocxElem){.kind = kind_of(own),
                             .parent = p->at,
                             .start = (size_t)XML_GetCurrentByteIndex(p->parser),
                             .paragraph = -1,
                             .last_p = -1};
    if (d->elems[i].kind == DX_P && p->at >= 0)
        d->elems[p->at].last_p = i;
    if (own)
        watch(p, own, attrs);
    p->at = i;
    if (d->elems[i].kind == DX_T && p->text < 0) {
        d->elems[i].paragraph = paragraph_of(d, i);
        p->text = i;
        buf_init(&p->said, p->c->a);
    }
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    Parse *p = user;
    DocxDoc *d = p->doc;
    if (p->c->n_err > p->before)
        return; /* of an empty element at which it was stopped */
    DocxElem *e = &d->elems[p->at];
    e->end =
        (size_t)XML_GetCurrentByteIndex(p->parser) + (size_t)XML_GetCurrentByteCount(p->parser);
    if (p->text == p->at) {
        e->text = p->said.data;
        e->n = p->said.len;
        p->text = -1;
    }
    const char *own = own_name(d, name);
    if (own && strcmp(own, "instrText") == 0)
        p->instr = false;
    if (own && strcmp(own, "p") == 0)
        end_command(p);
    p->at = e->parent;
    p->depth--;
}

static void XMLCALL on_text(void *user, const XML_Char *s, int n)
{
    Parse *p = user;
    if (p->text >= 0)
        buf_add(&p->said, s, (size_t)n);
    if (p->instr)
        buf_add(&p->command, s, (size_t)n);
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *sysid,
                               const XML_Char *pubid, int internal)
{
    (void)name;
    (void)sysid;
    (void)pubid;
    (void)internal;
    fail(user, ERR_UNSUPPORTED_TYPE, "print.docx.dtd", NULL);
}

/* Places in the bytes are places in what expat reads only where both are UTF-8. */
static void XMLCALL on_declaration(void *user, const XML_Char *version, const XML_Char *encoding,
                                   int standalone)
{
    Parse *p = user;
    (void)version;
    (void)standalone;
    if (encoding && strcasecmp(encoding, "UTF-8") != 0)
        fail(p, ERR_INVALID, "print.docx.broken", p->part->name);
}

bool docx_parse(Ctx *c, const DocxPart *part, const char *xml, size_t n, DocxDoc *out)
{
    *out = (DocxDoc){.xml = xml, .n = n};
    if (n >= 2 && ((unsigned char)xml[0] >= 0xfe || xml[0] == 0 || xml[1] == 0))
        return docx_broken(c, part->name, "UTF-16");
    Parse p = {.c = c,
               .part = part,
               .doc = out,
               .parser = XML_ParserCreate("UTF-8"),
               .at = -1,
               .text = -1,
               .before = c->n_err};
    buf_init(&p.said, c->a);
    buf_init(&p.command, c->a);
    XML_SetUserData(p.parser, &p);
    XML_SetElementHandler(p.parser, on_start, on_end);
    XML_SetCharacterDataHandler(p.parser, on_text);
    XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
    XML_SetXmlDeclHandler(p.parser, on_declaration);
    enum XML_Status s = XML_STATUS_OK;
    for (size_t at = 0; s == XML_STATUS_OK;) {
        size_t step = n - at < STEP ? n - at : STEP;
        s = XML_Parse(p.parser, xml + at, (int)step, at + step == n);
        at += step;
        if (at == n)
            break;
    }
    const char *why = XML_ErrorString(XML_GetErrorCode(p.parser));
    XML_ParserFree(p.parser);
    if (c->n_err > p.before)
        return false;
    if (s != XML_STATUS_OK)
        return docx_broken(c, part->name, why);
    if (!out->prefix)
        return docx_broken(c, part->name, "xmlns");
    return true;
}
