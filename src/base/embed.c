/* Look-up in the table of built-in files. See embed.h. */
#include "base/embed.h"

#include <string.h>

const Embed *embed_find(const char *path)
{
    for (const Embed *e = embed_data; e->path; e++)
        if (strcmp(e->path, path) == 0)
            return e;
    return NULL;
}

const Embed *embed_first(const char *prefix)
{
    size_t n = strlen(prefix);
    for (const Embed *e = embed_data; e->path; e++)
        if (strncmp(e->path, prefix, n) == 0)
            return e;
    return NULL;
}
