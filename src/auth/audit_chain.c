/* What the hash of an audit row covers. See audit_chain.h. */
#include "auth/audit_chain.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypt.h"

const char audit_genesis[AUDIT_HASH + 1] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static void bind_text(Buf *b, const char *s)
{
    if (!s) {
        buf_puts(b, "-,");
        return;
    }
    buf_i64(b, (int64_t)strlen(s));
    buf_putc(b, ':');
    buf_puts(b, s);
    buf_putc(b, ',');
}

static void bind_int(Buf *b, DbRows *r, int col)
{
    if (db_is_null(r, col)) {
        buf_puts(b, "-,");
        return;
    }
    Buf n;
    buf_init(&n, b->a);
    buf_i64(&n, db_int(r, col));
    bind_text(b, n.data);
}

void audit_chain_hash(Arena *a, DbRows *r, const char *prev, int64_t seq, char out[AUDIT_HASH + 1])
{
    /* id at user_id record_id step_up are numbers, the others text */
    static const bool number[AUDIT_COL_PREV] = {
        [0] = true, [2] = true, [3] = true, [10] = true, [14] = true};
    Buf b;
    buf_init(&b, a);
    bind_text(&b, prev);
    buf_i64(&b, seq);
    buf_putc(&b, ',');
    for (int col = 0; col < AUDIT_COL_PREV; col++) {
        if (col == AUDIT_COL_SEQ)
            continue;
        if (number[col])
            bind_int(&b, r, col);
        else
            bind_text(&b, db_text(r, col));
    }
    crypt_sha256_hex(b.data, b.len, out);
}
