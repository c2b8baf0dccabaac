/* Whole numbers in texts. See whole.h. */
#include "base/whole.h"

#include <errno.h>
#include <stdlib.h>

bool whole_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    if ((*text < '0' || *text > '9') && *text != '-')
        return false;
    if (*text == '-' && (text[1] < '0' || text[1] > '9'))
        return false;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || *end || n < min || n > max)
        return false;
    *out = n;
    return true;
}

bool whole_cursor(Ctx *c, const char *cursor, int64_t dflt, int64_t *out)
{
    *out = dflt;
    if (!cursor || !*cursor || whole_number(cursor, 0, INT64_MAX, out))
        return true;
    return ctx_fail(c, ERR_BAD_CURSOR, "cursor", "err.bad_cursor");
}
