/*
 * Pictures of strangers made small (SECURITY C29): decoded, turned upright, scaled and written anew as JPEG, so that what a
 * browser shows was made by us and carries neither EXIF nor anything else of the file. JPEG, PNG and WebP, told by their
 * first bytes. The program does this in a child that can do nothing else (zhike shrink-picture, picture_child.c); the
 * functions here are what runs there, and what tests and fuzz programs call.
 */
#ifndef RECORD_PICTURE_PICTURE_H
#define RECORD_PICTURE_PICTURE_H

#include "base/buf.h"
#include "base/ctx.h"

typedef enum PictureVerdict { PICTURE_OK, PICTURE_BAD, PICTURE_LARGE } PictureVerdict;

/* Three bytes a pixel, row by row without gaps. */
typedef struct Picture {
    unsigned char *px;
    int w, h;
} Picture;

/* Where an in-memory file is a picture we read: its pixels, upright or as orientation (1–8, EXIF) says. Decoders may give a
   smaller one as long as no side falls below `size`. max_pixels: of the file, before anything is decoded. */
PictureVerdict picture_decode(Arena *a, const unsigned char *in, size_t n, int size,
                              int64_t max_pixels, Picture *out, int *out_orientation);
/* At most size pixels a side; a smaller one stays as it is. */
Picture picture_scale(Arena *a, Picture p, int size);
/* Turned and mirrored by an EXIF orientation; anything but 2–8 leaves it. */
Picture picture_turn(Arena *a, Picture p, int orientation);
bool picture_encode(Arena *a, Picture p, Buf *out);

/* All of it: the JPEG in out. */
PictureVerdict picture_shrink(Arena *a, const unsigned char *in, size_t n, int size,
                              int64_t max_pixels, Buf *out);

/* A JPEG written anew from its own coefficients, without a loss and without anything else of the file. One that picture_encode
   made comes out byte for byte: so is known that a file is such a one. PICTURE_LARGE where a side is longer than size. */
PictureVerdict picture_rewrite(Arena *a, const unsigned char *in, size_t n, int size, Buf *out);

/* The orientation in the APP1 marker of a JPEG ("Exif\0\0", TIFF …); 1 where there is none that makes sense. */
int picture_orientation(const unsigned char *app1, size_t n);

/* ---- the two sides of the child -------------------------------------------------------------- */

/* `zhike shrink-picture size pixels memory cpu`: file on 3, JPEG to 1. A size below 0: picture_rewrite. */
_Noreturn void picture_child(int argc, char **argv);

/* Makes a JPEG of at most size pixels a side of the file at `from`, as the new file `to`. At most a few at once; others
   wait. ERR_INVALID "err.picture" or ERR_TOO_LARGE "err.picture_large" where it cannot be shown. */
bool picture_make(Ctx *c, const char *from, const char *to, int size);
/* Is the file one that picture_make made for this size? ERR_INVALID "err.picture" or ERR_TOO_LARGE else. */
bool picture_is_made(Ctx *c, const char *path, int size);

#endif
