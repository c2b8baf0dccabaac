/* What "configuration", "key" and "refs" of an entity file mean together. See check_impl.h; each mistake has a test in
   test/unit/meta/test_configuration.c. */
#include <string.h>

#include "meta/check_impl.h"
#include "meta/configuration.h"
#include "meta/types.h"

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
            EFAIL(k, "key", NULL, "meta.key_field", e->key[i]);
        else if (e->configuration && !configuration_carries(e, f))
            EFAIL(k, "key", NULL, "meta.key_carried", e->key[i]);
    }
    if (e->key && !e->key[0])
        EFAIL(k, "key", NULL, "meta.key_empty");
    if (e->configuration && !e->key)
        EFAIL(k, "configuration", NULL, "meta.configuration_key");
}

static void check_target(K *k, const Field *f, const char *key, const char *name)
{
    const Entity *to = name ? model_entity(k->m, name) : NULL;
    if (!to)
        FFAIL(k, f, key, "meta.link_missing", name ? name : "?");
    else if (to == k->e)
        FFAIL(k, f, key, "meta.configuration_self", f->name);
    else if (!configuration_named(to))
        FFAIL(k, f, key, "meta.configuration_unnamed", f->name, name);
}

static void check_carried(K *k, const Field *f)
{
    if (f->type == FT_FILE || f->type == FT_IMAGE)
        FFAIL(k, f, NULL, "meta.configuration_file", f->name);
    if ((f->type == FT_LINK || f->type == FT_LINK_MANY) && f->index != STD_OWNER)
        check_target(k, f, "to", f->to);
    for (int i = 0; i < f->n_refs; i++) {
        const char *what = f->refs[i].what;
        if (strcmp(what, "filter_of") == 0)
            continue;
        bool of = strcmp(what, "filter") == 0 || strcmp(what, "values") == 0;
        if (of && !k->e->configuration->of)
            FFAIL(k, f, "refs", "meta.configuration_of", what);
        else if (!of)
            check_target(k, f, "refs", what);
    }
}

static void check_field_names(K *k, const char *key, const char *const *names)
{
    for (int i = 0; names && names[i]; i++)
        if (!entity_field(k->e, names[i]))
            EFAIL(k, "configuration", key, "meta.no_such_field", key, names[i]);
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
            EFAIL(k, "configuration", "states", "meta.configuration_state", x->states[i].field);
        else if (!has_action(k->e, x->states[i].on) || !has_action(k->e, x->states[i].off))
            EFAIL(k, "configuration", "states", "meta.configuration_action", x->states[i].field);
    }
}

static void check_whole(K *k)
{
    const Entity *e = k->e;
    const Configuration *x = e->configuration;
    if (x->owner && !e->standard)
        EFAIL(k, "configuration", "owner", "meta.configuration_owner");
    if (x->of && !entity_field(e, x->of))
        EFAIL(k, "configuration", "of", "meta.no_such_field", "of", x->of);
    check_field_names(k, "without", x->without);
    for (int i = 0; x->after && x->after[i]; i++) {
        const Entity *to = model_entity(k->m, x->after[i]);
        if (!to || !to->configuration)
            EFAIL(k, "configuration", "after", "meta.configuration_after", x->after[i]);
    }
    const char *why;
    if (x->where && !check_own_filter(k, x->where, &why))
        EFAIL(k, "configuration", "where", "meta.open", why);
    check_states(k);
    int files = 0;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!configuration_carries(e, f))
            continue;
        check_carried(k, f);
        if (f->type == FT_FILES && (files++ || !(e->gets & GETS_ATTACHMENTS)))
            FFAIL(k, f, NULL, "meta.configuration_files", f->name);
    }
}

void check_configuration(K *k)
{
    check_key(k);
    if (k->e->configuration)
        check_whole(k);
    for (int i = 0; i < k->e->n_fields; i++) {
        const Field *f = &k->e->fields[i];
        if (f->n_refs && f->type != FT_JSON)
            FFAIL(k, f, "refs", "meta.not_for_type", "refs", type_ops(f->type)->name);
    }
}

void check_configuration_order(K *k)
{
    const Entity *const *list, *stuck;
    configuration_entities(k->c->a, k->m, &list, &stuck);
    if (!stuck)
        return;
    check_take(k, stuck);
    EFAIL(k, "configuration", "after", "meta.configuration_circle", stuck->name);
}
