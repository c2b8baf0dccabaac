/* Saved views. See saved_view.h. Filters are kept as written, so that "me" and "this_month" mean the reader and his day. */
#include "record/saved_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "entity_ids.h"

static json_object *json_of(Ctx *c, const DbVal *v)
{
    json_object *o = NULL;
    if (v->kind != DB_TEXT || v->n == 0)
        return NULL;
    int before = c->n_err;
    if (!json_read(c, v->s, v->n, &o)) {
        ctx_errors_back_to(c, before);
        return NULL;
    }
    return o;
}

/* Columns of a view the reader may see, as the list call takes them; NULL for none. A view shared by somebody with more
   rights shows what is left. */
static const char *columns_for(Ctx *c, const Entity *e, json_object *columns)
{
    Buf b;
    if (!columns || !json_object_is_type(columns, json_type_array))
        return NULL;
    buf_init(&b, c->a);
    for (size_t i = 0; i < json_object_array_length(columns); i++) {
        json_object *it = json_object_array_get_idx(columns, i);
        const char *name = json_object_is_type(it, json_type_object) ? json_str(it, "field", "")
                                                                     : json_object_get_string(it);
        const Field *f = name ? entity_field(e, name) : NULL;
        bool masked;
        if (!f || f->retired || f->hidden || access_field(c, f, &masked) == FR_NONE)
            continue;
        if (b.len)
            buf_puts(&b, ",");
        buf_puts(&b, name);
    }
    return b.len ? b.data : NULL;
}

static bool sort_offered(const Entity *e, const char *sort)
{
    const Field *f = entity_field(e, sort + (sort[0] == '-' || sort[0] == '+'));
    return f && !f->retired && (f->index == STD_ID || (f->sort && f->column));
}

bool view_apply(Ctx *c, const Entity *e, const char *id, ListQuery *q)
{
    const Entity *views = model_entity(c->model, "saved_view");
    char *end = NULL;
    int64_t n = strtoll(id, &end, 10);
    Record r;
    int before = c->n_err;
    bool found = views && n > 0 && end && !*end && rec_get(c, views, n, false, &r);
    if (!found && c->n_err > before && c->err_last->code != ERR_NOT_FOUND)
        return false;
    ctx_errors_back_to(c, before);
    if (!found || r.v[SAVED_VIEW_ENTITY].kind != DB_TEXT ||
        strcmp(r.v[SAVED_VIEW_ENTITY].s, e->name) != 0)
        return ctx_fail(c, ERR_BAD_REQUEST, "view", "err.view_unknown", id);
    q->of_view = json_of(c, &r.v[SAVED_VIEW_FILTER]);
    const DbVal *sort = &r.v[SAVED_VIEW_SORT_BY];
    if (!q->sort && sort->kind == DB_TEXT && sort->n && sort_offered(e, sort->s))
        q->sort = arena_dup(c->a, sort->s, sort->n);
    if (!q->fields)
        q->fields = columns_for(c, e, json_of(c, &r.v[SAVED_VIEW_COLUMNS]));
    return true;
}

/* ---- checking what is kept ----------------------------------------------------------------- */

static void check_filter(Ctx *c, const Entity *of, const DbVal *v)
{
    Filter *f;
    json_object *o = json_of(c, v);
    if (v->kind != DB_TEXT || (o && json_object_is_type(o, json_type_null)))
        return;
    int before = c->n_err;
    if (o && filter_parse(c, of, o, &access_filter_guard, access_me(c), &f))
        return;
    const char *why = c->n_err > before ? arena_str(c->a, c->err_last->message) : "";
    ctx_errors_back_to(c, before);
    ctx_fail(c, ERR_INVALID, "filter", "err.view_filter", why);
}

static bool list_field(Ctx *c, const Entity *of, const char *name)
{
    const Field *f = name ? entity_field(of, name) : NULL;
    bool masked;
    return f && !f->retired && !f->hidden && access_field(c, f, &masked) != FR_NONE;
}

/* ["name", {"field": "phone", "width": 160}] */
static void check_columns(Ctx *c, const Entity *of, const DbVal *v, const char *field)
{
    json_object *o = json_of(c, v);
    if (v->kind != DB_TEXT || (o && json_object_is_type(o, json_type_null)))
        return;
    if (!o || !json_object_is_type(o, json_type_array) || json_object_array_length(o) > 60) {
        ctx_fail(c, ERR_INVALID, field, "err.view_columns");
        return;
    }
    for (size_t i = 0; i < json_object_array_length(o); i++) {
        json_object *it = json_object_array_get_idx(o, i);
        bool object = json_object_is_type(it, json_type_object);
        const char *name = object                                      ? json_str(it, "field", NULL)
                           : json_object_is_type(it, json_type_string) ? json_object_get_string(it)
                                                                       : NULL;
        if (!list_field(c, of, name))
            ctx_fail(c, ERR_INVALID, field, "err.field_unknown", name ? name : "?",
                     label_in(of->label, c->lang));
    }
}

bool view_check(Ctx *c, const Entity *of, const DbVal *v)
{
    int before = c->n_err;
    check_filter(c, of, &v[SAVED_VIEW_FILTER]);
    check_columns(c, of, &v[SAVED_VIEW_COLUMNS], "columns");
    check_columns(c, of, &v[SAVED_VIEW_SUMS], "sums");
    const DbVal *sort = &v[SAVED_VIEW_SORT_BY], *by = &v[SAVED_VIEW_GROUP_BY];
    if (sort->kind == DB_TEXT && sort->n && !sort_offered(of, sort->s))
        ctx_fail(c, ERR_INVALID, "sort_by", "err.sort_not_offered", sort->s);
    if (by->kind == DB_TEXT && by->n && !list_field(c, of, by->s))
        ctx_fail(c, ERR_INVALID, "group_by", "err.field_unknown", by->s,
                 label_in(of->label, c->lang));
    return c->n_err == before;
}
