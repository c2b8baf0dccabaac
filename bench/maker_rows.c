/*
 * Customers, contacts, follow-ups with companion columns, contact points, pairs and search documents, by the texts that
 * the engine writes them with. See maker.h.
 */
#include "maker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/embed.h"
#include "base/phone.h"
#include "db/sql.h"
#include "domain/customer/completeness.h"
#include "entity_ids.h"
#include "meta/types.h"
#include "record/search.h"
#include "record/write_row.h"

enum { FIRST_ROWS = 8192 };

/* Where the statements of this thread go instead of to the database, while it makes a block. */
static _Thread_local Block *making;

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

static void keep(Block *b, const char *text, const DbVal *v, int n)
{
    if (b->n_rows == b->cap_rows) {
        int cap = b->cap_rows ? b->cap_rows * 2 : FIRST_ROWS;
        Row *rows = ARENA_ARRAY(b->c->a, cap, Row);
        if (b->n_rows)
            memcpy(rows, b->rows, (size_t)b->n_rows * sizeof *rows);
        b->rows = rows;
        b->cap_rows = cap;
    }
    b->rows[b->n_rows++] = (Row){text, v, n};
}

static void add_row(Block *b, const Entity *e, const DbVal *v)
{
    Sql q;
    write_row_insert(b->c, e, v, &q);
    keep(b, q.text.data, q.params, q.n);
}

/* The linker hands us what the floors execute (--wrap, see CMakeLists.txt): text and values live as long as the block. */
bool __real_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __real_db_send(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __wrap_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __wrap_db_send(Ctx *c, SqlText sql, const DbVal *params, int n);

bool __wrap_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    if (!making)
        return __real_db_exec(c, sql, params, n);
    keep(making, sql.text, params, n);
    return true;
}

bool __wrap_db_send(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    if (!making)
        return __real_db_send(c, sql, params, n);
    keep(making, sql.text, params, n);
    return true;
}

static void add_doc(Block *b, const Entity *e, int64_t id, const char *tokens)
{
    sql_search_put(b->c, e->name, id, tokens, true);
}

/* A row with its standard fields and the plain defaults of its declaration. */
static DbVal *fresh(Block *b, const Entity *e, const Seller *owner, int64_t at)
{
    DbVal *v = ARENA_ARRAY(b->c->a, e->n_fields, DbVal);
    v[STD_ID] = db_of_int(*b->ids++);
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
static const char *talk_tokens(const Block *b, Map *seen, const DbVal *v)
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

/* How many of something customer i has, where there are so many thousandths to a customer. */
static int share(int64_t i, uint64_t of_what, int thousandths)
{
    Block chance = {.seed = (uint64_t)i * 0x9e6c63d0876a9a47u + of_what};
    return thousandths / 1000 + (pick(&chance, 1000) < thousandths % 1000);
}

static int contacts_of(int64_t i)
{
    return share(i, 1, maker.contacts);
}

static int follow_ups_of(int64_t i)
{
    return share(i, 2, maker.follow_ups);
}

static void customer(Block *b, Map *seen, int64_t i)
{
    Arena *a = b->c->a;
    int n_contacts = contacts_of(i), n_follow_ups = follow_ups_of(i);
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
    point(b, "customer", id, phone);
    for (int k = 0; k < n_contacts; k++) {
        int64_t made = contact(b, id, owner, at, k == 0);
        if (k == 0)
            v[CUSTOMER_MAIN_CONTACT] = db_of_int(made);
    }
    v[CUSTOMER_CONTACT_COUNT] = db_of_int(n_contacts);
    v[CUSTOMER_FOLLOW_UP_COUNT] = db_of_int(n_follow_ups);
    int64_t left = b->c->now_ms - at;
    for (int k = 0; k < n_follow_ups; k++)
        follow_up(b, seen, id, owner, at + left / (n_follow_ups + 1) * (k + 1), v);
    v[CUSTOMER_COMPLETENESS] = customer_completeness(v);
    add_row(b, maker.customer, v);
    add_doc(b, maker.customer, id, search_tokens(a, maker.customer, v));
}

/* ---- what they are made of ----------------------------------------------------------------- */

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

bool maker_ready(Ctx *c)
{
    const Embed *e = embed_find("data/demo.json");
    const Model *m = c->model;
    if (!e || !json_read(c, (const char *)e->data, e->len, &maker.texts))
        return false;
    load_brands(c->a);
    load_areas(c->a);
    maker.customer = model_entity(m, "customer");
    maker.contact = model_entity(m, "contact");
    maker.pair = model_entity(m, "customer_contact");
    maker.point = model_entity(m, "contact_point");
    maker.follow_up = model_entity(m, "follow_up");
    maker.start_ms = (c->now_ms / DAY_MS - DAYS - 1) * DAY_MS;
    return true;
}

/* The customer and his number, three for a contact. */
int maker_ids(int64_t i)
{
    return 2 + 3 * contacts_of(i) + follow_ups_of(i);
}

void maker_rows(Block *b, int64_t first, int64_t last)
{
    Map seen;
    map_init(&seen, b->c->a);
    making = b;
    for (int64_t i = first; i < last; i++)
        customer(b, &seen, i);
    making = NULL;
}
