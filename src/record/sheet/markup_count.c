/* How often do some elements begin in the bytes of a file of markup? Counted without a parser, at many times its speed,
   so that the head of a large file can be shown when it is clear that no more tables follow. See markup.h. */
#include <errno.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "record/sheet/markup.h"

enum { STEP = 256 * 1024, TAG = 64 };

static bool is_name(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           ch == '_' || ch == '-' || ch == '.';
}

static bool is_name_end(char ch)
{
    return ch == '>' || ch == '/' || ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}

void markup_share(SheetBook *b)
{
    struct stat st;
    int64_t size = fstat(b->fd, &st) == 0 ? st.st_size : 0;
    for (int i = 0; i < b->n; i++)
        b->sheets[i].info.bytes = size / b->n;
}

/* Which of the words, without its prefix, begins behind '<' at p; -1: none of them. There are TAG bytes. */
static int word_at(const char *p, const char *const words[MARKUP_WORDS])
{
    for (int i = 0; i < 32 && is_name(p[i]); i++) {
        if (p[i + 1] == ':') {
            p += i + 2;
            break;
        }
    }
    for (int i = 0; i < MARKUP_WORDS && words[i]; i++) {
        size_t n = strlen(words[i]);
        if (strncasecmp(p, words[i], n) == 0 && is_name_end(p[n]))
            return i;
    }
    return -1;
}

bool markup_count(SheetBook *b, const char *const words[MARKUP_WORDS], int64_t counts[MARKUP_WORDS])
{
    Arena *a = arena_child(b->a);
    char *data = arena_alloc(a, STEP + TAG);
    size_t kept = 0;
    memset(counts, 0, MARKUP_WORDS * sizeof *counts);
    if (!book_rewind(b))
        return false;
    for (ssize_t n = 1; n > 0;) {
        n = read(b->fd, data + kept, STEP - kept);
        if (n < 0)
            return file_fail(b->c, b->name, errno);
        size_t len = kept + (size_t)n;
        memset(data + len, 0, TAG); /* what a tag at the very end is compared with */
        size_t sure = n == 0 ? len : len < TAG ? 0 : len - TAG;
        const char *p = data, *end = data + sure;
        while (p < end && (p = memchr(p, '<', (size_t)(end - p))) != NULL) {
            int word = word_at(++p, words);
            if (word >= 0)
                counts[word]++;
        }
        kept = len - sure;
        memmove(data, data + sure, kept);
    }
    arena_free(a);
    return true;
}

bool markup_can_count(const SheetBook *b)
{
    struct stat st;
    return fstat(b->fd, &st) == 0 && st.st_size >= MARKUP_LARGE &&
           (b->encoding == ENC_UTF8 || b->encoding == ENC_GB18030 || b->encoding == ENC_BIG5 ||
            b->encoding == ENC_WINDOWS1252);
}
