/*
 * A merge goes round no flow: it is held by what holds its parts. Asked before the merge, when a request for it is filed, and
 * once more when it is carried out. See approval.h, impl.h.
 */
#include "record/merge/merge.h"

#include <inttypes.h>
#include <string.h>

#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/value.h"

/* Rows of an entity that lead to one of the merged by its link or list f. */
static bool rows_of(Ctx *c, const ApprovalMerge *what, const Field *f, DbIds *out)
{
    const Field *by = f->to_field ? entity_field(f->entity, f->to_field) : NULL;
    int64_t *ids = ARENA_ARRAY(c->a, what->n, int64_t);
    Sql q;
    for (int i = 0; i < what->n; i++)
        ids[i] = what->merged[i].id;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM "));
    sql_name(&q, f->entity->name);
    sql_add(&q, SQL(" WHERE \"deleted_at\" IS NULL AND "));
    if (f->type == FT_LINK_MANY) {
        sql_add(&q, SQL("\"id\" IN (SELECT \"id\" FROM "));
        sql_name(&q, arena_printf(c->a, "rel_%s_%s", f->entity->name, f->name));
        sql_add(&q, SQL(" WHERE \"target\" IN "));
        sql_bind_ids(&q, ids, what->n);
        sql_add(&q, SQL(")"));
    } else {
        sql_name(&q, f->column);
        sql_add(&q, SQL(" IN "));
        sql_bind_ids(&q, ids, what->n);
    }
    if (by) {
        sql_add(&q, SQL(" AND "));
        sql_name(&q, by->column);
        sql_add(&q, SQL(" = "));
        sql_bind(&q, db_of_text(what->e->name));
    }
    sql_add(&q, SQL(" ORDER BY \"id\""));
    return db_ids(c, sql_query(c, &q), out);
}

static bool leads(const Field *f, const Entity *e)
{
    const Field *by = f->to_field ? entity_field(f->entity, f->to_field) : NULL;
    if (f->readonly || f->hidden || !f->entity->standard)
        return false;
    if (f->type == FT_LINK_MANY)
        return strcmp(f->to, e->name) == 0;
    if (f->type != FT_LINK || !f->column)
        return false;
    return f->to ? strcmp(f->to, e->name) == 0 : by && field_option(by, e->name);
}

/* A row that comes to hang on another record is changed. */
static bool moved(Ctx *c, const ApprovalMerge *what, ApprovalAsked *asked)
{
    const Model *m = what->e->model;
    for (int i = 0; i < m->n; i++) {
        const Entity *x = &m->entities[i];
        for (int k = 0; k < x->n_fields && approval_any(c, x); k++) {
            DbIds ids = {0};
            unsigned char *changed = ARENA_ARRAY(c->a, x->n_fields, unsigned char);
            changed[k] = 1;
            if (leads(&x->fields[k], what->e) &&
                (!rows_of(c, what, &x->fields[k], &ids) ||
                 !approval_flows_edited(c, x, &ids, changed, asked)))
                return false;
        }
    }
    return true;
}

bool approval_flows_merge(Ctx *c, const ApprovalMerge *what, ApprovalAsked *asked)
{
    const Record *s = what->survivor;
    DbIds ids = {.items = ARENA_ARRAY(c->a, what->n, int64_t), .n = (size_t)what->n};
    ApprovalAsk ask = {.op = APPROVE_MERGE, .e = what->e, .id = s->id, .before = s->v};
    if (!approval_flows_of(c, &ask, asked))
        return false;
    for (int i = 0; i < what->n; i++) {
        const Record *r = &what->merged[i];
        ask = (ApprovalAsk){.op = APPROVE_MERGE, .e = what->e, .id = r->id, .before = r->v};
        ids.items[i] = r->id;
        if (!approval_flows_of(c, &ask, asked))
            return false;
        ask.op = APPROVE_DELETE;
        if (!approval_flows_of(c, &ask, asked))
            return false;
        ask.op = APPROVE_TRANSFER;
        if (!value_same(&r->v[STD_OWNER], &s->v[STD_OWNER]) && !approval_flows_of(c, &ask, asked))
            return false;
    }
    ask = (ApprovalAsk){
        .op = APPROVE_EDIT, .e = what->e, .id = s->id, .before = s->v, .changed = what->changed};
    return approval_flows_along(c, APPROVE_DELETE, what->e, &ids, asked) &&
           approval_flows_of(c, &ask, asked) && moved(c, what, asked);
}

bool approval_holds_merge(Ctx *c, const ApprovalMerge *what)
{
    ApprovalAsked a = {.first = true};
    return approval_flows_merge(c, what, &a) &&
           (a.n == 0 ||
            ctx_fail(c, ERR_APPROVAL_REQUIRED, a.field, "err.approval_flow", a.flows[0].name));
}

/* ---- asked for -------------------------------------------------------------------------------- */

static bool gather(Ctx *c, const ApprovalMerge *what, void *arg)
{
    return approval_flows_merge(c, what, arg);
}

/* "ids" of the request are those that go, its input {field: id} whose values are kept. */
static bool read_ask(Ctx *c, const Save *s, const Entity *e, int64_t survivor, Merge *m)
{
    const char *ids = save_text(c, s, CHANGE_REQUEST_IDS),
               *input = save_text(c, s, CHANGE_REQUEST_INPUT);
    json_object *body = rec_input(c), *list = NULL, *choose = NULL;
    if (!ids || !*ids)
        return ctx_fail(c, ERR_REQUIRED, "ids", "err.required");
    if (!json_read(c, ids, strlen(ids), &list))
        return false;
    if (input && *input && !json_read(c, input, strlen(input), &choose))
        return false;
    json_object_object_add(body, "survivor", json_object_new_int64(survivor));
    json_object_object_add(body, "merged", json_object_get(list));
    if (choose)
        json_object_object_add(body, "choose", json_object_get(choose));
    return merge_read(c, e, body, m);
}

bool approval_look_at_merge(Ctx *c, Save *s, const Entity *e, int64_t id, ApprovalAsked *asked)
{
    Merge m;
    Buf pairs;
    if (!(e->gets & GETS_MERGE))
        return ctx_fail(c, ERR_INVALID, "entity", "err.approval_entity", e->name);
    if (!read_ask(c, s, e, id, &m))
        return false;
    m.preview = true;
    m.flows = gather;
    m.arg = asked;
    if (!merge_run(c, &m))
        return false;
    buf_init(&pairs, c->a);
    for (int i = 0; i < m.n; i++)
        buf_printf(&pairs, "%s[%" PRId64 ",%" PRId64 "]", i ? "," : "", m.merged[i],
                   m.r[i].version);
    save_set(s, CHANGE_REQUEST_IDS, db_of_text(arena_printf(c->a, "[%s]", pairs.data)));
    save_set(s, CHANGE_REQUEST_CHANGES, db_of_text(m.changes));
    save_set(s, CHANGE_REQUEST_RECORD_VERSION, db_of_int(m.s.version));
    return true;
}

/* ---- done ------------------------------------------------------------------------------------- */

/* Has what the flows ask for now been asked? */
static bool all_asked(Ctx *c, const ApprovalMerge *what, void *arg)
{
    ApprovalAsked a = {.n = 0};
    const char *steps = arg;
    return approval_flows_merge(c, what, &a) && approval_asked_all(c, &a, steps);
}

bool approval_do_merge(Ctx *c, const Entity *e, int64_t survivor, json_object *pairs,
                       json_object *choose, const SaveOptions *o, const char *steps)
{
    Merge m = {.e = e,
               .survivor = survivor,
               .version = o->if_version,
               .choose = choose,
               .o = *o,
               .flows = all_asked,
               .arg = (void *)(uintptr_t)steps};
    for (size_t i = 0; i < json_length(pairs) && i < MERGE_MOST; i++) {
        json_object *pair = json_object_array_get_idx(pairs, i);
        m.merged[m.n] = json_object_get_int64(json_object_array_get_idx(pair, 0));
        m.versions[m.n++] = json_object_get_int64(json_object_array_get_idx(pair, 1));
    }
    return m.n > 0 ? merge_run(c, &m) : ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
}
