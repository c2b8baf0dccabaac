/*
 * When records were made: kept in memory, because created_at is written with the record and never again.
 *
 * A search that found hundreds of records wants the youngest fifty by date. Ids say that only about (records are brought in
 * with dates of their own), and to look hundreds of rows up costs more than to find them: each is a way down an index, at
 * a place of its own. The same records are looked for again with each letter that is typed, and by others. So their dates
 * are kept, of the ones used last, in sets of four places. To read dates and then the rows of a page costs more than to
 * let the engine sort all, so it is done for records that are asked for a second time; the first time they are noted.
 * Ids are never given twice, so nothing has to be taken out: of a record that is gone the date is of no use and no harm.
 */
#include <stdlib.h>
#include <string.h>

#include "db/driver.h"

enum { WAYS = 4, SETS = 1 << 14, MOST_NEW = 4 };
#define NOTED INT64_MAX /* asked for once, not read */

typedef struct Birth {
    uint64_t key; /* 0: empty */
    int64_t at;
} Birth;

struct BornCache {
    pthread_mutex_t lock;
    Birth sets[SETS][WAYS]; /* the one used last first */
};

BornCache *born_cache_new(void)
{
    BornCache *cache =
        calloc(1, sizeof *cache); /* a megabyte, of which untouched pages take no memory */
    if (!cache)
        abort();
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void born_cache_free(BornCache *cache)
{
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* Ids have 53 bits and are of one row in all tables; the table only keeps a mistake in that from becoming one here. */
static uint64_t key_of(uint64_t table, int64_t id)
{
    return (uint64_t)id ^ table << 53;
}

static uint64_t hash_of(const char *table)
{
    uint64_t h = 1469598103934665603u;
    for (const char *p = table; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    return h ^ h >> 32;
}

static Birth *set_of(BornCache *cache, uint64_t key)
{
    return cache->sets[key * UINT64_C(0x9E3779B97F4A7C15) >> 50];
}

static bool find_locked(BornCache *cache, uint64_t key, int64_t *at)
{
    Birth *set = set_of(cache, key);
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key != key)
            continue;
        Birth b = set[i];
        memmove(set + 1, set, (size_t)i * sizeof *set);
        set[0] = b;
        *at = b.at;
        return true;
    }
    return false;
}

static void keep_locked(BornCache *cache, uint64_t key, int64_t at)
{
    Birth *set = set_of(cache, key);
    int64_t before;
    if (find_locked(cache, key, &before)) {
        set[0].at = at;
        return;
    }
    memmove(set + 1, set, (WAYS - 1) * sizeof *set);
    set[0] = (Birth){.key = key, .at = at};
}

static int by_id(const void *x, const void *y)
{
    int64_t a = ((const BornAt *)x)->id, b = ((const BornAt *)y)->id;
    return a < b ? -1 : a > b;
}

/* Of those that are not kept; what has no row keeps INT64_MIN. */
static bool read_births(Ctx *c, const char *table, uint64_t hash, BornAt **unknown, int n)
{
    int64_t *ids = ARENA_ARRAY(c->a, n, int64_t);
    BornAt *read = ARENA_ARRAY(c->a, n, BornAt);
    for (int i = 0; i < n; i++)
        ids[i] = unknown[i]->id;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("SELECT t0.\"id\", t0.\"created_at\" FROM "));
    sql_name(&q, table);
    sql_add(&q, ENGINE_SQL(" AS t0 WHERE t0.\"id\""));
    sql_among(c, &q, ids, n);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    int k = 0;
    while (db_step(r) && k < n)
        read[k++] = (BornAt){.id = db_int(r, 0), .at = db_int(r, 1)};
    db_done(r);
    if (c->n_err)
        return false;
    qsort(read, (size_t)k, sizeof *read, by_id);
    BornCache *cache = c->db->born;
    pthread_mutex_lock(&cache->lock);
    for (int i = 0; i < n; i++) {
        const BornAt *have = bsearch(unknown[i], read, (size_t)k, sizeof *read, by_id);
        if (!have)
            continue;
        unknown[i]->at = have->at;
        keep_locked(cache, key_of(hash, have->id), have->at);
    }
    pthread_mutex_unlock(&cache->lock);
    return true;
}

bool sql_born(Ctx *c, const char *table, BornAt *of, int n, bool *out_known)
{
    BornCache *cache = c->db->born;
    uint64_t hash = hash_of(table);
    BornAt **unknown = ARENA_ARRAY(c->a, n, BornAt *);
    int k = 0, fresh = 0;
    pthread_mutex_lock(&cache->lock);
    for (int i = 0; i < n; i++) {
        uint64_t key = key_of(hash, of[i].id);
        bool seen = find_locked(cache, key, &of[i].at);
        if (seen && of[i].at != NOTED)
            continue;
        of[i].at = INT64_MIN;
        unknown[k++] = &of[i];
        if (seen)
            continue;
        keep_locked(cache, key, NOTED);
        fresh++;
    }
    pthread_mutex_unlock(&cache->lock);
    *out_known = fresh * MOST_NEW <= n;
    return !*out_known || !k || read_births(c, table, hash, unknown, k);
}
