/* QR codes by libqrencode: as the path of an SVG, and as squares on a page. */
#include "base/report/impl.h"

#include <qrencode.h>
#include <string.h>

enum { QUIET = 4 };

static QRcode *encode(const char *text)
{
    return QRcode_encodeData((int)strlen(text), (const unsigned char *)text, 0, QR_ECLEVEL_M);
}

/* Dark modules side by side from x on in row y. */
static int run_at(const QRcode *q, int x, int y)
{
    int run = 0;
    while (x + run < q->width && q->data[y * q->width + x + run] & 1)
        run++;
    return run;
}

const char *qr_svg_path(Arena *a, const char *text, int *size)
{
    QRcode *q = encode(text);
    Buf b;
    if (!q)
        return NULL;
    buf_init(&b, a);
    for (int y = 0; y < q->width; y++) {
        for (int x = 0; x < q->width; x++) {
            int run = run_at(q, x, y);
            if (run)
                buf_printf(&b, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
            x += run;
        }
    }
    *size = q->width + 2 * QUIET;
    QRcode_free(q);
    return b.data;
}

bool qr_draw(cairo_t *cr, const char *text, double size)
{
    QRcode *q = encode(text);
    if (!q)
        return false;
    double module = size / (q->width + 2 * QUIET);
    for (int y = 0; y < q->width; y++) {
        for (int x = 0; x < q->width; x++) {
            int run = run_at(q, x, y);
            if (run)
                cairo_rectangle(cr, (x + QUIET) * module, (y + QUIET) * module, run * module,
                                module);
            x += run;
        }
    }
    cairo_set_source_rgb(cr, 0, 0, 0);
    cairo_fill(cr);
    QRcode_free(q);
    return true;
}
