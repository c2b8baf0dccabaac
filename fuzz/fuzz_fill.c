/* Templates of messages: any text, any value, each way to write it. What is filled holds no place of a value's. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fill.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const known[] = {"name", "link", NULL};
    if (size < 2)
        return 0;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    size_t half = 1 + data[0] % (size - 1);
    char *text = arena_dup(a, (const char *)data + 1, half - 1),
         *value = arena_dup(a, (const char *)data + half, size - half);
    const FillVar vars[] = {{"name", value}, {"link", "https://x/"}, {NULL, NULL}};
    for (FillFor how = FILL_PLAIN; how <= FILL_URL; how++) {
        const char *out = fill_text(a, text, vars, how);
        if (how == FILL_LINE && !strpbrk(text, "\r\n") && strpbrk(out, "\r\n"))
            abort(); /* a value must not end a header */
        if (how == FILL_HTML && !strchr(text, '<') && strstr(out, "<s"))
            abort(); /* nor begin an element; <br> is ours */
    }
    fill_check(&c, "body", text, known);
    arena_free(a);
    return 0;
}
