/* A merge from the first look to the last row. Everything is one write; a preview is the same, undone before rows move. See merge.h. */
#include "record/merge/merge.h"

#include <string.h>

#include "base/id.h"
#include "entity_ids.h"
#include "record/former.h"
#include "record/history.h"
#include "record/link_resolve.h"
#include "record/merge/impl.h"
#include "record/outbox.h"
#include "record/recount.h"
#include "record/rule/rule.h"
#include "record/search.h"
#include "record/write_row.h"

enum { HEARD_MOST = 1000 }; /* merges at once: of more, all that was ever merged is read */

bool merge_is_gone(const Record *r)
{
    const Field *f = r->e->gets & GETS_MERGE ? entity_field(r->e, "merged_into") : NULL;
    return f && r->v[f->index].kind == DB_INT && r->v[STD_DELETED_AT].kind != DB_NULL;
}

static bool visible(Ctx *c, const Entity *e, int64_t id, const char **label)
{
    LinkLabels *l = link_labels_new(c);
    link_labels_want(l, e, id);
    if (!access_may(c, e, ACT_READ) || !rec_within(c, e, id, access_scope(c, e, ACT_READ)) ||
        !link_labels_fetch(c, l))
        return false;
    *label = link_label(l, e, id);
    return *label != NULL;
}

bool merge_went(Ctx *c, const Entity *e, int64_t id, int64_t *to, const char **label)
{
    enum { LONGEST = 64 };
    int mark = c->n_err;
    Record r;
    *to = 0;
    if (!(e->gets & GETS_MERGE))
        return true;
    for (int i = 0; i < LONGEST && rec_load(c, e, id, &r); i++) {
        if (!merge_is_gone(&r)) {
            if (i > 0 && r.v[STD_DELETED_AT].kind == DB_NULL && visible(c, e, id, label))
                *to = id;
            break;
        }
        id = r.v[entity_field(e, "merged_into")->index].i;
    }
    return c->n_err == mark;
}

bool merge_that_took(Ctx *c, const Entity *e, int64_t id, int64_t *merge)
{
    DbVal p[] = {db_of_int(id), db_of_text(e->name)};
    return db_one_int(
        c,
        SQL("SELECT MAX(w.\"merge_id\") FROM \"merge_row\" AS w JOIN \"merge_log\" AS l ON "
            "l.\"id\" = w.\"merge_id\" WHERE w.\"record_id\" = $1 AND w.\"kind\" = 'gone' "
            "AND w.\"entity\" = $2 AND l.\"undo_payload\" IS NOT NULL"),
        p, 2, merge, NULL);
}

bool merge_lock(Ctx *c, const Entity *e, const int64_t *ids, int n)
{
    Sql q;
    DbIds found = {0};
    if (!db_alone(c, "merge"))
        return false;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" WHERE \"id\" IN "));
    sql_bind_ids(&q, ids, n);
    sql_add(&q, SQL(" ORDER BY \"id\""));
    sql_hold(c, &q, true);
    return db_ids(c, sql_query(c, &q), &found);
}

/* ---- what is left behind --------------------------------------------------------------------- */

/* Its number; a name would outlive the erasing of whose it is. */
static const char *number_of(Ctx *c, const Record *r)
{
    for (int i = 0; i < r->e->n_fields; i++)
        if (r->e->fields[i].type == FT_NUMBER && r->v[i].kind == DB_TEXT)
            return arena_dup(c->a, r->v[i].s, r->v[i].n);
    return NULL;
}

const char *merge_changes(Ctx *c, const char *changes, int64_t id, int64_t into, const Record *r,
                          int n)
{
    Buf b;
    Jw w;
    size_t len = changes ? strlen(changes) : 0;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kint(&w, "id", id);
    if (into)
        jw_kint(&w, "into", into);
    jw_key(&w, "merged");
    jw_arr(&w);
    for (int i = 0; i < n; i++) {
        jw_obj(&w);
        jw_kint(&w, "id", r[i].id);
        jw_kstr(&w, "name", number_of(c, &r[i]));
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return arena_printf(c->a, "%.*s%s\"_merge\":%s}", len > 2 ? (int)len - 1 : 1,
                        len > 2 ? changes : "{", len > 2 ? "," : "", b.data);
}

static const char *changes_of_audit(Ctx *c, int64_t id, int64_t survivor)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kint(&w, "merge", id);
    if (survivor)
        jw_kint(&w, "into", survivor);
    jw_end(&w);
    return b.data;
}

static bool audit(Ctx *c, const Record *r, const char *action, const char *changes)
{
    AuditEntry a = {.action = action,
                    .entity = r->e->name,
                    .record = r->id,
                    .record_name = history_record_name(c, r->e, r->v),
                    .changes = changes};
    return !(r->e->gets & GETS_AUDIT) || audit_add(c, &a);
}

bool merge_note(Ctx *c, const Record *r, const char *action, const char *changes)
{
    return history_add(c, r->e, r->id, action, changes) && db_change(c, r->e->name, r->id);
}

/* ---- the survivor ---------------------------------------------------------------------------- */

/* Nothing of its fields changes, but what hangs on it does. */
static bool bump(Ctx *c, Merge *m)
{
    const int fields[] = {STD_VERSION, STD_UPDATED_AT, STD_UPDATED_BY};
    const DbVal values[] = {db_of_int(m->s.version + 1), db_of_int(c->now_ms),
                            c->actor->user ? db_of_int(c->actor->user) : db_null()};
    Sql q;
    write_row_set(c, m->e, fields, values, 3, &q);
    sql_add(&q, SQL(" WHERE t0.\"id\" = "));
    sql_bind(&q, db_of_int(m->survivor));
    return sql_exec(c, &q) && audit(c, &m->s, "merge", changes_of_audit(c, m->id, 0)) &&
           merge_note(c, &m->s, "merge", merge_changes(c, NULL, m->id, 0, m->r, m->n)) &&
           outbox_event(c, m->e, m->survivor, "updated");
}

static bool save(Ctx *c, Merge *m, SaveWork *w)
{
    if (!w || w->nothing)
        return bump(c, m);
    w->changes = merge_changes(c, w->changes, m->id, 0, m->r, m->n);
    return save_commit(c, w);
}

/* ---- the others ------------------------------------------------------------------------------ */

static bool bury(Ctx *c, const Merge *m)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, m->e->name);
    sql_add(&q, SQL(" SET \"deleted_at\" = "));
    sql_bind(&q, db_of_int(c->now_ms));
    sql_add(&q, SQL(", \"deleted_by_id\" = "));
    sql_bind(&q, c->actor->user ? db_of_int(c->actor->user) : db_null());
    sql_add(&q, SQL(", "));
    sql_name(&q, entity_field(m->e, "merged_into")->column);
    sql_add(&q, SQL(" = "));
    sql_bind(&q, db_of_int(m->survivor));
    merge_stamp(c, &q);
    sql_add(&q, SQL(" WHERE \"deleted_at\" IS NULL AND \"id\""));
    merge_in(&q, m);
    if (!sql_exec(c, &q))
        return false;
    if (db_changes(c) != m->n)
        return ctx_fail(c, ERR_STALE, NULL, "err.stale");
    for (int i = 0; i < m->n; i++) {
        const Record *r = &m->r[i];
        DbVal p[] = {db_of_int(m->id), db_of_text(m->e->name), db_of_int(r->id)};
        if (!db_exec(
                c,
                SQL("INSERT INTO \"merge_row\" (\"merge_id\", \"kind\", \"entity\", \"field\", "
                    "\"record_id\", \"was\") VALUES ($1, 'gone', $2, 'merged_into', $3, 0)"),
                p, 3) ||
            ((m->e->gets & GETS_SEARCH) && !sql_search_remove(c, m->e->name, r->id)) ||
            !audit(c, r, "merge", changes_of_audit(c, m->id, m->survivor)) ||
            !merge_note(c, r, "merge", merge_changes(c, NULL, m->id, m->survivor, m->r, m->n)) ||
            !outbox_event(c, m->e, r->id, "deleted"))
            return false;
    }
    return true;
}

/* ---- the row that says so -------------------------------------------------------------------- */

static const char *ids_json(Ctx *c, const Merge *m)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_arr(&w);
    for (int i = 0; i < m->n; i++)
        jw_int(&w, m->merged[i]);
    jw_end(&w);
    return b.data;
}

static bool keep(Ctx *c, Merge *m, const Record *now)
{
    const Entity *e = model_entity(c->model, "merge_log");
    DbVal *v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
    v[MERGE_LOG_ID] = db_of_int(m->id);
    v[MERGE_LOG_ENTITY] = db_of_text(m->e->name);
    v[MERGE_LOG_SURVIVOR] = db_of_int(m->survivor);
    v[MERGE_LOG_MERGED_IDS] = db_of_text(ids_json(c, m));
    v[MERGE_LOG_FIELD_CHOICES] = db_of_text(
        m->choose
            ? arena_str(c->a, json_object_to_json_string_ext(m->choose, JSON_C_TO_STRING_PLAIN))
            : NULL);
    v[MERGE_LOG_RELINKED] = db_of_text(m->moved);
    v[MERGE_LOG_BY] = c->actor->user ? db_of_int(c->actor->user) : db_null();
    v[MERGE_LOG_AT] = db_of_int(c->now_ms);
    v[MERGE_LOG_UNDO_PAYLOAD] = db_of_text(merge_payload(c, &m->s, now));
    return rec_insert_bare(c, e, v);
}

/* A link of the survivor to its own kind must not lead back to it, by way of what hung on the others. */
static bool no_circle(Ctx *c, const Merge *m, const Record *now)
{
    for (int i = 0; i < m->e->n_fields; i++) {
        const Field *f = &m->e->fields[i];
        if (f->type == FT_LINK && f->to && strcmp(f->to, m->e->name) == 0 && !f->may_circle &&
            f->column && now->v[i].kind == DB_INT && !link_no_cycle(c, f, m->survivor, now->v[i].i))
            return false;
    }
    return true;
}

static bool moved(Ctx *c, Merge *m)
{
    const RecordHooks *h = hooks_of(m->e);
    int64_t ids[MERGE_MOST + 1];
    Record now;
    memcpy(ids, m->merged, sizeof m->merged);
    ids[m->n] = m->survivor;
    if (!merge_relink(c, m) || !recount_rows(c, m->e, ids + m->n, 1) ||
        !recount_wholes(c, m->e, ids, m->n + 1) || !rec_load(c, m->e, m->survivor, &now) ||
        !no_circle(c, m, &now))
        return false;
    if (h && h->after_merge && !h->after_merge(c, m->id, &now, m->r, m->n))
        return false;
    return rec_load(c, m->e, m->survivor, &now) && search_put(c, m->e, now.id, now.v) &&
           keep(c, m, &now) && idempotency_keep(c, &m->key, m->e, m->id) && merge_tell(c, m->id);
}

/* The same request came before and was carried out: what it was answered. */
static bool answered(Ctx *c, Merge *m, bool *was)
{
    int64_t id = 0;
    *was = false;
    if (m->preview || !idempotency_given(c, &m->key, m->e, &id) || !id)
        return c->n_err == 0;
    DbVal p[] = {db_of_int(id)};
    *was = true;
    m->id = id;
    m->moved = "{}";
    return db_one_text(c, SQL("SELECT \"relinked\" FROM \"merge_log\" WHERE \"id\" = $1"), p, 1,
                       &m->moved, NULL) &&
           (m->moved || (m->moved = "{}"));
}

static bool in_write(Ctx *c, void *arg)
{
    Merge *m = arg;
    int64_t ids[MERGE_MOST + 1];
    bool before;
    json_object *in;
    SaveWork *w = NULL;
    m->seen = false;
    m->id = id_new();
    m->changes = "{}";
    memcpy(ids, m->merged, sizeof m->merged);
    ids[m->n] = m->survivor;
    if (!merge_lock(c, m->e, ids, m->n + 1) || !answered(c, m, &before))
        return false;
    if (before)
        return true;
    if (!merge_gate(c, m) || !merge_choose(c, m, &in))
        return false;
    SaveOptions o = m->o;
    o.agreed = true; /* what a flow asks is asked here, of the whole */
    o.if_version = -1;
    if (in) {
        w = save_new(c, m->e, m->survivor, in, &o, "merge");
        if (!save_prepare(c, w))
            return false;
        if (w->changes)
            m->changes = w->changes;
    }
    unsigned char *changed = ARENA_ARRAY(c->a, m->e->n_fields, unsigned char);
    if (w && !w->nothing)
        memcpy(changed, w->s.changed, (size_t)m->e->n_fields);
    const ApprovalMerge what = {m->e, &m->s, changed, m->r, m->n};
    if (!merge_joins(c, m, changed))
        return false;
    /* what the caller reads is counted before rows move into his sight or out of it, and before flows: who has to ask is told */
    if (!merge_count(c, m, &m->moved))
        return false;
    if (m->flows ? !m->flows(c, &what, m->arg) : !m->o.agreed && !approval_holds_merge(c, &what))
        return false;
    if (!bury(c, m) || !save(c, m, w))
        return false;
    if (!m->preview)
        return moved(c, m);
    m->seen = true;
    return ctx_fail(c, ERR_CONFLICT, NULL, "err.conflict", ""); /* what undoes it: see looked_at */
}

/* The same, taken back where it came to its end. */
static bool looked_at(Ctx *c, void *arg)
{
    Merge *m = arg;
    int mark = c->n_err;
    if (db_try(c, in_write, m) || !m->seen || c->n_err != mark + 1)
        return false;
    ctx_errors_back_to(c, mark);
    return true;
}

bool merge_would_move(Ctx *c, const Entity *e, int64_t survivor, const int64_t *ids, int n,
                      const char **out)
{
    Merge m = {.e = e, .survivor = survivor};
    for (int i = 0; i < n && m.n < MERGE_MOST; i++)
        m.merged[m.n++] = ids[i];
    return merge_count(c, &m, out);
}

void merge_known(Ctx *c, const Merge *m)
{
    int mark = c->n_err;
    if (db_in_write(c))
        return;
    former_learn(c, m->e, m->merged, m->n);
    rules_forget();
    ctx_errors_back_to(c, mark); /* the merge itself is done; the keeper hears of it, too */
}

/* The ids that went away, or came back, in those merges: of one entity each. false also where one of them is not known. */
static bool read_merged(Ctx *c, const DbIds *merges, DbIds *by_entity)
{
    typedef struct Row {
        const Entity *e;
        const char *ids;
    } Row;
    VEC(Row) rows = {0};
    int mark = c->n_err;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"entity\", \"merged_ids\" FROM \"merge_log\" WHERE \"id\" IN "));
    sql_bind_ids(&q, merges->items, (int)merges->n);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, &rows,
                 (Row){model_entity(c->model, db_text(r, 0)), db_text_copy(c->a, r, 1)});
    db_done(r);
    for (size_t i = 0; c->n_err == mark && i < rows.n; i++) {
        json_object *ids = NULL;
        if (!rows.items[i].e || !json_read(c, rows.items[i].ids, strlen(rows.items[i].ids), &ids))
            return false;
        for (size_t k = 0; k < json_length(ids); k++)
            vec_push(c->a, &by_entity[rows.items[i].e - c->model->entities],
                     json_object_get_int64(json_object_array_get_idx(ids, k)));
    }
    return c->n_err == mark && rows.n == merges->n;
}

bool merge_heard(Ctx *c, const int64_t *merges, int n)
{
    DbIds each = {0}, *by_entity = ARENA_ARRAY(c->a, (size_t)c->model->n, DbIds);
    int mark = c->n_err;
    for (int i = 0; i < n && each.n <= HEARD_MOST; i++) {
        bool again = false; /* a merge and its undo */
        for (size_t k = 0; k < each.n && !again; k++)
            again = each.items[k] == merges[i];
        if (!again)
            vec_push(c->a, &each, merges[i]);
    }
    if (each.n > HEARD_MOST || !read_merged(c, &each, by_entity)) {
        ctx_errors_back_to(c, mark);
        return former_load(c);
    }
    for (int i = 0; i < c->model->n; i++)
        if (!former_learn(c, &c->model->entities[i], by_entity[i].items, (int)by_entity[i].n))
            return false;
    return true;
}

bool merge_run(Ctx *c, Merge *m)
{
    int mark = c->n_err;
    if (!(m->e->gets & GETS_MERGE))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    if (m->preview)
        return db_write(c, looked_at, m) && c->n_err == mark;
    if (!db_write(c, in_write, m))
        return false;
    merge_known(c, m);
    return true;
}

void merge_write(const Merge *m, Jw *w)
{
    jw_obj(w);
    if (m->preview) {
        jw_kbool(w, "preview", true);
    } else {
        jw_key(w, "merge");
        jw_obj(w);
        jw_kint(w, "id", m->id);
        jw_end(w);
    }
    jw_kraw(w, "moved", m->moved);
}
