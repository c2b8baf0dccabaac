/*
 * The ways out: one row a kind of channel. Each turns a letter into calls and says what became of it. All vendors answer
 * HTTP 200 with the mistake inside, so what counts is the code in the body.
 */
#ifndef WORK_POST_VENDOR_H
#define WORK_POST_VENDOR_H

#include "base/ctx.h"
#include "record/outbox.h"
#include "work/post/call.h"

/* A letter as it is to be read: template filled. */
typedef struct Ready {
    const Posting *p;
    const char *subject, *body; /* body without the link */
    const char *lang;
    const char
        *code; /* of the second factor: the message is the vendor's template with it; or NULL */
    const char *link_label; /* of the button of a mail; NULL: "open" */
} Ready;

typedef struct Sent {
    enum { SENT_YES, SENT_AGAIN, SENT_NEVER } what;
    int wait_s;                          /* of AGAIN: as the vendor asked, 0 for our own pace */
    bool channel_gone;                   /* the address said it wants nothing any more (410) */
    const char *code, *error, *provider; /* error: for the administrator, one line */
} Sent;

typedef struct Vendor {
    const char *kind;
    const char *medium; /* of templates: mail sms im, "" for none */
    int per_minute;     /* where the channel says nothing; 0: no limit */
    int per_second;     /* 0: no limit */
    void (*send)(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
} Vendor;

/* NULL for an unknown kind. */
const Vendor *vendor_of(const char *kind);

/* im.c, sms.c, hook.c, post_mail.c */
void vendor_mail(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_wecom_robot(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_wecom_app(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_dingtalk_robot(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_dingtalk_app(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_feishu_robot(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_feishu_app(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_sms_aliyun(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_sms_tencent(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_sms_http(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);
void vendor_webhook(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out);

/* ---- shared by them --------------------------------------------------------------------------- */

/* A call that had no answer, or one of HTTP that is none of success. → true: *out is said. */
bool vendor_failed(Ctx *c, const CallAnswer *a, Sent *out);
/* The body as JSON object; NULL where it is none. */
json_object *vendor_json(Ctx *c, const CallAnswer *a);
/* The answer's code: ok is success, a code among again (closed by a NULL) is worth another try. */
void vendor_judge(Ctx *c, const char *code, const char *text, const char *ok,
                  const char *const *again, Sent *out);
/* title and text with the link behind, at most n bytes, whole characters. */
const char *vendor_plain(Ctx *c, const Ready *r, size_t n);

#endif
