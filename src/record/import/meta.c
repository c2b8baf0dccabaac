/* The hidden sheet _meta: written and read. See meta.h. */
#include "record/import/meta.h"

#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "record/sheet_text.h"

enum { SHEETS_MOST = 64, COLUMNS_MOST = 1000 };

/* ---- writing ------------------------------------------------------------------------------- */

static void line(Ctx *c, lxw_worksheet *s, lxw_row_t *row, const char *const *cells, int n)
{
    for (int i = 0; i < n; i++)
        if (*cells[i])
            worksheet_write_string(s, *row, (lxw_col_t)i, sheet_text(c->a, cells[i]), NULL);
    (*row)++;
}

bool imp_meta_write(Ctx *c, lxw_workbook *book, const char *kind, const ImpMetaSheet *sheets, int n)
{
    lxw_worksheet *s = workbook_add_worksheet(book, "_meta");
    lxw_row_t row = 0;
    if (!s)
        return false;
    line(c, s, &row, (const char *const[]){"zhike_template", "2"}, 2);
    line(c, s, &row, (const char *const[]){"kind", kind}, 2);
    line(c, s, &row, (const char *const[]){"schema_version", c->model->version}, 2);
    for (int i = 0; i < n; i++) {
        line(c, s, &row, (const char *const[]){"entity", sheets[i].entity}, 2);
        line(c, s, &row, (const char *const[]){"sheet", sheets[i].name}, 2);
        for (int k = 0; k < sheets[i].n; k++)
            line(c, s, &row,
                 (const char *const[]){"column", ctx_num(c, k), sheets[i].columns[k].path,
                                       sheets[i].columns[k].header},
                 4);
    }
    worksheet_hide(s);
    return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct Part {
    const char *entity, *sheet;
    VEC(ImpColumn) columns; /* guess: the field or ""; score: the column */
} Part;

typedef struct Meta {
    Ctx *c;
    Part parts[SHEETS_MOST];
    int n;
} Meta;

static bool meta_row(void *user, const SheetRow *row)
{
    Meta *m = user;
    Arena *a = m->c->a;
    const char *key = row->n > 1 ? row->cells[0].text : "";
    if (strcmp(key, "entity") == 0) {
        if (m->n == SHEETS_MOST)
            return false;
        m->parts[m->n++] = (Part){.entity = arena_str(a, row->cells[1].text)};
    }
    Part *p = m->n ? &m->parts[m->n - 1] : NULL;
    if (p && strcmp(key, "sheet") == 0)
        p->sheet = arena_str(a, row->cells[1].text);
    else if (p && strcmp(key, "column") == 0 && row->n > 2 && p->columns.n < COLUMNS_MOST)
        vec_push(a, &p->columns,
                 (ImpColumn){.score = (int)strtol(row->cells[1].text, NULL, 10),
                             .guess = arena_str(a, row->cells[2].text),
                             .header = row->n > 3 ? arena_str(a, row->cells[3].text) : ""});
    return true;
}

static bool same_header(Ctx *c, const char *x, const char *y)
{
    return strcmp(imp_norm(c->a, x), imp_norm(c->a, y)) == 0;
}

static void set_column(Ctx *c, const Entity *e, ImpColumn *col, const ImpColumn *want)
{
    bool known = *want->guess && imp_field(c, e, want->guess, NULL);
    col->guess = col->field = known ? want->guess : NULL;
    col->score = known ? 100 : 0;
}

/* At its place, or, where columns were moved, by its header. */
static void apply(Ctx *c, const Entity *e, const Part *p, ImpSheet *s)
{
    if (!s->entity || strcmp(s->entity, e->name) != 0) {
        s->entity = e->name;
        imp_guess(c, e, s);
    }
    for (size_t k = 0; k < p->columns.n; k++) {
        const ImpColumn *want = &p->columns.items[k];
        bool at_place = want->score >= 0 && want->score < s->n_columns &&
                        same_header(c, s->columns[want->score].header, want->header);
        if (at_place)
            set_column(c, e, &s->columns[want->score], want);
        for (int j = 0; !at_place && *want->header && j < s->n_columns; j++)
            if (same_header(c, s->columns[j].header, want->header))
                set_column(c, e, &s->columns[j], want);
    }
}

/* What we wrote for people to read: no data, however much it looks like it. */
static bool is_for_reading(const char *name)
{
    static const char *const keys[] = {"import.guide_name", "import.report.name"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(name, msg_text("zh", keys[i])) == 0 ||
            strcmp(name, msg_text("en", keys[i])) == 0)
            return true;
    return false;
}

bool imp_meta(Ctx *c, SheetBook *b, ImpSheet *sheets, int n)
{
    int at = -1, before = c->n_err;
    for (int i = 0; i < sheet_count(b); i++)
        if (strcmp(sheet_info(b, i)->name, "_meta") == 0)
            at = i;
    if (at < 0)
        return true;
    Meta *m = ARENA_NEW(c->a, Meta);
    m->c = c;
    (void)sheet_read(b, at, meta_row, m);
    if (c->n_err > before)
        return false;
    for (int i = 0; m->n && i < n; i++)
        if (is_for_reading(sheets[i].name))
            sheets[i].entity = NULL;
    for (int k = 0; k < m->n; k++) {
        const Part *p = &m->parts[k];
        const Entity *e = model_entity(c->model, p->entity);
        bool may = e && (e->gets & GETS_IMPORT) && access_may(c, e, ACT_IMPORT) && p->sheet;
        for (int i = 0; may && i < n; i++)
            if (strcmp(sheets[i].name, p->sheet) == 0)
                apply(c, e, p, &sheets[i]);
    }
    return true;
}
