/* Every type: JSON in and out, text in and out, what it refuses and with which code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "meta/types_impl.h"
#include "meta_model.h"

static Arena *arena;
static Ctx c;
static Model *model;
static const Entity *probe;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(0);
    ctx_init(&c, arena);
    c.zone = "Asia/Shanghai";
    if (!msg_load() || !(model = probe_model(&c))) {
        print_error("%s\n", c.err ? c.err->message : "no messages");
        return -1;
    }
    c.model = model;
    probe = model_entity(model, "probe");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_release(model);
    arena_free(arena);
    return 0;
}

static const char *json_out(const Field *f, const DbVal *v)
{
    Buf b;
    Jw w;
    buf_init(&b, arena);
    jw_init(&w, &b);
    type_ops(f->type)->to_json(f, v, &w);
    return b.data;
}

/* JSON → value → limits → JSON; "!code" where it is refused. */
static const char *through_json(const char *field, const char *json)
{
    const Field *f = entity_field(probe, field);
    json_object *in = NULL;
    DbVal v = db_null();
    ctx_errors_back_to(&c, 0);
    char *wrapped = arena_printf(arena, "[%s]", json);
    assert_true(json_read(&c, wrapped, strlen(wrapped), &in));
    const FieldOps *ops = type_ops(f->type);
    bool ok = ops->from_json(&c, f, json_object_array_get_idx(in, 0), &v) &&
              (v.kind == DB_NULL || ops->check(&c, f, &v));
    assert_true(ok == (c.n_err == 0));
    return ok ? json_out(f, &v) : arena_printf(arena, "!%s", err_name(c.err->code));
}

static const char *through_text(const char *field, const char *text)
{
    const Field *f = entity_field(probe, field);
    DbVal v = db_null();
    ctx_errors_back_to(&c, 0);
    const FieldOps *ops = type_ops(f->type);
    bool ok = ops->from_text(&c, f, text, &v) && (v.kind == DB_NULL || ops->check(&c, f, &v));
    assert_true(ok == (c.n_err == 0));
    return ok ? json_out(f, &v) : arena_printf(arena, "!%s", err_name(c.err->code));
}

typedef struct Case {
    const char *field, *in, *out;
} Case;

static void run(const Case *cases, size_t n, const char *(*way)(const char *, const char *))
{
    for (size_t i = 0; i < n; i++) {
        const char *got = way(cases[i].field, cases[i].in);
        if (strcmp(got, cases[i].out) != 0)
            print_error("%s %s: wanted %s, got %s (%s)\n", cases[i].field, cases[i].in,
                        cases[i].out, got, c.err ? c.err->message : "");
        assert_string_equal(got, cases[i].out);
    }
}

static void test_json(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"s", "\" 华为 \"", "\"华为\""},
        {"s", "\"\"", "null"},
        {"s", "null", "null"},
        {"s", "5", "!type"},
        {"s", "\"华\"", "!too_short"},
        {"s", "\"华为技术有限\"", "!too_long"},
        {"s", "\"a\\u0001b\"", "!invalid"},
        {"s", "\"a\\nb\"", "\"a b\""},
        {"raw", "\"abc\"", "\"abc\""},
        {"raw", "\"abc1\"", "!invalid"},
        {"code", "\"91330100799655058b\"", "\"91330100799655058B\""},
        {"code", "\"91330100799655058C\"", "!format.credit_code"},
        {"t", "\"a\\r\\nb\"", "\"a\\nb\""},
        {"i", "5", "5"},
        {"i", "-6", "!range"},
        {"i", "100001", "!range"},
        {"i", "1.5", "!format.number"},
        {"i", "\"5\"", "!type"},
        {"i", "true", "!type"},
        {"d", "\"4.5\"", "\"4.500\""},
        {"d", "4.25", "\"4.250\""},
        {"d", "\"-0.001\"", "\"-0.001\""},
        {"d", "\"0.0001\"", "!format.number"},
        {"d", "\"99.501\"", "!range"},
        {"d", "\"1,5\"", "!format.number"},
        {"f", "1.5", "1.5"},
        {"f", "\"1.5\"", "!type"},
        {"m", "\"12345.67\"", "\"12345.67\""},
        {"m", "\"12345.678\"", "!format.number"},
        {"m", "\"1\"", "\"1.00\""},
        {"m", "\"-1\"", "!range"},
        {"m", "\"1.2万\"", "!format.number"},
        {"m", "3000", "\"3000.00\""},
        {"day", "\"2026-11-21\"", "\"2026-11-21\""},
        {"day", "\"2026-02-30\"", "!format.date"},
        {"day", "\"2026/11/21\"", "!format.date"},
        {"day", "5", "!type"},
        {"at", "\"2026-11-21T08:00:00Z\"", "\"2026-11-21T08:00:00Z\""},
        {"at", "\"2026-11-21T16:00:00+08:00\"", "\"2026-11-21T08:00:00Z\""},
        {"at", "\"2026-11-21\"", "!format.date"},
        {"b", "true", "true"},
        {"b", "false", "false"},
        {"b", "1", "!type"},
        {"o", "\"a\"", "\"a\""},
        {"o", "\"甲\"", "!enum.unknown"},
        {"o", "\"old\"", "!enum.unknown"},
        {"mo", "[\"b_c\", \"a\", \"a\"]", "[\"a\",\"b_c\"]"},
        {"mo", "[]", "null"},
        {"mo", "[\"x\"]", "!enum.unknown"},
        {"mo", "\"a\"", "!type"},
        {"ph", "\"138 0013 8000\"", "\"13800138000\""},
        {"ph", "\"12\"", "!format.phone"},
        {"e", "\"Wang.Fang@Example.COM\"", "\"Wang.Fang@example.com\""},
        {"e", "\"x@y\"", "!format.email"},
        {"e", "\"a b@c.cn\"", "!format.email"},
        {"e", "\"a..b@c.cn\"", "!format.email"},
        {"u", "\"https://example.com/a?b=c\"", "\"https://example.com/a?b=c\""},
        {"u", "\"www.example.com\"", "\"http://www.example.com\""},
        {"u", "\"javascript:alert(1)\"", "!format.url"},
        {"u", "\"ftp://x.com\"", "!format.url"},
        {"u", "\"https://\"", "!format.url"},
        {"u", "\"https://a<b\"", "!format.url"},
        {"l", "12", "{\"id\":12}"},
        {"l", "{\"id\": 12, \"label\": \"x\"}", "{\"id\":12}"},
        {"l", "0", "!type"},
        {"l", "\"12\"", "!type"},
        {"r", "330106", "{\"id\":330106,\"label\":\"浙江省 / 杭州市 / 西湖区\"}"},
        {"r", "999999", "!ref.not_found"},
        {"r", "\"浙江省杭州市\"", "{\"id\":330100,\"label\":\"浙江省 / 杭州市\"}"},
        {"j", "{\"a\":[1,\"é\"]}", "{\"a\":[1,\"é\"]}"},
        {"fs", "[1]", "!type"},
        {"p", "{}", "!type"},
        {"i", "\"\"", "null"},
        {"d", "\"\"", "null"},
        {"d", "true", "!type"},
        {"m", "[]", "!type"},
        {"d", "\" 4.5 \"", "\"4.500\""},
        {"d", "0", "\"0.000\""},
        {"d", "\"0.0000\"", "\"0.000\""},
        {"d", "\"4.5000\"", "\"4.500\""},
        {"d", "\"+1\"", "!format.number"},
        {"d", "\"1.2.3\"", "!format.number"},
        {"d", "\"-\"", "!format.number"},
        {"d", "9007199254741", "!range"},
        {"d", "9007199254740992", "!range"},
        {"d", "\"11111111111111111111111111111111111111\"", "!range"},  /* 38 digits */
        {"d", "\"111111111111111111111111111111111111111\"", "!range"}, /* 39 */
        {"m", "1e5", "!number.precision"},
        {"m", "\"99999999999999999999\"", "!range"},
        {"f", "null", "null"},
        {"f", "7", "7"},
        {"b", "null", "null"},
        {"j", "null", "null"},
        {"l", "null", "null"},
        {"l", "{}", "!type"},
        {"l", "{\"id\": null}", "!type"},
        {"l", "{\"id\": -1}", "!type"},
        {"r", "null", "null"},
        {"r", "true", "!type"},
        {"r", "{}", "!type"},
        {"r", "99999", "!ref.not_found"},
        {"r", "1000000", "!ref.not_found"},
        {"r", "{\"id\": 330100}", "{\"id\":330100,\"label\":\"浙江省 / 杭州市\"}"},
        {"r", "{\"number\": 330100}", "{\"id\":330100,\"label\":\"浙江省 / 杭州市\"}"},
        {"r", "{\"id\": null, \"name\": \"浙江省杭州市\"}",
         "{\"id\":330100,\"label\":\"浙江省 / 杭州市\"}"},
    };
    run(cases, sizeof cases / sizeof *cases, through_json);
    /* the longest JSON there may be, and one byte more */
    enum { MOST = 64 * 1024 };
    char *big = arena_alloc(arena, MOST + 2);
    memset(big, 'x', MOST + 1);
    big[0] = big[MOST - 1] = '"';
    big[MOST] = 0;
    assert_int_equal(strlen(through_json("j", big)), MOST);
    big[MOST - 1] = 'x';
    big[MOST] = '"';
    big[MOST + 1] = 0;
    assert_string_equal(through_json("j", big), "!too_long");
    assert_string_equal(through_text("j", big), "!too_long");
}

static void test_text(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"i", "1,234", "1234"},
        {"i", "１２", "12"},
        {"i", "3千", "3000"},
        {"i", "", "null"},
        {"i", "5.0", "5"},
        {"i", "1.38E+10", "!number.precision"},
        {"d", "4.5", "\"4.500\""},
        {"d", "abc", "!format.number"},
        {"f", "1e3", "1000"},
        {"f", "x", "!format.number"},
        {"m", "1.2万", "\"12000.00\""},
        {"m", "￥3,000.5", "\"3000.50\""},
        {"m", "3千", "\"3000.00\""},
        {"m", "1.234", "!format.number"},
        {"day", "2024/5/1", "\"2024-05-01\""},
        {"day", "2024.5.1", "\"2024-05-01\""},
        {"day", "2024年5月1日", "\"2024-05-01\""},
        {"day", "20240501", "\"2024-05-01\""},
        {"day", "24-5-1", "\"2024-05-01\""},
        {"day", "5月1日", "!format.date"},
        {"day", "2024-02-30", "!format.date"},
        {"day", "2024-05-01 00:00:00", "\"2024-05-01\""},
        {"day", "2024-05-01 10:00", "!format.date"},
        {"at", "2026-11-21 16:30", "\"2026-11-21T08:30:00Z\""},
        {"at", "2026年11月21日 下午4时30分", "\"2026-11-21T08:30:00Z\""},
        {"at", "2026/11/21", "\"2026-11-20T16:00:00Z\""},
        {"at", "2026-11-21 25:00", "!format.date"},
        {"at", "2026-11-21T08:00:00Z", "\"2026-11-21T08:00:00Z\""},
        {"b", "是", "true"},
        {"b", "否", "false"},
        {"b", "YES", "true"},
        {"b", "0", "false"},
        {"b", "maybe", "!type"},
        {"o", "甲", "\"a\""},
        {"o", "first", "\"a\""},
        {"o", "b_c", "\"b_c\""},
        {"o", "丙", "!enum.unknown"},
        {"o", "旧", "!enum.unknown"},
        {"mo", "乙、甲", "[\"a\",\"b_c\"]"},
        {"mo", "First; Second", "[\"a\",\"b_c\"]"},
        {"mo", "甲,丙", "!enum.unknown"},
        {"l", "12", "{\"id\":12}"},
        {"l", "abc", "!type"},
        {"r", "330106", "{\"id\":330106,\"label\":\"浙江省 / 杭州市 / 西湖区\"}"},
        {"j", "{\"a\": 1}", "{\"a\":1}"},
        {"j", "{", "!json"},
        {"d", "1万e3", "!format.number"},
        {"d", "1kE3", "!format.number"},
        {"d", "1.2E1", "!number.precision"},
        {"d", "+4.5", "\"4.500\""},
        {"i", "4 500", "4500"},
        {"i", "1,x", "!format.number"},
        {"i", "1,-5", "!format.number"},
        {"i", "1,:", "!format.number"},
        {"i", ",5", "!format.number"},
        {"i", "-5", "-5"},
        {"i", "-6", "!range"},
        {"i", "10万", "100000"},
        {"i", "10萬1", "!format.number"},
        {"i", "9百亿亿", "!range"},
        {"d", "1.2,3", "!format.number"},
        {"f", "", "null"},
        {"f", "0x10", "!format.number"},
        {"f", "1e999", "!format.number"},
        {"f", "1e", "!format.number"},
        {"f", "inf", "!format.number"},
        {"b", "", "null"},
        {"l", "", "null"},
        {"l", "0", "!type"},
        {"l", "9007199254740991", "{\"id\":9007199254740991}"},
        {"l", "9007199254740992", "!type"},
        {"r", "", "null"},
        {"r", "99999999999999999999", "!ref.not_found"},
        {"r", "某地", "!ref.not_found"},
        {"j", "", "null"},
        {"j", "null", "null"},
    };
    run(cases, sizeof cases / sizeof *cases, through_text);
}

static void test_to_text(void **state)
{
    (void)state;
    DbVal v = db_of_text("|a|b_c|");
    const Field *mo = entity_field(probe, "mo");
    assert_string_equal(type_ops(mo->type)->to_text(arena, mo, &v, "zh"), "甲、乙");
    assert_string_equal(type_ops(mo->type)->to_text(arena, mo, &v, "en"), "First, Second");
    v = db_of_int(1);
    const Field *b = entity_field(probe, "b");
    assert_string_equal(type_ops(b->type)->to_text(arena, b, &v, "zh"), "是");
    const Field *at = entity_field(probe, "at");
    int64_t ms;
    assert_true(clock_parse_rfc3339("2026-11-21T08:30:00Z", &ms));
    v = db_of_int(ms);
    assert_string_equal(type_text(&c, at, &v), "2026-11-21 16:30");
    v = db_of_int(-5);
    const Field *m = entity_field(probe, "m");
    assert_string_equal(type_ops(m->type)->to_text(arena, m, &v, "zh"), "-0.05");
    v = db_of_int(0);
    assert_string_equal(type_ops(b->type)->to_text(arena, b, &v, "zh"), "否");
    assert_string_equal(type_ops(b->type)->to_text(arena, b, &v, "en"), "no");
    assert_string_equal(type_ops(b->type)->to_text(arena, b, &v, NULL), "否");
    v = db_of_int(1);
    assert_string_equal(type_ops(b->type)->to_text(arena, b, &v, "en"), "yes");
    assert_string_equal(type_text(&c, entity_field(probe, "i"), &v), "1");
    const Field *r = entity_field(probe, "r"), *l = entity_field(probe, "l");
    v = db_of_int(330100);
    assert_string_equal(type_ops(r->type)->to_text(arena, r, &v, "zh"), "浙江省 / 杭州市");
    assert_string_equal(type_ops(l->type)->to_text(arena, l, &v, "zh"), "330100");
    /* an engine may give a whole number back as one */
    const Field *f = entity_field(probe, "f");
    v = db_of_real(1.5);
    assert_string_equal(type_text(&c, f, &v), "1.5");
    v = db_of_int(7);
    assert_string_equal(type_text(&c, f, &v), "7");
}

/* Nothing stored is null and no text, whatever the type. */
static void test_nothing(void **state)
{
    (void)state;
    DbVal v = db_null();
    for (int i = 0; i < probe->n_fields; i++) {
        const Field *f = &probe->fields[i];
        assert_string_equal(json_out(f, &v), "null");
        assert_string_equal(type_ops(f->type)->to_text(arena, f, &v, "zh"), "");
        assert_string_equal(type_text(&c, f, &v), "");
    }
    v = db_of_text(""); /* an engine's empty text is no JSON */
    assert_string_equal(json_out(entity_field(probe, "j"), &v), "null");
    assert_null(type_mask(arena, entity_field(probe, "s"), NULL));
    /* a number that JSON cannot hold, from code that computes */
    json_object *endless = json_object_new_double(HUGE_VAL);
    ctx_errors_back_to(&c, 0);
    assert_false(type_ops(FT_FLOAT)->from_json(&c, entity_field(probe, "f"), endless, &v));
    assert_int_equal(c.err->code, ERR_TYPE);
    json_object_put(endless);
}

/* Limits of a float, and a pattern that is none. */
static void test_own_fields(void **state)
{
    (void)state;
    Field f = *entity_field(probe, "f");
    f.has_min = f.has_max = true;
    f.min = -2;
    f.max = 3;
    static const struct {
        DbVal v;
        bool ok;
    } rows[] = {{{.kind = DB_REAL, .d = -2.0}, true}, {{.kind = DB_REAL, .d = -2.01}, false},
                {{.kind = DB_REAL, .d = 3.0}, true},  {{.kind = DB_REAL, .d = 3.01}, false},
                {{.kind = DB_INT, .i = 3}, true},     {{.kind = DB_INT, .i = 4}, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ctx_errors_back_to(&c, 0);
        assert_int_equal(type_ops(FT_FLOAT)->check(&c, &f, &rows[i].v), rows[i].ok);
        assert_int_equal(c.n_err, rows[i].ok ? 0 : 1);
        if (!rows[i].ok)
            assert_int_equal(c.err->code, ERR_RANGE);
    }
    Field s = *entity_field(probe, "raw");
    s.pattern = "[";
    ctx_errors_back_to(&c, 0);
    assert_false(type_check_pattern(&c, &s, "a"));
    assert_int_equal(c.err->code, ERR_INVALID);
    ctx_errors_back_to(&c, 0);
}

static void test_companions(void **state)
{
    (void)state;
    DbVal v = db_of_text("华为Ａ"), k;
    const Field *s = entity_field(probe, "s");
    assert_string_equal(type_fold(arena, s, &v).s, "华为a");
    assert_true(type_sort_key(arena, s, &v).kind == DB_TEXT);
    k = type_match_key(arena, s, &v);
    assert_true(k.kind == DB_TEXT && k.s[0]);
    v = db_of_text("010-62345678-123");
    const Field *ph = entity_field(probe, "ph");
    assert_string_equal(type_match_key(arena, ph, &v).s, "01062345678");
    assert_string_equal(type_fold(arena, ph, &v).s, "01062345678123");
    v = db_null();
    assert_true(type_match_key(arena, s, &v).kind == DB_NULL);
    assert_true(type_fold(arena, s, &v).kind == DB_NULL);
    assert_string_equal(type_mask(arena, ph, "13800138000"), "138****8000");
    assert_string_equal(type_mask(arena, entity_field(probe, "e"), "zhang@x.cn"), "z***@x.cn");
    assert_string_equal(type_mask(arena, s, "王芳"), "王***");
    assert_string_equal(type_mask(arena, s, "王"), "***");
    assert_string_equal(type_mask(arena, s, ""), "");
    assert_string_equal(type_mask(arena, entity_field(probe, "e"), "zhang"), "z***");
    v = db_of_text("(010) 6234.5678");
    assert_string_equal(type_fold(arena, ph, &v).s, "01062345678");
    v = db_of_text("王先生"); /* no number: what stands there is its key */
    assert_string_equal(type_match_key(arena, ph, &v).s, "王先生");
    v = db_of_text("--");
    assert_int_equal(type_match_key(arena, ph, &v).kind, DB_NULL);
    v = db_of_text("");
    assert_int_equal(type_match_key(arena, ph, &v).kind, DB_NULL);
    v = db_of_text("Ａb@C.cn");
    assert_string_equal(type_match_key(arena, entity_field(probe, "e"), &v).s, "ab@c.cn");
    assert_int_equal(type_match_key(arena, entity_field(probe, "t"), &v).kind, DB_NULL);
    v = db_null();
    assert_int_equal(type_sort_key(arena, s, &v).kind, DB_NULL);
    assert_null(type_sort_column(arena, entity_field(probe, "fs")));
    assert_string_equal(type_sort_column(arena, s), "s_s");
    assert_string_equal(type_sort_column(arena, entity_field(probe, "raw")), "raw");
    assert_string_equal(type_sort_column(arena, entity_field(probe, "at")), "at");
}

static void test_ops(void **state)
{
    (void)state;
    assert_true(type_field_ops(entity_field(probe, "s")) & 1u << OP_CONTAINS);
    assert_false(type_field_ops(entity_field(probe, "raw")) & 1u << OP_CONTAINS);
    assert_int_equal(type_field_ops(entity_field(probe, "pw")), 0);
    const Entity *user = model_entity(model, "user"), *plain = model_entity(model, "audit_log");
    assert_int_equal(type_field_ops(entity_field(user, "password_hash")), 0);
    assert_true(type_field_ops(entity_field(user, "id")) & 1u << OP_TOLD);
    assert_false(type_field_ops(entity_field(user, "id")) & 1u << OP_DUPLICATE);
    assert_true(type_field_ops(entity_field(model_entity(model, "customer"), "id")) &
                1u << OP_DUPLICATE);
    assert_non_null(plain);
    assert_false(type_field_ops(entity_field(plain, "id")) & 1u << OP_TOLD);
    assert_true(type_field_ops(entity_field(probe, "up")) & 1u << OP_UNDER);
    assert_false(type_field_ops(entity_field(probe, "l")) & 1u << OP_UNDER);
    assert_false(type_field_ops(entity_field(probe, "what")) &
                 1u << OP_UNDER); /* to no fixed entity */
    FilterOp no_op;
    FieldType no_type;
    assert_false(op_parse("like", &no_op));
    assert_false(type_parse("blob", &no_type));
    for (int i = 0; i < OP__COUNT; i++) {
        FilterOp op;
        assert_true(op_parse(op_name((FilterOp)i), &op));
        assert_int_equal(op, i);
    }
    for (int i = 0; i < FT__COUNT; i++) {
        FieldType t;
        assert_true(type_parse(type_ops((FieldType)i)->name, &t));
        assert_int_equal(t, i);
    }
}

/* Words of one cell, each with its commas; the empty ones are words, too. */
static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
        bool slash;
    } all[] = {{"", "[]", true},
               {"甲", "[甲]", true},
               {"甲、乙,丙，丁;戊；己|庚\n辛", "[甲][乙][丙][丁][戊][己][庚][辛]", true},
               {"a/b", "[a][b]", true},
               {"a/b", "[a/b]", false},
               {"、甲、、", "[][甲][][]", false}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Buf b;
        const char *p = all[i].text, *word;
        size_t n;
        buf_init(&b, arena);
        while (type_next_word(&p, all[i].slash, &word, &n))
            buf_printf(&b, "[%.*s]", (int)n, word);
        assert_string_equal(b.data, all[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),    cmocka_unit_test(test_text),
        cmocka_unit_test(test_to_text), cmocka_unit_test(test_companions),
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_own_fields),
        cmocka_unit_test(test_ops),     cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
