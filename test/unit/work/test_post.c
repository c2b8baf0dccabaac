/* Signatures by the vectors of the vendors, addresses nobody may be sent to, the making of a mail, texts with places. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "base/fill.h"
#include "base/msg.h"
#include "work/post/guard.h"
#include "work/post/mail.h"
#include "work/post/sign.h"
#include "work/post/vendor.h"

static Arena *a;

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static void vendors_sign_as_they_say(void **state)
{
    (void)state;
    assert_string_equal(sign_dingtalk(a, "SECtest", 1700000000000),
                        "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g=");
    assert_string_equal(sign_feishu(a, "test", 1700000000),
                        "eSJQnOl8XqPTMPHWz9e5IzeHS/tqoc68g2967ekIPmg=");
    assert_string_equal(sign_webhook(a, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                     "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                     "{\"test\": 2432232314}"),
                        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    /* two at a time: both sign; one that is none spoils both */
    const char *both =
        sign_webhook(a, "whsec_AAECAwQFBgcICQoLDA0ODxAREhM= whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                     "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}");
    assert_string_equal(both + 48, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_memory_equal(both, "v1,", 3);
    assert_int_equal(both[47], ' ');
    assert_memory_not_equal(both, both + 48, 47);
    assert_null(sign_webhook(a, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ", "msg_1", 1, "{}"));
    assert_null(sign_webhook(a, NULL, "msg_1", 1, "{}"));
    assert_null(sign_webhook(a, "secret", "msg_1", 1, "{}"));
    assert_null(sign_webhook(a, "whsec_***", "msg_1", 1, "{}"));
}

static void aliyun_signs_as_it_says(void **state)
{
    (void)state;
    const SignPair query[] = {{"PhoneNumbers", "13800138000"},
                              {"SignName", "测试"},
                              {"TemplateCode", "SMS_123456"},
                              {"TemplateParam", "{\"code\":\"1234\"}"},
                              {NULL, NULL}};
    char *q;
    const char *proof = sign_aliyun(a, "dysmsapi.aliyuncs.com", query, "SendSms", "2017-05-25",
                                    "3156853299f313e23d1673dc12e1703d", "2023-11-14T22:13:20Z",
                                    "AKEXAMPLE", "SKEXAMPLE", &q);
    assert_non_null(strstr(
        proof, "Signature=dc63658920c03e07fa32c52c34531ec5130cda0c93839b966ce410e0180b97b2"));
    assert_string_equal(q, "PhoneNumbers=13800138000&SignName=%E6%B5%8B%E8%AF%95&TemplateCode=SMS_"
                           "123456&TemplateParam=%7B%22code%22%3A%221234%22%7D");
}

static void tencent_signs_as_it_says(void **state)
{
    (void)state;
    const char *body =
        "{\"PhoneNumberSet\":[\"+8613711112222\"],\"SmsSdkAppId\":\"1400006666\",\"SignName\":"
        "\"测试\",\"TemplateId\":\"449739\",\"TemplateParamSet\":[\"1234\"]}";
    const char *proof = sign_tencent(a, "sms.tencentcloudapi.com", "sms", body, "application/json",
                                     1551113065, "AKIDEXAMPLE", "SKEXAMPLE");
    assert_non_null(strstr(proof, "Credential=AKIDEXAMPLE/2019-02-25/sms/tc3_request"));
    assert_string_equal(
        strstr(proof, "Signature="),
        "Signature=c5e29d2a0da495ee04453847fe7967658218330b51e04bb04255855c39e3b59d");
}

static bool public_of(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (strchr(text, ':')) {
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        return guard_public((struct sockaddr *)&in6);
    }
    assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
    return guard_public((struct sockaddr *)&in);
}

static void nobody_is_sent_into_the_house(void **state)
{
    static const char *const closed[] = {"127.0.0.1",
                                         "127.255.255.254",
                                         "10.0.0.1",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.168.1.1",
                                         "169.254.169.254",
                                         "100.64.0.1",
                                         "0.0.0.0",
                                         "224.0.0.1",
                                         "255.255.255.255",
                                         "192.0.2.1",
                                         "198.18.0.1",
                                         "240.0.0.1",
                                         "::",
                                         "::1",
                                         "::ffff:127.0.0.1",
                                         "::ffff:10.1.2.3",
                                         "fe80::1",
                                         "fc00::1",
                                         "fd12::1",
                                         "ff02::1",
                                         "64:ff9b::7f00:1",
                                         "2002:7f00:1::",
                                         "2001:db8::1",
                                         "2001::1",
                                         "::ffff:169.254.169.254",
                                         "2002:c0a8:101::1"};
    static const char *const open[] = {"8.8.8.8",          "172.32.0.1",     "100.128.0.1",
                                       "11.0.0.1",         "2400:3200::1",   "::ffff:8.8.8.8",
                                       "64:ff9b::808:808", "2002:808:808::1"};
    (void)state;
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (public_of(closed[i]))
            fail_msg("%s is not public", closed[i]);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (!public_of(open[i]))
            fail_msg("%s is public", open[i]);
}

static void a_sender_is_a_name_and_an_address(void **state)
{
    const char *name, *address;
    (void)state;
    assert_true(mail_split(a, "知客 <crm@example.com>", &name, &address));
    assert_string_equal(name, "知客");
    assert_string_equal(address, "crm@example.com");
    assert_true(mail_split(a, "crm@example.com", &name, &address));
    assert_string_equal(name, "");
    assert_true(mail_split(a, "<crm@example.com>", &name, &address));
    assert_string_equal(name, "");
    assert_false(mail_split(a, "", &name, &address));
    assert_false(mail_split(a, "nobody", &name, &address));
    assert_false(mail_split(a, "a@example.com, b@example.com", &name, &address));
    assert_false(mail_split(a, NULL, &name, &address));
    assert_false(
        mail_split(a, "\"a b\"@example.com", &name, &address)); /* no address for MAIL FROM */
    assert_false(
        mail_split(a, "all: a@example.com, b@example.com;", &name, &address)); /* a group */
}

static void a_mail_says_what_it_was_given(void **state)
{
    (void)state;
    Mail m = {.from_name = "知客",
              .from = "crm@example.com",
              .to = "zhang@example.com",
              .subject = "任务即将到期\r\nBcc: thief@example.com",
              .text = "您好 <b>",
              .link = "https://crm.example.com/e/tasks/1?a=1&b=2",
              .link_label = "打开查看",
              .id = 42,
              .at_ms = 1700000000000};
    const char *text = mail_compose(a, &m);
    assert_non_null(strstr(text, "Message-Id: <zhike.42@example.com>"));
    assert_non_null(strstr(text, "Auto-Submitted: auto-generated"));
    assert_non_null(strstr(text, "Date: Tue, 14 Nov 2023 22:13:20 +0000"));
    assert_non_null(strstr(text, "multipart/alternative"));
    assert_null(strstr(text, "\r\nBcc:"));
    assert_null(strstr(text, "\nBcc:"));
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        assert_true(p > text && p[-1] == '\r');
}

/* The HTML part of a mail, decoded. */
static const char *html_part(const char *mail)
{
    const char *at = strstr(mail, "text/html");
    at = at ? strstr(at, "\r\n\r\n") : NULL;
    const char *end = at ? strstr(at, "\r\n--") : NULL;
    assert_non_null(end);
    size_t n = 0, room = (size_t)(end - at);
    unsigned char *out = arena_alloc(a, room + 1);
    assert_int_equal(
        sodium_base642bin(out, room, at, room, "\r\n", &n, NULL, sodium_base64_VARIANT_ORIGINAL),
        0);
    out[n] = 0;
    return (const char *)out;
}

/* What a mail need not have leaves nothing behind. */
static void a_mail_of_the_least(void **state)
{
    (void)state;
    Mail m = {.from_name = "",
              .from = "crm@example.com",
              .to = "zhang@example.com",
              .subject = "x",
              .text = "见 https://crm.example.com/",
              .home = "",
              .link = ""};
    const char *text = mail_compose(a, &m), *html = html_part(text);
    assert_non_null(strstr(text, "From: crm@example.com\r\n"));
    assert_non_null(strstr(html, "<p>见 https://crm.example.com/</p></body>"));
    m.link = "https://crm.example.com/e/1"; /* without words of its own it says where it goes */
    html = html_part(mail_compose(a, &m));
    assert_non_null(strstr(html, ">https://crm.example.com/e/1</a></p>"));
}

static void addresses_of_the_house_are_links(void **state)
{
    (void)state;
    Mail m = {.from = "crm@example.com",
              .to = "zhang@example.com",
              .subject = "x",
              .text = "• 甲\n  https://crm.example.com/e/tasks/1\n• https://crm.example.com，"
                      "https://bad.example.com/e/1 <b> https://crm.example.com.evil.cn/login "
                      "https://crm.example.com-evil.cn/ https://crm.example.com:81/ "
                      "https://crm.example.com@evil.cn/ https://crm.example.com/",
              .home = "https://crm.example.com",
              .id = 42};
    const char *html = html_part(mail_compose(a, &m));
    assert_non_null(strstr(html, "<a href=\"https://crm.example.com/e/tasks/1\">"
                                 "https://crm.example.com/e/tasks/1</a><br>"));
    assert_non_null(
        strstr(html, "<a href=\"https://crm.example.com\">https://crm.example.com</a>，"));
    assert_non_null(strstr(html, "https://bad.example.com/e/1 &lt;b&gt;"));
    assert_null(strstr(html, "<a href=\"https://bad"));
    assert_non_null(strstr(html, " https://crm.example.com.evil.cn/login "
                                 "https://crm.example.com-evil.cn/ https://crm.example.com:81/ "
                                 "https://crm.example.com@evil.cn/ "
                                 "<a href=\"https://crm.example.com/\">"));
    m.text = "https://crm.example.com?a=1 https://crm.example.com#b https://crm.example.com";
    html = html_part(mail_compose(a, &m));
    assert_non_null(strstr(html, "<a href=\"https://crm.example.com?a=1\">"));
    assert_non_null(strstr(html, "<a href=\"https://crm.example.com#b\">"));
    assert_non_null(
        strstr(html, "<a href=\"https://crm.example.com\">https://crm.example.com</a></p>"));
    m.text = "https://crm.example.comx/ https://crm.example.com/e/2";
    html = html_part(mail_compose(a, &m));
    assert_non_null(
        strstr(html, "https://crm.example.comx/ <a href=\"https://crm.example.com/e/2\">"));
    m.home =
        "https://crm.example.com/"; /* with its slash: what follows is the rest of the address */
    m.text = "https://crm.example.com/tasks/1 https://crm.example.com/ https://crm.example.comx/";
    html = html_part(mail_compose(a, &m));
    assert_non_null(strstr(html, "<a href=\"https://crm.example.com/tasks/1\">"));
    assert_non_null(strstr(html,
                           "<a href=\"https://crm.example.com/\">https://crm.example.com/</a> "
                           "https://crm.example.comx/"));
}

static void places_are_filled_once(void **state)
{
    const FillVar vars[] = {{"name", "{{link}} \"<张>\""}, {"link", "x"}, {NULL, NULL}};
    (void)state;
    assert_string_equal(fill_text(a, "您好 {{ name }}{{none}}{{}} {x}", vars, FILL_PLAIN),
                        "您好 {{link}} \"<张>\"{{}} {x}");
    assert_string_equal(fill_text(a, "{{name}}", vars, FILL_HTML),
                        "{{link}} &quot;&lt;张&gt;&quot;");
    assert_string_equal(fill_text(a, "{{name}}", vars, FILL_JSON), "{{link}} \\\"<张>\\\"");
    assert_string_equal(fill_text(a, "{{link}}{{", vars, FILL_URL), "x{{");
    assert_string_equal(fill_value(a, "a b&张", FILL_URL), "a%20b%26%E5%BC%A0");
    assert_string_equal(fill_value(a, "a\r\nb", FILL_LINE), "a  b");
}

static void unknown_places_are_named(void **state)
{
    static const char *const known[] = {"name", "link", NULL};
    Ctx c;
    (void)state;
    ctx_init(&c, a);
    assert_true(fill_check(&c, "body", "{{name}} {{ link }} { {x}} {{", known));
    assert_false(fill_check(&c, "body", "{{nam}} {{password}}", known));
    assert_string_equal(c.err->field, "body");
}

static void a_long_text_is_cut_before_its_link(void **state)
{
    Ctx c;
    (void)state;
    ctx_init(&c, a);
    Posting p = {.link = "https://x/1"};
    Ready r = {.p = &p, .subject = "s", .body = "一二三四五六七八九十", .lang = "zh"};
    assert_string_equal(vendor_plain(&c, &r, 100), "一二三四五六七八九十\nhttps://x/1");
    assert_string_equal(vendor_plain(&c, &r, 24), "一二三…\nhttps://x/1");
}

/* What the text may take: bytes of text and link, whole characters. */
static void a_text_is_cut_at_each_length(void **state)
{
    Ctx c;
    (void)state;
    ctx_init(&c, a);
    Posting with = {.link = "https://x/1"}, without = {.link = ""}, none = {.link = NULL};
    Ready r = {.p = &without, .subject = "s", .body = "一二三", .lang = "zh"};
    assert_string_equal(vendor_plain(&c, &r, 9), "一二三");
    assert_string_equal(vendor_plain(&c, &r, 8), "一…");
    assert_string_equal(vendor_plain(&c, &r, 3), "…");
    r.p = &none;
    assert_string_equal(vendor_plain(&c, &r, 9), "一二三");
    r.p = &with;
    assert_string_equal(vendor_plain(&c, &r, 12), "…\nhttps://x/1"); /* the link is never cut */
    assert_string_equal(vendor_plain(&c, &r, 5), "…\nhttps://x/1");
}

static void vendors_are_known_by_name(void **state)
{
    (void)state;
    assert_string_equal(vendor_of("feishu_robot")->medium, "im");
    assert_int_equal(vendor_of("feishu_robot")->per_second, 5);
    assert_string_equal(vendor_of("webhook")->medium, "");
    assert_null(vendor_of("fax"));
    assert_null(vendor_of(""));
}

/* No answer at all: again, with what to look at where that is known; what the guard refused never. */
static void silence_is_judged(void **state)
{
    Ctx c;
    (void)state;
    ctx_init(&c, a);
    c.lang = "en";
    static const struct {
        CallAnswer answer;
        int what;
        const char *code, *error;
    } rows[] = {
        {{.error = "Timeout was reached", .hint = "post.call_timeout"},
         SENT_AGAIN,
         "no_answer",
         "Timeout was reached"},
        {{.error = "Send failure"}, SENT_AGAIN, "no_answer", "Send failure"},
        {{.error = NULL}, SENT_AGAIN, "no_answer", ""},
        {{.error = "post.private_address", .refused = true}, SENT_NEVER, "refused", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Sent out = {0};
        assert_true(vendor_failed(&c, &rows[i].answer, &out));
        assert_int_equal(out.what, rows[i].what);
        assert_string_equal(out.code, rows[i].code);
        if (rows[i].answer.hint)
            assert_true(strlen(out.error) > strlen(rows[i].error) &&
                        strstr(out.error, rows[i].error));
        else
            assert_string_equal(out.error, rows[i].error ? rows[i].error
                                                         : msg_text("en", "post.private_address"));
    }
}

/* What a letter becomes by the answer: sent, again, never; a 410 closes the channel. */
static void answers_are_judged(void **state)
{
    Ctx c;
    (void)state;
    ctx_init(&c, a);
    c.lang = "en";
    static const struct {
        int status, what;
        bool failed, gone;
    } rows[] = {{200, 0, false, false},         {299, 0, false, false},
                {199, SENT_NEVER, true, false}, {300, SENT_NEVER, true, false},
                {400, SENT_NEVER, true, false}, {404, SENT_NEVER, true, false},
                {410, SENT_NEVER, true, true},  {408, SENT_AGAIN, true, false},
                {425, SENT_AGAIN, true, false}, {429, SENT_AGAIN, true, false},
                {499, SENT_NEVER, true, false}, {500, SENT_AGAIN, true, false},
                {503, SENT_AGAIN, true, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CallAnswer answer = {.done = true, .status = rows[i].status, .retry_after_s = 7};
        Sent out = {0};
        assert_int_equal(vendor_failed(&c, &answer, &out), rows[i].failed);
        if (!rows[i].failed)
            continue;
        assert_int_equal(out.what, rows[i].what);
        assert_int_equal(out.channel_gone, rows[i].gone);
        assert_int_equal(out.wait_s, 7);
        assert_string_equal(out.code, ctx_num(&c, rows[i].status));
    }
    Sent out = {0};
    CallAnswer dead = {.error = "timeout"};
    assert_true(vendor_failed(&c, &dead, &out));
    assert_int_equal(out.what, SENT_AGAIN);
    assert_string_equal(out.code, "no_answer");
    assert_string_equal(out.error, "timeout");
    dead = (CallAnswer){.error = NULL};
    assert_true(vendor_failed(&c, &dead, &out));
    assert_string_equal(out.error, "");
    dead = (CallAnswer){.refused = true, .error = "post.answer"};
    assert_true(vendor_failed(&c, &dead, &out));
    assert_int_equal(out.what, SENT_NEVER);
    assert_string_equal(out.code, "refused");
    assert_string_equal(out.error, msg_text("en", "post.answer"));
}

static void codes_in_answers_are_judged(void **state)
{
    Ctx c;
    (void)state;
    ctx_init(&c, a);
    c.lang = "en";
    static const char *const again[] = {"45009", "-1", NULL};
    static const struct {
        const char *code, *text, *error;
        int what;
    } rows[] = {{"0", "ok", NULL, SENT_YES},
                {"-1", "busy", "-1 busy", SENT_AGAIN},
                {"45009", NULL, "45009 ", SENT_AGAIN},
                {"40001", "no key", "40001 no key", SENT_NEVER}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Sent out;
        vendor_judge(&c, rows[i].code, rows[i].text, "0", again, &out);
        assert_int_equal(out.what, rows[i].what);
        if (rows[i].error)
            assert_string_equal(out.error, rows[i].error);
        else
            assert_null(out.error);
    }
    Sent out;
    vendor_judge(&c, NULL, NULL, "0", again, &out); /* no code where one must stand */
    assert_int_equal(out.what, SENT_AGAIN);
    assert_string_equal(out.code, "answer");
    static char none[][12] = {"", "[]", "1", "null", "<html>", "{\"a\":1}x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        CallAnswer answer = {.done = true, .status = 200, .body = none[i]};
        assert_null(vendor_json(&c, &answer));
        assert_int_equal(c.n_err, 0);
    }
    char body[] = "{\"errcode\":0}";
    CallAnswer answer = {.done = true, .status = 200, .body = body};
    assert_non_null(vendor_json(&c, &answer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendors_sign_as_they_say),
        cmocka_unit_test(aliyun_signs_as_it_says),
        cmocka_unit_test(tencent_signs_as_it_says),
        cmocka_unit_test(nobody_is_sent_into_the_house),
        cmocka_unit_test(a_sender_is_a_name_and_an_address),
        cmocka_unit_test(a_mail_says_what_it_was_given),
        cmocka_unit_test(a_mail_of_the_least),
        cmocka_unit_test(addresses_of_the_house_are_links),
        cmocka_unit_test(places_are_filled_once),
        cmocka_unit_test(unknown_places_are_named),
        cmocka_unit_test(a_long_text_is_cut_before_its_link),
        cmocka_unit_test(a_text_is_cut_at_each_length),
        cmocka_unit_test(vendors_are_known_by_name),
        cmocka_unit_test(answers_are_judged),
        cmocka_unit_test(silence_is_judged),
        cmocka_unit_test(codes_in_answers_are_judged),
    };
    crypt_init(1, 1);
    msg_load();
    return cmocka_run_group_tests(tests, begin, end);
}
