/* What the sign-in page shows before anybody is known: the company's name and logo, whether a password can be set by mail; and putting the logo there. */
#include "base/conf.h"
#include "http/answer_file.h"
#include "http/api.h"
#include "record/logo.h"
#include "record/outbox.h"

bool api_welcome(Request *rq)
{
    Jw w;
    int64_t channel; /* a forgotten password goes by mail only */
    if (!outbox_channel_of(&rq->c, "mail", &channel))
        return false;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_kstr(&w, "name", conf_text("company.name"));
    jw_kstr(&w, "logo", logo_url(rq->c.a));
    jw_kbool(&w, "reset", channel && *conf_text("http.base_url"));
    jw_end(&w);
    return true;
}

/* Its address changes with the picture, so a browser may keep it. */
bool api_logo(Request *rq)
{
    AttachFile f;
    if (!logo_open(&rq->c, &f) || !answer_file(rq, f.path, f.name, f.mime, false))
        return false;
    respond_header(&rq->out, "Cache-Control", "public, max-age=31536000, immutable");
    return true;
}

bool api_logo_set(Request *rq)
{
    if (!rq->upload.path)
        return ctx_fail(&rq->c, ERR_BAD_REQUEST, "file", "err.file_wanted");
    return logo_set(&rq->c, rq->upload.path) && api_welcome(rq);
}

bool api_logo_clear(Request *rq)
{
    if (!logo_clear(&rq->c))
        return false;
    respond_nothing(rq);
    return true;
}
