/* Are the values of a save fit to be stored? See validate.h. */
#include "record/validate.h"

#include <string.h>

#include "meta/required.h"
#include "meta/types.h"
#include "record/former.h"

static bool is_empty(const SaveWork *w, const Field *f)
{
    if (f->type == FT_LINK_MANY) {
        for (int i = 0; i < w->n_many; i++)
            if (w->many[i].f == f)
                return w->many[i].n == 0;
        return w->s.is_new;
    }
    if (f->type == FT_PARTS)
        return !w->s.in || json_member(w->s.in, f->name) == NULL;
    if (!f->column)
        return false;
    const DbVal *v = &w->s.after[f->index];
    return v->kind == DB_NULL || (v->kind == DB_TEXT && v->n == 0);
}

/* Does the condition of required_if hold for the record as it shall be? */
static bool asked_for(Ctx *c, const SaveWork *w, const Field *f)
{
    if (!f->required_if)
        return false;
    Filter *when;
    int before = c->n_err;
    if (!filter_parse_text(c, f->entity, f->required_if, NULL, access_me(c), &when)) {
        ctx_errors_back_to(
            c, before); /* the checker of the model saw to it; a custom field may be ahead of us */
        return false;
    }
    former_means(c, when);
    return filter_holds(when, w->s.after);
}

static void check_required(Ctx *c, SaveWork *w, const Field *f)
{
    if (w->bad[f->index] || !is_empty(w, f))
        return;
    bool touched = w->s.is_new || w->s.changed[f->index];
    if ((touched && (field_required(f) || field_required_kind(f, w->s.after))) ||
        asked_for(c, w, f)) {
        w->bad[f->index] = 1;
        ctx_fail(c, ERR_REQUIRED, f->name, "err.required_field", label_in(f->label, c->lang));
    }
}

/* A blocking duplicate rule over this very field alone says more than "taken", and names the owner. */
static bool rule_covers(const Entity *e, const Field *f)
{
    for (int i = 0; i < e->n_dups; i++) {
        const DupRule *d = &e->dups[i];
        if (d->api == DUP_BLOCK && d->fields[0] && !d->fields[1] &&
            strcmp(d->fields[0], f->name) == 0)
            return true;
    }
    return false;
}

static void check_unique(Ctx *c, SaveWork *w, const Field *f)
{
    const Entity *e = w->s.e;
    DbVal v = w->s.after[f->index];
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE "));
    if (f->fold) { /* login "Zhang" and "zhang" are one */
        sql_col(&q, "t0", arena_printf(c->a, "%s_f", f->column));
        v = type_fold(c->a, f, &v);
    } else {
        sql_col(&q, "t0", f->column);
    }
    sql_add(&q, SQL(" = "));
    sql_bind(&q, v);
    sql_add(&q, SQL(" AND t0.\"id\" <> "));
    sql_bind(&q, db_of_int(w->s.id));
    sql_add(&q, SQL(" LIMIT 1"));
    int64_t other;
    bool found = false;
    if (!db_one_int(c, sql_text(&q), q.params, q.n, &other, &found) || !found)
        return;
    w->bad[f->index] = 1;
    ctx_fail(c, ERR_DUP_IN_DB, f->name, "err.taken", label_in(f->label, c->lang));
}

void validate_save(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    for (int i = e->standard ? STD_VERSION + 1 : 1; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (f->retired || f->type == FT_NUMBER || (f->standard && f->readonly))
            continue;
        check_required(c, w, f);
        if (w->bad[i] || !f->column || w->s.after[i].kind == DB_NULL ||
            (!w->s.is_new && !w->s.changed[i]))
            continue;
        if (!type_ops(f->type)->check(c, f, &w->s.after[i])) {
            w->bad[i] = 1;
            continue;
        }
        if (f->unique && (w->s.is_new || w->s.changed[i]) && !rule_covers(e, f))
            check_unique(c, w, f);
    }
}
