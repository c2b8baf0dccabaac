/* JPEG, PNG and WebP to pixels. See picture.h. Sizes of the file are looked at before a decoder allocates by them. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>

#include "record/picture/picture.h"

/* No decoder tells a side of 0. */
static bool fits(int64_t w, int64_t h, int64_t max_pixels)
{
    return w <= 65535 && h <= 65535 && w * h <= max_pixels;
}

/* ---- JPEG ---------------------------------------------------------------------------------- */

typedef struct Trap {
    struct jpeg_error_mgr mgr;
    jmp_buf back;
    int warnings;
} Trap;

static void trapped(j_common_ptr j)
{
    longjmp(((Trap *)(void *)j->err)->back, 1);
}

/* A file with endless small faults would be worked at endlessly. Nothing is told of them. */
static void counted(j_common_ptr j, int level)
{
    Trap *t = (Trap *)(void *)j->err;
    if (level < 0 && ++t->warnings > 500)
        longjmp(t->back, 1);
}

/* The smallest of the eight scales of the decoder that keeps both sides at or above what is wanted. */
static void scale_down(struct jpeg_decompress_struct *j, int size)
{
    unsigned longest = j->image_width > j->image_height ? j->image_width : j->image_height;
    j->scale_denom = 8;
    for (j->scale_num = 1; j->scale_num < 8 && longest * j->scale_num / 8 < (unsigned)size;)
        j->scale_num++;
}

/* No other markers are kept than APP1. */
static int orientation_of(const struct jpeg_decompress_struct *j)
{
    const struct jpeg_marker_struct *m = j->marker_list;
    return m ? picture_orientation(m->data, m->data_length) : 1;
}

static PictureVerdict jpeg_read(Arena *a, struct jpeg_decompress_struct *j, int size,
                                int64_t max_pixels, Picture *out)
{
    if (!fits(j->image_width, j->image_height, max_pixels))
        return PICTURE_LARGE;
    if (j->jpeg_color_space == JCS_CMYK || j->jpeg_color_space == JCS_YCCK)
        return PICTURE_BAD;
    j->out_color_space = JCS_RGB;
    j->dct_method = JDCT_ISLOW;
    scale_down(j, size);
    jpeg_start_decompress(j);
    size_t w = j->output_width, h = j->output_height;
    *out = (Picture){.px = arena_alloc(a, w * h * 3), .w = (int)w, .h = (int)h};
    memset(out->px, 0xff, w * h * 3);
    while (j->output_scanline < j->output_height) {
        JSAMPROW row = out->px + (size_t)j->output_scanline * w * 3;
        jpeg_read_scanlines(j, &row, 1);
    }
    return PICTURE_OK;
}

static PictureVerdict jpeg(Arena *a, const unsigned char *in, size_t n, int size,
                           int64_t max_pixels, Picture *out, int *orientation)
{
    struct jpeg_decompress_struct j;
    Trap t;
    volatile PictureVerdict verdict = PICTURE_BAD;
    memset(&j, 0, sizeof j);
    memset(&t, 0, sizeof t);
    j.err = jpeg_std_error(&t.mgr);
    t.mgr.error_exit = trapped;
    t.mgr.emit_message = counted;
    if (setjmp(t.back) == 0) {
        jpeg_create_decompress(&j);
        jpeg_mem_src(&j, in, (unsigned long)n);
        jpeg_save_markers(&j, JPEG_APP0 + 1, 0xffff);
        jpeg_read_header(&j, TRUE);
        *orientation = orientation_of(&j);
        verdict = jpeg_read(a, &j, size, max_pixels, out);
    } else if (out->px) {
        verdict = PICTURE_OK; /* broken off: what was read is shown */
    }
    jpeg_destroy_decompress(&j);
    return verdict;
}

/* ---- PNG and WebP -------------------------------------------------------------------------- */

static size_t big_endian(const unsigned char *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Only the chunks that make the picture: libpng makes room by the lengths that others say, and we want none of them. */
static const unsigned char *bare_png(Arena *a, const unsigned char *in, size_t n, size_t *out_n)
{
    static const char wanted[] = "IHDR PLTE tRNS IDAT IEND";
    enum { SIGN = 8, AROUND = 12 }; /* length, name, checksum */
    unsigned char *out = arena_alloc(a, n);
    size_t to = SIGN;
    memcpy(out, in, SIGN);
    for (size_t at = SIGN; at + AROUND <= n;) {
        size_t whole = big_endian(in + at) + AROUND;
        if (whole > n - at)
            break;
        for (size_t i = 0; i < sizeof wanted; i += 5)
            if (memcmp(in + at + 4, wanted + i, 4) == 0) {
                memcpy(out + to, in + at, whole);
                to += whole;
                break;
            }
        at += whole;
    }
    *out_n = to;
    return out;
}

static PictureVerdict png(Arena *a, const unsigned char *in, size_t n, int64_t max_pixels,
                          Picture *out)
{
    in = bare_png(a, in, n, &n);
    png_image p;
    memset(&p, 0, sizeof p);
    p.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&p, in, n))
        return PICTURE_BAD;
    if (!fits(p.width, p.height, max_pixels)) {
        png_image_free(&p);
        return PICTURE_LARGE;
    }
    png_color white = {255, 255, 255};
    p.format = PNG_FORMAT_RGB; /* what is transparent becomes white */
    *out = (Picture){.px = arena_alloc(a, (size_t)p.width * p.height * 3),
                     .w = (int)p.width,
                     .h = (int)p.height};
    bool ok = png_image_finish_read(&p, &white, out->px, 0, NULL) != 0;
    png_image_free(&p);
    return ok ? PICTURE_OK : PICTURE_BAD;
}

/* Transparent pixels over white, in place: four bytes a pixel become three. */
static void flatten(unsigned char *px, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++) {
        const unsigned char *from = px + i * 4;
        unsigned alpha = from[3];
        unsigned char rgb[3];
        for (int k = 0; k < 3; k++)
            rgb[k] = (unsigned char)((from[k] * alpha + 255u * (255u - alpha)) / 255u);
        memcpy(px + i * 3, rgb, 3);
    }
}

static PictureVerdict webp(Arena *a, const unsigned char *in, size_t n, int size,
                           int64_t max_pixels, Picture *out)
{
    WebPDecoderConfig cfg;
    if (!WebPInitDecoderConfig(&cfg) || WebPGetFeatures(in, n, &cfg.input) != VP8_STATUS_OK ||
        cfg.input.has_animation)
        return PICTURE_BAD;
    int w = cfg.input.width, h = cfg.input.height;
    if (!fits(w, h, max_pixels))
        return PICTURE_LARGE;
    (void)size;
    *out = (Picture){.px = arena_alloc(a, (size_t)w * (size_t)h * 4), .w = w, .h = h};
    cfg.output.colorspace = MODE_RGBA;
    cfg.output.is_external_memory = 1;
    cfg.output.u.RGBA.rgba = out->px;
    cfg.output.u.RGBA.stride = w * 4;
    cfg.output.u.RGBA.size = (size_t)w * (size_t)h * 4;
    bool ok = WebPDecode(in, n, &cfg) == VP8_STATUS_OK;
    WebPFreeDecBuffer(&cfg.output);
    if (ok)
        flatten(out->px, (size_t)w * (size_t)h);
    return ok ? PICTURE_OK : PICTURE_BAD;
}

PictureVerdict picture_decode(Arena *a, const unsigned char *in, size_t n, int size,
                              int64_t max_pixels, Picture *out, int *out_orientation)
{
    *out = (Picture){.px = NULL};
    *out_orientation = 1;
    if (n >= 3 && memcmp(in, "\xff\xd8\xff", 3) == 0)
        return jpeg(a, in, n, size, max_pixels, out, out_orientation);
    if (n >= 8 && memcmp(in, "\x89PNG\r\n\x1a\n", 8) == 0)
        return png(a, in, n, max_pixels, out);
    if (n >= 12 && memcmp(in, "RIFF", 4) == 0 && memcmp(in + 8, "WEBP", 4) == 0)
        return webp(a, in, n, size, max_pixels, out);
    return PICTURE_BAD;
}
