/*
 * Configuration as a file: everything an administrator set, as one readable JSON text that names things by their natural keys
 * (docs/adr/0019-configuration-as-a-file.md). Which entities belong to it is said in their entity files (meta/configuration.h);
 * nothing here knows one of them by name but custom_field, whose rows make the model the others are read with.
 */
#ifndef RECORD_CONFIGURATION_CONFIGURATION_H
#define RECORD_CONFIGURATION_CONFIGURATION_H

#include "base/json_read.h"
#include "record/record.h"

enum { CONFIGURATION_FORMAT = 1 };

/* {"parts": [{"entity", "label", "count", "readable"}]}: what a file holds. */
bool configuration_parts(Ctx *c, Buf *out);

/*
 * The house as a file. Parts the caller may not read as a whole are left out. only: names of entities and "settings", by comma,
 * or NULL for all; an unknown one is ERR_BAD_REQUEST. The same house gives the same bytes on every engine.
 */
bool configuration_export(Ctx *c, const char *only, Buf *out);

typedef struct ConfigurationAsk {
    const char *text; /* the file */
    size_t len;
    const char *name; /* of the file, for the list of imports */
    bool remove;      /* what the house has and the file's parts lack goes; else it stays */
    json_object *map; /* {"user": {"zhang": "li"}}: what the file calls zhang is li here; or NULL */
    const char *
        expect; /* the "state" of a difference that was looked at: ERR_STALE where the house changed since; or NULL */
} ConfigurationAsk;

/*
 * What an import would do, and everything that stands against it (losses, people who are missing, what the engine refuses: it
 * is tried in a write that is undone). Nothing is written. Mistakes of the file itself are recorded in c.
 */
bool configuration_difference(Ctx *c, const ConfigurationAsk *ask, Buf *out);
/* The same, applied: all or nothing in one write. What stands against it is recorded in c, all at once. Answers
   {"id", …} as the difference does. */
bool configuration_import(Ctx *c, const ConfigurationAsk *ask, Buf *out);
/* What an import changed, {"parts", "settings", "secrets", "left"} as in a difference; parts the caller may not read as a whole are
   left out. import: a row of configuration_import he may read. */
bool configuration_look(Ctx *c, const Record *import, Buf *out);
/* Takes an import back: the rows are as they were, their history of it is gone. ERR_UNDO_REFUSED by name where something was
   changed, used or filled in since. */
bool configuration_undo(Ctx *c, int64_t id);
/* Outside a write: what was there before imports that were taken back, or are older than configuration.undo, is forgotten; they
   cannot be taken back any more. By the clock of the context. */
bool configuration_purge(Ctx *c);

/* Another text under seal for this one of a row of the entity; NULL: none. */
typedef const char *ConfigurationSeal(Ctx *c, const char *entity, const char *sealed, void *arg);
/* Inside a write: every text under seal in what is kept of imports goes through fn. Those of rows that were not erased, which
   programs before kept there too, go. */
bool configuration_reseal(Ctx *c, ConfigurationSeal *fn, void *arg);

#endif
