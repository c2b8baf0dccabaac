/* Files of records over HTTP. */
#include <stdlib.h>

#include "http/answer_file.h"
#include "http/api.h"
#include "record/attach.h"

bool api_attachment_list(Request *rq)
{
    return attach_list(&rq->c, rq->e, rq->id, &rq->out.body);
}

bool api_attachment_add(Request *rq)
{
    Record r;
    if (!rec_get(&rq->c, rq->e, rq->id, false, &r)) /* 404 before anything is said about the body */
        return false;
    if (!rq->upload.path)
        return ctx_fail(&rq->c, ERR_BAD_REQUEST, "file", "err.file_wanted");
    rq->out.status = 201;
    return attach_add(&rq->c, rq->e, rq->id, rq->upload.path, rq->upload.name, NULL, &rq->out.body);
}

bool api_attachment_content(Request *rq)
{
    AttachFile f;
    return attach_open(&rq->c, rq->id, &f) && answer_file(rq, f.path, f.name, f.mime, false);
}

bool api_attachment_thumbnail(Request *rq)
{
    const char *size = request_query(rq, "size");
    char *path;
    return attach_thumbnail(&rq->c, rq->id, size ? strtoll(size, NULL, 10) : 160, &path) &&
           answer_file(rq, path, "preview.jpg", "image/jpeg", false);
}

bool api_attachment_delete(Request *rq)
{
    if (!attach_delete(&rq->c, rq->id))
        return false;
    respond_nothing(rq);
    return true;
}
