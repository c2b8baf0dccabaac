/* What is asked of a merge, and whether the caller may: which records, and which values of whom. See merge.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "record/merge/impl.h"
#include "record/value.h"

/* ---- the body -------------------------------------------------------------------------------- */

static bool known_id(const Merge *m, int64_t id)
{
    bool found = id == m->survivor;
    for (int i = 0; i < m->n; i++)
        found = found || m->merged[i] == id;
    return found;
}

static bool read_merged(Ctx *c, json_object *list, Merge *m)
{
    size_t n = json_length(list);
    if (!n || n > MERGE_MOST)
        return ctx_fail(c, ERR_INVALID, "merged", "err.merge_ids", ctx_num(c, MERGE_MOST));
    for (size_t i = 0; i < n; i++) {
        json_object *one = json_object_array_get_idx(list, i);
        if (!json_object_is_type(one, json_type_int))
            return ctx_fail(c, ERR_TYPE, "merged", "err.list_wanted", "merged");
        int64_t id = json_object_get_int64(one);
        if (known_id(m, id))
            return ctx_fail(c, ERR_INVALID, "merged", "err.merge_twice");
        m->merged[m->n++] = id;
    }
    return true;
}

static bool read_versions(Ctx *c, json_object *o, Merge *m)
{
    m->version = -1;
    for (int i = 0; i < m->n; i++)
        m->versions[i] = -1;
    if (!o)
        return true;
    json_object_object_foreach(o, key, value)
    {
        char *end;
        int64_t id = strtoll(key, &end, 10);
        if (!*key || *end || !known_id(m, id))
            return ctx_fail(c, ERR_INVALID, "versions", "err.merge_version", key);
        if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
            return ctx_fail(c, ERR_TYPE, "versions", "err.merge_version", key);
        int64_t version = json_object_get_int64(value);
        if (id == m->survivor)
            m->version = version;
        for (int i = 0; i < m->n; i++)
            if (m->merged[i] == id)
                m->versions[i] = version;
    }
    return true;
}

bool merge_read(Ctx *c, const Entity *e, json_object *in, Merge *out)
{
    static const JsonWant want[] = {
        {"survivor", json_type_int, true},     {"merged", json_type_array, true},
        {"choose", json_type_object, false},   {"versions", json_type_object, false},
        {"preview", json_type_boolean, false}, {NULL, json_type_null, false}};
    if (!json_want(c, in, want))
        return false;
    *out = (Merge){.e = e, .survivor = json_int(in, "survivor", 0), .version = -1};
    out->choose = json_member(in, "choose");
    out->preview = json_flag(in, "preview", false);
    out->o = (SaveOptions){.if_version = -1, .origin = "web"};
    return read_merged(c, json_member(in, "merged"), out) &&
           read_versions(c, json_member(in, "versions"), out);
}

/* ---- who may --------------------------------------------------------------------------------- */

static bool own_code(Ctx *c, Merge *m)
{
    for (int i = -1; i < m->n; i++) {
        Record *r = i < 0 ? &m->s : &m->r[i];
        if (!rec_load(c, m->e, i < 0 ? m->survivor : m->merged[i], r) ||
            r->v[STD_DELETED_AT].kind != DB_NULL)
            return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    }
    return true;
}

/* What hung on the record of one owner hangs on that of another: who may not hand it over does not get to it by a merge, nor
   reads in clear at an own record what is masked for him at theirs. */
static bool handed_over(Ctx *c, const Merge *m, Record *r)
{
    return value_same(&r->v[STD_OWNER], &m->s.v[STD_OWNER]) ||
           rec_get_for(c, m->e, r->id, ACT_TRANSFER, r);
}

static bool person(Ctx *c, Merge *m)
{
    const Entity *e = m->e;
    if (!access_need(c, e, ACT_MERGE) || !access_need(c, e, ACT_EDIT) ||
        !access_need(c, e, ACT_DELETE) || !rec_get(c, e, m->survivor, false, &m->s))
        return false;
    for (int i = 0; i < m->n; i++)
        if (!rec_get(c, e, m->merged[i], false, &m->r[i]))
            return false;
    /* he reads them all; now what he may do to each */
    if (!rec_get_for(c, e, m->survivor, ACT_MERGE, &m->s) ||
        !rec_get_for(c, e, m->survivor, ACT_EDIT, &m->s))
        return false;
    for (int i = 0; i < m->n; i++)
        if (!rec_get_for(c, e, m->merged[i], ACT_MERGE, &m->r[i]) ||
            !rec_get_for(c, e, m->merged[i], ACT_DELETE, &m->r[i]) || !handed_over(c, m, &m->r[i]))
            return false;
    return true;
}

bool merge_gate(Ctx *c, Merge *m)
{
    if (m->o.trusted ? !own_code(c, m) : !person(c, m))
        return false;
    bool stale = m->version >= 0 && m->s.version != m->version;
    for (int i = 0; i < m->n; i++)
        stale = stale || (m->versions[i] >= 0 && m->r[i].version != m->versions[i]);
    return !stale || ctx_fail(c, ERR_STALE, NULL, "err.stale");
}

/* ---- whose values ---------------------------------------------------------------------------- */

/* May the value of this field be taken from another record by a person? */
static bool may_choose(Ctx *c, const Merge *m, const Field *f, const Record *from)
{
    const char *name = arena_printf(c->a, "choose.%s", f->name);
    bool masked = false;
    if (m->e->standard && f->index == STD_OWNER)
        return ctx_fail(c, ERR_READONLY, name, "err.owner_by_transfer");
    if (f->type == FT_LINK_MANY)
        return ctx_fail(c, ERR_INVALID, name, "err.merge_many");
    if (!f->column || f->readonly || f->hidden || f->write_only || f->create_only || f->retired ||
        f->type == FT_NUMBER || f->type == FT_FILE || f->type == FT_IMAGE)
        return ctx_fail(c, ERR_READONLY, name, "err.merge_field", label_in(f->label, c->lang));
    if (m->o.trusted)
        return true;
    if (access_field(c, f, &masked) != FR_EDIT)
        return ctx_fail(c, ERR_PERM_DENIED, name, "err.perm.denied");
    if (masked && !rec_within(c, m->e, from->id, access_clear_scope(c, m->e)))
        return c->n_err == 0 &&
               ctx_fail(c, ERR_MASKED, name, "err.merge_masked", label_in(f->label, c->lang));
    return true;
}

static const Record *chosen_from(const Merge *m, json_object *id)
{
    int64_t n = json_object_is_type(id, json_type_int) ? json_object_get_int64(id) : 0;
    if (n == m->survivor)
        return &m->s;
    for (int i = 0; i < m->n; i++)
        if (m->merged[i] == n)
            return &m->r[i];
    return NULL;
}

bool merge_choose(Ctx *c, const Merge *m, json_object **out)
{
    const Entity *e = m->e;
    unsigned char *changed = ARENA_ARRAY(c->a, e->n_fields, unsigned char);
    DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    int before = c->n_err;
    *out = NULL;
    if (!m->choose)
        return true;
    json_object_object_foreach(m->choose, name, id)
    {
        const Field *f = entity_field(e, name);
        const Record *from = chosen_from(m, id);
        bool masked;
        /* what he may not read at all is as if it were not there */
        if (!f || f->hidden || (!m->o.trusted && access_field(c, f, &masked) == FR_NONE)) {
            ctx_fail(c, ERR_UNKNOWN_FIELD, arena_printf(c->a, "choose.%s", name),
                     "err.unknown_field", name);
        } else if (!from) {
            ctx_fail(c, ERR_INVALID, arena_printf(c->a, "choose.%s", name), "err.merge_choice");
        } else if (from != &m->s && may_choose(c, m, f, from)) {
            changed[f->index] = 1;
            v[f->index] = from->v[f->index];
        }
    }
    if (c->n_err == before)
        *out = merge_input(c, e, changed, v);
    return c->n_err == before;
}
