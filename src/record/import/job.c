/*
 * The check and the run of an import as a job: the same way, but for the writing. Rows come from the reader one by one
 * and go through in blocks: first everything that needs no transaction (prepare.c), then short writes
 * (write.c). A resumed job reads the rows behind it again only to remember what they were called.
 * See run.h.
 */
#include <string.h>

#include "base/conf.h"
#include "record/import/run.h"

enum {
    SLOW_ROWS = 32, /* 0.2 s each at most: well within a lease */
    FIND_ROWS = 256,
    BLOCK_BYTES = 8 << 20,
    REPLAY_PAGE = 2000
};

/* ---- a block ------------------------------------------------------------------------------- */

static bool flush(Run *r)
{
    Ctx *c = r->c;
    bool ok = true;
    c->a = r->block;
    for (int from = 0, upto = 0; ok && from < r->n && !r->cancelled; from = upto)
        ok = run_prepare(r, from, &upto) && run_write(r, from, upto);
    c->a = r->keep;
    if (!ok || c->n_err)
        return false; /* the mistakes lie on the block; it goes with its parent */
    arena_reset(r->block);
    r->n = 0;
    r->bytes = 0;
    r->items = NULL;
    r->cap = 0;
    return !r->cancelled && !job_stop_asked();
}

/* ---- reading ------------------------------------------------------------------------------- */

static ImpCells copy_cells(Arena *a, const ImpPlan *p, const SheetRow *row, size_t *bytes)
{
    int n = row->n < p->s->n_columns ? row->n : p->s->n_columns;
    SheetCell *cells = ARENA_ARRAY(a, n + 1, SheetCell);
    for (int i = 0; i < n; i++) {
        cells[i] = row->cells[i];
        cells[i].text = *row->cells[i].text ? arena_str(a, row->cells[i].text) : "";
        *bytes += sizeof *cells + (*cells[i].text ? strlen(cells[i].text) : 0);
    }
    return (ImpCells){.row = row->row, .n = n, .cells = cells};
}

static bool any_cell(const ImpCells *cells)
{
    for (int i = 0; i < cells->n; i++)
        if (cells->cells[i].kind != SHEET_BLANK)
            return true;
    return false;
}

/* ---- what rows mean, before any is written --------------------------------------------------- */

static bool keep_found(Run *r, const ImpMatch *list, int n)
{
    if (r->n_found + (size_t)n > r->cap_found) {
        size_t cap = r->cap_found ? r->cap_found * 2 : 4096;
        ImpFound *more = ARENA_ARRAY(r->keep, cap, ImpFound);
        if (r->n_found)
            memcpy(more, r->found, r->n_found * sizeof *more);
        r->found = more;
        r->cap_found = cap;
    }
    for (int i = 0; i < n; i++)
        r->found[r->n_found++] = (ImpFound){list[i].n == 0   ? 0
                                            : list[i].n == 1 ? list[i].ids[0]
                                                             : -1,
                                            list[i].former};
    return true;
}

/* Asks for the rows gathered; a long file renews the lease and hears of a cancel meanwhile. */
static bool find_flush(Run *r)
{
    const ImpCells *rows[FIND_ROWS];
    ImpMatch found[FIND_ROWS];
    Ctx *c = r->c;
    c->a = r->block;
    for (int i = 0; i < r->n; i++)
        rows[i] = &r->items[i].cells;
    bool ok = imp_find_matches(c, run_plan(r), rows, r->n, r->imp->id, found) &&
              keep_found(r, found, r->n);
    if (ok && r->n_found % (FIND_ROWS * 16) == 0) {
        ok = job_touch(c, r->job, JOB_LEASE_MS);
        r->cancelled = ok && job_cancelled(c, r->job->id);
    }
    c->a = r->keep;
    if (!ok || c->n_err)
        return false;
    arena_reset(r->block);
    r->n = 0;
    r->bytes = 0;
    r->items = NULL;
    r->cap = 0;
    return !r->cancelled && !job_stop_asked();
}

static bool gather(Run *r, const SheetRow *row);

static bool on_find(void *user, const SheetRow *row)
{
    Run *r = user;
    if (row->row <= run_plan(r)->s->header_row || !gather(r, row))
        return true;
    return r->n < FIND_ROWS || find_flush(r);
}

static bool read_rows(Run *r, SheetRowFn fn)
{
    const ImpSheet *s = run_plan(r)->s;
    int before = r->c->n_err;
    bool whole = imp_read(r->c, r->book, s, fn, r);
    return whole && r->c->n_err == before;
}

/*
 * Which record each row of the sheet means, asked while none of them is written: what a row changes shall not make
 * another one mean something else, for in the check it does not.
 */
static bool find_all(Run *r)
{
    r->n_found = r->next = 0;
    if (run_plan(r)->s->mode == IMP_CREATE)
        return true;
    return read_rows(r, on_find) && (!r->n || find_flush(r));
}

/* ---- rows done before ---------------------------------------------------------------------- */

/* The outcomes of the rows behind `row`, a page of them. */
static bool replay_page(Run *r, int64_t row)
{
    Ctx *c = r->c;
    Replay *y = &r->replay;
    if (!y->rows) {
        y->rows = ARENA_ARRAY(r->keep, REPLAY_PAGE, int64_t);
        y->ids = ARENA_ARRAY(r->keep, REPLAY_PAGE, int64_t);
        y->there = ARENA_ARRAY(r->keep, REPLAY_PAGE, bool);
    }
    DbVal p[] = {db_of_int(r->imp->id), db_of_int(run_plan(r)->s->index), db_of_int(row),
                 db_of_int(REPLAY_PAGE)};
    DbRows *rows = db_query(c,
                            SQL("SELECT \"row\", \"outcome\", \"record_id\" FROM \"import_row\" "
                                "WHERE \"import_id\" = $1 AND \"sheet\" = $2 AND \"row\" >= $3 "
                                "ORDER BY \"row\" LIMIT $4"),
                            p, 4);
    if (!rows)
        return false;
    for (y->n = y->at = 0; y->n < REPLAY_PAGE && db_step(rows); y->n++) {
        const char *outcome = db_text(rows, 1);
        y->rows[y->n] = db_int(rows, 0);
        y->ids[y->n] = db_int(rows, 2);
        y->there[y->n] = false;
        for (int i = OUT_CREATED; i <= OUT_UNCHANGED; i++)
            y->there[y->n] |= strcmp(outcome, outcome_names[i]) == 0;
    }
    db_done(rows);
    y->sheet = r->at;
    y->upto = y->n == REPLAY_PAGE ? y->rows[y->n - 1] : INT64_MAX;
    return c->n_err == 0;
}

/* What became of this row before; *id 0 where it is not there. */
static bool replay_find(Run *r, int64_t row, int64_t *id, bool *there)
{
    Replay *y = &r->replay;
    *id = 0;
    *there = false;
    if ((!y->rows || y->sheet != r->at || row > y->upto) && !replay_page(r, row))
        return false;
    while (y->at < y->n && y->rows[y->at] < row)
        y->at++;
    if (y->at < y->n && y->rows[y->at] == row) {
        *id = y->ids[y->at];
        *there = y->there[y->at];
    }
    return true;
}

/* A row done before the crash: only what it was called, and whose keys it took. */
static bool replay(Run *r, const SheetRow *row)
{
    Ctx *c = r->c;
    const ImpPlan *p = run_plan(r);
    size_t bytes = 0;
    int64_t id;
    bool there;
    c->a = r->block;
    if (replay_find(r, row->row, &id, &there) && there) {
        ImpCells cells = copy_cells(c->a, p, row, &bytes);
        DbVal *v = ARENA_ARRAY(c->a, p->e->n_fields, DbVal);
        SeenKeys keys;
        for (int i = 0; i < p->e->n_dups; i++)
            for (int k = 0; p->e->dups[i].fields[k]; k++) {
                const Field *f = entity_field(p->e, p->e->dups[i].fields[k]);
                if (f)
                    v[f->index] = imp_value(c, p, &cells, f);
            }
        seen_keys(r, p, &cells, v, id, &keys);
        seen_take(r, &keys, imp_place(r->order[r->at], row->row));
        seen_name(r, p, &cells, id ? id : 1, true, !r->dry);
    }
    c->a = r->keep;
    if (c->n_err)
        return false;
    arena_reset(r->block);
    return true;
}

/* Takes a row into the block; false where something stands outside the columns only. */
static bool gather(Run *r, const SheetRow *row)
{
    r->items = vec_room(r->block, r->items, (size_t)r->n, &r->cap, sizeof *r->items);
    Item *it = &r->items[r->n];
    *it = (Item){0};
    it->cells = copy_cells(r->block, run_plan(r), row, &r->bytes);
    for (int i = run_plan(r)->s->n_columns; sheet_delimiter(r->book) && i < row->n; i++)
        if (row->cells[i].kind != SHEET_BLANK) /* delimiters at the end of a line are none */
            it->beyond = i + 1 - run_plan(r)->s->n_columns;
    if (!any_cell(&it->cells) && !it->beyond)
        return false;
    r->n++;
    return true;
}

static bool on_row(void *user, const SheetRow *row)
{
    Run *r = user;
    const ImpPlan *p = run_plan(r);
    if (row->row <= p->s->header_row || !gather(r, row))
        return true;
    ImpFound found = r->next < r->n_found ? r->found[r->next] : (ImpFound){0};
    r->next++;
    if (r->resuming &&
        (r->at < r->resume_at || (r->at == r->resume_at && row->row <= r->resume_row))) {
        r->n = 0;
        r->items = NULL;
        r->cap = 0;
        return replay(r, row);
    }
    r->items[r->n - 1].found = found;
    int64_t most = p->slow ? SLOW_ROWS : conf_int("import.block");
    return r->n < most && r->bytes < BLOCK_BYTES ? true : flush(r);
}

/* ---- the jobs ------------------------------------------------------------------------------ */

/*
 * What the check before wrote of each row, as many rows as the file has. Each piece goes with the claim of the job and renews
 * it: a process that stood still, and whose job another took up meanwhile, must not delete what that one has written by now.
 *
 * A piece is a stretch of the key behind the one before. Told as DELETE … IN (SELECT … LIMIT), PostgreSQL, which has not looked
 * at the table since the check filled it, takes it for empty and selects anew for each row: a minute for five thousand.
 */
enum { FORMER_KEY = 3 };
typedef struct Former {
    Job *job;
    int64_t import;
    SqlText
        last; /* key of the last row of the next piece: $1 import, $2 rows, $3.. behind which key */
    SqlText drop;                           /* $1 import, $2.. behind which key, then up to which */
    DbVal from[FORMER_KEY], to[FORMER_KEY]; /* keys, n_key of them each */
    int n_key, size;
    bool more;
} Former;

static bool find_piece(Ctx *c, Former *f)
{
    DbVal p[2 + FORMER_KEY] = {db_of_int(f->import), db_of_int(f->size)};
    memcpy(p + 2, f->from, (size_t)f->n_key * sizeof *p);
    int mark = c->n_err;
    DbRows *r = db_query(c, f->last, p, 2 + f->n_key);
    if (!r)
        return false;
    f->more = db_step(r);
    for (int i = 0; i < f->n_key && f->more; i++)
        f->to[i] = f->from[i].kind == DB_TEXT ? db_of_text(db_text_copy(c->a, r, i))
                                              : db_of_int(db_int(r, i));
    db_done(r);
    return c->n_err == mark;
}

static bool drop_piece(Ctx *c, void *arg)
{
    Former *f = arg;
    DbVal p[1 + 2 * FORMER_KEY] = {db_of_int(f->import)};
    if (!job_touch(c, f->job, JOB_LEASE_MS) || !find_piece(c, f))
        return false;
    memcpy(p + 1, f->from, (size_t)f->n_key * sizeof *p);
    memcpy(p + 1 + f->n_key, f->to, (size_t)f->n_key * sizeof *p);
    return !f->more || db_exec(c, f->drop, p, 1 + 2 * f->n_key);
}

static bool drop_rows(Ctx *c, Former f)
{
    enum { FIRST = 100, MOST = 10000 };
    Pace pace;
    pace_init(&pace, FIRST, MOST);
    for (;;) {
        f.size = pace.size;
        if (!pace_write(c, &pace, drop_piece, &f))
            return false;
        if (!f.more)
            return true;
        memcpy(f.from, f.to, sizeof f.from); /* behind the write: it may have been tried twice */
    }
}

static bool drop_former(Ctx *c, Job *job, int64_t import)
{
    Former place = {
        .job = job, .import = import, .n_key = 2, .from = {db_of_int(-1), db_of_int(-1)}};
    Former rows = place, errors = place, dups = place;
    rows.last =
        SQL("SELECT \"sheet\", \"row\" FROM (SELECT \"sheet\", \"row\" FROM \"import_row\" "
            "WHERE \"import_id\" = $1 AND (\"sheet\", \"row\") > ($3, $4) ORDER BY \"sheet\", "
            "\"row\" LIMIT $2) AS x ORDER BY \"sheet\" DESC, \"row\" DESC LIMIT 1");
    rows.drop =
        SQL("DELETE FROM \"import_row\" WHERE \"import_id\" = $1 AND (\"sheet\", \"row\") > "
            "($2, $3) AND (\"sheet\", \"row\") <= ($4, $5)");
    errors.last = SQL(
        "SELECT \"sheet\", \"row\" FROM (SELECT \"sheet\", \"row\" FROM \"import_row_error\" WHERE "
        "\"import_id\" = $1 AND (\"sheet\", \"row\") > ($3, $4) ORDER BY \"sheet\", \"row\" LIMIT "
        "$2) "
        "AS x ORDER BY \"sheet\" DESC, \"row\" DESC LIMIT 1");
    errors.drop = SQL("DELETE FROM \"import_row_error\" WHERE \"import_id\" = $1 AND (\"sheet\", "
                      "\"row\") > ($2, $3) AND (\"sheet\", \"row\") <= ($4, $5)");
    dups.n_key = 3;
    dups.from[0] = db_of_text("");
    dups.from[2] = db_of_int(-1);
    dups.last =
        SQL("SELECT \"grp\", \"sheet\", \"row\" FROM (SELECT \"grp\", \"sheet\", \"row\" FROM "
            "\"import_dup\" WHERE \"import_id\" = $1 AND (\"grp\", \"sheet\", \"row\") > ($3, "
            "$4, $5) ORDER BY \"grp\", \"sheet\", \"row\" LIMIT $2) AS x ORDER BY \"grp\" DESC, "
            "\"sheet\" DESC, \"row\" DESC LIMIT 1");
    dups.drop = SQL("DELETE FROM \"import_dup\" WHERE \"import_id\" = $1 AND (\"grp\", \"sheet\", "
                    "\"row\") > ($2, $3, $4) AND (\"grp\", \"sheet\", \"row\") <= ($5, $6, $7)");
    return drop_rows(c, rows) && drop_rows(c, errors) && drop_rows(c, dups);
}

static bool begin(Ctx *c, void *arg)
{
    Run *r = arg;
    return imp_save_plan(c, r->imp) &&
           imp_save_progress(c, r->imp->id, 0, r->total, run_counts(c, r->counts)) &&
           job_progress(c, r->job, 0, r->total, run_progress(c, r, 0, 0, r->counts),
                        run_counts(c, r->counts), NULL);
}

static void resume(Run *r)
{
    json_object *p = r->job->progress, *counts = json_member(p, "counts");
    r->resuming = true;
    r->resume_at = (int)json_int(p, "sheet", 0);
    r->resume_row = json_int(p, "row", 0);
    r->done = json_int(p, "done", 0);
    r->totals = json_int(p, "totals", 0);
    r->samples = json_int(p, "samples", 0);
    for (int i = 0; i < OUT__COUNT && counts; i++)
        r->counts[i] = json_int(counts, outcome_names[i], 0);
}

static bool finish(Ctx *c, void *arg)
{
    Run *r = arg;
    r->imp->totals = r->totals;
    r->imp->samples = r->samples;
    AuditEntry a = {.action = "import",
                    .entity = run_plan(r)->e->name,
                    .record = r->imp->id,
                    .changes = run_counts(c, r->counts)};
    return imp_save_plan(c, r->imp) &&
           imp_save_progress(c, r->imp->id, r->done, r->done, run_counts(c, r->counts)) &&
           job_progress(c, r->job, r->done, r->done, NULL, run_counts(c, r->counts), NULL) &&
           imp_save_state(c, r->imp->id, r->dry ? "checked" : "done", NULL) &&
           (r->dry || audit_add(c, &a));
}

static bool run_sheets(Run *r)
{
    for (r->at = 0; r->at < r->n_order; r->at++) {
        if (!r->resuming || r->at != r->resume_at)
            r->row = 0;
        if (!find_all(r) || !read_rows(r, on_row))
            return false;
        if (r->n && !flush(r))
            return false;
    }
    r->at--;
    return true;
}

typedef struct Ending {
    Job *job;
    int64_t id;
    const char *state, *message;
} Ending;

static bool end_write(Ctx *c, void *arg)
{
    Ending *e = arg;
    return job_touch(c, e->job, JOB_LEASE_MS) && imp_save_state(c, e->id, e->state, e->message);
}

/* A cancelled or failed job says so on the import, too; the mistake goes on to the runner. */
static bool end_badly(Ctx *c, Job *job, int64_t id, bool cancelled)
{
    if (!c->n_err && !cancelled)
        return false; /* the program goes down: the next start resumes it */
    if (c->n_err && err_status(c->err->code) == 503)
        return false; /* the database went away: the runner takes it up again */
    ErrCode code = c->err ? c->err->code : ERR_INTERNAL;
    const char *message = c->err ? c->err->message : NULL;
    Ending e = {job, id, cancelled && !c->n_err ? "cancelled" : "failed", message};
    ctx_errors_back_to(c, 0);
    (void)db_write(c, end_write, &e);
    ctx_errors_back_to(c, 0);
    if (message)
        ctx_fail(c, code, NULL, message);
    return false;
}

/* The importing person at work: rules and origin of imports hold. */
static void as_import(Ctx *c, bool verified)
{
    Actor *a = ARENA_NEW(c->a, Actor);
    *a = *c->actor;
    a->channel = CH_IMPORT;
    a->verified = verified;
    c->actor = a;
}

bool imp_is_over(const Imp *imp, const Job *job, const char *working)
{
    return imp->job != job->id || strcmp(imp->state, working) != 0;
}

bool imp_end_again(Ctx *c, const Imp *imp, const Job *job)
{
    if (imp->job == job->id && strcmp(imp->state, "failed") == 0)
        return ctx_fail(c, ERR_INTERNAL, NULL, imp->message ? imp->message : "err.internal");
    return imp->job != job->id || strcmp(imp->state, "cancelled") != 0;
}

static bool work(Ctx *c, Job *job, bool dry)
{
    Imp imp;
    int64_t id = json_int(job->params, "import", 0);
    /* a check writes nothing, and says what the run will do */
    as_import(c, dry || json_flag(job->params, "verified", false));
    c->lang = json_str(job->params, "lang", c->lang); /* the report is read by who asked for it */
    if (!imp_load(c, id, &imp))
        return false;
    if (imp_is_over(&imp, job, dry ? "checking" : "running"))
        return imp_end_again(c, &imp, job);
    imp.ran = imp.ran || !dry;
    Run r = {.c = c, .job = job, .imp = &imp, .dry = dry, .keep = c->a, .block = arena_child(c->a)};
    pace_init(&r.pace, 1, 1); /* rows go by time alone */
    map_init(&r.names, c->a);
    map_init(&r.links, c->a);
    map_init(&r.renamed, c->a);
    bool ok = run_order(&r) && imp_open(c, &imp, &r.book);
    if (ok && job->progress)
        resume(&r);
    else if (ok)
        ok = drop_former(c, job, id) && db_write(c, begin, &r);
    ok = ok && run_sheets(&r) && db_write(c, finish, &r);
    return ok || end_badly(c, job, id, r.cancelled);
}

bool import_check_job(Ctx *c, Job *job)
{
    return work(c, job, true);
}

bool import_run_job(Ctx *c, Job *job)
{
    return work(c, job, false);
}
