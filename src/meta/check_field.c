/*
 * The checks of one field: options, link, limits, default, patterns, conditions, flags, columns. Each has a test in
 * test/unit/meta/test_check.c.
 */
#include "meta/check_impl.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "base/conf.h"
#include "meta/types.h"

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
        if (o->color && !check_one_of(o->color, colors))
            FFAIL(k, f, "options", "meta.one_of", "color", o->color, check_join(k->c->a, colors));
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

bool check_own_leaves(const Filter *x)
{
    if (x->kind == FILTER_VIA || x->kind == FILTER_SHARED || x->kind == FILTER_TOLD ||
        x->kind == FILTER_TWIN)
        return false;
    for (int i = 0; i < x->n_kids; i++)
        if (!check_own_leaves(x->kids[i]))
            return false;
    return true;
}

Filter *check_own_filter(K *k, const char *json, const char **why)
{
    int before = k->c->n_err;
    Filter *x = NULL;
    bool good = filter_parse_text(k->c, k->e, json, NULL, (FilterMe){0}, &x);
    *why = !good && k->c->err_last ? arena_str(k->c->a, k->c->err_last->message) : "";
    ctx_errors_back_to(k->c, before);
    return good ? x : NULL;
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
    const Filter *x = check_own_filter(k, condition, &why);
    if (!x)
        FFAIL(k, f, key, "meta.required_if", why);
    else if (!check_own_leaves(x))
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

void check_field(K *k, const Field *f)
{
    if (!check_name_legal(f->name, 50, '_'))
        FFAIL(k, f, f->custom ? "code" : NULL, "meta.name_illegal", f->name);
    else if (check_one_of(f->name, reserved_names))
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

void check_columns(K *k)
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
