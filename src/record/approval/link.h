/*
 * Approval by one click from a mail: a signed link for one person, one task and one state of a request. It ends with the
 * answer, with its time (setting approval.link_life), when the task is handed on or the request withdrawn or changed, and when
 * the person is disabled or locked, or has another address or password. Making and opening it write nothing.
 */
#ifndef RECORD_APPROVAL_LINK_H
#define RECORD_APPROVAL_LINK_H

#include "record/record.h"

/* The whole address for this person's waiting task of the request; *out NULL where he has none, or the house has not said
   its address (http.base_url). */
bool approval_link_make(Ctx *c, int64_t user, int64_t request, const char **out);
/* {"person", "expires_at", "sign_in", "number", "title", "operation", "reason", "requester", "created_at", "look": as the action}. As the
   person, with his rights and masks. ERR_NOT_FOUND for a link that is none, or over. */
bool approval_link_look(Ctx *c, const char *token, Buf *out);
/* answer "agree" or "refuse" (comment wanted). Outside a write. ERR_NOT_FOUND, ERR_CONFLICT where somebody was faster,
   ERR_FORBIDDEN for who has a second factor (sign_in of the look): he answers signed in. */
bool approval_link_answer(Ctx *c, const char *token, const char *answer, const char *comment);

#endif
