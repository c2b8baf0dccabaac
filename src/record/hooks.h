/*
 * What a thing does beyond being stored. The record floor owns the type, the domain floor fills it
 * (const RecordHooks customer_hooks in domain/customer/customer.c), the entity file names it, and
 * tools/mkmeta writes the table. Hooks may call rec_* with SaveOptions.trusted.
 */
#ifndef RECORD_HOOKS_H
#define RECORD_HOOKS_H

#include "record/record.h"

struct Report; /* base/report/report.h */

/* One save on its way. */
typedef struct Save {
    const Entity *e;
    int64_t id;
    bool is_new;
    const DbVal *before;    /* NULL when new */
    DbVal *after;           /* by Field.index; hooks may set fields with save_set */
    unsigned char *changed; /* by Field.index: set by the input or a hook */
    json_object *in;        /* the input as given (parts fields are read from it) */
    const SaveOptions *o;
    void *memo; /* a hook's own, from before to after */
} Save;

typedef struct RecordHooks {
    /* after normalising, before validation, outside the transaction: derive fields, further checks */
    bool (*before_save)(Ctx *c, Save *s);
    /* in the transaction, after the row was written: rollups, children, follow-on records */
    bool (*after_save)(Ctx *c, Save *s);
    /* after the save is on disk (not where it was part of a larger write): caches of this process. Also called once where
       many rows of the entity changed in one write (configuration); then id is 0 and no value is set. */
    void (*after_commit)(Ctx *c, Save *s);
    /* in the transaction, before the row goes to the recycle bin or comes back */
    bool (*before_delete)(Ctx *c, const Record *r);
    bool (*after_restore)(Ctx *c, const Record *r);
    /* in the transaction, behind all rows that moved: what the record keeps of them, beyond the counts (record/recount.h). others:
       as they were. What the undo cannot work out again is set by merge_set (record/merge/merge.h). */
    bool (*after_merge)(Ctx *c, int64_t merge, const Record *survivor, const Record *others, int n);
    /* the same for each of them, once they are apart again */
    bool (*after_unmerge)(Ctx *c, const Record *r);
    /* a file that is going to be added to a record; false with a mistake on "file" keeps it away. Two halves, which may be asked for
       one by one: a look at the file where it was uploaded, outside a write, with what it holds into *seen (path NULL: it was looked
       at, *seen has it), and whether that fits the record (r NULL: not asked). */
    bool (*before_attach)(Ctx *c, const Record *r, const char *path, const char **seen);
    /* actions named in the entity file; answer JSON into out. *handled false: not mine */
    bool (*action)(Ctx *c, const Entity *e, const Record *r /* NULL for entity actions */,
                   const char *name, json_object *in, Buf *out, bool *handled);
    /* the blocks of its printed form, where there is one of its own; the caller may read r, what else stands on it is asked
       for in his name */
    bool (*print)(Ctx *c, const Record *r, struct Report *out);
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

/* The same with counts moved by a number, in the same statement: two writers at once do not lose one. NULL counts from 0. */
typedef struct RecBump {
    int field;
    int by;
} RecBump;
bool rec_roll(Ctx *c, const Entity *e, int64_t id, const int *fields, const DbVal *values, int n,
              const RecBump *bumps, int n_bumps);

/* ---- for hooks: own code at work, permissions are not asked ------------------------------------ */

/* Text of a field as it shall be; NULL where there is none or it is no text. */
const char *save_text(const Ctx *c, const Save *s, int field);
/* The ids of a link_many given with this save; NULL where it was not given. */
const int64_t *save_many(const Save *s, int field, int *out_n);
/* The ids it had before; n 0 and NULL where it was not given. */
const int64_t *save_many_before(const Save *s, int field, int *out_n);
/* Gives a link_many its ids (as input would). */
void save_set_many(Ctx *c, Save *s, int field, const int64_t *ids, int n);
/* A JSON object that goes with the arena, to build the input of rec_create and rec_update. */
json_object *rec_input(Ctx *c);
/* Options of own code: trusted, no version asked, origin of the save it belongs to (s may be NULL). */
SaveOptions rec_own(const Save *s);

/*
 * A create in two steps: prepared in before_save (numbers, texts, all checks), written in after_save inside the
 * transaction. The id is known at once. Mistakes are recorded under `prefix`.field where prefix is not NULL.
 */
typedef struct SaveWork SaveWork;
bool rec_prepare(Ctx *c, const Entity *e, json_object *in, const SaveOptions *o, const char *prefix,
                 SaveWork **out);
int64_t rec_prepared_id(const SaveWork *w);
bool rec_commit(Ctx *c, SaveWork *w);

/* Somebody may read one record from now on, as if it had been shared with him. In a write. */
bool rec_let_read(Ctx *c, const Entity *e, int64_t id, int64_t user);

/* The first live row of a filter by sort ("-happened_at"; NULL: by id). *found says whether there is one. */
bool rec_find_one(Ctx *c, const Entity *e, const Filter *f, const char *sort, Record *out,
                  bool *found);
/* How many live rows. */
bool rec_count(Ctx *c, const Entity *e, const Filter *f, int64_t *out);
/* A leaf "field = id" or "field = text", for such filters. */
Filter *rec_is(Ctx *c, const Entity *e, int field, DbVal v);

/* A bare row of an entity without standard fields (contact_point): no history, no audit. values by Field.index; a new id is
   set where values[STD_ID] is null. In a write. */
bool rec_insert_bare(Ctx *c, const Entity *e, DbVal *values);
/* Such rows go for good. In a write. */
bool rec_erase(Ctx *c, const Entity *e, const Filter *f);

/* The rows a new house begins with: of a file built in, trusted, where the entity of the first part has never had a row
   (in the bin as well: what somebody threw away does not come back). Parts are closed by a NULL entity; list: the member
   of the file that holds the rows, NULL for the file itself. Another process may be first: its rows are fine, too. */
typedef struct RecSeed {
    const char *entity, *list;
} RecSeed;
bool rec_seed(Ctx *c, const char *file, const RecSeed *parts);

#endif
