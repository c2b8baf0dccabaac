/* Records on paper: the templates there are for one, and the file. */
#include <string.h>

#include "base/conf.h"
#include "http/answer_file.h"
#include "http/api.h"
#include "record/print/print.h"

/* The address browsers use: that of the settings, else the one this request came by, which the gate has looked at. */
static const char *base_of(Request *rq)
{
    const char *base = conf_text("http.base_url"), *host = request_header(rq, "Host");
    const char *proto = rq->proxied ? request_header(rq, "X-Forwarded-Proto") : NULL;
    if (*base || !host)
        return base;
    return arena_printf(rq->c.a, "%s://%s", proto && strcmp(proto, "https") == 0 ? "https" : "http",
                        host);
}

bool api_print_choices(Request *rq)
{
    return print_choices(&rq->c, rq->e, rq->id, &rq->out.body);
}

bool api_print(Request *rq)
{
    PrintAsk ask = {.template = request_query(rq, "template"),
                    .format = request_query(rq, "format"),
                    .base = base_of(rq)};
    PrintFile f;
    return print_record(&rq->c, rq->e, rq->id, &ask, &f) &&
           answer_file(rq, f.path, f.name, f.mime, true);
}
