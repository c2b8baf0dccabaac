/* zhike serve: the server with its workers, until SIGTERM or SIGINT. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "base/conf.h"
#include "http/assets.h"
#include "http/serve.h"
#include "work/work.h"

enum { DRAIN_MS = 8000 };

static bool off_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) != 0 && strncmp(listen, "localhost", 9) != 0 && strncmp(listen, "[::1]", 5) != 0;
}

int cmd_serve(Args *args)
{
    AppOptions o = {.dir = args_take(args, "--data"), .database = args_take(args, "--database"),
                    .listen = args_take(args, "--listen")};
    if (!o.dir || !args_done(args, 0))
        return usage("serve --data DIR [--database URL] [--listen 127.0.0.1:8080]");
    /* every thread inherits the mask; only sigwait below takes these */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    App app;
    if (!app_open(&app, &o))
        return 1;
    assets_init();
    const char *listen = conf_text("http.listen");
    Work *work;
    Server *server;
    WorkOptions wo = {.db = app.db, .dir = app.dir, .threads = (int)conf_int("work.threads")};
    ServeOptions so = {.db = app.db, .dir = app.dir, .listen = listen, .workers = (int)conf_int("http.workers")};
    if (!work_start(&app.c, &wo, &work)) {
        int status = app_fail(&app);
        app_close(&app);
        return status;
    }
    if (!serve_start(&app.c, &so, &server)) {
        int status = app_fail(&app);
        work_stop(work);
        app_close(&app);
        return status;
    }
    db_release(&app.c);
    if (off_loopback(listen) && strncmp(conf_text("http.base_url"), "https://", 8) != 0)
        fprintf(stderr, "zhike: warning: plain http is open to the network on %s; put a TLS proxy in front and set http.base_url\n", listen);
    const char *colon = strrchr(listen, ':');
    printf("listening on http://%.*s:%d\n", (int)(colon - listen), listen, serve_port(server));
    fflush(stdout);
    int got;
    sigwait(&ends, &got);
    serve_stop(server, DRAIN_MS);
    work_stop(work);
    app_close(&app);
    return 0;
}
