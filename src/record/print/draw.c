/* A report template with its values as a report (base/report). See impl.h. */
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "record/layout.h"
#include "record/print/impl.h"
#include "record/print/page.h"

enum { WIDE_TEXT = 22, ACROSS = 2, SIGN_MOST = 12, QR_MM = 24 };

typedef struct Draw {
    Ctx *c;
    Report *r;
    PrintWant *w;
    const FillData *d;
    bool built_in;
    Buf lines; /* text lines that stand together */
    bool any;
    int64_t rows, bytes; /* put out so far */
    int64_t rows_most, bytes_most;
    bool over;              /* too much; the mistake is said, nothing more is put out */
    PrintSection *sections; /* of the reader's layout: resolved once, whatever row asks */
    int n_sections;
} Draw;

/* What a piece of the report takes beside its text, roughly: rows without a text are not for nothing. */
enum { PIECE_BYTES = 256 };

static bool spend(Draw *d, int64_t rows, int64_t bytes)
{
    Ctx *c = d->c;
    if (d->over)
        return false;
    d->rows += rows;
    d->bytes += bytes;
    if (d->rows > d->rows_most)
        d->over = !ctx_fail(c, ERR_TOO_LARGE, NULL, "print.rows_all", ctx_num(c, d->rows_most));
    else if (d->bytes > d->bytes_most)
        d->over =
            !ctx_fail(c, ERR_TOO_LARGE, NULL, "print.too_large", ctx_num(c, d->bytes_most >> 20));
    else if (rows && c->deadline_ms && clock_mono_ms() > c->deadline_ms)
        d->over = !ctx_fail(c, ERR_TOO_LARGE, NULL, "print.too_long");
    return !d->over;
}

/* ---- fields by the layout ------------------------------------------------------------------------------- */

/* Who reads no record of theirs sees examples, of all fields. */
static bool shown(const Ctx *c, const Field *f)
{
    bool masked;
    return print_field_fits(f) && f->type != FT_IMAGE && f->type != FT_FILE &&
           (access_field(c, f, &masked) != FR_NONE || !access_may(c, f->entity, ACT_READ));
}

static void put_field(Ctx *c, PrintSection *s, const Field *f)
{
    if (!shown(c, f))
        return;
    s->paths[s->n] = f->name;
    s->labels[s->n++] = label_in(f->label, c->lang);
}

static PrintSection *new_section(Ctx *c, const Entity *e, PrintSection *s, const char *label)
{
    *s = (PrintSection){.label = label,
                        .paths = ARENA_ARRAY(c->a, e->n_fields + 1, const char *),
                        .labels = ARENA_ARRAY(c->a, e->n_fields + 1, const char *)};
    return s;
}

static bool names_it(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* As somebody arranged them; what stands nowhere closes the last section. */
static int by_layout(Ctx *c, const Entity *e, const Layout *l, PrintSection *out)
{
    for (int i = 0; i < l->n; i++) {
        new_section(c, e, &out[i], label_in(l->sections[i].label, c->lang));
        for (int k = 0; k < l->sections[i].n; k++) {
            const Field *f = entity_field(e, l->sections[i].fields[k]);
            if (f)
                put_field(c, &out[i], f);
        }
    }
    for (int i = 0; l->n && i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        bool placed = !f->in_form || names_it(l->hidden, l->n_hidden, f->name);
        for (int k = 0; k < l->n && !placed; k++)
            placed = names_it(l->sections[k].fields, l->sections[k].n, f->name);
        if (!placed)
            put_field(c, &out[l->n - 1], f);
    }
    return l->n;
}

int print_sections(Ctx *c, const Entity *e, PrintSection **out)
{
    Layouts l = {{NULL}};
    const char *digest;
    int before = c->n_err;
    if (!layout_resolve(c, e, &l, &digest))
        ctx_errors_back_to(c, before);
    const Layout *detail = l.of[LK_DETAIL] ? l.of[LK_DETAIL] : l.of[LK_FORM];
    int n = e->n_sections ? e->n_sections : 1;
    PrintSection *s = *out =
        ARENA_ARRAY(c->a, (detail && detail->n > n ? detail->n : n) + 1, PrintSection);
    if (detail && detail->n)
        return by_layout(c, e, detail, s);
    for (int i = 0; i < n; i++)
        new_section(c, e, &s[i],
                    label_in(e->n_sections ? e->sections[i].label : e->label, c->lang));
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        int at = f->section || !f->custom ? 0 : n - 1;
        for (int k = 0; f->section && k < e->n_sections; k++)
            if (strcmp(e->sections[k].name, f->section) == 0)
                at = k;
        if (f->in_form || f->type == FT_NUMBER)
            put_field(c, &s[at], f);
    }
    return n;
}

/* ---- texts ---------------------------------------------------------------------------------------------- */

typedef struct Line {
    Draw *d;
    Buf b;
} Line;

static bool on_text(void *arg, const char *text, size_t n)
{
    Line *l = arg;
    if (!spend(l->d, 0, (int64_t)n))
        return false;
    buf_add(&l->b, text, n);
    return true;
}

static bool on_row(void *arg)
{
    return spend(((Line *)arg)->d, 1, 0);
}

static bool on_place(void *arg, const char *path, const FillCell *cell)
{
    (void)path;
    return !cell || !cell->text || cell->is == FILL_PICTURE ||
           on_text(arg, cell->text, strlen(cell->text));
}

static const char *filled(Draw *d, const FillNode *nodes, const FillAt *at)
{
    Line l = {.d = d};
    buf_init(&l.b, d->c->a);
    (void)fill_walk(nodes, d->d, at, &(FillSink){on_text, on_place, &l, on_row});
    return l.b.data;
}

/* Lines that stood together are one text. */
static void end_lines(Draw *d)
{
    if (d->any)
        report_text(d->r, d->lines.data);
    buf_clear(&d->lines);
    d->any = false;
}

static void line(Draw *d, const char *text, bool empty_template)
{
    if (empty_template) {
        end_lines(d);
        return;
    }
    if (d->any)
        buf_putc(&d->lines, '\n');
    buf_puts(&d->lines, text);
    d->any = true;
}

/* ---- grids and tables ------------------------------------------------------------------------------------- */

static void put_pair(Draw *d, ReportPair *pairs, int *n, const char *label, const char *path,
                     const FillAt *at, bool always)
{
    char no[12];
    FillCell room;
    const FillCell *cell = fill_data_get(d->d, at, path, &room, no);
    const char *text = cell && cell->text ? cell->text : "";
    if ((*text || always) && spend(d, 0, PIECE_BYTES + (int64_t)strlen(text)))
        pairs[(*n)++] =
            (ReportPair){label, text, utf8_count(text) > WIDE_TEXT || strchr(text, '\n')};
}

static void fields(Draw *d, const Body *b, const FillAt *at)
{
    ReportPair *pairs = ARENA_ARRAY(d->c->a, d->w->e->n_fields + b->n_columns + 1, ReportPair);
    int n = 0;
    if (b->n_columns) {
        for (int i = 0; i < b->n_columns; i++)
            put_pair(d, pairs, &n, b->columns[i].label, b->columns[i].path, at, true);
        report_grid(d->r, ACROSS, pairs, n);
        return;
    }
    if (!d->sections)
        d->n_sections = print_sections(d->c, d->w->e, &d->sections);
    const PrintSection *s = d->sections;
    for (int i = 0; i < d->n_sections; i++) {
        n = 0;
        for (int k = 0; k < s[i].n; k++)
            put_pair(d, pairs, &n, s[i].labels[k], s[i].paths[k], NULL, false);
        if (!n)
            continue;
        report_heading(d->r, 3, s[i].label);
        report_grid(d->r, ACROSS, pairs, n);
    }
}

typedef struct Rows {
    const FillData *d;
    FillAt at;
    const BodyColumn *columns;
    int n_columns, next;
    char no[12];
} Rows;

static bool rows_rewind(Ctx *c, void *arg)
{
    (void)c;
    ((Rows *)arg)->next = 0;
    return true;
}

static int rows_next(Ctx *c, void *arg, const char **cells, ReportTone *tone)
{
    Rows *r = arg;
    FillCell room;
    (void)c;
    *tone = REPORT_PLAIN;
    if (r->next >= r->at.list->n)
        return 0;
    r->at.row = r->next++;
    for (int i = 0; i < r->n_columns; i++) {
        const FillCell *cell = fill_data_get(r->d, &r->at, r->columns[i].path, &room, r->no);
        cells[i] = cell && cell->text ? cell->text : "";
    }
    return 1;
}

static void table(Draw *d, const Body *b)
{
    const FillList *l = b->set ? map_get(&d->d->lists, b->path) : NULL;
    if (!l || !b->n_columns || !spend(d, l->n, PIECE_BYTES))
        return;
    ReportColumn *columns = ARENA_ARRAY(d->c->a, b->n_columns, ReportColumn);
    for (int i = 0; i < b->n_columns; i++)
        columns[i] = (ReportColumn){.label = b->columns[i].label,
                                    .align = b->columns[i].right ? REPORT_RIGHT : REPORT_LEFT};
    ReportTable *t = report_table(d->r, columns, b->n_columns);
    report_table_empty(t, msg_text(d->c->lang, "print.nothing"));
    Rows *r = ARENA_NEW(d->c->a, Rows);
    *r = (Rows){.d = d->d, .at = {.list = l}, .columns = b->columns, .n_columns = b->n_columns};
    report_table_source(t, &(ReportSource){rows_rewind, rows_next, r});
}

static void sign(Draw *d, const Body *b)
{
    const char *labels[SIGN_MOST];
    int n = 0;
    for (; n < b->n_columns && n < SIGN_MOST; n++)
        labels[n] = b->columns[n].path;
    report_signatures(d->r, labels, n);
}

/* ---- blocks ------------------------------------------------------------------------------------------------ */

static void draw_in(Draw *d, const Body *nodes, const FillAt *at);

static void draw_section(Draw *d, const Body *b, const FillAt *at)
{
    char no[12];
    FillCell room;
    const FillList *l = map_get(&d->d->lists, b->path);
    const FillCell *cell = l ? NULL : fill_data_get(d->d, at, b->path, &room, no);
    bool yes = l ? l->n > 0 : cell && cell->text && *cell->text && cell->is >= FILL_YES;
    if (b->kind == BODY_UNLESS || !l) {
        if (yes == (b->kind == BODY_EACH))
            draw_in(d, b->kids, at);
        return;
    }
    FillAt row = {.list = l, .up = at};
    for (; row.row < l->n && spend(d, 1, 0); row.row++)
        draw_in(d, b->kids, &row);
}

/* Of the built-in template: a heading above a table of nothing. */
static bool left_out(const Draw *d, const Body *b)
{
    const Body *t = b->kind == BODY_HEADING ? b->next : b;
    if (!d->built_in || !t || t->kind != BODY_TABLE)
        return false;
    const FillList *l = map_get(&d->d->lists, t->path);
    return !l || l->n == 0;
}

static void draw_in(Draw *d, const Body *nodes, const FillAt *at)
{
    for (const Body *b = nodes; b; b = b->next) {
        if (left_out(d, b))
            continue;
        if (!spend(d, 0, PIECE_BYTES))
            return;
        if (b->kind != BODY_TEXT)
            end_lines(d);
        switch (b->kind) {
        case BODY_HEADING: report_heading(d->r, b->level, filled(d, b->text, at)); break;
        case BODY_TEXT: line(d, filled(d, b->text, at), b->text == NULL); break;
        case BODY_MUTED:
            report_text_as(d->r, REPORT_MUTED, REPORT_LEFT, filled(d, b->text, at));
            break;
        case BODY_FIELDS: fields(d, b, at); break;
        case BODY_TABLE: table(d, b); break;
        case BODY_QR: {
            const char *text = filled(d, b->text, at);
            if (*text)
                report_qr(d->r, text, QR_MM, text);
            break;
        }
        case BODY_SIGN: sign(d, b); break;
        case BODY_GAP: report_gap(d->r, b->level); break;
        case BODY_BREAK: report_page_break(d->r); break;
        case BODY_EACH:
        case BODY_UNLESS: draw_section(d, b, at); break;
        }
    }
}

static const char *value(const FillData *d, const char *path)
{
    const FillCell *cell = map_get(&d->values, path);
    return cell && cell->text ? cell->text : "";
}

Report *body_draw(Ctx *c, const PrintTemplate *t, const Body *b, PrintWant *w, const FillData *d)
{
    ReportPage page = print_page(c, arena_printf(c->a, "%s %s", t->name, value(d, "@title")));
    page.paper = t->paper;
    page.landscape = t->landscape;
    page.watermark = t->watermark ? page.watermark : NULL;
    Draw draw = {.rows_most = conf_int("print.rows"),
                 .bytes_most = conf_size("print.docx_out"),
                 .c = c,
                 .r = report_new(c, &page),
                 .w = w,
                 .d = d,
                 .built_in = t->body == NULL};
    buf_init(&draw.lines, c->a);
    draw_in(&draw, b, NULL);
    end_lines(&draw);
    return draw.over ? NULL : draw.r;
}
