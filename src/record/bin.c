/* Emptying the recycle bin. See bin.h. Each block is one short write, and everything in it works on the set of its ids. */
#include "record/bin.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/utf8.h"
#include "db/pace.h"
#include "record/attach.h"
#include "record/children.h"
#include "record/history.h"
#include "record/traces.h"
#include "record/value.h"

enum { BLOCK = 100, DAY_MS = 86400000 };

/* A file that was stored just now may belong to a row that is being written. */
enum { FRESH_S = 3600 };

typedef struct Block {
    const Entity *e; /* NULL: files that were removed one by one */
    int64_t before;  /* what went to the bin earlier than this, ms */
    int64_t ids[BLOCK];
    int n, most;
    const char **digests; /* of files that may have lost their last row */
    int n_digests, cap;
} Block;

static bool may_go(const Entity *e)
{
    return e->standard && (e->gets & GETS_TRASH) && strcmp(e->group, "org") != 0;
}

/* ---- what speaks of them ------------------------------------------------------------------- */

/* DELETE FROM table WHERE kind = entity AND column IN ids; kind NULL: no such column. */
static bool delete_where(Ctx *c, const char *table, const char *kind, const char *entity,
                         const char *column, const Block *b)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("DELETE FROM "));
    sql_name(&q, table);
    sql_add(&q, SQL(" WHERE "));
    if (kind) {
        sql_name(&q, kind);
        sql_add(&q, SQL(" = "));
        sql_bind(&q, db_of_text(entity));
        sql_add(&q, SQL(" AND "));
    }
    sql_name(&q, column);
    sql_add(&q, SQL(" IN "));
    sql_bind_ids(&q, b->ids, b->n);
    return sql_exec(c, &q);
}

/* A link to one of them leads nowhere now. */
static bool unlink_field(Ctx *c, const Field *f, const Block *b)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, f->entity->name);
    sql_add(&q, SQL(" SET "));
    sql_name(&q, f->column);
    sql_add(&q, SQL(" = NULL WHERE "));
    sql_name(&q, f->column);
    sql_add(&q, SQL(" IN "));
    sql_bind_ids(&q, b->ids, b->n);
    return sql_exec(c, &q);
}

static bool forget_field(Ctx *c, const Field *f, const Block *b)
{
    const Entity *x = f->entity;
    const char *rel = arena_printf(c->a, "rel_%s_%s", x->name, f->name);
    if (f->type == FT_LINK_MANY) {
        if (x == b->e && !delete_where(c, rel, NULL, NULL, "id", b))
            return false;
        return strcmp(f->to, b->e->name) != 0 || delete_where(c, rel, NULL, NULL, "target", b);
    }
    if (f->type != FT_LINK || !f->column)
        return true;
    bool parent = x->parent && strcmp(x->parent, f->name) == 0;
    const Field *by = !x->standard && f->to_field ? entity_field(x, f->to_field) : NULL;
    if (by && field_option(by, b->e->name)) /* rows that are only a part of it: contact points */
        return delete_where(c, x->name, by->column, b->e->name, f->column, b);
    return !f->to || strcmp(f->to, b->e->name) != 0 || f->required || parent ||
           unlink_field(c, f, b);
}

static bool forget_everywhere(Ctx *c, const Block *b)
{
    const Model *m = c->model;
    for (int i = 0; i < m->n; i++)
        for (int k = 0; k < m->entities[i].n_fields; k++)
            if (!forget_field(c, &m->entities[i].fields[k], b))
                return false;
    return delete_where(c, "history", "entity", b->e->name, "record_id", b) &&
           delete_where(c, "record_share", "entity", b->e->name, "record_id", b) &&
           delete_where(c, "favorite", "entity", b->e->name, "record", b);
}

/* ---- files --------------------------------------------------------------------------------- */

static void note_digest(Ctx *c, Block *b, const char *hex)
{
    if (b->n_digests == b->cap) {
        int cap = b->cap ? b->cap * 2 : 32;
        const char **more = ARENA_ARRAY(c->a, cap, const char *);
        if (b->n_digests)
            memcpy(more, b->digests, (size_t)b->n_digests * sizeof *more);
        b->digests = more;
        b->cap = cap;
    }
    b->digests[b->n_digests++] = arena_str(c->a, hex);
}

/* The rows of attachment that the condition behind WHERE takes, with what it binds. */
static bool drop_files(Ctx *c, Block *b, const char *by)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"sha256\" FROM \"attachment\" WHERE "));
    if (b->e) {
        sql_add(&q, SQL("\"parent_type\" = "));
        sql_bind(&q, db_of_text(b->e->name));
        sql_add(&q, SQL(" AND "));
    }
    sql_name(&q, by);
    sql_add(&q, SQL(" IN "));
    sql_bind_ids(&q, b->ids, b->n);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        note_digest(c, b, db_text(r, 0));
    db_done(r);
    return c->n_err == 0 && delete_where(c, "attachment", b->e ? "parent_type" : NULL,
                                         b->e ? b->e->name : NULL, by, b);
}

/* Bytes that no row names any more. */
static void remove_bytes(Ctx *c, const Block *b)
{
    for (int i = 0; i < b->n_digests; i++) {
        DbVal p[] = {db_of_text(b->digests[i])};
        int64_t one;
        bool named = true;
        struct stat st;
        if (strlen(b->digests[i]) != 64 ||
            !db_one_int(c, SQL("SELECT 1 FROM \"attachment\" WHERE \"sha256\" = $1 LIMIT 1"), p, 1,
                        &one, &named) ||
            named)
            continue;
        const char *path =
            arena_printf(c->a, "%s/files/%.2s/%s", attach_dir(), b->digests[i], b->digests[i] + 2);
        if (stat(path, &st) == 0 && c->now_ms / 1000 - (int64_t)st.st_mtime > FRESH_S)
            attach_forget(c->a, b->digests[i]);
    }
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* The oldest of the bin, read inside the write: what was restored meanwhile stays. */
static bool find(Ctx *c, Block *b)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM "));
    sql_name(&q, b->e ? b->e->name : "attachment");
    sql_add(&q, SQL(" WHERE \"deleted_at\" IS NOT NULL AND \"deleted_at\" < "));
    sql_bind(&q, db_of_int(b->before));
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
    jw_kint(&w, "rows", b->n);
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

/* The rows of a block, with all that speaks of them. demanded: by a person, and not because their time was over. */
static bool erase_rows(Ctx *c, Block *b, bool demanded)
{
    const char **digests;
    if (!drop_files(c, b, "parent_id") || !forget_everywhere(c, b) ||
        !traces_erase(c, b->e, b->ids, b->n, demanded, &digests))
        return false;
    for (; *digests; digests++)
        note_digest(c, b, *digests);
    return delete_where(c, b->e->name, NULL, NULL, "id", b);
}

static bool erase_block(Ctx *c, void *arg)
{
    Block *b = arg;
    b->n_digests = b->cap = 0; /* it may run again */
    /* of two processes the second finds what the first has left: else both tell of the same rows */
    if (!db_alone(c, "bin") || !find(c, b) || b->n == 0)
        return c->n_err == 0;
    if (!b->e)
        return drop_files(c, b, "id") && tell(c, b);
    return erase_rows(c, b, false) && tell(c, b) && db_change(c, b->e->name, 0);
}

/* Blocks of one table until it is empty or no block is left. */
static bool sweep_table(Ctx *c, const Entity *e, int64_t before, int *blocks, bool *more)
{
    Pace pace;
    pace_init(&pace, BLOCK / 4, BLOCK);
    for (; *blocks > 0; (*blocks)--) {
        Block b = {.e = e, .before = before, .most = pace_size(&pace, BLOCK)};
        if (!pace_write(c, &pace, erase_block, &b))
            return false;
        remove_bytes(c, &b);
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

enum { MAX_DEPTH = 4, REASON_MIN = 2, REASON_MAX = 200 };

typedef struct EraseNow {
    const Entity *e;
    int64_t id, rows;
    const char *reason;
    Record r;
    Block b; /* digests of all files; the ids of those that go next */
} EraseNow;

static bool has_children(const Model *m, const Entity *e)
{
    for (int i = 0; i < m->n; i++)
        if (children_link(&m->entities[i], e))
            return true;
    return false;
}

/* The next rows of child that belong to the record. */
static bool find_under(Ctx *c, const Entity *child, const Field *link, const Entity *e, int64_t id,
                       int64_t *ids, int *n)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\""));
    children_where(&q, child, link, e, id);
    sql_add(&q, SQL(" ORDER BY \"id\" LIMIT "));
    sql_number(&q, BLOCK);
    return db_ids_most(c, sql_query(c, &q), ids, BLOCK, n);
}

/* What belongs to it goes first: no part outlives its whole. */
static bool erase_under(Ctx *c, EraseNow *x, const Entity *e, int64_t id, int depth)
{
    const Model *m = c->model;
    int64_t ids[BLOCK];
    for (int i = 0; i < m->n && depth < MAX_DEPTH; i++) {
        const Entity *child = &m->entities[i];
        const Field *link = children_link(child, e);
        bool deeper = link && has_children(m, child);
        for (int n = BLOCK; link && n == BLOCK;) {
            if (!find_under(c, child, link, e, id, ids, &n))
                return false;
            for (int k = 0; deeper && k < n; k++)
                if (!erase_under(c, x, child, ids[k], depth + 1))
                    return false;
            x->b.e = child;
            x->b.n = n;
            memcpy(x->b.ids, ids, (size_t)n * sizeof *ids);
            x->rows += n;
            if (n && (!erase_rows(c, &x->b, true) || !db_change(c, child->name, 0)))
                return false;
        }
    }
    return true;
}

static bool tell_one(Ctx *c, const EraseNow *x)
{
    Buf text;
    Jw w;
    buf_init(&text, c->a);
    jw_init(&w, &text);
    jw_obj(&w);
    jw_kint(&w, "rows", x->rows);
    jw_kstr(&w, "reason", x->reason);
    jw_end(&w);
    return audit_add(c, &(AuditEntry){.action = "erase",
                                      .entity = x->e->name,
                                      .record = x->id,
                                      .record_name = history_record_name(c, x->e, x->r.v),
                                      .changes = text.data});
}

static bool erase_now(Ctx *c, void *arg)
{
    EraseNow *x = arg;
    x->rows = 1;
    x->b = (Block){.e = x->e}; /* it may run again */
    if (!rec_load(c, x->e, x->id, &x->r))
        return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (x->r.v[STD_DELETED_AT].kind == DB_NULL)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.not_deleted");
    if (!erase_under(c, x, x->e, x->id, 0))
        return false;
    x->b.e = x->e;
    x->b.n = 1;
    x->b.ids[0] = x->id;
    return erase_rows(c, &x->b, true) && tell_one(c, x) && db_change(c, x->e->name, x->id);
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
    remove_bytes(c, &x.b);
    return true;
}
