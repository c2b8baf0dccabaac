/* Signing in and out, who am I, password, step-up, bearer tokens. See docs/api.md. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/prefs.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/region.h"
#include "domain/upkeep/factor.h"
#include "http/api.h"
#include "http/door.h"
#include "record/logo.h"
#include "http/assets.h"

/* A member that must be text, at most max bytes. The password of a sign-in may be anything but must be text. */
static const char *text_member(Request *rq, json_object *in, const char *name, size_t max)
{
    json_object *o = json_member(in, name);
    if (!o || !json_object_is_type(o, json_type_string)) {
        ctx_fail(&rq->c, ERR_BAD_REQUEST, name, "err.text_wanted", name);
        return NULL;
    }
    if ((size_t)json_object_get_string_len(o) > max || json_object_get_string_len(o) == 0) {
        ctx_fail(&rq->c, ERR_BAD_REQUEST, name, "err.text_length", name,
                 ctx_num(&rq->c, (int64_t)max));
        return NULL;
    }
    return json_object_get_string(o);
}

static bool only_members(Request *rq, json_object *in, const char *known)
{
    json_object_object_foreach(in, key, value)
    {
        (void)value;
        char *needle = arena_printf(rq->c.a, " %s ", key);
        if (strchr(key, ' ') || !strstr(known, needle))
            return ctx_fail(&rq->c, ERR_UNKNOWN_FIELD, key, "err.member_unknown", key);
    }
    return true;
}

static bool secure(Request *rq)
{
    const char *base = conf_text("http.base_url");
    const char *proto = rq->proxied ? request_header(rq, "X-Forwarded-Proto") : NULL;
    return strncmp(base, "https://", 8) == 0 || (proto && strcmp(proto, "https") == 0);
}

static void set_cookie(Request *rq, const char *token)
{
    bool tls = secure(rq);
    const char *age = token ? "" : "; Max-Age=0";
    respond_header(&rq->out, "Set-Cookie",
                   arena_printf(rq->c.a, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s",
                                tls ? "__Host-zhike_session" : "zhike_session", token ? token : "",
                                tls ? "; Secure" : "", age));
}

static void write_user(Ctx *c, Jw *w)
{
    const Actor *a = c->actor;
    const Entity *dep = model_entity(c->model, "department");
    LinkLabels *labels = link_labels_new(c);
    if (dep && a->department)
        link_labels_want(labels, dep, a->department);
    link_labels_fetch(c, labels);
    jw_key(w, "user");
    jw_obj(w);
    jw_kint(w, "id", a->user);
    jw_kstr(w, "login", a->login);
    jw_kstr(w, "name", a->name);
    jw_key(w, "department");
    if (dep && a->department) {
        jw_obj(w);
        jw_kint(w, "id", a->department);
        jw_kstr(w, "label", link_label(labels, dep, a->department));
        jw_end(w);
    } else {
        jw_null(w);
    }
    jw_key(w, "roles");
    jw_arr(w);
    for (int i = 0; a->roles && a->roles[i]; i++)
        jw_str(w, a->roles[i]);
    jw_end(w);
    jw_end(w);
}

static bool answer_opened(Request *rq, const SessionOpened *s)
{
    set_cookie(rq, s->token);
    Actor *a;
    if (!actor_of_user(&rq->c, s->user, CH_WEB, &a))
        return false;
    rq->c.actor = a;
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    write_user(&rq->c, &w);
    jw_kstr(&w, "csrf", s->csrf);
    jw_end(&w);
    return rq->c.n_err == 0;
}

/* The password was right. A code goes out at once; where none can, the page says so and offers the other methods. */
static bool answer_ticket(Request *rq, const char *ticket)
{
    Ctx *c = &rq->c;
    Second s = {.kind = "sign_in", .bound = ticket};
    if (!second_find(c, &s))
        return false;
    const char *why = NULL;
    int mark = c->n_err;
    if (!factor_send(c, &s, door_network(c->a, rq->ip))) {
        if (err_status(c->err_last->code) >= 500)
            return false;
        why = c->err_last->message;
        ctx_errors_back_to(c, mark);
    }
    Buf sending;
    buf_init(&sending, c->a);
    if (!factor_sending(c, &s, &sending))
        return false;
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_key(&w, "second_factor");
    jw_arr(&w);
    for (const char *const *m = factor_methods; *m; m++)
        jw_str(&w, *m);
    jw_end(&w);
    jw_kstr(&w, "ticket", ticket);
    jw_kraw(&w, "code", sending.data);
    jw_kstr(&w, "why", why);
    jw_end(&w);
    c->retry_after_s = 0;
    return true;
}

bool api_session_open(Request *rq)
{
    json_object *in;
    if (!request_json(rq, &in))
        return false;
    const char *login = text_member(rq, in, "login", 200),
               *password = text_member(rq, in, "password", 1024);
    if (!login || !password || !only_members(rq, in, " login password "))
        return false;
    SessionOpened s;
    if (!session_open(&rq->c, login, password, rq->ip, request_agent(rq), &s))
        return false;
    return s.token ? answer_opened(rq, &s) : answer_ticket(rq, s.ticket);
}

bool api_session_verify(Request *rq)
{
    json_object *in;
    if (!request_json(rq, &in))
        return false;
    const char *ticket = text_member(rq, in, "ticket", 200),
               *method = text_member(rq, in, "method", 20),
               *code = text_member(rq, in, "code", 100);
    SessionOpened s;
    return ticket && method && code && only_members(rq, in, " ticket method code ") &&
           session_verify(&rq->c, ticket, method, code, rq->ip, request_agent(rq), &s) &&
           answer_opened(rq, &s);
}

bool api_session_close(Request *rq)
{
    if (rq->c.actor->session && !session_close(&rq->c, rq->c.actor->session))
        return false;
    set_cookie(rq, NULL);
    respond_nothing(rq);
    return true;
}

static void write_company(Jw *w)
{
    jw_key(w, "company");
    jw_obj(w);
    jw_kstr(w, "name", conf_text("company.name"));
    jw_kstr(w, "logo", logo_url(w->b->a));
    jw_kstr(w, "phone", conf_text("company.phone"));
    jw_kstr(w, "address", conf_text("company.address"));
    jw_kstr(w, "date_format", conf_text("format.date"));
    jw_kint(w, "bin_days", conf_int("bin.days"));
    jw_kbool(w, "search_first", conf_bool("customer.search_first"));
    jw_kint(w, "idle_days", conf_int("home.idle_days"));
    jw_end(w);
}

bool api_me(Request *rq)
{
    Ctx *c = &rq->c;
    const Actor *a = c->actor;
    const char *prefs = prefs_read(c);
    bool due, first;
    if (!prefs || !factor_due(c, &due) || !password_first(c, &first))
        return false;
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    write_user(c, &w);
    jw_kraw(&w, "prefs", prefs);
    jw_kstr(&w, "csrf", rq->session ? session_csrf(c->a, rq->session) : NULL);
    jw_kstr(&w, "locale", a->locale && *a->locale ? a->locale : "zh-CN");
    jw_kstr(&w, "zone", c->zone);
    jw_key(&w, "rights");
    jw_arr(&w);
    for (int r = RIGHT_NONE + 1; r < RIGHT__COUNT; r++)
        if (actor_has(a, (Right)r))
            jw_str(&w, right_name((Right)r));
    jw_end(&w);
    jw_kbool(&w, "must_change_password", a->must_change_password);
    jw_kbool(&w, "first_password", first);
    jw_kbool(&w, "factor_due", due);
    jw_kinstant(&w, "step_up_until", actor_stepped_up(c) ? a->step_up_until : 0);
    write_company(&w);
    jw_kstr(&w, "schema_version", c->model->version);
    jw_kstr(&w, "regions", assets_regions_path());
    jw_key(&w, "menus");
    jw_arr(&w);
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        if (!e->menu || !e->routes || (a->menu_hidden && a->menu_hidden[i]) ||
            !access_may(c, e, ACT_READ))
            continue;
        jw_obj(&w);
        jw_kstr(&w, "entity", e->name);
        jw_kstr(&w, "plural", e->plural);
        jw_kstr(&w, "group", e->group);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return c->n_err == 0;
}

bool api_me_password(Request *rq)
{
    json_object *in;
    bool first;
    if (!request_json(rq, &in) || !password_first(&rq->c, &first))
        return false;
    const char *old = first && !json_object_object_get_ex(in, "old", NULL)
                          ? ""
                          : text_member(rq, in, "old", 1024);
    const char *new = text_member(rq, in, "new", 1024);
    if (!old || !new || !only_members(rq, in, " old new ") || !password_change(&rq->c, old, new))
        return false;
    respond_nothing(rq);
    return true;
}

bool api_step_up(Request *rq)
{
    json_object *in;
    if (!request_json(rq, &in))
        return false;
    const char *method = text_member(rq, in, "method", 20),
               *code = text_member(rq, in, "code", 1024);
    if (!method || !code || !only_members(rq, in, " method code "))
        return false;
    if (rq->bearer)
        return ctx_fail(&rq->c, ERR_FORBIDDEN, NULL, "err.step_up_token");
    if (!session_step_up(&rq->c, method, code))
        return false;
    respond_nothing(rq);
    return true;
}

/* ---- bearer tokens ------------------------------------------------------------------------- */

bool api_token_create(Request *rq)
{
    Ctx *c = &rq->c;
    json_object *in;
    if (!request_json(rq, &in) || !only_members(rq, in, " name scopes expires_at "))
        return false;
    if (rq->bearer)
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.token_by_token");
    const char *name = text_member(rq, in, "name", 100);
    if (!name)
        return false;
    json_object *list = json_member(in, "scopes");
    const char **scopes = NULL;
    if (list) {
        if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) > 100)
            return ctx_fail(c, ERR_TYPE, "scopes", "err.list_wanted", "scopes");
        size_t n = json_object_array_length(list);
        scopes = ARENA_ARRAY(c->a, n + 1, const char *);
        for (size_t i = 0; i < n; i++) {
            json_object *o = json_object_array_get_idx(list, i);
            if (!json_object_is_type(o, json_type_string))
                return ctx_fail(c, ERR_TYPE, "scopes", "err.list_wanted", "scopes");
            scopes[i] = json_object_get_string(o);
        }
    }
    int64_t expires = 0;
    const char *until = json_str(in, "expires_at", NULL);
    if (until && !clock_parse_rfc3339(until, &expires))
        return ctx_fail(c, ERR_FORMAT_DATE, "expires_at", "err.format.date");
    int64_t id;
    const char *token;
    if (!token_create(c, name, scopes, expires, &id, &token))
        return false;
    rq->out.status = 201;
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_kint(&w, "id", id);
    jw_kstr(&w, "name", name);
    jw_kstr(&w, "token", token);
    jw_end(&w);
    return true;
}

bool api_token_list(Request *rq)
{
    return token_list(&rq->c, &rq->out.body);
}

bool api_token_delete(Request *rq)
{
    if (!token_delete(&rq->c, rq->id))
        return false;
    respond_nothing(rq);
    return true;
}

bool api_session_list(Request *rq)
{
    int64_t user;
    return request_number(rq, "user", 1, INT64_MAX, 0, &user) &&
           session_list(&rq->c, user, &rq->out.body);
}

bool api_session_end(Request *rq)
{
    if (!session_end(&rq->c, rq->id))
        return false;
    respond_nothing(rq);
    return true;
}
