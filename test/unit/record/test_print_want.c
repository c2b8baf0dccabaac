/* What a report template wants of a record: columns and their titles, lists, and what is unknown there (test_print_body.c: its text). */
#include "house.h"

#include "auth/access.h"
#include "record/print/impl.h"

static void say_text(Buf *b, const FillNode *nodes)
{
    static const char *const signs[] = {"", "", "#", "^"};
    for (const FillNode *n = nodes; n; n = n->next) {
        if (n->kind == FILL_TEXT) {
            buf_add(b, n->text, n->n);
            continue;
        }
        buf_printf(b, "{%s%s}", signs[n->kind], n->text);
        if (n->kids) {
            say_text(b, n->kids);
            buf_puts(b, "{/}");
        }
    }
}

/* H1(text) M(small) T(text) Q(code) G4 B, and with columns F[a,标题=b] S[甲] t:list[a]; #path{…} ^path{…} */
static void say(Buf *b, const Body *body)
{
    for (const Body *n = body; n; n = n->next) {
        static const char letters[] = "HTMFtQSGB#^";
        buf_putc(b, letters[n->kind]);
        if (n->kind == BODY_HEADING || n->kind == BODY_GAP)
            buf_printf(b, "%d", n->level);
        if (n->kind == BODY_TABLE)
            buf_puts(b, ":");
        if (n->path)
            buf_puts(b, n->path);
        if (n->columns) {
            buf_puts(b, "[");
            for (int i = 0; i < n->n_columns; i++) {
                const BodyColumn *c = &n->columns[i];
                buf_printf(b, "%s%s%s%s%s", i ? "," : "", c->label ? c->label : "",
                           c->label ? "=" : "", c->path, c->right ? ">" : "");
            }
            buf_puts(b, "]");
        }
        if (n->kind <= BODY_MUTED || n->kind == BODY_QR) {
            buf_puts(b, "(");
            say_text(b, n->text);
            buf_puts(b, ")");
        }
        if (n->kind == BODY_EACH || n->kind == BODY_UNLESS) {
            buf_puts(b, "{");
            say(b, n->kids);
            buf_puts(b, "}");
        }
    }
}

/* Parsed and wanted of an entity: what it is then, or "!" and the mistakes. lists: JSON or NULL. */
static const char *wanted(T *t, const char *entity, const char *lists, const char *field,
                          const char *text)
{
    PrintWant w;
    Body *body;
    Buf b;
    buf_init(&b, t->a);
    ctx_errors_back_to(&t->c, 0);
    print_want_init(&w, &t->c, ent(t, entity), lists ? js(t, "%s", lists) : NULL, field);
    OK(t, body_parse(&t->c, text, &body));
    bool ok = body_want(&w, body);
    assert_int_equal(ok, t->c.n_err == 0);
    if (ok) {
        say(&b, body);
        return b.data;
    }
    for (const ErrItem *e = t->c.err; e; e = e->next)
        buf_printf(&b, "!%s", e->message);
    return b.data;
}

static void test_wanted(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        /* columns without a label have that of their field; numbers stand on the right */
        {"customer", NULL, "@fields name, 名=name, owner.name, annual_revenue, completeness",
         "F[客户名称=name,名=name,姓名=owner.name,年营业额（元）=annual_revenue>,信息完整度（%）="
         "completeness>]"},
        {"customer", NULL, "@table contacts: @no, 号=@no, name, customer.name",
         "t:contacts[序号=@no,号=@no,姓名=name,客户名称=customer.name]"},
        {"customer", NULL, "@字段 owner.name, created_by.name, owner.login",
         "F[姓名=owner.name,姓名=created_by.name,账号=owner.login]"},
        {"follow_up", NULL, "@字段 duration_min", "F[时长（分钟）=duration_min>]"},
        /* what is said of a list or a value, and of no list */
        {"customer", NULL, "{{#contacts}}\n{{name}}\n@fields name\n{{/contacts}}",
         "#contacts{T({name})F[客户名称=name]}"},
        {"customer", NULL, "{{^contacts}}\n{{name}}\n{{/contacts}}\n{{#name}}\nx\n{{/name}}",
         "^contacts{T({name})}#name{T(x)}"},
        {"customer", NULL, "# {{name}}\n> {{@date}}\n@qr\n@gap\n@break\n@sign 甲",
         "H1({name})M({@date})Q({@url})G4BS[甲]"},
        {"customer", "{\"mine\": {\"of\": \"contacts\"}}", "@table mine: name",
         "t:mine[姓名=name]"},
    };
    T *t = t_as(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = wanted(t, rows[i][0], rows[i][1], "body", rows[i][2]);
        if (strcmp(got, rows[i][3]) != 0)
            fail_msg("%s: %s", rows[i][2], got);
    }
    t->c.lang = "en";
    assert_string_equal(wanted(t, "customer", NULL, "body", "@fields completeness, name"),
                        "F[Completeness (%)=completeness>,Name=name]");
    t->c.lang = "zh";
    /* @fields alone: those of the layout */
    assert_string_equal(wanted(t, "customer", NULL, "body", "@fields"), "F[]");
    t_end(t);
}

/* A table without columns has those of the list, but for the one that says what they belong to: six at most. */
static void test_usual_columns(void **state)
{
    (void)state;
    int full = 0, fewer = 0;
    T *t = t_as(NULL);
    for (int i = 0; i < t->c.model->n; i++) {
        const Entity *e = &t->c.model->entities[i];
        PrintChild *children;
        int n = print_children(&t->c, e, &children);
        for (int k = 0; k < n; k++) {
            PrintWant w;
            Body *body;
            int want = 0;
            for (int f = 0; f < children[k].e->n_fields; f++) {
                const Field *x = &children[k].e->fields[f];
                want += x->in_list && x != children[k].link && x->type != FT_IMAGE &&
                        print_field_fits(x);
            }
            print_want_init(&w, &t->c, e, NULL, "body");
            OK(t, body_parse(&t->c, arena_printf(t->a, "@table %s", children[k].name), &body));
            OK(t, body_want(&w, body));
            assert_int_equal(body->n_columns, want < 6 ? want : 6);
            for (int f = 0; f < body->n_columns; f++)
                assert_string_not_equal(body->columns[f].path, children[k].link->name);
            *(want < 6 ? &fewer : &full) += 1;
        }
    }
    assert_true(full > 5 && fewer > 0);
    t_end(t);
}

/* Fields of a house's own: a figure stands on the right; pictures and what is out of use are no columns. */
static void test_own_fields(void **state)
{
    (void)state;
#define OWN(type, label)                                                                           \
    "{\"type\": \"" type "\", \"label\": {\"zh\": \"" label "\"}, \"list\": true"
    const CustomField fields[] = {
        {"contact", "x_rate", OWN("float", "率") "}", 1},
        {"contact", "x_face", OWN("image", "脸") "}", 2},
        {"contact", "x_gone", OWN("string", "旧") ", \"retired\": true}", 3}};
    Model *m;
    T *t = t_as(NULL);
    OK(t, model_build(&t->c, fields, 3, &m));
    const Model *was = t->c.model;
    t->c.model = m;
    assert_string_equal(wanted(t, "customer", NULL, "body", "@table contacts: x_rate"),
                        "t:contacts[率=x_rate>]");
    const Entity *e = model_entity(m, "contact");
    for (int i = 0; i < e->n_builtin; i++)
        ((Field *)(uintptr_t)&e->fields[i])->in_list = false; /* else they take all the room */
    assert_string_equal(wanted(t, "customer", NULL, "body", "@table contacts"),
                        "t:contacts[率=x_rate>]");
    t->c.model = was;
    t_end(t);
}

static void test_unknown(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"x\n@fields name, nothing", "第 2 行", "nothing"},
        {"@table nobody: a", "第 1 行", "nobody"},
        {"{{nothing}}", "第 1 行", "nothing"},
        {"\n{{#nobody}}\n{{inside}}\n{{/nobody}}", "第 2 行", "nobody"},
        {"{{^nobody}}\n{{/nobody}}", "第 1 行", "nobody"},
        {"{{#contacts}}\n{{nothing}}\n{{/contacts}}", "第 2 行", "nothing"},
        {"@table contacts: nothing", "第 1 行", "nothing"},
    };
    T *t = t_as(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = wanted(t, "customer", NULL, "body", rows[i][0]);
        if (*got != '!' || !strstr(got, rows[i][1]) || !strstr(got, rows[i][2]) || t->c.n_err != 1)
            fail_msg("%s: %s", rows[i][0], got);
    }
    /* ten are told */
    wanted(t, "customer", NULL, "body",
           "@fields a1,a2,a3,a4,a5,a6,a7,a8,a9,b1,b2\n@table c1\n{{d1}}");
    assert_int_equal(t->c.n_err, PRINT_MISTAKES);
    /* a draft that is only looked at: what is unknown stays empty, a column of it has no title */
    assert_string_equal(wanted(t, "customer", NULL, NULL, "@fields a, 乙=b\n@table nobody: c"),
                        "F[=a,乙=b]t:nobody[c]");
    t_end(t);
}

/* The built-in one: a table of each kind of parts, of those the reader may read. */
static void test_built_in(void **state)
{
    (void)state;
    static const char role[] = "{\"code\": \"narrow\", \"name\": \"窄\", \"rights\": {\"rights\": "
                               "[], \"entities\": {\"customer\": {\"scope\": \"all\", "
                               "\"actions\": \"read\"}}}}";
    static const char person[] =
        "{\"departments\": [], \"users\": [{\"login\": \"narrow\", \"name\": \"窄一\", "
        "\"department\": \"hq\", \"roles\": [\"narrow\"]}]}";
    int created, updated;
    T *t = t_as(NULL);
    make(t, "role", js(t, "%s", role));
    OK(t, user_import(&t->c, js(t, "%s", person), &created, &updated));
    t_end(t);
    static const struct {
        const char *login, *lists;
        bool contacts;
        int limit;
    } rows[] = {
        {"boss", NULL, true, 100},
        {"boss", "{\"contacts\": {\"of\": \"contacts\", \"limit\": 7}}", true, 7},
        {"narrow", NULL, false, 0}, /* reads customers, and no contacts */
        {"sec", NULL, true, 100},   /* reads neither: who edits templates sees what others get */
        {"boss", "{\"contacts\": 5}", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        PrintWant w;
        t = t_as(rows[i].login);
        print_want_init(&w, &t->c, ent(t, "customer"),
                        rows[i].lists ? js(t, "%s", rows[i].lists) : NULL, NULL);
        const char *text = body_built_in(&t->c, &w);
        assert_memory_equal(text, "# {{@title}}\n", 13);
        if ((strstr(text, "## 联系人\n@table contacts\n") != NULL) != rows[i].contacts)
            fail_msg("%zu: %s", i, text);
        assert_null(strstr(text, "tasks.")); /* what only names it is no part of it */
        PrintSet *s = rows[i].contacts ? print_want_list(&w, "contacts") : NULL;
        assert_int_equal(s ? s->limit : 0, rows[i].limit);
        t_end(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_wanted), HOUSE_TEST(test_usual_columns),
                                       HOUSE_TEST(test_own_fields), HOUSE_TEST(test_unknown),
                                       HOUSE_TEST(test_built_in)};
    return house_run(tests);
}
