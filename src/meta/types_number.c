/* Numbers: int decimal float money, and bool. Decimals and money are scaled whole numbers. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fold.h"
#include "base/money.h"
#include "meta/types_impl.h"

#define INT_LIMIT 9007199254740991 /* what JavaScript reads exactly */

char *type_scaled_text(Arena *a, int64_t n, int scale)
{
    int64_t unit = 1;
    for (int i = 0; i < scale; i++)
        unit *= 10;
    uint64_t u = n < 0 ? (uint64_t)(-(n + 1)) + 1 : (uint64_t)n;
    if (!scale)
        return arena_printf(a, "%s%" PRIu64, n < 0 ? "-" : "", u);
    return arena_printf(a, "%s%" PRIu64 ".%0*" PRIu64, n < 0 ? "-" : "", u / (uint64_t)unit, scale,
                        u % (uint64_t)unit);
}

static const char *skip(const char *s, const char *word)
{
    size_t n = strlen(word);
    return strncmp(s, word, n) == 0 ? s + n : NULL;
}

/* Powers of ten of the words behind a number. */
static const char *big_word(const char *s, int *power)
{
    static const struct {
        const char *word;
        int power;
    } words[] = {{"亿", 8}, {"万", 4}, {"萬", 4}, {"千", 3}, {"百", 2}, {"k", 3}, {"K", 3}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *rest = skip(s, words[i].word);
        if (rest) {
            *power += words[i].power;
            return rest;
        }
    }
    return NULL;
}

int type_parse_scaled(const char *s, int scale, bool human, int64_t *out)
{
    char digits[40];
    int n = 0, frac = 0, power = 0;
    bool dot = false, any = false, neg = false;
    while (*s == ' ')
        s++;
    if (*s == '-' || (human && *s == '+'))
        neg = *s++ == '-';
    for (;; s++) {
        if (*s >= '0' && *s <= '9') {
            any = true;
            if (n == 0 && *s == '0' && !dot)
                continue;
            if (n >= 38)
                return 3;
            digits[n++] = *s;
            if (dot)
                frac++;
        } else if (*s == '.' && !dot) {
            dot = true;
        } else if (human && !dot && any && (*s == ',' || *s == ' ') && s[1] >= '0' && s[1] <= '9') {
            continue;
        } else {
            break;
        }
    }
    if (!any)
        return 1;
    if (human) {
        for (;;) {
            const char *rest = big_word(s, &power);
            if (!rest)
                break;
            s = rest;
        }
        if (power && (*s == 'E' || *s == 'e'))
            return 1;
    }
    if (*s == 'E' || *s == 'e')
        return 4;
    while (*s == ' ')
        s++;
    if (*s)
        return 1;
    /* value = digits · 10^(power − frac), wanted scaled by 10^scale */
    int shift = power - frac + scale;
    while (shift < 0) { /* n > 0: each digit behind the dot is one of the digits */
        if (digits[n - 1] != '0')
            return 2;
        n--;
        shift++;
    }
    int64_t v = 0;
    for (int i = 0; i < n; i++) {
        if (v > (INT_LIMIT - (digits[i] - '0')) / 10)
            return 3;
        v = v * 10 + (digits[i] - '0');
    }
    for (; shift > 0 && v; shift--) {
        if (v > INT_LIMIT / 10)
            return 3;
        v *= 10;
    }
    *out = neg ? -v : v;
    return 0;
}

static int scale_of(const Field *f)
{
    return f->type == FT_DECIMAL || f->type == FT_MONEY ? f->scale : 0;
}

static bool take(Ctx *c, const Field *f, const char *text, bool human, DbVal *out)
{
    const char *label = type_label(c, f);
    int64_t n = 0;
    if (f->type == FT_MONEY) {
        MoneyError why = MONEY_FORM;
        if (human ? money_parse(text, &n, &why) : money_parse_strict(text, &n, &why)) {
            *out = db_of_int(n);
            return true;
        }
        if (type_parse_scaled(text, 2, human, &n) == 4) /* 1.2E+9: a spreadsheet has rounded it */
            return ctx_fail(c, ERR_NUMBER_PRECISION, f->name, "type.precision", label);
        return ctx_fail(c, why == MONEY_RANGE ? ERR_RANGE : ERR_FORMAT_NUMBER, f->name,
                        "type.want_money", label);
    }
    switch (type_parse_scaled(text, scale_of(f), human, &n)) {
    case 0: *out = db_of_int(n); return true;
    case 2:
        if (f->type == FT_INT)
            return ctx_fail(c, ERR_FORMAT_NUMBER, f->name, "type.want_int", label);
        return ctx_fail(c, ERR_FORMAT_NUMBER, f->name, "type.too_precise", label,
                        ctx_num(c, scale_of(f)));
    case 3:
        return ctx_fail(c, ERR_RANGE, f->name, "type.at_most", label,
                        type_scaled_text(c->a, INT_LIMIT, scale_of(f)));
    case 4: return ctx_fail(c, ERR_NUMBER_PRECISION, f->name, "type.precision", label);
    default: break;
    }
    if (f->type == FT_INT)
        return ctx_fail(c, ERR_FORMAT_NUMBER, f->name, "type.want_int", label);
    return ctx_fail(c, ERR_FORMAT_NUMBER, f->name, "type.want_number", label, "4.50");
}

static bool scaled_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    json_type t = json_object_get_type(in);
    bool text = t == json_type_string && f->type != FT_INT;
    if (t == json_type_string && *json_object_get_string(in) == 0) {
        *out = db_null();
        return true;
    }
    if (!text && t != json_type_int && t != json_type_double)
        return ctx_fail(c, ERR_TYPE, f->name,
                        f->type == FT_INT     ? "type.want_int"
                        : f->type == FT_MONEY ? "type.want_money"
                                              : "type.want_number",
                        type_label(c, f), "4.50");
    /* json-c keeps a number as it was written, so nothing is rounded on the way. */
    return take(c, f, json_object_get_string(in), false, out);
}

static bool scaled_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    char *s = fold_clean(c->a, fold_narrow(c->a, text));
    if (!*s) {
        *out = db_null();
        return true;
    }
    return take(c, f, s, true, out);
}

static bool scaled_check(Ctx *c, const Field *f, const DbVal *v)
{
    if (f->has_min && v->i < f->min)
        return ctx_fail(c, ERR_RANGE, f->name, "type.at_least", type_label(c, f),
                        type_scaled_text(c->a, f->min, scale_of(f)));
    if (f->has_max && v->i > f->max)
        return ctx_fail(c, ERR_RANGE, f->name, "type.at_most", type_label(c, f),
                        type_scaled_text(c->a, f->max, scale_of(f)));
    return true;
}

static void int_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    if (v->kind == DB_INT)
        jw_int(w, v->i);
    else
        jw_null(w);
}

static void scaled_to_json(const Field *f, const DbVal *v, Jw *w)
{
    if (v->kind == DB_INT)
        jw_str(w, type_scaled_text(w->b->a, v->i, scale_of(f)));
    else
        jw_null(w);
}

static char *scaled_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    (void)lang;
    return v->kind == DB_INT ? type_scaled_text(a, v->i, scale_of(f)) : arena_str(a, "");
}

/* ---- float ---------------------------------------------------------------------------------- */

static bool float_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    char *s = fold_clean(c->a, fold_narrow(c->a, text));
    if (!*s) {
        *out = db_null();
        return true;
    }
    char *end;
    errno = 0;
    double d = strtod(s, &end);
    if (end == s || *end || !isfinite(d) || strspn(s, "0123456789+-.eE") != strlen(s))
        return ctx_fail(c, ERR_FORMAT_NUMBER, f->name, "type.want_number", type_label(c, f), "4.5");
    *out = db_of_real(d);
    return true;
}

static bool float_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    json_type t = json_object_get_type(in);
    double d = json_object_get_double(in);
    if ((t != json_type_int && t != json_type_double) || !isfinite(d))
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_number", type_label(c, f), "4.5");
    *out = db_of_real(d);
    return true;
}

static bool float_check(Ctx *c, const Field *f, const DbVal *v)
{
    double d = v->kind == DB_INT ? (double)v->i : v->d;
    if (f->has_min && d < (double)f->min)
        return ctx_fail(c, ERR_RANGE, f->name, "type.at_least", type_label(c, f),
                        ctx_num(c, f->min));
    if (f->has_max && d > (double)f->max)
        return ctx_fail(c, ERR_RANGE, f->name, "type.at_most", type_label(c, f),
                        ctx_num(c, f->max));
    return true;
}

static void float_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    if (v->kind == DB_REAL)
        jw_real(w, v->d);
    else if (v->kind == DB_INT)
        jw_real(w, (double)v->i);
    else
        jw_null(w);
}

static char *float_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    (void)lang;
    if (v->kind == DB_NULL)
        return arena_str(a, "");
    Buf b;
    Jw w;
    buf_init(&b, a);
    jw_init(&w, &b);
    float_to_json(f, v, &w);
    return b.data;
}

/* ---- bool ----------------------------------------------------------------------------------- */

static bool bool_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    if (!json_object_is_type(in, json_type_boolean))
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_bool", type_label(c, f));
    *out = db_of_int(json_object_get_boolean(in) ? 1 : 0);
    return true;
}

static bool bool_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    static const char *const yes[] = {"是", "yes", "y", "true", "1", "有", "对", "√", "✓", "开"};
    static const char *const no[] = {"否", "no", "n", "false", "0", "无", "错", "×", "✗", "关"};
    char *s = fold_text(c->a, text);
    if (!*s) {
        *out = db_null();
        return true;
    }
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
            *out = db_of_int(strcmp(s, yes[i]) == 0);
            return true;
        }
    }
    return ctx_fail(c, ERR_TYPE, f->name, "type.want_bool", type_label(c, f));
}

static void bool_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    if (v->kind == DB_INT)
        jw_bool(w, v->i != 0);
    else
        jw_null(w);
}

static char *bool_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    (void)f;
    if (v->kind != DB_INT)
        return arena_str(a, "");
    if (lang && strcmp(lang, "en") == 0)
        return arena_str(a, v->i ? "yes" : "no");
    return arena_str(a, v->i ? "是" : "否");
}

#define SCALED(name_, to_json_)                                                                    \
    {                                                                                              \
        .name = (name_), .column = COL_INT, .has_column = true, .ops = OPS_ORDER,                  \
        .from_json = scaled_from_json, .from_text = scaled_from_text, .check = scaled_check,       \
        .to_json = (to_json_), .to_text = scaled_to_text                                           \
    }

const FieldOps type_int_ops = SCALED("int", int_to_json);
const FieldOps type_decimal_ops = SCALED("decimal", scaled_to_json);
const FieldOps type_money_ops = SCALED("money", scaled_to_json);
const FieldOps type_float_ops = {.name = "float",
                                 .column = COL_REAL,
                                 .has_column = true,
                                 .ops = OPS_ORDER,
                                 .from_json = float_from_json,
                                 .from_text = float_from_text,
                                 .check = float_check,
                                 .to_json = float_to_json,
                                 .to_text = float_to_text};
const FieldOps type_bool_ops = {.name = "bool",
                                .column = COL_BOOL,
                                .has_column = true,
                                .ops = 1u << OP_EQ | 1u << OP_NE | OPS_NULL,
                                .from_json = bool_from_json,
                                .from_text = bool_from_text,
                                .check = type_check_none,
                                .to_json = bool_to_json,
                                .to_text = bool_to_text};
