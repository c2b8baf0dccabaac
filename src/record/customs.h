/* Custom fields: the rows of custom_field made into the current model. */
#ifndef RECORD_CUSTOMS_H
#define RECORD_CUSTOMS_H

#include "record/record.h"

/* Reads all custom fields and makes the model that holds from now on (model_replace). c->model stays what it was: a piece of
   work keeps the model it began with. */
bool customs_reload(Ctx *c);

/*
 * The model with all custom fields as the database has them, with one reference (for model_replace or model_release).
 * but, with: the row of custom_field that is being saved and its values by Field.index, taken instead of what is stored; 0 and
 * NULL for none.
 */
bool customs_model(Ctx *c, int64_t but, const DbVal *with, Model **out);

#endif
