/*
 * Rows of a list by the values of one field, with counts and sums: what boards, grouped lists and the foot of a list
 * show. The same scope, filter and words as the list itself; a field read masked may not be grouped by, for its
 * values would show as groups.
 */
#include <string.h>

#include "base/msg.h"
#include "base/region.h"
#include "meta/types.h"
#include "record/record.h"
#include "record/rows.h"

enum { GROUPS_MOST = 200, SUMS_MOST = 6 };

typedef struct Grouping {
    const Entity *e;
    const Field *by;
    const Field *sums[SUMS_MOST];
    int n_sums;
} Grouping;

typedef struct Group {
    DbVal value;
    int64_t count;
    DbVal sums[SUMS_MOST];
} Group;

static bool may_group(const Field *f)
{
    switch (f->type) {
    case FT_OPTION:
    case FT_BOOL:
    case FT_REGION:
    case FT_DATE:
    case FT_LINK_MANY: return true;
    case FT_LINK: return f->to != NULL;
    default: return false;
    }
}

static bool may_sum(const Field *f)
{
    return f->column && (f->type == FT_INT || f->type == FT_MONEY || f->type == FT_DECIMAL ||
                         f->type == FT_FLOAT);
}

/* A field the caller reads in clear everywhere. */
static const Field *clear_field(Ctx *c, const Entity *e, const char *name, const char *param)
{
    const Field *f = entity_field(e, name);
    bool masked = false;
    if (!f || f->retired || f->hidden || access_field(c, f, &masked) == FR_NONE) {
        ctx_fail(c, ERR_UNKNOWN_FIELD, param, "err.field_unknown", name,
                 label_in(e->label, c->lang));
        return NULL;
    }
    if (masked && access_clear_scope(c, e)->kind != FILTER_TRUE) {
        ctx_fail(c, ERR_BAD_REQUEST, param, "err.group_masked", label_in(f->label, c->lang));
        return NULL;
    }
    return f;
}

static bool read_request(Ctx *c, const char *by, const char *sums, Grouping *g)
{
    g->by = by ? clear_field(c, g->e, by, "by") : NULL;
    if (by && !g->by)
        return false;
    if (g->by && !may_group(g->by))
        return ctx_fail(c, ERR_BAD_REQUEST, "by", "err.group_field",
                        label_in(g->by->label, c->lang));
    for (const char *p = sums; p && *p;) {
        size_t n = strcspn(p, ",");
        char *name = arena_dup(c->a, p, n);
        p += n + (p[n] == ',');
        const Field *f = clear_field(c, g->e, name, "sums");
        if (!f)
            return false;
        if (!may_sum(f) || g->n_sums == SUMS_MOST)
            return ctx_fail(c, ERR_BAD_REQUEST, "sums", "err.sum_field",
                            label_in(f->label, c->lang), ctx_num(c, SUMS_MOST));
        g->sums[g->n_sums++] = f;
    }
    return true;
}

/* ---- the statement ------------------------------------------------------------------------- */

static void figures(Sql *q, const Grouping *g)
{
    sql_add(q, SQL("count(*)"));
    for (int i = 0; i < g->n_sums; i++) {
        sql_add(q, SQL(", CAST(sum("));
        sql_col(q, "t0", g->sums[i]->column);
        sql_add(q,
                g->sums[i]->type == FT_FLOAT ? SQL(") AS DOUBLE PRECISION)") : SQL(") AS BIGINT)"));
    }
}

static void group_value(Sql *q, const Field *by)
{
    if (by->type == FT_LINK_MANY) {
        sql_add(q, SQL("m.\"target\""));
        return;
    }
    if (by->type == FT_REGION) { /* 330106 lies in 330000 */
        sql_col(q, "t0", by->column);
        sql_add(q, SQL(" / 10000 * 10000"));
    } else if (by->type == FT_DATE) {
        sql_add(q, SQL("substr("));
        sql_col(q, "t0", by->column);
        sql_add(q, SQL(", 1, 7)"));
    } else {
        sql_col(q, "t0", by->column);
    }
}

static bool read_groups(Ctx *c, const Grouping *g, const Filter *f, const ListQuery *lq,
                        bool grouped, Group *out, int most, int *n)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    figures(&q, g);
    if (grouped) {
        sql_add(&q, SQL(", "));
        group_value(&q, g->by);
    }
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, g->e->name);
    sql_add(&q, SQL(" AS t0"));
    if (grouped && g->by->type == FT_LINK_MANY) {
        sql_add(&q, SQL(" LEFT JOIN "));
        sql_name(&q, arena_printf(c->a, "rel_%s_%s", g->e->name, g->by->name));
        sql_add(&q, SQL(" AS m ON m.\"id\" = t0.\"id\""));
    }
    rec_list_where(c, &q, g->e, f, lq, NULL);
    if (grouped) {
        sql_add(&q, SQL(" GROUP BY "));
        sql_number(&q, g->n_sums + 2);
        sql_add(&q, SQL(" ORDER BY 1 DESC LIMIT "));
        sql_number(&q, most);
    }
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    bool text = g->by && (g->by->type == FT_OPTION || g->by->type == FT_DATE);
    while (*n < most && db_step(r)) {
        Group *x = &out[(*n)++];
        x->count = db_int(r, 0);
        for (int i = 0; i < g->n_sums; i++)
            x->sums[i] = db_is_null(r, i + 1)           ? db_null()
                         : g->sums[i]->type == FT_FLOAT ? db_of_real(db_real(r, i + 1))
                                                        : db_of_int(db_int(r, i + 1));
        if (!grouped)
            continue;
        int at = g->n_sums + 1;
        x->value = db_is_null(r, at) ? db_null()
                   : text            ? db_of_text(arena_str(c->a, db_text(r, at)))
                                     : db_of_int(db_int(r, at));
    }
    db_done(r);
    return c->n_err == 0;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void write_figures(const Grouping *g, const Group *x, Jw *w)
{
    jw_kint(w, "count", x->count);
    jw_key(w, "sums");
    jw_obj(w);
    for (int i = 0; i < g->n_sums; i++) {
        jw_key(w, g->sums[i]->name);
        if (x->sums[i].kind == DB_NULL)
            jw_null(w);
        else
            type_ops(g->sums[i]->type)->to_json(g->sums[i], &x->sums[i], w);
    }
    jw_end(w);
}

static const char *label_of(Ctx *c, const Grouping *g, const LinkLabels *labels, const DbVal *v)
{
    const Field *f = g->by;
    if (v->kind == DB_NULL)
        return NULL;
    if (f->type == FT_LINK || f->type == FT_LINK_MANY) {
        const Entity *to = model_entity(g->e->model, f->to);
        return to ? link_label(labels, to, v->i) : NULL;
    }
    if (f->type == FT_REGION)
        return region_path_text((int32_t)v->i);
    if (f->type == FT_DATE)
        return v->s;
    return type_ops(f->type)->to_text(c->a, f, v, c->lang);
}

static void write_group(Ctx *c, const Grouping *g, const LinkLabels *labels, const Group *x, Jw *w)
{
    jw_obj(w);
    jw_key(w, "value");
    if (x->value.kind == DB_NULL)
        jw_null(w);
    else if (x->value.kind == DB_TEXT)
        jw_str(w, x->value.s);
    else if (g->by->type == FT_BOOL)
        jw_bool(w, x->value.i != 0);
    else
        jw_int(w, x->value.i);
    jw_kstr(w, "label", label_of(c, g, labels, &x->value));
    const Entity *to = g->by->to ? model_entity(g->e->model, g->by->to) : NULL;
    const char *color = to && x->value.kind == DB_INT ? link_color(labels, to, x->value.i) : NULL;
    if (color)
        jw_kstr(w, "color", color);
    write_figures(g, x, w);
    jw_end(w);
}

bool rec_groups(Ctx *c, const Entity *e, const ListQuery *lq, const char *by, const char *sums,
                Buf *out)
{
    Grouping g = {.e = e};
    Filter *f;
    if (!rec_list_filter(c, e, lq, ACT_READ, &f) || !read_request(c, by, sums, &g))
        return false;
    if (lq->deleted)
        f = filter_and(c->a, f, access_scope(c, e, ACT_DELETE));
    Group *list = ARENA_ARRAY(c->a, GROUPS_MOST + 1, Group);
    Group total = {0};
    int n = 0, one = 0;
    if ((by && !read_groups(c, &g, f, lq, true, list, GROUPS_MOST + 1, &n)) ||
        !read_groups(c, &g, f, lq, false, &total, 1, &one))
        return false;
    bool more = n > GROUPS_MOST;
    n = more ? GROUPS_MOST : n;
    LinkLabels *labels = link_labels_new(c);
    const Entity *to = g.by && g.by->to ? model_entity(e->model, g.by->to) : NULL;
    for (int i = 0; to && i < n; i++)
        if (list[i].value.kind == DB_INT)
            link_labels_want(labels, to, list[i].value.i);
    if (!link_labels_fetch(c, labels))
        return false;
    Jw w;
    jw_list(&w, out);
    for (int i = 0; i < n; i++)
        write_group(c, &g, labels, &list[i], &w);
    jw_end(&w);
    jw_kbool(&w, "more", more);
    jw_key(&w, "total");
    jw_obj(&w);
    write_figures(&g, &total, &w);
    jw_end(&w);
    jw_end(&w);
    return c->n_err == 0;
}
