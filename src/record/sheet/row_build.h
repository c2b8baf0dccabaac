/* One row in the making: cells put anywhere in it, then handed over. For the readers but the one of
   .xlsx, which hands its rows over in another way and shares only the growing of a row. */
#ifndef RECORD_SHEET_ROW_BUILD_H
#define RECORD_SHEET_ROW_BUILD_H

#include "record/sheet/book.h"

typedef struct RowBuild {
    SheetBook *b;
    Arena *texts; /* of the row at hand; reset by row_begin */
    SheetRowFn fn;
    void *user;
    SheetCell *cells; /* grown as seen */
    int cap, n;
    int64_t row;
    bool hidden, any, stopped;
} RowBuild;

/* texts becomes a child of the book's arena; row_free gives it back. */
void row_init(RowBuild *r, SheetBook *b, SheetRowFn fn, void *user);
void row_free(RowBuild *r);
/* Forgets the cells at hand; row counts from 1. */
void row_begin(RowBuild *r, int64_t row, bool hidden);
/* Hands the row over unless it is blank. false: the reader of rows wants no more (stopped is set). */
bool row_end(RowBuild *r);

/* The cell in column col of a row of n cells, which grows (by blank ones, on a) as far as that. */
SheetCell *row_cell(Arena *a, SheetCell **cells, int *n, int *cap, int col);
/* Sets a cell; what stood there is replaced. col is below BOOK_COLUMNS. text must live as long as the
   row; an empty one makes a blank cell unless it is an error. */
SheetCell *row_set(RowBuild *r, int col, SheetKind kind, const char *text);
/* A number, as a date where its format is one; both date systems; not finite or absurd ones are #NUM!. */
void row_number(RowBuild *r, int col, double v, bool is_date);
void row_bool(RowBuild *r, int col, bool v);
/* "2024-05-01T09:30:00.000Z" as a date; a time of day where the day is 1899-12-31 or before. Anything
   else stays as text. */
void row_iso(RowBuild *r, int col, const char *text);

#endif
