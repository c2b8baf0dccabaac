/*
 * More mistakes of an entity file: what is not for a type of field, defaults, limits, links by a field, conditions on the
 * record itself, actions, roles, numbers. Each is one small entity beside the built-in ones; the message is compared.
 */
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

#define L "\"label\": {\"zh\": \"甲\", \"en\": \"X\"}"
#define OPT(code, zh, en) "\"" code "\": {\"zh\": \"" zh "\", \"en\": \"" en "\"}"
#define KIND(codes) "\"kind\": {\"type\": \"option\", " L ", \"options\": {" codes "}}, "
#define ONE OPT("customer", "甲", "A")
#define F(type, rest) "\"x\": {\"type\": \"" type "\", " L ", " rest "}"
#define TEXT F("string", "\"max\": 20")

typedef struct Case {
    const char *top, *fields; /* beside the name; one more key of the entity, or "" */
    const char *want;         /* NULL: nothing is wrong */
} Case;

static void check(const Case *cases, size_t n)
{
    int wrong = 0;
    for (size_t i = 0; i < n; i++) {
        Ctx c;
        Model *m = NULL;
        ctx_init(&c, arena);
        c.lang = "en";
        const char *text = arena_printf(
            arena,
            "{ \"entity\": \"thing\", \"plural\": \"things\", \"label\": {\"zh\": \"物\", \"en\": "
            "\"Thing\"}, %s%s%s%s \"fields\": {\"name\": {\"type\": \"string\", "
            "\"label\": {\"zh\": \"名\", \"en\": \"Name\"}}, %s} }",
            strstr(cases[i].top, "\"title\"") ? "" : "\"title\": \"name\", ",
            strstr(cases[i].top, "\"roles\"")
                ? ""
                : "\"roles\": {\"*\": {\"scope\": \"all\", \"actions\": \"read\"}}, ",
            cases[i].top, *cases[i].top ? "," : "", cases[i].fields);
        bool ok = build_with(&c, "entities/test/thing.json", text, NULL, 0, &m);
        bool told = false;
        for (const ErrItem *e = c.err; e && cases[i].want; e = e->next)
            told = told || strstr(e->message, cases[i].want);
        if (ok != !cases[i].want || told != !ok) {
            print_error("case %zu: %s %s\n  wanted: %s\n  got: %s\n", i, cases[i].top,
                        cases[i].fields, cases[i].want ? cases[i].want : "(nothing)",
                        c.err ? c.err->message : "(nothing)");
            wrong++;
        }
        if (ok)
            model_release(m);
    }
    assert_int_equal(wrong, 0);
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))

static void defaults(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"", F("link", "\"to\": \"user\", \"default\": \"me\""), NULL},
        {"", F("link", "\"to\": \"department\", \"default\": \"my_department\""), NULL},
        {"", F("link", "\"to\": \"user\", \"default\": \"my_department\""),
         "default \"my_department\" is for links to \"department\""},
        {"", KIND(ONE) F("link", "\"to_field\": \"kind\", \"default\": \"me\""),
         "default \"me\" is for links to \"user\""},
        {"", KIND(ONE) F("link", "\"to_field\": \"kind\", \"default\": \"my_department\""),
         "default \"my_department\" is for links to \"department\""},
        {"", F("link", "\"to\": \"user\", \"default\": \"someone\""),
         "\"default\" is not for type link"},
        {"", F("date", "\"default\": \"today\""), NULL},
        {"", F("datetime", "\"default\": \"today\""), NULL},
        {"", F("datetime", "\"default\": \"now\""), NULL},
        {"", F("date", "\"default\": \"now\""), "default \"now\" is no allowed value of type date"},
        {"", F("string", "\"default\": \"today\""), NULL}, /* a word like any other */
        {"", F("string", "\"default\": \"me\""), NULL},
        {"", F("string", "\"max\": 3, \"default\": \"long\""),
         "is no allowed value of type string"},
        {"", F("int", "\"default\": \"3\""), NULL},
        {"", F("int", "\"max\": 2, \"default\": \"3\""), "is no allowed value of type int"},
        {"", F("file", "\"default\": \"a\""), "\"default\" is not for type file"},
        {"", F("image", "\"default\": \"a\""), "\"default\" is not for type image"},
        {"", F("option", "\"default\": \"far_away_word\", \"options\": {" ONE "}"),
         "default \"far_away_word\" is not one of the options of \"x\""},
        {"", F("multi_option", "\"default\": \"customer\", \"options\": {" ONE "}"), NULL},
        {"", F("multi_option", "\"default\": \"nobody\", \"options\": {" ONE "}"),
         "is no allowed value of type multi_option"},
    };
    CHECK(cases);
}

static void links(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"", KIND(ONE) F("link", "\"to_field\": \"kind\""), NULL},
        {"", KIND(ONE) F("link", "\"to_field\": \"kind\", \"to\": \"customer\""),
         "give \"to\" or \"to_field\", not both"},
        {"", KIND(OPT("nobody", "甲", "A")) F("link", "\"to_field\": \"kind\""),
         "there is no entity \"nobody\""},
        {"", F("link", "\"to_field\": \"kind\""), "\"to_field\" must name an option field"},
        {"", KIND(ONE) F("link_many", "\"to_field\": \"kind\""),
         "\"to_field\" must name an option field"},
        {"", F("int", "\"to_field\": \"name\""), "\"to_field\" is not for type int"},
        {"", F("link", "\"to\": \"qqqqqqqqqqqq\""), "there is no entity \"qqqqqqqqqqqq\""},
        {"", F("link_many", "\"to\": \"customer\""), NULL},
    };
    CHECK(cases);
}

static void limits(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"", F("bool", "\"min\": 1"), "\"min\" is not for type bool"},
        {"", F("date", "\"min\": 1, \"max\": 2"), "\"max\" is not for type date"},
        {"", F("string", "\"min\": -1"), "a length must be positive"},
        {"", F("string", "\"max\": 0"), "a length must be positive"},
        {"", F("text", "\"min\": 0, \"max\": 1"), NULL},
        {"", F("float", "\"min\": -2, \"max\": 2"), NULL},
        {"", F("decimal", "\"scale\": 9"), NULL},
        {"", F("decimal", "\"scale\": -1"), "\"scale\" must be 0 to 9"},
        {"", F("string", "\"search\": 10"), "the weight in search must be 1 to 9"},
        {"", F("string", "\"search\": -1"), "the weight in search must be 1 to 9"},
        {"", F("int", "\"pattern\": \"1\""), "\"pattern\" is not for type int"},
        {"", F("string", "\"pattern\": \"[a-z]+\""), NULL},
    };
    CHECK(cases);
}

static void not_for_the_type(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"", F("int", "\"fold\": true"), "\"fold\" is not for type int"},
        {"", F("int", "\"search\": 1"), "\"search\" is not for type int"},
        {"", F("text", "\"unique\": true"), "\"unique\" is not for type text"},
        {"", F("bool", "\"unique\": true"), "\"unique\" is not for type bool"},
        {"", F("json", "\"unique\": true"), "\"unique\" is not for type json"},
        {"", F("link_many", "\"to\": \"user\", \"unique\": true"),
         "\"unique\" is not for type link_many"},
        {"", F("multi_option", "\"unique\": true, \"options\": {" ONE "}"),
         "\"unique\" is not for type multi_option"},
        {"", F("int", "\"unique\": true"), NULL},
        {"", F("int", "\"parts\": {\"a\": {\"type\": \"int\", " L "}}"),
         "\"parts\" is not for type int"},
        {"", F("int", "\"shown_by\": \"name\""), "\"shown_by\" is not for type int"},
        {"", F("parts", "\"parts\": {\"a\": {\"type\": \"int\", " L "}}, \"shown_by\": \"nmae\""),
         "\"shown_by\" names the field \"nmae\", and there is none"},
        {"", F("string", "\"write_only\": true, \"sort\": true"), "is not given out"},
        {"", F("string", "\"write_only\": true, \"card\": true"), "is not given out"},
        {"", F("string", "\"hidden\": true, \"search\": 1"), "is not given out"},
        {"", F("string", "\"hidden\": true"), NULL},
        {"", F("text", "\"personal\": true"), NULL},
        {"", F("email", "\"personal\": true, \"match\": \"email\""), NULL},
        {"", F("phone", "\"match\": \"phone\""), NULL},
        {"", F("string", "\"match\": \"exact\""), NULL},
        {"", F("text", "\"match\": \"exact\""), "match \"exact\" is not for type text"},
        {"", F("int", "\"match\": \"exact\""), "match \"exact\" is not for type int"},
        {"", F("text", "\"match\": \"name\""), "match \"name\" is not for type text"},
        {"", F("phone", "\"match\": \"credit_code\""),
         "match \"credit_code\" is not for type phone"},
        {"", F("string", "\"match\": \"email\""), "match \"email\" is not for type string"},
    };
    CHECK(cases);
}

static void conditions(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"",
         TEXT ", \"y\": {\"type\": \"int\", " L
              ", \"required_if\": [\"or\", [\"x\", \"=\", \"a\"], "
              "[\"name\", \"=\", \"b\"]]}",
         NULL},
        {"",
         TEXT ", \"y\": {\"type\": \"int\", " L
              ", \"required_if\": [\"or\", [\"x\", \"=\", \"a\"], "
              "[\"owner.name\", \"=\", \"b\"]]}",
         "only use fields of the record itself"},
        {"", F("int", "\"shown_if\": [\"owner.name\", \"=\", \"b\"]"),
         "fields of the record itself"},
        {"", F("int", "\"required_by\": \"import.days\""), "must name a setting that is a list"},
        {"", F("int", "\"required_by\": \"no.such.setting\""),
         "must name a setting that is a list"},
    };
    CHECK(cases);
}

static void options(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"", F("option", "\"options\": {" OPT("a", "甲", "A") ", " OPT("b", "乙", "A") "}"),
         "options \"a\" and \"b\" are both called \"A\""},
        {"", F("option", "\"options\": {" OPT("", "甲", "A") "}"), "option code \"\""},
        {"",
         F("option",
           "\"options\": {" OPT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "甲", "A") "}"),
         "option code \"aaaa"},
        {"",
         F("option",
           "\"options\": {" OPT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "甲", "A") "}"),
         NULL},
    };
    CHECK(cases);
}

#define N "\"n\": {\"type\": \"number\", " L "}"
#define SELF OPT("thing", "甲", "A")
#define MERGE "\"gets\": [\"trash\", \"merge\"]"
#define ACTION(name, rest) "\"actions\": {\"" name "\": {" L ", " rest "}}"
#define EVERYBODY(scope, actions)                                                                  \
    "\"roles\": {\"*\": {\"scope\": \"" scope "\", \"actions\": \"" actions "\"}}"
#define WORD63 "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
static void entities(void **state)
{
    (void)state;
    static const Case cases[] = {
        /* numbers: blocks that are closed, and places for day, month and year that the counter begins anew with */
        {"\"number\": \"T{seq:3}\"", N, NULL}, /* never, unless it is said */
        {"\"number\": \"T{seq:3}\", \"number_reset\": \"never\"", N, NULL},
        {"\"number\": \"T{yyyy}{seq:3}\", \"number_reset\": \"year\"", N, NULL},
        {"\"number\": \"T{yyyy}{seq:3}\", \"number_reset\": \"month\"", N, "would repeat numbers"},
        {"\"number\": \"T{yyyyMM}{seq:3}\", \"number_reset\": \"month\"", N, NULL},
        {"\"number\": \"T{yyyyMM}{seq:3}\", \"number_reset\": \"day\"", N, "would repeat numbers"},
        {"\"number\": \"T{seq:3}\", \"number_reset\": \"year\"", N, "would repeat numbers"},
        {"\"number\": \"T{yyyyMMdd}{seq:0}\"", N, "is malformed"},
        {"\"number\": \"T{yyyyMMdd}{seq:12}\"", N, "is malformed"},
        {"\"number\": \"T{yyyyMMdd}}{seq:3}\"", N, "is malformed"},
        {"\"number\": \"T {yyyyMMdd}{seq:3}\"", N, "is malformed"},
        {"\"number\": \"T{hour}{seq:3}\"", N, "is malformed"},
        {"\"number\": \"aZ-_/.9{yyyyMMdd}{seq:9}\"", N, NULL},
        {"\"number\": \"TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT{yyyyMMdd}{seq:3}\"", N,
         "is malformed"},
        {"\"number\": \"T{yyyyMMdd}{seq:3}\", \"number_reset\": \"week\"", N, "\"week\""},
        {"\"number\": \"T{seq:x}\"", N, "is malformed"},
        {"\"number\": \"T{seq:3}{seq:3}\"", N, "is malformed"},
        {"\"number\": \"T:{seq:3}\"", N, "is malformed"},
        {"\"number\": \"T~{seq:3}\"", N, "is malformed"},
        {"\"number\": \"号{seq:3}\"", N, "is malformed"},
        {"\"number\": \"T{seq:3}\"", N ", \"x\": {\"type\": \"number\", " L "}",
         "needs exactly one field of type number"},
        /* what the entity names must be there and fit */
        {"\"calendar\": \"x\"", F("date", "\"list\": true"),
         "the calendar field \"x\" must be a date"},
        {"\"calendar\": \"x\"", F("date", "\"sort\": true"), NULL},
        {"\"calendar\": \"x\"", F("datetime", "\"sort\": true"), NULL},
        {"\"title\": \"x\"", F("link_many", "\"to\": \"user\""), "the title \"x\" has no column"},
        {"\"title\": \"x\"", F("email", "\"list\": true"), NULL},
        {"\"title\": \"nmae\"", TEXT, "\"title\" names the field \"nmae\", and there is none"},
        {"\"sort\": \"qqqqqqqqqqqq\"", TEXT, "names the field \"qqqqqqqqqqqq\", and there is none"},
        {"\"sort\": \"-id\"", TEXT, NULL},
        {"\"tree\": \"x\"", F("link", "\"to\": \"customer\""),
         "\"tree\" must name a link to the entity itself"},
        {"\"tree\": \"x\"", F("link", "\"to\": \"thing\""), NULL},
        {"\"tree\": \"x\"", KIND(SELF) F("link", "\"to_field\": \"kind\""),
         "\"tree\" must name a link to the entity itself"},
        {"\"tree\": \"name\"", TEXT, "\"tree\" must name a link to the entity itself"},
        {"\"tree\": \"nmae\"", TEXT, "\"tree\" names the field \"nmae\""},
        {"\"parent\": \"owner\"", TEXT, NULL},
        {MERGE,
         KIND(SELF) "\"merged_into\": {\"type\": \"link\", " L
                    ", \"to_field\": \"kind\", \"readonly\": true}",
         "\"merge\" needs the standard fields"},
        {"\"standard\": false, " MERGE, TEXT, "\"merge\" needs the standard fields"},
        {MERGE, TEXT, "\"merge\" needs the standard fields"},
        {MERGE,
         "\"merged_into\": {\"type\": \"link\", " L ", \"to\": \"thing\", \"readonly\": true}",
         NULL},
        /* a timeline is made of links that lead here */
        {"\"timeline\": [\"customer\"]", TEXT, "timeline \"customer\" must be"},
        {"\"timeline\": [\"nowhere.x\"]", TEXT, "timeline \"nowhere.x\" must be"},
        {"\"timeline\": [\"thing.nowhere\"]", TEXT, "timeline \"thing.nowhere\" must be"},
        {"\"timeline\": [\"thing.x\"]", TEXT, "timeline \"thing.x\" must be"},
        {"\"timeline\": [\"thing.x\"]", F("link", "\"to\": \"user\""),
         "timeline \"thing.x\" must be"},
        {"\"timeline\": [\"thing.x\"]", KIND(ONE) F("link", "\"to_field\": \"kind\""),
         "timeline \"thing.x\" must be"},
        {"\"timeline\": [\"thing.x\"]", F("link", "\"to_field\": \"kind\""),
         "timeline \"thing.x\" must be"},
        {"\"gets\": [\"timeline\"], \"timeline\": [\"thing.x\"]",
         KIND(SELF) F("link", "\"to_field\": \"kind\""), NULL},
        {"\"gets\": [\"timeline\"], \"timeline\": []", TEXT, "\"timeline\" names nothing"},
        {"\"parent\": \"nmae\"", TEXT, "\"parent\" names the field \"nmae\""},
        {"\"indexes\": [[\"name\"], [\"x\"]]", TEXT, NULL},
        {"\"indexes\": [[\"-x\"]]", TEXT, NULL},
        {"\"indexes\": [[\"-nmae\"]]", TEXT, "\"indexes\" names the field \"nmae\""},
        {"\"indexes\": [[\"x\"]]", F("link_many", "\"to\": \"user\""),
         "field \"x\" has no column and cannot be in an index"},
        {"\"indexes\": [{}]", TEXT, "an index needs at least one field"},
        {"\"indexes\": [[]]", TEXT, "an index needs at least one field"},
        {"\"indexes\": [7]", TEXT, "an index needs at least one field"},
        {"\"open\": [\"nowhere\", \"=\", 1]", TEXT, "\"open\" is wrong"},
        {"\"open\": [\"owner.name\", \"=\", \"a\"]", TEXT, NULL},
        {"\"open\": [\"x\", \"=\", \"a\"]", TEXT, NULL},
        {"\"dups\": {\"d\": 7}", TEXT, "\"d\""},
        {"\"dups\": {\"d\": {\"form\": \"warn\"}}", TEXT, "\"fields\""},
        {"\"dups\": {\"d\": {\"fields\": [\"nmae\"]}}", TEXT,
         "\"dups\" names the field \"nmae\", and there is none"},
        {"\"gets\": [\"dedupe\"], \"dups\": {\"d\": {\"fields\": [\"x\"], \"api\": \"block\"}}",
         F("string", "\"match\": \"exact\""), NULL},
        {"\"roles\": {\"*\": 7}", TEXT, "\"*\""},
        {"\"roles\": {\"*\": {\"scope\": \"all\"}}", TEXT, "\"actions\""},
        {EVERYBODY(",own,,all,", " read  edit "), TEXT, NULL},
        {EVERYBODY("alle", "read"), TEXT,
         "\"alle\" is not a word of \"scope\"; did you mean \"all\"?"},
        {EVERYBODY("all,qqqqqqqqqqqq", "read"), TEXT,
         "\"scope\" is \"qqqqqqqqqqqq\" and must be one of: own"},
        {EVERYBODY("all", "read " WORD63), TEXT, "\"actions\" is \"" WORD63 "\" and must be"},
        {EVERYBODY("all", "read " WORD63 "z edit"), TEXT,
         "\"actions\" is \"" WORD63 "z edit\" and must be"},
        {"\"actions\": {\"go\": 7}", TEXT, "\"go\""},
        {ACTION("go_2", "\"right\": \"approve\""), TEXT, NULL},
        {ACTION("", "\"shows\": true"), TEXT, "\"\" cannot be a name"},
        {ACTION("Go", "\"shows\": true"), TEXT, "\"Go\" cannot be a name"},
        {ACTION("{o", "\"shows\": true"), TEXT, "\"{o\" cannot be a name"},
        {ACTION("gO", "\"shows\": true"), TEXT, "\"gO\" cannot be a name"},
        {ACTION("g{", "\"shows\": true"), TEXT, "\"g{\" cannot be a name"},
        {ACTION("g-o", "\"shows\": true"), TEXT, "\"g-o\" cannot be a name"},
        {ACTION("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\"shows\": true"), TEXT, NULL},
        {ACTION("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\"shows\": true"), TEXT,
         "aaa\" cannot be a name"},
        {ACTION("go", "\"shown_if\": [\"x\", \"=\", \"a\"]"), TEXT, NULL},
        {ACTION("go", "\"shown_if\": [\"owner.name\", \"=\", \"a\"]"), TEXT,
         "\"shown_if\" may only use fields of the record itself"},
        {ACTION("go", "\"in_list\": true, \"on_entity\": true"), TEXT, NULL},
        {ACTION("go", "\"fields\": {\"a\": {\"type\": \"option\", " L "}}"), TEXT,
         "field \"a\" has no options"},
        {ACTION("go", "\"fields\": {\"a\": {\"type\": \"multi_option\", " L "}}"), TEXT,
         "field \"a\" has no options"},
        {ACTION("go", "\"fields\": {" KIND(ONE) F("link", "\"to\": \"user\"") "}"), TEXT, NULL},
        {ACTION("go", "\"fields\": {\"a\": {\"type\": \"link\", " L "}}"), TEXT,
         "link \"a\" does not say where to"},
        {"\"group\": \"Sales\"", TEXT, "\"Sales\" cannot be a name"},
        {"\"routes\": false, \"roles\": {}", TEXT, NULL},
        {"\"sections\": {\"s\": 7}", TEXT, "\"s\""},
        {"\"gets\": [\"trash\", \"trash\"]", TEXT, "\"trash\""},
        {"\"gets\": \"trash\"", TEXT, "\"gets\""},
    };
    CHECK(cases);
}

/* Words of 63 letters are compared, longer ones are not; a third of the letters and one more may be wrong. */
static void nearest(void **state)
{
    (void)state;
    char word[3][66];
    for (int i = 0; i < 3; i++) {
        memset(word[i], 'a', 63 + (size_t)i);
        word[i][63 + i] = 0;
    }
    static const char *const few[] = {"name", "number"};
    const char *const at_most[] = {word[0]}, *const over[] = {word[1]};
    char wrong[64];
    memcpy(wrong, word[0], sizeof wrong);
    wrong[5] = 'b';
    assert_ptr_equal(meta_nearest(wrong, at_most, 1), word[0]);
    assert_null(meta_nearest(word[1], at_most, 1));
    assert_null(meta_nearest(word[0], over, 1));
    assert_null(meta_nearest(word[2], over, 1));
    assert_ptr_equal(meta_nearest("nane", few, 2), few[0]);
    assert_ptr_equal(meta_nearest("nubmer", few, 2), few[1]);
    assert_ptr_equal(meta_nearest("nxyz", few, 1), NULL);
}

#define X(rest) "\"x\": {" rest "}"
#define NAMED "\"type\": \"string\", \"label\": "

/* Each kind of value where another one must stand, texts without a language, numbers that are none. */
static void shapes(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"", X(NAMED "{\"zh\": \"甲\", \"en\": \"\"}"),
         "\"label\" has no text in the language \"en\""},
        {"", X(NAMED "{\"zh\": \"\", \"en\": \"X\"}"),
         "\"label\" has no text in the language \"zh\""},
        {"", X(NAMED "{\"en\": \"X\"}"), "\"label\" has no text in the language \"zh\""},
        {"", X(NAMED "{\"zh\": 5, \"en\": \"X\"}"), "\"zh\" must be a text"},
        {"", X(NAMED "\"x\""), "\"label\" must be"},
        {"", X(NAMED "5"), "\"label\" must be"},
        {"", X("\"type\": \"string\""), "\"label\" is missing"},
        {"", X("\"type\": 5, " L), "\"type\" must be a text"},
        {"", X(L), "\"type\" is missing"},
        {"", X("\"type\": \"strin\", " L), "did you mean \"string\"?"},
        {"", X("\"type\": \"qqqqqqqqqqqq\", " L), "there is no field type \"qqqqqqqqqqqq\"; see"},
        {"", "\"x\": 5", "\"x\" must be an object"},
        {"", F("string", "\"required\": 1"), "\"required\" must be true or false"},
        {"", F("string", "\"search\": \"a\""), "\"search\" must be a whole number"},
        {"", F("string", "\"max\": true"), "\"max\" must be a number"},
        {"", F("string", "\"max\": \"12\""), NULL},
        {"", F("string", "\"max\": \"\""), "\"max\" must be a number"},
        {"", F("string", "\"max\": \"1x\""), "\"max\" must be a number"},
        {"", F("string", "\"max\": \"1/2\""), "\"max\" must be a number"},
        {"", F("string", "\"max\": 1.5"), "\"max\" must be a number"},
        {"", F("int", "\"max\": 999999999999999"), NULL},
        {"", F("int", "\"max\": 1000000000000000"), "\"max\" must be a number"}, /* 16 figures */
        {"", F("decimal", "\"scale\": 2, \"max\": \"1.25\""), NULL},
        {"", F("decimal", "\"scale\": 2, \"max\": \"1.256\""), "\"max\" must be a number"},
        {"", F("decimal", "\"scale\": 2, \"max\": \"1.2.5\""), "\"max\" must be a number"},
        {"", F("decimal", "\"scale\": 2, \"min\": \"-0.5\""), NULL},
        {"", F("int", "\"default\": {}"), "\"default\" must be a text, a number"},
        {"", F("int", "\"default\": 1"), NULL},
        {"", F("float", "\"default\": 1.5"), NULL},
        {"", F("bool", "\"default\": true"), NULL},
        {"", F("string", "\"match\": \"sound\""), "name phone credit_code email exact"},
        {"", F("json", "\"refs\": {\"a.b\": 5}"), "\"a.b\" must be a text"},
        {"", F("json", "\"refs\": {\"a.b\": \"user\", \"\": \"role\"}"), NULL},
        {"", F("string", "\"definition\": \"one text\""), "\"definition\" must be"},
        {"", F("string", "\"example\": \"one text\""), NULL},
        {"", F("string", "\"example\": 5"), "\"example\" must be"},
        {"", F("string", "\"example\": {\"zh\": \"如\"}"),
         "\"example\" has no text in the language \"en\""},
        {"", F("option", "\"options\": 5"), "\"options\""},
        {"", F("option", "\"options\": {\"a\": 5}"), "\"a\" must be"},
        {"", F("option", "\"options\": {\"a\": {\"zh\": \"\", \"en\": \"A\"}}"),
         "\"a\" has no text in the language \"zh\""},
        {"", F("option", "\"options\": {\"a\": {\"zh\": \"甲\", \"en\": \"\"}}"),
         "\"a\" has no text in the language \"en\""},
        {"", F("option", "\"options\": {\"a\": {}}"), "\"a\" has no text in the language \"en\""},
        {"",
         F("option", "\"options\": {\"a\": {\"zh\": \"甲\", \"en\": \"A\", \"colour\": \"red\"}}"),
         "did you mean \"color\"?"},
        {"\"gets\": [5]", TEXT, "\"gets\" must be a list of texts"},
        {"\"gets\": [\"trach\"]", TEXT, "did you mean \"trash\"?"},
        {"\"gets\": [\"qqqqqqqqqqqq\"]", TEXT,
         "\"qqqqqqqqqqqq\" is not one of the words of \"gets\""},
        {"\"indexes\": [{\"fields\": [5]}]", TEXT, "\"fields\" must be a list of texts"},
        {"\"indexes\": [[5]]", TEXT, "must be a list of texts"},
        {"\"indexes\": [{\"fields\": []}]", TEXT, "an index needs at least one field"},
        {"\"indexes\": [{\"fields\": [\"x\"], \"unik\": true}]", TEXT, "\"unik\" is not defined"},
        {"\"sections\": {\"s\": {\"zh\": \"\", \"en\": \"S\"}}", TEXT,
         "\"s\" has no text in the language \"zh\""},
        {"\"dups\": {\"d\": {\"fields\": []}}", TEXT, "\"fields\" is missing"},
        {"\"dups\": {\"d\": {\"fields\": [5]}}", TEXT, "\"fields\" must be a list of texts"},
        {"\"dups\": {\"d\": {\"fields\": [\"x\"], \"form\": \"shout\"}}", TEXT, "shout"},
        {"\"dups\": {\"d\": {\"fields\": [\"x\"], \"api\": \"shout\"}}", TEXT, "shout"},
        {"\"dups\": {\"d\": {\"fields\": [\"x\"], \"import\": \"shout\"}}", TEXT, "shout"},
        {"\"roles\": {\"*\": {\"actions\": \"read\"}}", TEXT, "\"scope\" is missing"},
        {"\"roles\": {\"*\": {\"scope\": \"all\", \"actions\": \"read\", \"extra\": 1}}", TEXT,
         "\"extra\" is not defined"},
        {"\"key\": [5]", TEXT, "\"key\" must be a list of texts"},
        {"\"configuration\": {\"after\": [5]}", TEXT, "\"after\" must be a list of texts"},
        {"\"configuration\": {\"without\": [5]}", TEXT, "\"without\" must be a list of texts"},
        {"\"configuration\": {\"states\": {\"x\": [\"go\"]}}", TEXT,
         "\"x\" must be a list of texts"},
        {"\"configuration\": {\"states\": {\"x\": []}}", TEXT, "\"x\" must be a list of texts"},
        {"\"configuration\": {\"states\": {\"x\": 5}}", TEXT, "\"x\" must be a list of texts"},
        {"\"configuration\": {\"states\": {\"x\": [\"a\", \"b\", \"c\"]}}", TEXT,
         "\"x\" must be a list of texts"},
        {"\"timeline\": [5]", TEXT, "\"timeline\" must be a list of texts"},
        {"\"about\": {\"zh\": \"甲\"}", TEXT, "\"about\" has no text in the language \"en\""},
        {"\"titel\": \"x\"", TEXT, "did you mean \"title\"?"},
        {"\"actions\": {\"go\": {\"label\": {\"zh\": \"甲\"}}}", TEXT,
         "\"label\" has no text in the language \"en\""},
        {"\"actions\": {\"go\": {" L ", \"ask\": {\"zh\": \"甲\"}}}", TEXT,
         "\"ask\" has no text in the language \"en\""},
        {"\"actions\": {\"go\": {" L ", \"extra\": 1}}", TEXT, "\"extra\" is not defined"},
        {"\"actions\": {\"go\": {" L ", \"fields\": {\"a\": 5}}}", TEXT, "\"a\" must be an object"},
        {"", F("parts", "\"parts\": {\"a\": 5}"), "\"a\" must be an object"},
    };
    CHECK(cases);
}

#define G(type, rest) "\"y\": {\"type\": \"" type "\", " L ", " rest "}"

/* The first is wrong and the second is not: the mistake stands. */
static void first_wrong(void **state)
{
    (void)state;
    static const Case cases[] = {
        {"", "\"x\": 5, " G("int", "\"min\": 1"), "\"x\" must be an object"},
        {"", F("option", "\"options\": {\"a\": 5, " ONE "}"), "\"a\" must be"},
        {"",
         F("parts", "\"parts\": {\"a\": 5, \"b\": {\"type\": \"int\", " L
                    "}}") ", " G("parts", "\"parts\": {\"a\": {\"type\": \"int\", " L "}}"),
         "\"a\" must be an object"},
        {"", F("parts", "\"parts\": {\"a\": {\"type\": \"itn\", " L "}}"), "did you mean \"int\"?"},
        {"\"sections\": {\"s\": 7, \"t\": {\"zh\": \"乙\", \"en\": \"T\"}}", TEXT, "\"s\" must be"},
        {"\"indexes\": [[], [\"x\"], {\"fields\": [\"x\"]}]", TEXT,
         "an index needs at least one field"},
        {"\"dups\": {\"d\": 7, \"e\": {\"fields\": [\"x\"]}}", TEXT, "\"d\" must be an object"},
        {"\"dups\": {\"d\": {\"fields\": [\"x\"], \"fromm\": \"warn\"}}", TEXT,
         "key \"fromm\" is not defined"},
        {"\"actions\": {\"go\": 7, \"no\": {" L "}}", TEXT, "\"go\" must be an object"},
        {"\"roles\": {\"x\": 7, \"*\": {\"scope\": \"all\", \"actions\": \"read\"}}", TEXT,
         "\"x\" must be an object"},
    };
    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),         cmocka_unit_test(links),      cmocka_unit_test(limits),
        cmocka_unit_test(not_for_the_type), cmocka_unit_test(conditions), cmocka_unit_test(options),
        cmocka_unit_test(entities),         cmocka_unit_test(nearest),    cmocka_unit_test(shapes),
        cmocka_unit_test(first_wrong),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
