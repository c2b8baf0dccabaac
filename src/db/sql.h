/*
 * Building SQL from parts: literal fragments, names and bound values. Names are checked
 * (a–z, 0–9, _) and quoted; values are only ever bound. There is no way to put a run-time string
 * into the text.
 *     Sql q; sql_init(&q, c->a);
 *     sql_add(&q, SQL("SELECT ")); sql_col(&q, "t", "name"); sql_add(&q, SQL(" FROM ")); sql_name(&q, "customer");
 *     sql_add(&q, SQL(" AS t WHERE t.id = ")); sql_bind(&q, db_of_int(id));
 *     DbRows *r = sql_query(c, &q);
 */
#ifndef DB_SQL_H
#define DB_SQL_H

#include "base/buf.h"
#include "db/db.h"
#include "db/pace.h"

typedef struct Sql {
    Buf text;
    DbVal *params;
    int n, cap;
} Sql;

void sql_init(Sql *q, Arena *a);
void sql_add(Sql *q, SqlText lit);
/* "name" quoted. Asserts [a-z_][a-z0-9_]*, at most 63 bytes: names come from a checked model. */
void sql_name(Sql *q, const char *name);
/* alias."column"; alias NULL for none. */
void sql_col(Sql *q, const char *alias, const char *column);
/* Binds v as the next parameter and writes its $n. */
void sql_bind(Sql *q, DbVal v);
/* " IN (…)" of ids as one bound value: the text of the statement stays the same however many there are. */
void sql_among(Ctx *c, Sql *q, const int64_t *ids, int n);
/* alias."column" IS NULL, which nearly every row is: the planner is told that this finds none of them faster. */
void sql_rarely_set(Ctx *c, Sql *q, const char *alias, const char *column);
/* ($1,$2,…) of ids. n = 0 writes (NULL). */
void sql_bind_ids(Sql *q, const int64_t *ids, int n);
/* Behind a SELECT of rows in a write: until its end nobody changes them in what others link to, or (alone) nobody even links
   to them; a writer that is at it is waited for. On SQLite writes go one by one, so nothing is said. */
void sql_hold(Ctx *c, Sql *q, bool alone);
/* A whole number that is ours (a limit): written as text so that plans can use it. */
void sql_number(Sql *q, int64_t n);

/* The text made; valid as long as the arena. */
SqlText sql_text(const Sql *q);
DbRows *sql_query(Ctx *c, const Sql *q);
bool sql_exec(Ctx *c, const Sql *q);
bool sql_send(Ctx *c, const Sql *q); /* db_send */

/*
 * Parts that differ by engine. Search: one table search_<entity> per entity.
 *   SQLite: FTS5(tokens) with rowid = id, detail=none; PostgreSQL: (id BIGINT PRIMARY KEY, tokens tsvector) with GIN.
 * tokens: words separated by one blank; a word is any UTF-8 without blank or quote (quotes and
 * control characters are dropped, ASCII is put in lower case, a word ends after 255 bytes).
 */
bool sql_search_put(Ctx *c, const char *entity, int64_t id, const char *tokens, bool is_new);
bool sql_search_remove(Ctx *c, const char *entity, int64_t id);
/* "(SELECT id, words …)": the documents as they stand; what of one is not among the words it is to have, how many. */
void sql_search_words(Ctx *c, Sql *q, const char *entity);
int sql_search_beyond(Ctx *c, const char *words, const char *tokens);
/*
 * Care of a search table in the background: one step of it, a short write of its own, where something is to be done or
 * `begun` says that the step before left more. t is the caller's from step to step, at first all zero: how large a step
 * may be so that it is short, whether there is more, how long it took.
 */
typedef struct SearchTend {
    Pace pace;  /* its rows are pages of FTS5 */
    bool whole; /* SQLite: all segments into one, so that removed words are nowhere any more */
    bool begun, more;
} SearchTend;
bool sql_search_tend(Ctx *c, const char *entity, bool begun, SearchTend *t);
/* Inside a write: a table has become many times what it was. PostgreSQL counts it anew, for until its own vacuum comes
   by its plans would be those of an empty table. */
bool sql_grew(Ctx *c, const char *table);
/*
 * Which matches are wanted: the newest `limit` (0: all) of those with from <= id < before (before 0, from SEARCH_ALL: no such
 * bound). how, for PostgreSQL, whose own guess of a word that it has not counted is not to be trusted: as it plans; all of
 * them gathered and sorted; ids walked from the youngest down, each document tested; those gathered that the index has from
 * `from` on (search_age.c; from must then be of sql_search_from).
 */
#define SEARCH_ALL INT64_MIN
typedef struct SearchSpan {
    int64_t before, from;
    int limit;
    enum { SPAN_PLANNED, SPAN_GATHER, SPAN_WALK, SPAN_AGES } how;
} SearchSpan;

/* Writes "(SELECT … AS id …)", the ids that carry all words; a word ending in '*' is a prefix. No words: no ids. */
void sql_search_match(Ctx *c, Sql *q, const char *entity, const char *const *words, int n,
                      const SearchSpan *span);

/* Is the word looked up by putting the lists of many words together? So it is with most that end in '*'. */
bool sql_search_merges(Ctx *c, const char *word);
/* The documents of an entity in parts of equal size: their number and the ids between the parts. n = 0: nothing is
   known, or looking at all of them at once is best (SQLite, small tables). */
typedef struct SearchDepth {
    int64_t rows;
    int n;
    const int64_t *ids; /* ascending */
} SearchDepth;
bool sql_search_depth(Ctx *c, const char *entity, SearchDepth *out);
/* An id with at least about `rows` documents between it and `before` (0: and the youngest), where a span of the index
   begins, and about how many lie there; SEARCH_ALL where there are not so many. */
int64_t sql_search_from(const SearchDepth *d, int64_t before, int64_t rows, int64_t *reached);
/* About how many documents lie from `from` on below `before` (0: and the youngest); those that came since they were counted
   are none. */
int64_t sql_search_between(const SearchDepth *d, int64_t from, int64_t before);
/* In how many of a million documents all these words stood when they were last searched for; -1: not known. */
int sql_search_known(Ctx *c, const char *entity, const char *const *words, int n);
void sql_search_learn(Ctx *c, const char *entity, const char *const *words, int n, int per_million);
/* Writes "EXISTS (…)": the row called alias carries all words. For a walk over few rows by another index: it
   reads the document of each. No words: false. */
void sql_search_has(Ctx *c, Sql *q, const char *entity, const char *alias, const char *const *words,
                    int n);
/* The time at which a record was made (created_at), for each of n ids of one table; INT64_MIN where there is none. From
   memory, and what is not there in one statement; *out_known false, and nothing read, where too many of them are asked for
   the first time. For sorting: the caller need not be allowed to see them. */
typedef struct BornAt {
    int64_t id, at;
} BornAt;
bool sql_born(Ctx *c, const char *table, BornAt *of, int n, bool *out_known);
/* Writes a condition that is true where the row called alias carries all words, or all of own (NULL: no others), n of
   each. The document of each row is read in the order in which rows come, however rare the engine thinks the words. */
void sql_search_reads(Ctx *c, Sql *q, const char *entity, const char *alias,
                      const char *const *words, const char *const *own, int n);

#endif
