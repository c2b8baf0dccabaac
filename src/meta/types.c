/* The table of field types, operators, and what several types share. See types.h. */
#include "meta/types_impl.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "base/clock.h"
#include "base/collate.h"
#include "base/fold.h"
#include "base/name_key.h"
#include "base/phone.h"
#include "base/utf8.h"

static const FieldOps *const table[FT__COUNT] = {
    [FT_NUMBER] = &type_number_ops,
    [FT_STRING] = &type_string_ops,
    [FT_TEXT] = &type_text_ops,
    [FT_INT] = &type_int_ops,
    [FT_DECIMAL] = &type_decimal_ops,
    [FT_FLOAT] = &type_float_ops,
    [FT_MONEY] = &type_money_ops,
    [FT_DATE] = &type_date_ops,
    [FT_DATETIME] = &type_datetime_ops,
    [FT_BOOL] = &type_bool_ops,
    [FT_OPTION] = &type_option_ops,
    [FT_MULTI_OPTION] = &type_multi_option_ops,
    [FT_PHONE] = &type_phone_ops,
    [FT_EMAIL] = &type_email_ops,
    [FT_URL] = &type_url_ops,
    [FT_LINK] = &type_link_ops,
    [FT_LINK_MANY] = &type_link_many_ops,
    [FT_REGION] = &type_region_ops,
    [FT_FILE] = &type_file_ops,
    [FT_FILES] = &type_files_ops,
    [FT_IMAGE] = &type_image_ops,
    [FT_JSON] = &type_json_ops,
    [FT_PARTS] = &type_parts_ops,
};

static const char *const op_names[OP__COUNT] = {
    "=",        "!=",     "<",       "<=",      ">",        ">=",    "in",        "not_in",
    "contains", "starts", "between", "is_null", "not_null", "under", "duplicate", "told"};

const char *op_name(FilterOp op)
{
    return op_names[op];
}

bool op_parse(const char *text, FilterOp *out)
{
    for (int i = 0; i < OP__COUNT; i++) {
        if (strcmp(text, op_names[i]) == 0) {
            *out = (FilterOp)i;
            return true;
        }
    }
    return false;
}

const FieldOps *type_ops(FieldType t)
{
    return table[t];
}

bool type_parse(const char *name, FieldType *out)
{
    for (int i = 0; i < FT__COUNT; i++) {
        if (strcmp(name, table[i]->name) == 0) {
            *out = (FieldType)i;
            return true;
        }
    }
    return false;
}

unsigned type_field_ops(const Field *f)
{
    unsigned ops = table[f->type]->ops;
    if (f->write_only || f->hidden)
        return 0;
    if (table[f->type]->text && !f->fold)
        ops &= ~(1u << OP_CONTAINS | 1u << OP_STARTS);
    if (f->index == STD_ID && f->entity->standard)
        ops |= 1u << OP_TOLD | (f->entity->n_dups ? 1u << OP_DUPLICATE : 0);
    if (f->type == FT_LINK) {
        const Entity *to = model_entity(f->entity->model, f->to);
        if (!to || !to->tree)
            ops &= ~(1u << OP_UNDER);
    }
    return ops;
}

const char *type_label(const Ctx *c, const Field *f)
{
    return label_in(f->label, c->lang);
}

bool type_is_json_null(json_object *in, DbVal *out)
{
    if (!json_object_is_type(in, json_type_null)) /* NULL is null to json-c */
        return false;
    *out = db_null();
    return true;
}

void type_text_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    if (v->kind == DB_TEXT)
        jw_strn(w, v->s, v->n);
    else
        jw_null(w);
}

char *type_text_plain(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    (void)f;
    (void)lang;
    return v->kind == DB_TEXT ? arena_dup(a, v->s, v->n) : arena_str(a, "");
}

bool type_check_none(Ctx *c, const Field *f, const DbVal *v)
{
    (void)c;
    (void)f;
    (void)v;
    return true;
}

static void free_code(void *p)
{
    pcre2_code_free(p);
}
static void free_match(void *p)
{
    pcre2_match_data_free(p);
}
static void free_limits(void *p)
{
    pcre2_match_context_free(p);
}

bool type_check_pattern(Ctx *c, const Field *f, const char *text)
{
    if (!f->pattern)
        return true;
    int err;
    PCRE2_SIZE at;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)f->pattern, PCRE2_ZERO_TERMINATED,
                                   PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &err, &at, NULL);
    if (!re)
        return ctx_fail(c, ERR_INVALID, f->name, "type.pattern", type_label(c, f));
    arena_defer(c->a, free_code, re);
    pcre2_match_data *md = pcre2_match_data_create_from_pattern(re, NULL);
    arena_defer(c->a, free_match, md);
    /* Patterns come from administrators: a bad one must cost a refusal, not the server. */
    pcre2_match_context *lim = pcre2_match_context_create(NULL);
    arena_defer(c->a, free_limits, lim);
    pcre2_set_match_limit(lim, 200000);
    if (pcre2_match(re, (PCRE2_SPTR)text, strlen(text), 0, 0, md, lim) < 0)
        return ctx_fail(c, ERR_INVALID, f->name, "type.pattern", type_label(c, f));
    return true;
}

static char *mask_rest(Arena *a, const char *text, size_t keep)
{
    return arena_printf(a, "%.*s***", (int)utf8_clip(text, keep), text);
}

char *type_mask(Arena *a, const Field *f, const char *text)
{
    if (!text || !*text)
        return arena_str(a, text);
    if (f->type == FT_PHONE)
        return phone_mask(a, text);
    if (f->type == FT_EMAIL) {
        const char *at = strrchr(text, '@');
        if (at)
            return arena_printf(a, "%.*s***%s", (int)utf8_clip(text, 1), text, at);
    }
    return mask_rest(a, text, utf8_count(text) > 1 ? 1 : 0);
}

/* What is compared in a phone: its digits, so that 138 0013 8000 is found however it is typed. */
static char *phone_fold(Arena *a, const char *s)
{
    char *t = fold_text(a, s);
    char *w = t;
    for (char *r = t; *r; r++)
        if (*r != ' ' && *r != '-' && *r != '(' && *r != ')' && *r != '.')
            *w++ = *r;
    *w = 0;
    return t;
}

DbVal type_fold(Arena *a, const Field *f, const DbVal *v)
{
    if (v->kind != DB_TEXT)
        return db_null();
    return db_of_text(f->type == FT_PHONE ? phone_fold(a, v->s) : fold_text(a, v->s));
}

DbVal type_sort_key(Arena *a, const Field *f, const DbVal *v)
{
    (void)f;
    if (v->kind != DB_TEXT)
        return db_null();
    return db_of_text(collate_key(a, v->s));
}

static DbVal key_or_null(char *s)
{
    return *s ? db_of_text(s) : db_null();
}

DbVal type_match_key(Arena *a, const Field *f, const DbVal *v)
{
    if (f->match == MATCH_NONE || v->kind != DB_TEXT || !v->s[0])
        return db_null();
    if (f->match == MATCH_NAME)
        return key_or_null(name_key(a, v->s));
    if (f->match == MATCH_PHONE) {
        Phone ph;
        phone_parse(a, v->s, &ph);
        return *ph.key ? db_of_text(ph.key) : key_or_null(phone_fold(a, v->s));
    }
    return key_or_null(fold_text(a, v->s));
}

const char *type_sort_column(Arena *a, const Field *f)
{
    if (!f->column)
        return NULL;
    return f->sort && f->type == FT_STRING ? arena_printf(a, "%s_s", f->column) : f->column;
}

char *type_text(Ctx *c, const Field *f, const DbVal *v)
{
    if (v->kind == DB_NULL)
        return arena_str(c->a, "");
    if (f->type == FT_DATETIME) {
        ClockParts p = clock_parts(v->i, c->zone);
        return arena_printf(c->a, "%04d-%02d-%02d %02d:%02d", p.year, p.month, p.day, p.hour,
                            p.minute);
    }
    return table[f->type]->to_text(c->a, f, v, c->lang);
}

/* Bytes of the separator s begins with, or 0. */
static size_t separator(const char *s, bool slash)
{
    static const char *const all[] = {",", "，", "、", ";", "；", "|", "\n"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strncmp(s, all[i], strlen(all[i])) == 0)
            return strlen(all[i]);
    return slash && *s == '/';
}

bool type_next_word(const char **p, bool slash, const char **word, size_t *len)
{
    const char *s = *p;
    size_t sep = 0;
    if (!s)
        return false;
    *word = s;
    while (*s && (sep = separator(s, slash)) == 0)
        s++;
    *len = (size_t)(s - *word);
    *p = *s ? s + sep : NULL;
    return true;
}
