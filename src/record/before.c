/* See before.h. */
#include "record/before.h"

#include "meta/types.h"

static bool is_given(const Entity *e, const Field *f)
{
    if (!f->column || f->hidden || f->write_only || f->type == FT_PARTS || f->index == STD_ID)
        return false;
    return !e->standard || f->index == STD_OWNER || f->index == STD_ARCHIVED_AT ||
           f->index == STD_EXT_SOURCE || f->index == STD_EXT_ID || f->index >= STD__COUNT;
}

const char *before_image(Ctx *c, const SaveWork *w)
{
    const Entity *e = w->s.e;
    Buf b;
    Jw j;
    buf_init(&b, c->a);
    jw_init(&j, &b);
    jw_obj(&j);
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!w->s.changed[i] || !is_given(e, f))
            continue;
        const DbVal *v = &w->s.before[i];
        jw_key(&j, f->name);
        if (v->kind == DB_NULL)
            jw_null(&j);
        else if (f->type == FT_LINK || f->type == FT_FILE || f->type == FT_IMAGE ||
                 f->type == FT_REGION)
            jw_int(&j, v->i);
        else
            type_ops(f->type)->to_json(f, v, &j);
    }
    for (int i = 0; i < w->n_many; i++) {
        jw_key(&j, w->many[i].f->name);
        jw_arr(&j);
        for (int k = 0; k < w->many[i].n_old; k++)
            jw_int(&j, w->many[i].old[k]);
        jw_end(&j);
    }
    jw_end(&j);
    return b.data;
}
