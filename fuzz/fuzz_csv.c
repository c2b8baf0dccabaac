/* Fuzzes the CSV reader. The first byte cuts the input into pieces, which must not change what is
   read; what was read is written and read again, and must be the same cells. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Sink {
    Buf cells; /* every cell with a NUL behind it, every record with \x01 */
    CsvWriter *again;
} Sink;

static bool take(void *user, const CsvRecord *rec)
{
    Sink *s = user;
    if (rec->line < 1)
        abort();
    for (size_t i = 0; i < rec->n; i++) {
        if (strlen(rec->cells[i]) != rec->lens[i])
            abort();
        buf_add(&s->cells, rec->cells[i], rec->lens[i] + 1);
        if (s->again)
            csv_cell(s->again, rec->cells[i]);
    }
    buf_putc(&s->cells, 1);
    if (s->again)
        csv_row_end(s->again);
    return true;
}

static bool unguard(void *user, const CsvRecord *rec)
{
    Buf *b = user;
    for (size_t i = 0; i < rec->n; i++) {
        const char *text = csv_unguard(rec->cells[i]);
        buf_add(b, text, strlen(text) + 1);
    }
    buf_putc(b, 1);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t step = data[0] ? data[0] : 1;
    const char *text = (const char *)data + 1;
    size_t n = size - 1;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    Buf out;
    CsvWriter w;
    buf_init(&out, a);
    csv_writer_init(&w, &out);
    Sink one = {.again = &w}, two = {0};
    buf_init(&one.cells, a);
    buf_init(&two.cells, a);

    CsvReader *r = csv_new(&c, NULL, take, &one);
    bool ok = csv_feed(r, text, n) && csv_end(r);
    CsvReader *q = csv_new(&c, NULL, take, &two);
    bool same = true;
    for (size_t i = 0; i < n && same; i += step)
        same = csv_feed(q, text + i, n - i < step ? n - i : step);
    same = same && csv_end(q);
    if (ok != same || (ok && (one.cells.len != two.cells.len ||
                              memcmp(one.cells.data, two.cells.data, one.cells.len) != 0)))
        abort();
    if (ok) {
        Buf back;
        buf_init(&back, a);
        CsvReader *p = csv_new(&c, &(CsvOpts){.delimiter = ','}, unguard, &back);
        /* a BOM of ours in front: a cell that begins with one, or "sep=", must survive */
        if (!csv_feed(p, "h\r\n", 3) || !csv_feed(p, out.data, out.len) || !csv_end(p))
            abort();
        if (back.len != one.cells.len + 3 ||
            memcmp(back.data + 3, one.cells.data, one.cells.len) != 0)
            abort();
    }
    arena_free(a);
    return 0;
}
