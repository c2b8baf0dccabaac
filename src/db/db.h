/*
 * One interface over two engines: SQLite (embedded, WAL, synchronous=FULL, one writer thread with
 * group commit) and PostgreSQL (libpq, a small pool). Statements use $1 … $n; SQL text is the
 * common subset of docs/adr/0002-sql.md, so one text serves both.
 *
 * A piece of work (Ctx) reads over a connection that it borrows at its first statement and keeps
 * until its arena ends or db_release is called. It writes through db_write, and only there.
 * Nothing here knows an entity. A Ctx that has read lives as long as its arena, or calls db_release
 * before it goes.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "base/ctx.h"
#include "base/vec.h"

typedef struct Db Db;
typedef struct DbConn DbConn;
typedef struct DbRows DbRows;

typedef enum DbKind { DB_NULL, DB_INT, DB_REAL, DB_TEXT, DB_BLOB } DbKind;

/* A value on its way in. Text and blob are borrowed until the statement has run. */
typedef struct DbVal {
    DbKind kind;
    int64_t i;
    double d;
    const char *s;
    size_t n; /* bytes of text or blob */
} DbVal;

DbVal db_null(void);
DbVal db_of_int(int64_t i);
DbVal db_of_real(double d);
DbVal db_of_text(const char *s); /* NULL gives db_null */
DbVal db_of_blob(const void *p, size_t n);

/*
 * SQL text is a literal, SQL("…"), or made by db/sql.h. A run-time string does not compile.
 * Tests prepare every SQL("…") of the tree on both engines.
 */
typedef struct SqlText {
    const char *text;
} SqlText;
#define SQL(lit) ((SqlText){"" lit})

typedef struct DbOptions {
    const char *url; /* "postgresql://…" or NULL for SQLite */
    const char *dir; /* the data folder; SQLite lives in <dir>/zhike.db */
    bool create;     /* make the SQLite file where it is missing */
    int readers; /* connections at most: SQLite readers (default 32), PostgreSQL pool (default 8) */
    int64_t mmap_bytes;    /* SQLite; default 2 GiB */
    int64_t reserve_bytes; /* SQLite: room kept for a full disk (reserve.c); 0: none */
} DbOptions;

/* Opens and sets c->db. On failure false with a mistake that says what to do. db_close joins the
   writer; every Ctx has given its connection back before (its arena ended, or db_release). */
bool db_open(Ctx *c, const DbOptions *o, Db **out);
void db_close(Db *db);
/* The program ends: from now on nobody waits for the database beyond mono_ms (of the monotonic clock), nor begins to connect
   when that has passed; what waits then fails with ERR_BUSY or ERR_COMMIT_UNKNOWN. SQLite waits for nobody. Any thread. */
void db_end_by(Db *db, int64_t mono_ms);
bool db_is_pg(const Db *db);
/* Is the disk full, so that only what is vital (Ctx.vital) is written? Always false without a reserve. Any thread. */
bool db_disk_full(const Db *db);
/* Asked now and then while it is: is there room again? */
void db_disk_look(Db *db);

/*
 * What the address of a PostgreSQL makes the process reach for at any later moment, so that it can be locked up before:
 * TCP ports, and files of keys, certificates and passwords. Texts are the arena's. ERR_INVALID where it is no address.
 */
typedef struct DbReach {
    int ports[8], n_ports;
    const char *files[8];
    int n_files;
} DbReach;
bool db_url_reach(Ctx *c, const char *url, DbReach *out);

/*
 * How long write transactions of this process held others up, since it began: on SQLite every other write, on PostgreSQL
 * those of the same rows. By the clock, less the time in which the writer of SQLite had no core because the machine was
 * busy with others; so it says what the program does and the disk, and not who else runs there.
 */
enum { DB_HOLD_STEPS = 8 };
extern const int64_t db_hold_steps[DB_HOLD_STEPS]; /* µs, ascending */
typedef struct DbHold {
    int64_t n, sum_us;
    int64_t under[DB_HOLD_STEPS]; /* so many lasted no longer than the step */
    /* the longest: in all, on a core; its three parts, each the longest of its kind */
    int64_t longest_us, core_us, rows_us, search_us, commit_us;
} DbHold;

/* What the pool and the queue of the writer hold at this moment, for the operator. Any thread. */
typedef struct DbFigures {
    int open, idle, most, waiting; /* connections of the pool; who waits for one */
    int queued;                    /* writes that wait for the writer; 0 on PostgreSQL */
    DbHold hold[2];                /* of people, of jobs */
} DbFigures;
void db_figures(Db *db, DbFigures *out);

/* Statements. params may be NULL where n is 0. Failures are recorded in c. */
bool db_exec(Ctx *c, SqlText sql, const DbVal *params, int n);
/* Inside a write, of a statement whose outcome nobody looks at (an INSERT): as db_exec, but on PostgreSQL it is only
   sent, and a failure shows at a later statement of the write or at its end, which undoes it all the same. */
bool db_send(Ctx *c, SqlText sql, const DbVal *params, int n);
/* Inside a write: until its end no other write is past a call with the same name. For a rule over several rows (one
   holder must stay) that two writes, each at a row of its own, could break together. Call it before the reading; a
   write that needs several names takes them in one order. On SQLite writes go one by one, so nothing is to be done. */
bool db_alone(Ctx *c, const char *name);
/* As db_alone, but only sent (db_send): the next statement of the write whose outcome is looked at runs behind it, and sees what
   those it waited for have written. */
bool db_alone_ahead(Ctx *c, const char *name);
/* The same, but any number of writes go past it side by side: only db_alone with that name waits for them, they for it. */
bool db_beside(Ctx *c, const char *name);
/* Rows changed by the last db_exec over the connection of this context. */
int64_t db_changes(Ctx *c);
/* A cursor; NULL on failure. Ends by itself at its last row or with the arena, or by db_done. */
DbRows *db_query(Ctx *c, SqlText sql, const DbVal *params, int n);
/* The next row? false at the end or on failure (then c->n_err grew). */
bool db_step(DbRows *r);
void db_done(DbRows *r);

/* Columns of the row stepped to. Text is valid until the next step. NULL text for SQL NULL. */
bool db_is_null(DbRows *r, int col);
int64_t db_int(DbRows *r, int col);
double db_real(DbRows *r, int col);
const char *db_text(DbRows *r, int col);
/* A copy on the arena, "" for NULL. */
const char *db_text_copy(Arena *a, DbRows *r, int col);
size_t db_bytes(DbRows *r, int col); /* length of text or blob */
const void *db_blob(DbRows *r, int col);
/* The same in one call: NULL or a value of the kind wanted; text and blob are valid until the next step. out is
   filled in place: handed back as a struct, every cell of a page would wait for the stores before it. */
void db_value(DbRows *r, int col, DbKind want, DbVal *out);
int db_columns(DbRows *r);

/* The whole numbers in the first column of r, appended to out, or (db_ids_most) the first `most` of them put into ids.
   Closes r. false on failure, also where r is NULL: db_ids(c, sql_query(c, &q), &ids). */
typedef VEC(int64_t) DbIds;
bool db_ids(Ctx *c, DbRows *r, DbIds *out);
bool db_ids_most(Ctx *c, DbRows *r, int64_t *ids, int most, int *out_n);

/* One value of the first row. *found: there is a row and its value is not NULL; else *out is 0 or
   NULL. found may be NULL. The text is the arena's. false only on failure. */
bool db_one_int(Ctx *c, SqlText sql, const DbVal *params, int n, int64_t *out, bool *found);
bool db_one_text(Ctx *c, SqlText sql, const DbVal *params, int n, const char **out, bool *found);

/*
 * Runs fn inside a write transaction and returns after it is on disk. While fn runs, c->conn is the
 * writing connection. fn returning false (or a mistake recorded) undoes everything it did.
 *   SQLite: fn runs on the writer thread while the caller waits; each in its own SAVEPOINT, many in
 *   one commit. It is run again where another one of the batch made the engine drop the transaction.
 *   PostgreSQL: fn runs on the caller's thread in a transaction of its own and is run again (at most 5
 *   times, mistakes of the failed try forgotten) on 40001, 40P01 or 55P03; so fn must have no effect
 *   outside the database and must set up its memory afresh.
 * Inside fn, db_write again just runs the inner function in the same transaction.
 * After a failed statement the transaction can only be undone, on both engines (PostgreSQL is like
 * that): further statements fail. Put what may fail into db_try. A write outside db_write fails.
 * A COMMIT whose answer was lost, or that the disk may have kept though it said no, is ERR_COMMIT_UNKNOWN.
 * c->saved is true from the first that went well.
 */
bool db_write(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg);
/* The same for a note beside the work (a quota, an audit row of what is only read, when a session was seen): c->saved
   stays as it was. */
bool db_write_aside(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg);
bool db_in_write(const Ctx *c);

/*
 * Inside db_write on SQLite: a number that stays the same as long as what was read and written under it still holds,
 * also from one write of a batch to the next (nobody else can write meanwhile). Another number: a new
 * transaction, or something was undone. No two transactions of the process have the same. 0 on
 * PostgreSQL, where others write beside us, and outside db_write.
 */
uint64_t db_write_epoch(const Ctx *c);

/*
 * Reads that belong together, and are short: on SQLite what is read up to db_read_end is one state of the database, and
 * the statements share one read transaction instead of beginning one each. On PostgreSQL, inside db_write and inside
 * another pair nothing happens (false). A write in between, and giving back the connection, ends it.
 */
bool db_read_begin(Ctx *c);
void db_read_end(Ctx *c, bool begun);

/*
 * A step inside a write that may fail alone (a row of an import): SAVEPOINT, fn, RELEASE or
 * ROLLBACK TO. Its mistakes stay recorded; the transaction goes on.
 */
bool db_try(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg);

/*
 * From here to db_snapshot_end all reading of this Ctx sees the rows of one moment (writes go their own way and are not
 * seen). For a walk in pages that must fit together; the arena of the Ctx must not end before. A long snapshot keeps
 * old rows from being cleared away: seconds, not hours.
 */
bool db_snapshot(Ctx *c);
void db_snapshot_end(Ctx *c);

/* Gives the read connection back early, before waiting for something slow; ends its cursors. */
void db_release(Ctx *c);

/* Interrupts the statement that runs on conn (from another thread); used at disconnect. Writes go on.
   Statements also end by themselves at c->deadline_ms with ERR_BUSY "err.query_timeout". */
void db_interrupt(DbConn *conn);

/* The engine's own check of its file: *wrong is what it complains of first, NULL where all is well (PostgreSQL: always). */
bool db_integrity(Ctx *c, const char **wrong);

/*
 * Node lease: takes one of 16 rows of node_lease for this process (renewed by db_lease_renew at
 * least every 10 s, free again 30 s after the last renewal) and hands the number to base/id.
 * ERR_BUSY where all 16 are taken.
 */
bool db_lease_take(Ctx *c, int *out_node);
bool db_lease_renew(Ctx *c);
void db_lease_drop(Ctx *c);
/* false after db_lease_renew has found it with somebody else: db_lease_take again. */
bool db_lease_held(const Db *db);
/* Who this process is in node_lease: what else it leases carries the same name, so that others can tell … */
const char *db_holder(const Db *db);
/* … whether a holder still holds a number and, on this machine, still runs. */
bool db_holder_lives(Ctx *c, const char *holder, bool *out);

/* Cache followers: writes a row of change_log in the running transaction. topic: "model", "access",
   "setting" or an entity name; ref: a record id or 0. */
bool db_change(Ctx *c, const char *topic, int64_t ref);
/* Called behind every commit of this process, on the thread that committed, so it must be quick; topics: the sum of what
   `bit` says of the topics db_change was called with. Writes that were undone may leave theirs behind: a call more, never
   one less. Set while there is one thread; NULL for none. */
void db_on_commit(Db *db, unsigned (*bit)(const char *topic), void (*fn)(unsigned topics));
/* The newest change_log id, and a walk of the rows behind `after`. PostgreSQL transactions overlap,
   so there the walk looks back 5 s and remembers per fn what it told (a row may come once more after
   a start, never twice later, and ids may be below `after`: keep the largest). At most 8 fns. */
bool db_change_last(Ctx *c, int64_t *out);
bool db_changes_since(Ctx *c, int64_t after,
                      void (*fn)(void *arg, int64_t id, const char *topic, int64_t ref), void *arg);
/* Once, without remembering anything: the rows behind `after` (on PostgreSQL a little earlier ones, too), at most max.
   *out_whole false: there are more, or rows behind it have been removed already. */
bool db_changes_behind(Ctx *c, int64_t after, int max,
                       void (*fn)(void *arg, int64_t id, const char *topic, int64_t ref), void *arg,
                       bool *out_whole);
/* Removes rows of change_log older than before_ms (not the newest row), in short writes. */
bool db_change_prune(Ctx *c, int64_t before_ms);

/* Compiles without running; for test/sql. */
bool db_prepare_check(Ctx *c, SqlText sql);

#endif
