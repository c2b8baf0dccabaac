/*
 * A moment in the words of a person, inside a line of text: "明天下午3点 打电话给王总",
 * "下周五前交报价", "3天后回访", "tomorrow 3pm call Wang". What names the moment is taken out, the
 * rest is what is to be done. Chinese first, the usual English beside it.
 *
 * Rules: a bare hour of 1 to 6 is in the afternoon ("3点" is 15:00, "03:00" is not); 周五 is the
 * next one from today on; a day of the month that has passed is in the next; a time without a day
 * is today, or tomorrow where it has passed; a day without a time is 18:00 (23:59 where today's has
 * passed). 每周, 每天 … name no moment, and neither do words for what lies behind 9999-12-31.
 */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include "base/arena.h"

typedef struct When {
    bool found;       /* else at_ms is 0 and rest the whole text */
    bool timed;       /* a time of day was named, not only a day */
    int64_t at_ms;    /* ms UTC */
    const char *rest; /* the text without the words of the moment, blanks joined; may be "" */
} When;

/* text is UTF-8 (anything else is kept as it is); zone an IANA name. The first moment counts. */
void when_parse(Arena *a, const char *text, int64_t now_ms, const char *zone, When *out);

#endif
