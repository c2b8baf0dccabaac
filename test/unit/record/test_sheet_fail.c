/* What the kernel and the libraries may refuse a reader of tables, one call after another (--wrap, see CMakeLists.txt): a
   sentence each time, and never half a file that passes for a whole one. */
#include "sheets.h"
#include "sheets_zip.h"

#include <errno.h>
#include <expat.h>
#include <libxml/HTMLparser.h>

#include "record/sheet/book.h"

/* The call that fails: the at-th of this name. at counts down; 0: it has failed. */
static struct {
    const char *name;
    int at;
} bad;

static bool now(const char *name)
{
    return bad.at > 0 && strcmp(bad.name, name) == 0 && --bad.at == 0;
}

ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n)
{
    errno = EIO;
    return now("read") ? -1 : __real_read(fd, to, n);
}

off_t __real_lseek(int fd, off_t at, int whence);
off_t __wrap_lseek(int fd, off_t at, int whence);
off_t __wrap_lseek(int fd, off_t at, int whence)
{
    errno = EIO;
    return whence == SEEK_SET && now("lseek") ? -1 : __real_lseek(fd, at, whence);
}

int __real_dup(int fd);
int __wrap_dup(int fd);
int __wrap_dup(int fd)
{
    errno = EMFILE;
    return now("dup") ? -1 : __real_dup(fd);
}

const char *__real_zip_get_name(zip_t *z, zip_uint64_t at, zip_flags_t flags);
const char *__wrap_zip_get_name(zip_t *z, zip_uint64_t at, zip_flags_t flags);
const char *__wrap_zip_get_name(zip_t *z, zip_uint64_t at, zip_flags_t flags)
{
    return now("zip_get_name") ? NULL : __real_zip_get_name(z, at, flags);
}

zip_int64_t __real_zip_fread(zip_file_t *f, void *to, zip_uint64_t n);
zip_int64_t __wrap_zip_fread(zip_file_t *f, void *to, zip_uint64_t n);
/* More than a part may grow to: as if so much had come before. */
zip_int64_t __wrap_zip_fread(zip_file_t *f, void *to, zip_uint64_t n)
{
    return now("zip_fread") ? BOOK_INFLATED + 1 : __real_zip_fread(f, to, n);
}

void *__real_XML_GetBuffer(XML_Parser p, int n);
void *__wrap_XML_GetBuffer(XML_Parser p, int n);
void *__wrap_XML_GetBuffer(XML_Parser p, int n)
{
    return now("XML_GetBuffer") ? NULL : __real_XML_GetBuffer(p, n);
}

enum XML_Error __real_XML_GetErrorCode(XML_Parser p);
enum XML_Error __wrap_XML_GetErrorCode(XML_Parser p);
enum XML_Error __wrap_XML_GetErrorCode(XML_Parser p)
{
    return now("XML_GetErrorCode") ? XML_ERROR_NO_MEMORY : __real_XML_GetErrorCode(p);
}

htmlParserCtxtPtr __real_htmlNewParserCtxt(void);
htmlParserCtxtPtr __wrap_htmlNewParserCtxt(void);
htmlParserCtxtPtr __wrap_htmlNewParserCtxt(void)
{
    return now("htmlNewParserCtxt") ? NULL : __real_htmlNewParserCtxt();
}

/* ---- reading ---------------------------------------------------------------------------------- */

#define XML_HEAD                                                                                   \
    "<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet' "         \
    "xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet ss:Name='a'><Table>"
#define XML_ROW "<Row><Cell><Data ss:Type='Number'>1</Data></Cell></Row>\n"
#define XML_TAIL "</Table></Worksheet></Workbook>"

/* As many bytes of rows between a head and a tail. */
static const char *made(Arena *a, const char *name, const char *head, const char *row, size_t bytes,
                        const char *tail)
{
    Buf text;
    buf_init(&text, a);
    buf_puts(&text, head);
    for (size_t end = text.len + bytes; text.len < end;)
        buf_puts(&text, row);
    buf_puts(&text, tail);
    return write_file(a, name, text.data, text.len);
}

/* The file opened and its sheet read; how often a call of this name was made is told by what is left of `at`. */
static void read_badly(Ctx *c, const char *path, const char *name, int at)
{
    SheetBook *b = NULL;
    bad.name = name;
    bad.at = at;
    if (sheet_open(c, path, NULL, &b))
        (void)read_sheet(c, b, 0);
}

/* Each reading and each way back to the beginning fails once. */
static void disk(void **state)
{
    (void)state;
    static const struct {
        const char *name, *head, *row, *tail;
        size_t bytes;
        int step, least; /* every step-th call; least: so many fail */
    } files[] = {
        {"a.csv", "a,b\n", "1,2\n", "", 200000, 1, 8},
        {"a.html", "<table>", "<tr><td>1</tr>\n", "</table>", 200000, 1, 10},
        {"a.xml", XML_HEAD, XML_ROW, XML_TAIL, 200000, 1, 10},
        {"large.html", "<table>", "<tr><td>1</tr>\n", "</table>", 4300000, 40, 3},
        {"large.xml", XML_HEAD, XML_ROW, XML_TAIL, 4300000, 40, 3},
    };
    static const char *const calls[] = {"read", "lseek"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (size_t k = 0; k < 2; k++) {
            int failed = 0;
            for (int at = 1;; at += k ? 1 : files[i].step) {
                Arena *a = arena_new(0);
                Ctx *c = fresh(a);
                const char *path = made(a, files[i].name, files[i].head, files[i].row,
                                        files[i].bytes, files[i].tail);
                read_badly(c, path, calls[k], at);
                bool all = bad.at > 0;
                bad.at = 0;
                if (all)
                    assert_int_equal(c->n_err, 0);
                else if (c->n_err != 1 || c->err->code != ERR_BUSY)
                    fail_msg("%s, %s %d: %d mistakes", files[i].name, calls[k], at, c->n_err);
                failed += !all;
                arena_free(a);
                if (all)
                    break;
            }
            if (failed < (k ? 3 : files[i].least))
                fail_msg("%s: %s fails only %d times", files[i].name, calls[k], failed);
        }
}

/* ---- libraries -------------------------------------------------------------------------------- */

#define SHEET_PART                                                                                 \
    "xl/s.xml", "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>"

static void libraries(void **state)
{
    (void)state;
    static const Entry book[] = {{TOP_PART},   {BOOK_PART},           {RELS_PART},
                                 {SHEET_PART}, {"other.xml", "<x/>"}, {NULL, NULL}};
    static const Entry cut[] = {
        {TOP_PART}, {BOOK_PART}, {RELS_PART}, {"xl/s.xml", "<worksheet>"}, {NULL, NULL}};
    static const struct {
        const char *call;
        int at; /* of the parts 1 to 3 are what opening reads, each in two steps; 4 is the sheet */
        const Entry *entries;
        ErrCode code;
        const char *words;
    } rows[] = {
        {"dup", 1, book, ERR_BUSY, ""},
        {"XML_GetBuffer", 1, book, ERR_TOO_LARGE, "压缩"},
        {"XML_GetBuffer", 7, book, ERR_TOO_LARGE, "压缩"},
        {"XML_GetErrorCode", 8, cut, ERR_TOO_LARGE, "压缩"},
        {"zip_fread", 1, book, ERR_TOO_LARGE, "压缩"},
        {"htmlNewParserCtxt", 1, NULL, ERR_INTERNAL, ""},
        {"htmlNewParserCtxt", 2, NULL, ERR_INTERNAL, ""},
    };
    Arena *a = arena_new(0);
    const char *page = made(a, "page.html", "<table>", "<tr><td>1</tr>", 10, "</table>");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Ctx *c = fresh(a);
        const char *path = rows[i].entries ? make_zip(a, "lib.xlsx", rows[i].entries) : page;
        read_badly(c, path, rows[i].call, rows[i].at);
        if (bad.at || c->n_err != 1 || c->err->code != rows[i].code ||
            !strstr(c->err->message, rows[i].words))
            fail_msg("%s %d: %d mistakes, %s", rows[i].call, rows[i].at, c->n_err,
                     c->err ? c->err->message : "-");
        bad.at = 0;
    }
    /* an entry whose name cannot be had is passed over */
    Ctx *c = fresh(a);
    SheetBook *b = NULL;
    bad.name = "zip_get_name";
    bad.at = 5;
    assert_true(sheet_open(c, make_zip(a, "name.xlsx", book), NULL, &b));
    assert_int_equal(bad.at, 0);
    assert_string_equal(read_sheet(c, b, 0), "1=n1;");
    assert_false(part_exists(b, "other.xml"));
    assert_true(part_exists(b, "XL/S.XML"));
    /* merged ranges are looked for without expat */
    const SheetMerge *m;
    int n;
    bad.name = "zip_fread";
    bad.at = 1;
    assert_false(sheet_find_merges(b, 0, INT64_MAX, &m, &n));
    assert_int_equal(c->n_err, 1);
    assert_int_equal(c->err->code, ERR_TOO_LARGE);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(disk), cmocka_unit_test(libraries)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
