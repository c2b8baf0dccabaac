/* The reader of workbooks: whatever the bytes are, it ends, within its limits, with rows or a sentence. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/msg.h"
#include "record/sheet/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool on_row(void *user, const SheetRow *row)
{
    int64_t *rows = user;
    size_t n = 0;
    for (int i = 0; i < row->n; i++)
        for (const char *p = row->cells[i].text; *p; p++)
            n++;
    return n < ((size_t)1 << 30) && --*rows > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready)
        ready = msg_load();
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    Arena *a = arena_new(0);
    Ctx c;
    SheetBook *b;
    ctx_init(&c, a);
    if (sheet_open(&c, path, NULL, &b)) {
        int n;
        for (int i = 0; i < sheet_count(b) && i < 4; i++) {
            int64_t rows = 5000;
            (void)sheet_read(b, i, on_row, &rows);
            (void)sheet_merges(b, &n);
        }
    } else if (!c.n_err) {
        abort(); /* a refusal without a sentence */
    }
    arena_free(a);
    close(fd);
    return 0;
}
