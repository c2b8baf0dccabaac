/*
 * The model as tables: one per entity with its companion columns and indexes, one per link_many, beside those of the
 * engine itself (plan_engine.c). db/migrate carries the plan out. See docs/entity.md, "Table".
 */
#include "meta/plan.h"

#include <string.h>

#include "meta/check.h"
#include "meta/types.h"

bool meta_is_engine_table(const char *name)
{
    static const char *const others[] = {"node_lease",  "change_log",    "schema_ledger",
                                         "schema_lock", "schema_format", NULL};
    for (const PlanTable *t = plan_engine_tables; t->name; t++)
        if (strcmp(t->name, name) == 0)
            return true;
    for (int i = 0; others[i]; i++)
        if (strcmp(others[i], name) == 0)
            return true;
    return strncmp(name, "sqlite_", 7) == 0 || strncmp(name, "pg_", 3) == 0;
}

/* ---- tables of entities --------------------------------------------------------------------- */

typedef struct Made {
    Arena *a;
    const Entity *e;
    PlanColumn *columns;
    int n_columns;
    PlanIndex *indexes;
    int n_indexes;
    const char *live; /* "deleted_at" where the entity has it */
} Made;

static PlanColumn *add_column(Made *m, const char *name, ColType type)
{
    PlanColumn *c = &m->columns[m->n_columns++];
    c->name = name;
    c->type = type;
    return c;
}

static const char *companion(Made *m, const char *column, const char *tail)
{
    return arena_printf(m->a, "%s%s", column, tail);
}

static void add_field(Made *m, const Field *f)
{
    if (!f->column)
        return;
    PlanColumn *c = add_column(m, f->column, type_ops(f->type)->column);
    c->was = f->was;
    if (strcmp(f->name, "version") == 0 && f->standard) {
        c->not_null = true;
        c->dflt = "1";
    }
    if (f->fold)
        add_column(m, companion(m, f->column, "_f"), COL_TEXT)->was =
            f->was ? companion(m, f->was, "_f") : NULL;
    if (f->sort && f->type == FT_STRING)
        add_column(m, companion(m, f->column, "_s"), COL_TEXT)->was =
            f->was ? companion(m, f->was, "_s") : NULL;
    if (f->match)
        add_column(m, companion(m, f->column, "_k"), COL_TEXT)->was =
            f->was ? companion(m, f->was, "_k") : NULL;
}

/* Names of indexes are at most 63 bytes on PostgreSQL; a longer one ends in a digest. */
static const char *index_name(Made *m, const char *kind, const char *what)
{
    char *name = arena_printf(m->a, "%s_%s_%s", kind, m->e->name, what);
    if (strlen(name) <= 63)
        return name;
    uint32_t h = 2166136261u;
    for (const char *p = name; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return arena_printf(m->a, "%.54s_%08x", name, h);
}

static PlanIndex *add_index(Made *m, const char *name, const char *const *columns)
{
    for (int i = 0; i < m->n_indexes; i++)
        if (strcmp(m->indexes[i].name, name) == 0)
            return &m->indexes[i];
    PlanIndex *ix = &m->indexes[m->n_indexes++];
    ix->name = name;
    ix->columns = columns;
    ix->where_null = m->live;
    return ix;
}

static const char *const *words(Made *m, const char *a, const char *b, const char *c)
{
    const char **w = ARENA_ARRAY(m->a, 4, const char *);
    w[0] = a;
    w[1] = b;
    w[2] = b ? c : NULL;
    return w;
}

static void own_indexes(Made *m)
{
    const Entity *e = m->e;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!f->column || f->index == STD_ID)
            continue;
        if (f->unique) {
            /* Folded where there is a folded column: "Zhang" and "zhang" are one login. */
            const char *col = f->fold ? companion(m, f->column, "_f") : f->column;
            PlanIndex *ix = add_index(m, index_name(m, "ux", f->column), words(m, col, NULL, NULL));
            ix->unique = true;
            ix->where_null = NULL;
        }
        if (f->sort) {
            const char *col = type_sort_column(m->a, f);
            add_index(m, index_name(m, "ix", col), words(m, col, "id", NULL));
        }
        if (f->match) {
            const char *col = companion(m, f->column, "_k");
            PlanIndex *ix = add_index(m, index_name(m, "ix", col), words(m, col, NULL, NULL));
            ix->where_not_null = col;
        }
    }
    if (e->standard) {
        add_index(m, index_name(m, "ix", "owner"), words(m, "owner_id", "-created_at", "-id"));
        add_index(m, index_name(m, "ix", "owner_department"),
                  words(m, "owner_department_id", "-created_at", "-id"));
        /* the archive is small beside the table, and an index of it costs a row that is not in it nothing */
        add_index(m, index_name(m, "ix", "archived_at"), words(m, "archived_at", "id", NULL))
            ->where_not_null = "archived_at";
        if (e->gets & GETS_TRASH) {
            PlanIndex *ix =
                add_index(m, index_name(m, "ix", "deleted_at"), words(m, "deleted_at", "id", NULL));
            ix->where_null = NULL;
            ix->where_not_null = "deleted_at";
        }
    }
}

/* What was merged away is found by the keys it had and by where it went: rows in the bin, which no other index holds. A
   record that lives costs these nothing. */
static void merged_indexes(Made *m)
{
    const Entity *e = m->e;
    const Field *into = e->gets & GETS_MERGE ? entity_field(e, "merged_into") : NULL;
    if (!into || !into->column)
        return;
    for (int i = -1; i < e->n_fields; i++) {
        const Field *f = i < 0 ? into : &e->fields[i];
        if (!f->column || (i >= 0 && !f->match))
            continue;
        const char *col = i < 0 ? f->column : companion(m, f->column, "_k");
        PlanIndex *ix = add_index(m, index_name(m, "mx", col), words(m, col, NULL, NULL));
        ix->where_null = NULL;
        ix->where_not_null = into->column;
    }
}

static void named_indexes(Made *m)
{
    const Entity *e = m->e;
    for (int i = 0; i < e->n_indexes; i++) {
        int n = 0;
        while (e->indexes[i].fields[n])
            n++;
        const char **cols = ARENA_ARRAY(m->a, n + 2, const char *);
        Buf what;
        buf_init(&what, m->a);
        bool has_id = false;
        for (int j = 0; j < n; j++) {
            const char *name = e->indexes[i].fields[j];
            bool down = *name == '-';
            const Field *f = entity_field(e, name + down);
            cols[j] = down ? arena_printf(m->a, "-%s", f->column) : f->column;
            if (j)
                buf_putc(&what, '_');
            buf_puts(&what, f->name);
            has_id = has_id || strcmp(f->name, "id") == 0;
        }
        if (e->indexes[i].unique) {
            PlanIndex *ix = add_index(m, index_name(m, "ux", what.data), cols);
            ix->unique = true; /* among live rows: a pair that was deleted may be made again */
            continue;
        }
        if (!has_id)
            cols[n] = cols[n - 1][0] == '-' ? "-id" : "id";
        add_index(m, index_name(m, "ix", arena_printf(m->a, "%s_x", what.data)), cols);
    }
}

/* Records of it are erased or merged into others, and there may be very many (not people and departments). */
static bool comes_to_the_bin(const Entity *to)
{
    return to && (to->gets & GETS_TRASH) && strcmp(to->group, "org") != 0;
}

static bool leads_to_the_bin(const Field *f)
{
    const Model *model = f->entity->model;
    const Field *by = f->to_field ? entity_field(f->entity, f->to_field) : NULL;
    bool any = f->to && comes_to_the_bin(model_entity(model, f->to));
    for (int i = 0; by && i < by->n_options && !any; i++)
        any = comes_to_the_bin(model_entity(model, by->options[i].code));
    return any;
}

/* An index of the living rows that leads to those of one value of f, perhaps with what names the entity in front? */
static bool is_led_to(const Made *m, const Field *f)
{
    const Field *by = f->to_field ? entity_field(f->entity, f->to_field) : NULL;
    for (int i = 0; i < m->n_indexes; i++) {
        const PlanIndex *ix = &m->indexes[i];
        bool behind = by && by->column && strcmp(ix->columns[0], by->column) == 0 && ix->columns[1];
        if (!ix->where_not_null && strcmp(ix->columns[behind], f->column) == 0)
            return true;
    }
    return false;
}

/* When what a link leads to is merged or erased it is asked from the other end, of living rows and of those in the bin
   (record/leads.h). A row whose link is empty costs neither index anything, and a living row not that of the bin. */
static void link_indexes(Made *m)
{
    const Entity *e = m->e;
    for (int i = 0; e->standard && i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (f->standard || f->type != FT_LINK || !f->column || !leads_to_the_bin(f) ||
            ((e->gets & GETS_MERGE) && strcmp(f->name, "merged_into") == 0))
            continue;
        const char *const *by = words(m, f->column, NULL, NULL);
        if (!is_led_to(m, f))
            add_index(m, index_name(m, "lx", f->column), by)->where_not_null = f->column;
        PlanIndex *bin = add_index(m, index_name(m, "bx", f->column), by);
        bin->where_null = NULL;
        bin->where_not_null = "deleted_at";
    }
}

static PlanTable table_of(Arena *a, const Entity *e)
{
    Made m = {.a = a, .e = e};
    m.columns = ARENA_ARRAY(a, e->n_fields * 4, PlanColumn);
    m.indexes = ARENA_ARRAY(a, e->n_fields * 6 + e->n_indexes + 6, PlanIndex);
    m.live = e->standard ? "deleted_at" : NULL;
    for (int i = 0; i < e->n_fields; i++)
        add_field(&m, &e->fields[i]);
    own_indexes(&m);
    merged_indexes(&m);
    named_indexes(&m);
    link_indexes(&m);
    return (PlanTable){.name = e->name,
                       .columns = m.columns,
                       .n_columns = m.n_columns,
                       .indexes = m.indexes,
                       .n_indexes = m.n_indexes,
                       .search = (e->gets & GETS_SEARCH) != 0};
}

static PlanTable rel_of(Arena *a, const Entity *e, const Field *f)
{
    PlanColumn *c = ARENA_ARRAY(a, 2, PlanColumn);
    c[0] = (PlanColumn){.name = "id", .type = COL_INT, .not_null = true};
    c[1] = (PlanColumn){.name = "target", .type = COL_INT, .not_null = true};
    const char **key = ARENA_ARRAY(a, 3, const char *);
    key[0] = "id";
    key[1] = "target";
    const char **by = ARENA_ARRAY(a, 3, const char *);
    by[0] = "target";
    by[1] = "id";
    Made m = {.a = a, .e = e};
    PlanIndex *ix = ARENA_NEW(a, PlanIndex);
    ix->name = index_name(&m, "ix", arena_printf(a, "%s_target", f->name));
    ix->columns = by;
    return (PlanTable){.name = arena_printf(a, "rel_%s_%s", e->name, f->name),
                       .columns = c,
                       .n_columns = 2,
                       .key = key,
                       .indexes = ix,
                       .n_indexes = 1};
}

const PlanTable *plan_of_entity(Arena *a, const Entity *e, int *out_n)
{
    int n = 1;
    for (int i = 0; i < e->n_fields; i++)
        n += e->fields[i].type == FT_LINK_MANY;
    PlanTable *t = ARENA_ARRAY(a, n, PlanTable);
    t[0] = table_of(a, e);
    int k = 1;
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].type == FT_LINK_MANY)
            t[k++] = rel_of(a, e, &e->fields[i]);
    *out_n = n;
    return t;
}

Plan *plan_of_model(Arena *a, const Model *m)
{
    int n = 0;
    while (plan_engine_tables[n].name)
        n++;
    for (int i = 0; i < m->n; i++) {
        n++;
        for (int j = 0; j < m->entities[i].n_fields; j++)
            n += m->entities[i].fields[j].type == FT_LINK_MANY;
    }
    PlanTable *all = ARENA_ARRAY(a, n, PlanTable);
    int k = 0;
    for (; plan_engine_tables[k].name; k++)
        all[k] = plan_engine_tables[k];
    for (int i = 0; i < m->n; i++) {
        int own;
        const PlanTable *t = plan_of_entity(a, &m->entities[i], &own);
        for (int j = 0; j < own; j++)
            all[k++] = t[j];
    }
    Plan *p = ARENA_NEW(a, Plan);
    p->tables = all;
    p->n = k;
    p->format = SCHEMA_FORMAT;
    p->program = ZK_VERSION;
    return p;
}
