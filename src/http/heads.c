/* Deadlines of connections. See heads.h. */
#include "http/heads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/meter.h"

enum { LOOK_MS = 1000 };

typedef enum Phase { AT_REST, IN_HEAD, IN_BODY, AT_WORK, IN_ANSWER } Phase;

/* What a connection owes. Phase, since and received are written by its polling thread alone. */
typedef struct Note {
    int fd; /* under the lock; -1: free */
    struct Note *next_free;
    _Atomic int64_t since; /* of the phase, monotonic ms */
    _Atomic int64_t received;
    _Atomic int phase;
    bool told;              /* closed already, by us */
    _Atomic bool unwelcome; /* one too many */
} Note;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    Note *notes, *free;
    int n;
    bool stop;
    int64_t head_ms, idle_ms, body_ms, answer_ms, body_rate;
} heads = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Under the lock, so the socket is still that of this connection: the library tells of the end before it closes. */
static void end_late(Note *n, Phase phase)
{
    static const char answer[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n";
    n->told = true;
    if (phase == IN_HEAD || phase == IN_BODY) /* who sent nothing gets nothing */
        (void)!send(n->fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(n->fd, SHUT_RDWR); /* the library sees the end and cleans up */
    if (phase != AT_REST)
        meter_add(METER_LATE, 1);
}

static bool is_late(const Note *n, Phase phase, int64_t now)
{
    int64_t ms = now - atomic_load(&n->since);
    bool unwelcome = atomic_load(&n->unwelcome);
    switch (phase) {
    case AT_REST: return ms > heads.head_ms + (unwelcome ? 0 : heads.idle_ms);
    case IN_HEAD: return ms > heads.head_ms;
    case IN_BODY: /* as long as it takes, but not drop by drop */
        return ms > (unwelcome ? heads.head_ms : heads.body_ms) ||
               (ms > heads.head_ms && atomic_load(&n->received) < heads.body_rate * (ms / 1000));
    case IN_ANSWER: return ms > heads.answer_ms;
    case AT_WORK: break;
    }
    return false;
}

static void *look(void *arg)
{
    (void)arg;
    pthread_setname_np(pthread_self(), "zhike-heads");
    pthread_mutex_lock(&heads.lock);
    while (!heads.stop) {
        struct timespec until = clock_after_ms(LOOK_MS);
        pthread_cond_timedwait(&heads.wake, &heads.lock, &until);
        int64_t now = clock_mono_ms();
        for (int i = 0; i < heads.n; i++) {
            Note *n = &heads.notes[i];
            Phase phase = (Phase)atomic_load(&n->phase);
            if (n->fd >= 0 && !n->told && is_late(n, phase, now))
                end_late(n, phase);
        }
    }
    pthread_mutex_unlock(&heads.lock);
    return NULL;
}

bool heads_start(Arena *a, int connections)
{
    heads.n = connections;
    heads.notes = ARENA_ARRAY(a, connections, Note);
    heads.free = NULL;
    heads.stop = false;
    clock_cond_init(&heads.wake);
    heads.head_ms = conf_duration_ms("http.head_timeout");
    heads.idle_ms = conf_duration_ms("http.idle_timeout");
    heads.body_ms = conf_duration_ms("http.body_timeout");
    heads.answer_ms = conf_duration_ms("http.answer_timeout");
    heads.body_rate = conf_int("http.body_rate");
    for (int i = connections; i-- > 0; heads.free = &heads.notes[i]) {
        heads.notes[i].fd = -1;
        heads.notes[i].next_free = heads.free;
    }
    return pthread_create(&heads.thread, NULL, look, NULL) == 0;
}

void heads_stop(void)
{
    pthread_mutex_lock(&heads.lock);
    heads.stop = true;
    pthread_cond_signal(&heads.wake);
    pthread_mutex_unlock(&heads.lock);
    pthread_join(heads.thread, NULL);
    pthread_cond_destroy(&heads.wake);
    heads.n = 0;
}

void heads_notify(void *cls, struct MHD_Connection *conn, void **context,
                  enum MHD_ConnectionNotificationCode code)
{
    (void)cls;
    Note *n = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
        pthread_mutex_lock(&heads.lock);
        n = info ? heads.free : NULL; /* never none: the library takes no more connections */
        if (n) {
            heads.free = n->next_free;
            n->fd = info->connect_fd;
            n->told = false;
            atomic_store(&n->unwelcome, false);
            atomic_store(&n->since, clock_mono_ms());
            atomic_store(&n->phase, AT_REST);
        }
        pthread_mutex_unlock(&heads.lock);
        *context = n;
    } else if (n) {
        pthread_mutex_lock(&heads.lock);
        n->fd = -1;
        n->next_free = heads.free;
        heads.free = n;
        pthread_mutex_unlock(&heads.lock);
        *context = NULL;
    }
}

static Note *note_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void heads_unwelcome(void *context)
{
    Note *n = context;
    if (n)
        atomic_store(&n->unwelcome, true);
}

bool heads_is_unwelcome(struct MHD_Connection *conn)
{
    const Note *n = note_of(conn);
    return n && atomic_load(&n->unwelcome);
}

static void enter(struct MHD_Connection *conn, Phase phase, int64_t since)
{
    Note *n = note_of(conn);
    if (!n)
        return;
    /* between the two the thread may see the new moment with the old phase, never an old moment with the new */
    atomic_store(&n->since, since);
    atomic_store(&n->received, 0);
    atomic_store(&n->phase, (int)phase);
}

void heads_begun(struct MHD_Connection *conn, int64_t now_ms)
{
    enter(conn, IN_HEAD, now_ms);
}

void heads_complete(struct MHD_Connection *conn, int64_t now_ms)
{
    enter(conn, AT_WORK, now_ms);
}

void heads_body(struct MHD_Connection *conn, int64_t now_ms)
{
    enter(conn, IN_BODY, now_ms);
}

void heads_received(struct MHD_Connection *conn, size_t n_bytes)
{
    Note *n = note_of(conn);
    if (n)
        atomic_fetch_add_explicit(&n->received, (int64_t)n_bytes, memory_order_relaxed);
}

void heads_answer(struct MHD_Connection *conn, int64_t now_ms)
{
    enter(conn, IN_ANSWER, now_ms);
}

void heads_answered(struct MHD_Connection *conn, int64_t now_ms)
{
    enter(conn, AT_REST, now_ms);
}
