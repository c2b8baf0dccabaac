/* Signatures of vendors. See sign.h. */
#include "work/post/sign.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/fill.h"

static char *hmac_base64(Arena *a, const void *key, size_t n_key, const char *text)
{
    unsigned char mac[32];
    crypt_hmac_sha256(key, n_key, text, strlen(text), mac);
    return crypt_base64(a, mac, sizeof mac);
}

static char *sha_hex(Arena *a, const char *text)
{
    char hex[65];
    crypt_sha256_hex(text, strlen(text), hex);
    return arena_str(a, hex);
}

char *sign_dingtalk(Arena *a, const char *secret, int64_t at_ms)
{
    return hmac_base64(a, secret, strlen(secret),
                       arena_printf(a, "%lld\n%s", (long long)at_ms, secret));
}

char *sign_feishu(Arena *a, const char *secret, int64_t at_s)
{
    const char *key = arena_printf(a, "%lld\n%s", (long long)at_s, secret);
    return hmac_base64(a, key, strlen(key), "");
}

char *sign_aliyun(Arena *a, const char *host, const SignPair *query, const char *action,
                  const char *version, const char *nonce, const char *date, const char *key_id,
                  const char *secret, char **out_query)
{
    static const char names[] =
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    Buf q;
    buf_init(&q, a);
    for (const SignPair *p = query; p->name; p++)
        buf_printf(&q, "%s%s=%s", q.len ? "&" : "", fill_value(a, p->name, FILL_URL),
                   fill_value(a, p->value, FILL_URL));
    *out_query = q.data;
    const char *empty = sha_hex(a, "");
    const char *canonical = arena_printf(
        a,
        "POST\n/\n%s\nhost:%s\nx-acs-action:%s\nx-acs-content-sha256:%s\nx-acs-date:%s\n"
        "x-acs-signature-nonce:%s\nx-acs-version:%s\n\n%s\n%s",
        q.data, host, action, empty, date, nonce, version, names, empty);
    const char *to_sign = arena_printf(a, "ACS3-HMAC-SHA256\n%s", sha_hex(a, canonical));
    unsigned char mac[32];
    crypt_hmac_sha256(secret, strlen(secret), to_sign, strlen(to_sign), mac);
    return arena_printf(a, "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s", key_id,
                        names, crypt_hex(a, mac, sizeof mac));
}

char *sign_tencent(Arena *a, const char *host, const char *service, const char *body,
                   const char *content_type, int64_t at_s, const char *key_id, const char *secret)
{
    char day[11];
    unsigned char k[32];
    clock_day_of(at_s * 1000, "UTC", day);
    const char *canonical =
        arena_printf(a, "POST\n/\n\ncontent-type:%s\nhost:%s\n\ncontent-type;host\n%s",
                     content_type, host, sha_hex(a, body));
    const char *scope = arena_printf(a, "%s/%s/tc3_request", day, service);
    const char *to_sign = arena_printf(a, "TC3-HMAC-SHA256\n%lld\n%s\n%s", (long long)at_s, scope,
                                       sha_hex(a, canonical));
    const char *first = arena_printf(a, "TC3%s", secret);
    crypt_hmac_sha256(first, strlen(first), day, strlen(day), k);
    crypt_hmac_sha256(k, sizeof k, service, strlen(service), k);
    crypt_hmac_sha256(k, sizeof k, "tc3_request", strlen("tc3_request"), k);
    crypt_hmac_sha256(k, sizeof k, to_sign, strlen(to_sign), k);
    return arena_printf(
        a, "TC3-HMAC-SHA256 Credential=%s/%s, SignedHeaders=content-type;host, Signature=%s",
        key_id, scope, crypt_hex(a, k, sizeof k));
}

enum { KEY_LEAST = 16 };

static char *sign_one(Arena *a, const char *secret, const char *text)
{
    static const char mark[] = "whsec_";
    size_t n = sizeof mark - 1, n_key;
    unsigned char *key =
        strncmp(secret, mark, n) == 0 ? crypt_from_base64(a, secret + n, &n_key) : NULL;
    return key && n_key >= KEY_LEAST ? arena_printf(a, "v1,%s", hmac_base64(a, key, n_key, text))
                                     : NULL;
}

char *sign_webhook(Arena *a, const char *secret, const char *id, int64_t at_s, const char *body)
{
    const char *text = arena_printf(a, "%s.%lld.%s", id, (long long)at_s, body);
    const char *second = secret ? strchr(secret, ' ') : NULL;
    if (!second)
        return secret ? sign_one(a, secret, text) : NULL;
    char *one = sign_one(a, arena_dup(a, secret, (size_t)(second - secret)), text);
    char *two = sign_one(a, second + 1, text);
    return one && two ? arena_printf(a, "%s %s", one, two) : NULL;
}
