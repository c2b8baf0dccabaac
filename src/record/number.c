/*
 * Numbers of records. See number.h.
 *
 * A block at hand belongs to one counter row: entity and period ("customer:20261121"). Blocks are kept
 * per process under one lock; the lock is never held while a statement runs.
 */
#include "record/number.h"

#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "db/sql.h"

enum {
    BLOCKS = 64,
    BLOCK_AT_MOST = 256,
    AHEAD_FROM = 32, /* a block of this size is followed by the next before it is used up */
    GROW_WITHIN_MS = 2000,
    KEY_LEN = 120
};

typedef struct Block {
    const Db *db;
    char key[KEY_LEN];
    int64_t next, end;        /* next … end - 1 are ours to give */
    int64_t spare, spare_end; /* the block that follows, reserved ahead; empty where equal */
    int64_t reserved_at;      /* monotonic ms */
    int size;                 /* of the last reservation */
    bool coming;              /* somebody is reserving: others wait for him */
} Block;

/* The rule of an entity as read from number_rule, so that not every create asks for it. */
typedef struct RuleKept {
    const Db *db;
    char entity[64], pattern[104], reset[8];
    int64_t read_at;
} RuleKept;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static Block blocks[BLOCKS];
static RuleKept rules[BLOCKS];

typedef struct Rule {
    const char *pattern, *reset;
} Rule;

typedef struct Shape { /* a pattern filled in for one day */
    char before[64], after[64];
    int width;
    char key[KEY_LEN];
} Shape;

void number_forget(void)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < BLOCKS; i++) {
        if (!blocks[i].coming)
            blocks[i] = (Block){0};
        rules[i] = (RuleKept){0};
    }
    pthread_mutex_unlock(&lock);
}

const Field *number_field(const Entity *e)
{
    if (!e->number)
        return NULL;
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].type == FT_NUMBER)
            return &e->fields[i];
    return NULL;
}

/* ---- pattern ------------------------------------------------------------------------------- */

static const char *zone_of_company(void)
{
    const char *zone = conf_text("company.zone");
    return *zone ? zone : "Asia/Shanghai";
}

static bool put(char *to, size_t cap, const char *s, size_t n)
{
    size_t len = strlen(to);
    if (len + n >= cap)
        return false;
    memcpy(to + len, s, n);
    to[len + n] = 0;
    return true;
}

/* Fills the date parts of a pattern for a day. false where the pattern has a mistake. */
static bool shape_of(const Rule *rule, const char *entity, const ClockParts *d, Shape *out)
{
    *out = (Shape){0};
    bool seq = false;
    for (const char *p = rule->pattern; *p;) {
        char *to = seq ? out->after : out->before;
        size_t cap = sizeof out->before;
        if (*p != '{') {
            size_t n = strcspn(p, "{}");
            if (n == 0 || !put(to, cap, p, n))
                return false;
            p += n;
            continue;
        }
        const char *end = strchr(p, '}');
        if (!end)
            return false;
        size_t n = (size_t)(end - p - 1);
        const char *word = p + 1;
        p = end + 1;
        if (n >= 3 && memcmp(word, "seq", 3) == 0) {
            if (seq || (n > 3 && (word[3] != ':' || n != 5 || !isdigit((unsigned char)word[4]) ||
                                  word[4] == '0')))
                return false;
            out->width = n > 3 ? word[4] - '0' : 1;
            seq = true;
            continue;
        }
        char text[16] = "";
        for (size_t i = 0; i < n;) {
            char part[8];
            if (n - i >= 4 && memcmp(word + i, "yyyy", 4) == 0) {
                snprintf(part, sizeof part, "%04d", d->year % 10000);
                i += 4;
            } else if (n - i >= 2 && memcmp(word + i, "yy", 2) == 0) {
                snprintf(part, sizeof part, "%02d", d->year % 100);
                i += 2;
            } else if (n - i >= 2 && memcmp(word + i, "MM", 2) == 0) {
                snprintf(part, sizeof part, "%02d", d->month % 100);
                i += 2;
            } else if (n - i >= 2 && memcmp(word + i, "dd", 2) == 0) {
                snprintf(part, sizeof part, "%02d", d->day % 100);
                i += 2;
            } else {
                return false;
            }
            if (!put(text, sizeof text, part, strlen(part)))
                return false;
        }
        if (!put(to, cap, text, strlen(text)))
            return false;
    }
    char period[16] = "all";
    if (strcmp(rule->reset, "day") == 0)
        snprintf(period, sizeof period, "%04d%02d%02d", d->year % 10000, d->month % 100,
                 d->day % 100);
    else if (strcmp(rule->reset, "month") == 0)
        snprintf(period, sizeof period, "%04d%02d", d->year % 10000, d->month % 100);
    else if (strcmp(rule->reset, "year") == 0)
        snprintf(period, sizeof period, "%04d", d->year % 10000);
    int len = snprintf(out->key, sizeof out->key, "%s:%s", entity, period);
    return seq && len > 0 && (size_t)len < sizeof out->key;
}

static bool has_part(const char *pattern, const char *part)
{
    for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{')) {
        const char *end = strchr(p, '}'), *at = strstr(p, part);
        if (end && at && at < end && memcmp(p + 1, "seq", 3) != 0)
            return true;
    }
    return false;
}

bool number_check_pattern(Ctx *c, const char *pattern, const char *reset)
{
    Shape s;
    ClockParts d = clock_parts(c->now_ms, zone_of_company());
    Rule rule = {pattern, reset};
    if (!shape_of(&rule, "x", &d, &s))
        return ctx_fail(c, ERR_INVALID, "pattern", "err.number_pattern");
    /* a sequence that starts again needs the period in the number, or numbers would come twice */
    bool year = has_part(pattern, "yy"), month = has_part(pattern, "MM"),
         day = has_part(pattern, "dd");
    bool fits = strcmp(reset, "never") == 0 || (strcmp(reset, "year") == 0 && year) ||
                (strcmp(reset, "month") == 0 && year && month) ||
                (strcmp(reset, "day") == 0 && year && month && day);
    return fits || ctx_fail(c, ERR_INVALID, "pattern", "err.number_period");
}

/* The rule that holds for e: the row of number_rule, kept for a second, or the entity file. */
static bool rule_of(Ctx *c, const Entity *e, Rule *out)
{
    *out = (Rule){e->number, e->number_reset ? e->number_reset : "day"};
    if (!model_entity(e->model, "number_rule"))
        return true;
    int64_t now = clock_mono_ms();
    pthread_mutex_lock(&lock);
    for (int i = 0; i < BLOCKS; i++) {
        RuleKept *k = &rules[i];
        if (k->db == c->db && strcmp(k->entity, e->name) == 0 && now - k->read_at < 1000) {
            if (*k->pattern)
                *out = (Rule){arena_str(c->a, k->pattern), arena_str(c->a, k->reset)};
            pthread_mutex_unlock(&lock);
            return true;
        }
    }
    pthread_mutex_unlock(&lock);
    DbVal p = db_of_text(e->name);
    DbRows *r =
        db_query(c,
                 SQL("SELECT \"pattern\", \"reset\" FROM \"number_rule\" WHERE \"entity\" = $1 AND "
                     "\"deleted_at\" IS NULL"),
                 &p, 1);
    if (!r)
        return false;
    RuleKept kept = {.db = c->db, .read_at = now};
    snprintf(kept.entity, sizeof kept.entity, "%s", e->name);
    if (db_step(r)) {
        snprintf(kept.pattern, sizeof kept.pattern, "%s", db_text(r, 0));
        snprintf(kept.reset, sizeof kept.reset, "%s", db_text(r, 1));
        *out = (Rule){arena_str(c->a, kept.pattern), arena_str(c->a, kept.reset)};
    }
    db_done(r);
    if (c->n_err)
        return false;
    pthread_mutex_lock(&lock);
    RuleKept *slot = &rules[0];
    for (int i = 0; i < BLOCKS; i++) {
        if (rules[i].db == c->db && strcmp(rules[i].entity, e->name) == 0) {
            slot = &rules[i];
            break;
        }
        if (rules[i].read_at < slot->read_at)
            slot = &rules[i];
    }
    *slot = kept;
    pthread_mutex_unlock(&lock);
    return true;
}

static const char *text_of(Ctx *c, const Shape *s, int64_t seq)
{
    return arena_printf(c->a, "%s%0*" PRId64 "%s", s->before, s->width, seq, s->after);
}

/* ---- counter ------------------------------------------------------------------------------- */

typedef struct Take {
    const char *key;
    int n;
    int64_t last; /* out: the last of the n */
} Take;

static bool take_in_write(Ctx *c, void *arg)
{
    Take *t = arg;
    DbVal p[] = {db_of_text(t->key), db_of_int(t->n), db_of_int(t->n)};
    return db_one_int(
        c,
        SQL("INSERT INTO \"number_counter\" (\"key\", \"value\") VALUES ($1, $2) "
            "ON CONFLICT (\"key\") DO UPDATE SET \"value\" = \"number_counter\".\"value\" + $3 "
            "RETURNING \"value\""),
        p, 3, &t->last, NULL);
}

/* The block of a counter row, or a free (or the oldest idle) place for it. Under the lock. */
static Block *block_of(const Db *db, const char *key)
{
    Block *place = NULL;
    for (int i = 0; i < BLOCKS; i++) {
        Block *b = &blocks[i];
        if (b->db == db && strcmp(b->key, key) == 0)
            return b;
        if (!b->coming && (!place || b->reserved_at < place->reserved_at))
            place = b;
    }
    if (place) {
        *place = (Block){.db = db};
        snprintf(place->key, sizeof place->key, "%s", key);
    }
    return place;
}

/* Goes over to the block reserved ahead, where the one in use has not n left. Under the lock. */
static void go_on(Block *b, int n)
{
    if (b->end - b->next >= n || b->spare_end - b->spare < n)
        return;
    b->next = b->spare;
    b->end = b->spare_end;
    b->spare = b->spare_end = 0;
}

/*
 * Takes one sequence number from the block at hand, or reserves a new block. Only one thread reserves a
 * given counter at a time; the others wait and share its block, which is what makes blocks grow under load.
 */
static bool next_of_block(Ctx *c, const char *key, int at_least, int64_t *out)
{
    pthread_mutex_lock(&lock);
    for (;;) {
        Block *b = block_of(c->db, key);
        if (!b) { /* every place is being filled: a number of its own */
            pthread_mutex_unlock(&lock);
            Take t = {.key = key, .n = 1};
            if (!db_write_aside(c, take_in_write, &t))
                return false;
            *out = t.last;
            return true;
        }
        go_on(b, at_least);
        if (b->end - b->next >= at_least) {
            *out = b->next;
            if (at_least == 1)
                b->next++;
            pthread_mutex_unlock(&lock);
            return true;
        }
        if (b->coming) {
            pthread_cond_wait(&came, &lock);
            continue;
        }
        int64_t now = clock_mono_ms();
        int size = b->size && now - b->reserved_at < GROW_WITHIN_MS ? b->size * 2 : 1;
        if (size > BLOCK_AT_MOST)
            size = BLOCK_AT_MOST;
        int grown = size;
        if (size < at_least)
            size = at_least;
        b->coming = true;
        pthread_mutex_unlock(&lock);

        Take t = {.key = key, .n = size};
        bool ok = db_write_aside(c, take_in_write, &t);

        pthread_mutex_lock(&lock);
        b = block_of(c->db, key); /* still there: a block that is coming is never given away */
        b->coming = false;
        if (ok) {
            /* what was left of a smaller block becomes a gap */
            b->next = t.last - size + 1;
            b->end = t.last + 1;
            b->spare = b->spare_end = 0;
            b->size = grown;
            b->reserved_at = clock_mono_ms();
        }
        pthread_cond_broadcast(&came);
        if (!ok) {
            pthread_mutex_unlock(&lock);
            return false;
        }
    }
}

static bool today_shape(Ctx *c, const Entity *e, Shape *out)
{
    Rule rule;
    if (!rule_of(c, e, &rule))
        return false;
    ClockParts d = clock_parts(c->now_ms, zone_of_company());
    return shape_of(&rule, e->name, &d, out) ||
           ctx_fail(c, ERR_INVALID, "number", "err.number_pattern");
}

/*
 * From a block reserved before, without waiting and without a statement. *ahead: it is half used up under
 * load, and it is for the caller to reserve the next (reserve_ahead), so that nobody will have to wait for it.
 */
static bool next_at_hand(Ctx *c, const char *key, int64_t *out, bool *ahead)
{
    bool found = false;
    *ahead = false;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < BLOCKS && !found; i++) {
        Block *b = &blocks[i];
        if (b->db != c->db || strcmp(b->key, key) != 0)
            continue;
        go_on(b, 1);
        if (b->next == b->end)
            break;
        *out = b->next++;
        found = true;
        *ahead = !db_in_write(c) && !b->coming && b->size >= AHEAD_FROM &&
                 b->spare == b->spare_end && b->end - b->next <= b->size / 2 &&
                 clock_mono_ms() - b->reserved_at < GROW_WITHIN_MS;
        b->coming |= *ahead;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* Reserves the block behind the one in use. Where it fails nothing is lost: the next caller tries anew. */
static void reserve_ahead(Ctx *c, const char *key)
{
    int n_err = c->n_err;
    Take t = {.key = key, .n = BLOCK_AT_MOST};
    bool ok = db_write_aside(c, take_in_write, &t);
    ctx_errors_forget(c, n_err);
    pthread_mutex_lock(&lock);
    Block *b = block_of(c->db, key); /* still there: it is coming */
    b->coming = false;
    if (ok) {
        b->spare = t.last - t.n + 1;
        b->spare_end = t.last + 1;
        b->size = t.n;
        b->reserved_at = clock_mono_ms();
    }
    pthread_cond_broadcast(&came);
    pthread_mutex_unlock(&lock);
}

bool number_next(Ctx *c, const Entity *e, const char **out)
{
    Shape s;
    int64_t seq;
    bool ahead;
    if (!today_shape(c, e, &s))
        return false;
    if (next_at_hand(c, s.key, &seq, &ahead)) {
        if (ahead)
            reserve_ahead(c, s.key);
    } else {
        if (db_in_write(c)) {
            Take t = {.key = s.key, .n = 1};
            if (!take_in_write(c, &t))
                return false;
            seq = t.last;
        } else if (!next_of_block(c, s.key, 1, &seq)) {
            return false;
        }
    }
    *out = text_of(c, &s, seq);
    return true;
}

bool number_reserve(Ctx *c, const Entity *e, int n)
{
    Shape s;
    int64_t first;
    if (!number_field(e) || n < 2)
        return true;
    return today_shape(c, e, &s) && next_of_block(c, s.key, n, &first);
}

/* ---- numbers brought along ----------------------------------------------------------------- */

bool number_check_given(Ctx *c, const Field *f, const char *text)
{
    size_t n = strlen(text);
    bool ok = n >= 1 && n <= 40;
    for (size_t i = 0; i < n && ok; i++)
        ok = isalnum((unsigned char)text[i]) || strchr("-_./", text[i]) != NULL;
    return ok || ctx_fail(c, ERR_INVALID, f->name, "err.number_given");
}

/* The digits of `width` at p as a number; -1 where there are others. */
static int digits_at(const char *p, int width)
{
    int n = 0;
    for (int i = 0; i < width; i++) {
        if (!isdigit((unsigned char)p[i]))
            return -1;
        n = n * 10 + (p[i] - '0');
    }
    return n;
}

/* Reads the day out of a number by the pattern, so that the right counter row is found. */
static bool day_in_number(const char *pattern, const char *text, ClockParts *d)
{
    const char *t = text;
    for (const char *p = pattern; *p && *t;) {
        if (*p != '{') {
            if (*p++ != *t++)
                return false;
            continue;
        }
        const char *end = strchr(p, '}');
        if (!end || memcmp(p + 1, "seq", 3) == 0)
            return end != NULL; /* date parts stand before the sequence, or the period is today's */
        for (const char *w = p + 1; w < end;) {
            int width = end - w >= 4 && memcmp(w, "yyyy", 4) == 0 ? 4 : 2;
            if (strlen(t) < (size_t)width)
                return false;
            int n = digits_at(t, width);
            if (n < 0)
                return false;
            if (width == 4)
                d->year = n;
            else if (*w == 'y')
                d->year = 2000 + n;
            else if (*w == 'M')
                d->month = n;
            else
                d->day = n;
            t += width;
            w += width;
        }
        p = end + 1;
    }
    return true;
}

bool number_move_past(Ctx *c, const Entity *e, const char *text)
{
    Rule rule;
    if (!rule_of(c, e, &rule))
        return false;
    ClockParts d = clock_parts(c->now_ms, zone_of_company());
    Shape s;
    if (!day_in_number(rule.pattern, text, &d) || !shape_of(&rule, e->name, &d, &s))
        return true;
    size_t n = strlen(text), nb = strlen(s.before), na = strlen(s.after);
    if (n < nb + na + (size_t)s.width || n > nb + na + 15 || memcmp(text, s.before, nb) != 0 ||
        memcmp(text + n - na, s.after, na) != 0)
        return true;
    int64_t seq = 0;
    for (size_t i = nb; i < n - na; i++) {
        if (!isdigit((unsigned char)text[i]))
            return true;
        seq = seq * 10 + (text[i] - '0');
    }
    /* of our own pattern: never to be made again, neither from the counter nor from the block at hand */
    pthread_mutex_lock(&lock);
    for (int i = 0; i < BLOCKS; i++) {
        Block *b = &blocks[i];
        if (b->db == c->db && strcmp(b->key, s.key) == 0 && seq >= b->next && seq < b->end)
            b->next = seq + 1;
    }
    pthread_mutex_unlock(&lock);
    DbVal p[] = {db_of_text(s.key), db_of_int(seq)};
    return db_exec(c,
                   SQL("INSERT INTO \"number_counter\" (\"key\", \"value\") VALUES ($1, $2) "
                       "ON CONFLICT (\"key\") DO UPDATE SET \"value\" = excluded.\"value\" "
                       "WHERE \"number_counter\".\"value\" < excluded.\"value\""),
                   p, 2);
}
