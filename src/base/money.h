/*
 * Money is an integer of minor units (分, cents) everywhere; text is made of it only where a person
 * or the API sees it. Nothing is ever rounded on the way in. Range: ±9,000,000,000,000,000 minor
 * units (JavaScript's exact integers, with room).
 */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include "base/arena.h"

#define MONEY_MAX INT64_C(9000000000000000)

typedef enum MoneyError {
    MONEY_OK,
    MONEY_EMPTY,
    MONEY_FORM,      /* not an amount */
    MONEY_PRECISION, /* more than two decimals */
    MONEY_RANGE
} MoneyError;

/* What a person types: "12345.67", "3,000.5", "￥3000", "1.2万", "3千", "5亿元", full-width digits.
   On failure out_minor stays as it was. why may be NULL. */
bool money_parse(const char *text, int64_t *out_minor, MoneyError *why);
/* The API's form only: -?digits[.d[d]], no other character. */
bool money_parse_strict(const char *text, int64_t *out_minor, MoneyError *why);
/* The message key of an error, "err.money.…". */
const char *money_error_key(MoneyError e);

/* "12345.67": the API's form, always two decimals. */
char *money_text(Arena *a, int64_t minor);
/* "¥12,345.67"; symbol may be "" or "US$". A minus stands in front of the symbol. */
char *money_display(Arena *a, int64_t minor, const char *symbol);
/* "123.46万", "1.2亿", "999.5": two decimals at most, rounded half to even, for display only. */
char *money_short(Arena *a, int64_t minor);
/* Capitals as on cheques and contracts (People's Bank rules), without the leading 人民币:
   "壹仟肆佰零玖元伍角整". Negative amounts begin with 负. */
char *money_chinese(Arena *a, int64_t minor);

#endif
