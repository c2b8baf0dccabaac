/*
 * Which record a row of a file means, and which records a rule for duplicates holds against it: keys of many rows are
 * looked up by one statement. A group of fields gives each row a key, the statement finds the rows of the base whose
 * columns are among those values, and the keys are put together again here. See impl.h.
 */
#include <string.h>

#include "db/sql.h"
#include "meta/types.h"
#include "record/dedupe.h"
#include "record/former.h"
#include "record/import/impl.h"
#include "record/value.h"
#include "record/write_row.h"

/* Rows asked about by one statement. Always so many (the last ones repeat), so that the text is prepared once. */
enum { ASK = 64 };

/* ---- keys ---------------------------------------------------------------------------------- */

typedef enum KeyKind { KEY_PLAIN, KEY_FOLD, KEY_MATCH } KeyKind;

typedef struct Keys {
    const Entity *e;
    const Field *fields[IMP_GROUP_FIELDS];
    KeyKind kinds[IMP_GROUP_FIELDS];
    int n_fields;
    int64_t but_import; /* records this import made are none of the base */
    Filter *scope;      /* only among these; NULL: all, as for rules for duplicates */
} Keys;

typedef struct Ask {
    const char *key; /* NULL: a field is blank, it agrees with nothing */
    DbVal parts[IMP_GROUP_FIELDS];
} Ask;

/* What the base holds of a key. */
typedef struct Found {
    int64_t first, last;
    bool former; /* by keys of what was merged into it */
} Found;

static KeyKind kind_of(const Field *f)
{
    return write_row_has_match(f) ? KEY_MATCH : write_row_has_fold(f) ? KEY_FOLD : KEY_PLAIN;
}

/* false where a name is no column: the group then finds nothing. */
static bool keys_of(const Entity *e, const char *const *names, int n, int64_t but_import, Keys *out)
{
    *out = (Keys){.e = e, .but_import = but_import};
    for (int i = 0; i < n && i < IMP_GROUP_FIELDS; i++) {
        const Field *f = entity_field(e, names[i]);
        if (!f || !f->column)
            return false;
        out->fields[out->n_fields] = f;
        out->kinds[out->n_fields++] = kind_of(f);
    }
    return out->n_fields > 0;
}

static void key_part(Buf *b, const DbVal *v)
{
    if (v->kind == DB_TEXT) {
        buf_printf(b, "%zu:", v->n);
        buf_add(b, v->s, v->n);
    } else if (v->kind == DB_REAL) {
        buf_printf(b, "%.17g;", v->d);
    } else {
        buf_printf(b, "%lld;", (long long)v->i);
    }
}

/* Completes an Ask from the values of the fields, in their order. */
static void ask_of(Ctx *c, const Keys *k, const DbVal *values, Ask *out)
{
    Buf b;
    buf_init(&b, c->a);
    out->key = NULL;
    for (int i = 0; i < k->n_fields; i++) {
        const Field *f = k->fields[i];
        DbVal v = values[i];
        if (v.kind == DB_NULL)
            return;
        if (k->kinds[i] == KEY_MATCH)
            v = type_match_key(c->a, f, &v);
        else if (k->kinds[i] == KEY_FOLD)
            v = type_fold(c->a, f, &v);
        if (v.kind == DB_NULL || (v.kind == DB_TEXT && !v.n))
            return;
        out->parts[i] = v;
        key_part(&b, &v);
    }
    out->key = b.data;
}

/* ---- the statement ------------------------------------------------------------------------- */

static const char *column_of(Ctx *c, const Keys *k, int i)
{
    static const char tails[] = {0, 'f', 'k'};
    const char *name = k->fields[i]->column;
    return k->kinds[i] ? arena_printf(c->a, "%s_%c", name, tails[k->kinds[i]]) : name;
}

/* Of t0, or of what was merged into it: those that f carries along. */
static void add_columns(Ctx *c, Sql *q, const Keys *k, bool former)
{
    for (int i = 0; i < k->n_fields; i++) {
        if (i)
            sql_add(q, SQL(", "));
        if (former)
            former_column(q, i);
        else
            sql_col(q, "t0", column_of(c, k, i));
    }
}

/* Each column of alias is among the values asked for. */
static void write_among(Ctx *c, Sql *q, const Keys *k, const Ask *const *asks, const char *alias)
{
    for (int i = 0; i < k->n_fields; i++) {
        if (i)
            sql_add(q, SQL(" AND "));
        sql_col(q, alias, column_of(c, k, i));
        sql_add(q, SQL(" IN ("));
        for (int r = 0; r < ASK; r++) {
            if (r)
                sql_add(q, SQL(", "));
            sql_bind(q, asks[r]->parts[i]);
        }
        sql_add(q, SQL(")"));
    }
}

static void write_limits(Sql *q, const Keys *k)
{
    const char *column = k->e->fields[STD_IMPORT_JOB].column;
    sql_add(q, SQL(" AND t0.\"deleted_at\" IS NULL AND (t0."));
    sql_name(q, column);
    sql_add(q, SQL(" IS NULL OR t0."));
    sql_name(q, column);
    sql_add(q, SQL(" <> "));
    sql_bind(q, db_of_int(k->but_import));
    sql_add(q, SQL(")"));
}

/* SELECT keys, MIN(id), MAX(id) … of the rows with keys asked for, or (former) of those others with such keys were merged into. */
static void write_ask(Ctx *c, const Keys *k, const Ask *const *asks, bool former, Sql *q)
{
    sql_init(q, c->a);
    if (former) {
        const char *columns[IMP_GROUP_FIELDS];
        for (int i = 0; i < k->n_fields; i++)
            columns[i] = column_of(c, k, i);
        former_begin(q, k->e, columns, k->n_fields);
        write_among(c, q, k, asks, "t1");
        former_end(q, k->e, k->n_fields);
    }
    sql_add(q, SQL("SELECT "));
    add_columns(c, q, k, former);
    sql_add(q, SQL(", MIN(t0.\"id\"), MAX(t0.\"id\") FROM "));
    sql_name(q, k->e->name);
    if (former) {
        sql_add(q, SQL(" AS t0 JOIN f ON f.\"id\" = t0.\"id\" WHERE 1 = 1"));
    } else {
        sql_add(q, SQL(" AS t0 WHERE "));
        write_among(c, q, k, asks, "t0");
    }
    if (k->e->standard)
        write_limits(q, k);
    if (k->scope && k->scope->kind != FILTER_TRUE) {
        sql_add(q, SQL(" AND "));
        filter_sql_each(c, q, k->e, "t0", k->scope);
    }
    sql_add(q, SQL(" GROUP BY "));
    add_columns(c, q, k, former);
}

/* What is there by its own keys goes before what was merged. */
static bool ask_some(Ctx *c, const Keys *k, const Ask *const *asks, bool former, Map *out)
{
    Sql q;
    write_ask(c, k, asks, former, &q);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        Buf b;
        buf_init(&b, c->a);
        for (int i = 0; i < k->n_fields; i++) {
            DbVal v;
            db_value(r, i, asks[0]->parts[i].kind, &v);
            key_part(&b, &v);
        }
        if (map_has(out, b.data))
            continue;
        Found *f = ARENA_NEW(c->a, Found);
        *f = (Found){
            .first = db_int(r, k->n_fields), .last = db_int(r, k->n_fields + 1), .former = former};
        map_put(out, b.data, f);
    }
    db_done(r);
    return c->n_err == 0;
}

static bool ask_each(Ctx *c, const Keys *k, const Ask *asks, int n, bool former, Map *out)
{
    const Ask *some[ASK];
    int have = 0;
    for (int i = 0; i < n; i++) {
        if (!asks[i].key || map_has(out, asks[i].key))
            continue;
        some[have++] = &asks[i];
        if (have == ASK) {
            if (!ask_some(c, k, some, former, out))
                return false;
            have = 0;
        }
    }
    if (!have)
        return true;
    for (int i = have; i < ASK; i++)
        some[i] = some[0];
    return ask_some(c, k, some, former, out);
}

/* key → Found, for all that are asked (key not NULL): what has it, else what it went into that had it. */
static bool ask_all(Ctx *c, const Keys *k, const Ask *asks, int n, Map *out)
{
    bool former;
    map_init(out, c->a);
    return ask_each(c, k, asks, n, false, out) && former_any(c, k->e, &former) &&
           (!former || ask_each(c, k, asks, n, true, out));
}

/* ---- the record a row means ---------------------------------------------------------------- */

static void row_ask(Ctx *c, const ImpPlan *p, const Keys *k, const ImpCells *row, Ask *out)
{
    DbVal values[IMP_GROUP_FIELDS];
    for (int i = 0; i < k->n_fields; i++)
        values[i] = imp_value(c, p, row, k->fields[i]);
    ask_of(c, k, values, out);
}

const char *imp_group_key(Ctx *c, const ImpPlan *p, const ImpGroup *g, const ImpCells *row)
{
    Keys k;
    Ask a;
    if (!keys_of(p->e, g->fields, g->n, 0, &k))
        return NULL;
    row_ask(c, p, &k, row, &a);
    return a.key;
}

static void match_add(ImpMatch *m, int64_t id)
{
    if (m->n < 2 && (m->n == 0 || m->ids[0] != id))
        m->ids[m->n++] = id;
}

/* A row means a record the importer may read, and by keys of his choice one whose fields he reads in clear: else modes and
   keys would tell of every record of the house what stands in it. What he may not see is for the rules for duplicates
   to say. */
static Filter *match_scope(Ctx *c, const Keys *k, bool chosen)
{
    if (!access_may(c, k->e, ACT_READ))
        return filter_false(c->a);
    Filter *scope = access_scope(c, k->e, ACT_READ);
    bool personal = false;
    for (int i = 0; chosen && i < k->n_fields; i++)
        personal |= k->fields[i]->personal;
    return personal ? filter_and(c->a, scope, access_clear_scope(c, k->e)) : scope;
}

/* One group for the rows that `open` still asks about; what is found is added to them. all: a group of choice, asked for
   every row. */
static bool match_by(Ctx *c, const ImpPlan *p, const char *const *names, int n_names,
                     const ImpCells *const *rows, int n, bool all, int64_t import, ImpMatch *out)
{
    Keys k;
    Map found;
    if (!keys_of(p->e, names, n_names, import, &k))
        return true;
    Ask *asks = ARENA_ARRAY(c->a, n + 1, Ask);
    bool any = false;
    for (int i = 0; i < n; i++) {
        if (!rows[i] || (!all && out[i].n))
            continue;
        row_ask(c, p, &k, rows[i], &asks[i]);
        any |= asks[i].key != NULL;
    }
    if (!any)
        return true;
    k.scope = match_scope(c, &k, all);
    if (!ask_all(c, &k, asks, n, &found))
        return false;
    for (int i = 0; i < n; i++) {
        const Found *f = asks[i].key ? map_get(&found, asks[i].key) : NULL;
        if (!f)
            continue;
        out[i].former |= f->former;
        match_add(&out[i], f->first);
        if (f->last != f->first)
            match_add(&out[i], f->last);
    }
    return true;
}

static int count_names(const char *const *names)
{
    int n = 0;
    while (names[n])
        n++;
    return n;
}

bool imp_rule_counts(const DupRule *rule)
{
    const SaveOptions o = {.origin = "import"};
    DupAction act = dedupe_action(rule, &o, CH_IMPORT);
    return act == DUP_COUNT || act == DUP_BLOCK;
}

bool imp_find_matches(Ctx *c, const ImpPlan *p, const ImpCells *const *rows, int n, int64_t import,
                      ImpMatch *out)
{
    const Entity *e = p->e;
    memset(out, 0, (size_t)n * sizeof *out);
    for (int i = 0; i < p->s->n_match; i++)
        if (!match_by(c, p, p->s->match[i].fields, p->s->match[i].n, rows, n, true, import, out))
            return false;
    if (p->s->n_match)
        return true;
    const char *id = "id";
    if (!match_by(c, p, &id, 1, rows, n, false, import, out))
        return false;
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < e->n_fields; i++) {
            const Field *f = &e->fields[i];
            bool wanted =
                turn == 0 ? f->type == FT_NUMBER : f->unique || f->match == MATCH_CREDIT_CODE;
            if (wanted && f->column && !match_by(c, p, &f->name, 1, rows, n, false, import, out))
                return false;
        }
    for (int i = 0; i < e->n_dups; i++)
        if (imp_rule_counts(&e->dups[i]) &&
            !match_by(c, p, e->dups[i].fields, count_names(e->dups[i].fields), rows, n, false,
                      import, out))
            return false;
    return true;
}

/* ---- duplicates in the base ---------------------------------------------------------------- */

bool imp_find_hits(Ctx *c, const Entity *e, const DbVal *const *values, const int64_t *own, int n,
                   int64_t import, ImpHit *out)
{
    memset(out, 0, (size_t)n * sizeof *out);
    for (int d = 0; d < e->n_dups; d++) {
        const char *const *names = e->dups[d].fields;
        Keys k;
        Map found;
        if (!imp_rule_counts(&e->dups[d]) || !keys_of(e, names, count_names(names), import, &k))
            continue;
        bool whole = true; /* a rule is about match keys: a field without one makes it none */
        for (int i = 0; i < k.n_fields; i++)
            whole &= k.kinds[i] == KEY_MATCH;
        Ask *asks = ARENA_ARRAY(c->a, n + 1, Ask);
        for (int i = 0; whole && i < n; i++) {
            DbVal v[IMP_GROUP_FIELDS];
            if (!values[i] || out[i].id)
                continue;
            for (int m = 0; m < k.n_fields; m++)
                v[m] = values[i][k.fields[m]->index];
            ask_of(c, &k, v, &asks[i]);
        }
        if (!ask_all(c, &k, asks, n, &found))
            return false;
        for (int i = 0; i < n; i++) {
            const Found *f = asks[i].key ? map_get(&found, asks[i].key) : NULL;
            int64_t id = !f ? 0 : f->first != own[i] ? f->first : f->last;
            if (id && id != own[i])
                out[i] = (ImpHit){id, d, f->former};
        }
    }
    return true;
}

/* ---- former keys --------------------------------------------------------------------------- */

/* Does the field help to tell which record a row means: by choice, as a number or code, by a rule that counts? */
static bool tells(const ImpPlan *p, const Field *f)
{
    const Entity *e = p->e;
    bool any = f->type == FT_NUMBER || f->unique || f->match == MATCH_CREDIT_CODE;
    for (int i = 0; i < p->s->n_match; i++)
        for (int m = 0; m < p->s->match[i].n; m++)
            any |= strcmp(p->s->match[i].fields[m], f->name) == 0;
    for (int i = 0; i < e->n_dups; i++)
        for (int m = 0; imp_rule_counts(&e->dups[i]) && e->dups[i].fields[m]; m++)
            any |= strcmp(e->dups[i].fields[m], f->name) == 0;
    return any;
}

/* The value as keys compare it. */
static DbVal as_key(Ctx *c, const Field *f, const DbVal *v)
{
    KeyKind kind = kind_of(f);
    DbVal k = kind == KEY_MATCH  ? type_match_key(c->a, f, v)
              : kind == KEY_FOLD ? type_fold(c->a, f, v)
                                 : *v;
    return k.kind == DB_NULL ? *v : k;
}

bool imp_drop_former(Ctx *c, const ImpPlan *p, const ImpCells *row, int64_t id, json_object *in)
{
    const Entity *e = p->e;
    Records gone = {0};
    if (!former_records(c, e, id, FORMER_MOST, &gone))
        return false;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!f->column || !json_object_object_get_ex(in, f->name, NULL) || !tells(p, f))
            continue;
        DbVal v = imp_value(c, p, row, f);
        if (v.kind == DB_NULL)
            continue;
        v = as_key(c, f, &v);
        for (size_t k = 0; k < gone.n; k++) {
            const DbVal *was = &gone.items[k].v[i];
            DbVal key = was->kind == DB_NULL ? *was : as_key(c, f, was);
            if (!value_same(&v, &key))
                continue;
            json_object_object_del(in, f->name);
            break;
        }
    }
    return true;
}

/* ---- versions ------------------------------------------------------------------------------ */

bool imp_read_versions(Ctx *c, const Entity *e, const int64_t *ids, int n, int64_t *out)
{
    Sql q;
    memset(out, 0, (size_t)n * sizeof *out);
    if (!e->standard || !n)
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\", t0.\"version\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\" IN "));
    sql_bind_ids(&q, ids, n);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        for (int i = 0; i < n; i++)
            if (ids[i] == db_int(r, 0))
                out[i] = db_int(r, 1);
    db_done(r);
    return c->n_err == 0;
}
