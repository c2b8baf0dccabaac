/*
 * The write of an import: short transactions that commit prepared rows together with what became of them and the
 * place to go on from, so a crash loses nothing and repeats nothing. See run.h.
 *
 * Rows are written without a savepoint each (SQLite walks its journal of savepoints at every release, which was a third
 * of the whole time). Where one of them fails after all, the step is undone and its rows written again a few at a
 * time, each in a savepoint, so that only the row that fails is refused.
 */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "db/pace.h"
#include "record/dedupe.h"
#include "record/import/run.h"

enum { WINDOW = 32, CAREFUL_ROWS = 16, GROWN_FIRST = 300, ERRORS_OF_ROW = 50 };

typedef struct Step {
    Run *r;
    int from, upto; /* items */
    bool careful;
    int64_t counts[OUT__COUNT];
    int done; /* items written by the last try */
} Step;

const char *run_counts(Ctx *c, const int64_t *counts)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    for (int i = 0; i < OUT__COUNT; i++)
        jw_kint(&w, outcome_names[i], counts[i]);
    jw_end(&w);
    return b.data;
}

const char *run_progress(Ctx *c, const Run *r, int64_t row, int64_t done, const int64_t *counts)
{
    return arena_printf(
        c->a,
        "{\"sheet\":%d,\"row\":%lld,\"done\":%lld,\"totals\":%lld,\"samples\":%lld,\"counts\":%s}",
        r->at, (long long)row, (long long)done, (long long)r->totals, (long long)r->samples,
        run_counts(c, counts));
}

/* ---- the records --------------------------------------------------------------------------- */

static bool writes(const Run *r, const Item *it)
{
    return !r->dry && it->w && (it->planned == OUT_CREATED || it->planned == OUT_UPDATED);
}

static bool take_late(Ctx *c, Run *r, Item *it)
{
    if (!imp_take_errors(c, 0, &it->late, run_plan(r), &it->cells))
        return false;
    it->outcome = OUT_DUPLICATE;
    for (size_t i = 0; i < it->late.n; i++)
        if (strncmp(it->late.items[i].code, "dup.in", 6) != 0)
            it->outcome = OUT_FAILED;
    return true;
}

/* Records that came into the base since the rows were prepared. */
static bool late_hits(Ctx *c, Run *r, int from, int upto)
{
    const DbVal *values[WINDOW];
    int64_t own[WINDOW];
    ImpHit hits[WINDOW];
    int n = upto - from;
    for (int i = 0; i < n; i++) {
        const Item *it = &r->items[from + i];
        bool asks = writes(r, it) && !it->waved;
        values[i] = asks ? it->w->s.after : NULL;
        own[i] = asks ? it->w->s.id : 0;
    }
    if (!imp_find_hits(c, run_plan(r)->e, values, own, n, r->imp->id, hits))
        return false;
    for (int i = 0; i < n; i++) {
        Item *it = &r->items[from + i];
        if (!hits[i].id)
            continue;
        (void)dedupe_refuse(c, run_plan(r)->e, hits[i].rule, hits[i].id, NULL);
        if (!take_late(c, r, it))
            return false;
    }
    return true;
}

static bool commit_save(Ctx *c, void *work)
{
    return save_commit(c, work);
}

static bool commit_item(Ctx *c, Step *s, Item *it)
{
    if (!writes(s->r, it) || it->late.n)
        return true;
    if (!s->careful)
        return save_commit(c, it->w);
    return db_try(c, commit_save, it->w) || take_late(c, s->r, it);
}

static bool commit_window(Ctx *c, Step *s, int from, int upto)
{
    Run *r = s->r;
    for (int i = from; i < upto; i++) {
        r->items[i].late = (ImpErrors){0};
        r->items[i].outcome = r->items[i].planned;
    }
    if (!r->dry && !late_hits(c, r, from, upto))
        return false;
    for (int i = from; i < upto; i++) {
        if (!commit_item(c, s, &r->items[i]))
            return false;
        s->counts[r->items[i].outcome]++;
        s->done++;
    }
    return true;
}

/* ---- what became of the rows --------------------------------------------------------------- */

static bool write_row(Ctx *c, const Run *r, const Item *it)
{
    bool there = !r->dry && it->w && it->outcome <= OUT_UNCHANGED;
    DbVal p[] = {db_of_int(r->imp->id),
                 db_of_int(run_plan(r)->s->index),
                 db_of_int(it->cells.row),
                 db_of_text(outcome_names[it->outcome]),
                 db_of_text(run_plan(r)->e->name),
                 there ? db_of_int(it->id) : db_null(),
                 there ? db_of_int(it->version) : db_null(),
                 there ? db_of_text(it->former) : db_null()};
    return db_send(c,
                   SQL("INSERT INTO \"import_row\" (\"import_id\", \"sheet\", \"row\", "
                       "\"outcome\", \"entity\", \"record_id\", \"version\", \"former\") VALUES "
                       "($1, $2, $3, $4, $5, $6, $7, $8)"),
                   p, 8);
}

static bool write_errors(Ctx *c, const Run *r, const Item *it, const ImpErrors *list)
{
    for (size_t i = 0; i < list->n && i < ERRORS_OF_ROW; i++) {
        const ImpError *e = &list->items[i];
        DbVal p[] = {db_of_int(id_new()),
                     db_of_int(r->imp->id),
                     db_of_int(run_plan(r)->s->index),
                     db_of_int(it->cells.row),
                     e->col >= 0 ? db_of_int(e->col) : db_null(),
                     db_of_text(e->header),
                     db_of_text(e->value),
                     db_of_text(e->code),
                     db_of_text(e->message)};
        if (!db_send(c,
                     SQL("INSERT INTO \"import_row_error\" (\"id\", \"import_id\", \"sheet\", "
                         "\"row\", \"col\", \"header\", \"value\", \"code\", "
                         "\"message\") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
                     p, 9))
            return false;
    }
    return true;
}

static bool write_dup(Ctx *c, const Run *r, const Item *it, int sheet, int64_t row)
{
    const Entity *e = run_plan(r)->e;
    DbVal p[] = {db_of_int(r->imp->id),
                 db_of_text(it->group),
                 db_of_int(r->imp->sheets[sheet].index),
                 db_of_int(row),
                 db_of_text(it->rule >= 0 ? e->dups[it->rule].name : "match"),
                 db_of_text(e->name),
                 it->dup_of ? db_of_int(it->dup_of) : db_null()};
    return db_exec(c,
                   SQL("INSERT INTO \"import_dup\" (\"import_id\", \"grp\", \"sheet\", \"row\", "
                       "\"rule\", \"entity\", \"record_id\") VALUES ($1, $2, $3, $4, $5, $6, $7) "
                       "ON CONFLICT (\"import_id\", \"grp\", \"sheet\", \"row\") DO NOTHING"),
                   p, 7);
}

static bool write_outcome(Ctx *c, const Run *r, const Item *it)
{
    if (!write_row(c, r, it) || !write_errors(c, r, it, &it->errors) ||
        !write_errors(c, r, it, &it->late))
        return false;
    if (!it->group)
        return true;
    return write_dup(c, r, it, r->order[r->at], it->cells.row) &&
           (!it->place ||
            write_dup(c, r, it, imp_place_sheet(it->place), imp_place_row(it->place)));
}

/* May be run again: everything it leaves in memory is set anew. */
static bool write_step(Ctx *c, void *arg)
{
    Step *s = arg;
    Run *r = s->r;
    memcpy(s->counts, r->counts, sizeof s->counts);
    s->done = 0;
    r->cancelled = false;
    for (int i = s->from; i < s->upto; i += WINDOW) {
        int to = i + WINDOW < s->upto ? i + WINDOW : s->upto;
        if (!commit_window(c, s, i, to))
            return false;
        if (!r->dry && !db_is_pg(c->db) && pace_over(c))
            break; /* one writer on SQLite: others wait for us */
    }
    for (int i = s->from; i < s->from + s->done; i++)
        if (!write_outcome(c, r, &r->items[i]))
            return false;
    int64_t row = s->done ? r->items[s->from + s->done - 1].cells.row : r->row,
            done = r->done + s->done;
    int64_t total = done > r->total ? done : r->total;
    const char *counts = run_counts(c, s->counts);
    return imp_save_progress(c, r->imp->id, done, total, counts) &&
           job_progress(c, r->job, done, total, run_progress(c, r, row, done, s->counts), counts,
                        &r->cancelled);
}

static void take_over(Run *r, const Step *s)
{
    memcpy(r->counts, s->counts, sizeof r->counts);
    for (int i = s->from; i < s->from + s->done; i++) {
        const Item *it = &r->items[i];
        if (it->outcome != it->planned)
            seen_name(r, run_plan(r), &it->cells, 0, true, false);
        else if (it->planned == OUT_CREATED && !r->dry)
            seen_name(r, run_plan(r), &it->cells, it->id, true, true);
    }
    r->done += s->done;
    if (s->done)
        r->row = r->items[s->from + s->done - 1].cells.row;
    if (r->done > r->total)
        r->total = r->done;
}

static bool grew(Ctx *c, void *arg)
{
    return sql_grew(c, arg);
}

/* Each time there are many times as many. */
static void tell_growth(Run *r)
{
    if (r->dry || r->counts[OUT_CREATED] < r->grown)
        return;
    r->grown = r->counts[OUT_CREATED] < GROWN_FIRST ? GROWN_FIRST : r->counts[OUT_CREATED] * 8;
    if (r->counts[OUT_CREATED] && !db_write(r->c, grew, (void *)(uintptr_t)run_plan(r)->e->name))
        ctx_errors_back_to(r->c, 0); /* it is slower, no more */
}

bool run_write(Run *r, int from, int upto)
{
    Ctx *c = r->c;
    int careful_upto = from;
    while (from < upto && !r->cancelled) {
        bool careful = from < careful_upto;
        Step s = {.r = r, .from = from, .upto = upto, .careful = careful};
        if (careful && s.upto > from + CAREFUL_ROWS)
            s.upto = from + CAREFUL_ROWS;
        if (!pace_write(c, &r->pace, write_step, &s)) {
            if (careful)
                return false;
            ctx_errors_back_to(c, 0);
            careful_upto = upto;
            continue;
        }
        take_over(r, &s);
        tell_growth(r);
        from += s.done;
    }
    return true;
}
