/*
 * The words by which a contact block is read: surnames, titles, endings of company names, labels. They are
 * data (data/contact-words.txt), built in, read once at first use; any thread may ask. Texts are narrow
 * (half-width) and need no closing NUL; case of Latin letters does not matter.
 */
#ifndef DOMAIN_CUSTOMER_CONTACT_WORDS_H
#define DOMAIN_CUSTOMER_CONTACT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum WordList {
    WORDS_SURNAME,
    WORDS_HONORIFIC,
    WORDS_TITLE,
    WORDS_TITLE_END,
    WORDS_TITLE_EN,
    WORDS_DEPARTMENT,
    WORDS_COMPANY,
    WORDS_COMPANY_WEAK,
    WORDS_COMPANY_EN,
    WORDS_ADDRESS,
    WORDS_COMMON,
    LABEL_NAME,
    LABEL_ROLE, /* a title that stands in front of a name: "采购：张三" */
    LABEL_COMPANY,
    LABEL_CUSTOMER, /* a company, or a person where it looks like one */
    LABEL_TITLE,
    LABEL_DEPARTMENT,
    LABEL_PHONE,
    LABEL_FAX,
    LABEL_EMAIL,
    LABEL_WECHAT,
    LABEL_WEBSITE,
    LABEL_ADDRESS,
    LABEL_USCC,
    LABEL_REMARK, /* kept with its value */
    WORDS__COUNT
} WordList;

/* Is this very text a word of the list? */
bool words_has(WordList list, const char *s, size_t n);
/* Bytes of the longest word the text begins (ends) with; 0 for none. */
size_t words_start(WordList list, const char *s, size_t n);
size_t words_end(WordList list, const char *s, size_t n);
/* The kind of a label that is this very text, or WORDS__COUNT. Blanks between Han characters are overlooked. */
WordList words_label(const char *s, size_t n);
/* Bytes of the longest label the text ends with and its kind; 0 for none. */
size_t words_label_end(const char *s, size_t n, WordList *kind);

#endif
