/* Fuzzes the readers of markup: web pages with tables and SpreadsheetML 2003. Whatever comes, the sheets are
   read to the end or to a named mistake, rows ascend, texts are UTF-8. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/utf8.h"
#include "record/sheet/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *user, const SheetRow *row)
{
    int64_t *last = user;
    if (row->row <= *last || row->n < 1)
        abort();
    *last = row->row;
    for (int i = 0; i < row->n; i++)
        if (!utf8_valid(row->cells[i].text, strlen(row->cells[i].text)))
            abort();
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const encodings[] = {NULL, "GB18030", "Big5"};
    if (size < 8 || data[0] == 9 || data[0] == 0xd0 || memcmp(data, "PK", 2) == 0)
        return 0; /* not ours */
    char path[40];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    SheetOptions o = {.encoding = encodings[size % 3]};
    SheetBook *b;
    bool ok = sheet_open(&c, path, &o, &b);
    if (ok != (c.n_err == 0))
        abort();
    for (int i = 0; ok && i < sheet_count(b) && i < 8; i++) {
        int64_t last = 0;
        int before = c.n_err, n;
        bool read = sheet_read(b, i, take, &last);
        if (read != (c.n_err == before))
            abort();
        (void)sheet_merges(b, &n);
    }
    arena_free(a);
    close(fd);
    return 0;
}
