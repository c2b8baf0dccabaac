/*
 * SQL from parts: see sql.h. The builder also holds what both engines share of search: words are
 * cleaned here, so that FTS5 and tsvector keep the very same words.
 */
#include "db/sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "db/driver.h"

enum {
    WORD_BYTES = 255, /* longer words are cut: a lexeme may have 2 KB, and nobody types one */
    TOKENS_BYTES = 256 * 1024 /* of one record; PostgreSQL's limit is 1 MB with overhead */
};

void sql_init(Sql *q, Arena *a)
{
    *q = (Sql){0};
    buf_init(&q->text, a);
}

void sql_add(Sql *q, SqlText lit)
{
    buf_puts(&q->text, lit.text);
}

static bool name_ok(const char *s)
{
    if (!s || !((*s >= 'a' && *s <= 'z') || *s == '_'))
        return false;
    size_t n = 0;
    for (; s[n]; n++) {
        char ch = s[n];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_'))
            return false;
    }
    return n <= 63;
}

/* Puts "name" at the end, behind `alias.` where there is one. */
static void put_name(Sql *q, const char *alias, const char *name)
{
    /* Also in a release: a wrong name must never become text of a statement. */
    bool ok = name_ok(name) && (!alias || name_ok(alias));
    assert(ok);
    if (!ok) {
        alias = NULL;
        name = "?";
    }
    size_t n_alias = alias ? strlen(alias) : 0, n = strlen(name);
    char *to = buf_room(&q->text, n_alias + n + 3), *w = to;
    if (alias) {
        memcpy(w, alias, n_alias);
        w += n_alias;
        *w++ = '.';
    }
    *w++ = '"';
    memcpy(w, name, n);
    w += n;
    *w++ = '"';
    buf_grew(&q->text, (size_t)(w - to));
}

void sql_name(Sql *q, const char *name)
{
    put_name(q, NULL, name);
}

void sql_col(Sql *q, const char *alias, const char *column)
{
    put_name(q, alias, column);
}

void sql_bind(Sql *q, DbVal v)
{
    if (q->n == q->cap) {
        int cap = q->cap ? q->cap * 2 : 16;
        DbVal *p = ARENA_ARRAY(q->text.a, cap, DbVal);
        if (q->n)
            memcpy(p, q->params, (size_t)q->n * sizeof(*p));
        q->params = p;
        q->cap = cap;
    }
    q->params[q->n++] = v;
    buf_putc(&q->text, '$');
    buf_i64(&q->text, q->n);
}

void sql_bind_ids(Sql *q, const int64_t *ids, int n)
{
    if (n <= 0) {
        buf_puts(&q->text, "(NULL)");
        return;
    }
    for (int i = 0; i < n; i++) {
        buf_putc(&q->text, i ? ',' : '(');
        sql_bind(q, db_of_int(ids[i]));
    }
    buf_putc(&q->text, ')');
}

void sql_number(Sql *q, int64_t n)
{
    buf_i64(&q->text, n);
}

SqlText sql_text(const Sql *q)
{
    return (SqlText){q->text.data};
}

DbRows *sql_query(Ctx *c, const Sql *q)
{
    return db_query(c, sql_text(q), q->params, q->n);
}

bool sql_exec(Ctx *c, const Sql *q)
{
    return db_exec(c, sql_text(q), q->params, q->n);
}

bool sql_send(Ctx *c, const Sql *q)
{
    return db_send(c, sql_text(q), q->params, q->n);
}

/* --- search ---------------------------------------------------------------------------------- */

/* Is there nothing for clean to do? So it is with what the engine makes, and the writer's time is dear. */
static bool is_clean(const char *s, size_t n)
{
    size_t word = 0;
    if (!n || n > TOKENS_BYTES || s[n - 1] == ' ')
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];
        if (ch == ' ') {
            if (i == word)
                return false; /* two blanks, or one in front */
            word = i + 1;
        } else if (ch < 0x20 || ch == 0x7f || ch == '"' || ch == '\'' || (ch >= 'A' && ch <= 'Z') ||
                   i - word >= WORD_BYTES) {
            return false;
        }
    }
    return true;
}

/*
 * The words of s, one blank between them: control characters and quotes dropped (they would end a
 * word in one engine only), ASCII in lower case (FTS5 folds it), long words cut at a character.
 */
static const char *clean(Arena *a, const char *s)
{
    size_t n = strlen(s);
    if (is_clean(s, n))
        return s;
    if (n > TOKENS_BYTES)
        n = TOKENS_BYTES;
    char *out = arena_alloc(a, n + 1);
    size_t len = 0, word = 0; /* word: where the current one began */
    bool cut = false;
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];
        if (ch == ' ') {
            if (len > word)
                out[len++] = ' ';
            word = len;
            cut = false;
            continue;
        }
        if (ch < 0x20 || ch == 0x7f || ch == '"' || ch == '\'')
            continue;
        if (len - word >= WORD_BYTES)
            cut = true;
        if (cut) {
            while (len > word &&
                   (ch & 0xc0) == 0x80) { /* in the middle of a character: take it out */
                unsigned char last = (unsigned char)out[--len];
                if ((last & 0xc0) != 0x80)
                    break;
            }
            while (i + 1 < n && s[i + 1] != ' ')
                i++;
            continue;
        }
        out[len++] = (char)(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
    }
    while (len && (out[len - 1] == ' ' || (n == TOKENS_BYTES && len > word && word)))
        len--; /* a word that the size limit may have cut goes */
    out[len] = 0;
    return out;
}

static const char *table_of(Arena *a, const char *entity)
{
    return arena_printf(a, "search_%s", entity);
}

bool sql_search_put(Ctx *c, const char *entity, int64_t id, const char *tokens, bool is_new)
{
    const char *table = table_of(c->a, entity), *words = clean(c->a, tokens);
    if (db_in_write(c) && c->conn->search_waits)
        return search_note(c->conn, table, id, words, is_new);
    return c->db->dialect->search_put(c, table, id, words, is_new);
}

bool sql_search_remove(Ctx *c, const char *entity, int64_t id)
{
    const char *table = table_of(c->a, entity);
    if (db_in_write(c) && c->conn->search_waits)
        return search_note(c->conn, table, id, NULL, false);
    return c->db->dialect->search_remove(c, table, id);
}

void sql_search_words(Ctx *c, Sql *q, const char *entity)
{
    sql_add(q, ENGINE_SQL("("));
    sql_add(q, c->db->dialect->search_words);
    sql_name(q, table_of(c->a, entity));
    sql_add(q, ENGINE_SQL(")"));
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static int split(Arena *a, const char *text, const char ***out)
{
    int n = 0;
    char *s = arena_str(a, text), *save = NULL;
    *out = ARENA_ARRAY(a, strlen(s) / 2 + 1, const char *);
    for (char *w = strtok_r(s, " ", &save); w; w = strtok_r(NULL, " ", &save))
        (*out)[n++] = clean(a, w);
    return n;
}

int sql_search_beyond(Ctx *c, const char *words, const char *tokens)
{
    const char **have, **may;
    int n_may = split(c->a, tokens, &may), n = split(c->a, words, &have), beyond = 0;
    qsort(may, (size_t)n_may, sizeof *may, by_text);
    for (int i = 0; i < n; i++) {
        bool made = have[i][have[i][0] == '@'] == '^'; /* of PostgreSQL: begins another one */
        if (!made && !bsearch(&have[i], may, (size_t)n_may, sizeof *may, by_text))
            beyond++;
    }
    return beyond;
}

/* The words as they stand in documents; returns how many are left. */
static int clean_words(Ctx *c, const char *const *words, int n, const char ***out)
{
    const char **cleaned = ARENA_ARRAY(c->a, n, const char *);
    int k = 0;
    for (int i = 0; i < n; i++) {
        const char *w = clean(c->a, words[i]);
        if (*w && strcmp(w, "*") != 0 && !strchr(w, ' '))
            cleaned[k++] = w;
    }
    *out = cleaned;
    return k;
}

void sql_search_match(Ctx *c, Sql *q, const char *entity, const char *const *words, int n,
                      const SearchSpan *span)
{
    const char **cleaned;
    int k = clean_words(c, words, n, &cleaned);
    c->db->dialect->search_match(c, q, table_of(c->a, entity), cleaned, k, span);
}

bool sql_search_merges(Ctx *c, const char *word)
{
    return c->db->dialect->search_merges(word);
}

bool sql_search_depth(Ctx *c, const char *entity, SearchDepth *out)
{
    return depth_of_table(c, table_of(c->a, entity), out);
}

void sql_search_has(Ctx *c, Sql *q, const char *entity, const char *alias, const char *const *words,
                    int n)
{
    const char **cleaned;
    int k = clean_words(c, words, n, &cleaned);
    sql_add(q, ENGINE_SQL("EXISTS (SELECT 1 FROM "));
    sql_name(q, table_of(c->a, entity));
    sql_add(q, ENGINE_SQL(" AS sr WHERE "));
    if (k)
        c->db->dialect->search_has(c, q, alias, cleaned, k);
    else
        sql_add(q, ENGINE_SQL("1 = 0"));
    sql_add(q, ENGINE_SQL(")"));
}

void sql_search_reads(Ctx *c, Sql *q, const char *entity, const char *alias,
                      const char *const *words, const char *const *own, int n)
{
    const char **plain, **others = NULL;
    int k = clean_words(c, words, n, &plain);
    bool as_many = !own || clean_words(c, own, n, &others) == k;
    if (k && as_many && c->db->dialect->search_reads) {
        c->db->dialect->search_reads(c, q, table_of(c->a, entity), alias, plain, others, k);
        return;
    }
    sql_add(q, ENGINE_SQL("("));
    sql_search_has(c, q, entity, alias, words, n);
    if (own) {
        sql_add(q, ENGINE_SQL(" OR "));
        sql_search_has(c, q, entity, alias, own, n);
    }
    sql_add(q, ENGINE_SQL(")"));
}

void sql_among(Ctx *c, Sql *q, const int64_t *ids, int n)
{
    c->db->dialect->among(c, q, ids, n);
}

void sql_hold(Ctx *c, Sql *q, bool alone)
{
    if (db_is_pg(c->db))
        sql_add(q, alone ? ENGINE_SQL(" FOR UPDATE") : ENGINE_SQL(" FOR KEY SHARE"));
}

void sql_rarely_set(Ctx *c, Sql *q, const char *alias, const char *column)
{
    const SqlText *around = c->db->dialect->rarely_set;
    sql_add(q, around[0]);
    sql_col(q, alias, column);
    sql_add(q, around[1]);
}

bool sql_grew(Ctx *c, const char *table)
{
    return !c->db->dialect->grew || c->db->dialect->grew(c, table);
}

char *sql_ids_text(Arena *a, const char *before, const int64_t *ids, int n, const char *behind)
{
    Buf b;
    buf_init(&b, a);
    buf_puts(&b, before);
    for (int i = 0; i < n; i++) {
        if (i)
            buf_putc(&b, ',');
        buf_i64(&b, ids[i]);
    }
    buf_puts(&b, behind);
    return b.data;
}
