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
#define BOOK_STRINGS ((size_t)192 << 20)
enum {
    BOOK_RATIO = 200,
    BOOK_ENTRIES = 10000,
    BOOK_DEPTH = 64,
    BOOK_MERGES = 10000,
    BOOK_SHEETS = 1000,
    BOOK_COLUMNS = 16384,
    BOOK_ROWS = 1048576,
    BOOK_CELL = 1 << 20,
    BOOK_STRING_BLOCK = 4096
};

typedef VEC(SheetMerge) Merges;

typedef struct BookSheet {
    SheetInfo info;
    const char *part; /* its path in the zip */
} BookSheet;

typedef struct BookStrings {
    const char ***blocks; /* of BOOK_STRING_BLOCK each */
    size_t n, n_blocks, bytes;
} BookStrings;

struct SheetBook {
    Ctx *c;
    Arena *a; /* its own, a child of the one it was opened on */
    int fd; /* the file: open as long as the book; readers go to its beginning themselves. -1: none */
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
    Map names; /* path in lower case → index + 1 */
    int64_t packed;
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

/* sheet_open with a file that is open already and becomes the book's, read in this process. name: for messages. */
bool book_open(Ctx *c, int fd, const char *name, const SheetOptions *opts, SheetBook **out);
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
/* The bytes of part `name` piece by piece, to a function that may say stop. false: a mistake, or stopped. */
typedef bool (*PartBytesFn)(void *user, char *bytes, size_t n);
bool part_bytes(SheetBook *b, const char *name, PartBytesFn fn, void *user);
/* The same for XML that comes from elsewhere, in pieces. encoding: what the text is in whatever it declares; may be NULL. */
void part_begin(Part *p, const char *encoding);
bool part_push(Part *p, const char *data, size_t n, bool last, const char *name);
void part_end(Part *p);
void part_stop(Part *p);
/* Records a mistake and stops. */
void part_fail(Part *p, ErrCode code, const char *key);
/* The attribute by its local name; NULL where it is absent. */
const char *part_attr(const char **attrs, const char *name);
bool part_exists(const SheetBook *b, const char *name);

/* Decodes _xHHHH_ in place; returns the new length. */
size_t book_unescape(char *s, size_t n);
/* One more shared string; ERR_TOO_LARGE behind BOOK_STRINGS bytes. */
bool book_add_string(SheetBook *b, const char *text, size_t n);
/* The string of a cell; NULL where there is none. */
const char *book_string(const SheetBook *b, int64_t index);

#endif
