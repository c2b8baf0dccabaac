/* vCards from any text: spans within it, values UTF-8; what is written of a name is read as that name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "domain/customer/vcard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8000)
        return 0;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    const char *text = utf8_clean(a, (const char *)data, size);
    size_t len = strlen(text);
    int n;
    ContactBlock *b = vcard_read(&c, text, &n);
    for (int k = 0; k < n; k++)
        for (int i = 0; i < b[k].n; i++) {
            const BlockItem *x = &b[k].items[i];
            if (x->from > x->to || x->to > len || !utf8_valid(x->value, strlen(x->value)))
                abort();
        }
    const char *name = n ? contact_block_get(&b[0], BLOCK_NAME) : NULL;
    if (name && strcspn(name, "\r") == strlen(name)) {
        json_object *o = json_object_new_object();
        json_object_object_add(o, "name", json_object_new_string(name));
        ContactBlock *again = vcard_read(&c, vcard_write(a, o), &n);
        if (n != 1 || !contact_block_get(again, BLOCK_NAME) ||
            strcmp(contact_block_get(again, BLOCK_NAME), name) != 0)
            abort();
        json_object_put(o);
    }
    if (c.n_err)
        abort();
    arena_free(a);
    return 0;
}
