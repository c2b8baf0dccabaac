/*
 * What a record was before a save, in the form in which a save takes it: the seed of every undo.
 */
#ifndef RECORD_BEFORE_H
#define RECORD_BEFORE_H

#include "record/save.h"

/* {"level": "normal", "owner": 5, "tags": [3]} with the former values of all fields the prepared update changes; what the
   program stamps itself (times, versions, derived texts) is left out, and secrets are: they stand in their own row and
   nowhere else. The text is the arena's. */
const char *before_image(Ctx *c, const SaveWork *w);

#endif
