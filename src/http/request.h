/*
 * One request on its way through the phases: library → limits → route → gate → handler. Made by
 * serve.c, filled phase by phase, ended with its arena when the answer has been sent.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "auth/session.h"
#include "base/json_read.h"
#include "base/map.h"
#include "record/record.h"

typedef enum Method { GET, POST, PATCH, DELETE_, PUT_, OTHER_METHOD } Method;

typedef struct Route Route;

/* A file of a multipart body, on disk in the folder for temporary files; removed with the request
   unless a handler moved it. */
typedef struct Upload {
    const char *path; /* NULL where no file came */
    const char *name; /* as the client called it, cleaned of folders */
    int64_t size;
    bool too_large;
} Upload;

typedef struct Header {
    const char *name, *value;
} Header;

typedef struct Response {
    int status;
    const char *type; /* content type; NULL: application/json */
    Buf body;
    const unsigned char *fixed; /* instead of body: bytes that live as long as the program */
    size_t fixed_len;
    int fd; /* instead of body: a file to be sent and closed, with its size; -1 for none */
    int64_t fd_size;
    int64_t merged_into;   /* of a problem: the record that this one became part of; 0 for none */
    int64_t merge;         /* the merge that took it, where that may still be taken back; or 0 */
    const char *moved;     /* what a merge would move that has to be asked for, as JSON; or NULL */
    struct Listener *live; /* instead of body: a stream of events without an end (live.h) */
    Header headers[16];
    int n_headers;
} Response;

typedef struct Request {
    Ctx c; /* its arena is the request's */
    Method method;
    const char *path;      /* decoded, without the query */
    const char *target;    /* as it came, for limits and logs (no values are logged) */
    Map query;             /* name → value, decoded */
    const char *params[4]; /* of the route, in order of its ":name" parts */
    int64_t id;            /* of ":id" */
    const Entity *e;       /* of ":plural" */
    const Route *route;
    Buf body;
    json_object *in; /* the body as request_json read it; gone when the answer stands */
    Upload upload;
    Map form; /* other fields of a multipart body */
    const char *ip;
    const char *session; /* the token of the cookie; NULL with a bearer token */
    bool bearer;
    Response out;
    struct MHD_Connection *conn;
    void *post; /* multipart reader of the library */
    int upload_fd;
    bool too_large, too_many, malformed;
    bool proxied; /* the peer is one of http.trusted_proxies: its X-Forwarded-… are believed */
    const char *raw_target,
        *forwarded; /* until the head is read: as it lies in the library; X-Forwarded-For */
    size_t raw_target_n, received; /* of the body, as it came */
    int64_t started_ms, queued_ms; /* monotonic */
    bool answering;                /* counted among the answers under way */
    struct Request *next;          /* in the queue */
    int state;
} Request;

/* A header of the request, or NULL. */
const char *request_header(const Request *rq, const char *name);
/* Idempotency-Key, or NULL. ERR_BAD_HEADER. */
bool request_key(Request *rq, const char **out);
/* User-Agent; NULL where there is none, or none that could be stored as text. */
const char *request_agent(const Request *rq);
/* A query parameter, or NULL. */
const char *request_query(const Request *rq, const char *name);
/* A whole number of the query within [min, max]; dflt where absent; ERR_BAD_REQUEST otherwise. */
bool request_number(Request *rq, const char *name, int64_t min, int64_t max, int64_t dflt,
                    int64_t *out);
/* "true" or "false" (also where absent or empty) of the query; ERR_BAD_REQUEST otherwise. */
bool request_flag(Request *rq, const char *name, bool *out);
/* For calls that take nothing: no body, or {}. ERR_JSON, ERR_UNSUPPORTED_TYPE, ERR_UNKNOWN_FIELD. */
bool request_bare(Request *rq);
/* The body as JSON object. ERR_JSON; ERR_UNSUPPORTED_TYPE where Content-Type is something else. */
bool request_json(Request *rq, json_object **out);
/* The same; an absent body is an empty object. */
bool request_json_or_empty(Request *rq, json_object **out);
/* If-Match as a number: -1 absent, -2 not understood (then no version can equal it). */
int64_t request_if_match(const Request *rq);

void respond_header(Response *rs, const char *name, const char *value);
/* The content policy of an answer that is no page: nothing may be loaded from it, nobody may frame it. */
void respond_policy(Response *rs);
/* What every answer says, whatever it is: no guessing of types, no referrer, no use by other sites' pages, and https for
   ever where http.base_url is https. */
void respond_always(Response *rs);
/* ETag: "version" */
void respond_etag(Request *rq, int64_t version);
/* application/problem+json from the mistakes in rq->c; sets the status by their order of precedence. */
void respond_problem(Request *rq);
/* 204 */
void respond_nothing(Request *rq);

#endif
