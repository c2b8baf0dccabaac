/* One or several of a list: option, multi_option. Codes are stored, labels are shown. */
#include <string.h>

#include "base/fold.h"
#include "base/utf8.h"
#include "meta/types_impl.h"

/* The options still to be chosen, for the message. */
static const char *choices(Ctx *c, const Field *f)
{
    Buf b;
    buf_init(&b, c->a);
    int shown = 0;
    for (int i = 0; i < f->n_options; i++) {
        if (f->options[i].disabled)
            continue;
        if (shown == 20) {
            buf_puts(&b, " …");
            break;
        }
        if (shown++)
            buf_puts(&b, strcmp(c->lang, "en") == 0 ? ", " : "、");
        buf_puts(&b, label_in(f->options[i].label, c->lang));
    }
    return b.data;
}

static bool unknown(Ctx *c, const Field *f, const char *what)
{
    return ctx_fail(c, ERR_ENUM_UNKNOWN, f->name, "type.option_unknown", type_label(c, f), what,
                    choices(c, f));
}

/* Is the folded text one of the words, which are separated by '|'? */
static bool among(Arena *a, const char *folded, const char *words)
{
    for (const char *p = words; p && *p;) {
        size_t n = strcspn(p, "|");
        if (strcmp(folded, fold_text(a, arena_dup(a, p, n))) == 0)
            return true;
        p += n + (p[n] == '|');
    }
    return false;
}

/* By code, then by label in either language, then by other words for it; without case and width. */
static const Option *find(Ctx *c, const Field *f, const char *text)
{
    const Option *o = field_option(f, text);
    if (o)
        return o;
    const char *folded = fold_text(c->a, text);
    for (int i = 0; i < f->n_options; i++) {
        o = &f->options[i];
        if (strcmp(folded, fold_text(c->a, o->label.zh)) == 0 ||
            strcmp(folded, fold_text(c->a, o->label.en)) == 0 ||
            strcmp(folded, fold_text(c->a, o->code)) == 0)
            return o;
    }
    for (int i = 0; i < f->n_options; i++)
        if (among(c->a, folded, f->options[i].synonyms))
            return &f->options[i];
    return NULL;
}

static bool option_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    if (!json_object_is_type(in, json_type_string))
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_text", type_label(c, f));
    const char *code = json_object_get_string(in);
    if (!*code) {
        *out = db_null();
        return true;
    }
    const Option *o = field_option(f, code);
    if (!o)
        return unknown(c, f, code);
    *out = db_of_text(o->code);
    return true;
}

static bool option_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    char *s = fold_clean(c->a, text);
    if (!*s) {
        *out = db_null();
        return true;
    }
    const Option *o = find(c, f, s);
    if (!o)
        return unknown(c, f, s);
    *out = db_of_text(o->code);
    return true;
}

static bool option_check(Ctx *c, const Field *f, const DbVal *v)
{
    const Option *o = field_option(f, v->s);
    if (!o)
        return unknown(c, f, v->s);
    if (o->disabled)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, f->name, "type.option_disabled", type_label(c, f),
                        label_in(o->label, c->lang));
    return true;
}

static char *option_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    if (v->kind != DB_TEXT)
        return arena_str(a, "");
    const Option *o = field_option(f, v->s);
    return arena_str(a, o ? label_in(o->label, lang) : v->s);
}

/* ---- several -------------------------------------------------------------------------------- */

/* "|a|b|" of the options marked, in the order declared. */
static DbVal joined(Ctx *c, const Field *f, const bool *on)
{
    Buf b;
    buf_init(&b, c->a);
    for (int i = 0; i < f->n_options; i++) {
        if (!on[i])
            continue;
        if (!b.len)
            buf_putc(&b, '|');
        buf_puts(&b, f->options[i].code);
        buf_putc(&b, '|');
    }
    return b.len ? db_of_text(b.data) : db_null();
}

static bool multi_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    if (!json_object_is_type(in, json_type_array))
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_list", type_label(c, f));
    bool *on = ARENA_ARRAY(c->a, f->n_options + 1, bool);
    bool ok = true;
    for (size_t i = 0; i < json_object_array_length(in); i++) {
        json_object *it = json_object_array_get_idx(in, i);
        const Option *o = json_object_is_type(it, json_type_string)
                              ? field_option(f, json_object_get_string(it))
                              : NULL;
        if (!o)
            ok = unknown(c, f, json_object_get_string(it) ? json_object_get_string(it) : "null");
        else
            on[o - f->options] = true;
        if (!ok)
            break;
    }
    if (!ok)
        return false;
    *out = joined(c, f, on);
    return true;
}

static bool multi_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    bool *on = ARENA_ARRAY(c->a, f->n_options + 1, bool);
    const char *at;
    size_t n;
    while (type_next_word(&text, true, &at, &n)) {
        char *word = fold_clean(c->a, arena_dup(c->a, at, n));
        const Option *o = *word ? find(c, f, word) : NULL;
        if (*word && !o)
            return unknown(c, f, word);
        if (o)
            on[o - f->options] = true;
    }
    *out = joined(c, f, on);
    return true;
}

static const Option *next_option(const Field *f, const char **p, char code[64])
{
    while (**p == '|')
        (*p)++;
    size_t n = 0;
    while ((*p)[n] && (*p)[n] != '|' && n < 63) {
        code[n] = (*p)[n];
        n++;
    }
    code[n] = 0;
    *p += n;
    return n ? field_option(f, code) : NULL;
}

static bool multi_check(Ctx *c, const Field *f, const DbVal *v)
{
    char code[64];
    const char *p = v->s;
    while (*p) {
        const Option *o = next_option(f, &p, code);
        if (!*code)
            break;
        if (!o)
            return unknown(c, f, code);
        if (o->disabled)
            return ctx_fail(c, ERR_ENUM_UNKNOWN, f->name, "type.option_disabled", type_label(c, f),
                            label_in(o->label, c->lang));
    }
    return true;
}

static void multi_to_json(const Field *f, const DbVal *v, Jw *w)
{
    if (v->kind != DB_TEXT) {
        jw_null(w);
        return;
    }
    char code[64];
    const char *p = v->s;
    jw_arr(w);
    while (*p) {
        next_option(f, &p, code);
        if (*code)
            jw_str(w, code);
    }
    jw_end(w);
}

static char *multi_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    Buf b;
    buf_init(&b, a);
    if (v->kind != DB_TEXT)
        return b.data;
    char code[64];
    const char *p = v->s;
    while (*p) {
        const Option *o = next_option(f, &p, code);
        if (!*code)
            break;
        if (b.len)
            buf_puts(&b, lang && strcmp(lang, "en") == 0 ? ", " : "、");
        buf_puts(&b, o ? label_in(o->label, lang) : code);
    }
    return b.data;
}

const FieldOps type_option_ops = {.name = "option",
                                  .column = COL_TEXT,
                                  .has_column = true,
                                  .ops = OPS_EQ,
                                  .from_json = option_from_json,
                                  .from_text = option_from_text,
                                  .check = option_check,
                                  .to_json = type_text_to_json,
                                  .to_text = option_to_text};
const FieldOps type_multi_option_ops = {.name = "multi_option",
                                        .column = COL_TEXT,
                                        .has_column = true,
                                        .ops = 1u << OP_CONTAINS | 1u << OP_IN | 1u << OP_NOT_IN |
                                               OPS_NULL,
                                        .from_json = multi_from_json,
                                        .from_text = multi_from_text,
                                        .check = multi_check,
                                        .to_json = multi_to_json,
                                        .to_text = multi_to_text};
