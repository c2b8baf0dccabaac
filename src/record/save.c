/*
 * The one way of a record into the database (rec_create, rec_update, and the actions that change a
 * record). The stages stand below as two arrays, in the order of DESIGN.md 3, and nowhere else: what
 * needs no transaction comes first, so that the single writer of SQLite only runs statements.
 */
#include "record/save.h"

#include <string.h>

#include "base/id.h"
#include "base/msg.h"
#include "meta/types.h"
#include "record/approval/approval.h"
#include "record/children.h"
#include "record/dedupe.h"
#include "record/former.h"
#include "record/history.h"
#include "record/idempotency.h"
#include "record/input.h"
#include "record/link_resolve.h"
#include "record/notify.h"
#include "record/outbox.h"
#include "record/number.h"
#include "record/rule/rule.h"
#include "record/search.h"
#include "record/validate.h"
#include "record/value.h"
#include "record/write_row.h"

enum { NUMBER_TRIES = 5 };

typedef bool (*Stage)(Ctx *c, SaveWork *w);

bool save_trusted(const SaveWork *w)
{
    return w->own.trusted;
}

static DbVal actor_id(const Ctx *c)
{
    return c->actor->user ? db_of_int(c->actor->user) : db_null();
}

/* ---- before the transaction ---------------------------------------------------------------- */

/* May the caller do this at all, and is the record his to change? 403, then 404, then 412. */
static bool stage_may(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    const SaveOptions *o = w->s.o;
    if (w->s.is_new) {
        bool import = o->origin && strcmp(o->origin, "import") == 0 && access_may(c, e, ACT_IMPORT);
        if (!o->trusted && !import && !access_need(c, e, ACT_CREATE))
            return false;
        if (!o->trusted && e->readonly)
            return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
        w->s.after = ARENA_ARRAY(c->a, e->n_fields, DbVal);
        w->s.id = id_new();
        w->s.after[STD_ID] = db_of_int(w->s.id);
        return true;
    }
    Record old;
    if (o->trusted) {
        bool there = rec_load(c, e, w->s.id, &old);
        if (c->n_err)
            return false;
        if (!there || (e->standard && old.v[STD_DELETED_AT].kind != DB_NULL))
            return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    } else {
        if (!rec_get_for(c, e, w->s.id, ACT_EDIT, &old))
            return false;
        if (e->readonly)
            return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
    }
    if (o->if_version >= 0 && e->standard && old.version != o->if_version)
        return ctx_fail(c, ERR_STALE, NULL, "err.stale");
    w->old_version = w->new_version = old.version;
    w->s.before = old.v;
    w->s.after = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    memcpy(w->s.after, old.v, (size_t)e->n_fields * sizeof(DbVal));
    return true;
}

/* A repeated request is answered before anything else is looked at. */
static bool stage_seen(Ctx *c, SaveWork *w)
{
    return idempotency_seen(c, w);
}

static bool stage_input(Ctx *c, SaveWork *w)
{
    input_accept(c, w);
    if (w->s.in && w->s.is_new && w->s.o->trusted)
        w->s.id = w->s.after[STD_ID].i;
    return true; /* mistakes are gathered: see stage_valid */
}

static bool department_of(Ctx *c, const DbVal *owner, DbVal *out)
{
    *out = db_null();
    if (owner->kind != DB_INT)
        return true;
    if (owner->i == c->actor->user) {
        if (c->actor->department)
            *out = db_of_int(c->actor->department);
        return true;
    }
    DbVal p = *owner;
    DbRows *r = db_query(c, SQL("SELECT \"department_id\" FROM \"user\" WHERE \"id\" = $1"), &p, 1);
    if (!r)
        return false;
    if (db_step(r) && !db_is_null(r, 0))
        *out = db_of_int(db_int(r, 0));
    db_done(r);
    return true;
}

static void stamp(SaveWork *w, int field, DbVal v)
{
    w->s.after[field] = v;
    w->s.changed[field] = 1;
}

/* What the program itself knows of a record: owner, department, who and when. */
static bool stage_defaults(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    const SaveOptions *o = w->s.o;
    DbVal *v = w->s.after;
    if (w->s.is_new && !input_defaults(c, w))
        return false;
    if (!e->standard)
        return true;
    bool new_owner = w->s.is_new || (w->s.changed[STD_OWNER] &&
                                     !value_same(&v[STD_OWNER], &w->s.before[STD_OWNER]));
    if (new_owner && (!w->s.changed[STD_OWNER_DEPARTMENT] || !o->trusted)) {
        if (!department_of(c, &v[STD_OWNER], &v[STD_OWNER_DEPARTMENT]))
            return false;
        w->s.changed[STD_OWNER_DEPARTMENT] =
            w->s.is_new ||
            !value_same(&v[STD_OWNER_DEPARTMENT], &w->s.before[STD_OWNER_DEPARTMENT]);
    }
    w->moved = !w->s.is_new && new_owner;
    if (!w->s.is_new)
        return true;
    v[STD_VERSION] = db_of_int(1);
    w->new_version = 1;
    if (v[STD_CREATED_AT].kind == DB_NULL)
        v[STD_CREATED_AT] = db_of_int(c->now_ms);
    if (v[STD_CREATED_BY].kind == DB_NULL)
        v[STD_CREATED_BY] = actor_id(c);
    v[STD_UPDATED_AT] = db_of_int(c->now_ms);
    v[STD_UPDATED_BY] = actor_id(c);
    v[STD_ORIGIN] = db_of_text(o->origin ? o->origin : channel_name(c->actor->channel));
    if (o->import_job)
        v[STD_IMPORT_JOB] = db_of_int(o->import_job);
    return true;
}

static bool stage_hooks_before(Ctx *c, SaveWork *w)
{
    if (w->hooks && w->hooks->before_save)
        (void)w->hooks->before_save(c, &w->s); /* its mistakes stand beside the others */
    return true;
}

/*
 * A record that belongs to another changes what that one shows: its main contact, its last follow-up. So
 * where the caller edits such records at all, reading this one (by a share, say) is not enough. Asked
 * behind the hooks, which work the parent out from other links.
 */
static void check_parent(Ctx *c, const SaveWork *w)
{
    const Entity *e = w->s.e;
    const Field *f = e->parent ? entity_field(e, e->parent) : NULL;
    if (w->own.trusted || !f || f->type != FT_LINK || !w->s.changed[f->index] || w->bad[f->index] ||
        w->s.after[f->index].kind != DB_INT)
        return;
    const Entity *to = link_target(f, w->s.after);
    if (to && to != e && access_may(c, to, ACT_EDIT) &&
        !link_in_scope(c, to, w->s.after[f->index].i, ACT_EDIT) && c->n_err == w->n_err)
        ctx_fail(c, ERR_PERM_DENIED, f->name, "err.parent_read_only", label_in(to->label, c->lang));
}

static bool stage_valid(Ctx *c, SaveWork *w)
{
    check_parent(c, w);
    validate_save(c, w);
    const Field *f = number_field(w->s.e);
    if (f && w->s.is_new && w->s.after[f->index].kind == DB_TEXT) {
        const char *given = arena_dup(c->a, w->s.after[f->index].s, w->s.after[f->index].n);
        number_check_given(c, f, given);
    }
    return c->n_err == w->n_err;
}

/* Which fields truly change; a save that changes nothing ends here. */
static bool stage_difference(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    if (w->s.is_new)
        return true;
    int n = w->n_many;
    for (int i = 0; i < e->n_fields; i++) {
        if (!w->s.changed[i] || e->fields[i].type == FT_LINK_MANY)
            continue;
        if (value_same(&w->s.after[i], &w->s.before[i]))
            w->s.changed[i] = 0;
        else
            n++;
    }
    w->nothing = n == 0;
    if (w->nothing || !e->standard)
        return true;
    w->new_version = w->old_version + 1;
    stamp(w, STD_VERSION, db_of_int(w->new_version));
    stamp(w, STD_UPDATED_AT, db_of_int(c->now_ms));
    stamp(w, STD_UPDATED_BY, actor_id(c));
    return true;
}

/* What people have to agree to does not happen by itself (record/approval). */
static bool stage_held(Ctx *c, SaveWork *w)
{
    if (w->s.is_new || (w->own.trusted && !w->own.held) || w->own.agreed || w->nothing)
        return true;
    ApprovalAsk what = {.op = w->own.many ? APPROVE_BULK_TRANSFER : APPROVE_TRANSFER,
                        .e = w->s.e,
                        .id = w->s.id,
                        .before = w->s.before};
    bool exempt = false;
    if (w->moved && !approval_holds_transfer(c, &what, &exempt))
        return false;
    if (exempt && !w->reason)
        w->reason = msg_text(c->lang, "approval.owner_left");
    what.op = APPROVE_EDIT;
    what.changed = w->s.changed;
    what.words = w->own.held_words;
    return approval_holds(c, &what);
}

static bool stage_number(Ctx *c, SaveWork *w)
{
    const Field *f = number_field(w->s.e);
    if (!f || !w->s.is_new || w->own.dry ||
        (w->s.after[f->index].kind == DB_TEXT && !w->number_drawn))
        return true;
    const char *text;
    if (!number_next(c, w->s.e, &text))
        return false;
    w->number_drawn = true;
    w->s.after[f->index] = db_of_text(text);
    return true;
}

/* Texts and statements of the transaction. */
static bool stage_texts(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    w->n_links = 0;
    link_prepare_check(c, w);
    dedupe_prepare(c, w);
    if ((e->gets & GETS_SEARCH) && (w->s.is_new || search_touched(e, w->s.changed)))
        w->tokens = search_tokens(c->a, e, w->s.after);
    history_prepare(c, w);
    if (w->s.is_new) {
        write_row_insert(c, e, w->s.after, &w->row);
        return true;
    }
    Filter *scope = w->own.trusted ? NULL : access_scope(c, e, ACT_EDIT);
    int64_t version = w->own.if_version >= 0 ? w->old_version : -1;
    write_row_update(c, e, w->s.id, w->s.after, w->s.changed, version, scope, &w->row);
    return true;
}

static const Stage before_write[] = {
    stage_may,   stage_seen,       stage_input, stage_defaults, stage_hooks_before,
    stage_valid, stage_difference, stage_held,  stage_number,   stage_texts,
};

/* ---- in the transaction -------------------------------------------------------------------- */

static bool stage_key(Ctx *c, SaveWork *w)
{
    return idempotency_take(c, w);
}

static bool stage_links(Ctx *c, SaveWork *w)
{
    return link_check(c, w);
}

static bool stage_dups(Ctx *c, SaveWork *w)
{
    return dedupe_check(c, w);
}

static bool stage_row(Ctx *c, SaveWork *w)
{
    if (!w->row.text.len)
        return true;
    if (w->s.is_new)
        return sql_send(c, &w->row);
    if (!sql_exec(c, &w->row))
        return false;
    if (db_changes(c) == 1)
        return true;
    /* it changed, or went, since it was read */
    Record now;
    bool there = rec_load(c, w->s.e, w->s.id, &now);
    if (c->n_err)
        return false;
    if (!there || (w->s.e->standard && now.v[STD_DELETED_AT].kind != DB_NULL) ||
        now.version == w->old_version)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    return ctx_fail(c, ERR_STALE, NULL, "err.stale");
}

static bool stage_many(Ctx *c, SaveWork *w)
{
    for (int i = 0; i < w->n_many; i++) {
        const SaveMany *m = &w->many[i];
        if (!write_row_many(c, w->s.e, m->f, w->s.id, m->old, m->n_old, m->ids, m->n))
            return false;
    }
    return true;
}

static bool stage_number_past(Ctx *c, SaveWork *w)
{
    const Field *f = number_field(w->s.e);
    if (!f || !w->s.is_new || w->number_drawn || w->s.after[f->index].kind != DB_TEXT)
        return true;
    return number_move_past(c, w->s.e, w->s.after[f->index].s);
}

static bool stage_history(Ctx *c, SaveWork *w)
{
    return !w->changes || history_add(c, w->s.e, w->s.id, w->action, w->changes);
}

static bool stage_audit(Ctx *c, SaveWork *w)
{
    if (!w->audit)
        return true;
    AuditEntry a = {.action = w->action,
                    .entity = w->s.e->name,
                    .record = w->s.id,
                    .record_name = w->record_name,
                    .changes = w->audit};
    return audit_add(c, &a);
}

static bool stage_search(Ctx *c, SaveWork *w)
{
    const Save *s = &w->s;
    if (!w->tokens)
        return true;
    return !s->is_new && former_link(s->e)
               ? search_put(c, s->e, s->id, s->after)
               : sql_search_put(c, s->e->name, s->id, w->tokens, s->is_new);
}

/* The former owner loses the record (CONTRACT 4), and with it what was shared with him before he had it. */
static bool end_share(Ctx *c, const SaveWork *w)
{
    DbVal p[] = {db_of_text(w->s.e->name), db_of_int(w->s.id), w->s.before[STD_OWNER]};
    return !(w->s.e->gets & GETS_SHARE) || p[2].kind != DB_INT ||
           db_exec(c,
                   SQL("DELETE FROM \"record_share\" WHERE \"entity\" = $1 AND \"record_id\" = $2 "
                       "AND \"user_id\" = $3"),
                   p, 3);
}

static bool stage_children(Ctx *c, SaveWork *w)
{
    if (!w->moved)
        return true;
    if (!end_share(c, w))
        return false;
    return children_follow(c, w->s.e, w->s.id, &w->s.before[STD_OWNER], &w->s.after[STD_OWNER],
                           &w->s.after[STD_OWNER_DEPARTMENT], w->action);
}

static bool stage_hooks_after(Ctx *c, SaveWork *w)
{
    return !w->hooks || !w->hooks->after_save || w->hooks->after_save(c, &w->s);
}

/* Rules see the record as it was saved; what they change is part of this save. */
static bool stage_rules(Ctx *c, SaveWork *w)
{
    return !w->s.e->standard || rules_saved(c, &w->s, &w->new_version);
}

/* The new owner hears of what was handed to him; a task tells it itself (domain/customer/task.c). */
static bool stage_notify(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    const DbVal *owner = &w->s.after[STD_OWNER];
    if (!w->moved || w->s.is_new || owner->kind != DB_INT || owner->i == c->actor->user ||
        !notify_by_hand(c) || strcmp(e->name, "task") == 0)
        return true;
    Notice n = {owner->i, "transferred", e->name, w->s.id, notify_name(c, e, w->s.after),
                &e->label};
    return notify(c, &n, "notify.transferred", c->actor->name);
}

static bool stage_change(Ctx *c, SaveWork *w)
{
    return db_change(c, w->s.e->name, w->s.id) &&
           outbox_event(c, w->s.e, w->s.id, w->s.is_new ? "created" : "updated");
}

static const Stage in_write[] = {
    stage_key,         stage_links,   stage_dups,   stage_row,    stage_many,
    stage_number_past, stage_history, stage_audit,  stage_search, stage_children,
    stage_hooks_after, stage_rules,   stage_notify, stage_change,
};

/* ---- the way ------------------------------------------------------------------------------- */

SaveWork *save_new(Ctx *c, const Entity *e, int64_t id, json_object *in, const SaveOptions *o,
                   const char *action)
{
    SaveWork *w = ARENA_NEW(c->a, SaveWork);
    if (o)
        w->own = *o;
    else
        w->own.if_version = -1;
    w->s = (Save){.e = e, .id = id, .is_new = id == 0, .in = in, .o = &w->own};
    w->s.changed = ARENA_ARRAY(c->a, e->n_fields, unsigned char);
    w->bad = ARENA_ARRAY(c->a, e->n_fields, unsigned char);
    w->hooks = hooks_of(e);
    w->action = action ? action : w->s.is_new ? "create" : "update";
    return w;
}

bool save_prepare(Ctx *c, SaveWork *w)
{
    /* PostgreSQL may run it again in a new transaction: nothing of the first try may stay */
    memset(w->s.changed, 0, (size_t)w->s.e->n_fields);
    memset(w->bad, 0, (size_t)w->s.e->n_fields);
    w->n_many = w->n_links = w->n_dup_keys = 0;
    w->nothing = false;
    w->n_err = c->n_err;
    w->changes = w->audit = w->tokens = NULL;
    w->row = w->links = w->dups = (Sql){0};
    for (size_t i = 0; i < sizeof before_write / sizeof *before_write; i++) {
        if (!before_write[i](c, w))
            return false;
        if (w->answered || w->nothing)
            return true;
    }
    return c->n_err == w->n_err;
}

bool save_commit(Ctx *c, SaveWork *w)
{
    int n_err = c->n_err;
    if (w->answered || w->nothing)
        return true;
    for (size_t i = 0; i < sizeof in_write / sizeof *in_write; i++) {
        if (!in_write[i](c, w))
            return false;
        if (w->answered)
            return true; /* the same request was carried out a moment ago */
    }
    return c->n_err == n_err;
}

static bool commit(Ctx *c, void *w)
{
    return save_commit(c, w);
}

static bool whole(Ctx *c, void *w)
{
    return save_prepare(c, w) && save_commit(c, w);
}

/* Another process drew a number that somebody brought along: draw again. */
static bool number_was_taken(Ctx *c, const SaveWork *w)
{
    const Field *f = number_field(w->s.e);
    return f && w->number_drawn && c->err_last && c->err_last->code == ERR_DUPLICATE &&
           c->err_last->field &&
           (strcmp(c->err_last->field, f->name) == 0 || strcmp(c->err_last->field, f->column) == 0);
}

static bool done(Ctx *c, SaveWork *w)
{
    if (!w->answered && !w->nothing && w->hooks && w->hooks->after_commit && !db_in_write(c))
        w->hooks->after_commit(c, &w->s);
    return true;
}

static bool run(Ctx *c, SaveWork *w)
{
    /* Own code that asks for no version reads and writes in one transaction instead. */
    if (!w->s.is_new && w->own.if_version < 0 && !db_in_write(c) && !w->own.dry)
        return db_write(c, whole, w) && done(c, w);
    if (!save_prepare(c, w))
        return false;
    if (w->own.dry)
        return w->answered || w->nothing || (link_check(c, w) && dedupe_check(c, w));
    if (w->answered || w->nothing)
        return true;
    for (int i = 0;; i++) {
        int before = c->n_err;
        if (db_write(c, commit, w))
            return done(c, w);
        if (i == NUMBER_TRIES || !number_was_taken(c, w))
            return false;
        ctx_errors_back_to(c, before);
        if (!stage_number(c, w) || !stage_texts(c, w))
            return false;
    }
}

bool save_run(Ctx *c, SaveWork *w)
{
    int before = c->n_err;
    return run(c, w) || dedupe_told(c, w, before);
}

bool rec_create(Ctx *c, const Entity *e, json_object *in, const SaveOptions *o, int64_t *out_id)
{
    SaveWork *w = save_new(c, e, 0, in, o, NULL);
    if (!save_run(c, w))
        return false;
    *out_id = w->answered ? w->answered : w->s.id;
    return true;
}

bool rec_update(Ctx *c, const Entity *e, int64_t id, json_object *in, const SaveOptions *o,
                int64_t *out_version)
{
    SaveWork *w = save_new(c, e, id, in, o, NULL);
    if (!save_run(c, w))
        return false;
    if (out_version)
        *out_version = w->new_version;
    return true;
}
