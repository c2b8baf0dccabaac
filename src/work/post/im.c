/* 企业微信, 钉钉, 飞书: robots of groups and messages of apps. See vendor.h and ECOSYSTEM 3.1 to 3.3. */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/fill.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/msg.h"
#include "work/post/sign.h"
#include "work/post/vendor.h"

enum { WECOM_BYTES = 2048, DINGTALK_BYTES = 4000, FEISHU_BYTES = 18000, EARLY_MS = 300000 };

static const char *const json_headers[] = {"Content-Type: application/json; charset=utf-8", NULL};

/* A code of the answer as text, whether it came as number or text; NULL where there is none. */
static const char *code_of(Ctx *c, json_object *o, const char *key)
{
    json_object *v = o ? json_member(o, key) : NULL;
    return v ? arena_str(c->a, json_object_get_string(v)) : NULL;
}

static void post_json(Caller *k, Ctx *c, const char *url, const char *body,
                      const char *const *headers, CallAnswer *a)
{
    HttpCall h = {.url = url, .body = body, .headers = headers ? headers : json_headers};
    call_http(k, c->a, &h, a);
}

static const char *base_of(Ctx *c, const ChannelRow *ch, const char *own)
{
    size_t n = strlen(ch->url);
    while (n && ch->url[n - 1] == '/')
        n--;
    return n ? arena_printf(c->a, "%.*s", (int)n, ch->url) : own;
}

/* ---- tokens of apps: kept by this process until shortly before they end ------------------------- */

enum { TOKENS = 16, TOKEN_BYTES = 1024 };
typedef struct AppToken {
    int64_t channel, until;
    char text[TOKEN_BYTES];
} AppToken;
static AppToken tokens[TOKENS];
static pthread_mutex_t token_lock = PTHREAD_MUTEX_INITIALIZER;

/* Another address, account or secret is another token. */
static int64_t token_key(Ctx *c, const ChannelRow *ch)
{
    unsigned char hash[32];
    int64_t key;
    const char *all = arena_printf(c->a, "%" PRId64 "\n%s\n%s\n%s", ch->id, ch->url, ch->account,
                                   ch->secret ? ch->secret : "");
    crypt_sha256(all, strlen(all), hash);
    memcpy(&key, hash, sizeof key);
    return key;
}

static const char *token_kept(Ctx *c, int64_t channel)
{
    const char *out = NULL;
    pthread_mutex_lock(&token_lock);
    for (int i = 0; i < TOKENS; i++)
        if (tokens[i].channel == channel && tokens[i].until > clock_mono_ms())
            out = arena_str(c->a, tokens[i].text);
    pthread_mutex_unlock(&token_lock);
    return out;
}

static void token_keep(int64_t channel, const char *text, int64_t seconds)
{
    AppToken *at = &tokens[0];
    pthread_mutex_lock(&token_lock);
    for (int i = 0; i < TOKENS; i++) {
        if (tokens[i].channel == channel) {
            at = &tokens[i];
            break;
        }
        if (tokens[i].until < at->until)
            at = &tokens[i];
    }
    at->channel = channel;
    at->until = text ? clock_mono_ms() + seconds * 1000 - EARLY_MS : 0;
    if (text && strlen(text) < TOKEN_BYTES)
        memcpy(at->text, text, strlen(text) + 1);
    else
        at->until = 0;
    pthread_mutex_unlock(&token_lock);
}

/* Asks for a token; names of the members differ. NULL with *out said. */
static const char *token_ask(Caller *k, Ctx *c, const ChannelRow *ch, const char *url,
                             const char *body, const char *code, const char *message,
                             const char *token, const char *life, Sent *out)
{
    static const char *const again[] = {"-1", "45009", "45033", "99991400", NULL};
    CallAnswer a;
    post_json(k, c, url, body, NULL, &a);
    if (vendor_failed(c, &a, out))
        return NULL;
    json_object *o = vendor_json(c, &a);
    const char *text = o ? json_str(o, token, NULL) : NULL;
    if (!text) {
        vendor_judge(c, code_of(c, o, code), o ? json_str(o, message, NULL) : NULL, "", again, out);
        return NULL;
    }
    token_keep(token_key(c, ch), text, json_int(o, life, 7200));
    return text;
}

/* ---- 企业微信 ----------------------------------------------------------------------------------- */

static const char *const wecom_again[] = {"-1", "45009", "45033", "42001", "40014", NULL};

static void judge(Ctx *c, const CallAnswer *a, const char *code, const char *message,
                  const char *const *again, const char *provider, Sent *out)
{
    if (vendor_failed(c, a, out))
        return;
    json_object *o = vendor_json(c, a);
    vendor_judge(c, code_of(c, o, code), o ? json_str(o, message, NULL) : NULL, "0", again, out);
    if (out->what == SENT_YES && provider && o)
        out->provider = code_of(c, o, provider);
}

void vendor_wecom_robot(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    const char *body = arena_printf(c->a, "{\"msgtype\":\"text\",\"text\":{\"content\":\"%s\"}}",
                                    fill_value(c->a, vendor_plain(c, r, WECOM_BYTES), FILL_JSON));
    CallAnswer a;
    post_json(k, c, ch->url, body, NULL, &a);
    judge(c, &a, "errcode", "errmsg", wecom_again, NULL, out);
}

void vendor_wecom_app(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    const char *base = base_of(c, ch, "https://qyapi.weixin.qq.com"),
               *token = token_kept(c, token_key(c, ch));
    if (!token) {
        const char *ask = arena_printf(c->a, "%s/cgi-bin/gettoken?corpid=%s&corpsecret=%s", base,
                                       fill_value(c->a, ch->account, FILL_URL),
                                       fill_value(c->a, ch->secret, FILL_URL));
        token =
            token_ask(k, c, ch, ask, NULL, "errcode", "errmsg", "access_token", "expires_in", out);
        if (!token)
            return;
    }
    const char *url = arena_printf(c->a, "%s/cgi-bin/message/send?access_token=%s", base,
                                   fill_value(c->a, token, FILL_URL));
    const char *body = arena_printf(c->a,
                                    "{\"touser\":\"%s\",\"msgtype\":\"text\",\"agentid\":%" PRId64
                                    ",\"text\":{\"content\":\"%s\"},\"enable_duplicate_check\":1,"
                                    "\"duplicate_check_interval\":1800}",
                                    fill_value(c->a, r->p->address, FILL_JSON),
                                    (int64_t)strtoll(ch->sender, NULL, 10),
                                    fill_value(c->a, vendor_plain(c, r, WECOM_BYTES), FILL_JSON));
    CallAnswer a;
    post_json(k, c, url, body, NULL, &a);
    judge(c, &a, "errcode", "errmsg", wecom_again, "msgid", out);
    if (out->code && (!strcmp(out->code, "42001") || !strcmp(out->code, "40014")))
        token_keep(token_key(c, ch), NULL, 0);
}

/* ---- 钉钉 --------------------------------------------------------------------------------------- */

static const char *const dingtalk_again[] = {"-1", "130101", "90018", "88", NULL};

void vendor_dingtalk_robot(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    const char *url = ch->url;
    if (ch->secret && *ch->secret)
        url = arena_printf(c->a, "%s%ctimestamp=%" PRId64 "&sign=%s", ch->url,
                           strchr(ch->url, '?') ? '&' : '?', c->now_ms,
                           fill_value(c->a, sign_dingtalk(c->a, ch->secret, c->now_ms), FILL_URL));
    const char *body =
        arena_printf(c->a, "{\"msgtype\":\"text\",\"text\":{\"content\":\"%s\"}}",
                     fill_value(c->a, vendor_plain(c, r, DINGTALK_BYTES), FILL_JSON));
    CallAnswer a;
    post_json(k, c, url, body, NULL, &a);
    judge(c, &a, "errcode", "errmsg", dingtalk_again, NULL, out);
    if (out->code && strcmp(out->code, "130101") == 0)
        out->wait_s = 600; /* blocked for ten minutes */
}

void vendor_dingtalk_app(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    const char *token = token_kept(c, token_key(c, ch));
    if (!token) {
        const char *ask = arena_printf(c->a, "%s/v1.0/oauth2/accessToken",
                                       base_of(c, ch, "https://api.dingtalk.com"));
        const char *who = arena_printf(c->a, "{\"appKey\":\"%s\",\"appSecret\":\"%s\"}",
                                       fill_value(c->a, ch->account, FILL_JSON),
                                       fill_value(c->a, ch->secret, FILL_JSON));
        token = token_ask(k, c, ch, ask, who, "code", "message", "accessToken", "expireIn", out);
        if (!token)
            return;
    }
    const char *url = arena_printf(
        c->a, "%s/topapi/message/corpconversation/asyncsend_v2?access_token=%s",
        base_of(c, ch, "https://oapi.dingtalk.com"), fill_value(c->a, token, FILL_URL));
    const char *body = arena_printf(
        c->a,
        "{\"agent_id\":%" PRId64 ",\"userid_list\":\"%s\",\"msg\":{\"msgtype\":\"text\",\"text\":"
        "{\"content\":\"%s\"}}}",
        (int64_t)strtoll(ch->sender, NULL, 10), fill_value(c->a, r->p->address, FILL_JSON),
        fill_value(c->a, vendor_plain(c, r, DINGTALK_BYTES), FILL_JSON));
    CallAnswer a;
    post_json(k, c, url, body, NULL, &a);
    judge(c, &a, "errcode", "errmsg", dingtalk_again, "task_id", out);
    if (out->code && (!strcmp(out->code, "40014") || !strcmp(out->code, "42001"))) {
        token_keep(token_key(c, ch), NULL, 0);
        out->what = SENT_AGAIN;
    }
}

/* ---- 飞书 --------------------------------------------------------------------------------------- */

static const char *const feishu_again[] = {"11232", "99991400", "99991663", NULL};

void vendor_feishu_robot(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    const char *proof = "";
    int64_t at = c->now_ms / 1000;
    if (ch->secret && *ch->secret)
        proof = arena_printf(c->a, "\"timestamp\":\"%" PRId64 "\",\"sign\":\"%s\",", at,
                             sign_feishu(c->a, ch->secret, at));
    const char *body =
        arena_printf(c->a, "{%s\"msg_type\":\"text\",\"content\":{\"text\":\"%s\"}}", proof,
                     fill_value(c->a, vendor_plain(c, r, FEISHU_BYTES), FILL_JSON));
    CallAnswer a;
    post_json(k, c, ch->url, body, NULL, &a);
    judge(c, &a, "code", "msg", feishu_again, NULL, out);
}

void vendor_feishu_app(Caller *k, Ctx *c, const ChannelRow *ch, const Ready *r, Sent *out)
{
    const char *base = base_of(c, ch, "https://open.feishu.cn"),
               *token = token_kept(c, token_key(c, ch));
    if (!token) {
        const char *ask =
            arena_printf(c->a, "%s/open-apis/auth/v3/tenant_access_token/internal", base);
        const char *who = arena_printf(c->a, "{\"app_id\":\"%s\",\"app_secret\":\"%s\"}",
                                       fill_value(c->a, ch->account, FILL_JSON),
                                       fill_value(c->a, ch->secret, FILL_JSON));
        token = token_ask(k, c, ch, ask, who, "code", "msg", "tenant_access_token", "expire", out);
        if (!token)
            return;
    }
    const char *const headers[] = {json_headers[0],
                                   arena_printf(c->a, "Authorization: Bearer %s", token), NULL};
    /* content is JSON as text: escaped twice */
    const char *inner = arena_printf(c->a, "{\"text\":\"%s\"}",
                                     fill_value(c->a, vendor_plain(c, r, FEISHU_BYTES), FILL_JSON));
    const char *body = arena_printf(
        c->a,
        "{\"receive_id\":\"%s\",\"msg_type\":\"text\",\"content\":\"%s\",\"uuid\":\"zhike-%" PRId64
        "\"}",
        fill_value(c->a, r->p->address, FILL_JSON), fill_value(c->a, inner, FILL_JSON), r->p->id);
    CallAnswer a;
    post_json(k, c, arena_printf(c->a, "%s/open-apis/im/v1/messages?receive_id_type=user_id", base),
              body, headers, &a);
    judge(c, &a, "code", "msg", feishu_again, NULL, out);
    if (out->code && strcmp(out->code, "99991663") == 0)
        token_keep(token_key(c, ch), NULL, 0);
}
