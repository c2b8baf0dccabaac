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
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes), cmocka_unit_test(reals_read_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
