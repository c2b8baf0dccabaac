/*
 * How many requests each route had, how they ended, and how long they took: kept per route of the table (routes.c), never
 * per address or record, so that there are always the same few hundred numbers and none tells of a person.
 */
#ifndef HTTP_TALLY_H
#define HTTP_TALLY_H

#include "base/buf.h"
#include "http/route.h"

/* A request that passed the gate's end. route NULL: there is no such call. Any thread, without a lock. */
void tally_request(const Route *route, int status, int64_t ms);
/* zhike_http_requests_total and zhike_http_request_seconds in the text form of Prometheus; routes never called are left
   out. */
void tally_write(Buf *out);

#endif
