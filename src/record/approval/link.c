/*
 * The link in the mail that asks for approval: opens one request for one person without a session, to agree or refuse.
 *
 * Nothing of it is stored. It names a task, the version of the request and the instant it ends, and is signed with a key of
 * the data folder over these and over the person, his address and the time of his password; so it is good for this person,
 * this task and this state of the request only, ends when one of them changes, and is made as the mail leaves. The answer
 * ends the task, and with it the link. Whoever opens it sees what the person would see, no more.
 */
#include "record/approval/link.h"

#include <inttypes.h>
#include <string.h>

#include "auth/audit.h"
#include "base/conf.h"
#include "base/json_write.h"
#include "base/secret.h"
#include "base/whole.h"
#include "db/sql.h"
#include "entity_ids.h"
#include "record/approval/impl.h"

enum { SIGN_CHARS = 43, PART_MOST = 20, TOKEN_MOST = 3 * (PART_MOST + 1) + SIGN_CHARS };

typedef struct Claim {
    int64_t task, version, expires; /* expires: ms UTC */
} Claim;

/* Whose task it is, as the database has it now. */
typedef struct Holder {
    int64_t user, request, version;
    const char *name, *email, *state;
    int64_t password_at;
    bool able;   /* active, and no new password is due */
    bool locked; /* too many wrong passwords */
    bool factor; /* has a second factor: looks by the link, answers signed in */
} Holder;

static bool find_holder(Ctx *c, int64_t task, Holder *out, bool *found)
{
    DbVal p[] = {db_of_int(task), db_of_int(c->now_ms)};
    int mark = c->n_err;
    DbRows *r = db_query(
        c,
        SQL("SELECT u.\"id\", q.\"id\", q.\"version\", u.\"name\", u.\"email\", t.\"state\", "
            "coalesce(u.\"password_changed_at\", 0), CASE WHEN u.\"status\" = 'active' AND "
            "u.\"deleted_at\" IS NULL AND coalesce(u.\"must_change_password\", 0) = 0 THEN 1 ELSE "
            "0 END, CASE WHEN u.\"locked_until\" > $2 THEN 1 ELSE 0 END, CASE WHEN "
            "u.\"factor_mobile\" IS NOT NULL THEN 1 ELSE 0 END FROM \"approval_task\" t JOIN "
            "\"change_request\" q ON q.\"id\" = "
            "t.\"request_id\" JOIN \"user\" u ON u.\"id\" = t.\"owner_id\" WHERE t.\"id\" = $1 AND "
            "t.\"kind\" = 'agree' AND t.\"deleted_at\" IS NULL AND q.\"deleted_at\" IS NULL"),
        p, 2);
    if (!r)
        return false;
    *found = db_step(r);
    if (*found)
        *out = (Holder){.user = db_int(r, 0),
                        .request = db_int(r, 1),
                        .version = db_int(r, 2),
                        .name = db_text_copy(c->a, r, 3),
                        .email = db_text_copy(c->a, r, 4),
                        .state = db_text_copy(c->a, r, 5),
                        .password_at = db_int(r, 6),
                        .able = db_int(r, 7) == 1,
                        .locked = db_int(r, 8) == 1,
                        .factor = db_int(r, 9) == 1};
    db_done(r);
    return c->n_err == mark;
}

static const char label[] = "approval.link";

static const char *signed_text(Ctx *c, const Claim *k, const Holder *h)
{
    return arena_printf(
        c->a, "%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%s", k->task,
        k->version, k->expires, h->request, h->user, h->password_at, h->email);
}

bool approval_link_make(Ctx *c, int64_t user, int64_t request, const char **out)
{
    int64_t task;
    Holder h;
    bool found = false;
    const char *base = conf_text("http.base_url");
    size_t n = strlen(base);
    *out = NULL;
    if (!n)
        return true;
    if (!approval_task_of(c, request, "agree", user, &task))
        return false;
    if (!task)
        return true;
    if (!find_holder(c, task, &h, &found))
        return false;
    if (!found || !h.able)
        return true;
    Claim k = {task, h.version, c->now_ms + conf_duration_ms("approval.link_life")};
    while (n && base[n - 1] == '/')
        n--;
    /* behind the # it stays in the browser: no log of a proxy has it, and who fetches the page ahead fetches no answer */
    *out = arena_printf(c->a, "%.*s/approve#%" PRId64 ".%" PRId64 ".%" PRId64 ".%s", (int)n, base,
                        k.task, k.version, k.expires,
                        secret_sign(c->a, label, signed_text(c, &k, &h)));
    return true;
}

/* Three numbers and the signature; false for anything else. */
static bool read_token(Ctx *c, const char *token, Claim *k, const char **signature)
{
    int64_t *const parts[] = {&k->task, &k->version, &k->expires};
    if (strlen(token) > TOKEN_MOST)
        return false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *dot = strchr(token, '.');
        if (!dot || dot == token || *token == '0' || dot - token > PART_MOST ||
            !whole_number(arena_dup(c->a, token, (size_t)(dot - token)), 1, INT64_MAX, parts[i]))
            return false;
        token = dot + 1;
    }
    *signature = token;
    return strlen(token) == SIGN_CHARS;
}

static bool over(Ctx *c, const char *key)
{
    return ctx_fail(c, ERR_NOT_FOUND, "token", key);
}

/* The task it is for, where everything it was signed over still is as it was; c->actor is the person from then on. */
static bool open_link(Ctx *c, const char *token, Claim *k, Holder *h, Record *request)
{
    const char *signature;
    bool found = false;
    Actor *his;
    if (!read_token(c, token, k, &signature))
        return over(c, "approval.link_over");
    if (!find_holder(c, k->task, h, &found))
        return false;
    /* of a task that is none, too, so that the time does not tell */
    Holder nobody = {.email = ""};
    bool good = secret_signed(c->a, label, signed_text(c, k, found ? h : &nobody), signature);
    if (!found || !good || !h->able || h->locked)
        return over(c, "approval.link_over");
    if (strcmp(h->state, "waiting") != 0 || h->version != k->version)
        return over(c, "approval.link_answered");
    if (k->expires <=
        c->now_ms) { /* the signature says that it was his: he may know that it waits */
        DbVal until = db_of_int(k->expires);
        const Entity *e = model_entity(c->model, "change_request");
        return ctx_fail(c, ERR_NOT_FOUND, "token", "approval.link_expired",
                        type_text(c, &e->fields[STD_CREATED_AT], &until));
    }
    if (!actor_of_user(c, h->user, CH_WEB, &his))
        return false;
    if (c->actor) {
        his->ip = c->actor->ip;
        his->agent = c->actor->agent;
    }
    c->actor = his;
    if (his->factor_due) /* who may do nothing until he has set up his second factor does nothing by mail either */
        return over(c, "approval.link_over");
    return rec_get(c, model_entity(c->model, "change_request"), h->request, false, request);
}

static const char *text_of(Ctx *c, const Record *r, int field)
{
    const DbVal *v = &r->v[field];
    return v->kind == DB_TEXT ? arena_dup(c->a, v->s, v->n) : NULL;
}

static const char *option_label(Ctx *c, const Record *r, int field)
{
    const char *code = text_of(c, r, field);
    const Field *f = &r->e->fields[field];
    for (int i = 0; code && i < f->n_options; i++)
        if (strcmp(f->options[i].code, code) == 0)
            return label_in(f->options[i].label, c->lang);
    return code;
}

bool approval_link_look(Ctx *c, const char *token, Buf *out)
{
    Claim k;
    Holder h;
    Record r;
    Buf look;
    const Entity *user = model_entity(c->model, "user");
    LinkLabels *labels = link_labels_new(c);
    buf_init(&look, c->a);
    if (!open_link(c, token, &k, &h, &r))
        return false;
    link_labels_want(labels, user, r.v[STD_OWNER].i);
    if (!link_labels_fetch(c, labels) || !approval_look(c, &r, &look))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "person", h.name);
    jw_kinstant(&w, "expires_at", k.expires);
    jw_kbool(&w, "sign_in", h.factor);
    jw_kstr(&w, "number", text_of(c, &r, CHANGE_REQUEST_NUMBER));
    jw_kstr(&w, "title", text_of(c, &r, CHANGE_REQUEST_TITLE));
    jw_kstr(&w, "operation", option_label(c, &r, CHANGE_REQUEST_OPERATION));
    jw_kstr(&w, "reason", text_of(c, &r, CHANGE_REQUEST_REASON));
    jw_kstr(&w, "requester", link_label(labels, user, r.v[STD_OWNER].i));
    jw_kinstant(&w, "created_at", r.v[STD_CREATED_AT].i);
    jw_kraw(&w, "look", look.data);
    jw_end(&w);
    return c->n_err == 0;
}

bool approval_link_answer(Ctx *c, const char *token, const char *answer, const char *comment)
{
    Claim k;
    Holder h;
    Record r;
    if (strcmp(answer, "agree") != 0 && strcmp(answer, "refuse") != 0)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "answer", "err.enum.unknown", answer, "agree, refuse");
    if (!open_link(c, token, &k, &h, &r))
        return false;
    if (h.factor) /* the mailbox alone is not both of his factors */
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "approval.link_sign_in");
    return approval_answer(c, &r, answer, comment, k.task, k.version);
}
