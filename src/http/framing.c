/*
 * The head of a request, as it lies in the library's memory. See framing.h.
 *
 * libmicrohttpd up to 0.9.76 takes a line that ends in LF alone, cuts a value at a NUL, and joins folded lines.
 * It reads the head in place, though, and hands out pointers into it: each line's end becomes one NUL a byte. So
 * where each thing begins exactly behind the one before, with the two NULs of one CRLF between, the head came as it
 * is understood; where not, something was skipped, and the request is refused. Later versions refuse these
 * themselves when told to be strict (serve.c), and may move what they read: there nothing is compared.
 */
#include "http/framing.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "http/header.h"

enum { MAX_HEADERS = 100, MAX_HEADER_BYTES = 16384 };
enum { READS_IN_PLACE = MHD_VERSION < 0x00097700 };

typedef struct Head {
    Request *rq;
    const char *next; /* where the next line must begin */
    int n;
    size_t bytes;
    unsigned seen;
    bool bad, torn;
} Head;

/* What framing, or who asks, depends on may stand once only: of two, two readers believe two different ones. */
static bool once(Head *h, const char *key)
{
    static const char *const names[] = {"Content-Length",    "Transfer-Encoding", "Host",
                                        "Content-Type",      "Authorization",     "Origin",
                                        "X-CSRF-Token",      "Idempotency-Key",   "If-Match",
                                        "X-Forwarded-Proto", "Last-Event-ID"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(key, names[i]) == 0) {
            bool before = (h->seen & (1u << i)) != 0;
            h->seen |= 1u << i;
            return !before;
        }
    return true;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                   size_t n_key, const char *value, size_t n_value)
{
    (void)kind;
    Head *h = cls;
    h->n++;
    h->bytes += n_key + n_value + 4;
    h->bad |= !header_name_good(key, n_key) || !value || !header_value_good(value, n_value) ||
              !once(h, key);
    if (!value)
        return MHD_YES;
    if (strcasecmp(key, "X-Forwarded-For") == 0)
        h->rq->forwarded = value; /* the last line: some proxies add one of their own */
    if (READS_IN_PLACE) {
        const char *p = key + n_key + 1;
        h->torn |= key != h->next || value < p;
        h->torn = h->torn || strspn(p, " \t") < (size_t)(value - p) || value[n_value + 1];
        h->next = value + n_value + 2;
    }
    return MHD_YES;
}

/* The request line: method, target and version with one blank each between them. */
static bool line_torn(const Request *rq, const char *method, const char *version)
{
    return READS_IN_PLACE && (method + strlen(method) + 1 != rq->raw_target ||
                              rq->raw_target + rq->raw_target_n + 1 != version);
}

/*
 * The empty line is a CRLF, too: what lies behind the head may be NUL by chance, so its length as the library counted
 * it is compared.
 */
static bool ends_there(const Request *rq, const char *method, const char *end)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(rq->conn, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return !i || (size_t)(end - method) == i->header_size;
}

bool framing_check(Request *rq, const char *method, const char *version)
{
    Head h = {.rq = rq, .next = version + strlen(version) + 2};
    bool torn = line_torn(rq, method, version) || (READS_IN_PLACE && version[strlen(version) + 1]);
    MHD_get_connection_values_n(rq->conn, MHD_HEADER_KIND, take_header, &h);
    if (READS_IN_PLACE && !torn && !h.torn)
        torn = h.next[0] || h.next[1] || !ends_there(rq, method, h.next + 2);
    const char *length = request_header(rq, "Content-Length"),
               *coding = request_header(rq, "Transfer-Encoding");
    const char *what =
        torn || h.torn                                    ? "CRLF"
        : h.bad                                           ? "-"
        : h.n > MAX_HEADERS || h.bytes > MAX_HEADER_BYTES ? "16 KB, 100"
        : length && coding                                ? "Content-Length, Transfer-Encoding"
        : coding && (strcasecmp(coding, "chunked") != 0 || strcmp(version, "HTTP/1.0") == 0)
            ? "Transfer-Encoding"
            : NULL;
    if (what)
        return ctx_fail(&rq->c, ERR_BAD_HEADER, NULL, "err.bad_header", what);
    return !rq->malformed || ctx_fail(&rq->c, ERR_BAD_REQUEST, NULL, "err.bad_request", "URI");
}
