/*
 * A file of configuration as somebody hands it in: strict about everything, and every mistake with its place
 * ("records.rule[3].days"). What it says is brought into the very form the house has (house.c), so that comparing the two
 * is comparing texts; what it leaves out is the default of the field, else nothing.
 */
#include <limits.h>
#include <string.h>

#include "base/conf.h"
#include "meta/types.h"
#include "record/configuration/impl.h"
#include "record/logo.h"

typedef struct Reading {
    Ctx *c;
    CfgDoc *doc;
    json_object *map; /* or NULL */
} Reading;

static bool wrong(Ctx *c, ErrCode code, const char *place, const char *const *msg)
{
    return ctx_fail_args(c, code, place, msg);
}
#define WRONG(c, code, place, ...)                                                                 \
    wrong((c), (code), (place), (const char *const[]){__VA_ARGS__, NULL})

static const char *near_of(const char *word, const char *const *words, int n)
{
    const char *near = meta_nearest(word, words, n);
    return near ? near : words[0];
}

/* ---- what somebody is called here --------------------------------------------------------------- */

static const char *mapped(const Reading *r, const Entity *to, const char *key)
{
    json_object *of = r->map ? json_member(r->map, to->name) : NULL;
    const char *now = of ? json_str(of, key, NULL) : NULL;
    return now ? now : key;
}

static json_object *map_ref(void *arg, const Entity *to, json_object *v)
{
    const Reading *r = arg;
    const char *key = cfg_ref_key(v, to), *now = key ? mapped(r, to, key) : NULL;
    if (key && now != key)
        json_object_object_add(v, to->name, json_object_new_string(now));
    else if (json_object_is_type(v, json_type_int)) /* an id means nothing in another house */
        WRONG(r->c, ERR_INVALID, NULL, "cfg.id", to->name,
              json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN));
    return v;
}

/* ---- values ------------------------------------------------------------------------------------- */

static bool texts_of(const Reading *r, const Field *f, json_object *v, json_object **out)
{
    const Entity *to = model_entity(r->c->model, f->to); /* there: meta/check_configuration.c */
    bool list = f->type == FT_LINK_MANY;
    if (!json_object_is_type(v, list ? json_type_array : json_type_string))
        return WRONG(r->c, ERR_TYPE, NULL, list ? "cfg.link_list" : "cfg.link", to->name);
    if (!list) {
        *out = cfg_keep(r->c, json_object_new_string(mapped(r, to, json_object_get_string(v))));
        return true;
    }
    *out = cfg_keep(r->c, json_object_new_array());
    for (size_t i = 0; i < json_object_array_length(v); i++) {
        json_object *it = json_object_array_get_idx(v, i);
        if (!json_object_is_type(it, json_type_string))
            return WRONG(r->c, ERR_TYPE, NULL, "cfg.link_list", to->name);
        json_object_array_add(*out,
                              json_object_new_string(mapped(r, to, json_object_get_string(it))));
    }
    return true;
}

static int by_text(const void *x, const void *y)
{
    json_object *const *a = x, *const *b = y;
    return strcmp(json_object_get_string(*a), json_object_get_string(*b));
}

/* The value as the house would write it. *out NULL: none. */
static bool canonical(const Reading *r, const Entity *e, const Field *f, json_object *item,
                      json_object *v, json_object **out)
{
    Ctx *c = r->c;
    DbVal val = db_null();
    Buf b;
    Jw w;
    *out = NULL;
    if (!v)
        return true;
    if (f->type == FT_LINK || f->type == FT_LINK_MANY) {
        if (!texts_of(r, f, v, out))
            return false;
        if (f->type == FT_LINK_MANY)
            json_object_array_sort(*out, by_text);
        if (f->type == FT_LINK_MANY && !json_object_array_length(*out))
            *out = NULL;
        return true;
    }
    if (f->type == FT_JSON) {
        int before = c->n_err;
        *out = cfg_refs(f, cfg_about(c, e, item), v, map_ref, (void *)(uintptr_t)r);
        return c->n_err == before;
    }
    if (!type_ops(f->type)->from_json(c, f, v, &val))
        return false;
    if (val.kind == DB_NULL)
        return true;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    type_ops(f->type)->to_json(f, &val, &w);
    return json_read(c, b.data, b.len, out);
}

/* What leaving a field out means, where that does not depend on who asks and when. */
static json_object *default_of(Ctx *c, const Field *f)
{
    DbVal v = db_null();
    json_object *out = NULL;
    Buf b;
    Jw w;
    int before = c->n_err;
    if (!f->dflt || f->type == FT_LINK || strcmp(f->dflt, "now") == 0 ||
        strcmp(f->dflt, "today") == 0)
        return NULL;
    if (type_ops(f->type)->from_text(c, f, f->dflt, &v) && v.kind != DB_NULL) {
        buf_init(&b, c->a);
        jw_init(&w, &b);
        type_ops(f->type)->to_json(f, &v, &w);
        json_read(c, b.data, b.len, &out);
    }
    ctx_errors_back_to(c, before);
    return out;
}

/* Secrets do not travel: only their place does. */
static bool secret_place(Ctx *c, json_object *v)
{
    if (v && (!json_object_is_type(v, json_type_object) || !json_flag(v, "to_enter", false)))
        return WRONG(c, ERR_INVALID, NULL, "cfg.secret");
    return true;
}

/* ---- a row -------------------------------------------------------------------------------------- */

/* Mistakes behind `last` get their place. */
static void place(Ctx *c, ErrItem *last, const char *at, const char *name)
{
    for (ErrItem *x = cfg_since(c, last); x; x = x->next)
        x->field = arena_printf(c->a, "%s.%s", at, name);
}

static void unknown_field(Ctx *c, const Entity *e, const char *at, const char *name)
{
    const char **words = ARENA_ARRAY(c->a, e->n_fields, const char *);
    int n = 0;
    const Field *f = entity_field(e, name);
    for (int i = 0; i < e->n_fields; i++)
        if (configuration_carries(e, &e->fields[i]))
            words[n++] = e->fields[i].name;
    if (f)
        WRONG(c, ERR_UNKNOWN_FIELD, at, "cfg.field_not_carried", name, label_in(e->label, c->lang));
    else
        WRONG(c, ERR_UNKNOWN_FIELD, at, "cfg.field_unknown", name, label_in(e->label, c->lang),
              near_of(name, words, n)); /* its key at least */
}

static bool read_fields(const Reading *r, CfgPart *p, json_object *in, const char *at,
                        json_object *body)
{
    Ctx *c = r->c;
    int before = c->n_err;
    json_object_object_foreach(in, name, value)
    {
        const Field *f = entity_field(p->e, name);
        if (strcmp(name, "nth") != 0 && (!f || !configuration_carries(p->e, f)))
            unknown_field(c, p->e, arena_printf(c->a, "%s.%s", at, name), name);
        (void)value;
    }
    for (int i = 0; i < p->e->n_fields; i++) {
        const Field *f = &p->e->fields[i];
        json_object *given = NULL, *v = NULL;
        if (!configuration_carries(p->e, f))
            continue;
        ErrItem *last = c->err_last;
        bool there = json_object_object_get_ex(in, f->name, &given), ok = true;
        if (f->write_only) {
            ok = secret_place(c, given);
            v = ok ? given : NULL;
        } else if (f->type == FT_FILES) {
            ok = cfg_file_ref(c, r->doc, p->e, arena_printf(c->a, "%s.%s", at, f->name), given, &v);
        } else if (there) {
            ok = canonical(r, p->e, f, in, given, &v);
        } else {
            v = default_of(c, f);
        }
        if (!ok)
            place(c, last, at, f->name);
        if (v || (f->dflt && f->type != FT_LINK))
            json_object_object_add(body, f->name, json_object_get(v));
    }
    for (int i = 0; p->e->key[i] && c->n_err == before; i++) {
        const Field *f = entity_field(p->e, p->e->key[i]);
        if (f->required && !json_member(body, f->name))
            WRONG(c, ERR_REQUIRED, arena_printf(c->a, "%s.%s", at, f->name), "cfg.key_missing",
                  label_in(f->label, c->lang));
    }
    return c->n_err == before;
}

/* Two rows of one name: the second says that it is the second, or is a mistake. */
static bool read_key(const Reading *r, CfgPart *p, json_object *in, const char *at, CfgItem *x)
{
    Ctx *c = r->c;
    json_object *nth = json_member(in, "nth");
    int64_t n = nth ? json_object_get_int64(nth) : 1;
    if (nth && (!json_object_is_type(nth, json_type_int) || n < 2 || n > 10000))
        return WRONG(c, ERR_INVALID, arena_printf(c->a, "%s.nth", at), "cfg.nth");
    x->key = cfg_key_of(c, p->e, x->body);
    if (n > 1) {
        x->key = arena_printf(c->a, "%s#%lld", x->key, (long long)n);
        json_object_object_add(x->body, "nth", json_object_new_int64(n));
    }
    const CfgItem *other = map_get(&p->by_key, x->key);
    if (other)
        return WRONG(c, ERR_DUP_IN_FILE, at, "cfg.twice", label_in(p->e->label, c->lang), x->key,
                     arena_printf(c->a, "records.%s[%d]", p->e->name, other->nth));
    map_put(&p->by_key, x->key, x);
    return true;
}

static void read_part(const Reading *r, CfgPart *p, json_object *list)
{
    Ctx *c = r->c;
    size_t n = json_object_array_length(list);
    p->items = ARENA_ARRAY(c->a, n + 1, CfgItem);
    p->given = true;
    for (size_t i = 0; i < n; i++) {
        json_object *in = json_object_array_get_idx(list, i);
        const char *at = arena_printf(c->a, "records.%s[%zu]", p->e->name, i);
        CfgItem *x = &p->items[p->n];
        *x = (CfgItem){.nth = (int)i};
        if (!json_object_is_type(in, json_type_object)) {
            WRONG(c, ERR_TYPE, at, "cfg.row_object");
            continue;
        }
        x->body = cfg_keep(c, json_object_new_object());
        if (read_fields(r, p, in, at, x->body) && read_key(r, p, in, at, x))
            p->n++;
    }
    if (c->n_err == 0)
        cfg_part_order(c, p);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static void read_settings(const Reading *r, json_object *in)
{
    Ctx *c = r->c;
    r->doc->settings_given = true;
    json_object_object_foreach(in, name, value)
    {
        const char *at = arena_printf(c->a, "settings.%s", name);
        const ConfDef *d = conf_find(name);
        if (!d)
            WRONG(c, ERR_UNKNOWN_FIELD, at, "cfg.setting_unknown", name);
        else if (d->scope != CONF_DB)
            WRONG(c, ERR_READONLY, at, "cfg.setting_here", name);
        else if (!json_object_is_type(value, json_type_string))
            WRONG(c, ERR_TYPE, at, "cfg.setting_text", name);
        else if (strcmp(name, LOGO_SETTING) == 0 &&
                 !cfg_file_use(c, r->doc, NULL, at, json_object_get_string(value)))
            continue;
        else
            json_object_object_add(r->doc->settings, name, json_object_get(value));
    }
}

static void read_records(const Reading *r, json_object *in)
{
    Ctx *c = r->c;
    const char **words = ARENA_ARRAY(c->a, r->doc->n, const char *);
    for (int i = 0; i < r->doc->n; i++)
        words[i] = r->doc->parts[i].e->name;
    json_object_object_foreach(in, name, list)
    {
        CfgPart *p = cfg_part(r->doc, name);
        const char *at = arena_printf(c->a, "records.%s", name);
        if (!p)
            WRONG(c, ERR_UNKNOWN_FIELD, at, "cfg.part_unknown", name,
                  near_of(name, words, r->doc->n));
        else if (!json_object_is_type(list, json_type_array))
            WRONG(c, ERR_TYPE, at, "cfg.part_list", name);
        else
            read_part(r, p, list);
    }
}

/* {"user": {"zhang": "li"}} */
static bool check_map(Ctx *c, json_object *map)
{
    int before = c->n_err;
    if (!map)
        return true;
    if (!json_object_is_type(map, json_type_object))
        return WRONG(c, ERR_TYPE, "map", "cfg.map");
    json_object_object_foreach(map, name, of)
    {
        const Entity *e = model_entity(c->model, name);
        if (!e || !configuration_named(e) || !json_object_is_type(of, json_type_object)) {
            WRONG(c, ERR_INVALID, arena_printf(c->a, "map.%s", name), "cfg.map");
            continue;
        }
        json_object_object_foreach(of, from, to)
        {
            if (!json_object_is_type(to, json_type_string) || !json_object_get_string_len(to))
                WRONG(c, ERR_TYPE, arena_printf(c->a, "map.%s.%s", name, from), "cfg.map");
        }
    }
    return c->n_err == before;
}

static bool check_head(Ctx *c, json_object *root)
{
    static const char *const known[] = {"zhike", "format", "settings", "records", "files"};
    enum { N_KNOWN = sizeof known / sizeof *known };
    if (!json_object_is_type(root, json_type_object) ||
        strcmp(json_str(root, "zhike", ""), "configuration") != 0)
        return WRONG(c, ERR_INVALID, NULL, "cfg.no_configuration");
    json_object *format = json_member(root, "format");
    int64_t n = json_object_is_type(format, json_type_int) ? json_object_get_int64(format) : 0;
    if (n > CONFIGURATION_FORMAT)
        return WRONG(c, ERR_INVALID, "format", "cfg.newer", ctx_num(c, n),
                     ctx_num(c, CONFIGURATION_FORMAT));
    if (n < 1)
        return WRONG(c, ERR_INVALID, "format", "cfg.format", ctx_num(c, CONFIGURATION_FORMAT));
    int before = c->n_err;
    json_object_object_foreach(root, name, value)
    {
        int k = 0;
        while (k < N_KNOWN && strcmp(known[k], name) != 0)
            k++;
        if (k == N_KNOWN)
            WRONG(c, ERR_UNKNOWN_FIELD, name, "cfg.member", name);
        else if (k >= 2 && !json_object_is_type(value, json_type_object))
            WRONG(c, ERR_TYPE, name, "cfg.object", name);
    }
    return c->n_err == before;
}

bool cfg_file(Ctx *c, const ConfigurationAsk *ask, CfgDoc *out)
{
    json_object *root;
    Reading r = {c, out, ask->map};
    int before = c->n_err;
    if (!cfg_doc_new(c, out) || !check_map(c, ask->map))
        return false;
    if ((int64_t)ask->len > conf_size("configuration.max_size"))
        return WRONG(c, ERR_TOO_LARGE, NULL, "cfg.too_large",
                     ctx_num(c, conf_size("configuration.max_size") / 1024));
    size_t bom = ask->len >= 3 && memcmp(ask->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (!json_read(c, ask->text + bom, ask->len - bom, &root) || !check_head(c, root))
        return false;
    json_object *settings = json_member(root, "settings"), *records = json_member(root, "records"),
                *files = json_member(root, "files");
    if (files)
        cfg_files_read(c, files, out);
    if (settings)
        read_settings(&r, settings);
    if (records)
        read_records(&r, records);
    return c->n_err == before && cfg_files_check(c, out);
}
