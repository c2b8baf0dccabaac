/* Shared by live.c (who listens, the streams, the thread) and live_tell.c (what each one is told). */
#ifndef HTTP_LIVE_IMPL_H
#define HTTP_LIVE_IMPL_H

#include "auth/actor.h"
#include "base/buf.h"
#include "http/live.h"

enum { LIVE_WATCHES = 20, LIVE_CATCH_UP = 2000 };

typedef struct Watch {
    const char *entity;
    int64_t id; /* 0: the list */
    bool known; /* the record could be read: that it went, or is no longer his, may be told once */
} Watch;

struct Listener {
    Arena *a;
    struct MHD_Connection *conn;
    Listener *next;
    int refs; /* the library's, and the thread's while it works; under the lock */
    int fd;
    /* who: fixed at the start, what he may is asked anew at each tick */
    int64_t user, session, api_key;
    const char *const *token_scopes;
    const char *zone, *lang;
    Watch watch[LIVE_WATCHES]; /* of the thread */
    int n_watch;
    int64_t
        resume; /* change_log id behind which he has heard nothing; -1: caught up. Of the thread */
    bool ordered;  /* the log is in the order of commits (SQLite) */
    int64_t start; /* change_log id at which he began: what is not behind it is old where ordered */
    /* change_log ids he was told of, or that were old when he began: the keeper may tell of them once more */
    int64_t *seen;
    int n_seen;
    /* the stream, under the lock */
    Buf out;
    size_t sent;
    bool suspended, closing;
    int64_t wrote_ms; /* monotonic */
};

/* A change; topics are those of change_log. */
typedef struct Change {
    int64_t id, ref;
    char topic[48];
} Change;

void change_topic(Change *k, const char *topic);

typedef struct Changes {
    Change *items;
    int n;
    int64_t from, to; /* smallest and largest id */
} Changes;

/* Writes into `out` (complete events) what the listener may hear of these changes. c: a context without mistakes; its
   actor is set here. false: he is not to be served any more. */
bool live_tell(Ctx *c, Listener *l, const Changes *k, Buf *out);
/* The changes he missed (Listener.resume), or an event "reset" where they are too many or no longer known. */
bool live_catch_up(Ctx *c, Listener *l, Buf *out);
/* He begins now: what the log holds already will not be told (on PostgreSQL its order is not that of commits). */
bool live_begin(Ctx *c, Listener *l);
/* The changes he was not told of while catching up. */
Changes live_unseen(Arena *a, const Listener *l, const Changes *k);
/* One event. data: JSON text; id 0: none is written. */
void live_event(Buf *out, int64_t id, const char *name, const char *data);

#endif
