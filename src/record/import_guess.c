/*
 * Understanding a sheet of a stranger: in which row the header stands, what entity it is, which column
 * is which field. Nothing is guessed from contents: a header is known by label, code or synonym, or it
 * is left for the person.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fold.h"
#include "base/utf8.h"
#include "record/import_impl.h"

/* ---- headers ------------------------------------------------------------------------------- */

static const char *closing(const char *s, size_t *skip)
{
    static const char *const pairs[][2] = {
        {"(", ")"}, {"[", "]"}, {"【", "】"}, {"<", ">"}, {"《", "》"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strncmp(s, pairs[i][0], strlen(pairs[i][0])) == 0) {
            *skip = strlen(pairs[i][0]);
            return pairs[i][1];
        }
    return NULL;
}

char *imp_norm(Arena *a, const char *header)
{
    char *s = fold_text(a, header), *w = s;
    for (const char *r = s; *r;) {
        size_t skip = 0;
        const char *end = closing(r, &skip);
        const char *at = end && w != s ? strstr(r + skip, end)
                                       : NULL; /* in front of the name it is part of it */
        if (at) {
            r = at + strlen(end);
            continue;
        }
        const char *p = r;
        int32_t cp = utf8_next(&p, r + strlen(r));
        bool drop = cp < 0 || utf8_is_blank(cp) || strchr("*:_-#.\"'", cp < 128 ? (int)cp : 'x') ||
                    cp == 0xff1a || cp == 0x2605 || cp == 0x203b || cp == 0x3001;
        if (!drop) {
            memmove(w, r, (size_t)(p - r));
            w += p - r;
        }
        r = p;
    }
    *w = 0;
    return s;
}

bool imp_in_wan(const char *header)
{
    const char *s = strstr(header, "万");
    return s && (strstr(s, "万元") || strstr(s, "万)") || strstr(s, "万）"));
}

bool imp_may_use(const Ctx *c, const Field *f)
{
    bool masked;
    if (f->hidden || f->retired || f->write_only || f->type == FT_FILE || f->type == FT_FILES ||
        f->type == FT_IMAGE || f->type == FT_LINK_MANY)
        return false;
    if (f->type == FT_NUMBER)
        return true;
    if (f->standard && f->entity->standard)
        return f->index == STD_OWNER || f->index == STD_CREATED_AT || f->index == STD_EXT_SOURCE ||
               f->index == STD_EXT_ID;
    return !f->readonly && access_field(c, f, &masked) == FR_EDIT;
}

static json_object *parts_of(Ctx *c, const Field *f)
{
    json_object *o = NULL;
    int before = c->n_err;
    if (!f->parts_json || !json_read(c, f->parts_json, strlen(f->parts_json), &o))
        ctx_errors_back_to(c, before);
    return o;
}

const Field *imp_field(const Ctx *c, const Entity *e, const char *path, const char **out_part)
{
    const char *part = NULL;
    const Field *f;
    if (strcmp(path, "address") == 0) {
        f = entity_field(e, "region");
        return f && entity_field(e, "address_detail") && imp_may_use(c, f) ? f : NULL;
    }
    const char *dot = strchr(path, '.');
    if (dot) {
        f = entity_field(e, arena_dup(c->a, path, (size_t)(dot - path)));
        part = dot + 1;
        if (!f || f->type != FT_PARTS || !f->parts_json ||
            !strstr(f->parts_json, arena_printf(c->a, "\"%s\"", part)))
            return NULL;
    } else {
        f = entity_field(e, path);
        if (f && f->type == FT_PARTS)
            return NULL;
    }
    if (out_part)
        *out_part = part;
    return f && imp_may_use(c, f) ? f : NULL;
}

/* ---- what an entity's columns may be called -------------------------------------------------- */

typedef struct Word {
    const char *norm, *path;
    int score;
} Word;

typedef struct Words {
    VEC(Word) list;
} Words;

static void add(Ctx *c, Words *w, const char *text, const char *path, int score)
{
    char *norm = text ? imp_norm(c->a, text) : NULL;
    if (norm && *norm)
        vec_push(c->a, &w->list, (Word){norm, path, score});
}

static void add_synonyms(Ctx *c, Words *w, const Field *f, const char *path, const char *tail,
                         int score)
{
    for (const char *p = f->synonyms; p && *p;) {
        size_t n = strcspn(p, "|");
        add(c, w, arena_printf(c->a, "%.*s%s", (int)n, p, tail), path, score);
        p += n + (p[n] == '|');
    }
}

static void add_parts(Ctx *c, Words *w, const Field *f)
{
    json_object *parts = parts_of(c, f);
    if (!parts)
        return;
    json_object_object_foreach(parts, name, part)
    {
        json_object *label = json_member(part, "label");
        const char *zh = label ? json_str(label, "zh", name) : name,
                   *en = label ? json_str(label, "en", name) : name;
        const char *path = arena_printf(c->a, "%s.%s", f->name, name);
        add(c, w, path, path, 100);
        add(c, w, arena_printf(c->a, "%s%s", f->label.zh, zh), path, 100);
        add(c, w, arena_printf(c->a, "%s/%s", f->label.zh, zh), path, 100);
        add(c, w, arena_printf(c->a, "%s / %s", f->label.en, en), path, 100);
        add(c, w, arena_printf(c->a, "%s %s", f->label.en, en), path, 100);
        add_synonyms(c, w, f, path, zh, 90);
        if (strcmp(name, "mobile") == 0) {
            add_synonyms(c, w, f, path, "电话", 85);
            add_synonyms(c, w, f, path, "手机号", 85);
            add_synonyms(c, w, f, path, "联系方式", 85);
        }
        if (strcmp(name, "name") == 0) {
            add(c, w, f->label.zh, path, 90);
            add(c, w, f->label.en, path, 90);
            add_synonyms(c, w, f, path, "", 90);
        } else {
            add(c, w, zh, path, 60); /* alone only beside the name of the person, see assign */
        }
    }
}

static Words *words_of(Ctx *c, const Entity *e)
{
    Words *w = ARENA_NEW(c->a, Words);
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!imp_may_use(c, f))
            continue;
        if (f->type == FT_PARTS) {
            add_parts(c, w, f);
            continue;
        }
        add(c, w, f->label.zh, f->name, 100);
        add(c, w, f->label.en, f->name, 100);
        add(c, w, f->name, f->name, 95);
        add_synonyms(c, w, f, f->name, "", 90);
    }
    if (imp_field(c, e, "address", NULL))
        add(c, w, "address", "address", 95);
    return w;
}

/* "客户地址" on a sheet of customers is 地址. */
static const char *without_entity(Ctx *c, const Entity *e, const char *norm)
{
    const char *own[] = {imp_norm(c->a, e->label.zh), imp_norm(c->a, e->label.en)};
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(own[i]);
        if (n && strncmp(norm, own[i], n) == 0 && norm[n])
            return norm + n;
    }
    return NULL;
}

static bool taken(const ImpColumn *cols, int n, const char *path)
{
    for (int i = 0; i < n; i++)
        if (cols[i].guess && strcmp(cols[i].guess, path) == 0)
            return true;
    return false;
}

static bool parent_part_taken(const ImpColumn *cols, int n, const char *path)
{
    size_t len = strcspn(path, ".");
    for (int i = 0; i < n; i++)
        if (cols[i].guess && strncmp(cols[i].guess, path, len) == 0 && cols[i].guess[len] == '.')
            return true;
    return false;
}

/* Strong words first, so that a synonym never takes a field from the column that bears its name. Returns how many are known. */
static int assign(Ctx *c, const Entity *e, const Words *w, ImpColumn *cols, int n)
{
    static const int levels[] = {100, 95, 90, 85, 80, 60};
    const char **norms = ARENA_ARRAY(c->a, n + 1, const char *),
               **bare = ARENA_ARRAY(c->a, n + 1, const char *);
    int known = 0;
    for (int i = 0; i < n; i++) {
        cols[i].guess = NULL;
        cols[i].score = 0;
        norms[i] = imp_norm(c->a, cols[i].header);
        bare[i] = without_entity(c, e, norms[i]);
    }
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++)
        for (int i = 0; i < n; i++) {
            if (cols[i].guess || !*norms[i])
                continue;
            for (size_t k = 0; k < w->list.n && !cols[i].guess; k++) {
                const Word *word = &w->list.items[k];
                const char *name = levels[l] == 80 ? bare[i] : norms[i];
                bool fits = levels[l] == 80 ? word->score >= 85 : word->score == levels[l];
                if (!name || !fits || strcmp(word->norm, name) != 0 ||
                    (levels[l] == 60 && !parent_part_taken(cols, n, word->path)))
                    continue;
                if (taken(cols, n, word->path) && strcmp(word->path, "region") != 0)
                    continue;
                cols[i].guess = word->path;
                cols[i].score = levels[l];
                known++;
            }
        }
    if (imp_field(c, e, "address", NULL) && !taken(cols, n, "region") && !taken(cols, n, "address"))
        for (int i = 0; i < n; i++)
            if (cols[i].guess && strcmp(cols[i].guess, "address_detail") == 0)
                cols[i].guess = "address"; /* one column for all of it */
    return known;
}

void imp_guess(Ctx *c, const Entity *e, ImpSheet *s)
{
    assign(c, e, words_of(c, e), s->columns, s->n_columns);
    for (int i = 0; i < s->n_columns; i++)
        s->columns[i].field = s->columns[i].guess;
}

/* ---- the sheet ----------------------------------------------------------------------------- */

typedef struct Look {
    Ctx *c;
    int64_t header; /* > 0: the row to take columns from; else the first rows are gathered */
    ImpCells rows[IMP_HEAD_ROWS];
    int n;
    int64_t count, last; /* rows behind the header */
    int64_t stop_after;  /* rows to count at most */
    ImpSheet *s;
} Look;

static const char *tidy(Ctx *c, const char *text)
{
    char *s = fold_clean(c->a, text);
    s[utf8_clip(s, 200)] = 0;
    return s;
}

static bool gather(void *user, const SheetRow *row)
{
    Look *l = user;
    if (l->n < IMP_HEAD_ROWS) {
        int n = row->n < 1000 ? row->n : 1000;
        SheetCell *cells = ARENA_ARRAY(l->c->a, n + 1, SheetCell);
        for (int i = 0; i < n; i++) {
            cells[i] = row->cells[i];
            cells[i].text = tidy(l->c, row->cells[i].text);
        }
        l->rows[l->n++] = (ImpCells){.row = row->row, .n = n, .cells = cells};
    }
    l->count++;
    l->last = row->row;
    return l->count < l->stop_after;
}

static void columns_from(Ctx *c, const ImpCells *row, ImpColumn **cols, int *n)
{
    *n = row ? row->n : 0;
    *cols = ARENA_ARRAY(c->a, *n + 1, ImpColumn);
    for (int i = 0; i < *n; i++)
        (*cols)[i].header = row->cells[i].text;
    while (*n && !*(*cols)[*n - 1].header)
        (*n)--;
}

static int filled(const ImpCells *row)
{
    int n = 0;
    for (int i = 0; i < row->n; i++)
        n += row->cells[i].kind != SHEET_BLANK;
    return n;
}

static bool title_known(const Entity *e, const ImpColumn *cols, int n)
{
    return taken(cols, n, e->title->name);
}

static bool may_import(const Ctx *c, const Entity *e)
{
    return (e->gets & GETS_IMPORT) && access_may(c, e, ACT_IMPORT);
}

/* The row and the entity that fit together best. */
static void recognise(Ctx *c, const Look *l, const char *wish, ImpSheet *s)
{
    int best = -1;
    const ImpCells *best_row = NULL;
    const Entity *best_entity = NULL;
    for (int m = 0; m < c->model->n; m++) {
        const Entity *e = &c->model->entities[m];
        if (wish ? strcmp(e->name, wish) != 0 : !may_import(c, e))
            continue;
        const Words *w = words_of(c, e);
        bool named = strstr(s->name, e->label.zh) || strcasecmp(s->name, e->label.en) == 0 ||
                     strcmp(s->name, e->name) == 0;
        for (int r = 0; r < l->n; r++) {
            ImpColumn *cols;
            int n;
            columns_from(c, &l->rows[r], &cols, &n);
            int known = assign(c, e, w, cols, n), all = filled(&l->rows[r]);
            if (!known)
                continue;
            bool sure = title_known(e, cols, n) && known * 2 >= all;
            int value = known * 10 - (all - known) * 3 + (named ? 4 : 0) + (sure ? 6 : 0);
            if (value <= best)
                continue;
            best = value;
            best_row = &l->rows[r];
            best_entity = sure || wish ? e : NULL;
        }
    }
    if (!best_row) /* nothing known: the first row with several cells, else the first */
        for (int r = 0; r < l->n && !best_row; r++)
            if (filled(&l->rows[r]) > 1)
                best_row = &l->rows[r];
    if (!best_row && l->n)
        best_row = &l->rows[0];
    s->header_row = best_row ? best_row->row : 1;
    columns_from(c, best_row, &s->columns, &s->n_columns);
    if (wish)
        best_entity = model_entity(c->model, wish);
    s->entity = best_entity ? best_entity->name : NULL;
    if (best_entity)
        imp_guess(c, best_entity, s);
}

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

/* A column without header but with values is a column, too. */
static void widen(Ctx *c, const Look *l, ImpSheet *s)
{
    int n = s->n_columns;
    for (int r = 0; r < l->n; r++)
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

static bool look(Ctx *c, SheetBook *b, int index, Look *l)
{
    const SheetInfo *info = sheet_info(b, index);
    *l = (Look){.c = c, .stop_after = info->bytes > (48 << 20) ? 2000 : INT64_MAX};
    int before = c->n_err;
    (void)sheet_read(b, index, gather, l);
    return c->n_err == before;
}

static int64_t rows_of(const SheetBook *b, int index, const Look *l, int64_t header_row)
{
    int64_t above = 0;
    for (int r = 0; r < l->n; r++)
        above += l->rows[r].row <= header_row;
    const SheetInfo *info = sheet_info(b, index);
    if (l->count < l->stop_after)
        return l->count > above ? l->count - above : 0;
    if (info->rows > header_row)
        return info->rows - header_row;
    return info->bytes / 200; /* a guess for the progress */
}

bool imp_look(Ctx *c, SheetBook *b, int index, const char *wish, ImpSheet *out)
{
    Look l;
    const SheetInfo *info = sheet_info(b, index);
    /* our own helpers, should a program have shown them */
    bool helper = strcmp(info->name, "_meta") == 0 || strcmp(info->name, "_lists") == 0;
    *out = (ImpSheet){
        .index = index, .name = arena_str(c->a, info->name), .hidden = info->hidden || helper};
    if (!look(c, b, index, &l))
        return false;
    recognise(c, &l, wish, out);
    widen(c, &l, out);
    samples(&l, out);
    out->rows = rows_of(b, index, &l, out->header_row);
    if (out->hidden || (!out->rows && !wish))
        out->entity = NULL;
    return true;
}

bool imp_reread(Ctx *c, SheetBook *b, int64_t header_row, ImpSheet *s)
{
    Look l;
    if (!look(c, b, s->index, &l))
        return false;
    const ImpCells *row = NULL;
    for (int r = 0; r < l.n; r++)
        if (l.rows[r].row == header_row)
            row = &l.rows[r];
    s->header_row = header_row;
    columns_from(c, row, &s->columns, &s->n_columns);
    widen(c, &l, s);
    samples(&l, s);
    s->rows = rows_of(b, s->index, &l, header_row);
    return true;
}

/* ---- our own template ---------------------------------------------------------------------- */

typedef struct Meta {
    Ctx *c;
    const char *entity, *sheet;
    VEC(ImpColumn) columns; /* guess: the field; score: the column */
} Meta;

static bool meta_row(void *user, const SheetRow *row)
{
    Meta *m = user;
    const char *key = row->n > 1 ? row->cells[0].text : "";
    if (strcmp(key, "entity") == 0)
        m->entity = arena_str(m->c->a, row->cells[1].text);
    else if (strcmp(key, "sheet") == 0)
        m->sheet = arena_str(m->c->a, row->cells[1].text);
    else if (strcmp(key, "column") == 0 && row->n > 3 && m->columns.n < 1000)
        vec_push(m->c->a, &m->columns,
                 (ImpColumn){.score = (int)strtol(row->cells[1].text, NULL, 10),
                             .guess = arena_str(m->c->a, row->cells[2].text),
                             .header = arena_str(m->c->a, row->cells[3].text)});
    return true;
}

bool imp_meta(Ctx *c, SheetBook *b, ImpSheet *sheets, int n)
{
    int at = -1, before = c->n_err;
    for (int i = 0; i < sheet_count(b); i++)
        if (strcmp(sheet_info(b, i)->name, "_meta") == 0)
            at = i;
    if (at < 0)
        return true;
    Meta m = {.c = c};
    (void)sheet_read(b, at, meta_row, &m);
    if (c->n_err > before)
        return false;
    const Entity *e = m.entity ? model_entity(c->model, m.entity) : NULL;
    if (!e || !may_import(c, e) || !m.sheet)
        return true;
    for (int i = 0; i < n; i++) {
        ImpSheet *s = &sheets[i];
        if (strcmp(s->name, m.sheet) != 0)
            continue;
        if (!s->entity || strcmp(s->entity, e->name) != 0) {
            s->entity = e->name;
            imp_guess(c, e, s);
        }
        for (size_t k = 0; k < m.columns.n; k++) {
            const ImpColumn *want = &m.columns.items[k];
            for (int j = 0; j < s->n_columns; j++) { /* moved columns are found by their header */
                ImpColumn *col = &s->columns[j];
                if (strcmp(imp_norm(c->a, col->header), imp_norm(c->a, want->header)) == 0 &&
                    imp_field(c, e, want->guess, NULL)) {
                    col->guess = col->field = want->guess;
                    col->score = 100;
                }
            }
        }
    }
    return true;
}
