/*
 * The one filter language (docs/api.md): ["field", "op", value], ["and", …], ["or", …], ["not", F].
 * Parsed into a tree, checked against the model and the reader's rights, compiled to SQL with bound
 * values. Permission scopes are the same trees, made by auth/access.
 * Limits: depth 5 for foreign input, 100 leaves, 500 values in a list, 3 links in a path.
 */
#ifndef META_FILTER_H
#define META_FILTER_H

#include "db/sql.h"
#include "meta/types.h"

typedef enum FilterKind {
    FILTER_TRUE,
    FILTER_FALSE,
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT,
    FILTER_LEAF, /* field op values */
    FILTER_VIA,  /* field (a link) leads to a row of `target` for which kids[0] holds */
    FILTER_SHARED, /* the row was shared with user ids[0] (record_share), still valid at ms, right at least `right` */
    FILTER_TOLD, /* a notification of user vals[0] that notification vals[1] stands for is about the row */
    FILTER_IDS, /* id in (values) */
    FILTER_TWIN /* another live row of kids[0] agrees with it on the match keys of `dup` */
} FilterKind;

typedef struct Filter Filter;
struct Filter {
    FilterKind kind;
    Filter **kids;
    int n_kids;
    const Field *field;   /* LEAF, VIA */
    const Entity *target; /* VIA */
    const DupRule *dup;   /* TWIN */
    FilterOp op;
    DbVal *vals; /* LEAF, IDS, SHARED (user id, now ms, 1 where write is needed), TOLD */
    int n_vals;
    const char *const *folded; /* of the texts among vals, where filter_ready saw to it; or NULL */
};

/* What the reader may filter by; handed in by auth/access. */
typedef struct FilterGuard {
    /* false (with a mistake recorded) where the caller may not read f at all. *out_also: rows in which he reads it in
       clear (NULL: all); the leaf is joined with it by AND. */
    bool (*field)(Ctx *c, const Field *f, Filter **out_also);
    /* the rows of a linked entity he may read (FILTER_TRUE for all) */
    bool (*scope)(Ctx *c, const Entity *e, Filter **out);
} FilterGuard;

/* Parses foreign JSON. guard NULL: no limits (our own filters). ERR_BAD_FILTER names what is wrong. Relative values ("me",
   "my_department", "my_roles" (the codes of roles), "today", "-3d", "this_month", "last_quarter" …) are evaluated with
   c->now_ms, c->zone and `me`. */
typedef struct FilterMe {
    int64_t user, department;
    const char *const *roles; /* codes, NULL-terminated; or NULL */
} FilterMe;
bool filter_parse(Ctx *c, const Entity *e, json_object *json, const FilterGuard *guard, FilterMe me,
                  Filter **out);
bool filter_parse_text(Ctx *c, const Entity *e, const char *text, const FilterGuard *guard,
                       FilterMe me, Filter **out);

Filter *filter_true(Arena *a);
Filter *filter_false(Arena *a);
Filter *filter_and(Arena *a, Filter *x,
                   Filter *y); /* NULL counts as true; simplifies TRUE and FALSE */
Filter *filter_or(Arena *a, Filter *x, Filter *y); /* NULL counts as false */
Filter *filter_not(Arena *a, Filter *x);
Filter *filter_leaf(Arena *a, const Field *f, FilterOp op, const DbVal *vals, int n);
Filter *filter_ids(Arena *a, const int64_t *ids, int n);
Filter *filter_via(Arena *a, const Field *link, const Entity *target, Filter *sub);
Filter *filter_shared(Arena *a, int64_t user, int64_t now_ms, bool write);

/* Appends the condition on the row called alias. */
void filter_sql(Ctx *c, Sql *q, const Entity *e, const char *alias, const Filter *f);
/* The same for a statement that finds its few rows by something else: links are tested row by row (EXISTS) instead
   of gathering all rows they may lead to first (IN), which costs a scope of 20,000 customers before the first row. */
void filter_sql_each(Ctx *c, Sql *q, const Entity *e, const char *alias, const Filter *f);
/* And for one that is sure to find few, whatever the planner believes: it may not gather them after all. */
void filter_sql_alone(Ctx *c, Sql *q, const Entity *e, const char *alias, const Filter *f);

/* Is the value of f compared as text that people wrote (folded where there is a folded column)? */
bool filter_is_text(const Field *f);

/* Does the filter hold for a record in memory (values by field index)? For required_if and rules on the record itself;
   VIA and SHARED are not allowed there (asserted). */
bool filter_holds(const Filter *f, const DbVal *values);

/*
 * The same for any filter, as far as the record itself tells: FILTER_UNSURE where other rows would have to be asked
 * (links, shares, trees, lists of links) and the rest does not decide it. a: for what is folded on the way.
 */
typedef enum FilterKnown { FILTER_NO, FILTER_YES, FILTER_UNSURE } FilterKnown;
FilterKnown filter_known(Arena *a, const Filter *f, const DbVal *values);
/* What filter_known does not deny, as a filter of its own that asks no other row: it holds where f is YES or UNSURE. */
Filter *filter_possible(Arena *a, Filter *f);
/* A record on which many filters are tried: what is folded of it is kept. folded: n_fields places, empty at first. */
typedef struct FilterSubject {
    Arena *a;
    const DbVal *values;
    const char **folded; /* by Field.index; or NULL */
} FilterSubject;
FilterSubject filter_subject(Arena *a, const Entity *e, const DbVal *values);
FilterKnown filter_known_of(const FilterSubject *s, const Filter *f);
/* Folds the texts of a filter once, for one that is tested on many records. */
void filter_ready(Arena *a, Filter *f);
/* The fields of the record itself that a filter looks at: out[Field.index] is set to 1. */
void filter_fields(const Filter *f, unsigned char *out);
/* May it be kept as a condition for others? False, with a mistake of `field`, where a part of it means a notice of whoever
   opens the list (FILTER_TOLD): to everybody else, and to the program, it would mean nothing. */
bool filter_for_others(Ctx *c, const Filter *f, const char *field);

#endif
