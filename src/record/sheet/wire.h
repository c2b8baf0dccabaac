/*
 * What goes through the pipes between the program and the locked-up child that reads a file for it (child.h):
 * frames of a length, a kind and fields in the byte order of the machine. The child is believed nothing: whoever
 * takes a frame apart checks every length, number and text.
 */
#ifndef RECORD_SHEET_WIRE_H
#define RECORD_SHEET_WIRE_H

#include "base/buf.h"
#include "record/sheet/book.h"

/* Kinds. To the child: */
enum {
    WIRE_OPEN = 1, /* lang, encoding, delimiter, memory, cpu */
    WIRE_READ,     /* sheet */
    WIRE_MERGES,   /* sheet */
    WIRE_STOP,     /* no more rows of the sheet at hand */
    /* and back: */
    WIRE_BOOK, /* what sheet_open finds out */
    WIRE_ROW,
    WIRE_COLUMNS, /* hidden ones, before the first row */
    WIRE_DONE,    /* a command is done: what is known of the sheet now; mistakes */
    WIRE_LOCK     /* the child could not be locked up: why */
};

enum {
    WIRE_HEAD = 8,
    WIRE_MOST = 32 << 20, /* bytes of a frame */
    WIRE_ERRORS = 100,
    WIRE_TEXT = 2 * BOOK_CELL
};

/* ---- making ---- */

/* Begins a frame in out; wire_end says how long it became. at: where it began. */
size_t wire_begin(Buf *out, unsigned kind);
void wire_end(Buf *out, size_t at);
void wire_put_u32(Buf *out, uint32_t v);
void wire_put_i64(Buf *out, int64_t v);
void wire_put_text(Buf *out, const char *s); /* NULL stays NULL */
/* A whole frame of a row. false: it is too long, and nothing was added. */
bool wire_put_row(Buf *out, const SheetRow *row);

/* ---- taking apart ---- */

/* A frame without its head. Behind its end everything is 0 and `bad` is set. */
typedef struct WireIn {
    char *at, *end;
    bool bad;
} WireIn;

/* Kind and length of the frame that begins with head. false: no frame can begin so. */
bool wire_head(const char head[WIRE_HEAD], unsigned *kind, size_t *len);
uint32_t wire_u32(WireIn *in);
int64_t wire_i64(WireIn *in);
/* In the frame, or on a where it has to be mended to be UTF-8; NULL where it was. At most `most` bytes. */
const char *wire_text(WireIn *in, Arena *a, size_t most);
/* One row; cells grow on `keep` as needed. a: for mended texts. false: it is none. */
typedef struct WireCells {
    SheetCell *cells;
    int cap;
} WireCells;
bool wire_row(WireIn *in, Arena *keep, Arena *a, WireCells *cells, SheetRow *out);

/* What the child knows of the book (WIRE_BOOK): put from b, taken into b. */
void wire_put_book(Buf *out, const SheetBook *b);
bool wire_book(WireIn *in, SheetBook *b);
/* The end of a command (WIRE_DONE): sheet index, merged ranges m, hidden columns, the mistakes of c. */
void wire_put_done(Buf *out, const SheetBook *b, int index, const SheetMerge *m, int n,
                   const Ctx *c, bool whole);
/* Takes it into b; mistakes go into b->c. *whole: as what the reader returned. false: it is none. */
bool wire_done(WireIn *in, SheetBook *b, int index, bool *whole);
void wire_put_columns(Buf *out, const SheetBook *b);
bool wire_columns(WireIn *in, SheetBook *b);

#endif
