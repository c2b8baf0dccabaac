/*
 * mkmeta ENTITIES_DIR… OUTDIR: reads the entity files with the very parser and checks the program
 * itself uses (src/meta) and writes
 *   OUTDIR/entity_ids.h  enum { CUSTOMER_ID, CUSTOMER_VERSION, …, CUSTOMER_NAME, …, CUSTOMER__N }
 *                        in the order of Entity.fields, so that C never spells a field as a string;
 *   OUTDIR/hooks_gen.c   extern const RecordHooks customer_hooks; … and hook_table[], so that a
 *                        missing hook does not link.
 * A mistake stops the build: "entities/sales/lead.json:9: error: …". Runs at build only.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/msg.h"
#include "meta/parse.h"

typedef struct Files {
    Arena *a;
    MetaSource *list;
    int n, cap;
} Files;

static bool read_file(Files *fs, const char *path, const char *shown)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "%s: error: cannot be read\n", path);
        return false;
    }
    Buf b;
    buf_init(&b, fs->a);
    for (;;) {
        char *room = buf_room(&b, 8192);
        size_t n = fread(room, 1, 8192, f);
        buf_grew(&b, n);
        if (n == 0)
            break;
    }
    fclose(f);
    if (fs->n == fs->cap) {
        int cap = fs->cap ? fs->cap * 2 : 64;
        MetaSource *bigger = ARENA_ARRAY(fs->a, cap, MetaSource);
        if (fs->n)
            memcpy(bigger, fs->list, (size_t)fs->n * sizeof *bigger);
        fs->list = bigger;
        fs->cap = cap;
    }
    fs->list[fs->n++] = (MetaSource){arena_str(fs->a, shown), b.data, b.len};
    return true;
}

static bool walk(Files *fs, const char *dir, const char *shown)
{
    struct dirent **items;
    int n = scandir(dir, &items, NULL, alphasort);
    if (n < 0) {
        fprintf(stderr, "%s: error: is no folder\n", dir);
        return false;
    }
    bool ok = true;
    for (int i = 0; i < n; i++) {
        const char *name = items[i]->d_name;
        size_t len = strlen(name);
        if (name[0] == '.')
            continue;
        char *path = arena_printf(fs->a, "%s/%s", dir, name);
        char *as = arena_printf(fs->a, "%s/%s", shown, name);
        struct stat st;
        if (stat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            ok = walk(fs, path, as) && ok;
        else if (len > 5 && strcmp(name + len - 5, ".json") == 0 &&
                 strcmp(name, "schema.json") != 0)
            ok = read_file(fs, path, as) && ok;
        free(items[i]);
    }
    free(items);
    return ok;
}

static void upper(char *out, size_t cap, const char *s)
{
    size_t i = 0;
    for (; s[i] && i + 1 < cap; i++)
        out[i] = (char)(s[i] >= 'a' && s[i] <= 'z' ? s[i] - 32 : s[i]);
    out[i] = 0;
}

/* Writes only where the text differs, so that an unchanged model rebuilds nothing. */
static bool write_if_new(const char *path, const Buf *b)
{
    FILE *f = fopen(path, "rb");
    if (f) {
        char *old = malloc(b->len + 1);
        size_t n = old ? fread(old, 1, b->len + 1, f) : 0;
        bool same = old && n == b->len && memcmp(old, b->data, n) == 0;
        free(old);
        fclose(f);
        if (same)
            return true;
    }
    f = fopen(path, "wb");
    bool ok = f && fwrite(b->data, 1, b->len, f) == b->len;
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok)
        fprintf(stderr, "%s: error: cannot be written\n", path);
    return ok;
}

static void write_ids(const Model *m, Buf *b)
{
    buf_puts(b, "/* Made by tools/mkmeta from the entity files: indexes into Entity.fields. */\n"
                "#ifndef ENTITY_IDS_H\n#define ENTITY_IDS_H\n");
    for (int i = 0; i < m->n; i++) {
        const Entity *e = &m->entities[i];
        char E[64], F[64];
        upper(E, sizeof E, e->name);
        buf_puts(b, "\nenum {");
        for (int j = 0; j < e->n_fields; j++) {
            upper(F, sizeof F, e->fields[j].name);
            buf_printf(b, "%s%s_%s,", j % 4 ? " " : "\n    ", E, F);
        }
        buf_printf(b, "\n    %s__N\n};\n", E);
    }
    buf_puts(b, "\n#endif\n");
}

static void write_hooks(const Model *m, Buf *b)
{
    Map seen;
    map_init(&seen, m->a);
    buf_puts(b, "/* Made by tools/mkmeta from the entity files. A hook named there and missing in "
                "src/domain\n"
                "   does not link. */\n#include \"record/hooks.h\"\n\n");
    for (int i = 0; i < m->n; i++) {
        const Entity *e = &m->entities[i];
        if (e->hooks && !map_put(&seen, e->hooks, (void *)(uintptr_t)e))
            buf_printf(b, "extern const RecordHooks %s_hooks; /* %s */\n", e->hooks, e->file);
    }
    buf_puts(b, "\nextern const HookEntry hook_table[];\nconst HookEntry hook_table[] = {\n");
    for (size_t i = 0; i < seen.n; i++)
        buf_printf(b, "    {\"%s\", &%s_hooks},\n", seen.items[i].key, seen.items[i].key);
    buf_puts(b, "    {NULL, NULL},\n};\n");
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: mkmeta ENTITIES_DIR… OUTDIR\n");
        return 2;
    }
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    c.lang = "en";
    if (!msg_load())
        return 1;
    Files fs = {.a = a};
    for (int i = 1; i < argc - 1; i++) {
        /* Shown as from the root of the tree: "entities/…", whatever the way there. */
        const char *slash = strrchr(argv[i], '/');
        if (!walk(&fs, argv[i], slash ? slash + 1 : argv[i]))
            return 1;
    }
    Model *m;
    if (!meta_build(&c, fs.list, fs.n, NULL, 0, &m)) {
        for (const ErrItem *e = c.err; e; e = e->next)
            fprintf(stderr, "%s\n", e->message);
        arena_free(a);
        return 1;
    }
    Buf ids, hooks;
    buf_init(&ids, a);
    buf_init(&hooks, a);
    write_ids(m, &ids);
    write_hooks(m, &hooks);
    bool ok = write_if_new(arena_printf(a, "%s/entity_ids.h", argv[argc - 1]), &ids) &&
              write_if_new(arena_printf(a, "%s/hooks_gen.c", argv[argc - 1]), &hooks);
    model_release(m);
    arena_free(a);
    return ok ? 0 : 1;
}
