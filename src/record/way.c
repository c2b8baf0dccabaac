/*
 * Ways to the rows of a filter by indexes. A page of a list is read along its order where the filter leaves many rows, and
 * from a way where it leaves few; which of both it is, record/list.c finds out by looking a little at each. A way is an OR of
 * arms, each one path: from what an index finds (a value, a share) over links to the row.
 */
#include "record/way.h"

#include "db/sql.h"

enum { ARMS = 8, HOPS = 3 };

typedef struct Arm {
    const Filter *from;      /* holds for rows of the entity at the end of the path */
    const Filter *via[HOPS]; /* FILTER_VIA from the row on */
    int hops;
} Arm;

struct Way {
    Arm arms[ARMS];
    int n;
    bool exact; /* they find what the filter means, and nothing more */
};

/* ---- what an index finds ------------------------------------------------------------------------- */

static bool leads_an_index(const Entity *e, const Field *f)
{
    if (f->index == STD_ID || f->unique)
        return true;
    if (filter_is_text(f) && f->fold)
        return false; /* compared is another column */
    if ((f->sort && f->type != FT_STRING) ||
        (e->standard && (f->index == STD_OWNER || f->index == STD_OWNER_DEPARTMENT)))
        return true;
    for (int i = 0; i < e->n_indexes; i++) {
        const char *name = e->indexes[i].fields[0];
        if (entity_field(e, name + (name[0] == '-')) == f)
            return true;
    }
    return false;
}

static bool leaf_is_found(const Entity *e, const Filter *f)
{
    if (f->field->type == FT_LINK_MANY) /* of several it could be found several times */
        return (f->op == OP_IN || f->op == OP_EQ) && f->n_vals == 1;
    if (!f->field->column || f->field->type == FT_MULTI_OPTION || !leads_an_index(e, f->field))
        return false;
    switch (f->op) {
    case OP_EQ:
    case OP_IN:
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_BETWEEN: return true;
    default: return false;
    }
}

/* Both ends of a span stand in one AND: they are one way. */
static bool is_span(const Entity *e, const Filter *f)
{
    for (int i = 0; i < f->n_kids; i++)
        if (f->kids[i]->kind != FILTER_LEAF || f->kids[i]->field != f->kids[0]->field ||
            f->kids[i]->field->type == FT_LINK_MANY || !leaf_is_found(e, f->kids[i]))
            return false;
    return f->n_kids > 0;
}

/* One value, as the index has it. */
static bool is_value(const Filter *f)
{
    return f->kind == FILTER_LEAF && f->op == OP_EQ && f->field->column &&
           f->field->type != FT_LINK_MANY && f->field->type != FT_MULTI_OPTION &&
           !(filter_is_text(f->field) && f->field->fold);
}

bool way_pair(const Entity *e, const Filter *x, const Filter *y)
{
    if (!is_value(x) || !is_value(y))
        return false;
    for (int i = 0; i < e->n_indexes; i++) {
        const char *const *names = e->indexes[i].fields;
        if (!names[1])
            continue;
        const Field *first = entity_field(e, names[0] + (names[0][0] == '-')),
                    *second = entity_field(e, names[1] + (names[1][0] == '-'));
        if ((first == x->field && second == y->field) || (first == y->field && second == x->field))
            return true;
    }
    return false;
}

static bool add_arm(Way *w, const Arm *path, const Filter *from)
{
    if (w->n == ARMS)
        return false;
    w->arms[w->n] = *path;
    w->arms[w->n++].from = from;
    return true;
}

static bool add_arms(Way *w, const Entity *e, const Arm *path, const Filter *f);

static bool add_and(Way *w, const Entity *e, const Arm *path, const Filter *f)
{
    if (is_span(e, f) || (f->n_kids == 2 && way_pair(e, f->kids[0], f->kids[1])))
        return add_arm(w, path, f);
    for (int i = 0; i < f->n_kids; i++) {
        Way was = *w;
        if (add_arms(w, e, path, f->kids[i])) {
            w->exact = w->exact && f->n_kids == 1;
            return true;
        }
        *w = was;
    }
    return false;
}

static bool add_arms(Way *w, const Entity *e, const Arm *path, const Filter *f)
{
    switch (f->kind) {
    case FILTER_FALSE: return true; /* finds nothing */
    case FILTER_LEAF: return leaf_is_found(e, f) && add_arm(w, path, f);
    case FILTER_IDS:
    case FILTER_TOLD:
    case FILTER_SHARED: return add_arm(w, path, f);
    case FILTER_AND: return add_and(w, e, path, f);
    case FILTER_OR:
        for (int i = 0; i < f->n_kids; i++)
            if (!add_arms(w, e, path, f->kids[i]))
                return false;
        return true;
    case FILTER_VIA: {
        if (f->field->type != FT_LINK || path->hops == HOPS || !leads_an_index(e, f->field))
            return false;
        Arm longer = *path;
        longer.via[longer.hops++] = f;
        return add_arms(w, f->target, &longer, f->kids[0]);
    }
    default: return false;
    }
}

const Way *way_of(Ctx *c, const Entity *e, const Filter *f)
{
    Way *w = ARENA_NEW(c->a, Way);
    *w = (Way){.exact = true};
    return add_arms(w, e, &(Arm){.hops = 0}, f) ? w : NULL;
}

bool way_exact(const Way *w)
{
    return w->exact;
}

bool way_straight(const Way *w)
{
    for (int i = 0; i < w->n; i++)
        if (w->arms[i].hops)
            return false;
    return true;
}

/* ---- the statement ------------------------------------------------------------------------------- */

static const char *alias_of(Ctx *c, int hop)
{
    return hop ? arena_printf(c->a, "w%d", hop) : "t0";
}

static const Entity *entity_at(const Entity *e, const Arm *arm, int hop)
{
    return hop ? arm->via[hop - 1]->target : e;
}

/* " AND …": the row at hop leads to the one behind it. */
static void link(Ctx *c, Sql *q, const Entity *e, const Arm *arm, int hop)
{
    const Field *f = arm->via[hop]->field;
    const Entity *here = entity_at(e, arm, hop);
    sql_add(q, SQL(" AND "));
    sql_col(q, alias_of(c, hop), f->column);
    sql_add(q, SQL(" = "));
    sql_col(q, alias_of(c, hop + 1), "id");
    if (f->to_field) {
        sql_add(q, SQL(" AND "));
        sql_col(q, alias_of(c, hop), entity_field(here, f->to_field)->column);
        sql_add(q, SQL(" = "));
        sql_bind(q, db_of_text(arm->via[hop]->target->name));
    }
}

static void from(Ctx *c, Sql *q, const Entity *e, const Arm *arm, bool many)
{
    const Entity *last = entity_at(e, arm, arm->hops);
    sql_add(q, SQL(" FROM "));
    if (many) {
        sql_name(q, arena_printf(c->a, "rel_%s_%s", last->name, arm->from->field->name));
        sql_add(q, SQL(" AS r0 CROSS JOIN "));
    }
    for (int hop = arm->hops; hop >= 0; hop--) {
        sql_name(q, entity_at(e, arm, hop)->name);
        sql_add(q, SQL(" AS "));
        sql_name(q, alias_of(c, hop));
        if (hop)
            sql_add(q, SQL(" CROSS JOIN ")); /* SQLite keeps to this order */
    }
}

/* SELECT t0.id FROM … LIMIT most: along the path from its end, so that the first row comes at once */
static void arm_sql(Ctx *c, Sql *q, const Entity *e, const Arm *arm, bool archived_too, int most)
{
    const Entity *last = entity_at(e, arm, arm->hops);
    bool many = arm->from->kind == FILTER_LEAF && arm->from->field->type == FT_LINK_MANY;
    sql_add(q, SQL("SELECT t0.\"id\""));
    from(c, q, e, arm, many);
    sql_add(q, SQL(" WHERE "));
    if (many) {
        sql_add(q, SQL("r0.\"target\" = "));
        sql_bind(q, arm->from->vals[0]);
        sql_add(q, SQL(" AND "));
        sql_col(q, alias_of(c, arm->hops), "id");
        sql_add(q, SQL(" = r0.\"id\""));
    } else {
        filter_sql(c, q, last, alias_of(c, arm->hops), arm->from);
    }
    for (int hop = arm->hops; hop >= 0; hop--) {
        if (hop < arm->hops)
            link(c, q, e, arm, hop);
        if (!entity_at(e, arm, hop)->standard)
            continue;
        sql_add(q, SQL(" AND "));
        sql_col(q, alias_of(c, hop), "deleted_at");
        sql_add(q, SQL(" IS NULL"));
    }
    if (e->standard && !archived_too) {
        sql_add(q, SQL(" AND "));
        sql_rarely_set(c, q, "t0", "archived_at");
    }
    sql_add(q, SQL(" LIMIT "));
    sql_number(q, most);
}

void way_sql(Ctx *c, Sql *q, const Entity *e, const Way *w, bool archived_too, int most)
{
    if (w->n == 0) {
        sql_add(q, SQL("SELECT t0.\"id\" FROM "));
        sql_name(q, e->name);
        sql_add(q, SQL(" AS t0 WHERE 1 = 0"));
    }
    for (int i = 0; i < w->n; i++) {
        sql_add(q, i ? SQL(" UNION SELECT a.\"id\" FROM (") : SQL("SELECT a.\"id\" FROM ("));
        arm_sql(c, q, e, &w->arms[i], archived_too, most);
        sql_add(q, SQL(") AS a"));
    }
}
