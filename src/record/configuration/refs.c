/* Where values of JSON fields name rows of the house, and what stands there: ids in the database, {"user": "zhang"} in a file. */
#include <string.h>

#include "record/configuration/impl.h"

typedef struct Walk {
    const Entity *of;
    CfgRefFn *fn;
    void *arg;
} Walk;

const char *cfg_ref_key(json_object *v, const Entity *to)
{
    json_object *key;
    if (!json_object_is_type(v, json_type_object) || json_object_object_length(v) != 1 ||
        !json_object_object_get_ex(v, to->name, &key) ||
        !json_object_is_type(key, json_type_string))
        return NULL;
    return json_object_get_string(key);
}

/* Puts what fn gives for each item, or for the value itself where it is no list. */
static json_object *each(const Walk *w, const Entity *to, json_object *v)
{
    if (!json_object_is_type(v, json_type_array))
        return v ? w->fn(w->arg, to, v) : v;
    for (size_t i = 0; i < json_object_array_length(v); i++) {
        json_object *it = json_object_array_get_idx(v, i), *now = it ? w->fn(w->arg, to, it) : it;
        if (now != it)
            json_object_array_put_idx(v, i, now);
    }
    return v;
}

/* The entity whose rows the value of a leaf names; NULL where it names none. */
static const Entity *named_by(const Entity *e, const char *path)
{
    while (e) {
        size_t n = strcspn(path, ".");
        char name[64];
        if (n >= sizeof name)
            return NULL;
        memcpy(name, path, n);
        name[n] = 0;
        const Field *f = entity_field(e, name);
        if (!f)
            return NULL;
        if (!path[n] && f->index == STD_ID)
            return e;
        if (f->type != FT_LINK && f->type != FT_LINK_MANY)
            return NULL;
        e = f->to ? model_entity(e->model, f->to) : NULL;
        if (!path[n])
            return e;
        path += n + 1;
    }
    return NULL;
}

static void filter(const Walk *w, json_object *v, int depth)
{
    enum { DEEPEST = 16 };
    if (!json_object_is_type(v, json_type_array) || depth > DEEPEST)
        return;
    size_t n = json_object_array_length(v);
    json_object *head = n ? json_object_array_get_idx(v, 0) : NULL;
    const char *word =
        json_object_is_type(head, json_type_string) ? json_object_get_string(head) : "";
    if (strcmp(word, "and") == 0 || strcmp(word, "or") == 0 || strcmp(word, "not") == 0) {
        for (size_t i = 1; i < n; i++)
            filter(w, json_object_array_get_idx(v, i), depth + 1);
        return;
    }
    const Entity *to = n == 3 ? named_by(w->of, word) : NULL;
    json_object *val = to ? json_object_array_get_idx(v, 2) : NULL;
    json_object *now = val ? each(w, to, val) : val;
    if (now != val)
        json_object_array_put_idx(v, 2, now);
}

static void values(const Walk *w, json_object *v)
{
    if (!json_object_is_type(v, json_type_object))
        return;
    json_object_object_foreach(v, name, val)
    {
        const Field *f = entity_field(w->of, name);
        bool link = f && (f->type == FT_LINK || f->type == FT_LINK_MANY) && f->to;
        const Entity *to = link ? model_entity(w->of->model, f->to) : NULL;
        json_object *now = to && val ? each(w, to, val) : val;
        if (now != val)
            json_object_object_add(v, name, now);
    }
}

/* The entity a list of records is of: {"of": "tasks"}, "contacts.customer", or by its label. */
static const Entity *listed(const Model *m, json_object *list)
{
    const char *name = json_str(list, "of", "");
    size_t n = strcspn(name, ".");
    for (int i = 0; i < m->n; i++) {
        const Entity *e = &m->entities[i];
        if ((strlen(e->plural) == n && strncmp(e->plural, name, n) == 0) ||
            strcmp(e->label.zh, name) == 0 || strcmp(e->label.en, name) == 0)
            return e;
    }
    return NULL;
}

static json_object *step(const Walk *w, json_object *v, const RefPath *p, int at)
{
    const char *key = p->steps[at];
    if (!v)
        return v;
    if (!key) {
        const Entity *to;
        if (strcmp(p->what, "filter") == 0 && w->of)
            filter(w, v, 0);
        else if (strcmp(p->what, "values") == 0 && w->of)
            values(w, v);
        else if (w->of && (to = model_entity(w->of->model, p->what)))
            return w->fn(w->arg, to, v);
        return v;
    }
    bool any = strcmp(key, "*") == 0;
    if (any && json_object_is_type(v, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(v); i++) {
            json_object *it = json_object_array_get_idx(v, i), *now = step(w, it, p, at + 1);
            if (now != it)
                json_object_array_put_idx(v, i, now);
        }
    } else if (json_object_is_type(v, json_type_object)) {
        json_object_object_foreach(v, name, val)
        {
            if (strcmp(name, key) == 0 && strcmp(p->what, "filter_of") == 0 && !p->steps[at + 1]) {
                const Walk of = {listed(w->of->model, v), w->fn, w->arg};
                if (of.of)
                    filter(&of, val, 0);
                continue;
            }
            json_object *now = any || strcmp(name, key) == 0 ? step(w, val, p, at + 1) : val;
            if (now != val)
                json_object_object_add(v, name, now);
        }
    }
    return v;
}

json_object *cfg_refs(const Field *f, const Entity *of, json_object *v, CfgRefFn *fn, void *arg)
{
    Walk w = {.of = of ? of : f->entity, .fn = fn, .arg = arg};
    for (int i = 0; i < f->n_refs; i++) {
        bool about =
            strcmp(f->refs[i].what, "filter") == 0 || strcmp(f->refs[i].what, "values") == 0;
        if (!about || of)
            v = step(&w, v, &f->refs[i], 0);
    }
    return v;
}
