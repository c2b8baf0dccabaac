/*
 * Which record a row of a file means: by the fields chosen, else by number, then by codes and unique fields, then
 * by the rules for duplicates. See import_impl.h.
 */
#include "meta/types.h"
#include "record/dedupe.h"
#include "record/import_impl.h"
#include "record/write_row.h"

/* Live rows that agree in all these fields; a blank one agrees with nothing. */
static bool find(Ctx *c, const Entity *e, const Field *const *fields, const DbVal *values, int n,
                 ImpMatch *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\", "));
    sql_add(&q, e->standard ? SQL("t0.\"version\"") : SQL("0"));
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE "));
    *out = (ImpMatch){0};
    for (int i = 0; i < n; i++) {
        const Field *f = fields[i];
        bool match = write_row_has_match(f), fold = !match && write_row_has_fold(f);
        DbVal v = match  ? type_match_key(c->a, f, &values[i])
                  : fold ? type_fold(c->a, f, &values[i])
                         : values[i];
        if (v.kind == DB_NULL || (v.kind == DB_TEXT && !v.n))
            return true;
        if (i)
            sql_add(&q, SQL(" AND "));
        sql_col(&q, "t0",
                match  ? arena_printf(c->a, "%s_k", f->column)
                : fold ? arena_printf(c->a, "%s_f", f->column)
                       : f->column);
        sql_add(&q, SQL(" = "));
        sql_bind(&q, v);
    }
    if (e->standard)
        sql_add(&q, SQL(" AND t0.\"deleted_at\" IS NULL"));
    sql_add(&q, SQL(" LIMIT 2"));
    DbRows *rows = sql_query(c, &q);
    if (!rows)
        return false;
    while (db_step(rows) && out->n < 2) {
        out->version = db_int(rows, 1);
        out->ids[out->n++] = db_int(rows, 0);
    }
    db_done(rows);
    return c->n_err == 0;
}

static bool find_by(Ctx *c, const ImpPlan *p, const ImpCells *row, const char *const *names, int n,
                    ImpMatch *out)
{
    const Field *fields[16];
    DbVal values[16];
    int k = 0;
    *out = (ImpMatch){0};
    for (int i = 0; i < n && k < 16; i++) {
        fields[k] = entity_field(p->e, names[i]);
        if (!fields[k] || !fields[k]->column)
            return true;
        values[k] = imp_value(c, p, row, fields[k]);
        if (values[k].kind == DB_NULL)
            return true;
        k++;
    }
    return k == 0 || find(c, p->e, fields, values, k, out);
}

/* Chosen fields (all must agree); else our own id, number, then codes and unique fields, then the rules for duplicates. */
bool imp_find_match(Ctx *c, const ImpPlan *p, const ImpCells *row, ImpMatch *out)
{
    const Entity *e = p->e;
    if (p->s->n_match)
        return find_by(c, p, row, p->s->match, p->s->n_match, out);
    const char *id = "id";
    if (!find_by(c, p, row, &id, 1, out) || out->n)
        return c->n_err == 0;
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < e->n_fields; i++) {
            const Field *f = &e->fields[i];
            bool wanted =
                turn == 0 ? f->type == FT_NUMBER : f->unique || f->match == MATCH_CREDIT_CODE;
            if (!wanted || !f->column)
                continue;
            if (!find_by(c, p, row, &f->name, 1, out) || out->n)
                return c->n_err == 0;
        }
    SaveOptions o = {.origin = "import"};
    for (int i = 0; i < e->n_dups; i++) {
        DupAction act = dedupe_action(&e->dups[i], &o, CH_IMPORT);
        int n = 0;
        while (e->dups[i].fields[n])
            n++;
        if ((act == DUP_COUNT || act == DUP_BLOCK) &&
            (!find_by(c, p, row, e->dups[i].fields, n, out) || out->n))
            return c->n_err == 0;
    }
    return c->n_err == 0;
}
