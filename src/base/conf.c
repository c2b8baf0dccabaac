/*
 * Settings. See conf.h. What holds is an immutable snapshot behind one atomic pointer; a change
 * builds the next one. Old snapshots are kept until conf_free, because readers hold their texts;
 * changes are made by people, so there are few.
 */
#include "base/conf.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/map.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "settings_gen.h"

enum { MAX_FILE = 1 << 20, MAX_TEXT = 4000 };

typedef struct Value {
    const char *text; /* NULL: not given here */
    ConfSource source;
    int64_t n, per; /* the number, bytes, ms or 0/1; of a rate also its time */
    const char *const *list;
} Value;

typedef struct Snapshot Snapshot;
struct Snapshot {
    Arena *a;
    Snapshot *older;
    Value base[CONF_N_DEFS]; /* default, file, environment, flag */
    Value db[CONF_N_DEFS];   /* laid over by conf_set_db */
};

static _Atomic(Snapshot *) current;
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER;
static bool loaded; /* conf_load has succeeded once: restart settings are fixed */

static const char *const type_names[] = {"int", "text", "bool", "duration", "size", "list", "rate"};
static const char *const scope_names[] = {"live", "restart", "db"};
static const char *const source_names[] = {"default", "file", "environment", "flag", "database"};

const char *conf_type_name(ConfType t)
{
    return type_names[t];
}

const char *conf_scope_name(ConfScope s)
{
    return scope_names[s];
}

const char *conf_shown(const ConfDef *def, ConfSource *out_source)
{
    const char *value = conf_value(def, out_source);
    if (*value && strcmp(def->name, "db.url") == 0)
        return "postgresql://…"; /* may hold a password */
    return *value && strstr(def->name, ".token") ? "…" : value;
}

const char *conf_source_name(ConfSource s)
{
    return source_names[s];
}

/* --- reading one value ------------------------------------------------------------------------ */

typedef struct Unit {
    const char *name;
    int64_t factor;
} Unit;

static const Unit durations[] = {{"ms", 1},      {"s", 1000},     {"m", 60000}, {"min", 60000},
                                 {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const Unit sizes[] = {{"B", 1},       {"KB", 1 << 10}, {"K", 1 << 10}, {"MB", 1 << 20},
                             {"M", 1 << 20}, {"GB", 1 << 30}, {"G", 1 << 30}, {NULL, 0}};
static const Unit rates[] = {{"s", 1000},       {"min", 60000},    {"m", 60000},    {"h", 3600000},
                             {"hour", 3600000}, {"day", 86400000}, {"d", 86400000}, {NULL, 0}};

/* Digits at the beginning of s; *rest is what follows. */
static bool number(const char *s, int64_t *out, const char **rest)
{
    char *end;
    const char *digit = *s == '-' ? s + 1 : s;
    if (*digit < '0' || *digit > '9')
        return false;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno)
        return false;
    *out = v;
    *rest = end;
    return true;
}

static const Unit *unit_find(const Unit *units, const char *name)
{
    for (; units->name; units++)
        if (strcasecmp(units->name, name) == 0)
            return units;
    return NULL;
}

static bool with_unit(const char *s, const Unit *units, int64_t *out)
{
    const char *rest;
    int64_t n;
    if (!number(s, &n, &rest))
        return false;
    while (*rest == ' ')
        rest++;
    if (!*rest && n == 0) {
        *out = 0;
        return true;
    }
    const Unit *u = unit_find(units, rest);
    if (!u || n < 0 || n > INT64_MAX / u->factor)
        return false;
    *out = n * u->factor;
    return true;
}

/* The number of a text of type t; false where it is none. */
static bool measure(ConfType t, const char *s, Value *v)
{
    const char *rest;
    switch (t) {
    case CONF_INT: return number(s, &v->n, &rest) && !*rest;
    case CONF_DURATION: return with_unit(s, durations, &v->n);
    case CONF_SIZE: return with_unit(s, sizes, &v->n);
    case CONF_RATE: {
        if (!number(s, &v->n, &rest) || *rest != '/')
            return false;
        const Unit *u = unit_find(rates, rest + 1);
        v->per = u ? u->factor : 0;
        return u != NULL;
    }
    case CONF_BOOL: {
        static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
        for (int i = 0; i < 8; i++)
            if (strcasecmp(s, words[i]) == 0) {
                v->n = i & 1;
                return true;
            }
        return false;
    }
    default: return true;
    }
}

/* The words of s, parted by blanks and commas. */
static const char *const *words_of(Arena *a, const char *s)
{
    VEC(const char *) v = {0};
    while (*s) {
        size_t n = strcspn(s, ", \t");
        if (n) {
            const char *word = arena_dup(a, s, n);
            vec_push(a, &v, word);
        }
        s += n + (s[n] != 0);
    }
    vec_push(a, &v, NULL);
    return v.items;
}

static bool in_list(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0)
        list++;
    return *list != NULL;
}

/* Checks text for def and fills out on a. place says where the text stands. */
static bool value_read(Ctx *c, Arena *a, const ConfDef *def, const char *place, const char *text,
                       Value *out)
{
    static const char *const wrong[] = {
        [CONF_INT] = "conf.not_int",           [CONF_BOOL] = "conf.not_bool",
        [CONF_DURATION] = "conf.not_duration", [CONF_SIZE] = "conf.not_size",
        [CONF_RATE] = "conf.not_rate",
    };
    Value v = {0};
    size_t len = strlen(text);
    if (len > MAX_TEXT)
        return ctx_fail(c, ERR_TOO_LONG, def->name, "conf.too_long", place, def->name, "",
                        ctx_num(c, MAX_TEXT));
    bool clean = utf8_valid(text, len);
    for (size_t i = 0; i < len; i++)
        clean = clean && (unsigned char)text[i] >= 0x20 && text[i] != 0x7F;
    if (!clean)
        return ctx_fail(c, ERR_INVALID, def->name, "conf.control", place, def->name);
    if (!measure(def->type, text, &v))
        return ctx_fail(c, ERR_INVALID, def->name, wrong[def->type], place, def->name, text);
    if (def->type == CONF_LIST)
        v.list = words_of(a, text);
    const char *dots = strstr(def->range, "..");
    if (*def->range && def->type == CONF_TEXT) {
        if (!in_list(words_of(c->a, def->range), text))
            return ctx_fail(c, ERR_ENUM_UNKNOWN, def->name, "conf.choice", place, def->name, text,
                            def->range);
    } else if (dots) {
        const char *low = arena_dup(c->a, def->range, (size_t)(dots - def->range));
        ConfType t = def->type == CONF_RATE ? CONF_INT : def->type;
        Value from = {0}, to = {0};
        if (!measure(t, low, &from) || !measure(t, dots + 2, &to))
            abort(); /* as in defaults_fill */
        if (v.n < from.n || v.n > to.n)
            return ctx_fail(c, ERR_RANGE, def->name, "conf.range", place, def->name, text, low,
                            dots + 2);
    }
    v.text = arena_str(a, text);
    *out = v;
    return true;
}

/* --- the snapshot ----------------------------------------------------------------------------- */

static Map defs_by_name; /* of the process: place in conf_defs + 1 */

static void index_defs(void)
{
    map_init(&defs_by_name, arena_new(0));
    for (int i = 0; i < CONF_N_DEFS; i++)
        map_put(&defs_by_name, conf_defs[i].name, (void *)(uintptr_t)(i + 1));
}

/* A request asks for some ten settings. */
static int index_of(const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, index_defs);
    return (int)(uintptr_t)map_get(&defs_by_name, name) - 1;
}

static Snapshot *snapshot_new(const Snapshot *from)
{
    Arena *a = arena_new(0);
    Snapshot *s = ARENA_NEW(a, Snapshot);
    if (from)
        *s = *from; /* its texts live as long as it does: older snapshots are not freed before */
    s->a = a;
    s->older = NULL;
    return s;
}

static void defaults_fill(Ctx *c, Snapshot *s)
{
    for (int i = 0; i < CONF_N_DEFS; i++) {
        const ConfDef *d = &conf_defs[i];
        if (!*d->dflt) { /* nothing set: no check, as "" is no choice and no number */
            s->base[i] = (Value){.text = "", .list = words_of(s->a, "")};
        } else if (!value_read(c, s->a, d, "data/settings.txt", d->dflt, &s->base[i])) {
            fprintf(stderr, "zhike: %s\n", c->err_last->message);
            abort(); /* data/settings.txt is wrong; the unit test looks at every line */
        }
    }
}

static void publish(Snapshot *s)
{
    s->older = atomic_load(&current);
    atomic_store(&current, s);
}

/* What holds; the defaults where nothing was loaded yet. */
static const Snapshot *snapshot(void)
{
    Snapshot *s = atomic_load(&current);
    if (s)
        return s;
    pthread_mutex_lock(&change);
    s = atomic_load(&current);
    if (!s) {
        Arena *a = arena_new(0);
        Ctx c;
        ctx_init(&c, a);
        s = snapshot_new(NULL);
        defaults_fill(&c, s);
        publish(s);
        arena_free(a);
    }
    pthread_mutex_unlock(&change);
    return s;
}

void conf_free(void)
{
    pthread_mutex_lock(&change);
    Snapshot *s = atomic_exchange(&current, NULL);
    while (s) {
        Snapshot *older = s->older;
        arena_free(s->a);
        s = older;
    }
    loaded = false;
    pthread_mutex_unlock(&change);
}

static void set(Ctx *c, Snapshot *s, const char *place, const char *name, const char *text,
                ConfSource source)
{
    int i = index_of(name);
    if (i < 0) {
        ctx_fail(c, ERR_UNKNOWN_FIELD, name, "conf.unknown", place, name);
        return;
    }
    Value v;
    if (!*text)
        v = (Value){.text = "", .list = words_of(s->a, "")};
    else if (!value_read(c, s->a, &conf_defs[i], place, text, &v))
        return;
    if (!*text && conf_defs[i].type != CONF_TEXT && conf_defs[i].type != CONF_LIST)
        return; /* http.workers = (nothing): the default */
    v.source = source;
    s->base[i] = v;
}

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t n = strlen(s);
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
        s[--n] = 0;
    return s;
}

static void text_read(Ctx *c, Snapshot *s, const char *path, char *text)
{
    int line_of[CONF_N_DEFS] = {0};
    int line = 0;
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
        text += 3;
    for (char *next; text; text = next) {
        line++;
        next = strchr(text, '\n');
        if (next)
            *next++ = 0;
        char *name = trim(text);
        if (!*name || *name == '#')
            continue;
        const char *place = arena_printf(c->a, "%s:%d", path, line);
        char *eq = strchr(name, '=');
        if (!eq || eq == name) {
            ctx_fail(c, ERR_INVALID, NULL, "conf.bad_line", place);
            continue;
        }
        *eq = 0;
        name = trim(name);
        int i = index_of(name);
        if (i >= 0 && line_of[i]) {
            ctx_fail(c, ERR_INVALID, name, "conf.twice", place, name);
            continue;
        }
        if (i >= 0)
            line_of[i] = line;
        set(c, s, place, utf8_clean(c->a, name, strlen(name)), trim(eq + 1), CONF_FROM_FILE);
    }
}

static void file_load(Ctx *c, Snapshot *s, const char *dir)
{
    char *path = arena_printf(c->a, "%s/zhike.conf", dir);
    if (!file_exists(path))
        return;
    char *text;
    size_t len;
    int before = c->n_err;
    if (!file_read(c, path, MAX_FILE, &text, &len)) {
        const char *why = arena_str(c->a, c->err_last->message);
        ctx_errors_back_to(c, before);
        ctx_fail(c, ERR_INTERNAL, NULL, "conf.unreadable", path, why);
        return;
    }
    if (strlen(text) != len) {
        ctx_fail(c, ERR_INVALID, NULL, "conf.bad_line", path);
        return;
    }
    text_read(c, s, path, text);
}

static const char *say(Ctx *c, const char *key, const char *arg)
{
    const char *const args[] = {arg, NULL};
    return msg_format(c->a, c->lang, key, args);
}

/* Was the same said, and by the same? */
static bool same_base(const Snapshot *s, const Snapshot *was)
{
    for (int i = 0; i < CONF_N_DEFS; i++)
        if (strcmp(s->base[i].text, was->base[i].text) != 0 ||
            s->base[i].source != was->base[i].source)
            return false;
    return true;
}

bool conf_load(Ctx *c, const char *dir, const ConfFlag *flags)
{
    int before = c->n_err;
    const Snapshot *was = snapshot();
    pthread_mutex_lock(&change);
    Snapshot *s = snapshot_new(was);
    defaults_fill(c, s);
    if (dir)
        file_load(c, s, dir);
    for (int i = 0; i < CONF_N_DEFS; i++) {
        const char *text = getenv(conf_defs[i].env);
        if (text && *text)
            set(c, s, say(c, "conf.in_env", conf_defs[i].env), conf_defs[i].name, text,
                CONF_FROM_ENV);
    }
    for (; flags && flags->name; flags++)
        set(c, s, say(c, "conf.in_flag", flags->name), flags->name, flags->value, CONF_FROM_FLAG);
    bool ok = c->n_err == before;
    if (ok) {
        for (int i = 0; loaded && i < CONF_N_DEFS; i++)
            if (conf_defs[i].scope == CONF_RESTART)
                s->base[i] = was->base[i];
        loaded = true;
    }
    /* read again for the log's sake only, day after day: nothing is kept of that */
    if (ok && !same_base(s, was))
        publish(s);
    else
        arena_free(s->a);
    pthread_mutex_unlock(&change);
    return ok;
}

static const Value *value_at(const Snapshot *s, int i)
{
    return s->db[i].text ? &s->db[i] : &s->base[i];
}

/* Asked for by our own code, with a name and type we wrote: a mistake there is no input. */
static const Value *value_of(const char *name, ConfType type)
{
    int i = index_of(name);
    if (i < 0 || conf_defs[i].type != type) {
        fprintf(stderr, "zhike: the code asks for setting %s as %s\n", name, type_names[type]);
        abort();
    }
    return value_at(snapshot(), i);
}

int64_t conf_int(const char *name)
{
    return value_of(name, CONF_INT)->n;
}

bool conf_bool(const char *name)
{
    return value_of(name, CONF_BOOL)->n != 0;
}

const char *conf_text(const char *name)
{
    return value_of(name, CONF_TEXT)->text;
}

int64_t conf_duration_ms(const char *name)
{
    return value_of(name, CONF_DURATION)->n;
}

int64_t conf_size(const char *name)
{
    return value_of(name, CONF_SIZE)->n;
}

ConfRate conf_rate(const char *name)
{
    const Value *v = value_of(name, CONF_RATE);
    return (ConfRate){.n = v->n, .per_ms = v->per};
}

const char *const *conf_list(const char *name)
{
    return value_of(name, CONF_LIST)->list;
}

static bool db_read(Ctx *c, Arena *a, const char *name, const char *text, Value *out)
{
    int i = index_of(name);
    if (i < 0)
        return ctx_fail(c, ERR_UNKNOWN_FIELD, name, "err.unknown_field", name);
    if (conf_defs[i].scope != CONF_DB)
        return ctx_fail(c, ERR_INVALID, name, "conf.not_db", name);
    if (!*text && (conf_defs[i].type == CONF_TEXT || conf_defs[i].type == CONF_LIST) &&
        !*conf_defs[i].range) {
        *out = (Value){.text = "", .list = words_of(a, "")};
        return true;
    }
    return value_read(c, a, &conf_defs[i], msg_text(c->lang, "conf.in_db"), text, out);
}

bool conf_check(Ctx *c, const char *name, const char *value)
{
    Value v;
    return db_read(c, c->a, name, value, &v);
}

bool conf_set_db(Ctx *c, const char *name, const char *value)
{
    Value v = {0};
    int i = index_of(name);
    /* NULL takes it away; the name is checked all the same */
    const char *text = value || i < 0 ? value : conf_defs[i].dflt;
    if (!db_read(c, c->a, name, text ? text : "", &v))
        return false;
    snapshot();
    pthread_mutex_lock(&change);
    const Snapshot *was = atomic_load(&current);
    const char *old = was->db[i].text;
    bool same = value ? old && strcmp(old, value) == 0 : !old;
    if (!same) {
        Snapshot *s = snapshot_new(was);
        s->db[i] = (Value){0};
        if (value)
            db_read(c, s->a, name, value, &s->db[i]);
        s->db[i].source = CONF_FROM_DB;
        publish(s);
    }
    pthread_mutex_unlock(&change);
    return true;
}

size_t conf_count(void)
{
    return CONF_N_DEFS;
}

const ConfDef *conf_def(size_t i)
{
    return &conf_defs[i];
}

const ConfDef *conf_find(const char *name)
{
    int i = index_of(name);
    return i < 0 ? NULL : &conf_defs[i];
}

const char *conf_value(const ConfDef *def, ConfSource *out_source)
{
    const Value *v = value_at(snapshot(), (int)(def - conf_defs));
    if (out_source)
        *out_source = v->source;
    return v->text;
}
