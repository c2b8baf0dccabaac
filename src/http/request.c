/* Reading parts of a request. See request.h. */
#include "http/request.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "base/whole.h"
#include "http/header.h"

const char *request_header(const Request *rq, const char *name)
{
    return MHD_lookup_connection_value(rq->conn, MHD_HEADER_KIND, name);
}

bool request_key(Request *rq, const char **out)
{
    const char *key = *out = request_header(rq, "Idempotency-Key");
    return !key || (*key && strlen(key) <= 200 && utf8_valid(key, strlen(key))) ||
           ctx_fail(&rq->c, ERR_BAD_HEADER, NULL, "err.bad_header", "Idempotency-Key");
}

const char *request_agent(const Request *rq)
{
    const char *agent = request_header(rq, "User-Agent");
    return agent && utf8_valid(agent, strlen(agent)) ? agent : NULL;
}

const char *request_query(const Request *rq, const char *name)
{
    return map_get(&rq->query, name);
}

bool request_number(Request *rq, const char *name, int64_t min, int64_t max, int64_t dflt,
                    int64_t *out)
{
    const char *text = request_query(rq, name);
    *out = dflt;
    if (!text)
        return true;
    if (!whole_number(text, min, max, out))
        return ctx_fail(&rq->c, ERR_BAD_REQUEST, name, "err.number_range", ctx_num(&rq->c, min),
                        ctx_num(&rq->c, max));
    return true;
}

bool request_flag(Request *rq, const char *name, bool *out)
{
    const char *text = request_query(rq, name);
    *out = text && strcmp(text, "true") == 0;
    return !text || !*text || *out || strcmp(text, "false") == 0 ||
           ctx_fail(&rq->c, ERR_BAD_REQUEST, name, "err.flag_word", name);
}

bool request_bare(Request *rq)
{
    json_object *in;
    if (!request_json_or_empty(rq, &in))
        return false;
    json_object_object_foreach(in, key, value)
    {
        (void)value;
        return ctx_fail(&rq->c, ERR_UNKNOWN_FIELD, key, "err.member_unknown", key);
    }
    return true;
}

bool request_json_or_empty(Request *rq, json_object **out)
{
    if (rq->body.len == 0)
        return json_read(&rq->c, "{}", 2, out);
    return request_json(rq, out);
}

/* With or without parameters behind it ("; charset=utf-8"). */
static bool type_is(const char *type, const char *name)
{
    size_t n = strlen(name);
    return strncasecmp(type, name, n) == 0 && strchr("; \t", type[n]); /* the NUL, too */
}

bool request_json(Request *rq, json_object **out)
{
    const char *type = request_header(rq, "Content-Type");
    if (type && !type_is(type, "application/json") &&
        !type_is(type, "application/merge-patch+json"))
        return ctx_fail(&rq->c, ERR_UNSUPPORTED_TYPE, NULL, "err.unsupported_type",
                        "application/json");
    if (!json_read(&rq->c, rq->body.data, rq->body.len, out))
        return false;
    rq->in = *out;
    if (!json_object_is_type(*out, json_type_object))
        return ctx_fail(&rq->c, ERR_JSON, NULL, "err.json_object");
    return true;
}

int64_t request_if_match(const Request *rq)
{
    return header_version(request_header(rq, "If-Match"));
}
