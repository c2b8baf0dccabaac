/*
 * A check or run on its way, as the files that carry it out share it: reading and the job (job.c), the order of
 * the sheets (order.c), what was seen in this file (seen.c), a block before the write
 * (prepare.c) and the write (write.c).
 */
#ifndef RECORD_IMPORT_RUN_H
#define RECORD_IMPORT_RUN_H

#include "base/map.h"
#include "db/pace.h"
#include "record/import/impl.h"

enum { IMP_CACHE_MOST = 200000, IMP_SHEETS_MOST = 64, IMP_KEYS_MOST = 32 };

/* What a row means in the base. */
typedef struct ImpFound {
    int64_t id;  /* 0: nothing, -1: several */
    bool former; /* by what was merged into it */
} ImpFound;

typedef struct Item {
    ImpCells cells;
    int beyond; /* of a text file: cells behind the last column of the header */
    ImpFound found;
    Outcome planned, outcome;
    SaveWork *w; /* NULL: nothing is written */
    int64_t id, version;
    const char *former; /* an update: the values before it, as the input that brings them back */
    bool waved;         /* made although a rule holds: the person chose so */
    bool again;         /* updates what an earlier row of the file made or changed */
    ImpErrors errors;   /* before the write */
    ImpErrors late;     /* in it; made anew where the write is run again */
    /* what a rule holds against it */
    const char *group; /* NULL: nothing */
    int rule;          /* into Entity.dups; -1: the fields that tell records apart */
    int64_t dup_of;    /* a record of the base, or 0 */
    bool dup_former;   /* by what was merged into that */
    int64_t place;     /* a row of this file (imp_place), or 0 */
} Item;

/* What a name or number in this file stands for. */
typedef struct InFile {
    int64_t id, row; /* row 0: forgotten */
    bool written;    /* links may be made to it: it is in the base, or (in a check) would be */
    bool real;       /* id is a record of the base */
    int64_t rows[5]; /* the first rows of that name that are there */
    int n;           /* so many rows are */
} InFile;

typedef struct Seen {
    uint64_t *keys;
    int64_t *places;
    size_t n, cap; /* cap: a power of two */
    Arena *a;      /* of both tables */
} Seen;

/* The outcomes of rows done before a crash, a page at a time. */
typedef struct Replay {
    int64_t *rows, *ids;
    bool *there;
    int n, at, sheet;
    int64_t upto; /* the page reaches so far; -1: none was read */
} Replay;

typedef struct Run {
    Ctx *c;
    Job *job;
    Imp *imp;
    SheetBook *book;
    bool dry, cancelled;
    bool unnamed;     /* owners of foreign duplicates are not told: the limit of hints is reached */
    int64_t updating; /* the record the row at hand changes; 0: a new one */
    bool wait;        /* the row at hand needs an earlier one of the block written */
    Arena *keep, *block;
    ImpPlan *plans;
    int order[IMP_SHEETS_MOST], n_order;
    int at;      /* in order */
    int64_t row; /* the last row that is done */
    int resume_at;
    int64_t resume_row;
    bool resuming;
    Replay replay;
    ImpFound *
        found; /* of each row of this sheet, found before its first row is written; NULL where it only creates */
    size_t n_found, cap_found, next;
    int64_t counts[OUT__COUNT], totals, samples, done, total, grown;
    Map renamed;      /* "entity/id": a check would have given it another name */
    Map names, links; /* "entity/n/text" → InFile; "entity/text" → id of the database */
    Seen seen;
    Pace pace;
    Item *items;
    int n; /* gathered */
    size_t cap;
    size_t bytes;
} Run;

const ImpPlan *run_plan(const Run *r);

/* ---- order.c ---- */

/* The sheets that are imported, those others link to first. ERR_INVALID where there are none; the importer must have the
   right for each. Fills plans, order, n_order, total. */
bool run_order(Run *r);

/* ---- seen.c ---- */

/* place: sheet (of the import) in the high bits, row in the low ones */
int64_t imp_place(int sheet, int64_t row);
int imp_place_sheet(int64_t place);
int64_t imp_place_row(int64_t place);

typedef struct SeenKeys {
    uint64_t keys[IMP_KEYS_MOST];
    int rules[IMP_KEYS_MOST]; /* -1: the record it means */
    int n;
} SeenKeys;

/* The keys by which two rows of the file are one: the rules that count, the chosen fields, the record they mean. */
void seen_keys(Run *r, const ImpPlan *p, const ImpCells *row, const DbVal *values, int64_t match,
               SeenKeys *out);
/* The place of the first row with one of them (which: its index), or 0. */
int64_t seen_find(const Run *r, const SeenKeys *keys, int *which);
/* They are this row's from now on, where they are nobody's. */
void seen_take(Run *r, const SeenKeys *keys, int64_t place);
/* The name of a group of duplicates: 16 hex digits. */
const char *seen_group(Ctx *c, uint64_t key);
uint64_t seen_rule_key(Ctx *c, const Entity *e, int rule, const DbVal *values);

/* What the row is called: links of this file find it by number or name. id 0: it failed. */
void seen_name(Run *r, const ImpPlan *p, const ImpCells *row, int64_t id, bool written, bool real);
/* It is looked at again: as if it had not been named. */
void seen_unname(Run *r, const ImpPlan *p, const ImpCells *row);
/* NULL where nothing is called so. */
InFile *seen_named(const Run *r, const Entity *e, const char *text);

/* ---- prepare.c ---- */

/* Makes items from..n of the block ready for the write; *upto: how far it came. It stops short before a row that needs
   an earlier one of the block written. false with a mistake that is none of a row's. */
bool run_prepare(Run *r, int from, int *upto);

/* ---- write.c ---- */

/* Writes the prepared items from..upto and what became of them. */
bool run_write(Run *r, int from, int upto);
const char *run_counts(Ctx *c, const int64_t *counts);
/* Where to go on from: JSON for the job. */
const char *run_progress(Ctx *c, const Run *r, int64_t row, int64_t done, const int64_t *counts);

#endif
