/*
 * From the elements of a part to a tree that can be filled: tags are found in the text of whole paragraphs, put together in
 * the run they begin in, and a section gets the piece of XML it repeats. See docx.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "record/print/docx_impl.h"

enum { MISTAKES = 10, SNIPPET = 40 };

typedef struct Tag {
    const char *name;
    size_t n;
    char sign;
    int elem;    /* the DX_T it begins in */
    size_t from; /* there */
    bool block;  /* of a section whose ends lie in different paragraphs */
} Tag;

/* Something with its place in the document, to be put in order. */
typedef struct Place {
    size_t at, from;
    int what;
} Place;

/* A piece of a DX_T's text that goes: a tag, or the rest of one that began before. */
typedef struct Cut {
    int elem, tag; /* tag -1: only goes */
    size_t from, to;
} Cut;

typedef enum EventKind { EV_CLOSE, EV_OPEN, EV_DROP, EV_TEXT } EventKind;

typedef struct Event {
    EventKind kind;
    size_t at, to; /* OPEN: where its section ends; CLOSE: where it began; DROP: the end */
    int tag;       /* OPEN, CLOSE: of the opening tag; TEXT, DROP: the element */
    bool refill;   /* CLOSE: an empty paragraph where nothing was repeated */
} Event;

typedef struct Build {
    Ctx *c;
    const DocxPart *part;
    const DocxDoc *d;
    Place *texts; /* DX_T in order of the document */
    int n_texts;
    bool *only_tags, *dropped; /* by element: paragraphs of section tags alone */
    VEC(Tag) tags;
    VEC(Cut) cuts;
    VEC(Event) events;
    int before;
} Build;

static const DocxElem *elem(const Build *b, int i)
{
    return &b->d->elems[i];
}

/* ---- mistakes ------------------------------------------------------------------------------ */

/* 正文“合同编号：{{numb…” */
static const char *where(Build *b, const char *text)
{
    Ctx *c = b->c;
    size_t n = strlen(text), shown = utf8_clip(text, SNIPPET);
    const char *const args[] = {
        docx_part_label(c, b->part),
        arena_printf(c->a, "%.*s%s", (int)shown, text, shown < n ? "…" : ""), NULL};
    return msg_format(c->a, c->lang, "print.docx.where", args);
}

static char *text_of(Build *b, int paragraph)
{
    Buf t;
    buf_init(&t, b->c->a);
    for (int i = 0; i < b->n_texts; i++) {
        const DocxElem *e = elem(b, b->texts[i].what);
        if (e->paragraph == paragraph)
            buf_add(&t, e->text, e->n);
    }
    return t.data;
}

static bool wrong(Build *b, const char *key, const Tag *t)
{
    const char *tag = arena_printf(b->c->a, "{{%.1s%.*s}}", &t->sign, (int)t->n, t->name);
    return fill_wrong(b->c, "file", where(b, text_of(b, elem(b, t->elem)->paragraph)), key, tag,
                      strlen(tag));
}

static bool full(const Build *b)
{
    return b->c->n_err - b->before >= MISTAKES;
}

/* ---- tags of a paragraph ------------------------------------------------------------------- */

/* Cuts [from, to) of the joined text out of the elements it lies in; the first keeps the tag. */
static void cut(Build *b, const Place *texts, int n, size_t from, size_t to, int tag)
{
    size_t at = 0;
    for (int i = 0; i < n && at < to; i++) {
        size_t end = at + elem(b, texts[i].what)->n;
        if (end > from) {
            Cut k = {.elem = texts[i].what,
                     .tag = tag,
                     .from = from > at ? from - at : 0,
                     .to = (to < end ? to : end) - at};
            vec_push(b->c->a, &b->cuts, k);
            if (tag >= 0) {
                b->tags.items[tag].elem = k.elem;
                b->tags.items[tag].from = k.from;
            }
            tag = -1;
        }
        at = end;
    }
}

static bool blank_text(const char *s, const char *end)
{
    while (s < end)
        if (!utf8_is_blank(utf8_next(&s, end)))
            return false;
    return true;
}

/* Texts of one paragraph, in order. */
static void take_paragraph(Build *b, const Place *texts, int n)
{
    Ctx *c = b->c;
    Buf all;
    FillTag t;
    buf_init(&all, c->a);
    for (int i = 0; i < n; i++)
        buf_add(&all, elem(b, texts[i].what)->text, elem(b, texts[i].what)->n);
    const char *end = all.data + all.len, *p = all.data;
    bool only = true, any = false;
    for (; !full(b) && fill_next(p, end, FILL_TAGS, &t); p = t.end) {
        only &= t.sign != 0 && blank_text(p, t.at);
        any = true;
        if (t.broken) {
            fill_wrong(c, "file", where(b, all.data), t.broken, t.at, (size_t)(t.end - t.at));
            continue;
        }
        Tag tag = {.name = arena_dup(c->a, t.name, t.n), .n = t.n, .sign = t.sign};
        vec_push(c->a, &b->tags, tag);
        cut(b, texts, n, (size_t)(t.at - all.data), (size_t)(t.end - all.data), (int)b->tags.n - 1);
    }
    b->only_tags[elem(b, texts[0].what)->paragraph] = any && only && blank_text(p, end);
}

static int by_place(const void *x, const void *y)
{
    const Place *a = x, *b = y;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->from > b->from) - (a->from < b->from);
}

/* All tags of the part. The texts of a paragraph may have another one between them: a text box. */
static void take_tags(Build *b)
{
    const DocxDoc *d = b->d;
    Place *by_paragraph = ARENA_ARRAY(b->c->a, d->n_elems + 1, Place);
    b->texts = ARENA_ARRAY(b->c->a, d->n_elems + 1, Place);
    for (int i = 0; i < d->n_elems; i++) {
        if (d->elems[i].kind != DX_T || d->elems[i].paragraph < 0)
            continue;
        by_paragraph[b->n_texts] = (Place){(size_t)d->elems[i].paragraph, d->elems[i].start, i};
        b->texts[b->n_texts++] = (Place){d->elems[i].start, 0, i};
    }
    qsort(by_paragraph, (size_t)b->n_texts, sizeof *by_paragraph, by_place);
    for (int i = 0, k; i < b->n_texts && !full(b); i = k) {
        for (k = i + 1; k < b->n_texts && by_paragraph[k].at == by_paragraph[i].at;)
            k++;
        take_paragraph(b, by_paragraph + i, k - i);
    }
}

/* ---- what a section repeats ---------------------------------------------------------------- */

static int depth_of(const Build *b, int i)
{
    int n = 0;
    for (; i >= 0; i = elem(b, i)->parent)
        n++;
    return n;
}

/* The innermost element both lie in, and the ones right in it that lead to them. */
static int common(const Build *b, int x, int y, int *to_x, int *to_y)
{
    int dx = depth_of(b, x), dy = depth_of(b, y);
    *to_x = *to_y = -1;
    while (x != y) {
        if (dx >= dy) {
            *to_x = x;
            x = elem(b, x)->parent;
            dx--;
        } else {
            *to_y = y;
            y = elem(b, y)->parent;
            dy--;
        }
    }
    return x;
}

/* Within a paragraph text alone is repeated, but for what a text box holds. */
static bool holds_blocks(const Build *b, int i)
{
    for (; i >= 0 && elem(b, i)->kind != DX_P; i = elem(b, i)->parent)
        if (elem(b, i)->kind == DX_HOLDER || elem(b, i)->kind == DX_TC)
            return true;
    return i < 0;
}

static int text_at(const Build *b, size_t at)
{
    int low = 0, high = b->n_texts;
    while (low < high) {
        int mid = (low + high) / 2;
        if (b->texts[mid].at < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* A paragraph, or a row, in which nothing stands but tags of sections. */
static bool only_tags(const Build *b, int i)
{
    const DocxElem *e = elem(b, i);
    bool any = false;
    if (e->kind == DX_P)
        return b->only_tags[i];
    if (e->kind != DX_TR)
        return false;
    for (int k = text_at(b, e->start); k < b->n_texts && b->texts[k].at < e->end; k++) {
        const DocxElem *t = elem(b, b->texts[k].what);
        bool tags = b->only_tags[t->paragraph];
        if (!tags && !blank_text(t->text, t->text + t->n))
            return false;
        any |= tags;
    }
    return any;
}

static bool may_drop(const Build *b, int i)
{
    const DocxElem *e = elem(b, i), *up = elem(b, e->parent);
    bool needed = (up->kind == DX_TC || up->kind == DX_HOLDER) && up->last_p == i;
    return !e->kept && !needed;
}

static void drop(Build *b, int i)
{
    if (b->dropped[i] || !may_drop(b, i))
        return;
    b->dropped[i] = true;
    vec_push(b->c->a, &b->events,
             (Event){.kind = EV_DROP, .at = elem(b, i)->start, .to = elem(b, i)->end, .tag = i});
}

static bool whole(const Build *b, int child, int text)
{
    DocxKind k = elem(b, child)->kind;
    return k == DX_TR || k == DX_OTHER || (k == DX_P && elem(b, text)->paragraph == child);
}

/* A section whose ends lie in different paragraphs: which XML it repeats. */
static bool block(Build *b, int open, int close)
{
    int x = b->tags.items[open].elem, y = b->tags.items[close].elem, from, to;
    int in = common(b, x, y, &from, &to);
    const DocxElem *e = elem(b, in);
    Event first = {.kind = EV_OPEN, .tag = open}, last = {.kind = EV_CLOSE, .tag = open};
    if (e->kind == DX_TR) {
        first.at = e->start;
        last.at = e->end;
    } else {
        if (!holds_blocks(b, in) || !whole(b, from, x) || !whole(b, to, y))
            return wrong(b, "print.docx.cross", &b->tags.items[open]);
        bool alone = only_tags(b, from), last_alone = only_tags(b, to);
        first.at = alone ? elem(b, from)->end : elem(b, from)->start;
        last.at = last_alone ? elem(b, to)->start : elem(b, to)->end;
        last.refill = !last_alone && (e->kind == DX_TC || e->kind == DX_HOLDER) &&
                      (e->last_p < 0 || elem(b, e->last_p)->end <= last.at);
        if (alone)
            drop(b, from);
        if (last_alone)
            drop(b, to);
    }
    b->tags.items[open].block = b->tags.items[close].block = true;
    if (first.at >= last.at)
        return true; /* nothing between them */
    first.to = last.at;
    last.to = first.at;
    vec_push(b->c->a, &b->events, first);
    vec_push(b->c->a, &b->events, last);
    return true;
}

/* Which close belongs to which open; where they lie decides what is repeated. */
static void match(Build *b)
{
    size_t n = b->tags.n;
    Place *order = ARENA_ARRAY(b->c->a, n + 1, Place);
    int *stack = ARENA_ARRAY(b->c->a, n + 1, int), depth = 0;
    for (size_t i = 0; i < n; i++)
        order[i] = (Place){elem(b, b->tags.items[i].elem)->start, b->tags.items[i].from, (int)i};
    qsort(order, n, sizeof *order, by_place);
    for (size_t i = 0; i < n && !full(b); i++) {
        int at = order[i].what;
        const Tag *t = &b->tags.items[at];
        if (t->sign == '#' || t->sign == '^')
            stack[depth++] = at;
        if (t->sign != '/')
            continue;
        const Tag *open = depth ? &b->tags.items[stack[depth - 1]] : NULL;
        if (!open)
            wrong(b, "fill.no_section", t);
        else if (strcmp(open->name, t->name) != 0)
            wrong(b, "fill.other_section", t);
        else if (elem(b, open->elem)->paragraph != elem(b, t->elem)->paragraph)
            block(b, stack[depth - 1], at);
        depth -= depth > 0;
    }
    while (depth > 0 && !full(b))
        wrong(b, "fill.unclosed", &b->tags.items[stack[--depth]]);
}

/* ---- the tree ------------------------------------------------------------------------------ */

/* What closes stands before what opens there; of two that open the larger first, of two that close the smaller. */
static int by_event(const void *x, const void *y)
{
    const Event *a = x, *b = y;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->to != b->to)
        return a->to > b->to ? -1 : 1;
    return a->kind == EV_CLOSE ? b->tag - a->tag : a->tag - b->tag;
}

static int by_cut(const void *x, const void *y)
{
    const Cut *a = x, *b = y;
    if (a->elem != b->elem)
        return a->elem < b->elem ? -1 : 1;
    return (a->from > b->from) - (a->from < b->from);
}

static size_t first_cut(const Build *b, int at)
{
    size_t low = 0, high = b->cuts.n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (b->cuts.items[mid].elem < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void put_text(Build *b, FillTree *t, const char *s, size_t n)
{
    Buf out;
    buf_init(&out, b->c->a);
    docx_escape(&out, s, n);
    fill_tree_text(t, out.data, out.len);
}

static bool put_tag(Build *b, FillTree *t, const Tag *tag, char sign)
{
    const char *why = fill_tree_tag(t, sign, tag->name, tag->n);
    if (why && strcmp(why, "fill.other_section") == 0)
        why = "print.docx.cross"; /* each is right by itself */
    if (why)
        return wrong(b, why, tag);
    return true;
}

/* before, prefix, behind: "<" "w:" "t>" */
static void put_markup(Build *b, FillTree *t, const char *before, const char *behind)
{
    const char *s = arena_printf(b->c->a, "%s%s%s", before, b->d->prefix, behind);
    fill_tree_text(t, s, strlen(s));
}

/* A DX_T that is touched, written anew. */
static bool put_elem(Build *b, FillTree *t, int at)
{
    const DocxElem *e = elem(b, at);
    const Cut *k = b->cuts.items + first_cut(b, at), *end = b->cuts.items + b->cuts.n;
    size_t done = 0;
    put_markup(b, t, "<", "t xml:space=\"preserve\">");
    for (; k < end && k->elem == at; k++) {
        put_text(b, t, e->text + done, k->from - done);
        done = k->to;
        const Tag *tag = k->tag < 0 ? NULL : &b->tags.items[k->tag];
        if (tag && !tag->block && !put_tag(b, t, tag, tag->sign))
            return false;
    }
    put_text(b, t, e->text + done, e->n - done);
    put_markup(b, t, "</", "t>");
    return true;
}

static bool put_open(Build *b, FillTree *t, const Event *ev)
{
    const Tag *tag = &b->tags.items[ev->tag];
    return put_tag(b, t, tag, tag->sign);
}

static bool put_close(Build *b, FillTree *t, const Event *ev)
{
    const Tag *tag = &b->tags.items[ev->tag];
    if (!put_tag(b, t, tag, '/'))
        return false;
    if (!ev->refill)
        return true;
    (void)put_tag(b, t, tag, tag->sign == '#' ? '^' : '#'); /* there is room where one was closed */
    put_markup(b, t, "<", "p/>");
    return put_tag(b, t, tag, '/');
}

static bool put_events(Build *b, FillTree *t)
{
    const DocxDoc *d = b->d;
    size_t done = 0;
    for (size_t i = 0; i < b->events.n; i++) {
        const Event *ev = &b->events.items[i];
        if (ev->at < done)
            continue; /* in what was dropped */
        fill_tree_text(t, d->xml + done, ev->at - done);
        done = ev->kind == EV_DROP || ev->kind == EV_TEXT ? ev->to : ev->at;
        bool ok = ev->kind == EV_CLOSE  ? put_close(b, t, ev)
                  : ev->kind == EV_OPEN ? put_open(b, t, ev)
                                        : ev->kind == EV_DROP || put_elem(b, t, ev->tag);
        if (!ok)
            return false;
    }
    fill_tree_text(t, d->xml + done, d->n - done);
    return true;
}

bool docx_tree(Ctx *c, const DocxPart *part, const DocxDoc *doc, FillNode **out)
{
    Build b = {.c = c, .part = part, .d = doc, .before = c->n_err};
    FillTree t;
    b.only_tags = ARENA_ARRAY(c->a, doc->n_elems + 1, bool);
    b.dropped = ARENA_ARRAY(c->a, doc->n_elems + 1, bool);
    take_tags(&b);
    if (c->n_err == b.before)
        match(&b);
    if (c->n_err > b.before)
        return false;
    if (b.cuts.n)
        qsort(b.cuts.items, b.cuts.n, sizeof(Cut), by_cut);
    for (size_t i = 0; i < b.cuts.n; i++) {
        int at = b.cuts.items[i].elem;
        if (i == 0 || b.cuts.items[i - 1].elem != at)
            vec_push(c->a, &b.events,
                     (Event){.kind = EV_TEXT,
                             .at = doc->elems[at].start,
                             .to = doc->elems[at].end,
                             .tag = at});
    }
    if (b.events.n)
        qsort(b.events.items, b.events.n, sizeof(Event), by_event);
    fill_tree_init(&t, c->a);
    if (!put_events(&b, &t))
        return false;
    *out = t.root;
    return true;
}
