/*
 * The shared strings of a workbook. They come one by one, a million of them or more; nothing moves while they do. Their
 * texts stand in segments: the first ones in memory, the others in a file that is mapped, so that the system may put
 * its pages away. See BookStrings.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "record/sheet/book.h"

enum { FIRST = 64 * 1024 }; /* bytes of the first segment: most books have few texts */
static const size_t in_memory = (size_t)BOOK_STRINGS_MEMORY / BOOK_SEGMENT;

static bool too_much(SheetBook *b)
{
    b->strings.failed = true;
    return ctx_fail(b->c, ERR_TOO_LARGE, "file", "err.sheet.strings");
}

/* An array of n things that doubles: n has reached a power of two. */
static void *doubled(Arena *a, const void *old, size_t n, size_t size)
{
    void *more = arena_array(a, n ? n * 2 : 1, size);
    if (n)
        memcpy(more, old, n * size);
    return more;
}

/* Segment n of the file. The room is taken first: a disk that is full is a mistake then, not a signal. */
static char *on_disk(SheetBook *b, size_t n)
{
    off_t place = (off_t)((n - in_memory) * BOOK_SEGMENT);
    int err = posix_fallocate(b->room, place, BOOK_SEGMENT);
    void *map = err ? MAP_FAILED
                    : mmap(NULL, BOOK_SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED, b->room, place);
    if (map != MAP_FAILED)
        return map;
    b->strings.failed = true;
    file_fail(b->c, b->name, err ? err : errno);
    return NULL;
}

static size_t segment_room(size_t n)
{
    return n ? BOOK_SEGMENT : FIRST;
}

static bool new_segment(SheetBook *b)
{
    BookStrings *all = &b->strings;
    size_t n = all->n_segments;
    int64_t most = b->room < 0 ? BOOK_STRINGS : BOOK_STRINGS_MEMORY + BOOK_STRINGS_DISK;
    if (n >= (size_t)most / BOOK_SEGMENT)
        return too_much(b);
    char *segment =
        b->room >= 0 && n >= in_memory ? on_disk(b, n) : arena_alloc(b->a, segment_room(n));
    if (!segment)
        return false;
    if ((n & (n - 1)) == 0)
        all->segments = doubled(b->a, all->segments, n, sizeof *all->segments);
    all->segments[all->n_segments++] = segment;
    all->used = 0;
    return true;
}

bool book_add_string(SheetBook *b, const char *text, size_t n)
{
    BookStrings *all = &b->strings;
    size_t block = all->n / BOOK_STRING_BLOCK;
    if (n >= BOOK_SEGMENT)
        return too_much(b);
    if (!all->n_segments && !new_segment(b))
        return false;
    if (all->used + n + 1 > segment_room(all->n_segments - 1) && !new_segment(b))
        return false;
    if (block == all->n_blocks) {
        if ((all->n_blocks & (all->n_blocks - 1)) == 0)
            all->blocks = doubled(b->a, all->blocks, all->n_blocks, sizeof *all->blocks);
        all->blocks[all->n_blocks++] = ARENA_ARRAY(b->a, BOOK_STRING_BLOCK, uint32_t);
    }
    char *to = all->segments[all->n_segments - 1] + all->used;
    memcpy(to, text, n);
    to[n] = 0;
    all->blocks[block][all->n % BOOK_STRING_BLOCK] =
        (uint32_t)((all->n_segments - 1) * BOOK_SEGMENT + all->used);
    all->used += n + 1;
    all->n++;
    return true;
}

const char *book_string(SheetBook *b, int64_t index)
{
    BookStrings *all = &b->strings;
    if (index < 0 || all->failed)
        return NULL;
    if ((uint64_t)index >= all->n && all->more)
        all->more(b, index);
    if ((uint64_t)index >= all->n || all->failed)
        return NULL;
    uint32_t at = all->blocks[index / BOOK_STRING_BLOCK][index % BOOK_STRING_BLOCK];
    return all->segments[at / BOOK_SEGMENT] + at % BOOK_SEGMENT;
}

void book_strings_end(SheetBook *b)
{
    BookStrings *all = &b->strings;
    for (size_t i = in_memory; b->room >= 0 && i < all->n_segments; i++)
        (void)munmap(all->segments[i], BOOK_SEGMENT);
    *all = (BookStrings){.failed = true};
}
