/* What the files of base/report share: the blocks of the model, and the flow of pages while it is drawn. Not for others. */
#ifndef BASE_REPORT_IMPL_H
#define BASE_REPORT_IMPL_H

#include <cairo.h>

#include "base/report/report.h"
#include "base/report/text.h"

typedef enum BlockKind {
    BLOCK_HEADING,
    BLOCK_TEXT,
    BLOCK_GAP,
    BLOCK_BREAK,
    BLOCK_GRID,
    BLOCK_TABLE,
    BLOCK_CHART,
    BLOCK_IMAGE,
    BLOCK_QR,
    BLOCK_SIGN
} BlockKind;

typedef struct ReportRow {
    const char **cells;
    ReportTone tone;
    struct ReportRow *next;
} ReportRow;

struct ReportTable {
    Arena *a;
    ReportColumn *columns;
    int n;
    ReportRow *first, *last;
    const char *empty;
    ReportSource source; /* next == NULL: the rows above */
};

typedef struct Block {
    BlockKind kind;
    struct Block *next;
    const char *text; /* of a heading, text, QR code */
    const char *caption;
    int level, across, n;
    ReportTone tone;
    ReportAlign align;
    double mm;
    ReportPair *pairs;
    const char **labels;
    ReportTable *table;
    const Chart *chart;
    ReportImage image;
} Block;

struct Report {
    Arena *a;
    ReportPage page;
    Block *first, *last;
};

/* The rows of a table one after another, wherever they come from. */
typedef struct RowWalk {
    const ReportTable *t;
    const ReportRow *at;
    const char **cells; /* of the row, cleaned */
    ReportTone tone;
    int64_t count, most;
    Arena *step; /* of cells that had to be cleaned */
} RowWalk;
bool row_walk_begin(Ctx *c, RowWalk *w, const ReportTable *t);
/* 1 a row, 0 the end, -1 failed. */
int row_walk_next(Ctx *c, RowWalk *w);
void row_walk_end(RowWalk *w);

/* A text without control characters, strict UTF-8; s itself where nothing had to go. NULL gives "". */
const char *report_clean(Arena *a, const char *s);
/* Width and height of the paper in points. */
void report_paper_size(const ReportPage *page, double *w, double *h);

static const double PT_PER_MM = 72.0 / 25.4;

/* ---- drawing: page by page ----------------------------------------------------------------- */

typedef struct RowHeights RowHeights;

typedef struct Flow {
    Ctx *c;
    const Report *r;
    TextEngine *t;
    cairo_t *cr;
    cairo_surface_t *surface, *logo;
    bool draw; /* else pages are counted only */
    double w, h, left, right, top, bottom;
    double y;  /* where the next block begins */
    bool used; /* something stands on this page */
    int page, pages;
    RowHeights *heights; /* of the tables, in their order, from the counting */
    int64_t heights_at;
} Flow;

/* The page ends (header, footer, watermark are drawn); the next one begins. */
void flow_next_page(Flow *f);
/* Goes to the next page unless `need` points are left, or the page is empty. */
void flow_need(Flow *f, double need);
double flow_width(const Flow *f);
double flow_left(const Flow *f); /* height that is left on the page */
void flow_color(const Flow *f, double grey);

/* One text over the whole flow, lines broken over pages. */
void flow_text(Flow *f, const TextStyle *s, ReportAlign align, const char *text);
bool block_draw(Flow *f, const Block *b);
bool table_draw(Flow *f, const ReportTable *t);

/* A picture as a surface of cairo, NULL for what is none or has too many pixels. Of a JPEG the surface is empty but for its
   size: a PDF takes the bytes. */
cairo_surface_t *report_picture(const ReportImage *image);
/* "image/png", "image/jpeg", or NULL. */
const char *report_picture_type(const ReportImage *image);

/* Heights kept from the counting of pages, so that the drawing need not measure again. */
void row_heights_add(Flow *f, int lines);
int row_heights_take(Flow *f); /* 0: none was kept */

/* The chart in a box of w by h at the origin. No mistakes: what is too much is left out. */
void chart_draw(cairo_t *cr, TextEngine *t, const Chart *chart, double w, double h);

bool chart_svg_with(Ctx *c, TextEngine *t, const Chart *chart, double w, double h, Buf *out);

/* The modules of a QR code as path of an SVG ("M4 4h7v1h-7z…") or onto cr; size in modules, quiet zone of 4 included. */
const char *qr_svg_path(Arena *a, const char *text, int *size);
bool qr_draw(cairo_t *cr, const char *text, double size);

enum { QR_BYTES_MOST = 1000, HEADER_SAMPLE = 200 };

#endif
