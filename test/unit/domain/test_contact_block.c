/*
 * Contact blocks: 300 of them with what is to be read, 100 of which no rule was made with; that nothing of
 * a text is lost; and single readings that were wrong once. Phones must all be right, names and companies
 * at least 95 of 100 in both sets. What is read of each, right or wrong, stands in test/data/contact_blocks.read, so that no
 * change of a rule passes unseen: ZHIKE_TEST_WRITE=1 writes it anew, and the difference is read before it is committed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/buf.h"
#include "base/cp.h"
#include "base/utf8.h"
#include "domain/customer/contact_block.h"
#include "domain/customer/contact_words.h"

static const char *str(json_object *o, const char *key)
{
    json_object *v;
    return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : "";
}

static json_object *blocks(const char *set)
{
    static json_object *root; /* read once, kept */
    json_object *out;
    if (!root)
        root = json_object_from_file(ZK_SOURCE_DIR "/test/data/contact_blocks.json");
    assert_non_null(root);
    assert_true(json_object_object_get_ex(root, set, &out));
    return out;
}

static bool is(const ContactBlock *b, BlockField f, const char *want)
{
    const char *got = contact_block_get(b, f);
    return strcmp(got ? got : "", want) == 0;
}

/* All numbers of the block in their order. */
static const char *phones_of(Arena *a, const ContactBlock *b)
{
    Buf out;
    buf_init(&out, a);
    for (int i = 0; i < b->n; i++)
        if (b->items[i].field == BLOCK_MOBILE || b->items[i].field == BLOCK_PHONE)
            buf_printf(&out, "%s;", b->items[i].value);
    return out.data;
}

static const char *phones_wanted(Arena *a, json_object *o)
{
    json_object *list;
    Buf out;
    buf_init(&out, a);
    if (json_object_object_get_ex(o, "phones", &list))
        for (size_t i = 0; i < json_object_array_length(list); i++)
            buf_printf(&out, "%s;", json_object_get_string(json_object_array_get_idx(list, i)));
    return out.data;
}

static void check_set(const char *name, size_t at_least)
{
    json_object *set = blocks(name);
    size_t n = json_object_array_length(set), names = 0, companies = 0, phones = 0, mails = 0,
           mails_wanted = 0;
    assert_true(n >= at_least);
    for (size_t i = 0; i < n; i++) {
        json_object *o = json_object_array_get_idx(set, i);
        Arena *a = arena_new(0);
        ContactBlock b = contact_block_parse(a, str(o, "text"));
        names += is(&b, BLOCK_NAME, str(o, "name"));
        companies += is(&b, BLOCK_COMPANY, str(o, "company"));
        bool right = strcmp(phones_of(a, &b), phones_wanted(a, o)) == 0;
        phones += right;
        if (!right)
            print_message("%s %zu: phones %s\n", name, i, phones_of(a, &b));
        if (*str(o, "email")) {
            mails_wanted++;
            mails += is(&b, BLOCK_EMAIL, str(o, "email"));
        }
        arena_free(a);
    }
    print_message("%s: %zu blocks, names %zu, companies %zu, phones %zu, mails %zu of %zu\n", name,
                  n, names, companies, phones, mails, mails_wanted);
    assert_int_equal(phones, n);
    assert_int_equal(mails, mails_wanted);
    assert_true(names * 100 >= n * 95);
    assert_true(companies * 100 >= n * 95);
}

static void test_known(void **state)
{
    (void)state;
    check_set("known", 200);
}

static void test_held_out(void **state)
{
    (void)state;
    check_set("held_out", 100);
}

/* Every item of every block, one a line, with the piece of the text it was read from. */
static void write_all(Buf *out, const char *name)
{
    json_object *set = blocks(name);
    for (size_t i = 0; i < json_object_array_length(set); i++) {
        Arena *a = arena_new(0);
        ContactBlock b = contact_block_parse(a, str(json_object_array_get_idx(set, i), "text"));
        buf_printf(out, "%s %zu\n", name, i);
        for (int k = 0; k < b.n; k++)
            buf_printf(out, "  %zu-%zu %s %s\n", b.items[k].from, b.items[k].to,
                       block_field_name(b.items[k].field), b.items[k].value);
        arena_free(a);
    }
}

static void test_readings_as_they_were(void **state)
{
    (void)state;
    static const char path[] = ZK_SOURCE_DIR "/test/data/contact_blocks.read";
    enum { ROOM = 1 << 20 };
    Arena *a = arena_new(0);
    Buf is;
    buf_init(&is, a);
    write_all(&is, "known");
    write_all(&is, "held_out");
    if (getenv("ZHIKE_TEST_WRITE")) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(is.data, 1, is.len, f), is.len);
        assert_int_equal(fclose(f), 0);
    }
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *was = arena_alloc(a, ROOM);
    was[fread(was, 1, ROOM - 1, f)] = '\0';
    fclose(f);
    size_t same = 0, line = 0;
    for (; was[same] && was[same] == is.data[same]; same++)
        if (was[same] == '\n')
            line = same + 1;
    if (was[same] || is.data[same])
        fail_msg("read otherwise than before\n was %.*s\n is  %.*s", (int)strcspn(was + line, "\n"),
                 was + line, (int)strcspn(is.data + line, "\n"), is.data + line);
    arena_free(a);
}

/* ---- nothing is lost --------------------------------------------------------------------------- */

static bool counts(uint32_t cp)
{
    return (cp_is_han(cp) && cp != 0x4E28) || /* 丨 is written for a bar */
           (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ||
           (cp >= 0xC0 && cp <= 0x24F && cp != 0xD7 && cp != 0xF7);
}

/* Are the letters of the piece all in the value, in their order? */
static bool holds(const char *value, const char *piece, size_t n)
{
    const char *p = piece;
    while (p < piece + n) {
        uint32_t cp = cp_next(&p), v;
        if (!counts(cp))
            continue;
        do
            v = cp_next(&value);
        while (v && v != cp);
        if (!v)
            return false;
    }
    return true;
}

static void nothing_lost(const char *text)
{
    Arena *a = arena_new(0);
    ContactBlock b = contact_block_parse(a, text);
    size_t len = strlen(text);
    unsigned char *seen = ARENA_ARRAY(a, len + 1, unsigned char);
    for (int i = 0; i < b.n; i++) {
        const BlockItem *x = &b.items[i];
        assert_true(x->from <= x->to && x->to <= len && utf8_valid(x->value, strlen(x->value)));
        memset(seen + x->from, 1, x->to - x->from);
        bool as_it_stood = x->field != BLOCK_MOBILE && x->field != BLOCK_PHONE &&
                           x->field != BLOCK_USCC && x->field != BLOCK_WECHAT;
        if (as_it_stood && !holds(x->value, text + x->from, x->to - x->from))
            fail_msg("%s lost something: %.*s", x->value, (int)(x->to - x->from), text + x->from);
        WordList kind;
        if (x->field == BLOCK_LABEL && words_label(x->value, strlen(x->value)) == WORDS__COUNT &&
            !words_label_end(x->value, strlen(x->value), &kind))
            fail_msg("'%s' is no label", x->value);
    }
    for (const char *p = text; *p;) {
        const char *at = p;
        if (counts(cp_next(&p)) && !seen[at - text])
            fail_msg("dropped at %zu: %s", (size_t)(at - text), text);
    }
    arena_free(a);
}

static void test_nothing_is_dropped(void **state)
{
    (void)state;
    static const char *const sets[] = {"known", "held_out"};
    for (int k = 0; k < 2; k++) {
        json_object *set = blocks(sets[k]);
        for (size_t i = 0; i < json_object_array_length(set); i++)
            nothing_lost(str(json_object_array_get_idx(set, i), "text"));
    }
    nothing_lost("电话：，姓名：\n地址：");
    nothing_lost("张三公Shanghai Foo Co., Ltd. 李四限Bar Trading "
                 "Inc.\nT��anaka Trading Co., Ltd.");
    nothing_lost("童大丨周末不收货丶周一");
    nothing_lost("aΩb　ｃ１２３ ☎ 😀 123456789012345678901234567890");
}

/* ---- single readings ----------------------------------------------------------------------------- */

static void test_parts(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    ContactBlock b = contact_block_parse(
        a, "张 伟（采购经理）\n深圳市云海科技有限公司 采购部\n手机/微信：13812345678\n"
           "座机：0755-26781234转102\n传真：0755-26781235\n税号：91330100799655058B\n"
           "地址：广东省深圳市南山区科技园南区8栋\nwww.yunhai.com  QQ：12345678");
    assert_string_equal(contact_block_get(&b, BLOCK_NAME), "张伟");
    assert_string_equal(contact_block_get(&b, BLOCK_TITLE), "采购经理");
    assert_string_equal(contact_block_get(&b, BLOCK_DEPARTMENT), "采购部");
    assert_string_equal(contact_block_get(&b, BLOCK_COMPANY), "深圳市云海科技有限公司");
    assert_string_equal(contact_block_get(&b, BLOCK_WECHAT), "13812345678");
    assert_string_equal(contact_block_get(&b, BLOCK_PHONE), "0755-26781234-102");
    assert_null(contact_block_nth(&b, BLOCK_PHONE, 1));
    assert_string_equal(contact_block_get(&b, BLOCK_USCC), "91330100799655058B");
    assert_string_equal(contact_block_get(&b, BLOCK_ADDRESS), "广东省深圳市南山区科技园南区8栋");
    assert_string_equal(contact_block_get(&b, BLOCK_WEBSITE), "www.yunhai.com");
    const char *rest = contact_block_all(a, &b, BLOCK_REMARK, "\n");
    assert_non_null(strstr(rest, "传真：0755-26781235"));
    assert_non_null(strstr(rest, "QQ：12345678"));
    b = contact_block_parse(a, "");
    assert_int_equal(b.n, 0);
    b = contact_block_parse(a, "明天下午三点开会，请带上合同");
    assert_null(contact_block_get(&b, BLOCK_MOBILE));
    assert_null(contact_block_get(&b, BLOCK_COMPANY));
    arena_free(a);
}

/* Names alone in their line: a dotted one has two characters and more on both sides and sixteen at most, a short form of address
   belongs to a short name, a title behind does not. */
static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name, *title;
    } cases[] = {{"古丽·买买", "古丽·买买", NULL},
                 {"古丽·买买提", "古丽·买买提", NULL},
                 {"古·买买提", NULL, NULL},
                 {"古丽·买", NULL, NULL},
                 {"古丽买买·", NULL, NULL},
                 {"·古丽买买", NULL, NULL},
                 {"迪丽热巴迪丽热巴·迪力木拉提力木", "迪丽热巴迪丽热巴·迪力木拉提力木", NULL},
                 {"迪丽热巴迪丽热巴·迪力木拉提力木拉", NULL, NULL},
                 {"张总", "张总", NULL},
                 {"李强总", "李强总", NULL},
                 {"王小明总", "王小明", NULL},
                 {"王局长", "王局长", NULL},
                 {"张三丰先生", "张三丰", NULL},
                 {"李志强销售总监", "李志强", "销售总监"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *a = arena_new(0);
        ContactBlock b = contact_block_parse(a, arena_printf(a, "%s 13812345678", cases[i].text));
        const char *name = contact_block_get(&b, BLOCK_NAME),
                   *title = contact_block_get(&b, BLOCK_TITLE);
        if (strcmp(name ? name : "", cases[i].name ? cases[i].name : "") != 0 ||
            strcmp(title ? title : "", cases[i].title ? cases[i].title : "") != 0)
            fail_msg("%s: name %s, title %s", cases[i].text, name, title);
        assert_string_equal(contact_block_get(&b, BLOCK_MOBILE), "13812345678");
        arena_free(a);
    }
}

/* Behind a name: departments by their ending and length, addresses by region, ending, number and marks. */
static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *text, *department, *address;
    } cases[] = {{"质检科", "质检科", NULL},
                 {"外联处", "外联处", NULL},
                 {"机加工部", "机加工部", NULL},
                 {"加工二部", "加工二部", NULL},
                 {"总裁办公室", "总裁办公室", NULL},
                 {"某某事业部", "某某事业部", NULL},
                 {"华东大客户部", "华东大客户部", NULL},
                 {"办公室", "办公室", NULL},
                 {"华东区大客户部", NULL, NULL}, /* seven: a sentence as likely */
                 {"二部", NULL, NULL},
                 {"处", NULL, NULL},
                 {"机加工部2", NULL, NULL},
                 {"中科院计算所", NULL, NULL},
                 {"经开区翠微路与某某街交口", NULL, "经开区翠微路与某某街交口"},
                 {"翠微路某某街", NULL, "翠微路某某街"},
                 {"文三路90号", NULL, "文三路90号"},
                 {"文三路0号", NULL, "文三路0号"},
                 {"文三路9号", NULL, "文三路9号"},
                 {"9号楼", NULL, "9号楼"},
                 {"0号楼", NULL, "0号楼"},
                 {"A座9", NULL, "A座9"},
                 {"0栋", NULL, NULL},
                 {"文三路", NULL, NULL}, /* the name of a shop as likely */
                 {"幸福里", NULL, NULL},
                 {"深圳", NULL, "深圳"},
                 {"邵阳", NULL, "邵阳"}, /* the name is given already */
                 {"深圳南山", NULL, "深圳南山"},
                 {"深圳南山科技园", NULL, "深圳南山科技园"},
                 {"杭州文三路", NULL, "杭州文三路"},
                 {"杭州云栖小镇", NULL, "杭州云栖小镇"},
                 {"杭州云栖", NULL, NULL},
                 {"滨江街道", NULL, "滨江街道"},
                 {"广东省深圳市南山区", NULL, "广东省深圳市南山区"},
                 {"Wenyi Road 9", NULL, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *a = arena_new(0);
        ContactBlock b = contact_block_parse(a, arena_printf(a, "张三 %s", cases[i].text));
        const char *want = cases[i].department ? cases[i].department : cases[i].address;
        if (!is(&b, BLOCK_NAME, "张三") ||
            !is(&b, BLOCK_DEPARTMENT, cases[i].department ? cases[i].department : "") ||
            !is(&b, BLOCK_ADDRESS, cases[i].address ? cases[i].address : "") ||
            !is(&b, BLOCK_REMARK, want ? "" : cases[i].text))
            fail_msg("%s: department %s, address %s", cases[i].text,
                     contact_block_get(&b, BLOCK_DEPARTMENT), contact_block_get(&b, BLOCK_ADDRESS));
        arena_free(a);
    }
    /* where no name stands, a short place that is a surname's is the person */
    Arena *a = arena_new(0);
    ContactBlock b = contact_block_parse(a, "邵阳 13812345678");
    assert_true(is(&b, BLOCK_NAME, "邵阳") && is(&b, BLOCK_ADDRESS, ""));
    b = contact_block_parse(a, "深圳 13812345678");
    assert_true(is(&b, BLOCK_NAME, "") && is(&b, BLOCK_ADDRESS, "深圳"));
    arena_free(a);
}

/* Dashes, bars, colons, dots and line breaks of other alphabets are read as ours. */
static void test_other_signs(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"张三\u2028手机\u223613812345678", "张三", "13812345678"},
        {"张三\u202913812345678", "张三", "13812345678"},
        {"张三\v13812345678", "张三", "13812345678"},
        {"张三\f13812345678", "张三", "13812345678"},
        {"张三\r13812345678", "张三", "13812345678"},
        {"张三\u250213812345678", "张三", "13812345678"},
        {"张三\u4E2813812345678", "张三", "13812345678"},
        {"张三 138\u22121234\u25005678", "张三", "13812345678"},
        {"张三 138\u20101234\u20155678", "张三", "13812345678"},
        {"古丽\u2022买买提 13812345678", "古丽·买买提", "13812345678"},
        {"古丽\u2027买买提 13812345678", "古丽·买买提", "13812345678"},
        {"古丽\u30FB买买提 13812345678", "古丽·买买提", "13812345678"},
        {"张\u200b三\x01 \x1f"
         "13812345678",
         "张三", "13812345678"},
        {"张\u00a0三　１３８１２３４５６７８", "张三", "13812345678"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *a = arena_new(0);
        ContactBlock b = contact_block_parse(a, cases[i][0]);
        if (!is(&b, BLOCK_NAME, cases[i][1]) || !is(&b, BLOCK_MOBILE, cases[i][2]))
            fail_msg("%s: %s, %s", cases[i][0], contact_block_get(&b, BLOCK_NAME),
                     contact_block_get(&b, BLOCK_MOBILE));
        assert_null(contact_block_all(a, &b, BLOCK_USCC, "\n"));
        nothing_lost(cases[i][0]);
        arena_free(a);
    }
}

/* The whole of what is read of a text, one field behind the other. */
static void test_single_readings(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        /* names: what stands where a name might */
        {"欧阳 13812345678", "remark=欧阳; mobile=13812345678"},
        {"欧阳小总 13812345678", "name=欧阳小; salutation=总; mobile=13812345678"},
        {"司徒雷登 13812345678", "name=司徒雷登; mobile=13812345678"},
        {"高工 13812345678", "title=高工; mobile=13812345678"},
        {"先生 13812345678", "remark=先生; mobile=13812345678"},
        {"施工 张三 13812345678", "remark=施工; name=张三; mobile=13812345678"},
        {"来自杭州云帆科技有限公司 13812345678",
         "remark=来自; company=杭州云帆科技有限公司; mobile=13812345678"},
        {"万州区 13812345678", "address=万州区; mobile=13812345678"},
        {"单县 13812345678", "remark=单县; mobile=13812345678"},
        {"甘肃兰州 13812345678", "address=甘肃兰州; mobile=13812345678"},
        {"联系人：张三 13812345678 邵阳",
         "label=联系人; name=张三; mobile=13812345678; address=邵阳"},
        {"阿克苏·买买提 13812345678", "name=阿克苏·买买提; mobile=13812345678"},
        {"联系人：战略部 13812345678", "label=联系人; department=战略部; mobile=13812345678"},
        {"联系人：王大学 13812345678", "label=联系人; company=王大学; mobile=13812345678"},
        {"联系人：张设计师 13812345678", "label=联系人; title=张设计师; mobile=13812345678"},
        {"张三 13812345678\n通信地址", "name=张三; mobile=13812345678; remark=通信地址"},
        {"我是谁呀 13812345678", "remark=我是谁呀; mobile=13812345678"},
        {"采购某某 13812345678", "remark=采购某某; mobile=13812345678"},
        {"采购 13812345678", "title=采购; mobile=13812345678"},
        {"的 13812345678", "remark=的; mobile=13812345678"},
        {"的采购张磊 13812345678", "remark=的采购; name=张磊; mobile=13812345678"},
        {"张三收 13812345678", "name=张三; remark=收; mobile=13812345678"},
        {"张 三 李 四 王 13812345678", "remark=张 三; name=李四王; mobile=13812345678"},
        {"张                              三 13812345678", "remark=张 三; mobile=13812345678"},
        {"13812345678\n张 三", "mobile=13812345678; name=张三"},
        {"13812345678\n张 三 ", "mobile=13812345678; name=张三"},
        {"采购经理\t张三 13812345678", "title=采购经理; name=张三; mobile=13812345678"},
        {"Tom·Li 13812345678", "remark=Tom·Li; mobile=13812345678"},
        {"采购经理\n高工 13812345678", "title=采购经理; remark=高工; mobile=13812345678"},
        /* what follows a name: a title or department where there is none yet, an honorific, else nobody's */
        {"联系人：李志强采购部 13812345678",
         "label=联系人; name=李志强; department=采购部; mobile=13812345678"},
        {"部门：销售部 联系人：李志强采购部 13812345678",
         "label=部门; department=销售部; label=联系人; name=李志强; remark=采购部; "
         "mobile=13812345678"},
        {"联系人：李志强销售总监 13812345678",
         "label=联系人; name=李志强; title=销售总监; mobile=13812345678"},
        {"职务：经理 联系人：李志强销售总监 13812345678",
         "label=职务; title=经理; label=联系人; name=李志强; remark=销售总监; mobile=13812345678"},
        {"职务：总监 联系人：张三经理 13812345678",
         "label=职务; title=总监; label=联系人; name=张三; salutation=经理; mobile=13812345678"},
        {"采购部\n销售部 13812345678", "department=采购部; remark=销售部; mobile=13812345678"},
        {"采购经理\n销售经理 13812345678", "title=采购经理; remark=销售经理; mobile=13812345678"},
        /* English names and titles */
        {"13812345678\nTom Smith", "mobile=13812345678; name=Tom Smith"},
        {"13812345678\nTom Smith ", "mobile=13812345678; name=Tom Smith"},
        {"Tom Smith is here 13812345678", "name=Tom Smith; remark=is here; mobile=13812345678"},
        {"Tom Smi2 13812345678", "name=Tom; remark=Smi2; mobile=13812345678"},
        {"Tom2 Smith 13812345678", "remark=Tom2 Smith; mobile=13812345678"},
        {"Tom(x) 13812345678", "name=Tom; remark=(x); mobile=13812345678"},
        {"Group Smith 13812345678", "remark=Group Smith; mobile=13812345678"},
        {"Dear 13812345678", "remark=Dear; mobile=13812345678"},
        {"Al 13812345678", "remark=Al; mobile=13812345678"},
        {"13812345678 Sunny Hill Building", "mobile=13812345678; remark=Sunny Hill Building"},
        {"Tom Smith电话：13812345678", "name=Tom Smith; label=电话; mobile=13812345678"},
        {"采购经理\nTom HRD 13812345678",
         "title=采购经理; name=Tom; remark=HRD; mobile=13812345678"},
        {"Tom O’Neil 13812345678", "name=Tom O’Neil; mobile=13812345678"},
        {"Tom O‘Neil 13812345678", "name=Tom O‘Neil; mobile=13812345678"},
        {"Mr.  Linda  Xu 13812345678", "salutation=Mr.; name=Linda Xu; mobile=13812345678"},
        {"联系人：Mr. 13812345678", "label=联系人; name=Mr.; mobile=13812345678"},
        {"联系人：Élise martin 13812345678", "label=联系人; name=Élise martin; mobile=13812345678"},
        {"R&D Manager 13812345678", "title=R&D Manager; mobile=13812345678"},
        {"Purchasing Manager\nSales Director 13812345678",
         "title=Purchasing Manager; remark=Sales Director; mobile=13812345678"},
        /* companies: their endings, what stands in front of them and behind */
        {"某某公司总监张三 13812345678",
         "company=某某公司; remark=总监; name=张三; mobile=13812345678"},
        {"某某厂厂长张三 13812345678",
         "company=某某厂; remark=厂长; name=张三; mobile=13812345678"},
        {"李明杭州云帆科技有限公司 13812345678",
         "name=李明; company=杭州云帆科技有限公司; mobile=13812345678"},
        {"abc)云帆公司 13812345678", "remark=abc); company=云帆公司; mobile=13812345678"},
        {"李明(云帆公司 13812345678", "name=李明; company=云帆公司; mobile=13812345678"},
        {"厂 13812345678", "remark=厂; mobile=13812345678"},
        {"某厂 13812345678", "remark=某厂; mobile=13812345678"},
        {"李文化 13812345678", "name=李文化; mobile=13812345678"},
        {"欧阳文化 13812345678", "name=欧阳文化; mobile=13812345678"},
        {"李四电子 13812345678", "company=李四电子; mobile=13812345678"},
        {"售后服务部 13812345678", "department=售后服务部; mobile=13812345678"},
        {"9号云帆电子 13812345678", "address=9号云帆电子; mobile=13812345678"},
        {"Jane\tBar Trading Inc.", "name=Jane; company=Bar Trading Inc."},
        {"Jane; Bar Trading Inc.", "name=Jane; company=Bar Trading Inc."},
        {"Jane / Bar Trading Inc.", "name=Jane; company=Bar Trading Inc."},
        {"Jane/Bar Trading Inc.", "company=Jane/Bar Trading Inc."},
        {"\"Bar Trading Inc.\"", "company=Bar Trading Inc."},
        {"“Bar Trading Inc.”", "company=Bar Trading Inc."},
        {"张三\n- Bar Trading Inc.", "name=张三; company=Bar Trading Inc."},
        {"Bar Group Limited", "company=Bar Group Limited"},
        {"Bar Group Limitedx", "company=Bar Group; remark=Limitedx"},
        {"Bar Trading Inc's", "name=Bar Trading Inc's"},
        {"Bar Trading Incx", "name=Bar Trading Incx"},
        {"bar trading inc.", "remark=bar trading inc."},
        /* places */
        {"李明 W3路 13812345678", "name=李明; address=W3路; mobile=13812345678"},
        {"李明 Wx路 13812345678", "name=李明; remark=Wx路; mobile=13812345678"},
        {"李明 A路B街C 13812345678", "name=李明; remark=A路B街C; mobile=13812345678"},
        {"李明 云帆9室 13812345678", "name=李明; address=云帆9室; mobile=13812345678"},
        {"李明 云帆9栋 13812345678", "name=李明; address=云帆9栋; mobile=13812345678"},
        {"李明 云帆9幢 13812345678", "name=李明; address=云帆9幢; mobile=13812345678"},
        {"李明 云帆9座 13812345678", "name=李明; address=云帆9座; mobile=13812345678"},
        {"李明 云帆9號 13812345678", "name=李明; address=云帆9號; mobile=13812345678"},
        {"李明 云帆9楼 13812345678", "name=李明; address=云帆9楼; mobile=13812345678"},
        {"李明 云帆2校区 13812345678", "name=李明; address=云帆2校区; mobile=13812345678"},
        {"杭州市场总监 13812345678", "title=杭州市场总监; mobile=13812345678"},
        {"深圳办公室 13812345678", "department=深圳办公室; mobile=13812345678"},
        {"李明 深圳南 13812345678", "name=李明; remark=深圳南; mobile=13812345678"},
        /* what is left over */
        {"张三\tfoo!\tbar!  13812345678", "name=张三; remark=foo! bar!; mobile=13812345678"},
        {"张三 foo!  bar! 13812345678", "name=张三; remark=foo! bar!; mobile=13812345678"},
        {"张三 〒 — ️ 13812345678", "name=张三; mobile=13812345678"},
        {"张三 é 13812345678", "name=张三; remark=é; mobile=13812345678"},
        {"张三 13812345678 备注：微信同号", "name=张三; mobile=13812345678; remark=备注：微信同号"},
        {"张三 13812345678 微信同号", "name=张三; mobile=13812345678; wechat=13812345678"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *a = arena_new(0);
        Buf out;
        ContactBlock b = contact_block_parse(a, cases[i][0]);
        buf_init(&out, a);
        for (int k = 0; k < b.n; k++)
            buf_printf(&out, "%s%s=%s", k ? "; " : "", block_field_name(b.items[k].field),
                       b.items[k].value);
        if (strcmp(out.data, cases[i][1]) != 0)
            fail_msg("%s:\n wanted %s\n    got %s", cases[i][0], cases[i][1], out.data);
        nothing_lost(cases[i][0]);
        arena_free(a);
    }
}

static void test_long_text(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Buf t;
    buf_init(&t, a);
    while (t.len < BLOCK_MAX_BYTES + 500)
        buf_puts(&t, "某某街道办事处 张三丰 13800138000，");
    nothing_lost(t.data);
    arena_free(a);
}

/* In English: a comma and a blank part, those of "Co., Ltd." do not. */
static void test_english_companies(void **state)
{
    (void)state;
    static const struct {
        const char *text, *company;
    } cases[] = {{"Jane Smith, Bar Trading Inc.", "Bar Trading Inc."},
                 {"Jane Smith,, Bar Trading Inc.", "Bar Trading Inc."},
                 {"Purchasing: Bar Trading Inc.", "Bar Trading Inc."},
                 {"Jane Smith - Bar Trading Inc.", "Bar Trading Inc."},
                 {"Bar Trading Co., Ltd.", "Bar Trading Co., Ltd."},
                 {"Bar-Tec Trading Co.,Ltd.", "Bar-Tec Trading Co.,Ltd."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *a = arena_new(0);
        ContactBlock b = contact_block_parse(a, cases[i].text);
        const char *got = contact_block_get(&b, BLOCK_COMPANY);
        if (!got || strcmp(got, cases[i].company) != 0)
            fail_msg("%s: %s", cases[i].text, got ? got : "-");
        arena_free(a);
    }
}

/* A name of 600 bytes is one, of more none; and where in the text it stands does not count. */
static void test_long_names(void **state)
{
    (void)state;
    static const struct {
        int words;
        bool company;
    } cases[] = {{3, true}, {198, true}, {199, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *a = arena_new(0);
        Buf t;
        buf_init(&t, a);
        for (int k = 0; k < 100; k++)
            buf_puts(&t, "13800138000 ");
        size_t from = t.len;
        for (int k = 0; k < cases[i].words; k++)
            buf_puts(&t, "鑫");
        buf_puts(&t, "公司");
        ContactBlock b = contact_block_parse(a, t.data);
        const char *got = contact_block_get(&b, BLOCK_COMPANY);
        if (cases[i].company)
            assert_string_equal(got, t.data + from);
        else
            assert_null(got);
        arena_free(a);
    }
}

/* Texts a person could send to keep the server busy: each once took most of a second or more. */
static void test_no_text_takes_long(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a:", "1 ",   "x",  "some words ", "(公司",
                                         "a@", "138-", "李", "电话："};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        Arena *a = arena_new(0);
        Buf t;
        buf_init(&t, a);
        while (t.len + strlen(pieces[i]) <= BLOCK_MAX_BYTES)
            buf_puts(&t, pieces[i]);
        clock_t begin = clock(); /* of this process, so that a busy machine does not count */
        contact_block_parse(a, t.data);
        double s = (double)(clock() - begin) / CLOCKS_PER_SEC;
        if (s > 2)
            fail_msg("'%s' took %.1f s", pieces[i], s);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known),
                                       cmocka_unit_test(test_held_out),
                                       cmocka_unit_test(test_readings_as_they_were),
                                       cmocka_unit_test(test_nothing_is_dropped),
                                       cmocka_unit_test(test_parts),
                                       cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_places),
                                       cmocka_unit_test(test_other_signs),
                                       cmocka_unit_test(test_single_readings),
                                       cmocka_unit_test(test_long_text),
                                       cmocka_unit_test(test_english_companies),
                                       cmocka_unit_test(test_long_names),
                                       cmocka_unit_test(test_no_text_takes_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
