/*
 * The HTTP server: libmicrohttpd's epoll threads read requests whole, answer short reads
 * themselves, hand the rest to workers and send the answers. The threads of the library never wait.
 */
#ifndef HTTP_SERVE_H
#define HTTP_SERVE_H

#include "db/db.h"

typedef struct Server Server;

typedef struct ServeOptions {
    Db *db;
    const char *dir;    /* the data folder: files/, tmp/ */
    const char *listen; /* "127.0.0.1:8080"; port 0 takes a free one */
    int workers;
} ServeOptions;

/* Starts; on failure a mistake in c. */
bool serve_start(Ctx *c, const ServeOptions *o, Server **out);
int serve_port(const Server *s);
/* Takes no more connections, finishes what runs (at most wait_ms), ends. */
void serve_stop(Server *s, int64_t wait_ms);
/* For the operator, at this moment. */
typedef struct ServeFigures {
    int connections, queued, running, workers;
} ServeFigures;
void serve_figures(ServeFigures *out);
/* For handlers: the data folder of the running server. */
const char *serve_dir(void);

#endif
