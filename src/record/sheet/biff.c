/* Records of BIFF and texts in them. See biff.h. */
#include "record/sheet/biff.h"

#include "base/utf8.h"

enum { HEAD = 4, CHUNK = 128 * 1024 }; /* a record has 65,539 bytes at most */

void biff_init(Biff *r, const CfbStream *s, Arena *a)
{
    *r = (Biff){.s = s, .chunk = arena_alloc(a, CHUNK), .ahead = CHUNK};
}

void biff_seek(Biff *r, int64_t at)
{
    if (at >= r->base && at <= r->base + (int64_t)r->have) {
        r->place = (size_t)(at - r->base);
    } else {
        r->base = at;
        r->place = r->have = 0;
    }
    r->cut = false;
}

/* Makes n bytes from place on be there, as far as the stream has them. */
static void ensure(Biff *r, size_t n)
{
    size_t left = r->have - r->place;
    if (left >= n)
        return;
    memmove(r->chunk, r->chunk + r->place, left);
    r->base += (int64_t)r->place;
    r->place = 0;
    size_t want = n > r->ahead ? n : r->ahead;
    r->have = left + cfb_read(r->s, r->base + (int64_t)left, r->chunk + left, want - left);
}

bool biff_next(Biff *r)
{
    ensure(r, HEAD);
    r->id = 0;
    r->len = 0;
    if (r->have - r->place < HEAD)
        return false;
    size_t len = biff_u16(r->chunk + r->place + 2);
    ensure(r, HEAD + len +
                  HEAD); /* and the head of the one behind it, so that peek needs no reading */
    const unsigned char *p = r->chunk + r->place;
    if (r->have - r->place < HEAD + len) {
        r->cut = true;
        return false;
    }
    r->id = biff_u16(p);
    r->len = len;
    r->data = p + HEAD;
    r->start = r->base + (int64_t)r->place;
    r->place += HEAD + len;
    return true;
}

unsigned biff_peek(const Biff *r)
{
    return r->have - r->place >= HEAD ? biff_u16(r->chunk + r->place) : 0;
}

double biff_double(const unsigned char *p)
{
    uint64_t bits = (uint64_t)biff_u32(p) | (uint64_t)biff_u32(p + 4) << 32;
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* ---- texts --------------------------------------------------------------------------------- */

bool biff_more(BiffCursor *u)
{
    while (u->at >= u->r->len) { /* a CONTINUE may be empty */
        if (biff_peek(u->r) != BIFF_CONTINUE || !biff_next(u->r)) {
            u->bad = true;
            return false;
        }
        u->at = 0;
    }
    return true;
}

unsigned biff_take8(BiffCursor *u)
{
    return biff_more(u) ? u->r->data[u->at++] : 0;
}

unsigned biff_take16(BiffCursor *u)
{
    unsigned low = biff_take8(u);
    return low | biff_take8(u) << 8;
}

uint32_t biff_take32(BiffCursor *u)
{
    uint32_t low = biff_take16(u);
    return low | (uint32_t)biff_take16(u) << 16;
}

void biff_skip(BiffCursor *u, uint64_t n)
{
    while (n && biff_more(u)) {
        uint64_t left = u->r->len - u->at, step = n < left ? n : left;
        u->at += (size_t)step;
        n -= step;
    }
}

static void put_cp(Buf *out, int32_t cp)
{
    char four[4];
    if (cp)
        buf_add(out, four, utf8_put(cp, four));
}

void biff_chars(BiffCursor *u, unsigned cch, unsigned options, Buf *out)
{
    bool wide = options & 1;
    int32_t high = 0; /* first half of a pair, perhaps in the record before */
    while (cch) {
        if (u->at >= u->r->len) {
            if (!biff_more(u))
                break;
            wide = u->r->data[u->at++] & 1;
            continue;
        }
        int32_t unit = u->r->data[u->at++];
        cch--;
        if (wide)
            unit |= (int32_t)(biff_take8(u) << 8);
        if (high && (unit & 0xfc00) == 0xdc00) {
            put_cp(out, 0x10000 + ((high & 0x3ff) << 10) + (unit & 0x3ff));
            high = 0;
            continue;
        }
        if (high)
            put_cp(out, 0xfffd);
        high = (unit & 0xfc00) == 0xd800 ? unit : 0;
        if (!high)
            put_cp(out, (unit & 0xf800) == 0xd800 ? 0xfffd : unit);
    }
    if (high)
        put_cp(out, 0xfffd);
}

void biff_text(BiffCursor *u, unsigned cch, Buf *out)
{
    unsigned options = biff_take8(u);
    uint64_t runs = options & 8 ? biff_take16(u) : 0, phonetic = options & 4 ? biff_take32(u) : 0;
    biff_chars(u, cch, options, out);
    biff_skip(u, runs * 4 + phonetic);
}

bool biff_bytes(Xls *x, BiffCursor *u, size_t n, Buf *out)
{
    Arena *a = arena_child(out->a);
    Buf raw;
    buf_init(&raw, a);
    while (n && biff_more(u)) {
        size_t left = u->r->len - u->at, step = n < left ? n : left;
        for (size_t i = 0; i < step; i++)
            if (u->r->data[u->at + i])
                buf_putc(&raw, (char)u->r->data[u->at + i]);
        u->at += step;
        n -= step;
    }
    char *in = raw.data;
    size_t left = raw.len;
    bool ok = true;
    while (left) {
        size_t room = left * 4 + 16, was = room;
        char *to = buf_room(out, room), *from = in;
        size_t rc = iconv(x->cd, &in, &left, &to, &room);
        buf_grew(out, was - room);
        if (rc != (size_t)-1)
            break;
        if (in != from)
            continue;
        ok = false; /* this byte is of no character */
        put_cp(out, 0xfffd);
        in++;
        left--;
    }
    (void)iconv(x->cd, NULL, NULL, NULL, NULL);
    arena_free(a);
    return ok;
}
