/* Settings of scope db. See setting.h. */
#include "record/setting.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/id.h"
#include "base/map.h"
#include "base/msg.h"
#include "record/logo.h"

static bool load(Ctx *c)
{
    Map seen;
    map_init(&seen, c->a);
    DbRows *r = db_query(
        c, SQL("SELECT \"name\", \"value\" FROM \"setting\" ORDER BY \"name\" ASC"), NULL, 0);
    if (!r)
        return false;
    while (db_step(r)) {
        const char *name = arena_str(c->a, db_text(r, 0)), *value = arena_str(c->a, db_text(r, 1));
        int before = c->n_err;
        map_put(&seen, name, &seen);
        if (!conf_find(name) || !conf_set_db(c, name, value))
            ctx_errors_back_to(c, before); /* of a newer program: kept in its row, not used */
    }
    db_done(r);
    if (c->n_err)
        return false;
    for (size_t i = 0; i < conf_count(); i++) /* what has no row any more is the default again */
        if (conf_def(i)->scope == CONF_DB && !map_has(&seen, conf_def(i)->name))
            conf_set_db(c, conf_def(i)->name, NULL);
    return c->n_err == 0;
}

/* One at a time, so that what the follower of "setting" read first is not laid over what a change read later. */
bool setting_load(Ctx *c)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&one_at_a_time);
    bool ok = load(c);
    pthread_mutex_unlock(&one_at_a_time);
    return ok;
}

/* The words of a range with words ("auto light dark"), as options. */
static void write_range(Jw *w, const ConfDef *d)
{
    const char *dots = strstr(d->range, "..");
    if (dots) {
        jw_kstr(w, "range", d->range);
        return;
    }
    if (!*d->range)
        return;
    jw_key(w, "options");
    jw_arr(w);
    for (const char *p = d->range; *p;) {
        size_t n = strcspn(p, " ");
        jw_strn(w, p, n);
        p += n + (p[n] == ' ');
    }
    jw_end(w);
}

bool setting_list(Ctx *c, Buf *out)
{
    Jw w;
    jw_list(&w, out);
    for (size_t i = 0; i < conf_count(); i++) {
        const ConfDef *d = conf_def(i);
        ConfSource from;
        const char *value = conf_shown(d, &from);
        jw_obj(&w);
        jw_kstr(&w, "name", d->name);
        jw_kstr(&w, "type", conf_type_name(d->type));
        jw_kstr(&w, "value", value);
        jw_kstr(&w, "default", d->dflt);
        jw_kstr(&w, "scope", d->scope == CONF_DB ? "db" : "start");
        jw_kstr(&w, "source", conf_source_name(from));
        write_range(&w, d);
        jw_key(&w, "label");
        jw_obj(&w);
        jw_kstr(&w, "zh", d->help_zh);
        jw_kstr(&w, "en", d->help_en);
        jw_end(&w);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    (void)c;
    return true;
}

static bool write_rows(Ctx *c, void *arg)
{
    json_object *in = arg;
    Buf names;
    buf_init(&names, c->a);
    json_object_object_foreach(in, name, value)
    {
        DbVal p[] = {db_of_int(id_new()), db_of_text(name),
                     db_of_text(json_object_get_string(value)), db_of_int(c->now_ms),
                     c->actor->user ? db_of_int(c->actor->user) : db_null()};
        bool ok = value ? db_exec(c,
                                  SQL("INSERT INTO \"setting\" (\"id\", \"name\", \"value\", "
                                      "\"updated_at\", \"updated_by_id\") "
                                      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (\"name\") DO "
                                      "UPDATE SET \"value\" = excluded.\"value\", "
                                      "\"updated_at\" = excluded.\"updated_at\", \"updated_by_id\" "
                                      "= excluded.\"updated_by_id\""),
                                  p, 5)
                        : db_exec(c, SQL("DELETE FROM \"setting\" WHERE \"name\" = $1"), p + 1, 1);
        if (!ok)
            return false;
        buf_puts(&names, names.len ? "\",\"" : "\"");
        buf_puts(&names, name);
    }
    return audit_add(c,
                     &(AuditEntry){.action = "setting",
                                   .entity = "setting",
                                   .changes = arena_printf(c->a, "{\"fields\":[%s%s]}", names.data,
                                                           names.len ? "\"" : "")}) &&
           db_change(c, "setting", 0);
}

bool setting_write(Ctx *c, json_object *in)
{
    return write_rows(c, in);
}

bool setting_check(Ctx *c, json_object *in)
{
    int before = c->n_err;
    json_object_object_foreach(in, name, value)
    {
        const ConfDef *d = conf_find(name);
        if (!d)
            ctx_fail(c, ERR_UNKNOWN_FIELD, name, "err.setting_unknown", name);
        else if (d->scope != CONF_DB)
            ctx_fail(c, ERR_READONLY, name, "err.setting_start", name);
        else if (value && !json_object_is_type(value, json_type_string))
            ctx_fail(c, ERR_TYPE, name, "err.text_wanted", name);
        else if (value && conf_check(c, name, json_object_get_string(value)) &&
                 strcmp(name, "company.zone") == 0 &&
                 !clock_zone_known(json_object_get_string(value)))
            ctx_fail(c, ERR_INVALID, name, "err.zone_unknown", json_object_get_string(value));
        else if (value && strcmp(name, "company.logo") == 0 &&
                 !logo_known(c, json_object_get_string(value)))
            ctx_fail(c, ERR_INVALID, name, "err.logo_upload");
    }
    return c->n_err == before;
}

bool setting_update(Ctx *c, json_object *in)
{
    if (!setting_check(c, in) || !db_write(c, write_rows, in))
        return false;
    json_object_object_foreach(in, key, v)
    {
        conf_set_db(c, key, v ? json_object_get_string(v) : NULL);
    }
    return c->n_err == 0;
}
