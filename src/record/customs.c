/*
 * Custom fields: the rows of custom_field made into fields in the form of the entity files, laid over
 * the built-in model by the one parser and checker. The one builder of a model while the program runs:
 * the start, the follower of topic "model" and the hooks of custom_field all come here.
 */
#include "record/customs.h"

#include <pthread.h>
#include <string.h>

#include "base/json_read.h"
#include "base/vec.h"
#include "entity_ids.h"
#include "meta/plan.h"

typedef struct Gather {
    Arena *a;
    CustomField *list;
    int n;
    size_t cap;
    const CustomRow *but; /* taken instead of what is stored: rows being saved */
    int n_but;
} Gather;

/* ---- a row as a field of an entity file ---------------------------------------------------- */

static const char *text_of(Arena *a, const DbVal *v)
{
    return v->kind == DB_TEXT && v->n ? arena_dup(a, v->s, v->n) : NULL;
}

static bool flag_of(const DbVal *v)
{
    return v->kind == DB_INT && v->i != 0;
}

static void put_label(Jw *w, const char *key, const char *zh, const char *en)
{
    jw_key(w, key);
    jw_obj(w);
    jw_kstr(w, "zh", zh ? zh : "");
    if (en)
        jw_kstr(w, "en", en);
    jw_end(w);
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* min, max, pattern, scale and unit lie in one JSON object: as they stand they are keys of a field. */
static bool put_validation(Ctx *c, Jw *w, const char *json)
{
    static const char *const keys[] = {"min", "max", "pattern", "scale", "unit", NULL};
    json_object *o;
    if (!json)
        return true;
    int before = c->n_err;
    if (!json_read(c, json, strlen(json), &o) || !json_object_is_type(o, json_type_object)) {
        ctx_errors_back_to(c, before);
        return ctx_fail(c, ERR_INVALID, "validation", "err.custom_validation");
    }
    json_object_object_foreach(o, key, value)
    {
        if (!is_one_of(key, keys))
            return ctx_fail(c, ERR_INVALID, "validation", "err.custom_validation");
        if (value)
            jw_kraw(w, key, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
    }
    return true;
}

static bool is_number(const char *text)
{
    return strspn(text, "-0123456789.") == strlen(text);
}

static void put_default(Jw *w, const char *type, const char *text)
{
    if (strcmp(type, "bool") == 0)
        jw_kbool(w, "default",
                 strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "是") == 0);
    else if (strcmp(type, "int") == 0 && is_number(text))
        jw_kraw(w, "default", text);
    else
        jw_kstr(w, "default", text);
}

/* The JSON of a field from a row of custom_field; values by Field.index. NULL with a mistake recorded. */
static const char *field_json(Ctx *c, Arena *a, const DbVal *v)
{
    Buf b;
    Jw w;
    const char *type = text_of(a, &v[CUSTOM_FIELD_TYPE]), *text;
    buf_init(&b, a);
    jw_init(&w, &b);
    if (!type)
        return NULL;
    bool option = strcmp(type, "option") == 0 || strcmp(type, "multi_option") == 0;
    jw_obj(&w);
    jw_kstr(&w, "type", type);
    put_label(&w, "label", text_of(a, &v[CUSTOM_FIELD_LABEL_ZH]),
              text_of(a, &v[CUSTOM_FIELD_LABEL_EN]));
    if ((text = text_of(a, &v[CUSTOM_FIELD_DEFINITION])))
        put_label(&w, "definition", text, text);
    if ((text = text_of(a, &v[CUSTOM_FIELD_LINK_TO])) && strcmp(type, "link") == 0)
        jw_kstr(&w, "to", text);
    if ((text = text_of(a, &v[CUSTOM_FIELD_OPTIONS])) && option)
        jw_kraw(&w, "options", text);
    if ((text = text_of(a, &v[CUSTOM_FIELD_DEFAULT_VALUE])))
        put_default(&w, type, text);
    if ((text = text_of(a, &v[CUSTOM_FIELD_SECTION])))
        jw_kstr(&w, "section", text);
    if (!put_validation(c, &w, text_of(a, &v[CUSTOM_FIELD_VALIDATION])))
        return NULL;
    if (flag_of(&v[CUSTOM_FIELD_REQUIRED]))
        jw_kbool(&w, "required", true);
    if (flag_of(&v[CUSTOM_FIELD_IS_UNIQUE]))
        jw_kbool(&w, "unique", true);
    if (flag_of(&v[CUSTOM_FIELD_IS_PERSONAL]))
        jw_kbool(&w, "personal", true);
    if (flag_of(&v[CUSTOM_FIELD_SEARCHABLE]))
        jw_kint(&w, "search", 2);
    if (flag_of(&v[CUSTOM_FIELD_IN_LIST]))
        jw_kbool(&w, "list", true);
    if (flag_of(&v[CUSTOM_FIELD_RETIRED]))
        jw_kbool(&w, "retired", true);
    jw_end(&w);
    return b.data;
}

/* ---- all rows ------------------------------------------------------------------------------ */

static void add(Gather *g, CustomField f)
{
    g->list = vec_room(g->a, g->list, (size_t)g->n, &g->cap, sizeof *g->list);
    g->list[g->n++] = f;
}

static bool take_row(Ctx *c, Gather *g, int64_t id, const DbVal *v)
{
    CustomField f = {.entity = text_of(g->a, &v[CUSTOM_FIELD_ENTITY]),
                     .name = text_of(g->a, &v[CUSTOM_FIELD_CODE]),
                     .json = field_json(c, g->a, v),
                     .id = id};
    if (!f.entity || !f.name || !f.json)
        return false;
    add(g, f);
    return true;
}

static bool gather_row(Ctx *c, const Record *r, void *arg)
{
    Gather *g = arg;
    for (int i = 0; i < g->n_but; i++)
        if (r->id == g->but[i].id)
            return true;
    int before = c->n_err;
    if (!take_row(c, g, r->id, r->v))
        ctx_errors_back_to(c, before); /* a row nobody can read hides its field, not the house */
    return true;
}

static bool gather(Ctx *c, Gather *g)
{
    const Entity *e = model_entity(c->model, "custom_field");
    return !e || rec_each(c, e, filter_true(c->a), gather_row, g);
}

bool customs_model_of(Ctx *c, const CustomRow *rows, int n, Model **out)
{
    Gather g = {.a = c->a, .but = rows, .n_but = n};
    if (!gather(c, &g))
        return false;
    for (int i = 0; i < n; i++)
        if (!take_row(c, &g, rows[i].id, rows[i].v))
            return false;
    return model_build(c, g.list, g.n, out);
}

bool customs_model(Ctx *c, int64_t but, const DbVal *with, Model **out)
{
    const CustomRow row = {but, with};
    return customs_model_of(c, &row, with ? 1 : 0, out);
}

/* The columns of these fields, companions included, as the tables of the entity have them. */
static bool is_of(const Entity *e, const char *column, const char *const *fresh)
{
    for (int i = 0; fresh && fresh[i]; i++) {
        const Field *f = entity_field(e, fresh[i]);
        size_t n = f && f->column ? strlen(f->column) : 0;
        if (n && strncmp(column, f->column, n) == 0 &&
            (!column[n] || (column[n] == '_' && column[n + 1] && !column[n + 2])))
            return true;
    }
    return false;
}

bool customs_tables(Ctx *c, const Model *m, const char *entity, const char *const *fresh)
{
    const Entity *e = model_entity(m, entity);
    int n = 0;
    if (!e)
        return ctx_fail(c, ERR_INVALID, "entity", "err.custom_field");
    const PlanTable *tables = plan_of_entity(c->a, e, &n);
    for (int i = 0; i < n; i++) {
        const char **old = ARENA_ARRAY(c->a, tables[i].n_columns + 1, const char *);
        int n_old = 0;
        for (int k = 0; strcmp(tables[i].name, e->name) == 0 && k < tables[i].n_columns; k++)
            if (is_of(e, tables[i].columns[k].name, fresh))
                old[n_old++] = tables[i].columns[k].name;
        if ((n_old && !migrate_clear(c, &tables[i], old)) || !migrate_table(c, &tables[i]))
            return false;
    }
    return true;
}

/*
 * One at a time: the follower of "model" and a hook may come here together, and the model read first
 * must not be laid over the one read later.
 */
bool customs_reload(Ctx *c)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    Model *m;
    pthread_mutex_lock(&one_at_a_time);
    bool ok = customs_model(c, 0, NULL, &m);
    if (ok)
        model_replace(m);
    pthread_mutex_unlock(&one_at_a_time);
    return ok;
}
