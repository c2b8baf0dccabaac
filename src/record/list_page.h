/*
 * What the files of lists share: the order, a place in it, a page on its way. list.c reads pages, list_found.c decides from what
 * a page of a search is read.
 */
#ifndef RECORD_LIST_PAGE_H
#define RECORD_LIST_PAGE_H

#include "record/record.h"
#include "record/rows.h"
#include "record/search.h"

/* of so many pages of ids and fewer the rows are read at once; more are chosen from first */
enum { NEWEST = 4 };

typedef struct Cursor {
    bool set;
    bool blank;  /* in the part without a value */
    DbVal value; /* of the sort column */
    int64_t id;
} Cursor;

typedef struct Order {
    const Field *field; /* NULL: by id */
    const char *column; /* the column sorted by; "id" where field is NULL */
    ColType type;
    bool down;
    bool may_be_blank;
} Order;

typedef struct Page {
    RowSet set;
    Order order;
    int limit;
    bool more;
    const SearchFound *found; /* of q; or NULL */
    Cursor last;
    bool each;          /* the filter is tested on each row, whatever leads to it */
    const int64_t *ids; /* … on these; NULL: on those of the order … */
    int n_ids;
    const Cursor *end; /* … down to this one; NULL: on all */
} Page;

/* " AND …": the row called alias (NULL: without a name) stands beside the one at the cursor as sign says, in the order o;
   blank: among those without a value. */
void list_beside(Sql *q, const Order *o, const char *alias, const Cursor *at, bool blank,
                 SqlText sign);

/* The page behind at, of the rows that f, lq and what was found (p->found) leave. false with a mistake. */
bool list_read_page(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at);

/* The page of a list with q: finds, and reads the page, which is right whatever was estimated. false with a mistake. */
bool list_read_found(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at);

#endif
