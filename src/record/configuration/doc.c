/* A document of configuration in memory: parts, items, their keys and their order. Shared by the house and by files. */
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "record/configuration/impl.h"

static void put_json(void *o)
{
    (void)json_object_put(o);
}

json_object *cfg_keep(Ctx *c, json_object *o)
{
    if (!o)
        abort(); /* memory: json-c knows no other reason */
    arena_defer(c->a, put_json, o);
    return o;
}

const char *cfg_text(Ctx *c, json_object *v)
{
    return arena_str(c->a, json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE));
}

bool cfg_doc_new(Ctx *c, CfgDoc *out)
{
    const Entity *const *list, *stuck;
    int n = configuration_entities(c->a, c->model, &list, &stuck);
    *out = (CfgDoc){.parts = ARENA_ARRAY(c->a, n + 1, CfgPart), .n = n};
    for (int i = 0; i < n; i++) {
        out->parts[i].e = list[i];
        map_init(&out->parts[i].by_key, c->a);
    }
    map_init(&out->files, c->a);
    out->settings = cfg_keep(c, json_object_new_object());
    return !stuck;
}

CfgPart *cfg_part(const CfgDoc *d, const char *entity)
{
    for (int i = 0; i < d->n; i++)
        if (strcmp(d->parts[i].e->name, entity) == 0)
            return &d->parts[i];
    return NULL;
}

const Entity *cfg_about(const Ctx *c, const Entity *e, json_object *body)
{
    const char *of = e->configuration ? e->configuration->of : NULL;
    const char *name = of ? json_str(body, of, NULL) : NULL;
    return name ? model_entity(c->model, name) : NULL;
}

const char *cfg_key_of(Ctx *c, const Entity *e, json_object *body)
{
    Buf b;
    buf_init(&b, c->a);
    for (int i = 0; e->key[i]; i++) {
        json_object *v = json_member(body, e->key[i]);
        if (i)
            buf_putc(&b, '/');
        buf_puts(&b, json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "-");
    }
    return b.len ? b.data : "";
}

static int by_key(const void *x, const void *y)
{
    return strcmp(((const CfgItem *)x)->key, ((const CfgItem *)y)->key);
}

/* Names that are there twice are told apart by their age ("nth": 2). In a file no key is there twice any more. */
void cfg_part_order(Ctx *c, CfgPart *p)
{
    Map seen;
    map_init(&seen, c->a);
    for (int i = 0; i < p->n; i++) {
        CfgItem *x = &p->items[i];
        const char *key = x->key;
        int n = 1;
        while (map_has(&seen, key))
            key = arena_printf(c->a, "%s#%d", x->key, ++n);
        if (n > 1)
            json_object_object_add(x->body, "nth", json_object_new_int(n));
        x->key = key;
        map_put(&seen, key, x);
    }
    if (p->n)
        qsort(p->items, (size_t)p->n, sizeof *p->items, by_key);
    map_init(&p->by_key, c->a);
    for (int i = 0; i < p->n; i++)
        map_put(&p->by_key, p->items[i].key, &p->items[i]);
}

const char *cfg_state(Ctx *c, const CfgDoc *d)
{
    char hex[65];
    Buf b;
    buf_init(&b, c->a);
    (void)cfg_write(c, d, false, &b);
    crypt_sha256_hex(b.data, b.len, hex);
    return arena_dup(c->a, hex, 16);
}
