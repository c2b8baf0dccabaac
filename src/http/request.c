/* Reading parts of a request. See request.h. */
#include "http/request.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

const char *request_header(const Request *rq, const char *name)
{
    return MHD_lookup_connection_value(rq->conn, MHD_HEADER_KIND, name);
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
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || *end || end == text || n < min || n > max)
        return ctx_fail(&rq->c, ERR_BAD_REQUEST, name, "err.number_range", ctx_num(&rq->c, min),
                        ctx_num(&rq->c, max));
    *out = n;
    return true;
}

bool request_json_or_empty(Request *rq, json_object **out)
{
    if (rq->body.len == 0)
        return json_read(&rq->c, "{}", 2, out);
    return request_json(rq, out);
}

bool request_json(Request *rq, json_object **out)
{
    const char *type = request_header(rq, "Content-Type");
    if (type && strncasecmp(type, "application/json", 16) != 0 &&
        strncasecmp(type, "application/merge-patch+json", 28) != 0)
        return ctx_fail(&rq->c, ERR_UNSUPPORTED_TYPE, NULL, "err.unsupported_type",
                        "application/json");
    if (!json_read(&rq->c, rq->body.data, rq->body.len, out))
        return false;
    if (!json_object_is_type(*out, json_type_object))
        return ctx_fail(&rq->c, ERR_JSON, NULL, "err.json_object");
    return true;
}

int64_t request_if_match(const Request *rq)
{
    const char *text = request_header(rq, "If-Match");
    if (!text)
        return -1;
    while (*text == ' ')
        text++;
    bool quoted = *text == '"';
    if (quoted)
        text++;
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    bool good = !errno && end != text && n >= 0 && (quoted ? end[0] == '"' && !end[1] : !*end);
    return good ? n : -2;
}
