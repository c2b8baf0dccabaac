/* Field changes as history keeps them, read by a person. See changes.h. */
#include "record/changes.h"

#include "meta/types.h"
#include "record/rows.h"

/* The stored form of a value in history (JSON) back to a value of the field. */
static DbVal stored_value(Ctx *c, const Field *f, json_object *o)
{
    if (!o || json_object_is_type(o, json_type_null))
        return db_null();
    switch (type_ops(f->type)->column) {
    case COL_INT:
    case COL_BOOL: return db_of_int(json_object_get_int64(o));
    case COL_REAL: return db_of_real(json_object_get_double(o));
    case COL_TEXT:
    case COL_BLOB: break;
    }
    return db_of_text(arena_str(c->a, json_object_get_string(o)));
}

static const Entity *link_target(const Field *f)
{
    if (f->type == FT_FILE || f->type == FT_IMAGE)
        return model_entity(f->entity->model, "attachment");
    return (f->type == FT_LINK || f->type == FT_LINK_MANY) && f->to
               ? model_entity(f->entity->model, f->to)
               : NULL;
}

const Field *changes_field(Ctx *c, const Entity *e, const char *name, bool *masked)
{
    const Field *f = entity_field(e, name);
    *masked = false;
    if (!f || f->hidden || f->write_only || f->type == FT_PARTS ||
        access_field(c, f, masked) == FR_NONE)
        return NULL;
    return f;
}

char *changes_text(Ctx *c, const LinkLabels *labels, const Field *f, json_object *stored)
{
    if (f->type != FT_LINK_MANY) {
        DbVal v = stored_value(c, f, stored);
        return rows_value_text(c, f, &v, link_target(f), labels);
    }
    const Entity *to = link_target(f);
    Buf b;
    buf_init(&b, c->a);
    for (size_t k = 0; to && k < json_length(stored); k++) {
        const char *label =
            link_label(labels, to, json_object_get_int64(json_object_array_get_idx(stored, k)));
        buf_printf(&b, "%s%s", b.len && label ? "、" : "", label ? label : "");
    }
    return b.data;
}

void changes_want(Ctx *c, LinkLabels *labels, const Entity *e, json_object *changes)
{
    if (!changes || !json_object_is_type(changes, json_type_object))
        return;
    json_object_object_foreach(changes, name, pair)
    {
        bool masked;
        const Field *f = changes_field(c, e, name, &masked);
        const Entity *to = f ? link_target(f) : NULL;
        for (size_t i = 0; to && i < 2; i++) {
            json_object *stored = json_object_array_get_idx(pair, i);
            size_t n = json_length(stored);
            for (size_t k = 0; k < n; k++)
                link_labels_want(labels, to,
                                 json_object_get_int64(json_object_array_get_idx(stored, k)));
            DbVal v = n ? db_null() : stored_value(c, f, stored);
            if (v.kind == DB_INT)
                link_labels_want(labels, to, v.i);
        }
    }
}

void changes_write(Ctx *c, const LinkLabels *labels, const Entity *e, json_object *changes,
                   ChangesView view, Jw *w)
{
    jw_arr(w);
    if (changes && json_object_is_type(changes, json_type_object)) {
        json_object_object_foreach(changes, name, pair)
        {
            bool masked;
            const Field *f = changes_field(c, e, name, &masked);
            if (!f)
                continue;
            bool mask = view == CHANGES_MASKED ? f->personal : masked && view != CHANGES_CLEAR;
            jw_obj(w);
            jw_kstr(w, "field", name);
            jw_key(w, "label");
            jw_obj(w);
            jw_kstr(w, "zh", f->label.zh);
            jw_kstr(w, "en", f->label.en);
            jw_end(w);
            for (size_t i = 0; i < 2; i++) {
                char *text = changes_text(c, labels, f, json_object_array_get_idx(pair, i));
                jw_kstr(w, i ? "after" : "before", mask && *text ? type_mask(c->a, f, text) : text);
            }
            jw_end(w);
        }
    }
    jw_end(w);
}
