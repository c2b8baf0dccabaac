/* Lines of cron: what is read has a next moment behind the one asked for, on a whole minute, and again behind that. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const zones[] = {"Asia/Shanghai", "UTC", "Europe/Berlin", "America/Caracas"};
    if (size > 300)
        return 0;
    Arena *a = arena_new(0);
    const char *text = arena_dup(a, (const char *)data, size);
    int64_t at = INT64_C(1795053600000) + (size ? data[size - 1] : 0) * INT64_C(259201234);
    Cron c;
    int field = -1;
    if (!cron_parse(text, &c, &field) && (field < 0 || field > 5))
        abort();
    for (int i = 0; cron_parse(text, &c, NULL) && i < 5; i++) {
        int64_t next = cron_next(&c, at, zones[size % 4]);
        if (!next)
            break;
        if (next <= at || next % 60000 != 0)
            abort();
        at = next;
    }
    arena_free(a);
    return 0;
}
