/* Pictures made small: sizes, orientation, transparency, what is too large, what is broken off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>
#include <png.h>

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
    for (int o = 0; o <= 9; o += 9) /* none of the eight: as it is */
        assert_ptr_equal(picture_turn(a, (Picture){.px = px, .w = 2, .h = 1}, o).px, px);
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
    static const struct {
        const char *bytes;
        size_t n;
        int want;
    } rows[] = {
#define EXIF(tiff) "Exif\0\0" tiff, sizeof("Exif\0\0" tiff) - 1
        {EXIF("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 6},
        {EXIF("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"), 6},
        {EXIF("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\0\0\0\0"), 1}, /* none of the eight */
        {EXIF("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0"), 1},
        {EXIF("II*\0\x08\0\0\0\1\0\x13\1\3\0\1\0\0\0\6\0\0\0"), 1}, /* another tag */
        {EXIF("II*\0\x08\0\0\0\2\0\x13\1\3\0\1\0\0\0\6\0\0\0\x12\1\3\0\1\0\0\0\3\0\0\0"), 3},
        {EXIF("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0"), 1},         /* it ends before the value */
        {EXIF("II+\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 1}, /* no TIFF */
        {EXIF("II*\0\x99\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 1}, /* a list behind the end */
        {EXIF("II*\0\x08\0\0\0\0\0"), 1},
        {"EXIF\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0", 28, 1},
#undef EXIF
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int got = picture_orientation((const unsigned char *)rows[i].bytes, rows[i].n);
        if (got != rows[i].want)
            fail_msg("%d: %d, not %d", (int)i, got, rows[i].want);
    }
    /* the tag as the 201st of a list is not looked for */
    Buf b;
    buf_init(&b, a);
    buf_add(&b, "Exif\0\0II*\0\x08\0\0\0\xff\0", 16);
    for (int i = 0; i < 255; i++)
        buf_add(&b, i < 200 ? "\x13\1\3\0\1\0\0\0\6\0\0\0" : "\x12\1\3\0\1\0\0\0\6\0\0\0", 12);
    assert_int_equal(picture_orientation((const unsigned char *)b.data, b.len), 1);
}

/* ---- made here ---------------------------------------------------------------------------------- */

/* A JPEG of w x h, each pixel of `parts` bytes of noise; a restart behind each row of blocks where wanted. */
static unsigned char *made_jpeg(int w, int h, int parts, J_COLOR_SPACE space, bool restarts,
                                size_t *n)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr err;
    unsigned char *out = NULL, *row = arena_alloc(a, (size_t)(w * parts));
    unsigned long size = 0;
    unsigned seed_of = 1;
    j.err = jpeg_std_error(&err);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &out, &size);
    j.image_width = (JDIMENSION)w;
    j.image_height = (JDIMENSION)h;
    j.input_components = parts;
    j.in_color_space = parts == 4 ? JCS_CMYK : parts == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(&j);
    jpeg_set_colorspace(&j, space);
    j.restart_interval = restarts ? 1 : 0;
    jpeg_start_compress(&j, TRUE);
    while (j.next_scanline < j.image_height) {
        for (int i = 0; i < w * parts; i++)
            row[i] = (unsigned char)((seed_of = seed_of * 1103515245u + 12345u) >> 16);
        jpeg_write_scanlines(&j, &row, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    *n = size;
    unsigned char *kept = (unsigned char *)arena_dup(a, (char *)out, size);
    free(out);
    return kept;
}

/* A white PNG. */
static unsigned char *made_png(unsigned w, unsigned h, size_t *n)
{
    png_image p;
    memset(&p, 0, sizeof p);
    p.version = PNG_IMAGE_VERSION;
    p.width = w;
    p.height = h;
    p.format = PNG_FORMAT_GRAY;
    unsigned char *px = arena_alloc(a, (size_t)w * h), *out = arena_alloc(a, 1 << 20);
    memset(px, 0xff, (size_t)w * h);
    *n = 1 << 20;
    assert_true(png_image_write_to_memory(&p, out, n, 0, px, 0, NULL));
    return out;
}

/* Sides that no JPEG can have, and colours we do not read. */
static void test_refused(void **state)
{
    (void)state;
    size_t n;
    Buf out;
    buf_init(&out, a);
    const unsigned char *in = made_png(65536, 1, &n);
    assert_int_equal(picture_shrink(a, in, n, 160, MUCH, &out), PICTURE_LARGE);
    in = made_png(1, 65536, &n);
    assert_int_equal(picture_shrink(a, in, n, 160, MUCH, &out), PICTURE_LARGE);
    in = made_png(65535, 1, &n);
    assert_int_equal(picture_shrink(a, in, n, 160, MUCH, &out), PICTURE_OK);
    out.len = 0;
    assert_int_equal(picture_shrink(a, in, n, 65535, MUCH, &out),
                     PICTURE_BAD); /* 65500 is the most */
    in = made_jpeg(16, 16, 4, JCS_CMYK, false, &n);
    assert_int_equal(picture_shrink(a, in, n, 160, MUCH, &out), PICTURE_BAD);
    in = made_jpeg(16, 16, 4, JCS_YCCK, false, &n);
    assert_int_equal(picture_shrink(a, in, n, 160, MUCH, &out), PICTURE_BAD);
    in = made_jpeg(16, 16, 1, JCS_GRAYSCALE, false, &n); /* grey is read */
    assert_int_equal(picture_shrink(a, in, n, 160, MUCH, &out), PICTURE_OK);
    static const char moving[] = "RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\x0f\0\0\x0f\0\0";
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {{moving, sizeof moving - 1}, {"RIFF\4\0\0\0WAVE", 12}, {"XIFF\4\0\0\0WEBP", 12},
               {"RIFF\4\0\0\0WEB", 11},     {"\x89PNG\r\n\x1a", 7},   {"\xff\xd8", 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(
            picture_shrink(a, (const unsigned char *)bad[i].bytes, bad[i].n, 160, MUCH, &out),
            PICTURE_BAD);
}

/* A file of a thousand small faults is worked at no longer than to the five hundredth: what was read until then is shown, and
   nobody takes it for one of ours. */
static void test_endless_faults(void **state)
{
    (void)state;
    enum { SIDE = 640 };
    size_t n;
    unsigned char *in = made_jpeg(SIDE, SIDE, 1, JCS_GRAYSCALE, true, &n);
    int marks = 0;
    for (size_t i = 0; i + 1 < n; i++)
        if (in[i] == 0xff && in[i + 1] >= 0xd0 && in[i + 1] <= 0xd7) {
            in[i + 1] = 0xd3; /* each restart is the fourth of eight */
            marks++;
        }
    assert_true(marks > 1000);
    Picture p;
    int orientation;
    assert_int_equal(picture_decode(a, in, n, SIDE, MUCH, &p, &orientation), PICTURE_OK);
    assert_int_equal(p.w, SIDE);
    assert_int_equal(at(p, SIDE - 1, SIDE - 1)[0],
                     255); /* never reached: white, as it was before */
    Buf out;
    buf_init(&out, a);
    assert_int_equal(picture_rewrite(a, in, n, 4096, &out), PICTURE_BAD);
}

/* Pictures whose JPEG is longer than the step it is written by, and ones so high that a side would be lost. */
static void test_sizes(void **state)
{
    (void)state;
    size_t n;
    Buf out, again;
    Picture p;
    int orientation;
    const unsigned char *in = made_jpeg(400, 300, 3, JCS_YCbCr, false, &n);
    buf_init(&out, a);
    buf_init(&again, a);
    assert_int_equal(picture_shrink(a, in, n, 400, MUCH, &out), PICTURE_OK);
    assert_true(out.len > 2 * 16384);
    assert_int_equal(
        picture_decode(a, (unsigned char *)out.data, out.len, 400, MUCH, &p, &orientation),
        PICTURE_OK);
    assert_int_equal(p.h, 300);
    assert_int_equal(picture_rewrite(a, (unsigned char *)out.data, out.len, 400, &again),
                     PICTURE_OK);
    assert_int_equal(again.len, out.len);
    assert_memory_equal(again.data, out.data, out.len);
    assert_int_equal(picture_rewrite(a, (unsigned char *)out.data, out.len, 399, &again),
                     PICTURE_LARGE);
    in = made_jpeg(300, 400, 3, JCS_YCbCr, false, &n);
    assert_int_equal(picture_rewrite(a, in, n, 399, &again), PICTURE_LARGE);
    in = made_png(3, 1000, &n);
    assert_int_equal(picture_decode(a, in, n, 100, MUCH, &p, &orientation), PICTURE_OK);
    p = picture_scale(a, p, 100);
    assert_int_equal(p.w, 1);
    assert_int_equal(p.h, 100);
    assert_int_equal(at(p, 0, 99)[2], 255);
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
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_endless_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
