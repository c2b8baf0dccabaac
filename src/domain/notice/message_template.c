/* What a template must keep to: places that are known, one of each kind, medium and language; and how it looks filled. */
#include <string.h>

#include "base/conf.h"
#include "base/msg.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/message_text.h"

static bool template_before_save(Ctx *c, Save *s)
{
    const char *subject = save_text(c, s, MESSAGE_TEMPLATE_SUBJECT),
               *body = save_text(c, s, MESSAGE_TEMPLATE_BODY),
               *kind = save_text(c, s, MESSAGE_TEMPLATE_KIND);
    if (subject)
        fill_check(c, "subject", subject, message_places);
    if (body)
        fill_check(c, "body", body, message_places);
    bool link = kind && (strcmp(kind, "reset") == 0 || strcmp(kind, "invite") == 0);
    const FillVar mark[] = {{"link", "\x01"}, {NULL, NULL}};
    if (link && body && !strchr(fill_text(c->a, body, mark, FILL_PLAIN), '\x01'))
        ctx_fail(c, ERR_INVALID, "body", "err.template_link");
    const FillVar code[] = {{"code", "\x01"}, {NULL, NULL}};
    if (kind && strcmp(kind, "code") == 0 && body &&
        !strchr(fill_text(c->a, body, code, FILL_PLAIN), '\x01'))
        ctx_fail(c, ERR_INVALID, "body", "err.template_code");
    return c->n_err == 0;
}

static bool template_after_save(Ctx *c, Save *s)
{
    const DbVal *v = s->after;
    int64_t n = 0;
    Filter *same = filter_and(
        c->a, rec_is(c, s->e, MESSAGE_TEMPLATE_KIND, v[MESSAGE_TEMPLATE_KIND]),
        filter_and(c->a, rec_is(c, s->e, MESSAGE_TEMPLATE_MEDIUM, v[MESSAGE_TEMPLATE_MEDIUM]),
                   rec_is(c, s->e, MESSAGE_TEMPLATE_LANGUAGE, v[MESSAGE_TEMPLATE_LANGUAGE])));
    if (!s->is_new)
        return true;
    if (!db_alone(c, "message_template") || !rec_count(c, s->e, same, &n))
        return false;
    return n <= 1 || ctx_fail(c, ERR_CONFLICT, "kind", "err.template_there");
}

static bool template_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                            json_object *in, Buf *out, bool *handled)
{
    (void)e;
    (void)in;
    if (!r || strcmp(name, "preview") != 0)
        return true;
    *handled = true;
    const DbVal *subject = &r->v[MESSAGE_TEMPLATE_SUBJECT], *body = &r->v[MESSAGE_TEMPLATE_BODY];
    const FillVar vars[] = {{"name", c->actor->name},
                            {"title", msg_text(c->lang, "template.sample_title")},
                            {"text", msg_text(c->lang, "template.sample_text")},
                            {"link", "https://crm.example.com/e/tasks/1"},
                            {"company", conf_text("company.name")},
                            {"minutes", "30"},
                            {"code", "123456"},
                            {NULL, NULL}};
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "subject",
            fill_text(c->a, subject->kind == DB_TEXT ? subject->s : "", vars, FILL_LINE));
    jw_kstr(&w, "body", fill_text(c->a, body->kind == DB_TEXT ? body->s : "", vars, FILL_PLAIN));
    jw_end(&w);
    return true;
}

extern const RecordHooks message_template_hooks;
const RecordHooks message_template_hooks = {.before_save = template_before_save,
                                            .after_save = template_after_save,
                                            .action = template_action};
