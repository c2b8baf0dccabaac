/* Pictures for printed documents: a QR code as PNG, and the company's logo. */
#include <string.h>

#include <png.h>
#include <qrencode.h>

#include "base/file.h"
#include "record/logo.h"
#include "record/picture/picture.h"
#include "record/print/impl.h"

enum {
    QUIET = 4,
    DOTS = 6,
    QR_BYTES = 1000,
    LOGO_SIDE = 100,
    LOGO_BYTES = 8 << 20,
    LOGO_PIXELS = 4 << 20
};

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
    png_image p;
    memset(&p, 0, sizeof p);
    p.version = PNG_IMAGE_VERSION;
    p.width = p.height = (png_uint_32)side;
    p.format = PNG_FORMAT_GRAY;
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(p);
    unsigned char *out = arena_alloc(a, room);
    bool ok = png_image_write_to_memory(&p, out, &room, 0, px, 0, NULL) != 0;
    *n = ok ? room : 0;
    return ok ? out : NULL;
}

/* The file is one that record/logo made: decoded here, it is no stranger's any more. */
const unsigned char *print_logo(Ctx *c, size_t *n, int *width, int *height)
{
    AttachFile f;
    Picture p;
    char *bytes;
    int turned, before = c->n_err;
    *n = 0;
    if (!logo_open(c, &f) || !file_read(c, f.path, LOGO_BYTES, &bytes, n)) {
        ctx_errors_back_to(c, before);
        return NULL;
    }
    const unsigned char *logo = (const unsigned char *)bytes;
    if (picture_decode(c->a, logo, *n, LOGO_SIDE, LOGO_PIXELS, &p, &turned) != PICTURE_OK)
        return NULL;
    *width = p.w;
    *height = p.h;
    return logo;
}
