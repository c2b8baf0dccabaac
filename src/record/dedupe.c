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
    for (int i = 0; i < 8 && rule->fields[i]; i++) {
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

/* What is looked for: the keys of a rule; with via the rows a child points to whose one key agrees. */
typedef struct Match {
    const DupRule *rule;
    const char *name;
    DupAction act;
    const Field *fields[8];
    DbVal keys[8];
    int n;
    const Entity *via;
    const Field *link;
} Match;

static void add_where_via(Ctx *c, Sql *q, const Entity *e, const Match *m, int64_t but_id)
{
    sql_add(q, SQL(" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND t0.\"id\" IN (SELECT "));
    sql_col(q, "t1", m->link->column);
    sql_add(q, SQL(" FROM "));
    sql_name(q, m->via->name);
    sql_add(q, SQL(" AS t1 WHERE t1.\"deleted_at\" IS NULL AND "));
    sql_col(q, "t1", arena_printf(c->a, "%s_k", m->fields[0]->column));
    sql_add(q, SQL(" = "));
    sql_bind(q, m->keys[0]);
    sql_add(q, SQL(")"));
    if (but_id) {
        sql_add(q, SQL(" AND t0.\"id\" <> "));
        sql_bind(q, db_of_int(but_id));
    }
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

/* Records the refusal by a record the caller may read: by its name. false: it is foreign, *owner is whose it is. */
static bool refuse_known(Ctx *c, const Entity *e, int rule, int64_t id, const char **owner)
{
    Record other;
    const char *field = e->dups[rule].fields[0];
    *owner = "";
    if (!rec_load(c, e, id, &other)) {
        ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate", "");
        return true;
    }
    const Field *t = e->title;
    if (access_may(c, e, ACT_READ) && rec_within(c, e, id, access_scope(c, e, ACT_READ))) {
        const char *name = history_record_name(c, e, other.v);
        const char *title =
            t->column ? type_ops(t->type)->to_text(c->a, t, &other.v[t->index], c->lang) : "";
        if (name && strcmp(name, title) != 0)
            title = arena_printf(c->a, "%s %s", name, title);
        ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate", title);
        return true;
    }
    if (e->standard)
        *owner = owner_name(c, &other.v[STD_OWNER]);
    return false;
}

/* Counts the hint; ERR_LIMIT is no mistake here but *named taken away. */
static bool count_named(Ctx *c, const Entity *e, int64_t id, bool *named)
{
    int before = c->n_err;
    if (!*named || rec_count_foreign(c, e, id))
        return true;
    if (c->err_last->code != ERR_LIMIT)
        return false;
    ctx_errors_back_to(c, before);
    c->retry_after_s = 0;
    *named = false;
    return true;
}

bool dedupe_refuse(Ctx *c, const Entity *e, int rule, int64_t id, bool *named)
{
    const char *owner, *field = e->dups[rule].fields[0];
    bool nobody = false;
    if (refuse_known(c, e, rule, id, &owner))
        return false;
    if (!named)
        named = &nobody;
    if (!count_named(c, e, id, named))
        return false;
    return *named ? ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate_foreign", owner)
                  : ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate_unnamed");
}

/* w remembers a foreign one for dedupe_told. */
static bool refuse(Ctx *c, const Entity *e, int rule, int64_t id, SaveWork *w)
{
    const char *owner, *field = e->dups[rule].fields[0];
    if (refuse_known(c, e, rule, id, &owner))
        return false;
    w->foreign_dup = id;
    w->foreign_field = field;
    w->foreign_owner = owner;
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
    return refuse(c, e, (int)rule, id, w);
}

bool dedupe_told(Ctx *c, SaveWork *w, int before)
{
    if (!w->foreign_dup || db_in_write(c))
        return false;
    ctx_errors_back_to(c, before);
    if (!rec_count_foreign(c, w->s.e, w->foreign_dup))
        return false; /* too many this hour: not even whose it is */
    return ctx_fail(c, ERR_DUPLICATE, w->foreign_field, "err.duplicate_foreign", w->foreign_owner);
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
        filter_sql(c, &q, e, "t0", scope);
        sql_add(&q, SQL(" THEN 1 ELSE 0 END"));
    }
    if (m->via)
        add_where_via(c, &q, e, m, but_id);
    else
        add_where(c, &q, e, m->fields, m->keys, m->n, but_id);
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
                       .n = 1,
                       .fields = {theirs},
                       .keys = {keys[k]},
                       .via = via,
                       .link = link,
                       .name = arena_printf(c->a, "%s.%s", via->name, other->name)};
            if (!collect(c, e, &m, but_id, scope, out))
                return false;
            m = (Match){.rule = rule,
                        .act = DUP_WARN,
                        .n = 1,
                        .fields = {own},
                        .keys = {keys[k]},
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
        if (m.act == DUP_NONE || !keys_of(c, e, m.rule, values, m.keys, m.fields, &m.n))
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
            d->label = d->status = NULL;
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
