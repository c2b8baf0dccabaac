/*
 * The model: every entity and field as the program knows them while it runs, built from the entity
 * files (embedded) and the custom fields of the database by one parser and one set of checks
 * (meta/parse.h, meta/check.h). A model is immutable and counted: a request holds the one that was
 * current when it began, and a change of customisations makes a new one (model_replace).
 * docs/entity.md describes the file format key by key.
 */
#ifndef META_MODEL_H
#define META_MODEL_H

#include "base/map.h"
#include "db/migrate.h"

typedef enum FieldType {
    FT_NUMBER, /* made by a number rule: "CUS20261121001" */
    FT_STRING, /* one line */
    FT_TEXT,   /* many lines */
    FT_INT,
    FT_DECIMAL, /* stored as an integer scaled by 10^scale; JSON text "4.50" */
    FT_FLOAT,
    FT_MONEY,        /* minor units; JSON text "12345.67" */
    FT_DATE,         /* text YYYY-MM-DD */
    FT_DATETIME,     /* ms UTC; JSON RFC 3339 */
    FT_BOOL,         /* 0 or 1 */
    FT_OPTION,       /* code */
    FT_MULTI_OPTION, /* "|a|b|", sorted as declared */
    FT_PHONE,
    FT_EMAIL,
    FT_URL,
    FT_LINK,      /* id of a row of `to`, or of the entity named by the field `to_field` */
    FT_LINK_MANY, /* rows of rel_<entity>_<field>(id, target) */
    FT_REGION,    /* GB/T 2260 code as integer */
    FT_FILE,      /* id of an attachment */
    FT_FILES,     /* attachments with this field name; no column */
    FT_IMAGE,     /* id of an attachment that is a picture */
    FT_JSON,      /* opaque to SQL */
    FT_PARTS,     /* accepted at creation and handed to the hooks; no column */
    FT__COUNT
} FieldType;

typedef struct Label {
    const char *zh, *en; /* en falls back to zh in custom fields; never NULL */
} Label;

typedef struct Option {
    const char *code;
    Label label;
    const char *color;    /* name of a token of the page, or NULL */
    bool disabled;        /* kept for old records, not to be chosen */
    const char *synonyms; /* other words a file may say for it, separated by '|', or NULL */
} Option;

typedef struct Field Field;
typedef struct Entity Entity;
typedef struct Model Model;

typedef enum MatchKind {
    MATCH_NONE,
    MATCH_NAME,
    MATCH_PHONE,
    MATCH_CREDIT_CODE,
    MATCH_EMAIL,
    MATCH_EXACT
} MatchKind;

/* A place in a JSON value where something of the house is named by its id: steps from the root, "*" for every item or
   member. what: an entity, "filter" (a filter on the entity that Configuration.of names), "filter_of" (on the one its neighbour "of" names), or "values" ({field: value} of it). */
typedef struct RefPath {
    const char *const *steps; /* NULL-terminated */
    const char *what;
} RefPath;

struct Field {
    const char *name;   /* as in the API */
    const char *column; /* name, or name_id for links; NULL where there is none */
    int index;          /* in Entity.fields; the generated ids are these */
    FieldType type;
    Label label;
    Label definition, example; /* zh NULL where not given */
    const char *section;       /* of the form; NULL: the first */
    const char *unit;
    bool required;      /* on create and when set */
    bool form_required; /* asked for in form and template, not by the API */
    bool unique;        /* among live and dead rows alike */
    bool readonly;      /* made by the program; refused on input */
    bool create_only;   /* accepted on create, refused afterwards */
    bool may_circle;    /* a link to its own entity that may lead back to where it began */
    bool write_only;    /* accepted, never given out (password) */
    bool step_up;       /* an import that brings it needs a second verification (C11) */
    bool hidden;        /* neither accepted nor given out (password_hash) */
    bool personal;      /* personal information: masked in wider scopes */
    bool audit;    /* its change is named in the audit log even where the entity has no "audit" */
    bool custom;   /* from the database */
    bool retired;  /* custom and retired: column kept, not shown */
    bool standard; /* one of the standard fields */
    bool in_list, in_form, in_card;
    bool sort; /* may be sorted by; text gets a collation column <column>_s and needs an index */
    bool
        fold; /* text with a folded column <column>_f (contains, starts, = ignoring case and width) */
    int search;      /* weight in search, 0 none */
    MatchKind match; /* match-key column <column>_k */
    int64_t min,
        max; /* characters, or value (money: minor units; decimal: scaled); has_min/has_max say whether set */
    bool has_min, has_max;
    int scale;           /* of FT_DECIMAL */
    const char *pattern; /* PCRE2, whole value, or NULL */
    const Option *options;
    int n_options;
    const char *to;       /* FT_LINK, FT_LINK_MANY: entity name; NULL with to_field */
    const char *to_field; /* FT_LINK: the option field that names the entity */
    const char
        *dflt; /* as written: "me", "my_department", "today", "now", a code, a number; or NULL */
    const char *
        required_by; /* name of a setting that is a list: required where it names the field; see field_required */
    const char *required_if; /* JSON of a filter on the record itself, or NULL */
    const char *shown_if;    /* the same, for forms: the field stands there only while it holds */
    const char *was;         /* former column name, or NULL */
    const char *parts_json;  /* FT_PARTS: JSON object of part name → {type, required, label} */
    const char *
        shown_by; /* FT_PARTS: the link field of this entity whose value is given out under this name too, or NULL */
    const char *synonyms; /* header words of import, separated by '|', or NULL */
    const RefPath *refs;  /* FT_JSON: where it names things by their ids */
    int n_refs;
    const Entity *entity;
    int64_t custom_id; /* row of custom_field, 0 for built-in */
};

typedef struct Section {
    const char *name;
    Label label;
} Section;

typedef struct Index {
    const char *const *fields; /* field names, "-name" descends, NULL-terminated */
    bool unique;
} Index;

/* What happens when a record with the same keys exists. */
typedef enum DupAction {
    DUP_NONE,
    DUP_WARN,
    DUP_BLOCK,
    DUP_COUNT /* import: counts as duplicate, not failed */
} DupAction;

typedef struct DupRule {
    const char *name;
    const char *const *fields; /* fields with a match key, all must agree; NULL-terminated */
    DupAction form, api, import;
} DupRule;

typedef struct EntityAction {
    const char *name; /* reveal share transfer retire verify … */
    Label label;
    const char *right; /* the entity right it needs: "edit", "transfer", … */
    bool step_up;
    bool on_entity; /* POST /{plural}/actions/{name}, without a record */
    bool in_list;   /* with on_entity: a button above the list */
    bool shows;     /* changes nothing: its answer is shown, by the labels of the fields it names */
    Label ask;      /* what is asked before it runs, where it has no inputs; else "sure?" */
    const char *shown_if; /* a filter on the record: offered while it holds */
    const char
        *fields_json; /* JSON object of inputs: name → {type, label, required, to}, or NULL */
} EntityAction;

typedef struct RoleRow {
    const char *role;  /* code */
    const char *scope; /* own | department | below | all | none, or several joined by "," */
    const char *
        actions; /* blank-separated: read create edit delete import export transfer share approve bulk … */
    bool clear; /* personal fields in clear also outside the own scope */
} RoleRow;

/* A readonly yes/no that two actions of the entity set. */
typedef struct ConfState {
    const char *field, *on, *off;
} ConfState;

/* The rows of an entity are configuration: what an administrator set, carried from house to house as a file. */
typedef struct Configuration {
    const char *where;          /* JSON of a filter: which rows; NULL for all */
    bool owner;                 /* who owns a row is part of it */
    const char *of;             /* field that names the entity a row is about, or NULL */
    const char *const *without; /* fields that are not part of it; NULL-terminated or NULL */
    const char *const *after;   /* entities whose rows must be there before; the same */
    const ConfState *states;
    int n_states;
} Configuration;

enum {
    GETS_SEARCH = 1,
    GETS_AUDIT = 2,
    GETS_IMPORT = 4,
    GETS_EXPORT = 8,
    GETS_TIMELINE = 16,
    GETS_DEDUPE = 32,
    GETS_TAGS = 64,
    GETS_ATTACHMENTS = 128,
    GETS_CUSTOM = 256,
    GETS_SHARE = 512,
    GETS_HISTORY = 1024,
    GETS_TRASH = 2048,
    GETS_MERGE = 4096
};

struct Entity {
    const char *name, *plural;
    int index; /* in Model.entities */
    Label label, about;
    const char *group, *icon;
    bool menu;                /* stands in the menu */
    bool routes;              /* has the generic calls */
    bool standard;            /* has the standard columns (owner, version, deleted_at …) */
    bool readonly;            /* no create, edit, delete through the API (audit_log, job) */
    const Field *title;       /* field shown as label; never NULL */
    const char *hooks;        /* name of a RecordHooks <hooks>_hooks in domain/, or NULL */
    const char *number;       /* pattern of its number rule: "CUS{yyyyMMdd}{seq:3}", or NULL */
    const char *number_reset; /* day month year never */
    unsigned gets;
    Field *fields;
    int n_fields;
    int n_builtin; /* fields[n_builtin …] are custom */
    const Section *sections;
    int n_sections;
    const Index *indexes;
    int n_indexes;
    const DupRule *dups;
    int n_dups;
    const EntityAction *actions;
    int n_actions;
    const RoleRow *roles;
    int n_roles;
    const char *
        parent; /* link field by which a record belongs to another: readable with it, deleted and restored with it; or NULL */
    const char *tree; /* link field to the entity itself, walked by "under"; or NULL */
    const char *const *
        timeline; /* "follow_up.customer" …: children shown in the timeline; NULL-terminated or NULL */
    const char *
        right; /* a general right that opens the whole entity ("audit", "users", "roles", "fields"), instead of role rows; or NULL */
    const char *
        open; /* JSON of a filter: rows that everybody reads who may read the entity at all, beyond his scope; or NULL */
    const char
        *calendar; /* date or datetime field by which its records stand in the calendar, or NULL */
    const char *const *
        key; /* fields that together name a row for people, instead of its id; NULL-terminated or NULL */
    const Configuration *configuration; /* or NULL */
    const char *sort;                   /* default order of lists, e.g. "-created_at" */
    const char *file;                   /* for messages of the checker */
    Map by_name;                        /* field name → Field* */
    const Model *model;
};

struct Model {
    Arena *a;
    Entity *entities;
    int n;
    Map by_name; /* entity name → Entity* */
    Map by_plural;
    char version[17]; /* hex digest over all declarations, for ETags */
    _Atomic int refs;
};

/*
 * Builds the model from the embedded entity files plus custom fields (one JSON text per custom
 * field, in the very form of a field in an entity file, with its entity name and row id).
 * Mistakes go to c (message "entities/sales/lead.json:9: …"). The model has an arena of its own.
 */
typedef struct CustomField {
    const char *entity, *name, *json;
    int64_t id;
} CustomField;
bool model_build(Ctx *c, const CustomField *custom, int n_custom, Model **out);

/* The current model of the process. model_hold gives it with one more reference; release with
   model_release. model_replace makes m current and lets the old one go when its last holder does. */
Model *model_hold(void);
void model_release(void *m);
void model_replace(Model *m);

const Entity *model_entity(const Model *m, const char *name); /* NULL where there is none */
const Entity *model_plural(const Model *m, const char *plural);
const Field *entity_field(const Entity *e,
                          const char *name); /* NULL; retired fields are found too */
/* Is it a secret under seal ("secret_sealed" of the field "secret", which nobody reads)? */
bool field_sealed(const Entity *e, const Field *f);
const Option *field_option(const Field *f, const char *code);
const char *label_in(Label l, const char *lang);
bool entity_has(const Entity *e, const char *field);

/* Indexes of the standard fields within an entity that has them (the parser puts them first). */
enum {
    STD_ID,
    STD_VERSION,
    STD_OWNER,
    STD_OWNER_DEPARTMENT,
    STD_CREATED_AT,
    STD_CREATED_BY,
    STD_UPDATED_AT,
    STD_UPDATED_BY,
    STD_DELETED_AT,
    STD_DELETED_BY,
    STD_ARCHIVED_AT,
    STD_ORIGIN,
    STD_IMPORT_JOB,
    STD_EXT_SOURCE,
    STD_EXT_ID,
    STD__COUNT
};
/* Entities with "standard": false have only id (index 0) before their own fields. */

#endif
