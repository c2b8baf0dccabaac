/*
 * Where a request begins and ends may be read in one way only: a proxy in front and this server must never
 * disagree, or one person's request hides in another's (request smuggling). Looks at the head as it came, before
 * anything is believed of it; what the library lets pass (bare LF, NUL, folded lines) is refused here.
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "http/request.h"

/* Whether the head may be answered. method, version: as the library gave them to its handler, rq->raw_target as it
   gave it to the callback of the target. Sets rq->forwarded. ERR_BAD_HEADER, ERR_BAD_REQUEST (the target). */
bool framing_check(Request *rq, const char *method, const char *version);

#endif
