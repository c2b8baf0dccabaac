/*
 * Texts set by pango: lines of one fixed height whatever fonts they fall back to, so that a height is known from the
 * number of lines alone. An engine (one PangoFontMap, its layouts) is used by one thread at a time; print.parallel of them
 * are kept, so fonts and drawings take bounded memory however many ask.
 */
#ifndef BASE_REPORT_TEXT_H
#define BASE_REPORT_TEXT_H

#include <cairo.h>

#include "base/ctx.h"

typedef struct TextEngine TextEngine;

typedef struct TextStyle {
    double size; /* points */
    bool bold;
    double grey; /* 0 black, 1 white */
} TextStyle;

/* NULL with ERR_REPORT_FONT or ERR_BUSY. Give it back in any case. */
TextEngine *text_engine_take(Ctx *c);
void text_engine_give(TextEngine *t);

/* Is there a font with Chinese characters at all? */
bool text_fonts_there(void);

double text_line_height(double size);
/* Upper estimate of the widest line in points, unwrapped; and of the widest piece that should not be broken. */
double text_width(TextEngine *t, const TextStyle *s, const char *text);
double text_min_width(TextEngine *t, const TextStyle *s, const char *text);
/* Lines in a box of this width; 1 for an empty text. */
int text_lines(TextEngine *t, const TextStyle *s, const char *text, double width);
/* Lines from..to-1 with the top of line `from` at y. align as ReportAlign: 0 left, 1 centre, 2 right. */
void text_draw(TextEngine *t, cairo_t *cr, const TextStyle *s, const char *text, double x, double y,
               double width, int align, int from, int to);
/* One line, cut with … where it is too wide. */
void text_draw_line(TextEngine *t, cairo_t *cr, const TextStyle *s, const char *text, double x,
                    double y, double width, int align);
/* Exact width of one line. */
double text_line_width(TextEngine *t, const TextStyle *s, const char *text);
/* The characters no font had since the engine was taken, as "U+3106C, U+1F9A9"; NULL for none. */
const char *text_unknown(const TextEngine *t, Arena *a);

#endif
