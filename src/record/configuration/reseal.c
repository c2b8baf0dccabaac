/*
 * Texts under seal in the images of imports: only a row that an import erased keeps its secret there (images.c), and it is sealed
 * anew when the key of the house is. Images of older programs hold one for each row that was changed: it goes.
 */
#include <string.h>

#include "record/configuration/impl.h"

typedef struct Reseal {
    ConfigurationSeal *fn;
    void *arg;
    bool changed;
} Reseal;

static void reseal_row(Ctx *c, Reseal *w, const Entity *e, json_object *row, bool kept)
{
    for (int i = 0; row && i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        const char *was = field_sealed(e, f) ? json_str(row, f->name, NULL) : NULL;
        const char *is = was && kept ? w->fn(c, e->name, was, w->arg) : NULL;
        if (!was || (is && strcmp(is, was) == 0))
            continue;
        w->changed = true;
        if (is)
            json_object_object_add(row, f->name, json_object_new_string(is));
        else
            json_object_object_del(row, f->name);
    }
}

static json_object *object_in(json_object *o, const char *key)
{
    json_object *x = json_member(o, key);
    return json_object_is_type(x, json_type_object) ? x : NULL;
}

static void reseal_rows(Ctx *c, Reseal *w, json_object *rows)
{
    for (int i = 0; rows && i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        json_object *list = json_member(rows, e->name);
        size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
        for (size_t k = 0; k < n; k++) {
            json_object *one = json_object_array_get_idx(list, k);
            json_object *after = object_in(one, "after");
            reseal_row(c, w, e, object_in(one, "before"), !after && !(e->gets & GETS_TRASH));
            reseal_row(c, w, e, after, false);
        }
    }
}

static bool reseal_one(Ctx *c, Reseal *w, int64_t id, const char *text)
{
    json_object *o;
    int mark = c->n_err;
    if (!json_read(c, text, strlen(text),
                   &o)) { /* what cannot be read cannot be taken back either */
        ctx_errors_back_to(c, mark);
        return true;
    }
    w->changed = false;
    reseal_rows(c, w, object_in(o, "rows"));
    if (!w->changed)
        return true;
    int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    DbVal p[] = {db_of_int(id), db_of_text(json_object_to_json_string_ext(o, flags))};
    return db_exec(c, SQL("UPDATE \"configuration_import\" SET \"images\" = $2 WHERE \"id\" = $1"),
                   p, 2);
}

bool configuration_reseal(Ctx *c, ConfigurationSeal *fn, void *arg)
{
    Reseal w = {.fn = fn, .arg = arg};
    DbIds ids = {0};
    if (!db_ids(c,
                db_query(c,
                         SQL("SELECT \"id\" FROM \"configuration_import\" WHERE \"images\" LIKE "
                             "'%_sealed\":\"%' ORDER BY \"id\""),
                         NULL, 0),
                &ids))
        return false;
    for (size_t i = 0; i < ids.n; i++) { /* one by one: images may be large */
        const char *text;
        bool found;
        DbVal p[] = {db_of_int(ids.items[i])};
        if (!db_one_text(c,
                         SQL("SELECT \"images\" FROM \"configuration_import\" WHERE \"id\" = $1"),
                         p, 1, &text, &found) ||
            (found && !reseal_one(c, &w, ids.items[i], text)))
            return false;
    }
    return true;
}
