/*
 * How deep a search has to look, on PostgreSQL.
 *
 * The newest matches of a word are found by walking ids from the youngest down (right where the word is common) or by
 * reading all its places in the GIN index and sorting (right where it is rare). The planner chooses by how common it
 * believes the word to be, and of a word that it has not counted it believes 0.5 %: it walked three million follow-ups
 * for nothing (1.5 s). And in between, at one match in a hundred, both ways cost more the larger the table is.
 * So record/search_find.c tells it how far back to look: at the youngest two thousand first, then as far as the matches
 * among these let it expect to be enough. Within such a span the worst plan is cheap, and the index itself knows
 * the age of a document (search_age.c). Which id is so many documents deep stands in the statistics of the table (a thousand parts of equal size);
 * here they are read, at most once a minute a table. What has come since they were made is younger than the last
 * part, and is looked at in any case. And how common a word turned out to be is kept for a while, so that the next one
 * who types it need not look at the youngest first. All of this is estimates: it decides what a search costs, never
 * what it finds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/driver.h"

enum {
    KEEP_MS = 60000,
    LEARNED_MS = 600000,
    LEARNED = 4096, /* words; one that falls on the place of another takes it */
    LEAST_ROWS = 20000,
    MOST_PARTS = 1001
};

typedef struct Learned {
    uint64_t key;
    int64_t at;
    int per_million;
} Learned;

typedef struct Depths {
    char table[64];
    int64_t read_at, rows;
    int n;
    int64_t ids[MOST_PARTS];
} Depths;

struct DepthCache {
    pthread_mutex_t lock;
    Depths **tables;
    int n;
    Learned learned[LEARNED];
};

DepthCache *depth_cache_new(void)
{
    DepthCache *cache = calloc(1, sizeof *cache);
    if (!cache)
        abort();
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void depth_cache_free(DepthCache *cache)
{
    for (int i = 0; i < cache->n; i++)
        free(cache->tables[i]);
    free(cache->tables);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* "{1,2,3}" */
static void parse_bounds(const char *text, Depths *d)
{
    const char *p = text && *text == '{' ? text + 1 : "";
    while (*p && *p != '}' && d->n < MOST_PARTS) {
        char *end;
        d->ids[d->n] = strtoll(p, &end, 10);
        if (end == p)
            break;
        d->n++;
        p = end + (*end == ',');
    }
    if (d->n < 2)
        d->n = 0;
}

static bool read_depths(Ctx *c, const char *table, Depths *out)
{
    DbVal p[] = {db_of_text(table)};
    DbRows *r = db_query(
        c,
        ENGINE_SQL("SELECT CAST(k.reltuples AS BIGINT), CAST(s.histogram_bounds AS TEXT) FROM "
                   "pg_catalog.pg_class AS k JOIN pg_catalog.pg_namespace AS n ON n.oid = "
                   "k.relnamespace JOIN pg_catalog.pg_stats AS s ON s.schemaname = n.nspname AND "
                   "s.tablename = k.relname AND s.attname = 'id' WHERE n.nspname = "
                   "current_schema() AND k.relname = $1 AND NOT s.inherited"),
        p, 1);
    if (!r)
        return false;
    if (db_step(r)) {
        out->rows = db_int(r, 0);
        if (out->rows >= LEAST_ROWS)
            parse_bounds(db_text(r, 1), out);
    }
    db_done(r);
    return c->n_err == 0;
}

static Depths *find_locked(DepthCache *cache, const char *table)
{
    for (int i = 0; i < cache->n; i++)
        if (strcmp(cache->tables[i]->table, table) == 0)
            return cache->tables[i];
    return NULL;
}

static void keep_locked(DepthCache *cache, const Depths *d)
{
    Depths *have = find_locked(cache, d->table);
    if (!have) {
        Depths **grown = realloc(cache->tables, (size_t)(cache->n + 1) * sizeof(Depths *));
        have = malloc(sizeof *have);
        if (!grown || !have)
            abort();
        cache->tables = grown;
        cache->tables[cache->n++] = have;
    }
    *have = *d;
}

static void hand_out(Ctx *c, const Depths *d, SearchDepth *out)
{
    if (d->n == 0)
        return;
    int64_t *ids = ARENA_ARRAY(c->a, d->n, int64_t);
    memcpy(ids, d->ids, (size_t)d->n * sizeof *ids);
    *out = (SearchDepth){.rows = d->rows, .n = d->n, .ids = ids};
}

bool depth_of_table(Ctx *c, const char *table, SearchDepth *out)
{
    DepthCache *cache = c->db->depths;
    int64_t now = clock_mono_ms();
    *out = (SearchDepth){0};
    if (!cache || strlen(table) >= sizeof((Depths *)0)->table)
        return true;
    pthread_mutex_lock(&cache->lock);
    Depths *have = find_locked(cache, table);
    bool fresh = have && now - have->read_at < KEEP_MS;
    if (have)
        have->read_at = fresh ? have->read_at : now; /* one reads anew, the others use the old */
    if (fresh)
        hand_out(c, have, out);
    pthread_mutex_unlock(&cache->lock);
    if (fresh)
        return true;
    Depths *d = ARENA_NEW(c->a, Depths);
    d->read_at = now;
    memcpy(d->table, table, strlen(table) + 1);
    if (!read_depths(c, table, d))
        return false;
    hand_out(c, d, out);
    pthread_mutex_lock(&cache->lock);
    keep_locked(cache, d);
    pthread_mutex_unlock(&cache->lock);
    return true;
}

static uint64_t key_of(const char *entity, const char *const *words, int n)
{
    uint64_t h = 1469598103934665603u;
    for (int i = -1; i < n; i++)
        for (const char *p = i < 0 ? entity : words[i];; p++) {
            h = (h ^ (unsigned char)*p) * 1099511628211u;
            if (!*p)
                break;
        }
    return h ^ (h >> 32);
}

int sql_search_known(Ctx *c, const char *entity, const char *const *words, int n)
{
    DepthCache *cache = c->db->depths;
    if (!cache)
        return -1;
    uint64_t key = key_of(entity, words, n);
    pthread_mutex_lock(&cache->lock);
    const Learned *l = &cache->learned[key % LEARNED];
    bool known = l->key == key && clock_mono_ms() - l->at < LEARNED_MS;
    int per_million = known ? l->per_million : -1;
    pthread_mutex_unlock(&cache->lock);
    return per_million;
}

void sql_search_learn(Ctx *c, const char *entity, const char *const *words, int n, int per_million)
{
    DepthCache *cache = c->db->depths;
    if (!cache)
        return;
    uint64_t key = key_of(entity, words, n);
    pthread_mutex_lock(&cache->lock);
    cache->learned[key % LEARNED] =
        (Learned){.key = key, .at = clock_mono_ms(), .per_million = per_million};
    pthread_mutex_unlock(&cache->lock);
}

/* Where id lies: so many parts are older than it, and how much of its own. */
static double parts_below(const SearchDepth *d, int64_t id)
{
    int part = 0; /* by halves: the last part that begins at or below id */
    for (int above = d->n; above - part > 1;) {
        int mid = part + (above - part) / 2;
        if (d->ids[mid] <= id)
            part = mid;
        else
            above = mid;
    }
    if (id < d->ids[0] || part == d->n - 1)
        return part;
    return part + (double)(id - d->ids[part]) / (double)(d->ids[part + 1] - d->ids[part] + 1);
}

int64_t sql_search_from(const SearchDepth *d, int64_t before, int64_t rows, int64_t *reached)
{
    if (d->n < 2 || d->rows < 1)
        return SEARCH_ALL;
    double parts = (double)rows * (d->n - 1) / (double)d->rows;
    double at = (before ? parts_below(d, before) : d->n - 1) - parts;
    if (at < 1)
        return SEARCH_ALL;
    int part = (int)at < d->n - 1 ? (int)at : d->n - 2;
    double width = (double)(d->ids[part + 1] - d->ids[part]);
    *reached = rows + rows / 8; /* what an even id adds, about */
    return age_even(d->ids[part] + (int64_t)((at - part) * width),
                    (int64_t)(width * (parts < 4 ? parts / 4 : 1)));
}

int64_t sql_search_between(const SearchDepth *d, int64_t from, int64_t before)
{
    if (d->n < 2)
        return 0;
    double parts = (before ? parts_below(d, before) : d->n - 1) - parts_below(d, from);
    return parts > 0 ? (int64_t)(parts * (double)d->rows / (d->n - 1)) : 0;
}
