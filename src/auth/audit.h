/*
 * The audit log: append-only rows written in the transaction of the change they tell of, without
 * values: ids, field names and digests. They are chained: on SQLite as they are written (one writer at a time),
 * on PostgreSQL by a sealer (work floor) within a second, so that writers do not queue on one row:
 * hash = SHA-256(prev_hash, seq, at, user, ip, channel, action, entity, record, changes, result).
 */
#ifndef AUTH_AUDIT_H
#define AUTH_AUDIT_H

#include "auth/actor.h"

typedef struct AuditEntry {
    const char *
        action; /* login logout create update delete restore export import reveal share transfer role_change setting … */
    const char *entity;      /* or NULL */
    int64_t record;          /* or 0 */
    const char *record_name; /* number or title without personal data, or NULL */
    const char *
        changes; /* JSON: {"fields": ["level"], "before": "<digest>", "after": "<digest>"} or {"rows": 200, "filter": "<digest>"} or NULL */
    const char *result; /* NULL = "ok", "denied", "failed" */
    const char *login;  /* where there is no actor yet (sign-in), or NULL */
} AuditEntry;

/* Writes the row; inside db_write (asserted). */
bool audit_add(Ctx *c, const AuditEntry *e);
/* The same in a transaction of its own (sign-in, denied attempts, exports). */
bool audit_note(Ctx *c, const AuditEntry *e);
/* Seals what is unsealed, at most n rows, in one write; *out_left says whether more wait. */
bool audit_seal(Ctx *c, int n, int *out_sealed, bool *out_left);
/* No new id goes below those of the log: every write leaves a row there, also the last one before a kill -9. At start. */
bool audit_ids_follow(Ctx *c);
/* Number of the newest sealed row, 0 where there is none. */
bool audit_head_seq(Ctx *c, int64_t *out);
/* Walks the whole chain. *first_broken: id of the first row that does not fit, 0 where all fit. Also compares with the
   anchor file (<dir>/audit.head) when given. */
bool audit_verify(Ctx *c, const char *anchor_path, int64_t *out_rows, int64_t *out_first_broken);

/*
 * The anchor: a file outside the database (<dir>/audit.head) with the newest sealed row, "zhike-audit 1 <seq> <id> <hash>\n".
 * Called when the chain has grown (keeper; a command at its end). The old anchor is compared with the chain first: where
 * the row it names is gone or another, ERR_CONFLICT and the file stays, so that a cut tail is not covered up by going on.
 */
bool audit_anchor_update(Ctx *c, const char *path);

/* {"fields": [names], "before": "<digest>", "after": "<digest>"} for AuditEntry.changes. The digests are SHA-256 over the
   two texts (made by the caller from the values; NULL leaves the member out), salted with the record's id by the caller's text. */
const char *audit_changes(Ctx *c, const char *const *fields, int n, const char *before,
                          const char *after);

#endif
