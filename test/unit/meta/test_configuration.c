/* What an entity file may say about configuration, and each mistake of it with file and line; the order of the built-in ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "meta_sources.h"

#include "base/msg.h"
#include "meta/configuration.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(0);
    return msg_load() ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* The built-in files and one more. */
static bool build(Ctx *c, const char *text, Model **m)
{
    ctx_init(c, arena);
    c->lang = "en";
    return build_with(c, "entities/x/thing.json", text, NULL, 0, m);
}

#define L "\"label\": {\"zh\": \"甲\", \"en\": \"X\"}"
#define THING(top, fields)                                                                         \
    "{ \"entity\": \"thing\", \"plural\": \"things\", " L ",\n"                                    \
    "  \"title\": \"name\", \"roles\": {\"*\": {\"scope\": \"all\", \"actions\": \"read\"}},\n"    \
    "  " top "\n"                                                                                  \
    "  \"fields\": {\n"                                                                            \
    "    \"name\": {\"type\": \"string\", \"label\": {\"zh\": \"名\", \"en\": \"Name\"}},\n"      \
    "    " fields "\n"                                                                             \
    "  } }"
#define CONF(more) "\"key\": [\"name\"], \"configuration\": {" more "},"

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {THING("\"key\": [\"nane\"],", ""), ":3: error: \"key\" names \"nane\""},
        {THING("\"key\": [\"n\"],", "\"n\": {\"type\": \"int\", " L "}"),
         ":3: error: \"key\" names \"n\""},
        {THING("\"key\": [],", ""), ":3: error: \"key\" must name at least one field"},
        {THING("\"gets\": [\"attachments\"], \"key\": [\"f\"],",
               "\"f\": {\"type\": \"files\", " L "}"),
         ":3: error: \"key\" names \"f\""},
        {THING("\"key\": [\"no\", \"m\", \"nane\"],",
               "\"m\": {\"type\": \"email\", " L "}, \"no\": {\"type\": \"number\", " L "}"),
         ":3: error: \"key\" names \"nane\""},
        {THING("\"key\": [\"name\"], \"configuration\": {\"without\": [\"name\"]},", ""),
         "which is no part of the configuration"},
        {THING("\"configuration\": {},", ""), ":3: error: \"configuration\" needs \"key\""},
        {THING("\"key\": [\"name\"], \"configuration\": [],", ""), ":3: error: "},
        {THING(CONF("\"wher\": []"), ""), "did you mean \"where\"?"},
        {THING(CONF("\"where\": [\"nane\", \"=\", \"x\"]"), ""), ":3: error: "},
        {THING(CONF("\"of\": \"nane\""), ""), ":3: error: \"of\" names the field \"nane\""},
        {THING(CONF("\"without\": [\"nane\"]"), ""), "\"without\" names the field \"nane\""},
        {THING(CONF("\"after\": [\"customer\"]"), ""), ":3: error: \"after\" names \"customer\""},
        {THING(CONF("\"after\": [\"nobody\"]"), ""), ":3: error: \"after\" names \"nobody\""},
        {THING(CONF("\"owner\": true") "\"standard\": false,", ""),
         ":3: error: \"owner\" needs the standard fields"},
        {THING(CONF("\"states\": {\"name\": [\"on\", \"off\"]}"), ""),
         ":3: error: \"states\" names \"name\""},
        {THING(CONF("\"states\": {\"b\": [\"on\"]}"),
               "\"b\": {\"type\": \"bool\", \"readonly\": true, " L "}"),
         ":3: error: \"b\" must be a list of texts"},
        {THING(CONF("\"states\": {\"b\": [\"on\", \"off\"]}"),
               "\"b\": {\"type\": \"bool\", \"readonly\": true, " L "}"),
         ":3: error: \"states\" of \"b\" must name two actions"},
        {THING(CONF("\"states\": {\"b\": [\"on\", \"off\"]}") "\"actions\": {\"on\": {" L "}},",
               "\"b\": {\"type\": \"bool\", \"readonly\": true, " L "}"),
         ":3: error: \"states\" of \"b\" must name two actions"},
        {THING(CONF("\"states\": {\"b\": [\"on\", \"off\"]}"),
               "\"b\": {\"type\": \"bool\", " L "}"),
         ":3: error: \"states\" names \"b\""},
        {THING(CONF("\"states\": {\"c\": [\"on\", \"off\"]}"), ""),
         ":3: error: \"states\" names \"c\""},
        {THING(CONF(""), "\"l\": {\"type\": \"link\", " L "}"),
         ":6: error: there is no entity \"?\""},
        {THING(CONF(""), "\"l\": {\"type\": \"link\", \"to\": \"nobody\", " L "}"),
         ":6: error: there is no entity \"nobody\""},
        {THING(CONF(""), "\"l\": {\"type\": \"link\", \"to\": \"thing\", " L "}"),
         ":6: error: \"l\" points to its own entity"},
        {THING(CONF(""), "\"l\": {\"type\": \"link\", \"to\": \"job\", " L "}"),
         ":6: error: \"l\" points to \"job\", which has neither \"key\" nor a number"},
        {THING(CONF(""), "\"f\": {\"type\": \"file\", " L "}"), ":6: error: \"f\" is a file"},
        {THING(CONF(""), "\"f\": {\"type\": \"image\", " L "}"), ":6: error: \"f\" is a file"},
        {THING(CONF(""), "\"f\": {\"type\": \"files\", " L "}"),
         ":6: error: \"f\": at most one field of files"},
        {THING(CONF("") "\"gets\": [\"attachments\"],",
               "\"f\": {\"type\": \"files\", " L "}, \"g\": {\"type\": \"files\", " L "}"),
         ":6: error: \"g\": at most one field of files"},
        {THING(CONF(""), "\"j\": {\"type\": \"json\", \"refs\": {\"*.x\": \"usr\"}, " L "}"),
         ":6: error: "},
        {THING(CONF(""), "\"j\": {\"type\": \"json\", \"refs\": {\"\": \"filter\"}, " L "}"),
         ":6: error: \"filter\" in \"refs\" needs \"of\""},
        {THING("", "\"j\": {\"type\": \"string\", \"refs\": {\"\": \"user\"}, " L "}"),
         ":6: error: "},
        {THING("", "\"j\": {\"type\": \"json\", \"refs\": {\"a\": 5}, " L "}"), ":6: error: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Ctx c;
        Model *m = NULL;
        bool found = false;
        assert_false(build(&c, cases[i].text, &m));
        for (const ErrItem *e = c.err; e; e = e->next)
            found |=
                strstr(e->message, cases[i].message) && strstr(e->message, "entities/x/thing.json");
        if (!found)
            fail_msg("case %zu: %s, and not %s", i, c.err ? c.err->message : "-", cases[i].message);
    }
}

static int place(const Entity *const *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i]->name, name) == 0)
            return i;
    fail_msg("%s is no configuration", name);
    return -1;
}

static void test_order(void **state)
{
    (void)state;
    Ctx c;
    Model *m;
    const Entity *const *list, *stuck;
    assert_true(build(&c, THING(CONF("\"after\": [\"rule\"]"), ""), &m));
    assert_int_equal(strlen(m->version), 16); /* said of every model, for what is kept by it */
    assert_string_equal(model_entity(m, "thing")->title->name, "name");
    assert_string_equal(model_entity(m, "customer")->title->name, "name");
    int n = configuration_entities(arena, m, &list, &stuck);
    assert_null(stuck);
    static const char *const pairs[][2] = {{"custom_field", "rule"},    {"custom_field", "layout"},
                                           {"role", "layout"},          {"role", "dashboard"},
                                           {"metric_def", "dashboard"}, {"channel", "rule"},
                                           {"role", "approval_flow"},   {"rule", "thing"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_true(place(list, n, pairs[i][0]) < place(list, n, pairs[i][1]));
    model_release(m);
}

static void test_carried(void **state)
{
    (void)state;
    Ctx c;
    Model *m;
    static const struct {
        const char *entity, *field;
        bool yes;
    } cases[] = {{"rule", "owner", true},           {"rule", "next_at", false},
                 {"rule", "turn", false},           {"rule", "actions", true},
                 {"role", "owner", false},          {"role", "is_system", false},
                 {"channel", "secret", true},       {"channel", "secret_sealed", false},
                 {"custom_field", "retired", true}, {"saved_view", "is_default", false},
                 {"saved_view", "version", false},  {"customer", "name", false}};
    assert_true(build(&c, NULL, &m));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Entity *e = model_entity(m, cases[i].entity);
        if (configuration_carries(e, entity_field(e, cases[i].field)) != cases[i].yes)
            fail_msg("%s.%s", cases[i].entity, cases[i].field);
    }
    model_release(m);
}

/* The built-in files and two more; `more` and `fields` of each as they are given. */
static bool build_two(Ctx *c, const char *const more[2], const char *const fields[2], Model **m)
{
    MetaSource *list = ARENA_ARRAY(arena, 100, MetaSource);
    int n = 0;
    ctx_init(c, arena);
    c->lang = "en";
    for (const Embed *e = embed_first("entities/");
         e && e->path && strncmp(e->path, "entities/", 9) == 0; e++)
        list[n++] = (MetaSource){e->path, (const char *)e->data, e->len};
    for (int i = 0; i < 2; i++) {
        char *text = arena_printf(arena,
                                  "{ \"entity\": \"t%d\", \"plural\": \"ts%d\", " L
                                  ",\n\"title\": \"name\", \"roles\": {\"*\": {\"scope\": \"all\", "
                                  "\"actions\": \"read\"}},\n\"key\": [\"name\"], "
                                  "\"configuration\": {%s},\n\"fields\": {\"name\": {\"type\": "
                                  "\"string\", " L "}%s}}",
                                  i, i, more[i], fields[i]);
        list[n++] = (MetaSource){arena_printf(arena, "entities/x/t%d.json", i), text, strlen(text)};
    }
    return meta_build(c, list, n, NULL, 0, m);
}

/* The first has a link to the second, behind fields that are not carried. */
static void test_order_of_links(void **state)
{
    (void)state;
    Ctx c;
    Model *m;
    const Entity *const *list, *stuck;
    static const char *const links[] = {"link", "link_many"};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        const char *more[] = {"", ""},
                   *fields[] = {arena_printf(arena,
                                             ", \"l\": {\"type\": \"%s\", \"to\": \"t1\", " L "}",
                                             links[i]),
                                ""};
        if (!build_two(&c, more, fields, &m))
            fail_msg("%s", c.err->message);
        int n = configuration_entities(arena, m, &list, &stuck);
        assert_null(stuck);
        assert_true(place(list, n, "t1") < place(list, n, "t0"));
        model_release(m);
    }
}

/* Two that come after each other. */
static void test_circle(void **state)
{
    (void)state;
    Ctx c;
    Model *m = NULL;
    bool found = false;
    const char *more[] = {"\"after\": [\"t1\"]", "\"after\": [\"t0\"]"}, *fields[] = {"", ""};
    assert_false(build_two(&c, more, fields, &m));
    for (const ErrItem *e = c.err; e; e = e->next)
        found |= strstr(e->message, "entities/x/t0.json:3: error: \"t0\" and others") != NULL;
    assert_true(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_order),
        cmocka_unit_test(test_order_of_links), cmocka_unit_test(test_carried),
        cmocka_unit_test(test_circle)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
