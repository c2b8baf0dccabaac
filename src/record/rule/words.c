/* What the actions share: texts with places, people named by words, whose turn it is, the reason of a run. */
#include <stdlib.h>
#include <string.h>

#include "base/fill.h"
#include "base/msg.h"
#include "meta/types.h"
#include "record/link_resolve.h"
#include "record/rows.h"
#include "record/rule/impl.h"

enum { PEOPLE_MAX = 50 };

/* A dry run says what would be done: nobody may take it for done. Sentences that fit both have one text. */
static const char *key_of(Ctx *c, const RuleFire *f, const char *key)
{
    static const char did[] = "rule.did_";
    if (!f->dry || strncmp(key, did, sizeof did - 1) != 0)
        return key;
    const char *would = arena_printf(c->a, "rule.would_%s", key + sizeof did - 1);
    return strcmp(msg_text(c->lang, would), would) == 0 ? key : would;
}

void rule_say_args(Ctx *c, const RuleFire *f, const char *const *key_and_args)
{
    if (f->reason->len)
        buf_puts(f->reason, c->lang[0] == 'e' ? "; " : "；");
    buf_puts(f->reason, msg_format(c->a, c->lang, key_of(c, f, key_and_args[0]), key_and_args + 1));
}

/* ---- texts ---------------------------------------------------------------------------------- */

static bool may_stand(const Field *f)
{
    return f && f->column && !f->personal && !f->hidden && !f->write_only && !f->retired &&
           f->type != FT_JSON;
}

static const char *field_text(Ctx *c, const RuleFire *f, const Field *fd)
{
    const DbVal *v = &f->r->v[fd->index];
    if (!may_stand(fd) || access_field(c, fd, NULL) == FR_NONE || v->kind == DB_NULL)
        return "";
    if (fd->type == FT_DATETIME || fd->type == FT_DATE)
        return type_text(c, fd, v);
    LinkLabels *labels = f->known->labels;
    const Entity *to = fd->type == FT_LINK ? link_target(fd, f->r->v) : NULL;
    if (to) {
        link_labels_want(labels, to, v->i);
        if (!link_labels_fetch(c, labels))
            return "";
    }
    return rows_value_text(c, fd, v, to, labels);
}

static const Field *field_of(Ctx *c, const Entity *e, const FillTag *t)
{
    return entity_field(e, arena_dup(c->a, t->name, t->n));
}

const char *rule_text(Ctx *c, const RuleFire *f, const char *text)
{
    const char *end = text + strlen(text);
    FillTag t;
    Buf b;
    buf_init(&b, c->a);
    for (; fill_next(text, end, FILL_FIELDS, &t); text = t.end) {
        const Field *fd = field_of(c, f->e, &t);
        buf_add(&b, text, (size_t)(t.at - text));
        buf_puts(&b, fd ? field_text(c, f, fd) : "");
    }
    buf_add(&b, text, (size_t)(end - text));
    return b.data;
}

bool rule_text_check(Ctx *c, const Entity *e, const char *text)
{
    FillTag t;
    for (const char *end = text + strlen(text); fill_next(text, end, FILL_FIELDS, &t);
         text = t.end) {
        const Field *fd = field_of(c, e, &t);
        if (!may_stand(fd) || access_field(c, fd, NULL) == FR_NONE)
            return ctx_fail(c, ERR_INVALID, "actions", "rule.text_place",
                            arena_dup(c->a, t.name, t.n), label_in(e->label, c->lang));
    }
    return true;
}

/* ---- people --------------------------------------------------------------------------------- */

static const char *const people_words[] = {"owner", "manager", "creator", "rule_owner", NULL};

bool rule_people_check(Ctx *c, json_object *words)
{
    size_t n = json_length(words);
    if (n == 0 || n > PEOPLE_MAX)
        return ctx_fail(c, ERR_INVALID, "actions", "rule.people_shape", ctx_num(c, PEOPLE_MAX));
    for (size_t i = 0; i < n; i++) {
        json_object *it = json_object_array_get_idx(words, i);
        bool known = json_object_is_type(it, json_type_int);
        const char *s = json_object_is_type(it, json_type_string) ? json_object_get_string(it) : "";
        for (int k = 0; people_words[k]; k++)
            known |= strcmp(s, people_words[k]) == 0;
        if (!known)
            return ctx_fail(c, ERR_INVALID, "actions", "rule.people_word",
                            json_object_is_type(it, json_type_string) ? s : "?");
    }
    return true;
}

static bool person(Ctx *c, const RuleFire *f, json_object *word, int64_t *out)
{
    const DbVal *owner = &f->r->v[STD_OWNER], *creator = &f->r->v[STD_CREATED_BY];
    *out = 0;
    if (json_object_is_type(word, json_type_int)) {
        *out = json_object_get_int64(word);
        return true;
    }
    const char *s = json_object_is_type(word, json_type_string) ? json_object_get_string(word) : "";
    if (strcmp(s, "rule_owner") == 0)
        *out = c->actor->user;
    else if (strcmp(s, "creator") == 0)
        *out = creator->kind == DB_INT ? creator->i : 0;
    else if (owner->kind == DB_INT && strcmp(s, "owner") == 0)
        *out = owner->i;
    else if (owner->kind == DB_INT && strcmp(s, "manager") == 0)
        return rule_known_manager(c, f->known, owner->i, out);
    return true;
}

/* Those of ids who are active, in the same order. */
static int active(Ctx *c, const RuleFire *f, int64_t *ids, int n)
{
    int kept = 0;
    if (!rule_known_people(c, f->known, ids, n))
        return -1;
    for (int i = 0; i < n; i++) {
        const NoticeReader *there;
        if (!rule_known_reader(c, f->known, ids[i], &there))
            return -1;
        if (there)
            ids[kept++] = ids[i];
    }
    return kept;
}

int rule_people(Ctx *c, const RuleFire *f, json_object *words, int64_t *out, int max)
{
    int n = 0;
    size_t len = json_length(words);
    for (size_t i = 0; i < len && n < max; i++) {
        int64_t id;
        bool twice = false;
        if (!person(c, f, json_object_array_get_idx(words, i), &id))
            return -1;
        for (int k = 0; k < n; k++)
            twice |= out[k] == id;
        if (id && !twice)
            out[n++] = id;
    }
    return active(c, f, out, n);
}

bool rule_turn(Ctx *c, const RuleFire *f, int64_t *out)
{
    DbVal p[] = {db_of_int(f->rule)};
    bool found = false;
    *out = 0;
    if (!db_alone(c, arena_printf(c->a, "rule.%s", ctx_num(c, f->rule))) ||
        !db_one_int(c,
                    SQL("UPDATE \"rule\" SET \"turn\" = coalesce(\"turn\", 0) + 1 WHERE \"id\" = "
                        "$1 RETURNING \"turn\""),
                    p, 1, out, &found))
        return false;
    *out -= found;
    return true;
}
