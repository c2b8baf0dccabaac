/* Imports as the API sees them: upload, mapping, queueing, errors. See import.h. */
#include "record/import/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/msg.h"
#include "record/attach.h"
#include "record/import/impl.h"

/* ---- upload -------------------------------------------------------------------------------- */

static bool may_wish(Ctx *c, const char *entity)
{
    const Entity *e = model_entity(c->model, entity);
    if (!e || !(e->gets & GETS_IMPORT))
        return ctx_fail(c, ERR_INVALID, "entity", "err.import.entity", entity);
    return access_need(c, e, ACT_IMPORT);
}

static bool may_any(Ctx *c)
{
    for (int i = 0; i < c->model->n; i++)
        if ((c->model->entities[i].gets & GETS_IMPORT) &&
            access_may(c, &c->model->entities[i], ACT_IMPORT))
            return true;
    return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden");
}

static bool look_at(Ctx *c, SheetBook *b, const char *wish, Imp *imp)
{
    bool wished = false;
    imp->sheets = ARENA_ARRAY(c->a, sheet_count(b) + 1, ImpSheet);
    for (int i = 0; i < sheet_count(b); i++) {
        const SheetInfo *info = sheet_info(b, i);
        bool first = wish && !wished && !info->hidden;
        if (!imp_look(c, b, i, first ? wish : NULL, &imp->sheets[imp->n]))
            return false;
        wished |= first;
        imp->n++;
    }
    imp->encoding = sheet_encoding(b);
    imp->delimiter = sheet_delimiter(b);
    wished = false;
    for (int i = 0; i < imp->n; i++) {
        ImpSheet *s = &imp->sheets[i];
        bool first = wish && !wished && !s->hidden;
        wished |= first;
        if (s->rows &&
            !(imp_profile(c, s, first ? wish : NULL) && imp_recall(c, s, first ? wish : NULL)))
            return false;
    }
    if (!imp_meta(c, b, imp->sheets, imp->n))
        return false;
    for (int i = 0; i < imp->n; i++)
        imp_note_columns(c, &imp->sheets[i]);
    if (imp->n && imp->encoding && sheet_rule(b)) {
        ImpSheet *first = &imp->sheets[0];
        imp_note(c, first, "encoding", imp->encoding, 1);
        first->notes[first->n_notes - 1].rule = sheet_rule(b);
    }
    return true;
}

/* In the write of the file's row: neither is there without the other. */
static bool insert(Ctx *c, void *arg, int64_t file)
{
    Imp *imp = arg;
    imp->file = file;
    return imp_insert(c, imp);
}

bool import_create(Ctx *c, const char *path, const char *name, const char *entity, int64_t *out_id)
{
    if (entity && !*entity)
        entity = NULL;
    if (entity ? !may_wish(c, entity) : !may_any(c))
        return false;
    SheetBook *b;
    Imp imp = {.id = id_new(),
               .owner = c->actor->user,
               .file_name = name && *name ? name : "import",
               .state = "uploaded"};
    SheetOptions o = {.name = imp.file_name};
    if (!sheet_open(c, path, &o, &b) || !look_at(c, b, entity, &imp))
        return false;
    sheet_close(b);
    for (int i = 0; i < imp.n; i++)
        imp.total += imp.sheets[i].entity ? imp.sheets[i].rows : 0;
    AttachNew n = {.path = path,
                   .name = imp.file_name,
                   .parent_type = "import_job",
                   .parent = imp.id,
                   .with = insert,
                   .arg = &imp};
    int64_t file;
    if (!attach_store(c, &n, &file))
        return false;
    *out_id = imp.id;
    return true;
}

bool import_json(Ctx *c, int64_t id, Buf *out)
{
    Imp imp;
    Jw w;
    if (!imp_load(c, id, &imp))
        return false;
    jw_init(&w, out);
    imp_write_json(c, &imp, &w);
    return true;
}

/* ---- mapping ------------------------------------------------------------------------------- */

static bool set_mapping(Ctx *c, ImpSheet *s, const Entity *e, json_object *mapping)
{
    json_object_object_foreach(mapping, key, value)
    {
        char *end;
        long col = strtol(key, &end, 10);
        const char *field = value ? json_object_get_string(value) : NULL;
        if (*end || col < 0 || col >= s->n_columns) {
            /* a header is as good as an index */
            for (col = 0; col < s->n_columns && strcmp(s->columns[col].header, key) != 0;)
                col++;
            if (col == s->n_columns) {
                ctx_fail(c, ERR_INVALID, "mapping", "err.import.column", s->name, key);
                continue;
            }
        }
        if (field && *field && !imp_field(c, e, field, NULL))
            ctx_fail(c, ERR_INVALID, "mapping", "err.import.field", field);
        else
            s->columns[col].field = field && *field ? arena_str(c->a, field) : NULL;
    }
    for (int i = 0; i < s->n_columns; i++)
        for (int k = 0; k < i; k++)
            if (s->columns[i].field && s->columns[k].field &&
                strcmp(s->columns[i].field, s->columns[k].field) == 0 &&
                !imp_may_share(c, e, s->columns[i].field, s->columns[k].header,
                               s->columns[i].header))
                return ctx_fail(c, ERR_INVALID, "mapping", "err.import.field_twice",
                                s->columns[i].field);
    return c->n_err == 0;
}

static bool set_match(Ctx *c, ImpSheet *s, const Entity *e, json_object *match)
{
    if (!imp_read_match(c, match, s))
        return ctx_fail(c, ERR_INVALID, "match", "err.import.match",
                        json_object_to_json_string_ext(match, JSON_C_TO_STRING_PLAIN));
    for (int i = 0; i < s->n_match; i++)
        for (int k = 0; k < s->match[i].n; k++) {
            const char *name = s->match[i].fields[k];
            const Field *f = entity_field(e, name);
            if (!f || !f->column || f->hidden || f->type == FT_LINK || f->type == FT_JSON ||
                f->type == FT_TEXT || !imp_may_use(c, f))
                return ctx_fail(c, ERR_INVALID, "match", "err.import.match", name);
            s->match[i].fields[k] = f->name;
        }
    return true;
}

/* The index of a word in a list closed by NULL; -1 where it is none of them. */
static int word_at(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static bool set_words(Ctx *c, ImpSheet *s, json_object *in)
{
    const char *mode = json_str(in, "mode", NULL), *blank = json_str(in, "on_blank", NULL),
               *dup = json_str(in, "on_duplicate", NULL);
    int at = mode ? word_at(imp_modes, mode) : (int)s->mode,
        on = dup ? word_at(imp_on_dups, dup) : (int)s->on_duplicate;
    if (at < 0)
        ctx_fail(c, ERR_INVALID, "mode", "err.import.mode");
    else
        s->mode = (ImpMode)at;
    if (on < 0)
        ctx_fail(c, ERR_INVALID, "on_duplicate", "err.import.on_duplicate");
    else
        s->on_duplicate = (ImpOnDup)on;
    if (blank && strcmp(blank, "keep") != 0 && strcmp(blank, "clear") != 0)
        ctx_fail(c, ERR_INVALID, "on_blank", "err.import.on_blank");
    else if (blank)
        s->clear = strcmp(blank, "clear") == 0;
    return c->n_err == 0;
}

static bool set_defaults(Ctx *c, ImpSheet *s, const Entity *e, json_object *defaults)
{
    json_object_object_foreach(defaults, name, value)
    {
        (void)value;
        if (!imp_field(c, e, name, NULL))
            ctx_fail(c, ERR_INVALID, "defaults", "err.import.field", name);
    }
    s->defaults = json_object_object_length(defaults) ? defaults : NULL;
    return c->n_err == 0;
}

static const JsonWant sheet_want[] = {
    {"index", json_type_int, true},
    {"entity", json_type_string, false},
    {"header_row", json_type_int, false},
    {"header_rows", json_type_int, false},
    {"fill_down", json_type_boolean, false},
    {"mapping", json_type_object, false},
    {"mode", json_type_string, false},
    {"match", json_type_array, false},
    {"on_blank", json_type_string, false},
    {"defaults", json_type_object, false},
    {"on_duplicate", json_type_string, false},
    {NULL, json_type_null, false},
};

static bool set_sheet(Ctx *c, SheetBook *b, ImpSheet *s, json_object *in)
{
    const char *entity = json_str(in, "entity", NULL);
    int64_t header = json_int(in, "header_row", s->header_row),
            rows = json_int(in, "header_rows", header == s->header_row ? s->header_rows : 1);
    if (!entity || !*entity) {
        s->entity = NULL;
        return true;
    }
    if (!may_wish(c, entity))
        return false;
    if (header < 0 || header > 1000 || rows < 1 || rows > 2 || (header && rows > header))
        return ctx_fail(c, ERR_INVALID, "header_row", "err.import.header_row");
    const Entity *e = model_entity(c->model, entity);
    bool anew = !s->entity || strcmp(s->entity, e->name) != 0;
    if (!header)
        rows = 1;
    if (header != s->header_row || rows != s->header_rows) {
        if (!imp_reread(c, b, header, (int)rows, s))
            return false;
        anew = true;
    }
    s->fill_down = json_flag(in, "fill_down", s->fill_down);
    s->entity = e->name;
    if (anew) {
        imp_guess(c, e, s);
        s->remembered = false;
        s->profile = NULL;
        imp_note_columns(c, s);
    }
    json_object *mapping = json_member(in, "mapping"), *match = json_member(in, "match"),
                *defaults = json_member(in, "defaults");
    return set_words(c, s, in) && (!mapping || set_mapping(c, s, e, mapping)) &&
           (!match || set_match(c, s, e, match)) && (!defaults || set_defaults(c, s, e, defaults));
}

static bool set_sheets(Ctx *c, SheetBook *b, Imp *imp, json_object *list)
{
    bool *named = ARENA_ARRAY(c->a, imp->n + 1, bool);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *in = json_object_array_get_idx(list, i);
        if (!json_object_is_type(in, json_type_object))
            return ctx_fail(c, ERR_TYPE, "sheets", "err.json_object");
        if (!json_want(c, in, sheet_want))
            return false;
        int64_t index = json_int(in, "index", -1);
        if (index < 0 || index >= imp->n)
            return ctx_fail(c, ERR_INVALID, "sheets", "err.import.sheet", ctx_num(c, index));
        named[index] = true;
        if (!set_sheet(c, b, &imp->sheets[index], in))
            return false;
    }
    imp->total = 0;
    for (int i = 0; i < imp->n; i++) {
        if (!named[i]) /* the list is the whole plan */
            imp->sheets[i].entity = NULL;
        imp->total += imp->sheets[i].entity ? imp->sheets[i].rows : 0;
    }
    return true;
}

static bool state_is(const Imp *imp, const char *const *states)
{
    for (; *states; states++)
        if (strcmp(imp->state, *states) == 0)
            return true;
    return false;
}

static const char *const at_rest[] = {"uploaded", "checked", "failed", "cancelled", NULL};

/* May the plan still change, or be carried out? */
static bool is_open(Ctx *c, const Imp *imp)
{
    return (state_is(imp, at_rest) && !imp->ran) ||
           ctx_fail(c, ERR_CONFLICT, NULL, "err.import.state", imp->state);
}

/* Nothing done yet: what a look or an earlier check counted is over. */
static bool save_nothing_done(Ctx *c, const Imp *imp)
{
    return imp_save_progress(c, imp->id, 0, imp->total,
                             "{\"created\":0,\"updated\":0,\"unchanged\":0,\"skipped\":0,"
                             "\"duplicate\":0,\"failed\":0}");
}

static bool save_plan(Ctx *c, void *arg)
{
    const Imp *imp = arg;
    return imp_save_plan(c, imp) && imp_save_state(c, imp->id, "uploaded", NULL) &&
           save_nothing_done(c, imp);
}

static bool save_choices(Ctx *c, void *arg)
{
    return imp_save_plan(c, arg);
}

/* What shall become of groups of duplicates: added to what was chosen before; null takes a choice back. */
static bool set_choices(Ctx *c, Imp *imp, json_object *choices)
{
    if (!imp->choices)
        imp->choices = rec_input(c);
    json_object_object_foreach(choices, group, value)
    {
        const char *word = value ? json_object_get_string(value) : NULL;
        int at = word ? word_at(imp_on_dups, word) : 0;
        if (strlen(group) != 16 || strspn(group, "0123456789abcdef") != 16 || at < 0 ||
            (word && at == ON_DUP_REFUSE))
            return ctx_fail(c, ERR_INVALID, "choices", "err.import.choice");
        if (!word)
            json_object_object_del(imp->choices, group);
        else
            json_object_object_add(imp->choices, group, json_object_new_string(word));
    }
    return true;
}

bool imp_delimiter(Ctx *c, const char *text, char *out)
{
    if (strcmp(text, "tab") == 0)
        text = "\t";
    if (strlen(text) != 1 || !strchr(",;\t|", *text))
        return ctx_fail(c, ERR_INVALID, "delimiter", "err.import.delimiter");
    *out = *text;
    return true;
}

bool import_update(Ctx *c, int64_t id, json_object *in)
{
    static const JsonWant want[] = {{"sheets", json_type_array, false},
                                    {"encoding", json_type_string, false},
                                    {"delimiter", json_type_string, false},
                                    {"choices", json_type_object, false},
                                    {NULL, json_type_null, false}};
    Imp imp;
    SheetBook *b;
    if (!imp_load(c, id, &imp) || !is_open(c, &imp) || !json_want(c, in, want))
        return false;
    json_object *choices = json_member(in, "choices");
    if (choices && !set_choices(c, &imp, choices))
        return false;
    if (choices && json_object_object_length(in) == 1) /* the check it belongs to still stands */
        return db_write(c, save_choices, &imp);
    const char *encoding = json_str(in, "encoding", NULL),
               *delimiter = json_str(in, "delimiter", NULL);
    bool other = (encoding && *encoding) || (delimiter && *delimiter);
    if (encoding && *encoding)
        imp.encoding = encoding;
    if (delimiter && *delimiter && !imp_delimiter(c, delimiter, &imp.delimiter))
        return false;
    if (!imp_open(c, &imp, &b))
        return false;
    if (other) { /* read anew: headers and samples as they are now */
        const char *wish = imp.n ? imp.sheets[0].entity : NULL, *chosen = imp.encoding;
        char mark = imp.delimiter;
        imp.n = 0;
        if (!look_at(c, b, wish, &imp))
            return false;
        imp.encoding = imp.encoding ? imp.encoding : chosen;
        imp.delimiter = imp.delimiter ? imp.delimiter : mark;
    }
    json_object *sheets = json_member(in, "sheets");
    if (sheets && !set_sheets(c, b, &imp, sheets))
        return false;
    sheet_close(b);
    return db_write(c, save_plan, &imp);
}

/* ---- queueing ------------------------------------------------------------------------------ */

typedef struct Queue {
    Imp *imp;
    const char *kind, *state;
    bool goes_on;  /* from where the last job of this import stopped */
    bool verified; /* a second verification stands behind it */
    int64_t job;
} Queue;

static bool take_progress(Ctx *c, const Queue *q)
{
    DbVal p[] = {db_of_int(q->job), db_of_int(q->imp->job)};
    return !q->goes_on ||
           db_exec(c,
                   SQL("UPDATE \"job\" SET \"progress\" = (SELECT j.\"progress\" FROM \"job\" AS j "
                       "WHERE j.\"id\" = $2 AND j.\"kind\" = 'import_run') WHERE \"id\" = $1"),
                   p, 2);
}

static bool queue_write(Ctx *c, void *arg)
{
    Queue *q = arg;
    if (!job_add(c, q->kind,
                 arena_printf(c->a, "{\"import\":%lld,\"lang\":\"%s\",\"verified\":%s}",
                              (long long)q->imp->id, c->lang, q->verified ? "true" : "false"),
                 &q->job) ||
        !take_progress(c, q))
        return false;
    /* of two at once the one that still sees the old job wins */
    DbVal p[] = {db_of_int(q->imp->id), db_of_int(q->job), db_of_int(q->imp->job),
                 db_of_int(q->goes_on)};
    return db_exec(c,
                   SQL("UPDATE \"import_job\" SET \"job_id\" = $2, \"done\" = CASE WHEN $4 = 1 "
                       "THEN \"done\" ELSE 0 END WHERE \"id\" = $1 "
                       "AND coalesce(\"job_id\", 0) = $3"),
                   p, 4) &&
           (db_changes(c) == 1 || ctx_fail(c, ERR_CONFLICT, NULL, "err.import.state", q->state)) &&
           imp_save_plan(c, q->imp) && imp_save_state(c, q->imp->id, q->state, NULL) &&
           /* cancelled before it began, it must not stand there with the figures of the check */
           (q->goes_on || save_nothing_done(c, q->imp)) &&
           (!q->imp->ran || imp_remember(c, q->imp));
}

static bool plan_is_whole(Ctx *c, const Imp *imp)
{
    bool any = false;
    for (int i = 0; i < imp->n; i++) {
        ImpPlan p;
        if (!imp->sheets[i].entity)
            continue;
        if (!imp_plan(c, &imp->sheets[i], &p) || !access_need(c, p.e, ACT_IMPORT))
            return false;
        any = true;
    }
    return any || ctx_fail(c, ERR_INVALID, "sheets", "err.import.nothing");
}

static bool queue(Ctx *c, Imp *imp, const char *kind, const char *state, int64_t *out_job)
{
    Queue q = {imp, kind, state, false, false, 0};
    if (!db_write(c, queue_write, &q))
        return false;
    *out_job = q.job;
    return true;
}

bool import_check(Ctx *c, int64_t id, int64_t *out_job)
{
    Imp imp;
    return imp_load(c, id, &imp) && is_open(c, &imp) && plan_is_whole(c, &imp) &&
           queue(c, &imp, "import_check", "checking", out_job);
}

/* Passwords and roles come by no way without a second verification (SECURITY C12); the job has no session to ask for one. */
static bool needs_step_up(const Ctx *c, const Imp *imp)
{
    for (int i = 0; i < imp->n; i++) {
        const ImpSheet *s = &imp->sheets[i];
        const Entity *e = s->entity ? model_entity(c->model, s->entity) : NULL;
        for (int k = 0; e && k < s->n_columns; k++) {
            const Field *f = s->columns[k].field ? entity_field(e, s->columns[k].field) : NULL;
            if (f && f->step_up && !imp_left_out(c, e, f->name))
                return true;
        }
        for (int k = 0; e && s->defaults && k < e->n_fields; k++)
            if (e->fields[k].step_up && json_member(s->defaults, e->fields[k].name))
                return true;
    }
    return false;
}

/* A run that was cancelled or failed goes on where it stopped. */
static bool may_go_on(const Imp *imp)
{
    static const char *const stopped[] = {"cancelled", "failed", NULL};
    return imp->ran && !imp->undone && state_is(imp, stopped);
}

bool import_run(Ctx *c, int64_t id, int64_t *out_job)
{
    Imp imp;
    if (!imp_load(c, id, &imp) || !(may_go_on(&imp) || is_open(c, &imp)) || !plan_is_whole(c, &imp))
        return false;
    bool sensitive = needs_step_up(c, &imp);
    if (sensitive && !access_need_step_up(c))
        return false;
    Queue q = {&imp, "import_run", "running", imp.ran, sensitive, 0};
    imp.ran = true;
    if (!db_write(c, queue_write, &q))
        return false;
    *out_job = q.job;
    return true;
}

typedef struct Stop {
    int64_t id;
} Stop;

static bool stop_write(Ctx *c, void *arg)
{
    return imp_save_state(c, ((Stop *)arg)->id, "cancelled", NULL);
}

bool import_cancel(Ctx *c, int64_t id)
{
    static const char *const over[] = {"done", "undone", "failed", "cancelled", NULL};
    static const char *const waiting[] = {"uploaded", "checked", NULL};
    Imp imp;
    Stop s = {id};
    if (!imp_load(c, id, &imp))
        return false;
    if (state_is(&imp, over))
        return ctx_fail(c, ERR_CONFLICT, NULL, "err.import.state", imp.state);
    if (state_is(&imp, waiting))
        return db_write(c, stop_write, &s);
    if (!job_cancel(c, imp.job) ||
        !imp_load(c, id, &imp)) /* a job that had not begun is over at once */
        return false;
    return !state_is(&imp, over) || db_write(c, stop_write, &s);
}
