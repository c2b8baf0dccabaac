/*
 * What happened to a record: its field changes (history) and, for the timeline, also the records that
 * belong to it. Each source is read by keyset (time, id) within the reader's scope, all in one
 * statement, and merged here. Only where changes are sifted by what they say (words, a field, one kind)
 * are they read by themselves, in batches: what a person may see of them is known here alone.
 */
#include "base/clock.h"
#include "base/crypt.h"
#include "db/sql.h"
#include "meta/types.h"
#include "record/changes.h"
#include "record/record.h"
#include "record/rows.h"
#include "record/timeline_ask.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 200, SIFT_MAX = 2000 }; /* changes looked through for a page of some of them */

typedef struct Item {
    const char *kind; /* follow_up, task … (entity), or created changed deleted restored … */
    const Entity *e;
    int64_t id, at, by;
    const char *title, *text;
    json_object *changes;
} Item;

typedef struct Stream {
    Item *items;
    int n, cap;
    LinkLabels *labels;
    int64_t before_at, before_id; /* cursor */
    int limit;
    bool clear; /* the caller sees this record's values unmasked */
    TimelineAsk ask;
    const char *field; /* only changes of this field; NULL: all */
    bool together;     /* the statement of the page looks for the record, too: "me" in it */
    bool there;        /* … and found it */
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

static void want_person(Ctx *c, Stream *s, int64_t by)
{
    const Entity *user = model_entity(c->model, "user");
    if (by && user)
        link_labels_want(s->labels, user, by);
}

/* One source of a page: the rows of a kind, newest first, as the columns kind, id, at, person, heading, text. */
static void source(Sql *q, int nth)
{
    if (q->text.len)
        sql_add(q, SQL(" UNION ALL "));
    sql_add(q, SQL("SELECT "));
    sql_number(q, nth);
    sql_add(q, SQL(" AS kind, s.i, s.a, s.p, s.h, s.x FROM (SELECT "));
}

static void source_end(Sql *q, const char *at, const Stream *s)
{
    sql_add(q, SQL(" ORDER BY "));
    sql_col(q, "t0", at);
    sql_add(q, SQL(" DESC, t0.\"id\" DESC LIMIT "));
    sql_number(q, s->limit + 1);
    sql_add(q, SQL(") AS s"));
}

/* The record that the rows of a source belong to. */
static void belongs(Sql *q, const Stream *s, int64_t id)
{
    sql_add(q, SQL(" = "));
    if (s->together)
        sql_add(q, SQL("(SELECT me.\"id\" FROM me)"));
    else
        sql_bind(q, db_of_int(id));
}

/* " AND" behind the cursor, within the span, by the person. */
static void narrow(Sql *q, const Stream *s, const char *at, const char *by)
{
    const TimelineAsk *ask = &s->ask;
    sql_add(q, SQL(" AND ("));
    sql_col(q, "t0", at);
    sql_add(q, SQL(" < "));
    sql_bind(q, db_of_int(s->before_at));
    sql_add(q, SQL(" OR ("));
    sql_col(q, "t0", at);
    sql_add(q, SQL(" = "));
    sql_bind(q, db_of_int(s->before_at));
    sql_add(q, SQL(" AND t0.\"id\" < "));
    sql_bind(q, db_of_int(s->before_id));
    sql_add(q, SQL("))"));
    if (ask->from != INT64_MIN) {
        sql_add(q, SQL(" AND "));
        sql_col(q, "t0", at);
        sql_add(q, SQL(" >= "));
        sql_bind(q, db_of_int(ask->from));
    }
    if (ask->to != INT64_MAX) {
        sql_add(q, SQL(" AND "));
        sql_col(q, "t0", at);
        sql_add(q, SQL(" < "));
        sql_bind(q, db_of_int(ask->to));
    }
    if (ask->by) {
        sql_add(q, SQL(" AND "));
        sql_col(q, "t0", by);
        sql_add(q, SQL(" = "));
        sql_bind(q, db_of_int(ask->by));
    }
}

static void history_source(Sql *q, int nth, const Entity *e, int64_t id, const Stream *s)
{
    source(q, nth);
    sql_add(q, SQL("t0.\"id\" AS i, t0.\"at\" AS a, t0.\"user_id\" AS p, t0.\"action\" AS h, "
                   "t0.\"changes\" AS x FROM \"history\" AS t0 WHERE t0.\"entity\" = "));
    sql_bind(q, db_of_text(e->name));
    sql_add(q, SQL(" AND t0.\"record_id\""));
    belongs(q, s, id);
    narrow(q, s, "at", "user_id");
    source_end(q, "at", s);
}

/* One row of the record's own history. */
static bool take_change(Ctx *c, const Entity *e, DbRows *r, Stream *s)
{
    const char *action = arena_str(c->a, db_text(r, 4)), *changes = db_text(r, 5);
    if (!timeline_wants(&s->ask, timeline_kind(action)) && s->ask.kinds[0])
        return true;
    Item *it = add(c, s);
    *it =
        (Item){.e = e, .kind = action, .id = db_int(r, 1), .at = db_int(r, 2), .by = db_int(r, 3)};
    if (changes && !json_read(c, changes, strlen(changes), &it->changes))
        return false;
    want_person(c, s, it->by);
    changes_want(c, s->labels, it->e, it->changes);
    return true;
}

/* Does a change say what was asked for, as the caller may see it? Labels are there. */
static bool says(Ctx *c, const Stream *s, const Item *it)
{
    bool found = false;
    if (s->ask.words && it->changes) {
        json_object_object_foreach(it->changes, name, pair)
        {
            bool masked;
            const Field *f = changes_field(c, it->e, name, &masked);
            for (size_t i = 0; f && !found && i < 2; i++) {
                char *text = changes_text(c, s->labels, f, json_object_array_get_idx(pair, i));
                found = timeline_found(
                    c, &s->ask, masked && !s->clear && *text ? type_mask(c->a, f, text) : text);
            }
            found = found || (f && timeline_found(c, &s->ask, label_in(f->label, c->lang)));
        }
    }
    return found || !s->ask.words;
}

static bool has_field(Ctx *c, const Stream *s, const Item *it)
{
    bool masked;
    return !s->field ||
           (it->changes && json_object_is_type(it->changes, json_type_object) &&
            json_member(it->changes, s->field) && changes_field(c, it->e, s->field, &masked));
}

/* The record's own changes by themselves, in batches where they are sifted, until a page of them is full. */
static bool read_changes(Ctx *c, const Entity *e, int64_t id, bool sift, Stream *s)
{
    Stream part = *s;
    part.limit = sift ? BATCH : s->limit;
    for (int looked = 0, got = 0; looked == 0 || (sift && looked < SIFT_MAX);) {
        Sql q;
        part.n = 0;
        sql_init(&q, c->a);
        history_source(&q, 0, e, id, &part);
        sql_add(&q, SQL(" ORDER BY 3 DESC, 2 DESC"));
        DbRows *r = sql_query(c, &q);
        if (!r)
            return false;
        int n = 0;
        for (; db_step(r); n++) {
            part.before_at = db_int(r, 2);
            part.before_id = db_int(r, 1);
            if (!take_change(c, e, r, &part))
                return false;
        }
        db_done(r);
        if (c->n_err || (sift && !link_labels_fetch(c, s->labels)))
            return false;
        for (int i = 0; i < part.n && got <= s->limit; i++)
            if (!sift || (has_field(c, s, &part.items[i]) && says(c, s, &part.items[i]))) {
                *add(c, s) = part.items[i];
                got++;
            }
        looked += n ? n : 1;
        if (n <= part.limit || got > s->limit)
            break;
    }
    return true;
}

static const char *const no_kinds[] = {NULL};

static bool begin(Ctx *c, int limit, Stream *s)
{
    *s = (Stream){.limit = limit ? limit : 50,
                  .ask = {.kinds = no_kinds, .from = INT64_MIN, .to = INT64_MAX}};
    if (s->limit < 1 || s->limit > 200)
        return ctx_fail(c, ERR_BAD_REQUEST, "limit", "err.limit_range", "1", "200");
    s->labels = link_labels_new(c);
    return true;
}

/* The record the stream belongs to, in statements of its own. */
static bool find_record(Ctx *c, const Entity *e, int64_t id, Stream *s)
{
    Record r;
    if (!rec_get(c, e, id, true, &r))
        return false;
    s->clear = rec_within(c, e, id, access_clear_scope(c, e));
    return c->n_err == 0;
}

/* "merge": {"id", "merged": [{"id", "name"}], "into"} of an entry of a merge or its undo. */
static void write_merge(const Item *it, Jw *w)
{
    json_object *m = it->changes ? json_member(it->changes, "_merge") : NULL;
    if (m)
        jw_kraw(w, "merge", json_object_to_json_string_ext(m, JSON_C_TO_STRING_PLAIN));
}

static void finish_page(Ctx *c, const Stream *s, bool more, Jw *w)
{
    jw_end(w);
    jw_kstr(w, "next_cursor", more ? cursor_of(c, &s->items[s->limit - 1]) : NULL);
    jw_end(w);
}

bool rec_history(Ctx *c, const Entity *e, int64_t id, const char *cursor, int limit,
                 const char *field, Buf *out)
{
    Stream s;
    if (!begin(c, limit, &s) || !find_record(c, e, id, &s) || !read_cursor(c, cursor, &s))
        return false;
    s.field = field && *field ? field : NULL;
    if (s.field && !entity_field(e, s.field))
        return ctx_fail(c, ERR_UNKNOWN_FIELD, "field", "err.unknown_field", s.field);
    if (!read_changes(c, e, id, s.field != NULL, &s) || !link_labels_fetch(c, s.labels))
        return false;
    Jw w;
    jw_list(&w, out);
    for (int i = 0; i < s.n && i < s.limit; i++) {
        const Item *it = &s.items[i];
        jw_obj(&w);
        jw_kint(&w, "id", it->id);
        jw_kinstant(&w, "at", it->at);
        rows_write_person(c, s.labels, "by", it->by, &w);
        jw_kstr(&w, "action", it->kind);
        jw_kstr(&w, "reason", it->changes ? json_str(it->changes, "_reason", NULL) : NULL);
        write_merge(it, &w);
        jw_key(&w, "changes");
        changes_write(c, s.labels, it->e, it->changes, s.clear ? CHANGES_CLEAR : CHANGES_AS_ROLES,
                      &w);
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

/* A belonging entity as a source: which rows, and what of them heads an entry and what stands in it. */
typedef struct Child {
    const Entity *e;
    const Field *link, *title, *text;
    const char *at;
    Filter *scope;
} Child;

static void child_column(Sql *q, const Field *f, SqlText as)
{
    if (f) {
        sql_add(q, SQL(", CAST("));
        sql_col(q, "t0", f->column);
        sql_add(q, SQL(" AS TEXT)"));
    } else {
        sql_add(q, SQL(", CAST(NULL AS TEXT)"));
    }
    sql_add(q, as);
}

/* Words are looked for in what the caller reads in clear of it, among the rows of this one record. */
static void find_words(Ctx *c, Sql *q, const Child *k, const Stream *s)
{
    sql_add(q, SQL(" AND (1 = 0"));
    for (int i = 0; i < k->e->n_fields; i++) {
        bool masked;
        const Field *f = &k->e->fields[i];
        if ((f->type != FT_TEXT && f->type != FT_STRING) || !f->column || f->retired || f->hidden ||
            f->write_only || access_field(c, f, &masked) == FR_NONE || masked)
            continue;
        sql_add(q, SQL(" OR LOWER("));
        sql_col(q, "t0", f->column);
        sql_add(q, SQL(") LIKE "));
        sql_bind(q, db_of_text(s->ask.like));
        sql_add(q, SQL(" ESCAPE '\\'"));
    }
    sql_add(q, SQL(")"));
}

static void child_source(Ctx *c, Sql *q, int nth, const Child *k, const Entity *parent, int64_t id,
                         const Stream *s)
{
    source(q, nth);
    sql_add(q, SQL("t0.\"id\" AS i, "));
    sql_col(q, "t0", k->at);
    sql_add(q, SQL(" AS a, t0.\"created_by_id\" AS p"));
    child_column(q, k->title, SQL(" AS h"));
    child_column(q, k->text, SQL(" AS x"));
    sql_add(q, SQL(" FROM "));
    sql_name(q, k->e->name);
    sql_add(q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL AND "));
    sql_col(q, "t0", k->link->column);
    belongs(q, s, id);
    if (k->link->to_field) {
        sql_add(q, SQL(" AND "));
        sql_col(q, "t0", entity_field(k->e, k->link->to_field)->column);
        sql_add(q, SQL(" = "));
        sql_bind(q, db_of_text(parent->name));
    }
    narrow(q, s, k->at, "created_by_id");
    if (s->ask.words)
        find_words(c, q, k, s);
    if (k->scope->kind != FILTER_TRUE) {
        sql_add(q, SQL(" AND "));
        filter_sql_each(c, q, k->e, "t0", k->scope);
    }
    source_end(q, k->at, s);
}

/* The entities of the timeline that the caller may read and asks for. */
static int pick_children(Ctx *c, const Entity *e, const Stream *s, Child *out)
{
    int n = 0;
    for (int i = 0; e->timeline && e->timeline[i]; i++) {
        const char *dot = strchr(e->timeline[i], '.');
        const Entity *x =
            model_entity(c->model, arena_dup(c->a, e->timeline[i], (size_t)(dot - e->timeline[i])));
        const Field *link = x ? entity_field(x, dot + 1) : NULL;
        if (!link || !link->column || !x->standard || !access_may(c, x, ACT_READ) ||
            !timeline_wants(&s->ask, x->name))
            continue;
        Filter *scope = access_scope(c, x, ACT_READ);
        if (scope->kind == FILTER_FALSE)
            continue;
        const Field *text = first_text(c, x), *time = entity_field(x, "happened_at");
        out[n++] = (Child){.e = x,
                           .link = link,
                           .title = heading(c, x, text),
                           .text = text,
                           .at = time ? time->column : "created_at",
                           .scope = scope};
    }
    return n;
}

static void take_child(Ctx *c, const Child *k, DbRows *r, Stream *s)
{
    Item *it = add(c, s);
    *it = (Item){.kind = k->e->name,
                 .e = k->e,
                 .id = db_int(r, 1),
                 .at = db_int(r, 2),
                 .by = db_int(r, 3),
                 .title = ""};
    if (!db_is_null(r, 4)) {
        const char *stored = arena_str(c->a, db_text(r, 4));
        const FieldOps *ops = type_ops(k->title->type);
        DbVal v =
            ops->column == COL_TEXT ? db_of_text(stored) : db_of_int(strtoll(stored, NULL, 10));
        it->title = ops->to_text(c->a, k->title, &v, c->lang);
    }
    if (k->text && !db_is_null(r, 5))
        it->text = arena_str(c->a, db_text(r, 5));
    want_person(c, s, it->by);
}

/*
 * "me": the record, if the caller may read it (a deleted one: if he may delete it), and whether he reads it in clear. It
 * heads the page as an entry of its own, and without it no source has any rows.
 */
static void with_record(Ctx *c, Sql *q, const Entity *e, int64_t id)
{
    const Filter *clear = access_clear_scope(c, e), *scope = access_scope(c, e, ACT_READ);
    sql_add(q, SQL("WITH me AS (SELECT t0.\"id\" AS \"id\", "));
    if (clear->kind == FILTER_TRUE || clear->kind == FILTER_FALSE) {
        sql_number(q, clear->kind == FILTER_TRUE);
    } else {
        sql_add(q, SQL("CASE WHEN "));
        filter_sql_each(c, q, e, "t0", clear);
        sql_add(q, SQL(" THEN 1 ELSE 0 END"));
    }
    sql_add(q, SQL(" AS \"clear\" FROM "));
    sql_name(q, e->name);
    sql_add(q, SQL(" AS t0 WHERE t0.\"id\" = "));
    sql_bind(q, db_of_int(id));
    if (scope->kind != FILTER_TRUE) {
        sql_add(q, SQL(" AND "));
        filter_sql_each(c, q, e, "t0", scope);
    }
    const Filter *bin =
        e->standard && access_may(c, e, ACT_DELETE) ? access_scope(c, e, ACT_DELETE) : NULL;
    if (e->standard && (!bin || bin->kind != FILTER_TRUE)) {
        sql_add(q, SQL(" AND (t0.\"deleted_at\" IS NULL"));
        if (bin) {
            sql_add(q, SQL(" OR "));
            filter_sql_each(c, q, e, "t0", bin);
        }
        sql_add(q, SQL(")"));
    }
    sql_add(q,
            SQL(") SELECT -1 AS kind, me.\"id\" AS i, CAST(9223372036854775807 AS BIGINT) AS a, "
                "CAST(me.\"clear\" AS BIGINT) AS p, CAST(NULL AS TEXT) AS h, CAST(NULL AS TEXT) AS "
                "x FROM me"));
}

static bool take_entry(Ctx *c, const Entity *e, const Child *kids, int own, DbRows *r, Stream *s)
{
    int nth = (int)db_int(r, 0);
    if (nth < 0) { /* the first of all */
        s->there = true;
        s->clear = db_int(r, 3) == 1;
        return true;
    }
    if (nth < own)
        return take_change(c, e, r, s);
    take_child(c, &kids[nth - own], r, s);
    return true;
}

/* The record and all sources in one statement; changes that need sifting come by themselves. */
static bool read_page(Ctx *c, const Entity *e, int64_t id, Stream *s)
{
    int n_timeline = 0;
    while (e->timeline && e->timeline[n_timeline])
        n_timeline++;
    Child *kids = ARENA_ARRAY(c->a, n_timeline + 1, Child);
    int n = pick_children(c, e, s, kids), own = 0;
    bool changes = timeline_wants_changes(&s->ask), all = timeline_wants(&s->ask, "changes");
    bool sift = changes && (s->ask.words || !all);
    s->together = !sift;
    if (sift && (!find_record(c, e, id, s) || !read_changes(c, e, id, true, s)))
        return false;
    if (!n && sift)
        return true;
    Sql q;
    sql_init(&q, c->a);
    if (s->together)
        with_record(c, &q, e, id);
    if (changes && !sift)
        history_source(&q, own++, e, id, s);
    for (int i = 0; i < n; i++)
        child_source(c, &q, i + own, &kids[i], e, id, s);
    sql_add(&q, SQL(" ORDER BY 3 DESC, 2 DESC"));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    bool ok = true;
    while (ok && db_step(r))
        ok = take_entry(c, e, kids, own, r, s);
    db_done(r);
    if (!ok || c->n_err)
        return false;
    return !s->together || s->there || ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
}

static int newest_first(const void *x, const void *y)
{
    const Item *a = x, *b = y;
    if (a->at != b->at)
        return a->at < b->at ? 1 : -1;
    return a->id < b->id ? 1 : a->id > b->id ? -1 : 0;
}

bool rec_timeline(Ctx *c, const Entity *e, int64_t id, const TimelineQuery *q, Buf *out)
{
    Stream s;
    if (!begin(c, q->limit, &s) || !access_need(c, e, ACT_READ) || !timeline_ask(c, e, q, &s.ask) ||
        !read_cursor(c, q->cursor, &s) || !read_page(c, e, id, &s) ||
        !link_labels_fetch(c, s.labels))
        return false;
    if (s.n) /* behind the last entry there is no array to sort */
        qsort(s.items, (size_t)s.n, sizeof(Item), newest_first);
    Jw w;
    jw_list(&w, out);
    for (int i = 0; i < s.n && i < s.limit; i++) {
        const Item *it = &s.items[i];
        bool own = it->e == e && it->changes != NULL;
        jw_obj(&w);
        jw_kstr(&w, "kind", timeline_kind(it->kind));
        jw_kinstant(&w, "at", it->at);
        rows_write_person(c, s.labels, "by", it->by, &w);
        jw_kstr(&w, "entity", it->e->name);
        jw_kint(&w, "id", it->id);
        jw_kstr(&w, "title", it->title);
        jw_kstr(&w, "text", it->text);
        if (own) {
            write_merge(it, &w);
            jw_key(&w, "changes");
            changes_write(c, s.labels, it->e, it->changes,
                          s.clear ? CHANGES_CLEAR : CHANGES_AS_ROLES, &w);
        }
        jw_end(&w);
    }
    finish_page(c, &s, s.n > s.limit, &w);
    return c->n_err == 0;
}
