/* A record on paper. See docs/api.md, Printing. */
#include "http/answer_file.h"
#include "http/api.h"
#include "record/print/page.h"

bool api_record_print(Request *rq)
{
    Ctx *c = &rq->c;
    const char *format, *title;
    Report *r;
    return print_format(c, request_query(rq, "format"), &format) &&
           print_form(c, rq->e, rq->id, format, &r, &title) && answer_report(rq, r, format, title);
}
