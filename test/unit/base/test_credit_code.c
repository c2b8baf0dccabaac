/* Unified social credit codes (ECOSYSTEM 2.2). */
#include "base/credit_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static void good(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "91110000600037341L",    "91440300708461136T",   "91330100799655058B",
        "91350100M000100Y43",    " 91350100m000100y43 ", "９１１１００００６０００３７３４１Ｌ",
        "9111-0000-6000-3734-1L"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        CreditCode c;
        assert_true(credit_code_check(codes[i], &c));
        assert_int_equal(c.result, CREDIT_OK);
        assert_null(c.error);
    }
    CreditCode c;
    credit_code_check(" 91350100m000100y43 ", &c);
    assert_string_equal(c.text, "91350100M000100Y43");
    assert_true(credit_code_check("110108000000016", &c));
    assert_int_equal(c.result, CREDIT_OLD);
}

static void bad(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        CreditResult result;
    } rows[] = {
        {"91350100M000100Y4Z", CREDIT_CHAR},
        {"91350100M000100Y44", CREDIT_CHECK},
        {"91350100M000100Y4", CREDIT_LENGTH},
        {"", CREDIT_LENGTH},
        {"91350100M000100Y433333333333333", CREDIT_LENGTH},
        {"110108000000017", CREDIT_CHECK},
        {"9135010XM000100Y43", CREDIT_CHAR},
        {"91350100M000100Y4三", CREDIT_CHAR},
        {"11010800000001X", CREDIT_CHAR}, /* the old ones are figures alone */
        {"9135010/M000100Y43", CREDIT_CHAR},
        {"9135010:M000100Y43", CREDIT_CHAR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CreditCode c;
        assert_false(credit_code_check(rows[i].text, &c));
        assert_int_equal(c.result, rows[i].result);
        assert_non_null(c.error);
    }
}

static void suggestion(void **state)
{
    (void)state;
    CreditCode c;
    assert_false(credit_code_check("9II10OO06OO037341L", &c));
    assert_string_equal(c.suggestion, "91110000600037341L");
    assert_false(credit_code_check("91350100M000100Y44", &c));
    assert_string_equal(c.suggestion, "");
    assert_false(
        credit_code_check("11O1O8OOOOOOO16", &c)); /* an old one with letters for figures */
    assert_string_equal(c.suggestion, "110108000000016");
    assert_false(credit_code_check("91350100M000100Y4", &c)); /* of no length there is */
    assert_string_equal(c.suggestion, "");
}

/* Every single wrong character is found: the weights of MOD 31-3 promise it. */
static void one_wrong(void **state)
{
    (void)state;
    static const char all[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    for (int i = 0; i < 18; i++) {
        for (const char *ch = all; *ch; ch++) {
            char code[] = "91440300708461136T";
            CreditCode c;
            bool same = code[i] == *ch;
            code[i] = *ch;
            assert_int_equal(credit_code_check(code, &c), same);
        }
    }
}

/* Each organisation code has one check character that draws no warning; X and 0 are among them. */
static void inner_check(void **state)
{
    (void)state;
    static const char inner[] = "0123456789X", outer[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    bool seen[128] = {false};
    for (int org = 60003734; org < 60003764; org++) {
        int fit = 0;
        for (const char *i = inner; *i; i++)
            for (const char *o = outer; *o; o++) {
                char code[24];
                CreditCode c;
                (void)snprintf(code, sizeof code, "91110000%08d%c%c", org, *i, *o);
                if (!credit_code_check(code, &c) || c.warning)
                    continue;
                seen[(unsigned char)*i] = true;
                fit++;
            }
        assert_int_equal(fit, 1);
    }
    for (const char *i = inner; *i; i++)
        assert_true(seen[(unsigned char)*i]);
}

static void rest(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    assert_string_equal(credit_code_mask(a, "91110000600037341L"), "9111**********341L");
    assert_string_equal(credit_code_mask(a, "123"), "****");
    assert_true(credit_code_is_tax_number("91110000600037341L"));
    assert_true(credit_code_is_tax_number("440300708461136"));
    assert_true(credit_code_is_tax_number("44052418800101001400"));
    assert_false(credit_code_is_tax_number("91110000600037341M"));
    assert_false(credit_code_is_tax_number("税号"));
    assert_true(credit_code_is_tax_number("4405 2418-8001 0100 x"));  /* 17 */
    assert_false(credit_code_is_tax_number("4405241880010100"));      /* 16 */
    assert_false(credit_code_is_tax_number("440524188001010012345")); /* 21 */
    assert_false(credit_code_is_tax_number("44052418800101001["));    /* between the letters */
    assert_false(credit_code_is_tax_number("44052418800101001{"));
    assert_false(credit_code_is_tax_number("44052418800101001@"));
    assert_false(credit_code_is_tax_number("44052418800101001;"));
    CreditCode c;
    /* A right code of a department nobody has. */
    bool any = false;
    for (const char *end = "0123456789ABCDEFGHJKLMNPQRTUWXY"; *end; end++) {
        char code[] = "B1350100M000100Y40";
        code[17] = *end;
        if (!credit_code_check(code, &c))
            continue;
        assert_string_equal(c.warning, "warn.credit_code.department");
        any = true;
    }
    assert_true(any);
    /* The organisation code inside has a wrong check character, the whole a right one. */
    for (const char *end = "0123456789ABCDEFGHJKLMNPQRTUWXY"; *end; end++) {
        char code[] = "911100006000373420";
        code[17] = *end;
        if (credit_code_check(code, &c)) {
            assert_string_equal(c.warning, "warn.credit_code.inner");
            arena_free(a);
            return;
        }
    }
    fail_msg("no check character fits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),      cmocka_unit_test(bad),         cmocka_unit_test(suggestion),
        cmocka_unit_test(one_wrong), cmocka_unit_test(inner_check), cmocka_unit_test(rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
