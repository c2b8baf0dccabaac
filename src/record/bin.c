/* Emptying the recycle bin. See bin.h. Each block is one short write, and everything in it works on the set of its ids. */
#include "record/bin.h"

#include <string.h>

#include "base/conf.h"
#include "base/utf8.h"
#include "db/pace.h"
#include "db/sql.h"
#include "record/erase.h"
#include "record/former.h"
#include "record/history.h"

enum { DAY_MS = 86400000 };

typedef struct Block {
    const Entity *e; /* NULL: files that were removed one by one */
    int64_t before;  /* what went to the bin earlier than this, ms */
    int64_t ids[ERASE_BLOCK];
    int n, most;
    Erase gone;
} Block;

static bool may_go(const Entity *e)
{
    return e->standard && (e->gets & GETS_TRASH) && strcmp(e->group, "org") != 0;
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* " AND" its survivor is not kept: what a record was called before a merge is what the survivor is found by. It goes where that
   goes, and before it, for it came to the bin earlier. */
static void not_kept(Sql *q, const Entity *e, int64_t before)
{
    const Field *into = former_link(e);
    if (!into)
        return;
    sql_add(q, SQL(" AND \"id\" NOT IN (WITH RECURSIVE kept(\"id\") AS (SELECT t1.\"id\" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t1 JOIN "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS s ON s.\"id\" = "));
    sql_col(q, "t1", into->column);
    sql_add(q, SQL(" WHERE "));
    sql_col(q, "t1", into->column);
    sql_add(q, SQL(" IS NOT NULL AND "));
    sql_col(q, "s", into->column);
    sql_add(q, SQL(" IS NULL AND (s.\"deleted_at\" IS NULL OR s.\"deleted_at\" >= "));
    sql_bind(q, db_of_int(before));
    sql_add(q, SQL(") UNION SELECT t2.\"id\" FROM kept JOIN "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t2 ON "));
    sql_col(q, "t2", into->column);
    sql_add(q, SQL(" = kept.\"id\") SELECT \"id\" FROM kept)"));
}

/* The oldest of the bin, read inside the write: what was restored meanwhile stays. */
static bool find(Ctx *c, Block *b)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM "));
    sql_name(&q, b->e ? b->e->name : "attachment");
    sql_add(&q, SQL(" WHERE \"deleted_at\" IS NOT NULL AND \"deleted_at\" < "));
    sql_bind(&q, db_of_int(b->before));
    if (b->e)
        not_kept(&q, b->e, b->before);
    sql_add(&q, SQL(" ORDER BY \"deleted_at\", \"id\" LIMIT "));
    sql_number(&q, b->most);
    return db_ids_most(c, sql_query(c, &q), b->ids, b->most, &b->n);
}

static bool tell(Ctx *c, const Block *b)
{
    Buf text;
    Jw w;
    buf_init(&text, c->a);
    jw_init(&w, &text);
    jw_obj(&w);
    jw_kint(&w, "rows", b->e ? b->gone.rows : b->n); /* with what went along */
    jw_key(&w, "ids");
    jw_arr(&w);
    for (int i = 0; i < b->n; i++)
        jw_int(&w, b->ids[i]);
    jw_end(&w);
    jw_end(&w);
    return audit_add(c, &(AuditEntry){.action = "erase",
                                      .entity = b->e ? b->e->name : "attachment",
                                      .record = b->n == 1 ? b->ids[0] : 0,
                                      .changes = text.data});
}

static bool erase_block(Ctx *c, void *arg)
{
    Block *b = arg;
    b->gone = (Erase){0}; /* it may run again */
    /* of two processes the second finds what the first has left: else both tell of the same rows; and no undo of a merge brings
       a part of one back meanwhile */
    if (!db_alone(c, "bin") || !db_alone(c, "merge") || !find(c, b) || b->n == 0)
        return c->n_err == 0;
    if (!b->e)
        return erase_files(c, &b->gone, b->ids, b->n) && tell(c, b);
    return erase_rows(c, &b->gone, b->e, b->ids, b->n) && tell(c, b) && db_change(c, b->e->name, 0);
}

/* Blocks of one table until it is empty or no block is left. */
static bool sweep_table(Ctx *c, const Entity *e, int64_t before, int *blocks, bool *more)
{
    Pace pace;
    pace_init(&pace, ERASE_BLOCK / 4, ERASE_BLOCK);
    for (; *blocks > 0; (*blocks)--) {
        Block b = {.e = e, .before = before, .most = pace_size(&pace, ERASE_BLOCK)};
        if (!pace_write(c, &pace, erase_block, &b))
            return false;
        erase_bytes(c, &b.gone);
        if (b.n < b.most)
            return true;
    }
    *more = true;
    return true;
}

bool bin_sweep(Ctx *c, int blocks, bool *out_more)
{
    int64_t days = conf_int("bin.days");
    *out_more = false;
    if (days == 0)
        return true; /* kept for ever */
    int64_t before = c->now_ms - days * DAY_MS;
    /* what belongs to others first: no part outlives its whole */
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < c->model->n; i++) {
            const Entity *e = &c->model->entities[i];
            if (may_go(e) && (e->parent != NULL) == (pass == 0) &&
                !sweep_table(c, e, before, &blocks, out_more))
                return false;
        }
    return sweep_table(c, NULL, before, &blocks, out_more);
}

/* ---- one record, now ------------------------------------------------------------------------ */

enum { REASON_MIN = 2, REASON_MAX = 200 };

typedef struct EraseNow {
    const Entity *e;
    int64_t id;
    const char *reason;
    Record r;
    Erase gone;
} EraseNow;

static bool tell_one(Ctx *c, const EraseNow *x, const Record *r)
{
    Buf text;
    Jw w;
    buf_init(&text, c->a);
    jw_init(&w, &text);
    jw_obj(&w);
    jw_kint(&w, "rows", x->gone.rows);
    jw_kstr(&w, "reason", x->reason);
    jw_end(&w);
    return audit_add(c, &(AuditEntry){.action = "erase",
                                      .entity = x->e->name,
                                      .record = r->id,
                                      .record_name = history_record_name(c, x->e, r->v),
                                      .changes = text.data});
}

/* One of them, with what belongs to it. */
static bool erase_one(Ctx *c, EraseNow *x, const Record *r)
{
    x->gone.rows = 0;
    return erase_rows(c, &x->gone, x->e, &r->id, 1) && tell_one(c, x, r) &&
           db_change(c, x->e->name, r->id);
}

/* With it goes what was merged into it and into these: they are the same subject, and without it nothing would say any more that
   they are empty shells. */
static bool erase_now(Ctx *c, void *arg)
{
    EraseNow *x = arg;
    Records merged = {0};
    Record r;
    x->gone = (Erase){.demanded = true}; /* it may run again */
    /* no undo of a merge brings one of them back meanwhile */
    if (!db_alone(c, "merge"))
        return false;
    if (!rec_load(c, x->e, x->id, &r))
        return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (r.v[STD_DELETED_AT].kind == DB_NULL)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.not_deleted");
    if (!former_records(c, x->e, x->id, 0, &merged))
        return false;
    for (size_t i = 0; i < merged.n; i++)
        if (!erase_one(c, x, &merged.items[i]))
            return false;
    return erase_one(c, x, &r);
}

bool bin_erase(Ctx *c, const Entity *e, int64_t id, const char *reason)
{
    EraseNow x = {.e = e, .id = id};
    size_t n = strlen(reason);
    reason = utf8_trim(reason, &n);
    x.reason = arena_dup(c->a, reason, n);
    if (!may_go(e))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!rec_get_for(c, e, id, ACT_ERASE, &x.r))
        return false;
    size_t length = utf8_count(x.reason);
    if (length < REASON_MIN || length > REASON_MAX)
        return ctx_fail(c, n ? ERR_INVALID : ERR_REQUIRED, "reason", "err.erase_reason");
    if (x.r.v[STD_DELETED_AT].kind == DB_NULL)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.not_deleted");
    if (!db_write(c, erase_now, &x))
        return false;
    erase_bytes(c, &x.gone);
    return true;
}
