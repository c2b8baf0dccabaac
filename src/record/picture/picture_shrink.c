/* Turning, scaling and writing pixels. See picture.h. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "record/picture/picture.h"

/* ---- orientation --------------------------------------------------------------------------- */

typedef struct Tiff {
    const unsigned char *at;
    size_t n;
    bool little;
} Tiff;

static unsigned tiff_u16(const Tiff *t, size_t i)
{
    if (i + 2 > t->n)
        return 0;
    return t->little ? (unsigned)(t->at[i] | t->at[i + 1] << 8)
                     : (unsigned)(t->at[i] << 8 | t->at[i + 1]);
}

static size_t tiff_u32(const Tiff *t, size_t i)
{
    size_t one = tiff_u16(t, i), two = tiff_u16(t, i + 2);
    return t->little ? one | two << 16 : one << 16 | two;
}

int picture_orientation(const unsigned char *app1, size_t n)
{
    enum { TAG = 0x0112 };
    if (n < 14 || memcmp(app1, "Exif\0\0", 6) != 0)
        return 1;
    Tiff t = {.at = app1 + 6, .n = n - 6, .little = app1[6] == 'I'};
    size_t ifd = tiff_u32(&t, 4);
    if (tiff_u16(&t, 2) != 42 || ifd > t.n)
        return 1;
    unsigned count = tiff_u16(&t, ifd);
    for (unsigned i = 0; i < count && i < 200; i++) {
        size_t entry = ifd + 2 + (size_t)i * 12;
        if (tiff_u16(&t, entry) != TAG)
            continue;
        unsigned v = tiff_u16(&t, entry + 8);
        return v >= 1 && v <= 8 ? (int)v : 1;
    }
    return 1;
}

Picture picture_turn(Arena *a, Picture p, int orientation)
{
    if (orientation < 2 || orientation > 8)
        return p;
    bool swap = orientation >= 5;
    Picture out = {.w = swap ? p.h : p.w, .h = swap ? p.w : p.h};
    out.px = arena_alloc(a, (size_t)out.w * (size_t)out.h * 3);
    /* which way the source is walked for each row and column of the result */
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    for (int y = 0; y < out.h; y++)
        for (int x = 0; x < out.w; x++) {
            int sx = swap ? y : x, sy = swap ? x : y;
            if (flip_x)
                sx = p.w - 1 - sx;
            if (flip_y)
                sy = p.h - 1 - sy;
            memcpy(out.px + ((size_t)y * (size_t)out.w + (size_t)x) * 3,
                   p.px + ((size_t)sy * (size_t)p.w + (size_t)sx) * 3, 3);
        }
    return out;
}

/* ---- scaling ------------------------------------------------------------------------------- */

/* The mean of the pixels that a pixel of the result covers. */
static void mean(const Picture *p, int x0, int x1, int y0, int y1, unsigned char *out)
{
    uint64_t sum[3] = {0, 0, 0};
    uint64_t n = (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);
    for (int y = y0; y < y1; y++) {
        const unsigned char *s = p->px + ((size_t)y * (size_t)p->w + (size_t)x0) * 3;
        for (int x = x0; x < x1; x++, s += 3) {
            sum[0] += s[0];
            sum[1] += s[1];
            sum[2] += s[2];
        }
    }
    for (int k = 0; k < 3; k++)
        out[k] = (unsigned char)((sum[k] + n / 2) / n);
}

static int share(int i, int of, int whole)
{
    return (int)((int64_t)i * whole / of);
}

Picture picture_scale(Arena *a, Picture p, int size)
{
    int longest = p.w > p.h ? p.w : p.h;
    if (longest <= size)
        return p;
    Picture out = {.w = share(size, longest, p.w), .h = share(size, longest, p.h)};
    out.w = out.w ? out.w : 1;
    out.h = out.h ? out.h : 1;
    out.px = arena_alloc(a, (size_t)out.w * (size_t)out.h * 3);
    for (int y = 0; y < out.h; y++)
        for (int x = 0; x < out.w; x++) {
            int x0 = share(x, out.w, p.w), x1 = share(x + 1, out.w, p.w);
            int y0 = share(y, out.h, p.h), y1 = share(y + 1, out.h, p.h);
            /* no side grows, so each pixel covers one at least */
            mean(&p, x0, x1, y0, y1, out.px + ((size_t)y * (size_t)out.w + (size_t)x) * 3);
        }
    return out;
}

/* ---- writing ------------------------------------------------------------------------------- */

enum { STEP = 16384, QUALITY = 82 };

typedef struct Sink {
    struct jpeg_destination_mgr mgr;
    struct jpeg_error_mgr err;
    jmp_buf back;
    Buf *out;
    unsigned char step[STEP];
} Sink;

static void sink_begin(j_compress_ptr j)
{
    Sink *s = (Sink *)(void *)j->dest;
    s->mgr.next_output_byte = s->step;
    s->mgr.free_in_buffer = STEP;
}

static boolean sink_full(j_compress_ptr j)
{
    Sink *s = (Sink *)(void *)j->dest;
    buf_add(s->out, (char *)s->step, STEP);
    sink_begin(j);
    return TRUE;
}

static void sink_end(j_compress_ptr j)
{
    Sink *s = (Sink *)(void *)j->dest;
    buf_add(s->out, (char *)s->step, STEP - s->mgr.free_in_buffer);
}

/* Of either side: a reader and a writer may share it (picture_rewrite). */
static void sink_failed(j_common_ptr j)
{
    longjmp(((Sink *)j->client_data)->back, 1);
}

static void sink_warned(j_common_ptr j, int level)
{
    if (level < 0)
        sink_failed(j);
}

static Sink *sink_new(Arena *a, Buf *out)
{
    Sink *s = ARENA_NEW(a, Sink);
    s->out = out;
    s->mgr.init_destination = sink_begin;
    s->mgr.empty_output_buffer = sink_full;
    s->mgr.term_destination = sink_end;
    (void)jpeg_std_error(&s->err);
    s->err.error_exit = sink_failed;
    return s;
}

bool picture_encode(Arena *a, Picture p, Buf *out)
{
    struct jpeg_compress_struct j;
    Sink *s = sink_new(a, out);
    volatile bool ok = false;
    memset(&j, 0, sizeof j);
    j.err = &s->err;
    j.client_data = s;
    if (setjmp(s->back) == 0) {
        jpeg_create_compress(&j);
        j.dest = &s->mgr;
        j.image_width = (JDIMENSION)p.w;
        j.image_height = (JDIMENSION)p.h;
        j.input_components = 3;
        j.in_color_space = JCS_RGB;
        jpeg_set_defaults(&j);
        jpeg_set_quality(&j, QUALITY, TRUE);
        jpeg_start_compress(&j, TRUE);
        while (j.next_scanline < j.image_height) {
            JSAMPROW row = p.px + (size_t)j.next_scanline * (size_t)p.w * 3;
            jpeg_write_scanlines(&j, &row, 1);
        }
        jpeg_finish_compress(&j);
        ok = true;
    }
    jpeg_destroy_compress(&j);
    return ok;
}

PictureVerdict picture_shrink(Arena *a, const unsigned char *in, size_t n, int size,
                              int64_t max_pixels, Buf *out)
{
    Picture p;
    int orientation;
    PictureVerdict v = picture_decode(a, in, n, size, max_pixels, &p, &orientation);
    if (v != PICTURE_OK)
        return v;
    p = picture_turn(a, picture_scale(a, p, size), orientation);
    return picture_encode(a, p, out) ? PICTURE_OK : PICTURE_BAD;
}

PictureVerdict picture_rewrite(Arena *a, const unsigned char *in, size_t n, int size, Buf *out)
{
    struct jpeg_decompress_struct from;
    struct jpeg_compress_struct to;
    Sink *s = sink_new(a, out);
    volatile PictureVerdict verdict = PICTURE_BAD;
    memset(&from, 0, sizeof from);
    memset(&to, 0, sizeof to);
    s->err.emit_message = sink_warned;
    from.err = to.err = &s->err;
    from.client_data = to.client_data = s;
    if (setjmp(s->back) == 0) {
        jpeg_create_decompress(&from);
        jpeg_create_compress(&to);
        jpeg_mem_src(&from, in, (unsigned long)n);
        to.dest = &s->mgr;
        (void)jpeg_read_header(&from, TRUE);
        if (from.image_width > (unsigned)size || from.image_height > (unsigned)size) {
            verdict = PICTURE_LARGE;
        } else {
            jvirt_barray_ptr *all = jpeg_read_coefficients(&from);
            jpeg_copy_critical_parameters(&from, &to);
            jpeg_write_coefficients(&to, all);
            jpeg_finish_compress(&to);
            verdict = PICTURE_OK;
        }
    }
    jpeg_destroy_compress(&to);
    jpeg_destroy_decompress(&from);
    return verdict;
}
