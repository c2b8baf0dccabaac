/* zhike key: the key of the data folder is looked at, exchanged, dropped; beside a running server. See record/secret_key.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/whole.h"
#include "record/secret_key.h"

enum { WAIT_S = 30, WAIT_MOST_S = 3600, LOOK_MS = 100, WRITE_S = 10 };

static const char line[] =
    "key list | rotate [--wait SECONDS] [--lost] | drop ID [--wait SECONDS] [--at-once] --data DIR";

typedef struct Wish {
    int64_t wait_s;
    bool lost, at_once;
    const char *id;
} Wish;

static bool list(Ctx *c, const Wish *w)
{
    KeyRows rows;
    (void)w;
    if (!secret_key_list(c, &rows))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        const KeyRow *k = &rows.items[i];
        char since[25];
        clock_rfc3339(k->at, since);
        printf("%s  %-8s since %s  %-17s  %d sealed, %d codes on paper\n", k->id, k->state, since,
               k->here ? "in secret.key" : "not in secret.key", k->sealed, k->codes);
    }
    return true;
}

/* What a process that stands still has locked it never lets go: each step waits for it as long as for the keys, and no longer. */
static void set_end(Ctx *c, const Wish *w)
{
    c->deadline_ms = clock_mono_ms() + (w->wait_s + WRITE_S) * 1000;
}

/* Until no process that serves is left of those that are counted, or the time is up. */
static bool wait_for_all(Ctx *c, bool (*count)(Ctx *, const char *, int *), const char *words,
                         const Wish *w, const char *id)
{
    int64_t end = clock_mono_ms() + w->wait_s * 1000;
    for (int n;;) {
        set_end(c, w);
        if (!count(c, id, &n))
            return false;
        if (!n)
            return true;
        if (clock_mono_ms() >= end)
            return ctx_fail(c, ERR_CONFLICT, NULL, words, ctx_num(c, n), id);
        db_release(c);
        clock_sleep_ms(LOOK_MS);
    }
}

static bool rotate(Ctx *c, const Wish *w)
{
    const char *id;
    KeyReport done;
    if (!secret_key_begin(c, w->lost, &id) ||
        !wait_for_all(c, secret_key_waiting, "err.key_wait", w, id))
        return false;
    set_end(c, w);
    if (!secret_key_turn(c, id, w->lost, &done))
        return false;
    printf("key %s seals from here on: %d secrets sealed anew", id, done.sealed);
    if (done.forgotten || done.codes)
        printf(", %d emptied, %d codes on paper ended", done.forgotten, done.codes);
    printf("\n");
    return true;
}

static bool drop(Ctx *c, const Wish *w)
{
    KeyReport done;
    if (!secret_key_leave(c, w->id, w->at_once) ||
        !wait_for_all(c, secret_key_sealing, "err.key_seals", w, w->id))
        return false;
    set_end(c, w);
    if (!secret_key_drop(c, w->id, w->at_once, &done))
        return false;
    printf("key %s is dropped: %d secrets sealed anew, %d codes on paper ended\n", w->id,
           done.sealed, done.codes);
    return true;
}

/* The folder before the lock, so that the wrong folder is told as by every command. */
static int carry_out(App *app, const Wish *w, bool (*fn)(Ctx *, const Wish *))
{
    Ctx *c = &app->c;
    int lock = -1;
    set_end(c, w);
    bool ok = (fn == list || secret_lock(c, &lock)) && fn(c, w);
    int status = ok ? 0 : app_fail(app);
    if (lock >= 0)
        close(lock);
    return status;
}

int cmd_key(Args *args)
{
    static const struct {
        const char *name;
        bool (*fn)(Ctx *c, const Wish *w);
        int words;
    } all[] = {{"list", list, 1}, {"rotate", rotate, 1}, {"drop", drop, 2}};
    AppOptions o = {.dir = args_take(args, "--data"), .database = args_take(args, "--database")};
    const char *wait = args_take(args, "--wait");
    Wish w = {.wait_s = WAIT_S,
              .lost = args_flag(args, "--lost"),
              .at_once = args_flag(args, "--at-once")};
    size_t k = 0, n = sizeof all / sizeof *all;
    while (args->n && k < n && strcmp(all[k].name, args->v[0]) != 0)
        k++;
    if (!o.dir || !args->n || k == n || !args_done(args, all[k].words) || args->n != all[k].words ||
        (wait && !whole_number(wait, 0, WAIT_MOST_S, &w.wait_s)))
        return usage(line);
    w.id = args->v[args->n - 1];
    App app;
    if (!app_open(&app, &o))
        return 1;
    int status = carry_out(&app, &w, all[k].fn);
    app_close(&app);
    return status;
}
