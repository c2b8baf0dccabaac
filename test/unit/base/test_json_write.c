/* JSON writer: commas, escapes, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json_read.h"
#include "base/json_write.h"

static void writes(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf b;
    Jw w;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "名\"", "a\\\n\x01\t\"中");
    jw_kint(&w, "n", INT64_MIN);
    jw_kbool(&w, "t", true);
    jw_kstr(&w, "z", NULL);
    jw_kraw(&w, "r", "[1]");
    jw_key(&w, "l");
    jw_arr(&w);
    jw_int(&w, 1);
    jw_obj(&w);
    jw_end(&w);
    jw_arr(&w);
    jw_end(&w);
    jw_bool(&w, false);
    jw_null(&w);
    jw_strn(&w, "abc", 2);
    jw_end(&w);
    jw_end(&w);
    assert_string_equal(b.data,
                        "{\"名\\\"\":\"a\\\\\\n\\u0001\\t\\\"中\",\"n\":-9223372036854775808,"
                        "\"t\":true,\"z\":null,\"r\":[1],\"l\":[1,{},[],false,null,\"ab\"]}");
    Ctx c;
    ctx_init(&c, a);
    json_object *o;
    assert_true(json_read(&c, b.data, b.len, &o));
    assert_string_equal(json_str(o, "名\"", ""), "a\\\n\x01\t\"中");
    assert_true(json_int(o, "n", 0) == INT64_MIN);
    arena_free(a);
}

static void reals_read_back(void **state)
{
    (void)state;
    const double d[] = {0.1, 1.0 / 3, 1e300, -2.5, 123456789012345680.0, 5e-324};
    Arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof d / sizeof *d; i++) {
        Buf b;
        Jw w;
        buf_init(&b, a);
        jw_init(&w, &b);
        jw_real(&w, d[i]);
        assert_true(strtod(b.data, NULL) == d[i]);
        if (i == 0)
            assert_string_equal(b.data, "0.1");
    }
    const double none[] = {0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0}; /* JSON has no word for them */
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        Buf b;
        Jw w;
        buf_init(&b, a);
        jw_init(&w, &b);
        jw_real(&w, none[i]);
        assert_string_equal(b.data, "null");
    }
    arena_free(a);
}

static void instants(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf b;
    Jw w;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kinstant(&w, "at", INT64_C(1795248000007));
    jw_kinstant(&w, "never", 0);
    jw_end(&w);
    assert_string_equal(b.data, "{\"at\":\"2026-11-21T08:00:00.007Z\",\"never\":null}");
    arena_free(a);
}

/* Text is looked at eight bytes at a time: whatever must be escaped is found at every place of every length. */
static void escapes_anywhere(void **state)
{
    (void)state;
    static const char special[] = {'"', '\\', '\n', '\r', 0x01, 0x1f};
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    for (size_t n = 0; n <= 26; n++) {
        for (size_t at = 0; at <= n; at++) { /* at == n: nothing special */
            for (size_t k = 0; k < sizeof special; k++) {
                char text[32] = {0};
                memset(text, k % 2 ? 0x7f : '!',
                       n); /* beside what is special: 0x20, 0x22, high bytes */
                if (at < n)
                    text[at] = special[k];
                if (at + 1 < n)
                    text[at + 1] = ' ';
                Buf b;
                Jw w;
                buf_init(&b, a);
                jw_init(&w, &b);
                jw_obj(&w);
                jw_key(&w, "t");
                jw_strn(&w, text, n);
                jw_end(&w);
                assert_int_equal(strlen(b.data), b.len);
                assert_int_equal(b.len, 8 + n + (at == n ? 0 : k < 4 ? 1 : 5));
                json_object *o;
                assert_true(json_read(&c, b.data, b.len, &o));
                assert_string_equal(json_str(o, "t", "-"), text);
            }
        }
    }
    arena_free(a);
}

static void ready_keys(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf b;
    Jw w;
    buf_init(&b, a);
    jw_init(&w, &b);
    char shorter[JW_KEY_ROOM] = "\"a\":", longer[] = "\"a_name_that_is_longer_than_the_room\":";
    jw_obj(&w);
    jw_key_ready(&w, shorter, 4, sizeof shorter);
    jw_int(&w, 1);
    jw_key_ready(&w, longer, sizeof longer - 1, sizeof longer - 1);
    jw_int(&w, 2);
    JW_KEY(&w, "z");
    jw_int(&w, 3);
    jw_end(&w);
    assert_string_equal(b.data, "{\"a\":1,\"a_name_that_is_longer_than_the_room\":2,\"z\":3}");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes), cmocka_unit_test(reals_read_back),
                                       cmocka_unit_test(escapes_anywhere),
                                       cmocka_unit_test(ready_keys), cmocka_unit_test(instants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
