/* Phone numbers (ECOSYSTEM 2.1). */
#include "base/phone.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static Arena *a;

typedef struct Row {
    const char *text;
    PhoneKind kind;
    const char *display, *e164, *key, *warning;
} Row;

static void good(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"13800138000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"138 0013 8000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"138-0013-8000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"138.0013.8000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"+86 138 0013 8000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"(+86)13800138000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"008613800138000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"8613800138000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"１３８００１３８０００", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000",
         NULL},
        {"\u3000138\u00a000138000\u200b", PHONE_MOBILE, "13800138000", "+8613800138000",
         "13800138000", NULL},
        {"手机：13800138000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"19200138000", PHONE_MOBILE, "19200138000", "+8619200138000", "19200138000", NULL},
        {"15400138000", PHONE_MOBILE, "15400138000", "+8615400138000", "15400138000",
         "warn.phone.prefix"},
        {"17491234567", PHONE_MOBILE, "17491234567", "+8617491234567", "17491234567",
         "warn.phone.prefix"},
        {"17405123456", PHONE_MOBILE, "17405123456", "+8617405123456", "17405123456", NULL},
        {"17400923456", PHONE_MOBILE, "17400923456", "+8617400923456", "17400923456", NULL},
        {"17406123456", PHONE_MOBILE, "17406123456", "+8617406123456", "17406123456",
         "warn.phone.prefix"},
        {"17415123456", PHONE_MOBILE, "17415123456", "+8617415123456", "17415123456",
         "warn.phone.prefix"},
        {"13491234567", PHONE_MOBILE, "13491234567", "+8613491234567", "13491234567", NULL},
        {"14912345678", PHONE_MOBILE, "14912345678", "+8614912345678", "14912345678",
         "warn.phone.data_card"},
        {"1064612345678", PHONE_IOT, "1064612345678", "+861064612345678", "1064612345678", NULL},
        {"1064912345678", PHONE_IOT, "1064912345678", "+861064912345678", "1064912345678", NULL},
        {"1440012345678", PHONE_IOT, "1440012345678", "+861440012345678", "1440012345678", NULL},
        {"010-62345678", PHONE_LANDLINE, "010-62345678", "+861062345678", "01062345678", NULL},
        {"01062345678", PHONE_LANDLINE, "010-62345678", "+861062345678", "01062345678", NULL},
        {"(010)62345678", PHONE_LANDLINE, "010-62345678", "+861062345678", "01062345678", NULL},
        {"+86-10-62345678", PHONE_LANDLINE, "010-62345678", "+861062345678", "01062345678", NULL},
        {"010-62345678-123", PHONE_LANDLINE, "010-62345678-123", "+861062345678", "01062345678",
         NULL},
        {"010-62345678转123", PHONE_LANDLINE, "010-62345678-123", "+861062345678", "01062345678",
         NULL},
        {"010-62345678 ext 123", PHONE_LANDLINE, "010-62345678-123", "+861062345678", "01062345678",
         NULL},
        {"010-62345678#8", PHONE_LANDLINE, "010-62345678-8", "+861062345678", "01062345678", NULL},
        {"0755-2654321-0", PHONE_LANDLINE, "0755-2654321-0", "+867552654321", "07552654321", NULL},
        {"0755-2654-3210", PHONE_LANDLINE, "0755-26543210", "+8675526543210", "075526543210", NULL},
        {"0755-2654321", PHONE_LANDLINE, "0755-2654321", "+867552654321", "07552654321", NULL},
        {"0755-26543210", PHONE_LANDLINE, "0755-26543210", "+8675526543210", "075526543210", NULL},
        {"8601062345678", PHONE_LANDLINE, "010-62345678", "+861062345678", "01062345678", NULL},
        {"8675526543210", PHONE_LANDLINE, "0755-26543210", "+8675526543210", "075526543210", NULL},
        {"0086-755-26543210-801", PHONE_LANDLINE, "0755-26543210-801", "+8675526543210",
         "075526543210", NULL},
        {"021－62345678", PHONE_LANDLINE, "021-62345678", "+862162345678", "02162345678", NULL},
        {"400-810-8888", PHONE_SERVICE, "400-810-8888", "+864008108888", "4008108888", NULL},
        {"4008108888转2", PHONE_SERVICE, "400-810-8888-2", "+864008108888", "4008108888", NULL},
        {"8008108888", PHONE_SERVICE, "800-810-8888", "+868008108888", "8008108888", NULL},
        {"95588", PHONE_SERVICE, "95588", NULL, "95588", NULL},
        {"96110", PHONE_SERVICE, "96110", NULL, "96110", NULL},
        {"10086", PHONE_SERVICE, "10086", NULL, "10086", NULL},
        {"110", PHONE_SERVICE, "110", NULL, "110", NULL},
        {"12345", PHONE_SERVICE, "12345", NULL, "12345", NULL},
        {"+852 9123 4567", PHONE_FOREIGN, "+85291234567", "+85291234567", "85291234567", NULL},
        {"00852 61234567", PHONE_FOREIGN, "+85261234567", "+85261234567", "85261234567", NULL},
        {"852-9123-4567", PHONE_FOREIGN, "+85291234567", "+85291234567", "85291234567", NULL},
        {"+853 66123456", PHONE_FOREIGN, "+85366123456", "+85366123456", "85366123456", NULL},
        {"+886 912345678", PHONE_FOREIGN, "+886912345678", "+886912345678", "886912345678", NULL},
        {"+886 (0)912345678", PHONE_FOREIGN, "+886912345678", "+886912345678", "886912345678",
         NULL},
        {"Tel. 13800138000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"电话+8613800138000", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"电话(010)62345678", PHONE_LANDLINE, "010-62345678", "+861062345678", "01062345678", NULL},
        {"13800138000-", PHONE_MOBILE, "13800138000", "+8613800138000", "13800138000", NULL},
        {"010-62345678转: 1-23", PHONE_LANDLINE, "010-62345678-123", "+861062345678", "01062345678",
         NULL},
        {"010-62345678转123456", PHONE_LANDLINE, "010-62345678-123456", "+861062345678",
         "01062345678", NULL},
        {"14012345678", PHONE_MOBILE, "14012345678", "+8614012345678", "14012345678",
         "warn.phone.data_card"},
        {"14112345678", PHONE_MOBILE, "14112345678", "+8614112345678", "14112345678",
         "warn.phone.data_card"},
        {"14412345678", PHONE_MOBILE, "14412345678", "+8614412345678", "14412345678",
         "warn.phone.data_card"},
        {"14612345678", PHONE_MOBILE, "14612345678", "+8614612345678", "14612345678",
         "warn.phone.data_card"},
        {"14812345678", PHONE_MOBILE, "14812345678", "+8614812345678", "14812345678",
         "warn.phone.data_card"},
        {"14212345678", PHONE_MOBILE, "14212345678", "+8614212345678", "14212345678",
         "warn.phone.prefix"},
        {"1064812345678", PHONE_IOT, "1064812345678", "+861064812345678", "1064812345678", NULL},
        {"1400012345678", PHONE_IOT, "1400012345678", "+861400012345678", "1400012345678", NULL},
        {"1410012345678", PHONE_IOT, "1410012345678", "+861410012345678", "1410012345678", NULL},
        {"853-6612-3456", PHONE_FOREIGN, "+85366123456", "+85366123456", "85366123456", NULL},
        {"886912345678", PHONE_FOREIGN, "+886912345678", "+886912345678", "886912345678", NULL},
        {"+886 2 2345 6789", PHONE_FOREIGN, "+886223456789", "+886223456789", "886223456789", NULL},
        {"+886 7 234 5678", PHONE_FOREIGN, "+88672345678", "+88672345678", "88672345678", NULL},
        {"+1 650 253 0000", PHONE_FOREIGN, "+16502530000", "+16502530000", "16502530000", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Phone p;
        const Row *r = &rows[i];
        if (phone_parse(a, r->text, &p) != r->kind)
            fail_msg("%s: kind %d", r->text, (int)p.kind);
        assert_string_equal(p.display, r->display);
        assert_string_equal(p.key, r->key);
        assert_null(p.error);
        if (r->e164)
            assert_string_equal(p.e164, r->e164);
        else
            assert_null(p.e164);
        if (r->warning)
            assert_string_equal(p.warning, r->warning);
        else
            assert_null(p.warning);
        /* What is stored is read the same again. */
        Phone again;
        assert_int_equal(phone_parse(a, p.display, &again), p.kind);
        assert_string_equal(again.display, p.display);
    }
}

static void bad(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "err.phone.empty"},
        {"  ", "err.phone.empty"},
        {"1.38E+10", "err.phone.scientific"},
        {"1.38001E10", "err.phone.scientific"},
        {"1.38e10", "err.phone.scientific"},
        {"电话王", "err.phone.chars"},
        {"010-62345678转1234567", "err.phone.chars"},
        {"010-62345678转a", "err.phone.chars"},
        {"010-62345678转", "err.phone.chars"},
        {"138+00138000", "err.phone.chars"},
        {"++8613800138000", "err.phone.chars"},
        {"01162345678", "err.phone.form"},
        {"010-6234567", "err.phone.form"},
        {"010-16234567", "err.phone.form"},
        {"0755123456789", "err.phone.form"},
        {"0755-96543210", "err.phone.form"},
        {"1050012345678", "err.phone.form"},
        {"13800138000转8", "err.phone.form"},
        {"1064612345678转1", "err.phone.form"},
        {"92345678", "err.phone.form"},
        {"12345678", "err.phone.form"},
        {"+1 650 253 0000 ext 5", "err.phone.form"},
        {"85291234567转1", "err.phone.form"},
        {"85212345678", "err.phone.form"},
        {"85312345678", "err.phone.form"},
        {"886212345678", "err.phone.form"},
        {"88691234567", "err.phone.form"},
        {"+853 11234567", "err.phone.foreign"},
        {"+886 2 345 678", "err.phone.foreign"},
        {"+886 91 2345 67890", "err.phone.foreign"},
        {"+0123456", "err.phone.foreign"},
        {"+12345", "err.phone.foreign"},
        {"8610086", "err.phone.area"},
        {"+86 0123", "err.phone.form"},
        {"86755265432109876543210987654321098765", "err.phone.form"},
        {"1380013800", "err.phone.mobile"},
        {"138001380000", "err.phone.mobile"},
        {"12800138000", "err.phone.mobile"},
        {"62345678", "err.phone.area"},
        {"abc", "err.phone.chars"},
        {"138001x8000王", "err.phone.chars"},
        {"+", "err.phone.chars"},
        {"026-62345678", "err.phone.form"},
        {"0755-16543210", "err.phone.form"},
        {"+12", "err.phone.foreign"},
        {"+1234567890123456", "err.phone.foreign"},
        {"+852 1234", "err.phone.foreign"},
        {"12345678901234567890123456789012345678901234567890", "err.phone.chars"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Phone p;
        if (phone_parse(a, rows[i][0], &p) != PHONE_BAD)
            fail_msg("%s: taken as %d", rows[i][0], (int)p.kind);
        assert_string_equal(p.error, rows[i][1]);
        assert_non_null(p.display);
        assert_non_null(p.key);
    }
}

static void splitting(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        {"13800138000/010-62345678", "13800138000", "010-62345678", NULL},
        {"13800138000、13900139000", "13800138000", "13900139000", NULL},
        {"13800138000,13900139000；0755-26543210", "13800138000", "13900139000", "0755-26543210"},
        {"13800138000\n13900139000", "13800138000", "13900139000", NULL},
        {"13800138000 13900139000", "13800138000", "13900139000", NULL},
        {"13800138000|13900139000\r13700137000", "13800138000", "13900139000", "13700137000"},
        {"13800138000，13900139000／13700137000", "13800138000", "13900139000", "13700137000"},
        {"13800138000及13900139000\\13700137000", "13800138000", "13900139000", "13700137000"},
        {"13800138000&13900139000;13700137000", "13800138000", "13900139000", "13700137000"},
        {"138 0013 8000", "138 0013 8000", NULL, NULL},
        {"010-62345678 转 123", "010-62345678 转 123", NULL, NULL},
        {"13800138000和13900139000", "13800138000", "13900139000", NULL},
        {"13800138000 或 010-62345678转801", "13800138000", "010-62345678转801", NULL},
        {"0755-26543210-808；13800138000", "0755-26543210-808", "13800138000", NULL},
        {"(010)62345678 13800138000", "(010)62345678", "13800138000", NULL},
        {" / ", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n;
        const char *const *part = phone_split(a, rows[i][0], &n);
        for (int k = 0; k < 3; k++) {
            if (!rows[i][k + 1]) {
                assert_int_equal(n, k);
                break;
            }
            assert_true(k < n);
            assert_string_equal(part[k], rows[i][k + 1]);
        }
    }
}

static void masking(void **state)
{
    (void)state;
    assert_string_equal(phone_mask(a, "13800138000"), "138****8000");
    assert_string_equal(phone_mask(a, "+86 138 0013 8000"), "138****8000");
    assert_string_equal(phone_mask(a, "010-62345678"), "010-******78");
    assert_string_equal(phone_mask(a, "010-62345678-123"), "010-******78");
    assert_string_equal(phone_mask(a, "400-810-8888"), "400-810-8888");
    assert_string_equal(phone_mask(a, "+85291234567"), "+852******67");
    assert_string_equal(phone_mask(a, "13800138000/13900139000"), "138****8000、139****9000");
    assert_string_equal(phone_mask(a, "+123456"), "+123*56");
    assert_string_equal(phone_mask(a, "1064612345678"), "106******5678");
    assert_string_equal(phone_mask(a, "0755-2654321-0"), "0755-*****21");
    assert_string_equal(phone_mask(a, "1234567"), "*****67");
    assert_string_equal(phone_mask(a, "123456"), "******");
    assert_string_equal(phone_mask(a, "12345678"), "******78");
    assert_string_equal(phone_mask(a, "王先生"), "**");
    assert_string_equal(phone_mask(a, ""), "");
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(bad),
        cmocka_unit_test(splitting),
        cmocka_unit_test(masking),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
