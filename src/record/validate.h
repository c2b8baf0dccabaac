/* Are the values of a save fit to be stored? All mistakes at once, each under its field. */
#ifndef RECORD_VALIDATE_H
#define RECORD_VALIDATE_H

#include "record/save.h"

/*
 * required, required_if, length, range, pattern, options, unique (against the rows as they are now; the index decides in
 * the end). New records are checked whole, changed ones in what changed (required_if: also where its condition changed).
 */
void validate_save(Ctx *c, SaveWork *w);

#endif
