/*
 * One contact block on its way through the stages: scan (what has a form of its own: mails, links, codes,
 * labels, phones) → value (what stands behind a label) → guess (company, address, title, name). Each stage
 * takes bytes; what nobody took is remark. The text is narrow here; at[] leads back to the given one.
 */
#ifndef DOMAIN_CUSTOMER_CONTACT_BLOCK_IMPL_H
#define DOMAIN_CUSTOMER_CONTACT_BLOCK_IMPL_H

#include "base/vec.h"
#include "domain/customer/contact_block.h"
#include "domain/customer/contact_words.h"

typedef struct BlockLabel {
    WordList kind;
    size_t from, to; /* with colon and blanks behind it */
    bool strong;     /* a colon follows */
} BlockLabel;

typedef struct Scan {
    Arena *a;
    const char *given;
    const char *s; /* narrow */
    size_t n;
    size_t *at;           /* by byte of s: where it begins in the given text; at[n] is its end */
    unsigned char *taken; /* by byte of s: 0 free, else BlockField + 1 */
    VEC(BlockItem) items; /* from, to are bytes of s until the end */
    VEC(BlockLabel) labels;
    bool has[BLOCK__COUNT];
} Scan;

/* A piece of s. */
typedef struct Span {
    size_t from, to;
} Span;

void scan_take(Scan *b, BlockField field, size_t from, size_t to, const char *value);
/* The text of a span, trimmed, runs of blanks made one. */
char *scan_text(const Scan *b, size_t from, size_t to);
bool scan_is_free(const Scan *b, size_t i);
/* Blank but no line end; an end of a segment: line end, tab, comma, bar …, brackets only where asked. */
bool scan_is_blank(char ch);
bool scan_is_hard(const Scan *b, size_t i, bool brackets);
/* The next free token from i on (split at blanks, hard ends, taken bytes); false at the end. */
bool scan_token(const Scan *b, size_t i, bool brackets, Span *out);
/* Code points where all of the span are Han characters (· counts where dot is asked); else 0. */
size_t scan_han(const char *s, size_t n, bool dot);
size_t scan_cp_len(char first);
bool scan_is_latin(char ch);

/* stages */
void scan_forms(Scan *b); /* mails, links, codes */
void scan_labels(Scan *b);
void scan_phones(Scan *b);
void value_labelled(Scan *b);
void guess_company(Scan *b);
void guess_address(Scan *b);
void guess_title(Scan *b);
void guess_name(Scan *b);

/* shared by value and guess */
/* A company's name within a span of text without blanks: false where there is none. score 3 公司, 2 厂 …, 1 weak. */
bool company_in(const Scan *b, Span t, Span *out, int *score);
bool company_en_in(const Scan *b, Span t, Span *out);
bool is_address(const Scan *b, Span t);
bool is_title(const Scan *b, Span t);
bool is_department(const Scan *b, Span t);
/* How much a Han text looks like a person's name (0: not); *name_n bytes are the name, the rest honorific or title. */
int name_score(const Scan *b, Span t, size_t *name_n);
/* Takes a name, and what follows it in t as salutation or title. */
void take_name(Scan *b, Span t, size_t name_n);
/* An English person's name: 2 or 3 capitalised words from t.from on; 0 or the end. */
size_t name_en_end(const Scan *b, Span t);

#endif
