/* The words of the search index; see tokens.h for the scheme. */
#include "base/tokens.h"

#include <pthread.h>
#include <string.h>

#include "base/fold.h"
#include "base/pinyin.h"
#include "base/pinyin_data.h"
#include "base/cp.h"

enum {
    WORDS_MAX = 4000,
    QUERY_MAX = 16,
    PINYIN_CHARS = 64, /* Han characters of a text that get pinyin */
    COMBINATIONS = 16,
    SYLLABLE = 6,      /* letters of the longest syllable */
    WORD_LETTERS = 16, /* letters of a Latin word that are looked at */
    TYPED_LETTERS = 24,
    INITIALS = 6,   /* initials that are looked at as if they were pinyin */
    PLAIN_MAX = 40, /* bytes of a mixed word that are kept */
};

/* --- a set of words in order of arrival -------------------------------------------------------- */

typedef struct Words {
    Arena *a;
    const char **item;
    uint32_t *hash; /* beside item */
    uint16_t *slot; /* index + 1 */
    size_t n, cap, slots, max;
} Words;

static void words_init(Words *w, Arena *a, size_t max)
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

static void words_add(Words *w, const char *s, size_t n)
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

/* mark + first + second (+ '*'), cut to what a word may hold. */
static void words_join(Words *w, const char *mark, const char *s1, size_t n1, const char *s2,
                       size_t n2, bool prefix)
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

static bool is_syllable(const char *s, size_t n)
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
        if (c->fwd[p - k] && is_syllable(s + p - k, k) && is_syllable(s + p - k, k + len))
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

static void query_letters(Words *w, const char *s, size_t n)
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

/* The words that a query of the first `from`, `from`+1 … n letters asks for. */
static void add_asked(Words *w, const char *s, size_t from, size_t n)
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
        query_letters(&q, s, m);
        for (size_t i = 0; i < q.n; i++) {
            size_t len = strlen(item[i]);
            words_add(w, item[i], item[i][len - 1] == '*' ? len - 1 : len);
        }
    }
}

static void add_letters(Words *w, const char *s, size_t n)
{
    words_join(w, "~", s, 1, "", 0, false);
    add_asked(w, s, 2, n > WORD_LETTERS ? WORD_LETTERS : n);
}

/* May some way to cut s go over place p? A quick no for nearly all pairs. */
static bool may_cross(const char *s, size_t p)
{
    for (size_t from = 0; from < p; from++)
        if (open_node(s + from, p + 1 - from))
            return true;
    return false;
}

/*
 * Adds the joined letters of two or three syllables as one word when, at some keystroke behind the
 * last boundary, the query is not sure of any boundary inside. p1, p2: the boundaries (p2 may be 0).
 */
static void add_joined(Words *w, const char *s, size_t n, size_t p1, size_t p2)
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

/* --- a run of Han characters ------------------------------------------------------------------- */

typedef struct Run {
    const char *reading[PINYIN_CHARS][4];
    int n_readings[PINYIN_CHARS];
    int n;
} Run;

/* Adds what one choice of readings of up to three characters from i on gives. */
static void add_choice(Words *w, const Run *r, int i, const char *const *pick, int n)
{
    char letters[3 * SYLLABLE + 1], initials[INITIALS];
    size_t end[4] = {0};
    for (int k = 0; k < n; k++) {
        size_t len = strnlen(pick[k], SYLLABLE);
        memcpy(letters + end[k], pick[k], len);
        end[k + 1] = end[k] + len;
        initials[k] = *pick[k];
    }
    words_join(w, "~", letters, end[1], "", 0, false);
    words_join(w, "~", initials, 1, "", 0, false);
    if (n >= 2) {
        words_join(w, "~~", letters, end[2], "", 0, false);
        add_joined(w, letters, end[2], end[1], 0);
    }
    if (n >= 3)
        add_joined(w, letters, end[3], end[1], end[2]);
    if (n >= 2)
        words_join(w, "~", initials, (size_t)n, "", 0, false);
    /* Initials that read like pinyin (ha for 合安) are asked for as pinyin. */
    size_t m = (size_t)n, vowel = INITIALS;
    for (; m < INITIALS && i + (int)m < r->n; m++)
        initials[m] = *r->reading[i + (int)m][0];
    for (size_t k = m; k-- > 0;)
        if (initials[k] == 'a' || initials[k] == 'e' || initials[k] == 'o')
            vowel = k;
    if (vowel < m)
        add_asked(w, initials, vowel < 1 ? 2 : vowel + 1, m);
}

static void add_run_pinyin(Words *w, const Run *r)
{
    for (int i = 0; i < r->n; i++) {
        int n = r->n - i < 3 ? r->n - i : 3, use[3], total = 1;
        for (int k = 0; k < n; k++) { /* all readings while the product allows */
            use[k] = r->n_readings[i + k];
            if (total * use[k] > COMBINATIONS)
                use[k] = 1;
            total *= use[k];
        }
        int at[3] = {0};
        for (;;) {
            const char *pick[3];
            for (int k = 0; k < n; k++)
                pick[k] = r->reading[i + k][at[k]];
            add_choice(w, r, i, pick, n);
            int k = n - 1;
            while (k >= 0 && ++at[k] == use[k])
                at[k--] = 0;
            if (k < 0)
                break;
        }
    }
}

/* --- cutting a text ---------------------------------------------------------------------------- */

typedef enum Kind { K_GAP, K_HAN, K_LETTER, K_DIGIT, K_OTHER } Kind;

static Kind kind_of(uint32_t cp)
{
    if (cp < 0x80) {
        if (cp >= 'a' && cp <= 'z')
            return K_LETTER;
        return cp >= '0' && cp <= '9' ? K_DIGIT : K_GAP;
    }
    /* Kana and Hangul are searched like Han: single characters and pairs. */
    if (cp_is_han(cp) || (cp >= 0x3041 && cp <= 0x30FF) || (cp >= 0xAC00 && cp <= 0xD7A3))
        return K_HAN;
    if (cp == 0xFFFD || (cp >= 0x2000 && cp <= 0x2BFF) || (cp >= 0x3000 && cp <= 0x303F) ||
        (cp >= 0xA1 && cp <= 0xBF) || (cp >= 0xFE00 && cp <= 0xFFEF) || cp == 0xD7 || cp == 0xF7)
        return K_GAP;
    return cp >= 0xE000 && cp <= 0xF8FF ? K_GAP : K_OTHER;
}

/* Folded text with the accents of Latin letters taken off (é → e; ü → v behind l and n). */
static char *prepare(Arena *a, const char *text)
{
    static const char *const base[] = {"aaaaaa", "?",     "c", "eeee", "iiii", "?",
                                       "n",      "ooooo", "?", "o",    "uuuu", "y"};
    char *s = fold_text(a, text), *out = arena_alloc(a, strlen(s) + 1), *w = out;
    const char *r = s;
    while (*r) {
        const char *from = r;
        uint32_t cp = cp_next(&r);
        if (cp == 0xFC && w > out && (w[-1] == 'l' || w[-1] == 'n')) {
            *w++ = 'v';
            continue;
        }
        if (cp >= 0xE0 && cp <= 0xFD) {
            uint32_t at = 0xE0;
            char plain = '?';
            for (size_t i = 0; i < sizeof base / sizeof *base && plain == '?'; i++)
                for (const char *b = base[i]; *b && at <= cp; b++, at++)
                    if (at == cp)
                        plain = *b;
            if (plain != '?') {
                *w++ = plain;
                continue;
            }
        }
        memcpy(w, from, (size_t)(r - from));
        w += r - from;
    }
    *w = 0;
    return out;
}

static void add_digits(Words *w, const char *s, size_t n)
{
    words_join(w, "#", s, n, "", 0, false);
    if (n < 7)
        return;
    words_join(w, "#", s, 3, "", 0, false);
    for (size_t k = 4; k <= 8 && k < n; k++)
        words_join(w, "#", s + n - k, k, "", 0, false);
}

/*
 * The run once more where two readings that follow each other make one syllable (xi an: xian): as
 * if both were one character.
 */
static void add_run_merged(Words *w, const Run *r)
{
    Run m = {.n = 0};
    bool any = false;
    for (int i = 0; i < r->n; i++) {
        int n = 0;
        for (int x = 0; i + 1 < r->n && x < r->n_readings[i]; x++) {
            for (int y = 0; y < r->n_readings[i + 1] && n < 4; y++) {
                const char *first = r->reading[i][x], *second = r->reading[i + 1][y];
                char joined[2 * SYLLABLE + 4];
                size_t k = strnlen(first, SYLLABLE), l = strnlen(second, SYLLABLE);
                if (!strchr("aeo", *second) || k + l > SYLLABLE)
                    continue;
                memcpy(joined, first, k);
                memcpy(joined + k, second, l);
                if (is_syllable(joined, k + l))
                    m.reading[m.n][n++] = arena_dup(w->a, joined, k + l);
            }
        }
        if (n) {
            m.n_readings[m.n++] = n;
            any = true;
            i++;
        } else {
            memcpy(m.reading[m.n], r->reading[i], sizeof m.reading[0]);
            m.n_readings[m.n++] = r->n_readings[i];
        }
    }
    if (any)
        add_run_pinyin(w, &m);
}

/* Adds a Han run's characters, pairs and, while `*pinyin_left` lasts, its pinyin. */
static const char *add_han(Words *w, const char *s, int *pinyin_left)
{
    Run r = {.n = 0};
    const char *prev = NULL;
    while (*s) {
        const char *from = s;
        uint32_t cp = cp_next(&s);
        if (kind_of(cp) != K_HAN) {
            s = from;
            break;
        }
        words_add(w, from, (size_t)(s - from));
        if (prev)
            words_add(w, prev, (size_t)(s - prev));
        prev = from;
        if (*pinyin_left > 0 && r.n < PINYIN_CHARS) {
            r.n_readings[r.n] = pinyin_readings(cp, r.reading[r.n]);
            --*pinyin_left;
            if (r.n_readings[r.n] > 0) {
                r.n++;
            } else if (r.n) { /* a character nobody can read ends the run of readings */
                add_run_pinyin(w, &r);
                add_run_merged(w, &r);
                r.n = 0;
            }
        }
    }
    add_run_pinyin(w, &r);
    add_run_merged(w, &r);
    return s;
}

/* A word of letters, digits and other scripts at s; returns its end and what it is made of. */
static const char *word_end(const char *s, bool *letters, bool *digits, bool *other)
{
    *letters = *digits = *other = false;
    while (*s) {
        const char *from = s;
        Kind k = kind_of(cp_next(&s));
        if (k == K_GAP || k == K_HAN)
            return from;
        *letters |= k == K_LETTER;
        *digits |= k == K_DIGIT;
        *other |= k == K_OTHER;
    }
    return s;
}

/* The plain word, cut at a character's border. */
static void add_plain(Words *w, const char *s, size_t n, bool prefix)
{
    char word[PLAIN_MAX + 2];
    if (n > PLAIN_MAX) {
        n = PLAIN_MAX;
        while (n && ((unsigned char)s[n] & 0xC0) == 0x80)
            n--;
    }
    memcpy(word, s, n);
    if (prefix)
        word[n++] = '*';
    words_add(w, word, n);
}

const char *const *tokens_index(Arena *a, const char *text, int *n)
{
    pthread_once(&once, build_trie);
    Words w;
    words_init(&w, a, WORDS_MAX);
    const char *s = prepare(a, text);
    int pinyin_left = PINYIN_CHARS;
    while (*s) {
        const char *from = s;
        Kind k = kind_of(cp_next(&s));
        if (k == K_GAP)
            continue;
        s = from;
        if (k == K_HAN) {
            s = add_han(&w, s, &pinyin_left);
            continue;
        }
        bool letters, digits, other;
        const char *end = word_end(s, &letters, &digits, &other);
        if (other || (letters && digits))
            add_plain(&w, s, (size_t)(end - s), false);
        while (s < end) { /* the runs of letters and digits inside */
            from = s;
            k = kind_of(cp_next(&s));
            const char *next = s;
            while (s < end && kind_of(cp_next(&next)) == k)
                s = next;
            if (k == K_DIGIT)
                add_digits(&w, from, (size_t)(s - from));
            else if (k == K_LETTER)
                add_letters(&w, from, (size_t)(s - from));
        }
    }
    *n = (int)w.n;
    return w.item;
}

const char *const *tokens_phone(Arena *a, const char *digits, int *n)
{
    Words w;
    words_init(&w, a, WORDS_MAX);
    char d[33];
    size_t len = 0;
    for (const char *s = digits; *s && len < 32; s++)
        if (*s >= '0' && *s <= '9')
            d[len++] = *s;
    if (len) {
        /* The whole number is also found by its digits behind the country's code 86. */
        add_digits(&w, d, len);
        if (len == 13 && d[0] == '8' && d[1] == '6')
            add_digits(&w, d + 2, 11);
    }
    *n = (int)w.n;
    return w.item;
}

/* --- what was typed ---------------------------------------------------------------------------- */

static const char *query_han(Words *w, const char *s)
{
    const char *prev = NULL;
    int count = 0;
    while (*s) {
        const char *from = s;
        if (kind_of(cp_next(&s)) != K_HAN) {
            s = from;
            break;
        }
        if (prev)
            words_add(w, prev, (size_t)(s - prev));
        prev = from;
        count++;
    }
    if (count == 1)
        words_add(w, prev, (size_t)(s - prev));
    return s;
}

const char *const *tokens_query(Arena *a, const char *q, int *n)
{
    pthread_once(&once, build_trie);
    Words w;
    words_init(&w, a, QUERY_MAX);
    const char *s = prepare(a, q);
    while (*s) {
        const char *from = s;
        Kind k = kind_of(cp_next(&s));
        if (k == K_GAP)
            continue;
        s = from;
        if (k == K_HAN) {
            s = query_han(&w, s);
            continue;
        }
        bool letters, digits, other;
        const char *end = word_end(s, &letters, &digits, &other);
        size_t len = (size_t)(end - s);
        if (other || (letters && digits))
            add_plain(&w, s, len, true);
        else if (digits) /* fewer than four digits begin too many numbers to be a prefix */
            words_join(&w, "#", s, len, "", 0, len >= 4);
        else
            query_letters(&w, s, len);
        s = end;
    }
    *n = (int)w.n;
    return w.item;
}
