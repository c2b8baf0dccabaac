/*
 * A printed document as a model: blocks in the order they are read, built on an arena by whoever has
 * the values (and has asked for the rights), then drawn to PDF (report_pdf, by cairo and pango) or
 * written as one HTML file (report_html). Nothing here reads records; nothing here decides what a
 * reader may see.
 *
 *     ReportPage page = {.title = "客户资料", .page_numbers = true, .watermark = "张三 2026-05-01 10:00"};
 *     Report *r = report_new(c, &page);
 *     report_heading(r, 1, "客户资料");
 *     ReportTable *t = report_table(r, columns, 3);
 *     report_row(t, REPORT_PLAIN, cells);
 *     Buf out;
 *     buf_init(&out, c->a);
 *     return report_pdf(c, r, report_into(&out));
 *
 * All texts are UTF-8, copied into the arena of the Ctx the model was made with; a NULL text is an empty one. A
 * line feed is a new line. Control characters are left out. A model is only read while it is drawn.
 */
#ifndef BASE_REPORT_REPORT_H
#define BASE_REPORT_REPORT_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/report/chart.h"

typedef struct Report Report;
typedef struct ReportTable ReportTable;

typedef enum ReportPaper { REPORT_A4, REPORT_A3, REPORT_A5, REPORT_LETTER } ReportPaper;
typedef enum ReportAlign { REPORT_LEFT, REPORT_CENTER, REPORT_RIGHT } ReportAlign;
/* Of a text or of a whole row. */
typedef enum ReportTone { REPORT_PLAIN, REPORT_STRONG, REPORT_MUTED } ReportTone;

/* A PNG or JPEG in memory, not copied. n = 0: none. */
typedef struct ReportImage {
    const unsigned char *bytes;
    size_t n;
} ReportImage;

typedef struct ReportPage {
    const char *title;     /* metadata of the file; not printed by itself */
    const char *author;    /* metadata; NULL: none */
    const char *header;    /* small, on top of every page at the right; NULL: none */
    const char *footer;    /* small, at the foot of every page at the left; NULL: none */
    const char *watermark; /* aslant over every page, over and over; NULL: none */
    ReportImage logo;      /* on top of every page at the left */
    ReportPaper paper;
    bool landscape;
    bool page_numbers; /* "第 x 页 / 共 y 页" in the language of the drawing Ctx */
} ReportPage;

/* An empty document on c->a; what the page holds is copied (the picture is not). */
Report *report_new(Ctx *c, const ReportPage *page);

/* ---- blocks -------------------------------------------------------------------------------- */

/* level 1 (the title of the document) to 3. Stays with what follows it. */
void report_heading(Report *r, int level, const char *text);
void report_text(Report *r, const char *text);
void report_text_as(Report *r, ReportTone tone, ReportAlign align, const char *text);
/* Empty height, in millimetres. */
void report_gap(Report *r, double mm);
void report_page_break(Report *r);

typedef struct ReportPair {
    const char *label, *value;
    bool wide; /* takes a whole line of the grid */
} ReportPair;
/* Labels and values in `across` pairs a line (1 to 4), values wrap. */
void report_grid(Report *r, int across, const ReportPair *pairs, int n);

typedef struct ReportColumn {
    const char *label;
    ReportAlign align;
    double
        weight; /* 0: by content; else the share of the width it takes among those that have one */
} ReportColumn;
/*
 * A table; its header row stands again on every page. Widths follow the content of the first 200 rows.
 * The table is filled by report_row (all rows stay in the arena) or read from a source.
 */
ReportTable *report_table(Report *r, const ReportColumn *columns, int n);
/* n cells as there are columns. */
void report_row(ReportTable *t, ReportTone tone, const char *const *cells);
/* Said in the place of the rows where there are none; NULL: nothing is. */
void report_table_empty(ReportTable *t, const char *text);

/*
 * Rows from elsewhere, for tables too large for an arena: gone through several times (widths, pages, drawing), so the
 * source must give the same rows again after each rewind. next: 1 a row, 0 the end, -1 failed with the mistake in c;
 * the cells (as many as columns, never NULL) hold until the next call. What it puts on c->a stays there until the
 * document is done: a source of many rows keeps a memory of its own.
 */
typedef struct ReportSource {
    bool (*rewind)(Ctx *c, void *arg);
    int (*next)(Ctx *c, void *arg, const char **cells, ReportTone *tone);
    void *arg;
} ReportSource;
/* Instead of report_row. */
void report_table_source(ReportTable *t, const ReportSource *source);

/* Height in millimetres; as wide as the text. The chart's texts and numbers are not copied. */
void report_chart(Report *r, const Chart *chart, double mm);
/* A picture at most `mm` wide, at its own ratio; what is neither PNG nor JPEG is left out. Not copied. */
void report_image(Report *r, ReportImage image, double mm, ReportAlign align);
/* A QR code of `mm` millimetres with a line beside it (NULL: none). At most 1,000 bytes; longer is left out. */
void report_qr(Report *r, const char *text, double mm, const char *caption);
/* Lines to sign on: "部门负责人：________  日期：________", each with room for a seal; kept on one page. */
void report_signatures(Report *r, const char *const *labels, int n);

/* ---- drawing ------------------------------------------------------------------------------- */

/* Where the bytes go. put: false ends the drawing, with its mistake in the Ctx. */
typedef struct ReportSink {
    bool (*put)(Ctx *c, void *arg, const char *bytes, size_t n);
    void *arg;
} ReportSink;
/* Into a buffer, which must outlive the drawing. */
ReportSink report_into(Buf *b);
/* Into an open FILE *. */
ReportSink report_into_file(void *file);

/*
 * The document as PDF: fonts embedded as subsets, text extractable, metadata with c->now_ms. Rows of a table are drawn
 * page by page and not kept. false with the mistake: ERR_REPORT_FONT (no Chinese font on this machine; the sentence names
 * the packages), ERR_TOO_LARGE (more rows than print.rows, more columns than the paper takes), ERR_BUSY (print.parallel
 * documents are being drawn and none ended in 30 s), or that of sink or source. Not for brief work (ctx_ran_over).
 */
bool report_pdf(Ctx *c, const Report *r, ReportSink sink);
/* One HTML file that needs nothing else: escaped, with a print stylesheet (@page, repeated table heads). Needs a font only
   where a chart is in it. Same limits. */
bool report_html(Ctx *c, const Report *r, ReportSink sink);

/* Is there a font with Chinese characters? Else false with ERR_REPORT_FONT. For `zhike check` and the start of the server. */
bool report_fonts(Ctx *c);
/* More than this many columns no paper takes: for an answer before the work. */
int report_columns_most(const ReportPage *page);

#endif
