/*
 * Announcements for their readers: which are current and meant for the caller, that he has closed or
 * acknowledged one, and for the author who has not yet. Keeping them is the generic entity.
 */
#ifndef RECORD_ANNOUNCE_H
#define RECORD_ANNOUNCE_H

#include "record/told.h"

/* {"data": [{id, title, kind, body, need_ack, start_at, end_at}]}: current, meant for the caller, not acknowledged; newest
   first, at most 20. all: those he has acknowledged as well ("acked_at"). */
bool announce_mine(Ctx *c, bool all, Buf *out);
/* In a write: a row of notification for each person it is meant for. */
bool announce_tell(Ctx *c, int64_t id, const char *title, const char *body);
/* Those whose start has come and that nobody was told of, each once, whichever of several processes looks first: told, and
   shown live where they were not current when they were saved. What is more than a day late is not told any more. */
bool announce_start(Ctx *c);
/* Is any of these current ones meant for the caller and not acknowledged by him? */
bool announce_told(Ctx *c, const ToldAsk *ask, bool *out);
/* Closed or acknowledged. ERR_NOT_FOUND where it is not one of his. */
bool announce_is_mine(Ctx *c, int64_t id, bool *out); /* current, and for the caller */
bool announce_ack(Ctx *c, int64_t id);
/* Behind the gate of actions: {"total", "acked", "data": [{user: {id,label}, department, at}]}, those missing first, at
   most 500 rows. */
bool announce_receipts(Ctx *c, int64_t id, Buf *out);

#endif
