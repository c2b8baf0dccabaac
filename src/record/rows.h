/*
 * A set of rows on its way out: which fields, what the caller reads masked, what he may do with each
 * row, the labels of links. Lists, details, exports and timelines are written through this one piece,
 * so that masks and labels cannot differ between them.
 */
#ifndef RECORD_ROWS_H
#define RECORD_ROWS_H

#include "db/sql.h"
#include "record/record.h"

typedef struct Row {
    Record rec;
    bool clear; /* personal fields in clear */
    bool can_edit, can_delete, can_unshare;
    int64_t **many; /* by position in RowSet.fields: ids of a link_many */
    int *n_many;
} Row;

typedef struct RowSet {
    const Entity *e;
    const Field **fields; /* chosen and readable, in order */
    bool *masked;         /* beside fields */
    struct RowKey {
        const char *text; /* "\"name\":" */
        size_t n;
        DbKind kind; /* of the column */
    } * keys;        /* beside fields */
    const Entity **
        targets; /* beside fields: where a link with a fixed target leads; NULL: ask rows_link_target */
    const char **
        also; /* beside fields: a second name the value is given out under (Field.shown_by), or NULL */
    bool *taken;     /* by Field.index */
    int first_shown; /* the first field of e with shown_by; Entity.n_fields: none */
    int n_fields;
    bool any_masked;
    bool flags; /* compute can_edit and can_delete */
    bool
        one; /* there will be one row: room for no more is made, and it says whether a share of it can be ended */
    bool shares; /* that is asked, for this caller may share */
    Row *rows;
    int n, cap;
    LinkLabels *labels;
} RowSet;

/* Chooses the fields: text "name,phone"; NULL for the list fields; all: every readable field. Unknown names are
   ERR_UNKNOWN_FIELD (also those the caller may not read). */
bool rows_choose(Ctx *c, const Entity *e, const char *fields, bool all, RowSet *out);
/* Writes SELECT … FROM "entity" AS t0 with the columns of the set, the flags and, as last columns, what the caller adds
   by `extra` (a column name, or NULL) and `more` (as well). */
void rows_select(Ctx *c, RowSet *s, Sql *q, const char *extra, const char *more);
/* Reads the row the cursor stands on and adds it. Returns the next unread column. */
int rows_add(Ctx *c, RowSet *s, DbRows *r);
/* After all rows were added and the cursor is done: ids of links to many and all labels, in one statement. */
bool rows_finish(Ctx *c, RowSet *s);
/* One row as JSON object. */
void rows_write(Ctx *c, const RowSet *s, const Row *row, Jw *w);
/* "key": {"id", "label"} of a user, null for 0. */
void rows_write_person(Ctx *c, const LinkLabels *labels, const char *key, int64_t user, Jw *w);
/* The text of one field of a row for a person (export, history): labels of links and options, masked where masked. */
char *rows_text(Ctx *c, const RowSet *s, const Row *row, int at);
/* The value of a field as text, given labels; for history. */
char *rows_value_text(Ctx *c, const Field *f, const DbVal *v, const Entity *to,
                      const LinkLabels *labels);
/* The entity a link field leads to in this record; NULL where its to_field is empty. */
const Entity *rows_link_target(const Field *f, const DbVal *values);

#endif
