/*
 * 《数据变更申请》 on paper: what is asked and why, what changes as the reader sees it (look.c, the same as on the page), who
 * said what, and lines to sign on. See approval.h.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/msg.h"
#include "base/report/report.h"
#include "entity_ids.h"
#include "meta/types.h"
#include "record/approval/impl.h"
#include "record/changes.h"
#include "record/print/page.h"

enum { TASKS_MOST = 200 };

/* ---- what is asked ------------------------------------------------------------------------- */

static const Entity *target_of(const Ctx *c, const Field *f)
{
    return f->to ? model_entity(c->model, f->to) : NULL;
}

static const char *entity_label(Ctx *c, const char *name)
{
    const Entity *e = model_entity(c->model, name);
    return e ? label_in(e->label, c->lang) : name;
}

/* The fields of the request that are for people, as he reads them. */
static bool facts(Ctx *c, const Record *q, Report *r)
{
    static const struct {
        int field;
        bool wide;
    } shown[] = {{CHANGE_REQUEST_TITLE, true},
                 {CHANGE_REQUEST_NUMBER, false},
                 {CHANGE_REQUEST_OPERATION, false},
                 {CHANGE_REQUEST_ENTITY, false},
                 {CHANGE_REQUEST_STATE, false},
                 {STD_OWNER, false},
                 {STD_CREATED_AT, false},
                 {CHANGE_REQUEST_FLOW, false},
                 {CHANGE_REQUEST_FINISHED_AT, false},
                 {CHANGE_REQUEST_REASON, true},
                 {CHANGE_REQUEST_RESULT, true}};
    enum { N = sizeof shown / sizeof *shown };
    LinkLabels *labels = link_labels_new(c);
    ReportPair pairs[N];
    int n = 0;
    for (int i = 0; i < N; i++) {
        const Field *f = &q->e->fields[shown[i].field];
        const DbVal *v = &q->v[shown[i].field];
        if (target_of(c, f) && v->kind == DB_INT)
            link_labels_want(labels, target_of(c, f), v->i);
    }
    if (!link_labels_fetch(c, labels))
        return false;
    for (int i = 0; i < N; i++) {
        bool masked;
        const Field *f = changes_field(c, q->e, q->e->fields[shown[i].field].name, &masked);
        const DbVal *v = &q->v[shown[i].field];
        if (!f)
            continue;
        const Entity *to = target_of(c, f);
        const char *text = v->kind == DB_NULL ? "" : type_text(c, f, v);
        if (to)
            text = v->kind == DB_INT ? link_label(labels, to, v->i) : "";
        else if (shown[i].field == CHANGE_REQUEST_ENTITY)
            text = entity_label(c, text);
        if ((!text || !*text) && !shown[i].wide)
            continue; /* not done yet, or not his to see */
        const char *label = shown[i].field == STD_OWNER ? msg_text(c->lang, "ui.approval.by")
                                                        : label_in(f->label, c->lang);
        pairs[n++] = (ReportPair){label, masked && text && *text ? type_mask(c->a, f, text) : text,
                                  shown[i].wide};
    }
    report_grid(r, 2, pairs, n);
    return true;
}

/* ---- what changes -------------------------------------------------------------------------- */

static void changes(Ctx *c, Report *r, json_object *list)
{
    ReportColumn columns[] = {{.label = msg_text(c->lang, "ui.approval.field")},
                              {.label = msg_text(c->lang, "ui.approval.before")},
                              {.label = msg_text(c->lang, "ui.approval.after")}};
    ReportTable *t = report_table(r, columns, 3);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        const char *cells[] = {json_str(json_member(one, "label"), c->lang, ""),
                               json_str(one, "before", ""), json_str(one, "after", "")};
        report_row(t, REPORT_PLAIN, cells);
    }
}

static void records(Ctx *c, Report *r, json_object *list)
{
    ReportColumn columns[] = {
        {.label = msg_text(c->lang, "approval.print.no"), .align = REPORT_RIGHT},
        {.label = msg_text(c->lang, "approval.print.record")}};
    ReportTable *t = report_table(r, columns, 2);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        const char *hidden = msg_text(c->lang, "approval.print.hidden");
        const char *cells[] = {ctx_num(c, (int64_t)i + 1), json_str(one, "label", hidden)};
        report_row(t, REPORT_PLAIN, cells);
    }
}

static bool matter(Ctx *c, const Record *q, Report *r)
{
    Buf b;
    json_object *seen = NULL;
    buf_init(&b, c->a);
    if (!approval_look(c, q, &b) || !json_read(c, b.data, b.len, &seen))
        return false;
    json_object *list = json_member(seen, "changes"), *many = json_member(seen, "records");
    report_heading(r, 2, msg_text(c->lang, "ui.approval.changes"));
    if (list && json_object_array_length(list))
        changes(c, r, list);
    else if (many && json_object_array_length(many))
        records(c, r, many);
    else
        report_text_as(r, REPORT_MUTED, REPORT_LEFT, msg_text(c->lang, "approval.print.nothing"));
    const DbVal *state = &q->v[CHANGE_REQUEST_STATE];
    const char *open = " waiting returned agreed ";
    bool is_open = state->kind == DB_TEXT &&
                   strstr(open, arena_printf(c->a, " %.*s ", (int)state->n, state->s));
    if (is_open &&
        json_flag(seen, "changed_since", false)) /* of one that is done it means itself */
        report_text_as(r, REPORT_STRONG, REPORT_LEFT, msg_text(c->lang, "ui.approval.since"));
    return true;
}

/* ---- who said what ------------------------------------------------------------------------- */

static const char *option_label(Ctx *c, const Entity *e, const char *field, const char *code)
{
    const Field *f = entity_field(e, field);
    DbVal v = db_of_text(code);
    return f && *code ? type_ops(f->type)->to_text(c->a, f, &v, c->lang) : code;
}

static const char *instant(Ctx *c, const char *rfc3339)
{
    int64_t at;
    return *rfc3339 && clock_parse_rfc3339(rfc3339, &at) ? print_time(c, at) : "";
}

static bool people(Ctx *c, const Record *q, Report *r)
{
    const Entity *e = model_entity(c->model, "approval_task");
    ReportColumn columns[] = {
        {.label = msg_text(c->lang, "approval.print.step"), .align = REPORT_RIGHT},
        {.label = msg_text(c->lang, "approval.print.person")},
        {.label = msg_text(c->lang, "approval.print.answer")},
        {.label = msg_text(c->lang, "approval.print.comment")},
        {.label = msg_text(c->lang, "approval.print.at")}};
    const char *filter = arena_printf(c->a, "[\"request\",\"=\",%" PRId64 "]", q->id);
    ListQuery lq = {.sort = "created_at",
                    .fields = "owner,kind,state,comment,done_at,step",
                    .limit = TASKS_MOST};
    json_object *page = NULL;
    Buf b;
    buf_init(&b, c->a);
    if (!e || !json_read(c, filter, strlen(filter), &lq.filter) || !rec_list(c, e, &lq, &b) ||
        !json_read(c, b.data, b.len, &page))
        return false;
    json_object *list = json_member(page, "data");
    report_heading(r, 2, msg_text(c->lang, "ui.approval.steps"));
    ReportTable *t = report_table(r, columns, sizeof columns / sizeof *columns);
    report_table_empty(t, msg_text(c->lang, "approval.print.nobody"));
    for (size_t i = 0; list && i < json_object_array_length(list); i++) {
        json_object *one = json_object_array_get_idx(list, i);
        const char *cells[] = {ctx_num(c, json_int(one, "step", 0) + 1),
                               json_str(json_member(one, "owner"), "label", ""),
                               option_label(c, e, "state", json_str(one, "state", "")),
                               json_str(one, "comment", ""),
                               instant(c, json_str(one, "done_at", ""))};
        report_row(t, REPORT_PLAIN, cells);
    }
    return true;
}

bool approval_print(Ctx *c, const Record *request, Report *out)
{
    const char *signs[] = {msg_text(c->lang, "approval.print.sign_requester"),
                           msg_text(c->lang, "approval.print.sign_head"),
                           msg_text(c->lang, "approval.print.sign_admin")};
    report_heading(out, 1, label_in(request->e->label, c->lang));
    if (!facts(c, request, out) || !matter(c, request, out) || !people(c, request, out))
        return false;
    report_signatures(out, signs, 3);
    return true;
}
