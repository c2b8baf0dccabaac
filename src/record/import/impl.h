/*
 * What the files of the importer share: an import as its row holds it (store.c), the
 * understanding of headers (guess.c), one row of a file on its way to a record (row.c), and
 * the jobs (job.c, undo.c).
 */
#ifndef RECORD_IMPORT_IMPL_H
#define RECORD_IMPORT_IMPL_H

#include "base/vec.h"
#include "record/import/import.h"
#include "record/save.h"
#include "record/sheet/sheet.h"

enum {
    IMP_SAMPLES = 5,
    IMP_HEAD_ROWS = 20,
    IMP_UNDO_DAYS = 30,
    IMP_SURE = 75,
    IMP_GROUP_FIELDS = 8
};

typedef enum Outcome {
    OUT_CREATED,
    OUT_UPDATED,
    OUT_UNCHANGED,
    OUT_SKIPPED,
    OUT_DUPLICATE,
    OUT_FAILED,
    OUT__COUNT
} Outcome;
extern const char *const outcome_names[OUT__COUNT];

/* SKIP: what is found is left alone; FILL: only its blank fields are written. What is not found is created by both. */
typedef enum ImpMode { IMP_CREATE, IMP_UPDATE, IMP_UPSERT, IMP_SKIP, IMP_FILL } ImpMode;
extern const char *const imp_modes[];

/* What becomes of a row that a rule for duplicates holds against another row or record. */
typedef enum ImpOnDup { ON_DUP_REFUSE, ON_DUP_CREATE, ON_DUP_UPDATE, ON_DUP_SKIP } ImpOnDup;
extern const char *const imp_on_dups[];

/* Fields that together tell which record a row means; of several groups any may. */
typedef struct ImpGroup {
    const char **fields;
    int n;
} ImpGroup;

typedef struct ImpColumn {
    const char *header; /* as it stands; "" for none */
    const char *samples[IMP_SAMPLES];
    int n_samples;
    const char *guess;   /* field, "parts.name", "address", or NULL */
    int score;           /* percent; below IMP_SURE a suggestion only */
    const char *field;   /* mapped to; NULL: left out */
    bool hidden;         /* in the spreadsheet */
    json_object *values; /* another system's words to ours, or NULL */
    const char *dates;   /* "mdy", "dmy" where its days are written so, or NULL: year first */
    /* what the look at the rows found; not kept */
    int64_t many_phones, lost; /* cells with several numbers, with digits lost */
} ImpColumn;

/* What was noticed at a sheet; the sentence is import.note.<code>. */
typedef struct ImpNote {
    const char *code, *value; /* value: what the sentence names, or NULL */
    const char *rule;         /* of "encoding": how it was found */
    int64_t count;
} ImpNote;

typedef struct ImpSheet {
    int index; /* in the book */
    const char *name;
    bool hidden;
    int64_t rows;        /* below the header, as counted or guessed */
    int64_t header_row;  /* the row above the data; 0: there is none, columns are A, B, C … */
    int header_rows;     /* 2: the row above it names groups, "联系人/姓名" */
    bool remembered;     /* the mapping is that of an earlier import */
    bool fill_down;      /* cells below a merged one take its value */
    const char *profile; /* the system it was exported by, or NULL */
    ImpNote *notes;
    int n_notes;
    ImpColumn *columns;
    int n_columns;
    const char *entity; /* NULL: skipped */
    ImpMode mode;
    ImpGroup *match;
    int n_match;
    ImpOnDup on_duplicate;
    bool clear;            /* a blank cell clears */
    json_object *defaults; /* or NULL */
} ImpSheet;

typedef struct Imp {
    int64_t id, owner, file, job, done, total, created_at, finished_at, revert_until;
    const char *file_name, *state, *counts, *message;
    ImpSheet *sheets;
    int n;
    const char *encoding; /* of a text file, as chosen or found; or NULL */
    char delimiter;
    bool ran;                /* a run has begun: rows were written */
    bool undone;             /* an undo has begun: it runs no more */
    json_object *choices;    /* {"group": "skip|create|update"}, or NULL */
    int64_t totals, samples; /* rows passed over */
} Imp;

/* ---- store.c ---- */

/* Its job (j, joined to the import i) ended without us, cancelled while it waited or given up after crashes, and so tells the
   state of the import. */
#define IMP_ENDED                                                                                  \
    "i.\"state\" IN ('checking', 'running', 'undoing') AND j.\"state\" IN ('cancelled', 'failed')"
#define IMP_STATE "CASE WHEN " IMP_ENDED " THEN j.\"state\" ELSE i.\"state\" END"

/* The import of the caller; ERR_NOT_FOUND where it is another's. */
bool imp_load(Ctx *c, int64_t id, Imp *out);
/* Inside a write. */
bool imp_insert(Ctx *c, const Imp *imp);
bool imp_save_plan(Ctx *c, const Imp *imp); /* sheets and options */
bool imp_save_state(Ctx *c, int64_t id, const char *state, const char *message);
bool imp_save_progress(Ctx *c, int64_t id, int64_t done, int64_t total, const char *counts);
void imp_write_json(Ctx *c, const Imp *imp, Jw *w);
/* ["uscc"] or [["uscc"], ["name", "phone"]] → s->match; false where it is neither. Names are not looked up. */
bool imp_read_match(Ctx *c, json_object *match, ImpSheet *s);
/* A delimiter as the API says it: one of , ; | and a tab, or "tab". ERR_INVALID under "delimiter". */
bool imp_delimiter(Ctx *c, const char *text, char *out);
/* The file of an import, opened. */
bool imp_open(Ctx *c, const Imp *imp, SheetBook **out);
/* Without right to keep given values, or kept by the program: the message key of why the column is left out; or NULL. */
const char *imp_left_out(const Ctx *c, const Entity *e, const char *field);

/* ---- header.c: the text of a header ---- */

/* Without case, width, blanks, stars, 必填 and what stands in brackets behind the name. */
char *imp_norm(Arena *a, const char *header);
/* The same with the brackets opened: 联系人（电话） is 联系人电话. */
char *imp_norm_open(Arena *a, const char *header);
/* Ten thousands: "(万元)". */
bool imp_in_wan(const char *header);
/* 1 a given name, 2 a family name, 3 a middle name; 0: the header is no piece of a name. */
int imp_name_piece(Arena *a, const char *header);
/* Does s end with it, and have more than that? */
bool imp_ends(const char *s, const char *with);
/* Takes the words off the ends of *s (in place), as long as something stays. */
void imp_strip(char **s, const char *const *words, size_t n, bool front, bool back);

/* ---- words.c: which field a header means ---- */

/* Can this be filled by an import at all? Path: "name", "primary_contact.mobile", "address". out_part may be NULL. */
const Field *imp_field(const Ctx *c, const Entity *e, const char *path, const char **out_part);
/* May two columns with these headers fill one field together: 省 and 市, several phones, First Name and Last Name? */
bool imp_may_share(const Ctx *c, const Entity *e, const char *path, const char *one,
                   const char *other);

/* What the columns of an entity may be called. Made once for many rows. */
typedef struct ImpWords ImpWords;
ImpWords *imp_words(Ctx *c, const Entity *e);
/* The best column for each field: fills guess and score. fuzzy: near misses, too. Returns how many are sure. */
int imp_assign(Ctx *c, const ImpWords *w, ImpColumn *cols, int n, bool fuzzy);
/* The guesses anew for another entity or header row: fills guess, score and field of the columns. */
void imp_guess(Ctx *c, const Entity *e, ImpSheet *s);
bool imp_taken(const ImpColumn *cols, int n, const char *path);

/* ---- guess.c: sheets ---- */

/* Looks at a sheet: header row, columns with guesses, entity, notes. wish: the entity it shall be, or NULL. Fills all of *out. */
bool imp_look(Ctx *c, SheetBook *b, int index, const char *wish, ImpSheet *out);
/* Columns, samples and notes of another header row (the one above the data; 0: none), of one or two rows. */
bool imp_reread(Ctx *c, SheetBook *b, int64_t header_row, int header_rows, ImpSheet *s);
/* Adds a note; none where count is 0. */
void imp_note(Ctx *c, ImpSheet *s, const char *code, const char *value, int64_t count);
/* Notes of the columns as they are mapped at the upload: several phones in a cell, lost digits. */
void imp_note_columns(Ctx *c, ImpSheet *s);
/* A number too long to be exact, or a text in scientific notation. */
bool imp_digits_lost(const SheetCell *x);
/* The exact mapping of our own template: applies it where the book has one. */
bool imp_meta(Ctx *c, SheetBook *b, ImpSheet *sheets, int n);

/* ---- memory.c: tables seen before ---- */

/* Inside a write: keeps the mapping of each sheet under its headers, for the owner. */
bool imp_remember(Ctx *c, const Imp *imp);
/* Maps the sheet as the last import with these headers did, the caller's own before the company's; nothing where there
   was none, or where wish names another entity. */
bool imp_recall(Ctx *c, ImpSheet *s, const char *wish);
/* Maps the sheet by the profile of the system it was exported from, where its headers tell. */
bool imp_profile(Ctx *c, ImpSheet *s, const char *wish);
/* The text of a cell in our words: another system's options, its order of days, a number for a band of numbers. */
const char *imp_word(Ctx *c, const ImpColumn *col, const Field *f, FieldType type,
                     const char *text);

/* ---- row.c ---- */

typedef struct ImpError {
    int col; /* -1: the row */
    const char *header, *value, *code, *message;
} ImpError;

typedef VEC(ImpError) ImpErrors;

typedef struct ImpMap {
    int col;
    const char *path, *header;
    const Field *f;
    const char *part; /* of a parts field, or NULL */
    FieldType type;   /* of the field or part */
    bool address, wan, mobile;
    int next;     /* another column of the same field, by index; or -1 */
    bool follows; /* not the first of them */
} ImpMap;

/* A sheet made ready for its rows. */
typedef struct ImpPlan {
    const ImpSheet *s;
    const Entity *e;
    ImpMap *maps;
    int n;
    const Field *title;        /* column of it: title_col, or -1 */
    int title_col, number_col; /* number_col: of the number, code or login */
    bool keep;
    bool slow; /* a row takes long (passwords are hashed): small blocks */
} ImpPlan;

/* Links found in this file, by the text that stands there. */
typedef struct ImpLinks ImpLinks;

typedef struct ImpCells {
    int64_t row;
    int n;
    const SheetCell *cells;
} ImpCells;

bool imp_plan(Ctx *c, const ImpSheet *s, ImpPlan *out);
/* A row that is no data: a sample of the template, a total. */
bool imp_is_sample(Ctx *c, const ImpPlan *p, const ImpCells *row);
bool imp_is_total(Ctx *c, const ImpPlan *p, const ImpCells *row);
/* A mistake at a column (-1: none). */
void imp_error(Ctx *c, ImpErrors *to, const ImpPlan *p, const ImpCells *row, int col,
               const char *code, const char *message);
/* Moves the mistakes of the context behind the first n into to. false where one of them is none of the row's (a full
   disk …): it stays recorded. */
bool imp_take_errors(Ctx *c, int n, ImpErrors *to, const ImpPlan *p, const ImpCells *row);
/* The cell as the text its field reads; NULL with a mistake in errors. "" for blank. */
const char *imp_cell_text(Ctx *c, const ImpPlan *p, const ImpMap *m, const ImpCells *row,
                          ImpErrors *errors);
/* The value of a mapped field with a column, or of its default; null where there is none or it is refused. */
DbVal imp_value(Ctx *c, const ImpPlan *p, const ImpCells *row, const Field *f);
/* Resolves a link by text. ERR_REF_NOT_FOUND, ERR_REF_AMBIGUOUS under f. *pending: it is a row of this file not written (yet). */
typedef bool (*ImpLinkFn)(Ctx *c, void *arg, const Field *f, const Entity *to, const char *text,
                          int64_t *out, bool *pending);
/* The input of rec_create or rec_update from a row. waiting: fields left out because what they link to is pending. */
json_object *imp_input(Ctx *c, const ImpPlan *p, const ImpCells *row, bool is_new,
                       ImpErrors *errors, ImpLinkFn link, void *arg, const Field **waiting,
                       int *n_waiting);

/* ---- phones.c: several values for one field ---- */

typedef struct ImpPiece {
    const char *header, *text;
} ImpPiece;

/* The texts of several columns as one: 省 and 市, family and given name, phones, remarks with their headers. */
const char *imp_join(Ctx *c, FieldType type, const ImpPiece *list, int n);

typedef VEC(const char *) ImpSpare;
/* Of several numbers in a text the one for the field (the first mobile where it is for mobiles); the others go to spare. */
const char *imp_pick_phone(Ctx *c, const char *text, bool mobile, ImpSpare *spare);
/* The other numbers: into further phone fields of a new record, else into the remark. false: there is no place for them. */
bool imp_place_phones(Ctx *c, const Entity *e, json_object *in, bool is_new, const ImpSpare *spare);

/* ---- fill.c ---- */

/* sheet_read of a planned sheet, with blank cells filled down where it says so. */
bool imp_read(Ctx *c, SheetBook *b, const ImpSheet *s, SheetRowFn fn, void *user);

/* ---- order.c ---- */

/* For each sheet its place in the order of the run, from 1; 0 for those that take no part. */
void imp_order(Ctx *c, const Imp *imp, int *out);

/* ---- match.c ---- */

typedef struct ImpMatch {
    int64_t ids[2];
    int n;       /* 0, 1, or 2 for several */
    bool former; /* found by what was merged into it */
} ImpMatch;

/* A record of the base that a rule holds against a row; id 0 for none. rule: index into Entity.dups. */
typedef struct ImpHit {
    int64_t id;
    int rule;
    bool former; /* by the keys of what was merged into it */
} ImpHit;

/* What the import itself has created so far is none of the base: that a row agrees with an earlier one of the file is
   said by seen.c, in a check as in a run. */

/* The live records that n rows mean, a few statements for all of them: by the chosen groups of the sheet, else by
   our own id, number, then by codes and unique fields, then by the rules for duplicates. */
bool imp_find_matches(Ctx *c, const ImpPlan *p, const ImpCells *const *rows, int n, int64_t import,
                      ImpMatch *out);
/* The key of a row by one of the chosen groups; NULL where a field of it is blank. */
const char *imp_group_key(Ctx *c, const ImpPlan *p, const ImpGroup *g, const ImpCells *row);
/* Live records that the rules which count in imports hold against these values (by Field.index); own[i]: the id of the
   record itself. values[i] NULL: not asked. Also inside a write. */
bool imp_find_hits(Ctx *c, const Entity *e, const DbVal *const *values, const int64_t *own, int n,
                   int64_t import, ImpHit *out);
/* The row means record id by what was merged into that: keys which agree with one of those (within FORMER_MOST) only say
   which record it is, and leave the input. Else the merge's choice of name and codes would be undone by the way. */
bool imp_drop_former(Ctx *c, const ImpPlan *p, const ImpCells *row, int64_t id, json_object *in);
/* The versions of records as they are now; 0 for those that are gone. */
bool imp_read_versions(Ctx *c, const Entity *e, const int64_t *ids, int n, int64_t *out);
/* Does this rule count in an import at all? */
bool imp_rule_counts(const DupRule *rule);

/* ---- job.c: a job that comes again ---- */

/* The import has ended, or is another job's by now, and only the job's own end is not written: nothing is done, noted or told
   twice. working: the state it has while this kind of job is at work. */
bool imp_is_over(const Imp *imp, const Job *job, const char *working);
/* What such a job answers its runner: as it ended. */
bool imp_end_again(Ctx *c, const Imp *imp, const Job *job);

/* ---- shared by templates and reports ---- */

/* Should the column be text in a workbook: phones, codes, numbers that are names. */
bool imp_is_code(const Field *f);
bool imp_may_use(const Ctx *c, const Field *f);

#endif
