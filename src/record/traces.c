/* What is left of an erased record elsewhere. See traces.h. */
#include "record/traces.h"

#include <string.h>

#include "base/json_read.h"
#include "base/msg.h"
#include "base/vec.h"
#include "record/notify_run.h"
#include "record/value.h"

typedef struct Traces {
    const Entity *e;
    const int64_t *ids;
    int n;
} Traces;

typedef VEC(const char *) Texts;

/* " WHERE entity = e AND column IN ids" of the table called alias. */
static void of_rows(Sql *q, const Traces *t, const char *alias, const char *column)
{
    sql_add(q, SQL(" WHERE "));
    sql_col(q, alias, "entity");
    sql_add(q, SQL(" = "));
    sql_bind(q, db_of_text(t->e->name));
    sql_add(q, SQL(" AND "));
    sql_col(q, alias, column);
    sql_add(q, SQL(" IN "));
    sql_bind_ids(q, t->ids, t->n);
}

static bool run_on(Ctx *c, const Traces *t, SqlText head, const char *column)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, head);
    of_rows(&q, t, NULL, column);
    return sql_exec(c, &q);
}

static bool read_ids(Ctx *c, const Traces *t, SqlText head, const char *alias, const char *column,
                     DbIds *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, head);
    of_rows(&q, t, alias, column);
    return db_ids(c, sql_query(c, &q), out);
}

/* ---- bulk changes --------------------------------------------------------------------------- */

/* What a job that has ended was asked to write, and which rows it looked for; the action stays, for its undo. */
static bool forget_request(Ctx *c, int64_t job)
{
    DbVal p[] = {db_of_int(job), db_null()};
    const char *text = NULL;
    json_object *o = NULL;
    bool found;
    if (!db_one_text(c,
                     SQL("SELECT \"params\" FROM \"job\" WHERE \"id\" = $1 AND \"kind\" = 'bulk' "
                         "AND \"state\" IN ('done', 'failed', 'cancelled')"),
                     p, 1, &text, &found))
        return false;
    if (!found || !json_read(c, text, strlen(text), &o))
        return c->n_err == 0;
    json_object *request = json_member(o, "request");
    if (!request)
        return true;
    json_object_object_del(request, "values");
    json_object_object_del(request, "filter");
    json_object_object_del(request, "q");
    p[1] = db_of_text(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
    return db_exec(c, SQL("UPDATE \"job\" SET \"params\" = $2 WHERE \"id\" = $1"), p, 2);
}

static bool forget_bulk(Ctx *c, const Traces *t)
{
    DbIds jobs = {0};
    if (!read_ids(c, t, SQL("SELECT DISTINCT w.\"job_id\" FROM \"job_row\" AS w"), "w", "record_id",
                  &jobs))
        return false;
    for (size_t i = 0; i < jobs.n; i++)
        if (!forget_request(c, jobs.items[i]))
            return false;
    return jobs.n == 0 ||
           run_on(c, t, SQL("UPDATE \"job_row\" SET \"before\" = NULL, \"message\" = NULL"),
                  "record_id");
}

/* ---- imports -------------------------------------------------------------------------------- */

/* The cells that were told of in the rows found by `from`, whose last table is called x. */
static bool blank_cells(Ctx *c, const Traces *t, SqlText from, const char *alias)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE \"import_row_error\" SET \"value\" = NULL, \"message\" = "));
    sql_bind(&q, db_of_text(msg_text(c->lang, "import.cell_erased")));
    sql_add(&q, SQL(" WHERE \"id\" IN (SELECT x.\"id\" FROM "));
    sql_add(&q, from);
    of_rows(&q, t, alias, "record_id");
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q);
}

/* What its rows held, and those it was called a duplicate of. */
static bool forget_cells(Ctx *c, const Traces *t)
{
    return blank_cells(c, t,
                       SQL("\"import_row\" AS w JOIN \"import_row_error\" AS x ON x.\"import_id\" "
                           "= w.\"import_id\" AND x.\"sheet\" = w.\"sheet\" AND x.\"row\" = "
                           "w.\"row\""),
                       "w") &&
           blank_cells(c, t,
                       SQL("\"import_row\" AS w JOIN \"import_dup\" AS d ON d.\"import_id\" = "
                           "w.\"import_id\" AND d.\"sheet\" = w.\"sheet\" AND d.\"row\" = "
                           "w.\"row\" JOIN \"import_dup\" AS o ON o.\"import_id\" = "
                           "d.\"import_id\" AND o.\"grp\" = d.\"grp\" JOIN \"import_row_error\" AS "
                           "x ON x.\"import_id\" = o.\"import_id\" AND x.\"sheet\" = o.\"sheet\" "
                           "AND x.\"row\" = o.\"row\""),
                       "w") &&
           blank_cells(c, t,
                       SQL("\"import_dup\" AS w JOIN \"import_dup\" AS o ON o.\"import_id\" = "
                           "w.\"import_id\" AND o.\"grp\" = w.\"grp\" JOIN \"import_row_error\" AS "
                           "x ON x.\"import_id\" = o.\"import_id\" AND x.\"sheet\" = o.\"sheet\" "
                           "AND x.\"row\" = o.\"row\""),
                       "w") &&
           run_on(c, t, SQL("UPDATE \"import_row\" SET \"former\" = NULL"), "record_id");
}

/* Cells shown as examples of a column, wherever they stand. */
static void drop_samples(json_object *o)
{
    if (json_object_is_type(o, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(o); i++)
            drop_samples(json_object_array_get_idx(o, i));
    } else if (json_object_is_type(o, json_type_object)) {
        if (json_object_is_type(json_member(o, "samples"), json_type_array))
            json_object_object_add(o, "samples", json_object_new_array());
        json_object_object_foreach(o, key, value)
        {
            (void)key;
            drop_samples(value);
        }
    }
}

static bool forget_samples(Ctx *c, int64_t import)
{
    DbVal p[] = {db_of_int(import), db_null()};
    const char *text = NULL;
    json_object *o = NULL;
    bool found;
    if (!db_one_text(c, SQL("SELECT \"sheets\" FROM \"import_job\" WHERE \"id\" = $1"), p, 1, &text,
                     &found))
        return false;
    if (!found || !json_read(c, text, strlen(text), &o))
        return c->n_err == 0;
    drop_samples(o);
    p[1] = db_of_text(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
    /* the sentence of an undo names records that were kept */
    return db_exec(c,
                   SQL("UPDATE \"import_job\" SET \"sheets\" = $2, \"message\" = NULL WHERE "
                       "\"id\" = $1 AND \"state\" NOT IN ('checking', 'running', 'undoing')"),
                   p, 2);
}

/* The file of an import that has ended, and the report on it. */
static bool forget_files(Ctx *c, int64_t import, Texts *digests)
{
    static const SqlText which =
        SQL("SELECT a.\"id\", a.\"sha256\" FROM \"import_job\" AS i JOIN \"attachment\" AS a ON "
            "a.\"id\" = i.\"file_id\" OR a.\"id\" = i.\"report_file_id\" WHERE i.\"id\" = $1 AND "
            "i.\"state\" NOT IN ('checking', 'running', 'undoing')");
    DbVal p[] = {db_of_int(import)};
    DbIds files = {0};
    int mark = c->n_err;
    DbRows *r = db_query(c, which, p, 1);
    if (!r)
        return false;
    while (db_step(r)) {
        vec_push(c->a, &files, db_int(r, 0));
        vec_push(c->a, digests, arena_str(c->a, db_text(r, 1)));
    }
    db_done(r);
    for (size_t i = 0; c->n_err == mark && i < files.n; i++) {
        DbVal f[] = {db_of_int(files.items[i])};
        if (!db_exec(c, SQL("DELETE FROM \"attachment\" WHERE \"id\" = $1"), f, 1))
            return false;
    }
    return c->n_err == mark;
}

static bool forget_imports(Ctx *c, const Traces *t, bool files, Texts *digests)
{
    DbIds imports = {0};
    if (!read_ids(c, t, SQL("SELECT DISTINCT w.\"import_id\" FROM \"import_row\" AS w"), "w",
                  "record_id", &imports) ||
        !forget_cells(c, t))
        return false;
    for (size_t i = 0; i < imports.n; i++)
        if (!forget_samples(c, imports.items[i]) ||
            (files && !forget_files(c, imports.items[i], digests)))
            return false;
    return true;
}

/* ---- requests, notices, letters ------------------------------------------------------------- */

static bool forget_told(Ctx *c, const Traces *t)
{
    return notify_run_forget(c, t->e, t->ids, t->n) &&
           run_on(c, t, SQL("DELETE FROM \"notification\""), "record") &&
           run_on(c, t, SQL("DELETE FROM \"delivery\""), "record");
}

/* Requests to change it, with what each held, who was asked, and what he was told. */
static bool forget_requests(Ctx *c, const Traces *t)
{
    DbIds found = {0};
    if (!read_ids(c, t, SQL("SELECT w.\"id\" FROM \"change_request\" AS w"), "w", "record", &found))
        return false;
    for (size_t i = 0; i < found.n; i++) {
        DbVal p[] = {db_of_int(found.items[i])};
        if (!db_exec(c, SQL("DELETE FROM \"approval_task\" WHERE \"request_id\" = $1"), p, 1) ||
            !db_exec(c,
                     SQL("DELETE FROM \"history\" WHERE \"entity\" = 'change_request' AND "
                         "\"record_id\" = $1"),
                     p, 1) ||
            !db_exec(c,
                     SQL("DELETE FROM \"record_share\" WHERE \"entity\" = 'change_request' AND "
                         "\"record_id\" = $1"),
                     p, 1) ||
            !db_exec(c, SQL("DELETE FROM \"change_request\" WHERE \"id\" = $1"), p, 1))
            return false;
    }
    Traces requests = {model_entity(c->model, "change_request"), found.items, (int)found.n};
    return found.n == 0 || forget_told(c, &requests);
}

static bool is_part(const Entity *x, const Entity *e)
{
    for (int i = 0; i < x->n_fields; i++) {
        const Field *f = &x->fields[i],
                    *by = f->type == FT_LINK && f->to_field ? entity_field(x, f->to_field) : NULL;
        if (by && field_option(by, e->name))
            return true;
    }
    return false;
}

/* Rows without a life of their own (numbers, addresses) that came to the survivor with it. */
static bool forget_parts(Ctx *c, const Traces *t, const Entity *x)
{
    Sql q;
    if (x->standard || x->routes || !is_part(x, t->e))
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM "));
    sql_name(&q, x->name);
    sql_add(&q, SQL(" WHERE \"id\" IN (SELECT w.\"record_id\" FROM \"merge_row\" AS w WHERE "
                    "w.\"kind\" = 'link' AND w.\"entity\" = "));
    sql_bind(&q, db_of_text(x->name));
    sql_add(&q, SQL(" AND w.\"was\" IN "));
    sql_bind_ids(&q, t->ids, t->n);
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q);
}

/* Merges it was part of: of a survivor all that is kept, of one that was merged what the undo would need. */
static bool forget_merges(Ctx *c, const Traces *t, bool demanded)
{
    Sql q;
    for (int i = 0; demanded && i < c->model->n; i++)
        if (!forget_parts(c, t, &c->model->entities[i]))
            return false;
    for (int rows = 1; rows >= 0; rows--) {
        sql_init(&q, c->a);
        sql_add(&q,
                rows ? SQL("DELETE FROM \"merge_row\" WHERE \"merge_id\" IN (SELECT w.\"id\" FROM "
                           "\"merge_log\" AS w")
                     : SQL("DELETE FROM \"merge_log\" WHERE \"id\" IN (SELECT w.\"id\" FROM "
                           "\"merge_log\" AS w"));
        of_rows(&q, t, "w", "survivor");
        sql_add(&q, SQL(")"));
        if (!sql_exec(c, &q))
            return false;
    }
    for (int rows = 0; rows < 2; rows++) {
        sql_init(&q, c->a);
        sql_add(&q, rows ? SQL("DELETE FROM \"merge_row\" WHERE \"merge_id\" IN (SELECT "
                               "w.\"merge_id\" FROM \"merge_row\" AS w")
                         : SQL("UPDATE \"merge_log\" SET \"undo_payload\" = NULL, "
                               "\"field_choices\" = NULL WHERE \"id\" IN (SELECT w.\"merge_id\" "
                               "FROM \"merge_row\" AS w"));
        of_rows(&q, t, "w", "record_id");
        sql_add(&q, SQL(" AND w.\"kind\" = 'gone')"));
        if (!sql_exec(c, &q))
            return false;
    }
    return run_on(c, t, SQL("DELETE FROM \"merge_row\""), "record_id");
}

/* ---- words ---------------------------------------------------------------------------------- */

static const char *words_key(Ctx *c, const Entity *e)
{
    return arena_printf(c->a, "words:%s", e->name);
}

/* PostgreSQL clears the words away with the row, by its own vacuum. */
static bool owe_words(Ctx *c, const Entity *e)
{
    DbVal p[] = {db_of_text(words_key(c, e)), db_of_int(c->now_ms)};
    if (!(e->gets & GETS_SEARCH) || db_is_pg(c->db))
        return true;
    return db_exec(c,
                   SQL("INSERT INTO \"chore\" (\"key\", \"at\") VALUES ($1, $2) ON CONFLICT "
                       "(\"key\") DO UPDATE SET \"at\" = excluded.\"at\""),
                   p, 2);
}

bool traces_words_due(Ctx *c, const Entity *e, int64_t *since)
{
    DbVal p[] = {db_of_text(words_key(c, e))};
    return db_one_int(c, SQL("SELECT \"at\" FROM \"chore\" WHERE \"key\" = $1"), p, 1, since, NULL);
}

typedef struct Done {
    const Entity *e;
    int64_t since;
} Done;

static bool done_in_write(Ctx *c, void *arg)
{
    const Done *d = arg;
    DbVal p[] = {db_of_text(words_key(c, d->e)), db_of_int(d->since)};
    return db_exec(c, SQL("DELETE FROM \"chore\" WHERE \"key\" = $1 AND \"at\" <= $2"), p, 2);
}

bool traces_words_done(Ctx *c, const Entity *e, int64_t since)
{
    Done d = {e, since};
    return db_write(c, done_in_write, &d);
}

bool traces_erase(Ctx *c, const Entity *e, const int64_t *ids, int n, bool files,
                  const char ***digests)
{
    Traces t = {e, ids, n};
    Texts gone = {0};
    if (!forget_bulk(c, &t) || !forget_imports(c, &t, files, &gone) || !forget_requests(c, &t) ||
        !forget_told(c, &t) || !forget_merges(c, &t, files) || !owe_words(c, e))
        return false;
    vec_push(c->a, &gone, NULL);
    *digests = gone.items;
    return true;
}
