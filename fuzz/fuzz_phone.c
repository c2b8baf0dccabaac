/* Phone numbers from any text: reading, splitting and masking, and that a mask hides the number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/phone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 400)
        return 0;
    Arena *a = arena_new(0);
    const char *text = arena_dup(a, (const char *)data, size);
    Phone p, again;
    if (phone_parse(a, text, &p) != PHONE_BAD) {
        /* What is stored is read the same again. */
        if (phone_parse(a, p.display, &again) != p.kind || strcmp(p.display, again.display) != 0)
            abort();
        if (p.kind == PHONE_MOBILE && strstr(phone_mask(a, text), p.key))
            abort();
    } else if (!p.error) {
        abort();
    }
    int n;
    const char *const *part = phone_split(a, text, &n);
    for (int i = 0; i < n; i++)
        if (!*part[i])
            abort();
    phone_mask(a, text);
    arena_free(a);
    return 0;
}
