/*
 * What a text with sections (base/fill.h) is filled with: values by path, and lists whose rows have values of their own. Made
 * by whoever knows the reader's rights, then walked, here or in another process (it can be written out and read again).
 * Nothing here asks for anything: what was not put in is not there.
 */
#ifndef BASE_FILL_DATA_H
#define BASE_FILL_DATA_H

#include "base/fill.h"
#include "base/map.h"

/* What {{#path}} takes a value for. A picture's text names it. */
typedef enum FillIs { FILL_NOTHING, FILL_NO, FILL_YES, FILL_PICTURE } FillIs;

typedef struct FillCell {
    const char *text; /* NULL: nothing */
    FillIs is;
} FillCell;

typedef struct FillList {
    const char *const *paths; /* of a row, as the template writes them */
    int n_paths;
    FillCell *cells; /* row by row */
    int n, cap;
    bool more; /* there were more rows than were put in */
} FillList;

typedef struct FillData {
    Arena *a;
    Map values, lists;
} FillData;

void fill_data_init(FillData *d, Arena *a);
/* path is copied, text borrowed. An empty text is FILL_NOTHING whatever `is` says. */
void fill_data_put(FillData *d, const char *path, const char *text, FillIs is);
/* A list without rows; paths are borrowed. */
FillList *fill_data_list(FillData *d, const char *name, const char *const *paths, int n_paths);
/* The cells of one row more, n_paths of them, empty. */
FillCell *fill_list_row(FillData *d, FillList *l);

/* Where one stands on a walk: in a row of a list, which lies in a row of another, … NULL: in the record itself. */
typedef struct FillAt {
    const FillList *list;
    int row;
    const struct FillAt *up;
} FillAt;

/* The value of a path, looked for in the row, then outwards; "@no" is the number of the row. NULL: none. no: room for the
   number, 12 bytes. */
const FillCell *fill_data_get(const FillData *d, const FillAt *at, const char *path, FillCell *room,
                              char no[12]);

/* Told of each piece in order; false ends the walk. cell NULL: the path has no value. */
typedef struct FillSink {
    bool (*text)(void *arg, const char *text, size_t n);
    bool (*place)(void *arg, const char *path, const FillCell *cell);
    void *arg;
    bool (*row)(void *arg); /* before each row of a section; NULL: does not matter */
} FillSink;

/* Sections of a list are walked once a row, others once or not. false where the sink ended it. */
bool fill_walk(const FillNode *nodes, const FillData *d, const FillAt *at, const FillSink *sink);

/* Written out for another process of ours, and read; false where that is not what was written. */
void fill_data_write(const FillData *d, Buf *out);
bool fill_data_read(Arena *a, const char *bytes, size_t n, FillData *out);

#endif
