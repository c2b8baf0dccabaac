/*
 * The context of one piece of work: a request, a job step, a command. It carries the arena, the
 * clock reading, the language, the mistakes found so far, and (opaque here, owned by higher
 * floors) who asks, which model holds and which database connection is in use.
 *
 * Errors: a function that can fail returns bool and records why with ctx_fail, which always
 * returns false. All mistakes of a form are recorded, so one call may fail several times. The
 * gate asserts ok == (c->n_err == 0).
 */
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/arena.h"
#include "err_codes.h" /* generated from data/errors.txt: ErrCode, err_name, err_status */

typedef struct ErrItem ErrItem;
struct ErrItem {
    ErrCode code;
    const char *field;   /* what the person must change, or NULL */
    const char *message; /* one line in the language of the context */
    const char *detail;  /* for the log only; never leaves the server. May be NULL */
    ErrItem *next;
};

typedef struct Ctx {
    Arena *a;
    int64_t now_ms;    /* the instant of this work, ms UTC; one reading for all of it */
    const char *lang;  /* "zh" or "en" */
    const char *zone;  /* IANA name of the caller's time zone */
    char trace_id[33]; /* lower-case hex, also in the log and in problem answers */
    ErrItem *err, *err_last;
    int n_err;
    bool
        faulted; /* a fault of the machine was forgotten (ctx_errors_back_to): what followed from it need not be true */
    bool
        saved; /* something this work is about was committed (db_write): "nothing was saved" would be a lie */
    int retry_after_s; /* set with ERR_LIMIT and ERR_BUSY; 0 = not said */
    bool
        patient; /* the work of a job: its writes let those of people go first, every second time */
    bool vital;  /* its writes may use the room kept for a full disk (db_disk_full) */
    int n_sql;   /* statements run, for tests and the log */
    int64_t deadline_ms; /* monotonic ms after which statements are interrupted; 0 = none */
    /* brief: on a thread that must not wait. What would block or write fails instead and sets ran_over; what goes
       past its time (ctx_brief_over) sets ran_long, too. Whoever set brief then throws the work away and does it
       again where waiting is allowed. */
    bool brief, ran_over, ran_long;
    int64_t brief_cpu_us;    /* of the thread's processor time: where the time of brief work ends */
    struct Db *db;           /* db/db.h */
    struct DbConn *conn;     /* db/db.h: the connection in use, NULL until the first statement */
    struct DbConn *snapshot; /* db/db.h: what db_snapshot reads over, or NULL */
    const struct Model *model; /* meta/model.h: the model that holds for this work */
    const struct Actor *actor; /* auth/actor.h: who asks */
    struct Pace *pace;         /* db/pace.h: the long work whose write this is, or NULL */
    int64_t held_us,
        words_us; /* how long its last write held others up; with search documents of that */
    struct RuleChain *rules; /* record/rule: what the change at work set off, or NULL */
} Ctx;

/* A context on a. now_ms is read from the clock; lang "zh", zone "Asia/Shanghai". */
void ctx_init(Ctx *c, Arena *a);

/*
 * Records a mistake and returns false. field may be NULL. Then a key of the message catalogue
 * (messages/zh.json, en.json) and the texts for its places {1}, {2} …:
 *     return ctx_fail(c, ERR_TOO_LONG, "name", "err.too_long", "120", "134");
 */
#define ctx_fail(c, code, field, ...)                                                              \
    ctx_failed(ctx_fail_args((c), (code), (field), (const char *const[]){__VA_ARGS__, NULL}))
/* Always false, and the analyzers see that it is: they do not look into other files. */
static inline bool ctx_failed(bool ok)
{
    (void)ok;
    return false;
}
bool ctx_fail_args(Ctx *c, ErrCode code, const char *field, const char *const *key_and_args);
/* The same with a detail for the log. detail is copied. */
bool ctx_fail_detail(Ctx *c, ErrCode code, const char *detail, const char *key);
/* Begins brief work of at most budget_ms (deadline_ms, brief_cpu_us). */
void ctx_brief_begin(Ctx *c, int64_t budget_ms);
/*
 * Is its time over? Where the clock went on while the thread did not run (others had the processor) it may
 * go on, up to 20 ms more: thrown away and begun again it would only add to the load.
 */
bool ctx_brief_over(const Ctx *c);
/* Brief work would have to wait, or (too_long) its time is over: sets the marks, records ERR_BUSY. Always false. */
bool ctx_ran_over(Ctx *c, bool too_long);
/*
 * Forgets all mistakes recorded after the first n (for a trial that may fail). A fault of the machine among them (no
 * answer of the database, a full disk) is no outcome of a trial: it is remembered in c->faulted.
 */
void ctx_errors_back_to(Ctx *c, int n);
/* The same for what is tried again, or of no weight for the work: such a fault is forgotten, too. */
void ctx_errors_forget(Ctx *c, int n);
/* n as text in the arena, for the places of a message. */
const char *ctx_num(Ctx *c, int64_t n);

#endif
