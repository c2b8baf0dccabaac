/* What is there: /schema, /settings, one's own preferences. See docs/api.md. */
#include <inttypes.h>
#include <string.h>

#include "auth/prefs.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/msg.h"
#include "http/api.h"
#include "meta/describe.h"
#include "meta/required.h"
#include "record/layout.h"
#include "record/setting.h"

static bool unchanged(Request *rq, const char *layouts)
{
    /* what a caller sees depends on the model, on his rights, on what settings require and on the layouts that hold for
       him */
    char *etag = arena_printf(rq->c.a, "\"%s-%s-%" PRIx64 "%s\"", rq->c.model->version,
                              access_digest(&rq->c), model_required_digest(rq->c.model), layouts);
    respond_header(&rq->out, "ETag", etag);
    respond_header(&rq->out, "Cache-Control", "private, no-cache");
    const char *have = request_header(rq, "If-None-Match");
    if (!have || !strstr(have, etag))
        return false;
    rq->out.status = 304;
    return true;
}

/* The groups of the menu, in the order in which the model names them first. */
static void write_groups(Request *rq, Jw *w)
{
    Map seen;
    map_init(&seen, rq->c.a);
    jw_key(w, "groups");
    jw_arr(w);
    for (int i = 0; i < rq->c.model->n; i++) {
        const char *group = rq->c.model->entities[i].group;
        if (!group || map_has(&seen, group))
            continue;
        map_put(&seen, group, rq);
        char *key = arena_printf(rq->c.a, "group.%s", group);
        jw_obj(w);
        jw_kstr(w, "name", group);
        jw_key(w, "label");
        jw_obj(w);
        jw_kstr(w, "zh", msg_text("zh", key));
        jw_kstr(w, "en", msg_text("en", key));
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
}

bool api_schema(Request *rq)
{
    Ctx *c = &rq->c;
    if (unchanged(rq, ""))
        return true;
    DescribeRights rights = access_describe(c);
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_kstr(&w, "version", c->model->version);
    write_groups(rq, &w);
    jw_key(&w, "entities");
    jw_arr(&w);
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        if (e->routes && access_may(c, e, ACT_READ))
            describe_entity_short(&w, e, &rights);
    }
    jw_end(&w);
    jw_end(&w);
    return true;
}

bool api_schema_entity(Request *rq)
{
    Ctx *c = &rq->c;
    const Entity *e = model_entity(c->model, rq->params[0]);
    if (!e)
        e = model_plural(c->model, rq->params[0]);
    if (!e || !e->routes || !access_may(c, e, ACT_READ))
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    Layouts layouts;
    const char *digest;
    if (!layout_resolve(c, e, &layouts, &digest))
        return false;
    if (unchanged(rq, digest))
        return true;
    DescribeRights rights = access_describe(c);
    Jw w;
    jw_init(&w, &rq->out.body);
    describe_entity(&w, e, &rights, &layouts);
    return true;
}

bool api_settings(Request *rq)
{
    return setting_list(&rq->c, &rq->out.body);
}

bool api_settings_update(Request *rq)
{
    json_object *in;
    return request_json(rq, &in) && setting_update(&rq->c, in) &&
           setting_list(&rq->c, &rq->out.body);
}

/* One's own language, time zone and preferences: what everybody may set on his own account. */
bool api_me_update(Request *rq)
{
    Ctx *c = &rq->c;
    json_object *in;
    if (!request_json(rq, &in))
        return false;
    json_object_object_foreach(in, key, value)
    {
        if (strcmp(key, "prefs") == 0) {
            if (!json_object_is_type(value, json_type_object))
                ctx_fail(c, ERR_TYPE, key, "err.object_wanted", key);
        } else if (strcmp(key, "locale") != 0 && strcmp(key, "timezone") != 0)
            ctx_fail(c, ERR_UNKNOWN_FIELD, key, "err.member_unknown", key);
        else if (!json_object_is_type(value, json_type_string))
            ctx_fail(c, ERR_TYPE, key, "err.text_wanted", key);
        else if (strcmp(key, "timezone") == 0 && !clock_zone_known(json_object_get_string(value)))
            ctx_fail(c, ERR_INVALID, key, "err.zone_unknown", json_object_get_string(value));
    }
    if (c->n_err)
        return false;
    json_object *prefs = json_object_get(json_member(in, "prefs"));
    json_object_object_del(in, "prefs");
    bool kept = !prefs || prefs_merge(c, prefs);
    json_object_put(prefs);
    if (!kept)
        return false;
    const Entity *user = model_entity(c->model, "user");
    SaveOptions o = {.if_version = -1, .origin = "web", .trusted = true};
    int64_t version;
    if (json_object_object_length(in) && !rec_update(c, user, c->actor->user, in, &o, &version))
        return false;
    Actor *me = ARENA_NEW(c->a, Actor); /* the one we came in with still says what held before */
    *me = *c->actor;
    me->locale = json_str(in, "locale", me->locale);
    me->zone = c->zone = json_str(in, "timezone", me->zone);
    c->actor = me;
    return api_me(rq);
}
