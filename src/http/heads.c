/* Deadlines of request heads. See heads.h. */
#include "http/heads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/conf.h"

enum { LOOK_MS = 1000 };

/* What a connection owes. The phase is written by its polling thread alone. */
typedef struct Note {
    int fd; /* under the lock; -1: free */
    struct Note *next_free;
    _Atomic int64_t owed_since; /* monotonic ms; 0: nothing, a request is being answered */
    _Atomic bool in_head;       /* the request line has come */
    bool told;                  /* closed already, by us */
} Note;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    Note *notes, *free;
    int n;
    bool stop;
    int64_t head_ms, idle_ms;
} heads = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Under the lock, so the socket is still that of this connection: the library tells of the end before it closes. */
static void end_late(Note *n)
{
    static const char answer[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n";
    n->told = true;
    if (atomic_load(&n->in_head)) /* who sent nothing gets nothing */
        (void)!send(n->fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(n->fd, SHUT_RDWR); /* the library sees the end and cleans up */
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
            int64_t since = n->fd < 0 || n->told ? 0 : atomic_load(&n->owed_since);
            int64_t most = heads.head_ms + (atomic_load(&n->in_head) ? 0 : heads.idle_ms);
            if (since && now - since > most)
                end_late(n);
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
            atomic_store(&n->in_head, false);
            atomic_store(&n->owed_since, clock_mono_ms());
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

static void owe(struct MHD_Connection *conn, bool in_head, int64_t since)
{
    Note *n = note_of(conn);
    if (!n)
        return;
    atomic_store_explicit(&n->owed_since, since, memory_order_relaxed);
    atomic_store_explicit(&n->in_head, in_head, memory_order_relaxed);
}

void heads_begun(struct MHD_Connection *conn, int64_t now_ms)
{
    owe(conn, true, now_ms);
}

void heads_complete(struct MHD_Connection *conn)
{
    owe(conn, false, 0);
}

void heads_answered(struct MHD_Connection *conn, int64_t now_ms)
{
    owe(conn, false, now_ms);
}
