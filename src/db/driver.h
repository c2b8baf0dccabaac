/*
 * Internal to src/db: what an engine must offer (Driver), what differs in its SQL (Dialect), and
 * the structs both share. Nobody outside this folder includes it.
 *
 * A Db has a pool of connections for reading (and, on PostgreSQL, for writing). SQLite adds one
 * writing connection that belongs to the writer thread. A DbConn is used by one Ctx at a time; a
 * driver puts its own fields behind the DbConn.
 */
#ifndef DB_DRIVER_H
#define DB_DRIVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "db/db.h"
#include "db/migrate.h"
#include "db/sql.h"

typedef struct Driver Driver;
enum { DB_CHANGES = 16 }; /* rows of change_log in one statement */
typedef struct Dialect Dialect;
typedef struct Writer Writer;

/* Literal SQL for one engine only; test/sql prepares those of dialect_*.c on their own engine. */
#define ENGINE_SQL(lit) ((SqlText){"" lit})

enum {
    DB_WAIT_MS = 10000,   /* for a free connection, and for another process's write lock */
    DB_MAX_PARAMS = 30000 /* both engines take 32,766 and more; SQLite's limit is the lower */
};

/* A row of change_log that waits for the end of its transaction. */
typedef struct PendingChange {
    char topic[64];
    int64_t ref;
} PendingChange;

/* A search document that waits for the end of its batch (db/search.c). */
typedef struct PendingSearch {
    char *table, *tokens; /* malloc; tokens NULL: taken away */
    int64_t id;
    bool is_new;
} PendingSearch;

/* How long a write transaction keeps others waiting: by the clock, less the time in which this thread had no core. */
typedef struct Hold {
    int waits; /* of clock_waits_open; 0 is taken for none */
    int64_t began, waited, core, rows,
        search; /* µs: at BEGIN; at the end of the rows and of the search documents */
} Hold;

struct DbConn {
    Db *db;
    DbConn *next;                    /* in the idle list */
    Ctx *ctx;                        /* who uses it now; NULL when idle */
    DbRows *rows;                    /* open cursors, newest first */
    _Atomic int64_t deadline_ms;     /* of the running statement, monotonic; 0 = none */
    bool reads_long;                 /* turn.c; on SQLite */
    int turn;                        /* the one it had last, until turn_end */
    int64_t computed_from, turn_end; /* µs; 0: not yet */
    int64_t changes;
    bool in_write;  /* inside db_write */
    bool aborted;   /* a statement failed in this transaction: only rollback helps (both engines) */
    bool retry;     /* the failure goes away by running the transaction again */
    bool broken;    /* the connection is of no more use: reopen or drop it */
    uint64_t epoch; /* see db_write_epoch; 0 on PostgreSQL */
    bool reading;   /* between db_read_begin and its end */
    bool parked;    /* its Ctx went on without it; goes back when its last cursor ends */
    int try_depth;
    Hold hold;              /* of the transaction that runs */
    PendingChange *pending; /* malloc */
    int n_pending, cap_pending;
    unsigned topics;       /* of db_change since the last commit, for db_on_commit */
    bool search_waits;     /* the writer of SQLite: documents are written once per batch */
    PendingSearch *search; /* malloc */
    int n_search, cap_search;
};

struct DbRows {
    Ctx *c;
    DbConn *conn; /* NULL once finished */
    DbRows *next, **prev;
    int depth;      /* conn->try_depth when opened */
    bool has_first; /* SQLite: the first row was fetched by db_query */
    bool cut_short; /* ended by somebody else than its reader */
    bool ended;
    int n_columns;
    int row, n_rows; /* PostgreSQL */
    void *stmt;      /* driver's */
    Arena *a;
};

typedef enum CommitResult {
    COMMIT_OK,
    COMMIT_FAILED,  /* nothing of it is in the database */
    COMMIT_UNKNOWN, /* the answer was lost, or the log may hold it after all */
} CommitResult;

/* Statements and their answers: what an engine's *_ask.c has. */
typedef struct DriverAsk {
    /* Parameters were checked by db.c. Failures are recorded in c and mark conn aborted, retry, broken. */
    bool (*exec)(Ctx *c, DbConn *conn, const char *text, const DbVal *params, int n);
    /* As exec, but the answer is read later, by settle at the latest; NULL: exec does. */
    bool (*send)(Ctx *c, DbConn *conn, const char *text, const DbVal *params, int n);
    bool (*settle)(Ctx *c, DbConn *conn);
    bool (*query)(Ctx *c, DbRows *r, const char *text, const DbVal *params, int n);
    bool (*step)(DbRows *r);
    void (*finish)(DbRows *r);
    bool (*prepare)(Ctx *c, DbConn *conn, const char *text);

    bool (*is_null)(DbRows *r, int col);
    int64_t (*get_int)(DbRows *r, int col);
    double (*get_real)(DbRows *r, int col);
    const char *(*get_text)(DbRows *r, int col);
    size_t (*get_bytes)(DbRows *r, int col);
    const void *(*get_blob)(DbRows *r, int col);
    void (*get_value)(DbRows *r, int col, DbKind want, DbVal *out); /* NULL: made of the others */
    /* Records the connection's last error in c (again): one failed commit, many callers. */
    void (*report)(Ctx *c, DbConn *conn);
} DriverAsk;

struct Driver {
    const char *name;
    const DriverAsk *ask;
    /* Opens the database: fills db->engine. Mistakes go into c. */
    bool (*open)(Ctx *c, const DbOptions *o, Db *db);
    void (*close)(Db *db);

    DbConn *(*conn_open)(Ctx *c, Db *db);
    void (*conn_close)(DbConn *conn);
    /* Called when a pooled connection is handed to c; false: it is dead, take another. */
    bool (*conn_check)(DbConn *conn, Ctx *c);
    bool (*conn_reopen)(DbConn *conn, Ctx *c);
    void (*interrupt)(DbConn *conn);

    /* Transaction words, not counted as statements. control: SAVEPOINT and the like. */
    bool (*begin)(Ctx *c, DbConn *conn);
    CommitResult (*commit)(DbConn *conn);
    void (*rollback)(DbConn *conn);
    bool (*control)(Ctx *c, DbConn *conn, const char *word);
    bool (*in_transaction)(DbConn *conn);

    bool (*write)(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg);
    bool reads_at_once; /* db_read_begin begins something */
};

struct Dialect {
    const char *type[5]; /* by ColType */
    const char *table_tail;
    const char *asc, *desc; /* in an index */
    SqlText all_columns;    /* rows (table, column) of the present schema */
    SqlText all_indexes;    /* rows (index, NULL) and (virtual table, the statement that made it) */
    SqlText
        integrity; /* rows of text, the first "ok" where all is well; text NULL: the engine checks itself */
    SqlText
        made_by; /* $1 a table: the statement that made it; text NULL: its options never change */
    const char *snapshot;  /* begins a transaction that reads one moment */
    SqlText change_insert; /* $1 id $2 topic $3 ref $4 at */
    /* The same, DB_CHANGES rows of four values each; text NULL: it is of no use. */
    SqlText change_insert_many;
    int64_t change_lookback_ms;
    SqlText alone;  /* $1 a name: waits for the writes past it; text NULL: writes go one by one */
    SqlText beside; /* the same, which waits for those past alone only */
    void (*search_ddl)(Ctx *c, Sql *first, Sql *second,
                       const char *table); /* second may stay empty */
    /* NULL: nothing; else the statements, how many, that give a table the index and its documents what that needs, and let
       the planner know their words, where all_indexes has no row "table.words" */
    int (*search_form)(Ctx *c, Sql *steps, const char *table);
    bool (*search_put)(Ctx *c, const char *table, int64_t id, const char *tokens, bool is_new);
    bool (*search_remove)(Ctx *c, const char *table, int64_t id);
    SqlText search_words; /* in front of the table: rows (id, words), one blank between them */
    bool (*grew)(Ctx *c, const char *table); /* NULL: nothing to do */
    void (*search_match)(Ctx *c, Sql *q, const char *table, const char *const *words, int n,
                         const SearchSpan *span);
    bool (*search_merges)(const char *word);
    /* search_tend.c: is there anything to do; does some of it, and tells whether there is more. pages < 0: the first
       step of making one segment of all */
    bool (*search_due)(Ctx *c, const char *table, bool *out);
    bool (*search_tend)(Ctx *c, const char *table, int pages, bool *out_more);
    /* behind " FROM table AS sr WHERE ": the document of this very row carries all words */
    void (*search_has)(Ctx *c, Sql *q, const char *alias, const char *const *words, int n);
    /* NULL: as EXISTS with search_has; else see sql_search_reads. own NULL: no others */
    void (*search_reads)(Ctx *c, Sql *q, const char *table, const char *alias,
                         const char *const *words, const char *const *own, int n);
    void (*among)(Ctx *c, Sql *q, const int64_t *ids, int n);
    SqlText rarely_set[2]; /* around the column of sql_rarely_set */
};

enum { SEARCH_STEPS = 5 }; /* of search_form, at most */

extern const Driver sqlite_driver, pg_driver;
extern const Dialect sqlite_dialect, pg_dialect;

/* What a follower of change_log has seen of the last seconds. */
typedef struct Follower {
    void (*fn)(void *, int64_t, const char *, int64_t);
    int64_t *ids; /* malloc, ascending */
    int n, cap;
} Follower;

typedef struct DepthCache DepthCache;
typedef struct BornCache BornCache;
typedef struct Reserve Reserve;

struct Db {
    const Driver *drv;
    const Dialect *dialect;
    void *engine; /* driver's */
    Writer *writer;
    int max_conns;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    DbConn *idle;
    int n_conns, n_waiting;
    _Atomic int64_t end_ms; /* see db_end_by; 0: not yet */
    pthread_mutex_t follow_lock;
    Follower followers[8];
    unsigned (*topic_bit)(const char *topic); /* see db_on_commit */
    void (*on_commit)(unsigned topics);       /* or NULL */
    DepthCache *depths;                       /* or NULL */
    BornCache *born;
    Reserve *reserve; /* or NULL */
    char holder[33];  /* who this process is in node_lease and schema_lock */
    char host[160];   /* boot id and process namespace: "the same machine" */
    int node;         /* -1: no lease */
};

/* reserve.c; NULL where none is wanted */
Reserve *reserve_new(const DbOptions *o);
void reserve_free(Reserve *r);
void reserve_spend(Reserve *r); /* the disk is full */
bool reserve_keeps_out(const Ctx *c, const Reserve *r);

/* lease.c: whether the holder of a lease ran on this machine (host: as Db.host) and is gone. */
bool db_holder_gone(const Db *db, const char *holder, const char *host, int64_t pid);

/* born.c: when records were made. */
BornCache *born_cache_new(void);
void born_cache_free(BornCache *cache);

/* search_depth.c: how far back so many documents of a search table reach. */
DepthCache *depth_cache_new(void);
void depth_cache_free(DepthCache *cache);
bool depth_of_table(Ctx *c, const char *table, SearchDepth *out);

/* search_age.c: the second column of the search index, as an expression of id. */
SqlText age_keys(void);
/* An id at or below `id`, by less than `room` or half a second, where a large span begins. */
int64_t age_even(int64_t id, int64_t room);
/* "{…}": the keys of the spans that hold all ids from `from` (made by age_even, of at least 0) on, below `before` or, where
   that is 0, as far as ids come while the newest is about `now`; and perhaps some from `before` on. */
const char *age_spans(Arena *a, int64_t from, int64_t before, int64_t now);

/* pool.c */
DbConn *pool_take(Ctx *c, Db *db);
void pool_give(DbConn *conn);
void pool_close(Db *db);
void pool_figures(Db *db, DbFigures *out);
/* The connection of c, borrowed now if need be. NULL with a mistake. */
DbConn *db_conn(Ctx *c);
/* Detaches the read connection of c: given back, or parked while it has cursors. */
void db_detach(Ctx *c);
void db_rows_link(DbRows *r, DbConn *conn);
/* Ends all cursors of conn opened at depth or deeper. */
void db_rows_end(DbConn *conn, int depth);

/* db.c: ends what db_read_begin began on conn. */
void db_read_close(DbConn *conn);

/* writer.c */
bool writer_start(Ctx *c, Db *db, DbConn *conn);
int writer_waiting(Db *db); /* jobs in the queue */
void writer_stop(Db *db);   /* finishes what waits, joins; closes nothing */
bool writer_submit(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg); /* SQLite */
bool writer_direct(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg); /* PostgreSQL */

/* turn.c: the thread reads on conn for some time already, and goes on when it may; its work is over. */
void turn_look(DbConn *conn, int64_t deadline_ms);
void turn_over(DbConn *conn);

/* pace.c: BEGIN, the end of the rows and of the documents, COMMIT. hold_us: since BEGIN. */
void hold_begin(Hold *h);
int64_t hold_us(const Hold *h);
int64_t hold_words_us(const Hold *h); /* with search documents, behind the rows */
/* Counts it for the operator, by whose work it was; returns µs. */
int64_t hold_end(Hold *h, bool patient);
void hold_figures(DbHold out[2]);

/* db.c: room for one more behind n items of a malloc'd array of *cap; `first` of them at the beginning. */
void *db_grow(void *items, int n, int *cap, int first, size_t size);

/* change.c */
void change_forget(DbConn *conn, int keep);
bool change_flush(Ctx *c, DbConn *conn);
void change_committed(DbConn *conn); /* tells whom db_on_commit named */

/* migrate.c: a line of the ledger, inside a write. */
bool migrate_note(Ctx *c, const char *program, const char *what);
/* migrate_lock.c: one process migrates at a time. Waits up to a minute; ERR_BUSY where another goes on with it. */
bool migrate_lock(Ctx *c);
bool migrate_lock_on(Ctx *c); /* the lease from now; false: somebody else has it */
void migrate_unlock(Ctx *c);
/* migrate_search.c: was the search table made, by this statement, with other options than ours? Makes it anew, block by
   block under the lock. */
bool migrate_search_stale(Ctx *c, const char *table, const char *made_by);
bool migrate_search_rebuild(Ctx *c, const char *table, const char *program);

/* sql.c: "[1,2]". */
char *sql_ids_text(Arena *a, const char *before, const int64_t *ids, int n, const char *behind);

/* search.c */
bool search_note(DbConn *conn, const char *table, int64_t id, const char *tokens, bool is_new);
void search_forget(DbConn *conn, int keep);
bool search_flush(Ctx *c, DbConn *conn);

/* cache.c: prepared statements by text, least recently used out first. */
typedef struct StmtCache StmtCache;
typedef struct StmtEntry {
    struct StmtEntry *hash_next, *newer, *older;
    uint64_t hash;
    char *text;      /* malloc */
    void *handle;    /* sqlite3_stmt, or NULL */
    uint64_t serial; /* PostgreSQL: the statement's name */
    int *map; /* malloc: SQLite, parameter index - 1 → number in "$n" - 1; PostgreSQL, type oids */
    int n_map;
    bool in_use, cached;
} StmtEntry;
StmtCache *cache_new(int max, void (*drop)(StmtEntry *e, void *arg), void *arg);
void cache_free(StmtCache *k);
/* Entries of this text, most lately used first; prev NULL for the first. NULL where there is no more. */
StmtEntry *cache_find(StmtCache *k, const char *text, StmtEntry *prev);
/* A new entry for text; the oldest unused one may be dropped for it. */
StmtEntry *cache_add(StmtCache *k, const char *text);
void cache_remove(StmtCache *k, StmtEntry *e);

#endif
