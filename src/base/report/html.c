/*
 * The model as one HTML file that needs nothing else: styles inside, pictures as data, no script. Every text of
 * the model passes html_text or css_text; the bytes go out as they come, a table of any length included.
 */
#include "base/report/impl.h"

#include <string.h>

#include "base/crypt.h"
#include "base/msg.h"

enum { FLUSH = 32 * 1024, CHART_POINTS = 510 };

typedef struct Page {
    Ctx *c;
    const Report *r;
    ReportSink sink;
    Buf b;
    TextEngine *t; /* once a chart wants it */
} Page;

static bool flush(Page *p, size_t beyond)
{
    if (p->b.len <= beyond)
        return true;
    bool ok = p->sink.put(p->c, p->sink.arg, p->b.data, p->b.len);
    buf_clear(&p->b);
    return ok;
}

/* ---- texts --------------------------------------------------------------------------------- */

static void html_text(Buf *b, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&': buf_puts(b, "&amp;"); break;
        case '<': buf_puts(b, "&lt;"); break;
        case '>': buf_puts(b, "&gt;"); break;
        case '"': buf_puts(b, "&quot;"); break;
        case '\'': buf_puts(b, "&#39;"); break;
        default: buf_putc(b, *s);
        }
    }
}

/* Inside a string of CSS inside <style>: whatever is not a letter, digit or beyond ASCII by its number. */
static void css_text(Buf *b, const char *s)
{
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;
        bool plain = ch >= 0x80 || ch == ' ' || (ch >= '0' && ch <= '9') ||
                     (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
        if (plain)
            buf_putc(b, *s);
        else
            buf_printf(b, "\\%06x", ch);
    }
}

static void element(Buf *b, const char *open, const char *text, const char *close)
{
    buf_puts(b, open);
    html_text(b, text);
    buf_puts(b, close);
}

static void base64(Page *p, const void *bytes, size_t n)
{
    buf_puts(&p->b, crypt_base64(p->c->a, bytes, n));
}

/* ---- the head ------------------------------------------------------------------------------ */

static const char style[] =
    "*{box-sizing:border-box}"
    "body{font:14px/1.5 \"Noto Sans CJK SC\",\"Source Han Sans SC\",\"PingFang SC\","
    "\"Microsoft YaHei\",\"WenQuanYi Micro Hei\",sans-serif;color:#000;max-width:1000px;"
    "margin:0 auto;padding:24px}"
    "header,footer{display:flex;justify-content:space-between;align-items:center;color:#555;"
    "font-size:12px;gap:16px}header img{height:28px}"
    "h1{font-size:24px;text-align:center}h2{font-size:18px}h3{font-size:15px}"
    "h1,h2,h3{break-after:avoid;margin:16px 0 8px}"
    "p,td,th,dd{white-space:pre-wrap;overflow-wrap:anywhere}p{margin:0 0 8px}"
    ".strong{font-weight:bold}.muted{color:#666;font-size:12px}.center{text-align:center}"
    ".right{text-align:right}"
    "table{border-collapse:collapse;width:100%;margin:0 0 12px;font-size:13px}"
    ".few td{min-width:5em}thead{display:table-header-group}tr{break-inside:avoid}"
    "th,td{border:1px solid #bbb;padding:3px 6px;text-align:left;vertical-align:top}"
    "th{background:#eee}tr.strong td{background:#f6f6f6}tr.muted td{color:#777}"
    ".grid th{color:#555;font-weight:normal;background:#f5f5f5;width:8em;white-space:nowrap}"
    "th.right,td.right{text-align:right}th.center,td.center{text-align:center}"
    ".many{font-size:9px}.many th,.many td{padding:2px 3px}"
    "figure{margin:0 0 12px;break-inside:avoid}figure img{max-width:100%}"
    ".qr{display:flex;align-items:center;gap:12px;color:#555;font-size:12px}"
    ".sign{display:flex;flex-wrap:wrap;gap:0 24px;break-inside:avoid}"
    ".sign div{flex:1 0 45%;display:flex;align-items:flex-end;height:64px;gap:6px}"
    ".sign i{flex:1;border-bottom:1px solid #333}.sign i+b+i{flex:.5}.sign b{font-weight:normal}"
    ".mark{position:fixed;inset:-20%;z-index:1;overflow:hidden;pointer-events:none;"
    "transform:rotate(-25deg);color:rgba(0,0,0,.09);font-size:22px;display:flex;flex-wrap:wrap;"
    "gap:120px 80px;white-space:nowrap;align-content:flex-start}"
    "@media print{body{padding:0;max-width:none}header,footer{display:none}"
    "th,tr.strong td{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

/* "第 \1 页" as content of a margin box, with the counters at their places. */
static void page_numbers(Page *p)
{
    char *text =
        msg_format(p->c->a, p->c->lang, "report.page", (const char *[]){"\x01", "\x02", NULL});
    buf_puts(&p->b, "@bottom-right{font-size:8pt;color:#555;content:\"");
    for (char *at = text; *at;) {
        size_t n = strcspn(at, "\x01\x02");
        css_text(&p->b, arena_dup(p->c->a, at, n));
        at += n;
        if (*at)
            buf_puts(&p->b, *at++ == 1 ? "\" counter(page) \"" : "\" counter(pages) \"");
    }
    buf_puts(&p->b, "\"}");
}

static void margin_box(Page *p, const char *where, const char *text)
{
    if (!text)
        return;
    buf_printf(&p->b, "@%s{font-size:8pt;color:#555;content:\"", where);
    css_text(&p->b, text);
    buf_puts(&p->b, "\"}");
}

static void head(Page *p)
{
    static const char *const papers[] = {"A4", "A3", "A5", "letter"};
    const ReportPage *page = &p->r->page;
    Buf *b = &p->b;
    buf_printf(b, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">",
               strcmp(p->c->lang, "en") == 0 ? "en" : "zh-CN");
    buf_puts(b, "<meta name=\"viewport\" content=\"width=device-width\">");
    element(b, "<title>", page->title, "</title>");
    if (page->author)
        element(b, "<meta name=\"author\" content=\"", page->author, "\">");
    buf_printf(b, "<style>%s@page{size:%s %s;margin:15mm;", style, papers[page->paper],
               page->landscape ? "landscape" : "portrait");
    margin_box(p, "top-right", page->header);
    margin_box(p, "bottom-left", page->footer);
    if (page->page_numbers)
        page_numbers(p);
    buf_puts(b, "}</style></head><body>\n");
}

static void watermark(Page *p)
{
    enum { TIMES = 80 };
    if (!p->r->page.watermark)
        return;
    buf_puts(&p->b, "<div class=\"mark\" aria-hidden=\"true\">");
    for (int i = 0; i < TIMES; i++)
        element(&p->b, "<span>", p->r->page.watermark, "</span>");
    buf_puts(&p->b, "</div>\n");
}

static void picture(Page *p, const ReportImage *image)
{
    buf_printf(&p->b, "<img alt=\"\" src=\"data:%s;base64,", report_picture_type(image));
    base64(p, image->bytes, image->n);
    buf_putc(&p->b, '"');
}

static void top(Page *p)
{
    const ReportPage *page = &p->r->page;
    bool logo = report_picture_type(&page->logo);
    if (!page->header && !logo)
        return;
    buf_puts(&p->b, "<header>");
    if (logo) {
        picture(p, &page->logo);
        buf_putc(&p->b, '>');
    }
    element(&p->b, "<span>", page->header ? page->header : "", "</span></header>\n");
}

/* ---- blocks -------------------------------------------------------------------------------- */

static const char *align_class(ReportAlign a)
{
    return a == REPORT_RIGHT ? "right" : a == REPORT_CENTER ? "center" : "";
}

static const char *tone_class(ReportTone t)
{
    return t == REPORT_STRONG ? "strong" : t == REPORT_MUTED ? "muted" : "";
}

static void cell(Buf *b, const char *tag, ReportAlign align, const char *text)
{
    buf_printf(b, "<%s", tag);
    if (align)
        buf_printf(b, " class=\"%s\"", align_class(align));
    buf_putc(b, '>');
    html_text(b, text);
    buf_printf(b, "</%s>", tag);
}

static bool rows(Page *p, const ReportTable *t)
{
    RowWalk w;
    int got;
    if (!row_walk_begin(p->c, &w, t))
        return false;
    while ((got = row_walk_next(p->c, &w)) == 1) {
        if (w.tone)
            buf_printf(&p->b, "<tr class=\"%s\">", tone_class(w.tone));
        else
            buf_puts(&p->b, "<tr>");
        for (int i = 0; i < t->n; i++)
            cell(&p->b, "td", t->columns[i].align, w.cells[i]);
        buf_puts(&p->b, "</tr>\n");
        if (!flush(p, FLUSH))
            got = -1;
        if (got < 0)
            break;
    }
    row_walk_end(&w);
    if (got == 0 && w.count == 0 && t->empty) {
        buf_printf(&p->b, "<tr class=\"muted\"><td colspan=\"%d\">", t->n);
        html_text(&p->b, t->empty);
        buf_puts(&p->b, "</td></tr>\n");
    }
    return got == 0;
}

static bool table(Page *p, const ReportTable *t)
{
    enum { FEW = 8, MANY = 12 };
    int most = report_columns_most(&p->r->page);
    if (t->n > most) /* it goes to the printer like the others */
        return ctx_fail(p->c, ERR_TOO_LARGE, NULL, "err.report.columns", ctx_num(p->c, t->n),
                        ctx_num(p->c, most));
    buf_printf(&p->b, "<table%s><thead><tr>",
               t->n <= FEW   ? " class=\"few\""
               : t->n > MANY ? " class=\"many\""
                             : "");
    for (int i = 0; i < t->n; i++)
        cell(&p->b, "th", t->columns[i].align, t->columns[i].label);
    buf_puts(&p->b, "</tr></thead><tbody>\n");
    bool ok = rows(p, t);
    buf_puts(&p->b, "</tbody></table>\n");
    return ok;
}

static void grid(Page *p, const Block *g)
{
    int at = 0;
    buf_puts(&p->b, "<table class=\"grid\"><tbody>");
    for (int i = 0; i < g->n; i++) {
        bool wide = g->pairs[i].wide,
             last = wide || i + 1 == g->n || at + 1 == g->across || g->pairs[i + 1].wide;
        if (at == 0)
            buf_puts(&p->b, "<tr>");
        cell(&p->b, "th", REPORT_LEFT, g->pairs[i].label);
        int span = last ? 2 * (g->across - at) - 1 : 1;
        if (span > 1)
            buf_printf(&p->b, "<td colspan=\"%d\">", span);
        else
            buf_puts(&p->b, "<td>");
        html_text(&p->b, g->pairs[i].value);
        buf_puts(&p->b, "</td>");
        at = last ? 0 : at + 1;
        if (last)
            buf_puts(&p->b, "</tr>\n");
    }
    buf_puts(&p->b, "</tbody></table>\n");
}

static bool chart(Page *p, const Block *b)
{
    Buf svg;
    if (!p->t)
        p->t = text_engine_take(p->c);
    if (!p->t)
        return false;
    buf_init(&svg, p->c->a);
    if (!chart_svg_with(p->c, p->t, b->chart, CHART_POINTS, b->mm * PT_PER_MM, &svg))
        return false;
    buf_puts(&p->b, "<figure><img alt=\"");
    html_text(&p->b, b->chart->title ? b->chart->title : "");
    buf_puts(&p->b, "\" src=\"data:image/svg+xml;base64,");
    base64(p, svg.data, svg.len);
    buf_puts(&p->b, "\"></figure>\n");
    return true;
}

static void image(Page *p, const Block *b)
{
    cairo_surface_t *s = report_picture(&b->image);
    if (!s) /* what the PDF leaves out is not here either */
        return;
    cairo_surface_destroy(s);
    buf_printf(&p->b, "<figure class=\"%s\">", align_class(b->align));
    picture(p, &b->image);
    buf_printf(&p->b, " style=\"width:%.1fmm\"></figure>\n", b->mm);
}

static void qr(Page *p, const Block *b)
{
    int size;
    const char *path = qr_svg_path(p->c->a, b->text, &size);
    if (!path)
        return;
    buf_printf(&p->b,
               "<div class=\"qr\"><svg role=\"img\" viewBox=\"0 0 %d %d\" width=\"%.1fmm\" "
               "height=\"%.1fmm\"><path d=\"%s\"/></svg>",
               size, size, b->mm, b->mm, path);
    element(&p->b, "<span>", b->caption ? b->caption : "", "</span></div>\n");
}

static void signatures(Page *p, const Block *b)
{
    const char *day = msg_text(p->c->lang, "report.sign_date");
    buf_puts(&p->b, "<div class=\"sign\">");
    for (int i = 0; i < b->n; i++) {
        element(&p->b, "<div><span>", b->labels[i], "</span><i></i>");
        element(&p->b, "<b>", day, "</b><i></i></div>");
    }
    buf_puts(&p->b, "</div>\n");
}

static bool block(Page *p, const Block *b)
{
    switch (b->kind) {
    case BLOCK_HEADING:
        buf_printf(&p->b, "<h%d>", b->level);
        html_text(&p->b, b->text);
        buf_printf(&p->b, "</h%d>\n", b->level);
        break;
    case BLOCK_TEXT:
        buf_printf(&p->b, "<p class=\"%s %s\">", tone_class(b->tone), align_class(b->align));
        element(&p->b, "", b->text, "</p>\n");
        break;
    case BLOCK_GAP: buf_printf(&p->b, "<div style=\"height:%.1fmm\"></div>\n", b->mm); break;
    case BLOCK_BREAK: buf_puts(&p->b, "<div style=\"break-after:page\"></div>\n"); break;
    case BLOCK_GRID: grid(p, b); break;
    case BLOCK_TABLE: return table(p, b->table);
    case BLOCK_CHART: return chart(p, b);
    case BLOCK_IMAGE: image(p, b); break;
    case BLOCK_QR: qr(p, b); break;
    case BLOCK_SIGN: signatures(p, b); break;
    }
    return true;
}

bool report_html(Ctx *c, const Report *r, ReportSink sink)
{
    Page p = {.c = c, .r = r, .sink = sink};
    bool ok = true;
    if (c->brief)
        return ctx_ran_over(c, false);
    buf_init(&p.b, c->a);
    head(&p);
    watermark(&p);
    top(&p);
    buf_puts(&p.b, "<main>\n");
    for (const Block *b = r->first; ok && b; b = b->next)
        ok = block(&p, b) && flush(&p, FLUSH);
    buf_puts(&p.b, "</main>\n");
    if (r->page.footer)
        element(&p.b, "<footer>", r->page.footer, "</footer>\n");
    buf_puts(&p.b, "</body></html>\n");
    if (p.t)
        text_engine_give(p.t);
    return ok && flush(&p, 0);
}
