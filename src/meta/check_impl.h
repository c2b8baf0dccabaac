/*
 * Between check.c (the entity as a whole), check_field.c (one field) and check_configuration.c only: what is being checked, and how a mistake
 * is told with the line of its file.
 */
#ifndef META_CHECK_IMPL_H
#define META_CHECK_IMPL_H

#include "meta/check.h"
#include "meta/filter.h"

typedef struct K {
    Ctx *c;
    const Model *m;
    const MetaSource *sources;
    int n;
    const Entity *e;
    const MetaSource *s; /* of e */
    const char *standard_path;
    bool ok;
} K;

/* From here on e is checked, and its source is the one looked into. */
void check_take(K *k, const Entity *e);
bool check_one_of(const char *word, const char *const *words);
/* The words with blanks between them. */
const char *check_join(Arena *a, const char *const *words);
/* A small letter, then small letters, digits and dash; at most max of them. */
bool check_name_legal(const char *s, size_t max, char dash);

/* A mistake of the entity, at a path of keys in its file. */
void check_entity_fail(K *k, const char *key, const char *sub, const char *const *msg);
#define EFAIL(k, key, sub, ...)                                                                    \
    check_entity_fail((k), (key), (sub), (const char *const[]){__VA_ARGS__, NULL})
/* A mistake of a field. Standard fields are checked once, with the first entity that has them. */
void check_field_fail(K *k, const Field *f, const char *key, const char *const *msg);
#define FFAIL(k, f, key, ...)                                                                      \
    check_field_fail((k), (f), (key), (const char *const[]){__VA_ARGS__, NULL})

/* Does it ask nothing but fields of the record itself, as the page can judge it? */
bool check_own_leaves(const Filter *x);
/* A filter of an entity file; NULL with the reason in *why where it is none. */
Filter *check_own_filter(K *k, const char *json, const char **why);
/* One field with all its keys. */
void check_field(K *k, const Field *f);
/* No two fields of the entity share a column. */
void check_columns(K *k);
/* Its key, and what it says of itself as configuration. */
void check_configuration(K *k);
/* That an order can be made in which entities come in; once, behind all of them. */
void check_configuration_order(K *k);

#endif
