/*
 * Exports: a list walked by id in blocks from one snapshot, written while it is read (export_write.c), so that
 * a million rows need no more memory than one block and show one moment. What he may not read is not in it;
 * what he reads masked is masked in it, by the same piece the lists are written with (record/rows).
 */
#include "record/export.h"

#include <stdio.h>
#include <string.h>

#include "auth/session.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "record/attach.h"
#include "record/export_pdf.h"
#include "record/export_write.h"
#include "record/search.h"

enum { EXPORT_BLOCK = 1000, PROGRESS_ROWS = 5000 };

/* ---- which rows ---------------------------------------------------------------------------- */

static bool filter_of(Ctx *c, const Entity *e, json_object *filter, Filter **out)
{
    ListQuery lq = {.filter = filter};
    Filter *read;
    if (!access_need(c, e, ACT_READ) || !rec_list_filter(c, e, &lq, ACT_EXPORT, out))
        return false;
    read = access_scope(c, e, ACT_READ);
    *out = filter_and(c->a, *out, read);
    return true;
}

static void where(Ctx *c, Sql *q, const Entity *e, const Filter *f, const char *words)
{
    sql_add(q, e->standard ? SQL(" WHERE t0.\"deleted_at\" IS NULL") : SQL(" WHERE 1 = 1"));
    if (f->kind != FILTER_TRUE) {
        sql_add(q, SQL(" AND "));
        filter_sql(c, q, e, "t0", f);
    }
    if (words && *words) {
        sql_add(q, SQL(" AND "));
        search_sql(c, q, e, "t0", words, NULL);
    }
}

static bool count_rows(Ctx *c, const Entity *e, const Filter *f, const char *words, int64_t *out)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT COUNT(*) FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0"));
    where(c, &q, e, f, words);
    return db_one_int(c, sql_text(&q), q.params, q.n, out, NULL);
}

/* ---- starting ------------------------------------------------------------------------------ */

typedef struct Start {
    const Entity *e;
    const char *params, *digest;
    int64_t rows, job;
} Start;

static bool start_write(Ctx *c, void *arg)
{
    Start *s = arg;
    ConfRate limit = conf_rate("limit.export_rows");
    if (!c->actor->is_system && s->rows &&
        !rate_take(c, arena_printf(c->a, "export:%lld", (long long)c->actor->user), (int)limit.n,
                   limit.per_ms, (int)s->rows))
        return false;
    AuditEntry a = {.action = "export",
                    .entity = s->e->name,
                    .changes = arena_printf(c->a, "{\"rows\":%lld,\"filter\":\"%s\"}",
                                            (long long)s->rows, s->digest)};
    return job_add(c, "export", s->params, &s->job) && audit_add(c, &a);
}

/* "name,phone" from a text or a list. */
static bool fields_text(Ctx *c, json_object *in, const char **out)
{
    Buf b;
    *out = NULL;
    if (!in)
        return true;
    if (json_object_is_type(in, json_type_string)) {
        *out = json_object_get_string(in);
        return true;
    }
    if (!json_object_is_type(in, json_type_array))
        return ctx_fail(c, ERR_TYPE, "fields", "err.export.fields");
    buf_init(&b, c->a);
    for (size_t i = 0; i < json_object_array_length(in); i++)
        buf_printf(&b, "%s%s", i ? "," : "",
                   json_object_get_string(json_object_array_get_idx(in, i)));
    *out = b.len ? b.data : NULL;
    return true;
}

static const char *params_text(Ctx *c, const Entity *e, json_object *filter, const char *q,
                               const char *fields, const char *format, int64_t rows)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "entity", e->name);
    jw_kraw(&w, "filter",
            filter ? json_object_to_json_string_ext(filter, JSON_C_TO_STRING_PLAIN) : "null");
    jw_kstr(&w, "q", q);
    jw_kstr(&w, "fields", fields);
    jw_kstr(&w, "format", format);
    jw_kstr(&w, "lang", c->lang);
    jw_kint(&w, "rows", rows);
    jw_end(&w);
    return b.data;
}

/* Rows a day that need no second verification: all exports together, or many small ones make a big one. */
static bool free_rows(Ctx *c, int64_t rows)
{
    enum { DAY_MS = 86400000 };
    int64_t most = conf_int("limit.export_free_rows");
    int before = c->n_err;
    if (actor_stepped_up(c) || rows == 0)
        return true;
    if (rows > most)
        return false;
    if (rate_take(c, arena_printf(c->a, "export-free:%lld", (long long)c->actor->user), (int)most,
                  DAY_MS, (int)rows))
        return true;
    if (c->err_last->code == ERR_LIMIT) {
        ctx_errors_back_to(c, before);
        c->retry_after_s = 0;
        return false;
    }
    return true; /* with the mistake in the Ctx */
}

/* Of ExportKind; -1 for none. */
static int form_of(const char *format)
{
    return strcmp(format, "xlsx") == 0  ? EXPORT_XLSX
           : strcmp(format, "csv") == 0 ? EXPORT_CSV
           : strcmp(format, "pdf") == 0 ? EXPORT_PDF
                                        : -1;
}

/* Is "id" among the wished fields? Lists give it always, a file only on wish. */
static bool wants_id(const char *fields)
{
    for (const char *p = fields; p && *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
        if (strcspn(p, ",") == 2 && strncmp(p, "id", 2) == 0)
            return true;
    }
    return false;
}

bool export_start(Ctx *c, const Entity *e, json_object *in, int64_t *out_job)
{
    static const JsonWant want[] = {
        {"filter", json_type_null, false},   {"fields", json_type_null, false},
        {"format", json_type_string, false}, {"q", json_type_string, false},
        {"sort", json_type_string, false},   {NULL, json_type_null, false}};
    if (!(e->gets & GETS_EXPORT))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!access_need(c, e, ACT_EXPORT) || (in && !json_want(c, in, want)))
        return false;
    json_object *filter = in ? json_member(in, "filter") : NULL;
    const char *format = in ? json_str(in, "format", "xlsx") : "xlsx",
               *q = in ? json_str(in, "q", NULL) : NULL, *fields;
    RowSet set;
    Filter *f;
    int form = form_of(format);
    if (form < 0)
        return ctx_fail(c, ERR_INVALID, "format", "err.export.format");
    if (q && strlen(q) > 200) /* as with a list */
        return ctx_fail(c, ERR_BAD_REQUEST, "q", "err.text_length", "q", "200");
    Start s = {.e = e};
    if (!fields_text(c, in ? json_member(in, "fields") : NULL, &fields) ||
        (in && !rec_list_sort(c, e, json_str(in, "sort", NULL))) ||
        !rows_choose(c, e, fields, false, &set) || !filter_of(c, e, filter, &f) ||
        !count_rows(c, e, f, q, &s.rows))
        return false;
    if (form == EXPORT_PDF && !export_pdf_fits(c, s.rows, set.n_fields + wants_id(fields)))
        return false;
    if (!free_rows(c, s.rows) && !access_need_step_up(c))
        return false;
    if (c->n_err)
        return false;
    if (s.rows > conf_rate("limit.export_rows").n && !c->actor->is_system)
        return ctx_fail(c, ERR_LIMIT, NULL, "err.export.no_rows_left", ctx_num(c, s.rows));
    char *digest = arena_alloc(c->a, 65);
    const char *what = filter ? json_object_to_json_string_ext(filter, JSON_C_TO_STRING_PLAIN) : "";
    CryptSha256 h;
    crypt_sha256_start(&h);
    crypt_sha256_add(&h, what, strlen(what));
    crypt_sha256_end(&h, digest);
    s.digest = digest;
    s.params = params_text(c, e, filter, q, fields, format, s.rows);
    if (!db_write(c, start_write, &s))
        return false;
    *out_job = s.job;
    return true;
}

/* ---- the job ------------------------------------------------------------------------------- */

typedef struct Walk {
    const Entity *e;
    json_object *filter;
    const char *q, *fields;
    int64_t after, done, total;
    ExportOut *out;
    bool cancelled;
} Walk;

/* One block on the step arena; *more says whether another may follow. */
static bool block(Ctx *c, Walk *w, bool *more)
{
    RowSet s;
    Filter *f;
    Sql q;
    if (!rows_choose(c, w->e, w->fields, false, &s) || !filter_of(c, w->e, w->filter, &f))
        return false;
    s.flags = false;
    sql_init(&q, c->a);
    rows_select(c, &s, &q, NULL, NULL);
    where(c, &q, w->e, f, w->q);
    sql_add(&q, SQL(" AND t0.\"id\" > "));
    sql_bind(&q, db_of_int(w->after));
    sql_add(&q, SQL(" ORDER BY t0.\"id\" ASC LIMIT "));
    sql_number(&q, w->total - w->done < EXPORT_BLOCK ? w->total - w->done : EXPORT_BLOCK);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        rows_add(c, &s, r);
    db_done(r);
    if (c->n_err || !rows_finish(c, &s) || !export_out_rows(c, w->out, &s))
        return false;
    if (s.n)
        w->after = s.rows[s.n - 1].rec.id;
    w->done += s.n;
    *more = s.n == EXPORT_BLOCK && w->done < w->total;
    return true;
}

static bool walk(Ctx *c, Walk *w, Job *job)
{
    Arena *keep = c->a, *step = arena_child(keep);
    int64_t told = 0;
    for (bool more = w->total > 0; more;) {
        arena_reset(step);
        c->a = step;
        bool ok = block(c, w, &more);
        if (ok && (!more || w->done - told >= PROGRESS_ROWS)) {
            ok = job_progress(c, job, w->done, w->total, NULL, NULL, &w->cancelled);
            told = w->done;
        }
        c->a = keep;
        if (!ok || w->cancelled || job_stop_asked())
            return false;
    }
    return true;
}

static bool write_all(Ctx *c, Walk *w, Job *job, const char *path, int form)
{
    RowSet s;
    ExportKind kind = {.path = path, .form = form, .with_id = wants_id(w->fields)};
    if (!rows_choose(c, w->e, w->fields, false, &s) || !db_snapshot(c))
        return false;
    bool ok = export_out_open(c, &kind, &s, &w->out) && walk(c, w, job);
    db_snapshot_end(c);
    return export_out_close(c, w->out, ok) && ok;
}

/* In one write with the row of the file: of two who ran it, one leaves a file. */
static bool ended(Ctx *c, void *job, int64_t file)
{
    return job_end(c, job, JOB_IS_DONE, NULL, file);
}

bool export_job(Ctx *c, Job *job)
{
    const char *format = json_str(job->params, "format", "xlsx");
    Walk w = {.e = model_entity(c->model, json_str(job->params, "entity", "")),
              .filter = json_member(job->params, "filter"),
              .q = json_str(job->params, "q", NULL),
              .fields = json_str(job->params, "fields", NULL),
              .after = INT64_MIN,
              .total = json_int(job->params, "rows", 0)};
    if (!w.e)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    c->lang = json_str(job->params, "lang", c->lang);
    char *path = attach_tmp(c, arena_printf(c->a, ".%s", format));
    if (!write_all(c, &w, job, path, form_of(format))) {
        (void)remove(path);
        return false;
    }
    char day[11];
    int64_t file;
    clock_day_of(c->now_ms, c->zone, day);
    AttachNew n = {.path = path,
                   .name =
                       arena_printf(c->a, "%s_%s.%s", label_in(w.e->label, c->lang), day, format),
                   .parent_type = "job",
                   .parent = job->id,
                   .with = ended,
                   .arg = job};
    return attach_store(c, &n, &file);
}
