/*
 * Generator: builds files into the program (base/embed.h).
 *
 *     mkembed [--gzip] [--merge-messages] [--depfile F] OUTDIR NAME PREFIX=PATH …
 *
 * Each PATH is a file (embedded as PREFIX) or a folder (its files, recursively, as PREFIX/relative;
 * names that begin with a dot are left out; an empty PREFIX embeds them without one). Writes
 *     OUTDIR/NAME.S   the bytes, by .incbin, a NUL behind each
 *     OUTDIR/NAME.c   const Embed NAME[], sorted by path, closed by a NULL path
 * hash is the first 16 hex digits of the SHA-256 of the bytes as embedded. Options may stand anywhere.
 *
 * --gzip            stores each file as gzip (level 9, no time stamp); OUTDIR/NAME.gz/ keeps them
 * --merge-messages  the PATH whose PREFIX is "messages" holds zh.json, en.json (may be absent) and
 *                   parts/….zh.json, parts/….en.json: flat objects of texts. They are merged into
 *                   OUTDIR/messages/zh.json and en.json and embedded as messages/zh.json and
 *                   messages/en.json. A key given twice, or in one language only, stops the build.
 * --depfile F       writes "OUTDIR/NAME.c OUTDIR/NAME.S: every file and folder read" for ninja
 *
 * Links libsodium (SHA-256) and zlib (--gzip).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

typedef struct Item {
    char *path; /* as embedded */
    char *file; /* absolute */
    size_t len;
    char hash[17];
} Item;

typedef struct Text {  /* one message */
    char *key, *value; /* as they stand between the quotes */
    char *file;
    int line;
} Text;

typedef struct Texts {
    Text *items;
    size_t n, cap;
} Texts;

static Item *items;
static size_t n_items, cap_items;
static char **deps;
static size_t n_deps, cap_deps;
static bool failed;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("mkembed: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void *grow(void *p, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return p;
    *cap = *cap ? *cap * 2 : 64;
    p = realloc(p, *cap * size);
    if (!p)
        die("no memory");
    return p;
}

__attribute__((format(printf, 1, 2))) static char *text(const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n < 0)
        die("no memory");
    return s;
}

static void dep_add(const char *file)
{
    deps = grow(deps, n_deps, &cap_deps, sizeof *deps);
    deps[n_deps++] = text("%s", file);
}

static unsigned char *file_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        die("%s: %s", path, strerror(errno));
    size_t cap = 1 << 16, n = 0;
    unsigned char *b = malloc(cap + 1);
    while (b) {
        size_t got = fread(b + n, 1, cap - n, f);
        n += got;
        if (got == 0)
            break;
        if (n == cap)
            b = realloc(b, (cap *= 2) + 1);
    }
    if (!b || ferror(f))
        die("%s: cannot be read", path);
    fclose(f);
    b[n] = 0;
    *len = n;
    return b;
}

static void file_write(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, len, f) != len || fclose(f) != 0)
        die("%s: cannot be written: %s", path, strerror(errno));
}

static char *absolute(const char *path)
{
    char *p = realpath(path, NULL);
    if (!p)
        die("%s: %s", path, strerror(errno));
    if (strpbrk(p, "\"\\\n"))
        die("%s: the path has a quote, backslash or line break", path);
    return p;
}

static void item_add(const char *path, const char *file)
{
    items = grow(items, n_items, &cap_items, sizeof *items);
    items[n_items++] = (Item){.path = text("%s", path), .file = absolute(file)};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted, without those that begin with a dot. */
static char **folder(const char *path, size_t *n)
{
    DIR *d = opendir(path);
    if (!d)
        die("%s: %s", path, strerror(errno));
    char **names = NULL;
    size_t cap = 0;
    *n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        names = grow(names, *n, &cap, sizeof *names);
        names[(*n)++] = text("%s", e->d_name);
    }
    closedir(d);
    if (*n)
        qsort(names, *n, sizeof *names, by_name);
    dep_add(path);
    return names;
}

static bool is_folder(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        die("%s: %s", path, strerror(errno));
    return S_ISDIR(st.st_mode);
}

static void walk(const char *prefix, const char *path)
{
    if (!is_folder(path)) {
        item_add(prefix, path);
        dep_add(path);
        return;
    }
    size_t n;
    char **names = folder(path, &n);
    for (size_t i = 0; i < n; i++)
        walk(*prefix ? text("%s/%s", prefix, names[i]) : names[i], text("%s/%s", path, names[i]));
}

/* --- messages ------------------------------------------------------------------------------- */

static const char *skip(const char *s, int *line)
{
    for (; *s == ' ' || *s == '\t' || *s == '\n' || *s == '\r'; s++)
        if (*s == '\n')
            ++*line;
    return s;
}

/* Reads "…" and returns what stands between the quotes; *s moves behind it. */
static char *string_read(const char **s, const char *file, int line)
{
    const char *p = *s;
    if (*p != '"')
        die("%s:%d: expected a text in double quotes, found \"%.10s\"", file, line, p);
    const char *from = ++p;
    for (; *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            die("%s:%d: the text does not end on its line", file, line);
        if (*p == '\\') {
            p++;
            if (!*p || !strchr("\"\\/bfnrtu", *p))
                die("%s:%d: \\%c is no JSON escape", file, line, *p);
            for (int i = 1; *p == 'u' && i <= 4; i++)
                if (!isxdigit((unsigned char)p[i]))
                    die("%s:%d: \\u needs four hex digits", file, line);
        }
    }
    *s = p + 1;
    return text("%.*s", (int)(p - from), from);
}

static void messages_read(Texts *t, const char *file)
{
    size_t len;
    const char *s = (const char *)file_read(file, &len);
    if (strlen(s) != len)
        die("%s: has a NUL byte", file);
    dep_add(file);
    int line = 1;
    s = skip(s, &line);
    if (*s++ != '{')
        die("%s:%d: expected {", file, line);
    s = skip(s, &line);
    while (*s != '}') {
        t->items = grow(t->items, t->n, &t->cap, sizeof *t->items);
        Text *m = &t->items[t->n++];
        m->file = text("%s", file);
        m->line = line;
        m->key = string_read(&s, file, line);
        s = skip(s, &line);
        if (*s++ != ':')
            die("%s:%d: expected : behind \"%s\"", file, line, m->key);
        s = skip(s, &line);
        m->value = string_read(&s, file, line);
        s = skip(s, &line);
        if (*s == ',') {
            s = skip(s + 1, &line);
            if (*s == '}')
                die("%s:%d: a comma before }", file, line);
        } else if (*s != '}') {
            die("%s:%d: expected , or } behind the text of \"%s\"", file, line, m->key);
        }
    }
    s = skip(s + 1, &line);
    if (*s)
        die("%s:%d: something stands behind the closing }", file, line);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const Text *)a)->key, ((const Text *)b)->key);
}

static Texts messages_of(const char *dir, const char *lang)
{
    Texts t = {0};
    char *main_file = text("%s/%s.json", dir, lang), *parts = text("%s/parts", dir);
    struct stat st;
    if (stat(main_file, &st) == 0)
        messages_read(&t, main_file);
    if (stat(parts, &st) == 0) {
        char *end = text(".%s.json", lang);
        size_t n, n_end = strlen(end);
        char **names = folder(parts, &n);
        for (size_t i = 0; i < n; i++) {
            size_t len = strlen(names[i]);
            if (len > n_end && strcmp(names[i] + len - n_end, end) == 0)
                messages_read(&t, text("%s/%s", parts, names[i]));
        }
    }
    if (t.n)
        qsort(t.items, t.n, sizeof *t.items, by_key);
    for (size_t i = 1; i < t.n; i++) {
        const Text *a = &t.items[i - 1], *b = &t.items[i];
        if (strcmp(a->key, b->key) == 0) {
            fprintf(stderr, "%s:%d: error: message \"%s\" is given twice, also in %s:%d\n", b->file,
                    b->line, b->key, a->file, a->line);
            failed = true;
        }
    }
    return t;
}

/* Every key of a must be in b. */
static void messages_compare(const Texts *a, const Texts *b, const char *lang)
{
    for (size_t i = 0; i < a->n; i++)
        if (!b->n || !bsearch(&a->items[i], b->items, b->n, sizeof *b->items, by_key)) {
            fprintf(stderr, "%s:%d: error: message \"%s\" has no text in language %s\n",
                    a->items[i].file, a->items[i].line, a->items[i].key, lang);
            failed = true;
        }
}

static void messages_write(const Texts *t, const char *outdir, const char *lang)
{
    char *path = text("%s/messages/%s.json", outdir, lang);
    FILE *f = fopen(path, "wb");
    if (!f)
        die("%s: %s", path, strerror(errno));
    fputs("{", f);
    for (size_t i = 0; i < t->n; i++)
        fprintf(f, "%s\n\"%s\": \"%s\"", i ? "," : "", t->items[i].key, t->items[i].value);
    fputs("\n}\n", f);
    if (fclose(f) != 0)
        die("%s: cannot be written", path);
    item_add(text("messages/%s.json", lang), path);
}

static void messages_merge(const char *dir, const char *outdir)
{
    if (!is_folder(dir))
        die("%s is no folder", dir);
    dep_add(dir);
    Texts zh = messages_of(dir, "zh"), en = messages_of(dir, "en");
    messages_compare(&zh, &en, "en");
    messages_compare(&en, &zh, "zh");
    if (failed)
        exit(1);
    char *out = text("%s/messages", outdir);
    if (mkdir(out, 0777) != 0 && errno != EEXIST)
        die("%s: %s", out, strerror(errno));
    messages_write(&zh, outdir, "zh");
    messages_write(&en, outdir, "en");
}

/* --- output --------------------------------------------------------------------------------- */

static unsigned char *gzip(const unsigned char *data, size_t len, size_t *out_len)
{
    z_stream z = {0};
    if (len > UINT_MAX || deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        die("cannot compress");
    gz_header head = {.os = 255}; /* no time, no name: the same bytes on every machine */
    deflateSetHeader(&z, &head);
    size_t cap = deflateBound(&z, (uLong)len);
    unsigned char *out = malloc(cap);
    if (!out)
        die("no memory");
    z.next_in = (unsigned char *)(size_t)data;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        die("cannot compress");
    *out_len = z.total_out;
    deflateEnd(&z);
    return out;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const Item *)a)->path, ((const Item *)b)->path);
}

static void dep_name(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == ' ' || *s == '#')
            fputc('\\', f);
        if (*s == '$')
            fputc('$', f);
        fputc(*s, f);
    }
}

static void depfile_write(const char *path, const char *outdir, const char *name)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        die("%s: %s", path, strerror(errno));
    dep_name(f, text("%s/%s.c", outdir, name));
    fputc(' ', f);
    dep_name(f, text("%s/%s.S", outdir, name));
    fputc(':', f);
    for (size_t i = 0; i < n_deps; i++) {
        fputs(" \\\n  ", f);
        dep_name(f, absolute(deps[i]));
    }
    fputc('\n', f);
    if (fclose(f) != 0)
        die("%s: cannot be written", path);
}

static void tables_write(const char *outdir, const char *name)
{
    char *s_path = text("%s/%s.S", outdir, name), *c_path = text("%s/%s.c", outdir, name);
    FILE *s = fopen(s_path, "wb"), *c = fopen(c_path, "wb");
    if (!s || !c)
        die("%s: %s", s ? c_path : s_path, strerror(errno));
    fputs("/* Made by tools/mkembed. Do not edit. */\n    .section .rodata\n", s);
    fputs("/* Made by tools/mkembed. Do not edit. */\n#include \"base/embed.h\"\n\n", c);
    /* The hash is part of the symbol, so that the text of the .S changes whenever a file does and
       no compiler cache can hand out an old object. */
    for (size_t i = 0; i < n_items; i++) {
        const Item *e = &items[i];
        fprintf(s,
                "    .balign 16\n    .global %s_%zu_%s\n    .hidden %s_%zu_%s\n%s_%zu_%s:\n"
                "    .incbin \"%s\"\n    .byte 0\n",
                name, i, e->hash, name, i, e->hash, name, i, e->hash, e->file);
        fprintf(c, "extern const unsigned char %s_%zu_%s[];\n", name, i, e->hash);
    }
    fputs("    .section .note.GNU-stack,\"\",%progbits\n", s);
    fprintf(c, "extern const Embed %s[];\n\nconst Embed %s[] = {\n", name, name);
    for (size_t i = 0; i < n_items; i++) {
        const Item *e = &items[i];
        fprintf(c, "    {\"%s\", %s_%zu_%s, %zu, \"%s\"},\n", e->path, name, i, e->hash, e->len,
                e->hash);
    }
    fputs("    {0},\n};\n", c);
    if (fclose(s) != 0 || fclose(c) != 0)
        die("%s: cannot be written", outdir);
}

int main(int argc, char **argv)
{
    bool compress = false, merge = false;
    const char *depfile = NULL, *outdir = NULL, *name = NULL;
    int n_pairs = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--gzip") == 0)
            compress = true;
        else if (strcmp(argv[i], "--merge-messages") == 0)
            merge = true;
        else if (strcmp(argv[i], "--depfile") == 0 && i + 1 < argc)
            depfile = argv[++i];
        else if (argv[i][0] == '-')
            die("option %s is not known", argv[i]);
        else if (!outdir)
            outdir = argv[i];
        else if (!name)
            name = argv[i];
        else
            argv[1 + n_pairs++] = argv[i];
    }
    if (!name || !n_pairs) {
        fputs(
            "usage: mkembed [--gzip] [--merge-messages] [--depfile F] OUTDIR NAME PREFIX=PATH …\n",
            stderr);
        return 2;
    }
    if (sodium_init() < 0)
        die("libsodium does not start");
    for (int i = 1; i <= n_pairs; i++) {
        char *eq = strchr(argv[i], '=');
        if (!eq)
            die("%s: expected PREFIX=PATH", argv[i]);
        *eq = 0;
        if (merge && strcmp(argv[i], "messages") == 0)
            messages_merge(eq + 1, outdir);
        else
            walk(argv[i], eq + 1);
    }
    if (n_items)
        qsort(items, n_items, sizeof *items, by_path);
    char *gz_dir = text("%s/%s.gz", outdir, name);
    if (compress && mkdir(gz_dir, 0777) != 0 && errno != EEXIST)
        die("%s: %s", gz_dir, strerror(errno));
    for (size_t i = 0; i < n_items; i++) {
        Item *e = &items[i];
        if (i && strcmp(items[i - 1].path, e->path) == 0)
            die("%s comes from two files: %s and %s", e->path, items[i - 1].file, e->file);
        if (strpbrk(e->path, "\"\\\n"))
            die("%s: the path has a quote, backslash or line break", e->path);
        unsigned char *data = file_read(e->file, &e->len);
        if (compress) {
            data = gzip(data, e->len, &e->len);
            char *gz = text("%s/%zu.gz", gz_dir, i);
            file_write(gz, data, e->len);
            e->file = absolute(gz);
        }
        unsigned char sum[crypto_hash_sha256_BYTES];
        crypto_hash_sha256(sum, data, e->len);
        sodium_bin2hex(e->hash, sizeof e->hash, sum, 8);
        free(data);
    }
    tables_write(outdir, name);
    if (depfile)
        depfile_write(depfile, outdir, name);
    return 0;
}
