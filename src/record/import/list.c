/*
 * The imports a person has made, newest first: what the first step of the page shows, and where one goes back to
 * an import that was left half-way or is to be undone. Only one's own, as everywhere with imports.
 */
#include <string.h>

#include "base/whole.h"
#include "db/list.h"
#include "record/import/impl.h"

/* The entities the sheets go to, each once, in the order of the sheets. */
static bool write_entities(Ctx *c, Jw *w, const char *sheets)
{
    json_object *list;
    if (!sheets)
        sheets = "[]";
    if (!json_read(c, sheets, strlen(sheets), &list))
        return false;
    size_t n = json_object_array_length(list);
    const char **seen = ARENA_ARRAY(c->a, n + 1, const char *);
    size_t n_seen = 0;
    jw_key(w, "entities");
    jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_str(json_object_array_get_idx(list, i), "entity", NULL);
        bool known = !name;
        for (size_t k = 0; k < n_seen && !known; k++)
            known = strcmp(seen[k], name) == 0;
        if (known)
            continue;
        seen[n_seen++] = name;
        jw_str(w, name);
    }
    jw_end(w);
    return true;
}

static bool write_one(Ctx *c, Jw *w, DbRows *r)
{
    const char *counts = db_text(r, 4);
    jw_obj(w);
    jw_kint(w, "id", db_int(r, 0));
    jw_kstr(w, "file_name", db_text(r, 1));
    jw_kstr(w, "state", db_text(r, 2));
    if (!write_entities(c, w, arena_str(c->a, db_text(r, 3))))
        return false;
    if (counts)
        jw_kraw(w, "counts", counts);
    jw_key(w, "progress");
    jw_obj(w);
    jw_kint(w, "done", db_int(r, 5));
    jw_kint(w, "total", db_int(r, 6));
    jw_end(w);
    jw_kinstant(w, "created_at", db_int(r, 7));
    jw_kinstant(w, "finished_at", db_int(r, 8));
    jw_kinstant(w, "revert_until", db_int(r, 9));
    jw_end(w);
    return true;
}

bool import_list(Ctx *c, const char *cursor, int limit, Buf *out)
{
    int64_t before;
    if (!whole_cursor(c, cursor, INT64_MAX, &before))
        return false;
    /* Nobody in particular (user 0) is not "everybody": only the system itself is. */
    DbVal p[] = {db_of_int(c->actor->is_system ? 0
                           : c->actor->user    ? c->actor->user
                                               : -1),
                 db_of_int(before), db_of_int(limit + 1)};
    DbRows *r = db_query(c,
                         SQL("SELECT i.\"id\", i.\"file_name\", " IMP_STATE ", i.\"sheets\", "
                             "i.\"counts\", i.\"done\", i.\"total\", i.\"created_at\", "
                             "i.\"finished_at\", i.\"revert_until\" FROM \"import_job\" AS i LEFT "
                             "JOIN \"job\" AS j ON j.\"id\" = i.\"job_id\" WHERE ($1 = 0 OR "
                             "i.\"owner_id\" = $1) AND i.\"id\" < $2 ORDER BY i.\"id\" DESC LIMIT "
                             "$3"),
                         p, 3);
    return db_list_json(c, r, limit, write_one, out);
}
