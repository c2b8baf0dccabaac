/*
 * The outbox: what must happen elsewhere (a mail, a text, a message, a call of somebody's address), written in the very
 * transaction of the change and delivered later by work/post. Rows of the entity delivery; they are claimed for a while
 * (state sending, next_at the end of the claim), so a process that dies in between leaves them to the next one: a letter
 * goes out at least once, and carries the same number each time, by which a receiver can tell.
 */
#ifndef RECORD_OUTBOX_H
#define RECORD_OUTBOX_H

#include "record/record.h"

typedef struct Letter {
    int64_t channel;
    const char *kind; /* of a notice, "test", "reset", "customer.created" … */
    int64_t user;     /* to whom, 0 for nobody of the house */
    const char *address, *subject,
        *text;          /* address: NULL where the channel is one (robot, webhook) */
    const char *link;   /* whole URL, or NULL */
    const char *entity; /* what it is about: whoever may not read it any more is not told */
    int64_t record;
    const char *dedupe; /* a second letter with the same key is none; or NULL */
    int64_t not_before; /* 0: now */
    bool
        secret; /* text opens a door (a link to set a password): sealed while it waits, gone once sent */
    bool digest; /* goes together with others of its user and channel */
} Letter;

/* How a sealed text begins: no text of a person has a control character. */
#define OUTBOX_SEALED "\x01sealed:"

/* In a write. out_id may be NULL; 0 where the dedupe key was there. */
bool outbox_add(Ctx *c, const Letter *l, int64_t *out_id);

/* The same for many, in sets. */
bool outbox_add_many(Ctx *c, const Letter *all, int n);

/* The place of a record in the page (of the notices for e NULL or id 0); NULL where the house has not said its address. */
const char *outbox_link(Ctx *c, const Entity *e, int64_t id);

/* The enabled channel of a medium (mail sms wecom dingtalk feishu), the oldest of several; 0 where there is none. */
bool outbox_channel_of(Ctx *c, const char *medium, int64_t *out);

/* The enabled channel that can send codes: an HTTP service, or one with a template of codes. *failing: nothing got through
   lately. 0 where there is none. */
bool outbox_code_channel(Ctx *c, int64_t *out, bool *failing);
/* The state of the letter with this dedupe key; "again" for one that failed and waits for another try, "none" where it is gone. */
bool outbox_state_of(Ctx *c, const char *dedupe, const char **out);

/*
 * A record changed: webhooks and robots that ask for "<entity>.<event>" get a letter that names the record, not what stands in
 * it: who wants more reads it with his own rights. In a write. Costs nothing where no channel asks.
 */
bool outbox_event(Ctx *c, const Entity *e, int64_t id, const char *event);
/* Which channels ask for what, read anew (start, topic "channel" of the change log). */
bool outbox_events_load(Ctx *c);

/* ---- for work/post --------------------------------------------------------------------------- */

typedef struct Posting {
    int64_t id, at, channel, user, record;
    const char *kind, *address, *subject, *text, *link, *entity;
    int attempts; /* with this one */
    bool digest;
    int64_t
        used; /* of a channel with a limit: letters sent within the last minute or claimed before these */
} Posting;

typedef struct Posted {
    int64_t id, channel;
    enum {
        POST_SENT,
        POST_AGAIN,
        POST_LATER,
        POST_DEAD,
        POST_DROPPED
    } what;           /* LATER: not tried, no attempt counted */
    int64_t again_at; /* of AGAIN and LATER */
    const char *code, *error, *provider;
} Posted;

/* When the next letter is due, ms UTC (it may be long ago); INT64_MAX where none waits. Without the writer. */
bool outbox_next_due(Ctx *c, int64_t *out);
/* Takes up to max letters that are due, for hold_ms, in the order of their ids. Of a digest all that waits is taken with its
   first letter, beyond max, too: what goes together must not be cut in two. */
bool outbox_claim(Ctx *c, int64_t hold_ms, int max, Posting **out, int *n);
/* What became of them, and of their channels. */
bool outbox_settle(Ctx *c, const Posted *all, int n);
/* Claims of processes that died are due again. */
bool outbox_free_claims(Ctx *c);
/* Is the receiver still active, and may he still read what it is about (a record in the bin: no)? A letter about several records
   is made anew of those he reads: subject and text of p are set. */
bool outbox_still_his(Ctx *c, Posting *p, bool *out);

typedef struct ChannelRow {
    int64_t id, per_minute; /* 0: the kind's own */
    const char *name, *kind, *url, *account, *secret, *sender, *template, *code_template, *body;
    bool enabled;
} ChannelRow;
/* secret opened. *found false where it is gone. */
bool outbox_channel(Ctx *c, int64_t id, ChannelRow *out, bool *found);
bool outbox_channel_off(Ctx *c, int64_t id, const char *why); /* outside a write */

/* Contents and rows older than the setting delivery.keep go, in short writes. */
bool outbox_purge(Ctx *c);
/* Actions of an administrator: one (id) or all that failed (0). */
bool outbox_retry(Ctx *c, int64_t id, int64_t *n);
bool outbox_drop(Ctx *c, int64_t id);

#endif
