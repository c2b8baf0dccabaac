/*
 * The second factor: a number that was proved to be somebody's (codes by SMS go there, and nowhere else) and ten codes on
 * paper for the day on which no SMS arrives. What is asked of somebody just now (a sign-in behind the password, a second
 * verification, a new number) is one row of second_step, bound to a ticket or a session. Codes have 6 digits, hold 5 minutes, 5
 * tries and one use; kept is a digest made with the key of the data folder. Who sends them is domain/upkeep/factor.c.
 */
#ifndef AUTH_SECOND_H
#define AUTH_SECOND_H

#include "base/ctx.h"

enum { SECOND_RECOVERY = 10, SECOND_CODE_MS = 5 * 60000, SECOND_LETTER_MAX = 80 };

/* What a person has, and must have (his own row or one of his roles says so). */
typedef struct Factor {
    const char *mobile; /* NULL: none */
    int64_t since;
    int64_t recovery; /* codes on paper that are left */
    bool required;
} Factor;

/* Outside or inside a write. */
bool factor_of(Ctx *c, int64_t user, Factor *out);
/* The methods that are open to somebody with a factor: "sms", "recovery"; NULL-terminated. */
extern const char *const factor_methods[];
/* In a write: the number is his; codes on paper are made anew and told once. */
bool factor_set(Ctx *c, int64_t user, const char *mobile,
                const char *out_recovery[SECOND_RECOVERY]);
bool factor_recovery(Ctx *c, int64_t user, const char *out[SECOND_RECOVERY]);
/* In a write: one of them is used up; ERR_BAD_CREDENTIALS (field code) where it is none of his. */
bool factor_use_recovery(Ctx *c, int64_t user, const char *code);
/* In a write, audited as action; his sessions but one end, what is under way opens nothing. ERR_CONFLICT where he has none. */
bool factor_off(Ctx *c, int64_t user, int64_t but_session, const char *action);
/* Outside a write, for the operator of the machine; ERR_NOT_FOUND where nobody has the login. */
bool factor_off_login(Ctx *c, const char *login);

/* A step that is asked for. kind: sign_in, step_up, enrol. bound: the ticket, or the session as decimal text. */
typedef struct Second {
    const char *kind, *bound;
    int64_t user;
    const char *mobile; /* where its code goes: set by second_find, or by the caller for enrol */
} Second;

/* In a write: a row for it, in the place of a former one; holds as long as life_ms. */
bool second_begin(Ctx *c, const Second *s, int64_t life_ms);
/* Fills user and mobile; ERR_BAD_CREDENTIALS where there is none that holds. */
bool second_find(Ctx *c, Second *s);
/*
 * In a write: a fresh code takes the place of the former one. ERR_LIMIT where the number, the person or the network has had
 * enough (nothing is changed then). *out_letter: a key that names this sending, for the outbox.
 */
bool second_code(Ctx *c, const Second *s, const char *network, const char **out_code,
                 const char **out_letter);
/* The key of the newest sending; NULL where there was none. Seconds until the next is allowed. */
bool second_sent(Ctx *c, const Second *s, const char **out_letter, int *out_wait_s);
/*
 * Outside a write. Counts the try first, so that many at once are still five; then compares, and uses the row up. method "sms"
 * or "recovery". ERR_BAD_CREDENTIALS (field code) where it is wrong or over, ERR_LIMIT after ten wrong ones in an hour: of
 * the person at sign-ins, of the session else; codes on paper have counters of their own. s is filled as by second_find.
 */
bool second_check(Ctx *c, Second *s, const char *method, const char *code);
/* In a write: nothing that is under way for this person opens anything any more. */
bool second_forget(Ctx *c, int64_t user);
/* Outside a write: rows that are over go, in short writes. */
bool second_sweep(Ctx *c);

#endif
