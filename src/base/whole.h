/*
 * Whole numbers in texts of strangers: decimal digits, a minus before them, nothing else. strtoll takes blanks, "+" and
 * whatever follows, and calls a word 0; nobody who asks for page "abc" is to be given the first one.
 */
#ifndef BASE_WHOLE_H
#define BASE_WHOLE_H

#include "base/ctx.h"

/* false, and *out as it was, where text is no whole number within [min, max]. */
bool whole_number(const char *text, int64_t min, int64_t max, int64_t *out);
/* The cursor of a list ordered by a number; NULL and "" give dflt, the beginning. ERR_BAD_CURSOR. */
bool whole_cursor(Ctx *c, const char *cursor, int64_t dflt, int64_t *out);

#endif
