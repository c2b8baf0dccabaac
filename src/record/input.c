/* The input of a save. See input.h. */
#include "record/input.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/msg.h"
#include "meta/types.h"
#include "record/link_resolve.h"
#include "record/value.h"
#include "record/write_row.h"

static bool is_text(FieldType t)
{
    return t == FT_STRING || t == FT_TEXT || t == FT_PHONE || t == FT_EMAIL || t == FT_URL;
}

static bool is_ref(const Field *f)
{
    return f->type == FT_LINK || f->type == FT_FILE || f->type == FT_IMAGE;
}

/* The caller saw a mask and sends it back: the number behind it would be lost. */
static bool is_masked_text(const Field *f, json_object *in)
{
    return f->personal && is_text(f->type) && json_object_is_type(in, json_type_string) &&
           strstr(json_object_get_string(in), "***") != NULL;
}

static bool refuse(Ctx *c, SaveWork *w, const Field *f, ErrCode code, const char *key)
{
    w->bad[f->index] = 1;
    return ctx_fail(c, code, f->name, key);
}

/* May this field be given here at all? *skip: it stands as it is and nothing is to be done. */
static bool may_give(Ctx *c, SaveWork *w, const Field *f, json_object *in, bool *skip)
{
    const SaveOptions *o = w->s.o;
    *skip = false;
    if (o->trusted)
        return true;
    if (f->type == FT_NUMBER && w->s.is_new) {
        if (!in) {
            *skip = true;
            return true;
        }
        if (o->keep || actor_has(c->actor, RIGHT_IMPORT_KEEP))
            return true;
        return refuse(c, w, f, ERR_READONLY, "err.readonly");
    }
    if (f->standard && f->index == STD_CREATED_AT && w->s.is_new && o->keep)
        return true;
    if (f->readonly || (!w->s.is_new && (f->create_only || f->type == FT_NUMBER)))
        return refuse(c, w, f, ERR_READONLY, "err.readonly");
    bool masked = false;
    if (access_field(c, f, &masked) != FR_EDIT)
        return refuse(c, w, f, ERR_PERM_DENIED, "err.perm.denied");
    if (in && is_masked_text(f, in))
        return refuse(c, w, f, ERR_MASKED, "err.masked");
    return true;
}

static void take(SaveWork *w, const Field *f, DbVal v)
{
    if (!w->s.is_new && value_same(&v, &w->s.after[f->index]))
        return;
    w->s.after[f->index] = v;
    w->s.changed[f->index] = 1;
}

/* A new owner is for those who may hand records over; oneself is always right. */
static bool may_own(Ctx *c, SaveWork *w, const Field *f, int64_t owner)
{
    const SaveOptions *o = w->s.o;
    if (o->trusted)
        return true;
    if (!w->s.is_new) {
        const DbVal *old = &w->s.before[f->index];
        if (old->kind == DB_INT && old->i == owner)
            return true;
        return refuse(c, w, f, ERR_READONLY, "err.owner_by_transfer");
    }
    if (o->keep || owner == c->actor->user || access_may(c, w->s.e, ACT_TRANSFER))
        return true;
    return refuse(c, w, f, ERR_PERM_DENIED, "err.perm.denied");
}

/*
 * Without an owner a record is in nobody's scope: its manager would lose it with its owner. So nobody
 * gives it up by a change, and at creation null is what absent is: the default.
 */
static bool gives_up_owner(Ctx *c, SaveWork *w, const Field *f)
{
    if (!w->s.e->standard || f->index != STD_OWNER || w->s.o->trusted)
        return false;
    if (!w->s.is_new && w->s.before[f->index].kind != DB_NULL)
        refuse(c, w, f, ERR_READONLY, "err.owner_by_transfer");
    return true;
}

static void take_ref(Ctx *c, SaveWork *w, const Field *f, json_object *in)
{
    const Entity *e = w->s.e;
    int before = c->n_err;
    int64_t id = 0;
    if (!in && gives_up_owner(c, w, f))
        return;
    if (in) {
        const Entity *to = link_target(f, w->s.after);
        if (!to && f->to_field &&
            w->s.is_new) { /* the entity by default: a follow-up hangs on a customer */
            const Field *by = entity_field(e, f->to_field);
            if (by && by->dflt && !w->s.changed[by->index] && !w->bad[by->index]) {
                take(w, by, db_of_text(by->dflt));
                to = link_target(f, w->s.after);
            }
        }
        if (!to && f->to_field) {
            const Field *by = entity_field(e, f->to_field);
            if (by && !w->bad[by->index])
                refuse(c, w, f, ERR_REF_NOT_FOUND, "err.link_target_type");
            w->bad[f->index] = 1;
            return;
        }
        bool same = false;
        const DbVal *old = &w->s.after[f->index];
        if (!w->s.is_new && old->kind == DB_INT)
            same = json_object_is_type(in, json_type_int) && json_object_get_int64(in) == old->i;
        if (same)
            return;
        if (!link_from_json(c, f, to, in, w->s.o->trusted, &id) ||
            (e->standard && f->index == STD_OWNER && !may_own(c, w, f, id))) {
            w->bad[f->index] = 1;
            return;
        }
        if (!w->s.is_new && to == e && !f->may_circle && !link_no_cycle(c, f, w->s.id, id)) {
            w->bad[f->index] = 1;
            return;
        }
    }
    if (c->n_err == before)
        take(w, f, id ? db_of_int(id) : db_null());
}

static int by_id(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

/* What the caller does not see he does not take away: of such rows (tags of others) those that stood there stay. */
static bool keep_unseen(Ctx *c, const Entity *to, SaveMany *m)
{
    Sql q;
    if (!m->n_old)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\" FROM "));
    sql_name(&q, to->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\" IN "));
    sql_bind_ids(&q, m->old, m->n_old);
    sql_add(&q, SQL(" AND NOT ("));
    filter_sql_each(c, &q, to, "t0", access_scope(c, to, ACT_READ));
    sql_add(&q, SQL(")"));
    int64_t *all = ARENA_ARRAY(c->a, m->n + m->n_old + 1, int64_t);
    if (m->n)
        memcpy(all, m->ids, (size_t)m->n * sizeof *all);
    m->ids = all;
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    for (int i = 0; i < m->n_old && db_step(r); i++)
        m->ids[m->n++] = db_int(r, 0);
    db_done(r);
    return c->n_err == 0;
}

static void take_many(Ctx *c, SaveWork *w, const Field *f, json_object *in)
{
    size_t n = 0;
    if (in && !json_object_is_type(in, json_type_array)) {
        w->bad[f->index] = 1;
        ctx_fail(c, ERR_TYPE, f->name, "err.type", msg_text(c->lang, "type.list"));
        return;
    }
    if (in)
        n = json_object_array_length(in);
    if (n > 500) {
        w->bad[f->index] = 1;
        ctx_fail(c, ERR_RANGE, f->name, "err.range", "0", "500", ctx_num(c, (int64_t)n));
        return;
    }
    SaveMany m = {.f = f, .ids = ARENA_ARRAY(c->a, n + 1, int64_t)};
    const Entity *to = model_entity(w->s.e->model, f->to);
    bool ok = to != NULL;
    for (size_t i = 0; i < n && to; i++) {
        int64_t id = 0;
        json_object *item = json_object_array_get_idx(in, i);
        if (!item || !link_from_json(c, f, to, item, w->s.o->trusted, &id))
            ok = false;
        else
            m.ids[m.n++] = id;
    }
    if (!ok) {
        w->bad[f->index] = 1;
        return;
    }
    if (!w->s.is_new && !write_row_read_many(c, w->s.e, f, w->s.id, &m.old, &m.n_old))
        return;
    if (to->open && !w->s.o->trusted && !keep_unseen(c, to, &m))
        return;
    qsort(m.ids, (size_t)m.n, sizeof *m.ids, by_id);
    int k = 0;
    for (int i = 0; i < m.n; i++)
        if (!k || m.ids[k - 1] != m.ids[i])
            m.ids[k++] = m.ids[i];
    m.n = k;
    if (!w->s.is_new && m.n == m.n_old &&
        (m.n == 0 || memcmp(m.ids, m.old, (size_t)m.n * sizeof *m.ids) == 0))
        return;
    w->many[w->n_many++] = m;
    w->s.changed[f->index] = 1;
}

static void take_value(Ctx *c, SaveWork *w, const Field *f, json_object *in)
{
    DbVal v = db_null();
    if (f->type == FT_PARTS || f->type == FT_FILES) {
        if (f->type == FT_PARTS && in && !json_object_is_type(in, json_type_object)) {
            w->bad[f->index] = 1;
            ctx_fail(c, ERR_TYPE, f->name, "err.type", msg_text(c->lang, "type.object"));
        }
        return; /* read by the hooks from the input */
    }
    if (in && !type_ops(f->type)->from_json(c, f, in, &v)) {
        w->bad[f->index] = 1;
        return;
    }
    take(w, f, v);
}

void input_accept(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    w->many = ARENA_ARRAY(c->a, e->n_fields, SaveMany);
    if (!w->s.in)
        return;
    if (!json_object_is_type(w->s.in, json_type_object)) {
        ctx_fail(c, ERR_TYPE, NULL, "err.type", msg_text(c->lang, "type.object"));
        return;
    }
    /* names first: an unknown one is a mistake of the program that calls, not of the person */
    json_object_object_foreach(w->s.in, name, unused)
    {
        (void)unused;
        const Field *f = entity_field(e, name);
        if (!f || ((f->hidden || f->retired) && !w->s.o->trusted))
            ctx_fail(c, ERR_UNKNOWN_FIELD, arena_str(c->a, name), "err.unknown_field", name);
    }
    for (int links = 0; links < 3;
         links++) { /* values, then links, then links whose target a field names */
        json_object_object_foreach(w->s.in, key, in)
        {
            const Field *f = entity_field(e, key);
            if (!f || ((f->hidden || f->retired) && !w->s.o->trusted))
                continue;
            int turn = f->type == FT_LINK && f->to_field ? 2 : is_ref(f) || f->type == FT_LINK_MANY;
            if (turn != links)
                continue;
            bool skip;
            if (f->index == STD_ID || (e->standard && f->index == STD_VERSION)) {
                if (!w->s.o->trusted)
                    refuse(c, w, f, ERR_READONLY, "err.readonly");
                else if (f->index == STD_ID && w->s.is_new && in)
                    w->s.after[STD_ID] = db_of_int(json_object_get_int64(in));
                continue;
            }
            if (!may_give(c, w, f, in, &skip) || skip)
                continue;
            if (is_ref(f))
                take_ref(c, w, f, in);
            else if (f->type == FT_LINK_MANY)
                take_many(c, w, f, in);
            else
                take_value(c, w, f, in);
        }
    }
}

bool input_values(Ctx *c, const Entity *e, json_object *in, DbVal *out)
{
    int before = c->n_err;
    json_object_object_foreach(in, name, value)
    {
        const Field *f = entity_field(e, name);
        if (!f || f->hidden || f->retired) {
            ctx_fail(c, ERR_UNKNOWN_FIELD, arena_str(c->a, name), "err.unknown_field", name);
            continue;
        }
        int mark = c->n_err;
        if (value && f->column && !is_ref(f) &&
            !type_ops(f->type)->from_json(c, f, value, &out[f->index]) &&
            json_object_is_type(value, json_type_string)) {
            ctx_errors_back_to(c, mark);
            out[f->index] = db_null();
        }
    }
    return c->n_err == before;
}

static bool default_of(Ctx *c, const Field *f, DbVal *out)
{
    const char *d = f->dflt;
    char day[11];
    if (strcmp(d, "me") == 0 && f->type == FT_LINK) {
        *out = c->actor->user ? db_of_int(c->actor->user) : db_null();
    } else if (strcmp(d, "my_department") == 0 && f->type == FT_LINK) {
        *out = c->actor->department ? db_of_int(c->actor->department) : db_null();
    } else if (strcmp(d, "now") == 0 && f->type == FT_DATETIME) {
        *out = db_of_int(c->now_ms);
    } else if (strcmp(d, "today") == 0 && f->type == FT_DATE) {
        clock_day_of(c->now_ms, c->zone, day);
        *out = db_of_text(arena_str(c->a, day));
    } else if (f->type == FT_BOOL) {
        *out = db_of_int(strcmp(d, "true") == 0 || strcmp(d, "1") == 0);
    } else {
        return type_ops(f->type)->from_text(c, f, d, out);
    }
    return true;
}

bool input_defaults(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    DbVal *v = w->s.after;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!f->dflt || f->retired || !f->column || w->s.changed[i] || w->bad[i])
            continue;
        if (!default_of(c, f, &v[i]))
            return false;
    }
    return true;
}
