/* Readings of Han characters; see pinyin.h. */
#include "base/pinyin.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/embed.h"
#include "base/pinyin_data.h"
#include "base/cp.h"

enum { BUCKETS = 512, PHRASE_MAX = 6 };

/* A word with its syllables. */
typedef struct Phrase Phrase;
struct Phrase {
    const char *han;
    size_t len; /* bytes of han */
    int n;      /* characters */
    bool surname;
    const char *syllable[PHRASE_MAX];
    Phrase *next;
};

/* A character whose readings or their order the phrase list changes. */
typedef struct Change Change;
struct Change {
    uint32_t ch;
    int n;
    const char *reading[PINYIN_MAX];
    Change *next;
};

static Phrase *phrases[BUCKETS]; /* by first character; longer ones first */
static Change *changes[BUCKETS];
static Arena *keep; /* of the lists: lives as long as the process */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int table_readings(uint32_t ch, const char *out[PINYIN_MAX])
{
    uint16_t set = 0;
    if (ch >= PINYIN_FIRST && ch <= PINYIN_LAST) {
        set = pinyin_main[ch - PINYIN_FIRST];
    } else {
        size_t lo = 0, hi = pinyin_n_ext;
        while (lo < hi) {
            size_t mid = (lo + hi) / 2;
            if (pinyin_ext[mid].ch < ch)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo < pinyin_n_ext && pinyin_ext[lo].ch == ch)
            set = pinyin_ext[lo].set;
    }
    int n = 0;
    while (n < PINYIN_MAX && pinyin_sets[set][n]) {
        out[n] = pinyin_syllables[pinyin_sets[set][n]];
        n++;
    }
    return n;
}

/* Notes that ch is also read as s; with first, that this is its most likely reading. */
static void change_reading(Arena *a, uint32_t ch, const char *s, bool first)
{
    Change *g = changes[ch % BUCKETS];
    while (g && g->ch != ch)
        g = g->next;
    const char *known[PINYIN_MAX];
    int n = g ? g->n : table_readings(ch, known);
    const char **r = g ? g->reading : known;
    int at = 0;
    while (at < n && strcmp(r[at], s) != 0)
        at++;
    if (at < n && (!first || at == 0))
        return;
    if (!g) {
        g = ARENA_NEW(a, Change);
        g->ch = ch;
        g->n = n;
        memcpy(g->reading, known, (size_t)n * sizeof *known);
        g->next = changes[ch % BUCKETS];
        changes[ch % BUCKETS] = g;
    }
    if (at == g->n) { /* new: a full list loses its least likely */
        if (g->n < PINYIN_MAX)
            g->n++;
        at = g->n - 1;
    }
    if (first) {
        memmove(g->reading + 1, g->reading, (size_t)at * sizeof *g->reading);
        at = 0;
    }
    g->reading[at] = s;
}

/* The characters, a blank, a syllable for each: the unit test looks at every line of the list. */
static void add_phrase(Arena *a, const char *line, size_t len)
{
    Phrase *p = ARENA_NEW(a, Phrase);
    char *text = arena_dup(a, line, len), *rest = strchr(text, ' ');
    p->surname = *text == '@';
    p->han = text + (p->surname ? 1 : 0);
    while (rest && p->n < PHRASE_MAX) {
        *rest++ = 0;
        p->syllable[p->n++] = rest;
        rest = strchr(rest, ' ');
    }
    p->len = strlen(p->han);
    const char *s = p->han;
    for (int i = 0; i < p->n; i++)
        change_reading(a, cp_next(&s), p->syllable[i], p->n == 1 && !p->surname);
    if (p->n == 1 && !p->surname)
        return;
    s = p->han;
    Phrase **at = &phrases[cp_next(&s) % BUCKETS];
    while (*at && (*at)->len >= p->len)
        at = &(*at)->next;
    p->next = *at;
    *at = p;
}

static void load(void)
{
    const Embed *e = embed_find("data/pinyin-phrases.txt");
    Arena *a = keep = arena_new(0);
    const char *p = (const char *)e->data, *end = p + e->len;
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (*p != '#')
            add_phrase(a, p, (size_t)(nl - p));
        p = nl + 1;
    }
}

int pinyin_readings(uint32_t ch, const char *out[4])
{
    pthread_once(&once, load);
    for (const Change *g = changes[ch % BUCKETS]; g; g = g->next) {
        if (g->ch == ch) {
            memcpy(out, g->reading, (size_t)g->n * sizeof *out);
            return g->n;
        }
    }
    return table_readings(ch, out);
}

/* The longest word of the list that s starts with. */
static const Phrase *phrase_at(const char *s, bool surname)
{
    const char *q = s;
    for (const Phrase *p = phrases[cp_next(&q) % BUCKETS]; p; p = p->next)
        if ((surname || !p->surname) && !strncmp(s, p->han, p->len))
            return p;
    return NULL;
}

static char *spell(Arena *a, const char *s, bool initials, bool person)
{
    pthread_once(&once, load);
    Buf b;
    buf_init(&b, a);
    bool start = person;
    while (*s) {
        const Phrase *p = phrase_at(s, start);
        if (p) {
            for (int i = 0; i < p->n; i++)
                buf_add(&b, p->syllable[i], initials ? 1 : strlen(p->syllable[i]));
            s += p->len;
            start = false;
            continue;
        }
        uint32_t cp = cp_next(&s);
        const char *r[PINYIN_MAX];
        if (cp < 0x80) {
            char ch = (char)(cp >= 'A' && cp <= 'Z' ? cp + 32 : cp);
            if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9')) {
                buf_putc(&b, ch);
                start = false;
            }
        } else if (pinyin_readings(cp, r) > 0) {
            buf_add(&b, r[0], initials ? 1 : strlen(r[0]));
            start = false;
        }
    }
    return b.data;
}

char *pinyin_full(Arena *a, const char *s)
{
    return spell(a, s, false, false);
}

char *pinyin_initials(Arena *a, const char *s)
{
    return spell(a, s, true, false);
}

char *pinyin_name_full(Arena *a, const char *s)
{
    return spell(a, s, false, true);
}

char *pinyin_name_initials(Arena *a, const char *s)
{
    return spell(a, s, true, true);
}
