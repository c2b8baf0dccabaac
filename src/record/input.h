/*
 * The input of a save: a JSON object of the API becomes values by Field.index. Every mistake is
 * recorded; a field whose value was refused is marked in SaveWork.bad.
 */
#ifndef RECORD_INPUT_H
#define RECORD_INPUT_H

#include "record/save.h"

/*
 * Fills after, changed and many from s.in. Unknown names are ERR_UNKNOWN_FIELD, fields kept by the program
 * ERR_READONLY, fields the caller may not change ERR_PERM_DENIED, masked text sent back ERR_MASKED.
 * Links are resolved (record/link_resolve.h), links with to_field after all others.
 */
void input_accept(Ctx *c, SaveWork *w);

/* The same without a record, for duplicates while one types: only fields with a column, unknown ones refused; a value that is
   none yet (a number half typed) is as if it were not given, what is no text is refused. */
bool input_values(Ctx *c, const Entity *e, json_object *in, DbVal *out);

/* Default values of the fields a new record was not given. */
bool input_defaults(Ctx *c, SaveWork *w);

#endif
