/*
 * Search documents that wait for the end of their batch (SQLite).
 *
 * FTS5 writes what it has gathered to disk at every SAVEPOINT, and each write of a batch stands in one:
 * documents put at once make a segment each, and merging them costs half of the writer's time. So they
 * are noted here and written once behind the last savepoint, just before COMMIT, in the very same
 * transaction. A job or step that is undone takes its notes back.
 */
#include <stdlib.h>
#include <string.h>

#include "db/driver.h"

bool search_note(DbConn *conn, const char *table, int64_t id, const char *tokens, bool is_new)
{
    conn->search =
        db_grow(conn->search, conn->n_search, &conn->cap_search, 64, sizeof *conn->search);
    PendingSearch *p = &conn->search[conn->n_search++];
    *p = (PendingSearch){.table = strdup(table),
                         .tokens = tokens ? strdup(tokens) : NULL,
                         .id = id,
                         .is_new = is_new};
    if (!p->table || (tokens && !p->tokens))
        abort();
    return true;
}

void search_forget(DbConn *conn, int keep)
{
    while (conn->n_search > keep) {
        PendingSearch *p = &conn->search[--conn->n_search];
        free(p->table);
        free(p->tokens);
    }
}

bool search_flush(Ctx *c, DbConn *conn)
{
    const Dialect *d = c->db->dialect;
    bool ok = true;
    for (int i = 0; ok && i < conn->n_search; i++) {
        const PendingSearch *p = &conn->search[i];
        ok = p->tokens ? d->search_put(c, p->table, p->id, p->tokens, p->is_new)
                       : d->search_remove(c, p->table, p->id);
    }
    search_forget(conn, 0);
    return ok;
}
