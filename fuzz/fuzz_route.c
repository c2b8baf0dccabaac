/*
 * Every handler of the table of routes, as an administrator who may everything: bodies, filters, cursors, sorts,
 * views, mappings, bulk changes, settings. Input: "METHOD path?name=value&name=value", a new line, the body; "@c"
 * stands for the id of a customer, see house.h. A handler answers JSON, or says what is wrong of the request; it never
 * fails by itself (5xx), never crashes, and never says both yes and no.
 */
#include "house.h"

#include "http/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take_line(Request *rq, char *line)
{
    static const struct {
        const char *name;
        Method m;
    } all[] = {{"GET ", GET}, {"POST ", POST}, {"PATCH ", PATCH}, {"DELETE ", DELETE_}};
    char *rest = NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all && !rest; i++)
        if (strncmp(line, all[i].name, strlen(all[i].name)) == 0) {
            rq->method = all[i].m;
            rest = line + strlen(all[i].name);
        }
    if (!rest)
        return false;
    char *query = strchr(rest, '?');
    if (query)
        *query++ = '\0';
    rq->path = arena_printf(rq->c.a, "/api/v1/%s", rest);
    for (char *next; query; query = next) {
        next = strchr(query, '&');
        if (next)
            *next++ = '\0';
        char *value = strchr(query, '=');
        if (value)
            *value++ = '\0';
        if (map_has(&rq->query, query))
            return false;
        map_put(&rq->query, query, value ? value : "");
    }
    return utf8_valid(rest, strlen(rest));
}

/* What the gate and the server have seen to before a handler is called. */
static bool admitted(Request *rq)
{
    bool other;
    const Route *r = rq->route = router_find(rq, &other);
    if (!r || r->stream || r->upload || r->who != WHO_USER || rq->body.len > r->max_body ||
        strstr(r->path, "password") || strstr(r->path, "step-up") || strstr(r->path, "/session"))
        return false;
    for (size_t i = 0; i < rq->query.n; i++) {
        const char *value = map_get(&rq->query, rq->query.items[i].key);
        const char *at = r->query ? strstr(r->query, rq->query.items[i].key) : NULL;
        if (!at || !*rq->query.items[i].key || !utf8_valid(value, strlen(value)))
            return false;
    }
    if (strncmp(r->path, "/api/v1/:plural", 15) == 0) {
        rq->e = model_plural(rq->c.model, rq->params[0]);
        if (!rq->e || !rq->e->routes || (r->act_set && !access_need(&rq->c, rq->e, r->act)))
            return false;
    }
    return !rq->e || !rq->e->readonly || r->method == GET || strstr(r->path, "/export") ||
           strstr(r->path, "/actions/");
}

static void judge(Request *rq, bool ok)
{
    Ctx *c = &rq->c;
    need(ok == (c->n_err == 0), c);
    for (const ErrItem *e = c->err; e; e = e->next)
        need(err_status(e->code) < 500 || e->code == ERR_BUSY, c);
    if (ok && rq->out.body.len && (!rq->out.type || strstr(rq->out.type, "json"))) {
        json_object *answer;
        need(json_read(c, rq->out.body.data, rq->out.body.len, &answer), c);
    }
    if (rq->out.fd >= 0)
        close(rq->out.fd);
}

/* What `zhike user import` reads. A password costs a hash each, so they are left out. */
static void people(Ctx *c, const char *text, size_t n)
{
    json_object *doc;
    int created, updated;
    if (!memmem(text, n, "password", 8) && json_read(c, text, n, &doc))
        need(user_import(c, doc, &created, &updated) == (c->n_err == 0), c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16384)
        return 0;
    Arena *a = arena_new(64 << 20);
    Request *rq = ARENA_NEW(a, Request);
    house_context(&rq->c, a);
    Ctx *c = &rq->c;
    house_admin(c, CH_WEB);
    c->deadline_ms = clock_mono_ms() + 5000;
    rq->ip = "127.0.0.1";
    rq->session = "x";
    rq->out.fd = rq->upload_fd = -1;
    buf_init(&rq->body, a);
    buf_init(&rq->out.body, a);
    map_init(&rq->query, a);
    map_init(&rq->form, a);
    size_t n;
    const char *text = house_filled(a, (const char *)data, size, &n), *end = memchr(text, '\n', n);
    if (end == text + 5 && memcmp(text, "USERS", 5) == 0) {
        people(c, end + 1, n - 6);
    } else if (end && !memchr(text, 0, (size_t)(end - text)) &&
               take_line(rq, arena_dup(a, text, (size_t)(end - text)))) {
        buf_add(&rq->body, end + 1, n - (size_t)(end + 1 - text));
        if (admitted(rq))
            judge(rq, rq->route->fn(rq));
    }
    db_release(c);
    arena_free(a);
    return 0;
}
