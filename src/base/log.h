/*
 * The log: one JSON object a line, to standard error or a file. Only the gate, the jobs and the
 * program write it; low floors record mistakes in the context. No personal data: ids and codes, not
 * names and numbers of people. Members whose key says otherwise (password, token, phone, …) are
 * written as "[removed]". At most so many lines a second; how many were dropped is then written.
 *     log_write(LOG_INFO, "http.request", LOG_S("method", m), LOG_I("status", 200));
 * Safe from any thread; a line is written by one call, so lines never mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/arena.h"

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;

typedef struct LogField {
    const char *key;  /* NULL closes the list */
    const char *text; /* NULL: the number */
    int64_t n;
} LogField;

/* A NULL text is written as "". */
static inline LogField log_s(const char *key, const char *text)
{
    return (LogField){.key = key, .text = text ? text : ""};
}

#define LOG_S(k, v) log_s((k), (v))
#define LOG_I(k, v) ((LogField){.key = (k), .n = (v)})

/* path NULL or "": standard error. level: "debug" … "error". per_second: lines at most (0: 1000).
   false with a line on stderr when the file cannot be opened. Without it: stderr, info. */
bool log_open(const char *path, const char *level, int64_t per_second);
/* Opens the file again under its name, after logrotate has moved it. */
bool log_reopen(void);
void log_close(void);
void log_set_level(const char *level);
/* Would a line of this level be written? */
bool log_wants(LogLevel level);

/* An event without members, and with at least one. */
void log_event(LogLevel level, const char *event);
#define log_write(level, event, ...)                                                               \
    log_fields((level), (event), (const LogField[]){__VA_ARGS__, {.key = NULL}})
void log_fields(LogLevel level, const char *event, const LogField *fields);
/* Lines dropped since the start. */
int64_t log_dropped(void);

#endif
