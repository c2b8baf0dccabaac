/* The shared strings of a workbook, in blocks: no array moves while a million of them come in. */
#include "record/sheet/book.h"

bool book_add_string(SheetBook *b, const char *text, size_t n)
{
    BookStrings *all = &b->strings;
    size_t block = all->n / BOOK_STRING_BLOCK;
    all->bytes += n + 32;
    if (all->bytes > BOOK_STRINGS)
        return ctx_fail(b->c, ERR_TOO_LARGE, "file", "err.sheet.strings");
    if (block == all->n_blocks) {
        if ((all->n_blocks & (all->n_blocks - 1)) ==
            0) { /* powers of two: room for twice as many */
            const char ***more =
                ARENA_ARRAY(b->a, all->n_blocks ? all->n_blocks * 2 : 1, const char **);
            if (all->n_blocks)
                memcpy(more, all->blocks, all->n_blocks * sizeof *more);
            all->blocks = more;
        }
        all->blocks[all->n_blocks++] = ARENA_ARRAY(b->a, BOOK_STRING_BLOCK, const char *);
    }
    all->blocks[block][all->n % BOOK_STRING_BLOCK] = n ? arena_dup(b->a, text, n) : "";
    all->n++;
    return true;
}

const char *book_string(const SheetBook *b, int64_t index)
{
    if (index < 0 || (uint64_t)index >= b->strings.n)
        return NULL;
    return b->strings.blocks[index / BOOK_STRING_BLOCK][index % BOOK_STRING_BLOCK];
}
