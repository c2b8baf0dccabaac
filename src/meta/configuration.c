/* Configuration as declared in entity files. See configuration.h. */
#include "meta/configuration.h"

#include <string.h>

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
    if (f->index == STD_ID || f->type == FT_PARTS || f->type == FT_NUMBER)
        return false;
    if (e->standard && f->index < STD__COUNT)
        return f->index == STD_OWNER && x->owner;
    if (f->readonly)
        return configuration_state(e, f) != NULL;
    return f->column || f->type == FT_LINK_MANY || f->type == FT_FILES || f->write_only;
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
