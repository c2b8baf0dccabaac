/* Between region.c and region_address.c only: a walk over the list. */
#ifndef BASE_REGION_LIST_H
#define BASE_REGION_LIST_H

#include "base/region.h"

/* The regions whose names may begin with the first character of s, in the order of codes: the first
   (after NULL), or the one behind `after`; NULL at the end. Others may be among them. */
const Region *region_like(const char *s, const Region *after);
/* The region shown above r (rows that are left out are stepped over), or NULL. */
const Region *region_above(const Region *r);

#endif
