/*
 * vCard 2.1, 3.0 and 4.0, read and written. Read: folded lines, quoted-printable with any CHARSET, groups,
 * both spellings of parameters, several cards in a text; what has no field becomes remark, pictures and keys are
 * left out. Written: 3.0, the version every telephone takes.
 */
#ifndef DOMAIN_CUSTOMER_VCARD_H
#define DOMAIN_CUSTOMER_VCARD_H

#include "base/ctx.h"
#include "base/json_read.h"
#include "domain/customer/contact_block.h"

enum { VCARD_MAX_BYTES = 900000, VCARD_MAX_CARDS = 200 };

bool vcard_is(const char *text);
/* The cards of a text (at most VCARD_MAX_CARDS) as blocks; from, to of an item are the bytes of its property. text:
   valid UTF-8. c is for memory and for charsets; a charset nobody knows leaves the bytes out, no mistake. */
ContactBlock *vcard_read(Ctx *c, const char *text, int *n);
/* A contact as GET /contacts/{id} gives it: what is masked or absent there is not in the card. */
const char *vcard_write(Arena *a, json_object *contact);

#endif
