/* Between parse.c and parse_entity.c only. */
#ifndef META_PARSE_IMPL_H
#define META_PARSE_IMPL_H

#include "meta/parse.h"

typedef enum KeyKind {
    K_STR,
    K_BOOL,
    K_INT,
    K_LABEL,
    K_TEXT2 /* a label or one text */,
    K_NUM,
    K_OBJ,
    K_ARR,
    K_SCALAR
} KeyKind;

typedef struct Key {
    const char *name;
    KeyKind kind;
} Key;

/* One file being read. path: keys from the root to where we are, for the line. */
typedef struct P {
    Ctx *c;
    Arena *a;
    const MetaSource *s; /* NULL for a custom field */
    const char *path[8];
    int depth;
    bool custom;
} P;

void parse_push(P *p, const char *key);
void parse_pop(P *p);

/* A mistake at key (or, NULL, at the place itself). */
bool parse_fail_at(P *p, const char *key, const char *const *key_and_args);
#define FAIL(p, key, ...) parse_fail_at((p), (key), (const char *const[]){__VA_ARGS__, NULL})

/* Every member of o is one of keys and of its kind. Members of the wrong kind are taken out, so that the reading behind
   it needs no doubt. */
bool parse_shape(P *p, json_object *o, const Key *keys, size_t n);
#define SHAPE(p, o, keys) parse_shape((p), (o), (keys), sizeof(keys) / sizeof *(keys))

bool parse_read(Ctx *c, const MetaSource *s, json_object **out);
const char *parse_text(P *p, json_object *o, const char *key);
bool parse_bool(json_object *o, const char *key, bool dflt);
const char *parse_json(P *p, json_object *o, const char *key);
/* {"zh","en"}, both there and not empty (custom fields: en falls back). alone: one text for both will do. */
bool parse_label_from(P *p, const char *key, json_object *v, bool alone, Label *out);
bool parse_label(P *p, json_object *o, const char *key, bool required, bool alone, Label *out);
bool parse_words(P *p, json_object *o, const char *key, const char *const **out);
/* p stands at the field. */
bool parse_field(P *p, const char *name, json_object *o, Field *f);
bool parse_fields(P *p, json_object *fields, Field *out, int *n);

#endif
