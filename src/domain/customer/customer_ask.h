/*
 * The action "ask_owner" of customers: a person who finds that somebody else has the customer asks its owner.
 * Until there are requests, that is a task for the owner.
 */
#ifndef DOMAIN_CUSTOMER_CUSTOMER_ASK_H
#define DOMAIN_CUSTOMER_CUSTOMER_ASK_H

#include "record/hooks.h"

/*
 * in: the fields of POST /customers/duplicates, and "message". For each foreign customer that agrees (at most
 * five) one task of its owner; who asks learns the owners and nothing else. Counts against the limit of foreign
 * hints; the same customer can be asked for once a day. ERR_NOT_FOUND where nothing foreign agrees.
 */
bool customer_ask_owner(Ctx *c, const Entity *e, json_object *in, Buf *out);

#endif
