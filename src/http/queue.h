/*
 * The workers and the queue before them. Two lanes: what must be answered under any load (health, signing in: routes that are
 * .vital) goes before everything else, and has workers of its own that ordinary requests never take; vital ones take
 * half of all at most, so that a flood of sign-ins leaves room for work.
 *
 * Under overload requests are refused early instead of all being answered late. As in CoDel, how long a request has waited
 * tells, not how many wait: one that waited longer than http.queue_wait is refused; and once the queue has not been
 * empty for that long, each that waited longer than http.queue_target. So who is taken in has waited a moment only, and what
 * the machine can do it goes on doing. A queue of http.queue requests takes no more.
 */
#ifndef HTTP_QUEUE_H
#define HTTP_QUEUE_H

#include "http/request.h"

typedef struct Queue Queue;

typedef struct QueueFigures {
    int queued, running, workers;
} QueueFigures;

/* run: on a worker; shed: it has waited too long and is to be refused at once. Behind it the connection is resumed, and the
   request belongs to the library's thread. The queue lives on a until after queue_stop. */
Queue *queue_start(Arena *a, int workers, void (*run)(Request *rq, bool shed));
/* Suspends the connection and hands it to a worker, or lets it wait. false: no room, or the end is near. */
bool queue_add(Queue *q, Request *rq);
void queue_figures(Queue *q, QueueFigures *out);
/* No new request is taken; those that wait are still worked off. Waits for them wait_ms, then for those under way. */
void queue_stop(Queue *q, int64_t wait_ms);

#endif
