/* Writing and sealing the audit log. See audit.h; the walk over the chain is in audit_verify.c. */
#include "auth/audit.h"

#include <assert.h>
#include <string.h>

#include "auth/audit_chain.h"
#include "base/crypt.h"
#include "base/fold.h"
#include "base/id.h"
#include "base/json_write.h"
#include "base/utf8.h"

/*
 * The end of the chain as this thread (the writer of SQLite) left it, good for one epoch of the transaction.
 * Where nobody can write beside us, a row is sealed as it is written: no row is touched twice.
 */
typedef struct Head {
    uint64_t epoch;
    int64_t seq;
    char hash[AUDIT_HASH + 1];
} Head;
static _Thread_local Head head;

/* Seq and hashes of v; *next: the head once the row stands. false: failed. */
static bool seal_now(Ctx *c, DbVal *v, Head *next)
{
    uint64_t epoch = db_write_epoch(c);
    int64_t id;
    if (head.epoch != epoch) {
        head.epoch = 0;
        if (!audit_chain_head(c, &head.seq, &id, head.hash))
            return false;
        head.epoch = epoch;
    }
    next->epoch = epoch;
    next->seq = head.seq + 1;
    v[AUDIT_COL_SEQ] = db_of_int(next->seq);
    v[AUDIT_COL_PREV] = db_of_text(head.hash);
    audit_chain_hash(c->a, v, head.hash, next->seq, next->hash);
    v[AUDIT_COL_HASH] = db_of_text(next->hash);
    return true;
}

bool audit_add(Ctx *c, const AuditEntry *e)
{
    assert(db_in_write(c));
    const Actor *me = c->actor;
    /* a log row never fails over its length */
    const char *name = utf8_cut(c->a, e->login ? e->login : me ? me->name : NULL, 100);
    DbVal v[AUDIT_COL_HASH + 2] = {
        db_of_int(id_new()),
        db_null(),
        db_of_int(c->now_ms),
        me && me->user ? db_of_int(me->user) : db_null(),
        db_of_text(name),
        db_of_text(utf8_cut(c->a, me ? me->ip : NULL, 45)),
        db_of_text(utf8_cut(c->a, me ? me->agent : NULL, 200)),
        db_of_text(channel_name(me ? me->channel : CH_WEB)),
        db_of_text(e->action),
        db_of_text(e->entity),
        e->record ? db_of_int(e->record) : db_null(),
        db_of_text(utf8_cut(c->a, e->record_name, 255)),
        db_of_text(e->changes),
        db_of_text(e->result ? e->result : "ok"),
        db_of_int(me && !me->is_system && actor_stepped_up(c) ? 1 : 0),
        db_null(),
        db_null(),
        db_of_text(name ? fold_text(c->a, name) : NULL),
    };
    Head next;
    bool now = db_write_epoch(c) != 0;
    if ((now && !seal_now(c, v, &next)) ||
        !db_send(c,
                 SQL("INSERT INTO \"audit_log\" (" AUDIT_COLUMNS ", user_name_f) VALUES ($1, $2, "
                     "$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"),
                 v, sizeof v / sizeof *v))
        return false;
    if (now)
        head = next;
    return true;
}

static bool note(Ctx *c, void *arg)
{
    return audit_add(c, arg);
}

bool audit_note(Ctx *c, const AuditEntry *e)
{
    /* It also tells of work that failed: mistakes recorded so far must not undo the note. */
    ErrItem *err = c->err, *last = c->err_last;
    int n = c->n_err;
    c->err = c->err_last = NULL;
    c->n_err = 0;
    AuditEntry copy = *e;
    bool ok = db_write_aside(c, note, &copy);
    if (n > 0) {
        if (c->err) { /* both lists, the older first */
            last->next = c->err;
            n += c->n_err;
            last = c->err_last;
        }
        c->err = err;
        c->err_last = last;
        c->n_err = n;
    }
    return ok;
}

const char *audit_changes(Ctx *c, const char *const *fields, int n, const char *before,
                          const char *after)
{
    Buf b;
    Jw w;
    char hex[AUDIT_HASH + 1];
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "fields");
    jw_arr(&w);
    for (int i = 0; i < n; i++)
        jw_str(&w, fields[i]);
    jw_end(&w);
    if (before) {
        crypt_sha256_hex(before, strlen(before), hex);
        jw_kstr(&w, "before", hex);
    }
    if (after) {
        crypt_sha256_hex(after, strlen(after), hex);
        jw_kstr(&w, "after", hex);
    }
    jw_end(&w);
    return b.data;
}

/* --- sealing ---------------------------------------------------------------------------------- */

typedef struct Sealing {
    int most, sealed;
    bool left;
} Sealing;

typedef struct Sealed {
    int64_t id;
    char hash[AUDIT_HASH + 1];
} Sealed;

bool audit_chain_head(Ctx *c, int64_t *seq, int64_t *id, char hash[AUDIT_HASH + 1])
{
    *seq = 0;
    *id = 0;
    memcpy(hash, audit_genesis, AUDIT_HASH + 1);
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT seq, hash, id FROM \"audit_log\" WHERE seq IS NOT NULL "
                             "ORDER BY seq DESC LIMIT 1"),
                         NULL, 0);
    if (!r)
        return false;
    if (db_step(r)) {
        *seq = db_int(r, 0);
        *id = db_int(r, 2);
        const char *h = db_text(r, 1);
        if (h && strlen(h) == AUDIT_HASH)
            memcpy(hash, h, AUDIT_HASH + 1);
    }
    db_done(r);
    return c->n_err == mark;
}

static bool seal(Ctx *c, void *arg)
{
    Sealing *s = arg;
    s->sealed = 0;
    s->left = false;
    int64_t seq, last_id;
    char prev[AUDIT_HASH + 1];
    if (!audit_chain_head(c, &seq, &last_id, prev))
        return false;
    DbVal p[] = {db_of_int(s->most + 1)};
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT " AUDIT_COLUMNS " FROM \"audit_log\" WHERE seq IS NULL "
                             "ORDER BY id LIMIT $1"),
                         p, 1);
    if (!r)
        return false;
    Sealed *rows = ARENA_ARRAY(c->a, s->most, Sealed);
    Arena *step = arena_child(c->a);
    const char *before = prev;
    int n = 0;
    while (db_step(r)) {
        if (n == s->most) {
            s->left = true;
            break;
        }
        rows[n].id = db_int(r, AUDIT_COL_ID);
        DbVal v[AUDIT_COL_PREV];
        audit_chain_read(r, v);
        audit_chain_hash(step, v, before, seq + n + 1, rows[n].hash);
        arena_reset(step);
        before = rows[n].hash;
        n++;
    }
    db_done(r);
    if (c->n_err > mark)
        return false;
    for (int i = 0; i < n; i++) {
        DbVal v[] = {db_of_int(seq + i + 1), db_of_text(i ? rows[i - 1].hash : prev),
                     db_of_text(rows[i].hash), db_of_int(rows[i].id)};
        if (!db_exec(c,
                     SQL("UPDATE \"audit_log\" SET seq = $1, prev_hash = $2, hash = $3 "
                         "WHERE id = $4 AND seq IS NULL"),
                     v, 4))
            return false;
    }
    s->sealed = n;
    return true;
}

bool audit_ids_follow(Ctx *c)
{
    int64_t newest = 0;
    if (!db_one_int(c, SQL("SELECT coalesce(max(id), 0) FROM \"audit_log\""), NULL, 0, &newest,
                    NULL))
        return false;
    id_not_before(newest);
    return true;
}

bool audit_head_seq(Ctx *c, int64_t *out)
{
    int64_t id;
    char hash[AUDIT_HASH + 1];
    return audit_chain_head(c, out, &id, hash);
}

bool audit_seal(Ctx *c, int n, int *out_sealed, bool *out_left)
{
    /* Looking costs a read only: an idle server must not write every second. */
    int64_t waiting = 0;
    bool found = false;
    if (!db_one_int(c, SQL("SELECT id FROM \"audit_log\" WHERE seq IS NULL LIMIT 1"), NULL, 0,
                    &waiting, &found))
        return false;
    Sealing s = {.most = n};
    if (found && !db_write(c, seal, &s))
        return false;
    *out_sealed = s.sealed;
    *out_left = s.left;
    return true;
}
