/*
 * Reading a pasted contact block: a business card, a mail signature, a line of a chat, a courier address,
 * cells of a sheet; in any order, with or without labels. Pure: text in, fields out, nothing is looked up
 * but word lists and regions. Nothing of the text gets lost: what is not recognised becomes remark.
 */
#ifndef DOMAIN_CUSTOMER_CONTACT_BLOCK_H
#define DOMAIN_CUSTOMER_CONTACT_BLOCK_H

#include "base/arena.h"

enum { BLOCK_MAX_BYTES = 12000 };

typedef enum BlockField {
    BLOCK_NAME,
    BLOCK_SALUTATION, /* 女士, Mr. beside a full name */
    BLOCK_COMPANY,
    BLOCK_TITLE,
    BLOCK_DEPARTMENT,
    BLOCK_MOBILE, /* any number of them */
    BLOCK_PHONE,  /* landline, service or foreign; any number */
    BLOCK_EMAIL,
    BLOCK_WECHAT,
    BLOCK_WEBSITE,
    BLOCK_USCC,
    BLOCK_ADDRESS,
    BLOCK_REMARK,
    BLOCK_LABEL, /* a known word in front of a value; not part of any field */
    BLOCK__COUNT
} BlockField;

typedef struct BlockItem {
    BlockField field;
    const char
        *value; /* tidied: a phone as it is stored, a name without blanks between its characters */
    size_t from, to; /* the bytes of the text it was read from */
} BlockItem;

typedef struct ContactBlock {
    BlockItem *items; /* in the order of the text; name at most once */
    int n;
} ContactBlock;

/* text: valid UTF-8. What lies behind BLOCK_MAX_BYTES is one remark, unread. */
ContactBlock contact_block_parse(Arena *a, const char *text);
/* The first value of a field, or NULL; the i-th (from 0), or NULL. */
const char *contact_block_get(const ContactBlock *b, BlockField field);
const char *contact_block_nth(const ContactBlock *b, BlockField field, int i);
/* All values of a field joined by sep; NULL where there is none. */
const char *contact_block_all(Arena *a, const ContactBlock *b, BlockField field, const char *sep);
/* "name", "mobile" … as the API calls the field. */
const char *block_field_name(BlockField field);

#endif
