/*
 * Settings. data/settings.txt is the table (tools/mkerr turns it into settings_gen.c); a value comes,
 * in rising order, from the default, the file <dir>/zhike.conf, the environment, the command line.
 * Settings of scope db are kept in the table "setting": the floor above reads it and lays it over
 * with conf_set_db, which wins over all others.
 *
 * conf_load is called once at start, before other threads; everything else may be called from any
 * thread. Values are read-only texts that stay valid until conf_free (also after a change).
 * Asking for a name that is not in the table, or with the wrong type, is our mistake and aborts.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/ctx.h"

typedef enum ConfType {
    CONF_INT,
    CONF_TEXT,
    CONF_BOOL,
    CONF_DURATION,
    CONF_SIZE,
    CONF_LIST,
    CONF_RATE
} ConfType;

typedef enum ConfScope { CONF_LIVE, CONF_RESTART, CONF_DB } ConfScope;

typedef struct ConfDef {
    const char *name; /* "http.workers" */
    ConfType type;
    ConfScope scope;
    const char *env;   /* "ZHIKE_HTTP_WORKERS" */
    const char *dflt;  /* as text, "" for none */
    const char *range; /* "1..512", or the words allowed, or "" */
    const char *help_zh, *help_en;
} ConfDef;

typedef enum ConfSource {
    CONF_FROM_DEFAULT,
    CONF_FROM_FILE,
    CONF_FROM_ENV,
    CONF_FROM_FLAG,
    CONF_FROM_DB
} ConfSource;

typedef struct ConfRate {
    int64_t n;      /* how many */
    int64_t per_ms; /* in this time, ms */
} ConfRate;

/* A flag of the command line: name of the setting and its value. */
typedef struct ConfFlag {
    const char *name, *value;
} ConfFlag;

/*
 * Reads dir/zhike.conf (dir may be NULL, the file may be absent), then the environment, then the
 * flags (ended by a NULL name; flags may be NULL). Every mistake is recorded in c with its place
 * (file:line, variable or flag); on any, nothing changes. May be called again to read the file anew:
 * settings of scope restart then keep their value.
 */
bool conf_load(Ctx *c, const char *dir, const ConfFlag *flags);
/* Forgets everything; for tests. Also called by nobody else. */
void conf_free(void);

int64_t conf_int(const char *name);
bool conf_bool(const char *name);
/* "" where nothing is set. */
const char *conf_text(const char *name);
int64_t conf_duration_ms(const char *name);
int64_t conf_size(const char *name); /* bytes */
ConfRate conf_rate(const char *name);
/* The words of a list, NULL-terminated; an empty list for "". */
const char *const *conf_list(const char *name);

/*
 * The value from the table "setting" laid over; NULL takes it away again. false with ERR_INVALID,
 * ERR_RANGE, ERR_ENUM_UNKNOWN … on field name when the setting is unknown, is not of scope db or
 * refuses the value.
 */
bool conf_set_db(Ctx *c, const char *name, const char *value);
/* Only the check of conf_set_db. */
bool conf_check(Ctx *c, const char *name, const char *value);

/* For zhike config and the administration page: the table, and what holds now. */
size_t conf_count(void);
const ConfDef *conf_def(size_t i);
/* NULL where there is no setting of this name. */
const ConfDef *conf_find(const char *name);
/* The text that holds and where it comes from (out_source may be NULL). */
const char *conf_value(const ConfDef *def, ConfSource *out_source);
/* The same to be shown to people: of one that holds a secret only that it is set. */
const char *conf_shown(const ConfDef *def, ConfSource *out_source);
const char *conf_source_name(ConfSource s);
const char *conf_type_name(ConfType t);
const char *conf_scope_name(ConfScope s);

#endif
