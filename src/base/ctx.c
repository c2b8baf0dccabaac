/* Context and its list of mistakes. See ctx.h. */
#include "base/ctx.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"

enum { BRIEF_WALL_MS = 20 };

void ctx_init(Ctx *c, Arena *a)
{
    *c = (Ctx){.a = a, .now_ms = clock_now_ms(), .lang = "zh", .zone = "Asia/Shanghai"};
}

static ErrItem *append(Ctx *c, ErrCode code)
{
    ErrItem *e = ARENA_NEW(c->a, ErrItem);
    e->code = code;
    if (c->err_last)
        c->err_last->next = e;
    else
        c->err = e;
    c->err_last = e;
    c->n_err++;
    return e;
}

bool ctx_fail_args(Ctx *c, ErrCode code, const char *field, const char *const *key_and_args)
{
    ErrItem *e = append(c, code);
    e->field = arena_str(c->a, field);
    e->message = msg_format(c->a, c->lang, key_and_args[0], key_and_args + 1);
    return false;
}

bool ctx_fail_detail(Ctx *c, ErrCode code, const char *detail, const char *key)
{
    ErrItem *e = append(c, code);
    e->message = msg_format(c->a, c->lang, key, NULL);
    e->detail = arena_str(c->a, detail);
    return false;
}

void ctx_brief_begin(Ctx *c, int64_t budget_ms)
{
    int64_t until = clock_mono_ms() + budget_ms;
    if (!c->deadline_ms || until < c->deadline_ms)
        c->deadline_ms = until;
    c->brief_cpu_us = clock_thread_us() + budget_ms * 1000;
    c->brief = true;
}

bool ctx_brief_over(const Ctx *c)
{
    int64_t now = clock_mono_ms();
    return now > c->deadline_ms &&
           (now > c->deadline_ms + BRIEF_WALL_MS || clock_thread_us() > c->brief_cpu_us);
}

bool ctx_ran_over(Ctx *c, bool too_long)
{
    c->ran_over = true;
    c->ran_long |= too_long;
    return ctx_fail(c, ERR_BUSY, NULL, "err.busy");
}

static bool is_fault(ErrCode code)
{
    return code == ERR_BUSY || code == ERR_DISK_FULL || code == ERR_COMMIT_UNKNOWN;
}

void ctx_errors_back_to(Ctx *c, int n)
{
    int i = 0;
    for (const ErrItem *e = c->err; e && !c->brief; e = e->next, i++)
        c->faulted = c->faulted || (i >= n && is_fault(e->code));
    ctx_errors_forget(c, n);
}

void ctx_errors_forget(Ctx *c, int n)
{
    if (n >= c->n_err)
        return;
    ErrItem **at = &c->err;
    ErrItem *last = NULL;
    for (int i = 0; i < n && *at; i++) {
        last = *at;
        at = &(*at)->next;
    }
    *at = NULL;
    c->err_last = last;
    c->n_err = n;
}

const char *ctx_num(Ctx *c, int64_t n)
{
    return arena_printf(c->a, "%" PRId64, n);
}
