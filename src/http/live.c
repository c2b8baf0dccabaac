/*
 * Listeners, their streams, and the thread that serves them. See live.h.
 *
 * A stream is a response by callback: where there is nothing to write the connection is suspended
 * and the thread resumes it when there is. Everything of a listener that both sides touch is under
 * one lock, held for copying bytes only; the thread asks the database without it, on listeners that
 * it counts (refs).
 */
#include "http/live.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/meter.h"
#include "base/vec.h"
#include "base/whole.h"
#include "http/header.h"
#include "http/live_impl.h"

enum {
    TICK_MS = 250,          /* between looks, where nothing wakes the thread */
    NOBODY_MS = 60000,      /* the same while nobody listens */
    ALIVE_EVERY = 500,      /* who is still signed in */
    BEAT_EVERY = 15000,     /* a comment, so that proxies keep the connection */
    UNREAD_MAX = 256 << 10, /* who reads nothing is let go */
    CHANGES_MAX = 20000,    /* in one tick; beyond that everybody starts anew */
    CHECK_BLOCK = 400,
    STOP_MS = 1000
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake, empty;
    pthread_t thread;
    Db *db;
    bool running, overflow;
    Listener *first;
    int n;
    size_t unread; /* of all of them together */
    Arena *a;      /* of the queue */
    VEC(Change) queue;
} live = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- listeners (under the lock) --------------------------------------------------------------- */

static void drop_ref(Listener *l)
{
    if (--l->refs == 0)
        arena_free(l->a);
}

static void unlink_listener(Listener *l)
{
    for (Listener **at = &live.first; *at; at = &(*at)->next) {
        if (*at != l)
            continue;
        *at = l->next;
        live.n--;
        if (live.n == 0)
            pthread_cond_broadcast(&live.empty);
        return;
    }
}

/* The request is over: the library lets go. Runs with the request's arena. */
static void let_go(void *arg)
{
    Listener *l = arg;
    pthread_mutex_lock(&live.lock);
    unlink_listener(l);
    size_t his = l->out.len - l->sent;
    live.unread -= his < live.unread ? his : live.unread;
    l->sent = l->out.len;
    l->closing = true;
    l->suspended = false;
    drop_ref(l);
    pthread_mutex_unlock(&live.lock);
}

static void resume(Listener *l)
{
    if (!l->suspended)
        return;
    l->suspended = false;
    MHD_resume_connection(l->conn);
}

static void end_stream(Listener *l)
{
    l->closing = true;
    resume(l);
}

static void write_out(Listener *l, const char *text, size_t n)
{
    if (!n || l->closing)
        return;
    size_t his = l->out.len - l->sent;
    /* he comes again and goes on where he left */
    if (his + n > UNREAD_MAX || (his && live.unread + n > (size_t)conf_size("live.memory"))) {
        end_stream(l);
        return;
    }
    if (l->sent == l->out.len) {
        buf_clear(&l->out);
        l->sent = 0;
    }
    buf_add(&l->out, text, n);
    live.unread += n;
    l->wrote_ms = clock_mono_ms();
    resume(l);
}

int live_count(void)
{
    pthread_mutex_lock(&live.lock);
    int n = live.n;
    pthread_mutex_unlock(&live.lock);
    return n;
}

ssize_t live_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    (void)pos;
    Listener *l = cls;
    ssize_t got = 0;
    pthread_mutex_lock(&live.lock);
    size_t left = l->out.len - l->sent;
    if (left) {
        size_t n = left < max ? left : max;
        memcpy(buf, l->out.data + l->sent, n);
        l->sent += n;
        live.unread -= n < live.unread ? n : live.unread;
        meter_add(METER_EVENT_BYTES, (int64_t)n);
        got = (ssize_t)n;
    } else if (l->closing || !live.running) {
        got = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        l->suspended = true;
        MHD_suspend_connection(l->conn);
    }
    pthread_mutex_unlock(&live.lock);
    return got;
}

/* ---- the thread ------------------------------------------------------------------------------- */

typedef VEC(Listener *) Listeners;

static void failed(Ctx *c)
{
    for (const ErrItem *e = c->err; e; e = e->next)
        if (e->code != ERR_NOT_SIGNED_IN)
            log_write(LOG_WARN, "live", LOG_S("code", err_name(e->code)),
                      LOG_S("detail", e->detail));
    ctx_errors_back_to(c, 0);
}

/* One block of sessions or tokens: those that are over are ended. */
static void check_block(Ctx *c, Listener **all, int n, bool tokens)
{
    int64_t ids[CHECK_BLOCK];
    int n_ids = 0;
    Map alive;
    map_init(&alive, c->a);
    for (int i = 0; i < n; i++)
        if ((all[i]->api_key != 0) == tokens)
            ids[n_ids++] = tokens ? all[i]->api_key : all[i]->session;
    if (!(tokens ? token_alive(c, ids, n_ids, &alive) : session_alive(c, ids, n_ids, &alive))) {
        failed(c); /* the next look tells */
        return;
    }
    pthread_mutex_lock(&live.lock);
    for (int i = 0; i < n; i++)
        if ((all[i]->api_key != 0) == tokens &&
            !map_has(&alive, ctx_num(c, tokens ? all[i]->api_key : all[i]->session)))
            end_stream(all[i]);
    pthread_mutex_unlock(&live.lock);
}

static void check_alive(Ctx *c, const Listeners *ls)
{
    for (size_t i = 0; i < ls->n; i += CHECK_BLOCK) {
        int n = (int)(ls->n - i < CHECK_BLOCK ? ls->n - i : CHECK_BLOCK);
        check_block(c, ls->items + i, n, false);
        check_block(c, ls->items + i, n, true);
    }
}

/* Those who have hung up: the library does not look at suspended connections. Under the lock a suspended one cannot be
   closed, so its descriptor is still its own. */
static void check_hung_up(Ctx *c, const Listeners *ls)
{
    struct pollfd *p = ARENA_ARRAY(c->a, ls->n, struct pollfd);
    pthread_mutex_lock(&live.lock);
    for (size_t i = 0; i < ls->n; i++)
        p[i] = (struct pollfd){.fd = ls->items[i]->suspended ? ls->items[i]->fd : -1,
                               .events = POLLRDHUP};
    if (poll(p, (nfds_t)ls->n, 0) > 0)
        for (size_t i = 0; i < ls->n; i++)
            if (p[i].revents & (POLLRDHUP | POLLHUP | POLLERR))
                end_stream(ls->items[i]);
    pthread_mutex_unlock(&live.lock);
}

static void serve_one(Ctx *c, Listener *l, const Changes *k, bool overflow)
{
    Buf out;
    buf_init(&out, c->a);
    bool ok = l->resume < 0 || live_catch_up(c, l, &out);
    if (ok && overflow)
        live_event(&out, k->to, "reset", "{}");
    Changes left = live_unseen(c->a, l, k);
    if (ok && !overflow && left.n)
        ok = live_tell(c, l, &left, &out);
    pthread_mutex_lock(&live.lock);
    if (ok)
        write_out(l, out.data, out.len);
    else /* he comes again and goes on where he left */
        end_stream(l);
    pthread_mutex_unlock(&live.lock);
    failed(c);
}

static void beat(const Listeners *ls)
{
    int64_t now = clock_mono_ms();
    pthread_mutex_lock(&live.lock);
    for (size_t i = 0; i < ls->n; i++)
        if (now - ls->items[i]->wrote_ms >= BEAT_EVERY)
            write_out(ls->items[i], ": \n\n", 4);
    pthread_mutex_unlock(&live.lock);
}

static bool is_closing(const Listener *l)
{
    pthread_mutex_lock(&live.lock);
    bool closing = l->closing;
    pthread_mutex_unlock(&live.lock);
    return closing;
}

static void work_tick(const Listeners *ls, const Changes *k, bool overflow, bool alive)
{
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    c.db = live.db;
    Model *m = model_hold();
    c.model = m;
    arena_defer(a, model_release, m);
    if (alive)
        check_alive(&c, ls);
    check_hung_up(&c, ls);
    for (size_t i = 0; i < ls->n; i++) {
        Listener *l = ls->items[i];
        if (!is_closing(l) && (l->resume >= 0 || k->n || overflow)) {
            c.now_ms = clock_now_ms();
            c.deadline_ms = clock_mono_ms() + conf_duration_ms("query.timeout");
            serve_one(&c, l, k, overflow);
        }
    }
    beat(ls);
    db_release(&c);
    arena_free(a);
}

static void wait_tick(void)
{
    bool nobody = !live.first;
    struct timespec until = clock_after_ms(nobody ? NOBODY_MS : TICK_MS);
    while (live.running && !live.queue.n && !live.overflow && (!nobody || !live.first))
        if (pthread_cond_timedwait(&live.wake, &live.lock, &until) != 0)
            return;
}

static Changes take_queue(Arena *a)
{
    Changes k = {.n = (int)live.queue.n, .items = ARENA_ARRAY(a, live.queue.n, Change)};
    for (int i = 0; i < k.n; i++) {
        k.items[i] = live.queue.items[i];
        k.from = i == 0 || k.items[i].id < k.from ? k.items[i].id : k.from;
        k.to = k.items[i].id > k.to ? k.items[i].id : k.to;
    }
    live.queue.n = live.queue.cap = 0;
    live.queue.items = NULL;
    arena_reset(live.a);
    return k;
}

static void *run(void *arg)
{
    (void)arg;
    int64_t next_alive = 0;
    pthread_setname_np(pthread_self(), "zhike-live");
    pthread_mutex_lock(&live.lock);
    while (live.running) {
        Arena *a = arena_new(0);
        Listeners ls = {0};
        wait_tick();
        Changes k = take_queue(a);
        bool overflow = live.overflow;
        live.overflow = false;
        for (Listener *l = live.first; l; l = l->next) {
            l->refs++;
            vec_push(a, &ls, l);
        }
        pthread_mutex_unlock(&live.lock);
        int64_t now = clock_mono_ms();
        bool alive = now >= next_alive;
        if (alive)
            next_alive = now + ALIVE_EVERY;
        if (ls.n)
            work_tick(&ls, &k, overflow, alive);
        pthread_mutex_lock(&live.lock);
        for (size_t i = 0; i < ls.n; i++)
            drop_ref(ls.items[i]);
        arena_free(a);
    }
    pthread_mutex_unlock(&live.lock);
    return NULL;
}

void live_hear(int64_t id, const char *topic, int64_t ref)
{
    pthread_mutex_lock(&live.lock);
    if (live.running && live.first) {
        if (live.queue.n >= CHANGES_MAX) {
            live.overflow = true;
        } else {
            Change k = {.id = id, .ref = ref};
            change_topic(&k, topic);
            vec_push(live.a, &live.queue, k);
        }
        pthread_cond_signal(&live.wake);
    }
    pthread_mutex_unlock(&live.lock);
}

bool live_start(Ctx *c, Db *db)
{
    pthread_mutex_lock(&live.lock); /* the keeper may tell of changes already */
    live.db = db;
    live.a = arena_new(0);
    clock_cond_init(&live.wake);
    clock_cond_init(&live.empty);
    live.running = pthread_create(&live.thread, NULL, run, NULL) == 0;
    bool ok = live.running;
    pthread_mutex_unlock(&live.lock);
    if (ok)
        return true;
    return ctx_fail_detail(c, ERR_INTERNAL, "no thread for live updates", "err.internal");
}

void live_stop(void)
{
    pthread_mutex_lock(&live.lock);
    bool was = live.running;
    live.running = false;
    pthread_cond_signal(&live.wake);
    pthread_mutex_unlock(&live.lock);
    if (!was)
        return;
    pthread_join(live.thread, NULL);
    struct timespec until = clock_after_ms(STOP_MS);
    pthread_mutex_lock(&live.lock);
    for (Listener *l = live.first; l; l = l->next)
        end_stream(l);
    while (live.first && pthread_cond_timedwait(&live.empty, &live.lock, &until) == 0)
        continue;
    live.queue.n = live.queue.cap = 0;
    live.queue.items = NULL;
    arena_free(live.a);
    live.a = NULL;
    pthread_mutex_unlock(&live.lock);
}

/* ---- GET /events ------------------------------------------------------------------------------ */

/* "customer:12" or "customer". A record the caller cannot read is taken like any other: the answer tells nothing. */
static bool take_watch(Request *rq, Listener *l, const char *item, size_t n)
{
    Ctx *c = &rq->c;
    char *name = arena_dup(c->a, item, n), *colon = strchr(name, ':');
    bool full = l->n_watch == LIVE_WATCHES;
    Watch *w = &l->watch[full ? 0 : l->n_watch];
    if (colon)
        *colon = 0;
    const Entity *e = model_entity(c->model, name);
    w->entity = arena_str(l->a, name);
    w->id = 0;
    bool number = !colon || whole_number(colon + 1, 1, INT64_MAX, &w->id);
    if (!e || !e->routes || !number || full)
        return ctx_fail(c, ERR_BAD_REQUEST, "watch", "err.live_watch", arena_dup(c->a, item, n),
                        ctx_num(c, LIVE_WATCHES));
    if (!access_need(c, e, ACT_READ))
        return false;
    if (w->id) {
        w->known = rec_within(c, e, w->id, access_scope(c, e, ACT_READ));
        if (c->n_err)
            return false;
    }
    l->n_watch++;
    return true;
}

static bool take_watches(Request *rq, Listener *l)
{
    const char *p = request_query(rq, "watch");
    while (p && *p) {
        size_t n = strcspn(p, ",");
        if (n && !take_watch(rq, l, p, n))
            return false;
        p += n + (p[n] == ',');
    }
    return true;
}

static const char *const *scopes_copy(Arena *a, const char *const *scopes)
{
    int n = 0;
    if (!scopes)
        return NULL;
    while (scopes[n])
        n++;
    const char **out = ARENA_ARRAY(a, n + 1, const char *);
    for (int i = 0; i < n; i++)
        out[i] = arena_str(a, scopes[i]);
    return out;
}

/* Whether there is room for one more; then he is among the listeners. */
static bool join(Ctx *c, Listener *l)
{
    int mine = 0;
    int64_t per_person = conf_int("live.per_person"), in_all = conf_int("live.listeners");
    pthread_mutex_lock(&live.lock);
    bool running = live.running;
    for (const Listener *x = live.first; x; x = x->next)
        mine += x->user == l->user && !x->closing;
    bool ok = running && mine < per_person && live.n < in_all;
    if (ok) {
        l->next = live.first;
        live.first = l;
        live.n++;
        live.unread += l->out.len;
        l->refs = 1;
        pthread_cond_signal(&live.wake);
    }
    pthread_mutex_unlock(&live.lock);
    if (ok)
        return true;
    c->retry_after_s = 5;
    return running && mine >= per_person
               ? ctx_fail(c, ERR_LIMIT, NULL, "err.limit", ctx_num(c, c->retry_after_s))
               : ctx_fail(c, ERR_BUSY, NULL, "err.busy");
}

bool api_events(Request *rq)
{
    Ctx *c = &rq->c;
    const char *last = request_header(rq, "Last-Event-ID");
    int64_t after = 0, now = 0;
    if (!request_number(rq, "after", 0, INT64_MAX, -1, &after))
        return false;
    if (last && !whole_number(last, 0, INT64_MAX, &after))
        return ctx_fail(c, ERR_BAD_HEADER, NULL, "err.bad_header", "Last-Event-ID");
    Arena *a = arena_new(0);
    Listener *l = ARENA_NEW(a, Listener);
    *l = (Listener){.a = a,
                    .conn = rq->conn,
                    .user = c->actor->user,
                    .session = c->actor->session,
                    .api_key = c->actor->api_key,
                    .token_scopes = scopes_copy(a, c->actor->token_scopes),
                    .zone = arena_str(a, c->zone),
                    .lang = arena_str(a, c->lang),
                    .wrote_ms = clock_mono_ms()};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(rq->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    l->fd = info ? info->connect_fd : -1;
    buf_init(&l->out, a);
    if (!take_watches(rq, l) || !db_change_last(c, &now)) {
        arena_free(a);
        return false;
    }
    bool goes_on = after >= 0 && after <= now;
    l->resume = l->start = goes_on ? after : now;
    l->ordered = !db_is_pg(c->db);
    if (!goes_on && !l->ordered && !live_begin(c, l)) {
        arena_free(a);
        return false;
    }
    buf_puts(&l->out, "retry: 2000\n");
    live_event(&l->out, l->resume, "ready", "{}");
    if (!join(c, l)) {
        arena_free(a);
        return false;
    }
    arena_defer(c->a, let_go, l);
    rq->out.live = l;
    respond_header(&rq->out, "Content-Type", "text/event-stream; charset=utf-8");
    respond_header(&rq->out, "X-Accel-Buffering", "no");
    return true;
}
