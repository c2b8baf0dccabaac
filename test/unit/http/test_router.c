/* The table of routes: what it must say before the server starts, and how a path finds its row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/msg.h"
#include "http/route.h"
#include "meta/check.h"

static bool nothing(Request *rq)
{
    (void)rq;
    return true;
}

static void the_real_table_is_complete(void **state)
{
    (void)state;
    assert_true(n_routes > 40);
    assert_true(routes_check());
}

static void a_route_without_permission_is_refused(void **state)
{
    (void)state;
    const Route bare[] = {{GET, "/api/v1/x", nothing, .about = "x"}};
    assert_false(routes_check_table(bare, 1));
    const Route said[] = {{GET, "/api/v1/x", nothing, .who = WHO_USER, .about = "x"}};
    assert_true(routes_check_table(said, 1));
}

static void other_holes_are_refused_too(void **state)
{
    (void)state;
    const Route no_handler[] = {{GET, "/api/v1/x", NULL, .who = WHO_USER, .about = "x"}};
    const Route no_about[] = {{GET, "/api/v1/x", nothing, .who = WHO_USER}};
    const Route right_of_nobody[] = {
        {GET, "/api/v1/x", nothing, .who = WHO_ANYONE, .right = RIGHT_AUDIT, .about = "x"}};
    const Route twice[] = {{GET, "/api/v1/x", nothing, .who = WHO_USER, .about = "x"},
                           {GET, "/api/v1/x", nothing, .who = WHO_USER, .about = "x"}};
    assert_false(routes_check_table(no_handler, 1));
    assert_false(routes_check_table(no_about, 1));
    assert_false(routes_check_table(right_of_nobody, 1));
    assert_false(routes_check_table(twice, 2));
}

typedef struct Look {
    Method method;
    const char *path, *route; /* route NULL: none */
    bool other_method;
    int64_t id;
} Look;

/* The router takes its fixed words from the table; the checks of entity files must know every one of them. */
static void fixed_words_are_reserved(void **state)
{
    (void)state;
    for (int i = 0; i < n_routes; i++) {
        const char *at = routes[i].path;
        if (strncmp(at, "/api/v1/", 8) != 0 || at[8] == ':')
            continue;
        char word[64];
        (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(at + 8, "/."), at + 8);
        if (!meta_is_reserved_plural(word))
            fail_msg("%s is a route, but an entity could be called %s", at, word);
    }
    assert_false(meta_is_reserved_plural("customers"));
}

static void paths_find_their_row(void **state)
{
    (void)state;
    static const Look looks[] = {
        {GET, "/api/v1/customers", "/api/v1/:plural", false, 0},
        {GET, "/api/v1/customers/12", "/api/v1/:plural/:id", false, 12},
        {GET, "/api/v1/customers/12/timeline", "/api/v1/:plural/:id/timeline", false, 12},
        {POST, "/api/v1/customers/12/actions/transfer", "/api/v1/:plural/:id/actions/:action",
         false, 12},
        {POST, "/api/v1/customers/export", "/api/v1/:plural/export", false, 0},
        {GET, "/api/v1/imports/5/errors.xlsx", "/api/v1/imports/:id/errors.xlsx", false, 5},
        {GET, "/api/v1/customers/99999999999999999999", "/api/v1/:plural/:id", false, -1},
        /* reserved words are no entities; what has no other row falls to the page, which answers 404 under /api */
        {GET, "/api/v1/session", "/*", false, 0},
        {DELETE_, "/api/v1/customers", NULL, true, 0},
        {PATCH, "/api/v1/me/password", NULL, true, 0},
        {GET, "/api/v1/password-reset", "/*", false, 0},
        {POST, "/api/v1/nothing/here/at/all", NULL, false, 0},
        {POST, "/e/customers", NULL, true, 0},
        {GET, "/e/customers/12", "/*", false, 0},
        {GET, "/", "/*", false, 0},
        {GET, "/api/v1/customers/12x", "/*", false, 0},
        {GET, "/api/v1/customers/%31", "/*", false, 0},
        {GET, "/api/v1/customers//timeline", "/*", false, 0},
    };
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        Arena *a = arena_new(0);
        Request rq = {.method = looks[i].method, .path = looks[i].path};
        ctx_init(&rq.c, a);
        bool other;
        const Route *r = router_find(&rq, &other);
        if (looks[i].route) {
            assert_non_null(r);
            assert_string_equal(r->path, looks[i].route);
            assert_int_equal(rq.id, looks[i].id);
        } else {
            assert_null(r);
            assert_int_equal(other, looks[i].other_method);
        }
        arena_free(a);
    }
}

static void the_leading_mistake_decides_the_status(void **state)
{
    (void)state;
    msg_load();
    static const struct {
        ErrCode codes[3];
        int status;
    } cases[] = {
        {{ERR_REQUIRED, ERR_UNKNOWN_FIELD}, 400}, {{ERR_DUPLICATE, ERR_REQUIRED}, 422},
        {{ERR_REQUIRED, ERR_STALE}, 412},         {{ERR_STALE, ERR_NOT_FOUND}, 404},
        {{ERR_NOT_FOUND, ERR_FORBIDDEN}, 403},    {{ERR_FORBIDDEN, ERR_NOT_SIGNED_IN}, 401},
        {{ERR_VERSION_REQUIRED, ERR_JSON}, 428},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *a = arena_new(0);
        Request rq = {0};
        ctx_init(&rq.c, a);
        buf_init(&rq.out.body, a);
        for (int k = 0; k < 3 && cases[i].codes[k]; k++)
            ctx_fail(&rq.c, cases[i].codes[k], NULL, "err.internal");
        respond_problem(&rq);
        assert_int_equal(rq.out.status, cases[i].status);
        assert_non_null(strstr(rq.out.body.data, "\"trace_id\""));
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_table_is_complete),
        cmocka_unit_test(a_route_without_permission_is_refused),
        cmocka_unit_test(other_holes_are_refused_too),
        cmocka_unit_test(fixed_words_are_reserved),
        cmocka_unit_test(paths_find_their_row),
        cmocka_unit_test(the_leading_mistake_decides_the_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
