/*
 * Three ways of tidying text, from strong to gentle. fold_text is for comparing and searching and
 * must never be stored as what a person wrote; fold_narrow is for codes, phones and numbers;
 * fold_clean is what every stored text goes through on input.
 */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "base/arena.h"

/* NFKC and case folding (Unicode), zero-width characters removed, runs of blanks made one,
   trimmed. "Ａ①㎡  Ｂ" → "a1m2 b". Bytes that are no UTF-8 are dropped. */
char *fold_text(Arena *a, const char *s);

/* Trims blanks of every kind (also U+00A0 and U+3000) at both ends and drops what cannot be seen:
   zero-width characters, byte order marks, soft hyphens, direction marks, control characters
   other than tab and line ends. U+200D stays inside emoji. Everything else stays as it was. */
char *fold_clean(Arena *a, const char *s);

/* Full-width ASCII (U+FF01–FF5E) → ASCII, U+3000 and U+00A0 → blank, several dashes → '-',
   zero-width characters dropped. 。and other punctuation stay. */
char *fold_narrow(Arena *a, const char *s);

/* Zero-width and other invisible format characters, as the functions above drop them. */
bool fold_is_invisible(uint32_t cp);
/* Blanks of every kind. */
bool fold_is_blank(uint32_t cp);

/* A code as it is compared: narrow, upper case, without blanks, dashes and what cannot be seen, '?' for what is not ASCII.
   out gets at most room - 1 characters; returns the length before the cut. */
size_t fold_code(const char *text, char *out, size_t room);

#endif
