/*
 * The page of a list with q: from what of that which was found it is read.
 *
 * Whatever is estimated here (how common words are, whether ids follow dates) decides what a page costs, never what
 * stands on it: a page is taken as it is only where it is proven to be right.
 */
#include "db/sql.h"
#include "record/list_page.h"
#include "record/newest.h"

/* Of q: matches looked up for one page of the newest rows, in pages, and where a filter or a scope takes some away; for a
   page of which the first did not suffice, or in another order; rows of the order looked at to see that no younger id hides
   among them. */
enum { NEWEST_OF_SOME = 8, MORE = 1200, FEW = 4000 };
static const int LOOKED_AT[] = {10000, 30000, 60000};

/*
 * The page was made of the newest matches by id, and is sorted by the time of creation: are these the same? They
 * are if every row that lies between the cursor and the end of the page has an id in the range that was searched. That is
 * one look into the index of the order; records brought in with dates of their own are what it is for.
 */
static bool ids_agree(Ctx *c, const Page *p, const Cursor *at, int most, bool *out)
{
    const SearchFound *found = p->found;
    *out = true;
    if (!p->order.field) /* by id */
        return true;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT count(*), coalesce(sum(CASE WHEN r.\"id\" < "));
    sql_bind(&q, db_of_int(found->floor));
    sql_add(&q, SQL(" OR r.\"id\" >= "));
    sql_bind(&q, db_of_int(found->before ? found->before : INT64_MAX));
    sql_add(&q, SQL(" THEN 1 ELSE 0 END), 0) FROM (SELECT \"id\" FROM "));
    sql_name(&q, p->set.e->name);
    sql_add(&q, SQL(" WHERE \"deleted_at\" IS NULL"));
    list_beside(&q, &p->order, NULL, &p->last, false, SQL(" >= "));
    if (at->set)
        list_beside(&q, &p->order, NULL, at, false, SQL(" < "));
    sql_add(&q, SQL(" LIMIT "));
    sql_number(&q, most + 1);
    sql_add(&q, SQL(") AS r"));
    DbRows *r = sql_query(c, &q);
    if (!r || !db_step(r))
        return false;
    *out = db_int(r, 0) <= most && db_int(r, 1) == 0;
    db_done(r);
    return c->n_err == 0;
}

/* Does the order follow ids, which are made of the time, youngest first? */
static bool youngest_first(const Page *p, const ListQuery *lq)
{
    const Order *o = &p->order;
    return o->down && !lq->deleted && p->set.e->standard &&
           (!o->field || o->field->index == STD_CREATED_AT);
}

/* The page from the first rows of the order, where so many of them are expected to be matches: whatever the dates of
   rows and whatever was expected, a page that fills is right. */
static bool read_first(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at,
                       SearchFound *found, bool *done)
{
    *done = false;
    if (f->kind != FILTER_TRUE || lq->archived == ARCHIVED_ONLY ||
        !search_first(c, p->set.e, lq->q, p->limit + 1, found))
        return true;
    if (!list_read_page(c, p, f, lq, at))
        return false;
    *done = p->more;
    if (!p->more)
        search_not_first(c, p->set.e, lq->q);
    return true;
}

/* The page from ids that were found: of many, the youngest half as many again as it needs, and all of them where some of
   these were deleted or archived. */
static bool read_ids(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at)
{
    const SearchFound *found = p->found;
    if (f->kind != FILTER_TRUE || lq->archived == ARCHIVED_ONLY ||
        found->n <= NEWEST * (p->limit + 1) || !youngest_first(p, lq))
        return list_read_page(c, p, f, lq, at);
    const NewestFrom from = {
        .by_id = !p->order.field, .set = at->set, .at = at->value.i, .id = at->id};
    SearchFound some;
    if (!search_newest(c, p->set.e, found, &from, (p->limit + 1) * 3 / 2, &some))
        return false;
    p->found = &some;
    bool ok = list_read_page(c, p, f, lq, at), all = some.n == found->n;
    p->found = found;
    return ok && (p->more || all || list_read_page(c, p, f, lq, at));
}

/*
 * The page of a search. Of words that stand in many rows the first rows are read. Few matches are looked up by id and sorted. Of many, where the order is that of ids, the newest
 * are, and ids_agree says whether that was right. What is left are common words in another order, where the order is
 * walked and tested against the set of matches, and a filter or scope that leaves few of very many
 * matches: there its rows are walked and the words of each are read.
 */
bool list_read_found(Ctx *c, Page *p, const Filter *f, const ListQuery *lq, const Cursor *at)
{
    bool young = youngest_first(p, lq);
    bool all = f->kind == FILTER_TRUE;
    int caps[] = {(all ? NEWEST : NEWEST_OF_SOME) * (p->limit + 1), MORE, FEW};
    SearchFound *found = ARENA_ARRAY(c->a, 1, SearchFound);
    p->found = found;
    bool done = false;
    if (young && (!read_first(c, p, f, lq, at, found, &done) || done))
        return done;
    for (int i = young ? 0 : 2; i < 3; i++) {
        int cap = caps[i] < FEW ? caps[i] : FEW;
        if (!search_find(c, p->set.e, lq->q, 0, cap, MORE, 0, found))
            return false;
        if (!found->all && at->set && young &&
            !search_find(c, p->set.e, lq->q, at->id, cap, MORE, 0, found))
            return false;
        bool complete = found->all && !found->before;
        if (!complete && !young)
            break;
        if (!read_ids(c, p, f, lq, at))
            return false;
        if (complete)
            return true;
        bool agree = false;
        if (p->more && !ids_agree(c, p, at, LOOKED_AT[all ? i : i < 1 ? 1 : i], &agree))
            return false;
        if (agree)
            return true;
        /* so few of them were the caller's that the next step would not fill the page either */
        if (i == 0 && !p->more && !found->all &&
            (int64_t)p->set.n * MORE < (int64_t)cap * (p->limit + 1))
            i++;
    }
    *found = (SearchFound){.how = young ? SEARCH_ROW : SEARCH_WALK};
    return list_read_page(c, p, f, lq, at);
}
