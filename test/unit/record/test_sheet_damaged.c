/* .xlsx files that are damaged, claim what is not so, or hold more than there is time or room for. */
#include <fcntl.h>
#include <time.h>

#include "sheets_quirk.h"

#include "record/sheet/book.h"

/* Puts n bytes into the file: `from` bytes before the times-th place where `what` stands. */
static void patch(const char *path, const char *what, int times, long from, const char *bytes,
                  size_t n)
{
    static char data[1 << 20];
    FILE *f = fopen(path, "rb+");
    assert_non_null(f);
    size_t size = fread(data, 1, sizeof data, f);
    const char *p = data - 1;
    while (times-- > 0) {
        p = memmem(p + 1, size - (size_t)(p + 1 - data), what, strlen(what));
        assert_non_null(p);
    }
    assert_int_equal(fseek(f, p - data - from, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* The part is kept as it is, so that its text can be found in the file. */
static const char *stored(Arena *a, const char *part)
{
    const char *path = make_quirk(a, NULL, 0);
    int err;
    zip_t *z = zip_open(path, 0, &err);
    assert_non_null(z);
    zip_int64_t at = zip_name_locate(z, part, 0);
    assert_true(at >= 0);
    assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0), 0);
    assert_int_equal(zip_close(z), 0);
    return path;
}

enum { LOCAL_FLAGS = 30 - 6, LISTED_FLAGS = 46 - 8, LISTED_SIZE = 46 - 20 }; /* before the name */

/* A part with a wrong checksum, and one that is encrypted, wherever it is read. */
static void damaged(void **state)
{
    (void)state;
    static const char *const parts[][2] = {{TOP, "officeDocument'"},
                                           {BOOK, "sheetId='1'"},
                                           {STYLES, "14"},
                                           {STRINGS, "乙"},
                                           {SHEET, "<v>1</v>"}};
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (int locked = 0; locked < 2; locked++) {
            const char *path = stored(a, parts[i][0]);
            if (locked) {
                patch(path, parts[i][0], 1, LOCAL_FLAGS, "\1", 1);
                patch(path, parts[i][0], 2, LISTED_FLAGS, "\1", 1);
            } else {
                patch(path, parts[i][1], 1, 0, "?", 1);
            }
            const char *got = all_sheets(fresh(a), path);
            if (got[0] != '!' || !strstr(got, "损坏") || !strstr(got, parts[i][0]))
                fail_msg("%s %d: %s", parts[i][0], locked, got);
            if (strcmp(parts[i][0], SHEET) != 0)
                continue;
            assert_non_null(strstr(merges_refused(a, path)->message, "损坏"));
        }
    arena_free(a);
}

/* What a part grows to is held against the bytes of the file, not against what its entries claim to be packed. */
static void claims(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Entry parts[] = {{SHEET, repeated(a, "<worksheet><sheetData>", "<row><c><v>1</v></c></row>",
                                      4 << 20, "</sheetData></worksheet>")},
                     {"other.bin", "x"}};
    const char *path = make_quirk(a, parts, 2);
    patch(path, "other.bin", 2, LISTED_SIZE, "\xff\xff\xff\x7f", 4);
    const char *got = all_sheets(fresh(a), path);
    if (got[0] != '!' || !strstr(got, "压缩"))
        fail_msg("%.100s", got);
    /* a file with as much beside it that does not shrink is read */
    char *noise = arena_alloc(a, (1 << 20) + 1);
    unsigned next = 1;
    for (int i = 0; i < 1 << 20; i++)
        noise[i] = (char)(1 + (next = next * 1103515245u + 12345u) / 65536 % 255);
    parts[1].text = noise;
    SheetBook *b = NULL;
    Ctx *c = fresh(a);
    const SheetMerge *m;
    int n;
    assert_true(sheet_open(c, make_quirk(a, parts, 2), NULL, &b));
    assert_true(sheet_find_merges(b, 0, INT64_MAX, &m, &n));
    assert_int_equal(n, 0);
    arena_free(a);
}

/* As many formats and styles as there can be: found without looking at each format for each style. */
static void many_styles(void **state)
{
    (void)state;
    enum { MANY = 65536, SECONDS = 2 };
    Arena *a = arena_new(0);
    Buf all;
    buf_init(&all, a);
    buf_puts(&all, "<styleSheet><numFmts>");
    for (int i = 1; i <= MANY; i++)
        buf_printf(&all, "<numFmt numFmtId='%d' formatCode='%s'/>", i + 200,
                   i == MANY ? "yyyy" : "0");
    buf_puts(&all, "</numFmts><cellXfs>");
    for (int i = 0; i < MANY; i++)
        buf_printf(&all, "<xf numFmtId='%d'/>", MANY - i + 200);
    buf_puts(&all, "</cellXfs></styleSheet>");
    Entry parts[] = {{STYLES, all.data},
                     {SHEET, C("<c s='0'><v>45413</v></c><c s='65535'><v>45413</v></c>")}};
    const char *path = make_quirk(a, parts, 2);
    clock_t before = clock();
    assert_string_equal(all_sheets(fresh(a), path), "S:1=d2024-05-01|n45413;");
    assert_true(clock() - before < SECONDS * CLOCKS_PER_SEC);
    arena_free(a);
}

/* Texts for which there is no room on the disk: a sentence, and no cell with another text. */
static void no_room(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    char *piece = arena_alloc(a, (1 << 20) + (1 << 18));
    memset(piece, 'x', (1 << 20) + (1 << 18) - 1);
    Entry parts[] = {
        {STRINGS, repeated(a, "<sst>", arena_printf(a, "<si><t>%s</t></si>", piece), 26, "</sst>")},
        {SHEET, C("<c><v>1</v></c><c t='s'><v>25</v></c><c t='s'><v>0</v></c>")}};
    const char *path = make_quirk(a, parts, 2);
    int fd = open(path, O_RDONLY | O_CLOEXEC),
        room = open(write_file(a, "room", "", 0), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && room >= 0);
    SheetBook *b = NULL;
    assert_true(book_open(c, fd, room, path, NULL, &b));
    const char *got = read_sheet(c, b, 0);
    assert_int_equal(got[0], '!');
    assert_int_equal(c->n_err, 1);
    assert_int_equal(c->err->code, ERR_INTERNAL);
    close(room);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged), cmocka_unit_test(claims),
                                       cmocka_unit_test(no_room), cmocka_unit_test(many_styles)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
