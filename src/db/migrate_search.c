/*
 * Search tables that an older program made with other options (SQLite: the lists of prefixes of FTS5) are made anew,
 * once, at the start: the documents are copied block by block into a table beside, a transaction each, so that neither
 * the log of the database nor a lock grows with the company; then it takes the name. A kill in between leaves the old
 * table as it was, and the next start begins again.
 */
#include <string.h>

#include "base/log.h"
#include "db/driver.h"
#include "db/migrate.h"

enum { BLOCK_ROWS = 20000, TELL_ROWS = 200000 };
#define BESIDE "search_rebuilt"

typedef struct Rebuild {
    const char *table, *program;
    int64_t after, copied, last;
} Rebuild;

/* From " USING " on: what does not depend on the name of the table. */
static const char *options_of(const char *ddl)
{
    const char *at = ddl ? strstr(ddl, " USING ") : NULL;
    return at ? at : "";
}

bool migrate_search_stale(Ctx *c, const char *table, const char *made_by)
{
    Sql first, second;
    sql_init(&first, c->a);
    sql_init(&second, c->a);
    c->db->dialect->search_ddl(c, &first, &second, table);
    return strcmp(options_of(made_by), options_of(first.text.data)) != 0;
}

static bool make_beside(Ctx *c, void *arg)
{
    (void)arg;
    Sql first, second;
    sql_init(&first, c->a);
    sql_init(&second, c->a);
    c->db->dialect->search_ddl(c, &first, &second, BESIDE);
    return db_exec(c, ENGINE_SQL("DROP TABLE IF EXISTS \"" BESIDE "\""), NULL, 0) &&
           sql_exec(c, &first);
}

static bool copy_block(Ctx *c, void *arg)
{
    Rebuild *r = arg;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q,
            ENGINE_SQL("INSERT INTO \"" BESIDE "\" (rowid, tokens) SELECT rowid, tokens FROM "));
    sql_name(&q, r->table);
    sql_add(&q, ENGINE_SQL(" WHERE rowid > "));
    sql_bind(&q, db_of_int(r->after));
    sql_add(&q, ENGINE_SQL(" ORDER BY rowid LIMIT "));
    sql_number(&q, BLOCK_ROWS);
    if (!sql_exec(c, &q))
        return false;
    r->last = db_changes(c);
    return db_one_int(c, ENGINE_SQL("SELECT rowid FROM \"" BESIDE "\" ORDER BY rowid DESC LIMIT 1"),
                      NULL, 0, &r->after, NULL);
}

static bool take_name(Ctx *c, void *arg)
{
    const Rebuild *r = arg;
    Sql drop, name;
    sql_init(&drop, c->a);
    sql_add(&drop, ENGINE_SQL("DROP TABLE "));
    sql_name(&drop, r->table);
    sql_init(&name, c->a);
    sql_add(&name, ENGINE_SQL("ALTER TABLE \"" BESIDE "\" RENAME TO "));
    sql_name(&name, r->table);
    return sql_exec(c, &drop) && sql_exec(c, &name) &&
           migrate_note(c, r->program, arena_printf(c->a, "%s made anew", r->table));
}

bool migrate_search_rebuild(Ctx *c, const char *table, const char *program)
{
    Rebuild r = {.table = table, .program = program, .after = INT64_MIN};
    log_write(LOG_INFO, "search_rebuild", LOG_S("table", table));
    if (!db_write(c, make_beside, NULL))
        return false;
    do {
        if (!db_write(c, copy_block, &r) || !migrate_lock_on(c))
            return false;
        r.copied += r.last;
        if (r.copied % TELL_ROWS == 0 && r.last)
            log_write(LOG_INFO, "search_rebuild", LOG_S("table", table), LOG_I("rows", r.copied));
    } while (r.last == BLOCK_ROWS);
    if (!db_write(c, take_name, &r))
        return false;
    log_write(LOG_INFO, "search_rebuilt", LOG_S("table", table), LOG_I("rows", r.copied));
    return true;
}
