/*
 * Lists: a page of rows by keyset, written straight to JSON, with a fixed number of statements.
 *
 * Order: rows with a value first, in either direction, by (value, id); then rows without one, by id. Each
 * part is one range of one index, so a page at any depth costs what the first one costs. A page that
 * crosses from the first part to the second takes two statements, never more.
 */
#include "db/sql.h"
#include "meta/types.h"
#include "record/former.h"
#include "record/list_page.h"
#include "record/list_way.h"
#include "record/record.h"
#include "record/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/crypt.h"
#include "base/utf8.h"

enum { ROW_BYTES = 640 };        /* of the answer, about */
#define ID_MOST 9007199254740991 /* ids have 53 bits, JavaScript reads them exactly */

/* ---- order --------------------------------------------------------------------------------- */

static bool never_blank(const Field *f)
{
    return f->index == STD_ID || f->required ||
           (f->standard && (f->index == STD_CREATED_AT || f->index == STD_UPDATED_AT)) ||
           f->type == FT_NUMBER;
}

static bool order_of(Ctx *c, const Entity *e, const char *text, Order *out)
{
    bool masked = false, asked = text && *text;
    if (!asked)
        text = e->sort ? e->sort : "-id";
    const Field *usual = entity_field(e, text + (text[0] == '-'));
    if (!asked && usual && access_field(c, usual, &masked) == FR_NONE)
        text = "-id"; /* who may not see the usual order still gets a list */
    *out = (Order){.down = text[0] == '-'};
    const char *name = text + (text[0] == '-' || text[0] == '+');
    const Field *f = entity_field(e, name);
    masked = false;
    if (!f || f->retired || access_field(c, f, &masked) == FR_NONE)
        return ctx_fail(c, ERR_UNKNOWN_FIELD, "sort", "err.field_unknown", name,
                        label_in(e->label, c->lang));
    if (f->index == STD_ID) {
        out->column = "id";
        out->type = COL_INT;
        return true;
    }
    if (!f->sort || !f->column)
        return ctx_fail(c, ERR_BAD_REQUEST, "sort", "err.sort_not_offered",
                        label_in(f->label, c->lang));
    if (masked && access_clear_scope(c, e)->kind != FILTER_TRUE)
        return ctx_fail(c, ERR_BAD_REQUEST, "sort", "err.sort_masked", label_in(f->label, c->lang));
    out->field = f;
    out->type = type_ops(f->type)->column;
    bool collated = f->type == FT_STRING && out->type == COL_TEXT;
    out->column = collated ? arena_printf(c->a, "%s_s", f->column) : f->column;
    out->may_be_blank = !never_blank(f);
    return true;
}

bool rec_list_sort(Ctx *c, const Entity *e, const char *text)
{
    Order ignored;
    return order_of(c, e, text, &ignored);
}

/* ---- cursors ------------------------------------------------------------------------------- */

/* entity, order and direction stand in it, so that a cursor of another list is refused; it is no secret and anybody can make one */
static char *cursor_text(Ctx *c, const Entity *e, const Order *o, const Cursor *at)
{
    const char *kind = at->blank                   ? "b"
                       : at->value.kind == DB_INT  ? "i"
                       : at->value.kind == DB_REAL ? "r"
                                                   : "t";
    const char *value = at->blank || at->value.kind == DB_NULL ? ""
                        : at->value.kind == DB_INT             ? ctx_num(c, at->value.i)
                        : at->value.kind == DB_REAL ? arena_printf(c->a, "%.17g", at->value.d)
                                                    : at->value.s;
    char *plain = arena_printf(c->a, "%s.%s.%c.%s.%" PRId64 ".%s", e->name, o->column,
                               o->down ? 'd' : 'u', kind, at->id, value);
    return crypt_base64url(c->a, plain, strlen(plain));
}

static bool cursor_read(Ctx *c, const Entity *e, const Order *o, const char *text, Cursor *out)
{
    *out = (Cursor){0};
    if (!text || !*text)
        return true;
    size_t n = 0;
    char *plain = (char *)crypt_from_base64url(c->a, text, &n);
    char *head = arena_printf(c->a, "%s.%s.%c.", e->name, o->column, o->down ? 'd' : 'u');
    size_t head_len = strlen(head);
    if (!plain || strlen(plain) != n || !utf8_valid(plain, n) || n < head_len + 4 ||
        strncmp(plain, head, head_len) != 0)
        return ctx_fail(c, ERR_BAD_CURSOR, "cursor", "err.bad_cursor");
    char kind = plain[head_len];
    char *end = NULL;
    out->id = strtoll(plain + head_len + 2, &end, 10);
    if (plain[head_len + 1] != '.' || !end || *end != '.' || !strchr("birt", kind) || out->id < 1 ||
        out->id > ID_MOST)
        return ctx_fail(c, ERR_BAD_CURSOR, "cursor", "err.bad_cursor");
    const char *value = end + 1;
    out->set = true;
    out->blank = kind == 'b';
    bool fits = out->blank ? o->may_be_blank
                           : (kind == 'i') == (o->type == COL_INT || o->type == COL_BOOL) &&
                                 (kind == 'r') == (o->type == COL_REAL);
    if (!fits)
        return ctx_fail(c, ERR_BAD_CURSOR, "cursor", "err.bad_cursor");
    if (kind == 'i')
        out->value = db_of_int(strtoll(value, NULL, 10));
    else if (kind == 'r')
        out->value = db_of_real(strtod(value, NULL));
    else if (kind == 't')
        out->value = db_of_text(value);
    return true;
}

/* ---- conditions ---------------------------------------------------------------------------- */

bool rec_list_filter(Ctx *c, const Entity *e, const ListQuery *lq, Action act, Filter **out)
{
    if (!access_need(c, e, act))
        return false;
    Filter *f = access_scope(c, e, act);
    if (lq && lq->filter) {
        Filter *asked;
        if (!filter_parse(c, e, lq->filter, &access_filter_guard, access_me(c), &asked))
            return false;
        f = filter_and(c->a, f, asked);
    }
    if (lq && lq->of_view) {
        Filter *kept;
        if (!filter_parse(c, e, lq->of_view, &access_filter_guard, access_me(c), &kept))
            return false;
        f = filter_and(c->a, f, kept);
    }
    former_means(c, f);
    *out = f;
    return true;
}

void rec_list_where(Ctx *c, Sql *q, const Entity *e, const Filter *f, const ListQuery *lq,
                    const SearchFound *found)
{
    sql_add(q, SQL(" WHERE "));
    if (!e->standard)
        sql_add(q, SQL("1 = 1"));
    else if (lq->deleted)
        sql_add(q, SQL("t0.\"deleted_at\" IS NOT NULL"));
    else
        sql_add(q, SQL("t0.\"deleted_at\" IS NULL"));
    if (e->standard && !lq->deleted && lq->archived == ARCHIVED_ONLY) {
        sql_add(q, SQL(" AND t0.\"archived_at\" IS NOT NULL"));
    } else if (e->standard && !lq->deleted && lq->archived != ARCHIVED_TOO) {
        sql_add(q, SQL(" AND "));
        sql_rarely_set(c, q, "t0", "archived_at");
    }
    if (f->kind != FILTER_TRUE) {
        sql_add(q, SQL(" AND "));
        if (lq->q && *lq->q)
            filter_sql_each(c, q, e, "t0", f);
        else
            filter_sql(c, q, e, "t0", f);
    }
    if (lq->q && *lq->q) {
        sql_add(q, SQL(" AND "));
        search_sql(c, q, e, "t0", lq->q, found);
    }
}

void list_beside(Sql *q, const Order *o, const char *alias, const Cursor *at, bool blank,
                 SqlText sign)
{
    bool by_id = blank || !o->field;
    sql_add(q, by_id ? SQL(" AND ") : SQL(" AND ("));
    if (!by_id) {
        sql_col(q, alias, o->column);
        sql_add(q, SQL(", "));
    }
    sql_col(q, alias, "id");
    if (!by_id)
        sql_add(q, SQL(")"));
    sql_add(q, sign);
    if (!by_id) {
        sql_add(q, SQL("("));
        sql_bind(q, at->value);
        sql_add(q, SQL(", "));
    }
    sql_bind(q, db_of_int(at->id));
    if (!by_id)
        sql_add(q, SQL(")"));
}

static void keyset(Sql *q, const Order *o, const Cursor *at, bool blank)
{
    if (o->may_be_blank) {
        sql_add(q, SQL(" AND "));
        sql_col(q, "t0", o->column);
        if (blank)
            sql_add(q, SQL(" IS NULL"));
        else
            sql_add(q, SQL(" IS NOT NULL"));
    }
    if (at->set && at->blank == blank)
        list_beside(q, o, "t0", at, blank, o->down ? SQL(" < ") : SQL(" > "));
}

static void order_by(Sql *q, const Order *o, const char *alias, bool blank, int limit)
{
    sql_add(q, SQL(" ORDER BY "));
    if (o->field && !blank) {
        sql_col(q, alias, o->column);
        sql_add(q, o->down ? SQL(" DESC, ") : SQL(" ASC, "));
    }
    sql_col(q, alias, "id");
    sql_add(q, o->down ? SQL(" DESC LIMIT ") : SQL(" ASC LIMIT "));
    sql_number(q, limit);
}

/* For a whole list in one statement: those without a value last, as on pages. */
bool rec_list_order(Ctx *c, Sql *q, const Entity *e, const char *sort, int limit)
{
    Order o;
    if (!order_of(c, e, sort, &o))
        return false;
    if (!o.field || !o.may_be_blank) {
        order_by(q, &o, "t0", false, limit);
        return true;
    }
    sql_add(q, SQL(" ORDER BY CASE WHEN "));
    sql_col(q, "t0", o.column);
    sql_add(q, SQL(" IS NULL THEN 1 ELSE 0 END, "));
    sql_col(q, "t0", o.column);
    sql_add(q, o.down ? SQL(" DESC, t0.\"id\" DESC LIMIT ") : SQL(" ASC, t0.\"id\" ASC LIMIT "));
    sql_number(q, limit);
    return true;
}

/* ---- the page ------------------------------------------------------------------------------ */

/* Behind the table: its first rows in the order, as o, of which search_sql reads the words. */
static void first_rows(Sql *q, const Page *p, const Cursor *at, bool blank)
{
    sql_add(q, SQL(" JOIN (SELECT t0.\"id\""));
    if (p->order.field) {
        sql_add(q, SQL(", "));
        sql_col(q, "t0", p->order.column);
    }
    sql_add(q, SQL(" FROM "));
    sql_name(q, p->set.e->name);
    sql_add(q, SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL"));
    keyset(q, &p->order, at, blank);
    order_by(q, &p->order, "t0", blank, p->found->n);
    sql_add(q, SQL(") AS o ON o.\"id\" = t0.\"id\""));
}

static DbVal order_value(Ctx *c, const Order *o, DbRows *r, int col)
{
    return o->type == COL_TEXT   ? db_of_text(arena_str(c->a, db_text(r, col)))
           : o->type == COL_REAL ? db_of_real(db_real(r, col))
                                 : db_of_int(db_int(r, col));
}

static bool read_part(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at,
                      bool blank)
{
    Sql q;
    sql_init(&q, c->a);
    int most = p->limit - p->set.n + 1; /* one more tells whether there is a next page */
    bool choose = p->found ? p->found->how == SEARCH_IDS && p->found->n > NEWEST * (p->limit + 1)
                           : p->ids && p->n_ids > NEWEST * (p->limit + 1);
    bool first = p->found && p->found->how == SEARCH_FIRST;
    rows_select(c, &p->set, &q, p->order.column, NULL);
    if (first)
        first_rows(&q, p, at, blank);
    if (choose) { /* many are found: those of the page are chosen by id, so that the others are not read and sorted whole */
        sql_add(&q, SQL(" WHERE t0.\"id\" IN (SELECT i.\"id\" FROM (SELECT t0.\"id\" FROM "));
        sql_name(&q, p->set.e->name);
        sql_add(&q, SQL(" AS t0"));
    }
    rec_list_where(c, &q, p->set.e, p->each ? filter_true(c->a) : f, lq, p->found);
    if (p->each)
        list_way_test(c, &q, p->set.e, f, true, p->ids || p->end);
    if (p->ids) {
        sql_add(&q, SQL(" AND t0.\"id\""));
        sql_among(c, &q, p->ids, p->n_ids);
    }
    if (!first)
        keyset(&q, &p->order, at, blank);
    if (p->end)
        list_beside(&q, &p->order, "t0", p->end, blank, p->order.down ? SQL(" >= ") : SQL(" <= "));
    if (choose) {
        order_by(&q, &p->order, "t0", blank, most);
        sql_add(&q, SQL(") AS i)"));
    }
    order_by(&q, &p->order, first ? "o" : "t0", blank, most);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r)) {
        if (p->set.n == p->limit) {
            p->more = true;
            break;
        }
        int col = rows_add(c, &p->set, r);
        p->last = (Cursor){.set = true,
                           .blank = blank,
                           .value = blank ? db_null() : order_value(c, &p->order, r, col),
                           .id = p->set.rows[p->set.n - 1].rec.id};
    }
    db_done(r);
    return c->n_err == 0;
}

bool list_read_page(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at)
{
    p->set.n = 0;
    p->more = false;
    if (!at->blank && !read_part(c, p, f, lq, at, false))
        return false;
    return !p->order.may_be_blank || p->more || read_part(c, p, f, lq, at, true);
}

/* ---- the page of a filter or a scope --------------------------------------------------------- */

/* The row of the order, list_tries.walked rows on from `at`: read from the index alone. out->set: there is one. */
static bool far_end(Ctx *c, const Page *p, const ListQuery *lq, const Cursor *at, bool blank,
                    Cursor *out)
{
    const Order *o = &p->order;
    ListQuery live = {.deleted = lq->deleted, .archived = ARCHIVED_TOO};
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t0.\"id\", "));
    sql_col(&q, "t0", o->column);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, p->set.e->name);
    sql_add(&q, SQL(" AS t0"));
    rec_list_where(c, &q, p->set.e, filter_true(c->a), &live, NULL);
    keyset(&q, o, at, blank);
    order_by(&q, o, "t0", blank, 1);
    sql_add(&q, SQL(" OFFSET "));
    sql_number(&q, list_tries.walked);
    *out = (Cursor){.blank = blank};
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    if (db_step(r)) {
        out->set = true;
        out->id = db_int(r, 0);
        out->value = blank ? db_null() : order_value(c, o, r, 1);
    }
    db_done(r);
    return c->n_err == 0;
}

/* The page from the next list_tries.walked rows of the order; *done: it is full, or the order was at its end. */
static bool walk(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at,
                 bool *done)
{
    p->set.n = 0;
    p->more = false;
    *done = false;
    for (int blank = at->blank; blank <= p->order.may_be_blank; blank++) {
        Cursor end;
        if (!far_end(c, p, lq, at, blank, &end))
            return false;
        p->end = end.set ? &end : NULL;
        bool ok = read_part(c, p, f, lq, at, blank);
        p->end = NULL;
        if (!ok)
            return false;
        *done = p->more || !end.set;
        if (p->more || end.set)
            return true;
    }
    return true;
}

/*
 * Few rows of the table are found by a way that leads to them, and sorted; many fill a page soon along the order. Which of
 * both they are no planner knows that has counted nothing, and one that has counted guesses; so a little of each is tried.
 * Where neither is short, the order is walked, or an index that a plain value leads to; where no way leads to them at all, the engine does as it thinks best.
 */
static bool read_filtered(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at,
                          const ListWays *ways)
{
    bool any = ways->n || ways->apart, found = false, done = false;
    int64_t *ids = NULL;
    if (!any && !ways->linked)
        return list_read_page(c, p, f, lq, at);
    p->each = true;
    if (any && !list_way_ids(c, ways, true, list_tries.found, &ids, &p->n_ids, &found))
        return false;
    if (!found && !lq->deleted && !walk(c, p, f, lq, at, &done))
        return false;
    if (done)
        return true;
    if (!found && any && !list_way_ids(c, ways, false, list_tries.more, &ids, &p->n_ids, &found))
        return false;
    p->ids = found ? ids : NULL;
    p->each = found || ways->n > 0;
    return list_read_page(c, p, f, lq, at);
}

/* beyond: there may be more than the n that were seen. */
static void write_count(Jw *w, int64_t n, int64_t cap, bool beyond)
{
    jw_key(w, "count");
    jw_obj(w);
    jw_kint(w, "value", n > cap ? cap : n);
    jw_kbool(w, "exact", n <= cap && !beyond);
    jw_end(w);
}

/* Of a search: from the ids, where these are all; else of all matches, or (capped) of the newest 20,000, of which it is said
   when there are others. */
static const SearchFound *counted_found(Ctx *c, const Page *p, const ListQuery *lq)
{
    if (!p->found)
        return NULL;
    if (p->found->how == SEARCH_IDS && p->found->all && !p->found->before)
        return p->found;
    if (lq->count == COUNT_CAPPED)
        return NULL;
    SearchFound *every = ARENA_NEW(c->a, SearchFound);
    *every = (SearchFound){.how = SEARCH_EVERY};
    return every;
}

static bool count_rows(Ctx *c, const Page *p, const Filter *f, const ListQuery *lq,
                       const Cursor *at, const ListWays *ways, Jw *w)
{
    const Entity *e = p->set.e;
    bool capped = lq->count == COUNT_CAPPED;
    int64_t cap = capped ? conf_int("count.cap") : INT64_MAX;
    const SearchFound *found = counted_found(c, p, lq);
    bool whole = !p->found || p->found->how == SEARCH_ROW;
    if (!at->set && !p->more && whole) { /* they are all on this page */
        write_count(w, p->set.n, cap, false);
        return true;
    }
    int64_t n = 0;
    bool each = p->each && (capped || p->ids); /* else the whole table is gone through */
    if (capped && ways->exact) {
        if (!list_way_count(c, ways, (int)cap + 1, &n))
            return false;
        write_count(w, n, cap, false);
        return true;
    }
    bool beyond = false;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q,
            capped ? SQL("SELECT count(*) FROM (SELECT 1 FROM ") : SQL("SELECT count(*) FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0"));
    rec_list_where(c, &q, e, each ? filter_true(c->a) : f, lq, found);
    if (each)
        list_way_test(c, &q, e, f, p->ids != NULL, p->ids != NULL);
    if (p->ids) {
        sql_add(&q, SQL(" AND t0.\"id\""));
        sql_among(c, &q, p->ids, p->n_ids);
    }
    if (capped) {
        sql_add(&q, SQL(" LIMIT "));
        sql_number(&q, cap + 1);
        sql_add(&q, SQL(") AS s"));
    }
    DbRows *r = sql_query(c, &q);
    if (!r || !db_step(r))
        return false;
    n = db_int(r, 0);
    db_done(r);
    if (p->found && !found && n <= cap && !search_beyond(c, e, lq->q, &beyond))
        return false;
    write_count(w, n, cap, beyond);
    return true;
}

bool rec_list(Ctx *c, const Entity *e, const ListQuery *lq, Buf *out)
{
    Page p = {.limit = lq->limit ? lq->limit : 50};
    if (p.limit < 1 || p.limit > 200)
        return ctx_fail(c, ERR_BAD_REQUEST, "limit", "err.limit_range", "1", "200");
    Filter *f;
    if (!rec_list_filter(c, e, lq, ACT_READ, &f))
        return false;
    if (lq->deleted) {
        if (!e->standard || !access_need(c, e, ACT_DELETE))
            return e->standard ? false : ctx_fail(c, ERR_BAD_REQUEST, "deleted", "err.no_trash");
        f = filter_and(c->a, f, access_scope(c, e, ACT_DELETE));
    }
    Cursor at;
    if (!rows_choose(c, e, lq->fields, false, &p.set) || !order_of(c, e, lq->sort, &p.order) ||
        !cursor_read(c, e, &p.order, lq->cursor, &at))
        return false;
    bool words = lq->q && *lq->q;
    ListWays ways = {.e = e}; /* of words: none */
    if (!words)
        list_ways(c, e, f, lq, &ways);
    if (words ? !list_read_found(c, &p, f, lq, &at) : !read_filtered(c, &p, f, lq, &at, &ways))
        return false;
    if (!rows_finish(c, &p.set))
        return false;
    Jw w;
    (void)buf_room(out, (size_t)p.set.n * ROW_BYTES); /* else a page is copied at each doubling */
    jw_list(&w, out);
    for (int i = 0; i < p.set.n; i++)
        rows_write(c, &p.set, &p.set.rows[i], &w);
    jw_end(&w);
    jw_kstr(&w, "next_cursor", p.more ? cursor_text(c, e, &p.order, &p.last) : NULL);
    if (lq->count != COUNT_NONE && !count_rows(c, &p, f, lq, &at, &ways, &w))
        return false;
    jw_end(&w);
    return c->n_err == 0;
}

/* ---- walking all rows ---------------------------------------------------------------------- */

enum { EACH_BLOCK = 500 };

static bool each_block(Ctx *c, const Entity *e, Filter *f, int64_t after, Record *block, int *out_n)
{
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT "));
    value_columns(&q, e, "t0");
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 WHERE t0.\"id\" > "));
    sql_bind(&q, db_of_int(after));
    if (e->standard)
        sql_add(&q, SQL(" AND t0.\"deleted_at\" IS NULL"));
    if (f->kind != FILTER_TRUE) {
        sql_add(&q, SQL(" AND "));
        filter_sql(c, &q, e, "t0", f);
    }
    sql_add(&q, SQL(" ORDER BY t0.\"id\" ASC LIMIT "));
    sql_number(&q, EACH_BLOCK);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    int n = 0;
    while (n < EACH_BLOCK && db_step(r)) {
        block[n].e = e;
        block[n].v = ARENA_ARRAY(c->a, e->n_fields, DbVal);
        value_read_row(c->a, e, r, 0, block[n].v);
        block[n].id = block[n].v[STD_ID].i;
        block[n].version = e->standard ? block[n].v[STD_VERSION].i : 0;
        n++;
    }
    db_done(r);
    *out_n = n;
    return c->n_err == 0;
}

bool rec_each(Ctx *c, const Entity *e, Filter *f, bool (*fn)(Ctx *c, const Record *r, void *arg),
              void *arg)
{
    Arena *keep = c->a;
    Arena *step = arena_child(keep);
    Record *block = ARENA_ARRAY(keep, EACH_BLOCK, Record);
    int64_t after = INT64_MIN;
    bool ok = true;
    for (bool more = true; ok && more;) {
        arena_reset(step);
        int n = 0;
        c->a = step;
        ok = each_block(c, e, f, after, block, &n);
        for (int i = 0; ok && i < n; i++)
            ok = fn(c, &block[i], arg);
        if (ok && n)
            after = block[n - 1].id;
        more = n == EACH_BLOCK;
        c->a = keep;
    }
    if (c->n_err == 0) /* else the mistakes live in the step arena; it goes with its parent */
        arena_free(step);
    return ok;
}
