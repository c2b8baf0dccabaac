/* Readings of characters, words and names (ECOSYSTEM 2.6). */
#include "base/pinyin.h"

#include <string.h>

#include "base/cp.h"
#include "base/embed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static Arena *a;

static void full(void **state)
{
    (void)state;
    static const char *const pairs[][3] = {
        {"重庆长安", "chongqingchangan", "cqca"},
        {"长沙", "changsha", "cs"},
        {"厦门", "xiamen", "xm"},
        {"银行", "yinhang", "yh"},
        {"音乐", "yinyue", "yy"},
        {"六安", "luan", "la"},
        {"华为技术", "huaweijishu", "hwjs"},
        {"绿城", "lvcheng", "lc"},
        {"万科A股", "wankeagu", "wkag"},
        {"360 金融", "360jinrong", "360jr"},
        {"", "", ""},
        {"。、", "", ""},
        {"大厦", "dasha", "ds"},
        {"𠮷野家", "jiyejia", "jyj"},
        {"長城", "changcheng", "cc"},
        {"@Az[^`az{/09:", "azaz09", "azaz09"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_string_equal(pinyin_full(a, pairs[i][0]), pairs[i][1]);
        assert_string_equal(pinyin_initials(a, pairs[i][0]), pairs[i][2]);
    }
}

static void names(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"曾国藩", "zengguofan"}, {"单田芳", "shantianfang"}, {"仇英", "qiuying"},
        {"解缙", "xiejin"},       {"万俟卨", "moqixie"},      {"尉迟恭", "yuchigong"},
        {"朴树", "piaoshu"},      {"张三", "zhangsan"},       {"任正非", "renzhengfei"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(pinyin_name_full(a, pairs[i][0]), pairs[i][1]);
    assert_string_equal(pinyin_name_initials(a, "曾国藩"), "zgf");
    assert_string_equal(pinyin_full(a, "单位"), "danwei");
}

static bool has(uint32_t ch, const char *reading)
{
    const char *r[4];
    int n = pinyin_readings(ch, r);
    for (int i = 0; i < n; i++)
        if (!strcmp(r[i], reading))
            return true;
    return false;
}

static void readings(void **state)
{
    (void)state;
    assert_true(has(0x66FE, "ceng") && has(0x66FE, "zeng"));
    assert_true(has(0x5355, "chan") && has(0x5355, "dan") && has(0x5355, "shan"));
    assert_true(has(0x884C, "hang") && has(0x884C, "heng") && has(0x884C, "xing"));
    assert_true(has(0x53A6, "sha") && has(0x53A6, "xia"));
    assert_true(has(0x957F, "chang") && has(0x957F, "zhang"));
    assert_true(has(0x4E07, "wan") && has(0x4E07, "mo"));
    assert_true(has(0x4DAE, "yan")); /* 䶮 */
    const char *r[4];
    assert_int_equal(pinyin_readings('A', r), 0);
    assert_int_equal(pinyin_readings(0x3042, r), 0);
    assert_int_equal(pinyin_readings(0x10FFFF, r), 0);
    for (uint32_t ch = 0x3400; ch < 0x323B0; ch++)
        assert_in_range(pinyin_readings(ch, r), 0, 4);
}

/* The list built in: a syllable for each character of every line, six at most. */
static void the_list_is_whole(void **state)
{
    (void)state;
    const Embed *e = embed_find("data/pinyin-phrases.txt");
    assert_non_null(e);
    const char *p = (const char *)e->data, *end = p + e->len;
    int lines = 0;
    assert_int_equal(end[-1], '\n');
    for (const char *nl; p < end; p = nl + 1) {
        nl = memchr(p, '\n', (size_t)(end - p));
        char *line = arena_dup(a, p, (size_t)(nl - p)), *blank = strchr(line, ' ');
        if (*line == '#')
            continue;
        assert_non_null(blank);
        *blank = 0;
        size_t n = cp_count(line + (*line == '@')), syllables = 0;
        for (const char *s = blank + 1;; s++) {
            size_t letters = strspn(s, "abcdefghijklmnopqrstuvwxyz");
            syllables++;
            assert_in_range(letters, 1, 6);
            s += letters;
            if (!*s)
                break;
            assert_int_equal(*s, ' ');
        }
        assert_in_range(n, 1, 6);
        assert_int_equal(syllables, n);
        lines++;
    }
    assert_true(lines > 300);
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full),
        cmocka_unit_test(names),
        cmocka_unit_test(readings),
        cmocka_unit_test(the_list_is_whole),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
