/* The query of a timeline. See timeline_ask.h. */
#include "record/timeline_ask.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fold.h"
#include "base/whole.h"

#define DAY_MS (24LL * 60 * 60 * 1000)

static const char *const names[][2] = {
    {"create", "created"}, {"update", "changed"}, {"delete", "deleted"}, {"restore", "restored"}};
enum { N_NAMES = sizeof names / sizeof *names, KINDS_MAX = 20, WORDS_MAX = 200 };

const char *timeline_kind(const char *action)
{
    for (size_t i = 0; i < N_NAMES; i++)
        if (strcmp(names[i][0], action) == 0)
            return names[i][1];
    return action;
}

static bool is_own(const char *kind)
{
    bool own = strcmp(kind, "changes") == 0;
    for (size_t i = 0; i < N_NAMES; i++)
        own = own || strcmp(names[i][1], kind) == 0;
    return own;
}

/* "follow_up.customer" lists the entity follow_up. */
static bool lists(const Entity *e, const char *kind)
{
    size_t n = strlen(kind);
    for (int i = 0; e->timeline && e->timeline[i]; i++)
        if (strncmp(e->timeline[i], kind, n) == 0 && e->timeline[i][n] == '.')
            return true;
    return false;
}

static bool read_kinds(Ctx *c, const Entity *e, const char *text, TimelineAsk *out)
{
    const char **list = ARENA_ARRAY(c->a, KINDS_MAX + 1, const char *);
    int n = 0;
    while (text && *text) {
        size_t len = strcspn(text, ",");
        const char *kind = arena_dup(c->a, text, len);
        text += len + (text[len] == ',');
        if (!len)
            continue;
        if (n == KINDS_MAX || (!is_own(kind) && !lists(e, kind)))
            return ctx_fail(c, ERR_BAD_REQUEST, "kind", "err.timeline_kind", kind);
        list[n++] = kind;
    }
    list[n] = NULL;
    out->kinds = list;
    return true;
}

/* An instant, or a day of the caller's zone: its beginning, or (end) the beginning of the next. */
static bool read_time(Ctx *c, const char *name, const char *text, bool end, int64_t *out)
{
    char next[11];
    if (!text || !*text || clock_parse_rfc3339(text, out))
        return true;
    if (!clock_day_valid(text))
        return ctx_fail(c, ERR_BAD_REQUEST, name, "err.format.date");
    if (end) {
        clock_day_text(clock_day_number(text) + 1, next);
        text = next;
    }
    *out = clock_day_start(text, c->zone);
    return true;
}

static const char *like_of(Ctx *c, const char *q)
{
    Buf b;
    buf_init(&b, c->a);
    buf_putc(&b, '%');
    for (; *q; q++) {
        if (*q == '%' || *q == '_' || *q == '\\')
            buf_putc(&b, '\\');
        buf_putc(&b, *q >= 'A' && *q <= 'Z' ? (char)(*q - 'A' + 'a') : *q);
    }
    buf_putc(&b, '%');
    return b.data;
}

bool timeline_ask(Ctx *c, const Entity *e, const TimelineQuery *q, TimelineAsk *out)
{
    *out = (TimelineAsk){.from = INT64_MIN, .to = INT64_MAX};
    if (!read_kinds(c, e, q->kind, out) || !read_time(c, "from", q->from, false, &out->from) ||
        !read_time(c, "to", q->to, true, &out->to))
        return false;
    if (q->by && strcmp(q->by, "me") == 0) {
        out->by = c->actor->user;
    } else if (q->by && *q->by && !whole_number(q->by, 1, INT64_MAX, &out->by)) {
        return ctx_fail(c, ERR_BAD_REQUEST, "by", "err.timeline_by");
    }
    const char *words = q->q ? fold_clean(c->a, q->q) : "";
    if (strlen(words) > WORDS_MAX)
        return ctx_fail(c, ERR_BAD_REQUEST, "q", "err.text_length", "q", ctx_num(c, WORDS_MAX));
    if (*words) {
        out->words = fold_text(c->a, words);
        out->like = like_of(c, words);
    }
    return true;
}

bool timeline_wants(const TimelineAsk *ask, const char *kind)
{
    for (int i = 0; ask->kinds[i]; i++)
        if (strcmp(ask->kinds[i], kind) == 0 ||
            (strcmp(ask->kinds[i], "changes") == 0 && is_own(kind)))
            return true;
    return !ask->kinds[0];
}

bool timeline_wants_changes(const TimelineAsk *ask)
{
    for (int i = 0; ask->kinds[i]; i++)
        if (is_own(ask->kinds[i]))
            return true;
    return !ask->kinds[0];
}

bool timeline_found(Ctx *c, const TimelineAsk *ask, const char *text)
{
    return text && *text && strstr(fold_text(c->a, text), ask->words) != NULL;
}
