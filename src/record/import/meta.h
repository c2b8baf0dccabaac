/*
 * The hidden sheet _meta of the workbooks we hand out (templates, reports of refused rows, exports): which
 * column of which sheet is which field, so that on the way back nothing is guessed.
 */
#ifndef RECORD_IMPORT_META_H
#define RECORD_IMPORT_META_H

#include <xlsxwriter.h>

#include "record/import/impl.h"

typedef struct ImpMetaColumn {
    const char *path; /* "" : a column that is none of ours, to be left out */
    const char *header;
} ImpMetaColumn;

typedef struct ImpMetaSheet {
    const char *entity, *name; /* name: of the sheet */
    const ImpMetaColumn *columns;
    int n;
} ImpMetaSheet;

/* Adds the sheet, hidden. kind: "template", "report" or "export". */
bool imp_meta_write(Ctx *c, lxw_workbook *book, const char *kind, const ImpMetaSheet *sheets,
                    int n);

#endif
