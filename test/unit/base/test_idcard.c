/* Identity cards (ECOSYSTEM 2.3). */
#include "base/idcard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char today[] = "2026-11-21";

static void good(void **state)
{
    (void)state;
    IdCard c;
    assert_true(idcard_check("11010519491231002X", today, &c));
    assert_string_equal(c.birthday, "1949-12-31");
    assert_int_equal(c.region, 110105);
    assert_false(c.male);
    assert_true(idcard_check("440524188001010014", "2026-11-21", &c) == false);
    assert_int_equal(c.result, IDCARD_DATE); /* right check character, but born in 1880 */
    assert_true(idcard_check(" 11010519491231002x ", today, &c));
    assert_string_equal(c.text, "11010519491231002X");
    assert_true(idcard_check("110105491231002", today, &c));
    assert_string_equal(c.text, "11010519491231002X");
    assert_null(c.error);
}

static void bad(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        IdCardResult result;
    } rows[] = {
        {"110105194912310021", IDCARD_CHECK},
        {"11010519491231002", IDCARD_LENGTH},
        {"", IDCARD_LENGTH},
        {"1101051949123100X2", IDCARD_CHAR},
        {"11010519491231002Y", IDCARD_CHAR},
        {"160105194912310028", IDCARD_REGION},
        {"110105194902300021", IDCARD_DATE},
        {"110105202712310021", IDCARD_DATE},
        {"001105194912310021", IDCARD_REGION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        IdCard c;
        assert_false(idcard_check(rows[i].text, today, &c));
        assert_int_equal(c.result, rows[i].result);
        assert_non_null(c.error);
    }
}

static void provinces(void **state)
{
    (void)state;
    for (int p = 0; p < 100; p++) {
        char text[19] = "000105194912310020";
        IdCard c;
        text[0] = (char)('0' + p / 10);
        text[1] = (char)('0' + p % 10);
        idcard_check(text, today, &c);
        bool known = (p >= 11 && p <= 15) || (p >= 21 && p <= 23) || (p >= 31 && p <= 37) ||
                     (p >= 41 && p <= 46) || (p >= 50 && p <= 54) || (p >= 61 && p <= 65) ||
                     p == 71 || (p >= 81 && p <= 83) || p >= 90;
        assert_int_equal(c.result != IDCARD_REGION, known);
    }
}

static void masking(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    assert_string_equal(idcard_mask(a, "11010519491231002X"), "110105********002X");
    assert_string_equal(idcard_mask(a, "12"), "****");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(bad),
        cmocka_unit_test(provinces),
        cmocka_unit_test(masking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
