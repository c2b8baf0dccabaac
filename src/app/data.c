/* Commands on the data of a folder: check, dump, import, user import. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "auth/audit.h"
#include "auth/second.h"
#include "auth/user.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/report/report.h"
#include "record/attach.h"
#include "record/check.h"
#include "record/dump.h"
#include "record/import/import.h"
#include "record/recount.h"
#include "work/work.h"

int cmd_check(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"),
                    .database = args_take(args, "--database"),
                    .keep_schema = true};
    bool recount = args_flag(args, "--recount");
    if (!o.dir || !args_done(args, 0))
        return usage("check --data DIR [--recount]");
    App app;
    if (!app_open(&app, &o))
        return 1;
    app.c.deadline_ms = 0;
    int64_t findings = 0, rows = 0, broken = 0, mended = 0;
    char *anchor = arena_printf(app.a, "%s/audit.head", app.dir);
    if (recount && !recount_mend(&app.c, &mended)) {
        int failed = app_fail(&app);
        app_close(&app);
        return failed;
    }
    if (recount)
        printf("%" PRId64 " counts mended\n", mended);
    bool ok = check_run(&app.c, stdout, &findings) &&
              audit_verify(&app.c, file_exists(anchor) ? anchor : NULL, &rows, &broken);
    if (ok && broken) {
        printf("audit: the chain is broken at row %" PRId64 "\n", broken);
        findings++;
    }
    int before = app.c.n_err;
    if (ok && !report_fonts(&app.c)) /* a word to the administrator, no finding in the data */
        printf("note: %s\n", app.c.err_last->message);
    ctx_errors_back_to(&app.c, before);
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

/* ---- import -------------------------------------------------------------------------------- */

/* What the command line says about every sheet; NULL: as the importer has it. */
typedef struct Wish {
    const char *entity; /* of the first sheet */
    const char *mode, *match, *blank;
    const char *only; /* blanks at both ends: the entities that may come */
    bool dry;
    const char *report;
} Wish;

/* Why a call of the library failed; some of them do not say. */
static int why(void)
{
    return errno ? errno : EIO;
}

/* Piece by piece: the file may be as large as an upload. */
static bool copy_in(App *app, const char *from, const char **out)
{
    Ctx *c = &app->c;
    char piece[1 << 16];
    const char *to = attach_tmp(c, ".import");
    int64_t most = conf_size("http.import_max"), total = 0;
    FILE *in = fopen(from, "rbe"), *copy = in ? fopen(to, "wbe") : NULL;
    int err = in && copy ? 0 : why();
    for (size_t n; !err && (n = fread(piece, 1, sizeof piece, in)) > 0;) {
        total += (int64_t)n;
        if (total > most || fwrite(piece, 1, n, copy) != n)
            err = total > most ? EFBIG : why();
    }
    if (!err && ferror(in))
        err = why();
    if (copy && fclose(copy) != 0 && !err)
        err = why();
    if (in)
        (void)fclose(in);
    *out = to;
    if (err)
        (void)remove(to);
    return !err || file_fail(c, from, err);
}

static bool read_import(Ctx *c, int64_t id, json_object **out)
{
    Buf b;
    buf_init(&b, c->a);
    return import_json(c, id, &b) && json_read(c, b.data, b.len, out);
}

static json_object *words(const char *list)
{
    json_object *out = json_object_new_array();
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        if (n)
            json_object_array_add(out, json_object_new_string_len(p, (int)n));
        p += n + (p[n] == ',');
    }
    return out;
}

static void put_object(void *o)
{
    (void)json_object_put(o);
}

/* Mode, keys and blanks for every sheet that has an entity; sheets that may not come are left out. */
static bool set_plan(Ctx *c, int64_t id, const Wish *w)
{
    json_object *now, *in = json_object_new_object(), *sheets = json_object_new_array();
    arena_defer(c->a, put_object, in);
    json_object_object_add(in, "sheets", sheets);
    if (!read_import(c, id, &now))
        return false;
    json_object *list = json_member(now, "sheets");
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        json_object *s = json_object_array_get_idx(list, i), *plan;
        const char *entity = json_str(s, "entity", NULL);
        if (!entity || (w->only && !strstr(w->only, arena_printf(c->a, " %s ", entity))))
            continue;
        plan = json_object_new_object();
        json_object_object_add(plan, "index", json_object_new_int64(json_int(s, "index", 0)));
        json_object_object_add(plan, "entity", json_object_new_string(entity));
        if (w->mode)
            json_object_object_add(plan, "mode", json_object_new_string(w->mode));
        if (w->blank)
            json_object_object_add(plan, "on_blank", json_object_new_string(w->blank));
        if (w->match)
            json_object_object_add(plan, "match", words(w->match));
        json_object_array_add(sheets, plan);
    }
    return import_update(c, id, in);
}

/* Runs the job on this process; a server beside us may have taken it first, then we wait for it. */
static bool run_to_end(App *app, int64_t id, json_object **out)
{
    Ctx *c = &app->c;
    for (;;) {
        if (!work_run_waiting(c) || !read_import(c, id, out))
            return false;
        const char *state = json_str(*out, "state", "");
        if (strcmp(state, "checking") != 0 && strcmp(state, "running") != 0)
            return true;
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

static bool start_import(App *app, const char *path, const Wish *w, int64_t *out_id)
{
    const char *copy, *slash = strrchr(path, '/');
    bool any = w->mode || w->match || w->blank || w->only;
    return copy_in(app, path, &copy) &&
           import_create(&app->c, copy, slash ? slash + 1 : path, w->entity, out_id) &&
           (!any || set_plan(&app->c, *out_id, w));
}

static bool carry_out(App *app, int64_t id, bool dry, json_object **out)
{
    int64_t job;
    return (dry ? import_check(&app->c, id, &job) : import_run(&app->c, id, &job)) &&
           run_to_end(app, id, out);
}

int cmd_import(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"), .database = args_take(args, "--database")};
    const char *as = args_take(args, "--as");
    Wish w = {.entity = args_take(args, "--entity"),
              .mode = args_take(args, "--mode"),
              .match = args_take(args, "--match"),
              .blank = args_take(args, "--on-blank"),
              .report = args_take(args, "--report"),
              .dry = args_flag(args, "--dry-run")};
    if (!o.dir || !args_done(args, 1) || args->n != 1)
        return usage("import --data DIR FILE [--as LOGIN] [--entity E] [--mode M] [--match F,F] "
                     "[--on-blank keep|clear] [--dry-run] [--report F.xlsx]");
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
    int64_t id;
    json_object *end = NULL;
    ok = ok && start_import(&app, args->v[0], &w, &id) && carry_out(&app, id, w.dry, &end);
    const char *state = ok ? json_str(end, "state", "") : "";
    if (ok)
        printf("%s %s\n", state,
               json_object_to_json_string_ext(json_member(end, "counts"), JSON_C_TO_STRING_PLAIN));
    ok = ok && write_report(&app, id, w.report);
    int status = !ok                                                               ? app_fail(&app)
                 : strcmp(state, "failed") == 0 || strcmp(state, "cancelled") == 0 ? 1
                                                                                   : 0;
    app_close(&app);
    return status;
}

/* ---- people -------------------------------------------------------------------------------- */

/* The mistakes of a check, each with its place. */
static bool print_mistakes(Ctx *c, int64_t id)
{
    Buf b;
    json_object *o;
    buf_init(&b, c->a);
    if (!import_errors(c, id, NULL, NULL, 200, &b) || !json_read(c, b.data, b.len, &o))
        return false;
    json_object *list = json_member(o, "data");
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        json_object *e = json_object_array_get_idx(list, i);
        fprintf(stderr, "%s %lld %s: %s\n", json_str(e, "sheet", ""),
                (long long)json_int(e, "row", 0), json_str(e, "header", ""),
                json_str(e, "message", ""));
    }
    return true;
}

/* A workbook goes through the one importer, and like the JSON form all or nothing: a check, then the run. */
static bool user_workbook(App *app, const char *path, int *created, int *updated)
{
    Ctx *c = &app->c;
    Wish w = {.mode = "upsert", .only = " department user "};
    int64_t id;
    json_object *end;
    if (!start_import(app, path, &w, &id) || !carry_out(app, id, true, &end))
        return false;
    json_object *counts = json_member(end, "counts");
    if (strcmp(json_str(end, "state", ""), "checked") != 0 || json_int(counts, "failed", 0) ||
        json_int(counts, "duplicate", 0)) {
        return print_mistakes(c, id) && ctx_fail(c, ERR_INVALID, "file", "err.staff.refused",
                                                 ctx_num(c, json_int(counts, "failed", 0) +
                                                                json_int(counts, "duplicate", 0)));
    }
    if (!carry_out(app, id, false, &end))
        return false;
    counts = json_member(end, "counts");
    *created = (int)json_int(counts, "created", 0);
    *updated = (int)json_int(counts, "updated", 0);
    return (strcmp(json_str(end, "state", ""), "done") == 0 && !json_int(counts, "failed", 0)) ||
           (print_mistakes(c, id) && ctx_fail(c, ERR_INVALID, "file", "err.staff.refused",
                                              ctx_num(c, json_int(counts, "failed", 0))));
}

static bool user_file(App *app, const char *path, int *created, int *updated)
{
    Ctx *c = &app->c;
    char *text;
    size_t n;
    json_object *doc;
    if (!file_read(c, path, 64 << 20, &text, &n))
        return false;
    if (n >= 2 && text[0] == 'P' && text[1] == 'K')
        return user_workbook(app, path, created, updated);
    return json_read(c, text, n, &doc) && user_import(c, doc, created, updated);
}

int cmd_user(Args *args)
{
    static const char line[] = "user import FILE | factor-off LOGIN --data DIR";
    bool off = args->n > 0 && strcmp(args->v[0], "factor-off") == 0;
    if (!off && (args->n < 1 || strcmp(args->v[0], "import") != 0))
        return usage(line);
    args->n--;
    args->v++;
    AppOptions o = {.dir = args_take(args, "--data"), .database = args_take(args, "--database")};
    if (!o.dir || !args_done(args, 1) || args->n != 1)
        return usage(line);
    App app;
    if (!app_open(&app, &o))
        return 1;
    int created = 0, updated = 0;
    if (off) {
        /* where no SMS arrives, no code on paper is left, and nobody else can help */
        int answer = factor_off_login(&app.c, args->v[0]) ? 0 : app_fail(&app);
        app_close(&app);
        return answer;
    }
    int status = user_file(&app, args->v[0], &created, &updated) ? 0 : app_fail(&app);
    if (!status)
        printf("%d created, %d updated\n", created, updated);
    app_close(&app);
    return status;
}
