/*
 * Node leases: which of the sixteen numbers in our ids is this process's. A process that died is
 * not waited for when it ran on this machine (same boot, same process namespace) and its pid is
 * gone; otherwise its lease runs out 30 s after the last renewal. The number that was free longest
 * is taken, and last_id keeps ids apart from those of the former holder whatever the clock did.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "db/driver.h"

enum {
    NODES = 16,
    LEASE_MS = 30000,
    LONGEST_MS = 20 * LEASE_MS, /* one that ends later was given before the clock was set back */
    MARGIN_MS = 15000,
    ID_SHIFT = 11
};

typedef struct Row {
    int64_t expires_at, last_id;
    const char *holder; /* NULL: never used */
    bool taken, given_back;
} Row;

enum { PROCESS_DIGITS = 16 }; /* of a holder: which process, see db_open */

/* A row of our own pid from another process was left by one who had the number before us. */
bool db_holder_gone(const Db *db, const char *holder, const char *host, int64_t pid)
{
    if (!db->host[0] || !host || strcmp(host, db->host) != 0 || pid <= 0)
        return false;
    if (pid == (int64_t)getpid())
        return holder && strncmp(holder, db->holder, PROCESS_DIGITS) != 0;
    return kill((pid_t)pid, 0) && errno == ESRCH;
}

static bool read_rows(Ctx *c, Row rows[NODES])
{
    int n_err = c->n_err;
    int64_t now = clock_now_ms();
    memset(rows, 0, NODES * sizeof(*rows));
    DbRows *r = db_query(
        c, SQL("SELECT id, holder, host, pid, expires_at, last_id FROM node_lease"), NULL, 0);
    while (r && db_step(r)) {
        int64_t id = db_int(r, 0);
        if (id < 0 || id >= NODES)
            continue;
        Row *row = &rows[id];
        row->holder = arena_str(c->a, db_text(r, 1));
        row->expires_at = db_int(r, 4);
        row->last_id = db_int(r, 5);
        row->given_back = db_int(r, 3) == 0;
        row->taken = row->expires_at > now && row->expires_at <= now + LONGEST_MS &&
                     !db_holder_gone(c->db, db_text(r, 1), db_text(r, 2), db_int(r, 3));
    }
    return c->n_err == n_err;
}

/*
 * Ids never go below what any process gave, whatever the clocks are set to. A process that was killed gave more than it
 * noted, hence the margin. But beside others who live, ids ahead of theirs would hide their changes from those who
 * follow the change log by id: there only what is ahead of our clock counts.
 */
static int64_t least_id(const Row rows[NODES])
{
    int64_t now = clock_now_ms(), least = 0;
    bool alone = true;
    for (int i = 0; i < NODES; i++)
        alone &= !rows[i].taken;
    for (int i = 0; i < NODES; i++) {
        const Row *r = &rows[i];
        bool certain = r->taken || r->given_back;
        int64_t id = r->last_id + (certain ? 0 : (int64_t)MARGIN_MS << ID_SHIFT);
        if (r->last_id && (alone || id_ms(r->last_id) > now) && id_ms(id) > now && id > least)
            least = id;
    }
    return least;
}

typedef struct Take {
    int node; /* -1: none was free */
    int64_t last_id, least;
} Take;

static bool take(Ctx *c, void *arg)
{
    Take *t = arg;
    Row rows[NODES];
    t->node = -1;
    if (!read_rows(c, rows))
        return false;
    t->least = least_id(rows);
    for (int tries = 0; tries < NODES; tries++) {
        int best = -1;
        for (int i = 0; i < NODES; i++) {
            if (!rows[i].taken && (best < 0 || rows[i].expires_at < rows[best].expires_at))
                best = i;
        }
        if (best < 0)
            return true;
        Row *row = &rows[best];
        DbVal v[] = {db_of_int(best),
                     db_of_text(c->db->holder),
                     db_of_text(c->db->host),
                     db_of_int(getpid()),
                     db_of_int(clock_now_ms() + LEASE_MS),
                     db_of_int(row->last_id),
                     db_of_text(row->holder ? row->holder : "")};
        /* Where somebody was quicker the holder is no longer who it was, and nothing changes. */
        if (!db_exec(c,
                     SQL("INSERT INTO node_lease (id, holder, host, pid, expires_at, last_id) "
                         "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET holder = "
                         "excluded.holder, host = excluded.host, pid = excluded.pid, expires_at = "
                         "excluded.expires_at WHERE node_lease.holder = $7"),
                     v, 7))
            return false;
        if (db_changes(c) == 1) {
            t->node = best;
            t->last_id = row->last_id;
            return true;
        }
        row->taken = true;
    }
    return true;
}

bool db_lease_take(Ctx *c, int *out_node)
{
    Take t;
    if (!db_write(c, take, &t))
        return false;
    if (t.node < 0) {
        c->retry_after_s = LEASE_MS / 1000;
        return ctx_fail(c, ERR_BUSY, NULL, "err.db_nodes");
    }
    c->db->node = t.node;
    id_set_node(t.node);
    if (t.last_id && id_ms(t.last_id) + MARGIN_MS > clock_now_ms())
        id_not_before(t.last_id + ((int64_t)MARGIN_MS << ID_SHIFT));
    id_not_before(t.least);
    *out_node = t.node;
    return true;
}

typedef struct Renew {
    int64_t expires_at, pid, newest;
    bool held;
} Renew;

static bool renew(Ctx *c, void *arg)
{
    Renew *n = arg;
    DbVal v[] = {db_of_int(n->expires_at), db_of_int(id_new()), db_of_int(c->db->node),
                 db_of_text(c->db->holder), db_of_int(n->pid)};
    if (!db_exec(c,
                 SQL("UPDATE node_lease SET expires_at = $1, last_id = $2, pid = $5 WHERE id = $3 "
                     "AND holder = $4"),
                 v, 5))
        return false;
    n->held = db_changes(c) == 1;
    return db_one_int(c, SQL("SELECT coalesce(max(last_id), 0) FROM node_lease"), NULL, 0,
                      &n->newest, NULL);
}

bool db_lease_renew(Ctx *c)
{
    if (c->db->node < 0)
        return ctx_fail(c, ERR_BUSY, NULL, "err.db_lease_lost");
    Renew n = {.expires_at = clock_now_ms() + LEASE_MS, .pid = getpid()};
    if (!db_write(c, renew, &n))
        return false;
    if (id_ms(n.newest) > clock_now_ms()) /* another's clock was ahead: we go on from there */
        id_not_before(n.newest);
    if (n.held)
        return true;
    c->db->node = -1;
    return ctx_fail(c, ERR_BUSY, NULL, "err.db_lease_lost");
}

void db_lease_drop(Ctx *c)
{
    if (c->db->node < 0)
        return;
    /* Free since now, not since 1970: the number free longest is taken next. */
    Renew n = {.expires_at = clock_now_ms()}; /* no pid: it gives no id any more */
    int n_err = c->n_err;
    db_write(c, renew, &n);
    ctx_errors_forget(c, n_err); /* it runs out by itself */
    c->db->node = -1;
}

bool db_lease_held(const Db *db)
{
    return db->node >= 0;
}

const char *db_holder(const Db *db)
{
    return db->holder;
}

bool db_holder_lives(Ctx *c, const char *holder, bool *out)
{
    Row rows[NODES];
    *out = false;
    if (!read_rows(c, rows))
        return false;
    for (int i = 0; i < NODES; i++)
        *out |= rows[i].taken && rows[i].holder && strcmp(rows[i].holder, holder) == 0;
    return true;
}
