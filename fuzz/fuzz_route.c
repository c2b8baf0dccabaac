/*
 * Every handler of the table of routes, as an administrator who may everything: bodies, filters, cursors, sorts,
 * views, mappings, bulk changes, settings. Input: "METHOD path?name=value&name=value", a new line, the body; "@c"
 * stands for the id of a customer, see `rows`. A handler answers JSON, or says what is wrong of the request; it never
 * fails by itself (5xx), never crashes, and never says both yes and no.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/role.h"
#include "auth/user.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "db/migrate.h"
#include "http/route.h"
#include "meta/plan.h"
#include "record/attach.h"
#include "record/hooks.h"

#include "hooks_gen.c" /* which hooks belong to which entity, as in the program */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Db *db;
static struct {
    char sign;
    const char *entity, *body;
    char id[24];
} rows[] = {
    {'c', "customer",
     "{\"name\": \"云杉科技\", \"phone\": \"13900000001\", \"industry\": \"it\", \"source\": "
     "\"website\"}",
     ""},
    {'k', "contact", "{\"name\": \"赵六\", \"customer\": @c, \"mobile\": \"13900000002\"}", ""},
    {'f', "follow_up",
     "{\"customer\": @c, \"method\": \"phone\", \"content\": \"谈了报价和交期\", "
     "\"customer_need\": \"报价单\", \"next_plan\": \"下周再谈\"}",
     ""},
    {'t', "task", "{\"title\": \"回电\", \"customer\": @c}", ""},
    {'v', "saved_view", "{\"name\": \"我的\", \"entity\": \"customer\"}", ""},
    {'g', "tag", "{\"name\": \"重要\"}", ""},
    {'d', "department", "{\"name\": \"部\", \"code\": \"F1\"}", ""},
    {'x', "custom_field",
     "{\"entity\": \"customer\", \"code\": \"fz\", \"label_zh\": \"字\", \"type\": \"string\"}",
     ""},
    {'u', NULL, NULL, ""},
};

static void need(bool ok, const Ctx *c)
{
    if (ok)
        return;
    for (const ErrItem *e = c ? c->err : NULL; e; e = e->next)
        fprintf(stderr, "%s: %s (%s) %s\n", e->field ? e->field : "-", e->message,
                err_name(e->code), e->detail ? e->detail : "");
    abort();
}

static void context(Ctx *c, Arena *a)
{
    ctx_init(c, a);
    c->db = db;
    Model *m = model_hold();
    c->model = m;
    if (m)
        arena_defer(a, model_release, m);
    c->zone = "Asia/Shanghai";
}

/* "@c" becomes the id of that row; a byte that belongs to none stays. */
static const char *filled(Arena *a, const char *text, size_t size, size_t *out_n)
{
    Buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < size; i++) {
        const char *id = NULL;
        for (size_t k = 0; text[i] == '@' && i + 1 < size && k < sizeof rows / sizeof *rows; k++)
            if (rows[k].sign == text[i + 1])
                id = rows[k].id;
        if (id) {
            buf_add(&b, id, strlen(id));
            i++;
        } else {
            buf_add(&b, text + i, 1);
        }
    }
    *out_n = b.len;
    return arena_dup(a, b.len ? b.data : "", b.len);
}

static void fill(Ctx *c)
{
    const SaveOptions o = {.if_version = -1, .origin = "web"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t id = c->actor->user;
        size_t n;
        const char *text =
            rows[i].entity ? filled(c->a, rows[i].body, strlen(rows[i].body), &n) : NULL;
        json_object *in;
        if (text)
            need(json_read(c, text, n, &in) &&
                     rec_create(c, model_entity(c->model, rows[i].entity), in, &o, &id),
                 c);
        (void)snprintf(rows[i].id, sizeof rows[i].id, "%lld", (long long)id);
    }
}

static void start(void)
{
    static char dir[64];
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    (void)snprintf(dir, sizeof dir, "%s/zhike-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    need(mkdtemp(dir) && crypt_init(1, 1) && msg_load() && conf_load(&c, NULL, NULL), &c);
    log_open("/dev/null", "error", 0);
    attach_set_dir(dir);
    DbOptions o = {.dir = dir, .create = true};
    need(db_open(&c, &o, &db), &c);
    c.db = db;
    Model *m;
    need(model_build(&c, NULL, 0, &m) && migrate_run(&c, plan_of_model(a, m), false, NULL), &c);
    model_replace(m);
    hooks_register(hook_table);
    context(&c, a);
    c.actor = actor_system(a, CH_SYSTEM);
    const char *token;
    Actor *me;
    need(role_seed(&c) && user_create_admin(&c, "admin", "Fuzz-Admin-2026", &token) &&
             actor_of_login(&c, "admin", CH_WEB, &me),
         &c);
    c.actor = me;
    fill(&c);
    arena_free(a);
}

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16384)
        return 0;
    if (!db)
        start();
    Arena *a = arena_new(64 << 20);
    Request *rq = ARENA_NEW(a, Request);
    context(&rq->c, a);
    Ctx *c = &rq->c;
    Actor *me;
    need(actor_of_login(c, "admin", CH_WEB, &me), c);
    me->step_up_until = INT64_MAX;
    me->must_change_password = false;
    c->actor = me;
    c->deadline_ms = clock_mono_ms() + 5000;
    rq->ip = "127.0.0.1";
    rq->csrf = "x";
    rq->out.fd = rq->upload_fd = -1;
    buf_init(&rq->body, a);
    buf_init(&rq->out.body, a);
    map_init(&rq->query, a);
    map_init(&rq->form, a);
    size_t n;
    const char *text = filled(a, (const char *)data, size, &n), *end = memchr(text, '\n', n);
    if (end && !memchr(text, 0, (size_t)(end - text)) &&
        take_line(rq, arena_dup(a, text, (size_t)(end - text)))) {
        buf_add(&rq->body, end + 1, n - (size_t)(end + 1 - text));
        if (admitted(rq))
            judge(rq, rq->route->fn(rq));
    }
    db_release(c);
    arena_free(a);
    return 0;
}
