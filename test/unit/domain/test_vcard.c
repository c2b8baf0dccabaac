/* vCards as telephones and mail programs write them: 2.1 with quoted-printable GBK, folded 3.0, 4.0 with groups; and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/utf8.h"
#include "domain/customer/qr.h"
#include "domain/customer/vcard.h"

static Ctx c;

static ContactBlock *read(const char *text, int want)
{
    int n;
    ContactBlock *b = vcard_read(&c, text, &n);
    assert_int_equal(n, want);
    assert_int_equal(c.n_err, 0);
    return b;
}

static void is(const ContactBlock *b, BlockField f, const char *want)
{
    const char *got = contact_block_get(b, f);
    if (!want)
        assert_null(got);
    else
        assert_string_equal(got ? got : "(none)", want);
}

static void test_21(void **state)
{
    (void)state;
    ContactBlock *b =
        read("BEGIN:VCARD\r\nVERSION:2.1\r\n"
             "N;CHARSET=GBK;ENCODING=QUOTED-PRINTABLE:=CD=F5;=B7=BC;;;\r\n"
             "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B=E8=8A=\r\n=B3\r\n"
             "ORG;CHARSET=UTF-8;QUOTED-PRINTABLE:=E6=B9=96=E5=B7=9E=E7=AB=B9=E6=B5=B7=E5=8E=82;=E9="
             "87=87=E8=B4=AD=E9=83=A8\r\n"
             "TEL;CELL;PREF:+86 "
             "138-0572-9001\r\nTEL;WORK;VOICE:0572-2123456\r\nTEL;WORK;FAX:0572-2123457\r\n"
             "EMAIL;INTERNET:wf@zhuhai.cn\r\nX-QQ:12345678\r\nPHOTO;ENCODING=BASE64;JPEG:/9j/"
             "4AAQ\r\n SkZJRg==\r\n\r\nEND:VCARD\r\n",
             1);
    is(b, BLOCK_NAME, "王芳");
    is(b, BLOCK_COMPANY, "湖州竹海厂");
    is(b, BLOCK_DEPARTMENT, "采购部");
    is(b, BLOCK_MOBILE, "13805729001");
    is(b, BLOCK_PHONE, "0572-2123456");
    is(b, BLOCK_EMAIL, "wf@zhuhai.cn");
    const char *rest = contact_block_all(c.a, b, BLOCK_REMARK, "\n");
    assert_non_null(strstr(rest, "0572-2123457"));
    assert_non_null(strstr(rest, "12345678"));
    assert_null(strstr(rest, "SkZJ"));
    b = read("BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=GBK;ENCODING=QUOTED-PRINTABLE:=CD=F5;=B7=BC;;;"
             "\nEND:VCARD",
             1);
    is(b, BLOCK_NAME, "王芳");
}

static void test_30_and_40(void **state)
{
    (void)state;
    ContactBlock *b = read(
        "BEGIN:VCARD\nVERSION:3.0\nN:诸葛;青;;;\nFN:诸葛青\nORG:云海\\, 科技有限公司\nTITLE:总监\n"
        "TEL;TYPE=CELL,VOICE:13912340001\nADR;TYPE=WORK:;3 幢;文三路 90 "
        "号;杭州市;浙江省;310012;中国\n"
        "NOTE:第一行\\n第二\n  行\nURL:https://example.com\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:4.0\nitem1.TEL;VALUE=uri;TYPE=\"cell,voice\":tel:+86-13912340002\nFN:"
        "Linda Xu\nN:Xu;Linda;;;\n"
        "item1.X-ABLabel:mobil\nX-WECHAT:linda_x\nEND:VCARD\n",
        2);
    is(&b[0], BLOCK_NAME, "诸葛青");
    is(&b[0], BLOCK_COMPANY, "云海, 科技有限公司");
    is(&b[0], BLOCK_ADDRESS, "浙江省杭州市文三路 90 号3 幢");
    is(&b[0], BLOCK_REMARK, "第一行\n第二 行");
    is(&b[0], BLOCK_WEBSITE, "https://example.com");
    is(&b[1], BLOCK_NAME, "Linda Xu");
    is(&b[1], BLOCK_MOBILE, "13912340002");
    is(&b[1], BLOCK_WECHAT, "linda_x");
    is(&b[1], BLOCK_COMPANY, NULL);
}

static void test_broken(void **state)
{
    (void)state;
    assert_true(vcard_is("\n begin:vcard\n"));
    assert_false(vcard_is("王芳 13800138000"));
    read("BEGIN:VCARD", 1);
    read("END:VCARD\nTEL:1", 0);
    ContactBlock *b =
        read("BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE;CHARSET=X-NO:=E7=8E=8B=\n", 1);
    is(b, BLOCK_NAME, "王");
    Buf many;
    buf_init(&many, c.a);
    for (int i = 0; i < VCARD_MAX_CARDS + 5; i++)
        buf_puts(&many, "BEGIN:VCARD\nFN:x\nEND:VCARD\n");
    read(many.data, VCARD_MAX_CARDS);
}

#define CARD(lines) "BEGIN:VCARD\nFN:x\n" lines "\nEND:VCARD\n"

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *card;
        BlockField field;
        const char *want; /* NULL: nothing of it */
    } cases[] = {
        /* names */
        {"BEGIN:VCARD\nFN:\nN:王;芳;;;\nEND:VCARD", BLOCK_NAME, "王芳"},
        {"BEGIN:VCARD\nN:王;芳;;;\nTEL:010-62345678", BLOCK_NAME, "王芳"}, /* cut off */
        {"BEGIN:VCARD\nN:;;;\nEND:VCARD", BLOCK_NAME, NULL},
        {"BEGIN:VCARD\nN:Xu;Linda;M.;;\nEND:VCARD", BLOCK_NAME, "Linda M. Xu"},
        {"BEGIN:VCARD\nFN:先\nFN:后\nEND:VCARD", BLOCK_NAME, "先"},
        {"BEGIN:VCARD\nFN:弃\nBEGIN:VCARD\nFN:留\nEND:VCARD", BLOCK_NAME, "留"},
        {"TEL:010-62345678\n" CARD(""), BLOCK_PHONE, NULL},
        /* telephones */
        {CARD("TEL;TYPE=CELL:+1 415 555 2671"), BLOCK_MOBILE, "+14155552671"},
        {CARD("TEL;CELL:+1 415 555 2671"), BLOCK_MOBILE, "+14155552671"},
        {CARD("TEL;TYPE=\"voice,cell\":+1 415 555 2671"), BLOCK_MOBILE, "+14155552671"},
        {CARD("TEL;TYPE=WORK:+1 415 555 2671"), BLOCK_PHONE, "+14155552671"},
        {CARD("TEL;TYPE=CELLULAR:+1 415 555 2671"), BLOCK_PHONE, "+14155552671"},
        {CARD("TEL;X-SUPERCELL:+1 415 555 2671"), BLOCK_PHONE, "+14155552671"},
        {CARD("TEL;TYPE=\"fax,work\":010-62345678"), BLOCK_REMARK, "传真 010-62345678"},
        {CARD("TEL;TYPE=CELL:x"), BLOCK_REMARK, "TEL x"},
        {CARD("TEL:"), BLOCK_REMARK, NULL},
        {CARD("TEL;VALUE=uri:tel:"), BLOCK_REMARK, NULL},
        /* what a card has twice */
        {CARD("ROLE:采购"), BLOCK_TITLE, "采购"},
        {CARD("TITLE:经理\nROLE:采购"), BLOCK_TITLE, "经理"},
        {CARD("TITLE:经理\nROLE:采购"), BLOCK_REMARK, "采购"},
        {CARD("ADR:;;1 Main St;Springfield;IL;62701;USA"), BLOCK_ADDRESS,
         "1 Main St, Springfield, IL, 62701, USA"},
        {CARD("ADR:;;文三路 90 号;杭州市;浙江省;310012;中国"), BLOCK_ADDRESS,
         "浙江省杭州市文三路 90 号"},
        {CARD("ADR:;;;杭州市;;;\nADR:;;;宁波市;;;"), BLOCK_ADDRESS, "杭州市"},
        {CARD("ADR:;;;杭州市;;;\nADR:;;;宁波市;;;"), BLOCK_REMARK, "宁波市"},
        {CARD("ADR:;;;;;;"), BLOCK_ADDRESS, NULL},
        /* what has no place of its own keeps its name, or is of no use */
        {CARD("BDAY:1980-01-01"), BLOCK_REMARK, "BDAY: 1980-01-01"},
        {CARD("X-NOTHING:"), BLOCK_REMARK, NULL},
        {CARD("UID:abc\nREV:1\nLABEL:z"), BLOCK_REMARK, NULL},
        {CARD("X-WEIXIN-ID:wf"), BLOCK_WECHAT, "wf"},
        {CARD("X-WECHAT;TYPE=HOME:wf"), BLOCK_WECHAT, "wf"},
        /* how lines are written */
        {CARD("NOTE:a\\Nb\\;c\\\\d\\"), BLOCK_REMARK, "a\nb;c\\d\\"},
        {CARD("NOTE:eins\n\t zwei"), BLOCK_REMARK, "eins zwei"},
        {CARD("ORG;X-A=\"a:b;c\":云海"), BLOCK_COMPANY, "云海"},
        {CARD("a.b.org:云海;采购部;二组"), BLOCK_DEPARTMENT, "采购部"},
        {CARD("NOTE;QUOTED-PRINTABLE:=e7=8e=8b=ZZ=4"), BLOCK_REMARK, "王=ZZ=4"},
        {CARD("NOTE;QUOTED-PRINTABLE:=CD=F5"), BLOCK_REMARK, "王"}, /* no UTF-8, so GB18030 */
        {CARD("NOTE;QUOTED-PRINTABLE;CHARSET=\"GB2312\":=CD=F5"), BLOCK_REMARK, "王"},
        {CARD("NOTE;QUOTED-PRINTABLE;CHARSET=UTF-8:=E7=8E=8B"), BLOCK_REMARK, "王"},
        {"BEGIN:VCARD\nFN:x\nNOTE;QUOTED-PRINTABLE:end=", BLOCK_REMARK, "end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = contact_block_get(read(cases[i].card, 1), cases[i].field);
        if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
            fail_msg("%s\n  → %s", cases[i].card, got ? got : "(nothing)");
    }
    assert_true(vcard_is(" \r\n\tBEGIN:vCard"));
    assert_false(vcard_is("BEGIN:VCALENDAR"));
}

static void test_written(void **state)
{
    (void)state;
    static const struct {
        const char *contact, *has, *lacks;
    } cases[] = {
        {"{}", "N:;;;;\r\nFN:\r\n", "ORG"},
        {"{\"name\": \"王\"}", "N:;王;;;\r\n", "ORG"}, /* a family name alone is no family name */
        {"{\"name\": \"王芳\", \"customer\": {\"label\": \"云海\"}}", "ORG:云海\r\n", "ORG:云海;"},
        {"{\"name\": \"王芳\", \"department\": \"采购部\"}", "FN:王芳", "采购部"},
        {"{\"title\": \"a\\nb\\rc\"}", "TITLE:a\\nbc\r\n", "ADR"},
        {"{\"title\": \"\", \"mobile\": 138}", "END:VCARD", "TITLE"},
        {"{\"mobile\": 138}", "END:VCARD", "TEL"},
        {"{\"region\": {\"label\": \"浙江省\"}, \"address_detail\": \"文三路; 90\"}",
         "ADR;TYPE=WORK:;;文三路\\; 90;;浙江省;;\r\n", "TITLE"},
        {"{\"region\": {\"label\": \"浙江省\"}}", "ADR;TYPE=WORK:;;;;浙江省;;\r\n", "TITLE"},
        {"{\"address_detail\": \"文三路\"}", "ADR;TYPE=WORK:;;文三路;;;;\r\n", "TITLE"},
        {"{\"region\": {\"id\": 1}, \"address_detail\": \"\"}", "END:VCARD", "ADR"},
        {"{\"wechat\": \"wf\", \"email\": \"a@b.cn\", \"masked\": [\"email\", \"phone\"]}",
         "X-WECHAT:wf", "a@b.cn"},
        {"{\"email\": \"a@b.cn\", \"masked\": \"email\"}", "a@b.cn", "TITLE"}, /* no list */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_object *o = json_tokener_parse(cases[i].contact);
        assert_non_null(o);
        const char *text = vcard_write(c.a, o);
        if (!strstr(text, cases[i].has) || strstr(text, cases[i].lacks))
            fail_msg("%s\n%s", cases[i].contact, text);
        json_object_put(o);
    }
}

static void test_written_is_read(void **state)
{
    (void)state;
    json_object *o =
        json_tokener_parse("{\"name\": \"欧阳雪\", \"title\": \"采购, 经理; 兼\", \"mobile\": "
                           "\"13912340003\", \"phone\": \"139****0004\", "
                           "\"email\": \"oy@example.com\", \"customer\": {\"id\": 1, \"label\": "
                           "\"一个名字非常非常非常非常非常非常非常长的科技有限公司\"}, "
                           "\"department\": \"采购部\", \"masked\": [\"phone\"]}");
    const char *text = vcard_write(c.a, o);
    assert_null(strstr(text, "139****")); /* what is masked is not in the card */
    assert_non_null(strstr(text, "N:欧阳;雪;;;\r\n"));
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\r\n");
        assert_true(n <= 75 && utf8_valid(p, n));
        p += n + 2;
    }
    ContactBlock *b = read(text, 1);
    is(b, BLOCK_NAME, "欧阳雪");
    is(b, BLOCK_TITLE, "采购, 经理; 兼");
    is(b, BLOCK_MOBILE, "13912340003");
    is(b, BLOCK_COMPANY, "一个名字非常非常非常非常非常非常非常长的科技有限公司");
    is(b, BLOCK_DEPARTMENT, "采购部");
    is(b, BLOCK_PHONE, NULL);
    json_object_put(o);
    int size = 0;
    const char *path = qr_path(c.a, text, &size);
    assert_non_null(path);
    assert_true(size >= 29 &&
                (size - 8 - 17) % 4 == 0); /* a version of the standard, with its quiet zone */
    assert_int_equal(strncmp(path, "M4 4h7v1h-7z", 12), 0); /* the finder in the corner */
    Buf big;
    buf_init(&big, c.a);
    for (int i = 0; i < 400; i++)
        buf_puts(&big, "0123456789");
    assert_null(qr_path(c.a, big.data, &size));
}

int main(void)
{
    Arena *a = arena_new(0);
    ctx_init(&c, a);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_21),      cmocka_unit_test(test_30_and_40),
        cmocka_unit_test(test_broken),  cmocka_unit_test(test_lines),
        cmocka_unit_test(test_written), cmocka_unit_test(test_written_is_read)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
