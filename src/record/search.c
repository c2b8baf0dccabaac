/*
 * Search: the document of a record, and the search over all entities. How rows are found is record/search_find.c.
 *
 * Over all entities each one gives its newest matches and the titles that begin with what was typed; these are ranked
 * here. Per entity that is one statement that finds, one that reads the rows, and one for labels.
 */
#include "record/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/fold.h"
#include "base/pinyin_mark.h"
#include "base/tokens.h"
#include "record/former.h"
#include "record/rows.h"

/* rows ranked per row shown; in a scope: so many times that are looked through first, matches and titles that are at
   most, rows whose words are read */
enum { RANKED = 4, SCOPED = 6, SCOPED_CAP = 4000, TITLES = 200, OWN_ROWS = 2000 };

/* ---- the document -------------------------------------------------------------------------- */

/* The words in a document so far: where each stands in its text. */
typedef struct Seen {
    Buf *b;
    uint32_t *slot; /* offset + 1 */
    size_t n, n_slots;
} Seen;

static uint32_t word_hash(const char *s, size_t n)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h ^ (h >> 15);
}

static size_t word_len(const char *s)
{
    return strcspn(s, " ");
}

static void seen_grow(Seen *k)
{
    uint32_t *old = k->slot;
    size_t n_old = k->n_slots;
    k->n_slots = n_old ? n_old * 2 : 512;
    k->slot = ARENA_ARRAY(k->b->a, k->n_slots, uint32_t);
    for (size_t i = 0; i < n_old; i++) {
        if (!old[i])
            continue;
        const char *word = k->b->data + old[i] - 1;
        size_t at = word_hash(word, word_len(word)) & (k->n_slots - 1);
        while (k->slot[at])
            at = (at + 1) & (k->n_slots - 1);
        k->slot[at] = old[i];
    }
}

/* Puts mark and word at the end of the text, unless it stands there. */
static void add_word(Seen *k, char mark, const char *word)
{
    Buf *b = k->b;
    size_t before = b->len, len = strlen(word);
    if (k->n * 2 >= k->n_slots)
        seen_grow(k);
    char *to = buf_room(b, len + 2);
    if (before)
        *to++ = ' ';
    size_t from = (size_t)(to - b->data);
    if (mark)
        *to++ = mark;
    memcpy(to, word, len);
    size_t n = len + (mark != 0);
    const char *text = b->data + from;
    size_t at = word_hash(text, n) & (k->n_slots - 1);
    for (; k->slot[at]; at = (at + 1) & (k->n_slots - 1)) {
        const char *have = b->data + k->slot[at] - 1;
        if (memcmp(have, text, n) == 0 && have[n] == ' ') {
            b->data[before] = 0;
            return;
        }
    }
    k->slot[at] = (uint32_t)from + 1;
    k->n++;
    buf_grew(b, from - before + n);
}

static void add_words(Seen *seen, const Entity *e, const DbVal *values)
{
    Arena *a = seen->b->a;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        const DbVal *v = &values[i];
        if (!f->search || f->retired || v->kind != DB_TEXT || !v->n)
            continue;
        int n = 0;
        const char *const *words =
            f->type == FT_PHONE ? tokens_phone(a, v->s, &n) : tokens_index(a, v->s, &n);
        for (int k = 0; k < n; k++)
            add_word(seen, f->personal ? '@' : 0, words[k]);
    }
}

char *search_tokens(Arena *a, const Entity *e, const DbVal *values)
{
    Buf b;
    buf_init(&b, a);
    Seen seen = {.b = &b};
    add_words(&seen, e, values);
    return b.data;
}

bool search_put(Ctx *c, const Entity *e, int64_t id, const DbVal *values)
{
    Records former = {0};
    Buf b;
    buf_init(&b, c->a);
    Seen seen = {.b = &b};
    if (!(e->gets & GETS_SEARCH))
        return true;
    if (!former_records(c, e, id, FORMER_MOST, &former))
        return false;
    add_words(&seen, e, values); /* its own first: a document has an end */
    for (size_t i = 0; i < former.n; i++)
        add_words(&seen, e, former.items[i].v);
    return sql_search_put(c, e->name, id, b.data, false);
}

bool search_touched(const Entity *e, const unsigned char *changed)
{
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].search && changed[i])
            return true;
    return false;
}

/* ---- over all entities --------------------------------------------------------------------- */

typedef struct Hit {
    const RowSet *set;
    int row;
    int64_t id;
    const char *label;
    int score;
    bool own;
    const char
        *former; /* what one merged into it was called, where that is why it was found; or NULL */
} Hit;

typedef struct Search {
    const char *q, *folded;
    int limit;
    Hit *hits;
    int n;
} Search;

enum {
    SCORE_REST,
    SCORE_READ,
    SCORE_INSIDE,
    SCORE_READ_BEGINS,
    SCORE_NUMBER,
    SCORE_BEGINS,
    SCORE_IS
};

/* A title that is what was typed, begins with it; a number that does; a title whose characters are read so from the first on;
   one that contains it, as it stands or as it is read; the rest: what was typed stands in another field. */
static int score_of(Ctx *c, const RowSet *s, const Row *row, const char *label, const char *folded)
{
    char *l = fold_text(c->a, label);
    size_t n = strlen(folded);
    if (strncmp(l, folded, n) == 0)
        return l[n] ? SCORE_BEGINS : SCORE_IS;
    for (int i = 0; i < s->n_fields; i++) {
        const DbVal *v = &row->rec.v[s->fields[i]->index];
        if (s->fields[i]->type == FT_NUMBER && !s->masked[i] && v->kind == DB_TEXT &&
            strncmp(fold_text(c->a, v->s), folded, n) == 0)
            return SCORE_NUMBER;
    }
    int from, to;
    bool read = pinyin_mark(l, folded, n, &from, &to);
    if (read && from == 0)
        return SCORE_READ_BEGINS;
    return strstr(l, folded) ? SCORE_INSIDE : read ? SCORE_READ : SCORE_REST;
}

/* Within a score the caller's own first, then as entities stand in the model, then the younger. */
static int by_rank(const void *x, const void *y)
{
    const Hit *a = x, *b = y;
    if (a->score != b->score)
        return b->score - a->score;
    if (a->own != b->own)
        return a->own ? -1 : 1;
    if (a->set->e->index != b->set->e->index)
        return a->set->e->index - b->set->e->index;
    return a->id < b->id ? 1 : a->id > b->id ? -1 : 0;
}

/* What stands on a card tells one hit from another. */
static bool choose_card(Ctx *c, const Entity *e, RowSet *s)
{
    Buf card;
    buf_init(&card, c->a);
    for (int i = 0; i < e->n_fields; i++) {
        bool masked;
        const Field *f = &e->fields[i];
        if (f->in_card && f->index != STD_ID && !f->retired &&
            access_field(c, f, &masked) != FR_NONE)
            buf_printf(&card, "%s%s", card.len ? "," : "", f->name);
    }
    if (!rows_choose(c, e, card.data, false, s))
        return false;
    s->flags = false;
    return true;
}

static const char *owner_column(const Entity *e)
{
    return e->standard ? e->fields[STD_OWNER].column : NULL;
}

static void select_hits(Ctx *c, Sql *sql, RowSet *s, const Filter *scope, const SearchFound *found,
                        const char *q, int most)
{
    const Entity *e = s->e;
    rows_select(c, s, sql, e->title->column, owner_column(e));
    sql_add(sql, e->standard ? SQL(" WHERE t0.\"deleted_at\" IS NULL") : SQL(" WHERE 1 = 1"));
    if (scope->kind != FILTER_TRUE) {
        sql_add(sql, SQL(" AND "));
        filter_sql_each(c, sql, e, "t0", scope);
    }
    sql_add(sql, SQL(" AND "));
    search_sql(c, sql, e, "t0", q, found);
    sql_add(sql, SQL(" ORDER BY "));
    if (found->n_titles) { /* those are the best, however old they are */
        sql_add(sql, SQL("CASE WHEN t0.\"id\""));
        sql_among(c, sql, found->titles, found->n_titles);
        sql_add(sql, SQL(" THEN 0 ELSE 1 END, "));
    }
    sql_add(sql, SQL("t0.\"id\" DESC LIMIT "));
    sql_number(sql, most);
}

static bool read_hits(Ctx *c, RowSet *s, const Sql *sql, Search *k)
{
    DbRows *r = sql_query(c, sql);
    if (!r)
        return false;
    while (db_step(r)) {
        int col = rows_add(c, s, r);
        const char *label = db_text(r, col);
        Hit *h = &k->hits[k->n++];
        *h = (Hit){.set = s, .row = s->n - 1, .id = s->rows[s->n - 1].rec.id};
        h->label = arena_str(c->a, label ? label : "");
        h->own = owner_column(s->e) && c->actor && db_int(r, col + 1) == c->actor->user;
        h->score = score_of(c, s, &s->rows[h->row], h->label, k->folded);
    }
    db_done(r);
    return c->n_err == 0;
}

/* The titles that begin with q and the newest matches: these ids, each once. */
static void join_titles(Ctx *c, SearchFound *found)
{
    int64_t *ids = ARENA_ARRAY(c->a, found->n + found->n_titles, int64_t);
    if (found->n)
        memcpy(ids, found->ids, (size_t)found->n * sizeof *ids);
    if (found->n_titles)
        memcpy(ids + found->n, found->titles, (size_t)found->n_titles * sizeof *ids);
    found->ids = ids;
    found->n += found->n_titles;
}

/*
 * A scope that holds few of very many matches: his newest rows, the words of each read. Rows that were hits already do not
 * come again, for the ids looked through are passed over.
 */
static bool search_own(Ctx *c, const Entity *e, RowSet *s, Search *k, const Filter *scope,
                       const SearchFound *seen)
{
    SearchFound row = {.how = SEARCH_ROW};
    Sql sql;
    sql_init(&sql, c->a);
    rows_select(c, s, &sql, e->title->column, owner_column(e));
    sql_add(&sql, SQL(" JOIN (SELECT t0.\"id\" FROM "));
    sql_name(&sql, e->name);
    sql_add(&sql, SQL(" AS t0 WHERE "));
    sql_add(&sql, e->standard ? SQL("t0.\"deleted_at\" IS NULL AND ") : SQL("1 = 1 AND "));
    filter_sql(c, &sql, e, "t0", scope);
    sql_add(&sql, SQL(" AND +t0.\"id\" < "));
    sql_bind(&sql, db_of_int(seen->floor));
    sql_add(&sql, SQL(" ORDER BY "));
    if (e->standard)
        sql_add(&sql, SQL("t0.\"created_at\" DESC, "));
    sql_add(&sql, SQL("t0.\"id\" DESC LIMIT "));
    sql_number(&sql, OWN_ROWS);
    sql_add(&sql, SQL(") AS o ON o.\"id\" = t0.\"id\" WHERE "));
    search_sql(c, &sql, e, "t0", k->q, &row);
    sql_add(&sql, SQL(" ORDER BY t0.\"id\" DESC LIMIT "));
    sql_number(&sql, k->limit);
    return read_hits(c, s, &sql, k);
}

static bool search_one(Ctx *c, const Entity *e, Search *k)
{
    RowSet *s = ARENA_ARRAY(c->a, 1, RowSet);
    Filter *scope = access_scope(c, e, ACT_READ);
    if (scope->kind == FILTER_FALSE)
        return true;
    if (!choose_card(c, e, s))
        return false;
    /* who sees all rows needs only the newest matches; who sees some needs room for those not his */
    bool everything = scope->kind == FILTER_TRUE;
    int most = k->limit * RANKED, before = k->n;
    SearchFound found = {.all = false};
    for (int i = 0; i < 2 && (i == 0 || (!everything && !found.all && k->n - before < k->limit));
         i++) {
        k->n = before;
        s->n = 0;
        if (!search_find(c, e, k->q, 0, i == 0 ? most * (everything ? 1 : SCOPED) : SCOPED_CAP, 0,
                         everything ? k->limit : TITLES, &found))
            return false;
        join_titles(c, &found);
        if (!found.n)
            return true;
        Sql sql;
        sql_init(&sql, c->a);
        select_hits(c, &sql, s, scope, &found, k->q, most);
        if (!read_hits(c, s, &sql, k))
            return false;
    }
    if (!everything && !found.all && k->n - before < k->limit &&
        !search_own(c, e, s, k, scope, &found))
        return false;
    return rows_finish(c, s);
}

/* Two other card fields that say something: first those in which the query stands (a number, the tail of a phone), then
   the first ones. */
static const char *detail_of(Ctx *c, const Hit *h, const char *folded)
{
    enum { MOST = 2 };
    const RowSet *s = h->set;
    Buf b;
    buf_init(&b, c->a);
    int said = 0;
    char **texts = ARENA_ARRAY(c->a, s->n_fields, char *);
    bool *holds = ARENA_ARRAY(c->a, s->n_fields, bool);
    for (int k = 0; k < s->n_fields; k++) {
        texts[k] = s->fields[k] == s->e->title ? "" : rows_text(c, s, &s->rows[h->row], k);
        holds[k] = *texts[k] && strstr(fold_text(c->a, texts[k]), folded);
    }
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < s->n_fields && said < MOST; k++)
            if (*texts[k] && holds[k] == (pass == 0))
                buf_printf(&b, "%s%s", said++ ? " · " : "", texts[k]);
    return b.data;
}

/* Where the words of a query stand in a text that was found by how it is read: [[from, to], …] in characters. What stands there
   as it was typed the page sees itself. */
static void write_marks(Ctx *c, Jw *w, const char *key, const char *text, const char *folded)
{
    const char *plain = fold_text(c->a, text);
    bool any = false;
    for (const char *p = folded; *p;) {
        size_t n = strcspn(p, " ");
        int from, to;
        if (n && !strstr(plain, arena_dup(c->a, p, n)) && pinyin_mark(text, p, n, &from, &to)) {
            if (!any) {
                jw_key(w, key);
                jw_arr(w);
            }
            any = true;
            jw_arr(w);
            jw_int(w, from);
            jw_int(w, to);
            jw_end(w);
        }
        p += n + (p[n] == ' ');
    }
    if (any)
        jw_end(w);
}

/* Of hits whose own title does not say why they were found: the title of one that was merged into them which does. One
   statement for each entity that has such hits. */
static bool find_former(Ctx *c, Search *k, int most)
{
    for (int m = 0; m < c->model->n; m++) {
        const Entity *e = &c->model->entities[m];
        int64_t *ids = ARENA_ARRAY(c->a, most + 1, int64_t);
        FormerNames names = {0};
        int n = 0;
        for (int i = 0; i < k->n && n < most && former_link(e); i++)
            if (k->hits[i].set->e == e && k->hits[i].score == SCORE_REST)
                ids[n++] = k->hits[i].id;
        if (!former_names(c, e, ids, n, &names))
            return false;
        for (int i = 0; i < k->n; i++)
            for (size_t j = 0; j < names.n; j++) {
                const char *folded = fold_text(c->a, names.items[j].is);
                int from, to;
                if (k->hits[i].set->e == e && k->hits[i].id == names.items[j].of &&
                    (strstr(folded, k->folded) ||
                     pinyin_mark(folded, k->folded, strlen(k->folded), &from, &to)))
                    k->hits[i].former = names.items[j].is;
            }
    }
    return true;
}

/* An old title comes in twice. */
static bool again(const Search *k, int i)
{
    const Hit *h = &k->hits[i], *prev = i ? h - 1 : NULL;
    return prev && prev->id == h->id && prev->set == h->set;
}

/* By entity, for how many of its hits room is kept: two letters that begin the names of forty people do not crowd the
   companies out that begin with them, too. Beside the kind that has the best hit room is kept in half of the places at most: where
   there are many kinds, those with most of it, and of these the ones that come last, give some back. */
static int *room_of(Ctx *c, const Search *k, int limit)
{
    enum { MOST = 3, SHARE = 5 };
    int most = limit / SHARE < MOST ? limit / SHARE : MOST, kinds = 0, kept = 0;
    int *room = ARENA_ARRAY(c->a, c->model->n, int), *kind = ARENA_ARRAY(c->a, c->model->n, int);
    for (int i = 0; i < k->n; i++) {
        int e = (int)(k->hits[i].set->e - c->model->entities);
        if (again(k, i) || room[e] >= most)
            continue;
        if (!room[e])
            kind[kinds++] = e; /* by their best hits */
        room[e]++;
        kept += e != kind[0];
    }
    for (; kept > limit / 2; kept--) {
        int from = 1;
        for (int i = 2; i < kinds; i++)
            if (room[kind[i]] >= room[kind[from]])
                from = i;
        room[kind[from]]--;
    }
    return room;
}

bool rec_search(Ctx *c, const char *q, const char *only_entity, int limit, Buf *out)
{
    if (limit < 1 || limit > 50)
        limit = 20;
    const Model *m = c->model;
    Search k = {.q = q ? q : "", .limit = limit};
    k.folded = fold_text(c->a, k.q);
    k.hits = ARENA_ARRAY(c->a, m->n * limit * (RANKED + 1), Hit);
    for (int i = 0; i < m->n && *k.folded; i++) {
        const Entity *e = &m->entities[i];
        if (!(e->gets & GETS_SEARCH) || !access_may(c, e, ACT_READ))
            continue;
        if (only_entity && strcmp(only_entity, e->name) != 0)
            continue;
        if (!search_one(c, e, &k))
            return false;
    }
    qsort(k.hits, (size_t)k.n, sizeof(Hit), by_rank);
    if (!find_former(c, &k, limit))
        return false;
    int *room = room_of(c, &k, limit), kept = 0;
    for (int i = 0; i < m->n; i++)
        kept += room[i];
    Jw w;
    jw_list(&w, out);
    for (int i = 0, shown = 0; i < k.n && shown < limit; i++) {
        const Hit *h = &k.hits[i];
        int *mine = &room[h->set->e - m->entities];
        if (again(&k, i) || (!*mine && shown + kept >= limit))
            continue;
        if (*mine)
            --*mine, kept--;
        shown++;
        jw_obj(&w);
        jw_kstr(&w, "entity", h->set->e->name);
        jw_kint(&w, "id", h->id);
        jw_kstr(&w, "label", h->label);
        write_marks(c, &w, "marks", h->label, k.folded);
        if (h->former)
            jw_kstr(&w, "former", h->former);
        const char *detail = detail_of(c, h, k.folded);
        jw_kstr(&w, "detail", detail);
        write_marks(c, &w, "detail_marks", detail, k.folded);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return c->n_err == 0;
}
