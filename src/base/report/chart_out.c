/* A chart as SVG and as PNG. See chart.h. */
#include <cairo-svg.h>

#include "base/report/impl.h"

static cairo_status_t into_buf(void *closure, const unsigned char *data, unsigned n)
{
    buf_add(closure, (const char *)data, n);
    return CAIRO_STATUS_SUCCESS;
}

static bool ended(Ctx *c, cairo_surface_t *s, cairo_status_t status)
{
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(s);
    cairo_surface_destroy(s);
    return status == CAIRO_STATUS_SUCCESS ||
           ctx_fail_detail(c, ERR_INTERNAL, cairo_status_to_string(status), "err.internal");
}

bool chart_svg_with(Ctx *c, TextEngine *t, const Chart *chart, double w, double h, Buf *out)
{
    cairo_surface_t *s = cairo_svg_surface_create_for_stream(into_buf, out, w, h);
    cairo_t *cr = cairo_create(s);
    chart_draw(cr, t, chart, w, h);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(s);
    return ended(c, s, status);
}

bool chart_svg(Ctx *c, const Chart *chart, double w, double h, Buf *out)
{
    TextEngine *t = c->brief ? NULL : text_engine_take(c);
    if (!t)
        return c->brief ? ctx_ran_over(c, false) : false;
    bool ok = chart_svg_with(c, t, chart, w, h, out);
    text_engine_give(t);
    return ok;
}

bool chart_png(Ctx *c, const Chart *chart, double w, double h, double scale, Buf *out)
{
    TextEngine *t = c->brief ? NULL : text_engine_take(c);
    if (!t)
        return c->brief ? ctx_ran_over(c, false) : false;
    cairo_surface_t *s =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(w * scale), (int)(h * scale));
    cairo_t *cr = cairo_create(s);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_scale(cr, scale, scale);
    chart_draw(cr, t, chart, w, h);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(s, into_buf, out);
    text_engine_give(t);
    return ended(c, s, status);
}
