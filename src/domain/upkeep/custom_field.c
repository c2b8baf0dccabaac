/*
 * Custom fields. A new one is checked by building the whole model with it (names, types, options,
 * defaults: the rules of meta/check.h), its column is added in the very transaction that stores the
 * row, and the model is replaced once that is on disk; other processes hear of it by topic "model".
 */
#include "domain/upkeep/custom_field.h"

#include <string.h>

#include "base/json_read.h"
#include "db/migrate.h"
#include "entity_ids.h"
#include "meta/plan.h"

typedef struct Gather {
    Arena *a;
    CustomField *list;
    int n, cap;
    int64_t but; /* left out: the row being saved */
    bool ok;
} Gather;

typedef struct Memo {
    Model *model; /* with the row as it shall be; released with the arena */
} Memo;

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
        jw_kbool(w, "default", strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "是") == 0);
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
    put_label(&w, "label", text_of(a, &v[CUSTOM_FIELD_LABEL_ZH]), text_of(a, &v[CUSTOM_FIELD_LABEL_EN]));
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
    if (g->n == g->cap) {
        int cap = g->cap ? g->cap * 2 : 32;
        CustomField *list = ARENA_ARRAY(g->a, cap, CustomField);
        if (g->n)
            memcpy(list, g->list, (size_t)g->n * sizeof *list);
        g->list = list;
        g->cap = cap;
    }
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
    if (r->id == g->but)
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

bool custom_field_model(Ctx *c, Model **out)
{
    Gather g = {.a = c->a};
    return gather(c, &g) && model_build(c, g.list, g.n, out);
}

/* ---- hooks --------------------------------------------------------------------------------- */

static void release(void *memo)
{
    Memo *m = memo;
    if (m->model)
        model_release(m->model);
}

/* An option that rows may carry must stay; it can be disabled. */
static bool options_stay(Ctx *c, const Save *s)
{
    const char *was = s->before ? text_of(c->a, &s->before[CUSTOM_FIELD_OPTIONS]) : NULL;
    const char *is = save_text(c, s, CUSTOM_FIELD_OPTIONS);
    json_object *old, *now = NULL;
    if (!was || !json_read(c, was, strlen(was), &old) || !json_object_is_type(old, json_type_object))
        return c->n_err == 0;
    if (is && !json_read(c, is, strlen(is), &now))
        return false;
    bool ok = true;
    json_object_object_foreach(old, code, value)
    {
        (void)value;
        if (!now || !json_object_is_type(now, json_type_object) || !json_object_object_get_ex(now, code, NULL))
            ok = ctx_fail(c, ERR_INVALID, "options", "err.custom_option_gone", code);
    }
    return ok;
}

/* The checks of the model speak of a whole entity file; the person filled in this form. */
static void under_field(Ctx *c, ErrItem *last)
{
    for (ErrItem *e = last ? last->next : c->err; e; e = e->next)
        if (!e->field)
            e->field = strstr(e->message, "option") || strstr(e->message, "选项") ? "options" : "code";
}

static bool custom_field_before_save(Ctx *c, Save *s)
{
    Memo *memo = ARENA_NEW(c->a, Memo);
    s->memo = memo;
    arena_defer(c->a, release, memo);
    const DbVal *v = s->after;
    if (v[CUSTOM_FIELD_ENTITY].kind != DB_TEXT || v[CUSTOM_FIELD_CODE].kind != DB_TEXT ||
        v[CUSTOM_FIELD_TYPE].kind != DB_TEXT || v[CUSTOM_FIELD_LABEL_ZH].kind != DB_TEXT)
        return true; /* required: said by the engine */
    ErrItem *last = c->err_last;
    int before = c->n_err;
    if (!s->is_new && save_changed(s, CUSTOM_FIELD_OPTIONS) && !options_stay(c, s))
        return false;
    Gather g = {.a = c->a, .but = s->id};
    if (!gather(c, &g) || !take_row(c, &g, s->id, v) || !model_build(c, g.list, g.n, &memo->model)) {
        if (c->n_err == before)
            ctx_fail(c, ERR_INVALID, "code", "err.custom_field");
        under_field(c, last);
        return false;
    }
    return true;
}

static bool custom_field_after_save(Ctx *c, Save *s)
{
    Memo *memo = s->memo;
    const char *name = save_text(c, s, CUSTOM_FIELD_ENTITY);
    const Entity *e = memo->model && name ? model_entity(memo->model, name) : NULL;
    int n = 0;
    if (!e)
        return ctx_fail(c, ERR_INVALID, "entity", "err.custom_field");
    const PlanTable *tables = plan_of_entity(c->a, e, &n);
    for (int i = 0; i < n; i++)
        if (!migrate_table(c, &tables[i]))
            return false;
    return db_change(c, "model", s->id);
}

/* On disk: from now on new requests know the field. Read again, for another may have been added beside it. */
static void custom_field_after_commit(Ctx *c, Save *s)
{
    Model *m;
    (void)s;
    int before = c->n_err;
    if (custom_field_model(c, &m))
        model_replace(m);
    else
        ctx_errors_back_to(c, before); /* the follower of "model" tries again */
}

static bool custom_field_before_delete(Ctx *c, const Record *r)
{
    (void)r;
    return ctx_fail(c, ERR_IN_USE, NULL, "err.custom_retire");
}

static bool custom_field_action(Ctx *c, const Entity *e, const Record *r, const char *name, json_object *in, Buf *out,
                                bool *handled)
{
    bool retire = strcmp(name, "retire") == 0;
    (void)in;
    if (!r || (!retire && strcmp(name, "revive") != 0))
        return true;
    *handled = true;
    SaveOptions o = {.if_version = r->version, .trusted = true};
    json_object *change = rec_input(c);
    int64_t version = r->version;
    json_object_object_add(change, "retired", json_object_new_boolean(retire));
    if (!rec_update(c, e, r->id, change, &o, &version))
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kint(&w, "id", r->id);
    jw_kint(&w, "version", version);
    jw_kbool(&w, "retired", retire);
    jw_end(&w);
    return true;
}

extern const RecordHooks custom_field_hooks;
const RecordHooks custom_field_hooks = {.before_save = custom_field_before_save,
                                        .after_save = custom_field_after_save,
                                        .after_commit = custom_field_after_commit,
                                        .before_delete = custom_field_before_delete,
                                        .action = custom_field_action};
