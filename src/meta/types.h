/*
 * Field types: the second registry, in C. One FieldOps per type; adding a type is one struct and one
 * test. Values are DbVal in the form the column stores. Every function records its mistakes under
 * field f->name.
 */
#ifndef META_TYPES_H
#define META_TYPES_H

#include "base/json_read.h"
#include "base/json_write.h"
#include "meta/model.h"

/* Operators of the filter language. */
typedef enum FilterOp {
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_NOT_IN,
    OP_CONTAINS,
    OP_STARTS,
    OP_BETWEEN,
    OP_IS_NULL,
    OP_NOT_NULL,
    OP_UNDER,
    OP_DUPLICATE, /* of id: another live row agrees with this one on a duplicate rule, named by the value */
    OP_TOLD, /* of id: a notification of the reader, named by the value, stands for this row */
    OP__COUNT
} FilterOp;
const char *op_name(FilterOp op); /* "=", "in", "under" … */
bool op_parse(const char *text, FilterOp *out);

typedef struct FieldOps {
    const char *name; /* "string", "money" … as in entity files */
    ColType column;
    bool has_column;
    bool text;    /* a text of a person: has a folded companion, contains, starts */
    unsigned ops; /* 1u << OP_… */
    /* JSON of the API → value (cleaned, normalised, limits not yet checked). null gives DB_NULL. Links take an id only
       (objects and names are resolved by record/link). */
    bool (*from_json)(Ctx *c, const Field *f, json_object *in, DbVal *out);
    /* Text a person wrote (import cell, filter text). "" gives DB_NULL. Options by code or by label in either language. */
    bool (*from_text)(Ctx *c, const Field *f, const char *text, DbVal *out);
    /* length, range, pattern, option not disabled … of a value that is not null */
    bool (*check)(Ctx *c, const Field *f, const DbVal *v);
    void (*to_json)(const Field *f, const DbVal *v, Jw *w);
    /* for export, history, CSV: in lang; links give the bare id (labels come from record/link) */
    char *(*to_text)(Arena *a, const Field *f, const DbVal *v, const char *lang);
} FieldOps;

const FieldOps *type_ops(FieldType t);
bool type_parse(const char *name, FieldType *out);
/* The operators a filter may use on this very field (contains and starts need the folded column; 0 for hidden ones). */
unsigned type_field_ops(const Field *f);
/* For people: like to_text, but an instant stands in the caller's zone ("2026-11-21 09:30"). */
char *type_text(Ctx *c, const Field *f, const DbVal *v);
/* The column rows are ordered by: <column>_s for strings, else the column. NULL where there is none. */
const char *type_sort_column(Arena *a, const Field *f);
/* Masked form of a personal value by type (phone 138****8000, e-mail z***@x.cn, others first character and ***). */
char *type_mask(Arena *a, const Field *f, const char *text);

/* Companion values of a text field: what goes into <column>_f, _s, _k. NULL text gives DB_NULL. */
DbVal type_fold(Arena *a, const Field *f, const DbVal *v);
DbVal type_sort_key(Arena *a, const Field *f, const DbVal *v);
DbVal type_match_key(Arena *a, const Field *f, const DbVal *v);

/* Several words of one cell ("张三、李四"): the next one at *p, its length in *len; *p moves behind it. They are parted by
   commas, 、 ; | and new lines, with slash also by "/". false behind the last; an empty text has one empty word. */
bool type_next_word(const char **p, bool slash, const char **word, size_t *len);

#endif
