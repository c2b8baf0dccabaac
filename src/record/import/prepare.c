/*
 * A block of an import before the write: cells become input, links and matches are found, the save is prepared (all
 * checks of permissions and values are there), and what the rules for duplicates say is settled. Nothing is
 * written, so the check and the run go through here alike. See run.h.
 *
 * A window of rows at a time: versions of what they update, then each row prepared, then duplicates of all, then each settled in the
 * order of the file. A row that needs an earlier one of the block (it links to it, or updates what that one makes) ends
 * the block before it: what is ready is written first.
 */
#include <string.h>

#include "base/fold.h"
#include "base/msg.h"
#include "meta/types.h"
#include "record/before.h"
#include "record/dedupe.h"
#include "record/import/run.h"
#include "record/link_resolve.h"
#include "record/write_row.h"

enum { WINDOW = 128 };

static bool is_there(Outcome o)
{
    return o == OUT_CREATED || o == OUT_UPDATED || o == OUT_UNCHANGED;
}

/* ---- links --------------------------------------------------------------------------------- */

static bool by_key(Ctx *c, const Field *f, const Entity *to, const char *key, const char *text,
                   int64_t *out, bool *missing)
{
    json_object *o = rec_input(c);
    int before = c->n_err;
    *missing = false;
    json_object_object_add(o, key, json_object_new_string(text));
    if (link_from_json(c, f, to, o, false, out))
        return true;
    ErrCode code = c->err_last ? c->err_last->code : ERR_INTERNAL;
    *missing =
        code == ERR_REF_NOT_FOUND || code == ERR_TYPE; /* type: the entity has no such field */
    if (*missing)
        ctx_errors_back_to(c, before);
    return false;
}

static const char *renamed_key(Ctx *c, const Entity *e, int64_t id)
{
    return arena_printf(c->a, "%s/%lld", e->name, (long long)id);
}

static bool in_base(Run *r, const Field *f, const Entity *to, const char *text, int64_t *out,
                    bool *missing)
{
    static const char *const keys[] = {"number", "name", "login", "code"};
    Ctx *c = r->c;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (by_key(c, f, to, keys[i], text, out, missing)) {
            /* a check: by then it would have another name */
            *missing = r->dry && i == 1 && map_has(&r->renamed, renamed_key(c, to, *out));
            if (!*missing)
                return true;
            continue;
        }
        if (!*missing)
            return false;
    }
    return false;
}

static bool ambiguous_here(Ctx *c, const Field *f, const InFile *here, const char *text)
{
    Buf b;
    buf_init(&b, c->a);
    for (int i = 0; i < here->n && i < 5; i++)
        buf_printf(&b, i ? ", %lld" : "%lld", (long long)here->rows[i]);
    return ctx_fail(c, ERR_REF_AMBIGUOUS, f->name, "import.ref_rows", text, b.data);
}

/* "总部/销售部": names down a tree, in the base, or ending with a row of this file that is not there yet. */
static bool by_path(Run *r, const Field *f, const Entity *to, const char *text, int64_t *out,
                    bool *pending)
{
    Ctx *c = r->c;
    int before = c->n_err;
    if (link_by_path(c, f, to, text, out))
        return true;
    const char *last = text;
    for (const char *p = text; *p; p++)
        if (strchr("/>\\", *p))
            last = p + 1;
    InFile *here = seen_named(r, to, fold_clean(c->a, last));
    if (!here || !here->id || (here->written && (!r->dry || here->real)))
        return false;
    ctx_errors_back_to(c, before);
    if (!here->written)
        r->wait = true;
    *out = here->id;
    *pending = true;
    return true;
}

/* Is the record with this id called so? false also where the caller may not link to it. */
static bool is_called(Ctx *c, const Field *f, const Entity *to, int64_t id, const char *text)
{
    Record other;
    json_object *o = rec_input(c);
    int before = c->n_err;
    int64_t seen = 0;
    json_object_object_add(o, "id", json_object_new_int64(id));
    bool same = link_from_json(c, f, to, o, false, &seen) && rec_load(c, to, id, &other) &&
                to->title->column;
    if (same) {
        const char *title = type_ops(to->title->type)
                                ->to_text(c->a, to->title, &other.v[to->title->index], c->lang);
        same = strcmp(fold_text(c->a, title), fold_text(c->a, text)) == 0;
    }
    ctx_errors_back_to(c, before);
    return same;
}

/* Of several records of this name the one that stands there already: an export comes back as it went out. */
static bool as_it_stands(Run *r, const Field *f, const Entity *to, const char *text, int64_t *out)
{
    Ctx *c = r->c;
    const Entity *e = run_plan(r)->e;
    Record now;
    int64_t one, *ids = &one;
    int n = 0;
    if (!r->updating || f->entity != e)
        return false;
    if (f->type == FT_LINK_MANY) {
        if (!write_row_read_many(c, e, f, r->updating, &ids, &n))
            return false;
    } else if (rec_load(c, e, r->updating, &now) && now.v[f->index].kind == DB_INT) {
        one = now.v[f->index].i;
        n = 1;
    }
    for (int i = 0; i < n; i++)
        if (is_called(c, f, to, ids[i], text)) {
            *out = ids[i];
            return true;
        }
    return false;
}

static bool resolve(Ctx *c, void *arg, const Field *f, const Entity *to, const char *text,
                    int64_t *out, bool *pending)
{
    Run *r = arg;
    bool missing;
    int before = c->n_err;
    InFile *here = seen_named(r, to, text);
    *pending = false;
    if (here && here->id) {
        if (here->n > 1)
            return as_it_stands(r, f, to, text, out) || ambiguous_here(c, f, here, text);
        if (!here->written)
            r->wait = true;
        *out = here->id;
        *pending = r->wait || (r->dry && !here->real);
        return true;
    }
    const char *key = arena_printf(c->a, "%s/%s", to->name, text);
    int64_t *known = map_get(&r->links, key);
    if (known) {
        *out = *known;
        return true;
    }
    if (in_base(r, f, to, text, out, &missing)) {
        if (r->links.n < IMP_CACHE_MOST) {
            known = ARENA_NEW(r->keep, int64_t);
            *known = *out;
            map_put(&r->links, key, known);
        }
        return true;
    }
    if (!missing) {
        bool several = c->err_last && c->err_last->code == ERR_REF_AMBIGUOUS;
        if (!several || !as_it_stands(r, f, to, text, out))
            return false;
        ctx_errors_back_to(c, before);
        return true;
    }
    if (to->tree && to->title->column && strpbrk(text, "/>\\"))
        return by_path(r, f, to, text, out, pending);
    if (here)
        return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "import.ref_row", text,
                        ctx_num(c, here->row));
    return ctx_fail(c, ERR_REF_NOT_FOUND, f->name, "err.ref.not_found", text);
}

/* ---- a save -------------------------------------------------------------------------------- */

static void refuse(Run *r, Item *it, Outcome outcome, int col, const char *code,
                   const char *message)
{
    imp_error(r->c, &it->errors, run_plan(r), &it->cells, col, code, message);
    it->planned = outcome;
}

/* Mistakes of links that wait for a row of this file are none. */
static void forgive_waiting(Ctx *c, int before, const Field *const *waiting, int n)
{
    ErrItem *kept[256];
    int k = 0, i = 0;
    for (ErrItem *e = c->err; e; e = e->next, i++) {
        bool mine = false;
        for (int w = 0; i >= before && w < n; w++)
            mine |= e->field && strcmp(e->field, waiting[w]->name) == 0;
        if (i >= before && !mine && k < 256)
            kept[k++] = e;
    }
    ctx_errors_back_to(c, before);
    for (i = 0; i < k; i++)
        ctx_fail(c, kept[i]->code, kept[i]->field, kept[i]->message);
}

/* The mistakes recorded become the row's. false where one of them is none of a row's. */
static bool sort_out(Run *r, Item *it)
{
    if (!imp_take_errors(r->c, 0, &it->errors, run_plan(r), &it->cells))
        return false;
    if (!it->errors.n)
        return true;
    bool dup = true;
    for (size_t i = 0; i < it->errors.n; i++)
        dup = dup && strncmp(it->errors.items[i].code, "dup.in", 6) == 0;
    it->planned = dup ? OUT_DUPLICATE : OUT_FAILED;
    return true;
}

static bool is_blank(Ctx *c, const Entity *e, const Field *f, const Record *now)
{
    if (f->type == FT_LINK_MANY) {
        int64_t *ids;
        int n = 0;
        return write_row_read_many(c, e, f, now->id, &ids, &n) && n == 0;
    }
    const DbVal *v = &now->v[f->index];
    return f->column && (v->kind == DB_NULL || (v->kind == DB_TEXT && v->n == 0));
}

/* Of an update only what is blank in the record stays. What stands there is looked at, not shown. */
static bool only_blanks(Run *r, const Entity *e, int64_t id, json_object *in)
{
    Ctx *c = r->c;
    Record now;
    const char *gone[512];
    int n = 0;
    if (!rec_load(c, e, id, &now))
        return c->n_err == 0;
    json_object_object_foreach(in, name, value)
    {
        const Field *f = entity_field(e, name);
        if (n < 512 && f && (!value || !is_blank(c, e, f, &now)))
            gone[n++] = name;
    }
    while (n > 0)
        json_object_object_del(in, gone[--n]);
    return c->n_err == 0;
}

/* The save of a row: a new record, or (id) an update of the one found; former: by what was merged into that. */
static bool prepare_save(Run *r, Item *it, int64_t id, bool former, int64_t version)
{
    Ctx *c = r->c;
    const ImpPlan *p = run_plan(r);
    const Field **waiting = ARENA_ARRAY(c->a, p->n + 1, const Field *);
    int n_waiting = 0;
    bool is_new = id == 0;
    it->errors = (ImpErrors){0};
    it->w = NULL;
    r->updating = id;
    json_object *in =
        imp_input(c, p, &it->cells, is_new, &it->errors, resolve, r, waiting, &n_waiting);
    if (r->wait)
        return true;
    if (c->n_err)
        return sort_out(r, it);
    if (!is_new && former && !imp_drop_former(c, p, &it->cells, id, in))
        return false;
    if (!is_new && p->s->mode == IMP_FILL && !only_blanks(r, p->e, id, in))
        return false;
    SaveOptions o = {.if_version = is_new || !p->e->standard ? -1 : version,
                     .origin = "import",
                     .import_job = r->imp->id,
                     .keep = p->keep,
                     .dry = r->dry};
    SaveWork *w = save_new(c, p->e, id, in, &o, NULL);
    bool ok = save_prepare(c, w);
    if (!ok && n_waiting)
        forgive_waiting(c, 0, waiting, n_waiting);
    if (c->n_err || it->errors.n)
        return sort_out(r, it);
    w->dups = (Sql){0}; /* asked for many rows at once instead */
    it->w = w;
    it->planned = is_new ? OUT_CREATED : w->nothing ? OUT_UNCHANGED : OUT_UPDATED;
    it->id = w->s.id;
    it->version = w->new_version;
    it->former = it->planned == OUT_UPDATED && !r->dry ? before_image(c, w) : NULL;
    return true;
}

/* ---- one row, by its mode ------------------------------------------------------------------ */

/* A row of a text file that is longer than its header. */
static void refuse_columns(Run *r, Item *it)
{
    Ctx *c = r->c;
    int n = run_plan(r)->s->n_columns;
    const char *args[] = {ctx_num(c, n + it->beyond), ctx_num(c, n), NULL};
    refuse(r, it, OUT_FAILED, -1, err_name(ERR_COLUMNS),
           msg_format(c->a, c->lang, "import.row_columns", args));
}

/* version: of the record found. */
static bool prepare_item(Run *r, Item *it, int64_t version)
{
    Ctx *c = r->c;
    const ImpPlan *p = run_plan(r);
    ImpMode mode = p->s->mode;
    it->errors = it->late = (ImpErrors){0};
    it->w = NULL;
    it->rule = -1;
    it->group = it->former = NULL;
    it->waved = it->again = it->dup_former = false;
    it->dup_of = it->place = 0;
    it->planned = OUT_SKIPPED;
    if (imp_is_sample(c, p, &it->cells) || imp_is_total(c, p, &it->cells))
        return true;
    if (it->beyond) { /* a delimiter inside an unquoted text moves all that follows it */
        refuse_columns(r, it);
        return true;
    }
    if (it->found.id < 0)
        refuse(r, it, OUT_FAILED, -1, "dup.multiple", msg_text(c->lang, "import.dup_multiple"));
    else if (mode == IMP_UPDATE && !it->found.id)
        refuse(r, it, OUT_SKIPPED, -1, "ref.not_found", msg_text(c->lang, "import.no_match"));
    else if (mode != IMP_SKIP || !it->found.id)
        return prepare_save(r, it, it->found.id, it->found.former, version);
    return true;
}

static void count_passed(Run *r, const Item *it)
{
    const ImpPlan *p = run_plan(r);
    if (imp_is_sample(r->c, p, &it->cells))
        r->samples++;
    else if (imp_is_total(r->c, p, &it->cells))
        r->totals++;
}

/* ---- duplicates ---------------------------------------------------------------------------- */

static ImpOnDup choice_of(const Run *r, const char *group)
{
    const char *word = r->imp->choices ? json_str(r->imp->choices, group, NULL) : NULL;
    for (int i = 0; word && imp_on_dups[i]; i++)
        if (strcmp(word, imp_on_dups[i]) == 0)
            return (ImpOnDup)i;
    return run_plan(r)->s->on_duplicate;
}

static void refuse_in_file(Run *r, Item *it)
{
    Ctx *c = r->c;
    int sheet = imp_place_sheet(it->place);
    const char *row = ctx_num(c, imp_place_row(it->place));
    bool here = sheet == r->order[r->at];
    const char *args[] = {here ? row : r->imp->sheets[sheet].name, here ? NULL : row, NULL};
    refuse(
        r, it, OUT_DUPLICATE, run_plan(r)->title_col, "dup.in_file",
        msg_format(c->a, c->lang, here ? "import.dup_in_file" : "import.dup_in_file_sheet", args));
}

static bool refuse_in_base(Run *r, Item *it)
{
    bool named = !r->unnamed;
    (void)dedupe_refuse(r->c, run_plan(r)->e, it->rule, it->dup_of, &named);
    r->unnamed = !named; /* the hour is over its limit: not asked again */
    return sort_out(r, it);
}

/* A rule that blocks imports, too, is for nobody to wave away. */
static bool may_wave(const Run *r, const Item *it)
{
    return it->rule >= 0 && it->planned == OUT_CREATED &&
           run_plan(r)->e->dups[it->rule].import != DUP_BLOCK;
}

/* The record an earlier row of the file became; 0 where it became none. */
static bool record_at(Run *r, int64_t place, int64_t *out)
{
    DbVal p[] = {db_of_int(r->imp->id), db_of_int(r->imp->sheets[imp_place_sheet(place)].index),
                 db_of_int(imp_place_row(place))};
    return db_one_int(r->c,
                      SQL("SELECT \"record_id\" FROM \"import_row\" WHERE \"import_id\" = $1 AND "
                          "\"sheet\" = $2 AND \"row\" = $3"),
                      p, 3, out, NULL);
}

/* The row updates this record instead of making one. *gone: it is not there. */
static bool turn_to(Run *r, Item *it, int64_t id, bool former, bool *gone)
{
    Record now;
    *gone = false;
    if (!rec_load(r->c, run_plan(r)->e, id, &now)) {
        *gone = r->c->n_err == 0;
        return *gone;
    }
    return prepare_save(r, it, id, former, now.version);
}

/* In a check the row before it is not there to be updated: that it would be is all there is to say. */
static bool update_in_file(Run *r, Item *it, bool first)
{
    if (!first) {
        r->wait = true;
        return true;
    }
    if (r->dry) {
        it->planned = OUT_UPDATED;
        it->again = true;
        return true;
    }
    int64_t id = it->found.id;
    bool gone = false;
    if (!id && !record_at(r, it->place, &id))
        return false;
    if (!id || !turn_to(r, it, id, it->found.former, &gone) || gone)
        return r->c->n_err == 0;
    it->again = is_there(it->planned);
    if (it->again)
        it->planned = OUT_UPDATED;
    return true;
}

/* first: every row before it is written. */
static bool settle_in_file(Run *r, Item *it, bool first)
{
    switch (choice_of(r, it->group)) {
    case ON_DUP_SKIP: it->planned = OUT_SKIPPED; return true;
    case ON_DUP_UPDATE: return update_in_file(r, it, first);
    case ON_DUP_CREATE:
        if (may_wave(r, it)) {
            it->waved = true;
            return true;
        }
        break;
    case ON_DUP_REFUSE: break;
    }
    refuse_in_file(r, it);
    return true;
}

static bool update_in_base(Run *r, Item *it)
{
    const Entity *e = run_plan(r)->e;
    bool gone;
    ImpHit other = {0};
    if (!turn_to(r, it, it->dup_of, it->dup_former, &gone))
        return false;
    if (r->wait || !it->w || it->planned != OUT_UPDATED)
        return true;
    const DbVal *values = it->w->s.after;
    if (!imp_find_hits(r->c, e, &values, &it->w->s.id, 1, r->imp->id, &other))
        return false;
    if (!other.id)
        return true;
    it->rule = other.rule;
    it->dup_of = other.id;
    return refuse_in_base(r, it);
}

static bool settle_in_base(Run *r, Item *it)
{
    switch (choice_of(r, it->group)) {
    case ON_DUP_SKIP: it->planned = OUT_SKIPPED; return true;
    case ON_DUP_UPDATE:
        if (it->planned == OUT_CREATED)
            return update_in_base(r, it);
        break;
    case ON_DUP_CREATE:
        if (may_wave(r, it)) {
            it->waved = true;
            return true;
        }
        break;
    case ON_DUP_REFUSE: break;
    }
    return refuse_in_base(r, it);
}

static bool settle_dups(Run *r, Item *it, const ImpHit *hit, bool first)
{
    Ctx *c = r->c;
    const ImpPlan *p = run_plan(r);
    const DbVal *after = it->w->s.after;
    SeenKeys keys;
    int which = 0;
    seen_keys(r, p, &it->cells, after, it->found.id, &keys);
    it->place = seen_find(r, &keys, &which);
    if (it->place) {
        it->rule = keys.rules[which];
        it->group = seen_group(c, keys.keys[which]);
        if (!settle_in_file(r, it, first))
            return false;
    } else if (hit->id) {
        it->rule = hit->rule;
        it->dup_of = hit->id;
        it->dup_former = hit->former;
        it->group = seen_group(c, seen_rule_key(c, p->e, hit->rule, after));
        if (!settle_in_base(r, it))
            return false;
    }
    if (r->wait)
        return true;
    if (it->dup_of && is_there(it->planned) && !it->waved) /* it means that record now */
        seen_keys(r, p, &it->cells, after, it->dup_of, &keys);
    seen_take(r, &keys, imp_place(r->order[r->at], it->cells.row));
    return true;
}

/* ---- a window ------------------------------------------------------------------------------ */

static void name_item(Run *r, const Item *it, bool settled)
{
    const Field *title = run_plan(r)->e->title;
    if (settled && r->dry && it->w && it->planned == OUT_UPDATED && it->w->s.changed[title->index])
        map_put(&r->renamed, renamed_key(r->c, run_plan(r)->e, it->id), r);
    bool there = is_there(it->planned) && it->w;
    bool real = it->planned != OUT_CREATED;
    seen_name(r, run_plan(r), &it->cells, there ? it->id : 0, settled && (r->dry || real), real);
}

static bool read_versions(Run *r, int from, int upto, int64_t *out)
{
    int64_t ids[WINDOW];
    bool any = false;
    for (int i = from; i < upto; i++) {
        ids[i - from] = r->items[i].found.id;
        out[i - from] = 0;
        any |= r->items[i].found.id > 0;
    }
    return !any || imp_read_versions(r->c, run_plan(r)->e, ids, upto - from, out);
}

static bool find_hits(Run *r, int from, int upto, ImpHit *out)
{
    const DbVal *values[WINDOW];
    int64_t own[WINDOW];
    int n = upto - from;
    for (int i = 0; i < n; i++) {
        const Item *it = &r->items[from + i];
        bool asks = it->w && (it->planned == OUT_CREATED || it->planned == OUT_UPDATED);
        values[i] = asks ? it->w->s.after : NULL;
        own[i] = asks ? it->w->s.id : 0;
    }
    return imp_find_hits(r->c, run_plan(r)->e, values, own, n, r->imp->id, out);
}

/* start: where the block began; *at is how far it came. */
static bool prepare_window(Run *r, int start, int from, int upto, int *at)
{
    ImpHit hits[WINDOW];
    int64_t versions[WINDOW];
    if (!read_versions(r, from, upto, versions))
        return false;
    for (int i = from; i < upto; i++) {
        if (!prepare_item(r, &r->items[i], versions[i - from]))
            return false;
        if (r->wait)
            upto = i;
        else
            name_item(r, &r->items[i], false);
    }
    if (!find_hits(r, from, upto, hits))
        return false;
    for (int i = from; i < upto; i++) {
        Item *it = &r->items[i];
        bool waits = r->wait;
        r->wait = false;
        if (it->w && !settle_dups(r, it, &hits[i - from], i == start))
            return false;
        if (r->wait) {
            for (int k = i; k < upto; k++)
                seen_unname(r, run_plan(r), &r->items[k].cells);
            *at = i;
            return true;
        }
        r->wait = waits;
        if (!it->w)
            count_passed(r, it);
        name_item(r, it, true);
    }
    *at = upto;
    return true;
}

bool run_prepare(Run *r, int from, int *upto)
{
    r->wait = false;
    for (*upto = from; *upto < r->n && !r->wait;) {
        int to = *upto + WINDOW < r->n ? *upto + WINDOW : r->n;
        if (!prepare_window(r, from, *upto, to, upto))
            return false;
    }
    if (*upto == from && r->n > from) /* it waits for itself: that cannot be */
        return ctx_fail_detail(r->c, ERR_INTERNAL, "a row of an import waits for itself",
                               "err.internal");
    return true;
}
