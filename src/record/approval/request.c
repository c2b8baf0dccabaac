/* A request is filed: checked as the operation itself would be, and what it changes kept beside it. See approval.h. */
#include <inttypes.h>
#include <string.h>

#include "base/msg.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "entity_ids.h"
#include "record/approval/impl.h"
#include "record/children.h"
#include "record/link_resolve.h"
#include "record/merge/merge.h"
#include "record/notify.h"
#include "record/save.h"

enum { TITLE_BYTES = 190, REASON_BYTES = 800 };

/* Only one open request for the same operation on a record; most: 1 once our own row is written. */
static bool none_open(Ctx *c, const Save *s, const char *operation, const char *entity, int64_t id,
                      int64_t most)
{
    Filter *f =
        filter_and(c->a, rec_is(c, s->e, CHANGE_REQUEST_RECORD, db_of_int(id)),
                   filter_and(c->a, rec_is(c, s->e, CHANGE_REQUEST_ENTITY, db_of_text(entity)),
                              rec_is(c, s->e, CHANGE_REQUEST_OPERATION, db_of_text(operation))));
    Filter *open = filter_or(c->a, rec_is(c, s->e, CHANGE_REQUEST_STATE, db_of_text("waiting")),
                             rec_is(c, s->e, CHANGE_REQUEST_STATE, db_of_text("agreed")));
    int64_t n;
    return rec_count(c, s->e, filter_and(c->a, f, open), &n) &&
           (n <= most || ctx_fail(c, ERR_CONFLICT, "record", "err.approval_open"));
}

static bool by_admin(const ApprovalAsked *a)
{
    for (int i = 0; i < a->n; i++)
        if (a->flows[i].by_admin)
            return true;
    return false;
}

/* Lists of JSON, one behind the other. */
static const char *steps_of(Ctx *c, const ApprovalAsked *a)
{
    Buf b;
    buf_init(&b, c->a);
    for (int i = 0; i < a->n; i++) {
        int n;
        const char *inner = approval_steps_inner(a->flows[i].steps, &n);
        if (n)
            buf_printf(&b, "%s%.*s", b.len ? "," : "", n, inner);
    }
    return arena_printf(c->a, "[%s]", b.data);
}

/* Links as ids: what was found with the rights of the requester is not looked for again with others'. Secrets stay out. */
static bool settle_input(Ctx *c, const SaveWork *w, json_object *in)
{
    const Entity *e = w->s.e;
    json_object_object_foreach(in, name, unused)
    {
        (void)unused;
        const Field *f = entity_field(e, name);
        if (f && f->write_only)
            return ctx_fail(c, ERR_INVALID, "input", "err.approval_secret", name);
    }
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (f->type == FT_LINK && json_member(in, f->name) && w->s.after[i].kind == DB_INT)
            json_object_object_add(in, f->name, json_object_new_int64(w->s.after[i].i));
    }
    for (int i = 0; i < w->n_many; i++) {
        const SaveMany *m = &w->many[i];
        json_object *ids = json_object_new_array();
        for (int k = 0; k < m->n; k++)
            json_object_array_add(ids, json_object_new_int64(m->ids[k]));
        if (json_member(in, m->f->name))
            json_object_object_add(in, m->f->name, ids);
        else
            json_object_put(ids);
    }
    return true;
}

/* The change as it would be made now: every rule of the entity, the rights of the requester. */
static bool look_at_edit(Ctx *c, Save *s, const Entity *e, int64_t id, ApprovalAsked *asked)
{
    const char *text = save_text(c, s, CHANGE_REQUEST_INPUT);
    json_object *in;
    if (!text || !*text)
        return ctx_fail(c, ERR_REQUIRED, "input", "err.required");
    if (!json_read(c, text, strlen(text), &in))
        return false;
    if (!json_object_is_type(in, json_type_object))
        return ctx_fail(c, ERR_TYPE, "input", "err.type", msg_text(c->lang, "type.object"));
    SaveOptions o = {.if_version = -1, .origin = "web", .agreed = true, .dry = true};
    SaveWork *w = save_new(c, e, id, in, &o, NULL);
    if (!save_prepare(c, w))
        return false;
    if (w->nothing)
        return ctx_fail(c, ERR_INVALID, "input", "err.approval_nothing");
    const ApprovalAsk what = {
        .op = APPROVE_EDIT, .e = e, .id = id, .before = w->s.before, .changed = w->s.changed};
    if (!approval_flows_of(c, &what, asked) || !settle_input(c, w, in))
        return false;
    save_set(
        s, CHANGE_REQUEST_INPUT,
        db_of_text(arena_str(c->a, json_object_to_json_string_ext(in, JSON_C_TO_STRING_PLAIN))));
    save_set(s, CHANGE_REQUEST_CHANGES, db_of_text(w->changes ? w->changes : "{}"));
    save_set(s, CHANGE_REQUEST_RECORD_VERSION, db_of_int(w->old_version));
    return true;
}

static bool look_at_delete(Ctx *c, Save *s, const Entity *e, int64_t id, ApprovalAsked *asked)
{
    DbIds one = {.items = &id, .n = 1};
    Record r;
    if (!rec_get(c, e, id, false, &r))
        return false;
    ApprovalAsk what = {.op = APPROVE_DELETE, .e = e, .id = id, .before = r.v};
    if (!approval_flows_of(c, &what, asked))
        return false;
    /* who may not delete may ask an administrator to, where the record's own flow is made for that */
    bool for_admin = by_admin(asked);
    if (!approval_flows_along(c, what.op, e, &one, asked) ||
        (asked->n && !for_admin && !rec_get_for(c, e, id, ACT_DELETE, &r)))
        return false;
    save_set(s, CHANGE_REQUEST_RECORD_VERSION, db_of_int(r.version));
    return true;
}

/* Who may see it in the recycle bin may bring it back, and nobody else. */
static bool in_the_bin(Ctx *c, const Entity *e, int64_t id, Record *r)
{
    return rec_get_for(c, e, id, ACT_DELETE, r) &&
           (!merge_is_gone(r) || ctx_fail(c, ERR_CONFLICT, NULL, "err.merged_restore")) &&
           ((e->standard && r->v[STD_DELETED_AT].kind != DB_NULL) ||
            ctx_fail(c, ERR_CONFLICT, NULL, "err.not_deleted"));
}

static bool look_at_restore(Ctx *c, Save *s, const Entity *e, int64_t id, ApprovalAsked *asked)
{
    DbIds one = {.items = &id, .n = 1};
    Record r;
    if (!in_the_bin(c, e, id, &r) || !children_whole_lives(c, &r))
        return false;
    ApprovalAsk what = {.op = APPROVE_RESTORE, .e = e, .id = id, .before = r.v};
    if (!approval_flows_of(c, &what, asked) || !approval_flows_along(c, what.op, e, &one, asked))
        return false;
    save_set(s, CHANGE_REQUEST_RECORD_VERSION, db_of_int(r.version));
    return true;
}

/* The input of a handover, checked as the action would: {"owner", "reason"}; owner as its id from then on. */
static bool new_owner(Ctx *c, Save *s, const Entity *e, int64_t *out)
{
    static const JsonWant want[] = {{"owner", json_type_null, true},
                                    {"reason", json_type_string, false},
                                    {NULL, json_type_null, false}};
    const char *text = save_text(c, s, CHANGE_REQUEST_INPUT);
    json_object *in;
    if (!text || !*text)
        return ctx_fail(c, ERR_REQUIRED, "input", "err.required");
    if (!json_read(c, text, strlen(text), &in) || !json_want(c, in, want))
        return false;
    json_object *owner = json_member(in, "owner");
    const char *reason = json_str(in, "reason", "");
    if (!owner)
        return ctx_fail(c, ERR_REQUIRED, "owner", "err.required");
    if (strlen(reason) > REASON_BYTES)
        return ctx_fail(c, ERR_TOO_LONG, "reason", "err.too_long", ctx_num(c, REASON_BYTES / 4),
                        ctx_num(c, (int64_t)strlen(reason) / 3));
    if (!link_from_json(c, &e->fields[STD_OWNER], model_entity(c->model, "user"), owner, false,
                        out))
        return false;
    json_object *clean = rec_input(c);
    json_object_object_add(clean, "owner", json_object_new_int64(*out));
    if (*reason)
        json_object_object_add(clean, "reason", json_object_new_string(reason));
    save_set(
        s, CHANGE_REQUEST_INPUT,
        db_of_text(arena_str(c->a, json_object_to_json_string_ext(clean, JSON_C_TO_STRING_PLAIN))));
    return true;
}

static bool look_at_transfer(Ctx *c, Save *s, const Entity *e, int64_t id, ApprovalAsked *asked)
{
    int64_t owner;
    Record r;
    if (!new_owner(c, s, e, &owner) || !rec_get(c, e, id, false, &r))
        return false;
    ApprovalAsk what = {.op = APPROVE_TRANSFER, .e = e, .id = id, .before = r.v};
    if (!approval_flows_of(c, &what, asked))
        return false;
    if (asked->n && !by_admin(asked) &&
        (!access_need(c, e, ACT_TRANSFER) || !rec_get_for(c, e, id, ACT_TRANSFER, &r)))
        return false;
    json_object *in = rec_input(c);
    json_object_object_add(in, "owner", json_object_new_int64(owner));
    SaveOptions o = {
        .if_version = -1, .origin = "web", .trusted = true, .agreed = true, .dry = true};
    SaveWork *w = save_new(c, e, id, in, &o, "transfer");
    if (!save_prepare(c, w))
        return false;
    if (w->nothing)
        return ctx_fail(c, ERR_INVALID, "input", "err.approval_nothing");
    save_set(s, CHANGE_REQUEST_CHANGES, db_of_text(w->changes ? w->changes : "{}"));
    save_set(s, CHANGE_REQUEST_RECORD_VERSION, db_of_int(r.version));
    return true;
}

/* The records with their versions: one that changes meanwhile is left as it is. */
static bool look_at_many(Ctx *c, Save *s, const Entity *e, ApprovalOp op, ApprovalAsked *asked,
                         int *n)
{
    const char *text = save_text(c, s, CHANGE_REQUEST_IDS);
    Action act = op == APPROVE_BULK_TRANSFER ? ACT_TRANSFER : ACT_DELETE;
    json_object *list = NULL;
    DbIds ids = {0};
    int64_t owner;
    Buf versions;
    if (!text || !*text)
        return ctx_fail(c, ERR_REQUIRED, "ids", "err.required");
    if (!json_read(c, text, strlen(text), &list) || !access_need(c, e, act) ||
        (act == ACT_TRANSFER && !new_owner(c, s, e, &owner)))
        return false;
    size_t most = json_length(list);
    if (!most || most > APPROVAL_IDS_MOST)
        return ctx_fail(c, ERR_INVALID, "ids", "err.approval_ids", ctx_num(c, APPROVAL_IDS_MOST));
    buf_init(&versions, c->a);
    for (size_t i = 0; i < most; i++) {
        json_object *one = json_object_array_get_idx(list, i);
        Record r;
        if (!json_object_is_type(one, json_type_int))
            return ctx_fail(c, ERR_TYPE, "ids", "err.list_wanted", "ids");
        if (op == APPROVE_BULK_RESTORE ? !in_the_bin(c, e, json_object_get_int64(one), &r)
                                       : !rec_get_for(c, e, json_object_get_int64(one), act, &r))
            return false;
        ApprovalAsk what = {.op = op, .e = e, .id = r.id, .before = r.v};
        if (!approval_flows_of(c, &what, asked))
            return false;
        vec_push(c->a, &ids, r.id);
        buf_printf(&versions, "%s[%" PRId64 ",%" PRId64 "]", i ? "," : "", r.id, r.version);
    }
    if (act == ACT_DELETE && !approval_flows_along(c, op, e, &ids, asked))
        return false;
    *n = (int)most;
    save_set(s, CHANGE_REQUEST_RECORD, db_null());
    save_set(s, CHANGE_REQUEST_IDS, db_of_text(arena_printf(c->a, "[%s]", versions.data)));
    return true;
}

static const char *title_of(Ctx *c, const Entity *e, ApprovalOp op, int64_t id, int n)
{
    static const char *const keys[] = {"approval.title_edit",          "approval.title_delete",
                                       "approval.title_many",          "approval.title_transfer",
                                       "approval.title_transfer_many", "approval.title_restore",
                                       "approval.title_restore_many",  "approval.title_merge"};
    Record r;
    const char *what = n ? ctx_num(c, n) : "";
    if (!n && rec_load(c, e, id, &r))
        what = notify_name(c, e, r.v);
    const char *t = msg_format(c->a, c->lang, keys[op],
                               (const char *const[]){label_in(e->label, c->lang), what, NULL});
    return utf8_cut(c->a, t, TITLE_BYTES);
}

bool approval_file(Ctx *c, Save *s)
{
    const char *name = save_text(c, s, CHANGE_REQUEST_ENTITY),
               *operation = save_text(c, s, CHANGE_REQUEST_OPERATION);
    const Entity *e = name ? model_entity(c->model, name) : NULL;
    int64_t id =
        s->after[CHANGE_REQUEST_RECORD].kind == DB_INT ? s->after[CHANGE_REQUEST_RECORD].i : 0;
    ApprovalAsked asked = {.n = 0};
    ApprovalOp op;
    int n = 0;
    if (!approval_op(operation, &op) || !name)
        return true; /* required: said by the engine */
    if (!e || !e->routes)
        return ctx_fail(c, ERR_INVALID, "entity", "err.approval_entity", name);
    if (!approval_op_many(op) && !id)
        return ctx_fail(c, ERR_REQUIRED, "record", "err.required");
    bool ok = op == APPROVE_EDIT       ? look_at_edit(c, s, e, id, &asked)
              : op == APPROVE_DELETE   ? look_at_delete(c, s, e, id, &asked)
              : op == APPROVE_TRANSFER ? look_at_transfer(c, s, e, id, &asked)
              : op == APPROVE_RESTORE  ? look_at_restore(c, s, e, id, &asked)
              : op == APPROVE_MERGE    ? approval_look_at_merge(c, s, e, id, &asked)
                                       : look_at_many(c, s, e, op, &asked, &n);
    if (!ok || (!approval_op_many(op) && !none_open(c, s, operation, name, id, 0)))
        return false;
    if (!asked.n)
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_needless");
    save_set(s, CHANGE_REQUEST_TITLE, db_of_text(title_of(c, e, op, id, n)));
    save_set(s, CHANGE_REQUEST_FLOW, db_of_int(asked.flows[0].id));
    save_set(s, CHANGE_REQUEST_STEPS, db_of_text(steps_of(c, &asked)));
    save_set(s, CHANGE_REQUEST_BY_ADMIN, db_of_int(by_admin(&asked)));
    save_set(s, CHANGE_REQUEST_STEP, db_of_int(0));
    save_set(s, CHANGE_REQUEST_STATE, db_of_text("waiting"));
    return true;
}

bool approval_filed(Ctx *c, Save *s)
{
    ApprovalStep steps[APPROVAL_STEPS_MOST];
    int64_t people[APPROVAL_PEOPLE_MOST];
    int n, n_people;
    const char *text = save_text(c, s, CHANGE_REQUEST_STEPS);
    const DbVal *record = &s->after[CHANGE_REQUEST_RECORD];
    /* two at the same moment: one of them waits here and sees the other */
    if (record->kind == DB_INT &&
        (!db_alone(c, arena_printf(c->a, "change_request of %" PRId64, record->i)) ||
         !none_open(c, s, save_text(c, s, CHANGE_REQUEST_OPERATION),
                    save_text(c, s, CHANGE_REQUEST_ENTITY), record->i, 1)))
        return false;
    ApprovalPart part = {.request = s->id,
                         .requester = s->after[STD_OWNER].i,
                         .title = save_text(c, s, CHANGE_REQUEST_TITLE),
                         .kind = "agree"};
    if (!approval_steps(c, text ? text : "[]", true, steps, &n) ||
        !approval_people(c, &steps[0], part.requester, people, &n_people))
        return false;
    part.due = approval_due(c, &steps[0]);
    return approval_tasks(c, &part, people, n_people, NULL);
}
