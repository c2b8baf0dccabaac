/* Unified social credit codes; see credit_code.h. */
#include "base/credit_code.h"

#include <string.h>

#include "base/cp.h"
#include "base/fold.h"

static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY"; /* 31 characters */

/* As fold_code; "" where it is too long. The length before that. */
static size_t tidy(const char *text, char out[20])
{
    size_t n = fold_code(text, out, 20);
    if (n > 18)
        out[0] = 0;
    return n;
}

static int value_of(char ch)
{
    const char *p = strchr(alphabet, ch);
    return p ? (int)(p - alphabet) : -1;
}

/* The check character over the first 17. All characters must be of the alphabet. */
static char outer_check(const char *s)
{
    static const int weight[17] = {1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28};
    int sum = 0;
    for (int i = 0; i < 17; i++)
        sum += value_of(s[i]) * weight[i];
    return alphabet[(31 - sum % 31) % 31];
}

/* Does the organisation code inside (positions 9 to 17) have its own check character right? */
static bool inner_ok(const char *s)
{
    static const int weight[8] = {3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 8; i++) {
        char ch = s[8 + i];
        sum += (ch <= '9' ? ch - '0' : ch - 'A' + 10) * weight[i];
    }
    int c = 11 - sum % 11;
    char want = (char)(c == 10 ? 'X' : c == 11 ? '0' : '0' + c);
    return s[16] == want;
}

/* MOD 11,10 over 15 digits. */
static bool old_ok(const char *s)
{
    int p = 10;
    for (int i = 0; i < 14; i++) {
        int t = (p + (s[i] - '0')) % 10;
        p = 2 * (t ? t : 10) % 11;
    }
    return s[14] - '0' == (11 - p) % 10;
}

static CreditResult judge(const char *s, size_t n)
{
    if (n == 15) {
        if (strspn(s, "0123456789") != 15)
            return CREDIT_CHAR;
        return old_ok(s) ? CREDIT_OLD : CREDIT_CHECK;
    }
    if (n != 18)
        return CREDIT_LENGTH;
    for (size_t i = 0; i < n; i++)
        if (value_of(s[i]) < 0 || (i >= 2 && i < 8 && s[i] > '9'))
            return CREDIT_CHAR;
    return outer_check(s) == s[17] ? CREDIT_OK : CREDIT_CHECK;
}

bool credit_code_check(const char *text, CreditCode *out)
{
    static const char *const why[] = {
        [CREDIT_LENGTH] = "err.credit_code.length",
        [CREDIT_CHAR] = "err.credit_code.char",
        [CREDIT_CHECK] = "err.credit_code.check",
    };
    memset(out, 0, sizeof *out);
    size_t n = tidy(text, out->text);
    out->result = judge(out->text, n);
    if (out->result == CREDIT_OK) {
        if (!strchr("123456789ANY", out->text[0]))
            out->warning = "warn.credit_code.department";
        else if (!inner_ok(out->text)) /* some early codes were issued so */
            out->warning = "warn.credit_code.inner";
    }
    if (out->result == CREDIT_OK || out->result == CREDIT_OLD)
        return true;
    out->error = why[out->result];
    if (n == 18 || n == 15) {
        char s[20];
        memcpy(s, out->text, sizeof s);
        for (size_t i = 0; i < n; i++)
            s[i] = s[i] == 'O' ? '0' : s[i] == 'I' ? '1' : s[i];
        CreditResult r = judge(s, n);
        if (r == CREDIT_OK || r == CREDIT_OLD)
            memcpy(out->suggestion, s, sizeof s);
    }
    return false;
}

bool credit_code_is_tax_number(const char *text)
{
    CreditCode c;
    if (credit_code_check(text, &c))
        return true;
    size_t n = 0;
    while (*text) {
        uint32_t cp = cp_next(&text);
        if (fold_is_blank(cp) || cp == '-')
            continue;
        bool fits =
            (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z');
        if (!fits)
            return false;
        n++;
    }
    return n == 15 || n == 17 || n == 20; /* 18 must be a right code */
}

char *credit_code_mask(Arena *a, const char *text)
{
    char s[20];
    size_t n = tidy(text, s);
    if (n > 18 || n < 12)
        return arena_str(a, "****");
    char *out = arena_dup(a, s, n);
    memset(out + 4, '*', n - 8);
    return out;
}
