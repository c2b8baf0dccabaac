/* The company's logo. See logo.h. */
#include "record/logo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "record/hooks.h"
#include "record/picture/picture.h"
#include "record/setting.h"

enum { SIDE = 480 }; /* a header twice as dense as most screens */

static int64_t id_of(const char *value)
{
    char *end = NULL;
    int64_t id = value && *value ? strtoll(value, &end, 10) : 0;
    return id > 0 && end && !*end ? id : 0;
}

static bool is_ours(Ctx *c, int64_t id, bool *out)
{
    DbVal p[] = {db_of_int(id), db_of_text(LOGO_OWNER)};
    int64_t one;
    *out = false;
    return !id || db_one_int(c,
                             SQL("SELECT 1 FROM \"attachment\" WHERE \"id\" = $1 AND "
                                 "\"parent_type\" = $2 AND \"deleted_at\" IS NULL"),
                             p, 2, &one, out);
}

bool logo_known(Ctx *c, const char *value)
{
    bool ours;
    return !*value || (is_ours(c, id_of(value), &ours) && ours);
}

const char *logo_url(Arena *a)
{
    int64_t id = id_of(conf_text(LOGO_SETTING));
    return id ? arena_printf(a, "/api/v1/logo?v=%" PRId64, id) : NULL;
}

bool logo_open(Ctx *c, AttachFile *out)
{
    bool ours;
    int64_t id = id_of(conf_text(LOGO_SETTING));
    if (!is_ours(c, id, &ours))
        return false;
    return ours ? attach_path(c, id, out) : ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
}

/* In a write: of the pictures that were a logo none stays but this one (0: none at all). */
static bool drop_others(Ctx *c, int64_t id)
{
    DbVal p[] = {db_of_text(LOGO_OWNER), db_of_int(c->now_ms), db_of_int(id)};
    return db_exec(c,
                   SQL("UPDATE \"attachment\" SET \"deleted_at\" = $2 WHERE \"parent_type\" = $1 "
                       "AND \"deleted_at\" IS NULL AND \"id\" <> $3"),
                   p, 3);
}

bool logo_drop(Ctx *c)
{
    return drop_others(c, 0);
}

static const char *setting_of(Arena *a, int64_t id)
{
    return id ? arena_printf(a, "%" PRId64, id) : NULL;
}

/* In a write: the setting names this picture, and the former one goes. */
static bool name_it(Ctx *c, void *arg, int64_t id)
{
    const char *value = setting_of(c->a, id);
    json_object *in = rec_input(c);
    (void)arg;
    json_object_object_add(in, LOGO_SETTING, value ? json_object_new_string(value) : NULL);
    return setting_write(c, in) && drop_others(c, id);
}

static bool name_none(Ctx *c, void *arg)
{
    return name_it(c, arg, 0);
}

/* What the child refused, in words about a logo. */
static bool refused(Ctx *c, int before, const char *key)
{
    if (c->err_last && c->err_last->code == ERR_INVALID) {
        ctx_errors_back_to(c, before);
        ctx_fail(c, ERR_UNSUPPORTED_TYPE, "file", key);
    }
    return false;
}

bool logo_check(Ctx *c, const char *path)
{
    int before = c->n_err;
    return picture_is_made(c, path, SIDE) || refused(c, before, "cfg.logo_made");
}

bool logo_set(Ctx *c, const char *path)
{
    char *made = attach_tmp(c, ".jpg");
    int before = c->n_err;
    int64_t id = 0;
    if (!picture_make(c, path, made, SIDE))
        return refused(c, before, "err.logo");
    AttachNew n = {.path = made,
                   .name = "logo.jpg",
                   .parent_type = LOGO_OWNER,
                   .field = "logo",
                   .with = name_it}; /* one write: picture, setting, the former one */
    bool ok = attach_store(c, &n, &id) && conf_set_db(c, LOGO_SETTING, setting_of(c->a, id));
    (void)unlink(made); /* where it was not moved away */
    return ok;
}

bool logo_clear(Ctx *c)
{
    return db_write(c, name_none, NULL) && conf_set_db(c, LOGO_SETTING, NULL);
}
