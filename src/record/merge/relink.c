/*
 * Everything that leads to a merged record leads to the survivor: links of every entity, custom ones too, tables of links to
 * many, and the tables that name a record by its entity and id. A few statements for each link of the model, however
 * many rows; each row that moves is noted in merge_row first, which is also what says which rows the next statement is about.
 * Where two rows would be the same (a pair, a favourite), one moves and the other stays with the merged record.
 */
#include <string.h>

#include "record/history.h"
#include "record/leads.h"
#include "record/merge/impl.h"
#include "record/search.h"

const MergePair merge_pairs[] = {
    {"attachment", "parent_type", "parent_id", NULL},   {"favorite", "entity", "record", "user_id"},
    {"notification", "entity", "record", NULL},         {"delivery", "entity", "record", NULL},
    {"record_share", "entity", "record_id", "user_id"}, {NULL, NULL, NULL, NULL},
};

/* ---- pieces of statements -------------------------------------------------------------------- */

void merge_in(Sql *q, const Merge *m)
{
    sql_add(q, SQL(" IN "));
    sql_bind_ids(q, m->merged, m->n);
}

void merge_stamp(Ctx *c, Sql *q)
{
    sql_add(q, SQL(", \"version\" = \"version\" + 1, \"updated_at\" = "));
    sql_bind(q, db_of_int(c->now_ms));
    sql_add(q, SQL(", \"updated_by_id\" = "));
    sql_bind(q, c->actor->user ? db_of_int(c->actor->user) : db_null());
}

void merge_rows(Sql *q, int64_t merge, const char *kind, const char *entity, const char *field)
{
    sql_add(q, SQL("SELECT mr.\"record_id\" FROM \"merge_row\" AS mr WHERE mr.\"merge_id\" = "));
    sql_number(q, merge);
    sql_add(q, SQL(" AND mr.\"kind\" = "));
    sql_bind(q, db_of_text(kind));
    sql_add(q, SQL(" AND mr.\"entity\" = "));
    sql_bind(q, db_of_text(entity));
    if (!field)
        return;
    sql_add(q, SQL(" AND mr.\"field\" = "));
    sql_bind(q, db_of_text(field));
}

/* INSERT INTO merge_row SELECT … of the rows of table AS t0, as far as the values that are the same in each. */
static void note_rows(Sql *q, const Merge *m, const char *kind, const char *table,
                      const char *column)
{
    sql_add(q, SQL("INSERT INTO \"merge_row\" (\"merge_id\", \"kind\", \"entity\", \"field\", "
                   "\"record_id\", \"was\") SELECT "));
    sql_number(q, m->id);
    sql_add(q, SQL(", CAST("));
    sql_bind(q, db_of_text(kind));
    sql_add(q, SQL(" AS TEXT), CAST("));
    sql_bind(q, db_of_text(table));
    sql_add(q, SQL(" AS TEXT), CAST("));
    sql_bind(q, db_of_text(column));
    sql_add(q, SQL(" AS TEXT), "));
}

/* Of a link that leads to several entities: " AND" it is this one that it means. */
static void means(Sql *q, const char *alias, const char *by, const Entity *e)
{
    if (!by)
        return;
    sql_add(q, SQL(" AND "));
    sql_col(q, alias, by);
    sql_add(q, SQL(" = "));
    sql_bind(q, db_of_text(e->name));
}

/* ---- one column ------------------------------------------------------------------------------ */

static bool is_live_entity(const MergeLead *l)
{
    return l->x && l->x->standard;
}

/* " AND NOT EXISTS" a row that this one would be the same as: with the other columns of a unique index equal, and led to
   the survivor already, or about to be. */
static void not_doubled(Sql *q, const Merge *m, const MergeLead *l, const char *const *others)
{
    sql_add(q, is_live_entity(l)
                   ? SQL(" AND (t0.\"deleted_at\" IS NOT NULL OR NOT EXISTS (SELECT 1 FROM ")
                   : SQL(" AND (NOT EXISTS (SELECT 1 FROM "));
    sql_name(q, l->table);
    sql_add(q, SQL(" AS t1 WHERE t1.\"id\" <> t0.\"id\""));
    for (int i = 0; others[i]; i++) {
        sql_add(q, SQL(" AND "));
        sql_col(q, "t1", others[i]);
        sql_add(q, SQL(" = "));
        sql_col(q, "t0", others[i]);
    }
    means(q, "t1", l->by, m->e);
    if (is_live_entity(l))
        sql_add(q, SQL(" AND t1.\"deleted_at\" IS NULL"));
    sql_add(q, SQL(" AND ("));
    sql_col(q, "t1", l->column);
    sql_add(q, SQL(" = "));
    sql_number(q, m->survivor);
    sql_add(q, SQL(" OR ("));
    sql_col(q, "t1", l->column);
    merge_in(q, m);
    sql_add(q, SQL(" AND t1.\"id\" < t0.\"id\"))))"));
}

/* For each unique index with the link in it. *any: there is one. */
static void none_doubled(Ctx *c, Sql *q, const Merge *m, const MergeLead *l, bool *any)
{
    *any = false;
    if (l->unique) {
        const char *one[] = {l->unique, NULL};
        not_doubled(q, m, l, one);
        *any = true;
    }
    for (int i = 0; l->f && i < l->x->n_indexes; i++) {
        const Index *ix = &l->x->indexes[i];
        int n = 0, k = 0;
        bool mine = false;
        while (ix->fields[n])
            n++;
        const char **others = ARENA_ARRAY(c->a, n + 1, const char *);
        for (int j = 0; j < n; j++) {
            const Field *f = entity_field(l->x, ix->fields[j] + (ix->fields[j][0] == '-'));
            if (f == l->f)
                mine = true;
            else if (!l->by || strcmp(f->column, l->by) != 0)
                others[k++] = f->column;
        }
        if (ix->unique && mine) {
            not_doubled(q, m, l, others);
            *any = true;
        }
    }
    if (l->f && l->f->unique) {
        const char *none[] = {NULL};
        not_doubled(q, m, l, none);
        *any = true;
    }
}

void merge_of(Sql *q, const Merge *m, const MergeLead *l, bool live)
{
    const Lead lead = {l->x, l->column, l->by, m->e->name};
    sql_add(q, SQL(" FROM "));
    sql_name(q, l->table);
    sql_add(q, SQL(" AS t0 WHERE "));
    leads_to(q, "t0", &lead, m->merged, m->n, live);
    if (l->x != m->e)
        return;
    sql_add(q, SQL(" AND t0.\"id\" <> "));
    sql_number(q, m->survivor);
    sql_add(q, SQL(" AND t0.\"id\" NOT"));
    merge_in(q, m);
}

/* What would be doubled stays with the merged record, and goes to the bin with it. */
static bool drop_rest(Ctx *c, const Merge *m, const MergeLead *l)
{
    Sql q;
    DbIds ids = {0};
    sql_init(&q, c->a);
    note_rows(&q, m, "dropped", l->table, l->column);
    sql_add(&q, SQL("t0.\"id\", "));
    sql_col(&q, "t0", l->column);
    merge_of(&q, m, l, true);
    if (!sql_exec(c, &q) || db_changes(c) == 0)
        return c->n_err == 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, l->table);
    sql_add(&q, SQL(" SET \"deleted_at\" = "));
    sql_bind(&q, db_of_int(c->now_ms));
    sql_add(&q, SQL(", \"deleted_by_id\" = "));
    sql_bind(&q, c->actor->user ? db_of_int(c->actor->user) : db_null());
    merge_stamp(c, &q);
    sql_add(&q, SQL(" WHERE \"id\" IN ("));
    merge_rows(&q, m->id, "dropped", l->table, l->column);
    sql_add(&q, SQL(")"));
    if (!sql_exec(c, &q))
        return false;
    sql_init(&q, c->a);
    merge_rows(&q, m->id, "dropped", l->table, l->column);
    if (!db_ids(c, sql_query(c, &q), &ids))
        return false;
    for (size_t i = 0; i < ids.n; i++)
        if (((l->x->gets & GETS_SEARCH) && !sql_search_remove(c, l->table, ids.items[i])) ||
            !history_add(c, l->x, ids.items[i], "delete", NULL))
            return false;
    return true;
}

static bool move_rows(Ctx *c, const Merge *m, const MergeLead *l)
{
    Sql q;
    bool any;
    sql_init(&q, c->a);
    note_rows(&q, m, "link", l->table, l->column);
    sql_add(&q, SQL("t0.\"id\", "));
    sql_col(&q, "t0", l->column);
    merge_of(&q, m, l, false);
    none_doubled(c, &q, m, l, &any);
    if (strcmp(l->table, "record_share") == 0 && m->s.v[STD_OWNER].kind == DB_INT) {
        sql_add(&q, SQL(" AND t0.\"user_id\" <> ")); /* the owner needs none */
        sql_bind(&q, m->s.v[STD_OWNER]);
    }
    if (!sql_exec(c, &q))
        return false;
    if (db_changes(c) > 0) {
        sql_init(&q, c->a);
        sql_add(&q, SQL("UPDATE "));
        sql_name(&q, l->table);
        sql_add(&q, SQL(" SET "));
        sql_name(&q, l->column);
        sql_add(&q, SQL(" = "));
        sql_number(&q, m->survivor);
        if (is_live_entity(l))
            merge_stamp(c, &q);
        sql_add(&q, SQL(" WHERE \"id\" IN ("));
        merge_rows(&q, m->id, "link", l->table, l->column);
        sql_add(&q, SQL(")"));
        if (!sql_exec(c, &q))
            return false;
    }
    return !any || !is_live_entity(l) || drop_rest(c, m, l);
}

/* A link of the survivor to one that becomes itself leads nowhere. */
static bool not_to_itself(Ctx *c, const Merge *m, const Field *f)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, m->e->name);
    sql_add(&q, SQL(" SET "));
    sql_name(&q, f->column);
    sql_add(&q, SQL(" = NULL WHERE \"id\" = "));
    sql_number(&q, m->survivor);
    sql_add(&q, SQL(" AND "));
    sql_name(&q, f->column);
    merge_in(&q, m);
    return sql_exec(c, &q);
}

/* ---- tables of pairs ------------------------------------------------------------------------- */

/* Rows of other records whose list names a merged one. */
static bool move_targets(Ctx *c, const Merge *m, const Entity *x, const char *rel)
{
    Sql q;
    for (int had = 0; had < 2; had++) {
        sql_init(&q, c->a);
        note_rows(&q, m, had ? "pair_had" : "pair", rel, "target");
        sql_add(&q, SQL("t0.\"id\", t0.\"target\" FROM "));
        sql_name(&q, rel);
        sql_add(&q, SQL(" AS t0 WHERE t0.\"target\""));
        merge_in(&q, m);
        sql_add(&q,
                had ? SQL(" AND EXISTS (SELECT 1 FROM ") : SQL(" AND NOT EXISTS (SELECT 1 FROM "));
        sql_name(&q, rel);
        sql_add(&q, SQL(" AS t1 WHERE t1.\"id\" = t0.\"id\" AND t1.\"target\" = "));
        sql_number(&q, m->survivor);
        sql_add(&q, SQL(")"));
        if (!sql_exec(c, &q))
            return false;
    }
    sql_init(&q, c->a);
    sql_add(&q, SQL("INSERT INTO "));
    sql_name(&q, rel);
    sql_add(&q, SQL(" (\"id\", \"target\") SELECT DISTINCT mr.\"record_id\", CAST("));
    sql_number(&q, m->survivor);
    sql_add(&q, SQL(" AS BIGINT) FROM \"merge_row\" AS mr WHERE mr.\"record_id\" <> "));
    sql_number(&q, m->survivor);
    sql_add(&q, SQL(" AND mr.\"record_id\" IN ("));
    merge_rows(&q, m->id, "pair", rel, "target");
    sql_add(&q, SQL(") AND mr.\"merge_id\" = "));
    sql_number(&q, m->id);
    sql_add(&q, SQL(" AND mr.\"entity\" = "));
    sql_bind(&q, db_of_text(rel));
    if (!sql_exec(c, &q))
        return false;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM "));
    sql_name(&q, rel);
    sql_add(&q, SQL(" WHERE \"target\""));
    merge_in(&q, m);
    if (!sql_exec(c, &q) || db_changes(c) == 0 || !x->standard)
        return c->n_err == 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, x->name);
    sql_add(&q, SQL(" SET \"archived_at\" = \"archived_at\""));
    merge_stamp(c, &q);
    sql_add(&q, SQL(" WHERE \"id\" IN (SELECT mr.\"record_id\" FROM \"merge_row\" AS mr WHERE "
                    "mr.\"merge_id\" = "));
    sql_number(&q, m->id);
    sql_add(&q, SQL(" AND mr.\"entity\" = "));
    sql_bind(&q, db_of_text(rel));
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q);
}

static const char *rel_of(Ctx *c, const Field *f)
{
    return arena_printf(c->a, "rel_%s_%s", f->entity->name, f->name);
}

/* " FROM" the lists of the merged ones what that of the survivor lacks. */
static void lacking(Sql *q, const Merge *m, const Field *f, const char *rel)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, rel);
    sql_add(q, SQL(" AS t0 WHERE t0.\"id\""));
    merge_in(q, m);
    sql_add(q, SQL(" AND NOT EXISTS (SELECT 1 FROM "));
    sql_name(q, rel);
    sql_add(q, SQL(" AS t1 WHERE t1.\"id\" = "));
    sql_number(q, m->survivor);
    sql_add(q, SQL(" AND t1.\"target\" = t0.\"target\")"));
    if (strcmp(f->to, m->e->name) == 0) {
        sql_add(q, SQL(" AND t0.\"target\" <> "));
        sql_number(q, m->survivor);
        sql_add(q, SQL(" AND t0.\"target\" NOT"));
        merge_in(q, m);
    }
}

bool merge_joins(Ctx *c, const Merge *m, unsigned char *changed)
{
    for (int i = 0; i < m->e->n_fields; i++) {
        const Field *f = &m->e->fields[i];
        int64_t one;
        int n;
        Sql q;
        if (f->type != FT_LINK_MANY)
            continue;
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT t0.\"target\""));
        lacking(&q, m, f, rel_of(c, f));
        sql_add(&q, SQL(" LIMIT 1"));
        if (!db_ids_most(c, sql_query(c, &q), &one, 1, &n))
            return false;
        if (n > 0)
            changed[i] = 1;
    }
    return true;
}

/* The lists of the merged ones (tags) are joined to that of the survivor. Their own rows stay, for the undo. */
static bool join_lists(Ctx *c, const Merge *m, const Field *f, const char *rel)
{
    Sql q;
    sql_init(&q, c->a);
    note_rows(&q, m, "own", rel, "id");
    sql_number(&q, m->survivor);
    sql_add(&q, SQL(", t0.\"target\""));
    lacking(&q, m, f, rel);
    sql_add(&q, SQL(" GROUP BY t0.\"target\""));
    if (!sql_exec(c, &q) || db_changes(c) == 0)
        return c->n_err == 0;
    sql_init(&q, c->a);
    sql_add(&q, SQL("INSERT INTO "));
    sql_name(&q, rel);
    sql_add(&q,
            SQL(" (\"id\", \"target\") SELECT mr.\"record_id\", mr.\"was\" FROM \"merge_row\" AS "
                "mr WHERE mr.\"merge_id\" = "));
    sql_number(&q, m->id);
    sql_add(&q, SQL(" AND mr.\"kind\" = 'own' AND mr.\"entity\" = "));
    sql_bind(&q, db_of_text(rel));
    return sql_exec(c, &q);
}

/* ---- over the model -------------------------------------------------------------------------- */

bool merge_leads(const Field *f, const Entity *e, MergeLead *out)
{
    const Entity *x = f->entity;
    if (f->type == FT_LINK_MANY)
        return strcmp(f->to, e->name) == 0;
    if (f->type != FT_LINK || !f->column || (x == e && strcmp(f->name, "merged_into") == 0))
        return false;
    const Field *by = f->to_field ? entity_field(x, f->to_field) : NULL;
    if (f->to ? strcmp(f->to, e->name) != 0 : !by || !field_option(by, e->name))
        return false;
    *out = (MergeLead){
        .table = x->name, .column = f->column, .by = f->to ? NULL : by->column, .x = x, .f = f};
    return true;
}

static bool move_field(Ctx *c, const Merge *m, const Field *f)
{
    const Entity *x = f->entity;
    MergeLead l;
    if (f->type == FT_LINK_MANY) {
        const char *rel = rel_of(c, f);
        return (x != m->e || join_lists(c, m, f, rel)) &&
               (strcmp(f->to, m->e->name) != 0 || move_targets(c, m, x, rel));
    }
    return !merge_leads(f, m->e, &l) ||
           (move_rows(c, m, &l) && (x != m->e || not_to_itself(c, m, f)));
}

/* Who reads a merged record by a share reads the survivor then: only where the caller may share that. */
static bool may_share(Ctx *c, const Merge *m)
{
    return m->o.trusted || ((m->e->gets & GETS_SHARE) && access_may(c, m->e, ACT_SHARE) &&
                            rec_within(c, m->e, m->survivor, access_scope(c, m->e, ACT_SHARE)));
}

bool merge_relink(Ctx *c, Merge *m)
{
    const Model *model = m->e->model;
    for (int i = 0; i < model->n; i++)
        for (int k = 0; k < model->entities[i].n_fields; k++)
            if (!move_field(c, m, &model->entities[i].fields[k]))
                return false;
    for (const MergePair *p = merge_pairs; p->table; p++) {
        MergeLead l = {.table = p->table, .column = p->id, .by = p->entity, .unique = p->unique};
        if ((strcmp(p->table, "record_share") != 0 || may_share(c, m)) && !move_rows(c, m, &l))
            return false;
    }
    for (int i = 0; i < model->n; i++)
        if (!merge_tell_rows(c, m, &model->entities[i]))
            return false;
    return c->n_err == 0;
}

/* ---- rows that hooks see to -------------------------------------------------------------------- */

bool merge_moved(Ctx *c, int64_t merge, const Entity *e, int field, DbIds *out)
{
    Sql q;
    sql_init(&q, c->a);
    merge_rows(&q, merge, "link", e->name, e->fields[field].column);
    sql_add(&q, SQL(" ORDER BY mr.\"record_id\""));
    return db_ids(c, sql_query(c, &q), out);
}

bool merge_see_to(Ctx *c, int64_t merge, const Entity *e, int field, int64_t id, int64_t to)
{
    DbVal p[] = {db_of_int(merge), db_of_text(e->name), db_of_text(e->fields[field].column),
                 db_of_int(id), db_of_int(to)};
    return db_exec(c,
                   SQL("UPDATE \"merge_row\" SET \"kind\" = 'hook' WHERE \"merge_id\" = $1 AND "
                       "\"kind\" = 'link' AND \"entity\" = $2 AND \"field\" = $3 AND "
                       "\"record_id\" = $4"),
                   p, 4) &&
           db_exec(c,
                   SQL("INSERT INTO \"merge_row\" (\"merge_id\", \"kind\", \"entity\", \"field\", "
                       "\"record_id\", \"was\") VALUES ($1, 'hook_to', $2, $3, $4, $5)"),
                   p, 5);
}

bool merge_led(Ctx *c, const Entity *e, int field, int64_t was, DbIds *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"record_id\" FROM \"merge_row\" WHERE \"kind\" = 'hook' AND "
                    "\"entity\" = "));
    sql_bind(&q, db_of_text(e->name));
    sql_add(&q, SQL(" AND \"field\" = "));
    sql_bind(&q, db_of_text(e->fields[field].column));
    sql_add(&q, SQL(" AND \"was\" = "));
    sql_number(&q, was);
    sql_add(&q, SQL(" AND \"merge_id\" IN (SELECT g.\"merge_id\" FROM \"merge_row\" AS g WHERE "
                    "g.\"kind\" = 'gone' AND g.\"record_id\" = "));
    sql_number(&q, was);
    sql_add(&q, SQL(") ORDER BY \"record_id\""));
    return db_ids(c, sql_query(c, &q), out);
}
