/* Configuration as declared in entity files. See configuration.h; each mistake has a test in
   test/unit/meta/test_configuration.c. */
#include "meta/configuration.h"

#include <string.h>

#include "meta/filter.h"
#include "meta/types.h"

static bool among(const char *const *list, const char *word)
{
    for (int i = 0; list && list[i]; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

const ConfState *configuration_state(const Entity *e, const Field *f)
{
    const Configuration *x = e->configuration;
    for (int i = 0; x && i < x->n_states; i++)
        if (strcmp(x->states[i].field, f->name) == 0)
            return &x->states[i];
    return NULL;
}

bool configuration_carries(const Entity *e, const Field *f)
{
    const Configuration *x = e->configuration;
    if (!x || f->hidden || f->retired || among(x->without, f->name))
        return false;
    if (f->index == STD_ID || f->type == FT_PARTS || f->type == FT_FILES || f->type == FT_NUMBER)
        return false;
    if (e->standard && f->index < STD__COUNT)
        return f->index == STD_OWNER && x->owner;
    if (f->readonly)
        return configuration_state(e, f) != NULL;
    return f->column || f->type == FT_LINK_MANY || f->write_only;
}

static const Field *number_of(const Entity *e)
{
    for (int i = 0; i < e->n_builtin; i++)
        if (e->fields[i].type == FT_NUMBER)
            return &e->fields[i];
    return NULL;
}

bool configuration_named(const Entity *e)
{
    return e->key || number_of(e);
}

/* ---- the order ------------------------------------------------------------------------------ */

/* Do rows of e need rows of `of` to be there first? */
static bool needs(const Entity *e, const Entity *of)
{
    if (e == of)
        return false;
    if (among(e->configuration->after, of->name))
        return true;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!configuration_carries(e, f))
            continue;
        if ((f->type == FT_LINK || f->type == FT_LINK_MANY) && f->to &&
            strcmp(f->to, of->name) == 0)
            return true;
        for (int k = 0; k < f->n_refs; k++)
            if (strcmp(f->refs[k].what, of->name) == 0)
                return true;
    }
    return false;
}

int configuration_entities(Arena *a, const Model *m, const Entity *const **out,
                           const Entity **stuck)
{
    const Entity **todo = ARENA_ARRAY(a, m->n, const Entity *),
                 **list = ARENA_ARRAY(a, m->n, const Entity *);
    int n_todo = 0, n = 0;
    for (int i = 0; i < m->n; i++)
        if (m->entities[i].configuration)
            todo[n_todo++] = &m->entities[i];
    *stuck = NULL;
    while (n < n_todo) {
        const Entity *next = NULL, *first = NULL;
        for (int i = 0; i < n_todo && !next; i++) {
            bool free = todo[i] != NULL;
            first = first ? first : todo[i];
            for (int k = 0; free && k < n_todo; k++)
                free = !todo[k] || !needs(todo[i], todo[k]);
            if (free) {
                next = todo[i];
                todo[i] = NULL;
            }
        }
        if (!next) {
            *stuck = first;
            break;
        }
        list[n++] = next;
    }
    *out = list;
    return n;
}

/* ---- checks --------------------------------------------------------------------------------- */

typedef struct K {
    Ctx *c;
    const Model *m;
    const MetaSource *sources;
    int n;
    const Entity *e;
    const MetaSource *s; /* of e, or NULL */
    bool ok;
} K;

static void fail(K *k, const char *const *path, const char *const *msg)
{
    k->ok = meta_fail_args(k->c, k->e->file, k->s ? meta_line(k->s, path) : 0, msg);
}
#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool key_type(const Field *f)
{
    return f->column && (f->type == FT_STRING || f->type == FT_OPTION || f->type == FT_NUMBER ||
                         f->type == FT_EMAIL);
}

static void check_key(K *k)
{
    const Entity *e = k->e;
    for (int i = 0; e->key && e->key[i]; i++) {
        const Field *f = entity_field(e, e->key[i]);
        if (!f || !key_type(f))
            fail(k, PATH("key"), PATH("meta.key_field", e->key[i]));
        else if (e->configuration && !configuration_carries(e, f))
            fail(k, PATH("key"), PATH("meta.key_carried", e->key[i]));
    }
    if (e->key && !e->key[0])
        fail(k, PATH("key"), PATH("meta.key_empty"));
    if (e->configuration && !e->key)
        fail(k, PATH("configuration"), PATH("meta.configuration_key"));
}

static void check_target(K *k, const Field *f, const char *key, const char *name)
{
    const Entity *to = name ? model_entity(k->m, name) : NULL;
    if (!to)
        fail(k, PATH("fields", f->name, key), PATH("meta.link_missing", name ? name : "?"));
    else if (to == k->e)
        fail(k, PATH("fields", f->name, key), PATH("meta.configuration_self", f->name));
    else if (!configuration_named(to))
        fail(k, PATH("fields", f->name, key), PATH("meta.configuration_unnamed", f->name, name));
}

static void check_carried(K *k, const Field *f)
{
    if (f->type == FT_FILE || f->type == FT_IMAGE)
        fail(k, PATH("fields", f->name), PATH("meta.configuration_file", f->name));
    if ((f->type == FT_LINK || f->type == FT_LINK_MANY) && f->index != STD_OWNER)
        check_target(k, f, "to", f->to);
    for (int i = 0; i < f->n_refs; i++) {
        const char *what = f->refs[i].what;
        if (strcmp(what, "filter_of") == 0)
            continue;
        bool of = strcmp(what, "filter") == 0 || strcmp(what, "values") == 0;
        if (of && !k->e->configuration->of)
            fail(k, PATH("fields", f->name, "refs"), PATH("meta.configuration_of", what));
        else if (!of)
            check_target(k, f, "refs", what);
    }
}

static void check_field_names(K *k, const char *key, const char *const *names)
{
    for (int i = 0; names && names[i]; i++)
        if (!entity_field(k->e, names[i]))
            fail(k, PATH("configuration", key), PATH("meta.no_such_field", key, names[i]));
}

static bool has_action(const Entity *e, const char *name)
{
    for (int i = 0; i < e->n_actions; i++)
        if (strcmp(e->actions[i].name, name) == 0)
            return true;
    return false;
}

static void check_states(K *k)
{
    const Configuration *x = k->e->configuration;
    for (int i = 0; i < x->n_states; i++) {
        const Field *f = entity_field(k->e, x->states[i].field);
        if (!f || f->type != FT_BOOL || !f->readonly)
            fail(k, PATH("configuration", "states"),
                 PATH("meta.configuration_state", x->states[i].field));
        else if (!has_action(k->e, x->states[i].on) || !has_action(k->e, x->states[i].off))
            fail(k, PATH("configuration", "states"),
                 PATH("meta.configuration_action", x->states[i].field));
    }
}

static void check_whole(K *k)
{
    const Entity *e = k->e;
    const Configuration *x = e->configuration;
    if (x->owner && !e->standard)
        fail(k, PATH("configuration", "owner"), PATH("meta.configuration_owner"));
    if (x->of && !entity_field(e, x->of))
        fail(k, PATH("configuration", "of"), PATH("meta.no_such_field", "of", x->of));
    check_field_names(k, "without", x->without);
    for (int i = 0; x->after && x->after[i]; i++) {
        const Entity *to = model_entity(k->m, x->after[i]);
        if (!to || !to->configuration)
            fail(k, PATH("configuration", "after"), PATH("meta.configuration_after", x->after[i]));
    }
    if (x->where) {
        Filter *f;
        int before = k->c->n_err;
        if (!filter_parse_text(k->c, e, x->where, NULL, (FilterMe){0}, &f)) {
            const char *why =
                k->c->n_err > before ? arena_str(k->c->a, k->c->err_last->message) : "";
            ctx_errors_back_to(k->c, before);
            fail(k, PATH("configuration", "where"), PATH("meta.open", why));
        }
    }
    check_states(k);
    for (int i = 0; i < e->n_fields; i++)
        if (configuration_carries(e, &e->fields[i]))
            check_carried(k, &e->fields[i]);
}

bool check_configuration(Ctx *c, const Model *m, const MetaSource *sources, int n)
{
    K k = {.c = c, .m = m, .sources = sources, .n = n, .ok = true};
    for (int i = 0; i < m->n; i++) {
        k.e = &m->entities[i];
        k.s = NULL;
        for (int j = 0; j < n; j++)
            if (strcmp(sources[j].path, k.e->file) == 0)
                k.s = &sources[j];
        check_key(&k);
        if (k.e->configuration)
            check_whole(&k);
        for (int j = 0; j < k.e->n_fields; j++)
            if (k.e->fields[j].n_refs && k.e->fields[j].type != FT_JSON)
                fail(&k, PATH("fields", k.e->fields[j].name, "refs"),
                     PATH("meta.not_for_type", "refs", type_ops(k.e->fields[j].type)->name));
    }
    const Entity *const *list, *stuck;
    configuration_entities(c->a, m, &list, &stuck);
    if (stuck) {
        k.e = stuck;
        k.s = NULL;
        for (int j = 0; j < n; j++)
            if (strcmp(sources[j].path, stuck->file) == 0)
                k.s = &sources[j];
        fail(&k, PATH("configuration", "after"), PATH("meta.configuration_circle", stuck->name));
    }
    return k.ok;
}
