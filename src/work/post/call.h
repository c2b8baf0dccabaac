/*
 * One call of somebody's address, by HTTP or SMTP (libcurl). Every call passes the guard, follows no redirect, ends within
 * its time, and keeps at most 64 KB of the answer. A caller keeps his connections (Caller), so that a thousand mails
 * to one server are one connection.
 */
#ifndef WORK_POST_CALL_H
#define WORK_POST_CALL_H

#include "base/arena.h"

typedef struct Caller Caller;

/* One for a thread, on its arena; closed with call_end. NULL where libcurl has no memory. */
Caller *call_begin(Arena *a);
void call_end(Caller *k);

typedef struct HttpCall {
    const char *url;
    const char *body;           /* NULL: GET */
    const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
} HttpCall;

typedef struct CallAnswer {
    bool done;         /* there was an answer */
    long status;       /* of HTTP, or the last reply of SMTP */
    char *body;        /* of HTTP, never NULL where done */
    const char *error; /* where not done, or what the mail server said: one line */
    const char *hint;  /* where not done: a sentence that says what to look at, or NULL */
    bool refused;      /* the guard or the address itself: another try would not help */
    int retry_after_s; /* as the answer asked, 0 for nothing */
} CallAnswer;

void call_http(Caller *k, Arena *a, const HttpCall *h, CallAnswer *out);

typedef struct SmtpCall {
    const char *url, *account, *secret; /* account NULL or "": without signing in */
    const char *from, *to;              /* bare addresses */
    const char *data;                   /* the message, lines end in CR LF */
} SmtpCall;

void call_smtp(Caller *k, Arena *a, const SmtpCall *s, CallAnswer *out);

#endif
