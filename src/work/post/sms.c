/* Short messages: 阿里云, 腾讯云, and any service with an HTTP call. See vendor.h and ECOSYSTEM 3.4. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/fill.h"
#include "base/json_read.h"
#include "base/msg.h"
#include "work/post/sign.h"
#include "work/post/vendor.h"

/* "http://127.0.0.1:9" → "127.0.0.1:9" */
static const char *host_of(Ctx *c, const char *url)
{
    const char *p = strstr(url, "://");
    p = p ? p + 3 : url;
    return arena_printf(c->a, "%.*s", (int)strcspn(p, "/?#"), p);
}

void vendor_sms_aliyun(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    static const char *const again[] = {"isp.SYSTEM_ERROR", "Throttling.User", "Throttling",
                                        "isv.BUSINESS_LIMIT_CONTROL", NULL};
    const char *base = *ch->url ? ch->url : "https://dysmsapi.aliyuncs.com",
               *host = host_of(c, base);
    const char *params =
        r->code ? arena_printf(c->a, "{\"code\":\"%s\"}", fill_value(c->a, r->code, FILL_JSON))
                : arena_printf(c->a, "{\"title\":\"%s\",\"text\":\"%s\"}",
                               fill_value(c->a, r->subject, FILL_JSON),
                               fill_value(c->a, r->body, FILL_JSON));
    const char *template = r->code ? ch->code_template : ch->template;
    const SignPair query[] = {{"OutId", ctx_num(c, r->p->id)}, {"PhoneNumbers", r->p->address},
                              {"SignName", ch->sender},        {"TemplateCode", template},
                              {"TemplateParam", params},       {NULL, NULL}};
    char date[25], *q;
    clock_rfc3339(c->now_ms / 1000 * 1000, date);
    const char *nonce = crypt_token_hex(c->a, 16);
    const char *proof = sign_aliyun(c->a, host, query, "SendSms", "2017-05-25", nonce, date,
                                    ch->account, ch->secret ? ch->secret : "", &q);
    char empty[65];
    crypt_sha256_hex("", 0, empty);
    const char *const headers[] = {arena_printf(c->a, "Host: %s", host),
                                   "x-acs-action: SendSms",
                                   "x-acs-version: 2017-05-25",
                                   arena_printf(c->a, "x-acs-date: %s", date),
                                   arena_printf(c->a, "x-acs-signature-nonce: %s", nonce),
                                   arena_printf(c->a, "x-acs-content-sha256: %s", empty),
                                   arena_printf(c->a, "Authorization: %s", proof),
                                   "Content-Type:",
                                   NULL};
    HttpCall h = {.url = arena_printf(c->a, "%s/?%s", base, q), .body = "", .headers = headers};
    CallAnswer a;
    call_http(k, c->a, &h, &a);
    /* mistakes come with 4xx and the code in the body */
    json_object *o = a.done ? vendor_json(c, &a) : NULL;
    const char *code = o ? json_str(o, "Code", NULL) : NULL;
    if (!code && vendor_failed(c, &a, out))
        return;
    vendor_judge(c, code, o ? json_str(o, "Message", NULL) : NULL, "OK", again, out);
    if (out->what == SENT_YES)
        out->provider = json_str(o, "BizId", NULL);
}

/* "1400006666:签名" → the id of the app and the signature */
static void split_sender(Ctx *c, const char *sender, const char **app, const char **name)
{
    size_t n = strcspn(sender, ":");
    *app = arena_printf(c->a, "%.*s", (int)n, sender);
    *name = sender[n] ? sender + n + 1 : "";
}

void vendor_sms_tencent(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    static const char *const again[] = {"InternalError",
                                        "InternalError.Timeout",
                                        "LimitExceeded.PhoneNumberThirtySecondLimit",
                                        "LimitExceeded.DeliveryFrequencyLimit",
                                        "RequestLimitExceeded",
                                        NULL};
    const char *base = *ch->url ? ch->url : "https://sms.tencentcloudapi.com",
               *host = host_of(c, base), *app, *name, *type = "application/json";
    split_sender(c, ch->sender, &app, &name);
    const char *phone =
        r->p->address[0] == '+' ? r->p->address : arena_printf(c->a, "+86%s", r->p->address);
    const char *params =
        r->code ? arena_printf(c->a, "\"%s\"", fill_value(c->a, r->code, FILL_JSON))
                : arena_printf(c->a, "\"%s\",\"%s\"", fill_value(c->a, r->subject, FILL_JSON),
                               fill_value(c->a, r->body, FILL_JSON));
    const char *body = arena_printf(
        c->a,
        "{\"PhoneNumberSet\":[\"%s\"],\"SmsSdkAppId\":\"%s\",\"SignName\":\"%s\",\"TemplateId\":\"%"
        "s\","
        "\"TemplateParamSet\":[%s],\"SessionContext\":\"%" PRId64 "\"}",
        fill_value(c->a, phone, FILL_JSON), fill_value(c->a, app, FILL_JSON),
        fill_value(c->a, name, FILL_JSON),
        fill_value(c->a, r->code ? ch->code_template : ch->template, FILL_JSON), params, r->p->id);
    int64_t at = c->now_ms / 1000;
    const char *proof =
        sign_tencent(c->a, host, "sms", body, type, at, ch->account, ch->secret ? ch->secret : "");
    const char *const headers[] = {arena_printf(c->a, "Host: %s", host),
                                   "X-TC-Action: SendSms",
                                   "X-TC-Version: 2021-01-11",
                                   "X-TC-Region: ap-guangzhou",
                                   arena_printf(c->a, "X-TC-Timestamp: %" PRId64, at),
                                   "Content-Type: application/json",
                                   arena_printf(c->a, "Authorization: %s", proof),
                                   NULL};
    HttpCall h = {.url = base, .body = body, .headers = headers};
    CallAnswer a;
    call_http(k, c->a, &h, &a);
    if (vendor_failed(c, &a, out))
        return;
    json_object *o = vendor_json(c, &a), *answer = o ? json_member(o, "Response") : NULL,
                *error = answer ? json_member(answer, "Error") : NULL,
                *set = answer ? json_member(answer, "SendStatusSet") : NULL,
                *one = set && json_object_is_type(set, json_type_array)
                           ? json_object_array_get_idx(set, 0)
                           : error;
    vendor_judge(c, one ? json_str(one, "Code", NULL) : NULL,
                 one ? json_str(one, "Message", NULL) : NULL, "Ok", again, out);
    if (out->what == SENT_YES)
        out->provider = json_str(one, "SerialNo", NULL);
}

/* The body is the administrator's; values are written as JSON where it looks like JSON, else percent-encoded. */
void vendor_sms_http(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    bool json = ch->body[strspn(ch->body, " \t\r\n")] == '{';
    const FillVar vars[] = {{"phone", r->p->address},     {"text", r->body},
                            {"title", r->subject},        {"code", r->code ? r->code : ""},
                            {"id", ctx_num(c, r->p->id)}, {"account", ch->account},
                            {"secret", ch->secret},       {"sender", ch->sender},
                            {"template", ch->template},   {NULL, NULL}};
    const char *const headers[] = {json ? "Content-Type: application/json; charset=utf-8"
                                        : "Content-Type: application/x-www-form-urlencoded",
                                   NULL};
    HttpCall h = {.url = fill_text(c->a, ch->url, vars, FILL_URL),
                  .body = fill_text(c->a, ch->body, vars, json ? FILL_JSON : FILL_URL),
                  .headers = headers};
    CallAnswer a;
    call_http(k, c->a, &h, &a);
    if (!vendor_failed(c, &a, out))
        *out = (Sent){.what = SENT_YES};
}
