/* What a role allows. See role.h. */
#include "auth/role.h"

#include <string.h>

#include "auth/row.h"
#include "base/embed.h"
#include "base/id.h"

#define BIT(x) (1u << (x))

/* --- words in lists --------------------------------------------------------------------------- */

/* The next word of a list separated by blanks or commas; false at the end. */
static bool next_word(const char **at, char *out, size_t room)
{
    const char *p = *at;
    while (*p == ' ' || *p == ',')
        p++;
    size_t n = strcspn(p, " ,");
    *at = p + n;
    if (n == 0)
        return false;
    if (n >= room)
        n = room - 1;
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

static unsigned scopes_of(const char *text)
{
    char word[32];
    unsigned bits = 0;
    Scope s;
    while (next_word(&text, word, sizeof word))
        if (scope_parse(word, &s))
            bits |= BIT(s);
    return bits;
}

static unsigned actions_of(const char *text)
{
    char word[32];
    unsigned bits = 0;
    Action a;
    while (next_word(&text, word, sizeof word))
        if (action_parse(word, &a))
            bits |= BIT(a);
    return bits;
}

/* --- uniting ---------------------------------------------------------------------------------- */

static void add_row(EntityRight *er, const char *scope, const char *action_list, bool clear)
{
    unsigned s = scopes_of(scope), a = actions_of(action_list);
    if (s == 0 || a == 0)
        return;
    er->actions |= a;
    for (int i = 0; i < ACT__COUNT; i++)
        if (a & BIT(i))
            er->action_scopes[i] |= s;
    if (a & BIT(ACT_READ)) {
        er->scopes |= s;
        if (clear)
            er->clear_scopes |= s;
    }
}

static const RoleRow *default_row(const Entity *e, const char *code)
{
    for (int i = 0; i < e->n_roles; i++)
        if (strcmp(e->roles[i].role, code) == 0)
            return &e->roles[i];
    return NULL;
}

/*
 * data/roles.json, read into the arena of the context: small, and only while the cache of actors is cold. NULL where it
 * cannot be read, which gives nothing to anybody.
 */
static json_object *builtin_roles(Ctx *c)
{
    const Embed *file = embed_find("data/roles.json");
    json_object *roles = NULL;
    (void)json_read_relaxed(c, (const char *)file->data, file->len, &roles);
    return roles;
}

static unsigned rights_of(json_object *list)
{
    unsigned bits = 0;
    Right r;
    if (!json_object_is_type(list, json_type_array))
        return 0;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *item = json_object_array_get_idx(list, i);
        if (json_object_is_type(item, json_type_string) &&
            right_parse(json_object_get_string(item), &r))
            bits |= BIT(r);
    }
    return bits;
}

static bool read_stored(Ctx *c, const char *rights_json, json_object **out)
{
    *out = NULL;
    if (!rights_json || !*rights_json)
        return true;
    int mark = c->n_err;
    if (json_read(c, rights_json, strlen(rights_json), out) &&
        json_object_is_type(*out, json_type_object))
        return true;
    if (*out == NULL && strcmp(rights_json, "null") == 0) {
        ctx_errors_back_to(c, mark);
        return true;
    }
    ctx_errors_back_to(c, mark);
    return false;
}

void role_add_rights(Ctx *c, const Model *m, const char *code, const char *rights_json,
                     unsigned *rights, EntityRight *ents)
{
    json_object *stored = NULL;
    if (!read_stored(c, rights_json, &stored))
        return; /* damaged: deny */
    json_object *general = json_member(stored, "rights");
    if (!general)
        general = json_member(stored, "general"); /* the other name of docs/entity.md */
    if (!general)
        general = json_member(json_member(builtin_roles(c), code), "rights");
    *rights |= rights_of(general);
    json_object *entities = json_member(stored, "entities");
    for (int i = 0; i < m->n; i++) {
        const Entity *e = &m->entities[i];
        json_object *row = json_member(entities, e->name);
        if (row) {
            add_row(&ents[i], json_str(row, "scope", ""), json_str(row, "actions", ""),
                    json_flag(row, "clear", false));
            continue;
        }
        const RoleRow *d = default_row(e, code);
        if (d)
            add_row(&ents[i], d->scope, d->actions, d->clear);
    }
}

void role_finish(EntityRight *ents, int n)
{
    for (int i = 0; i < n; i++) {
        unsigned wider = ents[i].scopes & ~BIT(SCOPE_OWN);
        ents[i].clear =
            ents[i].clear_scopes & BIT(SCOPE_ALL) ? true : !(wider & ~ents[i].clear_scopes);
    }
}

/* --- checking what a person writes -------------------------------------------------------------- */

static bool check_words(Ctx *c, const char *field, const char *list,
                        bool (*known)(const char *word))
{
    char word[32];
    bool ok = true;
    while (next_word(&list, word, sizeof word))
        if (!known(word))
            ok = ctx_fail(c, ERR_INVALID, field, "role.unknown_word", word);
    return ok;
}

static bool scope_word(const char *w)
{
    Scope s;
    return strcmp(w, "none") == 0 || scope_parse(w, &s);
}

static bool action_word(const char *w)
{
    Action a;
    return action_parse(w, &a);
}

static bool check_entity(Ctx *c, const char *field, const char *name, json_object *row)
{
    if (!model_entity(c->model, name))
        return ctx_fail(c, ERR_INVALID, field, "role.unknown_entity", name);
    if (!json_object_is_type(row, json_type_object))
        return ctx_fail(c, ERR_INVALID, field, "role.bad_entity", name);
    bool ok = true;
    json_object_object_foreach(row, key, value)
    {
        bool text = json_object_is_type(value, json_type_string);
        if (strcmp(key, "scope") == 0 && text)
            ok &= check_words(c, field, json_object_get_string(value), scope_word);
        else if (strcmp(key, "actions") == 0 && text)
            ok &= check_words(c, field, json_object_get_string(value), action_word);
        else if (strcmp(key, "clear") != 0 || !json_object_is_type(value, json_type_boolean))
            ok = ctx_fail(c, ERR_INVALID, field, "role.bad_entity", name);
    }
    return ok;
}

bool role_rights_check(Ctx *c, const char *field, json_object *rights)
{
    if (rights == NULL)
        return true;
    if (!json_object_is_type(rights, json_type_object))
        return ctx_fail(c, ERR_INVALID, field, "role.bad_rights");
    bool ok = true;
    json_object_object_foreach(rights, key, value)
    {
        bool general = strcmp(key, "rights") == 0 || strcmp(key, "general") == 0;
        if (general && json_object_is_type(value, json_type_array)) {
            for (size_t i = 0; i < json_object_array_length(value); i++) {
                const char *w = json_object_get_string(json_object_array_get_idx(value, i));
                Right r;
                if (!w || !right_parse(w, &r))
                    ok = ctx_fail(c, ERR_INVALID, field, "role.unknown_word", w ? w : "null");
            }
        } else if (strcmp(key, "entities") == 0 && json_object_is_type(value, json_type_object)) {
            json_object_object_foreach(value, name, row) ok &= check_entity(c, field, name, row);
        } else {
            ok = ctx_fail(c, ERR_INVALID, field, "role.bad_rights");
        }
    }
    return ok;
}

static void write_bits(Jw *w, unsigned bits, int n, const char *(*name)(int), char sep)
{
    Buf b;
    buf_init(&b, w->b->a);
    for (int i = 0; i < n; i++) {
        if (!(bits & BIT(i)))
            continue;
        if (b.len)
            buf_putc(&b, sep);
        buf_puts(&b, name(i));
    }
    jw_str(w, b.len ? b.data : "none");
}

static const char *scope_at(int i)
{
    return scope_name((Scope)i);
}

static const char *action_at(int i)
{
    return action_name((Action)i);
}

bool role_rights_effective(Ctx *c, const char *code, const char *rights_json, Buf *out)
{
    const Model *m = c->model;
    EntityRight *ents = ARENA_ARRAY(c->a, m->n, EntityRight);
    unsigned rights = 0;
    role_add_rights(c, m, code, rights_json, &rights, ents);
    role_finish(ents, m->n);
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "rights");
    jw_arr(&w);
    for (int r = RIGHT_NONE + 1; r < RIGHT__COUNT; r++)
        if (rights & BIT(r))
            jw_str(&w, right_name((Right)r));
    jw_end(&w);
    jw_key(&w, "entities");
    jw_obj(&w);
    for (int i = 0; i < m->n; i++) {
        if (m->entities[i].n_roles == 0 && ents[i].actions == 0)
            continue;
        unsigned all = 0;
        for (int a = 0; a < ACT__COUNT; a++)
            all |= ents[i].action_scopes[a];
        jw_key(&w, m->entities[i].name);
        jw_obj(&w);
        jw_key(&w, "scope");
        write_bits(&w, all, SCOPE__COUNT, scope_at, ',');
        jw_key(&w, "actions");
        write_bits(&w, ents[i].actions, ACT__COUNT, action_at, ' ');
        jw_kbool(&w, "clear", ents[i].clear_scopes != 0);
        /* who keeps roles may see none of them: /schema does not name them to him */
        jw_key(&w, "label");
        jw_obj(&w);
        jw_kstr(&w, "zh", m->entities[i].label.zh);
        jw_kstr(&w, "en", m->entities[i].label.en);
        jw_end(&w);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return true;
}

/* --- the built-in roles ------------------------------------------------------------------------- */

bool role_find(Ctx *c, const char *code, int64_t *out)
{
    DbVal p[] = {db_of_text(code)};
    bool found = false;
    int64_t id = 0;
    if (!db_one_int(c, SQL("SELECT id FROM \"role\" WHERE code = $1 AND deleted_at IS NULL"), p, 1,
                    &id, &found))
        return false;
    *out = found ? id : 0;
    return true;
}

static bool seed(Ctx *c, void *arg)
{
    (void)arg;
    const Entity *e = model_entity(c->model, "role");
    json_object *roles = builtin_roles(c);
    bool added = false;
    json_object_object_foreach(roles, code, row)
    {
        if (code[0] == '_') /* "_note" and its like are words about the file */
            continue;
        DbVal p[] = {db_of_text(code)};
        bool found = false;
        int64_t id = 0;
        /* a built-in role that was deleted stays deleted: its code is taken by the dead row */
        if (!db_one_int(c, SQL("SELECT id FROM \"role\" WHERE code = $1"), p, 1, &id, &found))
            return false;
        if (found)
            continue;
        json_object *label = json_member(row, "label");
        const RowSet set[] = {
            {"code", db_of_text(code)},
            {"name", db_of_text(json_str(label, "zh", code))},
            {"name_en", db_of_text(json_str(label, "en", NULL))},
            {"description", db_of_text(json_str(json_member(row, "about"), "zh", NULL))},
            {"description_en", db_of_text(json_str(json_member(row, "about"), "en", NULL))},
            {"is_system", db_of_int(1)},
        };
        if (!row_insert(c, e, id_new(), set, sizeof set / sizeof set[0]))
            return false;
        added = true;
    }
    if (!added)
        return true;
    return db_change(c, "access", 0);
}

bool role_seed(Ctx *c)
{
    if (!db_write(c, seed, NULL))
        return false;
    actor_cache_clear();
    return true;
}
