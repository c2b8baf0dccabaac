/*
 * The action "parse" of contacts: a pasted block as the fields of a customer and a contact, in the form
 * POST /customers takes. Nothing is read from the database and nothing is stored.
 */
#ifndef DOMAIN_CUSTOMER_CONTACT_PASTE_H
#define DOMAIN_CUSTOMER_CONTACT_PASTE_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/json_read.h"

/* in: {"text"}. ERR_REQUIRED, ERR_TOO_LONG. The answer is described in docs/api.md. */
bool contact_paste(Ctx *c, json_object *in, Buf *out);

#endif
