/*
 * What a reader of a request sees of it beyond its fields: the changes with his own masks, the records of a bulk
 * operation he may read by name, whether the record is still as it was, and what he may do now. See impl.h.
 */
#include <string.h>

#include "base/msg.h"
#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/changes.h"
#include "record/merge/merge.h"

static const char *text_of(Ctx *c, const Record *r, int field)
{
    const DbVal *v = &r->v[field];
    return v->kind == DB_TEXT ? arena_dup(c->a, v->s, v->n) : "";
}

typedef struct Look {
    const Record *r;
    const Entity *e;
    int64_t id; /* of the record; 0 where it is about many */
    json_object *changes, *ids;
    LinkLabels *labels;
    bool there, reads, clear, since;
    int64_t agree, execute; /* his tasks */
} Look;

static bool read_json(Ctx *c, const Look *l, int field, json_object **out)
{
    const char *text = text_of(c, l->r, field);
    *out = NULL;
    return !*text || json_read(c, text, strlen(text), out);
}

/* A task that was answered or handed on is no window into later changes. */
static bool blind(const Ctx *c, const Look *l)
{
    return !l->reads && !l->agree && !l->execute && l->r->v[STD_OWNER].i != c->actor->user;
}

static int64_t id_at(json_object *ids, size_t i)
{
    json_object *pair = json_object_array_get_idx(ids, i);
    return json_object_get_int64(json_object_array_get_idx(pair, 0));
}

static size_t n_ids(const Look *l)
{
    return json_length(l->ids);
}

static bool gather(Ctx *c, Look *l)
{
    const DbVal *record = &l->r->v[CHANGE_REQUEST_RECORD],
                *version = &l->r->v[CHANGE_REQUEST_RECORD_VERSION];
    Record now;
    l->id = record->kind == DB_INT ? record->i : 0;
    l->labels = link_labels_new(c);
    if (!read_json(c, l, CHANGE_REQUEST_CHANGES, &l->changes) ||
        !read_json(c, l, CHANGE_REQUEST_IDS, &l->ids))
        return false;
    l->there = l->e && l->id && rec_load(c, l->e, l->id, &now);
    l->reads = l->there && access_may(c, l->e, ACT_READ) &&
               rec_within(c, l->e, l->id, access_scope(c, l->e, ACT_READ));
    l->clear = l->reads && rec_within(c, l->e, l->id, access_clear_scope(c, l->e));
    l->since = l->id && (!l->there || (version->kind == DB_INT && now.version != version->i));
    if (c->n_err || !approval_task_of(c, l->r->id, "agree", c->actor->user, &l->agree) ||
        !approval_task_of(c, l->r->id, "execute", c->actor->user, &l->execute))
        return false;
    if (!l->id && l->e)
        l->reads = access_may(c, l->e, ACT_READ);
    if (blind(c, l))
        l->changes = l->ids = NULL;
    if (l->e && l->changes)
        changes_want(c, l->labels, l->e, l->changes);
    for (size_t i = 0; l->e && l->reads && i < n_ids(l); i++)
        link_labels_want(l->labels, l->e, id_at(l->ids, i));
    return link_labels_fetch(c, l->labels);
}

/* Those of a bulk operation; the label is NULL where the record is not his to see, and then so is its number. */
static void write_records(Look *l, Jw *w)
{
    jw_key(w, "records");
    jw_arr(w);
    for (size_t i = 0; i < n_ids(l); i++) {
        const char *label = l->e && l->reads ? link_label(l->labels, l->e, id_at(l->ids, i)) : NULL;
        jw_obj(w);
        jw_key(w, "id");
        if (label)
            jw_int(w, id_at(l->ids, i));
        else
            jw_null(w);
        jw_kstr(w, "label", label);
        jw_end(w);
    }
    jw_end(w);
}

/* In words: "head of the department", "one of Management", a name. */
static const char *who_text(Ctx *c, const ApprovalStep *s)
{
    const char *name = NULL;
    bool role = strcmp(s->who, "role") == 0;
    DbVal p[] = {role ? db_of_text(s->role) : db_of_int(s->user)};
    if (!role && strcmp(s->who, "user") != 0)
        return msg_text(c->lang, arena_printf(c->a, "approval.who_%s", s->who));
    if (!db_one_text(c,
                     role ? SQL("SELECT \"name\" FROM \"role\" WHERE \"code\" = $1")
                          : SQL("SELECT \"name\" FROM \"user\" WHERE \"id\" = $1"),
                     p, 1, &name, NULL))
        return NULL;
    if (!role)
        return name ? name : "";
    const char *const args[] = {name ? name : s->role, NULL};
    return msg_format(c->a, c->lang, s->all ? "approval.who_role_all" : "approval.who_role_any",
                      args);
}

/* All steps, with what comes behind them: who looks sees how far it is. */
static bool write_steps(Ctx *c, const Look *l, Jw *w)
{
    ApprovalStep steps[APPROVAL_STEPS_MOST];
    const DbVal *at = &l->r->v[CHANGE_REQUEST_STEP], *admin = &l->r->v[CHANGE_REQUEST_BY_ADMIN];
    const char *state = text_of(c, l->r, CHANGE_REQUEST_STATE);
    bool waits = strcmp(state, "waiting") == 0, agreed = strcmp(state, "agreed") == 0,
         done = strcmp(state, "done") == 0 || strcmp(state, "failed") == 0;
    int64_t now = at->kind == DB_INT ? at->i : 0;
    int n;
    if (!approval_steps(c, text_of(c, l->r, CHANGE_REQUEST_STEPS), true, steps, &n))
        return false;
    bool by_admin = admin->kind == DB_INT && admin->i;
    jw_key(w, "steps");
    jw_arr(w);
    for (int i = 0; i <= n; i++) {
        bool last = i == n,
             past = i < now || (!last && (agreed || done)) || (last && strcmp(state, "done") == 0);
        bool here = !past && ((waits && i == now) || (agreed && last));
        const char *text = !last      ? who_text(c, &steps[i])
                           : by_admin ? msg_text(c->lang, "approval.who_admin")
                                      : msg_text(c->lang, "approval.who_engine");
        if (!text)
            return false;
        jw_obj(w);
        jw_kstr(w, "who", text);
        jw_kstr(w, "at", past ? "past" : here ? "now" : "later");
        jw_end(w);
    }
    jw_end(w);
    return true;
}

/* What hangs on those that a merge would take away, as long as it is not done. */
static bool write_moved(Ctx *c, const Look *l, Jw *w)
{
    const char *state = text_of(c, l->r, CHANGE_REQUEST_STATE), *moved;
    int64_t ids[MERGE_MOST];
    ApprovalOp op;
    int n = 0;
    if (!approval_op(text_of(c, l->r, CHANGE_REQUEST_OPERATION), &op) || op != APPROVE_MERGE ||
        !l->e || !l->reads || (strcmp(state, "waiting") != 0 && strcmp(state, "agreed") != 0))
        return true;
    for (size_t i = 0; i < n_ids(l) && n < MERGE_MOST; i++)
        ids[n++] = id_at(l->ids, i);
    if (n == 0)
        return true;
    if (!merge_would_move(c, l->e, l->id, ids, n, &moved))
        return false;
    jw_kraw(w, "moved", moved);
    return true;
}

bool approval_look(Ctx *c, const Record *r, Buf *out)
{
    Look l = {.r = r, .e = model_entity(c->model, text_of(c, r, CHANGE_REQUEST_ENTITY))};
    bool own = r->v[STD_OWNER].i == c->actor->user; /* what he typed himself */
    Jw w;
    if (!gather(c, &l))
        return false;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "changes");
    if (l.e && l.changes)
        changes_write(c, l.labels, l.e, l.changes,
                      l.clear          ? CHANGES_CLEAR
                      : l.reads || own ? CHANGES_AS_ROLES
                                       : CHANGES_MASKED,
                      &w);
    else
        jw_raw(&w, "[]");
    write_records(&l, &w);
    if (!write_moved(c, &l, &w) || !write_steps(c, &l, &w))
        return false;
    jw_kbool(&w, "readable", l.id && l.reads);
    jw_kstr(&w, "plural", l.e ? l.e->plural : NULL);
    jw_kbool(&w, "changed_since", l.since);
    jw_key(&w, "may");
    jw_arr(&w);
    const char *state = arena_printf(c->a, " %s ", text_of(c, r, CHANGE_REQUEST_STATE));
    for (const ApprovalAct *rule = approval_rules; rule->name; rule++) {
        bool mine = !rule->task                        ? r->v[STD_OWNER].i == c->actor->user
                    : strcmp(rule->task, "agree") == 0 ? l.agree != 0
                                                       : l.execute != 0;
        if (mine && strstr(rule->states, state))
            jw_str(&w, rule->name);
    }
    jw_end(&w);
    jw_end(&w);
    return c->n_err == 0;
}
