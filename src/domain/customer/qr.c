/* QR codes by libqrencode. See qr.h. */
#include "domain/customer/qr.h"

#include <qrencode.h>
#include <string.h>

#include "base/buf.h"

enum { QUIET = 4 };

const char *qr_path(Arena *a, const char *text, int *size)
{
    QRcode *q = QRcode_encodeData((int)strlen(text), (const unsigned char *)text, 0, QR_ECLEVEL_L);
    if (!q)
        return NULL;
    Buf b;
    buf_init(&b, a);
    for (int y = 0; y < q->width; y++)
        for (int x = 0; x < q->width;) {
            int run = 0;
            while (x + run < q->width && q->data[y * q->width + x + run] & 1)
                run++;
            if (run)
                buf_printf(&b, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
            x += run ? run : 1;
        }
    *size = q->width + 2 * QUIET;
    QRcode_free(q);
    return b.data;
}
