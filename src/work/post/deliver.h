/* The postman: a thread that takes letters from the outbox and sends them by their channels. */
#ifndef WORK_POST_DELIVER_H
#define WORK_POST_DELIVER_H

#include "db/db.h"
#include "work/post/call.h"

/* One round: claims what is due, sends, settles. *worked: there was something; else *next_due is when the next letter is due (ms
   UTC; INT64_MAX where none waits). false where the database failed. */
bool deliver_step(Db *db, Caller *k, bool (*stopping)(void), bool *worked, int64_t *next_due);

#endif
