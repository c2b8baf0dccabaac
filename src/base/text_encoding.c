/* Encodings of texts from outside. See text_encoding.h. */
#include "base/text_encoding.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "base/text_check.h"
#include "base/utf8.h"

enum {
    PENDING = 16, /* bytes of an unfinished character that wait for the next piece */
    CHUNK = 4096,
    NUL_PERCENT = 12,
    ENOUGH = 8, /* characters before the scores say anything */
    NOISE = 60, /* percent: below, GB18030 is not believed … */
    CLEAR = 80  /* … if Big5 has at least this */
};

static const char *const names[ENC__COUNT] = {
    "unknown",  "UTF-8",   "UTF-16LE", "UTF-16BE",     "UTF-32LE",
    "UTF-32BE", "GB18030", "Big5",     "windows-1252",
};

const char *text_encoding_name(TextEncoding e)
{
    return (unsigned)e < ENC__COUNT ? names[e] : names[0];
}

TextEncoding text_encoding_by_name(const char *name)
{
    static const struct {
        const char *name;
        TextEncoding e;
    } also[] = {{"GBK", ENC_GB18030},        {"GB2312", ENC_GB18030},    {"CP936", ENC_GB18030},
                {"UTF8", ENC_UTF8},          {"UTF-16", ENC_UTF16LE},    {"CP950", ENC_BIG5},
                {"CP1252", ENC_WINDOWS1252}, {"latin1", ENC_WINDOWS1252}};
    for (int i = 1; i < ENC__COUNT; i++)
        if (strcasecmp(names[i], name) == 0)
            return (TextEncoding)i;
    for (size_t i = 0; i < sizeof also / sizeof *also; i++)
        if (strcasecmp(also[i].name, name) == 0)
            return also[i].e;
    return ENC_UNKNOWN;
}

const char *text_rule_name(TextRule r)
{
    static const char *const rules[] = {"none",    "bom",        "utf8", "nul",
                                        "gb18030", "big5_score", "big5", "last"};
    return rules[r];
}

static const char *iconv_name(TextEncoding e)
{
    return e == ENC_BIG5 ? "CP950" : e == ENC_WINDOWS1252 ? "CP1252" : names[e];
}

/* --- a converter fed with pieces ---------------------- */

typedef struct Stream {
    iconv_t cd;
    bool broken;
    char pending[PENDING];
    size_t n_pending;
    int64_t done; /* bytes taken; where the mistake is when broken */
} Stream;

static void stream_close(void *p)
{
    iconv_close(((Stream *)p)->cd);
}

static void stream_open(Stream *s, Arena *a, TextEncoding e)
{
    s->cd = iconv_open("UTF-8", iconv_name(e));
    s->broken = s->cd == (iconv_t)-1;
    if (!s->broken)
        arena_defer(a, stream_close, s);
}

/* Converts what it can of data; what is left is the beginning of a character, or broken. */
static size_t stream_run(Stream *s, const char *data, size_t n, Buf *out)
{
    char *in = (char *)(size_t)data; /* iconv takes char ** but does not write there */
    size_t left = n;
    while (left) {
        char *to = buf_room(out, CHUNK);
        size_t room = CHUNK, before = left;
        size_t rc = iconv(s->cd, &in, &left, &to, &room);
        int err = errno;
        /* glibc lets forms of five and six bytes through (F9 84 84 84 84), which are no UTF-8 */
        size_t made = CHUNK - room;
        if (!utf8_valid(to - made, made)) {
            s->broken = true;
            break;
        }
        buf_grew(out, CHUNK - room);
        s->done += (int64_t)(before - left);
        if (rc != (size_t)-1 || err == E2BIG)
            continue;
        if (err != EINVAL)
            s->broken = true;
        break;
    }
    return n - left;
}

static void stream_feed(Stream *s, const char *data, size_t n, Buf *out)
{
    /* An unfinished character first, a byte at a time until it is whole. */
    while (s->n_pending && n && !s->broken) {
        s->pending[s->n_pending++] = *data++;
        n--;
        size_t used = stream_run(s, s->pending, s->n_pending, out);
        memmove(s->pending, s->pending + used, s->n_pending - used);
        s->n_pending -= used;
        if (s->n_pending == PENDING)
            s->broken = true;
    }
    if (s->broken || !n)
        return;
    size_t used = stream_run(s, data, n, out);
    if (s->broken)
        return;
    if (n - used >= PENDING) {
        s->broken = true;
        return;
    }
    memcpy(s->pending, data + used, n - used);
    s->n_pending = n - used;
}

/* --- telling ------------------------------------------------------------------------------------- */

struct TextDetect {
    Arena *a;
    char first[4];
    size_t n_first;
    int64_t n, nul[2]; /* bytes; NULs in even and odd places */
    bool utf8;
    char u_pending[4]; /* the end of a piece inside a character */
    size_t nu_pending;
    TextCheck gb, big5, cp1252;
};

TextDetect *text_detect_new(Arena *a)
{
    TextDetect *d = ARENA_NEW(a, TextDetect);
    d->a = a;
    d->utf8 = true;
    text_check_begin(&d->gb, CHECK_GB18030);
    text_check_begin(&d->big5, CHECK_BIG5);
    text_check_begin(&d->cp1252, CHECK_CP1252);
    return d;
}

static void feed_utf8(TextDetect *d, const char *s, size_t n)
{
    while (d->nu_pending && n && d->utf8) {
        d->u_pending[d->nu_pending++] = *s++;
        n--;
        const char *p = d->u_pending, *end = p + d->nu_pending;
        if (utf8_next(&p, end) >= 0)
            d->nu_pending = 0;
        else if (p != end || d->nu_pending == 4)
            d->utf8 = false; /* wrong, not merely short: a short one is consumed to its end */
    }
    if (!d->utf8 || !n)
        return;
    size_t ok = utf8_valid_len(s, n);
    if (ok == n)
        return;
    const char *p = s + ok;
    utf8_next(&p, s + n);
    if (p == s + n && n - ok < 4 && (unsigned char)s[ok] >= 0xC2 && (unsigned char)s[ok] <= 0xF4) {
        memcpy(d->u_pending, s + ok, n - ok);
        d->nu_pending = n - ok;
    } else {
        d->utf8 = false;
    }
}

void text_detect_feed(TextDetect *d, const char *data, size_t n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n && d->n_first < sizeof d->first; i++)
        d->first[d->n_first++] = data[i];
    for (const char *p = data, *end = data + n; (p = memchr(p, 0, (size_t)(end - p))) != NULL; p++)
        d->nul[(d->n + (p - data)) & 1]++;
    d->n += (int64_t)n;
    feed_utf8(d, data, n);
    text_check_feed(&d->gb, data, n);
    text_check_feed(&d->big5, data, n);
    text_check_feed(&d->cp1252, data, n);
}

static TextEncoding bom_of(const char *s, size_t n, int *len)
{
    /* FF FE 00 00 before FF FE, of which it is the longer form */
    static const struct {
        const char *bom;
        int len;
        TextEncoding e;
    } boms[] = {{"\xFF\xFE\0\0", 4, ENC_UTF32LE},
                {"\0\0\xFE\xFF", 4, ENC_UTF32BE},
                {"\xEF\xBB\xBF", 3, ENC_UTF8},
                {"\xFF\xFE", 2, ENC_UTF16LE},
                {"\xFE\xFF", 2, ENC_UTF16BE}};
    for (size_t i = 0; i < sizeof boms / sizeof *boms; i++)
        if (n >= (size_t)boms[i].len && memcmp(s, boms[i].bom, (size_t)boms[i].len) == 0) {
            *len = boms[i].len;
            return boms[i].e;
        }
    return ENC_UNKNOWN;
}

static int percent(int64_t part, int64_t all)
{
    return all ? (int)(part * 100 / all) : 100;
}

bool text_detect_end(Ctx *c, TextDetect *d, TextGuess *out)
{
    TextGuess g = {.gb_score = -1, .big5_score = -1};
    bool gb = text_check_whole(&d->gb), big5 = text_check_whole(&d->big5);
    int64_t nuls = d->nul[0] + d->nul[1];
    if (gb)
        g.gb_score = percent(d->gb.common, d->gb.pairs);
    if (big5)
        g.big5_score = percent(d->big5.common, d->big5.pairs);
    g.encoding = bom_of(d->first, d->n_first, &g.bom);
    if (g.encoding) {
        g.rule = RULE_BOM;
    } else if (d->utf8 && !d->nu_pending && !nuls) {
        g.encoding = ENC_UTF8;
        g.rule = RULE_UTF8;
    } else if (nuls) {
        /* Share of the even or odd places that are NUL; of UTF-16 the high byte of each ASCII
           character. Little-endian has it in the odd places. */
        int even = percent(d->nul[0], (d->n + 1) / 2), odd = percent(d->nul[1], d->n / 2);
        if (d->n % 2 == 0 && odd > NUL_PERCENT && odd > even * 2)
            g.encoding = ENC_UTF16LE;
        else if (d->n % 2 == 0 && even > NUL_PERCENT && even > odd * 2)
            g.encoding = ENC_UTF16BE;
        else
            return ctx_fail(c, ERR_UNSUPPORTED_TYPE, NULL, "encoding.binary");
        g.rule = RULE_NUL;
    } else if (gb && big5 && d->big5.pairs >= ENOUGH && g.gb_score < NOISE &&
               g.big5_score >= CLEAR) {
        g.encoding = ENC_BIG5;
        g.rule = RULE_BIG5_SCORE;
    } else if (gb) {
        g.encoding = ENC_GB18030;
        g.rule = RULE_GB18030;
    } else if (big5) {
        g.encoding = ENC_BIG5;
        g.rule = RULE_BIG5;
    } else if (text_check_whole(&d->cp1252)) {
        g.encoding = ENC_WINDOWS1252;
        g.rule = RULE_LAST;
    } else {
        return ctx_fail(c, ERR_UNSUPPORTED_TYPE, NULL, "encoding.unknown");
    }
    *out = g;
    return true;
}

bool text_detect(Ctx *c, const char *data, size_t n, TextGuess *out)
{
    TextDetect *d = text_detect_new(c->a);
    text_detect_feed(d, data, n);
    return text_detect_end(c, d, out);
}

/* --- converting ---------------------------------------------------------------------------------- */

struct TextConv {
    Ctx *c;
    TextEncoding e;
    Stream s;
    bool bom_done;
    char first[4]; /* the first bytes wait until it is clear whether they are a BOM */
    size_t n_first;
};

TextConv *text_conv_new(Ctx *c, TextEncoding e)
{
    TextConv *t = ARENA_NEW(c->a, TextConv);
    t->c = c;
    t->e = e;
    if (e == ENC_UNKNOWN)
        t->s.broken = true;
    else
        stream_open(&t->s, c->a, e);
    return t;
}

static bool broken(TextConv *t)
{
    return ctx_fail(t->c, ERR_UNSUPPORTED_TYPE, NULL, "encoding.broken", text_encoding_name(t->e),
                    ctx_num(t->c, t->s.done + 1));
}

static void first_done(TextConv *t, Buf *out)
{
    int skip = 0;
    t->bom_done = true;
    if (t->s.broken)
        return;
    if (bom_of(t->first, t->n_first, &skip) != t->e)
        skip = 0;
    stream_feed(&t->s, t->first + skip, t->n_first - (size_t)skip, out);
    t->s.done += skip;
}

bool text_conv_feed(TextConv *t, const char *data, size_t n, Buf *out)
{
    while (!t->bom_done && n) {
        t->first[t->n_first++] = *data++;
        n--;
        if (t->n_first == sizeof t->first)
            first_done(t, out);
    }
    if (n && !t->s.broken)
        stream_feed(&t->s, data, n, out);
    if (t->s.broken)
        return broken(t);
    return true;
}

bool text_conv_end(TextConv *t, Buf *out)
{
    if (!t->bom_done)
        first_done(t, out); /* a text of less than four bytes */
    if (t->s.broken || t->s.n_pending)
        return broken(t);
    return true;
}

bool text_to_utf8(Ctx *c, TextEncoding e, const char *data, size_t n, char **out, size_t *out_len)
{
    Buf b;
    buf_init(&b, c->a);
    TextConv *t = text_conv_new(c, e);
    if (!text_conv_feed(t, data, n, &b) || !text_conv_end(t, &b))
        return false;
    *out = b.data;
    *out_len = b.len;
    return true;
}
