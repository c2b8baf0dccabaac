/* A person's own preferences. See prefs.h. */
#include "auth/prefs.h"

#include <string.h>

#include "db/db.h"

/* The two objects of a person, and how they are read and written. */
typedef struct Kept {
    SqlText read, write;
    const char *field; /* of a mistake */
    json_object *patch;
} Kept;

static Kept kept(bool notify, json_object *patch)
{
    return notify ? (Kept){SQL("SELECT \"notify_prefs\" FROM \"user\" WHERE \"id\" = $1"),
                           SQL("UPDATE \"user\" SET \"notify_prefs\" = $1 WHERE \"id\" = $2"),
                           "notify", patch}
                  : (Kept){SQL("SELECT \"prefs\" FROM \"user\" WHERE \"id\" = $1"),
                           SQL("UPDATE \"user\" SET \"prefs\" = $1 WHERE \"id\" = $2"), "prefs",
                           patch};
}

static const char *read_kept(Ctx *c, const Kept *k)
{
    DbVal p[] = {db_of_int(c->actor->user)};
    DbRows *r = db_query(c, k->read, p, 1);
    if (!r)
        return NULL;
    const char *text = db_step(r) && !db_is_null(r, 0) ? arena_str(c->a, db_text(r, 0)) : "{}";
    db_done(r);
    return c->n_err ? NULL : text;
}

const char *prefs_read(Ctx *c)
{
    const Kept k = kept(false, NULL);
    return read_kept(c, &k);
}

/* Read and written in one transaction: two browsers of a person do not take each other's members. */
static bool merge_in_write(Ctx *c, void *arg)
{
    const Kept *k = arg;
    json_object *now;
    const char *text = read_kept(c, k);
    if (!text || !json_read(c, *text ? text : "{}", *text ? strlen(text) : 2, &now))
        return false;
    json_object_object_foreach(k->patch, key, value)
    {
        if (value)
            json_object_object_add(now, key, json_object_get(value));
        else
            json_object_object_del(now, key);
    }
    const char *out = json_object_to_json_string_ext(now, JSON_C_TO_STRING_PLAIN);
    if (strlen(out) > PREFS_MAX)
        return ctx_fail(c, ERR_INVALID, k->field, "err.prefs_size", ctx_num(c, PREFS_MAX));
    DbVal p[] = {db_of_text(arena_str(c->a, out)), db_of_int(c->actor->user)};
    return db_exec(c, k->write, p, 2);
}

bool prefs_merge(Ctx *c, json_object *patch)
{
    Kept k = kept(false, patch);
    return db_write(c, merge_in_write, &k);
}

bool prefs_merge_notify(Ctx *c, json_object *patch)
{
    Kept k = kept(true, patch);
    return db_write(c, merge_in_write, &k);
}
