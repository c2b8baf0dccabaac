/*
 * Hints while somebody types: which records there are already that agree with the input, by the rules for duplicates; of
 * a foreign one only whose it is, and no more than so many an hour. See record.h, dedupe.h.
 */
#include <string.h>

#include "auth/session.h"
#include "base/clock.h"
#include "base/conf.h"
#include "meta/types.h"
#include "record/dedupe.h"
#include "record/former.h"
#include "record/input.h"
#include "record/write_row.h"

enum { FOUND_AT_MOST = 20 };

/* What is looked for: the keys of a rule; with via the rows a child points to whose one key agrees. */
typedef struct Match {
    const DupRule *rule;
    const char *name;
    DupAction act;
    DupKeys k;
    const Entity *via;
    const Field *link;
} Match;

/* "SELECT id, was" of the rows of x that agree (was 0), and of those that others which do were merged into. */
static void select_agreeing(Ctx *c, Sql *q, const Entity *x, const DupKeys *k)
{
    sql_add(q, SQL("SELECT t1.\"id\", CAST(0 AS BIGINT) AS \"was\" FROM "));
    sql_name(q, x->name);
    sql_add(q, SQL(" AS t1 WHERE "));
    dedupe_agrees(c, q, "t1", k);
    if (x->standard)
        sql_add(q, SQL(" AND t1.\"deleted_at\" IS NULL"));
    if (!former_link(x))
        return;
    sql_add(q, SQL(" UNION ALL SELECT l.\"id\", l.\"was\" FROM ("));
    former_begin(q, x, NULL, 0);
    dedupe_agrees(c, q, "t1", k);
    former_end(q, x, 0);
    sql_add(q, SQL("SELECT f.\"id\", f.\"was\" FROM f) AS l"));
}

/* The rows found, as t0, beside m."was". */
static void add_from(Ctx *c, Sql *q, const Entity *e, const Match *m, int64_t but_id)
{
    sql_add(q, SQL(" FROM ("));
    if (m->via) {
        sql_add(q, SQL("SELECT DISTINCT "));
        sql_col(q, "v", m->link->column);
        sql_add(q, SQL(" AS \"id\", CAST(0 AS BIGINT) AS \"was\" FROM "));
        sql_name(q, m->via->name);
        sql_add(
            q, SQL(" AS v WHERE v.\"deleted_at\" IS NULL AND v.\"id\" IN (SELECT a.\"id\" FROM ("));
        select_agreeing(c, q, m->via, &m->k);
        sql_add(q, SQL(") AS a)"));
    } else {
        select_agreeing(c, q, e, &m->k);
    }
    sql_add(q, SQL(") AS m JOIN "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t0 ON t0.\"id\" = m.\"id\" LEFT JOIN "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS w ON w.\"id\" = m.\"was\" WHERE "));
    sql_add(q, e->standard ? SQL("t0.\"deleted_at\" IS NULL") : SQL("1 = 1"));
    if (but_id) {
        sql_add(q, SQL(" AND t0.\"id\" <> "));
        sql_bind(q, db_of_int(but_id));
    }
}

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

static bool collect(Ctx *c, const Entity *e, const Match *m, int64_t but_id, Filter *scope,
                    Found *out)
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
        filter_sql_each(c, &q, e, "t0", scope);
        sql_add(&q, SQL(" THEN 1 ELSE 0 END"));
    }
    if (title) {
        sql_add(&q, SQL(", "));
        sql_col(&q, "w", title->column);
    } else {
        sql_add(&q, SQL(", NULL"));
    }
    add_from(c, &q, e, m, but_id);
    sql_add(&q, SQL(" ORDER BY t0.\"id\", m.\"was\" LIMIT "));
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
                                       .former = db_is_null(r, 6) ? NULL : db_text_copy(c->a, r, 6),
                                       .rule = m->name,
                                       .score = score_of(m->rule, m->act),
                                       .action = m->act};
    }
    db_done(r);
    return c->n_err == 0;
}

/* A rule of a single field of this kind of match that says something on the channel. */
static const DupRule *single_rule(const Entity *e, MatchKind kind, Channel ch, const Field **field)
{
    for (int i = 0; i < e->n_dups; i++) {
        const DupRule *r = &e->dups[i];
        *field = r->fields[0] && !r->fields[1] ? entity_field(e, r->fields[0]) : NULL;
        if (*field && (*field)->match == kind && write_row_has_match(*field) &&
            dedupe_action(r, NULL, ch) != DUP_NONE)
            return r;
    }
    return NULL;
}

/*
 * A number is the same number on the record or on its contact: the phone that was typed, and the one of
 * the part that becomes a contact (parts, may be NULL), are looked for in both places. Warns only.
 */
static bool collect_numbers(Ctx *c, const Entity *e, const DbVal *values, json_object *parts,
                            int64_t but_id, Channel ch, Filter *scope, Found *out)
{
    const Field *own = NULL, *theirs = NULL;
    const DupRule *rule = single_rule(e, MATCH_PHONE, ch, &own);
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        const Field *shown = f->shown_by ? entity_field(e, f->shown_by) : NULL;
        const Entity *via = shown && shown->to ? model_entity(e->model, shown->to) : NULL;
        const Field *link = via && via->parent ? entity_field(via, via->parent) : NULL;
        const DupRule *other = link ? single_rule(via, MATCH_PHONE, ch, &theirs) : NULL;
        if (!other || !via->standard || !e->standard || strcmp(link->to, e->name) != 0)
            continue;
        const char *given = parts ? json_str(parts, theirs->name, NULL) : NULL;
        DbVal of_part = given ? db_of_text(given) : db_null();
        DbVal keys[2] = {type_match_key(c->a, theirs, &of_part),
                         own ? type_match_key(c->a, own, &values[own->index]) : db_null()};
        for (int k = 0; k < 2; k++) {
            if (keys[k].kind == DB_NULL ||
                (k == 1 && keys[0].kind == DB_TEXT && keys[0].n == keys[1].n &&
                 memcmp(keys[0].s, keys[1].s, keys[0].n) == 0))
                continue;
            Match m = {.rule = other,
                       .act = DUP_WARN,
                       .k = {.n = 1, .fields = {theirs}, .keys = {keys[k]}},
                       .via = via,
                       .link = link,
                       .name = arena_printf(c->a, "%s.%s", via->name, other->name)};
            if (!collect(c, e, &m, but_id, scope, out))
                return false;
            m = (Match){.rule = rule,
                        .act = DUP_WARN,
                        .k = {.n = 1, .fields = {own}, .keys = {keys[k]}},
                        .name = rule ? rule->name : NULL};
            if (k == 0 && rule && !collect(c, e, &m, but_id, scope, out))
                return false;
        }
    }
    return true;
}

static bool duplicates(Ctx *c, const Entity *e, const DbVal *values, json_object *parts,
                       int64_t but_id, Channel ch, Duplicate **out, int *out_n)
{
    Found found = {.d = ARENA_ARRAY(c->a, FOUND_AT_MOST, Duplicate),
                   .owners = ARENA_ARRAY(c->a, FOUND_AT_MOST, int64_t)};
    Filter *scope = access_may(c, e, ACT_READ) ? access_scope(c, e, ACT_READ) : filter_false(c->a);
    for (int i = 0; i < e->n_dups; i++) {
        Match m = {.rule = &e->dups[i],
                   .name = e->dups[i].name,
                   .act = dedupe_action(&e->dups[i], NULL, ch)};
        if (m.act == DUP_NONE || !dedupe_keys(c, e, m.rule, values, &m.k))
            continue;
        if (!collect(c, e, &m, but_id, scope, &found))
            return false;
    }
    if (!collect_numbers(c, e, values, parts, but_id, ch, scope, &found))
        return false;
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
            d->label = d->status = d->former = NULL;
            d->last_follow_up_at = 0;
        }
    }
    for (int i = 0; i < found.n; i++)
        found.d[i].owner_id = found.owners[i];
    *out = found.d;
    *out_n = found.n;
    return true;
}

bool rec_duplicates(Ctx *c, const Entity *e, const DbVal *values, int64_t but_id, Channel ch,
                    Duplicate **out, int *out_n)
{
    return duplicates(c, e, values, NULL, but_id, ch, out, out_n);
}

bool rec_duplicates_input(Ctx *c, const Entity *e, json_object *in, Duplicate **out, int *out_n)
{
    DbVal *values = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    json_object *parts = NULL;
    int64_t but_id = json_int(in, "id", 0);
    if (json_member(in, "id"))
        json_object_object_del(in, "id");
    if (!input_values(c, e, in, values))
        return false;
    for (int i = 0; i < e->n_fields && !parts; i++)
        if (e->fields[i].type == FT_PARTS && e->fields[i].shown_by)
            parts = json_member(in, e->fields[i].name);
    if (parts && !json_object_is_type(parts, json_type_object))
        parts = NULL;
    return duplicates(c, e, values, parts, but_id, c->actor->channel, out, out_n);
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

bool rec_count_foreign(Ctx *c, const Entity *e, int64_t id)
{
    Foreign f = {.e = e, .id = id};
    return c->actor->is_system || db_write(c, count_foreign, &f);
}

bool rec_duplicates_json(Ctx *c, const Entity *e, json_object *in, Buf *out)
{
    if (!access_may(c, e, ACT_CREATE) && !access_need(c, e, ACT_EDIT))
        return false;
    Duplicate *d;
    int n;
    if (!rec_duplicates_input(c, e, in, &d, &n))
        return false;
    Jw w;
    jw_list(&w, out);
    for (int i = 0; i < n; i++) {
        if (!d[i].visible && !rec_count_foreign(c, e, d[i].id))
            return false;
        jw_obj(&w);
        if (d[i].visible) {
            jw_kint(&w, "id", d[i].id);
            jw_kstr(&w, "label", d[i].label);
            if (d[i].former)
                jw_kstr(&w, "former", d[i].former);
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
