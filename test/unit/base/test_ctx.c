/* Context and messages: list of mistakes, going back, both languages, every code has its sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/embed.h"
#include "base/msg.h"

static void records_in_order(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    assert_string_equal(c.lang, "zh");
    assert_true(c.now_ms > INT64_C(1700000000000));
    assert_false(ctx_fail(&c, ERR_TOO_LONG, "name", "err.too_long", "120", "134"));
    c.lang = "en";
    ctx_fail(&c, ERR_REQUIRED, NULL, "err.required");
    ctx_fail_detail(&c, ERR_INTERNAL, "disk on fire", "err.internal");
    assert_int_equal(c.n_err, 3);
    assert_string_equal(c.err->message, "最多 120 个字符，您输入了 134 个");
    assert_string_equal(c.err->field, "name");
    assert_string_equal(c.err->next->message, "Fill this in");
    assert_null(c.err->next->field);
    assert_string_equal(c.err_last->detail, "disk on fire");
    assert_null(strstr(c.err_last->message, "fire"));

    ctx_errors_back_to(&c, 1);
    assert_int_equal(c.n_err, 1);
    assert_null(c.err->next);
    ctx_fail(&c, ERR_RANGE, "x", "err.range", "1", "2", "3");
    assert_ptr_equal(c.err->next, c.err_last);
    ctx_errors_back_to(&c, 0);
    assert_null(c.err);
    assert_null(c.err_last);
    assert_string_equal(ctx_num(&c, -5), "-5");
    arena_free(a);
}

static void a_forgotten_fault_is_remembered(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    Ctx c = {.a = a, .lang = "en"};
    ctx_fail(&c, ERR_BUSY, NULL, "err.busy");
    ctx_fail(&c, ERR_NOT_FOUND, NULL, "err.not_found");
    ctx_errors_back_to(&c, 1); /* the busy one stays, so nothing is passed over */
    assert_false(c.faulted);
    ctx_fail(&c, ERR_BUSY, NULL, "err.busy");
    ctx_errors_forget(&c, 1); /* tried again: of no weight */
    assert_false(c.faulted);
    assert_int_equal(c.n_err, 1);
    ctx_errors_back_to(&c, 0);
    assert_true(c.faulted);
    assert_int_equal(c.n_err, 0);
    static const ErrCode faults[] = {ERR_DISK_FULL, ERR_COMMIT_UNKNOWN};
    for (size_t i = 0; i < 2; i++) {
        c.faulted = false;
        ctx_fail(&c, faults[i], NULL, "err.busy");
        ctx_errors_back_to(&c, 0);
        assert_true(c.faulted);
    }
    c.faulted = false;
    c.brief = true; /* such work is thrown away and done again */
    ctx_fail(&c, ERR_BUSY, NULL, "err.busy");
    ctx_errors_back_to(&c, 0);
    assert_false(c.faulted);
    arena_free(a);
}

static void every_code_has_a_sentence(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    for (int e = ERR_NONE + 1; e < ERR__COUNT; e++) {
        const char *key = arena_printf(a, "err.%s", err_name((ErrCode)e));
        const char *zh = msg_text("zh", key), *en = msg_text("en", key);
        if (strcmp(zh, key) == 0 || strcmp(en, key) == 0)
            fail_msg("%s has no sentence", key);
        assert_string_not_equal(zh, en);
        assert_true(err_status((ErrCode)e) >= 400 && err_status((ErrCode)e) < 600);
    }
    assert_string_equal(err_name(ERR_FORMAT_MOBILE), "format.mobile");
    assert_int_equal(err_status(ERR_STALE), 412);
    assert_int_equal(err_status(ERR_NOT_FOUND), 404);
    arena_free(a);
}

static void places_are_filled(void **state)
{
    (void)state;
    Arena *a = arena_new(0);
    const char *two[] = {"10", "5", NULL};
    const char *tricky[] = {"{2}", "x", NULL};
    assert_string_equal(msg_format(a, "en", "err.too_short", two),
                        "At least 10 characters; you gave 5");
    assert_string_equal(msg_format(a, "en", "err.too_short", tricky),
                        "At least {2} characters; you gave x"); /* a value is no template */
    assert_string_equal(msg_format(a, "en", "no.such.key", NULL), "no.such.key");
    arena_free(a);
}

static void built_in_files(void **state)
{
    (void)state;
    const Embed *e = embed_find("data/errors.txt");
    assert_non_null(e);
    assert_int_equal(strlen(e->hash), 16);
    assert_true(e->len > 100);
    assert_int_equal(e->data[e->len], 0);
    assert_null(embed_find("data/errors"));
    assert_null(embed_find("nothing"));
    const Embed *m = embed_first("messages/");
    assert_string_equal(m->path, "messages/en.json");
    for (e = embed_data; e[0].path && e[1].path; e++)
        assert_true(strcmp(e[0].path, e[1].path) < 0);
}

static int load(void **state)
{
    (void)state;
    return msg_load() ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_in_order), cmocka_unit_test(every_code_has_a_sentence),
        cmocka_unit_test(places_are_filled), cmocka_unit_test(built_in_files),
        cmocka_unit_test(a_forgotten_fault_is_remembered)};
    return cmocka_run_group_tests(tests, load, NULL);
}
