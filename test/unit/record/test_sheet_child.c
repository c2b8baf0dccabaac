/* Files read by a locked-up child: the same rows as without one, and a child that crashes, hangs, lies or uses too
   much becomes a sentence. This program is the child, too: a file that begins with "!do " says what to do badly. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../descriptors.h"
#include "sheets.h"
#include "sheets_zip.h"

#include "base/conf.h"
#include "base/file.h"
#include "record/sheet/child.h"
#include "record/sheet/wire.h"

/* ---- the same as without a child ------------------------------------------------------------ */

static const char *all_of(Ctx *c, const char *path)
{
    SheetBook *b = NULL;
    Buf out;
    buf_init(&out, c->a);
    if (!sheet_open(c, path, NULL, &b))
        return arena_printf(c->a, "! %d %s: %s", (int)c->err->code, c->err->field, c->err->message);
    buf_printf(&out, "%s %s %s %d\n", sheet_format(b), sheet_encoding(b) ? sheet_encoding(b) : "-",
               sheet_rule(b) ? sheet_rule(b) : "-", sheet_delimiter(b));
    for (int i = 0; i < sheet_count(b); i++) {
        const SheetMerge *m;
        int n;
        assert_true(sheet_find_merges(b, i, INT64_MAX, &m, &n));
        buf_printf(&out, "%d merges;", n);
        for (int k = 0; k < n; k++)
            buf_printf(&out, "%lld:%d-%lld:%d;", (long long)m[k].first_row, m[k].first_col,
                       (long long)m[k].last_row, m[k].last_col);
        buf_puts(&out, read_sheet(c, b, i));
        const SheetInfo *s = sheet_info(b, i);
        (void)sheet_merges(b, &n);
        buf_printf(&out, "\n%s %d %d %lld %d %lld %d:", s->name, s->hidden, s->very_hidden,
                   (long long)s->rows, s->columns, (long long)s->bytes, n);
        for (int k = 0; k < 100; k++)
            buf_putc(&out, sheet_column_hidden(b, k) ? 'h' : '.');
        if (c->n_err)
            buf_printf(&out, "mistake: %s", c->err->message);
        ctx_errors_back_to(c, 0);
    }
    sheet_close(b);
    return out.data;
}

static void compare(const char *path)
{
    Arena *a = arena_new(0);
    Ctx *c = fresh(a), *d = fresh(a);
    child_program(NULL);
    const char *here = all_of(c, path);
    child_program("/proc/self/exe");
    const char *there = all_of(d, path);
    if (strcmp(here, there) != 0)
        fail_msg("%s\nhere:  %s\nchild: %s", path, here, there);
    arena_free(a);
}

static void compare_folder(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int n = 0;
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.' && file_size(path) > 0) {
            compare(path);
            n++;
        }
    }
    closedir(d);
    assert_true(n >= 3);
}

static void same_rows(void **state)
{
    (void)state;
    compare_folder(BOOKS);
    compare(ZK_SOURCE_DIR "/test/data/01_gb18030.csv");
    compare(ZK_SOURCE_DIR "/test/data/03_utf8_bom.csv");
    compare(ZK_SOURCE_DIR "/test/data/05_liantong_gbk.csv");
    static const char *const kinds[] = {"xlsx", "xls", "html_sheet", "csv"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char dir[256];
        (void)snprintf(dir, sizeof dir, "%s/fuzz/corpus/%s", ZK_SOURCE_DIR, kinds[i]);
        compare_folder(dir);
    }
}

/* ---- stopping, again and again --------------------------------------------------------------- */

static bool count_down(void *user, const SheetRow *row)
{
    (void)row;
    return --*(int *)user > 0;
}

static void stopping(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    Buf text;
    SheetBook *b = NULL;
    int open_before = descriptors();
    buf_init(&text, a);
    for (int i = 0; i < 200000; i++)
        buf_printf(&text, "%d,张三\n", i);
    child_program("/proc/self/exe");
    assert_true(sheet_open(c, write_file(a, "long.csv", text.data, text.len), NULL, &b));
    for (int round = 1; round < 60; round++) {
        int rows = round * 37;
        assert_false(sheet_read(b, 0, count_down, &rows));
        assert_int_equal(rows, 0);
    }
    int rows = 1 << 30;
    assert_true(sheet_read(b, 0, count_down, &rows));
    assert_int_equal((1 << 30) - rows, 200000);
    assert_false(sheet_read(b, 5, count_down, &rows));
    assert_int_equal(c->n_err, 1);
    rows = 3;
    assert_false(sheet_read(b, 0, count_down, &rows));
    arena_free(a); /* closes in the middle of a reading */
    assert_int_equal(descriptors(), open_before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
    assert_int_equal(errno, ECHILD);
}

/* ---- children that do harm ------------------------------------------------------------------- */

static void say(const void *p, size_t n)
{
    if (write(STDOUT_FILENO, p, n) != (ssize_t)n)
        _exit(9);
}

static void frame(unsigned kind, const void *p, size_t n)
{
    uint32_t head[2] = {(uint32_t)n, kind};
    say(head, sizeof head);
    say(p, n);
}

/* What stands behind "!do " in the file. */
static void misbehave(const char *how)
{
    static const char zeros[4096];
    uint32_t head[2] = {0xfffffff0u, WIRE_BOOK};
    if (strcmp(how, "segv") == 0)
        (void)raise(SIGSEGV);
    else if (strcmp(how, "abort") == 0)
        (void)raise(SIGABRT);
    else if (strcmp(how, "killed") == 0)
        (void)raise(SIGKILL);
    else if (strcmp(how, "filter") == 0)
        (void)raise(SIGSYS);
    else if (strcmp(how, "cpu") == 0)
        (void)raise(SIGXCPU);
    else if (strcmp(how, "hang") == 0)
        pause();
    else if (strcmp(how, "long") == 0)
        say(head, sizeof head);
    else if (strcmp(how, "noise") == 0)
        say("GET / HTTP/1.1\r\n", 16);
    else if (strcmp(how, "zeros") == 0)
        frame(WIRE_BOOK, zeros, sizeof zeros);
    else if (strcmp(how, "row") == 0)
        frame(WIRE_ROW, zeros, sizeof zeros);
    else if (strcmp(how, "done") == 0)
        frame(WIRE_DONE, zeros, 32);
    else if (strcmp(how, "cut") == 0)
        say(zeros, 5);
    _exit(0);
}

/* How long a child may say nothing. */
static bool patience(const char *wait)
{
    const ConfFlag flags[] = {{"import.reader_wait", wait}, {NULL, NULL}};
    Arena *a = arena_new(0);
    bool ok = conf_load(fresh(a), NULL, flags);
    arena_free(a);
    return ok;
}

static void harm(void **state)
{
    (void)state;
    static const struct {
        const char *how, *says;
        ErrCode code;
    } all[] = {{"segv", "出错", ERR_INVALID},     {"abort", "内存", ERR_TOO_LARGE},
               {"killed", "内存", ERR_TOO_LARGE}, {"filter", "出错", ERR_INVALID},
               {"cpu", "秒", ERR_TOO_LARGE},      {"hang", "超过 1 秒", ERR_TOO_LARGE},
               {"long", "出错", ERR_INVALID},     {"noise", "出错", ERR_INVALID},
               {"zeros", "出错", ERR_INVALID},    {"row", "出错", ERR_INVALID},
               {"done", "出错", ERR_INVALID},     {"cut", "出错", ERR_INVALID},
               {"nothing", "出错", ERR_INVALID}};
    int open_before = descriptors();
    assert_true(patience("1s"));
    child_program("/proc/self/exe");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Arena *a = arena_new(0);
        Ctx *c = fresh(a);
        SheetBook *b;
        SheetOptions o = {.name = "客户.xlsx"};
        const char *text = arena_printf(a, "!do %s", all[i].how);
        assert_false(sheet_open(c, write_file(a, "bad", text, strlen(text)), &o, &b));
        assert_int_equal(c->n_err, 1);
        if (c->err->code != all[i].code || !strstr(c->err->message, all[i].says) ||
            !strstr(c->err->message, "客户.xlsx"))
            fail_msg("%s: %d %s", all[i].how, (int)c->err->code, c->err->message);
        arena_free(a);
    }
    assert_int_equal(descriptors(), open_before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_true(patience("60s"));
}

/* ---- rows that no child of ours would send ---------------------------------------------------- */

static bool row_ok(Arena *a, const char *bytes, size_t n, const char **text)
{
    WireIn in = {.at = arena_dup(a, bytes, n)};
    WireCells cells = {0};
    SheetRow row;
    in.end = in.at + n;
    bool ok = wire_row(&in, a, a, &cells, &row);
    *text = ok && row.n ? row.cells[0].text : "";
    return ok;
}

static void lies(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    const char *text;
    Buf good;
    buf_init(&good, a);
    SheetCell cells[] = {{.kind = SHEET_TEXT, .text = "张三"},
                         {.kind = SHEET_NUMBER, .text = "5", .number = 5},
                         {.text = ""},
                         {.kind = SHEET_ERROR, .text = "", .uncached = true}};
    SheetRow row = {.row = 7, .n = 4, .hidden = true, .cells = cells};
    assert_true(wire_put_row(&good, &row));
    char *body = good.data + WIRE_HEAD;
    size_t n = good.len - WIRE_HEAD;
    assert_true(row_ok(a, body, n, &text));
    assert_string_equal(text, "张三");
    for (size_t cut = 0; cut < n; cut++) /* every shorter one, and a longer one */
        assert_false(row_ok(a, body, cut, &text));
    assert_false(row_ok(a, arena_dup(a, body, n), n + 1, &text));
    char *bad = arena_dup(a, body, n);
    memset(bad, 0, 8); /* row 0 */
    assert_false(row_ok(a, bad, n, &text));
    bad = arena_dup(a, body, n);
    bad[8 + 2] = 1; /* 65,540 cells */
    assert_false(row_ok(a, bad, n, &text));
    bad = arena_dup(a, body, n);
    bad[16] = 6; /* a kind that is none */
    assert_false(row_ok(a, bad, n, &text));
    bad = arena_dup(a, body, n);
    bad[17 + 3] = 0x7f; /* a text of 2 GB */
    assert_false(row_ok(a, bad, n, &text));
    bad = arena_dup(a, body, n);
    bad[21] = (char)0xff; /* no UTF-8: mended */
    assert_true(row_ok(a, bad, n, &text));
    assert_non_null(strstr(text, "\xef\xbf\xbd"));
    bad = arena_dup(a, body, n);
    bad[22] = 0; /* a NUL inside: the same */
    assert_true(row_ok(a, bad, n, &text));
    assert_true(strlen(text) > 5);
    arena_free(a);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* A file whose styles need more than the child may have: many sheets' worth of one row that is too long. */
static void too_much(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    Buf sheet;
    SheetBook *b = NULL;
    buf_init(&sheet, a);
    char *cell = arena_alloc(a, (1 << 20) + 1);
    memset(cell, 'x', 1 << 20);
    buf_puts(&sheet, "<worksheet><sheetData><row><c><v>1</v></c></row><row>");
    for (int i = 0; i < 40; i++)
        buf_printf(&sheet, "<c t='str'><v>%s</v></c>", cell);
    buf_puts(&sheet, "</row></sheetData></worksheet>");
    Entry e[] = {{TOP_PART}, {BOOK_PART}, {RELS_PART}, {"xl/s.xml", sheet.data}, {NULL, NULL}};
    child_program("/proc/self/exe");
    assert_true(sheet_open(c, make_zip(a, "row.xlsx", e), NULL, &b));
    int rows = 10;
    assert_false(sheet_read(b, 0, count_down, &rows));
    assert_int_equal(rows, 9); /* the first one came */
    assert_int_equal(c->n_err, 1);
    assert_int_equal(c->err->code, ERR_TOO_LARGE);
    if (!strstr(c->err->message, "第 2 行") && !strstr(c->err->message, "内存"))
        fail_msg("%s", c->err->message);
    arena_free(a);
}

/* One row of 90 cells of almost 1 MB: more than the child may have, or (a sanitizer's memory has no limit) than a row
   may have. The program itself never holds it. */
static void memory(void **state)
{
    (void)state;
    static const ConfFlag flags[] = {{"import.reader_memory", "64MB"}, {NULL, NULL}};
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b = NULL;
    Buf text;
    buf_init(&text, a);
    for (int i = 0; i < 90 * 1000000; i++)
        buf_putc(&text, i % 1000000 ? 'x' : ',');
    const char *path = write_file(a, "wide.csv", text.data, text.len);
    assert_true(conf_load(c, NULL, flags));
    child_program("/proc/self/exe");
    int rows = 10;
    assert_false(sheet_open(c, path, NULL, &b) && sheet_read(b, 0, count_down, &rows));
    assert_int_equal(rows, 10);
    assert_int_equal(c->n_err, 1);
    assert_int_equal(c->err->code, ERR_TOO_LARGE);
    if (!strstr(c->err->message, "64 MB") && !strstr(c->err->message, "32 MB") &&
        !strstr(c->err->message, "16777216"))
        fail_msg("%s", c->err->message);
    assert_true(patience("60s"));
    arena_free(a);
}

/* Shared strings of 64 MB: beyond 48 MB they stand in a file; each one is still itself, also in a row that wants the
   first and the last. */
typedef struct Long {
    int rows, wrong;
} Long;

static void long_text(int i, char out[1100])
{
    (void)snprintf(out, 1100, "%07d", i);
    memset(out + 7, 'a' + i % 26, 1000 + (size_t)(i % 90));
    out[1007 + i % 90] = 0;
}

enum { TEXTS = 64000 };

static bool check_long(void *user, const SheetRow *row)
{
    Long *l = user;
    char want[1100];
    for (int i = 0; i < row->n; i++) {
        long_text(i ? l->rows : TEXTS - 1 - l->rows, want);
        l->wrong += strcmp(row->cells[i].text, want) != 0;
    }
    l->rows++;
    return true;
}

static void strings_on_disk(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    Buf sheet, strings;
    char text[1100];
    buf_init(&sheet, a);
    buf_init(&strings, a);
    buf_puts(&strings, "<sst>");
    buf_puts(&sheet, "<worksheet><sheetData>");
    for (int i = 0; i < TEXTS; i++) {
        long_text(i, text);
        buf_printf(&strings, "<si><t>%s</t></si>", text);
        buf_printf(&sheet, "<row><c t='s'><v>%d</v></c><c t='s'><v>%d</v></c></row>", TEXTS - 1 - i,
                   i);
    }
    buf_puts(&strings, "</sst>");
    buf_puts(&sheet, "</sheetData></worksheet>");
    Entry e[] = {{TOP_PART},
                 {BOOK_PART},
                 {RELS_PART},
                 {"xl/s.xml", sheet.data},
                 {"xl/ss.xml", strings.data},
                 {NULL, NULL}};
    const char *path = make_zip(a, "long.xlsx", e);
    child_program("/proc/self/exe");
    for (int round = 0; round < 2; round++) {
        SheetBook *b = NULL;
        Long l = {0};
        if (!sheet_open(c, path, NULL, &b) || !sheet_read(b, 0, check_long, &l))
            fail_msg("%s", c->err ? c->err->message : "?");
        assert_int_equal(l.rows, TEXTS);
        assert_int_equal(l.wrong, 0);
        sheet_close(b);
    }
    arena_free(a);
}

static int limits(void **state)
{
    return set_up(state) == 0 && patience("60s") ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "read-sheet") == 0) {
        char head[32] = {0};
        if (pread(CHILD_FILE, head, sizeof head - 1, 0) > 4 && memcmp(head, "!do ", 4) == 0)
            misbehave(head + 4);
        sheet_child();
    }
    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_rows),      cmocka_unit_test(stopping),
                                       cmocka_unit_test(harm),           cmocka_unit_test(lies),
                                       cmocka_unit_test(too_much),       cmocka_unit_test(memory),
                                       cmocka_unit_test(strings_on_disk)};
    return cmocka_run_group_tests(tests, limits, tear_down);
}
