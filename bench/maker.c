/*
 * bench_maker: a large company in a fraction of the time `zhike demo` takes. Customers with contacts
 * and follow-ups (a contact or two and three follow-ups, or as many as --contacts and --follow-ups say
 * there are to a customer: 0.1 gives one in ten) by the INSERT texts of the engine, with companion
 * columns, contact points, pairs and search documents as the engine would have written them; what
 * only tells how a row came about (history, audit) is left out. `zhike check` must find nothing.
 *
 *     zhike init …; zhike demo --data DIR --customers 0; bench_maker --data DIR --customers 100000
 *
 * The same numbers give the same data, apart from ids, users and instants (counted back from now). Two
 * threads prepare blocks of rows, this one writes them in order (load.h).
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/actor.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/id.h"
#include "load.h"
#include "maker.h"

enum {
    BLOCK = 500,
    THREADS = 2,
    AHEAD = 8, /* blocks that wait for the one that writes */
    REST_BLOCKS = 3,
    TELL_BLOCKS = 200
};

Maker maker = {.contacts = 1333, .follow_ups = 3000};

/* Blocks on their way from those that make them to the one that writes. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int64_t next_block, written; /* under lock */
    Block *ready[AHEAD];         /* under lock: the block of this number, modulo */
} line = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static int64_t last_of(int64_t number)
{
    int64_t last = (number + 1) * BLOCK;
    return last < maker.wanted ? last : maker.wanted;
}

static int64_t *draw_ids(Arena *a, int64_t number)
{
    int n = 0;
    for (int64_t i = number * BLOCK; i < last_of(number); i++)
        n += maker_ids(i);
    int64_t *ids = ARENA_ARRAY(a, n, int64_t);
    for (int i = 0; i < n; i++)
        ids[i] = id_new();
    return ids;
}

static void make_block(Arena *a, Block *b)
{
    Ctx *c = ARENA_NEW(a, Ctx);
    ctx_init(c, a);
    c->db = maker.app.db;
    c->model = maker.app.c.model;
    c->actor = maker.app.c.actor;
    c->now_ms = maker.app.c.now_ms;
    b->c = c;
    maker_rows(b, b->number * BLOCK, last_of(b->number));
}

static void *work(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&line.lock);
    for (;;) {
        while (line.next_block >= line.written + AHEAD)
            pthread_cond_wait(&line.moved, &line.lock);
        if (line.next_block * BLOCK >= maker.wanted)
            break;
        Arena *a = arena_new(0);
        Block *b = ARENA_NEW(a, Block);
        b->number = line.next_block++;
        b->ids = draw_ids(a, b->number);
        pthread_mutex_unlock(&line.lock);
        make_block(a, b);
        pthread_mutex_lock(&line.lock);
        line.ready[b->number % AHEAD] = b;
        pthread_cond_broadcast(&line.moved);
    }
    pthread_mutex_unlock(&line.lock);
    return NULL;
}

static void write_blocks(const Loader *loader, Load *l)
{
    for (int64_t number = 0; number * BLOCK < maker.wanted; number++) {
        pthread_mutex_lock(&line.lock);
        Block **slot = &line.ready[number % AHEAD];
        while (!*slot)
            pthread_cond_wait(&line.moved, &line.lock);
        Block *b = *slot;
        *slot = NULL;
        pthread_mutex_unlock(&line.lock);
        for (int i = 0; i < b->n_rows; i++)
            loader->put(l, b->rows[i].text, b->rows[i].v, b->rows[i].n);
        arena_free(b->c->a);
        if ((number + 1) % REST_BLOCKS == 0)
            loader->rest(l);
        if ((number + 1) % TELL_BLOCKS == 0)
            fprintf(stderr, "%" PRId64 " of %" PRId64 " customers, %.0f s of processor time\n",
                    (number + 1) * BLOCK, maker.wanted, (double)clock() / CLOCKS_PER_SEC);
        pthread_mutex_lock(&line.lock);
        line.written = number + 1;
        pthread_cond_broadcast(&line.moved);
        pthread_mutex_unlock(&line.lock);
    }
}

static bool find_sellers(Ctx *c)
{
    DbRows *r = db_query(
        c,
        SQL("SELECT DISTINCT u.id, u.department_id FROM \"user\" u JOIN \"rel_user_roles\" x "
            "ON x.id = u.id JOIN \"role\" o ON o.id = x.target WHERE u.deleted_at IS NULL "
            "AND o.code IN ('sales_rep', 'sales_manager') ORDER BY u.id"),
        NULL, 0);
    if (!r)
        return false;
    while (db_step(r) && maker.n_sellers < MAX_SELLERS)
        maker.sellers[maker.n_sellers++] = (Seller){db_int(r, 0), db_int(r, 1)};
    db_done(r);
    if (!maker.n_sellers)
        fprintf(stderr, "bench_maker: nobody sells here; run zhike demo --customers 0 first\n");
    return maker.n_sellers > 0 && c->n_err == 0;
}

/* An empty database of SQLite: what the floors ask about the engine is answered while the real file is the loader's. */
static bool stand_in(Ctx *c, const char *dir)
{
    DbOptions o = {.dir = arena_printf(c->a, "%s/tmp/maker", dir), .create = true};
    db_lease_drop(c);
    db_release(c);
    db_close(maker.app.db);
    maker.app.db = NULL;
    return db_open(c, &o, &maker.app.db);
}

static void stand_in_gone(Ctx *c, const char *dir)
{
    static const char *const files[] = {"/zhike.db", "/zhike.db-wal", "/zhike.db-shm", ""};
    db_release(c);
    db_close(maker.app.db);
    maker.app.db = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        remove(arena_printf(c->a, "%s/tmp/maker%s", dir, files[i]));
}

static bool make(Ctx *c, const char *dir)
{
    static const char *const tables[] = {"customer",       "contact",          "customer_contact",
                                         "contact_point",  "follow_up",        "search_customer",
                                         "search_contact", "search_follow_up", NULL};
    const char *url = conf_text("db.url");
    bool pg = db_is_pg(c->db);
    if (!find_sellers(c) || !maker_ready(c))
        return false;
    db_release(c);
    if (!pg && !stand_in(c, dir))
        return false;
    const Loader *loader = pg ? &load_pg : &load_sqlite;
    Load *l = loader->open(pg ? url : arena_printf(c->a, "%s/zhike.db", dir), tables);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    write_blocks(loader, l);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    loader->close(l);
    if (!pg)
        stand_in_gone(c, dir);
    return true;
}

/* "0.1" → 100 */
static bool thousandths(const char *text, int *out)
{
    char *end = NULL;
    double v = text ? strtod(text, &end) : 0;
    if (text && (*end || end == text || v < 0 || v > 20))
        return false;
    if (text)
        *out = (int)(v * 1000 + 0.5);
    return true;
}

int main(int argc, char **argv)
{
    Args args = {argc - 1, argv + 1};
    AppOptions o = {.dir = args_take(&args, "--data"), .database = args_take(&args, "--database")};
    const char *n = args_take(&args, "--customers"), *contacts = args_take(&args, "--contacts"),
               *follow_ups = args_take(&args, "--follow-ups");
    if (!o.dir || !n || !args_done(&args, 0) || !thousandths(contacts, &maker.contacts) ||
        !thousandths(follow_ups, &maker.follow_ups))
        return usage("bench_maker --data DIR [--database URL] --customers N [--contacts 1.333] "
                     "[--follow-ups 3]");
    if (!app_open(&maker.app, &o))
        return 1;
    maker.app.c.deadline_ms = 0;
    maker.wanted = strtoll(n, NULL, 10);
    int64_t began = clock_mono_ms();
    int status = make(&maker.app.c, o.dir) ? 0 : app_fail(&maker.app);
    app_close(&maker.app);
    printf("%" PRId64 " customers in %.1f s, %.1f s of processor time\n", maker.wanted,
           (double)(clock_mono_ms() - began) / 1000, (double)clock() / CLOCKS_PER_SEC);
    return status;
}
