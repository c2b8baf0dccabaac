/*
 * Prepared statements of one connection by their text. Preparing each time makes a point read
 * five times slower, so every connection keeps its last statements; custom lists make new texts
 * without end, so the least recently used one goes when the cache is full. The text is hashed and
 * compared whole: a text made in a request's arena may lie where another one lay before.
 */
#include <stdlib.h>
#include <string.h>

#include "db/driver.h"

enum { BUCKETS = 256 };

struct StmtCache {
    StmtEntry *bucket[BUCKETS];
    StmtEntry *newest, *oldest;
    int n, max;
    void (*drop)(StmtEntry *e, void *arg);
    void *arg;
};

static uint64_t text_hash(const char *s, size_t n)
{
    /* FNV-1a over words of 8 bytes: texts are some hundred bytes and this runs per statement. */
    uint64_t h = 1469598103934665603u ^ n;
    for (; n >= 8; s += 8, n -= 8) {
        uint64_t w;
        memcpy(&w, s, 8);
        h = (h ^ w) * 1099511628211u;
        h ^= h >> 29;
    }
    for (; n; s++, n--)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h ^ (h >> 32);
}

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

StmtCache *cache_new(int max, void (*drop)(StmtEntry *e, void *arg), void *arg)
{
    StmtCache *k = must(calloc(1, sizeof(*k)));
    k->max = max;
    k->drop = drop;
    k->arg = arg;
    return k;
}

static void unlink_lru(StmtCache *k, StmtEntry *e)
{
    *(e->newer ? &e->newer->older : &k->newest) = e->older;
    *(e->older ? &e->older->newer : &k->oldest) = e->newer;
    e->newer = e->older = NULL;
}

static void link_newest(StmtCache *k, StmtEntry *e)
{
    e->older = k->newest;
    *(k->newest ? &k->newest->newer : &k->oldest) = e;
    k->newest = e;
}

StmtEntry *cache_find(StmtCache *k, const char *text, StmtEntry *prev)
{
    uint64_t h;
    StmtEntry *e;
    if (prev) {
        h = prev->hash;
        e = prev->hash_next;
    } else {
        h = text_hash(text, strlen(text));
        e = k->bucket[h % BUCKETS];
    }
    for (; e; e = e->hash_next) {
        if (e->hash == h && !strcmp(e->text, text)) {
            if (k->newest != e) {
                unlink_lru(k, e);
                link_newest(k, e);
            }
            return e;
        }
    }
    return NULL;
}

void cache_remove(StmtCache *k, StmtEntry *e)
{
    StmtEntry **at = &k->bucket[e->hash % BUCKETS];
    while (*at != e)
        at = &(*at)->hash_next;
    *at = e->hash_next;
    unlink_lru(k, e);
    k->n--;
    k->drop(e, k->arg);
    free(e->map);
    free(e->text);
    free(e);
}

StmtEntry *cache_add(StmtCache *k, const char *text)
{
    if (k->n >= k->max) {
        for (StmtEntry *e = k->oldest; e; e = e->newer) {
            if (!e->in_use) {
                cache_remove(k, e);
                break;
            }
        }
    }
    size_t n = strlen(text);
    StmtEntry *e = must(calloc(1, sizeof(*e)));
    e->text = must(malloc(n + 1));
    memcpy(e->text, text, n + 1);
    e->hash = text_hash(text, n);
    e->cached = true;
    e->hash_next = k->bucket[e->hash % BUCKETS];
    k->bucket[e->hash % BUCKETS] = e;
    link_newest(k, e);
    k->n++;
    return e;
}

void cache_free(StmtCache *k)
{
    if (!k)
        return;
    while (k->newest)
        cache_remove(k, k->newest);
    free(k);
}
