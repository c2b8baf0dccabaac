/*
 * bench_maker: a large company in a fraction of the time `zhike demo` takes. Customers with a contact
 * or two and three follow-ups each go straight through the INSERT texts of the engine, with companion
 * columns, contact points, pairs and search documents as the engine would have written them; what
 * only tells how a row came about (history, audit) is left out. `zhike check` must find nothing.
 *
 *     zhike init …; zhike demo --data DIR --customers 0; bench_maker --data DIR --customers 100000
 *
 * The same number gives the same data, apart from ids, users and instants (counted back from now). Two
 * threads prepare texts while the one writer of SQLite runs statements; the indexes are taken away
 * first and made anew at the end, which is several times faster than growing them.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "auth/actor.h"
#include "base/clock.h"
#include "base/embed.h"
#include "base/id.h"
#include "base/json_read.h"
#include "base/phone.h"
#include "base/region.h"
#include "db/migrate.h"
#include "db/sql.h"
#include "entity_ids.h"
#include "meta/plan.h"
#include "meta/types.h"
#include "record/search.h"
#include "record/write_row.h"

enum { BLOCK = 500, THREADS = 2, DAY_MS = 86400000, DAYS = 700, MAX_SELLERS = 32, FOLLOW_UPS = 3 };

typedef struct Seller {
    int64_t id, department;
} Seller;

typedef struct Maker {
    App app;
    json_object *texts;
    const char **brands;
    int n_brands;
    const Region **areas;
    int n_areas;
    Seller sellers[MAX_SELLERS];
    int n_sellers;
    int64_t wanted, start_ms;
    const Entity *customer, *contact, *pair, *point, *follow_up;
    _Atomic int64_t next_block;
    _Atomic bool failed;
} Maker;

static Maker maker;

/* What one block inserts, in order; the search documents behind. */
typedef struct Doc {
    const char *entity, *tokens;
    int64_t id;
} Doc;

typedef struct Block {
    Ctx *c;
    uint64_t seed;
    Sql *rows;
    int n_rows, cap_rows;
    Doc *docs;
    int n_docs, cap_docs;
} Block;

/* ---- chance -------------------------------------------------------------------------------- */

/* splitmix64: small, and the same everywhere */
static uint64_t next(Block *b)
{
    uint64_t z = b->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int pick(Block *b, int n)
{
    return (int)(next(b) % (uint64_t)n);
}

/* json-c counts references without a lock, so the lists are only looked at here, never held. */
static json_object *any(Block *b, const char *list)
{
    json_object *a = json_member(maker.texts, list);
    return json_object_array_get_idx(a, (size_t)pick(b, (int)json_object_array_length(a)));
}

static const char *word(Block *b, const char *list)
{
    return json_object_get_string(any(b, list));
}

static const char *part(json_object *pair, size_t i)
{
    return json_object_get_string(json_object_array_get_idx(pair, i));
}

static const char *weighted(Block *b, const char *list)
{
    json_object *a = json_member(maker.texts, list);
    size_t n = json_object_array_length(a);
    int sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += json_object_get_int(json_object_array_get_idx(json_object_array_get_idx(a, i), 1));
    int at = pick(b, sum);
    for (size_t i = 0; i < n; i++) {
        json_object *pair = json_object_array_get_idx(a, i);
        at -= json_object_get_int(json_object_array_get_idx(pair, 1));
        if (at < 0)
            return part(pair, 0);
    }
    return part(json_object_array_get_idx(a, 0), 0);
}

static const char *person(Block *b)
{
    return arena_printf(b->c->a, "%s%s", word(b, "surnames"), word(b, "given"));
}

static const char *mobile(Block *b)
{
    static const char *const heads[] = {"138", "139", "135", "136", "150", "151",
                                        "158", "186", "188", "177", "199"};
    const char *head = heads[pick(b, (int)(sizeof heads / sizeof *heads))];
    return arena_printf(b->c->a, "%s%08d", head, (int)(next(b) % 100000000));
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void add_row(Block *b, const Entity *e, const DbVal *v)
{
    if (b->n_rows == b->cap_rows) {
        int cap = b->cap_rows ? b->cap_rows * 2 : 16 * BLOCK;
        Sql *rows = ARENA_ARRAY(b->c->a, cap, Sql);
        if (b->n_rows)
            memcpy(rows, b->rows, (size_t)b->n_rows * sizeof *rows);
        b->rows = rows;
        b->cap_rows = cap;
    }
    write_row_insert(b->c, e, v, &b->rows[b->n_rows++]);
}

static void add_doc(Block *b, const Entity *e, int64_t id, const char *tokens)
{
    if (b->n_docs == b->cap_docs) {
        int cap = b->cap_docs ? b->cap_docs * 2 : 8 * BLOCK;
        Doc *docs = ARENA_ARRAY(b->c->a, cap, Doc);
        if (b->n_docs)
            memcpy(docs, b->docs, (size_t)b->n_docs * sizeof *docs);
        b->docs = docs;
        b->cap_docs = cap;
    }
    b->docs[b->n_docs++] = (Doc){.entity = e->name, .id = id, .tokens = tokens};
}

/* A row with its standard fields and the plain defaults of its declaration. */
static DbVal *fresh(Block *b, const Entity *e, const Seller *owner, int64_t at)
{
    DbVal *v = ARENA_ARRAY(b->c->a, e->n_fields, DbVal);
    v[STD_ID] = db_of_int(id_new());
    for (int i = 1; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!f->dflt || !f->column)
            continue;
        if (f->type == FT_BOOL)
            v[i] = db_of_int(strcmp(f->dflt, "true") == 0);
        else if (f->type == FT_OPTION)
            v[i] = db_of_text(f->dflt);
        else if (f->type == FT_INT || f->type == FT_MONEY || f->type == FT_DECIMAL)
            v[i] = db_of_int(strtoll(f->dflt, NULL, 10));
    }
    if (!e->standard)
        return v;
    v[STD_VERSION] = db_of_int(1);
    v[STD_OWNER] = db_of_int(owner->id);
    v[STD_OWNER_DEPARTMENT] = owner->department ? db_of_int(owner->department) : db_null();
    v[STD_CREATED_AT] = v[STD_UPDATED_AT] = db_of_int(at);
    v[STD_CREATED_BY] = v[STD_UPDATED_BY] = db_of_int(owner->id);
    v[STD_ORIGIN] = db_of_text("cli");
    return v;
}

static void point(Block *b, const char *parent_type, int64_t parent, const char *phone)
{
    const Entity *e = maker.point;
    DbVal raw = db_of_text(phone);
    DbVal *v = fresh(b, e, NULL, 0);
    v[CONTACT_POINT_PARENT_TYPE] = db_of_text(parent_type);
    v[CONTACT_POINT_PARENT] = db_of_int(parent);
    v[CONTACT_POINT_KIND] = db_of_text("mobile");
    v[CONTACT_POINT_VALUE] = raw;
    v[CONTACT_POINT_VALUE_KEY] =
        type_match_key(b->c->a, &maker.customer->fields[CUSTOMER_PHONE], &raw);
    v[CONTACT_POINT_IS_PRIMARY] = db_of_int(1);
    v[CONTACT_POINT_STATUS] = db_of_text("valid");
    add_row(b, e, v);
}

static int64_t contact(Block *b, int64_t customer, const Seller *owner, int64_t at, bool primary)
{
    const char *phone = mobile(b);
    DbVal *v = fresh(b, maker.contact, owner, at);
    v[CONTACT_NAME] = db_of_text(person(b));
    v[CONTACT_CUSTOMER] = db_of_int(customer);
    v[CONTACT_TITLE] = db_of_text(word(b, "titles"));
    v[CONTACT_GENDER] = db_of_text(pick(b, 2) ? "male" : "female");
    v[CONTACT_MOBILE] = db_of_text(phone);
    int64_t id = v[STD_ID].i;
    add_row(b, maker.contact, v);
    add_doc(b, maker.contact, id, search_tokens(b->c->a, maker.contact, v));
    point(b, "contact", id, phone);
    DbVal *p = fresh(b, maker.pair, owner, at);
    p[CUSTOMER_CONTACT_CUSTOMER] = db_of_int(customer);
    p[CUSTOMER_CONTACT_CONTACT] = db_of_int(id);
    p[CUSTOMER_CONTACT_IS_PRIMARY] = db_of_int(primary);
    add_row(b, maker.pair, p);
    return id;
}

/* Words of a talk, made once per block: there are only a few talks. */
static const char *talk_tokens(Block *b, Map *seen, const DbVal *v)
{
    const char *text = v[FOLLOW_UP_CONTENT].s;
    const char *known = map_get(seen, text);
    if (!known) {
        known = search_tokens(b->c->a, maker.follow_up, v);
        map_put(seen, text, (void *)(uintptr_t)known);
    }
    return known;
}

static void follow_up(Block *b, Map *seen, int64_t customer, const Seller *owner, int64_t at,
                      DbVal *on_customer)
{
    json_object *t = any(b, "talks");
    DbVal *v = fresh(b, maker.follow_up, owner, at);
    v[FOLLOW_UP_PARENT_TYPE] = db_of_text("customer");
    v[FOLLOW_UP_PARENT] = v[FOLLOW_UP_CUSTOMER] = db_of_int(customer);
    v[FOLLOW_UP_METHOD] = db_of_text(word(b, "methods"));
    v[FOLLOW_UP_HAPPENED_AT] = db_of_int(at);
    v[FOLLOW_UP_CONTENT] = db_of_text(json_str(t, "content", ""));
    v[FOLLOW_UP_CUSTOMER_NEED] = db_of_text(json_str(t, "customer_need", ""));
    v[FOLLOW_UP_NEXT_PLAN] = db_of_text(json_str(t, "next_plan", ""));
    on_customer[CUSTOMER_LAST_FOLLOW_UP_AT] = db_of_int(at);
    on_customer[CUSTOMER_LAST_FOLLOW_UP_SUMMARY] = v[FOLLOW_UP_CONTENT];
    add_row(b, maker.follow_up, v);
    add_doc(b, maker.follow_up, v[STD_ID].i, talk_tokens(b, seen, v));
}

static const char *city_name(const Region *area)
{
    const Region *city = region_find(area->parent);
    if (!city || city->is_filler)
        city = region_find(area->code / 10000 * 10000);
    return city ? city->short_name : area->short_name;
}

/* "CUS20260102017": the day, and the how manieth of that day it is. */
static const char *number(Block *b, int64_t i, int64_t at)
{
    char day[25];
    clock_rfc3339(at, day);
    int64_t nth = i - (i * DAYS / maker.wanted * maker.wanted + DAYS - 1) / DAYS + 1;
    return arena_printf(b->c->a, "CUS%.4s%.2s%.2s%03" PRId64, day, day + 5, day + 8, nth);
}

static void customer(Block *b, Map *seen, int64_t i)
{
    Arena *a = b->c->a;
    b->seed = (uint64_t)i * 0x2545f4914f6cdd1du + 20261121;
    const Region *area = maker.areas[pick(b, maker.n_areas)];
    json_object *trade = any(b, "trades");
    const char *brand = maker.brands[pick(b, maker.n_brands)];
    const Seller *owner = &maker.sellers[pick(b, maker.n_sellers)];
    int64_t day = i * DAYS / maker.wanted;
    int64_t at =
        maker.start_ms + day * DAY_MS + 32400000 - 8 * 3600000 + (int64_t)pick(b, 32400) * 1000;
    const char *phone = mobile(b);
    DbVal *v = fresh(b, maker.customer, owner, at);
    int64_t id = v[STD_ID].i;
    v[CUSTOMER_NUMBER] = db_of_text(number(b, i, at));
    v[CUSTOMER_NAME] = db_of_text(
        arena_printf(a, "%s%s%s%s", city_name(area), brand, part(trade, 0), word(b, "forms")));
    v[CUSTOMER_SHORT_NAME] = db_of_text(brand);
    v[CUSTOMER_INDUSTRY] = db_of_text(part(trade, 1));
    v[CUSTOMER_SOURCE] = db_of_text(weighted(b, "sources"));
    v[CUSTOMER_LEVEL] = db_of_text(weighted(b, "levels"));
    v[CUSTOMER_LIFECYCLE] = db_of_text(weighted(b, "lifecycles"));
    v[CUSTOMER_LIFECYCLE_CHANGED_AT] = db_of_int(at);
    if (strcmp(v[CUSTOMER_LIFECYCLE].s, "invalid") == 0)
        v[CUSTOMER_INVALID_REASON] = db_of_text("closed");
    v[CUSTOMER_PHONE] = db_of_text(phone);
    v[CUSTOMER_REGION] = db_of_int(area->code);
    v[CUSTOMER_ADDRESS_DETAIL] =
        db_of_text(arena_printf(a, "%s %d 号", word(b, "streets"), 1 + pick(b, 380)));
    v[CUSTOMER_EMPLOYEE_COUNT] = db_of_text(word(b, "sizes"));
    if (pick(b, 2))
        v[CUSTOMER_ANNUAL_REVENUE] = db_of_int((int64_t)(50 + pick(b, 9000)) * 1000000);
    v[CUSTOMER_COMPLETENESS] = db_of_int(7692);
    point(b, "customer", id, phone);
    v[CUSTOMER_MAIN_CONTACT] = db_of_int(contact(b, id, owner, at, true));
    v[CUSTOMER_CONTACT_COUNT] = db_of_int(1);
    v[CUSTOMER_FOLLOW_UP_COUNT] = db_of_int(FOLLOW_UPS);
    if (pick(b, 3) == 0) {
        (void)contact(b, id, owner, at, false);
        v[CUSTOMER_CONTACT_COUNT] = db_of_int(2);
    }
    int64_t left = b->c->now_ms - at;
    for (int k = 0; k < FOLLOW_UPS; k++)
        follow_up(b, seen, id, owner, at + left / (FOLLOW_UPS + 1) * (k + 1), v);
    add_row(b, maker.customer, v);
    add_doc(b, maker.customer, id, search_tokens(a, maker.customer, v));
}

/* ---- writing ------------------------------------------------------------------------------- */

static bool write_block(Ctx *c, void *arg)
{
    Block *b = arg;
    for (int i = 0; i < b->n_rows; i++)
        if (!sql_exec(c, &b->rows[i]))
            return false;
    for (int i = 0; i < b->n_docs; i++)
        if (!sql_search_put(c, b->docs[i].entity, b->docs[i].id, b->docs[i].tokens, true))
            return false;
    return true;
}

static bool one_block(int64_t from)
{
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    c.db = maker.app.db;
    c.model = maker.app.c.model;
    c.actor = maker.app.c.actor;
    c.now_ms = maker.app.c.now_ms;
    Block b = {.c = &c};
    Map seen;
    map_init(&seen, a);
    for (int64_t i = from; i < from + BLOCK && i < maker.wanted; i++)
        customer(&b, &seen, i);
    bool ok = db_write(&c, write_block, &b);
    for (const ErrItem *e = c.err; e; e = e->next)
        fprintf(stderr, "bench_maker: %s (%s)\n", e->message, e->detail ? e->detail : "");
    db_release(&c);
    arena_free(a);
    return ok;
}

static void *work(void *arg)
{
    (void)arg;
    while (!maker.failed) {
        int64_t from = atomic_fetch_add(&maker.next_block, BLOCK);
        if (from >= maker.wanted)
            break;
        if (!one_block(from))
            maker.failed = true;
        if (from % 100000 == 0 && from)
            fprintf(stderr, "%" PRId64 " of %" PRId64 " customers\n", from, maker.wanted);
    }
    return NULL;
}

/* ---- before and after ---------------------------------------------------------------------- */

static bool find_sellers(Ctx *c)
{
    DbRows *r = db_query(
        c,
        SQL("SELECT DISTINCT u.id, u.department_id FROM \"user\" u JOIN \"rel_user_roles\" x "
            "ON x.id = u.id JOIN \"role\" o ON o.id = x.target WHERE u.deleted_at IS NULL "
            "AND o.code IN ('sales_rep', 'sales_manager') ORDER BY u.id"),
        NULL, 0);
    if (!r)
        return false;
    while (db_step(r) && maker.n_sellers < MAX_SELLERS)
        maker.sellers[maker.n_sellers++] = (Seller){db_int(r, 0), db_int(r, 1)};
    db_done(r);
    if (!maker.n_sellers)
        fprintf(stderr, "bench_maker: nobody sells here; run zhike demo --customers 0 first\n");
    return maker.n_sellers > 0 && c->n_err == 0;
}

static void load_brands(Arena *a)
{
    const Embed *e = embed_find("data/company-names.txt");
    maker.brands = ARENA_ARRAY(a, 20001, const char *);
    const char *p = (const char *)e->data, *end = p + e->len;
    while (p < end && maker.n_brands < 20000) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = nl ? (size_t)(nl - p) : (size_t)(end - p);
        if (n >= 6 && n <= 18 && *p != '#' && (unsigned char)*p >= 0xe4)
            maker.brands[maker.n_brands++] = arena_dup(a, p, n);
        p += n + 1;
    }
}

static void load_areas(Arena *a)
{
    static const int32_t provinces[] = {310000, 320000, 330000, 330000, 440000, 440000, 110000,
                                        370000, 350000, 420000, 510000, 610000, 410000, 430000};
    maker.areas = ARENA_ARRAY(a, 2000, const Region *);
    for (size_t i = 0; i < sizeof provinces / sizeof *provinces; i++) {
        int n, m;
        const Region *const *cities = region_children(a, provinces[i], &n);
        for (int k = 0; k < n; k++) {
            const Region *const *below = region_children(a, cities[k]->code, &m);
            for (int j = 0; j < m && j < 4 && maker.n_areas < 2000; j++)
                if (!below[j]->is_filler)
                    maker.areas[maker.n_areas++] = below[j];
        }
    }
}

static bool drop_indexes(Ctx *c, void *arg)
{
    (void)arg;
    const Entity *all[] = {maker.customer, maker.contact, maker.pair, maker.point, maker.follow_up};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int n;
        const PlanTable *t = plan_of_entity(c->a, all[i], &n);
        for (int k = 0; k < t->n_indexes; k++) {
            Sql q;
            sql_init(&q, c->a);
            sql_add(&q, SQL("DROP INDEX IF EXISTS "));
            sql_name(&q, t->indexes[k].name);
            if (!sql_exec(c, &q))
                return false;
        }
    }
    return true;
}

static bool make(Ctx *c)
{
    const Embed *e = embed_find("data/demo.json");
    const Model *m = c->model;
    if (!e || !json_read(c, (const char *)e->data, e->len, &maker.texts) || !find_sellers(c))
        return false;
    load_brands(c->a);
    load_areas(c->a);
    maker.customer = model_entity(m, "customer");
    maker.contact = model_entity(m, "contact");
    maker.pair = model_entity(m, "customer_contact");
    maker.point = model_entity(m, "contact_point");
    maker.follow_up = model_entity(m, "follow_up");
    maker.start_ms = (c->now_ms / DAY_MS - DAYS - 1) * DAY_MS;
    db_release(c);
    if (!db_write(c, drop_indexes, NULL))
        return false;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (maker.failed)
        return false;
    fprintf(stderr, "indexes\n");
    Plan *plan = plan_of_model(c->a, m);
    plan->program = ZK_VERSION;
    return migrate_run(c, plan, false, NULL);
}

int main(int argc, char **argv)
{
    Args args = {argc - 1, argv + 1};
    AppOptions o = {.dir = args_take(&args, "--data"), .database = args_take(&args, "--database")};
    const char *n = args_take(&args, "--customers");
    if (!o.dir || !n || !args_done(&args, 0))
        return usage("bench_maker --data DIR [--database URL] --customers N");
    if (!app_open(&maker.app, &o))
        return 1;
    maker.app.c.deadline_ms = 0;
    maker.wanted = strtoll(n, NULL, 10);
    int64_t began = clock_mono_ms();
    int status = make(&maker.app.c) ? 0 : app_fail(&maker.app);
    printf("%" PRId64 " customers in %.1f s\n", maker.wanted,
           (double)(clock_mono_ms() - began) / 1000);
    app_close(&maker.app);
    return status;
}
