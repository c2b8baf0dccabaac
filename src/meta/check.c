/* The checks of an entity as a whole, and the order of all. See check.h; each has a test in test/unit/meta/test_check.c. */
#include "meta/check_impl.h"

#include <string.h>

#include "base/embed.h"
#include "base/msg.h"
#include "meta/types.h"

const char *const meta_action_names[] = {"read",   "create",   "edit",  "delete",  "import",
                                         "export", "transfer", "share", "approve", "bulk",
                                         "merge",  "erase",    NULL};
const char *const meta_scope_names[] = {"own", "reports", "department", "below",
                                        "all", "none",    NULL};
const char *const meta_right_names[] = {"settings", "fields", "audit",       "users", "roles",
                                        "sessions", "jobs",   "import_keep", NULL};

/* Paths of the API that belong to no entity (CONTRACT 2). A test of the router holds every route's first word to be here. */
static const char *const reserved_plurals[] = {
    "session",     "sessions",         "me",        "password-reset", "approval-link",
    "tokens",      "step-up",          "schema",    "imports",        "jobs",
    "events",      "metrics",          "reports",   "search",         "merges",
    "attachments", "import-templates", "favorites", "calendar",       "settings",
    "openapi",     "assets",           "healthz",   "readyz",         "welcome",
    "logo",        "configuration",    NULL,
};

bool check_one_of(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

static int count(const char *const *words)
{
    int n = 0;
    while (words[n])
        n++;
    return n;
}

const char *check_join(Arena *a, const char *const *words)
{
    Buf b;
    buf_init(&b, a);
    for (int i = 0; words[i]; i++) {
        if (i)
            buf_putc(&b, ' ');
        buf_puts(&b, words[i]);
    }
    return b.data;
}

bool check_name_legal(const char *s, size_t max, char dash)
{
    if (*s < 'a' || *s > 'z' || strlen(s) > max)
        return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == dash))
            return false;
    return true;
}

void check_take(K *k, const Entity *e)
{
    k->e = e;
    for (int i = 0; i < k->n; i++)
        if (strcmp(k->sources[i].path, e->file) == 0)
            k->s = &k->sources[i];
}

void check_entity_fail(K *k, const char *key, const char *sub, const char *const *msg)
{
    const char *keys[] = {key, sub, NULL};
    k->ok = meta_fail_args(k->c, k->e->file, meta_line(k->s, keys), msg);
}

void check_field_fail(K *k, const Field *f, const char *key, const char *const *msg)
{
    if (f->custom) {
        char *what = msg_format(k->c->a, k->c->lang, msg[0], msg + 1);
        k->ok = ctx_fail(k->c, ERR_INVALID, key, "meta.plain", what);
        return;
    }
    const char *file = f->standard ? k->standard_path : k->e->file;
    const char *keys[] = {"fields", f->name, key, NULL};
    int line = 0;
    for (int i = 0; i < k->n; i++)
        if (strcmp(k->sources[i].path, file) == 0)
            line = meta_line(&k->sources[i], keys);
    k->ok = meta_fail_args(k->c, file, line, msg);
}

static void no_such_field(K *k, const char *key, const char *sub, const char *name)
{
    int n = k->e->n_fields;
    const char **words = ARENA_ARRAY(k->c->a, n, const char *);
    for (int i = 0; i < n; i++)
        words[i] = k->e->fields[i].name;
    const char *near = meta_nearest(name, words, n);
    if (near)
        EFAIL(k, key, sub, "meta.no_such_field_near", key, name, near);
    else
        EFAIL(k, key, sub, "meta.no_such_field", key, name);
}

static void check_open(K *k)
{
    const char *why;
    if (k->e->open && !check_own_filter(k, k->e->open, &why))
        EFAIL(k, "open", NULL, "meta.open", why);
}
bool meta_number_pattern_ok(const char *p)
{
    static const char *const dates[] = {"{yyyy}", "{yyyyMM}", "{yyyyMMdd}", "{yyMMdd}", "{yyMM}"};
    int seqs = 0;
    if (strlen(p) > 60)
        return false;
    while (*p) {
        if (*p == '}')
            return false;
        if (*p != '{') {
            bool plain = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
                         (*p >= '0' && *p <= '9') || strchr("-_/.", *p);
            if (!plain)
                return false;
            p++;
            continue;
        }
        if (strncmp(p, "{seq:", 5) == 0 && p[5] >= '1' && p[5] <= '9' && p[6] == '}') {
            seqs++;
            p += 7;
            continue;
        }
        size_t n = 0;
        for (size_t i = 0; i < sizeof dates / sizeof *dates && !n; i++)
            if (strncmp(p, dates[i], strlen(dates[i])) == 0)
                n = strlen(dates[i]);
        if (!n)
            return false;
        p += n;
    }
    return seqs == 1;
}

static void check_number(K *k)
{
    static const char *const resets[] = {"day", "month", "year", "never", NULL};
    const Entity *e = k->e;
    if (!check_one_of(e->number_reset, resets))
        EFAIL(k, "number_reset", NULL, "meta.one_of", "number_reset", e->number_reset,
              check_join(k->c->a, resets));
    if (!e->number)
        return;
    if (!meta_number_pattern_ok(e->number))
        EFAIL(k, "number", NULL, "meta.number_pattern", e->number);
    int n = 0;
    for (int i = 0; i < e->n_fields; i++)
        n += e->fields[i].type == FT_NUMBER;
    if (n != 1)
        EFAIL(k, "number", NULL, "meta.number_field");
    /* A sequence that starts again must carry what tells its periods apart, or numbers would repeat. */
    bool day = strstr(e->number, "MMdd}"), month = day || strstr(e->number, "MM}"),
         year = month || strstr(e->number, "{yyyy}");
    if ((strcmp(e->number_reset, "day") == 0 && !day) ||
        (strcmp(e->number_reset, "month") == 0 && !month) ||
        (strcmp(e->number_reset, "year") == 0 && !year))
        EFAIL(k, "number_reset", NULL, "meta.number_repeat", e->number, e->number_reset);
}

static void check_timeline(K *k)
{
    const Entity *e = k->e;
    for (int i = 0; e->timeline && e->timeline[i]; i++) {
        const char *dot = strchr(e->timeline[i], '.');
        const Entity *t = NULL;
        const Field *f = NULL;
        if (dot)
            t = model_entity(k->m,
                             arena_dup(k->c->a, e->timeline[i], (size_t)(dot - e->timeline[i])));
        if (t)
            f = entity_field(t, dot + 1);
        bool fits = f && f->type == FT_LINK;
        if (fits && f->to)
            fits = strcmp(f->to, e->name) == 0;
        else if (fits) {
            const Field *by = entity_field(t, f->to_field);
            fits = by && field_option(by, e->name);
        }
        if (!fits)
            EFAIL(k, "timeline", NULL, "meta.timeline", e->timeline[i], e->name);
    }
    if ((e->gets & GETS_TIMELINE) && !(e->timeline && e->timeline[0]))
        EFAIL(k, "gets", NULL, "meta.timeline_empty");
}

static void check_words(K *k, const char *key, const char *sub, const char *what, const char *text,
                        char sep, const char *const *words)
{
    char word[64];
    while (*text) {
        size_t n = 0;
        while (text[n] && text[n] != sep)
            n++;
        if (n >= sizeof word) {
            EFAIL(k, key, sub, "meta.one_of", what, text, check_join(k->c->a, words));
            return;
        }
        memcpy(word, text, n);
        word[n] = 0;
        if (n && !check_one_of(word, words)) {
            const char *near = meta_nearest(word, words, count(words));
            if (near)
                EFAIL(k, key, sub, "meta.one_of_near", what, word, near);
            else
                EFAIL(k, key, sub, "meta.one_of", what, word, check_join(k->c->a, words));
        }
        text += n;
        while (*text == sep)
            text++;
    }
}

static void check_roles(K *k)
{
    const Entity *e = k->e;
    const Embed *known = embed_find("data/roles.json"); /* not in mkmeta, which stands before it */
    json_object *roles = NULL;
    if (known)
        (void)json_read_relaxed(k->c, (const char *)known->data, known->len, &roles);
    for (int i = 0; i < e->n_roles; i++) {
        const RoleRow *r = &e->roles[i];
        check_words(k, "roles", r->role, "scope", r->scope, ',', meta_scope_names);
        check_words(k, "roles", r->role, "actions", r->actions, ' ', meta_action_names);
        if (roles && strcmp(r->role, "*") != 0 && !json_object_object_get_ex(roles, r->role, NULL))
            EFAIL(k, "roles", r->role, "meta.role_unknown", r->role);
    }
    if (e->right && !check_one_of(e->right, meta_right_names))
        EFAIL(k, "right", NULL, "meta.one_of", "right", e->right,
              check_join(k->c->a, meta_right_names));
    if (e->routes && !e->right && !e->n_roles)
        EFAIL(k, "entity", NULL, "meta.nobody");
}

static void check_actions(K *k)
{
    for (int i = 0; i < k->e->n_actions; i++) {
        const EntityAction *x = &k->e->actions[i];
        if (!check_name_legal(x->name, 40, '_'))
            EFAIL(k, "actions", x->name, "meta.name_illegal", x->name);
        if (!check_one_of(x->right, meta_action_names))
            EFAIL(k, "actions", x->name, "meta.one_of", "right", x->right,
                  check_join(k->c->a, meta_action_names));
        const char *why;
        const Filter *while_it = x->shown_if ? check_own_filter(k, x->shown_if, &why) : NULL;
        if (x->shown_if && !while_it)
            EFAIL(k, "actions", x->name, "meta.action_shown_if", why);
        else if (while_it && !check_own_leaves(while_it))
            EFAIL(k, "actions", x->name, "meta.action_shown_if_own");
        if (x->in_list && !x->on_entity)
            EFAIL(k, "actions", x->name, "meta.in_list");
    }
}

static void check_indexes(K *k)
{
    const Entity *e = k->e;
    for (int i = 0; i < e->n_indexes; i++) {
        for (int j = 0; e->indexes[i].fields[j]; j++) {
            const char *name = e->indexes[i].fields[j];
            name += *name == '-';
            const Field *f = entity_field(e, name);
            if (!f)
                no_such_field(k, "indexes", NULL, name);
            else if (!f->column)
                EFAIL(k, "indexes", NULL, "meta.index_no_column", name);
        }
    }
}

static void check_dups(K *k)
{
    const Entity *e = k->e;
    for (int i = 0; i < e->n_dups; i++) {
        const DupRule *d = &e->dups[i];
        for (int j = 0; d->fields[j]; j++) {
            const Field *f = entity_field(e, d->fields[j]);
            if (!f)
                no_such_field(k, "dups", d->name, d->fields[j]);
            else if (!f->match)
                EFAIL(k, "dups", d->name, "meta.dup_no_match", d->name, f->name);
        }
    }
    if ((e->gets & GETS_DEDUPE) && !e->n_dups)
        EFAIL(k, "gets", NULL, "meta.dedupe_empty");
}

static void check_order(K *k)
{
    const Entity *e = k->e;
    const char *s = e->sort;
    s += *s == '-';
    const Field *f = entity_field(e, s);
    if (!f)
        no_such_field(k, "sort", NULL, s);
    else if (!f->sort && strcmp(s, "id") != 0)
        EFAIL(k, "sort", NULL, "meta.sort_no_index", s);
}

/* A page of the calendar is a range of an index. */
static void check_calendar(K *k)
{
    const Entity *e = k->e;
    if (!e->calendar)
        return;
    const Field *f = entity_field(e, e->calendar);
    if (!f)
        no_such_field(k, "calendar", NULL, e->calendar);
    else if ((f->type != FT_DATE && f->type != FT_DATETIME) || !f->sort)
        EFAIL(k, "calendar", NULL, "meta.calendar_field", e->calendar);
}

static void check_gets(K *k)
{
    const Entity *e = k->e;
    bool searched = false;
    for (int i = 0; i < e->n_fields; i++)
        searched = searched || e->fields[i].search > 0;
    if ((e->gets & GETS_SEARCH) && !searched)
        EFAIL(k, "gets", NULL, "meta.search_empty");
    static const unsigned need_standard[] = {GETS_SHARE, GETS_HISTORY, GETS_TRASH, GETS_CUSTOM,
                                             GETS_IMPORT};
    static const char *const names[] = {"share", "history", "trash", "custom_fields", "import"};
    for (int i = 0; i < 5; i++)
        if ((e->gets & need_standard[i]) && !e->standard)
            EFAIL(k, "gets", NULL, "meta.gets_standard", names[i]);
    const Field *into = entity_field(e, "merged_into");
    if ((e->gets & GETS_MERGE) &&
        (!e->standard || !(e->gets & GETS_TRASH) || !into || into->type != FT_LINK ||
         !into->readonly || !into->to || strcmp(into->to, e->name) != 0))
        EFAIL(k, "gets", NULL, "meta.gets_merge");
}

static void check_links_of_entity(K *k)
{
    const Entity *e = k->e;
    if (e->parent) {
        const Field *f = entity_field(e, e->parent);
        if (!f)
            no_such_field(k, "parent", NULL, e->parent);
        else if (f->type != FT_LINK)
            EFAIL(k, "parent", NULL, "meta.parent_link", e->parent);
    }
    if (e->tree) {
        const Field *f = entity_field(e, e->tree);
        if (!f)
            no_such_field(k, "tree", NULL, e->tree);
        else if (f->type != FT_LINK || !f->to || strcmp(f->to, e->name) != 0)
            EFAIL(k, "tree", NULL, "meta.tree_self", e->tree);
    }
    if (!e->title->column)
        EFAIL(k, "title", NULL, "meta.title_column", e->title->name);
}

bool meta_is_reserved_plural(const char *plural)
{
    return check_one_of(plural, reserved_plurals);
}

static void check_names(K *k)
{
    const Entity *e = k->e;
    if (!check_name_legal(e->name, 40, '_') || strncmp(e->name, "rel_", 4) == 0 ||
        strncmp(e->name, "search_", 7) == 0)
        EFAIL(k, "entity", NULL, "meta.name_illegal", e->name);
    else if (meta_is_engine_table(e->name))
        EFAIL(k, "entity", NULL, "meta.name_engine", e->name);
    if (!check_name_legal(e->plural, 60, '-'))
        EFAIL(k, "plural", NULL, "meta.plural_illegal", e->plural);
    else if (e->routes && meta_is_reserved_plural(e->plural))
        EFAIL(k, "plural", NULL, "meta.plural_reserved", e->plural);
    if (!check_name_legal(e->group, 40, '_'))
        EFAIL(k, "group", NULL, "meta.name_illegal", e->group);
    const char *slash = strrchr(e->file, '/');
    const char *base = slash ? slash + 1 : e->file;
    size_t n = strlen(e->name);
    if (strncmp(base, e->name, n) != 0 || strcmp(base + n, ".json") != 0)
        EFAIL(k, "entity", NULL, "meta.file_name", e->name);
    for (int i = 0; i < e->index; i++) {
        const Entity *o = &k->m->entities[i];
        if (strcmp(o->name, e->name) == 0)
            EFAIL(k, "entity", NULL, "meta.entity_twice", e->name, o->file);
        if (strcmp(o->plural, e->plural) == 0)
            EFAIL(k, "plural", NULL, "meta.plural_twice", e->plural, o->file);
    }
}

bool check_model(Ctx *c, const Model *m, const MetaSource *sources, int n)
{
    K k = {.c = c, .m = m, .sources = sources, .n = n, .ok = true};
    bool standard_done = false;
    k.standard_path = "entities/standard.json";
    for (int i = 0; i < n; i++)
        if (strlen(sources[i].path) >= 13 &&
            strcmp(sources[i].path + strlen(sources[i].path) - 13, "standard.json") == 0)
            k.standard_path = sources[i].path;
    for (int i = 0; i < m->n; i++) {
        check_take(&k, &m->entities[i]);
        check_names(&k);
        check_number(&k);
        check_order(&k);
        check_calendar(&k);
        check_links_of_entity(&k);
        check_timeline(&k);
        check_gets(&k);
        check_indexes(&k);
        check_dups(&k);
        check_actions(&k);
        check_roles(&k);
        check_open(&k);
        check_columns(&k);
        check_configuration(&k);
        bool with_standard = k.e->standard && !standard_done; /* once is enough */
        for (int j = 0; j < k.e->n_fields; j++)
            if (!k.e->fields[j].standard || with_standard)
                check_field(&k, &k.e->fields[j]);
        standard_done |= with_standard;
    }
    check_configuration_order(&k);
    return k.ok;
}
