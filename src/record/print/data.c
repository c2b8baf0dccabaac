/*
 * The values of a template as its reader may have them: one record and lists of records that belong to it, read through
 * record/rows like any list. Rows of a list are looked up by their ids in blocks, so that ten thousand of them take the memory
 * of their texts; statements grow with blocks and links, never with rows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "meta/types.h"
#include "record/former.h"
#include "record/print/impl.h"
#include "record/rows.h"

enum { BLOCK = 500 };

/* ---- one level: fields of one entity for a block of ids ---------------------------------------------- */

typedef struct Got {
    RowSet set;
    struct Place {
        int64_t id;
        int row;
    } * places;       /* by id */
    struct Got *subs; /* beside PrintLevel.subs */
} Got;

static int by_id(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static const Row *row_of(const Got *g, int64_t id)
{
    const struct Place *p =
        g->set.n ? bsearch(&id, g->places, (size_t)g->set.n, sizeof *g->places, by_id) : NULL;
    return p ? &g->set.rows[p->row] : NULL;
}

static void want_field(Ctx *c, Buf *names, const Field *f)
{
    bool masked;
    if (access_field(c, f, &masked) != FR_NONE)
        buf_printf(names, "%s%s", names->len ? "," : "", f->name);
}

static int position(const RowSet *s, const Field *f)
{
    for (int i = 0; i < s->n_fields; i++)
        if (s->fields[i] == f)
            return i;
    return -1;
}

static bool choose(Ctx *c, PrintLevel *l, RowSet *out)
{
    Buf names;
    buf_init(&names, c->a);
    for (size_t i = 0; i < l->cols.n; i++)
        if (l->cols.items[i].f->index != STD_ID)
            want_field(c, &names, l->cols.items[i].f);
    for (size_t i = 0; i < l->subs.n; i++)
        want_field(c, &names, l->subs.items[i].link);
    if (!rows_choose(c, l->e, names.data, false, out))
        return false;
    out->flags = false;
    for (size_t i = 0; i < l->cols.n; i++)
        l->cols.items[i].at = position(out, l->cols.items[i].f);
    for (size_t i = 0; i < l->subs.n; i++)
        l->subs.items[i].at = position(out, l->subs.items[i].link);
    return true;
}

static bool read_level(Ctx *c, PrintLevel *l, const int64_t *ids, int n, Got *out);

/* The records a link of these rows leads to, each once. */
static bool read_sub(Ctx *c, const Got *g, const PrintSub *sub, Got *out)
{
    int64_t *ids = ARENA_ARRAY(c->a, g->set.n + 1, int64_t);
    int n = 0, kept = 0;
    for (int i = 0; i < g->set.n; i++) {
        const DbVal *v = &g->set.rows[i].rec.v[sub->link->index];
        if (v->kind == DB_INT)
            ids[n++] = v->i;
    }
    qsort(ids, (size_t)n, sizeof *ids, by_id);
    for (int i = 0; i < n; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    return read_level(c, sub->level, ids, kept, out);
}

static bool read_rows(Ctx *c, PrintLevel *l, const int64_t *ids, int n, Got *out)
{
    Sql q;
    sql_init(&q, c->a);
    rows_select(c, &out->set, &q, NULL, NULL);
    const ListQuery any = {.archived = ARCHIVED_TOO};
    rec_list_where(c, &q, l->e, access_scope(c, l->e, ACT_READ), &any, NULL);
    sql_add(&q, SQL(" AND t0.\"id\" IN "));
    sql_bind_ids(&q, ids, n);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    int before = c->n_err;
    while (db_step(r))
        rows_add(c, &out->set, r);
    db_done(r);
    return c->n_err == before && rows_finish(c, &out->set);
}

static bool read_level(Ctx *c, PrintLevel *l, const int64_t *ids, int n, Got *out)
{
    *out = (Got){.places = NULL};
    if (!choose(c, l, &out->set))
        return false;
    if (n && access_may(c, l->e, ACT_READ) && !read_rows(c, l, ids, n, out))
        return false;
    out->places = ARENA_ARRAY(c->a, out->set.n + 1, struct Place);
    for (int i = 0; i < out->set.n; i++)
        out->places[i] = (struct Place){out->set.rows[i].rec.id, i};
    qsort(out->places, (size_t)out->set.n, sizeof *out->places, by_id);
    out->subs = ARENA_ARRAY(c->a, l->subs.n + 1, Got);
    for (size_t i = 0; i < l->subs.n; i++)
        if (l->subs.items[i].at >= 0 && !read_sub(c, out, &l->subs.items[i], &out->subs[i]))
            return false;
    return true;
}

/* ---- cells ---------------------------------------------------------------------------------------------- */

static FillIs is_of(const Field *f, const DbVal *v)
{
    if (v->kind == DB_INT &&
        (f->type == FT_BOOL || f->type == FT_INT || f->type == FT_MONEY || f->type == FT_DECIMAL))
        return v->i ? FILL_YES : FILL_NO;
    return FILL_YES;
}

static FillCell cell_of(Ctx *c, Arena *keep, const RowSet *s, const Row *row, const PrintCol *col)
{
    const Field *f = col->f;
    const DbVal *v = &row->rec.v[f->index];
    if (f->index == STD_ID)
        return (FillCell){arena_str(keep, ctx_num(c, row->rec.id)), FILL_YES};
    if (col->at < 0)
        return (FillCell){NULL, FILL_NOTHING};
    bool plain = !s->masked[col->at] || row->clear;
    const char *text = f->type == FT_DATETIME && plain && v->kind != DB_NULL
                           ? type_text(c, f, v) /* in the reader's zone */
                           : rows_text(c, s, row, col->at);
    if (!*text)
        return (FillCell){NULL, FILL_NOTHING};
    return (FillCell){arena_str(keep, text), is_of(f, v)};
}

/* Cells of one row, those of the records its links lead to included. */
static void fill_row(Ctx *c, Arena *keep, const PrintLevel *l, const Got *g, const Row *row,
                     FillCell *cells)
{
    for (size_t i = 0; row && i < l->cols.n; i++)
        cells[l->cols.items[i].out] = cell_of(c, keep, &g->set, row, &l->cols.items[i]);
    for (size_t i = 0; row && i < l->subs.n; i++) {
        const DbVal *v = &row->rec.v[l->subs.items[i].link->index];
        if (l->subs.items[i].at >= 0 && v->kind == DB_INT)
            fill_row(c, keep, l->subs.items[i].level, &g->subs[i], row_of(&g->subs[i], v->i),
                     cells);
    }
}

/* ---- lists ---------------------------------------------------------------------------------------------- */

static Filter *belongs(Ctx *c, const PrintSet *s, const Entity *to, int64_t id)
{
    Arena *a = c->a;
    DbVal *v = ARENA_NEW(a, DbVal), *type = ARENA_NEW(a, DbVal);
    *v = db_of_int(id);
    Filter *f = filter_leaf(a, s->link, OP_EQ, v, 1);
    if (s->link->to)
        return f;
    *type = db_of_text(to->name);
    return filter_and(a, f,
                      filter_leaf(a, entity_field(s->level.e, s->link->to_field), OP_EQ, type, 1));
}

/* A list narrowed or put in order by what this reader may not see is not his. */
static bool rows_wanted(Ctx *c, PrintSet *s, const Entity *of, int64_t id, Filter **out,
                        const char **sort)
{
    const Entity *e = s->level.e;
    int before = c->n_err;
    bool masked;
    *sort = s->sort;
    if (!access_may(c, e, ACT_READ) || access_field(c, s->link, &masked) == FR_NONE)
        return false;
    *out = filter_and(c->a, access_scope(c, e, ACT_READ), belongs(c, s, of, id));
    if (s->filter) {
        Filter *f = NULL;
        if (!filter_parse(c, e, s->filter, &access_filter_guard, access_me(c), &f)) {
            ctx_errors_back_to(c, before);
            return false;
        }
        former_means(c, f);
        *out = filter_and(c->a, *out, f);
    }
    if (s->sort && !rec_list_sort(c, e, s->sort)) {
        ctx_errors_back_to(c, before);
        *sort = NULL;
    }
    return true;
}

static bool ids_of(Ctx *c, PrintSet *s, Filter *f, const char *sort, int most, int64_t **out,
                   int *n)
{
    const ListQuery live = {.archived = ARCHIVED_NOT};
    DbIds ids = {0};
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, s->level.e->name);
    sql_add(&q, SQL(" AS t0"));
    rec_list_where(c, &q, s->level.e, f, &live, NULL);
    if (!rec_list_order(c, &q, s->level.e, sort, most))
        return false;
    bool ok = db_ids(c, sql_query(c, &q), &ids);
    *out = ids.items;
    *n = (int)ids.n;
    return ok;
}

static bool read_blocks(Ctx *c, PrintSet *s, FillData *d, FillList *l, const int64_t *ids, int n)
{
    Arena *keep = c->a, *step = arena_child(keep);
    for (int at = 0; at < n; at += BLOCK) {
        int some = n - at < BLOCK ? n - at : BLOCK;
        Got g;
        arena_reset(step);
        c->a = step;
        bool ok = read_level(c, &s->level, ids + at, some, &g);
        for (int i = 0; ok && i < some; i++) {
            const Row *row = row_of(&g, ids[at + i]);
            if (row) /* else it went away meanwhile */
                fill_row(c, keep, &s->level, &g, row, fill_list_row(d, l));
        }
        c->a = keep;
        if (!ok)
            return false;
    }
    arena_free(step);
    return true;
}

static bool read_list(PrintWant *w, PrintSet *s, int64_t id, FillData *d, int *rows)
{
    Ctx *c = w->c;
    int most = (int)conf_int("print.rows"), n = 0;
    int limit = s->limit && s->limit < most ? s->limit : most + 1;
    if (w->list_most && w->list_most < limit)
        limit = w->list_most;
    FillList *l = fill_data_list(d, s->name, s->paths.items, (int)s->paths.n);
    Filter *f;
    const char *sort;
    int64_t *ids;
    if (!rows_wanted(c, s, w->e, id, &f, &sort))
        return true;
    if (!ids_of(c, s, f, sort, limit, &ids, &n))
        return false;
    if (n > most)
        return ctx_fail(c, ERR_TOO_LARGE, NULL, "print.rows_most",
                        label_in(s->level.e->label, c->lang), ctx_num(c, most));
    *rows += n;
    return read_blocks(c, s, d, l, ids, n);
}

bool print_data(PrintWant *w, int64_t id, FillData *out, int *rows)
{
    Ctx *c = w->c;
    PrintSet *s = &w->record;
    Got g;
    *rows = 0;
    fill_data_init(out, c->a);
    if (!read_level(c, &s->level, &id, 1, &g))
        return false;
    const Row *row = row_of(&g, id);
    if (!row)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    FillCell *cells = ARENA_ARRAY(c->a, s->paths.n + 1, FillCell);
    fill_row(c, c->a, &s->level, &g, row, cells);
    for (size_t i = 0; i < s->paths.n; i++)
        fill_data_put(out, s->paths.items[i], cells[i].text, cells[i].is);
    for (size_t i = 0; i < w->sets.n; i++)
        if (!read_list(w, w->sets.items[i], id, out, rows))
            return false;
    return true;
}

/* ---- examples -------------------------------------------------------------------------------------------- */

static const char *example(Ctx *c, const Field *f)
{
    if (f && f->example.zh)
        return label_in(f->example, c->lang);
    if (f && f->n_options)
        return label_in(f->options[0].label, c->lang);
    return f ? arena_printf(c->a, "[%s]", label_in(f->label, c->lang)) : "";
}

void print_sample(PrintWant *w, FillData *out)
{
    enum { ROWS = 3 };
    Ctx *c = w->c;
    fill_data_init(out, c->a);
    for (size_t i = 0; i < w->record.paths.n; i++)
        fill_data_put(out, w->record.paths.items[i],
                      example(c, print_field_at(&w->record.level, (int)i)), FILL_YES);
    for (size_t i = 0; i < w->sets.n; i++) {
        const PrintSet *s = w->sets.items[i];
        FillList *l = fill_data_list(out, s->name, s->paths.items, (int)s->paths.n);
        for (int row = 0; row < ROWS; row++) {
            FillCell *cells = fill_list_row(out, l);
            for (size_t k = 0; k < s->paths.n; k++)
                cells[k] = (FillCell){example(c, print_field_at(&s->level, (int)k)), FILL_YES};
        }
    }
}
