/* Days and working time: any text as a day or a list of holidays, any instant as a start. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *a = arena_new(0);
    const char *text = arena_dup(a, (const char *)data, size);
    if (clock_day_valid(text)) {
        char back[11];
        clock_day_text(clock_day_number(text), back);
        if (strcmp(back, text) != 0)
            abort();
        cal_is_workday(NULL, text);
        int64_t start = clock_day_start(text, "Asia/Shanghai");
        if (start > INT64_C(-2000000000000) && start < INT64_C(4000000000000)) {
            int64_t due = cal_add_work_minutes(NULL, start, (int64_t)size * 7, "Asia/Shanghai");
            if (due < start ||
                cal_work_minutes_between(NULL, start, due, "Asia/Shanghai") != (int64_t)size * 7)
                abort();
        }
    }
    Calendar *cal = cal_new(a);
    int n;
    if (cal_import_json(cal, text, size, &n) && (n < 0 || !clock_day_valid(cal_known_until(cal))))
        abort();
    arena_free(a);
    return 0;
}
