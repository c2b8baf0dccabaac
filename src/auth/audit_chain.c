/* What the hash of an audit row covers. See audit_chain.h. */
#include "auth/audit_chain.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypt.h"

const char audit_genesis[AUDIT_HASH + 1] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/* id at user_id record_id step_up are numbers, the others text */
static const bool number[AUDIT_COL_PREV] = {
    [0] = true, [2] = true, [3] = true, [10] = true, [14] = true};

void audit_chain_read(DbRows *r, DbVal out[AUDIT_COL_PREV])
{
    for (int col = 0; col < AUDIT_COL_PREV; col++)
        db_value(r, col, number[col] || col == AUDIT_COL_SEQ ? DB_INT : DB_TEXT, &out[col]);
}

/* <length>:<text>, */
static void bind_text(Buf *b, const char *s, size_t n)
{
    buf_i64(b, (int64_t)n);
    buf_putc(b, ':');
    buf_add(b, s, n);
    buf_putc(b, ',');
}

static void bind(Buf *b, const DbVal *v)
{
    Buf n;
    if (v->kind == DB_TEXT) {
        bind_text(b, v->s, v->n);
    } else if (v->kind == DB_INT) {
        buf_init(&n, b->a);
        buf_i64(&n, v->i);
        bind_text(b, n.data, n.len);
    } else {
        buf_puts(b, "-,");
    }
}

void audit_chain_hash(Arena *a, const DbVal *v, const char *prev, int64_t seq,
                      char out[AUDIT_HASH + 1])
{
    Buf b;
    buf_init(&b, a);
    bind_text(&b, prev, strlen(prev));
    buf_i64(&b, seq);
    buf_putc(&b, ',');
    for (int col = 0; col < AUDIT_COL_PREV; col++)
        if (col != AUDIT_COL_SEQ)
            bind(&b, &v[col]);
    crypt_sha256_hex(b.data, b.len, out);
}
