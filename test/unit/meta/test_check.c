/* Every mistake the parser and the checker know is made once in a small entity laid beside the built-in
   ones, and the message is compared: file, line and what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "meta_sources.h"

#include "base/msg.h"

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
static bool build(Ctx *c, const char *name, const char *text, const CustomField *custom,
                  int n_custom, Model **m)
{
    ctx_init(c, arena);
    c->lang = "en";
    return build_with(c, name, text, custom, n_custom, m);
}

#define THING(top, fields)                                                                         \
    "{ \"entity\": \"thing\", \"plural\": \"things\", \"label\": {\"zh\": \"物\", \"en\": "       \
    "\"Thing\"},\n"                                                                                \
    "  \"title\": \"name\", \"roles\": {\"*\": {\"scope\": \"all\", \"actions\": \"read\"}},\n"    \
    "  " top "\n"                                                                                  \
    "  \"fields\": {\n"                                                                            \
    "    \"name\": {\"type\": \"string\", \"label\": {\"zh\": \"名\", \"en\": \"Name\"}},\n"      \
    "    " fields "\n"                                                                             \
    "  } }"
#define L "\"label\": {\"zh\": \"甲\", \"en\": \"X\"}"

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        /* shape */
        {THING("\"lable\": {},", ""),
         "thing.json:3: error: key \"lable\" is not defined; did you mean \"label\"?"},
        {THING("", "\"x\": {\"type\": \"int\", " L ", \"requird\": true}"),
         "thing.json:6: error: key \"requird\" is not defined; did you mean \"required\"?"},
        {THING("", "\"x\": {\"type\": \"strng\", " L "}"),
         "thing.json:6: error: there is no field type \"strng\"; did you mean \"string\"?"},
        {THING("", "\"x\": {" L "}"), "thing.json:6: error: \"type\" is missing"},
        {THING("", "\"x\": {\"type\": \"int\"}"), "thing.json:6: error: \"label\" is missing"},
        {THING("", "\"x\": {\"type\": \"int\", \"label\": {\"zh\": \"甲\"}}"),
         "\"label\" has no text in the language \"en\""},
        {THING("", "\"x\": {\"type\": \"int\", \"label\": {\"en\": \"X\"}}"),
         "\"label\" has no text in the language \"zh\""},
        {THING("", "\"x\": {\"type\": \"int\", " L ", \"required\": 1}"),
         "\"required\" must be true or false"},
        {THING("", "\"x\": {\"type\": \"money\", " L ", \"min\": \"0.001\"}"),
         "\"min\" must be a number"},
        {THING("\"gets\": [\"serach\"],", ""),
         "\"serach\" is not one of the words of \"gets\"; did you mean \"search\"?"},
        {THING("", "\"x\": {\"type\": \"int\", " L ", \"retired\": true}"),
         "for custom fields only"},
        {"{ \"entity\": \"thing\", ", "the JSON cannot be read"},
        {"[]", "should be one JSON object"},
        {"{ \"entity\": \"thing\", \"label\": {\"zh\": \"物\", \"en\": \"T\"}, \"title\": \"id\", "
         "\"fields\": {} }",
         "\"plural\" is missing"},
        /* fields */
        {THING("", "\"owner\": {\"type\": \"int\", " L "}"),
         "field \"owner\" has the name of a standard field"},
        {THING("", "\"x\": {\"type\": \"link\", " L "}"), "link \"x\" does not say where to"},
        {THING("", "\"x\": {\"type\": \"link\", " L ", \"to\": \"custmer\"}"),
         "thing.json:6: error: there is no entity \"custmer\"; did you mean \"customer\"?"},
        {THING("", "\"x\": {\"type\": \"link\", " L ", \"to_field\": \"name\"}"),
         "\"to_field\" must name an option field"},
        {THING("", "\"x\": {\"type\": \"int\", " L ", \"to\": \"customer\"}"),
         "\"to\" is not for type int"},
        {THING("", "\"x\": {\"type\": \"option\", " L "}"), "field \"x\" has no options"},
        {THING("", "\"x\": {\"type\": \"int\", " L
                   ", \"options\": {\"a\": {\"zh\": \"甲\", \"en\": \"A\"}}}"),
         "\"options\" is not for type int"},
        {THING(
             "",
             "\"x\": {\"type\": \"option\", " L
             ", \"options\": {\"new\": {\"zh\": \"新\", \"en\": \"New\"}}, \"default\": \"nwe\"}"),
         "thing.json:6: error: default \"nwe\" is not one of the options of \"x\"; did you mean "
         "\"new\"?"},
        {THING("", "\"x\": {\"type\": \"option\", " L
                   ", \"options\": {\"a\": {\"zh\": \"甲\", \"en\": \"A\"}, \"b\": {\"zh\": "
                   "\"甲\", \"en\": \"B\"}}}"),
         "options \"a\" and \"b\" are both called"},
        {THING("", "\"x\": {\"type\": \"option\", " L
                   ", \"options\": {\"a b\": {\"zh\": \"甲\", \"en\": \"A\"}}}"),
         "option code \"a b\""},
        {THING("", "\"x\": {\"type\": \"option\", " L
                   ", \"options\": {\"a\": {\"zh\": \"甲\", \"en\": \"A\", \"color\": \"pink\"}}}"),
         "\"color\" is \"pink\" and must be one of"},
        {THING("", "\"x\": {\"type\": \"int\", " L ", \"min\": 5, \"max\": 3}"),
         "\"min\" is greater than \"max\""},
        {THING("", "\"x\": {\"type\": \"string\", " L ", \"max\": -3}"),
         "a length must be positive"},
        {THING("", "\"x\": {\"type\": \"bool\", " L ", \"max\": 3}"),
         "\"max\" is not for type bool"},
        {THING("", "\"x\": {\"type\": \"string\", " L ", \"pattern\": \"a(\"}"),
         "the pattern is wrong at character"},
        {THING("", "\"x\": {\"type\": \"int\", " L ", \"default\": \"many\"}"),
         "default \"many\" is no allowed value of type int"},
        {THING("", "\"x\": {\"type\": \"link\", " L ", \"to\": \"customer\", \"default\": \"me\"}"),
         "default \"me\" is for links to \"user\""},
        {THING("", "\"X\": {\"type\": \"int\", " L "}"), "\"X\" cannot be a name"},
        {THING("", "\"order\": {\"type\": \"int\", " L "}"), "\"order\" is a reserved word"},
        {THING("", "\"x\": {\"type\": \"link\", " L
                   ", \"to\": \"user\"}, \"x_id\": {\"type\": \"int\", " L "}"),
         "column \"x_id\" of field \"x_id\" is already a column of field \"x\""},
        {THING("", "\"x\": {\"type\": \"string\", " L ", \"required\": true, \"readonly\": true}"),
         "a readonly field without a default cannot be required"},
        {THING("", "\"x\": {\"type\": \"string\", " L ", \"required\": true, \"hidden\": true}"),
         "a hidden field cannot be required"},
        {THING("", "\"x\": {\"type\": \"int\", " L ", \"personal\": true}"),
         "\"personal\" is not for type int"},
        {THING("", "\"x\": {\"type\": \"string\", " L ", \"match\": \"phone\"}"),
         "match \"phone\" is not for type string"},
        {THING("", "\"x\": {\"type\": \"bool\", " L ", \"sort\": true}"),
         "\"sort\" is not for type bool"},
        {THING("", "\"x\": {\"type\": \"string\", " L ", \"hidden\": true, \"list\": true}"),
         "is not given out"},
        {THING("", "\"x\": {\"type\": \"string\", " L ", \"section\": \"nowhere\"}"),
         "there is no section \"nowhere\""},
        {THING("", "\"x\": {\"type\": \"parts\", " L "}"), "field \"x\" has no \"parts\""},
        {THING("",
               "\"x\": {\"type\": \"string\", " L ", \"required_if\": [\"nmae\", \"=\", \"a\"]}"),
         "\"required_if\" is wrong: there is no field \"nmae\"; did you mean \"name\"?"},
        {THING("", "\"x\": {\"type\": \"string\", " L
                   ", \"required_if\": [\"owner.name\", \"=\", \"a\"]}"),
         "only use fields of the record itself"},
        {THING("", "\"x\": {\"type\": \"string\", " L ", \"was\": \"name\"}"),
         "the former name \"name\" is still in use"},
        {THING("", "\"x\": {\"type\": \"number\", " L "}"),
         "there is a number field \"x\" and no \"number\" pattern"},
        {THING("", "\"x\": {\"type\": \"decimal\", " L ", \"scale\": 12}"),
         "\"scale\" must be 0 to 9"},
        /* entity */
        {THING("\"number\": \"T{yyyyMMdd}\",", "\"n\": {\"type\": \"number\", " L "}"),
         "number pattern \"T{yyyyMMdd}\" is malformed"},
        {THING("\"number\": \"T{seq:3}\", \"number_reset\": \"day\",",
               "\"n\": {\"type\": \"number\", " L "}"),
         "would repeat numbers"},
        {THING("\"number\": \"T{seq:3}\",", ""), "needs exactly one field of type number"},
        {THING("\"sort\": \"name\",", ""), "has no \"sort\": true and so no index"},
        {THING("\"sort\": \"nmae\",", ""),
         "\"sort\" names the field \"nmae\", and there is none; did you mean \"name\"?"},
        {THING("\"parent\": \"name\",", ""), "\"parent\" must name a link"},
        {THING("\"tree\": \"owner\",", ""), "\"tree\" must name a link to the entity itself"},
        {THING("\"timeline\": [\"follow_up.customer\"],", ""),
         "timeline \"follow_up.customer\" must be entity.field with a link to \"thing\""},
        {THING("\"gets\": [\"timeline\"],", ""), "\"timeline\" names nothing"},
        {THING("\"gets\": [\"search\"],", ""), "no field has \"search\""},
        {THING("\"gets\": [\"dedupe\"],", ""), "there are no \"dups\""},
        {THING("\"standard\": false, \"gets\": [\"history\"],", ""),
         "\"history\" needs the standard fields"},
        {THING("\"gets\": [\"trash\", \"merge\"],", ""),
         "\"merge\" needs the standard fields, \"trash\", and a read-only link merged_into"},
        {THING("\"gets\": [\"trash\", \"merge\"],",
               "\"merged_into\": {\"type\": \"link\", " L ", \"to\": \"thing\"}"),
         "\"merge\" needs the standard fields, \"trash\", and a read-only link merged_into"},
        {THING("\"gets\": [\"trash\", \"merge\"],", "\"merged_into\": {\"type\": \"link\", " L
                                                    ", \"to\": \"customer\", \"readonly\": true}"),
         "\"merge\" needs the standard fields, \"trash\", and a read-only link merged_into"},
        {THING("\"gets\": [\"trash\", \"merge\"],",
               "\"merged_into\": {\"type\": \"int\", " L ", \"readonly\": true}"),
         "\"merge\" needs the standard fields, \"trash\", and a read-only link merged_into"},
        {THING("\"gets\": [\"merge\"],", "\"merged_into\": {\"type\": \"link\", " L
                                         ", \"to\": \"thing\", \"readonly\": true}"),
         "\"merge\" needs the standard fields, \"trash\", and a read-only link merged_into"},
        {THING("\"indexes\": [[\"nmae\"]],", ""), "\"indexes\" names the field \"nmae\""},
        {THING("\"dups\": {\"d\": {\"fields\": [\"name\"], \"form\": \"warn\"}},", ""),
         "uses field \"name\", which has no \"match\""},
        {THING("\"dups\": {\"d\": {\"fields\": [\"name\"], \"form\": \"shout\"}},", ""),
         "must be one of: none warn block count"},
        {THING("\"actions\": {\"go\": {\"right\": \"edit\"}},", ""), "\"label\" is missing"},
        {THING("\"actions\": {\"go\": {" L ", \"right\": \"fly\"}},", ""), "\"right\" is \"fly\""},
        {THING("\"actions\": {\"go\": {" L ", \"in_list\": true}},", ""),
         "\"in_list\" is for actions with on_entity only"},
        {THING("\"actions\": {\"go\": {" L ", \"shown_if\": [\"nowhere\", \"=\", 1]}},", ""),
         "\"shown_if\" is wrong"},
        {THING("\"right\": \"kings\",", ""), "\"right\" is \"kings\""},
        {THING("\"title2\": 1,", ""), "key \"title2\" is not defined; did you mean \"title\"?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Ctx c;
        Model *m = NULL;
        bool ok = build(&c, "entities/test/thing.json", cases[i].text, NULL, 0, &m);
        if (ok || !c.err || !strstr(c.err->message, cases[i].want))
            print_error("case %zu: wanted: %s\n     got: %s\n", i, cases[i].want,
                        c.err ? c.err->message : "(nothing)");
        assert_false(ok);
        assert_non_null(c.err);
        assert_non_null(strstr(c.err->message, cases[i].want));
    }
}

static void fails(const char *file, const char *text, const char *want)
{
    Ctx c;
    Model *m;
    assert_false(build(&c, file, text, NULL, 0, &m));
    if (!strstr(c.err->message, want))
        print_error("wanted: %s\n   got: %s\n", want, c.err->message);
    assert_non_null(strstr(c.err->message, want));
}

#define BARE(name, plural, rest)                                                                   \
    "{ \"entity\": \"" name "\", \"plural\": \"" plural                                            \
    "\", \"label\": {\"zh\": \"物\", \"en\": \"T\"}, \"title\": \"name\",\n" rest                  \
    "  \"fields\": {\"name\": {\"type\": \"string\", \"label\": {\"zh\": \"名\", \"en\": "        \
    "\"Name\"}}} }"
#define EVERY "\"roles\": {\"*\": {\"scope\": \"all\", \"actions\": \"read\"}},\n"

static void test_names(void **state)
{
    (void)state;
    fails("entities/test/thing.json", BARE("thing", "customers", EVERY),
          "plural \"customers\" is already used");
    fails("entities/test/thing.json", BARE("thing", "jobs", EVERY), "plural \"jobs\" is reserved");
    fails("entities/test/thing.json", BARE("thing", "favorites", EVERY),
          "plural \"favorites\" is reserved");
    fails("entities/test/thing.json", BARE("thing", "things", EVERY "\"calendar\": \"name\",\n"),
          "the calendar field \"name\" must be a date");
    fails("entities/test/thing.json", BARE("thing", "things", EVERY "\"calendar\": \"day\",\n"),
          "\"calendar\" names the field \"day\", and there is none");
    fails("entities/test/thing.json", BARE("thing", "Things", EVERY), "plural \"Things\"");
    fails("entities/test/customer.json", BARE("customer", "things", EVERY),
          "is already declared in entities/customer/customer.json");
    fails("entities/test/history.json", BARE("history", "things", EVERY),
          "the name of a table of the engine");
    fails("entities/test/other.json", BARE("thing", "things", EVERY),
          "the file must be called thing.json");
    fails("entities/test/thing.json", BARE("thing", "things", ""), "nobody could use it");
    fails("entities/test/thing.json",
          BARE("thing", "things",
               "\"roles\": {\"sales_rap\": {\"scope\": \"own\", \"actions\": \"read\"}},"),
          "role \"sales_rap\"");
    fails("entities/test/thing.json",
          BARE("thing", "things",
               "\"roles\": {\"*\": {\"scope\": \"mine\", \"actions\": \"read\"}},"),
          "\"scope\"");
    fails("entities/test/thing.json",
          BARE("thing", "things",
               "\"roles\": {\"*\": {\"scope\": \"all\", \"actions\": \"read wirte\"}},"),
          "\"wirte\"");
    fails("entities/test/rel_thing.json", BARE("rel_thing", "things", EVERY),
          "\"rel_thing\" cannot be a name");
    fails("entities/test/search_thing.json", BARE("search_thing", "things", EVERY),
          "\"search_thing\" cannot be a name");
    fails("entities/test/Thing.json", BARE("Thing", "things", EVERY), "\"Thing\" cannot be a name");
    fails("entities/test/thing.jsn", BARE("thing", "things", EVERY), "must be called thing.json");
    /* the folder is the group, whatever stands in front of it */
    static const char *const files[][2] = {
        {"entities/test/thing.json", "test"}, {"test/thing.json", "test"}, {"thing.json", "other"}};
    for (int i = 0; i < 3; i++) {
        Ctx c;
        Model *m;
        if (!build(&c, files[i][0], BARE("thing", "things", EVERY), NULL, 0, &m))
            fail_msg("%s: %s", files[i][0], c.err->message);
        assert_string_equal(model_entity(m, "thing")->group, files[i][1]);
        model_release(m);
    }
}

/* What must stand in a file; where it does not, the rest is read all the same. */
static void test_without(void **state)
{
    (void)state;
#define T_NAME "\"entity\": \"thing\""
#define T_PLURAL "\"plural\": \"things\""
#define T_LABEL "\"label\": {\"zh\": \"物\", \"en\": \"T\"}"
#define T_TITLE "\"title\": \"name\""
#define T_FIELDS "\"fields\": {\"name\": {\"type\": \"strin\", " L "}}"
    static const struct {
        const char *text, *missing;
    } cases[] = {
        {"{" T_PLURAL ", " T_LABEL ", " T_TITLE ", " T_FIELDS "}", "entity"},
        {"{" T_NAME ", " T_LABEL ", " T_TITLE ", " T_FIELDS "}", "plural"},
        {"{" T_NAME ", " T_PLURAL ", " T_TITLE ", " T_FIELDS "}", "label"},
        {"{" T_NAME ", " T_PLURAL ", " T_LABEL ", " T_FIELDS "}", "title"},
        {"{" T_NAME ", " T_PLURAL ", " T_LABEL ", " T_TITLE "}", "fields"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Ctx c;
        Model *m;
        assert_false(build(&c, "entities/test/thing.json", cases[i].text, NULL, 0, &m));
        char *want =
            arena_printf(arena, "thing.json:1: error: \"%s\" is missing", cases[i].missing);
        assert_non_null(strstr(c.err->message, want));
        bool type = strstr(c.err_last->message, "did you mean \"string\"?");
        assert_int_equal(type, strcmp(cases[i].missing, "fields") != 0);
    }
}

/* The standard fields are a file like the others, whose mistakes are told with its lines. */
static void test_standard(void **state)
{
    (void)state;
    static const char path[] = "entities/standard.json";
    static const struct {
        const char *was,
            *is; /* in the built-in file; was NULL: the whole of it, is NULL: no file */
        const char *want;
    } cases[] = {
        {NULL, NULL, "entities/standard.json is missing"},
        {NULL, "{", "entities/standard.json: error: the JSON cannot be read"},
        {NULL, "{}", "entities/standard.json:1: error: \"fields\" is missing"},
        {NULL, "{\"fields\": {}}", "the standard fields and their order must be"},
        {"{ \"fields\":", "{ \"more\": 1, \"fields\":",
         "entities/standard.json:4: error: key \"more\" is not defined"},
        {"\"version\":    {\"type\": \"int\"", "\"version\":    {\"type\": \"itn\"",
         "entities/standard.json:6: error: there is no field type \"itn\""},
        {"\"version\": ", "\"varsion\": ",
         "entities/standard.json:4: error: the standard fields and their order must be"},
        {"\"version\":    {\"type\": \"int\"",
         "\"version\":    {\"type\": \"int\", \"pattern\": \"1\"",
         "entities/standard.json:6: error: \"pattern\" is not for type int"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Ctx c;
        Model *m;
        MetaSource list[100];
        int n = 0;
        ctx_init(&c, arena);
        c.lang = "en";
        for (const Embed *e = embed_first("entities/");
             e && e->path && strncmp(e->path, "entities/", 9) == 0; e++) {
            const char *text = arena_dup(arena, (const char *)e->data, e->len);
            if (strcmp(e->path, path) == 0 && cases[i].was) {
                const char *at = strstr(text, cases[i].was);
                assert_non_null(at);
                text = arena_printf(arena, "%.*s%s%s", (int)(at - text), text, cases[i].is,
                                    at + strlen(cases[i].was));
            } else if (strcmp(e->path, path) == 0) {
                text = cases[i].is;
            }
            if (text)
                list[n++] = (MetaSource){e->path, text, strlen(text)};
        }
        assert_false(meta_build(&c, list, n, NULL, 0, &m));
        if (!strstr(c.err->message, cases[i].want))
            fail_msg("wanted: %s\n   got: %s", cases[i].want, c.err->message);
    }
}

static void test_twice(void **state)
{
    (void)state;
    /* A key given twice (a field, an option, a role) is refused by the reading of JSON itself. */
    fails("entities/test/thing.json",
          THING("", "\"x\": {\"type\": \"int\", " L "}, \"x\": {\"type\": \"int\", " L "}"),
          "thing.json");
    fails("entities/test/thing.json",
          BARE("thing", "things",
               "\"roles\": {\"*\": {\"scope\": \"all\", \"actions\": \"read\"}, \"*\": {\"scope\": "
               "\"own\", \"actions\": \"read\"}},"),
          "thing.json");
}

static void test_good(void **state)
{
    (void)state;
    Ctx c;
    Model *m;
    if (!build(&c, "entities/test/thing.json",
               THING("", "\"x\": {\"type\": \"money\", " L ", \"min\": \"0.01\"},"), NULL, 0, &m))
        fail_msg("%s", c.err->message);
    const Entity *e = model_entity(m, "thing");
    assert_non_null(e);
    assert_ptr_equal(model_plural(m, "things"), e);
    assert_int_equal(entity_field(e, "x")->min, 1);
    assert_string_equal(entity_field(e, "owner")->column, "owner_id");
    assert_int_equal(entity_field(e, "name")->index, STD__COUNT);
    assert_true(strcmp(e->fields[STD_EXT_ID].name, "ext_id") == 0);
    model_release(m);
}

static void test_custom(void **state)
{
    (void)state;
    Ctx c;
    Model *m;
    CustomField good = {"customer", "parking_no",
                        "{\"type\": \"string\", \"label\": {\"zh\": \"车位\"}, \"search\": 1}", 77};
    assert_true(build(&c, NULL, NULL, &good, 1, &m));
    const Field *f = entity_field(model_entity(m, "customer"), "parking_no");
    assert_non_null(f);
    assert_true(f->custom && f->fold);
    assert_int_equal(f->custom_id, 77);
    assert_string_equal(f->label.en, "车位");
    assert_int_equal(f->index, f->entity->n_builtin);
    model_release(m);
    /* what is not said in English is said in Chinese; a field that is kept for its values alone */
    CustomField kinds = {
        "customer", "parking",
        "{\"type\": \"option\", \"label\": {\"zh\": \"车位\", \"en\": \"\"}, \"retired\": true, "
        "\"options\": {\"a\": {\"zh\": \"甲\", \"en\": \"\"}, \"b\": {\"zh\": \"乙\"}, "
        "\"c\": {\"zh\": \"丙\", \"en\": \"C\"}}, \"definition\": \"一句话\", "
        "\"example\": {\"zh\": \"如\", \"en\": \"such\"}}",
        78};
    assert_true(build(&c, NULL, NULL, &kinds, 1, &m));
    f = entity_field(model_entity(m, "customer"), "parking");
    assert_string_equal(f->label.en, "车位");
    assert_string_equal(f->definition.en, "一句话");
    assert_string_equal(f->example.en, "such");
    assert_string_equal(f->options[0].label.en, "甲");
    assert_string_equal(f->options[1].label.en, "乙");
    assert_string_equal(f->options[2].label.en, "C");
    assert_true(f->retired);
    model_release(m);
    static const CustomField bad[] = {
        {"customer", "name", "{\"type\": \"string\", \"label\": {\"zh\": \"名\"}}", 1},
        {"customer", "select", "{\"type\": \"string\", \"label\": {\"zh\": \"名\"}}", 1},
        {"customer", "Name2", "{\"type\": \"string\", \"label\": {\"zh\": \"名\"}}", 1},
        {"customer", "kind", "{\"type\": \"option\", \"label\": {\"zh\": \"名\"}}", 1},
        {"nobody", "kind", "{\"type\": \"string\", \"label\": {\"zh\": \"名\"}}", 1},
        {"audit_log", "kind", "{\"type\": \"string\", \"label\": {\"zh\": \"名\"}}", 1},
        {"customer", "kind", "{\"type\": \"string\"}", 1},
        {"customer", "kind", "[1]", 1},
        {"customer", "kind", "{", 1},
        {"customer", "name_f", "{\"type\": \"string\", \"label\": {\"zh\": \"名\"}}", 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(build(&c, NULL, NULL, &bad[i], 1, &m));
}

static void test_lines(void **state)
{
    (void)state;
    const char *text = "// one\n{ \"a\": {\"b\": 1},\n /* x\n y */ \"c\": {\n  \"d\": [1,\n 2], "
                       "\"e\": \"x\\\"y\" } }";
    MetaSource s = {"x", text, strlen(text)};
    assert_int_equal(META_LINE(&s, "a"), 2);
    assert_int_equal(META_LINE(&s, "c"), 4);
    assert_int_equal(META_LINE(&s, "c", "d"), 5);
    assert_int_equal(META_LINE(&s, "c", "e"), 6);
    assert_int_equal(META_LINE(&s, "c", "nothing"), 4);
    /* of more than eleven keys the first eleven */
    const char *deep = "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\n"
                       "\"a\":{\n\"a\":1}}}}}}}}}}}}";
    MetaSource d = {"x", deep, strlen(deep)};
    assert_int_equal(META_LINE(&d, "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"), 1);
    assert_int_equal(META_LINE(&d, "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"), 2);
    assert_int_equal(META_LINE(&d, "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_names),
        cmocka_unit_test(test_without),  cmocka_unit_test(test_standard),
        cmocka_unit_test(test_twice),    cmocka_unit_test(test_good),
        cmocka_unit_test(test_custom),   cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
