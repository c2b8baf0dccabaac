/* Everything in the database that stands there under seal: fields of entities ("secret_sealed" of "secret"), letters that
   carry a link to set a password, and the images of imports of configuration that erased such a row. */
#ifndef RECORD_SEALED_H
#define RECORD_SEALED_H

#include "base/vec.h"
#include "meta/model.h"

typedef struct SealedText {
    const Entity *e; /* of the row */
    const char *column, *label;
    int64_t id;
    const char *prefix; /* what stands before the sealed text in the column, "" mostly */
    const char *text;   /* sealed */
} SealedText;
typedef VEC(SealedText) SealedTexts;

/* Fields and letters. */
bool sealed_texts(Ctx *c, SealedTexts *out);
/* Inside a write: another sealed text in its place, where it is still what was read; NULL: none, and a letter that waited for
   it is dead. */
bool sealed_put(Ctx *c, const SealedText *s, const char *text);

#endif
