/* What the files of record/print share: which values a template wants, and what of them its reader gets. */
#ifndef RECORD_PRINT_IMPL_H
#define RECORD_PRINT_IMPL_H

#include "base/fill_data.h"
#include "base/report/report.h"
#include "base/vec.h"
#include "record/print/print.h"

enum { PRINT_HOPS = 3, PRINT_LISTS = 50, PRINT_PATHS = 2000, PRINT_MISTAKES = 10 };

/* A row of print_template, or what stands for one. */
typedef struct PrintTemplate {
    int64_t id; /* 0: built in, or a draft */
    const char *name;
    const Entity *e;
    bool docx;
    const char *body;   /* the text of a report; NULL: the built-in one */
    json_object *lists; /* or NULL */
    ReportPaper paper;
    bool landscape, watermark, enabled;
    int list_most; /* rows of a list, the rest left out (a preview); 0: as many as print.rows */
} PrintTemplate;

/* ---- which values (want.c) ----------------------------------------------------------------------- */

/* Records that belong to one: a link field of another entity leads here. */
typedef struct PrintChild {
    const Entity *e;
    const Field *link;
    const char *name; /* "contacts", or "tasks.follow_up" where another link leads here, too */
} PrintChild;
/* Of every entity with calls of its own; rights are not asked. Returns how many. */
int print_children(Ctx *c, const Entity *e, PrintChild **out);
/* May a place name this field? */
bool print_field_fits(const Field *f);

typedef struct PrintLevel PrintLevel;
typedef struct PrintCol {
    const Field *f;
    int out; /* which cell of the row */
    int at;  /* in the set of rows; -1: not his to read */
} PrintCol;
typedef struct PrintSub {
    const Field *link;
    PrintLevel *level;
    int at;
} PrintSub;
/* Fields of one entity, and of those its links lead to. */
struct PrintLevel {
    const Entity *e;
    VEC(PrintCol) cols;
    VEC(PrintSub) subs;
};

/* A record, or the rows of a list: paths as the template writes them. */
typedef struct PrintSet {
    const char *name; /* NULL: the record */
    PrintLevel level;
    VEC(const char *) paths;
    const Field *link; /* of a list, as below */
    json_object *filter;
    const char *sort;
    int limit; /* 0: as many as print.rows */
    bool open; /* a section of it is being looked through */
} PrintSet;

typedef struct PrintWant {
    Ctx *c;
    const Entity *e;
    json_object *lists;
    PrintChild *children;
    int n_children;
    PrintSet record;
    VEC(PrintSet *) sets;
    int n_paths, list_most; /* as in PrintTemplate */
    const char *field;      /* where mistakes go; NULL: what is unknown stays empty */
} PrintWant;

void print_want_init(PrintWant *w, Ctx *c, const Entity *e, json_object *lists, const char *field);
/* The list of that name (declared by the template, of an entity by plural or label); NULL where there is none. */
PrintSet *print_want_list(PrintWant *w, const char *name);
/* One path of a set: true where it means a field there. */
bool print_want_path(PrintWant *w, PrintSet *s, const char *path);
/* All that a tree names; a list within itself is a mistake even where what is unknown stays empty. where: how the place of a mistake is said. within: the list the tree stands in, or NULL. */
bool print_want_tree(PrintWant *w, const FillNode *nodes, PrintSet *within, const char *where);
/* The field a path of the set ended at: paths.items[out]. */
const Field *print_field_at(const PrintLevel *l, int out);
/* The declared lists fit: known entities, filters, orders. */
bool print_want_lists_check(PrintWant *w);

/* ---- their values (data.c) ------------------------------------------------------------------------- */

/* What the caller may see of record id. *rows: how many rows of lists there were. ERR_NOT_FOUND, ERR_TOO_LARGE. */
bool print_data(PrintWant *w, int64_t id, FillData *out, int *rows);
/* The examples of the fields instead, for who edits templates and reads no record of theirs: three rows a list. */
void print_sample(PrintWant *w, FillData *out);

/* ---- a report from a text (body.c, draw.c) ------------------------------------------------------------ */

typedef enum BodyKind {
    BODY_HEADING,
    BODY_TEXT,
    BODY_MUTED,
    BODY_FIELDS,
    BODY_TABLE,
    BODY_QR,
    BODY_SIGN,
    BODY_GAP,
    BODY_BREAK,
    BODY_EACH,
    BODY_UNLESS
} BodyKind;

typedef struct BodyColumn {
    const char *label, *path;
    bool right;
} BodyColumn;

typedef struct Body Body;
struct Body {
    BodyKind kind;
    int level; /* of a heading; millimetres of a gap */
    int line;
    FillNode *text;
    const char *path; /* of a section; the list of a table */
    BodyColumn *columns;
    int n_columns;
    PrintSet *set; /* of a table */
    Body *kids, *next;
};

/* The text taken apart; mistakes on "body", each with its line. */
bool body_parse(Ctx *c, const char *text, Body **out);
/* What it wants; labels of columns that have none. */
bool body_want(PrintWant *w, Body *b);
/* The text of the built-in template. */
const char *body_built_in(Ctx *c, PrintWant *w);
/* The report, on c->a; d and b must live as long. NULL: more rows than print.rows or too much text (ERR_TOO_LARGE), or
   past the deadline of the work. */
Report *body_draw(Ctx *c, const PrintTemplate *t, const Body *b, PrintWant *w, const FillData *d);
/* Fields by the layout of the reader, for "@fields" without names: title of each section, then paths. */
typedef struct PrintSection {
    const char *label;
    const char **paths, **labels;
    int n;
} PrintSection;
int print_sections(Ctx *c, const Entity *e, PrintSection **out);

/* ---- pictures (picture.c) --------------------------------------------------------------------------------- */

/* The text as a QR code, a PNG; NULL where it is too long. */
unsigned char *print_qr_png(Arena *a, const char *text, size_t *n);
/* The company's logo, a JPEG of ours, and how wide it is to its height, for Word; NULL where there is none. */
const unsigned char *print_logo(Ctx *c, size_t *n, int *width, int *height);

#endif
