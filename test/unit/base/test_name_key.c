/* Match keys of company names. */
#include "base/name_key.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static Arena *a;

static void same(void **state)
{
    (void)state;
    static const char *const groups[][6] = {
        {"华为技术（深圳）有限公司", "华为技术(深圳)有限公司", "华为技术有限公司（深圳）",
         "深圳市华为技术有限公司", " 华为 技术【深圳市】有限责任公司 ", NULL},
        {"深圳市华为", "深圳华为", "深圳市华为有限公司", NULL},
        {"华为技术有限公司", "华为技术", "华为技术股份有限公司", "华为技术集团有限公司", NULL},
        {"Huawei Technologies Co., Ltd.", "HUAWEI TECHNOLOGIES CO LTD", "huawei technologies",
         "Huawei  Technologies Company Limited", "Ｈｕａｗｅｉ Technologies, Inc.", NULL},
        {"阿里巴巴（中国）有限公司", "阿里巴巴(中国)", NULL},
        {"北京华为分公司", "北京市华为分公司", NULL},
        {"Acme L.L.C.", "ACME LLC", NULL},
        /* each kind of bracket, narrow and wide */
        {"华为（深圳）", "华为[深圳]", "华为{深圳}", "华为<深圳>", "华为〔深圳〕", NULL},
        {"华为（深圳）", "华为《深圳》", "华为〈深圳〉", "华为﹙深圳﹚", "华为【深圳】", NULL},
        {"O'Neill", "O’Neill", "ONeill", NULL},
        /* signs between words part them, whichever they are */
        {"A×B", "A÷B", "A—B", "A・B", "A〃B", NULL},
        {"A×B", "A/B", "A、B",
         "A\xff"
         "B",
         "A﹅B", NULL},
        {"A×B", "A§B", "AʼB", "A〄B", "A〜B", NULL},
        {"A×B", "A\uFFFDB", NULL},
        {"华为ltd", "华为", "华为 Ltd.", NULL}, /* behind a Han character a form needs no blank */
        {"佐々木", "佐々木 ", NULL},
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (int k = 1; groups[i][k]; k++)
            assert_string_equal(name_key(a, groups[i][0]), name_key(a, groups[i][k]));
}

static void other(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"华为技术（深圳）有限公司", "华为技术有限公司"},
        {"华为技术有限公司", "华为技术有限公司北京分公司"},
        {"华为技术（深圳）有限公司", "华为技术（北京）有限公司"},
        {"华为技术有限公司", "华为终端有限公司"},
        {"A1", "A2"},
        {"cisco", "cis"},
        {"佐々木", "佐木"},
        {"Øster", "ster"},
        {"华为子公司", "华为"},
        {"华为分公司", "华为"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_not_equal(name_key(a, pairs[i][0]), name_key(a, pairs[i][1]));
}

static void edges(void **state)
{
    (void)state;
    assert_string_equal(name_key(a, "华为技术（深圳）有限公司"), "深圳华为技术");
    assert_string_equal(name_key(a, "有限公司"), "有限公司");
    assert_string_equal(name_key(a, "公司"), "公司");
    assert_string_equal(name_key(a, "Co."), "co");
    assert_string_equal(name_key(a, "深圳市"), "深圳市");
    assert_string_equal(name_key(a, "Texaco"), "texaco");
    assert_string_equal(name_key(a, ""), "");
    assert_string_equal(name_key(a, "（）"), "");
    assert_string_equal(name_key(a, "（）有限公司"), "有限公司");
    assert_string_equal(name_key(a, "（深圳）"), "深圳");
    assert_string_equal(name_key(a, "((("), "");
    assert_string_equal(name_key(a, "某某（特殊）公司"), "某某特殊");
    assert_string_equal(name_key(a, "某某（深圳湾）公司"), "某某深圳湾"); /* more than a region */
    assert_string_equal(name_key(a, "华为（广东省深圳市）有限公司"), "广东深圳华为");
    assert_string_equal(name_key(a, "江苏省苏州市昆山市华为有限公司"), "江苏苏州昆山华为");
    assert_string_equal(name_key(a, ")华为("), "华为");
    assert_string_equal(name_key(a, "  Ltd"), "ltd");
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same),
        cmocka_unit_test(other),
        cmocka_unit_test(edges),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
