/*
 * bench_baseline_write: the bare program a durable create is measured against.
 *
 *     bench_baseline_write --data COPY_A --replay COPY_B --login L --creates 4000 [--rounds 5] [--threads 64] [--show]
 *
 * It creates customers through the engine on COPY_A, one by one, and keeps every statement with its
 * values (capture.c): duplicates, row, history, audit, contact points, change log, search, and the reads
 * of the answer; --show prints them. It stops where the engine ran a statement that was not captured. Then it
 * replays them on COPY_B with plain sqlite3: client threads hand the transaction to one writer, which
 * puts all that wait into one commit (a SAVEPOINT each, synchronous=FULL), as the server does, and run their reads
 * over connections of their own. Nothing else is done: no session, no validation, no JSON, no texts or hashes made.
 * One round a line on standard output, each begun by a line on standard input ("alone": a commit for each create), so that bench/run can
 * alternate with the server.
 */
#include <sqlite3.h>

#include <inttypes.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "app/app.h"
#include "auth/actor.h"
#include "base/json_read.h"
#include "capture.h"
#include "record/record.h"

enum { MAX_TEXTS = 256, MAX_THREADS = 256, BATCH = 512, GATHER_MS = 3 };

/* A statement kept in few bytes: number of its text, then its values, kind by kind. */
typedef struct Kept {
    unsigned char *data;
    size_t len;
    int n_writes, n_reads; /* in this order */
} Kept;

static const char *texts[MAX_TEXTS];
static int n_texts;
static Kept *creates;
static int n_creates;

/* ---- keeping ------------------------------------------------------------------------------- */

static int text_number(Arena *a, const char *text)
{
    for (int i = 0; i < n_texts; i++)
        if (strcmp(texts[i], text) == 0)
            return i;
    if (n_texts == MAX_TEXTS) {
        fprintf(stderr, "bench_baseline_write: too many different statements\n");
        exit(1);
    }
    texts[n_texts] = arena_str(a, text);
    return n_texts++;
}

static void keep_raw(Buf *b, const void *p, size_t n)
{
    buf_add(b, p, n);
}

static void keep_one(Arena *a, Buf *b, const Captured *s)
{
    int head[2] = {text_number(a, s->text), s->n};
    keep_raw(b, head, sizeof head);
    for (int i = 0; i < s->n; i++) {
        const DbVal *v = &s->params[i];
        int kind = (int)v->kind;
        keep_raw(b, &kind, sizeof kind);
        if (v->kind == DB_INT)
            keep_raw(b, &v->i, sizeof v->i);
        else if (v->kind == DB_REAL)
            keep_raw(b, &v->d, sizeof v->d);
        else if (v->kind == DB_TEXT || v->kind == DB_BLOB) {
            keep_raw(b, &v->n, sizeof v->n);
            keep_raw(b, v->s, v->n);
        }
    }
}

static void keep(Arena *a, const Captured *all, int n, Kept *out)
{
    Buf b;
    buf_init(&b, a);
    for (int after = 0; after < 2; after++)
        for (int i = 0; i < n; i++)
            if (all[i].in_write == (after == 0)) {
                keep_one(a, &b, &all[i]);
                after ? out->n_reads++ : out->n_writes++;
            }
    out->len = b.len;
    out->data = malloc(b.len + 1);
    if (!out->data)
        abort();
    memcpy(out->data, b.data, b.len);
}

/* The same customer as create.lua of the HTTP side sends. */
static const char *customer_json(Arena *a, int i)
{
    return arena_printf(
        a,
        "{\"name\":\"杭州云帆%07d信息技术有限公司\",\"short_name\":\"云帆%07d\",\"phone\":\"139%"
        "08d\","
        "\"industry\":\"it\",\"source\":\"website\",\"level\":\"key\",\"email\":\"c%07d@example."
        "cn\","
        "\"region\":330106,\"address_detail\":\"文三路 %d 号\",\"remark\":\"年底有采购计划\"}",
        i, i, i, i, i % 400);
}

static bool capture_creates(App *app, const Actor *me, bool show)
{
    Arena *texts_in = app->a;
    for (int i = 0; i < n_creates; i++) {
        Arena *a = arena_new(0);
        Ctx c;
        ctx_init(&c, a);
        c.db = app->db;
        c.model = app->c.model;
        c.actor = me;
        SaveOptions o = {.if_version = -1, .origin = "web"};
        json_object *in;
        int64_t id;
        int n;
        const char *json = customer_json(a, 50000000 + i);
        capture_start(a);
        bool ok = json_read(&c, json, strlen(json), &in) &&
                  rec_create(&c, model_entity(c.model, "customer"), in, &o, &id);
        Buf answer; /* the call answers with the record: its reads belong to it */
        buf_init(&answer, a);
        ok = ok && rec_json(&c, model_entity(c.model, "customer"), id, false, &answer, NULL);
        const Captured *all = capture_stop(&n);
        for (const ErrItem *e = c.err; e; e = e->next)
            fprintf(stderr, "bench_baseline_write: %s %s (%s)\n", e->field ? e->field : "",
                    e->message, e->detail ? e->detail : "");
        if (ok && c.n_sql != n) {
            fprintf(stderr, "bench_baseline_write: %d statements ran, %d were captured\n", c.n_sql,
                    n);
            ok = false;
        }
        if (ok && i == 0 && show)
            for (int k = 0; k < n; k++)
                fprintf(stderr, "%s %.160s\n", all[k].in_write ? "write" : "read ", all[k].text);
        if (ok)
            keep(texts_in, all, n, &creates[i]);
        db_release(&c);
        arena_free(a);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- replaying ----------------------------------------------------------------------------- */

typedef struct Conn {
    sqlite3 *h;
    sqlite3_stmt *st[MAX_TEXTS];
} Conn;

typedef struct Job {
    const unsigned char *data;
    int n;
    sem_t done;
    struct Job *next;
} Job;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_cond = PTHREAD_COND_INITIALIZER;
static Job *first, **last = &first;
static bool ending;
static int n_waiting, want; /* want: jobs the writer sleeps for */
static int next_create, end_create, failures;
static const char *replay_path;

static void open_conn(Conn *k, bool writer)
{
    if (sqlite3_open_v2(replay_path, &k->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        abort();
    sqlite3_busy_timeout(k->h, 10000);
    sqlite3_exec(k->h,
                 "PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA wal_autocheckpoint=0; "
                 "PRAGMA temp_store=MEMORY;"
                 "PRAGMA secure_delete=ON; PRAGMA mmap_size=2147483648",
                 NULL, NULL, NULL);
    sqlite3_exec(k->h, writer ? "PRAGMA cache_size=-16384" : "PRAGMA cache_size=-1024", NULL, NULL,
                 NULL);
}

static void close_conn(Conn *k)
{
    for (int i = 0; i < n_texts; i++)
        sqlite3_finalize(k->st[i]);
    sqlite3_close(k->h);
}

/* Runs one kept statement; returns what follows it. */
static const unsigned char *run_one(Conn *k, const unsigned char *p)
{
    int head[2];
    memcpy(head, p, sizeof head);
    p += sizeof head;
    sqlite3_stmt *st = k->st[head[0]];
    if (!st) {
        if (sqlite3_prepare_v3(k->h, texts[head[0]], -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) !=
            SQLITE_OK)
            abort();
        k->st[head[0]] = st;
    }
    int at[512] = {0}, count = sqlite3_bind_parameter_count(st);
    for (int i = 1; i <= count; i++) /* SQLite numbers $n by first appearance */
        at[strtol(sqlite3_bind_parameter_name(st, i) + 1, NULL, 10) & 511] = i;
    for (int i = 1; i <= head[1]; i++) {
        int kind, to = i < 512 ? at[i] : 0;
        memcpy(&kind, p, sizeof kind);
        p += sizeof kind;
        if (kind == DB_INT) {
            int64_t v;
            memcpy(&v, p, sizeof v);
            p += sizeof v;
            sqlite3_bind_int64(st, to, v);
        } else if (kind == DB_REAL) {
            double v;
            memcpy(&v, p, sizeof v);
            p += sizeof v;
            sqlite3_bind_double(st, to, v);
        } else if (kind == DB_TEXT || kind == DB_BLOB) {
            size_t n;
            memcpy(&n, p, sizeof n);
            p += sizeof n;
            if (kind == DB_TEXT)
                sqlite3_bind_text(st, to, (const char *)p, (int)n, SQLITE_STATIC);
            else
                sqlite3_bind_blob(st, to, p, (int)n, SQLITE_STATIC);
            p += n;
        } else {
            sqlite3_bind_null(st, to);
        }
    }
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
    }
    if (rc != SQLITE_DONE) {
        if (!failures++)
            fprintf(stderr, "bench_baseline_write: %s in %.200s\n", sqlite3_errmsg(k->h),
                    texts[head[0]]);
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return p;
}

static void word(Conn *k, const char *text)
{
    if (sqlite3_exec(k->h, text, NULL, NULL, NULL) != SQLITE_OK)
        failures++;
}

static int most = BATCH; /* creates of one commit */

static void *checkpointer(void *arg)
{
    sqlite3 *h;
    (void)arg;
    if (sqlite3_open_v2(replay_path, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        abort();
    sqlite3_busy_timeout(h, 200);
    while (!ending) {
        int log = 0, done = 0;
        struct timespec nap = {.tv_nsec = 100000000};
        nanosleep(&nap, NULL);
        sqlite3_wal_checkpoint_v2(h, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
    }
    sqlite3_close(h);
    return NULL;
}

static bool begins(const unsigned char *p, const char *with)
{
    int head[2];
    memcpy(head, p, sizeof head);
    return strncmp(texts[head[0]], with, strlen(with)) == 0;
}

/* Search documents come last in the server's batches, too: FTS5 writes out at every savepoint. */
static bool is_search(const unsigned char *p)
{
    return begins(p, "INSERT INTO \"search_");
}

/* The head of the audit chain: read once a transaction, as the server does. */
static bool is_chain_head(const unsigned char *p)
{
    return begins(p, "SELECT seq, hash, id FROM \"audit_log\"");
}

static const unsigned char *skip_one(const unsigned char *p)
{
    int head[2];
    memcpy(head, p, sizeof head);
    p += sizeof head;
    for (int i = 0; i < head[1]; i++) {
        int kind;
        memcpy(&kind, p, sizeof kind);
        p += sizeof kind;
        if (kind == DB_INT || kind == DB_REAL) {
            p += 8;
        } else if (kind == DB_TEXT || kind == DB_BLOB) {
            size_t n;
            memcpy(&n, p, sizeof n);
            p += sizeof n + n;
        }
    }
    return p;
}

/* One pass over a job: its statements, or its search document. */
static void run_job(Conn *k, const Job *j, bool search, bool first_of_batch)
{
    const unsigned char *p = j->data;
    for (int s = 0; s < j->n; s++)
        p = is_search(p) != search || (is_chain_head(p) && !first_of_batch) ? skip_one(p)
                                                                            : run_one(k, p);
}

/* Sleeps, under the lock, until a job is there, then up to GATHER_MS for as many as are due: the rule of db/writer.c. */
static void gather(int due)
{
    want = 1;
    while (!first && !ending)
        pthread_cond_wait(&work_cond, &lock);
    want = due;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += GATHER_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (n_waiting < want && !ending)
        if (pthread_cond_timedwait(&work_cond, &lock, &until) == ETIMEDOUT)
            break;
    want = 0;
}

static void *writer(void *arg)
{
    (void)arg;
    int callers = 0; /* of the last batch, or waiting behind it */
    Conn k = {0};
    open_conn(&k, true);
    pthread_mutex_lock(&lock);
    for (;;) {
        gather(most > 1 ? callers / 2 : 0);
        if (!first)
            break;
        Job *batch[BATCH];
        int n = 0;
        while (first && n < most) {
            batch[n++] = first;
            first = first->next;
        }
        if (!first)
            last = &first;
        n_waiting -= n;
        pthread_mutex_unlock(&lock);
        word(&k, "BEGIN IMMEDIATE");
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < n; i++) {
                if (pass == 0)
                    word(&k, "SAVEPOINT j");
                run_job(&k, batch[i], pass == 1, i == 0);
                if (pass == 0)
                    word(&k, "RELEASE j");
            }
        word(&k, "COMMIT");
        for (int i = 0; i < n; i++)
            sem_post(&batch[i]->done);
        pthread_mutex_lock(&lock);
        callers = n + n_waiting;
    }
    pthread_mutex_unlock(&lock);
    close_conn(&k);
    return NULL;
}

static void *client(void *arg)
{
    (void)arg;
    Conn k = {0};
    open_conn(&k, false);
    Job j = {0};
    sem_init(&j.done, 0, 0);
    for (;;) {
        pthread_mutex_lock(&lock);
        int i = next_create < end_create ? next_create++ : -1;
        pthread_mutex_unlock(&lock);
        if (i < 0)
            break;
        j.data = creates[i].data;
        j.n = creates[i].n_writes;
        j.next = NULL;
        pthread_mutex_lock(&lock);
        *last = &j;
        last = &j.next;
        bool wake = ++n_waiting == want;
        pthread_mutex_unlock(&lock);
        if (wake)
            pthread_cond_signal(&work_cond);
        while (sem_wait(&j.done))
            continue;
        const unsigned char *p = j.data;
        for (int s = 0; s < j.n; s++)
            p = skip_one(p);
        word(&k, "BEGIN");
        for (int s = 0; s < creates[i].n_reads; s++)
            p = run_one(&k, p);
        word(&k, "COMMIT");
    }
    close_conn(&k);
    return NULL;
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void replay(int from, int n, int threads)
{
    pthread_t w, cp, t[MAX_THREADS];
    next_create = from;
    end_create = from + n;
    ending = false;
    double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    pthread_create(&w, NULL, writer, NULL);
    pthread_create(&cp, NULL, checkpointer, NULL);
    for (int i = 0; i < threads; i++)
        pthread_create(&t[i], NULL, client, NULL);
    for (int i = 0; i < threads; i++)
        pthread_join(t[i], NULL);
    clockid_t of_writer;
    pthread_getcpuclockid(w, &of_writer);
    double writing = seconds(of_writer);
    double took = seconds(CLOCK_MONOTONIC) - began;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    pthread_mutex_lock(&lock);
    ending = true;
    pthread_cond_signal(&work_cond);
    pthread_mutex_unlock(&lock);
    pthread_join(w, NULL);
    pthread_join(cp, NULL);
    printf("{\"rate\": %.1f, \"cpu_us\": %.1f, \"writer_us\": %.1f, \"reads\": %d, \"writes\": %d, "
           "\"failures\": %d}\n",
           n / took, cpu * 1e6 / n, writing * 1e6 / n, creates[from].n_reads,
           creates[from].n_writes, failures);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    Args args = {argc - 1, argv + 1};
    AppOptions o = {.dir = args_take(&args, "--data"), .keep_schema = true};
    const char *login = args_take(&args, "--login"), *to = args_take(&args, "--replay"),
               *each = args_take(&args, "--creates");
    const char *rounds = args_take(&args, "--rounds"), *threads = args_take(&args, "--threads");
    bool show = args_flag(&args, "--show");
    int n = each ? (int)strtol(each, NULL, 10) : 4000,
        n_rounds = rounds ? (int)strtol(rounds, NULL, 10) : 5;
    int n_threads = threads ? (int)strtol(threads, NULL, 10) : 64;
    if (!o.dir || !login || !to || n < 1 || n_rounds < 1 || n_threads < 1 ||
        n_threads > MAX_THREADS || !args_done(&args, 0))
        return usage("bench_baseline_write --data DIR --replay DIR --login L [--creates N] "
                     "[--rounds N] [--threads N] [--show]");
    App app;
    if (!app_open(&app, &o))
        return 1;
    app.c.deadline_ms = 0;
    Actor *me;
    n_creates = n * n_rounds;
    creates = calloc((size_t)n_creates, sizeof *creates);
    if (!creates || !actor_of_login(&app.c, login, CH_WEB, &me) ||
        (db_release(&app.c), !capture_creates(&app, me, show)))
        return app_fail(&app);
    replay_path = arena_printf(app.a, "%s/zhike.db", to);
    printf("ready\n");
    fflush(stdout);
    char line[16];
    for (int r = 0; r < n_rounds && fgets(line, sizeof line, stdin); r++) {
        most = strcmp(line, "alone\n") == 0 ? 1 : BATCH;
        replay(r * n, n, n_threads);
    }
    app_close(&app);
    return failures ? 1 : 0;
}
