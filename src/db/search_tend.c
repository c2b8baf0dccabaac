/*
 * Care of the search tables while nobody waits for it.
 *
 * SQLite: each commit leaves a segment of the word lists, and FTS5 merges them as more is written, sixteen at a level at
 * the worst; after an import or a bulk deletion nothing more may be written for weeks, and every search opens all of
 * them. Where many lie beside each other they are merged here, so many pages at a time as db/pace.h finds short enough, as the
 * work of a job: people's writes go in turns with it (writer.c).
 * PostgreSQL: what was written lies in a list beside the GIN index, which every search reads through, until it is 4 MB long;
 * whoever writes then moves it all. Here it is moved before.
 */
#include "db/driver.h"

enum { PAGES_FIRST = 16, PAGES_MOST = 1000 };

typedef struct Step {
    const char *table;
    int pages;
    bool more;
} Step;

static bool run_step(Ctx *c, void *arg)
{
    Step *s = arg;
    return c->db->dialect->search_tend(c, s->table, s->pages, &s->more);
}

bool sql_search_tend(Ctx *c, const char *entity, bool begun, SearchTend *t)
{
    bool first = !t->begun;
    if (first)
        pace_init(&t->pace, PAGES_FIRST, PAGES_MOST);
    Step s = {.table = arena_printf(c->a, "search_%s", entity), .pages = t->pace.size};
    if (first && t->whole)
        s.pages = -s.pages;
    bool due = begun || t->whole;
    t->more = false;
    if (!due && !c->db->dialect->search_due(c, s.table, &due))
        return false;
    if (!due)
        return true;
    if (!pace_write(c, &t->pace, run_step, &s))
        return false;
    t->begun = true;
    t->more = s.more;
    return true;
}
