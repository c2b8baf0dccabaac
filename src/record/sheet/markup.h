/*
 * Tables in markup that are named .xls: SpreadsheetML 2003 (what "XML table 2003" of Excel is, and many
 * report tools) and web pages with tables (what many web systems call an Excel export).
 */
#ifndef RECORD_SHEET_MARKUP_H
#define RECORD_SHEET_MARKUP_H

#include "base/buf.h"
#include "record/sheet/book.h"

typedef enum MarkupKind { MARKUP_NONE, MARKUP_HTML, MARKUP_SPREADSHEET, MARKUP_OTHER } MarkupKind;

/* By the first bytes. MARKUP_OTHER: markup, but nothing that holds a table. */
MarkupKind markup_kind(const char *head, size_t n);

/* Finds the encoding of the file: chosen (may be NULL); BOM; strict UTF-8, whatever it declares; what it
   declares; the rule of base/text_encoding.h. Sets b->encoding. */
bool markup_encoding(SheetBook *b, const char *head, size_t n, const char *chosen);
/* The file as UTF-8, piece by piece. NULs are left out. */
typedef struct MarkupReader MarkupReader;
/* NULL with a mistake where the file cannot be opened. Lives on the book's arena until markup_close. */
MarkupReader *markup_start(SheetBook *b);
/* The next piece; good until the next call. *n is 0 at the end. false: a mistake. */
bool markup_next(MarkupReader *r, const char **text, size_t *n);
void markup_close(MarkupReader *r);

bool spreadsheetml_open(SheetBook *b);
bool html_open(SheetBook *b);

#endif
