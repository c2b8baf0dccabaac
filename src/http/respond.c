/* Answers: headers, ETags, problem documents (RFC 9457). See request.h. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/conf.h"
#include "base/msg.h"
#include "http/request.h"

void respond_header(Response *rs, const char *name, const char *value)
{
    assert(rs->n_headers < (int)(sizeof rs->headers / sizeof *rs->headers));
    rs->headers[rs->n_headers++] = (Header){name, value};
}

void respond_etag(Request *rq, int64_t version)
{
    respond_header(&rq->out, "ETag", arena_printf(rq->c.a, "\"%" PRId64 "\"", version));
}

void respond_nothing(Request *rq)
{
    rq->out.status = 204;
    buf_clear(&rq->out.body);
}

void respond_policy(Response *rs)
{
    respond_header(rs, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
}

void respond_always(Response *rs)
{
    respond_header(rs, "X-Content-Type-Options", "nosniff");
    respond_header(rs, "Referrer-Policy", "no-referrer");
    respond_header(rs, "Cross-Origin-Opener-Policy", "same-origin");
    respond_header(rs, "Cross-Origin-Resource-Policy", "same-origin");
    if (strncmp(conf_text("http.base_url"), "https://", 8) == 0)
        respond_header(rs, "Strict-Transport-Security", "max-age=31536000");
}

/* Where several apply: 401, then 403, 404, 428, 412, 400, 422, 409; anything else before them. */
static int rank(int status)
{
    static const int order[] = {401, 403, 404, 428, 412, 400, 422, 409};
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++)
        if (order[i] == status)
            return i + 1;
    return 0;
}

static const ErrItem *leading(const Ctx *c)
{
    const ErrItem *best = c->err;
    for (const ErrItem *e = c->err; e; e = e->next)
        if (rank(err_status(e->code)) < rank(err_status(best->code)))
            best = e;
    return best;
}

static void step_up_methods(Request *rq, Jw *w)
{
    int n = 0;
    const char *const *methods =
        rq->c.actor && rq->c.db ? session_step_up_methods(&rq->c, &n) : NULL;
    jw_key(w, "methods");
    jw_arr(w);
    for (int i = 0; i < n; i++)
        jw_str(w, methods[i]);
    jw_end(w);
}

/* So many tell a person what is wrong; a body of 60,000 unknown members is not answered with 5 MB. */
enum { MOST_ERRORS = 100 };

void respond_problem(Request *rq)
{
    Ctx *c = &rq->c;
    const ErrItem *lead = leading(c);
    ErrCode code = lead ? lead->code : ERR_INTERNAL;
    Response *o = &rq->out;
    o->status = err_status(code);
    o->type = "application/problem+json";
    o->n_headers = 0;
    o->fixed = NULL;
    buf_clear(&o->body);
    Jw w;
    jw_init(&w, &o->body);
    jw_obj(&w);
    jw_kstr(&w, "type", arena_printf(c->a, "urn:zhike:error:%s", err_name(code)));
    jw_kstr(&w, "title", msg_text(c->lang, arena_printf(c->a, "title.%d", o->status)));
    jw_kint(&w, "status", o->status);
    jw_kstr(&w, "detail", lead ? lead->message : msg_text(c->lang, "err.internal"));
    jw_kstr(&w, "code", err_name(code));
    jw_kstr(&w, "trace_id", c->trace_id);
    if (code == ERR_STEP_UP_REQUIRED)
        step_up_methods(rq, &w);
    if (code == ERR_MERGED) {
        jw_kint(&w, "merged_into", o->merged_into);
        if (o->merge)
            jw_kint(&w, "merge", o->merge);
    }
    if (code == ERR_APPROVAL_REQUIRED && o->moved)
        jw_kraw(&w, "moved", o->moved);
    jw_key(&w, "errors");
    jw_arr(&w);
    int left = MOST_ERRORS;
    for (const ErrItem *e = c->err; e && left > 0; e = e->next, left--) {
        jw_obj(&w);
        if (e->field)
            jw_kstr(&w, "field", e->field);
        jw_kstr(&w, "code", err_name(e->code));
        jw_kstr(&w, "message", e->message);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    respond_header(o, "Content-Type", "application/problem+json; charset=utf-8");
    respond_header(o, "Cache-Control", "no-store");
    respond_policy(o);
    respond_always(o);
    if (o->status == 429 || o->status == 503 || c->retry_after_s)
        respond_header(o, "Retry-After", ctx_num(c, c->retry_after_s ? c->retry_after_s : 1));
    if (o->status == 405)
        respond_header(o, "Allow", "GET, POST, PATCH, DELETE");
}
