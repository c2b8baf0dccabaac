/*
 * The gate: what every request passes before its handler, in this order: trace id and language,
 * who is asking (session or token), CSRF, known query parameters, entity, right, step-up; then the
 * handler; then one check that its verdict and its mistakes agree; then the answer and one log line.
 * Handlers hold no permission code; the record engine asks auth/access once more for rows and fields.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/id.h"
#include "base/log.h"
#include "base/meter.h"
#include "base/msg.h"
#include "domain/upkeep/factor.h"
#include "http/header.h"
#include "http/route.h"
#include "http/tally.h"

static void choose_language(Request *rq)
{
    const char *accept = request_header(rq, "Accept-Language");
    const char *wanted = accept ? accept : rq->c.actor ? rq->c.actor->locale : NULL;
    if (wanted && strncasecmp(wanted, "en", 2) == 0)
        rq->c.lang = "en";
}

static bool who(Request *rq)
{
    Ctx *c = &rq->c;
    const char *bearer = request_header(rq, "Authorization");
    const char *agent = request_agent(rq);
    const char *cookies = request_header(rq, "Cookie");
    const char *cookie = header_cookie(c->a, cookies, "__Host-zhike_session");
    Actor *actor = NULL;
    if (!cookie)
        cookie = header_cookie(c->a, cookies, "zhike_session");
    if (bearer && strncasecmp(bearer, "Bearer ", 7) == 0) {
        rq->bearer = true;
        if (!token_find(c, bearer + 7, rq->ip, agent, &actor))
            return false;
    } else if (cookie) {
        if (!session_find(c, cookie, rq->ip, agent, &actor))
            return false;
        rq->session = cookie;
    } else {
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    }
    c->actor = actor;
    c->zone = actor->zone && *actor->zone ? actor->zone : conf_text("company.zone");
    return true;
}

/*
 * The token of metrics.token; where none is set, a program on this machine. What came through a proxy is not from this
 * machine, whoever the peer is, and a proxy that hides that it is one must not be before a server without the token.
 */
static bool operator(Request *rq)
{
    static const char *const marks[] = {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
                                        "X-Real-IP",       "Forwarded",        "Via"};
    const char *bearer = request_header(rq, "Authorization"), *token = conf_text("metrics.token");
    bool ok = strncmp(rq->ip, "127.", 4) == 0 || strcmp(rq->ip, "::1") == 0 ||
              strncmp(rq->ip, "::ffff:127.", 11) == 0;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        ok = ok && !request_header(rq, marks[i]);
    ok = ok && !rq->proxied;
    if (*token)
        ok =
            bearer && strncasecmp(bearer, "Bearer ", 7) == 0 && crypt_equal_text(bearer + 7, token);
    return ok || ctx_fail(&rq->c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
}

/* Where a browser says which page asks, it must be a page of ours. */
static bool same_origin(Request *rq)
{
    const char *origin = request_header(rq, "Origin"), *host = request_header(rq, "Host");
    return !origin || !host || header_same_origin(origin, host, conf_text("http.base_url"));
}

/* A change by cookie needs the token in a header, and must not come from another site's page. */
static bool csrf(Request *rq)
{
    if (rq->method == GET || rq->bearer)
        return true;
    /* signing in needs no token, but nobody is to be signed in by a page of somebody else */
    const char *given = request_header(rq, "X-CSRF-Token");
    bool token =
        rq->route->who == WHO_ANYONE ||
        (given && rq->session && crypt_equal_text(given, session_csrf(rq->c.a, rq->session)));
    return (token && same_origin(rq)) || ctx_fail(&rq->c, ERR_CSRF, NULL, "err.csrf");
}

static bool known_query(Request *rq)
{
    if (rq->route->query && strcmp(rq->route->query, "*") == 0)
        return true; /* the page's own addresses */
    for (size_t i = 0; i < rq->query.n; i++) {
        const char *name = rq->query.items[i].key, *known = rq->route->query;
        size_t n = strlen(name);
        bool found = false;
        while (known && *known && !found) {
            size_t len = strcspn(known, " ");
            found = len == n && strncmp(known, name, n) == 0;
            known += len + (known[len] == ' ');
        }
        if (!found)
            return ctx_fail(&rq->c, ERR_BAD_REQUEST, name, "err.query_unknown", name);
    }
    return true;
}

static bool entity(Request *rq)
{
    if (strncmp(rq->route->path, "/api/v1/:plural", 15) != 0)
        return true;
    const Entity *e = model_plural(rq->c.model, rq->params[0]);
    if (!e || !e->routes)
        return ctx_fail(&rq->c, ERR_NOT_FOUND, NULL, "err.no_such_call");
    rq->e = e;
    if (rq->route->act_set && !access_need(&rq->c, e, rq->route->act))
        return false;
    if (e->readonly && rq->method != GET && !strstr(rq->route->path, "/actions/") &&
        !strstr(rq->route->path, "/export"))
        return ctx_fail(&rq->c, ERR_FORBIDDEN, NULL, "err.readonly_entity");
    return true;
}

/*
 * A page of another site whose name is made to resolve to this server must not be answered: names are
 * those of http.hosts, or of http.base_url and "localhost"; a bare address cannot be made to move.
 */
static bool host_known(Request *rq)
{
    const char *given = request_header(rq, "Host"),
               *base = strstr(conf_text("http.base_url"), "://");
    if (!given)
        return true;
    bool address;
    const char *name = header_host(rq->c.a, given, &address);
    if (address)
        return true;
    const char *const *hosts = conf_list("http.hosts");
    bool found = !*hosts && strcasecmp(name, "localhost") == 0;
    for (; *hosts; hosts++)
        found |= strcasecmp(*hosts, name) == 0;
    if (base) {
        size_t n = strcspn(base + 3, ":/");
        found |= strlen(name) == n && strncasecmp(base + 3, name, n) == 0;
    }
    return found || ctx_fail(&rq->c, ERR_MISDIRECTED, NULL, "err.misdirected", name);
}

static bool password_due(Request *rq)
{
    const Actor *a = rq->c.actor;
    if (!a || !a->must_change_password || strcmp(rq->route->path, "/api/v1/me") == 0 ||
        strcmp(rq->route->path, "/api/v1/me/password") == 0 ||
        strcmp(rq->route->path, "/api/v1/session") == 0)
        return true;
    return ctx_fail(&rq->c, ERR_FORBIDDEN, "password", "err.must_change_password");
}

/* The path itself or one below it: "/api/v1/session" is not the beginning of "/api/v1/sessions". */
static bool at_or_below(const char *path, const char *top)
{
    size_t n = strlen(top);
    return strncmp(path, top, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* A number to register before anything else: what that takes is open. */
static bool factor_wanted(Request *rq)
{
    static const char *const open[] = {"/api/v1/me/factor", "/api/v1/step-up", "/api/v1/session",
                                       "/api/v1/me/password", "/api/v1/schema"};
    const Actor *a = rq->c.actor;
    bool due;
    if (!a || !a->factor_due || !a->session || strcmp(rq->route->path, "/api/v1/me") == 0)
        return true;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (at_or_below(rq->route->path, open[i]))
            return true;
    return factor_due(&rq->c, &due) &&
           (!due || ctx_fail(&rq->c, ERR_FORBIDDEN, "factor", "err.factor_due"));
}

/*
 * 404, 428 and 412 come before 400: when the query or the body of a call on one record was refused,
 * what is wrong with the record or its version is said instead. Always false.
 */
static bool record_first(Request *rq)
{
    Ctx *c = &rq->c;
    if (!rq->e || strncmp(rq->route->path, "/api/v1/:plural/:id", 19) != 0 ||
        strstr(rq->route->path, "/restore") || strstr(rq->route->path, "/erase") || !c->err ||
        err_status(c->err->code) != 400)
        return false;
    ErrItem *err = c->err, *last = c->err_last;
    int n = c->n_err;
    bool versioned = rq->method == PATCH || (rq->method == DELETE_ && rq->route->act == ACT_DELETE);
    Record r;
    c->err = c->err_last = NULL;
    c->n_err = 0;
    if (!rec_get(c, rq->e, rq->id, false, &r))
        return false;
    c->err = c->err_last = NULL;
    c->n_err = 0;
    if (versioned && request_if_match(rq) == -1)
        return ctx_fail(c, ERR_VERSION_REQUIRED, NULL, "err.version_required");
    if (versioned && request_if_match(rq) != r.version)
        return ctx_fail(c, ERR_STALE, NULL, "err.stale");
    c->err = err;
    c->err_last = last;
    c->n_err = n;
    return false;
}

static bool pass(Request *rq)
{
    Ctx *c = &rq->c;
    if (!rq->route)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.no_such_call");
    if (!host_known(rq))
        return false;
    if (rq->route->who == WHO_OPERATOR && !operator(rq))
        return false;
    if ((rq->route->who == WHO_USER && !who(rq)) || !csrf(rq) || !password_due(rq) ||
        !factor_wanted(rq))
        return false;
    choose_language(rq);
    if (!entity(rq) || (rq->route->right && !access_need_right(c, rq->route->right)) ||
        (rq->route->step_up && !access_need_step_up(c)))
        return false;
    return (known_query(rq) && (!rq->route->bare || request_bare(rq))) || record_first(rq);
}

static void finish(Request *rq)
{
    Response *o = &rq->out;
    if (!o->status)
        o->status = 200;
    bool has_body = o->body.len || o->fixed || o->fd >= 0;
    if (has_body && !o->live)
        respond_header(o, "Content-Type", o->type ? o->type : "application/json; charset=utf-8");
    bool cached = false, policy = false;
    for (int i = 0; i < o->n_headers; i++) {
        cached |= strcmp(o->headers[i].name, "Cache-Control") == 0;
        policy |= strcmp(o->headers[i].name, "Content-Security-Policy") == 0;
    }
    if (!cached)
        respond_header(o, "Cache-Control", "no-store");
    if (!policy)
        respond_policy(o);
    respond_always(o);
}

static void begin(Request *rq)
{
    Ctx *c = &rq->c;
    Model *m = model_hold();
    c->model = m;
    if (m)
        arena_defer(c->a, model_release, m);
    id_trace(c->trace_id);
    c->vital = rq->route && rq->route->vital;
    c->deadline_ms = clock_mono_ms() + conf_duration_ms("query.timeout");
    choose_language(rq);
}

static void end(Request *rq)
{
    Ctx *c = &rq->c;
    const char *detail = NULL;
    for (const ErrItem *e = c->err; e; e = e->next)
        if (e->detail)
            detail = e->detail;
    db_release(c);
    meter_add(METER_STATEMENTS, c->n_sql);
    tally_request(rq->route, rq->out.status, clock_mono_ms() - rq->started_ms);
    /* on the thread that made it: its heap has it at hand, another one's would have to wait for the lock */
    json_read_end(c, rq->in);
    rq->in = NULL;
    log_write(rq->out.status >= 500 ? LOG_ERROR : LOG_INFO, "request", LOG_S("trace", c->trace_id),
              LOG_S("method", method_name(rq->method)),
              LOG_S("route", rq->route ? rq->route->path : "-"), LOG_I("status", rq->out.status),
              LOG_I("ms", clock_mono_ms() - rq->started_ms), LOG_I("sql", c->n_sql),
              LOG_S("by", c->brief ? "poller" : "worker"),
              LOG_I("user", c->actor ? c->actor->user : 0), LOG_S("detail", detail));
}

/* Before the body of an upload: the gate without the handler. */
void gate_check(Request *rq)
{
    begin(rq);
    if (pass(rq)) {
        db_release(&rq->c);
        return;
    }
    respond_problem(rq);
    end(rq);
}

static const ErrItem *fault_of(const Ctx *c)
{
    const ErrItem *e = c->err;
    while (e && err_status(e->code) < 500)
        e = e->next;
    return e;
}

/*
 * What a caller is told rests on what the database said. Where a trial forgot that it said nothing (c->faulted), "not
 * found" or a list without names need not be true; and once something was committed, "nothing was saved" is not.
 */
static bool honest(Ctx *c, bool ok)
{
    const ErrItem *fault = fault_of(c);
    if (c->faulted && !fault && !(ok && c->saved)) {
        ctx_errors_forget(c, 0);
        c->retry_after_s = 2;
        ok = ctx_fail_detail(c, ERR_BUSY, "a fault was passed over", "err.db_busy");
        fault = c->err;
    }
    if (fault && c->saved && fault->code != ERR_COMMIT_UNKNOWN) {
        const char *detail = fault->detail;
        ctx_errors_forget(c, 0);
        ok = ctx_fail_detail(c, ERR_COMMIT_UNKNOWN, detail, "err.commit_unknown");
    }
    return ok;
}

/* From the complete request to the answer in rq->out; begin was called. */
static void answer(Request *rq)
{
    Ctx *c = &rq->c;
    bool ok = pass(rq) && (rq->route->fn(rq) || record_first(rq));
    if (ok && arena_over_cap(c->a) && (c->retry_after_s = 2))
        ok = ctx_fail(c, ERR_BUSY, NULL, "err.too_much_memory");
    assert(ok == (c->n_err == 0));
    if (ok && c->n_err) /* where asserts are off: never a success that holds mistakes */
        ok = false;
    if (!ok && !c->n_err)
        ctx_fail_detail(c, ERR_INTERNAL, "refused without a reason", "err.internal");
    if (honest(c, ok))
        finish(rq);
    else
        respond_problem(rq);
}

/* A path of the API is answered in JSON; anything else is the page. */
void gate_run(Request *rq)
{
    begin(rq);
    answer(rq);
    end(rq);
}

bool gate_try(Request *rq, int64_t budget_ms, bool *too_long)
{
    Request before = *rq;
    Ctx *c = &rq->c;
    begin(rq);
    ctx_brief_begin(c, budget_ms);
    answer(rq);
    if (c->ran_over) {
        db_release(c);
        if (rq->out.fd >= 0)
            close(rq->out.fd);
        *too_long = c->ran_long;
        *rq = before; /* what the arena got meanwhile goes with the request */
        return false;
    }
    end(rq);
    return true;
}
