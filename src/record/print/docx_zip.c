/* The package of a .docx: what is in it, what is refused before anything is read further. See docx.h. */
#include <string.h>
#include <strings.h>

#include <expat.h>
#include <zip.h>

#include "base/msg.h"
#include "base/utf8.h"
#include "record/print/docx_impl.h"

enum { STEP = 64 * 1024, RATIO = 500, RATIO_FROM = 4 << 20, NAME_MOST = 200 };

#define TYPES_PART "[Content_Types].xml"
#define MAIN_TYPE "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
#define WORD_TYPE "application/vnd.openxmlformats-officedocument.wordprocessingml."

bool docx_broken(Ctx *c, const char *name, const char *why)
{
    return ctx_fail(c, ERR_INVALID, "file", "print.docx.broken", name, why ? why : "");
}

static bool refused(Ctx *c, const char *key, const char *what)
{
    return ctx_fail(c, ERR_UNSUPPORTED_TYPE, "file", key, what);
}

/* ---- small XML ----------------------------------------------------------------------------- */

typedef struct Walk {
    Ctx *c;
    XML_Parser parser;
    DocxElement *fn;
    void *arg;
} Walk;

static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

const char *docx_attr(const char **attrs, const char *local)
{
    for (int i = 0; attrs[i]; i += 2)
        if (strncmp(attrs[i], "xmlns", 5) != 0 && strcmp(local_name(attrs[i]), local) == 0)
            return attrs[i + 1];
    return NULL;
}

static void XMLCALL on_element(void *user, const XML_Char *name, const XML_Char **attrs)
{
    Walk *w = user;
    if (!w->fn(w->arg, local_name(name), attrs))
        XML_StopParser(w->parser, XML_FALSE);
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *sysid,
                               const XML_Char *pubid, int internal)
{
    Walk *w = user;
    (void)name;
    (void)sysid;
    (void)pubid;
    (void)internal;
    refused(w->c, "print.docx.dtd", NULL);
    XML_StopParser(w->parser, XML_FALSE);
}

bool docx_each_element(Ctx *c, const char *xml, size_t n, const char *name, DocxElement *fn,
                       void *arg)
{
    Walk w = {.c = c, .parser = XML_ParserCreate(NULL), .fn = fn, .arg = arg};
    int before = c->n_err;
    XML_SetUserData(w.parser, &w);
    XML_SetStartElementHandler(w.parser, on_element);
    XML_SetStartDoctypeDeclHandler(w.parser, on_doctype);
    enum XML_Status s = XML_Parse(w.parser, xml, (int)n, 1);
    const char *why = XML_ErrorString(XML_GetErrorCode(w.parser));
    XML_ParserFree(w.parser);
    if (c->n_err > before)
        return false;
    if (s != XML_STATUS_OK)
        return docx_broken(c, name, why);
    return true;
}

/* ---- the archive --------------------------------------------------------------------------- */

int docx_find(const DocxPackage *p, const char *name)
{
    for (int i = 0; i < p->n; i++)
        if (strcasecmp(p->parts[i].name, name) == 0)
            return i;
    return -1;
}

/* Plain names below the archive: what is copied into another archive must not leave a folder when that is unpacked. */
static bool name_is_plain(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > NAME_MOST || *name == '/' || strchr(name, '\\') || !utf8_valid(name, n))
        return false;
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || (p[0] == '.' && p[1] == '.'))
            return false;
    return true;
}

static bool take_entry(DocxPackage *p, zip_uint64_t i, int64_t *all)
{
    Ctx *c = p->c;
    zip_stat_t st;
    if (zip_stat_index(p->zip, i, ZIP_FL_ENC_GUESS, &st) != 0 || !name_is_plain(st.name) ||
        docx_find(p, st.name) >= 0)
        return docx_broken(c, "zip", NULL);
    if (st.encryption_method != ZIP_EM_NONE)
        return refused(c, "print.docx.password", NULL);
    if (st.comp_method != ZIP_CM_STORE && st.comp_method != ZIP_CM_DEFLATE)
        return docx_broken(c, st.name, "method");
    *all += (int64_t)(st.size < DOCX_UNPACKED ? st.size : DOCX_UNPACKED + 1);
    if (*all > DOCX_UNPACKED ||
        (st.size > RATIO_FROM && st.size / (st.comp_size ? st.comp_size : 1) > RATIO))
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.bomb",
                        ctx_num(c, DOCX_UNPACKED >> 20));
    if (st.name[strlen(st.name) - 1] == '/')
        return true; /* a folder */
    p->parts[p->n++] = (DocxPart){.name = arena_str(c->a, st.name),
                                  .entry = i,
                                  .size = (int64_t)st.size,
                                  .packed = (int64_t)st.comp_size,
                                  .crc = st.crc,
                                  .method = st.comp_method};
    return true;
}

static zip_file_t *open_part(DocxPackage *p, const DocxPart *part, zip_flags_t how)
{
    zip_file_t *f = zip_fopen_index(p->zip, part->entry, how);
    if (!f)
        docx_broken(p->c, part->name, zip_strerror(p->zip));
    return f;
}

bool docx_part(DocxPackage *p, int at, const char **out, size_t *n)
{
    Ctx *c = p->c;
    const DocxPart *part = &p->parts[at];
    zip_file_t *f = open_part(p, part, 0);
    Buf b;
    if (!f)
        return false;
    buf_init(&b, c->a);
    zip_int64_t got = 1;
    while (got > 0 && b.len <= DOCX_XML) {
        char *room = buf_room(&b, STEP);
        got = zip_fread(f, room, STEP);
        if (got > 0)
            buf_grew(&b, (size_t)got);
    }
    zip_fclose(f);
    if (got < 0)
        return docx_broken(c, part->name, NULL);
    if (b.len > DOCX_XML)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.bomb",
                        ctx_num(c, DOCX_UNPACKED >> 20));
    *out = b.data;
    *n = b.len;
    return true;
}

bool docx_part_packed(DocxPackage *p, int at, DocxWrite *write, void *arg)
{
    const DocxPart *part = &p->parts[at];
    zip_file_t *f = open_part(p, part, ZIP_FL_COMPRESSED);
    if (!f)
        return false;
    char *step = arena_alloc(p->c->a, STEP);
    int64_t left = part->packed;
    bool ok = true;
    while (ok && left > 0) {
        zip_int64_t got = zip_fread(f, step, (zip_uint64_t)(left < STEP ? left : STEP));
        if (got <= 0) {
            ok = docx_broken(p->c, part->name, NULL);
            break;
        }
        ok = write(arg, step, (size_t)got);
        left -= got;
    }
    zip_fclose(f);
    return ok;
}

/* ---- types and relations ------------------------------------------------------------------- */

static const char *const live_types[] = {"macroEnabled", "vbaProject", "activeX",
                                         "oleObject",    "vbaData",    "ms-word.attachedToolbars"};

static bool is_live(const char *text)
{
    for (size_t i = 0; i < sizeof live_types / sizeof *live_types; i++)
        if (strcasestr(text, live_types[i]))
            return true;
    return false;
}

static bool filled_type(const char *type)
{
    static const char *const ends[] = {"document.main+xml", "header+xml", "footer+xml",
                                       "footnotes+xml", "endnotes+xml"};
    size_t n = strlen(WORD_TYPE);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strncasecmp(type, WORD_TYPE, n) == 0 && strcasecmp(type + n, ends[i]) == 0)
            return true;
    return false;
}

static bool ends_with(const char *name, const char *extension)
{
    const char *dot = strrchr(name, '.');
    return dot && strcasecmp(dot + 1, extension) == 0;
}

/* A part is what its own name says, else what its ending says, whichever of the two stands first. */
static bool take_type(void *arg, const char *local, const char **attrs)
{
    DocxPackage *p = arg;
    const char *type = docx_attr(attrs, "ContentType"), *name = docx_attr(attrs, "PartName"),
               *extension = docx_attr(attrs, "Extension");
    if (!type)
        return true;
    if (is_live(type))
        return refused(p->c, "print.docx.live", name ? name : type);
    bool by_name = name && strcmp(local, "Override") == 0,
         by_ending = extension && strcmp(local, "Default") == 0;
    int at = by_name ? docx_find(p, name + (*name == '/')) : -1;
    for (int i = 0; i < p->n; i++) {
        DocxPart *part = &p->parts[i];
        if (i != at && !(by_ending && !part->content && ends_with(part->name, extension)))
            continue;
        part->content = arena_str(p->c->a, type);
        part->filled = filled_type(type);
    }
    return true;
}

/* A link somebody clicks is his own doing; everything else Word would fetch or run by itself. */
static bool take_relation(void *arg, const char *local, const char **attrs)
{
    static const char *const bad[] = {"/attachedTemplate", "/oleObject", "/control",
                                      "/vbaProject",       "/aFChunk",   "/frame",
                                      "/subDocument"};
    Ctx *c = arg;
    const char *type = docx_attr(attrs, "Type"), *mode = docx_attr(attrs, "TargetMode"),
               *target = docx_attr(attrs, "Target");
    if (strcmp(local, "Relationship") != 0 || !type)
        return true;
    const char *last = strrchr(type, '/');
    for (size_t i = 0; last && i < sizeof bad / sizeof *bad; i++)
        if (strcasecmp(last, bad[i]) == 0)
            return refused(c, "print.docx.outside", target ? target : last + 1);
    if (mode && strcasecmp(mode, "External") == 0 && (!last || strcasecmp(last, "/hyperlink") != 0))
        return refused(c, "print.docx.outside", target ? target : "");
    return true;
}

/* Reads a list of types or relations. */
static bool read_list(DocxPackage *p, int at, DocxElement *fn, void *arg)
{
    DocxPart *part = &p->parts[at];
    return docx_part(p, at, &part->xml, &part->n) &&
           docx_each_element(p->c, part->xml, part->n, part->name, fn, arg);
}

static bool look_through(DocxPackage *p)
{
    Ctx *c = p->c;
    int types = docx_find(p, TYPES_PART), main = 0;
    if (types < 0)
        return refused(c, "print.docx.none", NULL);
    if (!read_list(p, types, take_type, p))
        return false;
    p->parts[types].content = NULL; /* by its ending it would be what the others are */
    p->parts[types].filled = false;
    for (int i = 0; i < p->n; i++) {
        const char *name = p->parts[i].name;
        main += p->parts[i].content && strcasecmp(p->parts[i].content, MAIN_TYPE) == 0;
        if (is_live(name) || (strcasestr(name, "embeddings/") && strcasestr(name, ".bin")))
            return refused(c, "print.docx.live", name);
        if (ends_with(name, "rels") && !read_list(p, i, take_relation, c))
            return false;
    }
    if (main != 1)
        return refused(c, "print.docx.none", NULL);
    return true;
}

static void close_zip(void *zip)
{
    zip_discard(zip);
}

bool docx_open(Ctx *c, const char *bytes, size_t n, DocxPackage *out)
{
    zip_error_t err;
    *out = (DocxPackage){.c = c};
    if (n > DOCX_BYTES)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.large", ctx_num(c, DOCX_BYTES >> 20));
    if (n >= 8 && memcmp(bytes, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0)
        return refused(c, "print.docx.old", NULL);
    zip_error_init(&err);
    zip_source_t *src = zip_source_buffer_create(bytes, n, 0, &err);
    out->zip = src ? zip_open_from_source(src, ZIP_RDONLY, &err) : NULL;
    zip_error_fini(&err);
    if (!out->zip) {
        zip_source_free(src); /* NULL is none */
        return refused(c, "print.docx.none", NULL);
    }
    arena_defer(c->a, close_zip, out->zip);
    zip_int64_t entries = zip_get_num_entries(out->zip, 0);
    if (entries > DOCX_ENTRIES)
        return ctx_fail(c, ERR_TOO_LARGE, "file", "print.docx.bomb",
                        ctx_num(c, DOCX_UNPACKED >> 20));
    out->parts = ARENA_ARRAY(c->a, (size_t)entries + 1, DocxPart);
    int64_t all = 0;
    for (zip_int64_t i = 0; i < entries; i++)
        if (!take_entry(out, (zip_uint64_t)i, &all))
            return false;
    return look_through(out);
}

const char *docx_part_label(Ctx *c, const DocxPart *p)
{
    const char *key = strcasestr(p->content, "header+")   ? "print.docx.header"
                      : strcasestr(p->content, "footer+") ? "print.docx.footer"
                      : strcasestr(p->content, "notes+")  ? "print.docx.notes"
                                                          : "print.docx.body";
    return msg_text(c->lang, key);
}
