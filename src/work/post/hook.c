/* Webhooks by Standard Webhooks: a change is told by its name and record, signed; the number stays the same at each try. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "work/post/sign.h"
#include "work/post/vendor.h"

void vendor_webhook(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    char at[25];
    int64_t now = c->now_ms / 1000;
    clock_rfc3339(r->p->at, at);
    const char *id = arena_printf(c->a, "msg_%" PRId64, r->p->id);
    const char *body = arena_printf(c->a, "{\"type\":\"%s\",\"timestamp\":\"%s\",\"data\":%s}",
                                    r->p->kind, at, *r->p->text ? r->p->text : "{}");
    const char *proof = sign_webhook(c->a, ch->secret, id, now, body);
    if (!proof) {
        *out =
            (Sent){.what = SENT_NEVER, .code = "secret", .error = msg_text(c->lang, "post.whsec")};
        return;
    }
    const char *const headers[] = {"Content-Type: application/json",
                                   arena_printf(c->a, "webhook-id: %s", id),
                                   arena_printf(c->a, "webhook-timestamp: %" PRId64, now),
                                   arena_printf(c->a, "webhook-signature: %s", proof), NULL};
    HttpCall h = {.url = ch->url, .body = body, .headers = headers};
    CallAnswer a;
    call_http(k, c->a, &h, &a);
    if (!vendor_failed(c, &a, out)) {
        *out = (Sent){.what = SENT_YES};
        return;
    }
    /* A receiver under repair answers anything: only "gone" is the end. */
    if (a.done && !out->channel_gone)
        out->what = SENT_AGAIN;
}
