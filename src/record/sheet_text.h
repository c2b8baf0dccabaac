/*
 * Texts on their way into a workbook that we write: cells of at most 32,767 units of UTF-16, the
 * escapes of OOXML, names of sheets.
 */
#ifndef RECORD_SHEET_TEXT_H
#define RECORD_SHEET_TEXT_H

#include <stdbool.h>

#include "base/arena.h"

/* As a cell takes it: cut to what it holds, and "_x0041_", which a spreadsheet would read as A, kept as it is. The text
   itself where nothing is to be done. */
const char *sheet_text(Arena *a, const char *text);
/* Would it be cut? */
bool sheet_text_fits(const char *text);
/* A name of a sheet: at most 31 units, without []:*?/\ and ' at the ends; never empty. */
const char *sheet_text_name(Arena *a, const char *name);

#endif
