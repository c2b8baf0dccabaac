/*
 * Tags for everybody and tags of one's own. A name is taken once among those a person can see, so that typing it says which tag is
 * meant; nobody learns from it which names others use for themselves. A tag of everybody is changed and removed by those whose
 * right reaches all tags, one's own by oneself.
 */
#include <string.h>

#include "auth/access.h"
#include "entity_ids.h"
#include "record/hooks.h"

static bool is_shared(const DbVal *v)
{
    return v->kind != DB_TEXT || strcmp(v->s, "personal") != 0;
}

static bool keeps_all(Ctx *c, const Entity *e, Action act)
{
    return access_may(c, e, act) && access_scope(c, e, act)->kind == FILTER_TRUE;
}

static bool tag_before_save(Ctx *c, Save *s)
{
    if (s->before && is_shared(&s->before[TAG_SHARED]) && !s->o->trusted &&
        !keeps_all(c, s->e, ACT_EDIT))
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.tag_shared");
    if (s->before && is_shared(&s->before[TAG_SHARED]) && !is_shared(&s->after[TAG_SHARED]))
        return ctx_fail(c, ERR_INVALID, "shared", "err.tag_not_back");
    return true;
}

/* In the transaction and alone with it, so that two at once do not both find the name free. */
static bool tag_after_save(Ctx *c, Save *s)
{
    const Entity *e = s->e;
    const DbVal *v = s->after, *owner = &v[STD_OWNER];
    if (!s->is_new && !save_changed(s, TAG_NAME) && !save_changed(s, TAG_SHARED))
        return true;
    if (v[TAG_NAME].kind != DB_TEXT || !db_alone(c, "tag.name"))
        return c->n_err == 0;
    Filter *seen = rec_is(c, e, TAG_SHARED, db_of_text("everyone"));
    if (owner->kind == DB_INT)
        seen = filter_or(c->a, seen, rec_is(c, e, STD_OWNER, *owner));
    Filter *same = filter_and(c->a, rec_is(c, e, TAG_NAME, v[TAG_NAME]), seen);
    same = filter_and(c->a, same, filter_not(c->a, filter_ids(c->a, &s->id, 1)));
    Record other;
    bool found;
    if (!rec_find_one(c, e, same, NULL, &other, &found))
        return false;
    return !found || ctx_fail(c, ERR_DUP_IN_DB, "name", "err.taken",
                              label_in(e->fields[TAG_NAME].label, c->lang));
}

static bool tag_before_delete(Ctx *c, const Record *r)
{
    return !is_shared(&r->v[TAG_SHARED]) || keeps_all(c, r->e, ACT_DELETE) ||
           ctx_fail(c, ERR_FORBIDDEN, NULL, "err.tag_shared");
}

extern const RecordHooks tag_hooks;
const RecordHooks tag_hooks = {.before_save = tag_before_save,
                               .after_save = tag_after_save,
                               .before_delete = tag_before_delete};
