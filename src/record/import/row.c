/* One row of a file on its way to a record: cells to the input of rec_create or rec_update. See impl.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fold.h"
#include "base/msg.h"
#include "base/phone.h"
#include "base/region.h"
#include "base/utf8.h"
#include "meta/types.h"
#include "record/import/impl.h"

/* ---- the plan of a sheet ------------------------------------------------------------------- */

bool imp_is_code(const Field *f)
{
    return f->type == FT_PHONE || f->type == FT_NUMBER || f->match == MATCH_CREDIT_CODE ||
           f->match == MATCH_PHONE ||
           (f->type == FT_STRING && (strstr(f->label.zh, "号") || strstr(f->label.zh, "证") ||
                                     strstr(f->label.zh, "代码") || strstr(f->label.zh, "编码")));
}

static FieldType part_type(Ctx *c, const Field *f, const char *part)
{
    json_object *o = NULL;
    FieldType t = FT_STRING;
    int before = c->n_err;
    if (f->parts_json && json_read(c, f->parts_json, strlen(f->parts_json), &o)) {
        json_object *p = json_member(o, part);
        if (p)
            (void)type_parse(json_str(p, "type", "string"), &t);
    }
    ctx_errors_back_to(c, before);
    return t;
}

/* What a link may name a record by besides its number: the code of a department, the login of a person. */
static bool is_key_name(const Field *f)
{
    return strcmp(f->name, "code") == 0 || strcmp(f->name, "login") == 0;
}

bool imp_plan(Ctx *c, const ImpSheet *s, ImpPlan *out)
{
    const Entity *e = s->entity ? model_entity(c->model, s->entity) : NULL;
    if (!e || !(e->gets & GETS_IMPORT))
        return ctx_fail(c, ERR_INVALID, "entity", "err.import.entity", s->entity ? s->entity : "");
    *out = (ImpPlan){.s = s,
                     .e = e,
                     .title = e->title,
                     .title_col = -1,
                     .number_col = -1,
                     .keep = actor_has(c->actor, RIGHT_IMPORT_KEEP) || c->actor->is_system};
    out->maps = ARENA_ARRAY(c->a, s->n_columns + 1, ImpMap);
    for (int i = 0; i < s->n_columns; i++) {
        const ImpColumn *col = &s->columns[i];
        const char *part = NULL;
        const Field *f = col->field ? imp_field(c, e, col->field, &part) : NULL;
        if (!f)
            continue;
        ImpMap *m = &out->maps[out->n++];
        *m = (ImpMap){.col = i,
                      .path = col->field,
                      .header = col->header,
                      .f = f,
                      .part = part,
                      .type = f->type};
        m->address = strcmp(col->field, "address") == 0;
        m->next = -1;
        for (int k = 0; k < out->n - 1; k++) /* the last of the same field so far */
            if (out->maps[k].next < 0 && strcmp(out->maps[k].path, m->path) == 0) {
                out->maps[k].next = out->n - 1;
                m->follows = true;
            }
        m->wan = imp_in_wan(col->header);
        if (part)
            m->type = part_type(c, f, part);
        m->mobile = strstr(col->header, "手机") || strstr(col->field, "mobile") ||
                    strstr(imp_norm(c->a, col->header), "手机");
        if (f == e->title && !part)
            out->title_col = i;
        if (f->type == FT_NUMBER || (f->unique && !part && is_key_name(f)))
            out->number_col = i;
        out->slow |= f->write_only;
    }
    return out->n > 0 || ctx_fail(c, ERR_INVALID, "mapping", "err.import.no_columns", s->name);
}

static const SheetCell *cell(const ImpCells *row, int col)
{
    static const SheetCell blank = {.text = ""};
    return col >= 0 && col < row->n ? &row->cells[col] : &blank;
}

static const SheetCell *first_cell(const ImpPlan *p, const ImpCells *row)
{
    if (p->title_col >= 0 && cell(row, p->title_col)->kind != SHEET_BLANK)
        return cell(row, p->title_col);
    for (int i = 0; i < row->n; i++)
        if (row->cells[i].kind != SHEET_BLANK)
            return &row->cells[i];
    return cell(row, -1);
}

bool imp_is_sample(Ctx *c, const ImpPlan *p, const ImpCells *row)
{
    static const char *const words[] = {"示例：", "示例:", "例：", "例:", "Example: ", "Example:"};
    const char *text = fold_clean(c->a, first_cell(p, row)->text);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

bool imp_is_total(Ctx *c, const ImpPlan *p, const ImpCells *row)
{
    static const char *const words[] = {"合计",  "总计", "小计",      "共计",
                                        "total", "sum",  "grandtotal"};
    const SheetCell *cells[] = {first_cell(p, row), cell(row, 0)};
    for (int k = 0; k < 2; k++) {
        const char *text = cells[k]->kind == SHEET_TEXT ? imp_norm(c->a, cells[k]->text) : "";
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (strcmp(text, words[i]) == 0)
                return true;
    }
    return false;
}

/* ---- mistakes ------------------------------------------------------------------------------ */

/* A password is not repeated in what is kept about a row. */
static bool is_secret(const ImpPlan *p, int col)
{
    for (int i = 0; i < p->n; i++)
        if (p->maps[i].col == col && p->maps[i].f->write_only)
            return true;
    return false;
}

void imp_error(Ctx *c, ImpErrors *to, const ImpPlan *p, const ImpCells *row, int col,
               const char *code, const char *message)
{
    const ImpSheet *s = p->s;
    ImpError e = {.col = col, .code = code, .message = message};
    if (col >= 0) {
        char *value = arena_str(c->a, cell(row, col)->text);
        value[utf8_clip(value, 200)] = 0;
        e.value = is_secret(p, col) ? "" : value;
        e.header = col < s->n_columns ? s->columns[col].header : "";
    }
    vec_push(c->a, to, e);
}

/* The column a mistake of a field belongs to. */
static const ImpMap *map_of(const ImpPlan *p, const char *field)
{
    if (!field)
        return NULL;
    size_t len = strcspn(field, ".");
    const ImpMap *near = NULL;
    for (int i = 0; i < p->n; i++) {
        const ImpMap *m = &p->maps[i];
        if (strcmp(m->path, field) == 0)
            return m;
        bool place =
            m->address && (strcmp(field, "region") == 0 || strcmp(field, "address_detail") == 0);
        bool part = strncmp(m->path, field, len) == 0 && (m->path[len] == '.' || !m->path[len]);
        if (place || (part && (!near || m->mobile)))
            near = m;
    }
    return near;
}

static const char *code_of(const ErrItem *e, const ImpMap *m)
{
    if (e->code == ERR_DUPLICATE || e->code == ERR_KEY_IN_USE)
        return "dup.in_db";
    if (e->code == ERR_FORBIDDEN || e->code == ERR_NOT_FOUND || e->code == ERR_READONLY)
        return "perm.denied";
    if (e->code == ERR_FORMAT_PHONE && m && m->mobile)
        return "format.mobile";
    return err_name(e->code);
}

static bool has_error(const ImpErrors *list, int col)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].col == col)
            return true;
    return false;
}

bool imp_take_errors(Ctx *c, int n, ImpErrors *to, const ImpPlan *p, const ImpCells *row)
{
    ErrItem *e = c->err;
    for (int i = 0; e && i < n; i++)
        e = e->next;
    for (ErrItem *x = e; x; x = x->next)
        if (err_status(x->code) >= 500 || err_status(x->code) == 429)
            return false;
    for (; e; e = e->next) {
        const ImpMap *m = map_of(p, e->field);
        const char *code = code_of(e, m);
        if (e->code == ERR_REQUIRED && m && has_error(to, m->col))
            continue; /* a cell that was refused is not missing besides */
        const Field *f =
            e->field ? entity_field(p->e, arena_dup(c->a, e->field, strcspn(e->field, "."))) : NULL;
        imp_error(c, to, p, row, m ? m->col : -1, code,
                  strcmp(code, "perm.denied") == 0 && !e->field ? msg_text(c->lang, "import.perm")
                                                                : e->message);
        if (!m && f)
            to->items[to->n - 1].header = label_in(f->label, c->lang);
    }
    ctx_errors_back_to(c, n);
    return true;
}

/* ---- cells --------------------------------------------------------------------------------- */

static bool is_day(FieldType t)
{
    return t == FT_DATE || t == FT_DATETIME;
}

/* An instant with thousandths, as our own exports hold them: the reader shows whole seconds. */
static bool instant_ms_text(double serial, char out[32])
{
    double ms = serial * 86400000;
    if (serial < 61 || serial > 2958465 || fabs(ms - round(ms)) > 0.01 || llround(ms) % 1000 == 0)
        return false;
    ClockParts t = clock_parts(llround(ms) - INT64_C(25569) * 86400000, "UTC");
    (void)snprintf(out, 32, "%04d-%02d-%02d %02d:%02d:%02d.%03d", t.year, t.month, t.day, t.hour,
                   t.minute, t.second, t.ms);
    return true;
}

const char *imp_cell_text(Ctx *c, const ImpPlan *p, const ImpMap *m, const ImpCells *row,
                          ImpErrors *errors)
{
    const SheetCell *x = cell(row, m->col);
    if (x->kind == SHEET_ERROR) {
        const char *args[] = {x->text, NULL};
        imp_error(c, errors, p, row, m->col, x->uncached ? "formula.uncached" : "formula.error",
                  msg_format(c->a, c->lang,
                             x->uncached ? "import.formula_uncached" : "import.formula_error",
                             args));
        return NULL;
    }
    if (x->cut) { /* what is missing is not lost in silence */
        imp_error(c, errors, p, row, m->col, "too_long", msg_text(c->lang, "import.cell_long"));
        return NULL;
    }
    if (m->f->write_only) /* a password is taken as it stands */
        return arena_str(c->a, x->text);
    char *text = fold_clean(c->a, x->text);
    bool words =
        m->type == FT_STRING || m->type == FT_PHONE || m->type == FT_NUMBER || m->type == FT_TEXT;
    bool code = m->type == FT_PHONE || m->type == FT_NUMBER || (!m->part && imp_is_code(m->f));
    SheetCell narrow = {.kind = x->kind, .text = fold_narrow(c->a, text), .number = x->number};
    if ((x->kind == SHEET_NUMBER ? words : code) && imp_digits_lost(&narrow)) {
        imp_error(c, errors, p, row, m->col, "number.precision",
                  msg_text(c->lang, "import.precision"));
        return NULL;
    }
    size_t whole = code ? strspn(text, "0123456789") : 0;
    if (whole > 3 && text[whole] == '.' &&
        strspn(text + whole + 1, "0") == strlen(text + whole + 1))
        text[whole] = 0; /* 13800138000.0 */
    char day[32];
    bool written = x->number >= 19000101 && x->number <= 99991231 && x->number == floor(x->number);
    if (x->kind == SHEET_NUMBER && is_day(m->type) && !written && sheet_serial_text(x->number, day))
        return arena_str(c->a, day);
    if (x->kind == SHEET_DATE && m->type == FT_DATETIME && instant_ms_text(x->number, day))
        return arena_str(c->a, day);
    if (m->type == FT_MONEY && m->wan && *text && !strstr(text, "万"))
        return arena_printf(c->a, "%s万", text);
    return imp_word(c, &p->s->columns[m->col], m->f, m->type, text);
}

/* ---- values -------------------------------------------------------------------------------- */

static json_object *default_of(const ImpPlan *p, const char *path)
{
    return p->s->defaults ? json_member(p->s->defaults, path) : NULL;
}

DbVal imp_value(Ctx *c, const ImpPlan *p, const ImpCells *row, const Field *f)
{
    DbVal v = db_null();
    ImpErrors ignored = {0};
    int before = c->n_err;
    for (int i = 0; i < p->n; i++) {
        const ImpMap *m = &p->maps[i];
        if (m->f != f || m->part || m->address)
            continue;
        const char *text = imp_cell_text(c, p, m, row, &ignored);
        ImpSpare others = {0};
        if (text && m->type == FT_PHONE)
            text = imp_pick_phone(c, text, m->mobile, &others);
        if (text && *text && !type_ops(f->type)->from_text(c, f, text, &v))
            v = db_null();
    }
    json_object *d = v.kind == DB_NULL ? default_of(p, f->name) : NULL;
    if (d && f->type != FT_LINK && !type_ops(f->type)->from_json(c, f, d, &v))
        v = db_null();
    ctx_errors_back_to(c, before);
    return v;
}

/* The JSON the engine takes for a text of this type; NULL with a mistake recorded. */
static json_object *json_of(Ctx *c, const Field *f, FieldType type, const char *text)
{
    DbVal v = db_null();
    char at[25];
    switch (type) {
    case FT_STRING:
    case FT_TEXT:
    case FT_PHONE:
    case FT_EMAIL:
    case FT_URL:
    case FT_NUMBER: return json_object_new_string(text);
    default: break;
    }
    if (!type_ops(type)->from_text(c, f, text, &v))
        return NULL;
    if (v.kind == DB_NULL)
        return json_object_new_null();
    switch (type) {
    case FT_BOOL: return json_object_new_boolean(v.i != 0);
    case FT_INT:
    case FT_REGION: return json_object_new_int64(v.i);
    case FT_FLOAT: return json_object_new_double(v.d);
    case FT_DATE:
    case FT_OPTION: return json_object_new_string_len(v.s, (int)v.n);
    case FT_DATETIME: clock_rfc3339(v.i, at); return json_object_new_string(at);
    default: break;
    }
    Buf b; /* decimal, money, multi_option, json: as the type writes itself */
    Jw w;
    json_object *out = NULL;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    type_ops(type)->to_json(f, &v, &w);
    return json_read(c, b.data, b.len, &out) ? json_object_get(out) : NULL;
}

typedef struct Making {
    const ImpPlan *p;
    const ImpCells *row;
    bool is_new;
    ImpErrors *errors;
    ImpLinkFn link;
    void *arg;
    const Field **waiting;
    int *n_waiting;
    json_object *in;
    ImpSpare spare; /* phones that have no field yet */
} Making;

static json_object *part_object(Making *k, const Field *f)
{
    json_object *o;
    if (!json_object_object_get_ex(k->in, f->name, &o)) {
        o = json_object_new_object();
        json_object_object_add(k->in, f->name, o);
    }
    return o;
}

static void put_link(Ctx *c, Making *k, const ImpMap *m, const char *text)
{
    const Field *f = m->f;
    int64_t id = 0;
    bool pending = false;
    int before = c->n_err;
    const Entity *to = f->to ? model_entity(c->model, f->to) : NULL;
    if (!to) { /* an entity named by another field: the engine resolves names itself */
        json_object *named = json_object_new_object();
        json_object_object_add(named, "name", json_object_new_string(text));
        json_object_object_add(k->in, f->name, named);
        return;
    }
    if (!k->link(c, k->arg, f, to, text, &id, &pending)) {
        (void)imp_take_errors(c, before, k->errors, k->p, k->row);
        return;
    }
    if (pending)
        k->waiting[(*k->n_waiting)++] = f;
    else
        json_object_object_add(k->in, f->name, json_object_new_int64(id));
}

typedef struct Pieces {
    const char *at[64];
    size_t len[64];
    int n;
} Pieces;

/* "张三、李四" in pieces; false where there are too many. */
static bool split_links(const char *text, Pieces *out)
{
    const char *at;
    size_t n;
    for (out->n = 0; type_next_word(&text, false, &at, &n); out->n++) {
        if (out->n == 64)
            return false;
        out->at[out->n] = at;
        out->len[out->n] = n;
    }
    return true;
}

/* The link at piece i: by itself, else with the next ones, for a name may hold a separator. Returns the pieces taken, 0 with
   the mistake of the piece alone. */
static int take_link(Ctx *c, Making *k, const ImpMap *m, const Entity *to, const Pieces *ps, int i,
                     int64_t *id, bool *pending)
{
    int before = c->n_err;
    for (int j = i; j < ps->n && j < i + 4; j++) {
        size_t n = (size_t)(ps->at[j] + ps->len[j] - ps->at[i]);
        char *word = fold_clean(c->a, arena_dup(c->a, ps->at[i], n));
        if (k->link(c, k->arg, m->f, to, word, id, pending)) {
            ctx_errors_back_to(c, before);
            return j - i + 1;
        }
        if (j > i)
            ctx_errors_back_to(c, before + 1);
    }
    return 0;
}

/* Several links in one cell: all or none. */
static void put_links(Ctx *c, Making *k, const ImpMap *m, const char *text)
{
    const Entity *to = model_entity(c->model, m->f->to);
    json_object *list = json_object_new_array();
    int before = c->n_err;
    Pieces ps;
    json_object_object_add(k->in, m->f->name, list);
    if (!split_links(text, &ps))
        ctx_fail(c, ERR_RANGE, m->f->name, "err.range", "0", "64", "65");
    for (int i = 0; to && c->n_err == before && i < ps.n;) {
        int64_t id = 0;
        bool pending = false;
        const char *piece = arena_dup(c->a, ps.at[i], ps.len[i]);
        int taken = *fold_clean(c->a, piece) ? take_link(c, k, m, to, &ps, i, &id, &pending) : 1;
        if (pending) { /* a row of this file that is not there yet */
            k->waiting[(*k->n_waiting)++] = m->f;
            json_object_object_del(k->in, m->f->name);
            return;
        }
        if (id)
            json_object_array_add(list, json_object_new_int64(id));
        i += taken;
        if (!taken)
            break;
    }
    if (c->n_err > before) {
        json_object_object_del(k->in, m->f->name);
        (void)imp_take_errors(c, before, k->errors, k->p, k->row);
    }
}

static void put_address(Ctx *c, Making *k, const char *text)
{
    int32_t code = 0;
    const char *rest = text;
    if (region_parse_address(c->a, text, &code, &rest) && code)
        json_object_object_add(k->in, "region", json_object_new_int64(code));
    else
        rest = text;
    rest = fold_clean(c->a, rest);
    if (*rest)
        json_object_object_add(k->in, "address_detail", json_object_new_string(rest));
}

/* The text of a field: of its column, or of all its columns together (省, 市, 区). */
static const char *field_text(Ctx *c, Making *k, const ImpMap *m)
{
    if (m->next < 0)
        return imp_cell_text(c, k->p, m, k->row, k->errors);
    ImpPiece *list = ARENA_ARRAY(c->a, k->p->n + 1, ImpPiece);
    int n = 0;
    bool any = false;
    for (const ImpMap *x = m;; x = &k->p->maps[x->next]) {
        const char *text = imp_cell_text(c, k->p, x, k->row, k->errors);
        if (text)
            list[n++] = (ImpPiece){x->header, text};
        any |= text != NULL;
        if (x->next < 0)
            break;
    }
    return any ? imp_join(c, m->type, list, n) : NULL;
}

/* Does the program keep it, or may it only be given at creation? */
static bool passed_over(const Ctx *c, const Making *k, const ImpMap *m)
{
    const Field *f = m->f;
    bool given = f->type == FT_NUMBER ||
                 (k->p->e->standard && (f->index == STD_OWNER || f->index == STD_CREATED_AT));
    if (f->index == STD_ID) /* only to find the record by */
        return true;
    if (given && (!k->is_new || imp_left_out(c, k->p->e, f->name)))
        return true;
    return !k->is_new && (f->create_only || f->type == FT_PARTS);
}

static void put_cell(Ctx *c, Making *k, const ImpMap *m)
{
    const Field *f = m->f;
    if (passed_over(c, k, m) || m->follows)
        return;
    const char *text = field_text(c, k, m);
    if (!text)
        return;
    if (!*text) {
        json_object *d = default_of(k->p, m->path);
        if (d && (k->is_new || !k->p->s->clear))
            json_object_object_add(m->part ? part_object(k, f) : k->in, m->part ? m->part : f->name,
                                   json_object_get(d));
        else if (!k->is_new && k->p->s->clear && !m->part && !m->address)
            json_object_object_add(k->in, f->name, NULL);
        return;
    }
    if (!k->is_new && f->personal && strstr(text, "***"))
        return; /* exported masked: what he may not read he does not change */
    if (f->type == FT_LINK_MANY) {
        put_links(c, k, m, text);
    } else if (m->address) {
        put_address(c, k, text);
    } else if (f->type == FT_LINK) {
        put_link(c, k, m, text);
    } else {
        int before = c->n_err;
        if (m->type == FT_PHONE)
            text = imp_pick_phone(c, text, m->mobile, &k->spare);
        json_object *v = json_of(c, f, m->type, text);
        if (c->n_err > before) {
            (void)imp_take_errors(c, before, k->errors, k->p, k->row);
            return;
        }
        json_object_object_add(m->part ? part_object(k, f) : k->in, m->part ? m->part : f->name, v);
    }
}

/* Defaults of fields that no column brings. */
static void put_defaults(Making *k)
{
    json_object *d = k->p->s->defaults;
    if (!d || !k->is_new)
        return;
    json_object_object_foreach(d, name, value)
    {
        const char *dot = strchr(name, '.');
        if (!dot && value && !json_object_object_get_ex(k->in, name, NULL))
            json_object_object_add(k->in, name, json_object_get(value));
    }
}

/* 联系方式 of a customer is the person's mobile, too, where it is one and no column of its own brings it. */
static void lend_phone(Ctx *c, Making *k)
{
    const Field *f = entity_field(k->p->e, "primary_contact");
    json_object *person, *phone, *other;
    Phone ph;
    if (!f || f->type != FT_PARTS || !k->is_new ||
        !json_object_object_get_ex(k->in, f->name, &person))
        return;
    if (!json_object_object_get_ex(person, "name", &other)) { /* nobody is named: no person */
        if (json_object_object_length(person) == 0)
            json_object_object_del(k->in, f->name);
        return;
    }
    if (json_object_object_get_ex(person, "mobile", &other) ||
        !json_object_object_get_ex(k->in, "phone", &phone) || !phone)
        return;
    memset(&ph, 0, sizeof ph);
    if (phone_parse(c->a, json_object_get_string(phone), &ph) == PHONE_MOBILE)
        json_object_object_add(person, "mobile", json_object_new_string(ph.display));
}

static int phone_column(const ImpPlan *p)
{
    for (int i = 0; i < p->n; i++)
        if (p->maps[i].type == FT_PHONE)
            return p->maps[i].col;
    return -1;
}

json_object *imp_input(Ctx *c, const ImpPlan *p, const ImpCells *row, bool is_new,
                       ImpErrors *errors, ImpLinkFn link, void *arg, const Field **waiting,
                       int *n_waiting)
{
    Making k = {.p = p,
                .row = row,
                .is_new = is_new,
                .errors = errors,
                .link = link,
                .arg = arg,
                .waiting = waiting,
                .n_waiting = n_waiting,
                .in = rec_input(c)};
    *n_waiting = 0;
    for (int i = 0; i < p->n; i++)
        put_cell(c, &k, &p->maps[i]);
    put_defaults(&k);
    if (k.spare.n && !imp_place_phones(c, p->e, k.in, is_new, &k.spare))
        imp_error(c, errors, p, row, phone_column(p), "format.phone",
                  msg_text(c->lang, "import.phones_unplaced"));
    lend_phone(c, &k);
    return k.in;
}
