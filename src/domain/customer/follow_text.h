/*
 * Does a follow-up say anything? Blanks and punctuation aside, a text that is nothing but stop phrases
 * ("已联系，已沟通。") or shorter than asked says nothing. Pure: phrases and length come from the caller.
 */
#ifndef DOMAIN_CUSTOMER_FOLLOW_TEXT_H
#define DOMAIN_CUSTOMER_FOLLOW_TEXT_H

#include "base/arena.h"

typedef enum FollowText { FOLLOW_SAYS, FOLLOW_STOP, FOLLOW_SHORT } FollowText;

/* stops: NULL-terminated; *out_stop is the phrase that gave FOLLOW_STOP away, else NULL. min: characters, 0 for any. */
FollowText follow_text(Arena *a, const char *text, const char *const *stops, int64_t min,
                       const char **out_stop);

#endif
