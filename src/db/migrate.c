/*
 * Bringing a database to a plan: see migrate.h. The present schema is read from the engine's own
 * catalogue, so a step that was carried out and not noted is not carried out twice; the ledger is
 * for people. Every table is one transaction: a kill between two of them is continued by the next
 * start. An index that is to change gets a new name.
 *
 * System tables of this floor (below, SYSTEM) go the same way and come first.
 */
#include "db/migrate.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "db/driver.h"

/* --- tables of this floor -------------------------------------------------------------------- */

static const PlanColumn LEDGER[] = {
    {.name = "id", .type = COL_INT},
    {.name = "at", .type = COL_INT, .not_null = true},
    {.name = "program", .type = COL_TEXT, .not_null = true},
    {.name = "what", .type = COL_TEXT, .not_null = true},
    {.name = "digest", .type = COL_TEXT, .not_null = true},
};
static const PlanColumn FORMAT[] = {
    {.name = "id", .type = COL_INT},
    {.name = "format", .type = COL_INT, .not_null = true},
};
static const PlanColumn LOCK[] = {
    {.name = "id", .type = COL_INT},
    {.name = "holder", .type = COL_TEXT, .not_null = true},
    {.name = "expires_at", .type = COL_INT, .not_null = true},
    {.name = "host", .type = COL_TEXT},
    {.name = "pid", .type = COL_INT},
};
static const PlanColumn LEASE[] = {
    {.name = "id", .type = COL_INT},
    {.name = "holder", .type = COL_TEXT, .not_null = true},
    {.name = "host", .type = COL_TEXT, .not_null = true},
    {.name = "pid", .type = COL_INT, .not_null = true},
    {.name = "expires_at", .type = COL_INT, .not_null = true},
    {.name = "last_id", .type = COL_INT, .not_null = true},
};
static const PlanColumn CHANGES[] = {
    {.name = "id", .type = COL_INT},
    {.name = "topic", .type = COL_TEXT, .not_null = true},
    {.name = "ref", .type = COL_INT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
};
static const PlanIndex CHANGES_AT[] = {
    {.name = "ix_change_log_at", .columns = (const char *const[]){"at", NULL}},
};

#define COLUMNS(a) .columns = (a), .n_columns = (int)(sizeof(a) / sizeof(*(a)))
static const PlanTable SYSTEM[] = {
    {.name = "schema_ledger", COLUMNS(LEDGER)},
    {.name = "schema_format", COLUMNS(FORMAT)},
    {.name = "schema_lock", COLUMNS(LOCK)},
    {.name = "node_lease", COLUMNS(LEASE)},
    {.name = "change_log", COLUMNS(CHANGES), .indexes = CHANGES_AT, .n_indexes = 1},
};
enum { N_SYSTEM = (int)(sizeof(SYSTEM) / sizeof(*SYSTEM)) };

/* --- what there is --------------------------------------------------------------------------- */

typedef struct Present {
    Map tables;  /* name */
    Map columns; /* "table.column" */
    Map indexes; /* name */
    Map made;    /* virtual table: the statement that made it */
} Present;

static bool read_present(Ctx *c, Present *p)
{
    static int there;
    int n_err = c->n_err;
    map_init(&p->tables, c->a);
    map_init(&p->columns, c->a);
    map_init(&p->indexes, c->a);
    map_init(&p->made, c->a);
    DbRows *r = db_query(c, c->db->dialect->all_columns, NULL, 0);
    while (r && db_step(r)) {
        map_put(&p->tables, db_text(r, 0), &there);
        map_put(&p->columns, arena_printf(c->a, "%s.%s", db_text(r, 0), db_text(r, 1)), &there);
    }
    r = c->n_err == n_err ? db_query(c, c->db->dialect->all_indexes, NULL, 0) : NULL;
    while (r && db_step(r)) {
        if (db_is_null(r, 1))
            map_put(&p->indexes, db_text(r, 0), &there);
        else
            map_put(&p->made, db_text(r, 0), arena_str(c->a, db_text(r, 1)));
    }
    return c->n_err == n_err;
}

/* --- steps ----------------------------------------------------------------------------------- */

typedef struct Steps {
    Arena *a;
    const char **text; /* NULL-terminated */
    int n, cap;
} Steps;

static void push(Steps *s, const Sql *q)
{
    if (s->n + 1 >= s->cap) {
        int cap = s->cap ? s->cap * 2 : 32;
        const char **p = ARENA_ARRAY(s->a, cap, const char *);
        if (s->n)
            memcpy(p, s->text, (size_t)s->n * sizeof(*p));
        s->text = p;
        s->cap = cap;
    }
    s->text[s->n++] = q->text.data;
    s->text[s->n] = NULL;
}

static bool is_key(const PlanTable *t, const char *column)
{
    if (!t->key)
        return !strcmp(column, "id");
    for (int i = 0; t->key[i]; i++) {
        if (!strcmp(t->key[i], column))
            return true;
    }
    return false;
}

/* A number and nothing else: the only default there is. */
static bool is_number(const char *s)
{
    char *end;
    strtod(s, &end);
    return end != s && !*end && strspn(s, "0123456789.-") == strlen(s);
}

static void add_column(Ctx *c, Sql *q, const PlanTable *t, const PlanColumn *col, bool new_table)
{
    sql_name(q, col->name);
    sql_add(q, ENGINE_SQL(" "));
    sql_add(q, (SqlText){c->db->dialect->type[col->type]});
    bool dflt = col->dflt && is_number(col->dflt);
    /* A column added to rows that exist can be required only with a default. */
    if (is_key(t, col->name) || (col->not_null && (new_table || dflt)))
        sql_add(q, ENGINE_SQL(" NOT NULL"));
    if (dflt) {
        sql_add(q, ENGINE_SQL(" DEFAULT "));
        buf_puts(&q->text, col->dflt);
    }
}

static void step_create(Ctx *c, const PlanTable *t, Steps *s)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ENGINE_SQL("CREATE TABLE IF NOT EXISTS "));
    sql_name(&q, t->name);
    sql_add(&q, ENGINE_SQL(" ("));
    for (int i = 0; i < t->n_columns; i++) {
        add_column(c, &q, t, &t->columns[i], true);
        sql_add(&q, ENGINE_SQL(", "));
    }
    sql_add(&q, ENGINE_SQL("PRIMARY KEY ("));
    for (int i = 0; t->key && t->key[i]; i++) {
        if (i)
            sql_add(&q, ENGINE_SQL(", "));
        sql_name(&q, t->key[i]);
    }
    if (!t->key)
        sql_name(&q, "id");
    sql_add(&q, ENGINE_SQL("))"));
    sql_add(&q, (SqlText){c->db->dialect->table_tail});
    push(s, &q);
}

static void steps_alter(Ctx *c, const PlanTable *t, const Present *p, Steps *s)
{
    for (int i = 0; i < t->n_columns; i++) {
        const PlanColumn *col = &t->columns[i];
        if (map_has(&p->columns, arena_printf(c->a, "%s.%s", t->name, col->name)))
            continue;
        Sql q;
        sql_init(&q, c->a);
        sql_add(&q, ENGINE_SQL("ALTER TABLE "));
        sql_name(&q, t->name);
        if (col->was && map_has(&p->columns, arena_printf(c->a, "%s.%s", t->name, col->was))) {
            sql_add(&q, ENGINE_SQL(" RENAME COLUMN "));
            sql_name(&q, col->was);
            sql_add(&q, ENGINE_SQL(" TO "));
            sql_name(&q, col->name);
        } else {
            sql_add(&q, ENGINE_SQL(" ADD COLUMN "));
            add_column(c, &q, t, col, false);
        }
        push(s, &q);
    }
}

static void step_index(Ctx *c, const PlanTable *t, const PlanIndex *ix, Steps *s)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, ix->unique ? ENGINE_SQL("CREATE UNIQUE INDEX IF NOT EXISTS ")
                           : ENGINE_SQL("CREATE INDEX IF NOT EXISTS "));
    sql_name(&q, ix->name);
    sql_add(&q, ENGINE_SQL(" ON "));
    sql_name(&q, t->name);
    for (int i = 0; ix->columns[i]; i++) {
        bool down = ix->columns[i][0] == '-';
        sql_add(&q, i ? ENGINE_SQL(", ") : ENGINE_SQL(" ("));
        sql_name(&q, ix->columns[i] + down);
        /* Said always: engines spread over machines would hash without it. */
        sql_add(&q, (SqlText){down ? c->db->dialect->desc : c->db->dialect->asc});
    }
    sql_add(&q, ENGINE_SQL(")"));
    if (ix->where_not_null) {
        sql_add(&q, ENGINE_SQL(" WHERE "));
        sql_name(&q, ix->where_not_null);
        sql_add(&q, ENGINE_SQL(" IS NOT NULL"));
    }
    if (ix->where_null) {
        sql_add(&q, ix->where_not_null ? ENGINE_SQL(" AND ") : ENGINE_SQL(" WHERE "));
        sql_name(&q, ix->where_null);
        sql_add(&q, ENGINE_SQL(" IS NULL"));
    }
    push(s, &q);
}

/* What table t needs, in order, behind what s holds already. */
static void steps_for(Ctx *c, const PlanTable *t, const Present *p, Steps *s)
{
    if (map_has(&p->tables, t->name))
        steps_alter(c, t, p, s);
    else
        step_create(c, t, s);
    for (int i = 0; i < t->n_indexes; i++) {
        if (!map_has(&p->indexes, t->indexes[i].name))
            step_index(c, t, &t->indexes[i], s);
    }
    const char *search = arena_printf(c->a, "search_%s", t->name);
    if (t->search && !map_has(&p->tables, search)) {
        Sql first, second;
        sql_init(&first, c->a);
        sql_init(&second, c->a);
        c->db->dialect->search_ddl(c, &first, &second, search);
        push(s, &first);
        if (second.text.len)
            push(s, &second);
    }
    if (t->search && c->db->dialect->search_form &&
        !map_has(&p->indexes, arena_printf(c->a, "%s.words", search))) {
        Sql steps[SEARCH_STEPS];
        for (int i = 0; i < SEARCH_STEPS; i++)
            sql_init(&steps[i], c->a);
        int n = c->db->dialect->search_form(c, steps, search);
        for (int i = 0; i < n; i++)
            push(s, &steps[i]);
    }
}

/* --- carrying out ---------------------------------------------------------------------------- */

bool migrate_note(Ctx *c, const char *program, const char *what)
{
    unsigned char hash[16];
    char digest[33];
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)what, strlen(what), NULL, 0);
    sodium_bin2hex(digest, sizeof(digest), hash, sizeof(hash));
    DbVal v[] = {db_of_int(id_new()), db_of_int(clock_now_ms()), db_of_text(program),
                 db_of_text(what), db_of_text(digest)};
    return db_exec(c,
                   SQL("INSERT INTO schema_ledger (id, at, program, what, digest) VALUES ($1, $2, "
                       "$3, $4, $5)"),
                   v, 5);
}

static bool carry_out(Ctx *c, const Steps *s, const char *program)
{
    for (int i = 0; i < s->n; i++) {
        if (!db_exec(c, (SqlText){s->text[i]}, NULL, 0))
            return ctx_fail(c, ERR_INTERNAL, NULL, "err.migrate_step", s->text[i]);
    }
    for (int i = 0; i < s->n; i++) { /* afterwards: the ledger itself may be among them */
        if (!migrate_note(c, program, s->text[i]))
            return false;
    }
    return true;
}

typedef struct Run {
    const PlanTable *tables;
    int n;
    const char *program;
    int format;
} Run;

/* One table or the system's tables, seen and changed in one transaction. Alone: what another process makes between the
   look and the CREATE … IF NOT EXISTS would pass in silence and stand in the ledger twice. */
static bool run_tables(Ctx *c, void *arg)
{
    const Run *run = arg;
    Present p;
    Steps s = {.a = c->a};
    if (!db_alone(c, "schema") || !read_present(c, &p))
        return false;
    for (int i = 0; i < run->n; i++)
        steps_for(c, &run->tables[i], &p, &s);
    return carry_out(c, &s, run->program);
}

bool migrate_table(Ctx *c, const PlanTable *table)
{
    if (!db_in_write(c))
        return ctx_fail_detail(c, ERR_INTERNAL, "migrate_table outside db_write", "err.internal");
    Run run = {.tables = table, .n = 1, .program = ZK_VERSION};
    return run_tables(c, &run);
}

static bool names_column(const PlanIndex *ix, const char *column)
{
    for (int i = 0; ix->columns[i]; i++)
        if (strcmp(ix->columns[i] + (ix->columns[i][0] == '-'), column) == 0)
            return true;
    return (ix->where_not_null && strcmp(ix->where_not_null, column) == 0) ||
           (ix->where_null && strcmp(ix->where_null, column) == 0);
}

bool migrate_clear(Ctx *c, const PlanTable *table, const char *const *columns)
{
    Present p;
    Steps s = {.a = c->a};
    Sql q;
    if (!db_in_write(c))
        return ctx_fail_detail(c, ERR_INTERNAL, "migrate_clear outside db_write", "err.internal");
    if (!db_alone(c, "schema") || !read_present(c, &p))
        return false;
    for (int i = 0; columns[i]; i++) {
        if (!map_has(&p.columns, arena_printf(c->a, "%s.%s", table->name, columns[i])))
            continue;
        for (int k = 0; k < table->n_indexes; k++) {
            if (!names_column(&table->indexes[k], columns[i]))
                continue;
            sql_init(&q, c->a);
            sql_add(&q, ENGINE_SQL("DROP INDEX IF EXISTS "));
            sql_name(&q, table->indexes[k].name);
            push(&s, &q);
        }
        sql_init(&q, c->a);
        sql_add(&q, ENGINE_SQL("ALTER TABLE "));
        sql_name(&q, table->name);
        sql_add(&q, ENGINE_SQL(" DROP COLUMN "));
        sql_name(&q, columns[i]);
        push(&s, &q);
    }
    return carry_out(c, &s, ZK_VERSION);
}

static bool make_system(Ctx *c, const char *program)
{
    Run run = {.tables = SYSTEM, .n = N_SYSTEM, .program = program};
    return db_write(c, run_tables, &run);
}

static bool write_format(Ctx *c, void *arg)
{
    const Run *run = arg;
    DbVal v[] = {db_of_int(run->format)};
    return db_exec(c,
                   SQL("INSERT INTO schema_format (id, format) VALUES (1, $1) ON CONFLICT (id) DO "
                       "UPDATE SET format = excluded.format"),
                   v, 1) &&
           migrate_note(c, run->program, arena_printf(c->a, "format %d", run->format));
}

/* The format noted; 0 where the database is empty. */
static bool read_format(Ctx *c, const Present *p, int64_t *out)
{
    *out = 0;
    return !map_has(&p->tables, "schema_format") ||
           db_one_int(c, SQL("SELECT format FROM schema_format WHERE id = 1"), NULL, 0, out, NULL);
}

static bool too_new(Ctx *c, int64_t found, int format)
{
    return ctx_fail(c, ERR_CONFLICT, NULL, "err.db_newer", ctx_num(c, found), ctx_num(c, format));
}

bool migrate_check(Ctx *c, int format)
{
    Present p;
    int64_t found;
    if (!read_present(c, &p) || !read_format(c, &p, &found))
        return false;
    return found <= format || too_new(c, found, format);
}

/* The search tables whose options are not ours; NULL-terminated. */
static const char **stale_tables(Ctx *c, const Plan *plan, const Present *p)
{
    const char **list = ARENA_ARRAY(c->a, plan->n + 1, const char *);
    int n = 0;
    for (int i = 0; i < plan->n; i++) {
        const char *table = arena_printf(c->a, "search_%s", plan->tables[i].name);
        const char *made_by = map_get(&p->made, table);
        if (plan->tables[i].search && made_by && migrate_search_stale(c, table, made_by))
            list[n++] = table;
    }
    return list;
}

static bool under_lock(Ctx *c, const Plan *plan, int64_t found)
{
    Run run = {.program = plan->program, .format = plan->format};
    for (int i = 0; i < plan->n; i++) {
        Present p;
        Steps s = {.a = c->a};
        if (!read_present(c, &p))
            return false;
        steps_for(c, &plan->tables[i], &p, &s);
        if (!s.n)
            continue;
        run.tables = &plan->tables[i];
        run.n = 1;
        if (!db_write(c, run_tables, &run))
            return false;
        if (!migrate_lock_on(c)) /* a long index build */
            return false;
    }
    Present p; /* once more: another process may have been before us */
    if (!read_present(c, &p))
        return false;
    for (const char **stale = stale_tables(c, plan, &p); *stale; stale++)
        if (!migrate_search_rebuild(c, *stale, plan->program))
            return false;
    return found == plan->format || db_write(c, write_format, &run);
}

bool migrate_run(Ctx *c, const Plan *plan, bool dry, const char *const **out_steps)
{
    Present p;
    int64_t found;
    Steps s = {.a = c->a};
    static const char *const none[] = {NULL};
    if (!read_present(c, &p) || !read_format(c, &p, &found))
        return false;
    if (found > plan->format)
        return too_new(c, found, plan->format);
    for (int i = 0; i < N_SYSTEM; i++)
        steps_for(c, &SYSTEM[i], &p, &s);
    for (int i = 0; i < plan->n; i++)
        steps_for(c, &plan->tables[i], &p, &s);
    for (const char **stale = stale_tables(c, plan, &p); *stale; stale++) { /* told, not run */
        Sql q;
        sql_init(&q, c->a);
        buf_printf(&q.text, "-- %s is made anew, block by block", *stale);
        push(&s, &q);
    }
    if (out_steps)
        *out_steps = s.n ? s.text : none;
    if (dry || (!s.n && found == plan->format))
        return true;

    if (!make_system(c, plan->program))
        return false;
    if (!migrate_lock(c))
        return false;
    bool ok = under_lock(c, plan, found);
    migrate_unlock(c);
    return ok;
}
