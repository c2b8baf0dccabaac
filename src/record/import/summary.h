/*
 * What a check or run found, in figures: outcomes, and the mistakes by column and kind. The page shows it,
 * 《数据校验报告》 begins with it.
 */
#ifndef RECORD_IMPORT_SUMMARY_H
#define RECORD_IMPORT_SUMMARY_H

#include "record/import/impl.h"

typedef struct ImpFault {
    int sheet, column;                   /* column -1: the row as a whole */
    const char *header, *code, *message; /* message: of one of the rows */
    int64_t count, first_row;
} ImpFault;

typedef struct ImpSummary {
    const char *person;
    int64_t refused; /* rows with mistakes */
    ImpFault *faults;
    int n; /* the most frequent ones, at most 500 */
} ImpSummary;

bool imp_summary(Ctx *c, const Imp *imp, ImpSummary *out);
const char *imp_sheet_name(const Imp *imp, int index);

#endif
