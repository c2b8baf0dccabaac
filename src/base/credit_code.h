/*
 * Unified social credit codes (GB 32100-2015) and the 15-digit registration numbers before them
 * (GS 15-2006). 18 characters: department, kind of body, region (6), organisation code (9, GB
 * 11714), check character.
 */
#ifndef BASE_CREDIT_CODE_H
#define BASE_CREDIT_CODE_H

#include "base/arena.h"

typedef enum CreditResult {
    CREDIT_OK,
    CREDIT_OLD,    /* a valid 15-digit registration number */
    CREDIT_LENGTH, /* neither 18 nor 15 characters */
    CREDIT_CHAR,   /* a character that cannot stand in a code (I O S V Z …) */
    CREDIT_CHECK   /* the check character does not fit */
} CreditResult;

typedef struct CreditCode {
    CreditResult result;
    char text[20];       /* narrow, upper case, no blanks and dashes; "" where it is too long */
    char suggestion[20]; /* with O → 0, I → 1 where that makes it valid, else "" */
    const char *error;   /* message key err.credit_code.… or NULL */
    const char
        *warning; /* message key warn.credit_code.… (inner check, unknown department) or NULL */
} CreditCode;

/* true for CREDIT_OK and CREDIT_OLD. All of out is set. */
bool credit_code_check(const char *text, CreditCode *out);
/* May this be a tax number? Codes as above, or the older ones of 15, 17, 18 or 20 characters. */
bool credit_code_is_tax_number(const char *text);
/* 9111**********341L */
char *credit_code_mask(Arena *a, const char *text);

#endif
