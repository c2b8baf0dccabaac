/* Who is told by which medium, and when. See notify_prefs.h. */
#include "record/notify_prefs.h"

#include <inttypes.h>
#include <string.h>

#include "auth/prefs.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/msg.h"
#include "db/sql.h"
#include "entity_ids.h"

enum { MEDIA = NOTICE_MEDIA, MINUTES = 24 * 60 };

static const char *const media[MEDIA] = {"mail", "sms", "wecom", "dingtalk", "feishu"};

static const char *address_of(const NoticeReader *r, int medium)
{
    const char *const a[MEDIA] = {r->email, r->mobile, r->wecom, r->dingtalk, r->feishu};
    return a[medium] && *a[medium] ? a[medium] : NULL;
}

bool notify_readers(Ctx *c, const int64_t *users, int n, NoticeReader *out, int *n_found)
{
    int mark = c->n_err;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q,
            SQL("SELECT \"locale\", \"timezone\", \"name\", \"notify_prefs\", \"email\", "
                "\"mobile\", \"im_wecom\", \"im_dingtalk\", \"im_feishu\", \"id\" FROM "
                "\"user\" WHERE \"status\" = 'active' AND \"deleted_at\" IS NULL AND \"id\" IN "));
    sql_bind_ids(&q, users, n);
    sql_add(&q, SQL(" ORDER BY \"id\""));
    *n_found = 0;
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (*n_found < n && db_step(r))
        out[(*n_found)++] =
            (NoticeReader){.user = db_int(r, 9),
                           .lang = strncmp(db_text_copy(c->a, r, 0), "en", 2) == 0 ? "en" : "zh",
                           .zone = db_text_copy(c->a, r, 1),
                           .name = db_text_copy(c->a, r, 2),
                           .prefs = db_text_copy(c->a, r, 3),
                           .email = db_text_copy(c->a, r, 4),
                           .mobile = db_text_copy(c->a, r, 5),
                           .wecom = db_text_copy(c->a, r, 6),
                           .dingtalk = db_text_copy(c->a, r, 7),
                           .feishu = db_text_copy(c->a, r, 8)};
    db_done(r);
    return c->n_err == mark;
}

bool notify_reader(Ctx *c, int64_t user, NoticeReader *out, bool *found)
{
    int n;
    if (!notify_readers(c, &user, 1, out, &n))
        return false;
    *found = n == 1;
    return true;
}

/* "HH:MM" as minutes of the day; -1 where it is none. */
static int minutes(const char *text)
{
    if (!text || strlen(text) != 5 || text[2] != ':')
        return -1;
    for (int i = 0; i < 5; i++)
        if (i != 2 && (text[i] < '0' || text[i] > '9'))
            return -1;
    int h = (text[0] - '0') * 10 + text[1] - '0', m = (text[3] - '0') * 10 + text[4] - '0';
    return h < 24 && m < 60 ? h * 60 + m : -1;
}

/* The instant of this day at which the clock of the zone shows the minute: a day has 23 or 25 hours where the clock is set. A
   minute that is left out there counts as the one an hour later. */
static int64_t minute_of(const char *day, const char *zone, int minute)
{
    int64_t at = clock_day_start(day, zone) + (int64_t)minute * 60000;
    ClockParts p = clock_parts(at, zone);
    int off = minute - (p.hour * 60 + p.minute);
    int64_t there = at + (int64_t)off * 60000;
    p = clock_parts(there, zone);
    return p.hour * 60 + p.minute == minute ? there : at;
}

/* The next instant at which the clock of the zone shows this minute. */
static int64_t next_at(int64_t now, const char *zone, int minute)
{
    char day[11];
    clock_day_of(now, zone, day);
    int64_t at = minute_of(day, zone, minute);
    if (at > now)
        return at;
    clock_day_text(clock_day_number(day) + 1, day);
    return minute_of(day, zone, minute);
}

/* The minute at which the quiet hours end that this one lies in; -1 where it lies in none. */
static int quiet_end(json_object *prefs, int minute)
{
    json_object *q = json_member(prefs, "quiet");
    int from = q ? minutes(json_str(q, "from", NULL)) : -1,
        to = q ? minutes(json_str(q, "to", NULL)) : -1;
    if (from < 0 || to < 0 || from == to)
        return -1;
    bool in = from < to ? minute >= from && minute < to : minute >= from || minute < to;
    return in ? to : -1;
}

/* The end of the quiet hours where now lies in them, else 0. */
static int64_t quiet_until(Ctx *c, json_object *prefs, const char *zone)
{
    ClockParts p = clock_parts(c->now_ms, zone);
    int end = quiet_end(prefs, p.hour * 60 + p.minute);
    return end >= 0 ? next_at(c->now_ms, zone, end) : 0;
}

/* The minute of the day at which his digest goes: the one he chose, or the end of the quiet hours it lies in, as nothing is to
   come before that; -1 for no digest. */
static int digest_minute(json_object *prefs)
{
    json_object *d = prefs ? json_member(prefs, "digest") : NULL;
    int at = d ? minutes(json_str(d, "at", NULL)) : -1, end = at >= 0 ? quiet_end(prefs, at) : -1;
    return end >= 0 ? end : at;
}

static bool in_list(json_object *list, const char *word)
{
    size_t n = json_length(list);
    for (size_t i = 0; i < n; i++) {
        const char *s = json_object_get_string(json_object_array_get_idx(list, i));
        if (s && strcmp(s, word) == 0)
            return true;
    }
    return false;
}

static bool by_default(Ctx *c, const char *kind, const char *medium)
{
    const char *word = arena_printf(c->a, "%s.%s", kind, medium);
    for (const char *const *w = conf_list("notify.defaults"); *w; w++)
        if (strcmp(*w, word) == 0)
            return true;
    return false;
}

static bool wants(Ctx *c, json_object *prefs, const char *kind, const char *medium)
{
    json_object *kinds = json_member(prefs, "kinds"),
                *list = kinds ? json_member(kinds, kind) : NULL;
    return list ? in_list(list, medium) : by_default(c, kind, medium);
}

/* To the record; of a notice about several to the notice itself, which opens their list. */
static const char *link_of(Ctx *c, const Notice *n, int64_t notice)
{
    const char *link = outbox_link(c, n->entity ? model_entity(c->model, n->entity) : NULL, n->id);
    return link && n->entity && !n->id ? arena_printf(c->a, "%s?go=%" PRId64, link, notice) : link;
}

const char *notify_medium(int i)
{
    return i < MEDIA ? media[i] : NULL;
}

const char *notify_letter_key(Ctx *c, int64_t notice, int medium)
{
    return arena_printf(c->a, "notice:%" PRId64 ":%s", notice, media[medium]);
}

/* The channel of a medium, asked once a set. */
static bool channel_of(Ctx *c, NoticeOut *out, int medium, int64_t *channel)
{
    if (!out->asked[medium] && !outbox_channel_of(c, media[medium], &out->channel[medium]))
        return false;
    out->asked[medium] = true;
    *channel = out->channel[medium];
    return true;
}

bool notify_out(Ctx *c, NoticeOut *out, const NoticeReader *to, const Notice *n, int64_t notice,
                const char *title)
{
    json_object *prefs = NULL;
    int mark = c->n_err;
    if (to->prefs && *to->prefs && !json_read(c, to->prefs, strlen(to->prefs), &prefs))
        ctx_errors_back_to(c, mark); /* what cannot be read asks for nothing */
    const char *zone = to->zone && *to->zone ? to->zone : conf_text("company.zone");
    for (int i = 0; i < MEDIA; i++) {
        int64_t channel;
        const char *address = address_of(to, i);
        if (!address || !wants(c, prefs, n->kind, media[i]))
            continue;
        if (!channel_of(c, out, i, &channel))
            return false;
        if (!channel)
            continue;
        int at = i == 0 ? digest_minute(prefs) : -1;
        Letter l = {.channel = channel,
                    .kind = n->kind,
                    .user = to->user,
                    .address = address,
                    .subject = title,
                    .text = n->text ? n->text : "",
                    .link = link_of(c, n, notice),
                    .entity = n->id ? n->entity : NULL,
                    .record = n->id,
                    .dedupe = notify_letter_key(c, notice, i),
                    .not_before =
                        at >= 0 ? next_at(c->now_ms, zone, at) : quiet_until(c, prefs, zone),
                    .digest = at >= 0};
        vec_push(c->a, &out->letters, l);
    }
    return true;
}

bool notify_out_send(Ctx *c, NoticeOut *out)
{
    return outbox_add_many(c, out->letters.items, (int)out->letters.n);
}

/* ---- said by the person ----------------------------------------------------------------------- */

static const Field *kind_field(const Ctx *c)
{
    const Entity *e = model_entity(c->model, "notification");
    return &e->fields[NOTIFICATION_KIND];
}

static bool is_kind(const Field *f, const char *code)
{
    for (int i = 0; i < f->n_options; i++)
        if (strcmp(f->options[i].code, code) == 0)
            return true;
    return false;
}

static bool is_medium(const char *word)
{
    for (int i = 0; i < MEDIA; i++)
        if (word && strcmp(word, media[i]) == 0)
            return true;
    return false;
}

static const char *codes_of(Ctx *c, const Field *f)
{
    Buf b;
    buf_init(&b, c->a);
    for (int i = 0; i < f->n_options; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", f->options[i].code);
    return b.data;
}

static bool check_kinds(Ctx *c, json_object *kinds)
{
    const Field *f = kind_field(c);
    json_object_object_foreach(kinds, code, list)
    {
        const char *place = arena_printf(c->a, "notify.kinds.%s", code);
        if (!is_kind(f, code)) {
            ctx_fail(c, ERR_ENUM_UNKNOWN, place, "err.enum.unknown", code, codes_of(c, f));
            continue;
        }
        if (!json_object_is_type(list, json_type_array)) {
            ctx_fail(c, ERR_TYPE, place, "err.list_wanted", place);
            continue;
        }
        for (size_t i = 0; i < json_object_array_length(list); i++) {
            json_object *one = json_object_array_get_idx(list, i);
            const char *word =
                json_object_is_type(one, json_type_string) ? json_object_get_string(one) : NULL;
            if (!is_medium(word))
                ctx_fail(c, ERR_ENUM_UNKNOWN, place, "err.enum.unknown", word ? word : "?",
                         "mail, sms, wecom, dingtalk, feishu");
        }
    }
    return c->n_err == 0;
}

static void check_time(Ctx *c, json_object *o, const char *part, const char *key)
{
    if (minutes(json_str(o, key, NULL)) < 0)
        ctx_fail(c, ERR_INVALID, arena_printf(c->a, "notify.%s.%s", part, key), "err.time_wanted");
}

bool notify_prefs_check(Ctx *c, json_object *prefs)
{
    static const JsonWant want[] = {{"kinds", json_type_object, false},
                                    {"quiet", json_type_object, false},
                                    {"digest", json_type_object, false},
                                    {NULL, json_type_null, false}};
    static const JsonWant quiet_want[] = {{"from", json_type_string, true},
                                          {"to", json_type_string, true},
                                          {NULL, json_type_null, false}};
    static const JsonWant digest_want[] = {{"at", json_type_string, true},
                                           {NULL, json_type_null, false}};
    if (!json_want(c, prefs, want))
        return false;
    json_object *kinds = json_member(prefs, "kinds"), *quiet = json_member(prefs, "quiet"),
                *digest = json_member(prefs, "digest");
    if (kinds)
        check_kinds(c, kinds);
    if (quiet && json_want(c, quiet, quiet_want)) {
        check_time(c, quiet, "quiet", "from");
        check_time(c, quiet, "quiet", "to");
    }
    if (digest && json_want(c, digest, digest_want))
        check_time(c, digest, "digest", "at");
    return c->n_err == 0;
}

bool notify_prefs_set(Ctx *c, json_object *prefs)
{
    return notify_prefs_check(c, prefs) && prefs_merge_notify(c, prefs);
}

static bool write_media(Ctx *c, Jw *w, const NoticeReader *r)
{
    jw_key(w, "media");
    jw_arr(w);
    for (int i = 0; i < MEDIA; i++) {
        int64_t channel;
        if (!outbox_channel_of(c, media[i], &channel))
            return false;
        const char *address = address_of(r, i);
        jw_obj(w);
        jw_kstr(w, "medium", media[i]);
        jw_kstr(w, "label", msg_text(c->lang, arena_printf(c->a, "medium.%s", media[i])));
        jw_kstr(w, "address", address);
        jw_kbool(w, "ready", channel && address);
        jw_kbool(w, "channel", channel);
        jw_kstr(w, "why",
                !channel   ? msg_text(c->lang, "notify.no_channel")
                : !address ? msg_text(c->lang, "notify.no_address")
                           : NULL);
        jw_end(w);
    }
    jw_end(w);
    return true;
}

bool notify_prefs_json(Ctx *c, Buf *out)
{
    NoticeReader r = {0};
    bool found = false;
    const Field *f = kind_field(c);
    Jw w;
    if (!notify_reader(c, c->actor->user, &r, &found))
        return false;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kraw(&w, "notify", r.prefs && *r.prefs ? r.prefs : "{}");
    jw_key(&w, "kinds");
    jw_arr(&w);
    for (int i = 0; i < f->n_options; i++) {
        jw_obj(&w);
        jw_kstr(&w, "code", f->options[i].code);
        jw_kstr(&w, "label", label_in(f->options[i].label, c->lang));
        jw_key(&w, "by_default");
        jw_arr(&w);
        for (int k = 0; k < MEDIA; k++)
            if (by_default(c, f->options[i].code, media[k]))
                jw_str(&w, media[k]);
        jw_end(&w);
        jw_end(&w);
    }
    jw_end(&w);
    if (!write_media(c, &w, &r))
        return false;
    jw_end(&w);
    return c->n_err == 0;
}
