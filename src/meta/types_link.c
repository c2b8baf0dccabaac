/* What points elsewhere or holds what SQL does not look into: link link_many region file files image
   json parts. Names and labels of linked rows are the record floor's; here a link is its id. */
#include <string.h>

#include "base/fold.h"
#include "base/region.h"
#include "meta/types_impl.h"

enum { JSON_MAX = 64 * 1024 };

static bool id_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    if (json_object_is_type(in, json_type_object)) { /* what an answer carries may be sent back */
        json_object *id;
        if (json_object_object_get_ex(in, "id", &id))
            in = id;
    }
    int64_t n = json_object_is_type(in, json_type_int) ? json_object_get_int64(in) : 0;
    if (n <= 0)
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_id", type_label(c, f));
    *out = db_of_int(n);
    return true;
}

static bool id_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    char *s = fold_clean(c->a, fold_narrow(c->a, text));
    int64_t n = 0;
    if (!*s) {
        *out = db_null();
        return true;
    }
    if (strspn(s, "0123456789") != strlen(s) || type_parse_scaled(s, 0, false, &n) != 0 || n <= 0)
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_id", type_label(c, f));
    *out = db_of_int(n);
    return true;
}

static void id_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    if (v->kind != DB_INT) {
        jw_null(w);
        return;
    }
    jw_obj(w);
    jw_kint(w, "id", v->i);
    jw_end(w);
}

static char *id_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    (void)f;
    (void)lang;
    return v->kind == DB_INT ? arena_printf(a, "%lld", (long long)v->i) : arena_str(a, "");
}

/* ---- region --------------------------------------------------------------------------------- */

static bool region_take(Ctx *c, const Field *f, int64_t code, DbVal *out)
{
    if (code < 100000 || code > 999999 || !region_find((int32_t)code))
        return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "type.region", type_label(c, f),
                        ctx_num(c, code));
    *out = db_of_int(code);
    return true;
}

/* As with a link: {"id": code}, {"number": code} or {"name": "杭州市西湖区"} mean what stands in them. */
static json_object *region_inside(json_object *in)
{
    static const char *const keys[] = {"id", "number", "name"};
    json_object *inner;
    for (size_t i = 0; json_object_is_type(in, json_type_object) && i < 3; i++)
        if (json_object_object_get_ex(in, keys[i], &inner) && inner)
            return inner;
    return in;
}

static bool region_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    in = region_inside(in);
    if (!type_is_json_null(in, out) && json_object_is_type(in, json_type_string))
        return type_region_ops.from_text(c, f, json_object_get_string(in), out);
    if (!id_from_json(c, f, in, out))
        return false;
    return out->kind == DB_NULL || region_take(c, f, out->i, out);
}

static bool region_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    char *s = fold_clean(c->a, fold_narrow(c->a, text));
    if (!*s) {
        *out = db_null();
        return true;
    }
    int64_t code;
    if (strspn(s, "0123456789") == strlen(s) && type_parse_scaled(s, 0, false, &code) == 0)
        return region_take(c, f, code, out);
    int32_t found = region_find_path(c->a, s);
    if (!found)
        return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "type.region", type_label(c, f), s);
    *out = db_of_int(found);
    return true;
}

static void region_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    if (v->kind != DB_INT) {
        jw_null(w);
        return;
    }
    jw_obj(w);
    jw_kint(w, "id", v->i);
    jw_kstr(w, "label", region_path(w->b->a, (int32_t)v->i));
    jw_end(w);
}

static char *region_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    (void)f;
    (void)lang;
    return v->kind == DB_INT ? region_path(a, (int32_t)v->i) : arena_str(a, "");
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static bool json_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    const char *s =
        json_object_to_json_string_ext(in, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (strlen(s) > JSON_MAX)
        return ctx_fail(c, ERR_TOO_LONG, f->name, "type.json_big", type_label(c, f));
    *out = db_of_text(arena_str(c->a, s));
    return true;
}

static bool json_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    json_object *o;
    char *s = fold_clean(c->a, text);
    if (!*s) {
        *out = db_null();
        return true;
    }
    return json_read(c, s, strlen(s), &o) && json_from_json(c, f, o, out);
}

static void json_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    if (v->kind == DB_TEXT && v->n)
        jw_raw(w, v->s);
    else
        jw_null(w);
}

/* ---- what has no column --------------------------------------------------------------------- */

static bool none_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    (void)in;
    (void)out;
    return ctx_fail(c, ERR_TYPE, f->name, "type.no_input", type_label(c, f));
}

static bool none_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    (void)text;
    (void)out;
    return ctx_fail(c, ERR_TYPE, f->name, "type.no_input", type_label(c, f));
}

static void none_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    (void)v;
    jw_null(w);
}

static char *none_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    (void)f;
    (void)v;
    (void)lang;
    return arena_str(a, "");
}

#define ID_TYPE(name_, ops_)                                                                       \
    {                                                                                              \
        .name = (name_), .column = COL_INT, .has_column = true, .ops = (ops_),                     \
        .from_json = id_from_json, .from_text = id_from_text, .check = type_check_none,            \
        .to_json = id_to_json, .to_text = id_to_text                                               \
    }
#define NO_COLUMN(name_, ops_)                                                                     \
    {                                                                                              \
        .name = (name_), .column = COL_TEXT, .has_column = false, .ops = (ops_),                   \
        .from_json = none_from_json, .from_text = none_from_text, .check = type_check_none,        \
        .to_json = none_to_json, .to_text = none_to_text                                           \
    }

const FieldOps type_link_ops = ID_TYPE("link", OPS_EQ | 1u << OP_UNDER);
const FieldOps type_file_ops = ID_TYPE("file", OPS_NULL);
const FieldOps type_image_ops = ID_TYPE("image", OPS_NULL);
const FieldOps type_link_many_ops =
    NO_COLUMN("link_many", 1u << OP_CONTAINS | 1u << OP_IN | 1u << OP_NOT_IN | OPS_NULL);
const FieldOps type_files_ops = NO_COLUMN("files", 0);
const FieldOps type_parts_ops = NO_COLUMN("parts", 0);
const FieldOps type_region_ops = {.name = "region",
                                  .column = COL_INT,
                                  .has_column = true,
                                  .ops = OPS_EQ | 1u << OP_UNDER,
                                  .from_json = region_from_json,
                                  .from_text = region_from_text,
                                  .check = type_check_none,
                                  .to_json = region_to_json,
                                  .to_text = region_to_text};
const FieldOps type_json_ops = {.name = "json",
                                .column = COL_TEXT,
                                .has_column = true,
                                .ops = OPS_NULL,
                                .from_json = json_from_json,
                                .from_text = json_from_text,
                                .check = type_check_none,
                                .to_json = json_to_json,
                                .to_text = type_text_plain};
