/* The model in memory: how it is put together, found, held and let go. See model.h. */
#include "meta/model.h"

#include <stdatomic.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/embed.h"
#include "meta/check.h"
#include "meta/parse.h"

static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static Model *current;

static uint64_t digest(uint64_t h, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        h ^= (unsigned char)s[i];
        h *= 1099511628211u;
    }
    return h;
}

static bool is_standard(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "standard.json") == 0;
}

static void lay_custom(Ctx *c, Model *m, const CustomField *custom, int n, bool *ok)
{
    for (int i = 0; i < n; i++) {
        Entity *e = map_get(&m->by_name, custom[i].entity);
        if (!e) {
            *ok = ctx_fail(c, ERR_INVALID, "entity", "meta.custom_entity", custom[i].entity);
            continue;
        }
        if (!(e->gets & GETS_CUSTOM))
            *ok = ctx_fail(c, ERR_INVALID, "entity", "meta.custom_not_here", e->label.zh);
        else
            *ok = parse_custom(c, m->a, &custom[i], e) && *ok;
    }
}

bool meta_build(Ctx *c, const MetaSource *given, int n, const CustomField *custom, int n_custom,
                Model **out)
{
    int before = c->n_err;
    Arena *a = arena_new(0);
    Model *m = ARENA_NEW(a, Model);
    m->a = a;
    atomic_init(&m->refs, 1);
    map_init(&m->by_name, a);
    map_init(&m->by_plural, a);
    m->entities = ARENA_ARRAY(a, n > 0 ? n : 1, Entity);
    Field *standard = NULL;
    int n_standard = 0;
    bool ok = true;
    uint64_t h = 1469598103934665603u;
    MetaSource *sources = ARENA_ARRAY(c->a, n > 0 ? n : 1, MetaSource);
    for (int i = 0; i < n; i++) /* what is built in need not end in NUL */
        sources[i] =
            (MetaSource){given[i].path, arena_dup(c->a, given[i].text, given[i].len), given[i].len};
    for (int i = 0; i < n; i++) {
        h = digest(h, sources[i].text, sources[i].len);
        if (is_standard(sources[i].path))
            ok = parse_standard(c, a, &sources[i], &standard, &n_standard) && ok;
    }
    if (n_standard != STD__COUNT) {
        if (ok)
            meta_fail(c, NULL, 0, "meta.no_standard");
        arena_free(a);
        return false;
    }
    for (int i = 0; i < n; i++) {
        if (is_standard(sources[i].path))
            continue;
        Entity *e = &m->entities[m->n];
        e->index = m->n++;
        e->model = m;
        ok = parse_entity(c, a, &sources[i], standard, n_standard, n_custom, e) && ok;
        if (e->n_fields) {
            map_put(&m->by_name, e->name, e);
            map_put(&m->by_plural, e->plural, e);
        }
    }
    for (int i = 0; i < n_custom; i++) {
        h = digest(h, custom[i].entity, strlen(custom[i].entity) + 1);
        h = digest(h, custom[i].name, strlen(custom[i].name) + 1);
        h = digest(h, custom[i].json, strlen(custom[i].json) + 1);
    }
    lay_custom(c, m, custom, n_custom, &ok);
    for (int i = 0; i < m->n; i++)
        for (int j = 0; j < m->entities[i].n_fields; j++)
            m->entities[i].fields[j].entity = &m->entities[i];
    snprintf(m->version, sizeof m->version, "%016llx", (unsigned long long)h);
    if (ok)
        ok = check_model(c, m, sources, n);
    if (!ok || c->n_err != before) {
        arena_free(a);
        return false;
    }
    *out = m;
    return true;
}

bool model_build(Ctx *c, const CustomField *custom, int n_custom, Model **out)
{
    int n = 0;
    const Embed *first = embed_first("entities/");
    for (const Embed *e = first; e && e->path && strncmp(e->path, "entities/", 9) == 0; e++)
        n++;
    MetaSource *sources = ARENA_ARRAY(c->a, n > 0 ? n : 1, MetaSource);
    int k = 0;
    for (int i = 0; i < n; i++) {
        size_t len = strlen(first[i].path);
        if (len < 6 || strcmp(first[i].path + len - 5, ".json") != 0 ||
            strstr(first[i].path, "schema.json"))
            continue;
        sources[k++] = (MetaSource){first[i].path, (const char *)first[i].data, first[i].len};
    }
    return meta_build(c, sources, k, custom, n_custom, out);
}

Model *model_hold(void)
{
    pthread_mutex_lock(&current_lock);
    Model *m = current;
    if (m)
        atomic_fetch_add(&m->refs, 1);
    pthread_mutex_unlock(&current_lock);
    return m;
}

void model_release(void *p)
{
    Model *m = p;
    if (m && atomic_fetch_sub(&m->refs, 1) == 1)
        arena_free(m->a);
}

void model_replace(Model *m)
{
    pthread_mutex_lock(&current_lock);
    Model *old = current;
    current = m;
    pthread_mutex_unlock(&current_lock);
    model_release(old);
}

const Entity *model_entity(const Model *m, const char *name)
{
    return name ? map_get(&m->by_name, name) : NULL;
}

const Entity *model_plural(const Model *m, const char *plural)
{
    return plural ? map_get(&m->by_plural, plural) : NULL;
}

const Field *entity_field(const Entity *e, const char *name)
{
    return name ? map_get(&e->by_name, name) : NULL;
}

bool field_sealed(const Entity *e, const Field *f)
{
    static const char end[] = "_sealed";
    size_t n = strlen(f->name), tail = sizeof end - 1;
    char name[72];
    if (!f->hidden || n <= tail || n >= sizeof name || strcmp(f->name + n - tail, end) != 0)
        return false;
    memcpy(name, f->name, n - tail);
    name[n - tail] = 0;
    const Field *of = entity_field(e, name);
    return of && of->write_only;
}

const Option *field_option(const Field *f, const char *code)
{
    for (int i = 0; i < f->n_options; i++)
        if (strcmp(f->options[i].code, code) == 0)
            return &f->options[i];
    return NULL;
}

const char *label_in(Label l, const char *lang)
{
    return lang && strcmp(lang, "en") == 0 && l.en ? l.en : l.zh;
}

bool entity_has(const Entity *e, const char *field)
{
    return map_has(&e->by_name, field);
}
