/*
 * Texts with places: any text, any value, each way to write it. What is filled holds no place of a value's. And texts with
 * sections: taken apart or refused with a reason, filled from data that was written out and read again, within bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fill_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_OUT = 1 << 20 };

static bool on_text(void *arg, const char *text, size_t n)
{
    buf_add(arg, text, n);
    return ((Buf *)arg)->len < MOST_OUT;
}

static bool on_place(void *arg, const char *path, const FillCell *cell)
{
    if (!*path || strpbrk(path, "{}\r\n"))
        abort(); /* no path has braces or lines */
    return !cell || !cell->text || on_text(arg, cell->text, strlen(cell->text));
}

static const char *walked(Arena *a, const FillNode *nodes, const FillData *d)
{
    Buf b;
    buf_init(&b, a);
    (void)fill_walk(nodes, d, NULL, &(FillSink){.text = on_text, .place = on_place, .arg = &b});
    return b.data;
}

static void sections(Ctx *c, const char *text, const char *value)
{
    static const char *const paths[] = {"name", "b"};
    FillNode *nodes;
    FillData d, again;
    Buf b;
    if (!fill_parse(c, "body", "1", text, strlen(text), &nodes)) {
        if (!c->n_err)
            abort(); /* refused without a reason */
        return;
    }
    fill_data_init(&d, c->a);
    fill_data_put(&d, "name", value, FILL_YES);
    FillList *l = fill_data_list(&d, "a", paths, 2);
    for (int i = 0; i < 3; i++)
        fill_list_row(&d, l)[i % 2] = (FillCell){value, FILL_YES};
    buf_init(&b, c->a);
    fill_data_write(&d, &b);
    if (!fill_data_read(c->a, b.data, b.len, &again) ||
        strcmp(walked(c->a, nodes, &d), walked(c->a, nodes, &again)) != 0)
        abort();
    (void)fill_data_read(c->a, text, strlen(text), &again);
}

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
    ctx_errors_back_to(&c, 0);
    sections(&c, text, value);
    arena_free(a);
    return 0;
}
