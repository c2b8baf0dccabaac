/* Layouts. See layout.h. A definition is {"fields": […], "hidden": […]} or {"sections": [{"label", "fields"}], "hidden"}. */
#include "record/layout.h"

#include <string.h>

#include "base/crypt.h"
#include "base/json_read.h"
#include "base/utf8.h"
#include "entity_ids.h"
#include "meta/required.h"

enum { MOST_SECTIONS = 30, MOST_FIELDS = 500, LABEL_MAX = 50 };

static const char *const kinds[] = {"list", "form", "card", "detail"};

static int kind_of(const char *name)
{
    for (int i = 0; name && i < LK__COUNT; i++)
        if (strcmp(kinds[i], name) == 0)
            return i;
    return -1;
}

static bool has_sections(int kind)
{
    return kind == LK_FORM || kind == LK_DETAIL;
}

/* ---- as stored ----------------------------------------------------------------------------- */

/* A list of texts; NULL where it is something else. */
static const char **texts_of(Ctx *c, json_object *list, int *n)
{
    *n = 0;
    if (!list || !json_object_is_type(list, json_type_array))
        return NULL;
    size_t count = json_object_array_length(list);
    if (count > MOST_FIELDS)
        return NULL;
    const char **out = ARENA_ARRAY(c->a, count + 1, const char *);
    for (size_t i = 0; i < count; i++) {
        json_object *it = json_object_array_get_idx(list, i);
        if (!json_object_is_type(it, json_type_string))
            return NULL;
        out[(*n)++] = json_object_get_string(it);
    }
    return out;
}

static bool section_of(Ctx *c, json_object *o, LayoutSection *out)
{
    json_object *label = json_member(o, "label");
    const char *zh = json_str(label, "zh", NULL), *en = json_str(label, "en", NULL);
    out->label = (Label){zh, en && *en ? en : zh};
    out->fields = texts_of(c, json_member(o, "fields"), &out->n);
    return out->fields && zh && *zh && utf8_count(zh) <= LABEL_MAX &&
           (!en || utf8_count(en) <= LABEL_MAX);
}

/* The definition in the shape of meta/describe.h; false where it has another one (nothing recorded). */
static bool shape(Ctx *c, int kind, json_object *o, Layout *out)
{
    *out = (Layout){.n_hidden = 0};
    if (!o || !json_object_is_type(o, json_type_object))
        return false;
    json_object *hidden = json_member(o, "hidden"), *list = json_member(o, "sections");
    if (hidden && !(out->hidden = texts_of(c, hidden, &out->n_hidden)))
        return false;
    bool many = has_sections(kind);
    if (json_member(o, many ? "fields" : "sections"))
        return false;
    size_t n = 1;
    if (many) {
        if (!list || !json_object_is_type(list, json_type_array))
            return false;
        n = json_object_array_length(list);
    }
    if (n < 1 || n > MOST_SECTIONS)
        return false;
    LayoutSection *s = ARENA_ARRAY(c->a, n, LayoutSection);
    for (size_t i = 0; i < n; i++) {
        json_object *it = many ? json_object_array_get_idx(list, i) : NULL;
        if (many ? !json_object_is_type(it, json_type_object) || !section_of(c, it, &s[i])
                 : !(s[i].fields = texts_of(c, json_member(o, "fields"), &s[i].n)))
            return false;
    }
    out->sections = s;
    out->n = (int)n;
    return true;
}

static json_object *stored(Ctx *c, const char *text)
{
    json_object *o = NULL;
    int before = c->n_err;
    if (!text || !json_read(c, text, strlen(text), &o)) {
        ctx_errors_back_to(c, before);
        return NULL;
    }
    return o;
}

/* ---- what a form must ask for -------------------------------------------------------------- */

static bool must_be_asked(const Field *f)
{
    return (field_required(f) || f->form_required || f->required_if) && !f->dflt && !f->readonly;
}

/* A field that became required after the layout was made is shown again: nobody could save the form without it. */
static void show_required(Ctx *c, const Entity *e, Layout *l)
{
    const char **kept = ARENA_ARRAY(c->a, l->n_hidden + 1, const char *);
    int n = 0;
    for (int i = 0; i < l->n_hidden; i++) {
        const Field *f = entity_field(e, l->hidden[i]);
        if (!f || !must_be_asked(f))
            kept[n++] = l->hidden[i];
    }
    l->hidden = kept;
    l->n_hidden = n;
}

/* ---- for whom ------------------------------------------------------------------------------ */

static bool is_mine(const Ctx *c, const char *role)
{
    if (!role || !*role)
        return true;
    for (int i = 0; c->actor->roles && c->actor->roles[i]; i++)
        if (strcmp(c->actor->roles[i], role) == 0)
            return true;
    return false;
}

bool layout_resolve(Ctx *c, const Entity *e, Layouts *out, const char **out_digest)
{
    DbVal p[] = {db_of_text(e->name)};
    CryptSha256 sum;
    int before = c->n_err;
    bool any = false;
    *out = (Layouts){{NULL}};
    *out_digest = "";
    /* the most particular first, so that the first of a kind is the one */
    DbRows *r = db_query(c,
                         SQL("SELECT \"kind\", \"role\", \"definition\" FROM \"layout\" "
                             "WHERE \"entity\" = $1 AND \"deleted_at\" IS NULL "
                             "ORDER BY CASE WHEN \"role\" IS NULL THEN 1 ELSE 0 END, "
                             "\"rank\" DESC, \"role\", \"id\""),
                         p, 1);
    if (!r)
        return false;
    crypt_sha256_start(&sum);
    while (db_step(r)) {
        int kind = kind_of(db_text(r, 0));
        if (kind < 0 || out->of[kind] || !is_mine(c, db_text(r, 1)))
            continue;
        const char *text = arena_str(c->a, db_text(r, 2));
        Layout *l = ARENA_NEW(c->a, Layout);
        if (!shape(c, kind, stored(c, text), l))
            continue;
        if (kind == LK_FORM)
            show_required(c, e, l);
        out->of[kind] = l;
        any = true;
        crypt_sha256_add(&sum, kinds[kind], strlen(kinds[kind]) + 1);
        crypt_sha256_add(&sum, text, strlen(text) + 1);
    }
    db_done(r);
    if (c->n_err > before)
        return false;
    char *hex = arena_alloc(c->a, 65);
    crypt_sha256_end(&sum, hex);
    hex[16] = 0;
    if (any)
        *out_digest = arena_printf(c->a, "-%s", hex);
    return true;
}

/* ---- checking ------------------------------------------------------------------------------ */

/* Can a field stand there at all? */
static bool may_stand(const Field *f, int kind)
{
    if (f->hidden || f->retired)
        return false;
    if (kind == LK_FORM)
        return f->in_form;
    if (f->write_only || f->type == FT_PARTS)
        return false;
    return kind == LK_DETAIL || (f->type != FT_JSON && f->type != FT_FILES);
}

static void check_names(Ctx *c, const Entity *of, int kind, const char *const *names, int n,
                        Map *seen)
{
    for (int i = 0; i < n; i++) {
        const Field *f = entity_field(of, names[i]);
        if (!f || !may_stand(f, kind))
            ctx_fail(c, ERR_INVALID, "definition", "err.field_unknown", names[i],
                     label_in(of->label, c->lang));
        else if (map_has(seen, f->name))
            ctx_fail(c, ERR_INVALID, "definition", "err.layout_twice", label_in(f->label, c->lang));
        else
            map_put(seen, f->name, (void *)(uintptr_t)f);
    }
}

static void check_hidden(Ctx *c, const Entity *of, int kind, const Layout *l)
{
    for (int i = 0; i < l->n_hidden; i++) {
        const Field *f = entity_field(of, l->hidden[i]);
        if (f && kind == LK_FORM && must_be_asked(f))
            ctx_fail(c, ERR_INVALID, "definition", "err.layout_required",
                     label_in(f->label, c->lang));
        if (f && kind == LK_LIST && f == of->title)
            ctx_fail(c, ERR_INVALID, "definition", "err.layout_title", label_in(f->label, c->lang));
    }
}

bool layout_check(Ctx *c, const Entity *of, const DbVal *values)
{
    const DbVal *def = &values[LAYOUT_DEFINITION], *k = &values[LAYOUT_KIND];
    int before = c->n_err;
    int kind = k->kind == DB_TEXT ? kind_of(arena_dup(c->a, k->s, k->n)) : -1;
    Layout l;
    Map seen;
    if (kind < 0 || def->kind != DB_TEXT)
        return true; /* required: said by the engine */
    if (!shape(c, kind, stored(c, arena_dup(c->a, def->s, def->n)), &l))
        return ctx_fail(c, ERR_INVALID, "definition",
                        has_sections(kind) ? "err.layout_sections" : "err.layout_fields");
    map_init(&seen, c->a);
    for (int i = 0; i < l.n; i++)
        check_names(c, of, kind, l.sections[i].fields, l.sections[i].n, &seen);
    check_names(c, of, kind, l.hidden, l.n_hidden, &seen);
    check_hidden(c, of, kind, &l);
    return c->n_err == before;
}
