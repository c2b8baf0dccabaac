/* Pictures for printed documents: a QR code, and the company's logo, as PNG. */
#include <string.h>

#include <png.h>
#include <qrencode.h>

#include "base/file.h"
#include "record/logo.h"
#include "record/picture/picture.h"
#include "record/print/impl.h"

enum { QUIET = 4, DOTS = 6, QR_BYTES = 1000, LOGO_SIDE = 600, LOGO_BYTES = 8 << 20 };

static unsigned char *write_png(Arena *a, const unsigned char *px, int w, int h, png_uint_32 format,
                                size_t *n)
{
    png_image p;
    memset(&p, 0, sizeof p);
    p.version = PNG_IMAGE_VERSION;
    p.width = (png_uint_32)w;
    p.height = (png_uint_32)h;
    p.format = format;
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(p);
    unsigned char *out = arena_alloc(a, room);
    bool ok = png_image_write_to_memory(&p, out, &room, 0, px, 0, NULL) != 0;
    *n = ok ? room : 0;
    return ok ? out : NULL;
}

unsigned char *print_qr_png(Arena *a, const char *text, size_t *n)
{
    size_t len = strlen(text);
    QRcode *q = len && len <= QR_BYTES
                    ? QRcode_encodeData((int)len, (const unsigned char *)text, 0, QR_ECLEVEL_M)
                    : NULL;
    *n = 0;
    if (!q)
        return NULL;
    int side = (q->width + 2 * QUIET) * DOTS;
    unsigned char *px = arena_alloc(a, (size_t)side * (size_t)side);
    memset(px, 0xff, (size_t)side * (size_t)side);
    for (int y = 0; y < q->width * DOTS; y++)
        for (int x = 0; x < q->width * DOTS; x++)
            if (q->data[y / DOTS * q->width + x / DOTS] & 1)
                px[(y + QUIET * DOTS) * side + x + QUIET * DOTS] = 0;
    QRcode_free(q);
    return write_png(a, px, side, side, PNG_FORMAT_GRAY, n);
}

/* The file is one that record/logo made: decoded here, it is no stranger's any more. */
unsigned char *print_logo_png(Ctx *c, size_t *n, int *width, int *height)
{
    AttachFile f;
    Picture p;
    char *bytes;
    size_t len;
    int turned, before = c->n_err;
    *n = 0;
    if (!logo_open(c, &f) || !file_read(c, f.path, LOGO_BYTES, &bytes, &len)) {
        ctx_errors_back_to(c, before);
        return NULL;
    }
    if (picture_decode(c->a, (const unsigned char *)bytes, len, LOGO_SIDE, 4 << 20, &p, &turned) !=
        PICTURE_OK)
        return NULL;
    p = picture_scale(c->a, p, LOGO_SIDE);
    *width = p.w;
    *height = p.h;
    return write_png(c->a, p.px, p.w, p.h, PNG_FORMAT_RGB, n);
}
