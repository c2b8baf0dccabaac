/* Departments and users from a workbook, as the JSON of `zhike user import`. */
#ifndef RECORD_STAFF_SHEET_H
#define RECORD_STAFF_SHEET_H

#include "base/json_read.h"

bool staff_sheet_read(Ctx *c, const char *path, json_object **out);

#endif
