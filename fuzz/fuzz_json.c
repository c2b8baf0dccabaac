/* Fuzzes the JSON door: strict and relaxed, and the line finder. What the strict form takes, the
   relaxed form must take too. */
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const path[] = {"fields", "status", "0", NULL};
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    json_object *o = NULL, *relaxed = NULL;
    bool strict = json_read(&c, (const char *)data, size, &o);
    if (strict != (c.n_err == 0))
        abort();
    bool also = json_read_relaxed(&c, (const char *)data, size, &relaxed);
    if (strict && !also)
        abort();
    json_line_of(arena_dup(a, (const char *)data, size), path);
    arena_free(a);
    return 0;
}
