/* Custom fields: the rows of custom_field made into the current model. */
#ifndef RECORD_CUSTOMS_H
#define RECORD_CUSTOMS_H

#include "record/record.h"

/* Reads all custom fields and makes the model that holds from now on (model_replace). c->model stays what it was: a piece of
   work keeps the model it began with. */
bool customs_reload(Ctx *c);

#endif
