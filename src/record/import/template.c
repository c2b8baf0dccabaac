/*
 * The template of an entity, made from the declarations as they are now, custom fields included; on wish with
 * a sheet for each of its children. Required columns are red with *, phones and codes are text, days are checked,
 * options, colleagues, departments and regions have a list (on a hidden sheet: an inline one ends at 255
 * characters), the rule stands in a comment, a sample row shows how and is passed over by the importer. The
 * hidden sheet _meta says which column is which field, so nothing is guessed on the way back.
 */
#include <errno.h>
#include <string.h>
#include <xlsxwriter.h>

#include "base/file.h"
#include "base/msg.h"
#include "base/region.h"
#include "meta/required.h"
#include "meta/types.h"
#include "record/attach.h"
#include "record/import/meta.h"
#include "record/sheet_text.h"

enum { LIST_ROWS = 10000, LIST_MOST = 500, LISTS_MOST = 700, SHEETS_MOST = 8 };

typedef struct Col {
    const char *path, *header, *rule, *example, *meaning;
    const Field *f;
    bool required, code;
    FieldType type; /* of the field or part */
    const char **choices;
    int n_choices;
    bool open; /* the choices are a help: other values are right, too */
} Col;

/* A sheet of the template: an entity. */
typedef struct Part {
    const Entity *e;
    const char *name;
    lxw_worksheet *sheet;
    VEC(Col) cols;
} Part;

typedef struct Making {
    Ctx *c;
    lxw_workbook *book;
    lxw_worksheet *lists;
    int n_lists;
    Part parts[SHEETS_MOST];
    int n;
    lxw_format *text, *day, *instant, *head, *need, *sample, *sample_text, *wrap, *bold;
} Making;

/* ---- what stands in a column --------------------------------------------------------------- */

static const char *say(Ctx *c, const char *key, const char *arg)
{
    return msg_format(c->a, c->lang, key, (const char *const[]){arg, NULL});
}

static const char *rule_of(Ctx *c, const Field *f, FieldType type)
{
    const Entity *to = f->to ? model_entity(c->model, f->to) : NULL;
    Buf b;
    switch (type) {
    case FT_OPTION:
    case FT_MULTI_OPTION:
        buf_init(&b, c->a);
        for (int i = 0; i < f->n_options && i < 30; i++)
            if (!f->options[i].disabled)
                buf_printf(&b, "%s%s", b.len ? "、" : "", label_in(f->options[i].label, c->lang));
        return say(c, "import.rule.options", b.data);
    case FT_DATE: return say(c, "import.rule.date", NULL);
    case FT_DATETIME: return say(c, "import.rule.datetime", NULL);
    case FT_PHONE: return say(c, "import.rule.phone", NULL);
    case FT_EMAIL: return say(c, "import.rule.email", NULL);
    case FT_MONEY: return say(c, "import.rule.money", NULL);
    case FT_INT:
    case FT_DECIMAL:
    case FT_FLOAT: return say(c, "import.rule.number", NULL);
    case FT_BOOL: return say(c, "import.rule.bool", NULL);
    case FT_REGION: return say(c, "import.rule.region", NULL);
    case FT_LINK: return say(c, "import.rule.link", to ? label_in(to->label, c->lang) : "");
    case FT_LINK_MANY: return say(c, "import.rule.links", to ? label_in(to->label, c->lang) : "");
    default:
        if (f->match == MATCH_CREDIT_CODE)
            return say(c, "import.rule.credit_code", NULL);
        return f->has_max ? say(c, "import.rule.max", ctx_num(c, f->max)) : "";
    }
}

static const char *text_of(const Label *l, const char *lang)
{
    return l->zh ? label_in(*l, lang) : "";
}

static void add_choice(Ctx *c, Col *col, const char *text)
{
    if (!col->choices)
        col->choices = ARENA_ARRAY(c->a, LIST_MOST + 1, const char *);
    if (col->n_choices <= LIST_MOST)
        col->choices[col->n_choices++] = text;
}

/* Provinces and cities; districts are typed behind them. */
static void region_choices(Ctx *c, Col *col)
{
    int n, k;
    const Region *const *tops = region_children(c->a, 0, &n);
    for (int i = 0; i < n; i++) {
        add_choice(c, col, tops[i]->name);
        const Region *const *below = region_children(c->a, tops[i]->code, &k);
        for (int j = 0; j < k; j++)
            if (below[j]->level == 2)
                add_choice(c, col, arena_printf(c->a, "%s / %s", tops[i]->name, below[j]->name));
    }
    col->open = true;
}

/* Names of the rows of a small table everybody may read: people, departments, roles. None where there are many. */
static bool row_choices(Ctx *c, const Entity *to, Col *col)
{
    static const char *const small[] = {"user", "department", "role"};
    bool is_small = false;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        is_small |= strcmp(to->name, small[i]) == 0;
    if (!is_small || !to->title->column || !access_may(c, to, ACT_READ))
        return true;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT DISTINCT t0."));
    sql_name(&q, to->title->column);
    sql_add(&q, SQL(" FROM "));
    sql_name(&q, to->name);
    sql_add(&q, to->standard ? SQL(" AS t0 WHERE t0.\"deleted_at\" IS NULL")
                             : SQL(" AS t0 WHERE 1 = 1"));
    if (entity_has(to, "status") && strcmp(to->name, "user") == 0)
        sql_add(&q, SQL(" AND t0.\"status\" = 'active'"));
    sql_add(&q, SQL(" ORDER BY 1 LIMIT "));
    sql_number(&q, LIST_MOST + 1);
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        add_choice(c, col, arena_str(c->a, db_text(r, 0)));
    db_done(r);
    if (col->n_choices > LIST_MOST)
        col->n_choices = 0;
    col->open = true; /* a login or code names them as well */
    return c->n_err == 0;
}

static bool choices_of(Ctx *c, const Field *f, Col *col)
{
    const Entity *to = f->to ? model_entity(c->model, f->to) : NULL;
    switch (f->type) {
    case FT_BOOL:
        for (int i = 0; i < 2; i++)
            add_choice(
                c, col,
                type_ops(FT_BOOL)->to_text(c->a, f, &(DbVal){.kind = DB_INT, .i = 1 - i}, c->lang));
        return true;
    case FT_OPTION:
        for (int i = 0; i < f->n_options && i < LIST_MOST; i++)
            if (!f->options[i].disabled)
                add_choice(c, col, label_in(f->options[i].label, c->lang));
        return true;
    case FT_REGION: region_choices(c, col); return true;
    case FT_LINK: return !to || row_choices(c, to, col);
    default: return true;
    }
}

static void add_parts(Ctx *c, Part *p, const Field *f)
{
    json_object *parts = NULL;
    int before = c->n_err;
    if (!f->parts_json || !json_read(c, f->parts_json, strlen(f->parts_json), &parts)) {
        ctx_errors_back_to(c, before);
        return;
    }
    json_object_object_foreach(parts, name, part)
    {
        json_object *label = json_member(part, "label");
        FieldType type = FT_STRING;
        (void)type_parse(json_str(part, "type", "string"), &type);
        bool required =
                 (field_required(f) || f->form_required) && json_flag(part, "required", false),
             first = strcmp(name, "name") == 0;
        const char *own = label ? json_str(label, c->lang, json_str(label, "zh", name)) : name;
        bool en = strcmp(c->lang, "en") == 0;
        Col col = {.f = f,
                   .path = arena_printf(c->a, "%s.%s", f->name, name),
                   .required = required,
                   .type = type,
                   .code = type == FT_PHONE,
                   .header = arena_printf(c->a, "%s%s%s%s", required ? "*" : "",
                                          label_in(f->label, c->lang), en ? " " : "", own),
                   .rule = rule_of(c, f, type),
                   .example = first              ? text_of(&f->example, c->lang)
                              : type == FT_PHONE ? "13800138000"
                                                 : "",
                   .meaning = first ? text_of(&f->definition, c->lang) : ""};
        vec_push(c->a, &p->cols, col);
    }
}

static bool gather(Ctx *c, Part *p)
{
    const Entity *e = p->e;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        bool standard = f->standard && e->standard;
        if (!imp_may_use(c, f) || f->type == FT_NUMBER || standard || !f->in_form ||
            f->type == FT_JSON || (f->type == FT_LINK && !f->to))
            continue;
        if (f->type == FT_PARTS) {
            add_parts(c, p, f);
            continue;
        }
        bool required = field_required(f) || f->form_required;
        Col col = {.f = f,
                   .path = f->name,
                   .required = required,
                   .type = f->type,
                   .code = imp_is_code(f) || f->write_only,
                   .header =
                       arena_printf(c->a, "%s%s", required ? "*" : "", label_in(f->label, c->lang)),
                   .rule = rule_of(c, f, f->type),
                   .example = text_of(&f->example, c->lang),
                   .meaning = text_of(&f->definition, c->lang)};
        if (!choices_of(c, f, &col))
            return false;
        vec_push(c->a, &p->cols, col);
    }
    return true;
}

/* ---- sheets -------------------------------------------------------------------------------- */

static void formats(Making *m)
{
    m->text = workbook_add_format(m->book);
    format_set_num_format(m->text, "@");
    m->day = workbook_add_format(m->book);
    format_set_num_format(m->day, "yyyy-mm-dd");
    m->instant = workbook_add_format(m->book);
    format_set_num_format(m->instant, "yyyy-mm-dd hh:mm");
    m->head = workbook_add_format(m->book);
    format_set_bold(m->head);
    format_set_bg_color(m->head, 0xEEF2F7);
    format_set_border(m->head, LXW_BORDER_THIN);
    m->need = workbook_add_format(m->book);
    format_set_bold(m->need);
    format_set_font_color(m->need, 0xC00000);
    format_set_bg_color(m->need, 0xEEF2F7);
    format_set_border(m->need, LXW_BORDER_THIN);
    m->sample = workbook_add_format(m->book);
    format_set_font_color(m->sample, 0x808080);
    format_set_italic(m->sample);
    m->sample_text = workbook_add_format(m->book);
    format_set_font_color(m->sample_text, 0x808080);
    format_set_italic(m->sample_text);
    format_set_num_format(m->sample_text, "@");
    m->wrap = workbook_add_format(m->book);
    format_set_text_wrap(m->wrap);
    format_set_align(m->wrap, LXW_ALIGN_VERTICAL_TOP);
    m->bold = workbook_add_format(m->book);
    format_set_bold(m->bold);
}

/* The name of a column as a sheet writes it: 27 → AB. */
static const char *letters(Ctx *c, int col)
{
    return col < 26 ? arena_printf(c->a, "%c", 'A' + col)
                    : arena_printf(c->a, "%c%c", 'A' + col / 26 - 1, 'A' + col % 26);
}

/* A warning that may be passed over; for an open list none at all. */
static void offer(const Part *p, size_t col, const char *formula, bool open)
{
    lxw_data_validation v = {.validate = LXW_VALIDATION_TYPE_LIST_FORMULA,
                             .ignore_blank = LXW_VALIDATION_ON,
                             .dropdown = LXW_VALIDATION_ON,
                             .show_error = open ? LXW_VALIDATION_OFF : LXW_VALIDATION_ON,
                             .error_type = LXW_VALIDATION_ERROR_TYPE_WARNING};
    v.value_formula = (char *)(uintptr_t)formula; /* read only, whatever its type says */
    worksheet_data_validation_range(p->sheet, 1, (lxw_col_t)col, LIST_ROWS, (lxw_col_t)col, &v);
}

static void check_days(const Part *p, size_t col)
{
    lxw_data_validation v = {.validate = LXW_VALIDATION_TYPE_DATE,
                             .criteria = LXW_VALIDATION_CRITERIA_BETWEEN,
                             .ignore_blank = LXW_VALIDATION_ON,
                             .error_type = LXW_VALIDATION_ERROR_TYPE_WARNING,
                             .minimum_datetime = {1900, 3, 1, 0, 0, 0},
                             .maximum_datetime = {9999, 12, 31, 0, 0, 0}};
    worksheet_data_validation_range(p->sheet, 1, (lxw_col_t)col, LIST_ROWS, (lxw_col_t)col, &v);
}

/* The column of another sheet of this template in which what a link names is typed; NULL for none. */
static const char *beside(const Making *m, const Part *p, const Col *col)
{
    for (int i = 0; i < m->n; i++) {
        const Part *other = &m->parts[i];
        if (other == p || col->type != FT_LINK || strcmp(other->e->name, col->f->to) != 0)
            continue;
        for (size_t k = 0; k < other->cols.n; k++)
            if (other->cols.items[k].f == other->e->title) {
                const char *name = letters(m->c, (int)k);
                return arena_printf(m->c->a, "='%s'!$%s$2:$%s$%d", other->name, name, name,
                                    LIST_ROWS);
            }
    }
    return NULL;
}

static void fill_lists(Making *m, const Part *p)
{
    for (size_t i = 0; i < p->cols.n; i++) {
        const Col *col = &p->cols.items[i];
        const char *typed = beside(m, p, col);
        if (col->type == FT_DATE || col->type == FT_DATETIME)
            check_days(p, i);
        if (typed)
            offer(p, i, typed, true);
        if (!col->n_choices || m->n_lists >= LISTS_MOST)
            continue;
        for (int k = 0; k < col->n_choices; k++)
            worksheet_write_string(m->lists, (lxw_row_t)k, (lxw_col_t)m->n_lists, col->choices[k],
                                   NULL);
        const char *name = letters(m->c, m->n_lists++);
        offer(p, i, arena_printf(m->c->a, "=_lists!$%s$1:$%s$%d", name, name, col->n_choices),
              col->open);
    }
}

static lxw_format *format_of(const Making *m, const Col *col)
{
    return col->code                  ? m->text
           : col->type == FT_DATE     ? m->day
           : col->type == FT_DATETIME ? m->instant
                                      : NULL;
}

static void fill_part(Making *m, const Part *p)
{
    Ctx *c = m->c;
    lxw_worksheet *s = p->sheet;
    const char *mark = msg_text(c->lang, "import.sample_prefix");
    for (size_t i = 0; i < p->cols.n; i++) {
        const Col *col = &p->cols.items[i];
        lxw_col_t at = (lxw_col_t)i;
        double width = col->f == p->e->title ? 32 : col->f->type == FT_TEXT ? 30 : 18;
        worksheet_set_column(s, at, at, width, format_of(m, col));
        worksheet_write_string(s, 0, at, col->header, col->required ? m->need : m->head);
        if (*col->rule || *col->meaning)
            worksheet_write_comment(s, 0, at,
                                    arena_printf(c->a, "%s%s%s", col->meaning,
                                                 *col->meaning && *col->rule ? "\n" : "",
                                                 col->rule));
        const char *example = col->f == p->e->title || i == 0
                                  ? arena_printf(c->a, "%s%s", mark, col->example)
                                  : col->example;
        lxw_format *grey = col->code ? m->sample_text : m->sample;
        if (*example)
            worksheet_write_string(s, 1, at, example, grey);
        if (*example && (col->required || col->f == p->e->title || i == 0))
            worksheet_write_string(s, 2, at, example, grey); /* the least that is enough */
    }
    worksheet_freeze_panes(s, 1, 0);
}

static void guide_row(Making *m, lxw_worksheet *s, lxw_row_t row, const Col *col)
{
    worksheet_write_string(s, row, 0, col->header, col->required ? m->need : m->bold);
    worksheet_write_string(s, row, 1, col->required ? msg_text(m->c->lang, "import.guide_yes") : "",
                           m->wrap);
    worksheet_write_string(s, row, 2, col->rule, m->wrap);
    worksheet_write_string(s, row, 3, col->example, m->wrap);
    worksheet_write_string(s, row, 4, col->meaning, m->wrap);
}

static void fill_guide(Making *m, lxw_worksheet *s)
{
    static const char *const heads[] = {"import.guide_field", "import.guide_required",
                                        "import.guide_rule", "import.guide_example",
                                        "import.guide_meaning"};
    static const double widths[] = {24, 8, 48, 28, 48};
    Ctx *c = m->c;
    lxw_row_t row = 2;
    worksheet_write_string(s, 0, 0, msg_text(c->lang, "import.guide_head"), NULL);
    for (int i = 0; i < 5; i++) {
        worksheet_set_column(s, (lxw_col_t)i, (lxw_col_t)i, widths[i], m->wrap);
        worksheet_write_string(s, row, (lxw_col_t)i, msg_text(c->lang, heads[i]), m->head);
    }
    for (int k = 0; k < m->n; k++) {
        const Part *p = &m->parts[k];
        if (m->n > 1)
            worksheet_write_string(s, ++row, 0, p->name, m->bold);
        for (size_t i = 0; i < p->cols.n; i++)
            guide_row(m, s, ++row, &p->cols.items[i]);
    }
}

static bool fill_meta(Making *m)
{
    ImpMetaSheet sheets[SHEETS_MOST];
    for (int k = 0; k < m->n; k++) {
        const Part *p = &m->parts[k];
        ImpMetaColumn *cols = ARENA_ARRAY(m->c->a, p->cols.n + 1, ImpMetaColumn);
        for (size_t i = 0; i < p->cols.n; i++)
            cols[i] = (ImpMetaColumn){p->cols.items[i].path, p->cols.items[i].header};
        sheets[k] = (ImpMetaSheet){p->e->name, p->name, cols, (int)p->cols.n};
    }
    return imp_meta_write(m->c, m->book, "template", sheets, m->n);
}

/* ---- which sheets -------------------------------------------------------------------------- */

static bool leads_to(const Entity *child, const Entity *e)
{
    for (int i = 0; i < child->n_fields; i++)
        if (child->fields[i].type == FT_LINK && child->fields[i].to &&
            strcmp(child->fields[i].to, e->name) == 0 && !child->fields[i].standard)
            return true;
    return false;
}

static const Entity *named(Ctx *c, const char *name)
{
    for (int i = 0; i < c->model->n; i++) {
        const Entity *e = &c->model->entities[i];
        if (strcmp(e->name, name) == 0 || (e->plural && strcmp(e->plural, name) == 0))
            return e;
    }
    return NULL;
}

/* "contacts,tasks": entities that link to the first one. */
static bool choose(Making *m, const Entity *e, const char *with)
{
    Ctx *c = m->c;
    m->parts[m->n++] = (Part){.e = e};
    for (const char *p = with; p && *p;) {
        size_t len = strcspn(p, ",");
        const char *word = arena_dup(c->a, p, len);
        p += len + (p[len] == ',');
        const Entity *child = *word ? named(c, word) : NULL;
        bool again = false;
        for (int i = 0; i < m->n; i++)
            again |= m->parts[i].e == child;
        if (again || !*word)
            continue;
        if (!child || !(child->gets & GETS_IMPORT) || !leads_to(child, e) || m->n == SHEETS_MOST)
            return ctx_fail(c, ERR_INVALID, "with", "err.import.entity", word);
        if (!access_need(c, child, ACT_IMPORT))
            return false;
        m->parts[m->n++] = (Part){.e = child};
    }
    for (int i = 0; i < m->n; i++) {
        const char *label = label_in(m->parts[i].e->label, c->lang);
        m->parts[i].name =
            sheet_text_name(c->a, m->n > 1 ? label : say(c, "import.template_name", label));
        if (!gather(c, &m->parts[i]))
            return false;
    }
    return true;
}

static bool fill(Making *m)
{
    bool ok = true;
    for (int i = 0; i < m->n; i++) {
        m->parts[i].sheet = workbook_add_worksheet(m->book, m->parts[i].name);
        ok = ok && m->parts[i].sheet;
    }
    lxw_worksheet *guide =
        workbook_add_worksheet(m->book, msg_text(m->c->lang, "import.guide_name"));
    m->lists = workbook_add_worksheet(m->book, "_lists");
    if (!ok || !guide || !m->lists)
        return false;
    for (int i = 0; i < m->n; i++) {
        fill_part(m, &m->parts[i]);
        fill_lists(m, &m->parts[i]);
    }
    fill_guide(m, guide);
    worksheet_hide(m->lists);
    return fill_meta(m);
}

bool import_template(Ctx *c, const Entity *e, const char *with, const char **out_path)
{
    Making m = {.c = c};
    if (!choose(&m, e, with))
        return false;
    char *path = attach_tmp(c, ".xlsx");
    lxw_workbook_options opts = {.tmpdir = arena_printf(c->a, "%s/tmp", attach_dir())};
    m.book = workbook_new_opt(path, &opts);
    if (!m.book)
        return file_fail(c, path, ENOMEM);
    formats(&m);
    bool ok = fill(&m);
    if (workbook_close(m.book) != LXW_NO_ERROR || !ok)
        return file_fail(c, path, EIO);
    *out_path = path;
    return true;
}
