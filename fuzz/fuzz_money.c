/* Amounts from any text: what is accepted is in range and is written and read back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *a = arena_new(0);
    const char *text = arena_dup(a, (const char *)data, size);
    int64_t v = 0, back = 0, strict = 0;
    MoneyError why;
    if (money_parse(text, &v, &why)) {
        if (v > MONEY_MAX || v < -MONEY_MAX || why != MONEY_OK)
            abort();
        if (!money_parse_strict(money_text(a, v), &back, &why) || back != v)
            abort();
        if (!money_parse(money_display(a, v, "¥"), &back, &why) || back != v)
            abort();
        money_chinese(a, v);
        money_short(a, v);
    }
    /* What the API accepts a person may type too, and means the same. */
    if (money_parse_strict(text, &strict, &why) &&
        (!money_parse(text, &back, &why) || back != strict) && strlen(text) < 70)
        abort();
    arena_free(a);
    return 0;
}
