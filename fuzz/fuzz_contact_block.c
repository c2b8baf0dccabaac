/* Pasted contact blocks from any text: spans lie within it, every letter is in some field, values are UTF-8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cp.h"
#include "base/utf8.h"
#include "domain/customer/contact_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int counts(uint32_t cp)
{
    return (cp_is_han(cp) && cp != 0x4E28) || /* 丨 is written for a bar */
           (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4000)
        return 0;
    Arena *a = arena_new(0);
    const char *text = utf8_clean(a, (const char *)data, size);
    size_t len = strlen(text);
    ContactBlock b = contact_block_parse(a, text);
    unsigned char *seen = ARENA_ARRAY(a, len + 1, unsigned char);
    for (int i = 0; i < b.n; i++) {
        const BlockItem *x = &b.items[i];
        if (x->from > x->to || x->to > len || !utf8_valid(x->value, strlen(x->value)))
            abort();
        memset(seen + x->from, 1, x->to - x->from);
    }
    for (const char *p = text; *p;) {
        const char *at = p;
        if (counts(cp_next(&p)) && !seen[at - text])
            abort();
    }
    arena_free(a);
    return 0;
}
