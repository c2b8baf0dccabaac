/* Jobs, exports and imports over HTTP. See the contract, section 2, and docs/api.md. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "http/answer_file.h"
#include "http/api.h"
#include "record/attach.h"
#include "record/bulk.h"
#include "record/export.h"
#include "record/import/import.h"
#include "record/print/page.h"

#define XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

static bool accepted(Request *rq, int64_t job)
{
    rq->out.status = 202;
    respond_header(&rq->out, "Location", arena_printf(rq->c.a, "/api/v1/jobs/%" PRId64, job));
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_key(&w, "job");
    jw_obj(&w);
    jw_kint(&w, "id", job);
    jw_end(&w);
    jw_end(&w);
    return true;
}

bool api_job_list(Request *rq)
{
    int64_t limit;
    return request_number(rq, "limit", 1, 200, 50, &limit) &&
           job_list_json(&rq->c, (int)limit, request_query(rq, "cursor"), &rq->out.body);
}

bool api_job_get(Request *rq)
{
    return job_json(&rq->c, rq->id, &rq->out.body);
}

bool api_job_file(Request *rq)
{
    int64_t attachment;
    AttachFile f;
    return job_file(&rq->c, rq->id, &attachment) && attach_open(&rq->c, attachment, &f) &&
           answer_file(rq, f.path, f.name, f.mime, false);
}

bool api_job_undo(Request *rq)
{
    int64_t job;
    return bulk_undo(&rq->c, rq->id, &job) && accepted(rq, job);
}

bool api_job_results(Request *rq)
{
    int64_t limit;
    return request_number(rq, "limit", 1, 1000, 200, &limit) &&
           bulk_results(&rq->c, rq->id, request_query(rq, "cursor"), (int)limit, &rq->out.body);
}

bool api_record_bulk(Request *rq)
{
    json_object *in;
    int64_t job;
    return request_json(rq, &in) && bulk_start(&rq->c, rq->e, in, &rq->out.body, &job) &&
           (!job || accepted(rq, job));
}

bool api_job_cancel(Request *rq)
{
    return job_cancel(&rq->c, rq->id) && job_json(&rq->c, rq->id, &rq->out.body);
}

bool api_export(Request *rq)
{
    json_object *in;
    int64_t job;
    return request_json_or_empty(rq, &in) && export_start(&rq->c, rq->e, in, &job) &&
           accepted(rq, job);
}

/* ---- imports ------------------------------------------------------------------------------- */

bool api_import_create(Request *rq)
{
    Ctx *c = &rq->c;
    if (!rq->upload.path)
        return ctx_fail(c, ERR_BAD_REQUEST, "file", "err.file_wanted");
    int64_t id;
    const char *entity = request_query(rq, "entity");
    if (!entity)
        entity = map_get(&rq->form, "entity");
    if (!import_create(c, rq->upload.path, rq->upload.name, entity, &id))
        return false;
    rq->out.status = 201;
    respond_header(&rq->out, "Location", arena_printf(c->a, "/api/v1/imports/%" PRId64, id));
    return import_json(c, id, &rq->out.body);
}

bool api_import_list(Request *rq)
{
    int64_t limit;
    return request_number(rq, "limit", 1, 100, 20, &limit) &&
           import_list(&rq->c, request_query(rq, "cursor"), (int)limit, &rq->out.body);
}

bool api_import_get(Request *rq)
{
    return import_json(&rq->c, rq->id, &rq->out.body);
}

bool api_import_preview(Request *rq)
{
    ImportPreview p = {.encoding = request_query(rq, "encoding"),
                       .delimiter = request_query(rq, "delimiter")};
    return request_number(rq, "sheet", 0, 10000, 0, &p.sheet) &&
           request_number(rq, "from", 1, INT32_MAX, 1, &p.from) &&
           request_number(rq, "limit", 1, 100, 20, &p.limit) &&
           import_preview(&rq->c, rq->id, &p, &rq->out.body);
}

bool api_import_update(Request *rq)
{
    json_object *in;
    Buf ignored;
    buf_init(&ignored, rq->c.a);
    return import_json(&rq->c, rq->id, &ignored) && request_json(rq, &in) &&
           import_update(&rq->c, rq->id, in) && import_json(&rq->c, rq->id, &rq->out.body);
}

static bool queued(Request *rq, bool (*fn)(Ctx *, int64_t, int64_t *))
{
    int64_t job;
    return fn(&rq->c, rq->id, &job) && accepted(rq, job);
}

bool api_import_check(Request *rq)
{
    return queued(rq, import_check);
}

bool api_import_run(Request *rq)
{
    return queued(rq, import_run);
}

bool api_import_undo(Request *rq)
{
    return queued(rq, import_undo);
}

bool api_import_cancel(Request *rq)
{
    return import_cancel(&rq->c, rq->id) && import_json(&rq->c, rq->id, &rq->out.body);
}

bool api_import_errors(Request *rq)
{
    int64_t limit;
    return request_number(rq, "limit", 1, 1000, 200, &limit) &&
           import_errors(&rq->c, rq->id, request_query(rq, "kind"), request_query(rq, "cursor"),
                         (int)limit, &rq->out.body);
}

bool api_import_duplicates(Request *rq)
{
    int64_t limit;
    return request_number(rq, "limit", 1, 500, 100, &limit) &&
           import_duplicates(&rq->c, rq->id, request_query(rq, "cursor"), (int)limit,
                             &rq->out.body);
}

bool api_import_report(Request *rq)
{
    Ctx *c = &rq->c;
    const char *format = request_query(rq, "format"), *title;
    Report *r;
    if (!format || strcmp(format, "json") == 0)
        return import_report(c, rq->id, &rq->out.body);
    return print_format(c, format, &format) && import_print(c, rq->id, format, &r, &title) &&
           answer_report(rq, r, format, title);
}

bool api_import_errors_xlsx(Request *rq)
{
    const char *path;
    return import_errors_xlsx(&rq->c, rq->id, &path) &&
           answer_file(rq, path, "errors.xlsx", XLSX, true);
}

bool api_import_template(Request *rq)
{
    Ctx *c = &rq->c;
    const char *name = rq->params[0], *dot = strstr(name, ".xlsx");
    const Entity *e =
        dot && !dot[5] ? model_entity(c->model, arena_dup(c->a, name, (size_t)(dot - name))) : NULL;
    const char *path;
    if (!e || !(e->gets & GETS_IMPORT))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.no_template");
    return access_need(c, e, ACT_IMPORT) &&
           import_template(c, e, request_query(rq, "with"), &path) &&
           answer_file(rq, path, arena_printf(c->a, "%s导入模板.xlsx", e->label.zh), XLSX, true);
}
