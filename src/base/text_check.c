/* Tables of what iconv takes, and texts held against them. See text_check.h. */
#include "base/text_check.h"

#include <iconv.h>
#include <pthread.h>
#include <string.h>

enum {
    BAD,
    SINGLE,
    LEAD,
    BMP_FOURS = 39420, /* four-byte forms of GB18030 for U+0080 to U+FFFF, … */
    FOURS_FROM = 189000,
    FOURS_TO = 1237575 /* … and those for U+10000 to U+10FFFF, which all are characters */
};

typedef struct Table {
    unsigned char first[256];      /* BAD, SINGLE, LEAD */
    unsigned char pair[65536 / 8]; /* bits: lead * 256 + second byte */
    unsigned char four[BMP_FOURS / 8 + 1];
} Table;

static Table tables[CHECK__COUNT];

/* ---- tables -------------------------------------------------------------------------------- */

static bool bit(const unsigned char *bits, size_t at)
{
    return bits[at / 8] >> (at % 8) & 1;
}

static void set_bit(unsigned char *bits, size_t at)
{
    bits[at / 8] |= (unsigned char)(1u << (at % 8));
}

/* Are these bytes a text? */
static bool ask(iconv_t cd, const unsigned char *bytes, size_t n)
{
    char in[4], out[32], *from = in, *to = out;
    size_t left = n, room = sizeof out;
    memcpy(in, bytes, n);
    (void)iconv(cd, NULL, NULL, NULL, NULL);
    return iconv(cd, &from, &left, &to, &room) != (size_t)-1;
}

static void ask_fours(Table *t, iconv_t cd)
{
    for (int at = 0; at < BMP_FOURS; at++) {
        unsigned char four[4] = {
            (unsigned char)(0x81 + at / 12600), (unsigned char)(0x30 + at / 1260 % 10),
            (unsigned char)(0x81 + at / 10 % 126), (unsigned char)(0x30 + at % 10)};
        if (ask(cd, four, 4))
            set_bit(t->four, (size_t)at);
    }
}

/* false: this machine does not know the encoding, or has no descriptor left to load its table. */
static bool make(TextCheckKind kind)
{
    static const char *const names[] = {"GB18030", "CP950", "CP1252"};
    Table *t = &tables[kind];
    iconv_t cd = iconv_open("UTF-8", names[kind]);
    if (cd == (iconv_t)-1)
        return false;
    for (unsigned i = 0; i < 256; i++) {
        unsigned char two[2] = {(unsigned char)i, 0};
        if (ask(cd, two, 1)) {
            t->first[i] = SINGLE;
            continue;
        }
        for (unsigned k = 0; kind != CHECK_CP1252 && k < 256; k++) {
            two[1] = (unsigned char)k;
            if (!ask(cd, two, 2))
                continue;
            set_bit(t->pair, i * 256 + k);
            t->first[i] = LEAD;
        }
    }
    if (kind == CHECK_GB18030)
        ask_fours(t, cd);
    iconv_close(cd);
    return true;
}

void text_check_begin(TextCheck *k, TextCheckKind kind)
{
    static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
    static bool made[CHECK__COUNT];
    pthread_mutex_lock(&making);
    made[kind] = made[kind] || make(kind);
    *k = (TextCheck){.kind = kind, .broken = !made[kind]};
    pthread_mutex_unlock(&making);
}

/* ---- texts --------------------------------------------------------------------------------- */

static bool is_digit(unsigned char ch)
{
    return ch >= 0x30 && ch <= 0x39;
}

/* Length of the character at p; 0: it goes on behind n; -1: it is none. */
static int char_len(const TextCheck *k, const unsigned char *p, size_t n)
{
    const Table *t = &tables[k->kind];
    if (t->first[p[0]] != LEAD)
        return t->first[p[0]] == SINGLE ? 1 : -1;
    if (n < 2)
        return 0;
    if (bit(t->pair, (size_t)p[0] * 256 + p[1]))
        return 2;
    if (k->kind != CHECK_GB18030 || !is_digit(p[1]))
        return -1;
    if ((n > 2 && (p[2] < 0x81 || p[2] == 0xff)) || (n > 3 && !is_digit(p[3])))
        return -1;
    if (n < 4)
        return 0;
    int at = ((p[0] - 0x81) * 10 + p[1] - 0x30) * 1260 + (p[2] - 0x81) * 10 + p[3] - 0x30;
    bool ok = at < BMP_FOURS ? bit(t->four, (size_t)at) : at >= FOURS_FROM && at <= FOURS_TO;
    return ok ? 4 : -1;
}

/*
 * Everyday characters without a table: both standards sorted them into their first level. GB 2312
 * level 1 (3,755 characters) has lead bytes B0 to D7 and trail bytes from A1; Big5 level 1 (5,401)
 * has lead bytes A4 to C6. Punctuation (A1 to A3) counts for neither.
 */
static void score(TextCheck *k, unsigned char lead, unsigned char trail)
{
    if (k->kind == CHECK_GB18030) {
        if (lead >= 0xA1 && lead <= 0xA9 && trail >= 0xA1)
            return;
        k->common += lead >= 0xB0 && lead <= 0xD7 && trail >= 0xA1;
    } else {
        if (lead <= 0xA3)
            return;
        k->common += lead <= 0xC6;
    }
    k->pairs++;
}

/* Takes one character; false where it needs more bytes or is none. */
static bool take(TextCheck *k, const unsigned char *p, size_t n, size_t *len)
{
    int got = char_len(k, p, n);
    k->broken |= got < 0;
    if (got <= 0)
        return false;
    if (got > 1)
        score(k, p[0], p[1]);
    *len = (size_t)got;
    return true;
}

void text_check_feed(TextCheck *k, const char *data, size_t n)
{
    const unsigned char *p = (const unsigned char *)data, *end = p + n;
    size_t len;
    while (k->n_pending && p < end && !k->broken) {
        k->pending[k->n_pending++] = *p++;
        if (take(k, k->pending, k->n_pending, &len))
            k->n_pending = 0; /* its last byte was the one that was missing */
    }
    while (p < end && !k->broken) {
        uint64_t w;
        while (end - p >= 8 && (memcpy(&w, p, 8), (w & 0x8080808080808080u) == 0))
            p += 8;
        if (p == end)
            return;
        if (*p < 0x80) {
            p++;
        } else if (take(k, p, (size_t)(end - p), &len)) {
            p += len;
        } else if (!k->broken) {
            k->n_pending = (size_t)(end - p);
            memcpy(k->pending, p, k->n_pending);
            return;
        }
    }
}

bool text_check_whole(const TextCheck *k)
{
    return !k->broken && !k->n_pending;
}
