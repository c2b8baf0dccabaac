/*
 * zhike demo: a believable company. Four departments on two levels, twelve people with every built-in
 * role, customers with contacts, follow-ups and tasks, all made through the same engine as by hand.
 * The data is the same on every run (own generator with a fixed seed); the passwords never are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "auth/user.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/credit_code.h"
#include "base/crypt.h"
#include "base/embed.h"
#include "base/file.h"
#include "base/region.h"
#include "record/record.h"
#include "record/setting.h"

enum { BLOCK = 100, DAY_MS = 86400000, MAX_SELLERS = 8 };

typedef struct Demo {
    App *app;
    json_object *texts; /* data/demo.json */
    uint64_t seed;
    const char **brands;
    int n_brands;
    const Region **cities;
    int n_cities;
    Actor *sellers[MAX_SELLERS];
    int64_t
        now; /* the real one; c->now_ms is set to the day on which a thing is said to have happened */
    int n_sellers;
    int64_t done, wanted;
    Arena *step;
} Demo;

/* splitmix64: small, and the same everywhere */
static uint64_t next(Demo *d)
{
    uint64_t z = d->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Below n; 0 of an empty list. */
static int pick(Demo *d, int n)
{
    return n > 0 ? (int)(next(d) % (uint64_t)n) : 0;
}

/* One item of a list of data/demo.json. */
static json_object *any(Demo *d, const char *list)
{
    json_object *a = json_member(d->texts, list);
    return json_object_array_get_idx(a, (size_t)pick(d, (int)json_object_array_length(a)));
}

static const char *word(Demo *d, const char *list)
{
    return json_object_get_string(any(d, list));
}

static const char *part(json_object *pair, size_t i)
{
    return json_object_get_string(json_object_array_get_idx(pair, i));
}

/* ---- people -------------------------------------------------------------------------------- */

static bool people(Demo *d)
{
    Ctx *c = &d->app->c;
    Buf logins;
    buf_init(&logins, c->a);
    json_object *users = json_member(d->texts, "people");
    for (size_t i = 0; i < json_object_array_length(users); i++) {
        json_object *u = json_object_array_get_idx(users, i);
        char *password = crypt_token(c->a, 12);
        json_object_object_add(u, "password", json_object_new_string(password));
        json_object_object_add(u, "must_change", json_object_new_boolean(0));
        buf_printf(&logins, "%-10s %-18s %s  %s\n", json_str(u, "login", ""), password,
                   json_str(u, "name", ""), json_str(u, "position", ""));
    }
    json_object *doc = json_object_new_object();
    json_object_object_add(doc, "departments",
                           json_object_get(json_member(d->texts, "departments")));
    json_object_object_add(doc, "users", json_object_get(users));
    int created, updated;
    char *path = arena_printf(c->a, "%s/demo-logins.txt", d->app->dir);
    bool ok = user_import(c, doc, &created, &updated) &&
              file_write(c, path, logins.data, logins.len, 0600);
    json_object_put(doc);
    if (ok)
        printf("%s", logins.data);
    return ok;
}

/* Each heads the department he is in: approvals by the head of a department find somebody. */
static bool heads(Demo *d)
{
    Ctx *c = &d->app->c;
    json_object *list = json_member(d->texts, "heads");
    SaveOptions o = {.if_version = -1, .origin = "cli", .trusted = true};
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        Actor *a;
        if (!actor_of_login(c, part(list, i), CH_CLI, &a))
            return false;
        json_object *in = json_object_new_object();
        json_object_object_add(in, "manager", json_object_new_int64(a->user));
        bool ok = rec_update(c, model_entity(c->model, "department"), a->department, in, &o, NULL);
        json_object_put(in);
        if (!ok)
            return false;
    }
    return true;
}

static bool find_sellers(Demo *d)
{
    Ctx *c = &d->app->c;
    json_object *users = json_member(d->texts, "people");
    for (size_t i = 0; i < json_object_array_length(users); i++) {
        json_object *u = json_object_array_get_idx(users, i);
        const char *role = part(json_member(u, "roles"), 0);
        if (strcmp(role, "sales_rep") != 0 && strcmp(role, "sales_manager") != 0)
            continue;
        Actor *a;
        if (d->n_sellers == MAX_SELLERS || !actor_of_login(c, json_str(u, "login", ""), CH_CLI, &a))
            return false;
        d->sellers[d->n_sellers++] = a;
    }
    return d->n_sellers > 0;
}

/* ---- stock of words ------------------------------------------------------------------------ */

static void load_brands(Demo *d)
{
    const Embed *e = embed_find("data/company-names.txt");
    Arena *a = d->app->a;
    d->brands = ARENA_ARRAY(a, 20001, const char *);
    const char *p = (const char *)e->data, *end = p + e->len;
    while (p < end && d->n_brands < 20000) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = nl ? (size_t)(nl - p) : (size_t)(end - p);
        if (n >= 6 && n <= 18 && *p != '#' && (unsigned char)*p >= 0xe4)
            d->brands[d->n_brands++] = arena_dup(a, p, n);
        p += n + 1;
    }
}

/* Cities of the east and south weigh more, as customers do. */
static void load_cities(Demo *d)
{
    static const int32_t provinces[] = {310000, 320000, 320000, 330000, 330000, 330000,
                                        440000, 440000, 440000, 110000, 370000, 350000,
                                        420000, 510000, 610000, 410000, 430000, 500000};
    Arena *a = d->app->a;
    d->cities = ARENA_ARRAY(a, 2000, const Region *);
    for (size_t i = 0; i < sizeof provinces / sizeof *provinces; i++) {
        int n, m;
        const Region *const *cities = region_children(a, provinces[i], &n);
        for (int k = 0; k < n; k++) {
            const Region *const *areas = region_children(a, cities[k]->code, &m);
            for (int j = 0; j < m && j < 4 && d->n_cities < 2000; j++)
                if (!areas[j]->is_filler)
                    d->cities[d->n_cities++] = areas[j];
        }
    }
}

static const char *person(Demo *d, Arena *a)
{
    return arena_printf(a, "%s%s", word(d, "surnames"), word(d, "given"));
}

static const char *mobile(Demo *d, Arena *a)
{
    static const char *const heads[] = {"138", "139", "135", "136", "150", "151",
                                        "158", "186", "188", "177", "199"};
    return arena_printf(a, "%s%08d", heads[pick(d, (int)(sizeof heads / sizeof *heads))],
                        (int)(next(d) % 100000000));
}

static const char *city_name(const Region *area)
{
    const Region *r = area;
    while (r->level > 2 && region_find(r->parent) && !region_find(r->parent)->is_filler)
        r = region_find(r->parent);
    if (r->level == 3 &&
        region_find(r->parent / 10000 * 10000)) /* below a municipality: its name */
        r = region_find(r->code / 10000 * 10000);
    return r ? r->short_name : "";
}

static const char *credit_code(Demo *d, Arena *a, int32_t region)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    char text[19];
    CreditCode out;
    snprintf(text, sizeof text, "91%06d%08d", region, (int)(next(d) % 100000000));
    text[16] = '0';
    text[18] = 0;
    for (int i = 0; i < 31 * 10; i++) { /* the one of 31 that fits, over a few inner digits */
        text[16] = (char)('0' + i / 31);
        text[17] = alphabet[i % 31];
        if (credit_code_check(text, &out) && !out.warning)
            return arena_str(a, text);
    }
    return NULL;
}

/* ---- records ------------------------------------------------------------------------------- */

static bool make(Demo *d, const char *entity, Buf *json, int64_t *id)
{
    Ctx *c = &d->app->c;
    json_object *in;
    SaveOptions o = {
        .if_version = -1, .origin = "cli", .trusted = true, .no_duplicates = true, .keep = true};
    return json_read(c, json->data, json->len, &in) &&
           rec_create(c, model_entity(c->model, entity), in, &o, id);
}

/* That day between nine and six, and no Saturday or Sunday: nobody of this company telephones at night. The same moment gives
   the same moment. ahead: a day of rest becomes the Monday after it, else the Friday before. */
static int64_t office(int64_t at, bool ahead)
{
    const int64_t hour = 3600000, zone = 8 * hour;
    int64_t day = (at + zone) / DAY_MS;
    int of_week = (int)((day + 3) % 7); /* 0 is Monday */
    if (of_week > 4)
        day += ahead ? 7 - of_week : 4 - of_week;
    return day * DAY_MS - zone + 9 * hour + at / 60000 % (9 * 12) * 300000;
}

static bool contact(Demo *d, int64_t customer, int64_t owner, int64_t at)
{
    Ctx *c = &d->app->c;
    Buf b;
    buf_init(&b, c->a);
    Jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "name", person(d, c->a));
    jw_kint(&w, "customer", customer);
    jw_kstr(&w, "mobile", mobile(d, c->a));
    jw_kstr(&w, "title", word(d, "titles"));
    jw_kstr(&w, "gender", pick(d, 2) ? "male" : "female");
    jw_kint(&w, "owner", owner);
    jw_kinstant(&w, "created_at", at);
    jw_end(&w);
    int64_t id;
    return make(d, "contact", &b, &id);
}

static bool follow_up(Demo *d, int64_t customer, int64_t owner, int64_t at, bool last)
{
    Ctx *c = &d->app->c;
    json_object *t = any(d, "talks");
    c->now_ms = at;
    Buf b;
    buf_init(&b, c->a);
    Jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "parent_type", "customer");
    jw_kint(&w, "parent", customer);
    jw_kstr(&w, "method", json_str(t, "method", "phone"));
    jw_kstr(&w, "content", json_str(t, "content", ""));
    jw_kstr(&w, "customer_need", json_str(t, "customer_need", ""));
    jw_kstr(&w, "next_plan", json_str(t, "next_plan", ""));
    jw_kint(&w, "owner", owner);
    jw_kinstant(&w, "happened_at", at);
    jw_kinstant(&w, "created_at", at);
    if (last && pick(d, 3) == 0) { /* some of the plans lie ahead, some are overdue */
        int64_t when = d->now + (int64_t)(pick(d, 20) - 5) * DAY_MS + (int64_t)pick(d, 9) * 3600000;
        when = office(when, true);
        jw_kinstant(&w, "next_time", when > at ? when : office(at + DAY_MS, true));
    }
    jw_end(&w);
    int64_t id;
    return make(d, "follow_up", &b, &id);
}

/* A code of [[code, weight], …]. */
static const char *weighted(Demo *d, const char *list)
{
    json_object *a = json_member(d->texts, list);
    size_t n = json_object_array_length(a);
    int sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += json_object_get_int(json_object_array_get_idx(json_object_array_get_idx(a, i), 1));
    int at = pick(d, sum);
    for (size_t i = 0; i < n; i++) {
        json_object *pair = json_object_array_get_idx(a, i);
        at -= json_object_get_int(json_object_array_get_idx(pair, 1));
        if (at < 0)
            return part(pair, 0);
    }
    return NULL;
}

static bool customer(Demo *d)
{
    Ctx *c = &d->app->c;
    const Region *area = d->cities[pick(d, d->n_cities)];
    json_object *trade = any(d, "trades");
    const char *brand = d->brands[pick(d, d->n_brands)];
    const char *name =
        arena_printf(c->a, "%s%s%s%s", city_name(area), brand, part(trade, 0), word(d, "forms"));
    Actor *seller = d->sellers[pick(d, d->n_sellers)];
    int64_t owner = seller->user;
    int64_t at = d->now - (int64_t)(next(d) % (uint64_t)(700 * (int64_t)DAY_MS)) - DAY_MS;
    at = office(at, false);
    c->actor = seller;
    c->now_ms = at;
    const char *uscc = pick(d, 3) == 0 ? credit_code(d, c->a, area->code) : NULL;
    Buf b;
    buf_init(&b, c->a);
    Jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "name", name);
    jw_kstr(&w, "short_name", brand);
    jw_kstr(&w, "industry", part(trade, 1));
    jw_kstr(&w, "source", weighted(d, "sources"));
    jw_kstr(&w, "level", weighted(d, "levels"));
    jw_kstr(&w, "lifecycle", weighted(d, "lifecycles"));
    jw_kstr(&w, "phone", mobile(d, c->a));
    jw_kint(&w, "region", area->code);
    jw_kstr(&w, "address_detail",
            arena_printf(c->a, "%s %d 号", word(d, "streets"), 1 + pick(d, 380)));
    jw_kstr(&w, "employee_count", word(d, "sizes"));
    if (uscc)
        jw_kstr(&w, "uscc", uscc);
    if (pick(d, 2))
        jw_kstr(&w, "annual_revenue", arena_printf(c->a, "%d0000.00", 50 + pick(d, 9000)));
    if (pick(d, 4) == 0)
        jw_kstr(&w, "remark", word(d, "remarks"));
    jw_key(&w, "primary_contact");
    jw_obj(&w);
    jw_kstr(&w, "name", person(d, c->a));
    jw_kstr(&w, "mobile", mobile(d, c->a));
    jw_kstr(&w, "title", word(d, "titles"));
    jw_end(&w);
    jw_kint(&w, "owner", owner);
    jw_kinstant(&w, "created_at", at);
    jw_end(&w);
    const char *json = b.data;
    json_object *probe;
    if (json_read(c, json, b.len, &probe) &&
        strcmp(json_str(probe, "lifecycle", ""), "invalid") == 0) {
        json_object_object_add(probe, "invalid_reason", json_object_new_string("closed"));
        buf_clear(&b);
        buf_puts(&b, json_object_to_json_string(probe));
    }
    int64_t id;
    if (!make(d, "customer", &b, &id) || (pick(d, 3) == 0 && !contact(d, id, owner, at)))
        return false;
    int n = pick(d, 4);
    for (int i = 0; i < n; i++) {
        int64_t when = at + (d->now - at) / (n + 1) * (i + 1) - (int64_t)pick(d, 80000) * 1000;
        when = office(when, false);
        if (when > d->now)
            when = office(when - DAY_MS, false);
        if (when < at)
            when = at + 1000;
        if (!follow_up(d, id, owner, when, i == n - 1))
            return false;
    }
    return true;
}

/* One of a pair to be merged: as it stands in the texts, with its own contact and talks. */
static bool twin(Demo *d, json_object *one)
{
    Ctx *c = &d->app->c;
    Actor *seller = d->sellers[0];
    int64_t id, n = json_int(one, "talks", 0),
                at = office(d->now - json_int(one, "days", 1) * DAY_MS, false);
    Buf b;
    Jw w;
    c->actor = seller;
    c->now_ms = at;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    json_object_object_foreach(json_member(one, "customer"), name, value)
        jw_kraw(&w, name, json_object_to_json_string(value));
    jw_kint(&w, "owner", seller->user);
    jw_kinstant(&w, "created_at", at);
    jw_end(&w);
    if (!make(d, "customer", &b, &id))
        return false;
    for (int64_t i = 1; i <= n; i++)
        if (!follow_up(d, id, seller->user, office(at + (d->now - at) / (n + 1) * i, false),
                       i == n))
            return false;
    return true;
}

static bool block(Ctx *c, void *arg)
{
    Demo *d = arg;
    uint64_t seed = d->seed;
    json_object *twins = json_member(d->texts, "twins");
    int64_t last = d->wanted < 100 ? d->wanted : d->wanted - (int64_t)json_length(twins);
    for (int64_t i = d->done; i < d->done + BLOCK && i < d->wanted; i++)
        if (i < last ? !customer(d)
                     : !twin(d, json_object_array_get_idx(twins, (size_t)(i - last)))) {
            d->seed = seed; /* the block may be run again */
            return false;
        }
    return c->n_err == 0;
}

static bool customers(Demo *d)
{
    Ctx *c = &d->app->c;
    Arena *keep = c->a;
    const Actor *system = c->actor;
    bool ok = true;
    while (ok && d->done < d->wanted) {
        c->a = arena_child(keep);
        ok = db_write(c, block, d);
        d->done += BLOCK;
        if (d->done % 10000 == 0)
            fprintf(stderr, "%" PRId64 " of %" PRId64 " customers\n", d->done, d->wanted);
        if (ok)
            arena_free(c->a);
        c->a = keep;
        c->now_ms = d->now;
        c->actor = system;
    }
    return ok;
}

static bool texts(Demo *d)
{
    const Embed *e = embed_find("data/demo.json");
    return e ? json_read(&d->app->c, (const char *)e->data, e->len, &d->texts)
             : ctx_fail(&d->app->c, ERR_INTERNAL, NULL, "err.internal");
}

/* Once is enough: a second run would double the customers and change the passwords people have noted. */
static bool first_time(Demo *d)
{
    Ctx *c = &d->app->c;
    Actor *a;
    const char *login =
        json_str(json_object_array_get_idx(json_member(d->texts, "people"), 0), "login", "");
    int before = c->n_err;
    if (actor_of_login(c, login, CH_CLI, &a))
        return ctx_fail(c, ERR_CONFLICT, "data", "err.demo_again");
    ctx_errors_back_to(c, before);
    return true;
}

static bool company(Demo *d)
{
    Ctx *c = &d->app->c;
    json_object *in = json_object_new_object();
    json_object_object_add(in, "company.name", json_object_get(json_member(d->texts, "company")));
    bool ok = setting_update(c, in);
    json_object_put(in);
    return ok;
}

int cmd_demo(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"), .database = args_take(args, "--database")};
    const char *n = args_take(args, "--customers");
    if (!o.dir || !args_done(args, 0) ||
        (n && (!*n || strlen(n) > 8 || n[strspn(n, "0123456789")])))
        return usage("demo --data DIR [--customers N]");
    App app;
    if (!app_open(&app, &o))
        return 1;
    Demo d = {.app = &app,
              .seed = 20261121,
              .wanted = n ? strtoll(n, NULL, 10) : conf_int("demo.customers")};
    app.c.lang = "zh"; /* what the engine writes by itself (titles of tasks) */
    d.now = app.c.now_ms;
    bool ok =
        texts(&d) && first_time(&d) && people(&d) && heads(&d) && find_sellers(&d) && company(&d);
    if (ok) {
        load_brands(&d);
        load_cities(&d);
        ok = customers(&d);
    }
    int status = ok ? 0 : app_fail(&app);
    app_close(&app);
    return status;
}
