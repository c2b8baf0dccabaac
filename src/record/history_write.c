/* What a save leaves behind. See history.h. */
#include "record/history.h"

#include "base/crypt.h"
#include "base/id.h"
#include "db/sql.h"

static void put_raw(Jw *w, const DbVal *v)
{
    switch (v->kind) {
    case DB_NULL:
    case DB_BLOB: jw_null(w); break;
    case DB_INT: jw_int(w, v->i); break;
    case DB_REAL: jw_real(w, v->d); break;
    case DB_TEXT: jw_strn(w, v->s, v->n); break;
    }
}

/* Secrets leave no trace of their value; what the program stamps on every save says nothing. */
static bool is_told(const Entity *e, const Field *f)
{
    if (f->hidden || f->write_only || f->type == FT_PARTS || f->type == FT_FILES)
        return false;
    if (f->type == FT_LINK_MANY)
        return true;
    if (!f->column || f->index == STD_ID)
        return false;
    return !e->standard || f->index == STD_OWNER || f->index == STD_OWNER_DEPARTMENT ||
           f->index == STD_EXT_SOURCE || f->index == STD_EXT_ID || f->index >= STD__COUNT;
}

static const SaveMany *many_of(const SaveWork *w, const Field *f)
{
    for (int i = 0; i < w->n_many; i++)
        if (w->many[i].f == f)
            return &w->many[i];
    return NULL;
}

static void put_ids(Jw *w, const int64_t *ids, int n)
{
    jw_arr(w);
    for (int i = 0; i < n; i++)
        jw_int(w, ids[i]);
    jw_end(w);
}

char *history_digest(Arena *a, const char *text, size_t n)
{
    char *hex = arena_alloc(a, 65);
    crypt_sha256_hex(text, n, hex);
    return hex;
}

const char *history_record_name(Ctx *c, const Entity *e, const DbVal *v)
{
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].type == FT_NUMBER && v[i].kind == DB_TEXT)
            return arena_dup(c->a, v[i].s, v[i].n);
    const Field *t = e->title;
    if (t->column && !t->personal && t->type != FT_TEXT && v[t->index].kind == DB_TEXT)
        return arena_dup(c->a, v[t->index].s, v[t->index].n);
    return NULL;
}

char *history_one(Ctx *c, const Field *f, const DbVal *before, const DbVal *after)
{
    Buf b;
    buf_init(&b, c->a);
    Jw w;
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, f->name);
    jw_arr(&w);
    put_raw(&w, before);
    put_raw(&w, after);
    jw_end(&w);
    jw_end(&w);
    return b.data;
}

void history_prepare(Ctx *c, SaveWork *w)
{
    const Entity *e = w->s.e;
    const DbVal none = db_null();
    bool whole = (e->gets & GETS_AUDIT) != 0, due = whole;
    int n = 0;
    Buf both, names, old, new;
    Jw jb, jn, jo, ja;
    buf_init(&both, c->a);
    buf_init(&names, c->a);
    buf_init(&old, c->a);
    buf_init(&new, c->a);
    jw_init(&jb, &both);
    jw_init(&jn, &names);
    jw_init(&jo, &old);
    jw_init(&ja, &new);
    jw_obj(&jb);
    jw_arr(&jn);
    jw_arr(&jo);
    jw_arr(&ja);
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        const SaveMany *m = f->type == FT_LINK_MANY ? many_of(w, f) : NULL;
        const DbVal *was = w->s.before ? &w->s.before[i] : &none, *is = &w->s.after[i];
        if (w->s.is_new ? !m && is->kind == DB_NULL : !w->s.changed[i])
            continue;
        if ((f->write_only || f->hidden) &&
            w->s.changed[i]) { /* a password was set: the fact, not the value */
            jw_str(&jn, f->name);
            due |= whole;
        }
        if (!is_told(e, f))
            continue;
        n++;
        due |= f->audit && !w->s.is_new;
        jw_str(&jn, f->name);
        jw_key(&jb, f->name);
        jw_arr(&jb);
        if (m) {
            put_ids(&jb, m->old, m->n_old);
            put_ids(&jb, m->ids, m->n);
            put_ids(&jo, m->old, m->n_old);
            put_ids(&ja, m->ids, m->n);
        } else {
            put_raw(&jb, was);
            put_raw(&jb, is);
            put_raw(&jo, was);
            put_raw(&ja, is);
        }
        jw_end(&jb);
    }
    if (w->reason)
        jw_kstr(&jb, "_reason", w->reason);
    jw_end(&jb);
    jw_end(&jn);
    jw_end(&jo);
    jw_end(&ja);
    if ((e->gets & GETS_HISTORY) && (n || w->reason))
        w->changes = both.data;
    if (!due)
        return;
    w->record_name = history_record_name(c, e, w->s.after);
    Buf audit;
    Jw j;
    buf_init(&audit, c->a);
    jw_init(&j, &audit);
    jw_obj(&j);
    jw_kraw(&j, "fields", names.data);
    if (!w->s.is_new)
        jw_kstr(&j, "before", history_digest(c->a, old.data, old.len));
    jw_kstr(&j, "after", history_digest(c->a, new.data, new.len));
    jw_end(&j);
    w->audit = audit.data;
}

bool history_add(Ctx *c, const Entity *e, int64_t id, const char *action, const char *changes)
{
    if (!(e->gets & GETS_HISTORY))
        return true;
    DbVal p[] = {db_of_int(id_new()),
                 db_of_text(e->name),
                 db_of_int(id),
                 db_of_int(c->now_ms),
                 c->actor->user ? db_of_int(c->actor->user) : db_null(),
                 db_of_text(action),
                 db_of_text(channel_name(c->actor->channel)),
                 db_of_text(changes)};
    return db_send(c,
                   SQL("INSERT INTO \"history\" (\"id\", \"entity\", \"record_id\", \"at\", "
                       "\"user_id\", \"action\", "
                       "\"channel\", \"changes\") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
                   p, 8);
}

bool history_add_many(Ctx *c, const Entity *e, const int64_t *ids, const char *const *changes,
                      int n, const char *action)
{
    enum { BLOCK = 200 };
    if (!(e->gets & GETS_HISTORY))
        return true;
    for (int at = 0; at < n; at += BLOCK) {
        Sql q;
        sql_init(&q, c->a);
        sql_add(&q, SQL("INSERT INTO \"history\" (\"id\", \"entity\", \"record_id\", \"at\", "
                        "\"user_id\", \"action\", \"channel\", \"changes\") VALUES "));
        for (int i = at; i < n && i < at + BLOCK; i++) {
            const DbVal v[] = {db_of_int(id_new()),
                               db_of_text(e->name),
                               db_of_int(ids[i]),
                               db_of_int(c->now_ms),
                               c->actor->user ? db_of_int(c->actor->user) : db_null(),
                               db_of_text(action),
                               db_of_text(channel_name(c->actor->channel)),
                               db_of_text(changes[i])};
            for (int k = 0; k < (int)(sizeof v / sizeof *v); k++) {
                sql_add(&q, k ? SQL(", ") : i > at ? SQL("), (") : SQL("("));
                sql_bind(&q, v[k]);
            }
        }
        sql_add(&q, SQL(")"));
        if (!sql_send(c, &q))
            return false;
    }
    return true;
}
