/*
 * The parts of an .xlsx but for its rows: the zip, the workbook, styles and shared strings. Parts are
 * found by relations, never by name; names compare without case, '\' counts as '/'. XML comes from
 * strangers: no DTD, bounded depth, bounded unpacking (SECURITY C31).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "record/sheet/book.h"

enum { STEP = 64 * 1024 };

/* ---- the zip ------------------------------------------------------------------------------- */

/* Lower case, '/' only, no leading one. */
static char *zip_key(Arena *a, const char *name)
{
    while (*name == '/' || *name == '\\')
        name++;
    char *key = arena_str(a, name);
    for (char *p = key; *p; p++) {
        if (*p == '\\')
            *p = '/';
        else if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    }
    return key;
}

static bool zip_list(SheetBook *b)
{
    zip_int64_t n = zip_get_num_entries(b->zip, 0);
    if (n > BOOK_ENTRIES)
        return ctx_fail(b->c, ERR_TOO_LARGE, "file", "err.sheet.entries",
                        ctx_num(b->c, BOOK_ENTRIES));
    for (zip_int64_t i = 0; i < n; i++) {
        const char *name = zip_get_name(b->zip, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        const char *key = zip_key(b->a, name ? name : "");
        if (!map_has(&b->names, key)) /* of two with one name the first */
            map_put(&b->names, key, (void *)(uintptr_t)(i + 1));
    }
    return true;
}

static int64_t part_index(const SheetBook *b, const char *name)
{
    return (int64_t)(uintptr_t)map_get(&b->names, zip_key(b->a, name)) - 1;
}

bool part_exists(const SheetBook *b, const char *name)
{
    return part_index(b, name) >= 0;
}

/* ---- one part ------------------------------------------------------------------------------ */

/* Without its prefix. Which namespace that stands for does not matter: strict OOXML has others, and no element is
   told from another by it alone. An expat that looks namespaces up takes half as long again. */
static const char *local_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (*p == ':')
            return p + 1;
    return name;
}

const char *part_attr(const char **attrs, const char *name)
{
    for (int i = 0; attrs[i]; i += 2)
        if (strcmp(local_name(attrs[i]), name) == 0 && strncmp(attrs[i], "xmlns:", 6) != 0)
            return attrs[i + 1];
    return NULL;
}

void part_stop(Part *p)
{
    p->stopped = true;
    XML_StopParser(p->parser, XML_FALSE);
}

void part_fail(Part *p, ErrCode code, const char *key)
{
    ctx_fail(p->b->c, code, "file", key);
    p->failed = true;
    XML_StopParser(p->parser, XML_FALSE);
}

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attrs)
{
    Part *p = user;
    if (++p->depth > BOOK_DEPTH) {
        part_fail(p, ERR_TOO_LARGE, "err.sheet.deep");
        return;
    }
    p->start(p, local_name(name), attrs);
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    Part *p = user;
    if (p->failed || p->stopped)
        return; /* a start that stopped the parser is still followed by its end where the element is empty */
    p->depth--;
    if (p->end)
        p->end(p, local_name(name));
}

static void XMLCALL on_text(void *user, const XML_Char *s, int n)
{
    Part *p = user;
    if (p->text)
        p->text(p, s, n);
}

static void XMLCALL on_doctype(void *user, const XML_Char *name, const XML_Char *sysid,
                               const XML_Char *pubid, int internal)
{
    (void)name;
    (void)sysid;
    (void)pubid;
    (void)internal;
    part_fail(user, ERR_UNSUPPORTED_TYPE, "err.sheet.dtd");
}

static bool broken(SheetBook *b, const char *name, const char *why)
{
    return ctx_fail(b->c, ERR_INVALID, "file", "err.sheet.broken", name, why);
}

static bool too_large(SheetBook *b)
{
    return ctx_fail(b->c, ERR_TOO_LARGE, "file", "err.sheet.bomb");
}

/* n: the bytes of a part unpacked so far. */
static bool within_limits(SheetBook *b, int64_t n)
{
    if (n > BOOK_INFLATED || (n > BOOK_RATIO_FROM && n > BOOK_RATIO * b->packed))
        return too_large(b);
    return true;
}

/* What expat makes of a piece; it is stopped by a mistake that is recorded, or by part_stop. */
static bool part_parsed(Part *p, enum XML_Status s, const char *name)
{
    enum XML_Error why = XML_GetErrorCode(p->parser);
    if (p->failed || p->stopped)
        return false;
    if (s == XML_STATUS_OK)
        return true;
    return why == XML_ERROR_NO_MEMORY ? too_large(p->b) : broken(p->b, name, XML_ErrorString(why));
}

/* One step of a part. *ended: it is through. */
static bool part_step(Part *p, zip_file_t *f, const char *name, int64_t *all, bool *ended)
{
    void *room = XML_GetBuffer(p->parser, STEP);
    if (!room) /* a tag or a comment without an end, in little memory */
        return too_large(p->b);
    zip_int64_t n = zip_fread(f, room, STEP);
    if (n < 0)
        return broken(p->b, name, zip_file_strerror(f));
    *all += n;
    *ended = n == 0;
    return within_limits(p->b, *all) &&
           part_parsed(p, XML_ParseBuffer(p->parser, (int)n, n == 0), name);
}

void part_begin(Part *p, const char *encoding)
{
    p->parser = XML_ParserCreate(encoding);
    p->depth = 0;
    p->failed = p->stopped = false;
    XML_SetUserData(p->parser, p);
    XML_SetElementHandler(p->parser, on_start, on_end);
    XML_SetCharacterDataHandler(p->parser, on_text);
    XML_SetStartDoctypeDeclHandler(p->parser, on_doctype);
}

bool part_push(Part *p, const char *data, int n, bool last, const char *name)
{
    return part_parsed(p, XML_Parse(p->parser, data, n, last), name);
}

void part_end(Part *p)
{
    XML_ParserFree(p->parser);
    p->parser = NULL;
}

static zip_file_t *part_open(SheetBook *b, const char *name)
{
    zip_file_t *f = zip_fopen_index(b->zip, (zip_uint64_t)part_index(b, name), 0);
    if (!f)
        (void)broken(b, name, zip_strerror(b->zip));
    return f;
}

bool part_bytes(SheetBook *b, const char *name, PartBytesFn fn, void *user)
{
    zip_file_t *f = part_open(b, name);
    if (!f)
        return false;
    Arena *a = arena_child(b->a);
    char *step = arena_alloc(a, STEP);
    bool ok = true;
    zip_int64_t n = 0;
    for (int64_t all = 0; ok && (n = zip_fread(f, step, STEP)) > 0;) {
        all += n;
        ok = within_limits(b, all) && fn(user, step, (size_t)n);
    }
    if (n < 0)
        ok = broken(b, name, zip_file_strerror(f));
    zip_fclose(f);
    arena_free(a);
    return ok;
}

bool part_read(Part *p, const char *name)
{
    zip_file_t *f = part_open(p->b, name);
    if (!f)
        return false;
    part_begin(p, NULL);
    bool ok = true, ended = false;
    for (int64_t all = 0; ok && !ended;)
        ok = part_step(p, f, name, &all, &ended);
    part_end(p);
    zip_fclose(f);
    return ok;
}

/* ---- a part that is read as it is needed ---- */

struct PartPull {
    Part *p;
    const char *name;
    zip_file_t *f;
    int64_t all;
};

static void pull_close(void *pull)
{
    PartPull *l = pull;
    if (!l->f)
        return;
    part_end(l->p);
    zip_fclose(l->f);
    l->f = NULL;
}

PartPull *part_pull(Part *p, const char *name)
{
    zip_file_t *f = part_open(p->b, name);
    if (!f)
        return NULL;
    PartPull *l = ARENA_NEW(p->b->a, PartPull);
    *l = (PartPull){.p = p, .name = name, .f = f};
    part_begin(p, NULL);
    arena_defer(p->b->a, pull_close, l);
    return l;
}

bool part_pull_step(PartPull *l, bool *ended)
{
    bool ok = part_step(l->p, l->f, l->name, &l->all, ended);
    if (!ok || *ended)
        pull_close(l);
    return ok;
}

/* ---- relations ----------------------------------------------------------------------------- */

typedef struct Rel {
    const char *id, *type, *target; /* type: its last word */
} Rel;

typedef struct Rels {
    Arena *a;
    VEC(Rel) list;
    const char *folder;
} Rels;

/* target as seen from folder ("xl/"): absolute, relative, with "..", with backslashes. */
static const char *resolve(Arena *a, const char *folder, const char *target)
{
    char *all = target[0] == '/' || target[0] == '\\' ? arena_str(a, target)
                                                      : arena_printf(a, "%s%s", folder, target);
    char *out = arena_alloc(a, strlen(all) + 2);
    size_t n = 0;
    for (char *p = all; *p;) {
        while (*p == '/' || *p == '\\')
            p++;
        size_t len = strcspn(p, "/\\");
        if (len == 2 && memcmp(p, "..", 2) == 0) {
            n -= n > 0; /* the '/' behind the folder, then its name */
            while (n && out[n - 1] != '/')
                n--;
        } else if (len && !(len == 1 && *p == '.')) {
            memcpy(out + n, p, len);
            n += len;
            if (p[len])
                out[n++] = '/';
        }
        p += len;
    }
    out[n] = 0;
    return out;
}

static void rel_start(Part *p, const char *name, const char **attrs)
{
    Rels *r = p->user;
    const char *id = part_attr(attrs, "Id"), *type = part_attr(attrs, "Type"),
               *target = part_attr(attrs, "Target");
    const char *mode = part_attr(attrs, "TargetMode");
    if (strcmp(name, "Relationship") != 0 || !id || !type || !target ||
        (mode && strcmp(mode, "External") == 0))
        return;
    const char *slash = strrchr(type, '/');
    Rel rel = {.id = arena_str(r->a, id),
               .type = arena_str(r->a, slash ? slash + 1 : type),
               .target = resolve(r->a, r->folder, target)};
    if (r->list.n < BOOK_ENTRIES)
        vec_push(r->a, &r->list, rel);
}

static bool rels_read(SheetBook *b, const char *part, const char *folder, Rels *out)
{
    *out = (Rels){.a = b->a, .folder = folder};
    Part p = {.b = b, .user = out, .start = rel_start};
    return !part_exists(b, part) || part_read(&p, part);
}

static const char *rel_target(const Rels *r, const char *type, const char *id)
{
    for (size_t i = 0; i < r->list.n; i++)
        if (strcmp(r->list.items[i].type, type) == 0 &&
            (!id || strcmp(r->list.items[i].id, id) == 0))
            return r->list.items[i].target;
    return NULL;
}

/* ---- workbook ------------------------------------------------------------------------------ */

typedef struct Workbook {
    SheetBook *b;
    const Rels *rels;
    VEC(BookSheet) sheets;
} Workbook;

static bool is_true(const char *s)
{
    return s && (strcmp(s, "1") == 0 || strcmp(s, "true") == 0 || strcmp(s, "on") == 0);
}

static void workbook_start(Part *p, const char *name, const char **attrs)
{
    Workbook *w = p->user;
    SheetBook *b = w->b;
    if (strcmp(name, "workbookPr") == 0) {
        b->date1904 = is_true(part_attr(attrs, "date1904"));
    } else if (strcmp(name, "sheet") == 0 && w->sheets.n < BOOK_SHEETS) {
        const char *id = part_attr(attrs, "id"), /* whatever the prefix; "sheetId" is another */
            *title = part_attr(attrs, "name"), *state = part_attr(attrs, "state");
        const char *part = id ? rel_target(w->rels, "worksheet", id) : NULL;
        if (!part || !part_exists(b, part))
            return; /* a chart, a dialogue, or a sheet whose part is missing */
        BookSheet s = {.part = part,
                       .info = {.name = arena_str(b->a, title ? title : ""),
                                .hidden = state && strcmp(state, "visible") != 0,
                                .very_hidden = state && strcmp(state, "veryHidden") == 0}};
        zip_stat_t st;
        zip_stat_init(&st); /* a size of 0 where it tells none */
        (void)zip_stat_index(b->zip, (zip_uint64_t)part_index(b, part), 0, &st);
        s.info.bytes = (int64_t)(st.size & INT64_MAX);
        vec_push(b->a, &w->sheets, s);
    }
}

/* ---- styles -------------------------------------------------------------------------------- */

enum { FORMATS = 1000000, STYLES = 65536, NO_DATE = 1, DATE };

typedef struct Styles {
    SheetBook *b;
    unsigned char *formats; /* by id: NO_DATE, DATE, or 0: not said */
    VEC(unsigned char) dates;
    bool in_xfs;
} Styles;

static int format_id(const char *s)
{
    long v = s ? strtol(s, NULL, 10) : 0;
    return v < 0 || v >= FORMATS ? 0 : (int)v;
}

static void styles_start(Part *p, const char *name, const char **attrs)
{
    Styles *s = p->user;
    if (strcmp(name, "numFmt") == 0) {
        const char *code = part_attr(attrs, "formatCode");
        s->formats[format_id(part_attr(attrs, "numFmtId"))] =
            code && sheet_format_is_date(0, code) ? DATE : NO_DATE;
    } else if (strcmp(name, "cellXfs") == 0) {
        s->in_xfs = true;
    } else if (strcmp(name, "xf") == 0 && s->in_xfs && s->dates.n < STYLES) {
        int id = format_id(part_attr(attrs, "numFmtId"));
        /* 0 is General, whatever a damaged file says */
        bool said = id > 0 && s->formats[id];
        vec_push(s->b->a, &s->dates,
                 said ? s->formats[id] == DATE : sheet_format_is_date(id, NULL));
    }
}

static void styles_end(Part *p, const char *name)
{
    if (strcmp(name, "cellXfs") == 0)
        ((Styles *)p->user)->in_xfs = false;
}

/* ---- opening ------------------------------------------------------------------------------- */

static const char *folder_of(Arena *a, const char *part)
{
    const char *slash = strrchr(part, '/');
    return slash ? arena_dup(a, part, (size_t)(slash - part) + 1) : "";
}

static bool read_styles(SheetBook *b, const char *part)
{
    Arena *a = arena_child(b->a);
    Styles s = {.b = b, .formats = arena_alloc(a, FORMATS)};
    Part p = {.b = b, .user = &s, .start = styles_start, .end = styles_end};
    bool ok = !part || !part_exists(b, part) || part_read(&p, part);
    b->is_date = s.dates.items;
    b->n_styles = (int)s.dates.n;
    arena_free(a);
    return ok;
}

static bool read_book(SheetBook *b)
{
    Rels top, rels;
    if (!zip_list(b) || !rels_read(b, "_rels/.rels", "", &top))
        return false;
    const char *part = rel_target(&top, "officeDocument", NULL);
    if (!part || !part_exists(b, part))
        part = "xl/workbook.xml";
    if (!part_exists(b, part))
        return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.no_workbook");
    const char *folder = folder_of(b->a, part), *base = part + strlen(folder);
    if (!rels_read(b, arena_printf(b->a, "%s_rels/%s.rels", folder, base), folder, &rels))
        return false;
    Workbook w = {.b = b, .rels = &rels};
    Part p = {.b = b, .user = &w, .start = workbook_start};
    if (!part_read(&p, part))
        return false;
    if (!w.sheets.n)
        return ctx_fail(b->c, ERR_UNSUPPORTED_TYPE, "file", "err.sheet.no_workbook");
    b->sheets = w.sheets.items;
    b->n = (int)w.sheets.n;
    return read_styles(b, rel_target(&rels, "styles", NULL)) &&
           xlsx_strings_begin(b, rel_target(&rels, "sharedStrings", NULL));
}

bool book_open_xlsx(SheetBook *b)
{
    int code = 0;
    b->find = book_merges_xlsx;
    int fd = dup(b->fd); /* libzip closes it */
    if (fd < 0)
        return file_fail(b->c, b->name, errno);
    b->zip = zip_fdopen(fd, 0, &code); /* not ZIP_CHECKCONS: it refuses files that Excel opens */
    if (!b->zip) {
        close(fd);
        return ctx_fail(b->c, ERR_INVALID, "file", "err.sheet.zip");
    }
    b->packed = lseek(b->fd, 0, SEEK_END); /* not what its parts claim */
    return read_book(b);
}
