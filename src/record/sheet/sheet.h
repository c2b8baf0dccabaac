/*
 * One way to read a table file of a stranger: .xlsx, .xls and .et, SpreadsheetML 2003, web pages with tables, .csv.
 * The kind is told by the first bytes, never by the name. A sheet is streamed row by row; nothing is
 * ever allocated by a number that the file claims. Whatever a cell is, its text as a person sees it is
 * there: whole numbers without exponent, dates as 2024-05-01.
 *
 * A book belongs to the arena of the context it was opened with and closes with it. It reads on that
 * arena; c->a may be another one (a step's) while a row function runs.
 */
#ifndef RECORD_SHEET_SHEET_H
#define RECORD_SHEET_SHEET_H

#include "base/ctx.h"

typedef enum SheetKind {
    SHEET_BLANK,
    SHEET_TEXT,
    SHEET_NUMBER,
    SHEET_DATE,
    SHEET_BOOL,
    SHEET_ERROR
} SheetKind;

typedef struct SheetCell {
    SheetKind kind;
    bool uncached; /* SHEET_ERROR: a formula whose result was not saved */
    bool cut;      /* longer than the reader keeps (1 MiB): text is its beginning */
    bool filled; /* by sheet_read_filled: the value stands in a cell above, merged with this one */
    const char *text; /* never NULL. Error cells: "#N/A" … */
    double number;    /* of SHEET_NUMBER, SHEET_DATE (days since 1899-12-30), SHEET_BOOL */
} SheetCell;

typedef struct SheetRow {
    int64_t row; /* as the spreadsheet counts, from 1; of a text file the record */
    int n;       /* cells; behind the last one all is blank */
    bool hidden;
    const SheetCell *cells; /* by column from 0 */
} SheetRow;

typedef struct SheetMerge {
    int64_t first_row, last_row; /* from 1 */
    int first_col, last_col;     /* from 0 */
} SheetMerge;

typedef struct SheetInfo {
    const char *name;
    bool hidden;      /* or very hidden */
    bool very_hidden; /* so that only a macro can show it */
    int64_t rows;     /* as the file claims; 0 where it does not. Never to be trusted */
    int columns;
    int64_t bytes; /* of its text, unpacked; a guess of the work it is */
} SheetInfo;

typedef struct SheetOptions {
    const char *encoding; /* of what sheet_encoding names one for, or NULL: found out */
    char delimiter;       /* 0: found out */
    const char *name;     /* of the file, for mistakes; NULL: the last part of its path */
} SheetOptions;

typedef struct SheetBook SheetBook;

/* opts may be NULL. ERR_UNSUPPORTED_TYPE names what it is instead (Excel 4 or older, a Word file, an encrypted book);
   ERR_TOO_LARGE where a limit is passed. */
bool sheet_open(Ctx *c, const char *path, const SheetOptions *opts, SheetBook **out);
int sheet_count(const SheetBook *b);
const SheetInfo *sheet_info(const SheetBook *b, int index);
/* "xlsx", "xls", "xml", "html" or "csv"; the encoding of a text file, of markup and of the texts of BIFF5, which
   are bytes (NULL otherwise); the delimiter of a text file (0 otherwise). */
const char *sheet_format(const SheetBook *b);
const char *sheet_encoding(const SheetBook *b);
char sheet_delimiter(const SheetBook *b);
/* By which rule the encoding of a text file was found ("bom", "utf8", "gb18030" …), "chosen" where the caller named it;
   NULL for what is no text file. */
const char *sheet_rule(const SheetBook *b);

/* false stops the reading; sheet_read then returns false as well (no mistake is recorded by it). */
typedef bool (*SheetRowFn)(void *user, const SheetRow *row);
/* Calls fn for each row that is not wholly blank, in order. The row and its texts are gone after the call. */
bool sheet_read(SheetBook *b, int index, SheetRowFn fn, void *user);
/* After sheet_read ran to the end: the merged ranges (at most 10,000). */
const SheetMerge *sheet_merges(const SheetBook *b, int *out_n);
/* Of the sheet that is or was read last; false for what lies behind the last column of a sheet. */
bool sheet_column_hidden(const SheetBook *b, int col);

/* The same ranges before the rows are read, in order of their first row: an .xlsx has them behind its rows, so
   the sheet is gone through for them. Sheets of more than `most` bytes (info.bytes) are not: *out_n is -1 then.
   They stand until another sheet is asked for. */
bool sheet_find_merges(SheetBook *b, int index, int64_t most, const SheetMerge **out, int *out_n);
/* As sheet_read, but what stands in the first cell of a vertically merged range stands in the blank cells of that
   column below it, too (cell.filled). Ranges that begin above row `from` are left alone: those of the headers.
   Rows that are wholly blank without it stay away. */
bool sheet_read_filled(SheetBook *b, int index, int64_t from, SheetRowFn fn, void *user);
/* Closes files early; else with the arena. */
void sheet_close(SheetBook *b);

/*
 * Where children are wanted (base/child.h) each file is read by one that is locked up (SECURITY C31): the program, started
 * with the word read-sheet, which calls sheet_child. Limits: the settings import.reader_memory, _cpu, _wait.
 */
/* The child: never comes back. */
_Noreturn void sheet_child(void);

/* ---- shared by the readers -------------------------------------------------------------------- */

/* The text of a serial day number: "2024-05-01", "2024-05-01 09:30:00", "09:30:00". false for what no spreadsheet shows. */
bool sheet_serial_text(double serial, char out[32]);
/* Would a number with this format be shown as date or time? id below 164: built in, code may be NULL. */
bool sheet_format_is_date(int id, const char *code);
/* A number as text: whole ones without point or exponent. out has room for 40 bytes. */
void sheet_number_text(double v, char out[40]);

#endif
