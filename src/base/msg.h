/*
 * The message catalogue: every sentence a person reads that is not a label of an entity. Loaded
 * once at start from the embedded messages/zh.json and messages/en.json (flat objects: key → text
 * with places {1}, {2} …). Read-only afterwards, so any thread may ask.
 */
#ifndef BASE_MSG_H
#define BASE_MSG_H

#include "base/arena.h"

/* Loads the catalogue from the embedded files; false with a line on stderr when they are broken. */
bool msg_load(void);
/* The text of key in lang ("zh", "en"); the key itself where there is none. */
const char *msg_text(const char *lang, const char *key);
/* Fills the places. args: NULL-terminated, or NULL. */
char *msg_format(Arena *a, const char *lang, const char *key, const char *const *args);

#endif
