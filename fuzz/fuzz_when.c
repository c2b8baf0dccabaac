/* Moments in any text: the rest is never longer than the text, and a moment is within the calendar. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1000)
        return 0;
    Arena *a = arena_new(0);
    const char *text = arena_dup(a, (const char *)data, size);
    /* 2026-11-19 10:00 in Shanghai; the last byte moves it through two years */
    int64_t now = INT64_C(1795053600000) + (size ? data[size - 1] : 0) * INT64_C(259200000);
    When w;
    when_parse(a, text, now, "Asia/Shanghai", &w);
    if (strlen(w.rest) > strlen(text) + 1 || (!w.found && strcmp(w.rest, text) != 0))
        abort();
    if (utf8_valid(text, strlen(text)) && !utf8_valid(w.rest, strlen(w.rest)))
        abort();
    if (w.found && (w.at_ms < INT64_C(-62136000000000) || w.at_ms > INT64_C(253402300800000)))
        abort();
    arena_free(a);
    return 0;
}
