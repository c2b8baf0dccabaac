/* .xls and .et: real files, twins of one book in two formats, and streams made here record by record. */
#include "sheets.h"

/* ---- records ------------------------------------------------------------------------------- */

static void le(Buf *o, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        buf_putc(o, i < 8 ? (char)(v >> (8 * i)) : 0);
}

static void rec(Buf *o, unsigned id, const void *data, size_t n)
{
    le(o, id, 2);
    le(o, n, 2);
    buf_add(o, data, n);
}

#define REC(o, id, bytes) rec((o), (id), (bytes), sizeof(bytes) - 1)

static void bof(Buf *o, unsigned version, unsigned kind)
{
    Buf d;
    buf_init(&d, o->a);
    le(&d, version, 2);
    le(&d, kind, 2);
    le(&d, 0, version == 0x600 ? 12 : 4);
    rec(o, 0x809, d.data, d.len);
}

static void end(Buf *o)
{
    rec(o, 0x0a, "", 0);
}

/* A cell: its place, a style, and what its record holds behind. */
static void cell(Buf *o, unsigned id, unsigned row, unsigned col, unsigned style, const void *data,
                 size_t n)
{
    Buf d;
    buf_init(&d, o->a);
    le(&d, row, 2);
    le(&d, col, 2);
    le(&d, style, 2);
    buf_add(&d, data, n);
    rec(o, id, d.data, d.len);
}

#define CELL(o, id, row, col, style, bytes)                                                        \
    cell((o), (id), (row), (col), (style), (bytes), sizeof(bytes) - 1)

static void number(Buf *o, unsigned row, unsigned col, unsigned style, double v)
{
    uint64_t bits;
    char d[8];
    memcpy(&bits, &v, 8);
    for (int i = 0; i < 8; i++)
        d[i] = (char)(bits >> (8 * i));
    cell(o, 0x203, row, col, style, d, 8);
}

static void rk(Buf *o, unsigned row, unsigned col, uint32_t v)
{
    char d[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
    cell(o, 0x27e, row, col, 0, d, 4);
}

static void label5(Buf *o, unsigned row, unsigned col, const char *text)
{
    Buf d;
    buf_init(&d, o->a);
    le(&d, strlen(text), 2);
    buf_puts(&d, text);
    cell(o, 0x204, row, col, 0, d.data, d.len);
}

/* A BIFF8 book: globals, then sheets as given. The offset of the first sheet is put in afterwards. */
static const char *book8(Arena *a, const Buf *globals, const Buf *sheet)
{
    Buf o;
    buf_init(&o, a);
    bof(&o, 0x600, 5);
    buf_add(&o, globals->data, globals->len);
    size_t at = o.len + 4 + 10 + 4; /* behind this record and EOF */
    Buf d;
    buf_init(&d, a);
    le(&d, at, 4);
    buf_add(&d, "\0\0\2\0Ab", 6);
    rec(&o, 0x85, d.data, d.len);
    end(&o);
    buf_add(&o, sheet->data, sheet->len);
    return write_file(a, "made.xls", o.data, o.len);
}

static const char *rows8(Arena *a, const Buf *globals, const Buf *cells)
{
    Buf s;
    buf_init(&s, a);
    bof(&s, 0x600, 0x10);
    buf_add(&s, cells->data, cells->len);
    end(&s);
    return read_file(fresh(a), book8(a, globals, &s), NULL, NULL);
}

/* ---- a container --------------------------------------------------------------------------- */

static void entry(Buf *o, const char *name, char type, uint32_t child, uint32_t first,
                  uint32_t size)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < 32; i++)
        le(o, i < n ? (unsigned char)name[i] : 0, 2);
    le(o, n ? (n + 1) * 2 : 0, 2);
    buf_putc(o, type);
    buf_putc(o, 1);
    le(o, UINT32_MAX, 4);
    le(o, UINT32_MAX, 4);
    le(o, child, 4);
    le(o, 0, 36);
    le(o, first, 4);
    le(o, size, 8);
}

/* Sectors of 512: the table, the directory, the small table, then data. loop: the data bite their tail. */
static const char *container(Arena *a, const char *name, const Buf *data, bool mini, bool loop)
{
    Buf o;
    size_t n = (data->len + 511) / 512;
    buf_init(&o, a);
    buf_add(&o, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
    le(&o, 0, 16);
    le(&o, 0x3e, 2);
    le(&o, 3, 2);
    le(&o, 0xfffe, 2);
    le(&o, 9, 2);
    le(&o, 6, 2);
    le(&o, 0, 10);
    le(&o, 1, 4); /* sectors of the table */
    le(&o, 1, 4); /* directory */
    le(&o, 0, 4);
    le(&o, mini ? 4096 : 0, 4);
    le(&o, 2, 4); /* small table */
    le(&o, 1, 4);
    le(&o, 0xfffffffe, 4);
    le(&o, 0, 4);
    le(&o, 0, 4);
    for (int i = 1; i < 109; i++)
        le(&o, UINT32_MAX, 4);
    le(&o, 0xfffffffd, 4);
    le(&o, 0xfffffffe, 4);
    le(&o, 0xfffffffe, 4);
    for (size_t i = 3; i < 128; i++)
        le(&o, i - 3 + 1 < n ? i + 1 : i - 3 + 1 == n ? (loop ? 3 : 0xfffffffe) : UINT32_MAX, 4);
    entry(&o, "Root Entry", 5, 1, mini ? 3 : 0xfffffffe, mini ? (uint32_t)data->len : 0);
    entry(&o, name, 2, UINT32_MAX, mini ? 0 : 3, (uint32_t)data->len);
    entry(&o, "", 0, UINT32_MAX, 0, 0);
    entry(&o, "", 0, UINT32_MAX, 0, 0);
    size_t small = (data->len + 63) / 64;
    for (size_t i = 0; i < 128; i++)
        le(&o, i + 1 < small ? i + 1 : i + 1 == small ? 0xfffffffe : UINT32_MAX, 4);
    buf_add(&o, data->data, data->len);
    le(&o, 0, 8);
    for (size_t i = data->len + 8; i < n * 512; i++)
        buf_putc(&o, 0);
    return write_file(a, "contained.xls", o.data, o.len);
}

/* ---- real files ---------------------------------------------------------------------------- */

static void real_files(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx *c = fresh(a);
    SheetBook *b;
    assert_string_equal(
        read_file(c, BOOKS "1904.xls", NULL, &b),
        "1=n1|d1904-01-02|t1904-01-02|t1904-01-02;2=n11|d1904-01-12|t1904-01-12|t1904-01-12;"
        "3=n111|d1904-04-21|t1904-04-21|t1904-04-21;4=n1111|d1907-01-16|t1907-01-16|t1907-01-16;"
        "5=n11111|d1934-06-03|t1934-06-03|t1934-06-03;");
    assert_string_equal(sheet_format(b), "xls");
    assert_int_equal(sheet_count(b), 1);
    assert_string_equal(sheet_info(b, 0)->name, "Sheet1");
    static const char wps[] = "1=tName|tExample|tResult;2=tEVALUATE|t=EVALUATE(\"1+1\")|n2;"
                              "3=tFIELDVALUE|t=FIELDVALUE(A2,\"Result\")|e#VALUE!;";
    assert_string_equal(read_file(c, BOOKS "wps-fn.xls", NULL, NULL), wps);
    assert_string_equal(read_file(c, BOOKS "wps-fn.et", NULL, NULL), wps);
    arena_free(a);
}

/* One book saved in two formats by LibreOffice reads the same, cell by cell. */
static void twins(void **state)
{
    (void)state;
    static const char *const names[] = {"made_long_strings", "14_multi_sheet"};
    for (size_t k = 0; k < 2; k++) {
        Arena *a = arena_new(0);
        Ctx *c = fresh(a);
        SheetBook *x, *y;
        const char *one = read_file(c, arena_printf(a, BOOKS "%s.xls", names[k]), NULL, &x);
        const char *two = read_file(c, arena_printf(a, BOOKS "%s.xlsx", names[k]), NULL, &y);
        assert_string_equal(one, two);
        assert_true(strlen(one) > 100);
        assert_int_equal(sheet_count(x), sheet_count(y));
        for (int i = 0; i < sheet_count(x); i++) {
            assert_string_equal(sheet_info(x, i)->name, sheet_info(y, i)->name);
            assert_int_equal(sheet_info(x, i)->hidden, sheet_info(y, i)->hidden);
            assert_string_equal(read_sheet(c, x, i), read_sheet(c, y, i));
        }
        arena_free(a);
    }
}

/* ---- BIFF8 --------------------------------------------------------------------------------- */

static void strings8(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf g, s;
    buf_init(&g, a);
    buf_init(&s, a);
    /* narrow, then wide behind the cut: the option byte comes anew; then one with runs and phonetics; the
       next begins exactly in a new record, where no option byte stands; a pair of surrogates cut in two */
    REC(&g, 0xfc,
        "\5\0\0\0\4\0\0\0"
        "\4\0\0ab");
    REC(&g, 0x3c,
        "\1\x11\x4e\x8c\x4e"
        "\1\0\x0d\1\0\3\0\0\0\x4e\x4e"
        "RRRRpp");
    REC(&g, 0x3c, "p");
    REC(&g, 0x3c, "\2\0\1\x42\xd8");
    REC(&g, 0x3c,
        "\1\xb7\xdf"
        "\0\0\0");
    CELL(&s, 0xfd, 0, 0, 0, "\0\0\0\0");
    CELL(&s, 0xfd, 0, 1, 0, "\1\0\0\0");
    CELL(&s, 0xfd, 0, 2, 0, "\2\0\0\0");
    CELL(&s, 0xfd, 0, 3, 0, "\3\0\0\0");
    CELL(&s, 0xfd, 0, 4, 0, "\xff\xff\xff\xff");
    CELL(&s, 0x204, 1, 0, 0, "\3\0\0xyz");
    CELL(&s, 0xd6, 1, 1, 0, "\1\0\1\x32\x75\1\0\0\0\0\0");
    CELL(&s, 0x204, 1, 2, 0, "\2\0\0\xe9\0");
    assert_string_equal(rows8(a, &g, &s), "1=tab丑二|t乎|t𠮷|_|e#REF!;2=txyz|t甲|té;");
    arena_free(a);
}

static void cells8(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf g, s;
    buf_init(&g, a);
    buf_init(&s, a);
    REC(&g, 0x41e,
        "\xa4\0\x0b\0\0"
        "yyyy\"y\"m\"m\"");
    REC(&g, 0x41e,
        "\xa5\0\x09\0\0"
        "0.00\"day\"");
    REC(&g, 0xe0, "\0\0\0\0");
    REC(&g, 0xe0, "\0\0\x1f\0"); /* 31: a Chinese date, built in */
    REC(&g, 0xe0, "\0\0\xa4\0");
    REC(&g, 0xe0, "\0\0\xa5\0");
    REC(&s, 0x200, "\0\0\0\0\x09\0\0\0\0\0\5\0\0\0");
    REC(&s, 0x208, "\1\0\0\0\5\0\0\0\0\0\0\0\x20\0\0\0"); /* row 2 is hidden */
    rk(&s, 0, 0, 0x3ff00000);                             /* 1 */
    rk(&s, 0, 1, 0x3ff00001);                             /* 0.01 */
    rk(&s, 0, 2, (uint32_t)-5 << 2 | 2);                  /* -5 */
    rk(&s, 0, 3, 12345u << 2 | 3);                        /* 123.45 */
    number(&s, 0, 4, 0, 13800138000.0);
    REC(&s, 0xbd,
        "\1\0\1\0"
        "\0\0\6\0\0\0"
        "\1\0\x96\xc5\2\0"
        "\2\0"); /* 1 and 45413 as a date */
    number(&s, 2, 0, 1, 45413.3958333333);
    number(&s, 2, 1, 2, 61);
    number(&s, 2, 2, 3, 45413);
    number(&s, 2, 3, 1, -5);
    number(&s, 2, 4, 99, 7);
    number(&s, 2, 5, 4, 8); /* the first style that is none */
    CELL(&s, 0x205, 3, 0, 0, "\1\0");
    CELL(&s, 0x205, 3, 1, 0, "\x2a\1");
    REC(&s, 0xbe, "\3\0\2\0\0\0\0\0\3\0");
    /* formulas: number, text with a shared formula between, bool, error, empty, text that is missing */
    CELL(&s, 0x06, 4, 0, 0,
         "\0\0\0\0\0\0\xf0\x3f"
         "\0\0\0\0\0\0\0\0");
    CELL(&s, 0x06, 4, 1, 0,
         "\0\0\0\0\0\0\xff\xff"
         "\0\0\0\0\0\0\0\0");
    REC(&s, 0x4bc, "\0\0\0\0\0\0");
    REC(&s, 0x207, "\4\0\0ab");
    REC(&s, 0x3c, "\1\x2d\x4e\x87\x65");
    CELL(&s, 0x06, 4, 2, 0,
         "\1\0\1\0\0\0\xff\xff"
         "\0\0\0\0\0\0\0\0");
    CELL(&s, 0x06, 4, 3, 0,
         "\2\0\7\0\0\0\xff\xff"
         "\0\0\0\0\0\0\0\0");
    CELL(&s, 0x06, 4, 4, 0,
         "\3\0\0\0\0\0\xff\xff"
         "\0\0\0\0\0\0\0\0");
    CELL(&s, 0x06, 4, 5, 0,
         "\0\0\0\0\0\0\xff\xff"
         "\0\0\0\0\0\0\0\0");
    bof(&s, 0x600, 0x20); /* a chart in the sheet, with cells of its own */
    number(&s, 9, 9, 0, 1);
    end(&s);
    number(&s, 5, 0, 0, 3);
    REC(&s, 0xe5, "\2\0\0\0\1\0\0\0\0\0\3\0\3\0\0\0\4\0");
    assert_string_equal(rows8(a, &g, &s),
                        "1=n1|n0.01|n-5|n123.45|n13800138000;2h=_|n1|d2024-05-01;"
                        "3=d2024-05-01 09:30:00|d1900-03-01|n45413|e#NUM!|n7|n8;4=bTRUE|e#N/A;"
                        "5=n1|tab中文|bTRUE|e#DIV/0!|_|e?;6=n3;");
    Ctx *c = fresh(a);
    SheetBook *b;
    (void)read_file(c, arena_printf(a, "%s/made.xls", folder), NULL, &b);
    int n;
    const SheetMerge *m = sheet_merges(b, &n);
    assert_int_equal(n, 2);
    assert_int_equal(m[0].last_row, 2);
    assert_int_equal(m[1].last_col, 4);
    assert_int_equal(sheet_info(b, 0)->rows, 9);
    assert_int_equal(sheet_info(b, 0)->columns, 5);
    assert_string_equal(sheet_info(b, 0)->name, "Ab");
    REC(&g, 0x22, "\1\0"); /* the other date system */
    buf_clear(&s);
    number(&s, 0, 0, 1, 1);
    number(&s, 0, 1, 1, 0.5);
    assert_string_equal(rows8(a, &g, &s), "1=d1904-01-02|d12:00:00;");
    arena_free(a);
}

#define B(x) x, sizeof(x) - 1

/* Texts of labels as their characters and options stand in the file. */
static void texts8(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bytes;
        size_t n;
        const char *more;
        size_t n_more;
        const char *want;
    } rows[] = {
        {"half pairs stand as what they are not", B("\4\0\1\x42\xd8\x41\0\xb7\xdf\x42\xd8"), NULL,
         0,
         "1=t\xef\xbf\xbd"
         "A\xef\xbf\xbd\xef\xbf\xbd;"},
        {"half a pair before a whole one", B("\3\0\1\x42\xd8\x42\xd8\xb7\xdf"), NULL, 0,
         "1=t\xef\xbf\xbd\xf0\xa0\xae\xb7;"},
        {"a NUL is left out", B("\3\0\0a\0b"), NULL, 0, "1=tab;"},
        {"it goes on in the next record", B("\4\0\0ab"), B("\0cd"), "1=tabcd;"},
        {"fewer characters than it says", B("\5\0\0ab"), NULL, 0, "! "},
        {"half a character", B("\2\0\1\x41\0\x42"), NULL, 0, "! "},
        {"no options", B("\2\0"), NULL, 0, "! "},
        {"fewer runs than it says", B("\1\0\x08\xff\0a"), NULL, 0, "! "},
        {"phonetics that are cut off", B("\1\0\4\xff\0\0\0a"), NULL, 0, "! "},
        {"the size of the phonetics is cut off", B("\1\0\4\xff"), NULL, 0, "! "},
    };
    Arena *a = arena_new(0);
    Buf g, s;
    buf_init(&g, a);
    buf_init(&s, a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&s);
        cell(&s, 0x204, 0, 0, 0, rows[i].bytes, rows[i].n);
        if (rows[i].more) {
            rec(&s, 0x3c, "", 0); /* one that is empty */
            rec(&s, 0x3c, rows[i].more, rows[i].n_more);
        }
        const char *got = rows8(a, &g, &s);
        if (rows[i].want[0] == '!' ? got[0] != '!' || !strstr(got, "损坏")
                                   : strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].what, got);
    }
    /* the strings of the book end with the file: in a text, in the record that goes on with it, in its head */
    static const struct {
        const char *bytes;
        size_t n;
    } ends[] = {{B("")}, {B("\x3c\0\x0a\0\0c")}, {B("\x3c\0")}};
    for (size_t i = 0; i < 3; i++) {
        Buf o;
        buf_init(&o, a);
        bof(&o, 0x600, 5);
        REC(&o, 0xfc, "\1\0\0\0\1\0\0\0\4\0\0ab");
        buf_add(&o, ends[i].bytes, ends[i].n);
        const char *got = read_file(fresh(a), write_file(a, "sst.xls", o.data, o.len), NULL, NULL);
        assert_int_equal(got[0], '!');
        assert_non_null(strstr(got, "SST"));
    }
    arena_free(a);
}

/* Writers that go column by column. */
static void out_of_order(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf g, s;
    buf_init(&g, a);
    buf_init(&s, a);
    for (unsigned col = 0; col < 3; col++)
        for (unsigned row = 0; row < 3; row++)
            number(&s, 2 - row, col, 0, row * 10 + col);
    CELL(&s, 0x06, 0, 3, 0,
         "\0\0\0\0\0\0\xff\xff"
         "\0\0\0\0\0\0\0\0");
    REC(&s, 0x207, "\1\0\0z");
    assert_string_equal(rows8(a, &g, &s), "1=n20|n21|n22|tz;2=n10|n11|n12;3=n0|n1|n2;");
    /* more than is held at once, with a text larger than the step between two jumps */
    enum { ROWS = 6000, LONG = 3000 };
    Buf want;
    char text[3 + LONG] = {(char)(LONG & 0xff), LONG >> 8};
    memset(text + 3, 'x', LONG);
    buf_init(&want, a);
    buf_clear(&s);
    for (unsigned col = 0; col < 2; col++)
        for (unsigned row = 0; row < ROWS; row++)
            number(&s, row, col, 0, row * 10 + col);
    cell(&s, 0x204, 1, 2, 0, text, sizeof text);
    for (unsigned row = 0; row < ROWS; row++)
        buf_printf(&want, "%u=n%u|n%u%s%.*s;", row + 1, row * 10, row * 10 + 1,
                   row == 1 ? "|t" : "", row == 1 ? LONG : 0, text + 3);
    assert_string_equal(rows8(a, &g, &s), want.data);
    arena_free(a);
}

/* ---- BIFF5 --------------------------------------------------------------------------------- */

static const char *sheet5(Arena *a, unsigned page, const char *text, const char *encoding)
{
    Buf o;
    SheetOptions opts = {.encoding = encoding};
    buf_init(&o, a);
    bof(&o, 0x500, 5);
    char p[2] = {(char)page, (char)(page >> 8)};
    if (page)
        rec(&o, 0x42, p, 2);
    size_t at = o.len + 4 + 8 + 4;
    Buf d;
    buf_init(&d, a);
    le(&d, at, 4);
    buf_add(&d, "\0\0\1S", 4);
    rec(&o, 0x85, d.data, d.len);
    end(&o);
    bof(&o, 0x500, 0x10);
    label5(&o, 0, 0, text);
    number(&o, 0, 1, 0, 1.5);
    end(&o);
    return read_file(fresh(a), write_file(a, "five.xls", o.data, o.len), &opts, NULL);
}

static void code_pages(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    static const char gbk[] = "\xb1\xb1\xbe\xa9\xbf\xc6\xbc\xbc\xd3\xd0\xcf\xde\xb9\xab\xcb\xbe";
    assert_string_equal(sheet5(a, 936, gbk, NULL), "1=t北京科技有限公司|n1.5;");
    assert_string_equal(sheet5(a, 950, "\xa4\xa4\xa4\xe5", NULL), "1=t中文|n1.5;");
    assert_string_equal(sheet5(a, 1252, "caf\xe9", NULL), "1=tcafé|n1.5;");
    assert_string_equal(sheet5(a, 1252, gbk, NULL), "1=t北京科技有限公司|n1.5;"); /* it lies */
    assert_string_equal(sheet5(a, 0, gbk, NULL), "1=t北京科技有限公司|n1.5;");
    assert_string_equal(sheet5(a, 0, "北京科技", NULL), "1=t北京科技|n1.5;");
    assert_string_equal(sheet5(a, 1252, "\xa4\xa4", "Big5"), "1=t中|n1.5;");
    assert_string_equal(sheet5(a, 936, "a\xff!", NULL),
                        "1=ea\xef\xbf\xbd!|n1.5;"); /* a byte of no character is shown, not lost */
    assert_string_equal(sheet5(a, 936, "a\xb1", NULL),
                        "1=ea\xef\xbf\xbd|n1.5;"); /* half a character at the end */
    assert_non_null(strstr(sheet5(a, 9999, "a", NULL), "! 不认识的文字编码"));
    static const struct {
        const char *bytes;
        size_t n;
        const char *want;
    } labels[] = {{B("\2\0abc"), "1=tab;"},    /* more bytes than the text has */
                  {B("\4\0a\0bc"), "1=tabc;"}, /* a NUL */
                  {B("\7\0abc"), "! "},        /* fewer */
                  {B("\0\0"), ""}};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        Buf l;
        buf_init(&l, a);
        REC(&l, 0x809, "\0\5\x10\0\0\0\0\0");
        cell(&l, 0x204, 0, 0, 0, labels[i].bytes, labels[i].n);
        end(&l);
        const char *got =
            read_file(fresh(a), write_file(a, "label.xls", l.data, l.len), NULL, NULL);
        if (labels[i].want[0] == '!' ? got[0] != '!' || !strstr(got, "损坏")
                                     : strcmp(got, labels[i].want) != 0)
            fail_msg("%d: %s", (int)i, got);
    }
    /* a sheet without a book, as a well-known few lines of PHP write it */
    Buf o;
    buf_init(&o, a);
    REC(&o, 0x809, "\0\0\x10\0\0\0\0\0");
    label5(&o, 0, 0, "姓名");
    number(&o, 1, 0, 0, 3);
    end(&o);
    assert_string_equal(read_file(fresh(a), write_file(a, "php.xls", o.data, o.len), NULL, NULL),
                        "1=t姓名;2=n3;");
    arena_free(a);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void refused(Arena *a, const char *path, const char *needle)
{
    const char *got = read_file(fresh(a), path, NULL, NULL);
    if (got[0] != '!' || !strstr(got, needle))
        fail_msg("%s: %s", needle, got);
}

static void named_refusals(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf o, s;
    refused(a, BOOKS "pass_protected.xlsx", "加密");
    refused(a, write_file(a, "2.xls", "\x09\0\4\0\2\0\x10\0", 8), "Excel 2.0");
    refused(a, write_file(a, "3.xls", "\x09\2\6\0\0\0\x10\0\0\0", 10), "Excel 3.0");
    refused(a, write_file(a, "4.xls", "\x09\4\6\0\0\0\x10\0\0\0", 10), "Excel 4.0");
    buf_init(&o, a);
    buf_init(&s, a);
    REC(&o, 0x2f, "\1\0\1\0");
    refused(a, book8(a, &o, &s), "加密");
    buf_clear(&o);
    bof(&s, 0x600, 0x10);
    number(&s, 0, 0, 0, 1);
    refused(a, book8(a, &o, &s), "损坏"); /* no end */
    s.len -= 5;
    refused(a, book8(a, &o, &s), "损坏"); /* in the middle of a cell */
    refused(a, container(a, "WordDocument", &s, true, false), "工作表");
    refused(a, write_file(a, "cut.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8), "损坏");
    arena_free(a);
}

static void containers(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf one, g;
    buf_init(&one, a);
    buf_init(&g, a);
    bof(&one, 0x600, 0x10);
    for (unsigned i = 0; i < 60; i++)
        number(&one, i / 10, i % 10, 0, i);
    end(&one);
    assert_non_null(
        strstr(read_file(fresh(a), container(a, "Workbook", &one, true, false), NULL, NULL),
               "6=n50|n51|n52|n53|n54|n55|n56|n57|n58|n59;"));
    assert_non_null(
        strstr(read_file(fresh(a), container(a, "BOOK", &one, false, false), NULL, NULL),
               "6=n50|n51|n52|n53|n54|n55|n56|n57|n58|n59;"));
    refused(a, container(a, "Workbook", &one, false, true),
            "损坏"); /* a chain that bites its tail */
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_files), cmocka_unit_test(twins),
        cmocka_unit_test(strings8),   cmocka_unit_test(texts8),
        cmocka_unit_test(cells8),     cmocka_unit_test(out_of_order),
        cmocka_unit_test(code_pages), cmocka_unit_test(named_refusals),
        cmocka_unit_test(containers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
