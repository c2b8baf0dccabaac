/* Printing one record: which template, which values, who did it. See print.h. */
#include "record/print/print.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/session.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "base/whole.h"
#include "record/attach.h"
#include "record/history.h"
#include "record/hooks.h"
#include "record/print/docx.h"
#include "record/print/page.h"
#include "record/print/template.h"

enum { QR_TENTHS = 250, LOGO_TENTHS = 400, NAME_MOST = 80 };

#define MIME_DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

/* Has it a form of its own (RecordHooks.print)? That is its built-in one then. */
static bool has_own_form(const Entity *e)
{
    return hooks_of(e) && hooks_of(e)->print;
}

static PrintTemplate built_in(Ctx *c, const Entity *e)
{
    const char *name =
        has_own_form(e) ? label_in(e->label, c->lang) : msg_text(c->lang, "print.builtin");
    return (PrintTemplate){.name = name, .e = e, .watermark = true};
}

/* ---- values ------------------------------------------------------------------------------------------ */

static void put_picture(Ctx *c, FillData *d, const char *path, const unsigned char *png, size_t n,
                        int width, int height)
{
    if (png)
        fill_data_put(d, path, docx_picture_text(c->a, png, n, width, height), FILL_PICTURE);
}

/* What belongs to no field. base: the address browsers use, "" where nobody knows it. */
static void put_others(Ctx *c, const PrintTemplate *t, int64_t id, const char *base, FillData *d)
{
    Arena *a = c->a;
    ClockParts now = clock_parts(c->now_ms, c->zone);
    const char *date = arena_printf(a, "%04d-%02d-%02d", now.year, now.month, now.day),
               *time = arena_printf(a, "%02d:%02d", now.hour, now.minute);
    char *utc = arena_alloc(a, 25);
    clock_rfc3339(c->now_ms, utc);
    const char *url =
        *base ? arena_printf(a, "%s/e/%s/%s", base, t->e->plural, ctx_num(c, id)) : "";
    fill_data_put(d, "@date", date, FILL_YES);
    fill_data_put(d, "@time", time, FILL_YES);
    fill_data_put(d, "@utc", utc, FILL_YES);
    fill_data_put(d, "@user", c->actor->name, FILL_YES);
    fill_data_put(d, "@company", conf_text("company.name"), FILL_YES);
    fill_data_put(d, "@entity", label_in(t->e->label, c->lang), FILL_YES);
    fill_data_put(d, "@url", url, FILL_YES);
    fill_data_put(d, "@printed",
                  arena_printf(a, "%s %s %s %s", c->actor->name, c->actor->login, date, time),
                  FILL_YES);
    if (!t->docx)
        return;
    size_t n;
    int width = 0, height = 0;
    const unsigned char *png = print_qr_png(a, url, &n);
    put_picture(c, d, "@qr", png, n, QR_TENTHS, QR_TENTHS);
    png = print_logo(c, &n, &width, &height);
    if (png && width)
        put_picture(c, d, "@logo", png, n, LOGO_TENTHS, LOGO_TENTHS * height / width + 1);
}

/* The title is a field as any other: masked where it is. */
static void want_title(PrintWant *w)
{
    const Entity *e = w->e;
    const Field *f = e->title;
    for (int i = 0; i < e->n_fields; i++)
        if (!f->column && e->fields[i].type == FT_NUMBER)
            f = &e->fields[i];
    vec_push(w->c->a, &w->record.level.cols, (PrintCol){.f = f, .out = (int)w->record.paths.n});
    vec_push(w->c->a, &w->record.paths, "@title");
}

bool print_run(Ctx *c, const PrintTemplate *t, int64_t id, const char *base, PrintRun *out)
{
    *out = (PrintRun){.rows = 0};
    print_want_init(&out->want, c, t->e, t->lists, NULL);
    out->want.list_most = t->list_most;
    want_title(&out->want);
    if (!t->docx) {
        const char *text = t->body ? t->body : body_built_in(c, &out->want);
        if (!body_parse(c, text, &out->body))
            return false;
        if (!body_want(&out->want, out->body))
            return false;
    } else {
        const char *path, *tags;
        FillNode *nodes;
        if (!print_document(c, t->id, &path))
            return false;
        db_release(c); /* a child works now */
        if (!docx_look(c, path, &tags) ||
            !fill_parse(c, "template", "Word", tags, strlen(tags), &nodes))
            return false;
        if (!print_want_tree(&out->want, nodes, NULL, "Word"))
            return false;
    }
    if (id == 0)
        print_sample(&out->want, &out->data);
    else if (!print_data(&out->want, id, &out->data, &out->rows))
        return false;
    put_others(c, t, id, base, &out->data);
    return true;
}

/* ---- who printed what ------------------------------------------------------------------------------------ */

typedef struct Note {
    const PrintTemplate *t;
    const Record *r;
    const char *format;
    int rows;
} Note;

/* Its rows count as those of an export; taken before the work, so that nobody has it done for nothing. */
static bool take_rows(Ctx *c, void *arg)
{
    ConfRate limit = conf_rate("limit.export_rows");
    return rate_take(c, arena_printf(c->a, "export:%lld", (long long)c->actor->user), (int)limit.n,
                     limit.per_ms, *(const int *)arg);
}

static bool note(Ctx *c, void *arg)
{
    const Note *n = arg;
    AuditEntry a = {.action = "print",
                    .entity = n->t->e->name,
                    .record = n->r->id,
                    .record_name = history_record_name(c, n->t->e, n->r->v),
                    .changes =
                        arena_printf(c->a, "{\"template\":%lld,\"format\":\"%s\",\"rows\":%d}",
                                     (long long)n->t->id, n->format, n->rows)};
    return audit_add(c, &a);
}

/* ---- which template ---------------------------------------------------------------------------------------- */

static bool makes(const PrintTemplate *t, const char *format)
{
    return t->docx ? strcmp(format, "docx") == 0
                   : strcmp(format, "pdf") == 0 || strcmp(format, "html") == 0;
}

/* Without a name: the first that makes the format, the built-in one where none does. */
static bool choose(Ctx *c, const Entity *e, const PrintAsk *ask, PrintTemplate *out)
{
    PrintTemplate *all;
    int64_t id = 0;
    const char *name = ask->template, *format = ask->format;
    bool first = !name || !*name;
    *out = built_in(c, e);
    if (!first && strcmp(name, "builtin") == 0)
        return true;
    if (!first && (!whole_number(name, 1, INT64_MAX, &id)))
        return ctx_fail(c, ERR_NOT_FOUND, "template", "print.no_template");
    int n = print_templates(c, e, id, &all);
    for (int i = 0; first && i < n; i++)
        if (!format || !*format || makes(&all[i], format)) {
            *out = all[i];
            return true;
        }
    if (n < 0 || first)
        return n >= 0;
    /* one that is off is for those who edit templates */
    if (n == 0 ||
        !(all[0].enabled || access_may(c, model_entity(c->model, "print_template"), ACT_EDIT)))
        return ctx_fail(c, ERR_NOT_FOUND, "template", "print.no_template");
    *out = all[0];
    return true;
}

static bool format_of(Ctx *c, const PrintTemplate *t, const char *format, const char **out)
{
    *out = format && *format ? format : t->docx ? "docx" : "pdf";
    return makes(t, *out) || ctx_fail(c, ERR_BAD_REQUEST, "format", "print.format", t->name,
                                      t->docx ? "docx" : "pdf, html");
}

static const char *file_name(Ctx *c, const PrintTemplate *t, const FillData *d, const char *format)
{
    const FillCell *title = map_get(&d->values, "@title");
    char *name = arena_printf(c->a, "%s-%s", t->name, title && title->text ? title->text : "");
    for (char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || strchr("/\\:*?\"<>|", *p))
            *p = '_';
    return arena_printf(c->a, "%.*s.%s", (int)utf8_clip(name, NAME_MOST), name, format);
}

/* ---- making the file ------------------------------------------------------------------------ */

static bool own_form(Ctx *c, const Record *r, const char *format, PrintFile *out)
{
    const char *title = label_in(r->e->label, c->lang);
    ReportPage page = print_page(c, title);
    Report *form = report_new(c, &page);
    out->name = arena_printf(c->a, "%s.%s", title, format);
    return hooks_of(r->e)->print(c, r, form) && print_file(c, form, format, &out->path);
}

static bool by_template(Ctx *c, const PrintTemplate *t, PrintRun *run, const char *format,
                        PrintFile *out)
{
    const char *document;
    out->name = file_name(c, t, &run->data, format);
    if (!t->docx) {
        Report *r = body_draw(c, t, run->body, &run->want, &run->data);
        db_release(c); /* drawing takes its time */
        return r && print_file(c, r, format, &out->path);
    }
    out->path = attach_tmp(c, ".docx");
    if (!print_document(c, t->id, &document))
        return false;
    db_release(c);
    return docx_make(c, document, &run->data, out->path);
}

bool print_record(Ctx *c, const Entity *e, int64_t id, const PrintAsk *ask, PrintFile *out)
{
    PrintTemplate t;
    PrintRun run = {.rows = 0};
    Record rec;
    const char *format;
    if (!rec_get(c, e, id, false, &rec) || !choose(c, e, ask, &t) ||
        !format_of(c, &t, ask->format, &format))
        return false;
    bool own = t.id == 0 && has_own_form(e);
    if (!own && !print_run(c, &t, id, ask->base, &run))
        return false;
    if (run.rows > conf_int("limit.export_free_rows") && !access_need_step_up(c))
        return false;
    if (!c->actor->is_system && run.rows && !db_write(c, take_rows, &run.rows))
        return false;
    out->mime = t.docx                       ? MIME_DOCX
                : strcmp(format, "pdf") == 0 ? "application/pdf"
                                             : "text/html; charset=utf-8";
    bool ok = own ? own_form(c, &rec, format, out) : by_template(c, &t, &run, format, out);
    if (!ok || db_write(c, note, &(Note){&t, &rec, format, run.rows}))
        return ok;
    (void)unlink(out->path);
    return false;
}

/* ---- choices ------------------------------------------------------------------------------------------------- */

static void write_choice(Ctx *c, Jw *w, const PrintTemplate *t)
{
    (void)c;
    jw_obj(w);
    jw_key(w, "id");
    if (t->id)
        jw_int(w, t->id);
    else
        jw_str(w, "builtin");
    jw_kstr(w, "name", t->name);
    jw_kstr(w, "kind", t->docx ? "docx" : "report");
    jw_kraw(w, "formats", t->docx ? "[\"docx\"]" : "[\"pdf\",\"html\"]");
    jw_end(w);
}

bool print_choices(Ctx *c, const Entity *e, int64_t id, Buf *out)
{
    Record rec;
    PrintTemplate *all, last = built_in(c, e);
    if (!rec_get(c, e, id, false, &rec))
        return false;
    int n = print_templates(c, e, 0, &all);
    if (n < 0)
        return false;
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "data");
    jw_arr(&w);
    for (int i = 0; i < n; i++)
        write_choice(c, &w, &all[i]);
    write_choice(c, &w, &last);
    jw_end(&w);
    jw_end(&w);
    return true;
}
