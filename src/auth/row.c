/* Rows of the house's own entities. See row.h. */
#include "auth/row.h"

#include <assert.h>
#include <string.h>

#include "auth/actor.h"
#include "base/tokens.h"
#include "db/sql.h"
#include "meta/types.h"

typedef struct Columns {
    const char **name;
    DbVal *v;
    int n;
} Columns;

static void put(Columns *k, const char *name, DbVal v)
{
    k->name[k->n] = name;
    k->v[k->n] = v;
    k->n++;
}

static Columns columns_of(Ctx *c, const Entity *e, const RowSet *set, size_t n)
{
    size_t most = n * 4 + 12;
    Columns k = {.name = ARENA_ARRAY(c->a, most, const char *),
                 .v = ARENA_ARRAY(c->a, most, DbVal)};
    for (size_t i = 0; i < n; i++) {
        const Field *f = entity_field(e, set[i].field);
        if (!f || !f->column)
            continue;
        put(&k, f->column, set[i].v);
        if (f->fold)
            put(&k, arena_printf(c->a, "%s_f", f->column), type_fold(c->a, f, &set[i].v));
        if (f->sort && f->type == FT_STRING)
            put(&k, arena_printf(c->a, "%s_s", f->column), type_sort_key(c->a, f, &set[i].v));
        if (f->match != MATCH_NONE)
            put(&k, arena_printf(c->a, "%s_k", f->column), type_match_key(c->a, f, &set[i].v));
    }
    return k;
}

static void add_words(Buf *b, Map *seen, const Field *f, const char *text)
{
    int n = 0;
    const char *const *words =
        f->type == FT_PHONE ? tokens_phone(b->a, text, &n) : tokens_index(b->a, text, &n);
    for (int i = 0; i < n; i++) {
        /* words of personal fields are marked, as record/search does */
        char *w =
            arena_printf(b->a, "%s%s", f->personal && words[i][0] != '#' ? "#" : "", words[i]);
        if (map_put(seen, w, w))
            continue;
        if (b->len)
            buf_putc(b, ' ');
        buf_puts(b, w);
    }
}

/* The words of the row as it now stands: an update names some fields only. */
static bool put_search(Ctx *c, const Entity *e, int64_t id, bool is_new)
{
    if (!(e->gets & GETS_SEARCH))
        return true;
    const Field **fields = ARENA_ARRAY(c->a, e->n_fields, const Field *);
    int n = 0;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT id"));
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!f->search || f->retired || !f->column)
            continue;
        sql_add(&q, SQL(", "));
        sql_name(&q, f->column);
        fields[n++] = f;
    }
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" WHERE id = "));
    sql_bind(&q, db_of_int(id));
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    Buf words;
    Map seen;
    buf_init(&words, c->a);
    map_init(&seen, c->a);
    if (db_step(r))
        for (int i = 0; i < n; i++)
            if (!db_is_null(r, i + 1))
                add_words(&words, &seen, fields[i], arena_str(c->a, db_text(r, i + 1)));
    db_done(r);
    return sql_search_put(c, e->name, id, words.data, is_new);
}

static DbVal who(const Ctx *c)
{
    return c->actor && c->actor->user ? db_of_int(c->actor->user) : db_null();
}

bool row_insert(Ctx *c, const Entity *e, int64_t id, const RowSet *set, size_t n)
{
    assert(db_in_write(c));
    Columns k = columns_of(c, e, set, n);
    put(&k, "id", db_of_int(id));
    if (e->standard) {
        put(&k, "version", db_of_int(1));
        put(&k, "created_at", db_of_int(c->now_ms));
        put(&k, "created_by_id", who(c));
        put(&k, "updated_at", db_of_int(c->now_ms));
        put(&k, "updated_by_id", who(c));
        put(&k, "origin", db_of_text(c->actor ? channel_name(c->actor->channel) : "system"));
    }
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("INSERT INTO "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" ("));
    for (int i = 0; i < k.n; i++) {
        if (i)
            sql_add(&q, SQL(", "));
        sql_name(&q, k.name[i]);
    }
    sql_add(&q, SQL(") VALUES ("));
    for (int i = 0; i < k.n; i++) {
        if (i)
            sql_add(&q, SQL(", "));
        sql_bind(&q, k.v[i]);
    }
    sql_add(&q, SQL(")"));
    return sql_exec(c, &q) && put_search(c, e, id, true);
}

static bool update(Ctx *c, const Entity *e, int64_t id, const RowSet *set, size_t n, bool edited)
{
    assert(db_in_write(c));
    Columns k = columns_of(c, e, set, n);
    if (edited) {
        put(&k, "updated_at", db_of_int(c->now_ms));
        put(&k, "updated_by_id", who(c));
    }
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("UPDATE "));
    sql_name(&q, e->name);
    sql_add(&q, SQL(" SET "));
    for (int i = 0; i < k.n; i++) {
        if (i)
            sql_add(&q, SQL(", "));
        sql_name(&q, k.name[i]);
        sql_add(&q, SQL(" = "));
        sql_bind(&q, k.v[i]);
    }
    if (edited)
        sql_add(&q, SQL(", version = version + 1"));
    sql_add(&q, SQL(" WHERE id = "));
    sql_bind(&q, db_of_int(id));
    return sql_exec(c, &q) && put_search(c, e, id, false);
}

bool row_update(Ctx *c, const Entity *e, int64_t id, const RowSet *set, size_t n)
{
    return update(c, e, id, set, n, e->standard);
}

bool row_touch(Ctx *c, const Entity *e, int64_t id, const RowSet *set, size_t n)
{
    return update(c, e, id, set, n, false);
}

const char *row_fold(Ctx *c, const char *entity, const char *field, const char *text)
{
    const Field *f = entity_field(model_entity(c->model, entity), field);
    assert(f && f->fold); /* the columns named in our SQL */
    DbVal v = db_of_text(text), folded = type_fold(c->a, f, &v);
    return folded.kind == DB_TEXT ? arena_dup(c->a, folded.s, folded.n) : "";
}
