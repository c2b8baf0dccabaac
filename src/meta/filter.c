/* The filter tree: made by code, or parsed from JSON and checked. See filter.h. */
#include "meta/filter.h"

#include <string.h>

#include "base/fold.h"
#include "meta/filter_impl.h"
#include "meta/parse.h"

enum { MAX_DEPTH = 5, MAX_LEAVES = 100, MAX_VALUES = 500, MAX_LINKS = 3, MAX_TEXT = 1000 };

typedef struct Fp {
    Ctx *c;
    const FilterGuard *guard;
    FilterMe me;
    int leaves;
} Fp;

/* ---- making --------------------------------------------------------------------------------- */

static Filter *make(Arena *a, FilterKind kind)
{
    Filter *f = ARENA_NEW(a, Filter);
    f->kind = kind;
    return f;
}

Filter *filter_true(Arena *a)
{
    return make(a, FILTER_TRUE);
}

Filter *filter_false(Arena *a)
{
    return make(a, FILTER_FALSE);
}

static Filter *both(Arena *a, FilterKind kind, Filter *x, Filter *y)
{
    int nx = x->kind == kind ? x->n_kids : 1, ny = y->kind == kind ? y->n_kids : 1;
    Filter *f = make(a, kind);
    f->kids = ARENA_ARRAY(a, nx + ny, Filter *);
    for (int i = 0; i < nx; i++)
        f->kids[f->n_kids++] = x->kind == kind ? x->kids[i] : x;
    for (int i = 0; i < ny; i++)
        f->kids[f->n_kids++] = y->kind == kind ? y->kids[i] : y;
    return f;
}

Filter *filter_and(Arena *a, Filter *x, Filter *y)
{
    if (!x || x->kind == FILTER_TRUE)
        return y ? y : filter_true(a);
    if (!y || y->kind == FILTER_TRUE)
        return x;
    if (x->kind == FILTER_FALSE)
        return x;
    if (y->kind == FILTER_FALSE)
        return y;
    return both(a, FILTER_AND, x, y);
}

Filter *filter_or(Arena *a, Filter *x, Filter *y)
{
    if (!x || x->kind == FILTER_FALSE)
        return y ? y : filter_false(a);
    if (!y || y->kind == FILTER_FALSE)
        return x;
    if (x->kind == FILTER_TRUE)
        return x;
    if (y->kind == FILTER_TRUE)
        return y;
    return both(a, FILTER_OR, x, y);
}

Filter *filter_not(Arena *a, Filter *x)
{
    if (!x || x->kind == FILTER_TRUE)
        return filter_false(a);
    if (x->kind == FILTER_FALSE)
        return filter_true(a);
    if (x->kind == FILTER_NOT)
        return x->kids[0];
    Filter *f = make(a, FILTER_NOT);
    f->kids = ARENA_ARRAY(a, 1, Filter *);
    f->kids[f->n_kids++] = x;
    return f;
}

Filter *filter_leaf(Arena *a, const Field *field, FilterOp op, const DbVal *vals, int n)
{
    Filter *f = make(a, FILTER_LEAF);
    f->field = field;
    f->op = op;
    f->vals = ARENA_ARRAY(a, n ? n : 1, DbVal);
    for (int i = 0; i < n; i++)
        f->vals[i] = vals[i];
    f->n_vals = n;
    return f;
}

Filter *filter_ids(Arena *a, const int64_t *ids, int n)
{
    if (n == 0)
        return filter_false(a);
    Filter *f = make(a, FILTER_IDS);
    f->vals = ARENA_ARRAY(a, n, DbVal);
    for (int i = 0; i < n; i++)
        f->vals[i] = db_of_int(ids[i]);
    f->n_vals = n;
    return f;
}

Filter *filter_via(Arena *a, const Field *link, const Entity *target, Filter *sub)
{
    if (sub && sub->kind == FILTER_FALSE)
        return sub;
    Filter *f = make(a, FILTER_VIA);
    f->field = link;
    f->target = target;
    f->kids = ARENA_ARRAY(a, 1, Filter *);
    f->kids[f->n_kids++] = sub ? sub : filter_true(a);
    return f;
}

Filter *filter_shared(Arena *a, int64_t user, int64_t now_ms, bool write)
{
    Filter *f = make(a, FILTER_SHARED);
    f->vals = ARENA_ARRAY(a, 3, DbVal);
    f->vals[0] = db_of_int(user);
    f->vals[1] = db_of_int(now_ms);
    f->vals[2] = db_of_int(write);
    f->n_vals = 3;
    return f;
}

/* ---- parsing -------------------------------------------------------------------------------- */

bool filter_is_text(const Field *f)
{
    return type_ops(f->type)->text;
}

const char *filter_folded(Arena *a, const Field *f, const char *text)
{
    DbVal v = db_of_text(text);
    return type_fold(a, f, &v).s;
}

static bool bad_value(Fp *p, const char *path, int before)
{
    const char *why = arena_str(p->c->a, p->c->err_last->message);
    ctx_errors_back_to(p->c, before);
    return ctx_fail(p->c, ERR_BAD_FILTER, path, "filter.value", path, why);
}

static bool value(Fp *p, const Field *f, const char *path, json_object *in, DbVal *out)
{
    Ctx *c = p->c;
    const char *text =
        json_object_is_type(in, json_type_string) ? json_object_get_string(in) : NULL;
    if (p->guard && text && strlen(text) > MAX_TEXT) /* LIKE has its limits */
        return ctx_fail(c, ERR_BAD_FILTER, path, "err.text_length", path, ctx_num(c, MAX_TEXT));
    if (filter_is_text(f) && text) {
        char *s = fold_clean(c->a, text);
        *out = *s ? db_of_text(s) : db_null();
        return true;
    }
    if (text && (f->type == FT_LINK || f->type == FT_LINK_MANY)) {
        if (strcmp(text, "me") == 0) {
            *out = db_of_int(p->me.user);
            return true;
        }
        if (strcmp(text, "my_department") == 0) {
            *out = db_of_int(p->me.department); /* 0 where there is none: no row has that id */
            return true;
        }
    }
    int before = c->n_err;
    const Field *as = f;
    if (f->type == FT_LINK_MANY) { /* its elements are ids */
        Field *id = ARENA_NEW(c->a, Field);
        *id = *f;
        id->type = FT_LINK;
        as = id;
    } else if (f->type == FT_MULTI_OPTION) {
        Field *one = ARENA_NEW(c->a, Field);
        *one = *f;
        one->type = FT_OPTION;
        as = one;
    }
    if (!type_ops(as->type)->from_json(c, as, in, out))
        return bad_value(p, path, before);
    return true;
}

/* in and not_in: the values that are not null; *nulls whether null was among them. */
static bool value_list(Fp *p, const Field *f, const char *path, json_object *list, DbVal **out,
                       int *out_n, bool *nulls)
{
    size_t n = json_object_array_length(list);
    *out = ARENA_ARRAY(p->c->a, n ? n : 1, DbVal);
    *out_n = 0;
    *nulls = false;
    for (size_t i = 0; i < n; i++) {
        DbVal v;
        if (!value(p, f, path, json_object_array_get_idx(list, i), &v))
            return false;
        if (v.kind == DB_NULL)
            *nulls = true;
        else
            (*out)[(*out_n)++] = v;
    }
    return true;
}

static Filter *is_null(Ctx *c, const Field *f, bool null)
{
    return filter_leaf(c->a, f, null ? OP_IS_NULL : OP_NOT_NULL, NULL, 0);
}

/* A region and all below it are one range of codes. */
static Filter *region_under(Ctx *c, const Field *f, int64_t code)
{
    int64_t span = code % 10000 == 0 ? 9999 : code % 100 == 0 ? 99 : 0;
    DbVal v[2] = {db_of_int(code), db_of_int(code + span)};
    return filter_leaf(c->a, f, OP_BETWEEN, v, 2);
}

static bool leaf_under(Fp *p, const Field *f, const char *path, json_object *in, Filter **out)
{
    *out = filter_false(p->c->a);
    size_t n = json_object_is_type(in, json_type_array) ? json_object_array_length(in) : 1;
    for (size_t i = 0; i < n; i++) {
        json_object *it =
            json_object_is_type(in, json_type_array) ? json_object_array_get_idx(in, i) : in;
        DbVal v;
        if (!value(p, f, path, it, &v))
            return false;
        if (v.kind == DB_NULL)
            return ctx_fail(p->c, ERR_BAD_FILTER, path, "filter.no_value", path);
        *out = filter_or(p->c->a, *out,
                         f->type == FT_REGION ? region_under(p->c, f, v.i)
                                              : filter_leaf(p->c->a, f, OP_UNDER, &v, 1));
    }
    return true;
}

static bool leaf_list(Fp *p, const Field *f, FilterOp op, const char *path, json_object *in,
                      Filter **out)
{
    Ctx *c = p->c;
    DbVal *vals;
    int n;
    bool nulls;
    if (!value_list(p, f, path, in, &vals, &n, &nulls))
        return false;
    Filter *x = n             ? filter_leaf(c->a, f, op, vals, n)
                : op == OP_IN ? filter_false(c->a)
                              : filter_true(c->a);
    /* not_in includes rows without a value, unless null itself is excluded. */
    if (nulls)
        x = op == OP_IN ? filter_or(c->a, x, is_null(c, f, true))
                        : filter_and(c->a, x, is_null(c, f, false));
    *out = x;
    return true;
}

/* The codes of the reader's roles stand for a list, where roles are compared. */
static bool is_my_roles(const Field *f, json_object *in)
{
    return json_object_is_type(in, json_type_string) &&
           strcmp(json_object_get_string(in), "my_roles") == 0 &&
           strcmp(f->entity->name, "role") == 0 && strcmp(f->name, "code") == 0;
}

static Filter *leaf_my_roles(Fp *p, const Field *f, FilterOp op)
{
    Filter *x = filter_false(p->c->a);
    for (const char *const *r = p->me.roles; r && *r; r++) {
        DbVal v = db_of_text(*r);
        x = filter_or(p->c->a, x, filter_leaf(p->c->a, f, OP_EQ, &v, 1));
    }
    return op == OP_IN ? x : filter_not(p->c->a, x);
}

static bool leaf_of(Fp *p, const Field *f, FilterOp op, const char *path, json_object *in,
                    Filter **out)
{
    Ctx *c = p->c;
    if (op == OP_IS_NULL || op == OP_NOT_NULL) {
        *out = is_null(c, f, op == OP_IS_NULL);
        return true;
    }
    bool list = json_object_is_type(in, json_type_array);
    if ((op == OP_IN || op == OP_NOT_IN) && is_my_roles(f, in)) {
        *out = leaf_my_roles(p, f, op);
        return true;
    }
    if ((op == OP_IN || op == OP_NOT_IN || op == OP_BETWEEN) && !list)
        return ctx_fail(c, ERR_BAD_FILTER, path, "filter.want_list", path, op_name(op));
    if (list && p->guard && json_object_array_length(in) > MAX_VALUES)
        return ctx_fail(c, ERR_BAD_FILTER, path, "filter.list_long", ctx_num(c, MAX_VALUES));
    if (op == OP_BETWEEN && json_object_array_length(in) != 2)
        return ctx_fail(c, ERR_BAD_FILTER, path, "filter.want_pair", path);
    if (f->type == FT_DATE || f->type == FT_DATETIME) {
        size_t n = list ? json_object_array_length(in) : 1;
        json_object **vals = ARENA_ARRAY(c->a, n ? n : 1, json_object *);
        for (size_t i = 0; i < n; i++)
            vals[i] = list ? json_object_array_get_idx(in, i) : in;
        int before = c->n_err;
        if (list && op != OP_IN && op != OP_NOT_IN && op != OP_BETWEEN)
            return ctx_fail(c, ERR_BAD_FILTER, path, "filter.no_value", path);
        if (!filter_time(c, f, op, vals, (int)n, out))
            return bad_value(p, path, before);
        return true;
    }
    if (op == OP_UNDER)
        return leaf_under(p, f, path, in, out);
    if (op == OP_IN || op == OP_NOT_IN)
        return leaf_list(p, f, op, path, in, out);
    DbVal v[2] = {db_null(), db_null()};
    int n = op == OP_BETWEEN ? 2 : 1;
    for (int i = 0; i < n; i++)
        if (!value(p, f, path, n == 2 ? json_object_array_get_idx(in, (size_t)i) : in, &v[i]))
            return false;
    if (v[0].kind == DB_NULL || (n == 2 && v[1].kind == DB_NULL)) {
        if (op != OP_EQ && op != OP_NE)
            return ctx_fail(c, ERR_BAD_FILTER, path, "filter.no_value", path);
        *out = is_null(c, f, op == OP_EQ);
        return true;
    }
    *out = filter_leaf(c->a, f, op, v, n);
    return true;
}

/* Nobody may ask for it, so it is not suggested either. */
static bool not_asked(const Field *f)
{
    return f->retired || f->hidden || f->write_only;
}

static bool no_field(Fp *p, const Entity *e, const char *path, const char *name)
{
    const char **words = ARENA_ARRAY(p->c->a, e->n_fields, const char *);
    int n = 0;
    for (int i = 0; i < e->n_fields; i++)
        if (!not_asked(&e->fields[i]))
            words[n++] = e->fields[i].name;
    /* Suggestions only where no reader is involved: a name he may not see is none of his business. */
    const char *near = p->guard ? NULL : meta_nearest(name, words, n);
    return near ? ctx_fail(p->c, ERR_BAD_FILTER, path, "filter.no_field_near", path, near)
                : ctx_fail(p->c, ERR_BAD_FILTER, path, "filter.no_field", path);
}

/* ["id", "duplicate", "name_phone"]: what the rule compares must be his to read, in both rows. */
static bool leaf_twin(Fp *p, const Entity *e, const char *path, json_object *in, Filter **out)
{
    Ctx *c = p->c;
    const char *name = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
    const DupRule *rule = NULL;
    Filter *scope = NULL, *clear = NULL;
    for (int i = 0; i < e->n_dups && !rule; i++)
        if (strcmp(e->dups[i].name, name) == 0)
            rule = &e->dups[i];
    if (!rule)
        return ctx_fail(c, ERR_BAD_FILTER, path, "filter.no_rule", name);
    if (p->guard && p->guard->scope && !p->guard->scope(c, e, &scope))
        return false;
    for (const char *const *f = rule->fields; *f; f++) {
        Filter *also = NULL;
        if (p->guard && p->guard->field && !p->guard->field(c, entity_field(e, *f), &also))
            return false;
        clear = filter_and(c->a, clear, also);
    }
    Filter *x = make(c->a, FILTER_TWIN);
    x->dup = rule;
    x->kids = ARENA_ARRAY(c->a, 1, Filter *);
    x->kids[x->n_kids++] = filter_and(c->a, scope, clear);
    *out = filter_and(c->a, clear, x);
    return true;
}

/* ["id", "told", 12]: the reader's own, whoever sent him the address. */
static bool leaf_told(Fp *p, const char *path, json_object *in, Filter **out)
{
    if (!json_object_is_type(in, json_type_int))
        return ctx_fail(p->c, ERR_BAD_FILTER, path, "filter.no_value", path);
    Filter *x = make(p->c->a, FILTER_TOLD);
    x->vals = ARENA_ARRAY(p->c->a, 2, DbVal);
    x->vals[0] = db_of_int(p->me.user);
    x->vals[1] = db_of_int(json_object_get_int64(in));
    x->n_vals = 2;
    *out = x;
    return true;
}

/* Walks "customer.region": links, each with its guard and scope, then the leaf. */
static bool path_of(Fp *p, const Entity *e, const char *path, const char *rest, int links,
                    FilterOp op, json_object *in, Filter **out)
{
    Ctx *c = p->c;
    const char *dot = strchr(rest, '.');
    char *name = dot ? arena_dup(c->a, rest, (size_t)(dot - rest)) : arena_str(c->a, rest);
    const Field *f = entity_field(e, name);
    if (!f || not_asked(f))
        return no_field(p, e, path, name);
    Filter *also = NULL;
    if (p->guard && p->guard->field && !p->guard->field(c, f, &also))
        return false;
    if (!dot) {
        if (!(type_field_ops(f) & 1u << op))
            return ctx_fail(c, ERR_BAD_FILTER, path, "filter.op_type", path, op_name(op));
        Filter *x = NULL;
        if (op == OP_DUPLICATE ? !leaf_twin(p, e, path, in, &x)
            : op == OP_TOLD    ? !leaf_told(p, path, in, &x)
                               : !leaf_of(p, f, op, path, in, &x))
            return false;
        *out = filter_and(c->a, also, x);
        return true;
    }
    const Entity *target = model_entity(e->model, f->to); /* only links have one */
    if (!target)
        return ctx_fail(c, ERR_BAD_FILTER, path, "filter.not_link", name, dot + 1);
    if (links >= MAX_LINKS)
        return ctx_fail(c, ERR_BAD_FILTER, path, "filter.path_long", ctx_num(c, MAX_LINKS));
    Filter *scope = NULL, *sub = NULL;
    if (p->guard && p->guard->scope && !p->guard->scope(c, target, &scope))
        return false;
    if (!path_of(p, target, path, dot + 1, links + 1, op, in, &sub))
        return false;
    *out = filter_and(c->a, also, filter_via(c->a, f, target, filter_and(c->a, scope, sub)));
    return true;
}

static bool node(Fp *p, const Entity *e, json_object *j, int depth, Filter **out)
{
    Ctx *c = p->c;
    if (!json_object_is_type(j, json_type_array) ||
        !json_object_is_type(json_object_array_get_idx(j, 0), json_type_string))
        return ctx_fail(c, ERR_BAD_FILTER, "filter", "filter.shape");
    if (p->guard && depth > MAX_DEPTH)
        return ctx_fail(c, ERR_BAD_FILTER, "filter", "filter.deep", ctx_num(c, MAX_DEPTH));
    size_t n = json_object_array_length(j);
    const char *head = json_object_get_string(json_object_array_get_idx(j, 0));
    bool is_and = strcmp(head, "and") == 0, is_or = strcmp(head, "or") == 0;
    if (is_and || is_or) {
        Filter *x = is_and ? filter_true(c->a) : filter_false(c->a);
        for (size_t i = 1; i < n; i++) {
            Filter *kid = NULL;
            if (!node(p, e, json_object_array_get_idx(j, i), depth + 1, &kid))
                return false;
            x = is_and ? filter_and(c->a, x, kid) : filter_or(c->a, x, kid);
        }
        *out = x;
        return true;
    }
    if (strcmp(head, "not") == 0 && n == 2) {
        Filter *kid = NULL;
        if (!node(p, e, json_object_array_get_idx(j, 1), depth + 1, &kid))
            return false;
        *out = filter_not(c->a, kid);
        return true;
    }
    json_object *second = json_object_array_get_idx(j, 1); /* NULL beyond the end */
    if (n > 3 || !json_object_is_type(second, json_type_string) || strlen(head) > 200)
        return ctx_fail(c, ERR_BAD_FILTER, "filter", "filter.shape");
    if (p->guard && ++p->leaves > MAX_LEAVES)
        return ctx_fail(c, ERR_BAD_FILTER, "filter", "filter.many", ctx_num(c, MAX_LEAVES));
    FilterOp op;
    if (!op_parse(json_object_get_string(second), &op))
        return ctx_fail(c, ERR_BAD_FILTER, head, "filter.no_op", json_object_get_string(second));
    if (n == 2 && op != OP_IS_NULL && op != OP_NOT_NULL)
        return ctx_fail(c, ERR_BAD_FILTER, head, "filter.no_value", head);
    return path_of(p, e, head, head, 0, op, json_object_array_get_idx(j, 2), out);
}

bool filter_parse(Ctx *c, const Entity *e, json_object *json, const FilterGuard *guard, FilterMe me,
                  Filter **out)
{
    if (json_object_is_type(json, json_type_null) ||
        (json_object_is_type(json, json_type_array) && json_object_array_length(json) == 0)) {
        *out = filter_true(c->a);
        return true;
    }
    Fp p = {.c = c, .guard = guard, .me = me};
    return node(&p, e, json, 1, out);
}

bool filter_parse_text(Ctx *c, const Entity *e, const char *text, const FilterGuard *guard,
                       FilterMe me, Filter **out)
{
    json_object *o = NULL;
    int before = c->n_err;
    if (!json_read(c, text, strlen(text), &o)) {
        ctx_errors_back_to(c, before);
        return ctx_fail(c, ERR_BAD_FILTER, "filter", "filter.json");
    }
    return filter_parse(c, e, o, guard, me, out);
}
