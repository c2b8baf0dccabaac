/*
 * The flow of pages, and the PDF it makes. The document is gone through twice: once to count the pages (for "共 y 页"),
 * once to draw. Both take the same decisions, as heights follow from numbers of lines alone.
 */
#include "base/report/impl.h"

#include <cairo-pdf.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"

enum { MARGIN_MM = 15, HEAD_MM = 10, FOOT_MM = 8 };
static const TextStyle SMALL = {.size = 8, .grey = 0.4};

double flow_width(const Flow *f)
{
    return f->right - f->left;
}

double flow_left(const Flow *f)
{
    return f->bottom - f->y;
}

void flow_color(const Flow *f, double grey)
{
    cairo_set_source_rgb(f->cr, grey, grey, grey);
}

/* ---- what stands on every page ------------------------------------------------------------- */

static void watermark(Flow *f)
{
    enum { GAP_X = 70, GAP_Y = 110 };
    const TextStyle s = {.size = 16};
    const char *text = f->r->page.watermark;
    if (!text)
        return;
    double step = text_line_width(f->t, &s, text) + GAP_X, reach = f->w + f->h;
    cairo_save(f->cr);
    cairo_push_group(f->cr);
    cairo_rotate(f->cr, -0.45);
    int line = 0;
    for (double y = 20; y < reach; y += GAP_Y, line++)
        for (double x = -f->h * 0.45 - (line % 2 ? step / 2 : 0); x < f->w; x += step)
            text_draw_line(f->t, f->cr, &s, text, x, y, step, 0);
    cairo_pop_group_to_source(f->cr);
    cairo_paint_with_alpha(f->cr, 0.1);
    cairo_restore(f->cr);
}

static void head(Flow *f)
{
    const ReportPage *p = &f->r->page;
    double top = f->top - HEAD_MM * PT_PER_MM;
    if (f->logo) {
        double h = cairo_image_surface_get_height(f->logo), room = (HEAD_MM - 3) * PT_PER_MM;
        cairo_save(f->cr);
        cairo_translate(f->cr, f->left, top);
        cairo_scale(f->cr, room / h, room / h);
        cairo_set_source_surface(f->cr, f->logo, 0, 0);
        cairo_paint(f->cr);
        cairo_restore(f->cr);
    }
    if (p->header)
        text_draw_line(f->t, f->cr, &SMALL, p->header, f->left + flow_width(f) * 0.3, top + 6,
                       flow_width(f) * 0.7, REPORT_RIGHT);
    if (p->header || f->logo) {
        flow_color(f, 0.75);
        cairo_set_line_width(f->cr, 0.5);
        cairo_move_to(f->cr, f->left, f->top - 6);
        cairo_line_to(f->cr, f->right, f->top - 6);
        cairo_stroke(f->cr);
    }
}

static void foot(Flow *f)
{
    const ReportPage *p = &f->r->page;
    double y = f->bottom + 6, half = flow_width(f) * 0.6;
    const char *unknown = f->page == f->pages ? text_unknown(f->t, f->c->a) : NULL;
    if (unknown) {
        char *note =
            msg_format(f->c->a, f->c->lang, "report.unknown", (const char *[]){unknown, NULL});
        text_draw_line(f->t, f->cr, &SMALL, note, f->left, y + 10, flow_width(f), REPORT_LEFT);
    }
    if (p->footer)
        text_draw_line(f->t, f->cr, &SMALL, p->footer, f->left, y, half, REPORT_LEFT);
    if (p->page_numbers) {
        const char *args[] = {ctx_num(f->c, f->page), ctx_num(f->c, f->pages), NULL};
        text_draw_line(f->t, f->cr, &SMALL, msg_format(f->c->a, f->c->lang, "report.page", args),
                       f->left + half, y, flow_width(f) - half, REPORT_RIGHT);
    }
}

/* ---- pages --------------------------------------------------------------------------------- */

static void page_end(Flow *f)
{
    if (!f->draw)
        return;
    head(f);
    foot(f);
    watermark(f);
    cairo_show_page(f->cr);
}

void flow_next_page(Flow *f)
{
    page_end(f);
    f->page++;
    f->y = f->top;
    f->used = false;
}

void flow_need(Flow *f, double need)
{
    if (f->used && flow_left(f) < need)
        flow_next_page(f);
}

void flow_text(Flow *f, const TextStyle *s, ReportAlign align, const char *text)
{
    double lh = text_line_height(s->size);
    int n = text_lines(f->t, s, text, flow_width(f));
    for (int from = 0; from < n;) {
        flow_need(f, lh);
        int fits = (int)(flow_left(f) / lh);
        int to = from + (fits < 1 ? 1 : fits);
        if (to > n)
            to = n;
        if (f->draw)
            text_draw(f->t, f->cr, s, text, f->left, f->y, flow_width(f), (int)align, from, to);
        f->y += (to - from) * lh;
        f->used = true;
        from = to;
    }
}

static bool go_through(Flow *f)
{
    f->page = 1;
    f->y = f->top;
    f->used = false;
    f->heights_at = 0;
    for (const Block *b = f->r->first; b; b = b->next) {
        if (!block_draw(f, b))
            return false;
    }
    if (f->draw)
        page_end(f);
    f->pages = f->page;
    return true;
}

/* ---- the file ------------------------------------------------------------------------------ */

typedef struct Out {
    Ctx *c;
    ReportSink sink;
    bool failed;
} Out;

static cairo_status_t write_bytes(void *closure, const unsigned char *data, unsigned n)
{
    Out *o = closure;
    if (!o->failed)
        o->failed = !o->sink.put(o->c, o->sink.arg, (const char *)data, n);
    return o->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static bool put_buf(Ctx *c, void *arg, const char *bytes, size_t n)
{
    (void)c;
    buf_add(arg, bytes, n);
    return true;
}

ReportSink report_into(Buf *b)
{
    return (ReportSink){put_buf, b};
}

static bool put_file(Ctx *c, void *arg, const char *bytes, size_t n)
{
    return fwrite(bytes, 1, n, arg) == n || ctx_fail(c, ERR_DISK_FULL, NULL, "err.disk_full");
}

ReportSink report_into_file(void *file)
{
    return (ReportSink){put_file, file};
}

static void metadata(Flow *f)
{
    const ReportPage *p = &f->r->page;
    char at[40];
    clock_rfc3339(f->c->now_ms, at);
    at[19] = 0; /* cairo takes no fractions */
    char *when = arena_printf(f->c->a, "%sZ", at);
    cairo_pdf_surface_set_metadata(f->surface, CAIRO_PDF_METADATA_TITLE, p->title);
    if (p->author)
        cairo_pdf_surface_set_metadata(f->surface, CAIRO_PDF_METADATA_AUTHOR, p->author);
    cairo_pdf_surface_set_metadata(f->surface, CAIRO_PDF_METADATA_CREATOR, "Zhike");
    cairo_pdf_surface_set_metadata(f->surface, CAIRO_PDF_METADATA_CREATE_DATE, when);
    cairo_pdf_surface_set_metadata(f->surface, CAIRO_PDF_METADATA_MOD_DATE, when);
}

static void measure_page(Flow *f)
{
    const ReportPage *p = &f->r->page;
    report_paper_size(p, &f->w, &f->h);
    f->left = MARGIN_MM * PT_PER_MM;
    f->right = f->w - f->left;
    f->top = (MARGIN_MM + (p->header || p->logo.n ? HEAD_MM : 0)) * PT_PER_MM;
    f->bottom = f->h - (MARGIN_MM + FOOT_MM) * PT_PER_MM;
}

static bool draw(Ctx *c, Flow *f, ReportSink sink)
{
    Out out = {.c = c, .sink = sink};
    f->surface = cairo_pdf_surface_create_for_stream(write_bytes, &out, f->w, f->h);
    metadata(f);
    f->cr = cairo_create(f->surface);
    f->draw = true;
    bool ok = go_through(f);
    cairo_status_t status = cairo_status(f->cr);
    cairo_destroy(f->cr);
    cairo_surface_finish(f->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(f->surface);
    cairo_surface_destroy(f->surface);
    if (ok && !out.failed && status != CAIRO_STATUS_SUCCESS)
        return ctx_fail_detail(c, ERR_INTERNAL, cairo_status_to_string(status), "err.internal");
    return ok && !out.failed;
}

bool report_pdf(Ctx *c, const Report *r, ReportSink sink)
{
    Flow f = {.c = c, .r = r};
    if (c->brief)
        return ctx_ran_over(c, false);
    f.t = text_engine_take(c);
    if (!f.t)
        return false;
    measure_page(&f);
    f.logo = report_picture(&r->page.logo);
    bool ok = go_through(&f) && draw(c, &f, sink);
    if (f.logo)
        cairo_surface_destroy(f.logo);
    text_engine_give(f.t);
    return ok;
}

bool report_fonts(Ctx *c)
{
    return text_fonts_there() || ctx_fail(c, ERR_REPORT_FONT, NULL, "err.report_font");
}
