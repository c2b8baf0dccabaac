/*
 * The shape of an entity file: JSON → Entity and Field, key by key, every unknown key and every value
 * of the wrong kind named with file and line. What the parts mean together is meta/check.h. The same
 * functions read the embedded files at start, the files on disk in tools/mkmeta, and the custom
 * fields of the database. docs/entity.md is the format.
 */
#ifndef META_PARSE_H
#define META_PARSE_H

#include "base/json_read.h"
#include "meta/model.h"

typedef struct MetaSource {
    const char *path; /* "entities/sales/lead.json" */
    const char *text; /* the steps below want it NUL-terminated; meta_build sees to it */
    size_t len;
} MetaSource;

/* The model of these files and custom fields, parsed and checked, on an arena of its own with one
   reference. One of the sources must be …/standard.json. All mistakes found go to c. */
bool meta_build(Ctx *c, const MetaSource *sources, int n, const CustomField *custom, int n_custom,
                Model **out);

/* Steps of meta_build. */
bool parse_standard(Ctx *c, Arena *a, const MetaSource *s, Field **out, int *out_n);
/* Fills *e. spare: room for so many custom fields behind its own. */
bool parse_entity(Ctx *c, Arena *a, const MetaSource *s, const Field *standard, int n_standard,
                  int spare, Entity *e);
/* Adds a custom field to its entity; e->fields must have room. */
bool parse_custom(Ctx *c, Arena *a, const CustomField *cf, Entity *e);

/* The line (from 1) of the member found by walking keys (NULL-terminated) from the root of a relaxed
   JSON text; of the deepest one found where the last is missing. */
int meta_line(const MetaSource *s, const char *const *keys);
#define META_LINE(s, ...) meta_line((s), (const char *const[]){__VA_ARGS__, NULL})

/* Records "file:line: error: …" (line 0: no line; file NULL: the sentence alone); false. */
bool meta_fail_args(Ctx *c, const char *file, int line, const char *const *key_and_args);
#define meta_fail(c, file, line, ...)                                                              \
    meta_fail_args((c), (file), (line), (const char *const[]){__VA_ARGS__, NULL})

/* Of the n words the one nearest to word, or NULL where none is near (for "did you mean"). */
const char *meta_nearest(const char *word, const char *const *words, int n);
/* The gets words by bit, NULL-terminated. */
extern const char *const meta_gets_names[];

/* Splits a number pattern: literal text, date parts, one {seq:N}. false where it is malformed. */
bool meta_number_pattern_ok(const char *pattern);

#endif
