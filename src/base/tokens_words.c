/* A set of words in order of arrival, by open addressing. See tokens_impl.h. */
#include <string.h>

#include "base/tokens_impl.h"

void words_init(Words *w, Arena *a, size_t max)
{
    *w = (Words){.a = a, .cap = 64, .slots = 256, .max = max};
    w->item = ARENA_ARRAY(a, w->cap, const char *);
    w->hash = ARENA_ARRAY(a, w->cap, uint32_t);
    w->slot = ARENA_ARRAY(a, w->slots, uint16_t);
}

/* Eight bytes a step: this runs for some hundred words of each record. */
static uint32_t hash(const char *s, size_t n)
{
    uint64_t h = 1469598103934665603u ^ n, part;
    for (; n >= 8; s += 8, n -= 8) {
        memcpy(&part, s, 8);
        h = (h ^ part) * 1099511628211u;
        h ^= h >> 29;
    }
    for (part = 0; n; n--)
        part = part << 8 | (unsigned char)s[n - 1];
    h = (h ^ part) * 1099511628211u;
    return (uint32_t)(h ^ (h >> 32));
}

static void words_grow(Words *w)
{
    const char **item = ARENA_ARRAY(w->a, w->cap * 2, const char *);
    uint32_t *hashes = ARENA_ARRAY(w->a, w->cap * 2, uint32_t);
    memcpy(item, w->item, w->n * sizeof *item);
    memcpy(hashes, w->hash, w->n * sizeof *hashes);
    w->item = item;
    w->hash = hashes;
    w->cap *= 2;
    w->slots *= 2;
    w->slot = ARENA_ARRAY(w->a, w->slots, uint16_t);
    for (size_t i = 0; i < w->n; i++) {
        size_t at = hashes[i] & (w->slots - 1);
        while (w->slot[at])
            at = (at + 1) & (w->slots - 1);
        w->slot[at] = (uint16_t)(i + 1);
    }
}

void words_add(Words *w, const char *s, size_t n)
{
    if (!n || w->n >= w->max)
        return;
    uint32_t h = hash(s, n);
    size_t at = h & (w->slots - 1);
    for (; w->slot[at]; at = (at + 1) & (w->slots - 1)) {
        size_t i = w->slot[at] - 1u;
        if (w->hash[i] == h && !strncmp(w->item[i], s, n) && !w->item[i][n])
            return;
    }
    w->hash[w->n] = h;
    w->item[w->n++] = arena_dup(w->a, s, n);
    w->slot[at] = (uint16_t)w->n;
    if (w->n == w->cap)
        words_grow(w);
}
_Static_assert(WORDS_MAX < UINT16_MAX, "slots of Words are too small");

void words_join(Words *w, const char *mark, const char *s1, size_t n1, const char *s2, size_t n2,
                bool prefix)
{
    char word[64];
    size_t n = strlen(mark);
    memcpy(word, mark, n);
    if (n1 > 24)
        n1 = 24;
    if (n2 > 24)
        n2 = 24;
    memcpy(word + n, s1, n1);
    n += n1;
    if (n2)
        memcpy(word + n, s2, n2);
    n += n2;
    if (prefix)
        word[n++] = '*';
    words_add(w, word, n);
}
