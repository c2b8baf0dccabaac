/* Rows that go for good. See erase.h. Everything works on a set of ids of one entity. */
#include "record/erase.h"

#include <string.h>
#include <sys/stat.h>

#include "db/sql.h"
#include "record/attach.h"
#include "record/children.h"
#include "record/former.h"
#include "record/leads.h"
#include "record/search.h"
#include "record/traces.h"

enum { MAX_DEPTH = 4 };

/* A file that was stored just now may belong to a row that is being written. */
enum { FRESH_S = 3600 };

typedef struct Gone {
    const Entity *e; /* NULL: files that were removed one by one */
    const int64_t *ids;
    int n;
} Gone;

/* ---- what speaks of them ------------------------------------------------------------------- */

/* "kind = entity AND column IN ids"; kind NULL: no such column. */
static void of_them(Sql *q, const char *kind, const char *entity, const char *column, const Gone *g)
{
    if (kind) {
        sql_name(q, kind);
        sql_add(q, SQL(" = "));
        sql_bind(q, db_of_text(entity));
        sql_add(q, SQL(" AND "));
    }
    sql_name(q, column);
    sql_add(q, SQL(" IN "));
    sql_bind_ids(q, g->ids, g->n);
}

/* DELETE FROM table WHERE the same. */
static bool delete_where(Ctx *c, const char *table, const char *kind, const char *entity,
                         const char *column, const Gone *g)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM "));
    sql_name(&q, table);
    sql_add(&q, SQL(" WHERE "));
    of_them(&q, kind, entity, column, g);
    return sql_exec(c, &q);
}

/* A link to one of them leads nowhere now. */
static bool unlink_field(Ctx *c, const Field *f, const Gone *g)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, f->entity->name);
    sql_add(&q, SQL(" SET "));
    sql_name(&q, f->column);
    sql_add(&q, SQL(" = NULL WHERE "));
    leads_to(&q, NULL, &(Lead){.x = f->entity, .column = f->column}, g->ids, g->n, false);
    return sql_exec(c, &q);
}

static bool is_parent(const Field *f)
{
    return f->entity->parent && strcmp(f->entity->parent, f->name) == 0;
}

/* The link to what the row belongs to, where that is another one and `by` knows its kind; else NULL. */
static const Field *whole_link(const Field *f, const Field *by)
{
    const Field *whole = f->entity->parent ? entity_field(f->entity, f->entity->parent) : NULL;
    bool fits = whole && whole != f && whole->type == FT_LINK && whole->column && whole->to;
    return fits && field_option(by, whole->to) ? whole : NULL;
}

/* A record that names one of them by its kind means what it belongs to now: a talk with a contact is one with the customer. */
static bool lead_to_whole(Ctx *c, const Field *f, const Field *by, const Gone *g)
{
    const Field *whole = whole_link(f, by);
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, f->entity->name);
    sql_add(&q, SQL(" SET "));
    sql_name(&q, f->column);
    sql_add(&q, SQL(" = "));
    if (whole) {
        sql_name(&q, whole->column);
        sql_add(&q, SQL(", "));
        sql_name(&q, by->column);
        sql_add(&q, SQL(" = "));
        sql_bind(&q, db_of_text(whole->to));
    } else {
        sql_add(&q, SQL("NULL"));
    }
    sql_add(&q, SQL(" WHERE "));
    leads_to(&q, NULL, &(Lead){f->entity, f->column, by->column, g->e->name}, g->ids, g->n, false);
    return sql_exec(c, &q);
}

/* Is a row of f's entity nothing without what this link of it leads to? What an administrator wants filled in is not meant. */
static bool leans(const Field *f, const Entity *e)
{
    return f->type == FT_LINK && f->column && f->required && !f->custom && f->to &&
           strcmp(f->to, e->name) == 0 && strcmp(f->entity->group, "org") != 0;
}

static bool forget_field(Ctx *c, const Field *f, const Gone *g)
{
    const Entity *x = f->entity;
    const char *rel = arena_printf(c->a, "rel_%s_%s", x->name, f->name);
    if (f->type == FT_LINK_MANY) {
        if (x == g->e && !delete_where(c, rel, NULL, NULL, "id", g))
            return false;
        return strcmp(f->to, g->e->name) != 0 || delete_where(c, rel, NULL, NULL, "target", g);
    }
    if (f->type != FT_LINK || !f->column)
        return true;
    const Field *by = f->to_field ? entity_field(x, f->to_field) : NULL;
    if (by && field_option(by, g->e->name)) /* rows that are only a part of it: contact points */
        return x->standard ? lead_to_whole(c, f, by, g)
                           : delete_where(c, x->name, by->column, g->e->name, f->column, g);
    if (!f->to || strcmp(f->to, g->e->name) != 0)
        return true;
    if (leans(f, g->e)) /* records went before, with what speaks of them */
        return x->standard || delete_where(c, x->name, NULL, NULL, f->column, g);
    return is_parent(f) || unlink_field(c, f, g);
}

static bool forget_everywhere(Ctx *c, const Gone *g)
{
    const Model *m = c->model;
    for (int i = 0; i < m->n; i++)
        for (int k = 0; k < m->entities[i].n_fields; k++)
            if (!forget_field(c, &m->entities[i].fields[k], g))
                return false;
    return delete_where(c, "history", "entity", g->e->name, "record_id", g) &&
           delete_where(c, "record_share", "entity", g->e->name, "record_id", g) &&
           delete_where(c, "favorite", "entity", g->e->name, "record", g);
}

/* ---- files --------------------------------------------------------------------------------- */

/* The rows of attachment that lie at them or, where they are files themselves, these. */
static bool drop_files(Ctx *c, Erase *x, const Gone *g)
{
    const char *kind = g->e ? "parent_type" : NULL, *entity = g->e ? g->e->name : NULL,
               *by = g->e ? "parent_id" : "id";
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"sha256\" FROM \"attachment\" WHERE "));
    of_them(&q, kind, entity, by, g);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, &x->digests, db_text_copy(c->a, r, 0));
    db_done(r);
    return c->n_err == 0 && delete_where(c, "attachment", kind, entity, by, g);
}

bool erase_files(Ctx *c, Erase *x, const int64_t *ids, int n)
{
    return drop_files(c, x, &(Gone){NULL, ids, n});
}

void erase_bytes(Ctx *c, const Erase *x)
{
    for (size_t i = 0; i < x->digests.n; i++) {
        const char *hex = x->digests.items[i];
        DbVal p[] = {db_of_text(hex)};
        int64_t one;
        bool named = true;
        struct stat st;
        if (strlen(hex) != 64 ||
            !db_one_int(c, SQL("SELECT 1 FROM \"attachment\" WHERE \"sha256\" = $1 LIMIT 1"), p, 1,
                        &one, &named) ||
            named)
            continue;
        const char *path = arena_printf(c->a, "%s/files/%.2s/%s", attach_dir(), hex, hex + 2);
        if (stat(path, &st) == 0 && c->now_ms / 1000 - (int64_t)st.st_mtime > FRESH_S)
            attach_forget(c->a, hex);
    }
}

/* ---- the rows ------------------------------------------------------------------------------- */

/* The rows of one set, with all that speaks of them. */
static bool drop_rows(Ctx *c, Erase *x, const Gone *g)
{
    const char **digests;
    if (!drop_files(c, x, g) || !forget_everywhere(c, g) ||
        !traces_erase(c, g->e, g->ids, g->n, x->demanded, &digests))
        return false;
    for (; *digests; digests++)
        vec_push(c->a, &x->digests, *digests);
    if (!delete_where(c, g->e->name, NULL, NULL, "id", g))
        return false;
    x->rows += db_changes(c);
    return true;
}

/* Of what goes along something may be alive, and found by its words: a pair at a customer that stays. */
static bool drop_words(Ctx *c, const Gone *g)
{
    DbIds live = {0};
    Sql q;
    if (!(g->e->gets & GETS_SEARCH))
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM "));
    sql_name(&q, g->e->name);
    sql_add(&q, SQL(" WHERE \"deleted_at\" IS NULL AND \"id\" IN "));
    sql_bind_ids(&q, g->ids, g->n);
    if (!db_ids(c, sql_query(c, &q), &live))
        return false;
    for (size_t i = 0; i < live.n; i++)
        if (!sql_search_remove(c, g->e->name, live.items[i]))
            return false;
    return true;
}

/* Those that stay are found by their own words, and by what else was merged into them. */
static bool words_anew(Ctx *c, const Entity *e, const DbIds *survivors)
{
    int mark = c->n_err;
    for (size_t i = 0; i < survivors->n; i++) {
        Record s; /* not there: it went in the same set */
        if (rec_load(c, e, survivors->items[i], &s) && !search_put(c, e, s.id, s.v))
            return false;
    }
    return c->n_err == mark;
}

/* The next of the rows of f's entity that lead to the set: what belongs to it, or leans on it. */
static bool find_along(Ctx *c, const Erase *x, const Field *f, const Gone *g, int64_t *ids, int *n)
{
    const Field *by = f->to_field ? entity_field(f->entity, f->to_field) : NULL;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM "));
    sql_name(&q, f->entity->name);
    sql_add(&q, SQL(" WHERE "));
    leads_to(&q, NULL, &(Lead){f->entity, f->column, by ? by->column : NULL, g->e->name}, g->ids,
             g->n, false);
    if (is_parent(f) &&
        !x->demanded) /* a part that came back by itself is not taken by the clock */
        sql_add(&q, SQL(" AND \"deleted_at\" IS NOT NULL"));
    sql_add(&q, SQL(" ORDER BY \"id\" LIMIT "));
    sql_number(&q, ERASE_BLOCK);
    return db_ids_most(c, sql_query(c, &q), ids, ERASE_BLOCK, n);
}

static bool erase_set(Ctx *c, Erase *x, const Gone *g, int depth);

/* Of what goes along what was merged into it goes first: it is the same subject. */
static bool erase_merged(Ctx *c, Erase *x, const Gone *g, int depth)
{
    DbIds merged = {0};
    if (!former_ids(c, g->e, g->ids, g->n, &merged))
        return false;
    for (size_t at = 0; at < merged.n; at += ERASE_BLOCK) {
        size_t n = merged.n - at < ERASE_BLOCK ? merged.n - at : ERASE_BLOCK;
        if (!erase_set(c, x, &(Gone){g->e, merged.items + at, (int)n}, depth))
            return false;
    }
    return true;
}

static bool erase_along(Ctx *c, Erase *x, const Field *f, const Gone *g, int depth)
{
    int64_t ids[ERASE_BLOCK];
    for (int n = ERASE_BLOCK; n == ERASE_BLOCK;) {
        if (!find_along(c, x, f, g, ids, &n))
            return false;
        const Gone along = {f->entity, ids, n};
        if (n && (!erase_merged(c, x, &along, depth) || !drop_words(c, &along) ||
                  !erase_set(c, x, &along, depth) || !db_change(c, f->entity->name, 0)))
            return false;
    }
    return true;
}

/* No part outlives its whole, and nothing what it leans on: these go first. */
static bool erase_set(Ctx *c, Erase *x, const Gone *g, int depth)
{
    const Model *m = c->model;
    DbIds survivors = {0};
    for (int i = 0; i < m->n && depth < MAX_DEPTH; i++) {
        const Entity *other = &m->entities[i];
        for (int k = 0; other->standard && k < other->n_fields; k++) {
            const Field *f = &other->fields[k];
            if ((leans(f, g->e) || children_link(other, g->e) == f) &&
                !erase_along(c, x, f, g, depth + 1))
                return false;
        }
    }
    return former_ends(c, g->e, g->ids, g->n, &survivors) && drop_rows(c, x, g) &&
           words_anew(c, g->e, &survivors);
}

bool erase_rows(Ctx *c, Erase *x, const Entity *e, const int64_t *ids, int n)
{
    return erase_set(c, x, &(Gone){e, ids, n}, 0);
}
