/* What the survivor was before a merge and became by it, kept for the undo. See impl.h. */
#include <string.h>

#include "meta/types.h"
#include "record/before.h"
#include "record/merge/impl.h"
#include "record/value.h"

/* Does the undo care for it? Who and when stamped the row says nothing. */
static bool is_kept(const Entity *e, const Field *f)
{
    return f->column && f->index != STD_ID &&
           (!e->standard ||
            (f->index != STD_VERSION && f->index != STD_UPDATED_AT && f->index != STD_UPDATED_BY));
}

static void put(Jw *w, const char *name, const DbVal *v)
{
    jw_key(w, name);
    switch (v->kind) {
    case DB_NULL:
    case DB_BLOB: jw_null(w); break;
    case DB_INT: jw_int(w, v->i); break;
    case DB_REAL: jw_real(w, v->d); break;
    case DB_TEXT: jw_strn(w, v->s, v->n); break;
    }
}

static DbVal take(Ctx *c, const Field *f, json_object *o)
{
    if (!o || json_object_is_type(o, json_type_null))
        return db_null();
    switch (value_kind(f)) {
    case DB_INT: return db_of_int(json_object_get_int64(o));
    case DB_REAL: return db_of_real(json_object_get_double(o));
    case DB_NULL:
    case DB_TEXT:
    case DB_BLOB: break;
    }
    return db_of_text(arena_str(c->a, json_object_get_string(o)));
}

const char *merge_payload(Ctx *c, const Record *before, const Record *after)
{
    const Entity *e = before->e;
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    for (int k = 0; k < 2; k++) {
        const DbVal *v = k ? after->v : before->v;
        jw_key(&w, k ? "after" : "before");
        jw_obj(&w);
        for (int i = 0; i < e->n_fields; i++)
            if (is_kept(e, &e->fields[i]) && !value_same(&before->v[i], &after->v[i]))
                put(&w, e->fields[i].name, &v[i]);
        jw_end(&w);
    }
    jw_end(&w);
    return b.data;
}

bool merge_back(Ctx *c, const Record *now, const char *payload, unsigned char *changed, DbVal *v)
{
    json_object *o;
    if (!json_read(c, payload, strlen(payload), &o))
        return false;
    json_object *before = json_member(o, "before"), *after = json_member(o, "after");
    if (!before || !after)
        return true;
    json_object_object_foreach(after, name, is)
    {
        const Field *f = entity_field(now->e, name);
        if (!f || !f->column)
            continue;
        DbVal left = take(c, f, is);
        if (!value_same(&left, &now->v[f->index]))
            continue; /* changed since: it stays */
        changed[f->index] = 1;
        v[f->index] = take(c, f, json_member(before, name));
    }
    return true;
}

json_object *merge_input(Ctx *c, const Entity *e, const unsigned char *changed, const DbVal *v)
{
    SaveWork w = {
        .s = {.e = e, .before = v, .changed = ARENA_ARRAY(c->a, e->n_fields, unsigned char)}};
    json_object *in = NULL;
    memcpy(w.s.changed, changed, (size_t)e->n_fields);
    const char *text = before_image(c, &w);
    return json_read(c, text, strlen(text), &in) && json_object_object_length(in) ? in : NULL;
}
