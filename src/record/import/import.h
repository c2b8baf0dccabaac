/*
 * Imports: any number of sheets of a workbook or one CSV file, each to its entity. The life of one:
 * uploaded → (mapping changed) → checking → checked → running → done → undoing → undone; the check is
 * the run without the writing. Rows go through rec_create and rec_update like everything else. The
 * readers stand behind sheet/sheet.h.
 */
#ifndef RECORD_IMPORT_IMPORT_H
#define RECORD_IMPORT_IMPORT_H

#include "record/job.h"

struct Report; /* base/report/report.h */

/* Takes the uploaded file (moved away), looks at it: sheets, headers, samples, guesses. entity: wish for the first sheet, or NULL. */
bool import_create(Ctx *c, const char *path, const char *name, const char *entity, int64_t *out_id);
/* {sheets: [{index, entity, header_row, mapping, mode, match, on_blank, defaults}], encoding, delimiter} */
bool import_update(Ctx *c, int64_t id, json_object *in);
bool import_json(Ctx *c, int64_t id, Buf *out);
/* The caller's own imports, newest first, appended to *out; cursor: that of the page before, or NULL. */
bool import_list(Ctx *c, const char *cursor, int limit, Buf *out);
typedef struct ImportPreview {
    int64_t sheet, from, limit;       /* from: row, from 1; at most 100 rows */
    const char *encoding, *delimiter; /* instead of what was found or chosen; NULL or "" for that */
} ImportPreview;

/* The rows of a sheet as they are read, with another encoding or delimiter where asked; saves nothing. */
bool import_preview(Ctx *c, int64_t id, const ImportPreview *p, Buf *out);
/* Queue; *out_job. */
bool import_check(Ctx *c, int64_t id, int64_t *out_job);
bool import_run(Ctx *c, int64_t id, int64_t *out_job);
bool import_undo(Ctx *c, int64_t id, int64_t *out_job);
bool import_cancel(Ctx *c, int64_t id);
/* Of the check or run; kind "undo": what an undo left as it is. */
bool import_errors(Ctx *c, int64_t id, const char *kind, const char *cursor, int limit, Buf *out);
/* Groups of rows that a rule for duplicates holds against each other or against a record. */
bool import_duplicates(Ctx *c, int64_t id, const char *cursor, int limit, Buf *out);
/* Counts of outcomes and of mistakes by column and kind: {counts, refused, errors: [{sheet, column, header, code, count,
   first_row, message}]}. */
bool import_report(Ctx *c, int64_t id, Buf *out);
/* 《数据校验报告》: the refused rows as they were sent, marked and with reasons, and the figures; a file under tmp. */
bool import_errors_xlsx(Ctx *c, int64_t id, const char **out_path);
/* The same on paper: figures, chart, mistakes by kind, the first places; audited with the format. */
bool import_print(Ctx *c, int64_t id, const char *format, struct Report **out,
                  const char **out_title);
/* The template of an entity from the live declarations; a file under tmp. with: "contacts,tasks", entities that link to
   it and get a sheet each, or NULL. */
bool import_template(Ctx *c, const Entity *e, const char *with, const char **out_path);

/* Job kinds. */
bool import_check_job(Ctx *c, Job *job);
bool import_run_job(Ctx *c, Job *job);
bool import_undo_job(Ctx *c, Job *job);

#endif
