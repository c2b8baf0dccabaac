/* How complete a customer is: the share of the fields that matter which are filled. */
#ifndef DOMAIN_CUSTOMER_COMPLETENESS_H
#define DOMAIN_CUSTOMER_COMPLETENESS_H

#include "record/record.h"

/* From all its values, as customer.completeness keeps it (percent with two decimals). */
DbVal customer_completeness(const DbVal *values);

#endif
