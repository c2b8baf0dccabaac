/* What the files types_*.c share: the table entries and small helpers. Nobody else includes this. */
#ifndef META_TYPES_IMPL_H
#define META_TYPES_IMPL_H

#include "meta/types.h"

extern const FieldOps type_number_ops, type_string_ops, type_text_ops, type_phone_ops,
    type_email_ops, type_url_ops;
extern const FieldOps type_int_ops, type_decimal_ops, type_float_ops, type_money_ops, type_bool_ops;
extern const FieldOps type_date_ops, type_datetime_ops;
extern const FieldOps type_option_ops, type_multi_option_ops;
extern const FieldOps type_link_ops, type_link_many_ops, type_region_ops, type_file_ops,
    type_files_ops, type_image_ops, type_json_ops, type_parts_ops;

#define OPS_NULL (1u << OP_IS_NULL | 1u << OP_NOT_NULL)
#define OPS_EQ (1u << OP_EQ | 1u << OP_NE | 1u << OP_IN | 1u << OP_NOT_IN | OPS_NULL)
#define OPS_ORDER                                                                                  \
    (OPS_EQ | 1u << OP_LT | 1u << OP_LE | 1u << OP_GT | 1u << OP_GE | 1u << OP_BETWEEN)

/* The field's label in the caller's language, for messages. */
const char *type_label(const Ctx *c, const Field *f);
/* null → DB_NULL and true in *done. */
bool type_is_json_null(json_object *in, DbVal *out);
/* A text as it is, in JSON and in words. */
void type_text_to_json(const Field *f, const DbVal *v, Jw *w);
char *type_text_plain(Arena *a, const Field *f, const DbVal *v, const char *lang);
bool type_check_none(Ctx *c, const Field *f, const DbVal *v);
/* Whole-value PCRE2 match of f->pattern; true without one. */
bool type_check_pattern(Ctx *c, const Field *f, const char *text);
/* n scaled by 10^scale as text: "4.50". */
char *type_scaled_text(Arena *a, int64_t n, int scale);
/* A number a person wrote → scaled: blanks, commas, 万 千 亿 where human. 0 fine, 1 no number, 2 too many decimals,
   3 out of range, 4 lost digits (1.38E+10). */
int type_parse_scaled(const char *text, int scale, bool human, int64_t *out);

#endif
