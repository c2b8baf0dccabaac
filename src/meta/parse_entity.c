/* The shape of entities: everything of a file but its fields. See parse.h and docs/entity.md. */
#include "meta/parse.h"

#include <string.h>

#include "meta/parse_impl.h"
#include "meta/types.h"

static const Key entity_keys[] = {
    {"entity", K_STR},    {"plural", K_STR},        {"label", K_LABEL},  {"about", K_LABEL},
    {"group", K_STR},     {"icon", K_STR},          {"menu", K_BOOL},    {"routes", K_BOOL},
    {"standard", K_BOOL}, {"readonly", K_BOOL},     {"title", K_STR},    {"hooks", K_STR},
    {"number", K_STR},    {"number_reset", K_STR},  {"gets", K_ARR},     {"sort", K_STR},
    {"parent", K_STR},    {"tree", K_STR},          {"timeline", K_ARR}, {"right", K_STR},
    {"sections", K_OBJ},  {"fields", K_OBJ},        {"indexes", K_ARR},  {"dups", K_OBJ},
    {"actions", K_OBJ},   {"roles", K_OBJ},         {"open", K_ARR},     {"calendar", K_STR},
    {"key", K_ARR},       {"configuration", K_OBJ},
};

static const Key configuration_keys[] = {{"where", K_ARR}, {"owner", K_BOOL},  {"of", K_STR},
                                         {"after", K_ARR}, {"without", K_ARR}, {"states", K_OBJ}};

static const Key index_keys[] = {{"fields", K_ARR}, {"unique", K_BOOL}};

static const Key dup_keys[] = {
    {"fields", K_ARR}, {"form", K_STR}, {"api", K_STR}, {"import", K_STR}};

static const Key action_keys[] = {{"label", K_LABEL},    {"right", K_STR},    {"step_up", K_BOOL},
                                  {"on_entity", K_BOOL}, {"in_list", K_BOOL}, {"shows", K_BOOL},
                                  {"ask", K_LABEL},      {"shown_if", K_ARR}, {"fields", K_OBJ}};

static const Key role_keys[] = {{"scope", K_STR}, {"actions", K_STR}, {"clear", K_BOOL}};

const char *const meta_gets_names[] = {
    "search",      "audit",         "import", "export",  "timeline", "dedupe", "tags",
    "attachments", "custom_fields", "share",  "history", "trash",    "merge",  NULL};

static int n_words(const char *const *words)
{
    int n = 0;
    while (words[n])
        n++;
    return n;
}

static bool gets_of(P *p, json_object *o, Entity *e)
{
    const char *const *list;
    if (!parse_words(p, o, "gets", &list))
        return false;
    if (!list)
        return true;
    bool ok = true;
    for (int i = 0; list[i]; i++) {
        unsigned bit = 0;
        for (int k = 0; meta_gets_names[k]; k++)
            if (strcmp(list[i], meta_gets_names[k]) == 0)
                bit = 1u << k;
        if (!bit) {
            const char *near = meta_nearest(list[i], meta_gets_names, n_words(meta_gets_names));
            ok = near ? FAIL(p, "gets", "meta.unknown_gets_near", list[i], near)
                      : FAIL(p, "gets", "meta.unknown_gets", list[i]);
        } else if (e->gets & bit) {
            ok = FAIL(p, "gets", "meta.twice", list[i]);
        }
        e->gets |= bit;
    }
    return ok;
}

static bool sections_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "sections", &v))
        return true;
    bool ok = true;
    Section *list = ARENA_ARRAY(p->a, json_object_object_length(v), Section);
    parse_push(p, "sections");
    json_object_object_foreach(v, name, val)
    {
        Section *s = &list[e->n_sections++];
        s->name = arena_str(p->a, name);
        s->label.zh = s->label.en = "?";
        if (json_object_is_type(val, json_type_object))
            ok = parse_label_from(p, name, val, false, &s->label) && ok;
        else
            ok = FAIL(p, name, "meta.want_label", name);
    }
    parse_pop(p);
    e->sections = list;
    return ok;
}

static bool indexes_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "indexes", &v))
        return true;
    bool ok = true;
    size_t n = json_object_array_length(v);
    Index *list = ARENA_ARRAY(p->a, n, Index);
    for (size_t i = 0; i < n; i++) {
        json_object *it = json_object_array_get_idx(v, i);
        json_object *box = NULL;
        Index *ix = &list[e->n_indexes];
        if (json_object_is_type(it, json_type_object)) {
            parse_push(p, "indexes");
            ok = SHAPE(p, it, index_keys) && ok;
            ok = parse_words(p, it, "fields", &ix->fields) && ok;
            parse_pop(p);
            ix->unique = parse_bool(it, "unique", false);
        } else if (json_object_is_type(it, json_type_array)) {
            box = json_object_new_object();
            json_object_object_add(box, "indexes", json_object_get(it));
            ok = parse_words(p, box, "indexes", &ix->fields) && ok;
            json_object_put(box);
        }
        if (!ix->fields || !ix->fields[0])
            ok = FAIL(p, "indexes", "meta.index_empty");
        else
            e->n_indexes++;
    }
    e->indexes = list;
    return ok;
}

static bool dup_action(P *p, const char *name, json_object *o, const char *key, DupAction *out)
{
    static const char *const names[] = {"none", "warn", "block", "count"};
    const char *t = parse_text(p, o, key);
    *out = DUP_NONE;
    if (!t)
        return true;
    for (int i = 0; i < 4; i++) {
        if (strcmp(t, names[i]) == 0) {
            *out = (DupAction)i;
            return true;
        }
    }
    return FAIL(p, name, "meta.one_of", key, t, "none warn block count");
}

static bool dups_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "dups", &v))
        return true;
    bool ok = true;
    DupRule *list = ARENA_ARRAY(p->a, json_object_object_length(v), DupRule);
    parse_push(p, "dups");
    json_object_object_foreach(v, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        DupRule *d = &list[e->n_dups++];
        d->name = arena_str(p->a, name);
        parse_push(p, name);
        ok = SHAPE(p, val, dup_keys) && ok;
        ok = parse_words(p, val, "fields", &d->fields) && ok;
        parse_pop(p);
        ok = dup_action(p, name, val, "form", &d->form) && ok;
        ok = dup_action(p, name, val, "api", &d->api) && ok;
        ok = dup_action(p, name, val, "import", &d->import) && ok;
        if (!d->fields || !d->fields[0]) {
            ok = FAIL(p, name, "meta.missing_key", "fields");
            e->n_dups--;
        }
    }
    parse_pop(p);
    e->dups = list;
    return ok;
}

/* Inputs of an action and parts of a value: the shape of fields, kept as JSON for whoever reads them. */
static bool inputs_ok(P *p, json_object *o, const char *key)
{
    json_object *v;
    if (!json_object_object_get_ex(o, key, &v))
        return true;
    Field *scratch = ARENA_ARRAY(p->a, json_object_object_length(v), Field);
    bool ok = true;
    int i = 0;
    parse_push(p, key);
    json_object_object_foreach(v, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        parse_push(p, name);
        ok = parse_field(p, name, val, &scratch[i]) && ok;
        if ((scratch[i].type == FT_OPTION || scratch[i].type == FT_MULTI_OPTION) &&
            !scratch[i].n_options)
            ok = FAIL(p, NULL, "meta.no_options", name);
        if (scratch[i].type == FT_LINK && !scratch[i].to)
            ok = FAIL(p, NULL, "meta.no_target", name);
        i++;
        parse_pop(p);
    }
    parse_pop(p);
    return ok;
}

static bool actions_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "actions", &v))
        return true;
    bool ok = true;
    EntityAction *list = ARENA_ARRAY(p->a, json_object_object_length(v), EntityAction);
    parse_push(p, "actions");
    json_object_object_foreach(v, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        EntityAction *x = &list[e->n_actions++];
        x->name = arena_str(p->a, name);
        parse_push(p, name);
        ok = SHAPE(p, val, action_keys) && ok;
        ok = parse_label(p, val, "label", true, false, &x->label) && ok;
        ok = parse_label(p, val, "ask", false, false, &x->ask) && ok;
        ok = inputs_ok(p, val, "fields") && ok;
        parse_pop(p);
        x->right = parse_text(p, val, "right");
        if (!x->right)
            x->right = "edit";
        x->step_up = parse_bool(val, "step_up", false);
        x->on_entity = parse_bool(val, "on_entity", false);
        x->in_list = parse_bool(val, "in_list", false);
        x->shows = parse_bool(val, "shows", false);
        x->shown_if = parse_json(p, val, "shown_if");
        x->fields_json = parse_json(p, val, "fields");
    }
    parse_pop(p);
    e->actions = list;
    return ok;
}

static bool roles_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "roles", &v))
        return true;
    bool ok = true;
    RoleRow *list = ARENA_ARRAY(p->a, json_object_object_length(v), RoleRow);
    parse_push(p, "roles");
    json_object_object_foreach(v, name, val)
    {
        if (!json_object_is_type(val, json_type_object)) {
            ok = FAIL(p, name, "meta.want_object", name);
            continue;
        }
        RoleRow *r = &list[e->n_roles++];
        r->role = arena_str(p->a, name);
        parse_push(p, name);
        ok = SHAPE(p, val, role_keys) && ok;
        r->scope = parse_text(p, val, "scope");
        r->actions = parse_text(p, val, "actions");
        if (!r->scope)
            ok = FAIL(p, NULL, "meta.missing_key", "scope");
        if (!r->actions)
            ok = FAIL(p, NULL, "meta.missing_key", "actions");
        r->scope = r->scope ? r->scope : "none";
        r->actions = r->actions ? r->actions : "";
        parse_pop(p);
        r->clear = parse_bool(val, "clear", false);
    }
    parse_pop(p);
    e->roles = list;
    return ok;
}

/* {"retired": ["retire", "revive"]} */
static bool states_of(P *p, json_object *o, Configuration *x)
{
    json_object *v;
    if (!json_object_object_get_ex(o, "states", &v))
        return true;
    bool ok = true;
    ConfState *list = ARENA_ARRAY(p->a, json_object_object_length(v), ConfState);
    json_object_object_foreach(v, name, pair)
    {
        const char *const *words = NULL;
        if (json_object_is_type(pair, json_type_array))
            parse_words(p, v, name, &words);
        if (!words || !words[0] || !words[1] || words[2]) {
            ok = FAIL(p, "states", "meta.want_words", name);
            continue;
        }
        list[x->n_states++] = (ConfState){arena_str(p->a, name), words[0], words[1]};
    }
    x->states = list;
    return ok;
}

static bool configuration_of(P *p, json_object *o, Entity *e)
{
    json_object *v;
    if (!parse_words(p, o, "key", &e->key))
        return false;
    if (!json_object_object_get_ex(o, "configuration", &v))
        return true;
    Configuration *x = ARENA_NEW(p->a, Configuration);
    parse_push(p, "configuration");
    bool ok = SHAPE(p, v, configuration_keys);
    x->where = parse_json(p, v, "where");
    x->owner = parse_bool(v, "owner", false);
    x->of = parse_text(p, v, "of");
    ok = parse_words(p, v, "after", &x->after) && ok;
    ok = parse_words(p, v, "without", &x->without) && ok;
    ok = states_of(p, v, x) && ok;
    parse_pop(p);
    e->configuration = x;
    return ok;
}

/* "entities/sales/lead.json" → "sales" */
static const char *folder_of(Arena *a, const char *path)
{
    const char *end = strrchr(path, '/');
    if (!end)
        return "other";
    const char *start = end;
    while (start > path && start[-1] != '/')
        start--;
    return arena_dup(a, start, (size_t)(end - start));
}

/* Parts of a value are small fields of their own. */
static bool parts_ok(P *p, json_object *fields)
{
    bool ok = true;
    if (!fields)
        return true;
    parse_push(p, "fields");
    json_object_object_foreach(fields, name, val)
    {
        parse_push(p, name);
        if (json_object_is_type(val, json_type_object))
            ok = inputs_ok(p, val, "parts") && ok;
        parse_pop(p);
    }
    parse_pop(p);
    return ok;
}

bool parse_entity(Ctx *c, Arena *a, const MetaSource *s, const Field *standard, int n_standard,
                  int spare, Entity *e)
{
    json_object *o, *fields = NULL;
    e->file = arena_str(a, s->path);
    e->name = e->plural = "?";
    e->label.zh = e->label.en = "?";
    map_init(&e->by_name, a);
    if (!parse_read(c, s, &o))
        return false;
    P p = {.c = c, .a = a, .s = s};
    bool ok = SHAPE(&p, o, entity_keys);
    const char *must[] = {"entity", "plural", "title", "fields"};
    for (int i = 0; i < 4; i++)
        if (!json_object_object_get_ex(o, must[i], NULL))
            ok = FAIL(&p, NULL, "meta.missing_key", must[i]);
    ok = parse_label(&p, o, "label", true, false, &e->label) && ok;
    ok = parse_label(&p, o, "about", false, false, &e->about) && ok;
    e->name = parse_text(&p, o, "entity");
    e->plural = parse_text(&p, o, "plural");
    e->name = e->name ? e->name : "?";
    e->plural = e->plural ? e->plural : "?";
    e->group = parse_text(&p, o, "group");
    if (!e->group)
        e->group = folder_of(a, s->path);
    e->icon = parse_text(&p, o, "icon");
    e->routes = parse_bool(o, "routes", true);
    e->menu = parse_bool(o, "menu", e->routes);
    e->standard = parse_bool(o, "standard", true);
    e->readonly = parse_bool(o, "readonly", false);
    e->hooks = parse_text(&p, o, "hooks");
    e->number = parse_text(&p, o, "number");
    e->number_reset = parse_text(&p, o, "number_reset");
    if (!e->number_reset)
        e->number_reset = "never";
    ok = gets_of(&p, o, e) && ok;
    e->sort = parse_text(&p, o, "sort");
    if (!e->sort)
        e->sort = e->standard ? "-created_at" : "-id";
    e->parent = parse_text(&p, o, "parent");
    e->tree = parse_text(&p, o, "tree");
    ok = parse_words(&p, o, "timeline", &e->timeline) && ok;
    e->right = parse_text(&p, o, "right");
    e->open = parse_json(&p, o, "open");
    e->calendar = parse_text(&p, o, "calendar");
    ok = sections_of(&p, o, e) && ok;
    json_object_object_get_ex(o, "fields", &fields);
    int n_std = e->standard ? n_standard : 1;
    int n_own = fields ? json_object_object_length(fields) : 0;
    Field *list = ARENA_ARRAY(a, n_std + n_own + spare, Field);
    memcpy(list, standard, (size_t)n_std * sizeof *list);
    for (int i = 0; i < n_std; i++)
        list[i].index = i;
    e->fields = list;
    e->n_fields = n_std;
    if (fields)
        ok = parse_fields(&p, fields, list, &e->n_fields) && ok;
    e->n_builtin = e->n_fields;
    for (int i = 0; i < e->n_fields; i++)
        if (map_put(&e->by_name, list[i].name, &list[i]))
            ok = meta_fail(c, e->file, META_LINE(s, "fields", list[i].name), "meta.field_twice",
                           list[i].name);
    ok = indexes_of(&p, o, e) && ok;
    ok = dups_of(&p, o, e) && ok;
    ok = actions_of(&p, o, e) && ok;
    ok = roles_of(&p, o, e) && ok;
    ok = configuration_of(&p, o, e) && ok;
    const char *title = parse_text(&p, o, "title");
    e->title = title ? map_get(&e->by_name, title) : NULL;
    if (title && !e->title)
        ok = FAIL(&p, "title", "meta.no_such_field", "title", title);
    if (!e->title)
        e->title = &e->fields[0];
    return parts_ok(&p, fields) && ok;
}
