/* The logical dump. See dump.h. */
#include "record/dump.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "db/sql.h"
#include "meta/plan.h"

enum { BLOCK = 1000 };

static bool left_out(const char *table)
{
    static const char *const names[] = {
        "session",       "login_log",     "second_step", "recovery_code",  "rate_hit",
        "idempotency",   "node_lease",    "change_log",  "schema_ledger",  "schema_lock",
        "schema_format", "sign_in_delay", "secret_key",  "secret_key_held"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], table) == 0)
            return true;
    return false;
}

static bool secret(const Ctx *c, const PlanTable *t, const char *column)
{
    const Entity *e = model_entity(c->model, t->name);
    for (int i = 0; e && i < e->n_fields; i++)
        if (e->fields[i].column && strcmp(e->fields[i].column, column) == 0)
            return e->fields[i].hidden && e->fields[i].type == FT_STRING;
    return false;
}

/* Companions (_f, _s, _k) are made from their field: comparing the field is enough, and collation keys differ by library. */
static bool derived(const PlanTable *t, const char *column)
{
    size_t n = strlen(column);
    if (n < 3 || column[n - 2] != '_' || !strchr("fsk", column[n - 1]))
        return false;
    for (int i = 0; i < t->n_columns; i++)
        if (strlen(t->columns[i].name) == n - 2 && strncmp(t->columns[i].name, column, n - 2) == 0)
            return true;
    return false;
}

static void write_cell(Ctx *c, const PlanTable *t, const PlanColumn *col, DbRows *r, int at, Jw *w)
{
    if (db_is_null(r, at))
        return;
    jw_key(w, col->name);
    switch (col->type) {
    case COL_INT:
    case COL_BOOL: jw_int(w, db_int(r, at)); break;
    case COL_REAL: jw_real(w, db_real(r, at)); break;
    case COL_TEXT:
        if (secret(c, t, col->name)) {
            char hex[65];
            crypt_sha256_hex(db_text(r, at), db_bytes(r, at), hex);
            jw_str(w, hex);
        } else {
            jw_strn(w, db_text(r, at), db_bytes(r, at));
        }
        break;
    case COL_BLOB: jw_str(w, crypt_hex(w->b->a, db_blob(r, at), db_bytes(r, at))); break;
    }
}

/* One block behind the keys of the last row; tables are walked by their primary key. */
static bool block(Ctx *c, const PlanTable *t, const char *const *key, int n_key, DbVal *last,
                  bool first, FILE *to, int *n)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    for (int i = 0; i < t->n_columns; i++) {
        if (i)
            sql_add(&q, SQL(", "));
        sql_name(&q, t->columns[i].name);
    }
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, t->name);
    if (!first) {
        sql_add(&q, SQL(" WHERE ("));
        for (int i = 0; i < n_key; i++) {
            if (i)
                sql_add(&q, SQL(", "));
            sql_name(&q, key[i]);
        }
        sql_add(&q, SQL(") > ("));
        for (int i = 0; i < n_key; i++) {
            if (i)
                sql_add(&q, SQL(", "));
            sql_bind(&q, last[i]);
        }
        sql_add(&q, SQL(")"));
    }
    sql_add(&q, SQL(" ORDER BY "));
    for (int i = 0; i < n_key; i++) {
        if (i)
            sql_add(&q, SQL(", "));
        sql_name(&q, key[i]);
        sql_add(&q, SQL(" ASC"));
    }
    sql_add(&q, SQL(" LIMIT "));
    sql_number(&q, BLOCK);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    Buf line;
    buf_init(&line, c->a);
    for (*n = 0; db_step(r); ++*n) {
        buf_clear(&line);
        Jw w;
        jw_init(&w, &line);
        jw_obj(&w);
        jw_kstr(&w, "table", t->name);
        for (int i = 0; i < t->n_columns; i++)
            if (!derived(t, t->columns[i].name))
                write_cell(c, t, &t->columns[i], r, i, &w);
        jw_end(&w);
        fprintf(to, "%s\n", line.data);
        for (int k = 0; k < n_key; k++)
            for (int i = 0; i < t->n_columns; i++)
                if (strcmp(t->columns[i].name, key[k]) == 0)
                    last[k] = t->columns[i].type == COL_TEXT
                                  ? db_of_text(arena_str(c->a, db_text(r, i)))
                                  : db_of_int(db_int(r, i));
    }
    db_done(r);
    return c->n_err == 0;
}

static bool dump_table(Ctx *c, const PlanTable *t, FILE *to)
{
    static const char *const by_id[] = {"id", NULL};
    const char *const *key = t->key ? t->key : by_id;
    int n_key = 0;
    while (key[n_key])
        n_key++;
    Arena *keep = c->a, *steps[2] = {arena_child(keep), arena_child(keep)};
    DbVal *last = ARENA_ARRAY(keep, n_key, DbVal);
    bool ok = true;
    int n = BLOCK;
    for (int turn = 0; ok && n == BLOCK; turn++) {
        c->a = steps[turn & 1]; /* the keys of the last block live in the other arena */
        arena_reset(c->a);
        ok = block(c, t, key, n_key, last, turn == 0, to, &n);
    }
    c->a = keep;
    return ok;
}

static int by_name(const void *x, const void *y)
{
    return strcmp((*(const PlanTable *const *)x)->name, (*(const PlanTable *const *)y)->name);
}

bool dump_write(Ctx *c, FILE *to)
{
    Plan *plan = plan_of_model(c->a, c->model);
    const PlanTable **tables = ARENA_ARRAY(c->a, plan->n, const PlanTable *);
    for (int i = 0; i < plan->n; i++)
        tables[i] = &plan->tables[i];
    qsort(tables, (size_t)plan->n, sizeof *tables, by_name);
    for (int i = 0; i < plan->n; i++)
        if (!left_out(tables[i]->name) && !dump_table(c, tables[i], to))
            return false;
    return !ferror(to) || ctx_fail(c, ERR_DISK_FULL, NULL, "err.disk_full");
}
