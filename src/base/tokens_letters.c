/*
 * What letters mean: pinyin, cut into syllables in all ways that are there, or a Latin word. What a query of them asks for,
 * and what the index holds so that each such query finds it. See tokens.h for the scheme.
 */
#include <pthread.h>
#include <string.h>

#include "base/pinyin_data.h"
#include "base/tokens_impl.h"

enum { TYPED_LETTERS = 24 };

/* --- syllables: a trie over all that the table of readings knows ------------------------------- */

typedef struct Node {
    uint16_t next[26];
    bool ends, has_more;
} Node;

static Node trie[2048];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void build_trie(void)
{
    size_t n = 1;
    for (size_t i = 1; i < pinyin_n_syllables; i++) {
        size_t at = 0;
        if (!strcmp(pinyin_syllables[i], "o")) /* hardly a name has it, many cuts would be unsure */
            continue;
        for (const char *s = pinyin_syllables[i]; *s; s++) {
            uint16_t *next = &trie[at].next[*s - 'a'];
            trie[at].has_more = true;
            if (!*next && n < sizeof trie / sizeof *trie)
                *next = (uint16_t)n++;
            at = *next;
        }
        trie[at].ends = true;
    }
}

void letters_ready(void)
{
    pthread_once(&once, build_trie);
}

/* The node of s (n letters) when some syllable starts with all of it, or NULL. */
static const Node *open_node(const char *s, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at = trie[at].next[s[i] - 'a'];
        if (!at)
            return NULL;
    }
    return n ? &trie[at] : NULL;
}

/* --- all ways to cut letters into syllables ---------------------------------------------------- */

typedef struct Cuts {
    uint32_t fwd[TYPED_LETTERS + 1]; /* ways from the start to here, whole syllables only */
    uint32_t bwd[TYPED_LETTERS + 1]; /* ways from here to the end */
    size_t longest;                  /* the last place that whole syllables reach */
} Cuts;

bool letters_are_syllable(const char *s, size_t n)
{
    const Node *node = open_node(s, n);
    return node && node->ends;
}

/*
 * A syllable that starts with a vowel at p is no way of its own where it makes one syllable with
 * the one before it: xian counts as xian, not as xi an. The index stores 西安 as both.
 */
static bool is_merged(const char *s, size_t p, size_t len, const Cuts *c)
{
    if (s[p] != 'a' && s[p] != 'e' && s[p] != 'o')
        return false;
    for (size_t k = 1; k <= p && k + len <= SYLLABLE; k++)
        if (c->fwd[p - k] && letters_are_syllable(s + p - k, k) &&
            letters_are_syllable(s + p - k, k + len))
            return true;
    return false;
}

/*
 * Counts the ways; false where there is none. The last syllable may be a beginning of one; where
 * whole syllables reach the end, only a beginning of two letters or more.
 */
static bool count_cuts(const char *s, size_t n, Cuts *c)
{
    *c = (Cuts){.fwd[0] = 1};
    bool tail[TYPED_LETTERS + 1] = {false};
    unsigned char edge[TYPED_LETTERS + 1] = {0}; /* bit k: a syllable of k letters starts here */
    for (size_t p = 0; p < n; p++) {
        if (!c->fwd[p])
            continue;
        size_t at = 0, e = p;
        while (e < n && (at = trie[at].next[s[e] - 'a']) != 0) {
            e++;
            if (trie[at].ends && e - p <= SYLLABLE && !is_merged(s, p, e - p, c)) {
                c->fwd[e] += c->fwd[p];
                edge[p] |= (unsigned char)(1u << (e - p));
            }
        }
        tail[p] = at && e == n && !trie[at].ends;
    }
    for (size_t p = 0; p <= n; p++)
        if (c->fwd[p])
            c->longest = p;
    bool whole = c->fwd[n] > 0;
    c->bwd[n] = 1;
    for (size_t p = n; p-- > 0;) {
        if (tail[p] && (!whole || n - p >= 2))
            c->bwd[p] = 1;
        for (size_t k = 1; k <= SYLLABLE && p + k <= n; k++)
            if (edge[p] & (1u << k))
                c->bwd[p] += c->bwd[p + k];
    }
    return c->bwd[0] > 0;
}

/* Do all ways have a cut at p? */
static bool all_cut(const Cuts *c, size_t p)
{
    return (uint64_t)c->fwd[p] * c->bwd[p] == c->bwd[0];
}

/* The most syllables that a way from `from` to `to` has; `to` may end inside one. */
static int most_syllables(const char *s, size_t from, size_t to)
{
    int most[TYPED_LETTERS + 1] = {0};
    for (size_t p = from; p < to; p++) {
        if (p > from && !most[p])
            continue;
        size_t at = 0;
        for (size_t e = p; e < to && (at = trie[at].next[s[e] - 'a']) != 0;) {
            e++;
            if ((trie[at].ends || e == to) && most[e] < most[p] + 1)
                most[e] = most[p] + 1;
        }
    }
    return most[to];
}

/* --- what was typed in letters ----------------------------------------------------------------- */

/* Letters that do not go on as pinyin: initials, or a Latin word. */
static void query_initials(Words *w, const char *s, size_t n)
{
    if (n == 2)
        words_join(w, "~", s, 2, "", 0, true);
    for (size_t i = 0; n >= 3 && i + 3 <= n; i++)
        words_join(w, "~", s + i, 3, "", 0, false);
}

/* Letters that can be cut into syllables. at_end: more letters may follow. */
static void query_pinyin(Words *w, const char *s, size_t n, const Cuts *c, bool at_end)
{
    size_t a = 0,
           before = 0;  /* before: length of a certain syllable in front of a, not asked yet */
    bool asked = false; /* whether that syllable is part of a pair already */
    while (a < n) {
        size_t b = a + 1;
        while (b < n && !all_cut(c, b))
            b++;
        uint32_t ways = b < n ? c->fwd[b] / c->fwd[a] : c->bwd[a];
        const Node *node = open_node(s + a, b - a);
        bool prefix = b == n && at_end && (!node || node->has_more || !node->ends);
        if (ways == 1 && before) {
            words_join(w, "~~", s + a - before, before, s + a, b - a, prefix);
            before = b - a;
            asked = true;
        } else {
            if (before && !asked)
                words_join(w, "~", s + a - before, before, "", 0, false);
            before = 0;
            asked = false;
            if (ways > 1) {
                size_t len = b - a;
                if (most_syllables(s, a, b) > 3) /* too long for one word: its beginning */
                    for (len = 1; !open_node(s + a, len)->ends && len < b - a;)
                        len++;
                words_join(w, "~", s + a, len, "", 0, prefix || len < b - a);
            } else if (b == n && b - a == 1 && a > 0) { /* a letter alone is an exact initial */
                words_join(w, "~", s + a, 1, "", 0, false);
            } else if (b == n) {
                words_join(w, "~", s + a, b - a, "", 0, prefix);
            } else {
                before = b - a;
            }
        }
        a = b;
    }
    if (before && !asked)
        words_join(w, "~", s + n - before, before, "", 0, false);
}

void letters_query(Words *w, const char *s, size_t n)
{
    if (n == 1) {
        words_join(w, "~", s, 1, "", 0, false);
        return;
    }
    Cuts c;
    if (n > TYPED_LETTERS)
        n = TYPED_LETTERS;
    if (count_cuts(s, n, &c)) {
        query_pinyin(w, s, n, &c, true);
        return;
    }
    if (n > WORD_LETTERS) { /* a long Latin word is indexed by its beginning */
        n = WORD_LETTERS;
        if (count_cuts(s, n, &c)) {
            query_pinyin(w, s, n, &c, true);
            return;
        }
    }
    size_t p = c.longest; /* huawkj: pinyin, then initials */
    if (p > 0 && count_cuts(s, p, &c))
        query_pinyin(w, s, p, &c, false);
    query_initials(w, s + p, n - p);
}

/* --- what letters give the index --------------------------------------------------------------- */

void letters_add_asked(Words *w, const char *s, size_t from, size_t n)
{
    for (size_t m = from; m <= n; m++) {
        const char *item[QUERY_MAX];
        uint32_t hashes[QUERY_MAX + 1];
        uint16_t slot[64] = {0};
        Words q = {.a = w->a,
                   .item = item,
                   .hash = hashes,
                   .slot = slot,
                   .cap = QUERY_MAX + 1,
                   .slots = 64,
                   .max = QUERY_MAX};
        letters_query(&q, s, m);
        for (size_t i = 0; i < q.n; i++) {
            size_t len = strlen(item[i]);
            words_add(w, item[i], item[i][len - 1] == '*' ? len - 1 : len);
        }
    }
}

void letters_add(Words *w, const char *s, size_t n)
{
    words_join(w, "~", s, 1, "", 0, false);
    letters_add_asked(w, s, 2, n > WORD_LETTERS ? WORD_LETTERS : n);
}

/* May some way to cut s go over place p? A quick no for nearly all pairs. */
static bool may_cross(const char *s, size_t p)
{
    for (size_t from = 0; from < p; from++)
        if (open_node(s + from, p + 1 - from))
            return true;
    return false;
}

void letters_add_joined(Words *w, const char *s, size_t n, size_t p1, size_t p2)
{
    if (!may_cross(s, p1) || (p2 && !may_cross(s, p2)))
        return;
    for (size_t m = (p2 ? p2 : p1) + 1; m <= n; m++) {
        Cuts c;
        if (!count_cuts(s, m, &c) || !c.bwd[p1] || all_cut(&c, p1) || (p2 && all_cut(&c, p2)))
            continue;
        words_join(w, "~", s, n, "", 0, false);
        return;
    }
}
