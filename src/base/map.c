/* String map: open addressing over an ordered array of items. FNV-1a; see map.h. */
#include "base/map.h"

#include <string.h>

static uint32_t hash_of(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

void map_init(Map *m, Arena *a)
{
    *m = (Map){.a = a};
}

static MapItem *find(const Map *m, const char *key, uint32_t h)
{
    if (!m->n_slots)
        return NULL;
    for (size_t i = h & (m->n_slots - 1);; i = (i + 1) & (m->n_slots - 1)) {
        if (!m->slots[i])
            return NULL;
        MapItem *it = &m->items[m->slots[i] - 1];
        if (it->hash == h && strcmp(it->key, key) == 0)
            return it;
    }
}

static void place(Map *m, uint32_t h, uint32_t at)
{
    size_t i = h & (m->n_slots - 1);
    while (m->slots[i])
        i = (i + 1) & (m->n_slots - 1);
    m->slots[i] = at;
}

static void grow(Map *m)
{
    size_t cap = m->cap ? m->cap * 2 : 8;
    MapItem *items = ARENA_ARRAY(m->a, cap, MapItem);
    if (m->n)
        memcpy(items, m->items, m->n * sizeof(MapItem));
    m->items = items;
    m->cap = cap;
    m->n_slots = cap * 2;
    m->slots = ARENA_ARRAY(m->a, m->n_slots, uint32_t);
    for (size_t k = 0; k < m->n; k++)
        place(m, items[k].hash, (uint32_t)k + 1);
}

void *map_put(Map *m, const char *key, void *value)
{
    uint32_t h = hash_of(key);
    MapItem *it = find(m, key, h);
    if (it) {
        void *old = it->value;
        it->value = value;
        return old;
    }
    if (m->n == m->cap)
        grow(m);
    m->items[m->n] = (MapItem){.key = arena_str(m->a, key), .value = value, .hash = h};
    m->n++;
    place(m, h, (uint32_t)m->n);
    return NULL;
}

void *map_get(const Map *m, const char *key)
{
    MapItem *it = find(m, key, hash_of(key));
    return it ? it->value : NULL;
}

bool map_has(const Map *m, const char *key)
{
    return find(m, key, hash_of(key)) != NULL;
}
