/* What the day of a person needs beyond records: starred records, and which days are worked. */
#include <string.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "http/api.h"
#include "record/favorite.h"

bool api_favorite_list(Request *rq)
{
    return favorite_list(&rq->c, &rq->out.body);
}

bool api_favorite_add(Request *rq)
{
    static const JsonWant want[] = {{"entity", json_type_string, true},
                                    {"id", json_type_int, true},
                                    {NULL, json_type_null, false}};
    json_object *in;
    if (!request_json(rq, &in) || !json_want(&rq->c, in, want) ||
        !favorite_add(&rq->c, json_str(in, "entity", ""), json_int(in, "id", 0)))
        return false;
    respond_nothing(rq);
    return true;
}

bool api_favorite_remove(Request *rq)
{
    if (!favorite_remove(&rq->c, rq->params[0], rq->id))
        return false;
    respond_nothing(rq);
    return true;
}

bool api_calendar(Request *rq)
{
    enum { MOST_DAYS = 400 };
    Ctx *c = &rq->c;
    const char *from = request_query(rq, "from"), *to = request_query(rq, "to");
    if (!from || !clock_day_valid(from))
        return ctx_fail(c, ERR_BAD_REQUEST, "from", "err.day_wanted", "from");
    if (!to || !clock_day_valid(to))
        return ctx_fail(c, ERR_BAD_REQUEST, "to", "err.day_wanted", "to");
    int64_t first = clock_day_number(from), last = clock_day_number(to);
    if (last < first || last - first >= MOST_DAYS)
        return ctx_fail(c, ERR_BAD_REQUEST, "to", "err.days_range", ctx_num(c, MOST_DAYS));
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_kstr(&w, "known_until", cal_known_until(NULL));
    jw_key(&w, "data");
    jw_arr(&w);
    for (int64_t n = first; n <= last; n++) {
        char day[11];
        clock_day_text(n, day);
        const char *name = cal_day_name(NULL, day);
        bool work = cal_is_workday(NULL, day), weekend = ((n + 3) % 7 + 7) % 7 >= 5;
        if (work == !weekend && !name) /* what the week says by itself is not repeated */
            continue;
        jw_obj(&w);
        jw_kstr(&w, "day", day);
        jw_kbool(&w, "work", work);
        jw_kstr(&w, "name", name);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return true;
}
