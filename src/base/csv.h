/*
 * CSV in and out. The reader is a state machine of RFC 4180 that is fed bytes (UTF-8; see
 * text_encoding.h) and calls back for each record, so a file of any size needs the memory of one
 * record. It takes what spreadsheets really write: , ; tab or | between the cells (told by the first
 * lines, or by a first line "sep=;"), CR, LF, CRLF and mixtures, breaks and doubled quotes inside
 * quotes, text behind a closing quote, rows shorter or longer than the header, a last line without
 * end, a BOM. It refuses a NUL and a quote that is never closed.
 *
 * The writer makes what Excel on a Chinese Windows opens rightly: BOM, CRLF, and a guard before
 * texts that a spreadsheet would run as a formula.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/buf.h"
#include "base/ctx.h"

typedef struct CsvRecord {
    int64_t line; /* where it begins, from 1 */
    size_t n;     /* 0 for an empty line */
    const char *const *cells;
    const size_t *lens;
} CsvRecord;

/* false stops the reading; csv_feed then returns false (record the reason in the context if it is a
   mistake). The record is gone after the call. */
typedef bool (*CsvFn)(void *user, const CsvRecord *rec);

typedef struct CsvOpts {
    char delimiter;     /* 0: find out */
    size_t max_columns; /* 0: 16384, as Excel */
    size_t max_cell;    /* bytes; 0: 1 MiB */
} CsvOpts;

typedef struct CsvReader CsvReader;

/* opts may be NULL. The reader lives on c->a. */
CsvReader *csv_new(Ctx *c, const CsvOpts *opts, CsvFn fn, void *user);
/* Any pieces; ends with csv_end. On false the mistake is in the context (ERR_INVALID, ERR_TOO_LARGE,
   with the line), or fn has stopped. */
bool csv_feed(CsvReader *r, const char *data, size_t n);
bool csv_end(CsvReader *r);
/* The delimiter in use; 0 before it is known. */
char csv_delimiter(const CsvReader *r);

/* The delimiter of a beginning of a text: the one of , ; tab | with the most even number of columns
   over its first 50 records; ',' where none shows. */
char csv_sniff(const char *text, size_t n);

/* Writing: csv_bom once, then csv_cell for each cell and csv_row_end. */
typedef struct CsvWriter {
    Buf *b;
    size_t cells, bytes; /* of this row so far */
} CsvWriter;

void csv_writer_init(CsvWriter *w, Buf *b);
void csv_bom(CsvWriter *w);
/* A text, guarded. NULL is an empty cell. */
void csv_cell(CsvWriter *w, const char *text);
/* A number or date of our own making: not guarded. */
void csv_cell_raw(CsvWriter *w, const char *text);
void csv_row_end(CsvWriter *w);

/*
 * Would a spreadsheet run the text as a formula? True when, behind all blanks, control and invisible
 * characters, it begins with = + - @ (also full-width or small), or begins with tab, CR or LF; not
 * for a plain number such as -12.50 or +8613800138000. csv_cell then writes ' before it, and also
 * before a text that begins with ' and would need it, so that csv_unguard gives back every text.
 * Workbooks are written with strings as strings and need no guard.
 */
bool csv_is_formula(const char *text);
const char *csv_unguard(const char *text);

#endif
