/* The checks of entities and fields. See check.h; each has a test in test/unit/meta/test_check.c. */
#include "meta/check.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "base/embed.h"
#include "base/msg.h"
#include "meta/filter.h"
#include "meta/types.h"

const char *const meta_action_names[] = {"read",   "create",   "edit",  "delete",  "import",
                                         "export", "transfer", "share", "approve", "bulk",
                                         "merge",  "erase",    NULL};
const char *const meta_scope_names[] = {"own", "reports", "department", "below",
                                        "all", "none",    NULL};
const char *const meta_right_names[] = {"settings", "fields", "audit",       "users", "roles",
                                        "sessions", "jobs",   "import_keep", NULL};

/* Paths of the API that belong to no entity (CONTRACT 2). */
static const char *const reserved_plurals[] = {
    "session",   "me",       "tokens",   "step-up", "schema", "imports",     "jobs",
    "events",    "metrics",  "reports",  "search",  "merges", "attachments", "import-templates",
    "favorites", "calendar", "settings", "openapi", "assets", "healthz",     "readyz",
    "welcome",   "logo",     NULL};

/* Words SQLite or PostgreSQL reserve, as column names; and members every row of the API has. */
static const char *const reserved_names[] = {"all",
                                             "analyse",
                                             "analyze",
                                             "and",
                                             "any",
                                             "array",
                                             "as",
                                             "asc",
                                             "authorization",
                                             "between",
                                             "binary",
                                             "both",
                                             "case",
                                             "cast",
                                             "check",
                                             "collate",
                                             "collation",
                                             "column",
                                             "commit",
                                             "concurrently",
                                             "constraint",
                                             "create",
                                             "cross",
                                             "default",
                                             "deferrable",
                                             "delete",
                                             "desc",
                                             "distinct",
                                             "drop",
                                             "else",
                                             "end",
                                             "escape",
                                             "except",
                                             "exists",
                                             "false",
                                             "fetch",
                                             "for",
                                             "foreign",
                                             "freeze",
                                             "from",
                                             "full",
                                             "grant",
                                             "group",
                                             "having",
                                             "ilike",
                                             "in",
                                             "index",
                                             "initially",
                                             "inner",
                                             "insert",
                                             "intersect",
                                             "into",
                                             "is",
                                             "isnull",
                                             "join",
                                             "lateral",
                                             "leading",
                                             "left",
                                             "like",
                                             "limit",
                                             "localtime",
                                             "localtimestamp",
                                             "natural",
                                             "not",
                                             "notnull",
                                             "null",
                                             "offset",
                                             "on",
                                             "only",
                                             "or",
                                             "order",
                                             "outer",
                                             "overlaps",
                                             "placing",
                                             "primary",
                                             "references",
                                             "returning",
                                             "right",
                                             "rowid",
                                             "select",
                                             "set",
                                             "similar",
                                             "some",
                                             "symmetric",
                                             "table",
                                             "then",
                                             "to",
                                             "trailing",
                                             "transaction",
                                             "true",
                                             "union",
                                             "unique",
                                             "update",
                                             "using",
                                             "values",
                                             "variadic",
                                             "verbose",
                                             "view",
                                             "when",
                                             "where",
                                             "window",
                                             "with",
                                             "can",
                                             "masked",
                                             "oid",
                                             "ctid",
                                             "xmin",
                                             "xmax",
                                             "tableoid",
                                             NULL};

static const char *const colors[] = {"gray", "blue",   "green", "orange",
                                     "red",  "purple", "teal",  NULL};

typedef struct K {
    Ctx *c;
    const Model *m;
    const MetaSource *sources;
    int n;
    const Entity *e;
    const MetaSource *s; /* of e, or NULL */
    const char *standard_path;
    bool ok;
} K;

static bool is_one_of(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static int count(const char *const *words)
{
    int n = 0;
    while (words[n])
        n++;
    return n;
}

static const char *join(Arena *a, const char *const *words)
{
    Buf b;
    buf_init(&b, a);
    for (int i = 0; words[i]; i++) {
        if (i)
            buf_putc(&b, ' ');
        buf_puts(&b, words[i]);
    }
    return b.data;
}

static bool name_legal(const char *s, size_t max, char dash)
{
    if (*s < 'a' || *s > 'z' || strlen(s) > max)
        return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == dash))
            return false;
    return true;
}

/* A mistake of the entity, at a path of keys in its file. */
static void entity_fail(K *k, const char *key, const char *sub, const char *const *msg)
{
    int line = 0;
    if (k->s) {
        const char *keys[] = {key, key ? sub : NULL, NULL};
        line = meta_line(k->s, keys);
    }
    k->ok = meta_fail_args(k->c, k->e->file, line, msg);
}
#define EFAIL(k, key, sub, ...)                                                                    \
    entity_fail((k), (key), (sub), (const char *const[]){__VA_ARGS__, NULL})

/* A mistake of a field. Standard fields are checked once, with the first entity that has them. */
static void field_fail(K *k, const Field *f, const char *key, const char *const *msg)
{
    if (f->custom) {
        char *what = msg_format(k->c->a, k->c->lang, msg[0], msg + 1);
        k->ok = ctx_fail(k->c, ERR_INVALID, key, "meta.plain", what);
        return;
    }
    const char *file = f->standard ? k->standard_path : k->e->file;
    const char *keys[] = {"fields", f->name, key, NULL};
    int line = 0;
    for (int i = 0; i < k->n; i++)
        if (strcmp(k->sources[i].path, file) == 0)
            line = meta_line(&k->sources[i], keys);
    k->ok = meta_fail_args(k->c, file, line, msg);
}
#define FFAIL(k, f, key, ...) field_fail((k), (f), (key), (const char *const[]){__VA_ARGS__, NULL})

static void no_such_field(K *k, const char *key, const char *sub, const char *name)
{
    const char *words[512];
    int n = 0;
    for (int i = 0; i < k->e->n_fields && n < 512; i++)
        words[n++] = k->e->fields[i].name;
    const char *near = meta_nearest(name, words, n);
    if (near)
        EFAIL(k, key, sub, "meta.no_such_field_near", key, name, near);
    else
        EFAIL(k, key, sub, "meta.no_such_field", key, name);
}

/* ---- fields --------------------------------------------------------------------------------- */

static bool text_like(FieldType t)
{
    return type_ops(t)->text;
}

static bool sortable(FieldType t)
{
    return t == FT_STRING || t == FT_NUMBER || t == FT_INT || t == FT_DECIMAL || t == FT_FLOAT ||
           t == FT_MONEY || t == FT_DATE || t == FT_DATETIME;
}

static void check_options(K *k, const Field *f)
{
    if (f->type != FT_OPTION && f->type != FT_MULTI_OPTION) {
        if (f->n_options)
            FFAIL(k, f, "options", "meta.not_for_type", "options", type_ops(f->type)->name);
        return;
    }
    if (!f->n_options)
        FFAIL(k, f, NULL, "meta.no_options", f->name);
    for (int i = 0; i < f->n_options; i++) {
        const Option *o = &f->options[i];
        size_t len = strlen(o->code);
        if (!len || len > 40 ||
            strspn(o->code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-") !=
                len)
            FFAIL(k, f, "options", "meta.option_code", o->code);
        if (o->color && !is_one_of(o->color, colors))
            FFAIL(k, f, "options", "meta.one_of", "color", o->color, join(k->c->a, colors));
        for (int j = 0; j < i; j++) {
            const Option *p = &f->options[j];
            if (strcmp(p->code, o->code) == 0)
                FFAIL(k, f, "options", "meta.option_twice", o->code);
            else if (strcmp(p->label.zh, o->label.zh) == 0)
                FFAIL(k, f, "options", "meta.option_label_twice", o->label.zh, p->code, o->code);
            else if (strcmp(p->label.en, o->label.en) == 0)
                FFAIL(k, f, "options", "meta.option_label_twice", o->label.en, p->code, o->code);
        }
    }
}

static void check_link(K *k, const Field *f)
{
    bool link = f->type == FT_LINK || f->type == FT_LINK_MANY;
    if (!link) {
        if (f->to)
            FFAIL(k, f, "to", "meta.not_for_type", "to", type_ops(f->type)->name);
        if (f->to_field)
            FFAIL(k, f, "to_field", "meta.not_for_type", "to_field", type_ops(f->type)->name);
        return;
    }
    if (!f->to && !f->to_field) {
        FFAIL(k, f, NULL, "meta.no_target", f->name);
        return;
    }
    if (f->to && f->to_field)
        FFAIL(k, f, "to_field", "meta.to_and_to_field");
    if (f->to && !model_entity(k->m, f->to)) {
        const char *words[512];
        int n = 0;
        for (int i = 0; i < k->m->n && n < 512; i++)
            words[n++] = k->m->entities[i].name;
        const char *near = meta_nearest(f->to, words, n);
        if (near)
            FFAIL(k, f, "to", "meta.link_missing_near", f->to, near);
        else
            FFAIL(k, f, "to", "meta.link_missing", f->to);
    }
    if (f->to_field && !f->to) {
        const Field *t = entity_field(k->e, f->to_field);
        if (!t || t->type != FT_OPTION || f->type != FT_LINK) {
            FFAIL(k, f, "to_field", "meta.to_field_option", f->to_field);
            return;
        }
        for (int i = 0; i < t->n_options; i++)
            if (!model_entity(k->m, t->options[i].code))
                FFAIL(k, f, "to_field", "meta.link_missing", t->options[i].code);
    }
}

static void check_limits(K *k, const Field *f)
{
    bool sized = text_like(f->type) || f->type == FT_INT || f->type == FT_DECIMAL ||
                 f->type == FT_FLOAT || f->type == FT_MONEY;
    if ((f->has_min || f->has_max) && !sized)
        FFAIL(k, f, f->has_max ? "max" : "min", "meta.not_for_type", f->has_max ? "max" : "min",
              type_ops(f->type)->name);
    if (f->has_min && f->has_max && f->min > f->max)
        FFAIL(k, f, "min", "meta.min_max");
    if (text_like(f->type) && ((f->has_max && f->max < 1) || (f->has_min && f->min < 0)))
        FFAIL(k, f, f->has_max && f->max < 1 ? "max" : "min", "meta.length");
    if (f->scale < 0 || f->scale > 9)
        FFAIL(k, f, "scale", "meta.scale");
    if (f->search < 0 || f->search > 9)
        FFAIL(k, f, "search", "meta.search_weight");
    if (!f->pattern)
        return;
    if (!text_like(f->type)) {
        FFAIL(k, f, "pattern", "meta.not_for_type", "pattern", type_ops(f->type)->name);
        return;
    }
    int err;
    PCRE2_SIZE at;
    pcre2_code *re =
        pcre2_compile((PCRE2_SPTR)f->pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &err, &at, NULL);
    if (!re) {
        char why[160];
        pcre2_get_error_message(err, (PCRE2_UCHAR *)why, sizeof why);
        FFAIL(k, f, "pattern", "meta.pattern", why, ctx_num(k->c, (int64_t)at));
        return;
    }
    pcre2_code_free(re);
}

static void check_default(K *k, const Field *f)
{
    const char *d = f->dflt;
    if (!d)
        return;
    if (strcmp(d, "me") == 0 && f->type == FT_LINK) {
        if (!f->to || strcmp(f->to, "user") != 0)
            FFAIL(k, f, "default", "meta.default_me", d, "user");
        return;
    }
    if (strcmp(d, "my_department") == 0 && f->type == FT_LINK) {
        if (!f->to || strcmp(f->to, "department") != 0)
            FFAIL(k, f, "default", "meta.default_me", d, "department");
        return;
    }
    if ((strcmp(d, "today") == 0 && (f->type == FT_DATE || f->type == FT_DATETIME)) ||
        (strcmp(d, "now") == 0 && f->type == FT_DATETIME))
        return;
    if (f->type == FT_OPTION || f->type == FT_MULTI_OPTION) {
        if (f->type == FT_OPTION && f->n_options && !field_option(f, d)) {
            const char *words[256];
            int n = 0;
            for (int i = 0; i < f->n_options && n < 256; i++)
                words[n++] = f->options[i].code;
            const char *near = meta_nearest(d, words, n);
            if (near)
                FFAIL(k, f, "default", "meta.default_option_near", d, f->name, near);
            else
                FFAIL(k, f, "default", "meta.default_option", d, f->name);
        }
        if (f->type == FT_OPTION)
            return;
    }
    const FieldOps *ops = type_ops(f->type);
    if (!ops->has_column || f->type == FT_LINK || f->type == FT_FILE || f->type == FT_IMAGE ||
        f->type == FT_NUMBER) {
        FFAIL(k, f, "default", "meta.not_for_type", "default", ops->name);
        return;
    }
    int before = k->c->n_err;
    DbVal v;
    bool good = ops->from_text(k->c, f, d, &v) && (v.kind == DB_NULL || ops->check(k->c, f, &v));
    ctx_errors_back_to(k->c, before);
    if (!good)
        FFAIL(k, f, "default", "meta.default_value", d, ops->name);
}

static void check_match(K *k, const Field *f)
{
    static const char *const names[] = {"none", "name", "phone", "credit_code", "email", "exact"};
    bool fits = true;
    switch (f->match) {
    case MATCH_NONE: return;
    case MATCH_PHONE: fits = f->type == FT_PHONE; break;
    case MATCH_EMAIL: fits = f->type == FT_EMAIL; break;
    case MATCH_NAME:
    case MATCH_CREDIT_CODE: fits = f->type == FT_STRING; break;
    case MATCH_EXACT: fits = text_like(f->type) && f->type != FT_TEXT; break;
    }
    if (!fits)
        FFAIL(k, f, "match", "meta.match_type", names[f->match], type_ops(f->type)->name);
}

static bool only_own_leaves(const Filter *x)
{
    if (x->kind == FILTER_VIA || x->kind == FILTER_SHARED || x->kind == FILTER_TWIN)
        return false;
    for (int i = 0; i < x->n_kids; i++)
        if (!only_own_leaves(x->kids[i]))
            return false;
    return true;
}

/* A filter of an entity file; NULL with the reason in *why where it is none. */
static Filter *own_filter(K *k, const char *json, const char **why)
{
    int before = k->c->n_err;
    Filter *x = NULL;
    bool good = filter_parse_text(k->c, k->e, json, NULL, (FilterMe){0}, &x);
    *why = !good && k->c->err_last ? arena_str(k->c->a, k->c->err_last->message) : "";
    ctx_errors_back_to(k->c, before);
    return good ? x : NULL;
}

static void check_open(K *k)
{
    const char *why;
    if (k->e->open && !own_filter(k, k->e->open, &why))
        EFAIL(k, "open", NULL, "meta.open", why);
}

static void check_required_by(K *k, const Field *f)
{
    const ConfDef *d = f->required_by ? conf_find(f->required_by) : NULL;
    if (f->required_by && (!d || d->type != CONF_LIST))
        FFAIL(k, f, "required_by", "meta.required_by", f->required_by);
}

/* A condition on the record itself: required_if, shown_if. */
static void check_own_condition(K *k, const Field *f, const char *key, const char *condition)
{
    if (!condition)
        return;
    const char *why;
    const Filter *x = own_filter(k, condition, &why);
    if (!x)
        FFAIL(k, f, key, "meta.required_if", why);
    else if (!only_own_leaves(x))
        FFAIL(k, f, key, "meta.required_if_own");
}

static void check_flags(K *k, const Field *f)
{
    const char *type = type_ops(f->type)->name;
    const Entity *e = k->e;
    if (f->required && f->hidden) {
        if (e->standard || !e->readonly)
            FFAIL(k, f, "hidden", "meta.required_hidden");
    } else if (f->required && f->readonly && !f->dflt && f->type != FT_NUMBER && e->standard &&
               !e->readonly)
        FFAIL(k, f, "readonly", "meta.required_readonly");
    if (f->personal && f->type != FT_STRING && f->type != FT_TEXT && f->type != FT_PHONE &&
        f->type != FT_EMAIL)
        FFAIL(k, f, "personal", "meta.not_for_type", "personal", type);
    if (f->sort && !sortable(f->type))
        FFAIL(k, f, "sort", "meta.not_for_type", "sort", type);
    if (f->fold && !text_like(f->type))
        FFAIL(k, f, "fold", "meta.not_for_type", "fold", type);
    if (f->search && !text_like(f->type))
        FFAIL(k, f, "search", "meta.not_for_type", "search", type);
    if (f->unique && (!f->column || f->type == FT_TEXT || f->type == FT_JSON ||
                      f->type == FT_MULTI_OPTION || f->type == FT_BOOL))
        FFAIL(k, f, "unique", "meta.not_for_type", "unique", type);
    if ((f->hidden || f->write_only) && (f->in_list || f->in_card || f->search || f->sort))
        FFAIL(k, f, f->hidden ? "hidden" : "write_only", "meta.hidden_shown", f->name);
    if (f->type == FT_PARTS && !f->parts_json)
        FFAIL(k, f, NULL, "meta.no_parts", f->name);
    if (f->type != FT_PARTS && f->parts_json)
        FFAIL(k, f, "parts", "meta.not_for_type", "parts", type);
    if (f->shown_by && f->type != FT_PARTS)
        FFAIL(k, f, "shown_by", "meta.not_for_type", "shown_by", type);
    if (f->shown_by && !entity_field(e, f->shown_by))
        FFAIL(k, f, "shown_by", "meta.no_such_field", "shown_by", f->shown_by);
    if (f->section) {
        bool found = false;
        for (int i = 0; i < e->n_sections; i++)
            found = found || strcmp(e->sections[i].name, f->section) == 0;
        if (!found)
            FFAIL(k, f, "section", "meta.no_section", f->section);
    }
    if (f->type == FT_NUMBER && !e->number)
        FFAIL(k, f, NULL, "meta.number_missing", f->name);
}

static void check_field(K *k, const Field *f)
{
    if (!name_legal(f->name, 50, '_'))
        FFAIL(k, f, f->custom ? "code" : NULL, "meta.name_illegal", f->name);
    else if (is_one_of(f->name, reserved_names))
        FFAIL(k, f, f->custom ? "code" : NULL, "meta.name_reserved", f->name);
    check_options(k, f);
    check_link(k, f);
    check_limits(k, f);
    check_default(k, f);
    check_match(k, f);
    check_required_by(k, f);
    check_own_condition(k, f, "required_if", f->required_if);
    check_own_condition(k, f, "shown_if", f->shown_if);
    check_flags(k, f);
}

static void check_columns(K *k)
{
    Map seen;
    map_init(&seen, k->c->a);
    for (int i = 0; i < k->e->n_fields; i++) {
        const Field *f = &k->e->fields[i];
        if (!f->column)
            continue;
        const char *names[4] = {f->column};
        int n = 1;
        if (f->fold)
            names[n++] = arena_printf(k->c->a, "%s_f", f->column);
        if (f->sort && f->type == FT_STRING)
            names[n++] = arena_printf(k->c->a, "%s_s", f->column);
        if (f->match)
            names[n++] = arena_printf(k->c->a, "%s_k", f->column);
        for (int j = 0; j < n; j++) {
            const Field *other = map_put(&seen, names[j], (void *)(uintptr_t)f);
            if (other)
                FFAIL(k, f, NULL, "meta.column_twice", f->name, names[j], other->name);
        }
    }
    for (int i = 0; i < k->e->n_fields; i++) {
        const Field *f = &k->e->fields[i];
        if (f->was && map_has(&seen, f->was))
            FFAIL(k, f, "was", "meta.was_used", f->was);
    }
}

/* ---- entity --------------------------------------------------------------------------------- */

bool meta_number_pattern_ok(const char *p)
{
    static const char *const dates[] = {"{yyyy}", "{yyyyMM}", "{yyyyMMdd}", "{yyMMdd}", "{yyMM}"};
    int seqs = 0;
    if (strlen(p) > 60)
        return false;
    while (*p) {
        if (*p == '}')
            return false;
        if (*p != '{') {
            bool plain = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
                         (*p >= '0' && *p <= '9') || strchr("-_/.", *p);
            if (!plain)
                return false;
            p++;
            continue;
        }
        if (strncmp(p, "{seq:", 5) == 0 && p[5] >= '1' && p[5] <= '9' && p[6] == '}') {
            seqs++;
            p += 7;
            continue;
        }
        size_t n = 0;
        for (size_t i = 0; i < sizeof dates / sizeof *dates && !n; i++)
            if (strncmp(p, dates[i], strlen(dates[i])) == 0)
                n = strlen(dates[i]);
        if (!n)
            return false;
        p += n;
    }
    return seqs == 1;
}

static void check_number(K *k)
{
    static const char *const resets[] = {"day", "month", "year", "never", NULL};
    const Entity *e = k->e;
    if (!is_one_of(e->number_reset, resets))
        EFAIL(k, "number_reset", NULL, "meta.one_of", "number_reset", e->number_reset,
              join(k->c->a, resets));
    if (!e->number)
        return;
    if (!meta_number_pattern_ok(e->number))
        EFAIL(k, "number", NULL, "meta.number_pattern", e->number);
    int n = 0;
    for (int i = 0; i < e->n_fields; i++)
        n += e->fields[i].type == FT_NUMBER;
    if (n != 1)
        EFAIL(k, "number", NULL, "meta.number_field");
    /* A sequence that starts again must carry what tells its periods apart, or numbers would repeat. */
    bool day = strstr(e->number, "MMdd}"), month = day || strstr(e->number, "MM}"),
         year = month || strstr(e->number, "{yyyy}");
    if ((strcmp(e->number_reset, "day") == 0 && !day) ||
        (strcmp(e->number_reset, "month") == 0 && !month) ||
        (strcmp(e->number_reset, "year") == 0 && !year))
        EFAIL(k, "number_reset", NULL, "meta.number_repeat", e->number, e->number_reset);
}

static void check_timeline(K *k)
{
    const Entity *e = k->e;
    for (int i = 0; e->timeline && e->timeline[i]; i++) {
        const char *dot = strchr(e->timeline[i], '.');
        const Entity *t = NULL;
        const Field *f = NULL;
        if (dot)
            t = model_entity(k->m,
                             arena_dup(k->c->a, e->timeline[i], (size_t)(dot - e->timeline[i])));
        if (t)
            f = entity_field(t, dot + 1);
        bool fits = f && f->type == FT_LINK;
        if (fits && f->to)
            fits = strcmp(f->to, e->name) == 0;
        else if (fits) {
            const Field *by = entity_field(t, f->to_field);
            fits = by && field_option(by, e->name);
        }
        if (!fits)
            EFAIL(k, "timeline", NULL, "meta.timeline", e->timeline[i], e->name);
    }
    if ((e->gets & GETS_TIMELINE) && !(e->timeline && e->timeline[0]))
        EFAIL(k, "gets", NULL, "meta.timeline_empty");
}

static void check_words(K *k, const char *key, const char *sub, const char *what, const char *text,
                        char sep, const char *const *words)
{
    char word[64];
    while (*text) {
        size_t n = 0;
        while (text[n] && text[n] != sep)
            n++;
        if (n >= sizeof word) {
            EFAIL(k, key, sub, "meta.one_of", what, text, join(k->c->a, words));
            return;
        }
        memcpy(word, text, n);
        word[n] = 0;
        if (n && !is_one_of(word, words)) {
            const char *near = meta_nearest(word, words, count(words));
            if (near)
                EFAIL(k, key, sub, "meta.one_of_near", what, word, near);
            else
                EFAIL(k, key, sub, "meta.one_of", what, word, join(k->c->a, words));
        }
        text += n;
        while (*text == sep)
            text++;
    }
}

static void check_roles(K *k)
{
    const Entity *e = k->e;
    const Embed *known = embed_find("data/roles.json");
    json_object *roles = NULL;
    if (known) {
        int before = k->c->n_err;
        if (!json_read_relaxed(k->c, (const char *)known->data, known->len, &roles)) {
            roles = NULL;
            ctx_errors_back_to(k->c, before);
        }
    }
    for (int i = 0; i < e->n_roles; i++) {
        const RoleRow *r = &e->roles[i];
        check_words(k, "roles", r->role, "scope", r->scope, ',', meta_scope_names);
        check_words(k, "roles", r->role, "actions", r->actions, ' ', meta_action_names);
        if (roles && strcmp(r->role, "*") != 0 && !json_object_object_get_ex(roles, r->role, NULL))
            EFAIL(k, "roles", r->role, "meta.role_unknown", r->role);
        for (int j = 0; j < i; j++)
            if (strcmp(e->roles[j].role, r->role) == 0)
                EFAIL(k, "roles", r->role, "meta.role_twice", r->role);
    }
    if (e->right && !is_one_of(e->right, meta_right_names))
        EFAIL(k, "right", NULL, "meta.one_of", "right", e->right, join(k->c->a, meta_right_names));
    if (e->routes && !e->right && !e->n_roles)
        EFAIL(k, "entity", NULL, "meta.nobody");
}

static void check_actions(K *k)
{
    for (int i = 0; i < k->e->n_actions; i++) {
        const EntityAction *x = &k->e->actions[i];
        if (!name_legal(x->name, 40, '_'))
            EFAIL(k, "actions", x->name, "meta.name_illegal", x->name);
        if (!is_one_of(x->right, meta_action_names))
            EFAIL(k, "actions", x->name, "meta.one_of", "right", x->right,
                  join(k->c->a, meta_action_names));
    }
}

static void check_indexes(K *k)
{
    const Entity *e = k->e;
    for (int i = 0; i < e->n_indexes; i++) {
        for (int j = 0; e->indexes[i].fields[j]; j++) {
            const char *name = e->indexes[i].fields[j];
            name += *name == '-';
            const Field *f = entity_field(e, name);
            if (!f)
                no_such_field(k, "indexes", NULL, name);
            else if (!f->column)
                EFAIL(k, "indexes", NULL, "meta.index_no_column", name);
        }
    }
}

static void check_dups(K *k)
{
    const Entity *e = k->e;
    for (int i = 0; i < e->n_dups; i++) {
        const DupRule *d = &e->dups[i];
        for (int j = 0; d->fields[j]; j++) {
            const Field *f = entity_field(e, d->fields[j]);
            if (!f)
                no_such_field(k, "dups", d->name, d->fields[j]);
            else if (!f->match)
                EFAIL(k, "dups", d->name, "meta.dup_no_match", d->name, f->name);
        }
    }
    if ((e->gets & GETS_DEDUPE) && !e->n_dups)
        EFAIL(k, "gets", NULL, "meta.dedupe_empty");
}

static void check_order(K *k)
{
    const Entity *e = k->e;
    const char *s = e->sort;
    s += *s == '-';
    const Field *f = entity_field(e, s);
    if (!f)
        no_such_field(k, "sort", NULL, s);
    else if (!f->sort && strcmp(s, "id") != 0)
        EFAIL(k, "sort", NULL, "meta.sort_no_index", s);
}

/* A page of the calendar is a range of an index. */
static void check_calendar(K *k)
{
    const Entity *e = k->e;
    if (!e->calendar)
        return;
    const Field *f = entity_field(e, e->calendar);
    if (!f)
        no_such_field(k, "calendar", NULL, e->calendar);
    else if ((f->type != FT_DATE && f->type != FT_DATETIME) || !f->sort)
        EFAIL(k, "calendar", NULL, "meta.calendar_field", e->calendar);
}

static void check_gets(K *k)
{
    const Entity *e = k->e;
    bool searched = false;
    for (int i = 0; i < e->n_fields; i++)
        searched = searched || e->fields[i].search > 0;
    if ((e->gets & GETS_SEARCH) && !searched)
        EFAIL(k, "gets", NULL, "meta.search_empty");
    static const unsigned need_standard[] = {GETS_SHARE, GETS_HISTORY, GETS_TRASH, GETS_CUSTOM,
                                             GETS_IMPORT};
    static const char *const names[] = {"share", "history", "trash", "custom_fields", "import"};
    for (int i = 0; i < 5; i++)
        if ((e->gets & need_standard[i]) && !e->standard)
            EFAIL(k, "gets", NULL, "meta.gets_standard", names[i]);
}

static void check_links_of_entity(K *k)
{
    const Entity *e = k->e;
    if (e->parent) {
        const Field *f = entity_field(e, e->parent);
        if (!f)
            no_such_field(k, "parent", NULL, e->parent);
        else if (f->type != FT_LINK)
            EFAIL(k, "parent", NULL, "meta.parent_link", e->parent);
    }
    if (e->tree) {
        const Field *f = entity_field(e, e->tree);
        if (!f)
            no_such_field(k, "tree", NULL, e->tree);
        else if (f->type != FT_LINK || !f->to || strcmp(f->to, e->name) != 0)
            EFAIL(k, "tree", NULL, "meta.tree_self", e->tree);
    }
    if (!e->title->column)
        EFAIL(k, "title", NULL, "meta.title_column", e->title->name);
}

static void check_names(K *k)
{
    const Entity *e = k->e;
    if (!name_legal(e->name, 40, '_') || strncmp(e->name, "rel_", 4) == 0 ||
        strncmp(e->name, "search_", 7) == 0)
        EFAIL(k, "entity", NULL, "meta.name_illegal", e->name);
    else if (meta_is_engine_table(e->name))
        EFAIL(k, "entity", NULL, "meta.name_engine", e->name);
    if (!name_legal(e->plural, 60, '-'))
        EFAIL(k, "plural", NULL, "meta.plural_illegal", e->plural);
    else if (e->routes && is_one_of(e->plural, reserved_plurals))
        EFAIL(k, "plural", NULL, "meta.plural_reserved", e->plural);
    if (!name_legal(e->group, 40, '_'))
        EFAIL(k, "group", NULL, "meta.name_illegal", e->group);
    const char *slash = strrchr(e->file, '/');
    const char *base = slash ? slash + 1 : e->file;
    size_t n = strlen(e->name);
    if (strncmp(base, e->name, n) != 0 || strcmp(base + n, ".json") != 0)
        EFAIL(k, "entity", NULL, "meta.file_name", e->name);
    for (int i = 0; i < e->index; i++) {
        const Entity *o = &k->m->entities[i];
        if (strcmp(o->name, e->name) == 0)
            EFAIL(k, "entity", NULL, "meta.entity_twice", e->name, o->file);
        if (strcmp(o->plural, e->plural) == 0)
            EFAIL(k, "plural", NULL, "meta.plural_twice", e->plural, o->file);
    }
}

bool check_model(Ctx *c, const Model *m, const MetaSource *sources, int n)
{
    K k = {.c = c, .m = m, .sources = sources, .n = n, .ok = true};
    bool standard_done = false;
    k.standard_path = "entities/standard.json";
    for (int i = 0; i < n; i++)
        if (strlen(sources[i].path) >= 13 &&
            strcmp(sources[i].path + strlen(sources[i].path) - 13, "standard.json") == 0)
            k.standard_path = sources[i].path;
    for (int i = 0; i < m->n; i++) {
        k.e = &m->entities[i];
        k.s = NULL;
        for (int j = 0; j < n; j++)
            if (strcmp(sources[j].path, k.e->file) == 0)
                k.s = &sources[j];
        check_names(&k);
        check_number(&k);
        check_order(&k);
        check_calendar(&k);
        check_links_of_entity(&k);
        check_timeline(&k);
        check_gets(&k);
        check_indexes(&k);
        check_dups(&k);
        check_actions(&k);
        check_roles(&k);
        check_open(&k);
        check_columns(&k);
        for (int j = 0; j < k.e->n_fields; j++) {
            const Field *f = &k.e->fields[j];
            if (f->standard && (standard_done || !k.e->standard))
                continue;
            check_field(&k, f);
        }
        standard_done = standard_done || k.e->standard;
    }
    return k.ok;
}
