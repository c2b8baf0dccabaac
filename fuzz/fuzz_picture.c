/* Pictures of strangers: whatever comes is refused or becomes a JPEG of at most the size wanted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/picture/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { SIDE = 160, PIXELS = 1 << 20 };
    Arena *a = arena_new(0);
    Buf out;
    Picture p;
    int orientation;
    buf_init(&out, a);
    if (picture_shrink(a, data, size, SIDE, PIXELS, &out) == PICTURE_OK) {
        const unsigned char *jpeg = (const unsigned char *)out.data;
        if (picture_decode(a, jpeg, out.len, SIDE, PIXELS, &p, &orientation) != PICTURE_OK ||
            p.w > SIDE || p.h > SIDE || p.w < 1 || p.h < 1 || orientation != 1)
            abort();
        if (out.len > 6 && memcmp(jpeg + 6, "JFIF", 4) != 0)
            abort(); /* nothing of the file comes along */
        Buf again;
        buf_init(&again, a);
        if (picture_rewrite(a, jpeg, out.len, SIDE, &again) != PICTURE_OK || again.len != out.len ||
            memcmp(again.data, out.data, out.len) != 0)
            abort(); /* what we made is known as ours */
    }
    Buf anew;
    buf_init(&anew, a);
    (void)picture_rewrite(a, data, size, SIDE, &anew);
    orientation = picture_orientation(data, size);
    if (orientation < 1 || orientation > 8)
        abort();
    arena_free(a);
    return 0;
}
