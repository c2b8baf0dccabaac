/* Rows of print_template: read for printing, checked before they are saved, seeded in a new house. See print.h. */
#include "record/print/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "entity_ids.h"
#include "record/attach.h"
#include "record/hooks.h"
#include "record/print/docx.h"

static const char *const papers[] = {"a4", "a3", "a5", "letter"};

ReportPaper print_paper(const char *name)
{
    for (size_t i = 0; name && i < sizeof papers / sizeof *papers; i++)
        if (strcmp(papers[i], name) == 0)
            return (ReportPaper)i;
    return REPORT_A4;
}

static json_object *stored(Ctx *c, const char *text)
{
    json_object *o = NULL;
    int before = c->n_err;
    if (text && !json_read(c, text, strlen(text), &o))
        ctx_errors_back_to(c, before);
    return o;
}

#define TEMPLATES                                                                                  \
    "SELECT \"id\", \"name\", \"kind\", \"body\", \"lists\", \"paper\", \"landscape\", "           \
    "\"watermark\", \"enabled\" FROM \"print_template\" WHERE \"entity\" = $1 AND \"deleted_at\" " \
    "IS NULL AND "                                                                                 \
    "(\"kind\" <> 'docx' OR EXISTS (SELECT 1 FROM \"attachment\" AS a WHERE a.\"parent_type\" = "  \
    "'print_template' AND a.\"parent_id\" = \"print_template\".\"id\" AND a.\"deleted_at\" IS "    \
    "NULL)) "

int print_templates(Ctx *c, const Entity *e, int64_t only, PrintTemplate **out)
{
    DbVal p[] = {db_of_text(e->name), db_of_int(only)};
    VEC(PrintTemplate) all = {0};
    DbRows *r = only ? db_query(c, SQL(TEMPLATES "AND \"id\" = $2"), p, 2)
                     : db_query(c,
                                SQL(TEMPLATES "AND \"enabled\" = 1 ORDER BY CASE WHEN "
                                              "\"position\" IS NULL THEN 1 ELSE 0 END, "
                                              "\"position\", \"id\" LIMIT 200"),
                                p, 1);
    if (!r)
        return -1;
    int before = c->n_err;
    while (db_step(r)) {
        PrintTemplate t = {.id = db_int(r, 0),
                           .name = arena_str(c->a, db_text(r, 1)),
                           .e = e,
                           .docx = strcmp(db_text(r, 2), "docx") == 0,
                           .body = arena_str(c->a, db_text(r, 3)),
                           .paper = print_paper(db_text(r, 5)),
                           .landscape = db_int(r, 6) == 1,
                           .watermark = db_int(r, 7) == 1,
                           .enabled = db_int(r, 8) == 1};
        const char *lists = db_text(r, 4);
        t.lists = lists && *lists ? stored(c, arena_str(c->a, lists)) : NULL;
        vec_push(c->a, &all, t);
    }
    db_done(r);
    *out = all.items;
    return c->n_err > before ? -1 : (int)all.n;
}

bool print_document(Ctx *c, int64_t template, const char **out)
{
    DbVal p[] = {db_of_int(template)};
    int64_t id = 0;
    bool found = false;
    AttachFile f;
    if (!db_one_int(c,
                    SQL("SELECT \"id\" FROM \"attachment\" WHERE \"parent_type\" = "
                        "'print_template' AND \"parent_id\" = $1 AND \"deleted_at\" IS NULL ORDER "
                        "BY \"id\" DESC LIMIT 1"),
                    p, 1, &id, &found))
        return false;
    if (!found)
        return ctx_fail(c, ERR_NOT_FOUND, "template", "print.no_document");
    if (!attach_path(c, id, &f))
        return false;
    *out = f.path;
    return true;
}

/* ---- checks ------------------------------------------------------------------------------------------ */

const Entity *print_entity(Ctx *c, const char *name)
{
    const Entity *e = name ? model_entity(c->model, name) : NULL;
    if (e && e->routes && !e->right)
        return e;
    ctx_fail(c, ERR_INVALID, "entity", "print.entity", name ? name : "");
    return NULL;
}

bool print_body_check(Ctx *c, const Entity *e, const char *text, json_object *lists)
{
    PrintWant w;
    Body *b;
    int before = c->n_err;
    print_want_init(&w, c, e, lists, "body");
    (void)print_want_lists_check(&w);
    if (body_parse(c, text, &b))
        (void)body_want(&w, b);
    return c->n_err == before;
}

static const char *text_at(Ctx *c, const DbVal *v)
{
    return v->kind == DB_TEXT ? arena_dup(c->a, v->s, v->n) : NULL;
}

bool print_template_check(Ctx *c, const DbVal *v)
{
    const char *kind = text_at(c, &v[PRINT_TEMPLATE_KIND]),
               *body = text_at(c, &v[PRINT_TEMPLATE_BODY]),
               *lists = text_at(c, &v[PRINT_TEMPLATE_LISTS]),
               *entity = text_at(c, &v[PRINT_TEMPLATE_ENTITY]);
    if (!entity || !kind)
        return true; /* required: said by the engine */
    const Entity *e = print_entity(c, entity);
    if (!e)
        return false;
    json_object *o = stored(c, lists);
    if (lists && !o)
        return ctx_fail(c, ERR_INVALID, "lists", "print.list_shape", "lists");
    if (strcmp(kind, "docx") == 0) {
        PrintWant w;
        print_want_init(&w, c, e, o, "body");
        return print_want_lists_check(&w);
    }
    if (!body || !*body)
        return ctx_fail(c, ERR_REQUIRED, "body", "print.body");
    return print_body_check(c, e, body, o);
}

bool print_document_check(Ctx *c, const Record *t, const char *path, const char **tags)
{
    const char *kind = t ? text_at(c, &t->v[PRINT_TEMPLATE_KIND]) : NULL;
    const Entity *e = t ? print_entity(c, text_at(c, &t->v[PRINT_TEMPLATE_ENTITY])) : NULL;
    PrintWant w;
    FillNode *nodes;
    if (t && !e)
        return false;
    if (t && (!kind || strcmp(kind, "docx") != 0))
        return ctx_fail(c, ERR_INVALID, "file", "print.no_word");
    if (path)
        db_release(c); /* a child works now */
    if (path && !docx_look(c, path, tags))
        return false;
    if (!t)
        return true;
    if (!fill_parse(c, "file", "Word", *tags, strlen(*tags), &nodes))
        return false;
    print_want_init(&w, c, e, stored(c, text_at(c, &t->v[PRINT_TEMPLATE_LISTS])), "file");
    return print_want_tree(&w, nodes, NULL, "Word");
}

bool print_seed(Ctx *c)
{
    static const RecSeed parts[] = {{"print_template", NULL}, {NULL, NULL}};
    return rec_seed(c, "data/print_templates.json", parts);
}
