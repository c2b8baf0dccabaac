/*
 * Routes: one table (routes.c) that says for every call who may make it. WHO_UNSET is zero, so a
 * forgotten permission stops the start. The table also feeds the OpenAPI document, `zhike routes`
 * and the test that calls every route without a session.
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "http/request.h"

/* WHO_OPERATOR: whoever watches over the machine, no person of the house: see the gate. */
typedef enum Who { WHO_UNSET, WHO_ANYONE, WHO_USER, WHO_OPERATOR } Who;

typedef bool (*Handler)(Request *rq);

struct Route {
    Method method;
    const char *path; /* "/api/v1/:plural/:id"; ":plural" sets rq->e, ":id" rq->id */
    Handler fn;
    Who who;
    bool act_set; /* act asks for a right on rq->e */
    Action act;
    Right right;       /* a general right, RIGHT_NONE for none */
    bool step_up;      /* only with a fresh second verification */
    size_t max_body;   /* bytes; 0: no body */
    bool upload;       /* multipart with one file */
    bool import_sized; /* the file may be as large as an import */
    bool
        quick; /* only reads, and may be begun twice: tried where the socket is read, see serve.c */
    bool vital;        /* answered under any load (queue.h), and its writes on a full disk */
    bool asks_nobody;  /* no statement, no file: answered where the socket is read, on any engine */
    bool stream;       /* answers text/event-stream (OpenAPI) */
    bool bare;         /* takes no members: no body, or {} */
    bool in_answer;    /* the body of success is described by the entity (OpenAPI) */
    const char *about; /* one line for OpenAPI and `zhike routes` */
    const char *
        query; /* "filter sort limit": names of query parameters that are known; others are refused */
};
#define ROUTE_ACT(a) .act_set = true, .act = (a)

extern const Route routes[];
extern const int n_routes;

/* The route of a method and path, params filled; NULL with *other_method set where only the method is wrong. */
const Route *router_find(Request *rq, bool *other_method);
/* Every row has a permission, a handler, an about; no path twice. Prints what is wrong to stderr. */
bool routes_check(void);
bool routes_check_table(const Route *table, int n);
/* May this row be entered without a session? (for the table of rights) */
const char *method_name(Method m);

/* The gate: everything between a complete request and its handler, then the answer. For a worker. */
void gate_run(Request *rq);
/*
 * The same on a thread that must not wait: false where it would have to wait, to write, or to run longer than
 * budget_ms (*too_long); then nothing has happened and the request is as before. For routes that are .quick.
 */
bool gate_try(Request *rq, int64_t budget_ms, bool *too_long);
/* The same without the handler, before the body of an upload is read; refusals are mistakes in rq->c. */
void gate_check(Request *rq);

#endif
