/* Fuzzes the filter language on customer, with a reader's limits: a filter that is taken must compile to SQL and,
   negated, again; one that is refused says why once. */
#include <stdlib.h>

#include "base/msg.h"
#include "meta/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool any_field(Ctx *c, const Field *f, Filter **also)
{
    (void)c;
    (void)f;
    (void)also;
    return true;
}

static bool any_row(Ctx *c, const Entity *e, Filter **out)
{
    (void)e;
    *out = filter_true(c->a);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Model *model;
    static Arena *keep;
    if (!model) {
        msg_load();
        keep = arena_new(0);
        Ctx k;
        ctx_init(&k, keep);
        if (!model_build(&k, NULL, 0, &model))
            abort();
    }
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    const FilterGuard guard = {any_field, any_row};
    const Entity *e = model_entity(model, "customer");
    Filter *f = NULL;
    bool ok = filter_parse_text(&c, e, arena_dup(a, (const char *)data, size), &guard,
                                (FilterMe){.user = 7, .department = 3}, &f);
    if (ok != (c.n_err == 0))
        abort();
    if (ok) {
        Sql q;
        sql_init(&q, a);
        filter_sql(&c, &q, e, "t", f);
        filter_sql(&c, &q, e, "t", filter_not(a, f));
    }
    arena_free(a);
    return 0;
}
