/* The model as JSON for the page: /schema and /schema/{entity}, as docs/api.md has it. */
#include "meta/describe.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "base/pinyin.h"
#include "meta/check.h"
#include "meta/required.h"
#include "meta/types.h"
#include "meta/types_impl.h"

static void label(Jw *w, const char *key, Label l)
{
    if (!l.zh)
        return;
    jw_key(w, key);
    jw_obj(w);
    jw_kstr(w, "zh", l.zh);
    jw_kstr(w, "en", l.en ? l.en : l.zh);
    jw_end(w);
}

static void flag(Jw *w, const char *key, bool v)
{
    if (v)
        jw_kbool(w, key, true);
}

static void text(Jw *w, const char *key, const char *s)
{
    if (s)
        jw_kstr(w, key, s);
}

static void text_raw(Jw *w, const char *key, const char *json)
{
    if (json)
        jw_kraw(w, key, json);
}

static void limit(Jw *w, const char *key, const Field *f, int64_t v, bool has)
{
    if (!has)
        return;
    if (f->type == FT_MONEY || f->type == FT_DECIMAL)
        jw_kstr(w, key, type_scaled_text(w->b->a, v, f->scale));
    else
        jw_kint(w, key, v);
}

static void options(Jw *w, const Option *list, int n)
{
    jw_key(w, "options");
    jw_arr(w);
    for (int i = 0; i < n; i++) {
        jw_obj(w);
        jw_kstr(w, "code", list[i].code);
        label(w, "label", list[i].label);
        text(w, "color", list[i].color);
        flag(w, "disabled", list[i].disabled);
        jw_end(w);
    }
    jw_end(w);
}

static void ops(Jw *w, const Field *f)
{
    unsigned bits = type_field_ops(f);
    if (!bits)
        return;
    jw_key(w, "ops");
    jw_arr(w);
    for (int i = 0; i < OP__COUNT; i++)
        if (bits & 1u << i)
            jw_str(w, op_name((FilterOp)i));
    jw_end(w);
}

static void dflt(Jw *w, const Field *f)
{
    if (!f->dflt)
        return;
    jw_key(w, "default");
    if (f->type == FT_BOOL)
        jw_bool(w, strcmp(f->dflt, "true") == 0 || strcmp(f->dflt, "1") == 0);
    else if (f->type == FT_INT || f->type == FT_FLOAT)
        jw_raw(w, f->dflt);
    else if (f->type == FT_MULTI_OPTION) {
        jw_arr(w);
        jw_str(w, f->dflt);
        jw_end(w);
    } else
        jw_str(w, f->dflt);
}

static bool seen_by(const Field *f, const DescribeRights *r, FieldRight *right, bool *masked)
{
    *masked = false;
    if (f->hidden || f->retired)
        return false;
    *right = r && r->field ? r->field(r->arg, f, masked) : FR_EDIT;
    if (*right == FR_NONE)
        return false;
    if (f->readonly || f->entity->readonly)
        *right = FR_READ;
    return true;
}

/* What a person types to find it among others. */
static void pinyin(Jw *w, Label l)
{
    Arena *a = w->b->a;
    jw_kstr(w, "pinyin", arena_printf(a, "%s %s", pinyin_initials(a, l.zh), pinyin_full(a, l.zh)));
}

static void field(Jw *w, const Field *f, FieldRight right, bool masked)
{
    jw_obj(w);
    jw_kstr(w, "name", f->name);
    jw_kstr(w, "type", type_ops(f->type)->name);
    label(w, "label", f->label);
    jw_kstr(w, "right", right == FR_EDIT ? "edit" : "read");
    flag(w, "required", field_required(f));
    flag(w, "form_required", f->form_required);
    flag(w, "readonly", f->readonly);
    flag(w, "create_only", f->create_only);
    flag(w, "write_only", f->write_only);
    flag(w, "unique", f->unique);
    limit(w, "min", f, f->min, f->has_min);
    limit(w, "max", f, f->max, f->has_max);
    if (f->type == FT_DECIMAL || f->type == FT_MONEY)
        jw_kint(w, "scale", f->scale);
    text(w, "pattern", f->pattern);
    if (f->n_options)
        options(w, f->options, f->n_options);
    text(w, "to", f->to);
    text(w, "to_field", f->to_field);
    ops(w, f);
    if (type_field_ops(f) && f->label.zh)
        pinyin(w, f->label);
    flag(w, "sort", f->sort);
    dflt(w, f);
    flag(w, "masked", masked);
    flag(w, "custom", f->custom);
    flag(w, "personal", f->personal);
    label(w, "definition", f->definition);
    label(w, "example", f->example);
    text(w, "group", f->section);
    text(w, "unit", f->unit);
    if (f->required_if)
        jw_kraw(w, "required_if", f->required_if);
    else
        text_raw(w, "required_if", field_required_if(w->b->a, f));
    if (f->shown_if)
        jw_kraw(w, "shown_if", f->shown_if);
    if (f->parts_json)
        jw_kraw(w, "parts", f->parts_json);
    jw_end(w);
}

/* The names of the fields shown, of those for which pick holds. */
static void names(Jw *w, const char *key, const Entity *e, const DescribeRights *r,
                  bool (*pick)(const Field *f))
{
    FieldRight right;
    bool masked;
    jw_key(w, key);
    jw_arr(w);
    for (int i = 0; i < e->n_fields; i++)
        if (pick(&e->fields[i]) && seen_by(&e->fields[i], r, &right, &masked))
            jw_str(w, e->fields[i].name);
    jw_end(w);
}

/* Does the title lead the list? Where the declaration puts it far behind, that is on purpose. */
static bool title_leads(const Entity *e, const DescribeRights *r)
{
    enum { NEAR = 2 };
    FieldRight right;
    bool masked;
    int before = 0;
    if (!e->title || e->title->standard || !e->title->in_list ||
        !seen_by(e->title, r, &right, &masked))
        return false;
    for (int i = 0; i < e->title->index; i++) {
        const Field *f = &e->fields[i];
        before += f->in_list && !f->standard && seen_by(f, r, &right, &masked);
    }
    return before <= NEAR;
}

/* The list begins with the title and an entity's own fields; the standard ones close it. */
static void list_names(Jw *w, const Entity *e, const DescribeRights *r)
{
    FieldRight right;
    bool masked, first = title_leads(e, r);
    jw_key(w, "list");
    jw_arr(w);
    if (first)
        jw_str(w, e->title->name);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < e->n_fields; i++) {
            const Field *f = &e->fields[i];
            if (f->in_list && f->standard == (pass == 1) && !(first && f == e->title) &&
                seen_by(f, r, &right, &masked))
                jw_str(w, f->name);
        }
    jw_end(w);
}

static bool in_card(const Field *f)
{
    return f->in_card;
}

static bool in_section(const Entity *e, const Field *f, int section)
{
    if (!f->in_form)
        return false;
    if (!e->n_sections)
        return true;
    if (!f->section)
        return f->custom ? section == e->n_sections - 1 : section == 0;
    return strcmp(f->section, e->sections[section].name) == 0;
}

static void form(Jw *w, const Entity *e, const DescribeRights *r)
{
    FieldRight right;
    bool masked;
    int n = e->n_sections ? e->n_sections : 1;
    jw_key(w, "form");
    jw_arr(w);
    for (int s = 0; s < n; s++) {
        jw_obj(w);
        label(w, "label", e->n_sections ? e->sections[s].label : e->label);
        jw_key(w, "fields");
        jw_arr(w);
        for (int i = 0; i < e->n_fields; i++)
            if (in_section(e, &e->fields[i], s) && seen_by(&e->fields[i], r, &right, &masked))
                jw_str(w, e->fields[i].name);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
}

/* ---- layouts that somebody laid over it ------------------------------------------------------ */

static bool among(const char *const *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static bool placed(const Layout *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (among(l->sections[i].fields, l->sections[i].n, name))
            return true;
    return among(l->hidden, l->n_hidden, name);
}

static void seen_names(Jw *w, const Entity *e, const DescribeRights *r, const LayoutSection *s)
{
    FieldRight right;
    bool masked;
    for (int i = 0; i < s->n; i++) {
        const Field *f = entity_field(e, s->fields[i]);
        if (f && seen_by(f, r, &right, &masked))
            jw_str(w, f->name);
    }
}

/* What came after the layout was made must not be lost: it closes it. */
static void unplaced(Jw *w, const Entity *e, const DescribeRights *r, const Layout *l,
                     bool (*pick)(const Field *f))
{
    FieldRight right;
    bool masked;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (pick(f) && !placed(l, f->name) && seen_by(f, r, &right, &masked))
            jw_str(w, f->name);
    }
}

static bool custom_in_list(const Field *f)
{
    return f->custom && f->in_list;
}

static bool custom_in_card(const Field *f)
{
    return f->custom && f->in_card;
}

static bool in_form(const Field *f)
{
    return f->in_form;
}

static void layout_names(Jw *w, const char *key, const Entity *e, const DescribeRights *r,
                         const Layout *l, bool (*pick)(const Field *f))
{
    jw_key(w, key);
    jw_arr(w);
    for (int i = 0; i < l->n; i++)
        seen_names(w, e, r, &l->sections[i]);
    unplaced(w, e, r, l, pick);
    jw_end(w);
}

static void layout_sections(Jw *w, const char *key, const Entity *e, const DescribeRights *r,
                            const Layout *l)
{
    jw_key(w, key);
    jw_arr(w);
    for (int i = 0; i < l->n; i++) {
        jw_obj(w);
        label(w, "label", l->sections[i].label);
        jw_key(w, "fields");
        jw_arr(w);
        seen_names(w, e, r, &l->sections[i]);
        if (i == l->n - 1)
            unplaced(w, e, r, l, in_form);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
}

static void layout_hidden(Jw *w, const char *key, const Layout *l)
{
    jw_key(w, key);
    jw_arr(w);
    for (int i = 0; i < l->n_hidden; i++)
        jw_str(w, l->hidden[i]);
    jw_end(w);
}

static void arrangement(Jw *w, const Entity *e, const DescribeRights *r, const Layouts *l)
{
    static const Layouts none = {{NULL}};
    const Layout *const *of = l ? l->of : none.of;
    if (of[LK_LIST])
        layout_names(w, "list", e, r, of[LK_LIST], custom_in_list);
    else
        list_names(w, e, r);
    if (of[LK_FORM])
        layout_sections(w, "form", e, r, of[LK_FORM]);
    else
        form(w, e, r);
    if (of[LK_CARD])
        layout_names(w, "card", e, r, of[LK_CARD], custom_in_card);
    else
        names(w, "card", e, r, in_card);
    if (of[LK_DETAIL]) {
        layout_sections(w, "detail", e, r, of[LK_DETAIL]);
        layout_hidden(w, "detail_hidden", of[LK_DETAIL]);
    }
}

static void can(Jw *w, const Entity *e, const DescribeRights *r)
{
    static const struct {
        const char *name;
        unsigned needs;
        bool changes;
    } more[] = {{"create", 0, true},
                {"edit", 0, true},
                {"delete", 0, true},
                {"import", GETS_IMPORT, true},
                {"export", GETS_EXPORT, false},
                {"transfer", 0, true},
                {"share", GETS_SHARE, false},
                {"bulk", 0, true},
                {"merge", GETS_MERGE, true},
                {"erase", GETS_TRASH, true}};
    jw_key(w, "can");
    jw_obj(w);
    jw_kbool(w, "read", !r || !r->can || r->can(r->arg, e, "read"));
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        bool yes = !r || !r->can || r->can(r->arg, e, more[i].name);
        if ((more[i].needs && !(e->gets & more[i].needs)) || (e->readonly && more[i].changes))
            yes = false;
        jw_kbool(w, more[i].name, yes);
    }
    jw_end(w);
}

/* Inputs of an action: {name: {…}} of the file → [{"name", …}] with options as in fields. */
static void inputs(Jw *w, const char *json)
{
    json_object *o = json_tokener_parse(json);
    if (!o)
        return;
    jw_key(w, "fields");
    jw_arr(w);
    json_object_object_foreach(o, name, def)
    {
        jw_obj(w);
        jw_kstr(w, "name", name);
        json_object_object_foreach(def, key, val)
        {
            if (strcmp(key, "options") != 0) {
                jw_kraw(w, key, json_object_to_json_string_ext(val, JSON_C_TO_STRING_PLAIN));
                continue;
            }
            jw_key(w, "options");
            jw_arr(w);
            json_object_object_foreach(val, code, item)
            {
                jw_obj(w);
                jw_kstr(w, "code", code);
                label(w, "label", (Label){json_str(item, "zh", code), json_str(item, "en", code)});
                text(w, "color", json_str(item, "color", NULL));
                jw_end(w);
            }
            jw_end(w);
        }
        jw_end(w);
    }
    jw_end(w);
    json_object_put(o);
}

static void actions(Jw *w, const Entity *e, const DescribeRights *r)
{
    jw_key(w, "actions");
    jw_arr(w);
    for (int i = 0; i < e->n_actions; i++) {
        const EntityAction *x = &e->actions[i];
        if (r && r->can && !r->can(r->arg, e, x->right))
            continue;
        jw_obj(w);
        jw_kstr(w, "name", x->name);
        label(w, "label", x->label);
        jw_kstr(w, "right", x->right);
        flag(w, "step_up", x->step_up);
        flag(w, "on_entity", x->on_entity);
        flag(w, "in_list", x->in_list);
        flag(w, "shows", x->shows);
        label(w, "ask", x->ask);
        if (x->shown_if)
            jw_kraw(w, "shown_if", x->shown_if);
        if (x->fields_json)
            inputs(w, x->fields_json);
        jw_end(w);
    }
    jw_end(w);
}

/* Entities that name this one as their parent, or that its timeline lists. */
static bool is_child(const Entity *e, const Entity *child, const Field *f)
{
    if (f->type != FT_LINK || !f->to || strcmp(f->to, e->name) != 0)
        return false;
    if (child->parent && strcmp(child->parent, f->name) == 0)
        return true;
    size_t n = strlen(child->name);
    for (int i = 0; e->timeline && e->timeline[i]; i++)
        if (strncmp(e->timeline[i], child->name, n) == 0 && e->timeline[i][n] == '.' &&
            strcmp(e->timeline[i] + n + 1, f->name) == 0)
            return true;
    return false;
}

static void children(Jw *w, const Entity *e, const DescribeRights *r)
{
    jw_key(w, "children");
    jw_arr(w);
    for (int i = 0; i < e->model->n; i++) {
        const Entity *x = &e->model->entities[i];
        if (!x->routes || (r && r->can && !r->can(r->arg, x, "read")))
            continue;
        for (int j = 0; j < x->n_fields; j++) {
            const Field *f = &x->fields[j];
            if (!is_child(e, x, f))
                continue;
            jw_obj(w);
            jw_kstr(w, "entity", x->name);
            jw_kstr(w, "plural", x->plural);
            jw_kstr(w, "field", f->name);
            label(w, "label", x->label);
            jw_end(w);
            break;
        }
    }
    jw_end(w);
}

/* The entities whose records stand in its timeline, of those the caller may read: what it can be narrowed to. */
static void timeline(Jw *w, const Entity *e, const DescribeRights *r)
{
    jw_key(w, "timeline");
    jw_arr(w);
    for (int i = 0; e->timeline && e->timeline[i]; i++) {
        const char *dot = strchr(e->timeline[i], '.');
        const Entity *x = model_entity(
            e->model, arena_dup(w->b->a, e->timeline[i], (size_t)(dot - e->timeline[i])));
        if (x && x->routes && (!r || !r->can || r->can(r->arg, x, "read")))
            jw_str(w, x->name);
    }
    jw_end(w);
}

/* The rules for duplicates by which the caller may look for records that agree: all they compare is his to see. */
static void dups(Jw *w, const Entity *e, const DescribeRights *r)
{
    FieldRight right;
    bool masked;
    jw_key(w, "dups");
    jw_arr(w);
    for (int i = 0; i < e->n_dups; i++) {
        const char *const *names = e->dups[i].fields;
        bool seen = true;
        for (int j = 0; names[j] && seen; j++)
            seen = seen_by(entity_field(e, names[j]), r, &right, &masked);
        if (!seen)
            continue;
        jw_obj(w);
        jw_kstr(w, "name", e->dups[i].name);
        jw_key(w, "fields");
        jw_arr(w);
        for (int j = 0; names[j]; j++)
            jw_str(w, names[j]);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
}

static void head(Jw *w, const Entity *e)
{
    jw_kstr(w, "name", e->name);
    jw_kstr(w, "plural", e->plural);
    label(w, "label", e->label);
    jw_kstr(w, "group", e->group);
    text(w, "icon", e->icon);
    jw_kbool(w, "menu", e->menu);
    text(w, "calendar", e->calendar);
}

void describe_entity_short(Jw *w, const Entity *e, const DescribeRights *r)
{
    jw_obj(w);
    head(w, e);
    pinyin(w, e->label);
    can(w, e, r);
    jw_end(w);
}

void describe_entity(Jw *w, const Entity *e, const DescribeRights *r, const Layouts *l)
{
    FieldRight right;
    bool masked;
    jw_obj(w);
    head(w, e);
    jw_kstr(w, "title", e->title->name);
    label(w, "about", e->about);
    jw_kstr(w, "sort", e->sort);
    jw_key(w, "gets");
    jw_arr(w);
    for (int i = 0; meta_gets_names[i]; i++)
        if (e->gets & 1u << i)
            jw_str(w, meta_gets_names[i]);
    jw_end(w);
    can(w, e, r);
    actions(w, e, r);
    jw_key(w, "fields");
    jw_arr(w);
    for (int i = 0; i < e->n_fields; i++)
        if (seen_by(&e->fields[i], r, &right, &masked))
            field(w, &e->fields[i], right, masked);
    jw_end(w);
    arrangement(w, e, r, l);
    children(w, e, r);
    timeline(w, e, r);
    dups(w, e, r);
    jw_end(w);
}
