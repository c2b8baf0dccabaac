/* Announcements for their readers. Writing them, and notifications, are generic records. */
#include "http/api.h"
#include "record/announce.h"

bool api_my_announcements(Request *rq)
{
    int64_t all;
    return request_number(rq, "all", 0, 1, 0, &all) &&
           announce_mine(&rq->c, all == 1, &rq->out.body);
}

bool api_announcement_ack(Request *rq)
{
    if (!announce_ack(&rq->c, rq->id))
        return false;
    respond_nothing(rq);
    return true;
}
