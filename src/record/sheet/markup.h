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

/* How many elements with these names (any case, any prefix; NULL ends them) begin in the file? Also those in comments
   count, so it is never less than a parser finds. Only for encodings in which ASCII is ASCII: see markup_can_count. */
enum {
    MARKUP_WORDS = 4,
    MARKUP_LARGE =
        4
        << 20 /* files from here on are not gone through to list their sheets, where that can be helped */
};
bool markup_count(SheetBook *b, const char *const words[MARKUP_WORDS],
                  int64_t counts[MARKUP_WORDS]);
/* Says of each sheet of b that it has its share of the file's bytes: a guess of the work it is. */
void markup_share(SheetBook *b);
/* Is the file large, and in such an encoding? */
bool markup_can_count(const SheetBook *b);

bool spreadsheetml_open(SheetBook *b);
bool html_open(SheetBook *b);

#endif
