/*
 * A round of the postman. Letters are claimed in blocks, sent outside of any transaction, and settled in one write. What
 * fails comes back after a while, longer each time, and is dead in the end; a channel's limit puts letters off without
 * counting a try; letters of a digest go as one.
 */
#include "work/post/deliver.h"

#include <string.h>

#include "auth/actor.h"
#include "auth/second.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "record/approval/link.h"
#include "record/message_text.h"
#include "record/notify_prefs.h"
#include "work/ground.h"
#include "work/post/vendor.h"

enum { BLOCK = 40, HOLD_MS = 120000, SPARE_MS = 60000, ERROR_MOST = 400 };
enum { LINES_MOST = 100 }; /* of a digest: who has more to read opens the page */

/* Seconds after the n-th try; behind the last one the letter is dead. */
static const int pace[] = {5, 60, 300, 1800, 7200, 18000, 36000};
static const int pace_code[] = {2, 5, 15, 60};
static const int pace_hook[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};

typedef struct Round {
    Ctx *c;
    Caller *k;
    Posting *in;
    Posted *out;
    int n;
    ChannelRow channels[BLOCK];
    int64_t used[BLOCK]; /* of its limit within this minute */
    int64_t last[BLOCK]; /* monotonic: its newest call */
    int n_channels;
    NoticeReader *readers; /* of the block, read at once */
    int n_readers;
    int64_t
        until; /* monotonic: behind it a call could outlive our claim, and somebody else would send, too */
} Round;

static void say(Posted *p, const Posting *in, int what, const char *code, const char *error)
{
    *p = (Posted){.id = in->id, .channel = in->channel, .code = code, .error = error};
    p->what = what;
}

/* The channel of a letter, read once a round; -1 where it is gone. */
static int channel_of(Round *r, int64_t id, int64_t used)
{
    bool found;
    for (int i = 0; i < r->n_channels; i++)
        if (r->channels[i].id == id)
            return i;
    ChannelRow *ch = &r->channels[r->n_channels];
    if (!outbox_channel(r->c, id, ch, &found) || !found)
        return -1;
    const Vendor *v = vendor_of(ch->kind);
    if (!ch->per_minute && v)
        ch->per_minute = v->per_minute;
    r->used[r->n_channels] = used;
    return r->n_channels++;
}

/* Up to a third more, so that letters that failed together do not come back together. */
static int64_t after(const Ctx *c, int seconds)
{
    uint32_t dice;
    crypt_random(&dice, sizeof dice);
    return c->now_ms + (int64_t)seconds * 1000 + (int64_t)(dice % (uint32_t)(seconds * 333 + 1));
}

/* A code of the second factor: its text is the code alone, and five minutes later it is none. */
static bool is_code(const Posting *p)
{
    return strcmp(p->kind, "code") == 0;
}

/* The waits of a letter, and how many there are. */
static const int *pace_of(const Posting *p, const Vendor *v, int *most)
{
#define PACE(list) (*most = (int)(sizeof(list) / sizeof *(list)), (list))
    return is_code(p)                        ? PACE(pace_code)
           : strcmp(v->kind, "webhook") == 0 ? PACE(pace_hook)
                                             : PACE(pace);
#undef PACE
}

static void settle(Round *r, int i, const Vendor *v, const Sent *s)
{
    const Posting *in = &r->in[i];
    Posted *p = &r->out[i];
    int most;
    const int *wait = pace_of(in, v, &most);
    char *whole = s->error ? utf8_clean(r->c->a, s->error, strlen(s->error)) : NULL;
    const char *error = whole ? arena_dup(r->c->a, whole, utf8_clip(whole, ERROR_MOST)) : NULL;
    if (s->what == SENT_YES) {
        say(p, in, POST_SENT, NULL, NULL);
        p->provider = s->provider;
    } else if (s->what == SENT_AGAIN && in->attempts <= most) {
        int own = wait[in->attempts - 1];
        say(p, in, POST_AGAIN, s->code, error);
        p->again_at = after(r->c, s->wait_s > own ? s->wait_s : own);
    } else {
        say(p, in, POST_DEAD, s->code, error);
    }
    if (s->what != SENT_YES)
        log_write(LOG_WARN, "letter_failed", LOG_I("letter", in->id), LOG_I("channel", in->channel),
                  LOG_I("attempt", in->attempts), LOG_S("code", s->code));
    if (s->channel_gone)
        outbox_channel_off(r->c, in->channel, "410");
}

/* A link to set a password: made whole by whoever wrote it, and meant for people who may not sign in yet. */
static bool is_link(const Posting *p)
{
    return strcmp(p->kind, "reset") == 0 || strcmp(p->kind, "invite") == 0;
}

static const NoticeReader *reader_of(const Round *r, int64_t user)
{
    for (int i = 0; user && i < r->n_readers; i++)
        if (r->readers[i].user == user)
            return &r->readers[i];
    return NULL;
}

/* Reader, language and words of a letter. */
static bool make_ready(Round *r, const Posting *p, const Vendor *v, Ready *out)
{
    Ctx *c = r->c;
    const NoticeReader *found = reader_of(r, p->user);
    NoticeReader who = found ? *found : (NoticeReader){.lang = c->lang, .name = ""};
    *out = (Ready){.p = p,
                   .subject = p->subject,
                   .body = p->text,
                   .lang = c->lang,
                   .code = is_code(p) ? p->text : NULL};
    if (found)
        out->lang = who.lang;
    if (!*v->medium || is_link(p))
        return true;
    const FillVar vars[] = {{"name", who.name},
                            {"title", p->subject},
                            {"text", p->text},
                            {"link", p->link},
                            {"company", conf_text("company.name")},
                            {"code", is_code(p) ? p->text : ""},
                            {"minutes", ctx_num(c, SECOND_CODE_MS / 60000)},
                            {NULL, NULL}};
    return message_text(c,
                        is_code(p)  ? "code"
                        : p->digest ? "digest"
                                    : "notice",
                        v->medium, out->lang, vars, &out->subject, &out->body);
}

/* One notice of a digest, with the way to its record. */
static void add_line(Buf *b, const Posting *p, const char *lang)
{
    bool more = p->text && *p->text;
    buf_printf(b, "%s• %s%s%s", b->len ? "\n" : "", p->subject,
               more ? msg_text(lang, "mail.digest.colon") : "", more ? p->text : "");
    if (p->link && *p->link)
        buf_printf(b, "\n  %s", p->link);
}

/* The letters of a digest behind i, of the same person and channel, become lines of this one, which leaves now. */
static void gather(Round *r, int i)
{
    Posting *p = &r->in[i];
    Ctx *c = r->c;
    const NoticeReader *who = reader_of(r, p->user);
    const char *lang = who ? who->lang : c->lang;
    Buf b;
    int n = 1;
    buf_init(&b, c->a);
    add_line(&b, p, lang);
    for (int k = i + 1; k < r->n; k++) {
        Posting *q = &r->in[k];
        bool his = false;
        if (!q->digest || q->user != p->user || q->channel != p->channel || r->out[k].id ||
            !outbox_still_his(c, q, &his))
            continue;
        if (!his) {
            say(&r->out[k], q, POST_DROPPED, "gone", NULL);
            continue;
        }
        if (n++ < LINES_MOST)
            add_line(&b, q, lang);
        say(&r->out[k], q, POST_SENT, NULL, NULL); /* goes with the first: see send_one */
        r->out[k].provider = "digest";
    }
    if (n > LINES_MOST)
        buf_printf(&b, "\n\n%s",
                   msg_format(c->a, lang, "mail.digest.more",
                              (const char *const[]){ctx_num(c, n - LINES_MOST), NULL}));
    p->subject = ctx_num(c, n);
    p->text = b.data;
    p->link = outbox_link(c, NULL, 0);
    p->at = c->now_ms;
}

/* What shares a digest shares its fate. */
static void digest_fate(Round *r, int i)
{
    for (int k = i + 1; k < r->n; k++) {
        Posted *q = &r->out[k];
        if (r->in[k].digest && r->in[k].user == r->in[i].user && q->channel == r->in[i].channel &&
            q->provider && strcmp(q->provider, "digest") == 0) {
            int64_t id = q->id;
            *q = r->out[i];
            q->id = id;
        }
    }
}

/* A mail that asks for approval leads to the answer itself. The link is made as the mail leaves, so it is stored nowhere. */
static bool link_for_answer(Round *r, Posting *p, const Vendor *v, bool *made)
{
    const char *link = NULL;
    if (p->digest || !p->user || strcmp(v->medium, "mail") != 0 ||
        strcmp(p->kind, "approval") != 0 || strcmp(p->entity, "change_request") != 0)
        return true;
    if (!approval_link_make(r->c, p->user, p->record, &link))
        return false;
    *made = link != NULL;
    p->link = link ? link : p->link;
    return true;
}

/* A vendor that counts by the second, too. */
static void breathe(Round *r, int at, const Vendor *v)
{
    int64_t now = clock_mono_ms(),
            next = v->per_second && r->last[at] ? r->last[at] + 1000 / v->per_second : now;
    if (next > now)
        clock_sleep_ms(next - now);
    r->last[at] = clock_mono_ms();
}

static void send_one(Round *r, int i)
{
    Posting *p = &r->in[i];
    Posted *out = &r->out[i];
    bool his = false, answers = false;
    int at = channel_of(r, p->channel, p->used);
    const ChannelRow *ch = at < 0 ? NULL : &r->channels[at];
    const Vendor *v = ch ? vendor_of(ch->kind) : NULL;
    if (!v || !ch->enabled) {
        say(out, p, POST_DROPPED, "channel", msg_text(r->c->lang, "post.channel_off"));
        return;
    }
    if (!p->text) {
        say(out, p, POST_DEAD, "secret", msg_text(r->c->lang, "post.sealed"));
        return;
    }
    if (is_code(p) && r->c->now_ms >= p->at + SECOND_CODE_MS) {
        say(out, p, POST_DROPPED, "late", msg_text(r->c->lang, "post.code_late"));
        return;
    }
    if (ch->per_minute && r->used[at] >= ch->per_minute) {
        say(out, p, POST_LATER, NULL, NULL);
        out->again_at = after(r->c, 15);
        return;
    }
    if (!is_link(p) && !outbox_still_his(r->c, p, &his))
        return;
    if (!his && !is_link(p)) {
        say(out, p, POST_DROPPED, "gone", msg_text(r->c->lang, "post.gone"));
        return;
    }
    Ready ready;
    Sent sent = {.what = SENT_AGAIN};
    if (p->digest)
        gather(r, i);
    if (!link_for_answer(r, p, v, &answers) || !make_ready(r, p, v, &ready)) {
        say(out, p, POST_LATER, NULL, NULL);
        out->again_at = after(r->c, 10);
        if (p->digest)
            digest_fate(r, i);
        return;
    }
    ready.link_label = answers ? msg_text(ready.lang, "mail.approve") : NULL;
    breathe(r, at, v);
    v->send(r->k, r->c, ch, &ready, &sent);
    r->used[at]++;
    settle(r, i, v, &sent);
    if (p->digest)
        digest_fate(r, i);
}

/* Everybody the block is for, in one statement; whether he is still active is asked before each letter. */
static bool read_readers(Round *r)
{
    int64_t *users = ARENA_ARRAY(r->c->a, r->n, int64_t);
    int n = 0;
    for (int i = 0; i < r->n; i++) {
        bool there = !r->in[i].user;
        for (int k = 0; k < n && !there; k++)
            there = users[k] == r->in[i].user;
        if (!there)
            users[n++] = r->in[i].user;
    }
    r->readers = ARENA_ARRAY(r->c->a, r->n, NoticeReader);
    return n == 0 || notify_readers(r->c, users, n, r->readers, &r->n_readers);
}

static void round_run(Round *r, bool (*stopping)(void))
{
    for (int i = 0; i < r->n; i++) {
        if (r->out[i].id)
            continue; /* went with a digest */
        r->c->now_ms = clock_now_ms();
        if (stopping() || clock_mono_ms() > r->until) {
            say(&r->out[i], &r->in[i], POST_LATER, NULL, NULL);
            r->out[i].again_at = r->c->now_ms;
            continue;
        }
        send_one(r, i);
        if (!r->out[i].id) { /* the database went away meanwhile: the claim runs out by itself */
            say(&r->out[i], &r->in[i], POST_LATER, NULL, NULL);
            r->out[i].again_at = after(r->c, 10);
        }
        ctx_errors_back_to(r->c, 0);
    }
}

static void step(Ctx *c, Caller *k, bool (*stopping)(void), bool *worked, int64_t *next_due)
{
    if (!outbox_next_due(c, next_due) || *next_due > c->now_ms)
        return;
    Round *r = ARENA_NEW(c->a, Round);
    *r = (Round){.c = c, .k = k, .until = clock_mono_ms() + HOLD_MS - SPARE_MS};
    if (!outbox_claim(c, HOLD_MS, BLOCK, &r->in, &r->n) || !r->n)
        return;
    *worked = true;
    r->out = ARENA_ARRAY(c->a, r->n, Posted);
    memset(r->out, 0, (size_t)r->n * sizeof *r->out);
    if (!read_readers(r)) /* the database is away: the claim runs out by itself */
        return;
    db_release(c); /* nobody waits for our connection while we wait for others */
    round_run(r, stopping);
    outbox_settle(c, r->out, r->n);
}

bool deliver_step(Db *db, Caller *k, bool (*stopping)(void), bool *worked, int64_t *next_due)
{
    Ctx c;
    work_ground(&c, db, CH_JOB);
    c.zone = conf_text("company.zone");
    c.patient = true;
    *worked = false;
    *next_due = INT64_MAX;
    step(&c, k, stopping, worked, next_due);
    bool ok = c.n_err == 0;
    if (!ok)
        log_write(LOG_WARN, "deliver", LOG_S("code", err_name(c.err->code)),
                  LOG_S("detail", c.err->detail ? c.err->detail : c.err->message));
    work_ground_end(&c);
    return ok;
}
