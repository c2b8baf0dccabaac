/*
 * Labels of linked rows, one statement per entity. Who the person, department or role behind an id is
 * is no secret in a company; of every other entity only rows in the caller's reading scope have a label.
 */
#include "db/sql.h"
#include "meta/types.h"
#include "record/record.h"

#include <inttypes.h>
#include <string.h>

typedef struct Want {
    const Entity *to;
    int64_t *ids;
    const char **labels;
    const char **colors; /* of an entity whose rows have one */
    int *slots;          /* position + 1 by hash of the id, 0 where free; twice cap of them */
    int n, cap;          /* cap is a power of two */
    bool fetched;
} Want;

struct LinkLabels {
    Ctx *c;
    Want *wants;
    int n, cap;
};

LinkLabels *link_labels_new(Ctx *c)
{
    LinkLabels *l = ARENA_NEW(c->a, LinkLabels);
    l->c = c;
    return l;
}

static Want *want_of(LinkLabels *l, const Entity *to)
{
    for (int i = 0; i < l->n; i++)
        if (l->wants[i].to == to)
            return &l->wants[i];
    if (l->n == l->cap) {
        int cap = l->cap ? l->cap * 2 : 8;
        Want *wants = ARENA_ARRAY(l->c->a, cap, Want);
        if (l->n)
            memcpy(wants, l->wants, (size_t)l->n * sizeof(Want));
        l->wants = wants;
        l->cap = cap;
    }
    l->wants[l->n] = (Want){.to = to};
    return &l->wants[l->n++];
}

/* The slot of id: where it stands, or the free one where it belongs. A page looks up every link twice. */
static int *slot_of(const Want *w, int64_t id)
{
    unsigned mask = (unsigned)w->cap * 2 - 1;
    unsigned at = (unsigned)(((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & mask;
    while (w->slots[at] && w->ids[w->slots[at] - 1] != id)
        at = (at + 1) & mask;
    return &w->slots[at];
}

static int position(const Want *w, int64_t id)
{
    return w->cap ? *slot_of(w, id) - 1 : -1;
}

static void enlarge(Arena *a, Want *w)
{
    int cap = w->cap ? w->cap * 2 : 64;
    int64_t *ids = ARENA_ARRAY(a, cap, int64_t);
    const char **labels = ARENA_ARRAY(a, cap, const char *);
    const char **colors = ARENA_ARRAY(a, cap, const char *);
    if (w->n) {
        memcpy(ids, w->ids, (size_t)w->n * sizeof(int64_t));
        memcpy(labels, w->labels, (size_t)w->n * sizeof(char *));
        memcpy(colors, w->colors, (size_t)w->n * sizeof(char *));
    }
    w->ids = ids;
    w->labels = labels;
    w->colors = colors;
    w->cap = cap;
    w->slots = ARENA_ARRAY(a, cap * 2, int);
    for (int i = 0; i < w->n; i++)
        *slot_of(w, ids[i]) = i + 1;
}

void link_labels_want(LinkLabels *l, const Entity *to, int64_t id)
{
    Want *w = want_of(l, to);
    if (w->n == w->cap)
        enlarge(l->c->a, w);
    int *slot = slot_of(w, id);
    if (*slot)
        return;
    w->ids[w->n] = id;
    *slot = ++w->n;
    w->fetched = false;
}

static bool open_to_all(const Entity *e)
{
    return strcmp(e->name, "user") == 0 || strcmp(e->name, "department") == 0 ||
           strcmp(e->name, "role") == 0 || strcmp(e->name, "region") == 0;
}

/* The option field that colours the rows of an entity (tags), or NULL. */
static const Field *color_field(const Entity *e)
{
    const Field *f = entity_field(e, "color");
    return f && f->type == FT_OPTION && f->column && !f->retired && !f->hidden ? f : NULL;
}

/* The token of the page that stands for a chosen colour. */
static const char *color_token(const Field *f, const char *code)
{
    for (int i = 0; code && i < f->n_options; i++)
        if (strcmp(f->options[i].code, code) == 0)
            return f->options[i].color;
    return NULL;
}

static bool fetch(Ctx *c, Want *w)
{
    const Entity *e = w->to;
    const Field *color = color_field(e);
    if (!e->title->column)
        return true;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\", "));
    sql_col(&q, "t0", e->title->column);
    if (color) {
        sql_add(&q, SQL(", "));
        sql_col(&q, "t0", color->column);
    }
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\" IN "));
    sql_bind_ids(&q, w->ids, w->n);
    if (!open_to_all(e)) {
        if (!access_may(c, e, ACT_READ))
            return true;
        Filter *scope = access_scope(c, e, ACT_READ);
        if (scope->kind == FILTER_FALSE)
            return true;
        if (scope->kind != FILTER_TRUE) {
            sql_add(&q, SQL(" AND "));
            filter_sql_each(c, &q, e, "t0", scope);
        }
    }
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        int at = position(w, db_int(r, 0));
        if (at < 0)
            continue;
        if (type_ops(e->title->type)->column == COL_TEXT)
            w->labels[at] = arena_str(c->a, db_text(r, 1));
        else if (!db_is_null(r, 1))
            w->labels[at] = arena_printf(c->a, "%" PRId64, db_int(r, 1));
        if (color && !db_is_null(r, 2))
            w->colors[at] = color_token(color, db_text(r, 2));
    }
    db_done(r);
    return c->n_err == 0;
}

bool link_labels_fetch(Ctx *c, LinkLabels *l)
{
    for (int i = 0; i < l->n; i++) {
        if (l->wants[i].fetched || !l->wants[i].n)
            continue;
        if (!fetch(c, &l->wants[i]))
            return false;
        l->wants[i].fetched = true;
    }
    return true;
}

/* Where id stands among the rows of to, or NULL with at untouched. */
static const Want *found(const LinkLabels *l, const Entity *to, int64_t id, int *at)
{
    for (int i = 0; i < l->n; i++) {
        if (l->wants[i].to != to)
            continue;
        int p = position(&l->wants[i], id);
        if (p < 0)
            return NULL;
        *at = p;
        return &l->wants[i];
    }
    return NULL;
}

const char *link_label(const LinkLabels *l, const Entity *to, int64_t id)
{
    int at;
    const Want *w = found(l, to, id, &at);
    return w ? w->labels[at] : NULL;
}

const char *link_color(const LinkLabels *l, const Entity *to, int64_t id)
{
    int at;
    const Want *w = found(l, to, id, &at);
    return w ? w->colors[at] : NULL;
}
