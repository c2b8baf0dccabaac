/*
 * The template of an entity, made from the declarations as they are now, custom fields included. Required
 * columns are red with *, phones and codes are text, options have a list (on a hidden sheet: an inline one
 * ends at 255 characters), the rule stands in a comment, a sample row shows how and is passed over by the
 * importer. The hidden sheet _meta says which column is which field, so nothing is guessed on the way back.
 */
#include <errno.h>
#include <string.h>
#include <xlsxwriter.h>

#include "base/file.h"
#include "base/msg.h"
#include "meta/types.h"
#include "record/attach.h"
#include "record/import_impl.h"

enum { LIST_ROWS = 10000 };

typedef struct Col {
    const char *path, *header, *rule, *example, *meaning;
    const Field *f;
    bool required, code, date;
    const char **choices;
    int n_choices;
} Col;

typedef VEC(Col) Cols;

typedef struct Making {
    Ctx *c;
    const Entity *e;
    lxw_workbook *book;
    Cols cols;
    lxw_format *text, *head, *need, *sample, *sample_text, *wrap, *bold;
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

static void choices_of(Ctx *c, const Field *f, Col *col)
{
    int n = f->type == FT_BOOL ? 2 : f->type == FT_OPTION ? f->n_options : 0;
    if (!n)
        return;
    col->choices = ARENA_ARRAY(c->a, n + 1, const char *);
    if (f->type == FT_BOOL) {
        for (int i = 0; i < 2; i++)
            col->choices[col->n_choices++] =
                type_ops(FT_BOOL)->to_text(c->a, f, &(DbVal){.kind = DB_INT, .i = 1 - i}, c->lang);
        return;
    }
    for (int i = 0; i < n; i++)
        if (!f->options[i].disabled)
            col->choices[col->n_choices++] = label_in(f->options[i].label, c->lang);
}

static void add_parts(Making *m, const Field *f)
{
    Ctx *c = m->c;
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
        bool required = (f->required || f->form_required) && json_flag(part, "required", false),
             first = strcmp(name, "name") == 0;
        const char *own = label ? json_str(label, c->lang, json_str(label, "zh", name)) : name;
        bool en = strcmp(c->lang, "en") == 0;
        Col col = {.f = f,
                   .path = arena_printf(c->a, "%s.%s", f->name, name),
                   .required = required,
                   .code = type == FT_PHONE,
                   .header = arena_printf(c->a, "%s%s%s%s", required ? "*" : "",
                                          label_in(f->label, c->lang), en ? " " : "", own),
                   .rule = rule_of(c, f, type),
                   .example = first              ? text_of(&f->example, c->lang)
                              : type == FT_PHONE ? "13800138000"
                                                 : "",
                   .meaning = first ? text_of(&f->definition, c->lang) : ""};
        vec_push(c->a, &m->cols, col);
    }
}

static void gather(Making *m)
{
    Ctx *c = m->c;
    const Entity *e = m->e;
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        bool standard = f->standard && e->standard;
        if (!imp_may_use(c, f) || f->type == FT_NUMBER || standard || !f->in_form ||
            f->type == FT_JSON || (f->type == FT_LINK && !f->to))
            continue;
        if (f->type == FT_PARTS) {
            add_parts(m, f);
            continue;
        }
        bool required = f->required || f->form_required;
        Col col = {.f = f,
                   .path = f->name,
                   .required = required,
                   .code = imp_is_code(f),
                   .date = f->type == FT_DATE,
                   .header =
                       arena_printf(c->a, "%s%s", required ? "*" : "", label_in(f->label, c->lang)),
                   .rule = rule_of(c, f, f->type),
                   .example = text_of(&f->example, c->lang),
                   .meaning = text_of(&f->definition, c->lang)};
        choices_of(c, f, &col);
        vec_push(c->a, &m->cols, col);
    }
}

/* ---- sheets -------------------------------------------------------------------------------- */

static void formats(Making *m)
{
    m->text = workbook_add_format(m->book);
    format_set_num_format(m->text, "@");
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

static void fill_lists(Making *m, lxw_worksheet *main, lxw_worksheet *lists)
{
    int at = 0;
    for (size_t i = 0; i < m->cols.n; i++) {
        const Col *col = &m->cols.items[i];
        if (!col->n_choices || at >= 700)
            continue;
        for (int k = 0; k < col->n_choices; k++)
            worksheet_write_string(lists, (lxw_row_t)k, (lxw_col_t)at, col->choices[k], NULL);
        const char *name = letters(m->c, at++);
        lxw_data_validation v = {.validate = LXW_VALIDATION_TYPE_LIST_FORMULA,
                                 .ignore_blank = LXW_VALIDATION_ON,
                                 .dropdown = LXW_VALIDATION_ON,
                                 .error_type = LXW_VALIDATION_ERROR_TYPE_WARNING};
        v.value_formula = arena_printf(m->c->a, "=_lists!$%s$1:$%s$%d", name, name, col->n_choices);
        worksheet_data_validation_range(main, 1, (lxw_col_t)i, LIST_ROWS, (lxw_col_t)i, &v);
    }
}

static void fill_main(Making *m, lxw_worksheet *s)
{
    Ctx *c = m->c;
    const char *mark = msg_text(c->lang, "import.sample_prefix");
    for (size_t i = 0; i < m->cols.n; i++) {
        const Col *col = &m->cols.items[i];
        lxw_col_t at = (lxw_col_t)i;
        double width = col->f == m->e->title ? 32 : col->f->type == FT_TEXT ? 30 : 18;
        worksheet_set_column(s, at, at, width, col->code || col->date ? m->text : NULL);
        worksheet_write_string(s, 0, at, col->header, col->required ? m->need : m->head);
        if (*col->rule || *col->meaning)
            worksheet_write_comment(s, 0, at,
                                    arena_printf(c->a, "%s%s%s", col->meaning,
                                                 *col->meaning && *col->rule ? "\n" : "",
                                                 col->rule));
        const char *example = col->f == m->e->title || i == 0
                                  ? arena_printf(c->a, "%s%s", mark, col->example)
                                  : col->example;
        if (*example)
            worksheet_write_string(s, 1, at, example,
                                   col->code || col->date ? m->sample_text : m->sample);
    }
    worksheet_freeze_panes(s, 1, 0);
}

static void fill_guide(Making *m, lxw_worksheet *s)
{
    static const char *const heads[] = {"import.guide_field", "import.guide_required",
                                        "import.guide_rule", "import.guide_example",
                                        "import.guide_meaning"};
    static const double widths[] = {24, 8, 48, 28, 48};
    Ctx *c = m->c;
    worksheet_write_string(s, 0, 0, msg_text(c->lang, "import.guide_head"), NULL);
    for (int i = 0; i < 5; i++) {
        worksheet_set_column(s, (lxw_col_t)i, (lxw_col_t)i, widths[i], m->wrap);
        worksheet_write_string(s, 2, (lxw_col_t)i, msg_text(c->lang, heads[i]), m->head);
    }
    for (size_t i = 0; i < m->cols.n; i++) {
        const Col *col = &m->cols.items[i];
        lxw_row_t row = (lxw_row_t)(i + 3);
        worksheet_write_string(s, row, 0, col->header, col->required ? m->need : m->bold);
        worksheet_write_string(s, row, 1,
                               col->required ? msg_text(c->lang, "import.guide_yes") : "", m->wrap);
        worksheet_write_string(s, row, 2, col->rule, m->wrap);
        worksheet_write_string(s, row, 3, col->example, m->wrap);
        worksheet_write_string(s, row, 4, col->meaning, m->wrap);
    }
}

static void fill_meta(Making *m, lxw_worksheet *s, const char *main_name)
{
    lxw_row_t row = 0;
    const char *const rows[][2] = {{"zhike_template", "1"},
                                   {"entity", m->e->name},
                                   {"schema_version", m->c->model->version},
                                   {"sheet", main_name}};
    for (; row < 4; row++) {
        worksheet_write_string(s, row, 0, rows[row][0], NULL);
        worksheet_write_string(s, row, 1, rows[row][1], NULL);
    }
    for (size_t i = 0; i < m->cols.n; i++, row++) {
        worksheet_write_string(s, row, 0, "column", NULL);
        worksheet_write_string(s, row, 1, ctx_num(m->c, (int64_t)i), NULL);
        worksheet_write_string(s, row, 2, m->cols.items[i].path, NULL);
        worksheet_write_string(s, row, 3, m->cols.items[i].header, NULL);
    }
}

bool import_template(Ctx *c, const Entity *e, const char **out_path)
{
    char *path = attach_tmp(c, ".xlsx");
    Making m = {.c = c, .e = e, .book = workbook_new(path)};
    if (!m.book)
        return file_fail(c, path, ENOMEM);
    gather(&m);
    formats(&m);
    const char *name = say(c, "import.template_name", label_in(e->label, c->lang));
    lxw_worksheet *main = workbook_add_worksheet(m.book, name),
                  *guide = workbook_add_worksheet(m.book, msg_text(c->lang, "import.guide_name"));
    lxw_worksheet *lists = workbook_add_worksheet(m.book, "_lists"),
                  *meta = workbook_add_worksheet(m.book, "_meta");
    if (main && guide && lists && meta) {
        fill_main(&m, main);
        fill_lists(&m, main, lists);
        fill_guide(&m, guide);
        fill_meta(&m, meta, name);
        worksheet_hide(lists);
        worksheet_hide(meta);
    }
    lxw_error err = workbook_close(m.book);
    if (err != LXW_NO_ERROR || !main || !guide || !lists || !meta)
        return file_fail(c, path, EIO);
    *out_path = path;
    return true;
}
