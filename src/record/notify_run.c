/* Notices of one run, one a person. See notify_run.h. */
#include "record/notify_run.h"

#include <inttypes.h>
#include <string.h>

#include "db/sql.h"
#include "entity_ids.h"
#include "record/write_row.h"

enum { QUOTED = 3, LETTERS = 200 };

void notify_run_gather(Ctx *c, NoticeRun *r, const NoticeReader *to, const Notice *n,
                       const char *const *key_and_args)
{
    DbVal *row = notify_row(c, to, n, notify_sentence(c, to, n, key_and_args));
    row[NOTIFICATION_RUN] = db_of_text(r->key);
    vec_push(c->a, &r->all, ((NoticeOfRun){to, row}));
}

/* One person: what stands before, what came in this write. */
typedef struct Heap {
    const NoticeReader *to;
    int64_t front;     /* the row without a head, 0 for none yet */
    int64_t members;   /* of it; 0 where it is one about one record */
    const char *title; /* of that */
    int fresh;
} Heap;

static Heap *heap_of(Heap *all, int n, int64_t user)
{
    for (int i = 0; i < n; i++)
        if (all[i].to->user == user)
            return &all[i];
    return NULL;
}

/* Of whom the run has told before. */
static bool read_fronts(Ctx *c, const NoticeRun *r, Heap *all, int n)
{
    int64_t *users = ARENA_ARRAY(c->a, n, int64_t);
    int mark = c->n_err;
    Sql q;
    for (int i = 0; i < n; i++)
        users[i] = all[i].to->user;
    sql_init(&q, c->a);
    sql_add(&q,
            SQL("SELECT \"user_id\", \"id\", \"members\", \"title\" FROM \"notification\" WHERE "
                "\"head\" IS NULL AND \"run\" = "));
    sql_bind(&q, db_of_text(r->key));
    sql_add(&q, SQL(" AND \"user_id\" IN "));
    sql_bind_ids(&q, users, n);
    sql_add(&q, SQL(" ORDER BY \"id\""));
    sql_hold(c, &q, true); /* counted on: see notify_run_forget */
    DbRows *rows = sql_query(c, &q);
    if (!rows)
        return false;
    while (db_step(rows)) {
        Heap *h = heap_of(all, n, db_int(rows, 0));
        if (!h)
            continue;
        h->front = db_int(rows, 1);
        h->members = db_is_null(rows, 2) ? 0 : db_int(rows, 2);
        h->title = arena_str(c->a, db_text(rows, 3));
    }
    db_done(rows);
    return c->n_err == mark;
}

/* What a head says: "Three days silent: 12 records of customers". */
static const char *head_title(Ctx *c, const NoticeReader *to, const Entity *e, const char *name,
                              int64_t members)
{
    Notice about = {.what = &e->label};
    return notify_sentence(c, to, &about,
                           (const char *const[]){"notify.run", name, ctx_num(c, members), NULL});
}

/* One more of those that a head or its letter quotes. */
static void quote(Buf *b, const char *title, size_t n)
{
    buf_printf(b, "%s%.*s", b->len ? "；" : "", (int)n, title);
}

/* The titles of the first of them, as somebody wrote them. */
static const char *quotes(Ctx *c, const NoticeRun *r, const Heap *h)
{
    Buf b;
    int n = 0;
    buf_init(&b, c->a);
    if (h->title && n++ < QUOTED)
        quote(&b, h->title, strlen(h->title));
    for (size_t i = 0; i < r->all.n && n < QUOTED; i++) {
        const DbVal *title = &r->all.items[i].row[NOTIFICATION_TITLE];
        if (r->all.items[i].to->user == h->to->user && n++ < QUOTED)
            quote(&b, title->s, title->n);
    }
    return b.data;
}

/* Fields of a head, with what is kept of them to search by. */
static bool set_head(Ctx *c, int64_t head, const int *fields, const DbVal *values, int n)
{
    Sql q;
    write_row_set(c, model_entity(c->model, "notification"), fields, values, n, &q);
    sql_add(&q, SQL(" WHERE t0.\"id\" = "));
    sql_bind(&q, db_of_int(head));
    return sql_exec(c, &q);
}

/* A head that stands gets its new number, and is unread again. */
static bool more(Ctx *c, const NoticeRun *r, const Heap *h)
{
    static const int fields[] = {NOTIFICATION_TITLE, NOTIFICATION_MEMBERS, NOTIFICATION_READ_AT};
    int64_t members = h->members + h->fresh;
    DbVal v[] = {db_of_text(head_title(c, h->to, r->e, r->name, members)), db_of_int(members),
                 db_null()};
    return set_head(c, h->front, fields, v, 3);
}

/* A head for those of this write, and for the lone one before them. *row: to be written. */
static bool new_head(Ctx *c, const NoticeRun *r, Heap *h, DbVal **row)
{
    int64_t lone = h->front, members = h->fresh + (lone ? 1 : 0);
    Notice n = {h->to->user, "rule", r->e->name, 0, quotes(c, r, h), NULL};
    *row = notify_row(c, h->to, &n, head_title(c, h->to, r->e, r->name, members));
    (*row)[NOTIFICATION_RUN] = db_of_text(r->key);
    (*row)[NOTIFICATION_MEMBERS] = db_of_int(members);
    h->front = (*row)[NOTIFICATION_ID].i;
    DbVal p[] = {db_of_int(lone), db_of_int(h->front)};
    return !lone ||
           db_exec(c, SQL("UPDATE \"notification\" SET \"head\" = $2 WHERE \"id\" = $1"), p, 2);
}

bool notify_run_send(Ctx *c, NoticeRun *r)
{
    const Entity *e = model_entity(c->model, "notification");
    Heap *all = ARENA_ARRAY(c->a, r->all.n + 1, Heap);
    VEC(const DbVal *) rows = {0};
    int n = 0;
    for (size_t i = 0; i < r->all.n; i++) {
        Heap *h = heap_of(all, n, r->all.items[i].to->user);
        if (!h)
            *(h = &all[n++]) = (Heap){.to = r->all.items[i].to};
        h->fresh++;
    }
    if (n == 0)
        return true;
    if (!read_fronts(c, r, all, n))
        return false;
    for (int i = 0; i < n; i++) {
        DbVal *head = NULL;
        if (all[i].members ? !more(c, r, &all[i])
                           : (all[i].front || all[i].fresh > 1) && !new_head(c, r, &all[i], &head))
            return false;
        if (head)
            vec_push(c->a, &rows, head);
    }
    for (size_t i = 0; i < r->all.n; i++) {
        DbVal *row = r->all.items[i].row;
        const Heap *h = heap_of(all, n, r->all.items[i].to->user);
        if (h->front)
            row[NOTIFICATION_HEAD] = db_of_int(h->front);
        vec_push(c->a, &rows, row);
    }
    r->all.n = 0;
    return write_row_insert_many(c, e, rows.items, (int)rows.n, NULL);
}

/* ---- the end of the run, letters ------------------------------------------------------------ */

typedef struct SentNotice {
    int64_t id, user, record;
    const char *title, *text, *entity;
} SentNotice;
typedef struct Round {
    const char *key;
    int64_t after;
    int n;
} Round;

static bool read_told(Ctx *c, Round *r, SentNotice *out)
{
    DbVal p[] = {db_of_text(r->key), db_of_int(r->after), db_of_int(LETTERS)};
    int mark = c->n_err;
    DbRows *rows =
        db_query(c,
                 SQL("SELECT \"id\", \"user_id\", \"record\", \"title\", \"text\", "
                     "\"entity\" FROM \"notification\" WHERE \"run\" = $1 AND \"head\" IS "
                     "NULL AND \"id\" > $2 ORDER BY \"id\" LIMIT $3"),
                 p, 3);
    r->n = 0;
    if (!rows)
        return false;
    while (r->n < LETTERS && db_step(rows))
        out[r->n++] = (SentNotice){.id = db_int(rows, 0),
                                   .user = db_int(rows, 1),
                                   .record = db_is_null(rows, 2) ? 0 : db_int(rows, 2),
                                   .title = arena_str(c->a, db_text(rows, 3)),
                                   .text = arena_str(c->a, db_text(rows, 4)),
                                   .entity = arena_str(c->a, db_text(rows, 5))};
    db_done(rows);
    return c->n_err == mark;
}

/* His letter. That of a head is about the head: what it may quote is asked when it leaves. */
static bool letter_of(Ctx *c, NoticeOut *out, const NoticeReader *to, const SentNotice *t)
{
    Notice n = {t->user, "rule", t->entity, t->record, t->text, NULL};
    size_t had = out->letters.n;
    if (!notify_out(c, out, to, &n, t->id, t->title))
        return false;
    for (size_t i = had; !t->record && i < out->letters.n; i++) {
        out->letters.items[i].entity = "notification";
        out->letters.items[i].record = t->id;
    }
    return true;
}

static bool letters_of(Ctx *c, void *arg)
{
    Round *r = arg;
    SentNotice *told = ARENA_ARRAY(c->a, LETTERS, SentNotice);
    NoticeReader *to = ARENA_ARRAY(c->a, LETTERS, NoticeReader);
    int64_t *users = ARENA_ARRAY(c->a, LETTERS, int64_t);
    NoticeOut out = {0};
    int n_to = 0;
    if (!read_told(c, r, told))
        return false;
    for (int i = 0; i < r->n; i++)
        users[i] = told[i].user;
    if (r->n && !notify_readers(c, users, r->n, to, &n_to))
        return false;
    for (int i = 0; i < r->n; i++) {
        if (!db_change(c, "notification", told[i].id))
            return false;
        for (int k = 0; k < n_to; k++)
            if (to[k].user == told[i].user && !letter_of(c, &out, &to[k], &told[i]))
                return false;
    }
    return notify_out_send(c, &out);
}

bool notify_run_letters(Ctx *c, const char *key)
{
    Round r = {.key = key};
    do {
        SentNotice *told = ARENA_ARRAY(c->a, LETTERS, SentNotice);
        if (!read_told(c, &r, told))
            return false;
        int64_t last = r.n ? told[r.n - 1].id : 0;
        if (r.n && !db_write(c, letters_of, &r))
            return false;
        r.after = last;
    } while (r.n == LETTERS);
    return true;
}

/* ---- a head as it stands ---------------------------------------------------------------------- */

typedef struct Head {
    int64_t id, members;
    NoticeReader to; /* user and language */
    const char *entity, *title, *name;
} Head;

/* name: what told it, or what such a thing is called where it is gone. */
static bool read_heads(Ctx *c, const int64_t *ids, int n, Head *out, int *n_out)
{
    int mark = c->n_err;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT h.\"id\", h.\"members\", h.\"user_id\", h.\"entity\", h.\"title\", "
                    "u.\"locale\", (SELECT r.\"name\" FROM \"rule\" AS r WHERE h.\"run\" LIKE "
                    "'rule:' || r.\"id\" || ':%') FROM \"notification\" AS h JOIN \"user\" AS u ON "
                    "u.\"id\" = h.\"user_id\" WHERE h.\"members\" IS NOT NULL AND h.\"id\" IN "));
    sql_bind_ids(&q, ids, n);
    DbRows *r = sql_query(c, &q);
    *n_out = 0;
    if (!r)
        return false;
    while (*n_out < n && db_step(r)) {
        Head *h = &out[(*n_out)++];
        *h = (Head){.id = db_int(r, 0), .members = db_int(r, 1), .to = {.user = db_int(r, 2)}};
        h->entity = db_text_copy(c->a, r, 3);
        h->title = db_text_copy(c->a, r, 4);
        h->to.lang = strncmp(db_text_copy(c->a, r, 5), "en", 2) == 0 ? "en" : "zh";
        h->name = db_is_null(r, 6) ? label_in(model_entity(c->model, "rule")->label, h->to.lang)
                                   : db_text_copy(c->a, r, 6);
    }
    db_done(r);
    return c->n_err == mark;
}

/* The first of those behind it whose record the caller reads, and how many these are. */
static bool read_quotes(Ctx *c, const Head *h, const Entity *e, Buf *out, int64_t *n)
{
    int mark = c->n_err;
    const Filter *scope = access_scope(c, e, ACT_READ);
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT m.\"title\", count(*) OVER () FROM \"notification\" AS m JOIN "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 ON t0.\"id\" = m.\"record\" WHERE m.\"run\" = (SELECT h.\"run\" FROM "
                    "\"notification\" AS h WHERE h.\"id\" = "));
    sql_bind(&q, db_of_int(h->id));
    sql_add(&q, SQL(") AND m.\"user_id\" = "));
    sql_bind(&q, db_of_int(h->to.user));
    sql_add(&q, SQL(" AND m.\"head\" = "));
    sql_bind(&q, db_of_int(h->id));
    sql_add(&q, SQL(" AND m.\"entity\" = "));
    sql_bind(&q, db_of_text(e->name));
    if (e->standard)
        sql_add(&q, SQL(" AND t0.\"deleted_at\" IS NULL"));
    if (scope->kind != FILTER_TRUE) {
        sql_add(&q, SQL(" AND "));
        filter_sql_each(c, &q, e, "t0", scope);
    }
    sql_add(&q, SQL(" ORDER BY m.\"id\" LIMIT "));
    sql_number(&q, QUOTED);
    DbRows *r = sql_query(c, &q);
    *n = 0;
    if (!r)
        return false;
    while (db_step(r)) {
        const char *title = db_text_copy(c->a, r, 0);
        quote(out, title, strlen(title));
        *n = db_int(r, 1);
    }
    db_done(r);
    return c->n_err == mark;
}

bool notify_run_letter(Ctx *c, int64_t head, const char **subject, const char **text, bool *any)
{
    Head h;
    Buf quoted;
    int found;
    int64_t n = 0;
    buf_init(&quoted, c->a);
    *any = false;
    if (!read_heads(c, &head, 1, &h, &found))
        return false;
    const Entity *e =
        found && h.to.user == c->actor->user ? model_entity(c->model, h.entity) : NULL;
    if (!e || !access_may(c, e, ACT_READ))
        return true;
    if (!read_quotes(c, &h, e, &quoted, &n))
        return false;
    Notice about = {h.to.user, "rule", h.entity, 0, quoted.data, NULL};
    const DbVal *row = notify_row(
        c, &h.to, &about, n == h.members ? h.title : head_title(c, &h.to, e, h.name, n)); /* cut */
    *subject = row[NOTIFICATION_TITLE].s;
    *text = row[NOTIFICATION_TEXT].s;
    *any = n > 0;
    return true;
}

/* ---- erasing -------------------------------------------------------------------------------- */

typedef struct Gone {
    int64_t head, n;
} Gone;
typedef VEC(Gone) Goners;

/* Of which heads so many are about these records. The heads are held, so that a run under way counts on what is left. */
static bool read_gone(Ctx *c, const Entity *e, const int64_t *ids, int n, Goners *out)
{
    int mark = c->n_err;
    DbIds heads = {0}, held = {0};
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"head\", count(*) FROM \"notification\" WHERE \"head\" IS NOT NULL "
                    "AND \"entity\" = "));
    sql_bind(&q, db_of_text(e->name));
    sql_add(&q, SQL(" AND \"record\" IN "));
    sql_bind_ids(&q, ids, n);
    sql_add(&q, SQL(" GROUP BY \"head\" ORDER BY \"head\""));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        vec_push(c->a, out, ((Gone){db_int(r, 0), db_int(r, 1)}));
        vec_push(c->a, &heads, db_int(r, 0));
    }
    db_done(r);
    if (c->n_err != mark || !heads.n)
        return c->n_err == mark;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT \"id\" FROM \"notification\" WHERE \"id\" IN "));
    sql_bind_ids(&q, heads.items, (int)heads.n);
    sql_add(&q, SQL(" ORDER BY \"id\""));
    sql_hold(c, &q, true);
    return db_ids(c, sql_query(c, &q), &held);
}

/* A head with its last record goes, and its letters with it; else both quote nothing any more. */
static bool set_letters(Ctx *c, int64_t head, bool gone)
{
    for (int m = 0; notify_medium(m); m++) {
        DbVal of[] = {db_of_text(notify_letter_key(c, head, m))};
        if (!db_exec(c,
                     gone ? SQL("DELETE FROM \"delivery\" WHERE \"dedupe\" = $1")
                          : SQL("UPDATE \"delivery\" SET \"text\" = '' WHERE \"dedupe\" = $1"),
                     of, 1))
            return false;
    }
    return true;
}

static bool take_from(Ctx *c, const Entity *e, const Head *h, int64_t n)
{
    static const int fields[] = {NOTIFICATION_TITLE, NOTIFICATION_MEMBERS, NOTIFICATION_TEXT};
    int64_t left = h->members - n;
    DbVal p[] = {db_of_int(h->id)};
    if (left <= 0)
        return db_exec(c, SQL("DELETE FROM \"notification\" WHERE \"id\" = $1"), p, 1) &&
               set_letters(c, h->id, true);
    DbVal v[] = {db_of_text(head_title(c, &h->to, e, h->name, left)), db_of_int(left), db_null()};
    return set_head(c, h->id, fields, v, 3) && set_letters(c, h->id, false);
}

bool notify_run_forget(Ctx *c, const Entity *e, const int64_t *ids, int n)
{
    Goners gone = {0};
    int n_heads = 0;
    if (!read_gone(c, e, ids, n, &gone))
        return false;
    if (!gone.n)
        return true;
    int64_t *of = ARENA_ARRAY(c->a, gone.n, int64_t);
    Head *heads = ARENA_ARRAY(c->a, gone.n, Head);
    for (size_t i = 0; i < gone.n; i++)
        of[i] = gone.items[i].head;
    if (!read_heads(c, of, (int)gone.n, heads, &n_heads))
        return false;
    for (int i = 0; i < n_heads; i++)
        for (size_t k = 0; k < gone.n; k++)
            if (gone.items[k].head == heads[i].id && !take_from(c, e, &heads[i], gone.items[k].n))
                return false;
    return true;
}
