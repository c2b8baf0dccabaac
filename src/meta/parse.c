/* The shape of fields, and what reading a file takes: keys, kinds, labels, places. See parse.h; entities are read
   in parse_entity.c, docs/entity.md is the format. */
#include "meta/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "meta/parse_impl.h"
#include "meta/types.h"

static const Key field_keys[] = {
    {"type", K_STR},         {"label", K_LABEL},
    {"definition", K_TEXT2}, {"example", K_TEXT2},
    {"section", K_STR},      {"unit", K_STR},
    {"required", K_BOOL},    {"form_required", K_BOOL},
    {"unique", K_BOOL},      {"readonly", K_BOOL},
    {"create_only", K_BOOL}, {"write_only", K_BOOL},
    {"may_circle", K_BOOL},  {"step_up", K_BOOL},
    {"hidden", K_BOOL},      {"personal", K_BOOL},
    {"audit", K_BOOL},       {"list", K_BOOL},
    {"form", K_BOOL},        {"card", K_BOOL},
    {"sort", K_BOOL},        {"fold", K_BOOL},
    {"search", K_INT},       {"match", K_STR},
    {"min", K_NUM},          {"max", K_NUM},
    {"scale", K_INT},        {"pattern", K_STR},
    {"options", K_OBJ},      {"to", K_STR},
    {"to_field", K_STR},     {"default", K_SCALAR},
    {"required_by", K_STR},  {"required_if", K_ARR},
    {"shown_if", K_ARR},     {"parts", K_OBJ},
    {"shown_by", K_STR},     {"synonyms", K_STR},
    {"refs", K_OBJ},         {"was", K_STR},
    {"retired", K_BOOL}, /* custom fields only */
};

static const Key option_keys[] = {
    {"zh", K_STR}, {"en", K_STR}, {"color", K_STR}, {"disabled", K_BOOL}, {"synonyms", K_STR}};
static const Key label_keys[] = {{"zh", K_STR}, {"en", K_STR}};
static const Key standard_keys[] = {{"fields", K_OBJ}};

int meta_line(const MetaSource *s, const char *const *keys)
{
    const char *path[12];
    int n = 0;
    for (; n < 11 && keys[n]; n++)
        path[n] = keys[n];
    for (;; n--) { /* what is missing has no line: then that of what should hold it */
        path[n] = NULL;
        int line = json_line_of(s->text, path);
        if (line)
            return line; /* in the end that of an empty path, which is 1 */
    }
}

bool meta_fail_args(Ctx *c, const char *file, int line, const char *const *key_and_args)
{
    char *what = msg_format(c->a, c->lang, key_and_args[0], key_and_args + 1);
    if (!file)
        return ctx_fail(c, ERR_INVALID, NULL, "meta.plain", what);
    if (!line)
        return ctx_fail(c, ERR_INVALID, NULL, "meta.at_file", file, what);
    return ctx_fail(c, ERR_INVALID, NULL, "meta.at_line", file, ctx_num(c, line), what);
}

/* A mistake at key (or, NULL, at the place itself). */
bool parse_fail_at(P *p, const char *key, const char *const *key_and_args)
{
    if (!p->s) {
        char *what = msg_format(p->c->a, p->c->lang, key_and_args[0], key_and_args + 1);
        return ctx_fail(p->c, ERR_INVALID, key, "meta.plain", what);
    }
    const char *keys[10];
    int n = 0;
    for (; n < p->depth; n++)
        keys[n] = p->path[n];
    if (key)
        keys[n++] = key;
    keys[n] = NULL;
    return meta_fail_args(p->c, p->s->path, meta_line(p->s, keys), key_and_args);
}

void parse_push(P *p, const char *key)
{
    p->path[p->depth++] = key;
}
void parse_pop(P *p)
{
    p->depth--;
}

static int distance(const char *x, const char *y)
{
    size_t n = strlen(y);
    if (strlen(x) > 63 || n > 63)
        return 99;
    int row[64];
    for (size_t j = 0; j <= n; j++)
        row[j] = (int)j;
    for (size_t i = 1; x[i - 1]; i++) {
        int diag = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= n; j++) {
            int best = diag + (x[i - 1] != y[j - 1]);
            diag = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

const char *meta_nearest(const char *word, const char *const *words, int n)
{
    const char *best = NULL;
    int best_d = (int)strlen(word) / 3 + 2;
    for (int i = 0; i < n; i++) {
        int d = distance(word, words[i]);
        if (d < best_d) {
            best_d = d;
            best = words[i];
        }
    }
    return best;
}

#define T(name) (1u << json_type_##name)
static const struct {
    unsigned types;
    const char *message; /* where it is of none of them */
} kinds[] = {
    [K_STR] = {T(string), "meta.want_text"},
    [K_BOOL] = {T(boolean), "meta.want_bool"},
    [K_INT] = {T(int), "meta.want_int"},
    [K_LABEL] = {T(object), "meta.want_label"},
    [K_TEXT2] = {T(object) | T(string), "meta.want_label"},
    [K_NUM] = {T(int) | T(double) | T(string), "meta.want_number"},
    [K_OBJ] = {T(object), "meta.want_object"},
    [K_ARR] = {T(array), "meta.want_list"},
    [K_SCALAR] = {T(string) | T(boolean) | T(int) | T(double), "meta.want_scalar"},
};
#undef T

/* Every member of o is one of keys and of its kind. Members of the wrong kind are taken out, so that
   the reading behind it needs no doubt. */
bool parse_shape(P *p, json_object *o, const Key *keys, size_t n)
{
    bool ok = true;
    const char *bad[64]; /* a key stands once, and no list of keys is longer */
    int n_bad = 0;
    json_object_object_foreach(o, name, val)
    {
        const Key *k = NULL;
        for (size_t i = 0; i < n && !k; i++)
            if (strcmp(keys[i].name, name) == 0)
                k = &keys[i];
        if (!k) {
            const char *words[64];
            for (size_t i = 0; i < n; i++)
                words[i] = keys[i].name;
            const char *near = meta_nearest(name, words, (int)n);
            if (near)
                ok = FAIL(p, name, "meta.unknown_key_near", name, near);
            else
                ok = FAIL(p, name, "meta.unknown_key", name);
        } else if (!(kinds[k->kind].types & 1u << json_object_get_type(val))) {
            ok = FAIL(p, name, kinds[k->kind].message, name);
            bad[n_bad++] = k->name;
        }
    }
    for (int i = 0; i < n_bad; i++)
        json_object_object_del(o, bad[i]);
    return ok;
}

const char *parse_text(P *p, json_object *o, const char *key)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v))
        return NULL;
    return arena_str(p->a, json_object_get_string(v));
}

bool parse_bool(json_object *o, const char *key, bool dflt)
{
    json_object *v;
    return json_object_object_get_ex(o, key, &v) ? json_object_get_boolean(v) : dflt;
}

const char *parse_json(P *p, json_object *o, const char *key)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v))
        return NULL;
    return arena_str(p->a, json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* {"zh","en"}, both there and not empty (custom fields: en falls back). One text for both where alone. */
bool parse_label_from(P *p, const char *key, json_object *v, bool alone, Label *out)
{
    if (json_object_is_type(v, json_type_string)) {
        if (!alone)
            return FAIL(p, key, "meta.want_label", key);
        out->zh = out->en = arena_str(p->a, json_object_get_string(v));
        return true;
    }
    parse_push(p, key);
    bool ok = SHAPE(p, v, label_keys);
    parse_pop(p);
    out->zh = parse_text(p, v, "zh");
    out->en = parse_text(p, v, "en");
    if (p->custom && (!out->en || !*out->en))
        out->en = out->zh;
    if (!out->zh || !*out->zh)
        ok = FAIL(p, key, "meta.label_missing", key, "zh");
    if (!out->en || !*out->en)
        ok = FAIL(p, key, "meta.label_missing", key, "en");
    if (!ok) {
        out->zh = out->zh ? out->zh : "?";
        out->en = out->en ? out->en : "?";
    }
    return ok;
}

bool parse_label(P *p, json_object *o, const char *key, bool required, bool alone, Label *out)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v)) {
        if (!required)
            return true;
        out->zh = out->en = "?";
        return FAIL(p, NULL, "meta.missing_key", key);
    }
    return parse_label_from(p, key, v, alone, out);
}

bool parse_words(P *p, json_object *o, const char *key, const char *const **out)
{
    json_object *v;
    *out = NULL;
    if (!json_object_object_get_ex(o, key, &v))
        return true;
    size_t n = json_object_array_length(v);
    const char **list = ARENA_ARRAY(p->a, n + 1, const char *);
    for (size_t i = 0; i < n; i++) {
        json_object *it = json_object_array_get_idx(v, i);
        if (!json_object_is_type(it, json_type_string))
            return FAIL(p, key, "meta.want_words", key);
        list[i] = arena_str(p->a, json_object_get_string(it));
    }
    *out = list;
    return true;
}

/* A limit as written: whole for most, scaled for decimals and money. */
static bool limit_of(P *p, json_object *o, const char *key, const Field *f, int64_t *out, bool *has)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v))
        return true;
    const char *text = json_object_get_string(v);
    const char *t = text;
    bool neg = *t == '-';
    if (neg)
        t++;
    int64_t n = 0;
    int digits = 0, frac = -1;
    for (; *t; t++) {
        if (*t == '.' && frac < 0) {
            frac = 0;
        } else if (*t >= '0' && *t <= '9' && digits < 15) {
            n = n * 10 + (*t - '0');
            digits++;
            if (frac >= 0)
                frac++;
        } else {
            return FAIL(p, key, "meta.want_number", key);
        }
    }
    int scale = f->type == FT_DECIMAL || f->type == FT_MONEY ? f->scale : 0;
    if (frac < 0)
        frac = 0;
    if (!digits || frac > scale)
        return FAIL(p, key, "meta.want_number", key);
    for (; frac < scale; frac++)
        n *= 10;
    *out = neg ? -n : n;
    *has = true;
    return true;
}

static bool options_of(P *p, json_object *o, Field *f)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "options", &v))
        return true;
    bool ok = true;
    Option *list = ARENA_ARRAY(p->a, json_object_object_length(v), Option);
    parse_push(p, "options");
    json_object_object_foreach(v, code, item)
    {
        Option *op = &list[f->n_options++];
        op->code = arena_str(p->a, code);
        op->label.zh = op->label.en = "?";
        if (!json_object_is_type(item, json_type_object)) {
            ok = FAIL(p, code, "meta.want_label", code);
            continue;
        }
        parse_push(p, code);
        ok = SHAPE(p, item, option_keys) && ok;
        parse_pop(p);
        op->label.zh = parse_text(p, item, "zh");
        op->label.en = parse_text(p, item, "en");
        if (p->custom && (!op->label.en || !*op->label.en))
            op->label.en = op->label.zh;
        if (!op->label.zh || !*op->label.zh)
            ok = FAIL(p, code, "meta.label_missing", code, "zh");
        if (!op->label.en || !*op->label.en)
            ok = FAIL(p, code, "meta.label_missing", code, "en");
        if (!op->label.zh)
            op->label.zh = "?";
        if (!op->label.en)
            op->label.en = "?";
        op->color = parse_text(p, item, "color");
        op->disabled = parse_bool(item, "disabled", false);
        op->synonyms = parse_text(p, item, "synonyms");
    }
    parse_pop(p);
    f->options = list;
    return ok;
}

/* {"*.users.*": "user", "": "filter"} */
static bool refs_of(P *p, json_object *o, Field *f)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "refs", &v))
        return true;
    bool ok = true;
    RefPath *list = ARENA_ARRAY(p->a, json_object_object_length(v), RefPath);
    json_object_object_foreach(v, path, what)
    {
        if (!json_object_is_type(what, json_type_string)) {
            ok = FAIL(p, "refs", "meta.want_text", path);
            continue;
        }
        size_t n = 0, most = strlen(path) + 2;
        const char **steps = ARENA_ARRAY(p->a, most, const char *);
        for (const char *at = path; *at;) {
            size_t len = strcspn(at, ".");
            steps[n++] = arena_dup(p->a, at, len);
            at += len + (at[len] == '.');
        }
        list[f->n_refs++] =
            (RefPath){.steps = steps, .what = arena_str(p->a, json_object_get_string(what))};
    }
    f->refs = list;
    return ok;
}

static const char *default_of(P *p, json_object *o)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "default", &v))
        return NULL;
    return arena_str(p->a, json_object_get_string(v));
}

static bool match_of(P *p, json_object *o, Field *f)
{
    static const char *const names[] = {"none", "name", "phone", "credit_code", "email", "exact"};
    const char *m = parse_text(p, o, "match");
    if (!m)
        return true;
    for (int i = 1; i < 6; i++) {
        if (strcmp(m, names[i]) == 0) {
            f->match = (MatchKind)i;
            return true;
        }
    }
    return FAIL(p, "match", "meta.one_of", "match", m, "name phone credit_code email exact");
}

static bool type_of(P *p, json_object *o, Field *f)
{
    const char *t = parse_text(p, o, "type");
    if (!t)
        return FAIL(p, NULL, "meta.missing_key", "type");
    if (type_parse(t, &f->type))
        return true;
    const char *words[FT__COUNT];
    for (int i = 0; i < FT__COUNT; i++)
        words[i] = type_ops((FieldType)i)->name;
    const char *near = meta_nearest(t, words, FT__COUNT);
    return near ? FAIL(p, "type", "meta.unknown_type_near", t, near)
                : FAIL(p, "type", "meta.unknown_type", t);
}

/* One line of text: folded by itself where it is listed, sorted or searched. */
static bool is_text_type(FieldType t)
{
    return type_ops(t)->text && t != FT_TEXT;
}

/* p stands at the field. */
bool parse_field(P *p, const char *name, json_object *o, Field *f)
{
    f->name = arena_str(p->a, name);
    bool ok = SHAPE(p, o, field_keys);
    f->label.zh = f->label.en = "?";
    if (!type_of(p, o, f))
        return false;
    ok = parse_label(p, o, "label", true, false, &f->label) && ok;
    ok = parse_label(p, o, "definition", false, p->custom, &f->definition) && ok;
    ok = parse_label(p, o, "example", false, true, &f->example) && ok;
    f->section = parse_text(p, o, "section");
    f->unit = parse_text(p, o, "unit");
    f->required = parse_bool(o, "required", false);
    f->form_required = parse_bool(o, "form_required", false);
    f->unique = parse_bool(o, "unique", f->type == FT_NUMBER);
    f->readonly = parse_bool(o, "readonly", f->type == FT_NUMBER);
    f->create_only = parse_bool(o, "create_only", false);
    f->write_only = parse_bool(o, "write_only", false);
    f->may_circle = parse_bool(o, "may_circle", false);
    f->step_up = parse_bool(o, "step_up", false);
    f->hidden = parse_bool(o, "hidden", false);
    f->personal = parse_bool(o, "personal", false);
    f->audit = parse_bool(o, "audit", false);
    f->in_list = parse_bool(o, "list", false);
    f->in_form = parse_bool(o, "form", !f->readonly && !f->hidden);
    f->in_card = parse_bool(o, "card", false);
    f->sort = parse_bool(o, "sort", false);
    f->search = (int)json_int(o, "search", 0);
    f->scale = f->type == FT_MONEY || f->type == FT_DECIMAL ? (int)json_int(o, "scale", 2) : 0;
    f->retired = p->custom && parse_bool(o, "retired", false);
    f->custom = p->custom;
    bool wants_fold = is_text_type(f->type) && !f->hidden && !f->write_only &&
                      (f->search > 0 || f->in_list || f->sort || p->custom);
    f->fold = parse_bool(o, "fold", wants_fold || (f->type == FT_TEXT && f->search > 0));
    ok = match_of(p, o, f) && ok;
    ok = limit_of(p, o, "min", f, &f->min, &f->has_min) && ok;
    ok = limit_of(p, o, "max", f, &f->max, &f->has_max) && ok;
    f->pattern = parse_text(p, o, "pattern");
    ok = refs_of(p, o, f) && ok;
    ok = options_of(p, o, f) && ok;
    f->to = parse_text(p, o, "to");
    f->to_field = parse_text(p, o, "to_field");
    f->dflt = default_of(p, o);
    f->required_by = parse_text(p, o, "required_by");
    f->required_if = parse_json(p, o, "required_if");
    f->shown_if = parse_json(p, o, "shown_if");
    f->parts_json = parse_json(p, o, "parts");
    f->shown_by = parse_text(p, o, "shown_by");
    f->synonyms = parse_text(p, o, "synonyms");
    f->was = parse_text(p, o, "was");
    if (!p->custom && parse_bool(o, "retired", false))
        ok = FAIL(p, "retired", "meta.only_custom", "retired");
    if (type_ops(f->type)->has_column) {
        bool link = f->type == FT_LINK || f->type == FT_FILE || f->type == FT_IMAGE;
        f->column = link ? arena_printf(p->a, "%s_id", f->name) : f->name;
    }
    return ok;
}

bool parse_fields(P *p, json_object *fields, Field *out, int *n)
{
    bool ok = true;
    parse_push(p, "fields");
    json_object_object_foreach(fields, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        parse_push(p, name);
        Field *f = &out[*n];
        memset(f, 0, sizeof *f);
        ok = parse_field(p, name, val, f) && ok;
        f->index = (*n)++;
        parse_pop(p);
    }
    parse_pop(p);
    return ok;
}

bool parse_read(Ctx *c, const MetaSource *s, json_object **out)
{
    int before = c->n_err;
    if (!json_read_relaxed(c, s->text, s->len, out)) {
        const char *why = c->err_last->message;
        ctx_errors_back_to(c, before);
        return meta_fail(c, s->path, 0, "meta.no_json", why);
    }
    if (!json_object_is_type(*out, json_type_object))
        return meta_fail(c, s->path, 1, "meta.no_object");
    return true;
}

bool parse_standard(Ctx *c, Arena *a, const MetaSource *s, Field **out, int *out_n)
{
    json_object *o, *fields;
    if (!parse_read(c, s, &o))
        return false;
    P p = {.c = c, .a = a, .s = s};
    bool ok = SHAPE(&p, o, standard_keys);
    if (!json_object_object_get_ex(o, "fields", &fields))
        return FAIL(&p, NULL, "meta.missing_key", "fields");
    *out = ARENA_ARRAY(a, json_object_object_length(fields), Field);
    *out_n = 0;
    ok = parse_fields(&p, fields, *out, out_n) && ok;
    for (int i = 0; i < *out_n; i++)
        (*out)[i].standard = true;
    static const char *const names[STD__COUNT] = {
        "id",          "version",    "owner",      "owner_department", "created_at",
        "created_by",  "updated_at", "updated_by", "deleted_at",       "deleted_by",
        "archived_at", "origin",     "import_job", "ext_source",       "ext_id"};
    if (*out_n != STD__COUNT)
        return FAIL(&p, "fields", "meta.standard_order");
    for (int i = 0; i < STD__COUNT; i++)
        if (strcmp((*out)[i].name, names[i]) != 0)
            return FAIL(&p, "fields", "meta.standard_order");
    return ok;
}

bool parse_custom(Ctx *c, Arena *a, const CustomField *cf, Entity *e)
{
    P p = {.c = c, .a = a, .s = NULL, .custom = true};
    json_object *o;
    if (!json_read(c, cf->json, strlen(cf->json), &o))
        return false;
    if (!json_object_is_type(o, json_type_object))
        return FAIL(&p, NULL, "meta.no_object");
    if (map_has(&e->by_name, cf->name))
        return FAIL(&p, "code", "meta.field_exists", cf->name, e->label.zh);
    Field *f = &e->fields[e->n_fields];
    memset(f, 0, sizeof *f);
    bool ok = parse_field(&p, cf->name, o, f);
    f->index = e->n_fields++;
    f->custom_id = cf->id;
    map_put(&e->by_name, f->name, f);
    return ok;
}
