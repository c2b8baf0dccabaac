/* Merging records and its undo: one engine call each. */
#include "http/api.h"
#include "record/merge/merge.h"

bool api_merge(Request *rq)
{
    Ctx *c = &rq->c;
    json_object *in;
    Merge m;
    Jw w;
    Buf record;
    int64_t version;
    if (!(rq->e->gets & GETS_MERGE))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.no_such_call");
    if (!request_json(rq, &in) || !merge_read(c, rq->e, in, &m))
        return false;
    if (!request_key(rq, &m.key.key))
        return false;
    m.key.route = arena_printf(c->a, "POST %s", rq->path);
    m.key.body = in;
    m.o.origin = rq->bearer ? "api" : "web";
    if (!merge_run(c, &m)) {
        rq->out.moved = m.preview ? m.moved : NULL;
        return false;
    }
    jw_init(&w, &rq->out.body);
    merge_write(&m, &w);
    if (!m.preview) {
        buf_init(&record, c->a);
        if (!rec_json(c, rq->e, m.survivor, false, &record, &version)) {
            /* a rule may have given it to somebody else: merged it is all the same */
            if (!c->err || c->err->code != ERR_NOT_FOUND)
                return false;
            ctx_errors_back_to(c, 0);
            jw_key(&w, "record");
            jw_null(&w);
        } else {
            jw_kraw(&w, "record", record.data);
        }
    }
    jw_end(&w);
    return true;
}

bool api_merge_undo(Request *rq)
{
    return merge_undo(&rq->c, rq->id, &rq->out.body);
}
