/*
 * Rows of one of the house's own tables as an answer of the API: {"data": […]}, with "next_cursor" where a page was asked
 * for. For short lists without filters (sign-ins, tokens, jobs, imports); records have record/list.h.
 */
#ifndef DB_LIST_H
#define DB_LIST_H

#include "base/json_write.h"
#include "db/db.h"

/*
 * Writes every row of r by write and closes r. limit: 0 for all rows without a cursor; else at most so many, and
 * "next_cursor" names column 0 (the id) of the last one where r holds more: the statement asks for limit + 1.
 * r may be NULL (its query failed): false. write returns false with its mistake recorded.
 */
bool db_list_json(Ctx *c, DbRows *r, int limit, bool (*write)(Ctx *c, Jw *w, DbRows *r), Buf *out);

#endif
