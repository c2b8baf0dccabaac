/*
 * Rows as they were before an import and after it, as text: what an undo puts back, and by what it knows that nobody touched
 * them since. A row is its values by field as the database has them; "#name" holds the ids of a link to many.
 */
#include "record/configuration/images.h"

#include <inttypes.h>
#include <string.h>

#include "base/conf.h"
#include "record/configuration/impl.h"
#include "record/value.h"

/*
 * A secret stays in its own row. Only where an import erased that row (gone, and no bin to lie in) it is kept here, under seal,
 * until the import is taken back or can no longer be (undo.c).
 */
static void put_row(Jw *w, const Entity *e, const CfgItem *x, bool gone)
{
    if (!x) {
        jw_null(w);
        return;
    }
    jw_obj(w);
    for (int i = 0; i < e->n_fields; i++) {
        const DbVal *v = &x->v[i];
        const Field *f = &e->fields[i];
        if (cfg_listed(f) && x->many && x->many[i]) {
            char key[72] = "#";
            memcpy(key + 1, f->name, strlen(f->name) + 1);
            jw_kstr(w, key, x->many[i]);
        }
        if (!f->column || v->kind == DB_NULL || v->kind == DB_BLOB || (!gone && field_sealed(e, f)))
            continue;
        jw_key(w, f->name);
        if (v->kind == DB_INT)
            jw_int(w, v->i);
        else if (v->kind == DB_REAL)
            jw_real(w, v->d);
        else
            jw_strn(w, v->s, v->n);
    }
    jw_end(w);
}

bool cfg_row_read(Ctx *c, const Entity *e, json_object *o, CfgItem *out)
{
    DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    *out = (CfgItem){.v = v, .many = ARENA_ARRAY(c->a, e->n_fields, const char *)};
    if (!json_object_is_type(o, json_type_object))
        return false;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        json_object *x = json_member(o, f->name);
        if (cfg_listed(f))
            out->many[i] = json_str(o, arena_printf(c->a, "#%s", f->name), NULL);
        if (!f->column || !x)
            continue;
        switch (value_kind(f)) {
        case DB_INT: v[i] = db_of_int(json_object_get_int64(x)); break;
        case DB_REAL: v[i] = db_of_real(json_object_get_double(x)); break;
        case DB_TEXT:
            v[i] = db_of_text(json_object_get_string(x));
            v[i].n = (size_t)json_object_get_string_len(x);
            break;
        case DB_NULL:
        case DB_BLOB: break;
        }
    }
    out->id = v[STD_ID].i;
    return true;
}

static bool same_text(const char *x, const char *y)
{
    return strcmp(x ? x : "", y ? y : "") == 0;
}

/* carried: only what the configuration carries. */
static bool same_row(const Entity *e, const CfgItem *x, const CfgItem *y, bool carried)
{
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (carried && !configuration_carries(e, f))
            continue;
        if (f->column && !value_same(&x->v[i], &y->v[i]))
            return false;
        if (cfg_listed(f) && !same_text(x->many ? x->many[i] : NULL, y->many ? y->many[i] : NULL))
            return false;
    }
    return true;
}

bool cfg_files_same(const Entity *e, const CfgItem *x, const CfgItem *y)
{
    const Field *f = cfg_file_field(e);
    return !f || same_text(x->many ? x->many[f->index] : NULL, y->many ? y->many[f->index] : NULL);
}

bool cfg_row_same(const Entity *e, const CfgItem *x, const CfgItem *y)
{
    return same_row(e, x, y, true);
}

void cfg_by_id(Ctx *c, const CfgPart *p, Map *out)
{
    map_init(out, c->a);
    for (int i = 0; i < p->n; i++)
        map_put(out, arena_printf(c->a, "%" PRId64, p->items[i].id), &p->items[i]);
}

static const CfgItem *with_id(Ctx *c, const Map *m, int64_t id)
{
    return map_get(m, arena_printf(c->a, "%" PRId64, id));
}

static bool put_history(Ctx *c, Jw *w, const Entity *e, const int64_t *ids, int n, int64_t first)
{
    Sql q;
    if (!n)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM \"history\" AS t0 WHERE t0.\"entity\" = "));
    sql_bind(&q, db_of_text(e->name));
    sql_add(&q, SQL(" AND t0.\"id\" > "));
    sql_bind(&q, db_of_int(first));
    sql_add(&q, SQL(" AND t0.\"record_id\""));
    sql_among(c, &q, ids, n);
    sql_add(&q, SQL(" ORDER BY t0.\"id\" ASC"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        jw_int(w, db_int(r, 0));
    db_done(r);
    return c->n_err == 0;
}

typedef struct Touched {
    const Entity *e;
    VEC(int64_t) ids;
} Touched;

static void put_part(Ctx *c, Jw *w, const CfgPart *before, const CfgPart *after, Touched *t)
{
    Map was, is;
    cfg_by_id(c, before, &was);
    cfg_by_id(c, after, &is);
    jw_key(w, before->e->name);
    jw_arr(w);
    for (int pass = 0; pass < 2; pass++) {
        const CfgPart *p = pass ? after : before;
        for (int i = 0; i < p->n; i++) {
            const CfgItem *x = &p->items[i], *y = with_id(c, pass ? &was : &is, x->id);
            if (y && (pass || same_row(before->e, x, y, false)))
                continue;
            jw_obj(w);
            jw_kint(w, "id", x->id);
            jw_kstr(w, "key", x->key);
            jw_key(w, "before");
            put_row(w, before->e, pass ? NULL : x, !y && !(before->e->gets & GETS_TRASH));
            jw_key(w, "after");
            put_row(w, before->e, pass ? x : y, false);
            jw_end(w);
            vec_push(c->a, &t->ids, x->id);
        }
    }
    jw_end(w);
}

/* {name: {column: value}} of the settings that differ. */
static void put_settings(Ctx *c, Jw *w, json_object *before, json_object *after)
{
    jw_key(w, "settings");
    jw_obj(w);
    for (int pass = 0; pass < 2; pass++) {
        json_object_object_foreach(pass ? after : before, name, row)
        {
            json_object *other = json_member(pass ? before : after, name);
            if (other && (pass || strcmp(cfg_text(c, row), cfg_text(c, other)) == 0))
                continue;
            jw_key(w, name);
            jw_obj(w);
            jw_kraw(w, "before", cfg_text(c, pass ? NULL : row));
            jw_kraw(w, "after", cfg_text(c, pass ? row : other));
            jw_end(w);
        }
    }
    jw_end(w);
}

bool cfg_images(Ctx *c, const CfgDoc *before, const CfgDoc *after, json_object *settings_before,
                json_object *settings_after, int64_t first_id, const char **out)
{
    Buf b;
    Jw w;
    Touched *all = ARENA_ARRAY(c->a, before->n + 1, Touched);
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "rows");
    jw_obj(&w);
    for (int i = 0; i < before->n; i++) {
        all[i].e = before->parts[i].e;
        put_part(c, &w, &before->parts[i], cfg_part(after, all[i].e->name), &all[i]);
    }
    jw_end(&w);
    put_settings(c, &w, settings_before, settings_after);
    jw_key(&w, "history");
    jw_arr(&w);
    for (int i = 0; i < before->n; i++)
        if (!put_history(c, &w, all[i].e, all[i].ids.items, (int)all[i].ids.n, first_id))
            return false;
    jw_end(&w);
    jw_end(&w);
    *out = b.data;
    return true;
}

bool cfg_setting_rows(Ctx *c, json_object **out)
{
    *out = cfg_keep(c, json_object_new_object());
    DbRows *r = db_query(c,
                         SQL("SELECT \"name\", \"id\", \"value\", \"updated_at\", "
                             "\"updated_by_id\" FROM \"setting\" ORDER BY \"name\" ASC"),
                         NULL, 0);
    if (!r)
        return false;
    while (db_step(r)) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "id", json_object_new_int64(db_int(r, 1)));
        json_object_object_add(o, "value",
                               db_is_null(r, 2) ? NULL : json_object_new_string(db_text(r, 2)));
        json_object_object_add(o, "updated_at",
                               db_is_null(r, 3) ? NULL : json_object_new_int64(db_int(r, 3)));
        json_object_object_add(o, "updated_by",
                               db_is_null(r, 4) ? NULL : json_object_new_int64(db_int(r, 4)));
        json_object_object_add(*out, db_text(r, 0), o);
    }
    db_done(r);
    return c->n_err == 0;
}

/* ---- when it is too late ----------------------------------------------------------------------------- */

int64_t cfg_oldest(const Ctx *c)
{
    return c->now_ms - conf_duration_ms("configuration.undo");
}

enum { SOME = 20 /* images may be large */ };

static bool purge(Ctx *c, void *arg)
{
    int64_t *purged = arg;
    DbVal p[] = {db_of_int(cfg_oldest(c)), db_of_int(SOME)};
    if (!db_exec(
            c,
            SQL("UPDATE \"configuration_import\" SET \"images\" = NULL WHERE \"id\" IN (SELECT "
                "\"id\" FROM \"configuration_import\" WHERE \"images\" IS NOT NULL AND (\"state\" "
                "= "
                "'undone' OR \"at\" < $1) ORDER BY \"id\" LIMIT $2)"),
            p, 2))
        return false;
    *purged = db_changes(c);
    return true;
}

static const char *as_it_is(Ctx *c, const char *entity, const char *sealed, void *arg)
{
    (void)c;
    (void)entity;
    (void)arg;
    return sealed;
}

static bool strip(Ctx *c, void *arg)
{
    return configuration_reseal(c, as_it_is, arg);
}

bool configuration_purge(Ctx *c)
{
    int64_t purged;
    if (!db_write(c, strip, NULL))
        return false;
    do
        if (!db_write(c, purge, &purged))
            return false;
    while (purged >= SOME);
    return true;
}
