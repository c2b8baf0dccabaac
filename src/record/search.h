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

/* Does a change of these fields touch the search document? changed by Field.index. */
bool search_touched(const Entity *e, const unsigned char *changed);

/*
 * What q finds, and how a statement makes use of it:
 *   SEARCH_IDS   looks the ids up (a few thousand at most)
 *   SEARCH_WALK  the statement walks an order of its own and tests each row against the set of the newest 20,000 matches
 *   SEARCH_ROW   … and reads the words of each row: dear for a row, without a bound on the matches; where
 *                something else leaves few rows
 * No SearchFound at all: the newest 20,000 matches are looked up.
 */
typedef struct SearchFound {
    enum { SEARCH_IDS, SEARCH_WALK, SEARCH_ROW } how;
    int64_t *ids; /* newest first, each once */
    int n;
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

/* The condition "this row is found by q" for the caller, on alias. found NULL: see above. A q without any word
   gives FALSE. */
void search_sql(Ctx *c, Sql *sql, const Entity *e, const char *alias, const char *q,
                const SearchFound *found);

#endif
