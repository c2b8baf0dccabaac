/*
 * Sort keys. A column name_sort holds collate_key(name), so that ORDER BY on bytes gives the order
 * of the Chinese dictionary (by pinyin) on every database: digits, then Han by pinyin, then Latin.
 * Keys depend on ICU's version: when collate_version differs from the stored one, rebuild them.
 */
#ifndef BASE_COLLATE_H
#define BASE_COLLATE_H

#include "base/arena.h"

/* The first 40 bytes of ICU's sort key ("zh@collation=pinyin") in lower-case hex: at most 80
   characters. Any thread may call. */
char *collate_key(Arena *a, const char *s);
/* What the keys depend on, e.g. "153.112.72.1". */
const char *collate_version(void);

#endif
