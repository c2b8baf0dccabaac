/*
 * The action "parse" of contacts: a pasted block or vCards as the fields of a customer and a contact, in the form
 * POST /customers takes. Nothing is read from the database and nothing is stored.
 */
#ifndef DOMAIN_CUSTOMER_CONTACT_PASTE_H
#define DOMAIN_CUSTOMER_CONTACT_PASTE_H

#include "record/record.h"

/* in: {"text"}. ERR_REQUIRED, ERR_TOO_LONG. The answer is described in docs/api.md. */
bool contact_paste(Ctx *c, json_object *in, Buf *out);

/* The action "vcard" of a contact: a vCard 3.0 and its QR code, of what the caller reads in clear. */
bool contact_card(Ctx *c, const Entity *e, int64_t id, Buf *out);

#endif
