/*
 * Many records at once. See bulk.h. The rows to change are found block by block in the order of their ids, none newer
 * than the request; a block is prepared outside the transaction and written in short ones, together with what became
 * of each row and how far the job is, so that a crash loses nothing and repeats nothing.
 */
#include "record/bulk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_read.h"
#include "record/before.h"
#include "record/bulk_impl.h"
#include "record/hooks.h"
#include "record/link_resolve.h"
#include "record/notify.h"
#include "record/saved_view.h"
#include "record/write_row.h"

enum { IDS_MOST = 10000, BLOCK = 100, WRITE_FIRST = 25, SAMPLE = 5, TAGS_MOST = 50 };

/* name, the right it takes, the action as history and audit call it */
static const BulkAction actions[] = {
    {"update", ACT_EDIT, "update"},   {"assign", ACT_TRANSFER, "transfer"},
    {"tag", ACT_EDIT, "update"},      {"untag", ACT_EDIT, "update"},
    {"archive", ACT_EDIT, "archive"}, {"unarchive", ACT_EDIT, "unarchive"},
    {"delete", ACT_DELETE, "delete"}, {"restore", ACT_DELETE, "restore"},
};

const BulkAction *bulk_action(const char *name)
{
    for (size_t i = 0; name && i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

/* ---- the request --------------------------------------------------------------------------- */

static bool is(const Bulk *b, const char *name)
{
    return strcmp(b->action->name, name) == 0;
}

static const Field *tags_field(const Entity *e)
{
    const Field *f = entity_field(e, "tags");
    return f && f->type == FT_LINK_MANY && !f->retired ? f : NULL;
}

/* Owner and tags by id, number or name, once for all rows. */
static bool read_values(Ctx *c, Bulk *b, json_object *in)
{
    json_object *values = json_member(in, "values");
    bool wanted = is(b, "update") || is(b, "assign") || is(b, "tag") || is(b, "untag");
    if (wanted && (!values || !json_object_is_type(values, json_type_object) ||
                   json_object_object_length(values) == 0))
        return ctx_fail(c, ERR_REQUIRED, "values", "err.bulk_values");
    b->values = values;
    if (is(b, "update"))
        return !json_member(values, "owner") ||
               ctx_fail(c, ERR_READONLY, "owner", "err.owner_by_transfer");
    if (is(b, "assign")) {
        json_object *owner = json_member(values, "owner");
        if (!owner)
            return ctx_fail(c, ERR_REQUIRED, "owner", "err.required");
        return link_from_json(c, &b->e->fields[STD_OWNER], model_entity(c->model, "user"), owner,
                              false, &b->owner);
    }
    if (!wanted)
        return true;
    b->tags_field = tags_field(b->e);
    json_object *tags = json_member(values, "tags");
    if (!b->tags_field)
        return ctx_fail(c, ERR_INVALID, "action", "err.bulk_no_tags");
    if (!tags || !json_object_is_type(tags, json_type_array) || !json_object_array_length(tags) ||
        json_object_array_length(tags) > TAGS_MOST)
        return ctx_fail(c, ERR_REQUIRED, "tags", "err.required");
    b->n_tags = (int)json_object_array_length(tags);
    b->tags = ARENA_ARRAY(c->a, b->n_tags, int64_t);
    for (int i = 0; i < b->n_tags; i++)
        if (!link_from_json(c, b->tags_field, model_entity(c->model, b->tags_field->to),
                            json_object_array_get_idx(tags, (size_t)i), false, &b->tags[i]))
            return false;
    return true;
}

static int by_number(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

static bool read_ids(Ctx *c, Bulk *b, json_object *ids)
{
    if (!ids)
        return true;
    size_t n = json_length(ids);
    if (n == 0 || n > IDS_MOST)
        return ctx_fail(c, ERR_INVALID, "ids", "err.bulk_ids", ctx_num(c, IDS_MOST));
    b->ids = ARENA_ARRAY(c->a, n, int64_t);
    for (size_t i = 0; i < n; i++) {
        json_object *it = json_object_array_get_idx(ids, i);
        if (!json_object_is_type(it, json_type_int))
            return ctx_fail(c, ERR_TYPE, "ids", "err.bulk_ids", ctx_num(c, IDS_MOST));
        b->ids[b->n_ids++] = json_object_get_int64(it);
    }
    qsort(b->ids, (size_t)b->n_ids, sizeof *b->ids, by_number);
    return true;
}

/* Which rows: of a selection, or all that the list shows. */
static bool read_rows(Ctx *c, Bulk *b, json_object *in)
{
    const char *view = json_str(in, "view", NULL), *archived = json_str(in, "archived", NULL);
    b->lq = (ListQuery){.filter = json_member(in, "filter"),
                        .q = json_str(in, "q", NULL),
                        .deleted = is(b, "restore"),
                        .archived = ARCHIVED_TOO};
    if (b->lq.q && strlen(b->lq.q) > 200) /* as with a list */
        return ctx_fail(c, ERR_BAD_REQUEST, "q", "err.text_length", "q", "200");
    if (archived && *archived && strcmp(archived, "only") != 0 && strcmp(archived, "too") != 0)
        return ctx_fail(c, ERR_BAD_REQUEST, "archived", "err.archived_word");
    if (!read_ids(c, b, json_member(in, "ids")))
        return false;
    if (!b->ids) /* a filter means what the list shows */
        b->lq.archived = archived && strcmp(archived, "only") == 0  ? ARCHIVED_ONLY
                         : archived && strcmp(archived, "too") == 0 ? ARCHIVED_TOO
                                                                    : ARCHIVED_NOT;
    if (b->ids && (b->lq.filter || b->lq.q))
        return ctx_fail(c, ERR_INVALID, "ids", "err.bulk_either");
    if (!b->ids && !b->lq.filter && !b->lq.q && !view)
        return ctx_fail(c, ERR_REQUIRED, "ids", "err.bulk_either");
    return (!view || view_apply(c, b->e, view, &b->lq)) &&
           rec_list_filter(c, b->e, &b->lq, ACT_READ, &b->readable);
}

bool bulk_read(Ctx *c, const Entity *e, json_object *in, Bulk *b)
{
    static const JsonWant want[] = {
        {"ids", json_type_array, false},       {"filter", json_type_null, false},
        {"q", json_type_string, false},        {"view", json_type_string, false},
        {"archived", json_type_string, false}, {"action", json_type_string, true},
        {"values", json_type_object, false},   {"preview", json_type_boolean, false},
        {NULL, json_type_null, false}};
    *b = (Bulk){.e = e};
    if (!access_need(c, e, ACT_BULK) || !json_want(c, in, want))
        return false;
    b->action = bulk_action(json_str(in, "action", NULL));
    if (!b->action)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "action", "err.bulk_action");
    if (!e->standard || e->readonly || (is(b, "restore") && !(e->gets & GETS_TRASH)))
        return ctx_fail(c, ERR_INVALID, "action", "err.bulk_entity", label_in(e->label, c->lang));
    if (!access_need(c, e, b->action->right) || !read_values(c, b, in) || !read_rows(c, b, in))
        return false;
    b->allowed = filter_and(c->a, b->readable, access_scope(c, e, ACT_BULK));
    b->allowed = filter_and(c->a, b->allowed, access_scope(c, e, b->action->right));
    return true;
}

/* ---- finding the rows ---------------------------------------------------------------------- */

static void from_where(Ctx *c, Sql *q, const Bulk *b, const Filter *f, const int64_t *ids, int n)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, b->e->name);
    sql_add(q, SQL(" AS t0"));
    rec_list_where(c, q, b->e, f, &b->lq, NULL);
    if (b->ids) {
        sql_add(q, SQL(" AND t0.\"id\" IN "));
        sql_bind_ids(q, ids, n);
    }
}

static bool count(Ctx *c, const Bulk *b, const Filter *f, int64_t *out)
{
    *out = 0;
    for (int at = 0; at == 0 || at < b->n_ids; at += 500) {
        int64_t n = 0;
        Sql q;
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT count(*)"));
        from_where(c, &q, b, f, b->ids ? b->ids + at : NULL,
                   b->n_ids - at < 500 ? b->n_ids - at : 500);
        if (!db_one_int(c, sql_text(&q), q.params, q.n, &n, NULL))
            return false;
        *out += n;
    }
    return true;
}

/* The next rows behind b->after, with their versions. */
static bool next_block(Ctx *c, Bulk *b, int64_t *ids, int64_t *versions, int *n)
{
    *n = 0;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\", t0.\"version\""));
    int from = 0;
    while (from < b->n_ids && b->ids[from] <= b->after)
        from++;
    int some = b->n_ids - from < BLOCK ? b->n_ids - from : BLOCK;
    if (b->ids && some == 0)
        return true;
    from_where(c, &q, b, b->allowed, b->ids ? b->ids + from : NULL, some);
    sql_add(&q, SQL(" AND t0.\"id\" > "));
    sql_bind(&q, db_of_int(b->after));
    sql_add(&q, SQL(" AND t0.\"id\" <= "));
    sql_bind(&q, db_of_int(b->upto));
    sql_add(&q, SQL(" ORDER BY t0.\"id\" ASC LIMIT "));
    sql_number(&q, BLOCK);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (*n < BLOCK && db_step(r)) {
        ids[*n] = db_int(r, 0);
        versions[(*n)++] = db_int(r, 1);
    }
    db_done(r);
    if (b->ids) /* of the slice asked for nothing more is to come */
        b->slice_end = b->ids[from + some - 1];
    return c->n_err == 0;
}

/* ---- starting ------------------------------------------------------------------------------ */

static bool preview(Ctx *c, const Bulk *b, Buf *out)
{
    int64_t matched, allowed;
    if (!count(c, b, b->readable, &matched) || !count(c, b, b->allowed, &allowed))
        return false;
    Bulk first = *b;
    int64_t ids[BLOCK], versions[BLOCK];
    int n = 0;
    first.after = 0;
    first.upto = INT64_MAX;
    if (!next_block(c, &first, ids, versions, &n))
        return false;
    LinkLabels *labels = link_labels_new(c);
    n = n < SAMPLE ? n : SAMPLE;
    for (int i = 0; i < n; i++)
        link_labels_want(labels, b->e, ids[i]);
    if (!link_labels_fetch(c, labels))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kint(&w, "matched", matched);
    jw_kint(&w, "allowed", allowed);
    jw_key(&w, "sample");
    jw_arr(&w);
    for (int i = 0; i < n; i++) {
        jw_obj(&w);
        jw_kint(&w, "id", ids[i]);
        jw_kstr(&w, "label", link_label(labels, b->e, ids[i]));
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return c->n_err == 0;
}

/* The last id the job looks at: what is made while it runs is not meant. Of two servers one clock may be behind the other,
   so the ids that are there already count as well as ours. */
static bool last_meant(Ctx *c, const Entity *e, int64_t *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT coalesce(max(\"id\"), 0) FROM "));
    sql_name(&q, e->name);
    if (!db_one_int(c, sql_text(&q), NULL, 0, out, NULL))
        return false;
    int64_t mine = id_new();
    *out = mine > *out ? mine : *out;
    return true;
}

bool bulk_start(Ctx *c, const Entity *e, json_object *in, Buf *out, int64_t *out_job)
{
    Bulk b;
    *out_job = 0;
    if (!bulk_read(c, e, in, &b))
        return false;
    if (json_flag(in, "preview", false))
        return preview(c, &b, out);
    if ((is(&b, "delete")) && !access_need_step_up(c))
        return false;
    if (is(&b, "update")) { /* what no row can take is said now, not ten thousand times */
        json_object_object_foreach(b.values, name, value)
        {
            (void)value;
            const Field *f = entity_field(e, name);
            bool masked;
            if (!f || f->retired || f->hidden || access_field(c, f, &masked) == FR_NONE)
                ctx_fail(c, ERR_UNKNOWN_FIELD, arena_str(c->a, name), "err.unknown_field", name);
            else if (access_field(c, f, &masked) != FR_EDIT || f->readonly || f->create_only)
                ctx_fail(c, ERR_READONLY, arena_str(c->a, name), "err.readonly");
        }
        if (c->n_err)
            return false;
    }
    int64_t upto;
    if (!last_meant(c, e, &upto))
        return false;
    json_object *params = rec_input(c);
    json_object_object_add(params, "entity", json_object_new_string(e->name));
    json_object_object_add(params, "upto", json_object_new_int64(upto));
    json_object_object_add(params, "request", json_object_get(in));
    return job_add(c, "bulk", json_object_to_json_string_ext(params, JSON_C_TO_STRING_PLAIN),
                   out_job);
}

/* ---- a row --------------------------------------------------------------------------------- */

/* A tag of somebody else's own stays by itself (record/input.c); named here it would be refused as unknown. */
static bool seen_tag(Ctx *c, const Bulk *b, int64_t id)
{
    const Entity *to = model_entity(c->model, b->tags_field->to);
    return !to || !to->open || link_in_scope(c, to, id, ACT_READ);
}

static json_object *with_tags(Ctx *c, const Bulk *b, int64_t id, bool *ok)
{
    int64_t *old;
    int n = 0;
    json_object *list = json_object_new_array(), *in = rec_input(c);
    json_object_object_add(in, b->tags_field->name, list);
    *ok = write_row_read_many(c, b->e, b->tags_field, id, &old, &n);
    for (int i = 0; *ok && i < n; i++) {
        bool named = false;
        for (int k = 0; k < b->n_tags; k++)
            named |= old[i] == b->tags[k];
        if (!named && seen_tag(c, b, old[i]))
            json_object_array_add(list, json_object_new_int64(old[i]));
    }
    for (int k = 0; *ok && k < b->n_tags && is(b, "tag"); k++)
        json_object_array_add(list, json_object_new_int64(b->tags[k]));
    return in;
}

/* Everything of a row that needs no transaction. false: refused, with its mistakes. */
static bool prepare(Ctx *c, const Bulk *b, BulkRow *row)
{
    SaveOptions o = {.if_version = row->version, .origin = "web", .many = true};
    if (is(b, "delete") || is(b, "restore"))
        return true;
    json_object *in = b->values;
    bool ok = true;
    if (is(b, "tag") || is(b, "untag")) {
        in = with_tags(c, b, row->id, &ok);
    } else if (!is(b, "update")) {
        in = rec_input(c);
        o.trusted = true; /* the block was read within the scope of this very action */
        o.held = is(b, "assign");
        if (is(b, "assign"))
            json_object_object_add(in, "owner", json_object_new_int64(b->owner));
        else if (is(b, "archive")) {
            char now[25];
            clock_rfc3339(c->now_ms, now);
            json_object_object_add(in, "archived_at", json_object_new_string(now));
        } else
            json_object_object_add(in, "archived_at", NULL);
    }
    if (!ok)
        return false;
    row->w = save_new(c, b->e, row->id, in, &o, b->action->verb);
    if (!save_prepare(c, row->w))
        return false;
    row->before = row->w->nothing ? NULL : before_image(c, row->w);
    return true;
}

static bool commit(Ctx *c, void *arg)
{
    BulkRow *row = arg;
    const Bulk *b = row->b;
    SaveOptions o = {.if_version = row->version, .origin = "web", .many = true};
    if (is(b, "delete"))
        return rec_delete(c, b->e, row->id, &o);
    if (is(b, "restore"))
        return rec_restore(c, b->e, row->id, &o);
    return save_commit(c, row->w);
}

/* ---- the job ------------------------------------------------------------------------------- */

static void take_error(Ctx *c, BulkRow *row, int before)
{
    const ErrItem *e = c->err;
    for (int i = 0; e && i < before; i++)
        e = e->next;
    row->outcome = BULK_FAILED;
    row->code = e ? err_name(e->code) : "internal";
    row->field = e && e->field ? arena_str(c->a, e->field) : NULL;
    row->message = e && e->message ? arena_str(c->a, e->message) : "";
    ctx_errors_back_to(c, before);
}

bool bulk_row_add(Ctx *c, int64_t job, const Entity *e, const BulkRow *row)
{
    DbVal p[] = {db_of_int(job),
                 db_of_int(row->n),
                 db_of_text(e->name),
                 db_of_int(row->id),
                 db_of_text(bulk_outcomes[row->outcome]),
                 db_of_int(row->new_version),
                 db_of_text(row->field),
                 db_of_text(row->code),
                 db_of_text(row->message),
                 db_of_text(row->before)};
    return db_exec(c,
                   SQL("INSERT INTO \"job_row\" (\"job_id\", \"n\", \"entity\", \"record_id\", "
                       "\"outcome\", \"version\", \"field\", \"code\", \"message\", \"before\") "
                       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
                   p, 10);
}

const char *const bulk_outcomes[] = {"changed", "unchanged", "failed", "undone", "kept"};

const char *bulk_counts(Ctx *c, const Bulk *b)
{
    return arena_printf(c->a,
                        "{\"changed\":%" PRId64 ",\"unchanged\":%" PRId64 ",\"failed\":%" PRId64
                        ",\"left_out\":%" PRId64 "}",
                        b->counts[BULK_CHANGED], b->counts[BULK_UNCHANGED], b->counts[BULK_FAILED],
                        b->left_out);
}

typedef struct Step {
    Bulk *b;
    BulkRow *rows;
    int n, done;
    int64_t counts[BULK__OUTCOMES], after, before; /* of the job, before */
} Step;

/* May run again on PostgreSQL: outcomes start afresh from what preparing said. */
static bool write_step(Ctx *c, void *arg)
{
    Step *s = arg;
    Bulk *b = s->b;
    memcpy(b->counts, s->counts, sizeof b->counts);
    for (s->done = 0; s->done < s->n && (s->done == 0 || !pace_over(c)); s->done++) {
        BulkRow *row = &s->rows[s->done];
        if (row->refused) {
            row->outcome = BULK_FAILED;
        } else {
            int before = c->n_err;
            row->outcome = row->w && row->w->nothing ? BULK_UNCHANGED : BULK_CHANGED;
            row->new_version = row->version + (row->outcome == BULK_CHANGED);
            if (row->outcome == BULK_CHANGED && !db_try(c, commit, row)) {
                if (c->n_err > before && err_status(c->err_last->code) >= 500)
                    return false; /* a full disk is no mistake of the row */
                take_error(c, row, before);
            }
        }
        b->counts[row->outcome]++;
        if (!bulk_row_add(c, b->job->id, b->e, row))
            return false;
        s->after = row->id;
    }
    return job_progress(c, b->job, s->before + s->done, b->total,
                        arena_printf(c->a, "{\"after\":%" PRId64 "}", s->after), bulk_counts(c, b),
                        &b->cancelled);
}

static bool do_block(Ctx *c, Bulk *b, const int64_t *ids, const int64_t *versions, int n)
{
    BulkRow *rows = ARENA_ARRAY(c->a, n, BulkRow);
    for (int i = 0; i < n; i++) {
        BulkRow *row = &rows[i];
        int before = c->n_err;
        *row = (BulkRow){.b = b, .n = ++b->row, .id = ids[i], .version = versions[i]};
        if (!prepare(c, b, row)) {
            if (c->n_err > before && err_status(c->err_last->code) >= 500)
                return false;
            row->refused = true;
            take_error(c, row, before);
        }
    }
    Step s = {.b = b, .rows = rows};
    for (int left = n; left > 0 && !b->cancelled; left -= s.done, s.rows += s.done) {
        s.n = pace_size(&b->pace, left);
        memcpy(s.counts, b->counts, sizeof s.counts);
        s.before = b->job->done;
        if (!pace_write(c, &b->pace, write_step, &s))
            return false;
        b->after = s.after;
        for (int i = 0; i < s.done; i++) {
            SaveWork *w = s.rows[i].w;
            if (s.rows[i].outcome == BULK_CHANGED && w && w->hooks && w->hooks->after_commit)
                w->hooks->after_commit(c, &w->s);
        }
    }
    return true;
}

static bool begin(Ctx *c, Bulk *b)
{
    int64_t matched;
    if (b->job->progress) {
        DbVal p[] = {db_of_int(b->job->id)};
        json_object *counts = NULL;
        const char *text = NULL;
        b->after = json_int(b->job->progress, "after", 0);
        if (!db_one_text(c, SQL("SELECT \"counts\" FROM \"job\" WHERE \"id\" = $1"), p, 1, &text,
                         NULL) ||
            (text && !json_read(c, text, strlen(text), &counts)))
            return false;
        for (int i = 0; i <= BULK_FAILED && counts; i++)
            b->counts[i] = json_int(counts, bulk_outcomes[i], 0);
        b->left_out = counts ? json_int(counts, "left_out", 0) : 0;
        b->total = b->job->total;
        b->row = b->job->done;
        return true;
    }
    if (!count(c, b, b->readable, &matched) || !count(c, b, b->allowed, &b->total))
        return false;
    b->left_out = matched > b->total ? matched - b->total : 0;
    return job_progress(c, b->job, 0, b->total, "{\"after\":0}", bulk_counts(c, b), &b->cancelled);
}

/* ---- telling the new owner ------------------------------------------------------------------ */

static bool tell_in_write(Ctx *c, void *arg)
{
    Bulk *b = arg;
    Notice n = {b->owner, "transferred", b->e->name, 0, NULL, &b->e->label};
    return notify(c, &n, "notify.transferred_many", c->actor->name,
                  arena_str(c->a, ctx_num(c, b->counts[BULK_CHANGED]))) &&
           job_progress(c, b->job, b->job->done, b->total,
                        arena_printf(c->a, "{\"after\":%" PRId64 ",\"told\":true}", b->after),
                        bulk_counts(c, b), &b->cancelled);
}

/* One sentence for all that was handed over, also where somebody stopped it half-way; with the progress of the job in one
   write, so that a job that is run again does not say it twice. */
static bool tell_new_owner(Ctx *c, Bulk *b)
{
    bool cancelled = b->cancelled;
    if (!is(b, "assign") || b->counts[BULK_CHANGED] == 0 || b->owner == c->actor->user ||
        json_flag(b->job->progress, "told", false))
        return true;
    bool ok = db_write(c, tell_in_write, b);
    b->cancelled |= cancelled;
    return ok;
}

bool bulk_job(Ctx *c, Job *job)
{
    const Entity *e = model_entity(c->model, json_str(job->params, "entity", ""));
    Bulk b;
    if (!e)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!bulk_read(c, e, json_member(job->params, "request"), &b))
        return false;
    b.job = job;
    pace_init(&b.pace, WRITE_FIRST, BLOCK);
    b.upto = json_int(job->params, "upto", 0);
    if (!begin(c, &b))
        return false;
    Arena *keep = c->a, *block = arena_child(keep);
    int64_t ids[BLOCK], versions[BLOCK];
    bool ok = true;
    for (int n = 1; ok && !b.cancelled;) {
        c->a = block;
        ok = next_block(c, &b, ids, versions, &n) && (n == 0 || do_block(c, &b, ids, versions, n));
        c->a = keep;
        if (!ok)
            break; /* the mistakes live in the block */
        arena_reset(block);
        if (b.ids && b.after < b.slice_end && !b.cancelled)
            b.after = b.slice_end;
        else if (n == 0)
            break;
        if (job_stop_asked())
            return false; /* resumed by the next start */
    }
    return ok && tell_new_owner(c, &b) && !b.cancelled;
}
