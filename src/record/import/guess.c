/*
 * Understanding a sheet of a stranger: in which row the header stands and how many rows it has, what
 * entity it is, samples, and what is worth telling (hidden rows, totals, merged cells, lost digits …).
 * Which column is which field is words.c. One pass over the sheet; of a large one over its
 * beginning.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fold.h"
#include "base/phone.h"
#include "base/utf8.h"
#include "record/import/impl.h"

enum { LOOK_COLUMNS = 1000, LOOK_BYTES = 48 << 20, LOOK_ROWS = 2000 };

/* ---- gathering ------------------------------------------------------------------------------- */

/* What the rows below the header have. */
typedef struct Facts {
    int64_t rows, hidden, totals, samples, last;
    int64_t phones[LOOK_COLUMNS], lost[LOOK_COLUMNS];
} Facts;

typedef struct Look {
    Ctx *c;
    Arena *step;
    int64_t from; /* rows above are passed over */
    ImpCells rows[IMP_HEAD_ROWS];
    bool hidden[IMP_HEAD_ROWS];
    int n;
    Facts *below; /* of the rows behind those kept */
    int64_t count, stop_after;
    const SheetMerge *merges;
    int n_merges;
    bool hidden_columns[LOOK_COLUMNS];
} Look;

static const char *tidy(Ctx *c, const char *text)
{
    char *s = fold_clean(c->a, text);
    s[utf8_clip(s, 200)] = 0;
    return s;
}

static bool several_phones(Arena *a, const char *text)
{
    int digits = 0, n = 0;
    size_t len = strlen(text);
    for (size_t i = 0; i < len && len <= 200; i++)
        digits += isdigit((unsigned char)text[i]) != 0;
    if (digits < 14)
        return false;
    (void)phone_split(a, text, &n);
    return n > 1;
}

bool imp_digits_lost(const SheetCell *x)
{
    if (x->kind == SHEET_NUMBER)
        return fabs(x->number) >= 1e15;
    const char *s = x->text;
    size_t n = strspn(s, "+-0123456789.");
    char *end;
    if (x->kind != SHEET_TEXT || !n || (s[n] != 'E' && s[n] != 'e') ||
        !(s[n + 1] == '+' || isdigit((unsigned char)s[n + 1])))
        return false;
    (void)strtod(s, &end);
    return !*end;
}

/* Cheap: does a text that may be 合计 or 示例 stand here at all? */
static bool maybe_marked(const SheetCell *x)
{
    return x->kind == SHEET_TEXT && strlen(x->text) < 200 &&
           (strstr(x->text, "计") || strstr(x->text, "例") || strstr(x->text, "otal") ||
            strstr(x->text, "OTAL") || strcasestr(x->text, "sum") || strstr(x->text, "xample"));
}

static void facts_of(Ctx *c, const ImpCells *row, bool hidden, Facts *f)
{
    static const ImpPlan any = {.title_col = -1, .number_col = -1};
    bool marked = false;
    for (int i = 0; i < row->n && i < LOOK_COLUMNS; i++) {
        const SheetCell *x = &row->cells[i];
        if (x->kind != SHEET_TEXT && x->kind != SHEET_NUMBER)
            continue;
        f->phones[i] += several_phones(c->a, x->text);
        f->lost[i] += imp_digits_lost(x);
        marked |= maybe_marked(x);
    }
    f->rows++;
    f->hidden += hidden;
    f->last = row->row;
    if (marked && imp_is_sample(c, &any, row))
        f->samples++;
    else if (marked && imp_is_total(c, &any, row))
        f->totals++;
}

static bool gather(void *user, const SheetRow *row)
{
    Look *l = user;
    Ctx *c = l->c;
    int n = row->n < LOOK_COLUMNS ? row->n : LOOK_COLUMNS;
    if (row->row < l->from)
        return true;
    if (l->n < IMP_HEAD_ROWS) {
        SheetCell *cells = ARENA_ARRAY(c->a, n + 1, SheetCell);
        for (int i = 0; i < n; i++) {
            cells[i] = row->cells[i];
            cells[i].text = tidy(c, row->cells[i].text);
        }
        l->hidden[l->n] = row->hidden;
        l->rows[l->n++] = (ImpCells){.row = row->row, .n = n, .cells = cells};
    } else {
        Arena *keep = c->a;
        c->a = l->step;
        ImpCells cells = {.row = row->row, .n = n, .cells = row->cells};
        facts_of(c, &cells, row->hidden, l->below);
        c->a = keep;
        arena_reset(l->step);
    }
    return ++l->count < l->stop_after;
}

static bool look(Ctx *c, SheetBook *b, int index, int64_t from, Look *l)
{
    const SheetInfo *info = sheet_info(b, index);
    *l = (Look){.c = c,
                .step = arena_child(c->a),
                .from = from,
                .below = ARENA_NEW(c->a, Facts),
                .stop_after = info->bytes > LOOK_BYTES ? LOOK_ROWS : INT64_MAX};
    int before = c->n_err;
    (void)sheet_read(b, index, gather, l);
    l->merges = sheet_merges(b, &l->n_merges);
    for (int i = 0; i < LOOK_COLUMNS; i++)
        l->hidden_columns[i] = sheet_column_hidden(b, i);
    return c->n_err == before;
}

/* ---- the header ------------------------------------------------------------------------------ */

typedef struct Head {
    int at, rows; /* the row above the data, in l->rows; 2: the row before it names groups */
    const Entity *e;
    ImpColumn *cols;
    int n;
} Head;

static const char *text_at(const ImpCells *row, int col)
{
    return col < row->n && row->cells[col].kind != SHEET_BLANK ? row->cells[col].text : "";
}

static void columns_from(Ctx *c, const ImpCells *row, ImpColumn **cols, int *n)
{
    *n = row ? row->n : 0;
    *cols = ARENA_ARRAY(c->a, *n + 1, ImpColumn);
    for (int i = 0; i < *n; i++)
        (*cols)[i].header = text_at(row, i);
    while (*n && !*(*cols)[*n - 1].header)
        (*n)--;
}

/* Is a cell of this row under the one to its left? Told by the merged ranges where the row has any. */
static bool spanned(const Look *l, int64_t row, int col)
{
    bool any = false;
    for (int i = 0; i < l->n_merges; i++) {
        const SheetMerge *m = &l->merges[i];
        if (row < m->first_row || row > m->last_row)
            continue;
        any |= m->last_col > m->first_col;
        if (col > m->first_col && col <= m->last_col)
            return true;
    }
    return !any;
}

/* Two rows as one header: 联系人 over 姓名 and 电话. false: their shape is none of that. */
static bool join_rows(const Look *l, int at, ImpColumn **cols, int *n)
{
    Ctx *c = l->c;
    const ImpCells *top = &l->rows[at - 1], *low = &l->rows[at];
    if (top->row + 1 != low->row)
        return false;
    const char *group = "";
    bool groups = false;
    *n = top->n > low->n ? top->n : low->n;
    *cols = ARENA_ARRAY(c->a, *n + 1, ImpColumn);
    for (int i = 0; i < *n; i++) {
        const char *up = text_at(top, i), *down = text_at(low, i);
        if (i < low->n && (low->cells[i].kind == SHEET_NUMBER || low->cells[i].kind == SHEET_DATE))
            return false;
        if (!*up && *down && *group && spanned(l, top->row, i)) {
            up = group;
            groups = true;
        }
        group = *down ? up : "";
        (*cols)[i].header = !*down || strcmp(up, down) == 0 ? up
                            : *up                           ? arena_printf(c->a, "%s/%s", up, down)
                                                            : down;
    }
    while (*n && !*(*cols)[*n - 1].header)
        (*n)--;
    return groups;
}

static int filled(const ImpColumn *cols, int n)
{
    int k = 0;
    for (int i = 0; i < n; i++)
        k += *cols[i].header != 0;
    return k;
}

static bool may_import(const Ctx *c, const Entity *e)
{
    return (e->gets & GETS_IMPORT) && access_may(c, e, ACT_IMPORT);
}

/* 客户联系人 is a sheet of 联系人, not of 客户. */
static int named(const char *sheet, const Entity *e)
{
    size_t n = strlen(sheet), k = strlen(e->label.zh);
    if (strcasecmp(sheet, e->label.en) == 0 || strcasecmp(sheet, e->name) == 0 ||
        strcasecmp(sheet, e->plural) == 0 || (n >= k && strcmp(sheet + n - k, e->label.zh) == 0))
        return 80;
    return strstr(sheet, e->label.zh) ? 40 : 0;
}

/* Parents a row cannot be without and that no column names. */
static int orphaned(const Entity *e, const ImpColumn *cols, int n)
{
    int missing = 0;
    for (int i = 0; i < e->n_fields; i++)
        missing += e->fields[i].type == FT_LINK && e->fields[i].required &&
                   !imp_taken(cols, n, e->fields[i].name);
    return missing;
}

static bool has_parent(const Entity *e)
{
    for (int i = 0; i < e->n_fields; i++)
        if (e->fields[i].type == FT_LINK && e->fields[i].required)
            return true;
    return false;
}

typedef struct Best {
    Head head;
    int value;
    bool sure;
    bool weak; /* most of its cells mean nothing to us: it may be no header at all */
} Best;

static void try_head(const Look *l, const ImpWords *w, const Entity *e, const char *sheet, int at,
                     int rows, Best *best)
{
    Head h = {.at = at, .rows = rows, .e = e};
    if (rows == 1)
        columns_from(l->c, &l->rows[at], &h.cols, &h.n);
    else if (!join_rows(l, at, &h.cols, &h.n))
        return;
    int known = imp_assign(l->c, w, h.cols, h.n, false), all = filled(h.cols, h.n), sum = 0;
    if (!known)
        return;
    for (int i = 0; i < h.n; i++)
        sum += h.cols[i].guess && h.cols[i].score >= IMP_SURE ? h.cols[i].score : 0;
    bool sure = imp_taken(h.cols, h.n, e->title->name) && known * 2 >= all;
    int value = sum - (all - known) * 30 + named(sheet, e) + (sure ? 60 : 0) -
                120 * orphaned(e, h.cols, h.n) + (has_parent(e) ? 0 : 30) - (rows == 2 ? 20 : 0);
    if (best->head.e && value <= best->value)
        return;
    *best = (Best){.head = h, .value = value, .sure = sure, .weak = !sure && known * 2 < all};
}

/* The row and the entity that fit together best. false: nothing is known of any row. */
static bool recognise(const Look *l, const char *wish, const char *sheet, Best *best)
{
    Ctx *c = l->c;
    for (int m = 0; m < c->model->n; m++) {
        const Entity *e = &c->model->entities[m];
        if (wish ? strcmp(e->name, wish) != 0 : !may_import(c, e))
            continue;
        const ImpWords *w = imp_words(c, e);
        for (int r = 0; r < l->n; r++) {
            try_head(l, w, e, sheet, r, 1, best);
            if (r)
                try_head(l, w, e, sheet, r, 2, best);
        }
    }
    return best->head.e != NULL;
}

/* A row with a number, a day or a phone in it, or the last one, is no header because one word of it (官网) happens to be the
   name of a field. */
static bool looks_like_data(const Look *l, int at)
{
    const ImpCells *row = &l->rows[at];
    for (int i = 0; i < row->n; i++) {
        const SheetCell *x = &row->cells[i];
        size_t digits = strspn(x->text, "+-0123456789 ");
        if (x->kind == SHEET_NUMBER || x->kind == SHEET_DATE || (digits > 4 && !x->text[digits]))
            return true;
    }
    return at > 0 && at == l->n - 1;
}

/* Nothing known: the first row with several cells, else the first. */
static int fallback(const Look *l)
{
    for (int r = 0; r < l->n; r++) {
        int k = 0;
        for (int i = 0; i < l->rows[r].n; i++)
            k += *text_at(&l->rows[r], i) != 0;
        if (k > 1)
            return r;
    }
    return 0;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void samples(const Look *l, ImpSheet *s)
{
    for (int r = 0; r < l->n; r++)
        for (int i = 0; l->rows[r].row > s->header_row && i < s->n_columns && i < l->rows[r].n;
             i++) {
            ImpColumn *col = &s->columns[i];
            if (l->rows[r].cells[i].kind != SHEET_BLANK && col->n_samples < IMP_SAMPLES)
                col->samples[col->n_samples++] = l->rows[r].cells[i].text;
        }
}

/* Does anything stand in column n or behind it? */
static bool reaches(const ImpCells *row, int n)
{
    for (int i = n; i < row->n; i++)
        if (row->cells[i].kind != SHEET_BLANK)
            return true;
    return false;
}

/* A column without header but with values is a column, too. In a text file only where most rows have it: a single longer
   row there has a delimiter too many, and is told so when it is read. */
static void widen(Ctx *c, const Look *l, bool text, ImpSheet *s)
{
    int n = s->n_columns, below = 0, longer = 0;
    for (int r = 0; r < l->n; r++) {
        below += l->rows[r].row > s->header_row;
        longer += l->rows[r].row > s->header_row && reaches(&l->rows[r], s->n_columns);
    }
    for (int r = 0; r < l->n && (!text || longer * 2 > below); r++)
        for (int i = n; l->rows[r].row > s->header_row && i < l->rows[r].n; i++)
            if (l->rows[r].cells[i].kind != SHEET_BLANK)
                n = i + 1;
    ImpColumn *cols = ARENA_ARRAY(c->a, n + 1, ImpColumn);
    memcpy(cols, s->columns, (size_t)s->n_columns * sizeof *cols);
    for (int i = s->n_columns; i < n; i++)
        cols[i].header = "";
    s->columns = cols;
    s->n_columns = n;
}

void imp_note(Ctx *c, ImpSheet *s, const char *code, const char *value, int64_t count)
{
    ImpNote *more = ARENA_ARRAY(c->a, s->n_notes + 1, ImpNote);
    if (!count)
        return;
    if (s->n_notes)
        memcpy(more, s->notes, (size_t)s->n_notes * sizeof *more);
    more[s->n_notes++] = (ImpNote){.code = code, .value = value, .count = count};
    s->notes = more;
}

/* Cells merged downwards over rows of data. */
static int64_t merged_down(const Look *l, int64_t header_row)
{
    int64_t n = 0;
    for (int i = 0; i < l->n_merges; i++)
        n += l->merges[i].first_row > header_row && l->merges[i].last_row > l->merges[i].first_row;
    return n;
}

static void tell(const Look *l, const SheetInfo *info, ImpSheet *s)
{
    Ctx *c = l->c;
    Facts *f = l->below;
    int64_t last = f->last;
    for (int r = 0; r < l->n; r++)
        if (l->rows[r].row > s->header_row) {
            facts_of(c, &l->rows[r], l->hidden[r], f);
            last = l->rows[r].row > last ? l->rows[r].row : last;
        }
    int64_t blank = last > s->header_row ? last - s->header_row - f->rows : 0;
    if (info->rows > last && last && info->rows <= 1048576 && l->count < l->stop_after)
        blank += info->rows - last;
    int64_t merged = merged_down(l, s->header_row);
    s->fill_down = merged > 0;
    imp_note(c, s, "two_rows", NULL, s->header_rows == 2);
    imp_note(c, s, "merged", NULL, merged);
    int64_t hidden_columns = 0;
    for (int i = 0; i < s->n_columns && i < LOOK_COLUMNS; i++) {
        s->columns[i].hidden = l->hidden_columns[i];
        hidden_columns += l->hidden_columns[i] && s->columns[i].header[0];
    }
    imp_note(c, s, "hidden_rows", NULL, f->hidden);
    imp_note(c, s, "hidden_columns", NULL, hidden_columns);
    imp_note(c, s, "blank_rows", NULL, blank);
    imp_note(c, s, "totals", NULL, f->totals);
    imp_note(c, s, "samples", NULL, f->samples);
    for (int i = 0; i < s->n_columns && i < LOOK_COLUMNS; i++) {
        s->columns[i].many_phones = f->phones[i];
        s->columns[i].lost = f->lost[i];
    }
    if (l->count >= l->stop_after)
        s->rows = info->rows > s->header_row ? info->rows - s->header_row
                                             : info->bytes / 200; /* a guess for the progress */
    else
        s->rows = f->rows;
}

/* Of columns as they are mapped: several phones in a cell, lost digits. */
void imp_note_columns(Ctx *c, ImpSheet *s)
{
    const Entity *e = s->entity ? model_entity(c->model, s->entity) : NULL;
    for (int i = 0; e && i < s->n_columns; i++) {
        const ImpColumn *col = &s->columns[i];
        const char *part;
        const Field *f = col->field ? imp_field(c, e, col->field, &part) : NULL;
        bool phone = f && (f->type == FT_PHONE || strstr(col->field, ".mobile"));
        if (phone)
            imp_note(c, s, "phones", col->header, col->many_phones);
        if (f && (phone || imp_is_code(f)))
            imp_note(c, s, "precision", col->header, col->lost);
    }
}

bool imp_look(Ctx *c, SheetBook *b, int index, const char *wish, ImpSheet *out)
{
    Look l;
    Best best = {0};
    const SheetInfo *info = sheet_info(b, index);
    /* our own helpers, should a program have shown them */
    bool helper = strcmp(info->name, "_meta") == 0 || strcmp(info->name, "_lists") == 0;
    *out = (ImpSheet){.index = index,
                      .name = arena_str(c->a, info->name),
                      .hidden = info->hidden || helper,
                      .header_row = 1,
                      .header_rows = 1};
    if (!look(c, b, index, 0, &l))
        return false;
    bool known =
        recognise(&l, wish, out->name, &best) && !(best.weak && looks_like_data(&l, best.head.at));
    if (!known && l.n) {
        best.head.at = fallback(&l);
        best.head.rows = 1;
        columns_from(c, &l.rows[best.head.at], &best.head.cols, &best.head.n);
    }
    if (l.n) {
        out->header_row = l.rows[best.head.at].row;
        out->header_rows = best.head.rows;
    }
    out->columns = best.head.cols ? best.head.cols : ARENA_ARRAY(c->a, 1, ImpColumn);
    out->n_columns = best.head.n;
    widen(c, &l, sheet_delimiter(b) != 0, out);
    samples(&l, out);
    tell(&l, info, out);
    const Entity *e = wish ? model_entity(c->model, wish) : best.sure ? best.head.e : NULL;
    out->entity = e ? e->name : NULL;
    if (e)
        imp_guess(c, e, out);
    if (out->hidden || (!out->rows && !wish))
        out->entity = NULL;
    if ((!known || best.weak) && !out->hidden && l.n)
        imp_note(c, out, "header", NULL, IMP_HEAD_ROWS);
    return true;
}

/* 0 → "A", 26 → "AA": what columns are called in a file without headers. */
static const char *letters(Ctx *c, int i)
{
    const char *last = arena_printf(c->a, "%c", 'A' + i % 26);
    return i < 26 ? last : arena_printf(c->a, "%s%s", letters(c, i / 26 - 1), last);
}

bool imp_reread(Ctx *c, SheetBook *b, int64_t header_row, int header_rows, ImpSheet *s)
{
    Look l;
    int at = -1;
    if (!look(c, b, s->index, header_row > 1 ? header_row - 1 : 1, &l))
        return false;
    for (int r = 0; r < l.n; r++)
        if (l.rows[r].row == header_row)
            at = r;
    s->header_row = header_row;
    s->header_rows = header_rows;
    s->notes = NULL;
    s->n_notes = 0;
    if (header_rows == 2 && at > 0)
        (void)join_rows(&l, at, &s->columns, &s->n_columns);
    else
        columns_from(c, at >= 0 ? &l.rows[at] : NULL, &s->columns, &s->n_columns);
    widen(c, &l, sheet_delimiter(b) != 0, s);
    for (int i = 0; !header_row && i < s->n_columns; i++)
        s->columns[i].header = letters(c, i);
    samples(&l, s);
    tell(&l, sheet_info(b, s->index), s);
    return true;
}
