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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_21), cmocka_unit_test(test_30_and_40),
                                       cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_written_is_read)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
