/* Configuration as a file: give it out, say what one would change, apply it. */
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "http/api.h"
#include "record/configuration/configuration.h"

bool api_configuration(Request *rq)
{
    Ctx *c = &rq->c;
    char day[11];
    if (!configuration_export(c, request_query(rq, "only"), &rq->out.body))
        return false;
    clock_day_of(c->now_ms, c->zone, day);
    respond_header(&rq->out, "Content-Disposition",
                   arena_printf(c->a, "attachment; filename=\"zhike-configuration-%s.json\"", day));
    return true;
}

bool api_configuration_parts(Request *rq)
{
    return configuration_parts(&rq->c, &rq->out.body);
}

/* The file of the form, and what it says beside: unlisted, map, expect. */
static bool ask_of(Request *rq, ConfigurationAsk *out)
{
    Ctx *c = &rq->c;
    char *text;
    const char *unlisted = map_get(&rq->form, "unlisted"), *map = map_get(&rq->form, "map"),
               *expect = map_get(&rq->form, "expect");
    *out = (ConfigurationAsk){.name = rq->upload.name};
    if (!rq->upload.path)
        return ctx_fail(c, ERR_BAD_REQUEST, "file", "err.file_wanted");
    if (rq->upload.size > conf_size("configuration.max_size"))
        return ctx_fail(c, ERR_TOO_LARGE, "file", "cfg.too_large",
                        ctx_num(c, conf_size("configuration.max_size") / 1024));
    if (unlisted && *unlisted && strcmp(unlisted, "keep") != 0 && strcmp(unlisted, "remove") != 0)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "unlisted", "err.enum.unknown", unlisted,
                        "keep, remove");
    out->remove = unlisted && strcmp(unlisted, "remove") == 0;
    out->expect = expect && *expect ? expect : NULL;
    if (map && *map && !json_read(c, map, strlen(map), &out->map))
        return false;
    if (!file_read(c, rq->upload.path, (size_t)conf_size("configuration.max_size"), &text,
                   &out->len))
        return false;
    out->text = text;
    return true;
}

bool api_configuration_difference(Request *rq)
{
    ConfigurationAsk ask;
    return ask_of(rq, &ask) && configuration_difference(&rq->c, &ask, &rq->out.body);
}

bool api_configuration_import(Request *rq)
{
    ConfigurationAsk ask;
    return ask_of(rq, &ask) && configuration_import(&rq->c, &ask, &rq->out.body);
}
