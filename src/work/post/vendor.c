/* The table of vendors and what they share. See vendor.h. */
#include "work/post/vendor.h"

#include <string.h>

#include "base/json_read.h"
#include "base/msg.h"
#include "base/utf8.h"

static const Vendor vendors[] = {
    {"mail", "mail", 0, 0, vendor_mail},
    {"wecom_robot", "im", 20, 0, vendor_wecom_robot},
    {"wecom_app", "im", 0, 0, vendor_wecom_app},
    {"dingtalk_robot", "im", 20, 0, vendor_dingtalk_robot},
    {"dingtalk_app", "im", 0, 0, vendor_dingtalk_app},
    {"feishu_robot", "im", 100, 5, vendor_feishu_robot},
    {"feishu_app", "im", 0, 0, vendor_feishu_app},
    {"sms_aliyun", "sms", 0, 0, vendor_sms_aliyun},
    {"sms_tencent", "sms", 0, 0, vendor_sms_tencent},
    {"sms_http", "sms", 0, 0, vendor_sms_http},
    {"webhook", "", 0, 0, vendor_webhook},
};

const Vendor *vendor_of(const char *kind)
{
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        if (strcmp(vendors[i].kind, kind) == 0)
            return &vendors[i];
    return NULL;
}

bool vendor_failed(Ctx *c, const CallAnswer *a, Sent *out)
{
    if (!a->done) {
        /* the guard's words are of the catalogue, those of libcurl and mail servers are their own */
        const char *why = a->error ? a->error : "";
        if (a->hint)
            why = msg_format(c->a, c->lang, a->hint, (const char *const[]){why, NULL});
        *out = (Sent){.what = a->refused ? SENT_NEVER : SENT_AGAIN,
                      .code = a->refused ? "refused" : "no_answer",
                      .error = a->refused ? msg_text(c->lang, why) : why};
        return true;
    }
    if (a->status >= 200 && a->status < 300)
        return false;
    bool again = a->status == 408 || a->status == 425 || a->status == 429 || a->status >= 500;
    *out = (Sent){.what = again ? SENT_AGAIN : SENT_NEVER,
                  .wait_s = a->retry_after_s,
                  .channel_gone = a->status == 410,
                  .code = ctx_num(c, a->status),
                  .error = arena_printf(c->a, "HTTP %ld", a->status)};
    return true;
}

json_object *vendor_json(Ctx *c, const CallAnswer *a)
{
    json_object *o = NULL;
    int mark = c->n_err;
    if (!json_read(c, a->body, strlen(a->body), &o) || !json_object_is_type(o, json_type_object)) {
        ctx_errors_back_to(c, mark);
        return NULL;
    }
    return o;
}

void vendor_judge(Ctx *c, const char *code, const char *text, const char *ok,
                  const char *const *again, Sent *out)
{
    *out = (Sent){.what = SENT_NEVER, .code = code};
    if (!code) {
        *out =
            (Sent){.what = SENT_AGAIN, .code = "answer", .error = msg_text(c->lang, "post.answer")};
        return;
    }
    if (strcmp(code, ok) == 0) {
        *out = (Sent){.what = SENT_YES};
        return;
    }
    for (; *again; again++)
        if (strcmp(*again, code) == 0)
            out->what = SENT_AGAIN;
    out->error = arena_printf(c->a, "%s %s", code, text ? text : "");
}

const char *vendor_plain(Ctx *c, const Ready *r, size_t n)
{
    const char *link = r->p->link && *r->p->link ? r->p->link : NULL;
    size_t tail = link ? strlen(link) + 1 : 0;
    size_t room = n > tail ? n - tail : 0, len = strlen(r->body);
    if (len > room)
        len = utf8_fit(r->body, room > 3 ? room - 3 : 0);
    return arena_printf(c->a, "%.*s%s%s%s", (int)len, r->body, len < strlen(r->body) ? "…" : "",
                        link ? "\n" : "", link ? link : "");
}
