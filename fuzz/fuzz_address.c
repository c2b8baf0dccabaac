/* Addresses from any text: what is read is a region that is there, and what is left is an end of the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/region.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 600)
        return 0;
    Arena *a = arena_new(0);
    const char *text = arena_dup(a, (const char *)data, size), *rest = NULL;
    int32_t code = -1;
    bool ok = region_parse_address(a, text, &code, &rest);
    if (!rest || ok != (code != 0) || (ok && !region_find(code)))
        abort();
    if (ok && strlen(rest) >= strlen(text) + 1)
        abort();
    /* What the path says is read as the same region. */
    const char *path = ok ? region_path(a, code) : "";
    if (ok && *path && !region_find(code)->is_filler && region_find_path(a, path) != code)
        abort();
    const Region *r = NULL;
    size_t n = region_prefix(text, &r);
    if (n > strlen(text) || (n && !r))
        abort();
    arena_free(a);
    return 0;
}
