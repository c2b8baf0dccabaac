/* Commands on the data of a folder: check, dump, user import, import. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "auth/audit.h"
#include "auth/user.h"
#include "base/clock.h"
#include "base/file.h"
#include "record/attach.h"
#include "record/check.h"
#include "record/dump.h"
#include "record/import.h"
#include "record/staff_sheet.h"
#include "work/work.h"

int cmd_check(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"),
                    .database = args_take(args, "--database"),
                    .keep_schema = true};
    if (!o.dir || !args_done(args, 0))
        return usage("check --data DIR");
    App app;
    if (!app_open(&app, &o))
        return 1;
    app.c.deadline_ms = 0;
    int64_t findings = 0, rows = 0, broken = 0;
    char *anchor = arena_printf(app.a, "%s/audit.head", app.dir);
    bool ok = check_run(&app.c, stdout, &findings) &&
              audit_verify(&app.c, file_exists(anchor) ? anchor : NULL, &rows, &broken);
    if (ok && broken) {
        printf("audit: the chain is broken at row %" PRId64 "\n", broken);
        findings++;
    }
    if (ok)
        printf(findings ? "%" PRId64 " findings\n" : "no findings\n", findings);
    int status = !ok ? app_fail(&app) : findings ? 1 : 0;
    app_close(&app);
    return status;
}

int cmd_dump(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"),
                    .database = args_take(args, "--database"),
                    .keep_schema = true};
    bool logical = args_flag(args, "--logical"), sorted = args_flag(args, "--sorted");
    if (!o.dir || !logical || !sorted || !args_done(args, 0))
        return usage("dump --data DIR --logical --sorted");
    App app;
    if (!app_open(&app, &o))
        return 1;
    int status = dump_write(&app.c, stdout) ? 0 : app_fail(&app);
    app_close(&app);
    return status;
}

static bool user_file(App *app, const char *path, int *created, int *updated)
{
    Ctx *c = &app->c;
    char *text;
    size_t n;
    json_object *doc;
    if (!file_read(c, path, 64 << 20, &text, &n))
        return false;
    if (n >= 2 && text[0] == 'P' && text[1] == 'K') { /* a workbook with the same columns */
        if (!staff_sheet_read(c, path, &doc))
            return false;
    } else if (!json_read(c, text, n, &doc)) {
        return false;
    }
    return user_import(c, doc, created, updated);
}

int cmd_user(Args *args)
{
    if (args->n < 1 || strcmp(args->v[0], "import") != 0)
        return usage("user import FILE --data DIR");
    args->n--;
    args->v++;
    AppOptions o = {.dir = args_take(args, "--data"), .database = args_take(args, "--database")};
    if (!o.dir || !args_done(args, 1) || args->n != 1)
        return usage("user import FILE --data DIR");
    App app;
    if (!app_open(&app, &o))
        return 1;
    int created = 0, updated = 0;
    int status = user_file(&app, args->v[0], &created, &updated) ? 0 : app_fail(&app);
    if (!status)
        printf("%d created, %d updated\n", created, updated);
    app_close(&app);
    return status;
}

/* ---- import -------------------------------------------------------------------------------- */

static bool copy_in(App *app, const char *from, const char **out)
{
    Ctx *c = &app->c;
    char *text;
    size_t n;
    char *to = attach_tmp(c, ".import");
    if (!file_read(c, from, (size_t)512 << 20, &text, &n) || !file_write(c, to, text, n, 0600))
        return false;
    *out = to;
    return true;
}

/* Runs the job on this process; a server beside us may have taken it first, then we wait for it. */
static bool run_to_end(App *app, int64_t id, const char **state)
{
    Ctx *c = &app->c;
    for (;;) {
        if (!work_run_waiting(c))
            return false;
        Buf b;
        buf_init(&b, c->a);
        json_object *o;
        if (!import_json(c, id, &b) || !json_read(c, b.data, b.len, &o))
            return false;
        *state = json_str(o, "state", "");
        if (strcmp(*state, "checking") != 0 && strcmp(*state, "running") != 0) {
            printf(
                "%s %s\n", *state,
                json_object_to_json_string_ext(json_member(o, "counts"), JSON_C_TO_STRING_PLAIN));
            return true;
        }
        db_release(c);
        clock_sleep_ms(100);
    }
}

static bool write_report(App *app, int64_t id, const char *report)
{
    const char *path;
    char *text;
    size_t n;
    Ctx *c = &app->c;
    return !report ||
           (import_errors_xlsx(c, id, &path) && file_read(c, path, (size_t)1 << 30, &text, &n) &&
            file_write(c, report, text, n, 0600));
}

static bool import_file(App *app, const char *path, const char *entity, bool dry,
                        const char *report, const char **state)
{
    Ctx *c = &app->c;
    const char *copy, *slash = strrchr(path, '/');
    int64_t id, job;
    return copy_in(app, path, &copy) &&
           import_create(c, copy, slash ? slash + 1 : path, entity, &id) &&
           (dry ? import_check(c, id, &job) : import_run(c, id, &job)) &&
           run_to_end(app, id, state) && write_report(app, id, report);
}

int cmd_import(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"), .database = args_take(args, "--database")};
    const char *as = args_take(args, "--as"), *report = args_take(args, "--report"),
               *entity = args_take(args, "--entity");
    bool dry = args_flag(args, "--dry-run");
    if (!o.dir || !args_done(args, 1) || args->n != 1)
        return usage(
            "import --data DIR FILE [--as LOGIN] [--entity E] [--dry-run] [--report F.xlsx]");
    App app;
    if (!app_open(&app, &o))
        return 1;
    bool ok = true;
    if (as) {
        Actor *a;
        ok = actor_of_login(&app.c, as, CH_CLI, &a);
        if (ok)
            app.c.actor = a;
    }
    const char *state = "";
    ok = ok && import_file(&app, args->v[0], entity, dry, report, &state);
    int status = !ok                                                               ? app_fail(&app)
                 : strcmp(state, "failed") == 0 || strcmp(state, "cancelled") == 0 ? 1
                                                                                   : 0;
    app_close(&app);
    return status;
}
