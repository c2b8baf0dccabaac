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
 * The condition "this row is found by q" for the caller, on alias: id IN (…) [OR id IN (…) AND clear scope].
 * A q without any word gives FALSE.
 */
void search_sql(Ctx *c, Sql *sql, const Entity *e, const char *alias, const char *q);

/*
 * Does q find so many rows that a list had better walk its own order and test each row (search_sql_walk) than look
 * all of them up and sort them (search_sql)? One statement, bounded. false with a mistake.
 */
void search_sql_walk(Ctx *c, Sql *sql, const Entity *e, const char *alias, const char *q);
bool search_common(Ctx *c, const Entity *e, const char *q, bool *out);

#endif
