/* zhike configuration export | difference | import | undo: the same calls as the page's (record/configuration), by the system or
   as somebody (--as). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/conf.h"
#include "base/file.h"
#include "record/configuration/configuration.h"

static const char lines[] =
    "configuration export --data DIR [--only PART,PART] [--out FILE]\n"
    "       zhike configuration difference FILE --data DIR [--remove] [--map ENTITY:NAME=NAME] "
    "[--as LOGIN] [--json]\n"
    "       zhike configuration import FILE --data DIR [--remove] [--map ENTITY:NAME=NAME] [--as "
    "LOGIN]\n"
    "       zhike configuration undo ID --data DIR [--as LOGIN]";

/* "user:zhang=li" into {"user": {"zhang": "li"}} */
static bool map_add(Ctx *c, json_object *map, const char *text)
{
    const char *colon = strchr(text, ':'), *equals = colon ? strrchr(colon, '=') : NULL;
    if (!equals || equals == colon + 1 || !equals[1])
        return ctx_fail(c, ERR_INVALID, "--map", "cfg.map");
    const char *entity = arena_dup(c->a, text, (size_t)(colon - text)),
               *from = arena_dup(c->a, colon + 1, (size_t)(equals - colon - 1));
    json_object *of = json_member(map, entity);
    if (!of) {
        of = json_object_new_object();
        json_object_object_add(map, entity, of);
    }
    json_object_object_add(of, from, json_object_new_string(equals + 1));
    return true;
}

static void put_object(void *o)
{
    (void)json_object_put(o);
}

typedef struct Wish {
    const char *as, *only, *out;
    const char *maps[50];
    int n_maps;
    bool remove, json;
} Wish;

/* The value of a difference as one line of a person's. */
static const char *shown(json_object *v)
{
    return v ? json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN |
                                                     JSON_C_TO_STRING_NOSLASHESCAPE)
             : "-";
}

static void print_rows(json_object *list, const char *sign)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *row = json_object_array_get_idx(list, i), *ch = json_member(row, "changes");
        printf("  %s %s\n", sign, json_str(row, "key", ""));
        for (size_t k = 0; ch && k < json_object_array_length(ch); k++) {
            json_object *f = json_object_array_get_idx(ch, k);
            printf("      %s: %s", json_str(f, "field", ""), shown(json_member(f, "from")));
            printf(" -> %s\n", shown(json_member(f, "to")));
        }
    }
}

static void print_diff(json_object *o)
{
    json_object *parts = json_member(o, "parts"), *settings = json_member(o, "settings");
    for (size_t i = 0; i < json_object_array_length(settings); i++) {
        json_object *s = json_object_array_get_idx(settings, i);
        printf("  ~ %s: %s -> %s\n", json_str(s, "name", ""), json_str(s, "from", "-"),
               json_str(s, "to", "-"));
    }
    for (size_t i = 0; i < json_object_array_length(parts); i++) {
        json_object *p = json_object_array_get_idx(parts, i);
        printf("%s\n", json_str(p, "label", ""));
        print_rows(json_member(p, "added"), "+");
        print_rows(json_member(p, "changed"), "~");
        print_rows(json_member(p, "removed"), "-");
        print_rows(json_member(p, "unlisted"), "=");
    }
}

/* 0 where nothing stands against it, else 1, the problems on stderr. Every list of an answer is there (configuration.c). */
static int print_answer(App *app, const Buf *out, bool json)
{
    json_object *o;
    if (!json_read(&app->c, out->data, out->len, &o))
        return app_fail(app);
    json_object *left = json_member(o, "left"), *problems = json_member(o, "problems"),
                *secrets = json_member(o, "secrets");
    int status = json_object_array_length(problems) ? 1 : 0;
    if (json) {
        printf("%s\n", out->data);
        return status;
    }
    print_diff(o);
    for (size_t i = 0; i < json_object_array_length(secrets); i++) {
        json_object *s = json_object_array_get_idx(secrets, i);
        printf("! %s[%s].%s\n", json_str(s, "entity", ""), json_str(s, "key", ""),
               json_str(s, "field", ""));
    }
    if (json_object_array_length(json_member(left, "parts"))) {
        printf("--\n");
        print_diff(left);
    }
    for (size_t i = 0; i < json_object_array_length(problems); i++) {
        json_object *p = json_object_array_get_idx(problems, i);
        fprintf(stderr, "zhike: %s: %s\n", json_str(p, "place", ""), json_str(p, "message", ""));
    }
    if (json_member(o, "id"))
        printf("%lld %s\n", (long long)json_int(o, "id", 0), shown(json_member(o, "counts")));
    return status;
}

static bool write_out(Ctx *c, const Wish *w)
{
    Buf b;
    buf_init(&b, c->a);
    if (!configuration_export(c, w->only, &b))
        return false;
    if (w->out)
        return file_write(c, w->out, b.data, b.len, 0600);
    bool out = fwrite(b.data, 1, b.len, stdout) == b.len && fflush(stdout) == 0;
    if (!out)
        return ctx_fail(c, ERR_DISK_FULL, NULL, "err.disk_full");
    return true;
}

static int with_file(App *app, const Wish *w, const char *path, bool apply)
{
    Ctx *c = &app->c;
    char *text;
    Buf out;
    const char *slash = strrchr(path, '/');
    ConfigurationAsk ask = {.name = slash ? slash + 1 : path, .remove = w->remove};
    buf_init(&out, c->a);
    ask.map = json_object_new_object();
    arena_defer(c->a, put_object, ask.map);
    for (int i = 0; i < w->n_maps; i++)
        if (!map_add(c, ask.map, w->maps[i]))
            return app_fail(app);
    if (!file_read(c, path, (size_t)conf_size("configuration.max_size") + 1, &text, &ask.len))
        return app_fail(app);
    ask.text = text;
    if (apply ? !configuration_import(c, &ask, &out) : !configuration_difference(c, &ask, &out))
        return app_fail(app);
    return print_answer(app, &out, w->json);
}

static int carry_out(App *app, const Wish *w, const char *word, const char *arg)
{
    Actor *as;
    if (w->as) {
        if (!actor_of_login(&app->c, w->as, CH_CLI, &as))
            return app_fail(app);
        as->verified = true; /* whoever holds the data folder needs no second verification */
        app->c.actor = as;
    }
    app->c.deadline_ms = 0;
    if (strcmp(word, "export") == 0)
        return write_out(&app->c, w) ? 0 : app_fail(app);
    if (strcmp(word, "undo") == 0)
        return configuration_undo(&app->c, strtoll(arg, NULL, 10)) ? 0 : app_fail(app);
    return with_file(app, w, arg, strcmp(word, "import") == 0);
}

int cmd_configuration(Args *args)
{
    static const char *const words[] = {"export", "difference", "import", "undo"};
    AppOptions o = {.dir = args_take(args, "--data"), .database = args_take(args, "--database")};
    Wish w = {.as = args_take(args, "--as"),
              .only = args_take(args, "--only"),
              .out = args_take(args, "--out"),
              .remove = args_flag(args, "--remove"),
              .json = args_flag(args, "--json")};
    const char *map;
    while (w.n_maps < 50 && (map = args_take(args, "--map")))
        w.maps[w.n_maps++] = map;
    int k = 0;
    while (args->n && k < 4 && strcmp(words[k], args->v[0]) != 0)
        k++;
    int wanted = k == 0 ? 1 : 2;
    if (!o.dir || !args->n || k == 4 || !args_done(args, wanted) || args->n != wanted)
        return usage(lines);
    App app;
    if (!app_open(&app, &o))
        return 1;
    int status = carry_out(&app, &w, words[k], wanted == 2 ? args->v[1] : "");
    app_close(&app);
    return status;
}
