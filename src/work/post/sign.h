/*
 * How other services want to be signed to. Pure functions: the same input gives the same text, so each is tested by the vectors
 * of its vendor. secret: as given by the vendor, as text.
 */
#ifndef WORK_POST_SIGN_H
#define WORK_POST_SIGN_H

#include "base/arena.h"

/* 钉钉 robot: base64 of HMAC-SHA256(secret, "<ms>\n<secret>"); to be written into the address percent-encoded. */
char *sign_dingtalk(Arena *a, const char *secret, int64_t at_ms);
/* 飞书 robot: base64 of HMAC-SHA256("<s>\n<secret>", ""). */
char *sign_feishu(Arena *a, const char *secret, int64_t at_s);

typedef struct SignPair {
    const char *name, *value; /* name NULL closes the list */
} SignPair;

/* 阿里云 ACS3-HMAC-SHA256 of a POST of "/" without body. query: sorted by name. date: "2023-11-14T22:13:20Z".
   *out_query: as it goes into the address. → the value of the header Authorization. */
char *sign_aliyun(Arena *a, const char *host, const SignPair *query, const char *action,
                  const char *version, const char *nonce, const char *date, const char *key_id,
                  const char *secret, char **out_query);

/* 腾讯云 TC3-HMAC-SHA256 of a POST of "/" with a JSON body. → the value of the header Authorization. */
char *sign_tencent(Arena *a, const char *host, const char *service, const char *body,
                   const char *content_type, int64_t at_s, const char *key_id, const char *secret);

/* Standard Webhooks: "v1,<base64>" of HMAC-SHA256(key, "<id>.<s>.<body>"); secret "whsec_<base64>". NULL where it is none.
   Two of them, a blank between: "v1,… v1,…", while the receiver changes from one to the other. */
char *sign_webhook(Arena *a, const char *secret, const char *id, int64_t at_s, const char *body);

#endif
