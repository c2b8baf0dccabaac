/* Shared by the files of record/configuration only. Everything lives in the arena of the context. */
#ifndef RECORD_CONFIGURATION_IMPL_H
#define RECORD_CONFIGURATION_IMPL_H

#include "base/map.h"
#include "base/vec.h"
#include "meta/configuration.h"
#include "record/configuration/configuration.h"

/* ---- names of rows (names.c) --------------------------------------------------------------------- */

/* id → natural key and back, for rows of any entity that has one; asked for many at once. */
typedef struct CfgNames CfgNames;
CfgNames *cfg_names_new(Ctx *c);
/* Says what a row is called, where the caller knows it already (rows of the configuration). */
void cfg_names_put(CfgNames *n, const Entity *e, int64_t id, const char *key);
void cfg_names_want_id(CfgNames *n, const Entity *e, int64_t id);
void cfg_names_want_key(CfgNames *n, const Entity *e, const char *key);
/* One statement for each entity of which something is wanted (a tree is read whole). */
bool cfg_names_fetch(CfgNames *n);
const char *cfg_name_of(const CfgNames *n, const Entity *e, int64_t id); /* NULL: none */
/* 0: there is none; -1: several are called so. */
int64_t cfg_id_of(const CfgNames *n, const Entity *e, const char *key);

/* ---- references within values (refs.c) ------------------------------------------------------------ */

/* Gives what shall stand at a place that names a row of `to`: v itself, or a new value. */
typedef json_object *CfgRefFn(void *arg, const Entity *to, json_object *v);
/* Walks a value by Field.refs; of: the entity its row is about (filters, values), or NULL. Returns the value (another one
   where the root itself was replaced). */
json_object *cfg_refs(const Field *f, const Entity *of, json_object *v, CfgRefFn *fn, void *arg);
/* The key of {"user": "zhang"}; NULL where v is something else. */
const char *cfg_ref_key(json_object *v, const Entity *to);

/* ---- documents ----------------------------------------------------------------------------------- */

typedef struct CfgItem {
    const char
        *key; /* natural key, unique within its part ("#2" behind a name that is there twice) */
    json_object *body; /* field name → value in canonical form, in the order of the fields */
    int nth;           /* place in the file, from 0 */
    int64_t id;        /* of the row; 0 for one of a file */
    const DbVal *v;    /* its values by Field.index */
    const char **
        many; /* its links to many, and the ids of its files, by Field.index, "3,5"; NULL for none */
    const char *file_name, *file_sha; /* its newest file; NULL: none */
} CfgItem;

typedef struct CfgPart {
    const Entity *e;
    CfgItem *items; /* by key, bytewise */
    int n;
    Map by_key;
    bool given;   /* the file has it; of the house: always */
    bool foreign; /* not the caller's to read: not compared */
} CfgPart;

/* Bytes that came with a file of configuration. */
typedef struct CfgFile {
    const char *sha; /* 64 hex digits: the name it has in the file */
    const unsigned char *bytes;
    size_t n;
    const char *path;        /* where a child can look at it; NULL: nowhere yet */
    const char *seen;        /* what RecordHooks.before_attach saw in it */
    bool used, wanted, kept; /* named by something; by what changes; moved into the store */
} CfgFile;

typedef struct CfgUse {
    const Entity *e; /* NULL: the logo */
    const char *place;
    CfgFile *file;
} CfgUse;

typedef struct CfgDoc {
    CfgPart *parts; /* one for each entity that is configuration, in the order of writing */
    int n;
    json_object *settings; /* name → text, by name; never NULL */
    bool settings_given;
    Map files; /* of a file: sha → CfgFile */
    VEC(CfgUse) uses;
} CfgDoc;

CfgPart *cfg_part(const CfgDoc *d, const char *entity);
/* Empty parts of the present model. */
bool cfg_doc_new(Ctx *c, CfgDoc *out);
/* Orders the items of a part and gives them their keys. */
void cfg_part_order(Ctx *c, CfgPart *p);
/* The natural key of a body. */
const char *cfg_key_of(Ctx *c, const Entity *e, json_object *body);
/* The entity the row of a body is about (Configuration.of), or NULL. */
const Entity *cfg_about(const Ctx *c, const Entity *e, json_object *body);
/* A new object or list that goes with the arena. */
json_object *cfg_keep(Ctx *c, json_object *o);
/* Value as text for comparing: one spelling for each value. "null" for none. */
const char *cfg_text(Ctx *c, json_object *v);

/* The house as it is (house.c): two statements a part, one for each entity referred to. */
bool cfg_house(Ctx *c, CfgDoc *out);
/* A file (file.c). Mistakes are recorded with their place ("records.rule[3].days"). */
bool cfg_file(Ctx *c, const ConfigurationAsk *ask, CfgDoc *out);
/* The canonical text (write.c); only the parts that are given. files: with the bytes of what they name. */
bool cfg_write(Ctx *c, const CfgDoc *d, bool files, Buf *out);
/* 16 hex digits of everything in it. */
const char *cfg_state(Ctx *c, const CfgDoc *d);

/* ---- difference (compare.c) ----------------------------------------------------------------------- */

typedef enum CfgKind { CFG_ADD, CFG_CHANGE, CFG_GONE } CfgKind;

typedef struct CfgField {
    const Field *f;
    json_object *was, *is;
} CfgField;

typedef struct CfgChange {
    CfgKind kind;
    const Entity *e;
    const CfgItem *was, *is;
    CfgField *fields; /* CFG_CHANGE */
    int n_fields;
} CfgChange;

typedef struct CfgSetting {
    const char *name, *was, *is; /* NULL: the default */
} CfgSetting;

typedef struct CfgDiff {
    VEC(CfgChange) changes; /* in the order of writing */
    VEC(CfgSetting) settings;
    VEC(CfgChange) unlisted; /* what stays because nobody asked to remove it */
} CfgDiff;

void cfg_compare(Ctx *c, const CfgDoc *house, const CfgDoc *file, bool remove, CfgDiff *out);
bool cfg_same(const CfgDiff *d);

/* What stands against it: recorded as mistakes under the place in the file or the name of the row. */
bool cfg_losses(Ctx *c, const CfgDoc *house, const CfgDiff *d);
bool cfg_missing(Ctx *c, const CfgDoc *house, const CfgDoc *file, const CfgDiff *d,
                 json_object *missing);
/* The place of a change: "rule: 新客户分配", with a field "rule: 新客户分配.days". */
const char *cfg_place(Ctx *c, const CfgChange *x, const char *field);
/* The first mistake recorded after `last`, which was c->err_last then. */
static inline ErrItem *cfg_since(const Ctx *c, const ErrItem *last)
{
    return last ? last->next : c->err;
}
/* Mistakes recorded after `last` get the place before their field. */
void cfg_placed(Ctx *c, ErrItem *last, const CfgChange *x);

/* ---- files (files.c) --------------------------------------------------------------------------- */

/* The field of an entity whose rows bring a file along; NULL for none. At most one (meta/configuration.c). */
const Field *cfg_file_field(const Entity *e);
/* {"name", "sha256"}; the caller owns it. */
json_object *cfg_file_value(const char *name, const char *sha);
/* Links to many and files: values that stand in CfgItem.many. */
static inline bool cfg_listed(const Field *f)
{
    return f->type == FT_LINK_MANY || f->type == FT_FILES;
}
/* The member "files" with all bytes the given parts name. ERR_TOO_LARGE. */
bool cfg_files_write(Ctx *c, const CfgDoc *d, Buf *out);
/* The member "files" of a file. */
void cfg_files_read(Ctx *c, json_object *files, CfgDoc *out);
/* The value of a file field, checked. */
bool cfg_file_ref(Ctx *c, CfgDoc *d, const Entity *e, const char *place, json_object *v,
                  json_object **out);
bool cfg_file_use(Ctx *c, CfgDoc *d, const Entity *e, const char *place, const char *sha);
/* Looks at all of them as uploads are looked at; outside a write. */
bool cfg_files_check(Ctx *c, CfgDoc *d);
/* In a write: the logo (sha NULL: none) with the value of its setting; the file of a row; all bytes, last. */
bool cfg_logo_put(Ctx *c, const CfgDoc *file, const char *sha, const char **out_value);
bool cfg_file_put(Ctx *c, const CfgDoc *file, const CfgChange *x, const Entity *e, int64_t id);
bool cfg_files_keep(Ctx *c, const CfgDoc *file);
/* Undo: is an attachment with its bytes there still? made goes, dropped comes back (0: none), *out_lost where
   there is nothing left to come back; the same for lists "3,5" (was of cfg_files_lost may be empty, not NULL). */
bool cfg_file_there(Ctx *c, int64_t id, bool *out);
bool cfg_file_back(Ctx *c, int64_t made, int64_t dropped, bool *out_lost);
bool cfg_files_back(Ctx *c, const char *was, const char *is, bool *out_lost);
bool cfg_files_lost(Ctx *c, const char *was, const char *is, bool *out);

/* ---- writing (apply.c, undo.c, report.c) ----------------------------------------------------------- */

typedef struct CfgRun {
    const ConfigurationAsk *ask;
    bool trial; /* undone at its end: nothing is written */
    CfgDoc house, file;
    CfgDiff diff, left;        /* left: what is still different afterwards */
    const char *state;         /* of the house before */
    json_object *missing;      /* [{"entity", "key"}] */
    bool fits;                 /* nothing stands against it */
    bool tried;                /* diff was carried out (in a trial: and undone) */
    int64_t id;                /* of the row of the import */
    VEC(const char *) touched; /* entities of which rows were written */
} CfgRun;

/* In a write: carries r->diff out. What the engine refuses is recorded, of all rows at once. c->model is then the one with the
   custom fields of the file. after: the house as it is now. */
bool cfg_apply(Ctx *c, CfgRun *r, CfgDoc *after);
/* Rows that differ between two states of the house, and the history written since first_id: what an undo needs. In a write. */
bool cfg_images(Ctx *c, const CfgDoc *before, const CfgDoc *after, json_object *settings_before,
                json_object *settings_after, int64_t first_id, const char **out);
/* The rows of the table of settings as they are: {name: {column: value}}. */
bool cfg_setting_rows(Ctx *c, json_object **out);
/* db_write for all of it at once: an import may take longer than a query of a page (query.timeout). */
bool cfg_write_all(Ctx *c, bool (*fn)(Ctx *c, void *arg), void *arg);
/* On disk: caches of this process follow. */
void cfg_follow(Ctx *c, const char *const *entities, size_t n, bool settings);

/* The body of a row, links by id (house.c). */
json_object *cfg_body(Ctx *c, const Entity *e, const CfgItem *x);
/* Fills fields of a change from was and is (compare.c). */
void cfg_fields(Ctx *c, CfgChange *x);

/* Members of an answer (report.c): "counts", "parts" and "settings" of a difference. */
void cfg_report_diff(Ctx *c, Jw *w, const CfgDiff *d);
/* [{"entity", "key", "field"}]: secrets somebody has to enter here. */
void cfg_report_secrets(Ctx *c, Jw *w, const CfgRun *r);

#endif
