/* Fuzzes the declarations: the bytes are an entity file beside the built-in ones, and once more a custom field of
   customer. Whatever they say, the answer is a model or mistakes, never both. */
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "base/msg.h"
#include "meta/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    msg_load();
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    MetaSource list[120];
    int n = 0;
    for (const Embed *e = embed_first("entities/");
         e && e->path && n < 100 && strncmp(e->path, "entities/", 9) == 0; e++)
        list[n++] = (MetaSource){e->path, (const char *)e->data, e->len};
    char *text = arena_dup(a, (const char *)data, size);
    list[n] = (MetaSource){"entities/test/thing.json", text, size};
    Model *m = NULL;
    bool ok = meta_build(&c, list, n + 1, NULL, 0, &m);
    if (ok != (c.n_err == 0))
        abort();
    if (ok)
        model_release(m);
    ctx_errors_back_to(&c, 0);
    const CustomField cf = {"customer", "probe", text, 1};
    ok = meta_build(&c, list, n, &cf, 1, &m);
    if (ok != (c.n_err == 0))
        abort();
    if (ok)
        model_release(m);
    arena_free(a);
    return 0;
}
