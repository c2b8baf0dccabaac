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
                                       cmocka_unit_test(test_long_text),
                                       cmocka_unit_test(test_english_companies),
                                       cmocka_unit_test(test_long_names),
                                       cmocka_unit_test(test_no_text_takes_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
