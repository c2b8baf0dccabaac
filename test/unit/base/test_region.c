/* Administrative divisions and reading addresses (ECOSYSTEM 2.5). */
#include "base/region.h"

#include <json-c/json.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static Arena *a;

static void codes(void **state)
{
    (void)state;
    const Region *r = region_find(440305);
    assert_non_null(r);
    assert_string_equal(r->name, "南山区");
    assert_string_equal(r->short_name, "南山");
    assert_string_equal(r->pinyin, "nanshanqu");
    assert_int_equal(r->parent, 440300);
    assert_int_equal(r->level, 3);
    assert_null(region_find(440399));
    assert_null(region_find(0));
    assert_null(region_find(999999));
    assert_true(region_find(110100)->is_filler);
    assert_string_equal(region_find(222400)->short_name, "延边");
    assert_string_equal(region_find(450000)->short_name, "广西");
    assert_string_equal(region_find(810000)->short_name, "香港");
    assert_true(region_valid_on(r, "2026-11-21"));
    assert_true(region_within(440305, 440000) && region_within(440305, 440305));
    assert_true(region_within(110105, 110000));
    assert_false(region_within(440000, 440305));
    assert_false(region_within(110105, 120000));
}

/* From the first day to the one before the last; a day that is not said is no limit. */
static void validity(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *day;
        bool is;
    } rows[] = {{"", "", "1900-01-01", true},
                {"2000-01-01", "", "1999-12-31", false},
                {"2000-01-01", "", "2000-01-01", true},
                {"", "2020-07-01", "2020-06-30", true},
                {"", "2020-07-01", "2020-07-01", false},
                {"2000-01-01", "2020-07-01", "2010-01-01", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Region r = {.valid_from = rows[i].from, .valid_to = rows[i].to};
        assert_int_equal(region_valid_on(&r, rows[i].day), rows[i].is);
    }
}

static void paths(void **state)
{
    (void)state;
    assert_string_equal(region_path(a, 440305), "广东省 / 深圳市 / 南山区");
    assert_string_equal(region_path(a, 110105), "北京市 / 朝阳区");
    assert_string_equal(region_path(a, 110100), "北京市");
    assert_string_equal(region_path(a, 419001), "河南省 / 济源市");
    assert_string_equal(region_path(a, 500230), "重庆市 / 丰都县");
    assert_string_equal(region_path(a, 441900), "广东省 / 东莞市");
    assert_string_equal(region_path(a, 810001), "香港特别行政区 / 中西区");
    assert_string_equal(region_path(a, 1), "");
}

static void children(void **state)
{
    (void)state;
    int n;
    region_children(a, 0, &n);
    assert_int_equal(n, 34);
    const Region *const *c = region_children(a, 110000, &n);
    assert_int_equal(n, 16);
    assert_string_equal(c[0]->name, "东城区");
    region_children(a, 440000, &n);
    assert_int_equal(n, 21);
    c = region_children(a, 500000, &n);
    assert_int_equal(n, 38);
    c = region_children(a, 469000, &n);
    c = region_children(a, 460000, &n);
    bool found = false;
    for (int i = 0; i < n; i++)
        found |= !strcmp(c[i]->name, "五指山市");
    assert_true(found);
    region_children(a, 441900, &n);
    assert_int_equal(n, 0);
    region_children(a, 440305, &n);
    assert_int_equal(n, 0);
    region_children(a, 820000, &n);
    assert_int_equal(n, 8);
}

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t code;
        const char *rest;
    } rows[] = {
        {"广东省深圳市南山区科技园1号", 440305, "科技园1号"},
        {"广东深圳南山区科技园", 440305, "科技园"},
        {"深圳市南山区", 440305, ""},
        {"深圳南山科技园", 440305, "科技园"},
        {"广东省 / 深圳市 / 南山区", 440305, ""},
        {"中国 广东省，深圳市，南山区，科技园", 440305, "科技园"},
        {"北京朝阳区建国路88号", 110105, "建国路88号"},
        {"北京市朝阳区", 110105, ""},
        {"北京市市辖区朝阳区", 110000, "市辖区朝阳区"},
        {"北京朝阳建国路", 110105, "建国路"},
        {"广西南宁青秀区民族大道", 450103, "民族大道"},
        {"广西壮族自治区南宁市", 450100, ""},
        {"内蒙古呼和浩特新城区", 150102, ""},
        {"新疆乌鲁木齐市天山区", 650102, ""},
        {"辽宁朝阳双塔区", 211302, ""},
        {"朝阳市双塔区", 211302, ""},
        {"吉林省吉林市船营区", 220204, ""},
        {"吉林市船营区", 220204, ""},
        {"吉林长春", 220100, ""},
        {"延边州延吉市", 222401, ""},
        {"江苏省昆山市花桥镇", 320583, "花桥镇"},
        {"昆山市花桥镇", 320583, "花桥镇"},
        {"昆山花桥镇", 320583, "花桥镇"},
        {"上海市浦东新区张江", 310115, "张江"},
        {"上海浦东张江高科", 310115, "张江高科"},
        {"重庆渝中区解放碑", 500103, "解放碑"},
        {"重庆市丰都县", 500230, ""},
        {"河南济源市", 419001, ""},
        {"湖北省仙桃市", 429004, ""},
        {"东莞市长安镇", 441900, "长安镇"},
        {"广东东莞", 441900, ""},
        {"香港中西区皇后大道", 810001, "皇后大道"},
        {"澳门特别行政区", 820000, ""},
        {"台湾台北市大安区", 710101, ""},
        {"海南省海口市", 460100, ""},
        /* as sheets of salesmen have them */
        {"广东深圳南山区科技园南区8栋", 440305, "科技园南区8栋"},
        {"深圳市 南山区 粤海街道", 440305, "粤海街道"},
        {"浙江杭州滨江区江南大道100号", 330108, "江南大道100号"},
        {"杭州滨江", 330108, ""},
        {"浙江省义乌市稠江街道", 330782, "稠江街道"},
        {"江苏苏州昆山市玉山镇", 320583, "玉山镇"},
        {"江苏省常熟市", 320581, ""},
        {"山东省青岛市市南区香港中路1号", 370202, "香港中路1号"},
        {"山东青岛市南区香港中路", 370202, "香港中路"},
        {"济南市中区经十路", 370103, "经十路"},
        {"济南市历下区", 370102, ""},
        /* names of before */
        {"上海市松江县", 310117, ""},
        {"江苏省睢宁市", 320000, "睢宁市"}, /* a county still */
        {"湖北省神农架县", 420000, "神农架县"},
        {"江苏省昆山路1号", 320000, "昆山路1号"},
        {"江苏省苏州路1号", 320000, "苏州路1号"},
        {"浙江省萧山市北干街道", 330109, "北干街道"},
        {"广东省佛山市顺德市大良", 440606, "大良"},
        {"江苏省江阴县", 320281, ""},
        {"广东省番禺市市桥", 440113, "市桥"},
        {"湖北省荆州市沙市区", 421002, ""},
        {"江西省南昌市", 360100, ""},
        {"湖南省长沙县", 430121, ""},
        {"天津市滨海新区第三大街", 120116, "第三大街"},
        {"上海闵行区莘庄镇", 310112, "莘庄镇"},
        {"重庆市江北区观音桥", 500105, "观音桥"},
        {"宁夏银川市兴庆区", 640104, ""},
        {"西藏自治区拉萨市城关区", 540102, ""},
        {"新疆维吾尔自治区伊宁市", 654002, ""},
        {"内蒙古自治区鄂尔多斯市东胜区", 150602, ""},
        {"广西壮族自治区桂林市七星区漓江路", 450305, "漓江路"},
        {"四川省成都市高新区天府大道", 510100, "高新区天府大道"},
        {"湖南长沙岳麓区", 430104, ""},
        {"福建省厦门市思明区", 350203, ""},
        {"中国上海市徐汇区漕溪北路", 310104, "漕溪北路"},
        {"河北省石家庄市长安区", 130102, ""},
        {"海南省三亚市吉阳区", 460203, ""},
        {"陕西西安雁塔区科技路", 610113, "科技路"},
        {"黑龙江哈尔滨南岗区", 230103, ""},
        {"南京市鼓楼区", 320106, ""},
        {"福州鼓楼区", 350102, ""},
        {"上海市北京路1号", 310000, "北京路1号"},
        {"河北省唐山市南堡", 130200, "南堡"},
        {"江苏省苏州市苏州工业园区星湖街", 320576, "星湖街"},
        /* autonomous places, as people say them */
        {"辽宁省宽甸县长甸镇", 210624, "长甸镇"},
        {"湖北宜昌长阳县龙舟坪镇", 420528, "龙舟坪镇"},
        {"内蒙古呼伦贝尔莫力达瓦旗尼尔基镇", 150722, "尼尔基镇"},
        {"新疆自治区乌鲁木齐市", 650100, ""},
        {"广东自治区", 440000, "自治区"}, /* which it is not */
        /* what two share counts for neither, and one place read in two ways is one */
        {"江苏省鼓楼区中央路", 320000, "鼓楼区中央路"},
        {"吉林船营区", 220204, ""},
        {"吉林", 220000, ""}, /* a province is meant before a city */
        {"江苏-南京>鼓楼区·中央路", 320106, "中央路"},
        {"江苏／南京、鼓楼区", 320106, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t code = -1;
        const char *rest = "";
        bool ok = region_parse_address(a, rows[i].text, &code, &rest);
        if (!ok || code != rows[i].code || strcmp(rest, rows[i].rest) != 0)
            print_error("%s: %d %s\n", rows[i].text, (int)code, rest);
        assert_true(ok);
        assert_int_equal(code, rows[i].code);
        assert_string_equal(rest, rows[i].rest);
    }
}

static void uncertain(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "朝阳区建国路88号", "鼓楼区", "科技园1号", "",      "北京路1号",
        "市中区",           "通州区", "深圳州",    "河南县"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t code = -1;
        const char *rest = NULL;
        if (region_parse_address(a, rows[i], &code, &rest))
            fail_msg("%s taken as %d", rows[i], (int)code);
        assert_int_equal(code, 0);
        assert_string_equal(rest, rows[i]);
    }
}

static void find_path(void **state)
{
    (void)state;
    assert_int_equal(region_find_path(a, "广东省/深圳市/南山区"), 440305);
    assert_int_equal(region_find_path(a, "广东深圳"), 440300);
    assert_int_equal(region_find_path(a, "深圳市科技园"), 0);
    assert_int_equal(region_find_path(a, ""), 0);
}

/* The longest name of a province or city, and no filler, counts in front of a name. */
static void prefix(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t code;
        size_t n;
    } rows[] = {{"吉林省某某", 220000, 9}, {"吉林某某", 220000, 6}, {"昆山市某某", 320583, 9},
                {"市辖区某某", 0, 0},      {"县某某", 0, 0},        {"南山区某某", 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const Region *r = NULL;
        assert_int_equal(region_prefix(rows[i].text, &r), rows[i].n);
        assert_int_equal(r ? r->code : 0, rows[i].code);
    }
}

/* Every path that is shown is read back as the same code. */
static void there_and_back(void **state)
{
    (void)state;
    int wrong = 0;
    for (int32_t code = 110000; code < 830000; code++) {
        const Region *r = region_find(code);
        if (!r || r->is_filler)
            continue;
        Arena *step = arena_new(0);
        const char *path = region_path(step, code);
        if (region_find_path(step, path) != code) {
            print_error("%d %s -> %d\n", (int)code, path, (int)region_find_path(step, path));
            wrong++;
        }
        arena_free(step);
    }
    assert_int_equal(wrong, 0);
}

static void tree(void **state)
{
    (void)state;
    const char *text = region_tree_json(a);
    json_object *top = json_tokener_parse(text);
    assert_non_null(top);
    assert_int_equal(json_object_array_length(top), 34);
    assert_true(strlen(text) < 120000);
    assert_null(strstr(text, "市辖区"));
    assert_non_null(strstr(text, "[110000,\"北京市\",[[110101,\"东城区\"]"));
    json_object_put(top);
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),     cmocka_unit_test(paths),          cmocka_unit_test(children),
        cmocka_unit_test(addresses), cmocka_unit_test(uncertain),      cmocka_unit_test(find_path),
        cmocka_unit_test(tree),      cmocka_unit_test(there_and_back), cmocka_unit_test(validity),
        cmocka_unit_test(prefix),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
