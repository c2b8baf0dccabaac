/*
 * Printed documents of the house: the page they stand on (company, logo, who printed it and when), the form a record has of
 * its own (RecordHooks.print), the file and the row in the audit log. Every way to paper ends here.
 */
#ifndef RECORD_PRINT_PAGE_H
#define RECORD_PRINT_PAGE_H

#include "base/report/report.h"
#include "record/record.h"

/*
 * A4 with page numbers, the company's name and logo on top, title and time at the foot, and the caller's name with the time as
 * watermark (none for the system itself). Texts and picture are on c->a.
 */
ReportPage print_page(Ctx *c, const char *title);
/* "2026-05-01 10:00" in the zone of c. */
const char *print_time(Ctx *c, int64_t at);
/* The same, "" for a NULL value. */
const char *print_time_of(Ctx *c, const DbVal *v);

/* "pdf" or "html" (NULL: "pdf"); ERR_BAD_REQUEST on "format" otherwise. */
bool print_format(Ctx *c, const char *wish, const char **out);
/* The document as a new file under tmp of the data folder; nothing is left there where it fails. */
bool print_file(Ctx *c, const Report *r, const char *format, const char **out_path);
/* What was printed, by whom: a row of the audit log (action "print"). name: number or title without personal data, or NULL. */
bool print_audit(Ctx *c, const char *entity, int64_t record, const char *name, const char *format);

#endif
