/*
 * Phone numbers of mainland China, Hong Kong, Macao and Taiwan, and foreign ones in E.164 form:
 * one reading for input, import, matching and masking. Sources: the numbering plan of the Ministry
 * of Industry; ITU-T E.164. Carriers get new prefixes every few years, so the gate for mobile
 * numbers is ^1[3-9]\d{9}$ and a prefix not known to be allocated only warns.
 */
#ifndef BASE_PHONE_H
#define BASE_PHONE_H

#include "base/arena.h"

typedef enum PhoneKind {
    PHONE_BAD,
    PHONE_MOBILE,
    PHONE_LANDLINE, /* with area code */
    PHONE_SERVICE,  /* 400, 800, 95…, 96…, 1xx */
    PHONE_FOREIGN,  /* everything that is not mainland China */
    PHONE_IOT       /* 13 digits: a card in a machine. A contact, but no target for SMS */
} PhoneKind;

typedef struct Phone {
    PhoneKind kind;
    const char *display; /* what is stored: "13800138000", "010-62345678-123", "+85291234567" */
    const char *e164;    /* "+8613800138000"; NULL where it cannot be dialled from abroad */
    const char *key;     /* digits for matching, extension left out: "01062345678" */
    const char *warning; /* message key (warn.phone.…) or NULL */
    const char *error;   /* message key (err.phone.…) with PHONE_BAD, else NULL */
} Phone;

/* Reads one number in any usual spelling. All of out is set; with PHONE_BAD display is the tidied
   text and key its digits. */
PhoneKind phone_parse(Arena *a, const char *text, Phone *out);

/* Cuts a cell that holds several numbers ("138…/010-…、…") into its parts, in order. */
const char *const *phone_split(Arena *a, const char *text, int *n);

/* What somebody sees who may not see the number: 138****8000, 010-******78. Works on any text;
   service numbers are public and stay. */
char *phone_mask(Arena *a, const char *text);

#endif
