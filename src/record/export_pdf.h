/*
 * The writing half of an export to PDF: a document knows the number of its pages before the first is drawn, so the rows wait in a
 * file without a name until all are there, and are then read as often as the drawing asks. Memory is that of one row.
 */
#ifndef RECORD_EXPORT_PDF_H
#define RECORD_EXPORT_PDF_H

#include "record/rows.h"

typedef struct ExportPdf ExportPdf;

/* May a list of so many rows and columns be printed? ERR_TOO_LARGE with both numbers otherwise. */
bool export_pdf_fits(Ctx *c, int64_t rows, int columns);
/* path: of the PDF to be. The fields of s are the columns, behind the id where with_id. */
bool export_pdf_open(Ctx *c, const char *path, const RowSet *s, bool with_id, ExportPdf **out);
/* The rows of s, as the reader reads them. */
bool export_pdf_rows(Ctx *c, ExportPdf *p, const RowSet *s);
/* Draws it (draw: all rows are there) and closes; once. */
bool export_pdf_close(Ctx *c, ExportPdf *p, bool draw);

#endif
