/* Phones, mails and accounts as rows. See contact_point.h. */
#include "domain/customer/contact_point.h"

#include "base/fold.h"
#include "base/phone.h"
#include "entity_ids.h"

static void add_row(Ctx *c, Points *p, const Entity *e, const Save *s, const char *parent_type,
                    const PointSource *from, bool primary)
{
    const char *value = save_text(c, s, from->field);
    const char *kind = "wechat", *key = NULL;
    Phone phone;
    if (!value)
        return;
    switch (from->kind) {
    case POINT_PHONE:
        phone_parse(c->a, value, &phone);
        kind = phone.kind == PHONE_MOBILE ? "mobile" : "landline";
        key = phone.key;
        break;
    case POINT_EMAIL:
        kind = "email";
        key = fold_text(c->a, value);
        break;
    case POINT_WECHAT: key = fold_text(c->a, value); break;
    }
    DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    v[CONTACT_POINT_PARENT_TYPE] = db_of_text(parent_type);
    v[CONTACT_POINT_PARENT] = db_of_int(s->id);
    v[CONTACT_POINT_KIND] = db_of_text(kind);
    v[CONTACT_POINT_VALUE] = db_of_text(value);
    v[CONTACT_POINT_VALUE_KEY] = db_of_text(key && *key ? key : value);
    v[CONTACT_POINT_IS_PRIMARY] = db_of_int(primary);
    v[CONTACT_POINT_STATUS] = db_of_text("valid");
    p->rows[p->n++] = v;
}

Points *points_prepare(Ctx *c, const Save *s, const char *parent_type, const PointSource *from,
                       int n)
{
    const Entity *e = model_entity(c->model, "contact_point");
    bool any = false;
    for (int i = 0; i < n; i++)
        any |= s->is_new ? s->after[from[i].field].kind == DB_TEXT : save_changed(s, from[i].field);
    if (!any || !e)
        return NULL;
    Points *p = ARENA_NEW(c->a, Points);
    p->rows = ARENA_ARRAY(c->a, n, DbVal *);
    p->rewrite = !s->is_new;
    p->former = ARENA_ARRAY(c->a, n, DbVal);
    for (int i = 0; i < n && p->rewrite; i++)
        if (s->before[from[i].field].kind == DB_TEXT)
            p->former[p->n_former++] = s->before[from[i].field];
    for (int i = 0; i < n; i++)
        add_row(c, p, e, s, parent_type, &from[i], i == 0);
    return p;
}

/* Numbers that came with a merged record stay: only those go that the fields held before. */
static Filter *former(Ctx *c, const Entity *e, const Points *p, Filter *mine)
{
    Filter *any = filter_false(c->a);
    for (int i = 0; i < p->n_former; i++)
        any = filter_or(c->a, any, rec_is(c, e, CONTACT_POINT_VALUE, p->former[i]));
    return filter_and(c->a, mine, any);
}

bool points_anew(Ctx *c, const Record *r, const char *parent_type, const PointSource *from, int n)
{
    const Save s = {.e = r->e, .id = r->id, .is_new = true, .after = r->v};
    Points *p = points_prepare(c, &s, parent_type, from, n);
    if (!p)
        return true;
    p->rewrite = true;
    p->former = ARENA_ARRAY(c->a, n, DbVal);
    for (int i = 0; i < n; i++)
        if (r->v[from[i].field].kind == DB_TEXT)
            p->former[p->n_former++] = r->v[from[i].field];
    return points_write(c, &s, parent_type, p);
}

bool points_write(Ctx *c, const Save *s, const char *parent_type, Points *p)
{
    const Entity *e = model_entity(c->model, "contact_point");
    if (!p)
        return true;
    if (p->rewrite) {
        Filter *mine =
            filter_and(c->a, rec_is(c, e, CONTACT_POINT_PARENT_TYPE, db_of_text(parent_type)),
                       rec_is(c, e, CONTACT_POINT_PARENT, db_of_int(s->id)));
        if (!rec_erase(c, e, former(c, e, p, mine)))
            return false;
    }
    for (int i = 0; i < p->n; i++)
        if (!rec_insert_bare(c, e, p->rows[i]))
            return false;
    return true;
}
