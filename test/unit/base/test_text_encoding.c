/* Encodings: the sample files, every rule, pieces of any size, nothing replaced in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/msg.h"
#include "base/text_encoding.h"

static Arena *a;
static Ctx c;

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    return msg_load() ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static void is(const char *data, size_t n, TextEncoding e, TextRule rule, const char *utf8)
{
    TextGuess g = {0};
    char *out;
    size_t len;
    if (!text_detect(&c, data, n, &g))
        fail_msg("not recognised: %s", utf8);
    assert_string_equal(text_encoding_name(g.encoding), text_encoding_name(e));
    assert_string_equal(text_rule_name(g.rule), text_rule_name(rule));
    assert_true(text_to_utf8(&c, g.encoding, data, n, &out, &len));
    assert_string_equal(out, utf8);
    assert_int_equal(len, strlen(utf8));
    for (size_t step = 1; step < 8; step++) { /* in pieces: the same */
        TextGuess again;
        TextDetect *d = text_detect_new(a);
        TextConv *t = text_conv_new(&c, e);
        Buf b;
        buf_init(&b, a);
        for (size_t i = 0; i < n; i += step) {
            size_t k = n - i < step ? n - i : step;
            text_detect_feed(d, data + i, k);
            assert_true(text_conv_feed(t, data + i, k, &b));
        }
        assert_true(text_conv_end(t, &b));
        assert_true(text_detect_end(&c, d, &again));
        assert_int_equal(again.encoding, e);
        assert_int_equal(again.rule, rule);
        assert_string_equal(b.data, utf8);
    }
}

#define IS(data, e, rule, utf8) is((data), sizeof(data) - 1, (e), (rule), (utf8))

static void rules(void **state)
{
    (void)state;
    IS("", ENC_UTF8, RULE_UTF8, "");
    IS("abc", ENC_UTF8, RULE_UTF8, "abc");
    IS("客户", ENC_UTF8, RULE_UTF8, "客户");
    IS("\xEF\xBB\xBF客", ENC_UTF8, RULE_BOM, "客");
    IS("\xFF\xFE\xA2\x5B", ENC_UTF16LE, RULE_BOM, "客");
    IS("\xFE\xFF\x5B\xA2", ENC_UTF16BE, RULE_BOM, "客");
    IS("\xFF\xFE\0\0\xA2\x5B\0\0", ENC_UTF32LE, RULE_BOM, "客");
    IS("\0\0\xFE\xFF\0\0\x5B\xA2", ENC_UTF32BE, RULE_BOM, "客");
    IS("a\0,\0\xA2\x5B", ENC_UTF16LE, RULE_NUL, "a,客");
    IS("\0a\0,\x5B\xA2", ENC_UTF16BE, RULE_NUL, "a,客");
    IS("\xC1\xAA\xCD\xA8", ENC_GB18030, RULE_GB18030, "联通"); /* looks like UTF-8 to lax readers */
    IS("\xBF\xCD\xBB\xA7", ENC_GB18030, RULE_GB18030, "客户");
    IS("\x9A\x30\xAA\x34", ENC_GB18030, RULE_GB18030, "𮷎"); /* four bytes */
    IS("caf\xE9", ENC_WINDOWS1252, RULE_LAST, "café");
    IS("\xAB\xC8\x80", ENC_BIG5, RULE_BIG5, "客\xC2\x80"); /* GB18030 has no such byte */
    /* common in GB18030; rare in both: GB18030 */
    IS("\xBF\xCD\xBF\xCD\xBF\xCD\xBF\xCD\xBF\xCD\xBF\xCD\xBF\xCD\xBF\xCD\xBF\xCD", ENC_GB18030,
       RULE_GB18030, "客客客客客客客客客");
    IS("\xE1\xA1\xE1\xA1\xE1\xA1\xE1\xA1\xE1\xA1\xE1\xA1\xE1\xA1\xE1\xA1\xE1\xA1", ENC_GB18030,
       RULE_GB18030, "帷帷帷帷帷帷帷帷帷");
}

static void big5(void **state)
{
    (void)state;
    /* 臺灣客戶資料與聯絡方式 */
    IS("\xBB\x4F\xC6\x57\xAB\xC8\xA4\xE1\xB8\xEA\xAE\xC6\xBB\x50\xC1\x70\xB5\xB8\xA4\xE8\xA6\xA1",
       ENC_BIG5, RULE_BIG5_SCORE, "臺灣客戶資料與聯絡方式");
}

static void samples(void **state)
{
    (void)state;
    char *gb, *utf, *lt, *out;
    size_t n_gb, n_utf, n_lt, n;
    assert_true(file_read(&c, ZK_SOURCE_DIR "/test/data/01_gb18030.csv", 10000, &gb, &n_gb));
    assert_true(file_read(&c, ZK_SOURCE_DIR "/test/data/03_utf8_bom.csv", 10000, &utf, &n_utf));
    assert_true(file_read(&c, ZK_SOURCE_DIR "/test/data/05_liantong_gbk.csv", 10000, &lt, &n_lt));
    TextGuess g;
    assert_true(text_detect(&c, gb, n_gb, &g));
    assert_int_equal(g.rule, RULE_GB18030);
    assert_true(g.gb_score > 80);
    assert_true(text_to_utf8(&c, g.encoding, gb, n_gb, &out, &n));
    /* the same sheet as the UTF-8 sample, four-byte character and all */
    assert_int_equal(n, n_utf - 3);
    assert_memory_equal(out, utf + 3, n);
    assert_true(text_detect(&c, utf, n_utf, &g));
    assert_int_equal(g.rule, RULE_BOM);
    assert_int_equal(g.bom, 3);
    is(lt, n_lt, ENC_GB18030, RULE_GB18030, "客户名称\r\n联通\r\n");
}

static void refuses(void **state)
{
    (void)state;
    TextGuess g;
    char *out;
    size_t n;
    assert_false(text_detect(&c, "PK\3\4\0\0\x81\xFF\0\1\2\3\0\0\0", 15, &g));
    assert_false(text_detect(&c, "a\x81\xFF\x81", 4, &g)); /* of none: 81 is free in windows-1252 */
    assert_false(text_to_utf8(&c, ENC_UTF8, "a\xFF", 2, &out, &n));
    assert_non_null(strstr(c.err_last->message, "UTF-8"));
    assert_non_null(strstr(c.err_last->message, "2"));
    assert_false(
        text_to_utf8(&c, ENC_GB18030, "a\xBF", 2, &out, &n)); /* half a character at the end */
    assert_false(text_to_utf8(&c, ENC_UTF16LE, "a\0b", 3, &out, &n));
    assert_false(text_to_utf8(&c, ENC_UTF16LE,
                              "\0\xD8"
                              "a\0",
                              4, &out, &n));
    assert_false(text_to_utf8(&c, ENC_UNKNOWN, "a", 1, &out, &n));
    assert_false(text_to_utf8(&c, ENC_UNKNOWN, "abcdef", 6, &out, &n));
    assert_false(text_to_utf8(&c, ENC_UTF8, "abcd\xF9\x84\x84\x84\x84", 9, &out, &n));
    /* a BOM of another encoding is text */
    assert_true(text_to_utf8(&c, ENC_WINDOWS1252, "\xEF\xBB\xBF", 3, &out, &n));
    assert_string_equal(out, "ï»¿");
    /* once broken it stays so, whatever comes */
    Buf b;
    buf_init(&b, a);
    TextConv *t = text_conv_new(&c, ENC_UTF8);
    assert_true(text_conv_feed(t, "abcd\xE4", 5, &b));
    assert_false(text_conv_feed(t, "x\xB8", 2, &b));
    assert_false(text_conv_feed(t, "", 0, &b));
    assert_false(text_conv_feed(t, "abc", 3, &b));
    assert_false(text_conv_end(t, &b));
    assert_string_equal(b.data, "abcd");
    /* NULs that are of no UTF-16 */
    static const struct {
        const char *text;
        size_t n;
    } binary[] = {{"\0", 1},
                  {"a\0b", 3},
                  {"\0\0\0\0", 4},
                  {"\0a\0b\0", 5},
                  {"abcdefghijklmnopqrs\0", 20},
                  {"a\0bcdefghijklmnopqr", 19}};
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
        assert_false(text_detect(&c, binary[i].text, binary[i].n, &g));
        assert_int_equal(c.err_last->code, ERR_UNSUPPORTED_TYPE);
    }
}

/* A text longer than one piece of the converter, cut inside a character. */
static void long_texts(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    char *gb = arena_alloc(a, 2 * MANY), *utf8 = arena_alloc(a, 3 * MANY + 1);
    for (int i = 0; i < MANY; i++) {
        memcpy(gb + 2 * i, "\xBF\xCD", 2);
        memcpy(utf8 + 3 * i, "客", 3);
    }
    Buf b;
    buf_init(&b, a);
    TextConv *t = text_conv_new(&c, ENC_GB18030);
    assert_true(text_conv_feed(t, gb, 4999, &b));
    assert_true(text_conv_feed(t, gb + 4999, 2 * MANY - 4999, &b));
    assert_true(text_conv_end(t, &b));
    assert_int_equal(b.len, 3 * MANY);
    assert_memory_equal(b.data, utf8, b.len);
}

/* What is cut inside a character is no UTF-8, wherever the pieces end. */
static void unfinished(void **state)
{
    (void)state;
    static const char *const texts[] = {"abc\xC3", "客户\xE5\xAE", "客户\xF0\x9F\x98",
                                        "客\xE5x", "客\xF4\x90",   "客\xE5\xAEx",
                                        "\xF5",    "\xC0\x80",     "客\xED\xA0\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t step = 1; step < 8; step++) {
            TextGuess g = {0};
            TextDetect *d = text_detect_new(a);
            size_t n = strlen(texts[i]);
            for (size_t at = 0; at < n; at += step)
                text_detect_feed(d, texts[i] + at, n - at < step ? n - at : step);
            text_detect_feed(d, "", 0);
            if (text_detect_end(&c, d, &g))
                assert_int_not_equal(g.encoding, ENC_UTF8);
        }
}

/* A machine that cannot load the table of an encoding says so; what it has goes on. */
static void no_table(void **state)
{
    (void)state;
    char *out;
    size_t n;
    struct rlimit was, less;
    assert_true(text_to_utf8(&c, ENC_GB18030, "\xBF\xCD", 2, &out, &n)); /* glibc has begun */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    less = was;
    less.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
    bool taken = text_to_utf8(&c, ENC_BIG5, "\xAB\xC8", 2, &out, &n);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_false(taken);
    assert_non_null(strstr(c.err_last->message, "Big5"));
    assert_true(text_to_utf8(&c, ENC_BIG5, "\xAB\xC8", 2, &out, &n));
    assert_string_equal(out, "客");
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(text_encoding_name(ENC__COUNT), "unknown");
    for (int e = ENC_UTF8; e < ENC__COUNT; e++)
        assert_int_equal(text_encoding_by_name(text_encoding_name((TextEncoding)e)), e);
    assert_int_equal(text_encoding_by_name("gbk"), ENC_GB18030);
    assert_int_equal(text_encoding_by_name("ebcdic"), ENC_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_table), /* before any is loaded */
                                       cmocka_unit_test(rules),     cmocka_unit_test(big5),
                                       cmocka_unit_test(samples),   cmocka_unit_test(refuses),
                                       cmocka_unit_test(names),     cmocka_unit_test(long_texts),
                                       cmocka_unit_test(unfinished)};
    return cmocka_run_group_tests(tests, begin, end);
}
