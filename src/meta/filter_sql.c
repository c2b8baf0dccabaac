/*
 * A filter as SQL (as a test on a record in memory: filter_memory.c). Names come from the model, values are bound.
 * Conditions have two values, not three: != and not include rows without a value, so a filter and its
 * "not" always make up all rows.
 */
#include <assert.h>
#include <string.h>

#include "meta/filter_impl.h"

typedef struct Fs {
    Ctx *c;
    Sql *q;
    int depth;  /* of sub-selects: their aliases are f1, f2 … */
    bool each;  /* few rows are tested: see filter_sql_each */
    bool alone; /* each by itself: see filter_sql_alone */
} Fs;

static void node(Fs *s, const Entity *e, const char *alias, const Filter *f);

static const char *sub_alias(Fs *s, char letter)
{
    return arena_printf(s->c->a, "%c%d", letter, s->depth);
}

static const char *column_of(Fs *s, const Field *f)
{
    return filter_is_text(f) && f->fold ? arena_printf(s->c->a, "%s_f", f->column) : f->column;
}

/* What is bound for a value of f: folded where the column is. */
static DbVal bound(Fs *s, const Field *f, DbVal v)
{
    if (filter_is_text(f) && f->fold && v.kind == DB_TEXT)
        return db_of_text(filter_folded(s->c->a, f, v.s));
    return v;
}

/* lead + text + trail with the wildcards of LIKE escaped. */
static DbVal like(Fs *s, const char *lead, const char *text, const char *trail)
{
    Buf b;
    buf_init(&b, s->c->a);
    buf_puts(&b, lead);
    for (const char *p = text; *p; p++) {
        if (*p == '%' || *p == '_' || *p == '\\')
            buf_putc(&b, '\\');
        buf_putc(&b, *p);
    }
    buf_puts(&b, trail);
    return db_of_text(b.data);
}

static void bind_list(Fs *s, const Field *f, const DbVal *v, int n)
{
    sql_add(s->q, SQL("("));
    for (int i = 0; i < n; i++) {
        if (i)
            sql_add(s->q, SQL(", "));
        sql_bind(s->q, bound(s, f, v[i]));
    }
    sql_add(s->q, SQL(")"));
}

static void multi_any(Fs *s, const char *alias, const Filter *f)
{
    sql_add(s->q, SQL("("));
    for (int i = 0; i < f->n_vals; i++) {
        if (i)
            sql_add(s->q, SQL(" OR "));
        sql_col(s->q, alias, f->field->column);
        sql_add(s->q, SQL(" LIKE "));
        sql_bind(s->q, like(s, "%|", f->vals[i].s, "|%"));
        sql_add(s->q, SQL(" ESCAPE '\\'"));
    }
    sql_add(s->q, SQL(")"));
}

static void multi_leaf(Fs *s, const char *alias, const Filter *f)
{
    switch (f->op) {
    case OP_NOT_IN:
        sql_add(s->q, SQL("("));
        multi_any(s, alias, f);
        sql_add(s->q, SQL(" IS NOT TRUE)"));
        break;
    default: multi_any(s, alias, f); break;
    }
}

/* rel_<entity>_<field>(id, target) */
static void many_leaf(Fs *s, const Entity *e, const char *alias, const Filter *f)
{
    bool out = f->op == OP_NOT_IN || f->op == OP_IS_NULL;
    s->depth++;
    const char *r = sub_alias(s, 'r');
    sql_col(s->q, alias, "id");
    if (out)
        sql_add(s->q, SQL(" NOT IN (SELECT "));
    else
        sql_add(s->q, SQL(" IN (SELECT "));
    sql_col(s->q, r, "id");
    sql_add(s->q, SQL(" FROM "));
    sql_name(s->q, arena_printf(s->c->a, "rel_%s_%s", e->name, f->field->name));
    sql_add(s->q, SQL(" AS "));
    sql_name(s->q, r);
    if (f->n_vals) {
        sql_add(s->q, SQL(" WHERE "));
        sql_col(s->q, r, "target");
        sql_add(s->q, SQL(" IN "));
        bind_list(s, f->field, f->vals, f->n_vals);
    }
    sql_add(s->q, SQL(")"));
    s->depth--;
}

/* In this row of a tree, or below it. */
static void under_leaf(Fs *s, const Entity *e, const char *alias, const Filter *f)
{
    const Entity *t = model_entity(e->model, f->field->to);
    assert(t && t->tree);
    Sql *q = s->q;
    s->depth++;
    sql_col(q, alias, f->field->column);
    if (entity_has(t, "path")) {
        const char *d = sub_alias(s, 'd'), *r = sub_alias(s, 'r');
        sql_add(q, SQL(" IN (SELECT "));
        sql_col(q, d, "id");
        sql_add(q, SQL(" FROM "));
        sql_name(q, t->name);
        sql_add(q, SQL(" AS "));
        sql_name(q, r);
        sql_add(q, SQL(" JOIN "));
        sql_name(q, t->name);
        sql_add(q, SQL(" AS "));
        sql_name(q, d);
        sql_add(q, SQL(" ON "));
        sql_col(q, d, "path");
        sql_add(q, SQL(" >= "));
        sql_col(q, r, "path");
        sql_add(q, SQL(" AND "));
        sql_col(q, d, "path");
        sql_add(q, SQL(" < "));
        sql_col(q, r, "path");
        sql_add(q, SQL(" || "));
        sql_bind(q, db_of_text("\xF4\x8F\xBF\xBF"));
        sql_add(q, SQL(" WHERE "));
        sql_col(q, r, "id");
        sql_add(q, SQL(" = "));
        sql_bind(q, f->vals[0]);
        sql_add(q, SQL(")"));
    } else {
        const char *w = sub_alias(s, 'w'), *k = sub_alias(s, 'k');
        sql_add(q, SQL(" IN (WITH RECURSIVE "));
        sql_name(q, w);
        sql_add(q, SQL("(id) AS (SELECT "));
        sql_col(q, k, "id");
        sql_add(q, SQL(" FROM "));
        sql_name(q, t->name);
        sql_add(q, SQL(" AS "));
        sql_name(q, k);
        sql_add(q, SQL(" WHERE "));
        sql_col(q, k, "id");
        sql_add(q, SQL(" = "));
        sql_bind(q, f->vals[0]);
        sql_add(q, SQL(" UNION SELECT "));
        sql_col(q, k, "id");
        sql_add(q, SQL(" FROM "));
        sql_name(q, t->name);
        sql_add(q, SQL(" AS "));
        sql_name(q, k);
        sql_add(q, SQL(" JOIN "));
        sql_name(q, w);
        sql_add(q, SQL(" ON "));
        sql_col(q, k, entity_field(t, t->tree)->column);
        sql_add(q, SQL(" = "));
        sql_col(q, w, "id");
        sql_add(q, SQL(") SELECT id FROM "));
        sql_name(q, w);
        sql_add(q, SQL(")"));
    }
    s->depth--;
}

static void compare(Fs *s, const char *alias, const Filter *f, SqlText op)
{
    sql_col(s->q, alias, column_of(s, f->field));
    sql_add(s->q, op);
    sql_bind(s->q, bound(s, f->field, f->vals[0]));
}

static void leaf(Fs *s, const Entity *e, const char *alias, const Filter *f)
{
    Sql *q = s->q;
    const Field *fd = f->field;
    if (fd->type == FT_LINK_MANY) {
        many_leaf(s, e, alias, f);
        return;
    }
    if (fd->type == FT_MULTI_OPTION && f->n_vals) {
        multi_leaf(s, alias, f);
        return;
    }
    const char *col = column_of(s, fd);
    switch (f->op) {
    case OP_EQ: compare(s, alias, f, SQL(" = ")); break;
    case OP_NE: compare(s, alias, f, SQL(" IS DISTINCT FROM ")); break;
    case OP_LT: compare(s, alias, f, SQL(" < ")); break;
    case OP_LE: compare(s, alias, f, SQL(" <= ")); break;
    case OP_GT: compare(s, alias, f, SQL(" > ")); break;
    case OP_GE: compare(s, alias, f, SQL(" >= ")); break;
    case OP_IN:
        sql_col(q, alias, col);
        sql_add(q, SQL(" IN "));
        bind_list(s, fd, f->vals, f->n_vals);
        break;
    case OP_NOT_IN:
        sql_add(q, SQL("("));
        sql_col(q, alias, col);
        sql_add(q, SQL(" IS NULL OR "));
        sql_col(q, alias, col);
        sql_add(q, SQL(" NOT IN "));
        bind_list(s, fd, f->vals, f->n_vals);
        sql_add(q, SQL(")"));
        break;
    case OP_CONTAINS:
        sql_col(q, alias, col);
        sql_add(q, SQL(" LIKE "));
        sql_bind(q, like(s, "%", bound(s, fd, f->vals[0]).s, "%"));
        sql_add(q, SQL(" ESCAPE '\\'"));
        break;
    case OP_STARTS: {
        DbVal v = bound(s, fd, f->vals[0]);
        sql_add(q, SQL("("));
        sql_col(q, alias, col);
        sql_add(q, SQL(" >= "));
        sql_bind(q, v);
        sql_add(q, SQL(" AND "));
        sql_col(q, alias, col);
        sql_add(q, SQL(" < "));
        sql_bind(q, db_of_text(arena_printf(s->c->a, "%s\xF4\x8F\xBF\xBF", v.s)));
        sql_add(q, SQL(")"));
        break;
    }
    case OP_BETWEEN:
        sql_add(q, SQL("("));
        sql_col(q, alias, col);
        sql_add(q, SQL(" >= "));
        sql_bind(q, bound(s, fd, f->vals[0]));
        sql_add(q, SQL(" AND "));
        sql_col(q, alias, col);
        sql_add(q, SQL(" <= "));
        sql_bind(q, bound(s, fd, f->vals[1]));
        sql_add(q, SQL(")"));
        break;
    case OP_IS_NULL:
        sql_col(q, alias, fd->column);
        sql_add(q, SQL(" IS NULL"));
        break;
    case OP_NOT_NULL:
        sql_col(q, alias, fd->column);
        sql_add(q, SQL(" IS NOT NULL"));
        break;
    case OP_UNDER: under_leaf(s, e, alias, f); break;
    case OP_DUPLICATE: /* FILTER_TWIN */
    case OP_TOLD:      /* FILTER_TOLD */
    case OP__COUNT: break;
    }
}

/* (SELECT id FROM target WHERE it is not deleted AND sub) */
static void target_rows(Fs *s, const Entity *target, const Filter *sub)
{
    Sql *q = s->q;
    s->depth++;
    const char *t = sub_alias(s, 'f');
    sql_add(q, SQL("(SELECT "));
    sql_col(q, t, "id");
    sql_add(q, SQL(" FROM "));
    sql_name(q, target->name);
    sql_add(q, SQL(" AS "));
    sql_name(q, t);
    bool where = false;
    if (target->standard) {
        sql_add(q, SQL(" WHERE "));
        sql_col(q, t, "deleted_at");
        sql_add(q, SQL(" IS NULL"));
        where = true;
    }
    if (sub->kind != FILTER_TRUE) {
        if (where)
            sql_add(q, SQL(" AND "));
        else
            sql_add(q, SQL(" WHERE "));
        node(s, target, t, sub);
    }
    sql_add(q, SQL(")"));
    s->depth--;
}

/* EXISTS (SELECT 1 FROM target WHERE id = alias.column AND it is not deleted AND sub) */
static void target_row(Fs *s, const char *alias, const char *column, const Entity *target,
                       const Filter *sub)
{
    Sql *q = s->q;
    s->depth++;
    const char *t = sub_alias(s, 'f');
    sql_add(q, SQL("EXISTS (SELECT 1 FROM "));
    sql_name(q, target->name);
    sql_add(q, SQL(" AS "));
    sql_name(q, t);
    sql_add(q, SQL(" WHERE "));
    sql_col(q, t, "id");
    sql_add(q, SQL(" = "));
    sql_col(q, alias, column);
    if (target->standard) {
        sql_add(q, SQL(" AND "));
        sql_col(q, t, "deleted_at");
        sql_add(q, SQL(" IS NULL"));
    }
    if (sub->kind != FILTER_TRUE) {
        sql_add(q, SQL(" AND "));
        node(s, target, t, sub);
    }
    if (s->alone)
        sql_add(q, SQL(" LIMIT 1 OFFSET 0")); /* PostgreSQL makes no set of such a query */
    sql_add(q, SQL(")"));
    s->depth--;
}

static void via(Fs *s, const Entity *e, const char *alias, const Filter *f)
{
    Sql *q = s->q;
    if (f->field->type == FT_LINK_MANY) {
        s->depth++;
        const char *r = sub_alias(s, 'r');
        sql_col(q, alias, "id");
        sql_add(q, SQL(" IN (SELECT "));
        sql_col(q, r, "id");
        sql_add(q, SQL(" FROM "));
        sql_name(q, arena_printf(s->c->a, "rel_%s_%s", e->name, f->field->name));
        sql_add(q, SQL(" AS "));
        sql_name(q, r);
        sql_add(q, SQL(" WHERE "));
        sql_col(q, r, "target");
        sql_add(q, SQL(" IN "));
        target_rows(s, f->target, f->kids[0]);
        sql_add(q, SQL(")"));
        s->depth--;
        return;
    }
    if (f->field->to_field) {
        sql_add(q, SQL("("));
        sql_col(q, alias, entity_field(e, f->field->to_field)->column);
        sql_add(q, SQL(" = "));
        sql_bind(q, db_of_text(f->target->name));
        sql_add(q, SQL(" AND "));
    }
    if (s->each) {
        target_row(s, alias, f->field->column, f->target, f->kids[0]);
    } else {
        sql_col(q, alias, f->field->column);
        sql_add(q, SQL(" IN "));
        target_rows(s, f->target, f->kids[0]);
    }
    if (f->field->to_field)
        sql_add(q, SQL(")"));
}

static void shared(Fs *s, const Entity *e, const char *alias, const Filter *f)
{
    Sql *q = s->q;
    sql_col(q, alias, "id");
    sql_add(q, SQL(" IN (SELECT record_id FROM record_share WHERE entity = "));
    sql_bind(q, db_of_text(e->name));
    sql_add(q, SQL(" AND user_id = "));
    sql_bind(q, f->vals[0]);
    if (f->vals[2].i)
        sql_add(q, SQL(" AND can_write = 1"));
    sql_add(q, SQL(" AND (until IS NULL OR until > "));
    sql_bind(q, f->vals[1]);
    sql_add(q, SQL("))"));
}

/* Found by its run, for which there is an index: as many as one person was told of at once. */
static void told(Fs *s, const Entity *e, const char *alias, const Filter *f)
{
    Sql *q = s->q;
    sql_col(q, alias, "id");
    sql_add(q, SQL(" IN (SELECT record FROM notification WHERE user_id = "));
    sql_bind(q, f->vals[0]);
    sql_add(q, SQL(" AND run = (SELECT run FROM notification WHERE id = "));
    sql_bind(q, f->vals[1]);
    sql_add(q, SQL(") AND head = "));
    sql_bind(q, f->vals[1]);
    sql_add(q, SQL(" AND entity = "));
    sql_bind(q, db_of_text(e->name));
    sql_add(q, SQL(")"));
}

/* EXISTS (SELECT 1 FROM e WHERE its keys are those of alias AND it is another, not deleted, AND kids[0]) */
static void twin(Fs *s, const Entity *e, const char *alias, const Filter *f)
{
    Sql *q = s->q;
    s->depth++;
    const char *t = sub_alias(s, 'f');
    sql_add(q, SQL("EXISTS (SELECT 1 FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS "));
    sql_name(q, t);
    sql_add(q, SQL(" WHERE "));
    for (const char *const *name = f->dup->fields; *name; name++) {
        const char *key = arena_printf(s->c->a, "%s_k", entity_field(e, *name)->column);
        sql_col(q, t, key);
        sql_add(q, SQL(" = "));
        sql_col(q, alias, key);
        sql_add(q, SQL(" AND "));
    }
    sql_col(q, t, "id");
    sql_add(q, SQL(" <> "));
    sql_col(q, alias, "id");
    sql_add(q, SQL(" AND "));
    sql_col(q, t, "deleted_at");
    sql_add(q, SQL(" IS NULL"));
    if (f->kids[0]->kind != FILTER_TRUE) {
        sql_add(q, SQL(" AND "));
        node(s, e, t, f->kids[0]);
    }
    sql_add(q, SQL(")"));
    s->depth--;
}

static void node(Fs *s, const Entity *e, const char *alias, const Filter *f)
{
    Sql *q = s->q;
    switch (f->kind) {
    case FILTER_TRUE: sql_add(q, SQL("1 = 1")); break;
    case FILTER_FALSE: sql_add(q, SQL("1 = 0")); break;
    case FILTER_AND:
    case FILTER_OR:
        sql_add(q, SQL("("));
        for (int i = 0; i < f->n_kids; i++) {
            if (i) {
                if (f->kind == FILTER_AND)
                    sql_add(q, SQL(" AND "));
                else
                    sql_add(q, SQL(" OR "));
            }
            node(s, e, alias, f->kids[i]);
        }
        sql_add(q, SQL(")"));
        break;
    case FILTER_NOT:
        sql_add(q, SQL("(("));
        node(s, e, alias, f->kids[0]);
        sql_add(q, SQL(") IS NOT TRUE)"));
        break;
    case FILTER_LEAF: leaf(s, e, alias, f); break;
    case FILTER_VIA: via(s, e, alias, f); break;
    case FILTER_SHARED: shared(s, e, alias, f); break;
    case FILTER_TOLD: told(s, e, alias, f); break;
    case FILTER_TWIN: twin(s, e, alias, f); break;
    case FILTER_IDS:
        sql_col(q, alias, "id");
        sql_add(q, SQL(" IN ("));
        for (int i = 0; i < f->n_vals; i++) {
            if (i)
                sql_add(q, SQL(", "));
            sql_bind(q, f->vals[i]);
        }
        sql_add(q, SQL(")"));
        break;
    }
}

void filter_sql(Ctx *c, Sql *q, const Entity *e, const char *alias, const Filter *f)
{
    Fs s = {.c = c, .q = q};
    node(&s, e, alias, f);
}

void filter_sql_each(Ctx *c, Sql *q, const Entity *e, const char *alias, const Filter *f)
{
    Fs s = {.c = c, .q = q, .each = true};
    node(&s, e, alias, f);
}

void filter_sql_alone(Ctx *c, Sql *q, const Entity *e, const char *alias, const Filter *f)
{
    Fs s = {.c = c, .q = q, .each = true, .alone = true};
    node(&s, e, alias, f);
}
