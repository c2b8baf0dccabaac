/* Scopes as filter trees. See scope.h. */
#include "auth/scope.h"

#include <string.h>

OwnKind scope_own_kind(Action act)
{
    switch (act) {
    case ACT_READ:
    case ACT_EXPORT: return OWN_SHARED_READ;
    case ACT_EDIT:
    case ACT_IMPORT:
    case ACT_BULK: return OWN_SHARED_WRITE;
    default: /* deleting, giving away and merging are for the owner */ return OWN_STRICT;
    }
}

static Filter *leaf_is(Ctx *c, const Field *f, int64_t id)
{
    DbVal *v = ARENA_NEW(c->a, DbVal);
    *v = db_of_int(id);
    return filter_leaf(c->a, f, OP_EQ, v, 1);
}

static Filter *leaf_in(Ctx *c, const Field *f, const int64_t *ids, int n)
{
    if (n == 0)
        return filter_false(c->a);
    if (n == 1)
        return leaf_is(c, f, ids[0]);
    DbVal *v = ARENA_ARRAY(c->a, n, DbVal);
    for (int i = 0; i < n; i++)
        v[i] = db_of_int(ids[i]);
    return filter_leaf(c->a, f, OP_IN, v, n);
}

static Filter *own_rows(Ctx *c, const Entity *e, OwnKind own)
{
    const Actor *me = c->actor;
    if (me->user == 0)
        return filter_false(c->a);
    Filter *all = e->standard ? leaf_is(c, &e->fields[STD_OWNER], me->user) : filter_false(c->a);
    if (own != OWN_STRICT && (e->gets & GETS_SHARE))
        all =
            filter_or(c->a, all, filter_shared(c->a, me->user, c->now_ms, own == OWN_SHARED_WRITE));
    return all;
}

Filter *scope_filter(Ctx *c, const Entity *e, unsigned scopes, OwnKind own)
{
    const Actor *me = c->actor;
    if (scopes == 0)
        return filter_false(c->a);
    if (scopes & (1u << SCOPE_ALL))
        return filter_true(c->a);
    Filter *f = own_rows(c, e, own);
    if (!e->standard)
        return f; /* no owner, no department: nothing wider to be had */
    if (scopes & (1u << SCOPE_REPORTS))
        f = filter_or(c->a, f, leaf_in(c, &e->fields[STD_OWNER], me->reports, me->n_reports));
    if (scopes & (1u << SCOPE_BELOW))
        f = filter_or(c->a, f,
                      leaf_in(c, &e->fields[STD_OWNER_DEPARTMENT], me->below, me->n_below));
    else if ((scopes & (1u << SCOPE_DEPARTMENT)) && me->department != 0)
        f = filter_or(c->a, f, leaf_is(c, &e->fields[STD_OWNER_DEPARTMENT], me->department));
    return f;
}

int scope_parents(const Entity *e, const Entity **out, int max)
{
    if (!e->parent)
        return 0;
    const Field *link = entity_field(e, e->parent);
    if (!link || link->type != FT_LINK)
        return 0;
    int n = 0;
    /* meta/check_field saw to it that the entities are there */
    if (link->to) {
        if (n < max)
            out[n++] = model_entity(e->model, link->to);
        return n;
    }
    const Field *kind = entity_field(e, link->to_field);
    for (int i = 0; i < kind->n_options && n < max; i++)
        out[n++] = model_entity(e->model, kind->options[i].code);
    return n;
}
