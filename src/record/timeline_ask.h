/*
 * What of a timeline is asked for: kinds, a person, a span of time, words. Read from the query of
 * GET …/timeline; timeline.c puts it into its statements.
 */
#ifndef RECORD_TIMELINE_ASK_H
#define RECORD_TIMELINE_ASK_H

#include "record/record.h"

typedef struct TimelineAsk {
    const char *const *kinds; /* NULL-terminated; empty: all */
    int64_t by;               /* a user; 0: anybody */
    int64_t from, to;         /* from <= at < to */
    const char *words;        /* folded, to be found in what is shown; NULL: everything */
    const char *like;         /* the same as a pattern for LIKE … ESCAPE '\' over lower case */
} TimelineAsk;

/* ERR_BAD_REQUEST on the member that cannot be read. */
bool timeline_ask(Ctx *c, const Entity *e, const TimelineQuery *q, TimelineAsk *out);
/* Is this kind (an entity, "created" …, or "changes" for all of the record's own) asked for? */
bool timeline_wants(const TimelineAsk *ask, const char *kind);
/* Anything of the record's own changes? */
bool timeline_wants_changes(const TimelineAsk *ask);
/* The name of an action in a timeline: create → created. Other actions keep their own. */
const char *timeline_kind(const char *action);
/* Do these words stand in the text? */
bool timeline_found(Ctx *c, const TimelineAsk *ask, const char *text);

#endif
