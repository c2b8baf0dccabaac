/* Duplicates. See dedupe.h. */
#include "record/dedupe.h"

#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "auth/session.h"
#include "meta/types.h"
#include "record/history.h"
#include "record/input.h"
#include "record/write_row.h"

enum { FOUND_AT_MOST = 20 };

DupAction dedupe_action(const DupRule *rule, const SaveOptions *o, Channel ch)
{
    bool import = ch == CH_IMPORT || (o && o->origin && strcmp(o->origin, "import") == 0);
    if (import)
        return rule->import;
    return ch == CH_API ? rule->api : rule->form;
}

/* The match keys of a rule; false where one of them is empty, so that the rule does not apply. */
static bool keys_of(Ctx *c, const Entity *e, const DupRule *rule, const DbVal *values, DbVal *keys,
                    const Field **fields, int *n)
{
    *n = 0;
    for (int i = 0; rule->fields[i] && i < 8; i++) {
        const Field *f = entity_field(e, rule->fields[i]);
        if (!f || !write_row_has_match(f))
            return false;
        DbVal k = type_match_key(c->a, f, &values[f->index]);
        if (k.kind == DB_NULL || (k.kind == DB_TEXT && k.n == 0))
            return false;
        fields[*n] = f;
        keys[(*n)++] = k;
    }
    return *n > 0;
}

static void add_where(Ctx *c, Sql *q, const Entity *e, const Field *const *fields,
                      const DbVal *keys, int n, int64_t but_id)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t0 WHERE "));
    for (int i = 0; i < n; i++) {
        if (i)
            sql_add(q, SQL(" AND "));
        sql_col(q, "t0", arena_printf(c->a, "%s_k", fields[i]->column));
        sql_add(q, SQL(" = "));
        sql_bind(q, keys[i]);
    }
    if (e->standard)
        sql_add(q, SQL(" AND t0.\"deleted_at\" IS NULL"));
    if (but_id) {
        sql_add(q, SQL(" AND t0.\"id\" <> "));
        sql_bind(q, db_of_int(but_id));
    }
}

/* ---- the check on save --------------------------------------------------------------------- */

static bool touches(const SaveWork *w, const DupRule *rule)
{
    for (int i = 0; rule->fields[i]; i++) {
        const Field *f = entity_field(w->s.e, rule->fields[i]);
        if (f && (w->s.is_new || w->s.changed[f->index]))
            return true;
    }
    return false;
}

void dedupe_prepare(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    const SaveOptions *o = w->s.o;
    Channel ch = c->actor->channel;
    int n_rules = 0;
    /* only own code decides otherwise: a person cannot wave a block away */
    if (o->no_duplicates &&
        (o->trusted || ch == CH_IMPORT || ch == CH_JOB || ch == CH_CLI || ch == CH_SYSTEM))
        return;
    for (int i = 0; i < e->n_dups; i++) {
        DbVal keys[8];
        const Field *fields[8];
        int n;
        DupAction act = dedupe_action(&e->dups[i], o, ch);
        if ((act != DUP_BLOCK && act != DUP_COUNT) || !touches(w, &e->dups[i]) ||
            !keys_of(c, e, &e->dups[i], w->s.after, keys, fields, &n))
            continue;
        if (n_rules++ == 0)
            sql_init(&w->dups, c->a);
        else
            sql_add(&w->dups, SQL(" UNION ALL "));
        sql_add(&w->dups, SQL("SELECT t0.\"id\", "));
        sql_number(&w->dups, i);
        add_where(c, &w->dups, e, fields, keys, n, w->s.is_new ? 0 : w->s.id);
    }
    if (n_rules)
        sql_add(&w->dups, SQL(" LIMIT 1"));
}

static const char *owner_name(Ctx *c, const DbVal *v)
{
    if (v->kind != DB_INT)
        return "";
    DbVal p = *v;
    const char *name = NULL;
    bool found = false;
    if (!db_one_text(c, SQL("SELECT \"name\" FROM \"user\" WHERE \"id\" = $1"), &p, 1, &name,
                     &found) ||
        !found)
        return "";
    return name ? name : "";
}

bool dedupe_refuse(Ctx *c, const Entity *e, int rule, int64_t id)
{
    Record other;
    const char *field = e->dups[rule].fields[0];
    if (!rec_load(c, e, id, &other))
        return ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate", "");
    const Field *t = e->title;
    if (access_may(c, e, ACT_READ) && rec_within(c, e, id, access_scope(c, e, ACT_READ))) {
        const char *name = history_record_name(c, e, other.v);
        const char *title =
            t->column ? type_ops(t->type)->to_text(c->a, t, &other.v[t->index], c->lang) : "";
        if (name && strcmp(name, title) != 0)
            title = arena_printf(c->a, "%s %s", name, title);
        return ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate", title);
    }
    const char *owner = e->standard ? owner_name(c, &other.v[STD_OWNER]) : "";
    return ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate_foreign", owner);
}

bool dedupe_check(Ctx *c, SaveWork *w)
{
    if (!w->dups.text.len)
        return true;
    const Entity *e = w->s.e;
    DbRows *r = sql_query(c, &w->dups);
    if (!r)
        return false;
    int64_t id = 0, rule = 0;
    if (db_step(r)) {
        id = db_int(r, 0);
        rule = db_int(r, 1);
    }
    db_done(r);
    if (c->n_err || !id)
        return c->n_err == 0;
    return dedupe_refuse(c, e, (int)rule, id);
}

/* ---- hints --------------------------------------------------------------------------------- */

static int score_of(const DupRule *rule, DupAction act)
{
    int n = 0;
    while (rule->fields[n])
        n++;
    int score = (act == DUP_BLOCK || act == DUP_COUNT ? 90 : 60) + 5 * n;
    return score > 100 ? 100 : score;
}

static const Field *field_or_null(const Entity *e, const char *a, const char *b)
{
    const Field *f = entity_field(e, a);
    if (!f && b)
        f = entity_field(e, b);
    return f && f->column && !f->hidden ? f : NULL;
}

static void add_col_or_null(Sql *q, const Field *f)
{
    sql_add(q, SQL(", "));
    if (f)
        sql_col(q, "t0", f->column);
    else
        sql_add(q, SQL("NULL"));
}

typedef struct Found {
    Duplicate *d;
    int64_t *owners; /* beside d */
    int n;
} Found;

static bool collect(Ctx *c, const Entity *e, const DupRule *rule, DupAction act,
                    const Field *const *fields, const DbVal *keys, int n, int64_t but_id,
                    Filter *scope, Found *out)
{
    const Field *status = field_or_null(e, "lifecycle", "status"),
                *last = field_or_null(e, "last_follow_up_at", NULL);
    const Field *title = e->title->column ? e->title : NULL;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\""));
    add_col_or_null(&q, title);
    add_col_or_null(&q, status);
    add_col_or_null(&q, last);
    add_col_or_null(&q, e->standard ? &e->fields[STD_OWNER] : NULL);
    if (scope->kind == FILTER_TRUE) {
        sql_add(&q, SQL(", 1"));
    } else if (scope->kind == FILTER_FALSE) {
        sql_add(&q, SQL(", 0"));
    } else {
        sql_add(&q, SQL(", CASE WHEN "));
        filter_sql(c, &q, e, "t0", scope);
        sql_add(&q, SQL(" THEN 1 ELSE 0 END"));
    }
    add_where(c, &q, e, fields, keys, n, but_id);
    sql_add(&q, SQL(" ORDER BY t0.\"id\" LIMIT "));
    sql_number(&q, FOUND_AT_MOST);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r) && out->n < FOUND_AT_MOST) {
        int64_t id = db_int(r, 0);
        bool known = false;
        for (int i = 0; i < out->n; i++)
            known |= out->d[i].id == id; /* found by a stronger rule before */
        if (known)
            continue;
        out->owners[out->n] = db_int(r, 4);
        out->d[out->n++] = (Duplicate){.id = id,
                                       .visible = db_int(r, 5) == 1,
                                       .label = arena_str(c->a, db_text(r, 1)),
                                       .status = arena_str(c->a, db_text(r, 2)),
                                       .last_follow_up_at = db_int(r, 3),
                                       .rule = rule->name,
                                       .score = score_of(rule, act),
                                       .action = act};
    }
    db_done(r);
    return c->n_err == 0;
}

bool rec_duplicates(Ctx *c, const Entity *e, const DbVal *values, int64_t but_id, Channel ch,
                    Duplicate **out, int *out_n)
{
    Found found = {.d = ARENA_ARRAY(c->a, FOUND_AT_MOST, Duplicate),
                   .owners = ARENA_ARRAY(c->a, FOUND_AT_MOST, int64_t)};
    Filter *scope = access_may(c, e, ACT_READ) ? access_scope(c, e, ACT_READ) : filter_false(c->a);
    for (int i = 0; i < e->n_dups; i++) {
        DbVal keys[8];
        const Field *fields[8];
        int n;
        DupAction act = dedupe_action(&e->dups[i], NULL, ch);
        if (act == DUP_NONE || !keys_of(c, e, &e->dups[i], values, keys, fields, &n))
            continue;
        if (!collect(c, e, &e->dups[i], act, fields, keys, n, but_id, scope, &found))
            return false;
    }
    const Entity *user = model_entity(e->model, "user");
    LinkLabels *names = link_labels_new(c);
    for (int i = 0; i < found.n && user; i++)
        if (found.owners[i])
            link_labels_want(names, user, found.owners[i]);
    if (!link_labels_fetch(c, names))
        return false;
    for (int i = 0; i < found.n && user; i++) {
        Duplicate *d = &found.d[i];
        d->owner = found.owners[i] ? link_label(names, user, found.owners[i]) : NULL;
        if (!d->visible) { /* that it exists and whose it is: no more */
            d->label = d->status = NULL;
            d->last_follow_up_at = 0;
        }
    }
    *out = found.d;
    *out_n = found.n;
    return true;
}

typedef struct Foreign {
    const Entity *e;
    int64_t id;
} Foreign;

/*
 * Thirty different ones an hour, else the hint is an oracle for the whole list. Each is counted once; one
 * that is refused is not marked as seen (both rows belong to one transaction).
 */
static bool count_foreign(Ctx *c, void *arg)
{
    Foreign *f = arg;
    ConfRate limit = conf_rate("limit.duplicate_foreign");
    const char *user = ctx_num(c, c->actor->user);
    const char *seen = arena_printf(c->a, "dup:%s:%s:%s", user, f->e->name, ctx_num(c, f->id));
    int before = c->n_err;
    if (!rate_take(c, seen, 1, limit.per_ms, 1)) {
        if (c->err_last->code != ERR_LIMIT)
            return false;
        ctx_errors_back_to(c, before);
        c->retry_after_s = 0;
        return true;
    }
    return rate_take(c, arena_printf(c->a, "dup:%s", user), (int)limit.n, limit.per_ms, 1);
}

bool rec_duplicates_json(Ctx *c, const Entity *e, json_object *in, Buf *out)
{
    if (!access_may(c, e, ACT_CREATE) && !access_need(c, e, ACT_EDIT))
        return false;
    DbVal *values = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    int64_t but_id = json_int(in, "id", 0);
    if (json_member(in, "id"))
        json_object_object_del(in, "id");
    if (!input_values(c, e, in, values))
        return false;
    Duplicate *d;
    int n;
    if (!rec_duplicates(c, e, values, but_id, c->actor->channel, &d, &n))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "data");
    jw_arr(&w);
    for (int i = 0; i < n; i++) {
        if (!d[i].visible && !c->actor->is_system) {
            Foreign f = {.e = e, .id = d[i].id};
            if (!db_write(c, count_foreign, &f))
                return false;
        }
        jw_obj(&w);
        if (d[i].visible) {
            jw_kint(&w, "id", d[i].id);
            jw_kstr(&w, "label", d[i].label);
        }
        jw_kstr(&w, "owner", d[i].owner);
        if (d[i].visible) {
            if (d[i].status)
                jw_kstr(&w, "status", d[i].status);
            jw_kinstant(&w, "last_follow_up_at", d[i].last_follow_up_at);
        }
        if (d[i].visible) { /* of a foreign one the contract gives the owner and nothing else */
            jw_kint(&w, "score", d[i].score);
            jw_kstr(&w, "rule", d[i].rule);
            jw_kstr(&w, "action",
                    d[i].action == DUP_BLOCK   ? "block"
                    : d[i].action == DUP_COUNT ? "count"
                                               : "warn");
        }
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return true;
}
