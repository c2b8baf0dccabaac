/*
 * Care of the search tables while nobody waits for it.
 *
 * SQLite: each commit leaves a segment of the word lists, and FTS5 merges them as more is written, sixteen at a level at
 * the worst; after an import or a bulk deletion nothing more may be written for weeks, and every search opens all of
 * them. Where many lie beside each other they are merged here, so many pages at a time that a step holds the writer for
 * some 10 ms, as the work of a job: people's writes go in turns with it (writer.c).
 * PostgreSQL: what was written lies in a list beside the GIN index, which every search reads through, until it is 4 MB long;
 * whoever writes then moves it all. Here it is moved before.
 */
#include <string.h>

#include "base/clock.h"
#include "db/driver.h"

enum { PAGES_LEAST = 16, PAGES_MOST = 1000, STEP_MS = 10 };

typedef struct Step {
    const char *table;
    int pages;
    bool more;
    int64_t took_ms, core_us;
} Step;

static bool run_step(Ctx *c, void *arg)
{
    Step *s = arg;
    int64_t began = clock_mono_ms(), core = clock_thread_us();
    bool ok = c->db->dialect->search_tend(c, s->table, s->pages, &s->more);
    s->took_ms = clock_mono_ms() - began;
    s->core_us = clock_thread_us() - core;
    return ok;
}

bool sql_search_tend(Ctx *c, const char *entity, bool begun, SearchTend *t)
{
    Step s = {.table = arena_printf(c->a, "search_%s", entity),
              .pages = t->pages ? t->pages : PAGES_LEAST};
    bool due = begun;
    t->more = false;
    if (!due && !c->db->dialect->search_due(c, s.table, &due))
        return false;
    if (!due)
        return true;
    bool patient = c->patient;
    c->patient = true;
    bool ok = db_write(c, run_step, &s);
    c->patient = patient;
    if (!ok)
        return false;
    if (s.took_ms > STEP_MS)
        s.pages /= 2;
    else if (s.took_ms < STEP_MS / 2)
        s.pages *= 2;
    t->pages = s.pages < PAGES_LEAST ? PAGES_LEAST : s.pages > PAGES_MOST ? PAGES_MOST : s.pages;
    t->more = s.more;
    t->took_ms = s.took_ms;
    t->core_us = s.core_us;
    return true;
}
