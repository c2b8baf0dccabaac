/* zhike serve: the server with its workers, until SIGTERM or SIGINT. SIGHUP reads zhike.conf and opens the log file anew. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/guard.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/report/report.h"
#include "http/assets.h"
#include "http/live.h"
#include "http/serve.h"
#include "record/metric/metric.h"
#include "record/print/print.h"
#include "work/work.h"

enum {
    CLOSING_MS = 2000, /* of stop.timeout: for what is behind the last request */
    LAST_MS = 300,     /* the process is gone this long before its time is up */
    TELL_MS = 150,     /* of these: for the line in the log that says so */
};

static bool off_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) != 0 && strncmp(listen, "localhost", 9) != 0 &&
           strncmp(listen, "[::1]", 5) != 0;
}

/* Settings of scope live hold from here on; a file with a mistake changes nothing and is told in the log. */
static void reload(const AppOptions *o)
{
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    c.lang = "en";
    ConfFlag flags[3] = {{0}};
    int n = 0;
    if (o->database)
        flags[n++] = (ConfFlag){"db.url", o->database};
    if (o->listen)
        flags[n++] = (ConfFlag){"http.listen", o->listen};
    log_reopen();
    bool ok = conf_load(&c, o->dir, flags);
    if (ok)
        log_set_level(conf_text("log.level"));
    log_write(ok ? LOG_INFO : LOG_ERROR, "settings_read",
              LOG_S("mistake", c.err ? c.err->message : NULL));
    arena_free(a);
}

static int ended(App *app, int status)
{
    app_close(app);
    guard_end();
    return status;
}

/*
 * Nothing may hold the end: a disk that hangs, a library that waits. What was acknowledged is on disk in any case, and
 * what was not goes as by a kill -9, which the next start is used to. Nor may the line in the log that says so: whoever is
 * stuck may hold its lock, or that of the heap, and the log may be what hangs. So another thread ends the process,
 * TELL_MS later, and takes no lock.
 */
static void *tell_end(void *arg)
{
    clock_sleep_ms(*(int64_t *)arg);
    log_write(LOG_ERROR, "stop_forced", LOG_I("ms", *(int64_t *)arg));
    _exit(1);
}

static void *force_end(void *arg)
{
    clock_sleep_ms(*(int64_t *)arg + TELL_MS);
    _exit(1);
}

/* From SIGTERM to the end in stop.timeout: requests under way are answered, jobs reach their next saved point. */
static int stop_all(App *app, Server *server, Work *work)
{
    static int64_t most;
    most = conf_duration_ms("stop.timeout") - LAST_MS;
    void *(*const ends[])(void *) = {force_end, tell_end};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        pthread_t t;
        if (pthread_create(&t, NULL, ends[i], &most) == 0)
            pthread_detach(t);
    }
    int64_t drain = most + LAST_MS - CLOSING_MS;
    db_end_by(app->db, clock_mono_ms() + drain);
    work_stop_soon();
    serve_stop(server, drain);
    work_stop(work);
    return ended(app, 0);
}

/* Once it is locked up: as it will be when somebody prints. */
static void tell_fonts(App *app)
{
    int before = app->c.n_err;
    if (!report_fonts(&app->c))
        log_write(LOG_WARN, "no_chinese_font", LOG_S("install", "fonts-noto-cjk"));
    ctx_errors_back_to(&app->c, before);
}

int cmd_serve(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"),
                    .database = args_take(args, "--database"),
                    .listen = args_take(args, "--listen"),
                    .guarded = true};
    if (!o.dir || !args_done(args, 0))
        return usage("serve --data DIR [--database URL] [--listen 127.0.0.1:8080]");
    /* every thread inherits the mask; only sigwait below takes these */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    memory_begin();
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    App app;
    if (!app_open(&app, &o))
        return 1;
    assets_init();
    const char *listen = conf_text("http.listen");
    Work *work;
    Server *server;
    WorkOptions wo = {
        .db = app.db, .dir = app.dir, .threads = (int)conf_int("work.threads"), .heard = live_hear};
    ServeOptions so = {
        .db = app.db, .dir = app.dir, .listen = listen, .workers = (int)conf_int("http.workers")};
    if (!metric_seed(&app.c) || !print_seed(&app.c) || !work_start(&app.c, &wo, &work))
        return ended(&app, app_fail(&app));
    if (!serve_start(&app.c, &so, &server)) {
        int status = app_fail(&app);
        work_stop(work);
        return ended(&app, status);
    }
    if (!guard_calls(&app.c)) {
        int status = app_fail(&app);
        serve_stop(server, 0);
        work_stop(work);
        return ended(&app, status);
    }
    db_release(&app.c);
    if (off_loopback(listen) && strncmp(conf_text("http.base_url"), "https://", 8) != 0)
        fprintf(stderr,
                "zhike: warning: plain http is open to the network on %s; put a TLS proxy in front "
                "and set http.base_url\n",
                listen);
    const char *colon = strrchr(listen, ':');
    printf("listening on http://%.*s:%d\n", (int)(colon - listen), listen, serve_port(server));
    fflush(stdout);
    tell_fonts(&app);
    int got;
    while (sigwait(&ends, &got) == 0 && got == SIGHUP)
        reload(&o);
    return stop_all(&app, server, work);
}
