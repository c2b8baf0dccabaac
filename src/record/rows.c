/* A set of rows on its way out. See rows.h. */
#include "record/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/region.h"
#include "meta/types.h"
#include "record/value.h"

enum {
    SELECT_ROOM = 24,
    VALUE_ROOM = 40
}; /* bytes of a column's name, of a key and its value; as a rule */

static bool is_link(const Field *f)
{
    return f->type == FT_LINK || f->type == FT_FILE || f->type == FT_IMAGE;
}

const Entity *rows_link_target(const Field *f, const DbVal *values)
{
    const Model *m = f->entity->model;
    if (f->type == FT_FILE || f->type == FT_IMAGE)
        return model_entity(m, "attachment");
    if (f->to)
        return model_entity(m, f->to);
    if (!f->to_field)
        return NULL;
    const Field *by = entity_field(f->entity, f->to_field);
    if (!by || values[by->index].kind != DB_TEXT)
        return NULL;
    return model_entity(m, values[by->index].s);
}

/* A field's name as it stands in JSON: names are plain, a–z 0–9 _. */
static char *ready_key(Arena *a, const char *name, size_t *n)
{
    size_t len = strlen(name);
    char *text = arena_alloc(a, len + 4 < JW_KEY_ROOM ? JW_KEY_ROOM : len + 4);
    text[0] = '"';
    memcpy(text + 1, name, len);
    memcpy(text + 1 + len, "\":", 3);
    *n = len + 3;
    return text;
}

static void take_field(Ctx *c, RowSet *s, const Field *f)
{
    bool masked = false;
    if (s->taken[f->index] || access_field(c, f, &masked) == FR_NONE)
        return;
    s->taken[f->index] = true;
    s->fields[s->n_fields] = f;
    s->masked[s->n_fields] = masked;
    s->keys[s->n_fields].kind = value_kind(f);
    s->keys[s->n_fields].text = ready_key(c->a, f->name, &s->keys[s->n_fields].n);
    if (is_link(f) && !f->to_field)
        s->targets[s->n_fields] = rows_link_target(f, NULL);
    for (int i = s->first_shown; f->type == FT_LINK && i < s->e->n_fields; i++) {
        const Field *parts = &s->e->fields[i];
        if (parts->shown_by && strcmp(parts->shown_by, f->name) == 0)
            s->also[s->n_fields] = parts->name;
    }
    s->any_masked |= masked;
    s->n_fields++;
}

static bool shown(const Field *f)
{
    return f->index != STD_ID && !f->retired && !f->hidden && !f->write_only &&
           f->type != FT_PARTS && f->type != FT_FILES;
}

bool rows_choose(Ctx *c, const Entity *e, const char *fields, bool all, RowSet *out)
{
    *out = (RowSet){.e = e, .flags = true, .labels = link_labels_new(c)};
    out->fields = ARENA_ARRAY(c->a, e->n_fields + 1, const Field *);
    out->masked = ARENA_ARRAY(c->a, e->n_fields + 1, bool);
    out->keys = ARENA_ARRAY(c->a, e->n_fields + 1, struct RowKey);
    out->targets = ARENA_ARRAY(c->a, e->n_fields + 1, const Entity *);
    out->also = ARENA_ARRAY(c->a, e->n_fields + 1, const char *);
    out->taken = ARENA_ARRAY(c->a, e->n_fields + 1, bool);
    while (out->first_shown < e->n_fields && !e->fields[out->first_shown].shown_by)
        out->first_shown++;
    if (!fields) {
        for (int i = 0; i < e->n_fields; i++) {
            const Field *f = &e->fields[i];
            if (shown(f) && (all ? f != &e->fields[STD_ID] : f->in_list) &&
                !(e->standard && i == STD_VERSION))
                take_field(c, out, f);
        }
        return true;
    }
    for (const char *p = fields; *p;) {
        size_t n = strcspn(p, ",");
        char *name = arena_dup(c->a, p, n);
        p += n + (p[n] == ',');
        if (!*name)
            continue;
        const Field *f = entity_field(e, name);
        bool masked;
        if (f && f->shown_by)
            f = entity_field(e, f->shown_by);
        if (f && e->standard && f->index == STD_VERSION)
            continue; /* always there, once */
        if (!f || !shown(f) || access_field(c, f, &masked) == FR_NONE) {
            if (f && f->index == STD_ID)
                continue; /* always there */
            return ctx_fail(c, ERR_UNKNOWN_FIELD, "fields", "err.field_unknown", name,
                            label_in(e->label, c->lang));
        }
        take_field(c, out, f);
    }
    return true;
}

static void flag_column(Ctx *c, Sql *q, const Entity *e, const Filter *f)
{
    if (f->kind == FILTER_TRUE) {
        sql_add(q, SQL(", 1"));
    } else if (f->kind == FILTER_FALSE) {
        sql_add(q, SQL(", 0"));
    } else {
        sql_add(q, SQL(", CASE WHEN "));
        filter_sql_each(c, q, e, "t0", f);
        sql_add(q, SQL(" THEN 1 ELSE 0 END"));
    }
}

/* Is it shared with somebody now, and he the one to end that? */
static void unshare_column(Ctx *c, Sql *q, const Entity *e)
{
    sql_add(q,
            SQL(", CASE WHEN EXISTS (SELECT 1 FROM \"record_share\" AS sh WHERE sh.\"entity\" = "));
    sql_bind(q, db_of_text(e->name));
    sql_add(q,
            SQL(" AND sh.\"record_id\" = t0.\"id\" AND (sh.\"until\" IS NULL OR sh.\"until\" > "));
    sql_bind(q, db_of_int(c->now_ms));
    sql_add(q, SQL("))"));
    Filter *scope = access_scope(c, e, ACT_SHARE);
    if (scope->kind != FILTER_TRUE) {
        sql_add(q, SQL(" AND "));
        filter_sql_each(c, q, e, "t0", scope);
    }
    sql_add(q, SQL(" THEN 1 ELSE 0 END"));
}

/* A link with to_field needs the other column too, whether or not it was chosen. */
static const Field *companion(const Field *f)
{
    return f->type == FT_LINK && f->to_field ? entity_field(f->entity, f->to_field) : NULL;
}

void rows_select(Ctx *c, RowSet *s, Sql *q, const char *extra, const char *more)
{
    const Entity *e = s->e;
    (void)buf_room(&q->text, (size_t)(s->n_fields + 8) * SELECT_ROOM);
    sql_add(q, SQL("SELECT t0.\"id\", "));
    if (e->standard)
        sql_col(q, "t0", "version");
    else
        sql_add(q, SQL("0"));
    for (int i = 0; i < s->n_fields; i++) {
        if (!s->fields[i]->column)
            continue;
        sql_add(q, SQL(", "));
        sql_col(q, "t0", s->fields[i]->column);
        const Field *by = companion(s->fields[i]);
        if (by) {
            sql_add(q, SQL(", "));
            sql_col(q, "t0", by->column);
        }
    }
    if (s->any_masked)
        flag_column(c, q, e, access_clear_scope(c, e));
    if (s->flags) {
        flag_column(c, q, e,
                    access_may(c, e, ACT_EDIT) ? access_scope(c, e, ACT_EDIT) : filter_false(c->a));
        flag_column(c, q, e,
                    access_may(c, e, ACT_DELETE) ? access_scope(c, e, ACT_DELETE)
                                                 : filter_false(c->a));
        s->shares = s->one && (e->gets & GETS_SHARE) && access_may(c, e, ACT_SHARE);
        if (s->shares)
            unshare_column(c, q, e);
    }
    if (extra) {
        sql_add(q, SQL(", "));
        sql_col(q, "t0", extra);
    }
    if (more) {
        sql_add(q, SQL(", "));
        sql_col(q, "t0", more);
    }
    sql_add(q, SQL(" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t0"));
}

int rows_add(Ctx *c, RowSet *s, DbRows *r)
{
    if (s->n == s->cap) {
        int cap = s->cap ? s->cap * 2 : s->one ? 1 : 64;
        Row *rows = ARENA_ARRAY(c->a, cap, Row);
        if (s->n)
            memcpy(rows, s->rows, (size_t)s->n * sizeof(Row));
        s->rows = rows;
        s->cap = cap;
    }
    Row *row = &s->rows[s->n++];
    row->rec.e = s->e;
    row->rec.v = ARENA_ARRAY(c->a, s->e->n_fields, DbVal);
    row->rec.id = db_int(r, 0);
    row->rec.version = db_int(r, 1);
    row->rec.v[STD_ID] = db_of_int(row->rec.id);
    int col = 2;
    for (int i = 0; i < s->n_fields; i++) {
        const Field *f = s->fields[i];
        if (!f->column)
            continue;
        value_read_as(c->a, s->keys[i].kind, r, col++, &row->rec.v[f->index]);
        const Field *by = companion(f);
        if (by)
            value_read(c->a, by, r, col++, &row->rec.v[by->index]);
        if (is_link(f) && row->rec.v[f->index].kind == DB_INT) {
            const Entity *to = s->targets[i] ? s->targets[i] : rows_link_target(f, row->rec.v);
            if (to)
                link_labels_want(s->labels, to, row->rec.v[f->index].i);
        }
    }
    row->clear = !s->any_masked || db_int(r, col++) == 1;
    if (s->flags) {
        row->can_edit = db_int(r, col++) == 1;
        row->can_delete = db_int(r, col++) == 1;
        row->can_unshare = s->shares && db_int(r, col++) == 1;
    }
    return col;
}

/* A column of a link to many on its way from the pairs to the rows. */
typedef struct Many {
    RowSet *s;
    int at;
} Many;

static int by_id(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static void got_pair(Ctx *c, void *arg, int64_t id, int64_t target)
{
    const Many *m = arg;
    for (int i = 0; i < m->s->n; i++) {
        Row *row = &m->s->rows[i];
        if (row->rec.id != id)
            continue;
        int n = row->n_many[m->at]++;
        if ((n & (n - 1)) == 0) { /* room for one, then for twice as many each time */
            int64_t *grown = ARENA_ARRAY(c->a, n ? n * 2 : 1, int64_t);
            if (n)
                memcpy(grown, row->many[m->at], (size_t)n * sizeof *grown);
            row->many[m->at] = grown;
        }
        row->many[m->at][n] = target;
        return;
    }
}

bool rows_finish(Ctx *c, RowSet *s)
{
    int64_t *ids = NULL;
    if (s->n == 0)
        return true;
    for (int i = 0; i < s->n_fields; i++) {
        const Field *f = s->fields[i];
        if (f->type != FT_LINK_MANY)
            continue;
        if (!ids)
            ids = ARENA_ARRAY(c->a, s->n, int64_t);
        for (int k = 0; k < s->n; k++) {
            ids[k] = s->rows[k].rec.id;
            if (!s->rows[k].many) {
                s->rows[k].many = ARENA_ARRAY(c->a, s->n_fields, int64_t *);
                s->rows[k].n_many = ARENA_ARRAY(c->a, s->n_fields, int);
            }
        }
        Many *m = ARENA_NEW(c->a, Many);
        *m = (Many){.s = s, .at = i};
        if (!link_labels_pairs(s->labels, arena_printf(c->a, "rel_%s_%s", s->e->name, f->name),
                               model_entity(s->e->model, f->to), ids, s->n, got_pair, m))
            return false;
    }
    if (!link_labels_fetch(c, s->labels))
        return false;
    for (int k = 0; ids && k < s->n; k++)
        for (int i = 0; i < s->n_fields; i++)
            if (s->rows[k].n_many[i] > 1)
                qsort(s->rows[k].many[i], (size_t)s->rows[k].n_many[i], sizeof(int64_t), by_id);
    return true;
}

static void write_ref(Jw *w, int64_t id, const char *label)
{
    jw_obj(w);
    JW_KEY(w, "id");
    jw_int(w, id);
    JW_KEY(w, "label");
    jw_str(w, label);
    jw_end(w);
}

/* A link as {"id", "label"}, and "color" where the row behind it has one (tags). */
static void write_link(const LinkLabels *l, const Entity *to, int64_t id, Jw *w)
{
    jw_obj(w);
    JW_KEY(w, "id");
    jw_int(w, id);
    JW_KEY(w, "label");
    jw_str(w, to ? link_label(l, to, id) : NULL);
    const char *color = to ? link_color(l, to, id) : NULL;
    if (color)
        jw_kstr(w, "color", color);
    jw_end(w);
}

void rows_write_person(Ctx *c, const LinkLabels *labels, const char *key, int64_t user, Jw *w)
{
    const Entity *people = model_entity(c->model, "user");
    jw_key(w, key);
    if (user && people)
        write_ref(w, user, link_label(labels, people, user));
    else
        jw_null(w);
}

static void write_value(Ctx *c, const RowSet *s, const Row *row, int at, Jw *w)
{
    const Field *f = s->fields[at];
    const DbVal *v = &row->rec.v[f->index];
    if (f->type == FT_LINK_MANY) {
        const Entity *to = model_entity(s->e->model, f->to);
        jw_arr(w);
        for (int i = 0; row->many && i < row->n_many[at]; i++)
            if (!to || !to->open ||
                link_label(s->labels, to, row->many[at][i])) /* tags of others */
                write_link(s->labels, to, row->many[at][i], w);
        jw_end(w);
    } else if (v->kind == DB_NULL) {
        jw_null(w);
    } else if (s->masked[at] && !row->clear) {
        jw_str(w, type_mask(c->a, f, type_ops(f->type)->to_text(c->a, f, v, c->lang)));
    } else if (is_link(f)) {
        const Entity *to = s->targets[at] ? s->targets[at] : rows_link_target(f, row->rec.v);
        write_link(s->labels, to, v->i, w);
    } else if (f->type == FT_REGION) {
        write_ref(w, v->i, region_path_text((int32_t)v->i));
    } else {
        type_ops(f->type)->to_json(f, v, w);
    }
}

static void write_can(const Row *row, Jw *w)
{
    if (row->can_unshare) {
        jw_obj(w);
        jw_kbool(w, "edit", row->can_edit);
        jw_kbool(w, "delete", row->can_delete);
        jw_kbool(w, "unshare", true);
        jw_end(w);
        return;
    }
    jw_raw(w, row->can_edit     ? row->can_delete ? "{\"edit\":true,\"delete\":true}"
                                                  : "{\"edit\":true,\"delete\":false}"
              : row->can_delete ? "{\"edit\":false,\"delete\":true}"
                                : "{\"edit\":false,\"delete\":false}");
}

void rows_write(Ctx *c, const RowSet *s, const Row *row, Jw *w)
{
    if (s->one)
        (void)buf_room(w->b, (size_t)s->n_fields * VALUE_ROOM);
    jw_obj(w);
    JW_KEY(w, "id");
    jw_int(w, row->rec.id);
    if (s->e->standard) {
        JW_KEY(w, "version");
        jw_int(w, row->rec.version);
    }
    bool any = false;
    for (int i = 0; i < s->n_fields; i++) {
        jw_key_ready(w, s->keys[i].text, s->keys[i].n, JW_KEY_ROOM);
        write_value(c, s, row, i, w);
        if (s->also[i]) {
            jw_key(w, s->also[i]);
            write_value(c, s, row, i, w);
        }
        any |= s->masked[i] && !row->clear && row->rec.v[s->fields[i]->index].kind != DB_NULL;
    }
    if (any) {
        jw_key(w, "masked");
        jw_arr(w);
        for (int i = 0; i < s->n_fields; i++)
            if (s->masked[i] && row->rec.v[s->fields[i]->index].kind != DB_NULL)
                jw_str(w, s->fields[i]->name);
        jw_end(w);
    }
    if (s->flags) {
        JW_KEY(w, "can");
        write_can(row, w);
    }
    jw_end(w);
}

char *rows_value_text(Ctx *c, const Field *f, const DbVal *v, const Entity *to,
                      const LinkLabels *labels)
{
    if (v->kind == DB_NULL)
        return arena_str(c->a, "");
    if (is_link(f) || f->type == FT_LINK_MANY) {
        const char *label = to ? link_label(labels, to, v->i) : NULL;
        return arena_str(c->a, label ? label : "");
    }
    if (f->type == FT_REGION)
        return region_path(c->a, (int32_t)v->i);
    return type_ops(f->type)->to_text(c->a, f, v, c->lang);
}

char *rows_text(Ctx *c, const RowSet *s, const Row *row, int at)
{
    const Field *f = s->fields[at];
    const DbVal *v = &row->rec.v[f->index];
    if (f->type == FT_LINK_MANY) {
        const Entity *to = model_entity(s->e->model, f->to);
        Buf b;
        buf_init(&b, c->a);
        for (int i = 0; row->many && i < row->n_many[at]; i++) {
            const char *label = to ? link_label(s->labels, to, row->many[at][i]) : NULL;
            if (!label)
                continue;
            if (b.len)
                buf_puts(&b, "、");
            buf_puts(&b, label);
        }
        return b.data;
    }
    char *text =
        rows_value_text(c, f, v, is_link(f) ? rows_link_target(f, row->rec.v) : NULL, s->labels);
    return s->masked[at] && !row->clear && *text ? type_mask(c->a, f, text) : text;
}
