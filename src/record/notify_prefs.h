/*
 * How a person wants to be told besides the page: user.notify_prefs,
 *   {"kinds": {"task_due": ["mail", "wecom"]}, "quiet": {"from": "22:00", "to": "07:30"}, "digest": {"at": "18:00"}}
 * Media are mail sms wecom dingtalk feishu. In quiet hours messages wait for their end; with a digest the mails of a
 * day go as one. A person who has said nothing is told as the setting notify.defaults says ("task_due.mail").
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

/* Known members, kinds, media and times only; every mistake named by its place ("notify.quiet.from"). */
bool notify_prefs_check(Ctx *c, json_object *prefs);
bool notify_prefs_set(Ctx *c, json_object *prefs);
/* {"notify": {…}, "kinds": [{code, label}], "media": [{medium, label, address, ready, why}]} of the caller. */
bool notify_prefs_json(Ctx *c, Buf *out);

#endif
