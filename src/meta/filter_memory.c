/*
 * A filter as a test on a record in memory, with the same outcome as its SQL. What only other rows can
 * tell is unsure, so that whoever tests a thousand rules on one record asks the database for few.
 */
#include <assert.h>
#include <string.h>

#include "meta/filter_impl.h"

static bool folds(const Field *f)
{
    return filter_is_text(f) && f->fold;
}

/* The i-th value of a leaf as it is compared. */
static const char *text_of(Arena *a, const Filter *f, int i)
{
    if (f->folded && f->folded[i])
        return f->folded[i];
    return folds(f->field) ? filter_folded(a, f->field, f->vals[i].s) : f->vals[i].s;
}

/* The text of the record, folded. */
static const char *own_text(const FilterSubject *s, const Field *f, const DbVal *v)
{
    const char **kept = s->folded ? &s->folded[f->index] : NULL;
    if (kept && *kept)
        return *kept;
    const char *text = filter_folded(s->a, f, v->s);
    if (kept)
        *kept = text;
    return text;
}

/* <0, 0, >0; both not null. */
static int compare(const FilterSubject *s, const Filter *f, const DbVal *v, int i)
{
    const DbVal *y = &f->vals[i];
    if (v->kind == DB_TEXT && y->kind == DB_TEXT)
        return strcmp(folds(f->field) ? own_text(s, f->field, v) : v->s, text_of(s->a, f, i));
    if (v->kind == DB_INT && y->kind == DB_INT)
        return v->i < y->i ? -1 : v->i > y->i;
    double dx = v->kind == DB_REAL ? v->d : (double)v->i,
           dy = y->kind == DB_REAL ? y->d : (double)y->i;
    return dx < dy ? -1 : dx > dy;
}

/* "|a|b|" holds a code. */
static bool has_code(const char *list, const char *code)
{
    size_t n = strlen(code);
    for (const char *p = list; (p = strstr(p, code)); p++)
        if (p > list && p[-1] == '|' && p[n] == '|')
            return true;
    return false;
}

static bool any(const FilterSubject *s, const Filter *f, const DbVal *v)
{
    for (int i = 0; i < f->n_vals; i++)
        if (f->field->type == FT_MULTI_OPTION ? has_code(v->s, f->vals[i].s)
                                              : compare(s, f, v, i) == 0)
            return true;
    return false;
}

static FilterKnown known(bool yes)
{
    return yes ? FILTER_YES : FILTER_NO;
}

static bool elsewhere(const Filter *f)
{
    return f->op == OP_UNDER || !f->field->column || f->field->type == FT_LINK_MANY;
}

static FilterKnown leaf(const FilterSubject *s, const Filter *f, const DbVal *v)
{
    if (elsewhere(f))
        return FILTER_UNSURE;
    if (f->op == OP_IS_NULL || f->op == OP_NOT_NULL)
        return known((v->kind == DB_NULL) == (f->op == OP_IS_NULL));
    if (v->kind == DB_NULL)
        return known(f->op == OP_NE || f->op == OP_NOT_IN);
    switch (f->op) {
    case OP_EQ: return known(compare(s, f, v, 0) == 0);
    case OP_NE: return known(compare(s, f, v, 0) != 0);
    case OP_LT: return known(compare(s, f, v, 0) < 0);
    case OP_LE: return known(compare(s, f, v, 0) <= 0);
    case OP_GT: return known(compare(s, f, v, 0) > 0);
    case OP_GE: return known(compare(s, f, v, 0) >= 0);
    case OP_BETWEEN: return known(compare(s, f, v, 0) >= 0 && compare(s, f, v, 1) <= 0);
    case OP_IN: return known(any(s, f, v));
    case OP_NOT_IN: return known(!any(s, f, v));
    case OP_CONTAINS:
        if (f->field->type == FT_MULTI_OPTION)
            return known(any(s, f, v));
        return known(strstr(own_text(s, f->field, v), text_of(s->a, f, 0)) != NULL);
    case OP_STARTS: {
        const char *p = text_of(s->a, f, 0);
        return known(strncmp(own_text(s, f->field, v), p, strlen(p)) == 0);
    }
    default: return FILTER_UNSURE;
    }
}

/* All of them (want NO: one that fails decides), or one of them (want YES). */
static FilterKnown several(const FilterSubject *s, const Filter *f, FilterKnown want)
{
    FilterKnown all = want == FILTER_NO ? FILTER_YES : FILTER_NO;
    for (int i = 0; i < f->n_kids; i++) {
        FilterKnown k = filter_known_of(s, f->kids[i]);
        if (k == want)
            return want;
        if (k == FILTER_UNSURE)
            all = FILTER_UNSURE;
    }
    return all;
}

FilterKnown filter_known_of(const FilterSubject *s, const Filter *f)
{
    const DbVal *values = s->values;
    switch (f->kind) {
    case FILTER_TRUE: return FILTER_YES;
    case FILTER_FALSE: return FILTER_NO;
    case FILTER_AND: return several(s, f, FILTER_NO);
    case FILTER_OR: return several(s, f, FILTER_YES);
    case FILTER_NOT: {
        FilterKnown k = filter_known_of(s, f->kids[0]);
        return k == FILTER_UNSURE ? k : known(k == FILTER_NO);
    }
    case FILTER_LEAF: return leaf(s, f, &values[f->field->index]);
    case FILTER_IDS:
        for (int i = 0; i < f->n_vals; i++)
            if (values[0].kind == DB_INT && values[0].i == f->vals[i].i)
                return FILTER_YES;
        return FILTER_NO;
    case FILTER_VIA: /* a link that leads nowhere leads to no such row */
        if (f->field->type == FT_LINK && values[f->field->index].kind == DB_NULL)
            return FILTER_NO;
        return FILTER_UNSURE;
    case FILTER_SHARED:
    case FILTER_TOLD:
    case FILTER_TWIN: break;
    }
    return FILTER_UNSURE;
}

FilterSubject filter_subject(Arena *a, const Entity *e, const DbVal *values)
{
    return (FilterSubject){a, values, ARENA_ARRAY(a, e->n_fields, const char *)};
}

FilterKnown filter_known(Arena *a, const Filter *f, const DbVal *values)
{
    FilterSubject s = {a, values, NULL};
    return filter_known_of(&s, f);
}

/* Where it is open: true above a condition that is wanted (open), false below one that is denied. */
static Filter *bound(Arena *a, Filter *f, bool open)
{
    Filter *out = NULL, *doubt = open ? filter_true(a) : filter_false(a);
    switch (f->kind) {
    case FILTER_TRUE:
    case FILTER_FALSE:
    case FILTER_IDS: return f;
    case FILTER_AND:
    case FILTER_OR:
        for (int i = 0; i < f->n_kids; i++) {
            Filter *kid = bound(a, f->kids[i], open);
            out = f->kind == FILTER_AND ? filter_and(a, out, kid) : filter_or(a, out, kid);
        }
        return out ? out : f;
    case FILTER_NOT: return filter_not(a, bound(a, f->kids[0], !open));
    case FILTER_LEAF: return elsewhere(f) || f->op == OP_DUPLICATE ? doubt : f;
    case FILTER_VIA:
        return open && f->field->type == FT_LINK ? filter_leaf(a, f->field, OP_NOT_NULL, NULL, 0)
                                                 : doubt;
    case FILTER_SHARED:
    case FILTER_TOLD:
    case FILTER_TWIN: break;
    }
    return doubt;
}

Filter *filter_possible(Arena *a, Filter *f)
{
    return bound(a, f, true);
}

bool filter_holds(const Filter *f, const DbVal *values)
{
    Arena *a = arena_new(0);
    FilterKnown k = filter_known(a, f, values);
    arena_free(a);
    assert(k != FILTER_UNSURE && "filter_holds: only the record's own fields");
    return k == FILTER_YES;
}

void filter_ready(Arena *a, Filter *f)
{
    for (int i = 0; i < f->n_kids; i++)
        filter_ready(a, f->kids[i]);
    if (f->kind != FILTER_LEAF || elsewhere(f) || !folds(f->field) || !f->n_vals)
        return;
    const char **folded = ARENA_ARRAY(a, f->n_vals, const char *);
    for (int i = 0; i < f->n_vals; i++)
        if (f->vals[i].kind == DB_TEXT)
            folded[i] = filter_folded(a, f->field, f->vals[i].s);
    f->folded = folded;
}

void filter_fields(const Filter *f, unsigned char *out)
{
    if (f->kind == FILTER_LEAF || f->kind == FILTER_VIA)
        out[f->field->index] = 1;
    if (f->kind == FILTER_VIA)
        return; /* its kids look at other rows */
    for (int i = 0; i < f->n_kids; i++)
        filter_fields(f->kids[i], out);
}

static bool is_own(const Filter *f)
{
    for (int i = 0; i < f->n_kids; i++)
        if (is_own(f->kids[i]))
            return true;
    return f->kind == FILTER_TOLD;
}

bool filter_for_others(Ctx *c, const Filter *f, const char *field)
{
    return !is_own(f) || ctx_fail(c, ERR_BAD_FILTER, field, "filter.told_kept");
}
