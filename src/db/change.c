/*
 * change_log: how caches of all processes learn that something changed. db_change only notes the
 * row; it is written as the last thing before COMMIT, so that the id, which carries the time, is
 * younger than the commit by the time of the commit only.
 *
 * On SQLite the id is the next number, given out under the one write lock: ids are in the order of
 * commits. On PostgreSQL transactions overlap, so a follower looks back five seconds behind what it
 * has seen and remembers what it was told (Dialect.change_lookback_ms).
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "db/driver.h"
#include "db/pace.h"

enum { ID_SHIFT = 11 }; /* base/id.h: ms above 4 bits of node and 7 of counter */

bool db_change(Ctx *c, const char *topic, int64_t ref)
{
    DbConn *conn = c->conn;
    if (!db_in_write(c))
        return ctx_fail_detail(c, ERR_INTERNAL, "db_change outside db_write", "err.internal");
    if (conn->db->topic_bit)
        conn->topics |= conn->db->topic_bit(topic);
    for (int i = conn->n_pending; i-- > 0;) {
        if (conn->pending[i].ref == ref && !strcmp(conn->pending[i].topic, topic))
            return true; /* once per transaction is enough */
    }
    conn->pending =
        db_grow(conn->pending, conn->n_pending, &conn->cap_pending, 8, sizeof *conn->pending);
    PendingChange *p = &conn->pending[conn->n_pending++];
    size_t n = strlen(topic);
    if (n >= sizeof(p->topic))
        n = sizeof(p->topic) - 1;
    memcpy(p->topic, topic, n);
    p->topic[n] = 0;
    p->ref = ref;
    return true;
}

void change_forget(DbConn *conn, int keep)
{
    if (conn->n_pending > keep)
        conn->n_pending = keep;
}

bool change_flush(Ctx *c, DbConn *conn)
{
    int64_t now = clock_steady_ms(); /* as the pruning: see keeper.c */
    SqlText one = c->db->dialect->change_insert, many = c->db->dialect->change_insert_many;
    bool ok = true;
    for (int i = 0, n; ok && i < conn->n_pending; i += n) {
        DbVal v[DB_CHANGES * 4];
        n = many.text && conn->n_pending - i >= DB_CHANGES ? DB_CHANGES : 1;
        for (int k = 0; k < n; k++) {
            const PendingChange *p = &conn->pending[i + k];
            v[k * 4] = db_of_int(id_new());
            v[k * 4 + 1] = db_of_text(p->topic);
            v[k * 4 + 2] = db_of_int(p->ref);
            v[k * 4 + 3] = db_of_int(now);
        }
        ok = db_send(c, n > 1 ? many : one, v, n * 4);
    }
    conn->n_pending = 0;
    return ok;
}

void db_on_commit(Db *db, unsigned (*bit)(const char *topic), void (*fn)(unsigned topics))
{
    db->topic_bit = bit;
    db->on_commit = fn;
}

void change_committed(DbConn *conn)
{
    unsigned topics = conn->topics;
    conn->topics = 0;
    if (conn->db->on_commit)
        conn->db->on_commit(topics);
}

bool db_change_last(Ctx *c, int64_t *out)
{
    return db_one_int(c, SQL("SELECT coalesce(max(id), 0) FROM change_log"), NULL, 0, out, NULL);
}

bool db_changes_behind(Ctx *c, int64_t after, int max,
                       void (*fn)(void *arg, int64_t id, const char *topic, int64_t ref), void *arg,
                       bool *out_whole)
{
    int64_t back = c->db->dialect->change_lookback_ms << ID_SHIFT, oldest = 0;
    int64_t from = after > back ? after - back : 0;
    int n = 0, n_err = c->n_err;
    if (!db_one_int(c, SQL("SELECT coalesce(min(id), 0) FROM change_log"), NULL, 0, &oldest, NULL))
        return false;
    *out_whole = oldest <= after + 1;
    if (!*out_whole)
        return true;
    DbVal v[] = {db_of_int(from), db_of_int(max + 1)};
    DbRows *r = db_query(
        c, SQL("SELECT id, topic, ref FROM change_log WHERE id > $1 ORDER BY id ASC LIMIT $2"), v,
        2);
    if (!r)
        return false;
    while (n <= max && db_step(r)) {
        if (n++ < max)
            fn(arg, db_int(r, 0), db_text(r, 1), db_int(r, 2));
    }
    db_done(r);
    *out_whole = n <= max;
    return c->n_err == n_err;
}

bool db_change_prune(Ctx *c, int64_t before_ms)
{
    /* The newest row stays: on SQLite the next id is counted from it. */
    DbVal v[] = {db_of_int(before_ms)};
    return pace_delete(c,
                       SQL("DELETE FROM change_log WHERE id IN (SELECT id FROM change_log WHERE "
                           "at < $1 AND id < (SELECT max(id) FROM change_log) LIMIT $2)"),
                       v, 1);
}

static Follower *follower_of(Db *db, void (*fn)(void *, int64_t, const char *, int64_t))
{
    Follower *f = db->followers;
    for (size_t i = 0; i < sizeof(db->followers) / sizeof(*db->followers); i++, f++) {
        if (f->fn == fn)
            return f;
        if (!f->fn) {
            f->fn = fn;
            return f;
        }
    }
    abort(); /* more than eight kinds of followers: a mistake of ours */
}

static int find_id(const Follower *f, int64_t id)
{
    int lo = 0, hi = f->n;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (f->ids[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Notes id; false where it was known. */
static bool remember(Follower *f, int64_t id)
{
    int at = find_id(f, id);
    if (at < f->n && f->ids[at] == id)
        return false;
    f->ids = db_grow(f->ids, f->n, &f->cap, 64, sizeof *f->ids);
    memmove(f->ids + at + 1, f->ids + at, (size_t)(f->n - at) * sizeof(*f->ids));
    f->ids[at] = id;
    f->n++;
    return true;
}

bool db_changes_since(Ctx *c, int64_t after,
                      void (*fn)(void *arg, int64_t id, const char *topic, int64_t ref), void *arg)
{
    Db *db = c->db;
    int64_t from = after - (db->dialect->change_lookback_ms << ID_SHIFT);
    if (from < 0)
        from = 0;
    if (!db->dialect->change_lookback_ms)
        from = after;
    DbVal v[] = {db_of_int(from)};
    DbRows *r = db_query(
        c, SQL("SELECT id, topic, ref FROM change_log WHERE id > $1 ORDER BY id ASC"), v, 1);
    if (!r)
        return false;
    int n_err = c->n_err;
    if (!db->dialect->change_lookback_ms) {
        while (db_step(r))
            fn(arg, db_int(r, 0), db_text(r, 1), db_int(r, 2));
        db_done(r);
        return c->n_err == n_err;
    }
    pthread_mutex_lock(&db->follow_lock);
    Follower *f = follower_of(db, fn);
    int old = find_id(f, from + 1);
    if (old > 0)
        memmove(f->ids, f->ids + old, (size_t)(f->n - old) * sizeof(*f->ids));
    f->n -= old;
    while (db_step(r)) {
        int64_t id = db_int(r, 0);
        if (remember(f, id))
            fn(arg, id, db_text(r, 1), db_int(r, 2));
    }
    pthread_mutex_unlock(&db->follow_lock);
    db_done(r);
    return c->n_err == n_err;
}
