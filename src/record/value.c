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

DbVal value_read(Arena *a, const Field *f, DbRows *r, int col)
{
    if (db_is_null(r, col))
        return db_null();
    switch (type_ops(f->type)->column) {
    case COL_INT:
    case COL_BOOL:
        return db_of_int(db_int(r, col));
    case COL_REAL:
        return db_of_real(db_real(r, col));
    case COL_TEXT: {
        size_t n = db_bytes(r, col);
        return (DbVal){.kind = DB_TEXT, .s = arena_dup(a, db_text(r, col), n), .n = n};
    }
    case COL_BLOB: {
        size_t n = db_bytes(r, col);
        return db_of_blob(arena_dup(a, db_blob(r, col), n), n);
    }
    }
    return db_null();
}

int value_read_row(Arena *a, const Entity *e, DbRows *r, int from, DbVal *out)
{
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (f->column)
            out[i] = value_read(a, f, r, from++);
    }
    return from;
}

bool value_same(const DbVal *x, const DbVal *y)
{
    if (x->kind != y->kind)
        return false;
    switch (x->kind) {
    case DB_NULL:
        return true;
    case DB_INT:
        return x->i == y->i;
    case DB_REAL:
        return !(x->d < y->d) && !(x->d > y->d);
    case DB_TEXT:
    case DB_BLOB:
        return x->n == y->n && memcmp(x->s, y->s, x->n) == 0;
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
