/*
 * Compound files as bytes: tables of chains that fill the header and go on in sectors of their own, chains that jump about, a
 * table cut off by the end of the file, names in the tree and beside it. Sectors of 128 bytes keep the files small; the header
 * then lies over the first three of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/msg.h"
#include "record/sheet/cfb.h"

enum { SHIFT = 7, SECTOR = 1 << SHIFT, PER = SECTOR / 4, FIRST = 3, HEADER_FAT = 109 };
#define END 0xfffffffeu
#define FREE 0xffffffffu

typedef struct File {
    Arena *a;
    unsigned char *data;
    size_t n;
    uint32_t sectors, data_first, data_n, fat_first, fat_n, difat_first, difat_n, dir;
} File;

static void put(unsigned char *p, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

static unsigned char *sector(const File *f, uint32_t s)
{
    return f->data + ((size_t)s + 1) * SECTOR;
}

static void set_chain(File *f, uint32_t s, uint32_t next)
{
    put(sector(f, f->fat_first + s / PER) + (size_t)(s % PER) * 4, next, 4);
}

static void name_entry(unsigned char *e, const char *name, int type, uint32_t child, uint32_t first,
                       uint32_t size)
{
    size_t n = strlen(name);
    memset(e, 0, 128);
    for (size_t i = 0; i < n; i++)
        e[2 * i] = (unsigned char)name[i];
    put(e + 0x40, (uint32_t)(n + 1) * 2, 2);
    e[0x42] = (unsigned char)type;
    put(e + 0x44, FREE, 4);
    put(e + 0x48, FREE, 4);
    put(e + 0x4c, child, 4);
    put(e + 0x74, first, 4);
    put(e + 0x78, size, 4);
}

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 31 + i / 251);
}

/* The k-th sector of the stream: from the middle upwards, then from the beginning, so that the chain jumps. */
static uint32_t place(const File *f, uint32_t k)
{
    return f->data_first + (k + f->data_n / 2) % f->data_n;
}

/* A file with one stream, "Book", of so many sectors, and the table of chains behind it. */
static File made(Arena *a, uint32_t data_n)
{
    File f = {.a = a, .data_n = data_n, .dir = FIRST, .data_first = FIRST + 2};
    f.difat_first = f.data_first + data_n;
    for (;;) { /* the tables stand in the table, too */
        f.fat_first = f.difat_first + f.difat_n;
        f.sectors = f.fat_first + f.fat_n;
        uint32_t fat_n = (f.sectors + PER - 1) / PER,
                 difat_n = fat_n > HEADER_FAT ? (fat_n - HEADER_FAT + PER - 2) / (PER - 1) : 0;
        if (fat_n == f.fat_n && difat_n == f.difat_n)
            break;
        f.fat_n = fat_n;
        f.difat_n = difat_n;
    }
    f.n = ((size_t)f.sectors + 1) * SECTOR;
    f.data = arena_alloc(a, f.n);
    memset(f.data, 0xff, f.n);
    memset(f.data, 0, 512);
    put(f.data + 0x1e, SHIFT, 2);
    put(f.data + 0x20, 6, 2);
    put(f.data + 0x30, f.dir, 4);
    put(f.data + 0x3c, END, 4);
    put(f.data + 0x44, f.difat_n ? f.difat_first : END, 4);
    for (uint32_t i = 0; i < HEADER_FAT; i++)
        put(f.data + 0x4c + (size_t)4 * i, i < f.fat_n ? f.fat_first + i : FREE, 4);
    for (uint32_t d = 0; d < f.difat_n; d++) {
        unsigned char *at = sector(&f, f.difat_first + d);
        for (uint32_t i = 0; i + 1 < PER; i++) {
            uint32_t k = HEADER_FAT + d * (PER - 1) + i;
            put(at + (size_t)4 * i, k < f.fat_n ? f.fat_first + k : FREE, 4);
        }
        put(at + (size_t)4 * (PER - 1), d + 1 < f.difat_n ? f.difat_first + d + 1 : END, 4);
    }
    set_chain(&f, f.dir, f.dir + 1);
    set_chain(&f, f.dir + 1, END);
    name_entry(sector(&f, f.dir), "Root Entry", 5, 1, END, 0);
    name_entry(sector(&f, f.dir + 1), "Book", 2, FREE, place(&f, 0), data_n * SECTOR - 5);
    for (uint32_t k = 0; k < data_n; k++) {
        set_chain(&f, place(&f, k), k + 1 < data_n ? place(&f, k + 1) : END);
        for (size_t i = 0; i < SECTOR; i++)
            sector(&f, place(&f, k))[i] = byte_at((size_t)k * SECTOR + i);
    }
    return f;
}

/* The stream of that name in the first n bytes of the file; NULL and the mistake in *c where it is not to be had. */
static bool opened(Ctx *c, const File *f, size_t n, const char *name, CfbStream *out)
{
    int fd = memfd_create("cfb", 0);
    assert_true(fd >= 0 && write(fd, f->data, n) == (ssize_t)n);
    Cfb *cfb;
    ctx_init(c, f->a); /* the file stays open as long as the process: streams read from it */
    return cfb_open(c, f->a, fd, &cfb) && cfb_find(cfb, name, out);
}

static size_t right_bytes(const CfbStream *s, int64_t at, size_t n, Arena *a)
{
    unsigned char *got = arena_alloc(a, n + 1);
    size_t came = cfb_read(s, at, got, n);
    for (size_t i = 0; i < came; i++)
        if (got[i] != byte_at((size_t)at + i))
            fail_msg("byte %zu", (size_t)at + i);
    return came;
}

/* Tables in the header alone, up to its last place, one beyond it, and through the end of a sector of tables. */
static void tables(void **state)
{
    (void)state;
    static const uint32_t fat_n[] = {1,
                                     2,
                                     HEADER_FAT - 1,
                                     HEADER_FAT,
                                     HEADER_FAT + 1,
                                     HEADER_FAT + PER - 1,
                                     HEADER_FAT + PER,
                                     HEADER_FAT + 2 * PER};
    for (size_t i = 0; i < sizeof fat_n / sizeof *fat_n; i++) {
        Arena *a = arena_new(0);
        uint32_t want = fat_n[i] * PER - PER / 2; /* so many sectors in all */
        File f = made(
            a, want - FIRST - 2 - fat_n[i] -
                   (fat_n[i] > HEADER_FAT ? (fat_n[i] - HEADER_FAT + PER - 2) / (PER - 1) : 0));
        assert_int_equal(f.fat_n, fat_n[i]);
        Ctx c;
        CfbStream s;
        size_t size = (size_t)f.data_n * SECTOR - 5;
        if (!opened(&c, &f, f.n, "book", &s))
            fail_msg("%u tables: %s", fat_n[i], c.err ? c.err->message : "not found");
        assert_int_equal(s.size, size);
        assert_int_equal(right_bytes(&s, 0, size + 1000, a), size);
        for (size_t at = 0; at < size; at += size / 7 + 1) /* pieces over the borders of sectors */
            assert_int_equal(right_bytes(&s, (int64_t)at, 300, a),
                             size - at < 300 ? size - at : 300);
        assert_int_equal(cfb_read(&s, (int64_t)size, &size, 1), 0);
        assert_int_equal(cfb_read(&s, -1, &size, 1), 0);
        arena_free(a);
    }
}

/* The file ends within the table: what the table no longer says is no chain, and never what stood there before. */
static void cut_off(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx c;
    CfbStream s;
    File f = made(a, 100);
    /* the chain goes from the middle to the end, whose sector number lies in the last table but that of the tables */
    uint32_t table = f.fat_first + (f.data_first + f.data_n - 1) / PER;
    assert_true(table > f.fat_first);
    size_t n = ((size_t)table + 1) * SECTOR + 8; /* two entries of it are left */
    assert_true(opened(&c, &f, n, "Book", &s));
    uint32_t last = table - f.fat_first, from = place(&f, 0), known = last * PER + 2;
    /* sectors from the middle to the last one whose successor is told, and that successor */
    size_t whole = (size_t)(known - from + 1) * SECTOR;
    assert_int_equal(s.size, whole);
    assert_int_equal(right_bytes(&s, 0, whole + SECTOR, a), whole);
    /* a table of which the header does not tell, and a link out of the file, end the chain as well */
    f = made(a, 100);
    put(f.data + 0x4c + (size_t)4 * last, FREE, 4);
    assert_true(opened(&c, &f, f.n, "Book", &s));
    assert_int_equal(s.size, (size_t)(last * PER - from + 1) * SECTOR);
    f = made(a, 100);
    set_chain(&f, place(&f, 10), f.sectors + 50);
    assert_true(opened(&c, &f, f.n, "Book", &s));
    assert_int_equal(s.size, 11 * SECTOR);
    assert_int_equal(right_bytes(&s, 0, 20 * SECTOR, a), 11 * SECTOR);
    /* within a sector of tables of tables: damaged */
    f = made(a, HEADER_FAT * PER + 200);
    assert_true(f.difat_n > 0);
    uint32_t end = f.sectors + 4;
    put(f.data + 0x44, end, 4); /* beyond the file: there are none */
    (void)opened(&c, &f, f.n, "Book", &s);
    put(f.data + 0x44, f.sectors, 4); /* the one that begins where the file ends */
    assert_false(opened(&c, &f, f.n, "Book", &s));
    assert_non_null(strstr(c.err->detail ? c.err->detail : c.err->message, "DIFAT"));
    arena_free(a);
}

/* Chains and tables that bite their tail end. */
static void rings(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx c;
    CfbStream s;
    File f = made(a, 40);
    set_chain(&f, place(&f, 39), place(&f, 0));
    assert_false(opened(&c, &f, f.n, "Book", &s));
    assert_int_equal(c.err->code, ERR_INVALID);
    f = made(a, HEADER_FAT * PER + 2000);
    assert_true(f.difat_n > 1);
    put(sector(&f, f.difat_first + f.difat_n - 1) + (size_t)4 * (PER - 1), f.difat_first, 4);
    size_t size = (size_t)f.data_n * SECTOR - 5;
    assert_true(opened(&c, &f, f.n, "Book", &s));
    assert_int_equal(right_bytes(&s, 0, size, a), size);
    arena_free(a);
}

static void headers(void **state)
{
    (void)state;
    static const struct {
        unsigned shift, mini;
        bool ok;
    } cases[] = {{7, 6, true}, {6, 4, false}, {13, 6, false}, {0, 0, false},
                 {7, 4, true}, {7, 3, false}, {7, 7, false},  {7, 8, false}};
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        File f = made(a, 8);
        put(f.data + 0x1e, cases[i].shift, 2);
        put(f.data + 0x20, cases[i].mini, 2);
        Ctx c;
        CfbStream s;
        if (opened(&c, &f, f.n, "Book", &s) != cases[i].ok)
            fail_msg("sectors of %u and %u", cases[i].shift, cases[i].mini);
    }
    File f = made(a, 8);
    Ctx c;
    CfbStream s;
    assert_false(opened(&c, &f, 511, "Book", &s));
    arena_free(a);
}

/* By the tree of the root; without a tree by the list; of the right kind, whole and in any case. */
static void names(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx c;
    CfbStream s;
    File f = made(a, 8);
    unsigned char *root = sector(&f, f.dir), *book = sector(&f, f.dir + 1);
    assert_true(opened(&c, &f, f.n, "BOOK", &s));
    assert_false(opened(&c, &f, f.n, "Boo", &s));
    assert_false(opened(&c, &f, f.n, "Books", &s));
    assert_int_equal(c.n_err, 0); /* not there is no mistake */
    put(root + 0x4c, 0,
        4); /* the tree is the root alone: what it does not reach is another book's */
    assert_false(opened(&c, &f, f.n, "Book", &s));
    put(root + 0x44, 1, 4); /* reached by the left side, then by the right */
    assert_true(opened(&c, &f, f.n, "Book", &s));
    put(root + 0x44, FREE, 4);
    put(root + 0x48, 1, 4);
    assert_true(opened(&c, &f, f.n, "Book", &s));
    put(root + 0x48, FREE, 4);
    put(root + 0x4c, FREE, 4); /* no tree was made */
    assert_true(opened(&c, &f, f.n, "Book", &s));
    book[0x42] = 1; /* a folder */
    assert_false(opened(&c, &f, f.n, "Book", &s));
    book[0x42] = 2;
    book[1] = 1; /* a letter that is none of ASCII */
    assert_false(opened(&c, &f, f.n, "Book", &s));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tables), cmocka_unit_test(cut_off),
                                       cmocka_unit_test(rings), cmocka_unit_test(headers),
                                       cmocka_unit_test(names)};
    return msg_load() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
