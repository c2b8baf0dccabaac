/* A person's own preferences. See prefs.h. */
#include "auth/prefs.h"

#include <string.h>

#include "db/db.h"

const char *prefs_read(Ctx *c)
{
    DbVal p[] = {db_of_int(c->actor->user)};
    DbRows *r = db_query(c, SQL("SELECT \"prefs\" FROM \"user\" WHERE \"id\" = $1"), p, 1);
    if (!r)
        return NULL;
    const char *text = db_step(r) && !db_is_null(r, 0) ? arena_str(c->a, db_text(r, 0)) : "{}";
    db_done(r);
    return c->n_err ? NULL : text;
}

/* Read and written in one transaction: two browsers of a person do not take each other's members. */
static bool merge_in_write(Ctx *c, void *arg)
{
    json_object *patch = arg, *now;
    const char *text = prefs_read(c);
    if (!text)
        return false;
    if (!json_read(c, text, strlen(text), &now))
        return false;
    json_object_object_foreach(patch, key, value)
    {
        if (value)
            json_object_object_add(now, key, json_object_get(value));
        else
            json_object_object_del(now, key);
    }
    const char *out = json_object_to_json_string_ext(now, JSON_C_TO_STRING_PLAIN);
    if (strlen(out) > PREFS_MAX)
        return ctx_fail(c, ERR_INVALID, "prefs", "err.prefs_size", ctx_num(c, PREFS_MAX));
    DbVal p[] = {db_of_text(arena_str(c->a, out)), db_of_int(c->actor->user)};
    return db_exec(c, SQL("UPDATE \"user\" SET \"prefs\" = $1 WHERE \"id\" = $2"), p, 2);
}

bool prefs_merge(Ctx *c, json_object *patch)
{
    return db_write(c, merge_in_write, patch);
}
