/*
 * Taking a bulk change back, the last rows first, and telling what became of its rows. A row that was changed since is
 * kept as it is and named. Whoever undoes may still do to the entity what he did; that the rows have left his sight
 * (handed over, say) does not hinder him, for they are as he left them.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json_read.h"
#include "base/msg.h"
#include "base/whole.h"
#include "db/pace.h"
#include "record/bulk_impl.h"
#include "record/hooks.h"

enum { BLOCK = 50, UNDO_DAYS = 30 };
#define DAY_MS (24LL * 60 * 60 * 1000)

/* The finished bulk job of the caller: its entity and action. */
static bool own_job(Ctx *c, int64_t id, const Entity **e, const BulkAction **action, int64_t *at)
{
    DbVal p[] = {db_of_int(id), db_of_int(c->actor->user)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"params\", \"state\", \"finished_at\" FROM \"job\" WHERE "
                             "\"id\" = $1 AND \"owner_id\" = $2 AND \"kind\" = 'bulk'"),
                         p, 2);
    if (!r)
        return false;
    bool found = db_step(r);
    const char *params = found ? arena_str(c->a, db_text(r, 0)) : NULL;
    bool over =
        found && (strcmp(db_text(r, 1), "done") == 0 || strcmp(db_text(r, 1), "failed") == 0 ||
                  strcmp(db_text(r, 1), "cancelled") == 0);
    *at = found ? db_int(r, 2) : 0;
    db_done(r);
    json_object *o = NULL;
    if (c->n_err)
        return false;
    if (!params || !json_read(c, params, strlen(params), &o))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!over)
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "err.bulk_running");
    *e = model_entity(c->model, json_str(o, "entity", ""));
    *action = bulk_action(json_str(json_member(o, "request"), "action", NULL));
    return (*e && *action) || ctx_fail(c, ERR_UNDO_REFUSED, NULL, "err.bulk_undo_none");
}

bool bulk_undo(Ctx *c, int64_t job, int64_t *out_job)
{
    const Entity *e;
    const BulkAction *action;
    int64_t at, some = 0;
    bool any = false;
    if (!own_job(c, job, &e, &action, &at))
        return false;
    if (c->now_ms > at + UNDO_DAYS * DAY_MS)
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "err.bulk_undo_late", ctx_num(c, UNDO_DAYS));
    if (!access_need(c, e, ACT_BULK) || !access_need(c, e, action->right))
        return false;
    DbVal p[] = {db_of_int(job)};
    if (!db_one_int(c,
                    SQL("SELECT 1 FROM \"job_row\" WHERE \"job_id\" = $1 AND \"outcome\" = "
                        "'changed' LIMIT 1"),
                    p, 1, &some, &any))
        return false;
    if (!any)
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "err.bulk_undo_none");
    return job_add(c, "bulk_undo", arena_printf(c->a, "{\"job\":%" PRId64 "}", job), out_job);
}

/* ---- the job ------------------------------------------------------------------------------- */

typedef struct Undo {
    Job *job;
    int64_t of;
    const Entity *e;
    const BulkAction *action;
    int64_t done, undone, kept, total;
    bool cancelled;
    Pace pace;
} Undo;

typedef struct UndoRow {
    const Undo *u;
    int64_t n, id, version;
    const char *before;
} UndoRow;

static bool back(Ctx *c, void *arg)
{
    UndoRow *row = arg;
    const Undo *u = row->u;
    /* what has come under a flow since is held like any change of his: the row is kept and says why */
    SaveOptions o = {.if_version = row->version,
                     .origin = "web",
                     .trusted = true,
                     .held = true,
                     .many = strcmp(u->action->name, "assign") == 0};
    Record now;
    bool there = rec_load(c, u->e, row->id, &now);
    if (c->n_err)
        return false;
    if (!there || now.version != row->version)
        return ctx_fail(c, ERR_STALE, NULL, "err.bulk_changed_since");
    if (strcmp(u->action->name, "delete") == 0)
        return rec_restore(c, u->e, row->id,
                           &(SaveOptions){.if_version = row->version, .many = true});
    if (strcmp(u->action->name, "restore") == 0)
        return rec_delete(c, u->e, row->id, &o);
    json_object *in;
    if (!row->before || !json_read(c, row->before, strlen(row->before), &in))
        return ctx_fail(c, ERR_STALE, NULL, "err.bulk_changed_since");
    SaveWork *w = save_new(c, u->e, row->id, in, &o, "undo");
    return save_run(c, w);
}

static bool mark(Ctx *c, const Undo *u, const UndoRow *row, BulkOutcome outcome,
                 const char *message)
{
    DbVal p[] = {db_of_int(u->of), db_of_int(row->n), db_of_text(bulk_outcomes[outcome]),
                 db_of_text(message)};
    return db_exec(c,
                   SQL("UPDATE \"job_row\" SET \"outcome\" = $3, \"message\" = $4, \"code\" = CASE "
                       "WHEN $3 = 'kept' THEN 'undo.changed' ELSE NULL END WHERE \"job_id\" = $1 "
                       "AND \"n\" = $2"),
                   p, 4);
}

typedef struct Step {
    Undo *u;
    int n;
    int64_t done; /* of the job, before */
} Step;

static bool undo_block(Ctx *c, void *arg)
{
    Step *s = arg;
    Undo *u = s->u;
    UndoRow rows[BLOCK];
    int64_t undone = u->undone, kept = u->kept;
    s->n = 0;
    DbVal p[] = {db_of_int(u->of), db_of_int(pace_size(&u->pace, BLOCK))};
    DbRows *r =
        db_query(c,
                 SQL("SELECT \"n\", \"record_id\", \"version\", \"before\" FROM \"job_row\" "
                     "WHERE \"job_id\" = $1 AND \"outcome\" = 'changed' ORDER BY \"n\" DESC "
                     "LIMIT $2"),
                 p, 2);
    if (!r)
        return false;
    while (s->n < BLOCK && db_step(r))
        rows[s->n++] = (UndoRow){.u = u,
                                 .n = db_int(r, 0),
                                 .id = db_int(r, 1),
                                 .version = db_int(r, 2),
                                 .before = arena_str(c->a, db_text(r, 3))};
    db_done(r);
    int found = s->n;
    for (int i = s->n = 0; i < found && (i == 0 || !pace_over(c)); i++, s->n++) {
        int before = c->n_err;
        bool ok = db_try(c, back, &rows[i]);
        const char *why = NULL;
        if (!ok) {
            if (c->n_err == before || err_status(c->err_last->code) >= 500)
                return false;
            why = arena_str(c->a, c->err_last->message);
            ctx_errors_back_to(c, before);
        }
        if (!mark(c, u, &rows[i], ok ? BULK_UNDONE : BULK_KEPT, why))
            return false;
        undone += ok;
        kept += !ok;
    }
    if (!job_progress(
            c, u->job, s->done + s->n, u->total, NULL,
            arena_printf(c->a, "{\"undone\":%" PRId64 ",\"kept\":%" PRId64 "}", undone, kept),
            &u->cancelled))
        return false;
    u->undone = undone; /* nothing behind this can fail but the commit */
    u->kept = kept;
    return true;
}

bool bulk_undo_job(Ctx *c, Job *job)
{
    Undo u = {.job = job, .of = json_int(job->params, "job", 0)};
    int64_t at;
    bool any;
    DbVal p[] = {db_of_int(u.of)};
    if (!own_job(c, u.of, &u.e, &u.action, &at) || !access_need(c, u.e, ACT_BULK) ||
        !access_need(c, u.e, u.action->right) ||
        !db_one_int(c,
                    SQL("SELECT count(*) FROM \"job_row\" WHERE \"job_id\" = $1 AND \"outcome\" = "
                        "'changed'"),
                    p, 1, &u.total, &any))
        return false;
    u.total += job->done;
    pace_init(&u.pace, BLOCK / 2, BLOCK);
    Arena *keep = c->a, *block = arena_child(keep);
    for (Step s = {.u = &u, .n = 1}; s.n > 0 && !u.cancelled;) {
        s.done = job->done;
        c->a = block;
        bool ok = pace_write(c, &u.pace, undo_block, &s);
        c->a = keep;
        if (!ok) {
            job->done = s.done;
            return false;
        }
        arena_reset(block);
        if (job_stop_asked())
            return false;
    }
    return !u.cancelled;
}

/* ---- what became of the rows --------------------------------------------------------------- */

typedef struct Result {
    int64_t n, record;
    const char *entity, *outcome, *field, *code, *message;
} Result;

bool bulk_results(Ctx *c, int64_t job, const char *cursor, int limit, Buf *out)
{
    Buf ignored;
    buf_init(&ignored, c->a);
    if (!job_json(c, job, &ignored)) /* his to see at all? */
        return false;
    int64_t after;
    if (!whole_cursor(c, cursor, 0, &after))
        return false;
    DbVal p[] = {db_of_int(job), db_of_int(after), db_of_int(limit + 1)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT \"n\", \"record_id\", \"entity\", \"outcome\", \"field\", "
                     "\"code\", \"message\" FROM \"job_row\" WHERE \"job_id\" = $1 AND "
                     "\"n\" > $2 AND \"outcome\" IN ('failed', 'kept') ORDER BY \"n\" LIMIT "
                     "$3"),
                 p, 3);
    if (!r)
        return false;
    Result *list = ARENA_ARRAY(c->a, limit + 1, Result);
    LinkLabels *labels = link_labels_new(c);
    int n = 0;
    while (n <= limit && db_step(r)) {
        list[n] = (Result){db_int(r, 0),
                           db_int(r, 1),
                           arena_str(c->a, db_text(r, 2)),
                           arena_str(c->a, db_text(r, 3)),
                           arena_str(c->a, db_text(r, 4)),
                           arena_str(c->a, db_text(r, 5)),
                           arena_str(c->a, db_text(r, 6))};
        const Entity *e = model_entity(c->model, list[n].entity);
        if (e && n < limit)
            link_labels_want(labels, e, list[n].record);
        n++;
    }
    db_done(r);
    if (!link_labels_fetch(c, labels))
        return false;
    Jw w;
    jw_list(&w, out);
    for (int i = 0; i < n && i < limit; i++) {
        const Entity *e = model_entity(c->model, list[i].entity);
        jw_obj(&w);
        jw_key(&w, "record");
        jw_obj(&w);
        jw_kint(&w, "id", list[i].record);
        jw_kstr(&w, "label", e ? link_label(labels, e, list[i].record) : NULL);
        jw_end(&w);
        jw_kstr(&w, "outcome", list[i].outcome);
        jw_kstr(&w, "field", list[i].field);
        jw_kstr(&w, "code", list[i].code);
        jw_kstr(&w, "message", list[i].message);
        jw_end(&w);
    }
    jw_end(&w);
    jw_kstr(&w, "next_cursor", n > limit ? ctx_num(c, list[limit - 1].n) : NULL);
    jw_end(&w);
    return c->n_err == 0;
}
