/*
 * Who of a customer's contacts is the main one, where a merge or its undo took the one that was. It is always a live one that
 * works for the customer: somebody of another customer may be out of sight of those who read this one.
 */
#ifndef DOMAIN_CUSTOMER_MAIN_CONTACT_H
#define DOMAIN_CUSTOMER_MAIN_CONTACT_H

#include "record/record.h"

/* Where the main contact of the customer r is none of its own, another one is it, or none; where there was none, the first of
   the main contacts of others (n records of customers) that is its own now. */
bool main_contact_find(Ctx *c, const Record *r, const Record *others, int n);
/* Pairs of the customer r with a contact that say "main" while another one is no longer do, until the undo of the merge. */
bool main_contact_pairs(Ctx *c, int64_t merge, const Record *r);
/* The pair of customer r with this contact does not say "main". */
bool main_contact_unpair(Ctx *c, const Record *r, int64_t contact);
/* Contacts became `survivor`: customers whose main contact was one of them, and whose own it is not, find another one. */
bool main_contact_moved(Ctx *c, int64_t merge, int64_t survivor);
/* The contact came back by the undo: it is the main one again of the customer that main_contact_moved took it from, unless
   another one became that meanwhile by more than merges; none at all is it of a customer in the bin. Where that customer was
   merged on, what it went into has a main contact at least. */
bool main_contact_back(Ctx *c, const Record *contact);

#endif
