/* What a file would change in the house, and whom or what it names that is not there. Comparing is comparing canonical texts. */
#include <string.h>

#include "base/conf.h"
#include "record/configuration/impl.h"

static bool compared(const Entity *e, const Field *f)
{
    return configuration_carries(e, f) && !f->write_only;
}

static bool same_value(Ctx *c, json_object *x, json_object *y)
{
    if (!x || !y)
        return !x && !y;
    return strcmp(cfg_text(c, x), cfg_text(c, y)) == 0;
}

void cfg_fields(Ctx *c, CfgChange *x)
{
    const Entity *e = x->e;
    x->fields = ARENA_ARRAY(c->a, e->n_fields, CfgField);
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        json_object *was = json_member(x->was->body, f->name),
                    *is = json_member(x->is->body, f->name);
        if (compared(e, f) && !same_value(c, was, is))
            x->fields[x->n_fields++] = (CfgField){f, was, is};
    }
}

static bool is_set(json_object *body, const char *name)
{
    return json_flag(body, name, false);
}

/* Out of use already: nothing to remove. */
static bool at_rest(const CfgItem *x, const Entity *e)
{
    const Configuration *f = e->configuration;
    for (int i = 0; i < f->n_states; i++)
        if (is_set(x->body, f->states[i].field))
            return true;
    return false;
}

static void compare_part(Ctx *c, const CfgPart *house, const CfgPart *file, bool remove,
                         CfgDiff *out)
{
    for (int i = 0; i < file->n; i++) {
        CfgChange x = {.e = house->e, .is = &file->items[i]};
        x.was = map_get(&house->by_key, file->items[i].key);
        x.kind = x.was ? CFG_CHANGE : CFG_ADD;
        if (x.was)
            cfg_fields(c, &x);
        if (!x.was || x.n_fields)
            vec_push(c->a, &out->changes, x);
    }
    for (int i = 0; i < house->n; i++) {
        const CfgChange x = {.kind = CFG_GONE, .e = house->e, .was = &house->items[i]};
        if (map_has(&file->by_key, house->items[i].key) || at_rest(x.was, x.e))
            continue;
        if (remove)
            vec_push(c->a, &out->changes, x);
        else
            vec_push(c->a, &out->unlisted, x);
    }
}

static void compare_settings(Ctx *c, const CfgDoc *house, const CfgDoc *file, bool remove,
                             CfgDiff *out)
{
    json_object_object_foreach(file->settings, name, v)
    {
        const char *is = json_object_get_string(v), *was = json_str(house->settings, name, NULL);
        if (!was || strcmp(was, is) != 0)
            vec_push(c->a, &out->settings, (CfgSetting){arena_str(c->a, name), was, is});
    }
    json_object_object_foreach(house->settings, old, ov)
    {
        if (remove && !json_member(file->settings, old))
            vec_push(c->a, &out->settings,
                     (CfgSetting){arena_str(c->a, old), json_object_get_string(ov), NULL});
    }
}

void cfg_compare(Ctx *c, const CfgDoc *house, const CfgDoc *file, bool remove, CfgDiff *out)
{
    *out = (CfgDiff){0};
    for (int i = 0; i < file->n; i++) {
        const CfgPart *of = cfg_part(house, file->parts[i].e->name);
        if (file->parts[i].given && !file->parts[i].foreign && of)
            compare_part(c, of, &file->parts[i], remove, out);
    }
    if (file->settings_given)
        compare_settings(c, house, file, remove, out);
}

bool cfg_same(const CfgDiff *d)
{
    return d->changes.n == 0 && d->settings.n == 0;
}

const char *cfg_place(Ctx *c, const CfgChange *x, const char *field)
{
    const CfgItem *it = x->is ? x->is : x->was;
    return arena_printf(c->a, "%s[%s]%s%s", x->e->name, it->key, field ? "." : "",
                        field ? field : "");
}

void cfg_placed(Ctx *c, ErrItem *last, const CfgChange *x)
{
    for (ErrItem *e = cfg_since(c, last); e; e = e->next)
        e->field = cfg_place(c, x, e->field);
}

/* ---- who is missing ----------------------------------------------------------------------------- */

typedef struct Need {
    Ctx *c;
    CfgNames *names;
    const CfgDoc *house, *file;
    const CfgDiff *diff;
    const CfgChange *at; /* the row that is looked at */
    const Field *f;
    json_object *missing; /* [{"entity", "key"}]; NULL in the first pass, which only asks */
    Map told;
} Need;

/* A row of the configuration itself: in the file, or in the house and not on its way out. */
static bool in_configuration(const Need *n, const Entity *to, const char *key, bool *known)
{
    const CfgPart *file = cfg_part(n->file, to->name), *house = cfg_part(n->house, to->name);
    *known = file != NULL;
    if (!file || map_has(&file->by_key, key))
        return file != NULL;
    const CfgItem *there = map_get(&house->by_key, key);
    for (size_t i = 0; there && i < n->diff->changes.n; i++)
        if (n->diff->changes.items[i].kind == CFG_GONE && n->diff->changes.items[i].was == there)
            return false;
    return there != NULL;
}

static void tell(Need *n, const Entity *to, const char *key, bool several)
{
    Ctx *c = n->c;
    const char *once = arena_printf(c->a, "%s %s", to->name, key);
    ctx_fail(c, several ? ERR_REF_AMBIGUOUS : ERR_REF_NOT_FOUND, cfg_place(c, n->at, n->f->name),
             several ? "cfg.ref_several" : "cfg.ref_missing", label_in(to->label, c->lang), key);
    if (map_put(&n->told, once, n))
        return;
    json_object *o = json_object_new_object();
    json_object_object_add(o, "entity", json_object_new_string(to->name));
    json_object_object_add(o, "key", json_object_new_string(key));
    json_object_array_add(n->missing, o);
}

static void look(Need *n, const Entity *to, const char *key)
{
    bool known = false;
    if (in_configuration(n, to, key, &known))
        return;
    if (known)
        return n->missing ? tell(n, to, key, false) : (void)0;
    if (!n->missing) {
        cfg_names_want_key(n->names, to, key);
        return;
    }
    int64_t id = cfg_id_of(n->names, to, key);
    if (id <= 0)
        tell(n, to, key, id < 0);
}

static json_object *look_ref(void *arg, const Entity *to, json_object *v)
{
    Need *n = arg;
    const char *key = cfg_ref_key(v, to);
    json_object *none;
    if (key)
        look(n, to, key);
    else if (n->missing && json_object_is_type(v, json_type_object) &&
             json_object_object_get_ex(v, to->name, &none) && !none)
        ctx_fail(n->c, ERR_REF_NOT_FOUND, cfg_place(n->c, n->at, n->f->name), "cfg.ref_none",
                 label_in(to->label, n->c->lang));
    return v;
}

static void look_field(Need *n, json_object *v)
{
    const Field *f = n->f;
    const Entity *to = f->to ? model_entity(n->c->model, f->to) : NULL;
    if (!v)
        return;
    if (f->type == FT_LINK && to)
        look(n, to, json_object_get_string(v));
    else if (f->type == FT_LINK_MANY && to)
        for (size_t i = 0; i < json_object_array_length(v); i++)
            look(n, to, json_object_get_string(json_object_array_get_idx(v, i)));
    else if (f->n_refs)
        cfg_refs(f, cfg_about(n->c, n->at->e, n->at->is->body), v, look_ref, n);
}

bool cfg_missing(Ctx *c, const CfgDoc *house, const CfgDoc *file, const CfgDiff *d,
                 json_object *missing)
{
    Need n = {.c = c, .names = cfg_names_new(c), .house = house, .file = file, .diff = d};
    int before = c->n_err;
    map_init(&n.told, c->a);
    for (int pass = 0; pass < 2; pass++) {
        if (pass && !cfg_names_fetch(n.names))
            return false;
        n.missing = pass ? missing : NULL;
        for (size_t i = 0; i < d->changes.n; i++) {
            const CfgChange *x = &d->changes.items[i];
            n.at = x;
            for (int k = 0; x->is && k < x->e->n_fields; k++) {
                n.f = &x->e->fields[k];
                if (compared(x->e, n.f))
                    look_field(&n, json_member(x->is->body, n.f->name));
            }
        }
    }
    return c->n_err == before;
}
