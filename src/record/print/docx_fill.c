/* A .docx filled: its tags as a text, its parts with their values, pictures, and who printed it. See docx.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypt.h"
#include "record/print/docx_impl.h"

enum {
    LUMP = 32 * 1024,      /* is packed at once */
    SOME_DAY = 0x00210000, /* of all entries: 1980-01-01, which tells nothing */
    EMU_TENTH = 3600,      /* of Word's units in a tenth of a millimetre */
    PICTURES = 8
};

#define CORE_PART "docProps/core.xml"
#define TYPES_PART "[Content_Types].xml"

void docx_escape(Buf *out, const char *s, size_t n)
{
    for (const char *end = s + n; s < end; s++) {
        unsigned char ch = (unsigned char)*s;
        if (ch == '&')
            buf_puts(out, "&amp;");
        else if (ch == '<')
            buf_puts(out, "&lt;");
        else if (ch == '>')
            buf_puts(out, "&gt;");
        else if (ch == 0xef && end - s >= 3 && (unsigned char)s[1] == 0xbf &&
                 (unsigned char)s[2] >= 0xbe)
            s += 2; /* U+FFFE, U+FFFF */
        else if (ch >= 0x20 || ch == '\t' || ch == '\n' || ch == '\r')
            buf_putc(out, *s);
    }
}

/* ---- all parts ------------------------------------------------------------------------------- */

typedef struct Filled {
    DocxDoc doc;
    FillNode *tree;
    const char *rels;        /* the name of its relations */
    bool pictures[PICTURES]; /* by Job.pictures: stand in it */
    bool any_picture, rels_done;
} Filled;

typedef struct Pic {
    const char *path, *file; /* "@qr", "word/media/zhike1.png" */
    int number;              /* in its names: one that an earlier filling left free */
    const unsigned char *bytes;
    size_t n;
    long width, height; /* tenths of a millimetre */
} Pic;

typedef struct Job {
    Ctx *c;
    DocxPackage p;
    Filled **filled; /* beside p.parts; NULL: copied */
    const FillData *d;
    Pic pictures[PICTURES];
    int n_pictures, last_number, next_id;
    DocxMost most, made;
    DocxOut *out;
    const Filled *at; /* the part that is being written */
    Buf lump;
    Arena *step;
} Job;

static const char *rels_name(Arena *a, const char *part)
{
    const char *slash = strrchr(part, '/');
    size_t n = slash ? (size_t)(slash - part) + 1 : 0;
    return arena_printf(a, "%.*s_rels/%s.rels", (int)n, part, part + n);
}

static bool open_all(Ctx *c, const char *bytes, size_t n, Job *j)
{
    j->c = c;
    if (!docx_open(c, bytes, n, &j->p))
        return false;
    int before = c->n_err;
    j->filled = ARENA_ARRAY(c->a, j->p.n + 1, Filled *);
    for (int i = 0; i < j->p.n; i++) {
        const char *xml;
        size_t len;
        if (!j->p.parts[i].filled)
            continue;
        Filled *f = j->filled[i] = ARENA_NEW(c->a, Filled);
        f->rels = rels_name(c->a, j->p.parts[i].name);
        if (!docx_part(&j->p, i, &xml, &len) || !docx_parse(c, &j->p.parts[i], xml, len, &f->doc))
            return false;
        (void)docx_tree(c, &j->p.parts[i], &f->doc, &f->tree); /* the mistakes of all parts */
    }
    return c->n_err == before;
}

static void tags_of(const FillNode *nodes, Buf *out)
{
    for (const FillNode *n = nodes; n; n = n->next) {
        if (n->kind == FILL_PLACE)
            buf_printf(out, "{{%s}}", n->text);
        if (n->kind != FILL_EACH && n->kind != FILL_UNLESS)
            continue;
        buf_printf(out, "{{%c%s}}", n->kind == FILL_EACH ? '#' : '^', n->text);
        tags_of(n->kids, out);
        buf_printf(out, "{{/%s}}", n->text);
    }
}

bool docx_tags(Ctx *c, const char *bytes, size_t n, Buf *out)
{
    Job j = {.n_pictures = 0};
    if (!open_all(c, bytes, n, &j))
        return false;
    for (int i = 0; i < j.p.n; i++)
        if (j.filled[i])
            tags_of(j.filled[i]->tree, out);
    return true;
}

/* ---- pictures -------------------------------------------------------------------------------- */

char *docx_picture_text(Arena *a, const unsigned char *bytes, size_t n, int width, int height)
{
    return arena_printf(a, "%d %d %s", width, height, crypt_base64url(a, bytes, n));
}

static const char *picture_name(const Job *j, int number, const char *ending)
{
    return arena_printf(j->c->a, "word/media/zhike%d.%s", number, ending);
}

static bool has_picture(const Job *j, int number, const char *ending)
{
    return docx_find(&j->p, picture_name(j, number, ending)) >= 0;
}

static void take_picture(Job *j, const char *path, const char *text)
{
    char *rest;
    Pic pic = {.path = path};
    pic.width = strtol(text, &rest, 10);
    pic.height = strtol(rest, &rest, 10);
    if (j->n_pictures == PICTURES || *rest != ' ' || pic.width < 1 || pic.width > 3000 ||
        pic.height < 1 || pic.height > 3000)
        return;
    pic.bytes = crypt_from_base64url(j->c->a, rest + 1, &pic.n);
    if (!pic.bytes || pic.n < 4)
        return;
    do
        pic.number = ++j->last_number;
    while (has_picture(j, pic.number, "png") || has_picture(j, pic.number, "jpeg"));
    pic.file = picture_name(j, pic.number, pic.bytes[0] == 0x89 ? "png" : "jpeg");
    j->pictures[j->n_pictures++] = pic;
}

static void mark_pictures(const Job *j, const FillNode *nodes, Filled *f)
{
    for (const FillNode *n = nodes; n; n = n->next) {
        for (int i = 0; n->kind == FILL_PLACE && i < j->n_pictures; i++)
            if (strcmp(n->text, j->pictures[i].path) == 0)
                f->pictures[i] = f->any_picture = true;
        mark_pictures(j, n->kids, f);
    }
}

static void find_pictures(Job *j)
{
    for (size_t i = 0; i < j->d->values.n; i++) {
        const FillCell *cell = j->d->values.items[i].value;
        if (cell->is == FILL_PICTURE)
            take_picture(j, j->d->values.items[i].key, cell->text);
    }
    for (int i = 0; i < j->p.n; i++)
        if (j->filled[i])
            mark_pictures(j, j->filled[i]->tree, j->filled[i]);
}

static void draw(Job *j, int at, Buf *b)
{
    const Pic *pic = &j->pictures[at];
    const char *w = j->at->doc.prefix;
    long width = pic->width * EMU_TENTH, height = pic->height * EMU_TENTH;
    int id = 10000 * pic->number + ++j->next_id;
    buf_printf(
        b,
        "</%st><%sdrawing><wp:inline "
        "xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" "
        "distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\"><wp:extent cx=\"%ld\" cy=\"%ld\"/>"
        "<wp:docPr id=\"%d\" name=\"zhike%d\"/><a:graphic "
        "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"><a:graphicData "
        "uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic "
        "xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:nvPicPr>"
        "<pic:cNvPr id=\"%d\" name=\"zhike%d\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>",
        w, w, width, height, id, id, id, id);
    buf_printf(
        b,
        "<a:blip xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" "
        "r:embed=\"rIdZhike%d\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr>"
        "<a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"%ld\" cy=\"%ld\"/></a:xfrm><a:prstGeom "
        "prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>"
        "</wp:inline></%sdrawing><%st xml:space=\"preserve\">",
        pic->number, width, height, w, w);
}

/* ---- writing a part -------------------------------------------------------------------------- */

static bool flush(Job *j)
{
    bool ok = docx_out_add(j->out, j->lump.data, j->lump.len);
    buf_clear(&j->lump);
    return ok;
}

static bool add(Job *j, const char *s, size_t n)
{
    j->made.bytes += (int64_t)n;
    if (j->made.bytes > j->most.bytes)
        return ctx_fail(j->c, ERR_TOO_LARGE, NULL, "print.too_large",
                        ctx_num(j->c, j->most.bytes >> 20));
    if (j->lump.len + n > LUMP && !flush(j))
        return false;
    if (n > LUMP)
        return docx_out_add(j->out, s, n);
    buf_add(&j->lump, s, n);
    return true;
}

static bool on_text(void *arg, const char *s, size_t n)
{
    return add(arg, s, n);
}

/* Rows of lists within each other multiply, and one without a text costs time as well. */
static bool on_row(void *arg)
{
    Job *j = arg;
    if (++j->made.rows > j->most.rows)
        return ctx_fail(j->c, ERR_TOO_LARGE, "rows", "print.rows_all", ctx_num(j->c, j->most.rows));
    return true;
}

/* What a value does to the line: a new one, a step. */
static void put_value(const Job *j, Buf *b, const char *s)
{
    const char *w = j->at->doc.prefix;
    while (*s) {
        size_t n = strcspn(s, "\r\n\t");
        docx_escape(b, s, n);
        s += n;
        if (!*s)
            break;
        if (s[0] == '\r' && s[1] == '\n')
            s++;
        buf_printf(b, "</%st><%s%s/><%st xml:space=\"preserve\">", w, w, *s == '\t' ? "tab" : "br",
                   w);
        s++;
    }
}

static bool on_place(void *arg, const char *path, const FillCell *cell)
{
    Job *j = arg;
    Buf b;
    if (!cell || !cell->text)
        return true;
    arena_reset(j->step);
    buf_init(&b, j->step);
    if (cell->is != FILL_PICTURE)
        put_value(j, &b, cell->text);
    for (int i = 0; cell->is == FILL_PICTURE && i < j->n_pictures; i++)
        if (strcmp(j->pictures[i].path, path) == 0)
            draw(j, i, &b);
    return add(j, b.data, b.len);
}

static bool write_filled(Job *j, int at)
{
    j->at = j->filled[at];
    FillSink sink = {.text = on_text, .place = on_place, .arg = j, .row = on_row};
    return docx_out_begin(j->out, j->p.parts[at].name) &&
           fill_walk(j->at->tree, j->d, NULL, &sink) && flush(j) && docx_out_end(j->out);
}

/* ---- what goes along --------------------------------------------------------------------------- */

static const char *value(const Job *j, const char *path)
{
    const FillCell *cell = map_get(&j->d->values, path);
    return cell && cell->text ? cell->text : "";
}

/* Who printed it and when, instead of who made the template. */
static bool write_core(Job *j, const char *name)
{
    static const struct {
        const char *tag, *path;
    } lines[] = {{"dc:title", "@title"},
                 {"dc:creator", "@user"},
                 {"cp:lastModifiedBy", "@user"},
                 {"dc:description", "@printed"}};
    Buf b;
    buf_init(&b, j->c->a);
    buf_puts(&b,
             "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<cp:coreProperties "
             "xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/"
             "core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
             "xmlns:dcterms=\"http://purl.org/dc/terms/\" "
             "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *text = value(j, lines[i].path);
        buf_printf(&b, "<%s>", lines[i].tag);
        docx_escape(&b, text, strlen(text));
        buf_printf(&b, "</%s>", lines[i].tag);
    }
    if (*value(j, "@utc"))
        buf_printf(&b, "<dcterms:created xsi:type=\"dcterms:W3CDTF\">%s</dcterms:created>",
                   value(j, "@utc"));
    buf_puts(&b, "</cp:coreProperties>");
    return docx_out_whole(j->out, name, b.data, b.len);
}

/* A list of types or relations written anew: its lines, as they were, and more. */
typedef struct Lines {
    Buf b;
    bool png, jpeg; /* types it has */
} Lines;

static void put_attribute(Buf *b, const char *name, const char *value)
{
    buf_printf(b, " %s=\"", name);
    for (size_t n; (n = strcspn(value, "\""), value[n]); value += n + 1) {
        docx_escape(b, value, n);
        buf_puts(b, "&quot;");
    }
    docx_escape(b, value, strlen(value));
    buf_puts(b, "\"");
}

static bool copy_line(void *arg, const char *local, const char **attrs)
{
    Lines *l = arg;
    const char *ext = docx_attr(attrs, "Extension");
    if (strcmp(local, "Types") == 0 || strcmp(local, "Relationships") == 0)
        return true;
    l->png |= ext && strcasecmp(ext, "png") == 0;
    l->jpeg |= ext && strcasecmp(ext, "jpeg") == 0;
    buf_printf(&l->b, "<%s", local);
    for (; *attrs; attrs += 2)
        if (strncmp(*attrs, "xmlns", 5) != 0 && !strchr(*attrs, ':'))
            put_attribute(&l->b, attrs[0], attrs[1]);
    buf_puts(&l->b, "/>");
    return true;
}

/* part NULL: there was none. */
static void lines_of(Job *j, const DocxPart *part, const char *kind, const char *root, Lines *out)
{
    *out = (Lines){.png = false};
    buf_init(&out->b, j->c->a);
    buf_printf(&out->b,
               "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<%s "
               "xmlns=\"http://schemas.openxmlformats.org/package/2006/%s\">",
               root, kind);
    if (part) /* it was read once: docx_open */
        (void)docx_each_element(j->c, part->xml, part->n, part->name, copy_line, out);
}

static bool write_lines(Job *j, const char *name, Lines *l, const char *root)
{
    buf_printf(&l->b, "</%s>", root);
    return docx_out_whole(j->out, name, l->b.data, l->b.len);
}

static bool write_types(Job *j, const DocxPart *part)
{
    Lines l;
    lines_of(j, part, "content-types", "Types", &l);
    if (!l.png)
        buf_puts(&l.b, "<Default Extension=\"png\" ContentType=\"image/png\"/>");
    if (!l.jpeg)
        buf_puts(&l.b, "<Default Extension=\"jpeg\" ContentType=\"image/jpeg\"/>");
    return write_lines(j, part->name, &l, "Types");
}

static Filled *whose_rels(const Job *j, const char *name)
{
    for (int i = 0; i < j->p.n; i++)
        if (j->filled[i] && j->filled[i]->any_picture && strcasecmp(j->filled[i]->rels, name) == 0)
            return j->filled[i];
    return NULL;
}

/* part NULL: the filled one had none. */
static bool write_rels(Job *j, const DocxPart *part, Filled *f)
{
    Lines l;
    lines_of(j, part, "relationships", "Relationships", &l);
    for (int i = 0; i < j->n_pictures; i++)
        if (f->pictures[i])
            buf_printf(&l.b,
                       "<Relationship Id=\"rIdZhike%d\" "
                       "Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
                       "image\" Target=\"/%s\"/>",
                       j->pictures[i].number, j->pictures[i].file);
    f->rels_done = true;
    return write_lines(j, part ? part->name : f->rels, &l, "Relationships");
}

/* Relations of parts that had none, and the pictures. */
static bool write_new(Job *j)
{
    for (int i = 0; i < j->p.n; i++) {
        Filled *f = j->filled[i];
        if (f && f->any_picture && !f->rels_done && !write_rels(j, NULL, f))
            return false;
    }
    for (int i = 0; i < j->n_pictures; i++)
        if (!docx_out_whole(j->out, j->pictures[i].file, (const char *)j->pictures[i].bytes,
                            j->pictures[i].n))
            return false;
    return true;
}

static bool write_part(Job *j, int at)
{
    const char *name = j->p.parts[at].name;
    Filled *rels = whose_rels(j, name);
    if (j->filled[at])
        return write_filled(j, at);
    if (strcasecmp(name, CORE_PART) == 0)
        return write_core(j, name);
    if (j->n_pictures && strcasecmp(name, TYPES_PART) == 0)
        return write_types(j, &j->p.parts[at]);
    if (rels)
        return write_rels(j, &j->p.parts[at], rels);
    return docx_out_copy(j->out, &j->p, at);
}

bool docx_fill(Ctx *c, const char *bytes, size_t n, const FillData *d, DocxMost most,
               DocxWrite *write, void *arg)
{
    Job j = {.d = d, .most = most};
    if (!open_all(c, bytes, n, &j))
        return false;
    find_pictures(&j);
    j.out = docx_out_new(c->a, SOME_DAY, write, arg);
    j.step = arena_child(c->a);
    buf_init(&j.lump, c->a);
    for (int i = 0; i < j.p.n; i++)
        if (!write_part(&j, i))
            return false;
    return write_new(&j) && docx_out_close(j.out);
}
