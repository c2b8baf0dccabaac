/*
 * The age of a search document as keys of its index, on PostgreSQL.
 *
 * A GIN index hands out all places of a word, from the oldest on: of a word that stands in one document of a hundred it
 * reads ten thousand of a million to find the newest eighty. So the index has a second column: the spans of ids a document
 * lies in, in ten sizes, each eight times the one before (half a second, four seconds … two years of the ids that a
 * clock makes). A search that wants the matches from an id on names the few spans that fill the way from there, the largest
 * that fit; GIN goes through both lists at once and passes over what is older. Spans of ids are the same for every
 * process and every time, so nothing has to be kept or agreed about, and a document that is written anew stays where it was.
 */
#include <string.h>

#include "db/driver.h"

/* a key: the id without its lowest FINEST + STEP × size bits, times sixteen, and the size. Stands in the index as SQL: */
enum { FINEST = 20, STEP = 3, SIZES = 10 };
#define KEYS                                                                                       \
    "(ARRAY[id >> 20 << 4, id >> 23 << 4 | 1, id >> 26 << 4 | 2, id >> 29 << 4 | 3, "              \
    "id >> 32 << 4 | 4, id >> 35 << 4 | 5, id >> 38 << 4 | 6, id >> 41 << 4 | 7, "                 \
    "id >> 44 << 4 | 8, id >> 47 << 4 | 9])"

SqlText age_keys(void)
{
    return ENGINE_SQL(KEYS);
}

int64_t age_even(int64_t id, int64_t room)
{
    int shift = FINEST;
    while (shift < FINEST + STEP * (SIZES - 1) && (INT64_C(1) << (shift + STEP)) <= room)
        shift += STEP;
    return id >> shift << shift;
}

/* The largest span that begins at `at` and ends at or before `end`, or the smallest. */
static int size_at(int64_t at, int64_t end)
{
    int size = 0;
    while (size + 1 < SIZES) {
        int64_t span = INT64_C(1) << (FINEST + STEP * (size + 1));
        if (at % span || at > end - span)
            break;
        size++;
    }
    return size;
}

const char *age_spans(Arena *a, int64_t from, int64_t before, int64_t now)
{
    enum { LARGEST = FINEST + STEP * (SIZES - 1) };
    /* no id comes close to the end of the span behind the one that the clock is in */
    int64_t far = ((now >> LARGEST) + 2) << LARGEST, end = before && before < far ? before : far;
    Buf b;
    buf_init(&b, a);
    buf_putc(&b, '{');
    for (int64_t at = from >> FINEST << FINEST; at < end;) {
        int size = size_at(at, end), shift = FINEST + STEP * size;
        if (b.len > 1)
            buf_putc(&b, ',');
        buf_i64(&b, at >> shift << 4 | size);
        at += INT64_C(1) << shift;
    }
    buf_putc(&b, '}');
    return b.data;
}
