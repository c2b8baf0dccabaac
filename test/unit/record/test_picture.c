/* Pictures made small: sizes, orientation, transparency, what is too large, what is broken off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "record/picture/picture.h"

enum { MUCH = 40000000 };

static Arena *a;

static int set_up(void **state)
{
    (void)state;
    a = arena_new(0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static const unsigned char *seed(const char *name, size_t *n)
{
    Ctx *c = ARENA_NEW(a, Ctx);
    char *out = NULL;
    ctx_init(c, a);
    assert_true(file_read(c, arena_printf(a, "%s/fuzz/corpus/picture/%s", ZK_SOURCE_DIR, name),
                          1 << 20, &out, n));
    return (const unsigned char *)out;
}

/* The picture of the seed, made small and read again. */
static Picture shrunk(const char *name, int size, Buf *out)
{
    size_t n;
    const unsigned char *in = seed(name, &n);
    Picture p = {.px = NULL};
    int orientation;
    buf_init(out, a);
    assert_int_equal(picture_shrink(a, in, n, size, MUCH, out), PICTURE_OK);
    assert_int_equal(picture_decode(a, (const unsigned char *)out->data, out->len, 65535, MUCH, &p,
                                    &orientation),
                     PICTURE_OK);
    assert_int_equal(orientation, 1);
    return p;
}

static const unsigned char *at(Picture p, int x, int y)
{
    return p.px + ((size_t)y * (size_t)p.w + (size_t)x) * 3;
}

static void is_red(Picture p, int x, int y)
{
    const unsigned char *c = at(p, x, y);
    assert_true(c[0] > 180 && c[1] < 70 && c[2] < 90);
}

static void is_blue(Picture p, int x, int y)
{
    const unsigned char *c = at(p, x, y);
    assert_true(c[2] > 180 && c[1] < 70 && c[0] < 90);
}

static void test_formats(void **state)
{
    static const char *const names[] = {"rgb.png", "rgb.webp", "lossless.webp", "base.jpg",
                                        "progressive.jpg"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Buf b;
        Picture p = shrunk(names[i], 160, &b);
        assert_int_equal(p.w, 40); /* never made larger */
        assert_int_equal(p.h, 24);
        is_red(p, 5, 12);
        is_blue(p, 34, 12);
        p = shrunk(names[i], 20, &b);
        assert_int_equal(p.w, 20);
        assert_int_equal(p.h, 12);
        is_red(p, 3, 6);
        is_blue(p, 16, 6);
    }
}

/* Orientation 6: the left side of the file is the upper end of the picture. EXIF itself does not come along. */
static void test_upright(void **state)
{
    Buf b;
    (void)state;
    Picture p = shrunk("turned.jpg", 160, &b);
    assert_int_equal(p.w, 24);
    assert_int_equal(p.h, 40);
    is_red(p, 12, 5);
    is_blue(p, 12, 34);
    assert_null(memmem(b.data, b.len, "Exif", 4));
    assert_null(memmem(b.data, b.len, "secret", 6));
}

static void test_turns(void **state)
{
    /* 2 x 1: red, blue. Where red lands for each orientation. */
    static const int red_x[] = {0, 1, 1, 0, 0, 0, 0, 0}, red_y[] = {0, 0, 0, 0, 0, 0, 1, 1};
    unsigned char px[] = {255, 0, 0, 0, 0, 255};
    (void)state;
    for (int o = 1; o <= 8; o++) {
        Picture p = picture_turn(a, (Picture){.px = px, .w = 2, .h = 1}, o);
        assert_int_equal(p.w, o < 5 ? 2 : 1);
        assert_int_equal(at(p, red_x[o - 1], red_y[o - 1])[0], 255);
    }
}

/* Four corners, so that each way of turning shows: as the standard of Exif has them. */
static void test_corners(void **state)
{
    (void)state;
    static const char *const want[] = {"abcd", "badc", "dcba", "cdab",
                                       "acbd", "cadb", "dbca", "bdac"};
    for (int o = 1; o <= 8; o++) {
        unsigned char px[] = {'a', 0, 0, 'b', 0, 0, 'c', 0, 0, 'd', 0, 0};
        Picture p = picture_turn(a, (Picture){.px = px, .w = 2, .h = 2}, o);
        char got[] = {(char)p.px[0], (char)p.px[3], (char)p.px[6], (char)p.px[9], 0};
        assert_string_equal(got, want[o - 1]);
    }
}

static void test_transparent_is_white(void **state)
{
    Buf b;
    (void)state;
    Picture p = shrunk("alpha.png", 160, &b);
    assert_true(at(p, 0, 8)[0] > 230 && at(p, 0, 8)[1] > 230 && at(p, 0, 8)[2] > 230);
    assert_null(memmem(b.data, b.len, "secret", 6));
}

static void test_narrow(void **state)
{
    Buf b;
    (void)state;
    Picture p = shrunk("wide.png", 160, &b);
    assert_int_equal(p.w, 160);
    assert_int_equal(p.h, 1);
}

static void test_limits(void **state)
{
    static const char *const names[] = {"rgb.png", "rgb.webp", "base.jpg"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n;
        Buf b;
        const unsigned char *in = seed(names[i], &n);
        buf_init(&b, a);
        assert_int_equal(picture_shrink(a, in, n, 160, 40 * 24 - 1, &b), PICTURE_LARGE);
        assert_int_equal(b.len, 0);
        assert_int_equal(picture_shrink(a, in, 10, 160, MUCH, &b), PICTURE_BAD);
    }
    Buf b;
    buf_init(&b, a);
    assert_int_equal(picture_shrink(a, (const unsigned char *)"<svg/>", 6, 160, MUCH, &b),
                     PICTURE_BAD);
    assert_int_equal(picture_shrink(a, (const unsigned char *)"", 0, 160, MUCH, &b), PICTURE_BAD);
}

/* Every file cut short anywhere, and with any byte changed, is refused or becomes a small picture. */
static void test_broken(void **state)
{
    static const char *const names[] = {"rgb.png", "rgb.webp", "turned.jpg", "progressive.jpg"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n;
        const unsigned char *in = seed(names[i], &n);
        for (size_t k = 0; k < n; k++) {
            Arena *b = arena_new(0);
            Buf out;
            buf_init(&out, b);
            unsigned char *copy = (unsigned char *)arena_dup(b, (const char *)in, n);
            copy[k] = (unsigned char)(copy[k] ^ 0x5a);
            (void)picture_shrink(b, copy, n, 160, 1 << 20, &out);
            (void)picture_shrink(b, in, k, 160, 1 << 20, &out);
            (void)picture_rewrite(b, copy, n, 4096, &out);
            (void)picture_rewrite(b, in, k, 4096, &out);
            arena_free(b);
        }
    }
}

/* What we made is known by writing it anew: the very same bytes. A stranger's comes out another, or not at all. */
static void test_known_as_made(void **state)
{
    static const char *const names[] = {"rgb.png", "alpha.png", "rgb.webp", "turned.jpg",
                                        "progressive.jpg"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Arena *b = arena_new(0);
        Buf made, again, foreign;
        size_t n;
        const unsigned char *in = seed(names[i], &n);
        buf_init(&made, b);
        buf_init(&again, b);
        buf_init(&foreign, b);
        assert_int_equal(picture_shrink(b, in, n, 480, MUCH, &made), PICTURE_OK);
        assert_int_equal(
            picture_rewrite(b, (const unsigned char *)made.data, made.len, 480, &again),
            PICTURE_OK);
        assert_int_equal(again.len, made.len);
        assert_memory_equal(again.data, made.data, made.len);
        if (picture_rewrite(b, in, n, 4096, &foreign) == PICTURE_OK)
            assert_true(foreign.len != n || memcmp(foreign.data, in, n) != 0);
        buf_puts(&made, "<script>"); /* something behind it does not come out */
        buf_init(&again, b);
        assert_int_equal(
            picture_rewrite(b, (const unsigned char *)made.data, made.len, 480, &again),
            PICTURE_OK);
        assert_int_equal(again.len + 8, made.len);
        assert_int_equal(picture_rewrite(b, (const unsigned char *)made.data, made.len, 1, &again),
                         PICTURE_LARGE);
        arena_free(b);
    }
}

static void test_orientation_of_nonsense(void **state)
{
    (void)state;
    assert_int_equal(
        picture_orientation((const unsigned char *)"Exif\0\0MM\0*\xff\xff\xff\xff", 14), 1);
    assert_int_equal(
        picture_orientation((const unsigned char *)"Exif\0\0II*\0\x08\0\0\0\xff\xff", 16), 1);
    assert_int_equal(picture_orientation((const unsigned char *)"", 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_formats, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_upright, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_corners, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_transparent_is_white, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_narrow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_known_as_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_orientation_of_nonsense, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
