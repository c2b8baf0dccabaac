/* Which characters a typed word stands for. */
#include "base/pinyin_mark.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

typedef struct Row {
    const char *text, *word;
    int from, to; /* from -1: nowhere */
} Row;

static void marks(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"华为技术有限公司", "hwjs", 0, 4},
        {"华为技术有限公司", "huawei", 0, 2},
        {"华为技术有限公司", "huaweiji", 0, 3},
        {"华为技术有限公司", "huaw", 0, 2},
        {"华为技术有限公司", "hwei", 0, 2},
        {"华为技术有限公司", "jishu", 2, 4},
        {"华为技术有限公司", "js", 2, 4},
        {"华为技术有限公司", "gongs", 6, 8},
        {"华为技术有限公司", "华wei", 0, 2},
        {"华为技术有限公司", "为js", 1, 4},
        {"上海华为（深圳）分公司", "hwsz", 2, 7},
        {"万科A股", "wkag", 0, 4},
        {"西安银行", "xian", 0, 2},
        {"西安银行", "xayh", 0, 4},
        {"西安银行", "yinhang", 2, 4},
        {"先锋", "xian", 0, 1},
        {"重庆长安", "chongqing", 0, 2},
        {"重庆长安", "cqca", 0, 4},
        {"Huawei 华为", "hw", 7, 9},
        {"H3C新华三", "h3c", 0, 3},
        {"H3C新华三", "h3cx", 0, 4},
        {"阿里巴巴", "alibb", 0, 4},
        {"华为", "zte", -1, 0},
        {"华为", "hwx", -1, 0},
        {"华为", "", -1, 0},
        {"", "hw", -1, 0},
        {"（）", "hw", -1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int from = -1, to = 0;
        bool found = pinyin_mark(rows[i].text, rows[i].word, strlen(rows[i].word), &from, &to);
        if (found != (rows[i].from >= 0) || (found && (from != rows[i].from || to != rows[i].to)))
            fail_msg("%s in %s: %d..%d", rows[i].word, rows[i].text, found ? from : -1, to);
    }
}

/* Made to cost much: ends, and says no. */
static void bounded(void **state)
{
    (void)state;
    char text[3 * 600 + 1], word[401];
    for (int i = 0; i < 600; i++)
        memcpy(text + 3 * i, "啊", 3);
    text[1800] = 0;
    memset(word, 'a', 399);
    word[399] = 'x';
    word[400] = 0;
    int from, to;
    assert_false(pinyin_mark(text, word, 400, &from, &to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(marks), cmocka_unit_test(bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
