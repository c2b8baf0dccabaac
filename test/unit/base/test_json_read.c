/* JSON door: what passes, what does not and where, relaxed form, lines of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json_read.h"
#include "base/msg.h"

static Arena *a;
static Ctx c;

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    ctx_init(&c, a);
    c.lang = "en";
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static void refused(const char *text, size_t len, const char *where_and_what)
{
    json_object *o = NULL;
    ctx_errors_back_to(&c, 0);
    if (json_read(&c, text, len, &o))
        fail_msg("%s was taken", text);
    assert_int_equal(c.n_err, 1);
    assert_int_equal(c.err->code, ERR_JSON);
    assert_null(o);
    if (!strstr(c.err->message, where_and_what))
        fail_msg("%s: \"%s\" lacks \"%s\"", text, c.err->message, where_and_what);
}

#define REFUSED(text, what) refused((text), sizeof(text) - 1, (what))

static void takes(void **state)
{
    (void)state;
    json_object *o;
    static const char t[] = "\t{\"a\": 12,\r\n"
                            "\t \"b\": \"\\u4e2d\\ud83d\\ude00\", \"c\": true, \"d\": null,"
                            "\"e\": -1.5e2, \"f\": [1, 2], \"g\": {\"a\": 1}, \"\": 0} \n";
    assert_true(json_read(&c, t, sizeof t - 1, &o));
    assert_int_equal(json_int(o, "a", 0), 12);
    assert_string_equal(json_str(o, "b", ""), "中😀");
    assert_true(json_flag(o, "c", false));
    assert_string_equal(json_str(o, "d", "none"), "none");
    assert_string_equal(json_str(o, "zz", "none"), "none");
    assert_int_equal(json_int(o, "zz", 7), 7);
    assert_true(json_flag(o, "zz", true));
    assert_int_equal(json_object_array_length(json_member(o, "f")), 2);
    assert_null(json_member(o, "zz"));
    assert_null(json_member(NULL, "zz"));
    assert_int_equal(json_length(json_member(o, "f")), 2);
    assert_int_equal(json_length(o) + json_length(NULL), 0);
    const char *scalars[] = {"1",     "-0", "\"x\"", "true", "null",  "9223372036854775807",
                             "1e308", "[]", "{}",    "0.1",  "[[[]]]"};
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        if (!json_read(&c, scalars[i], strlen(scalars[i]), &o))
            fail_msg("%s: %s", scalars[i], c.err->message);
    static const char *const texts[][2] = {
        {"\"\\u004A\\u00aF\"", "J\xC2\xAF"},
        {"\"\\uE000\"", "\xEE\x80\x80"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(json_read(&c, texts[i][0], strlen(texts[i][0]), &o));
        assert_string_equal(json_object_get_string(o), texts[i][1]);
    }
    static const char exponents[] = "[1E5,1e+5,1000000e-1]";
    assert_true(json_read(&c, exponents, sizeof exponents - 1, &o));
    for (size_t i = 0; i < 3; i++)
        assert_true(json_object_get_double(json_object_array_get_idx(o, i)) == 100000.0);
    /* what is no longer needed is given back before the arena; null is nothing to give back */
    json_read_end(&c, o);
    assert_true(json_read(&c, "null", 4, &o));
    assert_null(o);
    json_read_end(&c, o);
    /* only len bytes are read */
    assert_true(json_read(&c, "12345", 3, &o));
    assert_int_equal(json_object_get_int64(o), 123);
}

static void refuses(void **state)
{
    (void)state;
    REFUSED("", "line 1, column 1");
    REFUSED("{\"a\":1,\n \"b\":2,\n \"a\":3}", "line 3, column 2: the key \"a\" is given twice");
    REFUSED("{\"a\":1,\"\\u0061\":3}", "column 8: the key \"a\"");
    REFUSED("{\"x\":{\"a\":1,\"b\":{},\"a\":1}}", "\"a\" is given twice");
    REFUSED("[1,2,]", "column 5: there must be no comma");
    REFUSED("{\"a\":1,}", "no comma");
    REFUSED("[1 2]", "comma or a closing");
    REFUSED("[1}", "comma or a closing");
    REFUSED("{\"a\" 1}", "colon");
    REFUSED("{a:1}", "key in double quotes");
    REFUSED("{'a':1}", "key in double quotes");
    REFUSED("[", "too early");
    REFUSED("{\"a\":", "too early");
    REFUSED("\"abc", "too early");
    REFUSED("1 2", "behind the value");
    REFUSED("{} //x", "behind the value");
    REFUSED("// x\n1", "value is expected");
    REFUSED("nul", "value is expected");
    REFUSED("NaN", "value is expected");
    REFUSED("-Infinity", "no number");
    REFUSED("01", "no number");
    REFUSED("1.", "no number");
    REFUSED(".5", "value is expected");
    REFUSED("1e", "no number");
    REFUSED("+1", "value is expected");
    REFUSED("1e999", "too large");
    REFUSED("9223372036854775808", "too large");
    REFUSED("-9223372036854775809", "too large");
    REFUSED("\"\\ud800\"", "half of a character");
    REFUSED("\"\\ud800\\u0041\"", "half of a character");
    REFUSED("\"\\udc00\"", "half of a character");
    REFUSED("\"\\u0000\"", "NUL");
    REFUSED("\"a\0b\"", "NUL");
    REFUSED("\0", "NUL");
    REFUSED("\"\\x\"", "backslash");
    REFUSED("\"\\u12g4\"", "backslash");
    REFUSED("\"a\nb\"", "control character");
    REFUSED("[\"\xC0\x80\"]", "column 3: this is no valid UTF-8");
    REFUSED("[\"\xED\xA0\x80\"]", "UTF-8");
    REFUSED("[\"\xF4\x90\x80\x80\"]", "UTF-8");
    REFUSED("[\"\xE4\xB8\"]", "UTF-8");
    REFUSED("[\"中文\", x]", "column 8"); /* columns are characters, not bytes */
    REFUSED("\xEF\xBB\xBF{}", "value is expected");
    REFUSED("trux", "value is expected");
    REFUSED("{\"a", "too early");
    REFUSED("{", "too early");
    REFUSED("[1", "too early");
    REFUSED("[1,", "too early");
    REFUSED("{\"a\":1", "too early");
    REFUSED("{\"a\"", "too early");
    REFUSED("{\"a\",1}", "colon");
    REFUSED("\"\\", "too early");
    REFUSED("\"\\\0\"", "backslash");
    REFUSED("\"\\u12", "backslash");
    REFUSED("\"\\u00@1\"", "backslash");
    REFUSED("\"\\u00/1\"", "backslash");
    REFUSED("\"\\u00z1\"", "backslash");
    REFUSED("\"\\ud83d", "half of a character");
    REFUSED("\"\\ud83dabcdefg\"", "half of a character");
    REFUSED("\"\\ud83d\\n1234\"", "half of a character");
    REFUSED("\"\\ud83d\\u12g4\"", "half of a character");
    REFUSED("\"\\ud83d\\ue000\"", "half of a character");
    /* keys with more than one escape, with letters behind, and unfinished ones */
    REFUSED("{\"ab\":1,\"\\u0061\\u0062\":2}", "the key \"ab\"");
    REFUSED("{\"abc\":1,\"\\u0061bc\":2}", "the key \"abc\"");
    REFUSED("{\"\\u0061", "too early");
    REFUSED("{\"\\u0061\\", "too early");
    char digits[402];
    memset(digits, '1', sizeof digits);
    digits[1] = '.';
    json_object *o;
    assert_true(json_read(&c, digits, 400, &o)); /* the longest number */
    refused(digits, 401, "too large");
}

static void depth(void **state)
{
    (void)state;
    char text[200];
    json_object *o;
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    assert_true(json_read(&c, text, 64, &o));
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    refused(text, 66, "deeper than 32");
    char *bomb = arena_alloc(a, 1 << 20);
    memset(bomb, '[', 1 << 20);
    refused(bomb, 1 << 20, "deeper than 32");
}

static void many_keys(void **state)
{
    (void)state;
    json_object *o;
    char *text = arena_alloc(a, 400000), *p = text;
    *p++ = '{';
    for (int i = 0; i < 20000; i++)
        p += snprintf(p, 32, "\"k%d\":%d,", i * 7919 % 20000, i);
    p[-1] = '}';
    assert_true(json_read(&c, text, (size_t)(p - text), &o));
    assert_int_equal(json_object_object_length(o), 20000);
    p[-1] = ',';
    p += snprintf(p, 32, "\"k77\":1}");
    refused(text, (size_t)(p - text), "\"k77\" is given twice");
    /* of two the one that comes first */
    REFUSED("{\"a\":1,\"b\":1,\"a\":2,\"b\":2}", "\"a\" is given twice");
    REFUSED("{\"b\":1,\"a\":1,\"b\":2,\"a\":2}", "\"b\" is given twice");
}

static void relaxed(void **state)
{
    (void)state;
    json_object *o;
    static const char t[] = "\xEF\xBB\xBF// head {\n{ /* x\ny */ \"a\": [1, 2, /* , */ ], // tail\n"
                            " \"b\": \"// no /* comment, */\", \"c\": {\"d\": 1,},\n}\n// end";
    assert_true(json_read_relaxed(&c, t, sizeof t - 1, &o));
    assert_int_equal(json_object_array_length(json_member(o, "a")), 2);
    assert_string_equal(json_str(o, "b", ""), "// no /* comment, */");
    static const char windows[] = "{ // x\r\n \"a\": /* y\r\n */ 1 }\r\n";
    assert_true(json_read_relaxed(&c, windows, sizeof windows - 1, &o));
    assert_int_equal(json_int(o, "a", 0), 1);
    static const char twice[] = "{\n// x\n\"a\": 1,\n\"a\": 2}";
    ctx_errors_back_to(&c, 0);
    assert_false(json_read_relaxed(&c, twice, sizeof twice - 1, &o));
    assert_non_null(strstr(c.err->message, "line 4, column 1"));
    static const char open[] = "{} /* x";
    ctx_errors_back_to(&c, 0);
    assert_false(json_read_relaxed(&c, open, sizeof open - 1, &o));
    assert_non_null(strstr(c.err->message, "comment does not end"));
    static const char *const unclosed[] = {"/*",        "1 /*",       "[ /*", "[1 /*", "[1, /*",
                                           "{\"a\" /*", "{\"a\": /*", "{ /*", "/*/"};
    for (size_t i = 0; i < sizeof unclosed / sizeof *unclosed; i++) {
        ctx_errors_back_to(&c, 0);
        assert_false(json_read_relaxed(&c, unclosed[i], strlen(unclosed[i]), &o));
        assert_non_null(strstr(c.err->message, "comment does not end"));
    }
    const char *wrong[] = {"1 / 2", "1 /", "[,]", "{,}", "[1,,]", "/", "{\"a\":1,,}", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(json_read_relaxed(&c, wrong[i], strlen(wrong[i]), &o));
}

static void lines(void **state)
{
    (void)state;
    static const char t[] = "// head\n{ \"entity\": \"lead\",\n  \"fields\": {\n"
                            "    \"name\": {\"type\": \"string\"},\n    /* \"status\": */\n"
                            "    \"status\": {\"type\": \"option\",\n       \"default\": \"new\",\n"
                            "       \"options\": [\n  \"x\",\n  {\"y\": 1}]},\n  },\n}";
    const char *const p1[] = {"fields", "status", "default", NULL};
    const char *const p2[] = {"fields", "status", NULL};
    const char *const p3[] = {"fields", "nope", NULL};
    const char *const p4[] = {"fields", "status", "options", "1", "y", NULL};
    const char *const p5[] = {"entity", NULL};
    const char *const p6[] = {"entity", "x", NULL};
    const char *const none[] = {NULL};
    assert_int_equal(json_line_of(t, p1), 7);
    assert_int_equal(json_line_of(t, p2), 6);
    assert_int_equal(json_line_of(t, p3), 0);
    assert_int_equal(json_line_of(t, p4), 10);
    assert_int_equal(json_line_of(t, p5), 2);
    assert_int_equal(json_line_of(t, p6), 0);
    assert_int_equal(json_line_of(t, none), 1);
    assert_int_equal(json_line_of("[", p5), 0);
    assert_int_equal(json_line_of(t, NULL), 1);
    assert_int_equal(json_line_of("\xEF\xBB\xBF\n{\"entity\": 1}", p5), 2);
    static const char *const broken[] = {"/* x",        "{ /* x",     "{}",          "1",
                                         "{entity: 1}", "{\"a\": x}", "{\"a\": 1 x", ""};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(json_line_of(broken[i], p5), 0);
    /* a place in a list is a number and nothing else */
    static const char *const places[][2] = {
        {"0", NULL}, {"1", NULL}, {"2", NULL}, {"x", NULL}, {"1x", NULL}};
    static const int at[] = {1, 2, 0, 0, 0};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        assert_int_equal(json_line_of("[5,\n6]", places[i]), at[i]);
}

static void want(void **state)
{
    (void)state;
    static const JsonWant w[] = {{"login", json_type_string, true},
                                 {"age", json_type_int, false},
                                 {"rate", json_type_double, false},
                                 {"any", json_type_null, false},
                                 {NULL, json_type_null, false}};
    json_object *o;
    static const char *const good[] = {"{\"login\":\"a\",\"rate\":1,\"age\":null}",
                                       "{\"login\":\"a\",\"rate\":1.5,\"any\":\"x\"}",
                                       "{\"login\":\"a\",\"any\":[]}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(json_read(&c, good[i], strlen(good[i]), &o));
        assert_true(json_want(&c, o, w));
    }
    static const char bad[] = "{\"login\":null,\"age\":\"x\",\"extra\":1}";
    assert_true(json_read(&c, bad, sizeof bad - 1, &o));
    assert_false(json_want(&c, o, w));
    assert_int_equal(c.n_err, 3); /* all at once */
    assert_int_equal(c.err->code, ERR_REQUIRED);
    assert_int_equal(c.err->next->code, ERR_TYPE);
    assert_int_equal(c.err->next->next->code, ERR_UNKNOWN_FIELD);
    assert_true(json_read(&c, "[]", 2, &o));
    assert_false(json_want(&c, o, w));
    ctx_errors_back_to(&c, 0);
    static const char rate[] = "{\"login\":\"a\",\"rate\":\"1\"}";
    assert_true(json_read(&c, rate, sizeof rate - 1, &o));
    assert_false(json_want(&c, o, w));
    assert_int_equal(c.n_err, 1);
    assert_string_equal(c.err->field, "rate");
}

static int load(void **state)
{
    (void)state;
    return msg_load() ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes, begin, end),
        cmocka_unit_test_setup_teardown(refuses, begin, end),
        cmocka_unit_test_setup_teardown(depth, begin, end),
        cmocka_unit_test_setup_teardown(many_keys, begin, end),
        cmocka_unit_test_setup_teardown(relaxed, begin, end),
        cmocka_unit_test_setup_teardown(lines, begin, end),
        cmocka_unit_test_setup_teardown(want, begin, end),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
