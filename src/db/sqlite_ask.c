/*
 * Statements on SQLite and what comes back: failures noted and told, compiled statements kept, values bound, columns
 * read. Parameters are bound through the number in "$n", because SQLite numbers $n by first appearance.
 */
#include "db/sqlite.h"

#include <stdlib.h>
#include <string.h>

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
bool sqlite_failed(Ctx *c, SqliteConn *k, int rc, const char *sql)
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
    SqliteConn *k = sqlite_conn(conn);
    record(c, k, k->last_rc, k->last_msg, k->last_msg);
}

/* --- statements ------------------------------------------------------------------------------ */

void sqlite_drop_stmt(StmtEntry *e, void *arg)
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
int sqlite_compile(SqliteConn *k, StmtEntry *e, const char *text)
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
    int rc = sqlite_compile(k, e, text);
    if (rc != SQLITE_OK) {
        sqlite_failed(c, k, rc, text);
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
        sqlite_failed(c, k, rc, text);
    }
    if (rc != SQLITE_OK) {
        give_stmt(e);
        return NULL;
    }
    return e;
}

static bool sqlite_exec(Ctx *c, DbConn *conn, const char *text, const DbVal *params, int n)
{
    SqliteConn *k = sqlite_conn(conn);
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
        sqlite_failed(c, k, rc, text);
    give_stmt(e);
    return rc == SQLITE_DONE;
}

static bool sqlite_query(Ctx *c, DbRows *r, const char *text, const DbVal *params, int n)
{
    SqliteConn *k = sqlite_conn(r->conn);
    StmtEntry *e = start(c, k, text, params, n);
    if (!e)
        return false;
    /* The first row is fetched now: INSERT … RETURNING must happen, and fail, in db_query as it
       does on PostgreSQL. */
    int rc = sqlite3_step(e->handle);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        sqlite_failed(c, k, rc, text);
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
        sqlite_failed(r->c, sqlite_conn(r->conn), rc, sqlite3_sql(e->handle));
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
    int rc = sqlite3_prepare_v2(sqlite_conn(conn)->h, text, -1, &st, NULL);
    sqlite3_finalize(st);
    return rc == SQLITE_OK || sqlite_failed(c, sqlite_conn(conn), rc, text);
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

const DriverAsk sqlite_ask = {
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
    .report = sqlite_report,
};
