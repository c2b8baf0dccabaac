/*
 * The writing half of an export: rows of a RowSet into a workbook, a text file or a PDF, in the order they
 * come and in the memory of one row. Which rows, and whether he may have them, is export.c's matter.
 */
#ifndef RECORD_EXPORT_WRITE_H
#define RECORD_EXPORT_WRITE_H

#include "record/rows.h"

/* Rows below the header a sheet holds; a further sheet takes the rest. */
enum { EXPORT_SHEET_ROWS = 1048575 };

typedef struct ExportOut ExportOut;

typedef struct ExportKind {
    const char *path;
    enum { EXPORT_CSV, EXPORT_XLSX, EXPORT_PDF } form;
    bool
        with_id; /* a first column with the id, by which the row is found again whatever was changed */
    int64_t sheet_rows; /* 0: EXPORT_SHEET_ROWS */
} ExportKind;

/* Makes the file and writes the headers of s (the same fields every time after). The writer lives on c->a. */
bool export_out_open(Ctx *c, const ExportKind *kind, const RowSet *s, ExportOut **out);
/* Writes the rows of s, as c->lang and c->zone read them. */
bool export_out_rows(Ctx *c, ExportOut *o, const RowSet *s);
/* Closes it, whole or not (a PDF is drawn now); false with the mistake where the disk did not take it. Once. */
bool export_out_close(Ctx *c, ExportOut *o, bool whole);

#endif
