/* libcurl behind one door. See call.h. */
#include "work/post/call.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/outbound.h"
#include "base/utf8.h"
#include "work/post/guard.h"

enum { ANSWER_MAX = 64 << 10, CONNECT_S = 8, TIME_S = 20, SUBMISSION = 587 };

struct Caller {
    CURL *curl;
    bool listed;  /* of the call under way: a private place that is named in the settings */
    bool blocked; /* the guard refused its address */
    Buf body;
    char why[CURL_ERROR_SIZE];
    const char *data; /* what is still to be sent */
    size_t left;
    char said[300]; /* the last line by which the mail server refused */
};

static curl_socket_t open_guarded(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    Caller *k = arg;
    (void)purpose;
    if (!k->listed && !guard_public(&a->addr)) {
        k->blocked = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t take_body(char *p, size_t one, size_t n, void *arg)
{
    Caller *k = arg;
    size_t room = k->body.len < ANSWER_MAX ? ANSWER_MAX - k->body.len : 0;
    buf_add(&k->body, p, n * one < room ? n * one : room);
    return n * one; /* the rest is read and forgotten */
}

/* A mail server's answers come as headers do; after a refusal there is still a farewell. */
static size_t take_line(char *p, size_t one, size_t n, void *arg)
{
    Caller *k = arg;
    size_t len = n * one;
    while (len && (unsigned char)p[len - 1] <= ' ')
        len--;
    if (len && (*p == '4' || *p == '5'))
        snprintf(k->said, sizeof k->said, "%.*s", (int)len, p);
    return n * one;
}

static size_t give_data(char *p, size_t one, size_t n, void *arg)
{
    Caller *k = arg;
    size_t some = n * one < k->left ? n * one : k->left;
    memcpy(p, k->data, some);
    k->data += some;
    k->left -= some;
    return some;
}

static void init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

Caller *call_begin(Arena *a)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init);
    Caller *k = ARENA_NEW(a, Caller);
    *k = (Caller){.curl = curl_easy_init()};
    return k->curl ? k : NULL;
}

void call_end(Caller *k)
{
    if (k)
        curl_easy_cleanup(k->curl);
}

/* Host and port of the address; false where it is none. */
static bool look(Arena *a, const char *url, char **scheme, char **host, int *port)
{
    CURLU *u = curl_url();
    char *s = NULL, *h = NULL, *p = NULL;
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_SCHEME, &s, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_HOST, &h, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_PORT, &p, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (ok) {
        *scheme = arena_str(a, s);
        *host = arena_str(a, h);
        *port = (int)strtol(p, NULL, 10);
    }
    curl_free(s);
    curl_free(h);
    curl_free(p);
    curl_url_cleanup(u);
    return ok;
}

static bool refuse(CallAnswer *out, const char *why)
{
    *out = (CallAnswer){.error = why, .refused = true};
    return false;
}

/* What every call has in common. plain: the scheme without TLS, which only listed places may be called by. */
static bool prepare(Caller *k, Arena *a, const char *url, const char *schemes, const char *plain,
                    int *port, CallAnswer *out)
{
    char *scheme, *host;
    if (!url || !look(a, url, &scheme, &host, port))
        return refuse(out, "post.bad_address");
    k->listed = outbound_listed(host, *port);
    k->blocked = false;
    if (strcmp(scheme, plain) == 0 && !k->listed && strcmp(plain, "http") == 0)
        return refuse(out, "post.https_only");
    curl_easy_reset(k->curl); /* options go, connections stay */
    buf_init(&k->body, a);
    k->why[0] = 0;
    k->said[0] = 0;
    CURL *c = k->curl;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes);
    curl_easy_setopt(c, CURLOPT_PROXY, ""); /* a proxy would go past the guard */
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TIME_S);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, k->why);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_guarded);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, k);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, k);
    return true;
}

/* What to look at where a call came to nothing; NULL where its own words must do. */
static const char *hint_of(CURLcode code, const char *why)
{
    if (strncmp(why, "RCPT failed", 11) == 0)
        return "post.call_rcpt";
    if (strncmp(why, "MAIL failed", 11) == 0)
        return "post.call_from";
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return "post.call_host";
    case CURLE_COULDNT_CONNECT: return "post.call_connect";
    case CURLE_OPERATION_TIMEDOUT: return "post.call_timeout";
    case CURLE_LOGIN_DENIED: return "post.call_login";
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return "post.call_tls";
    default: return NULL;
    }
}

static void answer(Caller *k, Arena *a, CURLcode code, CallAnswer *out)
{
    curl_off_t wait = 0;
    *out = (CallAnswer){.done = code == CURLE_OK};
    curl_easy_getinfo(k->curl, CURLINFO_RESPONSE_CODE, &out->status);
    curl_easy_getinfo(k->curl, CURLINFO_RETRY_AFTER, &wait);
    out->retry_after_s = wait > 0 && wait < 86400 ? (int)wait : 0;
    out->body = k->body.data;
    if (k->blocked && code != CURLE_OK) {
        *out = (CallAnswer){.error = "post.private_address", .refused = true};
    } else if (code != CURLE_OK) {
        const char *why = k->why[0] ? k->why : curl_easy_strerror(code);
        out->hint = hint_of(code, why);
        /* where a mail server said no, its own line is the reason */
        why = k->said[0] ? k->said : why;
        out->error = utf8_clean(a, why, strlen(why));
    }
}

void call_http(Caller *k, Arena *a, const HttpCall *h, CallAnswer *out)
{
    int port;
    struct curl_slist *headers = NULL;
    if (!prepare(k, a, h->url, "http,https", "http", &port, out))
        return;
    for (const char *const *p = h->headers; p && *p; p++)
        headers = curl_slist_append(headers, *p);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(k->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(k->curl, CURLOPT_USERAGENT, "Zhike/" ZK_VERSION);
    if (h->body) {
        curl_easy_setopt(k->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(k->curl, CURLOPT_POSTFIELDS, h->body);
        curl_easy_setopt(k->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(h->body));
    }
    answer(k, a, curl_easy_perform(k->curl), out);
    curl_slist_free_all(headers);
}

void call_smtp(Caller *k, Arena *a, const SmtpCall *s, CallAnswer *out)
{
    int port;
    if (!prepare(k, a, s->url, "smtp,smtps", "smtp", &port, out))
        return;
    struct curl_slist *to = curl_slist_append(NULL, s->to);
    CURL *c = k->curl;
    bool signs_in = s->account && *s->account;
    /* A password never goes in clear, nor a mail at the port for submissions; a server of the house may have no TLS. */
    bool must = !k->listed && (signs_in || port == SUBMISSION);
    curl_easy_setopt(c, CURLOPT_USE_SSL, must ? CURLUSESSL_ALL : CURLUSESSL_TRY);
    if (k->listed) /* its certificate is its own */
        curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    if (signs_in) {
        curl_easy_setopt(c, CURLOPT_USERNAME, s->account);
        curl_easy_setopt(c, CURLOPT_PASSWORD, s->secret ? s->secret : "");
    }
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, s->from);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
    k->data = s->data;
    k->left = strlen(s->data);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_line);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, k);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, give_data);
    curl_easy_setopt(c, CURLOPT_READDATA, k);
    answer(k, a, curl_easy_perform(c), out);
    curl_slist_free_all(to);
}
