/*
 * Saved views: what somebody keeps of a list (entity saved_view). The list call takes the conditions, the order
 * and the columns of one by its id; the caller's own words of the request go before those of the view.
 */
#ifndef RECORD_SAVED_VIEW_H
#define RECORD_SAVED_VIEW_H

#include "record/record.h"

/* Fills what q does not say itself from the view with this id (digits); its filter is joined with that of q. A view the
   caller may not read, of another entity, or of no number at all: ERR_BAD_REQUEST "view". */
bool view_apply(Ctx *c, const Entity *e, const char *id, ListQuery *q);

/* Does a view fit its entity, for whoever keeps it: filter, columns, order, grouping? Mistakes stand under their fields.
   Values as of saved_view by Field.index. */
bool view_check(Ctx *c, const Entity *of, const DbVal *v);

#endif
