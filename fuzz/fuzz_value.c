/*
 * Values of fields, of every type there is: the first byte chooses a field of the model, the rest is what a caller
 * sends as JSON, or what stands in a cell. A value that is taken passes its own check or says why, is written as JSON
 * that reads back to the same value, and as text of UTF-8; its companions (folded, order, match) are made without a crash.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "meta/model.h"
#include "meta/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
    if (!ok)
        abort();
}

static const Field *chosen(const Model *m, uint8_t which)
{
    static const Field *all[2000];
    static int n;
    for (int i = 0; n == 0 && i < m->n; i++)
        for (int k = 0; k < m->entities[i].n_fields; k++) {
            const Field *f = &m->entities[i].fields[k];
            bool known =
                false; /* one of each type with each set of limits; the types are what is tried */
            for (int j = 0; j < n && !known; j++)
                known = all[j]->type == f->type && all[j]->max == f->max &&
                        all[j]->n_options == f->n_options && !all[j]->pattern == !f->pattern;
            if (!known && n < 250 && type_ops(f->type)->from_json)
                all[n++] = f;
        }
    return all[which % n];
}

static void taken(Ctx *c, const Field *f, const FieldOps *ops, const DbVal *v)
{
    if (v->kind == DB_NULL || (ops->check && !ops->check(c, f, v)))
        return;
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    if (ops->to_json) {
        jw_arr(&w);
        ops->to_json(f, v, &w);
        jw_end(&w);
        json_object *list;
        DbVal again;
        need(json_read(c, b.data, b.len, &list) && json_object_array_length(list) == 1);
        json_object *one = json_object_array_get_idx(list, 0);
        if (json_object_is_type(
                one, json_type_object)) /* a link in an answer is more than what is sent */
            return;
        need(ops->from_json(c, f, one, &again) && again.kind == v->kind);
        if (v->kind == DB_TEXT)
            need(strcmp(again.s, v->s) == 0);
        else if (v->kind == DB_INT)
            need(again.i == v->i);
    }
    if (ops->to_text) {
        const char *text = ops->to_text(c->a, f, v, "zh");
        need(!text || utf8_valid(text, strlen(text)));
    }
    if (ops->text) {
        (void)type_fold(c->a, f, v);
        (void)type_sort_key(c->a, f, v);
        (void)type_match_key(c->a, f, v);
        (void)type_mask(c->a, f, v->s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Model *model;
    static Arena *keep;
    if (!model) {
        msg_load();
        keep = arena_new(0);
        Ctx k;
        ctx_init(&k, keep);
        need(model_build(&k, NULL, 0, &model));
    }
    if (size < 2 || size > 4000)
        return 0;
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    c.model = model;
    c.zone = "Asia/Shanghai";
    const Field *f = chosen(model, data[0]);
    const FieldOps *ops = type_ops(f->type);
    json_object *in;
    DbVal v = {0};
    char *text = arena_dup(a, (const char *)data + 1, size - 1);
    if (json_read(&c, text, size - 1, &in) && ops->from_json) {
        bool ok = ops->from_json(&c, f, in, &v);
        need(ok == (c.n_err == 0));
        if (ok)
            taken(&c, f, ops, &v);
    }
    ctx_errors_back_to(&c, 0);
    text = utf8_clean(a, text, strlen(text));
    if (ops->from_text) {
        bool ok = ops->from_text(&c, f, text, &v);
        need(ok == (c.n_err == 0));
        if (ok)
            taken(&c, f, ops, &v);
    }
    arena_free(a);
    return 0;
}
