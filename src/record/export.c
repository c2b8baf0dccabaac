/*
 * Exports: a list walked by id in blocks, written while it is read, so that a million rows need no more
 * memory than one block. What he may not read is not in it; what he reads masked is masked in it, by the
 * same piece the lists are written with (record/rows). Workbooks hold phones and codes as text, dates as dates;
 * text files are guarded against formulas (base/csv).
 */
#include "record/export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xlsxwriter.h>

#include "auth/session.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/utf8.h"
#include "meta/types.h"
#include "record/attach.h"
#include "record/rows.h"
#include "record/search.h"

enum { EXPORT_BLOCK = 500, SHEET_ROWS = 1048575, PROGRESS_ROWS = 5000 };

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
        search_sql(c, q, e, "t0", words);
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
    if (strcmp(format, "xlsx") != 0 && strcmp(format, "csv") != 0)
        return ctx_fail(c, ERR_INVALID, "format", "err.export.format");
    Start s = {.e = e};
    if (!fields_text(c, in ? json_member(in, "fields") : NULL, &fields) ||
        !rows_choose(c, e, fields, false, &set) || !filter_of(c, e, filter, &f) ||
        !count_rows(c, e, f, q, &s.rows))
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

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct Out {
    const char *path;
    /* .xlsx */
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *head, *day, *instant, *money;
    lxw_row_t line;
    /* .csv */
    FILE *file;
    const char *lang;
    bool failed;
} Out;

static double column_width(const Field *f)
{
    switch (f->type) {
    case FT_TEXT: return 40;
    case FT_DATETIME: return 18;
    case FT_DATE:
    case FT_OPTION:
    case FT_BOOL:
    case FT_INT: return 12;
    default: return f == f->entity->title ? 32 : 18;
    }
}

static void sheet_begin(Out *o, const RowSet *s)
{
    o->sheet = workbook_add_worksheet(o->book, NULL);
    for (int i = 0; o->sheet && i < s->n_fields; i++)
        worksheet_set_column(o->sheet, (lxw_col_t)i, (lxw_col_t)i, column_width(s->fields[i]),
                             NULL);
    for (int i = 0; o->sheet && i < s->n_fields; i++)
        worksheet_write_string(o->sheet, 0, (lxw_col_t)i, label_in(s->fields[i]->label, o->lang),
                               o->head);
    if (o->sheet)
        worksheet_freeze_panes(o->sheet, 1, 0);
    o->line = 1;
}

static bool open_xlsx(Ctx *c, Out *o, const RowSet *s)
{
    char *tmp = arena_printf(c->a, "%s/tmp", attach_dir());
    lxw_workbook_options opts = {
        .constant_memory = LXW_TRUE, .tmpdir = tmp, .use_zip64 = LXW_FALSE};
    o->book = workbook_new_opt(o->path, &opts);
    if (!o->book)
        return file_fail(c, o->path, ENOMEM);
    o->head = workbook_add_format(o->book);
    format_set_bold(o->head);
    format_set_bg_color(o->head, 0xEEF2F7);
    o->day = workbook_add_format(o->book);
    format_set_num_format(o->day, "yyyy-mm-dd");
    o->instant = workbook_add_format(o->book);
    format_set_num_format(o->instant, "yyyy-mm-dd hh:mm");
    o->money = workbook_add_format(o->book);
    format_set_num_format(o->money, "#,##0.00");
    sheet_begin(o, s);
    return o->sheet || file_fail(c, o->path, errno);
}

static bool open_csv(Ctx *c, Out *o, const RowSet *s)
{
    Buf b;
    CsvWriter w;
    o->file = fopen(o->path, "wbe");
    if (!o->file)
        return file_fail(c, o->path, errno);
    buf_init(&b, c->a);
    csv_writer_init(&w, &b);
    csv_bom(&w);
    for (int i = 0; i < s->n_fields; i++)
        csv_cell(&w, label_in(s->fields[i]->label, o->lang));
    csv_row_end(&w);
    o->failed = fwrite(b.data, 1, b.len, o->file) != b.len;
    return !o->failed || file_fail(c, o->path, errno);
}

static void write_day(Out *o, lxw_col_t col, int year, int month, int day, int hour, int minute,
                      double second, lxw_format *fmt, const char *text)
{
    lxw_datetime at = {year, month, day, hour, minute, second};
    if (year >= 1900)
        worksheet_write_datetime(o->sheet, o->line, col, &at, fmt);
    else
        worksheet_write_string(o->sheet, o->line, col, text, NULL);
}

static double scaled(const DbVal *v, int scale)
{
    double d = (double)v->i;
    for (int i = 0; i < scale; i++)
        d /= 10;
    return d;
}

static void xlsx_cell(Ctx *c, Out *o, const RowSet *s, const Row *row, int at)
{
    const Field *f = s->fields[at];
    const DbVal *v = &row->rec.v[f->index];
    lxw_col_t col = (lxw_col_t)at;
    char *text = rows_text(c, s, row, at);
    bool plain = s->masked[at] && !row->clear;
    ClockParts t;
    if (!*text)
        return;
    switch (plain || v->kind == DB_NULL ? FT_STRING : f->type) {
    case FT_INT: worksheet_write_number(o->sheet, o->line, col, (double)v->i, NULL); break;
    case FT_FLOAT: worksheet_write_number(o->sheet, o->line, col, v->d, NULL); break;
    case FT_DECIMAL:
        worksheet_write_number(o->sheet, o->line, col, scaled(v, f->scale), NULL);
        break;
    case FT_MONEY:
        worksheet_write_number(o->sheet, o->line, col, (double)v->i / 100, o->money);
        break;
    case FT_DATETIME:
        t = clock_parts(v->i, c->zone);
        write_day(o, col, t.year, t.month, t.day, t.hour, t.minute, t.second, o->instant, text);
        break;
    case FT_DATE:
        t = clock_parts(clock_day_number(text) * 86400000, "UTC");
        write_day(o, col, t.year, t.month, t.day, 0, 0, 0, o->day, text);
        break;
    default: /* phones, codes, labels: always text */
        if (strlen(text) > 32000)
            text[utf8_clip(text, 10000)] = 0; /* a cell holds 32,767 */
        worksheet_write_string(o->sheet, o->line, col, text, NULL);
    }
}

static void xlsx_row(Ctx *c, Out *o, const RowSet *s, const Row *row)
{
    if (o->line > SHEET_ROWS)
        sheet_begin(o, s);
    for (int i = 0; o->sheet && i < s->n_fields; i++)
        xlsx_cell(c, o, s, row, i);
    o->line++;
}

static void csv_line(Ctx *c, CsvWriter *w, const RowSet *s, const Row *row)
{
    for (int i = 0; i < s->n_fields; i++) {
        FieldType t = s->fields[i]->type;
        bool raw = t == FT_INT || t == FT_FLOAT || t == FT_DECIMAL || t == FT_MONEY ||
                   t == FT_DATE || t == FT_DATETIME;
        char *text = t == FT_DATETIME && row->rec.v[s->fields[i]->index].kind == DB_INT &&
                             !(s->masked[i] && !row->clear)
                         ? type_text(c, s->fields[i], &row->rec.v[s->fields[i]->index])
                         : rows_text(c, s, row, i);
        if (raw)
            csv_cell_raw(w, text);
        else
            csv_cell(w, text);
    }
    csv_row_end(w);
}

static bool write_rows(Ctx *c, Out *o, const RowSet *s, int n)
{
    Buf b;
    CsvWriter w;
    buf_init(&b, c->a);
    csv_writer_init(&w, &b);
    for (int i = 0; i < n; i++) {
        if (o->book)
            xlsx_row(c, o, s, &s->rows[i]);
        else
            csv_line(c, &w, s, &s->rows[i]);
    }
    if (o->file && fwrite(b.data, 1, b.len, o->file) != b.len)
        return file_fail(c, o->path, errno);
    return !o->book || o->sheet || file_fail(c, o->path, ENOSPC);
}

static bool close_out(Ctx *c, Out *o)
{
    if (o->book) {
        lxw_error err = workbook_close(o->book);
        o->book = NULL;
        return err == LXW_NO_ERROR ||
               file_fail(c, o->path, err == LXW_ERROR_CREATING_TMPFILE ? ENOSPC : EIO);
    }
    FILE *f = o->file;
    o->file = NULL;
    return !f || fclose(f) == 0 || file_fail(c, o->path, errno);
}

/* ---- the job ------------------------------------------------------------------------------- */

typedef struct Walk {
    const Entity *e;
    json_object *filter;
    const char *q, *fields;
    int64_t after, done, total;
    Out out;
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
    rows_select(c, &s, &q, NULL);
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
    if (c->n_err || !rows_finish(c, &s) || !write_rows(c, &w->out, &s, s.n))
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

static bool open_out(Ctx *c, Walk *w, bool xlsx)
{
    RowSet s;
    return rows_choose(c, w->e, w->fields, false, &s) &&
           (xlsx ? open_xlsx(c, &w->out, &s) : open_csv(c, &w->out, &s));
}

bool export_job(Ctx *c, Job *job)
{
    const char *format = json_str(job->params, "format", "xlsx");
    bool xlsx = strcmp(format, "xlsx") == 0;
    Walk w = {.e = model_entity(c->model, json_str(job->params, "entity", "")),
              .filter = json_member(job->params, "filter"),
              .q = json_str(job->params, "q", NULL),
              .fields = json_str(job->params, "fields", NULL),
              .after = INT64_MIN,
              .total = json_int(job->params, "rows", 0)};
    if (!w.e)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    c->lang = json_str(job->params, "lang", c->lang);
    w.out.lang = c->lang;
    w.out.path = attach_tmp(c, xlsx ? ".xlsx" : ".csv");
    bool ok = open_out(c, &w, xlsx) && walk(c, &w, job);
    if (!close_out(c, &w.out) || !ok) {
        (void)remove(w.out.path);
        return false;
    }
    char day[11];
    int64_t file;
    clock_day_of(c->now_ms, c->zone, day);
    AttachNew n = {.path = w.out.path,
                   .name =
                       arena_printf(c->a, "%s_%s.%s", label_in(w.e->label, c->lang), day, format),
                   .parent_type = "job",
                   .parent = job->id};
    return attach_store(c, &n, &file) && job_end(c, job->id, JOB_IS_DONE, NULL, file);
}
