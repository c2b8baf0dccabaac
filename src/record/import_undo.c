/*
 * Undoing a run: the records it created go to the recycle bin, children first. Records changed since are
 * refused by name before anything is done. (Former values of updated rows are restored by a later form.)
 */
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "record/import_impl.h"

enum { BLOCK = 100, NAMED = 5 };

/* ---- refusing ------------------------------------------------------------------------------ */

static bool changed_of(Ctx *c, int64_t id, const Entity *e, Buf *names, int64_t *n)
{
    if (!e->standard)
        return true;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0."));
    sql_name(&q, e->title->column ? e->title->column : "id");
    sql_add(&q, SQL(" FROM \"import_row\" AS r JOIN "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 ON t0.\"id\" = r.\"record_id\" WHERE r.\"import_id\" = "));
    sql_bind(&q, db_of_int(id));
    sql_add(&q, SQL(" AND r.\"outcome\" = 'created' AND r.\"entity\" = "));
    sql_bind(&q, db_of_text(e->name));
    sql_add(&q, SQL(" AND t0.\"version\" <> r.\"version\" AND t0.\"deleted_at\" IS NULL ORDER BY "
                    "r.\"sheet\", r.\"row\""));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        if (++*n <= NAMED) {
            if (names->len)
                buf_puts(names, "、");
            buf_puts(names, db_text(r, 0) ? db_text(r, 0) : "");
        }
    }
    db_done(r);
    return c->n_err == 0;
}

static bool entities_of(Ctx *c, int64_t id, const Entity **out, int most, int *n)
{
    DbVal p[] = {db_of_int(id)};
    DbRows *r = db_query(c,
                         SQL("SELECT DISTINCT \"entity\" FROM \"import_row\" WHERE \"import_id\" = "
                             "$1 AND \"outcome\" = 'created' AND \"entity\" IS NOT NULL"),
                         p, 1);
    *n = 0;
    if (!r)
        return false;
    while (db_step(r) && *n < most) {
        const Entity *e = model_entity(c->model, db_text(r, 0));
        if (e)
            out[(*n)++] = e;
    }
    db_done(r);
    return c->n_err == 0;
}

static bool none_changed(Ctx *c, int64_t id)
{
    const Entity *list[64];
    int n;
    int64_t changed = 0;
    Buf names;
    buf_init(&names, c->a);
    if (!entities_of(c, id, list, 64, &n))
        return false;
    for (int i = 0; i < n; i++)
        if (!changed_of(c, id, list[i], &names, &changed))
            return false;
    return !changed || ctx_fail(c, ERR_UNDO_REFUSED, NULL, "err.import.changed",
                                ctx_num(c, changed), names.data);
}

typedef struct Queue {
    Imp *imp;
    int64_t job;
} Queue;

static bool queue_write(Ctx *c, void *arg)
{
    Queue *q = arg;
    if (!job_add(c, "import_undo", arena_printf(c->a, "{\"import\":%lld}", (long long)q->imp->id),
                 &q->job))
        return false;
    DbVal p[] = {db_of_int(q->imp->id), db_of_int(q->job)};
    return imp_save_state(c, q->imp->id, "undoing", NULL) &&
           db_exec(c, SQL("UPDATE \"import_job\" SET \"job_id\" = $2 WHERE \"id\" = $1"), p, 2);
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
    Queue q = {&imp, 0};
    if (!none_changed(c, id) || !db_write(c, queue_write, &q))
        return false;
    *out_job = q.job;
    return true;
}

/* ---- the job ------------------------------------------------------------------------------- */

typedef struct Undo {
    Ctx *c;
    Job *job;
    int64_t id, done, total;
    bool cancelled;
    int n; /* of this block */
    struct {
        int64_t sheet, row, record, version;
        const Entity *e;
    } rows[BLOCK];
} Undo;

/* The last ones first: what hangs on others was made behind them. */
static bool next_block(Ctx *c, Undo *u)
{
    DbVal p[] = {db_of_int(u->id), db_of_int(BLOCK)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"sheet\", \"row\", \"record_id\", \"version\", \"entity\" "
                             "FROM \"import_row\" WHERE \"import_id\" = $1 AND "
                             "\"outcome\" = 'created' ORDER BY \"record_id\" DESC LIMIT $2"),
                         p, 2);
    u->n = 0;
    if (!r)
        return false;
    while (db_step(r) && u->n < BLOCK) {
        u->rows[u->n].sheet = db_int(r, 0);
        u->rows[u->n].row = db_int(r, 1);
        u->rows[u->n].record = db_int(r, 2);
        u->rows[u->n].version = db_int(r, 3);
        u->rows[u->n].e = model_entity(c->model, db_text(r, 4));
        u->n++;
    }
    db_done(r);
    return c->n_err == 0;
}

typedef struct One {
    Undo *u;
    int at;
} One;

static bool undo_row(Ctx *c, void *arg)
{
    One *o = arg;
    SaveOptions opts = {
        .if_version = o->u->rows[o->at].version, .trusted = true, .origin = "import"};
    return rec_delete(c, o->u->rows[o->at].e, o->u->rows[o->at].record, &opts);
}

static bool undo_write(Ctx *c, void *arg)
{
    Undo *u = arg;
    u->cancelled = false;
    for (int i = 0; i < u->n; i++) {
        One o = {u, i};
        const char *outcome = "undone";
        if (u->rows[i].e && !db_try(c, undo_row, &o)) {
            if (err_status(c->err->code) >= 500)
                return false;
            outcome = c->err->code == ERR_NOT_FOUND
                          ? "undone"
                          : "kept"; /* gone already, or changed meanwhile */
            ctx_errors_back_to(c, 0);
        }
        DbVal p[] = {db_of_int(u->id), db_of_int(u->rows[i].sheet), db_of_int(u->rows[i].row),
                     db_of_text(outcome)};
        if (!db_exec(c,
                     SQL("UPDATE \"import_row\" SET \"outcome\" = $4 WHERE \"import_id\" = $1 AND "
                         "\"sheet\" = $2 AND \"row\" = $3"),
                     p, 4))
            return false;
    }
    return imp_save_progress(c, u->id, u->done + u->n, u->total, NULL) &&
           job_progress(c, u->job, u->done + u->n, u->total, NULL, NULL, &u->cancelled);
}

typedef struct End {
    int64_t id, kept;
    const char *state;
} End;

static bool end_write(Ctx *c, void *arg)
{
    End *e = arg;
    const char *message = NULL;
    if (e->kept)
        message = msg_format(c->a, c->lang, "err.import.changed",
                             (const char *const[]){ctx_num(c, e->kept), "…", NULL});
    AuditEntry a = {.action = "import_undo", .entity = "import_job", .record = e->id};
    return imp_save_state(c, e->id, e->state, message) && audit_add(c, &a);
}

static bool count(Ctx *c, int64_t id, const char *outcome, int64_t *out)
{
    DbVal p[] = {db_of_int(id), db_of_text(outcome)};
    return db_one_int(
        c, SQL("SELECT COUNT(*) FROM \"import_row\" WHERE \"import_id\" = $1 AND \"outcome\" = $2"),
        p, 2, out, NULL);
}

static bool undo_all(Ctx *c, Undo *u)
{
    Arena *keep = c->a, *step = arena_child(keep);
    for (;;) {
        arena_reset(step);
        c->a = step;
        bool ok = next_block(c, u) && (!u->n || db_write(c, undo_write, u));
        c->a = keep;
        if (!ok)
            return false;
        u->done += u->n;
        if (!u->n)
            return true;
        if (u->cancelled || job_stop_asked())
            return false;
    }
}

bool import_undo_job(Ctx *c, Job *job)
{
    Imp imp;
    Undo *u = ARENA_NEW(c->a, Undo);
    *u = (Undo){.c = c, .job = job, .id = json_int(job->params, "import", 0), .done = job->done};
    if (!imp_load(c, u->id, &imp) || !count(c, u->id, "created", &u->total))
        return false;
    u->total += u->done;
    bool ok = undo_all(c, u);
    if (!ok && !u->cancelled && !c->n_err)
        return false; /* resumed by the next start */
    ErrCode code = c->err ? c->err->code : ERR_INTERNAL;
    const char *message = c->err ? c->err->message : NULL;
    ctx_errors_back_to(c, 0);
    End e = {u->id, 0, ok ? "undone" : u->cancelled ? "cancelled" : "failed"};
    if (!count(c, u->id, "kept", &e.kept) || !db_write(c, end_write, &e))
        return false;
    return ok || (message && ctx_fail(c, code, NULL, message));
}
