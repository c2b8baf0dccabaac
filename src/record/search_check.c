/*
 * What search documents hold that they should not: a word of an erased value would still find the record, and tell what it was.
 * A document that lacks a word is another matter (zhike check counts documents). See search.h.
 */
#include "base/vec.h"
#include "record/former.h"
#include "record/search.h"
#include "record/value.h"

enum { BLOCK = 500 };

/* A document with a word that is not of the search fields of its record. */
typedef struct Doubt {
    int64_t id;
    Record r; /* id 0: it is not there, or in the bin */
    const char *words;
} Doubt;
typedef VEC(Doubt) Doubts;

/* All texts of a record, as words that anybody finds and as those of personal fields: what a custom field was before it was
   no longer searched, or personal, still stands in the document. */
static void add_all(Ctx *c, Buf *b, const Record *r)
{
    Entity any = *r->e;
    Field *fields = ARENA_ARRAY(c->a, any.n_fields, Field);
    any.fields = fields;
    for (int personal = 0; personal < 2; personal++) {
        for (int i = 0; i < any.n_fields; i++) {
            fields[i] = r->e->fields[i];
            fields[i].search = 1;
            fields[i].retired = false;
            fields[i].personal = personal == 1;
        }
        buf_printf(b, " %s", search_tokens(c->a, &any, r->v));
    }
}

static bool doubt(Ctx *c, const Entity *e, const Doubt *d, int *out)
{
    Records former = {0};
    Buf b;
    buf_init(&b, c->a);
    if (d->r.id && !former_records(c, e, d->r.id, 0, &former))
        return false;
    if (d->r.id)
        add_all(c, &b, &d->r);
    for (size_t i = 0; i < former.n; i++)
        add_all(c, &b, &former.items[i]);
    *out = sql_search_beyond(c, d->words, b.data);
    return true;
}

static Doubt read_doubt(Arena *a, const Entity *e, DbRows *rows)
{
    Doubt d = {.id = db_int(rows, 0), .words = db_text_copy(a, rows, 1)};
    d.r = (Record){.e = e, .v = ARENA_ARRAY(a, e->n_fields, DbVal)};
    value_read_row(a, e, rows, 2, d.r.v);
    d.r.id = d.r.v[STD_ID].kind == DB_INT ? d.r.v[STD_ID].i : 0;
    return d;
}

static bool read_block(Ctx *c, const Entity *e, int64_t *after, int *n, Doubts *out)
{
    int mark = c->n_err;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT d.\"id\", d.\"words\", "));
    value_columns(&q, e, "t0");
    sql_add(&q, SQL(" FROM "));
    sql_search_words(c, &q, e->name);
    sql_add(&q, SQL(" AS d LEFT JOIN "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" AS t0 ON t0.\"id\" = d.\"id\""));
    sql_add(&q, e->standard ? SQL(" AND t0.\"deleted_at\" IS NULL WHERE d.\"id\" > ")
                            : SQL(" WHERE d.\"id\" > "));
    sql_bind(&q, db_of_int(*after));
    sql_add(&q, SQL(" ORDER BY d.\"id\" LIMIT "));
    sql_number(&q, BLOCK);
    DbRows *rows = sql_query(c, &q);
    if (!rows)
        return false;
    Arena *keep = c->a;
    c->a = arena_child(keep); /* of one row: the words of a long text take a megabyte */
    for (*n = 0; db_step(rows); ++*n) {
        *after = db_int(rows, 0);
        arena_reset(c->a);
        Doubt d = read_doubt(c->a, e, rows);
        if (!d.r.id || sql_search_beyond(c, d.words, search_tokens(c->a, e, d.r.v)))
            vec_push(keep, out, read_doubt(keep, e, rows));
    }
    if (c->n_err == mark)
        arena_free(c->a);
    c->a = keep;
    db_done(rows);
    return c->n_err == mark;
}

/* Of one moment: a merge beside it moves words from one record to another. */
static bool check_block(Ctx *c, const Entity *e, int64_t *after, int *n,
                        void (*say)(void *arg, const char *entity, int64_t id, int words),
                        void *arg)
{
    Doubts doubts = {0};
    if (!db_snapshot(c))
        return false;
    bool ok = read_block(c, e, after, n, &doubts);
    for (size_t i = 0; i < doubts.n && ok; i++) {
        int words = 0;
        ok = doubt(c, e, &doubts.items[i], &words);
        if (ok && words)
            say(arg, e->name, doubts.items[i].id, words);
    }
    db_snapshot_end(c);
    return ok;
}

bool search_check(Ctx *c, void (*say)(void *arg, const char *entity, int64_t id, int words),
                  void *arg)
{
    Arena *keep = c->a, *step = arena_child(keep);
    bool ok = true;
    for (int i = 0; i < c->model->n && ok; i++) {
        const Entity *e = &c->model->entities[i];
        int64_t after = 0;
        for (int n = BLOCK; (e->gets & GETS_SEARCH) && n == BLOCK && ok;) {
            arena_reset(step);
            c->a = step;
            ok = check_block(c, e, &after, &n, say, arg);
            c->a = keep;
        }
    }
    if (ok) /* else the mistakes live in it */
        arena_free(step);
    return ok;
}
