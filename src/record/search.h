/*
 * What of a record is searchable. One document per record in search_<entity>: the words of its search
 * fields by base/tokens. Words of personal fields (phones, e-mails) carry the prefix '@', so that a
 * query reaches them only in rows which the caller reads in clear.
 */
#ifndef RECORD_SEARCH_H
#define RECORD_SEARCH_H

#include "record/record.h"

/* The words of a record, separated by one blank, distinct; "" where it has none. */
char *search_tokens(Arena *a, const Entity *e, const DbVal *values);

/* Writes the document of a record that is there: its words and those of what was merged into it, which is found by them.
   Nothing where e is not searched. In a write, behind the row. */
bool search_put(Ctx *c, const Entity *e, int64_t id, const DbVal *values);

/* zhike check: tells each document with words that neither its record nor what was merged into that has, and how many; such of
   records that are not there, too. */
bool search_check(Ctx *c, void (*say)(void *arg, const char *entity, int64_t id, int words),
                  void *arg);

/* Does a change of these fields touch the search document? changed by Field.index. */
bool search_touched(const Entity *e, const unsigned char *changed);

/*
 * What q finds, and how a statement makes use of it:
 *   SEARCH_IDS   looks the ids up (a few thousand at most)
 *   SEARCH_WALK  the statement walks an order of its own and tests each row against the set of the newest 20,000 matches
 *   SEARCH_ROW   … and reads the words of each row: dear for a row, without a bound on the matches; where
 *                something else leaves few rows
 *   SEARCH_FIRST … of the first n rows of the order, which the statement calls o
 *   SEARCH_EVERY looks all matches up, however many: for a count that is to be exact
 * No SearchFound at all: the newest 20,000 matches are looked up.
 */
typedef struct SearchFound {
    enum { SEARCH_IDS, SEARCH_WALK, SEARCH_ROW, SEARCH_FIRST, SEARCH_EVERY } how;
    int64_t *ids;    /* newest first, each once */
    int n;           /* of the ids; SEARCH_FIRST: of the rows */
    int64_t floor;   /* matches older than this were not looked for */
    int64_t before;  /* nor those from here on; 0: no such bound */
    bool all;        /* nothing lies below floor */
    int64_t *titles; /* rows whose title begins with q, in the order of titles */
    int n_titles;
} SearchFound;

/* The ids q finds for the caller, whatever his scope (personal words only where he reads in clear): the newest `cap` of
   each arm below `before` (0: of all), or up to `whole` of them where that costs no more; and so many whose title begins
   with q. One statement. false with a mistake. */
bool search_find(Ctx *c, const Entity *e, const char *q, int64_t before, int cap, int whole,
                 int titles, SearchFound *out);

/*
 * Does q stand in so many records that `wanted` of them are found soonest among the first rows of the order of a list, by
 * reading the words of each? true: found is SEARCH_FIRST, with how many rows to look at. By what earlier searches
 * learned, newest first, and so an estimate; never where the engine knows no depth (SQLite), nor where personal words
 * count in some rows only. Who did not find as many says so, and for a while is not sent there again.
 */
bool search_first(Ctx *c, const Entity *e, const char *q, int wanted, SearchFound *found);
void search_not_first(Ctx *c, const Entity *e, const char *q);

/* Has q more matches than the newest 20,000, so that what was counted among these may not be all? */
bool search_beyond(Ctx *c, const Entity *e, const char *q, bool *out);

/* The condition "this row is found by q" for the caller, on alias. found NULL: see above. A q without any word
   gives FALSE. */
void search_sql(Ctx *c, Sql *sql, const Entity *e, const char *alias, const char *q,
                const SearchFound *found);

#endif
