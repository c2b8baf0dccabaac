/*
 * Identity cards (GB 11643-1999): 6 digits region, 8 birthday, 3 sequence (odd: male), check
 * character. Also residence permits for people of Hong Kong, Macao and Taiwan (81, 82, 83) and the
 * permanent residence card of foreigners (9…, since 2023); 15-digit cards are made into 18.
 * A CRM should rather not collect them; where it does, the column is encrypted and shown masked.
 */
#ifndef BASE_IDCARD_H
#define BASE_IDCARD_H

#include "base/arena.h"

typedef enum IdCardResult {
    IDCARD_OK,
    IDCARD_LENGTH,
    IDCARD_CHAR,
    IDCARD_REGION, /* the first two digits are no province */
    IDCARD_DATE,   /* not a day between 1900 and today */
    IDCARD_CHECK
} IdCardResult;

typedef struct IdCard {
    IdCardResult result;
    char text[20];     /* 18 characters, normal form; what was given where it is wrong */
    char birthday[12]; /* "1949-12-31", "" where it is wrong */
    int32_t region;    /* first 6 digits */
    bool male, foreign;
    const char *error; /* message key err.idcard.… or NULL */
} IdCard;

/* today: "YYYY-MM-DD", the latest birthday that is accepted. All of out is set. */
bool idcard_check(const char *text, const char *today, IdCard *out);
/* 110105********002X */
char *idcard_mask(Arena *a, const char *text);

#endif
