/*
 * Undoing a run, the last rows first: what it created goes to the recycle bin, what it updated gets its former values
 * back. A record that was changed since, or that others have hung something on, stays as it is and is named among
 * the errors (kind undo). A job like any other: blocks, progress, cancel, resume.
 */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/msg.h"
#include "db/pace.h"
#include "meta/types.h"
#include "record/children.h"
#include "record/import/run.h"
#include "record/merge/merge.h"

enum { BLOCK = 32, NAMED = 5 };

/* ---- queueing ------------------------------------------------------------------------------ */

typedef struct Queue {
    Imp *imp;
    int64_t job;
} Queue;

static bool queue_write(Ctx *c, void *arg)
{
    Queue *q = arg;
    const char *params = arena_printf(c->a, "{\"import\":%lld,\"at\":%lld,\"lang\":\"%s\"}",
                                      (long long)q->imp->id, (long long)clock_now_ms(), c->lang);
    if (!job_add(c, "import_undo", params, &q->job))
        return false;
    DbVal p[] = {db_of_int(q->imp->id), db_of_int(q->job), db_of_int(q->imp->job)};
    return db_exec(
               c,
               SQL("UPDATE \"import_job\" SET \"job_id\" = $2, \"done\" = 0 WHERE \"id\" = $1 AND "
                   "coalesce(\"job_id\", 0) = $3"),
               p, 3) &&
           (db_changes(c) == 1 ||
            ctx_fail(c, ERR_CONFLICT, NULL, "err.import.state", q->imp->state)) &&
           imp_save_plan(c, q->imp) && imp_save_state(c, q->imp->id, "undoing", NULL);
}

/* Whoever undoes may still import what he imported. */
static bool may_still(Ctx *c, const Imp *imp)
{
    for (int i = 0; i < imp->n; i++) {
        const char *name = imp->sheets[i].entity;
        const Entity *e = name ? model_entity(c->model, name) : NULL;
        if (e && !access_need(c, e, ACT_IMPORT))
            return false;
    }
    return true;
}

bool import_undo(Ctx *c, int64_t id, int64_t *out_job)
{
    Imp imp;
    if (!imp_load(c, id, &imp))
        return false;
    bool over = strcmp(imp.state, "done") == 0 || strcmp(imp.state, "cancelled") == 0 ||
                strcmp(imp.state, "failed") == 0;
    if (!over || !imp.ran)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.import.state", imp.state);
    if (imp.revert_until && c->now_ms > imp.revert_until)
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "err.import.undone_until");
    imp.undone = true;
    Queue q = {&imp, 0};
    if (!may_still(c, &imp) || !db_write(c, queue_write, &q))
        return false;
    *out_job = q.job;
    return true;
}

/* ---- a block ------------------------------------------------------------------------------- */

typedef struct UndoRow {
    int64_t row, record, version, now; /* now: its version when it is undone */
    const Entity *e;
    bool created;
    const char *former;
    const char *held; /* what others hung on it: the label of their entity, or NULL */
} UndoRow;

typedef struct Undo {
    Ctx *c;
    Job *job;
    Imp *imp;
    Arena *keep;
    int64_t began, done, total;
    int sheet;    /* its index */
    int64_t last; /* the row undone last; rows below it come next */
    bool cancelled;
    Pace pace;
    int n; /* of this block */
    UndoRow rows[BLOCK];
} Undo;

static bool read_block(Ctx *c, Undo *u)
{
    DbVal p[] = {db_of_int(u->imp->id), db_of_int(u->sheet), db_of_int(u->last),
                 db_of_int(pace_size(&u->pace, BLOCK))};
    DbRows *r =
        db_query(c,
                 SQL("SELECT \"row\", \"record_id\", \"version\", \"entity\", \"outcome\", "
                     "\"former\" FROM \"import_row\" WHERE \"import_id\" = $1 AND \"sheet\" = $2 "
                     "AND \"row\" < $3 AND \"outcome\" IN ('created', 'updated') AND "
                     "\"record_id\" IS NOT NULL ORDER BY \"row\" DESC LIMIT $4"),
                 p, 4);
    u->n = 0;
    if (!r)
        return false;
    while (u->n < BLOCK && db_step(r)) {
        u->rows[u->n++] = (UndoRow){.row = db_int(r, 0),
                                    .record = db_int(r, 1),
                                    .version = db_int(r, 2),
                                    .e = model_entity(c->model, db_text(r, 3)),
                                    .created = strcmp(db_text(r, 4), "created") == 0,
                                    .former = arena_str(c->a, db_text(r, 5))};
    }
    db_done(r);
    return c->n_err == 0;
}

/* Children that are none of this import's, or were changed before the undo began. */
static bool held_by(Ctx *c, Undo *u, const Entity *child, const Field *link, const Entity *e,
                    const int64_t *ids, int n)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT DISTINCT t0."));
    sql_name(&q, link->column);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, child->name);
    sql_add(&q, SQL(" AS t0 WHERE t0."));
    sql_name(&q, link->column);
    sql_add(&q, SQL(" IN "));
    sql_bind_ids(&q, ids, n);
    children_of(&q, "t0", child, link, e);
    sql_add(&q, SQL(" AND t0.\"deleted_at\" IS NULL AND (t0."));
    sql_name(&q, child->fields[STD_IMPORT_JOB].column);
    sql_add(&q, SQL(" IS NULL OR t0."));
    sql_name(&q, child->fields[STD_IMPORT_JOB].column);
    sql_add(&q, SQL(" <> "));
    sql_bind(&q, db_of_int(u->imp->id));
    sql_add(&q, SQL(" OR (t0.\"version\" > 1 AND t0.\"updated_at\" < "));
    sql_bind(&q, db_of_int(u->began));
    sql_add(&q, SQL("))"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        for (int i = 0; i < u->n; i++)
            if (u->rows[i].record == db_int(r, 0) && u->rows[i].e == e && u->rows[i].created)
                u->rows[i].held = label_in(child->label, c->lang);
    db_done(r);
    return c->n_err == 0;
}

/* The rows of a block are of one sheet, so of one entity. */
static bool find_held(Ctx *c, Undo *u)
{
    const Entity *e = u->n ? u->rows[0].e : NULL;
    int64_t ids[BLOCK];
    int n = 0;
    for (int i = 0; i < u->n; i++)
        if (u->rows[i].created)
            ids[n++] = u->rows[i].record;
    for (int i = 0; e && n && i < c->model->n; i++) {
        const Entity *child = &c->model->entities[i];
        const Field *link = children_link(child, e);
        if (link && child->fields[STD_IMPORT_JOB].column && !held_by(c, u, child, link, e, ids, n))
            return false;
    }
    return true;
}

/* ---- a row --------------------------------------------------------------------------------- */

static bool undo_row(Ctx *c, void *arg)
{
    UndoRow *row = arg;
    SaveOptions o = {.if_version = row->e->standard ? row->version : -1,
                     .trusted = true,
                     .held = true, /* what has come under a flow since stays, and says why */
                     .origin = "import"};
    Record now;
    json_object *in;
    bool there = rec_load(c, row->e, row->record, &now);
    if (c->n_err)
        return false;
    if (there && merge_is_gone(&now)) /* what it brought is with the survivor */
        return ctx_fail(c, ERR_CONFLICT, NULL, "import.undo_merged");
    if (!there || (row->e->standard && now.v[STD_DELETED_AT].kind != DB_NULL))
        return true; /* gone already: nothing is left of the import */
    if (row->held || (row->e->standard && now.version != row->version))
        return ctx_fail(c, ERR_STALE, NULL, "err.stale");
    if (row->created)
        return rec_delete(c, row->e, row->record, &o);
    if (!row->former)
        return true;
    if (!json_read(c, row->former, strlen(row->former), &in))
        return false;
    SaveWork *w = save_new(c, row->e, row->record, in, &o, "undo");
    bool ok = save_run(c, w);
    row->now = w->new_version;
    return ok;
}

/* Earlier rows of the file that wrote the same record find it as they left it. */
static bool pass_version(Ctx *c, const Undo *u, const UndoRow *row)
{
    if (!row->e || row->created || !row->now)
        return true;
    DbVal p[] = {db_of_int(u->imp->id), db_of_int(row->record), db_of_int(row->now),
                 db_of_text(row->e->name)};
    return db_exec(c,
                   SQL("UPDATE \"import_row\" SET \"version\" = $3 WHERE \"record_id\" = $2 AND "
                       "\"import_id\" = $1 AND \"entity\" = $4 AND \"outcome\" IN ('created', "
                       "'updated')"),
                   p, 4);
}

/* What the record is called, for those who may see it. */
static const char *name_of(Ctx *c, const UndoRow *row)
{
    const Field *t = row->e->title;
    Record now;
    if (!rec_load(c, row->e, row->record, &now) || !t->column || !access_may(c, row->e, ACT_READ) ||
        !rec_within(c, row->e, row->record, access_scope(c, row->e, ACT_READ)))
        return ctx_num(c, row->record);
    return type_ops(t->type)->to_text(c->a, t, &now.v[t->index], c->lang);
}

/* It stays as it is, and says so. why: the mistake that kept it, NULL where it was changed since. */
static bool name_kept(Ctx *c, Undo *u, const UndoRow *row, const char *why)
{
    const char *name = name_of(c, row);
    const char *args[] = {name, row->held, NULL};
    const char *message =
        why ? why
            : msg_format(c->a, c->lang, row->held ? "import.undo_held" : "import.undo_changed",
                         args);
    DbVal p[] = {db_of_int(id_new()), db_of_int(u->imp->id),
                 db_of_int(u->sheet), db_of_int(row->row),
                 db_of_text(name),    db_of_text(why ? "undo.refused" : "undo.changed"),
                 db_of_text(message)};
    return c->n_err == 0 &&
           db_exec(c,
                   SQL("INSERT INTO \"import_row_error\" (\"id\", \"import_id\", \"sheet\", "
                       "\"row\", \"value\", \"code\", \"message\", \"kind\") VALUES ($1, $2, $3, "
                       "$4, $5, $6, $7, 'undo')"),
                   p, 7);
}

static bool mark(Ctx *c, const Undo *u, const UndoRow *row, bool kept)
{
    DbVal p[] = {db_of_int(u->imp->id), db_of_int(u->sheet), db_of_int(row->row),
                 db_of_text(kept ? "kept" : "undone")};
    return db_exec(c,
                   SQL("UPDATE \"import_row\" SET \"outcome\" = $4 WHERE \"import_id\" = $1 AND "
                       "\"sheet\" = $2 AND \"row\" = $3"),
                   p, 4);
}

/* A restored record has a new version: rows of this very block know it, too. */
static void tell_block(Undo *u, const UndoRow *row)
{
    for (int i = 0; row->now && !row->created && i < u->n; i++)
        if (u->rows[i].record == row->record && u->rows[i].e == row->e)
            u->rows[i].version = row->now;
}

static bool undo_write(Ctx *c, void *arg)
{
    Undo *u = arg;
    u->cancelled = false;
    if (!read_block(c, u) || !find_held(c, u))
        return false;
    int found = u->n;
    for (int i = 0; i < found; i++) {
        UndoRow *row = &u->rows[i];
        if (i && pace_over(c)) {
            u->n = i;
            break;
        }
        const char *why = NULL;
        bool kept = row->e && !db_try(c, undo_row, row);
        if (kept) {
            if (err_status(c->err_last->code) >= 500)
                return false;
            if (c->err_last->code != ERR_STALE)
                why = arena_str(c->a, c->err_last->message);
            ctx_errors_back_to(c, 0);
            if (!name_kept(c, u, row, why))
                return false;
        } else {
            tell_block(u, row);
            if (!pass_version(c, u, row))
                return false;
        }
        if (!mark(c, u, row, kept))
            return false;
    }
    return imp_save_progress(c, u->imp->id, u->done + u->n, u->total, NULL) &&
           job_progress(c, u->job, u->done + u->n, u->total, NULL, NULL, &u->cancelled);
}

/* ---- the job ------------------------------------------------------------------------------- */

static bool undo_sheet(Ctx *c, Undo *u, Arena *step)
{
    for (u->last = INT64_MAX;;) {
        arena_reset(step);
        c->a = step;
        bool ok = pace_write(c, &u->pace, undo_write, u);
        c->a = u->keep;
        if (!ok)
            return false;
        u->done += u->n;
        if (!u->n)
            return true;
        u->last = u->rows[u->n - 1].row;
        if (u->cancelled || job_stop_asked())
            return false;
    }
}

/* The sheets in the order in which the run took them; as they stand where a declaration has changed since. */
static int sheets_of(Ctx *c, Undo *u, int *out)
{
    Run *r = ARENA_NEW(c->a, Run);
    int n = 0;
    *r = (Run){.c = c, .imp = u->imp};
    if (run_order(r)) {
        for (int i = 0; i < r->n_order; i++)
            out[n++] = u->imp->sheets[r->order[i]].index;
        return n;
    }
    ctx_errors_back_to(c, 0);
    for (int i = 0; i < u->imp->n && n < IMP_SHEETS_MOST; i++)
        if (u->imp->sheets[i].entity)
            out[n++] = u->imp->sheets[i].index;
    return n;
}

static bool undo_all(Ctx *c, Undo *u)
{
    int sheets[IMP_SHEETS_MOST];
    Arena *step = arena_child(u->keep);
    for (int i = sheets_of(c, u, sheets); i-- > 0;) {
        u->sheet = sheets[i];
        if (!undo_sheet(c, u, step))
            return false;
    }
    return true;
}

static bool count(Ctx *c, int64_t id, int64_t *open, int64_t *kept)
{
    DbVal p[] = {db_of_int(id)};
    return db_one_int(c,
                      SQL("SELECT COUNT(*) FROM \"import_row\" WHERE \"import_id\" = $1 AND "
                          "\"outcome\" IN ('created', 'updated') AND \"record_id\" IS NOT NULL"),
                      p, 1, open, NULL) &&
           db_one_int(c,
                      SQL("SELECT COUNT(*) FROM \"import_row\" WHERE \"import_id\" = $1 AND "
                          "\"outcome\" = 'kept'"),
                      p, 1, kept, NULL);
}

typedef struct End {
    Job *job;
    int64_t id, kept;
    const char *state, *message, *names;
} End;

static bool end_write(Ctx *c, void *arg)
{
    End *e = arg;
    const char *message = e->message;
    if (e->kept && !message)
        message = msg_format(c->a, c->lang, "err.import.changed",
                             (const char *const[]){ctx_num(c, e->kept), e->names, NULL});
    AuditEntry a = {.action = "import_undo", .entity = "import_job", .record = e->id};
    return job_touch(c, e->job, JOB_LEASE_MS) && imp_save_state(c, e->id, e->state, message) &&
           audit_add(c, &a);
}

/* The first few that were kept, by name. */
static bool kept_names(Ctx *c, int64_t id, const char **out)
{
    Buf b;
    buf_init(&b, c->a);
    DbVal p[] = {db_of_int(id)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"value\" FROM \"import_row_error\" WHERE \"import_id\" = $1 "
                             "AND \"kind\" = 'undo' ORDER BY \"sheet\", \"row\", \"id\" LIMIT 6"),
                         p, 1);
    if (!r)
        return false;
    for (int n = 0; db_step(r); n++)
        buf_printf(&b, "%s%s", n ? "、" : "", n < NAMED ? db_text(r, 0) : "…");
    db_done(r);
    *out = b.data ? b.data : "";
    return c->n_err == 0;
}

bool import_undo_job(Ctx *c, Job *job)
{
    Imp imp;
    Undo *u = ARENA_NEW(c->a, Undo);
    int64_t kept;
    *u = (Undo){.c = c,
                .job = job,
                .imp = &imp,
                .keep = c->a,
                .began = json_int(job->params, "at", c->now_ms),
                .done = job->done};
    c->lang = json_str(job->params, "lang", c->lang);
    if (!imp_load(c, json_int(job->params, "import", 0), &imp))
        return false;
    if (imp_is_over(&imp, job, "undoing"))
        return imp_end_again(c, &imp, job);
    if (!count(c, imp.id, &u->total, &kept))
        return false;
    u->total += u->done;
    pace_init(&u->pace, BLOCK, BLOCK);
    bool ok = undo_all(c, u);
    if (!ok && !u->cancelled && !c->n_err)
        return false; /* resumed by the next start */
    if (!ok && c->n_err && err_status(c->err->code) == 503)
        return false; /* the database went away: the runner takes it up again */
    ErrCode code = c->err ? c->err->code : ERR_INTERNAL;
    const char *message = c->err ? c->err->message : NULL;
    ctx_errors_back_to(c, 0);
    End e = {job, imp.id, 0, ok ? "undone" : u->cancelled ? "cancelled" : "failed", message, NULL};
    if (!count(c, imp.id, &u->total, &e.kept) || !kept_names(c, imp.id, &e.names) ||
        !db_write(c, end_write, &e))
        return false;
    return ok || (message && ctx_fail(c, code, NULL, message));
}
