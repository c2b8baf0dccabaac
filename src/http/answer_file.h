/* Answering with a file of the data folder. */
#ifndef HTTP_ANSWER_FILE_H
#define HTTP_ANSWER_FILE_H

#include "base/report/report.h"
#include "http/request.h"

/*
 * Sends the file as an attachment: fixed type, nosniff, sandboxed (never rendered as a page of ours), the
 * name by RFC 6266 and 8187. remove: unlinked at once (the open descriptor keeps it until sent).
 */
bool answer_file(Request *rq, const char *path, const char *name, const char *mime,
                 bool remove_after);

/* A document as a file, format "pdf" or "html"; `name` without its ending. */
bool answer_report(Request *rq, const Report *r, const char *format, const char *name);

#endif
