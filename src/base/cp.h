/*
 * Walking NUL-terminated text one code point at a time, leniently: a byte that starts no valid
 * sequence gives U+FFFD and is stepped over alone, so every loop ends. Whether text is valid is
 * decided at the edge (base/utf8.h); below it nobody has to ask again.
 */
#ifndef BASE_CP_H
#define BASE_CP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point at *s, which moves behind it; 0 at the end, where *s stays. */
uint32_t cp_next(const char **s);
/* The number of code points. */
size_t cp_count(const char *s);
/* Han characters: the unified ideographs with all extensions, compatibility ones and 〇. */
bool cp_is_han(uint32_t cp);

#endif
