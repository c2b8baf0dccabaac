/*
 * What an import must not do, because data would be lost: asked by set before anything is written, and answered all at once.
 * Fields: one statement for each entity that has them counts every question about its columns. Rows that go: one statement for
 * each link that leads to their entity.
 */
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "entity_ids.h"
#include "meta/types.h"
#include "record/configuration/impl.h"

/* ---- questions about the values of custom fields ---------------------------------------------------- */

typedef enum AskKind { ASK_ANY, ASK_OPTION, ASK_LONGER, ASK_SHORTER, ASK_MORE, ASK_LESS } AskKind;

typedef struct Ask {
    const CfgChange *x;
    const Field *f; /* of the entity whose rows are counted */
    AskKind kind;
    const char *field; /* of the row in the file */
    const char *key;   /* of the message */
    const char *option, *arg;
    int64_t bound;
} Ask;

typedef struct Asks {
    VEC(Ask) list;
} Asks;

static const char *like_code(Ctx *c, const char *code)
{
    Buf b;
    buf_init(&b, c->a);
    buf_puts(&b, "%|");
    for (; *code; code++) {
        if (*code == '%' || *code == '_' || *code == '\\')
            buf_putc(&b, '\\');
        buf_putc(&b, *code);
    }
    buf_puts(&b, "|%");
    return b.data;
}

static void put_ask(Ctx *c, Sql *q, const Ask *a)
{
    const char *col = a->f->column;
    sql_add(q, SQL("count(CASE WHEN "));
    if (a->kind == ASK_LONGER || a->kind == ASK_SHORTER)
        sql_add(q, SQL("length("));
    sql_col(q, "t0", col);
    switch (a->kind) {
    case ASK_ANY: sql_add(q, SQL(" IS NOT NULL")); break;
    case ASK_OPTION:
        if (a->f->type == FT_MULTI_OPTION) {
            sql_add(q, SQL(" LIKE "));
            sql_bind(q, db_of_text(like_code(c, a->option)));
            sql_add(q, SQL(" ESCAPE '\\'"));
        } else {
            sql_add(q, SQL(" = "));
            sql_bind(q, db_of_text(a->option));
        }
        break;
    case ASK_LONGER:
        sql_add(q, SQL(") > "));
        sql_bind(q, db_of_int(a->bound));
        break;
    case ASK_SHORTER:
        sql_add(q, SQL(") < "));
        sql_bind(q, db_of_int(a->bound));
        break;
    case ASK_MORE:
        sql_add(q, SQL(" > "));
        sql_bind(q, db_of_int(a->bound));
        break;
    case ASK_LESS:
        sql_add(q, SQL(" < "));
        sql_bind(q, db_of_int(a->bound));
        break;
    }
    sql_add(q, SQL(" THEN 1 END)"));
}

static bool answer(Ctx *c, const Entity *e, const Asks *asks, size_t from, size_t to)
{
    Sql q;
    bool first = true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    for (size_t i = from; i < to; i++) {
        if (asks->list.items[i].f->entity != e)
            continue;
        if (!first)
            sql_add(&q, SQL(", "));
        first = false;
        put_ask(c, &q, &asks->list.items[i]);
    }
    if (first)
        return true;
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    if (db_step(r)) {
        int col = 0;
        for (size_t i = from; i < to; i++) {
            const Ask *a = &asks->list.items[i];
            int64_t n = a->f->entity == e ? db_int(r, col++) : 0;
            if (n)
                ctx_fail(c, ERR_IN_USE, cfg_place(c, a->x, a->field), a->key, ctx_num(c, n),
                         a->arg ? a->arg : "");
        }
    }
    db_done(r);
    return true;
}

static const Field *field_of(Ctx *c, json_object *body)
{
    const Entity *e = model_entity(c->model, json_str(body, "entity", ""));
    const Field *f = e ? entity_field(e, json_str(body, "code", "")) : NULL;
    return f && f->custom && f->column ? f : NULL;
}

static void ask_limits(Ctx *c, const CfgChange *x, const Field *f, json_object *was,
                       json_object *is, Asks *out)
{
    bool text = type_ops(f->type)->text, scaled = f->type == FT_DECIMAL;
    bool number = f->type == FT_INT;
    json_object *max = json_member(is, "max"), *min = json_member(is, "min");
    if (scaled && json_int(was, "scale", 2) != json_int(is, "scale", 2))
        vec_push(c->a, &out->list,
                 (Ask){.x = x, .f = f, .kind = ASK_ANY, .field = "validation", .key = "cfg.scale"});
    if ((text || number) && json_object_is_type(max, json_type_int))
        vec_push(c->a, &out->list,
                 (Ask){.x = x,
                       .f = f,
                       .kind = text ? ASK_LONGER : ASK_MORE,
                       .field = "validation",
                       .key = "cfg.narrower_max",
                       .arg = ctx_num(c, json_object_get_int64(max)),
                       .bound = json_object_get_int64(max)});
    if ((text || number) && json_object_is_type(min, json_type_int))
        vec_push(c->a, &out->list,
                 (Ask){.x = x,
                       .f = f,
                       .kind = text ? ASK_SHORTER : ASK_LESS,
                       .field = "validation",
                       .key = "cfg.narrower_min",
                       .arg = ctx_num(c, json_object_get_int64(min)),
                       .bound = json_object_get_int64(min)});
}

static void ask_options(Ctx *c, const CfgChange *x, const Field *f, json_object *was,
                        json_object *is, Asks *out)
{
    if (!json_object_is_type(was, json_type_object))
        return;
    json_object_object_foreach(was, code, label)
    {
        (void)label;
        if (!json_object_is_type(is, json_type_object) ||
            !json_object_object_get_ex(is, code, NULL))
            vec_push(c->a, &out->list,
                     (Ask){.x = x,
                           .f = f,
                           .kind = ASK_OPTION,
                           .field = "options",
                           .key = "cfg.option_used",
                           .option = arena_str(c->a, code),
                           .arg = arena_str(c->a, code)});
    }
}

static void ask_field(Ctx *c, const CfgChange *x, Asks *out)
{
    const Field *f = x->was ? field_of(c, x->was->body) : NULL;
    if (!f)
        return;
    if (x->kind == CFG_GONE) {
        vec_push(c->a, &out->list, (Ask){.x = x, .f = f, .kind = ASK_ANY, .key = "cfg.field_used"});
        return;
    }
    for (int i = 0; i < x->n_fields; i++) {
        const CfgField *d = &x->fields[i];
        if (d->f->index == CUSTOM_FIELD_RETIRED && json_object_get_boolean(d->is))
            vec_push(
                c->a, &out->list,
                (Ask){
                    .x = x, .f = f, .kind = ASK_ANY, .field = "retired", .key = "cfg.field_used"});
        else if (d->f->index == CUSTOM_FIELD_OPTIONS)
            ask_options(c, x, f, d->was, d->is, out);
        else if (d->f->index == CUSTOM_FIELD_VALIDATION)
            ask_limits(c, x, f, d->was, d->is, out);
    }
}

static bool fields_lose(Ctx *c, const CfgDiff *d)
{
    enum { AT_ONCE = 400 };
    Asks asks = {0};
    for (size_t i = 0; i < d->changes.n; i++)
        if (strcmp(d->changes.items[i].e->name, "custom_field") == 0)
            ask_field(c, &d->changes.items[i], &asks);
    for (size_t from = 0; from < asks.list.n; from += AT_ONCE) {
        size_t to = from + AT_ONCE < asks.list.n ? from + AT_ONCE : asks.list.n;
        for (int i = 0; i < c->model->n; i++)
            if (!answer(c, &c->model->entities[i], &asks, from, to))
                return false;
    }
    return true;
}

/* ---- what stays as it was made ---------------------------------------------------------------------- */

static void fixed_fields(Ctx *c, const CfgChange *x)
{
    for (int i = 0; i < x->n_fields; i++) {
        const CfgField *d = &x->fields[i];
        if (d->f->create_only)
            ctx_fail(c, ERR_READONLY, cfg_place(c, x, d->f->name), "cfg.fixed",
                     label_in(d->f->label, c->lang), cfg_text(c, d->was), cfg_text(c, d->is));
    }
}

/* ---- rows that go, and what leads to them ------------------------------------------------------------- */

static const CfgChange *gone_of(const CfgDiff *d, const Entity *e, int64_t id)
{
    for (size_t i = 0; i < d->changes.n; i++)
        if (d->changes.items[i].kind == CFG_GONE && d->changes.items[i].e == e &&
            d->changes.items[i].was->id == id)
            return &d->changes.items[i];
    return NULL;
}

/* Rows of f's entity that name rows which go: counted by the row they name. */
static bool used_by(Ctx *c, const CfgDiff *d, const Entity *to, const Field *f, const int64_t *ids,
                    int n)
{
    bool many = f->type == FT_LINK_MANY;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0."));
    sql_name(&q, many ? "target" : f->column);
    sql_add(&q, SQL(", count(*) FROM "));
    sql_name(&q,
             many ? arena_printf(c->a, "rel_%s_%s", f->entity->name, f->name) : f->entity->name);
    sql_add(&q, SQL(" AS t0 WHERE t0."));
    sql_name(&q, many ? "target" : f->column);
    sql_among(c, &q, ids, n);
    sql_add(&q, SQL(" GROUP BY t0."));
    sql_name(&q, many ? "target" : f->column);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        const CfgChange *x = gone_of(d, to, db_int(r, 0));
        if (x)
            ctx_fail(c, ERR_IN_USE, cfg_place(c, x, NULL), "cfg.row_used", ctx_num(c, db_int(r, 1)),
                     label_in(f->entity->label, c->lang));
    }
    db_done(r);
    return true;
}

/* What belongs to a row (its runs) goes and comes back with it; the configuration itself is compared as a whole. */
static bool leads(const Field *f, const Entity *to)
{
    const Entity *e = f->entity;
    bool link =
        (f->type == FT_LINK || f->type == FT_LINK_MANY) && f->to && strcmp(f->to, to->name) == 0;
    return link && !e->configuration && !(e->parent && strcmp(e->parent, f->name) == 0);
}

static bool rows_lose(Ctx *c, const CfgDoc *house, const CfgDiff *d)
{
    for (int p = 0; p < house->n; p++) {
        const Entity *to = house->parts[p].e;
        VEC(int64_t) ids = {0};
        for (size_t i = 0; i < d->changes.n; i++)
            if (d->changes.items[i].kind == CFG_GONE && d->changes.items[i].e == to)
                vec_push(c->a, &ids, d->changes.items[i].was->id);
        for (int i = 0; ids.n && i < c->model->n; i++) {
            const Entity *e = &c->model->entities[i];
            for (int k = 0; k < e->n_fields; k++)
                if (leads(&e->fields[k], to) &&
                    !used_by(c, d, to, &e->fields[k], ids.items, (int)ids.n))
                    return false;
        }
    }
    return true;
}

bool cfg_losses(Ctx *c, const CfgDoc *house, const CfgDiff *d)
{
    int before = c->n_err;
    for (size_t i = 0; i < d->changes.n; i++)
        if (d->changes.items[i].kind == CFG_CHANGE)
            fixed_fields(c, &d->changes.items[i]);
    return fields_lose(c, d) && rows_lose(c, house, d) && c->n_err == before;
}
