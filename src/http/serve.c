/*
 * The HTTP server over libmicrohttpd. See serve.h.
 *
 * Life of a request: begin (URI callback: limits on the raw target) → first call of the handler
 * (headers, route and its limits; uploads: the gate without the handler, so that strangers fill no
 * disk) → body in pieces (memory, or a temporary file for uploads) → suspended and
 * queued → a worker runs the gate → resumed → the answer is sent → completed (the arena goes).
 * A short read (a route that is .quick, on SQLite) is tried before it is suspended, right on the
 * thread that read it; see try_here.
 */
#include "http/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/meter.h"
#include "base/utf8.h"
#include "http/door.h"
#include "http/framing.h"
#include "http/header.h"
#include "http/heads.h"
#include "http/live.h"
#include "http/queue.h"
#include "http/route.h"

enum {
    MAX_TARGET = 8192,
    /* What the library takes for each connection, and wipes as a whole behind each request: of ten thousand it is most of the
       memory. Room for headers of 16 KB (framing.c), or for the longest target beside 4 KB of them. */
    CONNECTION_MEMORY = 21504,
    REQUEST_ARENA = 64 << 20,
    POST_BUFFER = 16384,
    DROP_MAX = 64 << 20,
    LAST_ANSWERS_MS = 1000,
    LIVE_BLOCK = 2048, /* of a stream of events, at a time */
    OTHER_FILES = 512  /* descriptors beside those of connections: database, uploads, downloads */
};
/* How a library that has it is told to refuse what framing.c finds itself with older ones. */
#if MHD_VERSION >= 0x00097700
enum { STRICT = MHD_OPTION_CLIENT_DISCIPLINE_LVL };
#else
enum { STRICT = MHD_OPTION_STRICT_FOR_CLIENT };
#endif
enum { BUDGET_MS = 2, PAUSE_MS = 30, SLOW_MS = 10000, SLOW_SLOTS = 1024, MAX_POLLERS = 8 };
/* CHECK and CHECKED: an upload asks who is there before its body is taken. */
enum { RQ_NEW, RQ_CHECK, RQ_CHECKED, RQ_BODY, RQ_QUEUED, RQ_DONE };

/* A read that is known to take long (of several with one slot, one). */
typedef struct Slow {
    _Atomic int64_t until; /* monotonic ms */
    _Atomic int overruns;  /* one after the other */
} Slow;

struct Server {
    Arena *a;
    struct MHD_Daemon *daemon;
    Db *db;
    char *dir;
    int port;
    Queue *queue;
    bool tries_here; /* reads do not wait on a socket */
    _Atomic bool closing;
    _Atomic int answering; /* requests read whose answer is not sent to its end; streams aside */
    _Atomic int64_t paused_until; /* monotonic ms; before it nothing is tried on a polling thread */
    Slow slow[SLOW_SLOTS];        /* by target */
};

static Server *server; /* one per process: the library's callbacks and serve_dir need it */

const char *serve_dir(void)
{
    return server->dir;
}

int serve_port(const Server *s)
{
    return s->port;
}

static void busy(Request *rq, const char *why)
{
    if (!*rq->c.trace_id)
        id_trace(rq->c.trace_id);
    rq->c.retry_after_s = 1;
    ctx_fail(&rq->c, ERR_BUSY, NULL, why);
}

static bool one_too_many(Request *rq)
{
    bool yes = heads_is_unwelcome(rq->conn);
    if (yes)
        busy(rq, "err.connections");
    return yes;
}

void serve_figures(ServeFigures *out)
{
    const union MHD_DaemonInfo *now =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    QueueFigures q;
    queue_figures(server->queue, &q);
    *out = (ServeFigures){.connections = now ? (int)now->num_connections : 0,
                          .queued = q.queued,
                          .running = q.running,
                          .workers = q.workers};
}

/* On a worker. Refused for having waited too long: the answer is made here, no statement is run for it. */
static void serve_queued(Request *rq, bool shed)
{
    bool check = rq->state == RQ_CHECK;
    if (shed) {
        busy(rq, "err.busy");
        if (!check)
            respond_problem(rq);
    } else if (check) {
        gate_check(rq);
    } else {
        gate_run(rq);
    }
    rq->state = check ? RQ_CHECKED : RQ_DONE;
}

/* ---- reading a request --------------------------------------------------------------------- */

static void *begin(void *cls, const char *uri, struct MHD_Connection *conn)
{
    (void)cls;
    Arena *a = arena_new(REQUEST_ARENA);
    Request *rq = ARENA_NEW(a, Request);
    ctx_init(&rq->c, a);
    rq->c.db = server->db;
    rq->conn = conn;
    rq->upload_fd = -1;
    rq->out.fd = -1;
    rq->started_ms = clock_mono_ms();
    heads_begun(conn, rq->started_ms);
    size_t n = strlen(uri);
    rq->raw_target = uri;
    rq->raw_target_n = n; /* the library decodes it where it lies */
    rq->malformed = n > MAX_TARGET || !header_target_good(uri, n);
    rq->target = arena_dup(a, uri, n > MAX_TARGET ? MAX_TARGET : n);
    buf_init(&rq->body, a);
    buf_init(&rq->out.body, a);
    map_init(&rq->query, a);
    map_init(&rq->form, a);
    return rq;
}

static Method method_of(const char *m)
{
    static const struct {
        const char *name;
        Method m;
    } all[] = {{"GET", GET},     {"HEAD", GET},       {"POST", POST},
               {"PATCH", PATCH}, {"DELETE", DELETE_}, {"PUT", PUT_}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, m) == 0)
            return all[i].m;
    return OTHER_METHOD;
}

static enum MHD_Result take_query(void *cls, enum MHD_ValueKind kind, const char *key,
                                  const char *value)
{
    (void)kind;
    Request *rq = cls;
    if (map_has(&rq->query, key) || !utf8_valid(key, strlen(key)) ||
        (value && !utf8_valid(value, strlen(value))))
        rq->malformed = true; /* given twice: which one is meant nobody can tell */
    else
        map_put(&rq->query, key, arena_str(rq->c.a, value ? value : ""));
    return MHD_YES;
}

static const char *address_of(Request *rq)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "";
    if (info && info->client_addr->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr,
                  text, sizeof text);
    else if (info && info->client_addr->sa_family == AF_INET6)
        inet_ntop(AF_INET6,
                  &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr, text,
                  sizeof text);
    const char *peer = arena_str(rq->c.a, text);
    for (const char *const *p = conf_list("http.trusted_proxies"); *p; p++) {
        if (strcmp(*p, peer) != 0)
            continue;
        rq->proxied = true;
        const char *from = rq->forwarded ? header_forwarded(rq->c.a, rq->forwarded) : NULL;
        if (from)
            return from;
    }
    return peer;
}

static void close_upload(void *ptr)
{
    Request *rq = ptr;
    if (rq->post)
        MHD_destroy_post_processor(rq->post);
    if (rq->upload_fd >= 0)
        close(rq->upload_fd);
    if (rq->upload.path)
        unlink(rq->upload.path); /* a handler that kept the file has renamed it away */
    if (rq->out.fd >= 0)
        close(rq->out.fd);
}

static const char *plain_name(Arena *a, const char *name)
{
    const char *at = name;
    for (const char *p = name; *p; p++)
        if (*p == '/' || *p == '\\')
            at = p + 1;
    size_t n = strlen(at);
    if (!utf8_valid(at, n) || n == 0 || n > 255)
        return "file";
    return arena_dup(a, at, n);
}

static enum MHD_Result take_part(void *cls, enum MHD_ValueKind kind, const char *key,
                                 const char *filename, const char *type, const char *encoding,
                                 const char *data, uint64_t off, size_t size)
{
    (void)kind, (void)type, (void)encoding;
    Request *rq = cls;
    if (!filename) {
        /* a value may come in pieces, cut anywhere */
        const char *before = off ? map_get(&rq->form, key) : "";
        if (before && strlen(before) == off && off + size < 65536 && (off || rq->form.n < 20))
            map_put(&rq->form, key, arena_printf(rq->c.a, "%s%.*s", before, (int)size, data));
        return MHD_YES;
    }
    if (strcmp(key, "file") != 0)
        return MHD_YES;
    if (off == 0 && rq->upload.size > 0) { /* a second one: not glued to the first */
        if (rq->c.n_err == 0)
            ctx_fail(&rq->c, ERR_BAD_REQUEST, "file", "err.multipart");
        return MHD_NO;
    }
    if (off == 0 && rq->upload_fd < 0 && !rq->upload.path) {
        char *path = arena_printf(rq->c.a, "%s/tmp/upload-XXXXXX", server->dir);
        rq->upload_fd = mkstemp(path);
        if (rq->upload_fd < 0) {
            if (rq->c.n_err == 0)
                file_fail(&rq->c, path, errno);
            return MHD_NO;
        }
        rq->upload.path = path;
        rq->upload.name = plain_name(rq->c.a, filename);
    }
    while (size && rq->upload_fd >= 0) {
        ssize_t n = write(rq->upload_fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (rq->c.n_err == 0)
                file_fail(&rq->c, rq->upload.path, n < 0 ? errno : ENOSPC);
            return MHD_NO;
        }
        data += n;
        size -= (size_t)n;
        rq->upload.size += n;
    }
    return MHD_YES;
}

/* It was read to its end, or refused: the end of the server waits for its answer. */
static void owe_answer(Request *rq, bool owes)
{
    if (rq->answering == owes)
        return;
    rq->answering = owes;
    server->answering += owes ? 1 : -1;
}

static enum MHD_Result send_answer(Request *rq)
{
    Response *o = &rq->out;
    struct MHD_Response *r;
    if (o->fd >= 0) {
        r = MHD_create_response_from_fd64((uint64_t)o->fd_size, o->fd);
        o->fd = -1; /* the library closes it */
    } else if (o->live) {
        r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, LIVE_BLOCK, live_read, o->live,
                                              NULL);
    } else if (o->fixed) {
        r = MHD_create_response_from_buffer(o->fixed_len, (void *)(uintptr_t)o->fixed,
                                            MHD_RESPMEM_PERSISTENT);
    } else {
        r = MHD_create_response_from_buffer(o->body.len, o->body.data, MHD_RESPMEM_PERSISTENT);
    }
    if (!r)
        return MHD_NO;
    if (!o->live)
        heads_answer(rq->conn, clock_mono_ms());
    owe_answer(rq, !o->live);
    for (int i = 0; i < o->n_headers; i++)
        MHD_add_response_header(r, o->headers[i].name, o->headers[i].value);
    enum MHD_Result done = MHD_queue_response(rq->conn, (unsigned)o->status, r);
    MHD_destroy_response(r);
    return done;
}

/* Refuse before the body: answered at once on the library's thread, no SQL needed. */
static enum MHD_Result refuse(Request *rq)
{
    if (!*rq->c.trace_id) { /* the gate was not reached */
        id_trace(rq->c.trace_id);
        meter_add(METER_REFUSED, 1);
    }
    respond_problem(rq);
    respond_header(&rq->out, "Connection", "close");
    rq->state = RQ_DONE;
    return send_answer(rq);
}

/* A small body is read and dropped first: a client still sending would lose the answer to the closed socket. */
static enum MHD_Result refuse_behind_body(Request *rq)
{
    heads_body(rq->conn, clock_mono_ms());
    const char *length = request_header(rq, "Content-Length");
    bool small = !request_header(rq, "Transfer-Encoding") &&
                 (!length || strtoull(length, NULL, 10) <= DROP_MAX);
    return small ? MHD_YES : refuse(rq);
}

static size_t body_limit(const Request *rq)
{
    if (!rq->route)
        return 0;
    if (rq->route->upload)
        return (size_t)conf_size(rq->route->import_sized ? "http.import_max" : "http.max_body") +
               65536;
    return rq->route->max_body;
}

static bool too_long(Request *rq)
{
    const char *length = request_header(rq, "Content-Length");
    unsigned long long n = length ? strtoull(length, NULL, 10) : 0;
    return n > body_limit(rq);
}

static void start_body(Request *rq)
{
    const char *type = request_header(rq, "Content-Type");
    rq->state = RQ_BODY;
    heads_body(rq->conn, clock_mono_ms());
    if (rq->route && rq->route->upload && type && strncasecmp(type, "multipart/form-data", 19) == 0)
        rq->post = MHD_create_post_processor(rq->conn, POST_BUFFER, take_part, rq);
}

static bool has_body(const Request *rq)
{
    const char *length = request_header(rq, "Content-Length");
    return request_header(rq, "Transfer-Encoding") || (length && strtoull(length, NULL, 10) > 0);
}

static enum MHD_Result queue(Request *rq, int state)
{
    rq->state = state;
    if (queue_add(server->queue, rq))
        return MHD_YES;
    busy(rq, "err.busy");
    return refuse(rq);
}

static Slow *slow_slot(const Request *rq)
{
    uint32_t h = 2166136261u;
    for (const char *p = rq->target; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return &server->slow[h % SLOW_SLOTS];
}

/*
 * Most reads take less time than waking a worker and coming back. They are answered where they were read, within
 * BUDGET_MS; one that takes longer is thrown away and begun again on a worker. So that a polling thread does not
 * spend its time on work thrown away, a target that ran over twice in a row (once may be cold pages, statements not yet
 * compiled) goes straight to a worker for SLOW_MS, and after each overrun nothing at all is tried for PAUSE_MS.
 * false: not answered.
 */
static bool try_here(Request *rq)
{
    bool too_long;
    if (!rq->route || server->closing)
        return false;
    if (rq->route->asks_nobody) /* alive is alive, whatever waits */
        return gate_try(rq, BUDGET_MS, &too_long);
    if (!server->tries_here || !rq->route->quick)
        return false;
    Slow *slow = slow_slot(rq);
    if (rq->started_ms < atomic_load_explicit(&server->paused_until, memory_order_relaxed) ||
        rq->started_ms < atomic_load_explicit(&slow->until, memory_order_relaxed))
        return false;
    if (gate_try(rq, BUDGET_MS, &too_long)) {
        if (atomic_load_explicit(&slow->overruns, memory_order_relaxed))
            atomic_store_explicit(&slow->overruns, 0, memory_order_relaxed);
        return true;
    }
    if (too_long) { /* not merely that no connection was idle */
        int64_t now = clock_mono_ms();
        if (atomic_fetch_add_explicit(&slow->overruns, 1, memory_order_relaxed) > 0)
            atomic_store_explicit(&slow->until, now + SLOW_MS, memory_order_relaxed);
        atomic_store_explicit(&server->paused_until, now + PAUSE_MS, memory_order_relaxed);
    }
    return false;
}

static enum MHD_Result head(Request *rq, const char *url, const char *method, const char *version)
{
    Ctx *c = &rq->c;
    rq->state = RQ_BODY;
    rq->method = method_of(method);
    rq->path = arena_str(c->a, url);
    arena_defer(c->a, close_upload, rq);
    MHD_get_connection_values(rq->conn, MHD_GET_ARGUMENT_KIND, take_query, rq);
    rq->malformed |= !utf8_valid(url, strlen(url));
    if (!framing_check(rq, method, version))
        return refuse(rq);
    rq->ip = address_of(rq);
    bool other = false;
    rq->route = router_find(rq, &other);
    if (one_too_many(rq) || !door_request(c, rq->ip, rq->proxied))
        return refuse_behind_body(rq);
    if (!rq->route && other) {
        ctx_fail(c, ERR_METHOD_NOT_ALLOWED, NULL, "err.method_not_allowed", method);
        return refuse(rq);
    }
    if (too_long(rq) && rq->route) {
        ctx_fail(c, ERR_TOO_LARGE, NULL, "err.too_large", ctx_num(c, (int64_t)body_limit(rq)));
        return refuse_behind_body(rq);
    }
    if (rq->route && rq->route->upload && has_body(rq))
        return queue(rq, RQ_CHECK);
    start_body(rq);
    return MHD_YES;
}

static void take_body(Request *rq, const char *data, size_t n)
{
    if (rq->c.n_err)
        return; /* refused already */
    if (!rq->route)
        return;        /* read on and drop: the answer is 404, not that nothing may be sent there */
    rq->received += n; /* all of it: fields and parts that are dropped count, too */
    if (rq->received > body_limit(rq)) {
        rq->too_large = true; /* read on and drop: the answer comes when the client has sent all */
        return;
    }
    if (rq->post) {
        if (MHD_post_process(rq->post, data, n) != MHD_YES && rq->c.n_err == 0)
            ctx_fail(&rq->c, ERR_BAD_REQUEST, "file", "err.multipart");
    } else {
        buf_add(&rq->body, data, n);
        if (arena_over_cap(rq->c.a)) {
            rq->c.retry_after_s = 2;
            ctx_fail(&rq->c, ERR_BUSY, NULL, "err.too_much_memory");
        }
    }
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *conn, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state)
{
    (void)cls;
    Request *rq = *state;
    if (rq->state == RQ_NEW) {
        heads_complete(conn, rq->started_ms);
        return head(rq, url, method, version);
    }
    if (rq->state == RQ_CHECKED) {
        if (rq->c.n_err) {
            rq->state = RQ_BODY;
            enum MHD_Result done = refuse_behind_body(rq);
            if (done != MHD_YES || rq->state == RQ_DONE)
                return done;
        } else {
            start_body(rq);
        }
        if (*size == 0)
            return MHD_YES;
    }
    if (rq->state == RQ_BODY && *size) {
        heads_received(conn, *size);
        take_body(rq, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (rq->state == RQ_BODY) {
        heads_complete(conn, rq->started_ms);
        owe_answer(rq, true);
        if (rq->post) {
            MHD_destroy_post_processor(rq->post);
            rq->post = NULL;
        }
        if (rq->upload_fd >= 0) {
            close(rq->upload_fd);
            rq->upload_fd = -1;
        }
        if (rq->too_large && rq->c.n_err == 0)
            ctx_fail(&rq->c, ERR_TOO_LARGE, NULL, "err.too_large",
                     ctx_num(&rq->c, (int64_t)body_limit(rq)));
        if (rq->c.n_err)
            return refuse(rq);
        if (!try_here(rq))
            return queue(rq, RQ_QUEUED);
        rq->state = RQ_DONE;
    }
    return rq->state == RQ_DONE ? send_answer(rq) : MHD_YES;
}

static void completed(void *cls, struct MHD_Connection *conn, void **state,
                      enum MHD_RequestTerminationCode why)
{
    (void)cls, (void)why;
    Request *rq = *state;
    *state = NULL;
    heads_answered(conn, clock_mono_ms());
    if (rq)
        owe_answer(rq, false);
    if (rq)
        arena_free(rq->c.a);
}

static enum MHD_Result may_open(void *cls, const struct sockaddr *peer, socklen_t n)
{
    (void)cls, (void)n;
    return door_may_open(peer) ? MHD_YES : MHD_NO;
}

static void notify(void *cls, struct MHD_Connection *conn, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info ? info->client_addr : NULL;
    bool started = code == MHD_CONNECTION_NOTIFY_STARTED;
    if (peer && !started)
        door_closed(peer);
    heads_notify(cls, conn, context, code);
    if (peer && started && !door_opened(peer))
        heads_unwelcome(*context);
}

/* ---- start and stop ------------------------------------------------------------------------ */

static bool open_socket(Ctx *c, const char *listen_on, int *out_fd, int *out_port)
{
    const char *colon = strrchr(listen_on, ':');
    if (!colon)
        return ctx_fail(c, ERR_INVALID, "listen", "err.listen_form", listen_on);
    char *host = arena_dup(c->a, listen_on, (size_t)(colon - listen_on));
    if (host[0] == '[') {
        host++;
        host[strcspn(host, "]")] = 0;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *found;
    if (getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found) != 0)
        return ctx_fail(c, ERR_INVALID, "listen", "err.listen_form", listen_on);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1024) == 0;
    freeaddrinfo(found);
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {.v6 = {0}}; /* the largest */
    socklen_t len = sizeof at;
    if (!ok || getsockname(fd, &at.any, &len) != 0) {
        const char *why = strerror(errno);
        if (fd >= 0)
            close(fd);
        return ctx_fail(c, ERR_INVALID, "listen", "err.listen_failed", listen_on, why);
    }
    *out_port = ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
    *out_fd = fd;
    return true;
}

/* Polling threads: the setting, or one a core where they run reads themselves. */
static unsigned poller_count(const Server *s)
{
    int64_t n = conf_int("http.pollers");
    cpu_set_t cores;
    if (n == 0)
        n = s->tries_here && sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores)
                                                                             : 1;
    n = n > MAX_POLLERS ? MAX_POLLERS : n;
    return n > 1 ? (unsigned)n : 0; /* 0: the one thread of the daemon itself */
}

/* Most systems begin with 1,024 descriptors and let a program ask for more. */
static void allow_files(int64_t n)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= (rlim_t)n)
        return;
    r.rlim_cur = r.rlim_max < (rlim_t)n ? r.rlim_max : (rlim_t)n;
    if (setrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur < (rlim_t)n)
        log_write(LOG_WARN, "few_descriptors", LOG_I("wanted", n),
                  LOG_I("got", (int64_t)r.rlim_cur));
}

/* What the library complains of, by its own sentence alone: what fills the places in it came from a stranger. */
static void library_says(void *cls, const char *sentence, va_list values)
{
    (void)cls, (void)values;
    log_write(LOG_DEBUG, "http.library", LOG_S("why", sentence));
}

bool serve_start(Ctx *c, const ServeOptions *o, Server **out)
{
    if (!routes_check())
        return ctx_fail(c, ERR_INTERNAL, NULL, "err.routes");
    int fd = -1, port = 0;
    if (!open_socket(c, o->listen, &fd, &port))
        return false;
    Arena *a = arena_new(0); /* lives as long as the server */
    Server *s = ARENA_NEW(a, Server);
    server = s;
    *s = (Server){.a = a,
                  .db = o->db,
                  .dir = arena_str(a, o->dir),
                  .port = port,
                  .tries_here = !db_is_pg(o->db)};
    s->queue = queue_start(a, o->workers, serve_queued);
    allow_files(conf_int("http.connections") + OTHER_FILES);
    arena_limit_all((size_t)conf_size("http.memory"));
    door_start(a, (int)conf_int("http.connections"));
    if (!heads_start(a, (int)conf_int("http.connections")))
        return ctx_fail(c, ERR_INTERNAL, "listen", "err.listen_failed", o->listen, strerror(errno));
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO |
            MHD_USE_ERROR_LOG,
        0, may_open, NULL, handle, s, MHD_OPTION_EXTERNAL_LOGGER, library_says, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, begin, s,
        MHD_OPTION_NOTIFY_COMPLETED, completed, s, MHD_OPTION_NOTIFY_CONNECTION, notify, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)conf_int("http.connections"),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(conf_duration_ms("http.idle_timeout") / 1000),
        MHD_OPTION_THREAD_POOL_SIZE, poller_count(s), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, STRICT, 1, MHD_OPTION_END);
    if (!s->daemon)
        heads_stop();
    if (!s->daemon)
        return ctx_fail(c, ERR_INTERNAL, "listen", "err.listen_failed", o->listen, strerror(errno));
    *out = s;
    return live_start(c, o->db);
}

void serve_stop(Server *s, int64_t wait_ms)
{
    int fd = MHD_quiesce_daemon(s->daemon);
    if (fd >= 0)
        close(fd);
    s->closing = true;
    queue_stop(s->queue, wait_ms);
    live_stop(); /* the library ends with no connection suspended */
    /* the last answers leave the sockets; a busy machine takes its time, a lazy reader is not waited for */
    int64_t until = clock_mono_ms() + LAST_ANSWERS_MS;
    do
        usleep(100 * 1000);
    while (s->answering > 0 && clock_mono_ms() < until);
    MHD_stop_daemon(s->daemon);
    heads_stop();
    server = NULL;
    arena_free(s->a);
}
