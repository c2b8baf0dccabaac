/*
 * The text of a report template taken apart, line by line:
 *     # title   ## heading   ### small heading   > small grey text   anything else: text
 *     @fields [a, b, 标题=c]   @table list[: a, 标题=b]   @qr [text]   @sign 甲, 乙   @gap [mm]   @break
 *     {{#list}} … {{/list}} and {{^…}} in lines of their own repeat, or leave out, the lines between
 * Each directive has a Chinese name, too. Places stand in every text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/utf8.h"
#include "record/print/impl.h"

enum { LINES_MOST = 5000, COLUMNS_MOST = 40, GAP_USUAL = 4, GAP_MOST = 200, BUILT_IN_ROWS = 100 };

typedef struct Reading {
    Ctx *c;
    int line, depth, before;
    Body **tail[FILL_DEPTH + 2];
    Body *open[FILL_DEPTH + 2];
} Reading;

static const struct {
    const char *en, *zh;
    BodyKind kind;
} directives[] = {{"fields", "字段", BODY_FIELDS}, {"table", "表格", BODY_TABLE},
                  {"qr", "二维码", BODY_QR},       {"sign", "签名", BODY_SIGN},
                  {"gap", "空白", BODY_GAP},       {"break", "分页", BODY_BREAK}};

static const char *where(Ctx *c, int line)
{
    const char *const args[] = {ctx_num(c, line), NULL};
    return msg_format(c->a, c->lang, "print.line", args);
}

static bool wrong(Reading *r, const char *key, const char *what)
{
    return ctx_fail(r->c, ERR_INVALID, "body", key, where(r->c, r->line), what);
}

static Body *add(Reading *r, BodyKind kind)
{
    Body *b = ARENA_NEW(r->c->a, Body);
    *b = (Body){.kind = kind, .line = r->line};
    *r->tail[r->depth] = b;
    r->tail[r->depth] = &b->next;
    return b;
}

static const char *trimmed(Arena *a, const char *s, size_t n)
{
    const char *copy = arena_dup(a, s, n), *from = utf8_trim(copy, &n);
    return arena_dup(a, from, n);
}

static void parse_text(Reading *r, Body *b, const char *text)
{
    (void)fill_parse(r->c, "body", where(r->c, r->line), text, strlen(text), &b->text);
}

/* ---- columns ------------------------------------------------------------------------------------------ */

/* Bytes up to a comma of either kind; *width: how long that is. */
static size_t to_comma(const char *p, size_t *width)
{
    for (size_t n = 0;; n++) {
        *width = p[n] == ',' ? 1 : strncmp(p + n, "，", 3) == 0 ? 3 : 0;
        if (*width || !p[n])
            return n;
    }
}

static bool parse_columns(Reading *r, Body *b, const char *text)
{
    Arena *a = r->c->a;
    b->columns = ARENA_ARRAY(a, COLUMNS_MOST, BodyColumn);
    while (*text) {
        size_t width, n = to_comma(text, &width);
        const char *one = trimmed(a, text, n), *eq = strchr(one, '=');
        text += n + width;
        if (!*one)
            continue;
        if (b->n_columns == COLUMNS_MOST)
            return wrong(r, "print.columns", ctx_num(r->c, COLUMNS_MOST));
        BodyColumn *col = &b->columns[b->n_columns++];
        col->label = eq ? trimmed(a, one, (size_t)(eq - one)) : NULL;
        col->path = eq ? trimmed(a, eq + 1, strlen(eq + 1)) : one;
        if (!*col->path || strpbrk(col->path, "{}"))
            return wrong(r, "print.column", one);
    }
    return true;
}

/* ---- lines ---------------------------------------------------------------------------------------------- */

/* "contacts: name, mobile" */
static void table(Reading *r, Body *b, const char *rest)
{
    size_t name = strcspn(rest, ":"), skip = 1;
    const char *wide = strstr(rest, "：");
    if (wide && (size_t)(wide - rest) < name) {
        name = (size_t)(wide - rest);
        skip = 3;
    }
    b->path = trimmed(r->c->a, rest, name);
    if (*b->path)
        parse_columns(r, b, rest[name] ? rest + name + skip : "");
    else
        wrong(r, "print.table", "@table");
}

static void directive(Reading *r, const char *line)
{
    const char *word = arena_dup(r->c->a, line + 1, strcspn(line + 1, " \t"));
    size_t i = 0, all = sizeof directives / sizeof *directives;
    while (i < all && strcmp(directives[i].en, word) != 0 && strcmp(directives[i].zh, word) != 0)
        i++;
    if (i == all) {
        wrong(r, "print.directive", arena_printf(r->c->a, "@%s", word));
        return;
    }
    const char *rest = line + 1 + strlen(word);
    rest = trimmed(r->c->a, rest, strlen(rest));
    Body *b = add(r, directives[i].kind);
    if (b->kind == BODY_QR) {
        parse_text(r, b, *rest ? rest : "{{@url}}");
    } else if (b->kind == BODY_FIELDS) {
        parse_columns(r, b, rest);
    } else if (b->kind == BODY_GAP) {
        long mm = strtol(rest, NULL, 10);
        b->level = mm > 0 && mm <= GAP_MOST ? (int)mm : GAP_USUAL;
    } else if (b->kind == BODY_SIGN) {
        if (parse_columns(r, b, rest) && !b->n_columns)
            wrong(r, "print.sign", "@sign");
    } else if (b->kind == BODY_TABLE) {
        table(r, b, rest);
    }
}

/* A tag alone in its line is about lines. */
static bool section(Reading *r, const char *line)
{
    FillTag t;
    const char *end = line + strlen(line), *why = NULL;
    if (!fill_next(line, end, FILL_TAGS, &t) || t.at != line || t.end != end || t.broken || !t.sign)
        return false;
    const char *path = arena_dup(r->c->a, t.name, t.n);
    if (t.sign == '/') {
        if (r->depth == 0)
            why = "fill.no_section";
        else if (strcmp(r->open[r->depth]->path, path) != 0)
            why = "fill.other_section";
        else
            r->depth--;
    } else if (r->depth == FILL_DEPTH) {
        why = "fill.deep";
    } else {
        Body *b = add(r, t.sign == '#' ? BODY_EACH : BODY_UNLESS);
        b->path = path;
        r->depth++;
        r->open[r->depth] = b;
        r->tail[r->depth] = &b->kids;
    }
    if (why)
        fill_wrong(r->c, "body", where(r->c, r->line), why, line, strlen(line));
    return true;
}

static void one_line(Reading *r, const char *line)
{
    size_t hashes = strspn(line, "#");
    if (section(r, line))
        return;
    if (*line == '@') {
        directive(r, line);
    } else if (hashes >= 1 && hashes <= 3 && line[hashes] == ' ') {
        Body *b = add(r, BODY_HEADING);
        b->level = (int)hashes;
        parse_text(r, b, line + hashes + 1);
    } else {
        bool muted = line[0] == '>' && line[1] == ' ';
        parse_text(r, add(r, muted ? BODY_MUTED : BODY_TEXT), muted ? line + 2 : line);
    }
}

bool body_parse(Ctx *c, const char *text, Body **out)
{
    Reading r = {.c = c, .before = c->n_err};
    *out = NULL;
    r.tail[0] = out;
    while (*text && c->n_err - r.before < PRINT_MISTAKES) {
        size_t n = strcspn(text, "\n");
        const char *line = trimmed(c->a, text, n);
        text += n + (text[n] == '\n');
        if (++r.line > LINES_MOST)
            return wrong(&r, "print.lines", ctx_num(c, LINES_MOST));
        one_line(&r, line);
    }
    for (; r.depth > 0 && c->n_err == r.before; r.depth--) {
        const Body *open = r.open[r.depth];
        const char *sign = open->kind == BODY_EACH ? "#" : "^";
        const char *tag = arena_printf(c->a, "{{%s%s}}", sign, open->path);
        fill_wrong(c, "body", where(c, open->line), "fill.unclosed", tag, strlen(tag));
    }
    return c->n_err == r.before;
}

/* ---- what it wants ------------------------------------------------------------------------------------- */

static bool unknown(PrintWant *w, const Body *b, const char *key, const char *what, const Entity *e)
{
    if (!w->field || w->c->n_err >= PRINT_MISTAKES)
        return w->field == NULL;
    return ctx_fail(w->c, ERR_INVALID, w->field, key, where(w->c, b->line), what,
                    label_in(e->label, w->c->lang));
}

static bool in_table(const Field *f, const Field *link)
{
    return f->in_list && print_field_fits(f) && f != link && f->type != FT_IMAGE;
}

/* Without columns those of the list, but for the one that says what they belong to. */
static void usual_columns(Body *b)
{
    enum { USUAL = 6 };
    const Entity *e = b->set->level.e;
    for (int i = 0; i < e->n_fields && b->n_columns < USUAL; i++)
        if (in_table(&e->fields[i], b->set->link))
            b->columns[b->n_columns++].path = e->fields[i].name;
}

static const char *label_of(Ctx *c, const Field *f)
{
    const char *label = label_in(f->label, c->lang);
    return f->unit ? arena_printf(c->a, c->lang[0] == 'e' ? "%s (%s)" : "%s（%s）", label, f->unit)
                   : label;
}

static bool is_number(const Field *f)
{
    return f->type == FT_INT || f->type == FT_DECIMAL || f->type == FT_FLOAT || f->type == FT_MONEY;
}

const Field *print_field_at(const PrintLevel *l, int out)
{
    for (size_t i = 0; i < l->cols.n; i++)
        if (l->cols.items[i].out == out)
            return l->cols.items[i].f;
    for (size_t i = 0; i < l->subs.n; i++) {
        const Field *f = print_field_at(l->subs.items[i].level, out);
        if (f)
            return f;
    }
    return NULL;
}

static bool want_columns(PrintWant *w, Body *b, PrintSet *s)
{
    bool ok = true;
    for (int i = 0; i < b->n_columns; i++) {
        BodyColumn *col = &b->columns[i];
        if (strcmp(col->path, "@no") == 0) {
            col->label = col->label ? col->label : msg_text(w->c->lang, "print.no");
            continue;
        }
        if (!print_want_path(w, s, col->path)) {
            ok &= unknown(w, b, "print.place", col->path, s->level.e);
            col->label = col->label ? col->label : "";
            continue;
        }
        for (size_t k = 0; k < s->paths.n; k++)
            if (strcmp(s->paths.items[k], col->path) == 0) {
                const Field *f = print_field_at(&s->level, (int)k);
                col->label = col->label ? col->label : label_of(w->c, f);
                col->right = is_number(f);
            }
    }
    return ok;
}

/* Those of the reader's layout. */
static bool want_layout(PrintWant *w)
{
    PrintSection *s;
    int n = print_sections(w->c, w->e, &s);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < s[i].n; k++)
            print_want_path(w, &w->record, s[i].paths[k]);
    return n >= 0;
}

static bool want_table(PrintWant *w, Body *b)
{
    b->set = print_want_list(w, b->path);
    if (!b->set)
        return unknown(w, b, "print.list", b->path, w->e);
    if (!b->n_columns)
        usual_columns(b);
    return want_columns(w, b, b->set);
}

static bool want_in(PrintWant *w, Body *nodes, PrintSet *within)
{
    bool ok = true;
    for (Body *b = nodes; b; b = b->next) {
        const char *at = where(w->c, b->line);
        if (b->kind == BODY_TABLE)
            ok &= want_table(w, b);
        else if (b->kind == BODY_FIELDS)
            ok &= b->n_columns ? want_columns(w, b, &w->record) : want_layout(w);
        else if (b->kind == BODY_EACH || b->kind == BODY_UNLESS) {
            const FillNode tag = {.kind = b->kind == BODY_EACH ? FILL_EACH : FILL_UNLESS,
                                  .text = b->path};
            PrintSet *list = b->kind == BODY_EACH ? print_want_list(w, b->path) : NULL;
            if (!print_want_tree(w, &tag, within, at)) {
                ok = false; /* what stands in it may be of a list that is none */
                continue;
            }
            if (list)
                list->open = true;
            ok &= want_in(w, b->kids, list ? list : within);
            if (list)
                list->open = false;
        } else {
            ok &= print_want_tree(w, b->text, within, at);
        }
    }
    return ok;
}

bool body_want(PrintWant *w, Body *b)
{
    return want_in(w, b, NULL);
}

/* ---- the built-in template --------------------------------------------------------------------------------- */

const char *body_built_in(Ctx *c, PrintWant *w)
{
    Buf b;
    buf_init(&b, c->a);
    buf_puts(&b, "# {{@title}}\n> {{@entity}} · {{@user}} · {{@date}} {{@time}}\n@fields\n");
    for (int i = 0; i < w->n_children; i++) {
        const PrintChild *k = &w->children[i];
        bool part = k->e->parent && strcmp(k->e->parent, k->link->name) == 0;
        bool his = access_may(c, k->e, ACT_READ) || !access_may(c, w->e, ACT_READ);
        PrintSet *s = part && his ? print_want_list(w, k->name) : NULL;
        if (!s)
            continue;
        s->limit = s->limit ? s->limit : BUILT_IN_ROWS;
        buf_printf(&b, "## %s\n@table %s\n", label_in(k->e->label, c->lang), k->name);
    }
    return b.data;
}
