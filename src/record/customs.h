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

/* The same for several rows at once. */
typedef struct CustomRow {
    int64_t id;
    const DbVal *v;
} CustomRow;
bool customs_model_of(Ctx *c, const CustomRow *rows, int n, Model **out);
/* In a write: the tables of the entity named get what its fields in c->model need. Columns that are left of a field that was
   taken back, and are claimed again by a new one (fresh: the names of the new fields, NULL-terminated), are made anew. */
bool customs_tables(Ctx *c, const Model *m, const char *entity, const char *const *fresh);

#endif
