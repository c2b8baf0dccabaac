/* zhike init: the folder, the tables, the roles, the first account. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "auth/role.h"
#include "auth/user.h"
#include "base/file.h"
#include "record/metric/metric.h"
#include "record/print/print.h"
#include "record/record.h"

static bool empty_or_absent(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d)
        return true;
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
             strcmp(e->d_name, "zhike.conf") != 0;
    closedir(d);
    return n == 0;
}

static bool read_password(App *app, const char *path, const char **out)
{
    char *text;
    size_t n;
    *out = NULL;
    if (!path)
        return true;
    if (!file_read(&app->c, path, 4096, &text, &n))
        return false;
    text[strcspn(text, "\r\n")] = 0;
    *out = text;
    return *text ||
           ctx_fail(&app->c, ERR_INVALID, "admin-password-file", "err.password_file_empty", path);
}

/* The declared rules as rows, so that the page has something to show and to change. */
static bool number_rules(Ctx *c)
{
    const Entity *rule = model_entity(c->model, "number_rule");
    SaveOptions o = {.if_version = -1, .origin = "system", .trusted = true};
    for (int i = 0; rule && i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        if (!e->number)
            continue;
        json_object *in = json_object_new_object();
        json_object_object_add(in, "entity", json_object_new_string(e->name));
        json_object_object_add(in, "pattern", json_object_new_string(e->number));
        json_object_object_add(in, "reset", json_object_new_string(e->number_reset));
        int64_t id;
        bool ok = rec_create(c, rule, in, &o, &id);
        json_object_put(in);
        if (!ok)
            return false;
    }
    return true;
}

int cmd_init(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"),
                    .database = args_take(args, "--database"),
                    .create = true};
    const char *file = args_take(args, "--admin-password-file");
    if (!o.dir || !args_done(args, 0))
        return usage("init --data DIR [--database URL] [--admin-password-file F]");
    if (!empty_or_absent(o.dir)) {
        fprintf(stderr, "zhike: %s is not empty; name a new folder\n", o.dir);
        return 1;
    }
    App app;
    if (!app_open(&app, &o))
        return 1;
    const char *password, *token = NULL;
    bool used = false;
    bool ok = user_any(&app.c, &used);
    if (ok && used)
        ok = ctx_fail(&app.c, ERR_CONFLICT, "database", "err.database_used");
    ok = ok && read_password(&app, file, &password) && role_seed(&app.c) &&
         user_create_admin(&app.c, "admin", password, &token) && number_rules(&app.c) &&
         metric_seed(&app.c) && print_seed(&app.c);
    int status = ok ? 0 : app_fail(&app);
    if (ok && token)
        printf("sign in once as admin with this one-time password, then choose your own:\n%s\n",
               token);
    if (ok)
        printf("created %s\n", o.dir);
    app_close(&app);
    return status;
}
