/* Entity files and custom fields → Entity and Field. See parse.h; docs/entity.md is the format. */
#include "meta/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "meta/types.h"

typedef enum KeyKind { K_STR, K_BOOL, K_INT, K_LABEL, K_TEXT2, K_NUM, K_OBJ, K_ARR, K_SCALAR } KeyKind;

typedef struct Key {
    const char *name;
    KeyKind kind;
} Key;

static const Key entity_keys[] = {
    {"entity", K_STR}, {"plural", K_STR}, {"label", K_LABEL}, {"about", K_LABEL}, {"group", K_STR},
    {"icon", K_STR}, {"menu", K_BOOL}, {"routes", K_BOOL}, {"standard", K_BOOL},
    {"readonly", K_BOOL}, {"title", K_STR}, {"hooks", K_STR}, {"number", K_STR},
    {"number_reset", K_STR}, {"gets", K_ARR}, {"sort", K_STR}, {"parent", K_STR}, {"tree", K_STR},
    {"timeline", K_ARR}, {"right", K_STR}, {"sections", K_OBJ}, {"fields", K_OBJ},
    {"indexes", K_ARR}, {"dups", K_OBJ}, {"actions", K_OBJ}, {"roles", K_OBJ},
};

static const Key field_keys[] = {
    {"type", K_STR}, {"label", K_LABEL}, {"definition", K_TEXT2}, {"example", K_TEXT2},
    {"section", K_STR}, {"unit", K_STR}, {"required", K_BOOL}, {"form_required", K_BOOL},
    {"unique", K_BOOL}, {"readonly", K_BOOL}, {"create_only", K_BOOL}, {"write_only", K_BOOL},
    {"hidden", K_BOOL}, {"personal", K_BOOL}, {"audit", K_BOOL}, {"list", K_BOOL},
    {"form", K_BOOL}, {"card", K_BOOL}, {"sort", K_BOOL}, {"fold", K_BOOL}, {"search", K_INT},
    {"match", K_STR}, {"min", K_NUM}, {"max", K_NUM}, {"scale", K_INT}, {"pattern", K_STR},
    {"options", K_OBJ}, {"to", K_STR}, {"to_field", K_STR}, {"default", K_SCALAR},
    {"required_if", K_ARR}, {"parts", K_OBJ}, {"synonyms", K_STR}, {"was", K_STR},
    {"retired", K_BOOL}, /* custom fields only */
};

static const Key option_keys[] = {
    {"zh", K_STR}, {"en", K_STR}, {"color", K_STR}, {"disabled", K_BOOL}};
static const Key label_keys[] = {{"zh", K_STR}, {"en", K_STR}};
static const Key standard_keys[] = {{"fields", K_OBJ}};
static const Key index_keys[] = {{"fields", K_ARR}, {"unique", K_BOOL}};
static const Key dup_keys[] = {{"fields", K_ARR}, {"form", K_STR}, {"api", K_STR}, {"import", K_STR}};
static const Key action_keys[] = {{"label", K_LABEL}, {"right", K_STR}, {"step_up", K_BOOL},
                                  {"on_entity", K_BOOL}, {"fields", K_OBJ}};
static const Key role_keys[] = {{"scope", K_STR}, {"actions", K_STR}, {"clear", K_BOOL}};

const char *const meta_gets_names[] = {"search", "audit", "import", "export", "timeline", "dedupe",
                                       "tags", "attachments", "custom_fields", "share", "history",
                                       "trash", NULL};

/* One file being read. path: keys from the root to where we are, for the line. */
typedef struct P {
    Ctx *c;
    Arena *a;
    const MetaSource *s; /* NULL for a custom field */
    const char *path[8];
    int depth;
    bool custom;
} P;

static int n_words(const char *const *words)
{
    int n = 0;
    while (words[n])
        n++;
    return n;
}

int meta_line(const MetaSource *s, const char *const *keys)
{
    const char *path[12];
    int n = 0;
    for (; keys[n] && n < 11; n++)
        path[n] = keys[n];
    for (;; n--) { /* what is missing has no line: then that of what should hold it */
        path[n] = NULL;
        int line = json_line_of(s->text, path);
        if (line || n == 0)
            return line ? line : 1;
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
static bool fail_at(P *p, const char *key, const char *const *key_and_args)
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
#define FAIL(p, key, ...) fail_at((p), (key), (const char *const[]){__VA_ARGS__, NULL})

static void push(P *p, const char *key)
{
    p->path[p->depth++] = key;
}
static void pop(P *p)
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

static bool kind_ok(KeyKind k, json_object *v)
{
    json_type t = json_object_get_type(v);
    switch (k) {
    case K_STR: return t == json_type_string;
    case K_BOOL: return t == json_type_boolean;
    case K_INT: return t == json_type_int;
    case K_LABEL: return t == json_type_object;
    case K_TEXT2: return t == json_type_object || t == json_type_string;
    case K_NUM: return t == json_type_int || t == json_type_double || t == json_type_string;
    case K_OBJ: return t == json_type_object;
    case K_ARR: return t == json_type_array;
    case K_SCALAR:
        return t == json_type_string || t == json_type_boolean || t == json_type_int || t == json_type_double;
    }
    return false;
}

static const char *kind_message(KeyKind k)
{
    switch (k) {
    case K_STR: return "meta.want_text";
    case K_BOOL: return "meta.want_bool";
    case K_INT: return "meta.want_int";
    case K_LABEL: return "meta.want_label";
    case K_TEXT2: return "meta.want_label";
    case K_NUM: return "meta.want_number";
    case K_OBJ: return "meta.want_object";
    case K_ARR: return "meta.want_list";
    case K_SCALAR: return "meta.want_scalar";
    }
    return "meta.want_text";
}

/* Every member of o is one of keys and of its kind. Members of the wrong kind are taken out, so that
   the reading behind it needs no doubt. */
static bool shape(P *p, json_object *o, const Key *keys, size_t n)
{
    bool ok = true;
    const char *bad[64];
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
        } else if (!kind_ok(k->kind, val)) {
            ok = FAIL(p, name, kind_message(k->kind), name);
            if (n_bad < 64)
                bad[n_bad++] = k->name;
        }
    }
    for (int i = 0; i < n_bad; i++)
        json_object_object_del(o, bad[i]);
    return ok;
}
#define SHAPE(p, o, keys) shape((p), (o), (keys), sizeof(keys) / sizeof *(keys))

static const char *text_of(P *p, json_object *o, const char *key)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
        return NULL;
    return arena_str(p->a, json_object_get_string(v));
}

static bool bool_of(json_object *o, const char *key, bool dflt)
{
    json_object *v;
    return json_object_object_get_ex(o, key, &v) ? json_object_get_boolean(v) : dflt;
}

static const char *json_of(P *p, json_object *o, const char *key)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v))
        return NULL;
    return arena_str(p->a, json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* {"zh","en"}, both there and not empty (custom fields: en falls back). One text for both where alone. */
static bool label_from(P *p, const char *key, json_object *v, bool alone, Label *out)
{
    if (json_object_is_type(v, json_type_string)) {
        if (!alone)
            return FAIL(p, key, "meta.want_label", key);
        out->zh = out->en = arena_str(p->a, json_object_get_string(v));
        return true;
    }
    push(p, key);
    bool ok = SHAPE(p, v, label_keys);
    pop(p);
    out->zh = text_of(p, v, "zh");
    out->en = text_of(p, v, "en");
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

static bool label_of(P *p, json_object *o, const char *key, bool required, bool alone, Label *out)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v)) {
        if (!required)
            return true;
        out->zh = out->en = "?";
        return FAIL(p, NULL, "meta.missing_key", key);
    }
    return label_from(p, key, v, alone, out);
}

static bool word_list(P *p, json_object *o, const char *key, const char *const **out)
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
    push(p, "options");
    json_object_object_foreach(v, code, item)
    {
        Option *op = &list[f->n_options++];
        op->code = arena_str(p->a, code);
        op->label.zh = op->label.en = "?";
        if (!json_object_is_type(item, json_type_object)) {
            ok = FAIL(p, code, "meta.want_label", code);
            continue;
        }
        push(p, code);
        ok = SHAPE(p, item, option_keys) && ok;
        pop(p);
        op->label.zh = text_of(p, item, "zh");
        op->label.en = text_of(p, item, "en");
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
        op->color = text_of(p, item, "color");
        op->disabled = bool_of(item, "disabled", false);
    }
    pop(p);
    f->options = list;
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
    const char *m = text_of(p, o, "match");
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
    const char *t = text_of(p, o, "type");
    if (!t)
        return FAIL(p, NULL, "meta.missing_key", "type");
    if (type_parse(t, &f->type))
        return true;
    const char *words[FT__COUNT];
    for (int i = 0; i < FT__COUNT; i++)
        words[i] = type_ops((FieldType)i)->name;
    const char *near = meta_nearest(t, words, FT__COUNT);
    return near ? FAIL(p, "type", "meta.unknown_type_near", t, near) : FAIL(p, "type", "meta.unknown_type", t);
}

static bool is_text_type(FieldType t)
{
    return t == FT_STRING || t == FT_NUMBER || t == FT_EMAIL || t == FT_URL || t == FT_PHONE;
}

/* p stands at the field. */
static bool field_from(P *p, const char *name, json_object *o, Field *f)
{
    f->name = arena_str(p->a, name);
    bool ok = SHAPE(p, o, field_keys);
    f->label.zh = f->label.en = "?";
    if (!type_of(p, o, f))
        return false;
    ok = label_of(p, o, "label", true, false, &f->label) && ok;
    ok = label_of(p, o, "definition", false, p->custom, &f->definition) && ok;
    ok = label_of(p, o, "example", false, true, &f->example) && ok;
    f->section = text_of(p, o, "section");
    f->unit = text_of(p, o, "unit");
    f->required = bool_of(o, "required", false);
    f->form_required = bool_of(o, "form_required", false);
    f->unique = bool_of(o, "unique", f->type == FT_NUMBER);
    f->readonly = bool_of(o, "readonly", f->type == FT_NUMBER);
    f->create_only = bool_of(o, "create_only", false);
    f->write_only = bool_of(o, "write_only", false);
    f->hidden = bool_of(o, "hidden", false);
    f->personal = bool_of(o, "personal", false);
    f->audit = bool_of(o, "audit", false);
    f->in_list = bool_of(o, "list", false);
    f->in_form = bool_of(o, "form", !f->readonly && !f->hidden);
    f->in_card = bool_of(o, "card", false);
    f->sort = bool_of(o, "sort", false);
    f->search = (int)json_int(o, "search", 0);
    f->scale = f->type == FT_MONEY || f->type == FT_DECIMAL ? (int)json_int(o, "scale", 2) : 0;
    f->retired = p->custom && bool_of(o, "retired", false);
    f->custom = p->custom;
    bool wants_fold = is_text_type(f->type) && !f->hidden && !f->write_only &&
                      (f->search > 0 || f->in_list || f->sort || p->custom);
    f->fold = bool_of(o, "fold", wants_fold || (f->type == FT_TEXT && f->search > 0));
    ok = match_of(p, o, f) && ok;
    ok = limit_of(p, o, "min", f, &f->min, &f->has_min) && ok;
    ok = limit_of(p, o, "max", f, &f->max, &f->has_max) && ok;
    f->pattern = text_of(p, o, "pattern");
    ok = options_of(p, o, f) && ok;
    f->to = text_of(p, o, "to");
    f->to_field = text_of(p, o, "to_field");
    f->dflt = default_of(p, o);
    f->required_if = json_of(p, o, "required_if");
    f->parts_json = json_of(p, o, "parts");
    f->synonyms = text_of(p, o, "synonyms");
    f->was = text_of(p, o, "was");
    if (!p->custom && bool_of(o, "retired", false))
        ok = FAIL(p, "retired", "meta.only_custom", "retired");
    if (type_ops(f->type)->has_column) {
        bool link = f->type == FT_LINK || f->type == FT_FILE || f->type == FT_IMAGE;
        f->column = link ? arena_printf(p->a, "%s_id", f->name) : f->name;
    }
    return ok;
}

static bool fields_from(P *p, json_object *fields, Field *out, int *n)
{
    bool ok = true;
    push(p, "fields");
    json_object_object_foreach(fields, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        push(p, name);
        Field *f = &out[*n];
        memset(f, 0, sizeof *f);
        ok = field_from(p, name, val, f) && ok;
        f->index = (*n)++;
        pop(p);
    }
    pop(p);
    return ok;
}

static bool read_file(Ctx *c, const MetaSource *s, json_object **out)
{
    int before = c->n_err;
    if (!json_read_relaxed(c, s->text, s->len, out)) {
        const char *why = c->err_last ? c->err_last->message : "";
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
    if (!read_file(c, s, &o))
        return false;
    P p = {.c = c, .a = a, .s = s};
    bool ok = SHAPE(&p, o, standard_keys);
    if (!json_object_object_get_ex(o, "fields", &fields))
        return FAIL(&p, NULL, "meta.missing_key", "fields");
    *out = ARENA_ARRAY(a, json_object_object_length(fields), Field);
    *out_n = 0;
    ok = fields_from(&p, fields, *out, out_n) && ok;
    for (int i = 0; i < *out_n; i++)
        (*out)[i].standard = true;
    static const char *const names[STD__COUNT] = {
        "id", "version", "owner", "owner_department", "created_at", "created_by", "updated_at", "updated_by",
        "deleted_at", "deleted_by", "archived_at", "origin", "import_job", "ext_source", "ext_id"};
    if (*out_n != STD__COUNT)
        return FAIL(&p, "fields", "meta.standard_order");
    for (int i = 0; i < STD__COUNT; i++)
        if (strcmp((*out)[i].name, names[i]) != 0)
            return FAIL(&p, "fields", "meta.standard_order");
    return ok;
}

static bool gets_of(P *p, json_object *o, Entity *e)
{
    const char *const *list;
    if (!word_list(p, o, "gets", &list))
        return false;
    if (!list)
        return true;
    bool ok = true;
    for (int i = 0; list[i]; i++) {
        unsigned bit = 0;
        for (int k = 0; meta_gets_names[k]; k++)
            if (strcmp(list[i], meta_gets_names[k]) == 0)
                bit = 1u << k;
        if (!bit) {
            const char *near = meta_nearest(list[i], meta_gets_names, n_words(meta_gets_names));
            ok = near ? FAIL(p, "gets", "meta.unknown_gets_near", list[i], near)
                      : FAIL(p, "gets", "meta.unknown_gets", list[i]);
        } else if (e->gets & bit) {
            ok = FAIL(p, "gets", "meta.twice", list[i]);
        }
        e->gets |= bit;
    }
    return ok;
}

static bool sections_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "sections", &v))
        return true;
    bool ok = true;
    Section *list = ARENA_ARRAY(p->a, json_object_object_length(v), Section);
    push(p, "sections");
    json_object_object_foreach(v, name, val)
    {
        Section *s = &list[e->n_sections++];
        s->name = arena_str(p->a, name);
        s->label.zh = s->label.en = "?";
        if (json_object_is_type(val, json_type_object))
            ok = label_from(p, name, val, false, &s->label) && ok;
        else
            ok = FAIL(p, name, "meta.want_label", name);
    }
    pop(p);
    e->sections = list;
    return ok;
}

static bool indexes_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "indexes", &v))
        return true;
    bool ok = true;
    size_t n = json_object_array_length(v);
    Index *list = ARENA_ARRAY(p->a, n, Index);
    for (size_t i = 0; i < n; i++) {
        json_object *it = json_object_array_get_idx(v, i);
        json_object *box = NULL;
        Index *ix = &list[e->n_indexes];
        if (json_object_is_type(it, json_type_object)) {
            push(p, "indexes");
            ok = SHAPE(p, it, index_keys) && ok;
            ok = word_list(p, it, "fields", &ix->fields) && ok;
            pop(p);
            ix->unique = bool_of(it, "unique", false);
        } else if (json_object_is_type(it, json_type_array)) {
            box = json_object_new_object();
            json_object_object_add(box, "indexes", json_object_get(it));
            ok = word_list(p, box, "indexes", &ix->fields) && ok;
            json_object_put(box);
        }
        if (!ix->fields || !ix->fields[0])
            ok = FAIL(p, "indexes", "meta.index_empty");
        else
            e->n_indexes++;
    }
    e->indexes = list;
    return ok;
}

static bool dup_action(P *p, const char *name, json_object *o, const char *key, DupAction *out)
{
    static const char *const names[] = {"none", "warn", "block", "count"};
    const char *t = text_of(p, o, key);
    *out = DUP_NONE;
    if (!t)
        return true;
    for (int i = 0; i < 4; i++) {
        if (strcmp(t, names[i]) == 0) {
            *out = (DupAction)i;
            return true;
        }
    }
    return FAIL(p, name, "meta.one_of", key, t, "none warn block count");
}

static bool dups_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "dups", &v))
        return true;
    bool ok = true;
    DupRule *list = ARENA_ARRAY(p->a, json_object_object_length(v), DupRule);
    push(p, "dups");
    json_object_object_foreach(v, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        DupRule *d = &list[e->n_dups++];
        d->name = arena_str(p->a, name);
        push(p, name);
        ok = SHAPE(p, val, dup_keys) && ok;
        ok = word_list(p, val, "fields", &d->fields) && ok;
        pop(p);
        ok = dup_action(p, name, val, "form", &d->form) && ok;
        ok = dup_action(p, name, val, "api", &d->api) && ok;
        ok = dup_action(p, name, val, "import", &d->import) && ok;
        if (!d->fields || !d->fields[0]) {
            ok = FAIL(p, name, "meta.missing_key", "fields");
            e->n_dups--;
        }
    }
    pop(p);
    e->dups = list;
    return ok;
}

/* Inputs of an action and parts of a value: the shape of fields, kept as JSON for whoever reads them. */
static bool inputs_ok(P *p, json_object *o, const char *key)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v))
        return true;
    Field *scratch = ARENA_ARRAY(p->a, json_object_object_length(v), Field);
    bool ok = true;
    int i = 0;
    push(p, key);
    json_object_object_foreach(v, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        push(p, name);
        ok = field_from(p, name, val, &scratch[i]) && ok;
        if ((scratch[i].type == FT_OPTION || scratch[i].type == FT_MULTI_OPTION) && !scratch[i].n_options)
            ok = FAIL(p, NULL, "meta.no_options", name);
        if (scratch[i].type == FT_LINK && !scratch[i].to)
            ok = FAIL(p, NULL, "meta.no_target", name);
        i++;
        pop(p);
    }
    pop(p);
    return ok;
}

static bool actions_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "actions", &v))
        return true;
    bool ok = true;
    EntityAction *list = ARENA_ARRAY(p->a, json_object_object_length(v), EntityAction);
    push(p, "actions");
    json_object_object_foreach(v, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        EntityAction *x = &list[e->n_actions++];
        x->name = arena_str(p->a, name);
        push(p, name);
        ok = SHAPE(p, val, action_keys) && ok;
        ok = label_of(p, val, "label", true, false, &x->label) && ok;
        ok = inputs_ok(p, val, "fields") && ok;
        pop(p);
        x->right = text_of(p, val, "right");
        if (!x->right)
            x->right = "edit";
        x->step_up = bool_of(val, "step_up", false);
        x->on_entity = bool_of(val, "on_entity", false);
        x->fields_json = json_of(p, val, "fields");
    }
    pop(p);
    e->actions = list;
    return ok;
}

static bool roles_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "roles", &v))
        return true;
    bool ok = true;
    RoleRow *list = ARENA_ARRAY(p->a, json_object_object_length(v), RoleRow);
    push(p, "roles");
    json_object_object_foreach(v, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        RoleRow *r = &list[e->n_roles++];
        r->role = arena_str(p->a, name);
        push(p, name);
        ok = SHAPE(p, val, role_keys) && ok;
        r->scope = text_of(p, val, "scope");
        r->actions = text_of(p, val, "actions");
        if (!r->scope)
            ok = FAIL(p, NULL, "meta.missing_key", "scope");
        if (!r->actions)
            ok = FAIL(p, NULL, "meta.missing_key", "actions");
        r->scope = r->scope ? r->scope : "none";
        r->actions = r->actions ? r->actions : "";
        pop(p);
        r->clear = bool_of(val, "clear", false);
    }
    pop(p);
    e->roles = list;
    return ok;
}

/* "entities/sales/lead.json" → "sales" */
static const char *folder_of(Arena *a, const char *path)
{
    const char *end = strrchr(path, '/');
    if (!end)
        return "other";
    const char *start = end;
    while (start > path && start[-1] != '/')
        start--;
    return arena_dup(a, start, (size_t)(end - start));
}

bool parse_entity(Ctx *c, Arena *a, const MetaSource *s, const Field *standard, int n_standard, int spare, Entity *e)
{
    json_object *o, *fields = NULL;
    e->file = arena_str(a, s->path);
    e->name = e->plural = "?";
    e->label.zh = e->label.en = "?";
    map_init(&e->by_name, a);
    if (!read_file(c, s, &o))
        return false;
    P p = {.c = c, .a = a, .s = s};
    bool ok = SHAPE(&p, o, entity_keys);
    const char *must[] = {"entity", "plural", "title", "fields"};
    for (int i = 0; i < 4; i++)
        if (!json_object_object_get_ex(o, must[i], NULL))
            ok = FAIL(&p, NULL, "meta.missing_key", must[i]);
    ok = label_of(&p, o, "label", true, false, &e->label) && ok;
    ok = label_of(&p, o, "about", false, false, &e->about) && ok;
    e->name = text_of(&p, o, "entity");
    e->plural = text_of(&p, o, "plural");
    e->name = e->name ? e->name : "?";
    e->plural = e->plural ? e->plural : "?";
    e->group = text_of(&p, o, "group");
    if (!e->group)
        e->group = folder_of(a, s->path);
    e->icon = text_of(&p, o, "icon");
    e->routes = bool_of(o, "routes", true);
    e->menu = bool_of(o, "menu", e->routes);
    e->standard = bool_of(o, "standard", true);
    e->readonly = bool_of(o, "readonly", false);
    e->hooks = text_of(&p, o, "hooks");
    e->number = text_of(&p, o, "number");
    e->number_reset = text_of(&p, o, "number_reset");
    if (!e->number_reset)
        e->number_reset = "never";
    ok = gets_of(&p, o, e) && ok;
    e->sort = text_of(&p, o, "sort");
    if (!e->sort)
        e->sort = e->standard ? "-created_at" : "-id";
    e->parent = text_of(&p, o, "parent");
    e->tree = text_of(&p, o, "tree");
    ok = word_list(&p, o, "timeline", &e->timeline) && ok;
    e->right = text_of(&p, o, "right");
    ok = sections_of(&p, o, e) && ok;
    json_object_object_get_ex(o, "fields", &fields);
    int n_std = e->standard ? n_standard : 1;
    int n_own = fields ? json_object_object_length(fields) : 0;
    Field *list = ARENA_ARRAY(a, n_std + n_own + spare, Field);
    memcpy(list, standard, (size_t)n_std * sizeof *list);
    for (int i = 0; i < n_std; i++)
        list[i].index = i;
    e->fields = list;
    e->n_fields = n_std;
    if (fields)
        ok = fields_from(&p, fields, list, &e->n_fields) && ok;
    e->n_builtin = e->n_fields;
    for (int i = 0; i < e->n_fields; i++)
        if (map_put(&e->by_name, list[i].name, &list[i]))
            ok = meta_fail(c, e->file, META_LINE(s, "fields", list[i].name), "meta.field_twice", list[i].name);
    ok = indexes_of(&p, o, e) && ok;
    ok = dups_of(&p, o, e) && ok;
    ok = actions_of(&p, o, e) && ok;
    ok = roles_of(&p, o, e) && ok;
    const char *title = text_of(&p, o, "title");
    e->title = title ? map_get(&e->by_name, title) : NULL;
    if (title && !e->title)
        ok = FAIL(&p, "title", "meta.no_such_field", "title", title);
    if (!e->title)
        e->title = &e->fields[0];
    /* Parts of a value are small fields of their own. */
    push(&p, "fields");
    if (fields) {
        json_object_object_foreach(fields, name, val)
        {
            push(&p, name);
            if (json_object_is_type(val, json_type_object))
                ok = inputs_ok(&p, val, "parts") && ok;
            pop(&p);
        }
    }
    pop(&p);
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
    bool ok = field_from(&p, cf->name, o, f);
    f->index = e->n_fields++;
    f->custom_id = cf->id;
    map_put(&e->by_name, f->name, f);
    return ok;
}
