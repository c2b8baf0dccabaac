/* A QR code as the outline of its dark modules: what the page draws. */
#ifndef DOMAIN_CUSTOMER_QR_H
#define DOMAIN_CUSTOMER_QR_H

#include "base/arena.h"

/* The path ("M4 4h7v1h-7z…") for an <svg viewBox="0 0 size size"> in modules, with the quiet zone of four round it. NULL where
   the text is too long for a code (about 2,900 bytes). */
const char *qr_path(Arena *a, const char *text, int *size);

#endif
