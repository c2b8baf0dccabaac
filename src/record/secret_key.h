/*
 * How the key of the data folder is exchanged while processes run (ring and file: base/secret.h). Which key of the ring seals
 * is a row of the database, so that all processes over it change at one moment:
 *
 *   next     begun: the key is in the file where the exchange was begun, and every process that serves notes that it has it
 *   current  turned: one write sealed everything anew, and new links are signed with it
 *   old      opens what is left, and the links in mails, until
 *   leaving  being dropped: nothing is stored under it any more (auth/sealing.h), and every process seals with another
 *   dropped  nothing is sealed with it; it goes from the file
 *
 * The file is written before the row that counts on it, so a crash between two steps leaves everything readable, and the same
 * command goes on from there. Codes on paper cannot be made anew from their digest: they keep their key until they are used.
 */
#ifndef RECORD_SECRET_KEY_H
#define RECORD_SECRET_KEY_H

#include "base/vec.h"
#include "db/db.h"

/* At start, and when topic "key" was heard: the file is read again and what the rows say holds here. *out_missing: the key
   that should seal and that the file has not, or NULL; what it sealed stays shut here until the file is copied. */
bool secret_key_follow(Ctx *c, const char **out_missing);
/* A process that serves notes which keys it has and which one it seals with, for the two that count below. Outside a write. */
bool secret_key_hold(Ctx *c);

/* Under secret_lock: a key to be turned to, *out, that the file has: one that was begun before, or a new one. lost: what the
   file has not is given up for good. ERR_CONFLICT where the file lacks the key in use, or the one begun elsewhere. */
bool secret_key_begin(Ctx *c, bool lost, const char **out);
/* How many living processes that serve have not noted it. */
bool secret_key_waiting(Ctx *c, const char *id, int *out);

typedef struct KeyReport {
    int sealed;    /* secrets sealed anew */
    int forgotten; /* that nothing opens any more: emptied (lost) */
    int codes;     /* codes on paper that ended */
} KeyReport;
/* Everything sealed anew with the key that was begun, in one write, audited. What is left of c->deadline_ms is how long each text
   is waited for where somebody else has its row, here and in secret_key_drop. */
bool secret_key_turn(Ctx *c, const char *id, bool lost, KeyReport *out);
/* Under secret_lock: from here on no write stores what an old key made. ERR_CONFLICT while a link in a mail may still be signed
   with it or codes on paper hang on it; at_once passes over both. */
bool secret_key_leave(Ctx *c, const char *id, bool at_once);
/* How many living processes that serve seal with one that leaves, or have not noted with which. */
bool secret_key_sealing(Ctx *c, const char *id, int *out);
/* Behind both: what is left of it is sealed anew, then it is dropped, here and in the file. at_once ends links and codes. One that
   was dropped before is taken from the file. */
bool secret_key_drop(Ctx *c, const char *id, bool at_once, KeyReport *out);

typedef struct KeyRow {
    const char *id, *state;
    int64_t at; /* since when it is so */
    bool here;  /* in the file */
    int sealed, codes;
} KeyRow;
typedef VEC(KeyRow) KeyRows;
/* By the moment since which it is so. */
bool secret_key_list(Ctx *c, KeyRows *out);

typedef void KeyShut(void *arg, const char *what, int64_t id, const char *key, const char *why);
/* Tells each sealed text that no key of the ring opens, or whose key was dropped. id 0: no row of its own. Outside a write. */
bool secret_key_check(Ctx *c, KeyShut *told, void *arg);

#endif
