/* A model of the built-in entity files and one more, for the tests of this floor. */
#ifndef TEST_META_SOURCES_H
#define TEST_META_SOURCES_H

#include <string.h>

#include "base/embed.h"
#include "meta/parse.h"

/* text NULL: none more. false: mistakes were recorded. */
static inline bool build_with(Ctx *c, const char *name, const char *text, const CustomField *custom,
                              int n_custom, Model **m)
{
    MetaSource *list = ARENA_ARRAY(c->a, 100, MetaSource);
    int n = 0;
    for (const Embed *e = embed_first("entities/");
         e && e->path && strncmp(e->path, "entities/", 9) == 0; e++)
        list[n++] = (MetaSource){e->path, (const char *)e->data, e->len};
    if (text)
        list[n++] = (MetaSource){name, text, strlen(text)};
    return meta_build(c, list, n, custom, n_custom, m);
}

#endif
