/* The quality of a follow-up's text. See follow_text.h. */
#include "domain/customer/follow_text.h"

#include <string.h>

#include "base/buf.h"
#include "base/fold.h"
#include "base/utf8.h"

static bool says(int32_t cp)
{
    if (cp < 0x80)
        return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
    /* Latin-1 signs, general punctuation, CJK punctuation, full-width signs that folding leaves */
    return !(cp < 0xC0 || (cp >= 0x2000 && cp <= 0x206F) || (cp >= 0x3000 && cp <= 0x303F) ||
             (cp >= 0xFE10 && cp <= 0xFE6F) || (cp >= 0xFF00 && cp <= 0xFF0F));
}

/* Folded, only what says something. */
static const char *bare(Arena *a, const char *text)
{
    const char *p = fold_text(a, text), *end = p + strlen(p);
    Buf b;
    buf_init(&b, a);
    while (p < end) {
        const char *from = p;
        int32_t cp = utf8_next(&p, end);
        if (cp > 0 && says(cp))
            buf_add(&b, from, (size_t)(p - from));
    }
    return b.len ? b.data : "";
}

FollowText follow_text(Arena *a, const char *text, const char *const *stops, int64_t min,
                       const char **out_stop)
{
    const char *rest = bare(a, text), *all = rest;
    *out_stop = NULL;
    for (bool taken = *rest != 0; taken;) {
        size_t longest = 0;
        const char *which = NULL;
        for (int i = 0; stops[i]; i++) {
            const char *stop = bare(a, stops[i]);
            size_t n = strlen(stop);
            if (n > longest && strncmp(rest, stop, n) == 0) {
                longest = n;
                which = stops[i];
            }
        }
        taken = which != NULL;
        rest += longest;
        if (taken && !*out_stop)
            *out_stop = which;
        if (taken && !*rest)
            return FOLLOW_STOP;
    }
    *out_stop = NULL;
    return (int64_t)utf8_count(all) < min ? FOLLOW_SHORT : FOLLOW_SAYS;
}
