/* A map from strings to pointers on an arena. Keys are copied. Insertion order is kept for walking. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"

typedef struct MapItem {
    const char *key;
    void *value;
    uint32_t hash;
} MapItem;

typedef struct Map {
    Arena *a;
    MapItem *items; /* in insertion order */
    size_t n, cap;
    uint32_t *slots; /* index + 1 into items, 0 = free */
    size_t n_slots;
} Map;

void map_init(Map *m, Arena *a);
/* Sets or replaces. Returns the former value or NULL. */
void *map_put(Map *m, const char *key, void *value);
/* The value, or NULL. */
void *map_get(const Map *m, const char *key);
bool map_has(const Map *m, const char *key);

#endif
