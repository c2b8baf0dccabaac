/* Compound files. See cfb.h. */
#include "record/sheet/cfb.h"

#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRY = 128, ENTRIES = 16384, HEADER_FAT = 109, NO_SECTOR = -1 };
#define LAST_SECTOR 0xfffffffau /* greater numbers are marks: end of chain, free … */

struct Cfb {
    Ctx *c;
    Arena *a;
    int fd;
    int64_t size;
    unsigned shift, mini_shift;
    uint32_t cutoff, n_sectors;
    bool raw;
    VEC(uint32_t) fat; /* sectors that hold the table of chains */
    CfbStream mini_fat, mini;
    unsigned char *entries;
    uint32_t n_entries;
    int64_t cached; /* which sector of fat is in cache */
    unsigned char cache[4096];
};

static uint32_t le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned le16(const unsigned char *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static bool broken(Cfb *f, const char *what)
{
    return ctx_fail(f->c, ERR_INVALID, "file", "err.sheet.broken", "OLE2", what);
}

static size_t file_at(const Cfb *f, int64_t at, void *to, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(f->fd, (char *)to + got, n - got, (off_t)(at + (int64_t)got));
        if (r <= 0)
            break;
        got += (size_t)r;
    }
    return got;
}

static int64_t sector_at(const Cfb *f, uint32_t sector)
{
    return ((int64_t)sector + 1) << f->shift;
}

/* ---- chains -------------------------------------------------------------------------------- */

/* The sector behind this one; above LAST_SECTOR at the end, and where the table does not reach. */
static uint32_t next_sector(Cfb *f, uint32_t sector)
{
    unsigned per = f->shift - 2;
    uint32_t page = sector >> per;
    if (page >= f->fat.n)
        return UINT32_MAX;
    if (f->cached != (int64_t)page) {
        size_t want = (size_t)1 << f->shift;
        size_t got = file_at(f, sector_at(f, f->fat.items[page]), f->cache, want);
        memset(f->cache + got, 0xff, want - got);
        f->cached = page;
    }
    return le32(f->cache + ((sector & ((1u << per) - 1)) << 2));
}

static uint32_t next_mini(Cfb *f, uint32_t sector)
{
    unsigned char four[4];
    return cfb_read(&f->mini_fat, (int64_t)sector * 4, four, 4) == 4 ? le32(four) : UINT32_MAX;
}

/* Follows the chain from first. At most limit sectors, so one that bites its tail ends as damaged. */
static bool chain(Cfb *f, uint32_t first, bool mini, uint32_t limit, CfbStream *out)
{
    *out = (CfbStream){.cfb = f, .mini = mini};
    uint32_t n = 0;
    for (uint32_t s = first; s <= LAST_SECTOR && s < limit;
         s = mini ? next_mini(f, s) : next_sector(f, s)) {
        CfbRun *last = out->runs.n ? &out->runs.items[out->runs.n - 1] : NULL;
        if (last && last->first + last->n == s)
            last->n++;
        else
            vec_push(f->a, &out->runs, (CfbRun){.first = s, .n = 1, .at = n});
        if (++n > limit)
            return broken(f, "loop");
    }
    out->size = (int64_t)n << (mini ? f->mini_shift : f->shift);
    return true;
}

static const CfbRun *run_of(const CfbStream *s, uint32_t k)
{
    size_t lo = 0, hi = s->runs.n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->runs.items[mid].at <= k)
            lo = mid;
        else
            hi = mid;
    }
    return hi > lo && k - s->runs.items[lo].at < s->runs.items[lo].n ? &s->runs.items[lo] : NULL;
}

size_t cfb_read(const CfbStream *s, int64_t at, void *to, size_t n)
{
    const Cfb *f = s->cfb;
    size_t got = 0;
    if (at < 0 || at >= s->size)
        return 0;
    if ((int64_t)n > s->size - at)
        n = (size_t)(s->size - at);
    if (f->raw)
        return file_at(f, at, to, n);
    unsigned shift = s->mini ? f->mini_shift : f->shift;
    while (got < n) {
        int64_t place = at + (int64_t)got;
        const CfbRun *run = run_of(s, (uint32_t)(place >> shift));
        if (!run)
            break;
        int64_t inside = place - ((int64_t)run->at << shift),
                left = ((int64_t)run->n << shift) - inside;
        size_t step = (int64_t)(n - got) < left ? n - got : (size_t)left;
        int64_t from =
            s->mini ? ((int64_t)run->first << shift) + inside : sector_at(f, run->first) + inside;
        size_t r = s->mini ? cfb_read(&f->mini, from, (char *)to + got, step)
                           : file_at(f, from, (char *)to + got, step);
        got += r;
        if (r < step)
            break;
    }
    return got;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* The sectors of the table of chains: 109 in the header, the rest in a chain of their own. */
static bool read_fat(Cfb *f, const unsigned char *head)
{
    uint32_t per = (1u << f->shift) / 4, most = f->n_sectors / per + 2;
    for (uint32_t i = 0; i < HEADER_FAT && f->fat.n < most; i++) {
        uint32_t s = le32(head + 0x4c + 4 * i);
        if (s > LAST_SECTOR || s >= f->n_sectors)
            return true;
        vec_push(f->a, &f->fat, s);
    }
    unsigned char *page = arena_alloc(f->a, (size_t)1 << f->shift);
    uint32_t at = le32(head + 0x44), n = 0;
    while (at <= LAST_SECTOR && at < f->n_sectors && f->fat.n < most) {
        if (++n > most)
            return broken(f, "loop");
        if (file_at(f, sector_at(f, at), page, (size_t)1 << f->shift) < (size_t)1 << f->shift)
            return broken(f, "DIFAT");
        for (uint32_t i = 0; i + 1 < per && f->fat.n < most; i++) {
            uint32_t s = le32(page + (size_t)4 * i);
            if (s > LAST_SECTOR || s >= f->n_sectors)
                return true;
            vec_push(f->a, &f->fat, s);
        }
        at = le32(page + (size_t)4 * (per - 1));
    }
    return true;
}

static bool read_directory(Cfb *f, const unsigned char *head)
{
    CfbStream dir;
    if (!chain(f, le32(head + 0x30), false, f->n_sectors, &dir))
        return false;
    int64_t bytes = dir.size < (int64_t)ENTRIES * ENTRY ? dir.size : (int64_t)ENTRIES * ENTRY;
    f->entries = arena_alloc(f->a, (size_t)bytes);
    f->n_entries = (uint32_t)(cfb_read(&dir, 0, f->entries, (size_t)bytes) / ENTRY);
    if (!f->n_entries)
        return broken(f, "directory");
    CfbStream table;
    if (!chain(f, le32(f->entries + 0x74), false, f->n_sectors, &f->mini) ||
        !chain(f, le32(head + 0x3c), false, f->n_sectors, &table))
        return false;
    f->mini_fat = table;
    return true;
}

bool cfb_open(Ctx *c, Arena *a, int fd, Cfb **out)
{
    unsigned char head[512];
    struct stat st;
    Cfb *f = ARENA_NEW(a, Cfb);
    f->c = c;
    f->a = a;
    f->fd = fd;
    f->cached = NO_SECTOR;
    if (fstat(fd, &st) != 0 || file_at(f, 0, head, sizeof head) < sizeof head)
        return broken(f, "header");
    f->size = st.st_size;
    f->shift = le16(head + 0x1e);
    f->mini_shift = le16(head + 0x20);
    f->cutoff = le32(head + 0x38);
    if (f->shift < 7 || f->shift > 12 || f->mini_shift < 4 || f->mini_shift >= f->shift)
        return broken(f, "header");
    int64_t n = (f->size >> f->shift) + 1;
    f->n_sectors = n > (int64_t)LAST_SECTOR ? LAST_SECTOR : (uint32_t)n;
    if (!read_fat(f, head) || !read_directory(f, head))
        return false;
    *out = f;
    return true;
}

void cfb_raw(Arena *a, int fd, CfbStream *out)
{
    struct stat st;
    Cfb *f = ARENA_NEW(a, Cfb);
    f->a = a;
    f->fd = fd;
    f->raw = true;
    *out = (CfbStream){.cfb = f, .size = fstat(fd, &st) == 0 ? st.st_size : 0};
}

/* ---- directory ----------------------------------------------------------------------------- */

static bool is_named(const unsigned char *e, const char *name)
{
    size_t n = strlen(name);
    if (e[0x42] != 2 || le16(e + 0x40) != (n + 1) * 2 || n > 31)
        return false;
    char got[32] = {0};
    for (size_t i = 0; i < n; i++) {
        if (e[2 * i + 1])
            return false;
        got[i] = (char)e[2 * i];
    }
    return strcasecmp(got, name) == 0;
}

static bool open_entry(Cfb *f, const unsigned char *e, CfbStream *out)
{
    int64_t size = le32(e + 0x78);
    uint32_t first = le32(e + 0x74);
    bool mini = size < (int64_t)f->cutoff;
    uint32_t limit = mini ? (uint32_t)(f->mini.size >> f->mini_shift) : f->n_sectors;
    if (!chain(f, first, mini, limit, out))
        return false;
    if (size < out->size)
        out->size = size;
    return true;
}

/* Walks the tree of the root: a book may hold other books inside, whose streams have the same names. */
bool cfb_find(Cfb *f, const char *name, CfbStream *out)
{
    Arena *a = arena_child(f->a);
    unsigned char *seen = arena_alloc(a, f->n_entries);
    uint32_t *stack = ARENA_ARRAY(a, f->n_entries + 1, uint32_t), depth = 0;
    const unsigned char *found = NULL;
    uint32_t top = le32(f->entries + 0x4c);
    stack[depth++] = top;
    while (depth && !found) {
        uint32_t at = stack[--depth];
        if (at >= f->n_entries || seen[at])
            continue;
        seen[at] = 1;
        const unsigned char *e = f->entries + (size_t)at * ENTRY;
        if (is_named(e, name))
            found = e;
        /* each entry is put on once only, so the stack has room for all */
        for (unsigned side = 0x44; side <= 0x48; side += 4) {
            uint32_t next = le32(e + side);
            if (next < f->n_entries && !seen[next] && depth < f->n_entries)
                stack[depth++] = next;
        }
    }
    for (uint32_t i = 0; !found && top >= f->n_entries && i < f->n_entries; i++)
        if (is_named(f->entries + (size_t)i * ENTRY, name)) /* of a writer that made no tree */
            found = f->entries + (size_t)i * ENTRY;
    arena_free(a);
    return found && open_entry(f, found, out);
}
