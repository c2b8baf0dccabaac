/* Between filter.c, filter_time.c and filter_sql.c only. */
#ifndef META_FILTER_IMPL_H
#define META_FILTER_IMPL_H

#include "meta/filter.h"

/* A condition on a date or datetime field; vals as JSON, words like "this_month" included. */
bool filter_time(Ctx *c, const Field *f, FilterOp op, json_object *const *vals, int n,
                 Filter **out);
/* The folded text of a value of f. */
const char *filter_folded(Arena *a, const Field *f, const char *text);

#endif
