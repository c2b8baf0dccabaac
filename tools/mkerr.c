/*
 * Generator: the list of errors and the table of settings become C and documentation.
 *
 *     mkerr data/errors.txt data/settings.txt OUTDIR ZH.json EN.json
 *
 * writes OUTDIR/err_codes.h .c (ErrCode, err_name, err_status), OUTDIR/settings_gen.h .c (the
 * table base/conf.c works on) and OUTDIR/errors.md, settings.md for the manual; the sentences beside the
 * codes come from the two files of messages (key err.<code>, one key a line). A line it does not
 * understand stops the build with file:line. Needs nothing but a C compiler; the two .c files
 * belong to the library zk_base and include "base/conf.h".
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 2000, MAX_ITEMS = 400, MAX_PATH = 4096 };

typedef struct Err {
    char name[64], id[64];
    int status;
} Err;

typedef struct Setting {
    char name[64], type[16], dflt[200], range[200], scope[16], env[80], zh[400], en[400];
} Setting;

static Err errs[MAX_ITEMS];
static int n_errs;
static Setting settings[MAX_ITEMS];
static int n_settings;

static const char *file_name;
static int line_no;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s:%d: error: ", file_name, line_no);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1]))
        s[--n] = 0;
    return s;
}

static void copy(char *dst, size_t size, const char *src, const char *what)
{
    size_t n = strlen(src);
    if (n >= size)
        die("%s is longer than %zu bytes", what, size - 1);
    memcpy(dst, src, n + 1);
}

static FILE *open_in(const char *path)
{
    file_name = path;
    line_no = 0;
    FILE *f = fopen(path, "rb");
    if (!f)
        die("cannot be read: %s", strerror(errno));
    return f;
}

static bool next_line(FILE *f, char *line, int size)
{
    while (fgets(line, size, f)) {
        line_no++;
        if (!strchr(line, '\n') && !feof(f))
            die("the line is longer than %d bytes", size);
        char *s = trim(line);
        if (*s && *s != '#') {
            memmove(line, s, strlen(s) + 1);
            return true;
        }
    }
    return false;
}

static void read_errors(const char *path)
{
    FILE *f = open_in(path);
    char line[MAX_LINE];
    copy(errs[n_errs].name, sizeof errs[0].name, "none", "name");
    copy(errs[n_errs].id, sizeof errs[0].id, "NONE", "name");
    errs[n_errs++].status = 200;
    while (next_line(f, line, sizeof line)) {
        if (n_errs == MAX_ITEMS)
            die("more than %d errors", MAX_ITEMS);
        char *name = line;
        size_t len = strcspn(line, " \t");
        char *rest = trim(line + len);
        if (!*rest)
            die("\"%s\" has no HTTP status behind it", name);
        rest = line + len + 1;
        line[len] = 0;
        Err *e = &errs[n_errs];
        copy(e->name, sizeof e->name, name, "the name");
        for (size_t i = 0; name[i]; i++) {
            char ch = name[i];
            if (!(ch >= 'a' && ch <= 'z') && ch != '_' && ch != '.' &&
                !(i && isdigit((unsigned char)ch)))
                die("\"%s\": a name has lower-case letters, digits, _ and . only", name);
            e->id[i] = ch == '.' ? '_' : (char)toupper((unsigned char)ch);
        }
        char *end;
        long status = strtol(rest, &end, 10);
        if (end == rest || *trim(end))
            die("expected: code, blanks, HTTP status; found \"%s\"", rest);
        if (status < 400 || status > 599)
            die("%ld is no HTTP error status (400 to 599)", status);
        e->status = (int)status;
        for (int i = 0; i < n_errs; i++)
            if (strcmp(errs[i].id, e->id) == 0)
                die("\"%s\" stands twice, or collides with \"%s\"", name, errs[i].name);
        n_errs++;
    }
    fclose(f);
}

static bool one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

static void read_settings(const char *path)
{
    static const char *const types[] = {"int",  "text", "bool", "duration",
                                        "size", "list", "rate", NULL};
    static const char *const scopes[] = {"live", "restart", "db", NULL};
    FILE *f = open_in(path);
    char line[MAX_LINE];
    while (next_line(f, line, sizeof line)) {
        if (n_settings == MAX_ITEMS)
            die("more than %d settings", MAX_ITEMS);
        char *part[8];
        int n = 0;
        for (char *s = line; s;) {
            if (n == 8)
                die("more than 8 columns; a sentence must not contain |");
            char *bar = strchr(s, '|');
            if (bar)
                *bar = 0;
            part[n++] = trim(s);
            s = bar ? bar + 1 : NULL;
        }
        if (n != 8)
            die("expected 8 columns (name type default range scope env zh en) with | between, "
                "found %d",
                n);
        Setting *s = &settings[n_settings];
        for (const char *p = part[0]; *p; p++)
            if (!(*p >= 'a' && *p <= 'z') && *p != '_' && *p != '.' && !isdigit((unsigned char)*p))
                die("\"%s\": a name has lower-case letters, digits, _ and . only", part[0]);
        if (!strchr(part[0], '.'))
            die("\"%s\": a setting is named group.name", part[0]);
        if (!one_of(part[1], types))
            die("\"%s\" is no type; choose int text bool duration size list rate", part[1]);
        if (!one_of(part[4], scopes))
            die("\"%s\" is no scope; choose live restart db", part[4]);
        if (!*part[6] || !*part[7])
            die("the help must be there in Chinese and in English");
        for (int i = 0; i < n_settings; i++)
            if (strcmp(settings[i].name, part[0]) == 0)
                die("\"%s\" stands twice", part[0]);
        copy(s->name, sizeof s->name, part[0], "the name");
        copy(s->type, sizeof s->type, part[1], "the type");
        copy(s->dflt, sizeof s->dflt, strcmp(part[2], "-") ? part[2] : "", "the default");
        copy(s->range, sizeof s->range, strcmp(part[3], "-") ? part[3] : "", "the range");
        copy(s->scope, sizeof s->scope, part[4], "the scope");
        if (strcmp(part[5], "-") != 0) {
            if (strncmp(part[5], "ZHIKE_", 6) != 0)
                die("the environment variable \"%s\" must begin with ZHIKE_", part[5]);
            copy(s->env, sizeof s->env, part[5], "the variable");
        } else {
            snprintf(s->env, sizeof s->env, "ZHIKE_%s", part[0]);
            for (char *p = s->env; *p; p++)
                *p = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
        }
        for (int i = 0; i < n_settings; i++)
            if (strcmp(settings[i].env, s->env) == 0)
                die("\"%s\" and \"%s\" share the variable %s", settings[i].name, s->name, s->env);
        copy(s->zh, sizeof s->zh, part[6], "the help");
        copy(s->en, sizeof s->en, part[7], "the help");
        n_settings++;
    }
    fclose(f);
}

/* Output goes to a temporary text first and is written only where it differs, so that a rebuild
   does not recompile everything that includes err_codes.h. */
static FILE *out;
static char *out_text;
static size_t out_len;

static void out_begin(void)
{
    out = open_memstream(&out_text, &out_len);
    if (!out)
        exit(1);
}

static void out_end(const char *dir, const char *name)
{
    fclose(out);
    static char path[MAX_PATH]; /* die() names it, also later */
    snprintf(path, sizeof path, "%s/%s", dir, name);
    file_name = path;
    line_no = 0;
    FILE *old = fopen(path, "rb");
    bool same = false;
    if (old) {
        char *was = malloc(out_len + 1);
        same = was && fread(was, 1, out_len + 1, old) == out_len &&
               memcmp(was, out_text, out_len) == 0;
        free(was);
        fclose(old);
    }
    if (!same) {
        FILE *f = fopen(path, "wb");
        if (!f || fwrite(out_text, 1, out_len, f) != out_len || fclose(f) != 0)
            die("cannot be written: %s", strerror(errno));
    }
    free(out_text);
}

static void quoted(const char *s)
{
    fputc('"', out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', out);
        fputc(*s, out);
    }
    fputc('"', out);
}

/* A whole file as text, for as long as we run. */
static char *slurp(const char *path)
{
    FILE *f = open_in(path);
    size_t cap = 1 << 20;
    char *text = malloc(cap);
    size_t n = text ? fread(text, 1, cap, f) : 0;
    fclose(f);
    if (n == 0 || n == cap)
        die("is empty or larger than a megabyte");
    text[n] = 0;
    return text;
}

/* The sentence of a code, as a cell of a table. */
static void sentence(const char *messages, const char *code)
{
    char key[80];
    snprintf(key, sizeof key, "\"err.%s\":", code);
    const char *p = strstr(messages, key);
    p = p ? strchr(p + strlen(key), '"') : NULL;
    for (p = p ? p + 1 : ""; *p && *p != '"' && *p != '\n'; p++) {
        if (*p == '\\' && p[1])
            p++;
        fputs(*p == '|' ? "\\|" : (char[]){*p, 0}, out);
    }
}

static void write_err(const char *dir, const char *zh, const char *en)
{
    out_begin();
    fputs("/* Made by tools/mkerr from data/errors.txt. Do not edit. */\n"
          "#ifndef ERR_CODES_H\n#define ERR_CODES_H\n\ntypedef enum ErrCode {\n",
          out);
    for (int i = 0; i < n_errs; i++)
        fprintf(out, "    ERR_%s,\n", errs[i].id);
    fputs("    ERR__COUNT\n} ErrCode;\n\n"
          "/* The dotted name (\"format.mobile\"), as clients see it. */\n"
          "const char *err_name(ErrCode code);\n"
          "/* Its HTTP status; 200 for ERR_NONE. */\n"
          "int err_status(ErrCode code);\n\n#endif\n",
          out);
    out_end(dir, "err_codes.h");

    out_begin();
    fputs("/* Made by tools/mkerr from data/errors.txt. Do not edit. */\n"
          "#include \"err_codes.h\"\n\n"
          "static const struct {\n    const char *name;\n    int status;\n} errs[ERR__COUNT] = {\n",
          out);
    for (int i = 0; i < n_errs; i++)
        fprintf(out, "    [ERR_%s] = {\"%s\", %d},\n", errs[i].id, errs[i].name, errs[i].status);
    fputs("};\n\nconst char *err_name(ErrCode code)\n{\n"
          "    return (unsigned)code < ERR__COUNT ? errs[code].name : \"internal\";\n}\n\n"
          "int err_status(ErrCode code)\n{\n"
          "    return (unsigned)code < ERR__COUNT ? errs[code].status : 500;\n}\n",
          out);
    out_end(dir, "err_codes.c");

    out_begin();
    fputs("<!-- Made by tools/mkerr from data/errors.txt. Do not edit. -->\n"
          "# 错误代码 · Error codes\n\n"
          "`code` 不会改变，集成程序可以依赖它；句子随情况和语言变化，下面是默认的句子，`{1}` "
          "处是具体的值。\n\n"
          "A `code` never changes, integrations may rely on it. The sentence depends on the case "
          "and the language; these are the\n"
          "default ones, with values in the places `{1}`.\n\n"
          "| code | HTTP | 中文 | English |\n|---|---|---|---|\n",
          out);
    for (int i = 1; i < n_errs; i++) {
        fprintf(out, "| `%s` | %d | ", errs[i].name, errs[i].status);
        sentence(zh, errs[i].name);
        fputs(" | ", out);
        sentence(en, errs[i].name);
        fputs(" |\n", out);
    }
    out_end(dir, "errors.md");
}

static void write_settings(const char *dir)
{
    out_begin();
    fputs("/* Made by tools/mkerr from data/settings.txt. Do not edit. */\n"
          "#ifndef SETTINGS_GEN_H\n#define SETTINGS_GEN_H\n\n#include \"base/conf.h\"\n\n",
          out);
    fprintf(out, "enum { CONF_N_DEFS = %d };\n", n_settings);
    fputs("extern const ConfDef conf_defs[CONF_N_DEFS];\n\n#endif\n", out);
    out_end(dir, "settings_gen.h");

    out_begin();
    fputs("/* Made by tools/mkerr from data/settings.txt. Do not edit. */\n"
          "#include \"settings_gen.h\"\n\nconst ConfDef conf_defs[CONF_N_DEFS] = {\n",
          out);
    for (int i = 0; i < n_settings; i++) {
        const Setting *s = &settings[i];
        char type[16], scope[16];
        for (size_t k = 0; k < sizeof type; k++)
            type[k] = (char)toupper((unsigned char)s->type[k]);
        for (size_t k = 0; k < sizeof scope; k++)
            scope[k] = (char)toupper((unsigned char)s->scope[k]);
        fprintf(out, "    {.name = \"%s\", .type = CONF_%s, .scope = CONF_%s, .env = \"%s\",\n",
                s->name, type, scope, s->env);
        fputs("     .dflt = ", out);
        quoted(s->dflt);
        fputs(", .range = ", out);
        quoted(s->range);
        fputs(",\n     .help_zh = ", out);
        quoted(s->zh);
        fputs(",\n     .help_en = ", out);
        quoted(s->en);
        fputs("},\n", out);
    }
    fputs("};\n", out);
    out_end(dir, "settings_gen.c");

    out_begin();
    fputs(
        "<!-- Made by tools/mkerr from data/settings.txt. Do not edit. -->\n"
        "# 设置 · Settings\n\n"
        "值的来源，后者优先：文件 `<data>/zhike.conf`，环境变量，命令行。`db` "
        "表示可在页面中修改，存于数据库。\n\n"
        "A value comes from the file `<data>/zhike.conf`, then the environment, then the command\n"
        "line; the later wins. `restart` takes effect after a restart, `live` at once, `db` is "
        "kept in\n"
        "the database and changed in the page.\n\n"
        "| 名称 name | 类型 type | 默认 default | 范围 range | 生效 scope | 变量 variable | 说明 "
        "help |\n"
        "|---|---|---|---|---|---|---|\n",
        out);
    for (int i = 0; i < n_settings; i++) {
        const Setting *s = &settings[i];
        fprintf(out, "| `%s` | %s | %s | %s | %s | `%s` | %s<br>%s |\n", s->name, s->type,
                *s->dflt ? s->dflt : "–", *s->range ? s->range : "–", s->scope, s->env, s->zh,
                s->en);
    }
    out_end(dir, "settings.md");
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: mkerr data/errors.txt data/settings.txt OUTDIR ZH.json EN.json\n", stderr);
        return 2;
    }
    read_errors(argv[1]);
    read_settings(argv[2]);
    write_err(argv[3], slurp(argv[4]), slurp(argv[5]));
    write_settings(argv[3]);
    return 0;
}
