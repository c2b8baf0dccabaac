/* Places in texts: the three styles of one scanner, sections, broken tags and what is said of them, data there and back. */
#include "base/fill_data.h"

#include <string.h>

#include "base/msg.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bool on_text(void *arg, const char *text, size_t n)
{
    buf_add(arg, text, n);
    return true;
}

static bool on_place(void *arg, const char *path, const FillCell *cell)
{
    (void)path;
    buf_puts(arg, cell && cell->text ? cell->text : "-");
    return true;
}

static const char *filled(Ctx *c, const FillData *d, const char *text)
{
    FillNode *nodes;
    Buf b;
    buf_init(&b, c->a);
    assert_true(fill_parse(c, "body", "1", text, strlen(text), &nodes));
    assert_true(
        fill_walk(nodes, d, NULL, &(FillSink){.text = on_text, .place = on_place, .arg = &b}));
    return b.data;
}

/* The names found, with their signs, blanks between; a mistake as its key. */
static const char *found(Ctx *c, FillStyle style, const char *text)
{
    FillTag t;
    Buf b;
    buf_init(&b, c->a);
    for (const char *end = text + strlen(text); fill_next(text, end, style, &t); text = t.end) {
        buf_puts(&b, b.len ? " " : "");
        if (t.sign)
            buf_putc(&b, t.sign);
        if (t.broken)
            buf_puts(&b, t.broken);
        else
            buf_add(&b, t.name, t.n);
    }
    return b.data;
}

static void styles(void **state)
{
    (void)state;
    Ctx c;
    ctx_init(&c, arena_new(0));
    assert_string_equal(
        found(&c, FILL_NAMES, "a {{name}} {{ b_2 }} {{Name}} {{a.b}} {{x} {{{y}}} {{"),
        "name b_2 y");
    assert_string_equal(found(&c, FILL_FIELDS, "{name} { a } {a.b} {} {{b}} {c"), "name b");
    assert_string_equal(
        found(&c, FILL_TAGS, "{{a.b}}{{#\xe3\x80\x80客户 }}x{{/客户}}{{^y}}{{/ y}}"),
        "a.b #客户 /客户 ^y /y");
    char longest[80];
    memset(longest, 'a', sizeof longest);
    longest[0] = '{';
    longest[64] = '}';
    longest[65] = 0;
    assert_int_equal(strlen(found(&c, FILL_FIELDS, longest)), 63);
    longest[64] = 'a';
    longest[65] = '}';
    longest[66] = 0;
    assert_string_equal(found(&c, FILL_FIELDS, longest), "");
    arena_free(c.a);
}

/* Texts of strangers, which may end anywhere and hold any byte. */
static void odd_places(void **state)
{
    (void)state;
    Ctx c;
    FillTag t;
    ctx_init(&c, arena_new(0));
    static const struct {
        FillStyle style;
        const char *text, *want;
    } rows[] = {
        {FILL_NAMES, "{{a", ""},          {FILL_NAMES, "{{a ", ""},
        {FILL_NAMES, "{{ ", ""},          {FILL_NAMES, "{{a }", ""},
        {FILL_NAMES, "{{a }x}", ""},      {FILL_NAMES, "{{a b}}", ""},
        {FILL_NAMES, "{{a}x {{b}}", "b"}, {FILL_NAMES, "}}{a}{", ""},
        {FILL_FIELDS, "{a", ""},          {FILL_FIELDS, "{a{b}", "b"},
        {FILL_FIELDS, "{", ""},           {FILL_TAGS, "{a} } ｛ ｝", ""},
        {FILL_TAGS, "{{a\t}}", "a"},      {FILL_TAGS, "{{ a b }}", "a b"},
        {FILL_TAGS, "{{}", "fill.open"},  {FILL_TAGS, "{{a\xc2}}", "a\xc2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(found(&c, rows[i].style, rows[i].text), rows[i].want);
    static const char nul[] = "{{a\0}}{a\0}"; /* it ends a name and closes none */
    assert_false(fill_next(nul, nul + sizeof nul - 1, FILL_NAMES, &t));
    assert_false(fill_next(nul, nul + sizeof nul - 1, FILL_FIELDS, &t));
    char longest[FILL_PATH_MOST + 6];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "{{", 2);
    memcpy(longest + FILL_PATH_MOST + 2, "}}", 3);
    assert_int_equal(strlen(found(&c, FILL_TAGS, longest)), FILL_PATH_MOST);
    memcpy(longest + FILL_PATH_MOST + 2, "a}}", 4);
    assert_string_equal(found(&c, FILL_TAGS, longest), "fill.long");
    arena_free(c.a);
}

/* What is shown of a long tag is whole characters, and a text full of mistakes is not told all of them. */
static void mistakes_are_shown_short(void **state)
{
    (void)state;
    Ctx c;
    FillNode *nodes;
    char tag[100] = "{{";
    ctx_init(&c, arena_new(0));
    for (int i = 0; i < 30; i++)
        memcpy(tag + 2 + 3 * i, "客", 3);
    assert_false(fill_parse(&c, "body", "1", tag, 92, &nodes));
    const char *at = strstr(c.err->message, "{{");
    assert_non_null(at);
    assert_int_equal(strspn(at + 2, "客"), 3 * 19);
    assert_memory_equal(at + 2 + 3 * 19, "…", 3);
    ctx_errors_back_to(&c, 0);
    memset(tag, 0x80, sizeof tag); /* nothing of it is a character's beginning */
    assert_false(fill_wrong(&c, "body", "1", "fill.open", tag, sizeof tag));
    assert_true(utf8_valid(c.err->message, strlen(c.err->message)));
    ctx_errors_back_to(&c, 0);
    static const char many[] = "}}}}}}}}}}}}}}}}}}}}}}}}{{/a}}{{/b}}";
    assert_false(fill_parse(&c, "body", "1", many, sizeof many - 1, &nodes));
    assert_int_equal(c.n_err, 10);
    arena_free(c.a);
}

static void messages(void **state)
{
    (void)state;
    Ctx c;
    ctx_init(&c, arena_new(0));
    const FillVar vars[] = {{"a", "<{{b}}>"}, {"b", "no"}, {NULL, NULL}};
    assert_string_equal(fill_text(c.a, "x{{a}}y{{ a }}{{c}}z{{a", vars, FILL_HTML),
                        "x&lt;{{b}}&gt;y&lt;{{b}}&gt;z{{a");
    arena_free(c.a);
}

static void sections(void **state)
{
    (void)state;
    static const char *const paths[] = {"name", "phone"};
    Ctx c;
    FillData d, again;
    ctx_init(&c, arena_new(0));
    fill_data_init(&d, c.a);
    fill_data_put(&d, "title", "{{name}}", FILL_YES);
    fill_data_put(&d, "archived", "否", FILL_NO);
    FillList *l = fill_data_list(&d, "people", paths, 2);
    for (int i = 0; i < 40; i++) {
        FillCell *cells = fill_list_row(&d, l);
        cells[0] = (FillCell){i ? "李" : "王", FILL_YES};
        if (i == 0)
            cells[1] = (FillCell){"138", FILL_YES};
    }
    l->n = 2;
    fill_data_list(&d, "none", NULL, 0);
    FillList *bare = fill_data_list(&d, "rows", NULL, 0); /* no value of theirs is wanted */
    for (int i = 0; i < 12; i++)
        (void)fill_list_row(&d, bare);
    static const char *const cases[][2] = {
        {"{{title}}{{nobody}}", "{{name}}-"},
        {"{{#people}}{{@no}}{{name}}{{#phone}}({{phone}}{{title}}){{/phone}};{{/people}}",
         "1王(138{{name}});2李;"},
        {"{{#none}}x{{/none}}{{^none}}empty{{/none}}", "empty"},
        {"{{#archived}}a{{/archived}}{{^archived}}b{{archived}}{{/archived}}", "b否"},
        {"{{#people}}{{#people}}{{name}}{{/people}},{{/people}}", "王李,王李,"},
        {"{{#rows}}{{@no}}{{/rows}}{{^rows}}none{{/rows}}", "123456789101112"},
    };
    Buf b;
    buf_init(&b, c.a);
    fill_data_write(&d, &b);
    assert_true(fill_data_read(c.a, b.data, b.len, &again));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(filled(&c, &d, cases[i][0]), cases[i][1]);
        assert_string_equal(filled(&c, &again, cases[i][0]), cases[i][1]);
    }
    for (size_t n = 0; n < b.len; n++) /* cut anywhere it is refused, not believed */
        assert_false(fill_data_read(c.a, b.data, n, &again));
    arena_free(c.a);
}

static void broken(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a {{name b", "{{name b"},
        {"{{name\n}}", "{{name"},
        {"a }} b", "}}"},
        {"{{}}", "{{}}"},
        {"{{# }}", "{{# }}"},
        {"｛｛name｝｝", "｛｛"},
        {"x{{/a}}", "{{/a}}"},
        {"{{#a}}{{/b}}", "{{/b}}"},
        {"{{#a}}x", "{{#a}}"},
        {"x{{^a}}", "{{^a}}"},
        {"{{#a}}{{^b}}{{/a}}", "{{/a}}"},
        {"{{a}b}}", "{{a"},
        {"{{a{b}}", "{{a"},
        {"{{", "{{"},
        {"{{a}", "{{a"},
        {"{{a\r\n}}", "{{a"},
        {"{{#", "{{#"},
        {"{{#}}", "{{#}}"},
        {"{{\t\xc2\xa0\xe3\x80\x80\xe2\x80\x8b\xef\xbb\xbf}}",
         "{{\t"}, /* blanks alone are no name */
        {"｝｝", "｝｝"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Ctx c;
        FillNode *nodes;
        ctx_init(&c, arena_new(0));
        assert_false(fill_parse(&c, "body", "第 7 行", cases[i][0], strlen(cases[i][0]), &nodes));
        assert_int_equal(c.err->code, ERR_INVALID);
        assert_string_equal(c.err->field, "body");
        assert_non_null(strstr(c.err->message, "第 7 行"));
        assert_non_null(strstr(c.err->message, cases[i][1]));
        arena_free(c.a);
    }
}

static void bounds(void **state)
{
    (void)state;
    Ctx c;
    FillNode *nodes;
    Buf b;
    ctx_init(&c, arena_new(0));
    buf_init(&b, c.a);
    for (int i = 0; i < 9; i++)
        buf_puts(&b, "{{#a}}");
    for (int i = 0; i < 9; i++)
        buf_puts(&b, "{{/a}}");
    assert_false(fill_parse(&c, "body", "1", b.data, b.len, &nodes));
    assert_true(c.n_err <= 10);
    ctx_errors_back_to(&c, 0);
    buf_clear(&b);
    for (int i = 0; i < 20001; i++)
        buf_puts(&b, "{{a}}");
    assert_false(fill_parse(&c, "body", "1", b.data, b.len, &nodes));
    arena_free(c.a);
}

/* A list grows with its rows, keeps each of them, and so does what another process reads. */
static void many_rows(void **state)
{
    (void)state;
    enum { MANY = 100 };
    static const char *const paths[] = {"no", "twice"};
    Arena *a = arena_new(0);
    FillData d, back;
    Buf b;
    fill_data_init(&d, a);
    FillList *l = fill_data_list(&d, "rows", paths, 2);
    for (int i = 0; i < MANY; i++) {
        FillCell *cells = fill_list_row(&d, l);
        for (int k = 0; k < 2; k++)
            cells[k] = (FillCell){.text = arena_printf(a, "%d", i * (k + 1)), .is = FILL_YES};
        if (i == 40) /* what is made meanwhile lies in nobody's way */
            memset(arena_alloc(a, 4096), 0x5a, 4096);
    }
    buf_init(&b, a);
    fill_data_write(&d, &b);
    assert_true(fill_data_read(a, b.data, b.len, &back));
    FillList *const lists[] = {l, map_get(&back.lists, "rows")};
    for (int which = 0; which < 2; which++) {
        assert_int_equal(lists[which]->n, MANY);
        for (int i = 0; i < MANY; i++)
            for (int k = 0; k < 2; k++)
                assert_string_equal(lists[which]->cells[i * 2 + k].text,
                                    arena_printf(a, "%d", i * (k + 1)));
    }
    for (size_t n = 0; n < b.len; n++) /* cut short anywhere it is not what was written */
        assert_false(fill_data_read(a, b.data, n, &back));
    arena_free(a);
}

int main(void)
{
    msg_load();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(styles),     cmocka_unit_test(messages),
        cmocka_unit_test(sections),   cmocka_unit_test(broken),
        cmocka_unit_test(bounds),     cmocka_unit_test(many_rows),
        cmocka_unit_test(odd_places), cmocka_unit_test(mistakes_are_shown_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
