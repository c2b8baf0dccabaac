/*
 * Files of configuration, as an administrator hands them in: the whole way of a difference, which carries the file out and
 * undoes it. Whatever the file says, the house is as it was, the answer is JSON, and no mistake is one of the server's.
 */
#include "house.h"

#include "record/configuration/configuration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *house_as_file(Ctx *c)
{
    Buf b;
    buf_init(&b, c->a);
    need(configuration_export(c, NULL, &b), c);
    return b.data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 65536)
        return 0;
    Arena *a = arena_new(128 << 20);
    Ctx c;
    Buf out;
    house_context(&c, a);
    house_admin(&c, CH_WEB);
    c.deadline_ms = clock_mono_ms() + 20000;
    buf_init(&out, a);
    const char *was = house_as_file(&c);
    const ConfigurationAsk ask = {.text = arena_dup(a, (const char *)data, size),
                                  .len = size,
                                  .remove = (data[size - 1] & 1) != 0};
    bool ok = configuration_difference(&c, &ask, &out);
    need(ok == (c.n_err == 0), &c);
    for (const ErrItem *e = c.err; e; e = e->next)
        need(err_status(e->code) < 500 || e->code == ERR_BUSY, &c);
    json_object *answer;
    if (ok)
        need(json_read(&c, out.data, out.len, &answer), &c);
    ctx_errors_back_to(&c, 0);
    if (strcmp(was, house_as_file(&c)) != 0)
        abort(); /* looking has changed something */
    db_release(&c);
    arena_free(a);
    return 0;
}
