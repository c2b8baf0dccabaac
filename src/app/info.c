/* Commands that only tell: routes, config, version, audit verify. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "auth/audit.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/msg.h"
#include "http/route.h"

static const char *who_text(const Route *r)
{
    return r->who == WHO_ANYONE ? "anyone" : r->who == WHO_OPERATOR ? "operator" : "user";
}

int cmd_routes(Args *args)
{
    bool json = args_flag(args, "--json");
    if (!args_done(args, 0))
        return usage("routes [--json]");
    Arena *a = arena_new(0);
    Buf b;
    buf_init(&b, a);
    Jw w;
    jw_init(&w, &b);
    jw_arr(&w);
    for (int i = 0; i < n_routes; i++) {
        const Route *r = &routes[i];
        const char *right = r->act_set ? action_name(r->act)
                            : r->right ? right_name(r->right)
                                       : NULL;
        if (!json) {
            printf("%-7s %-46s %-7s %-10s %s%s\n", method_name(r->method), r->path, who_text(r),
                   right ? right : "-", r->about, r->step_up ? " (step-up)" : "");
            continue;
        }
        jw_obj(&w);
        jw_kstr(&w, "method", method_name(r->method));
        jw_kstr(&w, "path", r->path);
        jw_kstr(&w, "who", who_text(r));
        jw_kstr(&w, "right", right);
        jw_kbool(&w, "step_up", r->step_up);
        jw_kint(&w, "max_body", (int64_t)r->max_body);
        jw_kbool(&w, "upload", r->upload);
        jw_kstr(&w, "about", r->about);
        jw_end(&w);
    }
    jw_end(&w);
    if (json)
        printf("%s\n", b.data);
    arena_free(a);
    return routes_check() ? 0 : 1;
}

int cmd_config(Args *args)
{
    const char *dir = args_take(args, "--data");
    if (!args_done(args, 0))
        return usage("config [--data DIR]");
    Arena *a = arena_new(0);
    App app = {.a = a};
    msg_load();
    ctx_init(&app.c, a);
    app.c.lang = "en";
    int status = 0;
    if (!conf_load(&app.c, dir, NULL))
        status = app_fail(&app);
    for (size_t i = 0; status == 0 && i < conf_count(); i++) {
        const ConfDef *d = conf_def(i);
        ConfSource from;
        const char *value = conf_shown(d, &from);
        printf("%-24s %-28s %-8s %s\n", d->name, *value ? value : "-", conf_source_name(from),
               d->help_en);
    }
    arena_free(a);
    return status;
}

int cmd_version(Args *args)
{
    if (!args_done(args, 0))
        return usage("version");
    printf("zhike %s\n", ZK_VERSION);
    return 0;
}

int cmd_audit(Args *args)
{
    if (args->n < 1 || strcmp(args->v[0], "verify") != 0)
        return usage("audit verify --data DIR");
    args->n--;
    args->v++;
    AppOptions o = {.dir = args_take(args, "--data"),
                    .database = args_take(args, "--database"),
                    .keep_schema = true};
    if (!o.dir || !args_done(args, 0))
        return usage("audit verify --data DIR");
    App app;
    if (!app_open(&app, &o))
        return 1;
    char *anchor = arena_printf(app.a, "%s/audit.head", app.dir);
    int64_t rows = 0, broken = 0;
    bool ok = audit_verify(&app.c, file_exists(anchor) ? anchor : NULL, &rows, &broken);
    int status = ok && !broken ? 0 : 1;
    if (!ok)
        app_fail(&app);
    else if (broken)
        fprintf(stderr,
                "zhike: the audit chain is broken at row %" PRId64 " (of %" PRId64 " rows)\n",
                broken, rows);
    else
        printf("audit chain of %" PRId64 " rows is whole\n", rows);
    app_close(&app);
    return status;
}
