/* Places in texts: the one scanner, and the tree of texts with sections. See fill.h. */
#include <string.h>

#include "base/fill.h"

enum { MISTAKES = 10, SHOWN = 60, FIELD_MOST = 63 };

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

static size_t name_span(const char *p, const char *end)
{
    const char *at = p;
    while (at < end && *at && strchr(name_chars, *at))
        at++;
    return (size_t)(at - p);
}

/* ---- the lenient two ----------------------------------------------------------------------- */

static bool name_at(const char *at, const char *end, FillTag *out)
{
    const char *p = at + 2;
    while (p < end && *p == ' ')
        p++;
    *out = (FillTag){.at = at, .name = p, .n = name_span(p, end)};
    p += out->n;
    while (p < end && *p == ' ')
        p++;
    out->end = p + 2;
    return out->n && end - p >= 2 && p[0] == '}' && p[1] == '}';
}

static bool field_at(const char *at, const char *end, FillTag *out)
{
    size_t n = name_span(at + 1, end);
    *out = (FillTag){.at = at, .end = at + n + 2, .name = at + 1, .n = n};
    return n > 0 && n <= FIELD_MOST && at + n + 1 < end && at[n + 1] == '}';
}

/* ---- tags ---------------------------------------------------------------------------------- */

/* Bytes of the blank that p, which is not the end, begins with: what people and Word put beside a name, also those no one sees. */
static size_t blank(const char *p, const char *end)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe3\x80\x80", "\xe2\x80\x8b", "\xef\xbb\xbf"};
    if (*p == ' ' || *p == '\t')
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t n = strlen(wide[i]);
        if ((size_t)(end - p) >= n && memcmp(p, wide[i], n) == 0)
            return n;
    }
    return 0;
}

static void trim(FillTag *t, const char *end)
{
    size_t n, last = 0;
    while (t->name < end && (n = blank(t->name, end)) > 0)
        t->name += n;
    for (const char *p = t->name; p < end;) {
        n = blank(p, end);
        p += n ? n : 1;
        if (!n)
            last = (size_t)(p - t->name);
    }
    t->n = last;
}

static bool broken(FillTag *t, const char *why, const char *end)
{
    t->broken = why;
    t->end = end;
    return true;
}

/* At "{{": always something, if only a mistake. */
static bool tag_at(const char *at, const char *end, FillTag *out)
{
    *out = (FillTag){.at = at, .name = at + 2};
    const char *p = at + 2;
    while (p < end && *p != '{' && *p != '}' && *p != '\n' && *p != '\r')
        p++;
    if (end - p < 2 || p[0] != '}' || p[1] != '}')
        return broken(out, "fill.open", p > at + 2 ? p : at + 2);
    out->end = p + 2;
    if (out->name < p && strchr("#^/", *out->name))
        out->sign = *out->name++;
    trim(out, p);
    if (out->n == 0)
        return broken(out, "fill.empty", out->end);
    if (out->n > FILL_PATH_MOST)
        return broken(out, "fill.long", out->end);
    return true;
}

/* Braces of a Chinese keyboard, two of them: ｛｛ or ｝｝. */
static bool wide_at(const char *p, const char *end)
{
    return end - p >= 6 && (memcmp(p, "\xef\xbd\x9b\xef\xbd\x9b", 6) == 0 ||
                            memcmp(p, "\xef\xbd\x9d\xef\xbd\x9d", 6) == 0);
}

bool fill_next(const char *p, const char *end, FillStyle style, FillTag *out)
{
    for (; p < end; p++) {
        bool two = end - p >= 2 && p[0] == p[1];
        if (style == FILL_FIELDS) {
            if (*p == '{' && field_at(p, end, out))
                return true;
        } else if (*p == '{' && two) {
            if (style == FILL_TAGS ? tag_at(p, end, out) : name_at(p, end, out))
                return true;
        } else if (style == FILL_TAGS && *p == '}' && two) {
            *out = (FillTag){.at = p};
            return broken(out, "fill.close", p + 2);
        } else if (style == FILL_TAGS && wide_at(p, end)) {
            *out = (FillTag){.at = p};
            return broken(out, "fill.wide", p + 6);
        }
    }
    return false;
}

/* ---- the tree ------------------------------------------------------------------------------ */

void fill_tree_init(FillTree *t, Arena *a)
{
    *t = (FillTree){.a = a};
    t->tail[0] = &t->root;
}

static FillNode *add(FillTree *t, FillKind kind, const char *text, size_t n)
{
    FillNode *node = ARENA_NEW(t->a, FillNode);
    *node = (FillNode){.kind = kind, .text = text, .n = n};
    *t->tail[t->depth] = node;
    t->tail[t->depth] = &node->next;
    t->n++;
    return node;
}

void fill_tree_text(FillTree *t, const char *text, size_t n)
{
    if (n)
        add(t, FILL_TEXT, text, n);
}

const char *fill_tree_tag(FillTree *t, char sign, const char *name, size_t n)
{
    const char *path = arena_dup(t->a, name, n);
    if (t->n >= FILL_NODES)
        return "fill.many";
    if (sign == 0) {
        add(t, FILL_PLACE, path, n);
        return NULL;
    }
    if (sign == '/') {
        if (t->depth == 0)
            return "fill.no_section";
        if (strcmp(t->open[t->depth]->text, path) != 0)
            return "fill.other_section";
        t->depth--;
        return NULL;
    }
    if (t->depth == FILL_DEPTH)
        return "fill.deep";
    FillNode *node = add(t, sign == '#' ? FILL_EACH : FILL_UNLESS, path, n);
    t->depth++;
    t->tail[t->depth] = &node->kids;
    t->open[t->depth] = node;
    return NULL;
}

bool fill_wrong(Ctx *c, const char *field, const char *where, const char *key, const char *tag,
                size_t n)
{
    size_t shown = n < SHOWN ? n : SHOWN;
    while (shown < n && shown && ((unsigned char)tag[shown] & 0xc0) == 0x80)
        shown--;
    return ctx_fail(c, ERR_INVALID, field, key, where,
                    arena_printf(c->a, "%.*s%s", (int)shown, tag, shown < n ? "…" : ""));
}

bool fill_parse(Ctx *c, const char *field, const char *where, const char *text, size_t n,
                FillNode **out)
{
    const char *end = text + n;
    int before = c->n_err;
    FillTree t;
    FillTag tag;
    fill_tree_init(&t, c->a);
    for (const char *p = text; p < end && c->n_err - before < MISTAKES;) {
        bool any = fill_next(p, end, FILL_TAGS, &tag);
        fill_tree_text(&t, p, any ? (size_t)(tag.at - p) : (size_t)(end - p));
        if (!any)
            break;
        const char *why = tag.broken ? tag.broken : fill_tree_tag(&t, tag.sign, tag.name, tag.n);
        if (why)
            fill_wrong(c, field, where, why, tag.at, (size_t)(tag.end - tag.at));
        p = tag.end;
    }
    while (t.depth > 0 && c->n_err == before) {
        const FillNode *open = t.open[t.depth--];
        const char *shown =
            arena_printf(c->a, "{{%s%s}}", open->kind == FILL_EACH ? "#" : "^", open->text);
        fill_wrong(c, field, where, "fill.unclosed", shown, strlen(shown));
    }
    *out = t.root;
    return c->n_err == before;
}
