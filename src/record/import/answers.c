/*
 * What a person reads of an import besides its row: the cells that were refused, what an undo left as it is, and the
 * groups of rows that rules for duplicates hold against each other or against records. See import.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "db/sql.h"
#include "record/import/impl.h"

/* ---- errors -------------------------------------------------------------------------------- */

static const char *sheet_name(const Imp *imp, int64_t index)
{
    for (int i = 0; i < imp->n; i++)
        if (imp->sheets[i].index == index)
            return imp->sheets[i].name;
    return "";
}

/* "2.17.123": behind sheet 2, row 17, error 123. */
static bool cursor_read(Ctx *c, const char *text, DbVal out[3])
{
    char *end = NULL;
    int64_t at[3] = {-1, 0, 0};
    const char *p = text;
    for (int i = 0; i < 3 && p && *p; i++) { /* behind the last one there is no text any more */
        at[i] = strtoll(p, &end, 10);
        if (end == p || (i < 2 ? *end != '.' : *end != 0))
            return ctx_fail(c, ERR_BAD_CURSOR, "cursor", "err.bad_cursor");
        p = end + 1;
    }
    for (int i = 0; i < 3; i++)
        out[i] = db_of_int(at[i]);
    return true;
}

bool import_errors(Ctx *c, int64_t id, const char *kind, const char *cursor, int limit, Buf *out)
{
    Imp imp;
    DbVal p[6] = {db_of_int(id)};
    if (kind && *kind && strcmp(kind, "undo") != 0)
        return ctx_fail(c, ERR_INVALID, "kind", "err.import.kind");
    if (!imp_load(c, id, &imp) || !cursor_read(c, cursor, &p[1]))
        return false;
    p[4] = db_of_int(limit + 1);
    p[5] = db_of_text(kind ? kind : "");
    DbRows *r = db_query(
        c,
        SQL("SELECT \"sheet\", \"row\", \"id\", \"col\", \"header\", \"value\", "
            "\"code\", \"message\" FROM \"import_row_error\" "
            "WHERE \"import_id\" = $1 AND (\"sheet\", \"row\", \"id\") > ($2, $3, "
            "$4) AND coalesce(\"kind\", '') = $6 ORDER BY \"sheet\", \"row\", \"id\" LIMIT $5"),
        p, 6);
    if (!r)
        return false;
    Jw w;
    jw_list(&w, out);
    const char *next = NULL;
    bool more = false;
    int n = 0;
    while (db_step(r)) {
        more = n == limit;
        if (more)
            break;
        n++;
        jw_obj(&w);
        jw_kstr(&w, "sheet", sheet_name(&imp, db_int(r, 0)));
        jw_kint(&w, "row", db_int(r, 1));
        if (db_is_null(r, 3))
            jw_kstr(&w, "column", NULL);
        else
            jw_kint(&w, "column", db_int(r, 3));
        jw_kstr(&w, "header", db_text(r, 4));
        jw_kstr(&w, "value", db_text(r, 5));
        jw_kstr(&w, "code", db_text(r, 6));
        jw_kstr(&w, "message", db_text(r, 7));
        jw_end(&w);
        next = arena_printf(c->a, "%lld.%lld.%lld", (long long)db_int(r, 0),
                            (long long)db_int(r, 1), (long long)db_int(r, 2));
    }
    db_done(r);
    jw_end(&w);
    jw_kstr(&w, "next_cursor", more ? next : NULL);
    jw_end(&w);
    return c->n_err == 0;
}

/* ---- duplicates ---------------------------------------------------------------------------- */

enum { ROWS_OF_GROUP = 100 };

typedef struct Group {
    const char *name, *rule;
    int64_t sheet, record, rows[ROWS_OF_GROUP];
    const Entity *e;
    int n;
} Group;

static bool read_names(Ctx *c, int64_t id, const char *cursor, int limit, Group *out, int *n)
{
    DbVal p[] = {db_of_int(id), db_of_text(cursor ? cursor : ""), db_of_int(limit)};
    DbRows *r = db_query(c,
                         SQL("SELECT DISTINCT \"grp\" FROM \"import_dup\" WHERE \"import_id\" = $1 "
                             "AND \"grp\" > $2 ORDER BY \"grp\" LIMIT $3"),
                         p, 3);
    *n = 0;
    if (!r)
        return false;
    while (*n < limit && db_step(r))
        out[(*n)++].name = arena_str(c->a, db_text(r, 0));
    db_done(r);
    return c->n_err == 0;
}

/* Rows of all groups between the first and the last name, both in order. */
static bool read_groups(Ctx *c, int64_t id, Group *list, int n)
{
    if (!n)
        return true;
    DbVal p[] = {db_of_int(id), db_of_text(list[0].name), db_of_text(list[n - 1].name)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT \"grp\", \"sheet\", \"row\", \"rule\", \"entity\", "
                     "\"record_id\" FROM \"import_dup\" WHERE \"import_id\" = $1 AND "
                     "\"grp\" >= $2 AND \"grp\" <= $3 ORDER BY \"grp\", \"sheet\", \"row\""),
                 p, 3);
    if (!r)
        return false;
    for (int at = 0; db_step(r);) {
        while (at < n && strcmp(list[at].name, db_text(r, 0)) != 0)
            at++;
        if (at == n)
            break;
        Group *g = &list[at];
        if (!g->n) {
            g->sheet = db_int(r, 1);
            g->rule = arena_str(c->a, db_text(r, 3));
            g->e = model_entity(c->model, db_text(r, 4));
        }
        if (!db_is_null(r, 5))
            g->record = db_int(r, 5);
        if (g->n < ROWS_OF_GROUP)
            g->rows[g->n++] = db_int(r, 2);
    }
    db_done(r);
    return c->n_err == 0;
}

/* A record is shown to those who may read it; of a foreign one stands only that there is one. */
static void write_record(Ctx *c, Jw *w, const Group *g, const LinkLabels *labels)
{
    bool seen = g->record && g->e && access_may(c, g->e, ACT_READ) &&
                rec_within(c, g->e, g->record, access_scope(c, g->e, ACT_READ));
    jw_key(w, "record");
    if (seen) {
        jw_obj(w);
        jw_kint(w, "id", g->record);
        jw_kstr(w, "label", link_label(labels, g->e, g->record));
        jw_end(w);
    } else {
        jw_null(w);
    }
    jw_kbool(w, "foreign", g->record && !seen);
}

static void write_group(Ctx *c, Jw *w, const Imp *imp, const Group *g, const LinkLabels *labels)
{
    jw_obj(w);
    jw_kstr(w, "group", g->name);
    jw_kint(w, "sheet", g->sheet);
    jw_kstr(w, "rule", g->rule);
    jw_key(w, "rows");
    jw_arr(w);
    for (int i = 0; i < g->n; i++)
        jw_int(w, g->rows[i]);
    jw_end(w);
    write_record(c, w, g, labels);
    jw_kstr(w, "choice", imp->choices ? json_str(imp->choices, g->name, NULL) : NULL);
    jw_end(w);
}

bool import_duplicates(Ctx *c, int64_t id, const char *cursor, int limit, Buf *out)
{
    Imp imp;
    Group *list = ARENA_ARRAY(c->a, limit + 1, Group);
    LinkLabels *labels = link_labels_new(c);
    int n;
    Jw w;
    if (!imp_load(c, id, &imp) || !read_names(c, id, cursor, limit + 1, list, &n) ||
        !read_groups(c, id, list, n))
        return false;
    for (int i = 0; i < n && i < limit; i++)
        if (list[i].e && list[i].record)
            link_labels_want(labels, list[i].e, list[i].record);
    if (!link_labels_fetch(c, labels))
        return false;
    jw_list(&w, out);
    for (int i = 0; i < n && i < limit; i++)
        write_group(c, &w, &imp, &list[i], labels);
    jw_end(&w);
    jw_kstr(&w, "next_cursor", n > limit ? list[limit - 1].name : NULL);
    jw_end(&w);
    return c->n_err == 0;
}
