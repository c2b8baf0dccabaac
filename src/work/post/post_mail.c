/* Mail by SMTP. See vendor.h and ECOSYSTEM 3.5. */
#include <string.h>

#include "base/conf.h"
#include "base/msg.h"
#include "work/post/mail.h"
#include "work/post/vendor.h"

void vendor_mail(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    Mail m = {.subject = r->subject,
              .text = r->body,
              .to = r->p->address,
              .link = r->p->link,
              .link_label = r->link_label ? r->link_label : msg_text(r->lang, "mail.open"),
              .id = r->p->id,
              .home = *conf_text("http.base_url") ? conf_text("http.base_url") : NULL,
              .at_ms = r->p->at};
    const char *ignored, *to;
    if (!mail_split(c->a, *ch->sender ? ch->sender : ch->account, &m.from_name, &m.from)) {
        *out =
            (Sent){.what = SENT_NEVER, .code = "sender", .error = msg_text(c->lang, "post.sender")};
        return;
    }
    if (!mail_split(c->a, r->p->address, &ignored, &to)) {
        *out = (Sent){
            .what = SENT_NEVER, .code = "address", .error = msg_text(c->lang, "post.address")};
        return;
    }
    m.to = to;
    /* what has no HTML still has the link */
    if (m.link && *m.link)
        m.text = arena_printf(c->a, "%s\n\n%s", r->body, m.link);
    SmtpCall s = {.url = ch->url,
                  .account = ch->account,
                  .secret = ch->secret,
                  .from = m.from,
                  .to = to,
                  .data = mail_compose(c->a, &m)};
    CallAnswer a;
    call_smtp(k, c->a, &s, &a);
    if (a.done) {
        *out = (Sent){.what = SENT_YES};
        return;
    }
    vendor_failed(c, &a, out);
    if (a.status >= 400) {
        out->code = ctx_num(c, a.status);
        out->what = a.status >= 500 ? SENT_NEVER : SENT_AGAIN; /* 5xx: not this mail, ever */
    }
}
