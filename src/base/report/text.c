/*
 * Texts set by pango for print. See text.h.
 *
 * Most cells of a table are short: a width added up from the advances of ASCII and one em for each ideograph tells that they
 * fit one line, without asking pango. What has any other character in it, or might not fit, is laid out.
 */
#include "base/report/text.h"

#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/utf8.h"
#include "base/buf.h"

enum { LAYOUTS = 12, ENGINES = 16, UNKNOWN_MOST = 12, ASCII_FIRST = 0x20, ASCII_LAST = 0x7e };

typedef struct Setting {
    TextStyle style;
    PangoLayout *layout;
} Setting;

struct TextEngine {
    PangoFontMap *map;
    PangoContext *context;
    Setting settings[LAYOUTS];
    int n_settings;
    double ascii[2][ASCII_LAST - ASCII_FIRST + 1]; /* advances at one point; [1] bold */
    int32_t unknown[UNKNOWN_MOST];
    int n_unknown;
    bool in_use;
};

/* ---- the engines --------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given_back = PTHREAD_COND_INITIALIZER;
static TextEngine engines[ENGINES];
static int in_use;

/* Chinese fonts as distributions name them; fontconfig goes on to whatever else has the characters. */
static const char families[] =
    "Noto Sans CJK SC, Source Han Sans SC, WenQuanYi Micro Hei, WenQuanYi Zen Hei, sans-serif";

static PangoLayout *layout_for(TextEngine *t, const TextStyle *s)
{
    for (int i = 0; i < t->n_settings; i++) {
        if (t->settings[i].style.size == s->size && t->settings[i].style.bold == s->bold)
            return t->settings[i].layout;
    }
    if (t->n_settings == LAYOUTS) /* sizes come from a few constants of ours and of charts */
        g_object_unref(t->settings[--t->n_settings].layout);
    Setting *set = &t->settings[t->n_settings++];
    const char *wish = conf_text("print.font");
    char names[300];
    PangoFontDescription *d = pango_font_description_new();
    if (*wish)
        (void)snprintf(names, sizeof names, "%.150s, %s", wish, families);
    pango_font_description_set_family(d, *wish ? names : families);
    pango_font_description_set_absolute_size(d, s->size * PANGO_SCALE);
    pango_font_description_set_weight(d, s->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    set->style = *s;
    set->layout = pango_layout_new(t->context);
    pango_layout_set_font_description(set->layout, d);
    pango_layout_set_auto_dir(set->layout, FALSE);
    pango_layout_set_wrap(set->layout, PANGO_WRAP_WORD_CHAR);
    pango_font_description_free(d);
    return set->layout;
}

static void measure_ascii(TextEngine *t, bool bold)
{
    char all[ASCII_LAST - ASCII_FIRST + 2];
    TextStyle s = {.size = 10, .bold = bold};
    for (int i = ASCII_FIRST; i <= ASCII_LAST; i++)
        all[i - ASCII_FIRST] = (char)i;
    all[ASCII_LAST - ASCII_FIRST + 1] = 0;
    PangoLayout *l = layout_for(t, &s);
    pango_layout_set_width(l, -1);
    pango_layout_set_text(l, all, -1);
    for (int i = 0; i <= ASCII_LAST - ASCII_FIRST; i++) {
        PangoRectangle at;
        pango_layout_index_to_pos(l, i, &at);
        t->ascii[bold][i] = (double)at.width / PANGO_SCALE / s.size;
    }
}

static void engine_make(TextEngine *t)
{
    cairo_font_options_t *o = cairo_font_options_create();
    cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
    t->map = pango_cairo_font_map_new();
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(t->map), 72);
    t->context = pango_font_map_create_context(t->map);
    pango_cairo_context_set_font_options(t->context, o);
    pango_context_set_language(t->context, pango_language_from_string("zh-cn"));
    pango_context_set_base_dir(t->context, PANGO_DIRECTION_LTR);
    pango_context_set_round_glyph_positions(t->context, FALSE);
    cairo_font_options_destroy(o);
    measure_ascii(t, false);
    measure_ascii(t, true);
}

static void engine_end(TextEngine *t)
{
    for (int i = 0; i < t->n_settings; i++)
        g_object_unref(t->settings[i].layout);
    g_object_unref(t->context);
    g_object_unref(t->map);
    *t = (TextEngine){0};
}

/* Chinese fonts have all of these; a machine without one shows boxes for each. */
static bool has_chinese(TextEngine *t)
{
    PangoLayout *l = layout_for(t, &(TextStyle){.size = 10});
    pango_layout_set_width(l, -1);
    pango_layout_set_text(l, "\u5ba2\u6237\u7b7e\u5b57", -1);
    return pango_layout_get_unknown_glyphs_count(l) == 0;
}

/* The same asked of fontconfig alone: no font is opened for it. */
bool text_fonts_there(void)
{
    static const FcChar32 wanted[] = {0x5ba2, 0x6237, 0x7b7e, 0x5b57};
    FcPattern *p = FcPatternCreate();
    FcCharSet *chars = FcCharSetCreate();
    FcObjectSet *names = FcObjectSetBuild(FC_FAMILY, (char *)NULL);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        FcCharSetAddChar(chars, wanted[i]);
    FcPatternAddCharSet(p, FC_CHARSET, chars);
    FcFontSet *found = FcFontList(NULL, p, names);
    bool there = found && found->nfont > 0;
    if (found)
        FcFontSetDestroy(found);
    FcObjectSetDestroy(names);
    FcCharSetDestroy(chars);
    FcPatternDestroy(p);
    return there;
}

/* An engine of one's own, waiting for another to end where too many draw. NULL after 30 s. */
static TextEngine *take(void)
{
    enum { WAIT_MS = 30000 };
    struct timespec until = clock_after_ms(WAIT_MS);
    TextEngine *t = NULL;
    pthread_mutex_lock(&lock);
    int rc = 0;
    while (in_use >= conf_int("print.parallel") && rc == 0)
        rc = pthread_cond_clockwait(&given_back, &lock, CLOCK_MONOTONIC, &until);
    if (in_use < conf_int("print.parallel")) {
        for (int i = 0; i < ENGINES && !t; i++)
            t = engines[i].in_use ? NULL : &engines[i];
    }
    if (t) {
        t->in_use = true;
        in_use++;
    }
    pthread_mutex_unlock(&lock);
    return t;
}

TextEngine *text_engine_take(Ctx *c)
{
    TextEngine *t = take();
    if (!t) {
        ctx_fail(c, ERR_BUSY, NULL, "err.busy");
        return NULL;
    }
    t->n_unknown = 0;
    if (!t->map) {
        engine_make(t);
        if (!has_chinese(t)) {
            engine_end(t);
            t->in_use = true;
            text_engine_give(t);
            ctx_fail(c, ERR_REPORT_FONT, NULL, "err.report_font");
            return NULL;
        }
    }
    return t;
}

void text_engine_give(TextEngine *t)
{
    pthread_mutex_lock(&lock);
    t->in_use = false;
    in_use--;
    pthread_cond_signal(&given_back);
    pthread_mutex_unlock(&lock);
}

/* ---- estimates ----------------------------------------------------------------------------- */

/* Ideographs, kana, full-width forms and the marks of Chinese texts: one em at most. */
static bool is_wide(int32_t cp)
{
    return (cp >= 0x2e80 && cp <= 0x9fff) || (cp >= 0xac00 && cp <= 0xd7a3) ||
           (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0xfe30 && cp <= 0xfe4f) ||
           (cp >= 0xff00 && cp <= 0xffef) || (cp >= 0x20000 && cp <= 0x323af);
}

static bool is_mark(int32_t cp)
{
    return cp == 0xb7 || cp == 0xa5 || (cp >= 0x2010 && cp <= 0x2027) || cp == 0x2103;
}

/* Points at one point of size; *sure turns false where the font might make more of it. */
static double advance(const TextEngine *t, bool bold, int32_t cp, bool *sure)
{
    if (cp >= ASCII_FIRST && cp <= ASCII_LAST)
        return t->ascii[bold][cp - ASCII_FIRST];
    if (!is_wide(cp) && !is_mark(cp))
        *sure = false;
    return 1;
}

/* The widest line, or (pieces) the widest piece between places where a line may end. */
static double estimate(TextEngine *t, const TextStyle *s, const char *text, bool pieces, bool *sure)
{
    double line = 0, most = 0;
    const char *p = text, *end = text + strlen(text);
    while (p < end) {
        int32_t cp = utf8_next(&p, end);
        double w = cp == '\n' || (cp == ' ' && pieces) ? 0 : advance(t, s->bold, cp, sure);
        bool ends = cp == '\n' || (pieces && (cp == ' ' || cp == '-' || is_wide(cp)));
        line += w;
        if (line > most)
            most = line;
        if (ends)
            line = 0;
        if (cp == '\n' || cp == '\t')
            *sure = false;
    }
    return most * s->size;
}

double text_line_height(double size)
{
    return size * 1.5;
}

double text_width(TextEngine *t, const TextStyle *s, const char *text)
{
    bool sure = true;
    return estimate(t, s, text, false, &sure) + 0.5;
}

double text_min_width(TextEngine *t, const TextStyle *s, const char *text)
{
    bool sure = true;
    return estimate(t, s, text, true, &sure) + 0.5;
}

/* Surely one line in this width: kerning may widen a line a little, hence the room. */
static bool is_one_line(TextEngine *t, const TextStyle *s, const char *text, double width)
{
    bool sure = true;
    double w = estimate(t, s, text, false, &sure);
    return sure && w * 1.01 + 0.3 <= width;
}

/* ---- lines --------------------------------------------------------------------------------- */

static PangoLayout *laid_out(TextEngine *t, const TextStyle *s, const char *text, double width)
{
    PangoLayout *l = layout_for(t, s);
    pango_layout_set_width(l, width < 0 ? -1 : (int)(width * PANGO_SCALE));
    size_t n = strlen(text);
    if (utf8_valid(text, n)) {
        pango_layout_set_text(l, text, (int)n);
        return l;
    }
    char *valid = g_utf8_make_valid(text, -1); /* of a chart: cairo would give the document up */
    pango_layout_set_text(l, valid, -1);
    g_free(valid);
    return l;
}

int text_lines(TextEngine *t, const TextStyle *s, const char *text, double width)
{
    if (is_one_line(t, s, text, width))
        return 1;
    return pango_layout_get_line_count(laid_out(t, s, text, width));
}

double text_line_width(TextEngine *t, const TextStyle *s, const char *text)
{
    int w, h;
    pango_layout_get_size(laid_out(t, s, text, -1), &w, &h);
    return (double)w / PANGO_SCALE;
}

static void note_unknown(TextEngine *t, PangoLayoutLine *line)
{
    for (GSList *r = line->runs; r; r = r->next) {
        PangoGlyphString *g = ((PangoLayoutRun *)r->data)->glyphs;
        for (int i = 0; i < g->num_glyphs; i++) {
            if (!(g->glyphs[i].glyph & PANGO_GLYPH_UNKNOWN_FLAG))
                continue;
            int32_t cp = (int32_t)(g->glyphs[i].glyph & ~PANGO_GLYPH_UNKNOWN_FLAG);
            bool known = t->n_unknown == UNKNOWN_MOST;
            for (int k = 0; k < t->n_unknown && !known; k++)
                known = t->unknown[k] == cp;
            if (!known)
                t->unknown[t->n_unknown++] = cp;
        }
    }
}

static void draw_line(cairo_t *cr, const TextStyle *s, PangoLayoutLine *line, double x, double y,
                      double width, int align)
{
    PangoRectangle logical;
    if (align) {
        pango_layout_line_get_extents(line, NULL, &logical);
        double room = width - (double)logical.width / PANGO_SCALE;
        x += align == 1 ? room / 2 : room;
    }
    cairo_move_to(cr, x, y + text_line_height(s->size) * 0.5 + s->size * 0.37);
    pango_cairo_show_layout_line(cr, line);
}

void text_draw(TextEngine *t, cairo_t *cr, const TextStyle *s, const char *text, double x, double y,
               double width, int align, int from, int to)
{
    if (!*text)
        return;
    PangoLayout *l = laid_out(t, s, text, is_one_line(t, s, text, width) ? -1 : width);
    bool unknown = pango_layout_get_unknown_glyphs_count(l) > 0;
    int n = 0;
    cairo_set_source_rgb(cr, s->grey, s->grey, s->grey);
    for (GSList *i = pango_layout_get_lines_readonly(l); i && n < to; i = i->next, n++) {
        if (n < from)
            continue;
        if (unknown)
            note_unknown(t, i->data);
        draw_line(cr, s, i->data, x, y + (n - from) * text_line_height(s->size), width, align);
    }
}

void text_draw_line(TextEngine *t, cairo_t *cr, const TextStyle *s, const char *text, double x,
                    double y, double width, int align)
{
    if (!*text || width <= 0)
        return;
    PangoLayout *l = laid_out(t, s, text, width);
    pango_layout_set_single_paragraph_mode(l, TRUE);
    pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_END);
    PangoLayoutLine *line = pango_layout_get_line_readonly(l, 0);
    if (pango_layout_get_unknown_glyphs_count(l) > 0)
        note_unknown(t, line);
    cairo_set_source_rgb(cr, s->grey, s->grey, s->grey);
    draw_line(cr, s, line, x, y, width, align);
    pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_NONE);
    pango_layout_set_single_paragraph_mode(l, FALSE);
}

const char *text_unknown(const TextEngine *t, Arena *a)
{
    Buf b;
    if (!t->n_unknown)
        return NULL;
    buf_init(&b, a);
    for (int i = 0; i < t->n_unknown; i++)
        buf_printf(&b, "%sU+%04X", i ? ", " : "", (unsigned)t->unknown[i]);
    return b.data;
}
