/* Folding, cleaning and narrowing of text (ECOSYSTEM 2.1, 2.6). */
#include "base/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static Arena *a;

static void folding(void **state)
{
    (void)state;
    assert_string_equal(fold_text(a, "Ａ①㎡  Ｂ"), "a1m2 b");
    assert_string_equal(fold_text(a, "  Hello   World "), "hello world");
    assert_string_equal(fold_text(a, "华\u200b为\ufeff"), "华为");
    assert_string_equal(fold_text(a, "\u3000Straße\u00a0X"), "strasse x");
    assert_string_equal(fold_text(a, ""), "");
    assert_string_equal(fold_text(a, "a\xff\xfe b"), "a b");
    assert_string_equal(fold_text(a, "中\xe4\xb8"), "中");
}

static void cleaning(void **state)
{
    (void)state;
    assert_string_equal(fold_clean(a, " \u3000华为 技术\u00a0\t"), "华为 技术");
    assert_string_equal(fold_clean(a, "\ufeff名\u00ad称\u200b"), "名称");
    assert_string_equal(fold_clean(a, "一\u3000二\u00a0三"), "一\u3000二\u00a0三");
    assert_string_equal(fold_clean(a, "第一行\n第二行\x01\n"), "第一行\n第二行");
    assert_string_equal(fold_clean(a, "（１３８）ＡＢＣ。"), "（１３８）ＡＢＣ。");
    assert_string_equal(fold_clean(a, "👩\u200d🔧"), "👩\u200d🔧");
    assert_string_equal(fold_clean(a, "a\u200db"), "ab");
    assert_string_equal(fold_clean(a, "\u202eabc"), "abc");
    assert_string_equal(fold_clean(a, "\u3000 \u00a0"), "");
}

static void narrowing(void **state)
{
    (void)state;
    assert_string_equal(fold_narrow(a, "１３８（ＡＢ）　－\u00a0x"), "138(AB) - x");
    assert_string_equal(fold_narrow(a, "010—62345678"), "010-62345678");
    assert_string_equal(fold_narrow(a, "句。①"), "句。①");
    assert_string_equal(fold_narrow(a, "1\u200b2"), "12");
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding),
        cmocka_unit_test(cleaning),
        cmocka_unit_test(narrowing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
