/* For the editor of templates: the places an entity offers, and how a draft looks on a record. See print.h. */
#include <string.h>

#include "base/conf.h"
#include "base/json_read.h"
#include "base/msg.h"
#include "meta/types.h"
#include "record/hooks.h"
#include "record/print/template.h"

enum { BODY_MOST = 200000, PREVIEW_ROWS = 20 };

/* Names of fields are no data: who edits templates sees them all. */
static bool offered(const Field *f)
{
    return print_field_fits(f) && f->index != STD_ID;
}

static void write_field(Ctx *c, Jw *w, const Field *f, const char *before)
{
    jw_obj(w);
    jw_kstr(w, "path", arena_printf(c->a, "%s%s", before, f->name));
    jw_kstr(w, "label", label_in(f->label, c->lang));
    jw_kstr(w, "type", type_ops(f->type)->name);
    if (f->in_list)
        jw_kbool(w, "list", true);
    jw_end(w);
}

/* Those every entity has stand behind its own. */
static void write_fields(Ctx *c, Jw *w, const Entity *e, const char *before)
{
    jw_key(w, "fields");
    jw_arr(w);
    for (int standard = 0; standard < 2; standard++)
        for (int i = 0; i < e->n_fields; i++) {
            const Field *f = &e->fields[i];
            bool version = f->standard && f->index == STD_VERSION;
            if (offered(f) && !version && f->standard == (standard == 1))
                write_field(c, w, f, before);
        }
    jw_end(w);
}

/* Records this one points to. */
static void write_links(Ctx *c, Jw *w, const Entity *e)
{
    jw_key(w, "links");
    jw_arr(w);
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        const Entity *to =
            f->type == FT_LINK && f->to && offered(f) ? model_entity(e->model, f->to) : NULL;
        if (!to)
            continue;
        jw_obj(w);
        jw_kstr(w, "path", f->name);
        jw_kstr(w, "label", label_in(f->label, c->lang));
        write_fields(c, w, to, arena_printf(c->a, "%s.", f->name));
        jw_end(w);
    }
    jw_end(w);
}

static void write_lists(Ctx *c, Jw *w, const Entity *e)
{
    PrintChild *k;
    int n = print_children(c, e, &k);
    jw_key(w, "lists");
    jw_arr(w);
    for (int i = 0; i < n; i++) {
        bool main = !strchr(k[i].name, '.');
        const char *label = label_in(k[i].e->label, c->lang);
        jw_obj(w);
        jw_kstr(w, "name", k[i].name);
        jw_kstr(w, "entity", k[i].e->name);
        jw_kstr(w, "plural", k[i].e->plural);
        jw_kstr(w, "label",
                main ? label
                     : arena_printf(c->a, "%s · %s", label, label_in(k[i].link->label, c->lang)));
        write_fields(c, w, k[i].e, "");
        jw_end(w);
    }
    jw_end(w);
}

static void write_others(Ctx *c, Jw *w)
{
    static const char *const others[] = {"title",   "entity", "date", "time", "user",
                                         "company", "url",    "qr",   "logo", "no"};
    jw_key(w, "others");
    jw_arr(w);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        jw_obj(w);
        jw_kstr(w, "path", arena_printf(c->a, "@%s", others[i]));
        jw_kstr(w, "label", msg_text(c->lang, arena_printf(c->a, "print.other.%s", others[i])));
        jw_end(w);
    }
    jw_end(w);
}

/* All that can be printed: names of entities are no data either. */
static void write_entities(Ctx *c, Jw *w)
{
    jw_key(w, "entities");
    jw_arr(w);
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        if (!e->routes || e->right || !e->menu)
            continue;
        jw_obj(w);
        jw_kstr(w, "name", e->name);
        jw_kstr(w, "label", label_in(e->label, c->lang));
        jw_end(w);
    }
    jw_end(w);
}

bool print_places(Ctx *c, const Entity *e, Buf *out)
{
    PrintWant want;
    Jw w;
    print_want_init(&want, c, e, NULL, NULL);
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "entity", e->name);
    jw_kstr(&w, "label", label_in(e->label, c->lang));
    write_fields(c, &w, e, "");
    write_links(c, &w, e);
    write_lists(c, &w, e);
    write_others(c, &w);
    write_entities(c, &w);
    jw_kstr(&w, "starter", body_built_in(c, &want));
    jw_end(&w);
    return true;
}

/* ---- a draft -------------------------------------------------------------------------------------------- */

static bool put(Ctx *c, void *arg, const char *bytes, size_t n)
{
    (void)c;
    buf_add(arg, bytes, n);
    return true;
}

static bool flag(json_object *o, const char *name, bool usual)
{
    json_object *it = json_member(o, name);
    return it ? json_object_get_boolean(it) : usual;
}

static bool draft(Ctx *c, json_object *o, PrintTemplate *t)
{
    const char *const texts[] = {"name", "entity", "body", "paper"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_object *it = json_member(o, texts[i]);
        if (it && !json_object_is_type(it, json_type_string))
            return ctx_fail(c, ERR_TYPE, texts[i], "print.text_wanted");
    }
    const char *body = json_str(o, "body", "");
    const Entity *e = print_entity(c, json_str(o, "entity", NULL));
    if (!e)
        return false;
    if (!*body)
        return ctx_fail(c, ERR_REQUIRED, "body", "print.body");
    if (strlen(body) > BODY_MOST)
        return ctx_fail(c, ERR_TOO_LONG, "body", "print.body_long");
    *t = (PrintTemplate){.name = json_str(o, "name", ""),
                         .e = e,
                         .body = body,
                         .lists = json_member(o, "lists"),
                         .paper = print_paper(json_str(o, "paper", NULL)),
                         .list_most = PREVIEW_ROWS,
                         .landscape = flag(o, "landscape", false),
                         .watermark = flag(o, "watermark", true)};
    return print_body_check(c, e, body, t->lists);
}

/* The newest the caller reads; 0 where there is none, or he reads none. */
static bool newest(Ctx *c, const Entity *e, int64_t *id)
{
    Record r;
    bool found = false;
    *id = 0;
    if (!access_may(c, e, ACT_READ))
        return true;
    if (!rec_find_one(c, e, access_scope(c, e, ACT_READ), NULL, &r, &found))
        return false;
    *id = found ? r.id : 0;
    return true;
}

bool print_preview(Ctx *c, json_object *in, Buf *out)
{
    json_object *o = in ? json_member(in, "template") : NULL,
                *record = in ? json_member(in, "record") : NULL;
    int64_t id = record ? json_object_get_int64(record) : 0;
    PrintTemplate t;
    PrintRun run;
    Record rec;
    Buf html;
    if (!o || !json_object_is_type(o, json_type_object))
        return ctx_fail(c, ERR_REQUIRED, "template", "print.body");
    if (!draft(c, o, &t) || (!id && !newest(c, t.e, &id)))
        return false;
    if (id && (!access_need(c, t.e, ACT_READ) || !rec_get(c, t.e, id, false, &rec)))
        return false;
    if (!print_run(c, &t, id, conf_text("http.base_url"), &run))
        return false;
    buf_init(&html, c->a);
    Report *r = body_draw(c, &t, run.body, &run.want, &run.data);
    if (!r || !report_html(c, r, (ReportSink){put, &html}))
        return false;
    const FillCell *title = map_get(&run.data.values, "@title");
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "html", html.data);
    jw_key(&w, "record");
    if (id) {
        jw_obj(&w);
        jw_kint(&w, "id", id);
        jw_kstr(&w, "label", title && title->text ? title->text : "");
        jw_end(&w);
    } else {
        jw_null(&w);
    }
    jw_end(&w);
    return true;
}
