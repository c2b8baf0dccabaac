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
#include "record/tally.h"

enum { GROUPS_MOST = 200 };

typedef struct Grouping {
    const Entity *e;
    const Field *by;
    const Field *sums[TALLY_SUMS];
    int n_sums;
} Grouping;

static bool read_request(Ctx *c, const char *by, const char *sums, Grouping *g)
{
    g->by = by ? tally_field(c, g->e, by, "by") : NULL;
    if (by && !g->by)
        return false;
    if (g->by && !tally_may_group(g->by))
        return ctx_fail(c, ERR_BAD_REQUEST, "by", "err.group_field",
                        label_in(g->by->label, c->lang));
    for (const char *p = sums; p && *p;) {
        size_t n = strcspn(p, ",");
        char *name = arena_dup(c->a, p, n);
        p += n + (p[n] == ',');
        const Field *f = tally_field(c, g->e, name, "sums");
        if (!f)
            return false;
        if (!tally_may_sum(f) || g->n_sums == TALLY_SUMS)
            return ctx_fail(c, ERR_BAD_REQUEST, "sums", "err.sum_field",
                            label_in(f->label, c->lang), ctx_num(c, TALLY_SUMS));
        g->sums[g->n_sums++] = f;
    }
    return true;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void write_figures(const Grouping *g, const TallyCell *x, Jw *w)
{
    jw_kint(w, "count", x->n);
    jw_key(w, "sums");
    jw_obj(w);
    for (int i = 0; i < g->n_sums; i++) {
        jw_key(w, g->sums[i]->name);
        if (x->sums[i].total.kind == DB_NULL)
            jw_null(w);
        else
            type_ops(g->sums[i]->type)->to_json(g->sums[i], &x->sums[i].total, w);
    }
    jw_end(w);
}

static const char *label_of(Ctx *c, const Field *f, const LinkLabels *labels, const DbVal *v)
{
    if (v->kind == DB_NULL)
        return NULL;
    if (f->type == FT_LINK || f->type == FT_LINK_MANY) {
        const Entity *to = model_entity(f->entity->model, f->to);
        return to ? link_label(labels, to, v->i) : NULL;
    }
    if (f->type == FT_REGION)
        return region_path_text((int32_t)v->i);
    if (f->type == FT_DATE)
        return v->s;
    return type_ops(f->type)->to_text(c->a, f, v, c->lang);
}

bool tally_labels(Ctx *c, const Field *by, const TallyCell *cells, int n, LinkLabels **out)
{
    *out = link_labels_new(c);
    const Entity *to = by && by->to ? model_entity(by->entity->model, by->to) : NULL;
    for (int i = 0; to && i < n; i++)
        if (cells[i].group.kind == DB_INT)
            link_labels_want(*out, to, cells[i].group.i);
    return link_labels_fetch(c, *out);
}

void tally_write_group(Ctx *c, const Field *by, const LinkLabels *labels, const DbVal *v, Jw *w)
{
    jw_key(w, "value");
    if (v->kind == DB_NULL)
        jw_null(w);
    else if (v->kind == DB_TEXT)
        jw_str(w, v->s);
    else if (by->type == FT_BOOL)
        jw_bool(w, v->i != 0);
    else
        jw_int(w, v->i);
    jw_kstr(w, "label", label_of(c, by, labels, v));
    const Entity *to = by->to ? model_entity(by->entity->model, by->to) : NULL;
    const char *color = to && v->kind == DB_INT ? link_color(labels, to, v->i) : NULL;
    const Option *o = by->type == FT_OPTION && v->kind == DB_TEXT ? field_option(by, v->s) : NULL;
    if (o)
        color = o->color;
    if (color)
        jw_kstr(w, "color", color);
}

static void write_group(Ctx *c, const Grouping *g, const LinkLabels *labels, const TallyCell *x,
                        Jw *w)
{
    jw_obj(w);
    tally_write_group(c, g->by, labels, &x->group, w);
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
    TallyAsk ask = {.e = e, .f = f, .lq = lq, .n_sums = g.n_sums};
    memcpy(ask.sums, g.sums, sizeof ask.sums);
    TallyCell *list = NULL, *total;
    int n = 0, one;
    if (!tally_read(c, &ask, &total, &one))
        return false;
    ask.by = g.by;
    ask.most = GROUPS_MOST + 1;
    if (by && !tally_read(c, &ask, &list, &n))
        return false;
    bool more = n > GROUPS_MOST;
    n = more ? GROUPS_MOST : n;
    LinkLabels *labels;
    if (!tally_labels(c, g.by, list, n, &labels))
        return false;
    Jw w;
    jw_list(&w, out);
    for (int i = 0; i < n; i++)
        write_group(c, &g, labels, &list[i], &w);
    jw_end(&w);
    jw_kbool(&w, "more", more);
    jw_key(&w, "total");
    jw_obj(&w);
    write_figures(&g, total, &w);
    jw_end(&w);
    jw_end(&w);
    return c->n_err == 0;
}
