/*
 * What one long piece of work (a run of a timed rule) tells people: one notification a person, however many records it is about
 * and however many writes it takes. The first is told as it is; with the second a head comes to stand before both (its
 * `members` says for how many, no `record`), and theirs lie behind it (`head`), so that each still goes with its record:
 * merged, erased, read. It is told live, and letters leave, once, at the end.
 */
#ifndef RECORD_NOTIFY_RUN_H
#define RECORD_NOTIFY_RUN_H

#include "record/notify_prefs.h"

typedef struct NoticeOfRun {
    const NoticeReader *to;
    DbVal *row; /* of notification, by Field.index */
} NoticeOfRun;
/* Of one write. Zeroed but for key, name and e. */
typedef struct NoticeRun {
    const char
        *key; /* what the run is known by, at most 60 bytes; the same in each of its writes */
    const char *name; /* what told it, for the head: the name of the rule */
    const Entity *e;  /* of the records */
    VEC(NoticeOfRun) all;
} NoticeRun;

/* As notify_gather; nothing is written before notify_run_send. */
void notify_run_gather(Ctx *c, NoticeRun *r, const NoticeReader *to, const Notice *n,
                       const char *const *key_and_args);
/* In a write, by one process at a time for a key. */
bool notify_run_send(Ctx *c, NoticeRun *r);
/* At the end of the run: each person told hears of it (live), and has a letter by the media he wants it by. In writes of its own;
   once more writes no second letter. */
bool notify_run_letters(Ctx *c, const char *key);
/* Subject and text of the letter of a head, as they may be when it leaves: *any false where the caller, whose head it must be,
   reads none of its records (any more); else of those alone. */
bool notify_run_letter(Ctx *c, int64_t head, const char **subject, const char **text, bool *any);
/* In a write, before the rows of these records go: heads and their letters quote them no more, heads count those that are left,
   and go with the last. */
bool notify_run_forget(Ctx *c, const Entity *e, const int64_t *ids, int n);

#endif
