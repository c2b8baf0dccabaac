/* The texts of a request's head: each way a target, name, value, cookie, version, address, host or origin is taken or not. */
#include "http/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static Arena *a;

#define BYTES(text) (text), sizeof(text) - 1

typedef struct Text {
    const char *text;
    size_t n;
} Text;

static void check(bool (*reads)(const char *, size_t), const Text *rows, size_t n, bool want)
{
    for (size_t i = 0; i < n; i++)
        if (reads(rows[i].text, rows[i].n) != want)
            fail_msg("row %zu, \"%s\": not %d", i, rows[i].text, want);
}

static void targets(void **state)
{
    (void)state;
    static const Text good[] = {
        {BYTES("/")},
        {BYTES("/api/customers?q=%E4%B8%AD&x=1")},
        {BYTES("/%aF%Fa%09%01%10")},
        {BYTES("/a%41")},
        {BYTES("/中文")},
        {BYTES("//")},
    };
    static const Text bad[] = {
        {BYTES("")},      {BYTES("api")},   {BYTES("/\xff")},     {BYTES("/a b")}, {BYTES("/a\tb")},
        {BYTES("/a\0b")}, {BYTES("/\x7f")}, {BYTES("/a#b")},      {BYTES("/%")},   {BYTES("/%4")},
        {BYTES("/%g1")},  {BYTES("/%1g")},  {BYTES("/%/1")},      {BYTES("/%1:")}, {BYTES("/%@1")},
        {BYTES("/%00")},  {BYTES("*")},     {BYTES("http://x/")},
    };
    check(header_target_good, good, sizeof good / sizeof *good, true);
    check(header_target_good, bad, sizeof bad / sizeof *bad, false);
}

static void names_and_values(void **state)
{
    (void)state;
    static const Text names[] = {{BYTES("Host")}, {BYTES("x-0-9")}, {BYTES("!#$%&'*+-.^_`|~aZ")}};
    static const Text no_names[] = {{BYTES("")},    {BYTES("a b")}, {BYTES("a:")},
                                    {BYTES("a\0")}, {BYTES("é")},   {BYTES("[")},
                                    {BYTES("a{")},  {BYTES("@")},   {BYTES("a\r\n")}};
    static const Text values[] = {
        {BYTES("")}, {BYTES("a\tb c")}, {BYTES("\x80\xff")}, {BYTES("~")}};
    static const Text no_values[] = {
        {BYTES("a\0b")}, {BYTES("a\r\nX: y")}, {BYTES("\x1f")}, {BYTES("a\x7f")}};
    check(header_name_good, names, sizeof names / sizeof *names, true);
    check(header_name_good, no_names, sizeof no_names / sizeof *no_names, false);
    check(header_value_good, values, sizeof values / sizeof *values, true);
    check(header_value_good, no_values, sizeof no_values / sizeof *no_values, false);
}

static void same(const char *text, const char *got, const char *want)
{
    if ((got == NULL) != (want == NULL) || (got && strcmp(got, want) != 0))
        fail_msg("\"%s\": %s, wanted %s", text, got ? got : "none", want ? want : "none");
}

static void cookies(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"sid=abc", "abc"},
        {"x=1; sid=abc", "abc"},
        {"x=1;sid=abc;y=2", "abc"},
        {"sid=", ""},
        {"sid=a=b", "a=b"},
        {"sid=1; sid=2", "1"},
        {"; ; sid=abc", "abc"},
        {"sid", NULL},
        {"side=1", NULL},
        {"xsid=1", NULL},
        {"sib=1", NULL},
        {"", NULL},
        {"x=1; sid-2=1; y=2", NULL},
        {"sid =1", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        same(rows[i][0], header_cookie(a, rows[i][0], "sid"), rows[i][1]);
    assert_null(header_cookie(a, NULL, "sid"));
}

static void versions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {NULL, -1},
        {"\"7\"", 7},
        {"7", 7},
        {"  \"0\"", 0},
        {"\"9223372036854775807\"", INT64_MAX},
        {"\"9223372036854775808\"", -2},
        {"", -2},
        {"\"\"", -2},
        {"\"7", -2},
        {"7\"", -2},
        {"\"7\" ", -2},
        {"\"7\", \"8\"", -2},
        {"W/\"7\"", -2},
        {"*", -2},
        {"-1", -2},
        {"00000000000000000000007", 7}, /* 23 signs, the most it looks at */
        {"000000000000000000000007", -2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (header_version(rows[i].text) != rows[i].want)
            fail_msg("%s: %lld", rows[i].text ? rows[i].text : "none",
                     (long long)header_version(rows[i].text));
}

static void addresses(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"203.0.113.7", "203.0.113.7"},
        {"10.0.0.1, 203.0.113.7", "203.0.113.7"},
        {"10.0.0.1,\t2001:db8::7 ", "2001:db8::7"},
        {"203.0.113.7:80", NULL},
        {"203.0.113.256", NULL},
        {"unknown", NULL},
        {"203.0.113.7,", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        same(rows[i][0], header_forwarded(a, rows[i][0]), rows[i][1]);
}

static void hosts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        bool address;
    } rows[] = {
        {"crm.example", "crm.example", false},
        {"crm.example:8080", "crm.example", false},
        {"192.0.2.1:80", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"[2001:db8::1]:80", "2001:db8::1", true},
        {"[2001:db8::1", "2001:db8::1", true},
        {"[192.0.2.1]", "192.0.2.1", false},
        {"2001:db8::1", "2001", false},
        {"", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool address = !rows[i].address;
        same(rows[i].text, header_host(a, rows[i].text, &address), rows[i].name);
        assert_int_equal(address, rows[i].address);
    }
}

static void origins(void **state)
{
    (void)state;
    static const struct {
        const char *origin, *host, *base;
        bool same;
    } rows[] = {
        {"https://crm.example", "crm.example", "", true},
        {"https://crm.example:8443", "crm.example:8443", "", true},
        {"https://crm.example:8443", "crm.example", "", false},
        {"null", "null", "", false},
        {"", "", "", false},
        {"https://crm.example", "inner:8080", "https://crm.example/", true},
        {"https://crm.example", "inner:8080", "https://CRM.example/path", true},
        {"https://crm.example", "inner:8080", "https://crm.example", true},
        {"http://crm.example", "inner:8080", "https://crm.example", false}, /* another scheme */
        {"https://crm.example.evil", "inner:8080", "https://crm.example/", false},
        {"https://crm.exampl", "inner:8080", "https://crm.example/", false},
        {"https://abc.example", "inner:8080", "https://crm.example/", false},
        {"https://crm.example", "inner:8080", "crm.example",
         false}, /* a base without a scheme is none */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (header_same_origin(rows[i].origin, rows[i].host, rows[i].base) != rows[i].same)
            fail_msg("%s at %s, base %s", rows[i].origin, rows[i].host, rows[i].base);
}

int main(void)
{
    a = arena_new(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),  cmocka_unit_test(names_and_values), cmocka_unit_test(cookies),
        cmocka_unit_test(versions), cmocka_unit_test(addresses),        cmocka_unit_test(hosts),
        cmocka_unit_test(origins),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
