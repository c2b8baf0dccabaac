/* The text of a report template taken apart: what each line becomes, and what is said of one that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "record/print/impl.h"

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

/* A letter a line, its level, 'text' and <place>, :path, [label=column], (lines between). */
static void tell(Buf *b, const Body *first)
{
    static const char letters[] = "HTMFLQSGBEU";
    for (const Body *l = first; l; l = l->next) {
        buf_printf(b, "%s%c", l == first ? "" : " ", letters[l->kind]);
        if (l->level)
            buf_printf(b, "%d", l->level);
        for (const FillNode *n = l->text; n; n = n->next)
            buf_printf(b, n->kind == FILL_TEXT ? "'%.*s'" : "<%.*s>", (int)n->n, n->text);
        if (l->path)
            buf_printf(b, ":%s", l->path);
        for (int i = 0; i < l->n_columns; i++)
            buf_printf(b, "[%s%s%s]", l->columns[i].label ? l->columns[i].label : "",
                       l->columns[i].label ? "=" : "", l->columns[i].path);
        if (l->kids) {
            buf_putc(b, '(');
            tell(b, l->kids);
            buf_putc(b, ')');
        }
    }
}

static void lines_become_blocks(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"a\n\n b \r\nc", "T'a' T T'b' T'c'"},
        {"# 一\n## 二\n### 三\n#### 四\n#五", "H1'一' H2'二' H3'三' T'#### 四' T'#五'"},
        {"> 小\n>大\n{{name}}: {{phone}}\n{{name}}", "M'小' T'>大' T<name>': '<phone> T<name>"},
        {"@fields\n@字段 a, 标题=b，c,, \n@fields\ta", "F F[a][标题=b][c] F[a]"},
        {"@table contacts\n@表格 联系人：a\n@table x: a=b,c", "L:contacts L:联系人[a] L:x[a=b][c]"},
        {"@table a：b:c\n@table a:b：c", "L:a[b:c] L:a[b：c]"},
        {"@qr\n@二维码 https://x/{{id}}", "Q<@url> Q'https://x/'<id>"},
        {"@sign 甲, 乙\n@签名 丙", "S[甲][乙] S[丙]"},
        {"@gap\n@gap 10\n@gap 0\n@gap -3\n@gap 200\n@gap 201\n@空白 x", "G4 G10 G4 G4 G200 G4 G4"},
        {"@break\n@分页", "B B"},
        {"{{#a}}\nx\n{{#b}}\ny\n{{/b}}\n{{/a}}\n{{^b}}\nz\n{{/b}}",
         "E:a(T'x' E:b(T'y')) U:b(T'z')"},
        /* with anything beside it a section is of the line alone */
        {"{{#a}}{{/a}}\n{{#a}}x{{/a}}\nx{{#a}}{{/a}}", "T<a> T<a> T'x'<a>"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Body *body;
        Buf b;
        buf_init(&b, a);
        if (!body_parse(&c, rows[i][0], &body))
            fail_msg("%s: %s", rows[i][0], c.err->message);
        tell(&b, body);
        assert_string_equal(b.data, rows[i][1]);
    }
}

static const char *repeated(const char *what, int n)
{
    Buf b;
    buf_init(&b, a);
    for (int i = 0; i < n; i++)
        buf_puts(&b, what);
    return b.data;
}

static void mistakes_name_their_line(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int line;
        const char *what;
    } rows[] = {
        {arena_printf(a, "@fields %s", repeated("a,", 41)), 1, "at most 40"},
        {"x\n@fields 甲=", 2, "甲="},
        {"@fields {a}", 1, "“{a}”"},
        {"@fields a, b}", 1, "“b}”"},
        {"@nonsense", 1, "“@nonsense”"},
        {"@", 1, "“@”"},
        {"@sign", 1, "@sign"},
        {"@签名 ,", 1, "@sign"},
        {"@sign {", 1, "“{”"},
        {"@table", 1, "@table"},
        {"@table : a", 1, "@table"},
        {"@table a: }", 1, "“}”"},
        {"\n# {{a", 2, "{{a"},
        {"> }}", 1, "}}"},
        {"@qr {{", 1, "{{"},
        {"x{{/a}}", 1, "{{/a}}"},
        {"{{#}}", 1, "{{#}}"},
        {"{{/a}}", 1, "closes nothing"},
        {"{{#a}}\n{{/b}}", 2, "“{{/b}}”"},
        {"x\n{{#a}}\ny", 2, "“{{#a}}” is never closed"},
        {"{{^a}}\ny", 1, "“{{^a}}” is never closed"},
        {repeated("{{#a}}\n", 9), 9, "eight sections"},
        {repeated("\n", 5001), 5001, "at most 5000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Body *body;
        ctx_errors_back_to(&c, 0);
        if (body_parse(&c, rows[i].text, &body))
            fail_msg("%s was taken", rows[i].text);
        assert_int_equal(c.err->code, ERR_INVALID);
        assert_string_equal(c.err->field, "body");
        if (!strstr(c.err->message, arena_printf(a, "Line %d:", rows[i].line)) ||
            !strstr(c.err->message, rows[i].what))
            fail_msg("%s: %s", rows[i].text, c.err->message);
    }
    Body *body;
    ctx_errors_back_to(&c, 0);
    assert_false(body_parse(&c, repeated("@x\n", 50), &body));
    assert_int_equal(c.n_err, PRINT_MISTAKES); /* nobody reads more at once */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_become_blocks, begin, end),
        cmocka_unit_test_setup_teardown(mistakes_name_their_line, begin, end),
    };
    return msg_load() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
