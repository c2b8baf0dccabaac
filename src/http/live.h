/*
 * Live updates: answers that never end (text/event-stream). One thread follows what changed and
 * writes to all listeners; a listener that has nothing to hear costs a suspended connection and no
 * thread. Who may hear what is asked of the one gate at every tick (live_tell.c, record/told.h).
 */
#ifndef HTTP_LIVE_H
#define HTTP_LIVE_H

#include <sys/types.h>

#include "http/request.h"

typedef struct Listener Listener;

/* A row of change_log: for the follower that app wires here (work/work.h). Any thread; returns at once. */
void live_hear(int64_t id, const char *topic, int64_t ref);

/* The thread. live_stop ends every stream and returns when the library has let go of the suspended ones, or after a
   second; no listener is taken any more from then on. */
bool live_start(Ctx *c, Db *db);
void live_stop(void);

/* Streams open. */
int live_count(void);

/*
 * Handler of GET /events: what the caller looks at (?watch=customer:12,task), from where he wants to go on
 * (Last-Event-ID or ?after=). Sets rq->out.live. ERR_LIMIT beyond live.per_person streams of one person, ERR_BUSY
 * beyond live.listeners of all.
 */
bool api_events(Request *rq);

/* For serve.c: the library asks for the next bytes of a stream (MHD_ContentReaderCallback; cls: the Listener). */
ssize_t live_read(void *cls, uint64_t pos, char *buf, size_t max);

#endif
