/*
 * A merge taken back. The others come back from the bin, rows that moved and still hang on the survivor go back, fields of
 * the survivor still as the merge left them too; the rest stays and is told. Merges into one survivor are undone the newest
 * first, so that each finds what it left.
 */
#include <string.h>

#include "base/conf.h"
#include "base/msg.h"
#include "entity_ids.h"
#include "meta/types.h"
#include "record/children.h"
#include "record/dedupe.h"
#include "record/history.h"
#include "record/link_resolve.h"
#include "record/merge/impl.h"
#include "record/outbox.h"
#include "record/recount.h"
#include "record/search.h"
#include "record/value.h"
#include "record/write_row.h"

/* An undo cannot be filed as a request: what a flow holds is said with what remains to be done. */
static const char held_words[] = "err.merge_undo_held";

#define DAY_MS (24LL * 60 * 60 * 1000)

/* ---- may it be ------------------------------------------------------------------------------- */

static bool refuse(Ctx *c, const char *key)
{
    return ctx_fail(c, ERR_UNDO_REFUSED, NULL, key);
}

/* The merge as it is kept. *undone, *later: it was taken back already; another one came behind it. */
static bool read_log(Ctx *c, MergeUndo *u, bool *undone, bool *later)
{
    DbVal p[] = {db_of_int(u->id)};
    int mark = c->n_err;
    json_object *ids = NULL;
    DbRows *r =
        db_query(c,
                 SQL("SELECT l.\"entity\", l.\"survivor\", l.\"merged_ids\", l.\"at\", "
                     "l.\"undo_payload\", l.\"undone_at\", (SELECT COUNT(*) FROM "
                     "\"merge_log\" AS n WHERE n.\"survivor\" = l.\"survivor\" AND n.\"id\" "
                     "> l.\"id\" AND n.\"undone_at\" IS NULL) FROM \"merge_log\" AS l "
                     "WHERE l.\"id\" = $1"),
                 p, 1);
    if (!r)
        return false;
    bool found = db_step(r);
    u->m = (Merge){.o = {.if_version = -1, .origin = "web"}, .id = u->id};
    const char *text = NULL;
    if (found) {
        u->m.e = model_entity(c->model, db_text(r, 0));
        u->m.survivor = db_int(r, 1);
        text = db_text_copy(c->a, r, 2);
        u->at = db_int(r, 3);
        u->payload = db_is_null(r, 4) ? NULL : db_text_copy(c->a, r, 4);
        *undone = !db_is_null(r, 5);
        *later = db_int(r, 6) > 0;
    }
    db_done(r);
    if (c->n_err != mark)
        return false;
    if (!text || !u->m.e || !(u->m.e->gets & GETS_MERGE) || !json_read(c, text, strlen(text), &ids))
        return c->n_err == mark && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    for (size_t i = 0; i < json_length(ids) && i < MERGE_MOST; i++)
        u->m.merged[u->m.n++] = json_object_get_int64(json_object_array_get_idx(ids, i));
    return true;
}

/* The caller may merge, change the one and bring back the others: whoever may do that may undo it, and nobody else. */
static bool may(Ctx *c, MergeUndo *u, bool *erased)
{
    const Entity *e = u->m.e;
    *erased = false;
    /* the survivor may lie in the bin, or be merged on: he hears of that only where he would see it there */
    if (!access_may(c, e, ACT_MERGE) || !access_may(c, e, ACT_EDIT) ||
        !access_may(c, e, ACT_DELETE))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (!rec_get(c, e, u->m.survivor, true, &u->m.s) ||
        !rec_get_for(c, e, u->m.survivor, ACT_DELETE, &u->m.s))
        return false;
    for (int i = 0; i < u->m.n; i++) {
        if (!rec_load(c, e, u->m.merged[i], &u->m.r[i])) {
            *erased = c->n_err == 0;
            return c->n_err == 0;
        }
        if (!rec_get(c, e, u->m.merged[i], true, &u->m.r[i]))
            return false;
    }
    Filter *merge = access_scope(c, e, ACT_MERGE), *del = access_scope(c, e, ACT_DELETE);
    bool ok = rec_within(c, e, u->m.survivor, merge) &&
              rec_within(c, e, u->m.survivor, access_scope(c, e, ACT_EDIT));
    for (int i = 0; ok && i < u->m.n; i++)
        ok = rec_within(c, e, u->m.merged[i], merge) && rec_within(c, e, u->m.merged[i], del);
    return ok || (c->n_err == 0 && ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden_record"));
}

/* What hangs on the survivor of one owner goes to the record of another, like a merge the other way: it is asked what that asks.
   Where they are of the same owner nothing is handed over. */
static bool handed_back(Ctx *c, const MergeUndo *u, const Record *r)
{
    Record s = u->m.s;
    const ApprovalAsk from = {
        .op = APPROVE_TRANSFER, .e = u->m.e, .id = s.id, .before = u->m.s.v, .words = held_words};
    const ApprovalAsk to = {
        .op = APPROVE_TRANSFER, .e = u->m.e, .id = r->id, .before = r->v, .words = held_words};
    return value_same(&r->v[STD_OWNER], &s.v[STD_OWNER]) ||
           (rec_get_for(c, u->m.e, s.id, ACT_TRANSFER, &s) && approval_holds(c, &from) &&
            approval_holds(c, &to));
}

/* What it belongs to lies in the bin, or is gone: it would be alone there, as a restore of it would be. */
static bool whole_lives(Ctx *c, const Record *r)
{
    int mark = c->n_err;
    int64_t id;
    if (children_whole_lives(c, r))
        return true;
    if (c->n_err != mark + 1 || c->err_last->code != ERR_CONFLICT)
        return false;
    ctx_errors_back_to(c, mark);
    return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "err.restore_parent",
                    label_in(children_whole(r->e, r->v, &id)->label, c->lang));
}

static bool allowed(Ctx *c, MergeUndo *u)
{
    bool undone = false, later = false, erased;
    int64_t days = conf_int("merge.undo_days");
    if (!read_log(c, u, &undone, &later) || !may(c, u, &erased))
        return false;
    if (undone)
        return refuse(c, "err.merge_undone");
    if (merge_is_gone(&u->m.s))
        return refuse(c, "err.merge_merged_on");
    if (u->m.s.v[STD_DELETED_AT].kind != DB_NULL)
        return refuse(c, "err.merge_survivor_gone");
    if (c->now_ms > u->at + days * DAY_MS)
        return ctx_fail(c, ERR_UNDO_REFUSED, NULL, "err.merge_late", ctx_num(c, days));
    if (erased || !u->payload)
        return refuse(c, "err.merge_erased");
    if (later)
        return refuse(c, "err.merge_later");
    for (int i = 0; i < u->m.n; i++) {
        const ApprovalAsk what = {.op = APPROVE_RESTORE,
                                  .e = u->m.e,
                                  .id = u->m.merged[i],
                                  .before = u->m.r[i].v,
                                  .words = held_words};
        if (!merge_is_gone(&u->m.r[i]) ||
            u->m.r[i].v[entity_field(u->m.e, "merged_into")->index].i != u->m.survivor)
            return refuse(c, "err.merge_erased");
        if (!whole_lives(c, &u->m.r[i]) || !approval_holds_whole(c, &what) ||
            !handed_back(c, u, &u->m.r[i]))
            return false;
    }
    return true;
}

/* ---- the records ----------------------------------------------------------------------------- */

/* Former links that nothing may lead by any more stay as they are: their target is gone, or hangs on the survivor now. */
static bool keep_dead_links(Ctx *c, MergeUndo *u, unsigned char *changed, const DbVal *v)
{
    const Entity *e = u->m.e;
    DbVal *then = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    for (int i = 0; i < e->n_fields; i++)
        then[i] = changed[i] ? v[i] : u->m.s.v[i];
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        const Entity *to = f->type == FT_LINK ? link_target(f, then) : NULL;
        int mark = c->n_err;
        bool circle = false;
        Record r;
        if (!changed[i] || v[i].kind != DB_INT || !to)
            continue;
        bool lives =
            rec_load(c, to, v[i].i, &r) && (!to->standard || r.v[STD_DELETED_AT].kind == DB_NULL);
        if (c->n_err != mark || (lives && f->to && to == e && !f->may_circle &&
                                 !link_closes_circle(c, f, u->m.survivor, v[i].i, &circle)))
            return false;
        if (lives && !circle)
            continue;
        changed[i] = 0;
        if (!f->readonly && !f->hidden)
            u->stay[e - c->model->entities]++;
    }
    return true;
}

/* Fields that people write go back like a change of theirs, those of the program as they were. */
static bool survivor_back(Ctx *c, MergeUndo *u)
{
    const Entity *e = u->m.e;
    const Record *s = &u->m.s;
    unsigned char *changed = ARENA_ARRAY(c->a, e->n_fields, unsigned char);
    DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal),
          *values = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    int *fields = ARENA_ARRAY(c->a, e->n_fields, int), n = 0;
    const char *said = merge_changes(c, NULL, u->id, 0, u->m.r, u->m.n);
    if (!merge_back(c, s, u->payload, changed, v) || !keep_dead_links(c, u, changed, v))
        return false;
    for (int i = 0; i < e->n_fields; i++)
        if (changed[i] && (e->fields[i].readonly || e->fields[i].hidden)) {
            values[n] = v[i];
            fields[n++] = i;
            changed[i] = 0;
        }
    json_object *in = merge_input(c, e, changed, v);
    SaveOptions o = {.if_version = -1,
                     .origin = "web",
                     .trusted = true,
                     .held = true,
                     .held_words = held_words,
                     .no_duplicates = true};
    SaveWork *w = in ? save_new(c, e, s->id, in, &o, "unmerge") : NULL;
    if (w && !save_prepare(c, w))
        return false;
    if (w && !w->nothing) {
        w->changes = merge_changes(c, w->changes, u->id, 0, u->m.r, u->m.n);
        if (!save_commit(c, w))
            return false;
    } else {
        const int stamp[] = {STD_VERSION, STD_UPDATED_AT, STD_UPDATED_BY};
        const DbVal now[] = {db_of_int(s->version + 1), db_of_int(c->now_ms),
                             c->actor->user ? db_of_int(c->actor->user) : db_null()};
        if (!rec_touch(c, e, s->id, stamp, now, 3) || !merge_note(c, s, "unmerge", said) ||
            !outbox_event(c, e, s->id, "updated"))
            return false;
    }
    return n == 0 || rec_touch(c, e, s->id, fields, values, n);
}

static bool audit(Ctx *c, const Record *r)
{
    AuditEntry a = {.action = "unmerge",
                    .entity = r->e->name,
                    .record = r->id,
                    .record_name = history_record_name(c, r->e, r->v)};
    return !(r->e->gets & GETS_AUDIT) || audit_add(c, &a);
}

static bool others_back(Ctx *c, MergeUndo *u)
{
    const Entity *e = u->m.e;
    const char *said = merge_changes(c, NULL, u->id, 0, u->m.r, u->m.n);
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" SET \"deleted_at\" = NULL, \"deleted_by_id\" = NULL, "));
    sql_name(&q, entity_field(e, "merged_into")->column);
    sql_add(&q, SQL(" = NULL"));
    merge_stamp(c, &q);
    sql_add(&q, SQL(" WHERE \"deleted_at\" IS NOT NULL AND \"id\""));
    merge_in(&q, &u->m);
    if (!sql_exec(c, &q))
        return false;
    if (db_changes(c) != u->m.n)
        return ctx_fail(c, ERR_STALE, NULL, "err.stale");
    for (int i = 0; i < u->m.n; i++) {
        const Record *r = &u->m.r[i];
        if (!search_put(c, e, r->id, r->v) || !audit(c, r) || !merge_note(c, r, "unmerge", said) ||
            !outbox_event(c, e, r->id, "restored"))
            return false;
    }
    return true;
}

static bool is_of(const Merge *m, int64_t id)
{
    bool mine = id == m->survivor;
    for (int i = 0; i < m->n; i++)
        mine = mine || id == m->merged[i];
    return mine;
}

/* "name and mobile" of the rule, as people read it. */
static const char *fields_of(Ctx *c, const Entity *e, const char *rule, const char **first)
{
    Buf b;
    buf_init(&b, c->a);
    for (int i = 0; i < e->n_dups; i++)
        for (const char *const *f = e->dups[i].fields; strcmp(e->dups[i].name, rule) == 0 && *f;
             f++) {
            if (!b.len)
                *first = *f;
            buf_printf(&b, "%s%s", b.len ? msg_text(c->lang, "merge.and") : "",
                       label_in(entity_field(e, *f)->label, c->lang));
        }
    return b.data;
}

/* What has to be done first is said: at which fields, of which record. */
static bool taken(Ctx *c, const Record *r, const Duplicate *d)
{
    const Field *t = r->e->title;
    const char *first = NULL, *fields = fields_of(c, r->e, d->rule, &first),
               *title = type_ops(t->type)->to_text(c->a, t, &r->v[t->index], c->lang);
    return d->visible
               ? ctx_fail(c, ERR_DUPLICATE, first, "err.merge_undo_taken", fields, title,
                          d->label ? d->label : "")
               : ctx_fail(c, ERR_DUPLICATE, first, "err.merge_undo_taken_foreign", fields, title);
}

/* Somebody may have entered one of them anew meanwhile: what blocks a new record blocks its return. Among themselves they
   were as they were. */
static bool still_unique(Ctx *c, MergeUndo *u)
{
    for (int i = 0; i < u->m.n; i++) {
        Duplicate *found;
        int n = 0;
        const Record *r = &u->m.r[i];
        if (!dedupe_alone(c, r->e, r->v) ||
            !rec_duplicates(c, r->e, r->v, r->id, CH_WEB, &found, &n))
            return false;
        for (int k = 0; k < n; k++)
            if (found[k].action == DUP_BLOCK && !is_of(&u->m, found[k].id))
                return taken(c, r, &found[k]);
    }
    return true;
}

/* ---- the way --------------------------------------------------------------------------------- */

static bool figures(Ctx *c, MergeUndo *u)
{
    const RecordHooks *h = hooks_of(u->m.e);
    int64_t ids[MERGE_MOST + 1];
    memcpy(ids, u->m.merged, sizeof u->m.merged);
    ids[u->m.n] = u->m.survivor;
    if (!recount_rows(c, u->m.e, ids, u->m.n + 1) || !recount_wholes(c, u->m.e, ids, u->m.n + 1))
        return false;
    for (int i = 0; h && h->after_unmerge && i <= u->m.n; i++) {
        Record now;
        if (!rec_load(c, u->m.e, ids[i], &now) || !h->after_unmerge(c, &now))
            return false;
    }
    if (!merge_hooks_left(c, u))
        return false;
    Record s; /* its words are its own again */
    return rec_load(c, u->m.e, u->m.survivor, &s) && search_put(c, u->m.e, s.id, s.v);
}

static bool close_log(Ctx *c, const MergeUndo *u)
{
    DbVal p[] = {db_of_int(u->id), db_of_int(c->now_ms),
                 c->actor->user ? db_of_int(c->actor->user) : db_null()};
    return merge_tell(c, u->id) &&
           db_exec(c,
                   SQL("UPDATE \"merge_log\" SET \"undone_at\" = $2, \"undone_by_id\" = $3, "
                       "\"undo_payload\" = NULL WHERE \"id\" = $1"),
                   p, 3) &&
           db_exec(c, SQL("DELETE FROM \"merge_row\" WHERE \"merge_id\" = $1"), p, 1);
}

static bool undo_in_write(Ctx *c, void *arg)
{
    MergeUndo *u = arg;
    int64_t ids[MERGE_MOST + 1];
    bool undone, later;
    if (!db_alone(c, "merge") || !read_log(c, u, &undone, &later))
        return false;
    memcpy(ids, u->m.merged, sizeof u->m.merged);
    ids[u->m.n] = u->m.survivor;
    /* the others first: the survivor may have led to one of them; then the rows: to one of those */
    if (!merge_lock(c, u->m.e, ids, u->m.n + 1) || !allowed(c, u) || !others_back(c, u) ||
        !merge_rows_back(c, u) || !survivor_back(c, u) || !still_unique(c, u) || !figures(c, u) ||
        !close_log(c, u))
        return false;
    merge_left(c, u);
    return true;
}

/* Who may merge nothing at all is told so before anything is looked for: no number says whether it is one. */
static bool merges_anything(Ctx *c)
{
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        if ((e->gets & GETS_MERGE) && access_may(c, e, ACT_MERGE))
            return true;
    }
    return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
}

bool merge_undo(Ctx *c, int64_t merge, Buf *out)
{
    MergeUndo u = {.id = merge};
    Jw w;
    if (!merges_anything(c) || !db_write(c, undo_in_write, &u))
        return false;
    merge_known(c, &u.m);
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "merge");
    jw_obj(&w);
    jw_kint(&w, "id", merge);
    jw_end(&w);
    jw_kstr(&w, "entity", u.m.e->name);
    jw_kint(&w, "survivor", u.m.survivor);
    jw_key(&w, "restored");
    jw_arr(&w);
    for (int i = 0; i < u.m.n; i++)
        jw_int(&w, u.m.merged[i]);
    jw_end(&w);
    jw_kraw(&w, "left", u.left);
    jw_end(&w);
    return true;
}

static bool forget_payloads(Ctx *c, void *before)
{
    return db_exec(c,
                   SQL("UPDATE \"merge_log\" SET \"undo_payload\" = NULL WHERE \"at\" < $1 AND "
                       "\"undo_payload\" IS NOT NULL"),
                   before, 1);
}

bool merge_forget(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms - conf_int("merge.undo_days") * DAY_MS)};
    return pace_delete(c,
                       SQL("DELETE FROM \"merge_row\" WHERE (\"merge_id\", \"entity\", \"field\", "
                           "\"kind\", \"record_id\", \"was\") IN (SELECT \"merge_id\", "
                           "\"entity\", \"field\", \"kind\", \"record_id\", \"was\" FROM "
                           "\"merge_row\" WHERE \"merge_id\" IN (SELECT \"id\" FROM "
                           "\"merge_log\" WHERE \"at\" < $1) LIMIT $2)"),
                       p, 1) &&
           db_write(c, forget_payloads, &p[0]);
}
