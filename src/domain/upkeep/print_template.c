/* What a print template must keep to: places, lists and a document that fit its entity; and what its editor asks for. */
#include <string.h>

#include "base/json_read.h"
#include "entity_ids.h"
#include "record/hooks.h"
#include "record/print/print.h"

static bool template_before_save(Ctx *c, Save *s)
{
    bool asked =
        save_changed(s, PRINT_TEMPLATE_BODY) || save_changed(s, PRINT_TEMPLATE_LISTS) || s->is_new;
    return !asked || print_template_check(c, s->after);
}

static bool template_before_attach(Ctx *c, const Record *r, const char *path, const char **seen)
{
    return print_document_check(c, r, path, seen);
}

static bool template_action(Ctx *c, const Entity *e, const Record *r, const char *name,
                            json_object *in, Buf *out, bool *handled)
{
    (void)e;
    bool places = strcmp(name, "places") == 0;
    if (r || (!places && strcmp(name, "preview") != 0))
        return true;
    *handled = true;
    if (!places)
        return print_preview(c, in, out);
    const char *entity = json_str(in, "entity", "");
    const Entity *of = model_entity(c->model, entity);
    if (!of || !of->routes || of->right)
        return ctx_fail(c, ERR_INVALID, "entity", "print.entity", entity);
    return print_places(c, of, out);
}

extern const RecordHooks print_template_hooks;
const RecordHooks print_template_hooks = {.before_save = template_before_save,
                                          .before_attach = template_before_attach,
                                          .action = template_action};
