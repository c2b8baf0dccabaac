/*
 * The SQLite driver; the only file that knows sqlite3.h.
 *
 * WAL with synchronous=FULL on every connection: of a hundred simulated power cuts it lost nothing,
 * NORMAL lost acknowledged rows or corrupted in 55. Reading connections are query_only, so a write
 * outside db_write fails here as it does on PostgreSQL. Foreign keys stay off: links are checked by
 * the record engine, which can say which record is missing and hides those the caller may not see;
 * the same holds on PostgreSQL, and a merge or restore moves rows in any order.
 *
 * Checkpoints run in a thread with a connection of its own: the writer never pays for them.
 * Parameters are bound through the number in "$n", because SQLite numbers $n by first appearance.
 */
#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/driver.h"

enum {
    STATEMENTS = 128,
    OPS_PER_LOOK = 1000, /* virtual machine steps between looks at the deadline */
    OPS_PER_BRIEF_LOOK =
        250, /* the same for a Ctx that must not wait: pages may come from a slow disk */
    WAL_PAGES_PASSIVE = 4000, /* checkpoint beside readers and writer */
    WAL_PAGES_FORCE = 100000  /* a long reader let the log grow: wait for a gap and start it anew */
};

typedef struct SqliteConn {
    DbConn base; /* first: a DbConn* is a SqliteConn* */
    sqlite3 *h;
    StmtCache *stmts;
    bool writer;
    bool brief;  /* set up for a Ctx that must not wait */
    int last_rc; /* of the last failure, for report */
    char last_msg[256];
} SqliteConn;

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

static SqliteConn *of(DbConn *conn)
{
    return (SqliteConn *)conn;
}

/* --- failures -------------------------------------------------------------------------------- */

/* "table.column" or "table.a, table.b" of a UNIQUE failure → the column that names the mistake. */
static const char *unique_field(Ctx *c, SqliteConn *k, const char *list)
{
    const char *dot = strchr(list, '.');
    if (!dot)
        return NULL;
    const char *table = arena_dup(c->a, list, (size_t)(dot - list));
    if (!strchr(list, ','))
        return arena_str(c->a, dot + 1);
    /* Several columns: the index is named ux_<table>_<field>, and that is what PostgreSQL reports. */
    const char *field = NULL;
    sqlite3_stmt *st = NULL;
    const char *sql =
        "SELECT l.name FROM pragma_index_list(?1) AS l WHERE l.\"unique\" = 1 AND (SELECT "
        "group_concat(?1 || '.' || i.name, ', ') FROM pragma_index_info(l.name) AS i) = ?2";
    if (sqlite3_prepare_v2(k->h, sql, -1, &st, NULL) == SQLITE_OK) {
        sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 2, list, -1, SQLITE_STATIC);
        if (sqlite3_step(st) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(st, 0);
            size_t n = strlen(table);
            if (name && !strncmp(name, "ux_", 3) && !strncmp(name + 3, table, n) &&
                name[3 + n] == '_')
                field = arena_str(c->a, name + 4 + n);
        }
    }
    sqlite3_finalize(st);
    return field ? field : "id";
}

/* The text behind "… constraint failed: "; column: only what follows the last dot. */
static const char *failed_name(Ctx *c, const char *msg, bool column)
{
    const char *p = strstr(msg, "failed: ");
    if (!p)
        return NULL;
    p += 8;
    const char *dot = column ? strrchr(p, '.') : NULL;
    return arena_str(c->a, dot ? dot + 1 : p);
}

/* ck_<table>_<field> → field; a table's name may hold '_', so the part behind the last one. */
static const char *check_field(Ctx *c, const char *name)
{
    const char *last = name ? strrchr(name, '_') : NULL;
    return last ? arena_str(c->a, last + 1) : name;
}

static void record(Ctx *c, SqliteConn *k, int rc, const char *msg, const char *detail)
{
    if (c->brief) { /* whatever it was, the second try tells */
        ctx_ran_over(c, (rc & 0xff) == SQLITE_INTERRUPT);
        return;
    }
    switch (rc) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID: {
        const char *list = failed_name(c, msg, false);
        const char *field = list ? unique_field(c, k, list) : NULL;
        ctx_fail(c, ERR_DUPLICATE, field, "err.db_duplicate");
        return;
    }
    case SQLITE_CONSTRAINT_NOTNULL:
        ctx_fail(c, ERR_REQUIRED, failed_name(c, msg, true), "err.required");
        return;
    case SQLITE_CONSTRAINT_CHECK:
        ctx_fail(c, ERR_INVALID, check_field(c, failed_name(c, msg, false)), "err.db_check");
        return;
    case SQLITE_CONSTRAINT_FOREIGNKEY: ctx_fail(c, ERR_IN_USE, NULL, "err.db_linked"); return;
    default: break;
    }
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        c->retry_after_s = 2;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.db_busy");
        return;
    case SQLITE_INTERRUPT:
        c->retry_after_s = 2;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.query_timeout");
        return;
    case SQLITE_FULL: ctx_fail_detail(c, ERR_DISK_FULL, detail, "err.db_disk_full"); return;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_READONLY:
        if (rc == SQLITE_READONLY)
            break; /* a write over a reading connection: a mistake of ours */
        c->retry_after_s = 5;
        ctx_fail_detail(c, ERR_BUSY, detail, "err.db_io");
        return;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: ctx_fail_detail(c, ERR_INTERNAL, detail, "err.db_corrupt"); return;
    default: break;
    }
    ctx_fail_detail(c, ERR_INTERNAL, detail, "err.internal");
}

/* Notes the failure of rc on the connection and records it. Always false. */
static bool failed(Ctx *c, SqliteConn *k, int rc, const char *sql)
{
    int ext = k->h ? sqlite3_extended_errcode(k->h) : rc;
    if ((ext & 0xff) != (rc & 0xff))
        ext = rc;
    const char *msg = k->h ? sqlite3_errmsg(k->h) : sqlite3_errstr(rc);
    k->last_rc = ext;
    sqlite3_snprintf((int)sizeof(k->last_msg), k->last_msg, "%s", msg);
    if (strncmp(k->last_msg, "fts5:", 5) == 0) /* quotes what was searched, which no log may hold */
        k->last_msg[strcspn(k->last_msg, "\"")] = 0;
    if (k->base.in_write)
        k->base.aborted = true;
    switch (rc & 0xff) {
    case SQLITE_FULL: reserve_spend(k->base.db->reserve); break;
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL: k->base.broken = true; break;
    default: break;
    }
    if (c) {
        char said[sizeof(k->last_msg)];
        memcpy(said, k->last_msg, sizeof(said)); /* record asks the schema: errmsg changes */
        record(c, k, ext, said,
               sql ? arena_printf(c->a, "sqlite %d: %s in: %.300s", ext, said, sql)
                   : arena_printf(c->a, "sqlite %d: %s", ext, said));
    }
    return false;
}

static void sqlite_report(Ctx *c, DbConn *conn)
{
    SqliteConn *k = of(conn);
    record(c, k, k->last_rc, k->last_msg, k->last_msg);
}

/* --- statements ------------------------------------------------------------------------------ */

static void drop_stmt(StmtEntry *e, void *arg)
{
    (void)arg;
    sqlite3_finalize(e->handle);
}

/*
 * Which $n stands where. Almost every text names them in order, 1, 2, 3 …, and then the last name alone proves it:
 * looking a name up walks a list, so asking for each of thousands would cost more than the statement.
 */
static void learn_map(sqlite3_stmt *st, StmtEntry *e, const char *text)
{
    int next = 1;
    bool in_order = true;
    for (const char *p = text; *p && in_order; p++) {
        if (*p != '$')
            continue;
        int n = (int)strtol(p + 1, NULL, 10);
        in_order = n >= 1 && n <= next;
        next += n == next;
    }
    if (in_order && next - 1 == e->n_map) {
        for (int i = 0; i < e->n_map; i++)
            e->map[i] = i;
        return;
    }
    for (int i = 0; i < e->n_map; i++) {
        const char *name = sqlite3_bind_parameter_name(st, i + 1);
        e->map[i] = name && name[0] == '$' ? (int)strtol(name + 1, NULL, 10) - 1 : -1;
    }
}

/* Compiles text into e and learns which parameter stands where. */
static int compile(SqliteConn *k, StmtEntry *e, const char *text)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(k->h, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (rc != SQLITE_OK)
        return rc;
    e->handle = st;
    e->n_map = sqlite3_bind_parameter_count(st);
    if (e->n_map) {
        e->map = malloc((size_t)e->n_map * sizeof(int));
        if (!e->map)
            abort();
        learn_map(st, e, text);
    }
    return SQLITE_OK;
}

/* The statement of text, prepared and free. A text in use gets a second, uncached one. */
static StmtEntry *take_stmt(Ctx *c, SqliteConn *k, const char *text)
{
    StmtEntry *e = cache_find(k->stmts, text, NULL);
    if (e && !e->in_use) {
        e->in_use = true;
        return e;
    }
    bool second = e != NULL;
    if (second) {
        e = calloc(1, sizeof(*e));
        if (!e)
            abort();
    } else {
        e = cache_add(k->stmts, text);
    }
    int rc = compile(k, e, text);
    if (rc != SQLITE_OK) {
        failed(c, k, rc, text);
        if (second)
            free(e);
        else
            cache_remove(k->stmts, e);
        return NULL;
    }
    e->in_use = true;
    return e;
}

static void give_stmt(StmtEntry *e)
{
    if (!e->cached) {
        sqlite3_finalize(e->handle);
        free(e->map);
        free(e);
        return;
    }
    sqlite3_reset(e->handle);
    sqlite3_clear_bindings(e->handle);
    e->in_use = false;
}

static int bind_all(StmtEntry *e, const DbVal *params, int n)
{
    sqlite3_stmt *st = e->handle;
    for (int i = 0; i < e->n_map; i++) {
        int at = e->map[i];
        if (at < 0 || at >= n)
            return SQLITE_RANGE;
        const DbVal *v = &params[at];
        int rc = SQLITE_OK;
        switch (v->kind) {
        case DB_NULL: rc = sqlite3_bind_null(st, i + 1); break;
        case DB_INT: rc = sqlite3_bind_int64(st, i + 1, v->i); break;
        case DB_REAL: rc = sqlite3_bind_double(st, i + 1, v->d); break;
        case DB_TEXT:
            rc = sqlite3_bind_text64(st, i + 1, v->s, v->n, SQLITE_STATIC, SQLITE_UTF8);
            break;
        case DB_BLOB: rc = sqlite3_bind_blob64(st, i + 1, v->s, v->n, SQLITE_STATIC); break;
        }
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

static StmtEntry *start(Ctx *c, SqliteConn *k, const char *text, const DbVal *params, int n)
{
    StmtEntry *e = take_stmt(c, k, text);
    if (!e)
        return NULL;
    int rc = bind_all(e, params, n);
    if (rc == SQLITE_RANGE) {
        ctx_fail_detail(c, ERR_INTERNAL, arena_printf(c->a, "a $n without a value in: %s", text),
                        "err.internal");
        k->base.aborted = k->base.in_write;
    } else if (rc != SQLITE_OK) {
        failed(c, k, rc, text);
    }
    if (rc != SQLITE_OK) {
        give_stmt(e);
        return NULL;
    }
    return e;
}

static bool sqlite_exec(Ctx *c, DbConn *conn, const char *text, const DbVal *params, int n)
{
    SqliteConn *k = of(conn);
    StmtEntry *e = start(c, k, text, params, n);
    if (!e)
        return false;
    int rc;
    int64_t before = sqlite3_total_changes64(k->h);
    do
        rc = sqlite3_step(e->handle);
    while (rc == SQLITE_ROW);
    if (rc == SQLITE_DONE) /* DDL and SELECT leave sqlite3_changes as it was */
        conn->changes = sqlite3_total_changes64(k->h) == before ? 0 : sqlite3_changes64(k->h);
    else
        failed(c, k, rc, text);
    give_stmt(e);
    return rc == SQLITE_DONE;
}

static bool sqlite_query(Ctx *c, DbRows *r, const char *text, const DbVal *params, int n)
{
    SqliteConn *k = of(r->conn);
    StmtEntry *e = start(c, k, text, params, n);
    if (!e)
        return false;
    /* The first row is fetched now: INSERT … RETURNING must happen, and fail, in db_query as it
       does on PostgreSQL. */
    int rc = sqlite3_step(e->handle);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        failed(c, k, rc, text);
        give_stmt(e);
        return false;
    }
    r->stmt = e;
    r->n_columns = sqlite3_column_count(e->handle);
    r->has_first = true;
    r->n_rows = rc == SQLITE_ROW;
    if (rc == SQLITE_DONE) /* nothing to read: let the read transaction end */
        sqlite3_reset(e->handle);
    return true;
}

static bool sqlite_step(DbRows *r)
{
    StmtEntry *e = r->stmt;
    if (r->has_first) {
        r->has_first = false;
        return r->n_rows > 0;
    }
    if (r->n_rows == 0)
        return false;
    atomic_store_explicit(&r->conn->deadline_ms, r->c->deadline_ms, memory_order_relaxed);
    int rc = sqlite3_step(e->handle);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        failed(r->c, of(r->conn), rc, sqlite3_sql(e->handle));
    return false;
}

static void sqlite_finish(DbRows *r)
{
    give_stmt(r->stmt);
    r->stmt = NULL;
}

static bool sqlite_prepare(Ctx *c, DbConn *conn, const char *text)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(of(conn)->h, text, -1, &st, NULL);
    sqlite3_finalize(st);
    return rc == SQLITE_OK || failed(c, of(conn), rc, text);
}

static sqlite3_stmt *stmt_of(DbRows *r)
{
    return ((StmtEntry *)r->stmt)->handle;
}

static bool sqlite_is_null(DbRows *r, int col)
{
    return sqlite3_column_type(stmt_of(r), col) == SQLITE_NULL;
}

static int64_t sqlite_int(DbRows *r, int col)
{
    return sqlite3_column_int64(stmt_of(r), col);
}

static double sqlite_real(DbRows *r, int col)
{
    return sqlite3_column_double(stmt_of(r), col);
}

static const char *sqlite_text(DbRows *r, int col)
{
    return (const char *)sqlite3_column_text(stmt_of(r), col);
}

static size_t sqlite_bytes(DbRows *r, int col)
{
    return (size_t)sqlite3_column_bytes(stmt_of(r), col);
}

static const void *sqlite_blob(DbRows *r, int col)
{
    return sqlite3_column_blob(stmt_of(r), col);
}

static void sqlite_value(DbRows *r, int col, DbKind want, DbVal *out)
{
    /* The column is looked up once. A value of a column is "unprotected", which means nothing where the library
       runs without mutexes of connections (configure). */
    sqlite3_value *v = sqlite3_column_value(stmt_of(r), col);
    out->kind = sqlite3_value_type(v) == SQLITE_NULL ? DB_NULL : want;
    switch (out->kind) {
    case DB_NULL: break;
    case DB_INT: out->i = sqlite3_value_int64(v); break;
    case DB_REAL: out->d = sqlite3_value_double(v); break;
    case DB_TEXT:
    case DB_BLOB:
        out->s = want == DB_TEXT ? (const char *)sqlite3_value_text(v) : sqlite3_value_blob(v);
        out->n = (size_t)sqlite3_value_bytes(v);
        break;
    }
}

/* --- transactions ---------------------------------------------------------------------------- */

/* One of our own few words, through the cache. */
static int word(SqliteConn *k, const char *text)
{
    StmtEntry *e = cache_find(k->stmts, text, NULL);
    if (!e) {
        e = cache_add(k->stmts, text);
        int rc = compile(k, e, text);
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
    int rc = word(of(conn), text);
    return rc == SQLITE_OK || failed(c, of(conn), rc, text);
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
    SqliteConn *k = of(conn);
    int rc = word(k, "COMMIT");
    if (rc == SQLITE_OK)
        return COMMIT_OK;
    failed(NULL, k, rc, NULL);
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
    if (!sqlite3_get_autocommit(of(conn)->h))
        word(of(conn), "ROLLBACK");
}

static bool sqlite_in_transaction(DbConn *conn)
{
    return !sqlite3_get_autocommit(of(conn)->h);
}

static void sqlite_interrupt(DbConn *conn)
{
    /* The writer serves many callers at once; none of them may stop the others' work. */
    if (!of(conn)->writer && of(conn)->h)
        sqlite3_interrupt(of(conn)->h);
}

/* --- connections ----------------------------------------------------------------------------- */

static int look_at_deadline(void *arg)
{
    DbConn *conn = arg;
    if (conn->ctx && conn->ctx->brief)
        return ctx_brief_over(conn->ctx);
    int64_t deadline = conn->deadline_ms;
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
        failed(c, k, rc, NULL);
        sqlite3_close(k->h);
        k->h = NULL;
        return false;
    }
    if (k->writer)
        sqlite3_wal_hook(k->h, note_wal, s);
    sqlite3_progress_handler(k->h, OPS_PER_LOOK, look_at_deadline, &k->base);
    k->brief = false;
    k->stmts = cache_new(STATEMENTS, drop_stmt, NULL);
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
    disconnect(of(conn));
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
    SqliteConn *k = of(conn);
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
    SqliteConn *k = of(conn);
    disconnect(k);
    if (!connect_to(c, k))
        return false;
    /* Opening is lazy: only a look into the file shows whether it works again. */
    int rc = pragma(k->h, "SELECT count(*) FROM sqlite_schema");
    if (rc != SQLITE_OK)
        return failed(c, k, rc, NULL);
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
        return failed(c, s->writer, rc, NULL);
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
    .open = sqlite_open,
    .close = sqlite_close_db,
    .conn_open = sqlite_conn_open,
    .conn_close = sqlite_conn_close,
    .conn_check = sqlite_conn_check,
    .conn_reopen = sqlite_conn_reopen,
    .interrupt = sqlite_interrupt,
    .exec = sqlite_exec,
    .query = sqlite_query,
    .step = sqlite_step,
    .finish = sqlite_finish,
    .prepare = sqlite_prepare,
    .is_null = sqlite_is_null,
    .get_int = sqlite_int,
    .get_real = sqlite_real,
    .get_text = sqlite_text,
    .get_bytes = sqlite_bytes,
    .get_blob = sqlite_blob,
    .get_value = sqlite_value,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .control = sqlite_control,
    .in_transaction = sqlite_in_transaction,
    .report = sqlite_report,
    .write = writer_submit,
    .reads_at_once = true,
};
