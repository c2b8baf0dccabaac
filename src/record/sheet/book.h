/* What the readers of one format share with sheet.c: the book itself, the parts of an .xlsx. */
#ifndef RECORD_SHEET_BOOK_H
#define RECORD_SHEET_BOOK_H

#include <expat.h>
#include <zip.h>

#include "base/map.h"
#include "base/text_encoding.h"
#include "base/vec.h"
#include "record/sheet/sheet.h"

/* Limits of SECURITY C31. */
#define BOOK_INFLATED ((int64_t)4 << 30)
#define BOOK_RATIO_FROM ((int64_t)64 << 20)
/* Texts of the shared strings: in memory without room on disk, with it, and there. */
#define BOOK_STRINGS ((int64_t)160 << 20)
#define BOOK_STRINGS_MEMORY ((int64_t)48 << 20)
#define BOOK_STRINGS_DISK ((int64_t)1 << 30)
enum {
    BOOK_RATIO = 200,
    BOOK_ENTRIES = 10000,
    BOOK_DEPTH = 64,
    BOOK_MERGES = 10000,
    BOOK_SHEETS = 1000,
    BOOK_COLUMNS = 16384,
    BOOK_ROWS = 1048576,
    BOOK_CELL = 1 << 20,
    BOOK_STRING_BLOCK = 4096,
    BOOK_SEGMENT = 2 << 20 /* no text is as long */
};

typedef VEC(SheetMerge) Merges;

typedef struct BookSheet {
    SheetInfo info;
    const char *part; /* its path in the zip */
} BookSheet;

/* Texts stand one behind the other in segments of BOOK_SEGMENT bytes; the first ones are in memory, those behind
   them in a file without a name, of which the pages are the system's. A place is an offset in all of them. */
typedef struct BookStrings {
    uint32_t **blocks; /* places, BOOK_STRING_BLOCK each */
    size_t n, n_blocks;
    char **segments;
    size_t n_segments, used; /* used: bytes of the last one */
    bool failed;             /* a mistake is in the context: no string is to be had any more */
    /* .xlsx: reads on until there are more than index; NULL where there are no more */
    void (*more)(SheetBook *b, int64_t index);
    void *source;
} BookStrings;

struct SheetBook {
    Ctx *c;
    Arena *a; /* its own, a child of the one it was opened on */
    int fd; /* the file: open as long as the book; readers go to its beginning themselves. -1: none */
    int room;         /* a file that is empty and may be written, or -1 */
    const char *name; /* for a mistake of the disk */
    const char *format;
    BookSheet *sheets;
    int n;
    Merges merges;
    Merges found; /* by sheet_find_merges, of sheet found_of - 1 */
    int found_of;
    unsigned char hidden_columns[2048]; /* BOOK_COLUMNS bits, of the sheet at hand */
    /* a text file */
    TextEncoding encoding;
    const char *rule; /* by which it was found, of a text file */
    char delimiter;
    /* a workbook */
    zip_t *zip;
    Map names;      /* path in lower case → index + 1 */
    int64_t packed; /* bytes of the file: what its parts grow to is held against them */
    bool date1904;
    unsigned char *is_date; /* by style */
    int n_styles;
    BookStrings strings;
    /* a reader that is not one of the two above: its own data and how it reads a sheet */
    void *more;
    bool (*read)(SheetBook *b, int index, SheetRowFn fn, void *user);
    /* fills merges without rows; NULL where the rows must be gone through */
    bool (*find)(SheetBook *b, int index);
    void (*closing)(SheetBook *b);
};

/* sheet_open with a file that is open already and becomes the book's, read in this process. room: an empty file for
   long lists of texts, which stays the caller's, or -1. name: for messages. */
bool book_open(Ctx *c, int fd, int room, const char *name, const SheetOptions *opts,
               SheetBook **out);
/* To the beginning of the file. */
bool book_rewind(SheetBook *b);

/* Opens the parts of an .xlsx: fills everything but rows. */
bool book_open_xlsx(SheetBook *b);
bool book_read_xlsx(SheetBook *b, int index, SheetRowFn fn, void *user);
/* Goes through the sheet for its merged ranges only: they go to b->merges. */
bool book_merges_xlsx(SheetBook *b, int index);
/* "A1:B3" becomes one more of b->merges, where it is a range. */
void book_take_merge(SheetBook *b, const char *ref);
/* Columns first to last, from 0, are hidden. */
void book_hide_columns(SheetBook *b, int64_t first, int64_t last);

/* ---- one XML part, streamed ---- */

typedef struct Part Part;
struct Part {
    SheetBook *b;
    XML_Parser parser;
    void *user;
    /* local names: namespaces and prefixes are taken off */
    void (*start)(Part *p, const char *name, const char **attrs);
    void (*end)(Part *p, const char *name);
    void (*text)(Part *p, const char *s, int n);
    int depth;
    bool stopped; /* by part_stop: no mistake */
    bool failed;  /* a mistake is in the context */
};

/* Streams part `name` through p. false on a mistake or where p was stopped. */
bool part_read(Part *p, const char *name);
/* The same, step by step as it is needed; p lives as long as the book. part_pull gives NULL with a mistake. A step is
   some ten kilobytes; *ended: that was the last, and it is not called again, as after a mistake. */
typedef struct PartPull PartPull;
PartPull *part_pull(Part *p, const char *name);
bool part_pull_step(PartPull *l, bool *ended);
/* The bytes of part `name` piece by piece, to a function that may say stop. false: a mistake, or stopped. */
typedef bool (*PartBytesFn)(void *user, char *bytes, size_t n);
bool part_bytes(SheetBook *b, const char *name, PartBytesFn fn, void *user);
/* The same for XML that comes from elsewhere, in pieces. encoding: what the text is in whatever it declares; may be NULL. */
void part_begin(Part *p, const char *encoding);
bool part_push(Part *p, const char *data, int n, bool last, const char *name);
void part_end(Part *p);
void part_stop(Part *p);
/* Records a mistake and stops. */
void part_fail(Part *p, ErrCode code, const char *key);
/* The attribute by its local name; NULL where it is absent. */
const char *part_attr(const char **attrs, const char *name);
bool part_exists(const SheetBook *b, const char *name);

/* Decodes _xHHHH_ in place; returns the new length. */
size_t book_unescape(char *s, size_t n);
/* One more shared string; ERR_TOO_LARGE behind the bytes above. */
bool book_add_string(SheetBook *b, const char *text, size_t n);
/* The string of a cell, good as long as the book; NULL where there is none, or (strings.failed) where it cannot be
   read. */
const char *book_string(SheetBook *b, int64_t index);
/* The book is closed: no string is to be had any more. */
void book_strings_end(SheetBook *b);
/* The shared strings of an .xlsx are in this part, which may be NULL. */
bool xlsx_strings_begin(SheetBook *b, const char *part);

#endif
