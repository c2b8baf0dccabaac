/*
 * One save on its way through the stages of save.c, as the files of the writing side share it. The
 * part hooks see (Save) stands first, so that save_many and the stages find the rest from it.
 * Everything belongs to the arena of the context; what happens before the transaction prepares texts
 * and values, so that the single writer only runs statements.
 */
#ifndef RECORD_SAVE_H
#define RECORD_SAVE_H

#include "db/sql.h"
#include "record/hooks.h"

/* The ids of one link_many field, given by the input or a hook. */
typedef struct SaveMany {
    const Field *f;
    int64_t *ids; /* ascending, distinct */
    int n;
    int64_t *old; /* as they stand in the database; empty when new */
    int n_old;
} SaveMany;

struct SaveWork {
    Save s;
    SaveOptions own;          /* the copy s.o points to */
    const RecordHooks *hooks; /* or NULL */
    const char *action;       /* for history and audit: "create", "update", "transfer" … */
    const char *reason;       /* kept in history beside the changes, or NULL */
    int n_err;                /* mistakes recorded before this save began */
    int64_t old_version;
    int64_t new_version;
    SaveMany *many;
    int n_many;
    unsigned char
        *bad;     /* by Field.index: the value was refused already, say nothing more about it */
    bool moved;   /* the owner changed: children follow */
    bool nothing; /* an update that changes nothing */
    /* made before the transaction */
    const char *tokens;      /* search document, or NULL where it is not touched */
    const char *changes;     /* history, or NULL */
    const char *audit;       /* audit changes, or NULL where none is due */
    const char *record_name; /* for the audit row */
    const char *digest;      /* of the request, with an idempotency key */
    bool number_drawn;       /* from the counter, not brought along */
    Sql row;                 /* the INSERT or UPDATE */
    Sql links; /* counts the live rows linked to; text empty where there is nothing to check */
    int n_links;
    Sql dups; /* rows that block; text empty where no rule applies */
    const char **
        dup_keys; /* names to be alone past meanwhile: two who enter the same at once see each other */
    int n_dup_keys;
    int64_t foreign_dup; /* the row that blocked, where the caller may not see it; 0 for none */
    const char *foreign_field, *foreign_owner;
    int64_t answered; /* id given for the same key before; 0 for none */
};

/* A save of e on its way: a new record (id 0), or an update. o is copied. action NULL: "create" or "update". */
SaveWork *save_new(Ctx *c, const Entity *e, int64_t id, json_object *in, const SaveOptions *o,
                   const char *action);
/* The whole way: prepare, then commit in a write. w->s.id, w->new_version and w->answered tell the outcome. */
bool save_run(Ctx *c, SaveWork *w);
/* The stages before the transaction, and those in it (to be called inside db_write). */
bool save_prepare(Ctx *c, SaveWork *w);
bool save_commit(Ctx *c, SaveWork *w);

/* Is there a bulk of own code behind it (no rows, fields or limits asked)? */
bool save_trusted(const SaveWork *w);

#endif
