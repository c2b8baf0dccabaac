/*
 * Texts of report templates, as the editor previews them on a customer of a small house: refused with reasons that name the body, or
 * one HTML file with what the customer says, in which nothing of the template or of a value is an element.
 */
#include "house.h"

#include "record/print/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *a = arena_new(0);
    Ctx c;
    house_context(&c, a);
    house_admin(&c, CH_WEB);
    const char *body = utf8_clean(a, (const char *)data, size);
    json_object *in = rec_input(&c), *t = json_object_new_object();
    json_object_object_add(t, "entity", json_object_new_string("customer"));
    json_object_object_add(t, "body", json_object_new_string(body));
    json_object_object_add(in, "template", t);
    Buf out;
    buf_init(&out, a);
    bool ok = print_preview(&c, in, &out);
    if (ok != (c.n_err == 0))
        abort();
    for (const ErrItem *e = c.err; e; e = e->next)
        if (e->code == ERR_INTERNAL || !e->field)
            abort(); /* each mistake says what to change */
    if (ok && (strstr(out.data, "<script") || strstr(out.data, "<iframe")))
        abort();
    db_release(&c);
    arena_free(a);
    return 0;
}
