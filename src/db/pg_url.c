/* What an address of PostgreSQL reaches for: ports and files, its own and those of libpq's environment. See db.h. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "db/db.h"

enum { MOST = 8, DEFAULT_PORT = 5432 };

static void add_file(Ctx *c, DbReach *out, const char *path)
{
    if (path && *path == '/' && out->n_files < MOST)
        out->files[out->n_files++] = arena_str(c->a, path);
}

/* "5432,5433": one for each host, or one for all. */
static void add_ports(DbReach *out, const char *list)
{
    for (const char *p = list; p && *p && out->n_ports < MOST;) {
        long port = strtol(p, NULL, 10);
        if (port > 0 && port < 65536)
            out->ports[out->n_ports++] = (int)port;
        p = strchr(p, ',');
        p = p ? p + 1 : NULL;
    }
}

bool db_url_reach(Ctx *c, const char *url, DbReach *out)
{
    static const char *const of_files[] = {"passfile", "sslcert",   "sslkey", "sslrootcert",
                                           "sslcrl",   "sslcrldir", NULL};
    static const char *const in_environment[] = {"PGPASSFILE",    "PGSSLCERT", "PGSSLKEY",
                                                 "PGSSLROOTCERT", "PGSSLCRL",  NULL};
    char *why = NULL;
    const char *home = getenv("HOME"), *ports = getenv("PGPORT");
    PQconninfoOption *all = PQconninfoParse(url, &why);
    *out = (DbReach){.n_ports = 0};
    if (!all) {
        ctx_fail(c, ERR_INVALID, "database.url", "err.db_url", why ? why : "");
        PQfreemem(why);
        return false;
    }
    for (PQconninfoOption *o = all; o->keyword; o++) {
        if (!o->val || !*o->val)
            continue;
        for (int i = 0; of_files[i]; i++)
            if (strcmp(o->keyword, of_files[i]) == 0)
                add_file(c, out, o->val);
        if (strcmp(o->keyword, "port") == 0)
            ports = arena_str(c->a, o->val);
    }
    PQconninfoFree(all);
    for (int i = 0; in_environment[i]; i++)
        add_file(c, out, getenv(in_environment[i]));
    if (home && *home == '/') {
        add_file(c, out, arena_printf(c->a, "%s/.pgpass", home));
        add_file(c, out, arena_printf(c->a, "%s/.postgresql", home));
    }
    add_ports(out, ports);
    if (out->n_ports == 0)
        out->ports[out->n_ports++] = DEFAULT_PORT;
    return true;
}
