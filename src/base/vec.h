/*
 * A growing array on an arena, for any type:
 *     VEC(Field) fields = {0};
 *     vec_push(a, &fields, fld);
 *     for (size_t i = 0; i < fields.n; i++) use(fields.items[i]);
 * items may move at each push; the memory goes with the arena. Items need no closing.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <string.h>

#include "base/arena.h"

#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t n, cap;                                                                             \
    }

/* Appends one item (evaluated once). a, v are evaluated several times. */
#define vec_push(a, v, ...)                                                                        \
    ((v)->items = vec_room((a), (v)->items, (v)->n, &(v)->cap, sizeof *(v)->items),                \
     (v)->items[(v)->n++] = (__VA_ARGS__))

/* Room for one more behind n items; doubles. For the macro only. */
static inline void *vec_room(Arena *a, void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    size_t more = *cap ? *cap * 2 : 8;
    void *p = arena_array(a, more, size);
    if (n)
        memcpy(p, items, n * size);
    *cap = more;
    return p;
}

#endif
