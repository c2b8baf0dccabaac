/* Identity cards; see idcard.h. */
#include "base/idcard.h"

#include <stdio.h>
#include <string.h>

#include "base/cp.h"
#include "base/fold.h"

enum { ROOM = 19 };

static char check_char(const char *s)
{
    static const int weight[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 17; i++)
        sum += (s[i] - '0') * weight[i];
    return "10X98765432"[sum % 11];
}

static bool region_ok(int province)
{
    static const int8_t last[10] = {
        [1] = 5, [2] = 3, [3] = 7, [4] = 6, [5] = 4, [6] = 5, [7] = 1, [8] = 3};
    int tens = province / 10, ones = province % 10;
    int first = tens == 5 ? 0 : 1;
    return tens >= 1 && tens <= 8 && ones >= first && ones <= last[tens];
}

static bool day_ok(const char *day, const char *today)
{
    int y = (day[0] - '0') * 1000 + (day[1] - '0') * 100 + (day[2] - '0') * 10 + (day[3] - '0');
    int m = (day[5] - '0') * 10 + (day[6] - '0');
    int d = (day[8] - '0') * 10 + (day[9] - '0');
    static const int days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (y < 1900 || m < 1 || m > 12 || d < 1)
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return d <= days[m] + (leap && m == 2) && strcmp(day, today) <= 0;
}

static IdCardResult judge(IdCard *c, size_t n, const char *today)
{
    char *s = c->text;
    if (n != 15 && n != 18)
        return IDCARD_LENGTH;
    if (strspn(s, "0123456789") < (n == 15 ? 15u : 17u))
        return IDCARD_CHAR;
    if (n == 18 && s[17] != 'X' && (s[17] < '0' || s[17] > '9'))
        return IDCARD_CHAR;
    if (n == 15) { /* born in the 20th century, no check character */
        memmove(s + 8, s + 6, 9);
        memcpy(s + 6, "19", 2);
        s[17] = check_char(s);
        s[18] = 0;
    }
    c->foreign = s[0] == '9';
    if (!c->foreign && !region_ok((s[0] - '0') * 10 + (s[1] - '0')))
        return IDCARD_REGION;
    snprintf(c->birthday, sizeof c->birthday, "%.4s-%.2s-%.2s", s + 6, s + 10, s + 12);
    if (!day_ok(c->birthday, today)) {
        c->birthday[0] = 0;
        return IDCARD_DATE;
    }
    return check_char(s) == s[17] ? IDCARD_OK : IDCARD_CHECK;
}

bool idcard_check(const char *text, const char *today, IdCard *out)
{
    static const char *const why[] = {
        [IDCARD_LENGTH] = "err.idcard.length", [IDCARD_CHAR] = "err.idcard.char",
        [IDCARD_REGION] = "err.idcard.region", [IDCARD_DATE] = "err.idcard.date",
        [IDCARD_CHECK] = "err.idcard.check",
    };
    memset(out, 0, sizeof *out);
    size_t n = fold_code(text, out->text, ROOM);
    out->result = judge(out, n, today);
    if (out->result != IDCARD_OK) {
        out->error = why[out->result];
        return false;
    }
    for (int i = 0; i < 6; i++)
        out->region = out->region * 10 + (out->text[i] - '0');
    out->male = (out->text[16] - '0') % 2 == 1;
    return true;
}

char *idcard_mask(Arena *a, const char *text)
{
    char s[20];
    size_t n = fold_code(text, s, ROOM);
    if (n != 15 && n != 18)
        return arena_str(a, "****");
    char *out = arena_dup(a, s, n);
    memset(out + 6, '*', n - 10);
    return out;
}
