/* The tables against iconv itself: every pair, every four-byte form of the first planes, and random texts fed in pieces
   of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <iconv.h>
#include <string.h>
#include <sys/resource.h>

#include "base/text_check.h"

static const char *const names[] = {"GB18030", "CP950", "CP1252"};

static bool by_iconv(iconv_t cd, const char *s, size_t n)
{
    char in[256], out[1024], *from = in, *to = out;
    size_t left = n, room = sizeof out;
    memcpy(in, s, n);
    (void)iconv(cd, NULL, NULL, NULL, NULL);
    return iconv(cd, &from, &left, &to, &room) != (size_t)-1;
}

static bool by_table(TextCheckKind kind, const char *s, size_t n, size_t step)
{
    TextCheck k;
    text_check_begin(&k, kind);
    for (size_t at = 0; at < n; at += step)
        text_check_feed(&k, s + at, n - at < step ? n - at : step);
    return text_check_whole(&k);
}

static void compare(TextCheckKind kind, iconv_t cd, const char *s, size_t n, size_t step)
{
    if (by_iconv(cd, s, n) != by_table(kind, s, n, step))
        fail_msg("%s: %zu bytes, %02x %02x %02x %02x", names[kind], n, (unsigned char)s[0],
                 n > 1 ? (unsigned char)s[1] : 0u, n > 2 ? (unsigned char)s[2] : 0u,
                 n > 3 ? (unsigned char)s[3] : 0u);
}

/* Without its table no text is one; the next that is looked at finds it. */
static void no_table(void **state)
{
    (void)state;
    TextCheck k;
    struct rlimit was, less;
    text_check_begin(&k, CHECK_GB18030); /* glibc has begun */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    less = was;
    less.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
    bool taken = by_table(CHECK_BIG5, "\xAB\xC8", 2, 2);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_false(taken);
    assert_true(by_table(CHECK_BIG5, "\xAB\xC8", 2, 2));
}

static void all_short_ones(void **state)
{
    (void)state;
    for (int kind = 0; kind < CHECK__COUNT; kind++) {
        iconv_t cd = iconv_open("UTF-8", names[kind]);
        char s[4];
        assert_true(cd != (iconv_t)-1);
        for (int i = 0; i < 65536; i++) {
            s[0] = (char)(i >> 8);
            s[1] = (char)i;
            compare((TextCheckKind)kind, cd, s, 2, 2);
            if (i < 256)
                compare((TextCheckKind)kind, cd, s + 1, 1, 1);
        }
        iconv_close(cd);
    }
    iconv_t cd = iconv_open("UTF-8", "GB18030");
    for (int a = 0x81; a <= 0xff; a += a < 0x85 || a == 0x8f || a > 0xe0 ? 1 : 7)
        for (int b = 0x2f; b <= 0x3a; b++)
            for (int c = 0x80; c <= 0xff; c++)
                for (int d = 0x2f; d <= 0x3a; d++) {
                    char s[4] = {(char)a, (char)b, (char)c, (char)d};
                    compare(CHECK_GB18030, cd, s, 4, 4);
                }
    iconv_close(cd);
}

static void random_texts(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int kind = 0; kind < CHECK__COUNT; kind++) {
        iconv_t cd = iconv_open("UTF-8", names[kind]);
        int good = 0;
        for (int round = 0; round < 100000; round++) {
            char s[64];
            size_t n = 0;
            while (n < 40) { /* mostly right: else every text is broken at once */
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                unsigned r = (unsigned)(seed >> 33);
                if (r % 4 == 0) {
                    s[n++] = (char)('a' + r % 26);
                } else if (r % 97 == 1) {
                    s[n++] = (char)(r >> 8);
                } else if (r % 31 == 2) {
                    s[n++] = (char)0x81;
                    s[n++] = (char)(0x30 + (r >> 8) % 10);
                    s[n++] = (char)(0x81 + (r >> 12) % 126);
                    s[n++] = (char)(0x30 + (r >> 20) % 10);
                } else {
                    s[n++] = (char)(0xb0 + (r >> 8) % 16);
                    s[n++] = (char)(0xa1 + (r >> 12) % 94);
                }
            }
            n -= (size_t)(round % 3);
            compare((TextCheckKind)kind, cd, s, n, 1 + (size_t)round % 9);
            good += by_table((TextCheckKind)kind, s, n, n);
        }
        iconv_close(cd);
        assert_true(good > 1000 && good < 99000); /* both answers were compared */
    }
}

static void scores(void **state)
{
    (void)state;
    TextCheck k;
    text_check_begin(&k, CHECK_GB18030);
    text_check_feed(&k, "\xbf\xcd\xbb\xa7,\xa3\xac\x81\x40", 9); /* 客户,， and a rare one */
    assert_true(text_check_whole(&k));
    assert_int_equal(k.pairs, 3);
    assert_int_equal(k.common, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_table), /* before any is loaded */
                                       cmocka_unit_test(all_short_ones),
                                       cmocka_unit_test(random_texts), cmocka_unit_test(scores)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
