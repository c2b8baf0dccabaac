/*
 * The SQLite driver: connections, transactions, checkpoints. Statements are in sqlite_ask.c; nobody else knows sqlite3.h.
 *
 * WAL with synchronous=FULL on every connection: of a hundred simulated power cuts it lost nothing,
 * NORMAL lost acknowledged rows or corrupted in 55. Reading connections are query_only, so a write
 * outside db_write fails here as it does on PostgreSQL. Foreign keys stay off: links are checked by
 * the record engine, which can say which record is missing and hides those the caller may not see;
 * the same holds on PostgreSQL, and a merge or restore moves rows in any order.
 *
 * Checkpoints run in a thread with a connection of its own: the writer never pays for them.
 */
#include "db/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    STATEMENTS = 128,
    OPS_PER_LOOK = 1000, /* virtual machine steps between looks at the deadline */
    OPS_PER_BRIEF_LOOK =
        250, /* the same for a Ctx that must not wait: pages may come from a slow disk */
    WAL_PAGES_PASSIVE = 4000, /* checkpoint beside readers and writer */
    WAL_PAGES_FORCE = 100000  /* a long reader let the log grow: wait for a gap and start it anew */
};

typedef struct Sqlite {
    char *path;
    int64_t mmap_bytes;
    SqliteConn *writer;
    pthread_t checkpointer;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int wal_pages; /* under lock */
    bool stop;
} Sqlite;

/* --- transactions ---------------------------------------------------------------------------- */

/* One of our own few words, through the cache. */
static int word(SqliteConn *k, const char *text)
{
    StmtEntry *e = cache_find(k->stmts, text, NULL);
    if (!e) {
        e = cache_add(k->stmts, text);
        int rc = sqlite_compile(k, e, text);
        if (rc != SQLITE_OK) {
            cache_remove(k->stmts, e);
            return rc;
        }
    }
    int rc = sqlite3_step(e->handle);
    sqlite3_reset(e->handle);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int pragma(sqlite3 *h, const char *text)
{
    return sqlite3_exec(h, text, NULL, NULL, NULL);
}

/* What was learnt inside the transaction so far need not hold any more: see db_write_epoch. */
static void new_epoch(DbConn *conn)
{
    static _Atomic uint64_t last;
    conn->epoch = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static bool sqlite_control(Ctx *c, DbConn *conn, const char *text)
{
    conn->deadline_ms = 0; /* these are never worth interrupting */
    if (strncmp(text, "ROLLBACK", 8) == 0)
        new_epoch(conn);
    int rc = word(sqlite_conn(conn), text);
    return rc == SQLITE_OK || sqlite_failed(c, sqlite_conn(conn), rc, text);
}

static bool sqlite_begin(Ctx *c, DbConn *conn)
{
    new_epoch(conn);
    return sqlite_control(c, conn, "BEGIN IMMEDIATE");
}

/*
 * A COMMIT that fails in its sync has left its last page, which says "committed", in the log: a process that finds the log
 * after this one died would take it as such, though its callers were told no. A small write over it ends that.
 */
static bool bury(SqliteConn *k)
{
    if (!sqlite3_get_autocommit(k->h))
        word(k, "ROLLBACK");
    return pragma(k->h, "PRAGMA user_version=0") == SQLITE_OK; /* nobody reads it; writes a page */
}

static CommitResult sqlite_commit(DbConn *conn)
{
    conn->deadline_ms = 0;
    SqliteConn *k = sqlite_conn(conn);
    int rc = word(k, "COMMIT");
    if (rc == SQLITE_OK)
        return COMMIT_OK;
    sqlite_failed(NULL, k, rc, NULL);
    switch (rc & 0xff) {
    case SQLITE_FULL: /* no room for its last page */
    case SQLITE_BUSY:
    case SQLITE_CONSTRAINT: return COMMIT_FAILED;
    default: return k->writer && !bury(k) ? COMMIT_UNKNOWN : COMMIT_FAILED;
    }
}

static void sqlite_rollback(DbConn *conn)
{
    conn->deadline_ms = 0;
    new_epoch(conn);
    if (!sqlite3_get_autocommit(sqlite_conn(conn)->h))
        word(sqlite_conn(conn), "ROLLBACK");
}

static bool sqlite_in_transaction(DbConn *conn)
{
    return !sqlite3_get_autocommit(sqlite_conn(conn)->h);
}

static void sqlite_interrupt(DbConn *conn)
{
    /* The writer serves many callers at once; none of them may stop the others' work. */
    if (!sqlite_conn(conn)->writer && sqlite_conn(conn)->h)
        sqlite3_interrupt(sqlite_conn(conn)->h);
}

/* --- connections ----------------------------------------------------------------------------- */

static int look_at_deadline(void *arg)
{
    DbConn *conn = arg;
    if (conn->ctx && conn->ctx->brief)
        return ctx_brief_over(conn->ctx);
    int64_t deadline = conn->deadline_ms;
    if (!sqlite_conn(conn)->writer)
        turn_look(conn, deadline);
    return deadline && clock_mono_ms() > deadline;
}

static int note_wal(void *arg, sqlite3 *h, const char *name, int pages)
{
    Sqlite *s = arg;
    (void)h;
    (void)name;
    if (pages >= WAL_PAGES_PASSIVE) {
        pthread_mutex_lock(&s->lock);
        s->wal_pages = pages;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
    }
    return SQLITE_OK;
}

/* Opens h and sets what holds on every connection. */
static int open_handle(const Sqlite *s, sqlite3 **out)
{
    sqlite3 *h = NULL;
    int rc = sqlite3_open_v2(s->path, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    *out = h;
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_extended_result_codes(h, 1);
    sqlite3_busy_timeout(h, DB_WAIT_MS);
    sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    char map[64];
    sqlite3_snprintf((int)sizeof(map), map, "PRAGMA mmap_size=%lld", (long long)s->mmap_bytes);
    const char *const all[] = {"PRAGMA synchronous=FULL",     "PRAGMA foreign_keys=OFF",
                               "PRAGMA wal_autocheckpoint=0", "PRAGMA temp_store=MEMORY",
                               "PRAGMA secure_delete=ON",     map};
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof(all) / sizeof(*all); i++)
        rc = pragma(h, all[i]);
    return rc;
}

static bool connect_to(Ctx *c, SqliteConn *k)
{
    Sqlite *s = k->base.db->engine;
    int rc = open_handle(s, &k->h);
    if (rc == SQLITE_OK)
        rc = pragma(k->h, k->writer ? "PRAGMA cache_size=-16384" : "PRAGMA cache_size=-1024");
    if (rc == SQLITE_OK && !k->writer)
        rc = pragma(k->h, "PRAGMA query_only=ON");
    if (rc != SQLITE_OK) {
        sqlite_failed(c, k, rc, NULL);
        sqlite3_close(k->h);
        k->h = NULL;
        return false;
    }
    if (k->writer)
        sqlite3_wal_hook(k->h, note_wal, s);
    sqlite3_progress_handler(k->h, OPS_PER_LOOK, look_at_deadline, &k->base);
    k->brief = false;
    k->stmts = cache_new(STATEMENTS, sqlite_drop_stmt, NULL);
    return true;
}

static void disconnect(SqliteConn *k)
{
    cache_free(k->stmts);
    k->stmts = NULL;
    sqlite3_close_v2(k->h);
    k->h = NULL;
}

static SqliteConn *new_conn(Db *db, bool writer)
{
    SqliteConn *k = calloc(1, sizeof(*k));
    if (!k)
        abort();
    k->base.db = db;
    k->writer = writer;
    return k;
}

static void sqlite_conn_close(DbConn *conn)
{
    disconnect(sqlite_conn(conn));
    search_forget(conn, 0);
    free(conn->search);
    free(conn->pending);
    free(conn);
}

static DbConn *sqlite_conn_open(Ctx *c, Db *db)
{
    SqliteConn *k = new_conn(db, false);
    if (!connect_to(c, k)) {
        sqlite_conn_close(&k->base);
        return NULL;
    }
    return &k->base;
}

static bool sqlite_conn_check(DbConn *conn, Ctx *c)
{
    SqliteConn *k = sqlite_conn(conn);
    if (k->brief != c->brief) {
        k->brief = c->brief;
        sqlite3_busy_timeout(k->h, k->brief ? 0 : DB_WAIT_MS);
        sqlite3_progress_handler(k->h, k->brief ? OPS_PER_BRIEF_LOOK : OPS_PER_LOOK,
                                 look_at_deadline, conn);
    }
    return !conn->broken;
}

static bool sqlite_conn_reopen(DbConn *conn, Ctx *c)
{
    SqliteConn *k = sqlite_conn(conn);
    disconnect(k);
    if (!connect_to(c, k))
        return false;
    /* Opening is lazy: only a look into the file shows whether it works again. */
    int rc = pragma(k->h, "SELECT count(*) FROM sqlite_schema");
    if (rc != SQLITE_OK)
        return sqlite_failed(c, k, rc, NULL);
    conn->broken = conn->aborted = false;
    return true;
}

/* --- checkpoints ----------------------------------------------------------------------------- */

static void checkpoint(sqlite3 *h, int pages)
{
    int log = 0, done = 0;
    sqlite3_wal_checkpoint_v2(h, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
    if (pages < WAL_PAGES_FORCE || log < WAL_PAGES_FORCE)
        return;
    /* TRUNCATE holds the write lock while it waits for readers: wait briefly, try again later. */
    sqlite3_busy_timeout(h, 200);
    sqlite3_wal_checkpoint_v2(h, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
}

static void *checkpoint_main(void *arg)
{
    Sqlite *s = arg;
    sqlite3 *h = NULL;
    pthread_setname_np(pthread_self(), "zhike-wal");
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        if (s->wal_pages < WAL_PAGES_PASSIVE) {
            pthread_cond_wait(&s->wake, &s->lock);
            continue;
        }
        int pages = s->wal_pages;
        s->wal_pages = 0;
        pthread_mutex_unlock(&s->lock);
        if (!h && open_handle(s, &h) != SQLITE_OK) {
            sqlite3_close(h);
            h = NULL; /* the next commit wakes us again */
        }
        if (h)
            checkpoint(h, pages);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    sqlite3_close(h);
    return NULL;
}

/* --- open and close -------------------------------------------------------------------------- */

static void configure(void)
{
    /* Before the library is initialised. Each connection has one user at a time, so its mutexes
       are waste; memory statistics cost 12 to 29 % with two readers. */
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
}

/* The file, 0600 from its first moment; -wal and -shm inherit the mode. */
static bool make_file(Ctx *c, const DbOptions *o, const char *path)
{
    if (o->create && mkdir(o->dir, 0700) && errno != EEXIST)
        return ctx_fail(c, ERR_INTERNAL, NULL, "err.db_dir", o->dir);
    int fd = open(path, (o->create ? O_CREAT : 0) | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == ENOENT)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.db_missing", path);
    if (fd < 0)
        return ctx_fail(c, ERR_INTERNAL, NULL, "err.db_open", path);
    close(fd);
    return true;
}

static bool sqlite_open(Ctx *c, const DbOptions *o, Db *db)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);

    Sqlite *s = calloc(1, sizeof(*s));
    if (!s)
        abort();
    db->engine = s;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    s->mmap_bytes = o->mmap_bytes > 0 ? o->mmap_bytes : (int64_t)2 << 30;
    s->wal_pages = WAL_PAGES_PASSIVE; /* one look at the log that a crash may have left */
    s->path = sqlite3_mprintf("%s/zhike.db", o->dir);
    if (!s->path)
        abort();
    if (!make_file(c, o, s->path))
        return false;
    s->writer = new_conn(db, true);
    if (!connect_to(c, s->writer))
        return false;
    /* Kept in the file; said each time because a tool may have changed it. */
    sqlite3 *h = s->writer->h;
    int rc = pragma(h, "PRAGMA journal_mode=WAL");
    if (rc == SQLITE_OK)
        rc = pragma(h, "PRAGMA journal_size_limit=67108864");
    if (rc == SQLITE_OK && o->create)
        rc = pragma(h, "PRAGMA application_id=1514882123"); /* "ZKDK": whose file this is */
    if (rc != SQLITE_OK)
        return sqlite_failed(c, s->writer, rc, NULL);
    if (pthread_create(&s->checkpointer, NULL, checkpoint_main, s))
        return ctx_fail_detail(c, ERR_INTERNAL, "no thread for checkpoints", "err.internal");
    s->running = true;
    s->writer->base.search_waits = true;
    return writer_start(c, db, &s->writer->base);
}

static void sqlite_close_db(Db *db)
{
    Sqlite *s = db->engine;
    if (!s)
        return;
    if (s->running) {
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->checkpointer, NULL);
    }
    if (s->writer)
        sqlite_conn_close(&s->writer->base); /* the last one to close folds the log in */
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->wake);
    sqlite3_free(s->path);
    free(s);
}

const Driver sqlite_driver = {
    .name = "sqlite",
    .ask = &sqlite_ask,
    .open = sqlite_open,
    .close = sqlite_close_db,
    .conn_open = sqlite_conn_open,
    .conn_close = sqlite_conn_close,
    .conn_check = sqlite_conn_check,
    .conn_reopen = sqlite_conn_reopen,
    .interrupt = sqlite_interrupt,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .control = sqlite_control,
    .in_transaction = sqlite_in_transaction,
    .write = writer_submit,
    .reads_at_once = true,
};
