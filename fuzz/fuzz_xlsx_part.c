/*
 * The parts of a workbook, where fuzz_xlsx hardly gets behind the zip: the input is the sheet, then behind NULs the
 * shared strings, the styles, the workbook and its relations (ordinary ones where they are missing). They are put into
 * a zip without compression and read. Whatever they are: rows or a sentence, texts in UTF-8, merged ranges the same
 * before and after the rows.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "record/sheet/sheet.h"

enum { PARTS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RELATIONS(x) ("<Relationships>" x "</Relationships>")

static const char *const names[PARTS] = {
    "xl/s.xml",   "xl/ss.xml", "xl/st.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels",
    "_rels/.rels"};
static const char *const ordinary[PARTS] = {
    "",
    "<sst><si><t>a</t></si></sst>",
    "<styleSheet><cellXfs><xf/><xf numFmtId='14'/></cellXfs></styleSheet>",
    "<workbook xmlns:r='r'><sheets><sheet name='S' r:id='a'/></sheets></workbook>",
    RELATIONS("<Relationship Id='a' Type='/worksheet' Target='s.xml'/><Relationship Id='b' "
              "Type='/styles' Target='st.xml'/><Relationship Id='c' Type='/sharedStrings' "
              "Target='ss.xml'/>"),
    RELATIONS("<Relationship Id='a' Type='/officeDocument' Target='xl/workbook.xml'/>")};

static void put(Buf *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_putc(out, i < 8 ? (char)(v >> (8 * i)) : 0);
}

/* The head of an entry, at its data and in the list at the end. */
static void head(Buf *out, const char *name, const uint8_t *text, size_t n, int64_t listed_at)
{
    put(out, listed_at < 0 ? 0x04034b50 : 0x02014b50, 4);
    put(out, 20, listed_at < 0 ? 2 : 4); /* versions */
    put(out, 0, 8);                      /* flags, stored, time, day */
    put(out, (uint32_t)crc32(0, text, (uInt)n), 4);
    put(out, n, 4);
    put(out, n, 4);
    put(out, strlen(name), 2);
    put(out, 0, listed_at < 0 ? 2 : 12);
    if (listed_at >= 0)
        put(out, (uint64_t)listed_at, 4);
    buf_puts(out, name);
}

static void make_zip(Buf *out, const uint8_t *data, size_t size)
{
    const uint8_t *text[PARTS];
    size_t n[PARTS], at[PARTS];
    for (int i = 0; i < PARTS; i++) {
        const uint8_t *end = size ? memchr(data, 0, size) : NULL;
        size_t len = end ? (size_t)(end - data) : size;
        text[i] = len || !i ? data : (const uint8_t *)ordinary[i];
        n[i] = len || !i ? len : strlen(ordinary[i]);
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    for (int i = 0; i < PARTS; i++) {
        at[i] = out->len;
        head(out, names[i], text[i], n[i], -1);
        buf_add(out, (const char *)text[i], n[i]);
    }
    size_t list = out->len;
    for (int i = 0; i < PARTS; i++)
        head(out, names[i], text[i], n[i], (int64_t)at[i]);
    put(out, 0x06054b50, 4);
    put(out, 0, 4);
    put(out, PARTS, 2);
    put(out, PARTS, 2);
    put(out, out->len - 12 - list, 4);
    put(out, list, 4);
    put(out, 0, 2);
}

static bool on_row(void *user, const SheetRow *row)
{
    int64_t *rows = user;
    if (row->row < 1 || row->n < 1 || row->n > 16384)
        abort();
    for (int i = 0; i < row->n; i++)
        if (!utf8_valid(row->cells[i].text, strlen(row->cells[i].text)))
            abort();
    return --*rows > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready)
        ready = msg_load();
    Arena *a = arena_new(0);
    Ctx c;
    Buf zip;
    SheetBook *b;
    ctx_init(&c, a);
    buf_init(&zip, a);
    make_zip(&zip, data, size);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, zip.data, zip.len) != (ssize_t)zip.len)
        abort();
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (!sheet_open(&c, path, NULL, &b)) {
        if (!c.n_err)
            abort();
    } else {
        int64_t rows = 3000;
        int n, before = c.n_err;
        const SheetMerge *m;
        bool whole = sheet_read_filled(b, 0, 2, on_row, &rows);
        if (whole == (c.n_err > before) && rows > 0)
            abort(); /* a mistake without a sentence, or a sentence without a mistake */
        ctx_errors_back_to(&c, 0);
        (void)sheet_find_merges(b, 0, INT64_MAX, &m, &n);
        for (int i = 0; i < 20000; i += 777)
            (void)sheet_column_hidden(b, i);
    }
    arena_free(a);
    close(fd);
    return 0;
}
