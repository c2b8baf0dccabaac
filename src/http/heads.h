/*
 * What a connection owes, and until when. The library's own timeout ends only connections on which nothing at all
 * moves; a client that sends or takes a byte now and then would keep its connection for ever. Here each connection
 * has a note of the phase it is in, and a thread looks once a second:
 *   from the request line to the end of the headers   http.head_timeout
 *   from there to the end of the body                 http.body_timeout, and after http.head_timeout no less than
 *                                                     http.body_rate bytes a second over the whole
 *   while it is worked on                             nothing: it is our turn
 *   from the answer to its last byte taken            http.answer_timeout; a stream of events owes nothing
 *   without a complete head since the last answer     http.idle_timeout and http.head_timeout together
 * Who is late with a head or a body is sent 408; all who are late are closed.
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
/* Its first request is to be refused, and neither it nor its body is waited for longer than http.head_timeout. */
void heads_unwelcome(void *context);
bool heads_is_unwelcome(struct MHD_Connection *conn);
/* The phases, now_ms monotonic: the request line came; all headers, or the whole body; a body is awaited; so much of it
   came; the answer begins; it was sent. */
void heads_begun(struct MHD_Connection *conn, int64_t now_ms);
void heads_complete(struct MHD_Connection *conn, int64_t now_ms);
void heads_body(struct MHD_Connection *conn, int64_t now_ms);
void heads_received(struct MHD_Connection *conn, size_t n_bytes);
void heads_answer(struct MHD_Connection *conn, int64_t now_ms);
void heads_answered(struct MHD_Connection *conn, int64_t now_ms);

#endif
