/*
 * A new archive written straight through: parts that stay are copied as they are packed, others are packed while they are
 * made, with their sizes behind them (a "data descriptor"), so that no part is ever held whole. See docx_impl.h.
 */
#include <string.h>

#include <zlib.h>

#include "base/vec.h"
#include "record/print/docx_impl.h"

enum { ROOM = 64 * 1024, UTF8_NAMES = 1 << 11, SIZES_BEHIND = 1 << 3, LEVEL = 6 };
enum {
    SIGN_LOCAL = 0x04034b50,
    SIGN_BEHIND = 0x08074b50,
    SIGN_LIST = 0x02014b50,
    SIGN_END = 0x06054b50
};

typedef struct Entry {
    const char *name;
    uint32_t crc, packed, size, at;
    unsigned flags;
    int method;
} Entry;

struct DocxOut {
    Arena *a;
    DocxWrite *write;
    void *arg;
    uint32_t when;
    int64_t n; /* bytes written */
    Entry *entries;
    int n_entries;
    size_t cap;
    z_stream z;
    bool ready;
    char *room;
};

static void end_deflate(void *out)
{
    DocxOut *o = out;
    if (o->ready)
        deflateEnd(&o->z);
}

DocxOut *docx_out_new(Arena *a, uint32_t at, DocxWrite *write, void *arg)
{
    DocxOut *o = ARENA_NEW(a, DocxOut);
    *o = (DocxOut){.a = a, .write = write, .arg = arg, .when = at, .room = arena_alloc(a, ROOM)};
    o->ready = deflateInit2(&o->z, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    arena_defer(a, end_deflate, o);
    return o;
}

static bool put(DocxOut *o, const char *bytes, size_t n)
{
    o->n += (int64_t)n;
    return o->n < (int64_t)UINT32_MAX && o->write(o->arg, bytes, n);
}

static bool put_copied(void *arg, const char *bytes, size_t n)
{
    return put(arg, bytes, n);
}

/* Numbers of zip are little-endian. */
static void num(Buf *b, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_putc(b, (char)(v >> (8 * i) & 0xff));
}

/* What head and list of an entry have in common. */
static void facts(Buf *b, const DocxOut *o, const Entry *e)
{
    num(b, 20, 2); /* version needed */
    num(b, e->flags, 2);
    num(b, (uint32_t)e->method, 2);
    num(b, o->when, 4);
    num(b, e->crc, 4);
    num(b, e->packed, 4);
    num(b, e->size, 4);
    num(b, (uint32_t)strlen(e->name), 2);
    num(b, 0, 2); /* extra */
}

static bool head(DocxOut *o, const Entry *what)
{
    o->entries = vec_room(o->a, o->entries, (size_t)o->n_entries, &o->cap, sizeof *o->entries);
    Entry *e = &o->entries[o->n_entries++];
    *e = *what;
    e->at = (uint32_t)o->n;
    Buf b;
    buf_init(&b, o->a);
    num(&b, SIGN_LOCAL, 4);
    facts(&b, o, e);
    buf_puts(&b, e->name);
    return put(o, b.data, b.len);
}

bool docx_out_copy(DocxOut *o, DocxPackage *p, int at)
{
    const DocxPart *part = &p->parts[at];
    Entry e = {.name = part->name,
               .crc = part->crc,
               .packed = (uint32_t)part->packed,
               .size = (uint32_t)part->size,
               .flags = UTF8_NAMES,
               .method = part->method};
    return head(o, &e) && docx_part_packed(p, at, put_copied, o);
}

bool docx_out_begin(DocxOut *o, const char *name)
{
    Entry e = {.name = name, .flags = UTF8_NAMES | SIZES_BEHIND, .method = Z_DEFLATED};
    return o->ready && deflateReset(&o->z) == Z_OK && head(o, &e);
}

static bool pack(DocxOut *o, const char *bytes, size_t n, int flush)
{
    Entry *e = &o->entries[o->n_entries - 1];
    o->z.next_in = (Bytef *)(uintptr_t)bytes;
    o->z.avail_in = (uInt)n;
    for (int s = Z_OK; s == Z_OK && (o->z.avail_in > 0 || flush == Z_FINISH);) {
        o->z.next_out = (Bytef *)o->room;
        o->z.avail_out = ROOM;
        s = deflate(&o->z, flush);
        size_t made = ROOM - o->z.avail_out;
        e->packed += (uint32_t)made;
        if ((s != Z_OK && s != Z_STREAM_END) || (made && !put(o, o->room, made)))
            return false;
    }
    return true;
}

bool docx_out_add(DocxOut *o, const char *bytes, size_t n)
{
    Entry *e = &o->entries[o->n_entries - 1];
    e->crc = (uint32_t)crc32(e->crc, (const Bytef *)bytes, (uInt)n);
    e->size += (uint32_t)n;
    return pack(o, bytes, n, Z_NO_FLUSH);
}

bool docx_out_end(DocxOut *o)
{
    if (!pack(o, "", 0, Z_FINISH))
        return false;
    const Entry *e = &o->entries[o->n_entries - 1];
    Buf b;
    buf_init(&b, o->a);
    num(&b, SIGN_BEHIND, 4);
    num(&b, e->crc, 4);
    num(&b, e->packed, 4);
    num(&b, e->size, 4);
    return put(o, b.data, b.len);
}

bool docx_out_whole(DocxOut *o, const char *name, const char *bytes, size_t n)
{
    return docx_out_begin(o, name) && docx_out_add(o, bytes, n) && docx_out_end(o);
}

bool docx_out_close(DocxOut *o)
{
    uint32_t from = (uint32_t)o->n;
    Buf b;
    buf_init(&b, o->a);
    for (int i = 0; i < o->n_entries; i++) {
        const Entry *e = &o->entries[i];
        num(&b, SIGN_LIST, 4);
        num(&b, 20, 2); /* made by */
        facts(&b, o, e);
        num(&b, 0, 4); /* comment, disk */
        num(&b, 0, 2); /* kind */
        num(&b, 0, 4); /* rights */
        num(&b, e->at, 4);
        buf_puts(&b, e->name);
    }
    uint32_t size = (uint32_t)b.len;
    num(&b, SIGN_END, 4);
    num(&b, 0, 4);
    num(&b, (uint32_t)o->n_entries, 2);
    num(&b, (uint32_t)o->n_entries, 2);
    num(&b, size, 4);
    num(&b, from, 4);
    num(&b, 0, 2);
    return put(o, b.data, b.len);
}
