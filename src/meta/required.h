/*
 * Which fields must be filled where a setting says so (required_by in the entity file): a list of
 * words, "customer_need" for every record, "visit.customer_feedback" for those of which an option
 * field has the value "visit". Words that fit nothing mean nothing, so that one list may serve several
 * entities.
 */
#ifndef META_REQUIRED_H
#define META_REQUIRED_H

#include "db/db.h"
#include "meta/model.h"

/* Always, whatever the record says. */
bool field_required(const Field *f);
/* By a word with a value that this record (values by Field.index) has. */
bool field_required_kind(const Field *f, const DbVal *values);
/* The same for the page, as a filter in JSON (arena); NULL where no word asks for it. */
const char *field_required_if(Arena *a, const Field *f);
/* Changes when one of these settings does: part of the ETag of a schema. */
uint64_t model_required_digest(const Model *m);

#endif
