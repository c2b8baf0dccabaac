/* Marking by pinyin. See pinyin_mark.h. Tried from each character on, with a bound on the steps for texts made to cost much. */
#include "base/pinyin_mark.h"

#include <stdint.h>
#include <string.h>

#include "base/pinyin.h"
#include "base/utf8.h"

enum {
    MOST_STEPS = 300,
    MOST_CHARS = 2000
}; /* steps from one character on; a step is a call deeper */

typedef struct Try {
    const char *end, *word_end;
    int steps;
} Try;

static bool is_letter(int32_t ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}

static int32_t lower(int32_t ch)
{
    return ch >= 'A' && ch <= 'Z' ? ch - 'A' + 'a' : ch;
}

/* Does the rest of the word stand for the characters from s on? at: index of the character; *to is set where it does. */
static bool follow(Try *t, const char *s, int at, const char *w, int *to)
{
    if (w == t->word_end) {
        *to = at;
        return true;
    }
    if (s >= t->end || ++t->steps > MOST_STEPS)
        return false;
    const char *next = s, *after = w;
    int32_t ch = lower(utf8_next(&next, t->end));
    int32_t typed = utf8_next(&after, t->word_end);
    if (typed == ch)
        return follow(t, next, at + 1, after, to);
    if (is_letter(ch))
        return false;
    const char *readings[4];
    int n = ch > 0 ? pinyin_readings((uint32_t)ch, readings) : 0;
    if (!n) /* a bracket, a blank */
        return follow(t, next, at + 1, w, to);
    size_t left = (size_t)(t->word_end - w);
    for (int i = 0; i < n; i++) {
        size_t len = strlen(readings[i]);
        if (len <= left && memcmp(w, readings[i], len) == 0 && follow(t, next, at + 1, w + len, to))
            return true;
    }
    for (int i = 0; i < n; i++) {
        if (left < strlen(readings[i]) && memcmp(w, readings[i], left) == 0) {
            *to = at + 1;
            return true;
        }
        if (readings[i][0] == *w && follow(t, next, at + 1, w + 1, to))
            return true;
    }
    return false;
}

bool pinyin_mark(const char *text, const char *word, size_t n, int *from, int *to)
{
    Try t = {.end = text + strlen(text), .word_end = word + n};
    if (n == 0)
        return false;
    int at = 0;
    for (const char *s = text; s < t.end && at < MOST_CHARS; at++) {
        t.steps = 0;
        const char *here = s;
        int32_t ch = lower(utf8_next(&s, t.end));
        const char *readings[4];
        bool begins = is_letter(ch) || (ch > 0 && pinyin_readings((uint32_t)ch, readings) > 0);
        if (begins && follow(&t, here, at, word, to)) {
            *from = at;
            return true;
        }
    }
    return false;
}
