/* Duplicates. See dedupe.h. */
#include "record/dedupe.h"

#include <inttypes.h>
#include <string.h>

#include "meta/types.h"
#include "record/former.h"
#include "record/history.h"
#include "record/write_row.h"

DupAction dedupe_action(const DupRule *rule, const SaveOptions *o, Channel ch)
{
    bool import = ch == CH_IMPORT || (o && o->origin && strcmp(o->origin, "import") == 0);
    if (import)
        return rule->import;
    return ch == CH_API ? rule->api : rule->form;
}

bool dedupe_keys(Ctx *c, const Entity *e, const DupRule *rule, const DbVal *values, DupKeys *out)
{
    out->n = 0;
    for (int i = 0; i < DUP_FIELDS && rule->fields[i]; i++) {
        const Field *f = entity_field(e, rule->fields[i]);
        if (!f || !write_row_has_match(f))
            return false;
        DbVal k = type_match_key(c->a, f, &values[f->index]);
        if (k.kind == DB_NULL || (k.kind == DB_TEXT && k.n == 0))
            return false;
        out->fields[out->n] = f;
        out->keys[out->n++] = k;
    }
    return out->n > 0;
}

void dedupe_agrees(Ctx *c, Sql *q, const char *alias, const DupKeys *k)
{
    for (int i = 0; i < k->n; i++) {
        if (i)
            sql_add(q, SQL(" AND "));
        sql_col(q, alias, arena_printf(c->a, "%s_k", k->fields[i]->column));
        sql_add(q, SQL(" = "));
        sql_bind(q, k->keys[i]);
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

/* "SELECT id, rule, was": a row that agrees, or (former) one that another was merged into which does. */
static void add_rule(Ctx *c, SaveWork *w, int rule, const DupKeys *k, bool former)
{
    const Entity *e = w->s.e;
    Sql *q = &w->dups;
    sql_add(q, SQL("SELECT t0.\"id\", "));
    sql_number(q, rule);
    sql_add(q, former ? SQL(", f.\"was\" FROM (") : SQL(", 0 FROM "));
    if (former) {
        former_begin(q, e, NULL, 0);
        dedupe_agrees(c, q, "t1", k);
        former_end(q, e, 0);
        sql_add(q, SQL("SELECT f.\"id\", f.\"was\" FROM f) AS f JOIN "));
    }
    sql_name(q, e->name);
    sql_add(q, former ? SQL(" AS t0 ON t0.\"id\" = f.\"id\" WHERE ") : SQL(" AS t0 WHERE "));
    if (!former) {
        dedupe_agrees(c, q, "t0", k);
        sql_add(q, e->standard ? SQL(" AND t0.\"deleted_at\" IS NULL") : SQL(""));
    } else {
        sql_add(q, SQL("t0.\"deleted_at\" IS NULL"));
    }
    if (!w->s.is_new) {
        sql_add(q, SQL(" AND t0.\"id\" <> "));
        sql_bind(q, db_of_int(w->s.id));
    }
}

/* What two saves have in common that must not both find nobody: "customer 0 91350100M000100Y43". */
static const char *name_of_keys(Ctx *c, const Entity *e, int rule, const DupKeys *k)
{
    const char *name = arena_printf(c->a, "%s %d", e->name, rule);
    for (int i = 0; i < k->n; i++)
        name = k->keys[i].kind == DB_INT
                   ? arena_printf(c->a, "%s %" PRId64, name, k->keys[i].i)
                   : arena_printf(c->a, "%s %.*s", name, (int)k->keys[i].n, k->keys[i].s);
    return name;
}

bool dedupe_alone(Ctx *c, const Entity *e, const DbVal *values)
{
    DupKeys k;
    for (int i = 0; i < e->n_dups; i++)
        if (dedupe_action(&e->dups[i], NULL, CH_WEB) == DUP_BLOCK &&
            dedupe_keys(c, e, &e->dups[i], values, &k) &&
            !db_alone_ahead(c, name_of_keys(c, e, i, &k)))
            return false;
    return true;
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
    w->dup_keys = ARENA_ARRAY(c->a, e->n_dups, const char *);
    for (int former = 0; former <= (former_link(e) ? 1 : 0); former++)
        for (int i = 0; i < e->n_dups; i++) {
            DupKeys k;
            DupAction act = dedupe_action(&e->dups[i], o, ch);
            if ((act != DUP_BLOCK && act != DUP_COUNT) || !touches(w, &e->dups[i]) ||
                !dedupe_keys(c, e, &e->dups[i], w->s.after, &k))
                continue;
            if (n_rules++ == 0)
                sql_init(&w->dups, c->a);
            else
                sql_add(&w->dups, SQL(" UNION ALL "));
            add_rule(c, w, i, &k, former);
            if (!former)
                w->dup_keys[w->n_dup_keys++] = name_of_keys(c, e, i, &k);
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

static const char *title_of(Ctx *c, const Entity *e, const DbVal *v)
{
    const Field *t = e->title;
    return t->column ? type_ops(t->type)->to_text(c->a, t, &v[t->index], c->lang) : "";
}

/* Records the refusal by a record the caller may read: by its name, and by that of the one merged into it (was, or 0) which
   agrees. false: it is foreign, *owner is whose it is. */
static bool refuse_known(Ctx *c, const Entity *e, int rule, int64_t id, int64_t was,
                         const char **owner)
{
    Record other, former;
    const char *field = e->dups[rule].fields[0];
    *owner = "";
    if (!rec_load(c, e, id, &other)) {
        ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate", "");
        return true;
    }
    if (access_may(c, e, ACT_READ) && rec_within(c, e, id, access_scope(c, e, ACT_READ))) {
        const char *name = history_record_name(c, e, other.v);
        const char *title = title_of(c, e, other.v);
        if (name && strcmp(name, title) != 0)
            title = arena_printf(c->a, "%s %s", name, title);
        if (was && rec_load(c, e, was, &former))
            ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate_former", title,
                     title_of(c, e, former.v));
        else
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
    if (refuse_known(c, e, rule, id, 0, &owner))
        return false;
    if (!named)
        named = &nobody;
    if (!count_named(c, e, id, named))
        return false;
    return *named ? ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate_foreign", owner)
                  : ctx_fail(c, ERR_DUPLICATE, field, "err.duplicate_unnamed");
}

/* w remembers a foreign one for dedupe_told. */
static bool refuse(Ctx *c, const Entity *e, int rule, int64_t id, int64_t was, SaveWork *w)
{
    const char *owner, *field = e->dups[rule].fields[0];
    if (refuse_known(c, e, rule, id, was, &owner))
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
    for (int i = 0; i < w->n_dup_keys && !w->own.dry; i++) /* in the order of the rules */
        if (!db_alone_ahead(c, w->dup_keys[i]))
            return false;
    DbRows *r = sql_query(c, &w->dups);
    if (!r)
        return false;
    int64_t id = 0, rule = 0, was = 0;
    if (db_step(r)) {
        id = db_int(r, 0);
        rule = db_int(r, 1);
        was = db_int(r, 2);
    }
    db_done(r);
    if (c->n_err || !id)
        return c->n_err == 0;
    return refuse(c, e, (int)rule, id, was, w);
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
