/*
 * UTF-8 by hand, strict: overlong forms, surrogates and code points over U+10FFFF are invalid
 * (table 3-7 of the Unicode standard). The door between bytes of strangers and our texts.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/arena.h"

/* The code point at *p (before end), *p moves behind it. -1 for an invalid sequence: *p then moves
   behind its longest valid beginning, at least one byte. */
int32_t utf8_next(const char **p, const char *end);
bool utf8_valid(const char *s, size_t n);
/* Bytes before the first mistake; n where there is none. A sequence cut off at the end is one. */
size_t utf8_valid_len(const char *s, size_t n);
/* Code points of a valid text. */
size_t utf8_count(const char *s);
size_t utf8_count_n(const char *s, size_t n);
/* Bytes of the first max code points of a valid text (all of it where it is shorter). */
size_t utf8_clip(const char *s, size_t max);
/* Bytes of s, at most n, that end between two characters; and a copy of so many (s itself where it is no longer, NULL for
   NULL). */
size_t utf8_fit(const char *s, size_t n);
const char *utf8_cut(Arena *a, const char *s, size_t n);
/* Writes cp; returns the number of bytes, 1 to 4. */
size_t utf8_put(int32_t cp, char out[4]);
/* A copy in which each invalid sequence and each NUL is U+FFFD. */
char *utf8_clean(Arena *a, const char *s, size_t n);
/* Blank, control or invisible formatting (zero width, BOM, bidi marks, ideographic space, …). */
bool utf8_is_blank(int32_t cp);
/* s without leading and trailing blanks (as above); *n is set to its length. No copy. */
const char *utf8_trim(const char *s, size_t *n);

#endif
