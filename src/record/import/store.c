/* An import as its row of import_job holds it. See impl.h. */
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "meta/required.h"
#include "record/attach.h"
#include "record/import/impl.h"

const char *const outcome_names[OUT__COUNT] = {"created", "updated",   "unchanged",
                                               "skipped", "duplicate", "failed"};
const char *const imp_modes[] = {"create", "update", "upsert", "skip", "fill", NULL};
const char *const imp_on_dups[] = {"refuse", "create", "update", "skip", NULL};

/* ---- JSON of the row ----------------------------------------------------------------------- */

/* Passwords of people to be are shown nowhere and kept nowhere but in the file itself. */
static bool is_secret(Ctx *c, const ImpSheet *s, const ImpColumn *col)
{
    const Entity *e = s->entity ? model_entity(c->model, s->entity) : NULL;
    const Field *field = e && col->field ? entity_field(e, col->field) : NULL,
                *guess = e && col->guess ? entity_field(e, col->guess) : NULL;
    return (field && field->write_only) || (guess && guess->write_only);
}

static void write_column(Jw *w, const ImpColumn *col, int index, bool secret)
{
    jw_obj(w);
    jw_kint(w, "index", index);
    jw_kstr(w, "header", col->header);
    jw_key(w, "samples");
    jw_arr(w);
    for (int i = 0; i < col->n_samples && !secret; i++)
        jw_str(w, col->samples[i]);
    jw_end(w);
    jw_key(w, "guess");
    if (col->guess) {
        jw_obj(w);
        jw_kstr(w, "field", col->guess);
        jw_key(w, "score");
        jw_real(w, col->score / 100.0);
        jw_end(w);
    } else {
        jw_null(w);
    }
    if (col->hidden)
        jw_kbool(w, "hidden", true);
    if (col->values)
        jw_kraw(w, "values", json_object_to_json_string_ext(col->values, JSON_C_TO_STRING_PLAIN));
    if (col->dates)
        jw_kstr(w, "dates", col->dates);
    jw_end(w);
}

/* c: with the sentence, for a person; NULL: for the row. */
static void write_notes(Ctx *c, Jw *w, const ImpSheet *s)
{
    jw_key(w, "notes");
    jw_arr(w);
    for (int i = 0; i < s->n_notes; i++) {
        const ImpNote *n = &s->notes[i];
        jw_obj(w);
        jw_kstr(w, "code", n->code);
        jw_kint(w, "count", n->count);
        if (n->value)
            jw_kstr(w, "value", n->value);
        if (n->rule)
            jw_kstr(w, "rule", n->rule);
        if (c) {
            const char *key = arena_printf(c->a, "import.note.%s%s%s", n->code, n->rule ? "_" : "",
                                           n->rule ? n->rule : "");
            const char *args[] = {ctx_num(c, n->count), n->value ? n->value : "", NULL};
            jw_kstr(w, "message", msg_format(c->a, c->lang, key, args));
        }
        jw_end(w);
    }
    jw_end(w);
}

/* One group stands as it was given, a plain list. */
static void write_match(Jw *w, const ImpSheet *s)
{
    bool nested = s->n_match > 1;
    jw_arr(w);
    for (int i = 0; i < s->n_match; i++) {
        if (nested)
            jw_arr(w);
        for (int k = 0; k < s->match[i].n; k++)
            jw_str(w, s->match[i].fields[k]);
        if (nested)
            jw_end(w);
    }
    jw_end(w);
}

bool imp_read_match(Ctx *c, json_object *match, ImpSheet *s)
{
    size_t n = match ? json_object_array_length(match) : 0;
    bool nested = n && json_object_is_type(json_object_array_get_idx(match, 0), json_type_array);
    s->n_match = nested ? (int)n : n ? 1 : 0;
    s->match = ARENA_ARRAY(c->a, s->n_match + 1, ImpGroup);
    for (int i = 0; i < s->n_match; i++) {
        json_object *list = nested ? json_object_array_get_idx(match, (size_t)i) : match;
        if (!json_object_is_type(list, json_type_array))
            return false;
        ImpGroup *g = &s->match[i];
        g->n = (int)json_object_array_length(list);
        g->fields = ARENA_ARRAY(c->a, g->n + 1, const char *);
        for (int k = 0; k < g->n; k++) {
            json_object *name = json_object_array_get_idx(list, (size_t)k);
            if (!json_object_is_type(name, json_type_string))
                return false;
            g->fields[k] = json_object_get_string(name);
        }
        if (!g->n || g->n > IMP_GROUP_FIELDS)
            return false;
    }
    return true;
}

/* order: its place in the run, for a person; NULL: for the row. */
static void write_sheet(Ctx *c, Jw *w, const ImpSheet *s, const int *order)
{
    jw_obj(w);
    jw_kint(w, "index", s->index);
    jw_kstr(w, "name", s->name);
    jw_kbool(w, "hidden", s->hidden);
    jw_kint(w, "rows", s->rows);
    jw_kint(w, "header_row", s->header_row);
    jw_kint(w, "header_rows", s->header_rows);
    jw_kbool(w, "remembered", s->remembered);
    jw_kstr(w, "profile", s->profile);
    jw_kbool(w, "fill_down", s->fill_down);
    if (order && *order)
        jw_kint(w, "order", *order);
    write_notes(order ? c : NULL, w, s);
    jw_key(w, "columns");
    jw_arr(w);
    for (int i = 0; i < s->n_columns; i++)
        write_column(w, &s->columns[i], i, is_secret(c, s, &s->columns[i]));
    jw_end(w);
    jw_kstr(w, "entity", s->entity);
    jw_key(w, "mapping");
    jw_obj(w);
    for (int i = 0; i < s->n_columns; i++)
        jw_kstr(w, ctx_num(c, i), s->columns[i].field);
    jw_end(w);
    jw_kstr(w, "mode", imp_modes[s->mode]);
    jw_key(w, "match");
    write_match(w, s);
    jw_kstr(w, "on_duplicate", imp_on_dups[s->on_duplicate]);
    jw_kstr(w, "on_blank", s->clear ? "clear" : "keep");
    if (s->defaults)
        jw_kraw(w, "defaults", json_object_to_json_string_ext(s->defaults, JSON_C_TO_STRING_PLAIN));
    jw_end(w);
}

static void read_columns(Ctx *c, json_object *o, ImpSheet *s)
{
    json_object *cols = json_member(o, "columns"), *mapping = json_member(o, "mapping");
    s->n_columns = cols ? (int)json_object_array_length(cols) : 0;
    s->columns = ARENA_ARRAY(c->a, s->n_columns + 1, ImpColumn);
    for (int i = 0; i < s->n_columns; i++) {
        json_object *col = json_object_array_get_idx(cols, (size_t)i),
                    *list = json_member(col, "samples"), *guess = json_member(col, "guess");
        ImpColumn *out = &s->columns[i];
        out->header = json_str(col, "header", "");
        out->n_samples = list ? (int)json_object_array_length(list) : 0;
        if (out->n_samples > IMP_SAMPLES)
            out->n_samples = IMP_SAMPLES;
        for (int k = 0; k < out->n_samples; k++)
            out->samples[k] = json_object_get_string(json_object_array_get_idx(list, (size_t)k));
        out->guess = guess ? json_str(guess, "field", NULL) : NULL;
        json_object *score = guess ? json_member(guess, "score") : NULL;
        out->score = score ? (int)(json_object_get_double(score) * 100 + 0.5) : 0;
        out->field = mapping ? json_str(mapping, ctx_num(c, i), NULL) : NULL;
        out->values = json_member(col, "values");
        out->dates = json_str(col, "dates", NULL);
        out->hidden = json_flag(col, "hidden", false);
    }
}

static void read_notes(Ctx *c, json_object *o, ImpSheet *s)
{
    json_object *list = json_member(o, "notes");
    size_t n = list ? json_object_array_length(list) : 0;
    for (size_t i = 0; i < n; i++) {
        json_object *x = json_object_array_get_idx(list, i);
        imp_note(c, s, json_str(x, "code", ""), json_str(x, "value", NULL),
                 json_int(x, "count", 0));
        if (s->n_notes)
            s->notes[s->n_notes - 1].rule = json_str(x, "rule", NULL);
    }
}

static void read_sheet(Ctx *c, json_object *o, ImpSheet *s)
{
    json_object *match = json_member(o, "match");
    *s = (ImpSheet){.index = (int)json_int(o, "index", 0),
                    .name = json_str(o, "name", ""),
                    .hidden = json_flag(o, "hidden", false),
                    .rows = json_int(o, "rows", 0),
                    .header_row = json_int(o, "header_row", 1),
                    .header_rows = (int)json_int(o, "header_rows", 1),
                    .remembered = json_flag(o, "remembered", false),
                    .profile = json_str(o, "profile", NULL),
                    .fill_down = json_flag(o, "fill_down", false),
                    .entity = json_str(o, "entity", NULL),
                    .clear = strcmp(json_str(o, "on_blank", "keep"), "clear") == 0,
                    .defaults = json_member(o, "defaults")};
    const char *mode = json_str(o, "mode", "create");
    for (int i = 0; imp_modes[i]; i++)
        if (strcmp(mode, imp_modes[i]) == 0)
            s->mode = (ImpMode)i;
    const char *dup = json_str(o, "on_duplicate", "refuse");
    for (int i = 0; imp_on_dups[i]; i++)
        if (strcmp(dup, imp_on_dups[i]) == 0)
            s->on_duplicate = (ImpOnDup)i;
    if (!imp_read_match(c, match, s))
        s->n_match = 0;
    read_columns(c, o, s);
    read_notes(c, o, s);
}

static bool read_json(Ctx *c, Imp *imp, const char *sheets, const char *options)
{
    json_object *list, *o;
    if (!json_read(c, sheets ? sheets : "[]", strlen(sheets ? sheets : "[]"), &list) ||
        !json_read(c, options ? options : "{}", strlen(options ? options : "{}"), &o))
        return false;
    imp->n = (int)json_object_array_length(list);
    imp->sheets = ARENA_ARRAY(c->a, imp->n + 1, ImpSheet);
    for (int i = 0; i < imp->n; i++)
        read_sheet(c, json_object_array_get_idx(list, (size_t)i), &imp->sheets[i]);
    imp->encoding = json_str(o, "encoding", NULL);
    imp->delimiter = json_str(o, "delimiter", "")[0];
    imp->ran = json_flag(o, "ran", false);
    imp->undone = json_flag(o, "undone", false);
    imp->choices = json_member(o, "choices");
    imp->totals = json_int(o, "totals", 0);
    imp->samples = json_int(o, "samples", 0);
    return true;
}

/* ---- the row ------------------------------------------------------------------------------- */

bool imp_load(Ctx *c, int64_t id, Imp *out)
{
    DbVal p[] = {db_of_int(id), db_of_int(c->actor->is_system ? 0
                                          : c->actor->user    ? c->actor->user
                                                              : -1)};
    DbRows *r =
        db_query(c,
                 SQL("SELECT i.\"id\", i.\"owner_id\", i.\"file_id\", i.\"job_id\", "
                     "i.\"file_name\", " IMP_STATE ", i.\"sheets\", i.\"options\", "
                     "i.\"counts\", coalesce(i.\"message\", CASE WHEN " IMP_ENDED
                     " THEN j.\"message\" END), i.\"done\", i.\"total\", "
                     "i.\"created_at\", i.\"finished_at\", i.\"revert_until\" FROM "
                     "\"import_job\" AS i LEFT JOIN \"job\" AS j ON j.\"id\" = i.\"job_id\" "
                     "WHERE i.\"id\" = $1 AND ($2 = 0 OR i.\"owner_id\" = $2)"),
                 p, 2);
    if (!r)
        return false;
    if (!db_step(r)) {
        db_done(r);
        return c->n_err == 0 && ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    }
    *out = (Imp){.id = db_int(r, 0),
                 .owner = db_int(r, 1),
                 .file = db_int(r, 2),
                 .job = db_int(r, 3),
                 .done = db_int(r, 10),
                 .total = db_int(r, 11),
                 .created_at = db_int(r, 12),
                 .finished_at = db_int(r, 13),
                 .revert_until = db_int(r, 14)};
    out->file_name = arena_str(c->a, db_text(r, 4));
    const char *sheets = arena_str(c->a, db_text(r, 6)), *options = arena_str(c->a, db_text(r, 7));
    out->counts = arena_str(c->a, db_text(r, 8));
    out->message = arena_str(c->a, db_text(r, 9));
    out->state = arena_str(c->a, db_text(r, 5));
    db_done(r);
    return read_json(c, out, sheets, options);
}

static const char *sheets_text(Ctx *c, const Imp *imp)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_arr(&w);
    for (int i = 0; i < imp->n; i++)
        write_sheet(c, &w, &imp->sheets[i], NULL);
    jw_end(&w);
    return b.data;
}

static const char *options_text(Ctx *c, const Imp *imp)
{
    Buf b;
    Jw w;
    char delimiter[2] = {imp->delimiter, 0};
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "encoding", imp->encoding);
    jw_kstr(&w, "delimiter", delimiter);
    jw_kbool(&w, "ran", imp->ran);
    jw_kbool(&w, "undone", imp->undone);
    if (imp->choices)
        jw_kraw(&w, "choices",
                json_object_to_json_string_ext(imp->choices, JSON_C_TO_STRING_PLAIN));
    jw_kint(&w, "totals", imp->totals);
    jw_kint(&w, "samples", imp->samples);
    jw_end(&w);
    return b.data;
}

bool imp_insert(Ctx *c, const Imp *imp)
{
    DbVal p[] = {db_of_int(imp->id),
                 db_of_text(imp->file_name),
                 db_of_int(imp->file),
                 imp->owner ? db_of_int(imp->owner) : db_null(),
                 db_of_text(sheets_text(c, imp)),
                 db_of_text(options_text(c, imp)),
                 db_of_int(imp->total),
                 db_of_int(c->now_ms)};
    return db_exec(c,
                   SQL("INSERT INTO \"import_job\" (\"id\", \"file_name\", \"file_id\", "
                       "\"owner_id\", \"state\", \"sheets\", \"options\", "
                       "\"total\", \"done\", \"created_at\") VALUES ($1, $2, $3, $4, 'uploaded', "
                       "$5, $6, $7, 0, $8)"),
                   p, 8);
}

bool imp_save_plan(Ctx *c, const Imp *imp)
{
    DbVal p[] = {db_of_int(imp->id), db_of_text(sheets_text(c, imp)),
                 db_of_text(options_text(c, imp)), db_of_int(imp->total)};
    return db_exec(c,
                   SQL("UPDATE \"import_job\" SET \"sheets\" = $2, \"options\" = $3, \"total\" = "
                       "$4 WHERE \"id\" = $1"),
                   p, 4);
}

bool imp_save_state(Ctx *c, int64_t id, const char *state, const char *message)
{
    bool end = strcmp(state, "done") == 0 || strcmp(state, "undone") == 0 ||
               strcmp(state, "failed") == 0 || strcmp(state, "cancelled") == 0;
    DbVal p[] = {db_of_int(id), db_of_text(state), db_of_text(message),
                 end ? db_of_int(clock_now_ms()) : db_null(),
                 strcmp(state, "done") == 0
                     ? db_of_int(clock_now_ms() + (int64_t)IMP_UNDO_DAYS * 86400000)
                     : db_null()};
    return db_exec(c,
                   SQL("UPDATE \"import_job\" SET \"state\" = $2, \"message\" = $3, "
                       "\"finished_at\" = $4, "
                       "\"revert_until\" = coalesce($5, \"revert_until\") WHERE \"id\" = $1"),
                   p, 5) &&
           db_change(c, "import_job", id);
}

bool imp_save_progress(Ctx *c, int64_t id, int64_t done, int64_t total, const char *counts)
{
    DbVal p[] = {db_of_int(id), db_of_int(done), db_of_int(total), db_of_text(counts)};
    return db_exec(c,
                   SQL("UPDATE \"import_job\" SET \"done\" = $2, \"total\" = $3, \"counts\" = "
                       "coalesce($4, \"counts\") WHERE \"id\" = $1"),
                   p, 4);
}

bool imp_open(Ctx *c, const Imp *imp, SheetBook **out)
{
    AttachFile f;
    SheetOptions o = {
        .encoding = imp->encoding, .delimiter = imp->delimiter, .name = imp->file_name};
    return attach_path(c, imp->file, &f) && sheet_open(c, f.path, &o, out);
}

/* ---- for the API --------------------------------------------------------------------------- */

const char *imp_left_out(const Ctx *c, const Entity *e, const char *field)
{
    const Field *f = entity_field(e, field);
    if (!f)
        return NULL;
    bool given = f->type == FT_NUMBER ||
                 (e->standard && (f->index == STD_OWNER || f->index == STD_CREATED_AT));
    return given && !actor_has(c->actor, RIGHT_IMPORT_KEEP) && !c->actor->is_system
               ? "import.warn_keep"
               : NULL;
}

static void warning(Jw *w, const char *sheet, int column, const char *header, const char *code,
                    const char *message)
{
    jw_obj(w);
    jw_kstr(w, "sheet", sheet);
    if (column >= 0) {
        jw_kint(w, "column", column);
        jw_kstr(w, "header", header);
    }
    jw_kstr(w, "code", code);
    jw_kstr(w, "message", message);
    jw_end(w);
}

static bool is_mapped(const ImpSheet *s, const char *field)
{
    for (int i = 0; i < s->n_columns; i++)
        if (s->columns[i].field && strcmp(s->columns[i].field, field) == 0)
            return true;
    return s->defaults && json_member(s->defaults, field);
}

/* What no row can be made without, and nothing of the sheet gives. */
static void missing(Ctx *c, const ImpSheet *s, const Entity *e, Jw *w)
{
    for (int i = 0; e && s->mode != IMP_UPDATE && i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        if (!field_required(f) || f->dflt || f->standard || f->type == FT_PARTS ||
            !imp_may_use(c, f) || is_mapped(s, f->name))
            continue;
        const char *args[] = {label_in(f->label, c->lang), NULL};
        warning(w, s->name, -1, NULL, "required",
                msg_format(c->a, c->lang, "import.warn_required", args));
    }
}

static void warnings(Ctx *c, const Imp *imp, Jw *w)
{
    jw_key(w, "warnings");
    jw_arr(w);
    for (int i = 0; i < imp->n; i++) {
        const ImpSheet *s = &imp->sheets[i];
        const Entity *e = s->entity ? model_entity(c->model, s->entity) : NULL;
        for (int k = 0; e && k < s->n_columns; k++) {
            const ImpColumn *col = &s->columns[k];
            const char *key = col->field     ? imp_left_out(c, e, col->field)
                              : *col->header ? "import.warn_unknown"
                                             : NULL;
            if (key)
                warning(w, s->name, k, col->header, col->field ? "perm.denied" : "unknown_column",
                        msg_text(c->lang, key));
        }
        missing(c, s, e, w);
    }
    if (imp->totals)
        warning(w, NULL, -1, NULL, "totals",
                msg_format(c->a, c->lang, "import.warn_totals",
                           (const char *const[]){ctx_num(c, imp->totals), NULL}));
    if (imp->samples)
        warning(w, NULL, -1, NULL, "samples",
                msg_format(c->a, c->lang, "import.warn_samples",
                           (const char *const[]){ctx_num(c, imp->samples), NULL}));
    jw_end(w);
}

void imp_write_json(Ctx *c, const Imp *imp, Jw *w)
{
    char delimiter[2] = {imp->delimiter, 0};
    jw_obj(w);
    jw_kint(w, "id", imp->id);
    jw_kstr(w, "state", imp->state);
    jw_kstr(w, "file_name", imp->file_name);
    jw_key(w, "progress");
    jw_obj(w);
    jw_kint(w, "done", imp->done);
    jw_kint(w, "total", imp->total);
    jw_end(w);
    jw_kraw(w, "counts",
            imp->counts ? imp->counts
                        : "{\"created\":0,\"updated\":0,\"unchanged\":0,\"skipped\":0,"
                          "\"duplicate\":0,\"failed\":0}");
    int *order = ARENA_ARRAY(c->a, imp->n + 1, int);
    imp_order(c, imp, order);
    jw_key(w, "sheets");
    jw_arr(w);
    for (int i = 0; i < imp->n; i++)
        write_sheet(c, w, &imp->sheets[i], &order[i]);
    jw_end(w);
    warnings(c, imp, w);
    jw_kstr(w, "encoding", imp->encoding);
    jw_kstr(w, "delimiter", *delimiter ? delimiter : NULL);
    jw_kbool(w, "ran", imp->ran);
    jw_key(w, "job");
    if (imp->job) {
        jw_obj(w);
        jw_kint(w, "id", imp->job);
        jw_end(w);
    } else {
        jw_null(w);
    }
    jw_kstr(w, "message", imp->message);
    jw_kinstant(w, "created_at", imp->created_at);
    jw_kinstant(w, "finished_at", imp->finished_at);
    jw_kinstant(w, "revert_until", imp->revert_until);
    jw_end(w);
}
