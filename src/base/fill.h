/*
 * Texts with places, as people write them: "您好 {{name}}，{{title}}". Used for templates of messages. A place is two
 * braces, a name of [a-z0-9_], blanks allowed around it; anything else in braces is text. Values are never read again
 * for places, so what a customer is called cannot pull in something else.
 */
#ifndef BASE_FILL_H
#define BASE_FILL_H

#include "base/ctx.h"

typedef struct FillVar {
    const char *name; /* NULL closes the list */
    const char *value;
} FillVar;

/* How a value is written where it stands. */
typedef enum FillFor { FILL_PLAIN, FILL_LINE, FILL_HTML, FILL_JSON, FILL_URL } FillFor;
/* FILL_LINE: as plain, but control characters become blanks (headers, subjects). */

/* The text with its places filled; unknown ones become nothing. */
char *fill_text(Arena *a, const char *text, const FillVar *vars, FillFor how);
/* One value written so. */
char *fill_value(Arena *a, const char *value, FillFor how);
/* Names in text that known (NULL-terminated) does not have: ERR_INVALID on field, naming them and what there is. */
bool fill_check(Ctx *c, const char *field, const char *text, const char *const *known);

#endif
