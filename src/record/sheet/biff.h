/*
 * BIFF5 and BIFF8, the record stream of .xls and .et ([MS-XLS]): reading records, texts that go on in
 * CONTINUE records, the globals (xls_book.c) and the rows (biff_rows.c). Offsets and counts of the file
 * decide where to look, never how much to allocate.
 */
#ifndef RECORD_SHEET_BIFF_H
#define RECORD_SHEET_BIFF_H

#include <iconv.h>

#include "base/buf.h"
#include "record/sheet/book.h"
#include "record/sheet/cfb.h"

enum BiffId {
    BIFF_FORMULA = 0x06,
    BIFF_EOF = 0x0a,
    BIFF_DATEMODE = 0x22,
    BIFF_FILEPASS = 0x2f,
    BIFF_CONTINUE = 0x3c,
    BIFF_CODEPAGE = 0x42,
    BIFF_COLINFO = 0x7d,
    BIFF_BOUNDSHEET = 0x85,
    BIFF_MULRK = 0xbd,
    BIFF_MULBLANK = 0xbe,
    BIFF_RSTRING = 0xd6,
    BIFF_XF = 0xe0,
    BIFF_MERGED = 0xe5,
    BIFF_SST = 0xfc,
    BIFF_LABELSST = 0xfd,
    BIFF_DIMENSION = 0x200,
    BIFF_NUMBER = 0x203,
    BIFF_LABEL = 0x204,
    BIFF_BOOLERR = 0x205,
    BIFF_STRING = 0x207,
    BIFF_ROW = 0x208,
    BIFF_ARRAY = 0x221,
    BIFF_TABLE = 0x236,
    BIFF_RK = 0x27e,
    BIFF_FORMULA3 = 0x206,
    BIFF_FORMULA4 = 0x406,
    BIFF_FORMAT = 0x41e,
    BIFF_SHRFMLA = 0x4bc,
    BIFF_BOF = 0x809
};

/* BOF: what begins there. */
enum { BIFF_GLOBALS = 0x05, BIFF_SHEET = 0x10 };

/* The book of an .xls; SheetBook.more. */
typedef struct Xls {
    CfbStream stream;
    bool biff8;
    iconv_t cd; /* of 8-bit texts (BIFF5) */
    bool has_cd;
    int64_t *offsets; /* by sheet */
} Xls;

/* ---- records ---- */

typedef struct Biff {
    const CfbStream *s;
    unsigned char *chunk;
    size_t place, have; /* of the next record in chunk; bytes in it */
    int64_t base;       /* of chunk in the stream */
    size_t ahead;       /* bytes read at a time; make it small before jumping about */
    /* the record at hand; data is good until the next one is read */
    unsigned id;
    size_t len;
    const unsigned char *data;
    int64_t start;
    bool cut; /* the stream ended inside a record */
} Biff;

void biff_init(Biff *r, const CfbStream *s, Arena *a);
void biff_seek(Biff *r, int64_t at);
bool biff_next(Biff *r);
/* The id of the record behind the one at hand; 0 at the end. */
unsigned biff_peek(const Biff *r);

static inline unsigned biff_u16(const unsigned char *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static inline uint32_t biff_u32(const unsigned char *p)
{
    return (uint32_t)biff_u16(p) | (uint32_t)biff_u16(p + 2) << 16;
}

double biff_double(const unsigned char *p);

/* ---- texts ---- */

/* A place in a record and the CONTINUE records behind it. */
typedef struct BiffCursor {
    Biff *r;
    size_t at;
    bool bad; /* there was less than the text claimed */
} BiffCursor;

/* Is there one more byte? Goes on to the next CONTINUE where the record is used up. */
bool biff_more(BiffCursor *u);
unsigned biff_take8(BiffCursor *u);
unsigned biff_take16(BiffCursor *u);
uint32_t biff_take32(BiffCursor *u);
void biff_skip(BiffCursor *u, uint64_t n);

/* cch characters of BIFF8 by the option byte, which comes anew in each CONTINUE; appended as UTF-8.
   NULs are left out: a text cannot hold them. */
void biff_chars(BiffCursor *u, unsigned cch, unsigned options, Buf *out);
/* A whole text of BIFF8 with its option byte, formatting runs and phonetics behind it skipped. */
void biff_text(BiffCursor *u, unsigned cch, Buf *out);
/* n bytes in the code page of the book. false: some are not of it and stand as U+FFFD. */
bool biff_bytes(Xls *x, BiffCursor *u, size_t n, Buf *out);

/* Opens the texts' code page (CODEPAGE record; 0: none known). false: nobody knows it. */
bool biff_code_page(SheetBook *b, Xls *x, unsigned page);
/* Reads SST at hand into the strings of the book. */
bool biff_strings(SheetBook *b, Biff *r);

/* ---- book and rows ---- */

/* container: in a compound file; else the stream itself. */
bool xls_open(SheetBook *b, bool container, const char *encoding);
/* Does this begin like the record stream of an .xls without container? */
bool xls_is_raw(const char *head, size_t n);
bool xls_read(SheetBook *b, int index, SheetRowFn fn, void *user);
/* Rows of the sheet whose records begin at the BOF at `at`. */
bool biff_rows(SheetBook *b, int64_t at, SheetRowFn fn, void *user);

#endif
