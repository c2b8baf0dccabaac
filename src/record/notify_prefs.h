/*
 * How a person wants to be told besides the page: user.notify_prefs,
 *   {"kinds": {"task_due": ["mail", "wecom"]}, "quiet": {"from": "22:00", "to": "07:30"}, "digest": {"at": "18:00"}}
 * Media are mail sms wecom dingtalk feishu. In quiet hours messages wait for their end; with a digest the mails of a
 * day go as one, at its hour or, where that lies in the quiet hours, when they end. A person who has said nothing is told as the setting notify.defaults says ("task_due.mail").
 */
#ifndef RECORD_NOTIFY_PREFS_H
#define RECORD_NOTIFY_PREFS_H

#include "base/vec.h"
#include "record/notify.h"
#include "record/outbox.h"

/* Of the person told, read with the notice. */
typedef struct NoticeReader {
    int64_t user;
    const char *lang, *zone, *name, *prefs; /* prefs: JSON text, or NULL */
    const char *email, *mobile, *wecom, *dingtalk, *feishu;
} NoticeReader;

/* *found: he is there and active. */
bool notify_reader(Ctx *c, int64_t user, NoticeReader *out, bool *found);

/* The same for several (at most 500): those who are there and active, in the order of their ids. */
bool notify_readers(Ctx *c, const int64_t *users, int n, NoticeReader *out, int *n_found);

enum { NOTICE_MEDIA = 5 };
/* Letters of one notice, gathered for a set. Zeroed at first. */
typedef struct NoticeOut {
    VEC(Letter) letters;
    int64_t channel[NOTICE_MEDIA]; /* of each medium; meant once asked */
    bool asked[NOTICE_MEDIA];
} NoticeOut;

/* In a write: gathers letters for every medium the reader wants this notice by, has an address for, and the house a channel. */
bool notify_out(Ctx *c, NoticeOut *out, const NoticeReader *to, const Notice *n, int64_t notice,
                const char *title);
bool notify_out_send(Ctx *c, NoticeOut *out);
/* The media, NULL behind the last; the dedupe key of a notice's letter by one. */
const char *notify_medium(int i);
const char *notify_letter_key(Ctx *c, int64_t notice, int medium);

/* Notices to several, each with a sentence of its own, gathered for a set. Zeroed at first; its letters may be added to. */
typedef struct NoticeBatch {
    VEC(const DbVal *) rows; /* of notification, by Field.index */
    NoticeOut out;
} NoticeBatch;
/* In a write, as notify, to somebody whose notify_reader is known already; nothing is written before notify_send. */
bool notify_gather(Ctx *c, NoticeBatch *b, const NoticeReader *to, const Notice *n,
                   const char *const *key_and_args);
bool notify_send(Ctx *c, NoticeBatch *b);

/* The sentence of key and args in the language of the reader; a row of notification by Field.index, not written. */
const char *notify_sentence(Ctx *c, const NoticeReader *to, const Notice *n,
                            const char *const *key_and_args);
DbVal *notify_row(Ctx *c, const NoticeReader *to, const Notice *n, const char *title);

/* Known members, kinds, media and times only; every mistake named by its place ("notify.quiet.from"). */
bool notify_prefs_check(Ctx *c, json_object *prefs);
bool notify_prefs_set(Ctx *c, json_object *prefs);
/* {"notify": {…}, "kinds": [{code, label}], "media": [{medium, label, address, ready, why}]} of the caller. */
bool notify_prefs_json(Ctx *c, Buf *out);

#endif
