/*
 * What happened to a record: its field changes (history) and, for the timeline, also the records that
 * belong to it. Each source is read by keyset (time, id) within the reader's scope, and the sources are
 * merged; a page costs one statement per source plus those of labels.
 */
#include "base/clock.h"
#include "base/crypt.h"
#include "db/sql.h"
#include "meta/types.h"
#include "record/record.h"
#include "record/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct Item {
    const char *kind; /* follow_up, task … (entity), or created changed deleted restored … */
    const Entity *e;
    int64_t id, at, by;
    const char *title, *text;
    json_object *changes;
    bool clear;
} Item;

typedef struct Stream {
    Item *items;
    int n, cap;
    LinkLabels *labels;
    int64_t before_at, before_id; /* cursor */
    int limit;
} Stream;

static Item *add(Ctx *c, Stream *s)
{
    if (s->n == s->cap) {
        int cap = s->cap ? s->cap * 2 : 64;
        Item *items = ARENA_ARRAY(c->a, cap, Item);
        if (s->n)
            memcpy(items, s->items, (size_t)s->n * sizeof(Item));
        s->items = items;
        s->cap = cap;
    }
    return &s->items[s->n++];
}

static bool read_cursor(Ctx *c, const char *text, Stream *s)
{
    s->before_at = s->before_id = INT64_MAX;
    if (!text || !*text)
        return true;
    size_t n = 0;
    char *plain = (char *)crypt_from_base64url(c->a, text, &n);
    char *end = NULL;
    if (plain) {
        s->before_at = strtoll(plain, &end, 10);
        if (end && *end == '.')
            s->before_id = strtoll(end + 1, &end, 10);
    }
    if (!plain || !end || *end)
        return ctx_fail(c, ERR_BAD_CURSOR, "cursor", "err.bad_cursor");
    return true;
}

static char *cursor_of(Ctx *c, const Item *it)
{
    char *plain = arena_printf(c->a, "%" PRId64 ".%" PRId64, it->at, it->id);
    return crypt_base64url(c->a, plain, strlen(plain));
}

/* ---- field changes ------------------------------------------------------------------------- */

static bool read_history(Ctx *c, const Entity *e, int64_t id, Stream *s)
{
    DbVal p[] = {db_of_text(e->name),     db_of_int(id),           db_of_int(s->before_at),
                 db_of_int(s->before_at), db_of_int(s->before_id), db_of_int(s->limit + 1)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT \"id\", \"at\", \"user_id\", \"action\", \"changes\" FROM \"history\" "
                     "WHERE \"entity\" = $1 AND \"record_id\" = $2 AND (\"at\" < $3 OR (\"at\" = "
                     "$4 AND \"id\" < $5)) "
                     "ORDER BY \"at\" DESC, \"id\" DESC LIMIT $6"),
                 p, 6);
    if (!r)
        return false;
    const Entity *user = model_entity(c->model, "user");
    while (db_step(r)) {
        Item *it = add(c, s);
        *it = (Item){.e = e, .id = db_int(r, 0), .at = db_int(r, 1), .by = db_int(r, 2)};
        it->kind = arena_str(c->a, db_text(r, 3));
        const char *changes = db_text(r, 4);
        if (changes && !json_read(c, changes, strlen(changes), &it->changes))
            return false;
        if (it->by && user)
            link_labels_want(s->labels, user, it->by);
    }
    db_done(r);
    return c->n_err == 0;
}

/* The stored form of a value in history (JSON) back to a value of the field. */
static DbVal stored_value(Ctx *c, const Field *f, json_object *o)
{
    if (!o || json_object_is_type(o, json_type_null))
        return db_null();
    switch (type_ops(f->type)->column) {
    case COL_INT:
    case COL_BOOL: return db_of_int(json_object_get_int64(o));
    case COL_REAL: return db_of_real(json_object_get_double(o));
    case COL_TEXT:
    case COL_BLOB: break;
    }
    return db_of_text(arena_str(c->a, json_object_get_string(o)));
}

static const Entity *link_target(const Field *f)
{
    if (f->type == FT_FILE || f->type == FT_IMAGE)
        return model_entity(f->entity->model, "attachment");
    return (f->type == FT_LINK || f->type == FT_LINK_MANY) && f->to
               ? model_entity(f->entity->model, f->to)
               : NULL;
}

static const Field *readable_field(Ctx *c, const Entity *e, const char *name, bool *masked)
{
    const Field *f = entity_field(e, name);
    *masked = false;
    if (!f || f->hidden || f->write_only || f->type == FT_PARTS ||
        access_field(c, f, masked) == FR_NONE)
        return NULL;
    return f;
}

/* A link_many is kept as the list of its ids. */
static size_t list_length(json_object *stored)
{
    return json_object_is_type(stored, json_type_array) ? json_object_array_length(stored) : 0;
}

static char *stored_text(Ctx *c, const Stream *s, const Field *f, json_object *stored)
{
    if (f->type != FT_LINK_MANY) {
        DbVal v = stored_value(c, f, stored);
        return rows_value_text(c, f, &v, link_target(f), s->labels);
    }
    const Entity *to = link_target(f);
    Buf b;
    buf_init(&b, c->a);
    for (size_t k = 0; to && k < list_length(stored); k++) {
        const char *label =
            link_label(s->labels, to, json_object_get_int64(json_object_array_get_idx(stored, k)));
        buf_printf(&b, "%s%s", b.len && label ? "、" : "", label ? label : "");
    }
    return b.data;
}

static void want_changes(Ctx *c, Stream *s, const Item *it)
{
    if (!it->changes || !json_object_is_type(it->changes, json_type_object))
        return;
    json_object_object_foreach(it->changes, name, pair)
    {
        bool masked;
        const Field *f = readable_field(c, it->e, name, &masked);
        const Entity *to = f ? link_target(f) : NULL;
        for (size_t i = 0; to && i < 2; i++) {
            json_object *stored = json_object_array_get_idx(pair, i);
            size_t n = list_length(stored);
            for (size_t k = 0; k < n; k++)
                link_labels_want(s->labels, to,
                                 json_object_get_int64(json_object_array_get_idx(stored, k)));
            DbVal v = n ? db_null() : stored_value(c, f, stored);
            if (v.kind == DB_INT)
                link_labels_want(s->labels, to, v.i);
        }
    }
}

static void write_changes(Ctx *c, const Stream *s, const Item *it, Jw *w)
{
    jw_key(w, "changes");
    jw_arr(w);
    if (it->changes && json_object_is_type(it->changes, json_type_object)) {
        json_object_object_foreach(it->changes, name, pair)
        {
            bool masked;
            const Field *f = readable_field(c, it->e, name, &masked);
            if (!f)
                continue;
            jw_obj(w);
            jw_kstr(w, "field", name);
            jw_key(w, "label");
            jw_obj(w);
            jw_kstr(w, "zh", f->label.zh);
            jw_kstr(w, "en", f->label.en);
            jw_end(w);
            for (size_t i = 0; i < 2; i++) {
                char *text = stored_text(c, s, f, json_object_array_get_idx(pair, i));
                jw_kstr(w, i ? "after" : "before",
                        masked && !it->clear && *text ? type_mask(c->a, f, text) : text);
            }
            jw_end(w);
        }
    }
    jw_end(w);
}

static bool begin(Ctx *c, const Entity *e, int64_t id, const char *cursor, int limit, Stream *s)
{
    Record r;
    *s = (Stream){.limit = limit ? limit : 50};
    if (s->limit < 1 || s->limit > 200)
        return ctx_fail(c, ERR_BAD_REQUEST, "limit", "err.limit_range", "1", "200");
    if (!rec_get(c, e, id, true, &r) || !read_cursor(c, cursor, s))
        return false;
    s->labels = link_labels_new(c);
    return true;
}

static void finish_page(Ctx *c, const Stream *s, bool more, Jw *w)
{
    jw_end(w);
    jw_kstr(w, "next_cursor", more ? cursor_of(c, &s->items[s->limit - 1]) : NULL);
    jw_end(w);
}

bool rec_history(Ctx *c, const Entity *e, int64_t id, const char *cursor, int limit, Buf *out)
{
    Stream s;
    if (!begin(c, e, id, cursor, limit, &s) || !read_history(c, e, id, &s))
        return false;
    bool clear = rec_within(c, e, id, access_clear_scope(c, e));
    for (int i = 0; i < s.n; i++) {
        s.items[i].clear = clear;
        want_changes(c, &s, &s.items[i]);
    }
    if (!link_labels_fetch(c, s.labels))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "data");
    jw_arr(&w);
    for (int i = 0; i < s.n && i < s.limit; i++) {
        const Item *it = &s.items[i];
        jw_obj(&w);
        jw_kint(&w, "id", it->id);
        jw_kinstant(&w, "at", it->at);
        rows_write_person(c, s.labels, "by", it->by, &w);
        jw_kstr(&w, "action", it->kind);
        write_changes(c, &s, it, &w);
        jw_end(&w);
    }
    finish_page(c, &s, s.n > s.limit, &w);
    return c->n_err == 0;
}

/* ---- belonging records --------------------------------------------------------------------- */

/* The texts a belonging record shows: its title, and its first long text. */
static const Field *first_text(Ctx *c, const Entity *e)
{
    for (int i = 0; i < e->n_fields; i++) {
        bool masked;
        const Field *f = &e->fields[i];
        if (f->type == FT_TEXT && !f->retired && access_field(c, f, &masked) != FR_NONE && !masked)
            return f;
    }
    return NULL;
}

/* What heads an entry: the title, unless that is the long text itself; then the first option on the card (the method). */
static const Field *heading(Ctx *c, const Entity *e, const Field *text)
{
    for (int i = 0; text == e->title && i < e->n_fields; i++) {
        bool masked;
        const Field *f = &e->fields[i];
        if (f->type == FT_OPTION && f->in_card && access_field(c, f, &masked) != FR_NONE)
            return f;
    }
    return e->title;
}

static bool read_children(Ctx *c, const Entity *child, const Field *link, const Entity *parent,
                          int64_t id, Stream *s)
{
    if (!access_may(c, child, ACT_READ) || !child->standard || !link->column)
        return true;
    Filter *scope = access_scope(c, child, ACT_READ);
    if (scope->kind == FILTER_FALSE)
        return true;
    const Field *text = first_text(c, child);
    const Field *time = entity_field(child, "happened_at");
    const char *at = time ? time->column : "created_at";
    const Field *title = heading(c, child, text);
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\", "));
    sql_col(&q, "t0", at);
    sql_add(&q, SQL(", t0.\"created_by_id\", "));
    sql_col(&q, "t0", title->column);
    sql_add(&q, SQL(", "));
    if (text)
        sql_col(&q, "t0", text->column);
    else
        sql_add(&q, SQL("NULL"));
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, child->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND "));
    sql_col(&q, "t0", link->column);
    sql_add(&q, SQL(" = "));
    sql_bind(&q, db_of_int(id));
    if (link->to_field) {
        sql_add(&q, SQL(" AND "));
        sql_col(&q, "t0", entity_field(child, link->to_field)->column);
        sql_add(&q, SQL(" = "));
        sql_bind(&q, db_of_text(parent->name));
    }
    sql_add(&q, SQL(" AND ("));
    sql_col(&q, "t0", at);
    sql_add(&q, SQL(" < "));
    sql_bind(&q, db_of_int(s->before_at));
    sql_add(&q, SQL(" OR ("));
    sql_col(&q, "t0", at);
    sql_add(&q, SQL(" = "));
    sql_bind(&q, db_of_int(s->before_at));
    sql_add(&q, SQL(" AND t0.\"id\" < "));
    sql_bind(&q, db_of_int(s->before_id));
    sql_add(&q, SQL("))"));
    if (scope->kind != FILTER_TRUE) {
        sql_add(&q, SQL(" AND "));
        filter_sql(c, &q, child, "t0", scope);
    }
    sql_add(&q, SQL(" ORDER BY "));
    sql_col(&q, "t0", at);
    sql_add(&q, SQL(" DESC, t0.\"id\" DESC LIMIT "));
    sql_number(&q, s->limit + 1);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    const Entity *user = model_entity(c->model, "user");
    while (db_step(r)) {
        Item *it = add(c, s);
        *it = (Item){.kind = child->name,
                     .e = child,
                     .id = db_int(r, 0),
                     .at = db_int(r, 1),
                     .by = db_int(r, 2)};
        DbVal v = db_is_null(r, 3) ? db_null()
                  : type_ops(title->type)->column == COL_TEXT
                      ? db_of_text(arena_str(c->a, db_text(r, 3)))
                      : db_of_int(db_int(r, 3));
        it->title =
            v.kind == DB_NULL ? "" : type_ops(title->type)->to_text(c->a, title, &v, c->lang);
        if (text && !db_is_null(r, 4))
            it->text = arena_str(c->a, db_text(r, 4));
        if (it->by && user)
            link_labels_want(s->labels, user, it->by);
    }
    db_done(r);
    return c->n_err == 0;
}

static int newest_first(const void *x, const void *y)
{
    const Item *a = x, *b = y;
    if (a->at != b->at)
        return a->at < b->at ? 1 : -1;
    return a->id < b->id ? 1 : a->id > b->id ? -1 : 0;
}

/* Entries of the record itself, as docs/api.md names them; actions keep their own name. */
static const char *kind_name(const char *action)
{
    static const char *const names[][2] = {{"create", "created"},
                                           {"update", "changed"},
                                           {"delete", "deleted"},
                                           {"restore", "restored"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], action) == 0)
            return names[i][1];
    return action;
}

bool rec_timeline(Ctx *c, const Entity *e, int64_t id, const char *cursor, int limit, Buf *out)
{
    Stream s;
    if (!begin(c, e, id, cursor, limit, &s) || !read_history(c, e, id, &s))
        return false;
    int n_history = s.n;
    bool clear = rec_within(c, e, id, access_clear_scope(c, e));
    for (int i = 0; i < n_history; i++) {
        s.items[i].clear = clear;
        want_changes(c, &s, &s.items[i]);
    }
    for (int i = 0; e->timeline && e->timeline[i]; i++) {
        const char *dot = strchr(e->timeline[i], '.');
        const Entity *child =
            model_entity(c->model, arena_dup(c->a, e->timeline[i], (size_t)(dot - e->timeline[i])));
        const Field *link = child ? entity_field(child, dot + 1) : NULL;
        if (link && !read_children(c, child, link, e, id, &s))
            return false;
    }
    if (!link_labels_fetch(c, s.labels))
        return false;
    if (s.n) /* behind the last entry there is no array to sort */
        qsort(s.items, (size_t)s.n, sizeof(Item), newest_first);
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "data");
    jw_arr(&w);
    for (int i = 0; i < s.n && i < s.limit; i++) {
        const Item *it = &s.items[i];
        bool own = it->e == e && it->changes != NULL;
        jw_obj(&w);
        jw_kstr(&w, "kind", kind_name(it->kind));
        jw_kinstant(&w, "at", it->at);
        rows_write_person(c, s.labels, "by", it->by, &w);
        jw_kstr(&w, "entity", it->e->name);
        jw_kint(&w, "id", it->id);
        jw_kstr(&w, "title", it->title);
        jw_kstr(&w, "text", it->text);
        if (own)
            write_changes(c, &s, it, &w);
        jw_end(&w);
    }
    finish_page(c, &s, s.n > s.limit, &w);
    return c->n_err == 0;
}
