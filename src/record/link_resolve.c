/* Links on their way in. See link_resolve.h. */
#include "record/link_resolve.h"

#include <string.h>

#include "base/fold.h"
#include "base/msg.h"
#include "meta/types.h"
#include "record/former.h"

enum { CANDIDATES = 5, PARENTS_AT_MOST = 100 };

static bool is_entity(const Entity *e, const char *name)
{
    return strcmp(e->name, name) == 0;
}

static bool open_to_all(const Entity *e)
{
    return is_entity(e, "user") || is_entity(e, "department") || is_entity(e, "role");
}

const Entity *link_target(const Field *f, const DbVal *values)
{
    const Model *m = f->entity->model;
    if (f->type == FT_FILE || f->type == FT_IMAGE)
        return model_entity(m, "attachment");
    if (f->to)
        return model_entity(m, f->to);
    const Field *by = f->to_field ? entity_field(f->entity, f->to_field) : NULL;
    if (!by || values[by->index].kind != DB_TEXT)
        return NULL;
    return model_entity(m, values[by->index].s);
}

/* " AND …": live, and the caller's to see. */
static void add_limits(Ctx *c, Sql *q, const Entity *to, bool trusted)
{
    if (to->standard)
        sql_add(q, SQL(" AND t0.\"deleted_at\" IS NULL"));
    if (trusted)
        return;
    if (is_entity(to, "user") && entity_has(to, "status"))
        sql_add(q, SQL(" AND t0.\"status\" = 'active'"));
    if (open_to_all(to))
        return;
    Filter *scope =
        access_may(c, to, ACT_READ) ? access_scope(c, to, ACT_READ) : filter_false(c->a);
    if (scope->kind == FILTER_TRUE)
        return;
    sql_add(q, SQL(" AND "));
    filter_sql_each(c, q, to, "t0", scope);
}

bool link_in_scope(Ctx *c, const Entity *to, int64_t id, Action act)
{
    return access_may(c, to, act) && rec_within(c, to, id, access_scope(c, to, act));
}

static bool find_id(Ctx *c, const Field *f, const Entity *to, int64_t id)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, to->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\" = "));
    sql_bind(&q, db_of_int(id));
    add_limits(c, &q, to, false);
    int64_t found_id;
    bool found = false;
    if (!db_one_int(c, sql_text(&q), q.params, q.n, &found_id, &found))
        return false;
    if (found)
        return true;
    return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "err.ref.not_found", ctx_num(c, id));
}

/* The field a text may name a record by. */
static const Field *name_field(const Entity *to, const char *key)
{
    static const char *const keys[] = {"number", "name", "login", "code"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(key, keys[i]) != 0)
            continue;
        const Field *f = entity_field(to, key);
        if (!f && i == 1)
            f = to->title;
        return f && f->column && !f->hidden && type_ops(f->type)->column == COL_TEXT ? f : NULL;
    }
    return NULL;
}

/* " alias.field = text" as it is compared. */
static void is_called(Ctx *c, Sql *q, const char *alias, const Field *by, const char *text)
{
    DbVal v = db_of_text(text);
    if (by->fold) {
        sql_col(q, alias, arena_printf(c->a, "%s_f", by->column));
        v = type_fold(c->a, by, &v);
    } else {
        sql_col(q, alias, by->column);
    }
    sql_add(q, SQL(" = "));
    sql_bind(q, v);
}

/* former: not what is called so, but what that was merged into. */
static bool find_named(Ctx *c, const Field *f, const Entity *to, const Field *by, const char *text,
                       bool trusted, bool former, int64_t *out)
{
    Sql q;
    sql_init(&q, c->a);
    if (former) {
        former_begin(&q, to, NULL, 0);
        is_called(c, &q, "t1", by, text);
        former_end(&q, to, 0);
    }
    sql_add(&q, SQL("SELECT t0.\"id\", "));
    sql_col(&q, "t0", to->title->column ? to->title->column : by->column);
    const Field *number = entity_field(to, "number");
    if (number && number->column) {
        sql_add(&q, SQL(", "));
        sql_col(&q, "t0", number->column);
    }
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, to->name);
    sql_add(&q, SQL(" AS t0 WHERE "));
    if (former)
        sql_add(&q, SQL("t0.\"id\" IN (SELECT f.\"id\" FROM f)"));
    else
        is_called(c, &q, "t0", by, text);
    add_limits(c, &q, to, trusted);
    sql_add(&q, SQL(" ORDER BY t0.\"id\" LIMIT "));
    sql_number(&q, CANDIDATES);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    int n = 0;
    Buf which;
    buf_init(&which, c->a);
    while (db_step(r)) {
        if (n++ == 0)
            *out = db_int(r, 0);
        else
            buf_puts(&which, ", ");
        if (number && number->column && !db_is_null(r, 2))
            buf_printf(&which, "%s ", db_text(r, 2));
        buf_puts(&which, db_text(r, 1) ? db_text(r, 1) : text);
    }
    db_done(r);
    if (n == 0 && !former && former_link(to) && c->n_err == 0)
        return find_named(c, f, to, by, text, trusted, true, out);
    if (n == 0)
        return c->n_err == 0 && ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "err.ref.not_found", text);
    if (n > 1)
        return ctx_fail(c, ERR_REF_AMBIGUOUS, f->name, "err.ref.ambiguous_which", text, which.data);
    return true;
}

bool link_from_json(Ctx *c, const Field *f, const Entity *to, json_object *in, bool trusted,
                    int64_t *out)
{
    json_object *id_json = in, *named;
    if (!to)
        return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "err.link_target_type");
    if (json_object_is_type(in, json_type_object)) {
        id_json = NULL;
        if (json_object_object_get_ex(in, "id", &named)) {
            id_json = named;
        } else if (json_object_object_length(in) == 1) {
            json_object_object_foreach(in, key, value)
            {
                const Field *by = name_field(to, key);
                if (by && value && json_object_is_type(value, json_type_string))
                    return find_named(c, f, to, by, json_object_get_string(value), trusted, false,
                                      out);
            }
        }
    }
    if (!id_json || !json_object_is_type(id_json, json_type_int))
        return ctx_fail(c, ERR_TYPE, f->name, "err.type", msg_text(c->lang, "type.link"));
    int64_t id = json_object_get_int64(id_json);
    if (id <= 0)
        return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "err.ref.not_found", ctx_num(c, id));
    if (!trusted && !(is_entity(to, "user") && id == c->actor->user) && !find_id(c, f, to, id))
        return false;
    *out = id;
    return true;
}

bool link_closes_circle(Ctx *c, const Field *f, int64_t id, int64_t target, bool *closes)
{
    const Entity *e = f->entity;
    *closes = true;
    for (int i = 0; i < PARENTS_AT_MOST; i++) {
        if (target == id)
            return true;
        Sql q;
        sql_init(&q, c->a);
        sql_add(&q, SQL("SELECT t0."));
        sql_name(&q, f->column);
        sql_add(&q, SQL(" FROM "));
        sql_name(&q, e->name);
        sql_add(&q, SQL(" AS t0 WHERE t0."));
        sql_name(&q, f->column);
        sql_add(&q, SQL(" IS NOT NULL AND t0.\"id\" = "));
        sql_bind(&q, db_of_int(target));
        bool found = false;
        if (!db_one_int(c, sql_text(&q), q.params, q.n, &target, &found))
            return false;
        if (!found) {
            *closes = false;
            return true;
        }
    }
    return true;
}

bool link_no_cycle(Ctx *c, const Field *f, int64_t id, int64_t target)
{
    bool closes;
    return link_closes_circle(c, f, id, target, &closes) &&
           (!closes || ctx_fail(c, ERR_INVALID, f->name, "err.link_cycle"));
}

/* Rows that may go to the recycle bin between check and write; people and departments are disabled, not deleted. */
static bool may_vanish(const Entity *to)
{
    return to && to->standard && !open_to_all(to);
}

static void add_count(Ctx *c, SaveWork *w, const Entity *to, int64_t id)
{
    Sql *q = &w->links;
    if (w->n_links++ == 0) {
        sql_init(q, c->a);
        sql_add(q, SQL("SELECT "));
    } else {
        sql_add(q, SQL(" + "));
    }
    sql_add(q, SQL("(SELECT COUNT(*) FROM (SELECT 1 FROM "));
    sql_name(q, to->name);
    sql_add(q, SQL(" WHERE \"deleted_at\" IS NULL AND \"id\" = "));
    sql_bind(q, db_of_int(id));
    if ((to->gets & GETS_MERGE) &&
        !w->own.dry) /* a merge that is at it takes this row along, or is waited for */
        sql_hold(c, q, false);
    sql_add(q, SQL(") AS l)"));
}

void link_prepare_check(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        /* read-only links are set by hooks, also to rows that follow in this very transaction */
        if (!w->s.changed[i] || f->type != FT_LINK || f->readonly || w->s.after[i].kind != DB_INT)
            continue;
        const Entity *to = link_target(f, w->s.after);
        if (may_vanish(to))
            add_count(c, w, to, w->s.after[i].i);
    }
    for (int k = 0; k < w->n_many; k++) {
        const Entity *to = model_entity(e->model, w->many[k].f->to);
        for (int i = 0; i < w->many[k].n && may_vanish(to); i++)
            add_count(c, w, to, w->many[k].ids[i]);
    }
    if (w->n_links)
        sql_add(&w->links, SQL(" AS n"));
}

bool link_check(Ctx *c, SaveWork *w)
{
    if (!w->n_links)
        return true;
    int64_t n = 0;
    if (!db_one_int(c, sql_text(&w->links), w->links.params, w->links.n, &n, NULL))
        return false;
    if (n == w->n_links)
        return true;
    const Entity *e = w->s.e;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (w->s.changed[i] && f->type == FT_LINK && !f->readonly && w->s.after[i].kind == DB_INT &&
            may_vanish(link_target(f, w->s.after)))
            return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "err.ref.not_found",
                            ctx_num(c, w->s.after[i].i));
    }
    return ctx_fail(c, ERR_REF_NOT_FOUND, w->many[0].f->name, "err.ref.not_found", "");
}

enum { PATH_WIDE = 50 };

/* Rows of one name below the given ones (n 0: anywhere); replaces ids and n. */
static bool step_down(Ctx *c, const Entity *to, const char *name, int64_t ids[PATH_WIDE], int *n)
{
    const Field *by = to->title, *up = entity_field(to, to->tree);
    DbVal v = db_of_text(name);
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, to->name);
    sql_add(&q, SQL(" AS t0 WHERE "));
    sql_col(&q, "t0", by->fold ? arena_printf(c->a, "%s_f", by->column) : by->column);
    sql_add(&q, SQL(" = "));
    sql_bind(&q, by->fold ? type_fold(c->a, by, &v) : v);
    if (*n) {
        sql_add(&q, SQL(" AND "));
        sql_col(&q, "t0", up->column);
        sql_add(&q, SQL(" IN "));
        sql_bind_ids(&q, ids, *n);
    }
    add_limits(c, &q, to, false);
    sql_add(&q, SQL(" ORDER BY t0.\"id\" LIMIT "));
    sql_number(&q, PATH_WIDE);
    return db_ids_most(c, sql_query(c, &q), ids, PATH_WIDE, n);
}

bool link_by_path(Ctx *c, const Field *f, const Entity *to, const char *text, int64_t *out)
{
    int64_t ids[PATH_WIDE];
    int n = 0, steps = 0;
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "/>\\");
        char *name = fold_clean(c->a, arena_dup(c->a, p, len));
        p += len + (p[len] != 0);
        if (!*name)
            continue;
        if (!step_down(c, to, name, ids, &n))
            return false;
        if (!n)
            break;
        steps++;
    }
    if (!steps || !n)
        return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "err.ref.not_found", text);
    if (n > 1)
        return ctx_fail(c, ERR_REF_AMBIGUOUS, f->name, "err.ref.ambiguous_which", text,
                        ctx_num(c, n));
    *out = ids[0];
    return true;
}
