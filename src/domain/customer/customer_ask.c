/* Asking the owner of a foreign customer. See customer_ask.h. */
#include "domain/customer/customer_ask.h"

#include <string.h>

#include "auth/session.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "entity_ids.h"

enum { ASK_AT_MOST = 5, MESSAGE_MAX = 500 };
#define DAY_MS (24LL * 60 * 60 * 1000)

typedef struct Ask {
    const Entity *task;
    const Duplicate *d;
    const char *title, *description;
    bool fresh;
} Ask;

/* In one write: once a day for a customer and a person, then the task. */
static bool ask_in_write(Ctx *c, void *arg)
{
    Ask *a = arg;
    int before = c->n_err;
    int64_t id;
    const char *key =
        arena_printf(c->a, "ask:%s:%s", ctx_num(c, c->actor->user), ctx_num(c, a->d->id));
    if (!rate_take(c, key, 1, DAY_MS, 1)) {
        if (c->err_last->code != ERR_LIMIT)
            return false;
        ctx_errors_back_to(c, before);
        c->retry_after_s = 0;
        return true; /* asked already: the task is there */
    }
    json_object *in = rec_input(c);
    json_object_object_add(in, "title", json_object_new_string(a->title));
    json_object_object_add(in, "description", json_object_new_string(a->description));
    json_object_object_add(in, "kind", json_object_new_string("other"));
    json_object_object_add(in, "customer", json_object_new_int64(a->d->id));
    json_object_object_add(in, "owner", json_object_new_int64(a->d->owner_id));
    SaveOptions o = rec_own(NULL);
    a->fresh = true;
    return rec_create(c, a->task, in, &o, &id);
}

static const char *typed(Ctx *c, json_object *in)
{
    json_object *person = json_member(in, "primary_contact");
    const char *name = json_str(in, "name", ""), *phone = json_str(in, "phone", "");
    if (!*phone && person && json_object_is_type(person, json_type_object))
        phone = json_str(person, "mobile", "");
    const char *text = arena_printf(c->a, "%s%s%s", name, *name && *phone ? " " : "", phone);
    return arena_dup(c->a, text, utf8_clip(text, 100));
}

bool customer_ask_owner(Ctx *c, const Entity *e, json_object *in, Buf *out)
{
    const Entity *task = model_entity(c->model, "task");
    const char *message = arena_str(c->a, json_str(in, "message", ""));
    Duplicate *d;
    int n, asked = 0;
    if (utf8_count(message) > MESSAGE_MAX)
        return ctx_fail(c, ERR_TOO_LONG, "message", "err.too_long", ctx_num(c, MESSAGE_MAX),
                        ctx_num(c, (int64_t)utf8_count(message)));
    json_object_object_del(in, "message");
    const char *what = typed(c, in);
    if (!task || !rec_duplicates_input(c, e, in, &d, &n))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "asked");
    jw_arr(&w);
    const char *title =
        msg_format(c->a, c->lang, "ask.title", (const char *const[]){c->actor->name, what, NULL});
    for (int i = 0; i < n && asked < ASK_AT_MOST; i++) {
        if (d[i].visible || !d[i].owner_id)
            continue;
        if (!rec_count_foreign(c, e, d[i].id))
            return false;
        Ask a = {.task = task,
                 .d = &d[i],
                 .title = arena_dup(c->a, title, utf8_clip(title, 255)),
                 .description = *message ? message : title};
        if (!db_write(c, ask_in_write, &a))
            return false;
        jw_obj(&w);
        jw_kstr(&w, "owner", d[i].owner);
        jw_kbool(&w, "again", !a.fresh);
        jw_end(&w);
        asked++;
    }
    jw_end(&w);
    jw_end(&w);
    return asked > 0 || ctx_fail(c, ERR_NOT_FOUND, NULL, "err.ask_nobody");
}
