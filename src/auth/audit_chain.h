/*
 * The chain of the audit log, shared by the one who seals and the one who verifies: which columns
 * are bound, in which form, and what the hash of a row is.
 */
#ifndef AUTH_AUDIT_CHAIN_H
#define AUTH_AUDIT_CHAIN_H

#include "auth/audit.h"

enum { AUDIT_HASH = 64 }; /* hex digits */

/* The columns in the order of chain_hash; the SELECT of both sides. */
#define AUDIT_COLUMNS                                                                              \
    "id, seq, at, user_id, user_name, ip, device, channel, action, entity, record_id, "            \
    "record_name, changes, result, step_up, prev_hash, hash"
enum { AUDIT_COL_ID, AUDIT_COL_SEQ, AUDIT_COL_PREV = 15, AUDIT_COL_HASH = 16 };

/* What the first row has before it. */
extern const char audit_genesis[AUDIT_HASH + 1];

/* The columns before prev_hash of the row stepped to; they hold until the next step. */
void audit_chain_read(DbRows *r, DbVal out[AUDIT_COL_PREV]);

/*
 * The hash of a row (its columns in the order of AUDIT_COLUMNS): SHA-256 over prev, seq and every other column, each written as
 * <length>:<text>, and NULL as -, so that no two rows give the same bytes.
 */
void audit_chain_hash(Arena *a, const DbVal *v, const char *prev, int64_t seq,
                      char out[AUDIT_HASH + 1]);

/* The newest sealed row; seq 0 and the genesis hash where there is none. */
bool audit_chain_head(Ctx *c, int64_t *seq, int64_t *id, char hash[AUDIT_HASH + 1]);

#endif
