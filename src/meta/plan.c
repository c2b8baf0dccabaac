/*
 * The model as tables: one per entity with its companion columns and indexes, one per link_many, and
 * the tables of the engine itself as data. db/migrate carries the plan out. See docs/entity.md, "Table".
 */
#include "meta/plan.h"

#include <string.h>

#include "meta/check.h"
#include "meta/types.h"

/* ---- tables that belong to no entity -------------------------------------------------------- */

#define COLUMNS(a) .columns = (a), .n_columns = (int)(sizeof(a) / sizeof *(a))
#define INDEXES(a) .indexes = (a), .n_indexes = (int)(sizeof(a) / sizeof *(a))

/* What happened to a record, with values; erasing a person rewrites it. */
static const PlanColumn history_columns[] = {
    {.name = "id", .type = COL_INT},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
    {.name = "user_id", .type = COL_INT},
    {.name = "action", .type = COL_TEXT, .not_null = true},
    {.name = "channel", .type = COL_TEXT},
    {.name = "changes", .type = COL_TEXT},
};
static const PlanIndex history_indexes[] = {
    {.name = "ix_history_record",
     .columns = (const char *const[]){"entity", "record_id", "-at", "-id", NULL}},
};

static const PlanColumn share_columns[] = {
    {.name = "id", .type = COL_INT},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
    {.name = "can_write", .type = COL_INT, .not_null = true},
    {.name = "until", .type = COL_INT},
    {.name = "at", .type = COL_INT, .not_null = true},
    {.name = "by_id", .type = COL_INT},
};
static const PlanIndex share_indexes[] = {
    {.name = "ux_record_share_pair",
     .columns = (const char *const[]){"entity", "record_id", "user_id", NULL},
     .unique = true},
    {.name = "ix_record_share_user",
     .columns = (const char *const[]){"user_id", "entity", "record_id", NULL}},
};

static const PlanColumn idempotency_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
    {.name = "digest", .type = COL_TEXT, .not_null = true},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
};
static const PlanIndex idempotency_indexes[] = {
    {.name = "ix_idempotency_at", .columns = (const char *const[]){"at", NULL}},
};

/* Numbers are taken in blocks: value is the last one handed out. */
static const PlanColumn counter_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "value", .type = COL_INT, .not_null = true},
};

static const PlanColumn rate_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "n", .type = COL_INT, .not_null = true},
    {.name = "started_at", .type = COL_INT, .not_null = true},
    {.name = "last_at", .type = COL_INT, .not_null = true},
};
static const PlanIndex rate_indexes[] = {
    {.name = "ix_rate_hit_last", .columns = (const char *const[]){"last_at", NULL}},
};

/* Links that set a password, by the digest of their token. */
static const PlanColumn reset_columns[] = {
    {.name = "hash", .type = COL_TEXT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
    {.name = "kind", .type = COL_TEXT, .not_null = true},
    {.name = "made_at", .type = COL_INT, .not_null = true},
    {.name = "expires_at", .type = COL_INT, .not_null = true},
};
static const PlanIndex reset_indexes[] = {
    {.name = "ix_reset_token_user", .columns = (const char *const[]){"user_id", NULL}},
};

/* What is asked of somebody as a second step just now, and his codes on paper (auth/second.c, factor.c). */
static const PlanColumn second_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
    {.name = "mobile", .type = COL_TEXT},
    {.name = "code", .type = COL_TEXT},
    {.name = "code_until", .type = COL_INT},
    {.name = "sent_at", .type = COL_INT},
    {.name = "made_at", .type = COL_INT, .not_null = true},
    {.name = "expires_at", .type = COL_INT, .not_null = true},
    {.name = "tries", .type = COL_INT, .not_null = true},
    {.name = "sendings", .type = COL_INT, .not_null = true},
};
static const PlanIndex second_indexes[] = {
    {.name = "ix_second_step_user", .columns = (const char *const[]){"user_id", NULL}},
};
static const PlanColumn recovery_columns[] = {
    {.name = "hash", .type = COL_TEXT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
};
static const PlanIndex recovery_indexes[] = {
    {.name = "ix_recovery_code_user", .columns = (const char *const[]){"user_id", NULL}},
};

/* Which key of secret.key seals, which processes have which and seal with which (record/secret_key.h). */
static const PlanColumn secret_key_columns[] = {
    {.name = "id", .type = COL_TEXT, .not_null = true},
    {.name = "state", .type = COL_TEXT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
};
static const PlanColumn secret_held_columns[] = {
    {.name = "holder", .type = COL_TEXT, .not_null = true},
    {.name = "ids", .type = COL_TEXT, .not_null = true},
    {.name = "seals", .type = COL_TEXT}, /* with which one; NULL: programs before noted none */
};

/* What became of each row of a file, and what was wrong with its cells. The newest check or run of an import. */
static const PlanColumn import_row_columns[] = {
    {.name = "import_id", .type = COL_INT, .not_null = true},
    {.name = "sheet", .type = COL_INT, .not_null = true},
    {.name = "row", .type = COL_INT, .not_null = true},
    {.name = "outcome", .type = COL_TEXT, .not_null = true},
    {.name = "entity", .type = COL_TEXT},
    {.name = "record_id", .type = COL_INT},
    {.name = "version", .type = COL_INT},
    {.name = "former", .type = COL_TEXT}, /* of an update: the input that brings back what was */
};
static const PlanIndex import_row_indexes[] = {
    {.name = "ix_import_row_record",
     .columns = (const char *const[]){"record_id", NULL},
     .where_not_null = "record_id"},
};
static const PlanColumn import_error_columns[] = {
    {.name = "id", .type = COL_INT},
    {.name = "import_id", .type = COL_INT, .not_null = true},
    {.name = "sheet", .type = COL_INT, .not_null = true},
    {.name = "row", .type = COL_INT, .not_null = true},
    {.name = "col", .type = COL_INT},
    {.name = "header", .type = COL_TEXT},
    {.name = "value", .type = COL_TEXT},
    {.name = "code", .type = COL_TEXT, .not_null = true},
    {.name = "message", .type = COL_TEXT, .not_null = true},
    {.name = "kind", .type = COL_TEXT}, /* NULL: of the check or run; "undo" */
};
static const PlanIndex import_error_indexes[] = {
    {.name = "ix_import_row_error_place",
     .columns = (const char *const[]){"import_id", "sheet", "row", "id", NULL}},
};

/* What a job did to each row it touched, and what the row was before: results and undo of bulk changes. */
static const PlanColumn job_row_columns[] = {
    {.name = "job_id", .type = COL_INT, .not_null = true},
    {.name = "n", .type = COL_INT, .not_null = true},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "outcome", .type = COL_TEXT, .not_null = true},
    {.name = "version", .type = COL_INT},
    {.name = "field", .type = COL_TEXT},
    {.name = "code", .type = COL_TEXT},
    {.name = "message", .type = COL_TEXT},
    {.name = "before", .type = COL_TEXT},
};

static const PlanIndex job_row_indexes[] = {
    {.name = "ix_job_row_record", .columns = (const char *const[]){"record_id", NULL}},
};

/* What a merge moved, row by row, for its undo: whose (table, column), where it led before, and how it was moved. */
static const PlanColumn merge_row_columns[] = {
    {.name = "merge_id", .type = COL_INT, .not_null = true},
    {.name = "kind", .type = COL_TEXT, .not_null = true},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "field", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "was", .type = COL_INT, .not_null = true},
};
static const PlanIndex merge_row_indexes[] = {
    {.name = "ix_merge_row_record", .columns = (const char *const[]){"record_id", NULL}},
};

/* Work that is owed and must not be forgotten over a restart: what, and since when (ms). */
static const PlanColumn chore_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
};

/* Rows of a file that a rule for duplicates holds against each other or against a record. */
static const PlanColumn import_dup_columns[] = {
    {.name = "import_id", .type = COL_INT, .not_null = true},
    {.name = "grp", .type = COL_TEXT, .not_null = true},
    {.name = "sheet", .type = COL_INT, .not_null = true},
    {.name = "row", .type = COL_INT, .not_null = true},
    {.name = "rule", .type = COL_TEXT, .not_null = true},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT},
};

static const PlanIndex import_dup_indexes[] = {
    {.name = "ix_import_dup_record",
     .columns = (const char *const[]){"record_id", NULL},
     .where_not_null = "record_id"},
};

static const PlanTable engine_tables[] = {
    {.name = "history", COLUMNS(history_columns), INDEXES(history_indexes)},
    {.name = "record_share", COLUMNS(share_columns), INDEXES(share_indexes)},
    {.name = "idempotency",
     COLUMNS(idempotency_columns),
     .key = (const char *const[]){"key", "user_id", NULL},
     INDEXES(idempotency_indexes)},
    {.name = "number_counter", COLUMNS(counter_columns), .key = (const char *const[]){"key", NULL}},
    {.name = "rate_hit",
     COLUMNS(rate_columns),
     .key = (const char *const[]){"key", NULL},
     INDEXES(rate_indexes)},
    {.name = "import_row",
     COLUMNS(import_row_columns),
     .key = (const char *const[]){"import_id", "sheet", "row", NULL},
     INDEXES(import_row_indexes)},
    {.name = "import_row_error", COLUMNS(import_error_columns), INDEXES(import_error_indexes)},
    {.name = "job_row",
     COLUMNS(job_row_columns),
     .key = (const char *const[]){"job_id", "n", NULL},
     INDEXES(job_row_indexes)},
    {.name = "merge_row",
     COLUMNS(merge_row_columns),
     .key = (const char *const[]){"merge_id", "entity", "field", "kind", "record_id", "was", NULL},
     INDEXES(merge_row_indexes)},
    {.name = "chore", COLUMNS(chore_columns), .key = (const char *const[]){"key", NULL}},
    {.name = "import_dup",
     COLUMNS(import_dup_columns),
     .key = (const char *const[]){"import_id", "grp", "sheet", "row", NULL},
     INDEXES(import_dup_indexes)},
    {.name = "reset_token",
     COLUMNS(reset_columns),
     .key = (const char *const[]){"hash", NULL},
     INDEXES(reset_indexes)},
    {.name = "second_step",
     COLUMNS(second_columns),
     .key = (const char *const[]){"key", NULL},
     INDEXES(second_indexes)},
    {.name = "recovery_code",
     COLUMNS(recovery_columns),
     .key = (const char *const[]){"hash", NULL},
     INDEXES(recovery_indexes)},
    {.name = "secret_key", COLUMNS(secret_key_columns), .key = (const char *const[]){"id", NULL}},
    {.name = "secret_key_held",
     COLUMNS(secret_held_columns),
     .key = (const char *const[]){"holder", NULL}},
};
enum { N_ENGINE = (int)(sizeof engine_tables / sizeof *engine_tables) };

bool meta_is_engine_table(const char *name)
{
    static const char *const others[] = {"node_lease",  "change_log",    "schema_ledger",
                                         "schema_lock", "schema_format", NULL};
    for (int i = 0; i < N_ENGINE; i++)
        if (strcmp(engine_tables[i].name, name) == 0)
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

static PlanTable table_of(Arena *a, const Entity *e)
{
    Made m = {.a = a, .e = e};
    m.columns = ARENA_ARRAY(a, e->n_fields * 4, PlanColumn);
    m.indexes = ARENA_ARRAY(a, e->n_fields * 4 + e->n_indexes + 6, PlanIndex);
    m.live = e->standard ? "deleted_at" : NULL;
    for (int i = 0; i < e->n_fields; i++)
        add_field(&m, &e->fields[i]);
    own_indexes(&m);
    merged_indexes(&m);
    named_indexes(&m);
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
    int n = N_ENGINE;
    for (int i = 0; i < m->n; i++) {
        n++;
        for (int j = 0; j < m->entities[i].n_fields; j++)
            n += m->entities[i].fields[j].type == FT_LINK_MANY;
    }
    PlanTable *all = ARENA_ARRAY(a, n, PlanTable);
    int k = 0;
    for (int i = 0; i < N_ENGINE; i++)
        all[k++] = engine_tables[i];
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
