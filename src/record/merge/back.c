/* Rows that a merge moved, on their way back: those that still lead to the survivor, by what merge_row says of them. */
#include <string.h>

#include "record/children.h"
#include "record/history.h"
#include "record/merge/impl.h"
#include "record/search.h"

typedef struct Part {
    const char *kind, *entity, *field;
    int64_t n;
} Part;

typedef VEC(Part) Parts;

static bool parts_of(Ctx *c, int64_t merge, Parts *out)
{
    DbVal p[] = {db_of_int(merge)};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT \"kind\", \"entity\", \"field\", COUNT(*) FROM \"merge_row\" "
                             "WHERE \"merge_id\" = $1 GROUP BY \"kind\", \"entity\", \"field\" "
                             "ORDER BY \"kind\", \"entity\", \"field\""),
                         p, 1);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, out,
                 (Part){db_text_copy(c->a, r, 0), db_text_copy(c->a, r, 1),
                        db_text_copy(c->a, r, 2), db_int(r, 3)});
    db_done(r);
    return c->n_err == mark;
}

/* The link of an entity by its column, if it still leads to e. */
static const Field *link_of(const Entity *x, const char *column, const Entity *e, const char **by)
{
    *by = NULL;
    for (int i = 0; i < x->n_fields; i++) {
        const Field *f = &x->fields[i], *named;
        if (f->type != FT_LINK || !f->column || strcmp(f->column, column) != 0)
            continue;
        if (f->to)
            return strcmp(f->to, e->name) == 0 ? f : NULL;
        named = f->to_field ? entity_field(x, f->to_field) : NULL;
        if (named)
            *by = named->column;
        return named;
    }
    return NULL;
}

/* " AND" it came from this merged one, and that one does not hang on it now: the walk up from `was` meets no such row. */
static void closes_nothing(Sql *q, const MergeUndo *u, const Part *p, int64_t was)
{
    sql_add(q, SQL(" AND \"id\" IN ("));
    merge_rows(q, u->id, "link", p->entity, p->field);
    sql_add(q, SQL(" AND mr.\"was\" = "));
    sql_number(q, was);
    sql_add(q, SQL(") AND \"id\" NOT IN (WITH RECURSIVE up(id) AS (SELECT "));
    sql_name(q, p->field);
    sql_add(q, SQL(" FROM "));
    sql_name(q, p->entity);
    sql_add(q, SQL(" WHERE \"id\" = "));
    sql_number(q, was);
    sql_add(q, SQL(" UNION SELECT t."));
    sql_name(q, p->field);
    sql_add(q, SQL(" FROM "));
    sql_name(q, p->entity);
    sql_add(q, SQL(" AS t JOIN up ON t.\"id\" = up.id) SELECT id FROM up WHERE id IS NOT NULL)"));
}

/* "UPDATE entity SET field = " what the merge noted of each row; which rows, the caller says. */
static void as_it_was(Ctx *c, const MergeUndo *u, const Part *p, const char *kind, Sql *q)
{
    sql_init(q, c->a);
    sql_add(q, SQL("UPDATE "));
    sql_name(q, p->entity);
    sql_add(q, SQL(" SET "));
    sql_name(q, p->field);
    sql_add(q, SQL(" = (SELECT w.\"was\" FROM \"merge_row\" AS w WHERE w.\"merge_id\" = "));
    sql_number(q, u->id);
    sql_add(q, SQL(" AND w.\"kind\" = "));
    sql_bind(q, db_of_text(kind));
    sql_add(q, SQL(" AND w.\"entity\" = "));
    sql_bind(q, db_of_text(p->entity));
    sql_add(q, SQL(" AND w.\"field\" = "));
    sql_bind(q, db_of_text(p->field));
    sql_add(q, SQL(" AND w.\"record_id\" = "));
    sql_col(q, p->entity, "id");
    sql_add(q, SQL(")"));
}

/*
 * Rows of a column that still lead to the survivor. *moved: how many went back. A column the model has no longer stays.
 * was: only those that came from this one, of a link that may not circle; 0: all.
 */
static bool links_back(Ctx *c, MergeUndo *u, const Part *p, int64_t was, int64_t *moved)
{
    const Entity *x = model_entity(c->model, p->entity);
    const char *by = NULL;
    const MergePair *pair = merge_pairs;
    Sql q;
    *moved = 0;
    while (!x && pair->table && strcmp(pair->table, p->entity) != 0)
        pair++;
    for (const MergePair *k = merge_pairs; x && !by && k->table; k++)
        if (strcmp(k->table, p->entity) == 0 && strcmp(k->id, p->field) == 0)
            by = k->entity;
    if (!by && (x ? !link_of(x, p->field, u->m.e, &by) : !pair->table))
        return true;
    if (!x)
        by = pair->entity;
    as_it_was(c, u, p, "link", &q);
    if (x && x->standard)
        merge_stamp(c, &q);
    sql_add(&q, SQL(" WHERE "));
    sql_name(&q, p->field);
    sql_add(&q, SQL(" = "));
    sql_number(&q, u->m.survivor);
    if (by) {
        sql_add(&q, SQL(" AND "));
        sql_name(&q, by);
        sql_add(&q, SQL(" = "));
        sql_bind(&q, db_of_text(u->m.e->name));
    }
    if (was) {
        closes_nothing(&q, u, p, was);
    } else {
        sql_add(&q, SQL(" AND \"id\" IN ("));
        merge_rows(&q, u->id, "link", p->entity, p->field);
        sql_add(&q, SQL(")"));
    }
    if (!sql_exec(c, &q))
        return false;
    *moved = db_changes(c);
    return true;
}

/* Of a link to its own kind, one merged record after the other: each step may close the way for what comes behind it. */
static bool all_links_back(Ctx *c, MergeUndo *u, const Part *p, int64_t *moved)
{
    const Entity *x = model_entity(c->model, p->entity);
    const char *by;
    const Field *f = x == u->m.e ? link_of(x, p->field, u->m.e, &by) : NULL;
    if (!f || !f->to || f->may_circle)
        return links_back(c, u, p, 0, moved);
    *moved = 0;
    for (int i = 0; i < u->m.n; i++) {
        int64_t n;
        if (!links_back(c, u, p, u->m.merged[i], &n))
            return false;
        *moved += n;
    }
    return true;
}

/* Where what a row belongs to lies in the bin by now, it lies there with it and comes back with it. */
static bool with_whole(Ctx *c, const Record *r, bool *back)
{
    const int fields[] = {STD_DELETED_AT, STD_DELETED_BY};
    int64_t id;
    const Entity *to = children_whole(r->e, r->v, &id);
    int mark = c->n_err;
    Record whole;
    *back = true;
    if (!to || !to->standard || !rec_load(c, to, id, &whole) ||
        whole.v[STD_DELETED_AT].kind == DB_NULL)
        return c->n_err == mark;
    *back = false;
    const DbVal values[] = {whole.v[STD_DELETED_AT], whole.v[STD_DELETED_BY]};
    return rec_touch(c, r->e, r->id, fields, values, 2);
}

/* What stayed with them because the survivor had the same comes out of the bin. */
static bool dropped_back(Ctx *c, MergeUndo *u, const Part *p)
{
    const Entity *x = model_entity(c->model, p->entity);
    DbIds ids = {0};
    Sql q;
    if (!x || !x->standard)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM "));
    sql_name(&q, x->name);
    sql_add(&q, SQL(" WHERE \"deleted_at\" = "));
    sql_bind(&q, db_of_int(u->at));
    sql_add(&q, SQL(" AND \"id\" IN ("));
    merge_rows(&q, u->id, "dropped", p->entity, p->field);
    sql_add(&q, SQL(") ORDER BY \"id\""));
    if (!db_ids(c, sql_query(c, &q), &ids) || ids.n == 0)
        return c->n_err == 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, x->name);
    sql_add(&q, SQL(" SET \"deleted_at\" = NULL, \"deleted_by_id\" = NULL"));
    merge_stamp(c, &q);
    sql_add(&q, SQL(" WHERE \"id\""));
    sql_among(c, &q, ids.items, (int)ids.n);
    if (!sql_exec(c, &q))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        bool back = true;
        Record r;
        if (!rec_load(c, x, ids.items[i], &r) || !with_whole(c, &r, &back))
            return false;
        if (back && (((x->gets & GETS_SEARCH) && !search_put(c, x, r.id, r.v)) ||
                     !history_add(c, x, r.id, "restore", NULL)))
            return false;
    }
    return true;
}

/* Is this table of pairs still one of the model? */
static bool is_rel(const Ctx *c, const char *name)
{
    const Model *m = c->model;
    for (int i = 0; i < m->n; i++)
        for (int k = 0; k < m->entities[i].n_fields; k++) {
            const Field *f = &m->entities[i].fields[k];
            if (f->type == FT_LINK_MANY &&
                strcmp(arena_printf(c->a, "rel_%s_%s", f->entity->name, f->name), name) == 0)
                return true;
        }
    return false;
}

/* Lists that named one of them and still name the survivor. */
static bool targets_back(Ctx *c, MergeUndo *u, const Part *p)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("INSERT INTO "));
    sql_name(&q, p->entity);
    sql_add(&q,
            SQL(" (\"id\", \"target\") SELECT w.\"record_id\", w.\"was\" FROM \"merge_row\" AS w "
                "WHERE w.\"merge_id\" = "));
    sql_number(&q, u->id);
    sql_add(&q, SQL(" AND w.\"kind\" = "));
    sql_bind(&q, db_of_text(p->kind));
    sql_add(&q, SQL(" AND w.\"entity\" = "));
    sql_bind(&q, db_of_text(p->entity));
    sql_add(&q, SQL(" AND EXISTS (SELECT 1 FROM "));
    sql_name(&q, p->entity);
    sql_add(&q, SQL(" AS t1 WHERE t1.\"id\" = w.\"record_id\" AND t1.\"target\" = "));
    sql_number(&q, u->m.survivor);
    sql_add(&q, SQL(") AND NOT EXISTS (SELECT 1 FROM "));
    sql_name(&q, p->entity);
    sql_add(&q, SQL(" AS t2 WHERE t2.\"id\" = w.\"record_id\" AND t2.\"target\" = w.\"was\")"));
    if (!sql_exec(c, &q) || strcmp(p->kind, "pair") != 0)
        return c->n_err == 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM "));
    sql_name(&q, p->entity);
    sql_add(&q, SQL(" WHERE \"target\" = "));
    sql_number(&q, u->m.survivor);
    sql_add(&q, SQL(" AND \"id\" IN ("));
    merge_rows(&q, u->id, "pair", p->entity, p->field);
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q);
}

/* What the survivor's own lists took from them. */
static bool list_back(Ctx *c, MergeUndo *u, const Part *p)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM "));
    sql_name(&q, p->entity);
    sql_add(&q, SQL(" WHERE \"id\" = "));
    sql_number(&q, u->m.survivor);
    sql_add(&q, SQL(" AND \"target\" IN (SELECT w.\"was\" FROM \"merge_row\" AS w WHERE "
                    "w.\"merge_id\" = "));
    sql_number(&q, u->id);
    sql_add(&q, SQL(" AND w.\"kind\" = 'own' AND w.\"entity\" = "));
    sql_bind(&q, db_of_text(p->entity));
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q);
}

bool merge_set(Ctx *c, int64_t merge, const Entity *e, int64_t id, int field, int64_t was,
               int64_t value)
{
    DbVal v = db_of_int(value);
    DbVal p[] = {db_of_int(merge),    db_of_text(value ? "set1" : "set0"),
                 db_of_text(e->name), db_of_text(e->fields[field].column),
                 db_of_int(id),       db_of_int(was)};
    return db_exec(c,
                   SQL("INSERT INTO \"merge_row\" (\"merge_id\", \"kind\", \"entity\", \"field\", "
                       "\"record_id\", \"was\") VALUES ($1, $2, $3, $4, $5, $6)"),
                   p, 6) &&
           rec_touch(c, e, id, &field, &v, 1);
}

/* A yes or no that the merge set, where it still is so. */
static bool set_back(Ctx *c, MergeUndo *u, const Part *p)
{
    const Entity *x = model_entity(c->model, p->entity);
    bool known = false;
    Sql q;
    for (int i = 0; x && i < x->n_fields; i++)
        known = known || (x->fields[i].column && strcmp(x->fields[i].column, p->field) == 0);
    if (!known)
        return true;
    as_it_was(c, u, p, p->kind, &q);
    sql_add(&q, SQL(" WHERE "));
    sql_name(&q, p->field);
    sql_add(&q, SQL(" = "));
    sql_number(&q, p->kind[3] == '1');
    sql_add(&q, SQL(" AND \"id\" IN ("));
    merge_rows(&q, u->id, p->kind, p->entity, p->field);
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q);
}

bool merge_rows_back(Ctx *c, MergeUndo *u)
{
    Parts parts = {0};
    u->stay = ARENA_ARRAY(c->a, c->model->n, int64_t);
    if (!parts_of(c, u->id, &parts))
        return false;
    for (size_t i = 0; i < parts.n; i++) {
        const Part *p = &parts.items[i];
        const Entity *x = model_entity(c->model, p->entity);
        int64_t moved = p->n;
        bool pairs = strncmp(p->kind, "pair", 4) == 0, own = strcmp(p->kind, "own") == 0;
        bool ok = strcmp(p->kind, "link") == 0              ? all_links_back(c, u, p, &moved)
                  : strcmp(p->kind, "dropped") == 0         ? dropped_back(c, u, p)
                  : strncmp(p->kind, "set", 3) == 0         ? set_back(c, u, p)
                  : (pairs || own) && !is_rel(c, p->entity) ? true
                  : pairs                                   ? targets_back(c, u, p)
                  : own                                     ? list_back(c, u, p)
                                                            : true;
        if (!ok)
            return false;
        if (x)
            u->stay[x - c->model->entities] += p->n - moved;
    }
    return true;
}

/* Steps of one link of one row, in the order of the merges: of hooks, and to a survivor. */
typedef struct Step {
    int64_t from, to;
} Step;
typedef VEC(Step) Steps;

static bool steps_of(Ctx *c, const Entity *e, int field, int64_t id, Steps *out)
{
    DbVal p[] = {db_of_text(e->name), db_of_text(e->fields[field].column), db_of_int(id)};
    int mark = c->n_err;
    DbRows *r =
        db_query(c,
                 SQL("SELECT h.\"was\", CASE h.\"kind\" WHEN 'hook' THEN t.\"was\" ELSE "
                     "l.\"survivor\" END FROM \"merge_row\" AS h JOIN \"merge_log\" AS l ON "
                     "l.\"id\" = h.\"merge_id\" LEFT JOIN \"merge_row\" AS t ON t.\"merge_id\" = "
                     "h.\"merge_id\" AND t.\"kind\" = 'hook_to' AND t.\"entity\" = h.\"entity\" "
                     "AND t.\"field\" = h.\"field\" AND t.\"record_id\" = h.\"record_id\" WHERE "
                     "h.\"kind\" IN ('hook', 'link') AND h.\"entity\" = $1 AND h.\"field\" = $2 "
                     "AND h.\"record_id\" = $3 ORDER BY h.\"merge_id\""),
                 p, 3);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, out, (Step){db_int(r, 0), db_int(r, 1)});
    db_done(r);
    return c->n_err == mark;
}

bool merge_led_on(Ctx *c, const Entity *e, int field, int64_t id, int64_t was, int64_t now,
                  bool *only)
{
    int64_t at = was;
    Steps s = {0};
    *only = false;
    if (!steps_of(c, e, field, id, &s))
        return false;
    for (size_t i = 0; i < s.n && !*only; i++) {
        if (s.items[i].from != at)
            continue;
        at = s.items[i].to;
        *only = at == now;
    }
    return true;
}

bool merge_hooks_left(Ctx *c, MergeUndo *u)
{
    Parts parts = {0};
    if (!parts_of(c, u->id, &parts))
        return false;
    for (size_t i = 0; i < parts.n; i++) {
        const Part *p = &parts.items[i];
        const Entity *x = model_entity(c->model, p->entity);
        const char *by;
        int64_t n = 0;
        Sql q;
        if (strcmp(p->kind, "hook") != 0 || !x || !x->standard ||
            !link_of(x, p->field, u->m.e, &by))
            continue;
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT COUNT(*) FROM "));
        sql_name(&q, x->name);
        sql_add(&q, SQL(" AS t0 JOIN \"merge_row\" AS w ON w.\"record_id\" = t0.\"id\" WHERE "
                        "w.\"kind\" = 'hook' AND w.\"merge_id\" = "));
        sql_number(&q, u->id);
        sql_add(&q, SQL(" AND w.\"entity\" = "));
        sql_bind(&q, db_of_text(p->entity));
        sql_add(&q, SQL(" AND w.\"field\" = "));
        sql_bind(&q, db_of_text(p->field));
        sql_add(&q, SQL(" AND t0.\"deleted_at\" IS NULL AND COALESCE("));
        sql_col(&q, "t0", p->field);
        sql_add(&q, SQL(", 0) <> w.\"was\""));
        if (!db_one_int(c, sql_text(&q), q.params, q.n, &n, NULL))
            return false;
        u->stay[x - c->model->entities] += n;
    }
    return true;
}

void merge_left(Ctx *c, MergeUndo *u)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    for (int i = 0; i < c->model->n; i++) {
        const Entity *x = &c->model->entities[i];
        if (u->stay[i] > 0 && x->standard && x->routes && access_may(c, x, ACT_READ))
            jw_kint(&w, x->name, u->stay[i]);
    }
    jw_end(&w);
    u->left = b.data;
}
