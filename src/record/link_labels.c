/*
 * Labels of linked rows, and who is linked to whom by a link to many: one statement for all of them. Who the person, department or role behind an id is
 * is no secret in a company; of every other entity only rows in the caller's reading scope have a label.
 */
#include "db/sql.h"
#include "meta/types.h"
#include "record/record.h"

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

typedef struct Pairs {
    const char *table;
    const Entity *to; /* or NULL */
    const int64_t *ids;
    int n;
    LinkPair *got;
    void *arg;
} Pairs;

enum { MAX_PAIRS = 64, STEP = 64, IDS_AT_ONCE = 8000 };

struct LinkLabels {
    Ctx *c;
    Want *wants;
    int n, cap;
    Pairs *pairs;
    int n_pairs;
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

bool link_labels_pairs(LinkLabels *l, const char *table, const Entity *to, const int64_t *ids,
                       int n, LinkPair *got, void *arg)
{
    if (n <= 0)
        return true;
    if (!l->pairs)
        l->pairs = ARENA_ARRAY(l->c->a, MAX_PAIRS, Pairs);
    if (l->n_pairs == MAX_PAIRS && !link_labels_fetch(l->c, l))
        return false;
    if (to)
        (void)want_of(l, to);
    l->pairs[l->n_pairs++] =
        (Pairs){.table = table, .to = to, .ids = ids, .n = n, .got = got, .arg = arg};
    return true;
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

/* How the texts of statements stay few while the number of ids varies from page to page: it is rounded up, and the last
   id stands for the ones that are not there. */
static int rounded(int n)
{
    int up = 1;
    while (up < n && up < STEP)
        up *= 2;
    return up < n ? (n + STEP - 1) / STEP * STEP : up;
}

static void among_ids(Ctx *c, Sql *q, const int64_t *ids, int n)
{
    int most = rounded(n);
    int64_t *padded = ARENA_ARRAY(c->a, most, int64_t);
    for (int i = 0; i < most; i++)
        padded[i] = ids[i < n ? i : n - 1];
    sql_add(q, SQL(" IN "));
    sql_bind_ids(q, padded, most);
}

/* Rows whose label the caller may see: false: of none of them. */
static bool seen_scope(Ctx *c, const Entity *e, Filter **out)
{
    *out = filter_true(c->a);
    if (!e->title->column)
        return false;
    if (open_to_all(e))
        return true;
    if (!access_may(c, e, ACT_READ))
        return false;
    *out = access_scope(c, e, ACT_READ);
    return (*out)->kind != FILTER_FALSE;
}

/* ", title, colour" of t0, as text whatever it is, so that the parts of the statement fit together. */
static void title_columns(Sql *q, const Entity *e)
{
    const Field *color = color_field(e);
    sql_add(q, SQL(", CAST("));
    sql_col(q, "t0", e->title->column);
    sql_add(q, SQL(" AS TEXT), "));
    if (color)
        sql_col(q, "t0", color->column);
    else
        sql_add(q, SQL("CAST(NULL AS TEXT)"));
}

static void scope_part(Ctx *c, Sql *q, const Entity *e, const Filter *scope)
{
    if (scope->kind == FILTER_TRUE)
        return;
    sql_add(q, SQL(" AND "));
    filter_sql_each(c, q, e, "t0", scope);
}

static void begin_part(Sql *q, int *parts, int mark)
{
    sql_add(q, (*parts)++ ? SQL(" UNION ALL SELECT ") : SQL("SELECT "));
    sql_number(q, mark);
}

/* Labels of the ids wanted: mark >= 0, the place in wants. */
static void add_want(Ctx *c, Sql *q, const Want *w, int mark, int *parts)
{
    Filter *scope;
    const Entity *e = w->to;
    if (!seen_scope(c, e, &scope))
        return;
    begin_part(q, parts, mark);
    sql_add(q, SQL(", t0.\"id\", 0"));
    title_columns(q, e);
    sql_add(q, SQL(" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t0 WHERE t0.\"id\""));
    among_ids(c, q, w->ids, w->n);
    scope_part(c, q, e, scope);
}

/* Who is linked to whom, and the labels of those: mark < 0, the place in pairs from -1 down. */
static void add_pairs(Ctx *c, Sql *q, const Pairs *p, int mark, int *parts)
{
    Filter *scope;
    bool seen = p->to && seen_scope(c, p->to, &scope);
    begin_part(q, parts, mark);
    sql_add(q, SQL(", r.\"id\", r.\"target\""));
    if (seen)
        title_columns(q, p->to);
    else
        sql_add(q, SQL(", CAST(NULL AS TEXT), CAST(NULL AS TEXT)"));
    sql_add(q, SQL(" FROM "));
    sql_name(q, p->table);
    sql_add(q, SQL(" AS r"));
    if (seen) {
        sql_add(q, SQL(" LEFT JOIN "));
        sql_name(q, p->to->name);
        sql_add(q, SQL(" AS t0 ON t0.\"id\" = r.\"target\""));
        scope_part(c, q, p->to, scope);
    }
    sql_add(q, SQL(" WHERE r.\"id\""));
    among_ids(c, q, p->ids, p->n);
}

static void put_label(Ctx *c, Want *w, int64_t id, DbRows *r)
{
    const Field *color = color_field(w->to);
    int at = position(w, id);
    if (at < 0 || db_is_null(r, 3))
        return;
    w->labels[at] = arena_str(c->a, db_text(r, 3));
    if (color && !db_is_null(r, 4))
        w->colors[at] = color_token(color, db_text(r, 4));
}

static bool read_parts(Ctx *c, LinkLabels *l, const Sql *q)
{
    DbRows *r = sql_query(c, q);
    if (!r)
        return false;
    while (db_step(r)) {
        int mark = (int)db_int(r, 0);
        int64_t id = db_int(r, 1), target = db_int(r, 2);
        if (mark >= 0) {
            put_label(c, &l->wants[mark], id, r);
            continue;
        }
        const Pairs *p = &l->pairs[-mark - 1];
        if (p->to) { /* an entity wanted since l began has its place, so no part of wants moves */
            link_labels_want(l, p->to, target);
            put_label(c, want_of(l, p->to), target, r);
        }
        p->got(c, p->arg, id, target);
    }
    db_done(r);
    return c->n_err == 0;
}

bool link_labels_fetch(Ctx *c, LinkLabels *l)
{
    int w = 0, p = 0, n_wants = l->n;
    while (w < n_wants || p < l->n_pairs) {
        Sql q;
        int parts = 0, ids = 0, first = w;
        sql_init(&q, c->a);
        for (; p < l->n_pairs && ids < IDS_AT_ONCE; ids += l->pairs[p++].n)
            add_pairs(c, &q, &l->pairs[p], -p - 1, &parts);
        for (; w < n_wants && ids < IDS_AT_ONCE; ids += l->wants[w++].n)
            if (!l->wants[w].fetched && l->wants[w].n)
                add_want(c, &q, &l->wants[w], w, &parts);
        if (parts && !read_parts(c, l, &q))
            return false;
        for (int i = first; i < w; i++)
            l->wants[i].fetched = true;
    }
    l->n_pairs = 0;
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
