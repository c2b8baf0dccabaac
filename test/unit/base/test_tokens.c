/* The words of the search index: what is typed is found, at every keystroke. */
#include "base/tokens.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/embed.h"
#include "base/pinyin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static Arena *a;

static bool holds(const char *const *word, int n, const char *want)
{
    size_t len = strlen(want);
    bool prefix = want[len - 1] == '*';
    for (int i = 0; i < n; i++)
        if (prefix ? !strncmp(word[i], want, len - 1) : !strcmp(word[i], want))
            return true;
    return false;
}

static bool all_in(const char *const *word, int n, const char *q)
{
    int m;
    const char *const *want = tokens_query(a, q, &m);
    for (int i = 0; i < m; i++)
        if (!holds(word, n, want[i]))
            return false;
    return m > 0;
}

static bool finds(const char *text, const char *q)
{
    int n;
    const char *const *word = tokens_index(a, text, &n);
    return all_in(word, n, q);
}

static void found(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"华为科技", "华为"},
        {"华为科技", "华"},
        {"华为科技", "为科技"},
        {"华为科技", "huawei"},
        {"华为科技", "hw"},
        {"华为科技", "hwkj"},
        {"华为科技", "华wei"},
        {"华为科技", "huaw"},
        {"华为科技", "hua w"},
        {"华为科技", "h"},
        {"华为科技", "weikeji"},
        {"华为科技", "kj"},
        {"华为科技", "ke"},
        {"华为科技", "huawkj"},
        {"华为科技", "HuaWei"},
        {"华为科技", "ｈｕａｗｅｉ"},
        {"重庆长安", "chongqing"},
        {"重庆长安", "cqca"},
        {"重庆长安", "zhongqing"},
        {"重庆长安", "changan"},
        {"重庆长安", "chongqingchangan"},
        {"重庆长安", "zqca"},
        {"曾国藩", "zengguofan"},
        {"曾国藩", "zgf"},
        {"曾国藩", "cengguofan"},
        {"曾国藩", "guofan"},
        {"西安交通", "xian"},
        {"西安交通", "xianjiaotong"},
        {"西安交通", "xi an"},
        {"先进制造", "xian"},
        {"方案", "fangan"},
        {"反感", "fangan"},
        {"吉安港口", "jiangangkou"},
        {"民国", "minguo"},
        {"华南理工", "huananligong"},
        {"丽尔科技", "lierkeji"},
        {"华农", "huanong"},
        {"安徽科技", "ahkj"},
        {"安徽科技", "ah"},
        {"淮安恒科技", "hahkj"},
        {"合安", "ha"},
        {"上海", "sh"},
        {"珠海", "zh"},
        {"中华", "zh"},
        {"绿城", "lvcheng"},
        {"绿城", "lücheng"},
        {"Lenovo 联想", "lenovo"},
        {"Lenovo 联想", "leno"},
        {"Lenovo 联想", "lenov"},
        {"Lenovo 联想", "lianxiang"},
        {"Lenovo 联想", "联想 lenovo"},
        {"IBM中国", "ibm"},
        {"IBM中国", "ib"},
        {"HP", "hp"},
        {"Huawei Technologies", "huawei"},
        {"Huawei Technologies", "technologies"},
        {"International Manufacturing", "manufacturing"},
        {"International Manufacturing", "international"},
        {"H3C", "h3c"},
        {"H3C", "h3"},
        {"H3C", "h"},
        {"5G通信", "5g"},
        {"CUS20261121001", "CUS20261121001"},
        {"CUS20261121001", "cus2026"},
        {"CUS20261121001", "1001"},
        {"CUS20261121001", "20261121001"},
        {"CUS20261121001", "cus"},
        {"CUS-2026-001", "CUS-2026-001"},
        {"CUS-2026-001", "cus-2026"},
        {"电话13800138000", "8000"},
        {"电话13800138000", "13800138000"},
        {"电话13800138000", "138****8000"},
        {"电话13800138000", "138"},
        {"电话13800138000", "1380013"},
        {"电话13800138000", "00138000"},
        {"中国石油", "石油"},
        {"万科A股", "万科a股"},
        {"café", "cafe"},
        {"Москва", "москва"},
        {"Москва", "моск"},
        {"東京カメラ", "カメラ"},
        {"360金融", "360"},
        {"長城汽車", "changcheng"},
        {"长城", "chang"},
        {"长城", "zhangcheng"},
        {"行业", "hangye"},
        {"Microsoft", "microsoft"},
        {"sap 软件", "sap"},
        {"sap 软件", "sa"},
        {"乐山", "leshan"},
        {"乐山", "yueshan"},
        {"单县", "shanxian"},
        {"行行行", "hang"}, /* more readings than are joined: each of the first two is there */
        {"行行行", "xing"},
        {"行行行", "hengheng"},
        {"庄安", "zhuangan"}, /* together longer than any syllable */
        {"女装", "nüzhuang"},
        {"Müller", "muller"},
        {"übung", "ubung"},
        {"Señor Çelik", "senor celik"},
        {"Ýrsa Øster", "yrsa oster"},
        {"naïve œuvre", "naive œuvre"},
        {"x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8", /* its beginning is kept */
         "x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8"},
        {"x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8x9y8", "x9y8x9y8x9y8x9y8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!finds(rows[i][0], rows[i][1])) {
            int m;
            const char *const *w = tokens_query(a, rows[i][1], &m);
            for (int k = 0; k < m; k++)
                print_error("asked: %s\n", w[k]);
            w = tokens_index(a, rows[i][0], &m);
            for (int k = 0; k < m; k++)
                print_error("%s ", w[k]);
            fail_msg("%s is not found by %s", rows[i][0], rows[i][1]);
        }
    }
}

static void not_found(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"华为科技", "华科"},  {"华为科技", "weihua"},  {"华为科技", "hk"},
        {"华为科技", "huake"}, {"华为科技", "hwjk"},    {"中华为先", "wx k"},
        {"先进", "xi an"},     {"13800138000", "9000"}, {"13800138000", "139"},
        {"Lenovo", "lenova"},  {"王五", "wangu"},       {"方圆", "fangu"},
        {"华为", "x"},         {"H3C", "h4"},           {"重庆长安", "congqing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (finds(rows[i][0], rows[i][1]))
            fail_msg("%s is found by %s", rows[i][0], rows[i][1]);
}

static void asked(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"华为技术", "华为 为技 技术"},
        {"华", "华"},
        {"huawei", "~~huawei"},
        {"hw", "~hw*"},
        {"hwkj", "~hwk ~wkj"},
        {"w", "~w"},
        {"huaw", "~~huaw*"},
        {"hua w", "~hua* ~w"},
        {"8000", "#8000*"},
        {"138", "#138"},
        {"h3c", "h3c*"},
        {"xian", "~xian*"},
        {"cqca", "~cqc ~qca"},
        {"beijing", "~~beijing"},
        /* signs part words, whatever plane they stand in; other scripts belong to them */
        {"12×34", "#12 #34"},
        {"12÷34", "#12 #34"},
        {"12¿34", "#12 #34"},
        {"12—34", "#12 #34"},
        {"12、34", "#12 #34"},
        {"12﹅34", "#12 #34"},
        {"12\uE00034", "#12 #34"},
        {"12\uFFFD34", "#12 #34"},
        {"12あ34", "#12 あ #34"},
        {"12가34", "#12 가 #34"},
        {"12ㄅ34", "12ㄅ34*"},
        {"12æ34", "12æ34*"},
        {"12ð34", "12ð34*"},
        {"12ÿ34", "12ÿ34*"},
        {"12😀34", "12😀34*"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n;
        const char *const *w = tokens_query(a, rows[i][0], &n);
        char line[200] = "";
        size_t len = 0;
        for (int k = 0; k < n; k++)
            len += (size_t)snprintf(line + len, sizeof line - len, "%s%s", k ? " " : "", w[k]);
        assert_string_equal(line, rows[i][1]);
    }
    int n;
    static const char *const nothing[] = {"", " ", "*", "\"'", "。，", "---", "\xff\xfe"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        tokens_query(a, nothing[i], &n);
        assert_int_equal(n, 0);
    }
    tokens_query(a, "一二三四五六七八九十一二三四五六七八九十甲乙丙丁", &n);
    assert_in_range(n, 1, 16);
}

static void phones(void **state)
{
    (void)state;
    int n;
    const char *const *w = tokens_phone(a, "138 0013-8000", &n);
    static const char *const q[] = {"13800138000", "8000", "38000",      "00138000",
                                    "138",         "1380", "138****8000"};
    for (size_t i = 0; i < sizeof q / sizeof *q; i++)
        assert_true(all_in(w, n, q[i]));
    assert_false(all_in(w, n, "9000"));
    assert_in_range(n, 5, 8);
    w = tokens_phone(a, "+86 138 0013 8000", &n);
    assert_true(all_in(w, n, "13800138000"));
    w = tokens_phone(a, "010-62345678", &n);
    assert_true(all_in(w, n, "01062345678") && all_in(w, n, "62345678") && all_in(w, n, "5678"));
    tokens_phone(a, "无", &n);
    assert_int_equal(n, 0);
    /* thirteen digits of another country: there is no number behind its first two */
    static const char *const foreign[] = {"8513800138000", "9613800138000"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        w = tokens_phone(a, foreign[i], &n);
        assert_true(all_in(w, n, foreign[i]) && all_in(w, n, "00138000"));
        assert_false(all_in(w, n, "13800138000"));
    }
    w = tokens_phone(a, "1234567890123456789012345678901234567890", &n); /* 32 of them count */
    assert_true(all_in(w, n, "1234567890") && all_in(w, n, "56789012"));
    assert_false(all_in(w, n, "34567890"));
    w = tokens_phone(a, "6234567", &n);
    assert_true(all_in(w, n, "6234567") && all_in(w, n, "234567"));
}

static void shape(void **state)
{
    (void)state;
    int n;
    const char *const *w = tokens_index(a, "深圳市华为技术股份有限公司", &n);
    assert_in_range(n, 30, 80);
    for (int i = 0; i < n; i++) {
        assert_null(strpbrk(w[i], " \"'*"));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(w[i], w[k]);
    }
    char *text = arena_alloc(a, 300001);
    for (int i = 0; i < 100000; i++)
        memcpy(text + 3 * i, (const char[3][4]){"国", "中", "乐"}[i % 3], 3);
    tokens_index(a, text, &n);
    assert_in_range(n, 1, 4000);
    memset(text, 'a', 300000);
    tokens_index(a, text, &n);
    assert_in_range(n, 1, 60);
    tokens_query(a, text, &n);
    assert_in_range(n, 1, 16);
    memset(text, '7', 300000);
    tokens_index(a, text, &n);
    tokens_query(a, text, &n);
    assert_in_range(n, 1, 16);
    tokens_index(a,
                 "a\xff\xfe"
                 "b*'\"\t\n",
                 &n);
}

/* Names of real companies: each is found by its pinyin from each character on, at every keystroke,
   by its initials, and by each piece of itself. */
static void names(void **state)
{
    (void)state;
    const Embed *e = embed_find("data/company-names.txt");
    assert_non_null(e);
    const char *p = (const char *)e->data, *end = p + e->len;
    int count = 0, missed = 0, flickers = 0, line = 0;
    /* Latin letters and digits between Han are words of their own; their joined spelling is not
       asked for. */
    static const char latin[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char *const mixed[] = {latin, latin, "0123456789"};
    Arena *keep = a;
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((nl ? nl : end) - p);
        if (line++ % 10 == 0) {
            a = arena_new(0);
            char *name = arena_dup(a, p, len);
            int n;
            const char *const *word = tokens_index(a, name, &n);
            char *forms[] = {pinyin_full(a, name), pinyin_initials(a, name), name};
            for (int k = 0; k < 3; k++) {
                /* The first letter of a syllable may complete another one for the moment
                   (bainiang… of 百年孤独): one miss is allowed where the next letter mends it. */
                bool before = false;
                size_t last = strlen(forms[k]) < 24 ? strlen(forms[k]) : 24;
                if (strpbrk(name, mixed[k]))
                    continue;
                for (size_t m = 1; m <= last; m++) {
                    if (((unsigned char)forms[k][m] & 0xC0) == 0x80)
                        continue;
                    char *q = arena_dup(a, forms[k], m);
                    bool hit = all_in(word, n, q);
                    count++;
                    flickers += !hit;
                    if (!hit && (before || m == last)) {
                        if (missed++ < 20)
                            print_error("%s is not found by %s\n", name, q);
                    }
                    before = !hit;
                }
            }
            arena_free(a);
        }
        p += len + 1;
    }
    a = keep;
    print_message("%d queries, %d missed, %d for one keystroke\n", count, missed, flickers);
    assert_true(flickers * 200 < count);
    assert_true(count > 10000);
    assert_int_equal(missed, 0);
}

static void speed(void **state)
{
    (void)state;
    const Embed *e = embed_find("data/company-names.txt");
    const char *p = (const char *)e->data, *end = p + e->len;
    struct timespec t0, t1;
    Arena *step = arena_new(0);
    long names_done = 0, words = 0;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((nl ? nl : end) - p);
        int n;
        tokens_index(step, arena_dup(step, p, len), &n);
        words += n;
        names_done++;
        arena_reset(step);
        p += len + 1;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
    double s = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
    print_message("%ld names, %.1f words each, %.1f us each\n", names_done,
                  (double)words / (double)names_done, s * 1e6 / (double)names_done);
    arena_free(step);
    assert_true(s / (double)names_done < 200e-6); /* loose: debug builds and sanitizers too */
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),  cmocka_unit_test(not_found), cmocka_unit_test(asked),
        cmocka_unit_test(phones), cmocka_unit_test(shape),     cmocka_unit_test(names),
        cmocka_unit_test(speed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
