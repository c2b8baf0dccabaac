/*
 * The walk over the chain of the audit log. Rows are read in order of seq; the first that does not
 * follow from the one before it is named. A cut tail and a chain written anew throughout fit in
 * themselves: they are found by the anchor, the newest head kept outside the database.
 */
#include "auth/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/audit_chain.h"
#include "base/file.h"
#include "base/whole.h"

typedef struct Anchor {
    bool given;
    int64_t seq, id;
    char hash[AUDIT_HASH + 1];
} Anchor;

/* A missing file is no anchor (nothing was sealed yet); a file that is none of ours is a finding. */
static bool read_anchor(Ctx *c, const char *path, Anchor *out)
{
    out->given = false;
    FILE *f = path ? fopen(path, "re") : NULL;
    if (!f)
        return true;
    char seq[20], id[20];
    int n = fscanf(f, "zhike-audit 1 %19[0-9] %19[0-9] %64[0-9a-f]", seq, id, out->hash);
    (void)fclose(f);
    if (n != 3 || strlen(out->hash) != AUDIT_HASH || !whole_number(seq, 0, INT64_MAX, &out->seq) ||
        !whole_number(id, 0, INT64_MAX, &out->id))
        return ctx_fail(c, ERR_CONFLICT, NULL, "audit.bad_anchor", path);
    out->given = true;
    return true;
}

static bool same(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

bool audit_verify(Ctx *c, const char *anchor_path, int64_t *out_rows, int64_t *out_first_broken)
{
    Anchor anchor = {0};
    if (!read_anchor(c, anchor_path, &anchor))
        return false;
    int mark = c->n_err;
    DbRows *r = db_query(c,
                         SQL("SELECT " AUDIT_COLUMNS " FROM \"audit_log\" WHERE seq IS NOT NULL "
                             "ORDER BY seq, id"),
                         NULL, 0);
    if (!r)
        return false;
    Arena *step = arena_child(c->a);
    char prev[AUDIT_HASH + 1], hash[AUDIT_HASH + 1];
    memcpy(prev, audit_genesis, sizeof prev);
    int64_t rows = 0, broken = 0;
    while (broken == 0 && db_step(r)) {
        rows++;
        int64_t seq = db_int(r, AUDIT_COL_SEQ);
        DbVal v[AUDIT_COL_PREV];
        audit_chain_read(r, v);
        audit_chain_hash(step, v, prev, rows, hash);
        arena_reset(step);
        if (seq != rows || !same(db_text(r, AUDIT_COL_PREV), prev) ||
            !same(db_text(r, AUDIT_COL_HASH), hash) ||
            (anchor.given && rows == anchor.seq && !same(anchor.hash, hash)))
            broken = db_int(r, AUDIT_COL_ID);
        memcpy(prev, hash, sizeof prev);
    }
    db_done(r);
    if (c->n_err > mark)
        return false;
    if (broken == 0 && anchor.given && rows < anchor.seq)
        broken = anchor.id; /* the tail up to this row is gone */
    *out_rows = rows;
    *out_first_broken = broken;
    return true;
}

bool audit_anchor_update(Ctx *c, const char *path)
{
    Anchor old = {0};
    int64_t seq, id;
    char hash[AUDIT_HASH + 1];
    if (!read_anchor(c, path, &old) || !audit_chain_head(c, &seq, &id, hash))
        return false;
    if (old.given) {
        DbVal p[] = {db_of_int(old.seq)};
        const char *there = NULL;
        bool found = false;
        if (!db_one_text(c, SQL("SELECT hash FROM \"audit_log\" WHERE seq = $1"), p, 1, &there,
                         &found))
            return false;
        if (!found || !same(there, old.hash))
            return ctx_fail(c, ERR_CONFLICT, NULL, "audit.head_differs", path, ctx_num(c, old.seq));
        if (seq == old.seq)
            return true;
    }
    if (seq == 0)
        return true;
    const char *line =
        arena_printf(c->a, "zhike-audit 1 %" PRId64 " %" PRId64 " %s\n", seq, id, hash);
    return file_write(c, path, line, strlen(line), 0600);
}
