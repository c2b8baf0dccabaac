/*
 * Texts of report templates: taken apart or refused with a reason, by their line; what is taken names places of customer, or
 * is refused with a reason, and has an example for each of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "record/print/impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Model *model;
    if (!model) {
        Ctx k;
        msg_load();
        ctx_init(&k, arena_new(0));
        if (!model_build(&k, NULL, 0, &model))
            abort();
    }
    Ctx c;
    ctx_init(&c, arena_new(0));
    c.model = model;
    const Entity *e = model_entity(model, "customer");
    const char *text = arena_dup(c.a, (const char *)data, size);
    PrintWant w;
    Body *b;
    FillData d;
    print_want_init(&w, &c, e, NULL, "body");
    bool ok = body_parse(&c, text, &b);
    if (ok != (c.n_err == 0))
        abort();
    if (ok) {
        ok = body_want(&w, b);
        if (ok != (c.n_err == 0))
            abort();
    }
    if (ok)
        print_sample(&w, &d);
    arena_free(c.a);
    return 0;
}
