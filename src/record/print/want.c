/* Which values a template wants: paths by name or label, lists of records that belong to one. See impl.h. */
#include <string.h>

#include "base/json_read.h"
#include "record/print/impl.h"

/* ---- what there is ------------------------------------------------------------------------------ */

bool print_field_fits(const Field *f)
{
    return f && !f->hidden && !f->write_only && !f->retired && f->type != FT_JSON &&
           f->type != FT_PARTS && f->type != FT_FILES;
}

static bool leads_to(const Field *f, const Entity *e)
{
    if (f->type != FT_LINK || f->standard || !print_field_fits(f))
        return false;
    if (f->to)
        return strcmp(f->to, e->name) == 0;
    const Field *by = f->to_field ? entity_field(f->entity, f->to_field) : NULL;
    return by && field_option(by, e->name);
}

/* "print-templates" → "print_templates" */
static const char *list_name(Arena *a, const Entity *e)
{
    char *name = arena_str(a, e->plural);
    for (char *p = name; *p; p++)
        if (*p == '-')
            *p = '_';
    return name;
}

/* The link by which records of x belong to e: their parent, else the first with a fixed target, else any. */
static const Field *main_link(const Entity *x, const Entity *e)
{
    const Field *parent = x->parent ? entity_field(x, x->parent) : NULL, *any = NULL;
    if (parent && leads_to(parent, e))
        return parent;
    for (int i = 0; i < x->n_fields; i++) {
        const Field *f = &x->fields[i];
        if (leads_to(f, e) && (!any || (!any->to && f->to)))
            any = f;
    }
    return any;
}

int print_children(Ctx *c, const Entity *e, PrintChild **out)
{
    VEC(PrintChild) all = {0};
    for (int i = 0; i < e->model->n; i++) {
        const Entity *x = &e->model->entities[i];
        const Field *main = x->routes && !x->right ? main_link(x, e) : NULL;
        if (!main)
            continue;
        vec_push(c->a, &all, (PrintChild){x, main, list_name(c->a, x)});
        for (int k = 0; k < x->n_fields; k++) {
            const Field *f = &x->fields[k];
            /* one that may lead to several things says the same as one that leads here */
            if (f != main && f->to && leads_to(f, e))
                vec_push(
                    c->a, &all,
                    (PrintChild){x, f, arena_printf(c->a, "%s.%s", list_name(c->a, x), f->name)});
        }
    }
    *out = all.items;
    return (int)all.n;
}

/* ---- paths -------------------------------------------------------------------------------------- */

static bool is_called(const Field *f, const char *name, size_t n)
{
    const char *const all[] = {f->name, f->label.zh, f->label.en};
    for (int i = 0; i < 3; i++)
        if (all[i] && strlen(all[i]) == n && memcmp(all[i], name, n) == 0)
            return true;
    return false;
}

/* By name before by label: a label somebody gave a field of his own takes no name away. */
static const Field *field_called(const Entity *e, const char *name, size_t n)
{
    const Field *found = NULL;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!print_field_fits(f) || !is_called(f, name, n))
            continue;
        if (strlen(f->name) == n && memcmp(f->name, name, n) == 0)
            return f;
        found = found ? found : f;
    }
    return found;
}

static PrintLevel *sub_level(Ctx *c, PrintLevel *l, const Field *link)
{
    for (size_t i = 0; i < l->subs.n; i++)
        if (l->subs.items[i].link == link)
            return l->subs.items[i].level;
    PrintLevel *level = ARENA_NEW(c->a, PrintLevel);
    level->e = model_entity(l->e->model, link->to);
    vec_push(c->a, &l->subs, (PrintSub){.link = link, .level = level});
    return level;
}

/* Labels may hold dots, so each of them is tried as the end of a link. */
static const Field *find(Ctx *c, const Entity *e, const char *path, int hops, const Field **links,
                         int *n_links)
{
    const Field *f = field_called(e, path, strlen(path));
    if (f)
        return f;
    for (const char *dot = strchr(path, '.'); dot && hops > 0; dot = strchr(dot + 1, '.')) {
        const Field *link = field_called(e, path, (size_t)(dot - path));
        const Entity *to =
            link && link->type == FT_LINK && link->to ? model_entity(e->model, link->to) : NULL;
        int kept = *n_links;
        if (!to)
            continue;
        links[(*n_links)++] = link;
        f = find(c, to, dot + 1, hops - 1, links, n_links);
        if (f)
            return f;
        *n_links = kept;
    }
    return NULL;
}

bool print_want_path(PrintWant *w, PrintSet *s, const char *path)
{
    const Field *links[PRINT_HOPS + 1];
    int n = 0;
    for (size_t i = 0; i < s->paths.n; i++)
        if (strcmp(s->paths.items[i], path) == 0)
            return true;
    const Field *f = find(w->c, s->level.e, path, PRINT_HOPS, links, &n);
    if (!f || w->n_paths >= PRINT_PATHS)
        return false;
    PrintLevel *l = &s->level;
    for (int i = 0; i < n; i++)
        l = sub_level(w->c, l, links[i]);
    vec_push(w->c->a, &l->cols, (PrintCol){.f = f, .out = (int)s->paths.n});
    vec_push(w->c->a, &s->paths, arena_str(w->c->a, path));
    w->n_paths++;
    return true;
}

/* ---- lists -------------------------------------------------------------------------------------- */

static const PrintChild *child_called(const PrintWant *w, const char *name)
{
    for (int i = 0; i < w->n_children; i++)
        if (strcmp(w->children[i].name, name) == 0)
            return &w->children[i];
    for (int i = 0; i < w->n_children; i++)
        if (!strchr(w->children[i].name, '.') && (strcmp(w->children[i].e->label.zh, name) == 0 ||
                                                  strcmp(w->children[i].e->label.en, name) == 0))
            return &w->children[i];
    return NULL;
}

static json_object *declared(const PrintWant *w, const char *name)
{
    return w->lists && json_object_is_type(w->lists, json_type_object) ? json_member(w->lists, name)
                                                                       : NULL;
}

PrintSet *print_want_list(PrintWant *w, const char *name)
{
    Ctx *c = w->c;
    for (size_t i = 0; i < w->sets.n; i++)
        if (strcmp(w->sets.items[i]->name, name) == 0)
            return w->sets.items[i];
    json_object *o = declared(w, name);
    if (o && !json_object_is_type(o, json_type_object))
        return NULL;
    const PrintChild *child = child_called(w, o ? json_str(o, "of", "") : name);
    if (!child || w->sets.n >= PRINT_LISTS)
        return NULL;
    PrintSet *s = ARENA_NEW(c->a, PrintSet);
    *s = (PrintSet){.name = arena_str(c->a, name), .link = child->link};
    s->level.e = child->e;
    if (o) {
        json_object *limit = json_member(o, "limit");
        s->filter = json_member(o, "filter");
        s->sort = json_str(o, "sort", NULL);
        s->limit = limit ? json_object_get_int(limit) : 0;
    }
    vec_push(c->a, &w->sets, s);
    return s;
}

void print_want_init(PrintWant *w, Ctx *c, const Entity *e, json_object *lists, const char *field)
{
    *w = (PrintWant){.c = c, .e = e, .lists = lists, .field = field};
    w->record.level.e = e;
    w->n_children = print_children(c, e, &w->children);
}

/* ---- trees -------------------------------------------------------------------------------------- */

static bool is_other(const char *path)
{
    static const char *const known[] = {"@date",   "@time", "@user", "@company", "@title",
                                        "@entity", "@url",  "@qr",   "@logo",    "@no"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], path) == 0)
            return true;
    return false;
}

static bool unknown(PrintWant *w, const char *where, const char *path)
{
    if (!w->field || w->c->n_err >= PRINT_MISTAKES)
        return w->field == NULL;
    return ctx_fail(w->c, ERR_INVALID, w->field, "print.place", where, path,
                    label_in(w->e->label, w->c->lang));
}

static bool take_path(PrintWant *w, PrintSet *within, const char *path, const char *where)
{
    if (*path == '@')
        return is_other(path) || unknown(w, where, path);
    return (within && print_want_path(w, within, path)) || print_want_path(w, &w->record, path) ||
           unknown(w, where, path);
}

/* Rows once more for each row: six of them within each other are nobody's paper. */
static bool within_itself(const PrintWant *w, const PrintSet *s)
{
    for (size_t i = 0; i < w->sets.n; i++) {
        const PrintSet *o = w->sets.items[i];
        if (o->open && (o == s || (o->link == s->link && !o->filter && !s->filter)))
            return true;
    }
    return false;
}

static bool each_row(PrintWant *w, const FillNode *n, PrintSet *list, const char *where)
{
    if (within_itself(w, list))
        return w->c->n_err < PRINT_MISTAKES &&
               ctx_fail(w->c, ERR_INVALID, w->field, "print.list_within", where, n->text);
    list->open = true;
    bool ok = print_want_tree(w, n->kids, list, where);
    list->open = false;
    return ok;
}

bool print_want_tree(PrintWant *w, const FillNode *nodes, PrintSet *within, const char *where)
{
    bool ok = true;
    for (const FillNode *n = nodes; n; n = n->next) {
        if (n->kind == FILL_TEXT)
            continue;
        PrintSet *list = n->kind == FILL_PLACE ? NULL : print_want_list(w, n->text);
        if (!list)
            ok &= take_path(w, within, n->text, where);
        ok &= list && n->kind == FILL_EACH ? each_row(w, n, list, where)
                                           : print_want_tree(w, n->kids, within, where);
    }
    return ok;
}

/* ---- declared lists ------------------------------------------------------------------------------- */

/* Whoever edits templates need not read what they print: names are checked here, rights when somebody prints. */
static bool any_field(Ctx *c, const Field *f, Filter **out_also)
{
    *out_also = NULL;
    return print_field_fits(f) || f->type == FT_FILES ||
           ctx_fail(c, ERR_BAD_FILTER, "filter", "err.field_unknown", f->name,
                    label_in(f->entity->label, c->lang));
}

static bool any_row(Ctx *c, const Entity *e, Filter **out)
{
    (void)e;
    *out = filter_true(c->a);
    return true;
}

static bool sort_check(PrintWant *w, const PrintSet *s)
{
    const char *name = s->sort + (s->sort[0] == '-' || s->sort[0] == '+');
    const Field *f = entity_field(s->level.e, name);
    return (f && (f->index == STD_ID || (f->sort && f->column && !f->retired && !f->hidden))) ||
           ctx_fail(w->c, ERR_INVALID, "lists", "print.list_sort", s->name, name);
}

static bool list_check(PrintWant *w, const char *name, json_object *o)
{
    static const JsonWant want[] = {{"of", json_type_string, true},
                                    {"filter", json_type_null, false},
                                    {"sort", json_type_string, false},
                                    {"limit", json_type_int, false},
                                    {NULL, json_type_null, false}};
    Ctx *c = w->c;
    Filter *f;
    if (!json_object_is_type(o, json_type_object) || strpbrk(name, "{}@\n") || !*name)
        return ctx_fail(c, ERR_INVALID, "lists", "print.list_shape", name);
    if (!json_want(c, o, want))
        return false;
    PrintSet *s = print_want_list(w, name);
    if (!s)
        return ctx_fail(c, ERR_INVALID, "lists", "print.list_of", name, json_str(o, "of", ""));
    json_object *limit = json_member(o, "limit");
    if (limit && (s->limit < 1 || s->limit > 100000))
        return ctx_fail(c, ERR_INVALID, "lists", "print.list_limit", name);
    static const FilterGuard open = {any_field, any_row};
    return (!s->filter || filter_parse(c, s->level.e, s->filter, &open, access_me(c), &f)) &&
           (!s->sort || sort_check(w, s));
}

bool print_want_lists_check(PrintWant *w)
{
    Ctx *c = w->c;
    int before = c->n_err;
    if (!w->lists)
        return true;
    if (!json_object_is_type(w->lists, json_type_object) ||
        json_object_object_length(w->lists) > PRINT_LISTS)
        return ctx_fail(c, ERR_INVALID, "lists", "print.list_shape", "lists");
    bool ok = true;
    json_object_object_foreach(w->lists, name, value) ok &= list_check(w, name, value);
    return ok && c->n_err == before;
}
