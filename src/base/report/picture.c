/*
 * Pictures for documents. A PNG is unpacked by cairo; a JPEG goes into a PDF as it is, only its size is read here. Both are
 * pictures of ours (record/picture wrote them anew), all the same nothing in their heads is believed beyond a limit.
 */
#include <string.h>

#include "base/report/impl.h"

enum { PIXELS_MOST = 16000000 };

typedef struct Bytes {
    const unsigned char *at;
    size_t left;
} Bytes;

static cairo_status_t read_bytes(void *closure, unsigned char *out, unsigned n)
{
    Bytes *b = closure;
    if (n > b->left)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(out, b->at, n);
    b->at += n;
    b->left -= n;
    return CAIRO_STATUS_SUCCESS;
}

static uint32_t big_endian(const unsigned char *p, int n)
{
    uint32_t v = 0;
    while (n-- > 0)
        v = v << 8 | *p++;
    return v;
}

static bool is_png(const ReportImage *image)
{
    return image->n >= 33 && memcmp(image->bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

/* Width and height in the first frame header (SOF) of a JPEG. */
static bool jpeg_size(const ReportImage *image, uint32_t *w, uint32_t *h)
{
    const unsigned char *p = image->bytes;
    if (image->n < 4 || p[0] != 0xff || p[1] != 0xd8)
        return false;
    for (size_t i = 2; i + 9 < image->n && p[i] == 0xff;) {
        unsigned char marker = p[i + 1];
        bool frame =
            marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
        if (frame) {
            *h = big_endian(p + i + 5, 2);
            *w = big_endian(p + i + 7, 2);
            return true;
        }
        i += 2 + big_endian(p + i + 2, 2);
    }
    return false;
}

const char *report_picture_type(const ReportImage *image)
{
    uint32_t w, h;
    return is_png(image) ? "image/png" : jpeg_size(image, &w, &h) ? "image/jpeg" : NULL;
}

/* Before a byte of it is unpacked. */
static bool is_bounded(uint32_t w, uint32_t h)
{
    return w && h && (uint64_t)w * h <= PIXELS_MOST;
}

static cairo_surface_t *jpeg_surface(const ReportImage *image, uint32_t w, uint32_t h)
{
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)w, (int)h);
    (void)cairo_surface_set_mime_data(s, CAIRO_MIME_TYPE_JPEG, image->bytes, image->n, NULL, NULL);
    return s;
}

cairo_surface_t *report_picture(const ReportImage *image)
{
    uint32_t w = 0, h = 0;
    cairo_surface_t *s;
    if (is_png(image)) {
        Bytes b = {image->bytes, image->n};
        if (!is_bounded(big_endian(image->bytes + 16, 4), big_endian(image->bytes + 20, 4)))
            return NULL;
        s = cairo_image_surface_create_from_png_stream(read_bytes, &b);
    } else {
        if (!jpeg_size(image, &w, &h) || !is_bounded(w, h))
            return NULL;
        s = jpeg_surface(image, w, h);
    }
    if (cairo_surface_status(s) == CAIRO_STATUS_SUCCESS)
        return s;
    cairo_surface_destroy(s);
    return NULL;
}
