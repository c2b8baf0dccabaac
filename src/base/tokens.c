/* The words of the search index; see tokens.h for the scheme. */
#include "base/tokens.h"

#include <string.h>

#include "base/cp.h"
#include "base/fold.h"
#include "base/pinyin.h"
#include "base/tokens_impl.h"
#include "base/utf8.h"

enum {
    PINYIN_CHARS = 64, /* Han characters of a text that get pinyin */
    COMBINATIONS = 16,
    INITIALS = 6,   /* initials that are looked at as if they were pinyin */
    PLAIN_MAX = 40, /* bytes of a mixed word that are kept */
};

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
        letters_add_joined(w, letters, end[2], end[1], 0);
    }
    if (n >= 3)
        letters_add_joined(w, letters, end[3], end[1], end[2]);
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
        letters_add_asked(w, initials, vowel < 1 ? 2 : vowel + 1, m);
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
        cp <= 0xBF || (cp >= 0xFE00 && cp <= 0xFFEF) || cp == 0xD7 || cp == 0xF7)
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
                if (letters_are_syllable(joined, k + l))
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
    if (n > PLAIN_MAX)
        n = utf8_fit(s, PLAIN_MAX);
    memcpy(word, s, n);
    if (prefix)
        word[n++] = '*';
    words_add(w, word, n);
}

const char *const *tokens_index(Arena *a, const char *text, int *n)
{
    letters_ready();
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
                letters_add(&w, from, (size_t)(s - from));
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
    letters_ready();
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
            letters_query(&w, s, len);
        s = end;
    }
    *n = (int)w.n;
    return w.item;
}
