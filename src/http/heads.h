/*
 * The deadline of a request's head. The library's own timeout ends only connections on which nothing at all
 * moves; a client that sends a byte now and then would keep its connection for ever. Here each connection has
 * a note of what it owes, and a thread looks once a second:
 *   from the request line to the end of the headers   http.head_timeout
 *   without a complete head since the last answer     http.idle_timeout and http.head_timeout together
 * Who is late is sent 408 and closed. Bodies have their own deadline (serve.c).
 */
#ifndef HTTP_HEADS_H
#define HTTP_HEADS_H

#include <microhttpd.h>

#include "base/arena.h"

/* Starts the looking over at most so many connections; a lives until after heads_stop. false: no thread could be had. */
bool heads_start(Arena *a, int connections);
/* To be called when the library is stopped: no callback comes any more. */
void heads_stop(void);

/* For MHD_OPTION_NOTIFY_CONNECTION; cls is not used. */
void heads_notify(void *cls, struct MHD_Connection *conn, void **context,
                  enum MHD_ConnectionNotificationCode code);
/* The request line came (now_ms: monotonic); all headers came; the answer was sent. */
void heads_begun(struct MHD_Connection *conn, int64_t now_ms);
void heads_complete(struct MHD_Connection *conn);
void heads_answered(struct MHD_Connection *conn, int64_t now_ms);

#endif
