/* Requests by route. See tally.h. */
#include "http/tally.h"

#include <inttypes.h>
#include <stdatomic.h>

enum { MOST_ROUTES = 256, CLASSES = 4, BOUNDS = 11 };

static const int64_t bounds_ms[BOUNDS] = {1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000};

typedef struct Tally {
    _Atomic int64_t by_class[CLASSES]; /* 2xx … 5xx */
    _Atomic int64_t within[BOUNDS + 1];
    _Atomic int64_t ms;
} Tally;

static Tally tallies[MOST_ROUTES]; /* the last is for what has no row of its own */

static int place_of(const Route *route)
{
    int at = route ? (int)(route - routes) : MOST_ROUTES;
    return at < MOST_ROUTES - 1 ? at : MOST_ROUTES - 1;
}

static void add(_Atomic int64_t *to, int64_t n)
{
    atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static int64_t get(_Atomic int64_t *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

void tally_request(const Route *route, int status, int64_t ms)
{
    Tally *t = &tallies[place_of(route)];
    int class = status / 100 - 2, bin = 0;
    add(&t->by_class[class < 0 ? 0 : class >= CLASSES ? CLASSES - 1 : class], 1);
    while (bin < BOUNDS && ms > bounds_ms[bin])
        bin++;
    add(&t->within[bin], 1);
    add(&t->ms, ms > 0 ? ms : 0);
}

static void label(Buf *out, int at)
{
    const Route *r = at < n_routes && at < MOST_ROUTES - 1 ? &routes[at] : NULL;
    buf_printf(out, "method=\"%s\",route=\"%s\"", r ? method_name(r->method) : "-",
               r ? r->path : "-");
}

static int64_t calls(Tally *t)
{
    int64_t n = 0;
    for (int i = 0; i < CLASSES; i++)
        n += get(&t->by_class[i]);
    return n;
}

static void write_counts(Buf *out)
{
    buf_puts(out, "# HELP zhike_http_requests_total Requests by route and class of answer\n"
                  "# TYPE zhike_http_requests_total counter\n");
    for (int at = 0; at < MOST_ROUTES; at++)
        for (int i = 0; i < CLASSES; i++) {
            int64_t n = get(&tallies[at].by_class[i]);
            if (!n)
                continue;
            buf_puts(out, "zhike_http_requests_total{");
            label(out, at);
            buf_printf(out, ",status=\"%dxx\"} %" PRId64 "\n", i + 2, n);
        }
}

/* _count is the sum of what is written, so that a scrape in between never contradicts itself. */
static void write_times(Buf *out)
{
    buf_puts(out, "# HELP zhike_http_request_seconds From the request line to the answer\n"
                  "# TYPE zhike_http_request_seconds histogram\n");
    for (int at = 0; at < MOST_ROUTES; at++) {
        Tally *t = &tallies[at];
        int64_t n = 0;
        if (!calls(t))
            continue;
        for (int i = 0; i <= BOUNDS; i++) {
            n += get(&t->within[i]);
            buf_puts(out, "zhike_http_request_seconds_bucket{");
            label(out, at);
            if (i < BOUNDS)
                buf_printf(out, ",le=\"%g\"} %" PRId64 "\n", (double)bounds_ms[i] / 1000, n);
            else
                buf_printf(out, ",le=\"+Inf\"} %" PRId64 "\n", n);
        }
        buf_puts(out, "zhike_http_request_seconds_sum{");
        label(out, at);
        buf_printf(out, "} %" PRId64 ".%03" PRId64 "\n", get(&t->ms) / 1000, get(&t->ms) % 1000);
        buf_puts(out, "zhike_http_request_seconds_count{");
        label(out, at);
        buf_printf(out, "} %" PRId64 "\n", n);
    }
}

void tally_write(Buf *out)
{
    write_counts(out);
    write_times(out);
}
