/* Records as arrays of values. See value.h. */
#include "record/value.h"

#include <string.h>

#include "meta/types.h"

void value_columns(Sql *q, const Entity *e, const char *alias)
{
    bool first = true;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!f->column)
            continue;
        if (!first)
            sql_add(q, SQL(", "));
        first = false;
        sql_col(q, alias, f->column);
    }
}

DbKind value_kind(const Field *f)
{
    static const DbKind kinds[] = {[COL_INT] = DB_INT,
                                   [COL_BOOL] = DB_INT,
                                   [COL_REAL] = DB_REAL,
                                   [COL_TEXT] = DB_TEXT,
                                   [COL_BLOB] = DB_BLOB};
    return kinds[type_ops(f->type)->column];
}

void value_read(Arena *a, const Field *f, DbRows *r, int col, DbVal *out)
{
    value_read_as(a, value_kind(f), r, col, out);
}

void value_read_as(Arena *a, DbKind kind, DbRows *r, int col, DbVal *out)
{
    db_value(r, col, kind, out);
    if (out->kind == DB_TEXT || out->kind == DB_BLOB)
        out->s = arena_dup(a, out->s, out->n);
}

int value_read_row(Arena *a, const Entity *e, DbRows *r, int from, DbVal *out)
{
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (f->column)
            value_read(a, f, r, from++, &out[i]);
    }
    return from;
}

bool value_same(const DbVal *x, const DbVal *y)
{
    if (x->kind != y->kind)
        return false;
    switch (x->kind) {
    case DB_NULL: return true;
    case DB_INT: return x->i == y->i;
    case DB_REAL: return !(x->d < y->d) && !(x->d > y->d);
    case DB_TEXT:
    case DB_BLOB: return x->n == y->n && memcmp(x->s, y->s, x->n) == 0;
    }
    return false;
}

DbVal value_copy(Arena *a, const DbVal *v)
{
    DbVal out = *v;
    if (v->kind == DB_TEXT || v->kind == DB_BLOB)
        out.s = arena_dup(a, v->s, v->n);
    return out;
}
