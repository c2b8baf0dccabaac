/*
 * Reading JSON: json-c behind one strict door. Refused: invalid UTF-8, NUL (also \u0000), lone
 * surrogates, a key given twice, depth over the limit, numbers that are not finite, anything
 * behind the value. The tree belongs to the context's arena (put by a deferred call).
 */
#ifndef BASE_JSON_READ_H
#define BASE_JSON_READ_H

#include <json-c/json.h>

#include "base/ctx.h"

enum { JSON_DEPTH = 32 };

/* Parses a request body or stored text. On failure ERR_JSON with the place (line, column). */
bool json_read(Ctx *c, const char *text, size_t len, json_object **out);
/* Gives the tree of o back before the arena ends; it and its texts are gone then. */
void json_read_end(Ctx *c, json_object *o);
/* The same as json_read, but with // and C comments and trailing commas allowed: declaration files. */
bool json_read_relaxed(Ctx *c, const char *text, size_t len, json_object **out);

/* Member as text, integer or boolean; the default where it is absent or null.
   These do not check types: say what you accept with json_want first where input is foreign. */
const char *json_str(json_object *o, const char *key, const char *dflt);
int64_t json_int(json_object *o, const char *key, int64_t dflt);
/* Not json_bool: json-c has a type of that name. */
bool json_flag(json_object *o, const char *key, bool dflt);
json_object *json_member(json_object *o, const char *key); /* NULL where absent */
size_t json_length(json_object *list);                     /* 0 where it is no list */

/* One member a body may have. Numbers: json_type_double takes integers too. */
typedef struct JsonWant {
    const char *key; /* NULL closes the list */
    json_type type;  /* json_type_null: any */
    bool required;
} JsonWant;

/* Checks that o is an object with members of want only, of their types, null only where it is not
   required. All mistakes are recorded (ERR_TYPE, ERR_REQUIRED, ERR_UNKNOWN_FIELD). */
bool json_want(Ctx *c, json_object *o, const JsonWant *want);

/* The line (from 1) of the key at path in a relaxed text: {"fields", "status", "default", NULL}.
   An item of an array is named by its index ("0"). 0 where there is none. An empty path: 1. */
int json_line_of(const char *text, const char *const *path);

#endif
