/* Rows of notification. See notify.h. */
#include "record/notify.h"

#include <string.h>

#include "base/conf.h"
#include "base/id.h"
#include "base/msg.h"
#include "base/vec.h"
#include "base/utf8.h"
#include "entity_ids.h"
#include "db/pace.h"
#include "record/history.h"
#include "record/notify_prefs.h"
#include "record/write_row.h"

enum { TITLE_MAX = 180, TEXT_MAX = 200 };

/* At most n bytes, whole characters. */
static const char *cut(Arena *a, const char *s, size_t n)
{
    if (!s || strlen(s) <= n)
        return s;
    return arena_printf(a, "%.*s…", (int)utf8_fit(s, n), s);
}

const char *notify_name(Ctx *c, const Entity *e, const DbVal *values)
{
    const DbVal *v = &values[e->title->index];
    return v->kind == DB_TEXT && v->n && !e->title->personal ? arena_dup(c->a, v->s, v->n)
                                                             : history_record_name(c, e, values);
}

bool notify_by_hand(const Ctx *c)
{
    return c->actor && c->actor->user != 0 &&
           (c->actor->channel == CH_WEB || c->actor->channel == CH_API);
}

DbVal *notify_row(Ctx *c, const NoticeReader *to, const Notice *n, const char *title)
{
    DbVal *v = ARENA_ARRAY(c->a, NOTIFICATION__N, DbVal); /* zeroed: NULL */
    v[NOTIFICATION_ID] = db_of_int(id_new());
    v[NOTIFICATION_USER] = db_of_int(to->user);
    v[NOTIFICATION_KIND] = db_of_text(n->kind);
    v[NOTIFICATION_TITLE] = db_of_text(cut(c->a, title, TITLE_MAX));
    v[NOTIFICATION_TEXT] = db_of_text(cut(c->a, n->text, TEXT_MAX));
    v[NOTIFICATION_ENTITY] = db_of_text(n->entity);
    v[NOTIFICATION_RECORD] = n->id ? db_of_int(n->id) : db_null();
    v[NOTIFICATION_CREATED_AT] = db_of_int(c->now_ms);
    return v;
}

static bool gather(Ctx *c, NoticeBatch *b, const NoticeReader *to, const Notice *n,
                   const char *title)
{
    DbVal *v = notify_row(c, to, n, title);
    int64_t id = v[NOTIFICATION_ID].i;
    vec_push(c->a, &b->rows, v);
    return db_change(c, "notification", id) && notify_out(c, &b->out, to, n, id, title);
}

bool notify_send(Ctx *c, NoticeBatch *b)
{
    const Entity *e = model_entity(c->model, "notification");
    return write_row_insert_many(c, e, b->rows.items, (int)b->rows.n, NULL) &&
           notify_out_send(c, &b->out);
}

const char *notify_sentence(Ctx *c, const NoticeReader *to, const Notice *n,
                            const char *const *key_and_args)
{
    const char *args[8] = {NULL};
    int n_args = 0;
    for (; key_and_args[n_args + 1] && n_args < 6; n_args++)
        args[n_args] = key_and_args[n_args + 1];
    if (n->what)
        args[n_args] = label_in(*n->what, to->lang);
    return msg_format(c->a, to->lang, key_and_args[0], args);
}

bool notify_gather(Ctx *c, NoticeBatch *b, const NoticeReader *to, const Notice *n,
                   const char *const *key_and_args)
{
    Notice as = *n;
    as.text = cut(c->a, n->text, TEXT_MAX);
    return gather(c, b, to, &as, cut(c->a, notify_sentence(c, to, n, key_and_args), TITLE_MAX));
}

bool notify_args(Ctx *c, const Notice *n, const char *const *key_and_args)
{
    NoticeBatch batch = {0};
    NoticeReader to;
    bool found = false;
    if (!n->user)
        return true;
    if (!notify_reader(c, n->user, &to, &found))
        return false;
    return !found || (notify_gather(c, &batch, &to, n, key_and_args) && notify_send(c, &batch));
}

bool notify_many(Ctx *c, const Notice *n, const char *title, const int64_t *users, int n_users)
{
    enum { BLOCK = 500 };
    Notice as = *n;
    title = cut(c->a, title, TITLE_MAX);
    as.text = cut(c->a, n->text, TEXT_MAX);
    for (int at = 0; at < n_users; at += BLOCK) {
        int n_block = n_users - at < BLOCK ? n_users - at : BLOCK, n_found = 0;
        NoticeReader *to = ARENA_ARRAY(c->a, n_block, NoticeReader);
        NoticeBatch batch = {0};
        if (!notify_readers(c, users + at, n_block, to, &n_found))
            return false;
        for (int i = 0; i < n_found; i++)
            if (!gather(c, &batch, &to[i], &as, title))
                return false;
        if (!notify_send(c, &batch))
            return false;
    }
    return true;
}

/* One by one: the sentence is in the language of each, and few people have a role of which somebody is told. */
bool notify_role_args(Ctx *c, const Notice *n, const char *role, int64_t but,
                      const char *const *key_and_args)
{
    DbVal p[] = {db_of_text(role), db_of_int(c->actor->user), db_of_int(but)};
    DbIds ids = {0};
    if (!db_ids(
            c,
            db_query(c,
                     SQL("SELECT DISTINCT u.\"id\" FROM \"role\" o JOIN \"rel_user_roles\" x ON "
                         "x.\"target\" = o.\"id\" JOIN \"user\" u ON u.\"id\" = x.\"id\" WHERE "
                         "o.\"code\" = $1 AND o.\"deleted_at\" IS NULL AND u.\"deleted_at\" IS "
                         "NULL AND u.\"status\" = 'active' AND u.\"id\" <> $2 AND u.\"id\" <> "
                         "$3 ORDER BY u.\"id\""),
                     p, 3),
            &ids))
        return false;
    for (size_t i = 0; i < ids.n; i++) {
        Notice one = *n;
        one.user = ids.items[i];
        if (!notify_args(c, &one, key_and_args))
            return false;
    }
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_in_write(Ctx *c, void *arg)
{
    const int64_t *id = arg;
    DbVal p[] = {db_of_int(c->now_ms), db_of_int(c->actor->user), db_of_int(*id)};
    return db_exec(c,
                   SQL("UPDATE \"notification\" SET \"read_at\" = $1 WHERE \"user_id\" = $2 AND "
                       "\"read_at\" IS NULL AND (\"id\" = $3 OR \"head\" = $3 OR $3 = 0)"),
                   p, 3) &&
           (db_changes(c) == 0 || db_change(c, "notification", *id));
}

bool notify_read(Ctx *c, int64_t id)
{
    return db_write(c, read_in_write, &id);
}

bool notify_read_of(Ctx *c, const char *entity, int64_t record)
{
    DbVal p[] = {db_of_int(c->now_ms), db_of_int(c->actor->user), db_of_text(entity),
                 db_of_int(record)};
    return db_exec(c,
                   SQL("UPDATE \"notification\" SET \"read_at\" = $1 WHERE \"user_id\" = $2 AND "
                       "\"read_at\" IS NULL AND \"entity\" = $3 AND \"record\" = $4"),
                   p, 4);
}

bool notify_told(Ctx *c, const ToldAsk *ask, const char *const **out)
{
    VEC(const char *) found = {0};
    static const char *const none[] = {NULL};
    Sql q;
    *out = none;
    if ((ask->ids && !ask->n) || !access_may(c, ask->e, ACT_READ))
        return true;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\", \"kind\", \"title\", \"text\", \"entity\", \"record\", "
                    "\"created_at\", \"members\" FROM \"notification\" WHERE \"read_at\" IS "
                    "NULL AND \"head\" IS NULL AND "
                    "\"user_id\" = "));
    sql_bind(&q, db_of_int(c->actor->user));
    sql_add(&q, SQL(" AND \"id\" IN "));
    rec_told_ids(&q, ask);
    sql_add(&q, SQL(" ORDER BY \"id\" LIMIT 50"));
    int mark = c->n_err;
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        Buf b;
        Jw w;
        buf_init(&b, c->a);
        jw_init(&w, &b);
        jw_obj(&w);
        jw_kint(&w, "id", db_int(r, 0));
        jw_kstr(&w, "kind", db_text(r, 1));
        jw_kstr(&w, "title", db_text(r, 2));
        jw_kstr(&w, "text", db_text(r, 3));
        jw_kstr(&w, "entity", db_text(r, 4));
        if (!db_is_null(r, 5))
            jw_kint(&w, "record", db_int(r, 5));
        jw_kinstant(&w, "created_at", db_int(r, 6));
        if (!db_is_null(r, 7))
            jw_kint(&w, "members", db_int(r, 7));
        jw_end(&w);
        vec_push(c->a, &found, b.data);
    }
    db_done(r);
    vec_push(c->a, &found, NULL);
    *out = found.items;
    return c->n_err == mark;
}

bool notify_purge(Ctx *c)
{
    DbVal p[] = {db_of_int(c->now_ms - conf_duration_ms("notification.keep"))};
    return pace_delete(c,
                       SQL("DELETE FROM \"notification\" WHERE \"id\" IN (SELECT \"id\" FROM "
                           "\"notification\" WHERE \"created_at\" < $1 LIMIT $2)"),
                       p, 1);
}
