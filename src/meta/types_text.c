/* Types that store text as written: number string text phone email url. */
#include <string.h>

#include "base/credit_code.h"
#include "base/fold.h"
#include "base/msg.h"
#include "base/phone.h"
#include "base/utf8.h"
#include "meta/types_impl.h"

/* Longest value where the field sets no max. */
static int64_t longest(const Field *f)
{
    if (f->has_max)
        return f->max;
    switch (f->type) {
    case FT_TEXT: return 100000;
    case FT_EMAIL: return 254;
    case FT_URL: return 2000;
    case FT_PHONE: return 50;
    case FT_NUMBER: return 64;
    default: return 255;
    }
}

static bool has_control(const char *s)
{
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;
        if ((ch < 0x20 && ch != '\t' && ch != '\n' && ch != '\r') || ch == 0x7f)
            return true;
    }
    return false;
}

/* Cleaned; one line: line ends and tabs become blanks. */
static bool take(Ctx *c, const Field *f, const char *in, DbVal *out)
{
    if (has_control(in))
        return ctx_fail(c, ERR_INVALID, f->name, "type.control", type_label(c, f));
    char *s = fold_clean(c->a, in);
    if (f->type != FT_TEXT) {
        for (char *p = s; *p; p++)
            if (*p == '\n' || *p == '\r' || *p == '\t')
                *p = ' ';
    } else {
        char *w = s;
        for (char *r = s; *r; r++) {
            if (*r == '\r') {
                *w++ = '\n';
                if (r[1] == '\n')
                    r++;
            } else {
                *w++ = *r;
            }
        }
        *w = 0;
    }
    *out = *s ? db_of_text(s) : db_null();
    return true;
}

static bool string_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    if (!take(c, f, text, out))
        return false;
    if (f->match == MATCH_CREDIT_CODE && out->kind == DB_TEXT) {
        CreditCode cc;
        if (credit_code_check(out->s, &cc))
            *out = db_of_text(arena_str(c->a, cc.text));
    }
    return true;
}

/* JSON of the API → the text behind it, through the type's own reading of text. */
static bool text_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    if (!json_object_is_type(in, json_type_string))
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_text", type_label(c, f));
    return type_ops(f->type)->from_text(c, f, json_object_get_string(in), out);
}

static bool check_length(Ctx *c, const Field *f, const DbVal *v)
{
    int64_t n = (int64_t)utf8_count(v->s), max = longest(f);
    if (n > max)
        return ctx_fail(c, ERR_TOO_LONG, f->name, "type.too_long", type_label(c, f),
                        ctx_num(c, max), ctx_num(c, n));
    if (f->has_min && n < f->min)
        return ctx_fail(c, ERR_TOO_SHORT, f->name, "type.too_short", type_label(c, f),
                        ctx_num(c, f->min), ctx_num(c, n));
    return type_check_pattern(c, f, v->s);
}

static bool string_check(Ctx *c, const Field *f, const DbVal *v)
{
    CreditCode cc;
    if (f->match == MATCH_CREDIT_CODE && !credit_code_check(v->s, &cc))
        return ctx_fail(c, ERR_FORMAT_CREDIT_CODE, f->name, "type.credit_code", type_label(c, f));
    return check_length(c, f, v);
}

/* ---- phone ---------------------------------------------------------------------------------- */

static bool phone_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    if (!take(c, f, text, out))
        return false;
    if (out->kind == DB_NULL)
        return true;
    Phone ph;
    memset(&ph, 0, sizeof ph);
    if (phone_parse(c->a, out->s, &ph) == PHONE_BAD)
        return ctx_fail(c, ERR_FORMAT_PHONE, f->name, "type.phone", type_label(c, f),
                        ph.error ? msg_text(c->lang, ph.error) : out->s);
    *out = db_of_text(ph.display);
    return true;
}

/* ---- e-mail --------------------------------------------------------------------------------- */

static bool domain_ok(const char *s)
{
    size_t label = 0, total = 0;
    bool dot = false;
    for (; *s; s++, total++) {
        unsigned char ch = (unsigned char)*s;
        if (ch == '.') {
            if (!label || s[-1] == '-')
                return false;
            label = 0;
            dot = true;
        } else if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || (ch == '-' && label) ||
                   ch >= 0x80) {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    return dot && label >= 2 && total <= 253 && s[-1] != '-';
}

static bool email_ok(const char *s)
{
    const char *at = strrchr(s, '@');
    if (!at || at == s || at - s > 64 || s[0] == '.' || at[-1] == '.')
        return false;
    for (const char *p = s; p < at; p++) {
        unsigned char ch = (unsigned char)*p;
        bool fine = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
                    (ch >= 'A' && ch <= 'Z') || ch >= 0x80 || strchr("!#$%&'*+-/=?^_`{|}~.", ch);
        if (!fine || (ch == '.' && p[1] == '.'))
            return false;
    }
    return domain_ok(at + 1);
}

static bool email_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    if (!take(c, f, text, out))
        return false;
    if (out->kind == DB_NULL)
        return true;
    char *s = fold_clean(c->a, fold_narrow(c->a, out->s));
    if (strncmp(s, "mailto:", 7) == 0)
        s += 7;
    char *at = strrchr(s, '@');
    for (char *p = at; p && *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    if (!email_ok(s))
        return ctx_fail(c, ERR_FORMAT_EMAIL, f->name, "type.email", type_label(c, f));
    *out = db_of_text(s);
    return true;
}

/* ---- URL ------------------------------------------------------------------------------------ */

static bool starts_fold(const char *s, const char *p)
{
    for (; *p; s++, p++)
        if ((*s >= 'A' && *s <= 'Z' ? *s + 32 : *s) != *p)
            return false;
    return true;
}

static bool url_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    if (!take(c, f, text, out))
        return false;
    if (out->kind == DB_NULL)
        return true;
    char *s = fold_clean(c->a, fold_narrow(c->a, out->s));
    /* "www.example.com" is what people write; anything with a colon must say http or https itself,
       so javascript: and its like are refused. */
    if (!strchr(s, ':') && strchr(s, '.') && !strchr(s, ' '))
        s = arena_printf(c->a, "http://%s", s);
    size_t skip = starts_fold(s, "https://") ? 8 : starts_fold(s, "http://") ? 7 : 0;
    bool good = skip && s[skip] && s[skip] != '/' && s[skip] != '.' && s[skip] != '@' &&
                s[skip] != '?' && s[skip] != '#';
    for (const char *p = s; good && *p; p++)
        good = (unsigned char)*p > 0x20 && !strchr("<>\"`{}|\\^", *p);
    if (!good)
        return ctx_fail(c, ERR_FORMAT_URL, f->name, "type.url", type_label(c, f));
    for (size_t i = 0; i < skip; i++)
        if (s[i] >= 'A' && s[i] <= 'Z')
            s[i] = (char)(s[i] + 32);
    *out = db_of_text(s);
    return true;
}

#define TEXT_OPS (OPS_EQ | 1u << OP_CONTAINS | 1u << OP_STARTS)
#define TEXT_TYPE(name_, ops_, from_text_, check_)                                                 \
    {                                                                                              \
        .name = (name_), .column = COL_TEXT, .has_column = true, .text = true, .ops = (ops_),      \
        .from_json = text_from_json, .from_text = (from_text_), .check = (check_),                 \
        .to_json = type_text_to_json, .to_text = type_text_plain                                   \
    }

const FieldOps type_number_ops = TEXT_TYPE("number", TEXT_OPS, take, check_length);
const FieldOps type_string_ops = TEXT_TYPE("string", TEXT_OPS, string_from_text, string_check);
const FieldOps type_text_ops = TEXT_TYPE("text", OPS_NULL | 1u << OP_CONTAINS, take, check_length);
const FieldOps type_phone_ops = TEXT_TYPE("phone", TEXT_OPS, phone_from_text, check_length);
const FieldOps type_email_ops = TEXT_TYPE("email", TEXT_OPS, email_from_text, check_length);
const FieldOps type_url_ops = TEXT_TYPE("url", TEXT_OPS, url_from_text, check_length);
