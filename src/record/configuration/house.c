/* The house as a document: the rows of every part by set, ids replaced by natural keys. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "meta/types.h"
#include "record/configuration/impl.h"
#include "record/former.h"
#include "record/logo.h"
#include "record/value.h"

/* ---- rows ------------------------------------------------------------------------------------ */

static bool read_rows(Ctx *c, CfgPart *p)
{
    const Entity *e = p->e;
    Filter *f = filter_true(c->a);
    VEC(CfgItem) items = {0};
    Sql q;
    if (e->configuration->where &&
        !filter_parse_text(c, e, e->configuration->where, NULL, (FilterMe){0}, &f))
        return false;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    value_columns(&q, e, "t0");
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE "));
    if (e->standard)
        sql_add(&q, SQL("t0.\"deleted_at\" IS NULL AND "));
    sql_add(&q, SQL("("));
    filter_sql(c, &q, e, "t0", f);
    sql_add(&q, SQL(") ORDER BY t0.\"id\" ASC"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
        value_read_row(c->a, e, r, 0, v);
        vec_push(c->a, &items, (CfgItem){.id = v[STD_ID].i, .v = v});
    }
    db_done(r);
    p->items = items.items;
    p->n = (int)items.n;
    p->given = true;
    return c->n_err == 0;
}

static int by_id(const void *x, const void *y)
{
    int64_t a = ((const CfgItem *)x)->id, b = ((const CfgItem *)y)->id;
    return (a > b) - (a < b);
}

static void add_id(Ctx *c, const CfgPart *p, CfgItem *x, const Field *f, int64_t id)
{
    if (!x->many)
        x->many = ARENA_ARRAY(c->a, p->e->n_fields, const char *);
    const char *had = x->many[f->index];
    x->many[f->index] = arena_printf(c->a, "%s%s%" PRId64, had ? had : "", had ? "," : "", id);
}

/* The links to many of all rows of a part (in order of their ids), as "3,5". */
static bool read_many(Ctx *c, CfgPart *p, const Field *f)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\", \"target\" FROM "));
    sql_name(&q, arena_printf(c->a, "rel_%s_%s", p->e->name, f->name));
    sql_add(&q, SQL(" ORDER BY \"id\" ASC, \"target\" ASC"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        CfgItem want = {.id = db_int(r, 0)};
        CfgItem *x = p->n ? bsearch(&want, p->items, (size_t)p->n, sizeof want, by_id) : NULL;
        if (x)
            add_id(c, p, x, f, db_int(r, 1));
    }
    db_done(r);
    return c->n_err == 0;
}

/* The files of all rows of a part, as "3,5"; the newest is the one that counts. */
static bool read_files(Ctx *c, CfgPart *p, const Field *f)
{
    DbVal of[] = {db_of_text(p->e->name)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"parent_id\", \"id\", \"file_name\", \"sha256\" FROM "
                             "\"attachment\" WHERE \"parent_type\" = $1 AND \"deleted_at\" IS NULL "
                             "ORDER BY \"parent_id\" ASC, \"id\" ASC"),
                         of, 1);
    if (!r)
        return false;
    while (db_step(r)) {
        CfgItem want = {.id = db_int(r, 0)};
        CfgItem *x = p->n ? bsearch(&want, p->items, (size_t)p->n, sizeof want, by_id) : NULL;
        if (!x)
            continue;
        add_id(c, p, x, f, db_int(r, 1));
        x->file_name = arena_str(c->a, db_text(r, 2));
        x->file_sha = arena_str(c->a, db_text(r, 3));
    }
    db_done(r);
    return c->n_err == 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

static json_object *ids_of(const char *list)
{
    json_object *out = json_object_new_array();
    for (const char *p = list; p && *p;) {
        json_object_array_add(out, json_object_new_int64(strtoll(p, NULL, 10)));
        p += strcspn(p, ",");
        p += *p == ',';
    }
    return out;
}

/* The value as JSON, links still by their ids. NULL: none. The caller owns it. */
static json_object *value_of(Ctx *c, const Field *f, const DbVal *v)
{
    json_object *o = NULL;
    Buf b;
    Jw w;
    if (v->kind == DB_NULL)
        return NULL;
    switch (f->type) {
    case FT_STRING:
    case FT_TEXT:
    case FT_OPTION: return json_object_new_string_len(v->s, (int)v->n);
    case FT_BOOL: return json_object_new_boolean(v->i != 0);
    case FT_INT:
    case FT_LINK: return json_object_new_int64(v->i);
    case FT_JSON: {
        int before = c->n_err;
        if (json_read(c, v->s, v->n, &o))
            return json_object_get(o);
        ctx_errors_back_to(c, before);
        return json_object_new_string_len(v->s, (int)v->n);
    }
    default:
        buf_init(&b, c->a);
        jw_init(&w, &b);
        type_ops(f->type)->to_json(f, v, &w);
        return json_read(c, b.data, b.len, &o) ? json_object_get(o) : NULL;
    }
}

/* A secret has its place where the form would ask for it. */
static bool asks_for(Ctx *c, const Field *f, const DbVal *v)
{
    Filter *x;
    int before = c->n_err;
    if (!f->shown_if)
        return true;
    if (!filter_parse_text(c, f->entity, f->shown_if, NULL, (FilterMe){0}, &x)) {
        ctx_errors_back_to(c, before);
        return true;
    }
    former_means(c, x);
    return filter_holds(x, v);
}

json_object *cfg_body(Ctx *c, const Entity *e, const CfgItem *x)
{
    json_object *body = cfg_keep(c, json_object_new_object());
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        json_object *v = NULL;
        if (!configuration_carries(e, f))
            continue;
        if (f->write_only) {
            if (asks_for(c, f, x->v)) {
                v = json_object_new_object();
                json_object_object_add(v, "to_enter", json_object_new_boolean(true));
                json_object_object_add(body, f->name, v);
            }
            continue;
        }
        if (f->type == FT_FILES)
            v = x->file_sha ? cfg_file_value(x->file_name, x->file_sha) : NULL;
        else if (f->type == FT_LINK_MANY)
            v = x->many && x->many[i] ? ids_of(x->many[i]) : NULL;
        else
            v = value_of(c, f, &x->v[i]);
        if (v || (f->dflt && f->type != FT_LINK))
            json_object_object_add(body, f->name, v);
    }
    return body;
}

/* ---- names in place of ids --------------------------------------------------------------------- */

static json_object *want(void *arg, const Entity *to, json_object *v)
{
    if (json_object_is_type(v, json_type_int))
        cfg_names_want_id(arg, to, json_object_get_int64(v));
    return v;
}

typedef struct Naming {
    Ctx *c;
    CfgNames *names;
} Naming;

static json_object *text_or_null(const char *s)
{
    return s ? json_object_new_string(s) : NULL;
}

/* {"user": "zhang"}; of a row that is gone, or has no name but its id, {"user": null}. */
static json_object *name_it(void *arg, const Entity *to, json_object *v)
{
    const Naming *n = arg;
    if (!json_object_is_type(v, json_type_int))
        return v;
    json_object *o = json_object_new_object();
    json_object_object_add(o, to->name,
                           text_or_null(cfg_name_of(n->names, to, json_object_get_int64(v))));
    return o;
}

static int by_text(const void *x, const void *y)
{
    json_object *const *a = x, *const *b = y;
    return strcmp(json_object_get_string(*a), json_object_get_string(*b));
}

/* A bare link is its key alone: the field says what it leads to. */
static json_object *link_named(const Naming *n, const Entity *to, json_object *v)
{
    const char *key = cfg_name_of(n->names, to, json_object_get_int64(v));
    return json_object_new_string(key ? key : "");
}

static void name_field(Ctx *c, const Naming *n, const Entity *e, const Field *f, json_object *body)
{
    json_object *v = json_member(body, f->name), *now = v;
    const Entity *to = f->to ? model_entity(c->model, f->to) : NULL;
    if (!v)
        return;
    if (f->type == FT_LINK && to) {
        now = link_named(n, to, v);
    } else if (f->type == FT_LINK_MANY && to) {
        now = json_object_new_array();
        for (size_t i = 0; i < json_object_array_length(v); i++)
            json_object_array_add(now, link_named(n, to, json_object_array_get_idx(v, i)));
        json_object_array_sort(now, by_text);
    } else if (f->type == FT_JSON) {
        now = cfg_refs(f, cfg_about(c, e, body), v, name_it, (void *)(uintptr_t)n);
    }
    if (now != v)
        json_object_object_add(body, f->name, now);
}

static void wanted(Ctx *c, CfgNames *names, const Entity *e, const Field *f, json_object *body)
{
    json_object *v = json_member(body, f->name);
    const Entity *to = f->to ? model_entity(c->model, f->to) : NULL;
    if (!v)
        return;
    if (f->type == FT_LINK && to)
        want(names, to, v);
    else if (f->type == FT_LINK_MANY && to)
        for (size_t i = 0; i < json_object_array_length(v); i++)
            want(names, to, json_object_array_get_idx(v, i));
    else if (f->type == FT_JSON)
        cfg_refs(f, cfg_about(c, e, body), v, want, names);
}

/* ---- settings -------------------------------------------------------------------------------- */

/* The logo by its digest; nothing where the setting names no file of ours. */
static bool logo(Ctx *c, json_object *out)
{
    DbVal p[] = {db_of_int(strtoll(json_str(out, LOGO_SETTING, "0"), NULL, 10)),
                 db_of_text(LOGO_OWNER)};
    DbRows *r;
    if (!json_member(out, LOGO_SETTING))
        return true;
    json_object_object_del(out, LOGO_SETTING);
    r = db_query(c,
                 SQL("SELECT \"sha256\" FROM \"attachment\" WHERE \"id\" = $1 AND \"parent_type\" "
                     "= $2 AND \"deleted_at\" IS NULL"),
                 p, 2);
    if (!r)
        return false;
    if (db_step(r))
        json_object_object_add(out, LOGO_SETTING, json_object_new_string(db_text(r, 0)));
    db_done(r);
    return c->n_err == 0;
}

static bool settings(Ctx *c, json_object *out)
{
    DbRows *r = db_query(
        c, SQL("SELECT \"name\", \"value\" FROM \"setting\" ORDER BY \"name\" ASC"), NULL, 0);
    if (!r)
        return false;
    while (db_step(r)) {
        const ConfDef *d = conf_find(db_text(r, 0));
        if (d && d->scope == CONF_DB)
            json_object_object_add(out, db_text(r, 0),
                                   json_object_new_string(db_is_null(r, 1) ? "" : db_text(r, 1)));
    }
    db_done(r);
    return c->n_err == 0;
}

bool cfg_house(Ctx *c, CfgDoc *out)
{
    CfgNames *names = cfg_names_new(c);
    Naming naming = {c, names};
    if (!cfg_doc_new(c, out) || !settings(c, out->settings) || !logo(c, out->settings))
        return false;
    out->settings_given = true;
    for (int i = 0; i < out->n; i++) {
        CfgPart *p = &out->parts[i];
        if (!read_rows(c, p))
            return false;
        for (int k = 0; k < p->e->n_fields; k++)
            if (p->e->fields[k].type == FT_LINK_MANY &&
                configuration_carries(p->e, &p->e->fields[k]) && !read_many(c, p, &p->e->fields[k]))
                return false;
        const Field *file = cfg_file_field(p->e);
        if (file && !read_files(c, p, file))
            return false;
        for (int k = 0; k < p->n; k++) {
            p->items[k].body = cfg_body(c, p->e, &p->items[k]);
            p->items[k].key = cfg_key_of(c, p->e, p->items[k].body);
        }
        cfg_part_order(c, p);
        for (int k = 0; k < p->n; k++)
            cfg_names_put(names, p->e, p->items[k].id, p->items[k].key);
    }
    for (int pass = 0; pass < 2; pass++) {
        if (pass && !cfg_names_fetch(names))
            return false;
        for (int i = 0; i < out->n; i++)
            for (int k = 0; k < out->parts[i].n; k++)
                for (int x = 0; x < out->parts[i].e->n_fields; x++) {
                    const Entity *e = out->parts[i].e;
                    if (!configuration_carries(e, &e->fields[x]))
                        continue;
                    if (pass)
                        name_field(c, &naming, e, &e->fields[x], out->parts[i].items[k].body);
                    else
                        wanted(c, names, e, &e->fields[x], out->parts[i].items[k].body);
                }
    }
    return c->n_err == 0;
}
