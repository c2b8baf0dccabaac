/*
 * What a thing does beyond being stored. The record floor owns the type, the domain floor fills it
 * (const RecordHooks customer_hooks in domain/customer/customer.c), the entity file names it, and
 * tools/mkmeta writes the table. Hooks may call rec_* with SaveOptions.trusted.
 */
#ifndef RECORD_HOOKS_H
#define RECORD_HOOKS_H

#include "record/record.h"

/* One save on its way. */
typedef struct Save {
    const Entity *e;
    int64_t id;
    bool is_new;
    const DbVal *before;   /* NULL when new */
    DbVal *after;          /* by Field.index; hooks may set fields with save_set */
    unsigned char *changed;/* by Field.index: set by the input or a hook */
    json_object *in;       /* the input as given (parts fields are read from it) */
    const SaveOptions *o;
    void *memo;            /* a hook's own, from before to after */
} Save;

typedef struct RecordHooks {
    /* after normalising, before validation, outside the transaction: derive fields, further checks */
    bool (*before_save)(Ctx *c, Save *s);
    /* in the transaction, after the row was written: rollups, children, follow-on records */
    bool (*after_save)(Ctx *c, Save *s);
    /* in the transaction, before the row goes to the recycle bin or comes back */
    bool (*before_delete)(Ctx *c, const Record *r);
    bool (*after_restore)(Ctx *c, const Record *r);
    /* actions named in the entity file; answer JSON into out. *handled false: not mine */
    bool (*action)(Ctx *c, const Entity *e, const Record *r /* NULL for entity actions */, const char *name, json_object *in, Buf *out, bool *handled);
} RecordHooks;

typedef struct HookEntry {
    const char *name;
    const RecordHooks *hooks;
} HookEntry;

/* Handed in at start by app (the generated hook_table); closed by a NULL name. */
void hooks_register(const HookEntry *table);
const RecordHooks *hooks_of(const Entity *e); /* NULL for none */

/* For hooks: set a field by index (marks it changed), read one. */
void save_set(Save *s, int field, DbVal v);
bool save_changed(const Save *s, int field);
/* A narrow trusted update of fields of another row (rollups): no validation, no history; version untouched; change_log
   written. In a write. */
bool rec_touch(Ctx *c, const Entity *e, int64_t id, const int *fields, const DbVal *values, int n);

#endif
