/*
 * The check and the run of an import: the same way, but for the writing. Rows come from the reader one by one
 * and go through in blocks: first everything that needs no transaction (cells to values, links, matches,
 * save_prepare), then short writes that commit the prepared rows, each in a savepoint of its own, together
 * with what became of them and the place to go on from. So a crash loses nothing and repeats nothing, and
 * other writers wait some 40 ms at most.
 *
 * Sheets run in the order of their links (customers before contacts). A resumed job reads the rows behind it
 * again only to remember what they were called.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/fold.h"
#include "base/id.h"
#include "base/msg.h"
#include "meta/types.h"
#include "record/dedupe.h"
#include "record/import_impl.h"
#include "record/link_resolve.h"

enum {
    WRITE_MS = 40,
    WRITE_ROWS = 50,
    SLOW_ROWS = 32, /* 0.2 s each at most: well within a lease */
    CACHE_MOST = 200000,
    BLOCK_BYTES = 24 << 20,
    SHEETS_MOST = 64
};

typedef struct Item {
    ImpCells cells;
    Outcome planned, outcome;
    SaveWork *w;
    int64_t id, version;
    ImpErrors errors; /* before the write */
    ImpErrors late;   /* in it; made anew where the write is run again */
} Item;

/* What a name or number in this file stands for. */
typedef struct InFile {
    int64_t id, row;
    bool written;
} InFile;

typedef struct Seen {
    uint64_t *keys;
    int64_t *rows;
    size_t n, cap; /* cap: a power of two */
} Seen;

typedef struct Run {
    Ctx *c;
    Job *job;
    Imp *imp;
    SheetBook *book;
    bool dry, cancelled;
    Arena *keep, *block;
    ImpPlan *plans;
    int order[SHEETS_MOST], n_order;
    int at;      /* in order */
    int64_t row; /* the last row that is done */
    int resume_at;
    int64_t resume_row;
    bool resuming;
    int64_t counts[OUT__COUNT], totals, samples, done, total;
    Map names, links; /* "entity/n/text" → InFile; "entity/text" → id of the database */
    Seen seen;
    Item *items;
    int n, cap;     /* gathered */
    int done_items; /* of them written */
    size_t bytes;
} Run;

static const ImpPlan *plan_now(const Run *r)
{
    return &r->plans[r->order[r->at]];
}

/* ---- what was seen in this file ------------------------------------------------------------ */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash_add(uint64_t h, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return (h ^ 0xff) * 0x100000001b3u;
}

static int64_t *seen_slot(Run *r, uint64_t key)
{
    Seen *s = &r->seen;
    if (s->n * 2 >= s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 4096;
        Seen more = {ARENA_ARRAY(r->keep, cap, uint64_t), ARENA_ARRAY(r->keep, cap, int64_t), 0,
                     cap};
        for (size_t i = 0; i < s->cap; i++)
            if (s->keys[i]) {
                size_t at = s->keys[i] & (cap - 1);
                while (more.keys[at])
                    at = (at + 1) & (cap - 1);
                more.keys[at] = s->keys[i];
                more.rows[at] = s->rows[i];
                more.n++;
            }
        *s = more;
    }
    key = key ? key : 1;
    size_t at = key & (s->cap - 1);
    while (s->keys[at] && s->keys[at] != key)
        at = (at + 1) & (s->cap - 1);
    if (!s->keys[at]) {
        s->keys[at] = key;
        s->n++;
    }
    return &s->rows[at];
}

/* The keys by which two rows of the file are one: the rules that count in imports, and the record they mean. */
static int row_keys(Run *r, const Entity *e, const DbVal *v, int64_t match, uint64_t *keys,
                    int most)
{
    Ctx *c = r->c;
    SaveOptions o = {.origin = "import"};
    int n = 0;
    if (match)
        keys[n++] = mix(
            hash_add(hash_add(7, e->name, strlen(e->name)), (const char *)&match, sizeof match));
    for (int i = 0; i < e->n_dups && n < most; i++) {
        DupAction act = dedupe_action(&e->dups[i], &o, CH_IMPORT);
        uint64_t h = hash_add(hash_add(11, e->name, strlen(e->name)), (const char *)&i, sizeof i);
        bool whole = act == DUP_COUNT || act == DUP_BLOCK;
        for (int k = 0; whole && e->dups[i].fields[k]; k++) {
            const Field *f = entity_field(e, e->dups[i].fields[k]);
            DbVal key = f ? type_match_key(c->a, f, &v[f->index]) : db_null();
            whole = key.kind == DB_TEXT && key.n;
            if (whole)
                h = hash_add(h, key.s, key.n);
        }
        if (whole)
            keys[n++] = mix(h);
    }
    return n;
}

/* place: sheet in the high bits, row in the low ones */
static int64_t place_of(const Run *r, int64_t row)
{
    return (int64_t)(r->order[r->at] + 1) << 40 | row;
}

static int64_t first_seen(Run *r, const Entity *e, const DbVal *v, int64_t match, int64_t row)
{
    uint64_t keys[16];
    int n = row_keys(r, e, v, match, keys, 16);
    for (int i = 0; i < n; i++) {
        int64_t place = *seen_slot(r, keys[i]);
        if (place)
            return place;
    }
    for (int i = 0; i < n; i++)
        *seen_slot(r, keys[i]) = place_of(r, row);
    return 0;
}

static const char *name_key_of(Run *r, const Entity *e, char kind, const char *text)
{
    return arena_printf(r->c->a, "%s/%c/%s", e->name, kind, fold_text(r->c->a, text));
}

/* Is the entity linked to by a sheet of this file at all? */
static bool is_target(const Run *r, const Entity *e)
{
    for (int i = 0; i < r->n_order; i++) {
        const ImpPlan *p = &r->plans[r->order[i]];
        for (int k = 0; k < p->n; k++)
            if (p->maps[k].f->to && strcmp(p->maps[k].f->to, e->name) == 0)
                return true;
    }
    return false;
}

static const char *text_at(const ImpPlan *p, const ImpCells *row, int col)
{
    (void)p;
    return col >= 0 && col < row->n ? row->cells[col].text : "";
}

static void remember(Run *r, const ImpPlan *p, const ImpCells *row, int64_t id, bool written)
{
    if (!is_target(r, p->e) || r->names.n > 2000000)
        return;
    const struct {
        char kind;
        int col;
    } by[] = {{'#', p->number_col}, {'n', p->title_col}};
    for (int i = 0; i < 2; i++) {
        const char *text = text_at(p, row, by[i].col);
        if (!*text)
            continue;
        const char *key = name_key_of(r, p->e, by[i].kind, text);
        InFile *f = map_get(&r->names, key);
        if (!f) {
            f = ARENA_NEW(r->keep, InFile);
            map_put(&r->names, key, f);
        } else if (f->id && !id) {
            continue; /* a later row that failed does not hide one that is there */
        }
        *f = (InFile){.id = id, .row = row->row, .written = written};
    }
}

/* ---- links --------------------------------------------------------------------------------- */

static bool write_ready(Run *r, int upto);

static bool by_key(Ctx *c, const Field *f, const Entity *to, const char *key, const char *text,
                   int64_t *out, bool *missing)
{
    json_object *o = rec_input(c);
    int before = c->n_err;
    *missing = false;
    json_object_object_add(o, key, json_object_new_string(text));
    if (link_from_json(c, f, to, o, false, out))
        return true;
    ErrCode code = c->err_last ? c->err_last->code : ERR_INTERNAL;
    *missing =
        code == ERR_REF_NOT_FOUND || code == ERR_TYPE; /* type: the entity has no such field */
    if (*missing)
        ctx_errors_back_to(c, before);
    return false;
}

static bool in_base(Ctx *c, const Field *f, const Entity *to, const char *text, int64_t *out,
                    bool *missing)
{
    static const char *const keys[] = {"number", "name", "login", "code"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (by_key(c, f, to, keys[i], text, out, missing))
            return true;
        if (!*missing)
            return false;
    }
    return false;
}

static bool resolve(Ctx *c, void *arg, const Field *f, const Entity *to, const char *text,
                    int64_t *out, bool *pending)
{
    Run *r = arg;
    bool missing;
    *pending = false;
    InFile *here = map_get(&r->names, name_key_of(r, to, '#', text));
    if (!here)
        here = map_get(&r->names, name_key_of(r, to, 'n', text));
    if (here && here->id && !here->written &&
        !r->dry) { /* it waits in this very block: write it first */
        if (!write_ready(r, r->n))
            return false;
        here->written = true;
    }
    if (here && here->id && here->written) {
        *out = here->id;
        return true;
    }
    const char *key = arena_printf(c->a, "%s/%s", to->name, text);
    int64_t *known = map_get(&r->links, key);
    if (known) {
        *out = *known;
        return true;
    }
    if (in_base(c, f, to, text, out, &missing)) {
        if (r->links.n < CACHE_MOST) {
            known = ARENA_NEW(r->keep, int64_t);
            *known = *out;
            map_put(&r->links, key, known);
        }
        return true;
    }
    if (!missing)
        return false;
    if (here && here->id) { /* the check: it would be there by then */
        *pending = true;
        return true;
    }
    if (here)
        return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "import.ref_row", text,
                        ctx_num(c, here->row));
    return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "err.ref.not_found", text);
}

/* ---- one row before the write -------------------------------------------------------------- */

static void refuse(Run *r, Item *it, Outcome outcome, int col, const char *code,
                   const char *message)
{
    imp_error(r->c, &it->errors, plan_now(r), &it->cells, col, code, message);
    it->planned = outcome;
}

static void refuse_in_file(Run *r, Item *it, int64_t place)
{
    Ctx *c = r->c;
    int sheet = (int)(place >> 40) - 1;
    const char *row = ctx_num(c, place & (((int64_t)1 << 40) - 1));
    bool here = sheet == r->order[r->at];
    const char *args[] = {here ? row : r->imp->sheets[sheet].name, here ? NULL : row, NULL};
    refuse(
        r, it, OUT_DUPLICATE, plan_now(r)->title_col, "dup.in_file",
        msg_format(c->a, c->lang, here ? "import.dup_in_file" : "import.dup_in_file_sheet", args));
}

/* Mistakes of links that wait for a row of this file are none. */
static void forgive_waiting(Ctx *c, int before, const Field *const *waiting, int n)
{
    ErrItem *kept[256];
    int k = 0, i = 0;
    for (ErrItem *e = c->err; e; e = e->next, i++) {
        bool mine = false;
        for (int w = 0; i >= before && w < n; w++)
            mine |= e->field && strcmp(e->field, waiting[w]->name) == 0;
        if (i >= before && !mine && k < 256)
            kept[k++] = e;
    }
    ctx_errors_back_to(c, before);
    for (i = 0; i < k; i++)
        ctx_fail(c, kept[i]->code, kept[i]->field, kept[i]->message);
}

static bool sort_out(Run *r, Item *it)
{
    const ImpPlan *p = plan_now(r);
    bool fatal = !imp_take_errors(r->c, 0, &it->errors, p, &it->cells);
    if (fatal)
        return false;
    if (!it->errors.n)
        return true;
    bool dup = true;
    for (size_t i = 0; i < it->errors.n; i++)
        dup = dup && strncmp(it->errors.items[i].code, "dup.in", 6) == 0;
    it->planned = dup ? OUT_DUPLICATE : OUT_FAILED;
    return true;
}

/* Its row counts as one that is there, whatever else becomes of it. */
static bool prepare_save(Run *r, Item *it, ImpMatch *match)
{
    Ctx *c = r->c;
    const ImpPlan *p = plan_now(r);
    const Field **waiting = ARENA_ARRAY(c->a, p->n + 1, const Field *);
    int n_waiting = 0;
    bool is_new = match->n == 0;
    json_object *in =
        imp_input(c, p, &it->cells, is_new, &it->errors, resolve, r, waiting, &n_waiting);
    if (c->n_err)
        return sort_out(r, it);
    SaveOptions o = {.if_version = is_new || !p->e->standard ? -1 : match->version,
                     .origin = "import",
                     .import_job = r->imp->id,
                     .keep = p->keep,
                     .dry = r->dry};
    it->w = save_new(c, p->e, is_new ? 0 : match->ids[0], in, &o, NULL);
    bool ok = save_prepare(c, it->w);
    if (!ok && n_waiting)
        forgive_waiting(c, 0, waiting, n_waiting);
    if (c->n_err || it->errors.n)
        return sort_out(r, it);
    int64_t place = it->w->s.after ? first_seen(r, p->e, it->w->s.after, is_new ? 0 : it->w->s.id,
                                                it->cells.row)
                                   : 0;
    if (place) {
        refuse_in_file(r, it, place);
        return true;
    }
    it->planned = is_new ? OUT_CREATED : it->w->nothing ? OUT_UNCHANGED : OUT_UPDATED;
    it->id = it->w->s.id;
    it->version = it->w->new_version;
    if (r->dry && it->planned != OUT_UNCHANGED && !n_waiting &&
        !(link_check(c, it->w) && dedupe_check(c, it->w)))
        return sort_out(r, it);
    if (r->dry && n_waiting && !dedupe_check(c, it->w))
        return sort_out(r, it);
    return true;
}

static bool prepare_item(Run *r, Item *it)
{
    Ctx *c = r->c;
    const ImpPlan *p = plan_now(r);
    ImpMatch match = {0};
    if (imp_is_sample(c, p, &it->cells) || imp_is_total(c, p, &it->cells)) {
        *(imp_is_sample(c, p, &it->cells) ? &r->samples : &r->totals) += 1;
        it->planned = OUT_SKIPPED;
        return true;
    }
    if (p->s->mode != IMP_CREATE && !imp_find_match(c, p, &it->cells, &match))
        return false;
    if (match.n > 1) {
        refuse(r, it, OUT_FAILED, -1, "dup.multiple", msg_text(c->lang, "import.dup_multiple"));
    } else if (p->s->mode == IMP_UPDATE && !match.n) {
        refuse(r, it, OUT_SKIPPED, -1, "ref.not_found", msg_text(c->lang, "import.no_match"));
    } else if (!prepare_save(r, it, &match)) {
        return false;
    }
    bool there =
        it->planned == OUT_CREATED || it->planned == OUT_UPDATED || it->planned == OUT_UNCHANGED;
    remember(r, p, &it->cells, there ? it->id : 0,
             it->planned == OUT_UPDATED || it->planned == OUT_UNCHANGED);
    return true;
}

/* ---- the write ----------------------------------------------------------------------------- */

typedef struct Step {
    Run *r;
    int from, upto; /* items */
    int64_t counts[OUT__COUNT];
    int done; /* items written by the last try */
} Step;

static const char *counts_text(Ctx *c, const int64_t *counts)
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

static const char *progress_text(Ctx *c, const Run *r, int64_t row, int64_t done,
                                 const int64_t *counts)
{
    return arena_printf(
        c->a,
        "{\"sheet\":%d,\"row\":%lld,\"done\":%lld,\"totals\":%lld,\"samples\":%lld,\"counts\":%s}",
        r->at, (long long)row, (long long)done, (long long)r->totals, (long long)r->samples,
        counts_text(c, counts));
}

static bool commit_save(Ctx *c, void *work)
{
    return save_commit(c, work);
}

static bool commit_item(Ctx *c, Run *r, Item *it)
{
    it->outcome = it->planned;
    it->late = (ImpErrors){0};
    bool writes = !r->dry && (it->planned == OUT_CREATED || it->planned == OUT_UPDATED);
    if (!writes || db_try(c, commit_save, it->w))
        return c->n_err == 0;
    if (!imp_take_errors(c, 0, &it->late, plan_now(r), &it->cells))
        return false;
    it->outcome = OUT_DUPLICATE;
    for (size_t i = 0; i < it->late.n; i++)
        if (strncmp(it->late.items[i].code, "dup.in", 6) != 0)
            it->outcome = OUT_FAILED;
    return true;
}

static void bind_row(Sql *q, const Run *r, const Item *it, bool first)
{
    bool there = it->outcome <= OUT_UNCHANGED;
    sql_add(q, first ? SQL("(") : SQL(", ("));
    sql_bind(q, db_of_int(r->imp->id));
    sql_add(q, SQL(", "));
    sql_bind(q, db_of_int(plan_now(r)->s->index));
    sql_add(q, SQL(", "));
    sql_bind(q, db_of_int(it->cells.row));
    sql_add(q, SQL(", "));
    sql_bind(q, db_of_text(outcome_names[it->outcome]));
    sql_add(q, SQL(", "));
    sql_bind(q, db_of_text(plan_now(r)->e->name));
    sql_add(q, SQL(", "));
    sql_bind(q, there && !r->dry ? db_of_int(it->id) : db_null());
    sql_add(q, SQL(", "));
    sql_bind(q, there && !r->dry ? db_of_int(it->version) : db_null());
    sql_add(q, SQL(")"));
}

static bool write_errors(Ctx *c, const Run *r, const Item *it, const ImpErrors *list)
{
    for (size_t i = 0; i < list->n && i < 50; i++) {
        const ImpError *e = &list->items[i];
        DbVal p[] = {db_of_int(id_new()),
                     db_of_int(r->imp->id),
                     db_of_int(plan_now(r)->s->index),
                     db_of_int(it->cells.row),
                     e->col >= 0 ? db_of_int(e->col) : db_null(),
                     db_of_text(e->header),
                     db_of_text(e->value),
                     db_of_text(e->code),
                     db_of_text(e->message)};
        if (!db_exec(c,
                     SQL("INSERT INTO \"import_row_error\" (\"id\", \"import_id\", \"sheet\", "
                         "\"row\", \"col\", \"header\", \"value\", \"code\", "
                         "\"message\") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
                     p, 9))
            return false;
    }
    return true;
}

static bool write_outcomes(Ctx *c, const Run *r, const Step *s)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("INSERT INTO \"import_row\" (\"import_id\", \"sheet\", \"row\", \"outcome\", "
                    "\"entity\", \"record_id\", \"version\") VALUES "));
    for (int i = s->from; i < s->from + s->done; i++)
        bind_row(&q, r, &r->items[i], i == s->from);
    if (s->done && !sql_exec(c, &q))
        return false;
    for (int i = s->from; i < s->from + s->done; i++)
        if (!write_errors(c, r, &r->items[i], &r->items[i].errors) ||
            !write_errors(c, r, &r->items[i], &r->items[i].late))
            return false;
    return true;
}

/* May be run again: everything it leaves in memory is set anew. */
static bool write_step(Ctx *c, void *arg)
{
    Step *s = arg;
    Run *r = s->r;
    int64_t started = clock_mono_ms();
    memcpy(s->counts, r->counts, sizeof s->counts);
    s->done = 0;
    r->cancelled = false;
    for (int i = s->from; i < s->upto; i++) {
        if (!commit_item(c, r, &r->items[i]))
            return false;
        s->counts[r->items[i].outcome]++;
        s->done++;
        /* one writer on SQLite: others wait for us; but a commit of few rows costs more than it spares */
        if (s->done >= WRITE_ROWS && !db_is_pg(c->db) && clock_mono_ms() - started >= WRITE_MS)
            break;
    }
    int64_t row = s->done ? r->items[s->from + s->done - 1].cells.row : r->row,
            done = r->done + s->done;
    int64_t total = done > r->total ? done : r->total;
    return write_outcomes(c, r, s) &&
           imp_save_progress(c, r->imp->id, done, total, counts_text(c, s->counts)) &&
           job_progress(c, r->job, done, total, progress_text(c, r, row, done, s->counts),
                        counts_text(c, s->counts), &r->cancelled);
}

/* Writes the prepared items up to (not with) the given one. */
static bool write_ready(Run *r, int upto)
{
    while (r->done_items < upto && !r->cancelled) {
        Step s = {.r = r, .from = r->done_items, .upto = upto};
        if (!db_write(r->c, write_step, &s))
            return false;
        memcpy(r->counts, s.counts, sizeof r->counts);
        for (int i = s.from; i < s.from + s.done; i++) {
            Item *it = &r->items[i];
            if (it->outcome != it->planned || it->planned == OUT_CREATED)
                remember(r, plan_now(r), &it->cells, it->outcome <= OUT_UNCHANGED ? it->id : 0,
                         !r->dry);
        }
        r->done += s.done;
        r->done_items += s.done;
        if (s.done)
            r->row = r->items[r->done_items - 1].cells.row;
        if (r->done > r->total)
            r->total = r->done;
    }
    return true;
}

static bool flush(Run *r)
{
    Ctx *c = r->c;
    int n = r->n;
    c->a = r->block;
    bool ok = true;
    r->n = 0; /* counts up as items are prepared: a link that waits writes what is ready */
    r->done_items = 0;
    while (ok && r->n < n && !r->cancelled) {
        ok = prepare_item(r, &r->items[r->n]);
        r->n++;
    }
    ok = ok && write_ready(r, r->n);
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

/* A row done before the crash: only what it was called, and whose keys it took. */
static bool replay(Run *r, const SheetRow *row)
{
    Ctx *c = r->c;
    const ImpPlan *p = plan_now(r);
    size_t bytes = 0;
    c->a = r->block;
    ImpCells cells = copy_cells(c->a, p, row, &bytes);
    DbVal q[] = {db_of_int(r->imp->id), db_of_int(p->s->index), db_of_int(row->row)};
    DbRows *rows = db_query(c,
                            SQL("SELECT \"outcome\", \"record_id\" FROM \"import_row\" WHERE "
                                "\"import_id\" = $1 AND \"sheet\" = $2 AND \"row\" = $3"),
                            q, 3);
    bool there = false;
    int64_t id = 0;
    if (rows && db_step(rows)) {
        const char *outcome = db_text(rows, 0);
        id = db_int(rows, 1);
        for (int i = OUT_CREATED; i <= OUT_UNCHANGED; i++)
            there |= strcmp(outcome, outcome_names[i]) == 0;
    }
    if (rows)
        db_done(rows);
    if (there) {
        DbVal *v = ARENA_ARRAY(c->a, p->e->n_fields, DbVal);
        for (int i = 0; i < p->e->n_dups; i++)
            for (int k = 0; p->e->dups[i].fields[k]; k++) {
                const Field *f = entity_field(p->e, p->e->dups[i].fields[k]);
                if (f)
                    v[f->index] = imp_value(c, p, &cells, f);
            }
        (void)first_seen(r, p->e, v, id, row->row);
        remember(r, p, &cells, id ? id : 1, !r->dry);
    }
    c->a = r->keep;
    if (c->n_err)
        return false;
    arena_reset(r->block);
    return true;
}

static bool on_row(void *user, const SheetRow *row)
{
    Run *r = user;
    const ImpPlan *p = plan_now(r);
    if (row->row <= p->s->header_row)
        return true;
    if (r->resuming &&
        (r->at < r->resume_at || (r->at == r->resume_at && row->row <= r->resume_row)))
        return replay(r, row);
    if (r->n == r->cap) {
        int cap = r->cap ? r->cap * 2 : 128;
        Item *more = ARENA_ARRAY(r->block, cap, Item);
        if (r->n)
            memcpy(more, r->items, (size_t)r->n * sizeof *more);
        r->items = more;
        r->cap = cap;
    }
    Item *it = &r->items[r->n];
    *it = (Item){0};
    it->cells = copy_cells(r->block, p, row, &r->bytes);
    if (!any_cell(&it->cells)) /* something stands outside the columns only */
        return true;
    r->n++;
    return r->n < (p->slow ? SLOW_ROWS : conf_int("import.block")) && r->bytes < BLOCK_BYTES ? true : flush(r);
}

/* ---- the order of the sheets --------------------------------------------------------------- */

static bool needs(const ImpPlan *p, const ImpPlan *other)
{
    for (int i = 0; i < p->n; i++)
        if (p->maps[i].f->to && other->e != p->e && strcmp(p->maps[i].f->to, other->e->name) == 0)
            return true;
    return false;
}

static void order_sheets(Run *r, const int *chosen, int n)
{
    bool taken[SHEETS_MOST] = {false};
    while (r->n_order < n) {
        int next = -1;
        for (int i = 0; i < n && next < 0; i++) {
            bool waits = taken[i];
            for (int k = 0; k < n && !waits; k++)
                waits = !taken[k] && k != i && needs(&r->plans[chosen[i]], &r->plans[chosen[k]]);
            if (!waits)
                next = i;
        }
        for (int i = 0; i < n && next < 0; i++) /* a circle: as they stand */
            if (!taken[i])
                next = i;
        taken[next] = true;
        r->order[r->n_order++] = chosen[next];
    }
}

static bool make_plans(Run *r)
{
    Ctx *c = r->c;
    int chosen[SHEETS_MOST], n = 0;
    r->plans = ARENA_ARRAY(c->a, r->imp->n + 1, ImpPlan);
    for (int i = 0; i < r->imp->n; i++) {
        const ImpSheet *s = &r->imp->sheets[i];
        if (!s->entity || n == SHEETS_MOST)
            continue;
        if (!imp_plan(c, s, &r->plans[i]) || !access_need(c, r->plans[i].e, ACT_IMPORT))
            return false;
        chosen[n++] = i;
        r->total += s->rows;
    }
    if (!n)
        return ctx_fail(c, ERR_INVALID, NULL, "err.import.nothing");
    order_sheets(r, chosen, n);
    return true;
}

/* ---- the jobs ------------------------------------------------------------------------------ */

static bool begin(Ctx *c, void *arg)
{
    Run *r = arg;
    DbVal p[] = {db_of_int(r->imp->id)};
    return db_exec(c, SQL("DELETE FROM \"import_row\" WHERE \"import_id\" = $1"), p, 1) &&
           db_exec(c, SQL("DELETE FROM \"import_row_error\" WHERE \"import_id\" = $1"), p, 1) &&
           imp_save_plan(c, r->imp) &&
           imp_save_progress(c, r->imp->id, 0, r->total, counts_text(c, r->counts)) &&
           job_progress(c, r->job, 0, r->total, progress_text(c, r, 0, 0, r->counts),
                        counts_text(c, r->counts), NULL);
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
                    .entity = plan_now(r)->e->name,
                    .record = r->imp->id,
                    .changes = counts_text(c, r->counts)};
    return imp_save_plan(c, r->imp) &&
           imp_save_progress(c, r->imp->id, r->done, r->done, counts_text(c, r->counts)) &&
           job_progress(c, r->job, r->done, r->done, NULL, counts_text(c, r->counts), NULL) &&
           imp_save_state(c, r->imp->id, r->dry ? "checked" : "done", NULL) &&
           (r->dry || audit_add(c, &a));
}

static bool run_sheets(Run *r)
{
    for (r->at = 0; r->at < r->n_order; r->at++) {
        if (!r->resuming || r->at != r->resume_at)
            r->row = 0;
        int before = r->c->n_err;
        bool whole = sheet_read(r->book, plan_now(r)->s->index, on_row, r);
        if (r->c->n_err > before || !whole)
            return false;
        if (r->n && !flush(r))
            return false;
    }
    r->at--;
    return true;
}

typedef struct Ending {
    int64_t id;
    const char *state, *message;
} Ending;

static bool end_write(Ctx *c, void *arg)
{
    Ending *e = arg;
    return imp_save_state(c, e->id, e->state, e->message);
}

/* A cancelled or failed job says so on the import, too; the mistake goes on to the runner. */
static bool end_badly(Ctx *c, int64_t id, bool cancelled)
{
    if (!c->n_err && !cancelled)
        return false; /* the program goes down: the next start resumes it */
    ErrCode code = c->err ? c->err->code : ERR_INTERNAL;
    const char *message = c->err ? c->err->message : NULL;
    Ending e = {id, cancelled && !c->n_err ? "cancelled" : "failed", message};
    ctx_errors_back_to(c, 0);
    (void)db_write(c, end_write, &e);
    ctx_errors_back_to(c, 0);
    if (message)
        ctx_fail(c, code, NULL, message);
    return false;
}

/* The importing person at work: rules and origin of imports hold. */
static void as_import(Ctx *c)
{
    Actor *a = ARENA_NEW(c->a, Actor);
    *a = *c->actor;
    a->channel = CH_IMPORT;
    c->actor = a;
}

static bool work(Ctx *c, Job *job, bool dry)
{
    Imp imp;
    int64_t id = json_int(job->params, "import", 0);
    as_import(c);
    if (!imp_load(c, id, &imp))
        return false;
    imp.ran = imp.ran || !dry;
    Run r = {.c = c, .job = job, .imp = &imp, .dry = dry, .keep = c->a, .block = arena_child(c->a)};
    map_init(&r.names, c->a);
    map_init(&r.links, c->a);
    bool ok = make_plans(&r) && imp_open(c, &imp, &r.book);
    if (ok && job->progress)
        resume(&r);
    else if (ok)
        ok = db_write(c, begin, &r);
    ok = ok && run_sheets(&r) && db_write(c, finish, &r);
    return ok || end_badly(c, id, r.cancelled);
}

bool import_check_job(Ctx *c, Job *job)
{
    return work(c, job, true);
}

bool import_run_job(Ctx *c, Job *job)
{
    return work(c, job, false);
}
