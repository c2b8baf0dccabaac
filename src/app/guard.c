/* The server locks itself up. See guard.h. */
#include "app/guard.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/confine.h"
#include "base/log.h"
#include "base/spawn.h"

static bool helped; /* there is who starts readers for us */

static bool wanted(void)
{
    return strcmp(conf_text("serve.confine"), "off") != 0 && confine_can();
}

/* With "on", what is missing stops the start. */
static bool verdict(Ctx *c)
{
    const char *missing = confine_state().missing;
    if (strcmp(conf_text("serve.confine"), "on") != 0)
        return true;
    return ctx_fail(c, ERR_INVALID, "serve.confine", "err.confine", missing ? missing : "?");
}

static void add_read(ConfineFiles *f, const char *path)
{
    if (path && f->n_read < CONFINE_PATHS)
        f->read[f->n_read++] = path;
}

static void add_write(ConfineFiles *f, const char *path)
{
    if (f->n_write < CONFINE_PATHS)
        f->write[f->n_write++] = path;
}

static const char *folder_of(Arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    return !slash ? "." : slash == path ? "/" : arena_dup(a, path, (size_t)(slash - path));
}

/* zhike.conf may be a link to where the system keeps such files; an editor puts a new file in its place. */
static void add_conf(Ctx *c, ConfineFiles *f, const char *dir)
{
    char real[PATH_MAX];
    if (realpath(arena_printf(c->a, "%s/zhike.conf", dir), real))
        add_read(f, folder_of(c->a, arena_str(c->a, real)));
}

bool guard_files(Ctx *c, const char *dir)
{
    ConfineFiles f = {.n_read = 0};
    const char *url = conf_text("db.url"), *log = conf_text("log.file");
    if (!wanted())
        return strcmp(conf_text("serve.confine"), "on") != 0 || verdict(c);
    add_write(&f, dir);
    add_write(&f, arena_printf(c->a, "%s/files", dir)); /* these may be links to another volume */
    add_write(&f, arena_printf(c->a, "%s/tmp", dir));
    if (*log)
        add_write(&f, folder_of(c->a, log));
    add_conf(c, &f, dir);
    if (*url) {
        DbReach reach;
        if (!db_url_reach(c, url, &reach))
            return false;
        for (int i = 0; i < reach.n_files; i++)
            add_read(&f, reach.files[i]);
        for (; f.n_ports < reach.n_ports && f.n_ports < CONFINE_PORTS - 1; f.n_ports++)
            f.ports[f.n_ports] = reach.ports[f.n_ports];
        f.ports[f.n_ports++] = 53; /* long answers of a name server come by TCP */
    }
    f.any_port = conf_int("post.threads") > 0;
    helped = spawn_helper_start();
    return confine_files(&f) || verdict(c);
}

bool guard_calls(Ctx *c)
{
    if (!wanted()) {
        log_write(LOG_WARN, "confined", LOG_S("seccomp", "off"), LOG_S("landlock", "off"),
                  LOG_S("missing", confine_can() ? "serve.confine = off" : "sanitizer"));
        return true;
    }
    /* without a helper no reader could be started any more */
    bool ok = helped && confine_calls(db_is_pg(c->db) || conf_int("post.threads") > 0);
    ConfineState s = confine_state();
    log_write(ok && s.landlock ? LOG_INFO : LOG_WARN, "confined",
              LOG_S("seccomp", s.seccomp ? "on" : "off"), LOG_I("landlock", s.landlock),
              LOG_S("missing", helped ? s.missing : "helper"));
    return ok || verdict(c);
}

void guard_end(void)
{
    if (helped)
        spawn_helper_stop();
    helped = false;
}
